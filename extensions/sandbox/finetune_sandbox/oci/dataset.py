# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of training data: the sandbox's own verdict, independent of the collection's.

The rules stand in docs/data_rules.md. Source: OCI Generative AI documentation, "Training Data Requirements": one JSONL
file in UTF-8, each line an object with `prompt` and `completion`, at least 32 of them; of Command R a prompt has at
most 16,000 tokens, a completion 4,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from finetune_sandbox.server import strict_json
from finetune_sandbox.server.answers import Example, Prompt
from finetune_sandbox.server.training_data import BadLine, Report, lines

MIN_RECORDS = 32
TOKENS = {"cohere.command-r-08-2024": {"prompt": 16_000, "completion": 4_000}}
"""The longest texts, by the name of the base model. A token is taken for four characters."""


def check(content: Iterable[bytes], base: str = "") -> Report:
    """Read a dataset, given in pieces. base: the name of the base model."""
    count = 0
    longest = TOKENS.get(base, {})
    try:
        for line in lines(content):
            count += 1
            _check_line(line, count, longest)
    except BadLine as error:
        return Report(count, f"Invalid training dataset. Line {max(count, 1)}: {error}.")
    if count < MIN_RECORDS:
        return Report(count, f"Invalid training dataset. It has {count} examples; at least {MIN_RECORDS} are required.")
    return Report(count)


def _check_line(line: bytes, number: int, longest: dict[str, int]) -> None:
    if number == 1 and line.startswith(b"\xef\xbb\xbf"):
        raise BadLine("the file must be UTF-8 without a byte order mark")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLine("the file must be encoded in UTF-8") from error
    if not text.strip():
        raise BadLine("the line is empty")
    try:
        record = strict_json.loads(text, unique=True)
    except ValueError as error:
        raise BadLine("the line is not valid JSON") from error
    if not isinstance(record, dict):
        raise BadLine("every line must be a JSON object")
    for key in ("prompt", "completion"):
        if not isinstance(record.get(key), str) or not record[key].strip():
            raise BadLine(f"'{key}' is required, a text that is not empty")
        if key in longest and len(record[key]) > 4 * longest[key]:
            raise BadLine(f"'{key}' has more than {longest[key]} tokens")
    unknown = sorted(set(record) - {"prompt", "completion"})
    if unknown:
        raise BadLine(f"unknown key '{unknown[0]}'")


def read_examples(record: dict[str, Any]) -> Iterator[Example]:
    """The example of a line of training data."""
    prompt, completion = record.get("prompt"), record.get("completion")
    if isinstance(prompt, str) and isinstance(completion, str):
        yield Example(Prompt(prompt.strip()), completion.strip())
