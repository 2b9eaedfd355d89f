# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts that requests and answers of Object Storage have in common."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from werkzeug import Request

from finetune_sandbox.oci.errors import OciError, invalid
from finetune_sandbox.oci.object_call import ObjectCall
from finetune_sandbox.oci.object_store import Bucket, ObjectStore, Part, Version, no_object
from finetune_sandbox.server import checksums
from finetune_sandbox.server.contents import Stored, kept
from finetune_sandbox.server.web import byte_range

MAX_BYTES = 50 * 1024**3
_CHUNK = 1 << 20
_TIERS = ("Standard", "InfrequentAccess", "Archive")


class ObjectBase:
    """The store, and how requests are read."""

    def __init__(self, store: ObjectStore, namespace: str) -> None:
        self.store, self.namespace = store, namespace

    def _bucket(self, call: ObjectCall) -> Bucket:
        return self.store.bucket(call.path["b"])

    def _receive(self, call: ObjectCall, algorithm: str | None) -> Stored:
        """Stream the body to disk and check what the headers say of it."""
        length = call.header("Content-Length")
        if length is None and "chunked" not in (call.header("Transfer-Encoding") or ""):
            raise OciError(411, "ContentLengthRequired", "The Content-Length header is required.")
        if length is not None and int(length) > MAX_BYTES:
            raise OciError(413, "EntityTooLarge", f"The body is larger than {MAX_BYTES} bytes.")
        wanted = {name for name in checksums.OCI_ALGORITHMS if call.header(checksum_header(name)) is not None}
        if len(wanted) > 1 or (algorithm is not None and wanted - {algorithm}):
            raise invalid("Give one checksum, of the algorithm in opc-checksum-algorithm.")
        if algorithm is not None:
            wanted.add(algorithm)
        claimed = call.header("x-content-sha256")
        stored = self.store.contents.write(body_chunks(call.request), wanted | ({"SHA256"} if claimed else set()))
        with kept(stored):
            md5 = call.header("Content-MD5")
            if md5 is not None and read_digest("Content-MD5", md5) != stored.md5:
                message = f"The computed MD5 of the request body ({checksums.encoded(stored.md5)}) does not match the"
                raise OciError(400, "UnmatchedContentMD5", f"{message} Content-MD5 header ({md5})")
            if claimed is not None and read_digest("x-content-sha256", claimed) != stored.checksums["SHA256"]:
                raise OciError(401, "NotAuthenticated", "x-content-sha256 does not match the body.")
            for name in wanted:
                sent = call.header(checksum_header(name))
                if sent is not None and read_digest(checksum_header(name), sent) != stored.checksums[name]:
                    actual = checksums.encoded(stored.checksums[name])
                    message = f"The computed {name} of the request body ({actual}) does not match the header ({sent})"
                    raise OciError(400, f"UnmatchedContent{name}", message)
        stored.checksums = {name: stored.checksums[name] for name in wanted}
        return stored


def body_chunks(request: Request) -> Iterator[bytes]:
    stream = request.environ["wsgi.input"]
    while chunk := stream.read(_CHUNK):
        yield chunk


def checksum_header(algorithm: str) -> str:
    return f"opc-content-{algorithm.lower()}"


def checksum_headers(sums: dict[str, bytes]) -> dict[str, str]:
    return {checksum_header(name): checksums.encoded(digest) for name, digest in sums.items()}


def multipart_checksums(parts: list[Part], algorithm: str | None) -> dict[str, str]:
    """The checksums of a multipart object: hashes are over the binary hashes of its parts."""
    md5 = checksums.composite("MD5", [part.stored.md5 for part in parts])
    view = {"opc-multipart-md5": f"{checksums.encoded(md5)}-{len(parts)}"}
    if algorithm == "CRC32C":
        pieces = [(part.stored.checksums[algorithm], part.stored.segment.size) for part in parts]
        view["opc-content-crc32c"] = checksums.encoded(checksums.combined(algorithm, pieces))
    elif algorithm is not None:
        total = checksums.composite(algorithm, [part.stored.checksums[algorithm] for part in parts])
        view[f"opc-multipart-{algorithm.lower()}"] = f"{checksums.encoded(total)}-{len(parts)}"
    return view


def read_digest(name: str, text: str) -> bytes:
    digest = checksums.decoded(text)
    if digest is None:
        raise OciError(400, "InvalidDigest", f"The {name} header ({text}) is not valid base64.")
    return digest


def read_algorithm(call: ObjectCall) -> str | None:
    sent = call.header("opc-checksum-algorithm")
    if sent is not None and sent not in checksums.OCI_ALGORITHMS:
        raise invalid(f"opc-checksum-algorithm must be one of {', '.join(checksums.OCI_ALGORITHMS)}; got '{sent}'.")
    return sent


def check_tier(tier: str) -> None:
    if tier not in _TIERS:
        raise invalid(f"storage-tier must be one of {', '.join(_TIERS)}; got '{tier}'.")


def check_key(key: str) -> None:
    if not 1 <= len(key.encode()) <= 1024 or any(letter in key for letter in "\0\r\n"):
        raise OciError(400, "InvalidObjectName", "An object name has 1 to 1024 bytes, without NULL, CR and LF.")


def read_metadata(request: Request) -> dict[str, str]:
    found = {
        name.lower().removeprefix("opc-meta-"): value
        for name, value in request.headers.items()
        if name.lower().startswith("opc-meta-")
    }
    check_metadata(found)
    return found


def check_metadata(found: dict[str, str]) -> None:
    if sum(len(name) + len(value) for name, value in found.items()) > 4000:
        raise OciError(400, "InvalidMetadata", "The user-defined metadata are larger than 4000 bytes.")


def check_conditions(bucket: Bucket, key: str, if_match: str | None, if_none_match: str | None) -> None:
    current = bucket.current(key)
    if if_none_match is not None:
        if if_none_match != "*":
            raise invalid("if-none-match must be '*' here.")
        if current is not None:
            message = f"The object '{key}' already exists in the bucket '{bucket.name}'"
            raise OciError(412, "IfNoneMatchFailed", message)
    if if_match is not None:
        if current is None:
            raise no_object(bucket, key)
        check_match(if_match, current.etag)


def check_part_conditions(call: ObjectCall, old: Part | None) -> None:
    if call.header("if-none-match") is not None and old is not None:
        raise OciError(412, "IfNoneMatchFailed", f"The part {old.number} was uploaded before")
    if call.header("if-match") is not None:
        check_match(call.header("if-match"), "" if old is None else old.etag)


def check_match(sent: str | None, etag: str) -> None:
    if sent is not None and sent not in {"*", etag}:
        raise OciError(412, "IfMatchFailed", f"The if-match header '{sent}' does not match the etag '{etag}'")


def check_read_conditions(call: ObjectCall, etag: str) -> None:
    check_match(call.header("if-match"), etag)
    if call.header("if-none-match") in {"*", etag}:
        raise OciError(304, "NotModified", "", {"etag": etag})


def read_range(call: ObjectCall, version: Version) -> tuple[int, int] | None:
    text = call.header("range") or ""
    wanted = byte_range(text, version.size)
    if wanted is None:
        return None
    if wanted[0] >= wanted[1]:
        headers = {"content-range": f"bytes */{version.size}"}
        raise OciError(416, "RangeNotSatisfiable", f"The range {text} is not within {version.size} bytes.", headers)
    return wanted


def describe_version(version: Version) -> dict[str, Any]:
    view = {
        "name": version.key,
        "size": version.size,
        "etag": version.etag,
        "md5": version.checksums.get("content-md5") or version.checksums.get("opc-multipart-md5"),
        "timeCreated": version.created,
        "timeModified": version.modified,
        "storageTier": version.tier,
    }
    if version.tier == "Archive":
        view["archivalState"] = "Archived"
    return view


def next_page(following: list[str]) -> dict[str, str]:
    """The header that leads on to the next page, when something follows."""
    return {"opc-next-page": encode_token(following[0])} if following else {}


def encode_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_token(token: str | None) -> str:
    if token is None:
        return ""
    try:
        return base64.urlsafe_b64decode(token.encode("ascii")).decode()
    except (ValueError, binascii.Error) as error:
        raise invalid(f"The page token '{token}' is not valid.") from error
