# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading requests to S3: what its groups of operations share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_call import MAX_PUT_BYTES, S3Call
from finetune_sandbox.bedrock.s3_parts import (
    check_tags,
    failed_condition,
    no_key,
    no_version,
    read_algorithms,
    verify_sums,
)
from finetune_sandbox.bedrock.s3_store import Bucket, S3Store, Version
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import Stored, kept

_KEPT_HEADERS = (
    "Content-Type",
    "Content-Encoding",
    "Content-Disposition",
    "Content-Language",
    "Cache-Control",
    "Expires",
)
_STORAGE = ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE")


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


class S3Base:
    """The store, and how requests are read.

    kms_key: (key id, ARN or alias, region) -> ARN; raises AwsError when there is no such key.
    foreign: names of buckets that belong to somebody else.
    """

    def __init__(
        self, store: S3Store, account: str, kms_key: Callable[[str, str], str], foreign: Callable[[], list[str]]
    ) -> None:
        self.store, self._account, self._kms_key, self._foreign = store, account, kms_key, foreign

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

    def _owner(self) -> dict[str, str]:
        return {"ID": (self._account * 6)[:64]}

    def _checked_body(self, call: S3Call) -> bytes:
        """A small XML body, its checksums verified."""
        algorithms = read_algorithms(call)
        body = call.payload.whole()
        sums = {name: checksums.new(name) for name in algorithms}
        for each in sums.values():
            each.update(body)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        verify_sums(call, md5, {name: each.digest() for name, each in sums.items()})
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
        algorithm, key_id = (
            call.header("x-amz-server-side-encryption"),
            call.header("x-amz-server-side-encryption-aws-kms-key-id"),
        )
        if algorithm:
            sse, key = self._sse(algorithm, key_id or None, bucket.region)
        elif key_id:
            message = (
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms"
            )
            raise AwsError(400, "InvalidArgument", message)
        storage = call.header("x-amz-storage-class", "STANDARD")
        if storage not in _STORAGE:
            raise AwsError(400, "InvalidStorageClass", "The storage class you specified is not valid")
        tags = dict(parse_qsl(call.header("x-amz-tagging"), keep_blank_values=True))
        check_tags(list(tags.items()), 10)
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
                raise failed_condition("If-None-Match")
        if match:
            if current is None:
                raise no_key(call.key)
            if match.strip('"') not in {current.etag, "*"}:
                raise failed_condition("If-Match")

    def _receive(self, call: S3Call) -> tuple[Stored, str | None]:
        """Store the body; verified. Returns the name of the checksum given, too."""
        if call.payload.length is None:
            raise AwsError(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if call.payload.length > MAX_PUT_BYTES:
            message = "Your proposed upload exceeds the maximum allowed size"
            raise AwsError(400, "EntityTooLarge", message, {"MaxSizeAllowed": str(MAX_PUT_BYTES)})
        algorithms = read_algorithms(call)
        stored = self.store.contents.write(call.payload.chunks(), algorithms)
        with kept(stored):
            verify_sums(call, stored.md5, stored.checksums)
        return stored, algorithms[0] if algorithms else None

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
            raise no_key(key) if version_id is None else no_version(key, version_id)
        match = call.header("x-amz-copy-source-if-match").strip('"')
        if match and match != found.etag:
            raise failed_condition("x-amz-copy-source-If-Match")
        return found
