# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same task in slices: what is sent, what is kept, what it is bound to, and when it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.pipeline import Pipeline
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    UPLOADS,
    Host,
    chat,
    lines,
)

ONCE = dict.fromkeys(PROVIDERS, 1)
SETTINGS: dict[str, dict[str, Any]] = {
    "openai": {"epochs": 2, "batch_size": 4},
    "bedrock": {"epochs": 2, "learning_rate": 1e-5},
    "oci": {"epochs": 2, "lora_rank": 16},
}


def tuned(host: Host, **options: Any) -> list[dict[str, Any]]:
    return [host.entry(provider, hyperparameters=SETTINGS[provider], **options) for provider in PROVIDERS]


class TestOneTask:
    def test_the_first_slice_only_shows_what_will_happen(self, host: Host) -> None:
        first = host.run(*host.every(), wait_slice=20.0)
        assert first["waiting"]
        assert not first["changed"]
        assert host.writes() == []
        assert [found["action"] for found in first["results"]] == ["create"] * 3
        assert all(found["estimated_training_tokens"] for found in first["results"])

    @pytest.mark.parametrize("details", [True, False])
    def test_what_is_sent_is_what_was_shown(self, host: Host, details: bool) -> None:
        foreseen = host.preview(*tuned(host))["results"]
        results = host.well(host.in_slices(*tuned(host), details=details))
        assert len(host.slices) > 1
        assert [found["settings"] for found in results] == [found["settings"] for found in foreseen]
        openai = host.openai.fine_tuning.jobs.list().data[0].method.to_dict()["supervised"]["hyperparameters"]
        job = host.client().get_model_customization_job(jobIdentifier=results[1]["job_id"])
        model = host.oci.client("generative_ai").get_model(results[2]["id"]).data
        assert (openai["n_epochs"], openai["batch_size"]) == (2, 4)
        assert job["hyperParameters"]["epochCount"] == "2"
        assert float(job["hyperParameters"]["learningRate"]) == 1e-5
        assert (model["fineTuneDetails"]["trainingConfig"]["totalTrainingEpochs"]) == 2
        assert (model["fineTuneDetails"]["trainingConfig"]["loraR"]) == 16
        host.watch()
        assert not host.in_slices(*tuned(host))["changed"]
        assert host.slices == []
        assert host.writes() == []

    def test_the_results_are_those_of_a_task_without(self, host: Host) -> None:
        whole = host.run(*tuned(host, name="whole"), diff=True, details=True)
        sliced = host.in_slices(*tuned(host, name="sliced"), diff=True, details=True)
        for one, other in zip(host.well(whole), host.well(sliced), strict=True):
            same = ("action", "changed", "settings", "dataset", "dataset_sha256", "epochs", "status")
            assert {key: one[key] for key in same} == {key: other[key] for key in same}
            assert set(one["diff"]["after"]) == set(other["diff"]["after"])
            assert one["metrics"].keys() == other["metrics"].keys()
            lengths = [{split: len(points) for split, points in found["curve"].items()} for found in (one, other)]
            assert lengths[0] == lengths[1]
        assert len(sliced["diff"]) == 3
        assert host.count(CREATES) == dict.fromkeys(PROVIDERS, 2)

    def test_each_is_sent_and_started_once(self, host: Host) -> None:
        assert host.in_slices(*host.every(), wait_slice=5.0)["changed"]
        assert len(host.slices) > 3
        assert host.count(CREATES) == host.count(UPLOADS) == ONCE

    def test_it_is_bound_to_its_run(self, host: Host) -> None:
        """What fails under its hands is not started again, nor taken for another's."""
        host.sandbox.openai.settings(training_seconds=100.0)
        host.sandbox.control("POST", "/openai/scenarios", scenario="server_error", suffix="bot", at=0.9)
        result = host.in_slices(host.entry("openai", retry_failed=True))
        assert result["failed"]
        named = {state["run_id"] for part in host.slices for state in part["progress"].values()} - {None}
        assert named == {result["results"][0]["run_id"]}
        assert host.count(CREATES)["openai"] == 1

    def test_progress_tells_of_each_that_is_not_done(self, host: Host) -> None:
        host.sandbox.openai.settings(training_seconds=120.0)
        host.in_slices(*host.every())
        told = [set(part["progress"]) for part in host.slices]
        assert told[0] == {"openai/bot", "bedrock/bot", "oci/bot"}
        assert told[-1] == {"openai/bot"}
        last = host.slices[-1]["progress"]["openai/bot"]["progress"]
        assert last["stage"] == "training"
        assert last["percent"] > 0

    def test_one_that_fails_early_is_told_at_the_end(self, host: Host) -> None:
        host.sandbox.control("POST", "/bedrock/scenarios", scenario="fail", phase="validation", model_name="bot")
        result = host.in_slices(*host.every())
        assert [found["failed"] for found in result["results"]] == [False, True, False]
        assert result["failed"]
        assert result["results"][1]["changed"]

    def test_an_input_error_of_one_that_comes_late_does_not_lose_the_others(self, host: Host) -> None:
        """Between preview and start somebody makes a model of the name."""
        models = [host.entry("openai"), host.entry("oci")]
        first = host.run(*models, wait_slice=20.0)
        place = host.sandbox.oci
        host.oci.client("object_storage").put_object(
            place.namespace, place.bucket, "theirs.jsonl", oci_lines().encode()
        )
        host.oci.client("generative_ai").create_model(
            {
                "compartmentId": place.compartment_id,
                "baseModelId": place.base_model_id,
                "displayName": "bot",
                "fineTuneDetails": {
                    "dedicatedAiClusterId": place.cluster_id,
                    "trainingDataset": {
                        "datasetType": "OBJECT_STORAGE",
                        "namespaceName": place.namespace,
                        "bucketName": place.bucket,
                        "objectName": "theirs.jsonl",
                    },
                },
            }
        )
        second = host.run(*models, wait_slice=20.0, wait_state=first["wait_state"])
        assert second["waiting"]
        result = host.in_slices(*models, wait_state=second["wait_state"])
        assert [found["failed"] for found in result["results"]] == [False, True]
        assert result["results"][0]["model_id"]


class TestState:
    def test_it_is_plain_and_holds_no_secrets(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        key = host.sandbox.api_key
        monkeypatch.delenv("OPENAI_API_KEY")
        entry = host.entry("openai", openai={"api_key": key, "base_url": host.sandbox.openai_url, "api_type": "openai"})
        result = host.in_slices(entry, host.entry("bedrock"), diff=True, details=True)
        assert not result.get("failed")
        secrets = [key, host.sandbox.aws.secret_key]
        text = json.dumps([*host.slices, result])
        assert not [secret for secret in secrets if secret in text]
        assert len(json.dumps(host.slices[-1]["wait_state"])) < 20_000

    def test_secrets_of_the_environment_are_masked_in_errors(self, host: Host) -> None:
        key = host.sandbox.api_key
        host.sandbox.fault("openai.jobs.create", status=400, body={"error": {"message": f"Bad key {key}."}})
        result = host.in_slices(host.entry("openai"))
        assert result["failed"]
        assert key not in json.dumps(result)
        assert "Bad key" in result["msg"]


class TestTime:
    def test_a_slice_that_ends_while_a_quota_is_full(self, host: Host) -> None:
        host.sandbox.aws.settings(concurrent_jobs=1)
        models = [host.entry("bedrock", f"bot-{number}") for number in range(3)]
        result = host.in_slices(*models, details=True)
        assert all(found["model_id"] and found["action"] == "create" for found in host.well(result))
        waited = [
            part["progress"][key]["progress"]["stage"]
            for part in host.slices[1:]
            for key in part["progress"]
            if part["progress"][key]["run_id"] is None
        ]
        assert "waiting for the provider to accept the run" in waited
        assert len(host.sandbox.aws.jobs()) == 3
        assert host.sandbox.count(UPLOADS["bedrock"]) == 3

    def test_many_wait_for_their_turn(self, host: Host) -> None:
        host.sandbox.aws.settings(concurrent_jobs=1)
        models = [host.entry("bedrock", f"bot-{number}") for number in range(4)]
        assert all(found["model_id"] for found in host.well(host.run(*models)))

    @pytest.mark.parametrize(
        ("provider", "sliced"), [("openai", True), ("openai", False), ("bedrock", False), ("oci", True)]
    )
    def test_the_time_out_is_that_of_each_model(self, host: Host, provider: str, sliced: bool) -> None:
        settings = {"openai": host.sandbox.openai, "bedrock": host.sandbox.aws, "oci": host.sandbox.oci}
        settings[provider].settings(training_seconds=180.0)
        models = [host.entry(provider, wait_timeout=45), host.entry(provider, "patient", wait_timeout=3600)]
        result = host.in_slices(*models, wait_slice=30.0) if sliced else host.run(*models)
        late, patient = result["results"]
        assert (late["failed"], late["timed_out"], late["changed"]) == (True, True, True)
        assert late["run_id"]
        assert "wait_timeout" in late["msg"]
        assert (patient["failed"], patient["timed_out"]) == (False, False)
        host.watch()
        again = host.one(provider)
        assert again["run_id"] == late["run_id"]
        assert not again["changed"]
        assert host.count(CREATES)[provider] == 0

    @pytest.mark.parametrize("sliced", [True, False])
    def test_not_to_wait(self, host: Host, sliced: bool) -> None:
        run = host.in_slices if sliced else host.run
        results = host.well(run(*host.every(), wait=False, details=True))
        assert all(found["changed"] and found["run_id"] for found in results)
        assert [found["model_id"] for found in results[:2]] == [None, None]
        assert host.count(CREATES) == ONCE
        assert not run(*host.every(), wait=False)["changed"]

    def test_a_time_out_of_nought_is_not_to_wait(self, host: Host) -> None:
        results = host.well(host.run(*host.every(wait_timeout=0)))
        assert all(found["changed"] and found["run_id"] for found in results)
        assert [found["model_id"] for found in results[:2]] == [None, None]


class TestDataThatChange:
    def test_between_preview_and_sending(self, host: Host) -> None:
        models = [host.entry("openai", training_data=str(host.file)), host.entry("oci", training_data=chat())]
        first = host.run(*models, wait_slice=20.0)
        host.file.write_text(lines(chat(topic="refunds")))
        result = host.in_slices(*models, wait_state=first["wait_state"])
        assert result["results"][0]["failed"]
        assert "training_data changed while the task was running; nothing was sent" in result["msg"]
        assert host.count(CREATES) == {"openai": 0, "bedrock": 0, "oci": 1}
        assert host.sandbox.count(UPLOADS["openai"]) == 0
        assert result["results"][1]["model_id"]

    def test_between_preview_and_sending_in_one_slice(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        send = Pipeline._send

        def late(pipeline: Pipeline, *given: Any) -> Any:
            host.file.write_text(lines(chat(topic="refunds")))
            return send(pipeline, *given)

        monkeypatch.setattr(Pipeline, "_send", late)
        result = host.run(host.entry("openai", training_data=str(host.file)))
        assert "what was sent is not what was previewed" in result["msg"]
        assert result["changed"]
        assert host.count(CREATES)["openai"] == 0

    def test_once_it_is_sent_nobody_reads_it(self, host: Host) -> None:
        models = host.every()
        first = host.run(*models, wait_slice=20.0)
        second = host.run(*models, wait_slice=20.0, wait_state=first["wait_state"])
        assert all(state["run_id"] for state in second["progress"].values())
        host.file.unlink()
        assert all(found["model_id"] for found in host.well(host.in_slices(*models, wait_state=second["wait_state"])))


def oci_lines() -> str:
    return "".join(json.dumps({"prompt": f"{n}?", "completion": f"{n}."}) + "\n" for n in range(40))
