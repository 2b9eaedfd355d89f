# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a task has to be over, for those who are not told: a provider's client asks here.

Private to llmops.finetune; may change at any time.

The engine sets it with :func:`until`. It holds for the thread that sets it, so that the models of ``fine_tune``, which
share their clients, each have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from .clock import Clock, Overrun
from .errors import TimedOut, TransientError

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Bound:
    clock: Clock
    end: float | None  # of clock.monotonic()


_bound: ContextVar[_Bound | None] = ContextVar("llmops_finetune_deadline", default=None)


@contextmanager
def until(end: float | None, clock: Clock) -> Iterator[None]:
    """Within, the task has to be over when ``clock.monotonic()`` is ``end``; None: there is no bound.

    What an outer one said does not hold within.
    """
    token = _bound.set(_Bound(clock, end))
    try:
        yield
    finally:
        _bound.reset(token)


def remaining() -> float | None:
    """The seconds that are left, 0 where none are; None where nothing bounds the task."""
    bound = _bound.get()
    if bound is None or bound.end is None:
        return None
    return max(0.0, bound.end - bound.clock.monotonic())


def cut(own: float) -> float:
    """A request's own time-out, cut to what is left. Never 0, which some libraries take for "none"."""
    left = remaining()
    return own if left is None else max(0.001, min(own, left))


def within(doing: str, call: Callable[[], _T], *, own: float | None = None) -> _T:
    """Make a call that is given up when the time of the task is over, or after ``own`` seconds, whatever it does then.

    Raises TransientError for what was given up: nobody knows what such a write has done. Raises TimedOut where no time
    was left before: then nothing was sent. ``doing`` begins the message of both.
    """
    left = remaining()
    if left is not None and left <= 0:
        raise TimedOut(
            f"{doing}: wait_timeout was over before this was sent.",
            hint="What was started before goes on. Run the task again.",
            facts={"timed_out": True},
        )
    seconds = min((limit for limit in (left, own) if limit is not None), default=None)
    if seconds is None:
        return call()
    bound = _bound.get()
    try:
        return (bound.clock if bound else Clock()).bounded(call, seconds)
    except Overrun:
        why = "when wait_timeout was over" if seconds == left else f"after {seconds:g} s"
        raise TransientError(
            f"{doing}: there was no whole answer {why}.", hint="Check the address and the network."
        ) from None
