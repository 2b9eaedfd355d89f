# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts with a past: old jobs and models, made at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finetune_sandbox.bedrock import training
from finetune_sandbox.bedrock.catalogue import FINE_TUNING, HYPERPARAMETERS
from finetune_sandbox.bedrock.state import COMPLETED, FAILED, PHASES, STOPPED, Job, Region
from finetune_sandbox.bedrock.store import Store
from finetune_sandbox.server.checks import ControlError, Fields

_STATUSES = (COMPLETED, COMPLETED, COMPLETED, FAILED, COMPLETED, STOPPED, COMPLETED, COMPLETED)
_BASES = {
    "us-east-1": ("amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0", "amazon.nova-pro-v1:0"),
    "us-west-2": ("meta.llama3-1-8b-instruct-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"),
}
_DAY = 86400.0
_FAILURE = "Unable to parse Amazon S3 file: s3://old-data/train.jsonl. Line 1: every line must be a JSON object."


def seed(store: Store, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Make old jobs (docs/sandbox.md, "Seeding"). Returns their ARNs, oldest first."""
    fields = Fields(spec, "seed")
    name = fields.text("region", "us-east-1")
    days = fields.number("days", 365, low=1, high=3650)
    tags = fields.strings("tags")
    job_name, model_name = fields.text("job_name", "old-{i}"), fields.text("model_name", "old-{i}")
    value = fields.anything("jobs")
    fields.done()
    if name not in _BASES:
        raise ControlError(f"seed: 'region' must be one of {', '.join(_BASES)}; got {name!r}.")
    region = store.region(name)
    plans = _plans(value, days)
    made = [_job(store, region, index, own, ago, tags, job_name, model_name) for index, (own, ago) in enumerate(plans)]
    return {"jobs": [job.arn for job in made], "models": [job.model_arn for job in made if job.model_arn]}


def _plans(value: Any, days: float) -> list[tuple[dict[str, Any], float]]:
    """(spec, seconds ago), oldest first."""
    if isinstance(value, bool) or not isinstance(value, (int, list)):
        raise ControlError(f"seed: 'jobs' must be a number or a list of objects, got {value!r}.")
    if isinstance(value, int):
        if not 0 <= value <= 200_000:
            raise ControlError(f"seed: 'jobs' must be from 0 to 200000, got {value}.")
        return [({}, _DAY + (value - index) * days * _DAY / value) for index in range(value)]
    if not all(isinstance(item, Mapping) for item in value):
        raise ControlError("seed: 'jobs' must be a number or a list of objects.")
    return [(dict(item), _DAY + (len(value) - index) * 60.0) for index, item in enumerate(value)]


def _job(
    store: Store,
    region: Region,
    index: int,
    spec: dict[str, Any],
    ago: float,
    tags: dict[str, str],
    job_name: str,
    model_name: str,
) -> Job:
    fields = Fields(spec, f"seed: jobs[{index}]")
    bases = _BASES[region.name]
    base_name = fields.text("base_model", bases[index % len(bases)])
    base = store.base_model(base_name, region.name)
    if base is None or FINE_TUNING not in base.types:
        raise ControlError(f"seed: jobs[{index}]: {base_name!r} is not a model that can be fine-tuned here.")
    status = fields.choice("status", (COMPLETED, FAILED, STOPPED), _STATUSES[index % len(_STATUSES)]) or COMPLETED
    ago = fields.number("ago", ago, low=0)
    keep_model = fields.flag("keep_model", True)
    number = str(index)
    sent = fields.strings("hyperparameters")
    rules = HYPERPARAMETERS[base.family]
    defaults = {name: rule.default or str(rule.low) for name, rule in rules.items() if name != "batchSize"}
    own_tags = fields.strings("tags") if fields.has("tags") else tags
    request: dict[str, Any] = {
        "jobName": fields.text("job_name", job_name).replace("{i}", number),
        "customModelName": fields.text("model_name", model_name).replace("{i}", number),
        "roleArn": fields.text("role_arn", f"arn:aws:iam::{store.account}:role/FineTune"),
        "baseModelIdentifier": base.full_id,
        "trainingDataConfig": {"s3Uri": fields.text("training_data", f"s3://old-data/train-{number}.jsonl")},
        "outputDataConfig": {"s3Uri": fields.text("output", "s3://old-output/runs")},
    }
    failure = fields.text("failure", _FAILURE)
    fields.done()
    job = Job(
        id=store.new_id(),
        sequence=store.ids.sequence(),
        arn="",
        created_at=store.clock.now() - ago,
        request=request,
        base=base,
        type=FINE_TUNING,
        hyperparameters={**defaults, **sent},
        tags={key: value.replace("{i}", number) for key, value in own_tags.items()},
        status=status,
        records=200,
        seeded=True,
    )
    job.arn = f"arn:aws:bedrock:{region.name}:{store.account}:model-customization-job/{base.full_id}/{job.id}"
    job.model_tags = dict(job.tags)
    _end(store, region, job, failure, keep_model, f"seed: jobs[{index}]")
    return job


def _end(store: Store, region: Region, job: Job, failure: str, keep_model: bool, where: str) -> None:
    """Let the job have ended, with its model."""
    if job.name in region.jobs_by_name:
        raise ControlError(f"{where}: there is a job {job.name!r} already.")
    settings = store.settings
    ends = (settings.validation_seconds, settings.data_processing_seconds, settings.training_seconds)
    job.starts = [job.created_at + sum(ends[:phase]) for phase in range(1 if job.status == FAILED else len(PHASES))]
    job.ended_at = job.changed_at = min(job.starts[-1] + ends[len(job.starts) - 1], store.clock.now())
    region.jobs[job.arn] = region.jobs_by_name[job.name] = job
    if job.status == FAILED:
        job.failure = failure
    elif job.status == COMPLETED:
        training.finish(job)
        if job.model_name in region.models_by_name:
            raise ControlError(f"{where}: there is a model {job.model_name!r} already.")
        model = store.make_model(region, job, job.ended_at)
        if not keep_model:
            del region.models[model.arn], region.models_by_name[model.name]
