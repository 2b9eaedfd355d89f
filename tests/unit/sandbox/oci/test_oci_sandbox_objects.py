# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object Storage: objects, conditions, checksums, lists, versions, multipart uploads."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oci
import pytest
from oci.object_storage import models

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Put = Callable[..., Any]
Refused = Callable[..., "tuple[int, str]"]
NAME = "a folder/ünïcode & more?.jsonl"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def where(still_sandbox: Sandbox) -> tuple[str, str]:
    return still_sandbox.oci.namespace, still_sandbox.oci.bucket


def test_an_object_comes_back_as_it_was_put(storage: Any, where: tuple[str, str], put: Put) -> None:
    data = b"content" * 1000
    sent = put(NAME, data, opc_meta={"sha256": "abc"}, content_type="application/jsonl")
    assert sent.headers["opc-content-md5"] == b64(hashlib.md5(data).digest())
    head = storage.head_object(*where, NAME).headers
    assert head["etag"] == sent.headers["etag"] and head["opc-meta-sha256"] == "abc"
    assert (head["content-length"], head["content-type"]) == (str(len(data)), "application/jsonl")
    assert head["content-md5"] == sent.headers["opc-content-md5"] and head["storage-tier"] == "Standard"
    assert storage.get_object(*where, NAME).data.content == data
    part = storage.get_object(*where, NAME, range="bytes=3-9")
    assert (part.status, part.data.content) == (206, data[3:10])
    assert storage.delete_object(*where, NAME).status == 204


def test_what_is_missing(storage: Any, where: tuple[str, str], refused: Refused) -> None:
    assert refused(storage.get_object, *where, "no") == (404, "ObjectNotFound")
    assert refused(storage.delete_object, *where, "no") == (404, "ObjectNotFound")
    assert refused(storage.put_object, where[0], "no", "x", b"") == (404, "BucketNotFound")
    assert refused(storage.list_objects, "other", where[1]) == (404, "NamespaceNotFound")
    assert refused(storage.head_object, *where, "no")[0] == 404


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "CRC32C", None])
def test_checksums_are_verified(
    storage: Any, where: tuple[str, str], put: Put, refused: Refused, algorithm: str | None
) -> None:
    data = b"123456789"
    digests = {
        "SHA256": hashlib.sha256(data).digest(),
        "SHA384": hashlib.sha384(data).digest(),
        "CRC32C": bytes.fromhex("e3069283"),
        None: hashlib.md5(data).digest(),
    }
    digest = digests[algorithm]
    name = "content_md5" if algorithm is None else f"opc_content_{algorithm.lower()}"
    extra = {} if algorithm is None else {"opc_checksum_algorithm": algorithm}
    put("good", data, **{name: b64(digest)}, **extra)
    header = "content-md5" if algorithm is None else f"opc-content-{algorithm.lower()}"
    assert storage.head_object(*where, "good").headers[header] == b64(digest)
    code = "UnmatchedContentMD5" if algorithm is None else f"UnmatchedContent{algorithm}"
    assert refused(put, "bad", data + b"!", **{name: b64(digest)}, **extra) == (400, code)
    assert refused(storage.head_object, *where, "bad")[0] == 404


def test_conditions(storage: Any, where: tuple[str, str], put: Put, refused: Refused) -> None:
    etag = put("x", b"1", if_none_match="*").headers["etag"]
    assert refused(put, "x", b"2", if_none_match="*") == (412, "IfNoneMatchFailed")
    assert refused(put, "x", b"2", if_match="other") == (412, "IfMatchFailed")
    put("x", b"2", if_match=etag)
    assert refused(storage.delete_object, *where, "x", if_match=etag) == (412, "IfMatchFailed")
    assert storage.get_object(*where, "x").data.content == b"2"


def test_lists(storage: Any, where: tuple[str, str], put: Put, refused: Refused) -> None:
    for name in ("a/1", "a/2", "b", "c"):
        put(name, b"x")
    found = storage.list_objects(*where, delimiter="/").data
    assert ([each.name for each in found.objects], found.prefixes) == (["b", "c"], ["a/"])
    assert found.objects[0].size is None
    first = storage.list_objects(*where, limit=3, fields="name,size,md5,timeModified").data
    assert first.next_start_with == "c" and first.objects[0].size == 1 and first.objects[0].md5
    assert [each.name for each in storage.list_objects(*where, start="c").data.objects] == ["c"]
    assert [each.name for each in storage.list_objects(*where, prefix="a/", start_after="a/1").data.objects] == ["a/2"]
    assert refused(storage.list_objects, *where, fields="nope") == (400, "InvalidParameter")


def test_versions(still_sandbox: Sandbox, storage: Any, where: tuple[str, str], put: Put) -> None:
    storage.update_bucket(*where, models.UpdateBucketDetails(versioning="Enabled"))
    first = put("x", b"1").headers["version-id"]
    put("x", b"2")
    storage.delete_object(*where, "x")
    assert storage.list_objects(*where).data.objects == []
    listed = storage.list_object_versions(*where).data.items
    assert [each.is_delete_marker for each in listed] == [True, False, False]
    assert storage.get_object(*where, "x", version_id=first).data.content == b"1"
    for each in listed:
        storage.delete_object(*where, "x", version_id=each.version_id)
    assert storage.list_object_versions(*where).data.items == []


def test_buckets(still_sandbox: Sandbox, storage: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    namespace = storage.get_namespace().data
    assert namespace == place.namespace
    details = models.CreateBucketDetails(name="second", compartment_id=place.other_compartment_id, versioning="Enabled")
    assert storage.create_bucket(namespace, details).data.versioning == "Enabled"
    assert refused(storage.create_bucket, namespace, details) == (409, "BucketAlreadyExists")
    assert [b.name for b in storage.list_buckets(namespace, place.other_compartment_id).data] == ["second"]
    assert storage.get_bucket(namespace, "second", fields=["approximateCount"]).data.approximate_count == 0
    assert storage.head_bucket(namespace, "second").headers["etag"]
    storage.put_object(namespace, "second", "x", b"")
    assert refused(storage.delete_bucket, namespace, "second") == (409, "BucketNotEmpty")


def test_a_multipart_upload(still_sandbox: Sandbox, storage: Any, where: tuple[str, str], refused: Refused) -> None:
    still_sandbox.oci.settings(min_part_bytes=4)
    parts = [b"11111", b"22222", b"3"]
    details = models.CreateMultipartUploadDetails(object=NAME, metadata={"opc-meta-sha256": "abc"})
    upload = storage.create_multipart_upload(*where, details, opc_checksum_algorithm="SHA256").data
    at = (*where, NAME, upload.upload_id)
    wrong = b64(hashlib.md5(b"other").digest())
    assert refused(storage.upload_part, *at, 1, parts[0], content_md5=wrong) == (400, "UnmatchedContentMD5")
    etags = [storage.upload_part(*at, number, part).headers["etag"] for number, part in enumerate(parts, 1)]
    assert [u.upload_id for u in storage.list_multipart_uploads(*where).data] == [upload.upload_id]
    assert [p.size for p in storage.list_multipart_upload_parts(*at).data] == [5, 5, 1]
    named = [models.CommitMultipartUploadPartDetails(part_num=n, etag=etag) for n, etag in enumerate(etags, 1)]

    def commit(chosen: list[Any]) -> Any:
        return storage.commit_multipart_upload(*at, models.CommitMultipartUploadDetails(parts_to_commit=chosen))

    bad = models.CommitMultipartUploadPartDetails(part_num=1, etag="other")
    assert refused(commit, [bad, *named[1:]]) == (400, "InvalidUploadPart")
    assert refused(commit, named[:2]) == (400, "InvalidUploadPart")
    done = commit(named)
    expected = b64(hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).digest()) + "-3"
    head = storage.head_object(*where, NAME).headers
    assert head["opc-multipart-md5"] == done.headers["opc-multipart-md5"] == expected
    assert "content-md5" not in head and head["opc-meta-sha256"] == "abc" and "opc-multipart-sha256" in head
    assert storage.get_object(*where, NAME).data.content == b"".join(parts)
    assert refused(commit, named) == (404, "NoSuchUpload")


def test_parts_that_are_too_small_and_aborted_uploads(storage: Any, where: tuple[str, str], refused: Refused) -> None:
    upload = storage.create_multipart_upload(*where, models.CreateMultipartUploadDetails(object="x")).data
    at = (*where, "x", upload.upload_id)
    etags = [storage.upload_part(*at, number, b"tiny").headers["etag"] for number in (1, 2)]
    named = [models.CommitMultipartUploadPartDetails(part_num=n, etag=etag) for n, etag in enumerate(etags, 1)]
    details = models.CommitMultipartUploadDetails(parts_to_commit=named)
    assert refused(storage.commit_multipart_upload, *at, details) == (400, "InvalidUploadPart")
    assert storage.abort_multipart_upload(*at).status == 204
    assert refused(storage.upload_part, *at, 3, b"x") == (404, "NoSuchUpload")
    assert storage.list_multipart_uploads(*where).data == []


def test_the_upload_manager_of_the_sdk(
    still_sandbox: Sandbox, storage: Any, where: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"x" * (25 << 20))
    manager = oci.object_storage.UploadManager(storage, allow_parallel_uploads=True)
    manager.upload_file(*where, "big", str(path), part_size=10 << 20)
    assert still_sandbox.count("oci.UploadPart") == 3
    assert int(storage.head_object(*where, "big").headers["content-length"]) == 25 << 20


@pytest.mark.parametrize(
    ("header", "content", "span"),
    [
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-", b"0123456789", "bytes 0-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=-1", b"9", "bytes 9-9/10"),
    ],
)
def test_x2_a_range_of_the_whole_object_too_is_206(
    still_sandbox: Sandbox, storage: Any, put: Callable[..., Any], header: str, content: bytes, span: str
) -> None:
    put("ten", b"0123456789")
    got = storage.get_object(still_sandbox.oci.namespace, still_sandbox.oci.bucket, "ten", range=header)
    assert (got.status, got.headers["content-range"], got.data.content) == (206, span, content)


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "bytes=5-2", "lines=0-1"])
def test_x2_a_range_that_is_not_served_is_ignored(
    still_sandbox: Sandbox, storage: Any, put: Callable[..., Any], header: str
) -> None:
    put("ten", b"0123456789")
    got = storage.get_object(still_sandbox.oci.namespace, still_sandbox.oci.bucket, "ten", range=header)
    assert (got.status, got.data.content) == (200, b"0123456789") and "content-range" not in got.headers
