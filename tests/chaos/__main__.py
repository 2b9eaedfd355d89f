# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs trials (see trials.py), and prints what was wrong, each with the seed that repeats it.

    make chaos ARGS="--trials 1000 --seed 1"

Ends with 0 if nothing was wrong, else with 1. Trials run in processes of their own, side by side.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

from ansible_collections.llmops.finetune.tests.chaos.places import PLACES
from ansible_collections.llmops.finetune.tests.chaos.trials import run_seed


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="FIRST")
    parser.add_argument("--place", action="append", choices=list(PLACES), help="this dialect only; may be repeated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    start, bad = time.monotonic(), 0
    figures: Counter[str] = Counter()
    places = tuple(asked.place or PLACES)
    seeds = range(asked.seed, asked.seed + asked.trials)
    with ProcessPoolExecutor(asked.workers, multiprocessing.get_context("spawn")) as pool:
        for finished in as_completed([pool.submit(run_seed, seed, places) for seed in seeds]):
            outcome = finished.result()
            trial = outcome.trial
            figures.update(
                {
                    f"trials at {trial.place}": 1,
                    "runs of the task": outcome.runs,
                    "trials with several tasks at once": trial.tasks > 1,
                    "processes killed": outcome.kills,
                    "second models that were named": outcome.second,
                }
            )
            if outcome.wrong:
                bad += 1
                print(f"WRONG  {trial}", *outcome.wrong, sep="\n       ", flush=True)
    for name, number in sorted(figures.items()):
        print(f"{name:40} {number}")
    print(f"{'seconds':40} {time.monotonic() - start:.0f}")
    print(f"\n{asked.trials - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
