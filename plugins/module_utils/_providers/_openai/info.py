# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of the info modules.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..toolkit.info import is_placeholder, limited, looks_again
from . import jobs, permissions
from .client import Api, make_api
from .fine_tuned_model import present_job
from .steps import read_steps

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


@looks_again
def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    if is_placeholder(module, "job_id"):
        return {"changed": False, "models": []}
    api = make_api(module)
    return {"changed": False, "models": [_entry(api, job, params) for job in limited(module, _matching(api, params))]}


def _matching(api: Api, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The jobs that match the options. They are filtered here too, for hosts that ignore the filter."""
    if params["job_id"]:
        yield jobs.get_job(api, params["job_id"])
        return
    wanted = {str(key): str(value) for key, value in (params["metadata"] or {}).items()}
    if params["name"]:
        wanted[ownership.NAME] = params["name"]
    for job in jobs.list_jobs(api, wanted):
        entries = mapping(job.get("metadata"))
        # A host without metadata may still show the suffix. Its default is the name.
        suffixed = not entries and set(wanted) == {ownership.NAME} and jobs.same_suffix(params["name"], job)
        if (suffixed or all(entries.get(key) == value for key, value in wanted.items())) and (
            not params["status"] or job.get("status") in params["status"]
        ):
            yield job


def _entry(api: Api, job: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    run = jobs.to_run(job)
    entries = mapping(job.get("metadata"))
    entry: dict[str, Any] = {
        "name": entries.get(ownership.NAME),
        "job_id": run.id,
        "fine_tuned_model": run.model,
        "status": run.status,
        "reason": run.reason,
        "training_sha256": entries.get(ownership.TRAINING),
        "model": present_job(job),
    }
    if params["events"]:
        entry["events"] = jobs.list_events(api, run.id)
    if params["checkpoints"]:
        entry["checkpoints"] = jobs.list_checkpoints(api, run.id)
    if params["steps"]:
        entry["steps"] = read_steps(api, job)
    return entry


@looks_again
def find_permissions(module: AnsibleModule) -> dict[str, Any]:
    """The result of openai_checkpoint_permission_info."""
    params = module.params
    checkpoint, name = permissions.read_checkpoint(module), params["name"]
    if is_placeholder(module, "checkpoint"):
        return {"changed": False, **permissions.describe_permissions(name, checkpoint, [])}
    admin = permissions.make_admin_api(module)
    checkpoint = checkpoint or permissions.find_model(make_api(module), name)
    query = {"project_id": params["project_id"]} if params["project_id"] else {}
    found = permissions.list_permissions(admin, checkpoint, **query) if checkpoint else []
    # Filtered here too, for a host that ignores the filter.
    wanted = [permission for permission in found if params["project_id"] in (None, permission["project_id"])]
    return {"changed": False, **permissions.describe_permissions(name, checkpoint, list(limited(module, wanted)))}
