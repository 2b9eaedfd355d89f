# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hyperparameters of each family of base models and their ranges.

Private to llmops.finetune; may change at any time.

Source: Amazon Bedrock user guide, "Custom model hyperparameters" (custom-models-hp), as of 2026-08. A name or a family
that this table lacks is passed on, because the service may be newer than the table. An unknown name of a known family
gets a warning. The API takes hyperparameters as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..toolkit.bounds import Bound, check_bound
from .jobs import model_id

_EARLY = {"earlyStoppingThreshold": Bound(0, 0.1), "earlyStoppingPatience": Bound(1, 10, whole=True)}
_LLAMA = {
    "epochCount": Bound(1, 10, whole=True),
    "batchSize": Bound(1, 1, whole=True),
    "learningRate": Bound(5e-6, 0.1),
}
_TITAN_TEXT = {
    "epochCount": Bound(1, 10, whole=True),
    "batchSize": Bound(1, 64, whole=True),
    "learningRate": Bound(0, 1),
    "learningRateWarmupSteps": Bound(0, 250, whole=True),
}
# By the beginning of the base model's id. A longer beginning stands before a shorter one that also fits.
FAMILIES: dict[str, dict[str, Bound]] = {
    "amazon.nova-canvas": {
        "batchSize": Bound(8, 192, whole=True),
        "stepCount": Bound(10, 20000, whole=True),
        "learningRate": Bound(1e-7, 1e-4),
    },
    "amazon.nova-": {
        "epochCount": Bound(1, 5, whole=True),
        "batchSize": Bound(1, 1, whole=True),  # not in the guide, but in AWS's own samples
        "learningRate": Bound(1e-6, 1e-4),
        "learningRateWarmupSteps": Bound(0, 100, whole=True),
    },
    "amazon.titan-text-premier": {
        "epochCount": Bound(1, 5, whole=True),
        "batchSize": Bound(1, 1, whole=True),
        "learningRate": Bound(1e-7, 1e-5),
        "learningRateWarmupSteps": Bound(0, 20, whole=True),
    },
    "amazon.titan-text-": _TITAN_TEXT,
    "amazon.titan-image-generator": {
        "batchSize": Bound(8, 192, whole=True),
        "stepCount": Bound(10, 40000, whole=True, auto=True),
        "learningRate": Bound(1e-7, 1),
    },
    "amazon.titan-embed-image": {
        "epochCount": Bound(1, 100, whole=True, auto=True),
        "batchSize": Bound(256, 9216, whole=True),
        "learningRate": Bound(5e-8, 1),
    },
    "anthropic.claude-3": {
        "epochCount": Bound(1, 10, whole=True),
        "batchSize": Bound(4, 256, whole=True),
        "learningRateMultiplier": Bound(0.1, 2),
        **_EARLY,
    },
    "cohere.command": {
        "epochCount": Bound(1, 100, whole=True),
        "batchSize": Bound(8, 32, whole=True),
        "learningRate": Bound(5e-6, 0.1),
        **_EARLY,
        "evalPercentage": Bound(5, 50, whole=True),
    },
    "meta.llama3-1": _LLAMA,
    "meta.llama3-2": _LLAMA,
}
# Distillation and reinforcement have other settings; customization_config contains them.
_PLAIN_TYPES = (None, "FINE_TUNING", "CONTINUED_PRE_TRAINING")


def bounds_of(base_model_identifier: str) -> Mapping[str, Bound] | None:
    """The ranges for a base model, by its id or ARN; None if the table has none."""
    found = model_id(base_model_identifier)
    return next((table for start, table in FAMILIES.items() if found.startswith(start)), None)


def check_hyperparameters(desired: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a value outside the range in the guide's table."""
    bounds = _bounds(desired)
    for key, value in desired.get("hyperparameters", {}).items():
        if bounds and key in bounds:
            check_bound(f"hyperparameters.{key}", value, bounds[key], model_id(desired["base_model_identifier"]))


def unknown_hyperparameters(desired: Mapping[str, Any]) -> list[str]:
    """The warning about names that the guide's table lacks.

    Empty if there are none, or if the family is not in the table.
    """
    bounds = _bounds(desired)
    unknown = sorted(set(desired.get("hyperparameters", ())) - set(bounds or ()))
    if bounds is None or not unknown:
        return []
    base = model_id(desired["base_model_identifier"])
    return [f"hyperparameters not known for {base}, passed on as they are: {', '.join(unknown)}."]


def _bounds(desired: Mapping[str, Any]) -> Mapping[str, Bound] | None:
    if desired.get("customization_type") not in _PLAIN_TYPES or "base_model_identifier" not in desired:
        return None
    return bounds_of(str(desired["base_model_identifier"]))
