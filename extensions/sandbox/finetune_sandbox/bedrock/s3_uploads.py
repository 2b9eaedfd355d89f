# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipart uploads of S3."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_base import S3Base
from finetune_sandbox.bedrock.s3_call import S3Call
from finetune_sandbox.bedrock.s3_parts import (
    bad_digest,
    bad_part,
    encode_key,
    page_limit,
    part_number,
    read_algorithms,
    sse_headers,
    version_headers,
    xml_response,
)
from finetune_sandbox.bedrock.s3_store import Bucket, Part, Upload, Version
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import Stored, kept
from finetune_sandbox.server.web import Response

MIN_PART_BYTES = 5 * 1024**2


class Uploads(S3Base):
    """Operations on multipart uploads."""

    def handlers(self) -> dict[str, Callable[[S3Call], Response]]:
        """The operations by name."""
        return {
            "ListMultipartUploads": self._list_uploads,
            "CreateMultipartUpload": self._create_upload,
            "UploadPart": self._upload_part,
            "UploadPartCopy": self._upload_part_copy,
            "CompleteMultipartUpload": self._complete_upload,
            "AbortMultipartUpload": self._abort_upload,
            "ListParts": self._list_parts,
        }

    def _create_upload(self, call: S3Call) -> Response:
        algorithm = call.header("x-amz-checksum-algorithm").upper()
        kind = call.header("x-amz-checksum-type").upper()
        if algorithm and algorithm not in checksums.S3_ALGORITHMS:
            message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types."
            raise AwsError(400, "InvalidRequest", message)
        if algorithm and not kind:
            kind = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
        possible = {"CRC64NVME": ("FULL_OBJECT",), "SHA1": ("COMPOSITE",), "SHA256": ("COMPOSITE",)}
        if kind and (not algorithm or kind not in possible.get(algorithm, ("COMPOSITE", "FULL_OBJECT"))):
            message = (
                f"The {kind} checksum type cannot be used with the {algorithm.lower() or 'null'} checksum algorithm."
            )
            raise AwsError(400, "InvalidRequest", message)
        with self.store.lock:
            bucket = self._bucket(call)
            template = self._template(call, bucket)
            now = self.store.clock.now()
            upload = Upload(self.store.ids.text(64), call.key, now, template, algorithm or None, kind)
            bucket.uploads[upload.id] = upload
        response = xml_response(
            "InitiateMultipartUploadResult", {"Bucket": bucket.name, "Key": call.key, "UploadId": upload.id}
        )
        response.headers.update(sse_headers(template))
        if upload.algorithm:
            response.headers["x-amz-checksum-algorithm"] = upload.algorithm
            response.headers["x-amz-checksum-type"] = upload.checksum_type
        return response

    @staticmethod
    def _upload(call: S3Call, bucket: Bucket) -> Upload:
        upload = bucket.uploads.get(call.query.get("uploadId", ""))
        if upload is None or upload.key != call.key:
            message = (
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                "aborted or completed."
            )
            raise AwsError(404, "NoSuchUpload", message, {"UploadId": call.query.get("uploadId", "")})
        return upload

    def _upload_part(self, call: S3Call) -> Response:
        number = part_number(call)
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
        sent = read_algorithms(call)
        if upload.algorithm and sent != [upload.algorithm]:
            actual = sent[0].lower() if sent else "null"
            message = (
                f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, "
                f"actual checksum Type: {actual}"
            )
            raise AwsError(400, "InvalidRequest", message)
        stored, algorithm = self._receive(call)
        self._keep_part(call, number, stored)
        headers = {"ETag": f'"{stored.md5.hex()}"', **sse_headers(upload.template)}
        if algorithm is not None:
            headers[f"x-amz-checksum-{algorithm.lower()}"] = checksums.encoded(stored.checksums[algorithm])
        return Response(b"", 200, headers)

    def _keep_part(self, call: S3Call, number: int, stored: Stored) -> Part:
        with kept(stored), self.store.lock:
            return self._upload(call, self._bucket(call)).put(Part(number, stored, self.store.clock.now()))

    def _upload_part_copy(self, call: S3Call) -> Response:
        number = part_number(call)
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
            source = self._source(call)
        start, stop = 0, source.size
        header = call.header("x-amz-copy-source-range")
        if header:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
            if found is None or not int(found[1]) <= int(found[2]) < source.size:
                message = f"Range specified is not valid for source object of size: {source.size}"
                raise AwsError(400, "InvalidArgument", message)
            start, stop = int(found[1]), int(found[2]) + 1
        stored = self.store.contents.write(source.read(start, stop), [upload.algorithm] if upload.algorithm else [])
        part = self._keep_part(call, number, stored)
        result = {"LastModified": s3_xml.instant(part.modified), "ETag": f'"{part.etag}"'}
        if upload.algorithm:
            result[f"Checksum{upload.algorithm}"] = checksums.encoded(stored.checksums[upload.algorithm])
        return xml_response("CopyPartResult", result)

    def _complete_upload(self, call: S3Call) -> Response:
        tree = s3_xml.parsed(call.payload.whole(), "CompleteMultipartUpload")
        entries = tree.findall("Part")
        if not 1 <= len(entries) <= 10000:
            raise s3_xml.malformed()
        try:
            named = [
                (int(entry.findtext("PartNumber", "")), entry.findtext("ETag", "").strip('"')) for entry in entries
            ]
        except ValueError as error:
            raise s3_xml.malformed() from error
        with self.store.lock:
            bucket = self._bucket(call)
            upload_id = call.query.get("uploadId", "")
            done = bucket.completed.get(upload_id)
            if done is not None and done[:2] == (call.key, named):
                version = done[2]
            else:
                upload = self._upload(call, bucket)
                version = self._assembled(call, bucket, upload, entries, named)
                self._check_write_conditions(call, bucket)
                del bucket.uploads[upload.id]
                upload.drop(*(upload.parts.keys() - {number for number, _unused in named}))
                self.store.put(bucket, version)
                bucket.completed[upload.id] = (call.key, named, version)
        result = {
            "Location": f"http://{call.request.host}/{bucket.name}/{quote(call.key)}",
            "Bucket": bucket.name,
            "Key": call.key,
            "ETag": f'"{version.etag}"',
        }
        if version.checksum is not None:
            algorithm, value, kind = version.checksum
            result.update({f"Checksum{algorithm}": value, "ChecksumType": kind})
        response = xml_response("CompleteMultipartUploadResult", result)
        response.headers.update({**sse_headers(version), **version_headers(version, bucket)})
        return response

    def _assembled(
        self,
        call: S3Call,
        bucket: Bucket,
        upload: Upload,
        entries: list[ElementTree.Element],
        named: list[tuple[int, str]],
    ) -> Version:
        """The object that the parts make; every rule of the completion is checked here."""
        numbers = [number for number, _unused in named]
        if any(left >= right for left, right in zip(numbers, numbers[1:], strict=False)):
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise AwsError(400, "InvalidPartOrder", message)
        parts = []
        for index, ((number, etag), entry) in enumerate(zip(named, entries, strict=True)):
            part = upload.parts.get(number)
            if part is None or part.etag != etag:
                raise bad_part(upload.id, number, etag)
            _check_part_sum(upload, part, entry)
            if index < len(named) - 1 and part.stored.segment.size < MIN_PART_BYTES:
                raise _too_small(part)
            parts.append(part)
        size = sum(part.stored.segment.size for part in parts)
        stated_size = call.header("x-amz-mp-object-size")
        if stated_size and stated_size != str(size):
            message = (
                f"The provided 'x-amz-mp-object-size' header value {stated_size} does not match "
                f"what was computed: {size}"
            )
            raise AwsError(400, "InvalidRequest", message)
        version = upload.template
        joined = checksums.composite("MD5", [part.stored.md5 for part in parts])
        version.etag = f"{joined.hex()}-{len(parts)}"
        version.size, version.parts = size, len(parts)
        version.segments = [part.stored.segment for part in parts]
        algorithm = upload.algorithm
        if algorithm:
            digests = [(part.stored.checksums[algorithm], part.stored.segment.size) for part in parts]
            if upload.checksum_type == "FULL_OBJECT":
                value = checksums.encoded(checksums.combined(algorithm, digests))
            else:
                total = checksums.composite(algorithm, [digest for digest, _unused in digests])
                value = f"{checksums.encoded(total)}-{len(parts)}"
            sent = call.header(f"x-amz-checksum-{algorithm.lower()}")
            if sent and sent not in {value, value.rpartition("-")[0]}:
                raise bad_digest(algorithm)
            version.checksum = (algorithm, value, upload.checksum_type)
        return version

    def _abort_upload(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            upload = self._upload(call, bucket)
            del bucket.uploads[upload.id]
        upload.drop(*upload.parts)
        return Response(b"", 204)

    def _list_parts(self, call: S3Call) -> Response:
        limit = page_limit(call.query, "max-parts")
        after = call.query.get("part-number-marker", "0")
        if not after.isdecimal():
            raise AwsError(400, "InvalidArgument", "Argument part-number-marker must be an integer.")
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
            parts = [part for number, part in sorted(upload.parts.items()) if number > int(after)]
        view: list[dict[str, Any]] = [
            {
                "PartNumber": part.number,
                "LastModified": s3_xml.instant(part.modified),
                "ETag": f'"{part.etag}"',
                "Size": part.stored.segment.size,
                **{f"Checksum{name}": checksums.encoded(digest) for name, digest in part.stored.checksums.items()},
            }
            for part in parts[:limit]
        ]
        response = {
            "Bucket": call.bucket,
            "Key": call.key,
            "UploadId": upload.id,
            "PartNumberMarker": after,
            "NextPartNumberMarker": view[-1]["PartNumber"] if view else 0,
            "MaxParts": limit,
            "IsTruncated": len(parts) > limit,
            "Initiator": self._owner(),
            "Owner": self._owner(),
            "StorageClass": upload.template.storage_class,
            "ChecksumAlgorithm": upload.algorithm,
            "ChecksumType": upload.checksum_type or None,
            "Part": view,
        }
        return xml_response("ListPartsResult", response)

    def _list_uploads(self, call: S3Call) -> Response:
        query = call.query
        prefix, limit = query.get("prefix", ""), page_limit(query, "max-uploads")
        after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
        with self.store.lock:
            bucket = self._bucket(call)
            uploads = sorted(bucket.uploads.values(), key=lambda upload: (upload.key, upload.started, upload.id))
        if after[1]:
            place = next((i for i, each in enumerate(uploads) if (each.key, each.id) == after), len(uploads) - 1)
            uploads = uploads[place + 1 :]
        elif after[0]:
            uploads = [upload for upload in uploads if upload.key > after[0]]
        uploads = [upload for upload in uploads if upload.key.startswith(prefix)]
        view = [
            {
                "Key": encode_key(upload.key, query),
                "UploadId": upload.id,
                "Initiator": self._owner(),
                "Owner": self._owner(),
                "StorageClass": upload.template.storage_class,
                "Initiated": s3_xml.instant(upload.started),
                "ChecksumAlgorithm": upload.algorithm,
                "ChecksumType": upload.checksum_type or None,
            }
            for upload in uploads[:limit]
        ]
        response = {
            "Bucket": call.bucket,
            "KeyMarker": encode_key(after[0], query),
            "UploadIdMarker": after[1],
            "Prefix": encode_key(prefix, query),
            "NextKeyMarker": view[-1]["Key"] if view and len(uploads) > limit else None,
            "NextUploadIdMarker": view[-1]["UploadId"] if view and len(uploads) > limit else None,
            "MaxUploads": limit,
            "IsTruncated": len(uploads) > limit,
            "EncodingType": query.get("encoding-type"),
            "Upload": view,
        }
        return xml_response("ListMultipartUploadsResult", response)


def _check_part_sum(upload: Upload, part: Part, entry: ElementTree.Element) -> None:
    if not upload.algorithm:
        return
    sent = entry.findtext(f"Checksum{upload.algorithm}")
    if sent is None and upload.checksum_type == "COMPOSITE":
        message = (
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete request "
            f"must include the checksum for each part. It was missing for part {part.number} in the request."
        )
        raise AwsError(400, "InvalidRequest", message)
    if sent is not None and sent != checksums.encoded(part.stored.checksums[upload.algorithm]):
        raise bad_part(upload.id, part.number, part.etag)


def _too_small(part: Part) -> AwsError:
    extra = {
        "ProposedSize": str(part.stored.segment.size),
        "MinSizeAllowed": str(MIN_PART_BYTES),
        "PartNumber": str(part.number),
        "ETag": part.etag,
    }
    return AwsError(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", extra)
