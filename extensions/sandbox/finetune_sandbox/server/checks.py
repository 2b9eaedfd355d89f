# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the JSON that a user sends to the control API, with messages for each error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_NUMBER = 1e15
"""The largest number that the control API accepts. No time, count or size is larger."""


class ControlError(ValueError):
    """Wrong input to the control API. `status`: the HTTP status, 400, or 404 if something does not exist."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Fields:
    """Takes known keys out of a mapping. `done` refuses the keys that are left.

    what: the word for the mapping in messages. A value of the wrong kind raises ControlError.
    """

    def __init__(self, spec: object, what: str) -> None:
        if not isinstance(spec, Mapping):
            raise ControlError(f"{what}: expected a JSON object, got {type(spec).__name__}.")
        self._spec = dict(spec)
        self._what = what
        self._asked: list[str] = []

    def _take(self, key: str) -> Any:
        self._asked.append(key)
        return self._spec.pop(key, None)

    def has(self, key: str) -> bool:
        """Whether the mapping has the key, and it is not taken yet."""
        return key in self._spec

    def anything(self, key: str) -> Any:
        """Any JSON value. None if the key is missing."""
        return self._take(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A string. If there is no default, the key is required."""
        value = self.optional_text(key)
        if value is None:
            value = default
        if value is None:
            raise ControlError(f"{self._what}: '{key}' is required (a string).")
        return value

    def optional_text(self, key: str) -> str | None:
        """A string. None if the key is missing."""
        value = self._take(key)
        if value is not None and not isinstance(value, str):
            raise ControlError(f"{self._what}: '{key}' must be a string, got {value!r}.")
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None) -> str | None:
        """One of the choices, or the default if the key is missing."""
        value = self._take(key)
        if value is None:
            return default
        if value not in choices:
            raise ControlError(f"{self._what}: '{key}' must be one of {', '.join(choices)}; got {value!r}.")
        return str(value)

    def flag(self, key: str, default: bool) -> bool:
        """true or false, or the default if the key is missing."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise ControlError(f"{self._what}: '{key}' must be true or false, got {value!r}.")
        return value

    def query_flag(self, key: str) -> bool:
        """Whether the value is true. In a query string, true is the text 'true' or '1'."""
        return self._take(key) in (True, "true", "1")

    def integer(self, key: str, default: int | None, low: int | None = None, high: int | None = None) -> int | None:
        """A whole number from low to high, or the default if the key is missing."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise ControlError(f"{self._what}: '{key}' must be a whole number, got {value!r}.")
        self._bounds(key, value, low, high)
        return value

    def number(self, key: str, default: float, low: float | None = None, high: float | None = None) -> float:
        """A number from low to high, or the default if the key is missing."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise ControlError(f"{self._what}: '{key}' must be a number, got {value!r}.")
        self._bounds(key, value, low, high)
        return float(value)

    def strings(self, key: str) -> dict[str, str]:
        """An object of strings. Numbers become strings. Empty if the key is missing."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(v, (str, int, float)) for v in value.values()):
            raise ControlError(f"{self._what}: '{key}' must be an object of strings, got {value!r}.")
        return {str(k): str(v) for k, v in value.items()}

    def done(self) -> None:
        """Refuse unknown keys."""
        if self._spec:
            unknown = ", ".join(map(repr, self._spec))
            raise ControlError(f"{self._what}: unknown key {unknown}. Known: {', '.join(sorted(set(self._asked)))}.")

    def _bounds(self, key: str, value: float, low: float | None, high: float | None) -> None:
        if not -MAX_NUMBER <= value <= MAX_NUMBER:
            raise ControlError(f"{self._what}: '{key}' is a number beyond {MAX_NUMBER:g}, or none.")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"from {low}" + ("" if high is None else f" to {high}")
            raise ControlError(f"{self._what}: '{key}' must be {bounds}, got {value!r}.")
