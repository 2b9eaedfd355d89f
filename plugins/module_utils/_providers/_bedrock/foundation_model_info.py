# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookups of bedrock_foundation_model_info.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import mapping
from ..toolkit.info import looks_again
from . import shapes
from .client import Api, make_api
from .hyperparameters import bounds_of
from .limits import limits_for

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_FILTERS = {
    "by_provider": "byProvider",
    "by_customization_type": "byCustomizationType",
    "by_output_modality": "byOutputModality",
    "by_inference_type": "byInferenceType",
}


@looks_again
def find(module: AnsibleModule) -> dict[str, Any]:
    """The module's result."""
    params = module.params
    api = make_api(module, "bedrock")
    found = [_get(api, params["model_id"])] if params["model_id"] else _list(api, params)
    wanted = params["customizable"]
    return {
        "changed": False,
        "models": [
            _entry(model) for model in found if wanted is None or bool(model.get("customizations_supported")) == wanted
        ],
    }


def _get(api: Api, identifier: str) -> dict[str, Any]:
    shape = shapes.members(api.bedrock, "GetFoundationModel").members["modelIdentifier"]
    shapes.request(identifier, shape, "model_id")
    doing = f"Looking up the foundation model {identifier}"
    answer = api.call(doing, "get_foundation_model", modelIdentifier=identifier)
    found: dict[str, Any] = shapes.to_dict(answer, shapes.answer(api.bedrock, "GetFoundationModel"))
    return dict(found["model_details"])


def _list(api: Api, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    shape = shapes.members(api.bedrock, "ListFoundationModels")
    wanted = {
        name: shapes.request(params[option], shape.members[name], option)
        for option, name in _FILTERS.items()
        if params[option] is not None
    }
    answer = api.call("Listing the foundation models", "list_foundation_models", **wanted)
    found: dict[str, Any] = shapes.to_dict(answer, shapes.answer(api.bedrock, "ListFoundationModels"))
    return list(found["model_summaries"])


def _entry(model: Mapping[str, Any]) -> dict[str, Any]:
    """The model as the API shows it, with this collection's facts about training it."""
    identifier = str(model["model_id"])
    bounds = bounds_of(identifier) or {}
    return {
        **model,
        "end_of_life_time": mapping(model.get("model_lifecycle")).get("end_of_life_time"),
        "hyperparameters": {
            name: {"minimum": bound.lowest, "maximum": bound.highest} for name, bound in sorted(bounds.items())
        },
        "dataset_formats": list(limits_for(identifier).formats) if bounds else [],
    }
