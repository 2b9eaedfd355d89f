# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kind of host a task is for, and what follows from that before anything else is known of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.hosts import ENVIRONMENT, host_for
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.provider import Adapter
from ansible_collections.llmops.finetune.plugins.module_utils._providers.base import ModelSpec
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    MODEL,
    Host,
    chat_lines,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

AZURE_NAMES = (
    *("res.openai.azure.com", "res.cognitiveservices.azure.com", "res.services.ai.azure.com"),
    *("res.openai.azure.us", "res.cognitiveservices.azure.cn", "eastus2.api.cognitive.microsoft.com"),
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*ENVIRONMENT.values(), "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("options", "environment", "kind", "own", "v1"),
    [
        ({}, {}, "openai", True, False),
        *(
            ({"base_url": f"https://{region}api.openai.com/v1"}, {}, "openai", True, False)
            for region in ("", "us.", "eu.", "ae.", "au.", "in.", "jp.", "mtls.")
        ),
        ({"base_url": "https://API.OpenAI.com:443/v1/"}, {}, "openai", True, False),
        ({"base_url": "https://api.openai.com.example.net/v1"}, {}, "compatible", False, False),
        ({"base_url": "https://example.net/api.openai.com/v1"}, {}, "compatible", False, False),
        ({"base_url": "http://127.0.0.1:8000/v1"}, {}, "compatible", False, False),
        ({}, {"OPENAI_BASE_URL": "https://llm.example.com/v1"}, "compatible", False, False),
        ({"base_url": "https://llm.example.com/v1"}, {"OPENAI_API_TYPE": "openai"}, "openai", False, False),
        ({"api_type": "compatible"}, {}, "compatible", True, False),
        ({"api_type": "compatible"}, {"OPENAI_API_TYPE": "openai"}, "compatible", True, False),
        ({}, {"AZURE_OPENAI_ENDPOINT": "https://res.openai.azure.com"}, "openai", True, False),
        ({"azure_endpoint": "https://res.openai.azure.com/"}, {}, "azure", False, False),
        ({"azure_endpoint": "https://res.openai.azure.com"}, {"OPENAI_API_TYPE": "openai"}, "azure", False, False),
        ({"api_type": "azure"}, {"AZURE_OPENAI_ENDPOINT": "https://res.openai.azure.com"}, "azure", False, False),
        ({"azure_endpoint": "https://apim.example.com/our-models"}, {}, "azure", False, False),
        *(({"base_url": f"https://{name}/openai/v1/"}, {}, "azure", False, True) for name in AZURE_NAMES),
        *(({"azure_endpoint": f"https://{name}/openai/v1"}, {}, "azure", False, True) for name in AZURE_NAMES),
        ({"base_url": f"https://{AZURE_NAMES[2]}/api/projects/p/openai/v1"}, {}, "azure", False, True),
        ({"base_url": "https://apim.example.com/openai/v1", "api_type": "azure"}, {}, "azure", False, True),
        ({"base_url": "https://apim.example.com/openai/v1"}, {}, "compatible", False, False),
        (
            {"base_url": "https://res.openai.azure.com/openai/v1/"},
            {"AZURE_OPENAI_ENDPOINT": "https://other.openai.azure.com", "OPENAI_API_TYPE": "azure"},
            "azure",
            False,
            True,
        ),
    ],
)
def test_the_kind_of_host_follows_from_the_address(
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    environment: dict[str, str],
    kind: str,
    own: bool,
    v1: bool,
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    host = host_for(options)
    assert (host.kind, host.own, host.v1) == (kind, own, v1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"azure_endpoint": "https://res.openai.azure.com/openai"}, "path '/openai' at its end must go"),
        ({"azure_endpoint": "https://res.openai.azure.com/openai/deployments/x"}, "must go"),
        ({"azure_endpoint": "https://res.openai.azure.com/anything"}, "must go"),
        ({"azure_endpoint": "https://apim.example.com/openai/"}, "must go"),
        (
            {"base_url": "https://res.openai.azure.com"},
            r"whose path is not /openai/v1/.*res.openai.azure.com/openai/v1/",
        ),
        ({"base_url": "https://res.openai.azure.com/openai/deployments/x"}, "whose path is not /openai/v1/"),
    ],
)
def test_h7_a_path_that_must_go_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        host_for(options)
    assert re.search(says, caught.value.text())


def test_what_is_no_address_or_holds_a_password_is_told_by_nobody_here() -> None:
    for url in (
        "https://user:pa/ss@res.openai.azure.com/openai",
        "https://res.openai.azure.com/openai?key=x",
        "https://[",
    ):
        assert host_for({"azure_endpoint": url}).azure


@pytest.mark.parametrize("option", ["base_url", "azure_endpoint"])
@pytest.mark.parametrize("credential", ["api_key", "azure_ad_token"])
def test_h7_azure_without_a_version(still_sandbox: Sandbox, option: str, credential: str) -> None:
    """Its address is given as Microsoft's notebooks give it; the training type is sent, a token is as good as a key."""
    host = Host(still_sandbox, "azure")
    account = still_sandbox.openai.default_account
    secret = (
        still_sandbox.api_key if credential == "api_key" else getattr(account, "entra_token", still_sandbox.api_key)
    )
    auth = {
        "api_type": "azure" if option == "base_url" else None,
        "azure_endpoint": None,
        "api_version": None,
        "api_key": None,
        option: f"{still_sandbox.azure_endpoint}/openai/v1/",
        credential: secret,
    }
    file_id = host.dataset(chat_lines(), **auth)["file_id"]
    result = host.wanted(file_id, **auth)
    assert (result["action"], result["status"]) == ("create", "succeeded")
    still_sandbox.clear_log()
    again = host.wanted(file_id, **auth)
    assert (again["changed"], again["job_id"]) == (False, result["job_id"])
    assert {call["method"] for call in still_sandbox.requests()} == {"GET"}


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (
            "openai",
            "check its permissions.*If this address passes requests on to OpenAI",
        ),  # an explicit openai elsewhere
        ("azure", "check its permissions and the network's rules"),
        ("compatible", "check its permissions and the network's rules"),
    ],
)
def test_h6_a_refused_create_is_explained_by_what_the_host_is(still_sandbox: Sandbox, dialect: str, told: str) -> None:
    host = Host(still_sandbox, dialect)
    file_id = host.file()
    still_sandbox.fault(operation="openai.jobs.create", status=403, times=5)
    with pytest.raises(ApiError) as caught:
        host.wanted(file_id)
    assert caught.value.status == 403
    assert "organisations that never fine-tuned" not in caught.value.hint
    assert re.search(told, caught.value.hint)
    assert ("wind" in caught.value.hint) is (dialect == "openai")


def test_h6_openai_itself_is_explained_with_its_dates() -> None:
    import httpx2
    import openai
    from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.client import _read_error

    answer = httpx2.Response(403, json={}, request=httpx2.Request("POST", "https://eu.api.openai.com/v1"))
    error = openai.PermissionDeniedError("no", response=answer, body={"message": "no"})
    host = host_for({"base_url": "https://eu.api.openai.com/v1"})
    hint = _read_error("Creating the fine-tuning job for 'bot'", error, host, "train").hint
    assert "never fine-tuned" in hint and "2027-01-14" in hint and "gpt-4.1-mini" in hint


@pytest.mark.parametrize(
    ("own", "environment", "profile"),
    [
        ({"api_type": "compatible"}, {}, "compatible"),
        ({"base_url": "https://llm.example.com/v1"}, {}, "compatible"),
        ({}, {"OPENAI_BASE_URL": "https://llm.example.com/v1"}, "compatible"),
        ({}, {"OPENAI_API_TYPE": "azure"}, "azure"),
        ({"base_url": "https://res.openai.azure.com/openai/v1"}, {}, "azure"),
        ({"base_url": "https://llm.example.com/v1", "api_type": "openai"}, {}, "openai"),
        ({}, {}, "openai"),
    ],
)
def test_h8_limits_of_the_role_are_those_of_the_host(
    monkeypatch: pytest.MonkeyPatch, own: dict[str, Any], environment: dict[str, str], profile: str
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    adapter = Adapter(ModelSpec("openai", "bot", {"state": "present"}, own, MODEL))
    assert adapter.limits("training").profile == profile


@pytest.mark.parametrize("variable", [None, "compatible"])
def test_h8_nine_examples_are_a_doubt_at_a_compatible_host(
    still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    host = Host(still_sandbox, "compatible")
    if variable:
        monkeypatch.setenv("OPENAI_API_TYPE", variable)
    assert host.dataset(chat_lines(9), api_type=None)["changed"]
    with pytest.raises(InvalidInput, match="not a valid dataset"):
        host.dataset(chat_lines(9), api_type="openai")
