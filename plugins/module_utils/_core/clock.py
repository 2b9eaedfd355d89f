# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time as the engine needs it.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

FIRST_INTERVAL = 2.0
LAST_INTERVAL = 30.0
GROWTH = 1.5


class Clock:
    """Real time; tests give a simulated one of the same shape. All in seconds."""

    def monotonic(self) -> float:
        """A clock that nobody sets."""
        return time.monotonic()

    def time(self) -> float:
        """Unix time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def intervals(first: float = FIRST_INTERVAL, last: float = LAST_INTERVAL) -> Iterator[float]:
    """Pauses between two looks, growing from ``first`` to ``last`` seconds, then staying there."""
    pause = first
    while True:
        yield pause
        pause = min(last, pause * GROWTH)
