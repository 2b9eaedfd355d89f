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
            said = [("user", f"Which colour is number {number}?"), ("assistant", f"Blue, {'and more of it ' * 300}.")]
            messages = [{"role": role, "content": [{"text": text}]} for role, text in said]
            record = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
            file.write(json.dumps(record).encode() + b"\n")


if __name__ == "__main__":
    main()
