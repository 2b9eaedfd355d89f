# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of training data have in common; what a line must be, each provider says itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAX_LINE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Report:
    """The verdict. failure: what is wrong, or None."""

    records: int
    failure: str | None = None


class BadLine(Exception):
    """What is wrong with one line."""


def lines(content: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a content in pieces, without their ends; BadLine for one that is too long to hold in memory."""
    rest = b""
    for chunk in content:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if len(rest) > _MAX_LINE:
            raise BadLine("the line is longer than 64 MiB")
        yield from parts
    if rest:
        yield rest
