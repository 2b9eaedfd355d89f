# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a dataset format is. Private to llmops.finetune; may change at any time.

A family of formats is one module with classes of Format, listed in registry.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limits

# (messages, characters of text, characters + UTF-8 bytes of text). The third is what tokens are estimated
# from.
Measure = tuple[int, int, int]

# A JSON object as the fast scanner gives it: its pairs, in order, repeated keys kept. Arrays are lists.
Pairs = tuple[tuple[str, Any], ...]


def weigh(text: str) -> int:
    """Characters plus UTF-8 bytes of a text. Raises UnicodeEncodeError for half of a surrogate pair."""
    size = len(text)
    return size + size if text.isascii() else size + len(text.encode())


class Check:
    """What a format's check of one example reports to, and what it may keep between examples of one scan."""

    def __init__(self, limits: Limits, report: Callable[[bool, str, str, str], None]) -> None:
        self.limits = limits
        self._report = report
        self.failed = False
        self.has_image = False
        # Declared tools, known to be good: datasets repeat them on every line.
        self.good_tools: Any = None

    def error(self, code: str, message: str, hint: str) -> None:
        self.failed = True
        self._report(True, code, message, hint)

    def warn(self, code: str, message: str, hint: str) -> None:
        self._report(False, code, message, hint)

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
    """

    name: str
    has_messages: bool
    shape: str

    @abstractmethod
    def recognises(self, example: dict[str, Any]) -> bool:
        """Whether an example looks like this format, valid or not."""

    @abstractmethod
    def measure(self, example: Pairs) -> Measure | None:
        """Measure an example that is beyond doubt: no error, no warning, no repeated key, no half surrogate.

        This is the fast path. None, TypeError, KeyError, ValueError and AttributeError all mean "let check()
        decide". Values may be of any JSON type; mind that an array of arrays unpacks as an object does.
        """

    @abstractmethod
    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        """Check an example precisely. Returns its measure, or None where it is too broken to measure."""

    def count(self, examples: int, image_examples: int, check: Check) -> None:
        """Check the limits on how many examples, and how many with images, a whole file holds."""
        limit = check.limits.max_image_examples
        if limit and image_examples > limit.value:
            check.limit(
                limit.hard,
                "too_many_image_examples",
                f"{image_examples:,} examples hold images; the limit is {limit.value:,}.",
                "Leave some of them out.",
            )
