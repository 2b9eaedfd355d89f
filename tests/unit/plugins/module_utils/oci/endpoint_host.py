# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with the tasks of endpoints, models that can be served, and what somebody does by hand there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import PROGRESS_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import endpoint, info
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.options import WAIT_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.shapes import to_dict
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import remote_clock
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host, Reach, Tasks

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

LLAMA, OLD_LLAMA = "meta.llama-3.3-70b-instruct", "meta.llama-3.1-70b-instruct"
LIGHT = "cohere.command-light"
MANAGED = {"llmops_finetune_name": "support-bot"}


class EndpointReach(Reach):
    """A second hosting cluster, and the base models."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hosting = sandbox.oci.clusters["HOSTING"]
        self.base_models = sandbox.oci.base_model_ids
        self.second = self.make_cluster(sandbox, "hosting-2")

    @staticmethod
    def make_cluster(sandbox: Sandbox, name: str, shape: str = "LARGE_GENERIC") -> str:
        """A hosting cluster that is there at once."""
        place = sandbox.oci
        with place.store.lock:
            return str(place.store.make_cluster(name, place.compartment_id, "HOSTING", shape, 1).id)


class EndpointTasks(Tasks):
    """Tasks of endpoints."""

    reach: EndpointReach

    def endpoint(self, name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """One run of oci_generative_ai_endpoint. Raises FineTuneError."""
        given = {"compartment_id": self.reach.compartment_id, "display_name": name, **options}
        return self.run(endpoint, "oci_generative_ai_endpoint", given, {**WAIT_SPEC, **PROGRESS_SPEC})

    def serve(self, name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """The same with a base model on the first cluster."""
        given = {"model_id": self.reach.base_model_id, "dedicated_ai_cluster_id": self.reach.hosting}
        return self.endpoint(name, **{**given, **options})

    def about(self, topic: str) -> dict[str, str]:
        """What an endpoint about a topic serves, and where: another topic is another base model."""
        model = self.reach.base_models[OLD_LLAMA if topic == "old" else LLAMA]
        return {
            "model_id": model,
            "dedicated_ai_cluster_id": self.reach.hosting,
            "replacement_cluster_id": self.reach.second,
        }

    def wanted(self, data: Mapping[str, Any], name: str | None = "chat", **options: Any) -> dict[str, Any]:
        """One run with what :meth:`about` returns."""
        given = {**data, "replace": options.pop("retrain", "never"), **options}
        return self.endpoint(name, **given)

    def playbook(self, name: str) -> Any:
        """The same of one name."""
        return self.wanted(self.about(name), name)

    def elsewhere(self) -> EndpointTasks:
        """The same in another process."""
        return EndpointTasks(self.reach, remote_clock(self.reach.control_url))


class EndpointHost(Host, EndpointTasks):
    """One compartment, and another; two hosting clusters."""

    reach: EndpointReach

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.reach = EndpointReach(sandbox)
        self.here, self.other = self.reach.compartment_id, self.reach.other_compartment_id
        self.hosting, self.second = self.reach.hosting, self.reach.second
        sandbox.oci.settings(endpoint_seconds=20.0)

    # -- the modules --

    def also(self) -> EndpointTasks:
        """A second controller on the same sandbox."""
        return EndpointTasks(self.reach, self.clock)

    def endpoints(self, **options: Any) -> list[dict[str, Any]]:
        """One run of oci_generative_ai_endpoint_info."""
        given = options if options.get("endpoint_id") else {"compartment_id": self.here, **options}
        return list(self.find(info.find_endpoints, "oci_generative_ai_endpoint_info", **given)["endpoints"])

    # -- what there is --

    def tuned(self, name: str = "support-bot", base: str = LLAMA, **spec: Any) -> str:
        """A custom model that was trained before; its OCID."""
        model = {"display_name": name, "base_model": base, "state": "ACTIVE", "freeform_tags": MANAGED, **spec}
        return str(self.sandbox.oci.seed(models=[model])["models"][0])

    @property
    def by_hand(self) -> Any:
        """A client of the SDK."""
        return self.api.client("generative_ai", tries=1)

    def all_made(self, compartment: str | None = None) -> list[dict[str, Any]]:
        """All endpoints, oldest first, deleted ones included."""
        listed = self.by_hand.list_endpoints(compartment or self.here, sort_order="ASC", sort_by="timeCreated")
        return [to_dict(item) for item in listed.data["items"]]

    def made(self, compartment: str | None = None) -> list[dict[str, Any]]:
        """The same without deleted ones."""
        return [item for item in self.all_made(compartment) if item["lifecycle_state"] != "DELETED"]

    def get(self, identifier: str) -> dict[str, Any]:
        """An endpoint as it is."""
        found: dict[str, Any] = to_dict(self.by_hand.get_endpoint(identifier).data)
        return found

    def make(self, name: str = "chat", **members: Any) -> str:
        """An endpoint that somebody makes by hand; its OCID, once it is active."""
        body = {
            "compartmentId": self.here,
            "displayName": name,
            "modelId": self.reach.base_model_id,
            "dedicatedAiClusterId": self.hosting,
            **members,
        }
        identifier = str(self.by_hand.create_endpoint(body).data["id"])
        self.sandbox.advance(60)
        return identifier

    def change(self, identifier: str, *, seconds: float = 60.0, **members: Any) -> None:
        """Somebody changes an endpoint."""
        self.by_hand.update_endpoint(identifier, members)
        self.sandbox.advance(seconds)

    def scenario(self, operation: str, scenario: str = "fail", **more: Any) -> None:
        """What happens to the next work on an endpoint: CREATE, UPDATE, MOVE or DELETE."""
        self.sandbox.oci.scenario(scenario, operation=f"{operation}_ENDPOINT", **more)
