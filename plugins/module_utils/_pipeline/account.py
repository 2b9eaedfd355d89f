# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which options of a provider say whose account it is: one name in two accounts is two models.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ACCOUNT = (
    "organization",
    "project",
    "base_url",
    "azure_endpoint",
    "profile",
    "aws_profile",
    "region",
    "aws_region",
    "endpoint_url",
    "aws_endpoint_url",
    "config_file_location",
    "config_profile_name",
    "tenancy",
    "compartment_id",
    "service_endpoint",
)


def account(*options: Any) -> dict[str, str]:
    """What is said of it, in the order of precedence; what is not said is the same for all tasks of a controller."""
    found: dict[str, str] = {}
    for given in options:
        if isinstance(given, Mapping):
            found.update({key: str(given[key]) for key in _ACCOUNT if given.get(key) not in (None, "")})
    return found
