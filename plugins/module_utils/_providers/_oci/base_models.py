# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How families of base models can be trained, and on which clusters.

Private to llmops.finetune; may change at any time.

Source: OCI documentation, "Fine-Tuning Base Models" and "Hyperparameters for Fine-Tuning a Model", as of 2026-08. A
family that is not here is left to the service, which learns faster than this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._engine.compare import number
from ..._engine.errors import Refused

_LORA, _TFEW, _VANILLA = "LORA_TRAINING_CONFIG", "TFEW_TRAINING_CONFIG", "VANILLA_TRAINING_CONFIG"
_VENDORS = ("COHERE", "GENERIC")  # what the name of a unit shape has, by whose models it is for


class Family(NamedTuple):
    """``kinds`` of training; ``batch`` sizes, lowest and highest; ``shape`` of the cluster to train on."""

    kinds: tuple[str, ...]
    batch: tuple[int, int]
    shape: str


# By the beginning of the base model's name, the longest first.
_FAMILIES = {
    "cohere.command-light": Family((_TFEW, _VANILLA), (8, 16), "SMALL_COHERE"),
    "cohere.command-r": Family((_TFEW,), (8, 16), "SMALL_COHERE_V2"),
    "meta.llama-3.3-70b": Family((_LORA,), (8, 16), "LARGE_GENERIC"),
    "meta.llama-3.1-70b": Family((_LORA,), (8, 16), "LARGE_GENERIC"),
    "meta.llama-3-70b": Family((_LORA,), (8, 16), "LARGE_GENERIC"),
}


def _family(name: str) -> Family | None:
    return next((family for start, family in _FAMILIES.items() if name.startswith(start)), None)


def check_config(option: str, name: str, config: Mapping[str, Any]) -> list[str]:
    """Warnings for what is probably wrong. Raises Refused for a kind of training that the base model lacks."""
    family = _family(name)
    if family is None:
        return []
    kind = config.get("training_config_type")
    if kind and kind not in family.kinds:
        raise Refused(
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
    family, shape = _family(name), str(cluster.get("unit_shape") or "")
    if family is None or not shape or shape == family.shape:
        return []
    wrong = f"{option}: {cluster.get('id')} has the unit shape {shape}; {name} is trained on {family.shape}"
    if any((vendor in shape) != (vendor in family.shape) for vendor in _VENDORS):
        raise Refused(f"{wrong}.", hint="Give a cluster of that shape.")
    return [f"{wrong}, by OCI's guide."]
