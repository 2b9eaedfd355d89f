# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of fine_tune in ``ignore_changes`` and in messages."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    Host,
)

RETRAIN: dict[str, Any] = {"retrain": "on_change"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_h2_ignore_changes_by_the_names_of_fine_tune(host: Host, provider: str) -> None:
    host.one(provider, hyperparameters={"epochs": 2})
    other = {"hyperparameters": {"epochs": 3}, **RETRAIN}
    found = host.one(provider, ignore_changes=["hyperparameters.epochs"], **other)
    assert (found["changed"], len(found["ignored_changes"])) == (False, 1)
    (change,) = found["ignored_changes"].values()
    assert (int(change["before"]), change["after"]) == (2, 3)
    assert host.count(CREATES)[provider] == 1
    preview = host.preview(host.entry(provider, ignore_changes=["base_model"], **other))
    assert preview["results"][0]["action"] == "retrain"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", ["base_model", "training_data", "hyperparameters"])
def test_h2_ignore_changes_takes_what_a_model_is_made_of(host: Host, provider: str, name: str) -> None:
    result = host.preview(host.entry(provider, ignore_changes=[name]))
    assert host.well(result)[0]["action"] == "create"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("name", "says"), [("name", "says which one is meant"), ("nonsense", "is not a compared option")]
)
def test_h2_ignore_changes_refuses_in_the_words_of_fine_tune(host: Host, provider: str, name: str, says: str) -> None:
    result = host.preview(host.entry(provider, ignore_changes=[name]))
    assert f"ignore_changes: '{name}' {says}" in result["msg"]
    for word in ("custom_model_name", "display_name", "base_model_id", "training_file", "_config.s3"):
        assert word not in result["msg"]
    assert "base_model" in result["msg"] or provider == "openai"
    assert "training_data" in result["msg"]


@pytest.mark.parametrize("name", ["support bot", "st\u00fctze"])
def test_m1_a_bedrock_name_is_refused_in_the_words_of_fine_tune(host: Host, name: str) -> None:
    message = host.preview(host.entry("bedrock", name))["msg"]
    assert "custom_model_name" not in message
    assert f"name is '{name}'" in message
    assert "letters from a to z, digits, '-' and '_'" in message
    assert not any(sign in message for sign in ("[a-z", "[0-9", "]*", "{1,63}"))


@pytest.mark.parametrize(
    ("provider", "options", "says"),
    [
        ("bedrock", {"base_model": "Nova Lite"}, "base_model is 'Nova Lite'"),
        ("bedrock", {"bedrock": {"role_arn": "FineTune"}}, "bedrock.role_arn is 'FineTune'"),
        ("bedrock", {"bedrock": {"output_s3_uri": "runs"}}, "bedrock.output_s3_uri is 'runs'"),
        ("oci", {"name": "x" * 300}, "name has 300 characters"),
        ("oci", {"hyperparameters": {"learning_rate": 0.0}}, "hyperparameters.learning_rate is 0"),
        (
            "oci",
            {"oci": {"dedicated_ai_cluster_id": "ocid1.user.oc1..x"}},
            "oci.dedicated_ai_cluster_id is 'ocid1.user",
        ),
    ],
)
def test_m1_refusals_name_the_option_that_was_written(
    host: Host, provider: str, options: dict[str, Any], says: str
) -> None:
    message = host.preview(host.entry(provider, **options))["msg"]
    assert f": {says}" in message
