# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The truth table where a model has been ended by its provider, or where the provider does not show enough of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import DriftError
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import some_run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.test_plan import (
    OTHER,
    REPLACE,
    RETRAIN,
    RETRY,
    failed,
    gone,
    pending,
    plan_of,
    ready,
)


def retired(number: int, **more: Any) -> Run:
    return some_run(number, Phase.RETIRED, reason="it ended on 2027-01-14", **more)


def unseen(number: int, **more: Any) -> Run:
    return replace(ready(number, **more), seen=False, notes=("It is not shown.",), removable=False)


NO_RERUN = Capabilities(no_rerun="Delete it first.")


@pytest.mark.parametrize(
    ("runs", "options", "action", "says"),
    [
        ([retired(1)], {}, "none", "is retired: it ended on 2027-01-14"),
        ([retired(1)], RETRAIN, "none", "is retired"),
        ([retired(1)], {**RETRAIN, **RETRY}, "none", "is retired"),
        ([retired(1), failed(2)], RETRY, "none", "is retired"),
        ([retired(1), pending(2, observed=OTHER)], RETRAIN, "none", "is retired"),
        ([retired(1), ready(2, observed=OTHER)], RETRAIN, "none", "is retired"),
        (
            [retired(1, observed=OTHER)],
            {},
            "none",
            "is retired: it ended on 2027-01-14, and was trained differently: data",
        ),
        ([retired(1, observed=OTHER)], RETRAIN, "retrain", ""),
        ([retired(1), ready(2)], {}, "none", ""),
        ([retired(1), pending(2)], {}, "none", ""),
        ([gone(1), retired(2, observed=OTHER)], RETRAIN, "retrain", ""),
        ([retired(1, observed=OTHER), ready(2)], REPLACE, "none", ""),
        ([retired(1)], {"state": "absent"}, "none", ""),
        ([retired(1)], {"state": "cancelled"}, "none", ""),
        ([retired(1)], {"state": "paused"}, "none", ""),
    ],
)
def test_h1_retired(runs: list[Run], options: dict[str, Any], action: str, says: str) -> None:
    plan = plan_of(runs, **options)
    assert plan.action == action
    if says:
        assert isinstance(plan.refusal, DriftError)
        assert says in plan.refusal.message
    else:
        assert plan.refusal is None


def test_h1_retired_where_nothing_is_made_anew() -> None:
    assert isinstance(plan_of([retired(1, observed=OTHER)], can=NO_RERUN, **RETRAIN).refusal, DriftError)


@pytest.mark.parametrize(
    ("runs", "options", "action", "warns"),
    [
        ([unseen(1)], {}, "none", ["It is not shown."]),
        ([unseen(1)], {**RETRAIN, **RETRY, **REPLACE}, "none", ["It is not shown."]),
        ([unseen(1)], {"state": "absent"}, "none", ["Not deleted: It is not shown."]),
        ([unseen(1)], {"state": "cancelled"}, "none", []),
        ([unseen(1), ready(2, observed=OTHER)], {"state": "absent"}, "delete", ["Not deleted: It is not shown."]),
        ([unseen(1, observed=OTHER), ready(2)], {}, "none", []),
    ],
)
def test_h1_unseen(runs: list[Run], options: dict[str, Any], action: str, warns: list[str]) -> None:
    plan = plan_of(runs, **options)
    assert (plan.action, plan.refusal, list(plan.warnings)) == (action, None, warns)
    assert not [run for run in plan.remove if run.seen is False]


@pytest.mark.parametrize("doubtful", ["unseen", "uncertain"])
@pytest.mark.parametrize("newer", [ready(2), None])
def test_h3_what_is_not_sure_is_not_deleted_as_a_previous_one(doubtful: str, newer: Run | None) -> None:
    old = unseen(1, observed=OTHER) if doubtful == "unseen" else replace(ready(1, observed=OTHER), uncertain=True)
    plan = plan_of([old, *([newer] if newer else [])], **RETRAIN, **REPLACE)
    assert (plan.action, plan.remove) == ("none" if newer else "retrain", ())
    assert [
        warning
        for warning in plan.warnings
        if warning.startswith("delete_previous: not deleted") and "run-1" in warning
    ]


@pytest.mark.parametrize("make", [ready, pending])
@pytest.mark.parametrize("options", [{}, RETRAIN, RETRY, REPLACE])
def test_h5_a_difference_that_proves_nothing_is_refused(make: Any, options: dict[str, Any]) -> None:
    """Neither what was asked, nor something else to be paid for."""
    run = replace(make(1, observed=OTHER), unclear={"data": "v1 may be another name of v2."})
    plan = plan_of([run], **options)
    assert plan.action == "none"
    assert isinstance(plan.refusal, DriftError)
    assert "v1 may be another name of v2." in plan.refusal.message
    assert plan_of([run, ready(2)], **options).refusal is None
    assert plan_of([run], ignore_changes=("data",), **options).refusal is None
    assert plan_of([run], state="absent").refusal is None
