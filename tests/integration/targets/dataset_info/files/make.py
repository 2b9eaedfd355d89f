# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a good dataset, and a large one with a wrong line, into the folder that is given."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def line(number: int, role: str = "assistant") -> bytes:
    messages = [{"role": "user", "content": f"Q{number}"}, {"role": role, "content": f"A{number}"}]
    return json.dumps({"messages": messages}).encode() + b"\n"


def main() -> None:
    folder = Path(sys.argv[1])
    (folder / "chat.jsonl").write_bytes(b"".join(line(number) for number in range(12)))
    lines = [line(number) for number in range(150_000)]
    lines[140_000] = line(140_000, "bot")
    (folder / "large.jsonl").write_bytes(b"".join(lines))


if __name__ == "__main__":
    main()
