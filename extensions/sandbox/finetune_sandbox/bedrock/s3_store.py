# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and objects. Contents lie in files, never in memory; a multipart object is the list of its parts' files."""

from __future__ import annotations

from dataclasses import dataclass, field

from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.server.buckets import BaseBucket, BaseStore, BaseUpload, BaseVersion
from finetune_sandbox.server.contents import Segment, Stored


@dataclass
class Version(BaseVersion):
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
class Upload(BaseUpload[Part]):
    """A multipart upload; `template` holds what its object will have."""

    id: str
    key: str
    started: float
    template: Version
    algorithm: str | None = None
    checksum_type: str = ""
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass
class Bucket(BaseBucket[Version]):
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


class S3Store(BaseStore[Bucket]):
    """All buckets of the account."""

    def put(self, bucket: Bucket, version: Version) -> Version:
        """Make it the newest version of its key. Call under the lock."""
        version.modified = self.clock.now()
        if bucket.versioning == "Enabled":
            version.id = self.ids.text(32)
        else:
            version.id = "null"
            for old in [old for old in bucket.versions.get(version.key, ()) if old.id == "null"]:
                bucket.remove(old)
        return bucket.add(version)

    def delete(self, bucket: Bucket, key: str, version_id: str | None) -> Version | None:
        """Delete an object or one version of it; returns the delete marker made or removed, if any."""
        if version_id is not None:
            found = bucket.find(key, version_id)
            if found is None:
                return None
            bucket.remove(found)
            return found
        if not bucket.versioning:
            for old in list(bucket.versions.get(key, ())):
                bucket.remove(old)
            return None
        return self.put(bucket, Version(key, "", 0.0, marker=True))

    def put_bytes(self, bucket: Bucket, key: str, content: bytes, content_type: str) -> Version:
        """An object that a service writes. Call under the lock."""
        stored = self.contents.write([content])
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
