# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of Amazon S3 that this provider's drivers share.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..._engine.coerce import mapping, timestamp
from ..._engine.content import Content, refuse_placeholder
from ..._engine.errors import ApiError, InvalidInput, NotFound
from ..toolkit.naming import METADATA, sha256_in_name
from .client import Api

_URI = re.compile(r"s3://(?P<bucket>[a-z0-9][-.a-z0-9]{1,61}[a-z0-9])(?:/(?P<key>.*))?", re.DOTALL)
_KINDS = ("CRC32", "CRC32C", "CRC64NVME")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def split_uri(option: str, uri: str) -> tuple[str, str]:
    """(bucket, key) of ``s3://bucket/key``; the key may be empty. Raises InvalidInput for anything else."""
    refuse_placeholder(option, uri)
    match = _URI.fullmatch(uri)
    if not match:
        raise InvalidInput(f"{option} is '{uri}'; it is a URI such as s3://bucket/path/file.jsonl.")
    return match["bucket"], match["key"] or ""


def parse_data(option: str, uri: str, *, check_mode: bool = False) -> Content:
    """The data at a URI. Its content is known if the object's name contains the hash.

    In check mode, such an object may be a placeholder of an earlier task.
    """
    _bucket, key = split_uri(option, uri)
    if not key or key.endswith("/"):
        raise InvalidInput(f"{option} is '{uri}', a folder.", hint="Give the URI of one file.")
    digest = sha256_in_name(key) or ""
    return Content(id=uri, sha256=digest, placeholder=check_mode and bool(digest))


def head(api: Api, bucket: str, key: str) -> Mapping[str, Any] | None:
    """The object as HEAD shows it; None if it does not exist.

    Raises ApiError with status 403 if the caller may not look at it.
    """
    try:
        return api.call(
            f"Looking up s3://{bucket}/{key}",
            "head_object",
            service="s3",
            Bucket=bucket,
            Key=key,
            ChecksumMode="ENABLED",
        )
    except NotFound:
        return None


def sha256_of(found: Mapping[str, Any]) -> str:
    """The sha256 that bedrock_dataset stores with an object, or S3's own checksum of the whole object.

    Empty if there is none.
    """
    digest = str(mapping(found.get("Metadata")).get(METADATA) or "")
    if _SHA256.fullmatch(digest):
        return digest
    if found.get("ChecksumType") == "FULL_OBJECT" and found.get("ChecksumSHA256"):
        return base64.b64decode(found["ChecksumSHA256"]).hex()
    return ""


def version_of(found: Mapping[str, Any]) -> str:
    """A text that depends only on the bytes of an object; empty if S3 shows nothing like that.

    The ETag is the MD5 of the bytes only if the object was sent in one part and is not encrypted with a key of KMS (S3
    API reference, Object).
    """
    words = []
    etag = str(found.get("ETag") or "").strip('"')
    if etag and "-" not in etag and found.get("ServerSideEncryption", "AES256") == "AES256":
        words.append(f"md5:{etag}")
    if found.get("ChecksumType") == "FULL_OBJECT":
        words += [f"{kind.lower()}:{found[f'Checksum{kind}']}" for kind in _KINDS if found.get(f"Checksum{kind}")]
    return " ".join(words)


def resolve(api: Api, option: str, content: Content, *, must_exist: bool) -> Content:
    """The same data with S3's facts about its content.

    ``must_exist``: raise ApiError for a missing object, unless it is a placeholder in check mode. The data is returned
    unchanged if the object is missing, or if the caller may not look at it.
    """
    bucket, key = split_uri(option, content.id)
    try:
        found = head(api, bucket, key)
        if must_exist and found is not None and not sha256_of(found):
            # The training runs once and depends on these facts. One look may show a fact that another does not.
            found = {**(head(api, bucket, key) or {}), **found}
    except ApiError as error:
        # A missing permission proves nothing: the job's role may have it.
        if error.status == 403:
            return content
        raise
    if found is None:
        if must_exist and not content.placeholder:
            raise ApiError(
                f"{option}: {content.id} is not there (or its bucket is not).",
                hint="Upload the data with bedrock_dataset and give the s3_uri that it returns.",
            )
        return content
    digest, etag = sha256_of(found), str(found.get("ETag") or "").strip('"')
    return replace(content, sha256=digest or content.sha256, version=version_of(found), etag=etag)


def resolve_former(api: Api, content: Content, when: float) -> Content:
    """The data of an older job with S3's facts about its content. ``when``: the time of the job, in unix seconds.

    The data is returned unchanged if the object was written after that time, or if it cannot be read.
    """
    try:
        bucket, key = split_uri("s3_uri", content.id)
        found = head(api, bucket, key) or {}
    except (InvalidInput, ApiError):
        return content
    written = timestamp(found.get("LastModified"))
    if written is None or written > when:
        return content
    return replace(content, sha256=sha256_of(found), version=version_of(found))


def bucket_region(api: Api, bucket: str) -> str | None:
    """The region of a bucket; None if it cannot be found out. Raises ApiError if the bucket does not exist."""
    try:
        answer = api.call(f"Looking up the bucket {bucket}", "head_bucket", service="s3", Bucket=bucket)
    except NotFound as error:
        raise ApiError(f"The bucket {bucket} does not exist.", hint="Create it, or give another.") from error
    except ApiError as error:
        if error.status in (301, 400, 403):
            return None
        raise
    headers = mapping(mapping(answer.get("ResponseMetadata")).get("HTTPHeaders"))
    found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return str(found) if found else None


def check_region(api: Api, option: str, uri: str) -> None:
    """Raise ApiError if the bucket of ``uri`` is in another region than the job. Bedrock would fail only later."""
    bucket, _key = split_uri(option, uri)
    region = bucket_region(api, bucket)
    if region and region != api.region:
        raise ApiError(
            f"{option}: the bucket {bucket} is in {region}, the job would run in {api.region}.",
            hint="Bedrock reads and writes only buckets of its own region.",
        )
