# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the object stores have in common: versions of objects in buckets, and uploads in parts.

Each store has its own dataclasses below these, with what its API shows of a version, an upload and a bucket.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.contents import Contents, Segment, Stored, discard, read_segments
from finetune_sandbox.server.ids import Ids


class BaseVersion:
    """One version of an object, or a delete marker."""

    key: str
    id: str
    size: int
    segments: list[Segment]
    marker: bool

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from start to stop."""
        return read_segments(self.segments, start, self.size if stop is None else stop)

    def drop(self) -> None:
        """Remove its files."""
        for segment in self.segments:
            segment.path.unlink(missing_ok=True)


class BasePart(Protocol):
    """A part of an upload."""

    number: int
    stored: Stored


V = TypeVar("V", bound=BaseVersion)
P = TypeVar("P", bound=BasePart)


class BaseUpload(Generic[P]):
    """An upload in parts. parts: by number."""

    parts: dict[int, P]

    def put(self, part: P) -> P:
        """Keep a part, in place of an older one of its number."""
        old = self.parts.get(part.number)
        self.parts[part.number] = part
        if old is not None:
            discard(old.stored)
        return part

    def drop(self, *numbers: int) -> None:
        """Remove the files of these parts."""
        for number in numbers:
            if number in self.parts:
                discard(self.parts[number].stored)


class BaseBucket(Generic[V]):
    """A bucket. versions: of a key, oldest first; keys: in order."""

    versions: dict[str, list[V]]
    keys: list[str]

    def current(self, key: str) -> V | None:
        """The newest version, unless the object is deleted."""
        versions = self.versions.get(key)
        return None if not versions or versions[-1].marker else versions[-1]

    def find(self, key: str, version_id: str | None) -> V | None:
        """A version (delete markers included) by id, or the newest one."""
        versions = self.versions.get(key)
        if not versions:
            return None
        if version_id is None:
            return versions[-1]
        return next((version for version in versions if version.id == version_id), None)

    def keys_from(self, prefix: str, start: str = "") -> Iterator[str]:
        """Keys with this prefix, from `start` on, in order."""
        index = bisect_left(self.keys, max(prefix, start))
        while index < len(self.keys) and self.keys[index].startswith(prefix):
            yield self.keys[index]
            index += 1

    def add(self, version: V) -> V:
        """Make it the newest version of its key."""
        versions = self.versions.setdefault(version.key, [])
        if not versions:
            insort(self.keys, version.key)
        versions.append(version)
        return version

    def remove(self, version: V) -> None:
        """Take it away with its files."""
        versions = self.versions[version.key]
        versions.remove(version)
        version.drop()
        if not versions:
            del self.versions[version.key]
            del self.keys[bisect_left(self.keys, version.key)]


B = TypeVar("B", bound=BaseBucket[Any])


class BaseStore(Generic[B]):
    """All buckets, by name. `lock` guards everything but the writing of contents."""

    def __init__(self, clock: Clock, folder: Path, ids: Ids) -> None:
        self.clock, self.ids = clock, ids
        self.contents = Contents(folder)
        self.lock = threading.RLock()
        self.buckets: dict[str, B] = {}

    def list_objects(self) -> list[str]:
        """``bucket/key`` of every object that is not deleted."""
        with self.lock:
            return [
                f"{name}/{key}" for name, bucket in self.buckets.items() for key in bucket.keys if bucket.current(key)
            ]

    def reset(self) -> None:
        """Forget all."""
        with self.lock:
            self.buckets.clear()
            self.contents.clear()
