# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Bedrock remembers, per region. All access is under one lock."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from finetune_sandbox.bedrock.catalogue import BaseModel
from finetune_sandbox.server.answers import TrainingData
from finetune_sandbox.server.checks import ControlError, Fields
from finetune_sandbox.server.scenarios import BaseScenario, read_kind, read_times
from finetune_sandbox.server.settings import BaseSettings
from finetune_sandbox.server.training_data import Report

IN_PROGRESS, COMPLETED, FAILED = "InProgress", "Completed", "Failed"
STOPPING, STOPPED, NOT_STARTED = "Stopping", "Stopped", "NotStarted"
CREATING, ACTIVE, IN_SERVICE, UPDATING, DELETING = "Creating", "Active", "InService", "Updating", "Deleting"
PHASES = ("validation", "data_processing", "training")
PENDING = frozenset({IN_PROGRESS, STOPPING})
SERVING_KINDS = FAIL_CREATION, FAIL_UPDATE = ("fail_creation", "fail_update")
_LAYOUTS = ("samples", "docs")


@dataclass
class Settings(BaseSettings):
    """Limits and durations, changeable through the control API. Times are virtual seconds."""

    validation_seconds: float = 45.0
    data_processing_seconds: float = 75.0
    training_seconds: float = 480.0
    stopping_seconds: float = 20.0
    role_seconds: float = 8.0
    model_seconds: float = 60.0
    deployment_seconds: float = 60.0
    deletion_seconds: float = 10.0
    throughput_seconds: float = 120.0
    list_lag_seconds: float = 0.0
    concurrent_jobs: int = 2
    deployments: int = 100
    units: int = 2
    committed_units: int = 0
    page_size: int = 100
    legacy_models: bool = False
    validation_layout: str = "samples"
    foreign_buckets: list[str] = field(default_factory=list)

    positive = frozenset({"page_size"})

    def special(self, name: str, value: Any) -> bool:
        """The two ways in which examples are laid out."""
        if name == "validation_layout" and value not in _LAYOUTS:
            raise ControlError(f"settings: {name!r} must be one of {', '.join(_LAYOUTS)}; got {value!r}.")
        return name == "validation_layout"


@dataclass
class Job:
    """A customization job. request: its checked members; starts: when each phase began, as far as it got."""

    id: str
    sequence: int
    arn: str
    created_at: float
    request: dict[str, Any]
    base: BaseModel
    type: str
    hyperparameters: dict[str, str]
    parent: str | None = None
    """ARN of the custom model that is trained further"""
    kms_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    model_tags: dict[str, str] = field(default_factory=dict)
    status: str = IN_PROGRESS
    starts: list[float] = field(default_factory=list)
    changed_at: float = 0.0
    ended_at: float | None = None
    stop_at: float | None = None
    failure: str | None = None
    report: Future[Report] | None = None
    records: int = 0
    data: TrainingData | None = None
    model_arn: str | None = None
    training_loss: float | None = None
    validation_losses: list[float] = field(default_factory=list)
    scenario: Scenario | None = None
    survives_stop: bool = False
    seeded: bool = False

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.request["jobName"])

    @property
    def model_name(self) -> str:
        """The name of the model to be."""
        return str(self.request["customModelName"])

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)


@dataclass
class CustomModel:
    """A custom model; job: the job that made it. ready_at: when it stops being `Creating`."""

    arn: str
    name: str
    sequence: int
    created_at: float
    base: BaseModel
    base_arn: str
    type: str
    job: Job | None = None
    kms_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    ready_at: float = 0.0

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)


@dataclass
class ModelUpdate:
    """A change of the model that serves. failure: it ends with that, and the former model goes on serving."""

    model_arn: str
    ends_at: float
    failure: str | None = None

    def runs(self, now: float) -> bool:
        """Whether it goes on."""
        return now < self.ends_at

    def is_done(self, now: float) -> bool:
        """Whether the new model serves."""
        return now >= self.ends_at and self.failure is None


@dataclass
class Deployment:
    """An on-demand deployment. failure: what comes instead of `Active`; gone_at: when it is deleted."""

    arn: str
    name: str
    sequence: int
    created_at: float
    model_arn: str
    ready_at: float
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    update: ModelUpdate | None = None
    changed_at: float = 0.0
    failure: str | None = None
    gone_at: float | None = None

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)

    def status(self, now: float) -> str:
        """One of the model's, or `Deleting`."""
        if self.gone_at is not None:
            return DELETING
        if now < self.ready_at:
            return CREATING
        return FAILED if self.failure is not None else ACTIVE


@dataclass
class Throughput:
    """Provisioned throughput. failure: what comes instead of `InService`."""

    arn: str
    name: str
    sequence: int
    created_at: float
    units: int
    model_arn: str
    foundation_arn: str
    ready_at: float
    commitment: str | None = None
    expires_at: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    update: ModelUpdate | None = None
    changed_at: float = 0.0
    failure: str | None = None

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)

    def status(self, now: float) -> str:
        """One of the model's."""
        if now < self.ready_at:
            return CREATING
        if self.failure is not None:
            return FAILED
        return UPDATING if self.update is not None and self.update.runs(now) else IN_SERVICE


@dataclass
class Region:
    """Everything in one region, by ARN and by name."""

    name: str
    jobs: dict[str, Job] = field(default_factory=dict)
    jobs_by_name: dict[str, Job] = field(default_factory=dict)
    active: dict[str, Job] = field(default_factory=dict)
    models: dict[str, CustomModel] = field(default_factory=dict)
    models_by_name: dict[str, CustomModel] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    throughputs: dict[str, Throughput] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """(operation, client request token) -> (the request, the ARN it made)"""

    def job(self, identifier: str) -> Job | None:
        """By name or ARN."""
        return self.jobs.get(identifier) or self.jobs_by_name.get(identifier)

    def model(self, identifier: str) -> CustomModel | None:
        """By name or ARN."""
        return self.models.get(identifier) or self.models_by_name.get(identifier)

    def deployment(self, identifier: str) -> Deployment | None:
        """By name or ARN."""
        found = self.deployments.get(identifier)
        return found or next((each for each in self.deployments.values() if each.name == identifier), None)

    def throughput(self, identifier: str) -> Throughput | None:
        """By name, ARN, or the id at its end."""
        return self.throughputs.get(identifier) or next(
            (t for t in self.throughputs.values() if identifier in {t.name, t.arn.rpartition("/")[2]}), None
        )

    def tagged(self, arn: str) -> Job | CustomModel | Deployment | Throughput | None:
        """Anything that has tags."""
        return self.jobs.get(arn) or self.models.get(arn) or self.deployments.get(arn) or self.throughputs.get(arn)

    def settle(self, now: float) -> None:
        """Let the updates be done that are due, and what is deleted be gone."""
        for arn, deployment in list(self.deployments.items()):
            if deployment.gone_at is not None and now >= deployment.gone_at:
                del self.deployments[arn]
        for each in self.serving():
            if each.update is not None and each.update.is_done(now):
                each.model_arn = each.update.model_arn

    def serving(self) -> list[Deployment | Throughput]:
        """All that serves a model."""
        return [*self.deployments.values(), *self.throughputs.values()]

    def users(self, model_arn: str, now: float) -> Iterator[str]:
        """ARNs of what uses a model, or is being changed to it."""
        for each in self.serving():
            coming = each.update.model_arn if each.update is not None and each.update.runs(now) else None
            if model_arn in {each.model_arn, coming}:
                yield each.arn


@dataclass
class Scenario(BaseScenario):
    """The outcome of the next matching jobs, or (kinds in SERVING_KINDS) of what serves a model, by its name."""

    job_name: str | None
    model_name: str | None
    name: str | None
    phase: str
    message: str | None

    @classmethod
    def read(cls, fields: Fields) -> Scenario:
        """From its JSON form (docs/sandbox.md)."""
        return cls(
            kind=read_kind(fields, ("fail", "stuck", "complete_despite_stop", *SERVING_KINDS)),
            job_name=fields.optional_text("job_name"),
            model_name=fields.optional_text("model_name"),
            name=fields.optional_text("name"),
            phase=fields.choice("phase", PHASES, "training") or "training",
            message=fields.optional_text("message"),
            times=read_times(fields),
        )

    def takes(self, job: Job) -> bool:
        """Whether it hits this job; counts it."""
        return self.kind not in SERVING_KINDS and self.hits(
            fnmatchcase(job.name, self.job_name or "*") and fnmatchcase(job.model_name, self.model_name or "*")
        )

    def takes_served(self, kind: str, name: str) -> bool:
        """Whether it hits a creation or an update of what has this name; counts it."""
        return self.kind == kind and self.hits(fnmatchcase(name, self.name or "*"))
