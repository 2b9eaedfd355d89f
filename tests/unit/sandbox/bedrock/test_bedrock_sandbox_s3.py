# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3: objects, conditions, checksums, versions, multipart uploads, regions."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune_sandbox import Sandbox

MIB = 1024 * 1024


@pytest.fixture
def bucket(still_sandbox: Sandbox) -> str:
    return still_sandbox.aws.data_bucket


def failure(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return code_of(caught.value), caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("key", ["plain", "a b/c+d/ü&=?#%.txt", "//x", "a/../b"])
def test_an_object_comes_back_as_it_was(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(
        Bucket=bucket, Key=key, Body=b"hello", ContentType="text/x", Metadata={"sha256": "abc"}, Tagging="team=a%20b"
    )
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == b"hello"
    assert found["ContentType"] == "text/x"
    assert found["Metadata"] == {"sha256": "abc"}
    assert found["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    assert s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] == [{"Key": "team", "Value": "a b"}]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert s3.get_object(Bucket=bucket, Key=key, Range="bytes=1-3")["Body"].read() == b"ell"
    s3.delete_object(Bucket=bucket, Key=key)
    assert failure(s3.head_object, Bucket=bucket, Key=key) == ("404", 404)
    assert failure(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)


def test_a_conditional_put(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"0"')[0] == "PreconditionFailed"
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch='"x"')[0] == "NotImplemented"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums_are_verified(s3: Any, bucket: str, algorithm: str) -> None:
    bad = base64.b64encode(b"\0" * {"SHA1": 20, "SHA256": 32, "CRC64NVME": 8}.get(algorithm, 4)).decode()
    arguments = {"Bucket": bucket, "Key": "k", "Body": b"hello", f"Checksum{algorithm}": bad}
    assert failure(s3.put_object, **arguments) == ("BadDigest", 400)
    assert failure(s3.head_object, Bucket=bucket, Key="k")[0] == "404"


def test_known_checksums(s3: Any, bucket: str) -> None:
    for name, value in (("CRC32C", "e3069283"), ("CRC64NVME", "ae8b14860a799888"), ("CRC32", "cbf43926")):
        text = base64.b64encode(bytes.fromhex(value)).decode()
        s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **{f"Checksum{name}": text})
        found = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert found[f"Checksum{name}"] == text
        assert found["ChecksumType"] == "FULL_OBJECT"


def test_a_wrong_content_md5(s3: Any, bucket: str) -> None:
    md5 = base64.b64encode(b"\0" * 16).decode()
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5=md5)[0] == "BadDigest"


def test_upload_in_parts_and_download(s3: Any, bucket: str) -> None:
    content = bytes(range(256)) * (MIB // 256 * 17) + b"end"
    config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB)
    s3.upload_fileobj(io.BytesIO(content), bucket, "big", Config=config)
    found = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert found["ContentLength"] == len(content)
    assert found["ETag"].endswith('-3"')
    assert found["ChecksumType"] == "COMPOSITE"
    target = io.BytesIO()
    s3.download_fileobj(bucket, "big", target, Config=config)
    assert target.getvalue() == content
    span = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={8 * MIB - 2}-{8 * MIB + 1}")["Body"].read()
    assert span == content[8 * MIB - 2 : 8 * MIB + 2]
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_the_crc_of_a_whole_object_from_its_parts(s3: Any, bucket: str) -> None:
    parts = [b"a" * (5 * MIB), b"b" * 1000]
    arguments = {"Bucket": bucket, "Key": "k"}
    made = s3.create_multipart_upload(**arguments, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    listed = []
    for number, body in enumerate(parts, 1):
        sent = s3.upload_part(
            **arguments, UploadId=made["UploadId"], PartNumber=number, Body=body, ChecksumAlgorithm="CRC32"
        )
        listed.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]})
    whole = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode()
    upload = {"Parts": listed}
    wrong = {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT"}
    finish = {**arguments, "UploadId": made["UploadId"], "MultipartUpload": upload}
    assert failure(s3.complete_multipart_upload, **finish, **wrong)[0] == "BadDigest"
    done = s3.complete_multipart_upload(**finish)
    assert done["ChecksumCRC32"] == whole
    assert s3.complete_multipart_upload(**finish)["ETag"] == done["ETag"]


def test_what_a_multipart_upload_refuses(s3: Any, bucket: str) -> None:
    arguments = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**arguments)["UploadId"]
    sent = [s3.upload_part(**arguments, UploadId=upload, PartNumber=number, Body=b"small")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(sent, 1)]

    def finish(listed: Any, **more: Any) -> str:
        members = {**arguments, "UploadId": upload, "MultipartUpload": {"Parts": listed}}
        return failure(s3.complete_multipart_upload, **members, **more)[0]

    assert finish(parts) == "EntityTooSmall"
    assert finish(parts[::-1]) == "InvalidPartOrder"
    assert finish([{"PartNumber": 9, "ETag": sent[0]}]) == "InvalidPart"
    assert finish([{"PartNumber": 1, "ETag": '"0"'}]) == "InvalidPart"
    s3.put_object(**arguments, Body=b"there")
    assert finish(parts[:1], IfNoneMatch="*") == "PreconditionFailed"
    assert [part["PartNumber"] for part in s3.list_parts(**arguments, UploadId=upload)["Parts"]] == [1, 2]
    assert [each["UploadId"] for each in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    s3.abort_multipart_upload(**arguments, UploadId=upload)
    assert failure(s3.list_parts, **arguments, UploadId=upload) == ("NoSuchUpload", 404)


def test_versions(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    assert failure(s3.get_object, Bucket=bucket, Key="k")[0] == "NoSuchKey"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=ids[0])["Body"].read() == b"1"
    listed = s3.list_object_versions(Bucket=bucket)
    assert [each["VersionId"] for each in listed["Versions"]] == [ids[1], ids[0], "null"]
    assert [each["IsLatest"] for each in listed["DeleteMarkers"]] == [True]
    assert failure(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    objects = [{"Key": "k", "VersionId": each} for each in (*ids, "null")]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    s3.delete_bucket(Bucket=bucket)
    assert failure(s3.head_bucket, Bucket=bucket) == ("404", 404)


def test_listing_with_a_delimiter_and_pages(s3: Any, bucket: str) -> None:
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for name in ("list_objects_v2", "list_objects"):
        for size in (1, 2, 1000):
            pages = s3.get_paginator(name).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size})
            found = list(pages)
            keys = [item["Key"] for page in found for item in page.get("Contents", [])]
            prefixes = [item["Prefix"] for page in found for item in page.get("CommonPrefixes", [])]
            assert (keys, prefixes) == (["b", "d"], ["a/", "c/"])
    assert s3.list_objects_v2(Bucket=bucket, Prefix="a/")["KeyCount"] == 2


def test_kms_encryption(still_sandbox: Sandbox, s3: Any, bucket: str) -> None:
    key = connect(still_sandbox, "kms").create_key()["KeyMetadata"]
    arguments = {"Bucket": bucket, "Key": "k", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    made = s3.put_object(**arguments, SSEKMSKeyId=key["KeyId"])
    assert made["SSEKMSKeyId"] == key["Arn"]
    assert s3.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key["Arn"]
    none = "12345678-1234-1234-1234-123456789012"
    assert failure(s3.put_object, **arguments, SSEKMSKeyId=none)[0] == "KMS.NotFoundException"


def test_another_region(still_sandbox: Sandbox, s3: Any) -> None:
    west = connect(still_sandbox, "s3", "us-west-2")
    assert failure(west.create_bucket, Bucket="west-1")[0] == "IllegalLocationConstraintException"
    west.create_bucket(Bucket="west-1", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert west.head_bucket(Bucket="west-1")["BucketRegion"] == "us-west-2"
    assert s3.get_bucket_location(Bucket="west-1")["LocationConstraint"] == "us-west-2"
    still_sandbox.clear_log()
    # boto3 reads the region from the redirection and asks again there, as with the real service.
    s3.put_object(Bucket="west-1", Key="k", Body=b"x")
    assert [entry["status"] for entry in still_sandbox.requests("s3.*")][-1] == 200
    assert 301 in [entry["status"] for entry in still_sandbox.requests("s3.*")]


def test_a_bucket_of_somebody_else(still_sandbox: Sandbox, s3: Any) -> None:
    still_sandbox.aws.settings(foreign_buckets=["theirs-1"])
    assert failure(s3.head_bucket, Bucket="theirs-1") == ("403", 403)
    assert failure(s3.put_object, Bucket="theirs-1", Key="k", Body=b"") == ("AccessDenied", 403)
    assert failure(s3.create_bucket, Bucket="theirs-1") == ("BucketAlreadyExists", 409)


def test_bucket_names_and_owners(still_sandbox: Sandbox, s3: Any, bucket: str) -> None:
    assert failure(s3.create_bucket, Bucket="Not_Good")[0] == "InvalidBucketName"
    assert failure(s3.create_bucket, Bucket=bucket)[0] == "BucketAlreadyOwnedByYou"
    assert failure(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="1" * 12)[1] == 403
    assert failure(s3.get_bucket_website, Bucket=bucket) == ("NotImplemented", 501)


def test_copy(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"m": "1"})
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    s3.delete_object(Bucket=bucket, Key="a")
    found = s3.get_object(Bucket=bucket, Key="b")
    assert (found["Body"].read(), found["Metadata"]) == (b"x", {"m": "1"})


def test_a_presigned_url(still_sandbox: Sandbox, s3: Any, bucket: str) -> None:
    import urllib.error
    import urllib.request

    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    options = {"Params": {"Bucket": bucket, "Key": "k"}, "ExpiresIn": 60}
    newer = connect(still_sandbox, "s3", config=Config(signature_version="s3v4"))
    url = newer.generate_presigned_url("get_object", **options)
    assert "X-Amz-Signature" in url
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("/k?", "/other?"))
    assert caught.value.code == 403
    older = connect(still_sandbox, "s3", config=Config(signature_version="s3"))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(older.generate_presigned_url("get_object", **options))
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("header", "content", "span"),
    [
        ("bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-", b"0123456789", "bytes 0-9/10"),
        ("bytes=0-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=-10", b"0123456789", "bytes 0-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("Bytes=0-9", b"0123456789", "bytes 0-9/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=9-", b"9", "bytes 9-9/10"),
        ("bytes=-1", b"9", "bytes 9-9/10"),
    ],
)
def test_x2_a_range_is_answered_with_206_and_its_place(
    still_sandbox: Sandbox, s3: Any, header: str, content: bytes, span: str
) -> None:
    place = {"Bucket": still_sandbox.aws.data_bucket, "Key": "ten"}
    s3.put_object(**place, Body=b"0123456789")
    got = s3.get_object(**place, Range=header)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (got["Body"].read(), got["ContentRange"]) == (content, span)
    assert got["ContentLength"] == len(content)
    head = s3.head_object(**place, Range=header)
    assert (head["ResponseMetadata"]["HTTPStatusCode"], head["ContentLength"]) == (206, len(content))


@pytest.mark.parametrize(
    "header", ["bytes=0-1,4-5", "bytes=5-2", "bytes=a-b", "bytes=-", "lines=0-1", "0-1", "bytes=1"]
)
def test_x2_a_range_that_is_not_served_is_ignored(still_sandbox: Sandbox, s3: Any, header: str) -> None:
    place = {"Bucket": still_sandbox.aws.data_bucket, "Key": "ten"}
    s3.put_object(**place, Body=b"0123456789")
    got = s3.get_object(**place, Range=header)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert got["Body"].read() == b"0123456789" and "ContentRange" not in got


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-11", "bytes=-0", f"bytes={10**18}-"])
def test_x2_a_range_beyond_the_end_is_416(still_sandbox: Sandbox, s3: Any, header: str) -> None:
    place = {"Bucket": still_sandbox.aws.data_bucket, "Key": "ten"}
    s3.put_object(**place, Body=b"0123456789")
    with pytest.raises(ClientError) as caught:
        s3.get_object(**place, Range=header)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416
    s3.put_object(**place, Body=b"")
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(**place, Range="bytes=0-")
    assert s3.get_object(**place)["ContentLength"] == 0


def test_x2_the_only_part_has_a_place_too(still_sandbox: Sandbox, s3: Any) -> None:
    place = {"Bucket": still_sandbox.aws.data_bucket, "Key": "ten"}
    s3.put_object(**place, Body=b"0123456789")
    got = s3.get_object(**place, PartNumber=1)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["ContentRange"]) == (206, "bytes 0-9/10")
