# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of bedrock_custom_model_deployment_info and bedrock_provisioned_model_throughput_info.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import timestamp
from ..._engine.errors import InvalidInput
from ..toolkit.info import is_placeholder, limited, looks_again
from . import jobs, shapes
from .client import Api, make_api
from .provisioned_model_throughput import describe_hourly
from .serving import DEPLOYMENTS, THROUGHPUTS, Calls, get_one, list_all, operation_of

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_FILTERS = {
    "name_contains": "nameContains",
    "status_equals": "statusEquals",
    "model_arn_equals": "modelArnEquals",
}
# The options that are filters by time, and their API names, for each listing.
_TIMES = {
    DEPLOYMENTS: {"created_after": "createdAfter", "created_before": "createdBefore"},
    THROUGHPUTS: {"creation_time_after": "creationTimeAfter", "creation_time_before": "creationTimeBefore"},
}
_ONE = {DEPLOYMENTS: "custom_model_deployment_identifier", THROUGHPUTS: "provisioned_model_identifier"}
_RESULT = {DEPLOYMENTS: "deployments", THROUGHPUTS: "provisioned_models"}


@looks_again
def find_deployments(module: AnsibleModule) -> dict[str, Any]:
    """The result of bedrock_custom_model_deployment_info."""
    return _find(module, DEPLOYMENTS)


@looks_again
def find_throughputs(module: AnsibleModule) -> dict[str, Any]:
    """The result of bedrock_provisioned_model_throughput_info. Each entry names its hourly charge."""
    found = _find(module, THROUGHPUTS)
    for item in found["provisioned_models"]:
        item["hourly"] = describe_hourly(item.get("model_units"), item.get("commitment_duration"))
    return found


def _find(module: AnsibleModule, calls: Calls) -> dict[str, Any]:
    params = module.params
    for option in _TIMES[calls]:
        if params[option] and timestamp(params[option]) is None:
            raise InvalidInput(f"{option} is '{params[option]}'; it is a time such as 2026-11-20T00:00:00Z.")
    if is_placeholder(module, _ONE[calls]):
        return {"changed": False, _RESULT[calls]: []}
    api = make_api(module, "bedrock")
    found = _list(api, calls, params, _read_filters(api, calls, params))
    return {"changed": False, _RESULT[calls]: list(limited(module, found))}


def _read_filters(api: Api, calls: Calls, params: Mapping[str, Any]) -> dict[str, Any]:
    shape = shapes.members(api.bedrock, operation_of(api, calls.list))
    filters = {
        name: shapes.request(params[option], shape.members[name], option)
        for option, name in _FILTERS.items()
        if params[option] is not None
    }
    times = {name: timestamp(params[option]) for option, name in _TIMES[calls].items() if params[option]}
    return {**filters, **times}


def _list(api: Api, calls: Calls, params: Mapping[str, Any], filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    one = params[_ONE[calls]]
    if one:
        yield _read(api, calls, one)
        return
    for summary in list_all(api, calls, **filters):
        if params["details"]:
            yield _read(api, calls, str(summary[calls.arn]))
        else:
            # The list uses another key for the name than all other calls.
            yield {calls.name if key == calls.listed_name else key: value for key, value in summary.items()}


def _read(api: Api, calls: Calls, identifier: str) -> dict[str, Any]:
    found = get_one(api, calls, identifier)
    tags = jobs.list_tags(api, str(found[calls.arn]))
    return {**found, "tags": ownership.select_user_tags(tags), "name": tags.get(ownership.NAME)}
