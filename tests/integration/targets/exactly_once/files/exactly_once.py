# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook in trouble, again and again, and counts the jobs that were paid for.

exactly_once.py SCENARIO SANDBOX LOOPS: SANDBOX is the folder of the sandbox, SCENARIO one of

- lost: the answer to the create call is lost after the job was made
- errors: the create call is answered by 500 three times, before or after the job was made
- killed: the controller, or it and its module, is killed at a random moment, and the playbook run again
- twice: two playbooks run at the same time
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

PLAYBOOK = Path(__file__).with_name("one_model.yml")
EXAMPLE = {"messages": [{"role": "user", "content": "Ping?"}, {"role": "assistant", "content": "Pong."}]}
# Within this many seconds of its start a playbook of this kind has sent its create call.
KILL_WITHIN = 6.0


class Host:
    """A sandbox of our own, as a process."""

    def __init__(self, program: str) -> None:
        ready = Path(f"ready-{os.getpid()}.json")
        self.process = subprocess.Popen(
            [sys.executable, program, "--port-file", str(ready), "--speed", "1", "--parent", str(os.getpid())],
            stdout=subprocess.DEVNULL,
        )
        while not ready.exists():
            if self.process.poll() is not None:
                sys.exit("the sandbox did not start")
            time.sleep(0.05)
        told = json.loads(ready.read_text())
        self.control_url: str = told["control_url"]
        self.env: dict[str, str] = told["env"]

    def control(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.control_url}/{path}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def paid(self, name: str) -> list[str]:
        """The ids of the jobs of a name that nobody cancelled."""
        return [
            job["id"]
            for job in self.control("GET", "openai/jobs")["jobs"]
            if job["suffix"] == name and job["status"] != "cancelled"
        ]


def start(host: Host, name: str, training_file: str) -> subprocess.Popen[str]:
    environ = {**os.environ, **host.env, "MODEL_NAME": name, "TRAINING_FILE": training_file, "ANSIBLE_NOCOLOR": "1"}
    # What ansible exports to its modules is not for a playbook of its own.
    environ.pop("ANSIBLE_STDOUT_CALLBACK", None)
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(PLAYBOOK)]
    return subprocess.Popen(
        command,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The run's id and all that was printed; ends the program when the playbook failed."""
    output, _unused = process.communicate(timeout=600)
    found = re.search(r"run=(ftjob-\w+)", output)
    if process.returncode or not found:
        sys.exit(f"the playbook failed:\n{output}")
    return found[1], output


def once(host: Host, scenario: str, name: str, training_file: str, chance: random.Random) -> None:
    """One round: trouble, then a run in peace, which finds the only job."""
    host.control("DELETE", "faults")
    if scenario == "lost":
        host.control("POST", "faults", operation="openai.jobs.create", reset="after", times=1)
        finish(start(host, name, training_file))
    elif scenario == "errors":
        when = chance.choice(["before", "after"])
        host.control("POST", "faults", operation="openai.jobs.create", status=500, when=when, times=3)
        finish(start(host, name, training_file))
    elif scenario == "killed":
        # Stretch the moment in which it matters.
        host.control("POST", "faults", operation="openai.jobs.create", delay=1.0)
        process = start(host, name, training_file)
        asked = len(host.control("GET", "requests?operation=openai.jobs.create")["requests"])
        moment, whole = chance.random(), chance.random() < 0.5
        if chance.random() < 0.5:
            time.sleep(moment * KILL_WITHIN)
        else:
            while process.poll() is None and asked == len(
                host.control("GET", "requests?operation=openai.jobs.*")["requests"]
            ):
                time.sleep(0.02)
            time.sleep(moment)
        if process.poll() is None:
            kill = os.killpg if whole else os.kill
            kill(process.pid, signal.SIGKILL)
        process.wait()
        host.control("DELETE", "faults")
    else:
        for process in [start(host, name, training_file), start(host, name, training_file)]:
            finish(process)
    survivor, output = finish(start(host, name, training_file))
    if scenario == "killed":
        # A module that outlived its controller may still have been at work.
        time.sleep(2)
        survivor, output = finish(start(host, name, training_file))
    paid = host.paid(name)
    if paid != [survivor]:
        sys.exit(f"{scenario}, {name}: the jobs {paid} are paid for; the last run found {survivor}:\n{output}")
    host.control("POST", "clock", advance=100000)


def main() -> None:
    scenario, program, loops = sys.argv[1], sys.argv[2], int(sys.argv[3])
    host = Host(program)
    seed = random.SystemRandom().randrange(10**6)
    try:
        example = json.dumps(EXAMPLE) + "\n"
        files = host.control("POST", "openai/seed", files=[{"filename": "data.jsonl", "content": example * 12}])
        chance = random.Random(seed)
        for number in range(loops):
            once(host, scenario, f"{scenario}-{number}", files["files"][0], chance)
    finally:
        host.process.terminate()
        host.process.wait()
    print(f"{scenario}: {loops} times one job (seed {seed})")


if __name__ == "__main__":
    main()
