# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A converged openai_fine_tuned_model against the smallest script that makes the same calls with the same SDK.

Both are whole processes, run in turn against the sandbox: the module as Ansible packs and runs it. Also counts
the API requests of a converged run with 10 and with 10,000 other jobs in the account.

Bounds: at most 200 ms more (median of the pairwise differences), at most 2 requests.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

PAIRS = 15
BOUND_SECONDS = 0.2
BOUND_REQUESTS = 2
NAME = "bench"

SMALLEST = """
import json, sys, openai
client = openai.OpenAI()
for job in client.fine_tuning.jobs.list(limit=100, extra_query={"metadata[llmops_finetune_name]": sys.argv[1]}):
    model = client.models.retrieve(job.fine_tuned_model)
    break
print(json.dumps({"job_id": job.id, "fine_tuned_model": model.id}))
"""


def main() -> int:
    """Print the ratios; 1 if a bound is missed."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(speed=2000) as sandbox:
        return _bench(Path(folder), sandbox)


def _bench(folder: Path, sandbox: Sandbox) -> int:
    environ = {
        **os.environ,
        "OPENAI_BASE_URL": sandbox.openai_url,
        "OPENAI_API_KEY": sandbox.api_key,
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    }
    data = _ansible("openai_dataset", {"src": str(ROOT / "examples/datasets/support-bot.jsonl")}, environ)
    options = {"name": NAME, "model": "gpt-4o-mini", "training_file": data["file_id"]}
    _ansible("openai_fine_tuned_model", options, environ)
    failed = False
    there = 1
    for jobs in (10, 10_000):
        sandbox.openai.seed(jobs=jobs - there)
        there = jobs
        before = len(sandbox.requests())
        again = _ansible("openai_fine_tuned_model", options, environ)
        requests = len(sandbox.requests()) - before
        print(f"converged run with {jobs} jobs in the account: {requests} requests, changed={again['changed']}")
        failed = failed or requests > BOUND_REQUESTS or bool(again["changed"])

    packed = max(folder.glob("remote/**/AnsiballZ_openai_fine_tuned_model.py"), key=lambda path: path.stat().st_mtime)
    smallest = folder / "smallest.py"
    smallest.write_text(SMALLEST)
    differences, ratios = [], []
    for _pair in range(PAIRS):
        module = _timed([sys.executable, str(packed)], environ)
        script = _timed([sys.executable, str(smallest), NAME], environ)
        differences.append(module - script)
        ratios.append(module / script)
    difference = statistics.median(differences)
    print(
        f"converged module process / smallest script with the same SDK: {statistics.median(ratios):.2f} "
        f"({difference * 1000:+.0f} ms; at most +{BOUND_SECONDS * 1000:.0f} ms), {PAIRS} pairs"
    )
    return 1 if failed or difference > BOUND_SECONDS else 0


def _ansible(module: str, options: dict[str, object], environ: dict[str, str]) -> dict[str, object]:
    """Run a module as a user would, by the ad hoc command; its result."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible"),
            "localhost",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-m",
            f"llmops.finetune.{module}",
            "-a",
            json.dumps(options),
        ],
        env={**environ, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"},
        capture_output=True,
        text=True,
        check=False,
    )
    text = done.stdout[done.stdout.find("{") : done.stdout.rfind("}") + 1]
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    result: dict[str, object] = json.loads(text)
    return result


def _timed(command: list[str], environ: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
