# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_dataset through the engine, against the sandbox."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import json_lines

SHA = hashlib.sha256(converse_lines().encode()).hexdigest()
KEY = f"parcels-{SHA[:12]}.jsonl"
MIB = 1024 * 1024


def keys(host: Host) -> list[str]:
    listed = host.client("s3").list_objects_v2(Bucket=host.reach.data_bucket)
    return [item["Key"] for item in listed.get("Contents", ())]


def body(host: Host, key: str) -> str:
    found: bytes = host.client("s3").get_object(Bucket=host.reach.data_bucket, Key=key)["Body"].read()
    return found.decode()


def tags(host: Host, key: str) -> dict[str, str]:
    found = host.client("s3").get_object_tagging(Bucket=host.reach.data_bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def called(host: Host) -> list[str]:
    return [entry["operation"] for entry in host.sandbox.requests()]


def large(records: int) -> str:
    """Valid records of about 20 kB each."""
    text = "word " * 2000
    return json_lines(converse(f"{number} {text}", text) for number in range(records))


class TestUpload:
    def test_in_parts(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dataset, "_PART", 5 * MIB)
        content = large(600)
        assert len(content) > 10 * MIB
        result = host.dataset(content)
        assert host.sandbox.count("s3.UploadPart") >= 3
        assert hashlib.sha256(body(host, result["key"]).encode()).hexdigest() == result["sha256"]
        shown = host.client("s3").head_object(Bucket=host.reach.data_bucket, Key=result["key"], ChecksumMode="ENABLED")
        assert shown["Metadata"]["llmops-finetune-sha256"] == result["sha256"]
        assert sum(name.startswith(("ChecksumCRC", "ChecksumSHA")) for name in shown) == 1
        host.sandbox.clear_log()
        assert host.dataset(content)["changed"] is False
        assert called(host) == ["s3.HeadObject"]

    def test_parts_that_fail_leave_nothing_behind(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dataset, "_PART", 5 * MIB)
        host.sandbox.fault("s3.UploadPart", status=403, after=1)
        with pytest.raises(ApiError):
            host.dataset(large(600))
        host.sandbox.clear_faults()
        assert keys(host) == []
        assert "Uploads" not in host.client("s3").list_multipart_uploads(Bucket=host.reach.data_bucket)

    def test_an_earlier_upload_in_parts_is_aborted_when_it_is_old(self, host: Host) -> None:
        client = host.client("s3")
        client.create_multipart_upload(Bucket=host.reach.data_bucket, Key=KEY)
        host.dataset(converse_lines())
        # Young: it may be another task's, which is still at it.
        assert len(client.list_multipart_uploads(Bucket=host.reach.data_bucket)["Uploads"]) == 1
        host.dataset(converse_lines(), state="absent")
        assert "Uploads" not in client.list_multipart_uploads(Bucket=host.reach.data_bucket)

    def test_an_upload_in_parts_of_what_is_called_alike_is_left(self, host: Host) -> None:
        client = host.client("s3")
        for key in ("train.jsonl", "train.jsonl.other"):
            client.create_multipart_upload(Bucket=host.reach.data_bucket, Key=key)
        host.dataset(converse_lines(), key="train.jsonl")
        assert host.dataset(None, None, key="train.jsonl", state="absent")["changed"] is True
        left = client.list_multipart_uploads(Bucket=host.reach.data_bucket)["Uploads"]
        assert ([upload["Key"] for upload in left], keys(host)) == (["train.jsonl.other"], [])


class TestTagsAndKeys:
    def test_tags(self, host: Host) -> None:
        host.dataset(converse_lines(), tags={"team": "a b=c+d@e", "empty": ""})
        assert tags(host, KEY) == {"team": "a b=c+d@e", "empty": ""}
        assert host.dataset(converse_lines(), tags={"team": "a b=c+d@e", "empty": ""})["changed"] is False
        assert host.dataset(converse_lines(), tags={"more": "1"}, purge_tags=False)["changed"] is True
        assert tags(host, KEY) == {"team": "a b=c+d@e", "empty": "", "more": "1"}
        result = host.dataset(converse_lines(), tags={"more": "2"})
        assert (result["action"], result["tags"], tags(host, KEY)) == ("update", {"more": "2"}, {"more": "2"})
        kept: list[dict[str, Any]] = [{}, {"purge_tags": False, "tags": {}}, {"purge_tags": False, "tags": {"more": 2}}]
        for same in kept:
            assert host.dataset(converse_lines(), **same)["changed"] is False
        for changed in (True, False):
            assert host.dataset(converse_lines(), tags={})["changed"] is changed
        assert tags(host, KEY) == {}
        assert host.sandbox.count("s3.PutObject") == 1

    @pytest.mark.parametrize(
        ("options", "left"),
        [
            ({}, {"by": "hand"}),
            ({"tags": {"team": "x"}, "purge_tags": False}, {"by": "hand", "team": "x"}),
            ({"tags": {"team": "x"}}, {"team": "x"}),
            ({"tags": {}}, {}),
        ],
        ids=["not given", "added", "purged", "none"],
    )
    def test_tags_of_an_object_that_is_written_over(
        self, host: Host, options: dict[str, Any], left: dict[str, str]
    ) -> None:
        host.dataset(converse_lines(), key="train.jsonl", tags={"by": "hand"})
        host.dataset(converse_lines(topic="letters"), key="train.jsonl", **options)
        assert tags(host, "train.jsonl") == left

    def test_a_key_of_ones_own(self, host: Host) -> None:
        key = host.client("kms").create_key()["KeyMetadata"]
        result = host.dataset(converse_lines(), kms_key_id=key["KeyId"])
        shown = host.client("s3").head_object(Bucket=host.reach.data_bucket, Key=KEY)
        assert (shown["ServerSideEncryption"], shown["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
        assert result["changed"] is True
        assert host.dataset(converse_lines(), kms_key_id=key["Arn"])["changed"] is False
        assert host.dataset(converse_lines())["changed"] is False

    def test_another_key_for_what_is_there_is_told(self, host: Host) -> None:
        host.dataset(converse_lines())
        keys_of_kms = [host.client("kms").create_key()["KeyMetadata"]["Arn"] for _key in range(2)]
        host.dataset(converse_lines(), "secret", kms_key_id=keys_of_kms[0])
        for name in ("parcels", "secret"):
            assert host.dataset(converse_lines(), name, kms_key_id=keys_of_kms[1])["changed"] is False
            assert host.sandbox.count("s3.PutObject") == 2
        assert any("kms_key_id" in warning for warning in host.warnings)

    @pytest.mark.parametrize("model", ["amazon.nova-lite-v1:0", "amazon.nova-2-lite-v1:0:256k"])
    def test_d6_names_that_nova_does_not_take_are_refused_before_the_upload(self, host: Host, model: str) -> None:
        for key in ("up/train(1)!.jsonl", "a*b.jsonl"):
            for check_mode in (True, False):
                with pytest.raises(InvalidInput, match="does not take"):
                    host.dataset(converse_lines(), key=key, base_model_identifier=model, check_mode=check_mode)
        assert keys(host) == []
        host.dataset(converse_lines(), key="up/train-1_a.jsonl", base_model_identifier=model)
        assert keys(host) == ["up/train-1_a.jsonl"]


class TestAbsent:
    def test_versions_that_stay_are_told(self, host: Host) -> None:
        host.client("s3").put_bucket_versioning(
            Bucket=host.reach.data_bucket, VersioningConfiguration={"Status": "Enabled"}
        )
        host.dataset(converse_lines())
        assert host.dataset(converse_lines(), state="absent")["changed"] is True
        assert sum("versions remain" in warning for warning in host.warnings) == 1
        assert host.dataset(converse_lines(), state="absent")["changed"] is False


class TestTrouble:
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_no_such_bucket(self, host: Host, check_mode: bool) -> None:
        with pytest.raises(ApiError, match="The bucket no-such-bucket does not exist"):
            host.dataset(converse_lines(), bucket="no-such-bucket", check_mode=check_mode)

    def test_a_bucket_of_another_region(self, host: Host) -> None:
        host.client("s3", "us-west-2").create_bucket(
            Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        assert host.dataset(converse_lines(), bucket="far-away")["changed"] is True
        assert sum("far-away is in us-west-2, not in us-east-1" in warning for warning in host.warnings) == 1
        assert host.dataset(converse_lines(), bucket="far-away")["changed"] is False

    def test_who_may_write_but_not_read(self, host: Host) -> None:
        """403 on HEAD is not "not there": what is there is not written over."""
        for operation in ("HeadObject", "ListObjectsV2", "HeadBucket"):
            host.sandbox.fault(f"s3.{operation}", status=403)
        first = host.dataset(converse_lines())
        assert first["changed"] is True
        again = host.dataset(converse_lines())
        assert (again["changed"], again["s3_uri"]) == (False, first["s3_uri"])
        assert [put["status"] for put in host.sandbox.requests("s3.PutObject")] == [200, 412]
        host.sandbox.clear_faults()
        assert keys(host) == [KEY]

    def test_who_may_not_write(self, host: Host) -> None:
        host.sandbox.fault("s3.PutObject", status=403)
        with pytest.raises(ApiError, match=rf"Uploading s3://.*/{KEY}.*HTTP 403") as caught:
            host.dataset(converse_lines())
        assert (caught.value.facts["changed"], "policies" in caught.value.hint) == (False, True)

    def test_several_calls_fail_once(self, host: Host) -> None:
        host.sandbox.fault("s3.HeadObject", status=503, times=1)
        host.sandbox.fault("s3.PutObject", status=500, times=1)
        host.sandbox.fault("s3.PutObject", reset="after", times=1)
        assert host.dataset(converse_lines())["changed"] is True
        assert [fault["fired"] for fault in host.sandbox.faults.describe()] == [1, 1, 1]
        assert body(host, KEY) == converse_lines()
