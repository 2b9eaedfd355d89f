# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning jobs."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.openai import params, training
from finetune_sandbox.openai.accounts import JOB_SCENARIOS
from finetune_sandbox.openai.catalogue import BaseModel
from finetune_sandbox.openai.errors import (
    AZURE,
    COMPATIBLE,
    GATEWAY,
    MINIMAL,
    OPENAI,
    SELFHOSTED,
    ApiError,
    bad_value,
    refused,
)
from finetune_sandbox.openai.state import TERMINAL, Account, File, Job
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.web import Call, Response

_DAY = 86400


class Jobs:
    """/fine_tuning/jobs"""

    def __init__(self, store: Store) -> None:
        self._store = store

    # Views

    def view(self, account: Account, job: Job, dialect: str, now: float) -> dict[str, Any]:
        """The job as a dialect shows it."""
        view = _hyperparameters(job, dialect)
        settings: dict[str, Any] = {"hyperparameters": view}
        if job.method == "reinforcement":
            settings["grader"] = job.grader
            settings["response_format"] = job.response_format
        status, error = job.status, job.error
        if dialect == AZURE and status in {"validating_files", "queued"}:
            status = "pending"
        results: list[str] | None = list(job.result_files)
        if dialect == AZURE and job.status != "succeeded":
            results = None
        if dialect in MINIMAL:
            results = []
        short: dict[str, Any] | None = {
            name: view[name] for name in ("n_epochs", "batch_size", "learning_rate_multiplier") if name in view
        }
        if dialect == COMPATIBLE:
            short = dict(view)
        elif job.status == "failed" and job.resolved is None:
            short = None
        estimated = None
        if job.status == "running":
            estimated = int(job.moment_of(job.duration)) + 1
        body: dict[str, Any] = {
            "object": "fine_tuning.job",
            "id": job.id,
            "model": self._store.show_model(job, dialect),
            "created_at": int(job.created_at),
            "finished_at": None if job.finished_at is None else int(job.finished_at),
            "fine_tuned_model": job.fine_tuned_model,
            "organization_id": None if dialect == AZURE else account.id,
            "result_files": results,
            "status": status,
            "validation_file": job.validation_file,
            "training_file": job.training_file,
            "hyperparameters": short,
            "trained_tokens": job.trained_tokens,
            "error": {} if error is None and dialect == COMPATIBLE else error,
            "seed": job.seed,
            "estimated_finish": estimated,
            "integrations": [_without_key(item) for item in job.integrations or []],
            "method": {"type": job.method, job.method: settings},
        }
        habits = self._store.habits(dialect)
        if habits.metadata != "absent":
            body["metadata"] = job.metadata if habits.metadata == "kept" else None
        if dialect == OPENAI:
            body.update(usage_metrics=None, shared_with_openai=False, eval_id=None)
        if habits.suffix == "shown":
            body["suffix" if dialect == SELFHOSTED else "user_provided_suffix"] = job.suffix
        if dialect == AZURE and job.training_type is not None:
            body["trainingType"] = job.training_type
        return body

    # Create

    def create(self, call: Call, account: Account) -> Response:
        """POST /fine_tuning/jobs"""
        store = self._store
        if account.closed and call.dialect == OPENAI:
            # The host's code for this is not documented.
            message = "Your organization is not allowed to create fine-tuning jobs. Fine-tuning is being wound down."
            raise ApiError(403, message, type_="permission_error")
        if store.settings.create_refused == "gateway":
            raise refused(GATEWAY, 403, "This key may not use POST /v1/fine_tuning/jobs. Ask the owner of the gateway.")
        habits = store.habits(call.dialect)
        request = params.job_request(params.read_json(call.request), call.dialect, habits)
        with store.lock:
            now = store.settle(account)
            if call.dialect == AZURE:
                self._azure(account, request)
            if call.dialect == SELFHOSTED:
                _one_at_a_time(account)
            base = self._base(account, request, call.dialect, now)
            file = self._file(account, request.training_file, "training_file", call.dialect, now)
            if request.validation_file is not None:
                self._file(account, request.validation_file, "validation_file", call.dialect, now)
            self._daily(account, base, now)
            scenario = store.take_scenario(JOB_SCENARIOS, file.filename, request.suffix)
            azure = call.dialect == AZURE
            job = Job(
                id=store.job_id(call.dialect),
                sequence=store.ids.sequence(),
                dialect=call.dialect,
                created_at=now,
                model=request.model if request.model in account.models else base.id,
                sent=request.model,
                base=base,
                training_file=request.training_file,
                validation_file=request.validation_file,
                method=request.method,
                hyperparameters=request.hyperparameters,
                seed=store.ids.number(2147483647) if request.seed is None else request.seed,
                tag=store.ids.text(8),
                suffix=request.suffix,
                grader=request.grader,
                response_format=request.response_format,
                metadata=request.metadata if habits.metadata == "kept" else None,
                integrations=request.integrations,
                training_type=request.training_type,
                extra=request.extra,
            )
            if scenario is not None:
                job.scenario, job.scenario_at, job.scenario_message = scenario.kind, scenario.at, scenario.message
            store.begin_job(account, job)
            return Response(self.view(account, job, call.dialect, now), 201 if azure else 200)

    def _base(self, account: Account, request: params.JobRequest, dialect: str, now: float) -> BaseModel:
        tuned = account.models.get(request.model)
        base = tuned.base if tuned else self._store.catalogue.find(request.model, dialect)
        if base is None or not base.methods or self._store.retired(base, now, request.model):
            message = f"Model {request.model} is not available for fine-tuning or does not exist."
            raise ApiError(400, message, code="model_not_available", param="model")
        if request.method not in base.methods:
            message = f"The method '{request.method}' is not available for the model '{request.model}'."
            raise bad_value("method.type", message, "unsupported_method")
        return base

    def _file(self, account: Account, file_id: str, param: str, dialect: str, now: float) -> File:
        file = self._store.file(account, file_id, now)
        if file is None:
            code = f"invalid_{param}"
            raise ApiError(400, f"invalid {param}: {file_id}", code=code, param=param)
        if file.purpose != "fine-tune":
            message = f"File '{file_id}' has purpose '{file.purpose}'; expected 'fine-tune'."
            raise ApiError(400, message, code=f"invalid_{param}", param=param)
        if dialect == AZURE and (not file.processed(now) or file.scenario == "error"):
            raise ApiError(400, "The specified file reference must point to a completed file import.", param=param)
        return file

    def _daily(self, account: Account, base: BaseModel, now: float) -> None:
        created = account.created.get(base.id)
        while created and created[0] <= now - _DAY:
            created.popleft()
        limit = self._store.settings.daily_jobs
        if len(created or ()) >= limit:
            message = (
                f"Your organization has reached the maximum of {limit} "
                "fine-tuning requests per day for the model "
                f"'{base.id}'."
            )
            raise ApiError(429, message, code="daily_rate_limit_exceeded", azure_code="quotaExceeded")

    def _azure(self, account: Account, request: params.JobRequest) -> None:
        settings = self._store.settings
        # The host's message misleads when trainingType is not there.
        if request.training_type in (None, "") or isinstance(request.training_type, (dict, list)):
            raise ApiError(400, "The specified base model does not support fine-tuning.")
        jobs = [job for job in account.jobs.by_id.values() if job.dialect == AZURE]
        if len(jobs) >= settings.azure_total:
            message = f"The maximum number of fine-tuning jobs ({settings.azure_total}) of this resource is reached."
            raise ApiError(400, message, azure_code="quotaExceeded")
        waiting = sum(job.status in {"validating_files", "queued"} for job in jobs)
        if waiting >= settings.azure_queued:
            message = f"The maximum number of queued fine-tuning jobs ({settings.azure_queued}) is reached."
            raise ApiError(429, message, azure_code="quotaExceeded")

    # Read

    def _find(self, call: Call, account: Account) -> Job:
        job_id = call.arguments["job"]
        job = self._store.job(account, job_id)
        if job is None or not self._store.readable(job.created_at, self._store.clock.now()):
            message = f"Could not find fine tune: {job_id}"
            raise ApiError(404, message, code="fine_tune_not_found", param="fine_tuning_job_id")
        return job

    def retrieve(self, call: Call, account: Account) -> Response:
        """GET /fine_tuning/jobs/{id}"""
        with self._store.lock:
            now = self._store.settle(account)
            return Response(self.view(account, self._find(call, account), call.dialect, now))

    def list(self, call: Call, account: Account) -> Response:
        """GET /fine_tuning/jobs"""
        args = call.request.args
        limit = params.query_integer(call.request, "limit", 20, 1, 100)
        wanted = {
            key[len("metadata[") : -1]: value
            for key, value in args.items()
            if key.startswith("metadata[") and key.endswith("]")
        }
        nulls = args.get("metadata")
        if nulls is not None and (nulls != "null" or wanted):
            raise bad_value("metadata", "Invalid 'metadata': use metadata[key]=value, or metadata=null alone.")
        habits = self._store.habits(call.dialect)
        if not habits.list_filter or habits.metadata != "kept":
            wanted, nulls = {}, None
        with self._store.lock:
            now = self._store.settle(account)
            after = None
            if args.get("after"):
                after = account.jobs.by_id.get(args["after"])
                if after is None:
                    raise bad_value("after", f"Invalid 'after': no fine-tuning job '{args['after']}'.")
            page: list[dict[str, Any]] = []
            more = False
            for job in account.jobs.walk(after, newest_first=True):
                if not self._store.listed(job.created_at, now):
                    continue
                if nulls is not None and job.metadata is not None:
                    continue
                if wanted:
                    has = job.metadata or {}
                    if any(key not in has or has[key] != value for key, value in wanted.items()):
                        continue
                if len(page) == limit:
                    more = True
                    break
                page.append(self.view(account, job, call.dialect, now))
        return Response({"object": "list", "data": page, "has_more": more})

    def events(self, call: Call, account: Account) -> Response:
        """GET /fine_tuning/jobs/{id}/events"""
        with self._store.lock:
            now = self._store.settle(account)
            listed = training.events(self._find(call, account), now)
        return Response(_page(call, listed, default=20))

    def checkpoints(self, call: Call, account: Account) -> Response:
        """GET /fine_tuning/jobs/{id}/checkpoints"""
        with self._store.lock:
            now = self._store.settle(account)
            job = self._find(call, account)
            listed = training.checkpoints(job, now, self._store.model_name(account, job))
        body = _page(call, listed, default=10)
        body["first_id"] = body["data"][0]["id"] if body["data"] else None
        body["last_id"] = body["data"][-1]["id"] if body["data"] else None
        return Response(body)

    # Change

    def cancel(self, call: Call, account: Account) -> Response:
        """POST /fine_tuning/jobs/{id}/cancel"""
        with self._store.lock:
            now = self._store.settle(account)
            job = self._find(call, account)
            if job.status in TERMINAL:
                raise ApiError(400, f"Job has already completed: {job.id}")
            job.say(now, "Fine tuning process stopping due to job cancellation", "warn")
            self._store.finish(account, job, now, "cancelled", None)
            job.say(now, "Fine-tuning job cancelled")
            return Response(self.view(account, job, call.dialect, now))

    def pause(self, call: Call, account: Account) -> Response:
        """POST /fine_tuning/jobs/{id}/pause"""
        with self._store.lock:
            now = self._store.settle(account)
            job = self._find(call, account)
            _can_pause(call.dialect)
            if job.status != "running":
                message = f"Job {job.id} cannot be paused: only a running job can, and its status is '{job.status}'."
                raise ApiError(400, message)
            job.segments[-1][1] = now
            job.status, job.since = "pausing", now
            job.say(now, "Fine-tuning job pausing")
            return Response(self.view(account, job, call.dialect, now))

    def resume(self, call: Call, account: Account) -> Response:
        """POST /fine_tuning/jobs/{id}/resume"""
        with self._store.lock:
            now = self._store.settle(account)
            job = self._find(call, account)
            _can_pause(call.dialect)
            if job.status != "paused":
                message = f"Job {job.id} cannot be resumed: only a paused job can, and its status is '{job.status}'."
                raise ApiError(400, message)
            job.status, job.since = "queued", now
            job.say(now, "Fine-tuning job moved to the queue to be resumed")
            return Response(self.view(account, job, call.dialect, now))


def _can_pause(dialect: str) -> None:
    if dialect == SELFHOSTED:
        raise ApiError(400, "This server cannot pause and resume fine-tuning jobs.")


def _without_key(integration: Any) -> Any:
    """An integration without the key that it may hold: no host gives that back."""
    wandb = integration.get("wandb")
    if not isinstance(wandb, dict) or "api_key" not in wandb:
        return integration
    return {**integration, "wandb": {name: value for name, value in wandb.items() if name != "api_key"}}


def _page(call: Call, listed: list[dict[str, Any]], default: int) -> dict[str, Any]:
    """A page of a short list."""
    limit = params.query_integer(call.request, "limit", default, 1, 100)
    after = call.request.args.get("after")
    start = 0
    if after:
        place = next((index for index, item in enumerate(listed) if item["id"] == after), None)
        if place is None:
            raise bad_value("after", f"Invalid 'after': nothing with the id '{after}'.")
        start = place + 1
    data = listed[start : start + limit]
    return {"object": "list", "data": data, "has_more": start + limit < len(listed)}


def _hyperparameters(job: Job, dialect: str) -> dict[str, Any]:
    if job.resolved is not None:
        return dict(job.resolved)
    names = ["n_epochs", "batch_size", "learning_rate_multiplier"]
    names += {
        "dpo": ["beta"],
        "reinforcement": ["compute_multiplier", "eval_interval", "eval_samples"],
    }.get(job.method, [])
    view = {**dict.fromkeys(names, "auto"), **job.hyperparameters}
    if dialect == AZURE:
        for name in ("n_epochs", "batch_size"):
            if view[name] == "auto":
                view[name] = -1
    return view


def _one_at_a_time(account: Account) -> None:
    busy = next((job for job in account.active.values() if job.dialect == SELFHOSTED), None)
    if busy is not None:
        message = f"A fine-tuning job is in progress ({busy.id}). This server trains one model at a time."
        raise ApiError(409, message, code="job_in_progress")
