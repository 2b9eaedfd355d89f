# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with the tasks of clusters and of the info modules, and what somebody does by hand there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import PROGRESS_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import cluster, info
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.options import WAIT_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.shapes import to_dict
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import remote_clock
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host, Tasks

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

TUNING = {"type": "FINE_TUNING", "unit_shape": "LARGE_GENERIC", "unit_count": 2}
HOSTING = {"type": "HOSTING", "unit_shape": "LARGE_GENERIC", "unit_count": 1}


class ClusterTasks(Tasks):
    """Tasks of clusters."""

    def cluster(self, name: str | None = "tuning", **options: Any) -> dict[str, Any]:
        """One run of oci_generative_ai_dedicated_ai_cluster. Raises FineTuneError."""
        given = {"compartment_id": self.reach.compartment_id, "display_name": name, **options}
        return self.run(cluster, "oci_generative_ai_dedicated_ai_cluster", given, {**WAIT_SPEC, **PROGRESS_SPEC})

    def elsewhere(self) -> ClusterTasks:
        """The same in another process."""
        return ClusterTasks(self.reach, remote_clock(self.reach.control_url))


class ClusterHost(Host, ClusterTasks):
    """One compartment, and another."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.here, self.other = self.reach.compartment_id, self.reach.other_compartment_id
        self.there = {item["id"] for item in self.by_hand.list_dedicated_ai_clusters(self.here).data["items"]}
        sandbox.clear_log()

    # -- the modules --

    def also(self) -> ClusterTasks:
        """A second controller on the same sandbox."""
        return ClusterTasks(self.reach, self.clock)

    def tuning(self, name: str | None = "tuning", **options: Any) -> dict[str, Any]:
        """The same with what a cluster for training needs."""
        return self.cluster(name, **{**TUNING, **options})

    def clusters(self, **options: Any) -> list[dict[str, Any]]:
        """One run of oci_generative_ai_dedicated_ai_cluster_info."""
        one = options.get("dedicated_ai_cluster_id")
        given = options if one else {"compartment_id": self.here, **options}
        found = self.find(info.find_clusters, "oci_generative_ai_dedicated_ai_cluster_info", **given)
        return list(found["dedicated_ai_clusters"])

    def model_info(self, **options: Any) -> list[dict[str, Any]]:
        """One run of oci_generative_ai_model_info."""
        given = options if options.get("model_id") else {"compartment_id": self.here, **options}
        return list(self.find(info.find_models, "oci_generative_ai_model_info", **given)["models"])

    # -- what truly exists, and what somebody does by hand --

    @property
    def by_hand(self) -> Any:
        """A client of the SDK."""
        return self.api.client("generative_ai", tries=1)

    def all_made(self) -> list[dict[str, Any]]:
        """The clusters that were not there from the start, oldest first, deleted ones included."""
        listed = self.by_hand.list_dedicated_ai_clusters(self.here, sort_order="ASC", sort_by="timeCreated")
        return [to_dict(item) for item in listed.data["items"] if item["id"] not in self.there]

    def made(self) -> list[dict[str, Any]]:
        """The same without deleted ones."""
        return [item for item in self.all_made() if item["lifecycle_state"] != "DELETED"]

    def get(self, identifier: str) -> dict[str, Any]:
        """A cluster as it is."""
        found: dict[str, Any] = to_dict(self.by_hand.get_dedicated_ai_cluster(identifier).data)
        return found

    def make(self, name: str = "tuning", **members: Any) -> str:
        """A cluster that somebody makes by hand; its OCID, once it is active."""
        identifier = self.make_cluster(name, **members)
        self.sandbox.advance(60)
        return identifier

    def change(self, identifier: str, **members: Any) -> None:
        """Somebody changes a cluster."""
        self.by_hand.update_dedicated_ai_cluster(identifier, members)
        self.sandbox.advance(60)

    def scenario(self, operation: str, scenario: str = "fail", **more: Any) -> None:
        """What happens to the next work on a cluster: CREATE, UPDATE or DELETE."""
        self.sandbox.oci.scenario(scenario=scenario, operation=f"{operation}_DEDICATED_AI_CLUSTER", **more)
