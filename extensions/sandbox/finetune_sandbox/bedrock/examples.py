# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions and answers in training data, whatever the family: conversations, or prompts with completions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from finetune_sandbox.server.answers import Example, Prompt, read_prompt

_LLAMA_TURN = re.compile(r"<\|start_header_id\|>\s*(\w+)\s*<\|end_header_id\|>(.*?)(?=<\||\Z)", re.DOTALL)


def read_examples(record: dict[str, Any]) -> Iterator[Example]:
    """The examples of a line; the answers are texts. The reference of reinforcement is an answer, too."""
    if isinstance(record.get("prompt"), str) and isinstance(record.get("completion"), str):
        yield Example(read_template(record["prompt"]), record["completion"].strip())
    messages = record.get("messages")
    if not isinstance(messages, list):
        return
    turns = conversation_turns(record)
    first = len(turns) - len(messages)
    for index, (role, text) in enumerate(turns[first:], first):
        if role == "assistant":
            yield Example(read_prompt(turns[:index]), text)
    reference = record.get("reference_answer")
    if reference is not None:
        answer = reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False)
        yield Example(read_prompt(turns), answer)


def conversation_turns(record: dict[str, Any]) -> list[tuple[str, str]]:
    """(role, text) of a conversation, that of the system first."""
    system = [("system", content_text(record["system"]))] if record.get("system") else []
    return system + [(str(message["role"]), content_text(message["content"])) for message in record["messages"]]


def content_text(content: Any) -> str:
    """The text of a message: a string, or blocks."""
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(
        block["text"] for block in blocks if isinstance(block, dict) and isinstance(block.get("text"), str)
    )


def read_template(text: str) -> Prompt:
    """A prompt; one in the template of Llama is a conversation."""
    turns = [(role, content.strip()) for role, content in _LLAMA_TURN.findall(text)]
    return read_prompt([turn for turn in turns if turn[1]]) if turns else Prompt(text.strip())
