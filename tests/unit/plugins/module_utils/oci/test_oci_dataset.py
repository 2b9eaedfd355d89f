# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""oci_generative_ai_dataset through the engine, against the sandbox."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import Content
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import dataset, objects
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host, pair_lines

SHA = hashlib.sha256(pair_lines().encode()).hexdigest()
NAME = f"parcels-{SHA[:12]}.jsonl"
MIB = 1024 * 1024
HASH_OF_ALL = "opc-meta-llmops-finetune-sha256"


def names(host: Host) -> list[str]:
    listed = host.api.client("object_storage").list_objects(host.reach.namespace, host.reach.bucket).data
    return [item["name"] for item in listed["objects"]]


def body(host: Host, name: str) -> bytes:
    found: bytes = (
        host.api.client("object_storage").get_object(host.reach.namespace, host.reach.bucket, name).data.content
    )
    return found


def headers(host: Host, name: str) -> dict[str, str]:
    found = host.api.client("object_storage").head_object(host.reach.namespace, host.reach.bucket, name).headers
    return {key.lower(): value for key, value in found.items()}


def unfinished(host: Host) -> list[str]:
    found = host.api.client("object_storage").list_multipart_uploads(host.reach.namespace, host.reach.bucket).data
    return [upload["object"] for upload in found]


def begin(host: Host, name: str) -> None:
    host.api.client("object_storage").create_multipart_upload(host.reach.namespace, host.reach.bucket, {"object": name})


def large(size: int) -> str:
    """Valid examples of about 20 kB each, of at least so many bytes together."""
    text = "word " * 4000
    line = json.dumps({"prompt": f"{'0' * 9} {text}", "completion": "yes"})
    return "".join(line.replace("0" * 9, f"{number:09}", 1) + "\n" for number in range(-(-size // len(line))))


@pytest.fixture
def in_parts(host: Host, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """A dataset that goes in four parts."""
    host.sandbox.oci.settings(min_part_bytes=1)
    monkeypatch.setattr(dataset, "_PART", MIB)
    return lambda: large(3 * MIB + 1000)


class TestUpload:
    def test_the_namespace_is_looked_up_once(self, host: Host) -> None:
        host.dataset(pair_lines())
        host.dataset(pair_lines(), "other", namespace=host.reach.namespace)
        assert host.called().count("GetNamespace") == 1

    def test_the_service_checks_what_it_gets(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        class Broken(dataset._Body):
            def __init__(self, data: bytes) -> None:
                super().__init__(data[:-2] + b"\0\n")

        monkeypatch.setattr(dataset, "_Body", Broken)
        with pytest.raises(ApiError, match=r"SHA256 of the request body .* does not match"):
            host.dataset(pair_lines())
        assert names(host) == []

    def test_a_file_that_changes_is_not_kept(self, host: Host, tmp_path: Path) -> None:
        source = tmp_path / "a.jsonl"
        source.write_text(pair_lines())
        host.sandbox.fault("oci.HeadObject", delay=0.5, times=1)
        # The module has read the file when it looks for the object.
        wait_for_look = host.sandbox.count
        results: list[Any] = host.together(
            lambda: host.dataset(None, src=str(source)),
            lambda: _when(lambda: wait_for_look("oci.GetNamespace") > 0, lambda: source.write_text("changed\n")),
        )
        assert isinstance(results[0], ApiError)
        assert "a.jsonl changed while it was uploaded" in results[0].message
        assert names(host) == []


def _when(condition: Callable[[], bool], then: Callable[[], Any]) -> None:
    while not condition():
        os.sched_yield()
    then()


class TestParts:
    def test_in_parts(self, host: Host, in_parts: Callable[[], str]) -> None:
        content = in_parts()
        result = host.dataset(content)
        assert (host.sandbox.count("oci.UploadPart"), host.sandbox.count("oci.PutObject")) == (4, 0)
        assert body(host, result["object"]) == content.encode()
        shown = headers(host, result["object"])
        assert (shown[HASH_OF_ALL], shown["content-type"]) == (result["sha256"], "application/jsonl")
        assert shown["opc-multipart-sha256"].endswith("-4")
        host.sandbox.clear_log()
        assert host.dataset(content, namespace=host.reach.namespace)["changed"] is False
        assert host.called() == ["HeadObject"]

    def test_every_part_is_checked(
        self, host: Host, in_parts: Callable[[], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Broken(dataset._Body):
            def __init__(self, data: bytes) -> None:
                super().__init__(data if len(data) == MIB else data[:-2] + b"\0\n")

        monkeypatch.setattr(dataset, "_Body", Broken)
        with pytest.raises(ApiError, match=r"Uploading part 4 of .* does not match"):
            host.dataset(in_parts())
        assert (names(host), unfinished(host)) == ([], [])

    def test_written_over(self, host: Host, in_parts: Callable[[], str]) -> None:
        content = in_parts()
        host.dataset(content, object="train.jsonl")
        assert host.dataset(content + pair_lines(1), object="train.jsonl")["action"] == "update"
        assert body(host, "train.jsonl") == (content + pair_lines(1)).encode()

    @pytest.mark.parametrize("operation", ["UploadPart", "CommitMultipartUpload"])
    def test_what_fails_leaves_nothing_behind(self, host: Host, in_parts: Callable[[], str], operation: str) -> None:
        host.error(operation, 400, "InvalidParameter", "no", after=1 if operation == "UploadPart" else 0)
        with pytest.raises(ApiError, match="InvalidParameter"):
            host.dataset(in_parts())
        assert (names(host), unfinished(host)) == ([], [])

    def test_what_cannot_be_aborted_is_told(self, host: Host, in_parts: Callable[[], str]) -> None:
        host.error("UploadPart", 400, "InvalidParameter", "no")
        host.error("AbortMultipartUpload", 400, "InvalidParameter", "neither")
        with pytest.raises(ApiError) as caught:
            host.dataset(in_parts())
        host.sandbox.clear_faults()
        assert "could not be aborted" in caught.value.hint
        assert len(unfinished(host)) == 1

    @pytest.mark.parametrize(
        "fault", [{"reset": "before"}, {"reset": "after"}, {"status": 503}, {"status": 429}], ids=str
    )
    def test_a_bad_line(self, host: Host, in_parts: Callable[[], str], fault: dict[str, Any]) -> None:
        for operation in ("UploadPart", "CommitMultipartUpload"):
            host.sandbox.fault(f"oci.{operation}", times=2, **fault)
        content = in_parts()
        result = host.dataset(content)
        assert (result["changed"], names(host), unfinished(host)) == (True, [result["object"]], [])
        assert body(host, result["object"]) == content.encode()
        # Nothing was sent a second time from the beginning.
        assert host.sandbox.count("oci.CreateMultipartUpload") == 1

    def test_somebody_elses_object_is_not_written_over(self, host: Host, in_parts: Callable[[], str]) -> None:
        content = in_parts()
        host.sandbox.fault("oci.CommitMultipartUpload", delay=0.3, times=1)
        results: list[Any] = host.together(
            lambda: host.dataset(content, object="train.jsonl"),
            lambda: _when(lambda: host.sandbox.count("oci.UploadPart") >= 4, lambda: host.put("theirs", "train.jsonl")),
        )
        # It was seen then, and what the user names is written over by a task that has seen it.
        assert (results[0]["action"], results[0]["changed"]) == ("update", True)
        assert 412 in [entry["status"] for entry in host.sandbox.requests("oci.C*MultipartUpload")]
        assert unfinished(host) == []

    def test_two_at_once(self, host: Host, in_parts: Callable[[], str]) -> None:
        content = in_parts()
        tasks = [host.also() for _task in range(2)]
        results = host.together(*[lambda task=task: task.dataset(content) for task in tasks])
        assert (names(host), unfinished(host)) == ([results[0]["object"]], [])
        assert results[1]["object"] == results[0]["object"]

    def test_an_earlier_upload_is_aborted_when_it_is_old(self, host: Host) -> None:
        begin(host, NAME)
        begin(host, f"{NAME}.other")
        host.dataset(pair_lines())
        # Young: it may be another task's, which is still at it.
        assert sorted(unfinished(host)) == [NAME, f"{NAME}.other"]
        host.dataset(pair_lines(), state="absent")
        assert unfinished(host) == [f"{NAME}.other"]


class TestAbsent:
    def test_versions_that_stay_are_told(self, host: Host) -> None:
        host.api.client("object_storage").update_bucket(
            host.reach.namespace, host.reach.bucket, {"versioning": "Enabled"}
        )
        host.dataset(pair_lines())
        assert host.dataset(pair_lines(), state="absent")["changed"] is True
        assert ["keeps versions" in warning and "versions remain" in warning for warning in host.warnings] == [True]
        assert host.dataset(pair_lines(), state="absent")["changed"] is False

    def test_a_listing_of_many_pages(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        for topic in ("a", "b", "c"):
            host.dataset(pair_lines(topic=topic))
        client = type(host.api.client("object_storage"))
        listing = client.list_objects
        monkeypatch.setattr(client, "list_objects", lambda *args, **more: listing(*args, **{**more, "limit": 1}))
        host.sandbox.clear_log()
        assert host.dataset(None, state="absent")["changed"] is True
        assert host.called().count("ListObjects") == 3
        assert names(host) == []

    def test_who_may_not_delete(self, host: Host) -> None:
        """404 does not mean that it is gone."""
        host.dataset(pair_lines())
        host.error("DeleteObject", 404, "BucketNotFound", "Either the bucket does not exist or you are not authorized")
        with pytest.raises(ApiError, match="not authorized") as caught:
            host.dataset(pair_lines(), state="absent")
        assert "do not allow to delete it" in caught.value.hint

    def test_deleted_by_another_meanwhile(self, host: Host) -> None:
        host.dataset(pair_lines())
        host.sandbox.fault("oci.DeleteObject", reset="after", times=1)
        assert host.dataset(pair_lines(), state="absent")["changed"] is True


class TestTrouble:
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("options", [{}, {"state": "absent"}, {"state": "absent", "content": None}], ids=str)
    def test_no_such_bucket(self, host: Host, options: dict[str, Any], check_mode: bool) -> None:
        """Nor is anything taken for gone that these credentials may just not see."""
        given = {"content": pair_lines(), "bucket": "no-such-bucket", "check_mode": check_mode, **options}
        with pytest.raises(
            ApiError, match=r"There is no bucket no-such-bucket in .* or this user's policies"
        ) as caught:
            host.dataset(given.pop("content"), **given)
        assert caught.value.facts["changed"] is False

    def test_no_such_namespace(self, host: Host) -> None:
        with pytest.raises(ApiError, match="in the namespace elsewhere.*NamespaceNotFound"):
            host.dataset(pair_lines(), namespace="elsewhere")

    def test_who_may_list_but_not_look(self, host: Host) -> None:
        host.sandbox.fault("oci.HeadObject", status=404)
        first = host.dataset(pair_lines())
        assert first["changed"] is True
        assert host.dataset(pair_lines())["changed"] is False

    def test_who_may_not_write(self, host: Host) -> None:
        host.error("PutObject", 404, "BucketNotFound", "Either the bucket does not exist or you are not authorized")
        with pytest.raises(ApiError, match=rf"Uploading oci://.*/{NAME}: .*HTTP 404") as caught:
            host.dataset(pair_lines())
        assert (caught.value.facts["changed"], "policies" in caught.value.hint) == (False, True)

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("named", [None, "train.jsonl"])
    def test_the_answer_is_lost(self, host: Host, when: str, named: str | None) -> None:
        if named:
            host.put("theirs", named)
        host.sandbox.fault("oci.PutObject", reset=when, times=1)
        result = host.dataset(pair_lines(), object=named)
        assert (result["changed"], names(host)) == (True, [named or NAME])
        assert body(host, named or NAME) == pair_lines().encode()

    @pytest.mark.parametrize("operation", ["ListObjects", "CreateMultipartUpload", "GetNamespace"])
    def test_answers_of_something_else(self, host: Host, in_parts: Callable[[], str], operation: str) -> None:
        host.sandbox.fault(f"oci.{operation}", status=200, body={})
        with pytest.raises(FineTuneError, match="the answer is not one of OCI") as caught:
            host.dataset(in_parts())
        assert caught.value.facts["changed"] is (operation == "CreateMultipartUpload")


class TestObjects:
    """What the model's driver takes of it."""

    def test_data_by_the_name_of_the_object(self, host: Host) -> None:
        data = host.data()
        desired = objects.parse_data("data", data)
        assert (desired.id, desired.sha256, desired.placeholder) == (data["id"], SHA[:12], False)
        assert objects.parse_data("data", data, check_mode=True).placeholder
        shown = objects.read_data(objects.dataset_of(desired), desired.mark)
        assert shown == desired
        learnt = objects.resolve(host.api, "data", desired, must_exist=True)
        assert learnt.sha256 == SHA

    def test_the_namespace_is_filled_in(self, host: Host) -> None:
        place = {"bucket": host.reach.bucket, "object": "plain.jsonl", "namespace": None}
        desired = objects.parse_data("data", place)
        assert desired.id == f"oci://{host.reach.bucket}/plain.jsonl"
        learnt = objects.resolve(host.api, "data", desired, must_exist=False)
        assert objects.dataset_of(learnt) == {
            "dataset_type": "OBJECT_STORAGE",
            "namespace_name": host.reach.namespace,
            "bucket_name": host.reach.bucket,
            "object_name": "plain.jsonl",
        }

    @pytest.mark.parametrize(
        ("headers", "kinds"),
        [
            ({}, {"md5"}),
            ({"opc_checksum_algorithm": "CRC32C"}, {"md5", "crc32c"}),
            ({"opc_checksum_algorithm": "SHA384"}, {"md5", "sha384"}),
        ],
        ids=["plain", "crc32c", "sha384"],
    )
    def test_other_data_under_the_same_name_is_noticed(
        self, host: Host, headers: dict[str, str], kinds: set[str]
    ) -> None:
        place = host.put(pair_lines(), **headers)
        first = objects.resolve(host.api, "data", objects.parse_data("data", place), must_exist=True)
        assert ({word.partition(":")[0] for word in first.version.split()}, first.sha256) == (kinds, "")
        host.put(pair_lines(), **headers)
        assert objects.resolve(host.api, "data", first, must_exist=True) == first
        host.put(pair_lines(topic="letters"), **headers)
        assert objects.resolve(host.api, "data", first, must_exist=True).version != first.version

    def test_the_service_knows_the_sha256(self, host: Host) -> None:
        place = host.put(pair_lines(), opc_checksum_algorithm="SHA256")
        assert objects.resolve(host.api, "data", objects.parse_data("data", place), must_exist=True).sha256 == SHA

    def test_parts_of_another_number_say_nothing(self) -> None:
        """Of the same bytes, cut in another way, the checksum of the checksums differs."""
        digest = "kAFQmDzST7DWlj99KOF/cg=="
        cut = [objects.version_of({"opc-multipart-md5": f"{digest}-{parts}"}).partition(":")[0] for parts in (2, 3)]
        assert cut == ["md5-of-2", "md5-of-3"]

    def test_what_is_missing_or_archived_is_refused(self, host: Host) -> None:
        missing = objects.parse_data("data", {"bucket": host.reach.bucket, "object": "no.jsonl"})
        with pytest.raises(ApiError, match=r"data: oci://.*/no\.jsonl is not there, or this user's policies"):
            objects.resolve(host.api, "data", missing, must_exist=True)
        place = host.put(pair_lines(), storage_tier="Archive")
        with pytest.raises(ApiError, match="is archived"):
            objects.resolve(host.api, "data", objects.parse_data("data", place), must_exist=True)

    @pytest.mark.parametrize(
        "place",
        [{"bucket": "a b", "object": "x"}, {"bucket": "a", "object": "x/"}, {"bucket": "a", "object": ""}],
        ids=["bucket", "folder", "empty"],
    )
    def test_what_can_be_no_data(self, place: dict[str, str]) -> None:
        with pytest.raises(InvalidInput):
            objects.parse_data("data", place)

    def test_what_a_model_shows_is_taken_as_it_is(self) -> None:
        shown = objects.read_data({"bucket_name": "a b", "object_name": "../x", "namespace_name": "n"}, None)
        assert shown == Content(id="oci://a b@n/../x")
