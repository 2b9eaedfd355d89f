# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What exists already, by provider: trained anew, tried again, cancelled, deleted; OCI's names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    UPLOADS,
    Host,
    chat,
)

LLAMA = "meta.llama-3.3-70b-instruct"
NEVER = dict.fromkeys(PROVIDERS, 0)
_SCENARIOS: dict[str, dict[str, Any]] = {
    "openai": {"scenario": "server_error", "suffix": "bot"},
    "bedrock": {"scenario": "fail", "model_name": "bot"},
    "oci": {"scenario": "fail", "display_name": "bot"},
}


def fail_next(host: Host, provider: str) -> None:
    host.sandbox.control("POST", f"/{provider}/scenarios", _SCENARIOS[provider])


@pytest.mark.parametrize("provider", PROVIDERS)
class TestEach:
    def test_other_data_are_refused_and_listed(self, host: Host, provider: str) -> None:
        host.one(provider)
        host.watch()
        for check_mode in (True, False):
            entry = host.entry(provider, training_data=chat(topic="refunds"))
            result = host.run(entry, check_mode=check_mode)
            assert result["failed"]
            assert "was trained differently" in result["msg"]
            assert "retrain: on_change" in result["results"][0]["hint"]
        assert host.writes() == []

    @pytest.mark.parametrize("sliced", [True, False])
    def test_trained_anew_and_the_previous_deleted(self, host: Host, provider: str, sliced: bool) -> None:
        first = host.one(provider)
        other = {"training_data": chat(topic="refunds"), "retrain": "on_change", "delete_previous": True}
        result = (host.in_slices if sliced else host.run)(host.entry(provider, **other))
        (second,) = host.well(result)
        assert (second["action"], second["changed"]) == ("retrain", True)
        assert second["model_id"] not in (None, first["model_id"])
        assert second["diff"]
        host.watch()
        assert host.one(provider, **other)["action"] == "none"
        assert host.writes() == []
        assert first["model_id"] not in self.models(host, provider)
        assert second["model_id"] in self.models(host, provider)

    def models(self, host: Host, provider: str) -> list[str]:
        if provider == "openai":
            return [model.id for model in host.openai.models.list().data]
        if provider == "bedrock":
            return [model["modelArn"] for model in host.client().list_custom_models()["modelSummaries"]]
        place = host.sandbox.oci
        found = host.oci.client("generative_ai").list_models(compartment_id=place.compartment_id).data["items"]
        return [model["id"] for model in found if model["lifecycleState"] == "ACTIVE"]

    def test_the_previous_is_deleted_later_too(self, host: Host, provider: str) -> None:
        first = host.one(provider)
        other = {"training_data": chat(topic="refunds"), "retrain": "on_change"}
        host.one(provider, **other)
        assert first["model_id"] in self.models(host, provider)
        foreseen = host.preview(host.entry(provider, delete_previous=True, **other))["results"][0]
        result = host.one(provider, delete_previous=True, **other)
        assert (foreseen["action"], result["action"], result["changed"]) == ("delete", "delete", True)
        assert first["model_id"] not in self.models(host, provider)

    @pytest.mark.parametrize("sliced", [True, False])
    def test_tried_again(self, host: Host, provider: str, sliced: bool) -> None:
        fail_next(host, provider)
        assert host.run(host.entry(provider))["failed"]
        host.watch()
        refused = host.run(host.entry(provider))
        assert refused["failed"]
        assert "retry_failed: true" in refused["msg"]
        assert host.writes() == []
        foreseen = host.preview(host.entry(provider, retry_failed=True))["results"][0]
        (found,) = host.well((host.in_slices if sliced else host.run)(host.entry(provider, retry_failed=True)))
        assert foreseen["action"] == found["action"] == "retry"
        assert found["model_id"]
        assert host.count(UPLOADS)[provider] == 0

    def test_tried_again_although_nothing_of_it_is_left(self, host: Host, provider: str) -> None:
        """What failed, and the data, are deleted after the preview: they are sent again, and one run is started."""
        fail_next(host, provider)
        assert host.run(host.entry(provider))["failed"]
        first = host.run(host.entry(provider, retry_failed=True), wait_slice=20.0)
        assert first["waiting"]
        host.forget_data()
        host.one(provider, state="absent", wait_timeout=7200)
        host.watch()
        result = host.in_slices(host.entry(provider, retry_failed=True), wait_state=first["wait_state"])
        (found,) = host.well(result)
        assert found["model_id"]
        assert found["action"] == "retry"
        assert host.count(CREATES)[provider] == host.count(UPLOADS)[provider] == 1

    def test_absent(self, host: Host, provider: str) -> None:
        host.one(provider)
        found = host.one(provider, state="absent")
        assert (found["action"], found["changed"], found["status"]) == ("delete", True, "absent")
        assert found["dataset"] == {}
        again = host.one(provider, state="absent")
        assert (again["action"], again["changed"]) == ("none", False)

    def test_a_model_that_is_gone_is_made_again(self, host: Host, provider: str) -> None:
        host.one(provider)
        host.one(provider, state="absent")
        host.clock.sleep(600)
        found = host.one(provider)
        assert (found["action"], found["changed"]) == ("create", True)
        assert host.count(UPLOADS)[provider] == 1

    def test_deleted_under_its_hands(self, host: Host, provider: str) -> None:
        """What the preview found is gone before it can be waited for: no run is started without its data."""
        host.well(host.run(host.entry(provider), wait=False))
        host.forget_data()
        first = host.run(host.entry(provider), wait_slice=20.0)
        assert first["waiting"]
        host.one(provider, state="absent", wait_timeout=7200)
        host.clock.sleep(600)
        host.watch()
        result = host.in_slices(host.entry(provider), wait_state=first["wait_state"])
        assert result["failed"]
        assert host.count(CREATES)[provider] == 0


@pytest.mark.parametrize("provider", ["openai", "bedrock"])
class TestCancelled:
    def test_what_runs_is_stopped(self, host: Host, provider: str) -> None:
        host.well(host.run(host.entry(provider), wait=False))
        entry = host.entry(provider, state="cancelled")
        (found,) = host.well(host.run(entry))
        assert (found["action"], found["changed"]) == ("cancel", True)
        assert found["status"] in ("cancelled", "Stopped")
        assert not host.run(entry)["changed"]

    def test_what_is_ready_stays(self, host: Host, provider: str) -> None:
        made = host.one(provider)
        found = host.one(provider, state="cancelled")
        assert (found["action"], found["changed"]) == ("none", False)
        assert host.one(provider)["model_id"] == made["model_id"]


def test_oci_cannot_cancel(host: Host) -> None:
    host.well(host.run(host.entry("oci"), wait=False))
    result = host.run(host.entry("oci", state="cancelled"))
    assert result["failed"]
    assert "state" in result["msg"]
    assert "cancelled" in result["msg"]
    assert "OCI" in result["msg"]


def test_a_training_of_oci_ends_when_it_does_and_not_with_its_last_change(host: Host) -> None:
    (started,) = host.well(host.run(host.entry("oci"), wait=False))
    assert started["ended"] is None
    made = host.one("oci")
    host.clock.sleep(10 * 86400)
    changed = host.one("oci", oci={"description": "other"})
    assert (changed["action"], changed["ended"] or made["ended"]) == ("update", made["ended"])


class TestNamesOfOci:
    def start_version(self, host: Host) -> str:
        """The service offers another version of a base model under the same name; its OCID."""
        store = host.sandbox.oci.store
        with store.lock:
            old = store.models[host.sandbox.oci.base_model_id]
            new = replace(old, id=f"{old.id}new", created_at=old.created_at + 86400.0, version="2.0.0")
            store.models[new.id] = new
        return str(new.id)

    def named(self, host: Host, **own: Any) -> dict[str, Any]:
        """A desired state with a cluster by its name."""
        return host.entry("oci", oci={"dedicated_ai_cluster_id": "tuning-large_generic", **own})

    def test_of_several_versions_the_newest_is_taken(self, host: Host) -> None:
        newest = self.start_version(host)
        (found,) = host.well(host.run(self.named(host)))
        assert host.oci.client("generative_ai").get_model(found["id"]).data["baseModelId"] == newest

    @pytest.mark.parametrize("pending", [True, False])
    def test_a_new_version_is_no_other_desired(self, host: Host, pending: bool) -> None:
        (made,) = host.well(host.run(self.named(host), wait=not pending))
        self.start_version(host)
        for run in (host.preview, host.run, host.in_slices):
            (found,) = host.well(run(self.named(host)))
            assert (found["action"], found["run_id"], found["changed"]) == ("none", made["run_id"], False)
        assert len(host.sandbox.oci.models()) == 1

    def test_two_clusters_of_one_name(self, host: Host) -> None:
        place = host.sandbox.oci
        request = {
            "compartmentId": place.compartment_id,
            "displayName": "tuning-large_generic",
            "type": "FINE_TUNING",
            "unitCount": 2,
            "unitShape": "LARGE_GENERIC",
        }
        other = host.oci.client("generative_ai").create_dedicated_ai_cluster(request).data["id"]
        result = host.run(self.named(host))
        assert result["failed"]
        assert "2 clusters are called 'tuning-large_generic'" in result["msg"]
        assert other in result["msg"]
        assert place.cluster_id in result["msg"]

    def test_a_base_model_and_a_cluster_by_name(self, host: Host) -> None:
        (found,) = host.well(host.run(self.named(host)))
        model = host.oci.client("generative_ai").get_model(found["id"]).data
        assert model["baseModelId"] == host.sandbox.oci.base_model_id
        assert model["fineTuneDetails"]["dedicatedAiClusterId"] == host.sandbox.oci.cluster_id
        assert found["base_model"] == LLAMA
        # By OCID it is the same.
        again = host.one("oci", base_model=host.sandbox.oci.base_model_id)
        assert again["action"] == "none"
        assert again["warnings"] == []
        assert host.well(host.run(self.named(host)))[0]["warnings"] == []

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"base_model": "meta.llama-9"}, "there is no model 'meta.llama-9' that can be fine-tuned"),
            ({"base_model": "cohere.command-a-03-2025"}, "there is no model 'cohere.command-a-03-2025' that can"),
            ({"oci": {"dedicated_ai_cluster_id": "nowhere"}}, "there is no fine-tuning cluster called 'nowhere'"),
            ({"oci": {"dedicated_ai_cluster_id": "hosting"}}, "there is no fine-tuning cluster called 'hosting'"),
        ],
    )
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_unknown_names(self, host: Host, given: dict[str, Any], says: str, check_mode: bool) -> None:
        result = host.run(host.entry("oci", **given), check_mode=check_mode)
        assert result["failed"]
        assert says in result["msg"]
        assert host.writes() == []

    @pytest.mark.parametrize("details", [True, False])
    def test_a_cluster_that_was_deleted_after_the_training(self, host: Host, details: bool) -> None:
        entry = self.named(host)
        made = host.well(host.run(entry))[0]
        host.oci.client("generative_ai").delete_dedicated_ai_cluster(host.sandbox.oci.cluster_id)
        host.clock.sleep(3600)
        host.watch()
        for run in (host.preview, host.run, host.in_slices):
            (found,) = host.well(run(entry, details=details))
            assert (found["action"], found["model_id"], found["changed"]) == ("none", made["model_id"], False)
            assert found["metrics"]["training_loss"] > 0
        assert host.writes() == []

    @pytest.mark.parametrize("sliced", [True, False])
    def test_and_what_needs_no_cluster_is_still_done(self, host: Host, sliced: bool) -> None:
        host.well(host.run(self.named(host)))
        host.oci.client("generative_ai").delete_dedicated_ai_cluster(host.sandbox.oci.cluster_id)
        host.clock.sleep(3600)
        entry = self.named(host, description="New")
        run = host.in_slices if sliced else host.run
        (found,) = host.well(run(entry))
        assert (found["action"], found["changed"]) == ("update", True)
        assert host.oci.client("generative_ai").get_model(found["id"]).data["description"] == "New"
        assert host.well(run({**entry, "state": "absent"}))[0]["action"] == "delete"

    def test_but_no_other_model_is_trained(self, host: Host) -> None:
        host.well(host.run(self.named(host)))
        host.oci.client("generative_ai").delete_dedicated_ai_cluster(host.sandbox.oci.cluster_id)
        host.clock.sleep(3600)
        host.watch()
        result = host.run({**self.named(host), "training_data": chat(topic="refunds"), "retrain": "on_change"})
        assert result["failed"]
        assert "there is no fine-tuning cluster called" in result["msg"]
        assert host.writes() == []

    def test_the_previous_can_be_deleted_without_a_cluster(self, host: Host) -> None:
        host.well(host.run(self.named(host)))
        other = {**self.named(host), "training_data": chat(topic="refunds"), "retrain": "on_change"}
        (made,) = host.well(host.run(other))
        host.oci.client("generative_ai").delete_dedicated_ai_cluster(host.sandbox.oci.cluster_id)
        host.clock.sleep(3600)
        (found,) = host.well(host.run({**other, "delete_previous": True}))
        assert (found["action"], found["status"], found["model_id"]) == ("delete", "ACTIVE", made["model_id"])
        listed = host.oci.client("generative_ai").list_models(
            compartment_id=host.sandbox.oci.compartment_id, lifecycle_state="ACTIVE", display_name="bot"
        )
        assert [model["id"] for model in listed.data["items"]] == [made["model_id"]]
