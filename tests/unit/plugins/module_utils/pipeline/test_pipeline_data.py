# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data: files and examples, converted for each provider where nothing is lost; and what is deleted of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    UPLOADS,
    Host,
    chat,
    lines,
)

TALK = {
    "messages": [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "content": "On its way."},
        {"role": "user", "content": "Since when?"},
        {"role": "assistant", "content": "Since Monday."},
    ]
}


def pairs(count: int = 40) -> list[dict[str, str]]:
    return [{"prompt": f"Question {number}?", "completion": f"Answer {number}."} for number in range(count)]


class TestGiven:
    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_a_file_text_and_a_list_are_the_same(self, host: Host, provider: str) -> None:
        found = host.one(provider)
        for given in (lines(chat()), chat()):
            again = host.one(provider, training_data=given)
            assert (again["action"], again["dataset_sha256"]) == ("none", found["dataset_sha256"])

    def test_a_file_in_the_user_s_home(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(host.folder))
        found = host.preview(host.entry("openai", training_data="~/chat.jsonl"))
        assert host.well(found)[0]["dataset"]["training"]["examples"] == 40

    @pytest.mark.parametrize(
        ("given", "says"),
        [
            ("nowhere.jsonl", "nowhere.jsonl does not exist"),
            ("{}\n{}", "line 1"),
            ([], "There is no example in it"),
            ([1, 2], "Item 1"),
            ("\n", "There is no example in it"),
            (7, "content"),
            ({"messages": []}, "line 1"),
        ],
    )
    @pytest.mark.parametrize("option", ["training_data", "validation_data"])
    def test_what_is_no_data_is_refused(self, host: Host, option: str, given: Any, says: str) -> None:
        result = host.run(host.entry("openai", **{option: given}))
        assert result["failed"]
        assert option in result["msg"]
        assert says in result["msg"]
        assert host.writes() == []

    def test_d8_a_missing_file_is_said_to_be_looked_up_on_the_controller(self, host: Host) -> None:
        places = ["/play/files/nowhere.jsonl", "/play/nowhere.jsonl"]
        result = host.run(host.entry("openai", training_data="nowhere.jsonl"), data_places={"nowhere.jsonl": places})
        assert result["failed"]
        assert "nowhere.jsonl does not exist" in result["msg"]
        assert "looked up on the controller" in result["msg"]
        assert "copy the file there" not in result["msg"]
        for place in places:
            assert place in result["msg"]
        absolute = host.run(host.entry("openai", training_data=str(host.folder / "nowhere.jsonl")))["msg"]
        assert "nowhere.jsonl does not exist" in absolute and "controller" in absolute
        assert "copy the file there" not in absolute

    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_d8_a_format_that_no_host_takes_is_named_once(self, host: Host, provider: str) -> None:
        alpaca = [{"instruction": f"Say {number}.", "input": "", "output": f"{number}."} for number in range(40)]
        message = host.preview(host.entry(provider, training_data=alpaca))["msg"]
        assert message.count("Alpaca's format (instruction, input, output), which no host takes") == 1
        assert "missing_key" not in message
        names = {"openai": "openai_chat", "bedrock": "bedrock_converse", "oci": "oci_completion"}
        assert [name in message for name in names.values()] == [provider == other for other in names]
        misspelt = host.preview(host.entry(provider, training_data=[{"mesages": []}] * 40))["msg"]
        assert "missing_key" in misspelt

    @pytest.mark.parametrize("provider", ["openai", "bedrock"])
    def test_g6_the_same_data_to_validate_with_is_a_warning(self, host: Host, provider: str) -> None:
        result = host.run(host.entry(provider, validation_data=chat()))
        told = result["results"][0]["warnings"]
        assert sum("data for validation are those" in warning for warning in told) == 1

    def test_too_few_examples_are_refused_by_the_provider_that_needs_more(self, host: Host) -> None:
        result = host.run(*host.every(training_data=chat(20)))
        assert result["failed"]
        assert [found["failed"] for found in result["results"]] == [False, False, True]
        assert "32" in result["msg"]
        assert host.writes() == []

    @pytest.mark.parametrize("number", [1, 7, 40])
    def test_a_wrong_line_is_named(self, host: Host, number: int) -> None:
        examples: list[Any] = chat()
        examples[number - 1] = {"messages": [{"role": "user", "content": ""}]}
        result = host.run(*host.every(training_data=examples))
        assert result["failed"]
        assert result["msg"].count(f"line {number}:") >= 3
        assert all(found["failed"] for found in result["results"])


class TestConversion:
    @pytest.mark.parametrize(
        ("provider", "base_model", "source", "wanted"),
        [
            ("openai", "gpt-4o-mini", "openai_chat", "openai_chat"),
            ("bedrock", "amazon.nova-micro-v1:0", "openai_chat", "bedrock_converse"),
            # Without a system message, both are written alike.
            ("bedrock", "anthropic.claude-3-haiku-20240307-v1:0:200k", "bedrock_claude", "bedrock_claude"),
            ("bedrock", "amazon.titan-text-premier-v1:0:32k", "openai_chat", "bedrock_completion"),
            ("oci", "meta.llama-3.3-70b-instruct", "openai_chat", "oci_completion"),
        ],
    )
    def test_of_one_chat_file(self, host: Host, provider: str, base_model: str, source: str, wanted: str) -> None:
        found = host.preview(host.entry(provider, base_model=base_model))
        assert not found.get("failed"), found["msg"]
        data = found["results"][0]["dataset"]["training"]
        assert (data["format"], data["source_format"], data["examples"]) == (wanted, source, 40)

    def test_what_the_provider_takes_is_sent_byte_by_byte(self, host: Host) -> None:
        text = "".join(json.dumps(pair, indent=None, separators=(", ", ":  ")) + "\n" for pair in pairs())
        host.file.write_text(text)
        host.one("oci")
        place = host.sandbox.oci
        (found,) = host.oci.client("object_storage").list_objects(place.namespace, place.bucket).data["objects"]
        stored = host.oci.client("object_storage").get_object(place.namespace, place.bucket, found["name"]).data.content
        assert stored.decode() == text

    def test_back_from_prompt_and_completion(self, host: Host) -> None:
        host.file.write_text(lines(pairs()))
        results = host.well(host.preview(*host.every()))
        assert [found["dataset"]["training"]["format"] for found in results] == [
            "openai_chat",
            "bedrock_converse",
            "oci_completion",
        ]

    def test_several_turns_are_kept_where_they_can_be(self, host: Host) -> None:
        host.file.write_text(lines([*chat(), TALK]))
        results = host.well(host.run(host.entry("openai"), host.entry("bedrock")))
        assert all(found["dataset"]["training"]["examples"] == 41 for found in results)

    @pytest.mark.parametrize(
        ("provider", "base_model"),
        [("oci", "meta.llama-3.3-70b-instruct"), ("bedrock", "amazon.titan-text-premier-v1:0:32k")],
    )
    def test_several_turns_are_refused_where_they_would_be_lost(
        self, host: Host, provider: str, base_model: str
    ) -> None:
        host.file.write_text(lines([*chat(6), TALK, *chat()]))
        for check_mode in (True, False):
            models = [host.entry("openai", "other"), host.entry(provider, base_model=base_model)]
            result = host.run(*models, check_mode=check_mode)
            assert result["failed"]
            assert "training_data" in result["msg"]
            assert "line 7: The example has 4 messages" in result["msg"]
        assert host.writes() == []

    def test_there_is_nothing_that_allows_to_lose_something(self, host: Host) -> None:
        from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import (
            argument_spec,
            model_options,
        )

        assert not [option for option in (*model_options(), *argument_spec()) if "lossy" in option]


class TestValidation:
    @pytest.mark.parametrize("provider", ["openai", "bedrock"])
    def test_it_is_converted_and_sent_beside(self, host: Host, provider: str) -> None:
        other = chat(12, "refunds")
        found = host.one(provider, validation_data=other)
        assert found["dataset"]["validation"]["examples"] == 12
        assert found["dataset"]["validation"]["format"] == found["dataset"]["training"]["format"]
        assert host.count(UPLOADS)[provider] == 2
        if provider == "openai":
            assert host.openai.fine_tuning.jobs.list().data[0].validation_file
        else:
            job = host.client().get_model_customization_job(jobIdentifier=found["job_id"])
            assert job["validationDataConfig"]["validators"][0]["s3Uri"].startswith("s3://")
        assert host.one(provider, validation_data=other)["action"] == "none"

    @pytest.mark.parametrize("provider", ["openai", "bedrock"])
    def test_another_one_is_another_model(self, host: Host, provider: str) -> None:
        host.one(provider, validation_data=chat(12, "refunds"))
        result = host.run(host.entry(provider, validation_data=chat(12, "returns")))
        assert "was trained differently" in result["msg"]
        assert "validat" in result["msg"]

    def test_oci_takes_none(self, host: Host) -> None:
        result = host.run(host.entry("oci", validation_data=chat(12)))
        assert result["failed"]
        assert "OCI takes none" in result["msg"]
        assert "80 to 20" in result["msg"]
        assert host.called() == []

    @pytest.mark.parametrize("provider", ["openai", "bedrock"])
    def test_its_curve(self, host: Host, provider: str) -> None:
        entry = host.entry(provider, validation_data=chat(12, "refunds"))
        (found,) = host.well(host.run(entry, details=True))
        assert found["curve"]["training"]
        assert found["curve"]["validation"]
        for points in found["curve"].values():
            assert [step for step, _loss in points] == sorted({step for step, _loss in points})
            assert all(loss > 0 for _step, loss in points)
        loss = {"openai": "train_loss", "bedrock": "training_loss"}[provider]
        assert found["metrics"][loss] > 0
        (again,) = host.well(host.run(entry, details=True))
        assert (again["curve"], again["metrics"]) == (found["curve"], found["metrics"])

    def test_without_details_nothing_more_is_asked(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        (found, other, third) = host.well(host.run(*host.every()))
        assert found["curve"] == other["curve"] == third["curve"] == {}

    def test_a_curve_that_cannot_be_read_is_left_out(self, host: Host) -> None:
        host.one("openai")
        host.sandbox.fault("openai.files.content", status=403)
        host.sandbox.fault("openai.jobs.events", status=403)
        (found,) = host.well(host.run(host.entry("openai"), details=True))
        assert found["curve"] == {}
        assert not found["failed"]

    def test_oci_shows_the_last_loss_only(self, host: Host) -> None:
        (found,) = host.well(host.run(host.entry("oci"), details=True))
        assert found["curve"] == {}
        assert found["metrics"]["training_loss"] > 0


class TestDeleting:
    def test_data_stay_unless_it_is_asked(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        host.well(host.run(*host.every(state="absent")))
        assert host.data_left() == dict.fromkeys(PROVIDERS, 1)

    def test_data_go_when_it_is_asked(self, host: Host) -> None:
        two = {"validation_data": chat(12, "refunds")}
        host.well(host.run(host.entry("openai", **two), host.entry("bedrock", **two), host.entry("oci")))
        before = host.data_left()
        assert (before["openai"], before["bedrock"], before["oci"]) == (2, 2, 1)
        result = host.run(*host.every(state="absent", delete_dataset=True))
        assert all(found["changed"] for found in host.well(result))
        assert host.data_left() == dict.fromkeys(PROVIDERS, 0)
        assert not host.run(*host.every(state="absent", delete_dataset=True))["changed"]

    def test_check_mode_tells_of_data_alone(self, host: Host) -> None:
        """The models are gone, the data are not."""
        host.well(host.run(*host.every()))
        host.well(host.run(*host.every(state="absent")))
        host.watch()
        foreseen = host.well(host.preview(*host.every(state="absent", delete_dataset=True)))
        assert host.writes() == []
        real = host.well(host.run(*host.every(state="absent", delete_dataset=True)))
        assert [found["changed"] for found in real] == [True] * 3
        assert [found["changed"] for found in foreseen] == [True] * 3
        assert [found["action"] for found in foreseen] == [found["action"] for found in real]
        assert host.data_left() == dict.fromkeys(PROVIDERS, 0)

    def test_in_slices(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        there = host.every(state="absent", delete_dataset=True)
        result = host.in_slices(*there)
        assert all(found["changed"] and found["action"] == "delete" for found in host.well(result))
        assert host.data_left() == dict.fromkeys(PROVIDERS, 0)

    def test_data_of_others_stay(self, host: Host) -> None:
        host.well(host.run(*host.every(), *host.every(name="bot-two")))
        host.well(host.run(*host.every(state="absent", delete_dataset=True)))
        assert host.data_left() == dict.fromkeys(PROVIDERS, 1)
        assert not host.run(*host.every(name="bot-two"))["changed"]

    def test_nothing_of_it_is_needed_but_the_name(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        models: list[dict[str, Any]] = [
            {"provider": "openai", "name": "bot", "state": "absent", "delete_dataset": True},
            {
                "provider": "bedrock",
                "name": "bot",
                "state": "absent",
                "delete_dataset": True,
                "bedrock": {"bucket": host.sandbox.aws.data_bucket},
            },
            {
                "provider": "oci",
                "name": "bot",
                "state": "absent",
                "delete_dataset": True,
                "oci": {"compartment_id": host.sandbox.oci.compartment_id, "bucket": host.sandbox.oci.bucket},
            },
        ]
        assert all(found["changed"] for found in host.well(host.run(*models)))
        assert host.data_left() == dict.fromkeys(PROVIDERS, 0)
        assert host.count(CREATES) == dict.fromkeys(PROVIDERS, 1)

    @pytest.mark.parametrize("provider", ["bedrock", "oci"])
    def test_the_bucket_is(self, host: Host, provider: str) -> None:
        entry = host.entry(provider, state="absent", delete_dataset=True)
        entry[provider].pop("bucket")
        result = host.run(entry)
        assert result["failed"]
        assert f"{provider}.bucket is missing" in result["msg"]
        assert host.writes() == []
