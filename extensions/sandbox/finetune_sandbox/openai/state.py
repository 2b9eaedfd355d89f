# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider remembers: accounts, files, uploads, jobs, models. All access is under one lock."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from finetune_sandbox.openai import habits
from finetune_sandbox.openai.catalogue import BaseModel
from finetune_sandbox.openai.dataset import Report
from finetune_sandbox.server.answers import TrainingData
from finetune_sandbox.server.checks import ControlError
from finetune_sandbox.server.settings import BaseSettings

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})


@dataclass
class Settings(BaseSettings):
    """Limits and durations, changeable through the control API. Times are virtual seconds."""

    validating_seconds: float = 20.0
    queued_seconds: float = 20.0
    training_seconds: float | None = None
    seconds_per_step: float = 3.0
    pausing_seconds: float = 10.0
    file_processing_seconds: float = 2.0
    concurrent_jobs: int = 3
    daily_jobs: int = 500
    max_file_bytes: int = 512 * 1024 * 1024
    max_upload_bytes: int = 8 * 1024**3
    max_part_bytes: int = 64 * 1024 * 1024
    upload_seconds: float = 3600.0
    azure_running: int = 1
    azure_queued: int = 20
    azure_total: int = 100
    azure_files: int = 50
    extra_models: list[str] = field(default_factory=list)
    metadata: str | None = None
    list_filter: bool | None = None
    suffix: str | None = None
    model_names: str | None = None
    deletions: str | None = None
    tuned_models: str | None = None
    extra_body: str | None = None
    openai_limits: bool | None = None
    list_lag_seconds: float = 0.0
    read_lag_seconds: float = 0.0
    create_refused: str | None = None
    enforce_shutdown: bool = False
    shutdown_dates: dict[str, str | None] = field(default_factory=dict)

    def special(self, name: str, value: Any) -> bool:
        """What may be null (nothing is said), one of some words, or dates by model."""
        if name == "training_seconds" and value is None:
            return True
        if name == "shutdown_dates":
            _check_dates(value)
            return True
        choices = habits.CHOICES.get(name, ("gateway",) if name == "create_refused" else ())
        if choices and value is not None and not any(type(value) is type(each) and value == each for each in choices):
            words = ", ".join(str(each).lower() for each in choices)
            raise ControlError(f"settings: {name!r} must be one of {words}, or null; got {value!r}.")
        return bool(choices)

    def habits(self, dialect: str) -> habits.Habits:
        """What a dialect keeps, shows, lists and refuses."""
        return habits.of(dialect, vars(self))


def _check_dates(value: Any) -> None:
    """ControlError unless it is an object of dates by name of model."""
    if not isinstance(value, dict) or not all(each is None or _is_date(each) for each in value.values()):
        raise ControlError(
            f"settings: 'shutdown_dates' must be an object of YYYY-MM-DD (or null) by model, got {value!r}."
        )


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return False
    try:
        start_of_day(value)
    except ValueError:
        return False
    return True


def start_of_day(date: str) -> float:
    """The unix time at which a date (YYYY-MM-DD, UTC) begins."""
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()


@dataclass
class File:
    """A stored file. processed_at: virtual time, None for never. `scenario` "error": processing fails."""

    id: str
    sequence: int
    dialect: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    processed_at: float | None
    path: Path
    shared: bool = False
    expires_at: int | None = None
    scenario: str | None = None
    deleted: bool = False
    reports: dict[Any, Future[Report]] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int]:
        """Oldest first."""
        return (int(self.created_at), self.sequence)

    def gone(self, now: float) -> bool:
        """Deleted or expired."""
        return self.deleted or (self.expires_at is not None and now >= self.expires_at)

    def processed(self, now: float) -> bool:
        """Whether the host has looked at it."""
        return self.processed_at is not None and now >= self.processed_at


@dataclass
class Part:
    """A part of an upload."""

    id: str
    created_at: float
    path: Path
    size: int


@dataclass
class Upload:
    """An upload in parts."""

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: float
    expires_at: int
    expires_after: int | None
    dialect: str
    status: str = "pending"
    parts: dict[str, Part] = field(default_factory=dict)
    file: File | None = None


@dataclass
class Model:
    """A fine-tuned model, or a checkpoint of one."""

    id: str
    created_at: float
    base: BaseModel
    job_id: str
    dialect: str


@dataclass
class Permission:
    """A project that may use a checkpoint."""

    id: str
    created_at: float
    project_id: str


@dataclass
class Job:
    """A fine-tuning job. `hyperparameters` is what was asked for; `resolved` what it became."""

    id: str
    sequence: int
    dialect: str
    created_at: float
    model: str
    sent: str
    base: BaseModel
    training_file: str
    validation_file: str | None
    method: str
    hyperparameters: dict[str, Any]
    seed: int
    tag: str
    suffix: str | None = None
    grader: Any = None
    response_format: Any = None
    metadata: dict[str, str] | None = None
    integrations: list[Any] | None = None
    training_type: Any = None
    extra: dict[str, Any] = field(default_factory=dict)
    status: str = "validating_files"
    since: float = 0.0
    resolved: dict[str, Any] | None = None
    steps: int = 0
    epochs: int = 0
    examples: int = 0
    characters: int = 0
    duration: float = 0.0
    segments: list[list[float | None]] = field(default_factory=list)
    messages: list[tuple[float, str, str, str]] = field(default_factory=list)
    finished_at: float | None = None
    error: dict[str, Any] | None = None
    fine_tuned_model: str | None = None
    result_files: list[str] = field(default_factory=list)
    trained_tokens: int | None = None
    scenario: str | None = None
    scenario_at: float = 0.5
    scenario_message: str | None = None
    data: TrainingData | None = None
    seeded: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """Oldest first."""
        return (int(self.created_at), self.sequence)

    def say(self, when: float, message: str, level: str = "info", kind: str = "message") -> None:
        """Add a message to the job's events."""
        self.messages.append((when, level, message, kind))

    def trained_until(self, now: float) -> float:
        """Virtual seconds of training so far, pauses left out."""
        return sum(max(0.0, (now if end is None else min(end, now)) - (start or 0.0)) for start, end in self.segments)

    def moment_of(self, trained: float) -> float:
        """The virtual time at which it had trained for so long."""
        left = trained
        moment = self.created_at
        for start, end in self.segments:
            begin = start or 0.0
            if end is None or left <= end - begin:
                return begin + left
            left -= end - begin
            moment = end
        return moment


class Ordered:
    """Items by id and in order of (created_at, sequence), with paging after an id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Any] = {}
        self.keys: list[tuple[int, int, str]] = []

    def add(self, item: File | Job) -> None:
        """Insert in order."""
        self.by_id[item.id] = item
        insort(self.keys, (*item.order, item.id))

    def add_many(self, items: list[Any]) -> None:
        """Insert many at once."""
        self.by_id.update((item.id, item) for item in items)
        self.keys.extend((*item.order, item.id) for item in items)
        self.keys.sort()

    def remove(self, item: File | Job) -> None:
        """Take one out."""
        del self.by_id[item.id]
        del self.keys[bisect_left(self.keys, (*item.order, item.id))]

    def walk(self, after: Any, newest_first: bool) -> Any:
        """Items in order, those behind `after` (an item or None)."""
        if after is None:
            span = range(len(self.keys))
        else:
            place = bisect_left(self.keys, (*after.order, after.id))
            span = range(place) if newest_first else range(place + 1, len(self.keys))
        for index in reversed(span) if newest_first else span:
            yield self.by_id[self.keys[index][2]]


@dataclass
class Account:
    """An organisation.

    closed: it creates no jobs any more. role: "owner" may delete models, "member" may not. deployments: of Azure, by
    name, with the model behind each.
    """

    name: str
    id: str
    api_key: str
    admin_key: str
    projects: list[str]
    entra_token: str
    role: str = "owner"
    closed: bool = False
    files: Ordered = field(default_factory=Ordered)
    uploads: dict[str, Upload] = field(default_factory=dict)
    jobs: Ordered = field(default_factory=Ordered)
    active: dict[str, Job] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    permissions: dict[str, list[Permission]] = field(default_factory=dict)
    deployments: dict[str, str] = field(default_factory=dict)
    created: dict[str, deque[float]] = field(default_factory=dict)
    settled: float = 0.0

    def describe(self) -> dict[str, Any]:
        """What the control API shows of it."""
        return {
            "name": self.name,
            "id": self.id,
            "api_key": self.api_key,
            "admin_key": self.admin_key,
            "entra_token": self.entra_token,
            "projects": self.projects,
            "role": self.role,
            "closed": self.closed,
            "files": len(self.files.by_id),
            "jobs": len(self.jobs.by_id),
            "models": len(self.models),
        }
