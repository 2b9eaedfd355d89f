# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and objects of the tenancy's one namespace."""

from __future__ import annotations

from dataclasses import dataclass, field

from finetune_sandbox.oci.errors import OciError
from finetune_sandbox.server.buckets import BaseBucket, BaseStore, BaseUpload, BaseVersion
from finetune_sandbox.server.contents import Segment, Stored


@dataclass
class Version(BaseVersion):
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


@dataclass
class Part:
    """A part of a multipart upload."""

    number: int
    etag: str
    stored: Stored


@dataclass
class Upload(BaseUpload[Part]):
    """A multipart upload; `template` holds what its object will have."""

    id: str
    started: float
    template: Version
    algorithm: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass
class Bucket(BaseBucket[Version]):
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


class ObjectStore(BaseStore[Bucket]):
    """All buckets of the namespace."""

    def bucket(self, name: str) -> Bucket:
        """By name; OciError BucketNotFound."""
        found = self.buckets.get(name)
        if found is None:
            message = f"Either the bucket named '{name}' does not exist in the namespace or you are not authorized to"
            raise OciError(404, "BucketNotFound", f"{message} access it")
        return found

    def put(self, bucket: Bucket, version: Version) -> Version:
        """Make it the newest version of its key. Call under the lock."""
        version.created = version.modified = self.clock.now()
        version.id, version.etag = self.ids.uuid(), self.ids.uuid()
        if bucket.versioning != "Enabled":
            versions = bucket.versions.get(version.key, ())
            for old in [old for old in versions if old.unversioned or bucket.versioning == "Disabled"]:
                bucket.remove(old)
        if bucket.versioning == "Suspended":
            version.unversioned = True
        return bucket.add(version)

    def delete(self, bucket: Bucket, key: str, version_id: str | None) -> Version:
        """Delete an object or one version of it; returns what was removed, or the delete marker made."""
        found = bucket.find(key, version_id)
        if found is None or (found.marker and version_id is None):
            raise no_object(bucket, key)
        if version_id is None and bucket.versioning != "Disabled":
            return self.put(bucket, Version(key, "", 0.0, 0.0, marker=True))
        bucket.remove(found)
        return found


def no_object(bucket: Bucket, key: str) -> OciError:
    """ObjectNotFound."""
    message = f"The object '{key}' was not found in the bucket '{bucket.name}'"
    return OciError(404, "ObjectNotFound", message)
