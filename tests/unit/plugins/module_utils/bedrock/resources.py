# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bedrock's resources for the contract suite: a custom model, an object with its data, and what serves a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    BASE,
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.serving_host import ServingHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Made, Resource, Traits
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Story

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox


# -- told of odd answers -------------------------------------------------------------------------------------------


def _validated(model: CustomModel) -> Story:
    host = model.host
    uri, other = host.put(converse_lines()), host.put(converse_lines(topic="letters"), "other.jsonl")
    data = {"training_data_config": {"s3_uri": uri}, "validation_data_config": {"validator": [{"s3_uri": other}]}}
    return lambda: model.present(**data, tags={"team": "support"}, details=True)


def _details(model: CustomModel) -> Story:
    model.present()
    return lambda: model.present(tags={"team": "support"}, details=True)


def _info(model: CustomModel) -> Story:
    model.present()
    return lambda: model.host.info(name_contains="bot", details=True, steps=True)


def _foundation(model: CustomModel) -> Story:
    host = model.host
    return lambda: {"models": [*host.foundation(), *host.foundation(model_id=BASE)]}


def _parts(data: Dataset) -> Story:
    return lambda: data.present(content=converse_lines(22_000))


class _AtBedrock(Resource):
    service = "aws"
    sdk_sends_again = True
    address = "endpoint_url"
    changed: ClassVar = {"tags": {"team": "sales"}}

    @staticmethod
    def patch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        bedrock_host.nothing_of_this_machine(monkeypatch)
        bedrock_host.skip_real_pauses(monkeypatch)
        monkeypatch.setattr(dataset, "_PART", 5 * 1024 * 1024)
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)

    def make_host(self, sandbox: Sandbox) -> Host:
        return Host(sandbox)


class CustomModel(_AtBedrock):
    id = "bedrock-custom-model"
    traits = Traits(
        same_token_same_run=True,
        names_unique=True,
        can_cancel=True,
        can_fail=True,
        can_change=True,
        can_differ=True,
        can_retrain=True,
        can_adopt=True,
        trained=True,
    )
    ready = "Completed"
    key = "job_arn"
    differs = "training_data_config"
    module = "model"
    prefix = "bedrock.*"
    verbs: ClassVar = {
        "create": "bedrock.CreateModelCustomizationJob",
        "list": "bedrock.ListModelCustomizationJobs",
        "update": "bedrock.TagResource",
        "cancel": "bedrock.StopModelCustomizationJob",
        "delete": "bedrock.DeleteCustomModel",
    }
    empty_list: ClassVar = {"modelCustomizationJobSummaries": []}
    slowly: ClassVar = {"training_seconds": 200.0}
    stories: ClassVar = {"validated": _validated, "details": _details, "info": _info, "foundation": _foundation}

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        reach = self.tasks.reach
        return {
            "base_model_identifier": BASE,
            "role_arn": reach.role_arn,
            "training_data_config": {"s3_uri": self.uploaded(converse_lines(topic=topic), topic)["s3_uri"]},
            "output_data_config": {"s3_uri": f"s3://{reach.output_bucket}/runs/"},
        }

    def all_made(self, name: str) -> Iterable[Made]:
        """By the first model, and by later ones, which have eight digits behind the name."""
        ours = re.compile(re.escape(name) + "(-[0-9a-f]{8})?")
        listed = self.host.client().list_custom_models(maxResults=1000)["modelSummaries"]
        there = [model["modelArn"] for model in listed]
        for job in self.host.jobs():
            if ours.fullmatch(job["model_name"]):
                stopped = job["status"] in ("Stopping", "Stopped")
                yield Made(job["arn"], exists=job["model_arn"] in there, paid=not stopped)

    def make_by_hand(self, name: str = "bot") -> str:
        arn: str = self.host.by_hand(self.desired(name)["training_data_config"]["s3_uri"], f"{name}-by-hand", name)
        self.sandbox.advance(1000)
        return arn


class Dataset(_AtBedrock):
    id = "bedrock-dataset"
    traits = Traits(names_unique=True, can_change=True, waits=False, is_data=True, own_name=True)
    ready = "uploaded"
    module = "dataset"
    named = "key"
    stories: ClassVar = {"parts": _parts}
    prefix = "s3.*"
    verbs: ClassVar = {
        "create": "s3.PutObject",
        "list": "s3.HeadObject",
        "update": "s3.PutObjectTagging",
        "delete": "s3.DeleteObject",
    }

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"content": converse_lines(topic=f"{topic} of {name}")}

    def all_made(self, name: str) -> Iterable[Made]:
        bucket = self.host.reach.data_bucket
        listed = self.host.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())
        keys = [item["Key"] for item in sorted(listed, key=lambda item: item["LastModified"])]
        return [Made(f"s3://{bucket}/{key}") for key in keys if key.rpartition("-")[0] == name]

    def body(self, name: str) -> str:
        found: bytes = self.host.client("s3").get_object(Bucket=self.host.reach.data_bucket, Key=name)["Body"].read()
        return found.decode()


class _Serving(_AtBedrock):
    """A model by its ARN; of those that were trained by hand, one is for "letters", the other for all else."""

    traits = Traits(
        same_token_same_run=True, names_unique=True, can_fail=True, can_change=True, can_adopt=True, long_lived=True
    )
    prefix = "bedrock.*"

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.models = {"letters": self.host.trained("letters"), "": self.host.trained("parcels")}

    def make_host(self, sandbox: Sandbox) -> ServingHost:
        return ServingHost(sandbox)

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"model_arn": self.models.get(topic, self.models[""])}

    def fail(self, reason: str) -> None:
        self._service.scenario("fail_creation", message=reason)


class Deployment(_Serving):
    id = "bedrock-deployment"
    ready = "Active"
    key = "custom_model_deployment_arn"
    module = "deployment"
    verbs: ClassVar = {
        "create": "bedrock.CreateCustomModelDeployment",
        "list": "bedrock.[GL]*CustomModelDeployment*",
        "update": "bedrock.TagResource",
        "delete": "bedrock.DeleteCustomModelDeployment",
    }
    empty_list: ClassVar = {"modelDeploymentSummaries": []}
    slowly: ClassVar = {"deployment_seconds": 200.0}

    def all_made(self, name: str) -> Iterable[Made]:
        there = [arn for arn, each in self.host.truth.deployments.items() if each.name == name]
        made = self.host.created("deployment", "modelDeploymentName", name)
        return [Made(arn, arn in there, arn in there) for arn in made]

    def make_by_hand(self, name: str = "bot") -> str:
        made = self.host.client().create_custom_model_deployment(modelDeploymentName=name, modelArn=self.models[""])
        self.sandbox.advance(1000)
        return str(made["customModelDeploymentArn"])


class Throughput(_Serving):
    id = "bedrock-throughput"
    ready = "InService"
    key = "provisioned_model_arn"
    module = "throughput"
    verbs: ClassVar = {
        "create": "bedrock.CreateProvisionedModelThroughput",
        "list": "bedrock.[GL]*ProvisionedModelThroughput*",
        "update": "bedrock.TagResource",
        "delete": "bedrock.DeleteProvisionedModelThroughput",
    }
    empty_list: ClassVar = {"provisionedModelSummaries": []}
    slowly: ClassVar = {"throughput_seconds": 200.0}

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {**super().like(name, topic), "model_units": 1}

    def all_made(self, name: str) -> Iterable[Made]:
        there = [arn for arn, each in self.host.truth.throughputs.items() if each.name == name]
        made = self.host.created("throughput", "provisionedModelName", name)
        return [Made(arn, arn in there, arn in there) for arn in made]

    def make_by_hand(self, name: str = "bot") -> str:
        members = {"provisionedModelName": name, "modelId": self.models[""], "modelUnits": 1}
        made = self.host.client().create_provisioned_model_throughput(**members)
        self.sandbox.advance(1000)
        return str(made["provisionedModelArn"])


RESOURCES = (CustomModel, Dataset, Deployment, Throughput)
