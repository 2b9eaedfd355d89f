# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about OCI Generative AI, without its SDK. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._dataset.limits import Limits
from ..base import Facts
from .formats import FORMATS
from .limits import LIMITS, limits_for


def _limits(_host: str, split: str, asked: Mapping[str, Any]) -> Limits:
    return limits_for(asked.get("base_model_identifier"), split)


FACTS = Facts(
    name="oci",
    label="OCI Generative AI",
    formats=FORMATS,
    limits=_limits,
    hosts=("oci",),
    table=LIMITS,
    asked={"base_model_identifier": {"type": "str"}},
    account=("config_file_location", "config_profile_name", "tenancy", "region", "compartment_id", "service_endpoint"),
    credentials=(
        *("config_file_location", "config_profile_name", "auth_type", "tenancy", "service_endpoint", "cert_bundle"),
        *("api_user", "api_user_fingerprint", "api_user_key_file", "api_user_key_content", "api_user_key_pass_phrase"),
    ),
    requirements=("oci",),
)
