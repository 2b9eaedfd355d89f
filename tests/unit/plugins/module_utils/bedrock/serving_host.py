# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with the tasks of deployments and throughputs, and what somebody does by hand there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import (
    custom_model_deployment,
    provisioned_model_throughput,
    serving_info,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host, Tasks
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import remote_clock

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


class ServingTasks(Tasks):
    """Tasks of what serves a model."""

    def deployment(self, name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """One run of bedrock_custom_model_deployment. Raises FineTuneError."""
        given = {"model_deployment_name": name, **options}
        return self.run(custom_model_deployment, "bedrock_custom_model_deployment", given)

    def throughput(self, name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """One run of bedrock_provisioned_model_throughput. Raises FineTuneError."""
        given = {"provisioned_model_name": name, **options}
        return self.run(provisioned_model_throughput, "bedrock_provisioned_model_throughput", given)

    def list_deployments(self, **options: Any) -> list[dict[str, Any]]:
        """One run of bedrock_custom_model_deployment_info."""
        found = self.find(serving_info.find_deployments, "bedrock_custom_model_deployment_info", **options)
        return list(found["deployments"])

    def list_throughputs(self, **options: Any) -> list[dict[str, Any]]:
        """One run of bedrock_provisioned_model_throughput_info."""
        found = self.find(serving_info.find_throughputs, "bedrock_provisioned_model_throughput_info", **options)
        return list(found["provisioned_models"])

    def elsewhere(self) -> ServingTasks:
        """The same in another process."""
        return ServingTasks(self.reach, remote_clock(self.reach.control_url), self.region)


class ServingHost(Host, ServingTasks):
    """One account and region with models."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        sandbox.aws.settings(units=1000)
        self._models = 0

    def also(self) -> ServingTasks:
        """A second controller on the same sandbox."""
        return ServingTasks(self.reach, self.clock, self.region)

    def trained(self, name: str | None = None, **more: Any) -> str:
        """The ARN of a model that somebody has trained by hand."""
        self._models += 1
        number = self._models
        job = {"job_name": f"by-hand-{number}", "model_name": name or f"model-{number}", "status": "Completed"}
        base = {"base_model": "amazon.nova-lite-v1:0", "ago": 86400.0 - number}
        return str(self.sandbox.aws.seed(jobs=[{**base, **job, **more}])["models"][0])

    @property
    def truth(self) -> Any:
        """What truly exists in the region."""
        store = self.sandbox.aws.store
        with store.lock:
            return store.region(self.region)

    def created(self, operation: str, member: str, name: str) -> list[str]:
        """The ARNs of all that was ever made under a name, oldest first: the sandbox keeps their tokens."""
        found = self.truth.tokens.items()
        return [
            arn for (made, _token), (plain, arn) in found if made == operation and json.loads(plain)[member] == name
        ]


class ServedTasks(ServingTasks):
    """Tasks that want one kind of resource; the model that it is to serve is known."""

    def __init__(self, tasks: ServingTasks, kind: str, model: str) -> None:
        super().__init__(tasks.reach, tasks.clock, tasks.region)
        self.kind, self.model_arn = kind, model

    def wanted(self, uri: str, name: str | None = None, **options: Any) -> dict[str, Any]:
        """One that serves a model."""
        options.pop("retrain", None)
        given = {"model_units": 1} if self.kind == "throughput" else {}
        result: dict[str, Any] = getattr(self, self.kind)(name, model_arn=uri, **given, **options)
        return result

    def playbook(self, name: str) -> dict[str, Any]:
        """One of that name."""
        return self.wanted(self.model_arn, name)

    def also(self) -> ServedTasks:
        """A second controller on the same sandbox."""
        return ServedTasks(ServingTasks(self.reach, self.clock, self.region), self.kind, self.model_arn)

    def elsewhere(self) -> ServedTasks:
        """The same in another process."""
        return ServedTasks(super().elsewhere(), self.kind, self.model_arn)


class Served:
    """One of the two kinds: what its module is given, and what somebody does by hand."""

    kind = "deployment"
    key = "custom_model_deployment_arn"
    ready = "Active"
    create, update, delete = (f"bedrock.{verb}CustomModelDeployment" for verb in ("Create", "Update", "Delete"))
    given: Mapping[str, Any] = {}

    def __init__(self, host: ServingHost) -> None:
        self.host = host
        self.model, self.second, self.third = (host.trained(name) for name in ("bot", "second", "third"))
        host.sandbox.clear_log()

    def task(self, name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """One run of the module."""
        result: dict[str, Any] = getattr(self.host, self.kind)(name, **options)
        return result

    def present(self, model: str | None = None, **options: Any) -> dict[str, Any]:
        """One that serves a model, the first unless told otherwise."""
        return self.task(model_arn=model or self.model, **{**self.given, **options})

    def make(self, model: str | None = None, *, wait: bool = True) -> str:
        """Somebody makes one; its ARN."""
        client = self.host.client()
        arn = client.create_custom_model_deployment(modelDeploymentName="chat", modelArn=model or self.model)
        if wait:
            self.host.sandbox.advance(1000)
        self.host.sandbox.clear_log()
        return str(arn["customModelDeploymentArn"])

    def change(self, model: str, *, wait: bool = False) -> None:
        """Somebody changes its model."""
        self.host.client().update_custom_model_deployment(customModelDeploymentIdentifier="chat", modelArn=model)
        if wait:
            self.host.sandbox.advance(1000)
        self.host.sandbox.clear_log()

    def remove(self) -> None:
        """Somebody deletes it."""
        self.host.client().delete_custom_model_deployment(customModelDeploymentIdentifier="chat")
        self.host.sandbox.clear_log()

    @property
    def there(self) -> list[Any]:
        """All that truly exist."""
        return list(self.host.truth.deployments.values())

    @property
    def serves(self) -> list[str]:
        """The models that they serve."""
        return [each.model_arn for each in self.there]

    def wrote(self) -> list[str]:
        """The operations that were to change something since the log was cleared."""
        entries = self.host.sandbox.requests()
        return [entry["operation"] for entry in entries if entry["method"] not in ("GET", "HEAD")]

    def count(self, operation: str) -> int:
        """How often an operation was called since the log was cleared."""
        return sum(entry["operation"] == operation for entry in self.host.sandbox.requests())


class ServedByUnits(Served):
    """Provisioned throughput."""

    kind = "throughput"
    key = "provisioned_model_arn"
    ready = "InService"
    create, update, delete = (f"bedrock.{verb}ProvisionedModelThroughput" for verb in ("Create", "Update", "Delete"))
    given: Mapping[str, Any] = {"model_units": 1}

    def make(self, model: str | None = None, *, wait: bool = True, **members: Any) -> str:
        wanted = {"provisionedModelName": "chat", "modelId": model or self.model, "modelUnits": 1, **members}
        arn = self.host.client().create_provisioned_model_throughput(**wanted)
        if wait:
            self.host.sandbox.advance(1000)
        self.host.sandbox.clear_log()
        return str(arn["provisionedModelArn"])

    def change(self, model: str, *, wait: bool = False) -> None:
        self.host.client().update_provisioned_model_throughput(provisionedModelId="chat", desiredModelId=model)
        if wait:
            self.host.sandbox.advance(1000)
        self.host.sandbox.clear_log()

    def remove(self) -> None:
        self.host.client().delete_provisioned_model_throughput(provisionedModelId="chat")
        self.host.sandbox.clear_log()

    @property
    def there(self) -> list[Any]:
        return list(self.host.truth.throughputs.values())
