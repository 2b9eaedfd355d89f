# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients, datasets, and the details of a model that the sandbox accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oci
from oci.generative_ai import models

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

SHAPES: Any = models


def jsonl(count: int = 40, **record: Any) -> bytes:
    line = json.dumps(record or {"prompt": "Hi", "completion": "Hello"})
    return (line + "\n").encode() * count


def connect(sandbox: Sandbox, service: str, profile: str = "DEFAULT") -> Any:
    config = oci.config.from_file(sandbox.oci.config_file, profile)
    options: dict[str, Any] = {"service_endpoint": sandbox.url, "retry_strategy": oci.retry.NoneRetryStrategy()}
    if profile == "SESSION":
        key = oci.signer.load_private_key_from_file(config["key_file"])
        token = Path(config["security_token_file"]).read_text(encoding="utf-8")
        options["signer"] = oci.auth.signers.SecurityTokenSigner(token, key)
    if service == "generative_ai":
        return oci.generative_ai.GenerativeAiClient(config, **options)
    return oci.object_storage.ObjectStorageClient(config, **options)


def model_details(sandbox: Sandbox, **changes: Any) -> Any:
    """CreateModelDetails; `dataset`, `cluster` and `config` reach into fineTuneDetails."""
    place = sandbox.oci
    dataset = SHAPES.ObjectStorageDataset(
        namespace_name=place.namespace,
        bucket_name=changes.pop("bucket", place.bucket),
        object_name=changes.pop("dataset", "train.jsonl"),
    )
    tuning = SHAPES.FineTuneDetails(
        training_dataset=dataset,
        dedicated_ai_cluster_id=changes.pop("cluster", place.cluster_id),
        training_config=changes.pop("config", None),
    )
    given = {
        "compartment_id": place.compartment_id,
        "base_model_id": place.base_model_id,
        "display_name": "bot",
        "fine_tune_details": tuning,
        **changes,
    }
    return SHAPES.CreateModelDetails(**given)
