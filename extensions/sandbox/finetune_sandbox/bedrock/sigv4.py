# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Signature Version 4 as the services check it: headers or query, whole bodies and aws-chunked ones.

Source: "Signature Version 4 for API requests" (IAM user guide) and, for S3's payload forms, "Authenticating requests"
in the S3 API reference.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from werkzeug import Request

from finetune_sandbox.bedrock.errors import BEDROCK, EC2, KMS, OTHER, S3, AwsError
from finetune_sandbox.server.web import raw_target

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_STREAMING = (STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER)
_EMPTY = hashlib.sha256(b"").hexdigest()
_MAX_PLAIN_BODY = 16 * 1024 * 1024
_CHUNK = 1 << 18
_SKEW = {S3: 900.0}
_USUAL_SKEW = 300.0
_HEX = re.compile(r"[0-9a-f]{64}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")


@dataclass
class Signature:
    """What a signed request says about itself."""

    key_id: str
    day: str
    region: str
    service: str
    signed_headers: list[str]
    signature: str
    time: str
    payload: str
    presigned: bool
    expires: int = 0
    signing_key: bytes = b""

    @property
    def scope(self) -> str:
        """day/region/service/aws4_request."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def is_signed(request: Request) -> bool:
    """Whether the request carries a signature of this kind, right or wrong."""
    return request.headers.get("Authorization", "").startswith("AWS4-") or "X-Amz-Algorithm" in request.args


def is_signed_old(request: Request) -> bool:
    """Whether it carries S3's former signature, version 2."""
    authorization = request.headers.get("Authorization", "")
    return authorization.startswith("AWS ") or {"AWSAccessKeyId", "Signature"} <= set(request.args)


def too_old() -> AwsError:
    """The answer to a signature of version 2; newer Regions of S3 refuse it, the sandbox does everywhere."""
    message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    return AwsError(400, "InvalidRequest", message)


def claimed_service(request: Request) -> str:
    """The service named in the credential scope, unverified; "" when it cannot be read."""
    text = request.headers.get("Authorization", "")
    found = re.search(r"Credential=([^,\s]+)", text)
    credential = found.group(1) if found else request.args.get("X-Amz-Credential", "")
    parts = credential.split("/")
    return parts[-2] if len(parts) >= 5 else ""


def parse(request: Request, service: str) -> Signature:
    """Read the signature. AwsError when it is incomplete."""
    if "X-Amz-Algorithm" in request.args:
        return _from_query(request, service)
    text = request.headers.get("Authorization", "")
    algorithm, _unused, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(service, f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals:
            raise _incomplete(service, f"'{part.strip()}' not a valid key=value pair in Authorization header.")
        fields[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(name):
            raise _incomplete(service, f"Authorization header requires '{name}' parameter.")
    key_id, day, region = _credential(fields["Credential"], service)
    stamp = request.headers.get("X-Amz-Date", "")
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise _incomplete(service, "Authorization header requires existence of an 'X-Amz-Date' header.")
    payload = request.headers.get("X-Amz-Content-SHA256", "")
    signed = fields["SignedHeaders"].split(";")
    return Signature(
        key_id, day, region, claimed_service(request), signed, fields["Signature"], stamp, payload, presigned=False
    )


def _from_query(request: Request, service: str) -> Signature:
    arguments = request.args
    for name in ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Expires"):
        if not arguments.get(name):
            raise AwsError(
                400,
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            )
    key_id, day, region = _credential(arguments["X-Amz-Credential"], service)
    expires = arguments["X-Amz-Expires"]
    if not expires.isdecimal() or not 0 < int(expires) <= 604800:
        message = "X-Amz-Expires must be less than a week (in seconds) that is 604800"
        raise AwsError(400, "AuthorizationQueryParametersError", message)
    return Signature(
        key_id,
        day,
        region,
        claimed_service(request),
        arguments["X-Amz-SignedHeaders"].split(";"),
        arguments["X-Amz-Signature"],
        arguments["X-Amz-Date"],
        request.headers.get("X-Amz-Content-SHA256", UNSIGNED),
        presigned=True,
        expires=int(expires),
    )


def _credential(text: str, service: str) -> tuple[str, str, str]:
    parts = text.split("/")
    if len(parts) < 5 or parts[-1] != "aws4_request" or not _REGION.fullmatch(parts[-3]):
        message = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        raise _incomplete(service, message)
    return "/".join(parts[:-4]), parts[-4], parts[-3]


def verify(
    request: Request, service: str, secrets: Mapping[str, str], tokens: Mapping[str, str] | None = None
) -> Signature:
    """Check time, key and signature; the payload is checked while it is read. Raises AwsError.

    secrets: access key id -> secret key. tokens: access key id -> the token that belongs to a temporary key.
    """
    found = parse(request, service)
    secret = secrets.get(found.key_id)
    token = request.headers.get("X-Amz-Security-Token") or request.args.get("X-Amz-Security-Token")
    if secret is None or (token or None) != (tokens or {}).get(found.key_id):
        raise _unknown_key(service, found.key_id)
    _check_time(found, service)
    signed = [name.lower() for name in found.signed_headers]
    must = {"host"} | {name.lower() for name, _unused in request.headers if name.lower().startswith("x-amz-")}
    if found.presigned:
        must = {"host"}
    missing = sorted(must - set(signed))
    if missing:
        if service == S3:
            message = "There were headers present in the request which were not signed"
            raise AwsError(403, "AccessDenied", message, {"HeadersNotSigned": ", ".join(missing)})
        message = f"'{missing[0]}' must be a 'SignedHeader' in the AWS Authorization."
        raise _mismatch(service, message)
    if service == S3:
        _check_form(found)
        payload = found.payload
    else:
        body = plain_body(request)
        payload = hashlib.sha256(body).hexdigest()
        if found.payload and found.payload not in {payload, UNSIGNED}:
            raise _mismatch(service)
    canonical = _canonical_request(request, found, payload, service)
    found.signing_key = _signing_key(secret, found)
    to_sign = "\n".join([ALGORITHM, found.time, found.scope, hashlib.sha256(canonical.encode()).hexdigest()])
    expected = hmac.new(found.signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, found.signature):
        raise _mismatch(service, canonical=canonical, to_sign=to_sign)
    return found


def plain_body(request: Request) -> bytes:
    """The whole body of a request to a service whose bodies are small. Read once, kept."""
    environ: dict[str, Any] = request.environ
    kept = environ.get("finetune_sandbox.body")
    if not isinstance(kept, bytes):
        parts = []
        size = 0
        while part := environ["wsgi.input"].read(_CHUNK):
            size += len(part)
            if size > _MAX_PLAIN_BODY:
                raise AwsError(413, "RequestEntityTooLargeException", "The request body is too large.")
            parts.append(part)
        kept = environ["finetune_sandbox.body"] = b"".join(parts)
    return kept


def _check_time(found: Signature, service: str) -> None:
    try:
        signed_at = calendar.timegm(time.strptime(found.time, "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise _incomplete(service, "Date must be in ISO-8601 'basic format'.") from error
    if not found.time.startswith(found.day):
        raise _mismatch(
            service, f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date: {found.day}"
        )
    now = time.time()
    if found.presigned:
        if now > signed_at + found.expires:
            raise AwsError(403, "AccessDenied", "Request has expired")
        if now < signed_at - 900:
            raise AwsError(403, "AccessDenied", "Request is not valid yet")
        return
    if abs(now - signed_at) <= _SKEW.get(service, _USUAL_SKEW):
        return
    if service == S3:
        message = "The difference between the request time and the current time is too large."
        raise AwsError(403, "RequestTimeTooSkewed", message)
    server = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    word = "expired" if now > signed_at else "not yet current"
    raise _mismatch(service, f"Signature {word}: {found.time} is too far from {server} (5 min.)")


def _check_form(found: Signature) -> None:
    if not found.payload:
        raise AwsError(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if found.payload != UNSIGNED and found.payload not in _STREAMING and not _HEX.fullmatch(found.payload):
        message = (
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
        )
        raise AwsError(400, "InvalidArgument", message)


def _canonical_request(request: Request, found: Signature, payload: str, service: str) -> str:
    path, query = raw_target(request)
    path = quote(unquote_to_bytes(path) if service == S3 else _normalized(path).encode(), safe="/-_.~")
    pairs = []
    for item in query.split("&"):
        if not item:
            continue
        name, _unused, value = item.partition("=")
        if found.presigned and name == "X-Amz-Signature":
            continue
        pairs.append((quote(unquote_to_bytes(name), safe="-_.~"), quote(unquote_to_bytes(value), safe="-_.~")))
    lines = []
    for name in found.signed_headers:
        values = [" ".join(value.split()) for value in request.headers.getlist(name)]
        lines.append(f"{name.lower()}:{','.join(values)}\n")
    return "\n".join(
        [
            request.method,
            path or "/",
            "&".join(f"{name}={value}" for name, value in sorted(pairs)),
            "".join(lines),
            ";".join(found.signed_headers),
            payload,
        ]
    )


def _normalized(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if kept:
                kept.pop()
        elif part not in {"", "."}:
            kept.append(part)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")


def _signing_key(secret: str, found: Signature) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (found.day, found.region, found.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


class Payload:
    """The body of an S3 request, decoded and checked while it is read to its end.

    trailers: headers that came after an aws-chunked body, with lower-case names; complete after the last chunk.
    """

    def __init__(self, request: Request, signature: Signature) -> None:
        self._stream = request.environ["wsgi.input"]
        self._signature = signature
        self._headers = request.headers
        self.trailers: dict[str, str] = {}
        self.chunked = signature.payload in _STREAMING
        length = request.headers.get("X-Amz-Decoded-Content-Length" if self.chunked else "Content-Length")
        if length is not None and not length.isdecimal():
            raise AwsError(400, "InvalidArgument", "The length of the body is not a number.")
        if self.chunked and length is None:
            message = "You must provide the X-Amz-Decoded-Content-Length HTTP header."
            raise AwsError(411, "MissingContentLength", message)
        self.length = None if length is None else int(length)

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces. AwsError where a hash, a signature or the length is wrong."""
        if self.chunked:
            yield from self._decoded()
            return
        digest = hashlib.sha256() if self._signature.payload != UNSIGNED else None
        while part := self._stream.read(_CHUNK):
            if digest is not None:
                digest.update(part)
            yield part
        if digest is not None and digest.hexdigest() != self._signature.payload:
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            extra = {
                "ClientComputedContentSHA256": self._signature.payload,
                "S3ComputedContentSHA256": digest.hexdigest(),
            }
            raise AwsError(400, "XAmzContentSHA256Mismatch", message, extra)

    def whole(self, limit: int = _MAX_PLAIN_BODY) -> bytes:
        """All of it, for small bodies."""
        parts = []
        size = 0
        for part in self.chunks():
            size += len(part)
            if size > limit:
                raise AwsError(400, "MalformedXML", "The XML you provided is larger than what is allowed.")
            parts.append(part)
        return b"".join(parts)

    def _decoded(self) -> Iterator[bytes]:
        signed = self._signature.payload != STREAMING_UNSIGNED_TRAILER
        previous = self._signature.signature
        total = 0
        while True:
            head = self._line()
            size_text, _unused, extension = head.partition(";")
            try:
                size = int(size_text, 16)
            except ValueError as error:
                raise _bad_chunk() from error
            sent = extension.strip().removeprefix("chunk-signature=")
            digest = hashlib.sha256()
            left = size
            while left:
                part = self._stream.read(min(left, _CHUNK))
                if not part:
                    raise _bad_chunk()
                left -= len(part)
                total += len(part)
                if signed:
                    digest.update(part)
                yield part
            if signed:
                previous = self._check_chunk(previous, sent, digest.hexdigest())
            if size == 0:
                break
            if self._line():
                raise _bad_chunk()
        self._read_trailers(previous, signed)
        if total != self.length:
            message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
            raise AwsError(400, "IncompleteBody", message)

    def _check_chunk(self, previous: str, sent: str, digest: str) -> str:
        found = self._signature
        to_sign = "\n".join([f"{ALGORITHM}-PAYLOAD", found.time, found.scope, previous, _EMPTY, digest])
        expected = hmac.new(found.signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, sent):
            raise _mismatch(S3)
        return sent

    def _read_trailers(self, previous: str, signed: bool) -> None:
        sent = ""
        lines = []
        while line := self._line(optional=True):
            name, _unused, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name == "x-amz-trailer-signature":
                sent = value
            else:
                self.trailers[name] = value
                lines.append(f"{name}:{value}\n")
        announced = {name.strip().lower() for name in self._headers.get("X-Amz-Trailer", "").split(",") if name.strip()}
        if set(self.trailers) != announced:
            raise AwsError(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed")
        if signed and self._signature.payload == STREAMING_SIGNED_TRAILER:
            found = self._signature
            digest = hashlib.sha256("".join(lines).encode()).hexdigest()
            to_sign = "\n".join([f"{ALGORITHM}-TRAILER", found.time, found.scope, previous, digest])
            expected = hmac.new(found.signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
            if not hmac.compare_digest(expected, sent):
                raise _mismatch(S3)

    def _line(self, optional: bool = False) -> str:
        line = self._stream.readline(4096)
        if not line.endswith(b"\n"):
            if optional and not line:
                return ""
            raise _bad_chunk()
        return str(line.rstrip(b"\r\n").decode("latin-1"))


def _bad_chunk() -> AwsError:
    return AwsError(400, "IncompleteBody", "The request body terminated unexpectedly")


def missing(service: str) -> AwsError:
    """The answer to a request without a signature."""
    if service == S3:
        return AwsError(403, "AccessDenied", "Access Denied")
    code = "MissingAuthenticationTokenException" if service in {BEDROCK, KMS, OTHER} else "MissingAuthenticationToken"
    return AwsError(403, code, "Missing Authentication Token")


def _incomplete(service: str, message: str) -> AwsError:
    if service == S3:
        return AwsError(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed; {message}")
    code = "IncompleteSignatureException" if service in {BEDROCK, KMS, OTHER} else "IncompleteSignature"
    return AwsError(403, code, message)


def _unknown_key(service: str, key_id: str) -> AwsError:
    if service == S3:
        message = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError(403, "InvalidAccessKeyId", message, {"AWSAccessKeyId": key_id})
    if service == EC2:
        return AwsError(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
    code = "UnrecognizedClientException" if service in {BEDROCK, KMS, OTHER} else "InvalidClientTokenId"
    return AwsError(403, code, "The security token included in the request is invalid.")


def _mismatch(
    service: str, message: str | None = None, canonical: str | None = None, to_sign: str | None = None
) -> AwsError:
    if service == EC2:
        return AwsError(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
    if service == S3:
        text = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        extra = {}
        if canonical is not None and to_sign is not None:
            extra = {"StringToSign": to_sign, "CanonicalRequest": canonical}
        return AwsError(403, "SignatureDoesNotMatch", message or text, extra)
    text = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )
    code = "InvalidSignatureException" if service in {BEDROCK, KMS, OTHER} else "SignatureDoesNotMatch"
    return AwsError(403, code, message or text)
