# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a number among the options may be. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._engine.compare import AUTO, number
from ..._engine.errors import InvalidInput


class Bound(NamedTuple):
    """The lowest and the highest value; None: there is no highest one.

    ``whole``: whole numbers only. ``auto``: that word may stand for a number. ``above``: ``lowest`` itself is too low.
    """

    lowest: float
    highest: float | None = None
    whole: bool = False
    auto: bool = False
    above: bool = False

    def allows(self, value: Any) -> bool:
        """Whether a number, or a text that spells one, is within the bound."""
        if self.auto and str(value).lower() == AUTO:
            return True
        found = number(value)
        if found is None or (self.whole and not float(found).is_integer()):
            return False
        high_enough = found > self.lowest if self.above else found >= self.lowest
        return high_enough and (self.highest is None or found <= self.highest)

    def __str__(self) -> str:
        """The bound, for a message: "'auto' or a whole number from 1 to 50"."""
        kind = "a whole number" if self.whole else "a number"
        if self.auto:
            kind = f"'{AUTO}' or {kind}"
        lowest = f"{'above' if self.above else 'from'} {_format_number(self.lowest)}"
        if self.highest is None:
            return f"{kind} {lowest}"
        return f"{kind} {lowest} {'and at most' if self.above else 'to'} {_format_number(self.highest)}"


def check_bound(option: str, value: Any, bound: Bound, subject: str = "") -> None:
    """Raise InvalidInput for a value out of the bound. ``subject``: for what the bound holds, if not for all."""
    if not bound.allows(value):
        raise InvalidInput(f"{option} is {value!r}; {f'for {subject} ' if subject else ''}it is {bound}.")


def _format_number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
