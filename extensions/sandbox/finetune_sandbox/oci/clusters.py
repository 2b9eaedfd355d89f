# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dedicated AI clusters: create, get, list, update, move, delete."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import conflict, incorrect_state, invalid, over_limit
from finetune_sandbox.oci.resources import Made, Resources
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import ParsedRequest
from finetune_sandbox.oci.state import ACTIVE, DELETED, FAILED, HOSTING, NEEDS_ATTENTION, UPDATING, Cluster
from finetune_sandbox.server.web import Response

ENDPOINTS_PER_CLUSTER = 50


class Clusters(Resources[Cluster]):
    """The operations on clusters."""

    kind = "DedicatedAiCluster"
    noun = "dedicated AI cluster"
    work_kind = "DEDICATED_AI_CLUSTER"
    sorts = ("timeCreated", "displayName", "lifecycleState")
    settled = frozenset({ACTIVE, NEEDS_ATTENTION, FAILED})

    @property
    def table(self) -> dict[str, Cluster]:
        """All there are, by OCID."""
        return self._store.clusters

    @property
    def seconds(self) -> float:
        """How long work on it takes."""
        return self._store.settings.cluster_seconds

    def create(self, request: ParsedRequest) -> Made:
        """CreateDedicatedAiCluster."""
        store, members = self._store, request.members
        compartment = store.known_compartment(members["compartmentId"])
        for name in ("type", "unitShape"):
            values = schema.allowed(GENERATIVE_AI, "DedicatedAiCluster", name)
            if members[name] not in values:
                raise invalid(f"{name} must be one of {', '.join(sorted(values))}; got '{members[name]}'.")
        self._check_units(members["unitCount"])
        reservation = members.get("capacityReservationId")
        if reservation is not None and not reservation.startswith("ocid1.capacityreservation."):
            raise invalid(f"capacityReservationId must be the OCID of a capacity reservation; got '{reservation}'.")
        if sum(c.state not in {DELETED, FAILED} for c in store.clusters.values()) >= store.settings.clusters:
            raise over_limit(f"The limit of dedicated AI clusters, {store.settings.clusters}, is reached.")
        cluster = Cluster(
            **self.new_members(members, compartment),
            type=members["type"],
            units=members["unitCount"],
            shape=members["unitShape"],
            reservation=reservation,
        )
        store.clusters[cluster.id] = cluster
        work = self.work("CREATE", cluster)
        headers = {"etag": cluster.etag, "opc-work-request-id": work.id}
        return Response(self.describe(cluster), 201, headers), cluster.id

    def members(self, resource: Cluster) -> dict[str, Any]:
        """The members of DedicatedAiCluster but previousState."""
        view = self.common(resource)
        view.update(
            type=resource.type,
            unitCount=resource.units,
            unitShape=resource.shape,
            capacityReservationId=resource.reservation,
        )
        if resource.type == HOSTING:
            view["capacity"] = {
                "capacityType": "HOSTING_CAPACITY",
                "totalEndpointCapacity": ENDPOINTS_PER_CLUSTER,
                "usedEndpointCapacity": len(self._store.endpoints_of(cluster_id=resource.id)),
            }
        return view

    def list(self, request: ParsedRequest) -> Made:
        """ListDedicatedAiClusters."""
        reservation = request.one("capacityReservationId")
        chosen = [c for c in self._store.clusters.values() if reservation in {None, c.reservation}]
        return self.page(request, chosen, self.members)

    def update(self, request: ParsedRequest) -> Made:
        """UpdateDedicatedAiCluster."""
        cluster = self.changeable(request)
        units = request.members.get("unitCount", cluster.units)
        self._check_units(units)
        self.check_state(cluster, {ACTIVE, NEEDS_ATTENTION})
        if units != cluster.units and self._store.training_on(cluster.id):
            raise incorrect_state(f"The dedicated AI cluster {cluster.id} trains a model; it cannot be resized now.")
        cluster.previous = self.members(cluster)
        self.change_common(cluster, request.members)
        cluster.units = units
        cluster.change(self._store.clock.now(), UPDATING)
        work = self.work("UPDATE", cluster)
        return Response(self.describe(cluster), headers={"etag": cluster.etag, "opc-work-request-id": work.id}), ""

    def check_unused(self, resource: Cluster) -> None:
        """No training on it, and no endpoint."""
        work_here = self._store.training_on(resource.id)
        if work_here:
            ids = ", ".join(work.target.id for work in work_here)
            raise incorrect_state(f"The dedicated AI cluster {resource.id} trains the models {ids}.")
        users = self._store.endpoints_of(cluster_id=resource.id)
        if users:
            ids = ", ".join(endpoint.id for endpoint in users)
            raise conflict(f"The dedicated AI cluster {resource.id} hosts the endpoints {ids}. Delete them first.")
        if self._store.settings.models_hold_clusters:
            self._check_models(resource)

    def _check_models(self, resource: Cluster) -> None:
        """No model that was trained on it, where these hold it; OciError."""
        held = [
            model.id
            for model in self._store.models.values()
            if model.state not in {DELETED, FAILED}
            and (model.fine_tune or {}).get("dedicatedAiClusterId") == resource.id
        ]
        if held:
            ids = ", ".join(held)
            message = f"The dedicated AI cluster {resource.id} has the custom models {ids}. Delete them first."
            raise conflict(message)

    def _check_units(self, units: int) -> None:
        limit = self._store.settings.cluster_units
        if units < 1:
            raise invalid(f"unitCount must be at least 1, got {units}.")
        if units > limit:
            raise over_limit(f"unitCount is {units}; the limit of this tenancy is {limit} units of a shape.")
