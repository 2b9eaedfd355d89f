# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that requests and answers of S3 have in common: errors, headers, checksums, pages, tags."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from finetune_sandbox.bedrock import s3_xml
from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.bedrock.s3_call import S3Call
from finetune_sandbox.bedrock.s3_store import Bucket, Version
from finetune_sandbox.server import checksums
from finetune_sandbox.server.web import Response, byte_range

_NULL = "null"


def xml_response(name: str, content: dict[str, Any]) -> Response:
    return Response(s3_xml.document(name, content), 200, {"Content-Type": "application/xml"})


def no_key(key: str) -> AwsError:
    return AwsError(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})


def no_version(key: str, version_id: str) -> AwsError:
    if version_id != _NULL and not re.fullmatch(r"[A-Za-z0-9._]{32}", version_id):
        extra = {"ArgumentName": "versionId", "ArgumentValue": version_id}
        return AwsError(400, "InvalidArgument", "Invalid version id specified", extra)
    return AwsError(
        404, "NoSuchVersion", "The specified version does not exist.", {"Key": key, "VersionId": version_id}
    )


def failed_condition(name: str) -> AwsError:
    message = "At least one of the pre-conditions you specified did not hold"
    return AwsError(412, "PreconditionFailed", message, {"Condition": name})


def bad_part(upload_id: str, number: int, etag: str) -> AwsError:
    message = (
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified "
        "entity tag may not match the part's entity tag."
    )
    return AwsError(400, "InvalidPart", message, {"UploadId": upload_id, "PartNumber": str(number), "ETag": etag})


def bad_digest(name: str) -> AwsError:
    what = "Content-MD5" if name == "MD5" else name
    return AwsError(400, "BadDigest", f"The {what} you specified did not match the calculated checksum.")


def read_algorithms(call: S3Call) -> list[str]:
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


def verify_sums(call: S3Call, md5: bytes, sums: dict[str, bytes]) -> None:
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
        sent = call.header(header) or call.payload.trailers.get(header, "")
        wanted = checksums.decoded(sent)
        if wanted is None or len(wanted) != len(digest):
            raise AwsError(400, "InvalidRequest", f"Value for {header} header is invalid.")
        if wanted != digest:
            raise bad_digest(name)


def sse_headers(version: Version) -> dict[str, str]:
    headers = {"x-amz-server-side-encryption": version.sse}
    if version.kms_key is not None:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = version.kms_key
    return headers


def checksum_headers(version: Version) -> dict[str, str]:
    if version.checksum is None:
        return {}
    algorithm, value, kind = version.checksum
    return {f"x-amz-checksum-{algorithm.lower()}": value, "x-amz-checksum-type": kind}


def version_headers(version: Version, bucket: Bucket) -> dict[str, str]:
    return {"x-amz-version-id": version.id} if bucket.versioning else {}


def read_range(call: S3Call, version: Version) -> tuple[int, int] | None:
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
    header = call.header("Range")
    wanted = byte_range(header, size)
    if wanted is None:
        return None
    if wanted[0] >= wanted[1]:
        extra = {"RangeRequested": header, "ActualObjectSize": str(size)}
        raise AwsError(416, "InvalidRange", "The requested range is not satisfiable", extra)
    return wanted


def page_limit(query: dict[str, str], name: str) -> int:
    text = query.get(name, "1000")
    if not text.isdecimal():
        extra = {"ArgumentName": name, "ArgumentValue": text}
        raise AwsError(400, "InvalidArgument", f"Provided {name} not an integer or within integer range", extra)
    return min(1000, int(text))


def part_number(call: S3Call) -> int:
    text = call.query.get("partNumber", "")
    if not text.isdecimal() or not 1 <= int(text) <= 10000:
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise AwsError(400, "InvalidArgument", message, {"ArgumentName": "partNumber", "ArgumentValue": text})
    return int(text)


def first_key_after(key: str) -> str:
    """The first key there can be after this one."""
    return key + "\0"


def common_prefix(key: str, prefix: str, delimiter: str) -> str:
    """The common prefix that a key falls under, or ""."""
    if not delimiter:
        return ""
    place = key.find(delimiter, len(prefix))
    return "" if place < 0 else key[: place + len(delimiter)]


def encode_key(text: str, query: dict[str, str]) -> str:
    if query.get("encoding-type") == "url":
        return quote(text.encode("utf-8", "surrogateescape"), safe="/-_.~*")
    return text


def encode_token(text: str) -> str:
    return base64.urlsafe_b64encode(b"1" + text.encode("utf-8", "surrogateescape")).decode()


def decode_token(token: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise AwsError(400, "InvalidArgument", "The continuation token provided is incorrect") from error
    if not raw.startswith(b"1"):
        raise AwsError(400, "InvalidArgument", "The continuation token provided is incorrect")
    return raw[1:].decode("utf-8", "surrogateescape")


def tag_pairs(tree: ElementTree.Element) -> list[tuple[str, str]]:
    return [(tag.findtext("Key", ""), tag.findtext("Value", "")) for tag in tree.findall("TagSet/Tag")]


def check_tags(pairs: list[tuple[str, str]], limit: int) -> None:
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
