# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose account a model is at. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._providers.catalogue import CATALOGUE


def account(provider: Any, *options: Any) -> dict[str, str]:
    """What is said of it, in the order of precedence; what is not said is the same for all tasks of a controller."""
    known = CATALOGUE[provider].account if isinstance(provider, str) and provider in CATALOGUE else ()
    found: dict[str, str] = {}
    for values in options:
        if isinstance(values, Mapping):
            found.update({key: str(values[key]) for key in known if values.get(key) not in (None, "")})
    return found
