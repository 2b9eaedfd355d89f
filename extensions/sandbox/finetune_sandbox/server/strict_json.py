# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict JSON. NaN and Infinity, which Python's own parser accepts, are refused.

Deep nesting and very large numbers are refused too, because they would cause errors in later code. No request needs
them.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 200
"""The maximum levels of nested objects and lists. The limit of Python's own parser differs between its versions."""
_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """The value of a JSON text. Raises ValueError if it is not JSON, or is nested too deeply.

    unique: also refuse an object with the same key twice, and a string with half of a surrogate pair.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique if unique else None)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, (dict, list))]
    if level:
        raise ValueError(_TOO_DEEP)
    if unique:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def body(text: bytes) -> Any:
    """The value of a request body in UTF-8. Raises ValueError as loads does, and for a number too large for a float."""
    document = loads(text.decode())
    level = [document]
    while level:
        for value in level:
            if isinstance(value, (int, float)) and not _is_finite(value):
                raise ValueError("a number is too large")
        level = [inner for value in level for inner in _inside(value)]
    return document


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record
