# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes plugins/module_utils/_dataset/vocabulary.py from the ranks of o200k_base.

    python3 tests/tools/vocabulary.py o200k_base.tiktoken

The file has a line for each token: its bytes in base64, a space, its rank. OpenAI publishes it with tiktoken (MIT).
"""

from __future__ import annotations

import sys
import unicodedata
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

_TARGET = Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "_dataset" / "vocabulary.py"
# Up to which rank the words of a script are taken; the rest of a script's words is seldom.
_RANKS = {"LATIN": 150_000}
_MARKED_RANK = 60_000  # of a word with a mark before it, as code has them
_LONGEST_MARKS = 8
_SHIFT = 4  # as in tokens.py
_LARGEST_STEP = 65_535
_WIDTH = 118
_HEADER = '''# Copyright (c) 2022 OpenAI, Shantanu Jain
# SPDX-License-Identifier: MIT

"""The words of the vocabulary of o200k_base, in small letters. Private to llmops.finetune; may change at any time.

Made by tests/tools/vocabulary.py of the ranks that OpenAI publishes with tiktoken; do not edit. HASHES: of each word,
the upper 28 bits of the crc32 of its UTF-16 (little-endian); sorted, as differences of 16 bits; compressed with zlib,
in base 64. LONGEST: the length of the longest word, in units of UTF-16.
"""

from __future__ import annotations

LONGEST = %d
HASHES = """
'''


def select_words(ranks: Path) -> list[str]:
    """The words and runs of marks that are worth their place, sorted."""
    words = set()
    for text, rank in _read(ranks):
        word = text.strip(" ")
        if len(word) < 2 or any(map(str.isspace, word)):
            continue
        if all(_is_letter(char) for char in word.replace("'", "", 1)):
            if rank < _RANKS.get(_script(word), rank + 1):
                words.add(word.lower())
        elif word.isascii() and len(word) <= _LONGEST_MARKS and not any(map(str.isalnum, word)):
            words.add(word)
        elif word[1:].isalpha() and word.isascii() and rank < _MARKED_RANK and text[0] != " ":
            words.add(word.lower())
    return sorted(words)


def _read(ranks: Path) -> Iterator[tuple[str, int]]:
    for line in ranks.read_text(encoding="ascii").splitlines():
        token, _space, rank = line.partition(" ")
        try:
            yield b64decode(token).decode(), int(rank)
        except UnicodeDecodeError:
            continue  # a part of a character


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LM"


def _script(word: str) -> str:
    return unicodedata.name(word[0], "UNKNOWN").split()[0]


def pack(words: list[str]) -> str:
    """As tokens.py unpacks it, in lines."""
    hashes = sorted({zlib.crc32(word.encode("utf-16-le")) >> _SHIFT for word in words})
    steps: list[int] = []
    for before, following in zip([0, *hashes], hashes, strict=False):
        step = following - before
        while step > _LARGEST_STEP:  # the same hash twice does no harm: it stands for no word that is met
            steps.append(_LARGEST_STEP)
            step -= _LARGEST_STEP
        steps.append(step)
    packed = b64encode(zlib.compress(b"".join(step.to_bytes(2, "little") for step in steps), 9)).decode()
    return "\n".join(packed[start : start + _WIDTH] for start in range(0, len(packed), _WIDTH))


if __name__ == "__main__":
    chosen = select_words(Path(sys.argv[1]))
    longest = max(len(word.encode("utf-16-le")) // 2 for word in chosen)
    _TARGET.write_text(f'{_HEADER % longest}{pack(chosen)}\n"""\n', encoding="ascii")
