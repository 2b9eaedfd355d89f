# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base models, what they can be trained with and on. A sample of the real list.

Sources: OCI Generative AI documentation, "Pretrained Foundational Models", "Fine-Tuning a Base Model" and
"Hyperparameters for Fine-Tuning a Model"; read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from finetune_sandbox.server.ids import derived

LORA, TFEW, VANILLA = "LORA_TRAINING_CONFIG", "TFEW_TRAINING_CONFIG", "VANILLA_TRAINING_CONFIG"
CHAT, GENERATION, SUMMARY, TUNE = "CHAT", "TEXT_GENERATION", "TEXT_SUMMARIZATION", "FINE_TUNE"

_LORA: dict[str, Any] = {
    "totalTrainingEpochs": 3,
    "learningRate": 0.0002,
    "trainingBatchSize": 8,
    "earlyStoppingPatience": 15,
    "earlyStoppingThreshold": 0.0001,
    "logModelMetricsIntervalInSteps": 10,
    "loraR": 8,
    "loraAlpha": 8,
    "loraDropout": 0.1,
}
_TFEW: dict[str, Any] = {
    "totalTrainingEpochs": 3,
    "learningRate": 0.01,
    "trainingBatchSize": 16,
    "earlyStoppingPatience": 6,
    "earlyStoppingThreshold": 0.01,
    "logModelMetricsIntervalInSteps": 10,
}
_VANILLA: dict[str, Any] = {**_TFEW, "learningRate": 0.0000006, "numOfLastLayers": 15}


@dataclass(frozen=True)
class BaseModel:
    """A pretrained model. training: kind of training -> the defaults of its members.

    tuning, hosting: (unit shape, units) of the cluster it is trained or hosted on.
    """

    name: str
    vendor: str
    version: str
    created: str
    capabilities: tuple[str, ...]
    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    tuning: tuple[str, int] | None = None
    hosting: tuple[str, int] | None = None
    deprecated: str | None = None
    on_demand_retired: str | None = None
    dedicated_retired: str | None = None
    long_term: bool = False

    def id(self, region: str) -> str:
        """Its OCID."""
        key = derived("", self.name, self.version, length=40).lower()
        return f"ocid1.generativeaimodel.oc1.{region}.amaaaaaa{key}"


MODELS: tuple[BaseModel, ...] = (
    BaseModel(
        "meta.llama-3.3-70b-instruct",
        "meta",
        "1.0.0",
        "2025-02-07",
        (CHAT, TUNE),
        {LORA: _LORA},
        ("LARGE_GENERIC", 2),
        ("LARGE_GENERIC", 1),
    ),
    BaseModel(
        "meta.llama-3.1-70b-instruct",
        "meta",
        "1.0.0",
        "2024-09-19",
        (CHAT, TUNE),
        {LORA: _LORA},
        ("LARGE_GENERIC", 2),
        ("LARGE_GENERIC", 1),
        deprecated="2025-06-30",
        on_demand_retired="2026-01-15",
    ),
    BaseModel(
        "cohere.command-r-08-2024",
        "cohere",
        "1.7",
        "2024-11-14",
        (CHAT, TUNE),
        {TFEW: {**_TFEW, "trainingBatchSize": 8}},
        ("SMALL_COHERE_V2", 8),
        ("SMALL_COHERE_V2", 1),
    ),
    BaseModel(
        "cohere.command-light",
        "cohere",
        "15.6",
        "2024-02-07",
        (GENERATION, SUMMARY, TUNE),
        {TFEW: _TFEW, VANILLA: _VANILLA},
        ("SMALL_COHERE", 2),
        ("SMALL_COHERE", 1),
        deprecated="2024-10-02",
        long_term=True,
    ),
    BaseModel(
        "cohere.command-light",
        "cohere",
        "14.2",
        "2023-10-20",
        (GENERATION, SUMMARY),
        hosting=("SMALL_COHERE", 1),
        deprecated="2024-02-07",
        on_demand_retired="2024-04-02",
        dedicated_retired="2024-06-04",
    ),
    BaseModel(
        "cohere.command-a-03-2025",
        "cohere",
        "1.0",
        "2025-05-14",
        (CHAT,),
        hosting=("LARGE_COHERE_V3", 1),
    ),
    BaseModel(
        "meta.llama-4-maverick-17b-128e-instruct-fp8",
        "meta",
        "1.0.0",
        "2025-05-14",
        (CHAT,),
        hosting=("LARGE_GENERIC_2", 1),
    ),
    BaseModel(
        "cohere.embed-english-v3.0",
        "cohere",
        "3.0",
        "2024-02-07",
        ("TEXT_EMBEDDINGS",),
        hosting=("EMBED_COHERE", 1),
    ),
    BaseModel(
        "cohere.rerank.3-5",
        "cohere",
        "3.5",
        "2025-05-14",
        ("TEXT_RERANK",),
        hosting=("RERANK_COHERE", 1),
    ),
)
