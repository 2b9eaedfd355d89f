# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: create, get, list, update, move, delete. They hold models and clusters against deletion."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from finetune_sandbox.frame.web import Answer
from finetune_sandbox.oci import schema
from finetune_sandbox.oci.clusters import ENDPOINTS_PER_CLUSTER
from finetune_sandbox.oci.errors import incorrect_state, invalid, over_limit, related_not_found
from finetune_sandbox.oci.models import known_base
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import Service, Wish, changeable
from finetune_sandbox.oci.state import ACTIVE, DELETED, DELETING, FAILED, HOSTING, UPDATING, Endpoint
from finetune_sandbox.oci.store import Store

_CONFIGS = (
    "generativeAiPrivateEndpointId",
    "contentModerationConfig",
    "promptInjectionConfig",
    "piiDetectionConfig",
)
_SORTS = ("displayName", "timeCreated")


class Endpoints:
    """The operations on endpoints."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store, self._service = store, service
        service.handlers.update(
            CreateEndpoint=self.create,
            ListEndpoints=self.list,
            GetEndpoint=self.get,
            UpdateEndpoint=self.update,
            DeleteEndpoint=self.delete,
            ChangeEndpointCompartment=self.move,
        )

    def create(self, wish: Wish) -> tuple[Answer, str]:
        """CreateEndpoint."""
        store, members = self._store, wish.members
        compartment = store.known_compartment(members["compartmentId"])
        self._check_place(members["modelId"], members["dedicatedAiClusterId"])
        now = store.clock.now()
        default = datetime.fromtimestamp(now, timezone.utc).strftime("generativeaiendpoint%Y%m%d%H%M%S")
        endpoint = Endpoint(
            store.new_id("generativeaiendpoint"),
            store.ids.sequence(),
            compartment,
            now,
            members.get("displayName", default),
            members.get("description"),
            members.get("freeformTags", {}),
            self._service.tags(members),
            updated_at=now,
            model_id=members["modelId"],
            cluster_id=members["dedicatedAiClusterId"],
            configs={"contentModerationConfig": {"isEnabled": False}, **_configs(members)},
        )
        store.endpoints[endpoint.id] = endpoint
        work = self._service.work("CREATE_ENDPOINT", endpoint, store.settings.endpoint_seconds)
        work.related = [("model", endpoint.model_id), ("dedicatedAiCluster", endpoint.cluster_id)]
        headers = {"etag": endpoint.etag, "opc-work-request-id": work.id}
        return Answer(self.shown(endpoint), 201, headers), endpoint.id

    def _check_place(self, model_id: str, cluster_id: str) -> None:
        """Whether the model can be hosted on the cluster."""
        store = self._store
        model, cluster = store.models.get(model_id), store.clusters.get(cluster_id)
        if model is None or model.state == DELETED:
            raise related_not_found(model_id)
        if cluster is None or cluster.state == DELETED:
            raise related_not_found(cluster_id)
        if cluster.type != HOSTING:
            raise invalid(f"The dedicated AI cluster {cluster_id} is of type {cluster.type}; it must be {HOSTING}.")
        hosting = known_base(model).hosting
        if hosting is None or hosting[0] != cluster.shape:
            needed = "no cluster" if hosting is None else hosting[0]
            message = f"The dedicated AI cluster {cluster_id} has the unit shape {cluster.shape}; the model needs"
            raise invalid(f"{message} {needed}.")
        for what, each in (("model", model), ("dedicated AI cluster", cluster)):
            if each.state != ACTIVE:
                raise incorrect_state(f"The {what} {each.id} is {each.state}; it must be {ACTIVE}.")
        if len(store.endpoints_of(cluster_id=cluster_id)) >= ENDPOINTS_PER_CLUSTER:
            raise over_limit(f"The dedicated AI cluster {cluster_id} has {ENDPOINTS_PER_CLUSTER} endpoints already.")

    def shown(self, endpoint: Endpoint) -> dict[str, Any]:
        """As the API shows it."""
        return schema.show(GENERATIVE_AI, "Endpoint", {**self.members(endpoint), "previousState": endpoint.previous})

    def members(self, endpoint: Endpoint) -> dict[str, Any]:
        """The members of Endpoint but previousState."""
        shown = self._service.common(endpoint)
        shown.update(modelId=endpoint.model_id, dedicatedAiClusterId=endpoint.cluster_id, **endpoint.configs)
        return shown

    def get(self, wish: Wish) -> tuple[Answer, str]:
        """GetEndpoint."""
        endpoint = self._store.find(self._store.endpoints, wish.id)
        return Answer(self.shown(endpoint), headers={"etag": endpoint.etag}), ""

    def list(self, wish: Wish) -> tuple[Answer, str]:
        """ListEndpoints."""
        private = wish.one("generativeAiPrivateEndpointId")
        chosen = [
            endpoint
            for endpoint in self._store.endpoints.values()
            if private in {None, endpoint.configs.get("generativeAiPrivateEndpointId")}
        ]
        states = schema.allowed(GENERATIVE_AI, "Endpoint", "lifecycleState")
        return self._service.list(wish, chosen, states, _SORTS, self.members, "EndpointCollection")

    def update(self, wish: Wish) -> tuple[Answer, str]:
        """UpdateEndpoint."""
        endpoint = changeable(self._store, self._store.endpoints, wish.id)
        self._service.check_match(wish, endpoint)
        if endpoint.state != ACTIVE:
            raise incorrect_state(f"The endpoint {endpoint.id} is {endpoint.state}; it must be {ACTIVE}.")
        endpoint.previous = self.members(endpoint)
        self._service.change_common(endpoint, wish.members)
        endpoint.configs = {**endpoint.configs, **_configs(wish.members)}
        endpoint.change(self._store.clock.now(), UPDATING)
        work = self._service.work("UPDATE_ENDPOINT", endpoint, self._store.settings.endpoint_seconds)
        return Answer(self.shown(endpoint), headers={"etag": endpoint.etag, "opc-work-request-id": work.id}), ""

    def move(self, wish: Wish) -> tuple[Answer, str]:
        """ChangeEndpointCompartment."""
        endpoint = changeable(self._store, self._store.endpoints, wish.id)
        self._service.check_match(wish, endpoint)
        compartment = self._store.known_compartment(wish.members["compartmentId"])
        if endpoint.state not in {ACTIVE, FAILED}:
            raise incorrect_state(f"The endpoint {endpoint.id} is {endpoint.state}; it must be {ACTIVE}.")
        endpoint.previous = self.members(endpoint)
        endpoint.compartment = compartment
        endpoint.change(self._store.clock.now(), endpoint.state, endpoint.details)
        return Answer(b""), endpoint.id

    def delete(self, wish: Wish) -> tuple[Answer, str]:
        """DeleteEndpoint."""
        endpoint = changeable(self._store, self._store.endpoints, wish.id)
        self._service.check_match(wish, endpoint)
        if endpoint.state not in {ACTIVE, FAILED}:
            raise incorrect_state(f"The endpoint {endpoint.id} is {endpoint.state}; it cannot be deleted now.")
        endpoint.previous = self.members(endpoint)
        endpoint.change(self._store.clock.now(), DELETING)
        work = self._service.work("DELETE_ENDPOINT", endpoint, self._store.settings.endpoint_seconds)
        return Answer(b"", 202, {"opc-work-request-id": work.id}), ""


def _configs(members: dict[str, Any]) -> dict[str, Any]:
    return {name: members[name] for name in _CONFIGS if name in members}
