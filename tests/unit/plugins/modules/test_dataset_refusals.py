# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""dataset as a whole: what is wrong in a task is told in one clear error, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

MODULE = "dataset"


@pytest.fixture
def src(tmp_path: Path) -> Path:
    """A valid dataset in a folder of its own, beside a folder and a link to the dataset."""
    path = tmp_path / "source.jsonl"
    roles = (("user", "Q"), ("assistant", "A"))
    talks = [[{"role": role, "content": f"{text}{number}"} for role, text in roles] for number in range(40)]
    path.write_text("".join(json.dumps({"messages": messages}) + "\n" for messages in talks))
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(path)
    return path


def there(folder: Path) -> dict[str, bytes | None]:
    """What is in a folder, hidden files too."""
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dest": "source.jsonl"}, "the same file"),
        ({"dest": "link"}, "the same file"),
        ({"dest": "sub"}, "is a directory"),
        ({"dest": "none/train.jsonl"}, "does not exist"),
        ({"src": None}, "src, content"),
        ({"content": []}, "mutually exclusive"),
        ({"dest": None}, "missing required arguments: dest"),
        ({"split": 0.1}, "belong together"),
        ({"validation_dest": "check.jsonl"}, "belong together"),
        ({"split": 10, "validation_dest": "check.jsonl"}, "between 0 and 1"),
        ({"split": 0.0001, "validation_dest": "check.jsonl"}, "none would be left for validation"),
        ({"split": "some", "validation_dest": "check.jsonl"}, "split.* convert to float"),
        ({"format": "openai_preference"}, "cannot be written as openai_preference"),
        ({"format": "csv"}, "value of format must be one of"),
        ({"source_format": "csv"}, "value of source_format must be one of"),
        ({"state": "there"}, "value of state must be one of"),
        ({"seed": "x"}, "seed.* convert to int"),
    ],
)
def test_options(play: Play, src: Path, options: dict[str, Any], says: str, check_mode: bool) -> None:
    options = {"src": "source.jsonl", "dest": "train.jsonl", **options}
    for option in ("src", "dest", "validation_dest"):
        if options.get(option):
            options[option] = str(src.parent / options[option])
    before = there(src.parent)
    refused(play, MODULE, options, says, check_mode)
    assert there(src.parent) == before


def test_what_is_gone_stays_gone(play: Play, src: Path) -> None:
    train = src.parent / "train.jsonl"
    train.write_text("{}\n")
    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = play(MODULE, {"src": str(src), "dest": str(train), "state": "absent"}, check_mode)
        assert result["changed"] is changed
        assert train.exists() is (check_mode and changed)
    assert src.exists()
