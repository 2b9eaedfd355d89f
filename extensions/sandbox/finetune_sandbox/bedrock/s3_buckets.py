# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of S3, their versioning and their documents."""

from __future__ import annotations

import re
from collections.abc import Callable

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_base import S3Base
from finetune_sandbox.bedrock.s3_call import DOCUMENTS, TABLE, S3Call
from finetune_sandbox.bedrock.s3_parts import (
    check_tags,
    tag_pairs,
    xml_response,
)
from finetune_sandbox.bedrock.s3_store import Bucket
from finetune_sandbox.server.web import Response

_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)")
_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d")


class Buckets(S3Base):
    """Operations on buckets."""

    def handlers(self) -> dict[str, Callable[[S3Call], Response]]:
        """The operations by name."""
        found: dict[str, Callable[[S3Call], Response]] = {
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "HeadBucket": self._head_bucket,
            "DeleteBucket": self._delete_bucket,
            "GetBucketLocation": self._get_location,
            "GetBucketVersioning": self._get_versioning,
            "PutBucketVersioning": self._put_versioning,
        }
        for (method, kind, sub), name in TABLE.items():
            if kind == "bucket" and sub in DOCUMENTS:
                found[name] = self._document_handler(method, sub)
        return found

    def _list_buckets(self, call: S3Call) -> Response:
        with self.store.lock:
            buckets = sorted(self.store.buckets.values(), key=lambda bucket: bucket.name)
        prefix, region = call.query.get("prefix", ""), call.query.get("bucket-region")
        view = [
            {"Name": bucket.name, "CreationDate": s3_xml.instant(bucket.created), "BucketRegion": bucket.region}
            for bucket in buckets
            if bucket.name.startswith(prefix) and region in (None, bucket.region)
        ]
        return xml_response("ListAllMyBucketsResult", {"Owner": self._owner(), "Buckets": {"Bucket": view}})

    def _create_bucket(self, call: S3Call) -> Response:
        region, constraint = call.signature.region, ""
        body = call.payload.whole()
        if body:
            constraint = s3_xml.parsed(body, "CreateBucketConfiguration").findtext("LocationConstraint", "")
        if not _BUCKET_NAME.fullmatch(call.bucket) or ".." in call.bucket:
            raise AwsError(400, "InvalidBucketName", "The specified bucket is not valid.", {"BucketName": call.bucket})
        if constraint and (constraint == "us-east-1" or not _REGION.fullmatch(constraint)):
            message = "The specified location-constraint is not valid"
            raise AwsError(400, "InvalidLocationConstraint", message, {"LocationConstraint": constraint})
        if (constraint or "us-east-1") != region:
            what = (
                f"The {constraint} location constraint is" if constraint else "The unspecified location constraint is"
            )
            message = f"{what} incompatible for the region specific endpoint this request was sent to."
            raise AwsError(400, "IllegalLocationConstraintException", message)
        with self.store.lock:
            if call.bucket in self._foreign():
                message = (
                    "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                    "system. Please select a different name and try again."
                )
                raise AwsError(409, "BucketAlreadyExists", message, {"BucketName": call.bucket})
            if call.bucket in self.store.buckets:
                message = "Your previous request to create the named bucket succeeded and you already own it."
                raise AwsError(409, "BucketAlreadyOwnedByYou", message, {"BucketName": call.bucket})
            self.store.buckets[call.bucket] = Bucket(call.bucket, region, self.store.clock.now())
        return Response(b"", 200, {"Location": f"/{call.bucket}"})

    def _head_bucket(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
        return Response(b"", 200, {"x-amz-bucket-region": bucket.region, "Content-Type": "application/xml"})

    def _delete_bucket(self, call: S3Call) -> Response:
        with self.store.lock:
            bucket = self._bucket(call)
            if bucket.versions:
                message = "The bucket you tried to delete is not empty"
                if bucket.versioning:
                    message += ". You must delete all versions in the bucket."
                raise AwsError(409, "BucketNotEmpty", message, {"BucketName": bucket.name})
            for upload in bucket.uploads.values():
                upload.drop(*upload.parts)
            del self.store.buckets[bucket.name]
        return Response(b"", 204)

    def _get_location(self, call: S3Call) -> Response:
        with self.store.lock:
            if call.bucket in self._foreign():
                raise AwsError(403, "AccessDenied", "Access Denied")
            region = self.store.bucket(call.bucket).region
        text = "" if region == "us-east-1" else region
        body = s3_xml.document("LocationConstraint", {}).replace(b"></", b">" + text.encode() + b"</")
        return Response(body, 200, {"Content-Type": "application/xml"})

    def _get_versioning(self, call: S3Call) -> Response:
        with self.store.lock:
            return xml_response("VersioningConfiguration", {"Status": self._bucket(call).versioning or None})

    def _put_versioning(self, call: S3Call) -> Response:
        status = s3_xml.parsed(self._checked_body(call), "VersioningConfiguration").findtext("Status", "")
        if status not in {"Enabled", "Suspended"}:
            raise s3_xml.malformed()
        with self.store.lock:
            self._bucket(call).versioning = status
        return Response(b"", 200)

    def _document_handler(self, method: str, sub: str) -> Callable[[S3Call], Response]:
        root, _unused, code, message = DOCUMENTS[sub]

        def get(call: S3Call) -> Response:
            with self.store.lock:
                found = self._bucket(call).documents.get(sub)
            if found is None:
                raise AwsError(404, code, message, {"BucketName": call.bucket})
            return Response(found, 200, {"Content-Type": "application/xml" if root else "application/json"})

        def put(call: S3Call) -> Response:
            body = self._checked_body(call)
            default_sse: tuple[str, str | None] | None = None
            if root:
                tree = s3_xml.parsed(body, root)
                if sub == "encryption":
                    sse = tree.findtext(".//SSEAlgorithm", "")
                    key = tree.findtext(".//KMSMasterKeyID")
                    default_sse = self._sse(sse, key, call.signature.region)
                if sub == "tagging":
                    check_tags(tag_pairs(tree), 50)
            with self.store.lock:
                bucket = self._bucket(call)
                bucket.documents[sub] = body
                bucket.default_sse = default_sse or bucket.default_sse
            return Response(b"", 204 if sub in {"tagging", "policy"} else 200)

        def delete(call: S3Call) -> Response:
            with self.store.lock:
                bucket = self._bucket(call)
                bucket.documents.pop(sub, None)
                if sub == "encryption":
                    bucket.default_sse = ("AES256", None)
            return Response(b"", 204)

        return {"GET": get, "PUT": put, "DELETE": delete}[method]
