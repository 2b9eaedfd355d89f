# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No module tells a secret, wherever it comes from and however the task ends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play
from cryptography.hazmat.primitives import serialization

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

WRONG = "bad-8Yw2/gQz+4_xNb6=tSe1/Uj9+mKd3_rVq5=oPc7-hLx0"
KEY = "sk-odd-0Zq7%vTx$9_kWm'3~pLd8=Rb{5}nHc&2,aJ<6>yF"
PHRASE = "oci-pass/6Tb4+wKe9_xLm2=qZr7/vHn5+cGd8_pYs3=jUf1"
# What each needs besides a credential.
OPENAI: dict[str, dict[str, Any]] = {
    "openai_dataset": {"name": "colours", "content": "CHAT"},
    "openai_fine_tuned_model": {"name": "bot", "model": "gpt-4o-mini", "training_file": "file-abc"},
    "openai_fine_tuned_model_info": {"events": True},
}
BEDROCK: dict[str, dict[str, Any]] = {
    "bedrock_dataset": {"name": "colours", "content": "CONVERSE", "bucket": "BUCKET"},
    "bedrock_custom_model": {
        "custom_model_name": "bot",
        "base_model_identifier": "amazon.nova-micro-v1:0",
        "role_arn": "ROLE",
        "training_data_config": {"s3_uri": "s3://nowhere/data.jsonl"},
        "output_data_config": {"s3_uri": "s3://nowhere/runs"},
    },
    "bedrock_custom_model_info": {"details": True},
    "bedrock_foundation_model_info": {},
}
OCI: dict[str, dict[str, Any]] = {
    "oci_generative_ai_dataset": {"name": "colours", "content": "PAIRS", "bucket": "finetune-data"},
    "oci_generative_ai_model": {
        "compartment_id": "COMPARTMENT",
        "display_name": "bot",
        "base_model_id": "BASE",
        "fine_tune_details": {
            "dedicated_ai_cluster_id": "CLUSTER",
            "training_dataset": {"namespace": "n", "bucket": "finetune-data", "object": "data.jsonl"},
        },
    },
    "oci_generative_ai_model_info": {"compartment_id": "COMPARTMENT", "details": True},
    "oci_generative_ai_dedicated_ai_cluster": {
        "compartment_id": "COMPARTMENT",
        "display_name": "tuning",
        "type": "FINE_TUNING",
        "unit_shape": "LARGE_GENERIC",
        "unit_count": 2,
    },
    "oci_generative_ai_dedicated_ai_cluster_info": {"compartment_id": "COMPARTMENT"},
}

MODULES = {"openai": OPENAI, "bedrock": BEDROCK, "oci": OCI}


def unsaid(result: Mapping[str, Any], *secrets: str) -> str:
    """What a task tells, as text. Fails where a secret is in it, or most of one."""
    text = json.dumps(result, ensure_ascii=False)
    for secret in secrets:
        assert secret not in text
        assert secret[8:-8] not in text
    assert "Traceback" not in text
    return text


class Account:
    """A sandbox whose credentials are odd, and what modules are given there."""

    def __init__(self, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.setenv = monkeypatch.setenv
        sandbox.control("POST", "/openai/accounts", name="odd", api_key=KEY)
        sandbox.openai.settings(file_processing_seconds=0.0)
        sandbox.aws.settings(role_seconds=0.0)
        for name, value in sandbox.env.items():
            if "KEY" not in name or name == "AWS_ACCESS_KEY_ID":
                self.setenv(name, value)
        self._profiles()
        chat = [[("user", f"Which colour is {n}?"), ("assistant", f"Blue, {n}.")] for n in range(40)]
        self._places = {
            "CHAT": [{"messages": [{"role": role, "content": text} for role, text in talk]} for talk in chat],
            "CONVERSE": [
                {
                    "schemaVersion": "bedrock-conversation-2024",
                    "messages": [{"role": role, "content": [{"text": text}]} for role, text in talk],
                }
                for talk in chat
            ],
            "PAIRS": [{"prompt": question[1], "completion": answer[1]} for question, answer in chat],
            "BUCKET": sandbox.aws.data_bucket,
            "ROLE": sandbox.aws.role_arn,
            "COMPARTMENT": sandbox.oci.compartment_id,
            "BASE": sandbox.oci.base_model_id,
            "CLUSTER": sandbox.oci.cluster_id,
        }

    def _profiles(self) -> None:
        """The key with a pass phrase, and profiles that name it, and a wrong token."""
        sdk = ConfigParser()
        sdk.read(self.sandbox.oci.config_file)
        session = dict(sdk["SESSION"])
        self.token = Path(session.pop("security_token_file")).read_text(encoding="utf-8").strip()
        key = serialization.load_pem_private_key(Path(session["key_file"]).read_bytes(), password=None)
        (self.folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(PHRASE.encode()),
            )
        )
        (self.folder / "token").write_text(self.token)
        (self.folder / "wrong").write_text(WRONG)
        locked = {**session, "key_file": str(self.folder / "key.pem")}
        profiles = {
            "DEFAULT": locked,
            "PHRASE": {**locked, "pass_phrase": PHRASE},
            "WRONG_PHRASE": {**locked, "pass_phrase": WRONG},
            "TOKEN": {**session, "security_token_file": str(self.folder / "token")},
            "WRONG_TOKEN": {**session, "security_token_file": str(self.folder / "wrong")},
        }
        text = [
            f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in of.items()) for name, of in profiles.items()
        ]
        (self.folder / "profiles").write_text("".join(text))
        self.setenv("OCI_CONFIG_FILE", str(self.folder / "profiles"))

    def given(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Options with the places of this account in them."""
        return {name: self._placed(value) for name, value in options.items()}

    def _placed(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self.given(value)
        return self._places.get(value, value) if isinstance(value, str) else value

    def credential(self, provider: str, way: str, secret: str) -> dict[str, Any]:
        """The options that give a secret in one way, or none if that is the environment."""
        if way == "environment":
            variables = {
                "openai": "OPENAI_API_KEY",
                "bedrock": "AWS_SECRET_ACCESS_KEY",
                "oci": "OCI_USER_KEY_PASS_PHRASE",
            }
            self.setenv(variables[provider], secret)
            return {}
        options: dict[tuple[str, str], dict[str, Any]] = {
            ("openai", "option"): {"api_key": secret},
            ("openai", "token"): {
                "azure_ad_token": secret,
                "azure_endpoint": self.sandbox.azure_endpoint,
                "base_url": None,
            },
            ("bedrock", "option"): {"access_key": self.sandbox.aws.access_key, "secret_key": secret},
            ("bedrock", "token"): {
                "access_key": self.sandbox.aws.access_key,
                "secret_key": self.sandbox.aws.secret_key,
                "session_token": secret,
            },
            ("oci", "option"): {"api_user_key_pass_phrase": secret},
            ("oci", "profile"): {"config_profile_name": "WRONG_PHRASE" if secret == WRONG else "PHRASE"},
            ("oci", "token"): {
                "auth_type": "security_token",
                "config_profile_name": "WRONG_TOKEN" if secret == WRONG else "TOKEN",
            },
        }
        return options[provider, way]

    def secret(self, provider: str, way: str) -> str:
        """The right one."""
        if provider == "oci":
            return self.token if way == "token" else PHRASE
        return KEY if provider == "openai" else self.sandbox.aws.secret_key


@pytest.fixture
def account(still_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    nothing_of_this_machine(monkeypatch)
    return Account(still_sandbox, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("provider", "way"),
    [
        ("openai", "option"),
        ("openai", "environment"),
        ("bedrock", "option"),
        ("bedrock", "environment"),
        ("oci", "option"),
        ("oci", "environment"),
        ("oci", "profile"),
        ("oci", "token"),
    ],
)
def test_a_host_that_quotes_it(play: Play, account: Account, provider: str, way: str) -> None:
    secret = account.secret(provider, way)
    said = f"The key {secret} may not do this."
    bodies: dict[str, Any] = {
        "openai": {"error": {"message": said}},
        "bedrock": {"message": said},
        "oci": {"code": "InvalidParameter", "message": said},
    }
    # The answer to HEAD has no body.
    xml = f"<Error><Code>InvalidRequest</Code><Message>{said}</Message></Error>"
    account.sandbox.fault("s3.PutObject", status=400, body=xml)
    account.sandbox.fault("oci.PutObject", status=400, body=bodies["oci"])
    for kind in ("openai.*", "bedrock.*", "oci.[CGL]*Model*", "oci.[CGL]*Cluster*"):
        account.sandbox.fault(kind, status=400, body=bodies[kind.partition(".")[0]])
    given = account.credential(provider, way, secret)
    for module, options in MODULES[provider].items():
        task = {**given, **account.given(options)}
        unsaid(play(module, task, check_mode=True), secret)
        result = play(module, task)
        assert result["failed"], module
        assert re.search(r"The key (\*+|REDACTED) may not", unsaid(result, secret)), module


@pytest.mark.parametrize(
    ("provider", "way", "says"),
    [
        ("openai", "option", "401"),
        ("openai", "environment", "401"),
        ("openai", "token", "401"),
        ("bedrock", "option", "403"),
        ("bedrock", "token", "403"),
        ("bedrock", "environment", "403"),
        ("oci", "option", "The client cannot be made"),
        ("oci", "environment", "The client cannot be made"),
        ("oci", "profile", "The client cannot be made"),
        ("oci", "token", "401"),
    ],
)
def test_a_wrong_secret(play: Play, account: Account, provider: str, way: str, says: str) -> None:
    given = account.credential(provider, way, WRONG)
    for module, options in MODULES[provider].items():
        result = play(module, {**given, **account.given(options)})
        assert result["failed"], module
        assert says in result["msg"], module
        unsaid(result, WRONG)


@pytest.mark.parametrize(
    ("provider", "option"),
    [("openai", "base_url"), ("openai", "azure_endpoint"), ("bedrock", "endpoint_url"), ("oci", "service_endpoint")],
)
@pytest.mark.parametrize(
    ("address", "says"),
    [("https://bob:{}@host.example/v1", "holds a user or a password"), ("https://host.example/v1?k={}", "has a query")],
)
def test_in_an_address(play: Play, account: Account, provider: str, option: str, address: str, says: str) -> None:
    more = {"api_version": "v1"} if option == "azure_endpoint" else {}
    given = {**account.credential(provider, "option", account.secret(provider, "option")), **more}
    for module, options in MODULES[provider].items():
        result = play(module, {**given, **account.given(options), option: address.format(WRONG)})
        assert result["failed"], module
        assert f"{option} {says}" in result["msg"], module
        unsaid(result, WRONG)
    assert account.sandbox.count() == 0


class TestRuns:
    """Runs that fail, with the secret in what their provider says of it."""

    SCENARIOS: dict[str, dict[str, Any]] = {
        "openai": {"scenario": "server_error", "suffix": "bot"},
        "bedrock": {"scenario": "fail", "model_name": "bot"},
        "oci": {"scenario": "fail", "display_name": "bot"},
    }

    @pytest.mark.parametrize(
        ("provider", "way", "module"),
        [
            ("openai", "option", "openai_fine_tuned_model_info"),
            ("openai", "environment", "openai_fine_tuned_model_info"),
            ("bedrock", "option", "bedrock_custom_model_info"),
            ("oci", "token", "oci_generative_ai_model_info"),
        ],
    )
    def test_of_fine_tune(self, play: Play, account: Account, provider: str, way: str, module: str) -> None:
        secret = account.secret(provider, way)
        scenario = {**self.SCENARIOS[provider], "message": f"The run of {secret} failed."}
        account.sandbox.control("POST", f"/{provider}/scenarios", scenario)
        given = account.credential(provider, way, secret)
        runs = f"s3://{account.sandbox.aws.output_bucket}/runs/"
        own: dict[str, dict[str, Any]] = {
            "openai": {"base_model": "gpt-4o-mini", "openai": given},
            "bedrock": {
                "base_model": "amazon.nova-micro-v1:0",
                "bedrock": {"bucket": "BUCKET", "role_arn": "ROLE", "output_s3_uri": runs, **given},
            },
            "oci": {
                "base_model": "meta.llama-3.3-70b-instruct",
                "oci": {
                    "bucket": account.sandbox.oci.bucket,
                    "compartment_id": "COMPARTMENT",
                    "dedicated_ai_cluster_id": "CLUSTER",
                    **given,
                },
            },
        }
        model = {"provider": provider, "name": "bot", "training_data": "CHAT", **own[provider]}
        task = {"models": [account.given(model)], "wait": False, "details": True}
        for check_mode in (True, False):
            result = play("fine_tune", task, check_mode)
            unsaid(result, secret)
            assert result["diff"], result
        account.sandbox.advance(7200)
        looks = {"fine_tune": task, module: {**given, **account.given(MODULES[provider][module])}}
        for look, options in looks.items():
            result = play(look, options)
            assert bool(result.get("failed")) is (look == "fine_tune"), result
            assert re.search(r"The run of (\*+|REDACTED) failed", unsaid(result, secret)), look
