# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Additions that only some hosts and gateways accept: headers, query parameters, and keys of a job's body.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..._engine.errors import InvalidInput
from .hosts import Host

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_LONGEST = 8192  # characters; more than common servers accept for one header
_DEEPEST = 32
_OWN_HEADERS = {
    "authorization": "api_key",
    "openai-organization": "organization",
    "openai-project": "project",
}
_PROTOCOL = (
    *("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host"),
    *("transfer-encoding", "upgrade"),
)
_OWN_QUERY = ("after", "limit", "order", "purpose")
_OWN_BODY = {
    **{
        key: key
        for key in (
            *("model", "training_file", "validation_file", "hyperparameters", "method", "suffix", "seed"),
            *("integrations", "metadata"),
        )
    },
    "trainingType": "training_type",
}


def headers(values: Mapping[str, Any] | None, host: Host) -> dict[str, str]:
    """``extra_headers`` as they are sent. Raises InvalidInput; the message quotes no value."""
    found: dict[str, str] = {}
    for name, value in (values or {}).items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInput(
                "extra_headers: a name is not one of a header.", hint="It has neither spaces nor colons."
            )
        instead = _OWN_HEADERS.get(name.lower()) or ("api_key" if host.azure and name.lower() == "api-key" else "")
        _refuse_own("extra_headers", name, instead, own=bool(instead) or name.lower() in _PROTOCOL)
        text = _scalar("extra_headers", name, value)
        if text is None:
            continue
        if not _VALUE.fullmatch(text) or len(text) > _LONGEST:
            raise InvalidInput(
                f"extra_headers: the value of '{name}' is empty, too long, or has a line break or another character "
                "that no header has.",
                hint="It was probably read from a file with the line's end; the filter 'trim' takes that off.",
            )
        if name.lower() in (known.lower() for known in found):
            raise InvalidInput(f"extra_headers: '{name}' is given twice, in other letters.", hint="Give it once.")
        found[name] = text
    return found


def query(values: Mapping[str, Any] | None, host: Host) -> dict[str, str]:
    """``extra_query`` as it is sent. Raises InvalidInput."""
    found: dict[str, str] = {}
    for name, value in (values or {}).items():
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("extra_query: a name is empty or no text.", hint="Give texts as names.")
        dated = host.azure and not host.v1 and name.lower() == "api-version"
        own = name in _OWN_QUERY or name.startswith("metadata") or dated
        _refuse_own("extra_query", name, "api_version" if dated else "", own=own)
        text = _scalar("extra_query", name, value)
        if text is not None:
            found[name] = text
    return found


def body(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """``extra_body`` as it is sent, without null values. Raises InvalidInput."""
    for name, value in (values or {}).items():
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("extra_body: a key is empty or no text.", hint="Give texts as keys.")
        _refuse_own("extra_body", name, _OWN_BODY.get(name, ""), own=name in _OWN_BODY)
        if not _is_json(value):
            raise InvalidInput(f"extra_body: the value of '{name}' cannot be written as JSON.")
    return {name: value for name, value in (values or {}).items() if value is not None} or None


def _refuse_own(option: str, name: str, instead: str, *, own: bool) -> None:
    if own:
        raise InvalidInput(
            f"{option}: '{name}' is sent by this collection itself.",
            hint=f"Give the option {instead}." if instead else "Leave it out.",
        )


def _scalar(option: str, name: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return None
    if isinstance(value, (str, int, float)) and not (isinstance(value, float) and not math.isfinite(value)):
        return str(value)
    raise InvalidInput(f"{option}: the value of '{name}' is not a text, a number or true or false.")


def _is_json(value: Any, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(item, depth + 1) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_json(item, depth + 1) for item in value)
    return value is None or (
        isinstance(value, (str, bool, int, float)) and not (isinstance(value, float) and not math.isfinite(value))
    )
