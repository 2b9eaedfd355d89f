# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the preview accepts the run does, and what people are told of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    PROVIDERS,
    Host,
    chat,
)


class TestBeforeTheFirstWrite:
    """A green preview, then one model trained and paid, then a refusal of the other's upload: never again."""

    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize(
        ("entry", "says"),
        [
            (("oci", "support bot", {}), "support bot"),
            (("oci", "größe", {}), "größe"),
            (("oci", "b" * 129, {}), "1 to 128 letters"),
            (("oci", "bot", {"oci": {"prefix": "no-slash"}}), "ends with a slash"),
            (("oci", "bot", {"oci": {"bucket": "no/bucket"}}), "bucket"),
            (("bedrock", "bot", {"bedrock": {"bucket": "s3://bucket"}}), "s3://bucket"),
            (("bedrock", "bot", {"bedrock": {"prefix": "my data/"}}), "my data/"),
            (("bedrock", "bot", {"bedrock": {"prefix": "/x/"}}), "/x/"),
            (("openai", "bot 2", {}), "bot 2"),
            (("openai", "bot-2", {"openai": {"expires_after": 5}}), "expires_after is 5"),
        ],
    )
    def test_p1_one_that_cannot_be_sent_stops_all(
        self, host: Host, entry: tuple[str, str, dict[str, Any]], says: str, check_mode: bool
    ) -> None:
        provider, name, options = entry
        good = host.entry("openai", "good")
        result = host.run(good, host.entry(provider, name, **options), check_mode=check_mode)
        assert result["failed"]
        assert says in result["msg"]
        assert not result["changed"]
        assert host.writes() == []
        assert [found["failed"] for found in result["results"]] == [False, True]

    @pytest.mark.parametrize("provider", ["bedrock", "oci"])
    def test_p1_a_bucket_that_is_not_there_is_seen_in_the_preview(self, host: Host, provider: str) -> None:
        entry = host.entry(provider, **{provider: {"bucket": "nowhere-at-all"}})
        foreseen, real = host.preview(entry), host.run(entry)
        assert foreseen["failed"]
        assert real["failed"]
        assert "nowhere-at-all" in foreseen["msg"]
        assert host.writes() == []

    def test_p1_images_in_another_bucket_are_seen_in_the_preview(self, host: Host) -> None:
        user = {
            "role": "user",
            "content": [
                {"text": "What is it?"},
                {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://elsewhere/x.png"}}}},
            ],
        }
        rows = [
            {
                "schemaVersion": "bedrock-conversation-2024",
                "messages": [user, {"role": "assistant", "content": [{"text": f"A parcel, {number}."}]}],
            }
            for number in range(10)
        ]
        result = host.preview(host.entry("openai", "good"), host.entry("bedrock", training_data=rows))
        assert result["failed"]
        assert "elsewhere" in result["msg"]
        assert host.writes() == []

    def test_p1_what_is_there_needs_no_name_for_an_upload(self, host: Host) -> None:
        """A model of another tool is adopted, whatever it is called."""
        made = host.one("oci")
        found = host.preview(host.entry("oci", "support bot", oci={"model_id": made["model_id"]}))
        assert not found.get("failed"), found.get("msg")

    @pytest.mark.parametrize("provider", PROVIDERS)
    def test_p1_what_the_preview_accepts_is_trained(self, host: Host, provider: str) -> None:
        entry = host.entry(provider, "a-b-1")
        assert not host.preview(entry).get("failed")
        assert host.well(host.run(entry))[0]["model_id"]


class TestDataThatAreDeleted:
    def test_p4_they_are_in_the_difference(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        absent = [{**entry, "state": "absent", "delete_dataset": True} for entry in host.every()]
        foreseen = host.preview(*absent)
        real = host.run(*absent, diff=True)
        for result in (foreseen, real):
            for found in host.well(result):
                gone = " ".join(found["diff"]["before"]["exists"])
                assert found["dataset_sha256"] is None
                assert "bot" in gone
                assert len(found["diff"]["before"]["exists"]) >= 2, "the model and its data"
                assert found["diff"]["after"]["exists"] == []
                assert (found["action"], found["changed"]) == ("delete", True)
        assert foreseen["diff"] == real["diff"]
        assert [part["before_header"] for part in real["diff"]] == ["openai/bot", "bedrock/bot", "oci/bot"]

    def test_p4_data_alone_are_a_difference_too(self, host: Host) -> None:
        host.well(host.run(*host.every()))
        host.well(host.run(*[{**entry, "state": "absent"} for entry in host.every()]))
        absent = [{**entry, "state": "absent", "delete_dataset": True} for entry in host.every()]
        for found in host.well(host.preview(*absent)):
            assert (found["action"], found["changed"]) == ("delete", True)
            assert found["diff"]["before"]["exists"]


class TestBesideARefusal:
    @pytest.mark.parametrize("check_mode", [True, False])
    @pytest.mark.parametrize("sliced", [True, False])
    def test_p4_the_others_say_that_nothing_was_done(self, host: Host, check_mode: bool, sliced: bool) -> None:
        done = host.one("openai", "done")
        models = [host.entry("openai", "done"), host.entry("openai"), host.entry("oci", base_model="nowhere")]
        slices = {"wait_slice": 20.0} if sliced else {}
        host.watch()
        result = host.run(*models, check_mode=check_mode, **slices)
        assert result["failed"]
        there, other, refused = result["results"]
        assert (other["failed"], other["changed"], other["action"]) == (False, False, "create")
        assert other["msg"] == "Nothing was done for it, as another model of this task was refused."
        assert other["hint"]
        assert (there["msg"], there["model_id"]) == ("", done["model_id"])
        assert "nowhere" in refused["msg"]
        assert host.writes() == []
        assert not result["changed"]


class TestWarnings:
    def test_g3_they_are_warnings_of_ansible(self, host: Host) -> None:
        rows = chat(12) + chat(1)
        result = host.preview(host.entry("openai", training_data=rows, hyperparameters={"epoch": 3}))
        told = [text for text in result["warnings"] if "epoch" in text]
        assert len(told) == 1
        assert told[0].startswith("bot (openai): ")
        assert result["results"][0]["warnings"]
        assert len(set(result["warnings"])) == len(result["warnings"])
        assert [text for text in result["warnings"] if "repeated" in text or "same" in text or "twice" in text]

    def test_g3_of_a_failed_task_too(self, host: Host) -> None:
        entry = host.entry("openai", hyperparameters={"epoch": 3}, max_training_tokens=1)
        result = host.run(entry)
        assert result["failed"]
        assert "epoch" in " ".join(result["warnings"])

    def test_g3_once_over_all_slices(self, host: Host) -> None:
        host.sandbox.openai.settings(training_seconds=120.0)
        rows = chat(12) + chat(1)
        result = host.in_slices(host.entry("openai", training_data=rows))
        assert len(host.slices) > 2
        assert not [part for part in host.slices if "warnings" in part]
        assert len(result["warnings"]) == len(set(result["warnings"])) >= 1

    def test_g3_what_the_caller_has_told_is_not_told_again(self, host: Host) -> None:
        rows = chat(12) + chat(1)
        first = host.run(host.entry("openai", training_data=rows), wait_slice=20.0)
        told = [["bot (openai)", text] for text in first["results"][0]["warnings"]]
        state = {**first["wait_state"], "warned": told}
        result = host.in_slices(host.entry("openai", training_data=rows), wait_state=state)
        assert not result.get("failed")

    def test_g3_many_models_share_one(self, host: Host) -> None:
        rows = chat(12) + chat(1)
        result = host.preview(*[host.entry("openai", f"bot-{number}", training_data=rows) for number in range(30)])
        assert len(result["warnings"]) == 1
        assert "bot-0 (openai), bot-1 (openai), bot-2 (openai) and 27 more: " in result["warnings"][0]


class TestMissing:
    def test_m2_all_that_is_missing_is_named_at_once(self, host: Host) -> None:
        result = host.run(
            {"provider": "bedrock", "name": "a", "training_data": "x.jsonl"},
            {"provider": "oci", "name": "b", "base_model": "meta.llama-3.3-70b-instruct", "validation_data": "y"},
            {"provider": "bedrock", "name": "c", "state": "absent", "delete_dataset": True},
            {"provider": "oci", "name": "d", "state": "absent", "delete_dataset": True},
        )
        assert result["failed"]
        wanted = {
            "models[1] (bedrock/a)": ("base_model", "bedrock.bucket", "bedrock.role_arn", "bedrock.output_s3_uri"),
            "models[2] (oci/b)": ("training_data", "oci.compartment_id", "oci.bucket", "oci.dedicated_ai_cluster_id"),
            "models[3] (bedrock/c)": ("bedrock.bucket",),
            "models[4] (oci/d)": ("oci.compartment_id", "oci.bucket"),
        }
        lines = result["msg"].splitlines()
        for where, options in wanted.items():
            told = " ".join(line for line in lines if line.startswith(where))
            assert [option for option in options if f"{option} is missing" not in told] == []
        assert "OCI takes none" in result["msg"]
        assert host.called() == []


class TestCommonOptions:
    def test_o5_what_models_have_in_common_is_said_once(self, host: Host) -> None:
        own = {provider: host.own[provider] for provider in ("bedrock", "oci")}
        models = [{key: value for key, value in entry.items() if key not in PROVIDERS} for entry in host.every()]
        result = host.run(*models, **own)
        assert all(found["model_id"] for found in host.well(result))
        host.watch()
        assert not host.run(*host.every())["changed"]

    def test_o5_an_entry_counts_more(self, host: Host) -> None:
        models = [
            host.entry("openai", "a"),
            host.entry("openai", "b", openai={"seed": 9}),
            host.entry("openai", "c", openai={"max_retries": 0}),
        ]
        host.well(host.run(*models, openai={"seed": 5, "suffix": "shared", "validate_certs": True}))
        jobs = [job.to_dict() for job in host.openai.fine_tuning.jobs.list().data]
        seeds = {job["metadata"]["llmops_finetune_name"]: job["seed"] for job in jobs}
        assert seeds == {"a": 5, "b": 9, "c": 5}

    def test_o5_aliases_are_options_in_both_places(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(variable, raising=False)
        region = host.sandbox.aws.region
        found = host.preview(host.entry("bedrock"), bedrock={"aws_region": region})
        assert not found.get("failed"), found.get("msg")
        wrong = host.preview(host.entry("bedrock", bedrock={"region": region}), bedrock={"aws_region": "nowhere-1"})
        assert not wrong.get("failed"), wrong.get("msg")


EVIL = "\x1b]0;owned\x07\x9b2J\rTASK [fake] ***\nok: [localhost]\u2028x\u202ey\x00"


def harmless(value: Any) -> bool:
    return all(ord(letter) >= 32 and not 127 <= ord(letter) <= 159 or letter in "\n\t" for letter in value)


class TestTerminal:
    """What a host or a user writes is shown, and not obeyed."""

    def test_o3_a_message_of_the_provider(self, host: Host) -> None:
        host.sandbox.control("POST", "/bedrock/scenarios", scenario="fail", model_name="bot", message=f"Lost{EVIL}.")
        result = host.run(host.entry("bedrock"))
        assert result["failed"]
        text = json.dumps(result, ensure_ascii=False)
        assert not [letter for letter in "\x1b\x07\x9b\r\u2028\u202e\x00" if letter in text]
        for told in (result["msg"], result["results"][0]["msg"]):
            assert harmless(told)
            assert "Lost" in told
            assert not [line for line in told.splitlines()[1:] if not line.startswith(" ")]

    def test_o3_a_name(self, host: Host) -> None:
        result = host.run(host.entry("openai", f"bot{EVIL}"), diff=True)
        assert result["failed"]
        assert harmless(json.dumps(result, ensure_ascii=False))
        assert not [line for line in result["msg"].splitlines()[1:] if line.startswith(("TASK", "ok:"))]

    def test_o3_a_name_that_is_refused_before_all(self, host: Host) -> None:
        result = host.run(host.entry("openai", f"bot{EVIL}", base_model=None))
        assert harmless(result["msg"])
        assert len(result["msg"].splitlines()) == 1


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("gpt-4o-mini", True),
        ("gpt-4.1-nano-2025-04-14", True),
        ("gpt-3.5-turbo-0125", True),
        ("o4-mini-2025-04-16", True),
        ("babbage-002", True),
        ("ft:gpt-4o-mini-2024-07-18:acme:bot:x", True),
        ("gpt-9", False),
    ],
)
def test_g3_an_unknown_base_model_of_openai_is_warned_of(host: Host, model: str, known: bool) -> None:
    result = host.preview(host.entry("openai", base_model=model, openai={"api_type": "openai"}))
    told = [text for text in result.get("warnings", ()) if "is not known to this version" in text]
    assert told == (
        []
        if known
        else [f"bot (openai): The base model '{model}' is not known to this version; it is passed on as it is."]
    )
    host.watch()
    elsewhere = host.preview(host.entry("openai", base_model=model, openai={"api_type": "compatible"}))
    assert not [text for text in elsewhere.get("warnings", ()) if "is not known to this version" in text]
