# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface of a dataset format, and its helpers. Private to llmops.finetune; may change at any time.

A family of formats is one module with subclasses of Format. Code that reads data gets the formats as an argument.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .limits import Limits
from .rules import ACCEPTED, ERROR, verdict_of

# (messages, characters of text, characters + UTF-8 bytes of text). The third is the weight: in a large file, it is used
# to estimate the tokens of most examples.
Measure = tuple[int, int, int]

# A JSON object from the fast scanner: its pairs of key and value, in order, with repeated keys. Arrays are lists.
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
    """A value as JSON for a message, shortened to 60 characters."""
    text = json.dumps(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def has_blocks(example: dict[str, Any]) -> bool:
    """Whether an example has a schema version, or its first message has content in blocks.

    A block has no type. The parts of a chat have one.
    """
    if "schemaVersion" in example:
        return True
    messages = example.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    content = first.get("content") if isinstance(first, dict) else None
    block = content[0] if isinstance(content, list) and content else None
    return isinstance(block, dict) and "type" not in block and not {"text", "image", "video"}.isdisjoint(block)


class Check:
    """Takes the issues that a format finds in one example, and keeps facts between the examples of one scan."""

    def __init__(self, limits: Limits, report: Callable[[bool, str, str, str], None]) -> None:
        self.limits = limits
        self._report = report
        self.failed = False
        self.has_image = False
        self.has_video = False
        # The buckets that hold images and videos of the examples of this scan.
        self.buckets: set[str] = set()
        # Declared tools without an issue. Datasets repeat them on every line, so they are not checked again.
        self.good_tools: Any = None

    def error(self, code: str, message: str, hint: str) -> None:
        self.failed = True
        self._report(True, code, message, hint)

    def warn(self, code: str, message: str, hint: str) -> None:
        self._report(False, code, message, hint)

    def rule(self, rule: str, message: str, hint: str, code: str = "") -> None:
        """Report data that hosts judge differently, with the verdict for this host from the table of rules.

        ``code``: the code of an error, if it is not ``rule``.
        """
        verdict = verdict_of(rule, self.limits.profile)
        if verdict != ACCEPTED:
            self.limit(verdict == ERROR, code if code and verdict == ERROR else rule, message, hint)

    def limit(self, hard: bool, code: str, message: str, hint: str) -> None:
        """Report data beyond a limit: as an error if the limit is hard, else as a warning."""
        if hard:
            self.error(code, message, hint)
        else:
            self.warn(code, message, hint)


class Format(ABC):
    """One format. Instances are stateless.

    - name: the name that users give
    - has_messages: whether an example consists of messages
    - shape: a short example, for hints and documentation
    - trained: the keys of an example whose values the model sees; None: all keys
    """

    name: str
    has_messages: bool
    shape: str
    trained: frozenset[str] | None = None

    @abstractmethod
    def recognises(self, example: dict[str, Any]) -> int:
        """How much an example looks like this format, valid or not.

        0: not at all. 1: it may have this format. 2: it can hardly have a less specific format.
        """

    @abstractmethod
    def measure(self, example: Pairs) -> Measure | None:
        """Measure an example that certainly has no error, no warning, no repeated key and no half of a surrogate pair.

        This is the fast path. None, TypeError, KeyError, ValueError and AttributeError all mean: check() decides.
        Values may have any JSON type. An array of arrays unpacks in the same way as an object: check the types.
        """

    def bind(self, limits: Limits) -> Callable[[Pairs], Measure | None]:
        """Return measure() for a scan with these limits. A format overrides it if a limit concerns its texts."""
        return self.measure

    @abstractmethod
    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        """Check an example precisely. Returns its measure, or None if it is too broken to measure."""

    def count(self, examples: int, image_examples: int, check: Check) -> None:
        """Check the limits on the number of examples in a file, and on the number of examples with images."""
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
    """Report keys that a format does not have. ``hard``: as errors, because hosts are known to refuse them."""
    for key in sorted(example.keys() - known):
        hint = "Remove it: the host refuses it." if hard else "Remove it; hosts may refuse it."
        check.limit(hard, "unknown_key", f"{where} has the unknown key {quote(key)}.", hint)


def lacks(example: dict[str, Any], key: str, form: Format, check: Check) -> bool:
    """Report a key if it is missing. Returns whether it is missing."""
    if key in example:
        return False
    check.error("missing_key", f"The example has no {key}.", f"The format {form.name} is {form.shape}")
    return True


_ALPACA = ("instruction", "input", "output", "response")


class Formats(dict[str, Format]):
    """All formats, by name."""

    def __init__(self, formats: Iterable[Format]) -> None:
        super().__init__({form.name: form for form in formats})

    def detect(self, example: dict[str, Any], accepted: Sequence[str] = ()) -> Format | None:
        """Return the format that an example looks most like, or None.

        One example may look equally like several formats, and be valid in them. Then a format that the host accepts
        comes first, in the order of ``accepted``. If the host accepts none of them, the order of this table decides.
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
    """The name of a well-known format that no host takes, if the example has one; else empty."""
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
