# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make quickstart``: the playbook as a preview, for real, and once more, against the sandbox.

What the summary says is counted in the sandbox's log of requests and read from the recap of each run, and the
exit code is 0 only if it is what a newcomer was promised.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Virtual seconds a second: the simulated training then takes about 15 s.
_SPEED = "45"
_START_SECONDS = 30.0
_RECAP = re.compile(r"^localhost\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0\b", re.MULTILINE)


@dataclass
class Run:
    """One run of the playbook: its exit code, ``changed`` of its recap (None if it has none or failed), the
    API requests that it made, and how many of them wrote."""

    code: int
    changed: int | None
    requests: int
    writes: int
    seconds: float


class Show:
    """The sandbox and the runs against it."""

    def __init__(self, playbook: Path, bin_folder: Path, environ: dict[str, str], sandbox: dict[str, Any]) -> None:
        self.playbook = playbook
        self.bin_folder = bin_folder
        self.environ = {**environ, **sandbox["env"], "ANSIBLE_FORCE_COLOR": environ.get("ANSIBLE_FORCE_COLOR", "")}
        self.control = sandbox["control_url"]
        self.api = sandbox["env"]["OPENAI_BASE_URL"]
        self.key = sandbox["env"]["OPENAI_API_KEY"]
        self.counted = 0

    def get(self, url: str) -> Any:
        """JSON from the sandbox."""
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def run(self, title: str, *options: str) -> Run:
        """One run of the playbook, its output passed on as it comes."""
        command = ["ansible-playbook", "playbooks/quickstart.yml", *options]
        print(f"\n=== {title}\n$ {' '.join(command)}", flush=True)
        start = time.monotonic()
        lines: list[str] = []
        with subprocess.Popen(
            [self.bin_folder / command[0], self.playbook, *options],
            cwd=self.playbook.parent.parent,
            env=self.environ,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                lines.append(line)
        recap = _RECAP.search(re.sub(r"\x1b\[[0-9;]*m", "", "".join(lines)))
        log = self.get(f"{self.control}/requests")["requests"]
        fresh, self.counted = log[self.counted :], len(log)
        return Run(
            process.returncode,
            int(recap[1]) if recap and process.returncode == 0 else None,
            len(fresh),
            sum(request["method"] != "GET" for request in fresh),
            time.monotonic() - start,
        )


def main(root: Path, bin_folder: Path, environ: dict[str, str]) -> int:
    """Run the show; 0 if everything came as promised."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "sandbox.json"
        with subprocess.Popen(
            [bin_folder / "python", root / "extensions" / "sandbox", "--speed", _SPEED, "--port-file", port_file],
            env=environ,
            stdout=subprocess.DEVNULL,
        ) as sandbox:
            try:
                show = Show(root / "playbooks" / "quickstart.yml", bin_folder, environ, _ready(sandbox, port_file))
                return _show(show)
            finally:
                sandbox.terminate()


def _ready(sandbox: subprocess.Popen[bytes], port_file: Path) -> dict[str, Any]:
    end = time.monotonic() + _START_SECONDS
    while not port_file.exists():
        if sandbox.poll() is not None or time.monotonic() > end:
            raise SystemExit("error: the sandbox did not start; 'make sandbox' shows why.")
        time.sleep(0.1)
    ready: dict[str, Any] = json.loads(port_file.read_text())
    return ready


def _show(show: Show) -> int:
    print("The sandbox plays an OpenAI-style host on this machine. Its training is a simulation; nothing is paid.")
    preview = show.run("1. Preview: what would happen? Nothing is written.", "--check", "--diff")
    first = show.run("2. For real: upload, train, and show how far it is.")
    second = show.run("3. Once more: everything is there, so nothing changes.")
    jobs = show.get(f"{show.api}/fine_tuning/jobs?limit=100")["data"]
    promised = (
        preview.code == first.code == second.code == 0
        and preview.writes == 0
        and first.changed == 3
        and second.changed == 0
        and second.writes == 0
        and [job["status"] for job in jobs] == ["succeeded"]
    )
    width = 26
    print("\n=== Summary")
    for what, run in (("1. preview", preview), ("2. for real", first), ("3. once more", second)):
        changed = "failed" if run.changed is None else f"changed={run.changed}"
        print(f"{what:<{width}}{changed:<12}{run.requests} API requests, {run.writes} writing, {run.seconds:.0f} s")
    print(f"{'training runs started':<{width}}{len(jobs)}")
    for job in jobs:
        print(f"{'model to call':<{width}}{job['fine_tuned_model'] or job['status']}")
        print(f"{'trained':<{width}}{job['trained_tokens']} tokens of examples/datasets/support-bot.jsonl (simulated)")
    print(
        "\nTo do it for real: export OPENAI_API_KEY, for a compatible host also OPENAI_BASE_URL, then\n"
        "ansible-playbook playbooks/quickstart.yml --check --diff, and without --check. Training then costs money."
    )
    if not promised:
        print("\nerror: this is not what was promised; please report it with the output above.")
    return 0 if promised else 1
