# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults, the log, seeding, reset, and that nobody pays for what they do not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from ansible_collections.llmops.finetune.tests.unit.sandbox.raw_tools import odd_bodies, send
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune_sandbox import Sandbox


@pytest.mark.parametrize(
    ("operation", "service", "call", "status", "code"),
    [
        ("bedrock.ListCustomModels", "bedrock", "list_custom_models", 429, "ThrottlingException"),
        ("bedrock.*", "bedrock", "list_custom_models", 500, "InternalServerException"),
        ("s3.ListBuckets", "s3", "list_buckets", 503, "SlowDown"),
        ("iam.ListRoles", "iam", "list_roles", 403, "AccessDenied"),
        ("sts.*", "sts", "get_caller_identity", 403, "AccessDenied"),
    ],
)
def test_a_fault_has_the_body_of_its_service(
    still_sandbox: Sandbox, operation: str, service: str, call: str, status: int, code: str
) -> None:
    still_sandbox.fault(operation, status=status, times=1)
    client = connect(still_sandbox, service)
    with pytest.raises(ClientError) as caught:
        getattr(client, call)()
    assert code_of(caught.value) == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    getattr(client, call)()


def test_a_lost_answer_leaves_the_job(still_sandbox: Sandbox, bedrock: Any, job_arguments: Any) -> None:
    still_sandbox.fault("bedrock.CreateModelCustomizationJob", reset="after", times=1)
    arguments = job_arguments(clientRequestToken="t1")
    with pytest.raises(ConnectionClosedError):
        bedrock.create_model_customization_job(**arguments)
    assert len(still_sandbox.aws.jobs()) == 1
    assert bedrock.create_model_customization_job(**arguments)["jobArn"] == still_sandbox.aws.jobs()[0]["arn"]
    assert still_sandbox.count("bedrock.CreateModelCustomizationJob") == 2


def test_a_reset_before_the_change_makes_nothing(still_sandbox: Sandbox, bedrock: Any, job_arguments: Any) -> None:
    still_sandbox.fault("bedrock.CreateModelCustomizationJob", reset="before", times=1)
    with pytest.raises(ConnectionClosedError):
        bedrock.create_model_customization_job(**job_arguments())
    assert still_sandbox.aws.jobs() == []


def test_the_log_names_operations_and_hides_keys(still_sandbox: Sandbox, s3: Any) -> None:
    s3.put_object(Bucket=still_sandbox.aws.data_bucket, Key="k", Body=b"x" * 1000)
    entry = still_sandbox.requests("s3.PutObject")[0]
    assert entry["bytes_in"] == 1000
    assert entry["key"] == f"...{still_sandbox.aws_env['AWS_ACCESS_KEY_ID'][-4:]}"
    assert still_sandbox.aws_env["AWS_SECRET_ACCESS_KEY"] not in str(still_sandbox.requests())


def test_more_old_jobs_than_a_page(still_sandbox: Sandbox, bedrock: Any) -> None:
    made = still_sandbox.aws.seed(jobs=1100, tags={"n": "{i}"}, model_name="past-{i}")
    assert len(made["jobs"]) == 1100
    pages = bedrock.get_paginator("list_model_customization_jobs").paginate(PaginationConfig={"PageSize": 1000})
    jobs = [job for page in pages for job in page["modelCustomizationJobSummaries"]]
    assert [job["jobArn"] for job in reversed(jobs)] == made["jobs"]
    assert {job["status"] for job in jobs} == {"Completed", "Failed", "Stopped"}
    assert bedrock.get_custom_model(modelIdentifier="past-0")["jobArn"] == made["jobs"][0]
    assert still_sandbox.aws.jobs() == []


def test_seeds_of_ones_own(still_sandbox: Sandbox, bedrock: Any) -> None:
    still_sandbox.aws.seed(
        jobs=[{"job_name": "a", "status": "Failed", "failure": "odd"}, {"model_name": "m", "keep_model": False}]
    )
    assert bedrock.get_model_customization_job(jobIdentifier="a")["failureMessage"] == "odd"
    assert bedrock.list_custom_models()["modelSummaries"] == []


def test_reset(still_sandbox: Sandbox, bedrock: Any, s3: Any, iam: Any, trained: Any) -> None:
    trained()
    iam.create_role(RoleName="own", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    still_sandbox.aws.settings(concurrent_jobs=9)
    still_sandbox.reset()
    assert bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []
    assert s3.list_objects_v2(Bucket=still_sandbox.aws.data_bucket)["KeyCount"] == 0
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["FineTune"]
    assert still_sandbox.aws.settings()["concurrent_jobs"] == 2
    assert trained()["status"] == "Completed"


def test_sandboxes_share_nothing(still_sandbox: Sandbox, iam: Any) -> None:
    from finetune_sandbox import Sandbox as Fresh

    with Fresh(speed=0, seed=7) as other:
        assert other.aws.account_id != still_sandbox.aws.account_id
        theirs = connect(other, "iam")
        theirs.create_role(RoleName="own", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["FineTune"]


def test_every_answer_fits_the_service_model(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    """The sandbox checks each answer against botocore's model and turns a misfit into a 500; none may happen."""
    trained()
    bedrock.list_model_customization_jobs()
    bedrock.list_custom_models()
    bedrock.list_foundation_models()
    assert {entry["status"] for entry in still_sandbox.requests("bedrock.*")} <= {200, 201}

    from finetune_sandbox.bedrock import service

    with pytest.raises(service.BadShape, match="missing"):
        service.write_response("CreateModelCustomizationJob", {})
    with pytest.raises(service.BadShape, match="unknown"):
        service.write_response("StopModelCustomizationJob", {"status": "Stopped"})


def test_openai_alone_needs_no_sdk_of_aws() -> None:
    """The imports are slow; they wait for the first request to AWS."""
    folder = Path(__file__).resolve().parents[4] / "extensions" / "sandbox"
    code = (
        f"import sys; sys.path.insert(0, {str(folder)!r})\n"
        "from finetune_sandbox import Sandbox\n"
        "with Sandbox(speed=0) as sandbox: sandbox.environment()\n"
        "print([name for name in ('moto', 'botocore', 'boto3') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bad_control_input(still_sandbox: Sandbox) -> None:
    from finetune_sandbox import ControlError

    calls: list[Callable[[], object]] = [
        lambda: still_sandbox.aws.settings(nonsense=1),
        lambda: still_sandbox.aws.settings(validation_layout="x"),
        lambda: still_sandbox.aws.scenario("explode"),
        lambda: still_sandbox.aws.seed(jobs=-1),
        lambda: still_sandbox.fault("bedrock.NoSuchThing", status=500),
    ]
    for call in calls:
        with pytest.raises(ControlError):
            call()


@pytest.mark.parametrize(
    ("service", "path", "member", "target"),
    [
        ("bedrock", "/model-customization-jobs", "jobName", ""),
        ("bedrock", "/custom-models/create-custom-model", "modelTags", ""),
        ("kms", "/", "KeyId", "TrentService.DescribeKey"),
    ],
)
def test_x2_odd_bodies(still_sandbox: Sandbox, service: str, path: str, member: str, target: str) -> None:
    aws = still_sandbox.aws
    headers = {"Content-Type": "application/json"}
    if target:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    for name, body in odd_bodies(member).items():
        request = AWSRequest("POST", still_sandbox.url + path, dict(headers), body)
        SigV4Auth(Credentials(aws.access_key, aws.secret_key), service, "us-east-1").add_auth(request)
        status, _unused, answer = send(still_sandbox, "POST", path, dict(request.headers.items()), body)
        assert status == 400, (name, answer)
        assert answer.get("message") or answer.get("Message") or answer.get("__type")
    assert still_sandbox.aws.jobs() == []
