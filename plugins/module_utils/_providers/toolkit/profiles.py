# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a file of profiles, without a word of it. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from configparser import DuplicateOptionError, DuplicateSectionError, MissingSectionHeaderError
from configparser import Error as ConfigError

from ..._engine.errors import InvalidInput


def decoded(raw: bytes, what: str) -> str:
    """The text of a file of credentials; raises InvalidInput without a word of it."""
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput(
            f"{what} begins with a byte order mark (BOM).",
            hint="Save it as UTF-8 without one; editors of Windows do so.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{what} is not UTF-8, in line {line}.", hint="Save it as UTF-8.") from None


def broken(error: ConfigError) -> str:
    """Where such a file is wrong, by the number of the line."""
    if isinstance(error, DuplicateOptionError):
        return f"has an entry twice in one profile, again in line {error.lineno}"
    if isinstance(error, DuplicateSectionError):
        return f"has a profile twice, again in line {error.lineno}"
    if isinstance(error, MissingSectionHeaderError):
        return f"has an entry before the first profile, in line {error.lineno}"
    lines = sorted({int(found[0]) for found in getattr(error, "errors", ())})
    return f"has no '=' in line {', '.join(str(line) for line in lines)}" if lines else "cannot be read"
