# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model through the engine, against the sandbox."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import Content
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    NotFound,
    RateLimited,
    RunFailed,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.jobs import (
    same_base,
    same_contents,
    same_key,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    BASE,
    PREFIX,
    Host,
    converse_lines,
)

RETRAIN: dict[str, Any] = {"retrain": "on_change"}
CREATE = "bedrock.CreateModelCustomizationJob"
WRITES = ("Create", "Delete", "Stop", "TagResource", "UntagResource", "Put")


def letters(host: Host) -> str:
    """Other data."""
    return host.data(converse_lines(topic="letters"), "letters")


def writes(host: Host) -> list[str]:
    """The calls that changed something since the log was cleared."""
    called = [entry["operation"].partition(".")[2] for entry in host.sandbox.requests()]
    return [name for name in called if name.startswith(WRITES)]


@pytest.mark.parametrize(
    ("desired", "shown", "same"),
    [
        (BASE, f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}", True),
        ("amazon.nova-lite-v1:0", f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}", True),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}", "amazon.nova-lite-v1:0", True),
        ("amazon.nova-lite-v1:0:24k", BASE, False),
        ("amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0:128k", False),
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:1:300k", False),
        ("amazon.nova-lite-v1", "amazon.nova-lite-v1:0", False),
        ("arn:aws:bedrock:us-east-1:1:custom-model/a/1", "arn:aws:bedrock:us-east-1:1:custom-model/a/2", False),
    ],
)
def test_base_models(desired: str, shown: str, same: bool) -> None:
    assert same_base(desired, shown) is same


@pytest.mark.parametrize(
    ("desired", "shown", "same"),
    [
        ("arn:aws:kms:us-east-1:1:key/abc", "arn:aws:kms:us-east-1:1:key/abc", True),
        ("abc", "arn:aws:kms:us-east-1:1:key/abc", True),
        ("bc", "arn:aws:kms:us-east-1:1:key/abc", False),
        ("arn:aws:kms:us-east-1:1:key/def", "arn:aws:kms:us-east-1:1:key/abc", False),
        ("alias/mine", "arn:aws:kms:us-east-1:1:key/abc", True),
    ],
)
def test_keys(desired: str, shown: str, same: bool) -> None:
    assert same_key(desired, shown) is same


def test_several_data_sets_have_no_order() -> None:
    one, two = Content(id="s3://b/1"), Content(id="s3://b/2")
    assert same_contents([one, two], [two, one])
    assert not same_contents([one, two], [one])
    assert not same_contents([one], [one, two])
    assert not same_contents([one, one], [one, two])


class TestTruthTable:
    def test_create_and_again(self, host: Host) -> None:
        uri = host.data()
        foreseen = host.wanted(uri, tags={"team": "support"}, check_mode=True)
        assert foreseen["custom_model_arn"] == "check-mode:model:support-bot"
        result = host.wanted(uri, tags={"team": "support"})
        assert (result["changed"], result["action"], result["status"]) == (True, "create", "Completed")
        assert (result["job_name"], result["diff"]) == (foreseen["job_name"], foreseen["diff"])
        assert result["custom_model_arn"].startswith("arn:aws:bedrock:us-east-1:")
        assert result["job_arn"] == result["id"] == result["run_id"]
        assert re.fullmatch(r"support-bot-[0-9a-f]{8}-1", result["job_name"])
        assert (result["name"], result["custom_model_name"]) == ("support-bot", "support-bot")
        assert result["customization_type"] == "FINE_TUNING"
        assert result["training_metrics"][0]["training_loss"] == result["metrics"]["training_loss"] > 0
        assert result["tags"] == {"team": "support"}
        assert PREFIX not in str(result)
        host.sandbox.clear_log()
        again = host.wanted(uri, tags={"team": "support"})
        assert (again["changed"], again["action"]) == (False, "none")
        assert again["custom_model_arn"] == result["custom_model_arn"]
        assert host.sandbox.count() <= 4
        assert len(host.jobs()) == 1

    def test_converged_among_many_old_jobs(self, host: Host) -> None:
        host.sandbox.aws.seed(jobs=500)
        uri = host.data()
        host.wanted(uri)
        host.sandbox.clear_log()
        assert host.wanted(uri)["changed"] is False
        assert host.sandbox.count() <= 4

    def test_check_mode_refuses_data_that_nobody_will_have_uploaded(self, host: Host) -> None:
        uri = f"s3://{host.reach.data_bucket}/nothing-here.jsonl"
        with pytest.raises(ApiError, match=r"training_data_config.s3_uri: .*nothing-here.jsonl is not there"):
            host.wanted(uri)
        assert writes(host) == []

    def test_names_of_later_models(self, host: Host) -> None:
        host.wanted(host.data())
        uri = letters(host)
        with pytest.raises(InvalidInput, match=r"trained differently: training_data_config: .*parcels-.*letters-"):
            host.wanted(uri)
        foreseen = host.wanted(uri, check_mode=True, **RETRAIN)
        second = host.wanted(uri, delete_previous=True, **RETRAIN)
        assert re.fullmatch(r"support-bot-[0-9a-f]{8}", second["custom_model_name"])
        assert (second["name"], second["custom_model_name"]) == ("support-bot", foreseen["custom_model_name"])
        third = host.wanted(host.data(), delete_previous=True, **RETRAIN)
        # The name is free again.
        assert (third["custom_model_name"], host.models()) == ("support-bot", ["support-bot"])

    @pytest.mark.parametrize(
        ("scenario", "records", "says"),
        [
            ({}, 12, "internal error.*retry_failed: true"),
            (
                {"phase": "data_processing", "message": "The data has third-party license text."},
                12,
                "third-party license text.*remove those records",
            ),
            ({"message": "Could not validate GetObject permissions to access Amazon S3 bucket: b"}, 12, "s3:GetObject"),
            (None, 3, "has 3 records.*dataset_info"),
        ],
        ids=["unlucky", "licensed", "not allowed", "three only"],
    )
    def test_what_mends_it_is_told(self, host: Host, scenario: dict[str, Any] | None, records: int, says: str) -> None:
        if scenario is not None:
            host.sandbox.aws.scenario("fail", **scenario)
        uri = host.dataset(converse_lines(records), validate=False)["s3_uri"]
        with pytest.raises(RunFailed) as caught:
            host.wanted(uri)
        assert re.search(says, caught.value.text(), re.DOTALL)
        facts = caught.value.facts
        assert (facts["changed"], facts["action"], facts["status"]) == (True, "create", "Failed")
        assert facts["job_arn"] == host.jobs()[0]["arn"]
        assert facts["failure_message"]
        for check_mode in (True, False):
            with pytest.raises(RunFailed, match="failed: .*") as caught:
                host.wanted(uri, check_mode=check_mode)
            assert (caught.value.facts["changed"], caught.value.facts["job_arn"]) == (False, facts["job_arn"])
            assert "retry_failed" in caught.value.hint
        assert len(host.jobs()) == 1

    def test_retried_under_the_name_of_the_failed_job(self, host: Host) -> None:
        host.sandbox.aws.scenario("fail")
        uri = host.data()
        with pytest.raises(RunFailed) as caught:
            host.wanted(uri)
        failed = caught.value.facts
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match=f"job_name: .* was used by {failed['job_arn']}"):
                host.wanted(uri, job_name=failed["job_name"], retry_failed=True, check_mode=check_mode)
        assert len(host.jobs()) == 1

    def test_pending_and_different_that_ends_while_it_is_stopped(self, host: Host) -> None:
        host.sandbox.aws.scenario("complete_despite_stop")
        host.wanted(host.data(), wait=False)
        uri = letters(host)
        result = host.wanted(uri, delete_previous=True, **RETRAIN)
        assert result["status"] == "Completed"
        assert host.models() == [result["custom_model_name"]]
        assert host.wanted(uri, delete_previous=True, **RETRAIN)["changed"] is False

    def test_model_deleted_behind_our_back(self, host: Host) -> None:
        uri = host.data()
        first = host.wanted(uri)
        host.delete_model(first["custom_model_arn"])
        host.sandbox.advance(1000)
        second = host.wanted(uri)
        assert (second["action"], second["status"], second["custom_model_name"]) == (
            "create",
            "Completed",
            "support-bot",
        )
        assert second["job_name"] == first["job_name"][:-1] + "2"
        assert second["custom_model_arn"] != first["custom_model_arn"]
        assert any(first["custom_model_arn"] in warning for warning in host.warnings)
        assert any(f"{first['job_arn']}" in warning and "no longer exists" in warning for warning in host.warnings)
        assert host.wanted(uri)["changed"] is False

    def test_cancelled_too_late(self, host: Host) -> None:
        """It became a model all the same; one of the same name that stays stopped is not in the way."""
        uri = host.data()
        host.wanted(letters(host), wait=False)
        host.model(state="cancelled")
        host.sandbox.aws.scenario("complete_despite_stop")
        arn = host.wanted(uri, wait=False)["job_arn"]
        result = host.model(state="cancelled")
        assert (result["status"], result["job_arn"]) == ("Completed", arn)
        assert host.models() == [result["custom_model_name"]] == ["support-bot"]
        assert ":custom-model/" in result["custom_model_arn"]


class TestAbsent:
    def test_absent_while_one_of_several_is_trained(self, host: Host) -> None:
        for topic in ("parcels", "letters"):
            host.wanted(host.data(converse_lines(topic=topic), topic), **RETRAIN)
        running = host.wanted(host.data(converse_lines(topic="stamps"), "stamps"), wait=False, **RETRAIN)["job_arn"]
        foreseen = host.model(state="absent", check_mode=True)
        result = host.model(state="absent")
        assert (result["changed"], result["action"], result["diff"]) == (True, "delete", foreseen["diff"])
        assert host.models() == []
        assert {job["arn"]: job["status"] for job in host.jobs()}[running] == "Stopped"
        assert host.model(state="absent")["changed"] is False

    def test_what_ends_while_it_is_stopped_is_deleted(self, host: Host) -> None:
        host.sandbox.aws.scenario("complete_despite_stop")
        host.wanted(host.data(), wait=False)
        assert host.model(state="absent")["changed"] is True
        assert (host.models(), [job["status"] for job in host.jobs()]) == ([], ["Completed"])

    def test_jobs_of_somebodys_own_naming(self, host: Host) -> None:
        host.by_hand(host.data(), "theirs")
        assert host.model(state="absent")["changed"] is True
        assert [job["status"] for job in host.jobs()] == ["Stopped"]
        host.by_hand(host.data(), "theirs-again")
        host.sandbox.advance(1000)
        assert host.models() == ["support-bot"]
        assert host.model(state="absent")["changed"] is True
        assert host.models() == []

    def test_one_that_is_being_stopped_is_awaited(self, host: Host) -> None:
        """Under a name of its own: it may still become a model."""
        host.sandbox.aws.scenario("complete_despite_stop")
        arn = host.by_hand(host.data(), "theirs")
        host.client().stop_model_customization_job(jobIdentifier=arn)
        assert host.model(state="absent")["changed"] is True
        assert (host.models(), host.jobs()[0]["status"]) == ([], "Completed")

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("user", ["deployment", "throughput"])
    def test_refused_while_something_uses_it(self, host: Host, user: str, check_mode: bool) -> None:
        """Before anything is deleted, and before anything is paid for that would replace it."""
        arn = host.wanted(host.data())["custom_model_arn"]
        if user == "deployment":
            host.client().create_custom_model_deployment(modelDeploymentName="chat", modelArn=arn)
        else:
            host.client().create_provisioned_model_throughput(provisionedModelName="chat", modelId=arn, modelUnits=1)
        uri = letters(host)
        with pytest.raises(ApiError, match=f"cannot be deleted: the {user} chat uses {arn}") as caught:
            host.model(state="absent", check_mode=check_mode)
        assert caught.value.facts["changed"] is False
        with pytest.raises(ApiError, match=f"the {user} chat uses {arn}") as caught:
            host.wanted(uri, delete_previous=True, check_mode=check_mode, **RETRAIN)
        assert caught.value.facts["changed"] is False
        assert (host.models(), len(host.jobs())) == (["support-bot"], 1)

    @pytest.mark.parametrize("user", ["deployment", "throughput"])
    def test_deleted_when_nothing_uses_it_any_more(self, host: Host, user: str) -> None:
        arn = host.wanted(host.data())["custom_model_arn"]
        client = host.client()
        if user == "deployment":
            client.create_custom_model_deployment(modelDeploymentName="chat", modelArn=arn)
            host.sandbox.advance(1000)
            client.delete_custom_model_deployment(customModelDeploymentIdentifier="chat")
        else:
            client.create_provisioned_model_throughput(provisionedModelName="chat", modelId=arn, modelUnits=1)
            host.sandbox.advance(1000)
            client.delete_provisioned_model_throughput(provisionedModelId="chat")
        host.sandbox.advance(1000)
        assert (host.model(state="absent")["changed"], host.models()) == (True, [])

    def test_who_may_not_list_deployments_is_not_stopped(self, host: Host) -> None:
        host.wanted(host.data())
        for operation in ("ListCustomModelDeployments", "ListProvisionedModelThroughputs"):
            host.error(f"bedrock.{operation}", 403, "AccessDeniedException", "no")
        assert host.model(state="absent")["changed"] is True

    def test_who_may_not_delete(self, host: Host) -> None:
        arn = host.wanted(host.data())["custom_model_arn"]
        host.error("bedrock.DeleteCustomModel", 403, "AccessDeniedException", "no")
        with pytest.raises(ApiError, match=f"Deleting the model {arn}: .*HTTP 403") as caught:
            host.model(state="absent")
        assert (caught.value.facts["changed"], "policies" in caught.value.hint) == (False, True)
        assert host.models() == ["support-bot"]


class TestFamilies:
    def test_a_family_called_like_a_later_model_of_ours(self, host: Host) -> None:
        """bot-deadbeef is a name of its own, though a later model of bot could be called so."""
        uri = host.data()
        foreign = host.wanted(uri, "bot-deadbeef")
        own = host.wanted(uri, "bot")
        assert (own["action"], own["custom_model_name"]) == ("create", "bot")
        assert host.tags(foreign["job_arn"])[f"{PREFIX}name"] == "bot-deadbeef"
        host.model("bot", state="absent")
        assert host.models() == ["bot-deadbeef"]

    @pytest.mark.parametrize("state", ["absent", "cancelled"])
    def test_its_pending_job_is_left_alone(self, host: Host, state: str) -> None:
        host.wanted(host.data(), "bot-deadbeef", wait=False)
        assert host.model("bot", state=state)["changed"] is False
        assert host.jobs()[0]["status"] == "InProgress"

    def test_a_model_by_hand_that_is_called_like_a_later_one(self, host: Host) -> None:
        """bot-20261121 may be a date as well as a hash: without our marker it is not ours to delete."""
        host.by_hand(host.data(), "theirs", "bot-20261121")
        host.sandbox.advance(1000)
        host.model("bot", state="absent")
        assert host.models() == ["bot-20261121"]

    def test_the_cost_of_a_look_does_not_grow_with_the_family(self, host: Host) -> None:
        for topic in ("parcels", "letters", "stamps", "boxes"):
            uri = host.data(converse_lines(topic=topic), topic)
            host.wanted(uri, **RETRAIN)
        host.sandbox.clear_log()
        assert host.wanted(uri, **RETRAIN)["changed"] is False
        assert host.sandbox.count() <= 4

    def test_names_that_begin_alike(self, host: Host) -> None:
        uri = host.data()
        longer = "a" * 52
        made = [
            host.wanted(uri, name)["job_arn"] for name in ("bot", "bot-2", "Bot", longer, longer + "b", "b_t", "b-t")
        ]
        assert len(set(made)) == 7
        host.model("bot", state="absent")
        host.model(longer, state="absent")
        host.model("b_t", state="absent")
        assert sorted(host.models()) == sorted(["bot-2", "Bot", longer + "b", "b-t"])

    @pytest.mark.parametrize("name", ["a_b", "A1", "a" * 54, "a_" * 20 + "b", "bot_"])
    def test_names(self, host: Host, name: str) -> None:
        """Each takes a retrain as well."""
        assert host.wanted(host.data(), name)["custom_model_name"] == name
        later = host.wanted(letters(host), name, **RETRAIN)
        assert later["status"] == "Completed"
        assert len(later["job_name"]) <= 63
        host.model(name, state="absent")
        assert host.models() == []

    def test_a_name_too_long_for_a_second_model(self, host: Host) -> None:
        name = "a" * 63
        host.wanted(host.data(), name)
        uri = letters(host)
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match="longer than 63 characters"):
                host.wanted(uri, name, check_mode=check_mode, **RETRAIN)
        assert len(host.jobs()) == 1

    def test_a_first_model_is_not_trained_from_itself(self, host: Host) -> None:
        with pytest.raises(ApiError, match="no custom model 'support-bot'"):
            host.wanted(host.data(), base_model_identifier="support-bot")
        assert host.jobs() == []

    def test_a_later_one_is_trained_further_from_the_first(self, host: Host) -> None:
        first = host.wanted(host.data())
        uri = letters(host)
        later = host.wanted(uri, base_model_identifier="support-bot", **RETRAIN)
        assert later["status"] == "Completed"
        for base in ("support-bot", first["custom_model_arn"]):
            assert host.wanted(uri, base_model_identifier=base, **RETRAIN)["changed"] is False
        assert len(host.jobs()) == 2


class TestJobNames:
    def test_taken_exactly(self, host: Host) -> None:
        uri = host.data()
        assert host.wanted(uri, job_name="Nightly.1")["job_name"] == "Nightly.1"
        assert host.wanted(uri, job_name="Nightly.1")["changed"] is False

    def test_a_used_one_is_refused_beforehand(self, host: Host) -> None:
        host.by_hand(host.data(), "used", "other-model")
        uri = letters(host)
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match="job_name: 'used' was used by arn:"):
                host.wanted(uri, job_name="used", check_mode=check_mode)
        assert len(host.jobs()) == 1

    def test_of_a_finished_job_it_only_warns(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri)
        result = host.wanted(uri, job_name="another")
        assert result["changed"] is False
        assert any("job_name: " in warning for warning in host.warnings)

    def test_delete_previous_of_jobs_of_ones_own_naming(self, host: Host) -> None:
        host.wanted(host.data(), job_name="my-1")
        uri = letters(host)
        result = host.wanted(uri, job_name="my-2", delete_previous=True, **RETRAIN)
        assert host.models() == [result["custom_model_name"]]
        assert host.wanted(uri, job_name="my-2", delete_previous=True, **RETRAIN)["changed"] is False

    def test_a_pending_job_of_somebodys_own_naming_is_waited_for(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "theirs")
        result = host.wanted(uri)
        assert (result["job_arn"], result["changed"], result["status"]) == (arn, False, "Completed")
        assert host.wanted(uri)["changed"] is False

    def test_also_in_slices_and_beside_an_older_model(self, host: Host) -> None:
        host.wanted(host.data())
        uri = letters(host)
        marker = [{"key": f"{PREFIX}name", "value": "support-bot"}]
        arn = host.by_hand(uri, "theirs", "support-bot-0a0a0a0a", jobTags=marker)
        result = host.in_slices(uri, **RETRAIN)
        assert (result["job_arn"], result["status"]) == (arn, "Completed")
        assert len(host.jobs()) == 2

    def test_one_that_is_being_stopped_is_awaited(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "theirs")
        host.client().stop_model_customization_job(jobIdentifier=arn)
        host.wanted(uri, retry_failed=True)
        assert [job["status"] for job in host.jobs()] == ["Stopped", "Completed"]


class TestAdoption:
    def test_without_any_change(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "terraform", hyperParameters={"epochCount": "3"})
        host.sandbox.advance(1000)
        host.sandbox.clear_log()
        for given in (arn, "terraform"):
            for check_mode in (True, False):
                result = host.model(None, job_arn=given, check_mode=check_mode)
                assert (result["changed"], result["job_arn"]) == (False, arn)
                assert (result["custom_model_name"], result["status"]) == ("support-bot", "Completed")
        result = host.wanted(uri, job_arn=arn, hyperparameters={"epochCount": 3}, base_model_identifier=BASE)
        assert (result["changed"], result["job_arn"]) == (False, arn)
        assert writes(host) == []
        with pytest.raises(InvalidInput, match="hyperparameters.epochCount: 3 -> 4"):
            host.wanted(uri, job_arn=arn, hyperparameters={"epochCount": 4})

    def test_somebodys_tags_are_shown(self, host: Host) -> None:
        arn = host.by_hand(host.data(), "terraform", jobTags=[{"key": "owner", "value": "somebody"}])
        host.sandbox.advance(1000)
        assert host.model(None, job_arn=arn)["tags"] == {"owner": "somebody"}

    def test_trained_anew_under_a_name_of_ours(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "terraform", "tf-model", hyperParameters={"epochCount": "4"})
        host.sandbox.advance(1000)
        epochs = {"hyperparameters": {"epochCount": 2}}
        with pytest.raises(InvalidInput, match="hyperparameters.epochCount: 4 -> 2"):
            host.wanted(uri, "mine", job_arn=arn, **epochs)
        with pytest.raises(InvalidInput, match="custom_model_name is missing"):
            host.wanted(uri, None, job_arn=arn, **epochs, **RETRAIN)
        assert len(host.jobs()) == 1
        made = host.wanted(uri, "mine", job_arn=arn, **epochs, **RETRAIN)
        assert (made["action"], made["job_arn"] != arn) == ("retrain", True)
        assert made["custom_model_name"].startswith("mine")
        for given in (None, arn):
            result = host.wanted(uri, "mine", job_arn=given, **epochs)
            assert (result["changed"], result["job_arn"]) == (False, made["job_arn"])
        assert host.model(None, job_arn=arn, state="absent")["changed"] is True
        assert host.models() == [made["custom_model_name"]]
        assert host.wanted(uri, "mine", **epochs)["changed"] is False

    def test_a_failed_one(self, host: Host) -> None:
        (arn,) = host.sandbox.aws.seed(jobs=[{"status": "Failed"}])["jobs"]
        with pytest.raises(RunFailed, match="Unable to parse") as caught:
            host.model(None, job_arn=arn)
        assert (caught.value.facts["changed"], "retry_failed" in caught.value.hint) == (False, True)

    def test_what_only_mattered_while_training_is_a_warning(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "terraform")
        host.sandbox.advance(1000)
        elsewhere = {"s3_uri": f"s3://{host.reach.output_bucket}/other/"}
        vpc = {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
        result = host.wanted(uri, job_arn=arn, output_data_config=elsewhere, vpc_config=vpc, **RETRAIN)
        assert (result["changed"], len(host.jobs())) == (False, 1)
        assert any("output_data_config" in warning for warning in host.warnings)

    def test_under_another_name(self, host: Host) -> None:
        uri = host.data()
        arn = host.by_hand(uri, "terraform", "tf-model")
        host.sandbox.advance(1000)
        assert host.wanted(uri, "mine", job_arn=arn)["changed"] is False
        assert host.model("mine", job_arn=arn, state="absent")["changed"] is True
        assert host.models() == []

    def test_under_another_name_with_an_older_model_to_delete(self, host: Host) -> None:
        """A model that the lineage's own list lacks is not gone for that."""
        uri = host.data()
        host.wanted(letters(host), "mine")
        arn = host.by_hand(uri, "terraform", "tf-model")
        host.sandbox.advance(1000)
        result = host.wanted(uri, "mine", job_arn=arn, delete_previous=True, **RETRAIN)
        assert result["job_arn"] == arn
        assert (host.models(), len(host.jobs())) == (["tf-model"], 2)

    @pytest.mark.parametrize("state", ["present", "absent", "cancelled"])
    def test_a_job_of_another_family_is_refused(self, host: Host, state: str) -> None:
        uri = host.data()
        arn = host.wanted(uri, "theirs", wait=False)["job_arn"]
        with pytest.raises(InvalidInput, match="belongs to the name 'theirs', not 'mine'"):
            host.wanted(uri, "mine", job_arn=arn, state=state)
        assert host.jobs()[0]["status"] == "InProgress"

    def test_one_that_is_not_found_is_an_error(self, host: Host) -> None:
        uri = host.data()
        arn = host.wanted(uri)["job_arn"]
        for state in ("present", "absent", "cancelled"):
            with pytest.raises(NotFound, match="000000000000.*HTTP 404"):
                host.wanted(uri, job_arn=arn[:-12] + "000000000000", state=state, **RETRAIN)
        assert (len(host.jobs()), host.models()) == (1, ["support-bot"])

    def test_an_imported_model(self, host: Host) -> None:
        source = {"s3DataSource": {"s3Uri": f"s3://{host.reach.data_bucket}/made/"}}
        host.put("{}", "made/manifest.json")
        created = host.client().create_custom_model(
            modelName="support-bot", modelSourceConfig=source, roleArn=host.reach.role_arn
        )
        host.sandbox.advance(1000)
        result = host.model(None, job_arn=created["modelArn"])
        assert (result["changed"], result["custom_model_arn"], result["job_arn"]) == (False, created["modelArn"], None)
        assert host.model(state="absent")["changed"] is True
        assert host.models() == []

    def test_check_mode_after_a_predicted_job(self, host: Host) -> None:
        predicted = host.wanted(host.data(), check_mode=True)["job_arn"]
        assert host.model(None, job_arn=predicted, state="absent", check_mode=True)["changed"] is False
        with pytest.raises(InvalidInput, match="a placeholder of check mode"):
            host.model(None, job_arn=predicted)

    def test_further_tuning(self, host: Host) -> None:
        parent = host.wanted(host.data(), "parent")
        uri = letters(host)
        made = host.wanted(uri, "child", base_model_identifier=parent["custom_model_arn"])
        assert made["status"] == "Completed"
        for base in (parent["custom_model_arn"], "parent"):
            result = host.wanted(uri, "child", base_model_identifier=base, **RETRAIN)
            assert (result["changed"], result["job_arn"]) == (False, made["job_arn"])


class TestData:
    def test_edited_under_the_same_plain_key(self, host: Host) -> None:
        uri = host.put(converse_lines())
        host.wanted(uri)
        assert host.wanted(uri)["changed"] is False
        host.put(converse_lines(topic="letters"))
        with pytest.raises(
            InvalidInput, match=r"training_data_config: .*plain.jsonl \(.*\) -> .*plain.jsonl \("
        ) as caught:
            host.wanted(uri)
        before, after = re.findall(r"plain\.jsonl \((.*?)\)", caught.value.message)
        assert before != after

    def test_written_over_by_another_tool(self, host: Host) -> None:
        """The first data were uploaded by bedrock_dataset, which keeps their sha256 with them; the second were not."""
        uri = host.dataset(converse_lines(), key="plain.jsonl")["s3_uri"]
        host.wanted(uri)
        assert host.wanted(uri)["changed"] is False
        host.put(converse_lines(topic="letters"))
        with pytest.raises(InvalidInput, match="training_data_config"):
            host.wanted(uri)

    def test_written_over_by_bedrock_dataset(self, host: Host) -> None:
        """Both are known by what they hold, under one plain key; a training on the new content is made once."""
        before = host.dataset(converse_lines(), key="plain.jsonl")
        host.wanted(before["s3_uri"])
        after = host.dataset(converse_lines(topic="letters"), key="plain.jsonl")
        told = rf"training_data_config: .*{before['sha256'][:12]}.* -> .*{after['sha256'][:12]}"
        with pytest.raises(InvalidInput, match=told):
            host.wanted(after["s3_uri"])
        host.put(converse_lines(topic="stamps"))
        assert [host.wanted(after["s3_uri"], **RETRAIN)["changed"] for _run in range(2)] == [True, False]

    def test_the_same_bytes_again_are_no_other_data(self, host: Host) -> None:
        """Whatever tool uploaded them, with whatever checksum."""
        uri = host.put(converse_lines())
        host.wanted(uri)
        for algorithm in ("SHA256", "CRC32", "SHA1"):
            host.client("s3").put_object(
                Bucket=host.reach.data_bucket,
                Key="plain.jsonl",
                Body=converse_lines().encode(),
                ChecksumAlgorithm=algorithm,
            )
            assert host.wanted(uri, **RETRAIN)["changed"] is False
        assert len(host.jobs()) == 1

    def test_moved_to_another_key(self, host: Host) -> None:
        host.wanted(host.put(converse_lines()))
        assert host.wanted(host.put(converse_lines(), "elsewhere.jsonl"))["changed"] is False
        uri = host.data(converse_lines(topic="letters"))
        host.wanted(uri, "other")
        assert host.wanted(host.data(converse_lines(topic="letters"), "renamed"), "other")["changed"] is False

    def test_deleted_after_the_training(self, host: Host) -> None:
        for name, uri in (("bot-1", host.data()), ("bot-2", host.put(converse_lines()))):
            host.wanted(uri, name)
            host.client("s3").delete_object(Bucket=host.reach.data_bucket, Key=uri.rpartition("/")[2])
            assert host.wanted(uri, name, **RETRAIN)["changed"] is False
        assert len(host.jobs()) == 2

    def test_unreadable_for_us_but_not_for_the_job(self, host: Host) -> None:
        uri = host.put(converse_lines())
        host.sandbox.fault("s3.*", status=403)
        assert host.wanted(uri)["status"] == "Completed"
        assert host.wanted(uri)["changed"] is False

    def test_bucket_elsewhere(self, host: Host) -> None:
        host.client("s3", "us-west-2").create_bucket(
            Bucket="far-away-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        elsewhere = {"s3_uri": "s3://far-away-bucket/runs/"}
        with pytest.raises(ApiError, match="output_data_config.s3_uri: the bucket far-away-bucket is in us-west-2"):
            host.wanted(host.data(), output_data_config=elsewhere)
        with pytest.raises(ApiError, match="The bucket no-such-bucket does not exist"):
            host.wanted(host.data(), output_data_config={"s3_uri": "s3://no-such-bucket/runs/"}, check_mode=True)
        assert host.jobs() == []

    def test_validation_data(self, host: Host) -> None:
        uri = host.data()
        sets = [host.data(converse_lines(topic=topic), topic) for topic in ("v1", "v2")]
        config = {"validator": [{"s3_uri": each} for each in sets]}
        result = host.wanted(uri, validation_data_config=config)
        losses = [entry["validation_loss"] for entry in result["validation_metrics"]]
        assert len(losses) == 2
        assert result["metrics"]["validation_loss"] == pytest.approx(sum(losses) / 2)
        config["validator"].reverse()
        assert host.wanted(uri, validation_data_config=config)["changed"] is False
        assert host.wanted(uri)["changed"] is False
        del config["validator"][0]
        with pytest.raises(InvalidInput, match="validation_data_config"):
            host.wanted(uri, validation_data_config=config)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_d6_a_file_with_a_name_that_nova_does_not_take_is_refused_before_the_job(
        self, host: Host, check_mode: bool
    ) -> None:
        uri = host.put(converse_lines(), "up/train(1).jsonl")
        with pytest.raises(InvalidInput, match="does not take"):
            host.wanted(uri, check_mode=check_mode)
        assert host.jobs() == []

    def test_g6_the_same_data_to_validate_with_is_a_warning(self, host: Host) -> None:
        uri, other = host.data(), host.put(converse_lines(topic="v"), "validation.jsonl")
        for validation, expected in ((uri, 1), (other, 0)):
            host.wanted(
                uri, custom_model_name=f"bot-{expected}", validation_data_config={"validator": [{"s3_uri": validation}]}
            )
            assert sum("data for validation are those" in warning for warning in host.warnings) == expected

    def test_edited_validation_data(self, host: Host) -> None:
        uri, validation = host.data(), host.put(converse_lines(topic="v"), "validation.jsonl")
        config = {"validator": [{"s3_uri": validation}]}
        host.wanted(uri, validation_data_config=config)
        assert host.wanted(uri, validation_data_config=config)["changed"] is False
        host.put(converse_lines(topic="w"), "validation.jsonl")
        with pytest.raises(InvalidInput, match="validation_data_config"):
            host.wanted(uri, validation_data_config=config)

    @pytest.mark.parametrize("layout", ["samples", "docs"])
    def test_the_losses_by_step(self, host: Host, layout: str) -> None:
        host.sandbox.aws.settings(validation_layout=layout)
        uri = host.data()
        config = {"validator": [{"s3_uri": host.data(converse_lines(topic="v"), "v")}]}
        result = host.wanted(uri, validation_data_config=config, details=True)
        assert {"step_number", "epoch_number", "training_loss", "perplexity"} == set(result["steps"]["training"][0])
        assert result["steps"]["training"][-1]["training_loss"] == result["metrics"]["training_loss"]
        assert result["steps"]["validation"][-1]["validation_loss"] == result["metrics"]["validation_loss"]
        assert host.wanted(uri, details=True)["steps"] == result["steps"]
        assert host.wanted(uri)["steps"] == {}

    def test_losses_that_may_not_be_read_fail_nothing(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri)
        host.sandbox.fault("s3.GetObject", status=403)
        result = host.wanted(uri, details=True)
        assert (result["changed"], result["steps"]) == (False, {})
        assert any("losses by step are left out" in warning for warning in host.warnings)


class TestTags:
    def test_of_the_job_and_the_model(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"team": "support", "empty": ""})
        for arn in (made["job_arn"], made["custom_model_arn"]):
            tags = host.tags(arn)
            assert tags["team"] == "support"
            assert tags["empty"] == ""
            assert tags[f"{PREFIX}name"] == "support-bot"
        foreseen = host.wanted(uri, tags={"team": "sales", "stage": "live"}, check_mode=True)
        assert (foreseen["changed"], foreseen["action"]) == (True, "update")
        assert foreseen["diff"]["before"]["tags"] == {"team": "support", "empty": ""}
        assert foreseen["diff"]["after"]["tags"] == {"team": "sales", "stage": "live"}
        changed = host.wanted(uri, tags={"team": "sales", "stage": "live"})
        assert (changed["changed"], changed["tags"]) == (True, {"team": "sales", "stage": "live"})
        assert changed["diff"] == foreseen["diff"]
        for arn in (made["job_arn"], made["custom_model_arn"]):
            visible = {key: value for key, value in host.tags(arn).items() if not key.startswith(PREFIX)}
            assert visible == {"team": "sales", "stage": "live"}
            assert host.tags(arn)[f"{PREFIX}name"] == "support-bot"
        assert host.wanted(uri, tags={"team": "sales", "stage": "live"})["changed"] is False
        assert host.wanted(uri)["changed"] is False
        assert host.wanted(uri, tags={"more": "1"}, purge_tags=False)["tags"] == {
            "team": "sales",
            "stage": "live",
            "more": "1",
        }
        for same in ({"more": "1"}, {"more": 1}, {}):
            assert host.wanted(uri, tags=same, purge_tags=False)["changed"] is False
        assert host.wanted(uri, tags={})["tags"] == {}
        assert host.wanted(uri, tags={})["changed"] is False
        for arn in (made["job_arn"], made["custom_model_arn"]):
            assert set(host.tags(arn)) == {f"{PREFIX}name", f"{PREFIX}training"}

    @pytest.mark.parametrize("side", ["job_arn", "custom_model_arn"])
    def test_that_somebody_changed_on_one_side(self, host: Host, side: str) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"team": "support"})
        host.client().tag_resource(resourceARN=made[side], tags=[{"key": "team", "value": "theirs"}])
        host.client().untag_resource(resourceARN=made[side], tagKeys=[f"{PREFIX}name"])
        assert host.wanted(uri, tags={"team": "support"})["changed"] is True
        assert host.tags(made[side])["team"] == "support"
        assert host.tags(made[side])[f"{PREFIX}name"] == "support-bot"
        assert host.wanted(uri, tags={"team": "support"})["changed"] is False

    def test_the_record_of_the_data_survives_a_purge_by_others(self, host: Host) -> None:
        uri = host.put(converse_lines())
        made = host.wanted(uri)
        before = host.tags(made["job_arn"])
        host.client().untag_resource(resourceARN=made["job_arn"], tagKeys=[f"{PREFIX}training", f"{PREFIX}name"])
        host.wanted(uri)
        assert host.tags(made["job_arn"]) == before
        assert host.wanted(uri)["changed"] is False
        host.put(converse_lines(topic="letters"))
        with pytest.raises(InvalidInput, match="training_data_config"):
            host.wanted(uri)

    def test_changed_while_the_job_runs(self, host: Host) -> None:
        """Its model is born with the tags of the beginning."""
        uri = host.data()
        host.wanted(uri, wait=False, tags={"team": "support"})
        made = host.wanted(uri, tags={"team": "sales"})
        assert made["changed"] is True
        again = host.wanted(uri, tags={"team": "sales"})
        assert again["changed"] is False
        assert host.tags(made["custom_model_arn"])["team"] == "sales"

    def test_that_may_not_be_read(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"team": "support"})
        host.error("bedrock.ListTagsForResource", 403, "AccessDeniedException", "no permission to list tags")
        host.sandbox.clear_log()
        result = host.wanted(uri, tags={"team": "other"})
        assert (result["changed"], result["job_arn"], result["tags"]) == (False, made["job_arn"], None)
        assert sum("Tags are not compared" in warning for warning in host.warnings) == 1
        assert writes(host) == []

    def test_nor_when_the_model_is_gone(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri)
        host.delete_model(made["custom_model_arn"])
        host.error("bedrock.ListTagsForResource", 403, "AccessDeniedException", "no permission to list tags")
        host.sandbox.advance(1000)
        assert host.wanted(uri)["action"] == "create"

    @pytest.mark.parametrize(("end", "ended"), [("2026-01-01", True), ("2099-01-01", False)])
    def test_h1_a_model_that_went_with_its_base_is_retired(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, end: str, ended: bool
    ) -> None:
        from finetune_sandbox.bedrock.models import FoundationModels

        shown, time = FoundationModels._describe, datetime.fromisoformat(f"{end}T00:00:00+00:00").timestamp()

        def with_an_end(*args: Any) -> dict[str, Any]:
            found = shown(*args)
            return {**found, "modelLifecycle": {**found["modelLifecycle"], "endOfLifeTime": time}}

        uri = host.data()
        made = host.wanted(uri)
        assert host.wanted(uri)["model_verified"] is True
        host.delete_model(made["custom_model_arn"])
        host.sandbox.advance(1000)
        monkeypatch.setattr(FoundationModels, "_describe", staticmethod(with_an_end))
        if not ended:
            assert host.wanted(uri, check_mode=True)["action"] == "create"
            return
        for retrain in ("never", "on_change"):
            with pytest.raises(InvalidInput, match=f"is retired: its base model .* ended on {end}"):
                host.wanted(uri, retrain=retrain)
        assert host.wanted(uri, state="absent")["changed"] is False
        assert host.wanted(uri, state="cancelled")["changed"] is False
        other = host.wanted(uri, base_model_identifier="amazon.nova-micro-v1:0:128k", check_mode=True, **RETRAIN)
        assert other["action"] == "retrain"
        assert len(host.jobs()) == 1

    def test_nor_while_a_later_model_is_trained(self, host: Host) -> None:
        host.error("bedrock.ListTagsForResource", 403, "AccessDeniedException", "no permission to list tags")
        host.wanted(host.data())
        uri = letters(host)
        host.wanted(uri, wait=False, **RETRAIN)
        assert host.wanted(uri, **RETRAIN)["status"] == "Completed"
        assert host.wanted(uri, **RETRAIN)["changed"] is False
        assert len(host.jobs()) == 2

    def test_a_change_that_was_made_in_part_is_told(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"a": "1"})
        before = host.tags(made["job_arn"])
        host.error("bedrock.TagResource", 403, "AccessDeniedException", "no")
        with pytest.raises(ApiError) as caught:
            host.wanted(uri, tags={"b": "1"})
        assert caught.value.facts["changed"] is (host.tags(made["job_arn"]) != before)

    def test_as_many_as_aws_takes(self, host: Host) -> None:
        uri = host.data()
        many = {f"key-{number}": "x" for number in range(46)}
        config = {"validator": [{"s3_uri": host.data(converse_lines(topic="v"), "v")}]}
        made = host.wanted(uri, tags=many, validation_data_config=config)
        assert len(host.tags(made["job_arn"])) <= 50
        others = {f"other-{number}": "x" for number in range(46)}
        assert host.wanted(uri, tags=others)["tags"] == others
        with pytest.raises(InvalidInput, match="tags has 47 entries; AWS takes 50"):
            host.wanted(uri, tags={**many, "one": "more"})

    @pytest.mark.parametrize(
        ("tags", "message"),
        [
            ({"a*b": "x"}, r"a\*b"),
            ({"a": "x*"}, r"x\*"),
            ({"k" * 129: "x"}, "129"),
            ({"a": "v" * 257}, "257"),
            ({"": "x"}, "tags"),
            ({"AWS:x": "x"}, "reserved by AWS"),
            ({f"{PREFIX}name": "x"}, "reserved"),
            ({"a": {"b": "c"}}, "it is a text"),
        ],
    )
    def test_bad_ones_are_refused_before_any_call(self, host: Host, tags: dict[str, Any], message: str) -> None:
        """Above all before a pending job is stopped for a new one that cannot be made."""
        host.wanted(host.data(), wait=False)
        uri = letters(host)
        host.sandbox.clear_log()
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match=message):
                host.wanted(uri, tags=tags, check_mode=check_mode, **RETRAIN)
        assert host.sandbox.count() == 0
        assert host.jobs()[0]["status"] == "InProgress"

    def test_none_and_truth_values(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, tags={"none": None, "number": 7})
        assert made["tags"] == {"number": "7"}
        assert host.wanted(uri, tags={"none": None, "number": 7})["changed"] is False


class TestOtherKinds:
    def test_hyperparameters(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri, hyperparameters={"epochCount": 2, "learningRate": "1e-05"})
        for same in ({"epochCount": "2"}, {"learningRate": 0.00001}, {"learningRate": "0.00001"}, {}, None):
            assert host.wanted(uri, hyperparameters=same)["changed"] is False
        with pytest.raises(InvalidInput, match="hyperparameters.learningRate: .* -> 2e-05"):
            host.wanted(uri, hyperparameters={"learningRate": 0.00002})

    def test_a_key_of_ones_own(self, host: Host) -> None:
        key = host.client("kms").create_key()["KeyMetadata"]
        host.client("kms").create_alias(AliasName="alias/models", TargetKeyId=key["KeyId"])
        uri = host.data()
        made = host.wanted(uri, custom_model_kms_key_id=key["KeyId"])
        assert made["model"]["output_model_kms_key_arn"] == key["Arn"]
        for same in (key["Arn"], key["KeyId"], "alias/models", None):
            assert host.wanted(uri, custom_model_kms_key_id=same)["changed"] is False
        other = host.client("kms").create_key()["KeyMetadata"]
        with pytest.raises(InvalidInput, match="custom_model_kms_key_id"):
            host.wanted(uri, custom_model_kms_key_id=other["Arn"])

    def test_a_network_of_ones_own(self, host: Host) -> None:
        ec2 = host.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in (1, 2, 3)
        ]
        group = ec2.create_security_group(VpcId=vpc, GroupName="training", Description="For jobs")["GroupId"]
        uri = host.data()
        made = host.wanted(uri, vpc_config={"subnet_ids": subnets[:2], "security_group_ids": [group]})
        assert sorted(made["model"]["vpc_config"]["subnet_ids"]) == sorted(subnets[:2])
        assert made["model"]["vpc_config"]["security_group_ids"] == [group]
        again = host.wanted(uri, vpc_config={"subnet_ids": subnets[1::-1], "security_group_ids": [group]})
        assert (again["changed"], host.warnings) == (False, [])
        again = host.wanted(uri, vpc_config={"subnet_ids": subnets[2:], "security_group_ids": [group]})
        assert again["changed"] is False
        assert sum("vpc_config.subnet_ids" in warning for warning in host.warnings) == 1

    def test_another_base_model(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri)
        arn = f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}"
        for same in (arn, "amazon.nova-lite-v1:0"):
            assert host.wanted(uri, base_model_identifier=same)["changed"] is False
        for other in ("amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:24k"):
            for check_mode in (True, False):
                with pytest.raises(InvalidInput, match=f"base_model_identifier: .*nova-lite.* -> {other}") as caught:
                    host.wanted(uri, base_model_identifier=other, check_mode=check_mode)
                assert caught.value.facts["changed"] is False
                assert caught.value.facts["diff"]["after"]["base_model_identifier"] == other


class TestWaitingToBeAccepted:
    def test_a_full_quota_is_waited_for(self, host: Host) -> None:
        uri = host.data()
        for name in ("one", "two"):
            host.by_hand(uri, name, name)
        assert host.wanted(uri)["status"] == "Completed"

    def test_but_not_longer_than_the_time_out(self, host: Host) -> None:
        host.sandbox.aws.settings(training_seconds=1e9)
        uri = host.data()
        for name in ("one", "two"):
            host.by_hand(uri, name, name)
        with pytest.raises(RateLimited, match="concurrent") as caught:
            host.wanted(uri, wait_timeout=60)
        assert (caught.value.facts["changed"], "quota" in caught.value.hint) == (False, True)
        assert len(host.jobs()) == 2

    def test_but_not_without_waiting(self, host: Host) -> None:
        uri = host.data()
        for name in ("one", "two"):
            host.by_hand(uri, name, name)
        with pytest.raises(RateLimited, match="maximum number of concurrent") as caught:
            host.wanted(uri, wait=False)
        assert "quota is full" in caught.value.hint
        assert len(host.jobs()) == 2

    @pytest.mark.parametrize("wait", [True, False])
    def test_a_role_that_was_just_made(self, host: Host, wait: bool) -> None:
        host.sandbox.aws.settings(role_seconds=15.0)
        trust = host.client("iam").get_role(RoleName=host.reach.role_arn.rpartition("/")[2])["Role"]
        role = host.client("iam").create_role(
            RoleName="fresh", AssumeRolePolicyDocument=json.dumps(trust["AssumeRolePolicyDocument"])
        )["Role"]["Arn"]
        allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
        host.client("iam").put_role_policy(RoleName="fresh", PolicyName="all", PolicyDocument=allow)
        assert host.wanted(host.data(), role_arn=role, wait=wait)["changed"] is True
        statuses = [create["status"] for create in host.sandbox.requests(CREATE)]
        assert (statuses[-1], set(statuses[:-1]), len(host.jobs())) == (201, {400}, 1)

    @pytest.mark.parametrize("sliced", [True, False])
    def test_a_role_that_is_not_there(self, host: Host, sliced: bool) -> None:
        """It is asked for again for two minutes, not until the time-out."""
        uri = host.data()
        start = host.clock.monotonic()
        run = host.in_slices if sliced else host.wanted
        with pytest.raises(RateLimited, match="Could not assume provided IAM role") as caught:
            run(uri, role_arn="arn:aws:iam::123456789012:role/nobody")
        assert "bedrock.amazonaws.com" in caught.value.hint
        assert host.clock.monotonic() - start < 300


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "code", "said", "told"),
        [
            (403, "ExpiredTokenException", "The security token included in the request is expired", "session_token"),
            (403, "UnrecognizedClientException", "The security token is invalid", "access_key"),
            (403, "InvalidSignatureException", "The signature does not match", "secret_key"),
            (403, "AccessDeniedException", "User is not authorized to perform: bedrock:List", "policies"),
            (400, "ValidationException", "1 validation error detected", "1 validation error detected"),
        ],
    )
    def test_refusals(self, host: Host, status: int, code: str, said: str, told: str) -> None:
        host.error("bedrock.*", status, code, said)
        with pytest.raises(ApiError) as caught:
            host.wanted(f"s3://{host.reach.data_bucket}/parcels-000000000000.jsonl")
        assert said in caught.value.message
        assert told in caught.value.text()
        assert f"HTTP {status}, {code}" in caught.value.message
        assert host.sandbox.count("bedrock.*") == 1

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"training": "missing.jsonl"}, "training_data_config.s3_uri.*missing.jsonl is not there.*bedrock_dataset"),
            ({"training": "s3://no-such-bucket-anywhere/data.jsonl"}, "no-such-bucket-anywhere does not exist"),
            ({"output_data_config": {"s3_uri": "s3://no-such-bucket-anywhere/"}}, "anywhere does not exist"),
            ({"base_model_identifier": "meta.llama3-1-8b-instruct-v1:0"}, "model identifier is invalid.*HTTP 400"),
            ({"custom_model_kms_key_id": "01234567-89ab-cdef-0123-456789abcdef"}, "KMS"),
            (
                {"vpc_config": {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-1234abcd"]}},
                "VPC",
            ),
            ({"role": "powerless"}, "Could not validate (List|Get)"),
        ],
        ids=["data", "bucket", "output", "model", "key", "network", "role"],
    )
    def test_what_is_not_there_or_elsewhere(self, host: Host, options: dict[str, Any], says: str) -> None:
        given = dict(options)
        uri = given.pop("training", None) or host.data()
        if given.pop("role", None):
            trust = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            role = host.client("iam").create_role(RoleName="powerless", AssumeRolePolicyDocument=policy)
            given["role_arn"] = role["Role"]["Arn"]
        with pytest.raises(ApiError) as caught:
            host.wanted(uri if "://" in uri else f"s3://{host.reach.data_bucket}/{uri}", **given)
        assert re.search(says, caught.value.text(), re.DOTALL)
        assert (caught.value.facts["changed"], host.jobs()) == (False, [])

    def test_another_region(self, host: Host) -> None:
        arn = host.wanted(host.data())["job_arn"]
        with pytest.raises(FineTuneError, match="us-east-1.*us-west-2|us-west-2.*us-east-1"):
            host.model(None, job_arn=arn, region="us-west-2")

    def test_nobody_listens(self, host: Host) -> None:
        with pytest.raises(FineTuneError, match="(?i)could not connect") as caught:
            host.wanted("s3://bucket/parcels.jsonl", endpoint_url="http://127.0.0.1:9")
        assert "endpoint_url" in caught.value.hint

    def test_each_call_fails_once(self, host: Host) -> None:
        uri = host.data()
        for operation, fault in (
            ("CreateModelCustomizationJob", {"status": 429}),
            ("ListModelCustomizationJobs", {"status": 503}),
            ("GetModelCustomizationJob", {"reset": "before"}),
            ("ListTagsForResource", {"status": 500}),
        ):
            host.sandbox.fault(f"bedrock.{operation}", times=1, **fault)
        result = host.wanted(uri)
        assert (result["changed"], result["status"], len(host.jobs())) == (True, "Completed", 1)
        assert [fault["fired"] for fault in host.sandbox.faults.describe()] == [1, 1, 1, 1]

    def test_a_summary_without_the_models_name(self, host: Host) -> None:
        """The API's own model does not promise it: such a job is looked up, and never made a second time."""
        uri = host.data()
        started = host.wanted(uri, wait=False)
        optional = ("customModelName", "customModelArn")
        odd = host.summaries(lambda item: {key: value for key, value in item.items() if key not in optional})
        host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=odd)
        result = host.wanted(uri, wait=False)
        assert (result["changed"], result["job_arn"]) == (False, started["job_arn"])
        assert host.sandbox.count(CREATE) == 1

    def test_a_status_that_nobody_knows(self, host: Host) -> None:
        uri = host.data()
        host.wanted(uri, wait=False)
        odd = host.client().get_model_customization_job(jobIdentifier=host.jobs()[0]["arn"])
        body = {key: str(value) if key.endswith("Time") else value for key, value in odd.items()}
        body.pop("ResponseMetadata")
        for key in [key for key in body if key.endswith("Time")]:
            body[key] = odd[key].isoformat()
        summaries = host.summaries(lambda item: {**item, "status": "Paused", "statusDetails": None})
        host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=summaries)
        host.sandbox.fault(
            "bedrock.GetModelCustomizationJob", status=200, body={**body, "status": "Paused", "statusDetails": {}}
        )
        with pytest.raises(ApiError, match="status 'Paused', which this version does not know"):
            host.wanted(letters(host), **RETRAIN)
        with pytest.raises(ApiError, match="status 'Paused'"):
            host.model(state="absent")
        assert host.sandbox.count(CREATE) == 1
        assert host.sandbox.count("bedrock.StopModelCustomizationJob") == 0

    @pytest.mark.parametrize("operation", ["GetModelCustomizationJob", "ListTagsForResource"])
    def test_a_new_job_that_is_not_visible_yet(self, host: Host, operation: str) -> None:
        """What was just paid for does not fail for a look that lags."""
        host.error(f"bedrock.{operation}", 404, "ResourceNotFoundException", "not found", times=2)
        result = host.wanted(host.data())
        assert (result["status"], len(host.jobs())) == ("Completed", 1)

    def test_a_name_in_use_is_not_fought_over_for_ever(self, host: Host) -> None:
        host.error(CREATE, 400, "ValidationException", "The provided model name is currently in use.")
        with pytest.raises(ApiError, match="currently in use") as caught:
            host.wanted(host.data())
        assert host.sandbox.count(CREATE) == 4
        assert "another name" in caught.value.hint


class TestOptions:
    """One clear error, before any call."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"job_name": "a" * 64}, "job_name has 64 characters"),
            ({"job_name": "-bad"}, "job_name is '-bad'"),
            ({"job_name": "a_b"}, "job_name is 'a_b'"),
            ({"base_model_identifier": "no such model"}, "base_model_identifier"),
            ({"custom_model_kms_key_id": "k e y"}, "custom_model_kms_key_id"),
            ({"hyperparameters": {"epochCount": 6}}, r"epochCount is 6; for amazon.nova-lite.* from 1 to 5"),
            ({"hyperparameters": {"epochCount": 1.5}}, "a whole number"),
            ({"hyperparameters": {"epochCount": [1]}}, "it is a text or a number"),
            ({"training_data_config": {"s3_uri": None}}, "training_data_config is empty"),
            ({"training_data_config": None}, "training_data_config is missing"),
            ({"output_data_config": None}, "output_data_config is missing"),
            ({"role_arn": None}, "role_arn is missing"),
            ({"base_model_identifier": None}, "base_model_identifier is missing"),
            ({"vpc_config": {"subnet_ids": ["sub net"], "security_group_ids": ["sg-1"]}}, "subnet_ids"),
            (
                {"customization_config": {"rft_config": {"hyper_parameters": {"reasoning_effort": "none"}}}},
                "low, medium, high",
            ),
            ({"customization_config": {"rft_config": {"hyper_parameters": {"epochs": 1}}}}, "has no 'epochs'"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_ones(self, host: Host, options: dict[str, Any], message: str) -> None:
        for check_mode in (False, True):
            with pytest.raises(InvalidInput, match=message):
                host.wanted("s3://bucket/parcels.jsonl", check_mode=check_mode, **options)
        assert host.sandbox.count() == 0

    @pytest.mark.parametrize("name", ["a" * 64, "-bot", "bot--x", "b.t", "bot x", ""])
    def test_bad_names(self, host: Host, name: str) -> None:
        with pytest.raises(InvalidInput, match="custom_model_name|is empty"):
            host.wanted("s3://bucket/parcels.jsonl", name)
        assert host.sandbox.count() == 0

    def test_a_long_row_of_dashes_takes_no_time(self, host: Host) -> None:
        with pytest.raises(InvalidInput, match="job_name"):
            host.wanted("s3://bucket/parcels.jsonl", job_name="a" + "-" * 61 + "_")

    def test_a_whole_number_that_is_spelt_with_a_point(self, host: Host) -> None:
        """As a template may make it; the API takes only 2."""
        uri = host.data()
        assert host.wanted(uri, hyperparameters={"epochCount": 2.0})["hyperparameters"]["epochCount"] == "2"
        assert host.wanted(uri, hyperparameters={"epochCount": 2})["changed"] is False

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"access_key": None}, "access_key is missing; secret_key is given"),
            ({"secret_key": None}, "secret_key is missing; access_key is given"),
            ({"region": None}, "region is missing"),
            ({"region": "us east"}, "region"),
            ({"profile": "work"}, "profile is given with access_key"),
            ({"endpoint_url": "ftp://x"}, "starts with https"),
            ({"endpoint_url": "https://me:secret-in-url@x"}, "holds a user or a password"),
            ({"secret_key": "with a line\nbreak"}, "secret_key has a space, a line break"),
            ({"aws_ca_bundle": "/nowhere/ca.pem"}, "there is no file '/nowhere/ca.pem'"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_credentials(self, host: Host, options: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInput, match=message) as caught:
            host.wanted("s3://bucket/parcels.jsonl", **options)
        assert "secret-in-url" not in caught.value.text()
        assert host.sandbox.count() == 0

    def test_from_the_environment(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        uri = host.data()
        monkeypatch.setenv("AWS_ACCESS_KEY", host.reach.access_key)
        monkeypatch.setenv("AWS_SECRET_KEY", host.reach.secret_key)
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        monkeypatch.setenv("AWS_URL", host.reach.url)
        nothing = {"access_key": None, "secret_key": None, "region": None, "endpoint_url": None}
        assert host.wanted(uri, **nothing)["job_arn"].split(":")[3] == "us-east-1"
