# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Custom models, what uses them, foundation models and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def test_delete_by_arn_or_name(bedrock: Any, trained: Any) -> None:
    arn = trained()["outputModelArn"]
    bedrock.delete_custom_model(modelIdentifier=arn)
    for identifier in (arn, "model-1"):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException) as caught:
            bedrock.delete_custom_model(modelIdentifier=identifier)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    job = bedrock.get_model_customization_job(jobIdentifier="job-1")
    assert (job["status"], job["outputModelArn"]) == ("Completed", arn)


def test_tags(bedrock: Any, trained: Any) -> None:
    job = trained(jobTags=[{"key": "of", "value": "job"}], customModelTags=[{"key": "of", "value": "model"}])
    model = job["outputModelArn"]
    assert bedrock.list_tags_for_resource(resourceARN=job["jobArn"])["tags"] == [{"key": "of", "value": "job"}]
    assert bedrock.list_tags_for_resource(resourceARN=model)["tags"] == [{"key": "of", "value": "model"}]
    bedrock.tag_resource(resourceARN=model, tags=[{"key": "of", "value": ""}, {"key": "x", "value": "y"}])
    bedrock.untag_resource(resourceARN=model, tagKeys=["x", "none"])
    assert bedrock.list_tags_for_resource(resourceARN=model)["tags"] == [{"key": "of", "value": ""}]
    many = [{"key": f"k{number}", "value": ""} for number in range(50)]
    with pytest.raises(bedrock.exceptions.TooManyTagsException) as caught:
        bedrock.tag_resource(resourceARN=model, tags=many)
    assert caught.value.response["resourceName"] == model
    bedrock.delete_custom_model(modelIdentifier=model)
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.list_tags_for_resource(resourceARN=model)
    again = trained(jobName="job-2")
    assert bedrock.list_tags_for_resource(resourceARN=again["outputModelArn"])["tags"] == []


def test_list_filters(bedrock: Any, trained: Any) -> None:
    trained(jobName="job-a", customModelName="red")
    trained(jobName="job-b", customModelName="blue", baseModelIdentifier="amazon.nova-micro-v1:0")

    def names(**filters: Any) -> list[str]:
        return [model["modelName"] for model in bedrock.list_custom_models(**filters)["modelSummaries"]]

    assert names() == ["blue", "red"]
    assert names(nameContains="job") == []
    assert names(nameContains="re") == ["red"]
    assert names(isOwned=False) == []
    assert names(isOwned=True, modelStatus="Active") == ["blue", "red"]
    assert names(modelStatus="Creating") == []
    micro = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"
    assert names(foundationModelArnEquals=micro) == names(baseModelArnEquals=micro + ":128k") == ["blue"]
    assert names(sortBy="CreationTime", sortOrder="Ascending", maxResults=1) == ["red"]


def test_foundation_models(still_sandbox: Sandbox, bedrock: Any) -> None:
    found = bedrock.list_foundation_models(byCustomizationType="FINE_TUNING")["modelSummaries"]
    ids = {model["modelId"] for model in found}
    assert {"amazon.nova-lite-v1:0:300k", "amazon.nova-micro-v1:0:128k"} <= ids
    assert "meta.llama3-3-70b-instruct-v1:0:128k" not in ids
    west = connect(still_sandbox, "bedrock", "us-west-2")
    model = west.get_foundation_model(modelIdentifier="meta.llama3-3-70b-instruct-v1:0:128k")["modelDetails"]
    assert model["customizationsSupported"] == ["FINE_TUNING", "DISTILLATION"]
    with pytest.raises(ClientError) as caught:
        bedrock.get_foundation_model(modelIdentifier="meta.llama3-3-70b-instruct-v1:0:128k")
    assert code_of(caught.value) == "ResourceNotFoundException"


def test_a_model_from_sagemaker(still_sandbox: Sandbox, bedrock: Any) -> None:
    source = {"s3DataSource": {"s3Uri": "s3://customer-escrow/run/"}}
    made = bedrock.create_custom_model(modelName="imported", modelSourceConfig=source)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    model = bedrock.get_custom_model(modelIdentifier=made["modelArn"])
    assert model["modelStatus"] == "Creating"
    assert "jobArn" not in model
    still_sandbox.advance(100)
    assert bedrock.get_custom_model(modelIdentifier="imported")["modelStatus"] == "Active"
