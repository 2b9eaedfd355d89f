# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan warns of and why it refuses, to the letter: people decide by it whether they pay."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import decide, group_duplicates
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Options,
    Phase,
    Plan,
    Run,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import FIELDS, some_run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.test_plan import (
    NO_CANCEL,
    NO_RERUN,
    OTHER,
    REPLACE,
    RETRAIN,
    RETRY,
    cancelled,
    failed,
    gone,
    pending,
    plan_of,
    ready,
    unknown,
)

SERVES = Capabilities(long_lived=True)
UNIQUE = Capabilities(long_lived=True, unique_names=True)


def refusal_of(plan: Plan) -> tuple[str, str]:
    assert isinstance(plan.refusal, FineTuneError)
    return plan.refusal.message, plan.refusal.hint


class TestSecondOnes:
    TAIL = (
        "has the same settings as run-2: a second model. A request whose answer was lost, or two tasks at the same "
        "moment, may have made it. It is left alone and may cost money: cancel or delete it if nobody needs it."
    )

    @pytest.mark.parametrize(
        ("run", "what"),
        [
            (ready(1, status="succeeded"), "succeeded, 'model-1'"),
            (ready(1, status="succeeded", model=None), "succeeded"),
            (pending(1, status="running"), "running"),
            (pending(1, status="running", model="model-1"), "running"),
        ],
    )
    def test_they_are_named(self, run: Run, what: str) -> None:
        plan = plan_of([run, ready(2)])
        assert plan.warnings == (f"Run run-1 ({what}) {self.TAIL}",)
        assert plan.lookalikes == (run,)

    @pytest.mark.parametrize(
        "run",
        [
            failed(1),
            gone(1),
            ready(1, observed=OTHER),
            ready(1, observed={}),
            ready(1, token="t"),
            # The two differ in what the task leaves open.
            ready(1, observed={"data": "v2", "model": "a"}),
        ],
    )
    def test_nothing_else_is(self, run: Run) -> None:
        plan = plan_of([run, ready(2, observed={"data": "v2", "model": "b"})])
        assert (plan.warnings, plan.lookalikes) == ((), ())

    def test_one_that_nobody_has_looked_at_is_not_named_yet(self) -> None:
        """Its model may be gone: it is looked at first."""
        plan = plan_of([ready(1, verified=False), ready(2)])
        assert (plan.warnings, len(plan.lookalikes)) == ((), 1)

    def test_with_an_id_somebody_has_decided(self) -> None:
        assert plan_of([ready(1), ready(2)], run_id="run-1").warnings == ()

    def test_what_is_stopped_or_deleted_anyway_is_not_named(self) -> None:
        plan = plan_of([pending(1, token="t"), pending(2, token="t")])
        assert plan.warnings == ("Run run-2 is a duplicate of one request; it is cancelled.",)
        assert plan.lookalikes == ()
        assert plan_of([ready(1), ready(2)], **REPLACE).warnings == ()

    def test_a_duplicate_that_cannot_be_cancelled_is_named(self) -> None:
        plan = plan_of([ready(1, token="t"), ready(2, token="t")], can=NO_CANCEL)
        assert plan.warnings == (f"Run run-1 (ready, 'model-1') {self.TAIL}",)

    def test_what_is_made_anew_has_no_second_one(self) -> None:
        for plan in (plan_of([failed(1), failed(2)], **RETRY), plan_of([ready(1, observed=OTHER)] * 2, **RETRAIN)):
            assert (plan.creates, plan.lookalikes) == (True, ())


class TestNotShown:
    """A model of which the provider does not show whether it exists."""

    def unseen(self, number: int, **more: Any) -> Run:
        return replace(ready(number, **more), seen=False, removable=False, notes=("It is not shown.",))

    def test_absent_says_what_it_left(self) -> None:
        plan = plan_of([self.unseen(1), self.unseen(2, model=None)], state="absent")
        assert plan.warnings == ("Not deleted: It is not shown.",)

    LEFT = "delete_previous: not deleted, as the provider does not show enough of it: "

    def test_delete_previous_says_what_it_left(self) -> None:
        previous = [self.unseen(1, observed=OTHER), replace(ready(2, observed=OTHER), uncertain=True)]
        plan = plan_of([*previous, ready(3)], **REPLACE)
        assert plan.warnings == (f"{self.LEFT}model-1 (run run-1), model-2 (run run-2).",)

    def test_of_what_is_made_anew_too(self) -> None:
        plan = plan_of([self.unseen(1, observed=OTHER)], **RETRAIN, **REPLACE)
        assert plan.warnings == ("It is not shown.", f"{self.LEFT}model-1 (run run-1).")

    @pytest.mark.parametrize(
        "runs",
        [
            # The one that is kept itself; what has no model; what is no model yet; what is sure, and is deleted.
            lambda self: [self.unseen(1)],
            lambda self: [self.unseen(1, observed=OTHER, model=None), ready(2)],
            lambda self: [replace(pending(1, token="t"), seen=False, model="model-1"), ready(2)],
            lambda self: [ready(1, observed=OTHER), ready(2)],
        ],
    )
    def test_nothing_else_is_said_to_be_left(self, runs: Any) -> None:
        assert not any(self.LEFT in warning for warning in plan_of(runs(self), **REPLACE).warnings)
        assert not any(self.LEFT in warning for warning in plan_of([self.unseen(1, observed=OTHER), ready(2)]).warnings)


class TestLost:
    def test_the_newest_three_are_named(self) -> None:
        plan = plan_of([gone(number) for number in (1, 2, 3, 4)])
        assert plan.warnings == tuple(
            f"The model of run run-{number} no longer exists (model-{number})." for number in (4, 3, 2)
        )

    def test_one_without_a_name_by_its_status(self) -> None:
        assert plan_of([gone(1, model=None)]).warnings == ("The model of run run-1 no longer exists (deleted).",)


class TestRefusals:
    def test_an_unknown_status(self) -> None:
        assert refusal_of(plan_of([unknown(1)])) == (
            "Run run-1 of 'bot' has the status 'thinking', which this version does not know.",
            "It may be working, and cost money, so nothing else is started. Look at it, and update this collection.",
        )

    @pytest.mark.parametrize(("run_id", "refused"), [(None, True), ("run-1", True), ("run-2", False)])
    def test_an_unknown_status_where_another_is_meant(self, run_id: str | None, refused: bool) -> None:
        plan = plan_of([unknown(1), pending(2)], state="cancelled", run_id=run_id)
        assert (plan.refusal is not None) is refused
        assert [run.id for run in plan.stop] == ([] if refused else ["run-2"])

    @pytest.mark.parametrize(
        ("run", "says"),
        [
            (failed(1), "Run run-1 of 'bot' failed: bad line 3."),
            (replace(failed(1), reason="no."), "Run run-1 of 'bot' failed: no."),
            (cancelled(1), "Run run-1 of 'bot' was cancelled."),
        ],
    )
    def test_a_failure(self, run: Run, says: str) -> None:
        assert refusal_of(plan_of([run])) == (
            says,
            "Nothing was started again; 'retry_failed: true' starts one more run.",
        )

    @pytest.mark.parametrize(
        ("run", "says"),
        [
            (ready(1, observed=OTHER), "'bot' exists (run run-1) and was trained differently: data: v1 -> v2."),
            (
                pending(1, observed=OTHER, status="running"),
                "'bot' is being trained by run run-1 (running) with other settings: data: v1 -> v2.",
            ),
        ],
    )
    def test_what_differs(self, run: Run, says: str) -> None:
        message, hint = refusal_of(plan_of([run]))
        assert message == says
        assert "'retrain: on_change'" in hint

    def test_what_is_never_made_anew(self) -> None:
        assert refusal_of(plan_of([ready(1, observed=OTHER)], can=NO_RERUN)) == (
            "The model 'bot' (run-1, ready) exists with other settings: data: v1 -> v2.",
            "Delete it first.",
        )

    @pytest.mark.parametrize(
        ("observed", "reason", "says"),
        [
            ({"data": "v2"}, "", "The model model-1 of 'bot' (run run-1) is retired."),
            ({"data": "v2"}, "its base ended.", "The model model-1 of 'bot' (run run-1) is retired: its base ended."),
            (
                OTHER,
                "",
                "The model model-1 of 'bot' (run run-1) is retired, and was trained differently: data: v1 -> v2.",
            ),
        ],
    )
    def test_a_retired_model(self, observed: dict[str, Any], reason: str, says: str) -> None:
        run = some_run(1, Phase.RETIRED, observed=observed, reason=reason, model="model-1")
        assert refusal_of(plan_of([run]))[0] == says

    def test_what_may_be_of_another_name(self) -> None:
        run = pending(1, status="running", ambiguous="By its data.")
        for state in ("absent", "cancelled", "paused"):
            assert refusal_of(plan_of([run], state=state)) == (
                "Run run-1 (running) may be one of 'bot'. By its data.",
                "Give its id if it is meant.",
            )

    @pytest.mark.parametrize("run", [failed(1, ambiguous="By its data."), gone(1, ambiguous="By its data.")])
    def test_what_may_be_of_another_name_but_is_over(self, run: Run) -> None:
        """There is nothing to stop or to delete, so nobody has to decide."""
        assert plan_of([run], state="absent").refusal is None

    def test_a_finished_model_that_may_be_of_another_name(self) -> None:
        plan = plan_of([ready(1, ambiguous="By its data.")], state="absent")
        assert (plan.action, plan.refusal is None) == ("none", False)

    @pytest.mark.parametrize("state", ["cancelled", "paused"])
    def test_what_the_provider_cannot(self, state: str) -> None:
        can = Capabilities(no_cancel="Not here.", no_pause="Not here.")
        assert refusal_of(plan_of([pending(1)], can=can, state=state)) == (
            f"Run run-1 of 'bot' cannot be {state}.",
            "Not here.",
        )

    def test_what_cannot_be_told_apart_names_each_reason(self) -> None:
        run = replace(
            ready(1, observed={"data": "v1", "model": "a"}), unclear={"data": "No data.", "model": "No model."}
        )
        plan = plan_of([run], {"data": "v2", "model": "b"})
        assert refusal_of(plan)[0] == "'bot': No model. No data."
        assert len(plan.changes) == 2
        # Where something else differs as well, it is another one.
        assert plan_of([replace(run, unclear={"data": "No data."})], {"data": "v2", "model": "b"}, **RETRAIN).creates

    def test_inner_differences_are_told_where_there_is_nothing_else(self) -> None:
        inner = Change("marker", "in_place", "a", "b", inner=True)
        fields = tuple(replace(field, inner=field.name == "data") for field in FIELDS)
        plan = decide([ready(1, observed=OTHER)], fields, {"data": "v2"}, Options("bot"), Capabilities(), "model")
        assert "data: v1 -> v2" in refusal_of(plan)[0]
        observed = {"data": "v1", "model": "a"}
        desired = {"data": "v2", "model": "b"}
        plan = decide([ready(1, observed=observed)], fields, desired, Options("bot"), Capabilities(), "model")
        assert "model: a -> b" in refusal_of(plan)[0] and "data" not in refusal_of(plan)[0]
        assert str(inner) == "marker: a -> b"


class TestKept:
    def test_a_pending_one_with_other_settings_beside_it(self) -> None:
        run = pending(2, observed=OTHER, status="running")
        assert plan_of([ready(1), run]).warnings == (
            "Run run-2 is still running with other settings (data: v1 -> v2).",
        )

    @pytest.mark.parametrize("more", [{"ambiguous": "By its data."}, {"token": "t", "observed": {"data": "v2"}}])
    def test_one_that_is_equal_or_may_be_of_another_name_is_left_alone(self, more: dict[str, Any]) -> None:
        plan = plan_of([ready(1), pending(2, **{"observed": OTHER, **more})], **RETRAIN)
        assert (plan.action, plan.stop, plan.warnings) == ("none", (), ())

    def test_what_only_mattered_at_its_creation(self) -> None:
        run = ready(1, observed={"data": "v2", "role": "old", "tags": "old"})
        plan = plan_of([run], {"data": "v2", "role": "new", "tags": "new"})
        assert plan.warnings == (
            "Run run-1 was made with other settings that no longer matter (role: old -> new); nothing is done "
            "about them.",
        )
        assert (plan.action, [change.field for change in plan.changes]) == ("update", ["tags"])

    def test_one_that_is_changed_only_once_it_is_ready(self) -> None:
        run = pending(1, status="creating", observed={"data": "v2", "tags": "old"})
        plan = plan_of([run], {"data": "v2", "tags": "new"}, Capabilities(late_update=True), wait=False)
        assert plan.warnings == (
            "Run run-1 is creating, and is changed only once it is ready (tags: old -> new). Run the task again then.",
        )

    def test_older_ones_go_only_for_a_finished_one(self) -> None:
        assert plan_of([ready(1, observed=OTHER), pending(2)], **REPLACE).remove == ()
        assert [run.id for run in plan_of([ready(1), ready(2)], **REPLACE).remove] == ["run-1"]

    def test_what_cannot_be_deleted_stays(self) -> None:
        for more in ({"removable": False}, {"held": "It is committed."}, {"uncertain": True}, {"ambiguous": "Maybe."}):
            assert plan_of([replace(ready(1, observed=OTHER), **more), ready(2)], **REPLACE).remove == ()


class TestServing:
    FIELDS = FIELDS

    def test_it_is_replaced_where_it_differs(self) -> None:
        plan = plan_of([ready(1, observed=OTHER)], can=SERVES, **RETRAIN)
        assert (plan.action, [run.id for run in plan.remove], plan.remove_first) == ("replace", ["run-1"], ())

    def test_what_is_replaced_goes_only_where_that_was_asked(self) -> None:
        runs = [ready(1, observed=OTHER), ready(2)]
        assert plan_of(runs, can=SERVES).remove == ()
        assert [run.id for run in plan_of(runs, can=SERVES, **RETRAIN).remove] == ["run-1"]
        assert plan_of(runs, **RETRAIN).remove == ()
        assert [run.id for run in plan_of(runs, can=SERVES, wait=False, **RETRAIN).remove] == ["run-1"]

    @pytest.mark.parametrize(("wait", "removed"), [(True, ["run-1"]), (False, [])])
    def test_one_that_is_still_made_takes_the_place_once_it_is_ready(self, wait: bool, removed: list[str]) -> None:
        plan = plan_of([ready(1, observed=OTHER), pending(2)], can=SERVES, wait=wait, **RETRAIN)
        assert [run.id for run in plan.remove] == removed

    def test_where_names_are_unique_all_of_the_name_go_first(self) -> None:
        runs = [failed(1, observed=OTHER), ready(2, observed=OTHER)]
        plan = plan_of(runs, can=UNIQUE, **RETRAIN)
        assert [run.id for run in plan.remove_first] == ["run-2", "run-1"]
        assert plan.warnings == ("run-2, run-1 is deleted before the new model is made, as no two can have one name.",)
        assert plan.remove == ()

    def test_without_waiting_nothing_is_deleted_first(self) -> None:
        plan = plan_of([ready(1, observed=OTHER)], can=UNIQUE, wait=False, **RETRAIN)
        assert (plan.action, plan.run and plan.run.id, plan.remove_first) == ("none", "run-1", ())
        assert plan.warnings == (
            "run-1 has to be deleted before a new model is made, so nothing was done: use 'wait: true'.",
        )

    @pytest.mark.parametrize(
        ("more", "why", "hint"),
        [
            ({"held": "It is committed."}, "It is committed.", "Nothing was changed."),
            (
                {"ambiguous": "By its data."},
                "By its data.",
                "Nothing was changed. 'state: absent' deletes it; then run the task again.",
            ),
            (
                {"uncertain": True},
                "It is not sure that it has never served.",
                "Nothing was changed. 'state: absent' deletes it; then run the task again.",
            ),
        ],
    )
    def test_what_is_not_deleted_for_another(self, more: dict[str, Any], why: str, hint: str) -> None:
        plan = plan_of([replace(ready(1, observed=OTHER), **more)], can=UNIQUE, **RETRAIN)
        assert refusal_of(plan) == (
            f"The model run-1 of 'bot' differs: data: v1 -> v2. It is not replaced: {why}",
            hint,
        )

    def test_a_failed_one_that_is_held(self) -> None:
        run = failed(1, held="It is committed.")
        assert refusal_of(plan_of([run], **RETRY))[0] == (
            "The model run-1 of 'bot' is failed (bad line 3). It is not replaced: It is committed."
        )
        assert refusal_of(plan_of([replace(run, reason="")], **RETRY))[0] == (
            "The model run-1 of 'bot' is failed. It is not replaced: It is committed."
        )

    def test_several_that_all_differ(self) -> None:
        runs = [ready(1, observed=OTHER), ready(2, observed=OTHER)]
        plan = plan_of(runs, can=SERVES, **RETRAIN)
        assert (
            refusal_of(plan)[0]
            == "Several runs have the name 'bot': run-2, run-1. None of them has the desired settings."
        )
        assert plan.run is runs[1]
        assert plan_of(runs, can=SERVES, run_id="run-1", **RETRAIN).action == "replace"
        assert plan_of(runs, **RETRAIN).action == "retrain"

    def test_of_several_the_one_that_needs_no_change_counts(self) -> None:
        runs = [ready(1, observed={"data": "v2", "tags": "new"}), ready(2, observed={"data": "v2", "tags": "old"})]
        plan = plan_of(runs, {"data": "v2", "tags": "new"}, SERVES)
        assert (plan.action, plan.run and plan.run.id) == ("none", "run-1")
        plan = plan_of(runs, {"data": "v2", "tags": "new"})
        assert (plan.action, plan.run and plan.run.id) == ("update", "run-2")

    def test_an_update_to_something_else(self) -> None:
        run = some_run(1, Phase.UPDATING, observed=OTHER, target={"data": "v3"})
        plan = plan_of([run], can=SERVES)
        assert plan.warnings == (
            "The model run-1 is being updated to something else (data: v3 -> v2), so nothing was sent. Run the task "
            "again when that has ended.",
        )
        plan = plan_of([replace(run, target={})], can=SERVES)
        assert "to something else (data: v1 -> v2)" in plan.warnings[0]

    def test_beside_one_that_is_updated_none_is_called_a_second_one(self) -> None:
        plan = plan_of([ready(1), some_run(2, Phase.UPDATING, target={"data": "v2"})], can=SERVES, wait=False)
        assert (plan.run and plan.run.id, plan.warnings, plan.lookalikes) == ("run-2", (), ())

    def test_a_failed_update(self) -> None:
        run = ready(1, observed={"data": "v2", "tags": "old"}, target={"tags": "new"}, update_error="no capacity.")
        assert refusal_of(plan_of([run], {"data": "v2", "tags": "new"}, SERVES)) == (
            "The last update of the model run-1 of 'bot' failed: no capacity. It is still as before: tags: old -> new.",
            "Nothing was changed; 'retry_failed: true' sends the update once more.",
        )
        assert plan_of([run], {"data": "v2", "tags": "other"}, SERVES).action == "update"
        assert plan_of([run], {"data": "v2", "tags": "old"}, SERVES).warnings == (
            "The last update of run-1 failed (no capacity.). It has the desired settings.",
        )

    def test_absent_while_it_is_updated(self) -> None:
        run = some_run(1, Phase.UPDATING, status="Updating")
        assert plan_of([run], can=SERVES, state="absent").warnings == (
            "run-1 of 'bot' is Updating, and is deleted only once that has ended. Run the task again then.",
        )


class TestDuplicates:
    def ids(self, *runs: Run) -> tuple[list[str], list[str], dict[str, str]]:
        counted, found, canonical = group_duplicates(runs)
        return [run.id for run in counted], [run.id for run in found], {key: run.id for key, run in canonical.items()}

    def test_the_oldest_that_failed_stands_where_none_is_alive(self) -> None:
        runs = [cancelled(1, token="t"), failed(2, token="t"), failed(3, token="t")]
        assert self.ids(*runs) == (["run-2"], [], {"run-1": "run-2", "run-3": "run-2"})

    def test_else_the_oldest(self) -> None:
        assert self.ids(cancelled(1, token="t"), cancelled(2, token="t")) == (["run-1"], [], {"run-2": "run-1"})

    @pytest.mark.parametrize("phase", [Phase.READY, Phase.DELETED, Phase.RETIRED, Phase.UNKNOWN])
    def test_what_became_a_model_counts_or_may_count(self, phase: Phase) -> None:
        counted, found, _canonical = self.ids(pending(1, token="t"), some_run(2, phase, token="t"))
        assert (counted, found) == (["run-1", "run-2"], [])
