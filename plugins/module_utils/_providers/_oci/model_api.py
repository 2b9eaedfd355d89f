# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads models of OCI Generative AI, and translates them into the engine's runs.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.compare import number
from ..._engine.errors import ApiError
from ..._engine.types import Phase, Run
from ..toolkit.answers import quote_host
from . import objects, shapes, tags
from .client import Api
from .reading import ENDPOINT, MODEL

PHASES = {
    "CREATING": Phase.PENDING,
    "ACTIVE": Phase.READY,
    "FAILED": Phase.FAILED,
    "DELETING": Phase.DELETING,
    "DELETED": Phase.DELETED,
}
_REASON = 1000  # characters
_PAGE = 1000  # the maximum of the API


def list_models(api: Api, compartment_id: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The summaries of the models, newest first. ``wanted``: the API's filters, with the SDK's names."""
    found = api.pages(
        f"Listing the models of {compartment_id}",
        "list_models",
        item=MODEL,
        compartment_id=compartment_id,
        sort_by="timeCreated",
        sort_order="DESC",
        limit=_PAGE,
        **wanted,
    )
    return map(shapes.to_dict, found)


def get_model(api: Api, identifier: str) -> tuple[dict[str, Any], str | None]:
    """One model, and its etag."""
    response = api.call(f"Looking up the model {identifier}", "get_model", reads=MODEL, model_id=identifier)
    return shapes.answer(response), response.headers.get("etag")


def list_users(api: Api, compartment_id: str, models: Collection[str]) -> list[str]:
    """One phrase for each endpoint in a compartment that uses one of these models.

    Empty if the user may not list the endpoints (status 403 or 404).
    """
    try:
        return [
            f"the endpoint {item.get('displayName')} ({item['id']}) uses {item['modelId']}"
            for item in api.pages(
                f"Listing the endpoints of {compartment_id}",
                "list_endpoints",
                item=ENDPOINT,
                compartment_id=compartment_id,
            )
            if item.get("modelId") in models and item.get("lifecycleState") not in ("DELETED", "FAILED")
        ]
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return []


def run_of(model: Mapping[str, Any], *, whole: bool) -> Run:
    """A model as a run of the engine. ``whole`` is False for a summary, which lacks the description.

    OCI changes nothing before the model is ACTIVE. So the driver declares ``late_update``.
    """
    status = str(model.get("lifecycle_state") or "unknown")
    phase = PHASES.get(status, Phase.UNKNOWN)
    return Run(
        id=str(model["id"]),
        created=timestamp(model.get("time_created")) or 0.0,
        phase=phase,
        status=status,
        observed={**_trained(model), **_described(model)},
        reason=quote_host(model.get("lifecycle_details"), _REASON) if phase is Phase.FAILED else "",
        model=str(model["id"]) if phase is Phase.READY else None,
        removable=phase in (Phase.READY, Phase.FAILED),
        verified=whole or phase not in (Phase.READY, Phase.FAILED),
        raw=model,
    )


def _trained(model: Mapping[str, Any]) -> dict[str, Any]:
    details = mapping(model.get("fine_tune_details"))
    data = mapping(details.get("training_dataset"))
    observed: dict[str, Any] = {
        "base_model_id": model.get("base_model_id"),
        "fine_tune_details.training_config": details.get("training_config"),
        "fine_tune_details.dedicated_ai_cluster_id": details.get("dedicated_ai_cluster_id"),
    }
    if data.get("object_name"):
        observed["fine_tune_details.training_dataset"] = objects.read_data(
            data, tags.read_ownership_tags(model).get(ownership.TRAINING)
        )
    return {key: value for key, value in observed.items() if value is not None}


def _described(model: Mapping[str, Any]) -> dict[str, Any]:
    observed: dict[str, Any] = {
        key: model.get(key) or ("" if key in model else None) for key in ("display_name", "vendor", "version")
    }
    if "description" in model or "time_updated" in model:
        observed["description"] = model.get("description") or ""
    observed["compartment_id"] = model.get("compartment_id")
    observed.update(tags.read_observed(model))
    return {key: value for key, value in observed.items() if value is not None}


def final_metrics(model: Mapping[str, Any]) -> dict[str, Any]:
    """The final loss and accuracy, with the keys that all providers share. A value that is not shown is left out."""
    found = mapping(model.get("model_metrics"))
    metrics = {"training_loss": number(found.get("final_loss")), "accuracy": number(found.get("final_accuracy"))}
    return {key: value for key, value in metrics.items() if value is not None}
