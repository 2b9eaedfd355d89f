# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The idempotency tokens of requests whose data have a sha256 are those of version 1.0.0: else an upgrade, while a
request is on its way, would start it a second time. data/tokens.json has the first 32 hexadecimal digits of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import custom_model
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import cluster
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import custom_model as oci_custom_model
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import fine_tuned_model
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai import sandbox_tools

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

GOLDEN = json.loads((Path(__file__).parent / "data" / "tokens.json").read_text(encoding="utf-8"))
COMMON = {**WAIT_SPEC, **PROGRESS_SPEC, **TRAINING_SPEC}
SHA = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
COMPARTMENT = "ocid1.compartment.oc1..aaaagolden"
CLUSTER = "ocid1.generativeaidedicatedaicluster.oc1.eu-frankfurt-1.aaaagolden"


def openai_job(sandbox: Sandbox) -> Any:
    given = {
        "name": "support-bot",
        "model": "gpt-4o-mini-2024-07-18",
        "training_file": f"sha256:{SHA}",
        "validation_file": f"sha256:{SHA[::-1]}",
        "seed": 7,
        "hyperparameters": {"n_epochs": 3, "learning_rate_multiplier": "1.5"},
        "metadata": {"team": "care"},
    }
    tasks = sandbox_tools.Host(sandbox)
    return fine_tuned_model.build_driver(tasks._task("openai_fine_tuned_model", given, COMMON))[0]


def bedrock_job(sandbox: Sandbox) -> Any:
    given = {
        "custom_model_name": "support-bot",
        "base_model_identifier": "amazon.nova-lite-v1:0:300k",
        "role_arn": "arn:aws:iam::123456789012:role/bedrock",
        "training_data_config": {"s3_uri": f"s3://data/parcels-{SHA[:12]}.jsonl"},
        "output_data_config": {"s3_uri": "s3://output/runs/"},
        "hyperparameters": {"epochCount": "2", "learningRate": "0.00001"},
        "tags": {"team": "care"},
    }
    tasks = bedrock_host.Host(sandbox)
    driver = custom_model.build_driver(tasks._task("bedrock_custom_model", given, COMMON))[0]
    driver._choose_names([])
    return driver


def oci_model(sandbox: Sandbox) -> Any:
    given = {
        "display_name": "support-bot",
        "compartment_id": COMPARTMENT,
        "base_model_id": "ocid1.generativeaimodel.oc1.eu-frankfurt-1.aaaagolden",
        "description": "another text is no other model",
        "fine_tune_details": {
            "dedicated_ai_cluster_id": CLUSTER,
            "training_dataset": {"namespace": "ns", "bucket": "data", "object": f"parcels-{SHA[:12]}.jsonl"},
            "training_config": {"training_config_type": "LORA_TRAINING_CONFIG", "lora_r": 8, "learning_rate": 0.0002},
        },
    }
    tasks = oci_host.Host(sandbox)
    return oci_custom_model.build_driver(tasks._task("oci_generative_ai_model", given, COMMON))[0]


def oci_cluster(sandbox: Sandbox) -> Any:
    given = {
        "display_name": "training",
        "compartment_id": COMPARTMENT,
        "type": "FINE_TUNING",
        "unit_count": 2,
        "unit_shape": "LARGE_GENERIC",
    }
    tasks = oci_host.Host(sandbox)
    task = tasks._task("oci_generative_ai_dedicated_ai_cluster", given, COMMON)
    return cluster.build_driver(task)[0]


MADE = {made.__name__: made for made in (openai_job, bedrock_job, oci_model, oci_cluster)}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("newest", [None, "run-1"])
def test_v3_tokens_of_version_1_0_0(
    still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, newest: str | None
) -> None:
    bedrock_host.nothing_of_this_machine(monkeypatch)
    token = ownership.idempotency_token(MADE[name](still_sandbox).idempotency_key(), newest)
    assert token[:32] == GOLDEN[name][newest or "first"]
