# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints: create, get, list, update, move, delete. They hold models and clusters against deletion."""

from __future__ import annotations

import re
from typing import Any

from finetune_sandbox.oci.catalogue import TFEW
from finetune_sandbox.oci.clusters import ENDPOINTS_PER_CLUSTER
from finetune_sandbox.oci.errors import incorrect_state, invalid, not_found, over_limit, related_not_found
from finetune_sandbox.oci.models import known_base
from finetune_sandbox.oci.resources import Made, Resources
from finetune_sandbox.oci.service import ParsedRequest
from finetune_sandbox.oci.state import ACTIVE, CONFIGS, DELETED, HOSTING, UPDATING, Endpoint, Model
from finetune_sandbox.oci.store import Store
from finetune_sandbox.server.web import Response

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,254}")
_MODES = frozenset({"INFORM", "BLOCK"})
_OCIDS = {"generativeAiPrivateEndpointId": "generativeaiprivateendpoint", "modelId": "generativeaimodel"}


def served_model(store: Store, identifier: str) -> Model:
    """The model that an endpoint serves now, an update included; OciError where it serves none. Take the store's lock,
    and move it on, before."""
    endpoint = store.find(store.endpoints, identifier)
    if endpoint.state == DELETED:
        raise not_found(identifier)
    if endpoint.state not in {ACTIVE, UPDATING}:
        raise incorrect_state(f"The endpoint {identifier} is {endpoint.state}; it must be {ACTIVE}.")
    return store.find(store.models, endpoint.model_id)


class Endpoints(Resources[Endpoint]):
    """The operations on endpoints."""

    kind = "Endpoint"
    noun = "endpoint"
    work_kind = "ENDPOINT"
    sorts = ("displayName", "timeCreated")

    @property
    def table(self) -> dict[str, Endpoint]:
        """All there are, by OCID."""
        return self._store.endpoints

    @property
    def seconds(self) -> float:
        """How long work on it takes."""
        return self._store.settings.endpoint_seconds

    def create(self, request: ParsedRequest) -> Made:
        """CreateEndpoint."""
        store, members = self._store, request.members
        compartment = store.known_compartment(members["compartmentId"])
        _check(members)
        self._check_place(members["modelId"], members["dedicatedAiClusterId"])
        endpoint = Endpoint(
            **self.new_members(members, compartment),
            model_id=members["modelId"],
            cluster_id=members["dedicatedAiClusterId"],
            configs={"contentModerationConfig": {"isEnabled": False}, **_configs(members)},
        )
        store.endpoints[endpoint.id] = endpoint
        work = self.work("CREATE", endpoint)
        work.related = [("model", endpoint.model_id), ("dedicatedAiCluster", endpoint.cluster_id)]
        headers = {"etag": endpoint.etag, "opc-work-request-id": work.id}
        return Response(self.describe(endpoint), 201, headers), endpoint.id

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
        others = store.endpoints_of(cluster_id=cluster_id)
        held = next((each.model_id for each in others if not _together(model, store.models.get(each.model_id))), None)
        if held is not None:
            message = (
                f"The dedicated AI cluster {cluster_id} hosts the model {held}; it cannot host another one, {model_id}."
            )
            raise invalid(message)
        if len(others) >= ENDPOINTS_PER_CLUSTER:
            raise over_limit(f"The dedicated AI cluster {cluster_id} has {ENDPOINTS_PER_CLUSTER} endpoints already.")

    def members(self, resource: Endpoint) -> dict[str, Any]:
        """The members of Endpoint but previousState."""
        view = self.common(resource)
        view.update(modelId=resource.model_id, dedicatedAiClusterId=resource.cluster_id, **resource.configs)
        return view

    def list(self, request: ParsedRequest) -> Made:
        """ListEndpoints."""
        private = request.one("generativeAiPrivateEndpointId")
        chosen = [
            endpoint
            for endpoint in self._store.endpoints.values()
            if private in {None, endpoint.configs.get("generativeAiPrivateEndpointId")}
        ]
        return self.page(request, chosen, self.members)

    def changeable(self, request: ParsedRequest) -> Endpoint:
        """One thing after the other: work on it must have ended."""
        endpoint = super().changeable(request)
        work = self._store.busy_with(endpoint)
        if work is not None:
            raise incorrect_state(
                f"The endpoint {endpoint.id} is changed by the work request {work.id} ({work.operation})."
            )
        return endpoint

    def update(self, request: ParsedRequest) -> Made:
        """UpdateEndpoint."""
        endpoint = self.changeable(request)
        _check(request.members)
        self.check_state(endpoint, {ACTIVE})
        endpoint.previous = self.members(endpoint)
        self.change_common(endpoint, request.members)
        endpoint.configs = {**endpoint.configs, **_configs(request.members)}
        endpoint.change(self._store.clock.now(), UPDATING)
        work = self.work("UPDATE", endpoint)
        return Response(self.describe(endpoint), headers={"etag": endpoint.etag, "opc-work-request-id": work.id}), ""


def _together(one: Model, other: Model | None) -> bool:
    """Whether one cluster hosts both: the same model, or T-Few models of one base, which are stacked."""
    if other is None or one.id == other.id:
        return True
    tuned = [(model.fine_tune or {}).get("trainingConfig", {}).get("trainingConfigType") for model in (one, other)]
    base = known_base(one)
    return tuned == [TFEW, TFEW] and base is known_base(other) and base.name.startswith("cohere.command-light")


def _configs(members: dict[str, Any]) -> dict[str, Any]:
    return {name: members[name] for name in CONFIGS if name in members}


def _check(members: dict[str, Any]) -> None:
    """The name as the Console takes it, and the guardrails; OciError. Whether the service is as strict is not
    established."""
    name = members.get("displayName")
    if name is not None and not _NAME.fullmatch(name):
        raise invalid(
            "displayName must start with a letter or an underscore, then letters, digits, hyphens, underscores."
        )
    _check_ocid("", members, "generativeAiPrivateEndpointId")
    for config in CONFIGS[1:]:
        sent = members.get(config) or {}
        if sent.get("mode", "INFORM") not in _MODES:
            raise invalid(f"{config}.mode must be one of {', '.join(sorted(_MODES))}; got '{sent['mode']}'.")
        _check_ocid(f"{config}.", sent, "modelId")


def _check_ocid(where: str, members: dict[str, Any], name: str) -> None:
    value = members.get(name)
    if value is not None and not value.startswith(f"ocid1.{_OCIDS[name]}."):
        raise invalid(f"{where}{name} must be the OCID of a {_OCIDS[name]}; got '{value}'.")
