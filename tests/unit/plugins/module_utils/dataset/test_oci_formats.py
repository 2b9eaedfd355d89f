# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.formats import OciCompletion
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import (
    FORMATS,
    LIMITS,
    limits_for,
    scan,
)

Example = dict[str, Any]


def filler(number: int) -> Example:
    return {"prompt": f"Question {number}?", "completion": "Yes."}


def check_one(example: Any, model: str | None = None) -> Report:
    """Scan good examples, and one that is given, as line 4."""
    examples = [filler(place) for place in range(40)]
    examples.insert(3, example)
    return scan(Source.from_content(_text(examples)), limits=limits_for("oci", model))


def _text(examples: list[Any]) -> str:
    return "".join(json.dumps(example, ensure_ascii=False) + "\n" for example in examples)


@pytest.mark.parametrize(
    "example",
    [
        {"prompt": "Grüße 日本", "completion": " 😀\n"},
        {"completion": "b", "prompt": "a"},
        {"prompt": "a" * 1000, "completion": "b"},
    ],
    ids=["wide", "order", "long"],
)
def test_a_valid_example(example: Example) -> None:
    report = check_one(example)
    assert (report.format, report.ok, report.warning_count, report.examples) == ("oci_completion", True, 0, 41)


@pytest.mark.parametrize(
    ("example", "code"),
    [
        ({"prompt": "a"}, "missing_key"),
        ({"prompt": "", "completion": "b"}, "empty_content"),
        ({"prompt": "a", "completion": " \n\t"}, "empty_content"),
        ({"prompt": ["a"], "completion": "b"}, "bad_value"),
        ({"prompt": "a", "completion": None}, "bad_value"),
        ({"prompt": "a", "completion": "b", "id": 7}, "unknown_key"),
        (["prompt", "completion"], "not_an_object"),
        ([["prompt", "a"], ["completion", "b"]], "not_an_object"),
    ],
)
def test_what_is_wrong(example: Any, code: str) -> None:
    report = check_one(example)
    assert [(issue.line, issue.code) for issue in report.errors] == [(4, code)]


def test_an_example_that_is_too_long_for_the_model() -> None:
    example = {"prompt": "word " * 25_000, "completion": "b"}
    assert check_one(example).warning_count == 0
    report = check_one(example, "cohere.command-r-08-2024")
    assert (report.ok, report.warning_codes) == (True, {"may_be_too_long": 1})
    # An OCID says nothing of the model.
    assert check_one(example, "ocid1.generativeaimodel.oc1.us-chicago-1.x").warning_count == 0


def test_the_fast_path_agrees_with_the_precise_one(monkeypatch: pytest.MonkeyPatch) -> None:
    odd: list[Any] = [
        {"prompt": " ", "completion": "b"},
        {"prompt": "a", "completion": "\u2003"},
        {"prompt": "é", "completion": "日"},
        {"prompt": 5, "completion": "b"},
        {"prompt": "a", "completion": []},
        {"prompt": "a", "completion": "b", "c": "d"},
        {"prompt": "a", "other": "b"},
        {"completion": "a", "prompt": "b"},
        {},
        filler(1),
        filler(1),
    ]
    # Each line is followed by good ones, so that the fast path does not give up.
    text = _text([line for example in odd for line in (example, filler(1), filler(2))])
    fast = scan(Source.from_content(text), format="oci_completion", limits=LIMITS["oci"]).to_dict()
    monkeypatch.setattr(OciCompletion, "bind", lambda _self, _limits: lambda _example: None)
    assert scan(Source.from_content(text), format="oci_completion", limits=LIMITS["oci"]).to_dict() == fast


def test_plain_examples_take_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> None:
        raise AssertionError("A plain example was checked slowly.")

    monkeypatch.setattr(OciCompletion, "check", fail)
    assert scan(Source.from_content([filler(place) for place in range(40)]), limits=LIMITS["oci"]).ok
    assert "oci_completion" in FORMATS
