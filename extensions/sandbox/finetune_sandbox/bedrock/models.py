# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom models and foundation models."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.bedrock.catalogue import DISTILLATION, FINE_TUNING, PRE_TRAINING, BaseModel
from finetune_sandbox.bedrock.errors import conflict, invalid, not_found
from finetune_sandbox.bedrock.jobs import once, validation_metrics
from finetune_sandbox.bedrock.state import CustomModel, Region
from finetune_sandbox.bedrock.store import Store, created_within
from finetune_sandbox.bedrock.tags import MAX_TAGS, checked_tags

_START_OF_LIFE = 1733011200.0
_LISTED_TYPES = (FINE_TUNING, PRE_TRAINING, DISTILLATION)
"""customizationsSupported knows no other."""


class CustomModels:
    """The operations on custom models."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _status(self, model: CustomModel) -> str:
        return "Active" if self._store.clock.now() >= model.ready_at else "Creating"

    def _find(self, region: Region, identifier: str) -> CustomModel:
        model = region.model(identifier)
        if model is None:
            raise not_found("The provided model identifier is invalid or the model does not exist.")
        return model

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateCustomModel: a Nova model trained in SageMaker."""
        return {"modelArn": once(self._store, region, "model", request, lambda: self._create(region, request))}

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        if region.name != "us-east-1":
            raise invalid("CreateCustomModel is supported in us-east-1 only.")
        names = {job.model_name for job in region.active.values()} | set(region.models_by_name)
        if request["modelName"] in names:
            raise invalid("The provided model name is currently in use.")
        if ("modelSourceConfig" in request) == ("customModelDataSource" in request):
            raise invalid("Give exactly one of modelSourceConfig and customModelDataSource.")
        base = store.base_model("amazon.nova-lite-v1:0", region.name)
        if base is None:
            raise invalid("The provided model source is not supported.")
        tags = checked_tags(request.get("modelTags", []), "modelTags", MAX_TAGS)
        arn = f"arn:aws:bedrock:{region.name}:{store.account}:custom-model/imported/{store.new_id()}"
        if "roleArn" in request:
            role = store.access.assumed(request["roleArn"], arn, store.settings.role_seconds)
            source = request.get("modelSourceConfig", {}).get("s3DataSource")
            if source is not None:
                store.access.readable(role, source["s3Uri"].rstrip("/") + "/manifest.json", region.name)
        key = request.get("modelKmsKeyArn")
        now = store.clock.now()
        model = CustomModel(
            arn=arn,
            name=request["modelName"],
            sequence=store.ids.sequence(),
            created_at=now,
            base=base,
            base_arn=base.arn(region.name),
            type="IMPORTED",
            kms_arn=None if key is None else store.access.kms_key(key, region.name),
            tags=tags,
            ready_at=now + store.settings.model_seconds,
        )
        region.models[arn] = region.models_by_name[model.name] = model
        return arn

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetCustomModel."""
        model = self._find(region, request["modelIdentifier"])
        view: dict[str, Any] = {
            "modelArn": model.arn,
            "modelName": model.name,
            "baseModelArn": model.base_arn,
            "customizationType": model.type,
            "modelKmsKeyArn": model.kms_arn,
            "creationTime": model.created_at,
            "modelStatus": self._status(model),
        }
        job = model.job
        if job is not None:
            view.update(
                jobName=job.name,
                jobArn=job.arn,
                hyperParameters=job.hyperparameters,
                trainingDataConfig=job.request["trainingDataConfig"],
                validationDataConfig=job.request.get("validationDataConfig"),
                outputDataConfig=job.request["outputDataConfig"],
                trainingMetrics={"trainingLoss": job.training_loss},
                validationMetrics=validation_metrics(job),
                customizationConfig=job.request.get("customizationConfig"),
            )
        return view

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListCustomModels."""
        foundation = request.get("foundationModelArnEquals")
        base = request.get("baseModelArnEquals")
        models = [
            model
            for model in region.models.values()
            if request.get("nameContains", "").lower() in model.name.lower()
            and (base is None or _same_base(base, model.base_arn, model.base, region.name))
            and (foundation is None or _same_base(foundation, model.base.arn(region.name), model.base, region.name))
            and request.get("modelStatus") in {None, self._status(model)}
            and request.get("isOwned", True)
            and created_within(request, model.created_at, "creationTimeAfter", "creationTimeBefore")
        ]
        page, token = self._store.page(models, request, "models")
        summaries = [
            {
                "modelArn": model.arn,
                "modelName": model.name,
                "creationTime": model.created_at,
                "baseModelArn": model.base_arn,
                "baseModelName": model.base.id.partition(":")[0],
                "customizationType": model.type,
                "ownerAccountId": self._store.account,
                "modelStatus": self._status(model),
            }
            for model in page
        ]
        return {"nextToken": token, "modelSummaries": summaries}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModel."""
        model = self._find(region, request["modelIdentifier"])
        users = list(region.users(model.arn, self._store.clock.now()))
        if users:
            raise conflict(f"The model {model.arn} cannot be deleted because it is used by {', '.join(users)}.")
        if self._status(model) == "Creating":
            raise conflict(f"The model {model.arn} cannot be deleted because its status is Creating.")
        del region.models[model.arn]
        del region.models_by_name[model.name]
        return {}


def _same_base(identifier: str, arn: str, base: BaseModel, region: str) -> bool:
    """Whether a filter's ARN names this base; a foundation model also without its context suffix."""
    return identifier == arn or (
        identifier == f"arn:aws:bedrock:{region}::foundation-model/{base.id}" and arn == base.arn(region)
    )


class FoundationModels:
    """The operations on foundation models. A model is listed as it is used, and with the suffix for customization."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _entries(self, region: Region) -> list[dict[str, Any]]:
        entries = []
        for model in self._store.base_models():
            if region.name not in model.regions:
                continue
            if model.context:
                entries.append(self._describe(model, region.name, model.id, (), ("ON_DEMAND",)))
            kinds = ("PROVISIONED",) if model.types else ("ON_DEMAND",)
            entries.append(self._describe(model, region.name, model.full_id, model.types, kinds))
        return entries

    @staticmethod
    def _describe(
        model: BaseModel, region: str, id_: str, types: tuple[str, ...], inference: tuple[str, ...]
    ) -> dict[str, Any]:
        return {
            "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{id_}",
            "modelId": id_,
            "modelName": model.name,
            "providerName": model.provider,
            "inputModalities": list(model.inputs),
            "outputModalities": list(model.outputs),
            "responseStreamingSupported": model.outputs == ("TEXT",),
            "customizationsSupported": [type_ for type_ in types if type_ in _LISTED_TYPES],
            "inferenceTypesSupported": list(inference),
            "modelLifecycle": {
                "status": "LEGACY" if model.legacy else "ACTIVE",
                "startOfLifeTime": _START_OF_LIFE,
            },
        }

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListFoundationModels."""
        view = [
            each
            for each in self._entries(region)
            if request.get("byProvider", each["providerName"]).lower() == each["providerName"].lower()
            and request.get("byCustomizationType") in {None, *each["customizationsSupported"]}
            and request.get("byOutputModality") in {None, *each["outputModalities"]}
            and request.get("byInferenceType") in {None, *each["inferenceTypesSupported"]}
        ]
        return {"modelSummaries": view}

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetFoundationModel."""
        identifier = request["modelIdentifier"]
        for each in self._entries(region):
            if identifier in {each["modelId"], each["modelArn"]}:
                return {"modelDetails": each}
        raise not_found("The provided model identifier is invalid.")
