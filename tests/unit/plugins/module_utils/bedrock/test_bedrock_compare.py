# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bedrock_custom_model takes for the same, and how it tells what is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import Content
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput, TransientError
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.custom_model import _hash_inputs
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.jobs import same_key, same_teacher
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.shapes import format_decimal
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import json_lines


def rft_lines() -> str:
    return json_lines(
        {"messages": [{"role": "user", "content": f"Question {number}?"}], "reference_answer": {"is": number}}
        for number in range(100)
    )


RETRAIN: dict[str, Any] = {"retrain": "on_change"}


class TestIgnoreChanges:
    def test_h2_ignore_changes_keeps_the_model(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, hyperparameters={"epochCount": 2}, tags={"team": "a"})
        desired: dict[str, Any] = {"hyperparameters": {"epochCount": 3}, "tags": {"team": "b"}}
        ignored = host.wanted(uri, **desired, **RETRAIN, ignore_changes=["hyperparameters.epochCount", "tags"])
        assert (ignored["changed"], ignored["action"], ignored["id"]) == (False, "none", made["id"])
        assert ignored["ignored_changes"] == {
            "hyperparameters.epochCount": {"before": "2", "after": 3},
            "tags.team": {"before": "a", "after": "b"},
            "custom_model_tags.team": {"before": "a", "after": "b"},
        }
        assert ignored["diff"]["before"]["ignored"]["hyperparameters.epochCount"] == "2"
        assert ignored["diff"]["after"]["ignored"]["hyperparameters.epochCount"] == 3
        assert host.tags(made["job_arn"])["team"] == "a"
        assert len(host.jobs()) == 1

    def test_h2_ignore_changes_holds_for_a_create_all_the_same(self, host: Host) -> None:
        made = host.wanted(host.data(), hyperparameters={"epochCount": 3}, ignore_changes=["hyperparameters"])
        assert made["hyperparameters"]["epochCount"] == "3"
        assert made["ignored_changes"] == {}


NOVA = "amazon.nova-pro-v1:0"
ARN = f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}"
PROFILE = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{NOVA}"


def distilled(teacher: str) -> dict[str, Any]:
    return {
        "customization_type": "DISTILLATION",
        "customization_config": {
            "distillation_config": {"teacher_model_config": {"teacher_model_identifier": teacher}},
            "rft_config": None,
        },
    }


class TestSpellings:
    @pytest.mark.parametrize(
        ("desired", "shown", "same"),
        [
            (NOVA, ARN, True),
            (ARN, NOVA, True),
            (NOVA, f"{ARN}:300k", True),
            (ARN, f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{NOVA}", True),
            (PROFILE, f"us.{NOVA}", True),
            (f"us.{NOVA}", NOVA, True),
            (PROFILE, ARN, True),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef123456", ARN, True),
            (NOVA, "amazon.nova-premier-v1:0", False),
            (PROFILE, "amazon.nova-lite-v1:0", False),
            (f"{NOVA}:24k", f"{NOVA}:300k", False),
        ],
    )
    def test_v1_a_teacher_is_the_same_in_every_spelling(self, desired: str, shown: str, same: bool) -> None:
        assert same_teacher(desired, shown) is same

    def test_v1_an_id_and_an_arn_train_once(self, host: Host) -> None:
        uri = host.data(converse_lines(100), format="bedrock_distillation", customization_type="DISTILLATION")
        made = host.wanted(uri, **distilled(NOVA))
        again = host.wanted(uri, **distilled(ARN), **RETRAIN)
        assert (again["changed"], again["id"]) == (False, made["id"])
        with pytest.raises(InvalidInput) as caught:
            host.wanted(uri, **distilled("amazon.nova-premier-v1:0"))
        assert (
            "customization_config.distillation_config.teacher_model_config.teacher_model_identifier: "
            in caught.value.message
        )
        assert caught.value.message.count("amazon.nova-premier-v1:0") == 1
        assert len(host.jobs()) == 1

    @pytest.mark.parametrize(
        ("desired", "shown", "same"),
        [
            ("arn:aws:kms:us-east-1:1:key/abc", "abc", True),
            ("alias/mine", "none", False),
            ("abc", "none", False),
            ("arn:aws:kms:us-east-1:1:alias/mine", "arn:aws:kms:us-east-1:1:key/abc", True),
        ],
    )
    def test_v1_keys(self, desired: str, shown: str, same: bool) -> None:
        assert same_key(desired, shown) is same


class TestDifferences:
    def test_v2_the_path_is_shown_in_the_message_and_in_the_diff(self, host: Host) -> None:
        account = host.reach.role_arn.split(":")[4]

        def desired(interval: int) -> dict[str, Any]:
            config = {
                "grader_config": {
                    "lambda_grader": {"lambda_arn": f"arn:aws:lambda:us-east-1:{account}:function:grader"}
                },
                "hyper_parameters": {"epoch_count": 2, "batch_size": 32, "eval_interval": interval},
            }
            return {
                "customization_type": "REINFORCEMENT_FINE_TUNING",
                "base_model_identifier": "amazon.nova-2-lite-v1:0:256k",
                "customization_config": {"rft_config": config, "distillation_config": None},
            }

        uri = host.put(rft_lines(), "rft.jsonl")
        made = host.wanted(uri, **desired(10))
        assert "None" not in str(made["diff"]["after"]["customization_config"])
        path = "customization_config.rft_config.hyper_parameters.eval_interval"
        with pytest.raises(InvalidInput) as caught:
            host.wanted(uri, **desired(20))
        assert caught.value.message.endswith(f"trained differently: {path}: 10 -> 20.")
        assert caught.value.facts["diff"] == {"before": {path: 10}, "after": {path: 20}}


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "sent"),
        [
            (0.00005, "0.00005"),
            ("5e-05", "0.00005"),
            ("1E-7", "0.0000001"),
            (1e-7, "0.0000001"),
            (1e22, "10000000000000000000000"),
            (2, "2"),
            ("0.00010", "0.00010"),
            ("auto", "auto"),
            ("1e", "1e"),
            (0.1, "0.1"),
            (1.5e-5, "0.000015"),
        ],
    )
    def test_v5_numbers_are_plain_decimals(self, value: Any, sent: str) -> None:
        assert format_decimal(value) == sent

    def test_v5_sent_and_compared(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri, hyperparameters={"learningRate": 0.00005, "epochCount": None, "batchSize": 1.0})
        (entry,) = host.sandbox.requests("bedrock.CreateModelCustomizationJob")
        made = host.client().get_model_customization_job(jobIdentifier=host.jobs()[0]["arn"])["hyperParameters"]
        assert (made["learningRate"], made["batchSize"]) == ("0.00005", "1")
        for same in (5e-05, "5e-05", "0.00005"):
            assert host.wanted(uri, hyperparameters={"learningRate": same})["changed"] is False

    def test_v5_what_1_0_0_has_sent_is_equal(self, host: Host) -> None:
        uri = host.put(converse_lines())
        arn = host.by_hand(uri, "theirs", hyperParameters={"learningRate": "5e-05"})
        assert host.wanted(uri, job_arn=arn, hyperparameters={"learningRate": 0.00005})["action"] in ("none", "update")


class TestTags:
    def test_v7_truth_values_and_nothing(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"live": True, "size": 3, "none": None})
        assert made["tags"] == {"live": "true", "size": "3"}
        assert host.wanted(uri, tags={"live": "true", "size": "3"})["changed"] is False
        host.client().tag_resource(resourceARN=made["job_arn"], tags=[{"key": "live", "value": "True"}])
        assert host.wanted(uri, tags={"live": True, "size": 3})["action"] == "update"
        assert host.wanted(uri, tags={"live": True, "size": 3})["changed"] is False
        stored = host.dataset(converse_lines(), tags={"live": False, "none": None})
        assert stored["tags"] == {"live": "false"}


class TestWords:
    @pytest.mark.parametrize(
        ("options", "option"),
        [
            ({"name": "support bot"}, "custom_model_name"),
            ({"name": "st\u00fctze"}, "custom_model_name"),
            ({"job_name": "a_b"}, "job_name"),
            ({"role_arn": "FineTune"}, "role_arn"),
            ({"role_arn": "arn:aws:iam::12:role/x"}, "role_arn"),
            ({"custom_model_kms_key_id": "key"}, "custom_model_kms_key_id"),
            ({"tags": {"\u00fc": "x"}}, "tags"),
            ({"tags": {"x": "\u00fc"}}, "tags"),
            ({"base_model_identifier": "Nova Lite"}, "base_model_identifier"),
            ({"output_data_config": {"s3_uri": "s3://bucket/a b/"}}, "output_data_config.s3_uri"),
            ({"vpc_config": {"subnet_ids": ["subnet 1"], "security_group_ids": ["sg-1"]}}, "vpc_config.subnet_ids"),
            (distilled("Nova Pro"), "teacher_model_identifier"),
        ],
    )
    def test_m1_words_not_patterns(self, host: Host, options: dict[str, Any], option: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            host.wanted("s3://example/data.jsonl", **options, check_mode=True)
        assert option in caught.value.message
        for sign in ("[a-z", "]*", "){", "\\", "[0-9"):
            assert sign not in caught.value.text()

    @pytest.mark.parametrize(
        ("options", "option"),
        [
            (
                {"base_model_identifier": "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-lite-v1:0:300k"},
                "base",
            ),
            (
                {
                    "custom_model_kms_key_id": "arn:aws:kms:us-west-2:123456789012:"
                    "key/1234abcd-12ab-34cd-56ef-1234567890ab"
                },
                "custom_model_kms_key_id",
            ),
        ],
    )
    def test_p3_what_is_in_another_region_is_refused_in_check_mode(
        self, host: Host, options: dict[str, Any], option: str
    ) -> None:
        with pytest.raises(InvalidInput, match=f"{option}.* is in us-west-2, the job would run in us-east-1"):
            host.wanted("s3://example/data.jsonl", **options, check_mode=True)


PAGE: dict[str, Any] = {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Sign in</html>"}


class TestSameData:
    def test_v4_the_same_bytes_under_two_keys_are_the_same_data(self, host: Host) -> None:
        text = converse_lines()
        arn = host.by_hand(host.put(text, "cli/train.jsonl"), "theirs")
        host.sandbox.advance(600)
        assert host.wanted(host.data(text), job_arn=arn)["action"] in ("none", "update")
        with pytest.raises(InvalidInput, match="trained differently: training_data_config"):
            host.wanted(host.data(converse_lines(topic="letters"), "letters"), job_arn=arn)
        host.put(converse_lines(topic="letters"), "cli/train.jsonl")
        with pytest.raises(InvalidInput, match="trained differently: training_data_config"):
            host.wanted(host.data(converse_lines(topic="letters"), "letters"), job_arn=arn)

    def test_v3_a_proxy_s_page_is_no_answer(self, host: Host) -> None:
        plain = host.put(converse_lines())
        host.sandbox.fault("s3.HeadObject", times=1, **PAGE)
        host.wanted(plain)
        host.sandbox.fault("s3.HeadObject", times=50, **PAGE)
        host.sandbox.clear_log()
        with pytest.raises(TransientError, match="the answer is not one of"):
            host.wanted(plain, "never")
        assert host.sandbox.count("bedrock.CreateModelCustomizationJob") == 0

    def test_v3_names_do_not_depend_on_a_checksum_that_a_look_happens_to_show(self) -> None:
        one = Content(id="s3://b/k", version="md5:1 crc64nvme:9", etag="1")
        other = Content(id="s3://b/k", version="md5:1", etag="1")
        assert _hash_inputs({"training_data_config": one}) == _hash_inputs({"training_data_config": other})
