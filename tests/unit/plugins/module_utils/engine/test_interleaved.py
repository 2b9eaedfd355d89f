# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two tasks of one desired state at the same time, in every order in which their requests can reach the host.

Each task runs in a thread that stops before every request; a scheduler lets one go on at a time, by a list of
choices. All lists are walked, depth first, over the first requests of both; after these the tasks take turns.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError, TransientError
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)

# 128 orders of two tasks in the suite, 512 and more for a release.
DEPTH = 7 if int(os.environ.get("LLMOPS_LOOPS", "5")) < 50 else 9
PATIENCE = 30.0


class Task(threading.Thread):
    """One task, which waits for its turn before each request."""

    def __init__(self, work: Callable[[], dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.result: dict[str, Any] | None = None
        self.error: Exception | None = None
        self.turn, self.stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.over = False

    def run(self) -> None:
        self.pause()
        try:
            self.result = self.work()
        except Exception as error:
            self.error = error
        self.over = True
        self.stopped.release()

    def pause(self) -> None:
        """Called in the task, before each request."""
        self.stopped.release()
        assert self.turn.acquire(timeout=PATIENCE)

    def step(self) -> None:
        """Called by the scheduler: one request, and all up to the next."""
        self.turn.release()
        assert self.stopped.acquire(timeout=PATIENCE)


def play(world: World, tasks: list[Task], choices: list[int]) -> list[int]:
    """Run the tasks in this order; returns how many could have gone at each choice."""
    by_thread = {task.name: task for task in tasks}

    def wait_for_turn(verb: str) -> None:
        task = by_thread.get(threading.current_thread().name)
        if task:
            task.pause()

    world.before_call = wait_for_turn
    for task in tasks:
        task.start()
        assert task.stopped.acquire(timeout=PATIENCE)
    widths: list[int] = []
    step = 0
    while any(not task.over for task in tasks):
        able = [task for task in tasks if not task.over]
        pick = choices[step] if step < len(choices) else step % len(able) if step >= DEPTH else 0
        if step < DEPTH:
            widths.append(len(able))
        able[pick % len(able)].step()
        step += 1
        assert step < 1000, "the tasks never end"
    for task in tasks:
        task.join(PATIENCE)
    return widths


def every_order(setting: Callable[[], tuple[World, list[Task]]]) -> Iterator[tuple[list[int], World, list[Task]]]:
    """All orders of the first DEPTH requests."""
    choices: list[int] = []
    while True:
        world, tasks = setting()
        widths = play(world, tasks, choices)
        made = (choices + [0] * len(widths))[: len(widths)]
        yield made, world, tasks
        while made and made[-1] + 1 >= widths[len(made) - 1]:
            made.pop()
        if not made:
            return
        made[-1] += 1
        choices = made


def several(
    prepare: Callable[[World], None] = lambda world: None, tasks: int = 2, **options: Any
) -> Callable[[], tuple[World, list[Task]]]:
    def setting() -> tuple[World, list[Task]]:
        world = World()
        prepare(world)
        return world, [Task(engine_on(world, **options).converge) for _number in range(tasks)]

    return setting


def fine(tasks: list[Task]) -> list[dict[str, Any]]:
    for task in tasks:
        if task.error:
            raise task.error
    return [task.result or {} for task in tasks]


def slow_ids(world: World) -> None:
    """Two runs of one second whose ids are not in the order of their creation."""
    world.ids = lambda number: f"run-{9 - number}"


def without_markers(world: World) -> None:
    world.keeps_tokens = False


def slow_stop(world: World) -> None:
    world.stopping_seconds = 20.0


def replaced_model(world: World) -> None:
    world.add(Phase.READY, data="v1")


def replaced_run(world: World) -> None:
    world.add(Phase.PENDING, data="v1")


def failed_run(world: World) -> None:
    world.add(Phase.FAILED)


def lost_answer(world: World) -> None:
    world.script["create"] = [("after", TransientError("reset"))]


def lost_request(world: World) -> None:
    world.script["create"] = [TransientError("reset")]


RETRAIN: dict[str, Any] = {"retrain": "on_change"}


@pytest.mark.parametrize(
    ("prepare", "options", "old"),
    [
        (lambda world: None, {}, 0),
        (slow_ids, {}, 0),
        (slow_stop, {}, 0),
        (without_markers, {}, 0),
        (replaced_model, RETRAIN, 1),
        (replaced_model, {**RETRAIN, "delete_previous": True}, 0),
        (replaced_run, RETRAIN, 0),
        (failed_run, {"retry_failed": True}, 1),
        (lost_answer, {}, 0),
        (lost_request, {}, 0),
    ],
    ids=[
        "nothing there",
        "ids in reverse",
        "slow to stop",
        "no markers",
        "a model to replace",
        "a model to replace and delete",
        "a run to replace",
        "a failure to retry",
        "an answer lost",
        "a request lost",
    ],
)
def test_two_at_once(prepare: Callable[[World], None], options: dict[str, Any], old: int) -> None:
    orders = 0
    duplicates = 0
    for choices, world, tasks in every_order(several(prepare, **options)):
        orders += 1
        results = fine(tasks)
        left = [run for run in world.uncancelled() if run.startswith("run-")]
        assert len(left) == 1, (choices, world.phases(), world.calls)
        assert len(world.uncancelled()) == 1 + old, (choices, world.phases())
        for result in results:
            assert (result["run_id"], result["status"]) == (left[0], "ready"), (choices, world.phases())
        assert any(result["changed"] for result in results)
        duplicates += sum(phase is Phase.CANCELLED for run, phase in world.phases().items() if run.startswith("run-"))
    assert orders > 50
    # Some orders do make two runs: the test has met what it is about.
    assert duplicates


@pytest.mark.parametrize("seed", range(8))
def test_three_at_once(seed: int) -> None:
    """Too many orders to walk them all: some at random."""
    source = random.Random(seed)
    for _round in range(12):
        world, tasks = several(slow_ids if seed % 2 else lambda world: None, tasks=3)()
        choices = [source.randrange(3) for _step in range(60)]
        play(world, tasks, choices)
        results = fine(tasks)
        left = world.uncancelled()
        assert len(left) == 1, (choices, world.phases())
        assert {(result["run_id"], result["status"]) for result in results} == {(left[0], "ready")}


def test_nobody_waits() -> None:
    """Twins that both tasks left behind, or one: a third task ends with one run."""
    for choices, world, tasks in every_order(several(wait=False)):
        fine(tasks)
        result = converge(world)
        assert world.uncancelled() == [result["run_id"]], (choices, world.phases())


@pytest.mark.parametrize("verb", ["observe", "verify", "create", "cancel", "refresh", "progress", "delete"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_request_and_run_again(verb: str, moment: str) -> None:
    """The task dies with its n-th request of a kind, before or after the host has done it; the next one ends well."""

    class Killed(BaseException):
        pass

    for number in range(4):
        for retrain in (False, True):
            world = World()
            if retrain:
                world.add(Phase.READY, data="v1")
                world.add(Phase.PENDING, data="v1")
            options = {**RETRAIN, "delete_previous": True} if retrain else {}
            killed = Killed()
            world.script[verb] = [*[None] * number, ("after" if moment == "after" else "before", killed)]
            with contextlib.suppress(Killed):
                converge(world, **options)
            world.script.clear()
            result = converge(world, **options)
            assert (result["status"], world.uncancelled()[-1:]) == ("ready", [result["run_id"]])
            # A run that was found pending may leave the deletion of the previous model to the next task.
            assert converge(world, **options)["changed"] is False or retrain
            assert world.uncancelled() == [result["run_id"]]
            assert world.count("create") <= 1 + (verb == "create" and moment == "before")
            assert converge(world, **options)["changed"] is False


def test_a_failing_host_never_leaves_two() -> None:
    """Every short script of create's answers: lost before or after the change, refused for now, or fine."""
    kinds: list[Any] = [None, TransientError("500"), ("after", TransientError("reset"))]
    for first in kinds:
        for second in kinds:
            for third in kinds:
                world = World()
                world.script["create"] = [first, second, third]
                try:
                    converge(world)
                except FineTuneError as error:
                    raise AssertionError((first, second, third)) from error
                assert len(world.uncancelled()) == 1
