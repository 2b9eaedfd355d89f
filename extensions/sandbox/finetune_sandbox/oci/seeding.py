# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenancies with a past: old models, made at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finetune_sandbox.oci import training
from finetune_sandbox.oci.catalogue import MODELS
from finetune_sandbox.oci.state import ACTIVE, DELETED, FAILED, Model
from finetune_sandbox.oci.store import Store
from finetune_sandbox.server.checks import ControlError, Fields

_STATES = (ACTIVE, ACTIVE, ACTIVE, FAILED, ACTIVE, ACTIVE, DELETED, ACTIVE)
_DAY = 86400.0
_FAILURE = "Invalid training dataset. Line 1: every line must be a JSON object."


def seed(store: Store, compartment: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Make old models (docs/sandbox.md, "Seeding"). Returns their OCIDs, oldest first."""
    fields = Fields(spec, "seed")
    compartment = fields.text("compartment_id", compartment)
    days = fields.number("days", 365, low=1, high=3650)
    tags = fields.strings("freeform_tags")
    name = fields.text("display_name", "old-{i}")
    value = fields.anything("models")
    fields.done()
    if compartment not in store.compartments:
        raise ControlError(f"seed: there is no compartment {compartment!r}.")
    plans = _plans(value, days)
    made = [_model(store, compartment, index, own, ago, tags, name) for index, (own, ago) in enumerate(plans)]
    return {"models": [model.id for model in made]}


def _plans(value: Any, days: float) -> list[tuple[dict[str, Any], float]]:
    """(spec, seconds ago), oldest first."""
    if isinstance(value, bool) or not isinstance(value, (int, list)):
        raise ControlError(f"seed: 'models' must be a number or a list of objects, got {value!r}.")
    if isinstance(value, int):
        if not 0 <= value <= 200_000:
            raise ControlError(f"seed: 'models' must be from 0 to 200000, got {value}.")
        return [({}, _DAY + (value - index) * days * _DAY / value) for index in range(value)]
    if not all(isinstance(item, Mapping) for item in value):
        raise ControlError("seed: 'models' must be a number or a list of objects.")
    return [(dict(item), _DAY + (len(value) - index) * 60.0) for index, item in enumerate(value)]


def _model(
    store: Store, compartment: str, index: int, spec: dict[str, Any], ago: float, tags: dict[str, str], name: str
) -> Model:
    fields = Fields(spec, f"seed: models[{index}]")
    bases = [base for base in MODELS if base.training]
    wanted = fields.text("base_model", bases[index % len(bases)].name)
    base = next((each for each in bases if each.name == wanted), None)
    if base is None:
        raise ControlError(f"seed: models[{index}]: {wanted!r} is not a model that can be fine-tuned here.")
    state = fields.choice("state", (ACTIVE, FAILED, DELETED), _STATES[index % len(_STATES)]) or ACTIVE
    ago = fields.number("ago", ago, low=0)
    config = fields.anything("training_config") or {}
    if not isinstance(config, Mapping):
        raise ControlError(f"seed: models[{index}]: 'training_config' must be an object (names as in the API).")
    kind = str(config.get("trainingConfigType", next(iter(base.training))))
    if kind not in base.training or set(config) - {"trainingConfigType", *base.training[kind]}:
        raise ControlError(f"seed: models[{index}]: 'training_config' does not fit {base.name}.")
    number = str(index)
    own_tags = fields.strings("freeform_tags") if fields.has("freeform_tags") else tags
    dataset = {
        "datasetType": "OBJECT_STORAGE",
        "namespaceName": store.namespace,
        "bucketName": fields.text("bucket", "old-data"),
        "objectName": fields.text("object", "train-{i}.jsonl").replace("{i}", number),
    }
    cluster_id = fields.text("dedicated_ai_cluster_id", "ocid1.generativeaidedicatedaicluster.oc1..deleted")
    created = store.clock.now() - ago
    model = Model(
        store.new_id("generativeaimodel"),
        store.ids.sequence(),
        compartment,
        created,
        fields.text("display_name", name).replace("{i}", number),
        fields.optional_text("description"),
        {key: value.replace("{i}", number) for key, value in own_tags.items()},
        state=state,
        updated_at=min(created + store.settings.validation_seconds + store.settings.training_seconds, created + ago),
        base=base,
        base_id=base.id(store.region),
        vendor=fields.text("vendor", base.vendor),
        version=fields.text("version", "1.0"),
        fine_tune={
            "trainingDataset": dataset,
            "dedicatedAiClusterId": cluster_id,
            "trainingConfig": {"trainingConfigType": kind, **base.training[kind], **config},
        },
        seeded=True,
    )
    failure = fields.text("failure", _FAILURE)
    fields.done()
    if state == FAILED:
        model.details = failure
    else:
        model.metrics = training.final(model, 200)
    store.models[model.id] = model
    if state == DELETED:
        store.show_deleted(model, store.clock.now())
    return model
