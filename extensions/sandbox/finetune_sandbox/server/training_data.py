# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The common part of the checks of training data. Each provider checks the lines itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAX_LINE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Report:
    """The result of a check. records: the number of examples so far. failure: the error, or None."""

    records: int
    failure: str | None = None


class BadLine(Exception):
    """One line is wrong. The message gives the reason."""


def lines(content: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a content that comes in pieces, without the line ends. Raises BadLine for a line over 64 MiB."""
    rest = b""
    for chunk in content:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if len(rest) > _MAX_LINE:
            raise BadLine("the line is longer than 64 MiB")
        yield from parts
    if rest:
        yield rest
