# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that make something: what AnsibleModule is given, documented in the modules; and how
long they wait.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC
from .client import AUTH_SPEC

# In seconds, by state. Those of the provider's own tools: 80 minutes to create, 20 to delete.
TIMEOUTS = {"present": 4800, "absent": 1200}
# Documented by the fragment llmops.finetune.oci.timeouts.
WAIT_SPEC: dict[str, Any] = {"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int"}}

_TRAINING_CONFIG = {
    "training_config_type": {
        "type": "str",
        "choices": ["TFEW_TRAINING_CONFIG", "VANILLA_TRAINING_CONFIG", "LORA_TRAINING_CONFIG"],
        "required": True,
    },
    "total_training_epochs": {"type": "int"},
    "training_batch_size": {"type": "int"},
    "learning_rate": {"type": "float"},
    "early_stopping_patience": {"type": "int"},
    "early_stopping_threshold": {"type": "float"},
    "log_model_metrics_interval_in_steps": {"type": "int"},
    "lora_r": {"type": "int"},
    "lora_alpha": {"type": "int"},
    "lora_dropout": {"type": "float"},
    "num_of_last_layers": {"type": "int"},
}
_MODEL = {
    "compartment_id": {"type": "str"},
    "display_name": {"type": "str"},
    "model_id": {"type": "str"},
    "base_model_id": {"type": "str"},
    "fine_tune_details": {
        "type": "dict",
        "options": {
            "dedicated_ai_cluster_id": {"type": "str"},
            "training_dataset": {
                "type": "dict",
                "options": {
                    "bucket": {"type": "str", "required": True},
                    "dataset_type": {"type": "str", "choices": ["OBJECT_STORAGE"], "default": "OBJECT_STORAGE"},
                    "namespace": {"type": "str"},
                    "object": {"type": "str", "required": True},
                },
            },
            "training_config": {"type": "dict", "options": _TRAINING_CONFIG},
        },
    },
    "description": {"type": "str"},
    "vendor": {"type": "str"},
    "version": {"type": "str"},
    "freeform_tags": {"type": "dict"},
    "defined_tags": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
MODEL: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **WAIT_SPEC, **PROGRESS_SPEC, **_MODEL},
    "required_one_of": [("model_id", "display_name"), ("model_id", "compartment_id")],
}
_DATASET = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "name": {"type": "str"},
    "namespace": {"type": "str"},
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str"},
    "object": {"type": "str"},
    "format": {"type": "str", "choices": ["oci_completion"]},
    "validate": {"type": "bool", "default": True},
    "base_model_identifier": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
DATASET: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **_DATASET},
    "mutually_exclusive": [("src", "content"), ("object", "prefix")],
    "required_one_of": [("src", "content", "name", "object")],
}
