# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing runs and waiting for them within the task's time.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from math import inf
from typing import Protocol, TypeVar

from . import deadline
from .clock import FIRST_INTERVAL, Clock, intervals
from .content import CHECK_MODE
from .errors import ApiError, FineTuneError, NotFound, RateLimited, RunFailed, TimedOut, TransientError
from .plan import needs_replacement
from .result import Result
from .types import Driver, Options, Phase, Progress, Run

_T = TypeVar("_T")

_SHORTEST_SLICE = 5.0
_READ_TRIES = 4
_LAG = 120.0  # seconds that a listing may lag behind a write
_LONGEST_READ_PAUSE = 60.0
_BOUND_FIRST_INTERVAL = 5.0
_ENDS = {Phase.PAUSING: Phase.PAUSED, Phase.CANCELLING: Phase.CANCELLED, Phase.DELETING: Phase.DELETED}


def _foresee_end(run: Run) -> Run:
    """The run after its transition, as check mode predicts it."""
    if run.phase in (Phase.UPDATING, Phase.PENDING):
        return replace(run, phase=Phase.READY, observed={**run.observed, **run.target}, target={}, removable=True)
    return replace(run, phase=_ENDS[run.phase], removable=False)


class SliceEnded(Exception):
    """``wait_slice`` is over and the work is not: the caller calls again."""


class Watch(Protocol):
    """The part that looks for duplicates of the run that the task waits for."""

    def look_again(self, run: Run, *, ended: bool) -> Run:
        """Look for duplicates if it is time to. Returns the canonical run."""

    def find_survivor(self, run: Run) -> Run | None:
        """The canonical run, if this one was cancelled as a duplicate; else None."""

    def name_lookalikes(self) -> None:
        """Warn about lookalikes."""


class Waiter:
    """Owns the time of a task (deadline, slice, clock), and the run that it waits for (``bound``).

    ``total``: ``wait_timeout`` over all slices. ``hidden_since``: unix time since when the host does not show the run.
    ``keeps_slice``: no slice may end now, because the next one could not continue from here.
    """

    def __init__(self, driver: Driver, options: Options, result: Result, clock: Clock, start: float | None) -> None:
        self.driver = driver
        self.options = options
        self.result = result
        self.clock = clock
        self.watch: Watch  # set by CreateOnce, which needs the waiter
        self.bound: Run | None = None
        self.progress: Progress | None = None
        state = options.wait_state or {}
        self.hidden_since: float | None = state.get("hidden_since")
        self.total: float = state.get("wait_timeout") or options.wait_timeout
        self.keeps_slice = False
        self.bounded = options.wait and options.bounded  # whether the deadline holds for the whole task
        self._start = clock.monotonic() if start is None else start
        self._deadline = self._start + options.wait_timeout
        self._slice_end = self._start + options.wait_slice if options.wait_slice > 0 else None

    # -- time -------------------------------------------------------------------------------------------------

    def within_time(self) -> AbstractContextManager[None]:
        """A context in which all calls end with the task's time."""
        return deadline.until(self._deadline, self.clock) if self.bounded else nullcontext()

    def elapsed(self) -> float:
        """Seconds since the task began."""
        return round(self.clock.monotonic() - self._start, 1)

    def left(self) -> float:
        """The seconds that are left for the task or its caller; infinite if there is no limit."""
        left = deadline.remaining()
        return inf if left is None else left

    @contextmanager
    def one_slice(self, needed: bool) -> Iterator[None]:
        """A context in which no slice ends, if ``needed``."""
        before, self.keeps_slice = self.keeps_slice, self.keeps_slice or needed
        try:
            yield
        finally:
            self.keeps_slice = before

    def sleep(self, seconds: float, run: Run | None = None) -> None:
        """Sleep within the slice and the deadline; raise if either ends."""
        now = self.clock.monotonic()
        end = self._slice_end
        # A very short last slice is not worth another call.
        within = end is not None and not self.keeps_slice and end < self._deadline - _SHORTEST_SLICE
        if end is not None and within and now + seconds > end:
            self.clock.sleep(max(0.0, end - now))
            raise SliceEnded
        left = min(self.left(), inf if run is None else self._deadline - now)
        if seconds >= left:
            self.clock.sleep(max(0.0, left))
            raise self._end_waiting(run)
        self.clock.sleep(seconds)

    def _end_waiting(self, run: Run | None) -> TimedOut:
        self.watch.name_lookalikes()
        facts = {"timed_out": True}
        if run is None:
            return TimedOut(
                f"wait_timeout ({self.total:g} s) ended before it was known what there is of '{self.options.name}'.",
                hint="Run the task again; nothing is started twice.",
                facts=facts,
            )
        doing = self.progress.line(self.options.name) if self.progress else f"{self.options.name}: {run.status}"
        hidden = " It was not shown at the last look." if self.hidden_since is not None else ""
        return TimedOut(
            f"wait_timeout ended before {self.driver.noun.lower()} {run.id} did ({doing}).{hidden}",
            hint="What was started goes on. Run the task again to go on waiting for it; nothing is started twice.",
            facts=facts,
        )

    # -- calls ------------------------------------------------------------------------------------------------

    def read(self, call: Callable[[], _T]) -> _T:
        """Call, and repeat after transient errors and rate limits."""
        pauses = intervals()
        for left in range(_READ_TRIES - 1, -1, -1):
            try:
                return call()
            except (TransientError, RateLimited) as error:
                pause = min(_LONGEST_READ_PAUSE, max(error.retry_after or 0.0, next(pauses)))
                if pause >= self.left():
                    raise self._out_of_time(error) from error
                if not left:
                    raise
                # The next slice would count from zero, without an end if the host never answers.
                with self.one_slice(self.bound is None):
                    self.sleep(pause)
        raise AssertionError("unreachable")

    def _out_of_time(self, error: FineTuneError) -> TimedOut:
        """The error if no time is left to ask again, with the host's last answer."""
        goes_on = "What was started goes on. " if self.bound else ""
        nothing = "" if self.bound or self.result.changed else "Nothing was started. "
        return TimedOut(
            f"wait_timeout ({self.total:g} s) leaves no time to ask again. {error.message}",
            hint=f"{error.hint} {goes_on}{nothing}Run the task again.".strip(),
            facts={**error.facts, "timed_out": True},
        )

    def halt(self, run: Run, verb: Callable[[Run], Run]) -> Run:
        """Cancel, pause or resume a run. It may end by itself, or by another task, at the same moment."""
        unclear = False

        def send() -> Run:
            nonlocal unclear
            try:
                return verb(run)
            except TransientError:
                unclear = True
                raise

        try:
            answered = self.read(send)
            self.result.changed = True
            return answered
        except (ApiError, TransientError):
            # A change with an unknown outcome counts as a change.
            self.result.changed = self.result.changed or unclear
            fresh = self.read(partial(self.driver.refresh, run))
            if fresh.phase is run.phase:
                raise
            return fresh

    # -- looking ----------------------------------------------------------------------------------------------

    def observe(self) -> list[Run]:
        """All runs of the name."""
        run_id = self.options.run_id
        if run_id and run_id.startswith(CHECK_MODE):
            return []
        try:
            return self.read(lambda: self.driver.observe(run_id))
        except NotFound as error:
            if not run_id:
                raise
            hint = (
                f"{error.hint} If {run_id} was started a moment ago, it may not be shown yet: it goes on by "
                "itself, so run the task again in two minutes. Else check the id, and whose credential this is. "
                "Nothing was started."
            )
            raise error.amended(hint=hint) from error

    def wait_for_transitions(self, runs: list[Run]) -> list[Run]:
        """Wait for runs in a transitional phase; check mode predicts how they end instead.

        With ``wait: false`` the task does not wait for a resource that serves, because that takes long.
        """
        moving = [run for run in runs if run.phase.transitional or self._is_replaced(run)]
        if not self.options.wait:
            left: tuple[Phase, ...] = (Phase.UPDATING, Phase.PENDING)
            if self.driver.capabilities.long_lived and self.options.state == "present":
                left = (*left, Phase.DELETING)
            moving = [run for run in moving if run.phase not in left]
        if not moving:
            return runs
        if self.options.check_mode:
            return [_foresee_end(run) if run in moving else run for run in runs]
        if not self.options.wait and self.options.state not in ("present", "absent"):
            return runs
        self.wait_for_each(moving, lambda run: not run.phase.transitional and not self._is_replaced(run))
        return self.observe()

    def _is_replaced(self, run: Run) -> bool:
        """Whether it is being created with other settings, and is replaced as soon as that has ended."""
        options, driver = self.options, self.driver
        replaces = options.state == "present" and options.retrain == "on_change" and driver.capabilities.long_lived
        return (
            replaces
            and run.phase is Phase.PENDING
            and options.run_id in (None, run.id)
            and needs_replacement(driver.fields, driver.resolved, run, options.ignore_changes)
        )

    def look_at(self, run: Run) -> Run:
        """Read the run again; return it unchanged if the host does not answer."""
        try:
            fresh = self.driver.refresh(run)
            self.hidden_since = None
            if self.bound and self.bound.id == run.id:
                self.bind(fresh)
            run = fresh
            if run.phase.pending or run.phase is Phase.UPDATING:
                self.progress = self.driver.progress(run)
        except NotFound as error:
            # Reads lag behind writes. A run that stays invisible is an error, never "deleted".
            now = self.clock.time()
            self.hidden_since = now if self.hidden_since is None else self.hidden_since
            if now - self.hidden_since > _LAG:
                hint = (
                    f"{error.hint} {self.driver.noun} {run.id} is not shown since {now - self.hidden_since:.0f} s. "
                    "It was not stopped and probably goes on, and may cost money: look at it at the provider, and "
                    "run the task again, which waits for it."
                )
                raise error.amended(hint=hint) from error
        except (TransientError, RateLimited) as error:
            if error.retry_after:
                self.sleep(error.retry_after, run)
        return run

    # -- waiting ----------------------------------------------------------------------------------------------

    def bind(self, run: Run) -> None:
        """Bind the task to a run that it has started or waits for."""
        self.bound = self.result.run = run

    def wait_for_each(self, runs: Sequence[Run], done: Callable[[Run], bool]) -> list[Run]:
        """Wait for each of the runs."""
        return [self.wait_for(run, done) for run in runs]

    def wait_for(self, run: Run, done: Callable[[Run], bool]) -> Run:
        """Read a run at growing intervals until ``done``. Transient errors do not end the wait; the deadline does."""
        pauses = intervals(_BOUND_FIRST_INTERVAL) if self.options.wait_run_id else intervals()
        while not done(run):
            if run.phase is Phase.UNKNOWN:
                raise ApiError(
                    f"{self.driver.noun} {run.id} of '{self.options.name}' has the status "
                    f"'{run.status}', which this version does not know.",
                    hint="It is not waited for any longer. Look at it at the provider, and update this collection.",
                )
            self.sleep(next(pauses), run)
            run = self.watch.look_again(self.look_at(run), ended=False)
        return run

    def wait_until_ready(self, run: Run) -> Run:
        """Bind the task to the run and wait for it. Raises RunFailed if the run fails."""
        while True:
            self.bind(run)
            run = self._end_first_slice(run)
            run = self.wait_for(run, _is_decided)
            self.result.run = run
            survivor = None
            if run.phase is Phase.READY:
                survivor = self.watch.look_again(run, ended=True)
                if survivor.phase is Phase.READY:
                    self.watch.name_lookalikes()
                    return survivor
            elif run.phase is Phase.CANCELLED:
                survivor = self.watch.find_survivor(run)
            if survivor is None:
                raise self._explain_failure(self._look_closer(run))
            run = survivor

    def _look_closer(self, run: Run) -> Run:
        """A failed run with all that its provider says, as a list shows less. An error here does not hide it."""
        if run.verified:
            return run
        with suppress(FineTuneError):
            run = self.result.run = self.read(partial(self.driver.verify, [run]))[0]
        return run

    def _end_first_slice(self, run: Run) -> Run:
        """End the first slice as soon as the host shows the run, so that the caller knows its id."""
        if self._slice_end is None or self.options.wait_run_id or not run.phase.pending:
            return run
        run = self.look_at(run)
        while self.hidden_since is not None:
            self.sleep(FIRST_INTERVAL, run)
            run = self.look_at(run)
        if run.phase.pending and self.left() > _SHORTEST_SLICE:
            raise SliceEnded
        return run

    def _explain_failure(self, run: Run) -> RunFailed:
        word = {Phase.FAILED: "failed", Phase.PAUSED: "was paused", Phase.CANCELLED: "was cancelled"}
        return RunFailed(
            f"{self.driver.noun} {run.id} of '{self.options.name}' {word.get(run.phase, f'is {run.status}')}"
            f"{': ' + run.reason.rstrip('.') if run.reason else ''}.",
            hint="Run the task again: it resumes it." if run.phase is Phase.PAUSED else str(self.driver.hint(run)),
        )


def is_over(run: Run) -> bool:
    """Whether the run no longer changes by itself."""
    return not run.phase.pending and not run.phase.transitional


def is_paused_or_over(run: Run) -> bool:
    """Whether the run is paused or over."""
    return run.phase is Phase.PAUSED or is_over(run)


def _is_decided(run: Run) -> bool:
    return run.phase not in (Phase.PENDING, Phase.UNKNOWN) and not run.phase.transitional
