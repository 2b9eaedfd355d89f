# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings of objects and of their versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.s3_base import S3Base
from finetune_sandbox.bedrock.s3_call import S3Call
from finetune_sandbox.bedrock.s3_parts import (
    common_prefix,
    decode_token,
    encode_key,
    encode_token,
    first_key_after,
    page_limit,
    xml_response,
)
from finetune_sandbox.bedrock.s3_store import Version
from finetune_sandbox.server.web import Response


class Listings(S3Base):
    """Operations that list."""

    def handlers(self) -> dict[str, Callable[[S3Call], Response]]:
        """The operations by name."""
        return {
            "ListObjects": self._list_objects,
            "ListObjectsV2": self._list_objects,
            "ListObjectVersions": self._list_versions,
        }

    def _list_objects(self, call: S3Call) -> Response:
        query = call.query
        newer = query.get("list-type") == "2"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = page_limit(query, "max-keys")
        after = query.get("marker", "")
        if newer:
            after = query.get("start-after", "")
            if query.get("continuation-token"):
                after = decode_token(query["continuation-token"])
        contents: list[dict[str, Any]] = []
        prefixes: list[str] = []
        truncated, last = False, ""
        with self.store.lock:
            bucket = self._bucket(call)
            for key in bucket.keys_from(prefix, first_key_after(after)):
                version = bucket.current(key)
                if version is None or (prefixes and key.startswith(prefixes[-1])):
                    continue
                common = common_prefix(key, prefix, delimiter)
                if common and after.startswith(common):
                    continue
                if len(contents) + len(prefixes) >= limit:
                    truncated = True
                    break
                if common:
                    prefixes.append(common)
                    last = common
                    continue
                last = key
                view = {"Key": encode_key(key, query), **_describe_object(version)}
                if not newer or query.get("fetch-owner") == "true":
                    view["Owner"] = self._owner()
                contents.append(view)
        # Keys below a common prefix come after the prefix itself: "\U0010ffff" is behind all of them.
        mark = last + "\U0010ffff" if prefixes and last == prefixes[-1] else last
        response: dict[str, Any] = {"Name": call.bucket, "Prefix": encode_key(prefix, query)}
        if newer:
            response.update(
                KeyCount=len(contents) + len(prefixes),
                ContinuationToken=query.get("continuation-token"),
                StartAfter=query.get("start-after"),
                NextContinuationToken=encode_token(mark) if truncated else None,
            )
        else:
            response.update(
                Marker=encode_key(query.get("marker", ""), query),
                NextMarker=encode_key(last, query) if truncated and delimiter else None,
            )
        response.update(
            MaxKeys=limit,
            Delimiter=encode_key(delimiter, query) or None,
            IsTruncated=truncated and limit > 0,
            EncodingType=query.get("encoding-type"),
            Contents=contents,
            CommonPrefixes=[{"Prefix": encode_key(each, query)} for each in prefixes],
        )
        return xml_response("ListBucketResult", response)

    def _list_versions(self, call: S3Call) -> Response:
        query = call.query
        prefix, limit = query.get("prefix", ""), page_limit(query, "max-keys")
        after_key, after_version = query.get("key-marker", ""), query.get("version-id-marker", "")
        delimiter = query.get("delimiter", "")
        versions: list[dict[str, Any]] = []
        markers: list[dict[str, Any]] = []
        prefixes: list[str] = []
        truncated = False
        last: tuple[str, str] | None = None
        with self.store.lock:
            bucket = self._bucket(call)
            keys = list(bucket.keys_from(prefix, first_key_after(after_key)))
            if after_version and after_key in bucket.versions:
                keys.insert(0, after_key)
            for key in keys:
                common = common_prefix(key, prefix, delimiter)
                if common:
                    if common not in prefixes and not after_key.startswith(common):
                        prefixes.append(common)
                    continue
                listed = list(reversed(bucket.versions[key]))
                newest = listed[0]
                if key == after_key:
                    place = next((i for i, version in enumerate(listed) if version.id == after_version), -1)
                    listed = listed[place + 1 :]
                for version in listed:
                    if len(versions) + len(markers) + len(prefixes) >= limit:
                        truncated = True
                        break
                    last = (key, version.id)
                    view = {"Key": encode_key(key, query), "Owner": self._owner(), "IsLatest": version is newest}
                    view.update(_describe_version(version))
                    (markers if version.marker else versions).append(view)
                if truncated:
                    break
        more = truncated and last is not None
        response = {
            "Name": call.bucket,
            "Prefix": encode_key(prefix, query),
            "KeyMarker": encode_key(after_key, query),
            "VersionIdMarker": after_version,
            "NextKeyMarker": encode_key(last[0], query) if more and last else None,
            "NextVersionIdMarker": last[1] if more and last else None,
            "MaxKeys": limit,
            "Delimiter": encode_key(delimiter, query) or None,
            "EncodingType": query.get("encoding-type"),
            "IsTruncated": more,
            "Version": versions,
            "DeleteMarker": markers,
            "CommonPrefixes": [{"Prefix": encode_key(each, query)} for each in prefixes],
        }
        return xml_response("ListVersionsResult", response)


def _describe_object(version: Version) -> dict[str, Any]:
    return {
        "LastModified": s3_xml.instant(version.modified),
        "ETag": f'"{version.etag}"',
        "ChecksumAlgorithm": version.checksum[0] if version.checksum else None,
        "ChecksumType": version.checksum[2] if version.checksum else None,
        "Size": version.size,
        "StorageClass": version.storage_class,
    }


def _describe_version(version: Version) -> dict[str, Any]:
    view = {"VersionId": version.id, "LastModified": s3_xml.instant(version.modified)}
    if version.marker:
        return view
    return {**view, "ETag": f'"{version.etag}"', "Size": version.size, "StorageClass": version.storage_class}
