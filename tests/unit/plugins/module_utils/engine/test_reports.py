# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says that failed or whose slice is over: nothing that it knows is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    DriftError,
    FineTuneError,
    RateLimited,
    RunFailed,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.result import diff
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Hint,
    Phase,
    Plan,
    Run,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)


@pytest.fixture
def world() -> World:
    return World()


def lost() -> TransientError:
    return TransientError("connection reset")


def test_the_look_after_a_create_fails(world: World) -> None:
    """The id is known by then: the run is paid for."""
    world.script["observe"] = [None, *[lost()] * 50]
    with pytest.raises(TransientError) as caught:
        converge(world)
    assert (caught.value.facts["run_id"], caught.value.facts["changed"]) == ("run-1", True)
    assert (caught.value.facts["status"], world.count("create")) == ("pending", 1)


@pytest.mark.parametrize("older", [False, True])
def test_a_bound_run_that_the_list_lacks(world: World, older: bool) -> None:
    """A list that lags for longer than the training: the run itself is there, and that counts."""
    world.list_lag = 1e6
    if older:
        world.add(Phase.READY, data="v1")
    options: dict[str, Any] = {"wait_slice": 20.0, "retrain": "on_change"}
    answer = converge(world, **options)
    while answer.get("waiting"):
        answer = converge(world, wait_run_id=answer["run_id"], wait_state=answer["wait_state"], **options)
    assert (answer["run_id"], answer["status"]) == ("run-2" if older else "run-1", "ready")
    assert world.count("create") == 1


def test_a_slice_says_what_goes_on(world: World) -> None:
    """Before a run exists there is no id, and what is waited for is named."""
    world.script["create"] = [RateLimited("the quota is full: 9 of 9", brief="the quota is full")] * 100
    answer = converge(world, wait_slice=20.0)
    assert (answer["waiting"], answer["name"], answer["run_id"], answer["status"]) == (True, "bot", None, None)
    assert answer["progress"] == {
        "stage": "waiting for the provider to accept the run",
        "message": "the quota is full",
    }
    assert (answer["changed"], answer["action"], answer["elapsed"]) == (False, "create", 20.0)


def test_a_slice_that_waits_for_an_end_says_nothing_but_that(world: World) -> None:
    world.add(Phase.CANCELLING, ends_at=world.now + 500)
    answer = converge(world, wait_slice=20.0)
    assert (answer["run_id"], answer["progress"]) == (None, {"stage": "waiting"})
    assert answer["wait_state"] == {"attempt": None, "hidden_since": None, "wait_timeout": 3600.0}


@pytest.mark.parametrize(
    ("retry", "says"),
    [
        ("", "Nothing was started again. do this Then 'retry_failed: true' starts one more run."),
        ("Retrying does not help.", "Nothing was started again. do this Retrying does not help."),
    ],
)
def test_a_run_that_failed_before(world: World, retry: str, says: str) -> None:
    """What to do about it, the driver knows; what the option would do is said where it does not."""
    world.add(Phase.FAILED)
    engine = engine_on(world)
    engine.driver.hint = lambda run: Hint("do this", retry)  # type: ignore[method-assign]
    with pytest.raises(RunFailed) as caught:
        engine.converge()
    assert caught.value.hint == says
    assert (caught.value.facts["status"], caught.value.facts["model_name"]) == ("failed", None)


def test_a_bound_run_that_is_no_longer_as_asked_for(world: World) -> None:
    run_id = world.add(Phase.READY, data="v9")
    with pytest.raises(ApiError) as caught:
        converge(world, wait_run_id=run_id, retrain="on_change")
    assert caught.value.message.startswith(f"Run {run_id} of 'bot' succeeded")
    assert caught.value.facts["run_id"] == run_id
    assert (caught.value.facts["action"], caught.value.facts["diff"]["before"]["data"]) == ("none", "v9")


def test_check_mode_waits_for_no_run(world: World) -> None:
    run_id = world.add(Phase.PENDING)
    result = converge(world, check_mode=True, wait_run_id=run_id)
    assert (result["run_id"], result["status"], world.now) == (run_id, "pending", 1_000_000.0)


class TestDeletePrevious:
    def test_beside_a_run_that_was_found_pending(self, world: World) -> None:
        """It is deleted once there is another in its place, by the task that waits for that one."""
        old = world.add(Phase.READY, data="v1", ago=2000.0)
        new = world.add(Phase.PENDING, ends_at=world.now + 50.0)
        result = converge(world, retrain="on_change", delete_previous=True)
        assert (result["run_id"], world.phases()) == (new, {old: Phase.DELETED, new: Phase.READY})

    def test_what_somebody_has_deleted_meanwhile_is_not_deleted(self, world: World) -> None:
        old = world.add(Phase.READY, data="v1")

        def delete(verb: str) -> None:
            if verb == "refresh":
                world.jobs[old].phase, world.jobs[old].model_there = Phase.DELETED, False

        world.before_call = delete
        result = converge(world, retrain="on_change", delete_previous=True)
        assert (result["status"], world.count("delete")) == ("ready", 0)

    def test_a_deletion_that_takes_too_long(self, world: World) -> None:
        """What is told is the new model, also if duplicates of it are looked for meanwhile."""
        world.training_seconds, world.deleting_seconds = 1.0, 1e6
        world.add(Phase.READY, data="v1")
        with pytest.raises(TimedOut) as caught:
            converge(world, retrain="on_change", delete_previous=True, wait_timeout=100.0)
        assert (caught.value.facts["run_id"], caught.value.facts["status"]) == ("run-2", "ready")

    def test_not_asked_for_nothing_more_is_looked_at(self, world: World) -> None:
        world.add(Phase.READY, data="v1")
        converge(world, retrain="on_change", can=Capabilities(one_run_a_token=True))
        assert world.calls[-1] == "refresh"

    def test_the_names_of_what_cannot_be_deleted(self, world: World) -> None:
        world.looks_closer, world.dependents = True, ["the deployment chat uses it", "so does the agent"]
        for _number in range(2):
            world.add(Phase.READY)
        with pytest.raises(ApiError) as caught:
            converge(world, state="absent")
        assert caught.value.message == (
            "model-old-2, model-old-1 cannot be deleted: the deployment chat uses it; so does the agent. "
            "Nothing was changed."
        )
        assert caught.value.facts["changed"] is False


class TestDiff:
    """It names exactly what differs, is stopped, resumed, deleted or made anew."""

    def diff_of(self, world: World, desired: Any = None, **options: Any) -> tuple[Any, Any]:
        found = converge(world, desired, check_mode=True, **options)["diff"]
        return found["before"], found["after"]

    def test_a_first_run(self, world: World) -> None:
        desired = {"data": "v2", "model": None, "grader": {"a": (1, None), "b": None}, "role": 7.5}
        assert self.diff_of(world, desired) == ({}, {"data": "v2", "grader": {"a": [1, None]}, "role": 7.5})

    def test_made_anew(self, world: World) -> None:
        world.add(Phase.READY, data="v1")
        assert self.diff_of(world, retrain="on_change", delete_previous=True) == (
            {"data": "v1", "exists": ["model-old-1"], "run": "old-1"},
            {"data": "v2", "exists": [], "run": "a new one"},
        )

    def test_refused(self, world: World) -> None:
        """Nothing will be stopped or deleted, so nothing but the difference is shown."""
        world.add(Phase.PENDING, data="v1")
        with pytest.raises(DriftError) as caught:
            converge(world)
        assert caught.value.facts["diff"] == {"before": {"data": "v1"}, "after": {"data": "v2"}}

    @pytest.mark.parametrize(
        ("state", "phase", "end"),
        [
            ("absent", Phase.PENDING, "cancelled"),
            ("cancelled", Phase.PENDING, "cancelled"),
            ("paused", Phase.PENDING, "paused"),
            ("present", Phase.PAUSED, "resumed"),
        ],
    )
    def test_stopped_or_resumed(self, world: World, state: str, phase: Phase, end: str) -> None:
        world.add(phase)
        assert self.diff_of(world, state=state) == ({"status": {"old-1": phase.value}}, {"status": {"old-1": end}})

    def test_duplicates(self, world: World) -> None:
        world.add(Phase.PENDING, token="t"), world.add(Phase.PENDING, token="t", ago=900.0)
        assert self.diff_of(world) == ({"status": {"old-2": "pending"}}, {"status": {"old-2": "cancelled"}})

    def test_absent(self, world: World) -> None:
        world.add(Phase.READY), world.add(Phase.PENDING, ago=900.0)
        assert self.diff_of(world, state="absent") == (
            {"exists": ["model-old-1"], "status": {"old-2": "pending"}},
            {"exists": [], "status": {"old-2": "cancelled"}},
        )

    def test_ignored(self, world: World) -> None:
        world.add(Phase.READY, data="v1")
        result = converge(world, ignore_changes=("data",))
        assert result["diff"] == {"before": {"ignored": {"data": "v1"}}, "after": {"ignored": {"data": "v2"}}}
        assert result["ignored_changes"] == {"data": {"before": "v1", "after": "v2"}}
        assert "ignored_changes" not in converge(world, {"data": "v1"})

    def test_nothing_to_ignore(self) -> None:
        assert converge(World(), ignore_changes=("data",))["ignored_changes"] == {}


def run_with(**more: Any) -> Run:
    return Run("run-1", 1.0, Phase.READY, "ready", model="model-1", **more)


@pytest.mark.parametrize(
    ("run", "names"),
    [
        (run_with(), ["model-1"]),
        (run_with(remains=("copy-1",)), ["model-1", "copy-1"]),
        # Whether the model exists is not shown: what is sure is what remains of it.
        (run_with(remains=("copy-1",), seen=False), ["copy-1"]),
        (replace(run_with(), model=None), ["run-1"]),
        (replace(run_with(), phase=Phase.DELETING), ["run-1"]),
    ],
)
def test_what_is_deleted_is_shown_by_its_names(run: Run, names: list[str]) -> None:
    assert diff(Plan("delete", run, remove=(run,)), {}) == {"before": {"exists": names}, "after": {"exists": []}}


def test_parts_are_shown_by_their_names() -> None:
    changes = (
        Change("tags", "in_place", None, "a", ".team", "team"),
        Change("tags", "in_place", "b", None, ".old", "old"),
        Change("config", "in_place", None, {"k": date(2027, 1, 1), "none": None}, ".x"),
    )
    assert diff(Plan("update", run_with(), changes), {}) == {
        "before": {"tags": {"old": "b"}},
        "after": {"tags": {"team": "a"}, "config.x": {"k": "2027-01-01"}},
    }


class TestLostAnswersToACreate:
    """Each error says what the host said last, and what may have been started."""

    RUN_AGAIN = "Run the task again: it finds a run of this one and starts no second one."

    def failed(self, world: World, **options: Any) -> FineTuneError:
        with pytest.raises(FineTuneError) as caught:
            converge(world, **options)
        assert caught.value.facts["changed"] is True
        return caught.value

    def test_sent_five_times(self, world: World) -> None:
        world.script["create"] = [TransientError(f"reset {number}") for number in range(1, 9)]
        error = self.failed(world)
        assert (error.message, world.count("create")) == ("reset 5", 5)
        assert error.hint == f"Sent 5 times; no run was seen yet, but a late one is possible. {self.RUN_AGAIN}"

    def test_the_looks_get_no_answer(self, world: World) -> None:
        world.script["create"] = [lost()]
        world.script["observe"] = [None, *[TransientError("still down")] * 9]
        error = self.failed(world)
        assert (error.message, error.hint) == (
            "still down",
            f"A run may have been started; it could not be looked for. {self.RUN_AGAIN}",
        )

    @pytest.mark.parametrize(("took", "sends"), [(62.5, 2), (63.0, 1)])
    def test_sent_again_where_time_is_left(self, world: World, took: float, sends: int) -> None:
        """A create has half a minute, and what is lost is looked for."""
        world.training_seconds = 1.0
        world.script["create"] = [TransientError("reset 1")]
        engine = engine_on(world, wait_timeout=100.0)
        world.before_call = lambda verb: engine.clock.sleep(took if verb == "create" and not world.count(verb) else 0.0)
        if sends == 2:
            assert engine.converge()["status"] == "ready"
        else:
            with pytest.raises(TimedOut) as caught:
                engine.converge()
            assert (caught.value.message, caught.value.hint) == (
                "A run may have been started, and was not seen before wait_timeout (100 s) was over: reset 1",
                self.RUN_AGAIN,
            )
            assert (caught.value.facts["timed_out"], caught.value.facts["changed"]) == (True, True)
        assert world.count("create") == sends

    @pytest.mark.parametrize("wait", [True, False])
    def test_then_throttled(self, world: World, wait: bool) -> None:
        world.script["create"] = [lost(), *[RateLimited("full", hint="Ask for more.", retry_after=50.0)] * 99]
        error = self.failed(world, wait=wait, wait_timeout=100.0)
        told = (
            "Ask for more. A run may have been started before. wait_timeout (100 s) ends before it can be asked for "
            f"again, in 50 s. {self.RUN_AGAIN}"
        )
        assert (error.message, error.hint) == ("full", told if wait else "Ask for more.")


@pytest.mark.parametrize("wait", [True, False])
def test_throttled_and_nothing_started(world: World, wait: bool) -> None:
    world.script["create"] = [RateLimited("full", hint="Ask for more.", retry_after=80.0)]
    with pytest.raises(RateLimited) as caught:
        converge(world, wait=wait, wait_timeout=100.0)
    ends = "wait_timeout (100 s) ends before it can be asked for again, in 80 s. " if wait else ""
    assert caught.value.hint == f"Ask for more. Nothing was started. {ends}Run the task again later."
    assert caught.value.facts["changed"] is False


@pytest.mark.parametrize(("used", "left"), [(55.0, "5 s"), (59.75, "0 s"), (60.0, "0 s")])
def test_started_too_late(world: World, used: float, left: str) -> None:
    engine = engine_on(world, wait_timeout=60.0)

    def take_time(verb: str) -> None:
        if not world.calls:
            world.now += used

    world.before_call = take_time
    with pytest.raises(TimedOut) as caught:
        engine.converge()
    assert caught.value.message == (
        f"Nothing was started: {left} of wait_timeout (60 s) were left, and a run is not started with less than 20 s."
    )


class TestDuplicates:
    def test_one_that_cannot_be_cancelled_is_told_once(self, world: World) -> None:
        world.add(Phase.PENDING, token="t", ends_at=world.now + 500.0)
        world.add(Phase.PENDING, token="t", ago=900.0)
        world.script["cancel"] = [ApiError("no permission", status=403)] * 9
        engine = engine_on(world)
        assert (engine.converge()["run_id"], world.uncancelled()) == ("old-1", ["old-1", "old-2"])
        told = [warning for warning in engine.warnings if "could not be cancelled" in warning]
        assert told == [
            "Run old-2 is a duplicate of one request, and could not be cancelled: it goes on, may cost money. "
            "no permission"
        ]

    def test_one_that_is_cancelled_is_told(self, world: World) -> None:
        world.script["create"] = [None]

        def appear(verb: str) -> None:
            if verb == "observe" and "run-1" in world.jobs and "other" not in world.jobs:
                world.jobs["other"] = replace(world.jobs["run-1"], id="other", created=world.now + 1.0)

        world.before_call = appear
        engine = engine_on(world, wait=False)
        assert engine.converge()["run_id"] == "run-1"
        assert engine.warnings == ["Run other is a duplicate of one request; it was cancelled."]

    def test_one_that_cannot_be_cancelled_is_not_said_to_be(self, world: World) -> None:
        world.script["cancel"] = [ApiError("no permission", status=403)] * 9

        def appear(verb: str) -> None:
            if verb == "observe" and "run-1" in world.jobs and "other" not in world.jobs:
                world.jobs["other"] = replace(world.jobs["run-1"], id="other", created=world.now + 1.0)

        world.before_call = appear
        engine = engine_on(world, wait=False)
        assert engine.converge()["run_id"] == "run-1"
        assert [warning for warning in engine.warnings if "it was cancelled" in warning] == []
        assert len([warning for warning in engine.warnings if "could not be cancelled" in warning]) == 1

    def test_where_nothing_can_be_cancelled_nothing_is_tried(self, world: World) -> None:
        world.script["create"] = [("after", lost())]
        engine = engine_on(world, can=Capabilities(no_cancel="Wait."))
        assert engine.converge()["status"] == "ready"
        assert (engine.warnings, world.count("cancel")) == ([], 0)

    def test_the_elder_that_is_found_while_waiting_is_the_one_that_is_told(self, world: World) -> None:
        """The task's own was cancelled for it: a time-out names what goes on."""
        world.training_seconds = 1e6

        def appear(verb: str) -> None:
            if verb == "observe" and world.now >= 1_000_010.0 and "elder" not in world.jobs:
                world.jobs["elder"] = replace(world.jobs["run-1"], id="elder", created=999_999.0)

        world.before_call = appear
        engine = engine_on(world, wait_timeout=100.0)
        with pytest.raises(TimedOut) as caught:
            engine.converge()
        assert (caught.value.facts["run_id"], caught.value.facts["status"]) == ("elder", "pending")
        assert world.uncancelled() == ["elder"]
