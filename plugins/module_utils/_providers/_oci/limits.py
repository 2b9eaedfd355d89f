# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits that OCI Generative AI puts on datasets. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import re
from dataclasses import replace

from ..._dataset.limits import Limit, Limits

_OCI_DATA = "OCI Generative AI documentation, Training data requirements"


def _oci(value: int, source: str = _OCI_DATA, hard: bool = True) -> Limit:
    return Limit(value, hard, source, "2026-11-20")


_OCI = Limits(
    profile="oci",
    formats=("oci_completion",),
    min_examples=_oci(32),
    truncates=False,
    no_validation=_oci(0, f"{_OCI_DATA}: the service splits the one file itself"),
)
# The limits by a pattern of the base model's name. The first pattern that fits counts.
_OCI_MODELS: tuple[tuple[str, Limits], ...] = (
    (
        r"cohere\.command-r-08-2024",
        # 16,000 tokens for the prompt and 4,000 for the answer.
        replace(
            _OCI,
            profile="oci/command-r",
            max_example_tokens=_oci(20_000, hard=False),
            max_prompt_tokens=_oci(16_000, hard=False),
            max_completion_tokens=_oci(4_000, hard=False),
        ),
    ),
)
LIMITS = {"any": _OCI, **{pattern.replace("\\", ""): limits for pattern, limits in _OCI_MODELS}}


def limits_for(base_model: str | None = None, split: str = "training") -> Limits:
    """Return OCI Generative AI's limits of one file, for the training of one base model.

    ``base_model`` is its name, for example ``cohere.command-r-08-2024``. For an unknown name, and for an OCID, which
    does not show the model, only the limits that hold for every model are returned.
    """
    for pattern, limits in _OCI_MODELS:
        if base_model and re.match(pattern, base_model):
            return limits.of(split)
    return _OCI.of(split)
