# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the longest lines and files take of the memory: the peak of a process of its own, above a bare interpreter's."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says what a process has taken")
MOST_MIB = 64
ROOT = Path(__file__).resolve().parents[8]  # where ansible_collections is
# Of this very program: what getrusage() says begins with the peak of the process that started it.
_HIGHEST = """
def highest():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
"""
_PEAK = (
    _HIGHEST
    + """
print(json.dumps([highest(), told]))
"""
)
_BARE = "import json\ntold = None\n" + _PEAK
_SCAN = (
    """
import json, sys
from ansible_collections.llmops.finetune.plugins.module_utils._providers.catalogue import formats, limits_for
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.scan import scan
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
limits = limits_for(sys.argv[2] or "openai")
source, form = Source.from_path(sys.argv[1]), sys.argv[3] or None
report = scan(source, formats=formats(), format=form, limits=limits, workers=1)
told = [[issue.line, issue.code] for issue in report.errors]
"""
    + _PEAK
)
_STEPS = (
    _HIGHEST
    + """
import json, sys
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.steps import ResultFile
before = highest()
rows = ResultFile()
with open(sys.argv[1], "rb") as file:
    while data := file.read(1 << 16):
        rows.take(data)
found = rows.end()
told = [len(found), found[0], found[-1], before]
"""
    + _PEAK
)

LETTERS = str.maketrans("0123456789", "ghijklmnop")
ANSWER = {"role": "assistant", "content": "a"}


def run(code: str, *arguments: str) -> tuple[int, Any]:
    """Peak in KiB, and what it told."""
    # Where ansible-test runs the tests, only this process knows where the collection is.
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, env=environment, check=True)
    peak, told = json.loads(done.stdout)
    return peak, told


def examples() -> Iterator[bytes]:
    for number in range(12):
        messages = [{"role": "user", "content": f"Question {number}?"}, ANSWER]
        yield json.dumps({"messages": messages}).encode() + b"\n"


def images(count: int, size: int) -> Iterator[bytes]:
    """A line with images of so many bytes, in pieces."""
    yield b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}'
    piece = base64.b64encode(bytes(range(256)) * 3 * 512)
    for _unused in range(count):
        yield b', {"type": "image_url", "image_url": {"url": "data:image/png;base64,'
        left = size // 3 * 4
        while left:
            yield piece[: min(left, len(piece))]
            left -= min(left, len(piece))
        yield b'"}}'
    yield b']}, {"role": "assistant", "content": "a"}]}\n'


def text(content: str, **more: Any) -> bytes:
    messages = [{"role": "user", "content": content}, ANSWER]
    return json.dumps({"messages": messages, **more}, ensure_ascii=False).encode() + b"\n"


def long_text() -> Iterator[bytes]:
    """Just what fits; one character makes each of them take four bytes in memory."""
    yield text("\U0001f680" + "a line of text,\n" * ((4 << 20) // 17 - 20))


def shorter_text() -> Iterator[bytes]:
    """The same in a file so small that its tokens are counted one by one."""
    yield text("\U0001f680" + "a line of text,\n" * ((4 << 20) // 17 - 2_000))


def many_words() -> Iterator[bytes]:
    """No word of it twice."""
    yield text("\U0001f680" + " ".join(f"{number:06x}".translate(LETTERS) for number in range(550_000)))


def too_long_text() -> Iterator[bytes]:
    yield b'{"messages": "'
    for _unused in range(100):
        yield b"x" * (1 << 20)
    yield b'"}\n'


def many_values() -> Iterator[bytes]:
    yield text("?", tools=[{}] * 1_000_000)


def many_texts() -> Iterator[bytes]:
    yield text("?", tools=["a"] * 800_000)


LINES: list[tuple[Callable[[], Iterator[bytes]], str, list[list[Any]]]] = [
    (lambda: images(10, 9_999_999), "openai", []),
    (lambda: images(64, 1_500_000), "azure", []),
    (lambda: images(1, 75_000_000), "openai", [[6, "image_too_large"]]),
    (long_text, "openai", []),
    (shorter_text, "openai", []),
    (many_words, "openai", []),
    (too_long_text, "openai", [[6, "line_too_long"]]),
    (many_values, "openai", [[6, "too_many_values"]]),
    (many_texts, "compatible", [[6, "too_many_values"]]),
]


@pytest.mark.parametrize(
    ("line", "provider", "errors", "first"),
    [*((*case, False) for case in LINES), (*LINES[0], True), (*LINES[7], True)],
    ids=["ten", "64", "huge", "text", "shorter", "words", "long", "{}", "texts", "ten, first", "{}, first"],
)
def test_d10_no_line_takes_more_than_64_mib(
    tmp_path: Path, line: Callable[[], Iterator[bytes]], provider: str, errors: list[list[Any]], first: bool
) -> None:
    path = tmp_path / "train.jsonl"
    known = list(examples())
    with path.open("wb") as file:
        file.writelines([] if first else known[:5])
        for piece in line():
            file.write(piece)
        file.writelines(known if first else known[5:])
    bare, _nothing = run(_BARE)
    peak, told = run(_SCAN, str(path), provider, "" if not first or not errors else "openai_chat")
    assert told == [[1, code] for _line, code in errors] if first else told == errors
    assert (peak - bare) / 1024 < MOST_MIB


@pytest.mark.parametrize("encode", [bytes, base64.b64encode])
def test_d10_a_result_file_of_a_million_rows_is_read_as_a_stream(
    tmp_path: Path, encode: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "result.csv"
    rows = b"".join(b"%d,1.25,0.5,,\n" % number for number in range(1, 1_000_001))
    path.write_bytes(encode(b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n" + rows))
    peak, (count, first, last, before) = run(_STEPS, str(path))
    assert 1_000 < count <= 10_002
    assert first == {"step": 1, "train_loss": 1.25, "train_accuracy": 0.5}
    assert last == {"step": 1_000_000, "train_loss": 1.25, "train_accuracy": 0.5}
    assert (peak - before) / 1024 < 24
