# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uploading a large dataset with bedrock_dataset against ``aws s3 cp`` of the same file, both to the sandbox.

Whole processes, run in turn: the module as Ansible packs and runs it, and the AWS CLI. The module reads and hashes the
data before it sends it, because the hash is part of its name; a second run does all that but the sending, so what
the upload takes is the difference of both runs. What reading and validation cost is measured by the benchmark dataset.

Bounds, on the fastest of each: at least 0.9 x the speed of the CLI; the second run sends one HEAD and no bytes.

``python tests/bench/bench_upload.py [--size MIB] [--rounds N]``
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

BIN = Path(sys.executable).parent
BOUND = 0.9
MIB = 1 << 20


def main() -> int:
    """Print the ratio; 1 if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1024, help="MiB")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return _bench(Path(folder), asked.size, asked.rounds)


def _bench(folder: Path, size: int, rounds: int) -> int:
    data = folder / "data.jsonl"
    _write(data, size)
    module, upload, cli, again = [], [], [], []
    for number in range(rounds):
        # A sandbox of its own each: nothing of the last round is in the way.
        with Sandbox() as sandbox:
            environ = {**os.environ, **sandbox.env}
            bucket = sandbox.aws.data_bucket
            packed = _pack(folder / str(number), {"src": str(data), "bucket": bucket}, environ)
            module.append(_timed([sys.executable, str(packed)], environ))
            before = len(sandbox.requests())
            upload.append(module[-1] - _timed([sys.executable, str(packed)], environ))
            again = [(entry["operation"], entry["bytes_in"]) for entry in sandbox.requests()[before:]]
            copy = f"s3://{bucket}/copy.jsonl"
            cli.append(_timed([sys.executable, "-m", "awscli", "s3", "cp", "--quiet", str(data), copy], environ))
    ratio = min(cli) / min(upload)
    print(f"{size} MiB: upload {min(upload):.2f} s, aws s3 cp {min(cli):.2f} s: {ratio:.2f} x (at least {BOUND})")
    print(f"the module as a whole, with reading and hashing: {min(module):.2f} s, {min(cli) / min(module):.2f} x")
    print(f"again: {again}")
    return 0 if ratio >= BOUND and again == [("s3.HeadObject", 0)] else 1


def _write(path: Path, size: int) -> None:
    """Texts for continued pre-training, each different."""
    body = "The quick brown fox jumps over the lazy dog. " * 20
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < size * MIB:
            for _line in range(1000):
                number += 1
                file.write(json.dumps({"input": f"{number} {body}"}) + "\n")


def _pack(folder: Path, options: dict[str, object], environ: dict[str, str]) -> Path:
    """The module as Ansible packs it, from a run in check mode, made to run for real."""
    subprocess.run(
        [
            BIN / "ansible",
            "localhost",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-m",
            "llmops.finetune.bedrock_dataset",
            "-a",
            json.dumps({**options, "validate": False, "format": "bedrock_pretraining"}),
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
    packed = next(folder.glob("**/AnsiballZ_bedrock_dataset.py"))
    packed.write_text(packed.read_text().replace('"_ansible_check_mode": true', '"_ansible_check_mode": false'))
    return packed


def _timed(command: list[str], environ: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
