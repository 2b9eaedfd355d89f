# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom models, their deployments and provisioned throughput, and the foundation models."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.bedrock.catalogue import DISTILLATION, FINE_TUNING, PRE_TRAINING, BaseModel
from finetune_sandbox.bedrock.errors import conflict, invalid, not_found, over_quota
from finetune_sandbox.bedrock.jobs import once, validation_metrics
from finetune_sandbox.bedrock.state import CustomModel, Deployment, Region, Throughput
from finetune_sandbox.bedrock.store import Store
from finetune_sandbox.bedrock.tags import MAX_TAGS, checked_tags

_DAY = 86400.0
_TERMS = {"OneMonth": 30 * _DAY, "SixMonths": 180 * _DAY}
_START_OF_LIFE = 1733011200.0
_LISTED_TYPES = (FINE_TUNING, PRE_TRAINING, DISTILLATION)
"""customizationsSupported knows no other."""


def _within(request: dict[str, Any], created: float, after: str, before: str) -> bool:
    return bool(request.get(after, float("-inf")) < created < request.get(before, float("inf")))


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
        shown: dict[str, Any] = {
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
            shown.update(
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
        return shown

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
            and _within(request, model.created_at, "creationTimeAfter", "creationTimeBefore")
        ]
        shown, token = self._store.page(models, request, "models")
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
            for model in shown
        ]
        return {"nextToken": token, "modelSummaries": summaries}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModel."""
        model = self._find(region, request["modelIdentifier"])
        users = list(region.users(model.arn))
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


class Deployments:
    """The operations on custom model deployments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _find(self, region: Region, identifier: str) -> Deployment:
        found = region.deployment(identifier)
        if found is None:
            raise not_found("The provided custom model deployment does not exist.")
        now = self._store.clock.now()
        if found.update is not None and now >= found.update[1]:
            found.model_arn = found.update[0]
        return found

    def _status(self, deployment: Deployment) -> str:
        return "Active" if self._store.clock.now() >= deployment.ready_at else "Creating"

    def _model(self, region: Region, arn: str) -> CustomModel:
        model = region.models.get(arn)
        if model is None:
            raise not_found("The provided model identifier is invalid or the model does not exist.")
        if not model.base.deployable:
            raise invalid(f"On-demand deployment is not supported for models based on {model.base.full_id}.")
        if self._store.clock.now() < model.ready_at:
            raise invalid(f"The model {arn} is not Active.")
        return model

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateCustomModelDeployment."""
        arn = once(self._store, region, "deployment", request, lambda: self._create(region, request))
        return {"customModelDeploymentArn": arn}

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        name = request["modelDeploymentName"]
        if any(each.name == name for each in region.deployments.values()):
            raise invalid("The provided deployment name is currently in use.")
        model = self._model(region, request["modelArn"])
        now = store.clock.now()
        arn = f"arn:aws:bedrock:{region.name}:{store.account}:custom-model-deployment/{store.new_id()}"
        region.deployments[arn] = Deployment(
            arn=arn,
            name=name,
            sequence=store.ids.sequence(),
            created_at=now,
            model_arn=model.arn,
            ready_at=now + store.settings.deployment_seconds,
            description=request.get("description"),
            tags=checked_tags(request.get("tags", []), "tags", MAX_TAGS),
            changed_at=now,
        )
        return arn

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetCustomModelDeployment."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        update = None
        if found.update is not None:
            done = self._store.clock.now() >= found.update[1]
            update = {"modelArn": found.update[0], "updateStatus": "UpdateCompleted" if done else "Updating"}
        return {
            "customModelDeploymentArn": found.arn,
            "modelDeploymentName": found.name,
            "modelArn": found.model_arn,
            "createdAt": found.created_at,
            "status": self._status(found),
            "description": found.description,
            "updateDetails": update,
            "lastUpdatedAt": max(found.changed_at, min(found.ready_at, self._store.clock.now())),
        }

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListCustomModelDeployments."""
        for arn in region.deployments:
            self._find(region, arn)
        found = [
            each
            for each in region.deployments.values()
            if request.get("nameContains", "").lower() in each.name.lower()
            and request.get("statusEquals") in {None, self._status(each)}
            and request.get("modelArnEquals") in {None, each.model_arn}
            and _within(request, each.created_at, "createdAfter", "createdBefore")
        ]
        shown, token = self._store.page(found, request, "deployments")
        summaries = [
            {
                "customModelDeploymentArn": each.arn,
                "customModelDeploymentName": each.name,
                "modelArn": each.model_arn,
                "createdAt": each.created_at,
                "status": self._status(each),
                "lastUpdatedAt": max(each.changed_at, each.created_at),
            }
            for each in shown
        ]
        return {"nextToken": token, "modelDeploymentSummaries": summaries}

    def update(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateCustomModelDeployment."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        model = self._model(region, request["modelArn"])
        now = self._store.clock.now()
        if self._status(found) != "Active" or (found.update is not None and now < found.update[1]):
            raise invalid(f"The deployment {found.arn} cannot be updated while it is being created or updated.")
        old = region.models.get(found.model_arn)
        if old is not None and old.base.id != model.base.id:
            raise invalid("The new model must have the same base model as the deployed one.")
        found.update = (model.arn, now + self._store.settings.deployment_seconds)
        found.changed_at = now
        return {"customModelDeploymentArn": found.arn}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModelDeployment."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        if self._status(found) == "Creating":
            raise conflict(f"The deployment {found.arn} cannot be deleted because its status is Creating.")
        del region.deployments[found.arn]
        return {}


class Throughputs:
    """The operations on provisioned throughput."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _find(self, region: Region, identifier: str) -> Throughput:
        found = region.throughput(identifier)
        if found is None:
            raise not_found("The provided provisioned model does not exist.")
        if self._store.clock.now() >= found.busy_until:
            found.model_arn, found.updating = found.desired, False
        return found

    def _status(self, throughput: Throughput) -> str:
        if self._store.clock.now() >= throughput.busy_until:
            return "InService"
        return "Updating" if throughput.updating else "Creating"

    def _model(self, region: Region, identifier: str) -> tuple[str, str]:
        """(ARN of the model, ARN of its foundation model)."""
        model = region.model(identifier)
        if model is not None:
            if self._store.clock.now() < model.ready_at:
                raise invalid(f"The model {model.arn} is not Active.")
            return model.arn, model.base.arn(region.name)
        base = self._store.base_model(identifier, region.name)
        if base is None:
            raise invalid("The provided model identifier is invalid.")
        return base.arn(region.name), base.arn(region.name)

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateProvisionedModelThroughput."""
        arn = once(self._store, region, "throughput", request, lambda: self._create(region, request))
        return {"provisionedModelArn": arn}

    def _check_committed(self, region: Region, units: int) -> None:
        """An account has no model units with a commitment until AWS grants it some."""
        limit = self._store.settings.committed_units
        used = sum(each.units for each in region.throughputs.values() if each.commitment is not None)
        if used + units > limit:
            raise over_quota(f"You have exceeded your quota of model units with a commitment ({limit}).")

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        name = request["provisionedModelName"]
        if any(each.name == name for each in region.throughputs.values()):
            raise invalid("The provided provisioned model name is currently in use.")
        model_arn, foundation_arn = self._model(region, request["modelId"])
        now = store.clock.now()
        arn = f"arn:aws:bedrock:{region.name}:{store.account}:provisioned-model/{store.new_id()}"
        term = request.get("commitmentDuration")
        if term is not None:
            self._check_committed(region, request["modelUnits"])
        region.throughputs[arn] = Throughput(
            arn=arn,
            name=name,
            sequence=store.ids.sequence(),
            created_at=now,
            units=request["modelUnits"],
            model_arn=model_arn,
            desired=model_arn,
            foundation_arn=foundation_arn,
            busy_until=now + store.settings.throughput_seconds,
            commitment=term,
            expires_at=None if term is None else now + _TERMS[term],
            tags=checked_tags(request.get("tags", []), "tags", MAX_TAGS),
            changed_at=now,
        )
        return arn

    def _shown(self, each: Throughput) -> dict[str, Any]:
        return {
            "modelUnits": each.units if self._status(each) != "Creating" else each.units,
            "desiredModelUnits": each.units,
            "provisionedModelName": each.name,
            "provisionedModelArn": each.arn,
            "modelArn": each.model_arn,
            "desiredModelArn": each.desired,
            "foundationModelArn": each.foundation_arn,
            "status": self._status(each),
            "creationTime": each.created_at,
            "lastModifiedTime": max(each.changed_at, min(each.busy_until, self._store.clock.now())),
            "commitmentDuration": each.commitment,
            "commitmentExpirationTime": each.expires_at,
        }

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetProvisionedModelThroughput."""
        return self._shown(self._find(region, request["provisionedModelId"]))

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListProvisionedModelThroughputs."""
        found = [
            each
            for each in (self._find(region, arn) for arn in region.throughputs)
            if request.get("nameContains", "").lower() in each.name.lower()
            and request.get("statusEquals") in {None, self._status(each)}
            and request.get("modelArnEquals") in {None, each.model_arn}
            and _within(request, each.created_at, "creationTimeAfter", "creationTimeBefore")
        ]
        shown, token = self._store.page(found, request, "throughputs")
        return {"nextToken": token, "provisionedModelSummaries": [self._shown(each) for each in shown]}

    def update(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateProvisionedModelThroughput: name and model only."""
        found = self._find(region, request["provisionedModelId"])
        if self._status(found) != "InService":
            raise invalid(
                f"The provisioned model {found.arn} cannot be updated while its status is {self._status(found)}."
            )
        name, model = request.get("desiredProvisionedModelName"), request.get("desiredModelId")
        if name is None and model is None:
            raise invalid("Give desiredProvisionedModelName, desiredModelId, or both.")
        if name is not None and any(each.name == name and each is not found for each in region.throughputs.values()):
            raise invalid("The provided provisioned model name is currently in use.")
        now = self._store.clock.now()
        if model is not None:
            arn, foundation = self._model(region, model)
            if foundation != found.foundation_arn:
                raise invalid("The desired model must have the same base model as the provisioned one.")
            found.desired, found.updating = arn, True
            found.busy_until = now + self._store.settings.throughput_seconds
        found.name, found.changed_at = name or found.name, now
        return {}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteProvisionedModelThroughput."""
        found = self._find(region, request["provisionedModelId"])
        if found.expires_at is not None and self._store.clock.now() < found.expires_at:
            raise conflict(f"The provisioned model {found.arn} cannot be deleted before its commitment term ends.")
        if self._status(found) != "InService":
            raise conflict(
                f"The provisioned model {found.arn} cannot be deleted while its status is {self._status(found)}."
            )
        del region.throughputs[found.arn]
        return {}


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
                entries.append(self._shown(model, region.name, model.id, (), ("ON_DEMAND",)))
            kinds = ("PROVISIONED",) if model.types else ("ON_DEMAND",)
            entries.append(self._shown(model, region.name, model.full_id, model.types, kinds))
        return entries

    @staticmethod
    def _shown(
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
        shown = [
            each
            for each in self._entries(region)
            if request.get("byProvider", each["providerName"]).lower() == each["providerName"].lower()
            and request.get("byCustomizationType") in {None, *each["customizationsSupported"]}
            and request.get("byOutputModality") in {None, *each["outputModalities"]}
            and request.get("byInferenceType") in {None, *each["inferenceTypesSupported"]}
        ]
        return {"modelSummaries": shown}

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetFoundationModel."""
        identifier = request["modelIdentifier"]
        for each in self._entries(region):
            if identifier in {each["modelId"], each["modelArn"]}:
                return {"modelDetails": each}
        raise not_found("The provided model identifier is invalid.")
