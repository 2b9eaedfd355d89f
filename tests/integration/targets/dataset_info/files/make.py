# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write good and bad datasets into the folder that is given."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path


def chat(number: int) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": f"Q{number}"}, {"role": "assistant", "content": f"A{number}"}]}


def user(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Q{number}"}]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def jsonl(examples: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(example).encode() + b"\n" for example in examples)


def main() -> None:
    folder = Path(sys.argv[1])
    lines = [jsonl([chat(number)]) for number in range(12)]
    good = b"".join(lines)
    files = {
        "openai_chat": good,
        "openai_preference": jsonl(
            [
                {"input": {"messages": user(n)}, "preferred_output": answer("a"), "non_preferred_output": answer("b")}
                for n in range(10)
            ]
        ),
        "openai_reinforcement": jsonl([{"messages": user(n), "answer": n} for n in range(10)]),
        "openai_completion": jsonl([{"prompt": f"Q{n}", "completion": f"A{n}"} for n in range(10)]),
        "large": jsonl([chat(number) for number in range(150_000)]),
        "not_utf8": lines[0] + b'{"messages": "caf\xe9"}\n' + good,
        "bom": b"\xef\xbb\xbf" + good,
        "not_json": lines[0] + b"{'messages': []}\n" + good,
        "unknown_role": lines[0] + good.replace(b'"assistant"', b'"bot"', 1),
        "missing_assistant": lines[0] + jsonl([{"messages": user(1)}]) + good,
        "too_few_examples": b"".join(lines[:3]),
        "empty": b"",
        "line_too_long": lines[0] + b'{"messages": "' + b"x" * 100_000_000 + b'"}\n' + good,
        "compressed": gzip.compress(good),
        "utf16": good.decode().encode("utf-16"),
        "json_array": json.dumps([chat(1)] * 12).encode(),
    }
    for name, data in files.items():
        (folder / f"{name}.jsonl").write_bytes(data)


if __name__ == "__main__":
    main()
