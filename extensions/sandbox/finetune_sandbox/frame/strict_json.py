# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON as its standard has it: Python alone would take NaN and Infinity, too."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """What a text says. ValueError for anything else. unique: no key stands twice in an object."""
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique if unique else None)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record
