# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_fine_tuned_model through the engine, against the sandbox."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    NotFound,
    RateLimited,
    RunFailed,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.jobs import same_dated_name
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    MODEL,
    Host,
    chat_lines,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

RETRAIN: dict[str, Any] = {"retrain": "on_change"}
PREFIX = "llmops_finetune_"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("desired", "shown", "same"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", True),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", True),
        ("gpt-4o-mini", "gpt-4o-mini", True),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125", True),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-08-06", False),
        ("gpt-3.5-turbo-0125", "gpt-3.5-turbo-1106", False),
        ("gpt-4.1", "gpt-4.1-nano-2025-04-14", False),
        ("ft:gpt-4o-mini-2024-07-18:acme:a:1", "ft:gpt-4o-mini-2024-07-18:acme:b:2", False),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct", True),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct", False),
        ("davinci-002", "babbage-002", False),
        ("babbage", "babbage-002", False),
    ],
)
def test_model_names(desired: str, shown: str, same: bool) -> None:
    assert same_dated_name(desired, shown) is same


class TestEveryDialect:
    def test_what_is_told_of_a_job(self, any_host: Host) -> None:
        result = any_host.wanted(any_host.file())
        assert result["fine_tuned_model"] and result["trained_tokens"] > 0
        assert result["job_id"] == result["id"] == result["run_id"]

    def test_model_deleted_behind_our_back(self, any_host: Host) -> None:
        file_id = any_host.file()
        first = any_host.wanted(file_id)
        any_host.delete_model(first["fine_tuned_model"])
        any_host.sandbox.advance(1000)
        told: dict[str, Any] = {}
        if any_host.dialect == "compatible":  # which may list only what is deployed: somebody has to say it
            assert any_host.wanted(file_id)["model_verified"] is False
            told = {"missing_model_id": first["fine_tuned_model"]}
        second = any_host.wanted(file_id, **told)
        assert (second["action"], second["status"]) == ("create", "succeeded")
        assert any(first["fine_tuned_model"] in warning for warning in any_host.warnings)
        assert any_host.wanted(file_id, **told)["changed"] is False

    def test_adopted_by_its_id(self, any_host: Host) -> None:
        """A job that was made by hand."""
        file_id = any_host.file()
        job = {
            "model": any_host.base,
            "training_file": file_id,
            "suffix": "by-hand",
            "hyperparameters": {"n_epochs": 2},
        }
        job_id = any_host.sandbox.openai.seed(dialect=any_host.dialect, jobs=[job])["jobs"][0]
        any_host.sandbox.clear_log()
        result = any_host.wanted(file_id, job_id=job_id, hyperparameters={"n_epochs": "2"})
        assert (result["changed"], result["job_id"], result["status"]) == (False, job_id, "succeeded")
        with pytest.raises(InvalidInput, match="hyperparameters.n_epochs: 2 -> 3"):
            any_host.wanted(file_id, job_id=job_id, hyperparameters={"n_epochs": 3})
        with pytest.raises(NotFound):
            any_host.wanted(file_id, job_id="ftjob-nothere")
        assert any_host.sandbox.count("openai.jobs.create") == 0

    def test_adopted_then_trained_anew(self, host: Host) -> None:
        """The new run is found under the name, and beside the id of the old one."""
        file_id = host.file()
        job = {"model": host.base, "training_file": file_id, "suffix": "by-hand", "seed": 11}
        job_id = host.sandbox.openai.seed(jobs=[job])["jobs"][0]
        with pytest.raises(InvalidInput, match="name is missing"):
            host.wanted(file_id, name=None, job_id=job_id, seed=12, **RETRAIN)
        assert host.model(None, job_id=job_id)["changed"] is False
        with pytest.raises(InvalidInput, match="seed: 11 -> 12"):
            host.wanted(file_id, job_id=job_id, seed=12)
        anew = host.wanted(file_id, job_id=job_id, seed=12, **RETRAIN)
        assert (anew["action"], anew["job_id"] != job_id) == ("retrain", True)
        for options in ({}, {"job_id": job_id}):
            assert host.wanted(file_id, seed=12, **options)["job_id"] == anew["job_id"]
        assert host.model(None, job_id=job_id, state="absent")["changed"] is True
        assert host.wanted(file_id, seed=12)["changed"] is False

    def test_adopted_but_failed_or_not_there(self, host: Host) -> None:
        job_id = host.sandbox.openai.seed(jobs=[{"model": host.base, "status": "failed"}])["jobs"][0]
        with pytest.raises(RunFailed, match=job_id):
            host.model(None, job_id=job_id)
        for state in ("present", "absent", "cancelled"):
            with pytest.raises(NotFound, match="ftjob-AbCdEfGhIjKlMnOpQrStUvWx"):
                host.wanted("file-x", job_id="ftjob-AbCdEfGhIjKlMnOpQrStUvWx", state=state)

    def test_the_same_in_other_words(self, host: Host) -> None:
        file_id, check = host.file(), host.file(chat_lines(topic="letters"), "check")
        first = host.wanted(file_id, validation_file=check, seed=42, hyperparameters={"n_epochs": 2})
        method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": "2"}}}
        for options in (
            {"training_file": f"sha256:{sha(chat_lines()).upper()}"},
            {"validation_file": f"sha256:{sha(chat_lines(topic='letters'))}"},
            {"hyperparameters": {"n_epochs": "auto", "batch_size": "auto"}},
            {"method": method},
            {"method": {"type": "supervised"}},
        ):
            again = host.wanted(file_id, **options)
            assert (again["changed"], again["job_id"]) == (False, first["job_id"])

    def test_hyperparameters(self, any_host: Host) -> None:
        file_id = any_host.file()
        asked = {"n_epochs": "4", "learning_rate_multiplier": "1e-01", "batch_size": "auto"}
        any_host.wanted(file_id, hyperparameters=asked)
        assert any_host.wanted(file_id, hyperparameters=asked)["changed"] is False
        assert any_host.wanted(file_id, hyperparameters={"n_epochs": 4})["changed"] is False
        assert any_host.wanted(file_id)["changed"] is False
        assert any_host.wanted(file_id, hyperparameters={"n_epochs": "auto"})["changed"] is False
        with pytest.raises(InvalidInput, match="learning_rate_multiplier: 0.1 -> 0.2"):
            any_host.wanted(file_id, hyperparameters={"learning_rate_multiplier": 0.2})

    @pytest.mark.parametrize("unwaited", [{"wait": False}, {"wait_timeout": 0}])
    def test_who_does_not_wait_stops_a_run_all_the_same(self, any_host: Host, unwaited: dict[str, Any]) -> None:
        first = any_host.wanted(any_host.file(), **unwaited)
        options = {**unwaited, **RETRAIN, **any_host.surely(first["job_id"])}
        second = any_host.wanted(any_host.about("letters"), **options)
        assert (second["action"], second["changed"]) == ("retrain", True)
        assert any_host.uncancelled() == [second["job_id"]]

    def test_the_same_data_uploaded_again_is_no_change(self, any_host: Host) -> None:
        any_host.wanted(any_host.file(), name="bot")
        other = any_host.file(name="renamed")
        assert any_host.wanted(other, name="bot", **RETRAIN)["changed"] is False
        if any_host.dialect != "compatible":
            # Elsewhere the data of a job is known by its file's name only.
            any_host.dataset(name="parcels", state="absent")
            assert any_host.wanted(other, name="bot", **RETRAIN)["changed"] is False

    def test_twins_of_two_uploads(self, any_host: Host) -> None:
        """Two playbooks at once upload the data twice; the job that survived may be of the other file."""
        first, second = any_host.file(), any_host.file(name="again")
        job_id = any_host.wanted(second, wait=False)["job_id"]
        any_host.wanted(second, state="cancelled", **any_host.surely(job_id))
        survivor = any_host.wanted(first, retry_failed=True)
        for file_id in (first, second):
            result = any_host.wanted(file_id, **RETRAIN)
            assert (result["changed"], result["job_id"]) == (False, survivor["job_id"])

    def test_the_data_is_gone(self, any_host: Host) -> None:
        """The recorded sha256 is enough where the host keeps metadata; the file's name is gone with the file."""
        any_host.wanted(any_host.file())
        any_host.dataset(name="parcels", state="absent")
        reference = f"sha256:{sha(chat_lines())}"
        if any_host.dialect != "compatible":
            assert any_host.wanted(reference)["changed"] is False
        with pytest.raises(FineTuneError):
            any_host.wanted(f"sha256:{'0' * 64}", **RETRAIN)
        assert len(any_host.jobs()) == 1


class TestCost:
    @pytest.mark.parametrize("old", [10, 10_000])
    def test_a_converged_run_costs_two_requests(self, host: Host, old: int) -> None:
        file_id = host.file()
        host.sandbox.openai.seed(jobs=old, metadata={"team": "a"})
        host.wanted(file_id)
        host.sandbox.openai.seed(jobs=10, metadata={PREFIX + "name": "other"})
        host.sandbox.clear_log()
        assert host.wanted(file_id)["changed"] is False
        assert host.sandbox.count() <= 2, [entry["operation"] for entry in host.sandbox.requests()]
        host.sandbox.clear_log()
        assert host.wanted(f"sha256:{sha(chat_lines())}")["changed"] is False
        assert host.sandbox.count() <= 2

    def test_a_converged_run_with_many_of_the_name(self, host: Host) -> None:
        file_id = host.file()
        host.sandbox.openai.seed(jobs=250, metadata={PREFIX + "name": "support-bot", PREFIX + "training": "0" * 64})
        result = host.wanted(file_id, **RETRAIN)
        assert (result["action"], result["status"]) == ("retrain", "succeeded")
        assert host.wanted(file_id)["changed"] is False

    def test_a_host_that_ignores_the_filter(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "compatible")
        file_id = host.file()
        still_sandbox.openai.seed(dialect="compatible", jobs=350)
        host.wanted(file_id)
        assert host.wanted(file_id)["changed"] is False
        assert len(host.jobs()) == 1


class TestWhatIsSent:
    def test_markers_and_hidden_markers(self, host: Host) -> None:
        result = host.wanted(host.file(), metadata={"team": "a"})
        assert result["model"]["metadata"] == {"team": "a"}
        kept = host.jobs()[0]["metadata"]
        assert kept["team"] == "a"
        assert kept[PREFIX + "name"] == "support-bot"
        assert kept[PREFIX + "training"].startswith(sha(chat_lines())[:12])
        assert host.jobs()[0]["suffix"] == "support-bot"

    def test_alias_of_a_dated_model(self, host: Host) -> None:
        file_id = host.file()
        for alias in ("gpt-4o-mini", "gpt-3.5-turbo"):
            first = host.model(alias.replace(".", "-"), model=alias, training_file=file_id)
            assert first["model"]["model"] != alias
            assert host.model(alias.replace(".", "-"), model=alias, training_file=file_id)["changed"] is False
        with pytest.raises(InvalidInput, match=f"model: {MODEL} -> gpt-4o;?"):
            host.model("gpt-4o-mini", model="gpt-4o", training_file=file_id)

    def test_creation_options_only_warn(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id, suffix="one", metadata={"team": "a"})
        result = host.wanted(file_id, suffix="two", metadata={"team": "b"}, **RETRAIN)
        assert result["changed"] is False
        assert any("suffix: one -> two" in warning and "metadata.team: a -> b" in warning for warning in host.warnings)

    def test_seed(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id, seed=5)
        assert host.wanted(file_id, seed=5)["changed"] is False
        assert host.wanted(file_id)["changed"] is False
        with pytest.raises(InvalidInput, match="seed: 5 -> 6"):
            host.wanted(file_id, seed=6)

    def test_validation_file(self, host: Host) -> None:
        file_id, check = host.file(), host.file(chat_lines(topic="letters"), "check")
        result = host.wanted(file_id, validation_file=check)
        assert any("valid_loss" in key for key in result["metrics"])
        assert host.wanted(file_id, validation_file=check)["changed"] is False
        with pytest.raises(InvalidInput, match="validation_file: "):
            host.wanted(file_id, validation_file=file_id)

    def test_dpo(self, host: Host) -> None:
        line = {
            "input": {"messages": [{"role": "user", "content": "Hi?"}]},
            "preferred_output": [{"role": "assistant", "content": "Hello."}],
            "non_preferred_output": [{"role": "assistant", "content": "Go away."}],
        }
        file_id = host.file((json.dumps(line) + "\n") * 12)
        method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": "0.2"}}}
        result = host.wanted(file_id, method=method)
        assert result["model"]["method"]["dpo"]["hyperparameters"]["beta"] == 0.2
        assert host.wanted(file_id, method=method)["changed"] is False
        with pytest.raises(InvalidInput, match="method: dpo -> supervised"):
            host.wanted(file_id, method={"type": "supervised"})
        with pytest.raises(InvalidInput, match="beta: 0.2 -> 0.3"):
            host.wanted(file_id, method={"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.3}}})

    def test_only_what_runs_can_be_paused(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id, wait=False)
        with pytest.raises(ApiError, match="only a running job"):
            host.wanted(file_id, state="paused")


def test_a_run_known_by_its_data_alone_is_not_stopped_by_name(still_sandbox: Sandbox) -> None:
    """Where nothing is kept and nothing shown yet, it may be another name's, and somebody else's money."""
    host = Host(still_sandbox, "compatible")
    file_id = host.file()
    job_id = host.wanted(file_id, wait=False)["job_id"]
    for state in ("absent", "cancelled"):
        with pytest.raises(ApiError, match="may be one of 'support-bot'") as caught:
            host.wanted(file_id, state=state)
        assert "Give its id" in caught.value.hint
    assert host.uncancelled() == [job_id]


class TestFiles:
    def test_deleted_with_the_model(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id)
        files = host.sandbox.openai.default_account.files.by_id
        host.wanted(file_id, state="absent", delete_files=True)
        assert file_id not in files
        assert host.wanted(file_id, state="absent", delete_files=True)["changed"] is False

    def test_kept_without_the_option(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id)
        host.wanted(file_id, state="absent")
        assert file_id in host.sandbox.openai.default_account.files.by_id

    def test_kept_while_another_run_needs_them(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id, name="bot-a")
        host.wanted(file_id, name="bot-b", wait=False)
        result = host.wanted(file_id, name="bot-a", state="absent", delete_files=True)
        assert result["changed"] is True
        assert file_id in host.sandbox.openai.default_account.files.by_id
        assert host.wanted(file_id, name="bot-b")["status"] == "succeeded"

    def test_of_a_failed_run(self, host: Host) -> None:
        host.sandbox.openai.scenario("server_error")
        file_id = host.file()
        with pytest.raises(RunFailed):
            host.wanted(file_id)
        assert host.model(state="absent", delete_files=True)["changed"] is True
        assert file_id not in host.sandbox.openai.default_account.files.by_id

    def test_of_a_run_that_is_stopped(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id, wait=False)
        host.model(state="absent", delete_files=True)
        assert host.uncancelled() == []
        assert file_id not in host.sandbox.openai.default_account.files.by_id

    def test_a_file_that_is_not_there(self, any_host: Host) -> None:
        with pytest.raises(FineTuneError, match="training_file: the file file-nothere is not found"):
            any_host.wanted("file-nothere")
        with pytest.raises(FineTuneError, match="no uploaded file has the content"):
            any_host.wanted(f"sha256:{'0' * 64}")
        assert any_host.jobs() == []

    def test_a_file_that_azure_has_not_processed(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "azure")
        still_sandbox.openai.settings(file_processing_seconds=45.0)
        file_id = host.dataset(chat_lines(), wait=False)["file_id"]
        result = host.wanted(file_id)
        assert (result["status"], len(host.jobs())) == ("succeeded", 1)
        assert still_sandbox.count("openai.jobs.create") > 1


class TestWhatTheHostSays:
    def test_a_refusal_of_azure_is_not_that_of_openai(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "azure")
        file_id = host.file()
        body = {"error": {"code": "403", "message": "Access denied due to the firewall's rules."}}
        still_sandbox.fault("openai.jobs.create", status=403, body=body)
        with pytest.raises(ApiError, match="firewall") as caught:
            host.wanted(file_id)
        assert "check its permissions" in caught.value.hint

    def test_closed_organisation(self, host: Host) -> None:
        file_id = host.file()
        finished = host.wanted(file_id, name="old")
        host.sandbox.openai.change_account(closed=True)
        with pytest.raises(ApiError, match="not allowed to create fine-tuning jobs") as caught:
            host.wanted(file_id)
        assert "winding down" in caught.value.hint
        assert caught.value.facts["changed"] is False
        assert host.wanted(file_id, name="old")["job_id"] == finished["job_id"]
        assert host.info(name="old")[0]["status"] == "succeeded"
        assert host.model("old", state="absent")["changed"] is True

    def test_daily_limit(self, host: Host) -> None:
        host.sandbox.openai.settings(daily_jobs=1)
        file_id = host.file()
        host.wanted(file_id, name="first", wait=False)
        host.sandbox.clear_log()
        with pytest.raises(ApiError, match="maximum of 1 fine-tuning requests per day") as caught:
            host.wanted(file_id, name="second")
        assert "tomorrow" in caught.value.hint
        assert host.sandbox.count("openai.jobs.create") == 1

    def test_a_member_may_not_delete_models(self, host: Host) -> None:
        file_id = host.file()
        host.wanted(file_id)
        host.sandbox.openai.change_account(role="member")
        with pytest.raises(ApiError, match="needs the role Owner"):
            host.wanted(file_id, state="absent")

    def test_a_host_that_stays_down(self, host: Host) -> None:
        host.sandbox.fault("openai.*", status=502)
        with pytest.raises(TransientError, match="HTTP 502") as caught:
            host.wanted("file-x", max_retries=0)
        assert "<html>" not in caught.value.message.lower() or len(caught.value.message) < 600

    def test_nobody_listens(self, host: Host) -> None:
        with pytest.raises(TransientError, match="no answer from http://127.0.0.1:9"):
            host.wanted("file-x", base_url="http://127.0.0.1:9/v1", max_retries=0)

    def test_no_such_path(self, host: Host) -> None:
        with pytest.raises(ApiError, match="HTTP 404"):
            host.wanted("file-x", base_url=host.sandbox.url + "/v2", max_retries=0)

    def test_a_bad_model(self, host: Host) -> None:
        with pytest.raises(ApiError, match="Model gpt-9 is not available for fine-tuning") as caught:
            host.wanted(host.file(), model="gpt-9")
        assert caught.value.facts["changed"] is False

    @pytest.mark.parametrize(
        ("scenario", "words", "hint"),
        [
            ("unsafe_file", "unsafe training file", "safety checks"),
            ("unsafe_model", "safety evaluations", "change the data"),
            ("server_error", "internal error", "retry_failed"),
        ],
    )
    def test_failed_runs(self, host: Host, scenario: str, words: str, hint: str) -> None:
        host.sandbox.openai.scenario(scenario)
        with pytest.raises(RunFailed, match=words) as caught:
            host.wanted(host.file())
        assert hint in caught.value.hint

    def test_m3_a_model_that_the_safety_checks_refused_is_not_to_be_trained_again_as_it_is(self, host: Host) -> None:
        host.sandbox.openai.scenario("unsafe_model")
        with pytest.raises(RunFailed) as caught:
            host.wanted(host.file())
        assert "retry_failed" not in caught.value.hint

    def test_a_bad_file_that_was_not_validated(self, host: Host) -> None:
        file_id = host.dataset("not json\n" * 12, validate=False)["file_id"]
        with pytest.raises(RunFailed, match="invalid training file") as caught:
            host.wanted(file_id)
        assert "dataset_info" in caught.value.hint

    def test_a_run_on_bad_data_is_no_obstacle_to_one_on_good(self, host: Host) -> None:
        bad = host.dataset(chat_lines(3), validate=False)["file_id"]
        with pytest.raises(RunFailed, match="3 example.*invalid_n_examples"):
            host.wanted(bad)
        mended = host.wanted(host.about("letters"))
        assert (mended["action"], mended["status"]) == ("create", "succeeded")

    def test_a_hyperparameter_that_only_the_host_knows(self, host: Host) -> None:
        with pytest.raises(ApiError, match="HTTP 400"):
            host.wanted(host.file(), hyperparameters={"warmup": 3})
        assert any("passed on as it is: warmup" in warning for warning in host.warnings)

    def test_a_model_that_is_not_found_once_is_not_gone(self, host: Host) -> None:
        file_id = host.file()
        first = host.wanted(file_id)
        host.sandbox.fault("openai.models.retrieve", status=404, times=1)
        again = host.wanted(file_id)
        assert (again["changed"], again["job_id"]) == (False, first["job_id"])

    def test_of_another_organization(self, host: Host) -> None:
        with pytest.raises(ApiError, match="mismatched_organization") as caught:
            host.wanted("file-x", organization="org-of-somebody-else")
        assert "organization" in caught.value.hint

    def test_an_unknown_status(self, host: Host) -> None:
        file_id = host.file()
        job = host.wanted(file_id, wait=False)["job_id"]
        host.sandbox.openai.default_account.jobs.by_id[job].status = "reticulating"
        host.sandbox.openai.default_account.active.clear()
        with pytest.raises(ApiError, match="'reticulating', which this version does not know"):
            host.wanted(file_id)
        with pytest.raises(ApiError, match="reticulating"):
            host.wanted(file_id, state="absent")

    def test_a_name_that_belongs_to_another(self, host: Host) -> None:
        file_id = host.file()
        job = host.wanted(file_id, name="owner")["job_id"]
        with pytest.raises(InvalidInput, match="belongs to the name 'owner'"):
            host.wanted(file_id, name="thief", job_id=job)


class TestBadInput:
    """Each is one clear error before any request."""

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"name": "a b"}, "name is 'a b'"),
            ({"name": "bot\n"}, "name is 'bot"),
            ({"name": "x" * 65}, "name is 'x"),
            ({"model": None}, "model is missing"),
            ({"training_file": None}, "training_file is missing"),
            ({"training_file": "sha256:12"}, "64 hexadecimal digits"),
            ({"training_file": "check-mode:file:" + "0" * 64}, "a placeholder of check mode"),
            ({"model": "check-mode:model:bot"}, "model is 'check-mode:model:bot', a placeholder of check mode"),
            ({"job_id": "check-mode:job:bot"}, "job_id is 'check-mode:job:bot'"),
            ({"suffix": "x" * 65}, "suffix has 65 characters"),
            ({"seed": -1}, "seed is -1"),
            ({"seed": 2147483648}, "seed is 2147483648"),
            ({"hyperparameters": {"n_epochs": 0}}, "n_epochs is 0"),
            ({"hyperparameters": {"n_epochs": 51}}, "n_epochs is 51"),
            ({"hyperparameters": {"n_epochs": 2.5}}, "n_epochs is 2.5"),
            ({"hyperparameters": {"n_epochs": "many"}}, "n_epochs is 'many'"),
            ({"hyperparameters": {"n_epochs": True}}, "n_epochs is True"),
            ({"hyperparameters": {"batch_size": 257}}, "batch_size is 257"),
            ({"hyperparameters": {"learning_rate_multiplier": 0}}, "learning_rate_multiplier is 0"),
            ({"hyperparameters": {"learning_rate_multiplier": float("nan")}}, "learning_rate_multiplier is nan"),
            ({"hyperparameters": {"learning_rate_multiplier": float("inf")}}, "learning_rate_multiplier is inf"),
            ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 3}}}}, "beta is 3"),
            ({"method": {"type": "dpo", "supervised": {"hyperparameters": {"n_epochs": 1}}}}, "method.supervised"),
            ({"method": {"type": "dpo"}, "hyperparameters": {"n_epochs": 1}}, "short form"),
            ({"method": {"type": "reinforcement"}}, "grader is missing"),
            ({"metadata": {PREFIX + "name": "x"}}, "is reserved"),
            ({"metadata": {f"k{number}": "v" for number in range(13)}}, "metadata has 13 entries"),
            ({"metadata": {"k" * 65: "v"}}, "metadata: '"),
            ({"metadata": {"k": "v" * 513}}, "metadata: 'k'"),
            ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 6}, "integrations has 6 entries"),
            ({"integrations": [{"type": "wandb", "wandb": None}]}, "wandb.project"),
            ({"wait_timeout": -1}, "wait_timeout is -1"),
            ({"wait_slice": -1.0}, "wait_slice is -1"),
            ({"timeout": 0.0}, "timeout is 0"),
            ({"max_retries": -1}, "max_retries is -1"),
            ({"hyperparameters": {"lora_alpha": float("inf")}}, "lora_alpha is inf"),
            ({"organization": "Örg"}, "organization has a space, a line break or an accent"),
            ({"project": "proj-x\n"}, "project has a space, a line break or an accent"),
            ({"base_url": "https://host/v1?api-key=x"}, "base_url has a query"),
            ({"base_url": "localhost"}, "base_url is 'localhost'"),
            ({"ca_path": "/nonexistent/ca.pem"}, "ca_path: there is no file"),
            ({"api_type": "azure", "base_url": None}, "azure_endpoint is missing"),
            ({"api_type": "azure", "azure_endpoint": "https://x", "base_url": None}, "api_version is missing"),
            ({"api_key": None}, "api_key is missing"),
        ],
    )
    def test_refused(self, host: Host, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str) -> None:
        for variable in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"):
            monkeypatch.delenv(variable, raising=False)
        with pytest.raises(InvalidInput) as caught:
            host.wanted(**{"file_id": "file-x", **options})
        assert words in caught.value.text()
        assert host.sandbox.count() == 0

    def test_unknown_values_are_passed_on_with_a_warning(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "compatible")
        file_id = host.file()
        made = host.wanted(file_id, hyperparameters={"lora_r": "16", "max_steps": -1, "n_epochs": 2.0})
        assert any("lora_r" in warning for warning in host.warnings)
        sent = made["model"]["hyperparameters"]
        assert (sent["lora_r"], sent["max_steps"], repr(sent["n_epochs"])) == (16, -1, "2")
        assert host.wanted(file_id, hyperparameters={"lora_r": 16, "max_steps": -1})["changed"] is False
        with pytest.raises(InvalidInput, match="max_steps: -1 -> 5"):
            host.wanted(file_id, hyperparameters={"max_steps": 5})


class TestThrottled:
    def test_a_full_azure_queue_is_waited_for(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "azure")
        still_sandbox.openai.settings(azure_queued=1)
        file_id = host.file()
        host.wanted(file_id, name="first", wait=False)
        result = host.wanted(file_id, name="second")
        assert result["status"] == "succeeded"

    def test_nobody_waits(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "azure")
        still_sandbox.openai.settings(azure_queued=1)
        file_id = host.file()
        host.wanted(file_id, name="first", wait=False)
        with pytest.raises(RateLimited, match="maximum number of queued"):
            host.wanted(file_id, name="second", wait=False)


def test_an_empty_variable_of_the_environment_is_none(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWX injects empty texts for what a credential leaves out; the SDK alone would send them."""
    for variable in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_BASE_URL"):
        monkeypatch.setenv(variable, "")
    assert host.wanted(host.file())["status"] == "succeeded"
