# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many models at the same time, through the role: 30 (10 of each provider), whose training takes about 20 s each.

Whole runs of ansible-playbook against one sandbox: one model of each provider for itself, all 30, and all 30 again;
then 9 with the providers' own quotas, so that most have to wait for others.

Bounds: all 30 in at most 3 times the median of the single ones; again in at most 90 s, with nothing changed and no
writing request; with the quotas of the providers none fails.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

EACH = 10
RATIO = 3.0
AGAIN = 90.0  # seconds
SPEED = 30.0  # 10 minutes of training in 20 s
PROVIDERS = ("openai", "bedrock", "oci")
PLAY = """
- hosts: localhost
  gather_facts: false
  roles: [llmops.finetune.fine_tune]
"""


def main() -> int:
    """Print the times and the ratio; 1 if a bound is missed."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(speed=SPEED) as sandbox:
        fleet = _Fleet(Path(folder), sandbox, _clusters(sandbox))
        quotas = sandbox.openai.settings()["concurrent_jobs"], sandbox.aws.settings()["concurrent_jobs"]
        sandbox.openai.settings(concurrent_jobs=100)
        sandbox.aws.settings(concurrent_jobs=100)
        single = [fleet.run([provider], 1, "single") for provider in PROVIDERS]
        together = fleet.run(PROVIDERS, EACH, "many")
        before = fleet.written()
        again = fleet.run(PROVIDERS, EACH, "many", changed=0)
        wrote = fleet.written() - before
        sandbox.openai.settings(concurrent_jobs=quotas[0])
        sandbox.aws.settings(concurrent_jobs=quotas[1])
        queued = fleet.run(PROVIDERS, 3, "queued")
    ratio = together / statistics.median(single)
    print(f"one model: {', '.join(f'{name} {took:.1f} s' for name, took in zip(PROVIDERS, single, strict=True))}")
    print(f"{EACH * len(PROVIDERS)} models: {together:.1f} s, {ratio:.2f} times as long (at most {RATIO:g})")
    print(f"again: {again:.1f} s (at most {AGAIN:g}), {wrote} writing requests")
    print(f"9 models with the providers' quotas: {queued:.1f} s, none failed")
    return 1 if ratio > RATIO or again > AGAIN or wrote else 0


class _Fleet:
    def __init__(self, folder: Path, sandbox: Sandbox, clusters: Sequence[str]) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.clusters = clusters
        (folder / "play.yml").write_text(PLAY)
        self._environ = {
            **os.environ,
            **sandbox.env,
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
            "ANSIBLE_NOCOLOR": "1",
        }

    def written(self) -> int:
        """How many writing requests there were so far."""
        return sum(
            request["method"] not in ("GET", "HEAD") and ".List" not in str(request["operation"])
            for request in self.sandbox.requests()
        )

    def run(self, providers: Sequence[str], each: int, name: str, changed: int = 1) -> float:
        """The seconds of one run of the role. Stops the benchmark where it fails."""
        sandbox = self.sandbox
        bases = {
            "openai": "gpt-4o-mini-2024-07-18",
            "bedrock": "amazon.nova-lite-v1:0",
            "oci": sandbox.oci.base_model_id,
        }
        variables: dict[str, Any] = {
            "fine_tune_training_data": _examples(),
            "fine_tune_bedrock": {
                "bucket": sandbox.aws.data_bucket,
                "role_arn": sandbox.aws.role_arn,
                "output_s3_uri": f"s3://{sandbox.aws.output_bucket}/",
            },
            "fine_tune_oci": {
                "compartment_id": sandbox.oci.compartment_id,
                "bucket": sandbox.oci.bucket,
            },
            "fine_tune_models": [
                {
                    "provider": provider,
                    "name": f"{name}-{provider}-{number}",
                    "base_model": bases[provider],
                    "oci": {"dedicated_ai_cluster_id": self.clusters[number]},
                }
                for provider in providers
                for number in range(each)
            ],
        }
        given = self.folder / "variables.json"
        given.write_text(json.dumps(variables))
        start = time.perf_counter()
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "play.yml", "-e", f"@{given}"],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - start
        if done.returncode or f"changed={changed} " not in done.stdout:
            raise SystemExit(done.stdout[-4000:] + done.stderr[-4000:])
        return took


def _clusters(sandbox: Sandbox) -> list[str]:
    """One for each model: a cluster trains one after the other."""
    store = sandbox.oci.store
    first = store.clusters[sandbox.oci.cluster_id]
    more = (
        store.make_cluster(f"tuning-{number}", sandbox.oci.compartment_id, first.type, first.shape, first.units).id
        for number in range(1, EACH)
    )
    return [first.id, *more]


def _examples() -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"Where is parcel {number}?"},
                {"role": "assistant", "content": f"Parcel {number} comes in {number % 7 + 1} days."},
            ]
        }
        for number in range(40)
    ]


if __name__ == "__main__":
    sys.exit(main())
