# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creating a run exactly once.

Private to llmops.finetune; may change at any time.

Most hosts keep the idempotency token with a run. On the others, a run that is new, equal, and was created during the
task counts as its own; a second such run is stopped. A run that is only similar is named in a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from . import deadline, ownership
from .clock import intervals
from .errors import ApiError, Busy, FineTuneError, InvalidInput, NotFound, RateLimited, TimedOut, TransientError
from .plan import group_duplicates, needs_replacement
from .types import Driver, Options, Phase, Progress, Run
from .waiter import Waiter

# A lost answer may belong to a request that the provider is still working on, so look more than once.
_LOOKS_BEFORE_RESEND = (0.0, 1.0, 2.0)
_SENDS = 5
_LOOKS_AFTER_REFUSAL = 5
_SOON = 180.0  # seconds that even a task with wait: false gives the host to accept the run
_RUN_AGAIN = "Run the task again: it finds a run of this one and starts no second one."
_CREATE_TIME = 30.0  # no create is sent with less time left than this, or than a third of a shorter wait_timeout
_LAST_LOOK = 1.5  # seconds after wait_timeout, if the outcome of a create is unknown
# Seconds after the first create at which the engine looks for duplicates again.
_LATE_LOOKS = (10.0, 30.0, 60.0, 120.0)
_DAY = 86400.0

_SLACK = 5.0  # seconds of drift between the host's clock, which counts whole seconds, and ours
IsDifferent = Callable[[Run], bool]
"""Whether a run differs from the desired state."""
_ALIVE = (Phase.PENDING, Phase.PAUSED, Phase.READY)


@dataclass
class Attempt:
    """One intended run, kept from slice to slice.

    ``since``: unix time of the first create. ``before``: the ids of the runs before it. ``unsure``: whether the outcome
    of a create is unknown. ``marked``: whether the host keeps our token with a run. ``looked``: unix time of the last
    look for duplicates.
    """

    token: str
    since: float
    before: frozenset[str]
    unsure: bool = False
    marked: bool = False
    looked: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The attempt as to_dict data for the next slice; :func:`read_attempt` reads it."""
        return {**vars(self), "before": sorted(self.before)}

    def is_new(self, run: Run) -> bool:
        """Whether the run did not exist before the first create."""
        return run.id not in self.before

    def may_be_ours(self, run: Run, differs: IsDifferent) -> bool:
        """Whether the run is new and equal to the desired state, as far as the host shows it."""
        if run.token is not None:
            return run.token == self.token and self.is_new(run)
        return not self.marked and self.is_new(run) and bool(run.verified or run.observed) and not differs(run)

    def is_surely_ours(self, run: Run, bound: Run | None, now: float) -> bool:
        """Whether a run that may be ours is certain enough to be stopped as a duplicate.

        Its creation time is compared with that of the bound run, because both come from the host's clock. A task
        without a bound run takes every run that may be its own, rather than start a second one.
        """
        if run.token is not None or bound is None or run.id == bound.id:
            return True
        if run.ambiguous:
            return False
        lasts = max(0.0, now - self.since) + _SLACK
        return bool(run.created and bound.created) and abs(run.created - bound.created) <= lasts


def read_attempt(kept: Any) -> Attempt | None:
    """Read the attempt of an earlier slice. Raises InvalidInput for anything else."""
    if kept is None:
        return None
    try:
        return Attempt(
            str(kept["token"]),
            float(kept["since"]),
            frozenset(map(str, kept["before"])),
            bool(kept["unsure"]),
            bool(kept["marked"]),
            float(kept["looked"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            "wait_state is not what an earlier slice of this task has returned.", hint="Leave it out."
        ) from error


def claimed(
    attempt: Attempt,
    runs: Iterable[Run],
    differs: IsDifferent,
    bound: Run | None,
    now: float,
) -> list[Run]:
    """The same runs; those that are certainly ours get the attempt's token."""
    return [
        replace(run, token=attempt.token)
        if attempt.may_be_ours(run, differs) and attempt.is_surely_ours(run, bound, now)
        else run
        for run in runs
    ]


def find_lookalikes(attempt: Attempt, runs: Iterable[Run], differs: IsDifferent, kept: Run) -> list[Run]:
    """The other new runs that are, or will become, models."""
    return [run for run in runs if run.id != kept.id and run.phase in _ALIVE and attempt.may_be_ours(run, differs)]


def format_lookalike(run: Run, kept: Run, noun: str, kind: str) -> str:
    """The warning about a lookalike."""
    made = f"made a second {kind}" if run.phase is Phase.READY else f"will make a second {kind}"
    what = f"'{run.model}', " if run.phase is Phase.READY and run.model and run.model != run.id else ""
    doubt = f" {run.ambiguous}" if run.ambiguous else ""
    return (
        f"{noun} {run.id} ({what}{run.status}) has the same settings as {kept.id} and {made}: a request whose answer "
        f"was lost, or another task at the same moment, has started it.{doubt} It was left alone, and may cost money: "
        f"look at it, and cancel or delete it if nobody needs it."
    )


def _oldest_of(attempt: Attempt, runs: Sequence[Run]) -> Run | None:
    counted, _duplicates, _canonical = group_duplicates(runs)
    ours = [run for run in counted if run.token == attempt.token and attempt.is_new(run)]
    return min(ours, key=lambda run: run.age_key, default=None)


class CreateOnce:
    """Starts the one run of a task, and looks for duplicates from lost answers or other tasks.

    ``attempt``: None before the first create. ``unsure``: whether another task may have created the run. ``warnings``:
    those of the task.
    """

    def __init__(self, driver: Driver, options: Options, waiter: Waiter, warnings: list[str]) -> None:
        self.driver = driver
        self.options = options
        self.waiter = waiter
        self.result = waiter.result
        self.clock = waiter.clock
        self.warnings = warnings
        self.attempt = read_attempt((options.wait_state or {}).get("attempt"))
        self.unsure = False
        self._lookalikes: list[Run] = []  # found by the last look
        self._spent = 0  # creates that the host refused because the observed state was outdated
        waiter.watch = self

    def create(self, runs: Sequence[Run]) -> Run:
        """Start one run. After a create with an unknown outcome, look for its run before the create is sent again."""
        self.attempt = attempt = self._attempt_beside(runs)
        run = self._send(attempt)
        self.waiter.progress = None  # it is no longer waited for a place
        self.result.changed = self.waiter.keeps_slice = True
        self.waiter.bind(run)
        run = self._cancel_duplicates(run, attempt)
        self.waiter.bind(run)
        self.waiter.keeps_slice = False
        if not self.options.wait or run.phase is Phase.READY:
            self.name_lookalikes()
        return run

    def _send(self, attempt: Attempt) -> Run:
        pauses = intervals()
        lost: list[TransientError] = []
        while True:
            found = self._look(attempt) if attempt.unsure else None
            if found is not None:
                self.unsure = True
                return found
            if len(lost) >= _SENDS:
                hint = f"Sent {_SENDS} times; no run was seen yet, but a late one is possible. {_RUN_AGAIN}"
                raise lost[-1].amended(hint=hint) from lost[-1]
            self._refuse_late_create(lost)
            try:
                run = self.driver.create(attempt.token)
                attempt.marked = run.token == attempt.token
                return run
            except RateLimited as error:
                # A clear refusal: it does not count as a send.
                if isinstance(error, Busy) and not attempt.unsure:
                    attempt.unsure = True  # the host may be busy with this very run
                    continue
                self._pause_before_create(error, next(pauses), attempt)
            except TransientError as error:
                lost.append(error)
                attempt.unsure = self.waiter.keeps_slice = True
                self.result.changed = True

    def _attempt_beside(self, runs: Sequence[Run]) -> Attempt:
        """The attempt for the next create. A token with an unknown outcome is kept."""
        newest = max(runs, key=lambda run: run.age_key, default=None)
        now = self.clock.time()
        spent = (int(now // _DAY), self._spent) if self._spent else None
        token = ownership.idempotency_token(self.driver.idempotency_key(), newest.id if newest else None, spent)
        former = self.attempt
        if former and former.token and (former.unsure or former.token == token):
            return former
        if former and former.unsure:
            return replace(former, token=token)
        return Attempt(token, now, frozenset(run.id for run in runs))

    def _pause_before_create(self, error: RateLimited, pause: float, attempt: Attempt) -> None:
        """Wait before the next create after a RateLimited; raise it if there is no time for that."""
        pause = max(error.retry_after or 0.0, pause)
        soon = error.at_most is not None and error.at_most <= _SOON
        if not (self.options.wait or soon):
            nothing = "" if self.result.changed else "Nothing was started. Run the task again later."
            raise error.amended(hint=f"{error.hint} {nothing}") from error
        if error.at_most is not None and self.clock.time() + pause >= attempt.since + error.at_most:
            raise error
        if pause + self._create_time() > self.waiter.left():
            started = "A run may have been started before." if self.result.changed else "Nothing was started."
            hint = (
                f"{error.hint} {started} wait_timeout ({self.waiter.total:g} s) ends before it can be asked for "
                f"again, in {pause:.0f} s. {_RUN_AGAIN if self.result.changed else 'Run the task again later.'}"
            )
            raise error.amended(hint=hint, facts={**error.facts, "timed_out": True}) from error
        with self.waiter.one_slice(soon):  # the next slice would be called at once
            self.waiter.progress = Progress("waiting for the provider to accept the run", message=error.brief)
            self.waiter.sleep(pause)

    def _create_time(self) -> float:
        """The seconds that must be left for a create."""
        return min(_CREATE_TIME, self.waiter.total / 3) if self.waiter.bounded else 0.0

    def _refuse_late_create(self, lost: Sequence[TransientError]) -> None:
        left, needed = self.waiter.left(), self._create_time()
        looks = sum(_LOOKS_BEFORE_RESEND) + _LAST_LOOK if lost else 0.0
        if left >= needed + looks:
            return
        if lost:
            raise TimedOut(
                f"A run may have been started, and was not seen before wait_timeout ({self.waiter.total:g} s) was "
                f"over: {lost[-1].message}",
                hint=_RUN_AGAIN,
                facts={"timed_out": True},
            )
        raise TimedOut(
            f"Nothing was started: {max(0.0, left):.0f} s of wait_timeout ({self.waiter.total:g} s) were left, and a "
            f"{self.driver.noun.lower()} is not started with less than {needed:.0f} s.",
            hint="Looks at the provider and uploads of data count too. Give a longer wait_timeout, or run it again.",
            facts={"timed_out": True},
        )

    def _needs_replacement(self, run: Run) -> bool:
        return needs_replacement(self.driver.fields, self.driver.resolved, run, self.options.ignore_changes)

    def _runs_of(self, attempt: Attempt, bound: Run | None) -> list[Run]:
        """All runs; on hosts without metadata, those that are certainly ours get the attempt's token."""
        runs = self.driver.observe(None)
        if any(run.token == attempt.token for run in runs):
            attempt.marked = True
        if not attempt.marked:
            # If the list does not show a run's settings, look them up.
            fresh = [run for run in runs if attempt.is_new(run) and run.token is None]
            doubtful = [run for run in fresh if not (run.verified or run.observed)]
            seen = {run.id: run for run in self.driver.verify(doubtful)} if doubtful else {}
            runs = [seen.get(run.id, run) for run in runs]
        return claimed(attempt, runs, self._needs_replacement, bound, self.clock.time())

    def _look(self, attempt: Attempt) -> Run | None:
        """The run of the attempt, or None. If the task's time is over, there is one short look."""
        for pause in _LOOKS_BEFORE_RESEND:
            if self.waiter.left() < pause + _LAST_LOOK:
                return self._last_look(attempt)
            if pause:
                self.clock.sleep(pause)
            try:
                runs = self.waiter.read(partial(self._runs_of, attempt, None))
            except FineTuneError as blind:
                if not self.result.changed:
                    raise
                hint = f"A run may have been started; it could not be looked for. {_RUN_AGAIN}"
                raise blind.amended(hint=hint) from blind
            found = _oldest_of(attempt, runs)
            if found:
                return found
        return None

    def _last_look(self, attempt: Attempt) -> Run | None:
        end = self.clock.monotonic() + _LAST_LOOK
        with suppress(FineTuneError), deadline.until(end, self.clock):
            return _oldest_of(attempt, self._runs_of(attempt, None))
        return None

    def look_for_duplicates(self, run: Run) -> Run:
        """Look for duplicates at the beginning of a slice. Without an attempt, all runs with this token count."""
        if not (run.phase.pending and run.token):
            return run
        return self._cancel_duplicates(
            run, self.attempt or Attempt(run.token, self.clock.time(), frozenset(), marked=True)
        )

    def find_survivor(self, run: Run) -> Run | None:
        """The canonical run, if this one was cancelled as a duplicate; else None."""
        attempt = self.attempt
        runs = self.waiter.read(partial(self._runs_of, attempt, run)) if attempt else self.waiter.observe()
        return group_duplicates(runs)[2].get(run.id)

    def _cancel_duplicates(self, run: Run, attempt: Attempt) -> Run:
        """Look after a create: of duplicates the oldest stays, and becomes the task's run."""
        runs = self.waiter.read(partial(self._runs_of, attempt, run))
        run = next((found for found in runs if found.id == run.id and found.token == attempt.token), run)
        _counted, found, canonical = group_duplicates(runs)
        attempt.looked = self.clock.time()
        driver = self.driver
        if driver.capabilities.no_cancel:
            return run
        for duplicate in found:
            if self.cancel_duplicate(duplicate):
                self.warnings.append(f"Run {duplicate.id} is a duplicate of one request; it was cancelled.")
        run = canonical.get(run.id, run)
        stopped = {duplicate.id for duplicate in found}
        self._lookalikes = [
            other for other in find_lookalikes(attempt, runs, self._needs_replacement, run) if other.id not in stopped
        ]
        return run

    def cancel_duplicate(self, duplicate: Run) -> bool:
        """Cancel a duplicate. If the provider refuses, warn and go on with the canonical run."""
        try:
            self.waiter.halt(duplicate, self.driver.cancel)
        except ApiError as error:
            warning = (
                f"Run {duplicate.id} is a duplicate of one request, and could not be cancelled: it goes on, may cost "
                f"money. {error.text()}"
            )
            if warning not in self.warnings:
                self.warnings.append(warning)
            return False
        return True

    def look_again(self, run: Run, *, ended: bool) -> Run:
        """Look for duplicates again while the task waits, and after its run has ended, because listings lag."""
        attempt, can, bound = self.attempt, self.driver.capabilities, self.waiter.bound
        if attempt is None or can.one_run_a_token or can.no_cancel or not (bound and bound.id == run.id):
            return run
        now = self.clock.time()
        due = any(attempt.looked < attempt.since + after <= now for after in _LATE_LOOKS)
        if due or (ended and attempt.looked + 1.0 < now):
            with suppress(TransientError, RateLimited, NotFound):
                run = self._cancel_duplicates(run, attempt)
                self.waiter.bind(run)
        return run

    def name_lookalikes(self) -> None:
        """Warn about lookalikes: they may cost money, and the user must decide."""
        if kept := self.waiter.bound:
            noun, kind = self.driver.noun, self.driver.kind
            self.warnings += [format_lookalike(run, kept, noun, kind) for run in self._lookalikes]
        self._lookalikes = []

    def forget(self) -> None:
        """Drop the token after a Conflict: the host has used it up."""
        self._spent += 1
        if self.attempt:
            self.attempt.token = ""

    def look_for_what_came_first(self) -> None:
        """Wait until a listing shows the run that caused the Conflict."""
        pauses = intervals()
        with self.waiter.one_slice(True):  # the next slice would count from zero
            for _look in range(_LOOKS_AFTER_REFUSAL):
                self.waiter.sleep(next(pauses))
                if self.attempt is None or any(map(self.attempt.is_new, self.waiter.observe())):
                    break
