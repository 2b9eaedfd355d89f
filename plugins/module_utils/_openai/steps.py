# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of each step of a job. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Mapping
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import Refused
from ansible_collections.llmops.finetune.plugins.module_utils._core.plain import sequence
from ansible_collections.llmops.finetune.plugins.module_utils._openai import jobs
from ansible_collections.llmops.finetune.plugins.module_utils._openai.client import Api


def read_steps(api: Api, job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of each step: of its result file, else of its events. Empty where the host shows neither."""
    for file_id in sequence(job.get("result_files")):
        if not isinstance(file_id, str) or not file_id:
            continue
        try:
            pieces: list[bytes] = []
            api.content(f"Reading the result file {file_id}", file_id, pieces.append)
        except Refused as error:
            if error.status not in (403, 404):
                raise
            continue
        steps = parse_result_file(b"".join(pieces))
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
    """The rows of a result file: CSV with a heading that starts with ``step``, plain or (OpenAI's own) in base64.

    Empty cells are left out; what is not such a file gives no rows.
    """
    text = content.decode("utf-8", "replace")
    if not text.startswith("step"):
        try:
            text = base64.b64decode(content, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return []
        if not text.startswith("step"):
            return []
    rows = []
    try:
        read = list(csv.DictReader(io.StringIO(text)))
    except csv.Error:
        return []
    for row in read:
        cells = {key: number(value) for key, value in row.items() if key and value not in (None, "")}
        rows.append({key: value for key, value in cells.items() if value is not None})
    return rows
