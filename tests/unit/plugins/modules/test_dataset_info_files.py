# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""dataset_info as a whole: files of each format, bad ones, and what cannot be read."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

MODULE = "dataset_info"


def user(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Q{number}"}]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def jsonl(*examples: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(example).encode() + b"\n" for example in examples)


CHATS = [jsonl({"messages": user(number) + answer(f"A{number}")}) for number in range(12)]
CHAT = b"".join(CHATS)
FORMATS = {
    "openai_chat": CHAT,
    "openai_preference": jsonl(
        *(
            {"input": {"messages": user(n)}, "preferred_output": answer("a"), "non_preferred_output": answer("b")}
            for n in range(10)
        )
    ),
    "openai_reinforcement": jsonl(*({"messages": user(n), "answer": n} for n in range(10))),
    "openai_completion": jsonl(*({"prompt": f"Q{n}", "completion": f"A{n}"} for n in range(10))),
}
BAD = {
    "not_utf8": (CHATS[0] + b'{"messages": "caf\xe9"}\n' + CHAT, 2),
    "bom": (b"\xef\xbb\xbf" + CHAT, 1),
    "not_json": (CHATS[0] + b"{'messages': []}\n" + CHAT, 2),
    "unknown_role": (CHATS[0] + CHAT.replace(b'"assistant"', b'"bot"', 1), 2),
    "missing_assistant": (CHATS[0] + jsonl({"messages": user(1)}) + CHAT, 2),
    "too_few_examples": (b"".join(CHATS[:3]), None),
    "empty": (b"", None),
    "compressed": (gzip.compress(CHAT), None),
    "utf16": (CHAT.decode().encode("utf-16"), None),
    "json_array": (json.dumps([{"messages": user(1)}] * 12).encode(), None),
}


@pytest.fixture
def src(tmp_path: Path) -> Path:
    path = tmp_path / "chat.jsonl"
    path.write_bytes(CHAT)
    return path


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_each_format(play: Play, src: Path, name: str, check_mode: bool) -> None:
    src.write_bytes(FORMATS[name])
    looked = play(MODULE, {"src": str(src)}, check_mode)
    assert (looked["changed"], looked["valid"], looked["format"], looked["detected"]) == (False, True, name, True)
    assert looked["examples"] == FORMATS[name].count(b"\n")
    assert looked["errors"] == looked["warnings_found"] == []
    assert looked["estimated_tokens"] > 0
    assert looked["statistics"]["characters_per_example"]["min"] >= 2
    assert looked["sha256"] == hashlib.sha256(FORMATS[name]).hexdigest()
    assert looked["bytes"] == len(FORMATS[name])
    told = play(MODULE, {"src": str(src), "format": name}, check_mode)
    same = {"detected": False, "invocation": None}
    assert {**told, **same} == {**looked, **same}
    assert not told["detected"]


@pytest.mark.parametrize("code", BAD)
def test_a_bad_file_has_one_clear_error(play: Play, src: Path, code: str) -> None:
    data, line = BAD[code]
    src.write_bytes(data)
    result = play(MODULE, {"src": str(src), "format": "openai_chat"})
    assert (result["changed"], result["valid"], result["error_count"]) == (False, False, 1)
    assert (result["errors"][0]["code"], result["errors"][0]["line"]) == (code, line)
    assert len(result["errors"][0]["message"]) > 10
    assert len(result["errors"][0]["hint"]) > 3
    assert result["sha256"] == hashlib.sha256(data).hexdigest()


def test_text_is_as_good_as_a_list(play: Play) -> None:
    text = play(MODULE, {"provider": "compatible", "content": b"".join(CHATS[:2]).decode()})
    listed = play(MODULE, {"provider": "compatible", "content": [json.loads(line) for line in CHATS[:2]]})
    for result in (text, listed):
        assert (result["valid"], result["examples"]) == (True, 2)
        assert result["warning_codes"]["too_few_examples"] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"src": "."}, "is a directory"),
        ({"src": "none.jsonl"}, "does not exist"),
        ({"src": "/dev/null"}, "is a pipe, socket or device"),
        ({"content": ["text"]}, "Item 1"),
        ({"src": "chat.jsonl", "content": "{}"}, "mutually exclusive"),
        ({}, "one of the following is required: src, content"),
        ({"src": "chat.jsonl", "format": "chat"}, "value of format must be one of"),
        ({"src": "chat.jsonl", "provider": "nobody"}, "value of provider must be one of"),
        ({"src": "chat.jsonl", "customization_type": "DISTILLATION"}, "required by 'customization_type': provider"),
    ],
)
def test_what_is_refused(play: Play, src: Path, options: dict[str, Any], says: str) -> None:
    if "src" in options:
        options = {**options, "src": str(src.parent / options["src"])}
    refused(play, MODULE, options, says)
