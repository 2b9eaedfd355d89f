# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of each step of a job. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ..._engine.coerce import sequence
from ..._engine.compare import number
from ..._engine.errors import ApiError
from ..toolkit.rows import Rows
from . import jobs
from .client import Api

_BEGIN = b"step"


def read_steps(api: Api, job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of each step of a job: from its result file, or else from its events.

    Empty if the host shows neither.
    """
    for file_id in sequence(job.get("result_files")):
        if not isinstance(file_id, str) or not file_id:
            continue
        rows = ResultFile()
        try:
            api.content(f"Reading the result file {file_id}", file_id, rows.take)
        except ApiError as error:
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


class ResultFile:
    """The rows of a result file, read piece by piece.

    The file is CSV. Its heading starts with ``step``. It is plain, or in base64 (OpenAI's own). Any other file gives no
    rows. See :class:`_providers.toolkit.rows.Rows`.
    """

    def __init__(self) -> None:
        self._rows: Rows | None = None  # unknown before the first bytes
        self._plain = False
        self._held = b""  # incomplete data: the first bytes of the file, or a group of base64

    def take(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if self._rows and self._rows.bad:
            return
        self._held += data
        if self._rows is None:
            if len(self._held) < len(_BEGIN):
                return
            self._plain = self._held.startswith(_BEGIN)
            self._rows = Rows(_BEGIN, strict=not self._plain)
        if self._plain:
            data, self._held = self._held, b""
        else:
            whole = len(self._held) // 4 * 4
            data, self._held = self._held[:whole], self._held[whole:]
            try:
                data = base64.b64decode(data, validate=True)
            except binascii.Error:
                self._rows.bad = True
                return
        self._rows.take(data)

    def end(self) -> list[dict[str, Any]]:
        """The rows. Call it once, at the end of the file."""
        return self._rows.end() if self._rows and not self._held else []
