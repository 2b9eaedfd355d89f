# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions and answers in training data: for each answer of the assistant, the conversation before it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from finetune_sandbox.openai.chat_params import message_text
from finetune_sandbox.openai.dataset import PREFERENCE, REINFORCEMENT, SUPERVISED
from finetune_sandbox.openai.graders import grader_parts
from finetune_sandbox.server.answers import Example, read_prompt

_REFERENCE = re.compile(r"\{\{\s*item\.([A-Za-z0-9_]+)\s*\}\}")


def reader(method: str, grader: Any) -> Callable[[dict[str, Any]], Iterator[Example]]:
    """The function that reads the examples of a line, for a method of training."""
    if method == PREFERENCE:
        return _preference
    if method == REINFORCEMENT:
        names = _reference_names(grader)
        return lambda record: _reinforcement(record, names)
    return _supervised if method == SUPERVISED else lambda _record: iter(())


def _example(before: list[dict[str, Any]], answer: dict[str, Any]) -> Example:
    prompt = read_prompt([(str(message.get("role")), message_text(message)) for message in before])
    content = answer.get("content")
    kept: dict[str, Any] = {
        "content": content if content is None or isinstance(content, str) else message_text({"content": content})
    }
    calls = [
        {"type": "function", "function": {key: call["function"].get(key, "") for key in ("name", "arguments")}}
        for call in answer.get("tool_calls") or []
    ]
    if calls:
        kept["tool_calls"] = calls
    if answer.get("refusal"):
        kept["refusal"] = answer["refusal"]
    return Example(prompt, kept)


def _supervised(record: dict[str, Any]) -> Iterator[Example]:
    """Chat; an answer of weight 0 is not trained."""
    messages = record.get("messages", [])
    for index, message in enumerate(messages):
        if message.get("role") == "assistant" and message.get("weight") != 0 and not message.get("function_call"):
            yield _example(messages[:index], message)


def _preference(record: dict[str, Any]) -> Iterator[Example]:
    """The preferred output."""
    for message in record["preferred_output"][:1]:
        yield _example(record["input"]["messages"], message)


def _reinforcement(record: dict[str, Any], names: list[str]) -> Iterator[Example]:
    """The reference of the grader, if the line has one."""
    for name in names:
        value = record.get(name)
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield _example(record["messages"], {"content": text})
            return


def _reference_names(grader: Any) -> list[str]:
    """The members of a line that a grader compares with."""
    if not isinstance(grader, dict):
        return []
    parts = grader_parts(grader).values() if grader.get("type") == "multi" else [grader]
    references = [part.get("reference") for part in parts if isinstance(part, dict)]
    return [name for text in references if isinstance(text, str) for name in _REFERENCE.findall(text)]
