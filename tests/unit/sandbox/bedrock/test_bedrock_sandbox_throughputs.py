# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Provisioned throughput."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def refusal(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """(code, message) of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    return code_of(caught.value), str(caught.value.response["Error"]["Message"])


def test_a_commitment(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    model = trained()["outputModelArn"]
    still_sandbox.aws.settings(committed_units=1)
    made = bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="p-1", modelId="model-1", commitmentDuration="OneMonth"
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    arn = made["provisionedModelArn"]
    still_sandbox.advance(200)
    found = bedrock.get_provisioned_model_throughput(provisionedModelId="p-1")
    assert (found["status"], found["modelArn"], found["commitmentDuration"]) == ("InService", model, "OneMonth")
    assert 29 <= (found["commitmentExpirationTime"] - found["creationTime"]).days <= 31
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.delete_custom_model(modelIdentifier=model)
    with pytest.raises(bedrock.exceptions.ConflictException, match="commitment"):
        bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    bedrock.update_provisioned_model_throughput(provisionedModelId=arn, desiredProvisionedModelName="p-2")
    still_sandbox.advance(31 * 86400)
    bedrock.delete_provisioned_model_throughput(provisionedModelId="p-2")
    assert bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []
    bedrock.delete_custom_model(modelIdentifier=model)


def test_x3_units_are_granted_first(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    trained()
    wanted: dict[str, Any] = {"provisionedModelName": "p-1", "modelId": "model-1"}
    committed = {**wanted, "commitmentDuration": "SixMonths"}
    create = bedrock.create_provisioned_model_throughput
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException, match="with a commitment"):
        create(modelUnits=1, **committed)
    still_sandbox.aws.settings(committed_units=2)
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException):
        create(modelUnits=3, **committed)
    assert create(modelUnits=2, **committed)["provisionedModelArn"]
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException, match="without a commitment"):
        create(modelUnits=3, **{**wanted, "provisionedModelName": "p-2"})
    assert create(modelUnits=2, **{**wanted, "provisionedModelName": "p-2"})["provisionedModelArn"]


def test_changed_and_deleted(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    model = trained()["outputModelArn"]
    second = trained(jobName="job-2", customModelName="model-2")["outputModelArn"]
    arn = bedrock.create_provisioned_model_throughput(modelUnits=1, provisionedModelName="p-1", modelId=model)[
        "provisionedModelArn"
    ]
    update, get = bedrock.update_provisioned_model_throughput, bedrock.get_provisioned_model_throughput
    assert get(provisionedModelId=arn)["status"] == "Creating"
    assert refusal(update, provisionedModelId=arn, desiredModelId=second)[0] == "ValidationException"
    assert refusal(bedrock.delete_provisioned_model_throughput, provisionedModelId=arn)[0] == "ConflictException"
    still_sandbox.advance(200)
    update(provisionedModelId="p-1", desiredModelId=second, desiredProvisionedModelName="p-2")
    shown = get(provisionedModelId="p-2")
    assert (shown["status"], shown["modelArn"], shown["desiredModelArn"]) == ("Updating", model, second)
    assert refusal(bedrock.delete_provisioned_model_throughput, provisionedModelId=arn)[0] == "ConflictException"
    assert bedrock.list_provisioned_model_throughputs(modelArnEquals=model)["provisionedModelSummaries"]
    still_sandbox.advance(200)
    shown = get(provisionedModelId=arn)
    assert (shown["status"], shown["modelArn"], shown["desiredModelArn"]) == ("InService", second, second)
    base = shown["foundationModelArn"]
    update(provisionedModelId=arn, desiredModelId=base)
    still_sandbox.advance(200)
    assert get(provisionedModelId=arn)["modelArn"] == base
    bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert refusal(get, provisionedModelId=arn)[0] == "ResourceNotFoundException"


def test_what_is_refused(bedrock: Any, trained: Any) -> None:
    trained()
    create = bedrock.create_provisioned_model_throughput
    wanted: dict[str, Any] = {"modelUnits": 1, "provisionedModelName": "p-1", "modelId": "model-1"}
    assert refusal(create, **{**wanted, "provisionedModelName": "p 1"})[0] == "ValidationException"
    assert refusal(create, **{**wanted, "modelId": "none"})[0] == "ValidationException"
    assert refusal(create, **{**wanted, "commitmentDuration": "OneDay"})[0] == "ValidationException"
    arn = create(clientRequestToken="t-1", **wanted)["provisionedModelArn"]
    assert create(clientRequestToken="t-1", **wanted)["provisionedModelArn"] == arn
    assert "in use" in refusal(create, **wanted)[1]
    assert refusal(create, clientRequestToken="t-1", **{**wanted, "modelUnits": 2})[0] == "ValidationException"


def test_other_changes_that_are_refused(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    trained()
    micro = trained(jobName="job-2", customModelName="model-2", baseModelIdentifier="amazon.nova-micro-v1:0")[
        "outputModelArn"
    ]
    create, update = bedrock.create_provisioned_model_throughput, bedrock.update_provisioned_model_throughput
    arn = create(modelUnits=1, provisionedModelName="p-1", modelId="model-1")["provisionedModelArn"]
    base = create(modelUnits=1, provisionedModelName="p-2", modelId="amazon.nova-lite-v1:0:300k")["provisionedModelArn"]
    still_sandbox.advance(200)
    assert "base model" in refusal(update, provisionedModelId=base, desiredModelId="model-1")[1]
    assert "base model" in refusal(update, provisionedModelId=arn, desiredModelId=micro)[1]
    assert "in use" in refusal(update, provisionedModelId=arn, desiredProvisionedModelName="p-2")[1]
    assert refusal(update, provisionedModelId=arn)[0] == "ValidationException"
    update(provisionedModelId=arn, desiredProvisionedModelName="p-1")


def test_what_fails(still_sandbox: Sandbox, bedrock: Any, trained: Any) -> None:
    model, second = (trained(jobName=f"job-{n}", customModelName=f"model-{n}")["outputModelArn"] for n in (1, 2))
    create, get = bedrock.create_provisioned_model_throughput, bedrock.get_provisioned_model_throughput
    still_sandbox.aws.scenario("fail_creation", name="p-1", message="No capacity.")
    for name in ("p-1", "p-2"):
        create(modelUnits=1, provisionedModelName=name, modelId=model)
    still_sandbox.advance(200)
    shown = get(provisionedModelId="p-1")
    assert (shown["status"], shown["failureMessage"]) == ("Failed", "No capacity.")
    assert shown["lastModifiedTime"] == shown["creationTime"]
    bedrock.delete_provisioned_model_throughput(provisionedModelId="p-1")
    still_sandbox.aws.scenario("fail_update", message="No room.")
    bedrock.update_provisioned_model_throughput(provisionedModelId="p-2", desiredModelId=second)
    still_sandbox.advance(200)
    shown = get(provisionedModelId="p-2")
    assert (shown["status"], shown["modelArn"], shown["desiredModelArn"]) == ("InService", model, second)
    assert shown["failureMessage"] == "No room."
