# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""oci_generative_ai_dedicated_ai_cluster against the sandbox; tags and work requests with it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    NotFound,
    RunFailed,
    TimedOut,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Change, Phase
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import cluster, tags, work_requests
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import (
    HOSTING,
    TUNING,
    ClusterHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import PREFIX, pair_lines


@pytest.fixture
def host(clusters: ClusterHost) -> ClusterHost:
    return clusters


class TestPresent:
    def test_made_once(self, host: ClusterHost) -> None:
        made = host.tuning(description="To train on", freeform_tags={"team": "support", "stage": 1})
        assert (made["changed"], made["action"], made["status"]) == (True, "create", "ACTIVE")
        assert made["id"] == made["run_id"] == made["dedicated_ai_cluster_id"] == host.made()[0]["id"]
        assert {key: made[key] for key in TUNING} == TUNING
        assert (made["description"], made["freeform_tags"]) == ("To train on", {"team": "support", "stage": "1"})
        assert PREFIX not in str(made)
        host.sandbox.clear_log()
        again = host.tuning(description="To train on", freeform_tags={"stage": "1", "team": "support"})
        assert (again["changed"], again["action"], again["id"]) == (False, "none", made["id"])
        assert host.called() == ["ListDedicatedAiClusters", "GetDedicatedAiCluster"]
        assert host.warnings == []

    def test_check_mode_foresees_it_and_writes_nothing(self, host: ClusterHost) -> None:
        foreseen = host.tuning(check_mode=True)
        assert (foreseen["changed"], foreseen["action"], foreseen["status"]) == (True, "create", "check-mode")
        assert foreseen["dedicated_ai_cluster_id"] == "check-mode:cluster:tuning"
        assert foreseen["unit_shape"] == "LARGE_GENERIC"
        assert foreseen["diff"]["after"]["unit_count"] == 2
        assert host.made() == []
        later = host.cluster(None, dedicated_ai_cluster_id="check-mode:cluster:tuning", unit_count=3, check_mode=True)
        assert (later["action"], later["name"]) == ("create", "tuning")

    @pytest.mark.parametrize("missing", ["type", "unit_shape", "unit_count"])
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_what_a_new_one_needs(self, host: ClusterHost, missing: str, check_mode: bool) -> None:
        with pytest.raises(InvalidInput, match=f"{missing} is missing"):
            host.tuning(None, **{"display_name": "tuning", missing: None, "check_mode": check_mode})
        assert host.made() == []

    def test_an_existing_one_needs_no_more_than_its_name(self, host: ClusterHost) -> None:
        made = host.tuning()
        assert host.cluster()["id"] == made["id"]

    def test_a_change_of_one_that_is_being_created(self, host: ClusterHost) -> None:
        """It is foreseen, told of by who does not wait, and made once OCI allows it."""
        made = host.tuning(unit_count=2, wait=False)
        desired = {"unit_count": 4, "freeform_tags": {"team": "ours"}}
        foreseen = host.tuning(**desired, check_mode=True)
        assert (foreseen["action"], foreseen["changed"]) == ("update", True)
        assert foreseen["diff"]["after"]["unit_count"] == 4
        assert host.tuning(**desired, wait=False)["changed"] is False
        assert any("unit_count: 2 -> 4" in warning for warning in host.warnings)
        changed = host.tuning(**desired)
        assert (changed["action"], changed["id"], changed["unit_count"]) == ("update", made["id"], 4)
        assert host.tuning(**desired)["changed"] is False

    def test_in_slices_with_progress(self, host: ClusterHost) -> None:
        host.sandbox.oci.settings(cluster_seconds=100.0)
        last, before = host.sliced(host.tuning, {})
        assert (last["status"], len(host.made())) == ("ACTIVE", 1)
        assert before[0]["run_id"] == last["id"]
        told = [answer["progress"] for answer in before]
        assert {progress["stage"] for progress in told} <= {"being created", "waiting to start"}
        percents = [progress["percent"] for progress in told if "percent" in progress]
        assert percents == sorted(percents)
        assert percents[-1] > 50

    def test_how_long_it_waits_when_nothing_is_said(self, host: ClusterHost) -> None:
        host.sandbox.oci.settings(cluster_seconds=10000.0)
        with pytest.raises(TimedOut) as caught:
            host.tuning()
        assert caught.value.facts["elapsed"] == pytest.approx(4800, abs=1)


class TestExactlyOne:
    def test_at_the_same_time_with_other_sizes(self, host: ClusterHost) -> None:
        results = host.together(*(lambda units=units: host.tuning(unit_count=units) for units in (2, 3)))
        assert len(host.made()) == 1
        assert all(isinstance(result, (dict, FineTuneError)) for result in results)

    def test_not_seen_is_not_gone(self, host: ClusterHost) -> None:
        host.tuning()
        host.error("ListDedicatedAiClusters", 404, "NotAuthorizedOrNotFound", "no", times=1)
        with pytest.raises(NotFound):
            host.tuning()
        assert len(host.made()) == 1


class TestChanges:
    def test_everything_that_can_be(self, host: ClusterHost) -> None:
        made = host.tuning(freeform_tags={"team": "support"})
        desired: dict[str, Any] = {"unit_count": 3, "description": "Larger", "freeform_tags": {"stage": "live"}}
        foreseen = host.tuning(**desired, check_mode=True)
        changed = host.tuning(**desired)
        for result in (foreseen, changed):
            assert (result["changed"], result["action"]) == (True, "update")
            assert result["diff"]["before"] == {
                "unit_count": 2,
                "description": "",
                "freeform_tags": {"team": "support"},
            }
            assert result["diff"]["after"] == desired
        assert (changed["id"], changed["status"], changed["unit_count"]) == (made["id"], "ACTIVE", 3)
        assert changed["previous_state"]["unit_count"] == 2
        assert PREFIX not in str(changed)
        assert host.tuning(**desired)["changed"] is False
        assert host.sandbox.count("oci.UpdateDedicatedAiCluster") == 1

    def test_the_markers_stay(self, host: ClusterHost) -> None:
        made = host.tuning(freeform_tags={"a": "1"})
        own = tags.read_ownership_tags(host.get(made["id"]))
        assert own.keys() == {ownership.NAME, ownership.TOKEN}
        host.tuning(freeform_tags={})
        assert host.get(made["id"])["freeform_tags"] == own
        host.change(made["id"], freeformTags={ownership.NAME: "tuning"})
        assert host.tuning(freeform_tags={})["changed"] is False

    def test_renamed_by_hand(self, host: ClusterHost) -> None:
        """The marker, not the name, says which one it is: no second cluster is paid."""
        made = host.tuning()
        host.change(made["id"], displayName="renamed")
        back = host.tuning()
        assert (back["action"], back["id"], back["display_name"]) == ("update", made["id"], "tuning")
        assert len(host.made()) == 1

    def test_renamed_and_moved_by_its_id(self, host: ClusterHost) -> None:
        made = host.tuning()
        moved = host.cluster("other", dedicated_ai_cluster_id=made["id"], compartment_id=host.other)
        assert (moved["action"], moved["id"]) == ("update", made["id"])
        assert (moved["compartment_id"], moved["display_name"]) == (host.other, "other")
        assert host.cluster("other", compartment_id=host.other)["id"] == made["id"]
        back = host.cluster(None, dedicated_ai_cluster_id=made["id"], compartment_id=host.here)
        assert (back["compartment_id"], back["name"], back["status"]) == (host.here, "other", "ACTIVE")

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize(
        ("desired", "says"),
        [
            ({"unit_shape": "LARGE_COHERE"}, "unit_shape: LARGE_GENERIC -> LARGE_COHERE"),
            ({"type": "HOSTING"}, "type: FINE_TUNING -> HOSTING"),
        ],
        ids=["shape", "type"],
    )
    def test_never_replaced(self, host: ClusterHost, desired: dict[str, Any], says: str, check_mode: bool) -> None:
        made = host.tuning()
        with pytest.raises(InvalidInput, match=says) as caught:
            host.tuning(**desired, check_mode=check_mode)
        assert "744" in caught.value.hint
        assert "retrain" not in caught.value.text()
        assert caught.value.facts["diff"]["after"] == desired
        assert (caught.value.facts["id"], caught.value.facts["changed"]) == (made["id"], False)
        assert len(host.made()) == 1

    def test_never_replaced_while_it_is_made(self, host: ClusterHost) -> None:
        host.tuning(wait=False)
        with pytest.raises(InvalidInput, match="unit_shape: LARGE_GENERIC -> LARGE_COHERE"):
            host.tuning(unit_shape="LARGE_COHERE")

    def test_an_update_in_progress_is_left_to_itself(self, host: ClusterHost) -> None:
        made = host.tuning()
        changed = host.tuning(unit_count=4, wait=False)
        assert (changed["action"], changed["status"]) == ("update", "UPDATING")
        deleted = host.tuning(state="absent", wait=False)
        assert (deleted["changed"], deleted["status"]) == (False, "UPDATING")
        assert any("deleted only once that has ended" in warning for warning in host.warnings)
        assert host.tuning(state="absent")["changed"] is True
        assert [cluster for cluster in host.made() if cluster["id"] == made["id"]] == []

    def test_somebody_else_was_faster(self, host: ClusterHost) -> None:
        host.tuning()
        host.error("UpdateDedicatedAiCluster", 412, "NoEtagMatch", "it has changed")
        with pytest.raises(ApiError, match="it has changed") as caught:
            host.tuning(unit_count=3)
        assert "Run the task again" in caught.value.hint

    def test_changed_by_somebody_since_it_was_compared(self, host: ClusterHost) -> None:
        made = host.tuning()
        driver = cluster.DedicatedAiCluster(host.api, "tuning", None, host.here, {"unit_count": 3})
        (seen,) = driver.verify(driver.observe(None))
        host.change(made["id"], description="theirs")
        with pytest.raises(ApiError) as caught:
            driver.update(seen, [Change("unit_count", "in_place", 2, 3)])
        assert caught.value.status == 412
        assert host.get(made["id"])["unit_count"] == 2

    def test_the_answer_to_a_move_is_lost(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.sandbox.fault("oci.ChangeDedicatedAiClusterCompartment", reset="after", times=1)
        moved = host.cluster(None, dedicated_ai_cluster_id=made["id"], compartment_id=host.other)
        assert (moved["changed"], moved["compartment_id"]) == (True, host.other)

    def test_moved_but_not_changed(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.error("UpdateDedicatedAiCluster", 400, "InvalidParameter", "no", times=9)
        with pytest.raises(ApiError) as caught:
            host.cluster(None, dedicated_ai_cluster_id=made["id"], compartment_id=host.other, description="Elsewhere")
        assert caught.value.facts["changed"] is True


class TestCommitment:
    """What OCI charges at least."""

    def test_missing_is_a_warning_when_one_is_made(self, host: ClusterHost) -> None:
        for check_mode in (True, False):
            made = host.cluster("chat", **HOSTING, check_mode=check_mode)
            assert made["action"] == "create"
            assert any("at least 744 unit-hours" in warning for warning in host.warnings)
            assert made["hourly"] == "1 unit of LARGE_GENERIC, at least 744 unit-hours"
        assert host.cluster("chat", **HOSTING)["changed"] is False
        assert host.warnings == []

    def test_accepted(self, host: ClusterHost) -> None:
        assert host.cluster("chat", **HOSTING, accept_commitment=744)["action"] == "create"
        assert host.warnings == []

    def test_none_is_needed_to_train(self, host: ClusterHost) -> None:
        assert host.tuning()["hourly"] == "2 units of LARGE_GENERIC"
        assert host.warnings == []

    def test_a_reservation_is_for_good(self, host: ClusterHost) -> None:
        mine, other = ("ocid1.capacityreservation.oc1..mine", "ocid1.capacityreservation.oc1..other")
        made = host.tuning(capacity_reservation_id=mine)
        assert made["capacity_reservation_id"] == mine
        assert host.tuning(capacity_reservation_id=mine)["changed"] is False
        assert host.tuning()["changed"] is False
        with pytest.raises(InvalidInput, match=f"capacity_reservation_id: {mine} -> {other}"):
            host.tuning(capacity_reservation_id=other)
        host.tuning("without")
        with pytest.raises(InvalidInput, match=f"capacity_reservation_id: .* -> {mine}"):
            host.tuning("without", capacity_reservation_id=mine)
        with pytest.raises(InvalidInput, match="the OCID of a compartment"):
            host.tuning(capacity_reservation_id=host.here)


class TestTrouble:
    def test_a_failed_one_by_its_id_is_never_made_anew(self, host: ClusterHost) -> None:
        host.scenario("CREATE")
        with pytest.raises(RunFailed) as caught:
            host.tuning()
        with pytest.raises(ApiError, match="has failed"):
            host.tuning(dedicated_ai_cluster_id=caught.value.facts["id"], retry_failed=True)
        assert len(host.made()) == 1

    @pytest.mark.parametrize("scenario", ["fail", "cancel"])
    def test_not_resized(self, host: ClusterHost, scenario: str) -> None:
        made = host.tuning()
        host.scenario("UPDATE", scenario, **({"message": "No capacity for that."} if scenario == "fail" else {}))
        with pytest.raises(RunFailed) as caught:
            host.tuning(unit_count=3)
        assert ("No capacity for that" if scenario == "fail" else "canceled") in caught.value.message
        assert (caught.value.facts["changed"], caught.value.facts["id"]) == (True, made["id"])
        assert caught.value.facts["status"] == "NEEDS_ATTENTION"
        assert "charged" in caught.value.hint
        larger = host.tuning(unit_count=4)
        assert (larger["action"], larger["status"], larger["unit_count"]) == ("update", "ACTIVE", 4)

    @pytest.mark.parametrize("by_id", [False, True])
    def test_needs_attention(self, host: ClusterHost, by_id: bool) -> None:
        """It is there, and charged: an error until it is mended, and no reason for a second one."""
        made = host.tuning()
        host.scenario("UPDATE", message="No capacity for that.")
        host.change(made["id"], description="by hand")
        one = {"dedicated_ai_cluster_id": made["id"]} if by_id else {}
        for check_mode in (True, False):
            with pytest.raises(RunFailed, match="No capacity for that") as caught:
                host.tuning(**one, check_mode=check_mode)
            assert "'retry_failed: true' starts" not in caught.value.text()
            assert (caught.value.facts["changed"], caught.value.facts["status"]) == (False, "NEEDS_ATTENTION")
            with pytest.raises(ApiError, match="needs attention: No capacity"):
                host.tuning(**one, retry_failed=True, check_mode=check_mode)
        mended = host.tuning(**one, description="")
        assert (mended["action"], mended["status"]) == ("update", "ACTIVE")
        assert len(host.made()) == 1

    def test_what_needs_attention_can_be_deleted(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.scenario("UPDATE", message="No capacity for that.")
        host.change(made["id"], description="by hand")
        assert host.cluster(state="absent")["changed"] is True
        assert host.made() == []

    def test_unknown_state(self, host: ClusterHost) -> None:
        made = host.tuning()
        item = {**host.by_hand.list_dedicated_ai_clusters(host.here).data["items"][0], "lifecycleState": "ASLEEP"}
        host.sandbox.fault("oci.ListDedicatedAiClusters", status=200, body={"items": [item]}, times=2)
        for state in ("present", "absent"):
            with pytest.raises(ApiError, match="'ASLEEP', which this version does not know"):
                host.tuning(state=state)
        assert [found["id"] for found in host.made()] == [made["id"]]

    def test_limit(self, host: ClusterHost) -> None:
        host.sandbox.oci.settings(clusters=len(host.there))
        with pytest.raises(ApiError, match="limit of dedicated AI clusters") as caught:
            host.tuning()
        assert caught.value.facts["elapsed"] < 60

    def test_passing_trouble_while_waiting(self, host: ClusterHost) -> None:
        host.tuning(wait=False)
        host.error("GetDedicatedAiCluster", 503, "ServiceUnavailable", "later", times=4)
        host.error("GetWorkRequest", 429, "TooManyRequests", "slower", times=3)
        host.error("ListWorkRequests", 404, "NotAuthorizedOrNotFound", "not yours", times=2)
        assert host.tuning()["status"] == "ACTIVE"


class TestOfOthers:
    def test_a_name_that_is_taken(self, host: ClusterHost) -> None:
        first, second = host.make(), host.make()
        for options in ({}, {"check_mode": True}, {"state": "absent"}):
            with pytest.raises(InvalidInput, match=first) as caught:
                host.tuning(**options)
            assert second in caught.value.message
            assert "dedicated_ai_cluster_id" in caught.value.hint
        assert len(host.made()) == 2

    def test_beside_one_of_ours(self, host: ClusterHost) -> None:
        ours = host.tuning()
        host.make()
        assert host.tuning()["id"] == ours["id"]
        host.cluster(state="absent")
        assert len(host.made()) == 1

    def test_adopted(self, host: ClusterHost) -> None:
        theirs = host.make(freeformTags={"by": "hand"})
        for name in (None, "tuning"):
            adopted = host.cluster(name, dedicated_ai_cluster_id=theirs, compartment_id=None, unit_count=2)
            assert (adopted["changed"], adopted["id"], adopted["name"]) == (False, theirs, "tuning")
        changed = host.cluster(None, dedicated_ai_cluster_id=theirs, freeform_tags={"by": "us"})
        assert changed["action"] == "update"
        assert host.get(theirs)["freeform_tags"] == {"by": "us"}

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_no_name_that_is_taken(self, host: ClusterHost, check_mode: bool) -> None:
        ours = host.tuning()
        theirs = host.make(displayName="other", freeformTags={"by": "hand"})
        for where in ({"compartment_id": None}, {}):
            with pytest.raises(InvalidInput, match="cannot be renamed or moved") as caught:
                host.cluster("tuning", dedicated_ai_cluster_id=theirs, check_mode=check_mode, **where)
            assert ours["id"] in caught.value.message
        assert host.get(theirs)["display_name"] == "other"

    def test_adopting_what_is_not_there(self, host: ClusterHost) -> None:
        with pytest.raises(NotFound):
            host.tuning(dedicated_ai_cluster_id="ocid1.generativeaidedicatedaicluster.oc1..nothing")
        gone = host.make()
        host.by_hand.delete_dedicated_ai_cluster(gone)
        host.sandbox.advance(60)
        with pytest.raises(ApiError, match="is deleted"):
            host.tuning(dedicated_ai_cluster_id=gone)
        assert host.made() == []


class TestAbsent:
    def test_by_its_id(self, host: ClusterHost) -> None:
        made = host.tuning()
        desired: dict[str, Any] = {"dedicated_ai_cluster_id": made["id"], "state": "absent"}
        assert host.cluster(None, compartment_id=None, **desired)["changed"] is True
        assert host.cluster(None, compartment_id=None, **desired)["changed"] is False
        host.sandbox.advance(2 * 86400)
        assert host.cluster(None, **desired)["changed"] is False
        with pytest.raises(NotFound) as caught:
            host.cluster(None, compartment_id=None, **desired)
        assert "compartment_id" in caught.value.hint

    def test_no_longer_shown_while_it_is_awaited(self, host: ClusterHost) -> None:
        host.tuning()
        host.sandbox.oci.settings(deleted_seconds=0.0)
        assert host.cluster(state="absent")["changed"] is True

    def test_while_it_is_deleted(self, host: ClusterHost) -> None:
        old = host.tuning()
        host.cluster(state="absent", wait=False)
        again = host.cluster(state="absent")
        assert (again["status"], host.made()) == ("absent", [])
        host.tuning()
        host.cluster(state="absent", wait=False)
        new = host.tuning()
        assert new["action"] == "create"
        assert new["id"] != old["id"]

    def test_not_deleted(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.scenario("DELETE", code="InternalServerError", message="The hardware does not answer.")
        with pytest.raises(RunFailed, match="could not be deleted.*The hardware does not answer") as caught:
            host.cluster(state="absent")
        assert (caught.value.facts["status"], caught.value.facts["changed"]) == ("FAILED", True)
        assert host.made()[0]["id"] == made["id"]

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_while_a_model_is_trained_on_it(self, host: ClusterHost, check_mode: bool) -> None:
        made = host.tuning()
        host.train(host.put(pair_lines()), "bot", cluster_id=made["id"])
        with pytest.raises(ApiError, match="the model bot .* is being trained on it") as caught:
            host.cluster(state="absent", check_mode=check_mode)
        assert caught.value.facts["changed"] is False
        assert host.sandbox.count("oci.DeleteDedicatedAiCluster") == 0
        host.sandbox.advance(1000)
        assert host.cluster(state="absent", check_mode=check_mode)["changed"] is True

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_while_endpoints_are_on_it(self, host: ClusterHost, check_mode: bool) -> None:
        made = host.cluster("chat", **HOSTING)
        endpoint = host.host_it(dedicatedAiClusterId=made["id"])
        with pytest.raises(ApiError, match=f"the endpoint live .{endpoint}. uses it"):
            host.cluster("chat", state="absent", check_mode=check_mode)
        assert host.sandbox.count("oci.DeleteDedicatedAiCluster") == 0
        host.by_hand.delete_endpoint(endpoint)
        host.sandbox.advance(200)
        assert host.cluster("chat", state="absent", check_mode=check_mode)["changed"] is True

    def test_endpoints_of_other_compartments(self, host: ClusterHost) -> None:
        made = host.cluster("chat", **HOSTING)
        host.host_it(dedicatedAiClusterId=made["id"], compartmentId=host.other)
        with pytest.raises(ApiError, match="1 endpoint of other compartments use"):
            host.cluster("chat", state="absent")

    def test_when_who_uses_it_may_not_be_seen(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.train(host.put(pair_lines()), "bot", cluster_id=made["id"])
        host.error("ListModels", 404, "NotAuthorizedOrNotFound", "not yours")
        with pytest.raises(ApiError, match="trains the models"):
            host.cluster(state="absent")


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"unit_count": 0}, "unit_count is 0"),
            ({"display_name": " "}, "display_name is empty"),
            ({"compartment_id": ""}, "compartment_id is empty"),
            ({"dedicated_ai_cluster_id": ""}, "dedicated_ai_cluster_id is empty"),
            ({"dedicated_ai_cluster_id": "check-mode:cluster:x"}, "a placeholder of check mode"),
            ({"display_name": "x" * 256}, "display_name has 256 characters"),
            ({"wait_timeout": -1}, "wait_timeout is -1"),
            ({"freeform_tags": {f"k{n}": "v" for n in range(9)}}, "freeform_tags has 9 entries"),
            ({"freeform_tags": {ownership.NAME: "x"}}, "reserved"),
            ({"defined_tags": {"Operations": "x"}}, "'Operations' is not a namespace"),
            ({"defined_tags": {"Operations.Owner": {"x": "y"}}}, "'Operations.Owner' is not a namespace"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_bad_ones(self, host: ClusterHost, options: dict[str, Any], says: str) -> None:
        with pytest.raises(InvalidInput, match=says):
            host.tuning(**options)
        assert host.sandbox.count() == 0

    def test_eight_tags_are_possible(self, host: ClusterHost) -> None:
        made = host.tuning(freeform_tags={f"k{n}": n for n in range(8)})
        assert len(made["freeform_tags"]) == 8
        assert len(host.get(made["id"])["freeform_tags"]) == 10

    def test_refused_by_the_service(self, host: ClusterHost) -> None:
        with pytest.raises(ApiError, match="unitShape must be one of") as caught:
            host.tuning(unit_shape="ENORMOUS")
        assert caught.value.facts["changed"] is False


class TestDefinedTags:
    def test_only_those_that_are_named(self, host: ClusterHost) -> None:
        """The tenancy adds tags of its own to everything."""
        made = host.tuning(defined_tags={"Operations": {"CostCenter": 42}})
        shown = made["defined_tags"]
        assert shown["Operations"] == {"CostCenter": "42"}
        assert "CreatedBy" in shown["Oracle-Tags"]
        for same in (
            {"Operations": {"CostCenter": "42"}},
            {"Operations.CostCenter": 42},
            {"operations.costcenter": "42"},
        ):
            assert host.tuning(defined_tags=same)["changed"] is False
        changed = host.tuning(defined_tags={"Operations.Owner": "me"})
        assert changed["defined_tags"]["Operations"] == {"CostCenter": "42", "Owner": "me"}
        assert changed["defined_tags"]["Oracle-Tags"] == shown["Oracle-Tags"]
        removed = host.tuning(defined_tags={"Operations": {"CostCenter": None}})
        assert removed["defined_tags"]["Operations"] == {"Owner": "me"}
        assert host.tuning(defined_tags={})["changed"] is False

    def test_a_namespace_that_is_not_there(self, host: ClusterHost) -> None:
        with pytest.raises(ApiError, match="Nobody"):
            host.tuning(defined_tags={"Nobody": {"x": "y"}})


class TestWorkRequests:
    def test_of_a_training_and_of_its_cluster(self, host: ClusterHost) -> None:
        """A training names its cluster; it is not the cluster's work."""
        made = host.tuning()
        model = host.train(host.put(pair_lines()), "bot", cluster_id=made["id"])
        api = host.api
        work = work_requests.newest(api, host.here, model, "CREATE_MODEL")
        assert work
        assert work["operation_type"] == "CREATE_MODEL"
        of_cluster = work_requests.newest(api, host.here, made["id"])
        assert of_cluster
        assert of_cluster["operation_type"] == "CREATE_DEDICATED_AI_CLUSTER"
        assert work_requests.phase(of_cluster) is Phase.READY
        assert work_requests.newest(api, host.here, model, "DELETE_MODEL") is None
        assert work_requests.newest(api, "ocid1.compartment.oc1..nobody", model) is None

    def test_progress_errors_and_log(self, host: ClusterHost) -> None:
        host.sandbox.oci.scenario(scenario="fail", at=0.9, code="Bad", message="It went wrong.")
        model = host.train(host.put(pair_lines()), "bot")
        api = host.api
        work = work_requests.newest(api, host.here, model)
        assert work
        assert work_requests.phase(work) is Phase.PENDING
        assert work_requests.progress(api, work).stage == "waiting to start"
        host.sandbox.advance(16)
        progress = work_requests.progress(api, work_requests.get(api, work["id"]))
        assert progress.stage == "training"
        assert progress.percent is not None
        assert 30 < progress.percent < 90
        assert progress.message == work_requests.logs(api, work["id"])[-1]["message"]
        host.sandbox.advance(100)
        failed = work_requests.get(api, work["id"])
        assert work_requests.phase(failed) is Phase.FAILED
        assert work_requests.errors_text(api, failed) == "It went wrong (Bad)"
        whole = work_requests.in_full(api, failed)
        assert [error["code"] for error in whole["errors"]] == ["Bad"]
        assert [line["timestamp"] for line in whole["logs"]] == sorted(line["timestamp"] for line in whole["logs"])

    def test_several_errors(self, host: ClusterHost) -> None:
        model = host.train(host.put(pair_lines()), "bot")
        api = host.api
        work = work_requests.newest(api, host.here, model)
        assert work
        told = [("A", "One."), ("B", "Two"), ("A", "One."), ("", "Three."), ("D", "")]
        items = [{"code": code, "message": text, "timestamp": "2026-11-21T00:00:00Z"} for code, text in told]
        host.sandbox.fault("oci.ListWorkRequestErrors", status=200, body={"items": items}, times=1)
        assert work_requests.errors_text(api, work) == "One (A); Two (B); Three; D"

    def test_forgotten(self, host: ClusterHost) -> None:
        gone = "ocid1.generativeaiworkrequest.oc1..gone"
        assert work_requests.errors(host.api, gone) == []
        assert work_requests.logs(host.api, gone) == []
        with pytest.raises(NotFound):
            work_requests.get(host.api, gone)
        assert work_requests.in_full(host.api, None) == {}

    def test_an_unknown_status(self) -> None:
        assert work_requests.phase({"status": "DREAMING"}) is Phase.UNKNOWN
        assert work_requests.phase(None) is Phase.UNKNOWN
