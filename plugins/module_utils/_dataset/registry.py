# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dataset formats there are. Private to llmops.finetune; may change at any time.

A new family adds its module here, and nothing anywhere else. (Imports are explicit because Ansible sends a
module only what it can see being imported.)
"""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset import openai_formats
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.formats import Format

# In order of detection: the first that recognises an example wins.
FORMATS: dict[str, Format] = {form.name: form for form in (*openai_formats.FORMATS,)}


def detect(example: dict[str, Any]) -> Format | None:
    """Return the format that an example looks like, or None."""
    return next((form for form in FORMATS.values() if form.recognises(example)), None)
