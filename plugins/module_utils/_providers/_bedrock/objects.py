# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of this provider need of Amazon S3.

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
    """The data that a URI stands for: its content is known where the object's name carries the hash.

    In check mode such an object may be one that an earlier task only foresees.
    """
    _bucket, key = split_uri(option, uri)
    if not key or key.endswith("/"):
        raise InvalidInput(f"{option} is '{uri}', a folder.", hint="Give the URI of one file.")
    digest = sha256_in_name(key) or ""
    return Content(id=uri, sha256=digest, placeholder=check_mode and bool(digest))


def head(api: Api, bucket: str, key: str) -> Mapping[str, Any] | None:
    """The object as HEAD shows it; None where there is none. ApiError with 403: these credentials may not know."""
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
    """The sha256 that bedrock_dataset keeps with an object, or S3's own of the whole; or empty."""
    digest = str(mapping(found.get("Metadata")).get(METADATA) or "")
    if _SHA256.fullmatch(digest):
        return digest
    if found.get("ChecksumType") == "FULL_OBJECT" and found.get("ChecksumSHA256"):
        return base64.b64decode(found["ChecksumSHA256"]).hex()
    return ""


def version_of(found: Mapping[str, Any]) -> str:
    """Words for the bytes of an object that depend on nothing else, or empty where S3 shows none.

    The ETag is the MD5 of the bytes only for an object that was sent in one part and is not encrypted with a key of
    KMS (S3 API reference, Object).
    """
    words = []
    etag = str(found.get("ETag") or "").strip('"')
    if etag and "-" not in etag and found.get("ServerSideEncryption", "AES256") == "AES256":
        words.append(f"md5:{etag}")
    if found.get("ChecksumType") == "FULL_OBJECT":
        words += [f"{kind.lower()}:{found[f'Checksum{kind}']}" for kind in _KINDS if found.get(f"Checksum{kind}")]
    return " ".join(words)


def resolve(api: Api, option: str, content: Content, *, must_exist: bool) -> Content:
    """The same data with what S3 says of its content. With ``must_exist`` a missing object raises ApiError, unless
    check mode foresees it."""
    bucket, key = split_uri(option, content.id)
    try:
        found = head(api, bucket, key)
        if must_exist and found is not None and not sha256_of(found):
            # What is trained, and once only, rests on it: what one look does not show another may.
            found = {**(head(api, bucket, key) or {}), **found}
    except ApiError as error:
        # Not allowed to look is no proof of anything: the job's role may be allowed.
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
    """The same data, that a job was given at a time, with what S3 says of the object's content, if nobody has written
    to it since; else, and where it is not to be seen, as it is."""
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
    """Where a bucket is; None where that cannot be known. Raises ApiError where there is none of that name."""
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
    """Raise ApiError when the bucket of ``uri`` is in another region than the job: Bedrock would only fail later."""
    bucket, _key = split_uri(option, uri)
    region = bucket_region(api, bucket)
    if region and region != api.region:
        raise ApiError(
            f"{option}: the bucket {bucket} is in {region}, the job would run in {api.region}.",
            hint="Bedrock reads and writes only buckets of its own region.",
        )
