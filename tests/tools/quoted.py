# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds each message that the guides quote among the texts of the code: ``quoted.py [FOLDER]``.

A quoted message is in the first column of a table whose header is "message". ``...``, ``N`` and ``M`` stand for any
words there, as each value in an f-string does in the code. A quote is compared clause by clause, because the code joins
messages of several texts: at least half of a clause's words must stand in one text, in their order, and the rest must
be where that text has values.

The texts are those of the plugins, of the sandbox (for what a provider says) and of Ansible's own argument checks.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

ANY = "\0"
LONGEST = 120  # words of a message; a longer text is documentation
_CLAUSE = re.compile(r"(?:[.:;,])(?:\s|$)|[()]")
_WORD = re.compile(r"[\w\0-]+(?:[./'][\w\0-]+)*")
_FROM_THE_HOST = re.compile(r"\(HTTP [^)]*\)|\bcode [a-z]+_\w+")


def texts(path: Path) -> Iterator[str]:
    """Yield every text of a Python file, with ANY for each value in an f-string."""
    inner: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in node.values)
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield re.sub(r"\{\w*\}|%[sdr]", ANY, node.value)


def words(text: str) -> list[str]:
    """Split a text into words; a number, or a word with a value in it, is ANY."""
    return [ANY if ANY in word or word.strip("-").isdecimal() else word.lower() for word in _WORD.findall(text)]


def quotes(guide: str) -> Iterator[tuple[int, str]]:
    """Yield the quoted messages of a guide with their lines."""
    of_messages = False
    for number, line in enumerate(guide.splitlines(), 1):
        if not line.startswith("|"):
            of_messages = False
            continue
        cell = line.split("|")[1].strip()
        if cell.lower().startswith("message"):
            of_messages = True
        elif of_messages:
            yield from ((number, quote) for quote in re.findall(r"`([^`]+)`", cell))


def clauses(quote: str) -> Iterator[list[str]]:
    """Yield the clauses of a quote as words, without those that say too little to be looked for."""
    for clause in _CLAUSE.split(_FROM_THE_HOST.sub("", quote).replace("...", ANY)):
        found = words(re.sub(r"\b[NM]2?\b|'\0'", ANY, clause))
        if sum(word != ANY for word in found) >= 2:
            yield found


class Texts:
    """All texts of some Python files."""

    def __init__(self, files: Iterable[Path]) -> None:
        every = {text for file in files for text in texts(file)}
        self._texts = [(set(found), found) for text in every if 0 < len(found := words(text)) < LONGEST]
        self._clauses = {tuple(words(clause)) for text in every for clause in _CLAUSE.split(text)}

    def say(self, clause: list[str]) -> bool:
        """Return whether a text has the clause, or a text its beginning and a clause of another one its end."""
        return self._have(clause) or any(
            tuple(clause[end:]) in self._clauses and self._have(clause[:end]) for end in range(1, len(clause) - 1)
        )

    def _have(self, clause: list[str]) -> bool:
        wanted = set(clause) - {ANY}
        return any(2 * len(wanted & have) >= len(wanted) and is_in(clause, text) for have, text in self._texts)


def is_in(clause: list[str], text: list[str]) -> bool:
    """Return whether the clause is a part of the text, where ANY on either side stands for words of the other."""
    # Best number of equal words, by the place in the text, after each word of the clause.
    best: list[int | None] = [0] * (len(text) + 1)
    for word in clause:
        after: list[int | None] = [None] * (len(text) + 1)
        for place, score in enumerate(best):
            if score is None:
                continue
            if word == ANY:
                for end in range(place, len(text) + 1):
                    after[end] = max(after[end] or 0, score)
            elif place < len(text) and text[place] == word:
                after[place + 1] = max(after[place + 1] or 0, score + 1)
            if place < len(text) and text[place] == ANY:  # it stands for this word, and perhaps for the next ones
                after[place] = max(after[place] or 0, score)
                after[place + 1] = max(after[place + 1] or 0, score)
        best = after
    wanted = sum(word != ANY for word in clause)
    return max((score for score in best if score is not None), default=0) * 2 >= wanted


def main() -> int:
    """Print each quote that no text has; the number of them is the exit code."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    ansible = find_spec("ansible")
    own = Path(str(ansible.origin)).parent / "module_utils" if ansible else root / "nothing"
    files = [*(root / "plugins").rglob("*.py"), *(root / "extensions").rglob("*.py")]
    files += [*(own / "common").glob("*.py"), own / "basic.py", own / "errors.py"] if own.is_dir() else []
    known = Texts(files)
    unknown = 0
    for guide in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        for number, quote in quotes(guide.read_text(encoding="utf-8")):
            for clause in clauses(quote):
                if not known.say(clause):
                    said = " ".join("..." if word == ANY else word for word in clause)
                    print(f"{guide.relative_to(root)}:{number}: the code does not say '{said}' (in `{quote}`)")
                    unknown += 1
    return min(unknown, 1)


if __name__ == "__main__":
    sys.exit(main())
