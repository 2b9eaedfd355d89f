# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of Object Storage, and their lists."""

from __future__ import annotations

from collections.abc import Callable

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, invalid
from finetune_sandbox.oci.object_call import ObjectCall
from finetune_sandbox.oci.object_parts import (
    ObjectBase,
    check_conditions,
    check_key,
    check_match,
    check_read_conditions,
    check_tier,
    checksum_headers,
    decode_token,
    describe_version,
    encode_token,
    read_algorithm,
    read_metadata,
    read_range,
)
from finetune_sandbox.oci.object_store import Bucket, Version, no_object
from finetune_sandbox.oci.schema import OBJECT_STORAGE
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import kept
from finetune_sandbox.server.web import Content, Response, http_date

_KEPT_HEADERS = ("Content-Type", "Content-Language", "Content-Encoding", "Content-Disposition", "Cache-Control")
_FIELDS = ("name", "size", "etag", "md5", "timeCreated", "timeModified", "storageTier", "archivalState")
_LISTED = 1000


class Objects(ObjectBase):
    """Operations on objects."""

    def operations(self) -> dict[str, Callable[[ObjectCall], Response]]:
        """The operations by name."""
        return {
            "ListObjects": self._list_objects,
            "ListObjectVersions": self._list_versions,
            "PutObject": self._put_object,
            "GetObject": self._get_object,
            "HeadObject": self._head_object,
            "DeleteObject": self._delete_object,
        }

    def _put_object(self, call: ObjectCall) -> Response:
        with self.store.lock:
            self._check_write(call)
        algorithm = read_algorithm(call)
        tier = call.header("storage-tier") or "Standard"
        check_tier(tier)
        version = Version(call.key, "", 0.0, 0.0, tier=tier)
        version.headers = {name: value for name in _KEPT_HEADERS if (value := call.header(name)) is not None}
        version.headers.setdefault("Content-Type", "application/octet-stream")
        version.metadata = read_metadata(call.request)
        check_key(call.key)
        stored = self._receive(call, algorithm)
        with self.store.lock, kept(stored):
            bucket = self._check_write(call)
            version.size, version.segments = stored.segment.size, [stored.segment]
            version.checksums = {"content-md5": checksums.encoded(stored.md5), **checksum_headers(stored.checksums)}
            self.store.put(bucket, version)
        headers = {
            "etag": version.etag,
            "opc-content-md5": version.checksums["content-md5"],
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            **checksum_headers(stored.checksums),
        }
        return Response(b"", headers=headers)

    def _check_write(self, call: ObjectCall) -> Bucket:
        """The bucket, if the conditions of the request hold."""
        bucket = self._bucket(call)
        check_conditions(bucket, call.key, call.header("if-match"), call.header("if-none-match"))
        return bucket

    def _existing(self, call: ObjectCall) -> Version:
        bucket = self._bucket(call)
        found = bucket.find(call.key, call.query.get("versionId"))
        if found is None or found.marker:
            raise no_object(bucket, call.key)
        check_read_conditions(call, found.etag)
        return found

    def _object_headers(self, version: Version) -> dict[str, str]:
        view = {
            "etag": version.etag,
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            "storage-tier": version.tier,
            "accept-ranges": "bytes",
            **version.headers,
            **version.checksums,
            **{f"opc-meta-{name}": value for name, value in version.metadata.items()},
        }
        if version.tier == "Archive":
            view["archival-state"] = "Archived"
        return view

    def _get_object(self, call: ObjectCall) -> Response:
        version = self._existing(call)
        if version.tier == "Archive":
            raise OciError(409, "NotRestored", f"The object '{version.key}' is archived. Restore it first.")
        wanted = read_range(call, version)
        start, stop = wanted or (0, version.size)
        headers = self._object_headers(version)
        status = 200
        if wanted is not None:
            status = 206
            headers["content-range"] = f"bytes {start}-{stop - 1}/{version.size}"
        if (start, stop) != (0, version.size):
            headers.pop("content-md5", None)
        return Response(Content(stop - start, lambda: version.read(start, stop)), status, headers)

    def _head_object(self, call: ObjectCall) -> Response:
        version = self._existing(call)
        return Response(Content(version.size, version.read), headers=self._object_headers(version))

    def _delete_object(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        version_id = call.query.get("versionId")
        found = bucket.find(call.key, version_id)
        if found is None or (found.marker and version_id is None):
            raise no_object(bucket, call.key)
        check_match(call.header("if-match"), found.etag)
        gone = self.store.delete(bucket, call.key, version_id)
        headers = {"last-modified": http_date(gone.modified), "version-id": gone.id}
        if gone.marker:
            headers["is-delete-marker"] = "true"
        return Response(b"", 204, headers)

    def _listed(self, call: ObjectCall) -> tuple[list[str], list[str], str | None]:
        """(names, prefixes, the name to go on with)."""
        bucket = self._bucket(call)
        delimiter = call.query.get("delimiter")
        if delimiter not in {None, "/"}:
            raise invalid(f"The delimiter must be '/', got '{delimiter}'.")
        prefix, start = call.query.get("prefix", ""), call.query.get("start", "")
        after, end = call.query.get("startAfter"), call.query.get("end")
        if after is not None and "start" in call.query:
            raise invalid("Give either start or startAfter.")
        limit = call.number("limit", 1, _LISTED, _LISTED)
        names: list[str] = []
        prefixes: list[str] = []
        for name in bucket.keys_from(prefix, start if after is None else after):
            if name == after or (end is not None and name >= end):
                continue
            if call.path.get("versions") != "yes" and bucket.current(name) is None:
                continue
            rest = name[len(prefix) :]
            common = prefix + rest.partition("/")[0] + "/" if delimiter and "/" in rest else None
            if common is not None and common in prefixes:
                continue
            if len(names) + len(prefixes) == limit:
                return names, prefixes, name
            if common is None:
                names.append(name)
            else:
                prefixes.append(common)
        return names, prefixes, None

    def _list_objects(self, call: ObjectCall) -> Response:
        fields = [field for field in call.query.get("fields", "name").split(",") if field]
        for field in fields:
            if field not in _FIELDS:
                raise invalid(f"'{field}' is not one of the fields {', '.join(_FIELDS)}.")
        bucket = self._bucket(call)
        names, prefixes, following = self._listed(call)
        versions = [version for name in names if (version := bucket.current(name)) is not None]
        items = [
            {key: value for key, value in describe_version(v).items() if key in {"name", *fields}} for v in versions
        ]
        members = {"objects": items, "prefixes": prefixes or None, "nextStartWith": following}
        return Response(schema.show(OBJECT_STORAGE, "ListObjects", members))

    def _list_versions(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        if "page" in call.query:
            call.query["start"] = decode_token(call.query["page"])
        call.path["versions"] = "yes"
        names, prefixes, following = self._listed(call)
        items = [
            {**describe_version(version), "versionId": version.id, "isDeleteMarker": version.marker}
            for name in names
            for version in reversed(bucket.versions[name])
        ]
        view = schema.show(OBJECT_STORAGE, "ObjectVersionCollection", {"items": items, "prefixes": prefixes or None})
        return Response(view, headers={} if following is None else {"opc-next-page": encode_token(following)})
