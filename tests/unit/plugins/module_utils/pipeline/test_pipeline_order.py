# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the steps, and that nothing is written that need not be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    UPLOADS,
    Host,
)

ONCE = dict.fromkeys(PROVIDERS, 1)
# The first request of each provider's preview.
_LOOKS = ("openai.jobs.list", "bedrock.ListModelCustomizationJobs", "oci.ListModels")


class TestOneFileAtAllProviders:
    def test_each_is_trained_once_on_the_same_examples(self, host: Host) -> None:
        results = host.well(host.run(*host.every()))
        assert [found["provider"] for found in results] == list(PROVIDERS)
        assert [found["status"] for found in results] == ["succeeded", "Completed", "ACTIVE"]
        assert all(found["changed"] and found["action"] == "create" and found["model_id"] for found in results)
        assert [found["dataset"]["training"]["format"] for found in results] == [
            "openai_chat",
            "bedrock_converse",
            "oci_completion",
        ]
        assert {found["dataset"]["training"]["source_format"] for found in results} == {"openai_chat"}
        assert {found["dataset"]["training"]["examples"] for found in results} == {40}
        assert host.count(CREATES) == ONCE
        assert host.count(UPLOADS) == ONCE

    def test_all_have_the_same_keys(self, host: Host) -> None:
        keys = [set(found) for found in host.run(*host.every())["results"]]
        absent = [set(found) for found in host.run(*host.every(state="absent"))["results"]]
        assert len({frozenset(found) for found in (*keys, *absent)}) == 1

    def test_again_nothing_is_written(self, host: Host) -> None:
        first = host.well(host.run(*host.every()))
        host.watch()
        result = host.run(*host.every())
        assert not result["changed"]
        assert host.writes() == []
        assert [found["model_id"] for found in host.well(result)] == [found["model_id"] for found in first]
        assert {found["action"] for found in host.well(result)} == {"none"}

    def test_again_after_the_data_were_deleted(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        host.forget_data()
        host.watch()
        for details in (False, True):
            assert not host.run(*host.every(), details=details).get("failed")
        assert host.writes() == []
        assert set(host.data_left().values()) == {0}

    def test_another_name_of_the_file_is_no_other_data(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        moved = host.file.rename(host.folder / "moved.jsonl")
        assert not host.run(*host.every(training_data=str(moved)))["changed"]

    def test_what_is_trained_elsewhere_is_waited_for(self, host: Host) -> None:
        started = host.well(host.run(*host.every(), wait=False))
        host.watch()
        results = host.well(host.run(*host.every()))
        assert host.writes() == []
        assert [found["run_id"] for found in results] == [found["run_id"] for found in started]
        assert all(found["model_id"] and not found["changed"] for found in results)
        assert [found["status"] for found in results] == ["succeeded", "Completed", "ACTIVE"]


class TestCheckMode:
    def test_writes_nothing_and_says_what_the_real_run_does(self, host: Host) -> None:
        foreseen = host.preview(*host.every())
        assert foreseen["changed"]
        assert host.writes() == []
        real = host.run(*host.every(), diff=True)
        for before, after in zip(host.well(foreseen), host.well(real), strict=True):
            assert (before["action"], before["changed"]) == (after["action"], after["changed"]) == ("create", True)
            assert before["diff"] == after["diff"]
            assert before["dataset_sha256"] == after["dataset_sha256"]
            assert before["estimated_training_tokens"] == after["estimated_training_tokens"] > 0
            assert (before["model_id"], bool(after["model_id"])) == ("check-mode:model:bot", True)
        assert foreseen["diff"] == real["diff"]
        assert [part["after_header"] for part in real["diff"]] == ["openai/bot", "bedrock/bot", "oci/bot"]

    def test_of_what_is_there(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        host.watch()
        foreseen = host.preview(*host.every())
        assert not foreseen["changed"]
        assert foreseen["diff"] == []
        assert host.writes() == []
        assert all(found["model_id"] for found in host.well(foreseen))

    def test_of_other_data(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        other: dict[str, Any] = {"training_data": str(host.folder / "other.jsonl"), "retrain": "on_change"}
        (host.folder / "other.jsonl").write_text(host.file.read_text().replace("parcels", "refunds"))
        foreseen = host.well(host.preview(*host.every(**other)))
        real = host.well(host.run(*host.every(**other)))
        assert [found["action"] for found in foreseen] == [found["action"] for found in real] == ["retrain"] * 3
        assert [found["changed"] for found in foreseen] == [found["changed"] for found in real] == [True] * 3

    @pytest.mark.parametrize("state", ["absent", "cancelled"])
    def test_of_other_states(self, host: Host, state: str) -> None:
        models = [host.entry(provider) for provider in PROVIDERS if (provider, state) != ("oci", "cancelled")]
        host.well(host.run(*models, wait=state == "absent"))
        host.watch()
        there = [{**entry, "state": state} for entry in models]
        foreseen = host.well(host.preview(*there))
        assert host.writes() == []
        real = host.well(host.run(*there))
        assert [found["action"] for found in foreseen] == [found["action"] for found in real]
        assert all(found["changed"] for found in (*foreseen, *real))
        assert not host.run(*there)["changed"]


class TestOrder:
    def test_everything_is_previewed_before_anything_is_written(self, host: Host) -> None:
        models = [host.entry(provider, f"bot-{number}") for provider in PROVIDERS for number in range(3)]
        host.well(host.run(*models))
        called = host.called()
        first = called.index(host.writes()[0])
        for look in _LOOKS:
            assert called[:first].count(look) >= 3, look

    def test_data_are_sent_before_a_run_is_started(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        writes = host.writes()
        for provider in PROVIDERS:
            assert writes.index(UPLOADS[provider]) < writes.index(CREATES[provider])

    def test_all_are_under_way_at_the_same_time(self, host: Host) -> None:
        began = host.clock.time()
        host.well(host.run(*[host.entry("openai", f"bot-{number}") for number in range(3)], wait=False))
        assert host.clock.time() - began < 20
        running = host.sandbox.openai.jobs()
        assert len(running) == 3


class TestFailures:
    def test_one_does_not_stop_the_others(self, host: Host) -> None:
        host.sandbox.control("POST", "/bedrock/scenarios", scenario="fail", model_name="bot", message="Capacity lost.")
        result = host.run(*host.every())
        assert result["failed"]
        assert result["changed"]
        assert result["msg"].startswith("1 of 3 models failed:\nbot (bedrock): ")
        assert "Capacity lost." in result["msg"]
        failed = result["results"][1]
        assert (failed["failed"], failed["changed"], failed["status"]) == (True, True, "Failed")
        assert failed["job_id"].startswith("arn:")
        assert "Capacity lost." in failed["msg"]
        assert failed["hint"]
        assert [found["failed"] for found in result["results"]] == [False, True, False]
        assert all(result["results"][index]["model_id"] for index in (0, 2))

    def test_one_that_is_refused_in_the_preview_does_not_stop_the_others(self, host: Host) -> None:
        host.sandbox.fault("oci.ListModels", status=401)
        result = host.run(*host.every())
        assert [found["failed"] for found in result["results"]] == [False, False, True]
        assert "HTTP 401" in result["msg"]
        assert host.count(CREATES) == {**ONCE, "oci": 0}

    def test_one_that_exists_with_other_settings_does_not_stop_the_others(self, host: Host) -> None:
        host.well(host.run(host.entry("openai", hyperparameters={"epochs": 2})))
        before = host.count(CREATES)["openai"]
        result = host.run(*host.every(hyperparameters={"epochs": 3}))
        assert [found["failed"] for found in result["results"]] == [True, False, False]
        assert "n_epochs: 2 -> 3" in result["msg"]
        assert host.count(CREATES) == {**ONCE, "openai": before}

    def test_of_one_alone_the_message_is_its_own(self, host: Host) -> None:
        host.sandbox.control("POST", "/oci/scenarios", scenario="fail", display_name="bot", message="Capacity lost.")
        result = host.run(host.entry("oci"))
        assert result["failed"]
        assert result["msg"].startswith("bot (oci): Model ocid1.")
        assert "models failed" not in result["msg"]

    def test_when_sending_fails(self, host: Host) -> None:
        host.sandbox.fault("s3.PutObject", status=403)
        result = host.run(*host.every())
        assert [found["failed"] for found in result["results"]] == [False, True, False]
        assert result["results"][1]["changed"] is False
        assert host.count(CREATES) == {**ONCE, "bedrock": 0}


class TestBadInput:
    def test_of_one_stops_all_and_names_each(self, host: Host) -> None:
        models = [
            host.entry("openai"),
            host.entry("bedrock", base_model=None),
            host.entry("oci", training_data=None),
            host.entry("bedrock", "no-bucket", bedrock={"bucket": None}),
        ]
        result = host.run(*models)
        assert result["failed"]
        assert not result["changed"]
        assert result["results"] == []
        told = result["msg"].splitlines()
        assert [line.split(":")[0] for line in told] == [
            "models[2] (bedrock/bot)",
            "models[3] (oci/bot)",
            "models[4] (bedrock/no-bucket)",
        ]
        assert "base_model is missing" in told[0]
        assert "training_data is missing" in told[1]
        assert "bedrock.bucket is missing" in told[2]
        assert host.called() == []

    def test_that_is_seen_in_the_data_or_in_the_preview(self, host: Host) -> None:
        models = [
            host.entry("openai"),
            host.entry("bedrock", training_data=str(host.folder / "nowhere.jsonl")),
            host.entry("oci", oci={"dedicated_ai_cluster_id": "nowhere"}, base_model="nowhere"),
        ]
        result = host.run(*models)
        assert result["failed"]
        assert not result["changed"]
        assert host.writes() == []
        assert "nowhere.jsonl does not exist" in result["msg"]
        assert "there is no model 'nowhere'" in result["msg"]
        assert [found["failed"] for found in result["results"]] == [False, True, True]
        assert result["results"][0]["action"] == "create"
        assert not result["results"][0]["changed"]

    def test_of_slices(self, host: Host) -> None:
        result = host.in_slices(host.entry("openai"), host.entry("oci", base_model="nowhere"))
        assert result["failed"]
        assert host.slices == []
        assert host.writes() == []

    def test_twice_the_same(self, host: Host) -> None:
        result = host.run(host.entry("openai"), host.entry("oci"), host.entry("openai", training_data=chat_text()))
        assert result["failed"]
        assert result["msg"] == "openai/bot occurs 2 times."
        assert host.called() == []

    def test_one_name_at_two_providers_is_no_clash(self, host: Host) -> None:
        assert not host.preview(*host.every()).get("failed")

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ({"name": ""}, "name is empty"),
            ({"base_model": ""}, "base_model is missing"),
            ({"training_data": ""}, "training_data is missing"),
            ({"wait_timeout": -1}, "wait_timeout is -1"),
        ],
    )
    def test_of_options(self, host: Host, given: dict[str, Any], says: str) -> None:
        result = host.run({**host.entry("openai"), **given})
        assert result["failed"]
        assert says in result["msg"]
        assert host.writes() == []

    def test_no_models(self, host: Host) -> None:
        result = host.run()
        assert result["failed"]
        assert result["msg"] == "models is empty. Give at least one."


def chat_text() -> str:
    return '{"messages": []}'
