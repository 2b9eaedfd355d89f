# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that make something: what AnsibleModule is given, documented in the modules.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC, WAIT_SPEC
from .client import AUTH_SPEC

_URI = {"s3_uri": {"type": "str", "required": True}}
_DISTILLATION = {
    "teacher_model_config": {
        "type": "dict",
        "required": True,
        "options": {
            "teacher_model_identifier": {"type": "str", "required": True},
            "max_response_length_for_inference": {"type": "int"},
        },
    },
}
_REINFORCEMENT = {
    "grader_config": {
        "type": "dict",
        "options": {"lambda_grader": {"type": "dict", "options": {"lambda_arn": {"type": "str", "required": True}}}},
    },
    "hyper_parameters": {"type": "dict"},
}
_MODEL = {
    "custom_model_name": {"type": "str"},
    "job_arn": {"type": "str"},
    "job_name": {"type": "str"},
    "base_model_identifier": {"type": "str"},
    "customization_type": {
        "type": "str",
        "choices": ["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION", "REINFORCEMENT_FINE_TUNING"],
    },
    "hyperparameters": {"type": "dict"},
    "customization_config": {
        "type": "dict",
        "options": {
            "distillation_config": {"type": "dict", "options": _DISTILLATION},
            "rft_config": {"type": "dict", "options": _REINFORCEMENT},
        },
    },
    "role_arn": {"type": "str"},
    "custom_model_kms_key_id": {"type": "str"},
    "training_data_config": {
        "type": "dict",
        "options": {
            "s3_uri": {"type": "str"},
            "invocation_logs_config": {
                "type": "dict",
                "options": {
                    "use_prompt_response": {"type": "bool"},
                    "invocation_log_source": {"type": "dict", "required": True, "options": _URI},
                    "request_metadata_filters": {"type": "dict"},
                },
            },
        },
    },
    "validation_data_config": {
        "type": "dict",
        "options": {
            "validator": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "aliases": ["validators"],
                "options": _URI,
            },
        },
    },
    "output_data_config": {"type": "dict", "options": _URI},
    "vpc_config": {
        "type": "dict",
        "options": {
            "subnet_ids": {"type": "list", "elements": "str", "required": True},
            "security_group_ids": {"type": "list", "elements": "str", "required": True},
        },
    },
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
}
MODEL: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **WAIT_SPEC, **PROGRESS_SPEC, **_MODEL},
    "required_one_of": [("custom_model_name", "job_arn")],
}
_DATASET = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "name": {"type": "str"},
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "format": {
        "type": "str",
        "choices": [
            "bedrock_converse",
            "bedrock_distillation",
            "bedrock_claude",
            "bedrock_reinforcement",
            "bedrock_completion",
            "bedrock_pretraining",
            "bedrock_image_caption",
        ],
    },
    "validate": {"type": "bool", "default": True},
    "base_model_identifier": {"type": "str"},
    "customization_type": {
        "type": "str",
        "choices": ["FINE_TUNING", "CONTINUED_PRE_TRAINING", "DISTILLATION", "REINFORCEMENT_FINE_TUNING"],
    },
    "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
    "kms_key_id": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
DATASET: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **_DATASET},
    "mutually_exclusive": [("src", "content"), ("key", "prefix")],
    "required_one_of": [("src", "content", "name", "key")],
}
