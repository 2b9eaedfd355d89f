# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of training data: the sandbox's own verdict, independent of the collection's.

Source: OCI Generative AI documentation, "Training Data Requirements": one JSONL file in UTF-8, each line an object
with `prompt` and `completion`, at least 32 of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MIN_RECORDS = 32
_MAX_LINE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Report:
    """The verdict. failure: what is wrong, or None."""

    records: int
    failure: str | None = None


class _Bad(Exception):
    pass


def check(content: Iterable[bytes]) -> Report:
    """Read a dataset, given in pieces."""
    count = 0
    try:
        for line in _lines(content):
            count += 1
            _check_line(line, count)
    except _Bad as error:
        return Report(count, f"Invalid training dataset. Line {max(count, 1)}: {error}.")
    if count < MIN_RECORDS:
        return Report(count, f"Invalid training dataset. It has {count} examples; at least {MIN_RECORDS} are required.")
    return Report(count)


def _lines(content: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in content:
        parts = (rest + chunk).split(b"\n")
        rest = parts.pop()
        if len(rest) > _MAX_LINE:
            raise _Bad("the line is longer than 64 MiB")
        yield from parts
    if rest:
        yield rest


def _check_line(line: bytes, number: int) -> None:
    if number == 1 and line.startswith(b"\xef\xbb\xbf"):
        raise _Bad("the file must be UTF-8 without a byte order mark")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Bad("the file must be encoded in UTF-8") from error
    if not text.strip():
        raise _Bad("the line is empty")
    try:
        record = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _Bad("the line is not valid JSON") from error
    if not isinstance(record, dict):
        raise _Bad("every line must be a JSON object")
    for key in ("prompt", "completion"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise _Bad(f"'{key}' is required, a text that is not empty")
    unknown = sorted(set(record) - {"prompt", "completion"})
    if unknown:
        raise _Bad(f"unknown key '{unknown[0]}'")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record
