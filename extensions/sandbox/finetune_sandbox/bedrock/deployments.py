# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom model deployments: on-demand inference.

Sources: the service model, and "Deploy a custom model for on-demand inference" in the user guide (2026).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from finetune_sandbox.bedrock.catalogue import EAST, WEST
from finetune_sandbox.bedrock.errors import conflict, invalid, not_found, over_quota
from finetune_sandbox.bedrock.jobs import once
from finetune_sandbox.bedrock.service import Unmodelled
from finetune_sandbox.bedrock.state import (
    ACTIVE,
    CREATING,
    DELETING,
    FAIL_CREATION,
    FAIL_UPDATE,
    FAILED,
    UPDATING,
    CustomModel,
    Deployment,
    ModelUpdate,
    Region,
)
from finetune_sandbox.bedrock.store import Store, created_within
from finetune_sandbox.bedrock.tags import MAX_TAGS, checked_tags

_REGIONS = (EAST, WEST)
_FIRST_DAY = datetime(2025, 7, 16, tzinfo=timezone.utc).timestamp()
"""Models that were made before cannot be deployed on demand."""


class Deployments:
    """The operations on custom model deployments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _find(self, region: Region, identifier: str) -> Deployment:
        found = region.deployment(identifier)
        if found is None:
            raise not_found("The provided custom model deployment does not exist.")
        return found

    def _model(self, region: Region, arn: str) -> CustomModel:
        model = region.models.get(arn)
        if model is None:
            raise not_found("The provided model identifier is invalid or the model does not exist.")
        if not model.base.deployable:
            raise invalid(f"On-demand deployment is not supported for models based on {model.base.full_id}.")
        if model.created_at < _FIRST_DAY:
            raise invalid(f"The model {arn} was customized before 2025-07-16 and cannot be deployed on demand.")
        if self._store.clock.now() < model.ready_at:
            raise invalid(f"The model {arn} is not Active.")
        return model

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateCustomModelDeployment."""
        if region.name not in _REGIONS:
            raise invalid(f"On-demand deployment of custom models is not supported in {region.name}.")
        arn = once(self._store, region, "deployment", request, lambda: self._create(region, request), invalid)
        return {"customModelDeploymentArn": arn}

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        name = request["modelDeploymentName"]
        if any(each.name == name for each in region.deployments.values()):
            raise invalid("The provided deployment name is currently in use.")
        model = self._model(region, request["modelArn"])
        if len(region.deployments) >= store.settings.deployments:
            raise over_quota(
                f"You have exceeded your quota of custom model deployments ({store.settings.deployments})."
            )
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
            failure=store.failure_of(FAIL_CREATION, name),
        )
        return arn

    def _status(self, deployment: Deployment) -> str:
        status = deployment.status(self._store.clock.now())
        return Unmodelled(status) if status == DELETING else status

    def _failure(self, deployment: Deployment) -> str | None:
        now, update = self._store.clock.now(), deployment.update
        if self._status(deployment) == FAILED:
            return deployment.failure
        return update.failure if update is not None and not update.runs(now) else None

    def _changed(self, deployment: Deployment) -> float:
        """When something last happened to it."""
        ends = [deployment.ready_at]
        if deployment.update is not None:
            ends.append(deployment.update.ends_at)
        now = self._store.clock.now()
        return max(deployment.changed_at, *(end for end in (*ends, deployment.created_at) if end <= now))

    def _update_details(self, deployment: Deployment) -> dict[str, str] | None:
        update = deployment.update
        if update is None:
            return None
        ended = "UpdateCompleted" if update.failure is None else "UpdateFailed"
        return {
            "modelArn": update.model_arn,
            "updateStatus": "Updating" if update.runs(self._store.clock.now()) else ended,
        }

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetCustomModelDeployment."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        return {
            "customModelDeploymentArn": found.arn,
            "modelDeploymentName": found.name,
            "modelArn": found.model_arn,
            "createdAt": found.created_at,
            "status": self._status(found),
            "description": found.description,
            "updateDetails": self._update_details(found),
            "failureMessage": self._failure(found),
            "lastUpdatedAt": self._changed(found),
        }

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListCustomModelDeployments."""
        found = [
            each
            for each in region.deployments.values()
            if request.get("nameContains", "").lower() in each.name.lower()
            and request.get("statusEquals") in {None, self._status(each)}
            and request.get("modelArnEquals") in {None, each.model_arn}
            and created_within(request, each.created_at, "createdAfter", "createdBefore")
        ]
        page, token = self._store.page(found, request, "deployments")
        summaries = [
            {
                "customModelDeploymentArn": each.arn,
                "customModelDeploymentName": each.name,
                "modelArn": each.model_arn,
                "createdAt": each.created_at,
                "status": self._status(each),
                "lastUpdatedAt": self._changed(each),
                "failureMessage": self._failure(each),
            }
            for each in page
        ]
        return {"nextToken": token, "modelDeploymentSummaries": summaries}

    def update(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateCustomModelDeployment. Until it is done, the former model serves."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        model = self._model(region, request["modelArn"])
        now = self._store.clock.now()
        if self._status(found) != ACTIVE:
            raise invalid(f"The deployment {found.arn} cannot be updated while its status is {self._status(found)}.")
        if found.update is not None and found.update.runs(now):
            raise invalid(f"The deployment {found.arn} cannot be updated while another update is in progress.")
        old = region.models.get(found.model_arn)
        if old is not None and old.base.id != model.base.id:
            raise invalid("The new model must have the same base model as the deployed one.")
        failure = self._store.failure_of(FAIL_UPDATE, found.name)
        found.update = ModelUpdate(model.arn, now + self._store.settings.deployment_seconds, failure)
        found.changed_at = now
        region.settle(now)
        return {"customModelDeploymentArn": found.arn}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteCustomModelDeployment. It is `Deleting` for a while, and uses its model until it is gone."""
        found = self._find(region, request["customModelDeploymentIdentifier"])
        now = self._store.clock.now()
        busy = self._status(found) if self._status(found) in {CREATING, DELETING} else ""
        if found.update is not None and found.update.runs(now):
            busy = busy or UPDATING
        if busy:
            raise conflict(f"The deployment {found.arn} cannot be deleted because its status is {busy}.")
        found.gone_at = now + self._store.settings.deletion_seconds
        found.changed_at = now
        region.settle(now)
        return {}
