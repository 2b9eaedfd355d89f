# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: every benchmark, ratios within one run. ARGS are names of benchmarks, all if left out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """1 if a bound of any benchmark is missed."""
    chosen = [FOLDER / f"bench_{name}.py" for name in names] or sorted(FOLDER.glob("bench_*.py"))
    failed = 0
    for path in chosen:
        print(f"== {path.stem.removeprefix('bench_')}", flush=True)
        failed |= subprocess.run([sys.executable, path], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
