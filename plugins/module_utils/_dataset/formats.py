# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a dataset format is. Private to llmops.finetune; may change at any time.

A family of formats is one module with classes of Format. Which there are is handed down to what reads data.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .limits import Limits
from .rules import ACCEPTED, ERROR, verdict_of

# (messages, characters of text, characters + UTF-8 bytes of text). From the third, the tokens of most examples of a
# large file are estimated.
Measure = tuple[int, int, int]

# A JSON object as the fast scanner gives it: its pairs, in order, repeated keys kept. Arrays are lists.
Pairs = tuple[tuple[str, Any], ...]


def weigh(text: str) -> int:
    """Characters plus UTF-8 bytes of a text. Raises UnicodeEncodeError for half of a surrogate pair."""
    size = len(text)
    return size + size if text.isascii() else size + len(text.encode())


def kind_of(value: Any) -> str:
    """Name a value's JSON type, for messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object" if isinstance(value, dict) else "a number"


def quote(value: Any) -> str:
    """Show a value in a message, shortened."""
    text = json.dumps(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def has_blocks(example: dict[str, Any]) -> bool:
    """Whether an example has a schema version, or content in blocks that have no type, as the parts of a chat have."""
    if "schemaVersion" in example:
        return True
    messages = example.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    content = first.get("content") if isinstance(first, dict) else None
    block = content[0] if isinstance(content, list) and content else None
    return isinstance(block, dict) and "type" not in block and not {"text", "image", "video"}.isdisjoint(block)


class Check:
    """What a format's check of one example reports to, and what it may keep between examples of one scan."""

    def __init__(self, limits: Limits, report: Callable[[bool, str, str, str], None]) -> None:
        self.limits = limits
        self._report = report
        self.failed = False
        self.has_image = False
        self.has_video = False
        # Buckets that hold images and videos of the examples of this scan.
        self.buckets: set[str] = set()
        # Declared tools, known to be good: datasets repeat them on every line.
        self.good_tools: Any = None

    def error(self, code: str, message: str, hint: str) -> None:
        self.failed = True
        self._report(True, code, message, hint)

    def warn(self, code: str, message: str, hint: str) -> None:
        self._report(False, code, message, hint)

    def rule(self, rule: str, message: str, hint: str, code: str = "") -> None:
        """Report what hosts differ in, as the table of rules has it for this one. ``code``: its name where it is an
        error, if another."""
        verdict = verdict_of(rule, self.limits.profile)
        if verdict != ACCEPTED:
            self.limit(verdict == ERROR, code if code and verdict == ERROR else rule, message, hint)

    def limit(self, hard: bool, code: str, message: str, hint: str) -> None:
        """Report something beyond a limit: an error where the limit is hard, a warning where it is not."""
        if hard:
            self.error(code, message, hint)
        else:
            self.warn(code, message, hint)


class Format(ABC):
    """One format. Instances are stateless.

    - name: as users name it
    - has_messages: whether an example is made of messages
    - shape: a short example, for hints and documentation
    - trained: the keys of an example whose values the model is shown; None: all of them
    """

    name: str
    has_messages: bool
    shape: str
    trained: frozenset[str] | None = None

    @abstractmethod
    def recognises(self, example: dict[str, Any]) -> int:
        """How much an example looks like this format, valid or not: 0 not at all, 1 it may be, 2 it can hardly be
        of a format that says less."""

    @abstractmethod
    def measure(self, example: Pairs) -> Measure | None:
        """Measure an example that is beyond doubt: no error, no warning, no repeated key, no half surrogate.

        This is the fast path. None, TypeError, KeyError, ValueError and AttributeError all mean "let check()
        decide". Values may be of any JSON type; mind that an array of arrays unpacks as an object does.
        """

    def bind(self, limits: Limits) -> Callable[[Pairs], Measure | None]:
        """Return measure() for a scan under these limits. A format overrides it where a limit bears on text."""
        return self.measure

    @abstractmethod
    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        """Check an example precisely. Returns its measure, or None where it is too broken to measure."""

    def count(self, examples: int, image_examples: int, check: Check) -> None:
        """Check the limits on how many examples, and how many with images, a whole file holds."""
        most = check.limits.max_examples
        if most and examples > most.value:
            check.limit(
                most.hard,
                "too_many_examples",
                f"The file holds {examples:,} examples; the limit is {most.value:,}.",
                "Leave some of them out.",
            )
        limit = check.limits.max_image_examples
        if limit and image_examples > limit.value:
            check.limit(
                limit.hard,
                "too_many_image_examples",
                f"{image_examples:,} examples hold images; the limit is {limit.value:,}.",
                "Leave some of them out.",
            )


def unknown_keys(
    example: dict[str, Any], known: frozenset[str], check: Check, where: str = "The example", hard: bool = False
) -> None:
    """Report keys that a format does not have: as errors where hosts are known to refuse them."""
    for key in sorted(example.keys() - known):
        hint = "Remove it: the host refuses it." if hard else "Remove it; hosts may refuse it."
        check.limit(hard, "unknown_key", f"{where} has the unknown key {quote(key)}.", hint)


def lacks(example: dict[str, Any], key: str, form: Format, check: Check) -> bool:
    """Report a key that is missing. Returns whether it is."""
    if key in example:
        return False
    check.error("missing_key", f"The example has no {key}.", f"The format {form.name} is {form.shape}")
    return True


_ALPACA = ("instruction", "input", "output", "response")


class Formats(dict[str, Format]):
    """The formats there are, by their names."""

    def __init__(self, formats: Iterable[Format]) -> None:
        super().__init__({form.name: form for form in formats})

    def detect(self, example: dict[str, Any], accepted: Sequence[str] = ()) -> Format | None:
        """Return the format that an example looks like, or None.

        The format that it looks like most. Where several are alike (the same example may be valid in two), one that
        the host accepts; of several such, in the order of ``accepted``, else in that of the table.
        """
        best: tuple[int, int, int] | None = None
        found = None
        for index, form in enumerate(self.values()):
            sure = int(form.recognises(example))
            if sure:
                rank = (sure, -accepted.index(form.name), 0) if form.name in accepted else (sure, -len(self), -index)
                if best is None or rank > best:
                    best, found = rank, form
        return found


def foreign_format(example: dict[str, Any]) -> str:
    """Name a format that an example has and no host takes; empty for one that is not known either."""
    keys = example.keys()
    if "instruction" in keys and ("output" in keys or "response" in keys):
        return f"Alpaca's format ({', '.join(key for key in keys if key in _ALPACA)})"
    if isinstance(example.get("conversations"), list) or isinstance(example.get("conversation"), list):
        return "ShareGPT's format (conversations with from and value)"
    if {"chosen", "rejected"} <= keys:
        return "the preference format of TRL (chosen, rejected)"
    if isinstance(example.get("contents"), list):
        return "Gemini's format (contents with parts)"
    if {"question", "answer"} <= keys:
        return "a format of questions and answers (question, answer)"
    return "the format of plain texts (text)" if isinstance(example.get("text"), str) else ""
