# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays of ansible-playbook against a sandbox, with results that a program can read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
        return self.start(playbook, "-i", hosts, *options)

    def start(self, playbook: Path, *options: str, **environ: str) -> list[dict[str, Any]]:
        """The same for a playbook that exists."""
        found = next(
            (Path(path) for path in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":") if path), _COLLECTIONS
        )
        environ = {
            **os.environ,
            **self.sandbox.env,
            **environ,
            "ANSIBLE_COLLECTIONS_PATH": str(found),
            "ANSIBLE_STDOUT_CALLBACK": "machine",
            "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(self.folder),
        }
        command = [sys.executable, "-m", "ansible.cli.playbook", str(playbook), *options]
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, text=True, check=False)
        self.errors = done.stderr
        assert done.stdout, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        ended: list[dict[str, Any]] = json.loads(done.stdout)
        return ended
