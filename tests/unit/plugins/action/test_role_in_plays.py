# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in plays of ansible-playbook, where only a whole run shows what people see: several hosts at once, standard
output and standard error, what is refused before anything is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.action.plays import Plays

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def plays(sandbox: Sandbox, tmp_path: Path) -> Plays:
    return Plays(sandbox, tmp_path)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_g5_each_host_has_its_model_and_equal_wishes_have_one(plays: Plays, strategy: str) -> None:
    """Three hosts at once, two of which want the same; each host goes on by itself."""
    name = "{{ {'one': 'alone'}.get(inventory_hostname, 'shared') }}"
    ended = plays.run("one,two,three,", strategy=strategy, fine_tune_name=name)
    results = {
        entry["host"]: entry["result"]["ansible_facts"]["fine_tune_result"]
        for entry in ended
        if entry["task"] == "Keep the results"
    }
    assert {host: found["name"] for host, found in results.items()} == {
        "one": "alone",
        "two": "shared",
        "three": "shared",
    }
    assert all(found["model_id"] and not found["failed"] for found in results.values())
    assert results["two"]["run_id"] == results["three"]["run_id"] != results["one"]["run_id"]
    assert sorted(job["suffix"] for job in plays.sandbox.openai.jobs()) == ["alone", "shared"]
    assert [found["changed"] for found in results.values()].count(True) == 2
    assert not list((plays.folder / "tmp").rglob("*.lock"))
    # O1: all of standard output was JSON, and yet it was told how far each is.
    assert "alone (openai): a model will be trained" in plays.errors
    assert "alone (openai): ready after" in plays.errors


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_p2_a_report_that_cannot_be_written_is_refused_before_all(plays: Plays, options: tuple[str, ...]) -> None:
    dest = plays.folder / "none" / "report.html"
    ended = plays.run("localhost,", *options, fine_tune_name="bot", fine_tune_report_dest=str(dest))
    (failed,) = [entry for entry in ended if entry["failed"]]
    assert "none does not exist" in failed["result"]["msg"]
    assert not plays.sandbox.openai.jobs()
    assert [entry["result"] for entry in ended if entry["task"] == "Make the models"] == []


def test_o1_the_role_can_be_silent_and_g4_a_misspelt_variable_stops_it(plays: Plays) -> None:
    ended = plays.run("localhost,", "--check", fine_tune_name="bot", fine_tune_wait_progress=False, fine_tune_team="x")
    assert not [entry for entry in ended if entry["failed"]]
    assert "a model will be trained" not in plays.errors
    (made,) = [entry["result"] for entry in ended if entry["task"] == "Make the models"]
    assert made["results"][0]["action"] == "create"
    assert "fine_tune_team" in json.dumps(made["warnings"])

    ended = plays.run("localhost,", "-e", "fine_tune_max_training_token=1", fine_tune_name="bot")
    (failed,) = [entry for entry in ended if entry["failed"]]
    assert "fine_tune_max_training_tokens is one" in failed["result"]["msg"]
    assert not plays.sandbox.openai.jobs()
