# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_dataset through the engine, against the sandbox."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)

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
    return "".join(
        json.dumps(
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [
                    {"role": "user", "content": [{"text": f"{number} {text}"}]},
                    {"role": "assistant", "content": [{"text": text}]},
                ],
            }
        )
        + "\n"
        for number in range(records)
    )


class TestUpload:
    def test_once(self, host: Host) -> None:
        first = host.dataset(converse_lines())
        assert (first["changed"], first["action"], first["key"]) == (True, "create", KEY)
        assert (first["sha256"], first["bytes"], first["examples"]) == (SHA, len(converse_lines()), 12)
        assert first["s3_uri"] == f"s3://{host.reach.data_bucket}/{KEY}"
        assert first["format"] == "bedrock_converse"
        assert body(host, KEY) == converse_lines()
        host.sandbox.clear_log()
        again = host.dataset(converse_lines())
        assert (again["changed"], again["s3_uri"]) == (False, first["s3_uri"])
        assert called(host) == ["s3.HeadObject"]

    def test_check_mode_knows_the_address(self, host: Host) -> None:
        foreseen = host.dataset(converse_lines(), check_mode=True)
        assert (foreseen["changed"], keys(host)) == (True, [])
        assert foreseen["s3_uri"] == host.dataset(converse_lines())["s3_uri"]
        assert host.dataset(converse_lines(), check_mode=True)["changed"] is False

    def test_edited_is_another_renamed_is_not(self, host: Host, tmp_path: Path) -> None:
        source = tmp_path / "a.jsonl"
        source.write_text(converse_lines())
        first = host.dataset(None, "parcels", src=str(source))
        moved = source.rename(tmp_path / "b.jsonl")
        assert host.dataset(None, "parcels", src=str(moved))["s3_uri"] == first["s3_uri"]
        moved.write_text(converse_lines(topic="letters"))
        assert host.dataset(None, "parcels", src=str(moved))["s3_uri"] != first["s3_uri"]
        assert len(keys(host)) == 2

    def test_a_name_that_begins_like_another(self, host: Host) -> None:
        assert host.dataset(converse_lines(), "parcels")["changed"] is True
        other = host.dataset(converse_lines(), "parcels-more", split="validation")
        assert (other["changed"], other["key"], other["sha256"]) == (True, f"parcels-more-{SHA[:12]}.jsonl", SHA)

    def test_prefix_and_name_of_the_file(self, host: Host, tmp_path: Path) -> None:
        source = tmp_path / "letters.jsonl"
        source.write_text(converse_lines())
        result = host.dataset(None, None, src=str(source), prefix="training/2026/")
        assert result["key"] == f"training/2026/letters-{SHA[:12]}.jsonl"

    def test_an_exact_key(self, host: Host) -> None:
        assert host.dataset(converse_lines(), key="train.jsonl")["key"] == "train.jsonl"
        assert host.dataset(converse_lines(), key="train.jsonl")["changed"] is False
        changed = host.dataset(converse_lines(topic="letters"), key="train.jsonl")
        assert (changed["changed"], changed["action"]) == (True, "update")
        assert body(host, "train.jsonl") == converse_lines(topic="letters")
        assert host.dataset(converse_lines(topic="letters"), key="train.jsonl")["changed"] is False
        host.put("theirs", "train.jsonl")
        assert host.dataset(converse_lines(topic="letters"), key="train.jsonl")["action"] == "update"
        assert body(host, "train.jsonl") == converse_lines(topic="letters")

    def test_other_bytes_under_our_key_are_mended(self, host: Host) -> None:
        """What a job is paid for is what was validated."""
        host.dataset(converse_lines())
        host.put("junk", KEY)
        assert host.dataset(converse_lines())["changed"] is True
        assert body(host, KEY) == converse_lines()

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

    def test_an_invalid_one_is_not_sent(self, host: Host) -> None:
        with pytest.raises(InvalidInput, match="not a valid dataset") as caught:
            host.dataset(converse_lines(11) + '{"messages": []}\n')
        assert "line 12: " in caught.value.text()
        assert host.sandbox.count() == 0

    def test_unless_nobody_looks(self, host: Host) -> None:
        result = host.dataset(converse_lines() + "this is no JSON\n", validate=False)
        assert (result["changed"], result["validation"]["valid"]) == (True, False)

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
    def test_by_content_and_by_name(self, host: Host) -> None:
        host.dataset(converse_lines())
        host.dataset(converse_lines(topic="letters"))
        host.dataset(converse_lines(), "parcels-2")
        host.put("theirs", "parcels-readme.txt")
        assert host.dataset(converse_lines(), state="absent")["changed"] is True
        assert len(keys(host)) == 3
        assert host.dataset(None, state="absent", check_mode=True)["changed"] is True
        assert host.dataset(None, state="absent")["changed"] is True
        assert sorted(keys(host)) == [f"parcels-2-{SHA[:12]}.jsonl", "parcels-readme.txt"]
        assert host.dataset(None, state="absent")["changed"] is False

    def test_by_key(self, host: Host) -> None:
        host.dataset(converse_lines(), key="train.jsonl")
        assert host.dataset(None, None, key="train.jsonl", state="absent")["changed"] is True
        assert host.dataset(None, None, key="train.jsonl", state="absent")["changed"] is False
        assert keys(host) == []

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

    @pytest.mark.parametrize("access_key", [None, "AKIAIOSFODNN7EXAMPLE"], ids=["known", "unknown"])
    def test_a_wrong_secret(self, host: Host, access_key: str | None) -> None:
        key = access_key or host.reach.access_key
        with pytest.raises(ApiError, match="HTTP 403") as caught:
            host.dataset(converse_lines(), access_key=key, secret_key="wrong-secret")
        assert caught.value.facts["changed"] is False
        assert "wrong-secret" not in caught.value.text()

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

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"bucket": "s3://bucket"}, "which is not a valid bucket name"),
            ({"bucket": "UPPER"}, "which is not a valid bucket name"),
            ({"key": "/train.jsonl"}, "begins with a slash"),
            ({"key": "a b.jsonl"}, "Bedrock does not take"),
            ({"key": "a//b.jsonl"}, "Bedrock does not take"),
            ({"prefix": "folder"}, "it ends with a slash"),
            ({"name": "-bad"}, "name is '-bad'"),
            ({"content": None}, "There is no data"),
            ({"tags": {f"k{number}": "x" for number in range(11)}}, "11 entries"),
            ({"tags": {"k": "v" * 257}}, "at most 256"),
            ({"tags": {"k": ["v"]}}, "it is a text"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_options(self, host: Host, options: dict[str, Any], message: str) -> None:
        given = {"content": converse_lines(), **options}
        with pytest.raises(InvalidInput, match=message):
            host.dataset(given.pop("content"), given.pop("name", "parcels"), **given)
        assert host.sandbox.count() == 0
