# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trials: tasks that want one model while their host, their network, their clock and their process misbehave.

A trial follows from its seed alone, but for what threads and killed processes make of it. After the trouble, the same
task is run again without it, as a user would. What must be true then:

- It ends well, and once more it changes nothing and writes nothing.
- There is one new model. At a host that keeps no metadata there may be a second; then one of the tasks, or the next
  run, has named it in a warning or an error.
- No Python error was shown, and a task in which something was made or changed said ``changed``, as far as it ended.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.chaos.places import PLACES, Place
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils import controllers

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

NAME = "chaos-bot"
_SANDBOX = Path(__file__).resolve().parents[2] / "extensions" / "sandbox"
_NOTHING = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_AGAIN = 8  # runs after the trouble, until one ends well
_HOUR = 3600.0
_MOMENT = 1e-6
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_FOREIGN: tuple[Any, ...] = (
    {},
    [],
    None,
    "",
    "<html><head><title>Sign in</title></head></html>",
    {"data": "?"},
    {"id": 7},
)


@dataclass(frozen=True)
class Trial:
    """One trial.

    - sliced: whether a task waits in slices, as its action plugin does it
    - killed: each task is a process that is killed
    - old: there is a model of the name already, of other data, so that the tasks train it anew
    - lag: of lists, in seconds; skew: how far the controllers' clocks are ahead of the host's, in seconds
    - faults: as the sandbox's control API takes them
    """

    seed: int
    place: str
    tasks: int
    sliced: bool
    killed: bool
    old: bool
    lag: float
    skew: float
    faults: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        """As the report names it."""
        told = [f"seed {self.seed}", self.place, f"{self.tasks} tasks", "in slices" if self.sliced else "in one go"]
        told += ["killed"] * self.killed + ["beside an old model"] * self.old
        told += [f"{name} {value:g} s" for name, value in (("lag", self.lag), ("skew", self.skew)) if value]
        return ", ".join([*told, *(str({k: v for k, v in fault.items() if v is not None}) for fault in self.faults)])


@dataclass
class Outcome:
    """What became of a trial. ``wrong``: what was not as it must be; ``kills``: processes that were killed alive;
    ``second``: models beside the first that were named, at a host without metadata."""

    trial: Trial
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    second: int = 0
    runs: int = 0


def draw(seed: int, places: Sequence[str] = tuple(PLACES)) -> Trial:
    """The trial of a seed."""
    source = random.Random(seed)
    place = PLACES[source.choice(list(places))]
    killed = source.random() < 0.2
    return Trial(
        seed,
        place.name,
        tasks=1 if source.random() < 0.5 else source.randint(2, 3 if killed else 5),
        sliced=source.random() < 0.5,
        killed=killed,
        old=not killed and source.random() < 0.25 and place.makes_anew,
        lag=source.choice((0.0, 0.0, 2.0, 4.0, 10.0, 30.0)) if place.lags else 0.0,
        skew=source.choice((0.0, 0.0, 0.0, -600.0, -45.0, 45.0, 600.0, 7 * 24 * _HOUR)),
        faults=tuple(_fault(source, place) for _number in range(source.choice((0, 1, 1, 2, 3)))),
    )


def _fault(source: random.Random, place: Place) -> dict[str, Any]:
    on_create = source.random() < 0.6
    fault: dict[str, Any] = {
        "operation": place.creates if on_create else f"{place.prefix}.*",
        "times": source.choice((1, 1, 2, 3, 6)),
        "after": 0 if on_create else source.randrange(12),
    }
    when = source.choice(("before", "after"))
    kind = source.choice(("reset", "reset", "status", "throttled", "foreign", "delay"))
    if kind == "reset":
        return {**fault, "reset": when}
    if kind == "status":
        return {**fault, "status": source.choice((500, 502, 503, 504)), "when": when}
    if kind == "throttled":
        headers = source.choice(({}, {"retry-after": "1"}, {"retry-after": "20"}, {"retry-after": "never"}))
        return {**fault, "status": 429, "when": "before", "headers": headers}
    if kind == "foreign":
        return {**fault, "status": 200, "when": when, "body": source.choice(_FOREIGN)}
    return {**fault, "delay": 0.05}


class _SharedTime:
    """One time for tasks that run side by side: it moves on once all that still run are asleep, to who wakes first."""

    def __init__(self, advance: Callable[[float], Any], now: Callable[[], float], tasks: int) -> None:
        self._advance, self._now = advance, now
        self._awake = tasks
        self._wakes: list[float] = []
        self._moved = threading.Condition()

    def sleep(self, seconds: float) -> None:
        with self._moved:
            wake = self._now() + seconds
            self._wakes.append(wake)
            self._awake -= 1
            self._move_on()
            self._moved.wait_for(lambda: self._now() >= wake - _MOMENT, timeout=300)
            self._wakes.remove(wake)
            self._awake += 1

    def leave(self) -> None:
        """A task is over: the others need not wait for it any more."""
        with self._moved:
            self._awake -= 1
            self._move_on()

    def _move_on(self) -> None:
        if self._awake == 0 and self._wakes:
            self._advance(max(0.0, min(self._wakes) - self._now()))
            self._moved.notify_all()


class _TaskClock(controllers.SandboxClock):
    """A controller's clock: it may be off, and it shares its time with other controllers."""

    def __init__(self, clock: controllers.SandboxClock, shared: _SharedTime, skew: float) -> None:
        super().__init__(clock._advance, clock._now)
        self._shared, self._skew = shared, skew

    def time(self) -> float:
        return super().time() + self._skew

    def pass_by(self, seconds: float) -> None:
        if seconds > 0:
            self._shared.sleep(seconds)


def run_seed(seed: int, places: Sequence[str]) -> Outcome:
    """Run the trial of a seed in a process that has nothing of this machine in its environment."""
    if str(_SANDBOX) not in sys.path:
        sys.path.insert(0, str(_SANDBOX))
    from finetune_sandbox import Sandbox

    for name in [name for name in os.environ if name.startswith(("AWS_", "OCI_", "OPENAI_", "AZURE_"))]:
        del os.environ[name]
    os.environ.update(_NOTHING)
    trial = draw(seed, places)
    try:
        return run(trial, lambda seed: Sandbox(speed=0, seed=seed))
    except Exception as error:  # of the trial itself: the others go on
        return Outcome(trial, [f"the trial broke: {type(error).__name__}: {error}"])


def run(trial: Trial, make_sandbox: Callable[[int], Sandbox]) -> Outcome:
    """Run one trial in a sandbox of its own."""
    place, outcome = PLACES[trial.place], Outcome(trial)
    with make_sandbox(trial.seed) as sandbox:
        host = place.make(sandbox)
        sandbox.advance(_HOUR)
        told = _Told()
        # The data are there: what is tried is the training.
        wanted = place.data(host, NAME, NAME)
        old = [host.wanted(place.data(host, NAME, "old"), NAME)["run_id"]] if trial.old else []
        if trial.lag:
            # No task can see a twin in time where a training is shorter than the lag.
            sandbox.openai.settings(list_lag_seconds=trial.lag, training_seconds=20.0 + 3 * trial.lag)
        for fault in trial.faults:
            sandbox.fault(**fault)
        if trial.killed:
            outcome.kills = _kill(trial, host, sandbox)
        else:
            _run_together(trial, host, wanted, told, outcome)
            if trial.tasks == 1 and place.alive(host, NAME) != old and not told.changed:
                outcome.wrong.append(f"a run was made, and the task said that nothing changed: {told.texts}")
        sandbox.clear_faults()
        _check(trial, place, host, wanted, old, told, outcome)
    return outcome


class _Told:
    """All that the tasks of a trial said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.texts: list[str] = []
        self.changed = False

    def add(self, controller: Any, result: Mapping[str, Any] | None, error: FineTuneError | None) -> None:
        shown = result or (error.facts if error else {})
        with self._lock:
            self.changed = self.changed or bool(shown.get("changed"))
            self.texts += [*controller.warnings, *([error.text()] if error else ())]
            self.texts += [str(shown.get(key)) for key in ("run_id", "job_id", "id")]


def _run_together(trial: Trial, host: Any, wanted: Any, told: _Told, outcome: Outcome) -> None:
    clock = host.clock
    shared = _SharedTime(clock._advance, clock._now, trial.tasks)

    def work(task: Any) -> None:
        task.clock = _TaskClock(clock, shared, trial.skew)
        try:
            _play(task, trial, wanted, told, trial.sliced)
        finally:
            shared.leave()

    ends = host.together(*[partial(work, host.also()) for _number in range(trial.tasks)])
    outcome.runs += len(ends)
    for end in ends:
        if isinstance(end, Exception):
            outcome.wrong.append(f"{type(end).__name__}: {end}")


def _play(controller: Any, trial: Trial, wanted: Any, told: _Told, sliced: bool) -> dict[str, Any] | None:
    """One run of the playbook; None where it failed with a clear error."""
    options: dict[str, Any] = {"name": NAME, "retrain": "on_change" if trial.old else "never"}
    run = partial(controller.wanted, wanted)
    try:
        result, slices = controller.sliced(run, options) if sliced else (run(**options), [])
    except FineTuneError as error:
        told.add(controller, None, error)
        return None
    # As the action plugin does it.
    result = {**result, "changed": result["changed"] or any(part["changed"] for part in slices)}
    told.add(controller, result, None)
    return result


def _kill(trial: Trial, host: Any, sandbox: Sandbox) -> int:
    """So many processes at once, each killed after some number of requests. How many still lived then."""
    source = random.Random(trial.seed)
    sandbox.clear_log()
    processes, _answers = controllers.start(host, NAME, trial.tasks)
    alive = 0
    for process in processes:
        moment = sandbox.count() + source.randrange(1, 14)
        end = time.monotonic() + 20
        while sandbox.count() < moment and process.is_alive() and time.monotonic() < end:
            time.sleep(0.002)
        alive += process.is_alive()
        process.kill()
    for process in processes:
        process.join(20)
    return alive


def _writes(entry: Mapping[str, Any]) -> bool:
    """Whether a request changes something; Bedrock reads tags by POST."""
    asks = entry["operation"].rpartition(".")[2].startswith(("List", "Get"))
    return entry["method"] in _WRITES and not asks


def _check(trial: Trial, place: Place, host: Any, wanted: Any, old: list[str], told: _Told, outcome: Outcome) -> None:
    """Run it again without trouble, as a user would, and look at what is there then."""
    last = None
    for _try in range(_AGAIN):
        outcome.runs += 1
        last = _play(host.also(), trial, wanted, told, trial.sliced)
        if last is not None:
            break
        host.sandbox.advance(60.0)
    if last is None:
        outcome.wrong.append(f"never ended well: {told.texts[-4:]}")
        return
    host.sandbox.clear_log()
    again = _play(host.also(), trial, wanted, told, False)
    writes = [entry["operation"] for entry in host.sandbox.requests() if _writes(entry)]
    if again is None or again["changed"] or writes:
        outcome.wrong.append(
            f"the run after it was no look alone: {again and again['action']}, {writes}, {told.texts[-3:]}"
        )
    alive = [run_id for run_id in place.alive(host, NAME) if run_id not in old]
    if not alive:
        outcome.wrong.append("there is no model")
    unnamed = [run_id for run_id in alive if not any(run_id in text for text in told.texts)]
    if len(alive) > 1:
        outcome.second = len(alive) - 1
        if place.keeps_metadata:
            outcome.wrong.append(f"{len(alive)} models: {alive}")
        elif unnamed:
            outcome.wrong.append(f"{len(alive)} models, and nobody named {unnamed}")
