# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of models. A tuned model returns the trained answer to the nearest question. No real model runs.

The nearest question shares the most words with the last turn of the user. If several are equally near, an identical
question comes first, then the earlier turns decide, and then the order of the training data. The same prompt always
gets the same answer.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import threading
from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_sandbox.server import strict_json
from finetune_sandbox.server.contents import Segment, read_segments
from finetune_sandbox.server.training_data import BadLine, lines

PLAYED = "x-sandbox-played"
"""The header of every played answer. Its value is the source of the answer: TRAINED or FIXED."""
TRAINED, FIXED = "trained", "fixed"
BASE_TEXT = "I am a base model. I was not trained to answer this."
UNREFERENCED_TEXT = "I was trained, but my training data has no answers."
MAX_EXAMPLES = 50_000
MAX_CHARACTERS = 16 * 1024 * 1024
"""The limits of an index. The lines of the data after that are not read."""
_INDEXES = 8
"""The number of indexes in memory. Those of the models that were asked last are kept."""
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""A word: a run of letters and digits, or one character of a script without spaces between words."""


@dataclass(frozen=True)
class Prompt:
    """A conversation that waits for an answer. question: the last turn of the user; earlier: all other text."""

    question: str
    earlier: str = ""

    @property
    def text(self) -> str:
        """The whole text of the conversation."""
        return f"{self.earlier}\n{self.question}" if self.earlier else self.question


def read_prompt(turns: Sequence[tuple[str, str]]) -> Prompt:
    """The prompt of a conversation. turns: (role, text), oldest first. The system's text is an earlier turn."""
    last = max((index for index, (role, _text) in enumerate(turns) if role == "user"), default=-1)
    earlier = "\n".join(text for index, (_role, text) in enumerate(turns) if index != last and text)
    return Prompt(turns[last][1] if last >= 0 else "", earlier)


@dataclass(frozen=True)
class Example:
    """A question of the training data, and its answer. answer: in the provider's own form."""

    prompt: Prompt
    answer: Any


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _overlap(common: int, one: int, other: int) -> float:
    """The share of common words, 0 to 1. Arguments: numbers of words. Two texts without words have the share 1."""
    return common / (one + other - common) if one or other else 1.0


class Index:
    """An index of examples by the words of their questions."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._examples: list[Example] = []
        self._sizes = array("I")
        self._places: dict[str, array[int]] = {}
        characters = 0
        for example in examples:
            characters += len(example.prompt.text) + len(str(example.answer))
            if len(self._examples) >= MAX_EXAMPLES or characters > MAX_CHARACTERS:
                break
            words = _words(example.prompt.question)
            for word in words:
                self._places.setdefault(word, array("I")).append(len(self._examples))
            self._examples.append(example)
            self._sizes.append(len(words))

    def nearest(self, prompt: Prompt, accept: Callable[[Any], bool] = lambda _answer: True) -> Any:
        """The answer to the nearest question. ``accept``: whether an answer may be used. None if there is none."""
        words = _words(prompt.question)
        common: Counter[int] = Counter()
        for word in words:
            common.update(self._places.get(word, ()))
        accepted = [number for number, example in enumerate(self._examples) if accept(example.answer)]
        if not accepted:
            return None
        scores = [_overlap(common[number], len(words), self._sizes[number]) for number in accepted]
        best = max(scores)
        earlier = _words(prompt.earlier)

        def rank(number: int) -> tuple[bool, float, int]:
            other = self._examples[number].prompt
            theirs = _words(other.earlier)
            share = _overlap(len(earlier & theirs), len(earlier), len(theirs))
            return (other.question == prompt.question, share, -number)

        tied = (number for number, score in zip(accepted, scores, strict=True) if score == best)
        return self._examples[max(tied, key=rank)].answer


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The data that a run was trained with. read: returns the examples of one line."""

    segments: tuple[Segment, ...]
    read: Callable[[dict[str, Any]], Iterable[Example]]

    def examples(self) -> Iterator[Example]:
        """All examples, in the order of the data. A line that is not a JSON object gives no examples.

        The examples end at the first line that cannot be read, or if the files are missing.
        """
        content = read_segments(self.segments, 0, sum(segment.size for segment in self.segments))
        try:
            for line in lines(content):
                record = strict_json.loads(line) if line.strip() else None
                if isinstance(record, dict):
                    yield from self.read(record)
        except (BadLine, ValueError, FileNotFoundError):
            return


class Library:
    """The training data of a provider's models. The data stays here if its owner deletes the uploaded files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0
        self._indexes: OrderedDict[TrainingData, Index] = OrderedDict()

    def keep(self, segments: Iterable[Segment], read: Callable[[dict[str, Any]], Iterable[Example]]) -> TrainingData:
        """Keep the data as it is now. Raises FileNotFoundError if its files are missing."""
        kept = []
        with self._lock:
            self._folder.mkdir(exist_ok=True)
            for segment in segments:
                self._count += 1
                path = self._folder / f"{self._count:08d}"
                _link(segment.path, path)
                kept.append(Segment(path, segment.size))
        return TrainingData(tuple(kept), read)

    def forget(self, data: TrainingData | None) -> None:
        """Remove data that no model was trained with. None is ignored."""
        if data is not None:
            with self._lock:
                self._indexes.pop(data, None)
            for segment in data.segments:
                segment.path.unlink(missing_ok=True)

    def find(self, data: TrainingData, prompt: Prompt, accept: Callable[[Any], bool] = lambda _answer: True) -> Any:
        """The answer to the nearest question, or None if no answer is accepted. The first call reads the data."""
        with self._lock:
            index = self._indexes.pop(data, None) or Index(data.examples())
            self._indexes[data] = index
            if len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return index.nearest(prompt, accept)

    def clear(self) -> None:
        """Remove everything, as at the start."""
        with self._lock:
            self._indexes.clear()
            shutil.rmtree(self._folder, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    """Link a file to a second name. That is enough, because stored content never changes.

    If the file system has no links, copy the file. Raises FileNotFoundError if the source is missing.
    """
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


# The length of answers


def count_tokens(text: str) -> int:
    """The estimated number of tokens: a quarter of the characters, rounded up."""
    return math.ceil(len(text) / 4)


@dataclass(frozen=True)
class Ended:
    """A text within its limits. cut: whether it was too long. stop: the stop sequence that ended it, or None."""

    text: str
    cut: bool = False
    stop: str | None = None


def end_text(text: str, max_tokens: int | None, stops: Sequence[str]) -> Ended:
    """End a text at the first stop sequence, or after max_tokens tokens. None means no limit."""
    found = [(place, stop) for stop in stops if stop and (place := text.find(stop)) >= 0]
    place, stop = min(found, default=(len(text), None), key=lambda each: each[0])
    text = text[:place]
    if max_tokens is not None and count_tokens(text) > max_tokens:
        return Ended(text[: 4 * max_tokens], cut=True)
    return Ended(text, stop=stop)
