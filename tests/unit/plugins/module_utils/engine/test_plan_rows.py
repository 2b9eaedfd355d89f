# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each row of the table in docs/concepts.md is one function of the plan, in the same order."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import ROWS as ALL_ROWS
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import Case, differences
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Options, Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    DESIRED,
    FIELDS,
    some_run,
)

CONCEPTS = Path(__file__).resolve().parents[5] / "docs" / "concepts.md"
OTHER = {"data": "v1"}
UNCLEAR = {"data": "This host shows no data."}

# By the name of each row what fits it, as the run of that number.
FITS: dict[str, list[Callable[[int], Run]]] = {
    "ready_equal": [lambda number: some_run(number, Phase.READY)],
    "pending_equal": [lambda number: some_run(number, Phase.PENDING), lambda number: some_run(number, Phase.PAUSED)],
    "unknown_status": [lambda number: some_run(number, Phase.UNKNOWN)],
    "not_comparable": [
        lambda number: some_run(number, Phase.READY, observed=OTHER, unclear=UNCLEAR),
        lambda number: some_run(number, Phase.PENDING, observed=OTHER, unclear=UNCLEAR),
    ],
    "retired_equal": [lambda number: some_run(number, Phase.RETIRED)],
    "pending_different": [lambda number: some_run(number, Phase.PENDING, observed=OTHER)],
    "failed_equal": [lambda number: some_run(number, Phase.FAILED), lambda number: some_run(number, Phase.CANCELLED)],
    "ready_different": [lambda number: some_run(number, Phase.READY, observed=OTHER)],
    "retired_different": [lambda number: some_run(number, Phase.RETIRED, observed=OTHER)],
    "only_failed": [
        lambda number: some_run(number, Phase.FAILED, observed=OTHER),
        lambda number: some_run(number, Phase.CANCELLED, observed=OTHER),
        lambda number: some_run(number, Phase.DELETED),
    ],
}
# Of what serves and is changed in place, which no module of this guide does.
SERVING = ("updating", "update_failed", "several_different")
ROWS = [row for row in ALL_ROWS if row.__name__ not in SERVING]
NAMES = [row.__name__ for row in ROWS]


def row_of(*runs: Run) -> str:
    newest_first = sorted(runs, key=lambda run: run.age_key, reverse=True)
    changes = {run.id: differences(FIELDS, DESIRED, run) for run in runs}
    case = Case(newest_first, changes, {}, Options("bot"), Capabilities(), "model")
    return next(row.__name__ for row in ALL_ROWS if row(case))


def test_the_rows_are_those_of_the_guide() -> None:
    section = CONCEPTS.read_text(encoding="utf-8").partition("`state: present` does")[2]
    table = re.findall(r"^\| (.*?) \| .* \|$", section.partition("\n\nA run ")[0], re.MULTILINE)
    assert table[1:] == [row.__doc__ for row in ROWS]


def test_nothing() -> None:
    assert row_of() == "nothing"
    assert ["nothing", *FITS] == NAMES


@pytest.mark.parametrize(("name", "run"), [(name, run) for name, runs in FITS.items() for run in runs])
def test_a_row_fits(name: str, run: Callable[[int], Run]) -> None:
    assert row_of(run(1)) == name


@pytest.mark.parametrize(("first", "second"), list(combinations(FITS, 2)))
def test_the_first_row_that_fits_counts(first: str, second: str) -> None:
    for newer in FITS[first]:
        for older in FITS[second]:
            assert row_of(newer(2), older(1)) == first
