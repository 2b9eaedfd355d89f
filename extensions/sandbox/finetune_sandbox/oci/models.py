# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom models: create with all its checks, get, list, update, move, delete."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.catalogue import LORA, BaseModel
from finetune_sandbox.oci.errors import conflict, incorrect_state, invalid, not_found, over_limit, related_not_found
from finetune_sandbox.oci.resources import Made, Resources
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import ParsedRequest
from finetune_sandbox.oci.state import ACTIVE, CREATE_MODEL, CREATING, DELETED, FINE_TUNING, UPDATING, Cluster, Model
from finetune_sandbox.server.web import Response

_RANGES: dict[str, tuple[float, float]] = {
    "totalTrainingEpochs": (1, 100),
    "learningRate": (1e-9, 1),
    "trainingBatchSize": (8, 32),
    "earlyStoppingPatience": (0, 1000),
    "earlyStoppingThreshold": (0, 1000),
    "logModelMetricsIntervalInSteps": (0, 1000),
    "numOfLastLayers": (1, 15),
    "loraR": (1, 64),
    "loraAlpha": (1, 1000),
    "loraDropout": (0, 1),
}
"""name -> (lowest, highest)"""
_LORA_RANGES = {**_RANGES, "trainingBatchSize": (8, 16)}
"""Those of the Llama models, which alone are trained in this way."""


def known_base(model: Model) -> BaseModel:
    """What a model was trained from, or is."""
    if model.base is None:
        raise TypeError(f"{model.id} has no base model")
    return model.base


class Models(Resources[Model]):
    """The operations on models."""

    kind = "Model"
    noun = "model"
    work_kind = "MODEL"
    sorts = ("displayName", "lifecycleState", "timeCreated")

    @property
    def table(self) -> dict[str, Model]:
        """All there are, by OCID."""
        return self._store.models

    @property
    def seconds(self) -> float:
        """How long work on it takes, but for its training."""
        return self._store.settings.model_seconds

    def create(self, request: ParsedRequest) -> Made:
        """CreateModel."""
        store, members = self._store, request.members
        compartment = store.known_compartment(members["compartmentId"])
        base = self._base(members["baseModelId"])
        tuning = members["fineTuneDetails"]
        cluster = self._cluster(base, tuning["dedicatedAiClusterId"])
        config = _training_config(base, tuning.get("trainingConfig"))
        mine = sum(not (m.pretrained or m.seeded) and m.state != DELETED for m in store.models.values())
        if mine >= store.settings.models:
            raise over_limit(f"The limit of custom models, {store.settings.models}, is reached. Delete one first.")
        model = Model(
            **self.new_members(members, compartment),
            base=base,
            base_id=members["baseModelId"],
            vendor=members.get("vendor", base.vendor),
            version=members.get("version", "1.0"),
            fine_tune={**tuning, "trainingConfig": config},
        )
        store.models[model.id] = model
        settings = store.settings
        work = store.new_work(CREATE_MODEL, model, settings.validation_seconds + settings.training_seconds)
        work.delay, work.validation, work.cluster = settings.accepted_seconds, settings.validation_seconds, cluster
        work.related = [("model", members["baseModelId"]), ("dedicatedAiCluster", cluster.id)]
        store.begin(work)
        headers = {"etag": model.etag, "opc-work-request-id": work.id}
        if base.deprecated is not None:
            headers["model-deprecation-info"] = f"The base model {base.name} is deprecated since {base.deprecated}."
        return Response(self.describe(model), 201, headers), model.id

    def _base(self, identifier: str) -> BaseModel:
        found = self._store.models.get(identifier)
        if found is None or found.state == DELETED:
            raise related_not_found(identifier)
        if not found.pretrained or not known_base(found).training:
            raise invalid(f"The model {found.display_name} ({identifier}) cannot be fine-tuned.")
        return known_base(found)

    def _cluster(self, base: BaseModel, identifier: str) -> Cluster:
        cluster = self._store.clusters.get(identifier)
        if cluster is None or cluster.state == DELETED:
            raise related_not_found(identifier)
        if cluster.type != FINE_TUNING:
            raise invalid(f"The dedicated AI cluster {identifier} is of type {cluster.type}; it must be {FINE_TUNING}.")
        shape, units = base.tuning or ("", 0)
        if cluster.shape != shape:
            message = f"The dedicated AI cluster {identifier} has the unit shape {cluster.shape}; {base.name} needs"
            raise invalid(f"{message} {shape}.")
        if cluster.state in {CREATING, UPDATING}:
            raise incorrect_state(f"The dedicated AI cluster {identifier} is {cluster.state}; it must be {ACTIVE}.")
        if cluster.state != ACTIVE:
            raise conflict(f"The dedicated AI cluster {identifier} is {cluster.state}; it must be {ACTIVE}.")
        if cluster.units != units:
            message = f"The dedicated AI cluster {identifier} has {cluster.units} units; {base.name} needs {units}."
            raise invalid(message)
        return cluster

    def members(self, resource: Model) -> dict[str, Any]:
        """The members of Model but previousState."""
        base = known_base(resource)
        view = self.common(resource)
        view.update(
            capabilities=[c for c in base.capabilities if resource.pretrained or c != "FINE_TUNE"],
            vendor=resource.vendor,
            version=resource.version,
            baseModelId=resource.base_id,
            type="BASE" if resource.pretrained else "CUSTOM",
            fineTuneDetails=resource.fine_tune,
            isLongTermSupported=base.long_term,
            timeDeprecated=_day(base.deprecated),
            timeOnDemandRetired=_day(base.on_demand_retired) if resource.pretrained else None,
            timeDedicatedRetired=_day(base.dedicated_retired),
        )
        if resource.metrics is not None:
            kind = "CHAT_MODEL_METRICS" if "CHAT" in base.capabilities else "TEXT_GENERATION_MODEL_METRICS"
            accuracy, loss = resource.metrics
            view["modelMetrics"] = {"modelMetricsType": kind, "finalAccuracy": accuracy, "finalLoss": loss}
        return view

    def list(self, request: ParsedRequest) -> Made:
        """ListModels: those of the compartment, and the pretrained ones."""
        vendor, capabilities = request.one("vendor"), set(request.query.get("capability", []))
        known = schema.allowed(GENERATIVE_AI, "Model", "capabilities")
        for each in sorted(capabilities - known):
            raise invalid(f"capability must be one of {', '.join(sorted(known))}; got '{each}'.")
        chosen = [
            model
            for model in self._store.models.values()
            if (vendor is None or model.vendor == vendor) and (not capabilities or capabilities & self._can(model))
        ]
        return self.page(request, chosen, self._summary)

    @staticmethod
    def _can(model: Model) -> set[str]:
        return {each for each in known_base(model).capabilities if model.pretrained or each != "FINE_TUNE"}

    def _summary(self, model: Model) -> dict[str, Any]:
        view = self.members(model)
        return {key: value for key, value in view.items() if key in schema.shape(GENERATIVE_AI, "ModelSummary").members}

    def changeable(self, request: ParsedRequest) -> Model:
        """Base models cannot be."""
        found = self.table.get(request.id)
        if found is not None and found.pretrained:
            raise not_found(request.id)
        return super().changeable(request)

    def update(self, request: ParsedRequest) -> Made:
        """UpdateModel."""
        model = self.changeable(request)
        self.check_state(model, {ACTIVE}, f"it must be {ACTIVE} to be updated")
        model.previous = self.members(model)
        self.change_common(model, request.members)
        model.vendor = request.members.get("vendor", model.vendor)
        model.version = request.members.get("version", model.version)
        model.change(self._store.clock.now(), ACTIVE)
        return Response(self.describe(model), headers={"etag": model.etag}), ""

    def check_unused(self, resource: Model) -> None:
        """No endpoint."""
        users = self._store.endpoints_of(model_id=resource.id)
        if users:
            ids = ", ".join(endpoint.id for endpoint in users)
            raise conflict(f"The model {resource.id} is used by the endpoints {ids}. Delete them first.")


def _day(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


def _training_config(base: BaseModel, sent: dict[str, Any] | None) -> dict[str, Any]:
    """The settings of a training with the defaults of the base model; OciError."""
    kind = next(iter(base.training)) if sent is None else sent["trainingConfigType"]
    if kind not in base.training:
        raise invalid(
            f"trainingConfigType {kind} is not supported for {base.name}; it supports {', '.join(base.training)}."
        )
    config = sent or {}
    for name, value in config.items():
        if name == "trainingConfigType":
            continue
        low, high = (_LORA_RANGES if kind == LORA else _RANGES)[name]
        if not low <= value <= high:
            raise invalid(f"trainingConfig.{name} must be from {low:g} to {high:g}, got {value}.")
    return {"trainingConfigType": kind, **base.training[kind], **config}
