# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface between the pipeline and the providers: a provider's facts, and its adapter.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .._dataset.formats import Formats
from .._dataset.limits import Limits
from .._engine.types import Driver, ModuleContext, Options, Phase

Split = Literal["training", "validation"]
SPLITS: tuple[Split, ...] = ("training", "validation")


@dataclass(frozen=True)
class Facts:
    """The facts about a provider that are known without its SDK.

    - label: the provider's name for people
    - formats: the formats of data that it takes
    - hosts: the kinds of host that differ in their limits, under the names that dataset_info uses; the first is the
      usual one
    - limits: returns the limits of one file; its arguments are one of ``hosts``, the split, and the values of the
      options in ``asked``
    - asked: the specs of the options that ``limits`` needs
    - table: all limits, by the case to which they apply; the guide on datasets shows them
    - account: the options that select the account: one name in two accounts is two models
    - credentials: the options that sign in, or that decide where the secret is sent
    - requirements: the Python libraries that the provider needs
    """

    name: str
    label: str
    formats: Formats
    limits: Callable[[str, str, Mapping[str, Any]], Limits]
    hosts: tuple[str, ...]
    table: Mapping[str, Limits] = field(default_factory=dict)
    asked: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    account: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelSpec:
    """The desired state of one model. ``own``: the options that only its provider has. ``options``: all others."""

    provider: str
    name: str
    options: Mapping[str, Any]
    own: Mapping[str, Any]
    base_model: str | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the model within the task."""
        return f"{self.provider}/{self.name}"

    def data_name(self, split: Split) -> str:
        """The dataset's name at the provider."""
        return self.name if split == "training" else f"{self.name}-{split}"

    def missing(self, options: Iterable[str]) -> list[str]:
        """Those of the provider's own options that have no value."""
        return [option for option in options if not self.own.get(option)]

    @property
    def state(self) -> str:
        """``present``, ``absent`` or ``cancelled``."""
        return str(self.options["state"])


BuildDriver = Callable[[Any], tuple[Driver, Options]]


@dataclass(frozen=True)
class ResourceModule:
    """One of a provider's modules: its options in the form that AnsibleModule takes, and its ``build_driver``."""

    spec: Mapping[str, Any]
    build_driver: BuildDriver


class ProviderAdapter(ABC):
    """The provider in the pipeline: everything about it that the pipeline must not know.

    There is one adapter for each model. Only ``resolve`` and ``curve`` make calls.
    """

    model: ResourceModule
    dataset: ResourceModule
    # The result key of the run's id. The option of the model's module that adopts a run has the same name.
    run_key: str
    # How far the real number of tokens may be above the estimate, as a fraction of the estimate.
    token_margin: float
    # The name of the model's module for its hyperparameters.
    hyperparameters = "hyperparameters"
    # Options of the model's module, or parts of them in messages, each with the option of fine_tune that sets it.
    words: Mapping[str, str]

    def __init__(self, spec: ModelSpec) -> None:
        """Make the checks that need the provider. Raises InvalidInput."""
        self.spec = spec

    @classmethod
    def needed(cls, spec: ModelSpec) -> Sequence[str]:
        """The names of all missing options of the provider. Called before an adapter is made."""
        return ()

    @property
    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """The provider's own names of hyperparameters, by their neutral names."""

    def own(self, options: Iterable[str]) -> dict[str, Any]:
        """Some of the provider's own options with their values; None for an option that is not set."""
        return {option: self.spec.own.get(option) for option in options}

    def formats(self) -> Sequence[str]:
        """The formats that the training takes, best first. They come from the limits."""
        return self.limits("training").formats

    @abstractmethod
    def limits(self, split: Split) -> Limits:
        """The provider's limits for the data of a split."""

    @abstractmethod
    def epochs(self, examples: int) -> float | None:
        """The provider's default number of epochs for so many examples. It is used if ``hyperparameters`` do not set
        it. None if it is unknown."""

    def resolve(self, context: ModuleContext) -> None:
        """Look up the ids of resources that were given by name, if the API needs ids. Most APIs take names.

        ``context`` has the options of the model's module.
        """
        return

    @abstractmethod
    def predict_reference(self, split: Split, sha256: str) -> Any:
        """The reference to data before it is sent, also in check mode."""

    @abstractmethod
    def read_reference(self, result: Mapping[str, Any]) -> Any:
        """The reference to data, from the result of the module that sent it."""

    @abstractmethod
    def data_options(self, split: Split) -> dict[str, Any]:
        """The options of the dataset's module, without the data itself."""

    @abstractmethod
    def model_options(self, training: Any, validation: Any, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The options of the model's module; ``training`` and ``validation`` are references, or None."""

    def starts(self) -> None:
        """Called if a run will be started. Raises InvalidInput if ``resolve`` did not find everything it needs."""
        return

    def known(self, identifier: str) -> None:
        """Called if this run exists already and no run is started: some options are no longer needed."""
        return

    @abstractmethod
    def model_id(self, result: Mapping[str, Any]) -> str | None:
        """The model's identifier for calls, from the result of the model's module; None if there is no model yet."""

    @abstractmethod
    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        """The times when the run was created and when it ended, in the provider's form; None if unknown.

        ``created``: this task has started the run.
        """

    def curve(self, driver: Driver, result: Mapping[str, Any]) -> dict[str, list[list[float]]]:
        """The losses by step of a finished run: ``training`` and ``validation``, lists of ``[step, loss]``."""
        return {}


@dataclass(frozen=True)
class Provider:
    """One provider, as the pipeline needs it.

    ``options``: the options that only this provider has. ``phases``: the phase of each status of its runs; the
    statuses are in lower case.
    """

    facts: Facts
    options: Mapping[str, Any]
    phases: Mapping[str, Phase]
    adapter: type[ProviderAdapter]

    @property
    def name(self) -> str:
        """The provider's name in the options."""
        return self.facts.name

    def phase(self, status: str | None) -> Phase | None:
        """The phase of a status. None if there is no run: the resource is absent, or check mode predicts it."""
        if status in (None, *_NO_STATUS):
            return None
        return self.phases.get(str(status).lower(), Phase.UNKNOWN)


# The engine's own statuses if there is no run.
_NO_STATUS = ("absent", "check-mode")

# The hyperparameters that have one name for all providers.
NEUTRAL = (
    "epochs",
    "batch_size",
    "learning_rate",
    "learning_rate_multiplier",
    "learning_rate_warmup_steps",
    "lora_rank",
    "lora_alpha",
    "lora_dropout",
    "early_stopping_patience",
    "early_stopping_threshold",
)
