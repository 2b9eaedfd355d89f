# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of bedrock_custom_model_info.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import timestamp
from ..._engine.content import sha256_of_mark
from ..._engine.errors import InvalidInput
from ..toolkit.info import is_placeholder, limited, looks_again
from . import jobs, shapes
from .client import Api, make_api

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The options that are filters, and their API names, for each listing.
_OF_JOBS = {
    "name_contains": "nameContains",
    "status_equals": "statusEquals",
    "creation_time_after": "creationTimeAfter",
    "creation_time_before": "creationTimeBefore",
}
_OF_MODELS = {
    "name_contains": "nameContains",
    "model_status": "modelStatus",
    "base_model_arn_equals": "baseModelArnEquals",
    "foundation_model_arn_equals": "foundationModelArnEquals",
    "is_owned": "isOwned",
    "creation_time_after": "creationTimeAfter",
    "creation_time_before": "creationTimeBefore",
}
_TIMES = ("creation_time_after", "creation_time_before")


@looks_again
def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    for option in _TIMES:
        if params[option] and timestamp(params[option]) is None:
            raise InvalidInput(f"{option} is '{params[option]}'; it is a time such as 2026-11-20T00:00:00Z.")
    if is_placeholder(module, "job_identifier", "model_identifier"):
        return {"changed": False, "jobs": [], "models": []}
    api = make_api(module, "bedrock")
    # Check all filters before the first call.
    of_jobs = _filters(api, "ListModelCustomizationJobs", params, _OF_JOBS)
    of_models = _filters(api, "ListCustomModels", params, _OF_MODELS)
    return {
        "changed": False,
        "jobs": list(limited(module, _jobs(api, params, of_jobs))),
        "models": list(limited(module, _models(api, params, of_models))),
    }


def _filters(api: Api, operation: str, params: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    shape = shapes.members(api.bedrock, operation)
    wanted: dict[str, Any] = {}
    for option, name in known.items():
        if params[option] is None:
            continue
        if option in _TIMES:
            wanted[name] = timestamp(params[option])
        else:
            wanted[name] = shapes.request(params[option], shape.members[name], option)
    return wanted


def _jobs(api: Api, params: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "jobs" not in params["gather"]:
        return
    if params["job_identifier"]:
        yield _job(api, params["job_identifier"], params)
    elif not params["model_identifier"]:
        for summary in jobs.list_jobs(api, **wanted):
            yield _job(api, str(summary["job_arn"]), params) if params["details"] or params["steps"] else summary


def _job(api: Api, identifier: str, params: Mapping[str, Any]) -> dict[str, Any]:
    job = jobs.get_job(api, identifier)
    job.update(_of_tags(api, str(job["job_arn"])))
    if params["steps"]:
        job["steps"] = jobs.read_steps(api, job)
    return job


def _models(api: Api, params: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "models" not in params["gather"]:
        return
    if params["model_identifier"]:
        yield _model(api, params["model_identifier"])
    elif not params["job_identifier"]:
        for summary in jobs.list_models(api, **wanted):
            yield _model(api, str(summary["model_arn"])) if params["details"] else summary


def _model(api: Api, identifier: str) -> dict[str, Any]:
    model = jobs.get_model(api, identifier)
    return {**model, **_of_tags(api, str(model["model_arn"]))}


def _of_tags(api: Api, arn: str) -> dict[str, Any]:
    tags = jobs.list_tags(api, arn)
    return {
        "tags": ownership.select_user_tags(tags),
        "name": tags.get(ownership.NAME),
        "training_sha256": sha256_of_mark(tags.get(ownership.TRAINING)),
    }
