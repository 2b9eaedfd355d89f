# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The truth table of the design, row by row, and what must hold whatever exists."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, DriftError, RunFailed
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import decide, group_duplicates
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Field,
    Options,
    Phase,
    Plan,
    Run,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    DESIRED,
    FIELDS,
    some_run,
)

OTHER = {"data": "v1"}
NO_CANCEL = Capabilities(no_cancel="Delete the run instead.")
NO_PAUSE = Capabilities(no_pause="Cancel it instead.")
NO_RERUN = Capabilities(no_rerun="Delete it first.")


def ready(number: int, **more: Any) -> Run:
    return some_run(number, Phase.READY, **more)


def pending(number: int, **more: Any) -> Run:
    return some_run(number, Phase.PENDING, **more)


def paused(number: int, **more: Any) -> Run:
    return some_run(number, Phase.PAUSED, **more)


def failed(number: int, **more: Any) -> Run:
    return some_run(number, Phase.FAILED, reason="bad line 3", **more)


def cancelled(number: int, **more: Any) -> Run:
    return some_run(number, Phase.CANCELLED, **more)


def gone(number: int, **more: Any) -> Run:
    return some_run(number, Phase.DELETED, **more)


def unknown(number: int, **more: Any) -> Run:
    return some_run(number, Phase.UNKNOWN, status="thinking", **more)


def plan_of(
    runs: list[Run], desired: dict[str, Any] | None = None, can: Capabilities | None = None, **options: Any
) -> Plan:
    return decide(
        runs, FIELDS, DESIRED if desired is None else desired, Options("bot", **options), can or Capabilities(), "model"
    )


@dataclass
class Row:
    """What exists and was asked -> the action, its run, what is stopped and removed, or why it is refused."""

    text: str
    runs: list[Run]
    action: str
    about: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    stop: tuple[int, ...] = ()
    duplicates: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()
    refusal: type[Exception] | None = None
    says: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    can: Capabilities | None = None


RETRAIN: dict[str, Any] = {"retrain": "on_change"}
RETRY: dict[str, Any] = {"retry_failed": True}
REPLACE: dict[str, Any] = {"delete_previous": True}

TABLE = [
    # -- nothing
    Row("nothing", [], "create"),
    Row("nothing, all options", [], "create", None, {**RETRAIN, **RETRY, **REPLACE}),
    # -- a ready run equal to the desired state
    Row("ready", [ready(1)], "none", 1),
    Row("ready, all options", [ready(1)], "none", 1, {**RETRAIN, **RETRY, **REPLACE}),
    Row("ready beside a newer failure", [ready(1), failed(2)], "none", 1, RETRY),
    Row("ready beside a newer different model", [ready(1), ready(2, observed=OTHER)], "none", 1, RETRAIN),
    Row("the newest of two ready", [ready(1), ready(2)], "none", 2, warns=("run-1", "second model")),
    Row("the adopted one of two ready", [ready(1), ready(2)], "none", 1, {"run_id": "run-1"}),
    Row("an adopted one that differs", [ready(1, observed=OTHER), ready(2)], "none", 2, {"run_id": "run-1"}),
    Row("ready, older ones kept", [ready(1, observed=OTHER), ready(2)], "none", 2, RETRAIN),
    Row("ready, a deletion finished", [ready(1, observed=OTHER), ready(2)], "delete", 2, REPLACE, remove=(1,)),
    Row("ready, newer ones are not previous", [ready(1), ready(2, observed=OTHER)], "none", 1, REPLACE),
    Row("ready, its previous one is gone", [gone(1, observed=OTHER), ready(2)], "none", 2, REPLACE),
    Row("ready, pending differs", [ready(1), pending(2, observed=OTHER)], "none", 1, warns=("run-2", "data: v1 -> v2")),
    Row("ready, pending differs, stop it", [ready(1), pending(2, observed=OTHER)], "cancel", 1, RETRAIN, stop=(2,)),
    Row("ready, paused differs, stop it", [ready(1), paused(2, observed=OTHER)], "cancel", 1, RETRAIN, stop=(2,)),
    Row("ready, pending equal, is left alone", [ready(1), pending(2)], "none", 1, RETRAIN, warns=("run-2",)),
    Row(
        "ready, pending differs, cannot cancel",
        [ready(1), pending(2, observed=OTHER)],
        "none",
        1,
        RETRAIN,
        warns=("run-2",),
        can=NO_CANCEL,
    ),
    Row("ready beside an unknown status", [ready(1), unknown(2)], "none", 1),
    # -- else a pending run, equal
    Row("pending", [pending(1)], "none", 1, {**RETRAIN, **RETRY}),
    Row("pending beside another model", [ready(1, observed=OTHER), pending(2)], "none", 2, {**RETRAIN, **REPLACE}),
    Row("pending older than a failure", [pending(1), failed(2)], "none", 1, RETRY),
    Row("the newest of two pending", [pending(1), pending(2)], "none", 2, warns=("run-1", "second model")),
    Row("the adopted one of two pending", [pending(1), pending(2)], "none", 1, {"run_id": "run-1"}),
    Row("the adopted one, pending beside a ready one", [ready(1), pending(2)], "none", 2, {"run_id": "run-2"}),
    Row("the adopted one, paused beside a ready one", [ready(1), paused(2)], "resume", 2, {"run_id": "run-2"}),
    Row(
        "the adopted one, pending and different, beside a ready one",
        [ready(1), pending(2, observed=OTHER)],
        "none",
        1,
        {"run_id": "run-2"},
        warns=("run-2", "data: v1 -> v2"),
    ),
    Row("paused", [paused(1)], "resume", 1),
    Row("pending beside an unknown status", [pending(1), unknown(2)], "none", 1),
    # -- a status that nobody knows
    Row("unknown", [unknown(1)], "none", 1, RETRAIN, refusal=ApiError, says=("run-1", "thinking")),
    Row("unknown, different", [unknown(1, observed=OTHER)], "none", 1, RETRAIN, refusal=ApiError, says=("thinking",)),
    Row("unknown and failed", [unknown(1), failed(2)], "none", 1, RETRY, refusal=ApiError),
    # -- else a pending run, different
    Row(
        "pending differs",
        [pending(1, observed=OTHER)],
        "none",
        1,
        {**RETRY, **REPLACE},
        refusal=DriftError,
        says=("run-1", "data: v1 -> v2", "retrain: on_change"),
    ),
    Row("pending differs, replaced", [pending(1, observed=OTHER)], "retrain", 1, RETRAIN, stop=(1,)),
    Row(
        "two pending differ, replaced",
        [pending(1, observed=OTHER), paused(2, observed=OTHER)],
        "retrain",
        2,
        RETRAIN,
        stop=(2, 1),
    ),
    Row(
        "pending and ready differ, replaced, the old model last",
        [ready(1, observed=OTHER), pending(2, observed=OTHER)],
        "retrain",
        2,
        {**RETRAIN, **REPLACE},
        stop=(2,),
        remove=(1,),
    ),
    Row(
        "pending differs and cannot be cancelled",
        [pending(1, observed=OTHER)],
        "none",
        1,
        RETRAIN,
        refusal=DriftError,
        says=("run-1", "Delete the run instead."),
        can=NO_CANCEL,
    ),
    Row(
        "pending differs beside an equal failure",
        [pending(1, observed=OTHER), failed(2)],
        "none",
        1,
        RETRY,
        refusal=DriftError,
    ),
    # -- else the newest run failed or was cancelled, equal
    Row("failed", [failed(1)], "none", 1, RETRAIN, refusal=RunFailed, says=("run-1", "bad line 3", "retry_failed")),
    Row("failed, once more", [failed(1)], "retry", 1, RETRY),
    Row("cancelled", [cancelled(1)], "none", 1, refusal=RunFailed, says=("run-1", "was cancelled", "retry_failed")),
    Row("cancelled, once more", [cancelled(1)], "retry", 1, RETRY),
    Row("failed after another model", [ready(1, observed=OTHER), failed(2)], "none", 2, RETRAIN, refusal=RunFailed),
    Row(
        "failed after another model, once more, that one last",
        [ready(1, observed=OTHER), failed(2)],
        "retry",
        2,
        {**RETRY, **REPLACE},
        remove=(1,),
    ),
    # -- else a ready run, different
    Row(
        "ready differs",
        [ready(1, observed=OTHER)],
        "none",
        1,
        {**RETRY, **REPLACE},
        refusal=DriftError,
        says=("run-1", "data: v1 -> v2", "retrain: on_change"),
    ),
    Row("ready differs, retrained", [ready(1, observed=OTHER)], "retrain", 1, RETRAIN),
    Row(
        "ready differs, retrained, deleted",
        [ready(1, observed=OTHER)],
        "retrain",
        1,
        {**RETRAIN, **REPLACE},
        remove=(1,),
    ),
    Row(
        "ready differs, a newer failure differs too",
        [ready(1, observed=OTHER), failed(2, observed=OTHER)],
        "retrain",
        1,
        RETRAIN,
    ),
    Row("an old equal failure, then another model", [failed(1), ready(2, observed=OTHER)], "retrain", 2, RETRAIN),
    # -- else only failed or cancelled runs, different
    Row("failed, different", [failed(1, observed=OTHER)], "create"),
    Row("cancelled, different", [cancelled(1, observed=OTHER)], "create"),
    Row("an equal failure, then a different one", [failed(1), failed(2, observed=OTHER)], "create"),
    # -- a run whose model is gone
    Row("gone", [gone(1)], "create", warns=("run-1", "model-1", "no longer exists")),
    Row("gone beside a failure", [failed(1), gone(2)], "none", 1, refusal=RunFailed, warns=("run-2",)),
    Row(
        "gone beside a model that differs", [ready(1, observed=OTHER), gone(2)], "retrain", 1, RETRAIN, warns=("run-2",)
    ),
    # -- duplicates: runs of one intent
    Row(
        "duplicates pending",
        [pending(1, token="t"), pending(2, token="t")],
        "none",
        1,
        duplicates=(2,),
        warns=("run-2", "duplicate"),
    ),
    Row(
        "duplicates, the younger one paused", [pending(1, token="t"), paused(2, token="t")], "none", 1, duplicates=(2,)
    ),
    Row("duplicates, settled before", [pending(1, token="t"), cancelled(2, token="t")], "none", 1),
    Row("duplicates, the older one cancelled", [cancelled(1, token="t"), pending(2, token="t")], "none", 2),
    Row("duplicates, the elder failed", [failed(1, token="t"), pending(2, token="t")], "none", 2),
    Row(
        "duplicates, the elder being stopped",
        [some_run(1, Phase.CANCELLING, token="t"), pending(2, token="t")],
        "none",
        2,
    ),
    Row("duplicates ready", [ready(1, token="t"), pending(2, token="t")], "none", 1, duplicates=(2,)),
    Row(
        "duplicates, the younger ready first", [pending(1, token="t"), ready(2, token="t")], "none", 2, warns=("run-1",)
    ),
    Row(
        "three duplicates",
        [pending(1, token="t"), pending(2, token="t"), pending(3, token="t")],
        "none",
        1,
        duplicates=(2, 3),
    ),
    Row(
        "duplicates failed, one cancelled",
        [failed(1, token="t"), cancelled(2, token="t")],
        "none",
        1,
        refusal=RunFailed,
    ),
    Row(
        "a cancelled duplicate is no newest run",
        [ready(1, token="t", observed=OTHER), cancelled(2, token="t")],
        "retrain",
        1,
        RETRAIN,
    ),
    Row("tokens differ: no duplicates", [pending(1, token="a"), pending(2, token="b")], "none", 2),
    Row("no tokens: no duplicates", [pending(1), pending(2)], "none", 2, warns=("run-1 (pending)",)),
    Row("duplicates cannot be cancelled", [pending(1, token="t"), pending(2, token="t")], "none", 1, can=NO_CANCEL),
    # -- a run that may be another name's
    Row("in doubt, waited for", [pending(1, ambiguous="By its data.")], "none", 1, warns=("By its data.",)),
    Row(
        "in doubt, different, not replaced",
        [pending(1, observed=OTHER, ambiguous="By its data.")],
        "none",
        1,
        RETRAIN,
        refusal=ApiError,
        says=("run-1", "By its data."),
    ),
    Row(
        "in doubt, never deleted as the previous one",
        [ready(1, observed=OTHER, ambiguous="By its data."), ready(2)],
        "none",
        2,
        REPLACE,
    ),
    Row(
        "in doubt, absent",
        [pending(1, ambiguous="By its data.")],
        "none",
        1,
        {"state": "absent"},
        refusal=ApiError,
        says=("run-1", "By its data."),
    ),
    Row(
        "in doubt, absent by its id",
        [pending(1, ambiguous="By its data.")],
        "delete",
        1,
        {"state": "absent", "run_id": "run-1"},
        stop=(1,),
    ),
    # -- absent
    Row("absent, nothing", [], "none", options={"state": "absent"}),
    Row("absent, over", [failed(1), cancelled(2), gone(3)], "none", options={"state": "absent"}),
    Row(
        "absent, everything of the name",
        [ready(1), pending(2), ready(3, observed=OTHER), paused(4, observed=OTHER), failed(5)],
        "delete",
        3,
        {"state": "absent"},
        stop=(4, 2),
        remove=(3, 1),
    ),
    Row("absent, one id", [ready(1), ready(2)], "delete", 1, {"state": "absent", "run_id": "run-1"}, remove=(1,)),
    Row(
        "absent, duplicates",
        [pending(1, token="t"), pending(2, token="t")],
        "delete",
        2,
        {"state": "absent"},
        stop=(2, 1),
    ),
    Row(
        "absent, a file that is processed", [pending(1, removable=True)], "delete", 1, {"state": "absent"}, remove=(1,)
    ),
    Row("absent, being deleted", [some_run(1, Phase.DELETING)], "delete", 1, {"state": "absent"}, remove=(1,)),
    Row("absent, cannot cancel", [pending(1)], "delete", 1, {"state": "absent"}, remove=(1,), can=NO_CANCEL),
    # -- cancelled, paused
    Row("cancelled, nothing", [], "none", options={"state": "cancelled"}),
    Row("cancelled, ready", [ready(1)], "none", 1, {"state": "cancelled"}),
    Row("cancelled, failed", [failed(1)], "none", 1, {"state": "cancelled"}),
    Row("cancelled, pending", [ready(1), pending(2), paused(3)], "cancel", 3, {"state": "cancelled"}, stop=(3, 2)),
    Row(
        "cancelled, one id", [pending(1), pending(2)], "cancel", 1, {"state": "cancelled", "run_id": "run-1"}, stop=(1,)
    ),
    Row(
        "cancelled, cannot",
        [pending(1)],
        "none",
        1,
        {"state": "cancelled"},
        refusal=DriftError,
        says=("run-1", "Delete the run instead."),
        can=NO_CANCEL,
    ),
    Row("cancelled, cannot but need not", [ready(1)], "none", 1, {"state": "cancelled"}, can=NO_CANCEL),
    Row("paused, pending", [pending(1)], "pause", 1, {"state": "paused"}, stop=(1,)),
    Row("paused already", [paused(1)], "none", 1, {"state": "paused"}),
    Row("paused, ready", [ready(1)], "none", 1, {"state": "paused"}),
    Row(
        "paused, cannot",
        [pending(1)],
        "none",
        1,
        {"state": "paused"},
        refusal=DriftError,
        says=("run-1", "Cancel it instead."),
        can=NO_PAUSE,
    ),
    # -- what is never made anew
    *(
        Row(
            f"{run.status} differs, is never made anew",
            [run],
            "none",
            1,
            RETRAIN,
            refusal=DriftError,
            says=("run-1", "data: v1 -> v2", "Delete it first."),
            can=NO_RERUN,
        )
        for run in (ready(1, observed=OTHER), pending(1, observed=OTHER))
    ),
    Row("equal, never made anew", [ready(1)], "none", 1, can=NO_RERUN),
]


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.text)
def test_truth_table(row: Row, check_mode: bool) -> None:
    plan = plan_of(row.runs, can=row.can, check_mode=check_mode, **row.options)

    def ids(*numbers: int) -> list[str]:
        return [f"run-{number}" for number in numbers]

    told = f"{plan.refusal} {getattr(plan.refusal, 'hint', '')}"
    assert plan.refusal.__class__ is (row.refusal or None.__class__), told
    for words in row.says:
        assert words in told
    assert plan.action == row.action
    assert (plan.run.id if plan.run else None) == (f"run-{row.about}" if row.about else None)
    assert [run.id for run in plan.stop] == ids(*row.stop)
    assert [run.id for run in plan.duplicates] == ids(*row.duplicates)
    assert [run.id for run in plan.remove] == ids(*row.remove)
    warned = " ".join(plan.warnings)
    for words in row.warns:
        assert words in warned
    assert row.warns or row.duplicates or not plan.warnings
    changes = bool(row.action != "none" or row.stop or row.duplicates or row.remove)
    assert plan.changed is changes
    if plan.refusal:
        assert not changes


class TestChanges:
    def test_in_place_is_updated(self) -> None:
        plan = plan_of([ready(1, observed={"data": "v2", "tags": "old"})], {"data": "v2", "tags": "new"})
        assert plan.action == "update"
        assert [str(change) for change in plan.changes] == ["tags: old -> new"]

    def test_in_place_of_a_pending_run_too(self) -> None:
        plan = plan_of([pending(1, observed={"data": "v2", "tags": "old"})], {"data": "v2", "tags": "new"})
        assert (plan.action, plan.run and plan.run.id) == ("update", "run-1")

    @pytest.mark.parametrize("wait", [True, False])
    def test_but_only_once_it_is_ready_where_the_host_does_it_no_sooner(self, wait: bool) -> None:
        run, can = pending(1, observed={"data": "v2", "tags": "old"}), Capabilities(late_update=True)
        plan = plan_of([run], {"data": "v2", "tags": "new"}, can, wait=wait)
        assert (plan.action, plan.changed) == (("update", True) if wait else ("none", False))
        assert [str(change) for change in plan.changes] == (["tags: old -> new"] if wait else [])
        assert any("tags: old -> new" in warning for warning in plan.warnings) is not wait
        assert plan_of([replace(run, phase=Phase.READY)], {"data": "v2", "tags": "new"}, can).action == "update"

    def test_creation_is_a_warning_only(self) -> None:
        plan = plan_of([ready(1, observed={"data": "v2", "role": "old"})], {"data": "v2", "role": "new"}, **RETRAIN)
        assert (plan.action, plan.changes) == ("none", ())
        assert "role: old -> new" in plan.warnings[0]

    def test_each_key_is_compared_for_itself(self) -> None:
        observed = {"data": "v2", "hyperparameters": {"epochs": 3, "rate": 0.1, "chosen": 7}}
        desired = {"data": "v2", "hyperparameters": {"epochs": "3", "rate": 0.2, "unshown": 1}}
        plan = plan_of([ready(1, observed=observed)], desired, **RETRAIN)
        assert [str(change) for change in plan.changes] == ["hyperparameters.rate: 0.1 -> 0.2"]

    def test_what_is_left_out_is_not_compared(self) -> None:
        assert plan_of([ready(1, observed={"data": "v2", "model": "m"})], {"data": "v2"}).action == "none"
        assert plan_of([ready(1, observed={"data": "v2"})], {"data": "v2", "model": "m"}).action == "none"

    def test_every_difference_is_listed(self) -> None:
        observed = {"data": "v1", "model": "a", "grader": {"type": "x"}}
        refusal = plan_of([ready(1, observed=observed)], {"data": "v2", "model": "b", "grader": {"type": "y"}}).refusal
        for words in ("data: v1 -> v2", "model: a -> b", "grader.type: x -> y"):
            assert words in str(refusal)


def test_what_the_provider_chose_at_random_makes_no_two_differ() -> None:
    fields = (*FIELDS, Field("seed", "immutable", chosen=True))
    runs = [ready(number, observed={"data": "v2", "seed": number}) for number in (1, 2)]
    plan = decide(runs, fields, DESIRED, Options("bot"), Capabilities(), "model")
    assert [run.id for run in plan.lookalikes] == ["run-1"]


def test_survivor_of_equal_age_is_the_same_for_everybody() -> None:
    runs = [Run(f"run-{number}", 5.0, Phase.PENDING, "p", token="t") for number in (3, 1, 2)]
    for order in (runs, runs[::-1], sorted(runs, key=lambda run: run.id)):
        counted, found, canonical = group_duplicates(order)
        assert [run.id for run in counted] == ["run-1"]
        assert sorted(run.id for run in found) == ["run-2", "run-3"]
        assert {name: run.id for name, run in canonical.items()} == {"run-2": "run-1", "run-3": "run-1"}


def random_runs(source: random.Random) -> list[Run]:
    """Runs of one token are of one request. What is on its way to an end is awaited before anything is decided."""
    phases = [phase for phase in Phase if not phase.transitional]
    kinds = [(DESIRED, None), (OTHER, None), (DESIRED, "a"), (DESIRED, "b"), (OTHER, "c")]
    runs = []
    for number in range(source.randrange(7)):
        observed, token = source.choice(kinds)
        runs.append(some_run(number, source.choice(phases), observed=observed, token=token))
    return runs


def random_options(source: random.Random) -> dict[str, Any]:
    return {
        "retrain": source.choice(["never", "on_change"]),
        "retry_failed": source.random() < 0.5,
        "delete_previous": source.random() < 0.5,
        "state": source.choice(["present"] * 5 + ["absent", "cancelled", "paused"]),
        "run_id": source.choice([None, None, "run-1", "run-3"]),
        "check_mode": source.random() < 0.5,
    }


@pytest.mark.parametrize("seed", range(10))
def test_whatever_exists(seed: int) -> None:
    """Random pasts: never a second run beside one that serves, nothing destroyed that was not asked for."""
    source = random.Random(seed)
    for _round in range(300):
        runs, options = random_runs(source), random_options(source)
        can = source.choice([Capabilities(), NO_CANCEL, NO_PAUSE])
        plan = plan_of(runs, can=can, **options)
        shuffled = list(runs)
        source.shuffle(shuffled)
        again = plan_of(shuffled, can=can, **options)
        assert (plan.action, plan.run, plan.stop, plan.remove, plan.changed) == (
            again.action,
            again.run,
            again.stop,
            again.remove,
            again.changed,
        )
        assert {run.id for run in plan.duplicates} == {run.id for run in again.duplicates}
        assert str(plan.refusal) == str(again.refusal)

        serving = [
            run for run in runs if run.observed == DESIRED and run.phase in (Phase.READY, Phase.PENDING, Phase.PAUSED)
        ]
        if options["state"] != "present":
            assert not plan.creates
            assert not plan.duplicates
            continue
        if serving:
            assert not plan.creates, (runs, options)
            assert plan.refusal is None
        if plan.refusal:
            assert not plan.changed
        assert not plan.stop or options["retrain"] == "on_change"
        assert not plan.remove or options["delete_previous"]
        assert not (can.no_cancel and (plan.stop or plan.duplicates))
        assert plan.run not in plan.remove or plan.creates
        cancelled_here = {run.id for run in (*plan.stop, *plan.duplicates)}
        assert all(run.phase.pending for run in runs if run.id in cancelled_here)
        # Of what serves, something is left after the duplicates are cancelled.
        if serving:
            assert any(run.id not in cancelled_here for run in serving)
