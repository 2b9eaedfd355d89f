# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Converting values of a host's answer, whose fields may be missing, null or of another type, and safe texts for a
terminal, which must not obey a text of a host or a user.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.common.parameters import remove_values

from .compare import number

# What a terminal obeys, XML forbids, UTF-8 cannot hold (lone surrogates), ends a line, or reorders the text around it.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
_FOLD = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029 ]+")
_NEXT = re.compile(r"\n(?![ \t\n]|$)")
_LONGEST_LINE = 400  # characters of a host's text in a line of progress


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value of a tag or of metadata as text; booleans as YAML writes them."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def timestamp(value: Any) -> float | None:
    """Unix time in seconds of a number, a date or an ISO 8601 text; else None."""
    if isinstance(value, str) and number(value) is None:
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except (ValueError, OverflowError):
            return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    found = number(value)
    return None if found is None else float(found)


def escape_controls(text: str) -> str:
    """The text with every control character, lone surrogate and bidirectional override spelt out, as in ``\\u202e``.
    Tabs and line ends stay."""
    return _UNSEEN.sub(_spelt, text.replace("\r\n", "\n"))


def _spelt(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """The text as one line for a terminal."""
    line = escape_controls(_FOLD.sub(" ", text)).strip()
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def paragraph(text: str) -> str:
    """The text for a terminal: its further lines are indented, so that none passes for a line of Ansible's own."""
    return _NEXT.sub("\n  ", escape_controls(text))


def sanitize(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Plain data for a terminal, with no control characters. Secrets are masked first: they would be missed later."""
    if isinstance(value, str):
        return escape_controls(str(remove_values(value, secrets))) if _UNSEEN.search(value) else value
    if isinstance(value, Mapping):
        return {sanitize(key, secrets): sanitize(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [sanitize(item, secrets) for item in value]
    return value


def format_message(text: str, secrets: Iterable[str] = ()) -> str:
    """A message or a warning for a terminal, its secrets masked."""
    return paragraph(str(remove_values(text, secrets)))
