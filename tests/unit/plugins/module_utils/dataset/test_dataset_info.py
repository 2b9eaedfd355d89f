# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.limits import CUSTOMIZATION_TYPES
from ansible_collections.llmops.finetune.plugins.modules import dataset_info
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import FORMATS, LIMITS

CHAT = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]}
CONVERSE: dict[str, Any] = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Hello?"}]},
        {"role": "assistant", "content": [{"text": "Hi."}]},
    ],
}


class Ended(Exception):
    """The module has answered."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(str(result))
        self.result = result


class FakeModule:
    """Takes the place of AnsibleModule: options as they come, defaults filled in."""

    given: dict[str, Any]
    spec: dict[str, Any]

    def __init__(self, argument_spec: dict[str, Any], **_rules: Any) -> None:
        assert set(self.given) <= set(argument_spec)
        FakeModule.spec = argument_spec
        self.params = {name: self.given.get(name, spec.get("default")) for name, spec in argument_spec.items()}

    def fail_json(self, **result: Any) -> None:
        raise Ended({"failed": True, **result})

    def exit_json(self, **result: Any) -> None:
        raise Ended(result)


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_info, "Module", FakeModule)


def look(**options: Any) -> dict[str, Any]:
    FakeModule.given = options
    with pytest.raises(Ended) as ended:
        dataset_info.main()
    json.dumps(ended.value.result)
    return ended.value.result


def codes(result: dict[str, Any]) -> list[str]:
    return [issue["code"] for issue in result["errors"]]


def test_without_a_provider_the_format_names_it() -> None:
    found = look(content=[CONVERSE])
    assert (found["format"], found["detected"], found["valid"]) == ("bedrock_converse", True, True)
    # OpenAI asks for ten examples; Bedrock in general for none.
    assert codes(look(content=[CHAT])) == ["too_few_examples"]
    assert look(content=[CHAT], format="bedrock_claude")["valid"]
    assert codes(look(content="")) == ["empty"]


def test_the_base_model_decides_what_is_checked() -> None:
    nova = {"provider": "bedrock", "base_model_identifier": "amazon.nova-micro-v1:0:128k"}
    examples = [
        {**CONVERSE, "messages": [{"role": "user", "content": [{"text": f"{n}?"}]}, CONVERSE["messages"][1]]}
        for n in range(8)
    ]
    assert look(content=examples, **nova)["valid"]
    assert codes(look(content=examples[:7], **nova)) == ["too_few_examples"]
    assert look(content=examples[:7], split="validation", **nova)["valid"]
    assert codes(look(content=[CHAT] * 8, **nova)) == ["wrong_format"]
    distilled = look(content=examples, customization_type="DISTILLATION", **nova)
    assert (distilled["format"], codes(distilled)) == ("bedrock_distillation", ["too_few_examples"])


def test_oci_takes_pairs_and_splits_them_itself() -> None:
    pairs = [{"prompt": f"Question {n}?", "completion": "Yes."} for n in range(32)]
    found = look(content=pairs, provider="oci", base_model_identifier="cohere.command-r-08-2024")
    assert (found["format"], found["valid"], found["warning_count"]) == ("oci_completion", True, 0)
    assert look(content=pairs)["format"] == "openai_completion"
    assert codes(look(content=pairs[:31], provider="oci")) == ["too_few_examples"]
    assert codes(look(content=pairs, provider="oci", split="validation")) == ["validation_refused"]
    assert codes(look(content=[CHAT] * 32, provider="oci")) == ["wrong_format"]


@pytest.mark.parametrize(
    "option", [{"base_model_identifier": "amazon.nova-micro-v1:0"}, {"customization_type": "DISTILLATION"}]
)
def test_what_is_for_others_is_refused(option: dict[str, str]) -> None:
    result = look(content=[CHAT], provider="openai", **option)
    assert result["failed"]
    assert next(iter(option)) in result["msg"]


def test_oci_has_no_customization_type() -> None:
    assert look(content=[CHAT], provider="oci", customization_type="DISTILLATION")["failed"]


def test_what_cannot_be_read_fails(tmp_path: Path) -> None:
    assert "does not exist" in look(src=str(tmp_path / "none.jsonl"))["msg"]


def test_the_choices_are_all_there_are() -> None:
    look(content=[CHAT])
    for option, known in (("format", FORMATS), ("provider", LIMITS), ("customization_type", CUSTOMIZATION_TYPES)):
        assert sorted(FakeModule.spec[option]["choices"]) == sorted(known)
