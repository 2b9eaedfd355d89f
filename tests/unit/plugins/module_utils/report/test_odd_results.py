# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of results that nobody's module has made: a row that says so, and never an error of Python."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._report.page import page
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.report.results import failed, trained

DEEP: Any = "end"
for _level in range(400):
    DEEP = {"down": [DEEP]}
HUGE = 10**400
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    5,
    -1,
    2.5,
    HUGE,
    -HUGE,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "text",
    "9" * 400,
    "x" * 200_000,
    "\x1b[2J\u202e\ud800\x00</script><b>",
    [],
    [5],
    [None],
    [[1, 2, 3]],
    [[HUGE, "x"], 7, {"a": 1}],
    {},
    {"a": 1},
    {5: {None: [HUGE]}},
    {"training": 5, "validation": [5]},
    {"training": {"errors": 5, "warnings": {"a": 1}, "statistics": 7, "error_count": HUGE, "warning_codes": [1]}},
    {"training": {"errors": [5, None, {"line": HUGE, "message": [1]}], "statistics": {"a": 5, "b": {"min": "x"}}}},
    DEEP,
)


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put."""
    if above:
        yield above
    items = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*above, key))


def put(result: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        result = result[key]
    result[path[-1]] = value


def fine(found: str) -> bool:
    text = found.encode().decode()
    return text.startswith("<!DOCTYPE html>") and text.endswith("</html>\n") and "\x1b" not in text


@pytest.mark.parametrize("odd", range(len(ODD)))
def test_e4_in_each_place_of_a_result(odd: int) -> None:
    results = []
    for sample in (trained(), failed()):
        for path in paths(sample):
            result = copy.deepcopy(sample)
            put(result, path, ODD[odd])
            results.append(result)
    assert len(results) > 50
    assert fine(page("Title", results))


@pytest.mark.parametrize("odd", range(len(ODD)))
def test_e4_as_a_whole_result(odd: int) -> None:
    assert fine(page("Title", [ODD[odd], trained()]))
    assert fine(page("Title", [{"name": ODD[odd], "provider": ODD[odd], "status": ODD[odd]}]))


@pytest.mark.parametrize("seed", range(20))
def test_e4_many_at_once(seed: int) -> None:
    chosen = random.Random(seed)
    results = []
    for _model in range(3):
        result = copy.deepcopy(chosen.choice((trained(), failed())))
        for _change in range(8):
            put(result, chosen.choice(list(paths(result))), copy.deepcopy(chosen.choice(ODD[:-1])))
        results.append(result)
    assert fine(page("Title", results))


@pytest.mark.parametrize("tiny", [5e-324, -5e-324, 1e-320])
def test_e4_points_that_nothing_lies_between(tiny: float) -> None:
    for points in ([[0, 0], [tiny, -1], [0, -2]], [[0, tiny], [1, 0]], [[tiny, tiny], [0, 0]]):
        assert fine(page("Title", [{**trained(), "curve": {"training": points, "validation": points[::-1]}}]))


def test_e4_what_is_not_usable_is_said() -> None:
    found = page("Title", [{"name": "bot", "previous": 5, "metrics": [1], "curve": "x", "elapsed": HUGE}, "no result"])
    assert "metrics is not usable: [1]" in found
    assert "curve is not usable: x" in found
    assert "This is not the result of a model: no result" in found
    assert "<li>5</li>" in found
    assert "a number of about 400 digits" in page("Title", [{"name": "bot", "settings": {"n": HUGE}}])
