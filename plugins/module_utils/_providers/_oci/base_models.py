# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks before a training: the base model can be trained, and the cluster has the right shape.

Private to llmops.finetune; may change at any time.

Source: OCI documentation, "Fine-Tuning Base Models" and "Hyperparameters for Fine-Tuning a Model", as of 2026-08.
A model family that is not in the table is not checked here, because the service changes faster than this table.
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
_VENDORS = ("COHERE", "GENERIC")  # words in the names of unit shapes, one for each vendor of models


class ModelFamily(NamedTuple):
    """The rules for the models of one family.

    ``kinds``: the possible values of training_config_type. ``batch``: the lowest and the highest batch size.
    ``shape``: the unit shape of the cluster.
    """

    kinds: tuple[str, ...]
    batch: tuple[int, int]
    shape: str


# The key is the beginning of the base model's name. The first key that fits counts, so longer ones stand first.
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
    """Warnings for a batch size that is probably wrong. Raises ApiError if the base model lacks the kind of training.

    ``option``: the option that holds ``config``. ``name``: the base model's name.
    """
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
    """Warnings for a unit shape that is probably wrong. Raises ApiError if the shape is for another vendor's models."""
    family, shape = _find_family(name), str(cluster.get("unit_shape") or "")
    if family is None or not shape or shape == family.shape:
        return []
    wrong = f"{option}: {cluster.get('id')} has the unit shape {shape}; {name} is trained on {family.shape}"
    if any((vendor in shape) != (vendor in family.shape) for vendor in _VENDORS):
        raise ApiError(f"{wrong}.", hint="Give a cluster of that shape.")
    return [f"{wrong}, by OCI's guide."]


# -- looking ---------------------------------------------------------------------------------------------------


def find_base(api: Api, identifier: str) -> Mapping[str, Any]:
    """Look up the base model. Raises ApiError if OCI does not show it, or if it cannot be fine-tuned."""
    hint = "Look for one with oci_generative_ai_model_info and capability FINE_TUNE."
    try:
        model, _etag = model_api.get_model(api, identifier)
    except NotFound as error:
        raise ApiError(f"base_model_id: {identifier} is not seen in {api.region}.", hint=hint) from error
    if "FINE_TUNE" not in (model.get("capabilities") or ()):
        raise ApiError(f"base_model_id: {model.get('display_name')} cannot be fine-tuned.", hint=hint)
    return model


def find_cluster(api: Api, option: str, identifier: str) -> Mapping[str, Any]:
    """Look up the cluster for the training. Raises ApiError if its type or its state does not allow a training."""
    doing = f"Looking up the cluster {identifier}"
    cluster = shapes.answer(api.call(doing, "get_dedicated_ai_cluster", identifier, reads=CLUSTER))
    if cluster.get("type") != "FINE_TUNING":
        raise ApiError(
            f"{option}: {identifier} is of type {cluster.get('type')}.", hint="Give one of type FINE_TUNING."
        )
    if cluster.get("lifecycle_state") in _NO_CLUSTER:
        raise ApiError(f"{option}: {identifier} is {cluster['lifecycle_state']}.", hint="Give one that is ACTIVE.")
    return cluster
