# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dataset formats there are. Private to llmops.finetune; may change at any time.

A new family adds its module here, and nothing anywhere else. (Imports are explicit because Ansible sends a
module only what it can see being imported.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import bedrock_formats, chat, oci_formats
from .formats import Format

FORMATS: dict[str, Format] = {
    form.name: form for form in (*chat.FORMATS, *bedrock_formats.FORMATS, *oci_formats.FORMATS)
}


def foreign_format(example: dict[str, Any]) -> str:
    """Name a format that an example has and no host takes; empty for one that is not known either."""
    keys = example.keys()
    if "instruction" in keys and ("output" in keys or "response" in keys):
        return f"Alpaca's format ({', '.join(key for key in keys if key in _ALPACA)})"
    if isinstance(example.get("conversations"), list) or isinstance(example.get("conversation"), list):
        return "ShareGPT's format (conversations with from and value)"
    if {"chosen", "rejected"} <= keys:
        return "the preference format of TRL (chosen, rejected)"
    if isinstance(example.get("contents"), list):
        return "Gemini's format (contents with parts)"
    if {"question", "answer"} <= keys:
        return "a format of questions and answers (question, answer)"
    return "the format of plain texts (text)" if isinstance(example.get("text"), str) else ""


_ALPACA = ("instruction", "input", "output", "response")


def detect(example: dict[str, Any], accepted: Sequence[str] = ()) -> Format | None:
    """Return the format that an example looks like, or None.

    The format that it looks like most. Where several are alike (the same example may be valid in two), one that the
    host accepts; of several such, in the order of ``accepted``, else in that of FORMATS.
    """
    best: tuple[int, int, int] | None = None
    found = None
    for place, form in enumerate(FORMATS.values()):
        sure = int(form.recognises(example))
        if sure:
            rank = (sure, -accepted.index(form.name), 0) if form.name in accepted else (sure, -len(FORMATS), -place)
            if best is None or rank > best:
                best, found = rank, form
    return found
