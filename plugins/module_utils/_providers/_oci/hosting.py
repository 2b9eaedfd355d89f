# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks before an endpoint is created: the model is ready, and the hosting cluster can host it.

Private to llmops.finetune; may change at any time.

Source: OCI documentation, "Creating an Endpoint" and "Limitations" of dedicated AI clusters, as of 2026-11. Another
shape of the right vendor is only a warning, because the service changes faster than this table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..._engine.errors import ApiError, NotFound
from . import model_api, shapes, tags
from .client import Api
from .reading import CLUSTER

MODEL_ID, CLUSTER_ID, REPLACEMENT_ID = "model_id", "dedicated_ai_cluster_id", "replacement_cluster_id"
_HOSTING, _ACTIVE = "HOSTING", "ACTIVE"
_COMING = ("CREATING", "UPDATING")
_ENDED = ("DELETED", "FAILED")
_VENDORS = ("COHERE", "GENERIC")  # words in the names of unit shapes, one for each vendor of models
_TFEW = "TFEW_TRAINING_CONFIG"
_STACKED = ("cohere.command", "cohere.command-light")  # one cluster hosts several T-Few models of these
# The unit shape by the beginning of the base model's name. Other models are not checked here.
_SHAPES = {
    "cohere.command-a-03": "LARGE_COHERE_V3",
    "cohere.command-light": "SMALL_COHERE",
    "cohere.command-r-0": "SMALL_COHERE_V2",
    "cohere.embed": "EMBED_COHERE",
    "cohere.rerank": "RERANK_COHERE",
    "meta.llama-3-70b": "LARGE_GENERIC",
    "meta.llama-3.1-70b": "LARGE_GENERIC",
    "meta.llama-3.3-70b": "LARGE_GENERIC",
    "meta.llama-4-maverick": "LARGE_GENERIC_2",
}


# -- the model -------------------------------------------------------------------------------------------------


def find_newest(api: Api, compartments: Sequence[str], name: str) -> str:
    """The OCID of the newest ACTIVE model with that name, in the first compartment that has one.

    Models that this collection trained come first, then the one that somebody else made, then base models. Raises
    ApiError if there is none, or if it is ambiguous.
    """
    found = next(filter(None, (_list_active(api, compartment, name) for compartment in compartments)), [])
    managed = [model for model in found if tags.read_ownership_tags(model).get(ownership.NAME)]
    custom = [model for model in found if model.get("type") != "BASE"]
    if not found:
        raise ApiError(
            f"{MODEL_ID}: there is no ACTIVE model '{name}' in {compartments[0]}.",
            hint="Train it first, or give its OCID if it is in another compartment.",
        )
    if not managed and len(custom) > 1:
        named = ", ".join(str(model["id"]) for model in custom)
        raise ApiError(
            f"{MODEL_ID}: '{name}' is the name of several models that this collection did not train: {named}.",
            hint="Give the OCID of the one that is meant.",
        )
    return str((managed or custom or found)[0]["id"])


def _list_active(api: Api, compartment_id: str, name: str) -> list[Mapping[str, Any]]:
    found = model_api.list_models(api, compartment_id, display_name=name)
    return [model for model in found if model.get("lifecycle_state") == _ACTIVE]


def find_model(api: Api, identifier: str) -> Mapping[str, Any]:
    """Look up the model. Raises ApiError if OCI does not show it, or if it is not ACTIVE."""
    try:
        model, _etag = model_api.get_model(api, identifier)
    except NotFound as error:
        hint = "Check the OCID, and that the policies of this user allow to read it."
        raise ApiError(f"{MODEL_ID}: {identifier} is not seen in {api.region}.", hint=hint) from error
    state = model.get("lifecycle_state")
    if state != _ACTIVE:
        hint = "Wait until it is ACTIVE." if state in _COMING else "Give a model that is ACTIVE."
        raise ApiError(f"{MODEL_ID}: {identifier} is {state}.", hint=hint)
    return model


def find_base_name(api: Api, model: Mapping[str, Any]) -> str:
    """The name of the base model. Empty if OCI does not show it."""
    if model.get("type") == "BASE" or not model.get("base_model_id"):
        return str(model.get("display_name") or "")
    try:
        base, _etag = model_api.get_model(api, str(model["base_model_id"]))
    except NotFound:
        return ""
    return str(base.get("display_name") or "")


def can_stack(api: Api, one_id: str, other_id: str) -> bool:
    """Whether one cluster hosts both models at once: the same model, or T-Few models of one base model of Cohere."""
    if one_id == other_id:
        return True
    try:
        one, other = (model_api.get_model(api, identifier)[0] for identifier in (one_id, other_id))
    except NotFound:
        return False
    kinds = [_read_training(model) for model in (one, other)]
    if kinds != [_TFEW, _TFEW] or one.get("base_model_id") != other.get("base_model_id"):
        return False
    return find_base_name(api, one) in _STACKED


def _read_training(model: Mapping[str, Any]) -> Any:
    return mapping(mapping(model.get("fine_tune_details")).get("training_config")).get("training_config_type")


# -- the cluster -----------------------------------------------------------------------------------------------


def find_cluster(api: Api, identifier: str, *, now: bool) -> Mapping[str, Any]:
    """Look up the cluster. Raises ApiError if OCI does not show it, or if it cannot host models.

    ``now``: the cluster must be ACTIVE already, because an endpoint is deleted first.
    """
    try:
        doing = f"Looking up the cluster {identifier}"
        cluster = shapes.answer(api.call(doing, "get_dedicated_ai_cluster", identifier, reads=CLUSTER))
    except NotFound as error:
        hint = "Check the OCID, and that the policies of this user allow to read it."
        raise ApiError(f"{CLUSTER_ID}: {identifier} is not seen in {api.region}.", hint=hint) from error
    if cluster.get("type") != _HOSTING:
        raise ApiError(
            f"{CLUSTER_ID}: {identifier} is of type {cluster.get('type')}.", hint="Give one of type HOSTING."
        )
    state = cluster.get("lifecycle_state")
    if state != _ACTIVE and (now or state not in _COMING):
        hint = "Wait until it is ACTIVE." if state in _COMING else "Give one that is ACTIVE."
        raise ApiError(f"{CLUSTER_ID}: {identifier} is {state}.", hint=hint)
    return cluster


def check_shape(base: str, cluster: Mapping[str, Any]) -> list[str]:
    """Warnings for a unit shape that is probably wrong. Raises ApiError if the shape is for another vendor's models."""
    shape = str(cluster.get("unit_shape") or "")
    needed = next((needed for start, needed in _SHAPES.items() if base.startswith(start)), None)
    if needed is None or not shape or shape == needed:
        return []
    wrong = f"{CLUSTER_ID}: {cluster.get('id')} has the unit shape {shape}; {base} is hosted on {needed}"
    if any(vendor in shape and vendor not in needed for vendor in _VENDORS):
        raise ApiError(f"{wrong}.", hint="Give a cluster of that shape.")
    return [f"{wrong}, by OCI's guide."]


def check_room(
    api: Api,
    model_id: str | None,
    cluster: Mapping[str, Any],
    endpoints: Iterable[Mapping[str, Any]],
    leaving: Collection[str],
) -> list[str]:
    """Raise ApiError if the cluster hosts another model, or is full. ``leaving``: endpoints that are deleted first.

    ``model_id`` is None if check mode predicts the model; then another hosted model is only a warning.
    """
    identifier, hosted = cluster.get("id"), _find_hosted(cluster, endpoints)
    warnings = []
    for endpoint in hosted:
        other = str(endpoint.get("model_id"))
        if endpoint["id"] in leaving or (model_id and can_stack(api, model_id, other)):
            continue
        wrong = (
            f"{CLUSTER_ID}: {identifier} hosts the model {other} for the endpoint '{endpoint.get('display_name')}' "
            f"({endpoint['id']}, {endpoint.get('lifecycle_state')}); a cluster takes one base model, or one version "
            "of a custom model."
        )
        if model_id:
            hint = f"Give a free cluster as {CLUSTER_ID} or {REPLACEMENT_ID}, or delete that endpoint first."
            raise ApiError(wrong, hint=hint)
        warnings.append(wrong)
    capacity = mapping(cluster.get("capacity"))
    used, total = capacity.get("used_endpoint_capacity"), capacity.get("total_endpoint_capacity")
    freed = sum(endpoint["id"] in leaving for endpoint in hosted)
    if isinstance(used, int) and isinstance(total, int) and used - freed >= total:
        raise ApiError(
            f"{CLUSTER_ID}: {identifier} has {used} endpoints; it takes {total}.",
            hint="Delete endpoints that nobody needs, or give another cluster.",
        )
    return warnings


def _find_hosted(cluster: Mapping[str, Any], endpoints: Iterable[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [
        endpoint
        for endpoint in endpoints
        if endpoint.get("dedicated_ai_cluster_id") == cluster.get("id")
        and endpoint.get("lifecycle_state") not in _ENDED
    ]
