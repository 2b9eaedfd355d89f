# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3, systematically: a marked value in every option of the authentication and in every wrong form, in each variable of
the environment, in each line of a profile, and in what a host answers; it is in nothing that is printed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.secrets import mask
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import FakeModule
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.test_secrets import MODULES
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.test_signing_in_azure import (
    OWN,
    THEIRS,
    ClientAuthenticationError,
    Identity,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

MARK = "mK7x9Qz4Lw2Tr8Vb5"
"""In each secret: what must not be printed, whole or as a line of its own."""
_BODY = "\n".join(f"MIIEv{n}{MARK}{n}Qw{'aB3dE5gH' * 4}" for n in range(10, 16))
FORMS: dict[str, Any] = {
    "key": f"sk-{MARK}-0123456789",
    "word": MARK,
    "newline": f"{MARK}/abc+def\n",
    "spaces": f"the {MARK} pass phrase",
    "pem": f"-----BEGIN PRIVATE KEY-----\n{_BODY}\n-----END PRIVATE KEY-----\n",
    "pem-crlf": f"-----BEGIN RSA PRIVATE KEY-----\r\n{MARK}aB3dE5gHaB3dE5gH\r\n-----END RSA PRIVATE KEY-----\r\n",
    "flat": f"-----BEGIN PRIVATE KEY-----\\n{MARK}aB3dE5gHaB3dE5gH\\n-----END PRIVATE KEY-----",
    "base64": f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{MARK}" + "aB3/E5+H" * 60,
    "json": json.dumps({"type": "service_account", "private_key": MARK}),
    "jwt": f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI{MARK}.c2lnbmF0dXJl{MARK}",
    "url": f"https://user:{MARK}@host.example/v1",
    "query": f"https://host.example/v1?api-key={MARK}",
    "other-url": f"redis://:{MARK}@host.example:6379/0",
    "accent": f"{MARK}-ünter",
    "control": f"{MARK}-\x00\x1b[31m",
    "list": [MARK, {"x": MARK}],
    "dictionary": {"value": f"{MARK}-0123456789"},
}
OPTIONS: dict[str, list[str]] = {
    "openai": ["api_key", "azure_ad_token", "organization", "project", "base_url", "azure_endpoint", "ca_path",
               "api_type", "timeout", "max_retries", "validate_certs", "api_version", "api_kye"],
    "bedrock": ["access_key", "secret_key", "session_token", "profile", "region", "endpoint_url", "aws_ca_bundle",
                "validate_certs", "aws_secret_key", "secret_keys"],
    "oci": ["config_file_location", "config_profile_name", "api_user", "api_user_fingerprint", "api_user_key_file",
            "api_user_key_content", "api_user_key_pass_phrase", "tenancy", "region", "cert_bundle", "auth_type",
            "service_endpoint", "api_user_key"],
}  # fmt: skip
# What is no secret as long as it is what its option takes: shown as it was given, with -vvv.
_HARMLESS = {
    "api_version", "access_key", "organization", "project", "region", "profile", "tenancy", "api_user",
    "api_user_fingerprint", "config_profile_name",
}  # fmt: skip
_WELL_FORMED = {"key", "word", "base64"}
VARIABLES = {
    "openai": ["OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_BASE_URL", "OPENAI_API_TYPE",
               "OPENAI_ORG_ID", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE"],
    "bedrock": ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_REGION",
                "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                "AWS_CONFIG_FILE", "HTTP_PROXY"],
    "oci": ["OCI_USER_KEY_CONTENT", "OCI_USER_KEY_FILE", "OCI_USER_KEY_PASS_PHRASE", "OCI_CONFIG_FILE",
            "OCI_CONFIG_PROFILE", "OCI_USER_ID", "OCI_USER_FINGERPRINT", "OCI_TENANCY", "OCI_REGION",
            "OCI_ANSIBLE_AUTH_TYPE", "OCI_ANSIBLE_CERT_BUNDLE", "OCI_SERVICE_ENDPOINT"],
}  # fmt: skip
# One module of each kind: a driver, its data, what only looks.
CHOSEN = {
    "openai": ["openai_fine_tuned_model", "openai_dataset", "openai_fine_tuned_model_info"],
    "bedrock": ["bedrock_custom_model", "bedrock_foundation_model_info"],
    "oci": ["oci_generative_ai_model", "oci_generative_ai_dedicated_ai_cluster_info"],
}


class Desk:
    """Runs tasks, and looks for the mark in all that they print."""

    def __init__(self, play: Play, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.play, self.sandbox, self.folder = play, sandbox, folder
        self.monkeypatch = monkeypatch
        self.turn = 0
        nothing_of_this_machine(monkeypatch)
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
        for name, value in sandbox.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(folder))
        sdk = ConfigParser(interpolation=None)
        sdk.read(sandbox.oci.config_file)
        self.profile = dict(sdk["DEFAULT"])

    def valid(self, provider: str) -> dict[str, Any]:
        """The credential as options."""
        keys = {"access_key": self.sandbox.aws.access_key, "secret_key": self.sandbox.aws.secret_key}
        return {
            "openai": {"api_key": self.sandbox.api_key, "max_retries": 0},
            "bedrock": {**keys, "region": "us-east-1"},
            "oci": {"config_file_location": self.sandbox.oci.config_file},
        }[provider]

    def tasks(self, provider: str, module: str, own: Mapping[str, Any]) -> dict[str, Any]:
        """The module with a credential."""
        return {**MODULES[provider][module], **own}

    def clean(self, provider: str, own: Mapping[str, Any], harmless: bool = False) -> list[str]:
        """Run a module of a provider, each in its turn, and fine_tune, with these options; what they said."""
        module = CHOSEN[provider][self.turn % len(CHOSEN[provider])]
        self.turn += 1
        said = [self.look(self.play(module, self.tasks(provider, module, own)), module, harmless)]
        pipeline = {
            "bucket": "bucket-of-data",
            "role_arn": "arn:aws:iam::123456789012:role/r",
            "output_s3_uri": "s3://b/r",
        }
        places = {"bucket": "data", "compartment_id": "ocid1.compartment.oc1..c", "dedicated_ai_cluster_id": "ocid1.x"}
        more: dict[str, dict[str, Any]] = {"openai": {}, "bedrock": pipeline, "oci": places}
        lines = [{"prompt": f"What is {n}?", "completion": f"It is {n}."} for n in range(40)]
        bases = {
            "openai": "gpt-4o-mini",
            "bedrock": "meta.llama3-1-8b-instruct-v1:0:128k",
            "oci": "meta.llama-3.3-70b-instruct",
        }
        model = {"provider": provider, "name": "bot", "base_model": bases[provider], "training_data": lines}
        own = {**more[provider], **own}
        result = self.play("fine_tune", {"models": [{**model, provider: own}], "wait": False}, check_mode=True)
        said.append(self.look(result, "fine_tune", harmless))
        return said

    def look(self, result: dict[str, Any], module: str, harmless: bool) -> str:
        """The mark is nowhere; an option that is no secret may be shown among the options, in no message."""
        shown = {name: value for name, value in result.items() if not (harmless and name == "invocation")}
        text = json.dumps(shown, ensure_ascii=False)
        assert MARK not in text, f"{module}: {_around(text)}"
        assert not re.search(r"Traceback|configparser|Error: ", str(result.get("msg"))), result["msg"]
        return str(result.get("msg", ""))


def _around(text: str) -> str:
    at = text.index(MARK)
    return text[max(0, at - 200) : at + 100]


@pytest.fixture
def desk(play: Play, still_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(play, still_sandbox, tmp_path, monkeypatch)


@pytest.mark.parametrize(("provider", "option"), [(p, o) for p, options in OPTIONS.items() for o in options])
def test_s3_a_secret_in_any_option_in_any_form(desk: Desk, provider: str, option: str) -> None:
    for form, value in FORMS.items():
        given = {**desk.valid(provider), option: value}
        if option == "profile":
            given = {option: value, "region": "us-east-1"}
        harmless = option in _HARMLESS and form in _WELL_FORMED | {"spaces", "accent", "jwt", "list", "dictionary"}
        desk.clean(provider, given, harmless)


@pytest.mark.parametrize(("provider", "variable"), [(p, v) for p, names in VARIABLES.items() for v in names])
def test_s3_a_secret_in_any_variable_in_any_form(desk: Desk, provider: str, variable: str) -> None:
    for value in FORMS.values():
        if not isinstance(value, str) or "\0" in value:
            continue
        with desk.monkeypatch.context() as patch:
            patch.setenv(variable, value)
            desk.clean(provider, {"max_retries": 0} if provider == "openai" else {})


class QuotingIdentity(Identity):
    """A library that quotes all that it is given in its errors."""

    def get_token(self, scope: str) -> Any:
        self.fails = ClientAuthenticationError(f"Authentication failed: {self.made[-1]}")
        return super().get_token(scope)


@pytest.fixture
def entra(desk: Desk) -> dict[str, Any]:
    """The options of a service principal at Azure, whose library quotes them."""
    QuotingIdentity(lambda: "").install(desk.monkeypatch)
    desk.monkeypatch.delenv("OPENAI_API_TYPE", raising=False)
    endpoint = {"azure_endpoint": desk.sandbox.azure_endpoint, "api_version": "2025-04-01-preview"}
    return {**endpoint, **OWN, "max_retries": 0}


@pytest.mark.parametrize("option", [*OWN, "auth_source", "profile", "cloud_environment"])
def test_s3_a_secret_in_any_option_of_entra_in_any_form(desk: Desk, entra: dict[str, Any], option: str) -> None:
    for form, value in FORMS.items():
        harmless = option == "profile" and form in _WELL_FORMED | {"spaces", "accent", "jwt", "list", "dictionary"}
        desk.clean("openai", {**entra, option: value}, harmless)


@pytest.mark.parametrize("variable", [*THEIRS, "AZURE_PROFILE", "AZURE_CLOUD_ENVIRONMENT", "ANSIBLE_AZURE_AUTH_SOURCE"])
def test_s3_a_secret_in_any_variable_of_entra(desk: Desk, entra: dict[str, Any], variable: str) -> None:
    given = {name: value for name, value in entra.items() if name not in OWN}
    for value in FORMS.values():
        if isinstance(value, str) and "\0" not in value:
            with desk.monkeypatch.context() as patch:
                for name in THEIRS if variable != "AZURE_CLOUD_ENVIRONMENT" else ():
                    patch.setenv(name, THEIRS[name])
                patch.setenv(variable, value)
                desk.clean("openai", given if variable != "AZURE_CLOUD_ENVIRONMENT" else entra)


def test_s3_any_line_of_a_profile_of_azure(desk: Desk, entra: dict[str, Any]) -> None:
    path = desk.folder / ".azure" / "credentials"
    path.parent.mkdir()
    text = (
        f"[default]\nclient_id = {MARK}\nsecret = {MARK}/x\ntenant = {MARK}.example\ncloud_environment = AzureCloud\n"
    )
    own = {**{name: value for name, value in entra.items() if name not in OWN}, "auth_source": "credential_file"}
    for raw in (text.encode(), *spoilt(text)):
        path.write_bytes(raw)
        desk.look(desk.play("openai_fine_tuned_model_info", own), "openai_fine_tuned_model_info", harmless=False)


@pytest.mark.parametrize("form", FORMS)
def test_s3_an_admin_key_in_any_form(desk: Desk, form: str) -> None:
    """As an option, in the environment, and where a model or a project belongs."""
    checkpoint = {"checkpoint": "ft:gpt-4o-mini:acme::1"}
    own = {**desk.valid("openai"), **checkpoint}
    desk.sandbox.fault("openai.*", status=400, body={"error": {"message": f"Bad key {FORMS[form]}"}})
    for module, more in (
        ("openai_checkpoint_permission", {"projects": ["proj_a"]}),
        ("openai_checkpoint_permission_info", {}),
    ):
        desk.look(desk.play(module, {**own, **more, "admin_api_key": FORMS[form]}), module, harmless=False)
        with desk.monkeypatch.context() as patch:
            if isinstance(FORMS[form], str) and "\0" not in FORMS[form]:
                patch.setenv("OPENAI_ADMIN_KEY", FORMS[form])
                desk.look(desk.play(module, {**own, **more}), module, harmless=False)
        for option in ("checkpoint", "projects"):
            if option in {**own, **more}:
                desk.look(desk.play(module, {**own, **more, option: FORMS[form]}), module, harmless=True)


def spoilt(text: str) -> list[bytes]:
    """A file of profiles with something wrong in each line, one at a time."""
    lines = text.splitlines()
    found = [text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()]
    for number, line in enumerate(lines):
        name, _equals, value = line.partition("=")
        for other in (
            f"{name.strip()} {value}",
            f"{line}\n{line}",
            f"  {line}",
            f"{name}= {MARK}\n  {MARK}",
            f"{MARK} = {value}",
            f"[{MARK}]\n{line}\n[{MARK}]",
            f"{MARK}",
            f"[{MARK}",
        ):
            found.append("\n".join([*lines[:number], other, *lines[number + 1 :]]).encode())
        found.append("\n".join(lines[:number]).encode() + b"\n" + line.encode() + b"\xff\n")
    return found


def test_s3_any_line_of_a_profile_of_oci(desk: Desk) -> None:
    entries = {**desk.profile, "pass_phrase": MARK, "security_token_file": f"/x/{MARK}", "key_content": MARK}
    text = "[DEFAULT]\n" + "".join(f"{name}={value}\n" for name, value in entries.items())
    path = desk.folder / "config"
    for raw in spoilt(text):
        path.write_bytes(raw)
        result = desk.play("oci_generative_ai_model_info", {
            "compartment_id": desk.sandbox.oci.compartment_id, "config_file_location": str(path)
        })  # fmt: skip
        desk.look(result, "oci_generative_ai_model_info", harmless=False)


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_s3_any_line_of_a_profile_of_aws(desk: Desk, variable: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        desk.monkeypatch.delenv(name)
    head = "[profile mine]" if variable == "AWS_CONFIG_FILE" else "[mine]"
    text = f"{head}\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {MARK}\naws_session_token = {MARK}-x\n"
    path = desk.folder / "aws"
    desk.monkeypatch.setenv(variable, str(path))
    for raw in spoilt(text):
        path.write_bytes(raw)
        result = desk.play("bedrock_custom_model_info", {"profile": "mine", "region": "us-east-1"})
        desk.look(result, "bedrock_custom_model_info", harmless=False)


@pytest.mark.parametrize("provider", ["openai", "bedrock", "oci"])
def test_s3_a_host_that_shows_what_it_was_sent(desk: Desk, provider: str) -> None:
    """An error whose text is the credential, at a host that is refused for any other reason."""
    own: dict[str, dict[str, Any]] = {
        "openai": {"api_key": f"sk-{MARK}-0123456789", "max_retries": 0},
        "bedrock": {"access_key": desk.sandbox.aws.access_key, "secret_key": f"{MARK}/abc", "region": "us-east-1"},
        "oci": {**desk.valid("oci"), "api_user_key_pass_phrase": f"pp-{MARK}"},
    }
    secret = next(value for value in own[provider].values() if MARK in str(value))
    bodies: dict[str, Any] = {
        "openai": {"error": {"message": f"Bad header: Bearer {secret}"}},
        "bedrock": {"message": f"Bad key {secret}"},
        "oci": {"code": "X", "message": f"Bad phrase {secret}"},
    }
    desk.sandbox.fault(f"{provider}.*", status=400, body=bodies[provider])
    said = [text for _module in CHOSEN[provider] for text in desk.clean(provider, own[provider])]
    assert any("Bad" in text for text in said), said


def test_s3_what_is_masked_is_registered_where_ansible_has_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = import_module("ansible_collections.llmops.finetune.plugins.module_utils._engine.secrets")
    seen: set[str] = set()
    monkeypatch.setattr(secrets, "_register", seen.update)
    module = FakeModule({})
    mask(module, ["whole\nof two long lines", None, ""])
    assert seen == module.no_log_values
    assert {"whole\nof two long lines", "of two long lines"} <= seen


SIGNED = [
    f"https://account.blob.core.windows.net/data/train.jsonl?sv=2024-11-04&sp=r&sig={MARK}%2B1%3D",
    f"https://bucket.s3.amazonaws.com/train.jsonl?X-Amz-Credential=AKIA{MARK}&X-Amz-Signature={MARK}",
    f"https://host.example/train.jsonl?access_token={MARK}",
    f"https://objectstorage.us-chicago-1.oraclecloud.com/p/{MARK}-{MARK}/n/ns/b/data/o/train.jsonl",
    f"https://user:{MARK}@host.example/train.jsonl",
]
NAMES_DATA = {
    "openai_dataset": ["src", "name"],
    "openai_fine_tuned_model": ["training_file", "validation_file"],
    "bedrock_dataset": ["src", "bucket", "key", "name"],
    "oci_generative_ai_dataset": ["src", "bucket", "object", "name"],
    "dataset_info": ["path"],
    "dataset": ["src", "dest"],
}


@pytest.mark.parametrize("address", SIGNED)
def test_s3_an_address_that_is_signed_where_data_are_named(desk: Desk, address: str) -> None:
    for module, options in NAMES_DATA.items():
        provider = next((known for known, modules in MODULES.items() if module in modules), None)
        own = {**MODULES[provider][module], **desk.valid(provider)} if provider else {}
        for option in options:
            given = {key: value for key, value in own.items() if (key, option) != ("content", "src")}
            desk.look(desk.play(module, {**given, option: address}), module, harmless=False)
    model = {"provider": "openai", "name": "bot", "base_model": "gpt-4o-mini", "openai": desk.valid("openai")}
    for names in ({"training_data": address}, {"training_data": "x", "validation_data": address}):
        result = desk.play("fine_tune", {"models": [{**model, **names}], "wait": False})
        desk.look(result, "fine_tune", harmless=False)
