# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls for checkpoint permissions: which other projects of the organization may use a fine-tuned model.

Private to llmops.finetune; may change at any time.

Only OpenAI has them. They need an admin key. This collection uses an admin key for nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..._engine.content import CHECK_MODE, refuse_placeholder
from ..._engine.errors import ApiError, InvalidInput, NotFound
from ..._engine.secrets import mask
from ..._engine.types import Phase
from ..toolkit.answers import each, moment, name, record
from ..toolkit.client import check_key, is_key
from . import jobs, models
from .client import AUTH_SPEC, Api, make_api
from .hosts import host_for

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

AUTH: dict[str, Any] = {**AUTH_SPEC, "admin_api_key": {"type": "str", "no_log": True}}
MODEL: dict[str, Any] = {
    "checkpoint": {"type": "str", "aliases": ["fine_tuned_model_checkpoint"]},
    "name": {"type": "str"},
}
"""The options that name the model."""
_VARIABLE = "OPENAI_ADMIN_KEY"
_PERMISSION = record({"id": name, "project_id": name}, {"created_at": moment})
_GRANTED = record({"data": each(_PERMISSION)})
_PAGE = 100
_ADMIN_KEY_HINT = (
    "It takes an admin key of an owner of the organization (admin_api_key, or the environment variable "
    f"{_VARIABLE}). The API key of a project cannot do this."
)
_CHECKPOINT_HINT = "Check checkpoint, and that the admin key is one of the organization that the model belongs to."
_DENIED = (401, 403)


def read_checkpoint(module: AnsibleModule) -> str | None:
    """The model that a task names, or None. Raises InvalidInput, also for a host without permissions."""
    host = host_for(module.params)
    if host.kind != "openai":
        raise InvalidInput(
            f"Checkpoint permissions exist only at OpenAI, and this host is '{host.kind}'.",
            hint="At Azure OpenAI, roles of the resource say who may use a model; at other hosts, ask who runs them.",
        )
    checkpoint: str | None = module.params["checkpoint"]
    if checkpoint == "":
        raise InvalidInput("checkpoint is empty.", hint="Give the name of a model, or leave the option out.")
    if checkpoint is None or checkpoint.startswith(CHECK_MODE):
        if not module.check_mode:
            refuse_placeholder("checkpoint", checkpoint)
        return checkpoint
    if not checkpoint.startswith("ft:") or not is_key(checkpoint):
        raise InvalidInput(
            "checkpoint is not the name of a fine-tuned model, which begins with 'ft:'.",
            hint="Of a checkpoint it is fine_tuned_model_checkpoint, not its id (ftckpt_...).",
        )
    return checkpoint


def make_admin_api(module: AnsibleModule) -> Api:
    """The client with the admin key. Makes no call."""
    key = module.params["admin_api_key"] or os.environ.get(_VARIABLE)
    mask(module, [key])
    if not key:
        raise InvalidInput("admin_api_key is missing.", hint=_ADMIN_KEY_HINT)
    check_key(module, "admin_api_key", key)
    return make_api(module, admin_key=key)


def list_permissions(admin: Api, checkpoint: str, **query: Any) -> list[dict[str, Any]]:
    """All permissions of a model, oldest first. ``query``: the filters of the API."""
    calls = admin.sdk.fine_tuning.checkpoints.permissions.with_raw_response
    send = getattr(calls, "list", None) or calls.retrieve  # older SDKs only have the second one
    found: dict[str, dict[str, Any]] = {}
    try:
        pages = admin.listed(
            f"Listing the permissions of {checkpoint}",
            send,
            checkpoint,
            item=_PERMISSION,
            limit=_PAGE,
            order="ascending",
            **query,
        )
        for permission in pages:
            if permission["id"] in found:  # a host that ignores `after` repeats the page for ever
                break
            found[permission["id"]] = permission
    except ApiError as error:
        raise _explain_error(error) from error
    return list(found.values())


def grant_permissions(admin: Api, checkpoint: str, projects: Sequence[str]) -> list[dict[str, Any]]:
    """Give permissions to all these projects with one request, which is sent once.

    Raises ApiError if the answer does not name every project.
    """
    send = admin.once.fine_tuning.checkpoints.permissions.with_raw_response.create
    doing = f"Sharing {checkpoint} with {', '.join(projects)}"
    try:
        answer = admin.call(doing, send, checkpoint, project_ids=list(projects), reads=_GRANTED, verb="change")
    except ApiError as error:
        raise _explain_error(error) from error
    granted: list[dict[str, Any]] = answer["data"]
    missing = sorted(set(projects) - {permission["project_id"] for permission in granted})
    if missing:
        raise ApiError(
            f"{doing}: the host did not say so of {', '.join(missing)}.",
            hint="Look at the permissions, and run the task again.",
            facts={"changed": True},
        )
    return granted


def revoke_permission(admin: Api, checkpoint: str, permission: Mapping[str, Any]) -> None:
    """Revoke one permission. Raises NotFound if it does not exist."""
    calls = admin.sdk.fine_tuning.checkpoints.permissions.with_raw_response
    send = partial(calls.delete, fine_tuned_model_checkpoint=checkpoint)
    try:
        admin.deleted(f"Taking {checkpoint} from {permission['project_id']}", send, permission["id"])
    except ApiError as error:
        raise _explain_error(error) from error


def _explain_error(error: ApiError) -> ApiError:
    if error.status in _DENIED:
        return error.amended(hint=_ADMIN_KEY_HINT)
    return error.amended(hint=_CHECKPOINT_HINT) if isinstance(error, NotFound) else error


def find_model(api: Api, name: str) -> str | None:
    """The newest existing model of a name; None if there is none."""
    mine = [
        jobs.to_run(job)
        for job in jobs.list_jobs(api, {ownership.NAME: name})
        if mapping(job.get("metadata")).get(ownership.NAME) == name
    ]
    made = [run for run in mine if run.phase is Phase.READY and run.model]
    newest_first = sorted(made, key=lambda run: run.age_key, reverse=True)
    return next((run.model for run in newest_first if _judge_model(api, str(run.model)) is models.Verdict.EXISTS), None)


def is_deleted(api: Api, model: str) -> bool:
    """Whether it is proven that a model no longer exists."""
    return _judge_model(api, model) in (models.Verdict.DELETED, models.Verdict.RETIRED)


def _judge_model(api: Api, model: str) -> models.Verdict:
    return models.judge_model(api.host, models.observe_model(api, model), model)


def describe_permissions(
    name: str | None, checkpoint: str | None, permissions: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The result keys for the permissions of a model."""
    return {
        "name": name,
        "checkpoint": checkpoint,
        "projects": sorted({str(permission["project_id"]) for permission in permissions}),
        "permissions": [dict(permission) for permission in permissions],
    }
