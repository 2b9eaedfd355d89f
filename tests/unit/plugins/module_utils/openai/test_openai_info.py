# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_fine_tuned_model_info against the sandbox, and the result file in its two forms."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput, NotFound
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.steps import ResultFile
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

CSV = b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,1.5,0.5,,\n2,0.5,0.75,0.6,0.7\n"
ROWS = [
    {"step": 1, "train_loss": 1.5, "train_accuracy": 0.5},
    {"step": 2, "train_loss": 0.5, "train_accuracy": 0.75, "valid_loss": 0.6, "valid_mean_token_accuracy": 0.7},
]


def rows_of(content: bytes) -> list[dict[str, Any]]:
    """The rows of a result file, which comes in small pieces."""
    rows = ResultFile()
    for begin in range(0, len(content), 7):
        rows.take(content[begin : begin + 7])
    return rows.end()


@pytest.mark.parametrize("dialect", ["openai", "azure", "compatible"])
def test_everything_of_a_job(still_sandbox: Sandbox, dialect: str) -> None:
    host = Host(still_sandbox, dialect)
    made = host.wanted(host.file(), metadata={"team": "a"})
    options = {"events": True, "checkpoints": True, "steps": True}
    found = host.info(job_id=made["job_id"], **options)
    assert len(found) == 1
    entry = found[0]
    assert (entry["job_id"], entry["status"], entry["reason"]) == (made["job_id"], "succeeded", "")
    assert entry["fine_tuned_model"] == made["fine_tuned_model"]
    if dialect == "compatible":
        # This host has neither; that is no error.
        assert (entry["events"], entry["checkpoints"], entry["steps"]) == ([], [], [])
        return
    assert entry["name"] == "support-bot"
    assert entry["model"]["metadata"] == {"team": "a"}
    assert host.info(name="support-bot")[0]["job_id"] == made["job_id"]
    assert any("successfully completed" in event["message"] for event in entry["events"])
    assert all("fine_tuned_model_checkpoint" in checkpoint for checkpoint in entry["checkpoints"])
    steps = [step["step"] for step in entry["steps"]]
    assert steps == sorted(steps)
    assert entry["steps"][-1]["train_loss"] > 0


def test_all_events_of_a_long_job(host: Host) -> None:
    """More than a page of them."""
    made = host.wanted(host.file(chat_lines(60)), hyperparameters={"n_epochs": 5, "batch_size": 1})
    events = host.info(job_id=made["job_id"], events=True)[0]["events"]
    assert len(events) > 300
    assert len({event["id"] for event in events}) == len(events)


def test_steps_without_a_result_file(host: Host) -> None:
    """The metrics events tell them too, where the file was deleted or may not be read."""
    made = host.wanted(host.file())
    whole = host.info(job_id=made["job_id"], steps=True)[0]["steps"]
    host.sandbox.fault("openai.files.content", status=403)
    from_events = host.info(job_id=made["job_id"], steps=True)[0]["steps"]
    assert [step["step"] for step in from_events] == [step["step"] for step in whole]


@pytest.mark.parametrize("dialect", ["openai", "azure"])
def test_filters(still_sandbox: Sandbox, dialect: str) -> None:
    host = Host(still_sandbox, dialect)
    still_sandbox.openai.seed(dialect=dialect, jobs=30, metadata={"team": "old"})
    host.wanted(host.file(), name="one", metadata={"team": "new"})
    assert [entry["name"] for entry in host.info(name="one")] == ["one"]
    assert host.info(name="two") == []
    assert len(host.info(metadata={"team": "old"})) == 30
    assert [entry["name"] for entry in host.info(metadata={"team": "new"})] == ["one"]
    assert {entry["status"] for entry in host.info(status=["failed", "cancelled"])} == {"failed", "cancelled"}
    assert len(host.info(limit=5)) == 5
    assert len(host.info()) == 31


def test_a_failed_job_tells_why(host: Host) -> None:
    host.sandbox.openai.seed(jobs=[{"status": "failed", "error": "invalid_training_file", "metadata": {"x": "y"}}])
    entry = host.info(metadata={"x": "y"}, events=True, checkpoints=True, steps=True)[0]
    assert "invalid_training_file" in entry["reason"]
    assert entry["steps"] == []


def test_limit_saves_requests(host: Host) -> None:
    host.sandbox.openai.seed(jobs=500)
    host.sandbox.clear_log()
    assert len(host.info(limit=3)) == 3
    assert host.sandbox.count() == 1


def test_not_there(host: Host) -> None:
    with pytest.raises(NotFound, match="ftjob-nothere"):
        host.info(job_id="ftjob-nothere")
    with pytest.raises(InvalidInput, match="limit is -1"):
        host.info(limit=-1)


@pytest.mark.parametrize("content", [CSV, base64.b64encode(CSV), CSV.replace(b"\n", b"\r\n")])
def test_result_file(content: bytes) -> None:
    assert rows_of(content) == ROWS


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not it", b"bm90IGl0", b"//4=", b"c3RlcA", b"step\n"])
def test_no_result_file(content: bytes) -> None:
    assert rows_of(content) == []
