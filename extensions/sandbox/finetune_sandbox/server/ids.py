# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids that look like the ids of a real host."""

from __future__ import annotations

import hashlib
import random
import string
import threading

_ALPHABET = string.ascii_letters + string.digits


class Ids:
    """Makes random ids. With a seed they are the same in every run."""

    def __init__(self, seed: int | None) -> None:
        # This generator is not for secrets: its keys are only valid in this sandbox.
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._sequence = 0

    def text(self, length: int) -> str:
        """Random letters and digits."""
        with self._lock:
            return "".join(self._random.choices(_ALPHABET, k=length))

    def hexadecimal(self, length: int) -> str:
        """Random hexadecimal digits in lower case."""
        with self._lock:
            return "".join(self._random.choices("0123456789abcdef", k=length))

    def number(self, high: int) -> int:
        """A random whole number from 0 to high, both included."""
        with self._lock:
            return self._random.randint(0, high)

    def uuid(self) -> str:
        """A text in the form of a UUID."""
        text = self.hexadecimal(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def sequence(self) -> int:
        """The next number, from 1. It gives an order to things that are created in the same second."""
        with self._lock:
            self._sequence += 1
            return self._sequence


def derived(prefix: str, *parts: object, length: int = 24) -> str:
    """An id that is computed from parts, so that it need not be stored. The same parts give the same id."""
    number = int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=32).digest(), "big")
    letters = []
    for _unused in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return prefix + "".join(letters)
