# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploaded contents. They are in files, never in memory. A multipart object is a list of the files of its parts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from finetune_sandbox.server import checksums

_CHUNK = 1 << 20


@dataclass
class Segment:
    """A file with one piece of an object. size: in bytes."""

    path: Path
    size: int


@dataclass
class Stored:
    """Uploaded content that no object uses yet. checksums: the digest by algorithm."""

    segment: Segment
    md5: bytes
    checksums: dict[str, bytes]


def discard(stored: Stored) -> None:
    """Remove content that no object will use."""
    stored.segment.path.unlink(missing_ok=True)


@contextmanager
def kept(stored: Stored) -> Iterator[None]:
    """A context that removes the content if its body fails."""
    try:
        yield
    except BaseException:
        discard(stored)
        raise


def read_segments(segments: Sequence[Segment], start: int, stop: int) -> Iterator[bytes]:
    """The bytes from start up to stop, without stop, in chunks."""
    left = stop - start
    for segment in segments:
        if start >= segment.size:
            start -= segment.size
            continue
        if left <= 0:
            return
        with segment.path.open("rb") as file:
            file.seek(start)
            start = 0
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk


class Contents:
    """A folder of uploaded contents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0

    def write(self, chunks: Iterable[bytes], algorithms: Iterable[str] = ()) -> Stored:
        """Write content into a file, and compute its checksums. If `chunks` fails, the file is removed."""
        with self._lock:
            self._count += 1
            path = self._folder / f"{self._count:08d}"
        md5 = hashlib.md5(usedforsecurity=False)
        sums = {name: checksums.new(name) for name in algorithms}
        size = 0
        try:
            with path.open("wb", buffering=0) as file:
                for chunk in chunks:
                    file.write(chunk)
                    md5.update(chunk)
                    for each in sums.values():
                        each.update(chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Stored(Segment(path, size), md5.digest(), {name: each.digest() for name, each in sums.items()})

    def clear(self) -> None:
        """Remove everything."""
        for path in self._folder.iterdir():
            with suppress(OSError):
                path.unlink()
