# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with habits of their own: how they call models, what they cannot do, how they list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import FineTuneError
from ansible_collections.llmops.finetune.plugins.module_utils._openai.jobs import same_suffix
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
    # The first one's model is overwritten, so it is no answer to a wish for it.
    with pytest.raises(FineTuneError, match="trained differently"):
        tasks.wanted(first, "bot")
    assert tasks.model("bot", state="absent")["changed"] is True
    assert host.models == set()
