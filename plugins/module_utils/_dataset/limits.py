# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits that hosts put on datasets, in one table. Private to llmops.finetune; may change at any time.

A hard limit makes a dataset invalid. One that is doubtful, or that only costs quality, gives a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MB = 1_000_000
MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limit:
    """One limit: its value (unit in the name of the field that holds it), whether it is hard, and who says
    so."""

    value: int
    hard: bool
    source: str
    date: str


@dataclass(frozen=True)
class Limits:
    """What a host accepts. A field that is None is not checked.

    - min_examples, max_reinforcement_examples: lines of a file
    - max_bytes: a file, by whatever way of uploading takes the largest
    - files_api_max_bytes: a file that is sent in one request; a larger one must be sent in parts
    - max_example_tokens: estimated tokens of one example
    - max_image_examples: examples of a file that hold an image
    - max_images_per_example; max_image_bytes: an image given as a data URL, decoded
    - accepts_bom: whether a file may start with a UTF-8 byte-order mark
    """

    profile: str
    min_examples: Limit | None = None
    max_bytes: Limit | None = None
    files_api_max_bytes: Limit | None = None
    max_example_tokens: Limit | None = None
    max_image_examples: Limit | None = None
    max_images_per_example: Limit | None = None
    max_image_bytes: Limit | None = None
    max_reinforcement_examples: Limit | None = None
    max_reinforcement_validation_examples: Limit | None = None
    accepts_bom: bool = False

    def for_validation(self) -> Limits:
        """The same limits for a validation file, where hosts ask for less and allow less."""
        least = self.min_examples and replace(self.min_examples, hard=False)
        return replace(
            self,
            min_examples=least,
            max_reinforcement_examples=self.max_reinforcement_validation_examples,
        )


_READ = "2026-07-15"
_SFT = "OpenAI guide, supervised fine-tuning"
_VISION = "OpenAI guide, vision fine-tuning"
_RFT = "OpenAI guide, reinforcement fine-tuning"
_AZURE = "Azure OpenAI guide, fine-tuning"

_OPENAI = Limits(
    profile="openai",
    min_examples=Limit(10, True, _SFT, _READ),
    max_bytes=Limit(8 * GIB, True, "OpenAI API reference, Uploads", _READ),
    files_api_max_bytes=Limit(512 * MB, True, "OpenAI API reference, Files", _READ),
    max_example_tokens=Limit(65_536, False, f"{_SFT}: longer examples are truncated at the end", _READ),
    max_image_examples=Limit(50_000, True, _VISION, _READ),
    max_images_per_example=Limit(10, True, _VISION, _READ),
    max_image_bytes=Limit(10 * MB, True, _VISION, _READ),
    max_reinforcement_examples=Limit(50_000, True, _RFT, _READ),
    max_reinforcement_validation_examples=Limit(1_000, True, _RFT, _READ),
)

LIMITS: dict[str, Limits] = {
    "openai": _OPENAI,
    "azure": replace(
        _OPENAI,
        profile="azure",
        max_bytes=Limit(512 * MB, True, _AZURE, _READ),
        max_images_per_example=Limit(64, True, f"{_AZURE} (vision)", _READ),
        accepts_bom=True,
    ),
    # Another host's limits are not known here: only what every host is likely to need, as warnings.
    "compatible": Limits(
        profile="compatible",
        min_examples=Limit(10, False, _SFT, _READ),
        max_example_tokens=Limit(65_536, False, _SFT, _READ),
    ),
}
