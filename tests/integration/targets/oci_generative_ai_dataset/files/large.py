# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a dataset of 40 MiB into the file that is named on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

SIZE = 40 * 2**20


def main() -> None:
    with Path(sys.argv[1]).open("wb") as file:
        number = 0
        while file.tell() < SIZE:
            number += 1
            record = {"prompt": f"Which colour is number {number}?", "completion": f"Blue, {'and more of it ' * 300}."}
            file.write(json.dumps(record).encode() + b"\n")


if __name__ == "__main__":
    main()
