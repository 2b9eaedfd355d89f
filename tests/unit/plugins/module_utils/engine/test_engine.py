# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task at a time against a host in memory: waiting, creating once, stopping, deleting, and what is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
    NotFound,
    RateLimited,
    RunFailed,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Phase
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)

OTHER = {"data": "v3"}


@pytest.fixture
def world() -> World:
    return World()


def lost() -> TransientError:
    return TransientError("connection reset")


class TestConverged:
    def test_create_then_nothing(self, world: World) -> None:
        first = converge(world)
        assert (first["changed"], first["action"], first["status"]) == (True, "create", "ready")
        assert first["model_name"] == f"model-{first['run_id']}"
        assert first["elapsed"] >= 60
        world.calls.clear()
        again = converge(world)
        assert (again["changed"], again["action"], again["run_id"]) == (False, "none", first["run_id"])
        assert world.calls == ["observe", "verify"]

    def test_waits_for_what_another_task_started(self, world: World) -> None:
        started = converge(world, wait=False)
        assert (started["changed"], started["status"]) == (True, "pending")
        result = converge(world)
        assert (result["changed"], result["action"], result["status"]) == (False, "none", "ready")
        assert (result["run_id"], world.count("create")) == (started["run_id"], 1)

    def test_without_waiting_nothing_sleeps(self, world: World) -> None:
        engine = engine_on(world, wait=False)
        engine.converge()
        assert engine.clock.slept == []  # type: ignore[attr-defined]

    def test_details_after_it_was_watched(self, world: World) -> None:
        assert converge(world)["details"] is True
        assert converge(world)["details"] is False

    def test_paused_is_resumed(self, world: World) -> None:
        world.add(Phase.PAUSED)
        result = converge(world)
        assert (result["changed"], result["action"], result["status"]) == (True, "resume", "ready")

    def test_update_in_place(self, world: World) -> None:
        run_id = world.add(Phase.READY)
        world.jobs[run_id].observed["tags"] = "old"
        result = converge(world, {"data": "v2", "tags": "new"})
        assert (result["action"], result["changed"], world.count("update")) == ("update", True, 1)
        assert result["diff"] == {"before": {"tags": "old"}, "after": {"tags": "new"}}
        assert converge(world, {"data": "v2", "tags": "new"})["changed"] is False


class TestCheckMode:
    """What check mode foresees is what then happens, and it changes nothing."""

    @pytest.mark.parametrize(
        ("phases", "desired", "options"),
        [
            ([], None, {}),
            ([Phase.READY], None, {}),
            ([Phase.READY], OTHER, {"retrain": "on_change"}),
            ([Phase.READY], OTHER, {"retrain": "on_change", "delete_previous": True}),
            ([Phase.PENDING], OTHER, {"retrain": "on_change"}),
            ([Phase.FAILED], None, {"retry_failed": True}),
            ([Phase.PAUSED], None, {}),
            ([Phase.READY, Phase.PENDING], None, {"state": "absent"}),
            ([Phase.PENDING], None, {"state": "cancelled"}),
            ([Phase.PENDING], None, {"state": "paused"}),
            ([], None, {"state": "absent"}),
        ],
    )
    def test_foresees(self, world: World, phases: list[Phase], desired: Any, options: dict[str, Any]) -> None:
        for phase in phases:
            world.add(phase)
        before = world.phases()
        foreseen = converge(world, desired, check_mode=True, **options)
        assert world.phases() == before
        assert set(world.calls) <= {"observe", "verify"}
        done = converge(world, desired, **options)
        for key in ("changed", "action", "diff"):
            assert foreseen[key] == done[key]

    @pytest.mark.parametrize(
        ("phase", "error"), [(Phase.READY, InvalidInput), (Phase.PENDING, InvalidInput), (Phase.FAILED, RunFailed)]
    )
    def test_refuses_what_a_run_would_refuse(self, world: World, phase: Phase, error: type[Exception]) -> None:
        world.add(phase)
        desired = OTHER if error is InvalidInput else None
        with pytest.raises(error) as checked:
            converge(world, desired, check_mode=True)
        with pytest.raises(error) as real:
            converge(world, desired)
        assert str(checked.value) == str(real.value)
        assert real.value.facts["run_id"] == "old-1"  # type: ignore[attr-defined]
        assert world.count("create") == 0

    @pytest.mark.parametrize(("phase", "action"), [(Phase.DELETING, "create"), (Phase.PAUSING, "resume")])
    def test_foresees_how_what_is_on_its_way_ends(self, world: World, phase: Phase, action: str) -> None:
        world.add(phase)
        assert converge(world, check_mode=True)["action"] == action

    def test_predicts(self, world: World) -> None:
        result = converge(world, check_mode=True)
        assert (result["model_name"], result["status"]) == ("check-mode:model:bot", "check-mode")


class TestWaiting:
    def test_time_out_keeps_what_was_started(self, world: World) -> None:
        world.training_seconds = 1000.0
        start = world.now
        with pytest.raises(TimedOut) as caught:
            converge(world, wait_timeout=100.0)
        assert world.now - start == pytest.approx(100.0)
        facts = caught.value.facts
        assert (facts["timed_out"], facts["changed"], facts["action"]) == (True, True, "create")
        assert (facts["run_id"], facts["status"]) == ("run-1", "pending")
        assert "50 %" in str(caught.value)
        result = converge(world)
        assert (result["run_id"], result["changed"], world.count("create")) == ("run-1", False, 1)

    def test_a_pause_never_outlasts_the_deadline(self, world: World) -> None:
        world.training_seconds = 1e9
        engine = engine_on(world, wait_timeout=50.0)
        with pytest.raises(TimedOut):
            engine.converge()
        assert sum(engine.clock.slept) == pytest.approx(50.0)  # type: ignore[attr-defined]

    def test_intervals_grow_from_2_to_30_seconds(self, world: World) -> None:
        world.training_seconds = 500.0
        engine = engine_on(world)
        engine.converge()
        slept = engine.clock.slept  # type: ignore[attr-defined]
        assert (slept[0], slept[-1]) == (2.0, 30.0)
        assert slept == sorted(slept)

    def test_retry_after_is_honoured(self, world: World) -> None:
        world.script["refresh"] = [None, RateLimited("slow down", retry_after=45.0)]
        engine = engine_on(world)
        assert engine.converge()["status"] == "ready"
        assert 45.0 in engine.clock.slept  # type: ignore[attr-defined]

    @pytest.mark.parametrize("verb", ["refresh", "progress"])
    def test_passing_trouble_is_survived(self, world: World, verb: str) -> None:
        world.script[verb] = [lost(), RateLimited("429"), lost(), lost(), lost(), lost(), lost()]
        assert converge(world)["status"] == "ready"

    @pytest.mark.parametrize("verb", ["observe", "verify"])
    def test_a_look_is_repeated(self, world: World, verb: str) -> None:
        world.add(Phase.READY)
        world.script[verb] = [lost(), lost(), RateLimited("429", retry_after=7.0)]
        assert converge(world)["changed"] is False

    def test_a_host_that_is_down_is_an_error(self, world: World) -> None:
        world.script["observe"] = [lost()] * 100
        with pytest.raises(TransientError, match="connection reset"):
            converge(world)
        assert world.count("create") == 0

    def test_a_new_run_that_is_not_visible_yet(self, world: World) -> None:
        world.script["refresh"] = [NotFound("404", status=404)] * 3
        result = converge(world)
        assert (result["status"], world.count("create")) == ("ready", 1)

    def test_a_run_that_stays_invisible_is_an_error(self, world: World) -> None:
        start = world.now

        def hide(verb: str) -> None:
            if verb == "refresh":
                world.jobs.clear()

        world.before_call = hide
        with pytest.raises(NotFound) as caught:
            converge(world)
        assert 120 <= world.now - start <= 160
        assert "run-1 is not shown since" in caught.value.hint
        assert "goes on" in caught.value.hint
        assert (caught.value.facts["run_id"], caught.value.facts["changed"], world.count("create")) == (
            "run-1",
            True,
            1,
        )

    def test_an_unknown_status_is_reported(self, world: World) -> None:
        world.ends_as = Phase.UNKNOWN
        with pytest.raises(ApiError, match="'unknown', which this version does not know") as caught:
            converge(world)
        assert (caught.value.facts["run_id"], caught.value.facts["changed"]) == ("run-1", True)

    @pytest.mark.parametrize(
        ("end", "words"), [(Phase.FAILED, "run-1 of 'bot' failed: out of memory"), (Phase.CANCELLED, "was cancelled")]
    )
    def test_the_run_it_started_ends_without_a_model(self, world: World, end: Phase, words: str) -> None:
        world.ends_as = end

        def tell(verb: str) -> None:
            for job in world.jobs.values():
                job.reason = "out of memory"

        world.before_call = tell
        with pytest.raises(RunFailed, match=words) as caught:
            converge(world, retry_failed=True)
        assert caught.value.hint == "do this"
        assert (caught.value.facts["changed"], caught.value.facts["run_id"], world.count("create")) == (
            True,
            "run-1",
            1,
        )

    def test_the_run_it_found_fails(self, world: World) -> None:
        world.ends_as = Phase.FAILED
        converge(world, wait=False)
        with pytest.raises(RunFailed) as caught:
            converge(world, retry_failed=True)
        assert (caught.value.facts["changed"], world.count("create")) == (False, 1)

    def test_a_bound_twin_that_is_cancelled_hands_over(self, world: World) -> None:
        """Another task cancels our run as the younger duplicate while we wait."""
        engine = engine_on(world)

        def cancelled_meanwhile(verb: str) -> None:
            if verb == "refresh" and "run-1" in world.jobs and "elder" not in world.jobs:
                job = world.jobs["run-1"]
                world.add(Phase.PENDING, ago=1.0, token=job.token)
                elder = world.jobs.popitem()[1]
                elder.id, elder.ends_at = "elder", world.now + 30
                world.jobs["elder"] = elder
                job.phase, job.ends_at = Phase.CANCELLED, None

        world.before_call = cancelled_meanwhile
        result = engine.converge()
        assert (result["run_id"], result["status"], result["changed"]) == ("elder", "ready", True)

    def test_paused_by_somebody_while_waiting(self, world: World) -> None:
        world.ends_as = Phase.PAUSED
        with pytest.raises(RunFailed, match="was paused"):
            converge(world)


class TestSlices:
    def run_in_slices(self, world: World, desired: Any = None, **options: Any) -> list[dict[str, Any]]:
        """As the action plugin does: again and again, bound to the run that was named."""
        answers: list[dict[str, Any]] = []
        bound = None
        while True:
            answers.append(converge(world, desired, wait_slice=20.0, wait_run_id=bound, **options))
            if not answers[-1].get("waiting"):
                return answers
            bound = answers[-1]["run_id"] or bound
            assert len(answers) < 100

    def test_slices(self, world: World) -> None:
        start = world.now
        answers = self.run_in_slices(world)
        assert len(answers) >= 3
        first, second, last = answers[0], answers[1], answers[-1]
        assert (first["waiting"], first["changed"], first["action"], first["run_id"]) == (True, True, "create", "run-1")
        # The id is told as soon as it exists.
        assert first["elapsed"] < 5
        assert second["progress"] == {"stage": "training", "percent": 50.0}
        assert second["elapsed"] == pytest.approx(20.0)
        assert all(answer["changed"] is False for answer in answers[1:])
        assert (last["status"], last["run_id"], world.count("create")) == ("ready", "run-1", 1)
        assert world.now - start < 100

    def test_a_bound_run_that_fails(self, world: World) -> None:
        world.ends_as = Phase.FAILED
        with pytest.raises(RunFailed):
            self.run_in_slices(world, retry_failed=True)
        assert world.count("create") == 1

    def test_the_model_of_a_bound_run_is_not_listed_yet(self, world: World) -> None:
        """The run itself says that it succeeded; that its model is missing is a later task's matter."""
        answer = converge(world, wait_slice=20.0)
        world.now += 1000
        world.settle()
        world.jobs[answer["run_id"]].model_there = False
        result = converge(world, wait_slice=20.0, wait_run_id=answer["run_id"])
        assert (result["run_id"], result["status"], world.count("create")) == (answer["run_id"], "ready", 1)

    def test_a_bound_run_that_is_no_longer_what_is_asked(self, world: World) -> None:
        """A task starts at most one run, whatever became of it."""
        answer = converge(world, wait_slice=20.0)
        with pytest.raises(ApiError, match="no longer matches the desired state"):
            converge(world, OTHER, wait_slice=1000.0, wait_run_id=answer["run_id"], retrain="on_change")
        assert world.count("create") == 1

    def test_a_bound_run_is_not_visible_for_a_moment(self, world: World) -> None:
        answer = converge(world, wait_slice=20.0)
        world.script["refresh"] = [NotFound("404", status=404)]
        result = converge(world, wait_run_id=answer["run_id"])
        assert result["status"] == "ready"

    def test_retrain_while_the_old_run_is_slow_to_stop(self, world: World) -> None:
        world.stopping_seconds = 70.0
        old = world.add(Phase.PENDING, data="v1")
        answers = self.run_in_slices(world, retrain="on_change")
        assert answers[-1]["status"] == "ready"
        assert answers[-1]["run_id"] not in (old, None)
        assert world.phases()[old] is Phase.CANCELLED
        assert any(answer["changed"] for answer in answers)

    @pytest.mark.parametrize("phase", [Phase.CANCELLING, Phase.DELETING])
    def test_what_is_on_its_way_out_is_awaited_first(self, world: World, phase: Phase) -> None:
        old = world.add(phase, data="v1")
        world.jobs[old].ends_at = world.now + 70
        answers = self.run_in_slices(world)
        assert (answers[-1]["status"], answers[-1]["run_id"]) == ("ready", "run-2")

    def test_retrain_while_the_provider_is_full(self, world: World) -> None:
        world.add(Phase.READY, data="v1")
        world.script["create"] = [RateLimited("full", retry_after=15.0)] * 4
        answers = self.run_in_slices(world, retrain="on_change")
        assert (answers[-1]["status"], answers[-1]["run_id"]) == ("ready", "run-2")

    def test_retry_while_the_provider_is_full(self, world: World) -> None:
        world.add(Phase.FAILED)
        world.script["create"] = [RateLimited("full", retry_after=15.0)] * 4
        answers = self.run_in_slices(world, retry_failed=True)
        assert (answers[-1]["status"], answers[-1]["run_id"]) == ("ready", "run-2")

    def test_the_old_model_is_slow_to_delete(self, world: World) -> None:
        world.deleting_seconds = 70.0
        old = world.add(Phase.READY, data="v1")
        answers = self.run_in_slices(world, retrain="on_change", delete_previous=True)
        assert (answers[-1]["status"], answers[-1]["run_id"]) == ("ready", "run-2")
        assert world.phases() == {old: Phase.DELETED, "run-2": Phase.READY}

    def test_the_deadline_ends_a_slice(self, world: World) -> None:
        answer = converge(world, wait_slice=20.0, wait_timeout=10.0)
        with pytest.raises(TimedOut) as caught:
            converge(world, wait_slice=20.0, wait_timeout=10.0, wait_run_id=answer["run_id"])
        assert caught.value.facts["elapsed"] == pytest.approx(10.0)


class TestCreate:
    def test_answer_lost_after_the_change(self, world: World) -> None:
        world.script["create"] = [("after", lost())]
        result = converge(world)
        assert (result["changed"], result["run_id"], world.count("create")) == (True, "run-1", 1)
        assert list(world.jobs) == ["run-1"]

    def test_answer_lost_and_the_run_seen_late(self, world: World) -> None:
        """The host works on the request for a moment after it dropped the connection."""
        world.script["create"] = [("after", lost())]

        def hide(verb: str) -> None:
            if verb == "observe" and "run-1" in world.jobs and not world.late:
                world.late.append((world.now + 2.5, world.jobs.pop("run-1")))
                world.before_call = lambda verb: None

        world.before_call = hide
        result = converge(world)
        assert (result["run_id"], world.count("create"), world.uncancelled()) == ("run-1", 1, ["run-1"])

    def test_a_lost_run_that_appears_when_the_second_is_sent(self, world: World) -> None:
        """Twins of one task: the elder stays and is ours, the younger is cancelled."""
        engine = self.with_a_late_run(world, seconds=None)
        result = engine.converge()
        assert (result["run_id"], result["status"], world.count("create")) == ("run-1", "ready", 2)
        assert world.phases() == {"run-1": Phase.READY, "run-2": Phase.CANCELLED}
        assert any("run-2" in warning for warning in engine.warnings)

    def test_a_lost_run_that_appears_much_later_is_settled_by_the_next_task(self, world: World) -> None:
        self.with_a_late_run(world, seconds=20.0, wait=False).converge()
        world.now += 20
        assert converge(world)["run_id"] == "run-1"
        assert world.phases() == {"run-1": Phase.READY, "run-2": Phase.CANCELLED}

    def with_a_late_run(self, world: World, seconds: float | None, **options: Any) -> Any:
        """The first create's answer is lost, and no look sees its run before it is sent again: it appears then, or
        `seconds` after the first."""
        world.script["create"] = [("after", lost())]

        def hide(verb: str) -> None:
            if verb == "observe" and "run-1" in world.jobs:
                world.late.append((world.now + (seconds or 1e6), world.jobs.pop("run-1")))
            if verb == "create" and world.late:
                world.before_call = lambda verb: None
                if seconds is None:
                    world.late = [(world.now, job) for _when, job in world.late]

        world.before_call = hide
        return engine_on(world, **options)

    def test_sent_again_only_after_looks(self, world: World) -> None:
        world.script["create"] = [lost()]
        result = converge(world)
        assert (result["status"], world.count("create"), len(world.jobs)) == ("ready", 2, 1)
        first, second = (index for index, call in enumerate(world.calls) if call == "create")
        assert world.calls[first + 1 : second].count("observe") >= 2

    def test_five_times_no_answer(self, world: World) -> None:
        world.script["create"] = [lost()] * 10
        with pytest.raises(TransientError) as caught:
            converge(world)
        assert world.count("create") == 5
        assert "Sent 5 times" in caught.value.hint
        assert caught.value.facts["changed"] is True
        assert world.uncancelled() == []

    def test_no_answer_to_the_looks_either(self, world: World) -> None:
        """Whether a run was started is not known, and the error says so."""
        world.script["create"] = [("after", lost())]
        world.script["observe"] = [None, *[lost()] * 50]
        with pytest.raises(TransientError) as caught:
            converge(world)
        assert world.count("create") == 1
        assert "Run the task again" in caught.value.text()

    def test_the_host_is_full(self, world: World) -> None:
        world.script["create"] = [RateLimited("full", retry_after=40.0), RateLimited("full")]
        engine = engine_on(world)
        result = engine.converge()
        assert (result["status"], world.count("create"), len(world.jobs)) == ("ready", 3, 1)
        assert 40.0 in engine.clock.slept  # type: ignore[attr-defined]

    def test_the_host_stays_full(self, world: World) -> None:
        world.script["create"] = [RateLimited("full")] * 10_000
        with pytest.raises(RateLimited, match="full") as caught:
            converge(world, wait_timeout=300.0)
        assert (caught.value.facts["changed"], world.jobs) == (False, {})

    def test_the_host_is_full_and_nobody_waits(self, world: World) -> None:
        world.script["create"] = [RateLimited("full")]
        with pytest.raises(RateLimited):
            converge(world, wait=False)

    def test_refused(self, world: World) -> None:
        world.script["create"] = [ApiError("bad model", status=400)]
        with pytest.raises(ApiError, match="bad model") as caught:
            converge(world)
        assert (caught.value.facts["changed"], world.count("create")) == (False, 1)

    @pytest.mark.parametrize("lost_answers", [1, 2])
    def test_on_hosts_without_markers(self, world: World, lost_answers: int) -> None:
        world.keeps_tokens = False
        world.add(Phase.READY, data="v1")
        world.script["create"] = [("after", lost())] * lost_answers
        result = converge(world, retrain="on_change")
        assert (result["run_id"], world.count("create")) == ("run-2", 1)

    def test_a_vanished_model_is_looked_at_twice_before_it_is_paid_again(self, world: World) -> None:
        """Listings lag behind: a model that was just made may be missing for a moment."""
        run_id = world.add(Phase.READY, ago=60.0)
        world.jobs[run_id].model_there = False

        def appear(verb: str) -> None:
            if world.count("verify") == 1:
                world.jobs[run_id].model_there = True

        world.before_call = appear
        result = converge(world)
        assert (result["action"], result["run_id"], world.count("create")) == ("none", run_id, 0)

    def test_a_vanished_model_is_made_again(self, world: World) -> None:
        run_id = world.add(Phase.READY)
        world.jobs[run_id].model_there = False
        engine = engine_on(world)
        result = engine.converge()
        assert (result["action"], result["run_id"]) == ("create", "run-2")
        assert any(f"run {run_id} no longer exists" in warning for warning in engine.warnings)

    def test_an_adopted_id_that_is_not_found(self, world: World) -> None:
        with pytest.raises(NotFound):
            converge(world, run_id="nope")
        assert world.count("create") == 0


class TestReplacing:
    def test_deleted_only_after_the_new_one_is_ready(self, world: World) -> None:
        old = world.add(Phase.READY, data="v1")
        result = converge(world, retrain="on_change", delete_previous=True)
        assert (result["action"], result["run_id"], result["status"]) == ("retrain", "run-2", "ready")
        assert result["model_name"] == "model-run-2"
        assert world.phases() == {old: Phase.DELETED, "run-2": Phase.READY}
        assert world.calls.index("delete") > max(index for index, call in enumerate(world.calls) if call == "refresh")

    @pytest.mark.parametrize("end", [Phase.FAILED, Phase.CANCELLED, Phase.UNKNOWN])
    def test_kept_when_the_new_one_fails(self, world: World, end: Phase) -> None:
        old = world.add(Phase.READY, data="v1")
        world.ends_as = end
        with pytest.raises((RunFailed, ApiError)):
            converge(world, retrain="on_change", delete_previous=True)
        assert (world.phases()[old], world.count("delete")) == (Phase.READY, 0)

    def test_kept_when_nobody_waits_and_deleted_by_the_next_run(self, world: World) -> None:
        old = world.add(Phase.READY, data="v1")
        converge(world, retrain="on_change", delete_previous=True, wait=False)
        assert world.phases()[old] is Phase.READY
        world.now += 1000
        result = converge(world, retrain="on_change", delete_previous=True, wait=False)
        assert (result["changed"], result["action"], result["run_id"]) == (True, "delete", "run-2")
        assert world.phases()[old] is Phase.DELETED
        assert converge(world, retrain="on_change", delete_previous=True)["changed"] is False

    def test_an_interrupted_deletion_is_finished(self, world: World) -> None:
        old = world.add(Phase.READY, data="v1")
        world.script["delete"] = [ApiError("not now", status=403)]
        with pytest.raises(ApiError) as caught:
            converge(world, retrain="on_change", delete_previous=True)
        assert (caught.value.facts["changed"], caught.value.facts["run_id"]) == (True, "run-2")
        result = converge(world, retrain="on_change", delete_previous=True)
        assert (result["action"], result["run_id"], world.phases()[old]) == ("delete", "run-2", Phase.DELETED)
        assert world.count("create") == 1

    def test_a_pending_run_is_cancelled_first(self, world: World) -> None:
        old = world.add(Phase.PENDING, data="v1")
        world.stopping_seconds = 30.0
        seen_at_create: list[Phase] = []
        world.before_call = lambda verb: seen_at_create.append(world.phases()[old]) if verb == "create" else None
        result = converge(world, retrain="on_change")
        assert (result["action"], result["run_id"]) == ("retrain", "run-2")
        assert seen_at_create == [Phase.CANCELLED]

    def test_a_pending_run_that_becomes_ready_while_it_is_cancelled(self, world: World) -> None:
        old = world.add(Phase.PENDING, data="v1")

        def finish(verb: str) -> None:
            if verb == "cancel":
                world.jobs[old].phase = Phase.READY

        world.before_call = finish
        result = converge(world, retrain="on_change")
        assert (result["run_id"], world.phases()[old]) == ("run-2", Phase.READY)


class TestAbsent:
    def test_everything(self, world: World) -> None:
        ready, running, failed = world.add(Phase.READY), world.add(Phase.PENDING), world.add(Phase.FAILED)
        result = converge(world, state="absent")
        assert (result["changed"], result["action"], result["status"]) == (True, "delete", "absent")
        assert world.phases() == {ready: Phase.DELETED, running: Phase.CANCELLED, failed: Phase.FAILED}
        again = converge(world, state="absent")
        assert (again["changed"], again["action"]) == (False, "none")

    def test_a_run_that_completes_while_it_is_cancelled(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        world.before_call = lambda verb: setattr(world.jobs[run_id], "phase", Phase.READY) if verb == "cancel" else None
        result = converge(world, state="absent")
        assert (result["changed"], world.phases()[run_id]) == (True, Phase.DELETED)

    def test_a_run_that_completes_after_the_cancel_was_taken(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        world.stopping_seconds = 60.0

        def finish(verb: str) -> None:
            if verb == "refresh" and world.count("refresh") == 2:
                world.jobs[run_id].phase, world.jobs[run_id].ends_at = Phase.READY, None

        world.before_call = finish
        converge(world, state="absent")
        assert world.phases()[run_id] is Phase.DELETED

    def test_one_id_only(self, world: World) -> None:
        first, second = world.add(Phase.READY), world.add(Phase.READY)
        converge(world, state="absent", run_id=first)
        assert world.phases() == {first: Phase.DELETED, second: Phase.READY}

    def test_without_waiting_the_models_go_at_once(self, world: World) -> None:
        ready, running = world.add(Phase.READY), world.add(Phase.PENDING)
        world.stopping_seconds = 60.0
        converge(world, state="absent", wait=False)
        assert world.phases() == {ready: Phase.DELETED, running: Phase.CANCELLING}

    def test_a_model_that_takes_its_time(self, world: World) -> None:
        run_id = world.add(Phase.READY)
        world.deleting_seconds = 60.0
        result = converge(world, state="absent")
        assert (result["changed"], world.phases()[run_id]) == (True, Phase.DELETED)

    def test_a_model_that_somebody_else_deletes(self, world: World) -> None:
        run_id = world.add(Phase.DELETING)
        world.jobs[run_id].ends_at = world.now + 60
        converge(world, state="absent")
        assert (world.phases()[run_id], world.count("delete")) == (Phase.DELETED, 0)

    def test_a_model_that_is_gone_already(self, world: World) -> None:
        run_id = world.add(Phase.READY)
        world.jobs[run_id].model_there = False
        assert converge(world, state="absent")["changed"] is False

    def test_the_answer_to_a_cancel_is_lost(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        world.script["cancel"] = [("after", lost())]
        result = converge(world, state="absent")
        assert (result["changed"], world.phases()[run_id]) == (True, Phase.CANCELLED)

    def test_a_cancel_that_is_refused(self, world: World) -> None:
        world.add(Phase.PENDING)
        world.script["cancel"] = [ApiError("no permission", status=403)]
        with pytest.raises(ApiError, match="no permission"):
            converge(world, state="absent")

    def test_what_cannot_be_cancelled_is_awaited(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        world.jobs[run_id].ends_at = world.now + 100
        converge(world, state="absent", can=Capabilities(no_cancel="Wait."))
        assert (world.phases()[run_id], world.count("cancel")) == (Phase.DELETED, 0)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_what_cannot_be_cancelled_is_refused_without_waiting(self, world: World, check_mode: bool) -> None:
        """Nothing would come of it, so nothing is said to have been done."""
        run_id = world.add(Phase.PENDING)
        world.add(Phase.READY)
        with pytest.raises(ApiError, match=f"{run_id} of 'bot' is pending; it cannot be deleted yet") as caught:
            converge(world, state="absent", wait=False, check_mode=check_mode, can=Capabilities(no_cancel="Wait."))
        assert (caught.value.hint, caught.value.facts["changed"], world.count("delete")) == ("Wait.", False, 0)

    def test_what_can_be_deleted_as_it_is_needs_no_waiting(self, world: World) -> None:
        run_id = world.add(Phase.FAILED)
        world.add(Phase.READY)
        result = converge(world, state="absent", wait=False, can=Capabilities(no_cancel="Wait."))
        assert (result["changed"], world.phases()[run_id]) == (True, Phase.FAILED)

    @pytest.mark.parametrize("state", ["absent", "cancelled"])
    def test_an_unknown_status_is_not_passed_over(self, world: World, state: str) -> None:
        """It may be running, and cost."""
        world.add(Phase.UNKNOWN)
        engine = engine_on(world, state=state)
        try:
            engine.converge()
        except ApiError as error:
            assert "does not know" in str(error)
        else:
            assert any("does not know" in warning for warning in engine.warnings)


class TestInPlaceOnceItIsReady:
    """A host that changes nothing of what it works on shows nothing of it either, until the work is over."""

    DESIRED: dict[str, Any] = {"data": "v2", "tags": "new"}

    def started(self, world: World) -> str:
        run_id = world.add(Phase.PENDING, ends_at=world.now + 50)

        def shows_its_tags(verb: str) -> None:
            if world.jobs[run_id].phase is Phase.READY:
                world.jobs[run_id].observed.setdefault("tags", "old")

        world.before_call = shows_its_tags
        return run_id

    def test_changed_after_the_wait(self, world: World) -> None:
        run_id = self.started(world)
        result = converge(world, self.DESIRED)
        assert (result["changed"], result["action"], result["status"]) == (True, "update", "ready")
        assert result["diff"] == {"before": {"tags": "old"}, "after": {"tags": "new"}}
        assert (world.jobs[run_id].observed["tags"], world.count("update"), world.count("create")) == ("new", 1, 0)
        assert converge(world, self.DESIRED)["changed"] is False

    def test_not_without_waiting(self, world: World) -> None:
        self.started(world)
        result = converge(world, self.DESIRED, wait=False)
        assert (result["changed"], result["action"], world.count("update")) == (False, "none", 0)

    def test_nothing_where_nothing_differs(self, world: World) -> None:
        self.started(world)
        result = converge(world)
        assert (result["changed"], result["action"], world.count("update")) == (False, "none", 0)

    @pytest.mark.parametrize("sliced", [True, False])
    def test_where_the_host_shows_it_meanwhile_it_is_foreseen(self, world: World, sliced: bool) -> None:
        run_id = world.add(Phase.PENDING, ends_at=world.now + 50)
        world.jobs[run_id].observed["tags"] = "old"
        can = Capabilities(late_update=True)
        phases: list[Phase] = []
        world.before_call = lambda verb: phases.append(world.jobs[run_id].phase) if verb == "update" else None
        foreseen = converge(world, self.DESIRED, check_mode=True, can=can)
        assert (foreseen["changed"], foreseen["action"], world.count("update")) == (True, "update", 0)
        options: dict[str, Any] = {"wait_slice": 20.0} if sliced else {}
        result = converge(world, self.DESIRED, can=can, **options)
        while result.get("waiting"):
            assert result["changed"] is False
            result = converge(world, self.DESIRED, can=can, wait_run_id=result["run_id"], **options)
        assert (result["changed"], result["action"], result["diff"]) == (True, "update", foreseen["diff"])
        assert (phases, world.jobs[run_id].observed["tags"]) == ([Phase.READY], "new")

    def test_a_change_that_takes_its_time_is_awaited(self, world: World) -> None:
        run_id = self.started(world)
        engine = engine_on(world, self.DESIRED)
        update = engine.driver.update

        def slow(run: Any, changes: Any) -> Any:
            update(run, changes)
            world.jobs[run_id].phase, world.jobs[run_id].ends_at = Phase.PENDING, world.now + 40
            return engine.driver.refresh(run)

        engine.driver.update = slow  # type: ignore[method-assign]
        start = world.now
        assert engine.converge()["status"] == "ready"
        assert world.now - start >= 90


class TestIntent:
    def test_what_can_be_changed_later_is_no_other_intent(self, world: World) -> None:
        """Where the driver says so, the token of the create is the same; --diff still shows all that was asked."""
        made: list[tuple[Any, Any]] = []
        for tags in ("one", "two"):
            other = World()
            engine = engine_on(other, {"data": "v2", "tags": tags})
            engine.driver.idempotency_key = lambda: {"data": "v2"}  # type: ignore[method-assign]
            result = engine.converge()
            made.append((next(iter(other.jobs.values())).token, result["diff"]["after"]["tags"]))
        assert made[0][0] == made[1][0]
        assert [tags for _token, tags in made] == ["one", "two"]


class TestHalting:
    def test_cancelled(self, world: World) -> None:
        ready, running = world.add(Phase.READY), world.add(Phase.PENDING)
        world.stopping_seconds = 40.0
        result = converge(world, state="cancelled")
        assert (result["action"], result["changed"], result["status"]) == ("cancel", True, "cancelled")
        assert world.phases() == {ready: Phase.READY, running: Phase.CANCELLED}
        assert converge(world, state="cancelled")["changed"] is False

    def test_paused(self, world: World) -> None:
        world.add(Phase.PENDING)
        result = converge(world, state="paused")
        assert (result["action"], result["changed"], result["status"]) == ("pause", True, "paused")
        assert converge(world, state="paused")["changed"] is False

    def test_what_the_provider_cannot(self, world: World) -> None:
        world.add(Phase.PENDING)
        with pytest.raises(InvalidInput, match="cannot be paused"):
            converge(world, state="paused", can=Capabilities(no_pause="Cancel it."))
        assert world.phases() == {"old-1": Phase.PENDING}


class TestTwins:
    def test_a_later_run_settles_what_it_finds(self, world: World) -> None:
        elder, younger = world.add(Phase.PENDING, token="t"), world.add(Phase.PENDING, token="t", ago=999.0)
        world.jobs[elder].ends_at = world.now + 30
        engine = engine_on(world)
        result = engine.converge()
        assert (result["run_id"], result["changed"]) == (elder, True)
        assert world.phases() == {elder: Phase.READY, younger: Phase.CANCELLED}
        assert any(younger in warning for warning in engine.warnings)

    def test_a_twin_that_cannot_be_cancelled_any_more(self, world: World) -> None:
        elder, younger = world.add(Phase.READY, token="t"), world.add(Phase.PENDING, token="t", ago=999.0)
        world.before_call = lambda verb: (
            setattr(world.jobs[younger], "phase", Phase.CANCELLED) if verb == "cancel" else None
        )
        assert converge(world)["run_id"] == elder
