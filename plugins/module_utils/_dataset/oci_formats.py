# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCI Generative AI family of dataset formats. Private to llmops.finetune; may change at any time.

Source: the OCI Generative AI documentation on training data, as of 2026-11-20: JSONL in UTF-8, each line an object with
``prompt`` and ``completion``. Limits are in limits.py.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.formats import (
    Check,
    Format,
    Measure,
    Pairs,
    kind_of,
    lacks,
    unknown_keys,
    weigh,
)
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.openai_formats import Completion

_KEYS = ("prompt", "completion")


class OciCompletion(Completion):
    """As OpenAI's, but both texts say something, and there is nothing else."""

    name = "oci_completion"
    provider = "oci"

    def measure(self, example: Pairs) -> Measure | None:
        (_key, prompt), (_other, completion) = example
        return None if prompt.isspace() or completion.isspace() else super().measure(example)

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        missing = [lacks(example, key, self, check) for key in _KEYS]
        if any(missing):
            return None
        unknown_keys(example, frozenset(_KEYS), check, hard=True)
        chars = weight = 0
        for key in _KEYS:
            value = example[key]
            if not isinstance(value, str):
                check.error("bad_value", f"{key} is {kind_of(value)}.", "Make it a string.")
                continue
            if not value.strip():
                check.error("empty_content", f"{key} is blank.", "Write the text, or remove the example.")
            chars += len(value)
            weight += weigh(value)
        return 0, chars, weight


FORMATS: tuple[Format, ...] = (OciCompletion(),)
