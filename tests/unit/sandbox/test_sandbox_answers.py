# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nearest question, the bounds of an index, the end of a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from finetune_sandbox.server.answers import Index


def index(*pairs: tuple[str, str]) -> Index:
    from finetune_sandbox.server.answers import Example, Index, Prompt

    return Index(Example(Prompt(*question.split("|")[::-1]), answer) for question, answer in pairs)


def nearest(found: Index, question: str, earlier: str = "", **more: Any) -> Any:
    from finetune_sandbox.server.answers import Prompt

    return found.nearest(Prompt(question, earlier), **more)


def test_the_share_of_common_words_decides() -> None:
    found = index(("What is a cat", "1"), ("What is a dog that barks all day", "2"), ("What is a bird", "3"))
    assert [nearest(found, q) for q in ("a cat, what is it?", "DOG all DAY", "bird!", "fish")] == ["1", "2", "3", "1"]
    assert nearest(found, "a cat", accept=lambda answer: answer != "1") == "3"
    assert nearest(found, "a cat", accept=lambda answer: False) is None
    assert nearest(index(), "a cat") is None


def test_ties() -> None:
    found = index(
        ("man bites dog", "1"), ("dog bites man", "2"), ("I like tea|And now?", "3"), ("I like milk|And now?", "4")
    )
    assert [nearest(found, q) for q in ("man bites dog", "dog bites man", "bites, man: dog")] == ["1", "2", "1"]
    assert [nearest(found, "And now?", earlier) for earlier in ("milk", "tea", "")] == ["4", "3", "3"]


def test_scripts_without_blanks() -> None:
    found = index(("荷物はどこですか", "1"), ("返品できますか", "2"))
    assert [nearest(found, q) for q in ("私の荷物は?", "これは返品できる?")] == ["1", "2"]


@pytest.mark.parametrize("bound", ["MAX_EXAMPLES", "MAX_CHARACTERS"])
def test_an_index_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    from finetune_sandbox.server import answers

    monkeypatch.setattr(answers, bound, 2 if bound == "MAX_EXAMPLES" else 20)
    found = index(("one", "first 1"), ("two", "other 2"), ("three", "last 3"))
    assert nearest(found, "three") == "first 1" and nearest(found, "two") == "other 2"


def test_data_is_kept_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from finetune_sandbox.server import answers
    from finetune_sandbox.server.contents import Segment

    def read(record: dict[str, Any]) -> Iterator[answers.Example]:
        yield answers.Example(answers.Prompt(record["q"]), record["a"])

    def stored(name: str, *pieces: bytes) -> list[Segment]:
        segments = []
        for number, piece in enumerate(pieces):
            path = tmp_path / f"{name}{number}"
            path.write_bytes(piece)
            segments.append(Segment(path, len(piece)))
        return segments

    monkeypatch.setattr(answers, "_INDEXES", 1)
    library = answers.Library(tmp_path / "kept")
    parts = stored("one", b'{"q": "a b"', b', "a": "1"}\n\n[]\nbad\n')
    one, two = library.keep(parts, read), library.keep(stored("two", b'{"q": "c", "a": "2"}'), read)
    for segment in parts:
        segment.path.unlink()
    for _round in range(2):
        assert [library.find(data, answers.Prompt("b")) for data in (one, two)] == ["1", "2"]
    library.forget(one)
    assert library.find(one, answers.Prompt("b")) is None
    library.clear()
    assert not (tmp_path / "kept").exists()
    with pytest.raises(FileNotFoundError):
        library.keep(parts, read)


@pytest.mark.parametrize(
    ("max_tokens", "stops", "text", "cut", "stop"),
    [
        (None, [], "one two three", False, None),
        (2, [], "one two ", True, None),
        (4, ["three"], "one two ", False, "three"),
        (1, ["three"], "one ", True, None),
        (None, ["three", "two"], "one ", False, "two"),
    ],
)
def test_the_end_of_a_text(max_tokens: int | None, stops: list[str], text: str, cut: bool, stop: str | None) -> None:
    from finetune_sandbox.server.answers import Ended, end_text

    assert end_text("one two three", max_tokens, stops) == Ended(text, cut, stop)
