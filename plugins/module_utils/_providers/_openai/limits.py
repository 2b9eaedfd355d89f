# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits of OpenAI-style hosts for datasets. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from dataclasses import replace

from ..._dataset.limits import GIB, MB, Limit, Limits

_READ = "2026-07-15"
_SFT = "OpenAI guide, supervised fine-tuning"
_VISION = "OpenAI guide, vision fine-tuning"
_RFT = "OpenAI guide, reinforcement fine-tuning"
_AZURE = "Azure OpenAI guide, fine-tuning"

_OPENAI = Limits(
    profile="openai",
    formats=("openai_preference", "openai_reinforcement", "openai_chat", "openai_completion"),
    min_examples=Limit(10, True, _SFT, _READ),
    min_validation_examples=Limit(10, False, _SFT, _READ),
    max_bytes=Limit(8 * GIB, True, "OpenAI API reference, Uploads", _READ),
    files_api_max_bytes=Limit(512 * MB, True, "OpenAI API reference, Files", _READ),
    max_example_tokens=Limit(65_536, False, f"{_SFT}: longer examples are truncated at the end", _READ),
    max_image_examples=Limit(50_000, True, _VISION, _READ),
    max_images_per_example=Limit(10, True, _VISION, _READ),
    max_image_bytes=Limit(10 * MB, True, _VISION, _READ),
    max_reinforcement_examples=Limit(50_000, True, _RFT, _READ),
    max_reinforcement_validation_examples=Limit(1_000, True, _RFT, _READ),
)

# The limits of other hosts are unknown. So only limits that most hosts have are checked, as warnings.
_COMPATIBLE = Limits(
    profile="compatible",
    formats=_OPENAI.formats,
    min_examples=Limit(10, False, _SFT, _READ),
    min_validation_examples=Limit(10, False, _SFT, _READ),
    max_example_tokens=Limit(65_536, False, _SFT, _READ),
)

# By the kind of host.
LIMITS: dict[str, Limits] = {
    "openai": _OPENAI,
    "azure": replace(
        _OPENAI,
        profile="azure",
        max_bytes=Limit(512 * MB, True, _AZURE, _READ),
        max_images_per_example=Limit(64, True, f"{_AZURE} (vision)", _READ),
        max_reinforcement_validation_examples=Limit(
            1_000, False, f"{_RFT}; Microsoft names no such limit, and ships larger files", "2026-11-30"
        ),
        accepts_bom=True,
    ),
    "compatible": _COMPATIBLE,
}


def limits_for(host: str, split: str = "training") -> Limits:
    """The limits of one file for a kind of host. Raises KeyError for an unknown kind."""
    return LIMITS[host].of(split)
