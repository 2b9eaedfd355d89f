# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids that look like a host's."""

from __future__ import annotations

import hashlib
import random
import string
import threading

_ALPHABET = string.ascii_letters + string.digits


class Ids:
    """Ids that look like the host's. With a seed they are the same in every run."""

    def __init__(self, seed: int | None) -> None:
        # Not a source of secrets: the keys here open nothing but this sandbox.
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._sequence = 0

    def text(self, length: int) -> str:
        """Letters and digits."""
        with self._lock:
            return "".join(self._random.choices(_ALPHABET, k=length))

    def hexadecimal(self, length: int) -> str:
        """Lower-case hexadecimal digits."""
        with self._lock:
            return "".join(self._random.choices("0123456789abcdef", k=length))

    def number(self, high: int) -> int:
        """0..high."""
        with self._lock:
            return self._random.randint(0, high)

    def uuid(self) -> str:
        """Like a UUID."""
        text = self.hexadecimal(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def sequence(self) -> int:
        """Counts everything created; breaks ties within a second."""
        with self._lock:
            self._sequence += 1
            return self._sequence


def derived(prefix: str, *parts: object, length: int = 24) -> str:
    """An id that follows from what it names, so that nothing has to be stored for it."""
    number = int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=32).digest(), "big")
    letters = []
    for _unused in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return prefix + "".join(letters)
