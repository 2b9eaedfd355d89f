# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provisioned throughput: model units, paid by the hour.

Sources: the service model, and "Provisioned Throughput" in the user guide (2026).
"""

from __future__ import annotations

from typing import Any

from finetune_sandbox.bedrock.errors import conflict, invalid, not_found, over_quota
from finetune_sandbox.bedrock.jobs import once
from finetune_sandbox.bedrock.state import (
    FAIL_CREATION,
    FAIL_UPDATE,
    FAILED,
    IN_SERVICE,
    ModelUpdate,
    Region,
    Throughput,
)
from finetune_sandbox.bedrock.store import Store, created_within
from finetune_sandbox.bedrock.tags import MAX_TAGS, checked_tags

_DAY = 86400.0
_TERMS = {"OneMonth": 30 * _DAY, "SixMonths": 180 * _DAY}


class Throughputs:
    """The operations on provisioned throughput."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _find(self, region: Region, identifier: str) -> Throughput:
        found = region.throughput(identifier)
        if found is None:
            raise not_found("The provided provisioned model does not exist.")
        return found

    def _status(self, throughput: Throughput) -> str:
        return throughput.status(self._store.clock.now())

    def _model(self, region: Region, identifier: str) -> tuple[str, str]:
        """(ARN of the model, ARN of its foundation model)."""
        model = region.model(identifier)
        if model is not None:
            if self._store.clock.now() < model.ready_at:
                raise invalid(f"The model {model.arn} is not Active.")
            return model.arn, model.base.arn(region.name)
        if ":custom-model/" in identifier:
            raise not_found("The provided model identifier is invalid or the model does not exist.")
        base = self._store.base_model(identifier, region.name)
        if base is None:
            raise invalid("The provided model identifier is invalid.")
        return base.arn(region.name), base.arn(region.name)

    def _check_name(self, region: Region, name: str, own: Throughput | None = None) -> None:
        if any(each.name == name and each is not own for each in region.throughputs.values()):
            raise invalid("The provided provisioned model name is currently in use.")

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateProvisionedModelThroughput."""
        arn = once(self._store, region, "throughput", request, lambda: self._create(region, request), invalid)
        return {"provisionedModelArn": arn}

    def _check_quota(self, region: Region, units: int, *, committed: bool) -> None:
        """An account has no model units with a commitment until AWS grants it some, and few without one."""
        settings = self._store.settings
        limit = settings.committed_units if committed else settings.units
        used = sum(each.units for each in region.throughputs.values() if (each.commitment is not None) == committed)
        if used + units > limit:
            what = "with a commitment" if committed else "without a commitment"
            raise over_quota(f"You have exceeded your quota of model units {what} ({limit}).")

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        self._check_name(region, request["provisionedModelName"])
        model_arn, foundation_arn = self._model(region, request["modelId"])
        term = request.get("commitmentDuration")
        self._check_quota(region, request["modelUnits"], committed=term is not None)
        now = store.clock.now()
        arn = f"arn:aws:bedrock:{region.name}:{store.account}:provisioned-model/{store.new_id()}"
        region.throughputs[arn] = Throughput(
            arn=arn,
            name=request["provisionedModelName"],
            sequence=store.ids.sequence(),
            created_at=now,
            units=request["modelUnits"],
            model_arn=model_arn,
            foundation_arn=foundation_arn,
            ready_at=now + store.settings.throughput_seconds,
            commitment=term,
            expires_at=None if term is None else now + _TERMS[term],
            tags=checked_tags(request.get("tags", []), "tags", MAX_TAGS),
            changed_at=now,
            failure=store.failure_of(FAIL_CREATION, request["provisionedModelName"]),
        )
        return arn

    def _changed(self, each: Throughput) -> float:
        """When something last happened to it. One that failed while it was made was never changed."""
        now = self._store.clock.now()
        ends = [] if each.failure is not None else [each.ready_at]
        if each.update is not None:
            ends.append(each.update.ends_at)
        return max(each.changed_at, *(end for end in (*ends, each.created_at) if end <= now))

    def _describe(self, each: Throughput, *, summary: bool) -> dict[str, Any]:
        now, update = self._store.clock.now(), each.update
        view = {
            "modelUnits": each.units,
            "desiredModelUnits": each.units,
            "provisionedModelName": each.name,
            "provisionedModelArn": each.arn,
            "modelArn": each.model_arn,
            "desiredModelArn": each.model_arn if update is None else update.model_arn,
            "foundationModelArn": each.foundation_arn,
            "status": self._status(each),
            "creationTime": each.created_at,
            "lastModifiedTime": self._changed(each),
            "commitmentDuration": each.commitment,
            "commitmentExpirationTime": each.expires_at,
        }
        if not summary and self._status(each) == FAILED:
            view["failureMessage"] = each.failure
        elif not summary and update is not None and not update.runs(now):
            view["failureMessage"] = update.failure
        return view

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetProvisionedModelThroughput."""
        return self._describe(self._find(region, request["provisionedModelId"]), summary=False)

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListProvisionedModelThroughputs."""
        found = [
            each
            for each in region.throughputs.values()
            if request.get("nameContains", "").lower() in each.name.lower()
            and request.get("statusEquals") in {None, self._status(each)}
            and request.get("modelArnEquals") in {None, each.model_arn}
            and created_within(request, each.created_at, "creationTimeAfter", "creationTimeBefore")
        ]
        page, token = self._store.page(found, request, "throughputs")
        summaries = [self._describe(each, summary=True) for each in page]
        return {"nextToken": token, "provisionedModelSummaries": summaries}

    def update(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateProvisionedModelThroughput: name and model only. Until it is done, the former model serves."""
        found = self._find(region, request["provisionedModelId"])
        if self._status(found) != IN_SERVICE:
            raise invalid(
                f"The provisioned model {found.arn} cannot be updated while its status is {self._status(found)}."
            )
        name, model = request.get("desiredProvisionedModelName"), request.get("desiredModelId")
        if name is None and model is None:
            raise invalid("Give desiredProvisionedModelName, desiredModelId, or both.")
        if name is not None:
            self._check_name(region, name, found)
        now = self._store.clock.now()
        if model is not None:
            if found.model_arn == found.foundation_arn and found.update is None:
                raise invalid("The model of a provisioned model that was made for a base model cannot be changed.")
            arn, foundation = self._model(region, model)
            if foundation != found.foundation_arn:
                raise invalid("The desired model must have the same base model as the provisioned one.")
            failure = self._store.failure_of(FAIL_UPDATE, found.name)
            found.update = ModelUpdate(arn, now + self._store.settings.throughput_seconds, failure)
        found.name, found.changed_at = name or found.name, now
        region.settle(now)
        return {}

    def delete(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteProvisionedModelThroughput."""
        found = self._find(region, request["provisionedModelId"])
        if found.expires_at is not None and self._store.clock.now() < found.expires_at:
            raise conflict(f"The provisioned model {found.arn} cannot be deleted before its commitment term ends.")
        if self._status(found) not in {IN_SERVICE, FAILED}:
            raise conflict(
                f"The provisioned model {found.arn} cannot be deleted while its status is {self._status(found)}."
            )
        del region.throughputs[found.arn]
        return {}
