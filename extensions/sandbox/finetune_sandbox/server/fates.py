# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fates: what the user decides shall happen to the next jobs (or files, or whatever a provider has)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from finetune_sandbox.server.checks import ControlError, Fields


@dataclass
class BaseFate:
    """What all fates have in common. times: to how many it happens, None for all. id: given when it is added."""

    fate: str
    times: int | None
    id: str = field(default="", kw_only=True)
    used: int = field(default=0, kw_only=True)

    def hits(self, matches: bool) -> bool:
        """Whether it happens to something, which it matches or not; counts it."""
        if not matches or (self.times is not None and self.used >= self.times):
            return False
        self.used += 1
        return True

    def shown(self) -> dict[str, Any]:
        """As the control API returns it."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


def kind(wish: Fields, kinds: Sequence[str]) -> str:
    """The fate that is wished, one of those."""
    chosen = wish.choice("fate", kinds, None)
    if chosen is None:
        raise ControlError(f"fate: 'fate' is required: one of {', '.join(kinds)}.")
    return chosen


def times(wish: Fields) -> int | None:
    """To how many it shall happen: one when nothing is said, all (None) for null."""
    return wish.integer("times", None if wish.given("times") else 1, low=1)


F = TypeVar("F", bound=BaseFate)


class Fates(Generic[F]):
    """Those that were decided, in order. read: makes a fate of its JSON form (docs/sandbox.md)."""

    def __init__(self, read: Callable[[Fields], F]) -> None:
        self._read = read
        self._fates: list[F] = []
        self._made = 0

    def __iter__(self) -> Iterator[F]:
        return iter(self._fates)

    def add(self, spec: object) -> F:
        """Decide what happens to the next that match. ControlError when it makes no sense."""
        wish = Fields(spec, "fate")
        fate = self._read(wish)
        wish.done()
        self._made += 1
        fate.id = f"fate-{self._made}"
        self._fates.append(fate)
        return fate

    def remove(self, fate_id: str = "") -> int:
        """Remove one, or all; returns how many went."""
        before = len(self._fates)
        self._fates = [fate for fate in self._fates if fate_id and fate.id != fate_id]
        return before - len(self._fates)
