# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of one task: what is done after what, and what the result is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.engine import Engine
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, TransientError
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)

TAGGED: dict[str, Any] = {"data": "v2", "tags": "new"}


@pytest.fixture
def world() -> World:
    return World()


def lost() -> TransientError:
    return TransientError("connection reset")


class TestDetails:
    """What costs further calls is only looked up after something has happened, or if the task asks for it."""

    def test_asked_for(self, world: World) -> None:
        world.add(Phase.READY)
        engine = engine_on(world)
        asked = Engine(engine.driver, engine.options, details=True, clock=engine.clock)
        assert (asked.converge()["details"], engine.converge()["details"]) == (True, False)

    def test_of_a_run_that_was_watched_in_slices(self, world: World) -> None:
        assert converge(world, wait_run_id=world.add(Phase.READY))["details"] is True

    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_not_in_check_mode(self, world: World, state: str) -> None:
        world.add(Phase.READY)
        assert converge(world, state=state, check_mode=True)["details"] is False

    def test_of_what_was_deleted(self, world: World) -> None:
        world.add(Phase.READY)
        result = converge(world, state="absent")
        assert (result["details"], result["run_id"], result["status"]) == (False, None, "absent")


class TestUpdate:
    def tagged(self, world: World, phase: Phase, **more: Any) -> str:
        run_id = world.add(phase, **more)
        world.jobs[run_id].observed["tags"] = "old"
        return run_id

    def test_of_a_pending_run_at_once(self, world: World) -> None:
        run_id = self.tagged(world, Phase.PENDING)
        result = converge(world, TAGGED, wait=False)
        assert (result["action"], result["changed"], result["status"]) == ("update", True, "pending")
        assert (world.jobs[run_id].observed["tags"], world.count("update")) == ("new", 1)

    def test_the_last_of_four_answers_is_lost(self, world: World) -> None:
        """The change had arrived: that is seen, and it is no error."""
        self.tagged(world, Phase.READY)
        world.script["update"] = [lost(), lost(), lost(), ("after", lost())]
        result = converge(world, TAGGED)
        assert (result["changed"], result["status"], world.count("update")) == (True, "ready", 4)

    def test_another_task_takes_the_rest(self, world: World) -> None:
        """Before it is sent again, what is left of it is looked up."""
        run_id = self.tagged(world, Phase.READY)
        world.jobs[run_id].observed["tags"] = "old"
        world.script["update"] = [lost()]
        world.before_call = lambda verb: (
            world.jobs[run_id].observed.update(tags="new") if world.count("update") else None
        )
        result = converge(world, TAGGED)
        assert (result["changed"], world.count("update")) == (True, 1)

    def test_after_a_resume_it_is_a_resume(self, world: World) -> None:
        run_id = world.add(Phase.PAUSED)

        def shows_its_tags(verb: str) -> None:
            if world.jobs[run_id].phase is Phase.READY:
                world.jobs[run_id].observed.setdefault("tags", "old")

        world.before_call = shows_its_tags
        result = converge(world, TAGGED)
        assert (result["action"], world.count("update"), result["diff"]["after"]) == (
            "resume",
            1,
            {"status": {run_id: "resumed"}},
        )

    def test_what_somebody_else_makes_beside_it_is_not_updated(self, world: World) -> None:
        run_id = world.add(Phase.PENDING, ends_at=world.now + 50.0)

        def meanwhile(verb: str) -> None:
            if world.jobs[run_id].phase is Phase.READY and len(world.jobs) == 1:
                world.jobs[world.add(Phase.READY, ago=0.0)].observed["tags"] = "theirs"

        world.before_call = meanwhile
        result = converge(world, TAGGED)
        assert (result["run_id"], result["changed"], world.count("update")) == (run_id, False, 0)


class TestResume:
    def test_the_answer_lags_behind(self, world: World) -> None:
        run_id = world.add(Phase.PAUSED)
        engine = engine_on(world)
        resume = engine.driver.resume
        engine.driver.resume = lambda run: replace(  # type: ignore[method-assign]
            resume(run), phase=Phase.PAUSED, status="paused"
        )
        assert (engine.converge()["run_id"], world.phases()[run_id]) == (run_id, Phase.READY)


class TestStop:
    def test_one_that_cannot_be_stopped_for_a_new_one(self, world: World) -> None:
        """The result is about the new one, and there is none."""
        world.add(Phase.PENDING, data="v1")
        world.script["cancel"] = [ApiError("no permission", status=403)]
        with pytest.raises(ApiError) as caught:
            converge(world, retrain="on_change")
        assert "run_id" not in caught.value.facts
        assert (caught.value.facts["action"], caught.value.facts["changed"]) == ("retrain", False)

    def test_one_that_cannot_be_stopped(self, world: World) -> None:
        world.add(Phase.PENDING)
        world.script["cancel"] = [ApiError("no permission", status=403)]
        with pytest.raises(ApiError) as caught:
            converge(world, state="cancelled")
        assert (caught.value.facts["run_id"], caught.value.facts["status"]) == ("old-1", "pending")

    def test_several(self, world: World) -> None:
        """All are stopped before one is waited for; the result is about the newest."""
        world.stopping_seconds = 30.0
        runs = [world.add(Phase.PENDING, ago=1000.0 - number) for number in range(3)]
        result = converge(world, state="cancelled")
        assert (result["run_id"], result["status"]) == (runs[-1], "cancelled")
        assert world.calls[:4] == ["observe", "cancel", "cancel", "cancel"]
        assert set(world.phases().values()) == {Phase.CANCELLED}

    def test_beside_a_model_that_stays(self, world: World) -> None:
        ready, running = world.add(Phase.READY), world.add(Phase.PENDING, data="v1", ago=10.0)
        result = converge(world, retrain="on_change")
        assert (result["action"], result["run_id"], result["changed"]) == ("cancel", ready, True)
        assert world.phases()[running] is Phase.CANCELLED


class TestAbsent:
    def test_without_waiting_what_is_being_stopped_is_told(self, world: World) -> None:
        run_id = world.add(Phase.PENDING)
        world.stopping_seconds = 60.0
        result = converge(world, state="absent", wait=False)
        assert (result["run_id"], result["status"], result["changed"]) == (run_id, "cancelling", True)
        assert world.now == 1_000_000.0

    @pytest.mark.parametrize("wait", [True, False])
    def test_what_was_stopped_may_be_a_model_by_then(self, world: World, wait: bool) -> None:
        run_id = world.add(Phase.PENDING)
        world.before_call = lambda verb: setattr(world.jobs[run_id], "phase", Phase.READY) if verb == "cancel" else None
        result = converge(world, state="absent", wait=wait)
        assert (world.phases()[run_id], result["status"], result["run_id"]) == (Phase.DELETED, "absent", None)

    def test_where_all_is_stopped_it_is_looked_once_more(self, world: World) -> None:
        world.add(Phase.PENDING)
        converge(world, state="absent")
        assert world.calls.count("observe") == 2
        world.calls.clear()
        world.add(Phase.READY)
        converge(world, state="absent")
        assert world.calls == ["observe", "verify", "delete"]

    def test_the_answer_to_a_deletion_is_lost(self, world: World) -> None:
        world.add(Phase.READY)
        world.script["delete"] = [("after", lost())]
        assert converge(world, state="absent")["changed"] is True

    @pytest.mark.parametrize(("wait", "phase"), [(True, Phase.DELETED), (False, Phase.DELETING)])
    def test_a_model_that_takes_its_time(self, world: World, wait: bool, phase: Phase) -> None:
        run_id = world.add(Phase.READY)
        world.deleting_seconds = 60.0
        result = converge(world, state="absent", wait=wait)
        assert (result["changed"], world.phases()[run_id]) == (True, phase)

    def test_what_cannot_be_cancelled_but_deleted_as_it_is(self, world: World) -> None:
        """A file that is being processed, for example."""
        run_id = world.add(Phase.PENDING)
        engine = engine_on(world, state="absent", can=Capabilities(no_cancel="Wait."))
        observe = engine.driver.observe
        engine.driver.observe = lambda run_id: [  # type: ignore[method-assign]
            replace(run, removable=True) for run in observe(run_id) if run.phase is Phase.PENDING
        ]
        assert engine.converge()["changed"] is True
        assert (world.phases()[run_id], world.now) == (Phase.DELETED, 1_000_000.0)


class TestBound:
    def test_nothing_is_prepared_for_a_run_that_will_not_be_made(self, world: World) -> None:
        world.looks_closer = True
        with pytest.raises(ApiError, match="no longer matches"):
            converge(world, wait_run_id=world.add(Phase.READY, data="v9"), retrain="on_change")
        assert world.calls == ["refresh", "observe", "verify"]

    def test_a_duplicate_of_it_is_cancelled_in_a_later_slice_too(self, world: World) -> None:
        """Also without what the first slice knew."""
        run_id = world.add(Phase.PENDING, token="t", ends_at=world.now + 50.0)
        other = world.add(Phase.PENDING, token="t", ago=900.0)
        assert converge(world, wait_run_id=run_id)["run_id"] == run_id
        assert world.phases()[other] is Phase.CANCELLED

    @pytest.mark.parametrize("token", ["t", None])
    def test_a_run_that_is_over_has_no_duplicates_to_look_for(self, world: World, token: str | None) -> None:
        run_id = world.add(Phase.READY, token=token)
        converge(world, wait_run_id=run_id)
        assert world.calls == ["refresh", "observe", "verify"]


class TestHeld:
    def test_what_never_was_a_model_is_used_by_nobody(self, world: World) -> None:
        world.looks_closer, world.dependents = True, ["an agent uses it"]
        world.add(Phase.FAILED)
        can = Capabilities(long_lived=True, unique_names=True)
        engine = engine_on(world, retry_failed=True, can=can)
        observe = engine.driver.observe

        def removable(run_id: str | None) -> Sequence[Run]:
            return [replace(run, removable=True) for run in observe(run_id)]

        engine.driver.observe = removable  # type: ignore[assignment]
        assert (engine.converge()["action"], world.count("dependents")) == ("retry", 0)


def test_after_a_create_the_list_says_how_it_is(world: World) -> None:
    """What the answer to the create said is a moment old."""

    def begin(verb: str) -> None:
        if verb == "observe" and "run-1" in world.jobs:
            world.jobs["run-1"].status = "running"

    world.before_call = begin
    assert converge(world, wait=False)["status"] == "running"
