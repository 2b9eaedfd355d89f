# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of S3."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_base import S3Base
from finetune_sandbox.bedrock.s3_call import MAX_PUT_BYTES, S3Call
from finetune_sandbox.bedrock.s3_parts import (
    check_tags,
    checksum_headers,
    failed_condition,
    no_key,
    no_version,
    read_algorithms,
    read_range,
    sse_headers,
    tag_pairs,
    version_headers,
    xml_response,
)
from finetune_sandbox.bedrock.s3_store import Bucket, Version
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import Segment, kept
from finetune_sandbox.server.web import Content, Response, http_date


class Objects(S3Base):
    """Operations on objects."""

    def handlers(self) -> dict[str, Callable[[S3Call], Response]]:
        """The operations by name."""
        return {
            "DeleteObjects": self._delete_objects,
            "PutObject": self._put_object,
            "CopyObject": self._copy_object,
            "GetObject": self._get_object,
            "HeadObject": self._get_object,
            "DeleteObject": self._delete_object,
            "GetObjectAttributes": self._get_attributes,
            "GetObjectTagging": self._get_tags,
            "PutObjectTagging": self._put_tags,
            "DeleteObjectTagging": self._delete_tags,
        }

    def _put_object(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._template(call, bucket)
            self._check_write_conditions(call, bucket)
        stored, algorithm = self._receive(call)
        version.size, version.segments = stored.segment.size, [stored.segment]
        version.etag = stored.md5.hex()
        if algorithm is not None:
            value = checksums.encoded(stored.checksums[algorithm])
            version.checksum = (algorithm, value, "FULL_OBJECT")
        with kept(stored), self.store.lock:
            bucket = self._bucket(call)
            self._check_write_conditions(call, bucket)
            self.store.put(bucket, version)
        headers = {"ETag": f'"{version.etag}"', **sse_headers(version), **checksum_headers(version)}
        return Response(b"", 200, {**headers, **version_headers(version, bucket)})

    def _copy_object(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            source = self._source(call)
            version = self._template(call, bucket)
            self._check_write_conditions(call, bucket)
            directive = call.header("x-amz-metadata-directive", "COPY")
            if directive not in {"COPY", "REPLACE"}:
                raise AwsError(400, "InvalidArgument", "Unknown metadata directive.")
            changed = (
                directive == "REPLACE"
                or call.header("x-amz-server-side-encryption")
                or version.storage_class != source.storage_class
            )
            if source is bucket.current(call.key) and not changed:
                message = (
                    "This copy request is illegal because it is trying to copy an object to itself without changing "
                    "the object's metadata, storage class, website redirect location or encryption attributes."
                )
                raise AwsError(400, "InvalidRequest", message)
            if source.size > MAX_PUT_BYTES:
                message = "The specified copy source is larger than the maximum allowable size for a copy source: "
                message += str(MAX_PUT_BYTES)
                raise AwsError(400, "InvalidRequest", message)
            if directive == "COPY":
                version.headers, version.metadata = dict(source.headers), dict(source.metadata)
            if call.header("x-amz-tagging-directive", "COPY") == "COPY":
                version.tags = dict(source.tags)
            version.segments = [self._linked(segment) for segment in source.segments]
            version.size, version.etag = source.size, source.etag
            if source.parts:
                digest = hashlib.md5(usedforsecurity=False)
                for chunk in source.read():
                    digest.update(chunk)
                version.etag = digest.hexdigest()
            if source.checksum is not None and source.checksum[2] == "FULL_OBJECT":
                version.checksum = source.checksum
            self.store.put(bucket, version)
        result = {"LastModified": s3_xml.instant(version.modified), "ETag": f'"{version.etag}"'}
        response = xml_response("CopyObjectResult", result)
        response.headers.update({**sse_headers(version), **version_headers(version, bucket)})
        return response

    def _linked(self, segment: Segment) -> Segment:
        path = segment.path.with_name(f"{segment.path.name}-{self.store.ids.sequence()}")
        os.link(segment.path, path)
        return Segment(path, segment.size)

    def _existing(self, call: S3Call, bucket: Bucket) -> Version:
        version_id = call.query.get("versionId")
        found = bucket.find(call.key, version_id)
        if found is None:
            if version_id is None:
                raise no_key(call.key)
            raise no_version(call.key, version_id)
        if found.marker:
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.id}
            if version_id is None:
                raise AwsError(404, "NoSuchKey", "The specified key does not exist.", {"Key": call.key}, headers)
            message = "The specified method is not allowed against this resource."
            raise AwsError(405, "MethodNotAllowed", message, {"Method": call.request.method}, headers)
        return found

    def _get_object(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            headers = {
                "ETag": f'"{version.etag}"',
                "Last-Modified": http_date(version.modified),
                "Accept-Ranges": "bytes",
                **version.headers,
                **{f"x-amz-meta-{name}": value for name, value in version.metadata.items()},
                **sse_headers(version),
                **version_headers(version, bucket),
            }
            if version.storage_class != "STANDARD":
                headers["x-amz-storage-class"] = version.storage_class
            if version.tags:
                headers["x-amz-tagging-count"] = str(len(version.tags))
            if version.parts and "partNumber" in call.query:
                headers["x-amz-mp-parts-count"] = str(version.parts)
        match, none_match = call.header("If-Match").strip('"'), call.header("If-None-Match").strip('"')
        if match and match not in {version.etag, "*"}:
            raise failed_condition("If-Match")
        if none_match and none_match in {version.etag, "*"}:
            return Response(b"", 304, {"ETag": headers["ETag"]})
        wanted = read_range(call, version)
        start, stop = wanted or (0, version.size)
        whole = (start, stop) == (0, version.size)
        if call.header("x-amz-checksum-mode").upper() == "ENABLED" and whole:
            headers.update(checksum_headers(version))
        if wanted is not None:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{version.size}"
        for name, argument in (
            ("Content-Type", "response-content-type"),
            ("Content-Disposition", "response-content-disposition"),
        ):
            headers[name] = call.query.get(argument) or headers.get(name, "")
        headers = {name: value for name, value in headers.items() if value}
        body = Content(stop - start, lambda: version.read(start, stop))
        return Response(body, 200 if wanted is None else 206, headers)

    def _delete_object(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            match = call.header("If-Match").strip('"')
            current = bucket.current(call.key)
            if match and (current is None or match not in {current.etag, "*"}):
                raise failed_condition("If-Match")
            marker = self.store.delete(bucket, call.key, call.query.get("versionId"))
        headers = {}
        if marker is not None:
            headers["x-amz-version-id"] = marker.id
            if marker.marker:
                headers["x-amz-delete-marker"] = "true"
        return Response(b"", 204, headers)

    def _delete_objects(self, call: S3Call) -> Response:
        if not read_algorithms(call) and not call.header("Content-MD5"):
            message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
            raise AwsError(400, "InvalidRequest", message)
        tree = s3_xml.parsed(self._checked_body(call), "Delete")
        entries = tree.findall("Object")
        if not 1 <= len(entries) <= 1000:
            raise s3_xml.malformed()
        quiet = tree.findtext("Quiet", "").lower() == "true"
        deleted = []
        with self.store.lock:
            bucket = self._bucket(call)
            for entry in entries:
                key, version_id = entry.findtext("Key", ""), entry.findtext("VersionId")
                if not key:
                    raise s3_xml.malformed()
                marker = self.store.delete(bucket, key, version_id)
                view: dict[str, Any] = {"Key": key, "VersionId": version_id}
                if marker is not None and marker.marker:
                    view.update({"DeleteMarker": True, "DeleteMarkerVersionId": marker.id})
                deleted.append(view)
        return xml_response("DeleteResult", {} if quiet else {"Deleted": deleted})

    def _get_attributes(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
        wanted = {name.strip() for name in call.header("x-amz-object-attributes").split(",")}
        view: dict[str, Any] = {}
        if "ETag" in wanted:
            view["ETag"] = version.etag
        if "Checksum" in wanted and version.checksum is not None:
            algorithm, value, kind = version.checksum
            view["Checksum"] = {f"Checksum{algorithm}": value, "ChecksumType": kind}
        if "ObjectParts" in wanted and version.parts:
            view["ObjectParts"] = {"PartsCount": version.parts}
        if "StorageClass" in wanted:
            view["StorageClass"] = version.storage_class
        if "ObjectSize" in wanted:
            view["ObjectSize"] = version.size
        if not view and not wanted & {"Checksum", "ObjectParts"}:
            raise AwsError(400, "InvalidArgument", "Invalid attribute name specified.")
        response = xml_response("GetObjectAttributesResponse", view)
        response.headers.update({"Last-Modified": http_date(version.modified), **version_headers(version, bucket)})
        return response

    def _get_tags(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            tags = [{"Key": key, "Value": value} for key, value in version.tags.items()]
        response = xml_response("Tagging", {"TagSet": {"Tag": tags}})
        response.headers.update(version_headers(version, bucket))
        return response

    def _put_tags(self, call: S3Call) -> Response:
        pairs = tag_pairs(s3_xml.parsed(self._checked_body(call), "Tagging"))
        check_tags(pairs, 10)
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            version.tags = dict(pairs)
        return Response(b"", 200, version_headers(version, bucket))

    def _delete_tags(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            version.tags = {}
        return Response(b"", 204, version_headers(version, bucket))
