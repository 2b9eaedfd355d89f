# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base models: where, how and with which settings they can be customised.

Sources: Bedrock user guide, "Supported models and Regions for fine-tuning", "Custom model hyperparameters",
"Supported models for distillation", "Deploy a custom model for on-demand inference" (2026).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FINE_TUNING, PRE_TRAINING = "FINE_TUNING", "CONTINUED_PRE_TRAINING"
DISTILLATION, REINFORCEMENT = "DISTILLATION", "REINFORCEMENT_FINE_TUNING"
EAST, WEST = "us-east-1", "us-west-2"


@dataclass(frozen=True)
class Range:
    """The values of a hyperparameter. default: None when it must be given. words: allowed besides numbers."""

    low: float
    high: float
    default: str | None
    whole: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class BaseModel:
    """A foundation model. id: without the context suffix; context: the suffix under which it is customised, or ""."""

    id: str
    context: str
    name: str
    provider: str
    family: str
    regions: tuple[str, ...]
    types: tuple[str, ...]
    teachers: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ("TEXT",)
    outputs: tuple[str, ...] = ("TEXT",)
    deployable: bool = False
    legacy: bool = False

    @property
    def full_id(self) -> str:
        """The id that customisation uses, e.g. amazon.nova-lite-v1:0:300k."""
        return f"{self.id}:{self.context}" if self.context else self.id

    def arn(self, region: str) -> str:
        """ARN with the context suffix."""
        return f"arn:aws:bedrock:{region}::foundation-model/{self.full_id}"


_NOVA = {
    "epochCount": Range(1, 5, "2", whole=True),
    "learningRate": Range(1e-6, 1e-4, "0.00001"),
    "learningRateWarmupSteps": Range(0, 100, "10", whole=True),
    "batchSize": Range(1, 1, "1", whole=True),
}
_LLAMA = {
    "epochCount": Range(1, 10, "5", whole=True),
    "batchSize": Range(1, 1, "1", whole=True),
    "learningRate": Range(5e-6, 0.1, "0.0001"),
}
HYPERPARAMETERS: dict[str, dict[str, Range]] = {
    "nova": _NOVA,
    "nova-micro": _NOVA,
    "nova-2": _NOVA,
    "nova-canvas": {
        "batchSize": Range(8, 192, "8", whole=True),
        "stepCount": Range(10, 20000, "500", whole=True),
        "learningRate": Range(1e-7, 1e-4, "0.00001"),
    },
    "titan-image": {
        "batchSize": Range(8, 192, "8", whole=True),
        "stepCount": Range(10, 40000, None, whole=True, words=("auto",)),
        "learningRate": Range(1e-7, 1, "0.00001"),
    },
    "titan-embed": {
        "epochCount": Range(1, 100, None, whole=True, words=("Auto", "auto")),
        "batchSize": Range(256, 9216, "576", whole=True),
        "learningRate": Range(5e-8, 1, "0.00005"),
    },
    "titan-text": {
        "epochCount": Range(1, 10, "5", whole=True),
        "batchSize": Range(1, 64, "1", whole=True),
        "learningRate": Range(0, 1, "0.00001"),
        "learningRateWarmupSteps": Range(0, 250, "5", whole=True),
    },
    "claude": {
        "epochCount": Range(1, 10, "2", whole=True),
        "batchSize": Range(4, 256, "32", whole=True),
        "learningRateMultiplier": Range(0.1, 2, "1"),
        "earlyStoppingThreshold": Range(0, 0.1, "0.001"),
        "earlyStoppingPatience": Range(1, 10, "2", whole=True),
    },
    "llama-3.1": _LLAMA,
    "llama-3.2": _LLAMA,
    "llama-3.3": _LLAMA,
}

_NOVA_PRO = "amazon.nova-pro-v1:0"
_NOVA_PREMIER = "amazon.nova-premier-v1:0"
_LLAMA_405B = "meta.llama3-1-405b-instruct-v1:0"
_LLAMA_31_70B, _LLAMA_33_70B = "meta.llama3-1-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"
_SONNETS = ("anthropic.claude-3-5-sonnet-20240620-v1:0", "anthropic.claude-3-5-sonnet-20241022-v2:0")
_SEEN = ("TEXT", "IMAGE")
_BOTH = (FINE_TUNING, DISTILLATION)


def _llama(id_: str, name: str, family: str, types: tuple[str, ...], teachers: tuple[str, ...] = ()) -> BaseModel:
    inputs = _SEEN if "-11b-" in id_ or "-90b-" in id_ else ("TEXT",)
    serves = family == "llama-3.3"
    return BaseModel(id_, "128k", name, "Meta", family, (WEST,), types, teachers, inputs=inputs, deployable=serves)


MODELS = (
    BaseModel(
        "amazon.nova-micro-v1:0",
        "128k",
        "Nova Micro",
        "Amazon",
        "nova-micro",
        (EAST,),
        _BOTH,
        (_NOVA_PRO, _NOVA_PREMIER),
        deployable=True,
    ),
    BaseModel(
        "amazon.nova-lite-v1:0",
        "300k",
        "Nova Lite",
        "Amazon",
        "nova",
        (EAST,),
        _BOTH,
        (_NOVA_PRO, _NOVA_PREMIER),
        inputs=_SEEN,
        deployable=True,
    ),
    BaseModel(
        _NOVA_PRO, "300k", "Nova Pro", "Amazon", "nova", (EAST,), _BOTH, (_NOVA_PREMIER,), inputs=_SEEN, deployable=True
    ),
    BaseModel(_NOVA_PREMIER, "", "Nova Premier", "Amazon", "nova", (EAST,), (), inputs=_SEEN),
    BaseModel(
        "amazon.nova-2-lite-v1:0",
        "256k",
        "Nova 2 Lite",
        "Amazon",
        "nova-2",
        (EAST,),
        (FINE_TUNING, REINFORCEMENT),
        inputs=_SEEN,
        deployable=True,
    ),
    BaseModel(
        "amazon.nova-canvas-v1:0",
        "",
        "Nova Canvas",
        "Amazon",
        "nova-canvas",
        (EAST,),
        (FINE_TUNING,),
        inputs=_SEEN,
        outputs=("IMAGE",),
    ),
    BaseModel(
        "amazon.titan-image-generator-v2:0",
        "",
        "Titan Image G1 v2",
        "Amazon",
        "titan-image",
        (EAST, WEST),
        (FINE_TUNING,),
        inputs=_SEEN,
        outputs=("IMAGE",),
    ),
    BaseModel(
        "amazon.titan-embed-image-v1:0",
        "",
        "Titan Multimodal G1",
        "Amazon",
        "titan-embed",
        (EAST, WEST),
        (FINE_TUNING,),
        inputs=_SEEN,
        outputs=("EMBEDDING",),
    ),
    BaseModel(
        "anthropic.claude-3-haiku-20240307-v1:0",
        "200k",
        "Claude 3 Haiku",
        "Anthropic",
        "claude",
        (WEST,),
        _BOTH,
        _SONNETS,
        inputs=_SEEN,
    ),
    *(
        BaseModel(id_, "", "Claude 3.5 Sonnet", "Anthropic", "claude", (EAST, WEST), (), inputs=_SEEN)
        for id_ in _SONNETS
    ),
    _llama(
        "meta.llama3-1-8b-instruct-v1:0",
        "Llama 3.1 8B Instr.",
        "llama-3.1",
        _BOTH,
        (_LLAMA_405B, _LLAMA_31_70B, _LLAMA_33_70B),
    ),
    _llama(_LLAMA_31_70B, "Llama 3.1 70B Instr.", "llama-3.1", _BOTH, (_LLAMA_405B,)),
    BaseModel(_LLAMA_405B, "", "Llama 3.1 405B", "Meta", "llama-3.1", (WEST,), ()),
    _llama("meta.llama3-2-1b-instruct-v1:0", "Llama 3.2 1B Instr.", "llama-3.2", _BOTH, (_LLAMA_31_70B, _LLAMA_33_70B)),
    _llama("meta.llama3-2-3b-instruct-v1:0", "Llama 3.2 3B Instr.", "llama-3.2", _BOTH, (_LLAMA_31_70B, _LLAMA_33_70B)),
    _llama("meta.llama3-2-11b-instruct-v1:0", "Llama 3.2 11B Instr.", "llama-3.2", (FINE_TUNING,)),
    _llama("meta.llama3-2-90b-instruct-v1:0", "Llama 3.2 90B Instr.", "llama-3.2", (FINE_TUNING,)),
    _llama(_LLAMA_33_70B, "Llama 3.3 70B Instr.", "llama-3.3", _BOTH, (_LLAMA_405B,)),
)
LEGACY = tuple(
    BaseModel(id_, "8k", name, "Amazon", "titan-text", (EAST, WEST), (FINE_TUNING, PRE_TRAINING), legacy=True)
    for id_, name in (
        ("amazon.titan-text-express-v1", "Titan Text Express"),
        ("amazon.titan-text-lite-v1", "Titan Text Lite"),
    )
)
"""Gone from the real service; the setting `legacy_models` brings them back, for continued pre-training."""


def find(identifier: str, region: str, models: Iterable[BaseModel]) -> BaseModel | None:
    """By id or ARN, with or without the context suffix, in this region."""
    prefix, slash, name = identifier.partition("/")
    if identifier.startswith("arn:"):
        if not slash or prefix != f"arn:aws:bedrock:{region}::foundation-model":
            return None
        identifier = name
    return next(
        (model for model in models if region in model.regions and identifier in {model.id, model.full_id}), None
    )
