# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base models by their ids, and the ways to train them: what the model's module and the checks of data share.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re

CUSTOMIZATION_TYPES = ("FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION", "REINFORCEMENT_FINE_TUNING")
_NOVA = r"amazon\.nova-(?:micro|lite|pro|2-)"


def is_family(base_model: str, pattern: str) -> bool:
    """Return whether a model's id, or the base in an ARN, begins with a pattern (a region's prefix left aside)."""
    return re.search(rf"(?:^|/)(?:[a-z]{{2,6}}(?:-[a-z]+)?\.)?{pattern}", base_model) is not None


def path_pattern(base_model: str | None, customization_type: str | None) -> str | None:
    """Return what the addresses of data and media must match to be taken by a base model. None: S3 decides."""
    is_fine_tuning = customization_type in (None, "FINE_TUNING")
    return r"[\w./-]+" if is_fine_tuning and base_model and is_family(base_model, _NOVA) else None
