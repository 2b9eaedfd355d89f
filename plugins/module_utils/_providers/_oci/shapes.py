# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between the API's camelCase and the options' snake_case.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..toolkit.naming import camel, snake

# Their keys are the user's.
_MAPS = frozenset({"freeformTags", "definedTags", "systemTags", "metadata"})
_MAPS_SNAKE = frozenset({"freeform_tags", "defined_tags", "system_tags", "metadata"})


def to_dict(value: Any) -> Any:
    """An answer with its members in snake_case; the keys of tags as they are."""
    if isinstance(value, Mapping):
        return {snake(key): item if key in _MAPS else to_dict(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_dict(item) for item in value]
    return value


def body(value: Any) -> Any:
    """A request in the API's names, without what is None; the keys of tags as they are."""
    if isinstance(value, Mapping):
        return {
            camel(key): item if key in _MAPS_SNAKE else body(item) for key, item in value.items() if item is not None
        }
    if isinstance(value, list):
        return [body(item) for item in value]
    return value


def answer(response: Any) -> dict[str, Any]:
    """The object of an answer that :meth:`_providers._oci.client.Api.call` has checked, its members in snake_case."""
    found: dict[str, Any] = to_dict(response.data)
    return found
