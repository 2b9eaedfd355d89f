# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of the providers name all that is missing at once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play


@pytest.mark.parametrize(
    ("module", "given", "missing"),
    [
        ("openai_fine_tuned_model", {"name": "bot", "api_key": "sk-0123456789"}, ["model", "training_file"]),
        (
            "bedrock_custom_model",
            {
                "custom_model_name": "bot",
                "region": "us-east-1",
                "access_key": "AKIAEXAMPLE",
                "secret_key": "0123456789",
            },
            ["base_model_identifier", "role_arn", "training_data_config", "output_data_config"],
        ),
        (
            "oci_generative_ai_model",
            {"display_name": "bot", "compartment_id": "ocid1.compartment.oc1..x"},
            [
                "base_model_id",
                "fine_tune_details.dedicated_ai_cluster_id",
                "fine_tune_details.training_dataset",
            ],
        ),
    ],
)
def test_m2_all_that_is_missing(play: Play, module: str, given: dict[str, Any], missing: list[str]) -> None:
    result = play(module, given)
    assert result["failed"]
    assert [option for option in missing if f"{option} is missing" not in result["msg"]] == []
