# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results as the role has them, to make reports of."""

from __future__ import annotations

from typing import Any

WARNING = {"line": 7, "code": "long_example", "message": "5 000 tokens.", "hint": "Shorten it."}
DATA = {
    "format": "bedrock_converse",
    "source_format": "openai_chat",
    "examples": 60,
    "bytes": 96065,
    "sha256": "46793edb021ad582" * 4,
    "estimated_tokens": 19312,
    "statistics": {
        "messages_per_example": None,
        "characters_per_example": {"min": 1085, "mean": 1408.4, "median": 1388, "p95": 1628, "max": 2150},
    },
    "warnings": [WARNING],
    "warning_count": 31,
    "warning_codes": {"long_example": 31},
    "errors": [],
    "error_count": 0,
    "error_codes": {},
}


def falling(steps: int, every: int = 1) -> list[list[float]]:
    """A curve whose loss halves again and again."""
    return [[step, round(0.4 + 2 * 0.5 ** (4 * step / steps), 4)] for step in range(every, steps + 1, every)]


def trained(**other: Any) -> dict[str, Any]:
    """A model that Bedrock has trained."""
    return {
        "provider": "bedrock",
        "provider_label": "Amazon Bedrock",
        "name": "support-bot",
        "job_id": "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/1y5n57gh5y2e",
        "status": "Completed",
        "phase": "ready",
        "action": "create",
        "changed": True,
        "failed": False,
        "model_id": "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/jk3m9x2p7q1z",
        "base_model": "amazon.nova-lite-v1:0:300k",
        "settings": {"epochCount": "2", "method": {"type": "supervised", "supervised": {"seed": 7, "left_out": None}}},
        "metrics": {"training_loss": 0.4123, "validation_loss": 0.4551},
        "curve": {"training": falling(30), "validation": falling(30, 10)},
        "elapsed": 5521.3,
        "started": "2026-11-20T08:14:09Z",
        "ended": "2026-11-20T09:45:30Z",
        "dataset": {"training": DATA, "validation": None},
        "estimated_training_tokens": 38624,
        "epochs": 2,
        "warnings": ["role_arn differs from that of the finished job."],
        "previous": ["support-bot-5f70bf18 (kept)"],
        **other,
    }


def failed(**other: Any) -> dict[str, Any]:
    """A model whose training OpenAI has refused."""
    return {
        "provider": "openai",
        "provider_label": "OpenAI",
        "name": "triage",
        "job_id": "ftjob-9fK2LmQ7xTzR4vWbN8cYpD3h",
        "status": "failed",
        "phase": "failed",
        "action": "create",
        "changed": True,
        "failed": True,
        "msg": "The training file has 7 examples; at least 10 are needed.",
        "hint": "Add examples, then run again with retry_failed.",
        "base_model": "gpt-4.1-mini-2025-04-14",
        **other,
    }


def unchanged(**other: Any) -> dict[str, Any]:
    """A model that was there already."""
    return trained(
        provider="oci",
        provider_label="OCI Generative AI",
        name="support-bot-oci",
        status="ACTIVE",
        action="none",
        changed=False,
        curve=None,
        **other,
    )
