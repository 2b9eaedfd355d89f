# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code that all clients share: it loads the provider's SDK, shares a client, and reads the options.

Private to llmops.finetune; may change at any time.

No message quotes an option's value that may be a key by mistake, or a line of a file.
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
_SHORT = 4  # characters; a shorter text is not masked, because it occurs in other texts too


# -- the SDK ---------------------------------------------------------------------------------------------------


def load(
    library: str, purpose: str, *, package: str = "", without: Sequence[str] = (), later: Sequence[str] = ()
) -> ModuleType:
    """Import ``library``. Raises MissingLibrary with the ``purpose`` if it is not installed.

    ``package``: the name under which it is installed, if that is not the first part of the library's name.

    ``without``: modules that the library would import too if they are installed, but that we do not need. They seem to
    be missing during the import. ``later``: packages that it would import too. Such a package is imported when
    something is read from it. Before that, its modules can be imported one by one: an SDK's ``__init__`` often imports
    a thousand modules although one is needed.

    The garbage collector is off during the import, and skips the new objects afterwards. An SDK makes some hundred
    thousand objects that live as long as the process. The collector would visit them many times during the import,
    and once more at the end of the process: this takes a tenth of a second or two in each task.
    """
    with _loading:  # sys.modules lists a library before another thread has finished its import
        found = sys.modules.get(library)
        if found is not None:
            return found
        collecting = gc.isenabled()
        gc.disable()
        absent = [name for name in without if name not in sys.modules]
        stand_ins: dict[str, Any] = {name: _Later(name) for name in later if name not in sys.modules}
        # Python refuses to import a module whose entry in sys.modules is None.
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
    """Stands for a package until something other than its modules is read from it.

    importlib's LazyLoader would stand for it only until its next import. The modules of the package read each other
    from it too, at a time when the package itself cannot be imported yet.
    """

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
    """The result of ``make``, which is called once for each ``key`` and all models of one process.

    A module calls it for itself. The contexts of the models of one process share the dictionary ``clients``.
    ``threads``: whether several threads may use the result; if not, each thread has its own.
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
    """Fill the options without a value from environment variables. The first variable with a value counts.

    ``skip``: options that stay as they are.
    """
    for option, names in variables.items():
        if option not in skip:
            names = (names,) if isinstance(names, str) else names
            options[option] = options[option] or next(
                (os.environ[name] for name in names if os.environ.get(name)), None
            )


def is_key(value: str) -> bool:
    """Whether a text can be a key: visible ASCII characters only.

    The HTTP library refuses any other text, and its error shows the text in clear.
    """
    return _KEY.fullmatch(value) is not None


def check_key(module: AnsibleModule, option: str, value: str | None) -> None:
    """Raise InvalidInput if the value cannot be a key."""
    if value and not is_key(value):
        raise character_error(module, option, value, "key")


def character_error(module: AnsibleModule, option: str, value: str, noun: str) -> InvalidInput:
    """The error for a value with a character that is not allowed in it. The value is masked."""
    mask(module, [value])
    return InvalidInput(f"{option} has a space, a line break or another character that no {noun} has.", hint=TRIM)


def check_path(module: AnsibleModule, option: str, value: str | None, hint: str = "Give a path.") -> None:
    """Raise InvalidInput if the value is not the path of a file. The value is masked, because it may be a key."""
    if value and not is_path(value):
        mask(module, [value])
        raise InvalidInput(f"{option} is not the path of a file.", hint=hint)


def check_file(module: AnsibleModule, option: str, value: str | None) -> None:
    """Raise InvalidInput if the value is not the path of an existing file."""
    check_path(module, option, value)
    if value and not is_file(value):
        raise InvalidInput(f"{option}: {no_file(value)}")


def is_file(path: str) -> bool:
    """Whether the file exists. ``~`` is the home of the user."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def check_address(module: AnsibleModule, option: str, url: str | None, instead: str) -> None:
    """Raise InvalidInput if ``url`` has a user, a password or a query, or is not a URL of http or https.

    ``instead``: a hint about the place of a credential. The parts of the URL that may be secret are masked, because a
    failed task shows its options as they were given.
    """
    if not url:
        return
    # The whole URL is split at the last "@": a password may have a slash, and the path of an API has no "@".
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
            mask(module, [url])  # it may be a key
        raise InvalidInput(f"{option} is not a URL, which starts with https:// or http://.")


# -- files of profiles -----------------------------------------------------------------------------------------


def read_profiles(raw: bytes, what: str, *parsers: RawConfigParser) -> None:
    """Read a file of profiles with each parser. Raises InvalidInput with the number of the wrong line, not its text."""
    text = decode(raw, what)
    try:
        for parser in parsers:
            parser.read_string(text)
    except ConfigError as error:
        raise InvalidInput(
            f"{what} {_describe_config_error(error)}.", hint="Each line is [profile] or entry = value."
        ) from None


def decode(raw: bytes, what: str) -> str:
    """The text of a file of credentials. Raises InvalidInput if it is not UTF-8 or has a BOM, and quotes nothing."""
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
    """Describes the error in a file of profiles by the number of the line."""
    if isinstance(error, DuplicateOptionError):
        return f"has an entry twice in one profile, again in line {error.lineno}"
    if isinstance(error, DuplicateSectionError):
        return f"has a profile twice, again in line {error.lineno}"
    if isinstance(error, MissingSectionHeaderError):
        return f"has an entry before the first profile, in line {error.lineno}"
    lines = sorted({int(found[0]) for found in getattr(error, "errors", ())})
    return f"has no '=' in line {', '.join(str(line) for line in lines)}" if lines else "cannot be read"
