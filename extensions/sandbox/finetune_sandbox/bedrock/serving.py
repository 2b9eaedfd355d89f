# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which model answers under an ARN at this moment, or why none does: for inference."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from finetune_sandbox.bedrock.catalogue import BaseModel
from finetune_sandbox.bedrock.state import ACTIVE, CREATING, IN_SERVICE, UPDATING, CustomModel, Region
from finetune_sandbox.bedrock.store import Store


class Problem(enum.Enum):
    """Why nothing answers."""

    MISSING = "missing"  # there is no such deployment, throughput or model in this region
    NOT_READY = "not ready"  # it is being created
    FAILED = "failed"
    DELETING = "deleting"
    NOT_DEPLOYED = "not deployed"  # a custom model, which answers through a deployment or a throughput only
    NEEDS_THROUGHPUT = "needs throughput"  # a base model under the id for customization


@dataclass(frozen=True)
class Serving:
    """The model that answers: a custom one, or a base model. problem: why none does."""

    model: CustomModel | BaseModel | None = None
    problem: Problem | None = None


def serving(store: Store, region: Region, identifier: str) -> Serving:
    """What answers under the ARN of a deployment, throughput or custom model, or under a base model's id or ARN.

    region: as `store.region` gives it, so that all updates are done that are due. While a model is changed, the
    former one answers. Call under the lock.
    """
    now = store.clock.now()
    deployment, throughput = region.deployments.get(identifier), region.throughputs.get(identifier)
    served = deployment or throughput
    if served is not None:
        status = served.status(now)
        if status in {ACTIVE, IN_SERVICE, UPDATING}:
            return _found(store, region, served.model_arn)
        return Serving(problem=Problem.NOT_READY if status == CREATING else Problem(status.lower()))
    if region.model(identifier) is not None:
        return Serving(problem=Problem.NOT_DEPLOYED)
    base = store.base_model(identifier, region.name)
    if base is None:
        return Serving(problem=Problem.MISSING)
    if base.context and identifier.rpartition("/")[2] == base.full_id:
        return Serving(problem=Problem.NEEDS_THROUGHPUT)
    return Serving(base)


def _found(store: Store, region: Region, model_arn: str) -> Serving:
    model = region.models.get(model_arn) or store.base_model(model_arn, region.name)
    return Serving(model) if model is not None else Serving(problem=Problem.MISSING)
