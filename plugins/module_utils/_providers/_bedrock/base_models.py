# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base models by their ids, and the customization types. The driver of the model and the data checks share this file.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re

CUSTOMIZATION_TYPES = ("FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION", "REINFORCEMENT_FINE_TUNING")
_NOVA = r"amazon\.nova-(?:micro|lite|pro|2-)"


def is_family(base_model: str, pattern: str) -> bool:
    """Whether a base model's id begins with a pattern.

    In an ARN, the id of the base counts. A region prefix is ignored.
    """
    return re.search(rf"(?:^|/)(?:[a-z]{{2,6}}(?:-[a-z]+)?\.)?{pattern}", base_model) is not None


def path_pattern(base_model: str | None, customization_type: str | None) -> str | None:
    """The pattern that the S3 addresses of data and media must match for a base model.

    Returns None if the base model adds no rule of its own to those of S3.
    """
    is_fine_tuning = customization_type in (None, "FINE_TUNING")
    return r"[\w./-]+" if is_fine_tuning and base_model and is_family(base_model, _NOVA) else None
