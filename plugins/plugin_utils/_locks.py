# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks, so that one task of this controller at a time starts a model.

Private to llmops.finetune; may change at any time.

Several hosts of a play, or several plays, may want the same model. A lock is a file in a folder that only this user can
use. The kernel holds the lock while the process lives: a task that is killed leaves an empty file, but no lock. Locks
do not work between controllers, and on file systems without locks. For these cases the engine looks again after each
start.
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

PAUSE = 0.2  # seconds between two attempts to take a lock that another task holds


class Locks:
    """The locks of one task. Every task takes them in the same order, so that two tasks never wait for each other.

    ``folder``: None if there can be no locks.
    """

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
        """Hold the lock ``name`` until ``key`` is released. Returns whether this call took it.

        While another task holds the lock, ``wait`` is called. It returns whether to try again. The result is False if
        ``wait`` returned False, if there can be no lock here, or if ``key`` has a lock already.
        """
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
        """Release the lock of ``key``, if there is one, so that the next task can take it."""
        held = self._held.pop(key, None)
        if held is None:
            return
        number, path = held
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(number)


def _locked(path: Path) -> int | None:
    """The file descriptor of the locked file; None if another process holds the lock. Raises OSError."""
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
        os.close(number)  # the previous holder has removed the file; another task may have created a new one
        return None
    return number


def folder_in(base: Path) -> Path | None:
    """A folder for locks in ``base`` to which no other user has access; None if there can be none."""
    path = base / f"llmops-finetune-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError:
        return None
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
    return path if own else None


def lock_name(*of: Any) -> str:
    """A file name for plain data. It is a hash, because the data may have any characters."""
    return hashlib.sha256(json.dumps(of, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()[:32]
