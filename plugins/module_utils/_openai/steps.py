# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of each step of a job. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import base64
import binascii
import csv
from collections.abc import Mapping
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import Refused
from ansible_collections.llmops.finetune.plugins.module_utils._core.plain import sequence
from ansible_collections.llmops.finetune.plugins.module_utils._openai import jobs
from ansible_collections.llmops.finetune.plugins.module_utils._openai.client import Api

MOST_ROWS = 10_000  # that are kept of one file: more than a chart shows apart
_BEGIN = b"step"
_LONGEST_LINE = _PIECE = 1 << 16


def read_steps(api: Api, job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of each step: of its result file, else of its events. Empty where the host shows neither."""
    for file_id in sequence(job.get("result_files")):
        if not isinstance(file_id, str) or not file_id:
            continue
        rows = ResultFile()
        try:
            api.content(f"Reading the result file {file_id}", file_id, rows.take)
        except Refused as error:
            if error.status not in (403, 404):
                raise
            continue
        steps = rows.end()
        if steps:
            return steps
    events = jobs.list_events(api, str(job["id"]))
    steps = [
        {key: value for key, value in event["data"].items() if number(value) is not None}
        for event in reversed(events)
        if event.get("type") == "metrics" and isinstance(event.get("data"), dict)
    ]
    return [step for step in steps if "step" in step]


def parse_result_file(content: bytes) -> list[dict[str, Any]]:
    """The rows of a result file that is there as a whole."""
    rows = ResultFile()
    for begin in range(0, len(content), _PIECE):
        rows.take(content[begin : begin + _PIECE])
    return rows.end()


class ResultFile:
    """The rows of a result file, read as it comes: CSV with a heading that starts with ``step``, plain or (OpenAI's
    own) in base64.

    Empty cells are left out; what is not such a file gives no rows. Of more than MOST_ROWS, every second, fourth, ...
    is kept, and the last.
    """

    def __init__(self) -> None:
        self._plain: bool | None = None  # not known before the first bytes
        self._held = b""  # what is not yet whole: the first bytes, a group of base64
        self._line = bytearray()
        self._heading: list[str] | None = None
        self._bad = False
        self._rows: list[dict[str, Any]] = []
        self._last: dict[str, Any] = {}
        self._seen = 0
        self._every = 1

    def take(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if self._bad or not data:
            return
        self._held += data
        if self._plain is None:
            if len(self._held) < len(_BEGIN):
                return
            self._plain = self._held.startswith(_BEGIN)
        if self._plain:
            data, self._held = self._held, b""
        else:
            whole = len(self._held) // 4 * 4
            data, self._held = self._held[:whole], self._held[whole:]
            # Padding ends the file: nothing but it may follow.
            try:
                data = base64.b64decode(data, validate=True)
            except binascii.Error:
                self._bad = True
                return
        self._text(data)

    def end(self) -> list[dict[str, Any]]:
        """The rows. To be called once, at the end of the file."""
        if self._held or self._bad:
            return []
        if self._line:
            self._row(bytes(self._line))
        if self._bad:
            return []
        if self._last and (not self._rows or self._rows[-1] is not self._last):
            self._rows.append(self._last)
        return self._rows

    def _text(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._row(bytes(self._line + line))
            self._line.clear()
        self._line += rest
        if len(self._line) > _LONGEST_LINE:
            self._bad = True

    def _row(self, line: bytes) -> None:
        try:
            text = line.decode("utf-8", "replace" if self._plain else "strict")
            cells = next(csv.reader([text.rstrip("\r")]), [])
        except (UnicodeDecodeError, csv.Error):
            self._bad = True
            return
        if self._heading is None:
            self._heading = cells
            self._bad = self._bad or not text.startswith("step")
        elif cells and not self._bad:
            found = {key: number(cell) for key, cell in zip(self._heading, cells, strict=False) if key and cell != ""}
            self._last = {key: value for key, value in found.items() if value is not None}
            if self._seen % self._every == 0:
                self._rows.append(self._last)
            self._seen += 1
            if len(self._rows) > MOST_ROWS:
                self._rows = self._rows[::2]
                self._every *= 2
