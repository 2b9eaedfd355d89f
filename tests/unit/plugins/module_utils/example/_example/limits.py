# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits that the example provider puts on datasets."""

from __future__ import annotations

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limit, Limits

_EXAMPLE = Limits(
    profile="example",
    formats=("example_pairs",),
    min_examples=Limit(3, True, "The example provider's own", "2026-11-30"),
)


def limits_for(split: str = "training") -> Limits:
    """Return the limits of one file."""
    return _EXAMPLE.of(split)
