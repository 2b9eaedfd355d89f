# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a dataset to a model at Amazon Bedrock. See :class:`_providers.base.ProviderAdapter`.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._dataset.limits import Limits
from ..._engine.types import Driver
from ..base import ModelSpec, Provider, ProviderAdapter, ResourceModule, Split
from ..toolkit.naming import remote_name
from . import custom_model, dataset
from .client import AUTH_SPEC
from .facts import FACTS
from .hyperparameters import bounds_of
from .jobs import STATUSES, model_id
from .limits import limits_for

_JOB_OPTIONS = (
    "job_arn",
    "job_name",
    "customization_type",
    "customization_config",
    "role_arn",
    "custom_model_kms_key_id",
    "vpc_config",
    "tags",
    "purge_tags",
)
_DATA_OPTIONS = ("bucket", "prefix", "kms_key_id")
OPTIONS = {
    **AUTH_SPEC,
    **{option: custom_model.SPEC["argument_spec"][option] for option in _JOB_OPTIONS},
    **{option: {**dataset.SPEC["argument_spec"][option], "required": False} for option in _DATA_OPTIONS},
    "output_s3_uri": {"type": "str"},
}
# The default number of epochs: user guide, "Custom model hyperparameters" (custom-models-hp), as of 2026-08.
_EPOCHS = (
    ("amazon.nova-", 2),
    ("amazon.titan-text-premier", 2),
    ("amazon.titan-text-", 5),
    ("anthropic.claude-3", 2),
    ("cohere.command", 1),
    ("meta.llama3-", 5),
)


class Adapter(ProviderAdapter):
    """The adapter for objects in S3 and customization jobs."""

    model = ResourceModule(custom_model.SPEC, custom_model.build_driver)
    dataset = ResourceModule(dataset.SPEC, dataset.build_driver)
    run_key = "job_arn"
    # These models have their own vocabularies. Most are smaller than the vocabulary that the estimate uses.
    token_margin = 0.35
    words: Mapping[str, str] = {
        "custom_model_name": "name",
        "base_model_identifier": "base_model",
        "training_data_config": "training_data",
        "training_data_config.s3_uri": "training_data",
        "validation_data_config": "validation_data",
        "validation_data_config.validator[0].s3_uri": "validation_data",
        "output_data_config": "bedrock.output_s3_uri",
        "output_data_config.s3_uri": "bedrock.output_s3_uri",
    }

    @classmethod
    def needed(cls, spec: ModelSpec) -> list[str]:
        """The missing options: those that a new job needs, or the bucket if data must be deleted."""
        wanted: tuple[str, ...] = ()
        if spec.state == "present" and not spec.own.get("job_arn"):
            wanted = ("bucket", "role_arn", "output_s3_uri")
        elif spec.options["delete_dataset"] and spec.state == "absent":
            wanted = ("bucket",)
        return spec.missing(wanted)

    @property
    def names(self) -> Mapping[str, str]:
        """The hyperparameters that the base model has; all of them if its family is unknown."""
        known = bounds_of(self.spec.base_model or "")
        names = {
            "epochs": "epochCount",
            "batch_size": "batchSize",
            "learning_rate": "learningRate",
            "learning_rate_multiplier": "learningRateMultiplier",
            "learning_rate_warmup_steps": "learningRateWarmupSteps",
            "early_stopping_patience": "earlyStoppingPatience",
            "early_stopping_threshold": "earlyStoppingThreshold",
        }
        return {neutral: name for neutral, name in names.items() if known is None or name in known}

    def limits(self, split: Split) -> Limits:
        """The limits of the base model."""
        return limits_for(self.spec.base_model, self.spec.own.get("customization_type"), split)

    def epochs(self, examples: int) -> float | None:
        """The defaults of the user guide. None for other customization types and for unknown families."""
        if self.spec.own.get("customization_type") not in (None, "FINE_TUNING"):
            return None
        base = model_id(self.spec.base_model or "")
        return next((number for start, number in _EPOCHS if base.startswith(start)), None)

    def predict_reference(self, split: Split, sha256: str) -> str:
        """The object's URI, which contains the hash."""
        own = self.spec.own
        return f"s3://{own['bucket']}/{own.get('prefix') or ''}{remote_name(self.spec.data_name(split), sha256)}"

    def read_reference(self, result: Mapping[str, Any]) -> str:
        """The object's URI."""
        return str(result["s3_uri"])

    def data_options(self, split: Split) -> dict[str, Any]:
        """The options of bedrock_dataset."""
        return {
            **self.own((*AUTH_SPEC, *_DATA_OPTIONS, "customization_type")),
            "base_model_identifier": self.spec.base_model,
            "split": split,
        }

    def model_options(self, training: Any, validation: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The options of bedrock_custom_model."""
        output = self.spec.own.get("output_s3_uri")
        return {
            **self.own((*AUTH_SPEC, *_JOB_OPTIONS)),
            "custom_model_name": self.spec.name,
            "base_model_identifier": self.spec.base_model,
            "hyperparameters": dict(hyperparameters) or None,
            "training_data_config": {"s3_uri": training} if training else None,
            "validation_data_config": {"validator": [{"s3_uri": validation}]} if validation else None,
            "output_data_config": {"s3_uri": output} if output else None,
        }

    def model_id(self, result: Mapping[str, Any]) -> str | None:
        """The model's ARN. It is missing until the model exists."""
        return result.get("custom_model_arn")

    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        """The creation time and the end time of the job."""
        return result.get("creation_time"), result.get("end_time")

    def curve(self, driver: Driver, result: Mapping[str, Any]) -> dict[str, list[list[float]]]:
        """The losses by step. The module reads them from the output bucket if details are requested."""
        found = {}
        for split, rows in dict(result.get("steps") or {}).items():
            points = ((row.get("step_number"), row.get(f"{split}_loss")) for row in rows)
            found[split] = [[step, loss] for step, loss in points if step is not None and loss is not None]
        return found


PROVIDER = Provider(FACTS, OPTIONS, STATUSES, Adapter)
