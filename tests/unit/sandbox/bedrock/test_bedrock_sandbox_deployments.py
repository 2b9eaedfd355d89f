# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Custom model deployments, and what answers under an ARN."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def deploy(still_sandbox: Sandbox, bedrock: Any) -> Callable[..., str]:
    """Makes a deployment, active unless told otherwise; its ARN."""

    def make(model: str, name: str = "d-1", *, wait: bool = True, **more: Any) -> str:
        made = bedrock.create_custom_model_deployment(modelDeploymentName=name, modelArn=model, **more)
        assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
        if wait:
            still_sandbox.advance(100)
        return str(made["customModelDeploymentArn"])

    return make


def refusal(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """(code, message) of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    return code_of(caught.value), str(caught.value.response["Error"]["Message"])


def serving(sandbox: Sandbox, identifier: str) -> Any:
    """What answers under an ARN."""
    from finetune_sandbox.bedrock.serving import serving as find

    store = sandbox.aws.store
    with store.lock:
        return find(store, store.region("us-east-1"), identifier)


def test_made_updated_and_deleted(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model = trained()["outputModelArn"]
    arn = deploy(model, wait=False, description="for support")
    shown = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier="d-1")
    assert (shown["status"], shown["modelArn"], shown["description"]) == ("Creating", model, "for support")
    assert "updateDetails" not in shown
    code, said = refusal(bedrock.delete_custom_model_deployment, customModelDeploymentIdentifier=arn)
    assert (code, "Creating" in said) == ("ConflictException", True)
    assert refusal(bedrock.update_custom_model_deployment, customModelDeploymentIdentifier=arn, modelArn=model)[0] == (
        "ValidationException"
    )
    still_sandbox.advance(100)
    assert bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["status"] == "Active"
    assert refusal(bedrock.delete_custom_model, modelIdentifier=model)[0] == "ConflictException"
    second = trained(jobName="job-2", customModelName="model-2")["outputModelArn"]
    updated = bedrock.update_custom_model_deployment(customModelDeploymentIdentifier="d-1", modelArn=second)
    assert (updated["customModelDeploymentArn"], updated["ResponseMetadata"]["HTTPStatusCode"]) == (arn, 202)
    shown = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert shown["updateDetails"] == {"modelArn": second, "updateStatus": "Updating"}
    assert (shown["status"], shown["modelArn"]) == ("Active", model)
    for used in (model, second):
        assert refusal(bedrock.delete_custom_model, modelIdentifier=used)[0] == "ConflictException"
    assert refusal(bedrock.delete_custom_model_deployment, customModelDeploymentIdentifier=arn)[0] == (
        "ConflictException"
    )
    still_sandbox.advance(100)
    shown = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert shown["updateDetails"] == {"modelArn": second, "updateStatus": "UpdateCompleted"}
    assert (shown["modelArn"], shown["lastUpdatedAt"] > shown["createdAt"]) == (second, True)
    found = bedrock.list_custom_model_deployments(modelArnEquals=second)["modelDeploymentSummaries"]
    assert [each["customModelDeploymentName"] for each in found] == ["d-1"]
    assert bedrock.list_custom_model_deployments(modelArnEquals=model)["modelDeploymentSummaries"] == []
    bedrock.delete_custom_model(modelIdentifier=model)


def test_it_is_deleting_for_a_while(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model = trained()["outputModelArn"]
    arn = deploy(model)
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier="d-1")
    assert bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["status"] == "Deleting"
    assert bedrock.list_custom_model_deployments()["modelDeploymentSummaries"][0]["status"] == "Deleting"
    assert refusal(bedrock.delete_custom_model, modelIdentifier=model)[0] == "ConflictException"
    assert "in use" in refusal(bedrock.create_custom_model_deployment, modelDeploymentName="d-1", modelArn=model)[1]
    still_sandbox.advance(11)
    assert refusal(bedrock.get_custom_model_deployment, customModelDeploymentIdentifier=arn)[0] == (
        "ResourceNotFoundException"
    )
    assert bedrock.list_custom_model_deployments()["modelDeploymentSummaries"] == []
    bedrock.delete_custom_model(modelIdentifier=model)


def test_a_token_makes_one(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model = trained()["outputModelArn"]
    arn = deploy(model, clientRequestToken="t-1")
    assert deploy(model, clientRequestToken="t-1") == arn
    code, said = refusal(
        bedrock.create_custom_model_deployment, modelDeploymentName="d-2", modelArn=model, clientRequestToken="t-1"
    )
    assert (code, "clientRequestToken" in said) == ("ValidationException", True)
    # It is kept, even when what it has made is gone.
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    still_sandbox.advance(20)
    assert deploy(model, clientRequestToken="t-1") == arn
    assert bedrock.list_custom_model_deployments()["modelDeploymentSummaries"] == []


def test_what_is_refused(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model = trained()["outputModelArn"]
    create = bedrock.create_custom_model_deployment
    other = f"{model[:-4]}0000"
    assert refusal(create, modelDeploymentName="d-1", modelArn=other)[0] == "ResourceNotFoundException"
    assert refusal(create, modelDeploymentName="a b", modelArn=model)[0] == "ValidationException"
    assert refusal(create, modelDeploymentName="d" * 64, modelArn=model)[0] == "ValidationException"
    assert refusal(create, modelDeploymentName="d-1", modelArn="model-1-with-a-long-name")[0] == "ValidationException"
    tags = [{"key": f"k{number}", "value": ""} for number in range(51)]
    assert refusal(create, modelDeploymentName="d-1", modelArn=model, tags=tags)[0] == "TooManyTagsException"
    titan = trained(jobName="job-2", customModelName="model-2", baseModelIdentifier="amazon.nova-micro-v1:0")[
        "outputModelArn"
    ]
    arn = deploy(model)
    assert (
        "base model"
        in refusal(bedrock.update_custom_model_deployment, customModelDeploymentIdentifier=arn, modelArn=titan)[1]
    )
    still_sandbox.aws.settings(deployments=1)
    assert refusal(create, modelDeploymentName="d-2", modelArn=titan)[0] == "ServiceQuotaExceededException"
    ireland = connect(still_sandbox, "bedrock", "eu-west-1").create_custom_model_deployment
    assert "eu-west-1" in refusal(ireland, modelDeploymentName="d-1", modelArn=model)[1]
    west = connect(still_sandbox, "bedrock", "us-west-2").create_custom_model_deployment
    assert refusal(west, modelDeploymentName="d-1", modelArn=model)[0] == "ResourceNotFoundException"


def test_a_model_that_is_too_old(still_sandbox: Sandbox, bedrock: Any) -> None:
    jobs = [{"status": "Completed", "ago": 86400.0 * 900}]
    model = still_sandbox.aws.seed(jobs=jobs)["models"][0]
    code, said = refusal(bedrock.create_custom_model_deployment, modelDeploymentName="d-1", modelArn=model)
    assert (code, "2025-07-16" in said) == ("ValidationException", True)


def test_lists_and_tags(bedrock: Any, trained: Any, deploy: Any) -> None:
    model = trained()["outputModelArn"]
    arns = [deploy(model, f"d-{number}", tags=[{"key": "n", "value": str(number)}]) for number in range(3)]

    def names(**filters: Any) -> list[str]:
        found = bedrock.list_custom_model_deployments(**filters)["modelDeploymentSummaries"]
        return [each["customModelDeploymentName"] for each in found]

    assert names() == ["d-2", "d-1", "d-0"]
    assert names(sortBy="CreationTime", sortOrder="Ascending", maxResults=2) == ["d-0", "d-1"]
    assert names(nameContains="1") == ["d-1"]
    assert names(statusEquals="Active") == names()
    assert names(statusEquals="Failed") == []
    first = bedrock.list_custom_model_deployments(maxResults=2)
    assert names(maxResults=2, nextToken=first["nextToken"]) == ["d-0"]
    assert bedrock.list_tags_for_resource(resourceARN=arns[1])["tags"] == [{"key": "n", "value": "1"}]
    bedrock.tag_resource(resourceARN=arns[1], tags=[{"key": "x", "value": "y"}])
    bedrock.untag_resource(resourceARN=arns[1], tagKeys=["n"])
    assert bedrock.list_tags_for_resource(resourceARN=arns[1])["tags"] == [{"key": "x", "value": "y"}]


def test_what_answers_under_an_arn(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model, second = (trained(jobName=f"job-{n}", customModelName=f"model-{n}")["outputModelArn"] for n in (1, 2))
    arn = deploy(model, wait=False)
    assert serving(still_sandbox, arn).problem.name == "NOT_READY"
    still_sandbox.advance(100)
    assert serving(still_sandbox, arn).model.arn == model
    bedrock.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=second)
    still_sandbox.advance(59)
    assert serving(still_sandbox, arn).model.arn == model
    still_sandbox.advance(2)
    assert serving(still_sandbox, arn).model.arn == second
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert serving(still_sandbox, arn).problem.name == "DELETING"
    still_sandbox.advance(20)
    assert serving(still_sandbox, arn).problem.name == "MISSING"
    assert serving(still_sandbox, model).problem.name == "NOT_DEPLOYED"
    assert serving(still_sandbox, "amazon.nova-lite-v1:0").model.id == "amazon.nova-lite-v1:0"
    assert serving(still_sandbox, "amazon.nova-lite-v1:0:300k").problem.name == "NEEDS_THROUGHPUT"
    assert serving(still_sandbox, "d-1").problem.name == "MISSING"


def test_what_fails(still_sandbox: Sandbox, bedrock: Any, trained: Any, deploy: Any) -> None:
    model, second = (trained(jobName=f"job-{n}", customModelName=f"model-{n}")["outputModelArn"] for n in (1, 2))
    still_sandbox.aws.scenario("fail_creation", name="d-2", message="No capacity.")
    first, arn = deploy(model), deploy(model, "d-2")
    get = bedrock.get_custom_model_deployment
    shown = get(customModelDeploymentIdentifier=arn)
    assert (shown["status"], shown["failureMessage"]) == ("Failed", "No capacity.")
    listed = bedrock.list_custom_model_deployments(statusEquals="Failed")["modelDeploymentSummaries"]
    assert [each["failureMessage"] for each in listed] == ["No capacity."]
    assert serving(still_sandbox, arn).problem.name == "FAILED"
    assert refusal(bedrock.update_custom_model_deployment, customModelDeploymentIdentifier=arn, modelArn=second)[0] == (
        "ValidationException"
    )
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    still_sandbox.aws.scenario("fail_update", message="No room.")
    bedrock.update_custom_model_deployment(customModelDeploymentIdentifier=first, modelArn=second)
    still_sandbox.advance(100)
    shown = get(customModelDeploymentIdentifier=first)
    assert (shown["status"], shown["modelArn"], shown["failureMessage"]) == ("Active", model, "No room.")
    assert shown["updateDetails"] == {"modelArn": second, "updateStatus": "UpdateFailed"}
    assert serving(still_sandbox, first).model.arn == model
    bedrock.delete_custom_model(modelIdentifier=second)
