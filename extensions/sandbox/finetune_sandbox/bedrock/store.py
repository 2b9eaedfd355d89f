# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of all regions, and time: jobs move on whenever somebody looks."""

from __future__ import annotations

import base64
import binascii
import json
import random
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, Protocol, TypeVar

from finetune_sandbox.bedrock import training
from finetune_sandbox.bedrock.access import Access
from finetune_sandbox.bedrock.catalogue import LEGACY, MODELS, BaseModel, find
from finetune_sandbox.bedrock.errors import AwsError, invalid
from finetune_sandbox.bedrock.state import (
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    PENDING,
    PHASES,
    STOPPED,
    STOPPING,
    CustomModel,
    Job,
    Region,
    Scenario,
    Settings,
)
from finetune_sandbox.server.answers import Library
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.scenarios import Scenarios
from finetune_sandbox.server.training_data import Report

_PATIENCE = 10.0
"""Real seconds to wait for the check of a dataset once its virtual time has come."""


class Listed(Protocol):
    """Anything that is listed by age."""

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""


Item = TypeVar("Item", bound=Listed)


class Store:
    """Everything of Bedrock in one account. Take `lock` for any access."""

    def __init__(self, clock: Clock, ids: Ids, account: str, access: Access, library: Library) -> None:
        self.clock, self.ids, self.account, self.access, self.library = clock, ids, account, access, library
        self.lock = threading.RLock()
        self.settings = Settings()
        self.scenarios = Scenarios(Scenario.read)
        self._regions: dict[str, Region] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bedrock-data")

    def region(self, name: str) -> Region:
        """A region, its jobs moved on to now."""
        region = self._regions.setdefault(name, Region(name))
        now = self.clock.now()
        for job in sorted(region.active.values(), key=lambda job: job.order):
            self._move(region, job, now)
        region.settle(now)
        return region

    def regions(self) -> list[Region]:
        """All regions that were used."""
        return [self.region(name) for name in list(self._regions)]

    def base_models(self) -> tuple[BaseModel, ...]:
        """The foundation models there are."""
        return (*MODELS, *LEGACY) if self.settings.legacy_models else MODELS

    def base_model(self, identifier: str, region: str) -> BaseModel | None:
        """By id or ARN, with or without the context suffix."""
        return find(identifier, region, self.base_models())

    def new_id(self) -> str:
        """12 lower-case letters and digits."""
        return self.ids.text(12).lower()

    def take_scenarios(self, job: Job) -> None:
        """Give a new job its scenario."""
        for scenario in self.scenarios:
            survives = scenario.kind == "complete_despite_stop"
            if (job.survives_stop if survives else job.scenario is not None) or not scenario.takes(job):
                continue
            if survives:
                job.survives_stop = True
            else:
                job.scenario = scenario

    def failure_of(self, kind: str, name: str) -> str | None:
        """Why the creation or the update of a deployment or throughput fails, if a scenario says so."""
        scenario = next((each for each in self.scenarios if each.takes_served(kind, name)), None)
        return None if scenario is None else scenario.message or "Internal error. Please try again."

    def check_later(self, work: Callable[[], Report]) -> Future[Report]:
        """Read a dataset in the background."""
        return self._pool.submit(work)

    # Time

    def _duration(self, phase: int) -> float:
        settings = self.settings
        return (settings.validation_seconds, settings.data_processing_seconds, settings.training_seconds)[phase]

    def _move(self, region: Region, job: Job, now: float) -> None:
        """Make everything happen to a job that is due by now."""
        while job.status in PENDING:
            if job.status == STOPPING:
                due = (job.stop_at or 0.0) + self.settings.stopping_seconds
                if now < due:
                    return
                if job.survives_stop:
                    self._complete(region, job, due)
                else:
                    self._end(region, job, due, STOPPED)
                return
            phase = len(job.starts) - 1
            due = job.starts[phase] + self._duration(phase)
            scenario = job.scenario
            if scenario is not None and PHASES[phase] == scenario.phase:
                if scenario.kind == "stuck":
                    return
                due = job.starts[phase] + self._duration(phase) / 2
            if now < due:
                return
            if scenario is not None and PHASES[phase] == scenario.phase:
                message = scenario.message or "Training failed due to an internal error. Please try again."
                self._end(region, job, due, FAILED, message)
            elif phase == 0 and not self._validated(region, job, due):
                return
            elif phase == 2:
                self._complete(region, job, due)
            elif job.status == IN_PROGRESS:
                job.starts.append(due)
                job.changed_at = due

    def _validated(self, region: Region, job: Job, due: float) -> bool:
        """Whether the job goes on; False when it failed, or its data are not read yet in real time."""
        if job.report is None:
            return True
        try:
            report = job.report.result(_PATIENCE)
        except FutureTimeoutError:
            return False
        job.records, job.report = report.records, None
        if report.failure is None:
            return True
        self._end(region, job, due, FAILED, report.failure)
        return False

    def _end(self, region: Region, job: Job, when: float, status: str, failure: str | None = None) -> None:
        job.status, job.ended_at, job.changed_at = status, when, when
        job.failure = None if failure is None else failure[:2048]
        region.active.pop(job.arn, None)
        if status != COMPLETED:
            self.library.forget(job.data)
            job.data = None

    def _complete(self, region: Region, job: Job, when: float) -> None:
        training.finish(job)
        try:
            for path, content in training.files(job, self.settings.validation_layout).items():
                self.access.write_output(job, region.name, path, content)
        except AwsError as error:
            job.training_loss, job.validation_losses = None, []
            self._end(region, job, when, FAILED, error.message)
            return
        while len(job.starts) < len(PHASES):
            job.starts.append(when)
        self._end(region, job, when, COMPLETED)
        self.make_model(region, job, when)

    def make_model(self, region: Region, job: Job, when: float) -> CustomModel:
        """The model of a completed job."""
        arn = f"arn:aws:bedrock:{region.name}:{self.account}:custom-model/{job.base.full_id}/{self.new_id()}"
        model = CustomModel(
            arn=arn,
            name=job.model_name,
            sequence=self.ids.sequence(),
            created_at=when,
            base=job.base,
            base_arn=job.parent or job.base.arn(region.name),
            type=job.type,
            job=job,
            kms_arn=job.kms_arn,
            tags=dict(job.model_tags),
            ready_at=when,
        )
        job.model_arn = arn
        region.models[arn] = region.models_by_name[model.name] = model
        return model

    # Lists

    def page(self, items: Iterable[Item], request: dict[str, Any], what: str) -> tuple[list[Item], str | None]:
        """The page that a list request asks for, and the token of the next: newest first unless asked otherwise."""
        newest_first = request.get("sortOrder", "Descending") == "Descending"
        seen = self.clock.now() - self.settings.list_lag_seconds
        listed = sorted(
            (item for item in items if item.order[0] <= seen), key=lambda item: item.order, reverse=newest_first
        )
        filters = {name: value for name, value in request.items() if name not in {"nextToken", "maxResults"}}
        mark = f"{what} {json.dumps(filters, sort_keys=True)}"
        token = request.get("nextToken")
        if token is not None:
            after = _untoken(token, mark)
            listed = [item for item in listed if (item.order < after if newest_first else item.order > after)]
        limit = int(request.get("maxResults", self.settings.page_size))
        page = listed[:limit]
        return page, _token(page[-1].order, mark) if len(listed) > limit else None

    def reset(self) -> None:
        """As just started."""
        self.settings = Settings()
        self.scenarios = Scenarios(Scenario.read)
        self._regions = {}
        self.library.clear()

    def close(self) -> None:
        """End the background work."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def created_within(request: dict[str, Any], created: float, after: str, before: str) -> bool:
    """Whether a time is between those of a list request's filters."""
    return bool(request.get(after, float("-inf")) < created < request.get(before, float("inf")))


def _token(order: tuple[float, int], mark: str) -> str:
    digest = random.Random(mark).getrandbits(64)
    return base64.urlsafe_b64encode(json.dumps([*order, digest]).encode()).decode()


def _untoken(token: str, mark: str) -> tuple[float, int]:
    try:
        when, sequence, digest = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
        good = digest == random.Random(mark).getrandbits(64)
        order = (float(when), int(sequence))
    except (ValueError, TypeError, binascii.Error):
        good, order = False, (0.0, 0)
    if not good:
        raise invalid("The provided nextToken is invalid for this request.")
    return order
