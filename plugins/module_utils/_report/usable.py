# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings results into the shape that the page needs. Private to llmops.finetune; may change at any time.

A user may have changed the results. Afterwards each part has the right type, and a value of another type is shown as
text.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

_DEEPEST = 20  # levels; no result of the collection has so many
_LONGEST_KEY = 200  # characters
_LARGEST = int(sys.float_info.max)
_DIGITS_OF_A_BIT = math.log10(2)
_ISSUES = ("errors", "warnings")


def result(raw: Any) -> dict[str, Any]:
    """One model's result. A value that is not a result becomes the result of a failed model."""
    found = _to_json_value(raw, 0)
    if not isinstance(found, dict):
        return {"failed": True, "msg": f"This is not the result of a model: {_text(found)}"}
    for key in ("warnings", "previous"):
        found[key] = _list(found.get(key))
    for key in ("metrics", "settings", "curve", "dataset"):
        if key in found and not isinstance(found[key], dict):
            if found[key] not in (None, "", []):
                found["warnings"] = [*found["warnings"], f"{key} is not usable: {_text(found[key])}"]
            found[key] = {}
    found["curve"] = {key: _list(value) for key, value in (found.get("curve") or {}).items()}
    found["dataset"] = {
        key: _dataset(value) for key, value in (found.get("dataset") or {}).items() if isinstance(value, dict)
    }
    return found


def _dataset(dataset: dict[str, Any]) -> dict[str, Any]:
    for key in _ISSUES:
        dataset[key] = [
            issue if isinstance(issue, dict) else {"message": _text(issue)} for issue in _list(dataset.get(key))
        ]
    return dataset


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value)[:_LONGEST_KEY]


def _to_json_value(value: Any, depth: int) -> Any:
    """The value as JSON types: lists, dictionaries with texts as keys, texts, numbers, booleans, None.

    A number that is not finite or too large for a float becomes a text. So does any other object.
    """
    if isinstance(value, str):
        return value  # Ansible's own subclasses of str stay as they are
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else f"a number of about {_digits(value)} digits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {_key(key): _to_json_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_to_json_value(item, depth + 1) for item in value]
    return _text(value)


def _key(key: Any) -> str:
    return key[:_LONGEST_KEY] if isinstance(key, str) else _text(_to_json_value(key, _DEEPEST))


def _digits(value: int) -> int:
    return int((abs(value).bit_length() - 1) * _DIGITS_OF_A_BIT) + 1
