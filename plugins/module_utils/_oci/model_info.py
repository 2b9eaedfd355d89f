# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What oci_generative_ai_model_info looks up.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core import markers
from ansible_collections.llmops.finetune.plugins.module_utils._core.content import (
    CHECK_MODE,
    refuse_predicted,
    sha256_of_mark,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._oci import models, tags, work_requests
from ansible_collections.llmops.finetune.plugins.module_utils._oci.client import GENERATIVE_AI, Api, make_api

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Option to filter of the API.
_FILTERS = {"capability": "capability", "vendor": "vendor", "state": "lifecycle_state", "display_name": "display_name"}


def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    if params["limit"] < 0:
        raise InvalidInput(f"limit is {params['limit']}; it is 0 (all) or more.")
    given = params["model_id"] or ""
    if not module.check_mode:
        refuse_predicted("model_id", given)
    elif given.startswith(CHECK_MODE):
        return {"changed": False, "models": []}
    api = make_api(module, GENERATIVE_AI)
    if given:
        found = [_entry(api, models.get_model(api, given)[0], params)]
    else:
        found = [_entry(api, item, params) for item in _listed(api, params)]
    return {"changed": False, "models": found}


def _listed(api: Api, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    wanted = {name: params[option] for option, name in _FILTERS.items() if params[option]}
    found = models.list_models(api, params["compartment_id"], **wanted)
    if params["type"]:
        found = (item for item in found if item.get("type") == params["type"])
    try:
        for item in islice(found, params["limit"] or None):
            yield models.get_model(api, str(item["id"]))[0] if params["details"] else item
    except ValueError as error:  # the SDK's own check, before it calls: newer ones know more words
        if not params["capability"]:
            raise
        raise InvalidInput(f"The models cannot be listed: {error}.", hint="Or install a newer oci.") from error


def _entry(api: Api, found: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    own = tags.owned(found)
    entry = {
        **tags.present(found),
        "name": own.get(markers.NAME),
        "training_sha256": sha256_of_mark(own.get(markers.TRAINING)),
        "metrics": models.final_metrics(found),
    }
    if params["details"]:
        work = None
        if found.get("compartment_id"):  # a base model is in none
            work = work_requests.newest(api, str(found["compartment_id"]), str(found["id"]))
        entry["work_request"] = work_requests.in_full(api, work)
    return entry
