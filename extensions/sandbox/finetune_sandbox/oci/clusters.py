# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dedicated AI clusters: create, get, list, update, move, delete."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from finetune_sandbox.frame.web import Answer
from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import conflict, incorrect_state, invalid, over_limit
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import Service, Wish, changeable
from finetune_sandbox.oci.state import (
    ACTIVE,
    DELETED,
    DELETING,
    FAILED,
    HOSTING,
    NEEDS_ATTENTION,
    UPDATING,
    Cluster,
)
from finetune_sandbox.oci.store import Store

ENDPOINTS_PER_CLUSTER = 50
_MAX_UNITS = 64
_SORTS = ("timeCreated", "displayName", "lifecycleState")


class Clusters:
    """The operations on clusters."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store, self._service = store, service
        service.handlers.update(
            CreateDedicatedAiCluster=self.create,
            ListDedicatedAiClusters=self.list,
            GetDedicatedAiCluster=self.get,
            UpdateDedicatedAiCluster=self.update,
            DeleteDedicatedAiCluster=self.delete,
            ChangeDedicatedAiClusterCompartment=self.move,
        )

    def create(self, wish: Wish) -> tuple[Answer, str]:
        """CreateDedicatedAiCluster."""
        store, members = self._store, wish.members
        compartment = store.known_compartment(members["compartmentId"])
        for name in ("type", "unitShape"):
            values = schema.allowed(GENERATIVE_AI, "DedicatedAiCluster", name)
            if members[name] not in values:
                raise invalid(f"{name} must be one of {', '.join(sorted(values))}; got '{members[name]}'.")
        _check_units(members["unitCount"])
        if sum(c.state not in {DELETED, FAILED} for c in store.clusters.values()) >= store.settings.clusters:
            raise over_limit(f"The limit of dedicated AI clusters, {store.settings.clusters}, is reached.")
        now = store.clock.now()
        default = datetime.fromtimestamp(now, timezone.utc).strftime("generativeaidedicatedaicluster%Y%m%d%H%M%S")
        cluster = Cluster(
            store.new_id("generativeaidedicatedaicluster"),
            store.ids.sequence(),
            compartment,
            now,
            members.get("displayName", default),
            members.get("description"),
            members.get("freeformTags", {}),
            self._service.tags(members),
            updated_at=now,
            type=members["type"],
            units=members["unitCount"],
            shape=members["unitShape"],
            reservation=members.get("capacityReservationId"),
        )
        store.clusters[cluster.id] = cluster
        work = self._service.work("CREATE_DEDICATED_AI_CLUSTER", cluster, store.settings.cluster_seconds)
        headers = {"etag": cluster.etag, "opc-work-request-id": work.id}
        return Answer(self.shown(cluster), 201, headers), cluster.id

    def shown(self, cluster: Cluster) -> dict[str, Any]:
        """As the API shows it."""
        members = {**self.members(cluster), "previousState": cluster.previous}
        return schema.show(GENERATIVE_AI, "DedicatedAiCluster", members)

    def members(self, cluster: Cluster) -> dict[str, Any]:
        """The members of DedicatedAiCluster but previousState."""
        shown = self._service.common(cluster)
        shown.update(
            type=cluster.type,
            unitCount=cluster.units,
            unitShape=cluster.shape,
            capacityReservationId=cluster.reservation,
        )
        if cluster.type == HOSTING:
            shown["capacity"] = {
                "capacityType": "HOSTING_CAPACITY",
                "totalEndpointCapacity": ENDPOINTS_PER_CLUSTER,
                "usedEndpointCapacity": len(self._store.endpoints_of(cluster_id=cluster.id)),
            }
        return shown

    def get(self, wish: Wish) -> tuple[Answer, str]:
        """GetDedicatedAiCluster."""
        cluster = self._store.find(self._store.clusters, wish.id)
        return Answer(self.shown(cluster), headers={"etag": cluster.etag}), ""

    def list(self, wish: Wish) -> tuple[Answer, str]:
        """ListDedicatedAiClusters."""
        reservation = wish.one("capacityReservationId")
        chosen = [c for c in self._store.clusters.values() if reservation in {None, c.reservation}]
        states = schema.allowed(GENERATIVE_AI, "DedicatedAiCluster", "lifecycleState")
        return self._service.list(wish, chosen, states, _SORTS, self.members, "DedicatedAiClusterCollection")

    def update(self, wish: Wish) -> tuple[Answer, str]:
        """UpdateDedicatedAiCluster."""
        cluster = changeable(self._store, self._store.clusters, wish.id)
        self._service.check_match(wish, cluster)
        units = wish.members.get("unitCount", cluster.units)
        _check_units(units)
        if cluster.state not in {ACTIVE, NEEDS_ATTENTION}:
            raise incorrect_state(f"The dedicated AI cluster {cluster.id} is {cluster.state}; it must be {ACTIVE}.")
        if units != cluster.units and self._store.training_on(cluster.id):
            raise incorrect_state(f"The dedicated AI cluster {cluster.id} trains a model; it cannot be resized now.")
        cluster.previous = self.members(cluster)
        self._service.change_common(cluster, wish.members)
        cluster.units = units
        cluster.change(self._store.clock.now(), UPDATING)
        work = self._service.work("UPDATE_DEDICATED_AI_CLUSTER", cluster, self._store.settings.cluster_seconds)
        return Answer(self.shown(cluster), headers={"etag": cluster.etag, "opc-work-request-id": work.id}), ""

    def move(self, wish: Wish) -> tuple[Answer, str]:
        """ChangeDedicatedAiClusterCompartment."""
        cluster = changeable(self._store, self._store.clusters, wish.id)
        self._service.check_match(wish, cluster)
        compartment = self._store.known_compartment(wish.members["compartmentId"])
        if cluster.state not in {ACTIVE, NEEDS_ATTENTION, FAILED}:
            raise incorrect_state(f"The dedicated AI cluster {cluster.id} is {cluster.state}; it must be {ACTIVE}.")
        cluster.previous = self.members(cluster)
        cluster.compartment = compartment
        cluster.change(self._store.clock.now(), cluster.state, cluster.details)
        return Answer(b""), cluster.id

    def delete(self, wish: Wish) -> tuple[Answer, str]:
        """DeleteDedicatedAiCluster."""
        cluster = changeable(self._store, self._store.clusters, wish.id)
        self._service.check_match(wish, cluster)
        if cluster.state not in {ACTIVE, NEEDS_ATTENTION, FAILED}:
            raise incorrect_state(
                f"The dedicated AI cluster {cluster.id} is {cluster.state}; it cannot be deleted now."
            )
        work_here = self._store.training_on(cluster.id)
        if work_here:
            ids = ", ".join(work.target.id for work in work_here)
            raise incorrect_state(f"The dedicated AI cluster {cluster.id} trains the models {ids}.")
        users = self._store.endpoints_of(cluster_id=cluster.id)
        if users:
            ids = ", ".join(endpoint.id for endpoint in users)
            raise conflict(f"The dedicated AI cluster {cluster.id} hosts the endpoints {ids}. Delete them first.")
        cluster.previous = self.members(cluster)
        cluster.change(self._store.clock.now(), DELETING)
        work = self._service.work("DELETE_DEDICATED_AI_CLUSTER", cluster, self._store.settings.cluster_seconds)
        return Answer(b"", 202, {"opc-work-request-id": work.id}), ""


def _check_units(units: int) -> None:
    if not 1 <= units <= _MAX_UNITS:
        raise invalid(f"unitCount must be from 1 to {_MAX_UNITS}, got {units}.")
