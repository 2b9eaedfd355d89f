# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a dataset to a model at OCI Generative AI. See :class:`_providers.base.ProviderAdapter`.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._dataset.limits import Limits
from ..._engine.content import CHECK_MODE, make_placeholder
from ..._engine.errors import InvalidInput
from ..._engine.types import ModuleContext
from ..base import ModelSpec, Provider, ProviderAdapter, ResourceModule, Split
from ..toolkit.naming import remote_name
from . import cluster, custom_model, dataset, model_api
from .client import AUTH_SPEC, GENERATIVE_AI, Api, make_api
from .facts import FACTS
from .limits import limits_for

_MODEL_OPTIONS = ("compartment_id", "model_id", "description", "vendor", "version", "freeform_tags", "defined_tags")
_DATA_OPTIONS = ("bucket", "namespace", "prefix")
_DETAILS = custom_model.SPEC["argument_spec"]["fine_tune_details"]["options"]
OPTIONS = {
    **AUTH_SPEC,
    **{option: custom_model.SPEC["argument_spec"][option] for option in _MODEL_OPTIONS},
    **{option: {**dataset.SPEC["argument_spec"][option], "required": False} for option in _DATA_OPTIONS},
    "dedicated_ai_cluster_id": _DETAILS["dedicated_ai_cluster_id"],
    "training_config_type": {**_DETAILS["training_config"]["options"]["training_config_type"], "required": False},
}
_EPOCHS = 3  # the service's default, for each kind of training
_LIVE = ("ACTIVE", "CREATING")
_TFEW_FAMILY = "cohere."  # Oracle's documentation, "Fine-tuning base models"
_LORA = ("lora_r", "lora_alpha", "lora_dropout")


class Adapter(ProviderAdapter):
    """Objects in Object Storage, and custom models."""

    model = ResourceModule(custom_model.SPEC, custom_model.build_driver)
    dataset = ResourceModule(dataset.SPEC, dataset.build_driver)
    names: Mapping[str, str] = {
        "epochs": "total_training_epochs",
        "batch_size": "training_batch_size",
        "learning_rate": "learning_rate",
        "lora_rank": "lora_r",
        "lora_alpha": "lora_alpha",
        "lora_dropout": "lora_dropout",
        "early_stopping_patience": "early_stopping_patience",
        "early_stopping_threshold": "early_stopping_threshold",
    }
    run_key = "id"
    # These models have vocabularies of their own. Most are smaller than the vocabulary that token estimates use.
    token_margin = 0.35
    hyperparameters = "fine_tune_details.training_config"
    words: Mapping[str, str] = {
        "display_name": "name",
        "base_model_id": "base_model",
        "fine_tune_details.training_dataset": "training_data",
        "fine_tune_details.dedicated_ai_cluster_id": "oci.dedicated_ai_cluster_id",
        "fine_tune_details.training_config.training_config_type": "oci.training_config_type",
    }

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        if spec.state == "cancelled":
            raise InvalidInput(
                "state is cancelled, but OCI cannot stop a training.", hint="Wait until it has ended, then remove it."
            )
        if spec.options["validation_data"] is not None:
            raise InvalidInput(
                "validation_data is given, but OCI takes none.",
                hint="Leave it out: the service splits the data itself, 80 to 20.",
            )
        self._base = spec.base_model
        self._family = spec.base_model or ""  # the base model's name; its beginning shows the family
        self._cluster = spec.own.get("dedicated_ai_cluster_id")
        self._missing: str | None = None  # the name of the cluster if there is none with this name
        self._model_id = spec.own.get("model_id")

    @classmethod
    def needed(cls, spec: ModelSpec) -> list[str]:
        """The options without a value that the task needs: to train a model, to find it by its name, to delete data."""
        wanted: tuple[str, ...] = ()
        if not spec.own.get("model_id"):
            if spec.state == "present":
                wanted = ("compartment_id", "bucket", "dedicated_ai_cluster_id")
            elif spec.state == "absent":
                wanted = ("compartment_id",)
        if spec.options["delete_dataset"] and spec.state == "absent":
            wanted = (*wanted, "bucket")
        return spec.missing(wanted)

    def limits(self, split: Split) -> Limits:
        """The limits of the base model if its name is known, else the limits of all models."""
        return limits_for(self.spec.base_model, split)

    def epochs(self, examples: int) -> float | None:
        """The service's default."""
        return _EPOCHS

    def resolve(self, context: ModuleContext) -> None:
        """Look up the OCIDs of the base model and the cluster if they are given by name.

        Several versions of a base model can have one name. If the custom model exists, its own version is used,
        because a new version does not change the desired state. Otherwise the newest version is used. Raises
        InvalidInput if there is no such base model, or if several clusters have the name.
        """
        if self.spec.state != "present":
            self._base = self._cluster = None  # a deletion needs neither
            return
        api = make_api(context, GENERATIVE_AI)
        compartment = str(self.spec.own.get("compartment_id") or api.tenancy)
        if self._is_name(self._base):
            self._base = self._find_base(api, compartment, str(self._base))
        elif self.spec.hyperparameters and not self.spec.own.get("training_config_type"):
            self._family = str(model_api.get_model(api, str(self._base))[0].get("display_name"))
        if self._is_name(self._cluster):
            self._cluster = self._find_cluster(api, compartment, str(self._cluster))

    def _is_name(self, text: str | None) -> bool:
        return bool(text) and not str(text).startswith(("ocid1.", CHECK_MODE))

    def _find_base(self, api: Api, compartment: str, name: str) -> str:
        found = [
            item
            for item in model_api.list_models(api, compartment, display_name=name)
            if "FINE_TUNE" in (item.get("capabilities") or ()) and item.get("lifecycle_state") == "ACTIVE"
        ]
        if not found:
            raise InvalidInput(
                f"base_model: there is no model '{name}' that can be fine-tuned in {api.region}.",
                hint="oci_generative_ai_model_info with capability FINE_TUNE lists those that can.",
            )
        identifiers = [str(item["id"]) for item in found]
        own = model_api.list_models(api, compartment, display_name=self.spec.name)
        used = (item.get("base_model_id") for item in own if item.get("lifecycle_state") in _LIVE)
        return next((str(base) for base in used if base in identifiers), identifiers[0])

    def _find_cluster(self, api: Api, compartment: str, name: str) -> str:
        """The OCID of the cluster. A placeholder if there is none: only a new training needs it, see ``starts``."""
        found = [
            item
            for item in cluster.CLUSTERS.list(api, compartment, display_name=name)
            if item.get("type") == "FINE_TUNING" and item.get("lifecycle_state") in (*_LIVE, "UPDATING")
        ]
        if len(found) > 1:
            raise InvalidInput(
                f"oci.dedicated_ai_cluster_id: {len(found)} clusters are called '{name}': "
                f"{', '.join(str(item['id']) for item in found)}.",
                hint="Give the OCID of one.",
            )
        self._missing = None if found else name
        return str(found[0]["id"]) if found else make_placeholder("cluster", name)

    def predict_reference(self, split: Split, sha256: str) -> dict[str, Any]:
        """The namespace, bucket and name of the object. The name contains the hash."""
        own = self.spec.own
        return {
            "namespace": own.get("namespace"),
            "bucket": own["bucket"],
            "object": f"{own.get('prefix') or ''}{remote_name(self.spec.data_name(split), sha256)}",
        }

    def read_reference(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The namespace, bucket and name of the object, from the result of the dataset module."""
        return {key: result[key] for key in ("namespace", "bucket", "object")}

    def data_options(self, split: Split) -> dict[str, Any]:
        """The options of the dataset module. service_endpoint is left out: it is the address of Generative AI."""
        return {
            **self.own(option for option in (*AUTH_SPEC, *_DATA_OPTIONS) if option != "service_endpoint"),
            "base_model_identifier": self.spec.base_model,
        }

    def model_options(self, training: Any, validation: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The options of the model module.

        The API accepts hyperparameters only with training_config_type. If it is not set, it is T-Few for models of
        Cohere without a LoRA hyperparameter, and LoRA otherwise.
        """
        config = dict(hyperparameters)
        kind = self.spec.own.get("training_config_type")
        if config and not kind:
            few = self._family.startswith(_TFEW_FAMILY) and not any(name in config for name in _LORA)
            kind = "TFEW_TRAINING_CONFIG" if few else "LORA_TRAINING_CONFIG"
        if kind:
            config = {"training_config_type": kind, **config}
        return {
            **self.own((*AUTH_SPEC, *_MODEL_OPTIONS)),
            "model_id": self._model_id,
            "display_name": self.spec.name,
            "base_model_id": self._base,
            "fine_tune_details": {
                "dedicated_ai_cluster_id": self._cluster,
                "training_dataset": training,
                "training_config": config or None,
            },
        }

    def starts(self) -> None:
        """Raise InvalidInput if the cluster does not exist, because a training needs it."""
        if self._missing:
            raise InvalidInput(
                f"oci.dedicated_ai_cluster_id: there is no fine-tuning cluster called '{self._missing}'.",
                hint="oci_generative_ai_dedicated_ai_cluster makes one; in check mode give the id that it returns.",
            )

    def known(self, identifier: str) -> None:
        """If the cluster does not exist, find the model by its OCID: the cluster may be deleted after the training."""
        if self._missing:
            self._model_id, self._cluster = identifier, None

    def model_id(self, result: Mapping[str, Any]) -> str | None:
        """The OCID of the model if it is ACTIVE or a placeholder, else None. OCI shows the OCID before that too."""
        identifier = str(result.get("id") or "")
        is_placeholder = identifier.startswith(CHECK_MODE)
        return identifier if is_placeholder or result.get("status") == "ACTIVE" else None

    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        """The creation time of the model, and the end of its work request.

        If the end is not known and this task trained the model, the end is the time of the model's last change.
        """
        ended = (result.get("work_request") or {}).get("time_finished")
        if ended is None and created and self.model_id(result):
            ended = result.get("time_updated")
        return result.get("time_created"), ended


PROVIDER = Provider(FACTS, OPTIONS, {status.lower(): phase for status, phase in model_api.PHASES.items()}, Adapter)
