# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers by the API's own model, and the table of hyperparameters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import shapes
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.hyperparameters import (
    FAMILIES,
    bounds_of,
    check_hyperparameters,
    unknown_hyperparameters,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.naming import snake

ROLE = "arn:aws:iam::123456789012:role/FineTune"
REQUEST: dict[str, Any] = {
    "job_name": "job-1",
    "custom_model_name": "bot",
    "role_arn": ROLE,
    "base_model_identifier": "amazon.nova-lite-v1:0:300k",
    "training_data_config": {"s3_uri": "s3://bucket/train.jsonl"},
    "output_data_config": {"s3_uri": "s3://bucket/out/"},
}


@pytest.fixture(scope="module")
def client() -> Any:
    import boto3

    return boto3.session.Session().client(
        "bedrock", region_name="us-east-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="example"
    )


def made(client: Any, **members: Any) -> Any:
    return shapes.request({**REQUEST, **members}, shapes.members(client, "CreateModelCustomizationJob"), "")


@pytest.mark.parametrize(
    ("api", "option"),
    [
        ("jobName", "job_name"),
        ("s3Uri", "s3_uri"),
        ("hyperParameters", "hyper_parameters"),
        ("customModelKmsKeyId", "custom_model_kms_key_id"),
        ("outputModelKmsKeyArn", "output_model_kms_key_arn"),
        ("customModelUnitsVersion", "custom_model_units_version"),
    ],
)
def test_names(api: str, option: str) -> None:
    assert snake(api) == option


def test_no_two_members_of_one_structure_have_the_same_name(client: Any) -> None:
    for name in client.meta.service_model.shape_names:
        shape = client.meta.service_model.shape_for(name)
        if shape.type_name == "structure":
            assert len({snake(member) for member in shape.members}) == len(shape.members), name


def test_a_request(client: Any) -> None:
    request = made(client, hyper_parameters={"epochCount": 2, "learningRate": "1e-05", "flag": True}, job_tags=None)
    assert request["jobName"] == "job-1"
    assert request["trainingDataConfig"] == {"s3Uri": "s3://bucket/train.jsonl"}
    assert request["hyperParameters"] == {"epochCount": "2", "learningRate": "1e-05", "flag": "true"}
    assert "jobTags" not in request


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"job_name": ""}, "job_name has 0 characters; it has 1 to 63"),
        ({"job_name": "x" * 64}, "job_name has 64 characters; it has 1 to 63"),
        ({"job_name": "a/b"}, "job_name is 'a/b', which does not match"),
        ({"job_name": "a\n"}, "does not match"),
        ({"custom_model_name": "a b"}, "custom_model_name is 'a b'"),
        ({"role_arn": None}, "role_arn is missing"),
        ({"role_arn": ["x"]}, r"role_arn is \['x'\]; it is a text"),
        ({"customization_type": "FINETUNING"}, "customization_type is 'FINETUNING'; it is one of FINE_TUNING,"),
        ({"training_data_config": "s3://bucket/k"}, "training_data_config is not a dictionary"),
        ({"training_data_config": {"s3uri": "x"}}, "training_data_config has no 's3uri'"),
        ({"output_data_config": {}}, "output_data_config.s3_uri is missing"),
        ({"vpc_config": {"subnet_ids": [], "security_group_ids": ["sg-1"]}}, "vpc_config.subnet_ids has 0 entries"),
        ({"vpc_config": {"subnet_ids": "subnet-1", "security_group_ids": ["sg-1"]}}, "subnet_ids is not a list"),
        (
            {"vpc_config": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg"] * 6}},
            "security_group_ids has 6 entries; it has 1 to 5",
        ),
        ({"hyper_parameters": ["epochCount"]}, "hyper_parameters is not a dictionary"),
        ({"job_tags": [{"key": "k", "value": "v" * 257}]}, r"job_tags\[0\].value has 257 characters"),
        ({"job_tags": [{"key": "k" * 129, "value": ""}]}, r"job_tags\[0\].key has 129 characters"),
        ({"nothing_known": 1}, "has no 'nothing_known'"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_what_the_api_would_refuse(client: Any, members: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        made(client, **members)
    assert len(caught.value.text()) < 1500


def rft(**hyper_parameters: Any) -> dict[str, Any]:
    return {"customization_config": {"rft_config": {"hyper_parameters": hyper_parameters}}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"epoch_count": 1}, {"epochCount": 1}),
        ({"epoch_count": "50"}, {"epochCount": 50}),
        ({"epoch_count": 2.0}, {"epochCount": 2}),
        ({"learning_rate": "1e-05"}, {"learningRate": 0.00001}),
        ({"reasoning_effort": "low", "batch_size": None}, {"reasoningEffort": "low"}),
    ],
)
def test_numbers_in_text(client: Any, given: dict[str, Any], sent: dict[str, Any]) -> None:
    assert made(client, **rft(**given))["customizationConfig"] == {"rftConfig": {"hyperParameters": sent}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch_count": 0}, "epoch_count is 0; it is 1 to 50"),
        ({"epoch_count": 51}, "epoch_count is 51"),
        ({"epoch_count": 1.5}, "it is a whole number"),
        ({"epoch_count": "many"}, "it is a whole number"),
        ({"epoch_count": True}, "it is a whole number"),
        ({"learning_rate": 1}, "learning_rate is 1; it is"),
        ({"learning_rate": "nan"}, "it is a number"),
        ({"learning_rate": "inf"}, "it is a number"),
        ({"reasoning_effort": "utmost"}, "low, medium, high"),
    ],
)
def test_numbers_out_of_range(client: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        made(client, **rft(**given))


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"distillation_config": None, "rft_config": None},
        {
            "distillation_config": {"teacher_model_config": {"teacher_model_identifier": "amazon.nova-pro-v1:0"}},
            "rft_config": {},
        },
    ],
    ids=["none", "nulls", "both"],
)
def test_unions_have_exactly_one(client: Any, config: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="customization_config has exactly one of: distillation_config, rft_config"):
        made(client, customization_config=config)


@pytest.mark.parametrize(
    ("value", "sent"), [(True, True), ("yes", True), ("True", True), (False, False), ("no", False)]
)
def test_truth_values(client: Any, value: Any, sent: bool) -> None:
    logs = {"use_prompt_response": value, "invocation_log_source": {"s3_uri": "s3://bucket/logs"}}
    config = made(client, training_data_config={"invocation_logs_config": logs})["trainingDataConfig"]
    assert config["invocationLogsConfig"]["usePromptResponse"] is sent


def test_no_truth_value(client: Any) -> None:
    logs = {"use_prompt_response": "perhaps", "invocation_log_source": {"s3_uri": "s3://bucket/logs"}}
    with pytest.raises(InvalidInput, match="use_prompt_response is 'perhaps'; it is true or false"):
        made(client, training_data_config={"invocation_logs_config": logs})


def test_every_example_name_of_the_api_is_taken_fast(client: Any) -> None:
    """The API's own pattern takes exponential time on a long row of dashes."""
    for name in ("a", "a-b", "a--b", "a.b+c", "a" + "-" * 61 + "b"):
        assert made(client, job_name=name)["jobName"] == name
    for name in ("-a", "a_b", "a b", "ä", "+a"):
        with pytest.raises(InvalidInput):
            made(client, job_name=name)


def test_an_answer_as_plain_data(client: Any) -> None:
    when = datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=1)))
    answer = {
        "jobArn": "arn",
        "creationTime": when,
        "hyperParameters": {"epochCount": "2", "learningRateWarmupSteps": "0"},
        "validationDataConfig": {"validators": [{"s3Uri": "s3://b/v"}]},
        "outputModelArn": None,
        "somethingNew": {"fromTomorrow": 1},
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    found = shapes.to_dict(answer, shapes.answer(client, "GetModelCustomizationJob"))
    assert found == {
        "job_arn": "arn",
        "creation_time": "2026-11-20T09:00:00Z",
        "hyper_parameters": {"epochCount": "2", "learningRateWarmupSteps": "0"},
        "validation_data_config": {"validators": [{"s3_uri": "s3://b/v"}]},
        "output_model_arn": None,
        "something_new": {"fromTomorrow": 1},
    }


def test_there_and_back(client: Any) -> None:
    """What an answer shows can be asked for again: the names are the same in both directions."""
    sent = made(client, hyper_parameters={"epochCount": "2"}, job_tags=[{"key": "k", "value": ""}])
    shape = shapes.members(client, "CreateModelCustomizationJob")
    assert shapes.request(shapes.to_dict(sent, shape), shape, "") == sent


# -- hyperparameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "family"),
    [
        ("amazon.nova-lite-v1:0:300k", "amazon.nova-"),
        ("amazon.nova-canvas-v1:0", "amazon.nova-canvas"),
        ("amazon.nova-2-lite-v1:0:256k", "amazon.nova-"),
        ("arn:aws:bedrock:us-west-2::foundation-model/meta.llama3-1-8b-instruct-v1:0:128k", "meta.llama3-1"),
        ("amazon.titan-text-premier-v1:0", "amazon.titan-text-premier"),
        ("amazon.titan-text-lite-v1", "amazon.titan-text-"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "anthropic.claude-3"),
    ],
)
def test_families(base: str, family: str) -> None:
    assert bounds_of(base) is FAMILIES[family]


@pytest.mark.parametrize("base", ["meta.llama3-3-70b-instruct-v1:0:128k", "my-own-model", "mistral.large"])
def test_no_family(base: str) -> None:
    desired = {"base_model_identifier": base, "hyperparameters": {"anything": "1"}}
    check_hyperparameters(desired)
    assert unknown_hyperparameters(desired) == []


def hyper(base: str, **values: Any) -> dict[str, Any]:
    return {"base_model_identifier": base, "hyperparameters": values}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_ends_of_every_range(family: str) -> None:
    for name, bound in FAMILIES[family].items():
        for value in (bound.lowest, bound.highest, str(bound.lowest), f"{bound.highest:e}"):
            check_hyperparameters(hyper(family + "x", **{name: value}))
        for value in (bound.lowest - 1, bound.highest + 1, "much", True, ""):
            with pytest.raises(InvalidInput, match=rf"hyperparameters\.{name} is "):
                check_hyperparameters(hyper(family + "x", **{name: value}))
        if bound.whole and bound.highest > bound.lowest:
            with pytest.raises(InvalidInput, match="a whole number from"):
                check_hyperparameters(hyper(family + "x", **{name: bound.lowest + 0.5}))


@pytest.mark.parametrize("word", ["auto", "Auto"])
def test_auto_only_where_it_means_something(word: str) -> None:
    check_hyperparameters(hyper("amazon.titan-embed-image-v1:0", epochCount=word))
    with pytest.raises(InvalidInput, match="epochCount is 'auto'|epochCount is 'Auto'"):
        check_hyperparameters(hyper("amazon.nova-lite-v1:0", epochCount=word))


def test_names_that_the_guide_lacks_are_passed_on_and_told() -> None:
    desired = hyper("amazon.nova-lite-v1:0", epochCount=2, shuffle="true")
    check_hyperparameters(desired)
    assert unknown_hyperparameters(desired) == [
        "hyperparameters not known for amazon.nova-lite-v1:0, passed on as they are: shuffle."
    ]


def test_other_kinds_of_training_have_their_own() -> None:
    for kind in ("DISTILLATION", "REINFORCEMENT_FINE_TUNING"):
        check_hyperparameters({**hyper("amazon.nova-lite-v1:0", epochCount=99), "customization_type": kind})
