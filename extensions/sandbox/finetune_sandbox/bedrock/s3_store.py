# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and objects. Contents lie in files, never in memory; a multipart object is the list of its parts' files."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.frame.clock import Clock
from finetune_sandbox.frame.contents import Contents, Segment, Stored, read_segments
from finetune_sandbox.frame.ids import Ids


@dataclass
class Version:
    """One version of an object, or a delete marker. headers: Content-Type and the like, as given."""

    key: str
    id: str
    modified: float
    size: int = 0
    etag: str = ""
    segments: list[Segment] = field(default_factory=list)
    parts: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    checksum: tuple[str, str, str] | None = None
    """(algorithm, value, FULL_OBJECT or COMPOSITE)"""
    sse: str = "AES256"
    kms_key: str | None = None
    storage_class: str = "STANDARD"
    marker: bool = False

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from start to stop."""
        return read_segments(self.segments, start, self.size if stop is None else stop)

    def drop(self) -> None:
        """Remove its files."""
        for segment in self.segments:
            segment.path.unlink(missing_ok=True)


@dataclass
class Part:
    """A part of a multipart upload."""

    number: int
    stored: Stored
    modified: float

    @property
    def etag(self) -> str:
        """Hex, without quotes."""
        return self.stored.md5.hex()


@dataclass
class Upload:
    """A multipart upload; `template` holds what its object will have."""

    id: str
    key: str
    started: float
    template: Version
    algorithm: str | None = None
    checksum_type: str = ""
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass
class Bucket:
    """A bucket; versions of a key stand oldest first."""

    name: str
    region: str
    created: float
    versioning: str = ""
    versions: dict[str, list[Version]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)
    completed: dict[str, tuple[str, list[tuple[int, str]], Version]] = field(default_factory=dict)
    """upload id -> key, parts named, object: completing once more gives the same answer"""
    documents: dict[str, bytes] = field(default_factory=dict)
    """configurations kept as they were put: tagging, encryption, policy ..."""
    default_sse: tuple[str, str | None] = ("AES256", None)

    def current(self, key: str) -> Version | None:
        """The newest version, unless the object is deleted."""
        versions = self.versions.get(key)
        return None if not versions or versions[-1].marker else versions[-1]

    def find(self, key: str, version_id: str | None) -> Version | None:
        """A version (delete markers included) by id, or the newest one."""
        versions = self.versions.get(key)
        if not versions:
            return None
        if version_id is None:
            return versions[-1]
        return next((version for version in versions if version.id == version_id), None)

    def keys_from(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys with this prefix that come after `after`, in order."""
        index = bisect_left(self.keys, max(prefix, after))
        while index < len(self.keys):
            key = self.keys[index]
            index += 1
            if not key.startswith(prefix):
                return
            if key > after:
                yield key


class S3Store:
    """All buckets of the account. `lock` guards everything but the writing of contents."""

    def __init__(self, clock: Clock, folder: Path, ids: Ids) -> None:
        self.clock, self.ids, self._contents = clock, ids, Contents(folder)
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}

    def write(self, chunks: Iterable[bytes], algorithms: Iterable[str] = ()) -> Stored:
        """Put content into a file; see Contents.write."""
        return self._contents.write(chunks, algorithms)

    @staticmethod
    def discard(stored: Stored) -> None:
        """Content that was not wanted in the end."""
        Contents.discard(stored)

    def put(self, bucket: Bucket, version: Version) -> Version:
        """Make it the newest version of its key. Call under the lock."""
        versions = bucket.versions.setdefault(version.key, [])
        if not versions:
            insort(bucket.keys, version.key)
        version.modified = self.clock.now()
        if bucket.versioning == "Enabled":
            version.id = self.ids.text(32)
        else:
            version.id = "null"
            for old in [old for old in versions if old.id == "null"]:
                versions.remove(old)
                old.drop()
        versions.append(version)
        return version

    def delete(self, bucket: Bucket, key: str, version_id: str | None) -> Version | None:
        """Delete an object or one version of it; returns the delete marker made or removed, if any."""
        versions = bucket.versions.get(key, [])
        if version_id is not None:
            found = bucket.find(key, version_id)
            if found is None:
                return None
            self._remove(bucket, found)
            return found
        if not bucket.versioning:
            for old in list(versions):
                self._remove(bucket, old)
            return None
        return self.put(bucket, Version(key, "", 0.0, marker=True))

    def _remove(self, bucket: Bucket, version: Version) -> None:
        versions = bucket.versions[version.key]
        versions.remove(version)
        version.drop()
        if not versions:
            del bucket.versions[version.key]
            del bucket.keys[bisect_left(bucket.keys, version.key)]

    def put_bytes(self, bucket: Bucket, key: str, content: bytes, content_type: str) -> Version:
        """An object that a service writes. Call under the lock."""
        stored = self.write([content])
        sse, kms_key = bucket.default_sse
        version = Version(
            key,
            "",
            0.0,
            size=stored.segment.size,
            etag=stored.md5.hex(),
            segments=[stored.segment],
            headers={"Content-Type": content_type},
            sse=sse,
            kms_key=kms_key,
        )
        return self.put(bucket, version)

    def bucket(self, name: str) -> Bucket:
        """By name; AwsError NoSuchBucket."""
        bucket = self.buckets.get(name)
        if bucket is None:
            raise AwsError(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": name})
        return bucket

    def reset(self) -> None:
        """Forget all."""
        with self.lock:
            self.buckets.clear()
            self._contents.clear()
