# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long exactly is waited, what a slice or a time-out says, and what a host is forgiven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    Conflict,
    FineTuneError,
    NotFound,
    RateLimited,
    RunFailed,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)


@pytest.fixture
def world() -> World:
    return World()


def slept(engine: Any) -> list[float]:
    return list(engine.clock.slept)


def failed(engine: Any) -> FineTuneError:
    with pytest.raises(FineTuneError) as caught:
        engine.converge()
    return caught.value


class TestReads:
    def test_a_read_is_tried_four_times(self, world: World) -> None:
        world.script["observe"] = [TransientError("reset")] * 10
        engine = engine_on(world)
        assert failed(engine).message == "reset"
        assert (world.count("observe"), slept(engine)) == (4, [2.0, 3.0, 4.5])

    def test_the_host_says_when_but_no_more_than_a_minute(self, world: World) -> None:
        world.add(Phase.READY)
        world.script["observe"] = [RateLimited("429", retry_after=7.0), RateLimited("429", retry_after=500.0)]
        engine = engine_on(world)
        engine.converge()
        assert slept(engine) == [7.0, 60.0]

    @pytest.mark.parametrize(("seconds", "tries"), [(2.0, 1), (2.5, 2)])
    def test_not_asked_again_where_no_time_is_left(self, world: World, seconds: float, tries: int) -> None:
        world.script["observe"] = [TransientError("reset", hint="Check the network.")] * 10
        error = failed(engine_on(world, wait_timeout=seconds))
        assert world.count("observe") == tries
        assert error.message == f"wait_timeout ({seconds:g} s) leaves no time to ask again. reset"
        assert error.hint == "Check the network. Nothing was started. Run the task again."
        assert (error.facts["timed_out"], error.facts["changed"]) == (True, False)

    def test_what_was_started_goes_on(self, world: World) -> None:
        """The look after a create has no time to be repeated."""
        world.script["observe"] = [None, RateLimited("429", retry_after=60.0)]
        error = failed(engine_on(world, wait_timeout=40.0))
        assert error.hint == "What was started goes on. Run the task again."
        assert (error.facts["run_id"], error.facts["changed"]) == ("run-1", True)

    def test_what_was_found_goes_on(self, world: World) -> None:
        world.add(Phase.PENDING, ends_at=world.now + 50.0)
        world.script["observe"] = [None, RateLimited("429", retry_after=60.0)]
        error = failed(engine_on(world, wait_timeout=80.0))
        assert (error.hint, error.facts["changed"]) == ("What was started goes on. Run the task again.", False)

    def test_what_was_stopped_is_not_told_as_nothing(self, world: World) -> None:
        world.add(Phase.PENDING)
        world.script["observe"] = [None, RateLimited("429", retry_after=60.0)]
        error = failed(engine_on(world, wait_timeout=50.0, state="absent"))
        assert (error.hint, error.facts["changed"]) == ("Run the task again.", True)

    def test_a_look_at_what_there_is_ends_no_slice(self, world: World) -> None:
        """Another slice would begin to count anew, for ever where nothing ever answers."""
        world.script["observe"] = [TransientError("reset", retry_after=30.0)] * 100
        with pytest.raises(TransientError):
            converge(world, wait_slice=20.0)
        assert world.count("observe") == 4

    def test_a_look_beside_the_own_run_does(self, world: World) -> None:
        run_id = world.add(Phase.PENDING, token="t")
        world.script["observe"] = [TransientError("reset", retry_after=30.0)] * 100
        answer = converge(world, wait_slice=20.0, wait_run_id=run_id)
        assert (answer["waiting"], answer["elapsed"]) == (True, 20.0)


class TestWaits:
    def test_a_later_slice_begins_with_a_longer_pause(self, world: World) -> None:
        run_id = world.add(Phase.PENDING, ends_at=world.now + 100)
        engine = engine_on(world, wait_run_id=run_id)
        engine.converge()
        assert slept(engine)[:2] == [5.0, 7.5]

    def test_elapsed_is_told_to_a_tenth_of_a_second(self, world: World) -> None:
        world.add(Phase.READY)
        engine = engine_on(world)
        world.before_call = lambda verb: engine.clock.sleep(0.625)
        assert engine.converge()["elapsed"] == 1.2

    def test_a_task_counts_from_its_begin(self, world: World) -> None:
        """Options were read and libraries were loaded before the engine was made."""
        world.add(Phase.READY)
        engine = engine_on(world)
        late = type(engine)(engine.driver, engine.options, clock=engine.clock, start=engine.clock.monotonic() - 9.0)
        assert late.converge()["elapsed"] == 9.0

    @pytest.mark.parametrize(("wait_timeout", "waiting"), [(25.5, True), (25.0, False)])
    def test_a_slice_before_the_end_is_worth_five_seconds(
        self, world: World, wait_timeout: float, waiting: bool
    ) -> None:
        options: dict[str, Any] = {"wait_slice": 20.0, "wait_timeout": wait_timeout}
        options["wait_run_id"] = world.add(Phase.PENDING)
        if waiting:
            assert converge(world, **options)["elapsed"] == 20.0
            return
        with pytest.raises(TimedOut):
            converge(world, **options)
        assert world.now == 1_000_025.0

    @pytest.mark.parametrize(("wait_timeout", "waiting"), [(5.5, True), (5.0, False)])
    def test_the_first_slice_ends_at_once_where_another_is_worth_it(
        self, world: World, wait_timeout: float, waiting: bool
    ) -> None:
        world.add(Phase.PENDING)
        if waiting:
            assert converge(world, wait_slice=20.0, wait_timeout=wait_timeout)["elapsed"] == 0.0
            return
        with pytest.raises(TimedOut):
            converge(world, wait_slice=20.0, wait_timeout=wait_timeout)

    def test_a_short_slice_is_one(self, world: World) -> None:
        assert converge(world, wait_slice=1.0, wait_run_id=world.add(Phase.PENDING))["elapsed"] == 1.0

    def test_a_slice_that_ends_with_a_pause_looks_once_more(self, world: World) -> None:
        run_id = world.add(Phase.PENDING, ends_at=world.now + 12.5)
        assert converge(world, wait_slice=12.5, wait_run_id=run_id)["status"] == "ready"

    def test_where_the_time_does_not_bound_the_task_it_bounds_the_waiting_for_a_run(self, world: World) -> None:
        world.training_seconds = 1e6
        error = failed(engine_on(world, wait_timeout=50.0, bounded=False))
        assert (error.facts["timed_out"], error.facts["run_id"], world.now) == (True, "run-1", 1_000_050.0)

    def test_and_nothing_else(self, world: World) -> None:
        """A create that is refused for now is sent again, however long that takes."""
        world.script["create"] = [RateLimited("full", retry_after=40.0)] * 3
        error = failed(engine_on(world, wait_timeout=100.0, bounded=False))
        assert error.message == "wait_timeout ended before run run-1 did (bot: pending)."
        assert (world.count("create"), world.now) == (4, 1_000_120.0)

    def test_the_last_pause_ends_with_the_slice_or_the_time(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        assert converge(world, wait_slice=12.75, wait_run_id=run_id)["elapsed"] == 12.8
        assert world.now == 1_000_012.75
        failed(engine_on(world, wait_timeout=5.5))
        assert world.now == 1_000_018.25

    def test_the_end_of_a_time_out_is_no_look(self, world: World) -> None:
        """Nothing can be asked then, as no time is left for an answer."""
        world.add(Phase.PENDING, ends_at=world.now + 5.0)
        with pytest.raises(TimedOut):
            converge(world, wait_timeout=5.0)


class TestHidden:
    @pytest.mark.parametrize(("seconds", "shown"), [(120.0, True), (120.5, False)])
    def test_forgiven_for_two_minutes(self, world: World, seconds: float, shown: bool) -> None:
        world.training_seconds = 400.0
        start = world.now
        world.script["refresh"] = [NotFound("404", status=404), NotFound("404", status=404)]

        def take_time(verb: str) -> None:
            if verb == "refresh" and world.count("refresh") == 1:
                world.now = start + 2.0 + seconds

        world.before_call = take_time
        if shown:
            assert converge(world)["status"] == "ready"
            return
        error = failed(engine_on(world))
        assert f"Run run-1 is not shown since {seconds:.0f} s." in error.hint

    def test_shown_again_it_counts_anew(self, world: World) -> None:
        world.training_seconds = 400.0
        world.script["refresh"] = [NotFound("404", status=404)] + [None] * 3 + [NotFound("404", status=404)]
        hidden = []

        def take_time(verb: str) -> None:
            if verb == "refresh" and world.count("refresh") == 3:
                world.now += 200.0
            hidden.append(engine.waiter.hidden_since)

        engine = engine_on(world)
        world.before_call = take_time
        assert engine.converge()["status"] == "ready"
        assert {None, 1_000_002.0} <= set(hidden)

    def test_the_time_out_says_so(self, world: World) -> None:
        world.script["refresh"] = [None, NotFound("404", status=404)] + [NotFound("404", status=404)] * 9
        error = failed(engine_on(world, wait_timeout=40.0))
        assert error.message == (
            "wait_timeout ended before run run-1 did (bot: training 50 %). It was not shown at the last look."
        )


class TestTimeOut:
    def test_of_a_run(self, world: World) -> None:
        world.training_seconds = 1e6
        error = failed(engine_on(world, wait_timeout=40.0))
        assert error.message == "wait_timeout ended before run run-1 did (bot: training 50 %)."
        assert "What was started goes on." in error.hint

    def test_before_anything_is_known_of_how_far_it_is(self, world: World) -> None:
        world.training_seconds = 1e6
        world.script["progress"] = [TransientError("reset")] * 100
        error = failed(engine_on(world, wait_timeout=40.0))
        assert error.message == "wait_timeout ended before run run-1 did (bot: pending)."

    def test_while_it_is_looked_for_what_made_the_host_refuse(self, world: World) -> None:
        world.script["create"] = [Conflict("in use")] * 9
        error = failed(engine_on(world, wait_timeout=40.0))
        assert (error.message, error.hint) == (
            "wait_timeout (40 s) ended before it was known what there is of 'bot'.",
            "Run the task again; nothing is started twice.",
        )
        assert (world.now, error.facts["timed_out"]) == (1_000_040.0, True)

    def test_the_status_is_that_of_the_last_look(self, world: World) -> None:
        world.training_seconds = 1e6

        def begin(verb: str) -> None:
            for job in world.jobs.values():
                job.status = "running" if world.now > 1_000_010.0 else "queued"

        world.before_call = begin
        engine = engine_on(world, wait_timeout=60.0, can=Capabilities(one_run_a_token=True))
        assert failed(engine).facts["status"] == "running"

    def test_before_it_is_known_what_there_is(self, world: World) -> None:
        world.script["observe"] = [RateLimited("429", retry_after=59.0)] * 100
        error = failed(engine_on(world, wait_timeout=60.0))
        assert error.message.startswith("wait_timeout (60 s) leaves no time to ask again.")

    def test_the_whole_of_all_slices_is_told(self, world: World) -> None:
        world.script["observe"] = [RateLimited("429", retry_after=59.0)] * 100
        error = failed(engine_on(world, wait_timeout=30.0, wait_state={"wait_timeout": 3600.0}))
        assert error.message.startswith("wait_timeout (3600 s) leaves no time")


class TestHalting:
    """A verb that was refused, or whose answer was lost: what became of the run counts."""

    def test_refused_it_changed_nothing(self, world: World) -> None:
        world.add(Phase.PENDING)
        world.script["cancel"] = [ApiError("no permission", status=403)]
        error = failed(engine_on(world, state="cancelled"))
        assert (error.message, error.facts["changed"]) == ("no permission", False)

    def test_it_ended_by_itself_meanwhile(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)

        def finish(verb: str) -> None:
            if verb == "cancel":
                world.jobs[run_id].phase = Phase.READY

        world.before_call = finish
        result = converge(world, state="cancelled")
        assert (result["changed"], result["status"]) == (False, "ready")

    @pytest.mark.parametrize("wait", [True, False])
    def test_a_run_that_is_paused_at_once(self, world: World, wait: bool) -> None:
        run_id = world.add(Phase.PENDING)
        engine = engine_on(world, state="paused", wait=wait)
        result = engine.converge()
        assert (result["run_id"], result["status"], world.calls) == (run_id, "paused", ["observe", "pause"])
        assert slept(engine) == []

    @pytest.mark.parametrize(("wait", "status"), [(True, "cancelled"), (False, "cancelling")])
    def test_a_run_that_is_slow_to_stop(self, world: World, wait: bool, status: str) -> None:
        run_id = world.add(Phase.PENDING)
        world.stopping_seconds = 60.0
        result = converge(world, state="cancelled", wait=wait)
        assert (result["run_id"], result["status"], result["changed"]) == (run_id, status, True)


class TestOnItsWay:
    def test_who_does_not_wait_leaves_what_is_being_stopped_to_itself(self, world: World) -> None:
        run_id = world.add(Phase.CANCELLING, ends_at=world.now + 100)
        result = converge(world, state="cancelled", wait=False)
        assert (result["changed"], result["run_id"], world.now) == (False, run_id, 1_000_000.0)

    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_but_not_before_something_is_made_or_deleted(self, world: World, state: str) -> None:
        world.add(Phase.DELETING, ends_at=world.now + 100)
        converge(world, state=state, wait=False)
        assert world.now >= 1_000_100.0

    def test_check_mode_knows_that_nothing_has_an_id_that_it_made_up(self, world: World) -> None:
        world.add(Phase.READY)
        result = converge(world, state="absent", run_id="check-mode:model:bot", check_mode=True)
        assert (result["action"], result["status"], world.calls) == ("none", "absent", [])

    def test_check_mode_takes_what_is_being_deleted_for_gone(self, world: World) -> None:
        world.add(Phase.DELETING, ends_at=world.now + 100)
        result = converge(world, state="absent", check_mode=True)
        assert (result["changed"], result["action"]) == (False, "none")


@pytest.mark.parametrize(
    ("end", "reason", "message", "hint"),
    [
        (Phase.FAILED, "", "Run run-1 of 'bot' failed.", "do this"),
        (Phase.FAILED, "out of memory.", "Run run-1 of 'bot' failed: out of memory.", "do this"),
        (Phase.PAUSED, "", "Run run-1 of 'bot' was paused.", "Run the task again: it resumes it."),
        (Phase.DELETED, "", "Run run-1 of 'bot' is deleted.", "do this"),
    ],
)
def test_how_a_run_ended(world: World, end: Phase, reason: str, message: str, hint: str) -> None:
    world.ends_as = end
    world.before_call = lambda verb: [setattr(job, "reason", reason) for job in world.jobs.values()] and None
    with pytest.raises(RunFailed) as caught:
        converge(world)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert caught.value.facts["details"] is False


@pytest.mark.parametrize("answers", [True, False])
def test_a_closer_look_says_why_it_failed(world: World, answers: bool) -> None:
    """A list shows less; if the host does not answer, the failure is told all the same."""
    world.ends_as = Phase.FAILED
    engine = engine_on(world, can=Capabilities(one_run_a_token=True))
    refresh = engine.driver.refresh

    def verify(runs: Sequence[Run]) -> list[Run]:
        if not answers:
            raise TransientError("reset")
        return [replace(run, reason="out of memory", verified=True) for run in runs]

    engine.driver.refresh = lambda run: replace(refresh(run), verified=False)  # type: ignore[method-assign]
    engine.driver.verify = verify  # type: ignore[method-assign]
    reason = ": out of memory" if answers else ""
    assert failed(engine).message == f"Run run-1 of 'bot' failed{reason}."
