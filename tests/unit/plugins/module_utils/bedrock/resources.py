# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bedrock's resources for the contract suite: a custom model, and an object with its training data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    BASE,
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, Traits

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox


class _AtBedrock(Resource):
    changed: ClassVar = {"tags": {"team": "sales"}}

    @staticmethod
    def patch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        bedrock_host.nothing_of_this_machine(monkeypatch)
        bedrock_host.skip_real_pauses(monkeypatch)
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
    )
    ready = "Completed"
    key = "job_arn"
    prefix = "bedrock.*"
    verbs: ClassVar = {
        "create": "bedrock.CreateModelCustomizationJob",
        "list": "bedrock.ListModelCustomizationJobs",
        "update": "bedrock.TagResource",
        "cancel": "bedrock.StopModelCustomizationJob",
        "delete": "bedrock.DeleteCustomModel",
    }
    empty_list: ClassVar = {"modelCustomizationJobSummaries": []}

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tasks.model(name, **options)
        return result

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        if (name, topic) not in self.data:
            self.data[name, topic] = self.tasks.data(converse_lines(topic=topic), topic)
        reach = self.tasks.reach
        return {
            "base_model_identifier": BASE,
            "role_arn": reach.role_arn,
            "training_data_config": {"s3_uri": self.data[name, topic]},
            "output_data_config": {"s3_uri": f"s3://{reach.output_bucket}/runs/"},
        }

    def existing(self, name: str = "bot") -> list[str]:
        listed = self.host.client().list_custom_models(maxResults=1000)["modelSummaries"]
        there = [model["modelArn"] for model in listed]
        return [job["arn"] for job in self._jobs(name) if job["model_arn"] in there]

    def made(self, name: str = "bot") -> list[str]:
        return [job["arn"] for job in self._jobs(name)]

    def paid(self, name: str = "bot") -> list[str]:
        return [job["arn"] for job in self._jobs(name) if job["status"] not in ("Stopping", "Stopped")]

    def _jobs(self, name: str) -> list[dict[str, Any]]:
        """Of the first model, and of later ones, which have eight digits behind the name."""
        ours = re.compile(re.escape(name) + "(-[0-9a-f]{8})?")
        return [job for job in self.host.jobs() if ours.fullmatch(job["model_name"])]

    def fail(self, reason: str) -> None:
        self.sandbox.aws.scenario("fail", message=reason)

    def make_by_hand(self, name: str = "bot") -> str:
        arn: str = self.host.by_hand(self.desired(name)["training_data_config"]["s3_uri"], f"{name}-by-hand", name)
        self.sandbox.advance(1000)
        return arn

    def slow(self) -> None:
        self.sandbox.aws.settings(training_seconds=200.0)


class Dataset(_AtBedrock):
    id = "bedrock-dataset"
    traits = Traits(names_unique=True, can_change=True, waits=False)
    ready = "uploaded"
    prefix = "s3.*"
    verbs: ClassVar = {
        "create": "s3.PutObject",
        "list": "s3.HeadObject",
        "update": "s3.PutObjectTagging",
        "delete": "s3.DeleteObject",
    }

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tasks.dataset(name=name, **options)
        return result

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"content": converse_lines(topic=f"{topic} of {name}")}

    def existing(self, name: str = "bot") -> list[str]:
        bucket = self.host.reach.data_bucket
        listed = self.host.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())
        keys = [item["Key"] for item in sorted(listed, key=lambda item: item["LastModified"])]
        return [f"s3://{bucket}/{key}" for key in keys if key.rpartition("-")[0] == name]


RESOURCES = (CustomModel, Dataset)
