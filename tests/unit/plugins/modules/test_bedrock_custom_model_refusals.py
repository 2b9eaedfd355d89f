# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model as a whole: what is wrong in a task is told in one clear error, before any request."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import BASE, Host
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

MODULE = "bedrock_custom_model"
NAME = {"custom_model_name": "wrong"}
SUBNETS = ["subnet-0123456789abcdef0"]


@pytest.fixture
def given(host: Host, credentials: dict[str, Any]) -> dict[str, Any]:
    """What a job needs besides a name."""
    return {
        **credentials,
        "base_model_identifier": BASE,
        "role_arn": host.reach.role_arn,
        "training_data_config": {"s3_uri": f"s3://{host.reach.data_bucket}/parcels-000000000000.jsonl"},
        "output_data_config": {"s3_uri": f"s3://{host.reach.output_bucket}/runs/"},
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"custom_model_name": "no spaces"}, "custom_model_name is 'no spaces', which does not match"),
        ({"custom_model_name": "n" * 64}, "custom_model_name has 64 characters; it has 1 to 63"),
        ({}, "one of the following is required: custom_model_name, job_arn"),
        ({**NAME, "state": "there"}, "state must be one of"),
        ({**NAME, "retrain": "always"}, "retrain must be one of"),
        ({**NAME, "customization_type": "TUNING"}, "customization_type must be one of"),
        ({**NAME, "role_arn": "not-an-arn"}, "role_arn is 'not-an-arn'"),
        (
            {**NAME, "training_data_config": {"s3_uri": "https://bucket/data"}},
            "training_data_config.s3_uri is 'https://bucket/data'; it is a URI such as s3://",
        ),
        (
            {**NAME, "training_data_config": {"s3_uri": "s3://bucket/folder/"}},
            "training_data_config.s3_uri is 's3://bucket/folder/', a folder",
        ),
        ({**NAME, "training_data_config": {"s3uri": "s3://bucket/data"}}, "(?i)unsupported parameters.*s3uri"),
        ({**NAME, "output_data_config": {}}, "missing required arguments: s3_uri found in output_data_config"),
        ({**NAME, "validation_data_config": {"validator": [{}]}}, "missing required arguments: s3_uri"),
        ({**NAME, "vpc_config": {"subnet_ids": SUBNETS}}, "missing required arguments: security_group_ids"),
        (
            {**NAME, "vpc_config": {"subnet_ids": SUBNETS * 17, "security_group_ids": ["sg-0123456789abcdef0"]}},
            "subnet_ids has 17 entries; it has 1 to 16",
        ),
        ({**NAME, "hyperparameters": {"epochCount": 0}}, "hyperparameters.epochCount is .*0.*from 1 to 5"),
        (
            {**NAME, "customization_config": {"rft_config": {"hyper_parameters": {"batch_size": 9999}}}},
            "batch_size is 9999; it is 16 to 512",
        ),
        (
            {**NAME, "customization_config": {"distillation_config": {"teacher_model_config": {}}}},
            "missing required arguments: teacher_model_identifier",
        ),
        ({**NAME, "tags": {"llmops_finetune_name": "x"}}, "'llmops_finetune_name' is reserved"),
        ({**NAME, "wait_timeout": -1}, "wait_timeout is -1"),
        ({**NAME, "wait_timeout": "soon"}, "wait_timeout.* convert to int"),
        ({**NAME, "region": "no region"}, "'no region' doesn't match"),
        ({**NAME, "base_model_identifier": "check-mode:model:bot"}, "base_model_identifier.*check mode"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_options(play: Play, host: Host, given: dict[str, Any], options: dict[str, Any], says: str) -> None:
    refused(play, MODULE, {**given, **options}, says)
    assert host.sandbox.count() == 0


def test_a_model_that_goes_on_from_one_that_is_foreseen(play: Play, host: Host, given: dict[str, Any]) -> None:
    """What check mode refuses nothing of, a real run does."""
    data = host.data()
    given["training_data_config"] = {"s3_uri": data}
    first = play(MODULE, {**given, "custom_model_name": "first"}, check_mode=True)
    assert first["custom_model_arn"] == "check-mode:model:first"
    desired = {**given, "custom_model_name": "second", "base_model_identifier": first["custom_model_arn"]}
    assert play(MODULE, desired, check_mode=True)["changed"] is True
    assert play(MODULE, desired)["failed"]
    assert host.jobs() == []
