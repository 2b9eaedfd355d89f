# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Generative AI remembers. All access is under one lock."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from finetune_sandbox.oci.catalogue import BaseModel
from finetune_sandbox.server.answers import TrainingData
from finetune_sandbox.server.checks import Fields
from finetune_sandbox.server.ids import derived
from finetune_sandbox.server.scenarios import BaseScenario, read_kind, read_times
from finetune_sandbox.server.settings import BaseSettings
from finetune_sandbox.server.training_data import Report

CREATING, ACTIVE, UPDATING, DELETING, DELETED = "CREATING", "ACTIVE", "UPDATING", "DELETING", "DELETED"
FAILED, NEEDS_ATTENTION = "FAILED", "NEEDS_ATTENTION"
ACCEPTED, IN_PROGRESS, WAITING, SUCCEEDED = "ACCEPTED", "IN_PROGRESS", "WAITING", "SUCCEEDED"
CANCELING, CANCELED = "CANCELING", "CANCELED"
FINE_TUNING, HOSTING = "FINE_TUNING", "HOSTING"
CREATE_MODEL = "CREATE_MODEL"
OPERATIONS = (
    CREATE_MODEL,
    "DELETE_MODEL",
    "CREATE_DEDICATED_AI_CLUSTER",
    "UPDATE_DEDICATED_AI_CLUSTER",
    "DELETE_DEDICATED_AI_CLUSTER",
    "CREATE_ENDPOINT",
    "UPDATE_ENDPOINT",
    "DELETE_ENDPOINT",
    "MOVE_MODEL",
    "MOVE_DEDICATED_AI_CLUSTER",
    "MOVE_ENDPOINT",
)
PHASES = ("validation", "training")
CONFIGS = (
    "generativeAiPrivateEndpointId",
    "contentModerationConfig",
    "promptInjectionConfig",
    "piiDetectionConfig",
)
"""The members of an endpoint that only endpoints have, and that an update changes."""
_DAY = 86400.0


@dataclass
class Settings(BaseSettings):
    """Limits and durations, changeable through the control API. Times are virtual seconds."""

    accepted_seconds: float = 5.0
    validation_seconds: float = 60.0
    training_seconds: float = 600.0
    canceling_seconds: float = 20.0
    model_seconds: float = 30.0
    cluster_seconds: float = 180.0
    endpoint_seconds: float = 90.0
    move_seconds: float = 10.0
    deleted_seconds: float = _DAY
    token_seconds: float = _DAY
    retry_after_seconds: float = 15.0
    requests_per_second: int = 0
    page_size: int = 100
    models: int = 1000
    clusters: int = 20
    cluster_units: int = 16
    models_hold_clusters: bool = False
    failed_updates_revert: bool = False
    list_lag_seconds: float = 0.0
    min_part_bytes: int = 10 * 1024**2
    tag_defaults: bool = True

    positive = frozenset({"page_size", "cluster_units"})


@dataclass
class Resource:
    """What models, clusters and endpoints have in common. previous: as it was shown before its last change."""

    id: str
    sequence: int
    compartment: str
    created_at: float
    display_name: str
    description: str | None = None
    freeform: dict[str, str] = field(default_factory=dict)
    defined: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: str = CREATING
    details: str | None = None
    updated_at: float | None = None
    revision: int = 1
    gone_at: float | None = None
    previous: dict[str, Any] | None = None

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.created_at, self.sequence)

    @property
    def etag(self) -> str:
        """Changes with everything that is shown."""
        return derived("", self.id, self.revision, length=40).lower()

    def change(self, when: float, state: str, details: str | None = None) -> None:
        """Move to a state."""
        self.state, self.details, self.updated_at = state, details, when
        self.revision += 1


@dataclass
class Model(Resource):
    """A model; base models are never in a state but ACTIVE. fine_tune: fineTuneDetails with all defaults."""

    base: BaseModel | None = None
    base_id: str | None = None
    vendor: str | None = None
    version: str | None = None
    fine_tune: dict[str, Any] | None = None
    metrics: tuple[float, float] | None = None
    """(accuracy, loss)"""
    pretrained: bool = False
    data: TrainingData | None = None
    seeded: bool = False

    @property
    def cluster_id(self) -> str | None:
        """Where it was trained."""
        return None if self.fine_tune is None else str(self.fine_tune["dedicatedAiClusterId"])


@dataclass
class Cluster(Resource):
    """A dedicated AI cluster. busy_until: when the last training on it ended."""

    type: str = FINE_TUNING
    units: int = 1
    shape: str = ""
    reservation: str | None = None
    busy_until: float = 0.0


@dataclass
class Endpoint(Resource):
    """An endpoint of a model on a hosting cluster. configs: contentModerationConfig and the like."""

    model_id: str = ""
    cluster_id: str = ""
    configs: dict[str, Any] = field(default_factory=dict)

    def revert(self) -> None:
        """Take back what the last update changed."""
        before = self.previous or {}
        self.display_name, self.description = before["displayName"], before["description"]
        self.freeform, self.defined = before["freeformTags"], before["definedTags"]
        self.configs = {name: before[name] for name in CONFIGS if name in before}


@dataclass
class WorkRequest:
    """The work on one resource. related: further resources (entity type, OCID)."""

    id: str
    sequence: int
    operation: str
    compartment: str
    target: Resource
    accepted_at: float
    duration: float
    delay: float = 0.0
    """until it is started, at least"""
    validation: float = 0.0
    """how long the check of the data takes (training)"""
    cluster: Cluster | None = None
    related: list[tuple[str, str]] = field(default_factory=list)
    moved_from: str | None = None
    """the compartment that a move comes back to when it fails"""
    status: str = ACCEPTED
    started_at: float | None = None
    finished_at: float | None = None
    cancel_at: float | None = None
    percent: float = 0.0
    errors: list[tuple[float, str, str]] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)
    report: Future[Report] | None = None
    records: int = 0
    scenario: Scenario | None = None

    @property
    def order(self) -> tuple[float, int]:
        """Oldest first."""
        return (self.accepted_at, self.sequence)

    @property
    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in {SUCCEEDED, FAILED, CANCELED}

    def note(self, when: float, message: str) -> None:
        """Add a line to its log."""
        self.log.append((when, message))


@dataclass
class Scenario(BaseScenario):
    """The outcome of the next matching work requests."""

    operation: str
    display_name: str | None
    phase: str
    at: float
    code: str | None
    message: str | None

    @classmethod
    def read(cls, fields: Fields) -> Scenario:
        """From its JSON form (docs/sandbox.md)."""
        return cls(
            kind=read_kind(fields, ("fail", "stuck", "cancel")),
            operation=fields.choice("operation", OPERATIONS, CREATE_MODEL) or CREATE_MODEL,
            display_name=fields.optional_text("display_name"),
            phase=fields.choice("phase", PHASES, "training") or "training",
            at=fields.number("at", 0.5, low=0, high=1),
            code=fields.optional_text("code"),
            message=fields.optional_text("message"),
            times=read_times(fields),
        )

    def takes(self, work: WorkRequest) -> bool:
        """Whether it hits this work request; counts it."""
        return self.hits(
            work.operation == self.operation and fnmatchcase(work.target.display_name, self.display_name or "*")
        )
