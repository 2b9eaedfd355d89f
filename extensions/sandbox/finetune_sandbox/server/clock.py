# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual clock. All simulated jobs use its time."""

from __future__ import annotations

import threading
import time

_END = 221_845_392_000.0
"""The beginning of the year 9000, in unix time."""


class Clock:
    """Virtual time: `speed` virtual seconds pass in one real second.

    Times are unix times in seconds. A speed of 0 stops the clock, so that only `advance` moves it.
    """

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._speed = _checked_speed(speed)
        self._virtual = time.time() if start is None else float(start)
        self._real = time.monotonic()

    def now(self) -> float:
        """The virtual unix time. It never goes back."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._virtual + (time.monotonic() - self._real) * self._speed

    @property
    def speed(self) -> float:
        """Virtual seconds per real second."""
        with self._lock:
            return self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on. Raises ValueError if it is not a number from 0 to 1000000."""
        speed = _checked_speed(speed)
        with self._lock:
            self._virtual = self._now()
            self._real = time.monotonic()
            self._speed = speed

    def advance(self, seconds: float) -> float:
        """Jump forward. Returns the new virtual time.

        Raises ValueError for a jump back, or if the new time would be after the year 9000 began.
        """
        if not 0 <= seconds < 1e10:
            raise ValueError(f"advance: {seconds!r} is not a number of seconds from 0 upwards.")
        with self._lock:
            if self._now() + seconds > _END:
                raise ValueError("advance: the virtual time would be later than the year 9000.")
            self._virtual += seconds
            return self._now()


def _checked_speed(speed: float) -> float:
    if not 0 <= speed <= 1e6:
        raise ValueError(f"speed: {speed!r} is not a number from 0 (stopped) to 1000000.")
    return float(speed)
