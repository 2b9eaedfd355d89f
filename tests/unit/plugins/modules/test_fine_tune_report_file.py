# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fine_tune_report as a whole: when the file is written, and that only what differs is changed."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._report import file as file_module
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.report.results import failed, trained
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

MODULE = "fine_tune_report"


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """Where to write, in a folder with nothing else in it."""
    (tmp_path / "reports").mkdir()
    return tmp_path / "reports" / "report.html"


def options(dest: Path, **more: Any) -> dict[str, Any]:
    return {"results": [trained(), failed()], "dest": str(dest), **more}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_written_once(play: Play, dest: Path) -> None:
    foreseen = play(MODULE, options(dest, mode="0640"), check_mode=True)
    assert foreseen["changed"]
    assert list(dest.parent.iterdir()) == []

    written = play(MODULE, options(dest, mode="0640"))
    assert written["changed"]
    assert written["dest"] == str(dest)
    assert written["sha256"] == foreseen["sha256"] == hashlib.sha256(dest.read_bytes()).hexdigest()
    assert written["diff"]["before"]["sha256"] is None
    assert written["diff"]["after"]["sha256"] == foreseen["diff"]["after"]["sha256"] == written["sha256"]
    assert mode(dest) == 0o640
    assert list(dest.parent.iterdir()) == [dest]

    before = dest.stat()
    for check_mode in (True, False):
        again = play(MODULE, options(dest), check_mode)
        assert (again["changed"], again["sha256"]) == (False, written["sha256"])
    assert (dest.stat().st_ino, dest.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_only_what_differs_is_changed(play: Play, dest: Path) -> None:
    written = play(MODULE, options(dest, mode="0640"))
    inode = dest.stat().st_ino
    changed = play(MODULE, options(dest, mode="0600"))
    assert (changed["changed"], changed["sha256"], mode(dest)) == (True, written["sha256"], 0o600)
    assert dest.stat().st_ino == inode

    page = dest.read_bytes()
    foreseen = play(MODULE, options(dest, title="Other models"), check_mode=True)
    assert (foreseen["changed"], dest.read_bytes()) == (True, page)
    other = play(MODULE, options(dest, title="Other models"))
    assert other["changed"]
    assert other["sha256"] == foreseen["sha256"] != written["sha256"]
    assert other["diff"]["before"]["sha256"] == written["sha256"]
    assert b"Other models" in dest.read_bytes()
    assert mode(dest) == 0o600
    assert list(dest.parent.iterdir()) == [dest]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"dest": "reports"}, "is a directory"),
        ({"dest": "none/report.html"}, "does not exist"),
        ({"dest": "link.html"}, "symbolic link"),
        ({"dest": None}, "missing required arguments: dest"),
        ({"results": None}, "missing required arguments: results"),
        ({"results": ["text"]}, "results.* convert to dict"),
    ],
)
def test_what_is_refused(
    play: Play, dest: Path, tmp_path: Path, given: dict[str, Any], says: str, check_mode: bool
) -> None:
    (tmp_path / "link.html").symlink_to(dest)
    if given.get("dest"):
        given = {"dest": str(tmp_path / given["dest"])}
    refused(play, MODULE, {**options(dest), **given}, says, check_mode)
    assert list(dest.parent.iterdir()) == []
    assert (tmp_path / "link.html").is_symlink()


def test_a_folder_that_cannot_be_written_to(play: Play, dest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access
    monkeypatch.setattr(file_module.os, "access", lambda path, how: Path(path) != dest.parent and access(path, how))
    for check_mode in (True, False):
        refused(play, MODULE, options(dest), "cannot be written to", check_mode)
    assert list(dest.parent.iterdir()) == []
