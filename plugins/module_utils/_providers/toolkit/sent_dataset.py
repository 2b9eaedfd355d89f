# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of all dataset modules have in common: data that are sent once, as a file or as an object.

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
    """Raise InvalidInput where a dataset cannot be called so. ``source``: what else than ``name`` it is taken from."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name is '{name}'; it is 1 to 128 letters, digits, '_', '.' and '-', and starts with a letter or digit.",
            hint="" if params["name"] else f"It was taken from {source}; give another as name.",
        )


@contextmanager
def ended(abort: Callable[[], None], left: str, then: str) -> Iterator[None]:
    """An upload in parts that does not come to its end is aborted: its parts would cost money, or count against a
    limit. Where that fails too, the error says so: what is ``left``, and what comes ``then``."""
    try:
        yield
    except FineTuneError as error:
        try:
            abort()
        except FineTuneError as second:
            raise error.amended(hint=f"{error.hint} {left} ({second.message}); {then}.") from error
        raise


class SentDataset(BaseDriver):
    """One dataset at a provider. See :class:`_engine.types.Driver` for each verb."""

    name: str

    def __init__(self, name: str, local: LocalData | None, desired: Mapping[str, Any]) -> None:
        super().__init__(name, desired)
        self.local = local
        self.report = local.report if local else None

    def require_data(self) -> LocalData:
        """The data. Only called if there is something to send."""
        if self.local is None:
            raise AssertionError("unreachable: nothing is sent without data")
        return self.local

    def describe_data(self, observed: Mapping[str, Any]) -> dict[str, Any]:
        """What was found in the data; without them, what is ``observed`` of them."""
        report = self.report
        return {
            "name": self.name,
            "sha256": report.sha256 if report else observed.get("sha256"),
            "bytes": report.bytes if report else observed.get("bytes"),
            "examples": report.examples if report else None,
            "format": report.format if report else None,
            "validation": report.to_dict() if report else {},
        }
