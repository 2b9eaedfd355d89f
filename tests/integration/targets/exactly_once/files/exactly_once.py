# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a playbook in trouble, again and again, and counts the runs that were paid for.

exactly_once.py PROVIDERS SANDBOX LOOPS SCENARIO...: PROVIDERS are openai, bedrock and oci, or some of them, with commas
between, all at the same time; SANDBOX is the folder of the sandbox, SCENARIO one of

- lost: the answer to the create call is lost after the run was made
- errors: the create call is answered by 500 three times, before or after the run was made
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Within this many seconds of its start a playbook of this kind has sent its create call.
KILL_WITHIN = 6.0
CHAT = {"messages": [{"role": "user", "content": "Ping?"}, {"role": "assistant", "content": "Pong."}]}
CONVERSE = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Ping?"}]},
        {"role": "assistant", "content": [{"text": "Pong."}]},
    ],
}
PAIR = {"prompt": "Ping?", "completion": "Pong."}


class Host:
    """A sandbox of our own, as a process."""

    def __init__(self, program: str, dialect: str) -> None:
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
            **told["dialects"][dialect],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def control(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.control_url}/{path}", data, kind, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)


# -- the providers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Provider:
    """``prepare`` uploads the data and gives the module's options; ``paid`` the ids of the runs of a name that nobody
    cancelled. ``create`` and ``any_call`` are operations as the sandbox calls them."""

    dialect: str
    module: str
    name: str
    create: str
    any_call: str
    prepare: Callable[[Host], Mapping[str, Any]]
    paid: Callable[[Host, str], list[str]]


def prepare_openai(host: Host) -> Mapping[str, Any]:
    files = host.control("POST", "openai/seed", files=[{"filename": "data.jsonl", "content": lines(CHAT, 12)}])
    return {"model": "gpt-4o-mini", "training_file": files["files"][0], "seed": 1}


def paid_openai(host: Host, name: str) -> list[str]:
    jobs = host.control("GET", "openai/jobs")["jobs"]
    return [job["id"] for job in jobs if job["suffix"] == name and job["status"] != "cancelled"]


def prepare_bedrock(host: Host) -> Mapping[str, Any]:
    import boto3  # each provider needs its own library only

    account = host.control("GET", "bedrock/account")
    bucket = account["data_bucket"]
    client = boto3.client(
        "s3",
        endpoint_url=host.env["AWS_ENDPOINT_URL"],
        region_name=host.env["AWS_REGION"],
        aws_access_key_id=host.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=host.env["AWS_SECRET_ACCESS_KEY"],
    )
    client.put_object(Bucket=bucket, Key="data.jsonl", Body=lines(CONVERSE, 12))
    return {
        "base_model_identifier": "amazon.nova-micro-v1:0",
        "role_arn": account["role_arn"],
        "training_data_config": {"s3_uri": f"s3://{bucket}/data.jsonl"},
        "output_data_config": {"s3_uri": f"s3://{account['output_bucket']}/runs"},
    }


def paid_bedrock(host: Host, name: str) -> list[str]:
    return [
        job["arn"]
        for job in host.control("GET", "bedrock/jobs")["jobs"]
        if job["tags"].get("llmops_finetune_name") == name and job["status"] not in ("Stopping", "Stopped")
    ]


def prepare_oci(host: Host) -> Mapping[str, Any]:
    import oci

    account = host.control("GET", "oci/account")
    place = {"namespace": account["namespace"], "bucket": account["bucket"], "object": "data.jsonl"}
    client = oci.object_storage.ObjectStorageClient(
        oci.config.from_file(host.env["OCI_CONFIG_FILE"]), service_endpoint=host.env["OCI_SERVICE_ENDPOINT"]
    )
    client.put_object(*place.values(), lines(PAIR, 40))
    return {
        "compartment_id": account["compartment_id"],
        "base_model_id": account["base_models"]["meta.llama-3.3-70b-instruct"],
        "fine_tune_details": {
            "dedicated_ai_cluster_id": account["clusters"]["LARGE_GENERIC"],
            "training_dataset": place,
        },
    }


def paid_oci(host: Host, name: str) -> list[str]:
    """Nothing stops a training of OCI: every one is paid for."""
    return [model["id"] for model in host.control("GET", "oci/models")["models"] if model["display_name"] == name]


PROVIDERS = {
    "openai": Provider(
        "openai",
        "openai_fine_tuned_model",
        "name",
        "openai.jobs.create",
        "openai.jobs.*",
        prepare_openai,
        paid_openai,
    ),
    "bedrock": Provider(
        "aws",
        "bedrock_custom_model",
        "custom_model_name",
        "bedrock.CreateModelCustomizationJob",
        "bedrock.*",
        prepare_bedrock,
        paid_bedrock,
    ),
    "oci": Provider(
        "oci", "oci_generative_ai_model", "display_name", "oci.CreateModel", "oci.*", prepare_oci, paid_oci
    ),
}


def lines(example: Mapping[str, Any], number: int) -> str:
    return (json.dumps(example) + "\n") * number


# -- the stories -----------------------------------------------------------------------------------------------


class Story:
    """One scenario of one provider, told again and again."""

    def __init__(self, provider: Provider, host: Host, chance: random.Random) -> None:
        self.provider = provider
        self.host = host
        self.chance = chance
        self.options = provider.prepare(host)

    def start(self, name: str) -> subprocess.Popen[str]:
        """A playbook that starts the training of a name, and tells its id."""
        train = {**self.options, self.provider.name: name, "wait": False}
        tasks = [
            {f"llmops.finetune.{self.provider.module}": train, "register": "model"},
            {"ansible.builtin.debug": {"msg": "run={{ model.run_id }} changed={{ model.changed }}"}},
        ]
        python = {"ansible_python_interpreter": sys.executable}
        playbook = Path(f"playbook-{os.getpid()}-{name}.json")
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": python, "tasks": tasks}]))
        environ = {**os.environ, **self.host.env, "ANSIBLE_NOCOLOR": "1"}
        # What ansible exports to its modules is not for a playbook of its own.
        environ.pop("ANSIBLE_STDOUT_CALLBACK", None)
        return subprocess.Popen(
            ["ansible-playbook", "-i", "localhost,", "-c", "local", str(playbook)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """The run's id and all that was printed; ends the program when the playbook failed."""
        output, _unused = process.communicate(timeout=600)
        found = re.search(r"run=([\w:./-]+) changed=", output)
        if process.returncode or not found:
            sys.exit(f"the playbook failed:\n{output}")
        return found[1], output

    def fault(self, **fault: Any) -> None:
        """Trouble with the create call."""
        self.host.control("POST", "faults", operation=self.provider.create, **fault)

    def asked(self) -> int:
        """How many requests the host has had."""
        return int(self.host.control("GET", f"requests/count?operation={self.provider.any_call}")["count"])

    def once(self, scenario: str, name: str) -> None:
        """One round: trouble, and at the latest a run in peace finds the only one that is paid for."""
        self.host.control("DELETE", "faults")
        if scenario == "lost":
            self.fault(reset="after", times=1)
            self.finish(self.start(name))
        elif scenario == "errors":
            self.fault(status=500, when=self.chance.choice(["before", "after"]), times=3)
            self.finish(self.start(name))
        elif scenario == "killed":
            # Stretch the moment in which it matters.
            self.fault(delay=1.0)
            self.kill(name)
            self.host.control("DELETE", "faults")
        if scenario == "twice":
            for process in [self.start(name), self.start(name)]:
                survivor, output = self.finish(process)
        else:
            survivor, output = self.finish(self.start(name))
        if scenario == "killed":
            # A module that outlived its controller may still have been at work.
            time.sleep(2)
        if scenario in ("killed", "twice") and self.provider.paid(self.host, name) != [survivor]:
            # Not all was seen that the others made; the next run sees it.
            survivor, output = self.finish(self.start(name))
        paid = self.provider.paid(self.host, name)
        if paid != [survivor]:
            sys.exit(f"{scenario}, {name}: {paid} are paid for; the last run found {survivor}:\n{output}")
        self.host.control("POST", "clock", advance=100000)

    def kill(self, name: str) -> None:
        """Start a playbook, and kill it, or it and its module, at any moment, or one about its first calls."""
        asked = self.asked()
        process = self.start(name)
        moment, whole = self.chance.random(), self.chance.random() < 0.5
        if self.chance.random() < 0.5:
            time.sleep(moment * KILL_WITHIN)
        else:
            while process.poll() is None and asked == self.asked():
                time.sleep(0.02)
            time.sleep(moment)
        if process.poll() is None:
            kill = os.killpg if whole else os.kill
            kill(process.pid, signal.SIGKILL)
        process.wait()


def side_by_side(names: list[str]) -> None:
    """Each provider in a process of its own: they mostly wait. Fails when one of them does."""
    processes = {name: subprocess.Popen([sys.executable, sys.argv[0], name, *sys.argv[2:]]) for name in names}
    failed = [name for name, process in processes.items() if process.wait()]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def main() -> None:
    names = sys.argv[1].split(",")
    if len(names) > 1:
        side_by_side(names)
        return
    provider, program, loops, scenarios = PROVIDERS[names[0]], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    host = Host(program, provider.dialect)
    seed = random.SystemRandom().randrange(10**6)
    try:
        story = Story(provider, host, random.Random(seed))
        for scenario in scenarios:
            for number in range(loops):
                story.once(scenario, f"{scenario}-{number}")
    finally:
        host.process.terminate()
        host.process.wait()
    print(f"{names[0]}, {', '.join(scenarios)}: {loops} times one run (seed {seed})")


if __name__ == "__main__":
    main()
