# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hyperparameters by neutral and by native names, and the guard of what is spent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    PROVIDERS,
    Host,
    chat,
)

COHERE = "cohere.command-r-08-2024"


def sent(host: Host, provider: str) -> Any:
    """The hyperparameters that the provider was asked for."""
    if provider == "openai":
        method = host.openai.fine_tuning.jobs.list().data[0].method.to_dict()
        return method[method["type"]]["hyperparameters"]
    if provider == "bedrock":
        client = host.client()
        job = client.list_model_customization_jobs()["modelCustomizationJobSummaries"][0]["jobArn"]
        return client.get_model_customization_job(jobIdentifier=job)["hyperParameters"]
    found = host.sandbox.oci.models()[-1]["id"]
    return host.oci.client("generative_ai").get_model(found).data["fineTuneDetails"]["trainingConfig"]


class TestNames:
    def test_neutral_ones_become_the_provider_s(self, host: Host) -> None:
        results = [
            host.one("openai", hyperparameters={"epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5}),
            host.one("bedrock", hyperparameters={"epochs": 2, "learning_rate": 1e-5}),
            host.one("oci", hyperparameters={"epochs": 2, "lora_rank": 16, "learning_rate": 1e-4}),
        ]
        assert [found["settings"] for found in results] == [
            {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5},
            {"epochCount": 2, "learningRate": 1e-5},
            {"total_training_epochs": 2, "lora_r": 16, "learning_rate": 1e-4},
        ]
        assert [found["epochs"] for found in results] == [2, 2, 2]
        openai, bedrock, oci = (sent(host, provider) for provider in PROVIDERS)
        assert (openai["n_epochs"], openai["batch_size"], openai["learning_rate_multiplier"]) == (2, 4, 0.5)
        assert (bedrock["epochCount"], float(bedrock["learningRate"])) == ("2", 1e-5)
        assert (oci["totalTrainingEpochs"], oci["loraR"], oci["learningRate"]) == (2, 16, 1e-4)
        assert oci["trainingConfigType"] == "LORA_TRAINING_CONFIG"

    def test_native_ones_pass(self, host: Host) -> None:
        host.one("openai", hyperparameters={"n_epochs": 2})
        host.one("bedrock", hyperparameters={"epochCount": 2})
        host.one("oci", hyperparameters={"total_training_epochs": 2, "lora_r": 4})
        assert sent(host, "openai")["n_epochs"] == 2
        assert sent(host, "bedrock")["epochCount"] == "2"
        assert sent(host, "oci")["loraR"] == 4

    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_by_either_name_it_is_the_same_model(self, host: Host, provider: str) -> None:
        native = {"openai": "n_epochs", "bedrock": "epochCount", "oci": "total_training_epochs"}[provider]
        host.one(provider, hyperparameters={"epochs": 2})
        assert host.one(provider, hyperparameters={native: "2"})["action"] == "none"
        result = host.run(host.entry(provider, hyperparameters={native: 3}))
        assert "was trained differently" in result["msg"]

    def test_strings_as_a_survey_gives_them(self, host: Host) -> None:
        host.well(host.run(*host.every(hyperparameters={"epochs": "2"})))
        assert not host.run(*host.every(hyperparameters={"epochs": 2}))["changed"]
        assert [found["epochs"] for found in host.run(*host.every(hyperparameters={"epochs": "2"}))["results"]] == [
            2
        ] * 3

    @pytest.mark.parametrize(
        ("provider", "name"),
        [
            ("openai", "learning_rate"),
            ("openai", "lora_rank"),
            ("bedrock", "lora_dropout"),
            ("bedrock", "learning_rate_multiplier"),
            ("oci", "learning_rate_multiplier"),
        ],
    )
    def test_one_that_the_provider_lacks_is_refused(self, host: Host, provider: str, name: str) -> None:
        result = host.run(host.entry(provider, hyperparameters={name: 1}))
        assert result["failed"]
        assert f"hyperparameters.{name}: {provider} has none" in result["msg"]
        assert "epochs" in result["msg"]
        assert host.called() == []

    @pytest.mark.parametrize(
        ("provider", "given", "says"),
        [
            ("openai", {"epochs": 2, "n_epochs": 3}, "n_epochs is given twice"),
            ("bedrock", {"epochs": 2, "epochCount": 3}, "epochCount is given twice"),
            ("oci", {"lora_r": 8, "lora_rank": 4}, "lora_r is given twice"),
            ("oci", {"nonsense": 1}, "nonsense"),
            ("oci", {"epochs": "many"}, "total_training_epochs"),
            ("openai", {"epochs": 99}, "n_epochs"),
        ],
    )
    def test_wrong_ones_are_refused(self, host: Host, provider: str, given: dict[str, Any], says: str) -> None:
        result = host.run(host.entry(provider, hyperparameters=given))
        assert result["failed"]
        assert says in result["msg"]
        assert host.writes() == []


class TestOfAMethod:
    METHOD: dict[str, Any] = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}

    def preference(self) -> list[dict[str, Any]]:
        return [
            {
                "input": {"messages": [{"role": "user", "content": f"Question {number}?"}]},
                "preferred_output": [{"role": "assistant", "content": f"Yes, {number}."}],
                "non_preferred_output": [{"role": "assistant", "content": f"No, {number}."}],
            }
            for number in range(12)
        ]

    def test_they_join_its_own(self, host: Host) -> None:
        given = {
            "training_data": self.preference(),
            "hyperparameters": {"epochs": 2},
            "openai": {"method": self.METHOD},
        }
        found = host.one("openai", **given)
        assert found["dataset"]["training"]["format"] == "openai_preference"
        made = sent(host, "openai")
        assert (made["n_epochs"], made["beta"]) == (2, 0.2)
        assert host.one("openai", **given)["action"] == "none"

    def test_given_there_and_neutrally(self, host: Host) -> None:
        method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 4}}}
        result = host.run(host.entry("openai", hyperparameters={"epochs": 2}, openai={"method": method}))
        assert result["failed"]
        assert "n_epochs is given twice" in result["msg"]
        assert host.writes() == []

    def test_the_guard_knows_its_epochs(self, host: Host) -> None:
        method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 10}}}
        usual = host.preview(host.entry("openai", hyperparameters={"epochs": 1}))["results"][0]
        found = host.preview(host.entry("openai", openai={"method": method}))["results"][0]
        assert found["epochs"] == 10
        assert found["estimated_training_tokens"] == 10 * usual["estimated_training_tokens"]


class TestKindOfTraining:
    """OCI takes no hyperparameters without it."""

    def kind(self, host: Host, base: str, hyperparameters: dict[str, Any], **own: Any) -> Any:
        shape = "SMALL_COHERE_V2" if base == COHERE else "LARGE_GENERIC"
        cluster = host.sandbox.oci.clusters[shape]
        found = host.one(
            "oci",
            base_model=base,
            hyperparameters=hyperparameters,
            oci={"dedicated_ai_cluster_id": cluster, **own},
        )
        assert found["model_id"]
        return sent(host, "oci")["trainingConfigType"]

    def test_of_cohere_it_is_t_few(self, host: Host) -> None:
        assert self.kind(host, COHERE, {"epochs": 1}) == "TFEW_TRAINING_CONFIG"

    def test_of_cohere_by_its_ocid(self, host: Host) -> None:
        base = host.sandbox.oci.base_model_ids[COHERE]
        cluster = host.sandbox.oci.clusters["SMALL_COHERE_V2"]
        host.one("oci", base_model=base, hyperparameters={"epochs": 1}, oci={"dedicated_ai_cluster_id": cluster})
        assert sent(host, "oci")["trainingConfigType"] == "TFEW_TRAINING_CONFIG"

    def test_of_all_others_it_is_lora(self, host: Host) -> None:
        assert self.kind(host, "meta.llama-3.1-70b-instruct", {"epochs": 1}) == "LORA_TRAINING_CONFIG"

    def test_it_can_be_given(self, host: Host) -> None:
        found = host.preview(
            host.entry(
                "oci",
                base_model="cohere.command-light",
                hyperparameters={"num_of_last_layers": 3},
                oci={
                    "training_config_type": "VANILLA_TRAINING_CONFIG",
                    "dedicated_ai_cluster_id": "check-mode:cluster:tuning",
                },
            )
        )["results"][0]
        assert found["diff"]["after"]["fine_tune_details.training_config"] == {
            "training_config_type": "VANILLA_TRAINING_CONFIG",
            "num_of_last_layers": 3,
        }

    def test_without_settings_the_service_chooses(self, host: Host) -> None:
        assert "fine_tune_details.training_config" not in host.preview(host.entry("oci"))["results"][0]["diff"]["after"]


class TestGuard:
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_g1_more_tokens_than_allowed_are_refused_by_the_upper_side(
        self, host: Host, provider: str, check_mode: bool
    ) -> None:
        entry = host.entry(provider, hyperparameters={"epochs": 2})
        found = host.preview(entry)["results"][0]
        estimate, most = found["estimated_training_tokens"], found["estimated_training_tokens_max"]
        assert most >= 1.15 * estimate
        assert not host.preview({**entry, "max_training_tokens": most}).get("failed")
        others = [host.entry(other) for other in PROVIDERS if other != provider]
        host.watch()
        result = host.run(*others, {**entry, "max_training_tokens": most - 1}, check_mode=check_mode)
        assert result["failed"]
        assert f"estimated at {estimate} tokens, and may take up to {most}; max_training_tokens is" in result["msg"]
        assert host.writes() == []
        assert result["results"][2]["estimated_training_tokens"] == estimate

    def test_epochs_count(self, host: Host) -> None:
        once, thrice = (
            host.preview(host.entry("openai", hyperparameters={"epochs": epochs}))["results"][0] for epochs in (1, 3)
        )
        assert thrice["estimated_training_tokens"] == 3 * once["estimated_training_tokens"]

    @pytest.mark.parametrize(("examples", "epochs"), [(10, 10), (12, 9), (40, 3)])
    def test_of_no_epochs_those_of_openai_are_taken(self, host: Host, examples: int, epochs: int) -> None:
        for given in ({}, {"epochs": "auto"}):
            entry = host.entry("openai", training_data=chat(examples), hyperparameters=given)
            assert host.preview(entry)["results"][0]["epochs"] == epochs

    def test_of_no_epochs_the_default_of_the_others(self, host: Host) -> None:
        results = host.preview(host.entry("bedrock"), host.entry("oci"))["results"]
        assert [found["epochs"] for found in results] == [2, 3]

    def test_where_nobody_knows(self, host: Host) -> None:
        entry = host.entry("bedrock", base_model="mistral.unheard-of-v1:0")
        assert host.preview(entry)["results"][0]["estimated_training_tokens"] is None
        result = host.preview({**entry, "max_training_tokens": 10**9})
        assert result["failed"]
        assert "is unknown" in result["msg"]
        assert "hyperparameters.epochs" in result["msg"]

    def test_what_is_there_is_no_matter(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        assert not host.run(*host.every(max_training_tokens=1)).get("failed")

    def test_what_is_trained_already_is_no_matter(self, host: Host) -> None:
        host.well(host.run(*host.every(), wait=False))
        assert not host.run(*host.every(max_training_tokens=1)).get("failed")

    def test_none_is_no_limit_and_nought_is_one(self, host: Host) -> None:
        assert not host.preview(host.entry("openai", max_training_tokens=None)).get("failed")
        assert host.preview(host.entry("openai", max_training_tokens=0))["failed"]


class TestHostsThatShowLess:
    def test_h5_two_base_models_on_one_dataset(self, host: Host) -> None:
        """At a host that shows neither metadata nor suffix, and hashes the names of base models."""
        host.sandbox.openai.settings(metadata="null", suffix="hidden", model_names="hashed")
        own = {"api_type": "compatible", "base_url": host.sandbox.compatible_url}
        models = [
            host.entry("openai", "bot-llama", base_model="meta-llama/Llama-3.1-8B-Instruct", openai=own),
            host.entry("openai", "bot-qwen", base_model="Qwen/Qwen3-32B", openai=own),
        ]
        for model in models:
            assert host.well(host.preview(model))[0]["action"] == "create"
            assert host.well(host.in_slices(model))[0]["action"] == "create"
            host.sandbox.advance(1000)
        host.watch()
        for _again in range(2):
            results = host.well(host.in_slices(*models))
            assert [found["action"] for found in results] == ["none", "none"]
        assert host.writes() == []
        assert len(host.sandbox.openai.jobs()) == 2

    @pytest.mark.parametrize("dialect", ["compatible", "gateway", "selfhosted"])
    def test_h1_a_second_run_writes_nothing(self, host: Host, dialect: str) -> None:
        urls = {"compatible": host.sandbox.compatible_url, "gateway": host.sandbox.gateway_url}
        own = {"api_type": "compatible", "base_url": urls.get(dialect, host.sandbox.selfhosted_url)}
        model = host.entry("openai", base_model="Qwen/Qwen3-32B", openai=own)
        assert host.well(host.in_slices(model))[0]["action"] == "create"
        host.sandbox.advance(1000)
        host.watch()
        found = host.well(host.in_slices(model))[0]
        assert (found["action"], found["model_verified"], host.writes()) == ("none", dialect == "compatible", [])
        hidden = [warning for warning in found["warnings"] if "does not show the model" in warning]
        assert len(hidden) == (dialect != "compatible")
