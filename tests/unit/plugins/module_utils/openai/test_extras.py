# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only some hosts and gateways take: further headers, query and body; and limits that are OpenAI's alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._engine.secrets import of_options
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import argument_spec
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.client import AUTH_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.desired import SPEC as MODEL_OPTIONS
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import player

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

DIALECTS = ("openai", "azure", "compatible", "gateway", "selfhosted")
HEADERS = {"x-portkey-api-key": "pk-SECRETSECRET-1", "x-portkey-provider": "openai", "x-trace": True, "x-none": None}
BODY = {"from_checkpoint": "ftckpt_1", "tags": ["a", "b"], "left_out": None}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_h8_headers_and_query_go_with_every_request(still_sandbox: Sandbox, dialect: str) -> None:
    host = Host(still_sandbox, dialect)
    extra: dict[str, Any] = {"extra_headers": HEADERS, "extra_query": {"custom_llm_provider": "openai", "n": 1}}
    file_id = host.dataset(chat_lines(), **extra)["file_id"]
    host.wanted(file_id, **extra)
    host.info(name="support-bot", **extra)
    calls = still_sandbox.requests(operation="openai.*")
    assert {call["operation"] for call in calls} >= {"openai.files.create", "openai.jobs.create", "openai.jobs.list"}
    for call in calls:
        assert {"custom_llm_provider": "openai", "n": "1"}.items() <= dict(parse_qsl(call["query"])).items(), call
        sent = {name.lower(): value for name, value in call["headers"].items()}
        assert sent["x-portkey-provider"] == "openai" and sent["x-trace"] == "true" and "x-none" not in sent
        assert "x-portkey-api-key" in sent


@pytest.mark.parametrize("dialect", ["compatible", "gateway", "openai"])
def test_h8_body_and_key_of_an_integration(still_sandbox: Sandbox, dialect: str) -> None:
    still_sandbox.openai.settings(extra_body="accepted")
    host = Host(still_sandbox, dialect)
    file_id = host.file()
    desired: dict[str, Any] = {
        "extra_body": BODY,
        "integrations": [{"type": "wandb", "wandb": {"project": "p", "api_key": "WANDB-SECRET-9"}}],
    }
    foreseen = host.wanted(file_id, check_mode=True, **desired)
    assert foreseen["diff"]["after"]["extra_body"] == {"from_checkpoint": "ftckpt_1", "tags": ["a", "b"]}
    assert "WANDB-SECRET-9" not in json.dumps(foreseen)
    host.wanted(file_id, **desired)
    job = host.jobs()[0]
    assert {"from_checkpoint": "ftckpt_1", "tags": ["a", "b"]}.items() <= job["extra"].items()
    assert "left_out" not in job["extra"]
    assert job["integrations"][0]["wandb"]["api_key"] == "WANDB-SECRET-9"
    again = host.wanted(file_id, **desired)
    assert again["changed"] is False
    other = host.wanted(file_id, **{**desired, "extra_body": {"from_checkpoint": "ftckpt_2"}}, retrain="on_change")
    assert (other["changed"], len(host.jobs())) == (False, 1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"extra_headers": {"Authorization": "Bearer x"}}, "'Authorization' is sent by this collection itself"),
        ({"extra_headers": {"content-type": "x"}}, "'content-type' is sent by this collection itself"),
        ({"extra_headers": {"OpenAI-Project": "x"}}, "Give the option project"),
        ({"extra_headers": {"x y": "1"}}, "a name is not one of a header"),
        ({"extra_headers": {"x-a": "one\r\nx-b: two"}}, "line break"),
        ({"extra_headers": {"x-a": "SECRETSECRET\n"}}, "line break"),
        ({"extra_headers": {"x-a": "ü"}}, "another character"),
        ({"extra_headers": {"x-a": ["1"]}}, "not a text, a number"),
        ({"extra_headers": {"x-a": "1", "X-A": "2"}}, "given twice"),
        ({"extra_query": {"limit": 3}}, "'limit' is sent by this collection itself"),
        ({"extra_query": {"metadata[llmops_finetune_name]": "x"}}, "is sent by this collection itself"),
        ({"extra_query": {"x": {"y": 1}}}, "not a text, a number"),
        ({"extra_query": {"": 1}}, "a name is empty"),
        *(
            ({"extra_body": {key: "x"}}, f"'{key}' is sent by this collection itself")
            for key in ("model", "metadata", "training_file", "method", "hyperparameters", "suffix", "trainingType")
        ),
        ({"extra_body": {"x": float("nan")}}, "cannot be written as JSON"),
    ],
)
def test_h8_what_is_wrong_is_refused_before_any_call(
    still_sandbox: Sandbox, options: dict[str, Any], says: str
) -> None:
    host = Host(still_sandbox, "gateway")
    with pytest.raises(InvalidInput) as caught:
        host.wanted("file-1", **options)
    assert says in caught.value.text()
    assert "SECRETSECRET" not in caught.value.text()
    assert still_sandbox.count() == 0


def test_h8_azures_own_key_and_version_are_options(still_sandbox: Sandbox) -> None:
    host = Host(still_sandbox, "azure")
    for extra in ({"extra_headers": {"api-key": "x"}}, {"extra_query": {"api-version": "preview"}}):
        with pytest.raises(InvalidInput, match="is sent by this collection itself"):
            host.wanted("file-1", **extra)


def test_h8_secrets_are_masked_and_words_are_not() -> None:
    given = {
        "api_key": "sk-0000000000",
        "extra_headers": {
            "x-portkey-virtual-key": "open-sesame",
            "Cookie": "session=abcd",
            "x-auth": "Bearer zzzz-zzzz",
            "x-config": "pc-0123456789abcdefghijklmn",
            "x-provider": "openai",
            "x-trace": "on",
        },
        "extra_query": {"sig_token": "q1w2e3r4", "custom_llm_provider": "openai"},
        "extra_body": {"nested": [{"hub_token": "hf_AAAA"}], "tags": ["support"]},
    }
    masked = set(of_options(MODEL_OPTIONS["argument_spec"], given))
    assert masked >= {
        *("open-sesame", "session=abcd", "Bearer zzzz-zzzz", "zzzz-zzzz", "pc-0123456789abcdefghijklmn"),
        *("q1w2e3r4", "hf_AAAA"),
    }
    assert not masked & {"openai", "on", "support"}


def test_h8_nothing_masked_is_printed(
    still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = Host(still_sandbox, "gateway")
    file_id = host.file()
    result = player(monkeypatch, capsys)(
        "openai_fine_tuned_model",
        {
            **{option: value for option, value in host.auth.items() if value is not None},
            "name": "bot",
            "model": host.base,
            "training_file": file_id,
            "extra_headers": HEADERS,
            "extra_body": {"hub_token": "hf_SECRETSECRET"},
            "integrations": [{"wandb": {"project": "p", "api_key": "WANDB-SECRETSECRET"}}],
        },
        check_mode=True,
    )
    assert "SECRETSECRET" not in json.dumps(result)
    # The module masks; since ansible-core 2.22 the controller.
    masked = result["diff"]["after"]["extra_body"]
    assert masked in ({"hub_token": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}, {"hub_token": "********"})


def test_h8_the_role_takes_the_same() -> None:
    entry = {
        "provider": "openai",
        "name": "bot",
        "openai": {"extra_headers": HEADERS, "extra_query": {"a": 1}, "extra_body": BODY, "missing_model_id": "ft:x"},
    }
    assert not ArgumentSpecValidator(argument_spec()).validate({"models": [entry]}).error_messages
    assert {"extra_headers", "extra_query"} <= set(AUTH_SPEC)


GRADER = {"type": "lambda", "lambda": {"function": "arn:aws:lambda:us-east-1:123456789012:function:reward"}}


def test_h8_reinforcement_without_validation_data(still_sandbox: Sandbox) -> None:
    still_sandbox.openai.settings(openai_limits=False)
    host = Host(still_sandbox, "gateway")
    lines = "".join(
        json.dumps({"messages": [{"role": "user", "content": f"Question {number}?"}], "answer": number}) + "\n"
        for number in range(20)
    )
    file_id = host.dataset(lines, format="openai_reinforcement")["file_id"]
    method = {"type": "reinforcement", "reinforcement": {"grader": GRADER}}
    try:
        result = host.wanted(file_id, "rft", method=method, check_mode=True)
    finally:
        still_sandbox.openai.settings(openai_limits=None)
    assert result["action"] == "create"
    assert result["diff"]["after"]["grader"] == GRADER
    with pytest.raises(InvalidInput, match=r"validation_file is missing"):
        host.wanted(file_id, "rft", method=method, api_type="openai")


def test_h8_bedrocks_own_host_needs_neither_validation_data_nor_a_suffix() -> None:
    from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.desired import read_desired
    from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.hosts import host_for

    url = "https://bedrock-mantle.us-west-2.api.aws/v1"
    params = {
        **{option: spec.get("default") for option, spec in MODEL_OPTIONS["argument_spec"].items()},
        "name": "rft",
        "model": "openai.gpt-oss-20b",
        "training_file": "file-1",
        "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}},
    }
    for api_type in (None, "openai"):
        desired = read_desired(params, host_for({"base_url": url, "api_type": api_type}), check_mode=False)
        assert "suffix" not in desired and desired["grader"] == GRADER


@pytest.mark.parametrize(("key", "value"), [("n_epochs", 51), ("batch_size", 257), ("n_epochs", 1000)])
def test_h8_openais_bounds_are_a_doubt_elsewhere(still_sandbox: Sandbox, key: str, value: int) -> None:
    still_sandbox.openai.settings(openai_limits=False)
    host = Host(still_sandbox, "gateway")
    file_id = host.file()
    result = host.wanted(file_id, hyperparameters={key: value}, check_mode=True)
    assert result["action"] == "create"
    assert [warning for warning in host.warnings if f"hyperparameters.{key} is {value}; OpenAI takes" in warning]
    for wrong in (0, "few", 1.5):
        with pytest.raises(InvalidInput, match=f"{key} is "):
            host.wanted(file_id, hyperparameters={key: wrong}, check_mode=True)
    with pytest.raises(InvalidInput, match=f"{key} is {value}"):
        host.wanted(file_id, hyperparameters={key: value}, api_type="openai", check_mode=True)
