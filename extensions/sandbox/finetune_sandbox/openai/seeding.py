# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with a past: old jobs, files and models, made at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune_sandbox.openai import training
from finetune_sandbox.openai.catalogue import SELFHOSTED_MODELS
from finetune_sandbox.openai.errors import AZURE, DIALECTS, OPENAI, SELFHOSTED
from finetune_sandbox.openai.state import Account, File, Job, Model
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.checks import ControlError, Fields

_STATUSES = (
    "succeeded",
    "succeeded",
    "succeeded",
    "succeeded",
    "failed",
    "succeeded",
    "cancelled",
    "succeeded",
)
_MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4.1-mini-2025-04-14", "gpt-4o-2024-08-06")
_DAY = 86400.0
_FAILURES = {
    "server_error": "The job failed due to an internal error. Please try again later.",
    "invalid_training_file": "The job failed due to an invalid training file. "
    "Invalid file format. Line 1: Not valid JSON.",
}


def seed(store: Store, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Make old jobs and files (docs/sandbox.md, "Seeding"). Returns their ids, oldest first."""
    fields = Fields(spec, "seed")
    account = store.account(fields.optional_text("account"))
    dialect = fields.choice("dialect", DIALECTS, OPENAI) or OPENAI
    days = fields.number("days", 365, low=1, high=3650)
    metadata, suffix = fields.strings("metadata"), fields.optional_text("suffix")
    jobs, files = fields.anything("jobs"), fields.anything("files")
    fields.done()
    if jobs is None and files is None:
        raise ControlError("seed: give 'jobs' or 'files': a number, or a list of objects.")
    with store.lock:
        now = store.settle(account)
        made_files = _files(store, account, dialect, files, now, days)
        made_jobs = _jobs(store, account, dialect, jobs, now, days, metadata, suffix)
    return {"jobs": made_jobs, "files": made_files}


def _ages(what: str, value: Any, days: float) -> list[tuple[dict[str, Any], float]]:
    """(spec, seconds ago), oldest first."""
    if value is None:
        return []
    if isinstance(value, bool) or not isinstance(value, (int, list)):
        raise ControlError(f"seed: '{what}' must be a number or a list of objects, got {value!r}.")
    if isinstance(value, int):
        if not 0 <= value <= 200_000:
            raise ControlError(f"seed: '{what}' must be from 0 to 200000, got {value}.")
        return [({}, _DAY + (value - index) * days * _DAY / value) for index in range(value)]
    if not all(isinstance(item, Mapping) for item in value):
        raise ControlError(f"seed: '{what}' must be a number or a list of objects.")
    return [(dict(item), _DAY + (len(value) - index) * 60.0) for index, item in enumerate(value)]


def _files(store: Store, account: Account, dialect: str, value: Any, now: float, days: float) -> list[str]:
    made: list[Any] = []
    shared: Path | None = None
    for index, (spec, ago) in enumerate(_ages("files", value, days)):
        fields = Fields(spec, f"seed: files[{index}]")
        filename = fields.text("filename", f"old-{index:05d}.jsonl")
        purpose = fields.text("purpose", "fine-tune")
        ago = fields.number("ago", ago, low=0)
        content = fields.optional_text("content")
        fields.done()
        file_id = "file-" + (store.ids.hexadecimal(32) if dialect == AZURE else store.ids.text(22))
        if content is None:
            if shared is None:
                shared = store.content / f"shared-{store.ids.text(8)}"
                shared.write_text("".join(_example(number) for number in range(10)), encoding="utf-8")
            path = shared
        else:
            path = store.content / file_id
            path.write_text(content, encoding="utf-8")
        made.append(
            File(
                id=file_id,
                sequence=store.ids.sequence(),
                dialect=dialect,
                filename=filename,
                purpose=purpose,
                bytes=path.stat().st_size,
                created_at=now - ago,
                processed_at=now - ago,
                path=path,
                shared=content is None,
            )
        )
    account.files.add_many(made)
    return [file.id for file in made]


def _example(number: int) -> str:
    messages = [
        {"role": "user", "content": f"Question {number}"},
        {"role": "assistant", "content": f"Answer {number}"},
    ]
    return json.dumps({"messages": messages}) + "\n"


def _jobs(
    store: Store,
    account: Account,
    dialect: str,
    value: Any,
    now: float,
    days: float,
    metadata: dict[str, str],
    suffix: str | None,
) -> list[str]:
    made = [
        _job(store, account, dialect, index, spec, now, ago, metadata, suffix)
        for index, (spec, ago) in enumerate(_ages("jobs", value, days))
    ]
    account.jobs.add_many([job for job, _unused in made])
    for _unused, model in made:
        if model is not None:
            account.models[model.id] = model
    return [job.id for job, _unused in made]


def _job(
    store: Store,
    account: Account,
    dialect: str,
    index: int,
    spec: dict[str, Any],
    now: float,
    ago: float,
    metadata: dict[str, str],
    suffix: str | None,
) -> tuple[Job, Model | None]:
    fields = Fields(spec, f"seed: jobs[{index}]")
    models = [model.id for model in SELFHOSTED_MODELS] if dialect == SELFHOSTED else _MODELS
    name = fields.text("model", models[index % len(models)])
    base = store.catalogue.find(name, dialect)
    if base is None or not base.methods:
        raise ControlError(f"seed: jobs[{index}]: {name!r} is not a model that can be fine-tuned.")
    method = fields.choice("method", base.methods, base.methods[0]) or base.methods[0]
    status = fields.choice("status", ("succeeded", "failed", "cancelled"), _STATUSES[index % len(_STATUSES)])
    ago = fields.number("ago", ago, low=0)
    examples = fields.integer("examples", 50, low=1) or 50
    own = fields.strings("metadata") if fields.has("metadata") else metadata
    job_suffix = fields.optional_text("suffix") or suffix or f"old-{index % 200}"
    keep_model = fields.flag("keep_model", True)
    code = fields.text("error", "server_error" if index % 2 else "invalid_training_file")
    hyperparameters = fields.anything("hyperparameters")
    if not isinstance(hyperparameters, (dict, type(None))):
        raise ControlError(f"seed: jobs[{index}]: 'hyperparameters' must be an object.")
    training_file = fields.optional_text("training_file") or "file-" + store.ids.text(22)
    job = Job(
        id=store.job_id(dialect),
        sequence=store.ids.sequence(),
        dialect=dialect,
        created_at=now - ago,
        model=base.id,
        sent=name,
        base=base,
        training_file=training_file,
        validation_file=fields.optional_text("validation_file"),
        method=method,
        hyperparameters=dict(hyperparameters or {}),
        seed=fields.integer("seed", index, low=0, high=2147483647) or 0,
        tag=store.ids.text(8),
        suffix=job_suffix.replace("{i}", str(index)),
        metadata={key: value.replace("{i}", str(index)) for key, value in own.items()} or None,
        status=status or "succeeded",
        examples=examples,
        characters=examples * 400,
        seeded=True,
    )
    fields.done()
    if store.habits(dialect).metadata != "kept":
        job.metadata = None
    training.resolve(job, store.settings)
    return job, _end(store, account, job, code, now, keep_model)


def _end(store: Store, account: Account, job: Job, code: str, now: float, keep_model: bool) -> Model | None:
    """Let the job have ended; returns its model, where it is kept."""
    begin = job.created_at + store.settings.validating_seconds + store.settings.queued_seconds
    end = begin + job.duration * (0.5 if job.status != "succeeded" else 1.0)
    job.finished_at = job.since = min(end, now)
    if job.status != "failed" or code != "invalid_training_file":
        job.segments = [[begin, job.finished_at]]
    else:
        job.resolved, job.steps = None, 0
    job.say(job.created_at, f"Created fine-tuning job: {job.id}")
    model: Model | None = None
    if job.status == "succeeded":
        job.fine_tuned_model = store.model_name(account, job)
        job.trained_tokens = job.characters // 4 * job.epochs
        job.say(job.finished_at, "The job has successfully completed")
        if keep_model:
            model = Model(job.fine_tuned_model, job.finished_at, job.base, job.id, job.dialect)
    elif job.status == "failed":
        param = "training_file" if code == "invalid_training_file" else None
        job.error = {"code": code, "message": _FAILURES.get(code, "The job failed."), "param": param}
        job.say(job.finished_at, job.error["message"], "error")
    return model
