# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A converged run of each provider's model module, and of a deployment, against the smallest script with the same calls
and SDK.

Both are whole processes, run in turn against the sandbox: the module as Ansible packs and runs it. Also counts
the API requests of a converged run with 10 and with 10,000 other jobs in the account.

Bounds: at most 200 ms more (median of the pairwise differences), with Bedrock 300 ms; at most 2 requests (OpenAI), 4
(Bedrock), 3 (OCI, a deployment of Bedrock with a model by its name and tags).

``python tests/bench/bench_converged.py [PROVIDER ...]``, all if left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

PAIRS = 15
NAME = "bench"

SMALLEST_OPENAI = """
import json, sys, openai
client = openai.OpenAI()
for job in client.fine_tuning.jobs.list(limit=100, extra_query={"metadata[llmops_finetune_name]": sys.argv[1]}):
    model = client.models.retrieve(job.fine_tuned_model)
    break
print(json.dumps({"job_id": job.id, "fine_tuned_model": model.id}))
"""
SMALLEST_BEDROCK = """
import json, sys, boto3
client = boto3.client("bedrock")
jobs = client.list_model_customization_jobs(
    nameContains=sys.argv[1], sortBy="CreationTime", sortOrder="Descending", maxResults=1000
)["modelCustomizationJobSummaries"]
job = client.get_model_customization_job(jobIdentifier=jobs[0]["jobArn"])
tags = [client.list_tags_for_resource(resourceARN=arn)["tags"] for arn in (job["jobArn"], job["outputModelArn"])]
print(json.dumps({"job_arn": job["jobArn"], "custom_model_arn": job["outputModelArn"], "tags": tags}))
"""
SMALLEST_DEPLOYMENT = """
import json, sys, boto3
client = boto3.client("bedrock")
found = client.get_custom_model_deployment(customModelDeploymentIdentifier=sys.argv[1])
models = client.list_custom_models(nameContains=sys.argv[1], maxResults=1000)["modelSummaries"]
tags = client.list_tags_for_resource(resourceARN=found["customModelDeploymentArn"])["tags"]
print(json.dumps({"arn": found["customModelDeploymentArn"], "model": models[0]["modelArn"], "tags": tags}))
"""
SMALLEST_OCI = """
import json, os, sys, oci
client = oci.generative_ai.GenerativeAiClient(
    oci.config.from_file(os.environ["OCI_CONFIG_FILE"]), service_endpoint=os.environ["OCI_SERVICE_ENDPOINT"]
)
models = client.list_models(
    os.environ["OCI_COMPARTMENT_ID"], display_name=sys.argv[1], sort_by="timeCreated", sort_order="DESC", limit=1000
).data.items
model = client.get_model(models[0].id).data
print(json.dumps({"id": model.id, "state": model.lifecycle_state}))
"""
SMALLEST_OCI_ENDPOINT = """
import json, os, sys, oci
client = oci.generative_ai.GenerativeAiClient(
    oci.config.from_file(os.environ["OCI_CONFIG_FILE"]), service_endpoint=os.environ["OCI_SERVICE_ENDPOINT"]
)
order = {"sort_by": "timeCreated", "sort_order": "DESC", "limit": 1000}
endpoints = client.list_endpoints(os.environ["OCI_COMPARTMENT_ID"], **order).data.items
models = client.list_models(os.environ["OCI_COMPARTMENT_ID"], display_name=sys.argv[1], **order).data.items
print(json.dumps({"id": endpoints[0].id, "is_newest": endpoints[0].model_id == models[0].id}))
"""


@dataclass(frozen=True)
class Case:
    """``prepare`` uploads the data and gives the options of the ``module``; ``seed`` makes other jobs."""

    provider: str
    module: str
    requests: int
    seconds: float
    smallest: str
    prepare: Callable[[Sandbox, dict[str, str]], dict[str, Any]]
    seed: Callable[[Sandbox, int], object]


def _openai(_sandbox: Sandbox, environ: dict[str, str]) -> dict[str, Any]:
    data = _ansible("openai_dataset", {"src": str(ROOT / "examples/datasets/support-bot.jsonl")}, environ)
    return {"name": NAME, "model": "gpt-4o-mini", "training_file": data["file_id"]}


def _bedrock(sandbox: Sandbox, environ: dict[str, str]) -> dict[str, Any]:
    data = _ansible(
        "bedrock_dataset",
        {"src": str(ROOT / "examples/datasets/support-bot-converse.jsonl"), "bucket": sandbox.aws.data_bucket},
        environ,
    )
    return {
        "custom_model_name": NAME,
        "base_model_identifier": "amazon.nova-lite-v1:0",
        "role_arn": sandbox.aws.role_arn,
        "training_data_config": {"s3_uri": data["s3_uri"]},
        "output_data_config": {"s3_uri": f"s3://{sandbox.aws.output_bucket}/"},
    }


def _deployment(sandbox: Sandbox, environ: dict[str, str]) -> dict[str, Any]:
    job = {"status": "Completed", "base_model": "amazon.nova-lite-v1:0", "job_name": NAME, "model_name": NAME}
    sandbox.aws.seed(jobs=[job])
    return {"model_deployment_name": NAME, "model_arn": NAME, "tags": {"team": "support"}}


def _others(sandbox: Sandbox, jobs: int) -> dict[str, Any]:
    """Other jobs of Bedrock. A job's name is used up for ever: each time others."""
    return sandbox.aws.seed(jobs=jobs, job_name=f"other-{jobs}-{{i}}", model_name=f"other-{jobs}-{{i}}")


def _oci(sandbox: Sandbox, environ: dict[str, str]) -> dict[str, Any]:
    data = _ansible(
        "oci_generative_ai_dataset",
        {"src": str(ROOT / "examples/datasets/support-bot-pairs.jsonl"), "bucket": sandbox.oci.bucket},
        environ,
    )
    return {
        "compartment_id": sandbox.oci.compartment_id,
        "display_name": NAME,
        "base_model_id": sandbox.oci.base_model_id,
        "fine_tune_details": {
            "dedicated_ai_cluster_id": sandbox.oci.cluster_id,
            "training_dataset": {key: data[key] for key in ("namespace", "bucket", "object")},
        },
    }


def _oci_endpoint(sandbox: Sandbox, _environ: dict[str, str]) -> dict[str, Any]:
    tags = {"llmops_finetune_name": NAME}
    model = {"display_name": NAME, "base_model": "meta.llama-3.3-70b-instruct", "freeform_tags": tags}
    sandbox.oci.seed(models=[{**model, "state": "ACTIVE"}])
    return {
        "compartment_id": sandbox.oci.compartment_id,
        "display_name": NAME,
        "model_id": NAME,
        "dedicated_ai_cluster_id": sandbox.oci.clusters["HOSTING"],
    }


CASES = (
    Case(
        "openai",
        "openai_fine_tuned_model",
        2,
        0.2,
        SMALLEST_OPENAI,
        _openai,
        lambda sandbox, jobs: sandbox.openai.seed(jobs=jobs),
    ),
    Case("bedrock", "bedrock_custom_model", 4, 0.3, SMALLEST_BEDROCK, _bedrock, _others),
    Case("bedrock-deployment", "bedrock_custom_model_deployment", 3, 0.3, SMALLEST_DEPLOYMENT, _deployment, _others),
    Case(
        "oci",
        "oci_generative_ai_model",
        3,
        0.2,
        SMALLEST_OCI,
        _oci,
        lambda sandbox, models: sandbox.oci.seed(models=models),
    ),
    Case(
        "oci-endpoint",
        "oci_generative_ai_endpoint",
        3,
        0.2,
        SMALLEST_OCI_ENDPOINT,
        _oci_endpoint,
        lambda sandbox, models: sandbox.oci.seed(models=models),
    ),
)


def main(providers: Sequence[str]) -> int:
    """Print the ratios; 1 if a bound is missed."""
    failed = 0
    for case in CASES:
        if providers and case.provider not in providers:
            continue
        with tempfile.TemporaryDirectory() as folder, Sandbox(speed=2000) as sandbox:
            failed |= _bench(case, Path(folder), sandbox)
    return failed


def _bench(case: Case, folder: Path, sandbox: Sandbox) -> int:
    environ = {
        **os.environ,
        **sandbox.env,
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_REMOTE_TMP": str(folder / "remote"),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
    }
    options = case.prepare(sandbox, environ)
    _ansible(case.module, options, environ)
    failed = False
    there = 1
    for jobs in (10, 10_000):
        case.seed(sandbox, jobs - there)
        there = jobs
        before = len(sandbox.requests())
        again = _ansible(case.module, options, environ)
        requests = len(sandbox.requests()) - before
        print(f"{case.provider}, {jobs} jobs in the account: {requests} requests, changed={again['changed']}")
        failed = failed or requests > case.requests or bool(again["changed"])

    packed = max(folder.glob(f"remote/**/AnsiballZ_{case.module}.py"), key=lambda path: path.stat().st_mtime)
    smallest = folder / "smallest.py"
    smallest.write_text(case.smallest)
    differences, ratios = [], []
    for _pair in range(PAIRS):
        module = _timed([sys.executable, str(packed)], environ)
        script = _timed([sys.executable, str(smallest), NAME], environ)
        differences.append(module - script)
        ratios.append(module / script)
    difference = statistics.median(differences)
    print(
        f"{case.provider}, module process / smallest script with the same SDK: {statistics.median(ratios):.2f} "
        f"({difference * 1000:+.0f} ms; at most +{case.seconds * 1000:.0f} ms), {PAIRS} pairs"
    )
    return 1 if failed or difference > case.seconds else 0


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
    sys.exit(main(sys.argv[1:]))
