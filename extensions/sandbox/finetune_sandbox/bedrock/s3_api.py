# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3's REST API, path-style: the operations that uploads, downloads and clean-ups use. All others: NotImplemented."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes
from xml.etree import ElementTree

from werkzeug import Request

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_store import Bucket, Part, S3Store, Upload, Version
from finetune_sandbox.bedrock.sigv4 import Payload, Signature
from finetune_sandbox.frame import checksums
from finetune_sandbox.frame.contents import Segment, Stored, kept
from finetune_sandbox.frame.web import Answer, Content, byte_range, http_date, raw_target

MAX_PUT_BYTES = 5 * 1024**3
MIN_PART_BYTES = 5 * 1024**2
_BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)")
_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d")
_KEPT_HEADERS = (
    "Content-Type",
    "Content-Encoding",
    "Content-Disposition",
    "Content-Language",
    "Cache-Control",
    "Expires",
)
_STORAGE = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE")
_DOCUMENTS = {
    "tagging": ("Tagging", "BucketTagging", "NoSuchTagSet", "The TagSet does not exist"),
    "encryption": (
        "ServerSideEncryptionConfiguration",
        "BucketEncryption",
        "ServerSideEncryptionConfigurationNotFoundError",
        "The server side encryption configuration was not found",
    ),
    "lifecycle": (
        "LifecycleConfiguration",
        "BucketLifecycleConfiguration",
        "NoSuchLifecycleConfiguration",
        "The lifecycle configuration does not exist",
    ),
    "publicAccessBlock": (
        "PublicAccessBlockConfiguration",
        "PublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    "ownershipControls": (
        "OwnershipControls",
        "BucketOwnershipControls",
        "OwnershipControlsNotFoundError",
        "The bucket ownership controls were not found",
    ),
    "policy": ("", "BucketPolicy", "NoSuchBucketPolicy", "The bucket policy does not exist"),
}
_SUBRESOURCES = frozenset(
    (
        "accelerate",
        "acl",
        "analytics",
        "annotation",
        "attributes",
        "cors",
        "encryption",
        "intelligent-tiering",
        "inventory",
        "legal-hold",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "metadataTable",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "session",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versioning",
        "versions",
        "website",
        "delete",
        "renameObject",
    )
)
_NULL = "null"


@dataclass
class S3Call:
    """A request to S3. query: decoded, without values where there is none ("")."""

    request: Request
    signature: Signature
    bucket: str
    key: str
    query: dict[str, str]
    payload: Payload = field(init=False)

    def __post_init__(self) -> None:
        self.payload = Payload(self.request, self.signature)

    def header(self, name: str, default: str = "") -> str:
        """A request header."""
        return str(self.request.headers.get(name, default))


def target(request: Request) -> tuple[str, str, dict[str, str]]:
    """(bucket, key, query) of a path-style request."""
    path, query = raw_target(request)
    bucket, _unused, key = path.removeprefix("/").partition("/")
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    return unquote(bucket), unquote_to_bytes(key).decode("utf-8", "surrogateescape"), pairs


def operation(method: str, bucket: str, key: str, query: dict[str, str], copying: bool) -> str:
    """The name of the operation, or "unknown"."""
    if not bucket:
        return "ListBuckets" if method == "GET" and not key else "unknown"
    kind = "object" if key else "bucket"
    sub = next((name for name in query if name in _SUBRESOURCES), "")
    if not sub and method == "GET" and kind == "bucket":
        return "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects"
    if copying and method == "PUT":
        return {"": "CopyObject", "uploadId": "UploadPartCopy"}.get(sub, "unknown")
    return _TABLE.get((method, kind, sub), "unknown")


_TABLE = {
    ("PUT", "bucket", ""): "CreateBucket",
    ("HEAD", "bucket", ""): "HeadBucket",
    ("DELETE", "bucket", ""): "DeleteBucket",
    ("GET", "bucket", "location"): "GetBucketLocation",
    ("GET", "bucket", "versioning"): "GetBucketVersioning",
    ("PUT", "bucket", "versioning"): "PutBucketVersioning",
    ("GET", "bucket", "versions"): "ListObjectVersions",
    ("GET", "bucket", "uploads"): "ListMultipartUploads",
    ("POST", "bucket", "delete"): "DeleteObjects",
    ("PUT", "object", ""): "PutObject",
    ("GET", "object", ""): "GetObject",
    ("HEAD", "object", ""): "HeadObject",
    ("DELETE", "object", ""): "DeleteObject",
    ("GET", "object", "attributes"): "GetObjectAttributes",
    ("GET", "object", "tagging"): "GetObjectTagging",
    ("PUT", "object", "tagging"): "PutObjectTagging",
    ("DELETE", "object", "tagging"): "DeleteObjectTagging",
    ("POST", "object", "uploads"): "CreateMultipartUpload",
    ("PUT", "object", "uploadId"): "UploadPart",
    ("POST", "object", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "object", "uploadId"): "AbortMultipartUpload",
    ("GET", "object", "uploadId"): "ListParts",
}
for _sub, (_root, _noun, _code, _text) in _DOCUMENTS.items():
    _TABLE["GET", "bucket", _sub] = "GetPublicAccessBlock" if _sub == "publicAccessBlock" else f"Get{_noun}"
    _TABLE["PUT", "bucket", _sub] = "PutPublicAccessBlock" if _sub == "publicAccessBlock" else f"Put{_noun}"
    _TABLE["DELETE", "bucket", _sub] = "DeletePublicAccessBlock" if _sub == "publicAccessBlock" else f"Delete{_noun}"
_TABLE["DELETE", "bucket", "lifecycle"] = "DeleteBucketLifecycle"
OPERATIONS = sorted(
    {*_TABLE.values(), "ListBuckets", "ListObjects", "ListObjectsV2", "CopyObject", "UploadPartCopy", "unknown"}
)


def _read_metadata(call: S3Call) -> dict[str, str]:
    metadata = {}
    for name, value in call.request.headers:
        if name.lower().startswith("x-amz-meta-"):
            metadata[name.lower().removeprefix("x-amz-meta-")] = value
    if sum(len(name) + len(value) for name, value in metadata.items()) > 2048:
        raise AwsError(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
    return metadata


def _read_kept_headers(call: S3Call) -> dict[str, str]:
    """The headers that are kept with an object; the coding of the transfer is none of its own."""
    headers = {name: call.header(name) for name in _KEPT_HEADERS if call.header(name)}
    if call.payload.chunked and "Content-Encoding" in headers:
        codings = [part.strip() for part in headers.pop("Content-Encoding").split(",")]
        rest = ",".join(part for part in codings if part != "aws-chunked")
        if rest:
            headers["Content-Encoding"] = rest
    headers.setdefault("Content-Type", "binary/octet-stream")
    return headers


class S3Api:
    """The operations by name, in `handlers`.

    kms_key: (key id, ARN or alias, region) -> ARN; raises AwsError when there is no such key.
    foreign: names of buckets that belong to somebody else.
    """

    def __init__(
        self, store: S3Store, account: str, kms_key: Callable[[str, str], str], foreign: Callable[[], list[str]]
    ) -> None:
        self.store, self._account, self._kms_key, self._foreign = store, account, kms_key, foreign
        self.handlers: dict[str, Callable[[S3Call], Answer]] = {
            "ListBuckets": self._list_buckets,
            "CreateBucket": self._create_bucket,
            "HeadBucket": self._head_bucket,
            "DeleteBucket": self._delete_bucket,
            "GetBucketLocation": self._get_location,
            "GetBucketVersioning": self._get_versioning,
            "PutBucketVersioning": self._put_versioning,
            "ListObjects": self._list_objects,
            "ListObjectsV2": self._list_objects,
            "ListObjectVersions": self._list_versions,
            "ListMultipartUploads": self._list_uploads,
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
            "CreateMultipartUpload": self._create_upload,
            "UploadPart": self._upload_part,
            "UploadPartCopy": self._upload_part_copy,
            "CompleteMultipartUpload": self._complete_upload,
            "AbortMultipartUpload": self._abort_upload,
            "ListParts": self._list_parts,
        }
        for (method, _unused, sub), name in _TABLE.items():
            if sub in _DOCUMENTS and name not in self.handlers:
                self.handlers[name] = self._document_handler(method, sub)

    def handle(self, name: str, call: S3Call) -> Answer:
        """Run an operation."""
        handler = self.handlers.get(name)
        if handler is None:
            message = "A header or query you provided implies functionality that the sandbox does not have."
            raise AwsError(501, "NotImplemented", message)
        owner = call.header("x-amz-expected-bucket-owner")
        if owner and owner != self._account:
            raise AwsError(403, "AccessDenied", "Access Denied")
        return handler(call)

    # Buckets

    def _bucket(self, call: S3Call, name: str | None = None) -> Bucket:
        """The bucket of a call, in its own region, or the error."""
        name = call.bucket if name is None else name
        if name in self._foreign():
            raise AwsError(403, "AccessDenied", "Access Denied")
        bucket = self.store.bucket(name)
        if bucket.region != call.signature.region:
            raise AwsError(
                301,
                "PermanentRedirect",
                "The bucket you are attempting to access must be addressed using the specified endpoint. "
                "Please send all future requests to this endpoint.",
                {"Endpoint": f"s3.{bucket.region}.amazonaws.com", "Bucket": name},
                {"x-amz-bucket-region": bucket.region},
            )
        return bucket

    def _list_buckets(self, call: S3Call) -> Answer:
        with self.store.lock:
            buckets = sorted(self.store.buckets.values(), key=lambda bucket: bucket.name)
        prefix, region = call.query.get("prefix", ""), call.query.get("bucket-region")
        shown = [
            {"Name": bucket.name, "CreationDate": s3_xml.instant(bucket.created), "BucketRegion": bucket.region}
            for bucket in buckets
            if bucket.name.startswith(prefix) and region in (None, bucket.region)
        ]
        return _xml("ListAllMyBucketsResult", {"Owner": self._owner(), "Buckets": {"Bucket": shown}})

    def _owner(self) -> dict[str, str]:
        return {"ID": (self._account * 6)[:64]}

    def _create_bucket(self, call: S3Call) -> Answer:
        region, wish = call.signature.region, ""
        body = call.payload.whole()
        if body:
            wish = s3_xml.parsed(body, "CreateBucketConfiguration").findtext("LocationConstraint", "")
        if not _BUCKET_NAME.fullmatch(call.bucket) or ".." in call.bucket:
            raise AwsError(400, "InvalidBucketName", "The specified bucket is not valid.", {"BucketName": call.bucket})
        if wish and (wish == "us-east-1" or not _REGION.fullmatch(wish)):
            message = "The specified location-constraint is not valid"
            raise AwsError(400, "InvalidLocationConstraint", message, {"LocationConstraint": wish})
        if (wish or "us-east-1") != region:
            what = f"The {wish} location constraint is" if wish else "The unspecified location constraint is"
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
        return Answer(b"", 200, {"Location": f"/{call.bucket}"})

    def _head_bucket(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
        return Answer(b"", 200, {"x-amz-bucket-region": bucket.region, "Content-Type": "application/xml"})

    def _delete_bucket(self, call: S3Call) -> Answer:
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
        return Answer(b"", 204)

    def _get_location(self, call: S3Call) -> Answer:
        with self.store.lock:
            if call.bucket in self._foreign():
                raise AwsError(403, "AccessDenied", "Access Denied")
            region = self.store.bucket(call.bucket).region
        text = "" if region == "us-east-1" else region
        body = s3_xml.document("LocationConstraint", {}).replace(b"></", b">" + text.encode() + b"</")
        return Answer(body, 200, {"Content-Type": "application/xml"})

    def _get_versioning(self, call: S3Call) -> Answer:
        with self.store.lock:
            return _xml("VersioningConfiguration", {"Status": self._bucket(call).versioning or None})

    def _put_versioning(self, call: S3Call) -> Answer:
        status = s3_xml.parsed(self._checked_body(call), "VersioningConfiguration").findtext("Status", "")
        if status not in {"Enabled", "Suspended"}:
            raise s3_xml.malformed()
        with self.store.lock:
            self._bucket(call).versioning = status
        return Answer(b"", 200)

    def _document_handler(self, method: str, sub: str) -> Callable[[S3Call], Answer]:
        root, _unused, code, message = _DOCUMENTS[sub]

        def get(call: S3Call) -> Answer:
            with self.store.lock:
                found = self._bucket(call).documents.get(sub)
            if found is None:
                raise AwsError(404, code, message, {"BucketName": call.bucket})
            return Answer(found, 200, {"Content-Type": "application/xml" if root else "application/json"})

        def put(call: S3Call) -> Answer:
            body = self._checked_body(call)
            default_sse: tuple[str, str | None] | None = None
            if root:
                tree = s3_xml.parsed(body, root)
                if sub == "encryption":
                    sse = tree.findtext(".//SSEAlgorithm", "")
                    key = tree.findtext(".//KMSMasterKeyID")
                    default_sse = self._sse(sse, key, call.signature.region)
                if sub == "tagging":
                    _checked_tags(_tag_pairs(tree), 50)
            with self.store.lock:
                bucket = self._bucket(call)
                bucket.documents[sub] = body
                bucket.default_sse = default_sse or bucket.default_sse
            return Answer(b"", 204 if sub in {"tagging", "policy"} else 200)

        def delete(call: S3Call) -> Answer:
            with self.store.lock:
                bucket = self._bucket(call)
                bucket.documents.pop(sub, None)
                if sub == "encryption":
                    bucket.default_sse = ("AES256", None)
            return Answer(b"", 204)

        return {"GET": get, "PUT": put, "DELETE": delete}[method]

    # Reading requests

    def _checked_body(self, call: S3Call) -> bytes:
        """A small XML body, its checksums verified."""
        algorithms = _given_algorithms(call)
        body = call.payload.whole()
        sums = {name: checksums.new(name) for name in algorithms}
        for each in sums.values():
            each.update(body)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        _verify_sums(call, md5, {name: each.digest() for name, each in sums.items()})
        return body

    def _sse(self, sse: str, key: str | None, region: str) -> tuple[str, str | None]:
        if sse not in {"AES256", "aws:kms", "aws:kms:dsse"}:
            raise AwsError(400, "InvalidArgument", "The encryption method specified is not supported")
        if sse == "AES256":
            if key:
                message = "You cannot specify a KMS key with AES256 server side encryption."
                raise AwsError(400, "InvalidArgument", message)
            return sse, None
        if key is None:
            return sse, f"arn:aws:kms:{region}:{self._account}:alias/aws/s3"
        return sse, self._kms_key(key, region)

    def _template(self, call: S3Call, bucket: Bucket) -> Version:
        """What the request's headers say about the object to be."""
        for name, _unused in call.request.headers:
            if name.lower().startswith("x-amz-server-side-encryption-customer-"):
                raise AwsError(501, "NotImplemented", "The sandbox does not do SSE-C.")
        if call.header("x-amz-acl") not in {"", "bucket-owner-full-control"}:
            raise AwsError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
        if len(call.key.encode("utf-8", "surrogateescape")) > 1024:
            raise AwsError(400, "KeyTooLongError", "Your key is too long")
        metadata = _read_metadata(call)
        sse, key = bucket.default_sse
        wish, wished_key = (
            call.header("x-amz-server-side-encryption"),
            call.header("x-amz-server-side-encryption-aws-kms-key-id"),
        )
        if wish:
            sse, key = self._sse(wish, wished_key or None, bucket.region)
        elif wished_key:
            message = (
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms"
            )
            raise AwsError(400, "InvalidArgument", message)
        storage = call.header("x-amz-storage-class", "STANDARD")
        if storage not in _STORAGE:
            raise AwsError(400, "InvalidStorageClass", "The storage class you specified is not valid")
        tags = dict(parse_qsl(call.header("x-amz-tagging"), keep_blank_values=True))
        _checked_tags(list(tags.items()), 10)
        return Version(
            call.key,
            "",
            0.0,
            headers=_read_kept_headers(call),
            metadata=metadata,
            tags=tags,
            sse=sse,
            kms_key=key,
            storage_class=storage,
        )

    @staticmethod
    def _check_write_conditions(call: S3Call, bucket: Bucket) -> None:
        none_match, match = call.header("If-None-Match"), call.header("If-Match")
        current = bucket.current(call.key)
        if none_match:
            if none_match != "*":
                message = "A header you provided implies functionality that is not implemented"
                raise AwsError(501, "NotImplemented", message, {"Header": "If-None-Match"})
            if current is not None:
                raise _failed_condition("If-None-Match")
        if match:
            if current is None:
                raise _no_key(call.key)
            if match.strip('"') not in {current.etag, "*"}:
                raise _failed_condition("If-Match")

    def _receive(self, call: S3Call) -> tuple[Stored, str | None]:
        """Store the body; verified. Returns the name of the checksum given, too."""
        if call.payload.length is None:
            raise AwsError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if call.payload.length > MAX_PUT_BYTES:
            message = "Your proposed upload exceeds the maximum allowed size"
            raise AwsError(400, "EntityTooLarge", message, {"MaxSizeAllowed": str(MAX_PUT_BYTES)})
        algorithms = _given_algorithms(call)
        stored = self.store.contents.write(call.payload.chunks(), algorithms)
        with kept(stored):
            _verify_sums(call, stored.md5, stored.checksums)
        return stored, algorithms[0] if algorithms else None

    # Objects

    def _put_object(self, call: S3Call) -> Answer:
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
        return Answer(
            b"", 200, {"ETag": f'"{version.etag}"', **_sse_headers(version), **_sums(version), **_id(version, bucket)}
        )

    def _source(self, call: S3Call) -> Version:
        """What an x-amz-copy-source names."""
        text, _unused, query = call.header("x-amz-copy-source").partition("?")
        name, slash, key = unquote(text).removeprefix("/").partition("/")
        if not slash or not key:
            raise AwsError(400, "InvalidArgument", "Copy Source must mention the source bucket and key")
        version_id = dict(parse_qsl(query)).get("versionId")
        if name in self._foreign():
            raise AwsError(403, "AccessDenied", "Access Denied")
        found = self.store.bucket(name).find(key, version_id)
        if found is None or found.marker:
            raise _no_key(key) if version_id is None else _no_version(key, version_id)
        match = call.header("x-amz-copy-source-if-match").strip('"')
        if match and match != found.etag:
            raise _failed_condition("x-amz-copy-source-If-Match")
        return found

    def _copy_object(self, call: S3Call) -> Answer:
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
        answer = _xml("CopyObjectResult", result)
        answer.headers.update({**_sse_headers(version), **_id(version, bucket)})
        return answer

    def _linked(self, segment: Segment) -> Segment:
        path = segment.path.with_name(f"{segment.path.name}-{self.store.ids.sequence()}")
        os.link(segment.path, path)
        return Segment(path, segment.size)

    def _existing(self, call: S3Call, bucket: Bucket) -> Version:
        version_id = call.query.get("versionId")
        found = bucket.find(call.key, version_id)
        if found is None:
            if version_id is None:
                raise _no_key(call.key)
            raise _no_version(call.key, version_id)
        if found.marker:
            headers = {"x-amz-delete-marker": "true", "x-amz-version-id": found.id}
            if version_id is None:
                raise AwsError(404, "NoSuchKey", "The specified key does not exist.", {"Key": call.key}, headers)
            message = "The specified method is not allowed against this resource."
            raise AwsError(405, "MethodNotAllowed", message, {"Method": call.request.method}, headers)
        return found

    def _get_object(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            headers = {
                "ETag": f'"{version.etag}"',
                "Last-Modified": http_date(version.modified),
                "Accept-Ranges": "bytes",
                **version.headers,
                **{f"x-amz-meta-{name}": value for name, value in version.metadata.items()},
                **_sse_headers(version),
                **_id(version, bucket),
            }
            if version.storage_class != "STANDARD":
                headers["x-amz-storage-class"] = version.storage_class
            if version.tags:
                headers["x-amz-tagging-count"] = str(len(version.tags))
            if version.parts and "partNumber" in call.query:
                headers["x-amz-mp-parts-count"] = str(version.parts)
        match, none_match = call.header("If-Match").strip('"'), call.header("If-None-Match").strip('"')
        if match and match not in {version.etag, "*"}:
            raise _failed_condition("If-Match")
        if none_match and none_match in {version.etag, "*"}:
            return Answer(b"", 304, {"ETag": headers["ETag"]})
        wanted = _range(call, version)
        start, stop = wanted or (0, version.size)
        whole = (start, stop) == (0, version.size)
        if call.header("x-amz-checksum-mode").upper() == "ENABLED" and whole:
            headers.update(_sums(version))
        if wanted is not None:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{version.size}"
        for name, argument in (
            ("Content-Type", "response-content-type"),
            ("Content-Disposition", "response-content-disposition"),
        ):
            headers[name] = call.query.get(argument) or headers.get(name, "")
        headers = {name: value for name, value in headers.items() if value}
        body = Content(stop - start, lambda: version.read(start, stop))
        return Answer(body, 200 if wanted is None else 206, headers)

    def _delete_object(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            match = call.header("If-Match").strip('"')
            current = bucket.current(call.key)
            if match and (current is None or match not in {current.etag, "*"}):
                raise _failed_condition("If-Match")
            marker = self.store.delete(bucket, call.key, call.query.get("versionId"))
        headers = {}
        if marker is not None:
            headers["x-amz-version-id"] = marker.id
            if marker.marker:
                headers["x-amz-delete-marker"] = "true"
        return Answer(b"", 204, headers)

    def _delete_objects(self, call: S3Call) -> Answer:
        if not _given_algorithms(call) and not call.header("Content-MD5"):
            message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
            raise AwsError(400, "InvalidRequest", message)
        tree = s3_xml.parsed(self._checked_body(call), "Delete")
        wishes = tree.findall("Object")
        if not 1 <= len(wishes) <= 1000:
            raise s3_xml.malformed()
        quiet = tree.findtext("Quiet", "").lower() == "true"
        deleted = []
        with self.store.lock:
            bucket = self._bucket(call)
            for wish in wishes:
                key, version_id = wish.findtext("Key", ""), wish.findtext("VersionId")
                if not key:
                    raise s3_xml.malformed()
                marker = self.store.delete(bucket, key, version_id)
                shown: dict[str, Any] = {"Key": key, "VersionId": version_id}
                if marker is not None and marker.marker:
                    shown.update({"DeleteMarker": True, "DeleteMarkerVersionId": marker.id})
                deleted.append(shown)
        return _xml("DeleteResult", {} if quiet else {"Deleted": deleted})

    def _get_attributes(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
        wanted = {name.strip() for name in call.header("x-amz-object-attributes").split(",")}
        shown: dict[str, Any] = {}
        if "ETag" in wanted:
            shown["ETag"] = version.etag
        if "Checksum" in wanted and version.checksum is not None:
            algorithm, value, kind = version.checksum
            shown["Checksum"] = {f"Checksum{algorithm}": value, "ChecksumType": kind}
        if "ObjectParts" in wanted and version.parts:
            shown["ObjectParts"] = {"PartsCount": version.parts}
        if "StorageClass" in wanted:
            shown["StorageClass"] = version.storage_class
        if "ObjectSize" in wanted:
            shown["ObjectSize"] = version.size
        if not shown and not wanted & {"Checksum", "ObjectParts"}:
            raise AwsError(400, "InvalidArgument", "Invalid attribute name specified.")
        answer = _xml("GetObjectAttributesResponse", shown)
        answer.headers.update({"Last-Modified": http_date(version.modified), **_id(version, bucket)})
        return answer

    def _get_tags(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            tags = [{"Key": key, "Value": value} for key, value in version.tags.items()]
        answer = _xml("Tagging", {"TagSet": {"Tag": tags}})
        answer.headers.update(_id(version, bucket))
        return answer

    def _put_tags(self, call: S3Call) -> Answer:
        pairs = _tag_pairs(s3_xml.parsed(self._checked_body(call), "Tagging"))
        _checked_tags(pairs, 10)
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            version.tags = dict(pairs)
        return Answer(b"", 200, _id(version, bucket))

    def _delete_tags(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            version = self._existing(call, bucket)
            version.tags = {}
        return Answer(b"", 204, _id(version, bucket))

    # Listings

    def _list_objects(self, call: S3Call) -> Answer:
        query = call.query
        newer = query.get("list-type") == "2"
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        limit = _limit(query, "max-keys")
        after = query.get("marker", "")
        if newer:
            after = query.get("start-after", "")
            if query.get("continuation-token"):
                after = _untoken(query["continuation-token"])
        contents: list[dict[str, Any]] = []
        prefixes: list[str] = []
        truncated, last = False, ""
        with self.store.lock:
            bucket = self._bucket(call)
            for key in bucket.keys_from(prefix, _behind(after)):
                version = bucket.current(key)
                if version is None or (prefixes and key.startswith(prefixes[-1])):
                    continue
                common = _common(key, prefix, delimiter)
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
                shown: dict[str, Any] = {
                    "Key": _shown(key, query),
                    "LastModified": s3_xml.instant(version.modified),
                    "ETag": f'"{version.etag}"',
                    "ChecksumAlgorithm": version.checksum[0] if version.checksum else None,
                    "ChecksumType": version.checksum[2] if version.checksum else None,
                    "Size": version.size,
                    "StorageClass": version.storage_class,
                }
                if not newer or query.get("fetch-owner") == "true":
                    shown["Owner"] = self._owner()
                contents.append(shown)
        # Keys below a common prefix come after the prefix itself: "\U0010ffff" is behind all of them.
        mark = last + "\U0010ffff" if prefixes and last == prefixes[-1] else last
        answer: dict[str, Any] = {"Name": call.bucket, "Prefix": _shown(prefix, query)}
        if newer:
            answer.update(
                KeyCount=len(contents) + len(prefixes),
                ContinuationToken=query.get("continuation-token"),
                StartAfter=query.get("start-after"),
                NextContinuationToken=_token(mark) if truncated else None,
            )
        else:
            answer.update(
                Marker=_shown(query.get("marker", ""), query),
                NextMarker=_shown(last, query) if truncated and delimiter else None,
            )
        answer.update(
            MaxKeys=limit,
            Delimiter=_shown(delimiter, query) or None,
            IsTruncated=truncated and limit > 0,
            EncodingType=query.get("encoding-type"),
            Contents=contents,
            CommonPrefixes=[{"Prefix": _shown(each, query)} for each in prefixes],
        )
        return _xml("ListBucketResult", answer)

    def _list_versions(self, call: S3Call) -> Answer:
        query = call.query
        prefix, limit = query.get("prefix", ""), _limit(query, "max-keys")
        after_key, after_version = query.get("key-marker", ""), query.get("version-id-marker", "")
        delimiter = query.get("delimiter", "")
        versions: list[dict[str, Any]] = []
        markers: list[dict[str, Any]] = []
        prefixes: list[str] = []
        truncated = False
        last: tuple[str, str] | None = None
        with self.store.lock:
            bucket = self._bucket(call)
            keys = list(bucket.keys_from(prefix, _behind(after_key)))
            if after_version and after_key in bucket.versions:
                keys.insert(0, after_key)
            for key in keys:
                common = _common(key, prefix, delimiter)
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
                    shown: dict[str, Any] = {
                        "Key": _shown(key, query),
                        "VersionId": version.id,
                        "IsLatest": version is newest,
                        "LastModified": s3_xml.instant(version.modified),
                        "Owner": self._owner(),
                    }
                    if version.marker:
                        markers.append(shown)
                    else:
                        shown.update(ETag=f'"{version.etag}"', Size=version.size, StorageClass=version.storage_class)
                        versions.append(shown)
                if truncated:
                    break
        more = truncated and last is not None
        answer = {
            "Name": call.bucket,
            "Prefix": _shown(prefix, query),
            "KeyMarker": _shown(after_key, query),
            "VersionIdMarker": after_version,
            "NextKeyMarker": _shown(last[0], query) if more and last else None,
            "NextVersionIdMarker": last[1] if more and last else None,
            "MaxKeys": limit,
            "Delimiter": _shown(delimiter, query) or None,
            "EncodingType": query.get("encoding-type"),
            "IsTruncated": more,
            "Version": versions,
            "DeleteMarker": markers,
            "CommonPrefixes": [{"Prefix": _shown(each, query)} for each in prefixes],
        }
        return _xml("ListVersionsResult", answer)

    # Multipart uploads

    def _create_upload(self, call: S3Call) -> Answer:
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
        answer = _xml("InitiateMultipartUploadResult", {"Bucket": bucket.name, "Key": call.key, "UploadId": upload.id})
        answer.headers.update(_sse_headers(template))
        if upload.algorithm:
            answer.headers["x-amz-checksum-algorithm"] = upload.algorithm
            answer.headers["x-amz-checksum-type"] = upload.checksum_type
        return answer

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

    def _upload_part(self, call: S3Call) -> Answer:
        number = _part_number(call)
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
        given = _given_algorithms(call)
        if upload.algorithm and given != [upload.algorithm]:
            actual = given[0].lower() if given else "null"
            message = (
                f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, "
                f"actual checksum Type: {actual}"
            )
            raise AwsError(400, "InvalidRequest", message)
        stored, algorithm = self._receive(call)
        self._keep_part(call, number, stored)
        headers = {"ETag": f'"{stored.md5.hex()}"', **_sse_headers(upload.template)}
        if algorithm is not None:
            headers[f"x-amz-checksum-{algorithm.lower()}"] = checksums.encoded(stored.checksums[algorithm])
        return Answer(b"", 200, headers)

    def _keep_part(self, call: S3Call, number: int, stored: Stored) -> Part:
        with kept(stored), self.store.lock:
            return self._upload(call, self._bucket(call)).put(Part(number, stored, self.store.clock.now()))

    def _upload_part_copy(self, call: S3Call) -> Answer:
        number = _part_number(call)
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
            source = self._source(call)
        start, stop = 0, source.size
        wish = call.header("x-amz-copy-source-range")
        if wish:
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", wish)
            if found is None or not int(found[1]) <= int(found[2]) < source.size:
                message = f"Range specified is not valid for source object of size: {source.size}"
                raise AwsError(400, "InvalidArgument", message)
            start, stop = int(found[1]), int(found[2]) + 1
        stored = self.store.contents.write(source.read(start, stop), [upload.algorithm] if upload.algorithm else [])
        part = self._keep_part(call, number, stored)
        result = {"LastModified": s3_xml.instant(part.modified), "ETag": f'"{part.etag}"'}
        if upload.algorithm:
            result[f"Checksum{upload.algorithm}"] = checksums.encoded(stored.checksums[upload.algorithm])
        return _xml("CopyPartResult", result)

    def _complete_upload(self, call: S3Call) -> Answer:
        tree = s3_xml.parsed(call.payload.whole(), "CompleteMultipartUpload")
        wishes = tree.findall("Part")
        if not 1 <= len(wishes) <= 10000:
            raise s3_xml.malformed()
        try:
            named = [(int(wish.findtext("PartNumber", "")), wish.findtext("ETag", "").strip('"')) for wish in wishes]
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
                version = self._assembled(call, bucket, upload, wishes, named)
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
        answer = _xml("CompleteMultipartUploadResult", result)
        answer.headers.update({**_sse_headers(version), **_id(version, bucket)})
        return answer

    def _assembled(
        self,
        call: S3Call,
        bucket: Bucket,
        upload: Upload,
        wishes: list[ElementTree.Element],
        named: list[tuple[int, str]],
    ) -> Version:
        """The object that the parts make; every rule of the completion is checked here."""
        numbers = [number for number, _unused in named]
        if any(left >= right for left, right in zip(numbers, numbers[1:], strict=False)):
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise AwsError(400, "InvalidPartOrder", message)
        parts = []
        for index, ((number, etag), wish) in enumerate(zip(named, wishes, strict=True)):
            part = upload.parts.get(number)
            if part is None or part.etag != etag:
                raise _bad_part(upload.id, number, etag)
            if upload.algorithm:
                given = wish.findtext(f"Checksum{upload.algorithm}")
                if given is None and upload.checksum_type == "COMPOSITE":
                    message = (
                        f"The upload was created using a {upload.algorithm.lower()} checksum. The complete request "
                        f"must include the checksum for each part. It was missing for part {number} in the request."
                    )
                    raise AwsError(400, "InvalidRequest", message)
                if given is not None and given != checksums.encoded(part.stored.checksums[upload.algorithm]):
                    raise _bad_part(upload.id, number, etag)
            if index < len(named) - 1 and part.stored.segment.size < MIN_PART_BYTES:
                extra = {
                    "ProposedSize": str(part.stored.segment.size),
                    "MinSizeAllowed": str(MIN_PART_BYTES),
                    "PartNumber": str(number),
                    "ETag": etag,
                }
                message = "Your proposed upload is smaller than the minimum allowed size"
                raise AwsError(400, "EntityTooSmall", message, extra)
            parts.append(part)
        size = sum(part.stored.segment.size for part in parts)
        wished_size = call.header("x-amz-mp-object-size")
        if wished_size and wished_size != str(size):
            message = (
                f"The provided 'x-amz-mp-object-size' header value {wished_size} does not match "
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
            given = call.header(f"x-amz-checksum-{algorithm.lower()}")
            if given and given not in {value, value.rpartition("-")[0]}:
                raise _bad_digest(algorithm)
            version.checksum = (algorithm, value, upload.checksum_type)
        return version

    def _abort_upload(self, call: S3Call) -> Answer:
        with self.store.lock:
            bucket = self._bucket(call)
            upload = self._upload(call, bucket)
            del bucket.uploads[upload.id]
        upload.drop(*upload.parts)
        return Answer(b"", 204)

    def _list_parts(self, call: S3Call) -> Answer:
        limit = _limit(call.query, "max-parts")
        after = call.query.get("part-number-marker", "0")
        if not after.isdecimal():
            raise AwsError(400, "InvalidArgument", "Argument part-number-marker must be an integer.")
        with self.store.lock:
            upload = self._upload(call, self._bucket(call))
            parts = [part for number, part in sorted(upload.parts.items()) if number > int(after)]
        shown: list[dict[str, Any]] = [
            {
                "PartNumber": part.number,
                "LastModified": s3_xml.instant(part.modified),
                "ETag": f'"{part.etag}"',
                "Size": part.stored.segment.size,
                **{f"Checksum{name}": checksums.encoded(digest) for name, digest in part.stored.checksums.items()},
            }
            for part in parts[:limit]
        ]
        answer = {
            "Bucket": call.bucket,
            "Key": call.key,
            "UploadId": upload.id,
            "PartNumberMarker": after,
            "NextPartNumberMarker": shown[-1]["PartNumber"] if shown else 0,
            "MaxParts": limit,
            "IsTruncated": len(parts) > limit,
            "Initiator": self._owner(),
            "Owner": self._owner(),
            "StorageClass": upload.template.storage_class,
            "ChecksumAlgorithm": upload.algorithm,
            "ChecksumType": upload.checksum_type or None,
            "Part": shown,
        }
        return _xml("ListPartsResult", answer)

    def _list_uploads(self, call: S3Call) -> Answer:
        query = call.query
        prefix, limit = query.get("prefix", ""), _limit(query, "max-uploads")
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
        shown = [
            {
                "Key": _shown(upload.key, query),
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
        answer = {
            "Bucket": call.bucket,
            "KeyMarker": _shown(after[0], query),
            "UploadIdMarker": after[1],
            "Prefix": _shown(prefix, query),
            "NextKeyMarker": shown[-1]["Key"] if shown and len(uploads) > limit else None,
            "NextUploadIdMarker": shown[-1]["UploadId"] if shown and len(uploads) > limit else None,
            "MaxUploads": limit,
            "IsTruncated": len(uploads) > limit,
            "EncodingType": query.get("encoding-type"),
            "Upload": shown,
        }
        return _xml("ListMultipartUploadsResult", answer)


def _xml(name: str, content: dict[str, Any]) -> Answer:
    return Answer(s3_xml.document(name, content), 200, {"Content-Type": "application/xml"})


def _no_key(key: str) -> AwsError:
    return AwsError(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})


def _no_version(key: str, version_id: str) -> AwsError:
    if version_id != _NULL and not re.fullmatch(r"[A-Za-z0-9._]{32}", version_id):
        extra = {"ArgumentName": "versionId", "ArgumentValue": version_id}
        return AwsError(400, "InvalidArgument", "Invalid version id specified", extra)
    return AwsError(
        404, "NoSuchVersion", "The specified version does not exist.", {"Key": key, "VersionId": version_id}
    )


def _failed_condition(name: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError(412, "PreconditionFailed", message, {"Condition": name})


def _bad_part(upload_id: str, number: int, etag: str) -> AwsError:
    message = (
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified "
        "entity tag may not match the part's entity tag."
    )
    return AwsError(400, "InvalidPart", message, {"UploadId": upload_id, "PartNumber": str(number), "ETag": etag})


def _bad_digest(name: str) -> AwsError:
    what = "Content-MD5" if name == "MD5" else name
    return AwsError(400, "BadDigest", f"The {what} you specified did not match the calculated checksum.")


def _given_algorithms(call: S3Call) -> list[str]:
    """The checksum that the request carries, in a header or announced as a trailer; more than one is refused."""
    names = {name.lower() for name, _unused in call.request.headers}
    names |= {name.strip().lower() for name in call.header("x-amz-trailer").split(",")}
    found = [name for name in checksums.S3_ALGORITHMS if f"x-amz-checksum-{name.lower()}" in names]
    if len(found) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise AwsError(400, "InvalidRequest", message)
    announced = call.header("x-amz-sdk-checksum-algorithm").upper()
    if announced and announced not in checksums.S3_ALGORITHMS:
        message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types."
        raise AwsError(400, "InvalidRequest", message)
    if announced and call.request.method in {"PUT", "POST"} and found and found != [announced]:
        message = "Value for x-amz-sdk-checksum-algorithm header is invalid."
        raise AwsError(400, "InvalidRequest", message)
    return found


def _verify_sums(call: S3Call, md5: bytes, sums: dict[str, bytes]) -> None:
    given_md5 = call.header("Content-MD5")
    if given_md5:
        wanted = checksums.decoded(given_md5)
        if wanted is None:
            raise AwsError(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
        if wanted != md5:
            extra = {"ExpectedDigest": given_md5, "CalculatedDigest": checksums.encoded(md5)}
            raise AwsError(400, "BadDigest", "The Content-MD5 you specified did not match what we received.", extra)
    for name, digest in sums.items():
        header = f"x-amz-checksum-{name.lower()}"
        given = call.header(header) or call.payload.trailers.get(header, "")
        wanted = checksums.decoded(given)
        if wanted is None or len(wanted) != len(digest):
            raise AwsError(400, "InvalidRequest", f"Value for {header} header is invalid.")
        if wanted != digest:
            raise _bad_digest(name)


def _sse_headers(version: Version) -> dict[str, str]:
    headers = {"x-amz-server-side-encryption": version.sse}
    if version.kms_key is not None:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = version.kms_key
    return headers


def _sums(version: Version) -> dict[str, str]:
    if version.checksum is None:
        return {}
    algorithm, value, kind = version.checksum
    return {f"x-amz-checksum-{algorithm.lower()}": value, "x-amz-checksum-type": kind}


def _id(version: Version, bucket: Bucket) -> dict[str, str]:
    return {"x-amz-version-id": version.id} if bucket.versioning else {}


def _range(call: S3Call, version: Version) -> tuple[int, int] | None:
    """(start, stop) of what is asked for; None for the whole, without a range."""
    size = version.size
    number = call.query.get("partNumber")
    if number is not None:
        count = version.parts or 1
        if not number.isdecimal() or not 1 <= int(number) <= count:
            raise AwsError(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
        if not version.size:
            return None
        before = sum(segment.size for segment in version.segments[: int(number) - 1])
        return before, before + version.segments[int(number) - 1].size
    wish = call.header("Range")
    wanted = byte_range(wish, size)
    if wanted is None:
        return None
    if wanted[0] >= wanted[1]:
        extra = {"RangeRequested": wish, "ActualObjectSize": str(size)}
        raise AwsError(416, "InvalidRange", "The requested range is not satisfiable", extra)
    return wanted


def _limit(query: dict[str, str], name: str) -> int:
    text = query.get(name, "1000")
    if not text.isdecimal():
        extra = {"ArgumentName": name, "ArgumentValue": text}
        raise AwsError(400, "InvalidArgument", f"Provided {name} not an integer or within integer range", extra)
    return min(1000, int(text))


def _part_number(call: S3Call) -> int:
    text = call.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text) <= 10000:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise AwsError(400, "InvalidArgument", message, {"ArgumentName": "partNumber", "ArgumentValue": text})
    return int(text)


def _behind(key: str) -> str:
    """The first key there can be after this one."""
    return key + "\0"


def _common(key: str, prefix: str, delimiter: str) -> str:
    """The common prefix that a key falls under, or ""."""
    if not delimiter:
        return ""
    place = key.find(delimiter, len(prefix))
    return "" if place < 0 else key[: place + len(delimiter)]


def _shown(text: str, query: dict[str, str]) -> str:
    if query.get("encoding-type") == "url":
        return quote(text.encode("utf-8", "surrogateescape"), safe="/-_.~*")
    return text


def _token(text: str) -> str:
    return base64.urlsafe_b64encode(b"1" + text.encode("utf-8", "surrogateescape")).decode()


def _untoken(token: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise AwsError(400, "InvalidArgument", "The continuation token provided is incorrect") from error
    if not raw.startswith(b"1"):
        raise AwsError(400, "InvalidArgument", "The continuation token provided is incorrect")
    return raw[1:].decode("utf-8", "surrogateescape")


def _tag_pairs(tree: ElementTree.Element) -> list[tuple[str, str]]:
    return [(tag.findtext("Key", ""), tag.findtext("Value", "")) for tag in tree.findall("TagSet/Tag")]


def _checked_tags(pairs: list[tuple[str, str]], limit: int) -> None:
    if len(pairs) > limit:
        message = (
            "Object tags cannot be greater than 10" if limit == 10 else "Bucket tag count cannot be greater than 50"
        )
        raise AwsError(400, "BadRequest", message)
    for key, value in pairs:
        if not 1 <= len(key) <= 128 or not re.fullmatch(r"[\w\s.:/=+\-@]*", key):
            raise AwsError(400, "InvalidTag", "The TagKey you have provided is invalid", {"TagKey": key})
        if key.lower().startswith("aws:"):
            raise AwsError(400, "InvalidTag", "System tags cannot be added/updated by requester", {"TagKey": key})
        if len(value) > 256 or not re.fullmatch(r"[\w\s.:/=+\-@]*", value):
            raise AwsError(400, "InvalidTag", "The TagValue you have provided is invalid", {"TagKey": key})
    if len({key for key, _unused in pairs}) != len(pairs):
        raise AwsError(400, "InvalidTag", "Cannot provide multiple Tags with the same key")
