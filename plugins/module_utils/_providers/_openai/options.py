# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that make something: what AnsibleModule is given, documented in the modules.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC, WAIT_SPEC
from .client import AUTH_SPEC

_WAIT = {**WAIT_SPEC, "wait_timeout": {**WAIT_SPEC["wait_timeout"], "aliases": ["completion_window"]}}
_HYPERPARAMETERS = {"hyperparameters": {"type": "dict"}}
_MODEL = {
    "name": {"type": "str"},
    "job_id": {"type": "str"},
    "model": {"type": "str"},
    "training_file": {"type": "str"},
    "validation_file": {"type": "str"},
    "suffix": {"type": "str"},
    "seed": {"type": "int"},
    "method": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True},
            "supervised": {"type": "dict", "options": _HYPERPARAMETERS},
            "dpo": {"type": "dict", "options": _HYPERPARAMETERS},
            "reinforcement": {
                "type": "dict",
                "options": {
                    **_HYPERPARAMETERS,
                    "grader": {"type": "dict"},
                    "response_format": {"type": "dict"},
                },
            },
        },
    },
    "hyperparameters": {"type": "dict"},
    "integrations": {
        "type": "list",
        "elements": "dict",
        "options": {
            "type": {"type": "str", "choices": ["wandb"], "default": "wandb"},
            "wandb": {
                "type": "dict",
                "options": {
                    "project": {"type": "str", "required": True},
                    "name": {"type": "str"},
                    "entity": {"type": "str"},
                    "tags": {"type": "list", "elements": "str"},
                    "api_key": {"type": "str", "no_log": True},
                },
            },
        },
    },
    "metadata": {"type": "dict"},
    "training_type": {"type": "str"},
    "missing_model_id": {"type": "str"},
    "extra_body": {"type": "dict"},
    "delete_files": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled", "paused"], "default": "present"},
}
MODEL: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **_WAIT, **PROGRESS_SPEC, **_MODEL},
    "required_one_of": [("name", "job_id")],
}
_DATASET = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "name": {"type": "str"},
    "file_id": {"type": "str"},
    "purpose": {"type": "str", "default": "fine-tune"},
    "format": {
        "type": "str",
        "choices": ["openai_chat", "openai_preference", "openai_reinforcement", "openai_completion"],
    },
    "validate": {"type": "bool", "default": True},
    "provider": {"type": "str", "choices": ["openai", "azure", "compatible"]},
    "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
    "expires_after": {"type": "int"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
DATASET: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **WAIT_SPEC, **_DATASET},
    "mutually_exclusive": [("src", "content", "file_id")],
    "required_one_of": [("src", "content", "name", "file_id")],
    "required_by": {"content": "name"},
}
