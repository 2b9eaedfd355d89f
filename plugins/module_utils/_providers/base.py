# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a provider has to say of a wanted model and its data: the words between the pipeline and the providers.

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
    """What is known of a provider without its SDK.

    - label: its name for people
    - formats: of the data that it takes
    - hosts: the kinds of host that differ in their limits, by the names that dataset_info has for them; the first is
      the usual one
    - limits: those of one file, given one of ``hosts``, the split, and the options of ``asked``, which has their specs
    - table: all limits, by what they hold for; the guide on datasets shows them
    - account: the options that say whose account it is: one name in two accounts is two models
    - credentials: the options that sign in, or say where the secret is sent
    - requirements: the Python libraries that it needs
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
    """One wanted model. ``own``: the options that only its provider has; ``options``: all others, by their names."""

    provider: str
    name: str
    options: Mapping[str, Any]
    own: Mapping[str, Any]
    base_model: str | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.provider}/{self.name}"

    def data_name(self, split: Split) -> str:
        """What its data are called at the provider."""
        return self.name if split == "training" else f"{self.name}-{split}"

    def missing(self, options: Iterable[str]) -> list[str]:
        """Which of the provider's own options have no value."""
        return [option for option in options if not self.own.get(option)]

    @property
    def state(self) -> str:
        """``present``, ``absent`` or ``cancelled``."""
        return str(self.options["state"])


BuildDriver = Callable[[Any], tuple[Driver, Options]]


@dataclass(frozen=True)
class ResourceModule:
    """One of a provider's modules: its options, as AnsibleModule takes them, and what makes its driver."""

    spec: Mapping[str, Any]
    build_driver: BuildDriver


class ProviderAdapter(ABC):
    """How one provider makes a model of a dataset: everything of it that the pipeline must not know.

    An adapter is made anew for each model. Nothing but ``resolve`` and ``curve`` makes a call.
    """

    model: ResourceModule
    dataset: ResourceModule
    # The result key of its run, which is also the option of the model's module that adopts one.
    run_key: str
    # How far above the estimate of tokens their real number may be, as a part of it.
    token_margin: float
    # What the model's module calls its hyperparameters.
    hyperparameters = "hyperparameters"
    # Of the options of the model's module, and parts of them in messages, those of fine_tune that they are made of.
    words: Mapping[str, str]

    def __init__(self, spec: ModelSpec) -> None:
        """Check what only the provider can; raises InvalidInput."""
        self.spec = spec

    @classmethod
    def needed(cls, spec: ModelSpec) -> Sequence[str]:
        """The names of the provider's own options that are missing, all of them. Asked before an adapter is made."""
        return ()

    @property
    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """Of the neutral names of hyperparameters, the provider's own."""

    def own(self, options: Iterable[str]) -> dict[str, Any]:
        """Some of the provider's own options; None for one that is left out."""
        return {option: self.spec.own.get(option) for option in options}

    def formats(self) -> Sequence[str]:
        """The formats that the training takes, best first: those of the limits."""
        return self.limits("training").formats

    @abstractmethod
    def limits(self, split: Split) -> Limits:
        """What the provider takes of such data."""

    @abstractmethod
    def epochs(self, examples: int) -> float | None:
        """How often the training goes through so many examples, where ``hyperparameters`` do not say it; None where
        nobody knows."""

    def resolve(self, context: ModuleContext) -> None:
        """Look up what was given by name, where the API wants an id; most take names. ``context`` has the model's
        module's options."""
        return

    @abstractmethod
    def predict_reference(self, split: Split, sha256: str) -> Any:
        """A reference to data before it is sent, also in check mode."""

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
        """Called where a run is to be started; raises InvalidInput where ``resolve`` has not found what it needs."""
        return

    def known(self, identifier: str) -> None:
        """Called where this run is there already, and none is started: some options are needed no more."""
        return

    @abstractmethod
    def model_id(self, result: Mapping[str, Any]) -> str | None:
        """What the model is called by, from the result of the model's module; None where it is not there yet."""

    @abstractmethod
    def times(self, result: Mapping[str, Any], created: bool) -> tuple[Any, Any]:
        """When the run was created and when it ended, as the provider counts time; None where that is not known.
        ``created``: this task has started the run."""

    def curve(self, driver: Driver, result: Mapping[str, Any]) -> dict[str, list[list[float]]]:
        """The losses by step of a finished run: ``training`` and ``validation``, lists of ``[step, loss]``."""
        return {}


@dataclass(frozen=True)
class Provider:
    """One provider, as the pipeline needs it. ``options``: those that only this provider has. ``phases``: what the
    statuses of its runs mean, in lower case."""

    facts: Facts
    options: Mapping[str, Any]
    phases: Mapping[str, Phase]
    adapter: type[ProviderAdapter]

    @property
    def name(self) -> str:
        """As users write it."""
        return self.facts.name

    def phase(self, status: str | None) -> Phase | None:
        """What a status means; None where there is no run: nothing, or only what check mode foresees."""
        if status in (None, *_NO_STATUS):
            return None
        return self.phases.get(str(status).lower(), Phase.UNKNOWN)


# The engine's own words, where there is no run.
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
