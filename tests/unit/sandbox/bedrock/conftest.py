# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3 clients of the sandbox, and a job to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import RECORD, code_of, connect, jsonl

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def bedrock(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "bedrock")


@pytest.fixture
def s3(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "s3")


@pytest.fixture
def iam(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "iam")


@pytest.fixture
def upload(still_sandbox: Sandbox, s3: Any) -> Callable[..., str]:
    """Puts data into the bucket for data; returns the URI."""

    def put(content: bytes | None = None, key: str = "train.jsonl") -> str:
        body = jsonl(RECORD) if content is None else content
        s3.put_object(Bucket=still_sandbox.aws.data_bucket, Key=key, Body=body)
        return f"s3://{still_sandbox.aws.data_bucket}/{key}"

    return put


@pytest.fixture
def job_arguments(still_sandbox: Sandbox, upload: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """The arguments of a job that is all right; None leaves one out."""

    def make(**changes: Any) -> dict[str, Any]:
        arguments = {
            "jobName": "job-1",
            "customModelName": "model-1",
            "roleArn": still_sandbox.aws.role_arn,
            "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
            "outputDataConfig": {"s3Uri": f"s3://{still_sandbox.aws.output_bucket}/runs/"},
            "hyperParameters": {"epochCount": "2"},
            **changes,
        }
        if "trainingDataConfig" not in arguments:
            arguments["trainingDataConfig"] = {"s3Uri": upload()}
        return {name: value for name, value in arguments.items() if value is not None}

    return make


@pytest.fixture
def start(bedrock: Any, job_arguments: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Creates a job; returns its ARN."""

    def create(**changes: Any) -> str:
        return str(bedrock.create_model_customization_job(**job_arguments(**changes))["jobArn"])

    return create


@pytest.fixture
def trained(still_sandbox: Sandbox, bedrock: Any, start: Callable[..., str]) -> Callable[..., Any]:
    """Creates a job and lets it end; returns what GetModelCustomizationJob says."""

    def train(**changes: Any) -> Any:
        arn = start(**changes)
        still_sandbox.advance(3600)
        return bedrock.get_model_customization_job(jobIdentifier=arn)

    return train


@pytest.fixture
def refused(bedrock: Any, job_arguments: Callable[..., dict[str, Any]]) -> Callable[..., tuple[str, str]]:
    """(code, message) of a create that fails."""

    def create(**changes: Any) -> tuple[str, str]:
        with pytest.raises(bedrock.exceptions.ClientError) as caught:
            bedrock.create_model_customization_job(**job_arguments(**changes))
        return code_of(caught.value), caught.value.response["Error"]["Message"]

    return create
