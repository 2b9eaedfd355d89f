# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estimate of tokens against what o200k_base counts, which is kept in data/token_counts.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import scan as scan_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.tokens import count_tokens
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import LIMITS, scan

_KNOWN = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "token_counts.jsonl").read_text(encoding="utf-8").splitlines()
]
_TOOL = {
    "type": "function",
    "function": {
        "name": "create_ticket",
        "description": "Open a support ticket for a customer",
        "parameters": {
            "type": "object",
            "properties": {
                "subject": {"type": "string", "maxLength": 120},
                "priority": {"type": "string", "enum": ["low", "normal", "high"]},
                "customer_id": {"type": "integer"},
            },
            "required": ["subject", "customer_id"],
            "additionalProperties": False,
        },
    },
}
_TOOL_TOKENS = 107  # of o200k_base, for the JSON text of a list with _TOOL
_CHAT = {"messages": [{"role": "user", "content": "Question 3?"}, {"role": "assistant", "content": "Answer 3."}]}
_CHAT_TOKENS = 2 * 4 + 2 * 3 + 3


def estimate(*examples: dict[str, Any]) -> int:
    return scan(Source.from_content([*examples]), limits=LIMITS["openai"]).estimated_tokens


@pytest.mark.parametrize("known", _KNOWN, ids=[f"{n}-{known['label']}" for n, known in enumerate(_KNOWN)])
def test_g2_an_estimate_is_within_15_percent_of_the_tokenizer(known: dict[str, Any]) -> None:
    assert count_tokens(known["text"]) == pytest.approx(known["o200k_base"], rel=0.15)


def test_g2_the_estimate_of_a_dataset_is_that_of_its_texts() -> None:
    known = next(known for known in _KNOWN if known["label"] == "chinese")
    example = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": known["text"]}]}
    assert estimate(*[example] * 10) == pytest.approx(10 * (known["o200k_base"] + 1 + 9), rel=0.15)


def test_g1_declared_tools_are_counted() -> None:
    assert estimate(_CHAT) == _CHAT_TOKENS
    assert estimate({**_CHAT, "tools": [_TOOL]}) - _CHAT_TOKENS == pytest.approx(_TOOL_TOKENS, rel=0.15)


def test_g1_tools_are_counted_on_the_careful_path_too() -> None:
    """A line that has a warning is read a second time, precisely."""
    odd = {**_CHAT, "tools": [_TOOL], "unknown": True}
    assert estimate(odd) - _CHAT_TOKENS == pytest.approx(_TOOL_TOKENS, rel=0.15)


def test_g1_tool_calls_are_counted() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "create_ticket", "arguments": '{"subject": "x"}'}}
    example = {"messages": [_CHAT["messages"][0], {"role": "assistant", "tool_calls": [call]}], "tools": [_TOOL]}
    assert estimate(example) > _TOOL_TOKENS


def test_fields_for_the_grader_are_not_trained_on() -> None:
    prompt = {"messages": [_CHAT["messages"][0]]}
    assert estimate({**prompt, "reference": "word " * 1000}) == estimate({**prompt, "reference": "word"})


def test_a_large_file_is_estimated_by_a_sample_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [known["text"] for known in _KNOWN]
    lines = [
        json.dumps({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"{number}"}]})
        for number in range(40)
        for text in texts
    ]
    path = tmp_path / "large.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    counted = scan(Source.from_path(path), limits=LIMITS["openai"]).estimated_tokens
    monkeypatch.setattr(scan_module, "COUNTED_BYTES", 1)
    assert scan(Source.from_path(path), limits=LIMITS["openai"]).estimated_tokens == pytest.approx(counted, rel=0.05)


def test_a_file_of_long_lines_is_estimated_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = next(known["text"] for known in _KNOWN if known["label"] == "english") * 400
    line = json.dumps({"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}]})
    path = tmp_path / "long.jsonl"
    path.write_text(f"{line}\n" * 12, encoding="utf-8")
    counted = scan(Source.from_path(path), limits=LIMITS["openai"]).estimated_tokens
    monkeypatch.setattr(scan_module, "COUNTED_BYTES", 1)
    assert scan(Source.from_path(path), limits=LIMITS["openai"]).estimated_tokens == pytest.approx(counted, rel=0.05)


def test_a_text_without_words_ends() -> None:
    """Neither a very long piece nor an empty text takes time or fails."""
    assert count_tokens("") == 0
    assert count_tokens("=" * 1_000_000) > 0
    assert count_tokens("x" * 1_000_000) > 1000
