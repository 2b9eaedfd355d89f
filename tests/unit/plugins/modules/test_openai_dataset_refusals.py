# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_dataset as a whole: what is wrong in a task is told in one clear error, before any request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

MODULE = "openai_dataset"
VARIABLES = ("OPENAI_API_KEY", "OPENAI_API_VERSION", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")


def example(*roles: str) -> bytes:
    """One example as a line."""
    return (
        json.dumps({"messages": [{"role": role, "content": f"The {role} speaks."} for role in roles]}).encode() + b"\n"
    )


GOOD = example("user", "assistant")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def auth(still_sandbox: Sandbox) -> dict[str, Any]:
    return {"api_key": still_sandbox.api_key, "base_url": still_sandbox.openai_url, "api_type": "openai"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"src": "here", "expires_after": "soon"}, "expires_after.* convert to int"),
        ({"src": "here", "expires_after": 10}, "expires_after is 10"),
        ({"src": "here", "expires_after": 2592001}, "expires_after is 2592001"),
        ({"src": "here", "name": "no spaces"}, "name is 'no spaces'"),
        ({"src": "here", "name": "a\n"}, "name is 'a"),
        ({"src": "here", "format": "csv"}, "format must be one of"),
        ({"src": "here", "provider": "nobody"}, "provider must be one of"),
        ({"src": "here", "split": "test"}, "split must be one of"),
        ({"src": "here", "state": "there"}, "state must be one of"),
        ({"src": "here", "api_type": "other"}, "api_type must be one of"),
        ({"src": "here", "api_type": "azure", "base_url": None}, "azure_endpoint is missing"),
        ({"src": "here", "api_type": "azure"}, "api_version is missing.*OPENAI_API_VERSION"),
        (
            {"src": "here", "azure_endpoint": "https://x.invalid", "api_type": None},
            "api_version is missing.*OPENAI_API_VERSION",
        ),
        ({"src": "here", "api_key": ""}, "api_key is missing.*OPENAI_API_KEY"),
        ({"src": "here", "file_id": "file-1"}, "mutually exclusive"),
        ({"content": "text"}, "required by 'content': name"),
        ({"name": "alone"}, "There is no data.*src, content, or the file_id"),
        ({}, "one of the following is required: src, content, name, file_id"),
        ({"file_id": "check-mode:file:0"}, "file_id is 'check-mode:file:0', a placeholder of check mode"),
    ],
)
def test_options(
    play: Play, still_sandbox: Sandbox, auth: dict[str, Any], tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    if "src" in options:
        options = {**options, "src": str(tmp_path / "data.jsonl")}
        (tmp_path / "data.jsonl").write_bytes(GOOD * 12)
    refused(play, MODULE, {**auth, **options}, says)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD * 6 + GOOD.replace(b"speaks", b"\xe9\xff") + GOOD * 6, "line 7: .*not UTF-8.*iconv"),
        (b"\xef\xbb\xbf" + GOOD * 12, "line 1: .*byte-order mark"),
        (GOOD * 4 + b"this is no JSON\n" + GOOD * 8, "line 5: .*not JSON"),
        (GOOD * 2 + example("user", "robot", "assistant") + GOOD * 9, "line 3: .*robot"),
        (GOOD * 8 + example("system", "user") + GOOD * 3, "line 9: .*assistant"),
        (GOOD * 3, "3 examples; at least 10"),
        (b"", "There is no example"),
        (GOOD * 5 + b"\n" + GOOD * 7, "line 6: .*blank"),
        (GOOD * 3 + b"[1, 2]\n" + GOOD * 8, "line 4: .*not a JSON object"),
        (GOOD * 3 + GOOD.replace(b'"The assistant speaks."', b"NaN") + GOOD * 8, "line 4: .*NaN"),
        (GOOD * 3 + b"[" * 100_000 + b"\n" + GOOD * 8, "line 4: .*nested too deeply"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_files(
    play: Play,
    still_sandbox: Sandbox,
    auth: dict[str, Any],
    tmp_path: Path,
    content: bytes,
    says: str,
    check_mode: bool,
) -> None:
    (tmp_path / "data.jsonl").write_bytes(content)
    result = refused(play, MODULE, {**auth, "src": str(tmp_path / "data.jsonl")}, says, check_mode)
    assert result["validation"]["errors"]
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"src": "missing.jsonl"}, "does not exist"),
        ({"src": "."}, "is a directory"),
        ({"name": "inline", "content": "no json"}, "line 1: .*not JSON"),
        ({"name": "inline", "content": ["a string"]}, "Item 1 of the content is of type str"),
        ({"name": "inline", "content": 42}, "The content is of type int"),
        ({"name": "inline", "content": []}, "no example"),
        ({"name": "inline", "content": GOOD.decode() * 12, "format": "openai_preference"}, "line 1: .*input"),
    ],
)
def test_no_data(
    play: Play,
    still_sandbox: Sandbox,
    auth: dict[str, Any],
    tmp_path: Path,
    options: dict[str, Any],
    says: str,
) -> None:
    if "src" in options:
        options = {**options, "src": str(tmp_path / options["src"])}
    refused(play, MODULE, {**auth, **options}, says)
    assert still_sandbox.count() == 0
