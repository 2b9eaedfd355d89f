# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""STS: who may assume a role, what its temporary credentials may do, and until when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

ALL = {"Statement": [{"Effect": "Allow", "Action": ["bedrock:*", "s3:*"], "Resource": "*"}]}
PLAIN: Any = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})


def role(sandbox: Sandbox, name: str, trust: dict[str, Any], policy: dict[str, Any] | None = None) -> str:
    """A role that is old enough; its ARN."""
    iam = connect(sandbox, "iam")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **trust}]}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    if policy is not None:
        iam.put_role_policy(
            RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", **policy})
        )
    sandbox.advance(60)
    return str(made)


def own(sandbox: Sandbox) -> dict[str, Any]:
    """Trusts the account."""
    return {"Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{sandbox.aws.account_id}:root"}}


def federated(sandbox: Sandbox) -> dict[str, Any]:
    """Trusts the identity provider, for one subject."""
    condition = {
        "StringEquals": {"oidc.sandbox.example:sub": "runner", "oidc.sandbox.example:aud": "sts.amazonaws.com"}
    }
    provider = sandbox.aws.describe()["oidc_provider_arn"]
    return {"Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}, "Condition": condition}


def with_keys(sandbox: Sandbox, service: str, keys: dict[str, str], **changes: Any) -> Any:
    names = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    return connect(sandbox, service, **{**names, **changes})


def refused(call: Any, **options: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**options)
    return code_of(caught.value), caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_temporary_credentials_sign_as_far_as_the_role_may(still_sandbox: Sandbox) -> None:
    wide = role(still_sandbox, "Wide", own(still_sandbox), ALL)
    narrow = role(still_sandbox, "Narrow", own(still_sandbox))
    sts = connect(still_sandbox, "sts")
    keys = sts.assume_role(RoleArn=wide, RoleSessionName="me")["Credentials"]
    with_keys(still_sandbox, "bedrock", keys).list_custom_models()
    bucket = still_sandbox.aws.data_bucket
    s3 = with_keys(still_sandbox, "s3", keys)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    shown = with_keys(still_sandbox, "sts", keys).get_caller_identity()
    assert shown["Arn"] == f"arn:aws:sts::{still_sandbox.aws.account_id}:assumed-role/Wide/me"
    other = sts.assume_role(RoleArn=narrow, RoleSessionName="me")["Credentials"]
    assert refused(with_keys(still_sandbox, "bedrock", other).list_custom_models) == ("AccessDeniedException", 403)
    s3 = with_keys(still_sandbox, "s3", other)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"y") == ("AccessDenied", 403)


def test_a_wrong_token_or_none_is_no_credential(still_sandbox: Sandbox) -> None:
    wide = role(still_sandbox, "Wide", own(still_sandbox), ALL)
    keys = connect(still_sandbox, "sts").assume_role(RoleArn=wide, RoleSessionName="me")["Credentials"]
    for token in ("wrong", None):
        client = with_keys(still_sandbox, "bedrock", keys, aws_session_token=token)
        assert refused(client.list_custom_models) == ("UnrecognizedClientException", 403)
    client = with_keys(still_sandbox, "bedrock", keys, aws_secret_access_key="wrong-and-long-4711")
    assert refused(client.list_custom_models) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize(
    ("service", "call", "answer"),
    [
        ("bedrock", "list_custom_models", ("ExpiredTokenException", 403)),
        ("s3", "list_buckets", ("ExpiredToken", 400)),
        ("sts", "get_caller_identity", ("ExpiredToken", 403)),
    ],
)
def test_they_run_out(still_sandbox: Sandbox, service: str, call: str, answer: tuple[str, int]) -> None:
    wide = role(still_sandbox, "Wide", own(still_sandbox), ALL)
    keys = connect(still_sandbox, "sts").assume_role(RoleArn=wide, RoleSessionName="me")["Credentials"]
    assert still_sandbox.control("POST", "/bedrock/sessions/expire") == {"expired": 1}
    assert refused(getattr(with_keys(still_sandbox, service, keys), call)) == answer


def test_who_may_not_assume(still_sandbox: Sandbox) -> None:
    sts = connect(still_sandbox, "sts")
    stranger = {"Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}
    foreign = role(still_sandbox, "Foreign", stranger, ALL)
    for arn in (foreign, still_sandbox.aws.role_arn, foreign + "X"):
        assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me") == ("AccessDenied", 403)
    mine = role(still_sandbox, "Mine", own(still_sandbox))
    mfa = {"SerialNumber": f"arn:aws:iam::{still_sandbox.aws.account_id}:mfa/me", "TokenCode": "123456"}
    assert refused(sts.assume_role, RoleArn=mine, RoleSessionName="me", **mfa) == ("AccessDenied", 403)
    for wrong in ({"RoleSessionName": "no spaces"}, {"DurationSeconds": 7200}):
        given = {"RoleArn": mine, "RoleSessionName": "me", **wrong}
        assert refused(sts.assume_role, **given) == ("ValidationError", 400)


def test_an_external_id(still_sandbox: Sandbox) -> None:
    trust = {**own(still_sandbox), "Condition": {"StringEquals": {"sts:ExternalId": "47"}}}
    arn, sts = role(still_sandbox, "External", trust), connect(still_sandbox, "sts")
    sts.assume_role(RoleArn=arn, RoleSessionName="me", ExternalId="47")
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me") == ("AccessDenied", 403)
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me", ExternalId="48") == ("AccessDenied", 403)


def test_a_new_role_is_not_seen_at_once(still_sandbox: Sandbox) -> None:
    iam, sts = connect(still_sandbox, "iam"), connect(still_sandbox, "sts")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **own(still_sandbox)}]}
    arn = iam.create_role(RoleName="New", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me") == ("AccessDenied", 403)
    still_sandbox.advance(60)
    sts.assume_role(RoleArn=arn, RoleSessionName="me")


def test_a_web_identity(still_sandbox: Sandbox) -> None:
    arn = role(still_sandbox, "Web", federated(still_sandbox), ALL)
    sts = connect(still_sandbox, "sts", config=PLAIN)
    given = {"RoleArn": arn, "RoleSessionName": "me"}
    token = still_sandbox.aws.identity_token()
    keys = sts.assume_role_with_web_identity(WebIdentityToken=token, **given)["Credentials"]
    with_keys(still_sandbox, "bedrock", keys).list_custom_models()
    for wrong, answer in {
        still_sandbox.aws.identity_token(subject="somebody"): ("AccessDenied", 403),
        still_sandbox.aws.identity_token(audience="else"): ("AccessDenied", 403),
        token[:-4] + "AAAA": ("InvalidIdentityToken", 400),
        "no-token": ("InvalidIdentityToken", 400),
    }.items():
        assert refused(sts.assume_role_with_web_identity, WebIdentityToken=wrong, **given) == answer
    ended = still_sandbox.control("POST", "/bedrock/web_identity", seconds=0.0)["token"]
    found = refused(sts.assume_role_with_web_identity, WebIdentityToken=ended, **given)
    assert found == ("ExpiredTokenException", 400)


def test_boto3_itself_finds_its_way(still_sandbox: Sandbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    role(still_sandbox, "Wide", own(still_sandbox), ALL)
    web = role(still_sandbox, "Web", federated(still_sandbox), ALL)
    (tmp_path / "token").write_text(still_sandbox.aws.identity_token())
    (tmp_path / "config").write_text(
        f"[profile base]\naws_access_key_id = {still_sandbox.aws.access_key}\n"
        f"aws_secret_access_key = {still_sandbox.aws.secret_key}\n"
        f"[profile wide]\nrole_arn = {web.replace('Web', 'Wide')}\nsource_profile = base\n"
        f"[profile web]\nrole_arn = {web}\nweb_identity_token_file = {tmp_path / 'token'}\n"
    )
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    for profile in ("wide", "web"):
        session = boto3.session.Session(profile_name=profile, region_name="us-east-1")
        session.client("bedrock").list_custom_models()
        session.client("s3").list_objects_v2(Bucket=still_sandbox.aws.data_bucket)
    assert still_sandbox.count("sts.AssumeRole") == still_sandbox.count("sts.AssumeRoleWithWebIdentity") == 1
