# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about Amazon Bedrock that need no SDK. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._dataset.limits import Limits
from ..base import Facts
from .base_models import CUSTOMIZATION_TYPES
from .formats import FORMATS
from .limits import LIMITS, limits_for


def _limits(_host: str, split: str, asked: Mapping[str, Any]) -> Limits:
    return limits_for(asked.get("base_model_identifier"), asked.get("customization_type"), split)


FACTS = Facts(
    name="bedrock",
    label="Amazon Bedrock",
    formats=FORMATS,
    limits=_limits,
    hosts=("bedrock",),
    table=LIMITS,
    asked={
        "base_model_identifier": {"type": "str"},
        "customization_type": {"type": "str", "choices": list(CUSTOMIZATION_TYPES)},
    },
    account=("profile", "aws_profile", "region", "aws_region", "endpoint_url", "aws_endpoint_url"),
    credentials=(
        *("access_key", "secret_key", "session_token", "profile", "endpoint_url"),
        *("validate_certs", "aws_ca_bundle"),
    ),
    requirements=("boto3", "botocore"),
)
