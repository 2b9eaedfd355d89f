# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to AWS: roles, web identities, profiles and files, each failure one clear error; and who signs."""

from __future__ import annotations

import getpass
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.certificates import server_certificate
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

INFO = "bedrock_custom_model_info"
LINES = [
    {
        "messages": [
            {"role": "user", "content": f"Which colour is {n}?"},
            {"role": "assistant", "content": f"Blue, {n}."},
        ]
    }
    for n in range(40)
]


class Account:
    """An account whose credentials are in files, as ``aws configure`` writes them."""

    def __init__(self, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox, self.folder, self.setenv = sandbox, folder, monkeypatch.setenv
        nothing_of_this_machine(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
        sandbox.aws.settings(role_seconds=0.0)
        self.keys = f"aws_access_key_id = {sandbox.aws.access_key}\naws_secret_access_key = {sandbox.aws.secret_key}\n"

    def config(self, text: str | bytes) -> None:
        """Write the configuration file."""
        raw = text if isinstance(text, bytes) else text.encode()
        (self.folder / "config").write_bytes(raw)

    def role(self, name: str, trusted: bool = True, provider: bool = False) -> str:
        """Make a role; its ARN."""
        own = {"AWS": f"arn:aws:iam::{self.sandbox.aws.account_id if trusted else '0' * 12}:root"}
        shown = self.sandbox.aws.describe()
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity" if provider else "sts:AssumeRole",
            "Principal": {"Federated": shown["oidc_provider_arn"]} if provider else own,
        }
        session = boto3.session.Session("none", "none")
        iam = session.client(
            "iam",
            endpoint_url=self.sandbox.url,
            region_name="us-east-1",
            aws_access_key_id=self.sandbox.aws.access_key,
            aws_secret_access_key=self.sandbox.aws.secret_key,
        )
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
        allowed = {"Effect": "Allow", "Action": ["bedrock:*", "s3:*"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return arn

    def told(self, play: Play, *says: str, **options: Any) -> str:
        """A task fails with one clear error, and so does the model of fine_tune, which has a result."""
        results = [play(INFO, options), play("fine_tune", self.pipeline(options))]
        for result in results:
            assert result["failed"], result
            assert not result.get("changed"), result
            text = json.dumps(result)
            for word in ("Traceback", "botocore", "Error:", "configparser"):
                assert word not in result["msg"], result["msg"]
            for word in says:
                assert word in result["msg"], (word, result["msg"])
            assert self.sandbox.aws.secret_key not in text
        model = results[1]["results"][0]
        assert model["failed"] and says[0] in model["msg"] + model["hint"]
        assert results[1]["msg"].count(model["msg"]) == 1
        return str(results[0]["msg"])

    def pipeline(self, options: dict[str, Any]) -> dict[str, Any]:
        """A task of fine_tune with this credential."""
        place = self.sandbox.aws
        own = {"bucket": place.data_bucket, "role_arn": place.role_arn, **options}
        own["output_s3_uri"] = f"s3://{place.output_bucket}/runs/"
        base = "amazon.nova-micro-v1:0"
        model = {"provider": "bedrock", "name": "bot", "base_model": base, "training_data": LINES, "bedrock": own}
        return {"models": [model], "wait": False}


@pytest.fixture
def account(still_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(still_sandbox, tmp_path, monkeypatch)


# -- S1 --------------------------------------------------------------------------------------------------------


def test_s1_a_role_that_sts_gives(play: Play, account: Account) -> None:
    role = account.role("Trainer")
    account.config(f"[profile base]\n{account.keys}[profile trainer]\nrole_arn = {role}\nsource_profile = base\n")
    assert not play(INFO, {"profile": "trainer"}).get("failed")
    result = play("fine_tune", account.pipeline({"profile": "trainer"}))
    assert result["changed"], result
    assert account.sandbox.count("sts.AssumeRole") > 1


def test_s1_a_role_that_sts_refuses(play: Play, account: Account) -> None:
    role = account.role("Closed", trusted=False)
    account.config(f"[profile base]\n{account.keys}[profile closed]\nrole_arn = {role}\nsource_profile = base\n")
    account.told(play, "AssumeRole was refused", "not authorized", "AccessDenied", "trust policy", profile="closed")


def test_s1_a_web_identity_that_sts_takes(play: Play, account: Account) -> None:
    (account.folder / "token").write_text(account.sandbox.aws.identity_token())
    account.setenv("AWS_ROLE_ARN", account.role("Web", provider=True))
    account.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(account.folder / "token"))
    assert not play(INFO, {}).get("failed")


def test_s1_a_web_identity_whose_file_is_missing(play: Play, account: Account) -> None:
    account.setenv("AWS_ROLE_ARN", account.role("Web", provider=True))
    account.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(account.folder / "nowhere"))
    account.told(play, "is not there", "AWS_WEB_IDENTITY_TOKEN_FILE")


@pytest.mark.parametrize("wrong", ["expired", "forged", "stranger"])
def test_s1_a_web_identity_that_sts_refuses(play: Play, account: Account, wrong: str) -> None:
    token = account.sandbox.aws.identity_token(seconds=0.0 if wrong == "expired" else 60.0)
    (account.folder / "token").write_text(token if wrong == "expired" else token[:-6] + "AAAAAA")
    account.setenv("AWS_ROLE_ARN", account.role("Web", provider=wrong != "stranger"))
    account.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(account.folder / "token"))
    said = account.told(play, "AssumeRoleWithWebIdentity was refused", "HTTP 4", "AWS_WEB_IDENTITY_TOKEN_FILE")
    assert token not in said


def test_s1_a_profile_that_asks_for_a_code_is_refused_without_asking(
    play: Play, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(prompt: str = "", stream: Any = None) -> str:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(getpass, "getpass", asked)
    role = account.role("Guarded")
    mfa = f"mfa_serial = arn:aws:iam::{account.sandbox.aws.account_id}:mfa/me\n"
    account.config(
        f"[profile base]\n{account.keys}[profile guarded]\nrole_arn = {role}\nsource_profile = base\n{mfa}"
        f"[profile over]\nrole_arn = {role}\nsource_profile = guarded\n"
    )
    for profile in ("guarded", "over"):
        account.told(play, "mfa_serial", "export-credentials", profile=profile)
    assert account.sandbox.count("sts.AssumeRole") == 0


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("false", "gave no credentials"),
        ("/nowhere/program", "is not there"),
        ("echo pass-phrase-4711", "not valid JSON"),
        ("sh -c 'echo pass-phrase-4711 >&2; exit 3'", "gave no credentials"),
        ("""echo '{"Version": 1}'""", "gave no credentials"),
        ("""echo '{"Version": 9}'""", "gave no credentials"),
    ],
)
def test_s1_a_program_that_gives_no_credentials(play: Play, account: Account, program: str, says: str) -> None:
    account.config(f"[profile mine]\ncredential_process = {program}\n")
    assert "4711" not in account.told(play, says, "credential_process", profile="mine")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[profile mine]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = other\n"
         "[profile other]\nrole_arn = arn:aws:iam::123456789012:role/B\nsource_profile = mine\n", "in a circle"),
        ("[profile mine]\nrole_arn = arn:aws:iam::123456789012:role/A\nsource_profile = nobody\n", "not complete"),
        ("[profile mine]\nrole_arn = arn:aws:iam::123456789012:role/A\n", "not complete"),
        ("[profile mine]\naws_access_key_id = AKIAX\n", "aws_secret_access_key is missing"),
        ("[profile mine]\nsso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\n"
         "sso_role_name = r\n", "aws sso login"),
    ],
    ids=["circle", "nobody", "no-source", "half", "sso"],
)  # fmt: skip
def test_s1_profiles_that_are_not_complete(play: Play, account: Account, text: str, says: str) -> None:
    account.config(text)
    account.told(play, says, profile="mine")


# -- S4 --------------------------------------------------------------------------------------------------------

BROKEN = [
    (b"\xef\xbb\xbf[profile mine]\nregion = us-east-1\n", "byte order mark"),
    (b"[profile mine]\nregion = us-east-1\nregion = us-east-2\n", "entry twice in one profile, again in line 3"),
    (b"[profile mine]\nregion = us-east-1\n[profile mine]\nregion = x\n", "profile twice, again in line 3"),
    (b"[profile mine]\naws_secret_access_key = MARK-4711-\xff-MARK\n", "not UTF-8, in line 2"),
    (b"[profile mine]\naws_secret_access_key MARK-4711-MARK\n", "no '=' in line 2"),
    (b"aws_secret_access_key = MARK-4711-MARK\n", "before the first profile, in line 1"),
]


@pytest.mark.parametrize(("text", "says"), BROKEN, ids=["bom", "entry", "profile", "utf8", "equals", "header"])
@pytest.mark.parametrize("given", [True, False], ids=["profile", "none"])
def test_s4_broken_files_of_aws(play: Play, account: Account, text: bytes, says: str, given: bool) -> None:
    account.config(text)
    said = account.told(play, "The configuration file of AWS", says, **({"profile": "mine"} if given else {}))
    assert "4711" not in said


def test_s4_a_broken_file_of_credentials(play: Play, account: Account) -> None:
    (account.folder / "credentials").write_bytes(b"[mine]\naws_secret_access_key MARK-4711-MARK\n")
    assert "4711" not in account.told(play, "The credentials file of AWS has no '=' in line 2", profile="mine")


# -- S2 --------------------------------------------------------------------------------------------------------


class Host(http.server.BaseHTTPRequestHandler):
    """Answers Bedrock's listing, and keeps who asked."""

    asked: list[str] = []

    def do_GET(self) -> None:
        """A list without anything in it."""
        self.asked.append(f"{self.path.partition('?')[0]} {self.headers.get('Authorization', '')}")
        body = b'{"modelSummaries": [], "modelCustomizationJobSummaries": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nowhere."""


@pytest.fixture
def tls(tmp_path: Path, account: Account) -> Iterator[str]:
    """The address of such a host, over TLS; its authority is in the environment."""
    authority, chain = server_certificate(tmp_path)
    Host.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    account.setenv("AWS_CA_BUNDLE", str(authority))
    account.setenv("AWS_ENDPOINT_URL_BEDROCK", f"https://localhost:{server.server_address[1]}")
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("way", ["keys", "profile", "none", "environment"])
@pytest.mark.usefixtures("tls")
def test_s2_what_the_task_gives_beats_the_token_of_the_environment(play: Play, account: Account, way: str) -> None:
    key, secret = account.sandbox.aws.access_key, account.sandbox.aws.secret_key
    account.config(f"[profile mine]\n{account.keys}")
    account.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-4711")
    if way == "environment":
        account.setenv("AWS_ACCESS_KEY_ID", key)
        account.setenv("AWS_SECRET_ACCESS_KEY", secret)
    given = {"keys": {"access_key": key, "secret_key": secret}, "profile": {"profile": "mine"}}
    result = play(INFO, given.get(way, {}))
    assert not result.get("failed"), result
    assert Host.asked
    explicit = way in given
    for asked in Host.asked:
        assert ("AWS4-HMAC-SHA256 Credential=" + key in asked) is explicit, asked
        assert ("Bearer bedrock-api-key-4711" in asked) is not explicit, asked


@pytest.mark.usefixtures("tls")
def test_s2_s3_needs_another_credential_than_the_token(play: Play, account: Account) -> None:
    account.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-4711")
    options = {"name": "colours", "bucket": account.sandbox.aws.data_bucket, "content": "x", "validate": False}
    result = play("bedrock_dataset", {**options, "format": "bedrock_converse"})
    assert result["failed"]
    assert "AWS_BEARER_TOKEN_BEDROCK" in result["msg"] and "S3" in result["msg"], result["msg"]
    assert "4711" not in json.dumps(result)


def test_s2_over_plain_http_the_token_is_named(play: Play, account: Account) -> None:
    account.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-4711")
    account.told(play, "AWS_BEARER_TOKEN_BEDROCK", "https")
    key, secret = account.sandbox.aws.access_key, account.sandbox.aws.secret_key
    assert not play(INFO, {"access_key": key, "secret_key": secret}).get("failed")
