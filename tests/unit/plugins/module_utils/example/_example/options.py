# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that the example provider would have."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
)

from .client import AUTH_SPEC

MODEL: dict[str, Any] = {
    "argument_spec": {
        **AUTH_SPEC,
        "name": {"type": "str"},
        "job": {"type": "str"},
        "flour_kind": {"type": "str"},
        "recipe_file": {"type": "str"},
        "rounds": {"type": "int"},
        "label": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
        **TRAINING_SPEC,
        **WAIT_SPEC,
        **PROGRESS_SPEC,
    },
}
DATASET: dict[str, Any] = {
    "argument_spec": {
        **AUTH_SPEC,
        "name": {"type": "str", "required": True},
        "src": {"type": "path"},
        "content": {"type": "raw"},
        "format": {"type": "str"},
        "validate": {"type": "bool", "default": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "wait_timeout": {"type": "int"},
    },
}
