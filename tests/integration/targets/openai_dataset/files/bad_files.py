# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes files that are no datasets into the folder that is named on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def example(*roles: str) -> bytes:
    messages = [{"role": role, "content": f"The {role} says something."} for role in roles]
    return json.dumps({"messages": messages}).encode() + b"\n"


def main() -> None:
    folder = Path(sys.argv[1])
    good = example("user", "assistant")
    files = {
        "not-utf8": good * 6 + good.replace(b"something", b"\xe9\xff") + good * 6,
        "bom": b"\xef\xbb\xbf" + good * 12,
        "not-json": good * 4 + b"this is no JSON\n" + good * 8,
        "wrong-role": good * 2 + example("user", "robot", "assistant") + good * 9,
        "no-assistant": good * 8 + example("system", "user") + good * 3,
        "three-examples": good * 3,
        "empty": b"",
        "blank-line": good * 5 + b"\n" + good * 7,
        "list": good * 3 + b"[1, 2]\n" + good * 8,
        "nan": good * 3 + good.replace(b'"The assistant says something."', b"NaN") + good * 8,
        "deep": good * 3 + b"[" * 100_000 + b"\n" + good * 8,
        "long-line": good * 9 + example("user", "assistant")[:-20] + b"x" * 100_000_000 + b"\n" + good * 3,
        "preference": b'{"input": {}, "preferred_output": [], "non_preferred_output": []}\n' * 12,
    }
    for name, content in files.items():
        (folder / f"{name}.jsonl").write_bytes(content)
    (folder / "directory.jsonl").mkdir()


if __name__ == "__main__":
    main()
