# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a dataset to a model at the example host. See :class:`_providers.base.ProviderAdapter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limits
from ansible_collections.llmops.finetune.plugins.module_utils._providers.base import (
    ModelSpec,
    Provider,
    ProviderAdapter,
    ResourceModule,
    Split,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.naming import remote_name

from . import dataset, fine_tuned_model
from .client import AUTH_SPEC
from .facts import FACTS
from .limits import limits_for


class Adapter(ProviderAdapter):
    """Files and jobs of one store."""

    model = ResourceModule(fine_tuned_model.SPEC, fine_tuned_model.build_driver)
    dataset = ResourceModule(dataset.SPEC, dataset.build_driver)
    names: Mapping[str, str] = {"epochs": "rounds"}
    run_key = "job"
    token_margin = 0.2
    hyperparameters = "rounds"
    words: Mapping[str, str] = {"flour_kind": "base_model", "recipe_file": "training_data"}

    @classmethod
    def needed(cls, spec: ModelSpec) -> list[str]:
        return [] if spec.own.get("store") else ["store"]

    def limits(self, split: Split) -> Limits:
        return limits_for(split)

    def epochs(self, examples: int) -> float | None:
        return 2

    def predict_reference(self, split: Split, sha256: str) -> str:
        return remote_name(self.spec.data_name(split), sha256)

    def read_reference(self, result: Mapping[str, Any]) -> str:
        return str(result["file"])

    def data_options(self, split: Split) -> dict[str, Any]:
        return {"store": self.spec.own["store"]}

    def model_options(self, training: Any, validation: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "store": self.spec.own["store"],
            "label": self.spec.own.get("label"),
            "name": self.spec.name,
            "flour_kind": self.spec.base_model,
            "recipe_file": training,
            "rounds": hyperparameters.get("rounds"),
        }

    def model_id(self, result: Mapping[str, Any]) -> str | None:
        return result.get("loaf")

    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        return result.get("put_in"), result.get("taken_out")


_OPTIONS = {**AUTH_SPEC, "label": fine_tuned_model.SPEC["argument_spec"]["label"]}
OPTIONS = {
    option: {key: value for key, value in spec.items() if key != "required"} for option, spec in _OPTIONS.items()
}
PROVIDER = Provider(FACTS, OPTIONS, fine_tuned_model.PHASES, Adapter)
