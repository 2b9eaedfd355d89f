# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipart uploads of Object Storage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, invalid, missing
from finetune_sandbox.oci.object_call import ObjectCall
from finetune_sandbox.oci.object_parts import (
    ObjectBase,
    check_conditions,
    check_key,
    check_metadata,
    check_part_conditions,
    checksum_headers,
    decode_token,
    multipart_checksums,
    next_page,
    read_algorithm,
)
from finetune_sandbox.oci.object_store import Bucket, ObjectStore, Part, Upload, Version
from finetune_sandbox.oci.schema import OBJECT_STORAGE
from finetune_sandbox.oci.signatures import body
from finetune_sandbox.oci.state import Settings
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import kept
from finetune_sandbox.server.web import Response, http_date

MAX_PARTS = 10_000
_LISTED = 1000


class Uploads(ObjectBase):
    """Operations on multipart uploads."""

    def __init__(self, store: ObjectStore, namespace: str) -> None:
        super().__init__(store, namespace)
        self.settings = Settings()

    def operations(self) -> dict[str, Callable[[ObjectCall], Response]]:
        """The operations by name."""
        return {
            "CreateMultipartUpload": self._create_upload,
            "ListMultipartUploads": self._list_uploads,
            "UploadPart": self._upload_part,
            "CommitMultipartUpload": self._commit_upload,
            "AbortMultipartUpload": self._abort_upload,
            "ListMultipartUploadParts": self._list_parts,
        }

    def _create_upload(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        details = schema.read(OBJECT_STORAGE, "CreateMultipartUploadDetails", body(call.request))
        key = details["object"]
        check_key(key)
        if_match, if_none_match = call.header("if-match"), call.header("if-none-match")
        check_conditions(bucket, key, if_match, if_none_match)
        template = Version(key, "", 0.0, 0.0, tier=details.get("storageTier", "Standard"))
        sent = {
            "Content-Type": details.get("contentType", "application/octet-stream"),
            "Content-Language": details.get("contentLanguage"),
            "Content-Encoding": details.get("contentEncoding"),
            "Content-Disposition": details.get("contentDisposition"),
            "Cache-Control": details.get("cacheControl"),
        }
        template.headers = {name: value for name, value in sent.items() if value is not None}
        template.metadata = {
            name.lower().removeprefix("opc-meta-"): value for name, value in details.get("metadata", {}).items()
        }
        check_metadata(template.metadata)
        ids = self.store.ids
        upload = Upload(
            self.store.ids.uuid(), self.store.clock.now(), template, read_algorithm(call), if_match, if_none_match
        )
        upload.id = f"{ids.hexadecimal(8)}-{upload.id}"
        bucket.uploads[upload.id] = upload
        response = Response(schema.show(OBJECT_STORAGE, "MultipartUpload", self._describe_upload(bucket, upload)))
        response.headers["location"] = f"/n/{self.namespace}/b/{bucket.name}/u/{upload.id}"
        return response

    def _describe_upload(self, bucket: Bucket, upload: Upload) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "bucket": bucket.name,
            "object": upload.template.key,
            "uploadId": upload.id,
            "timeCreated": upload.started,
            "storageTier": upload.template.tier,
        }

    def _upload(self, call: ObjectCall) -> tuple[Bucket, Upload]:
        bucket = self._bucket(call)
        if "uploadId" not in call.query:
            raise missing("uploadId")
        upload = bucket.uploads.get(call.query["uploadId"])
        if upload is None or upload.template.key != call.key:
            raise OciError(404, "NoSuchUpload", "The upload was not found. It may have been aborted or committed.")
        return bucket, upload

    def _upload_part(self, call: ObjectCall) -> Response:
        number = call.number("uploadPartNum", 1, MAX_PARTS)
        with self.store.lock:
            upload = self._upload(call)[1]
            check_part_conditions(call, upload.parts.get(number))
        stored = self._receive(call, upload.algorithm)
        with self.store.lock, kept(stored):
            upload = self._upload(call)[1]
            check_part_conditions(call, upload.parts.get(number))
            part = upload.put(Part(number, self.store.ids.uuid(), stored))
        headers = {
            "etag": part.etag,
            "opc-content-md5": checksums.encoded(stored.md5),
            **checksum_headers(stored.checksums),
        }
        return Response(b"", headers=headers)

    def _commit_upload(self, call: ObjectCall) -> Response:
        bucket, upload = self._upload(call)
        details = schema.read(OBJECT_STORAGE, "CommitMultipartUploadDetails", body(call.request))
        if_match = call.header("if-match") or upload.if_match
        check_conditions(bucket, call.key, if_match, call.header("if-none-match") or upload.if_none_match)
        numbers = [part["partNum"] for part in details["partsToCommit"]]
        excluded = set(details.get("partsToExclude", []))
        if not numbers:
            raise invalid("partsToCommit must name at least one part.")
        if len(set(numbers)) != len(numbers) or excluded & set(numbers):
            raise invalid("A part must be named once, in partsToCommit or in partsToExclude.")
        parts = []
        for named in sorted(details["partsToCommit"], key=lambda each: int(each["partNum"])):
            part = upload.parts.get(named["partNum"])
            if part is None or part.etag != named["etag"]:
                message = f"The part {named['partNum']} was not uploaded, or its etag is not '{named['etag']}'."
                raise OciError(400, "InvalidUploadPart", message)
            parts.append(part)
        left = set(upload.parts) - set(numbers) - excluded
        if left:
            message = f"The uploaded parts {sorted(left)} are neither in partsToCommit nor in partsToExclude."
            raise OciError(400, "InvalidUploadPart", message)
        smallest = self.settings.min_part_bytes
        for part in parts[:-1]:
            if part.stored.segment.size < smallest:
                message = (
                    f"The part {part.number} has {part.stored.segment.size} bytes; all but the last need {smallest}."
                )
                raise OciError(400, "InvalidUploadPart", message)
        version = upload.template
        version.segments = [part.stored.segment for part in parts]
        version.size = sum(segment.size for segment in version.segments)
        version.checksums = multipart_checksums(parts, upload.algorithm)
        self.store.put(bucket, version)
        upload.drop(*excluded)
        del bucket.uploads[upload.id]
        headers = {
            "etag": version.etag,
            "last-modified": http_date(version.modified),
            "version-id": version.id,
            **version.checksums,
        }
        return Response(b"", headers=headers)

    def _abort_upload(self, call: ObjectCall) -> Response:
        bucket, upload = self._upload(call)
        upload.drop(*upload.parts)
        del bucket.uploads[upload.id]
        return Response(b"", 204)

    def _list_uploads(self, call: ObjectCall) -> Response:
        bucket = self._bucket(call)
        start, limit = decode_token(call.query.get("page")), call.number("limit", 1, _LISTED, _LISTED)
        uploads = sorted(bucket.uploads.values(), key=lambda upload: (upload.template.key, upload.id))
        uploads = [upload for upload in uploads if f"{upload.template.key}\0{upload.id}" >= start]
        items = [
            schema.show(OBJECT_STORAGE, "MultipartUpload", self._describe_upload(bucket, upload))
            for upload in uploads[:limit]
        ]
        marks = [f"{upload.template.key}\0{upload.id}" for upload in uploads[limit : limit + 1]]
        return Response(items, headers=next_page(marks))

    def _list_parts(self, call: ObjectCall) -> Response:
        upload = self._upload(call)[1]
        start, limit = decode_token(call.query.get("page")) or "0", call.number("limit", 1, _LISTED, _LISTED)
        parts = [part for number, part in sorted(upload.parts.items()) if number >= int(start)]
        items = [
            {
                "etag": part.etag,
                "md5": checksums.encoded(part.stored.md5),
                "size": part.stored.segment.size,
                "partNumber": part.number,
            }
            for part in parts[:limit]
        ]
        view = [schema.show(OBJECT_STORAGE, "MultipartUploadPartSummary", item) for item in items]
        return Response(view, headers=next_page([str(part.number) for part in parts[limit : limit + 1]]))
