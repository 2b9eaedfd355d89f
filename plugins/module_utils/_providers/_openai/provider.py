# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a dataset to a model at an OpenAI-style host. See :class:`_providers.base.ProviderAdapter`.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..._dataset.limits import Limits
from ..._engine.compare import number
from ..._engine.errors import InvalidInput
from ..._engine.types import Driver
from ..base import ModelSpec, Provider, ProviderAdapter, ResourceModule, Split
from . import dataset, desired, fine_tuned_model
from .client import AUTH_SPEC
from .facts import FACTS
from .hosts import host_for
from .jobs import PHASES
from .limits import limits_for
from .steps import read_steps

_JOB_OPTIONS = (
    "job_id",
    "suffix",
    "seed",
    "method",
    "integrations",
    "metadata",
    "training_type",
    "missing_model_id",
    "extra_body",
)
OPTIONS = {
    **AUTH_SPEC,
    **{option: desired.SPEC["argument_spec"][option] for option in _JOB_OPTIONS},
    "expires_after": dataset.SPEC["argument_spec"]["expires_after"],
}
_FORMATS = {"dpo": "openai_preference", "reinforcement": "openai_reinforcement"}
_OLD_BASES = ("babbage-002", "davinci-002")  # the only ones that take prompt and completion
# The number of epochs that 'auto' means: OpenAI cookbook, "Data preparation and analysis for chat model fine-tuning".
_EPOCHS, _FEWEST, _MOST, _MOST_EPOCHS = 3, 100, 25_000, 25
_LOSSES = {"training": ("train_loss",), "validation": ("full_valid_loss", "valid_loss")}


class Adapter(ProviderAdapter):
    """The adapter for files and jobs of one host."""

    model = ResourceModule(desired.SPEC, fine_tuned_model.build_driver)
    dataset = ResourceModule(dataset.SPEC, dataset.build_driver)
    names: Mapping[str, str] = {
        "epochs": "n_epochs",
        "batch_size": "batch_size",
        "learning_rate_multiplier": "learning_rate_multiplier",
    }
    run_key = "job_id"
    # The estimate uses o200k_base, the vocabulary of OpenAI's current models.
    token_margin = 0.15
    words: Mapping[str, str] = {
        "model": "base_model",
        "training_file": "training_data",
        "validation_file": "validation_data",
    }

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        self._method = dict(spec.own.get("method") or {})
        own = self._own_hyperparameters()
        twice = [name for name in own if name in spec.hyperparameters or self._neutral(name) in spec.hyperparameters]
        if twice:
            raise InvalidInput(
                f"hyperparameters: {twice[0]} is given twice, here and in openai.method.", hint="Give it once."
            )

    def _own_hyperparameters(self) -> dict[str, Any]:
        """The hyperparameters in the option ``method``."""
        found = dict(self._method.get(str(self._method.get("type"))) or {}).get("hyperparameters") or {}
        return {name: value for name, value in found.items() if value is not None}

    def _neutral(self, name: str) -> str | None:
        return next((neutral for neutral, own in self.names.items() if own == name), None)

    def formats(self) -> Sequence[str]:
        """The format of the method. The oldest base models have their own format."""
        base = str(self.spec.base_model or "")
        usual = "openai_completion" if base.startswith(_OLD_BASES) else "openai_chat"
        return (_FORMATS.get(str(self._method.get("type")), usual),)

    def limits(self, split: Split) -> Limits:
        """The limits of the kind of host."""
        return limits_for(host_for(self.spec.own).kind, split)

    def epochs(self, examples: int) -> float | None:
        """The epochs in the option ``method``, or else the usual result of 'auto'."""
        asked = number(self._own_hyperparameters().get("n_epochs"))
        if asked is not None:
            return asked
        if examples * _EPOCHS < _FEWEST:
            return min(_MOST_EPOCHS, math.ceil(_FEWEST / max(1, examples)))
        if examples * _EPOCHS > _MOST:
            return max(1, _MOST // examples)
        return _EPOCHS

    def predict_reference(self, split: Split, sha256: str) -> str:
        """The content and the name of the file: its id cannot be predicted."""
        return f"sha256:{sha256}:{self.spec.data_name(split)}"

    def read_reference(self, result: Mapping[str, Any]) -> str:
        """The file's id."""
        return str(result["file_id"])

    def data_options(self, split: Split) -> dict[str, Any]:
        """The options of openai_dataset."""
        return self.own((*AUTH_SPEC, "expires_after"))

    def model_options(self, training: Any, validation: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The options of openai_fine_tuned_model. If a method is named, the hyperparameters become part of it."""
        method = {key: value for key, value in self._method.items() if value is not None}
        short = dict(hyperparameters)
        if method and short:
            kind = str(method.get("type"))
            values = method.get(kind) or {}
            method[kind] = {**values, "hyperparameters": {**(values.get("hyperparameters") or {}), **short}}
            short = {}
        return {
            **self.own((*AUTH_SPEC, *_JOB_OPTIONS)),
            "name": self.spec.name,
            "model": self.spec.base_model,
            "training_file": training,
            "validation_file": validation,
            "method": method or None,
            "hyperparameters": short or None,
        }

    def model_id(self, result: Mapping[str, Any]) -> str | None:
        """The model's name. It is missing until the model exists."""
        return result.get("fine_tuned_model")

    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        """The creation time and the end time of the job."""
        return result.get("created_at"), result.get("finished_at")

    def curve(self, driver: Driver, result: Mapping[str, Any]) -> dict[str, list[list[float]]]:
        """The losses by step, from the result file, or else from the events."""
        if not isinstance(driver, fine_tuned_model.FineTunedModel) or not result.get("model"):
            return {}
        steps = read_steps(driver.api, result["model"])
        found: dict[str, list[list[float]]] = {}
        for split, keys in _LOSSES.items():
            points = (
                (number(step.get("step")), next((step[key] for key in keys if key in step), None)) for step in steps
            )
            found[split] = [[step, loss] for step, loss in points if step is not None and loss is not None]
        return found


PROVIDER = Provider(FACTS, OPTIONS, PHASES, Adapter)
