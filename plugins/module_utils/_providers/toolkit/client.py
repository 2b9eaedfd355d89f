# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What making a client has in common: the provider's SDK is loaded, the client is shared, the options are read.

Private to llmops.finetune; may change at any time.

Nothing that is read here is part of a message: neither the value of an option, which may be a key by mistake, nor a
line of a file.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from configparser import DuplicateOptionError, DuplicateSectionError, MissingSectionHeaderError, RawConfigParser
from configparser import Error as ConfigError
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine.errors import InvalidInput, MissingLibrary
from ..._engine.secrets import HOST, is_path, mask, no_file

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_T = TypeVar("_T")
_loading = threading.RLock()
TRIM = "It was probably read from a file with the line's end; the filter 'trim' takes that off."
_KEY = re.compile(r"[!-~]+")
_SHORT = 4  # what is shorter is a word of other texts too


# -- the SDK ---------------------------------------------------------------------------------------------------


def load(
    library: str, purpose: str, *, package: str = "", without: Sequence[str] = (), later: Sequence[str] = ()
) -> ModuleType:
    """Import ``library``; raises MissingLibrary, saying what it is needed for, where it is not installed.

    ``package``: the name under which it is installed, if that is not the first part of its own.

    ``without``: what it would import too where that is installed, and we have no use for. ``later``: packages that it
    would import too; they are imported when something is taken out of them. Before that their modules can be imported
    by themselves: an SDK's ``__init__`` often draws in a thousand of which one was asked for.

    An SDK makes some hundred thousand objects that live as long as the process. The garbage collector would walk
    them again and again while they are made, and once more at the end: a tenth of a second or two of each task.
    """
    with _loading:  # what another thread has begun to import is listed before it can be used
        found = sys.modules.get(library)
        if found is not None:
            return found
        collecting = gc.isenabled()
        gc.disable()
        absent = [name for name in without if name not in sys.modules]
        stand_ins: dict[str, Any] = {name: _Later(name) for name in later if name not in sys.modules}
        # None is Python's word for what cannot be imported.
        stand_ins.update(dict.fromkeys(absent))
        sys.modules.update(stand_ins)
        try:
            return import_module(library)
        except ImportError as error:
            missing = package or library.partition(".")[0]
            raise MissingLibrary(missing, purpose, traceback.format_exc()) from error
        finally:
            for name in absent:
                del sys.modules[name]
            gc.freeze()
            if collecting:
                gc.enable()


class _Later(ModuleType):
    """Stands for a package until something else than its modules is taken out of it; importlib's LazyLoader would only
    until its next import. Its modules take each other out of it too, before the package could be imported."""

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":
            parent, _dot, own = self.__name__.rpartition(".")
            return [str(Path(path) / own) for path in sys.modules[parent].__path__]
        if sys.modules.get(self.__name__) is self:
            if not name.startswith("_") and find_spec(f"{self.__name__}.{name}"):
                return import_module(f"{self.__name__}.{name}")
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def shared(module: Any, key: Hashable, make: Callable[[], _T], *, threads: bool = True) -> _T:
    """What ``make`` makes, once for all tasks of a process that are run side by side; a module has its own.

    Such tasks have ``clients``, a dictionary that is theirs together. ``threads``: whether it may be used by several
    threads; if not, each has one.
    """
    kept = getattr(module, "clients", None)
    if kept is None:
        return make()
    slot = (key, None if threads else threading.get_ident())
    with _loading:
        if slot not in kept:
            kept[slot] = make()
        found: _T = kept[slot]
    return found


# -- options ---------------------------------------------------------------------------------------------------


def fill_from_environment(
    options: dict[str, Any], variables: Mapping[str, str | Sequence[str]], skip: Collection[str] = ()
) -> None:
    """Take the options that say nothing from the environment, if a variable is set there; the first one counts."""
    for option, names in variables.items():
        if option not in skip:
            names = (names,) if isinstance(names, str) else names
            options[option] = options[option] or next(
                (os.environ[name] for name in names if os.environ.get(name)), None
            )


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
