# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of Generative AI, and time: work requests move on whenever somebody looks."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import datetime, timezone
from threading import RLock
from typing import Any, TypeVar

from finetune_sandbox.oci import dataset, training
from finetune_sandbox.oci.catalogue import MODELS
from finetune_sandbox.oci.errors import invalid, not_found
from finetune_sandbox.oci.object_store import ObjectStore
from finetune_sandbox.oci.state import (
    ACCEPTED,
    ACTIVE,
    CANCELED,
    CANCELING,
    CREATE_MODEL,
    DELETED,
    FAILED,
    FINE_TUNING,
    HOSTING,
    IN_PROGRESS,
    NEEDS_ATTENTION,
    SUCCEEDED,
    WAITING,
    Cluster,
    Endpoint,
    Model,
    Resource,
    Scenario,
    Settings,
    WorkRequest,
)
from finetune_sandbox.server.answers import Library
from finetune_sandbox.server.checks import ControlError
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.scenarios import Scenarios
from finetune_sandbox.server.training_data import Report

_PATIENCE = 10.0
"""Real seconds to wait for the check of a dataset once its virtual time has come."""
_CANCELED = "The work request was canceled."
_INTERNAL = "An internal error occurred while fine-tuning the model. Please try again."

AnyResource = TypeVar("AnyResource", bound=Resource)
Item = TypeVar("Item")
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Used:
    """A retry token that was used: when, for which request, with which answer, and for which resource."""

    when: float
    request: str
    status: int
    body: Any
    headers: dict[str, str]
    resource: str


class Store:
    """Everything of Generative AI in one tenancy. Take `lock` for any access."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        objects: ObjectStore,
        library: Library,
        namespace: str,
        region: str,
        compartments: tuple[str, ...],
    ) -> None:
        self.clock, self.ids, self.objects, self.library = clock, ids, objects, library
        self.namespace, self.region = namespace, region
        self.compartments = frozenset(compartments)
        self.lock = RLock()
        self.settings = Settings()
        self.scenarios = Scenarios(Scenario.read)
        self.models: dict[str, Model] = {}
        self.clusters: dict[str, Cluster] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.works: dict[str, WorkRequest] = {}
        self.tokens: dict[tuple[str, str], Used] = {}
        self._active: dict[str, WorkRequest] = {}
        self._gone: list[Resource] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="oci-data")
        self._make_base_models()

    def _make_base_models(self) -> None:
        for base in MODELS:
            created = datetime.fromisoformat(base.created).replace(tzinfo=timezone.utc).timestamp()
            identifier = base.id(self.region)
            self.models[identifier] = Model(
                identifier,
                self.ids.sequence(),
                "",
                created,
                base.name,
                state=ACTIVE,
                base=base,
                vendor=base.vendor,
                version=base.version,
                pretrained=True,
            )

    def new_id(self, kind: str) -> str:
        """An OCID."""
        return f"ocid1.{kind}.oc1.{self.region}.amaaaaaa{self.ids.text(52).lower()}"

    def known_compartment(self, compartment: str) -> str:
        """The compartment; OciError NotAuthorizedOrNotFound."""
        if compartment not in self.compartments:
            raise not_found(compartment)
        return compartment

    def find(self, table: dict[str, AnyResource], identifier: str) -> AnyResource:
        """By OCID; OciError NotAuthorizedOrNotFound."""
        found = table.get(identifier)
        if found is None:
            raise not_found(identifier)
        return found

    def endpoints_of(self, model_id: str | None = None, cluster_id: str | None = None) -> list[Endpoint]:
        """The endpoints that use a model or a cluster: all that are not deleted."""
        return [
            endpoint
            for endpoint in self.endpoints.values()
            if endpoint.state not in {DELETED, FAILED}
            and (model_id is None or endpoint.model_id == model_id)
            and (cluster_id is None or endpoint.cluster_id == cluster_id)
        ]

    def busy_with(self, resource: Resource) -> WorkRequest | None:
        """The work on a resource that goes on."""
        return next((work for work in self._active.values() if work.target is resource), None)

    def training_on(self, cluster_id: str) -> list[WorkRequest]:
        """The training that runs or waits on a cluster."""
        return [w for w in self._active.values() if w.cluster is not None and w.cluster.id == cluster_id]

    # Work

    def begin(self, work: WorkRequest) -> WorkRequest:
        """Take on a work request; it meets its scenario here."""
        work.scenario = next((scenario for scenario in self.scenarios if scenario.takes(work)), None)
        work.note(work.accepted_at, f"{work.operation} was accepted.")
        self.works[work.id] = self._active[work.id] = work
        return work

    def new_work(self, operation: str, target: Resource, duration: float) -> WorkRequest:
        """A work request on a resource, not yet taken on."""
        return WorkRequest(
            self.new_id("generativeaiworkrequest"),
            self.ids.sequence(),
            operation,
            target.compartment,
            target,
            self.clock.now(),
            duration,
        )

    def _data(self, model: Model) -> Callable[[], Report]:
        """The work of reading the dataset of a model, as it is now."""
        named = (model.fine_tune or {})["trainingDataset"]
        where = f"{named['namespaceName']}/{named['bucketName']}/{named['objectName']}"
        with self.objects.lock:
            bucket = self.objects.buckets.get(named["bucketName"]) if named["namespaceName"] == self.namespace else None
            version = None if bucket is None else bucket.current(named["objectName"])
            if version is not None:
                model.data = self.library.keep(version.segments, dataset.read_examples)
        failure = f"The training dataset {where} was not found, or the service is not authorized to read it."
        if version is None:
            return lambda: Report(0, failure)
        content = version.read()

        def work() -> Report:
            try:
                return dataset.check(content, model.base.name if model.base else "")
            except FileNotFoundError:
                return Report(0, failure)

        return work

    def cancel(self, identifier: str) -> WorkRequest:
        """Cancel a work request, as the service's operators can; ControlError."""
        work = self.works.get(identifier)
        if work is None:
            raise ControlError(f"There is no work request {identifier!r}.", 404)
        if work.done or work.status == CANCELING:
            raise ControlError(f"The work request {identifier!r} is {work.status}.", 409)
        self._start_cancel(work, self.clock.now())
        return work

    @staticmethod
    def _start_cancel(work: WorkRequest, when: float) -> None:
        work.status, work.cancel_at = CANCELING, when
        work.note(when, "The work request is being canceled.")

    # Time

    def move(self) -> float:
        """Make everything happen that is due; returns the time."""
        now = self.clock.now()
        blocked: set[str] = set()
        for work in sorted(self._active.values(), key=lambda work: work.order):
            self._move(work, now, blocked)
            if work.done:
                del self._active[work.id]
            elif work.cluster is not None:
                blocked.add(work.cluster.id)
        if self._gone:
            self._forget(now)
        return now

    def _forget(self, now: float) -> None:
        """Deleted things are shown for a while."""
        kept = []
        for each in self._gone:
            if each.gone_at is not None and now < each.gone_at + self.settings.deleted_seconds:
                kept.append(each)
                continue
            for table in (self.models, self.clusters, self.endpoints):
                table.pop(each.id, None)
            self._forget_data(each)
        self._gone = kept

    def _move(self, work: WorkRequest, now: float, blocked: set[str]) -> None:
        if work.status == CANCELING:
            due = (work.cancel_at or 0.0) + self.settings.canceling_seconds
            if now >= due:
                self._end(work, due, CANCELED, "Canceled", _CANCELED)
            return
        if work.started_at is None and not self._start(work, now, blocked):
            return
        started = work.started_at or 0.0
        scenario = work.scenario
        checked = started + work.validation
        if scenario is not None:
            begin, end = (started, checked) if scenario.phase == "validation" else (checked, started + work.duration)
            due = begin + (end - begin) * scenario.at
            if now >= due and (scenario.phase == "validation" or self._validated(work, checked)):
                self._meet(work, scenario, due)
                return
        if now < checked or not self._validated(work, checked):
            return
        if now >= started + work.duration:
            self._end(work, started + work.duration, SUCCEEDED)

    def _start(self, work: WorkRequest, now: float, blocked: set[str]) -> bool:
        """Whether it runs. Training waits for the training before it on its cluster."""
        ready = work.accepted_at + work.delay
        if now < ready:
            return False
        free = ready
        if work.cluster is not None:
            if work.cluster.id in blocked or work.cluster.busy_until > ready:
                if work.status == ACCEPTED:
                    work.status = WAITING
                    work.note(ready, f"Waiting for the dedicated AI cluster {work.cluster.id}, which is busy.")
                if work.cluster.id in blocked:
                    return False
            free = max(ready, work.cluster.busy_until)
        work.status, work.started_at = IN_PROGRESS, free
        work.note(free, f"{work.operation} is in progress.")
        if work.operation == CREATE_MODEL and isinstance(work.target, Model):
            work.report = self._pool.submit(self._data(work.target))
        return True

    def _validated(self, work: WorkRequest, when: float) -> bool:
        """Whether it goes on; False when it failed, or its data are not read yet in real time."""
        if work.report is None:
            return not work.done
        try:
            report = work.report.result(_PATIENCE)
        except FutureTimeoutError:
            return False
        work.records, work.report = report.records, None
        if report.failure is not None:
            self._end(work, when, FAILED, "InvalidTrainingDataset", report.failure)
            return False
        work.note(when, f"The training dataset has {report.records} examples. The training begins.")
        return True

    def _meet(self, work: WorkRequest, scenario: Scenario, when: float) -> None:
        if scenario.kind == "fail":
            self._end(work, when, FAILED, scenario.code or "InternalServerError", scenario.message or _INTERNAL)
        elif scenario.kind == "cancel":
            work.scenario = None
            self._start_cancel(work, when)
            self._move(work, self.clock.now(), set())

    def _end(self, work: WorkRequest, when: float, status: str, code: str = "", message: str = "") -> None:
        work.percent = 100.0 if status == SUCCEEDED else percent(work, when)
        work.status, work.finished_at = status, when
        if work.cluster is not None and work.started_at is not None:
            work.cluster.busy_until = max(work.cluster.busy_until, when)
        if status != SUCCEEDED:
            work.errors.append((when, code, message))
            work.note(when, f"{work.operation} {'was canceled' if status == CANCELED else 'failed'}: {message}")
        else:
            work.note(when, f"{work.operation} succeeded.")
        self._finish_target(work, when, status == SUCCEEDED, message)

    def _finish_target(self, work: WorkRequest, when: float, good: bool, message: str) -> None:
        target, verb = work.target, work.operation.partition("_")[0]
        if verb == "MOVE":
            if not good and work.moved_from is not None and target.state != DELETED:
                target.compartment = work.moved_from
                target.change(when, target.state, target.details)
        elif good and verb == "DELETE":
            target.change(when, DELETED)
            self.show_deleted(target, when)
        elif good:
            if work.operation == CREATE_MODEL and isinstance(target, Model):
                target.metrics = training.final(target, work.records)
            target.change(when, ACTIVE)
        elif verb == "UPDATE":
            if isinstance(target, Endpoint) and self.settings.failed_updates_revert:
                target.revert()
            target.change(when, NEEDS_ATTENTION if isinstance(target, Cluster) else ACTIVE, message)
        else:
            target.change(when, FAILED, message)
            self._forget_data(target)

    def _forget_data(self, target: Resource) -> None:
        if isinstance(target, Model):
            self.library.forget(target.data)
            target.data = None

    def show_deleted(self, target: Resource, when: float) -> None:
        """Something is deleted: it is shown for a while longer."""
        target.gone_at = when
        self._gone.append(target)

    # Lists

    # Start and end

    def make_cluster(self, name: str, compartment: str, type_: str, shape: str, units: int) -> Cluster:
        """A cluster that is there from the start."""
        cluster = Cluster(
            self.new_id("generativeaidedicatedaicluster"),
            self.ids.sequence(),
            compartment,
            self.clock.now() - 86400.0,
            name,
            state=ACTIVE,
            type=type_,
            units=units,
            shape=shape,
        )
        self.clusters[cluster.id] = cluster
        return cluster

    def start_clusters(self, compartment: str) -> dict[str, str]:
        """A cluster of every kind that is trained on, and one to host on: name -> OCID."""
        made = {}
        for base in MODELS:
            if base.tuning is None or base.tuning[0] in made:
                continue
            shape, units = base.tuning
            made[shape] = self.make_cluster(f"tuning-{shape.lower()}", compartment, FINE_TUNING, shape, units).id
        made[HOSTING] = self.make_cluster("hosting", compartment, HOSTING, "LARGE_GENERIC", 1).id
        return made

    def reset(self) -> None:
        """As just started."""
        self.settings = Settings()
        self.scenarios = Scenarios(Scenario.read)
        for table in (self.models, self.clusters, self.endpoints, self.works, self.tokens, self._active):
            table.clear()
        self._gone = []
        self.library.clear()
        self._make_base_models()

    def close(self) -> None:
        """End the background work."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _token(key: Key, mark: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([zlib.crc32(mark.encode()), *key]).encode()).decode()


def _untoken(token: str, mark: str) -> Key:
    try:
        digest, *key = json.loads(base64.urlsafe_b64decode(token.encode("ascii")))
        good = digest == zlib.crc32(mark.encode())
    except (ValueError, TypeError, binascii.Error):
        good, key = False, []
    if not good:
        raise invalid("The page token is not valid for this request.")
    return tuple(key)


def percent(work: WorkRequest, now: float) -> float:
    """percentComplete."""
    if work.done:
        return work.percent
    if work.started_at is None:
        return 0.0
    until = now if work.cancel_at is None else work.cancel_at
    if work.scenario is not None and work.scenario.kind == "stuck":
        share = work.validation / work.duration if work.scenario.phase == "training" and work.duration else 0.0
        until = min(until, work.started_at + work.duration * (share + (1 - share) * work.scenario.at))
    share = (until - work.started_at) / work.duration if work.duration else 1.0
    return round(min(max(share, 0.0) * 100, 99.0), 1)


def page_of(
    items: Iterable[Item],
    key: Callable[[Item], Key],
    newest_first: bool,
    limit: int,
    token: str | None,
    mark: str,
) -> tuple[list[Item], str | None]:
    """A page of a list and the token of the next one. key: what it is sorted by, unique."""
    listed = sorted(items, key=key, reverse=newest_first)
    if token is not None:
        after = _untoken(token, mark)
        listed = [item for item in listed if (key(item) < after if newest_first else key(item) > after)]
    view = listed[:limit]
    return view, _token(key(view[-1]), mark) if len(listed) > limit else None
