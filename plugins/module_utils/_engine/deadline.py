# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline of the current task. Providers' clients read it here.

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
    """A context in which the task must end when ``clock.monotonic()`` reaches ``end``; None: no limit.

    It replaces an outer one.
    """
    token = _bound.set(_Bound(clock, end))
    try:
        yield
    finally:
        _bound.reset(token)


def remaining() -> float | None:
    """The seconds that are left, at least 0; None if there is no limit."""
    bound = _bound.get()
    if bound is None or bound.end is None:
        return None
    return max(0.0, bound.end - bound.clock.monotonic())


def cut(own: float) -> float:
    """A request's time-out, cut to the time that is left. Never 0, which some libraries treat as "none"."""
    left = remaining()
    return own if left is None else max(0.001, min(own, left))


def within(doing: str, call: Callable[[], _T], *, own: float | None = None) -> _T:
    """Make a call, and abandon it when the task's time is over, or after ``own`` seconds.

    Raises TransientError for an abandoned call, because its outcome is unknown, and TimedOut if no time was left: then
    nothing was sent. ``doing`` is the beginning of both messages.
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
