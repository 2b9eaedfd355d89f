# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loading a provider's SDK, and sharing its clients.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import gc
import sys
import threading
import traceback
from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from ..._engine.errors import MissingLibrary

_T = TypeVar("_T")
_loading = threading.RLock()


def load(library: str, purpose: str, *, without: Sequence[str] = (), later: Sequence[str] = ()) -> ModuleType:
    """Import ``library``; raises MissingLibrary, saying what it is needed for, where it is not installed.

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
            package = library.partition(".")[0]
            raise MissingLibrary(package, purpose, traceback.format_exc()) from error
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
    place = (key, None if threads else threading.get_ident())
    with _loading:
        if place not in kept:
            kept[place] = make()
        found: _T = kept[place]
    return found
