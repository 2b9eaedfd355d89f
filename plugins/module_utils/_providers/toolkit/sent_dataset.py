# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the drivers of all dataset modules. Data is sent once, as a file or as an object.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..._dataset.read import LocalData
from ..._engine.errors import FineTuneError, InvalidInput
from .driver import BaseDriver

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def check_name(name: str, params: Mapping[str, Any], source: str) -> None:
    """Raise InvalidInput if a dataset cannot have this name. ``source``: its origin if the option name is not set."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name is '{name}'; it is 1 to 128 letters, digits, '_', '.' and '-', and starts with a letter or digit.",
            hint="" if params["name"] else f"It was taken from {source}; give another as name.",
        )


@contextmanager
def ended(abort: Callable[[], None], left: str, then: str) -> Iterator[None]:
    """Aborts an upload in parts if it fails: its parts would cost money, or count against a limit.

    If the abort fails too, the error's hint says so. ``left``: the sentence about the parts that are left. ``then``:
    what happens to them later.
    """
    try:
        yield
    except FineTuneError as error:
        try:
            abort()
        except FineTuneError as second:
            raise error.amended(hint=f"{error.hint} {left} ({second.message}); {then}.") from error
        raise


class SentDataset(BaseDriver):
    """One dataset at a provider. :class:`_engine.types.Driver` explains the methods."""

    name: str

    def __init__(self, name: str, local: LocalData | None, desired: Mapping[str, Any]) -> None:
        super().__init__(name, desired)
        self.local = local
        self.report = local.report if local else None

    def require_data(self) -> LocalData:
        """The local data. Only called if there is something to send."""
        if self.local is None:
            raise AssertionError("unreachable: nothing is sent without data")
        return self.local

    def describe_data(self, observed: Mapping[str, Any]) -> dict[str, Any]:
        """The result keys about the data. Without local data, sha256 and bytes are the ``observed`` ones."""
        report = self.report
        return {
            "name": self.name,
            "sha256": report.sha256 if report else observed.get("sha256"),
            "bytes": report.bytes if report else observed.get("bytes"),
            "examples": report.examples if report else None,
            "format": report.format if report else None,
            "validation": report.to_dict() if report else {},
        }
