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
from finetune_sandbox.server.checks import ControlError, Fields
from finetune_sandbox.server.scenarios import BaseScenario, read_kind, read_times
from finetune_sandbox.server.settings import BaseSettings
from finetune_sandbox.server.training_data import Report

IN_PROGRESS, COMPLETED, FAILED = "InProgress", "Completed", "Failed"
STOPPING, STOPPED, NOT_STARTED = "Stopping", "Stopped", "NotStarted"
PHASES = ("validation", "data_processing", "training")
PENDING = frozenset({IN_PROGRESS, STOPPING})
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
    throughput_seconds: float = 120.0
    list_lag_seconds: float = 0.0
    concurrent_jobs: int = 2
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
class Deployment:
    """An on-demand deployment. update: (model ARN, when it is done)."""

    arn: str
    name: str
    sequence: int
    created_at: float
    model_arn: str
    ready_at: float
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    update: tuple[str, float] | None = None
    changed_at: float = 0.0

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)


@dataclass
class Throughput:
    """Provisioned throughput. desired: what it serves once `busy_until` has passed."""

    arn: str
    name: str
    sequence: int
    created_at: float
    units: int
    model_arn: str
    desired: str
    foundation_arn: str
    busy_until: float
    updating: bool = False
    commitment: str | None = None
    expires_at: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    changed_at: float = 0.0

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)


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

    def users(self, model_arn: str) -> Iterator[str]:
        """ARNs of what uses a model."""
        for deployment in self.deployments.values():
            if model_arn in {deployment.model_arn, deployment.update[0] if deployment.update else ""}:
                yield deployment.arn
        for throughput in self.throughputs.values():
            if model_arn in {throughput.model_arn, throughput.desired}:
                yield throughput.arn


@dataclass
class Scenario(BaseScenario):
    """The outcome of the next matching jobs."""

    job_name: str | None
    model_name: str | None
    phase: str
    message: str | None

    @classmethod
    def read(cls, fields: Fields) -> Scenario:
        """From its JSON form (docs/sandbox.md)."""
        return cls(
            kind=read_kind(fields, ("fail", "stuck", "complete_despite_stop")),
            job_name=fields.optional_text("job_name"),
            model_name=fields.optional_text("model_name"),
            phase=fields.choice("phase", PHASES, "training") or "training",
            message=fields.optional_text("message"),
            times=read_times(fields),
        )

    def takes(self, job: Job) -> bool:
        """Whether it hits this job; counts it."""
        return self.hits(
            fnmatchcase(job.name, self.job_name or "*") and fnmatchcase(job.model_name, self.model_name or "*")
        )
