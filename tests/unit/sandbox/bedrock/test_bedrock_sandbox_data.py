# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datasets: good ones train, bad ones fail the job in its validation and name the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import RECORD, connect, jsonl

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def converse(*messages: tuple[str, Any], **more: Any) -> dict[str, Any]:
    listed = [{"role": role, "content": [{"text": text}] if isinstance(text, str) else text} for role, text in messages]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": listed, **more}


GOOD = ("user", "Hi"), ("assistant", "Hello")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"{\n", "not valid JSON"),
        (b"[]\n", "JSON object"),
        (b"\n", "the line is empty"),
        (b"\xff\n", "UTF-8"),
        (jsonl({"prompt": "a", "completion": "b"}, 1), "missing required key 'messages'"),
        (jsonl({**RECORD, "schemaVersion": "1"}, 1), "schemaVersion"),
        (jsonl({**RECORD, "extra": 1}, 1), "unexpected key 'extra'"),
        (jsonl(converse(("assistant", "a"), ("user", "b")), 1), "alternate"),
        (jsonl(converse(*GOOD, ("user", "b")), 1), "last message"),
        (jsonl(converse(("user", "User: hi"), ("assistant", "b")), 1), "reserved keyword"),
        (jsonl(converse(("user", " "), ("assistant", "b")), 1), "not empty"),
        (jsonl(converse(*GOOD, system=[]), 1), "'system'"),
        (jsonl(converse(("user", [{"tool": {}}]), ("assistant", "b")), 1), "'tool' is not allowed"),
    ],
)
def test_a_bad_line_fails_the_job(trained: Any, upload: Any, line: bytes, text: str) -> None:
    uri = upload(jsonl(RECORD, 9) + line + jsonl(RECORD, 2))
    job = trained(trainingDataConfig={"s3Uri": uri})
    assert job["status"] == "Failed"
    assert job["statusDetails"]["validationDetails"]["status"] == "Failed"
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"
    assert f"Unable to parse Amazon S3 file: {uri}. Line 10: " in job["failureMessage"]
    assert text in job["failureMessage"]


def test_d6_images_and_videos_are_not_in_one_dataset_of_nova(
    still_sandbox: Sandbox, s3: Any, trained: Any, upload: Any
) -> None:
    bucket = still_sandbox.aws.data_bucket
    records = b""
    for kind, form in (("image", "png"), ("video", "mp4")):
        s3.put_object(Bucket=bucket, Key=f"a.{form}", Body=b"x")
        medium = {kind: {"format": form, "source": {"s3Location": {"uri": f"s3://{bucket}/a.{form}"}}}}
        records += jsonl(converse(("user", [{"text": "What is it?"}, medium]), ("assistant", "A cat")), 4)
    job = trained(trainingDataConfig={"s3Uri": upload(records)})
    assert "Line 5: images and videos cannot stand in the same dataset" in job["failureMessage"]


def test_d6_names_of_files_for_nova(trained: Any, upload: Any) -> None:
    job = trained(trainingDataConfig={"s3Uri": upload(jsonl(RECORD, 8), key="up/train(1)!.jsonl")})
    assert "File name" in job["failureMessage"]


def test_too_few_records(trained: Any, upload: Any) -> None:
    job = trained(trainingDataConfig={"s3Uri": upload(jsonl(RECORD, 7))})
    assert "has 7 records. The minimum number of records is 8" in job["failureMessage"]


def test_a_bad_validation_file(trained: Any, upload: Any) -> None:
    validation = {"validators": [{"s3Uri": upload(b"[]\n", key="valid.jsonl")}]}
    job = trained(validationDataConfig=validation)
    assert "valid.jsonl. Line 1" in job["failureMessage"]


def test_images(still_sandbox: Sandbox, s3: Any, trained: Any, upload: Any) -> None:
    bucket = still_sandbox.aws.data_bucket
    image = {"image": {"format": "png", "source": {"s3Location": {"uri": f"s3://{bucket}/a.png"}}}}
    record = converse(("user", [{"text": "What is it?"}, image]), ("assistant", "A cat"))
    uri = upload(jsonl(record, 8))
    assert "a.png" in trained(trainingDataConfig={"s3Uri": uri})["failureMessage"]
    s3.put_object(Bucket=bucket, Key="a.png", Body=b"png")
    arguments = {"jobName": "job-2", "customModelName": "model-2"}
    assert trained(trainingDataConfig={"s3Uri": uri}, **arguments)["status"] == "Completed"
    micro = {"jobName": "job-3", "customModelName": "model-3", "baseModelIdentifier": "amazon.nova-micro-v1:0"}
    assert "'image' is not allowed" in trained(trainingDataConfig={"s3Uri": uri}, **micro)["failureMessage"]


def test_captions(still_sandbox: Sandbox, s3: Any, trained: Any, upload: Any) -> None:
    bucket = still_sandbox.aws.data_bucket
    s3.put_object(Bucket=bucket, Key="a.png", Body=b"png")
    uri = upload(jsonl({"image-ref": f"s3://{bucket}/a.png", "caption": "a cat"}, 5))
    job = trained(
        trainingDataConfig={"s3Uri": uri},
        baseModelIdentifier="amazon.nova-canvas-v1:0",
        hyperParameters={"stepCount": "10"},
    )
    assert job["status"] == "Completed", job.get("failureMessage")


@pytest.mark.parametrize(
    ("base", "good", "count", "bad", "text"),
    [
        (
            "anthropic.claude-3-haiku-20240307-v1:0:200k",
            {"system": "s", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
            32,
            {"messages": [{"role": "user", "content": "\nHuman: a"}, {"role": "assistant", "content": "b"}]},
            "reserved keyword",
        ),
        (
            "meta.llama3-1-8b-instruct-v1:0:128k",
            {"prompt": "a", "completion": "b"},
            100,
            {"prompt": "a", "completion": "b", "id": 1},
            "unexpected key 'id'",
        ),
        (
            "meta.llama3-3-70b-instruct-v1:0:128k",
            RECORD,
            100,
            {"prompt": "a", "completion": "b"},
            "missing required key",
        ),
    ],
)
def test_families_of_the_west(still_sandbox: Sandbox, base: str, good: Any, count: int, bad: Any, text: str) -> None:
    s3, bedrock = connect(still_sandbox, "s3", "us-west-2"), connect(still_sandbox, "bedrock", "us-west-2")
    s3.create_bucket(Bucket="west-4711", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="west-4711", Key="good.jsonl", Body=jsonl(good, count))
    s3.put_object(Bucket="west-4711", Key="few.jsonl", Body=jsonl(good, count - 1))
    s3.put_object(Bucket="west-4711", Key="bad.jsonl", Body=jsonl(good, 3) + jsonl(bad, 1))
    still_sandbox.aws.settings(concurrent_jobs=3)
    for name in ("good", "few", "bad"):
        bedrock.create_model_customization_job(
            jobName=name,
            customModelName=name,
            roleArn=still_sandbox.aws.role_arn,
            baseModelIdentifier=base,
            trainingDataConfig={"s3Uri": f"s3://west-4711/{name}.jsonl"},
            outputDataConfig={"s3Uri": "s3://west-4711/out/"},
        )
    still_sandbox.advance(3600)
    jobs = {name: bedrock.get_model_customization_job(jobIdentifier=name) for name in ("good", "few", "bad")}
    assert jobs["good"]["status"] == "Completed", jobs["good"].get("failureMessage")
    assert f"minimum number of records is {count}" in jobs["few"]["failureMessage"]
    assert text in jobs["bad"]["failureMessage"]


def test_continued_pre_training_needs_a_legacy_model(
    still_sandbox: Sandbox, trained: Any, refused: Any, upload: Any
) -> None:
    arguments = {
        "customizationType": "CONTINUED_PRE_TRAINING",
        "baseModelIdentifier": "amazon.titan-text-express-v1",
        "trainingDataConfig": {"s3Uri": upload(json.dumps({"input": "some text"}).encode())},
        "hyperParameters": {
            "epochCount": "1",
            "batchSize": "1",
            "learningRate": "0.005",
            "learningRateWarmupSteps": "0",
        },
    }
    assert refused(**arguments)[1] == "The provided model identifier is invalid."
    still_sandbox.aws.settings(legacy_models=True)
    job = trained(**arguments)
    assert job["status"] == "Completed"
    assert job["baseModelArn"].endswith("/amazon.titan-text-express-v1:8k")
