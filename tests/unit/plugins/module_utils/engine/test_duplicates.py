# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that keeps no markers, and whose list lags: of several runs of one request one stays, or all are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    Busy,
    InvalidInput,
    RateLimited,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.keeps_tokens = False
    world.training_seconds = 300.0
    return world


def lost() -> tuple[str, Exception]:
    return ("after", TransientError("connection reset"))


def task(world: World, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """One task, in slices where ``wait_slice`` is given; its result and its warnings."""
    warnings: list[str] = []
    while True:
        engine = engine_on(world, **options)
        result = engine.converge()
        warnings += engine.warnings
        if not result.get("waiting"):
            return result, warnings
        options = {**options, "wait_run_id": result["run_id"], "wait_state": result["wait_state"]}


@pytest.mark.parametrize("slices", [{}, {"wait_slice": 20.0}])
@pytest.mark.parametrize("lag", [4.0, 15.0, 70.0])
@pytest.mark.parametrize("lost_answers", [1, 2])
def test_h4_a_lost_answer_and_a_list_that_lags(
    world: World, lag: float, lost_answers: int, slices: dict[str, Any]
) -> None:
    world.list_lag = lag
    world.script["create"] = [lost()] * lost_answers
    result, warnings = task(world, **slices)
    assert world.uncancelled() == [result["run_id"]] == ["run-1"]
    assert result["status"] == "ready"
    assert any("is a duplicate" in warning for warning in warnings)


def test_h4_a_list_that_lags_for_longer_than_the_training(world: World) -> None:
    """Then no task can know; the next run names it."""
    world.list_lag, world.training_seconds = 100.0, 20.0
    world.script["create"] = [lost()]
    task(world)
    assert len(world.uncancelled()) == 2
    world.now += 200
    result, warnings = task(world)
    other = next(run for run in world.uncancelled() if run != result["run_id"])
    assert result["changed"] is False
    assert any(other in warning and "second model" in warning for warning in warnings)


def test_h4_a_duplicate_that_has_become_a_model_is_named(world: World) -> None:
    """It appears when both trainings are over but the task still waits for its own."""
    world.list_lag = 40.0
    world.script["create"] = [lost()]
    engine = engine_on(world)

    def first_is_short(verb: str) -> None:
        if "run-1" in world.jobs and "run-2" not in world.jobs:
            world.jobs["run-1"].ends_at = world.now + 5.0

    world.before_call = first_is_short
    result = engine.converge()
    left = world.uncancelled()
    if len(left) == 2:
        other = next(run for run in left if run != result["run_id"])
        assert any(other in warning and "second model" in warning for warning in engine.warnings)


@pytest.mark.parametrize("count", [2, 3])
def test_h4_equal_tasks_at_once(world: World, count: int) -> None:
    """All look before any creates; each waits in slices, in turn."""
    world.list_lag = 10.0
    options: list[dict[str, Any]] = [{"wait_slice": 20.0} for _task in range(count)]
    results: list[dict[str, Any] | None] = [None] * count
    for _round in range(60):
        for number in range(count):
            if results[number] is None:
                result = engine_on(world, **options[number]).converge()
                if result.get("waiting"):
                    options[number] |= {"wait_run_id": result["run_id"], "wait_state": result["wait_state"]}
                else:
                    results[number] = result
    assert [result["run_id"] for result in results if result] == ["run-1"] * count
    assert world.uncancelled() == ["run-1"]


def test_h4_a_look_precedes_every_further_send(world: World) -> None:
    """Also one after a clear no."""
    world.script["create"] = [TransientError("reset"), RateLimited("429"), RateLimited("429")]
    converge(world)
    sends = [index for index, call in enumerate(world.calls) if call == "create"]
    assert len(sends) == 4
    for before, after in zip(sends, sends[1:], strict=False):
        assert "observe" in world.calls[before + 1 : after]


def test_h4_what_was_seen_first_goes_along_through_a_throttled_slice(world: World) -> None:
    """The lost run appears while the host is full: it is found in a later slice, and no second one is sent."""
    world.list_lag = 30.0
    world.script["create"] = [lost(), *[RateLimited("full", retry_after=15.0)] * 4]
    result, _warnings = task(world, wait_slice=20.0)
    assert (result["run_id"], world.uncancelled(), len(world.jobs)) == ("run-1", ["run-1"], 1)


@pytest.mark.parametrize("wait", [True, False])
def test_h4_one_training_at_a_time_may_be_our_own(world: World, wait: bool) -> None:
    """A proxy lost the answer and sent it again: the host refuses, because the first is under way."""
    world.script["create"] = [("after", Busy("one training at a time", status=409))]
    result = converge(world, wait=wait)
    assert (result["run_id"], result["changed"], world.uncancelled()) == ("run-1", True, ["run-1"])
    assert world.count("create") == 1


def test_h4_one_training_at_a_time_of_somebody_else_is_waited_for(world: World) -> None:
    world.script["create"] = [Busy("one training at a time", status=409)] * 5
    result = converge(world)
    assert (result["status"], len(world.jobs)) == ("ready", 1)


def test_h4_what_is_only_alike_is_named_and_left_alone(world: World) -> None:
    """The host shows no suffix: it may be another's."""
    world.list_lag, world.ambiguous = 15.0, "This host shows no suffix."
    world.script["create"] = [lost()]
    result, warnings = task(world)
    assert world.count("cancel") == 0
    other = next(run for run in world.uncancelled() if run != result["run_id"])
    assert any(other in warning and "second model" in warning for warning in warnings)


def test_h4_an_equal_run_of_long_ago_is_not_ours(world: World) -> None:
    """It is listed only now, but was made long before the task began."""
    engine = engine_on(world)

    def appear(verb: str) -> None:
        if verb == "refresh" and "old" not in world.jobs:
            world.jobs["old"] = replace(
                world.jobs["run-1"], id="old", created=world.now - 5000.0, ends_at=world.now + 900.0
            )

    world.before_call = appear
    result = engine.converge()
    assert (result["run_id"], world.count("cancel")) == ("run-1", 0)
    assert any("old" in warning and "second model" in warning for warning in engine.warnings)


def test_h4_a_duplicate_that_was_deleted_is_named_no_more(world: World) -> None:
    world.add(Phase.READY, ago=2000.0)
    second = world.add(Phase.READY)
    assert any(second in warning or "old-1" in warning for warning in task(world)[1])
    world.jobs["old-1"].model_there = False
    assert task(world)[1] == []


def test_what_is_no_state_of_a_slice_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput, match="wait_state"):
        engine_on(world, wait_state={"attempt": {"token": 1}})


class TestWhatIsOnlyAlike:
    """Runs beside the task's own that it must not stop: they cost money, so each is named."""

    def beside(self, world: World, **more: Any) -> Any:
        """Another run is listed as soon as the task has created its own."""

        def appear(verb: str) -> None:
            if verb == "observe" and "run-1" in world.jobs and "other" not in world.jobs:
                own = world.jobs["run-1"]
                world.jobs["other"] = replace(own, **{"id": "other", "observed": dict(own.observed), **more})

        world.before_call = appear
        return appear

    def warned(self, world: World, **options: Any) -> tuple[str, list[str]]:
        engine = engine_on(world, **options)
        return engine.converge()["run_id"], [warning for warning in engine.warnings if "other" in warning]

    @pytest.mark.parametrize(("apart", "is_ours"), [(5.0, True), (6.0, False)])
    def test_h4_clocks_go_apart_by_five_seconds_at_most(self, world: World, apart: float, is_ours: bool) -> None:
        self.beside(world, created=world.now - apart)
        kept, warnings = self.warned(world, wait=False)
        assert kept == ("other" if is_ours else "run-1")
        assert world.uncancelled() == (["other"] if is_ours else ["run-1", "other"])
        assert any("second model" in warning for warning in warnings) is not is_ours

    def test_h4_another_request_at_the_same_moment_is_neither_stopped_nor_named(self, world: World) -> None:
        self.beside(world, observed={"data": "v9"})
        assert self.warned(world) == ("run-1", [])
        assert world.uncancelled() == ["run-1", "other"]

    def test_h4_another_token_is_another_request(self, world: World) -> None:
        world.keeps_tokens = True
        self.beside(world, token="theirs")
        assert self.warned(world) == ("run-1", [])
        assert world.uncancelled() == ["run-1", "other"]

    def test_h4_where_the_host_keeps_tokens_one_without_is_somebody_elses(self, world: World) -> None:
        """It was made by hand, at the moment when the answer to our own was lost."""
        world.keeps_tokens = True
        world.script["create"] = [lost()]
        self.beside(world, token=None, created=world.now - 1.0)
        assert self.warned(world) == ("run-1", [])
        assert (world.uncancelled(), world.count("create")) == (["run-1", "other"], 1)

    def test_h4_one_that_another_task_has_made_is_changed_in_place_as_asked(self, world: World) -> None:
        """After a lost answer it may be another task's, with the same token and other tags."""
        world.keeps_tokens = True
        world.script["create"] = [lost()]

        def tag(verb: str) -> None:
            if "run-1" in world.jobs and not world.count("update"):
                world.jobs["run-1"].observed["tags"] = "theirs"

        world.before_call = tag
        result = converge(world, {"data": "v2", "tags": "ours"})
        assert (result["run_id"], result["status"], result["action"]) == ("run-1", "ready", "create")
        assert (world.jobs["run-1"].observed["tags"], world.count("update")) == ("ours", 1)

    @pytest.mark.parametrize("wait", [True, False])
    def test_h4_a_pending_one_is_named_also_by_who_does_not_wait(self, world: World, wait: bool) -> None:
        self.beside(world, created=world.now - 900.0, status="running")
        kept, warnings = self.warned(world, wait=wait)
        assert kept == "run-1"
        assert len(warnings) == 1
        says = (
            "made a second model"
            if wait
            else "Run other (running) has the same settings as run-1 and will make a second"
        )
        assert says in warnings[0]

    def test_h4_it_is_named_where_the_time_is_over_too(self, world: World) -> None:
        self.beside(world, created=world.now - 900.0)
        engine = engine_on(world, wait_timeout=60.0)
        with pytest.raises(TimedOut):
            engine.converge()
        assert len([warning for warning in engine.warnings if "Run other (pending)" in warning]) == 1

    def test_h4_one_that_is_a_model_already_is_named_by_its_model(self, world: World) -> None:
        """The host keeps tokens, and both have the same: it was ready before it could be stopped."""
        world.keeps_tokens = True
        self.beside(world, created=world.now + 1.0, phase=Phase.READY)
        kept, warnings = self.warned(world)
        assert (kept, world.count("cancel")) == ("run-1", 0)
        assert len(warnings) == 1
        assert "Run other ('model-other', ready) has the same settings as run-1 and made a second model" in warnings[0]

    def test_h4_a_model_that_is_listed_first_does_not_take_the_place_of_the_run(self, world: World) -> None:
        world.keeps_tokens = True
        appear = self.beside(world, created=world.now + 1.0, phase=Phase.READY)

        def list_it_first(verb: str) -> None:
            appear(verb)
            world.jobs = dict(reversed(world.jobs.items())) if next(iter(world.jobs), "") == "run-1" else world.jobs

        world.before_call = list_it_first
        assert self.warned(world, wait=False)[0] == "run-1"

    def test_h4_a_later_slice_takes_none_without_a_token_for_its_own(self, world: World) -> None:
        """It does not know what the first one knew, and the list does not show its run yet."""
        world.keeps_tokens = True
        run_id = world.add(Phase.PENDING, ago=3.0, token="t", ends_at=world.now + 50.0, listed_at=world.now + 1e6)
        other = world.add(Phase.PENDING, ago=3.0)
        engine = engine_on(world, wait_run_id=run_id)
        assert (engine.converge()["run_id"], engine.warnings) == (run_id, [])
        assert world.phases()[other] is Phase.PENDING

    def test_h4_where_what_is_made_is_ready_at_once_it_is_named_too(self, world: World) -> None:
        engine = engine_on(world)
        create = engine.driver.create

        def create_ready(token: str) -> Any:
            run = create(token)
            world.jobs[run.id].phase = Phase.READY
            return engine.driver.refresh(run)

        engine.driver.create = create_ready  # type: ignore[method-assign]
        self.beside(world, created=world.now - 900.0)
        assert engine.converge()["run_id"] == "run-1"
        assert [warning for warning in engine.warnings if "other" in warning]

    def test_h4_what_is_named_is_compared_with_the_run_that_stays(self, world: World) -> None:
        """The task's own was the younger of two, and a third is only alike."""
        appear = self.beside(world, created=world.now - 2.0)

        def appear_both(verb: str) -> None:
            appear(verb)
            if "other" in world.jobs and "third" not in world.jobs:
                world.jobs["third"] = replace(world.jobs["run-1"], id="third", created=world.now - 900.0)

        world.before_call = appear_both
        engine = engine_on(world, wait=False)
        assert engine.converge()["run_id"] == "other"
        assert any("Run third (pending) has the same settings as other" in warning for warning in engine.warnings)


def test_h4_a_list_without_settings_is_looked_at_more_closely(world: World) -> None:
    """The lost run is there, but only a closer look shows that it is what was asked for."""
    engine = engine_on(world)
    observe = engine.driver.observe

    def observe_little(run_id: str | None) -> list[Run]:
        return [replace(run, observed={}, verified=False) for run in observe(run_id)]

    engine.driver.observe = observe_little  # type: ignore[method-assign]
    world.script["create"] = [lost()]
    result = engine.converge()
    assert (result["run_id"], world.count("create"), world.uncancelled()) == ("run-1", 1, ["run-1"])


def test_h4_what_was_there_before_is_not_looked_at_again(world: World) -> None:
    old = world.add(Phase.READY, data="v1")
    engine = engine_on(world, retrain="on_change", wait=False)
    observe, verify = engine.driver.observe, engine.driver.verify
    looked_at: list[list[str]] = []
    engine.driver.observe = lambda run_id: [  # type: ignore[method-assign]
        replace(run, observed={}, verified=False) for run in observe(run_id)
    ]
    engine.driver.verify = lambda runs: (  # type: ignore[method-assign]
        looked_at.append([run.id for run in runs]) or verify(runs)
    )
    assert engine.converge()["run_id"] == "run-2"
    assert looked_at == [[old], ["run-2"]]


def test_h4_where_the_list_shows_the_settings_no_closer_look_is_needed(world: World) -> None:
    assert converge(world)["status"] == "ready"
    assert world.count("verify") == 0
