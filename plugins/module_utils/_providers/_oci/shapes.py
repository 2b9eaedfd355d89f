# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion between the API's camelCase and the options' snake_case.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..toolkit.naming import camel, snake

# The user chooses the keys inside these maps, so the keys are not converted.
_MAPS = frozenset({"freeformTags", "definedTags", "systemTags", "metadata"})
_MAPS_SNAKE = frozenset({"freeform_tags", "defined_tags", "system_tags", "metadata"})


def to_dict(value: Any) -> Any:
    """An answer with its members in snake_case. The keys of tags are not converted."""
    if isinstance(value, Mapping):
        return {snake(key): item if key in _MAPS else to_dict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_dict(item) for item in value]
    return value


def body(value: Any) -> Any:
    """A request body with the API's names, without None values. The keys of tags are not converted."""
    if isinstance(value, Mapping):
        return {
            camel(key): item if key in _MAPS_SNAKE else body(item) for key, item in value.items() if item is not None
        }
    if isinstance(value, list):
        return [body(item) for item in value]
    return value


def answer(response: Any) -> dict[str, Any]:
    """The data of an answer that :meth:`_providers._oci.client.Api.call` has checked, with members in snake_case."""
    found: dict[str, Any] = to_dict(response.data)
    return found
