# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to S3, path-style, and the operation that it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from werkzeug import Request

from finetune_sandbox.bedrock.sigv4 import Payload, Signature
from finetune_sandbox.server.web import raw_target

MAX_PUT_BYTES = 5 * 1024**3
DOCUMENTS = {
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
    return TABLE.get((method, kind, sub), "unknown")


TABLE = {
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
for _sub, (_root, _noun, _code, _text) in DOCUMENTS.items():
    TABLE["GET", "bucket", _sub] = "GetPublicAccessBlock" if _sub == "publicAccessBlock" else f"Get{_noun}"
    TABLE["PUT", "bucket", _sub] = "PutPublicAccessBlock" if _sub == "publicAccessBlock" else f"Put{_noun}"
    TABLE["DELETE", "bucket", _sub] = "DeletePublicAccessBlock" if _sub == "publicAccessBlock" else f"Delete{_noun}"
TABLE["DELETE", "bucket", "lifecycle"] = "DeleteBucketLifecycle"
OPERATIONS = sorted(
    {*TABLE.values(), "ListBuckets", "ListObjects", "ListObjectsV2", "CopyObject", "UploadPartCopy", "unknown"}
)
