# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures: each service refuses in its own way; bodies are what was signed."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import http.client
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

CALLS = {
    "bedrock": "list_custom_models",
    "s3": "list_buckets",
    "iam": "list_roles",
    "sts": "get_caller_identity",
    "kms": "list_keys",
    "ec2": "describe_vpcs",
}
SECRET = "an-odd-and-long-secret-4711/abcdefghijkl"


def refusal(sandbox: Sandbox, service: str, **changes: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        getattr(connect(sandbox, service, **changes), CALLS[service])()
    return code_of(caught.value), caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("service", "key", "secret", "none"),
    [
        (
            "bedrock",
            ("UnrecognizedClientException", 403),
            ("InvalidSignatureException", 403),
            ("MissingAuthenticationTokenException", 403),
        ),
        ("s3", ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403), ("AccessDenied", 403)),
        ("iam", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403), ("MissingAuthenticationToken", 403)),
        ("sts", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403), ("MissingAuthenticationToken", 403)),
        (
            "kms",
            ("UnrecognizedClientException", 403),
            ("InvalidSignatureException", 403),
            ("MissingAuthenticationTokenException", 403),
        ),
        ("ec2", ("AuthFailure", 401), ("AuthFailure", 401), None),
    ],
)
def test_who_may_not_come_in(still_sandbox: Sandbox, service: str, key: Any, secret: Any, none: Any) -> None:
    getattr(connect(still_sandbox, service), CALLS[service])()
    assert refusal(still_sandbox, service, aws_access_key_id="AKIAXXXXXXXXXXXXXXXX") == key
    assert refusal(still_sandbox, service, aws_secret_access_key=SECRET) == secret
    assert refusal(still_sandbox, service, aws_session_token="token") == key
    if none is not None:
        assert (
            refusal(
                still_sandbox, service, config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
            )
            == none
        )


def test_another_service(still_sandbox: Sandbox) -> None:
    with pytest.raises(ClientError, match="has no service 'lambda'"):
        connect(still_sandbox, "lambda").list_functions()


def test_an_old_signature(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    past = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=1)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: past)
    assert refusal(still_sandbox, "bedrock")[0] == "InvalidSignatureException"
    assert refusal(still_sandbox, "s3")[0] == "RequestTimeTooSkewed"


class Form(S3SigV4Auth):
    """Signs a payload form of our choice."""

    def __init__(self, sandbox: Sandbox, payload_form: str) -> None:
        environment = sandbox.aws_env
        credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        super().__init__(credentials, "s3", "us-east-1")
        self.form = payload_form

    def payload(self, request: Any) -> str:
        return self.form

    def key(self, day: str) -> bytes:
        made = ("AWS4" + str(self.credentials.secret_key)).encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            made = hmac.new(made, part.encode(), hashlib.sha256).digest()
        return made


def send(sandbox: Sandbox, auth: Form, headers: dict[str, str], body: Any) -> tuple[int, bytes]:
    """body: bytes, or a function of the signed request that makes them."""
    path = f"/{sandbox.aws.data_bucket}/k"
    request = AWSRequest(method="PUT", url=sandbox.url + path, headers=headers)
    auth.add_auth(request)
    content = body if isinstance(body, bytes) else body(request)
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
    connection.request("PUT", path, content, dict(request.headers.items()))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def test_a_body_that_was_not_signed(still_sandbox: Sandbox, s3: Any) -> None:
    auth = Form(still_sandbox, hashlib.sha256(b"hello").hexdigest())
    assert send(still_sandbox, auth, {}, b"hello")[0] == 200
    status, text = send(still_sandbox, auth, {}, b"HELLO")
    assert status == 400
    assert b"XAmzContentSHA256Mismatch" in text
    assert s3.get_object(Bucket=still_sandbox.aws.data_bucket, Key="k")["Body"].read() == b"hello"
    assert send(still_sandbox, Form(still_sandbox, "UNSIGNED-PAYLOAD"), {}, b"any")[0] == 200
    assert b"x-amz-content-sha256 must be" in send(still_sandbox, Form(still_sandbox, "FREE"), {}, b"any")[1]


@pytest.mark.parametrize("spoil", ["", "data", "trailer", "length"])
def test_chunks_with_a_trailer(still_sandbox: Sandbox, s3: Any, spoil: str) -> None:
    content = b"hello world"
    crc = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    sent = b"HELLO WORLD" if spoil == "data" else content
    trailer = "AAAAAA==" if spoil == "trailer" else crc
    headers = {
        "x-amz-decoded-content-length": "12" if spoil == "length" else "11",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "Content-Encoding": "aws-chunked",
    }
    body = b"5\r\n" + sent[:5] + b"\r\n6\r\n" + sent[5:] + f"\r\n0\r\nx-amz-checksum-crc32:{trailer}\r\n\r\n".encode()
    status, text = send(still_sandbox, Form(still_sandbox, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), headers, body)
    if not spoil:
        assert status == 200, text
        found = s3.get_object(Bucket=still_sandbox.aws.data_bucket, Key="k", ChecksumMode="ENABLED")
        assert (found["Body"].read(), found["ChecksumCRC32"]) == (content, crc)
        assert "ContentEncoding" not in found
    else:
        assert status == 400
        assert (b"IncompleteBody" if spoil == "length" else b"BadDigest") in text


@pytest.mark.parametrize("spoil", [False, True])
def test_signed_chunks(still_sandbox: Sandbox, s3: Any, spoil: bool) -> None:
    form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    auth = Form(still_sandbox, form)

    def body(request: Any) -> bytes:
        stamp = request.context["timestamp"]
        previous = request.headers["Authorization"].rpartition("Signature=")[2]
        made = b""
        for chunk in (b"hello ", b"world", b""):
            scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
            digests = (hashlib.sha256(b"").hexdigest(), hashlib.sha256(chunk).hexdigest())
            text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, previous, *digests])
            previous = hmac.new(auth.key(stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
            data = chunk.upper() if spoil else chunk
            made += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + data + b"\r\n"
        return made

    headers = {"x-amz-decoded-content-length": "11", "Content-Encoding": "aws-chunked"}
    status, text = send(still_sandbox, auth, headers, body)
    if spoil:
        assert status == 403
        assert b"SignatureDoesNotMatch" in text
    else:
        assert status == 200, text
        assert s3.get_object(Bucket=still_sandbox.aws.data_bucket, Key="k")["Body"].read() == b"hello world"


def test_signed_times_are_real_ones(still_sandbox: Sandbox) -> None:
    still_sandbox.advance(86400 * 400)
    assert abs(time.time() - still_sandbox.clock.now()) > 86400
    connect(still_sandbox, "bedrock").list_custom_models()
