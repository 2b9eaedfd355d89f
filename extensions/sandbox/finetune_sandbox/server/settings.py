# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a provider: limits and durations. The control API can change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from finetune_sandbox.server.checks import ControlError


@dataclass
class BaseSettings:
    """The common part of the settings. Each provider has a subclass that is a dataclass.

    The type of the current value decides which values are allowed: true or false, a number, a whole number, or a list
    of names.
    """

    positive: ClassVar[frozenset[str]] = frozenset()
    """The names of settings that are whole numbers and never 0."""

    def describe(self) -> dict[str, Any]:
        """All settings by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def special(self, name: str, value: Any) -> bool:
        """Whether the provider checks this setting itself, because only this provider has such a kind of value.

        Raises ControlError if the provider checks it and the value is wrong.
        """
        return False

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change some settings. If one is unknown or has a wrong value, raises ControlError and changes nothing."""
        known = self.describe()
        for name, value in changes.items():
            if name not in known:
                raise ControlError(f"settings: unknown setting {name!r}. Known: {', '.join(sorted(known))}.")
            if not self.special(name, value):
                self._check(name, value, known[name])
        for name, value in changes.items():
            setattr(self, name, value)

    def _check(self, name: str, value: Any, now: Any) -> None:
        if isinstance(now, list):
            if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
                raise ControlError(f"settings: {name!r} must be a list of names, got {value!r}.")
        elif isinstance(now, bool):
            if not isinstance(value, bool):
                raise ControlError(f"settings: {name!r} must be true or false, got {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e13:
            raise ControlError(f"settings: {name!r} must be a number from 0, got {value!r}.")
        elif isinstance(now, int):
            low = int(name in self.positive)
            if not isinstance(value, int) or value < low:
                raise ControlError(f"settings: {name!r} must be a whole number from {low}, got {value!r}.")
