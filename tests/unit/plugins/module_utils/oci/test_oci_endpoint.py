# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""oci_generative_ai_endpoint against the sandbox. What it shares with other resources, the contract suite tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    DriftError,
    FineTuneError,
    InvalidInput,
    NotFound,
    RunFailed,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import tags
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.endpoint_host import (
    LIGHT,
    LLAMA,
    OLD_LLAMA,
    EndpointHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import PREFIX

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

REPLACE: dict[str, Any] = {"replace": "on_change"}
FOREIGN = "ocid1.generativeaimodel.oc1..moderator"
ANYWHERE = "ocid1.generativeaidedicatedaicluster.oc1..nothing"


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> EndpointHost:
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return EndpointHost(still_sandbox)


def both(host: EndpointHost, error: type[FineTuneError], says: str, **options: Any) -> FineTuneError:
    """The error of a task, which check mode foresees, and which writes nothing."""
    host.sandbox.clear_log()
    for check_mode in (True, False):
        with pytest.raises(error, match=says) as caught:
            host.serve(**options, check_mode=check_mode)
        assert caught.value.facts.get("changed") is False
    assert not [call for call in host.called() if not call.startswith(("Get", "List"))]
    return caught.value


def warned(host: EndpointHost, says: str) -> bool:
    return any(says in warning for warning in host.warnings)


class TestNone:
    """Table 1: none, so it is created and waited for."""

    def test_with_everything(self, host: EndpointHost) -> None:
        given: dict[str, Any] = {
            "description": "Invoices",
            "content_moderation_config": {"is_enabled": True, "mode": "BLOCK", "model_id": FOREIGN},
            "prompt_injection_config": {"is_enabled": True, "mode": "INFORM"},
            "pii_detection_config": {"is_enabled": False},
            "generative_ai_private_endpoint_id": "ocid1.generativeaiprivateendpoint.oc1..mine",
            "freeform_tags": {"team": "support"},
            "defined_tags": {"Operations.CostCenter": "42"},
        }
        foreseen = host.serve(**given, check_mode=True)
        assert (foreseen["status"], foreseen["id"]) == ("check-mode", "check-mode:endpoint:chat")
        assert host.hosting in foreseen["hourly"]
        made = host.serve(**given)
        assert foreseen["diff"] == made["diff"]
        assert PREFIX not in str(made["endpoint"])
        for option, value in given.items():
            assert made[option] == value or option == "defined_tags"
        assert made["defined_tags"]["Operations"] == {"CostCenter": "42"}
        assert (made["state"], made["model_id"]) == ("ACTIVE", host.reach.base_model_id)
        assert (made["endpoint_id"], made["hourly"]) == (made["id"], f"the hosting cluster {host.hosting}")
        assert host.serve(**given)["changed"] is False

    def test_what_a_converged_task_calls(self, host: EndpointHost) -> None:
        host.tuned()
        host.serve(model_id="support-bot")
        host.sandbox.clear_log()
        assert host.serve(model_id="support-bot")["changed"] is False
        assert host.called() == ["ListEndpoints", "ListModels"]
        host.sandbox.clear_log()
        assert host.endpoint()["changed"] is False
        assert host.called() == ["ListEndpoints"]
        host.sandbox.clear_log()
        host.endpoint("none", state="absent")
        assert host.called() == ["ListEndpoints"]

    @pytest.mark.parametrize("option", ["model_id", "dedicated_ai_cluster_id"])
    def test_what_is_needed(self, host: EndpointHost, option: str) -> None:
        both(host, InvalidInput, f"{option} is missing", **{option: None})

    def test_within_the_cluster_s_preparation(self, host: EndpointHost) -> None:
        """A cluster that is being made is waited for."""
        made = host.by_hand.create_dedicated_ai_cluster(
            {"compartmentId": host.here, "type": "HOSTING", "unitShape": "LARGE_GENERIC", "unitCount": 1}
        )
        assert host.serve(dedicated_ai_cluster_id=made.data["id"])["status"] == "ACTIVE"

    def test_a_name_that_the_console_refuses_is_a_warning(self, host: EndpointHost) -> None:
        with pytest.raises(ApiError, match="displayName"):
            host.serve("1 chat")
        assert warned(host, "letter or an underscore first")

    def test_a_mode_that_is_not_known_is_a_warning(self, host: EndpointHost) -> None:
        with pytest.raises(ApiError, match="mode must be"):
            host.serve(pii_detection_config={"is_enabled": True, "mode": "OFF"})
        assert warned(host, "pii_detection_config.mode is 'OFF'")


class TestModel:
    """By its OCID, or by its name."""

    def test_the_newest_ready_one_of_its_lineage(self, host: EndpointHost) -> None:
        host.tuned(ago=9000)
        newest = host.tuned(ago=5000)
        host.tuned(ago=1000, state="FAILED")
        host.tuned(ago=500, freeform_tags={})
        assert host.serve(model_id="support-bot")["model_id"] == newest
        host.tuned(ago=1)
        both(host, DriftError, f"model_id: {newest} -> ", model_id="support-bot")

    def test_one_that_somebody_else_trained(self, host: EndpointHost) -> None:
        theirs = host.tuned(freeform_tags={})
        assert host.serve(model_id="support-bot")["model_id"] == theirs
        host.tuned(freeform_tags={})
        both(host, ApiError, "several models", model_id="support-bot")

    def test_a_base_model(self, host: EndpointHost) -> None:
        assert host.serve(model_id=LLAMA)["model_id"] == host.reach.base_models[LLAMA]

    def test_a_retired_base_is_no_obstacle(self, host: EndpointHost) -> None:
        """A cluster that exists goes on hosting it. By its name the newest version is meant."""
        from finetune_sandbox.oci.catalogue import MODELS

        assert host.serve(model_id=OLD_LLAMA)["status"] == "ACTIVE"
        retired = next(base for base in MODELS if base.dedicated_retired).id("us-chicago-1")
        place = {"dedicated_ai_cluster_id": host.reach.make_cluster(host.sandbox, "light", "SMALL_COHERE")}
        assert host.serve("old", model_id=retired, **place)["status"] == "ACTIVE"
        newest = host.serve("new", model_id=LIGHT, check_mode=True, dedicated_ai_cluster_id="check-mode:cluster:x")
        assert newest["model_id"] == host.reach.base_models[LIGHT] != retired

    def test_no_such_model(self, host: EndpointHost) -> None:
        both(host, ApiError, "no ACTIVE model 'nobody'", model_id="nobody")
        both(host, ApiError, "is not seen", model_id=FOREIGN)
        failed = host.tuned(state="FAILED")
        both(host, ApiError, f"{failed} is FAILED", model_id=failed)

    def test_what_check_mode_foresees(self, host: EndpointHost) -> None:
        model = "check-mode:model:support-bot"
        assert host.serve(model_id=model, check_mode=True)["action"] == "create"
        with pytest.raises(InvalidInput, match="check mode"):
            host.serve(model_id=model)
        host.serve()
        both_ways = host.serve(model_id=model, check_mode=True, replacement_cluster_id=host.second, **REPLACE)
        assert both_ways["action"] == "replace"
        cluster = "check-mode:cluster:hosting"
        assert host.serve("other", dedicated_ai_cluster_id=cluster, check_mode=True)["action"] == "create"


class TestPlace:
    """Whether the cluster takes the model is looked at before anything is done."""

    def test_what_is_no_hosting_cluster(self, host: EndpointHost) -> None:
        both(host, ApiError, "is of type FINE_TUNING", dedicated_ai_cluster_id=host.reach.cluster_id)
        both(host, ApiError, "is not seen", dedicated_ai_cluster_id=ANYWHERE)

    def test_one_that_is_being_deleted(self, host: EndpointHost) -> None:
        host.by_hand.delete_dedicated_ai_cluster(host.second)
        both(host, ApiError, "is DELETING", dedicated_ai_cluster_id=host.second)

    def test_another_vendor_s_shape(self, host: EndpointHost) -> None:
        shape = host.reach.make_cluster(host.sandbox, "cohere", "SMALL_COHERE")
        both(host, ApiError, "has the unit shape SMALL_COHERE; meta.llama-3.3", dedicated_ai_cluster_id=shape)
        model = host.tuned()
        both(host, ApiError, "meta.llama-3.3", dedicated_ai_cluster_id=shape, model_id=model)

    def test_another_shape_of_the_vendor_is_a_warning(self, host: EndpointHost) -> None:
        shape = host.reach.make_cluster(host.sandbox, "two", "LARGE_GENERIC_2")
        with pytest.raises(ApiError, match="the model needs LARGE_GENERIC"):
            host.serve(dedicated_ai_cluster_id=shape)
        assert warned(host, "is hosted on LARGE_GENERIC, by OCI's guide")

    def test_one_that_hosts_another_model(self, host: EndpointHost) -> None:
        theirs = host.make("theirs", modelId=host.reach.base_models[OLD_LLAMA])
        error = both(host, ApiError, "hosts the model")
        assert theirs in error.message
        assert "replacement_cluster_id" in error.hint
        model = "check-mode:model:x"
        host.serve(model_id=model, check_mode=True)
        assert warned(host, "hosts the model")

    def test_one_that_hosts_the_same_model(self, host: EndpointHost) -> None:
        host.make("theirs")
        assert host.serve()["status"] == "ACTIVE"

    def test_t_few_models_are_stacked(self, host: EndpointHost) -> None:
        shape = host.reach.make_cluster(host.sandbox, "light", "SMALL_COHERE")
        one, two = (host.tuned(name, LIGHT) for name in ("one", "two"))
        host.serve("first", model_id=one, dedicated_ai_cluster_id=shape)
        assert host.serve("second", model_id=two, dedicated_ai_cluster_id=shape)["status"] == "ACTIVE"

    def test_one_in_another_compartment(self, host: EndpointHost) -> None:
        """What it hosts there is looked at, as far as the user may see it."""
        theirs = host.make("theirs", compartmentId=host.other, modelId=host.reach.base_models[OLD_LLAMA])
        host.by_hand.change_dedicated_ai_cluster_compartment(host.hosting, {"compartmentId": host.other})
        both(host, ApiError, theirs)
        host.by_hand.delete_endpoint(theirs)
        host.sandbox.advance(60)
        # The second list is that of the other compartment.
        host.error("ListEndpoints", 404, "NotAuthorizedOrNotFound", "no", times=1, after=2)
        assert host.serve()["status"] == "ACTIVE"

    def test_one_that_is_full(self, host: EndpointHost) -> None:
        for number in range(50):
            host.by_hand.create_endpoint(
                {
                    "compartmentId": host.other,
                    "displayName": f"e{number}",
                    "modelId": host.reach.base_model_id,
                    "dedicatedAiClusterId": host.hosting,
                }
            )
        both(host, ApiError, "has 50 endpoints; it takes 50")


class TestOfOthers:
    """Table 1: not ours under a name that is not unique, and several of ours."""

    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_refused_with_its_id(self, host: EndpointHost, state: str) -> None:
        theirs = host.make()
        error = both(host, InvalidInput, theirs, state=state)
        assert "endpoint_id" in error.hint

    def test_beside_one_of_ours(self, host: EndpointHost) -> None:
        ours = host.serve()
        theirs = host.make()
        assert host.serve()["id"] == ours["id"]
        host.endpoint(state="absent")
        assert [item["id"] for item in host.made()] == [theirs]

    def test_several_of_ours_are_ambiguous(self, host: EndpointHost) -> None:
        own = {ownership.NAME: "chat"}
        for cluster in (host.hosting, host.second):
            host.make(dedicatedAiClusterId=cluster, freeformTags=own)
        error = both(host, ApiError, "Several", model_id=host.reach.base_models[OLD_LLAMA], **REPLACE)
        assert "id" in error.hint

    def test_adopted_renamed_and_moved(self, host: EndpointHost) -> None:
        theirs = host.make(freeformTags={"by": "hand"})
        adopted = host.endpoint(None, endpoint_id=theirs, compartment_id=None)
        assert (adopted["changed"], adopted["name"]) == (False, "chat")
        moved = host.endpoint("other", endpoint_id=theirs, compartment_id=host.other, description="there")
        assert (moved["action"], moved["id"], moved["status"]) == ("update", theirs, "ACTIVE")
        assert (moved["compartment_id"], moved["display_name"], moved["description"]) == (host.other, "other", "there")
        calls = host.called()
        assert calls.index("ChangeEndpointCompartment") < calls.index("UpdateEndpoint")
        assert tags.read_ownership_tags(host.get(theirs)) == {}

    def test_no_name_that_is_taken(self, host: EndpointHost) -> None:
        ours = host.serve()
        theirs = host.make("other")
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match="cannot be renamed or moved") as caught:
                host.endpoint("chat", endpoint_id=theirs, check_mode=check_mode)
        assert ours["id"] in caught.value.message

    def test_by_its_id_it_is_never_replaced(self, host: EndpointHost) -> None:
        made = host.serve()
        for check_mode in (True, False):
            with pytest.raises(ApiError, match="cannot be replaced under its OCID"):
                host.serve(
                    endpoint_id=made["id"], model_id=host.reach.base_models[OLD_LLAMA], check_mode=check_mode, **REPLACE
                )
        assert [item["id"] for item in host.made()] == [made["id"]]

    def test_moved_away_from_its_model(self, host: EndpointHost) -> None:
        """The model stays where it is, and is found there by its name."""
        host.tuned()
        made = host.serve(model_id="support-bot")
        moved = host.endpoint(None, endpoint_id=made["id"], compartment_id=host.other, model_id="support-bot")
        assert (moved["action"], moved["compartment_id"]) == ("update", host.other)

    def test_a_model_by_its_name_for_one_by_its_id(self, host: EndpointHost) -> None:
        made = host.serve()
        same = host.endpoint(None, endpoint_id=made["id"], compartment_id=None, model_id=LLAMA)
        assert (same["changed"], same["id"]) == (False, made["id"])


class TestUnderWay:
    """Table 1: is being created, updated or deleted."""

    def test_deleted_then_as_none(self, host: EndpointHost) -> None:
        first = host.serve()
        host.endpoint(state="absent", wait=False)
        second = host.serve()
        assert (second["action"], second["id"] != first["id"]) == ("create", True)

    def test_updated_to_what_is_desired(self, host: EndpointHost) -> None:
        made = host.serve()
        host.change(made["id"], seconds=0, description="new")
        result = host.serve(description="new")
        assert (result["action"], result["changed"], result["status"]) == ("none", False, "ACTIVE")
        assert host.sandbox.count("oci.UpdateEndpoint") == 1

    def test_updated_to_something_else(self, host: EndpointHost) -> None:
        made = host.serve()
        host.change(made["id"], seconds=0, description="theirs")
        assert host.serve(description="mine", check_mode=True)["diff"]["before"] == {"description": "theirs"}
        host.serve(description="mine", wait=False)
        assert warned(host, "being updated to something else")
        assert host.sandbox.count("oci.UpdateEndpoint") == 1
        result = host.serve(description="mine")
        assert (result["action"], result["description"]) == ("update", "mine")

    def test_their_update_fails(self, host: EndpointHost) -> None:
        made = host.serve()
        host.scenario("UPDATE", message="The hall is flooded.")
        host.change(made["id"], seconds=0, description="mine")
        with pytest.raises(RunFailed, match="hall is flooded"):
            host.serve(description="mine")
        assert host.sandbox.count("oci.UpdateEndpoint") == 1

    def test_absent_waits_for_an_update(self, host: EndpointHost) -> None:
        made = host.serve()
        host.change(made["id"], seconds=0, description="theirs")
        host.endpoint(state="absent", wait=False)
        assert warned(host, "is deleted only once that has ended")
        assert host.endpoint(state="absent")["changed"] is True
        assert host.made() == []

    def test_created_otherwise_in_place(self, host: EndpointHost) -> None:
        host.serve(wait=False)
        host.serve(description="new", wait=False)
        assert warned(host, "is changed only once it is ready")
        result = host.serve(description="new")
        assert (result["action"], result["description"], result["status"]) == ("update", "new", "ACTIVE")

    def test_created_with_another_model(self, host: EndpointHost) -> None:
        first = host.serve(wait=False)
        other = {"model_id": host.reach.base_models[OLD_LLAMA], "replacement_cluster_id": host.second}
        both(host, DriftError, "model_id: ", **other)
        result = host.serve(**other, **REPLACE)
        assert (result["action"], result["dedicated_ai_cluster_id"]) == ("replace", host.second)
        assert [item["id"] for item in host.made()] == [result["id"]] != [first["id"]]

    def test_created_with_another_model_on_the_only_cluster(self, host: EndpointHost) -> None:
        """Check mode foresees that it is waited for, deleted, and made again."""
        first = host.serve(wait=False)
        for check_mode in (True, False):
            result = host.serve(model_id=host.reach.base_models[OLD_LLAMA], check_mode=check_mode, **REPLACE)
            assert (result["action"], result["diff"]["before"]["exists"]) == ("replace", [first["id"]])
        assert [item["id"] for item in host.made()] == [result["id"]]


class TestUpdates:
    """Table 1: what can be changed in place, and how that fails."""

    def test_guardrails_are_compared_by_what_is_given(self, host: EndpointHost) -> None:
        host.serve(content_moderation_config={"is_enabled": True, "mode": "BLOCK", "model_id": FOREIGN})
        assert host.serve(content_moderation_config={"is_enabled": True})["changed"] is False
        result = host.serve(content_moderation_config={"is_enabled": True, "mode": "INFORM"})
        assert result["diff"]["before"] == {"content_moderation_config.mode": "BLOCK"}
        assert result["content_moderation_config"] == {"is_enabled": True, "mode": "INFORM", "model_id": FOREIGN}
        on = host.serve(prompt_injection_config={"is_enabled": True})
        assert (on["action"], on["prompt_injection_config"]["is_enabled"]) == ("update", True)
        assert host.serve(pii_detection_config={"is_enabled": False})["changed"] is False

    def test_renamed_by_hand(self, host: EndpointHost) -> None:
        """The ownership tag says which one it is."""
        made = host.serve()
        host.change(made["id"], displayName="renamed")
        back = host.serve()
        assert (back["action"], back["id"], back["display_name"]) == ("update", made["id"], "chat")

    def test_a_change_that_fails(self, host: EndpointHost) -> None:
        """The task fails with the reason; a later one too, until it is told to send it again."""
        made = host.serve(description="old")
        host.scenario("UPDATE", message="No capacity.")
        with pytest.raises(RunFailed, match="No capacity") as caught:
            host.serve(description="new")
        assert (caught.value.facts["changed"], caught.value.facts["id"]) == (True, made["id"])
        assert "description: old -> new" in caught.value.message
        error = both(host, RunFailed, "No capacity", description="new")
        assert "retry_failed: true" in error.hint
        same = host.serve(description="old")
        assert (same["changed"], warned(host, "No capacity")) == (False, True)
        again = host.serve(description="new", retry_failed=True)
        assert (again["action"], again["id"], again["description"]) == ("update", made["id"], "new")
        assert again["lifecycle_details"] is None

    def test_a_change_that_fails_and_is_taken_back(self, host: EndpointHost) -> None:
        """What it was to be can no longer be seen, so a later task sends it again."""
        host.sandbox.oci.settings(failed_updates_revert=True)
        host.serve(description="old")
        host.scenario("UPDATE", message="No capacity.")
        with pytest.raises(RunFailed, match="No capacity"):
            host.serve(description="new")
        assert host.serve(description="new")["description"] == "new"

    @pytest.mark.parametrize("reverts", [False, True])
    def test_a_change_that_fails_in_slices(self, host: EndpointHost, reverts: bool) -> None:
        host.sandbox.oci.settings(failed_updates_revert=reverts, endpoint_seconds=100.0)
        host.serve(description="old")
        host.scenario("UPDATE", message="No capacity.")
        with pytest.raises(RunFailed, match="No capacity") as caught:
            host.sliced(host.serve, {"description": "new"})
        assert "description: old -> new" in caught.value.message
        assert host.sandbox.count("oci.UpdateEndpoint") == 1

    def test_a_move_that_fails(self, host: EndpointHost) -> None:
        made = host.serve()
        host.scenario("MOVE", message="No way.")
        with pytest.raises(RunFailed, match="No way") as caught:
            host.endpoint(None, endpoint_id=made["id"], compartment_id=host.other)
        assert caught.value.facts["changed"] is True
        assert host.get(made["id"])["compartment_id"] == host.here

    def test_a_move_is_waited_for(self, host: EndpointHost) -> None:
        made = host.serve()
        host.sandbox.oci.settings(move_seconds=40.0)
        moved = host.endpoint(None, endpoint_id=made["id"], compartment_id=host.other)
        assert (moved["action"], moved["compartment_id"], moved["elapsed"] >= 40) == ("update", host.other, True)

    def test_the_progress_of_a_change(self, host: EndpointHost) -> None:
        host.serve()
        host.sandbox.oci.settings(endpoint_seconds=100.0)
        _result, slices = host.sliced(host.serve, {"description": "new"})
        told = [part["progress"] for part in slices]
        assert {part["stage"] for part in told[1:]} == {"being changed"}
        assert 0 < told[-1]["percent"] < 100

    @pytest.mark.parametrize("lost", ["ChangeEndpointCompartment", "UpdateEndpoint"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_lost_answer(self, host: EndpointHost, lost: str, when: str) -> None:
        made = host.serve()
        host.sandbox.fault(f"oci.{lost}", reset=when, times=1)
        desired: dict[str, Any] = {"endpoint_id": made["id"], "compartment_id": host.other, "description": "new"}
        result = host.endpoint(None, **desired)
        assert (result["changed"], result["compartment_id"], result["description"]) == (True, host.other, "new")
        assert host.endpoint(None, **desired)["changed"] is False

    def test_moved_but_not_changed(self, host: EndpointHost) -> None:
        made = host.serve()
        host.error("UpdateEndpoint", 400, "InvalidParameter", "no", times=9)
        with pytest.raises(ApiError, match="no") as caught:
            host.endpoint(None, endpoint_id=made["id"], compartment_id=host.other, description="there")
        assert caught.value.facts["changed"] is True

    def test_somebody_else_was_faster(self, host: EndpointHost) -> None:
        host.serve()
        host.error("UpdateEndpoint", 412, "NoEtagMatch", "it has changed")
        with pytest.raises(ApiError, match="it has changed"):
            host.serve(description="new")

    def test_ignored(self, host: EndpointHost) -> None:
        host.serve(description="old")
        result = host.serve(description="new", ignore_changes=["description"])
        assert (result["changed"], result["ignored_changes"]["description"]["before"]) == (False, "old")


class TestReplaced:
    """Table 1: serves something else, and cannot be changed."""

    def test_refused_naming_the_difference(self, host: EndpointHost) -> None:
        made = host.serve()
        old = host.reach.base_models[OLD_LLAMA]
        error = both(host, DriftError, f"model_id: {made['model_id']} -> {old}", model_id=old)
        assert "deletes it, then makes a new one" in error.hint
        error = both(host, DriftError, "dedicated_ai_cluster_id: ", dedicated_ai_cluster_id=host.second)
        assert "makes a new one, then deletes it" in error.hint

    def test_on_the_second_cluster_the_new_one_serves_first(self, host: EndpointHost) -> None:
        first = host.serve(replacement_cluster_id=host.second)
        desired = {"model_id": host.reach.base_models[OLD_LLAMA], "replacement_cluster_id": host.second, **REPLACE}
        foreseen = host.serve(**desired, check_mode=True)
        assert foreseen["dedicated_ai_cluster_id"] == host.second
        host.sandbox.clear_log()
        second = host.serve(**desired)
        calls = host.called()
        assert calls.index("CreateEndpoint") < calls.index("DeleteEndpoint")
        assert (second["action"], second["dedicated_ai_cluster_id"]) == ("replace", host.second)
        assert foreseen["diff"] == second["diff"]
        assert second["diff"]["before"]["exists"] == [first["id"]]
        assert warned(host, "gets another OCID")
        assert warned(host, f"{host.hosting} is not deleted, and still costs money by the hour")
        # Serving on the second one is as good; the next replacement goes back to the first.
        assert host.serve(**desired)["changed"] is False
        third = host.serve(replacement_cluster_id=host.second, **REPLACE)
        assert third["dedicated_ai_cluster_id"] == host.hosting

    def test_on_one_cluster_it_is_deleted_first(self, host: EndpointHost) -> None:
        first = host.serve()
        desired = {"model_id": host.reach.base_models[OLD_LLAMA], **REPLACE}
        for check_mode in (True, False):
            host.sandbox.clear_log()
            result = host.serve(**desired, check_mode=check_mode)
            assert (result["action"], result["changed"]) == ("replace", True)
            assert result["diff"]["before"]["exists"] == [first["id"]]
            assert warned(host, "one model at a time; nothing is served meanwhile")
        calls = host.called()
        assert calls.index("DeleteEndpoint") < calls.index("CreateEndpoint")
        assert [item["id"] for item in host.made()] == [result["id"]]

    def test_nothing_is_deleted_if_the_new_one_could_not_be_made(self, host: EndpointHost) -> None:
        host.serve()
        host.make("theirs")
        error = both(host, ApiError, "hosts the model", model_id=host.reach.base_models[OLD_LLAMA], **REPLACE)
        assert "'theirs'" in error.message
        host.by_hand.update_dedicated_ai_cluster(host.hosting, {"unitCount": 2})
        both(host, ApiError, "is UPDATING", model_id=host.reach.base_models[OLD_LLAMA], **REPLACE)

    def test_not_without_waiting(self, host: EndpointHost) -> None:
        first = host.serve()
        host.serve(model_id=host.reach.base_models[OLD_LLAMA], wait=False, **REPLACE)
        assert warned(host, "use 'wait: true'")
        assert [item["id"] for item in host.made()] == [first["id"]]

    def test_stacked_models_are_replaced_on_one_cluster(self, host: EndpointHost) -> None:
        cluster = host.reach.make_cluster(host.sandbox, "light", "SMALL_COHERE")
        one, two = (host.tuned(name, LIGHT) for name in ("one", "two"))
        host.serve(model_id=one, dedicated_ai_cluster_id=cluster)
        host.sandbox.clear_log()
        result = host.serve(model_id=two, dedicated_ai_cluster_id=cluster, **REPLACE)
        calls = host.called()
        assert calls.index("CreateEndpoint") < calls.index("DeleteEndpoint")
        assert (result["action"], len(host.made())) == ("replace", 1)

    @pytest.mark.parametrize("two", [False, True], ids=["one cluster", "two clusters"])
    def test_in_slices(self, host: EndpointHost, two: bool) -> None:
        host.serve()
        host.sandbox.oci.settings(endpoint_seconds=100.0)
        desired = {"model_id": host.reach.base_models[OLD_LLAMA], **REPLACE}
        desired.update({"replacement_cluster_id": host.second} if two else {})
        result = host.sliced(host.serve, desired)[0]
        assert (result["status"], [item["id"] for item in host.made()]) == ("ACTIVE", [result["id"]])
        assert host.serve(**desired)["changed"] is False

    def test_going_back_after_an_interruption(self, host: EndpointHost) -> None:
        """The one that serves what is desired stays, also if it is the older one."""
        first = host.serve()
        desired = {"replacement_cluster_id": host.second, **REPLACE}
        host.error("DeleteEndpoint", 403, "NotAllowed", "no", times=9)
        with pytest.raises(ApiError):
            host.serve(model_id=host.reach.base_models[OLD_LLAMA], **desired)
        host.sandbox.clear_faults()
        result = host.serve(**desired)
        assert (result["action"], result["id"]) == ("delete", first["id"])
        assert [item["id"] for item in host.made()] == [first["id"]]


class TestFailed:
    """Table 1: failed and never served, or failed after it had served."""

    def test_deleted_before_it_is_made_again(self, host: EndpointHost) -> None:
        host.scenario("CREATE", message="The cluster has no capacity.")
        with pytest.raises(RunFailed) as caught:
            host.serve()
        assert "Increase its unit_count" in caught.value.hint
        host.sandbox.clear_log()
        result = host.serve(retry_failed=True)
        calls = host.called()
        assert calls.index("DeleteEndpoint") < calls.index("CreateEndpoint")
        assert [item["id"] for item in host.made()] == [result["id"]]

    def test_failed_at_once(self, host: EndpointHost) -> None:
        """The list after the creation shows the failure, but not why; the task looks closer."""
        host.sandbox.oci.settings(endpoint_seconds=0.0)
        host.scenario("CREATE", code="OutOfHostCapacity", message="No.")
        with pytest.raises(RunFailed, match="failed: No .OutOfHostCapacity."):
            host.serve()

    def test_another_model_does_not_help_by_itself(self, host: EndpointHost) -> None:
        host.scenario("CREATE", message="No.")
        with pytest.raises(RunFailed):
            host.serve()
        both(host, RunFailed, "failed: No", model_id=host.reach.base_models[OLD_LLAMA])

    def test_one_that_may_have_served(self, host: EndpointHost) -> None:
        made = host.serve()
        host.scenario("DELETE", message="The hall is flooded.")
        with pytest.raises(RunFailed, match="could not be deleted.*hall is flooded") as caught:
            host.endpoint(state="absent")
        assert f"cluster {host.hosting} still costs money" in caught.value.hint
        assert host.get(made["id"])["lifecycle_state"] == "FAILED"
        both(host, RunFailed, "hall is flooded")
        error = both(host, ApiError, "not sure that it has never served", retry_failed=True)
        assert "'state: absent' deletes it" in error.hint
        assert host.endpoint(state="absent")["changed"] is True
        assert host.serve()["action"] == "create"

    def test_a_failed_replacement(self, host: EndpointHost) -> None:
        """The old one goes on serving; tried again, the failed one goes first, and the old one last."""
        first = host.serve()
        desired = {"model_id": host.reach.base_models[OLD_LLAMA], "replacement_cluster_id": host.second, **REPLACE}
        host.scenario("CREATE", message="No.")
        with pytest.raises(RunFailed):
            host.serve(**desired)
        assert host.get(first["id"])["lifecycle_state"] == "ACTIVE"
        both(host, RunFailed, "failed: No", **desired)
        result = host.serve(**desired, retry_failed=True)
        assert (result["action"], [item["id"] for item in host.made()]) == ("retry", [result["id"]])


class TestAbsent:
    def test_waits_and_says_what_goes_on_costing(self, host: EndpointHost) -> None:
        host.serve()
        for check_mode in (True, False):
            result = host.endpoint(state="absent", check_mode=check_mode)
            assert (result["action"], result["changed"]) == ("delete", True)
            assert warned(host, f"The hosting cluster {host.hosting} is not deleted, and still costs money by the hour")
        assert host.made() == []
        assert host.endpoint(state="absent")["changed"] is False
        assert host.warnings == []

    def test_by_its_id(self, host: EndpointHost) -> None:
        made = host.serve()
        desired: dict[str, Any] = {"endpoint_id": made["id"], "state": "absent"}
        assert host.endpoint(None, compartment_id=None, **desired)["changed"] is True
        assert host.endpoint(None, compartment_id=None, **desired)["changed"] is False
        host.sandbox.advance(2 * 86400)
        assert host.endpoint(None, **desired)["changed"] is False
        with pytest.raises(NotFound):
            host.endpoint(None, compartment_id=None, **desired)

    def test_a_model_in_use_is_not_deleted(self, host: EndpointHost) -> None:
        model = host.tuned()
        made = host.serve(model_id=model)
        for check_mode in (True, False):
            with pytest.raises(ApiError, match=f"the endpoint chat .{made['id']}. uses") as caught:
                host.model("support-bot", state="absent", check_mode=check_mode)
        assert caught.value.facts["changed"] is False
        host.endpoint(state="absent")
        assert host.model("support-bot", state="absent")["changed"] is True

    def test_unknown_state(self, host: EndpointHost) -> None:
        host.serve()
        item = {**host.by_hand.list_endpoints(host.here).data["items"][0], "lifecycleState": "ASLEEP"}
        host.sandbox.fault("oci.ListEndpoints", status=200, body={"items": [item]}, times=2)
        for state in ("present", "absent"):
            with pytest.raises(ApiError, match="'ASLEEP', which this version does not know"):
                host.serve(state=state)


def test_terraforms_acceptance_steps(host: EndpointHost) -> None:
    """What is required, and destroyed; with what is optional; moved; changed; listed; imported. One OCID throughout."""
    model = host.reach.base_models["cohere.command-a-03-2025"]
    cluster = host.reach.make_cluster(host.sandbox, "command-a", "LARGE_COHERE_V3")
    place: dict[str, Any] = {"model_id": model, "dedicated_ai_cluster_id": cluster}
    assert host.endpoint("displayName", **place)["action"] == "create"
    assert host.endpoint("displayName", state="absent")["action"] == "delete"
    off = {"is_enabled": False, "mode": "INFORM", "model_id": FOREIGN}
    optional = {"description": "description", "freeform_tags": {"Department": "Finance"}}
    made = host.endpoint("displayName", **place, **optional, content_moderation_config=off)
    assert made["content_moderation_config"] == off
    moved = host.endpoint("displayName", endpoint_id=made["id"], compartment_id=host.other, **place)
    on = {"is_enabled": True, "mode": "BLOCK", "model_id": FOREIGN}
    changed = host.endpoint(
        "displayName2",
        endpoint_id=made["id"],
        compartment_id=host.other,
        content_moderation_config=on,
        description="description2",
        freeform_tags={"Department": "Accounting"},
    )
    assert (moved["id"], changed["id"], changed["content_moderation_config"]) == (made["id"], made["id"], on)
    (found,) = host.endpoints(compartment_id=host.other, display_name="displayName2", state="ACTIVE")
    assert (found["id"], found["freeform_tags"]) == (made["id"], {"Department": "Accounting"})
    imported = host.endpoint(None, endpoint_id=made["id"], compartment_id=None, **place, content_moderation_config=on)
    assert imported["changed"] is False


class TestInfo:
    def test_filters_and_pages(self, host: EndpointHost) -> None:
        host.sandbox.oci.settings(page_size=2)
        model = host.tuned()
        made = [host.serve(name)["id"] for name in ("one", "two", "three")]
        tuned = host.serve("four", model_id=model, dedicated_ai_cluster_id=host.second)["id"]
        theirs = host.make("five")
        assert [item["id"] for item in host.endpoints()] == [theirs, tuned, *reversed(made)]
        assert [item["id"] for item in host.endpoints(model_id=model)] == [tuned]
        assert [item["id"] for item in host.endpoints(dedicated_ai_cluster_id=host.second)] == [tuned]
        assert [item["name"] for item in host.endpoints(display_name="one")] == ["one"]
        assert [item["name"] for item in host.endpoints(display_name="five")] == [None]
        assert [item["id"] for item in host.endpoints(model_id=host.reach.base_model_id, limit=2)] == [theirs, made[2]]
        assert host.endpoints(state="CREATING") == []
        assert PREFIX not in str(host.endpoints())

    def test_details(self, host: EndpointHost) -> None:
        made = host.serve()
        (found,) = host.endpoints(endpoint_id=made["id"], details=True)
        assert found["work_request"]["operation_type"] == "CREATE_ENDPOINT"
        assert host.endpoints(model_id="check-mode:model:x", check_mode=True) == []
        with pytest.raises(InvalidInput, match="the OCID of an endpoint"):
            host.endpoints(endpoint_id=None, model_id=made["id"])
