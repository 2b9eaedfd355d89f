# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with habits of their own: how they call models, what they cannot do, how they list."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.jobs import same_suffix
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import chat_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.small_host import (
    SmallHost,
    SmallTasks,
    small_host,
)

LATER = 1000
SHOWN = ("id", "status", "created_at", "finished_at", "model", "fine_tuned_model", "training_file")
NO_MODELS: dict[str, Any] = {"error": {"message": "Not Found"}}


@pytest.fixture
def small() -> Iterator[tuple[SmallHost, SmallTasks]]:
    """The host and tasks for it."""
    with small_host() as found:
        yield found.host, found.tasks


# -- H5: whose a model is, by its name alone ---------------------------------------------------------------------

HEX = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("suffix", "model", "ours"),
    [
        ("support-bot", "acme/Qwen3-32B-support-bot-1a2b3c4d", True),
        ("support-bot", f"qwen3-32b.ft-{HEX}-support-bot", True),
        ("support-bot", "qwen3-32b-2026-01-02.ft-12ab34-support-bot", True),
        ("support-bot", "accounts/acme/models/support-bot", True),
        ("support-bot", "ft-support-bot-ab12cd", True),
        ("Support_Bot", "ft-support-bot-ab12cd", True),
        ("support-bot", "Qwen3-32B-support-bot-ftjob-1f2e3d4c-aaaa", True),
        ("bot", "acme/Qwen3-32B-support-bot-1a2b3c4d", None),
        ("support", "acme/Qwen3-32B-support-bot-1a2b3c4d", None),
        ("bot", "ft-bot-2-ab12cd", None),
        ("bot", f"qwen3-32b.ft-{HEX}-bot-2", None),
        ("bot", f"qwen3-32b.ft-{HEX}-v2-bot", None),
        ("bot", f"qwen3-32b.ft-{HEX}-bot-20260101", None),
        ("bot", "acme/qwen3-32b-bot-20260101", None),
        ("qwen3", "acme/Qwen3-32B-support-bot-1a2b3c4d", None),
        ("qwen3-32b", "acme/Qwen3-32B-1a2b3c4d", None),
        ("acme", "acme/Qwen3-32B-support-bot-1a2b3c4d", None),
        ("acme", "ft:Qwen3-32B:acme::1a2b3c4d", None),
    ],
)
def test_h5_a_part_of_a_models_name_is_no_suffix(suffix: str, model: str, ours: bool | None) -> None:
    job = {"id": "ftjob-1f2e3d4c-aaaa", "model": "acme/Qwen3-32B", "fine_tuned_model": model}
    assert same_suffix(suffix, job) is ours


@pytest.mark.parametrize("name", ["bot", "qwen3", "support", "support-bot-2"])
def test_h5_a_model_with_a_longer_name_is_never_deleted(small: tuple[SmallHost, SmallTasks], name: str) -> None:
    host, tasks = small
    host.shows = lambda job: {key: value for key, value in job.items() if key in SHOWN}
    host.names = lambda job: f"acme/Qwen3-32B-{job['suffix']}-1a2b3c4d"
    made = tasks.wanted(host.add_file("one.jsonl"), "support-bot")
    host.now += LATER
    host.calls.clear()
    assert tasks.model(name, state="absent")["changed"] is False
    assert host.writes == []
    changed = {"retrain": "on_change", "delete_previous": True}
    assert tasks.wanted(host.add_file(f"two-{HEX[:12]}.jsonl"), name, **changed)["changed"] is True
    assert made["fine_tuned_model"] in host.models
    assert tasks.model("support-bot", state="absent")["changed"] is True
    assert made["fine_tuned_model"] not in host.models


@pytest.mark.parametrize("base", ["acme/Qwen3-32B", "acme/Llama-3.1-8B"])
def test_h5_models_with_other_settings_on_the_same_data(small: tuple[SmallHost, SmallTasks], base: str) -> None:
    """The host shows neither suffix nor metadata; the data are sent under each model's name."""
    host, tasks = small
    host.shows = lambda job: {key: value for key, value in job.items() if key not in ("metadata", "suffix")}
    wanted: dict[str, dict[str, Any]] = {
        "bot": {"model": "acme/Qwen3-32B"},
        "bot-long": {"model": base, "hyperparameters": {"n_epochs": 9}},
        "bot-short": {"model": base, "hyperparameters": {"n_epochs": 1}},
    }
    files = {name: host.add_file(f"{name}-{HEX[:12]}.jsonl") for name in wanted}
    made = {name: tasks.wanted(files[name], name, **options)["job_id"] for name, options in wanted.items()}
    assert sorted(made.values()) == ["ftjob-1", "ftjob-2", "ftjob-3"]
    host.now += LATER
    host.calls.clear()
    for _run in range(2):
        for name, options in wanted.items():
            again = tasks.wanted(files[name], name, retrain="on_change", delete_previous=True, **options)
            assert (again["action"], again["job_id"]) == ("none", made[name])
    assert host.writes == []


# -- H1: hosts that call each model of a name the same -----------------------------------------------------------


def test_h1_a_missing_model_is_paid_once_where_its_successor_has_the_same_id(
    small: tuple[SmallHost, SmallTasks],
) -> None:
    host, tasks = small
    host.names = lambda job: str(job["suffix"])
    host.rule = lambda method, path, body: (404, NO_MODELS) if path.startswith("/models") else None
    file_id = host.add_file()
    tasks.wanted(file_id, "bot")
    host.now += LATER
    assert tasks.wanted(file_id, "bot", missing_model_id="bot")["action"] == "create"
    for _run in range(2):
        host.now += LATER
        again = tasks.wanted(file_id, "bot", missing_model_id="bot")
        assert (again["action"], again["job_id"], len(host.jobs)) == ("none", "ftjob-2", 2)


def test_h3_the_previous_model_is_not_deleted_where_the_new_one_has_its_id(
    small: tuple[SmallHost, SmallTasks],
) -> None:
    host, tasks = small
    host.names = lambda job: str(job["suffix"])
    first, second = host.add_file("one.jsonl"), host.add_file("two.jsonl")
    tasks.wanted(first, "bot")
    host.now += LATER
    changed = {"retrain": "on_change", "delete_previous": True}
    for _run in range(3):
        tasks.wanted(second, "bot", **changed)
        host.now += LATER
    assert (host.models, len(host.jobs)) == ({"bot"}, 2)
    # The first one's model is overwritten, so it is no answer to a desired state for it.
    with pytest.raises(FineTuneError, match="trained differently"):
        tasks.wanted(first, "bot")
    assert tasks.model("bot", state="absent")["changed"] is True
    assert host.models == set()


# -- H3: what else a host cannot do ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 405, 501, 400, 409])
def test_h3_a_host_that_cannot_cancel_says_what_goes_on(small: tuple[SmallHost, SmallTasks], status: int) -> None:
    host, tasks = small
    file_id = host.add_file()
    tasks.wanted(file_id, "bot", wait=False)
    host.rule = lambda method, path, body: (status, {"error": {"message": "No"}}) if "cancel" in path else None
    for task in (
        lambda: tasks.model("bot", state="cancelled"),
        lambda: tasks.model("bot", state="absent", wait=False),
        lambda: tasks.wanted(file_id, "bot", model="acme/other", retrain="on_change", wait=False),
    ):
        with pytest.raises(FineTuneError) as caught:
            task()
        assert caught.value.facts["changed"] is False
        assert "run the task again" in caught.value.hint
    assert len(host.jobs) == 1


@pytest.mark.parametrize("status", [409, 501])
def test_h3_a_clear_no_to_a_deletion_changes_nothing(small: tuple[SmallHost, SmallTasks], status: int) -> None:
    """Hosts answer 409 where the model is deployed."""
    host, tasks = small
    tasks.wanted(host.add_file(), "bot")
    host.now += LATER
    host.rule = lambda method, path, body: (status, {"error": {"message": "No"}}) if method == "DELETE" else None
    with pytest.raises(FineTuneError) as caught:
        tasks.model("bot", state="absent")
    assert caught.value.facts["changed"] is False
    assert caught.value.hint


def test_h4_a_duplicate_that_cannot_be_cancelled_is_named(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    file_id = host.add_file()
    hidden_until = 0.0

    def rule(method: str, path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        nonlocal hidden_until
        if path.endswith("/cancel"):
            return 405, {"error": {"message": "Method Not Allowed"}}
        if method == "POST" and not host.jobs:
            host.add_job(**body)
            hidden_until = host.now + 8
            return 502, {"error": {"message": "Bad Gateway"}}
        return None

    host.rule = rule
    host.page = lambda found: {
        "data": [job for job in found if job["id"] != "ftjob-1" or host.now >= hidden_until],
        "has_more": False,
    }
    made = tasks.wanted(file_id, "bot")
    assert (made["status"], made["job_id"]) == ("succeeded", "ftjob-1")
    assert sum("ftjob-2" in told and "could not be cancelled" in told for told in tasks.warnings) == 1
    again = tasks.wanted(file_id, "bot")
    assert (again["action"], len(host.jobs)) == ("none", 2)
    assert any("a second model" in told for told in tasks.warnings)


def test_h4_a_pending_duplicate_that_cannot_be_cancelled_is_no_failure(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    file_id = host.add_file()
    first = tasks.wanted(file_id, "bot", wait=False)
    again = {key: value for key, value in host.jobs[0].items() if key in ("model", "training_file", "metadata")}
    host.now += 1
    host.add_job(**again)
    host.rule = lambda method, path, body: (405, {"error": {"message": "No"}}) if path.endswith("/cancel") else None
    for wait in (False, True):
        assert tasks.wanted(file_id, "bot", wait=wait)["job_id"] == first["job_id"]
        assert sum("ftjob-2" in told and "could not be cancelled" in told for told in tasks.warnings) == 1


# -- H1: lists, clocks and files ---------------------------------------------------------------------------------


def test_h1_a_host_without_pages_shows_all_on_the_first(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    host.page = lambda found: {"data": found}
    file_id = host.add_file()
    for count, name in enumerate(("bot", "bot-2", "bot-3"), 1):
        assert tasks.wanted(file_id, name)["action"] == "create"
        assert tasks.wanted(file_id, "bot")["action"] == "none"
        assert len(host.jobs) == count


@pytest.mark.parametrize("has_more", [True, None])
def test_h1_a_list_that_may_be_cut_proves_nothing(small: tuple[SmallHost, SmallTasks], has_more: bool | None) -> None:
    host, tasks = small
    told = {} if has_more is None else {"has_more": True}
    host.page = lambda found: {"data": found[:20], **told}
    file_id = host.add_file()
    for _job in range(20):
        host.add_job("acme/other", file_id, metadata={"team": "other"})
    with pytest.raises(FineTuneError, match="the same page again and again"):
        tasks.wanted(file_id, "bot")
    assert len(host.jobs) == 20


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
def test_h1_a_model_that_is_listed_late_is_waited_for_whatever_this_clock_says(
    small: tuple[SmallHost, SmallTasks], off: float
) -> None:
    host, tasks = small
    tasks.kind = "openai"
    made = tasks.wanted(host.add_file(), "bot", wait=False)
    host.now += 70  # it ended ten seconds ago
    late = host.now + 20
    host.rule = lambda method, path, body: (
        (404, NO_MODELS)
        if path.startswith("/models/") and host.now < late
        else (200, {"data": [{"id": tasks.base}]})
        if path == "/models" and host.now < late
        else None
    )
    tasks.off(off)
    again = tasks.wanted(made["model"]["training_file"], "bot")
    assert (again["action"], again["job_id"], len(host.jobs)) == ("none", made["job_id"], 1)


@pytest.mark.parametrize(
    "shown", [{"status": "error"}, {"status": "deleted"}, {"status": "expired"}, {"expires_at": 1789999990}]
)
@pytest.mark.parametrize("by", ["id", "sha256"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_p3_a_file_that_cannot_be_trained_on_is_refused_in_the_preview(
    small: tuple[SmallHost, SmallTasks], shown: dict[str, Any], by: str, check_mode: bool
) -> None:
    host, tasks = small
    file_id = host.add_file(f"bot-{'a' * 12}.jsonl")
    host.files[0].update(shown)
    with pytest.raises(FineTuneError, match="training_file") as caught:
        tasks.wanted(file_id if by == "id" else f"sha256:{'a' * 64}", "bot", check_mode=check_mode)
    assert "openai_dataset" in caught.value.hint
    assert host.writes == []


def test_p3_a_file_that_went_after_it_was_trained_on_is_no_concern(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    file_id = host.add_file()
    tasks.wanted(file_id, "bot")
    host.now += LATER
    host.files.clear()
    assert tasks.wanted(file_id, "bot")["action"] == "none"


def _takes_files(host: SmallHost, status: str) -> None:
    name = f"parcels-{sha256(chat_lines().encode()).hexdigest()[:12]}.jsonl"

    def rule(method: str, path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        if (method, path) != ("POST", "/files"):
            return None
        host.add_file(name, status)
        host.files[0]["bytes"] = len(chat_lines())
        return 200, host.files[0]

    host.rule = rule


def test_p3_a_dataset_that_has_expired_is_sent_again(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    _takes_files(host, "processed")
    first = tasks.dataset(chat_lines())["file_id"]
    assert tasks.dataset(chat_lines())["action"] == "none"
    host.files[0]["expires_at"] = int(host.now) - 1
    assert tasks.dataset(chat_lines(), check_mode=True)["action"] == "create"
    assert tasks.dataset(chat_lines())["file_id"] != first


def test_t1_a_file_that_nobody_processes_is_not_waited_for_in_vain(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    _takes_files(host, "uploaded")
    before = host.now
    made = tasks.dataset(chat_lines())
    assert (made["status"], host.now - before < 200) == ("uploaded", True)
    assert tasks.dataset(chat_lines())["action"] == "none"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_h1_a_host_that_lists_no_files_and_shows_no_suffix(small: tuple[SmallHost, SmallTasks], status: int) -> None:
    host, tasks = small
    host.shows = lambda job: {key: value for key, value in job.items() if key not in ("metadata", "suffix")}
    shows_one = status == 404
    host.rule = lambda method, path, body: (
        (status, {"error": {"message": "No"}})
        if path == "/files" or (path.startswith("/files/") and not shows_one)
        else None
    )
    file_id = host.add_file()
    made = tasks.wanted(file_id, "bot")
    assert made["action"] == "create"
    for options in ({}, {"retrain": "on_change"}, {"check_mode": True}):
        again = tasks.wanted(file_id, "bot", **options)
        assert (again["action"], again["job_id"], len(host.jobs)) == ("none", made["job_id"], 1)


def test_t1_a_busy_host_is_told_by_a_task_that_does_not_wait(small: tuple[SmallHost, SmallTasks]) -> None:
    host, tasks = small
    host.rule = lambda method, path, body: (409, {"error": {"message": "One at a time"}}) if method == "POST" else None
    with pytest.raises(FineTuneError) as caught:
        tasks.wanted(host.add_file(), "bot", wait=False)
    assert "Nothing was started. Run the task again later." in caught.value.hint
    assert caught.value.facts["changed"] is False
