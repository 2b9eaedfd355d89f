# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads rows of numbers from CSV, part by part. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import csv
from typing import Any

from ..._engine.compare import number

MOST_ROWS = 10_000  # kept of one file; a chart cannot show so many separately
_LONGEST_LINE = 1 << 16  # bytes
_BOM = b"\xef\xbb\xbf"


class Rows:
    """The rows of a file whose first line names the columns. The memory is bounded.

    Cells that are empty or not a number are left out. Any other file gives no rows. If there are more than MOST_ROWS,
    every second, fourth, ... row and the last one are kept; the other rows are not parsed. ``begin``: the beginning of
    the first line. ``strict``: bytes that are not UTF-8 make it another file; otherwise they are replaced.
    """

    def __init__(self, begin: bytes = b"", *, strict: bool = False) -> None:
        self._begin = begin
        self._errors = "strict" if strict else "replace"
        self._line = bytearray()
        self._heading: list[str] | None = None
        self.bad = False
        self._rows: list[dict[str, Any]] = []
        self._skipped = b""  # the last line if it was not kept
        self._seen = 0
        self._every = 1

    def take(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._row(bytes(self._line + line))
            self._line.clear()
        self._line += rest
        self.bad = self.bad or len(self._line) > _LONGEST_LINE
        if self.bad:
            self._line.clear()

    def end(self) -> list[dict[str, Any]]:
        """The rows. Call it once, at the end of the file."""
        if self._line:
            self._row(bytes(self._line))
        if self._skipped:
            self._keep(self._skipped)
        return [] if self.bad else [row for row in self._rows if row]

    def _row(self, line: bytes) -> None:
        if self.bad or not line.strip():
            return
        if self._heading is None:
            self._heading = [cell.strip() for cell in self._cells(line.removeprefix(_BOM))]
            self.bad = self.bad or not line.removeprefix(_BOM).startswith(self._begin)
            return
        self._skipped = b""
        if self._seen % self._every:
            self._skipped = line
        else:
            self._keep(line)
        self._seen += 1
        if len(self._rows) > MOST_ROWS:
            self._rows = self._rows[::2]
            self._every *= 2

    def _keep(self, line: bytes) -> None:
        cells = dict(zip(self._heading or (), self._cells(line), strict=False))
        found = {key: number(cell) for key, cell in cells.items() if key and cell != ""}
        self._rows.append({key: value for key, value in found.items() if value is not None})

    def _cells(self, line: bytes) -> list[str]:
        try:
            return next(csv.reader([line.decode("utf-8", self._errors).rstrip("\r")]), [])
        except (UnicodeDecodeError, csv.Error):
            self.bad = True
            return []
