# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uploading a large dataset against the vendor's own way of uploading the same file, both to the sandbox:

- bedrock_dataset against ``aws s3 cp``
- oci_generative_ai_dataset against the UploadManager of the OCI SDK

Whole processes, run in turn: the module as Ansible packs and runs it, and the vendor's. The module reads and hashes the
data before it sends it, because the hash is part of its name; a second run does all that but the sending, so what
the upload takes is the difference of both runs. What reading and validation cost is measured by the benchmark dataset.

Bounds, on the fastest of each: at least 0.9 x the speed of the vendor's; the second run sends one HEAD and no bytes.

``python tests/bench/bench_upload.py [--provider NAME] [--size MIB] [--rounds N]``
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

BIN = Path(sys.executable).parent
BOUND = 0.9
MIB = 1 << 20
# What a user of the SDK writes; its own defaults.
_UPLOAD_MANAGER = """
import os, sys
import oci
config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
client = oci.object_storage.ObjectStorageClient(config, service_endpoint=os.environ["OCI_SERVICE_ENDPOINT"])
oci.object_storage.UploadManager(client).upload_file(*sys.argv[1:])
"""


@dataclass(frozen=True)
class Subject:
    """A module, its options, an example as its provider has it, the vendor's command, and the one call of a second
    run."""

    module: str
    vendor: str
    options: Mapping[str, object]
    example: Mapping[str, str]
    environ: Mapping[str, str]
    command: list[str]
    again: str


def _bedrock(sandbox: Sandbox, data: str) -> Subject:
    bucket = sandbox.aws.data_bucket
    return Subject(
        module="bedrock_dataset",
        vendor="aws s3 cp",
        options={"bucket": bucket, "format": "bedrock_pretraining"},
        example={"input": "{}"},
        environ=sandbox.env,
        command=[sys.executable, "-m", "awscli", "s3", "cp", "--quiet", data, f"s3://{bucket}/copy.jsonl"],
        again="s3.HeadObject",
    )


def _oci(sandbox: Sandbox, data: str) -> Subject:
    place = sandbox.oci
    return Subject(
        module="oci_generative_ai_dataset",
        vendor="UploadManager",
        options={"namespace": place.namespace, "bucket": place.bucket, "format": "oci_completion"},
        example={"prompt": "{}", "completion": "Yes."},
        environ=sandbox.oci_env,
        command=[sys.executable, "-c", _UPLOAD_MANAGER, place.namespace, place.bucket, "copy.jsonl", data],
        again="oci.HeadObject",
    )


SUBJECTS = {"bedrock": _bedrock, "oci": _oci}


def main() -> int:
    """Print the ratios; 1 if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--provider", choices=[*SUBJECTS], help="all if left out")
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    failed = 0
    for provider in [asked.provider] if asked.provider else SUBJECTS:
        with tempfile.TemporaryDirectory() as folder:
            failed |= _bench(provider, Path(folder), asked.size, asked.rounds)
    return failed


def _bench(provider: str, folder: Path, size: int, rounds: int) -> int:
    data = folder / "data.jsonl"
    module, upload, vendor, again = [], [], [], []
    for number in range(rounds):
        # A sandbox of its own each: nothing of the last round is in the way.
        with Sandbox() as sandbox:
            subject = SUBJECTS[provider](sandbox, str(data))
            if not data.exists():
                _write(data, size, json.dumps(subject.example))
            environ = {**os.environ, **subject.environ}
            packed = _pack(folder / str(number), subject, {**subject.options, "src": str(data)}, environ)
            module.append(_timed([sys.executable, str(packed)], environ))
            before = len(sandbox.requests())
            upload.append(module[-1] - _timed([sys.executable, str(packed)], environ))
            again = [(entry["operation"], entry["bytes_in"]) for entry in sandbox.requests()[before:]]
            vendor.append(_timed(subject.command, environ))
    ratio = min(vendor) / min(upload)
    print(
        f"{subject.module}, {size} MiB: upload {min(upload):.2f} s, {subject.vendor} {min(vendor):.2f} s: "
        f"{ratio:.2f} x (at least {BOUND})"
    )
    print(f"the module as a whole, with reading and hashing: {min(module):.2f} s, {min(vendor) / min(module):.2f} x")
    print(f"again: {again}", flush=True)
    return 0 if ratio >= BOUND and again == [(subject.again, 0)] else 1


def _write(path: Path, size: int, line: str) -> None:
    """Examples, each different."""
    body = "The quick brown fox jumps over the lazy dog. " * 20
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < size * MIB:
            for _line in range(1000):
                number += 1
                file.write(line.replace("{}", f"{number} {body}") + "\n")


def _pack(folder: Path, subject: Subject, options: Mapping[str, object], environ: dict[str, str]) -> Path:
    """The module as Ansible packs it, from a run in check mode, made to run for real."""
    subprocess.run(
        [
            BIN / "ansible",
            "localhost",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-m",
            f"llmops.finetune.{subject.module}",
            "-a",
            json.dumps({**options, "validate": False}),
            "--check",
        ],
        env={
            **environ,
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_PIPELINING": "0",
            "ANSIBLE_REMOTE_TMP": str(folder),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        },
        check=True,
        stdout=subprocess.DEVNULL,
    )
    packed = next(folder.glob(f"**/AnsiballZ_{subject.module}.py"))
    packed.write_text(packed.read_text().replace('"_ansible_check_mode": true', '"_ansible_check_mode": false'))
    return packed


def _timed(command: list[str], environ: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
