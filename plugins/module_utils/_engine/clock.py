# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time as the engine needs it.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TypeVar

_T = TypeVar("_T")

FIRST_INTERVAL = 2.0
LAST_INTERVAL = 30.0
GROWTH = 1.5


class Overrun(BaseException):
    """A call was abandoned. A simulated clock raises it within the call; libraries must not catch it."""


class Clock:
    """Real time, in seconds; tests use a simulated clock with the same methods."""

    def monotonic(self) -> float:
        """Seconds of a clock that is never set."""
        return time.monotonic()

    def time(self) -> float:
        """Unix time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)

    def bounded(self, call: Callable[[], _T], seconds: float) -> _T:
        """Return or raise what the call does. After so many seconds, abandon it and raise Overrun.

        Nothing can end a call that hangs, or whose answer drips; its daemon thread ends with the process.
        """
        answers: list[_T] = []
        errors: list[BaseException] = []
        over = threading.Event()

        def work() -> None:
            try:
                answers.append(call())
            except BaseException as error:
                errors.append(error)
            finally:
                over.set()

        threading.Thread(target=copy_context().run, args=(work,), daemon=True).start()
        if not over.wait(seconds):
            raise Overrun
        if errors:
            raise errors[0]
        return answers[0]


def intervals(first: float = FIRST_INTERVAL, last: float = LAST_INTERVAL) -> Iterator[float]:
    """Pauses between two reads, growing from ``first`` to ``last`` seconds."""
    pause = first
    while True:
        yield pause
        pause = min(last, pause * GROWTH)
