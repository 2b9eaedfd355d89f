# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the OCI modules take for the same, and how they tell what is not."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import custom_model as driver
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import objects
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import (
    CREATE,
    ModelHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import pair_lines

LORA: dict[str, Any] = {"training_config_type": "LORA_TRAINING_CONFIG", "total_training_epochs": 2}


@pytest.fixture
def host(models: ModelHost) -> ModelHost:
    return models


def cli_model(host: ModelHost, name: str = "made-by-hand") -> tuple[str, str]:
    """A model that another tool made of data under its own name; its OCID, and the data's text."""
    text = pair_lines()
    digest = base64.b64encode(hashlib.md5(text.encode()).digest()).decode()
    data = host.put(text, "cli/train.jsonl", content_md5=digest)
    model = host.train(data, name)
    host.sandbox.advance(60)
    return model, text


class TestSameData:
    def test_v4_the_same_bytes_under_two_names_are_the_same_data(self, host: ModelHost) -> None:
        model, text = cli_model(host)
        ours = host.data(text, "ours")
        found = host.wanted(ours, "made-by-hand", model_id=model)
        assert (found["action"], found["id"]) == ("none", model)
        other = host.data(pair_lines(topic="letters"), "letters")
        with pytest.raises(InvalidInput, match="trained differently: fine_tune_details.training_dataset"):
            host.wanted(other, "made-by-hand", model_id=model)

    def test_v4_an_object_that_was_written_after_the_training_proves_nothing(self, host: ModelHost) -> None:
        model, _text = cli_model(host)
        other = pair_lines(topic="letters")
        host.put(other, "cli/train.jsonl")
        ours = host.data(other, "ours")
        with pytest.raises(InvalidInput, match="trained differently: fine_tune_details.training_dataset"):
            host.wanted(ours, "made-by-hand", model_id=model)


PAGE: dict[str, Any] = {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>Sign in</html>"}


class TestTokens:
    def tokens(self, host: ModelHost) -> list[str]:
        return [entry["headers"]["opc-retry-token"] for entry in host.sandbox.requests("oci.CreateModel")]

    def test_v3_a_proxy_s_page_is_no_answer_and_makes_no_other_token(self, host: ModelHost) -> None:
        plain = host.put(pair_lines())
        host.wanted(plain, "first")
        for count in (1, 2):
            host.sandbox.fault("oci.HeadObject", times=count, **PAGE)
            host.wanted(plain, f"other-{count}")
        host.sandbox.fault("oci.HeadObject", times=50, **PAGE)
        host.sandbox.clear_log()
        with pytest.raises(TransientError, match="the answer is not one of"):
            host.wanted(plain, "never")
        assert host.sandbox.count(CREATE) == 0

    @pytest.mark.parametrize("named", [True, False])
    def test_v3_the_token_does_not_depend_on_what_a_look_happens_to_show(self, host: ModelHost, named: bool) -> None:
        data = host.data() if named else host.put(pair_lines())
        intents = []
        for shown in (
            {"etag": "one"},
            {"etag": "one", "content-md5": "XrY7u+Ae7tCTyyK7j1rNww=="},
            {"etag": "one", "opc-content-crc32c": "abcdef=="},
        ):
            content = objects.parse_data("data", data)
            with_head = dict(shown)
            intents.append(intent_of(host, content, with_head))
        assert intents[0] == intents[1] == intents[2]


def intent_of(host: ModelHost, content: Any, shown: dict[str, str]) -> Any:
    """What seeds the token where a look shows this of the data."""
    known = replace(content, sha256=objects.sha256_of(shown) or content.sha256, version=objects.version_of(shown))
    made = driver.Model(host.api, "ocid1.compartment", "bot", {"fine_tune_details.training_dataset": known})
    return made.idempotency_key()


class TestTags:
    def test_v7_truth_values_numbers_and_nothing(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data, freeform_tags={"live": True, "size": 3, "part": 1.5, "none": None})
        assert made["freeform_tags"] == {"live": "true", "size": "3", "part": "1.5"}
        assert host.wanted(data, freeform_tags={"live": "true", "size": 3, "part": "1.5"})["changed"] is False
        host.change(made["id"], freeformTags={**host.get(made["id"])["freeformTags"], "live": "True"})
        once = host.wanted(data, freeform_tags={"live": True, "size": 3, "part": 1.5})
        assert (once["action"], once["diff"]["after"]) == ("update", {"freeform_tags": {"live": "true"}})
        assert host.wanted(data, freeform_tags={"live": True, "size": 3, "part": 1.5})["changed"] is False

    def test_v2_a_tag_of_the_tenancy_is_no_difference(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, defined_tags={"Operations": {"CostCenter": "42"}})
        changed = host.wanted(data, defined_tags={"Operations.CostCenter": "43"}, check_mode=True)
        assert changed["diff"] == {
            "before": {"defined_tags": {"Operations.CostCenter": "42"}},
            "after": {"defined_tags": {"Operations.CostCenter": "43"}},
        }

    def test_v2_a_marker_is_no_part_of_a_rename(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        renamed = host.model("help-bot", model_id=made["id"], compartment_id=None)
        assert renamed["diff"] == {"before": {"display_name": "support-bot"}, "after": {"display_name": "help-bot"}}


class TestPreview:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"display_name": "x" * 300}, "display_name has 300 characters; OCI takes 255"),
            ({"description": "x" * 401}, "description has 401 characters; OCI takes 400"),
            ({"base_model_id": "ocid1.compartment.oc1..x"}, "the OCID of a compartment"),
            ({"compartment_id": "ocid1.user.oc1..x"}, "compartment_id is .*, the OCID of a user"),
            (
                {"fine_tune_details": {"dedicated_ai_cluster_id": "ocid1.generativeaimodel.oc1..x"}},
                "dedicated_ai_cluster_id is .*, the OCID of a model",
            ),
            (
                {"fine_tune_details": {"training_config": {**LORA, "learning_rate": 0.0}}},
                "learning_rate is 0.0; it is a number above 0 and at most 1",
            ),
        ],
    )
    def test_p3_what_cannot_be_is_refused_in_check_mode(
        self, host: ModelHost, options: dict[str, Any], says: str
    ) -> None:
        data = host.data()
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match=says):
                host.wanted(data, **options, check_mode=check_mode)

    def test_p3_a_kind_of_training_that_the_base_model_lacks(self, host: ModelHost) -> None:
        config = {"training_config_type": "VANILLA_TRAINING_CONFIG"}
        with pytest.raises(ApiError, match=r"VANILLA_TRAINING_CONFIG, which meta.llama-3.3.* cannot be trained with"):
            host.wanted(host.data(), fine_tune_details={"training_config": config}, check_mode=True)

    def test_p3_a_batch_size_out_of_the_guide_s_range_is_a_warning(self, host: ModelHost) -> None:
        config = {**LORA, "training_batch_size": 4}
        host.wanted(host.data(), fine_tune_details={"training_config": config}, check_mode=True)
        assert "training_batch_size is 4; for meta.llama-3.3" in str(host.warnings)

    @pytest.mark.parametrize("shape", ["SMALL_COHERE_V2", "SMALL_COHERE"])
    def test_p3_a_cluster_of_another_shape(self, clusters: ClusterHost, shape: str) -> None:
        made = clusters.tuning("other", unit_shape=shape, unit_count=8 if shape.endswith("2") else 2)
        data = clusters.data()
        with pytest.raises(ApiError, match=f"has the unit shape {shape}; meta.llama.* is trained on LARGE_GENERIC"):
            clusters.wanted(data, fine_tune_details={"dedicated_ai_cluster_id": made["id"]}, check_mode=True)

    @pytest.mark.parametrize(
        ("given", "named"), [({"Nobody": {"x": "y"}}, "Nobody"), ({"Operations.Typo": "y"}, "Operations.Typo")]
    )
    def test_p3_a_tag_namespace_that_nothing_carries_is_a_warning(
        self, host: ModelHost, given: dict[str, Any], named: str
    ) -> None:
        """The preview cannot know it; what it may come to is said before anything is done."""
        data = host.data()
        host.wanted(data, "tagged", defined_tags={"Operations": {"CostCenter": "42"}})
        foreseen = host.wanted(data, defined_tags=given, check_mode=True)
        (told,) = [text for text in host.warnings if text.startswith("defined_tags: ")]
        assert foreseen["action"] == "create"
        assert f"carries {named}, " in told
        assert "OCI refuses" in told
        with pytest.raises(ApiError, match="was not found") as caught:
            host.wanted(data, defined_tags=given)
        assert caught.value.facts["changed"] is False
        host.wanted(data, "known", defined_tags={"Operations": {"CostCenter": "43", "Owner": None}})
        assert not [text for text in host.warnings if text.startswith("defined_tags: ")]

    def test_p7_a_cluster_that_cannot_be_deleted_goes_on_costing(self, clusters: ClusterHost) -> None:
        made = clusters.tuning("temporary")
        model = clusters.wanted(clusters.data(), fine_tune_details={"dedicated_ai_cluster_id": made["id"]})
        clusters.error("DeleteDedicatedAiCluster", 409, "IncorrectState", "The custom model must be deleted first.")
        with pytest.raises(ApiError, match="must be deleted first") as caught:
            clusters.tuning("temporary", state="absent")
        assert "still costs money" in caught.value.hint
        assert f"support-bot ({model['id']})" in caught.value.hint

    def test_one_that_was_renamed_by_hand_is_named_by_absent(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        host.change(made["id"], displayName="kept")
        assert host.model(state="absent")["changed"] is False
        assert f"{made['id']} was made as 'support-bot' and is called 'kept' now" in str(host.warnings)
