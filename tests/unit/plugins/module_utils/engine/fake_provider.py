# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A provider in memory with its own time: what the engine's tests converge against.

Nothing sleeps: a clock's `sleep` moves the world's time. Several tasks can share one world.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ansible_collections.llmops.finetune.plugins.module_utils._engine.compare import same_deep, same_set
from ansible_collections.llmops.finetune.plugins.module_utils._engine.engine import Engine
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, NotFound
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Field,
    Hint,
    Options,
    Phase,
    Progress,
    Run,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import SimulatedClock

T = TypeVar("T")

FIELDS = (
    Field("model", "immutable"),
    Field("data", "immutable"),
    Field("hyperparameters", "immutable", each=True),
    Field("grader", "immutable", same_deep),
    Field("subnets", "creation", same_set),
    Field("role", "creation"),
    Field("tags", "in_place"),
)
DESIRED = {"data": "v2"}
ALIVE = (Phase.PENDING, Phase.PAUSED, Phase.READY, Phase.FAILED)


def some_run(number: int, phase: Phase, **more: Any) -> Run:
    """A run called run-<number>, made at that time, trained on what DESIRED asks unless `observed` says otherwise."""
    more.setdefault("observed", {"data": "v2"})
    ready = phase is Phase.READY
    more.setdefault("model", f"model-{number}" if ready or phase is Phase.DELETED else None)
    more.setdefault("removable", ready)
    return Run(f"run-{number}", float(number), phase, more.pop("status", phase.value), **more)


@dataclass
class Job:
    """A run as the fake host keeps it. Times are the world's."""

    id: str
    created: float
    observed: dict[str, Any]
    token: str | None
    phase: Phase = Phase.PENDING
    status: str = ""
    ends_at: float | None = None
    ends_as: Phase = Phase.READY
    model_there: bool = True
    reason: str = ""
    ambiguous: str = ""
    listed_at: float = 0.0


class World:
    """The host. `script[verb]` holds what the next calls of a verb do: None, an exception or ("before", exception)
    (nothing is changed), or ("after", exception): the change is made, then the answer is lost. With
    `looks_closer`, `hidden` are runs that only a thorough look finds, and `dependents` is what uses the models."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.jobs: dict[str, Job] = {}
        self.calls: list[str] = []
        self.script: defaultdict[str, list[Any]] = defaultdict(list)
        self.training_seconds = 60.0
        self.stopping_seconds = 0.0
        self.deleting_seconds = 0.0
        self.ends_as = Phase.READY
        self.keeps_tokens = True
        self.list_lag = 0.0
        self.ambiguous = ""
        self.hidden_until = 0.0
        self.late: list[tuple[float, Job]] = []
        self.creations = 0
        self.looks_closer = False
        self.hidden: dict[str, Job] = {}
        self.dependents: list[str] = []
        self.ids: Callable[[int], str] = lambda number: f"run-{number}"
        self.before_call: Callable[[str], None] = lambda verb: None

    def call(self, verb: str, work: Callable[[], T]) -> T:
        """One request."""
        self.before_call(verb)
        self.calls.append(verb)
        self.settle()
        step = self.script[verb].pop(0) if self.script[verb] else None
        if isinstance(step, Exception):
            raise step
        when, error = step or ("", AssertionError())
        if when == "before":
            raise error
        answer = work()
        if when == "after":
            raise error
        return answer

    def count(self, verb: str) -> int:
        """How many requests of this kind there were."""
        return self.calls.count(verb)

    def settle(self) -> None:
        """Let happen what is due."""
        for when, job in list(self.late):
            if when <= self.now:
                self.late.remove((when, job))
                self.jobs[job.id] = job
        for job in self.jobs.values():
            if job.ends_at is not None and self.now >= job.ends_at:
                if job.phase is Phase.DELETING:
                    job.phase, job.model_there = Phase.DELETED, False
                elif job.phase is Phase.CANCELLING:
                    job.phase = Phase.CANCELLED
                elif job.phase is Phase.PENDING:
                    job.phase = job.ends_as
                job.ends_at = None

    def add(self, phase: Phase, *, ago: float = 1000.0, data: str = "v2", **more: Any) -> str:
        """A run from before."""
        self.creations += 1
        job = Job(f"old-{self.creations}", self.now - ago, {"data": data}, more.pop("token", None), phase, **more)
        self.jobs[job.id] = job
        return job.id

    def phases(self) -> dict[str, Phase]:
        """What there is now."""
        self.settle()
        return {job.id: job.phase for job in self.jobs.values()}

    def uncancelled(self) -> list[str]:
        """The runs that are or were paid for and not stopped."""
        return [job for job, phase in self.phases().items() if phase in ALIVE]


class FakeClock(SimulatedClock):
    """The world's time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.world.now - 900_000.0

    def time(self) -> float:
        return self.world.now

    def pass_by(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.world.now += seconds


@dataclass
class FakeDriver:
    """The verbs of the fake host. See _engine.types.Driver."""

    world: World
    resolved: dict[str, Any] = field(default_factory=lambda: dict(DESIRED))
    capabilities: Capabilities = field(default_factory=Capabilities)
    kind: str = "model"
    noun: str = "Run"
    fields: Sequence[Field] = FIELDS
    warnings: list[str] = field(default_factory=list)

    def request(self) -> Mapping[str, Any]:
        return dict(self.resolved)

    def idempotency_key(self) -> Mapping[str, Any]:
        return self.request()

    def observe(self, run_id: str | None) -> list[Run]:
        return self.world.call("observe", lambda: self._observe(run_id))

    def _observe(self, run_id: str | None) -> list[Run]:
        if run_id and run_id not in self.world.jobs:
            raise NotFound(f"no {run_id}", status=404)
        return [
            self._run(job) for job in self.world.jobs.values() if job.listed_at <= self.world.now or job.id == run_id
        ]

    def _run(self, job: Job, *, verified: bool = False) -> Run:
        there = job.phase is Phase.READY and job.model_there
        phase = Phase.DELETED if verified and job.phase is Phase.READY and not job.model_there else job.phase
        return Run(
            job.id,
            job.created,
            phase,
            job.status or job.phase.value,
            observed=dict(job.observed),
            reason=job.reason,
            model=f"model-{job.id}" if job.phase is Phase.READY else None,
            ended=job.created + 60,
            token=job.token if self.world.keeps_tokens else None,
            removable=there if verified else job.phase is Phase.READY,
            ambiguous=job.ambiguous,
            verified=verified or phase is not Phase.READY,
            raw={"id": job.id},
        )

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        # Like the real ones, it looks at nothing that was looked at before.
        return self.world.call(
            "verify",
            lambda: [run if run.verified else self._run(self.world.jobs[run.id], verified=True) for run in runs],
        )

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        # Like OpenAI's, which makes no call where there is nothing to look up.
        if not (self.world.looks_closer or self.world.script["preflight"]):
            return ()
        return self.world.call("preflight", self._preflight)

    def _preflight(self) -> Sequence[Run]:
        found = list(self.world.hidden.values())
        self.world.jobs.update(self.world.hidden)
        self.world.hidden.clear()
        return [self._run(job) for job in found]

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        if not (self.world.looks_closer or self.world.script["dependents"]):
            return ()
        return self.world.call("dependents", lambda: list(self.world.dependents))

    def create(self, token: str) -> Run:
        return self.world.call("create", lambda: self._create(token))

    def _create(self, token: str) -> Run:
        world = self.world
        world.creations += 1
        job = Job(world.ids(world.creations), float(int(world.now)), dict(self.resolved), token)
        job.ends_at, job.ends_as = world.now + world.training_seconds, world.ends_as
        job.listed_at, job.ambiguous = world.now + world.list_lag, world.ambiguous
        world.jobs[job.id] = job
        return self._run(job)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        def work() -> Run:
            self.world.jobs[run.id].observed.update({change.name: change.after for change in changes})
            return self._run(self.world.jobs[run.id], verified=run.verified)

        return self.world.call("update", work)

    def cancel(self, run: Run) -> Run:
        return self.world.call("cancel", lambda: self._cancel(run))

    def _cancel(self, run: Run) -> Run:
        job = self.world.jobs[run.id]
        if job.phase not in (Phase.PENDING, Phase.PAUSED):
            raise ApiError(f"{run.id} is over", status=400)
        job.phase, job.ends_at = Phase.CANCELLING, self.world.now + self.world.stopping_seconds
        if not self.world.stopping_seconds:
            job.phase, job.ends_at = Phase.CANCELLED, None
        return self._run(job)

    def pause(self, run: Run) -> Run:
        def work() -> Run:
            job = self.world.jobs[run.id]
            if job.phase is not Phase.PENDING:
                raise ApiError(f"{run.id} is not running", status=400)
            job.phase, job.ends_at = Phase.PAUSED, None
            return self._run(job)

        return self.world.call("pause", work)

    def resume(self, run: Run) -> Run:
        def work() -> Run:
            job = self.world.jobs[run.id]
            if job.phase is not Phase.PAUSED:
                raise ApiError(f"{run.id} is not paused", status=400)
            job.phase, job.ends_at = Phase.PENDING, self.world.now + self.world.training_seconds
            return self._run(job)

        return self.world.call("resume", work)

    def delete(self, run: Run) -> Run:
        return self.world.call("delete", lambda: self._delete(run))

    def _delete(self, run: Run) -> Run:
        job = self.world.jobs[run.id]
        if self.world.deleting_seconds:
            job.phase, job.ends_at = Phase.DELETING, self.world.now + self.world.deleting_seconds
        else:
            job.phase, job.model_there = Phase.DELETED, False
        return self._run(job, verified=True)

    def refresh(self, run: Run) -> Run:
        def work() -> Run:
            if run.id not in self.world.jobs:
                raise NotFound(f"no {run.id}", status=404)
            return self._run(self.world.jobs[run.id])

        return self.world.call("refresh", work)

    def progress(self, run: Run) -> Progress:
        return self.world.call("progress", lambda: Progress("training", percent=50.0))

    def hint(self, run: Run) -> Hint:
        return Hint("do this")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        return {"model_name": run.model if run else None, "details": details}

    def describe_placeholder(self) -> dict[str, Any]:
        return {"model_name": "check-mode:model:bot"}


def engine_on(world: World, desired: Mapping[str, Any] | None = None, **options: Any) -> Engine:
    """One task of the name "bot" on the world, with an hour to wait."""
    options.setdefault("wait_timeout", 3600.0)
    can = options.pop("can", Capabilities())
    driver = FakeDriver(world, dict(DESIRED if desired is None else desired), capabilities=can)
    return Engine(driver, Options(name="bot", **options), clock=FakeClock(world))


def converge(world: World, desired: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """The result of one task."""
    return engine_on(world, desired, **options).converge()


__all__ = ["FIELDS", "DESIRED", "FakeClock", "FakeDriver", "World", "converge", "engine_on", "replace", "some_run"]
