# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_timeout bounds the task, whatever the host does. Time passes only when somebody waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import deadline
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    FineTuneError,
    NotFound,
    RateLimited,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)

Fault = Callable[[World, Any], None]


@pytest.fixture
def world() -> World:
    return World()


def silent(world: World, clock: Any) -> None:
    """It accepts the request and never answers."""
    deadline.within("Asking", lambda: clock.sleep(1e6))


def throttling(world: World, clock: Any) -> None:
    raise RateLimited("429", retry_after=180.0)


def refusing(world: World, clock: Any) -> None:
    clock.sleep(0.01)
    raise TransientError("connection refused")


def slow(world: World, clock: Any) -> None:
    deadline.within("Asking", lambda: clock.sleep(4.0))


def bounded(world: World, fault: Fault, verb: str, seconds: float, **options: Any) -> tuple[FineTuneError, float]:
    """How a task ends that meets a fault at each call of a verb, and after how long."""
    engine = engine_on(world, wait_timeout=seconds, **options)
    world.before_call = lambda called: fault(world, engine.clock) if called == verb else None
    start = world.now
    with pytest.raises(FineTuneError) as caught:
        engine.converge()
    return caught.value, world.now - start


@pytest.mark.parametrize("seconds", [5.0, 30.0, 100.0])
@pytest.mark.parametrize("verb", ["observe", "verify", "create", "refresh", "update", "delete"])
@pytest.mark.parametrize("fault", [silent, throttling, refusing], ids=lambda fault: fault.__name__)
def test_t1_wait_timeout_bounds_the_task(world: World, fault: Fault, verb: str, seconds: float) -> None:
    options: dict[str, Any] = {}
    world.training_seconds = 1e6
    if verb in ("verify", "update"):
        world.jobs[world.add(Phase.READY)].observed["tags"] = "old"
        options["desired"] = {"data": "v2", "tags": "new"}
    if verb == "delete":
        world.add(Phase.READY)
        options["state"] = "absent"
    error, took = bounded(world, fault, verb, seconds, **options)
    assert took <= seconds + 2.0
    if seconds == 5.0 or fault is not refusing:  # who refuses is asked four times
        assert error.facts["timed_out"] is True, error.text()


@pytest.mark.parametrize("verb", ["observe", "refresh"])
def test_t1_a_host_that_takes_its_time(world: World, verb: str) -> None:
    world.training_seconds = 1e6
    error, took = bounded(world, slow, verb, 5.0)
    assert (took, error.facts["timed_out"]) == (pytest.approx(5.0, abs=2.0), True)


@pytest.mark.parametrize("seconds", [5.0, 60.0])
def test_t1_a_slice_too_is_over_in_time(world: World, seconds: float) -> None:
    world.training_seconds = 1e6
    answer = converge(world, wait_slice=20.0, wait_timeout=600.0)
    engine = engine_on(
        world,
        wait_slice=20.0,
        wait_timeout=seconds,
        wait_run_id=answer["run_id"],
        wait_state=answer["wait_state"],
    )
    world.before_call = lambda verb: throttling(world, engine.clock)
    start = world.now
    for _slice in range(10):
        try:
            assert engine.converge()["waiting"]
        except TimedOut as error:
            assert error.facts["run_id"] == answer["run_id"]
            break
        left = seconds - (world.now - start)
        engine = engine_on(world, wait_slice=20.0, wait_timeout=left, wait_run_id=answer["run_id"])
    assert world.now - start <= seconds + 2.0


def test_t1_no_slice_is_too_short_for_anything(world: World) -> None:
    world.training_seconds = 1e6
    start = world.now
    with pytest.raises(TimedOut):
        converge(world, wait_slice=20.0, wait_timeout=23.0, wait_run_id=world.add(Phase.PENDING))
    assert world.now - start == 23.0


@pytest.mark.parametrize(("seconds", "used", "starts"), [(90.0, 50.0, True), (90.0, 61.0, False), (12.0, 8.5, False)])
def test_t1_a_run_is_not_started_shortly_before_the_end(
    world: World, seconds: float, used: float, starts: bool
) -> None:
    engine = engine_on(world, wait_timeout=seconds)

    def wait(verb: str) -> None:
        if verb == "observe" and not world.calls:
            engine.clock.sleep(used)

    world.before_call = wait
    world.training_seconds = 1.0
    if starts:
        assert engine.converge()["status"] == "ready"
        return
    with pytest.raises(TimedOut, match="Nothing was started") as caught:
        engine.converge()
    assert (world.count("create"), caught.value.facts["timed_out"], caught.value.facts["changed"]) == (0, True, False)


def test_t1_what_is_left_of_the_task_counts_in_a_later_slice_too(world: World) -> None:
    """It is a third of the whole wait_timeout, not of what the slice was given of it."""
    with pytest.raises(TimedOut, match="Nothing was started"):
        converge(world, wait_slice=20.0, wait_timeout=20.0, wait_state={"wait_timeout": 3600.0})
    assert world.count("create") == 0


@pytest.mark.parametrize("made", [True, False])
def test_t1_a_create_that_was_cut_off_is_looked_for_once(world: World, made: bool) -> None:
    engine = engine_on(world, wait_timeout=30.0)
    world.training_seconds = 1e6

    def hang(verb: str) -> None:
        if verb == "create":
            if made:
                engine.driver._create("lost")  # type: ignore[attr-defined]
                world.jobs["run-1"].token = tokens[0]
            deadline.within("Creating", lambda: engine.clock.sleep(1e6))

    tokens: list[str] = []
    create = engine.driver.create
    engine.driver.create = lambda token: (tokens.append(token), create(token))[1]  # type: ignore[method-assign]
    world.before_call = hang
    start = world.now
    with pytest.raises(TimedOut) as caught:
        engine.converge()
    assert world.now - start <= 32.0
    facts = caught.value.facts
    assert (facts["changed"], facts["timed_out"], len(tokens)) == (True, True, 1)
    if made:
        assert facts["run_id"] == "run-1"
    else:
        assert "A run may have been started" in caught.value.text()


def test_t1_a_create_that_ends_by_throttling_says_that_the_time_was_over(world: World) -> None:
    world.script["create"] = [RateLimited("full", retry_after=40.0)] * 100
    with pytest.raises(RateLimited, match="full") as caught:
        converge(world, wait_timeout=100.0)
    assert (caught.value.facts["timed_out"], caught.value.facts["changed"]) == (True, False)
    assert "Nothing was started" in caught.value.hint


def test_without_waiting_nothing_is_bounded(world: World) -> None:
    seen: list[float | None] = []
    world.before_call = lambda verb: seen.append(deadline.remaining())
    converge(world, wait=False, wait_timeout=5.0)
    assert set(seen) == {None}


class TestChangedWhereItMayBe:
    def test_p5_five_lost_answers(self, world: World) -> None:
        world.script["create"] = [TransientError("reset")] * 10
        with pytest.raises(TransientError) as caught:
            converge(world)
        assert (caught.value.facts["changed"], world.count("create")) == (True, 5)

    def test_p5_an_update_is_looked_for_before_it_is_sent_again(self, world: World) -> None:
        world.jobs[world.add(Phase.READY)].observed["tags"] = "old"
        world.script["update"] = [("after", TransientError("reset"))]
        result = converge(world, {"data": "v2", "tags": "new"})
        assert (result["changed"], result["action"], world.count("update")) == (True, "update", 1)

    def test_p5_an_update_that_did_not_arrive_is_sent_again(self, world: World) -> None:
        world.jobs[world.add(Phase.READY)].observed["tags"] = "old"
        world.script["update"] = [TransientError("reset")]
        result = converge(world, {"data": "v2", "tags": "new"})
        assert (result["changed"], world.count("update")) == (True, 2)
        assert world.jobs["old-1"].observed["tags"] == "new"

    @pytest.mark.parametrize("verb", ["update", "delete", "cancel", "resume"])
    def test_p5_what_may_have_been_changed_is_told(self, world: World, verb: str) -> None:
        desired, options = None, {}
        if verb == "update":
            world.jobs[world.add(Phase.READY)].observed["tags"] = "old"
            desired = {"data": "v2", "tags": "new"}
        elif verb == "resume":
            world.add(Phase.PAUSED)
        else:
            world.add(Phase.READY if verb == "delete" else Phase.PENDING)
            options = {"state": "absent" if verb == "delete" else "cancelled"}
        world.script[verb] = [TransientError("reset")] * 20
        with pytest.raises(TransientError) as caught:
            converge(world, desired, **options)
        assert caught.value.facts["changed"] is True

    def test_p5_a_resume_whose_answer_was_lost(self, world: World) -> None:
        run_id = world.add(Phase.PAUSED)
        world.script["resume"] = [("after", TransientError("reset"))]
        result = converge(world)
        assert (result["run_id"], result["changed"], result["status"]) == (run_id, True, "ready")

    def test_a_resumed_run_is_told_as_it_is_then(self, world: World) -> None:
        world.add(Phase.PAUSED)
        assert converge(world, wait=False)["status"] == "pending"


class TestHidden:
    def test_p6_a_run_seen_once_is_waited_for_like_one_never_seen(self, world: World) -> None:
        """Two minutes in all, in however many slices."""
        world.training_seconds = 1e6
        answer = converge(world, wait_slice=20.0)
        hidden = world.now
        world.before_call = lambda verb: world.jobs.clear()
        with pytest.raises(NotFound) as caught:
            for _slice in range(20):
                answer = converge(world, wait_slice=20.0, wait_run_id=answer["run_id"], wait_state=answer["wait_state"])
                assert answer["waiting"]
        assert 120 <= world.now - hidden <= 160
        assert "goes on" in caught.value.hint
        assert "run the task again" in caught.value.hint
        assert caught.value.facts["run_id"] == "run-1"

    def test_p6_a_run_given_by_its_id_before_it_is_shown(self, world: World) -> None:
        with pytest.raises(NotFound) as caught:
            converge(world, run_id="run-9")
        assert "run-9 was started a moment ago" in caught.value.hint
        assert "run the task again" in caught.value.hint
        assert world.count("create") == 0
