# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job at the example host, and the model that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
    options_of,
    refuse_missing,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Driver,
    Field,
    Hint,
    Options,
    Phase,
    Progress,
    Run,
)

from .client import AUTH_SPEC, Api

SPEC: dict[str, Any] = {
    "argument_spec": {
        **AUTH_SPEC,
        "name": {"type": "str"},
        "job": {"type": "str"},
        "flour_kind": {"type": "str"},
        "recipe_file": {"type": "str"},
        "rounds": {"type": "int"},
        "label": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
        **TRAINING_SPEC,
        **WAIT_SPEC,
        **PROGRESS_SPEC,
    },
}
FIELDS = (
    Field("flour_kind", "immutable"),
    Field("recipe_file", "immutable"),
    Field("rounds", "immutable"),
    Field("label", "in_place"),
)
PHASES = {
    "kneading": Phase.PENDING,
    "baked": Phase.READY,
    "burnt": Phase.FAILED,
    "thrown_out": Phase.CANCELLED,
    "eaten": Phase.DELETED,
}


def build_driver(module: Any) -> tuple[Driver, Options]:
    """Check every option, then make the driver; no call is made."""
    params = module.params
    name = params["name"] or params["job"]
    options = options_of(module, name=name, run_id=params["job"], id_option="job", fields=FIELDS, identity=("name",))
    if params["state"] == "present" and not params["job"]:
        refuse_missing({option: params[option] for option in ("flour_kind", "recipe_file")}, "A job needs them.")
    desired = {field.name: params[field.name] for field in FIELDS if params[field.name] is not None}
    return FineTunedModel(Api(params["store"]), params["name"], desired), options


class FineTunedModel:
    """See :class:`_engine.types.Driver` for each verb."""

    kind = "model"
    noun = "Job"
    fields = FIELDS
    capabilities = Capabilities(no_pause="A job cannot be paused.", one_run_a_token=True)

    def __init__(self, api: Api, name: str | None, desired: Mapping[str, Any]) -> None:
        self.api = api
        self.name = name
        self.resolved = desired
        self.warnings: list[str] = []

    def request(self) -> Mapping[str, Any]:
        return {"name": self.name, **self.resolved}

    def idempotency_key(self) -> Mapping[str, Any]:
        return {key: value for key, value in self.request().items() if key != "label"}

    def observe(self, run_id: str | None) -> list[Run]:
        jobs = self.api.list_jobs(self.name) if self.name else []
        if run_id and run_id not in [job["id"] for job in jobs]:
            jobs.append(self.api.get_job(run_id))
        return [_run(job) for job in jobs]

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        return [replace(run, verified=True, seen=run.phase is Phase.READY) for run in runs]

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        return ()

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        return ()

    def create(self, token: str) -> Run:
        return _run(self.api.create_job(**self.request(), token=token))

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        members = {change.field: change.after for change in changes}
        return replace(_run(self.api.change_job(run.id, "update", **members)), verified=run.verified)

    def cancel(self, run: Run) -> Run:
        return _run(self.api.change_job(run.id, "cancel", condition="thrown_out"))

    def pause(self, run: Run) -> Run:
        raise AssertionError("unreachable: see capabilities")

    resume = pause

    def delete(self, run: Run) -> Run:
        return _run(self.api.change_job(run.id, "delete", condition="eaten"))

    def refresh(self, run: Run) -> Run:
        return _run(self.api.get_job(run.id))

    def progress(self, run: Run) -> Progress:
        return Progress("kneading")

    def hint(self, run: Run) -> Hint:
        return Hint("Bake at a lower temperature.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        job = run.raw if run else {}
        shown = {key: job.get(key) for key in ("flour_kind", "recipe_file", "rounds", "label")}
        return {"id": job.get("id"), "job": job.get("id"), "loaf": run.model if run else None, **shown, **_times(job)}

    def describe_placeholder(self) -> dict[str, Any]:
        return {**self.describe(None, details=False), **self.resolved, "loaf": f"check-mode:loaf:{self.name}"}


def _times(job: Mapping[str, Any]) -> dict[str, Any]:
    return {"put_in": job.get("made"), "taken_out": job.get("done")}


def _run(job: Mapping[str, Any]) -> Run:
    phase = PHASES.get(job["condition"], Phase.UNKNOWN)
    return Run(
        job["id"],
        job["made"],
        phase,
        job["condition"],
        observed={"label": "", **{field.name: job[field.name] for field in FIELDS if job.get(field.name) is not None}},
        reason=job["fate"] or "",
        model=f"loaf-{job['id']}" if phase is Phase.READY else None,
        ended=job["done"],
        token=job["token"],
        removable=phase is Phase.READY,
        verified=phase is not Phase.READY,
        raw=dict(job),
    )
