# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of answers, and what is told of them."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import NoAnswer, TransientError
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit import answers, info
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.answers import Odd

KIND = answers.record(
    {"id": answers.name, "status": answers.word, "created": answers.moment},
    {"tags": answers.pairs(answers.text), "items": answers.each(answers.record({"id": answers.name}))},
)
TRUE: dict[str, Any] = {"id": "a", "status": "ready", "created": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"<!DOCTYPE html><title>Sign in</title>",
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100 + b"]" * 100,
        b'{"a": 1',
        b'\xff{"a": 1}',
        b"None",
    ],
    ids=["empty", "blank", "page", "brackets", "braces", "deep", "cut", "bytes", "none"],
)
def test_e1_what_is_no_json(body: bytes) -> None:
    with pytest.raises(Odd):
        answers.parse(body)


@pytest.mark.parametrize("digits", ["9" * 400, "-" + "9" * 400, "9" * 5000, "NaN", "-Infinity", "1e999"])
def test_e1_numbers_that_are_none(digits: str) -> None:
    """They are not read as a time or an amount, and where nobody reads them, they become null."""
    found = answers.parse(f'{{"id": "a", "status": "b", "created": 1, "other": [{digits}]}}'.encode())
    assert json.dumps(answers.checked(found, KIND), allow_nan=False)
    assert answers.checked(found, KIND)["other"] == [None]
    for kind in (answers.moment, answers.amount, answers.setting):
        with pytest.raises(Odd):
            kind(found["other"][0], "it")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": None}, "id is null, not a text"),
        ({"id": ""}, "id is empty"),
        ({"id": "a\0"}, "id is not a name"),
        ({"id": "x" * 9999}, "id is not a name"),
        ({"id": {"a": 1}}, "id is an object, not a text"),
        ({"status": True}, "status is true, not a text"),
        ({"created": [1]}, "created is a list, not a time"),
        ({"created": "99999-01-01T00:00:00Z"}, "created is a text, not a time"),
        ({"created": 1e300}, "created is not a time"),
        ({"created": False}, "created is false, not a time"),
        ({"tags": []}, "tags is a list, not an object"),
        ({"tags": {"a": 1}}, r"tags\.a is a number, not a text"),
        ({"items": {}}, "items is an object, not a list"),
        ({"items": [{"id": "a"}, "b"]}, r"items\[1\] is a text, not an object"),
        ({"items": [{}]}, r"items\[0\]\.id is missing"),
    ],
)
def test_e1_fields_of_another_kind(change: dict[str, Any], message: str) -> None:
    assert answers.checked(TRUE, KIND) == TRUE
    with pytest.raises(Odd, match=message):
        answers.checked({**TRUE, **change}, KIND)


def test_e1_times_that_no_clock_shows() -> None:
    for value in (datetime.max, datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))):
        with pytest.raises(Odd):
            answers.moment(value.replace(tzinfo=value.tzinfo or timezone(-timedelta(hours=14))), "it")


def test_e1_pages_that_begin_again() -> None:
    assert list(answers.pages(lambda mark: (["x"], {None: "a", "a": "b", "b": None}[mark]))) == ["x"] * 3
    with pytest.raises(Odd, match="again and again"):
        list(answers.pages(lambda mark: (["x"], {None: "a", "a": "b", "b": "a"}[mark])))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("<html><title>A\x1b]0;x\x07 &lt;b&gt; page</title>secret", "an HTML page ('A ]0;x <b> page') was answered"),
        (
            "\ufeff<!-- x --> <!doctype HTML><body><h1>Bad <i>gateway</i></h1>",
            "an HTML page ('Bad gateway') was answered",
        ),
        ("<html>" + "x" * 9999, "an HTML page was answered"),
        ("two\nlines\x1b[31m \u202e and more", "two lines [31m and more"),
        ("x" * 9999, "x" * 297 + "..."),
        (None, ""),
        ({"a": 1}, ""),
        (5, ""),
    ],
)
def test_e3_what_is_told_of_what_a_host_says(said: Any, told: str) -> None:
    assert answers.quote_host(said) == told


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-1", None),
        ("1e300", None),
        ("9" * 400, None),
        ("nan", None),
        ("soon", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        (None, None),
        (["1"], None),
    ],
)
def test_e1_retry_after_of_nonsense(header: Any, seconds: float | None) -> None:
    assert answers.pause_of(header, 40.0) == seconds
    assert seconds is None or math.isfinite(seconds)


@pytest.mark.parametrize(
    ("target", "elsewhere"),
    [
        ("/v2/files", False),
        ("files?a=//b", False),
        ("http://api.example.com/v2", False),
        ("https://api.example.com/v1", False),
        ("http://api.example.com:8080/v1", True),
        ("http://user@evil.example.com/v1", True),
        ("//evil.example.com/v1", True),
        ("ftp://api.example.com/", True),
        ("http://[::1/", True),
    ],
)
def test_o4_what_another_host_is(target: str, elsewhere: bool) -> None:
    assert answers.is_elsewhere("http://api.example.com/v1/files", target) is elsewhere


def test_o4_from_tls_to_none_is_elsewhere() -> None:
    assert answers.is_elsewhere("https://api.example.com/v1", "http://api.example.com/v1")


def test_e1_info_modules_look_again_at_what_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(info.Clock, "sleep", lambda self, seconds: slept.append(seconds))

    def find(error: type[Exception], times: int) -> Any:
        left = [error("no")] * times

        @info.looks_again
        def looked(_module: Any) -> str:
            if left:
                raise left.pop()
            return "found"

        return looked(None)  # type: ignore[arg-type]

    assert find(NoAnswer, 3) == "found"
    assert len(slept) == 3
    with pytest.raises(NoAnswer):
        find(NoAnswer, 4)
    with pytest.raises(TransientError):
        find(TransientError, 1)
