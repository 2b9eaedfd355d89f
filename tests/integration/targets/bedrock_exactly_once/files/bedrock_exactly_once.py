# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook in trouble, again and again, and counts the jobs that were paid for.

bedrock_exactly_once.py SCENARIO SANDBOX LOOPS: SANDBOX is the folder of the sandbox, SCENARIO one of

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

import boto3

PLAYBOOK = Path(__file__).with_name("one_model.yml")
EXAMPLE = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Ping?"}]},
        {"role": "assistant", "content": [{"text": "Pong."}]},
    ],
}
CREATE = "bedrock.CreateModelCustomizationJob"
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
        self.env: dict[str, str] = {
            **told["dialects"]["aws"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        account = self.control("GET", "bedrock/account")
        self.data_bucket: str = account["data_bucket"]
        self.env["ROLE_ARN"] = account["role_arn"]
        self.env["OUTPUT"] = f"s3://{account['output_bucket']}/runs"

    def control(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.control_url}/{path}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def paid(self, name: str) -> list[str]:
        """The ARNs of the jobs of a name that nobody stopped."""
        return [
            job["arn"]
            for job in self.control("GET", "bedrock/jobs")["jobs"]
            if job["tags"].get("llmops_finetune_name") == name and job["status"] not in ("Stopping", "Stopped")
        ]

    def asked(self) -> int:
        """How many requests Bedrock has had."""
        return int(self.control("GET", "requests/count?operation=bedrock.*")["count"])

    def upload(self) -> str:
        """The URI of a dataset."""
        os.environ.update({key: value for key, value in self.env.items() if key.startswith("AWS_")})
        content = (json.dumps(EXAMPLE) + "\n") * 12
        boto3.client("s3").put_object(Bucket=self.data_bucket, Key="data.jsonl", Body=content)
        return f"s3://{self.data_bucket}/data.jsonl"


def start(host: Host, name: str, data: str) -> subprocess.Popen[str]:
    environ = {**os.environ, **host.env, "MODEL_NAME": name, "TRAINING_DATA": data, "ANSIBLE_NOCOLOR": "1"}
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
    """The job's ARN and all that was printed; ends the program when the playbook failed."""
    output, _unused = process.communicate(timeout=600)
    found = re.search(r"run=(arn:[\w:./-]+)", output)
    if process.returncode or not found:
        sys.exit(f"the playbook failed:\n{output}")
    return found[1], output


def once(host: Host, scenario: str, name: str, data: str, chance: random.Random) -> None:
    """One round: trouble, then a run in peace, which finds the only job."""
    host.control("DELETE", "faults")
    if scenario == "lost":
        host.control("POST", "faults", operation=CREATE, reset="after", times=1)
        finish(start(host, name, data))
    elif scenario == "errors":
        when = chance.choice(["before", "after"])
        host.control("POST", "faults", operation=CREATE, status=500, when=when, times=3)
        finish(start(host, name, data))
    elif scenario == "killed":
        # Stretch the moment in which it matters.
        host.control("POST", "faults", operation=CREATE, delay=1.0)
        process = start(host, name, data)
        asked = host.asked()
        moment, whole = chance.random(), chance.random() < 0.5
        if chance.random() < 0.5:
            time.sleep(moment * KILL_WITHIN)
        else:
            while process.poll() is None and asked == host.asked():
                time.sleep(0.02)
            time.sleep(moment)
        if process.poll() is None:
            kill = os.killpg if whole else os.kill
            kill(process.pid, signal.SIGKILL)
        process.wait()
        host.control("DELETE", "faults")
    else:
        for process in [start(host, name, data), start(host, name, data)]:
            finish(process)
    survivor, output = finish(start(host, name, data))
    if scenario == "killed":
        # A module that outlived its controller may still have been at work.
        time.sleep(2)
        survivor, output = finish(start(host, name, data))
    paid = host.paid(name)
    if paid != [survivor]:
        sys.exit(f"{scenario}, {name}: the jobs {paid} are paid for; the last run found {survivor}:\n{output}")
    host.control("POST", "clock", advance=100000)


def main() -> None:
    scenario, program, loops = sys.argv[1], sys.argv[2], int(sys.argv[3])
    host = Host(program)
    seed = random.SystemRandom().randrange(10**6)
    try:
        data = host.upload()
        chance = random.Random(seed)
        for number in range(loops):
            once(host, scenario, f"{scenario}-{number}", data, chance)
    finally:
        host.process.terminate()
        host.process.wait()
    print(f"{scenario}: {loops} times one job (seed {seed})")


if __name__ == "__main__":
    main()
