# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a wish is compared with what an API shows. Pure functions: (wish, shown) -> bool.

Private to llmops.finetune; may change at any time.

The first argument is always what the user asked for, the second what the provider's object says.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

AUTO = "auto"
_LARGEST = int(sys.float_info.max)  # a whole number beyond it could not be compared with others


def number(value: Any) -> float | int | None:
    """The number that ``value`` is or spells (``"1e-05"`` is 0.00001: YAML reads it as a string), else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str) and "_" not in value:
        for kind in (int, float):
            try:
                found = kind(value.strip())
            except ValueError:
                continue
            return number(found)
    return None


def same_value(wish: Any, shown: Any) -> bool:
    """Scalars: equal as they are, as numbers, or as the words that YAML and APIs use for the same thing.

    ``auto`` asks the provider to choose, so whatever it chose is what was asked.
    """
    if isinstance(wish, str) and wish.lower() == AUTO:
        return True
    a, b = number(wish), number(shown)
    if a is not None and b is not None:
        # A host may keep a float in single precision, and show 0.1 as 0.10000000149.
        return math.isclose(a, b, rel_tol=1e-6)
    if isinstance(wish, bool) or isinstance(shown, bool):
        return str(wish).lower() == str(shown).lower()
    return bool(wish == shown)


def same_set(wish: Any, shown: Any) -> bool:
    """Lists in which order and repetition say nothing (subnets, security groups)."""
    return {str(item) for item in wish or ()} == {str(item) for item in shown or ()}


def same_deep(wish: Any, shown: Any) -> bool:
    """Nested values: of a mapping only the keys that the wish has (APIs add defaults), of a list every item."""
    if isinstance(wish, Mapping):
        return isinstance(shown, Mapping) and all(
            same_deep(value, shown.get(key)) for key, value in wish.items() if value is not None
        )
    if isinstance(wish, Sequence) and not isinstance(wish, (str, bytes)):
        return (
            isinstance(shown, Sequence)
            and not isinstance(shown, (str, bytes))
            and len(wish) == len(shown)
            and all(same_deep(a, b) for a, b in zip(wish, shown, strict=True))
        )
    return same_value(wish, shown)


def same_content(wish: Any, shown: Any) -> bool:
    """References to data (see :class:`.content.Content`): by what both know of the content, else by the id."""
    known = min(len(wish.sha256), len(shown.sha256))
    if known >= 12:
        return bool(wish.sha256[:known] == shown.sha256[:known])
    # Checksums of different kinds say nothing of each other.
    a, b = (dict(word.split(":", 1) for word in content.version.split() if ":" in word) for content in (wish, shown))
    common = a.keys() & b.keys()
    if common:
        return all(a[kind] == b[kind] for kind in common)
    return bool(wish.id and wish.id == shown.id)


def same_tags(wish: Any, shown: Any) -> bool:
    """Tags that must be exactly these."""
    return {str(key): str(value) for key, value in wish.items()} == {str(k): str(v) for k, v in shown.items()}


def has_tags(wish: Any, shown: Any) -> bool:
    """Tags that must be there, whatever others there are."""
    return all(key in shown and str(value) == str(shown[key]) for key, value in wish.items())
