# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What signing in has in common: options from the environment, and what is wrong with a key, a path or an address.

Private to llmops.finetune; may change at any time.

What is read here is never part of a message: neither the value of an option, which may be a key by mistake, nor a line
of a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from configparser import DuplicateOptionError, DuplicateSectionError, MissingSectionHeaderError, RawConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._engine.errors import InvalidInput
from ..._engine.secrets import HOST, is_path, mask, no_file

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

TRIM = "It was probably read from a file with the line's end; the filter 'trim' takes that off."
_KEY = re.compile(r"[!-~]+")
_SHORT = 4  # what is shorter is a word of other texts too


def fill_from_environment(
    given: dict[str, Any], variables: Mapping[str, str | Sequence[str]], skip: Collection[str] = ()
) -> None:
    """Take the options that say nothing from the environment, if a variable is set there; the first one counts."""
    for option, names in variables.items():
        if option not in skip:
            names = (names,) if isinstance(names, str) else names
            given[option] = given[option] or next((os.environ[name] for name in names if os.environ.get(name)), None)


# -- options ---------------------------------------------------------------------------------------------------


def is_key(value: str) -> bool:
    """Whether a text can be a key: another one would come back, in clear, in the error of the HTTP library."""
    return _KEY.fullmatch(value) is not None


def check_key(module: AnsibleModule, option: str, value: str | None) -> None:
    """Raise InvalidInput for what no key is."""
    if value and not is_key(value):
        raise character_error(module, option, value, "key")


def character_error(module: AnsibleModule, option: str, value: str, noun: str) -> InvalidInput:
    """The error for a value with a character that it cannot have. The value is masked."""
    mask(module, [value])
    return InvalidInput(f"{option} has a space, a line break or another character that no {noun} has.", hint=TRIM)


def check_path(module: AnsibleModule, option: str, value: str | None, hint: str = "Give a path.") -> None:
    """Raise InvalidInput for what is not the path of a file. It is masked: it may be a key."""
    if value and not is_path(value):
        mask(module, [value])
        raise InvalidInput(f"{option} is not the path of a file.", hint=hint)


def check_file(module: AnsibleModule, option: str, value: str | None) -> None:
    """Raise InvalidInput for what is not the path of a file that is there."""
    check_path(module, option, value)
    if value and not is_file(value):
        raise InvalidInput(f"{option}: {no_file(value)}")


def is_file(path: str) -> bool:
    """Whether a file is there. ``~`` is the home of the user."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def check_address(module: AnsibleModule, option: str, url: str | None, instead: str) -> None:
    """Raise InvalidInput for what is no plain URL. ``instead``: where a credential belongs.

    What such a URL holds is masked: the refusal names the options as they were given.
    """
    if not url:
        return
    # Of the whole: a password may hold a slash, and the path of an API holds no "@".
    user, at, _host = url.partition("//")[2].rpartition("@")
    query = url.partition("?")[2]
    words = {user, user.partition(":")[2], query, *(part.partition("=")[2] for part in query.split("&"))}
    mask(module, (word for word in words if len(word) >= _SHORT))
    if at:
        raise InvalidInput(f"{option} holds a user or a password.", hint=instead)
    if query:
        raise InvalidInput(f"{option} has a query.", hint=f"Give what is before the '?'. {instead}")
    if not url.startswith(("http://", "https://")):
        if HOST.fullmatch(url):
            raise InvalidInput(f"{option} is '{url}'; it is a URL that starts with https:// or http://.")
        if len(url) >= _SHORT:
            mask(module, [url])  # a key, perhaps
        raise InvalidInput(f"{option} is not a URL, which starts with https:// or http://.")


# -- files of profiles -----------------------------------------------------------------------------------------


def read_profiles(raw: bytes, what: str, *parsers: RawConfigParser) -> None:
    """Read a file of profiles with each parser. Raises InvalidInput that says what is wrong by the line's number."""
    text = decode(raw, what)
    try:
        for parser in parsers:
            parser.read_string(text)
    except ConfigError as error:
        raise InvalidInput(
            f"{what} {_describe_config_error(error)}.", hint="Each line is [profile] or entry = value."
        ) from None


def decode(raw: bytes, what: str) -> str:
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


def _describe_config_error(error: ConfigError) -> str:
    """Where such a file is wrong, by the number of the line."""
    if isinstance(error, DuplicateOptionError):
        return f"has an entry twice in one profile, again in line {error.lineno}"
    if isinstance(error, DuplicateSectionError):
        return f"has a profile twice, again in line {error.lineno}"
    if isinstance(error, MissingSectionHeaderError):
        return f"has an entry before the first profile, in line {error.lineno}"
    lines = sorted({int(found[0]) for found in getattr(error, "errors", ())})
    return f"has no '=' in line {', '.join(str(line) for line in lines)}" if lines else "cannot be read"
