# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a training needs: a base model that can be trained, and a cluster of the right shape.

Private to llmops.finetune; may change at any time.

Source: OCI documentation, "Fine-Tuning Base Models" and "Hyperparameters for Fine-Tuning a Model", as of 2026-08. A
family that is not here is left to the service, which learns faster than this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._engine.compare import number
from ..._engine.errors import ApiError, NotFound
from . import model_api, shapes
from .client import Api
from .reading import CLUSTER

_LORA, _TFEW, _VANILLA = "LORA_TRAINING_CONFIG", "TFEW_TRAINING_CONFIG", "VANILLA_TRAINING_CONFIG"
_NO_CLUSTER = ("FAILED", "DELETING", "DELETED")
_VENDORS = ("COHERE", "GENERIC")  # what the name of a unit shape has, by whose models it is for


class ModelFamily(NamedTuple):
    """``kinds`` of training; ``batch`` sizes, lowest and highest; ``shape`` of the cluster to train on."""

    kinds: tuple[str, ...]
    batch: tuple[int, int]
    shape: str


# By the beginning of the base model's name, the longest first.
_FAMILIES = {
    "cohere.command-light": ModelFamily((_TFEW, _VANILLA), (8, 16), "SMALL_COHERE"),
    "cohere.command-r": ModelFamily((_TFEW,), (8, 16), "SMALL_COHERE_V2"),
    "meta.llama-3.3-70b": ModelFamily((_LORA,), (8, 16), "LARGE_GENERIC"),
    "meta.llama-3.1-70b": ModelFamily((_LORA,), (8, 16), "LARGE_GENERIC"),
    "meta.llama-3-70b": ModelFamily((_LORA,), (8, 16), "LARGE_GENERIC"),
}


def _find_family(name: str) -> ModelFamily | None:
    return next((family for start, family in _FAMILIES.items() if name.startswith(start)), None)


def check_config(option: str, name: str, config: Mapping[str, Any]) -> list[str]:
    """Warnings for what is probably wrong. Raises ApiError for a kind of training that the base model lacks."""
    family = _find_family(name)
    if family is None:
        return []
    kind = config.get("training_config_type")
    if kind and kind not in family.kinds:
        raise ApiError(
            f"{option}.training_config_type is {kind}, which {name} cannot be trained with.",
            hint=f"Take {' or '.join(family.kinds)}.",
        )
    size = number(config.get("training_batch_size"))
    lowest, highest = family.batch
    if size is not None and not lowest <= size <= highest:
        return [f"{option}.training_batch_size is {size}; for {name} it is {lowest} to {highest}, by OCI's guide."]
    return []


def check_cluster(option: str, name: str, cluster: Mapping[str, Any]) -> list[str]:
    """The same for the shape of the cluster to train on."""
    family, shape = _find_family(name), str(cluster.get("unit_shape") or "")
    if family is None or not shape or shape == family.shape:
        return []
    wrong = f"{option}: {cluster.get('id')} has the unit shape {shape}; {name} is trained on {family.shape}"
    if any((vendor in shape) != (vendor in family.shape) for vendor in _VENDORS):
        raise ApiError(f"{wrong}.", hint="Give a cluster of that shape.")
    return [f"{wrong}, by OCI's guide."]


# -- looking ---------------------------------------------------------------------------------------------------


def find_base(api: Api, identifier: str) -> Mapping[str, Any]:
    """The base model. Raises ApiError if it is not seen, or cannot be fine-tuned."""
    hint = "Look for one with oci_generative_ai_model_info and capability FINE_TUNE."
    try:
        model, _etag = model_api.get_model(api, identifier)
    except NotFound as error:
        raise ApiError(f"base_model_id: {identifier} is not seen in {api.region}.", hint=hint) from error
    if "FINE_TUNE" not in (model.get("capabilities") or ()):
        raise ApiError(f"base_model_id: {model.get('display_name')} cannot be fine-tuned.", hint=hint)
    return model


def find_cluster(api: Api, option: str, identifier: str) -> Mapping[str, Any]:
    """The cluster to train on. Raises ApiError if nothing can be trained on it."""
    doing = f"Looking up the cluster {identifier}"
    cluster = shapes.answer(api.call(doing, "get_dedicated_ai_cluster", identifier, reads=CLUSTER))
    if cluster.get("type") != "FINE_TUNING":
        raise ApiError(
            f"{option}: {identifier} is of type {cluster.get('type')}.", hint="Give one of type FINE_TUNING."
        )
    if cluster.get("lifecycle_state") in _NO_CLUSTER:
        raise ApiError(f"{option}: {identifier} is {cluster['lifecycle_state']}.", hint="Give one that is ACTIVE.")
    return cluster
