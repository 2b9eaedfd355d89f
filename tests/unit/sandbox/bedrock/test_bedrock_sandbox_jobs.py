# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customization jobs: their life, the checks at create, what they leave behind."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import RECORD, code_of, connect, jsonl
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune_sandbox import Sandbox


def states(job: Any) -> list[str]:
    names = ("validationDetails", "dataProcessingDetails", "trainingDetails")
    return [job["status"], *(job["statusDetails"][name]["status"] for name in names)]


def test_a_job_moves_through_its_phases_and_makes_its_model_at_the_end(
    still_sandbox: Sandbox, bedrock: Any, s3: Any, start: Any, upload: Any
) -> None:
    validation = {"validators": [{"s3Uri": upload(key="valid.jsonl")}]}
    arn = start(validationDataConfig=validation)
    account = still_sandbox.aws.account_id
    pattern = rf"arn:aws:bedrock:us-east-1:{account}:model-customization-job/amazon\.nova-lite-v1:0:300k/[a-z0-9]{{12}}"
    assert re.fullmatch(pattern, arn)
    job = bedrock.get_model_customization_job(jobIdentifier=arn)
    assert states(job) == ["InProgress", "InProgress", "NotStarted", "NotStarted"]
    still_sandbox.advance(50)
    assert states(bedrock.get_model_customization_job(jobIdentifier="job-1"))[1:3] == ["Completed", "InProgress"]
    still_sandbox.advance(100)
    job = bedrock.get_model_customization_job(jobIdentifier=arn)
    assert states(job) == ["InProgress", "Completed", "Completed", "InProgress"]
    assert not {"outputModelArn", "endTime", "trainingMetrics", "validationMetrics", "failureMessage"} & set(job)
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_custom_model(modelIdentifier="model-1")
    still_sandbox.advance(500)
    job = bedrock.get_model_customization_job(jobIdentifier=arn)
    assert states(job) == ["Completed"] * 4
    model = bedrock.get_custom_model(modelIdentifier=job["outputModelArn"])
    assert model["modelName"] == "model-1"
    assert model["modelStatus"] == "Active"
    assert model["jobArn"] == arn
    assert model["baseModelArn"] == job["baseModelArn"]
    assert job["baseModelArn"].endswith("::foundation-model/amazon.nova-lite-v1:0:300k")
    folder = f"runs/model-customization-job-{arn.rpartition('/')[2]}/"
    bucket = still_sandbox.aws.output_bucket
    keys = [item["Key"].removeprefix(folder) for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [
        "training_artifacts/step_wise_training_metrics.csv",
        "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
    ]
    rows = s3.get_object(Bucket=bucket, Key=folder + keys[0])["Body"].read().decode().splitlines()
    assert rows[0] == "step_number,epoch_number,training_loss,perplexity"
    assert rows[1].startswith("0,0,")
    assert float(rows[-1].split(",")[2]) == pytest.approx(job["trainingMetrics"]["trainingLoss"])
    assert float(rows[1].split(",")[2]) > float(rows[-1].split(",")[2])
    rows = s3.get_object(Bucket=bucket, Key=folder + keys[1])["Body"].read().decode().splitlines()
    assert float(rows[-1].split(",")[2]) == pytest.approx(job["validationMetrics"][0]["validationLoss"])


def test_stop(still_sandbox: Sandbox, bedrock: Any, start: Any) -> None:
    arn = start()
    bedrock.stop_model_customization_job(jobIdentifier=arn)
    assert states(bedrock.get_model_customization_job(jobIdentifier=arn))[:2] == ["Stopping", "Stopping"]
    with pytest.raises(bedrock.exceptions.ConflictException) as caught:
        bedrock.stop_model_customization_job(jobIdentifier=arn)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    still_sandbox.advance(3600)
    job = bedrock.get_model_customization_job(jobIdentifier="job-1")
    assert job["status"] == "Stopped"
    assert "outputModelArn" not in job
    assert bedrock.list_custom_models()["modelSummaries"] == []


def test_a_job_may_complete_while_it_is_stopped(still_sandbox: Sandbox, bedrock: Any, start: Any) -> None:
    still_sandbox.aws.scenario("complete_despite_stop", job_name="job-1")
    arn = start()
    still_sandbox.advance(400)
    bedrock.stop_model_customization_job(jobIdentifier=arn)
    still_sandbox.advance(30)
    assert bedrock.get_model_customization_job(jobIdentifier=arn)["status"] == "Completed"
    assert bedrock.get_custom_model(modelIdentifier="model-1")


@pytest.mark.parametrize(("phase", "place"), [("validation", 1), ("data_processing", 2), ("training", 3)])
def test_a_failure_in_each_phase(still_sandbox: Sandbox, trained: Any, phase: str, place: int) -> None:
    still_sandbox.aws.scenario("fail", phase=phase, message="the odd failure 4711")
    job = trained()
    assert states(job)[0] == states(job)[place] == "Failed"
    assert job["failureMessage"] == "the odd failure 4711"
    assert "outputModelArn" not in job


def test_names_are_never_free_again(still_sandbox: Sandbox, bedrock: Any, trained: Any, refused: Any) -> None:
    trained()
    assert refused(customModelName="model-2") == ("ValidationException", "The provided job name is currently in use.")
    code, message = refused(jobName="job-2")
    assert (code, message) == ("ValidationException", "The provided model name is currently in use.")
    bedrock.delete_custom_model(modelIdentifier="model-1")
    assert refused()[1] == "The provided job name is currently in use."
    assert trained(jobName="job-2")["status"] == "Completed"


def test_the_model_name_of_a_pending_job_is_taken(start: Any, refused: Any) -> None:
    start()
    assert refused(jobName="job-2")[1] == "The provided model name is currently in use."


def test_client_request_token(bedrock: Any, job_arguments: Any) -> None:
    arguments = job_arguments(clientRequestToken="token-1")
    first = bedrock.create_model_customization_job(**arguments)
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    again = bedrock.create_model_customization_job(**arguments)
    assert again["jobArn"] == first["jobArn"]
    assert len(bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]) == 1
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_model_customization_job(**{**arguments, "jobName": "job-2"})


def test_only_two_jobs_at_once(still_sandbox: Sandbox, start: Any, refused: Any) -> None:
    start()
    start(jobName="job-2", customModelName="model-2")
    code, message = refused(jobName="job-3", customModelName="model-3")
    assert code == "ServiceQuotaExceededException"
    assert "2" in message
    still_sandbox.advance(3600)
    start(jobName="job-3", customModelName="model-3")


def test_creates_at_the_same_time_make_one_job(still_sandbox: Sandbox, bedrock: Any, job_arguments: Any) -> None:
    arguments = job_arguments()

    def create(_number: int) -> str:
        try:
            return str(connect(still_sandbox, "bedrock").create_model_customization_job(**arguments)["jobArn"])
        except ClientError as error:
            return code_of(error)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert sorted(answer.startswith("arn:") for answer in answers) == [False] * 7 + [True]
    assert set(answers) - {"ValidationException"} == {still_sandbox.aws.jobs()[0]["arn"]}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"jobName": "-bad"},
            "'-bad' at 'jobName' failed to satisfy constraint: Member must satisfy regular expression",
        ),
        (
            {"jobName": "a" * 64},
            "at 'jobName' failed to satisfy constraint: Member must have length less than or equal to 63",
        ),
        ({"customModelName": "a..b"}, "at 'customModelName'"),
        ({"roleArn": "role"}, "at 'roleArn'"),
        ({"customizationType": "TUNING"}, "Member must satisfy enum value set: [FINE_TUNING, "),
        ({"vpcConfig": {"subnetIds": ["s"] * 17, "securityGroupIds": ["g"]}}, "at 'vpcConfig.subnetIds'"),
        ({"jobTags": [{"key": "#", "value": "x"}]}, "at 'jobTags.1.member.key'"),
        ({"jobTags": [{"key": "aws:x", "value": "x"}]}, "reserved"),
        ({"jobTags": [{"key": "x", "value": "1"}, {"key": "x", "value": "2"}]}, "twice"),
        ({"baseModelIdentifier": "amazon.nova-lite-v9:0"}, "The provided model identifier is invalid."),
        ({"baseModelIdentifier": "amazon.nova-premier-v1:0"}, "The provided model identifier is invalid."),
        ({"baseModelIdentifier": "meta.llama3-3-70b-instruct-v1:0"}, "The provided model identifier is invalid."),
        ({"customizationType": "CONTINUED_PRE_TRAINING"}, "is not supported for the model"),
        ({"hyperParameters": {"epochs": "1"}}, "The hyperparameter epochs is not supported"),
        ({"hyperParameters": {"epochCount": "6"}}, "out of range"),
        ({"hyperParameters": {"epochCount": "1.5"}}, "not an integer"),
        ({"hyperParameters": {"learningRate": "fast"}}, "not a number"),
        ({"trainingDataConfig": {}}, "exactly one of s3Uri and invocationLogsConfig"),
        ({"customizationType": "DISTILLATION", "hyperParameters": None}, "distillationConfig is required"),
        ({"customModelKmsKeyId": "alias/none"}, "KMS key alias/none is invalid"),
        ({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}, "VPC configuration is invalid"),
    ],
)
def test_what_create_refuses(still_sandbox: Sandbox, refused: Any, changes: dict[str, Any], text: str) -> None:
    code, message = refused(**changes)
    assert code == "ValidationException"
    assert text in message
    assert still_sandbox.aws.jobs() == []


def test_a_long_row_of_dashes_is_refused_at_once(refused: Any) -> None:
    assert refused(jobName="a" + "-" * 60 + "_")[0] == "ValidationException"


def test_too_many_tags(refused: Any) -> None:
    tags = [{"key": f"k{number}", "value": "v"} for number in range(51)]
    assert refused(customModelTags=tags)[0] == "TooManyTagsException"


@pytest.mark.parametrize(
    "identifier",
    [
        "amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0:300k",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k",
    ],
)
def test_every_form_of_the_base_model(bedrock: Any, start: Any, identifier: str) -> None:
    job = bedrock.get_model_customization_job(jobIdentifier=start(baseModelIdentifier=identifier))
    assert job["baseModelArn"] == "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k"


def test_training_a_custom_model_further(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    first = trained()
    second = trained(jobName="job-2", customModelName="model-2", baseModelIdentifier="model-1")
    assert second["baseModelArn"] == first["baseModelArn"]
    model = bedrock.get_custom_model(modelIdentifier="model-2")
    assert model["baseModelArn"] == first["outputModelArn"]
    found = bedrock.list_custom_models(baseModelArnEquals=first["outputModelArn"])["modelSummaries"]
    assert [each["modelName"] for each in found] == ["model-2"]
    found = bedrock.list_custom_models(foundationModelArnEquals=first["baseModelArn"])["modelSummaries"]
    assert [each["modelName"] for each in found] == ["model-2", "model-1"]


def test_data_that_cannot_be_read(still_sandbox: Sandbox, s3: Any, refused: Any, upload: Any) -> None:
    bucket = still_sandbox.aws.data_bucket
    text = f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket} at key none.jsonl"
    assert refused(trainingDataConfig={"s3Uri": f"s3://{bucket}/none.jsonl"}) == ("ValidationException", text)
    upload(key="folder/train.jsonl")
    assert (
        "(Uri should be a file, not a directory)" in refused(trainingDataConfig={"s3Uri": f"s3://{bucket}/folder"})[1]
    )
    assert "bucket: no-such-bucket-4711" in refused(trainingDataConfig={"s3Uri": "s3://no-such-bucket-4711/x"})[1]
    text = refused(outputDataConfig={"s3Uri": "s3://no-such-bucket-4711/x/"})[1]
    assert text.startswith("Amazon S3 perms missing (PutObject)")
    west = connect(still_sandbox, "s3", "us-west-2")
    west.create_bucket(Bucket="far-away-4711", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert "us-west-2" in refused(outputDataConfig={"s3Uri": "s3://far-away-4711/x/"})[1]


TRUST = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
ACCESS = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"], "Resource": "*"}


def make_role(iam: Any, name: str, trust: dict[str, Any], *statements: dict[str, Any]) -> str:
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=document)
    return str(role["Role"]["Arn"])


def test_a_new_role_cannot_be_assumed_at_once(still_sandbox: Sandbox, iam: Any, start: Any, refused: Any) -> None:
    arn = make_role(iam, "fresh", TRUST, ACCESS)
    assert refused(roleArn=arn)[1].startswith("Could not assume provided IAM role.")
    still_sandbox.advance(10)
    assert start(roleArn=arn)


@pytest.mark.parametrize(
    ("trust", "statements", "text"),
    [
        ({**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}, [ACCESS], "Could not assume provided IAM role"),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}, [ACCESS], "Could not assume"),
        (
            {**TRUST, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:us-east-1:*:guardrail/*"}}},
            [ACCESS],
            "Could not assume",
        ),
        (TRUST, [{**ACCESS, "Action": ["s3:ListBucket", "s3:PutObject"]}], "GetObject"),
        (TRUST, [{**ACCESS, "Action": ["s3:GetObject", "s3:PutObject"]}], "ListBucket"),
        (TRUST, [{**ACCESS, "Action": ["s3:GetObject", "s3:ListBucket"]}], "Amazon S3 perms missing (PutObject)"),
        (TRUST, [ACCESS, {"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"}], "GetObject"),
        (TRUST, [{**ACCESS, "Resource": "arn:aws:s3:::other-*"}], "ListBucket"),
        (TRUST, [{**ACCESS, "Condition": {"NumericEquals": {"aws:x": "1"}}}], "ListBucket"),
    ],
)
def test_roles_that_do_not_do(
    still_sandbox: Sandbox, iam: Any, refused: Any, trust: Any, statements: Any, text: str
) -> None:
    arn = make_role(iam, "bad", trust, *statements)
    still_sandbox.advance(60)
    assert text in refused(roleArn=arn)[1]


def test_a_role_may_be_allowed_by_a_managed_policy(still_sandbox: Sandbox, iam: Any, start: Any) -> None:
    arn = make_role(iam, "managed", TRUST, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    document = json.dumps({"Version": "2012-10-17", "Statement": [ACCESS]})
    policy = iam.create_policy(PolicyName="access", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="managed", PolicyArn=policy)
    still_sandbox.advance(60)
    assert start(roleArn=arn)


def test_a_role_that_lost_its_access_fails_the_job(still_sandbox: Sandbox, bedrock: Any, iam: Any, start: Any) -> None:
    arn = make_role(iam, "fading", TRUST, ACCESS)
    still_sandbox.advance(60)
    job = start(roleArn=arn)
    iam.delete_role_policy(RoleName="fading", PolicyName="access")
    still_sandbox.advance(3600)
    found = bedrock.get_model_customization_job(jobIdentifier=job)
    assert found["status"] == "Failed"
    assert "PutObject" in found["failureMessage"]


def test_kms_key(still_sandbox: Sandbox, bedrock: Any, trained: Any, refused: Any) -> None:
    kms = connect(still_sandbox, "kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/models", TargetKeyId=key["KeyId"])
    job = trained(customModelKmsKeyId="alias/models")
    assert job["outputModelKmsKeyArn"] == key["Arn"]
    assert bedrock.get_custom_model(modelIdentifier="model-1")["modelKmsKeyArn"] == key["Arn"]
    kms.disable_key(KeyId=key["KeyId"])
    assert "disabled" in refused(jobName="j2", customModelName="m2", customModelKmsKeyId=key["Arn"])[1]


def test_vpc(still_sandbox: Sandbox, bedrock: Any, start: Any, refused: Any) -> None:
    ec2 = connect(still_sandbox, "ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in (1, 2)]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.1.0/24")["Subnet"]["SubnetId"]
        for number, vpc in enumerate(vpcs, 1)
    ]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpcs[0])["GroupId"]
    text = refused(vpcConfig={"subnetIds": subnets, "securityGroupIds": [group]})[1]
    assert "one VPC" in text
    good = {"subnetIds": subnets[:1], "securityGroupIds": [group]}
    arn = start(vpcConfig=good)
    assert bedrock.get_model_customization_job(jobIdentifier=arn)["vpcConfig"] == good


def test_distillation(still_sandbox: Sandbox, bedrock: Any, upload: Any, trained: Any, refused: Any) -> None:
    config = {"distillationConfig": {"teacherModelConfig": {"teacherModelIdentifier": "amazon.nova-pro-v1:0"}}}
    prompt = {**RECORD, "messages": RECORD["messages"][:1]}
    job = trained(
        customizationType="DISTILLATION",
        customizationConfig=config,
        hyperParameters=None,
        trainingDataConfig={"s3Uri": upload(jsonl(prompt, 100))},
    )
    assert job["status"] == "Completed"
    assert job["customizationConfig"] == config
    config["distillationConfig"]["teacherModelConfig"]["teacherModelIdentifier"] = "amazon.nova-micro-v1:0"
    text = refused(
        jobName="j2",
        customModelName="m2",
        customizationType="DISTILLATION",
        customizationConfig=config,
        hyperParameters=None,
    )[1]
    assert "teacher model" in text


def test_invocation_logs(still_sandbox: Sandbox, s3: Any, trained: Any) -> None:
    line = {"schemaType": "ModelInvocationLog", "modelId": "amazon.nova-pro-v1:0", "input": {"inputBodyJson": {}}}
    bucket = still_sandbox.aws.data_bucket
    for number in range(2):
        s3.put_object(Bucket=bucket, Key=f"logs/{number}.json", Body=jsonl(line, 60).rstrip())
    source = {"invocationLogSource": {"s3Uri": f"s3://{bucket}/logs/"}, "usePromptResponse": True}
    job = trained(
        customizationType="DISTILLATION",
        customizationConfig={
            "distillationConfig": {"teacherModelConfig": {"teacherModelIdentifier": "us.amazon.nova-pro-v1:0"}}
        },
        hyperParameters=None,
        trainingDataConfig={"invocationLogsConfig": source},
    )
    assert job["status"] == "Completed", job.get("failureMessage")
    assert job["trainingDataConfig"] == {"invocationLogsConfig": source}


def test_reinforcement(still_sandbox: Sandbox, upload: Any, trained: Any, refused: Any) -> None:
    record = {"messages": [{"role": "user", "content": "2+2?"}], "reference_answer": "4"}
    grader = f"arn:aws:lambda:us-east-1:{still_sandbox.aws.account_id}:function:grade"
    arguments: dict[str, Any] = {
        "baseModelIdentifier": "amazon.nova-2-lite-v1:0:256k",
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "hyperParameters": None,
        "trainingDataConfig": {"s3Uri": upload(jsonl(record, 100))},
    }
    rft: dict[str, Any] = {
        "graderConfig": {"lambdaGrader": {"lambdaArn": grader}},
        "hyperParameters": {"batchSize": 9999},
    }
    text = refused(**arguments, customizationConfig={"rftConfig": rft})[1]
    assert "Member must have value less than or equal to 512" in text
    rft["hyperParameters"] = {"batchSize": 32}
    assert trained(**arguments, customizationConfig={"rftConfig": rft})["status"] == "Completed"


def test_list_filters_sorting_and_pages(still_sandbox: Sandbox, bedrock: Any, start: Any) -> None:
    times = []
    for name in ("alpha-1", "alpha-2", "beta-3"):
        start(jobName=name, customModelName=f"m-{name}")
        times.append(still_sandbox.clock.now())
        still_sandbox.advance(1000)

    def names(**filters: Any) -> list[str]:
        pages = bedrock.get_paginator("list_model_customization_jobs").paginate(**filters)
        return [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]

    assert names() == ["beta-3", "alpha-2", "alpha-1"]
    assert names(sortBy="CreationTime", sortOrder="Ascending") == ["alpha-1", "alpha-2", "beta-3"]
    assert names(nameContains="alpha") == ["alpha-2", "alpha-1"]
    assert names(nameContains="m-alpha") == []
    assert names(statusEquals="InProgress") == []
    assert names(creationTimeAfter=times[0] + 1, creationTimeBefore=times[2] - 1) == ["alpha-2"]
    assert names(maxResults=2) == ["beta-3", "alpha-2", "alpha-1"]
    assert bedrock.list_model_customization_jobs(maxResults=2)["nextToken"]
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.list_model_customization_jobs(nextToken="made-up")
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.list_model_customization_jobs(maxResults=1001)


def test_regions_are_apart(still_sandbox: Sandbox, start: Any) -> None:
    arn = start()
    west = connect(still_sandbox, "bedrock", "us-west-2")
    assert west.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []
    with pytest.raises(west.exceptions.ResourceNotFoundException):
        west.get_model_customization_job(jobIdentifier=arn)


def test_lists_lag_behind(still_sandbox: Sandbox, bedrock: Any, start: Callable[..., str]) -> None:
    still_sandbox.aws.settings(list_lag_seconds=30)
    made = start()
    assert bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []
    assert bedrock.get_model_customization_job(jobIdentifier=made)["jobArn"] == made
    still_sandbox.advance(30)
    listed = bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert [each["jobArn"] for each in listed] == [made]


@pytest.mark.parametrize("service", ["bedrock", "s3", "sts"])
def test_the_date_header_is_virtual_time(still_sandbox: Sandbox, service: str) -> None:
    still_sandbox.advance(400 * 86400)
    client = connect(still_sandbox, service)
    call = {"bedrock": "list_custom_models", "s3": "list_buckets", "sts": "get_caller_identity"}[service]
    date = getattr(client, call)()["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert parsedate_to_datetime(date).timestamp() == int(still_sandbox.clock.now())
