# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task of this controller at a time starts a model: several hosts of a play, or several plays, may want the same.

Private to llmops.finetune; may change at any time.

A lock is a file in a folder of this user's own, held by the kernel for as long as the process lives: a task that is
killed leaves an empty file, and no lock. What locks cannot do (other controllers, file systems without locks) the
engine does by looking again after each start.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

PAUSE = 0.2  # seconds between two looks at a lock that another holds


class Locks:
    """The locks of one task. They are taken in one order, so that two tasks never wait for each other."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._held: dict[str, tuple[int, Path]] = {}

    def __enter__(self) -> Locks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key in list(self._held):
            self.release(key)

    def take(self, key: str, name: str, wait: Callable[[], bool]) -> bool:
        """Hold the lock ``name`` until ``key`` is released. ``wait`` is called while another holds it, and says whether
        to go on trying. False: it is not held, for that or because there can be none here."""
        if self.folder is None or key in self._held:
            return False
        path = self.folder / f"{name}.lock"
        while True:
            try:
                found = _locked(path)
            except OSError:
                return False
            if found is not None:
                self._held[key] = (found, path)
                return True
            if not wait():
                return False

    def release(self, key: str) -> None:
        """Let the next one go on."""
        held = self._held.pop(key, None)
        if held is None:
            return
        number, path = held
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(number)


def _locked(path: Path) -> int | None:
    """An open file that is locked; None where another process holds it."""
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        here, there = os.fstat(number), path.lstat()
    except (BlockingIOError, FileNotFoundError):
        os.close(number)
        return None
    except OSError:
        os.close(number)
        raise
    if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        os.close(number)  # the one that held it has removed the file; another may have made it anew
        return None
    return number


def folder_in(base: Path) -> Path | None:
    """A folder for locks that nobody else can write to; None where there can be none."""
    path = base / f"llmops-finetune-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    return path if own else None


def lock_name(*of: Any) -> str:
    """A file's name for plain data: a hash, as the data may be anything."""
    return hashlib.sha256(json.dumps(of, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()[:32]
