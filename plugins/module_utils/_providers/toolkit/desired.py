# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task asks of one resource.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class Desired:
    """The desired state of a driver. It never changes: what is looked up of it stands in a resolved copy."""

    def __init__(self, desired: Mapping[str, Any]) -> None:
        self.desired: Mapping[str, Any] = MappingProxyType(dict(desired))
        self._resolved: dict[str, Any] = {}

    @property
    def wish(self) -> Mapping[str, Any]:
        """A copy of the desired state with what has been looked up of it."""
        return MappingProxyType({**self.desired, **self._resolved})

    def resolve(self, option: str, value: Any) -> None:
        """Keep what the provider shows of an option: of a reference what it refers to, of a name the id."""
        self._resolved[option] = value
