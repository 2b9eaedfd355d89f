# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model as a whole: the dictionaries of each method reach the host as a playbook has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    pass

MODULE = "bedrock_custom_model"
TEACHER = {
    "distillation_config": {
        "teacher_model_config": {
            "teacher_model_identifier": "amazon.nova-pro-v1:0",
            "max_response_length_for_inference": "1000",
        }
    }
}


def started(play: Play, host: Host, credentials: dict[str, Any], **options: Any) -> dict[str, Any]:
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
    shown: dict[str, Any] = again["model"]
    return shown


def test_distillation(play: Play, host: Host, credentials: dict[str, Any]) -> None:
    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-micro-v1:0",
        customization_type="DISTILLATION",
        customization_config=TEACHER,
        training_data_config={"s3_uri": host.put(converse_lines(120), "prompts.jsonl")},
    )
    teacher = shown["customization_config"]["distillation_config"]["teacher_model_config"]
    assert teacher == {
        "teacher_model_identifier": "amazon.nova-pro-v1:0",
        "max_response_length_for_inference": 1000,
    }


def test_distillation_from_logs(play: Play, host: Host, credentials: dict[str, Any]) -> None:
    host.put('{"n": 1}\n' * 120, "logs/a.json")
    source = {"s3_uri": f"s3://{host.reach.data_bucket}/logs/"}
    filters = {"or_all": [{"equals": {"project": "support"}}, {"not_equals": {"project": "sales"}}]}
    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-micro-v1:0:128k",
        customization_type="DISTILLATION",
        customization_config=TEACHER,
        training_data_config={
            "invocation_logs_config": {
                "use_prompt_response": "yes",
                "invocation_log_source": source,
                "request_metadata_filters": filters,
            }
        },
    )
    logs = shown["training_data_config"]["invocation_logs_config"]
    assert (logs["use_prompt_response"], logs["request_metadata_filters"]) == (True, filters)
    assert logs["invocation_log_source"] == source


def test_reinforcement(play: Play, host: Host, credentials: dict[str, Any]) -> None:
    record = '{"messages": [{"role": "user", "content": "2+2?"}], "reference_answer": {"number": 4}}\n'
    account = host.reach.role_arn.split(":")[4]
    lambda_arn = f"arn:aws:lambda:us-east-1:{account}:function:grade"
    shown = started(
        play,
        host,
        credentials,
        base_model_identifier="amazon.nova-2-lite-v1:0:256k",
        customization_type="REINFORCEMENT_FINE_TUNING",
        customization_config={
            "rft_config": {
                "grader_config": {"lambda_grader": {"lambda_arn": lambda_arn}},
                "hyper_parameters": {
                    "epoch_count": 2,
                    "batch_size": "64",
                    "learning_rate": 1e-5,
                    "reasoning_effort": "low",
                },
            }
        },
        training_data_config={"s3_uri": host.put(record * 120, "questions.jsonl")},
    )
    found = shown["customization_config"]["rft_config"]
    assert found["grader_config"]["lambda_grader"]["lambda_arn"] == lambda_arn
    assert (
        found["hyper_parameters"].items()
        >= {
            "epoch_count": 2,
            "batch_size": 64,
            "learning_rate": 0.00001,
            "reasoning_effort": "low",
        }.items()
    )
