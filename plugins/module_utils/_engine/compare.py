# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing desired and observed values. Pure functions: (desired, observed) -> bool.

Private to llmops.finetune; may change at any time.

The first argument is the value of the option, the second that of the provider's object.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

AUTO = "auto"
_LARGEST = int(sys.float_info.max)  # larger whole numbers cannot be compared with floats
_LONGEST = 120  # characters of a value in a message
_AROUND = 40  # of them before the first difference
_DOTS = "..."


def number(value: Any) -> float | int | None:
    """``value`` as a number, also from a text (YAML reads ``1e-05`` as a string); None if it is none."""
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


def same_value(desired: Any, observed: Any) -> bool:
    """Whether two scalars are equal: as they are, as numbers, or as words of YAML and APIs for the same value.

    ``auto`` lets the provider choose, so every value is equal to it.
    """
    if isinstance(desired, str) and desired.lower() == AUTO:
        return True
    a, b = number(desired), number(observed)
    if a is not None and b is not None:
        # A host may keep a float in single precision, and show 0.1 as 0.10000000149.
        return math.isclose(a, b, rel_tol=1e-6)
    if isinstance(desired, bool) or isinstance(observed, bool):
        return str(desired).lower() == str(observed).lower()
    return bool(desired == observed)


def same_set(desired: Any, observed: Any) -> bool:
    """Whether two lists have the same items, in any order (subnets, security groups)."""
    return {str(item) for item in desired or ()} == {str(item) for item in observed or ()}


class Compare:
    """A comparison of nested values that can also list the parts that differ.

    Of a mapping, only the desired keys are compared, because APIs add defaults; of a list, every item. ``parts``: the
    comparison by path, for parts that :func:`same_value` does not fit.
    """

    def __init__(self, parts: Mapping[str, Callable[[Any, Any], bool]] | None = None) -> None:
        self._parts = dict(parts or {})

    def __call__(self, desired: Any, observed: Any) -> bool:
        """Whether nothing differs."""
        return next(self.differing(desired, observed), None) is None

    def differing(self, desired: Any, observed: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
        """Each part that differs, as (path, desired, observed); the path of the whole value is empty.

        None, and a mapping or list without any value, equal a missing value.
        """
        if observed is None and is_nothing(desired):
            return
        if isinstance(desired, Mapping) and isinstance(observed, Mapping):
            for key, value in desired.items():
                if value is not None:
                    yield from self.differing(value, observed.get(key), f"{path}.{key}" if path else str(key))
        elif _is_list(desired) and _is_list(observed) and len(desired) == len(observed):
            for index, (one, other) in enumerate(zip(desired, observed, strict=True)):
                yield from self.differing(one, other, f"{path}[{index}]")
        elif (
            isinstance(desired, Mapping)
            or _is_list(desired)
            or not self._parts.get(path, same_value)(desired, observed)
        ):
            yield path, desired, observed


same_deep = Compare()
"""Nested values."""


def is_nothing(value: Any) -> bool:
    """Whether a value is None, or a mapping or list without any value."""
    if isinstance(value, Mapping):
        return all(map(is_nothing, value.values()))
    return value is None or (_is_list(value) and not value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def same_content(desired: Any, observed: Any) -> bool:
    """Whether two references to data (:class:`.content.Content`) are equal, by their checksums, else by the id."""
    known = min(len(desired.sha256), len(observed.sha256))
    if known >= 12:
        return bool(desired.sha256[:known] == observed.sha256[:known])
    # Checksums of different kinds cannot be compared.
    a, b = (
        dict(word.split(":", 1) for word in content.version.split() if ":" in word) for content in (desired, observed)
    )
    common = a.keys() & b.keys()
    if common:
        return all(a[kind] == b[kind] for kind in common)
    return bool(desired.id and desired.id == observed.id)


class CompareTags(Compare):
    """Tags; their values are compared as texts. ``exact``: whether other tags are a difference."""

    def __init__(self, *, exact: bool) -> None:
        super().__init__()
        self._exact = exact

    def differing(self, desired: Any, observed: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
        """A tag that must not exist has None as its desired value."""
        wanted, there = ({str(key): str(value) for key, value in tags.items()} for tags in (desired, observed))
        for key in [*wanted, *(key for key in there if self._exact and key not in wanted)]:
            if wanted.get(key) != there.get(key):
                yield key, wanted.get(key), there.get(key)


same_tags = CompareTags(exact=True)
"""Tags that must be exactly these."""

has_tags = CompareTags(exact=False)
"""Tags that must exist; others may exist too."""


def format_change(before: Any, after: Any) -> str:
    """``before -> after`` for a message; long texts are cut around the first difference."""
    texts = [_text(before), _text(after)]
    if texts[0] == texts[1]:
        texts = [f"{text} ({type(value).__name__})" for text, value in zip(texts, (before, after), strict=True)]
    if max(map(len, texts)) > _LONGEST:
        same = len(os.path.commonprefix(texts))
        start = max(0, same - _AROUND)
        texts = [_cut(text, start) for text in texts]
    return " -> ".join(texts)


def _text(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _cut(text: str, start: int) -> str:
    end = start + _LONGEST - 2 * len(_DOTS)
    return f"{_DOTS if start else ''}{text[start:end]}{_DOTS if end < len(text) else ''}"
