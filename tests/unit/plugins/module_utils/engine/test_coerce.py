# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of odd values, and what of a text reaches a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import coerce

NEW_YEAR = 1_798_761_600.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2027-01-01T00:00:00Z", NEW_YEAR),
        ("2027-01-01T00:00:00", NEW_YEAR),
        ("2027-01-01T01:00:00+01:00", NEW_YEAR),
        (datetime(2027, 1, 1), NEW_YEAR),
        (datetime(2027, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), NEW_YEAR),
        (7, 7.0),
        ("7.5", 7.5),
        ("soon", None),
        ("", None),
        (True, None),
        (None, None),
        ([7], None),
    ],
)
def test_times(value: Any, seconds: float | None) -> None:
    assert coerce.timestamp(value) == seconds


def test_other_shapes_than_documented() -> None:
    assert (coerce.mapping({"a": 1}), coerce.mapping([1]), coerce.mapping(None)) == ({"a": 1}, {}, {})
    assert (coerce.sequence([1]), coerce.sequence((1,)), coerce.sequence("a"), coerce.sequence(None)) == (
        [1],
        [],
        [],
        [],
    )
    assert [coerce.text(value) for value in (True, False, 1, "True", None)] == ["true", "false", "1", "True", "None"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\u202e\ufeff\ud800", "\\u202e\\ufeff\\ud800"),
        ("\x7f\x80\xff", "\\x7f\\x80\xff"),
        ("a\r\nb\tc\rd", "a\nb\tc\\x0dd"),
    ],
)
def test_no_control_character_reaches_a_terminal(text: str, seen: str) -> None:
    assert coerce.escape_controls(text) == seen
    assert coerce.sanitize({text: [text, (text, 5)]}) == {seen if seen != text else text: [seen, [seen, 5]]}


def test_one_line() -> None:
    assert coerce.one_line(" a\n\n b\u2028c ") == "a b c"
    assert coerce.one_line("x" * 400) == "x" * 400
    assert coerce.one_line("x" * 401) == "x" * 397 + "..."
    assert coerce.one_line("abcdef", 5) == "ab..."


def test_further_lines_are_indented() -> None:
    assert coerce.paragraph("a\nb\n c\n\td\n\ne\n") == "a\n  b\n c\n\td\n\n  e\n"


def test_secrets_are_masked_before_they_are_spelt_out() -> None:
    """A secret with a control character would be missed later."""
    assert "s\x1bt" not in coerce.sanitize("the s\x1bt!", ["s\x1bt"]) and "x1bt" not in coerce.sanitize(
        "the s\x1bt!", ["s\x1bt"]
    )
    assert "secret" not in coerce.format_message("a secret\nb", ["secret"])
    assert coerce.format_message("a\nb") == "a\n  b"
