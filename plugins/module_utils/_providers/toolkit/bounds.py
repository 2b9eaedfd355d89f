# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounds of options that are numbers or tags. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._engine import ownership
from ..._engine.coerce import text
from ..._engine.compare import AUTO, number
from ..._engine.errors import InvalidInput


class Bound(NamedTuple):
    """The lowest and the highest value of a number. ``highest`` is None if there is none.

    ``whole``: only whole numbers. ``auto``: the word 'auto' is allowed too. ``above``: ``lowest`` itself is too low.
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
    """Raise InvalidInput for a value out of the bound. ``subject``: the case that has this bound, for the message."""
    if not bound.allows(value):
        raise InvalidInput(f"{option} is {value!r}; {f'for {subject} ' if subject else ''}it is {bound}.")


def _format_number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


class TagBound(NamedTuple):
    """How many tags a service takes on one ``thing``, and how long they may be.

    ``own``: how many of them are ownership tags. ``key``, ``value``: the greatest length in characters; 0: another
    check limits it. ``hint``: the advice if there are too many tags.
    """

    service: str
    most: int
    thing: str = "a resource"
    own: int = 0
    key: int = 0
    value: int = 0
    hint: str = ""


def read_tags(option: str, values: Mapping[str, Any] | None, bound: TagBound) -> dict[str, str] | None:
    """The tags of an option as text, without those that are None. None if the option is not set.

    Raises InvalidInput for tags that cannot be sent: too many, too long, reserved, or not a text.
    """
    if bound.own:
        ownership.refuse_reserved(option, {str(key): value for key, value in (values or {}).items()})
    if values is None:
        return None
    values = {key: value for key, value in values.items() if value is not None}
    if len(values) > bound.most - bound.own:
        own = f", of which this collection needs {bound.own}" if bound.own else ""
        raise InvalidInput(
            f"{option} has {len(values)} entries; {bound.service} takes {bound.most} of {bound.thing}{own}.",
            hint=bound.hint,
        )
    found = {str(key): read_tag(option, key, value) for key, value in values.items()}
    for key, value in found.items():
        if (bound.key and not 1 <= len(key) <= bound.key) or (bound.value and len(value) > bound.value):
            raise InvalidInput(
                f"{option}: '{key[: bound.key]}': a key has 1 to {bound.key} characters, a value at most {bound.value}."
            )
    return found


def read_tag(option: str, key: Any, value: Any) -> str:
    """The value of one tag as text. Raises InvalidInput for a list or a dictionary."""
    if isinstance(value, (Mapping, list)):
        raise InvalidInput(f"{option}: the value of '{key}' is {value!r}; it is a text.")
    return text(value)
