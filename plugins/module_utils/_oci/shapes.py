# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between the API's camelCase and the options' snake_case, and the pages of a listing.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import Unavailable
from ansible_collections.llmops.finetune.plugins.module_utils._core.plain import mapping

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HUMP = re.compile(r"_([a-z0-9])")
# Their keys are the user's.
_MAPS = frozenset({"freeformTags", "definedTags", "systemTags", "metadata"})
_MAPS_SNAKE = frozenset({"freeform_tags", "defined_tags", "system_tags", "metadata"})


def snake(name: str) -> str:
    """``loraAlpha`` -> ``lora_alpha``."""
    return _BOUNDARY.sub("_", name).lower()


def camel(name: str) -> str:
    """``lora_alpha`` -> ``loraAlpha``."""
    return _HUMP.sub(lambda found: found.group(1).upper(), name)


def plain(value: Any) -> Any:
    """An answer with its members in snake_case; the keys of tags as they are."""
    if isinstance(value, Mapping):
        return {snake(key): item if key in _MAPS else plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
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
    """The object of an answer, its members in snake_case. Unavailable: this is not an answer of OCI."""
    if not isinstance(response.data, Mapping):
        raise Unavailable("The answer is not one of OCI.", hint="Check service_endpoint.")
    found: dict[str, Any] = plain(response.data)
    return found


def pages(operation: Callable[..., Any], **wanted: Any) -> Iterator[dict[str, Any]]:
    """The items of every page of a listing with ``items`` and ``opc-next-page``, as plain data."""
    page = None
    while True:
        response = operation(**wanted, **({"page": page} if page else {}))
        items = mapping(response.data).get("items")
        if not isinstance(items, list):
            raise Unavailable("The answer is not a listing of OCI.", hint="Check service_endpoint.")
        yield from map(plain, items)
        page = response.headers.get("opc-next-page")
        if not page:
            return
