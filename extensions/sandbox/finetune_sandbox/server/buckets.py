# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The common part of the object stores: versions of objects in buckets, and uploads in parts.

Each store has subclasses of these classes. They are dataclasses with the attributes that the store's API shows.
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
    """One version of an object, or a delete marker. size: in bytes."""

    key: str
    id: str
    size: int
    segments: list[Segment]
    marker: bool

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from start up to stop, without stop. If stop is None, all bytes from start on."""
        return read_segments(self.segments, start, self.size if stop is None else stop)

    def drop(self) -> None:
        """Remove the files of the version."""
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
        """Keep a part. It replaces an older part with the same number."""
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
    """A bucket. versions: by key, oldest first. keys: sorted."""

    versions: dict[str, list[V]]
    keys: list[str]

    def current(self, key: str) -> V | None:
        """The newest version. None if the object does not exist or is deleted."""
        versions = self.versions.get(key)
        return None if not versions or versions[-1].marker else versions[-1]

    def find(self, key: str, version_id: str | None) -> V | None:
        """The version with this id, or the newest one if version_id is None. It may be a delete marker.

        None if there is none.
        """
        versions = self.versions.get(key)
        if not versions:
            return None
        if version_id is None:
            return versions[-1]
        return next((version for version in versions if version.id == version_id), None)

    def keys_from(self, prefix: str, start: str = "") -> Iterator[str]:
        """The keys with this prefix, from `start` on, sorted."""
        index = bisect_left(self.keys, max(prefix, start))
        while index < len(self.keys) and self.keys[index].startswith(prefix):
            yield self.keys[index]
            index += 1

    def add(self, version: V) -> V:
        """Add a version as the newest one of its key."""
        versions = self.versions.setdefault(version.key, [])
        if not versions:
            insort(self.keys, version.key)
        versions.append(version)
        return version

    def remove(self, version: V) -> None:
        """Remove a version and its files."""
        versions = self.versions[version.key]
        versions.remove(version)
        version.drop()
        if not versions:
            del self.versions[version.key]
            del self.keys[bisect_left(self.keys, version.key)]


B = TypeVar("B", bound=BaseBucket[Any])


class BaseStore(Generic[B]):
    """All buckets, by name. `lock` guards everything except the writing of contents."""

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
        """Remove all buckets and contents."""
        with self.lock:
            self.buckets.clear()
            self.contents.clear()
