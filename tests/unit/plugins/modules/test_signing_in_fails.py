# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sign-in that fails, at each provider: one message, which says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

INFO = {
    "openai": ("openai_fine_tuned_model_info", {}),
    "azure": ("openai_fine_tuned_model_info", {}),
    "bedrock": ("bedrock_foundation_model_info", {}),
    "oci": ("oci_generative_ai_model_info", {"compartment_id": "COMPARTMENT"}),
}
OLD = "Signature expired: 20200101T000000Z is now earlier than 20200101T001000Z (5 min.)"
# Provider, credential, what the host answers instead of its own answer, and what the message says.
TABLE: list[tuple[str, dict[str, Any], dict[str, Any] | None, list[str]]] = [
    ("openai", {}, None, ["api_key is missing", "OPENAI_API_KEY"]),
    ("openai", {"api_key": "sk-wrong-4711-and-more"}, None, ["HTTP 401", "Check api_key"]),
    ("openai", {"api_key": "sk-wrong-4711\n"}, None, ["api_key has a space, a line break", "trim"]),
    ("azure", {}, None, ["api_key is missing", "AZURE_OPENAI_API_KEY"]),
    ("azure", {"api_key": "wrong-4711"}, None, ["HTTP 401"]),
    ("azure", {"azure_ad_token": "eyJ0eXAi.eyJleHAi.wrong4711"}, None, ["HTTP 401"]),
    ("bedrock", {}, None, ["there are no credentials", "access_key and secret_key", "profile"]),
    ("bedrock", {"secret_key": "wrong-4711"}, None, ["access_key is missing"]),
    ("bedrock", {"access_key": "KEY", "secret_key": "wrong-4711"}, None, ["HTTP 403", "Check access_key", "clock"]),
    ("bedrock", {"access_key": "AKIAWRONG", "secret_key": "wrong-4711"}, None, ["HTTP 403", "Check access_key"]),
    (
        "bedrock",
        {"access_key": "KEY", "secret_key": "SECRET", "session_token": "wrong-4711"},
        {"status": 403, "body": {"message": "expired"}, "headers": {"x-amzn-ErrorType": "ExpiredTokenException"}},
        ["ExpiredTokenException", "session_token"],
    ),
    (
        "bedrock",
        {"access_key": "KEY", "secret_key": "SECRET"},
        {"status": 403, "body": {"message": OLD}, "headers": {"x-amzn-ErrorType": "InvalidSignatureException"}},
        ["Signature expired", "clock"],
    ),
    ("oci", {}, None, ["There is no credential", "config_file_location"]),
    ("oci", {"config_file_location": "CONFIG", "api_user": "ocid1.user.oc1..x"}, None, ["HTTP 401", "clock"]),
    (
        "oci",
        {"config_file_location": "CONFIG"},
        {"status": 401, "body": {"code": "NotAuthenticated", "message": "Date outside of the allowed clock skew"}},
        ["clock skew", "Check api_user", "clock"],
    ),
]


@pytest.mark.parametrize(("provider", "given", "answer", "says"), TABLE)
def test_s5_a_sign_in_that_fails_is_one_message(
    play: Play,
    still_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    provider: str,
    given: dict[str, Any],
    answer: dict[str, Any] | None,
    says: list[str],
) -> None:
    nothing_of_this_machine(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    address = {"openai": "OPENAI_BASE_URL", "azure": "AZURE_OPENAI_ENDPOINT"}.get(provider)
    if address:
        monkeypatch.setenv(address, still_sandbox.openai_url if provider == "openai" else still_sandbox.azure_endpoint)
        monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
    places = {
        "KEY": still_sandbox.aws.access_key,
        "SECRET": still_sandbox.aws.secret_key,
        "CONFIG": str(still_sandbox.oci.config_file),
        "COMPARTMENT": still_sandbox.oci.compartment_id,
    }
    if answer:
        still_sandbox.fault("bedrock.*" if provider == "bedrock" else "oci.*", **answer)
    module, own = INFO[provider]
    options = {name: places.get(str(value), value) for name, value in {**own, **given}.items()}
    if provider == "azure":
        options["api_type"] = "azure"
    result = play(module, options)
    assert result["failed"], result
    for word in says:
        assert word in result["msg"], result["msg"]
    assert "\n" not in result["msg"] and "4711" not in json.dumps(result)
    assert not any(word in result["msg"] for word in ("Traceback", "botocore", "Error:"))
