# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in plays of ansible-playbook, where only a whole run shows what people see: several hosts at once, standard
output and standard error, what is refused before anything is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

_COLLECTIONS = Path(__file__).resolve().parents[7]
_CALLBACK = '''
from __future__ import annotations
import json
from ansible.plugins.callback import CallbackBase
DOCUMENTATION = """
name: machine
type: stdout
short_description: Writes JSON
description: Writes JSON.
"""
class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "machine"
    def __init__(self):
        super().__init__()
        self.ended = []
    def _keep(self, result, failed):
        name = result._task.get_name().rpartition(" : ")[2]
        self.ended.append({"host": result._host.get_name(), "task": name, "failed": failed, "result": result._result})
    def v2_runner_on_ok(self, result):
        self._keep(result, False)
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._keep(result, True)
    def v2_playbook_on_stats(self, stats):
        self._display.display(json.dumps(self.ended, default=str))
'''


class Plays:
    """Plays against a sandbox; the callback writes JSON to standard output."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        (folder / "callbacks").mkdir()
        (folder / "callbacks" / "machine.py").write_text(_CALLBACK)
        rows = [
            {"messages": [{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": f"{n}."}]}
            for n in range(12)
        ]
        self.data = folder / "chat.jsonl"
        self.data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.errors = ""

    def run(self, hosts: str, *options: str, strategy: str = "linear", **variables: Any) -> list[dict[str, Any]]:
        """What the callback wrote: a machine could read all of standard output."""
        given = {
            "fine_tune_provider": "openai",
            "fine_tune_base_model": "gpt-4o-mini",
            "fine_tune_training_data": str(self.data),
            **variables,
        }
        play = {
            "hosts": "all",
            "gather_facts": False,
            "strategy": strategy,
            "module_defaults": {"llmops.finetune.fine_tune": {"wait_slice": 0.3}},
            "roles": [{"role": "llmops.finetune.fine_tune", "vars": given}],
        }
        playbook = self.folder / "play.yml"
        playbook.write_text(json.dumps([play]))
        found = next(
            (Path(path) for path in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":") if path), _COLLECTIONS
        )
        environ = {
            **os.environ,
            **self.sandbox.env,
            "ANSIBLE_COLLECTIONS_PATH": str(found),
            "ANSIBLE_STDOUT_CALLBACK": "machine",
            "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(self.folder),
        }
        command = [sys.executable, "-m", "ansible.cli.playbook", "-i", hosts, str(playbook), *options]
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, text=True, check=False)
        self.errors = done.stderr
        assert done.stdout, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        ended: list[dict[str, Any]] = json.loads(done.stdout)
        return ended


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
