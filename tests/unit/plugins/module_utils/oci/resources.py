# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI's resources for the contract suite: a custom model, a cluster, an endpoint, and an object with training data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Made, Resource, Traits
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import TUNING, ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.endpoint_host import (
    LLAMA,
    OLD_LLAMA,
    EndpointHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import ModelHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import pair_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Story

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox


# -- told of odd answers -------------------------------------------------------------------------------------------


def _plain(model: Model) -> Story:
    data = model.host.put(pair_lines())
    desired = model.desired("bot")["fine_tune_details"]
    model.present(fine_tune_details={**desired, "training_dataset": data})
    again = {**desired, "training_dataset": {**data, "namespace": None}}
    return lambda: model.present(fine_tune_details=again, details=True)


def _move(model: Model) -> Story:
    made = model.present()["run_id"]
    return lambda: model.present(model_id=made, compartment_id=model.host.reach.other_compartment_id)


def _failed_details(model: Model) -> Story:
    model.fail("The hall is flooded.")
    return lambda: model.present(details=True)


def _info(model: Model) -> Story:
    model.present()
    clusters = ClusterHost(model.sandbox)
    return lambda: {"models": clusters.model_info(display_name="bot", details=True)}


def _clusters(cluster: Cluster) -> Story:
    return lambda: {"clusters": cluster.host.clusters(details=True)}


def _moved(endpoint: Endpoint) -> Story:
    host = endpoint.host
    given = {"endpoint_id": host.serve()["id"], "compartment_id": host.other, "description": "there"}
    return lambda: host.endpoint(None, model_id=LLAMA, **given)


def _endpoints(endpoint: Endpoint) -> Story:
    endpoint.host.serve()
    return lambda: {"endpoints": endpoint.host.endpoints(details=True)}


def _parts(data: Dataset) -> Story:
    return lambda: data.present(content=pair_lines(400))


def _edited(data: Dataset) -> Story:
    data.present(object="plain.jsonl")
    return lambda: data.task("bot", **data.like("bot", "letters"), object="plain.jsonl")


class _AtOci(Resource):
    service = "oci"
    sdk_sends_again = True
    address = "service_endpoint"
    prefix = "oci.*"
    empty_list: ClassVar = {"items": []}

    @staticmethod
    def patch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        oci_host.nothing_of_this_machine(monkeypatch)
        oci_host.read_keys_once(monkeypatch)
        oci_host.skip_real_pauses(monkeypatch)
        monkeypatch.setattr(dataset, "_PART", 10_000)
        monkeypatch.setenv("OCI_SERVICE_ENDPOINT", sandbox.url)


class Model(_AtOci):
    id = "oci-model"
    traits = Traits(
        same_token_same_run=True,
        can_fail=True,
        can_change=True,
        can_differ=True,
        can_retrain=True,
        can_adopt=True,
        trained=True,
    )
    ready = "ACTIVE"
    key = "model_id"
    differs = "fine_tune_details.training_dataset"
    module = "model"
    verbs: ClassVar = {
        "create": "oci.CreateModel",
        "list": "oci.ListModels",
        "update": "oci.UpdateModel",
        "delete": "oci.DeleteModel",
    }
    changed: ClassVar = {"description": "changed", "freeform_tags": {"team": "sales"}}
    slowly: ClassVar = {"training_seconds": 200.0}
    stories: ClassVar = {"plain": _plain, "move": _move, "failed_details": _failed_details, "info": _info}

    def make_host(self, sandbox: Sandbox) -> ModelHost:
        return ModelHost(sandbox)

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        data = self.uploaded(pair_lines(topic=topic), topic)
        place = {key: data[key] for key in ("namespace", "bucket", "object")}
        reach = self.tasks.reach
        return {
            "base_model_id": reach.base_model_id,
            "fine_tune_details": {"dedicated_ai_cluster_id": reach.cluster_id, "training_dataset": place},
        }

    def all_made(self, name: str) -> Iterable[Made]:
        return [Made(model["id"], exists=model["state"] != "DELETED") for model in self.host.made(name)]

    def make_by_hand(self, name: str = "bot") -> str:
        identifier: str = self.host.train(self.uploaded(pair_lines(topic=name), name), name)
        self.sandbox.advance(1000)
        return identifier


class Cluster(_AtOci):
    id = "oci-cluster"
    traits = Traits(
        same_token_same_run=True,
        can_fail=True,
        can_change=True,
        can_differ=True,
        can_adopt=True,
    )
    ready = "ACTIVE"
    key = "dedicated_ai_cluster_id"
    differs = "unit_shape"
    module = "cluster"
    verbs: ClassVar = {
        "create": "oci.CreateDedicatedAiCluster",
        "list": "oci.ListDedicatedAiClusters",
        "update": "oci.UpdateDedicatedAiCluster",
        "delete": "oci.DeleteDedicatedAiCluster",
    }
    changed: ClassVar = {"unit_count": 3, "description": "changed", "freeform_tags": {"team": "sales"}}
    retrain: ClassVar = {}
    slowly: ClassVar = {"cluster_seconds": 200.0}
    stories: ClassVar = {"clusters": _clusters}

    def make_host(self, sandbox: Sandbox) -> ClusterHost:
        return ClusterHost(sandbox)

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return TUNING if topic == name else {**TUNING, "unit_shape": "LARGE_COHERE"}

    def all_made(self, name: str) -> Iterable[Made]:
        for item in self.host.all_made():
            if item["display_name"] == name:
                yield Made(item["id"], exists=item["lifecycle_state"] != "DELETED")

    def fail(self, reason: str) -> None:
        self.host.scenario("CREATE", message=reason)

    def make_by_hand(self, name: str = "bot") -> str:
        identifier: str = self.host.make(name)
        return identifier


class Endpoint(_AtOci):
    id = "oci-endpoint"
    traits = Traits(
        same_token_same_run=True,
        can_fail=True,
        can_change=True,
        can_differ=True,
        can_replace=True,
        can_adopt=True,
        long_lived=True,
    )
    ready = "ACTIVE"
    key = "endpoint_id"
    differs = "model_id"
    module = "endpoint"
    verbs: ClassVar = {
        "create": "oci.CreateEndpoint",
        "list": "oci.ListEndpoints",
        "update": "oci.UpdateEndpoint",
        "delete": "oci.DeleteEndpoint",
    }
    changed: ClassVar = {"description": "changed", "freeform_tags": {"team": "sales"}}
    slowly: ClassVar = {"endpoint_seconds": 200.0}
    stories: ClassVar = {"moved": _moved, "endpoints": _endpoints}

    def make_host(self, sandbox: Sandbox) -> EndpointHost:
        return EndpointHost(sandbox)

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        reach = self.tasks.reach
        model = reach.base_models[LLAMA if topic == name else OLD_LLAMA]
        return {
            "model_id": model,
            "dedicated_ai_cluster_id": reach.hosting,
            "replacement_cluster_id": reach.second,
        }

    def all_made(self, name: str) -> Iterable[Made]:
        for item in self.host.all_made():
            if item["display_name"] == name:
                exists = item["lifecycle_state"] != "DELETED"
                yield Made(item["id"], exists=exists, paid=exists)

    def fail(self, reason: str) -> None:
        self.host.scenario("CREATE", message=reason)

    def make_by_hand(self, name: str = "bot") -> str:
        identifier: str = self.host.make(name)
        return identifier


class Dataset(_AtOci):
    id = "oci-dataset"
    traits = Traits(names_unique=True, waits=False, is_data=True, own_name=True)
    ready = "uploaded"
    module = "dataset"
    named = "object"
    stories: ClassVar = {"parts": _parts, "edited": _edited}
    verbs: ClassVar = {
        "create": "oci.PutObject",
        "list": "oci.HeadObject",
        "delete": "oci.DeleteObject",
    }

    def make_host(self, sandbox: Sandbox) -> oci_host.Host:
        return oci_host.Host(sandbox)

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"content": pair_lines(topic=f"{topic} of {name}")}

    def all_made(self, name: str) -> Iterable[Made]:
        reach = self.host.reach
        listed = self.host.api.client("object_storage").list_objects(reach.namespace, reach.bucket).data["objects"]
        names = [item["name"] for item in listed if item["name"].rpartition("-")[0] == name]
        return [Made(f"oci://{reach.bucket}@{reach.namespace}/{found}") for found in names]

    def body(self, name: str) -> str:
        reach = self.host.reach
        found: bytes = (
            self.host.api.client("object_storage").get_object(reach.namespace, reach.bucket, name).data.content
        )
        return found.decode()


RESOURCES = (Model, Cluster, Endpoint, Dataset)
