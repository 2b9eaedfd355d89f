# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What oci_generative_ai_dedicated_ai_cluster_info looks up.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core import markers
from ansible_collections.llmops.finetune.plugins.module_utils._core.content import CHECK_MODE, refuse_predicted
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._oci import cluster, tags, work_requests
from ansible_collections.llmops.finetune.plugins.module_utils._oci.client import GENERATIVE_AI, Api, make_api

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Option to filter of the API.
_FILTERS = {"state": "lifecycle_state", "display_name": "display_name"}


def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    if params["limit"] < 0:
        raise InvalidInput(f"limit is {params['limit']}; it is 0 (all) or more.")
    given = params["dedicated_ai_cluster_id"] or ""
    if not module.check_mode:
        refuse_predicted("dedicated_ai_cluster_id", given)
    elif given.startswith(CHECK_MODE):
        return {"changed": False, "dedicated_ai_clusters": []}
    api = make_api(module, GENERATIVE_AI)
    if given:
        found = [_entry(api, cluster.get_cluster(api, given)[0], params)]
    else:
        found = [_entry(api, item, params) for item in _listed(api, params)]
    return {"changed": False, "dedicated_ai_clusters": found}


def _listed(api: Api, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    wanted = {name: params[option] for option, name in _FILTERS.items() if params[option]}
    found = cluster.list_clusters(api, params["compartment_id"], **wanted)
    if params["type"]:
        found = (item for item in found if item.get("type") == params["type"])
    for item in islice(found, params["limit"] or None):
        yield cluster.get_cluster(api, str(item["id"]))[0] if params["details"] else item


def _entry(api: Api, found: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    entry = {**tags.present(found), "name": tags.owned(found).get(markers.NAME)}
    if params["details"]:
        work = work_requests.newest(api, str(found.get("compartment_id")), str(found["id"]))
        entry["work_request"] = work_requests.in_full(api, work)
    return entry
