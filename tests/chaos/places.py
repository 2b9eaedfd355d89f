# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where chaos happens: each dialect of the sandbox, the tasks that are run against it, and what truly exists there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host, serving_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import endpoint_host, model_host, oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai import sandbox_tools

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@dataclass(frozen=True)
class Place:
    """One dialect.

    - keeps_metadata: whether a run can be found again by our ownership tags; then there must never be a second model
    - make: a host with ``playbook(name)``, ``also()`` and ``elsewhere()``
    - alive: the ids of the runs of a name that were or will be paid for, as the sandbox itself knows them
    - data: of a host, a name and a topic, a reference to data about the topic that are kept under the name
    - creates: the operation that starts a run; prefix: of all its operations
    - lags: whether its lists and reads can lag behind
    - makes_anew: whether another one is made if the data are others
    """

    name: str
    keeps_metadata: bool
    make: Callable[[Sandbox], Any]
    alive: Callable[[Any, str], list[str]]
    data: Callable[[Any, str, str], Any]
    creates: str
    prefix: str
    lags: bool = False
    makes_anew: bool = True


def _openai(dialect: str) -> Callable[[Sandbox], Any]:
    return lambda sandbox: sandbox_tools.Host(sandbox, dialect)


def _openai_alive(host: Any, name: str) -> list[str]:
    """The sandbox itself knows the suffix that was sent, whatever a dialect shows."""
    gone = ("cancelled", "cancelling", "failed")
    return [job["id"] for job in host.jobs() if job["status"] not in gone and job["suffix"] == name]


def _openai_data(host: Any, name: str, topic: str) -> Any:
    return host.file(sandbox_tools.chat_lines(topic=topic), name)


class _PermissionTasks(sandbox_tools.Tasks):
    """Tasks that share one model with two projects; their data are the model."""

    checkpoint: str
    projects: list[str]

    def wanted(self, file_id: str, name: str = "bot", **options: Any) -> dict[str, Any]:
        options.pop("retrain", None)
        return self.permission(file_id, projects=self.projects, **options)

    def playbook(self, name: str) -> dict[str, Any]:
        return self.wanted(self.checkpoint, name)

    def reached_by(self, tasks: sandbox_tools.Tasks) -> _PermissionTasks:
        other = _PermissionTasks(tasks.reach, tasks.clock)
        other.checkpoint, other.projects = self.checkpoint, self.projects
        return other

    def also(self) -> _PermissionTasks:
        return self.reached_by(self)

    def elsewhere(self) -> _PermissionTasks:
        return self.reached_by(super().elsewhere())


class _PermissionHost(_PermissionTasks):
    """An organization with a trained model and two more projects."""

    def __init__(self, sandbox: Sandbox) -> None:
        host = sandbox_tools.Host(sandbox)
        super().__init__(host.reach, host.clock)
        self.sandbox = sandbox
        sandbox.openai.change_account(projects=3)
        sandbox.openai.seed(jobs=[{"status": "succeeded"}])
        self.account = sandbox.openai.default_account
        (self.checkpoint,) = self.account.models
        self.projects = sorted(self.account.projects[1:])


def _shared(host: Any, name: str) -> list[str]:
    """The model, if all projects have a permission, each one of them; else all permissions."""
    permissions = host.account.permissions.get(host.checkpoint, [])
    exact = sorted(permission.project_id for permission in permissions) == host.projects
    return [host.checkpoint] if exact else [permission.id for permission in permissions]


def _bedrock(sandbox: Sandbox) -> Any:
    # endpoint_url reaches the module's own service only.
    os.environ["AWS_ENDPOINT_URL_S3"] = sandbox.url
    return bedrock_host.Host(sandbox)


def _paid(host: Any, name: str) -> list[str]:
    return list(host.paid(name))


def _served(host: Any, name: str) -> list[str]:
    return [each.arn for each in host.truth.serving() if each.name == name]


def _bedrock_data(host: Any, name: str, topic: str) -> Any:
    return host.data(bedrock_host.converse_lines(topic=topic), name)


class _Serving(serving_host.ServingHost):
    """Deployments or throughputs; the data of one are a model."""

    def __init__(self, sandbox: Sandbox, kind: str) -> None:
        super().__init__(sandbox)
        self.served = serving_host.ServedTasks(self, kind, self.trained("bot"))

    def wanted(self, uri: str, name: str | None = None, **options: Any) -> dict[str, Any]:
        return self.served.wanted(uri, name, **options)

    def also(self) -> Any:
        return self.served.also()

    def elsewhere(self) -> Any:
        return self.served.elsewhere()


def _serving(kind: str) -> Callable[[Sandbox], Any]:
    return lambda sandbox: _Serving(sandbox, kind)


def _oci(sandbox: Sandbox) -> Any:
    # service_endpoint reaches the module's own service only.
    os.environ["OCI_SERVICE_ENDPOINT"] = sandbox.url
    return model_host.ModelHost(sandbox)


def _oci_data(host: Any, name: str, topic: str) -> Any:
    return host.data(oci_host.pair_lines(topic=topic), name)


def _oci_endpoint(sandbox: Sandbox) -> Any:
    os.environ["OCI_SERVICE_ENDPOINT"] = sandbox.url
    return endpoint_host.EndpointHost(sandbox)


def _oci_serving(host: Any, name: str) -> list[str]:
    """The endpoints of a name that serve, or will."""
    return [item["id"] for item in host.made() if item["display_name"] == name and item["lifecycle_state"] != "FAILED"]


def _oci_model(host: Any, name: str, topic: str) -> Any:
    return host.about(topic)


_JOBS = "openai.jobs.create"
_BEDROCK_JOBS = "bedrock.CreateModelCustomizationJob"
PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (
        *(
            Place(dialect, keeps, _openai(dialect), _openai_alive, _openai_data, _JOBS, "openai", lags=True)
            for dialect, keeps in (
                ("openai", True),
                ("azure", True),
                ("gateway", True),
                ("compatible", False),
                ("selfhosted", False),
            )
        ),
        Place(
            "openai-permission",
            True,
            _PermissionHost,
            _shared,
            lambda host, _name, _topic: host.checkpoint,
            "openai.permissions.create",
            "openai",
            makes_anew=False,
        ),
        Place("bedrock", True, _bedrock, _paid, _bedrock_data, _BEDROCK_JOBS, "bedrock"),
        *(
            Place(
                f"bedrock-{kind}",
                True,
                _serving(kind),
                _served,
                lambda host, _name, _topic: host.served.model_arn,
                f"bedrock.{creates}",
                "bedrock",
                makes_anew=False,
            )
            for kind, creates in (
                ("deployment", "CreateCustomModelDeployment"),
                ("throughput", "CreateProvisionedModelThroughput"),
            )
        ),
        Place("oci", True, _oci, _paid, _oci_data, "oci.CreateModel", "oci"),
        Place("oci-endpoint", True, _oci_endpoint, _oci_serving, _oci_model, "oci.CreateEndpoint", "oci"),
    )
}
