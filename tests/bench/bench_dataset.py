# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure scan() against a bare loop of json.loads over the same file.

Bounds, each checked on the fastest of alternating runs in one session (other load on the machine only slows):

- scan() with one process, pinned to one processor: at least 0.6 x the speed of the bare loop on that processor
- scan() with two processes, on two processors: at least 1.0 x the speed of the bare loop on one
- peak memory: at most 64 MiB above an interpreter that does nothing. Counted is the peak resident size of the
  scanning process and of each of its children (the largest child, times their number), each less the bare
  interpreter's. (Pages that a child shares with its parent are so counted twice.)

Run from a collection tree: ``python tests/bench/bench_dataset.py [--size MIB] [--rounds N]``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

MIN_ONE = 0.6
MIN_TWO = 1.0
MAX_MIB = 64.0

_REPORT = """
import json, resource, time
seconds = time.perf_counter() - start
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": seconds, "own": own, "children": children}))
"""
_EMPTY = "import time\nstart = time.perf_counter()\n" + _REPORT
_BARE = (
    """
import json, sys, time
start = time.perf_counter()
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        json.loads(line)
"""
    + _REPORT
)
_SCAN = (
    """
import sys, time
from ansible_collections.llmops.finetune.plugins.module_utils._providers.catalogue import formats, limits_for
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.scan import scan
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
start = time.perf_counter()
report = scan(
    Source.from_path(sys.argv[1]), formats=formats(), limits=limits_for("openai"), workers=int(sys.argv[2])
)
assert report.ok and report.format == "openai_chat", report
"""
    + _REPORT
)


def write_chat(path: Path, size: int) -> int:
    """Write about ``size`` bytes of chat examples, one in ten with other than ASCII text; return how many."""
    rng = random.Random(20261121)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _unused in range(4000)]

    def text(low: int, high: int) -> str:
        return " ".join(rng.choices(words, k=rng.randint(low, high)))

    count = written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            messages = [{"role": "system", "content": f"You are a support bot. {text(5, 15)}"}]
            for _unused in range(rng.randint(1, 3)):
                odd = ' He said: "no".\n' if count % 7 == 0 else ""
                messages.append({"role": "user", "content": text(5, 40) + odd})
                more = " Grüße — 日本" if count % 10 == 0 else ""
                messages.append({"role": "assistant", "content": text(10, 80) + more})
            written += file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
            count += 1
    return count


def measure(code: str, processors: set[int], *arguments: str) -> dict[str, float]:
    """Run code in a fresh interpreter on the given processors."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
    )
    return dict(json.loads(result.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the dataset scan against a bare loop of json.loads.")
    parser.add_argument("--size", type=int, default=1024, help="size of the file in MiB (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: %(default)s)")
    options = parser.parse_args()
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        print("This needs two processors.")
        return 2
    one, two = {usable[0]}, set(usable[:2])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.jsonl"
        examples = write_chat(path, options.size << 20)
        print(f"{path.stat().st_size >> 20} MiB, {examples:,} examples, Python {sys.version.split()[0]}")
        empty = measure(_EMPTY, one)["own"]
        runs: dict[str, list[dict[str, float]]] = {"bare": [], "one": [], "two": []}
        for _unused in range(options.rounds):
            runs["bare"].append(measure(_BARE, one, str(path)))
            runs["one"].append(measure(_SCAN, one, str(path), "1"))
            runs["two"].append(measure(_SCAN, two, str(path), "2"))
    seconds = {name: min(run["seconds"] for run in results) for name, results in runs.items()}
    failed = False
    print(f"bare loop           {seconds['bare']:7.2f} s")
    for name, processes, least in (("one", 1, MIN_ONE), ("two", 2, MIN_TWO)):
        ratio = seconds["bare"] / seconds[name]
        memory = max(
            run["own"] - empty + (processes * (run["children"] - empty) if run["children"] > empty else 0)
            for run in runs[name]
        )
        memory /= 1024
        good = ratio >= least and memory <= MAX_MIB
        failed |= not good
        print(
            f"scan, {processes} process{'es' if processes > 1 else '  '}   {seconds[name]:7.2f} s   "
            f"{ratio:.2f} x (at least {least})   {memory:.1f} MiB above bare (at most {MAX_MIB:.0f})   "
            f"{'ok' if good else 'MISSED'}"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
