# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that a model belongs to. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._providers.catalogue import CATALOGUE


def account(provider: Any, *options: Any) -> dict[str, str]:
    """The account options of a provider that are set, as text.

    A later mapping of ``options`` overrides an earlier one. An option that is not set is missing: its value is the same
    for all tasks of a controller.
    """
    known = CATALOGUE[provider].account if isinstance(provider, str) and provider in CATALOGUE else ()
    found: dict[str, str] = {}
    for values in options:
        if isinstance(values, Mapping):
            found.update({key: str(values[key]) for key in known if values.get(key) not in (None, "")})
    return found
