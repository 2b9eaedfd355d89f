# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model as a whole: the dictionaries of each method reach the host as a playbook has them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

MODULE = "bedrock_custom_model"


def taught(length: str) -> dict[str, Any]:
    """``customization_config`` of a distillation with answers of this length."""
    teacher = {"teacher_model_identifier": "amazon.nova-pro-v1:0", "max_response_length_for_inference": length}
    return {"distillation_config": {"teacher_model_config": teacher}}


def started(
    play: Play, host: Host, credentials: dict[str, Any], *, other: dict[str, Any], differs: str, **options: Any
) -> dict[str, Any]:
    """The job of a task that is run twice and does not wait, as the host shows it; other options are refused."""
    given = dict(
        credentials,
        custom_model_name="bot",
        role_arn=host.reach.role_arn,
        output_data_config={"s3_uri": f"s3://{host.reach.output_bucket}/runs/"},
        wait=False,
        **options,
    )
    first = play(MODULE, given)
    assert (first.get("msg"), first["changed"], first["action"]) == (None, True, "create")
    again = play(MODULE, given)
    assert (again["changed"], again["job_arn"], len(host.jobs())) == (False, first["job_arn"], 1)
    assert again["customization_type"] == options["customization_type"]
    refused = play(MODULE, {**given, **other})
    assert refused["failed"] and differs in refused["msg"], refused
    shown: dict[str, Any] = again["model"]
    return shown


def test_distillation(play: Play, host: Host, credentials: dict[str, Any]) -> None:
    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-micro-v1:0",
        customization_type="DISTILLATION",
        customization_config=taught("1000"),
        other={"customization_config": taught("600")},
        differs="customization_config",
        training_data_config={"s3_uri": host.put(converse_lines(120), "prompts.jsonl")},
    )
    teacher = shown["customization_config"]["distillation_config"]["teacher_model_config"]
    assert teacher == {
        "teacher_model_identifier": "amazon.nova-pro-v1:0",
        "max_response_length_for_inference": 1000,
    }


@pytest.mark.parametrize(
    "filters",
    [
        None,
        {"equals": {"team": "support"}},
        {"or_all": [{"equals": {"project": "support"}}, {"not_equals": {"project": "sales"}}]},
    ],
    ids=["none", "one", "two"],
)
def test_distillation_from_logs(play: Play, host: Host, credentials: dict[str, Any], filters: Any) -> None:
    host.put('{"n": 1}\n' * 120, "logs/a.json")
    source = {"s3_uri": f"s3://{host.reach.data_bucket}/logs/"}
    logs = {"use_prompt_response": "yes", "invocation_log_source": source, "request_metadata_filters": filters}
    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-micro-v1:0:128k",
        customization_type="DISTILLATION",
        customization_config=taught("1000"),
        training_data_config={"invocation_logs_config": logs},
        other={"training_data_config": {"invocation_logs_config": {**logs, "use_prompt_response": False}}},
        differs="invocation_logs_config",
    )
    found = shown["training_data_config"]["invocation_logs_config"]
    assert (found["use_prompt_response"], found.get("request_metadata_filters")) == (True, filters)
    assert found["invocation_log_source"] == source


def test_reinforcement(play: Play, host: Host, credentials: dict[str, Any]) -> None:
    record = '{"messages": [{"role": "user", "content": "2+2?"}], "reference_answer": {"number": 4}}\n'
    account = host.reach.role_arn.split(":")[4]
    grader = {"lambda_grader": {"lambda_arn": f"arn:aws:lambda:us-east-1:{account}:function:grade"}}
    numbers = {"epoch_count": 2, "batch_size": "64", "learning_rate": 1e-5, "reasoning_effort": "low"}

    def scored(**other: Any) -> dict[str, Any]:
        return {"rft_config": {"grader_config": grader, "hyper_parameters": {**numbers, **other}}}

    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-2-lite-v1:0:256k",
        customization_type="REINFORCEMENT_FINE_TUNING",
        customization_config=scored(),
        other={"customization_config": scored(epoch_count=3)},
        differs="customization_config",
        training_data_config={"s3_uri": host.put(record * 120, "questions.jsonl")},
    )
    found = shown["customization_config"]["rft_config"]
    assert found["grader_config"] == grader
    assert found["hyper_parameters"].items() >= {**numbers, "batch_size": 64, "learning_rate": 0.00001}.items()
