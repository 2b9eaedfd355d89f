# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Formats numbers, sizes and times for people. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._engine.coerce import timestamp

LONGEST = 10_000  # characters of one text; a message that lists 20 bad lines has about half as many
_GROUP = "\u202f"  # a narrow space; readers understand 1,234 differently: as a thousand or as a fraction
_DAY = 10  # characters of the date in "2026-11-21 08:14 UTC"


def readable(value: float) -> str:
    """A loss or another measured number, to four digits: ``0.4123``, ``12.5``, ``1 234``."""
    if value == 0 or 0.0001 <= abs(value) < 1000:
        return f"{value:.4g}"
    return grouped(value) if 1000 <= abs(value) < 1e12 else f"{value:.3g}"


def grouped(value: float) -> str:
    """A count with narrow spaces between the thousands: ``1 234 567``."""
    return f"{round(value):,}".replace(",", _GROUP)


def counted(value: float, one: str, many: str = "") -> str:
    """``1 warning``, ``2 warnings``."""
    return f"{grouped(value)} {one if value == 1 else many or one + 's'}"


def size(value: float) -> str:
    """Bytes in decimal units: ``145.6 kB``."""
    if value < 1000:
        return counted(value, "byte")
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if round(value, 1) < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def moment(value: Any) -> str | None:
    """A time (ISO 8601, or seconds since 1970) as ``2026-11-21 08:14 UTC``. Any other text stays as it is.

    None for any other value.
    """
    found = timestamp(value)
    try:
        when = None if found is None else datetime.fromtimestamp(found, timezone.utc)
    except (OverflowError, OSError, ValueError):
        when = None
    if when is None:
        return value if isinstance(value, str) and value else None
    return f"{when:%Y-%m-%d %H:%M} UTC"


def period(first: str, last: str) -> str:
    """Two moments: ``2026-11-21 08:14 to 09:02 UTC``."""
    if first == last:
        return first
    if first[:_DAY] == last[:_DAY]:
        return f"{first.removesuffix(' UTC')} to {last[_DAY + 1 :]}"
    return f"{first} to {last}"


def text(value: Any) -> str:
    """Any plain value as text: a text as it is, any other value as JSON. It is cut after `LONGEST` characters."""
    found = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    rest = len(found) - LONGEST
    return f"{found[:LONGEST]} ... ({counted(rest, 'character')} more)" if rest > 0 else found


def settings(values: Mapping[Any, Any], above: str = "") -> dict[str, list[tuple[str, str]]]:
    """The names and values of settings, by their path. Values that are None are left out.

    The path of the settings at the top is ``above``, by default ``""``; they come first. The path of the others is made
    of the names above them, as in ``method.supervised``.
    """
    found: dict[str, list[tuple[str, str]]] = {above: []}
    for key, value in values.items():
        name = text(key)
        if isinstance(value, Mapping) and value:
            found.update(settings(value, f"{above}.{name}" if above else name))
        elif value is not None:
            found[above].append((name, text(value)))
    return {where: rows for where, rows in found.items() if rows}
