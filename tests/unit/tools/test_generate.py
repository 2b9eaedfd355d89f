# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The generated files are those that would be written now."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.tests.tools import generate


@pytest.mark.parametrize("name", generate.FILES)
def test_it_is_up_to_date(name: str) -> None:
    kept = (generate.ROOT / name).read_text(encoding="utf-8")
    assert generate.first_difference(kept, generate.FILES[name]()) is None


def test_the_first_difference_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "FILES", {"some.yml": lambda: "one\ntwo\nthree\n"})
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    (tmp_path / "some.yml").write_text("one\nzwei\ndrei\n")
    assert generate.main() == 1
    assert capsys.readouterr().out == "some.yml:2: is 'zwei', should be 'two'. Run make generate.\n"
    monkeypatch.setattr(sys, "argv", ["generate"])
    assert generate.main() == 0
    assert (tmp_path / "some.yml").read_text() == "one\ntwo\nthree\n"
