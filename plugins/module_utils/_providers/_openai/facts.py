# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts about OpenAI-style hosts that need no SDK. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._dataset.limits import Limits
from ..base import Facts
from .formats import FORMATS
from .limits import LIMITS, limits_for


def _limits(host: str, split: str, _asked: Mapping[str, Any]) -> Limits:
    return limits_for(host, split)


FACTS = Facts(
    name="openai",
    label="OpenAI",
    formats=FORMATS,
    limits=_limits,
    hosts=tuple(LIMITS),
    table=LIMITS,
    account=("organization", "project", "base_url", "azure_endpoint"),
    credentials=(
        *("api_key", "azure_ad_token", "base_url", "api_type", "azure_endpoint"),
        *("auth_source", "client_id", "secret", "tenant", "profile", "cloud_environment"),
        *("validate_certs", "ca_path", "extra_headers"),
    ),
    requirements=("openai",),
)
