# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""oci_generative_ai_model through the engine, against the sandbox."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
    NotFound,
    RateLimited,
    RunFailed,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase, Run
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import custom_model as driver
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import work_requests
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import (
    CREATE,
    RETRAIN,
    ModelHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import PREFIX, pair_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.certificates import server_certificate
from oci.config import from_file

WRITES = ("Create", "Update", "Change", "Delete", "Put")
LORA: dict[str, Any] = {
    "training_config_type": "LORA_TRAINING_CONFIG",
    "total_training_epochs": 2,
    "training_batch_size": 16,
    "learning_rate": 0.001,
    "early_stopping_patience": 3,
    "early_stopping_threshold": 0.005,
    "log_model_metrics_interval_in_steps": 5,
    "lora_r": 16,
    "lora_alpha": 32,
    "lora_dropout": 0.2,
}
TFEW: dict[str, Any] = {
    "training_config_type": "TFEW_TRAINING_CONFIG",
    "total_training_epochs": 2,
    "learning_rate": 0.001,
    "training_batch_size": 8,
}
VANILLA: dict[str, Any] = {**TFEW, "training_config_type": "VANILLA_TRAINING_CONFIG", "num_of_last_layers": 8}


@pytest.fixture
def host(models: ModelHost) -> ModelHost:
    return models


def letters(host: ModelHost) -> dict[str, Any]:
    """Other data."""
    return host.data(pair_lines(topic="letters"), "letters")


def writes(host: ModelHost) -> list[str]:
    """The calls that changed something since the log was cleared."""
    return [name for name in host.called() if name.startswith(WRITES)]


def config(**given: Any) -> dict[str, Any]:
    """``fine_tune_details`` with these hyperparameters."""
    return {"training_config": {"training_config_type": "LORA_TRAINING_CONFIG", **given}}


def light(host: ModelHost, given: dict[str, Any]) -> dict[str, Any]:
    """Options for the base model that takes T-Few and Vanilla."""
    place = host.sandbox.oci
    return {
        "base_model_id": place.base_model_ids["cohere.command-light"],
        "fine_tune_details": {"dedicated_ai_cluster_id": place.clusters["SMALL_COHERE"], "training_config": given},
    }


def on(cluster_id: str) -> dict[str, Any]:
    return {"fine_tune_details": {"dedicated_ai_cluster_id": cluster_id}}


class TestTruthTable:
    def test_create_and_again(self, host: ModelHost) -> None:
        data = host.data()
        result = host.wanted(data, freeform_tags={"team": "support"})
        assert (result["changed"], result["action"], result["status"]) == (True, "create", "ACTIVE")
        assert result["id"].startswith("ocid1.generativeaimodel.oc1.us-chicago-1.")
        assert result["id"] == result["run_id"]
        assert (result["name"], result["display_name"]) == ("support-bot", "support-bot")
        assert result["metrics"]["training_loss"] == result["model_metrics"]["final_loss"] > 0
        assert result["metrics"]["accuracy"] == result["model_metrics"]["final_accuracy"] > 0
        assert result["freeform_tags"] == {"team": "support"}
        assert result["fine_tune_details"]["training_dataset"] == {
            "dataset_type": "OBJECT_STORAGE",
            **{key: data[key] for key in ("namespace", "bucket", "object")},
        }
        assert result["work_request"]["operation_type"] == "CREATE_MODEL"
        assert result["work_request"]["logs"][-1]["message"] == "CREATE_MODEL succeeded."
        assert result["work_request"]["errors"] == []
        assert PREFIX not in str(result)
        host.sandbox.clear_log()
        again = host.wanted(data, freeform_tags={"team": "support"})
        assert (again["changed"], again["action"], again["id"]) == (False, "none", result["id"])
        assert host.called() == ["ListModels", "GetModel"]
        assert len(host.made()) == 1

    def test_converged_among_ten_thousand_models(self, host: ModelHost) -> None:
        named, plain = host.data(), host.put(pair_lines())
        host.wanted(named, "named", wait=False)
        host.wanted(plain, "plain")
        host.sandbox.oci.seed(models=10_000)
        for data, name in ((named, "named"), (plain, "plain")):
            host.sandbox.clear_log()
            assert host.wanted(data, name)["changed"] is False
            assert host.sandbox.count() <= 3

    def test_every_attribute_of_the_seeds(self, host: ModelHost) -> None:
        data = host.data()
        desired: dict[str, Any] = {
            "description": "Answers questions",
            "vendor": "Example",
            "version": "2026.11",
            "freeform_tags": {"team": "support"},
            "defined_tags": {"Operations": {"CostCenter": "42"}},
            "fine_tune_details": {"training_config": LORA},
        }
        result = host.wanted(data, **desired)
        for option in ("description", "vendor", "version", "freeform_tags"):
            assert result[option] == desired[option]
        assert result["defined_tags"]["Operations"] == {"CostCenter": "42"}
        assert result["fine_tune_details"]["training_config"] == LORA
        assert result["fine_tune_details"]["dedicated_ai_cluster_id"] == host.reach.cluster_id
        assert (result["compartment_id"], result["base_model_id"]) == (
            host.reach.compartment_id,
            host.reach.base_model_id,
        )
        assert (result["type"], result["capabilities"], result["state"]) == ("CUSTOM", ["CHAT"], "ACTIVE")
        for attribute in (
            "is_long_term_supported",
            "lifecycle_details",
            "model_metrics",
            "system_tags",
            "time_created",
            "time_updated",
            "time_deprecated",
            "time_on_demand_retired",
            "time_dedicated_retired",
            "previous_state",
        ):
            assert attribute in result
        host.sandbox.clear_log()
        assert host.wanted(data, **desired)["changed"] is False
        assert writes(host) == []

    def test_data_that_nobody_will_have_uploaded(self, host: ModelHost) -> None:
        data = {"namespace": host.reach.namespace, "bucket": host.reach.bucket, "object": "nothing-here.jsonl"}
        for check_mode in (True, False):
            with pytest.raises(ApiError, match=r"training_dataset: .*nothing-here.jsonl is not there") as caught:
                host.wanted(data, check_mode=check_mode)
            assert "oci_generative_ai_dataset" in caught.value.hint
        assert writes(host) == []

    def test_failed(self, host: ModelHost) -> None:
        host.sandbox.oci.scenario("fail", code="OutOfCapacity", message="Capacity lost.")
        with pytest.raises(RunFailed, match=r"failed: Capacity lost \(OutOfCapacity\); work request ocid1") as caught:
            host.wanted(host.data())
        assert caught.value.facts["lifecycle_details"] == "Capacity lost."
        assert "no capacity" in caught.value.hint

    def test_all_errors_of_a_failed_one_are_told(self, host: ModelHost) -> None:
        host.sandbox.oci.scenario("fail")
        errors = [
            {"code": code, "message": message, "timestamp": f"2026-11-21T00:00:0{number}Z"}
            for number, (code, message) in enumerate([("First", "One thing."), ("Second", "Another thing.")])
        ]
        host.sandbox.fault("oci.ListWorkRequestErrors", status=200, body={"items": errors})
        with pytest.raises(RunFailed, match=r"failed: One thing \(First\); Another thing \(Second\); work request"):
            host.wanted(host.data())

    def test_a_forgotten_work_request(self, host: ModelHost) -> None:
        """OCI forgets it after some days; the model still says why."""
        host.sandbox.oci.scenario("fail", message="Capacity lost.")
        data = host.data()
        with pytest.raises(RunFailed):
            host.wanted(data)
        host.sandbox.fault("oci.ListWorkRequests", status=200, body={"items": []})
        with pytest.raises(RunFailed, match="failed: Capacity lost"):
            host.wanted(data)
        host.error("ListWorkRequests", 404, "NotAuthorizedOrNotFound", "not found")
        with pytest.raises(RunFailed, match="failed: Capacity lost"):
            host.wanted(data)

    def test_failed_by_its_data(self, host: ModelHost) -> None:
        data = host.put('{"prompt": "a", "completion": "b"}\n')
        with pytest.raises(RunFailed, match="InvalidTrainingDataset") as caught:
            host.wanted(data)
        assert "dataset_info" in caught.value.hint

    def test_cancelled_by_the_service(self, host: ModelHost) -> None:
        host.sandbox.oci.scenario("cancel")
        data = host.data()
        with pytest.raises(RunFailed, match=r"was cancelled: The work request was canceled \(Canceled\)") as caught:
            host.wanted(data)
        assert (caught.value.facts["changed"], caught.value.facts["status"]) == (True, "FAILED")
        assert caught.value.facts["id"] == host.made()[0]["id"]
        with pytest.raises(RunFailed, match="was cancelled"):
            host.wanted(data)
        assert host.wanted(data, retry_failed=True)["status"] == "ACTIVE"

    def test_cancelled_by_somebody_meanwhile(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, wait=False)
        host.sandbox.oci.cancel(host.made()[0]["work_request_id"])
        with pytest.raises(RunFailed, match="was cancelled"):
            host.wanted(data)

    def test_one_that_waits_for_its_cluster(self, host: ModelHost) -> None:
        """WAITING is a known state, though the cluster trains another model first."""
        data = host.data()
        host.sandbox.oci.settings(training_seconds=100.0)
        host.wanted(letters(host), "first", wait=False)
        told = host.wanted(data, wait_slice=20.0)
        host.sandbox.advance(10)
        told = host.wanted(data, wait_slice=20.0, wait_run_id=told["run_id"])
        assert told["progress"]["stage"] == "waiting for the service"
        assert host.in_slices(data)["status"] == "ACTIVE"
        assert len(host.made()) == 1

    def test_progress(self, host: ModelHost) -> None:
        data = host.data()
        host.sandbox.oci.settings(training_seconds=400.0)
        desired = {"fine_tune_details": config(log_model_metrics_interval_in_steps=1), "wait_slice": 20.0}
        told = host.wanted(data, **desired)
        assert (told["waiting"], told["changed"], told["run_id"]) == (True, True, host.made()[0]["id"])
        for _slice in range(8):
            told = host.wanted(data, wait_run_id=told["run_id"], **desired)
        assert told["progress"]["stage"] == "training"
        assert 10 < told["progress"]["percent"] < 90
        assert "Step" in told["progress"]["message"]
        assert told["changed"] is False

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_pending_and_different(self, host: ModelHost, check_mode: bool) -> None:
        """OCI cannot stop a training: what would need it is refused, naming the work request."""
        host.wanted(host.data(), wait=False)
        data = letters(host)
        with pytest.raises(InvalidInput, match="is being trained by run .* with other settings: .*training_dataset"):
            host.wanted(data, check_mode=check_mode)
        with pytest.raises(InvalidInput, match="cannot be cancelled") as caught:
            host.wanted(data, check_mode=check_mode, **RETRAIN)
        assert "OCI Generative AI cannot stop a training" in caught.value.text()
        assert f"work request {host.made()[0]['work_request_id']}" in caught.value.hint
        assert len(host.made()) == 1

    def test_a_pending_one_that_differs_beside_a_ready_one(self, host: ModelHost) -> None:
        data = host.data()
        first = host.wanted(data)
        host.wanted(letters(host), wait=False, **RETRAIN)
        result = host.wanted(data, **RETRAIN)
        assert (result["changed"], result["id"]) == (False, first["id"])
        assert any("is still CREATING with other settings" in warning for warning in host.warnings)

    @pytest.mark.parametrize("after", [0, 1000, 200_000])
    def test_model_deleted_behind_our_back(self, host: ModelHost, after: float) -> None:
        """While it is being deleted, while it is shown as deleted, and when nothing shows it any more."""
        data = host.data()
        first = host.wanted(data)
        host.delete_model(first["id"])
        host.sandbox.advance(after)
        second = host.wanted(data)
        assert (second["action"], second["status"]) == ("create", "ACTIVE")
        assert second["id"] != first["id"]
        assert any(first["id"] in warning for warning in host.warnings) is (after < 86400)
        assert host.wanted(data)["changed"] is False

    @pytest.mark.parametrize(
        ("state", "given", "seconds"), [("present", None, 4800), ("absent", None, 1200), ("absent", 5, 5)]
    )
    def test_how_long_it_waits_when_nothing_is_said(
        self, host: ModelHost, state: str, given: int | None, seconds: int
    ) -> None:
        """As long as the provider's own tools: 80 minutes for a training, 20 for a deletion."""
        host.sandbox.oci.settings(training_seconds=1e6, retry_after_seconds=600)
        data = host.data()
        started = host.wanted(data, wait=False)
        # Nothing is seen of it but that it is not over.
        host.sandbox.fault("oci.GetModel", status=429, headers={"Retry-After": "1000"}, after=1)
        start = host.clock.monotonic()
        with pytest.raises(TimedOut, match=started["id"]):
            host.wanted(data, state=state, wait_timeout=given)
        assert host.clock.monotonic() - start == pytest.approx(seconds, abs=2)


class TestData:
    def test_the_namespace_may_be_left_out(self, host: ModelHost) -> None:
        data = {**host.data(), "namespace": None}
        assert host.wanted(data)["status"] == "ACTIVE"
        assert host.wanted(data)["changed"] is False

    def test_a_plain_name_without_namespace(self, host: ModelHost) -> None:
        """In every state of the model: the same data are never called others."""
        plain = {**host.put(pair_lines()), "namespace": None}
        host.sandbox.oci.scenario("fail")
        with pytest.raises(RunFailed):
            host.wanted(plain)
        for check_mode in (True, False):
            with pytest.raises(RunFailed):
                host.wanted(plain, check_mode=check_mode)
        started = host.wanted(plain, wait=False, retry_failed=True)
        assert host.wanted(plain, wait=False)["id"] == started["id"]
        assert host.wanted(plain)["id"] == started["id"]
        assert host.wanted(plain, **RETRAIN)["changed"] is False
        assert len(host.made()) == 2

    def test_edited_under_the_same_plain_name(self, host: ModelHost) -> None:
        data = host.put(pair_lines())
        host.wanted(data, wait=False)
        host.put(pair_lines(topic="letters"))
        with pytest.raises(InvalidInput, match=r"training_dataset: .*plain.jsonl \(.*\) -> .*plain.jsonl \("):
            host.wanted(data)
        host.sandbox.advance(1000)
        with pytest.raises(InvalidInput, match=r"training_dataset: .*plain.jsonl \(.*\) -> .*plain.jsonl \("):
            host.wanted(data)
        result = host.wanted(data, **RETRAIN)
        assert (result["action"], host.wanted(data, **RETRAIN)["changed"]) == ("retrain", False)

    def test_edited_after_a_failure(self, host: ModelHost) -> None:
        """Mended data under the same name are a new training, without 'retry_failed'."""
        host.sandbox.oci.scenario("fail")
        data = host.put(pair_lines())
        with pytest.raises(RunFailed):
            host.wanted(data)
        host.put(pair_lines(topic="letters"))
        assert host.wanted(data)["action"] == "create"

    def test_the_same_bytes_elsewhere(self, host: ModelHost) -> None:
        host.wanted(host.put(pair_lines()))
        host.sandbox.clear_log()
        for name in ("elsewhere.jsonl", "plain.jsonl"):
            assert host.wanted(host.put(pair_lines(), name), **RETRAIN)["changed"] is False
        host.wanted(host.data(), "other")
        assert host.wanted(host.data(name="renamed"), "other")["changed"] is False

    def test_written_over_by_another_tool(self, host: ModelHost) -> None:
        """The first were uploaded by oci_generative_ai_dataset, which keeps their sha256 with them; the second not."""
        data = host.dataset(pair_lines(), object="plain.jsonl")
        host.wanted(data)
        assert host.wanted(data)["changed"] is False
        host.put(pair_lines(topic="letters"))
        with pytest.raises(InvalidInput, match="training_dataset"):
            host.wanted(data)

    @pytest.mark.parametrize("plain", [True, False])
    def test_deleted_after_the_training(self, host: ModelHost, plain: bool) -> None:
        data = host.put(pair_lines()) if plain else host.data()
        host.wanted(data)
        host.api.client("object_storage").delete_object(data["namespace"], data["bucket"], data["object"])
        host.sandbox.clear_log()
        assert host.wanted(data, **RETRAIN)["changed"] is False
        assert host.sandbox.count() <= 3

    def test_archived(self, host: ModelHost) -> None:
        data = host.data()
        host.sandbox.fault("oci.HeadObject", status=200, body="", headers={"archival-state": "Archived", "etag": "e"})
        with pytest.raises(ApiError, match="is archived"):
            host.wanted(data)
        assert host.made() == []

    def test_a_large_family_is_asked_about_once(self, host: ModelHost) -> None:
        """Object Storage is, whatever the number of models that were trained on the data."""
        data = host.put(pair_lines())
        host.wanted(data)
        for number in range(3):
            host.wanted(data, fine_tune_details=config(lora_r=number + 1), **RETRAIN)
        host.api.client("object_storage").delete_object(data["namespace"], data["bucket"], data["object"])
        host.sandbox.clear_log()
        assert host.wanted(data, fine_tune_details=config(lora_r=3))["changed"] is False
        assert host.sandbox.count() <= 3


class TestTraining:
    @pytest.mark.parametrize("key", [key for key in LORA if key != "training_config_type"])
    def test_each_hyperparameter_decides_what_the_model_is(self, host: ModelHost, key: str) -> None:
        data = host.data()
        host.wanted(data, fine_tune_details={"training_config": LORA}, wait=False)
        other = {**LORA, key: LORA[key] / 2 if isinstance(LORA[key], float) else LORA[key] + 1}
        with pytest.raises(InvalidInput, match=rf"training_config\.{key}: {LORA[key]} -> {other[key]}"):
            host.wanted(data, fine_tune_details={"training_config": other})
        assert len(host.made()) == 1

    def test_what_is_left_out_is_not_compared(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, fine_tune_details={"training_config": LORA})
        for same in (config(), config(lora_r=16), config(learning_rate=1e-3), {"training_config": None}):
            assert host.wanted(data, fine_tune_details=same, **RETRAIN)["changed"] is False
        # What the service chose is as good as what was asked.
        host.wanted(data, "defaults")
        assert host.wanted(data, "defaults", fine_tune_details=config(lora_r=8, lora_dropout=0.1))["changed"] is False
        with pytest.raises(InvalidInput, match=r"lora_r: 8 -> 9"):
            host.wanted(data, "defaults", fine_tune_details=config(lora_r=9))

    def test_zero_turns_off(self, host: ModelHost) -> None:
        """Early stopping, and the log."""
        off = config(early_stopping_patience=0, log_model_metrics_interval_in_steps=0)
        data = host.data()
        result = host.wanted(data, fine_tune_details=off)
        assert result["fine_tune_details"]["training_config"]["early_stopping_patience"] == 0
        assert not any("Step" in line["message"] for line in result["work_request"]["logs"])
        assert host.wanted(data, fine_tune_details=off)["changed"] is False

    @pytest.mark.parametrize("given", [TFEW, VANILLA], ids=["T-Few", "Vanilla"])
    def test_other_methods(self, host: ModelHost, given: dict[str, Any]) -> None:
        data = host.data()
        result = host.wanted(data, **light(host, given))
        assert result["status"] == "ACTIVE"
        assert given.items() <= result["fine_tune_details"]["training_config"].items()
        assert result["model_metrics"]["model_metrics_type"] == "TEXT_GENERATION_MODEL_METRICS"
        assert host.wanted(data, **light(host, given))["changed"] is False
        other = VANILLA if given is TFEW else TFEW
        with pytest.raises(InvalidInput, match=r"training_config_type: \w+ -> \w+"):
            host.wanted(data, **light(host, other))

    def test_a_method_that_the_base_model_does_not_have(self, host: ModelHost) -> None:
        with pytest.raises(ApiError, match="TFEW_TRAINING_CONFIG, which meta.llama.* cannot be trained with") as caught:
            host.wanted(host.data(), fine_tune_details={"training_config": TFEW})
        assert (caught.value.facts["changed"], host.made()) == (False, [])

    def test_another_base_model(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data)
        other = host.sandbox.oci.base_model_ids["meta.llama-3.1-70b-instruct"]
        with pytest.raises(InvalidInput, match="base_model_id: ocid1.* -> ocid1"):
            host.wanted(data, base_model_id=other)
        # No pending training is in the way of a change that is only asked about.
        assert host.wanted(data, base_model_id=other, check_mode=True, **RETRAIN)["action"] == "retrain"

    def test_another_cluster_is_a_warning(self, host: ModelHost) -> None:
        """It may be deleted after the training, to save money."""
        data = host.data()
        cluster = host.make_cluster()
        host.sandbox.advance(1000)
        first = host.wanted(data, **on(cluster))
        host.api.client("generative_ai").delete_dedicated_ai_cluster(cluster)
        host.sandbox.advance(200_000)
        result = host.wanted(data, **on(cluster))
        assert (result["changed"], host.warnings) == (False, [])
        result = host.wanted(data)
        assert (result["changed"], result["id"]) == (False, first["id"])
        assert any("dedicated_ai_cluster_id" in warning for warning in host.warnings)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_clusters_that_cannot_train(self, host: ModelHost, check_mode: bool) -> None:
        data = host.data()
        hosting = host.sandbox.oci.clusters["HOSTING"]
        with pytest.raises(ApiError, match="dedicated_ai_cluster_id: .* is of type HOSTING") as caught:
            host.wanted(data, check_mode=check_mode, **on(hosting))
        assert "FINE_TUNING" in caught.value.hint
        host.sandbox.oci.scenario("fail", operation="CREATE_DEDICATED_AI_CLUSTER")
        failed = host.make_cluster()
        host.sandbox.advance(1000)
        with pytest.raises(ApiError, match="dedicated_ai_cluster_id: .* is FAILED"):
            host.wanted(data, check_mode=check_mode, **on(failed))
        with pytest.raises(NotFound, match="Looking up the cluster ocid1.nowhere"):
            host.wanted(data, check_mode=check_mode, **on("ocid1.nowhere"))
        assert host.made() == []

    def test_a_cluster_that_is_being_made_is_waited_for(self, host: ModelHost) -> None:
        cluster = host.make_cluster()
        data = host.data()
        assert host.wanted(data, **on(cluster))["status"] == "ACTIVE"
        assert host.sandbox.count(CREATE) > 1
        assert len(host.made()) == 1
        later = host.make_cluster()
        with pytest.raises(RateLimited, match="it must be ACTIVE"):
            host.wanted(data, "other", wait=False, **on(later))
        assert host.made("other") == []

    def test_a_cluster_of_the_wrong_shape(self, host: ModelHost) -> None:
        with pytest.raises(ApiError, match="has the unit shape SMALL_COHERE") as caught:
            host.wanted(host.data(), **on(host.sandbox.oci.clusters["SMALL_COHERE"]))
        assert (caught.value.facts["changed"], host.made()) == (False, [])

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_base_models_that_cannot_be_tuned(self, host: ModelHost, check_mode: bool) -> None:
        data = host.data()
        cannot = host.sandbox.oci.base_model_ids["cohere.command-a-03-2025"]
        with pytest.raises(ApiError, match=r"base_model_id: cohere.command-a-03-2025 cannot be fine-tuned") as caught:
            host.wanted(data, base_model_id=cannot, check_mode=check_mode)
        assert "oci_generative_ai_model_info" in caught.value.hint
        with pytest.raises(ApiError, match=r"base_model_id: ocid1.nowhere is not seen in us-chicago-1"):
            host.wanted(data, base_model_id="ocid1.nowhere", check_mode=check_mode)
        assert host.made() == []

    def test_the_limit_of_models(self, host: ModelHost) -> None:
        data = host.data()
        host.sandbox.oci.settings(models=0)
        with pytest.raises(RateLimited, match="LimitExceeded") as caught:
            host.wanted(data, wait=False)
        assert (caught.value.facts["changed"], "service limit" in caught.value.hint) == (False, True)


class TestInPlace:
    @pytest.mark.parametrize(
        ("option", "value"),
        [("description", "new"), ("vendor", "Else"), ("version", "2.0"), ("freeform_tags", {"a": "b"})],
    )
    def test_each_changes_the_same_model(self, host: ModelHost, option: str, value: Any) -> None:
        data = host.data()
        first = host.wanted(data)
        host.sandbox.clear_log()
        foreseen = host.wanted(data, check_mode=True, **{option: value})
        assert (foreseen["action"], foreseen["changed"], writes(host)) == ("update", True, [])
        result = host.wanted(data, **{option: value})
        assert (result["action"], result["changed"], result["id"]) == ("update", True, first["id"])
        assert (result[option], result["diff"]) == (value, foreseen["diff"])
        assert writes(host) == ["UpdateModel"]
        assert host.wanted(data, **{option: value})["changed"] is False
        assert host.wanted(data)["changed"] is False

    def test_a_description_can_be_removed(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, description="old")
        result = host.wanted(data, description="")
        assert (result["changed"], result["description"] or "") == (True, "")
        assert host.wanted(data, description="")["changed"] is False

    def test_what_a_version_looks_like_in_yaml(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, version="1.10")
        assert host.wanted(data, version="1.10")["changed"] is False
        assert host.wanted(data, version="1.1")["changed"] is True

    def test_while_it_is_made(self, host: ModelHost) -> None:
        """OCI changes nothing of a model that is being made: it is changed once it is there."""
        data = host.data()
        started = host.wanted(data, wait=False, description="old")
        host.sandbox.clear_log()
        for check_mode in (True, False):
            result = host.wanted(data, wait=False, description="new", check_mode=check_mode)
            assert (result["changed"], result["status"], writes(host)) == (False, "CREATING", [])
            assert any("description: old -> new" in warning for warning in host.warnings)
        foreseen = host.wanted(data, description="new", check_mode=True)
        assert (foreseen["changed"], foreseen["action"], host.warnings) == (True, "update", [])
        assert foreseen["diff"] == {"before": {"description": "old"}, "after": {"description": "new"}}
        result = host.wanted(data, description="new")
        assert (result["changed"], result["action"], result["description"]) == (True, "update", "new")
        assert (result["id"], writes(host)) == (started["id"], ["UpdateModel"])
        assert host.wanted(data, description="new")["changed"] is False

    def test_while_it_is_made_in_slices(self, host: ModelHost) -> None:
        data = host.data()
        started = host.wanted(data, wait=False, description="old")
        result = host.in_slices(data, description="new")
        assert (result["changed"], result["description"], result["id"]) == (True, "new", started["id"])

    def test_somebody_else_was_faster(self, host: ModelHost) -> None:
        """Sent with if-match: what was changed meanwhile is read again, and not lost."""
        data = host.data()
        first = host.wanted(data)
        host.error("UpdateModel", 412, "NoEtagMatch", "The etag does not match", times=1)
        result = host.wanted(data, description="new")
        assert (result["changed"], result["description"]) == (True, "new")
        host.error("UpdateModel", 412, "NoEtagMatch", "The etag does not match")
        with pytest.raises(ApiError, match="Changing the model .*does not match") as caught:
            host.wanted(data, description="newer")
        assert (caught.value.facts["changed"], caught.value.facts["id"]) == (False, first["id"])

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("operation", ["UpdateModel", "ChangeModelCompartment"])
    def test_a_lost_answer(self, host: ModelHost, operation: str, when: str) -> None:
        data = host.data()
        first = host.wanted(data)
        host.sandbox.fault(f"oci.{operation}", reset=when, times=2)
        there = host.reach.other_compartment_id
        result = host.wanted(data, model_id=first["id"], compartment_id=there, description="new")
        assert (result["changed"], result["description"], result["compartment_id"]) == (True, "new", there)

    def test_moved_and_renamed(self, host: ModelHost) -> None:
        data = host.data()
        first = host.wanted(data)
        there = host.reach.other_compartment_id
        desired = {"model_id": first["id"], "compartment_id": there}
        foreseen = host.model("help-bot", check_mode=True, **desired)
        assert (foreseen["action"], foreseen["changed"]) == ("update", True)
        result = host.model("help-bot", **desired)
        assert (result["action"], result["changed"], result["id"]) == ("update", True, first["id"])
        assert (result["display_name"], result["compartment_id"]) == ("help-bot", there)
        assert result["diff"]["after"]["compartment_id"] == there
        assert (foreseen["id"], foreseen["diff"]) == (first["id"], result["diff"])
        assert host.model("help-bot", **desired)["changed"] is False
        # From now on it is found by its new name, without its OCID.
        assert host.wanted(data, "help-bot", compartment_id=there)["id"] == first["id"]
        assert len(host.sandbox.oci.models()) == 1

    def test_renamed_by_hand(self, host: ModelHost) -> None:
        """Our tag says what it is: it is called so again, and not trained a second time."""
        data = host.data()
        made = host.wanted(data)
        host.change(made["id"], displayName="renamed")
        foreseen = host.wanted(data, check_mode=True)
        assert (foreseen["action"], foreseen["changed"]) == ("update", True)
        result = host.wanted(data)
        assert (result["action"], result["changed"], result["id"]) == ("update", True, made["id"])
        assert result["diff"] == {"before": {"display_name": "renamed"}, "after": {"display_name": "support-bot"}}
        assert result["display_name"] == "support-bot"
        assert host.wanted(data)["changed"] is False
        assert len(host.sandbox.oci.models()) == 1

    def test_renamed_by_hand_and_of_other_data(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        host.change(made["id"], displayName="renamed")
        with pytest.raises(InvalidInput, match=f"{made['id']}.* was trained differently: .*training_dataset"):
            host.wanted(letters(host))
        assert len(host.sandbox.oci.models()) == 1

    @pytest.mark.parametrize("ours", [True, False])
    def test_renamed_to_a_name_that_is_taken(self, host: ModelHost, ours: bool) -> None:
        data = host.data()
        first = host.wanted(data)
        taken = host.wanted(data, "help-bot")["id"] if ours else host.train(data, "help-bot")
        for check_mode in (True, False):
            with pytest.raises(InvalidInput, match=f"cannot be renamed or moved: 'help-bot' is the name of {taken}"):
                host.model("help-bot", model_id=first["id"], check_mode=check_mode)
        assert host.get(first["id"])["displayName"] == "support-bot"

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_moved_to_where_its_name_is_taken(self, host: ModelHost, check_mode: bool) -> None:
        data, there = host.data(), host.reach.other_compartment_id
        first = host.wanted(data)
        taken = host.train(data, compartmentId=there)
        with pytest.raises(InvalidInput, match=f"renamed or moved: 'support-bot' is the name of {taken} there"):
            host.model(model_id=first["id"], compartment_id=there, check_mode=check_mode)
        assert host.get(first["id"])["compartmentId"] == host.reach.compartment_id

    def test_moved_but_not_changed_is_told(self, host: ModelHost) -> None:
        first = host.wanted(host.data())
        host.error("UpdateModel", 403, "NotAllowed", "no")
        with pytest.raises(ApiError, match="Changing the model") as caught:
            host.model("help-bot", model_id=first["id"], compartment_id=host.reach.other_compartment_id)
        assert (caught.value.facts["changed"], caught.value.facts["id"]) == (True, first["id"])

    @pytest.mark.parametrize("trouble", [{"reset": "before"}, {"status": 412, "body": {"code": "NoEtagMatch"}}])
    def test_moved_before_it_was_tried_again(self, host: ModelHost, trouble: dict[str, Any]) -> None:
        """What the first try has moved stays a change, whatever becomes of the next one."""
        first = host.wanted(host.data())
        there = host.reach.other_compartment_id
        host.sandbox.fault("oci.UpdateModel", times=1, **trouble)
        host.error("UpdateModel", 403, "NotAllowed", "no")
        with pytest.raises(ApiError, match="Changing the model") as caught:
            host.model("help-bot", model_id=first["id"], compartment_id=there)
        assert (caught.value.facts["changed"], host.get(first["id"])["compartmentId"]) == (True, there)

    def test_a_name_without_the_ocid_is_a_new_training_and_says_so(self, host: ModelHost) -> None:
        data = host.data()
        first = host.wanted(data)
        foreseen = host.wanted(data, "help-bot", check_mode=True)
        assert foreseen["action"] == "create"
        assert any(first["id"] in warning and "model_id" in warning for warning in host.warnings)
        host.wanted(letters(host), "letter-bot", check_mode=True)
        assert not any(first["id"] in warning for warning in host.warnings)
        # Nothing is known of a model in another compartment, but what a new one means is told all the same.
        elsewhere = host.wanted(data, check_mode=True, compartment_id=host.reach.other_compartment_id)
        assert elsewhere["action"] == "create"
        assert any("model_id" in warning for warning in host.warnings)


class TestTags:
    def test_exactly_these(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data, freeform_tags={"team": "support", "empty": ""})
        assert made["freeform_tags"] == {"team": "support", "empty": ""}
        own = {key: value for key, value in host.get(made["id"])["freeformTags"].items() if key.startswith(PREFIX)}
        assert own[ownership.NAME] == "support-bot"
        assert own[ownership.TRAINING].startswith(data["sha256"])
        changed = host.wanted(data, freeform_tags={"stage": "live"})
        assert (changed["changed"], changed["freeform_tags"]) == (True, {"stage": "live"})
        assert changed["diff"]["before"] == {"freeform_tags": {"team": "support", "empty": ""}}
        assert host.get(made["id"])["freeformTags"] == {"stage": "live", **own}
        assert PREFIX not in str(changed)
        assert host.wanted(data, freeform_tags={"stage": "live"})["changed"] is False
        assert host.wanted(data)["changed"] is False
        assert host.wanted(data, freeform_tags={})["freeform_tags"] == {}
        assert host.get(made["id"])["freeformTags"] == own

    def test_markers_are_put_back(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data, freeform_tags={"team": "support"})
        own = host.get(made["id"])["freeformTags"]
        host.change(made["id"], freeformTags={"team": "support", ownership.NAME: "somebody-else"})
        assert host.wanted(data)["changed"] is True
        assert host.get(made["id"])["freeformTags"][ownership.NAME] == own[ownership.NAME]
        assert host.wanted(data)["changed"] is False

    def test_without_any_marker_it_is_somebody_elses(self, host: ModelHost) -> None:
        """Another tool that knows only its own tags has removed ours: nothing is trained again."""
        data = host.data()
        made = host.wanted(data)
        host.change(made["id"], freeformTags={"team": "theirs"})
        with pytest.raises(InvalidInput, match=made["id"]):
            host.wanted(data)
        assert host.wanted(data, model_id=made["id"])["changed"] is False
        assert len(host.made()) == 1

    def test_hidden_in_the_previous_state(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data)
        result = host.wanted(data, description="new")
        assert result["previous_state"]["display_name"] == "support-bot"
        assert PREFIX not in str(result)


class TestAdoption:
    def test_without_any_write(self, host: ModelHost) -> None:
        data = host.data()
        identifier = host.train(data, description="by hand")
        host.sandbox.advance(1000)
        host.sandbox.clear_log()
        result = host.model(None, model_id=identifier, compartment_id=None)
        assert (result["changed"], result["id"], result["display_name"]) == (False, identifier, "support-bot")
        assert (result["name"], host.called()) == ("support-bot", ["GetModel"])
        for equal in (data, {**data, "namespace": None}):
            result = host.wanted(equal, model_id=identifier, fine_tune_details=config(lora_r=8))
            assert (result["changed"], result["id"]) == (False, identifier)
        assert writes(host) == []
        with pytest.raises(InvalidInput, match="lora_r: 8 -> 9"):
            host.wanted(data, model_id=identifier, fine_tune_details=config(lora_r=9))

    def test_a_plain_name_without_namespace(self, host: ModelHost) -> None:
        data = {**host.put(pair_lines()), "namespace": None}
        identifier = host.train({**data, "namespace": host.reach.namespace})
        host.sandbox.advance(1000)
        assert host.wanted(data, model_id=identifier)["changed"] is False

    def test_changed_in_place(self, host: ModelHost) -> None:
        identifier = host.train(host.data(), freeformTags={"team": "theirs"})
        host.sandbox.advance(1000)
        result = host.model(None, model_id=identifier, compartment_id=None, description="adopted")
        assert (result["action"], result["description"]) == ("update", "adopted")
        # What was not made here gets no tag of ours.
        assert host.get(identifier)["freeformTags"] == {"team": "theirs"}

    def test_one_that_is_being_made(self, host: ModelHost) -> None:
        identifier = host.train(host.data())
        result = host.model(None, model_id=identifier, compartment_id=None, description="mine")
        assert (result["status"], result["description"], result["changed"]) == ("ACTIVE", "mine", True)

    def test_one_that_is_deleted_is_no_reason_to_train(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data)
        host.model(state="absent")
        for check_mode in (True, False):
            with pytest.raises(ApiError, match="is deleted"):
                host.wanted(data, model_id=made["id"], check_mode=check_mode)
        assert host.model(None, model_id=made["id"], compartment_id=None, state="absent")["changed"] is False

    def test_no_name_that_is_taken(self, host: ModelHost) -> None:
        data = host.data()
        ours = host.wanted(data)
        theirs = host.train(data, displayName="other")
        host.sandbox.advance(1000)
        with pytest.raises(InvalidInput, match="cannot be renamed or moved") as caught:
            host.model(model_id=theirs, compartment_id=None)
        assert ours["id"] in caught.value.message

    @pytest.mark.parametrize("answer", ["", "lost"])
    def test_trained_anew(self, host: ModelHost, answer: str) -> None:
        """The adopted one bears the name and not our tag: that is no clash of names."""
        data = host.data()
        old = host.train(data)
        host.sandbox.advance(1000)
        if answer:
            host.sandbox.fault("oci.CreateModel", reset="after", times=1)
        desired = {
            "model_id": old,
            "fine_tune_details": config(lora_r=9),
            "retrain": "on_change",
            "delete_previous": True,
        }
        result = host.wanted(data, **desired)
        assert (result["action"], result["status"]) == ("retrain", "ACTIVE")
        assert [model["id"] for model in host.made() if model["state"] == "ACTIVE"] == [result["id"]]

    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_a_base_model_is_refused(self, host: ModelHost, state: str) -> None:
        with pytest.raises(InvalidInput, match="is a base model"):
            host.model(None, model_id=host.reach.base_model_id, compartment_id=None, state=state)

    @pytest.mark.parametrize("where", [{}, {"compartment_id": None}], ids=["compartment", "none"])
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_one_that_is_not_found_is_an_error(self, host: ModelHost, state: str, where: dict[str, Any]) -> None:
        """But for one that is not to be there, and that the compartment's list lacks as well."""
        data = host.data()
        made = host.wanted(data)
        desired = {"model_id": "ocid1.generativeaimodel.nowhere", "state": state, **where, **RETRAIN}
        if state == "absent" and not where:
            assert host.wanted(data, **desired)["changed"] is False
        else:
            with pytest.raises(NotFound, match="ocid1.generativeaimodel.nowhere"):
                host.wanted(data, **desired)
        assert [(model["id"], model["state"]) for model in host.made()] == [(made["id"], "ACTIVE")]

    def test_one_that_is_listed_but_not_seen_is_not_gone(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        host.error("GetModel", 404, "NotAuthorizedOrNotFound", "not found")
        with pytest.raises(NotFound):
            host.model(model_id=made["id"], state="absent")
        assert host.made()[0]["state"] == "ACTIVE"

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_one_that_is_made_beside_a_ready_one(self, host: ModelHost, check_mode: bool) -> None:
        """The one that was named is meant, not an older one of the name that is ready."""
        older = host.wanted(host.data(), description="older")
        newer = host.train(letters(host))
        result = host.model(model_id=newer, description="newer", check_mode=check_mode)
        assert (result["id"], result["action"]) == (newer, "update")
        assert host.get(older["id"])["description"] == "older"
        assert host.get(newer).get("description") == (None if check_mode else "newer")

    def test_failed(self, host: ModelHost) -> None:
        host.sandbox.oci.scenario("fail", code="OutOfCapacity", message="Capacity lost.")
        data = host.data()
        identifier = host.train(data)
        host.sandbox.advance(1000)
        with pytest.raises(RunFailed, match=r"Capacity lost \(OutOfCapacity\); work request") as caught:
            host.wanted(data, model_id=identifier)
        assert caught.value.facts["id"] == identifier

    def test_check_mode_after_a_foreseen_model(self, host: ModelHost) -> None:
        foreseen = host.wanted(host.data(), check_mode=True)["id"]
        assert host.model(None, model_id=foreseen, state="absent", check_mode=True)["changed"] is False
        with pytest.raises(InvalidInput, match="a placeholder of check mode"):
            host.model(None, model_id=foreseen)

    def test_nothing_to_train_with(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data)
        desired = {"model_id": made["id"], "compartment_id": None, "fine_tune_details": config(lora_r=9), **RETRAIN}
        with pytest.raises(InvalidInput, match="compartment_id and display_name are missing"):
            host.wanted(data, None, **desired)


class TestNameClashes:
    @pytest.mark.parametrize("pending", [True, False])
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("state", ["present", "absent"])
    def test_a_living_one_is_named(self, host: ModelHost, state: str, check_mode: bool, pending: bool) -> None:
        data = host.data()
        identifier = host.train(data)
        if not pending:
            host.sandbox.advance(1000)
        host.sandbox.clear_log()
        with pytest.raises(InvalidInput, match="that this collection did not make") as caught:
            host.wanted(data, state=state, check_mode=check_mode)
        assert identifier in caught.value.message
        assert "model_id" in caught.value.hint
        assert writes(host) == []

    def test_those_that_do_not_live_do_not_matter(self, host: ModelHost) -> None:
        data = host.data()
        host.sandbox.oci.scenario("fail")
        failed = host.train(data)
        deleted = host.train(data)
        host.sandbox.advance(1000)
        host.delete_model(deleted)
        result = host.wanted(data)
        assert (result["action"], result["status"]) == ("create", "ACTIVE")
        host.model(state="absent")
        assert host.get(failed)["lifecycleState"] == "FAILED"

    def test_a_state_that_nobody_knows_may_be_alive(self, host: ModelHost) -> None:
        data = host.data()
        host.train(data)
        listed = [{**model, "lifecycleState": "HIBERNATING"} for model in host.models()]
        host.sandbox.fault("oci.ListModels", status=200, body={"items": listed})
        with pytest.raises(InvalidInput, match="did not make"):
            host.wanted(data)

    def test_base_models_and_other_compartments_are_none(self, host: ModelHost) -> None:
        data = host.data()
        host.train(data, "meta.llama-3.3-70b-instruct", compartmentId=host.reach.other_compartment_id)
        assert host.wanted(data, "meta.llama-3.3-70b-instruct")["action"] == "create"


class TestUnknownStates:
    def odd(self, host: ModelHost) -> None:
        listed = [{**model, "lifecycleState": "HIBERNATING"} for model in host.models()]
        host.sandbox.fault("oci.ListModels", status=200, body={"items": listed})
        host.sandbox.fault(
            "oci.GetModel", status=200, body={**host.get(host.made()[0]["id"]), "lifecycleState": "HIBERNATING"}
        )

    def test_is_told_and_nothing_done(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data, wait=False)
        other = letters(host)
        self.odd(host)
        host.sandbox.clear_log()
        with pytest.raises(ApiError, match="status 'HIBERNATING', which this version does not know"):
            host.wanted(other, **RETRAIN)
        with pytest.raises(ApiError, match="status 'HIBERNATING'"):
            host.model(state="absent")
        assert writes(host) == []

    def test_while_waiting(self, host: ModelHost) -> None:
        data = host.data()
        started = host.wanted(data, wait=False)
        host.sandbox.fault(
            "oci.GetModel", status=200, body={**host.get(started["id"]), "lifecycleState": "HIBERNATING"}
        )
        with pytest.raises(ApiError, match="status 'HIBERNATING'") as caught:
            host.wanted(data)
        assert caught.value.facts["run_id"] == started["id"]


class TestAbsent:
    @pytest.mark.parametrize("check_mode", [True, False])
    def test_but_not_without_waiting(self, host: ModelHost, check_mode: bool) -> None:
        host.wanted(host.data(), wait=False)
        with pytest.raises(ApiError, match="is CREATING; it cannot be deleted yet") as caught:
            host.model(state="absent", wait=False, check_mode=check_mode)
        assert "OCI Generative AI cannot stop a training" in caught.value.text()
        assert f"work request {host.made()[0]['work_request_id']}" in caught.value.hint
        assert caught.value.facts["changed"] is False

    def test_failed_ones(self, host: ModelHost) -> None:
        """Whatever their number, nobody asks why they failed."""
        host.sandbox.oci.scenario("fail", times=3)
        for topic in ("parcels", "letters", "stamps"):
            with pytest.raises(RunFailed):
                host.wanted(host.data(pair_lines(topic=topic), topic))
        host.sandbox.clear_log()
        assert host.model(state="absent")["changed"] is True
        assert [model["state"] for model in host.made()] == ["DELETED"] * 3
        assert {name for name in host.called() if "WorkRequest" in name} == set()

    def test_without_waiting(self, host: ModelHost) -> None:
        host.wanted(host.data())
        assert host.model(state="absent", wait=False)["changed"] is True
        assert [model["state"] for model in host.made()] == ["DELETING"]
        assert host.model(state="absent")["status"] == "absent"

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_refused_while_an_endpoint_uses_it(self, host: ModelHost, check_mode: bool) -> None:
        made = host.wanted(host.data())
        endpoint = host.host_it(made["id"])
        with pytest.raises(ApiError, match=f"cannot be deleted: the endpoint live .{endpoint}. uses"):
            host.model(state="absent", check_mode=check_mode)
        assert host.made()[0]["state"] == "ACTIVE"

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_refused_before_anything_is_paid(self, host: ModelHost, check_mode: bool) -> None:
        made = host.wanted(host.data())
        host.host_it(made["id"])
        data = letters(host)
        with pytest.raises(ApiError, match="the endpoint live"):
            host.wanted(data, delete_previous=True, check_mode=check_mode, **RETRAIN)
        assert len(host.made()) == 1

    def test_who_may_not_list_endpoints_is_told_by_the_service(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        endpoint = host.host_it(made["id"])
        host.error("ListEndpoints", 404, "NotAuthorizedOrNotFound", "not found")
        with pytest.raises(ApiError, match=f"is used by the endpoints {endpoint}") as caught:
            host.model(state="absent")
        assert (caught.value.facts["changed"], host.made()[0]["state"]) == (False, "ACTIVE")

    @pytest.mark.parametrize("scenario", ["fail", "cancel"])
    def test_a_deletion_that_fails(self, host: ModelHost, scenario: str) -> None:
        made = host.wanted(host.data())
        host.sandbox.oci.scenario(
            scenario, operation="DELETE_MODEL", message="Storage busy." if scenario == "fail" else None
        )
        said = "Storage busy" if scenario == "fail" else "canceled"
        with pytest.raises(ApiError, match=f"The deletion of {made['id']} failed: .*{said}.*work request") as caught:
            host.model(state="absent")
        assert (caught.value.facts["changed"], caught.value.facts["id"]) == (True, made["id"])
        assert host.model(state="absent")["changed"] is True

    def test_a_deletion_that_fails_for_who_may_not_see_why(self, host: ModelHost) -> None:
        """It is not waited for until the time is over."""
        made = host.wanted(host.data())
        host.sandbox.oci.scenario("fail", operation="DELETE_MODEL", message="Storage busy.")
        host.error("*WorkRequest*", 404, "NotAuthorizedOrNotFound", "not found")
        with pytest.raises(ApiError, match=f"The deletion of {made['id']} failed: Storage busy"):
            host.model(state="absent")

    def test_a_look_that_lags_behind_a_deletion(self, host: ModelHost) -> None:
        made = host.wanted(host.data())
        host.sandbox.fault("oci.GetModel", status=200, body=host.get(made["id"]), times=2)
        result = host.model(state="absent")
        assert (result["status"], host.made()[0]["state"]) == ("absent", "DELETED")

    def test_a_deletion_that_fails_after_its_answer_was_lost(self, host: ModelHost) -> None:
        """Of the training's own work request nothing is learnt about it."""
        host.wanted(host.data(), wait=False)
        host.sandbox.oci.scenario("fail", operation="DELETE_MODEL", message="Storage busy.")
        host.sandbox.fault("oci.DeleteModel", reset="after", times=1)
        with pytest.raises(ApiError, match="Storage busy"):
            host.model(state="absent")

    @pytest.mark.parametrize("after", [0, 1000])
    def test_deleted_by_another_meanwhile(self, host: ModelHost, after: float) -> None:
        """Between the look and the deletion: it is being deleted then, or is already."""
        made = host.wanted(host.data())
        host.sandbox.fault("oci.ListModels", status=200, body={"items": host.models()}, times=1)
        host.delete_model(made["id"])
        host.sandbox.advance(after)
        assert host.model(state="absent")["status"] == "absent"
        assert host.made()[0]["state"] == "DELETED"

    def test_one_that_is_not_visible_is_not_gone(self, host: ModelHost) -> None:
        host.wanted(host.data())
        host.error("DeleteModel", 404, "NotAuthorizedOrNotFound", "not found")
        host.error("GetModel", 404, "NotAuthorizedOrNotFound", "not found")
        with pytest.raises(NotFound):
            host.model(state="absent")
        assert host.made()[0]["state"] == "ACTIVE"


class TestWorkRequest:
    def test_details_of_what_was_there(self, host: ModelHost) -> None:
        data = host.data()
        host.wanted(data)
        assert host.wanted(data)["work_request"] == {}
        work = host.wanted(data, details=True)["work_request"]
        assert (work["status"], work["errors"]) == ("SUCCEEDED", [])
        assert any("Step" in line["message"] for line in work["logs"])

    @pytest.mark.parametrize("status", [403, 404, 503])
    @pytest.mark.parametrize("operation", ["GetWorkRequest", "ListWorkRequestLogs", "ListWorkRequest*"])
    def test_what_it_would_say_fails_nothing(self, host: ModelHost, operation: str, status: int) -> None:
        """A training that was paid for does not end as a failure for want of its log."""
        data = host.data()
        host.sandbox.fault(f"oci.{operation}", status=status)
        result = host.wanted(data)
        assert (result["changed"], result["status"]) == (True, "ACTIVE")
        assert host.wanted(data)["changed"] is False


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "code", "said", "told"),
        [
            (401, "NotAuthenticated", "The required information was not provided", "api_user_fingerprint"),
            (403, "NotAllowed", "Tenant is not allowed", "policies"),
            (404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found", "does not say"),
            (400, "InvalidParameter", "compartmentId is odd", "compartmentId is odd"),
        ],
    )
    def test_refusals(self, host: ModelHost, status: int, code: str, said: str, told: str) -> None:
        data = host.data()
        host.error("*", status, code, said)
        host.sandbox.clear_log()
        with pytest.raises(ApiError) as caught:
            host.wanted(data)
        assert said in caught.value.message
        assert told in caught.value.text()
        assert f"HTTP {status}, {code}, request " in caught.value.message
        assert host.sandbox.count() == 1

    def test_nobody_listens(self, host: ModelHost) -> None:
        data = host.data()
        with pytest.raises(TransientError, match="Listing the models of .*Connection refused") as caught:
            host.wanted(data, service_endpoint="http://127.0.0.1:9")
        assert "service_endpoint" in caught.value.hint
        assert caught.value.facts["changed"] is False

    def test_not_a_certificate_that_is_trusted(self, host: ModelHost, tmp_path: Path) -> None:
        data = host.data()
        with (
            tls_server(tmp_path) as url,
            pytest.raises(ApiError, match="Listing the models of .*(?i:certificate)") as caught,
        ):
            host.wanted(data, service_endpoint=url)
        assert "cert_bundle" in caught.value.hint

    @pytest.mark.parametrize("operation", ["GetModel", "ListModels"])
    def test_a_new_model_that_is_not_visible_yet(self, host: ModelHost, operation: str) -> None:
        """What was just paid for does not fail for a look that lags."""
        data = host.data()
        if operation == "GetModel":
            host.error(operation, 404, "NotAuthorizedOrNotFound", "not found", after=1, times=2)
        else:
            host.sandbox.fault("oci.ListModels", status=200, body={"items": []}, after=1, times=2)
        result = host.wanted(data)
        assert (result["status"], len(host.made())) == ("ACTIVE", 1)

    def test_a_hint_is_not_taken_from_an_ocid(self, host: ModelHost, monkeypatch: pytest.MonkeyPatch) -> None:
        """An OCID holds any letters; of '32' in one nothing is learnt about the data."""
        work = {"id": "ocid1.generativeaiworkrequest.oc1..a32prompt", "status": "FAILED"}
        model = driver.Model(host.api, None, None, {})
        monkeypatch.setattr(model, "_find_work", lambda *_of: work)
        monkeypatch.setattr(work_requests, "errors_text", lambda *_of: "Something broke")
        run = model._add_reason(Run("ocid1.generativeaimodel.oc1..a", 0.0, Phase.FAILED, "FAILED"))
        assert run.reason == f"Something broke; work request {work['id']}"
        assert "Correct the cause" in model.hint(run).mend


class TestOptions:
    """One clear error, before any call."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"base_model_id": None}, "base_model_id is missing"),
            ({"base_model_id": "meta.llama"}, "base_model_id is 'meta.llama'; it is an OCID"),
            ({"compartment_id": ""}, "compartment_id is empty"),
            ({"vendor": ""}, "vendor is empty"),
            ({"version": ""}, "version is empty"),
            ({"compartment_id": "my-compartment"}, "compartment_id is 'my-compartment'; it is an OCID"),
            ({"model_id": "support-bot"}, "model_id is 'support-bot'; it is an OCID"),
            ({"fine_tune_details": {"dedicated_ai_cluster_id": None}}, "dedicated_ai_cluster_id is missing"),
            ({"fine_tune_details": {"dedicated_ai_cluster_id": "mine"}}, "dedicated_ai_cluster_id is 'mine'"),
            ({"fine_tune_details": {"training_dataset": None}}, "training_dataset is missing"),
            ({"fine_tune_details": config(lora_r=0)}, "lora_r is 0; it is a whole number from 1 to 64"),
            ({"fine_tune_details": config(lora_r=65)}, "lora_r is 65; it is a whole number from 1"),
            ({"fine_tune_details": config(lora_dropout=1.5)}, "lora_dropout is 1.5; it is a number from 0 to 1"),
            ({"fine_tune_details": config(learning_rate=2)}, "learning_rate is 2; it is a number above 0"),
            ({"fine_tune_details": config(learning_rate=float("nan"))}, "learning_rate is nan"),
            ({"fine_tune_details": config(total_training_epochs=0)}, "total_training_epochs is 0; it is a whole"),
            ({"fine_tune_details": config(early_stopping_patience=-1)}, "early_stopping_patience is -1"),
            ({"fine_tune_details": config(num_of_last_layers=2)}, "num_of_last_layers is not for LORA"),
            ({"fine_tune_details": {"training_config": {**TFEW, "lora_r": 8}}}, "lora_r is not for TFEW"),
            ({"fine_tune_details": {"training_config": {**VANILLA, "lora_alpha": 8}}}, "lora_alpha is not for VANILLA"),
            ({"freeform_tags": {f"k{number}": "x" for number in range(9)}}, "freeform_tags has 9 entries"),
            ({"freeform_tags": {"a.b": "x"}}, "the key 'a.b' is not possible"),
            ({"freeform_tags": {f"{PREFIX}name": "x"}}, "is reserved"),
            ({"freeform_tags": {"a": "v" * 257}}, "257 characters"),
            ({"freeform_tags": {"a": {"b": "c"}}}, "it is a text"),
            ({"defined_tags": {"CostCenter": "42"}}, "is not a namespace with its tags"),
            ({"wait_timeout": -1}, "wait_timeout is -1"),
            ({"base_model_id": "check-mode:model:x"}, "a placeholder of check mode"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_ones(self, host: ModelHost, options: dict[str, Any], message: str) -> None:
        data = {"namespace": "ns", "bucket": "b", "object": "parcels.jsonl"}
        for check_mode in (False, True):
            if check_mode and "check mode" in message:
                continue
            with pytest.raises(InvalidInput, match=message):
                host.wanted(data, check_mode=check_mode, **options)
        assert host.sandbox.count() == 0

    @pytest.mark.parametrize(
        ("place", "message"),
        [
            ({"bucket": "a/b"}, r"training_dataset\.bucket is 'a/b'"),
            ({"object": "folder/"}, "a folder"),
            ({"object": "a/../b"}, r"training_dataset\.object is 'a/\.\./b'"),
            ({"object": ""}, "which is not a valid object name"),
            ({"namespace": "a b"}, "which is not a valid namespace"),
            ({"object": "check-mode:file:x"}, "a placeholder of check mode"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_data(self, host: ModelHost, place: dict[str, str], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            host.wanted({"namespace": "ns", "bucket": "b", "object": "parcels.jsonl", **place})
        assert host.sandbox.count() == 0

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"config_file_location": "/nowhere/config"}, "there is no file '/nowhere/config'"),
            ({"config_profile_name": "NOBODY"}, "NOBODY"),
            ({"api_user_key_file": "/nowhere/key.pem"}, "there is no file '/nowhere/key.pem'"),
            ({"api_user": "ocid1.user.oc1..x\n"}, "api_user has a space or a line break"),
            ({"api_user_fingerprint": "odd"}, "api_user_fingerprint is malformed"),
            ({"cert_bundle": "/nowhere/ca.pem"}, "there is no file '/nowhere/ca.pem'"),
            ({"service_endpoint": "ftp://x"}, "starts with https"),
            ({"service_endpoint": "https://me:secret-in-url@x"}, "holds a user or a password"),
            ({"auth_type": "security_token"}, "has no security_token_file"),
            ({"config_file_location": None}, "There is no credential: no file"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_credentials(
        self, host: ModelHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, Any], message: str
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        data = {"namespace": "ns", "bucket": "b", "object": "parcels.jsonl"}
        with pytest.raises(InvalidInput, match=message) as caught:
            host.wanted(data, **options)
        assert "secret-in-url" not in caught.value.text()
        assert host.sandbox.count() == 0

    def test_an_address_that_ends_with_a_slash(self, host: ModelHost) -> None:
        assert host.wanted(host.data(), service_endpoint=f"{host.sandbox.url}/")["status"] == "ACTIVE"

    def test_from_the_environment(self, host: ModelHost, monkeypatch: pytest.MonkeyPatch) -> None:
        data, found = host.data(), from_file(host.reach.config_file)
        for variable, entry in {
            "OCI_USER_ID": "user",
            "OCI_USER_FINGERPRINT": "fingerprint",
            "OCI_USER_KEY_FILE": "key_file",
            "OCI_TENANCY": "tenancy",
            "OCI_REGION": "region",
        }.items():
            monkeypatch.setenv(variable, found[entry])
        assert host.wanted(data, config_file_location=None, service_endpoint=None)["status"] == "ACTIVE"

    def test_every_hyperparameter_of_the_module_has_its_range(self) -> None:
        assert set(driver._TRAINING_CONFIG) - set(driver.BOUNDS) == {"training_config_type"}


# -- certificates ----------------------------------------------------------------------------------------------


class NoAnswer(BaseHTTPRequestHandler):
    """Nobody comes so far: the certificate is not trusted."""


@contextmanager
def tls_server(folder: Path) -> Iterator[str]:
    """Something with a certificate that it signed itself; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_certificate(folder)[1])
    with HTTPServer(("127.0.0.1", 0), NoAnswer) as server:
        server.handle_error = lambda *_about: None  # type: ignore[method-assign]  # a refused handshake is meant
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join(20)
