# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look-ups of this provider's info modules.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.content import sha256_of_mark
from ..toolkit.info import is_placeholder, limited, looks_again
from . import cluster, endpoint, identity, model_api, tags, work_requests
from .client import GENERATIVE_AI, Api, make_api

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of resources, and how its info module looks them up.

    ``option``: the option with one OCID. ``result``: the result key of the list. ``filters``: each option with its
    filter of the API. ``members``: options without a filter of the API; they are compared here with the member of the
    same name. Their values are the possible kinds of OCIDs, or empty if the option has no OCID. ``get``: returns one
    resource by its OCID, and its etag. ``listed``: returns the summaries in a compartment. ``ocid``: the possible
    kinds of the OCID in ``option``. ``more``: returns additional keys of an entry.
    """

    option: str
    result: str
    filters: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    get: Callable[[Api, str], tuple[Resource, str | None]]
    listed: Callable[..., Iterable[Resource]]
    ocid: tuple[str, ...]
    more: Callable[[Resource], Mapping[str, Any]] = lambda found: {}


def _more_of_model(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "training_sha256": sha256_of_mark(tags.read_ownership_tags(found).get(ownership.TRAINING)),
        "metrics": model_api.final_metrics(found),
    }


_CLUSTERS = Kind(
    option="dedicated_ai_cluster_id",
    result="dedicated_ai_clusters",
    filters={"state": "lifecycle_state", "display_name": "display_name"},
    members={"type": ()},
    get=cluster.CLUSTERS.get,
    listed=cluster.CLUSTERS.list,
    ocid=identity.CLUSTER,
)
_ENDPOINTS = Kind(
    option="endpoint_id",
    result="endpoints",
    filters={
        "state": "lifecycle_state",
        "display_name": "display_name",
        "generative_ai_private_endpoint_id": "generative_ai_private_endpoint_id",
    },
    members={"model_id": identity.MODEL, "dedicated_ai_cluster_id": identity.CLUSTER},
    get=endpoint.ENDPOINTS.get,
    listed=endpoint.ENDPOINTS.list,
    ocid=identity.ENDPOINT,
)
_MODELS = Kind(
    option="model_id",
    result="models",
    filters={
        "capability": "capability",
        "vendor": "vendor",
        "state": "lifecycle_state",
        "display_name": "display_name",
    },
    members={"type": ()},
    get=model_api.get_model,
    listed=model_api.list_models,
    ocid=identity.MODEL,
    more=_more_of_model,
)


@looks_again
def find_clusters(module: AnsibleModule) -> dict[str, Any]:
    """The result of oci_generative_ai_dedicated_ai_cluster_info."""
    return _find(module, _CLUSTERS)


@looks_again
def find_endpoints(module: AnsibleModule) -> dict[str, Any]:
    """The result of oci_generative_ai_endpoint_info."""
    return _find(module, _ENDPOINTS)


@looks_again
def find_models(module: AnsibleModule) -> dict[str, Any]:
    """The result of oci_generative_ai_model_info."""
    return _find(module, _MODELS)


def _find(module: AnsibleModule, kind: Kind) -> dict[str, Any]:
    params = module.params
    ids = {kind.option: kind.ocid, **{option: ocid for option, ocid in kind.members.items() if ocid}}
    if is_placeholder(module, *ids):
        return {"changed": False, kind.result: []}
    for option, ocid in ids.items():
        identity.check_ocid(option, params[option], ocid)
    identity.check_ocid("compartment_id", params["compartment_id"], identity.COMPARTMENT)
    api = make_api(module, GENERATIVE_AI)
    identifier = params[kind.option]
    found = [kind.get(api, identifier)[0]] if identifier else limited(module, _listed(api, kind, params))
    return {"changed": False, kind.result: [_entry(api, kind, item, params) for item in found]}


def _listed(api: Api, kind: Kind, params: Mapping[str, Any]) -> Iterator[Resource]:
    wanted = {name: params[option] for option, name in kind.filters.items() if params[option]}
    found = kind.listed(api, params["compartment_id"], **wanted)
    members = {option: params[option] for option in kind.members if params[option]}
    for item in found:
        if any(item.get(option) != value for option, value in members.items()):
            continue
        yield kind.get(api, str(item["id"]))[0] if params["details"] else item


def _entry(api: Api, kind: Kind, found: Resource, params: Mapping[str, Any]) -> dict[str, Any]:
    entry = {
        **tags.hide_ownership_tags(found),
        "name": tags.read_ownership_tags(found).get(ownership.NAME),
        **kind.more(found),
    }
    if params["details"]:
        work = None
        if found.get("compartment_id"):  # a base model has no compartment
            work = work_requests.newest(api, str(found["compartment_id"]), str(found["id"]))
        entry["work_request"] = work_requests.in_full(api, work)
    return entry
