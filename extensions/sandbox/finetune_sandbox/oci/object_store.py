# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and objects of the tenancy's one namespace."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from finetune_sandbox.frame.clock import Clock
from finetune_sandbox.frame.contents import Contents, Segment, Stored, read_segments
from finetune_sandbox.frame.ids import Ids
from finetune_sandbox.oci.errors import OciError


@dataclass
class Version:
    """One version of an object, or a delete marker. headers: Content-Type and the like, as given."""

    key: str
    id: str
    created: float
    modified: float
    etag: str = ""
    size: int = 0
    segments: list[Segment] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    """header -> value: content-md5 or opc-multipart-md5, and what the upload asked for"""
    tier: str = "Standard"
    marker: bool = False
    unversioned: bool = False
    """made while versioning was suspended: the next one replaces it"""

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
    etag: str
    stored: Stored


@dataclass
class Upload:
    """A multipart upload; `template` holds what its object will have."""

    id: str
    started: float
    template: Version
    algorithm: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass
class Bucket:
    """A bucket; versions of a key stand oldest first. details: what was given to create it, names as on the wire."""

    name: str
    id: str
    compartment: str
    created: float
    etag: str
    details: dict[str, object] = field(default_factory=dict)
    versioning: str = "Disabled"
    versions: dict[str, list[Version]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)

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

    def keys_from(self, prefix: str, start: str) -> Iterator[str]:
        """Keys with this prefix, from `start` on, in order."""
        index = bisect_left(self.keys, max(prefix, start))
        while index < len(self.keys) and self.keys[index].startswith(prefix):
            yield self.keys[index]
            index += 1


class ObjectStore:
    """All buckets. `lock` guards everything but the writing of contents."""

    def __init__(self, clock: Clock, folder: Path, ids: Ids) -> None:
        self.clock, self.ids = clock, ids
        self.contents = Contents(folder)
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}

    def new_etag(self) -> str:
        """Like a UUID."""
        text = self.ids.hexadecimal(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def bucket(self, name: str) -> Bucket:
        """By name; OciError BucketNotFound."""
        found = self.buckets.get(name)
        if found is None:
            message = f"Either the bucket named '{name}' does not exist in the namespace or you are not authorized to"
            raise OciError(404, "BucketNotFound", f"{message} access it")
        return found

    def put(self, bucket: Bucket, version: Version) -> Version:
        """Make it the newest version of its key. Call under the lock."""
        versions = bucket.versions.setdefault(version.key, [])
        if not versions:
            insort(bucket.keys, version.key)
        version.created = version.modified = self.clock.now()
        version.id, version.etag = self.new_etag(), self.new_etag()
        if bucket.versioning != "Enabled":
            for old in [old for old in versions if old.unversioned or bucket.versioning == "Disabled"]:
                versions.remove(old)
                old.drop()
        if bucket.versioning == "Suspended":
            version.unversioned = True
        versions.append(version)
        return version

    def delete(self, bucket: Bucket, key: str, version_id: str | None) -> Version:
        """Delete an object or one version of it; returns what was removed, or the delete marker made."""
        found = bucket.find(key, version_id)
        if found is None or (found.marker and version_id is None):
            raise no_object(bucket, key)
        if version_id is None and bucket.versioning != "Disabled":
            return self.put(bucket, Version(key, "", 0.0, 0.0, marker=True))
        versions = bucket.versions[key]
        versions.remove(found)
        found.drop()
        if not versions:
            del bucket.versions[key]
            del bucket.keys[bisect_left(bucket.keys, key)]
        return found

    def reset(self) -> None:
        """Forget all."""
        with self.lock:
            self.buckets.clear()
            self.contents.clear()


def no_object(bucket: Bucket, key: str) -> OciError:
    """ObjectNotFound."""
    message = f"The object '{key}' was not found in the bucket '{bucket.name}'"
    return OciError(404, "ObjectNotFound", message)
