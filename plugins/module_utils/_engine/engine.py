# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of every resource: observe, compare, plan, (check mode stops here), apply, wait, report.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, TypeVar

from . import deadline, ownership
from .clock import FIRST_INTERVAL, Clock, intervals
from .content import CHECK_MODE
from .create_once import Attempt, claimed, duplicates, read_attempt, told_duplicate
from .errors import Busy, FineTuneError, NotVisible, Outdated, Refused, RunFailed, Throttled, TimedOut, Unavailable
from .plan import decide, group_twins, trains_anew, visible
from .types import Change, Driver, Options, Phase, Plan, Progress, Run

_T = TypeVar("_T")

# A lost answer may belong to a request that the provider is still working on, so look more than once.
_LOOKS_BEFORE_RESEND = (0.0, 1.0, 2.0)
_SENDS = 5
_DECISIONS = 4
_LOOKS_AFTER_REFUSAL = 5
_SOON = 180.0  # even a task that does not wait gives what it asks for so long to be accepted
_RUN_AGAIN = "Run the task again: it finds a run of this one and starts no second one."
_CREATE_TIME = 30.0  # with less than this left, or a third of a shorter wait_timeout, no run is asked for
_LAST_LOOK = 1.5  # after wait_timeout, where it is not known whether a run was started
_SHORTEST_SLICE = 5.0
# How long after the first send it is looked once more whether it made a second run.
_LATE_LOOKS = (10.0, 30.0, 60.0, 120.0)
_READ_TRIES = 4
# Listings lag behind what was just made; within this time "not there" is looked at again.
_LAG = 120.0
_MODEL_LAG = 60.0
_SKEW = 30.0
_LONGEST_READ_PAUSE = 60.0
_BOUND_FIRST_INTERVAL = 5.0
_DAY = 86400.0
_MISSING = (Phase.GONE, Phase.RETIRED)


class SliceEnded(Exception):
    """``wait_slice`` is over and the work is not: the caller is to come back."""


class Engine:
    """Carries one task through the flow. ``result`` is filled as things happen, so that a failure loses nothing."""

    def __init__(
        self,
        driver: Driver,
        options: Options,
        *,
        details: bool = False,
        clock: Clock | None = None,
        start: float | None = None,
    ) -> None:
        """``start``: of the task, by the clock's ``monotonic``; now, where that is left out."""
        self.driver = driver
        self.options = options
        self.details = details
        self.clock = clock or Clock()
        self.warnings: list[str] = driver.warnings
        self.result: dict[str, Any] = {"changed": False, "action": "none"}
        self._progress: Progress | None = None
        self._run: Run | None = None  # what the result is about
        self._bound: Run | None = None  # what the task has started or waits for
        state = options.wait_state or {}
        self._attempt: Attempt | None = read_attempt(state.get("attempt"))
        self._hidden_since: float | None = state.get("hidden_since")  # by the clock's time
        self._total: float = state.get("wait_timeout") or options.wait_timeout  # of all slices
        self._alike: list[Run] = []  # duplicates that the last look has shown
        self._spent = 0  # creates that turned out to be made from an outdated look
        self._again: set[str] = set()  # runs whose models were looked for a second time
        self._unsure = False  # whether another task may have made what this one has asked for
        self._told_later = False  # while it is unclear what a create has made, no slice ends
        start = self.clock.monotonic() if start is None else start
        self._start = start
        self._deadline = start + options.wait_timeout
        self._bounded = options.wait and options.bounded  # whether that holds for all that is done
        self._slice_end = start + options.wait_slice if options.wait_slice > 0 else None

    # -- the flow ---------------------------------------------------------------------------------------------

    def converge(self) -> dict[str, Any]:
        """Make it so. Returns the result as plain data; raises FineTuneError, whose facts hold the same."""
        try:
            with deadline.until(self._deadline, self.clock) if self._bounded else nullcontext():
                self._converge_anew()
        except SliceEnded:
            self._report_waiting()
        except FineTuneError as error:
            raise error.amended(facts=self._describe_failure(error)) from error
        self.result["elapsed"] = self._elapsed()
        return self.result

    def _converge_anew(self) -> None:
        """Decide again, on what exists by now, when a create was refused because others had made something."""
        for left in range(_DECISIONS - 1, -1, -1):
            told = len(self.warnings)
            try:
                self._converge()
                return
            except Outdated as error:
                self.result["changed"] = bool(self.result["changed"] or error.facts.get("changed"))
                if not left:
                    raise
                del self.warnings[told:]
                self._spent += 1
                if self._attempt:
                    self._attempt.token = ""  # it is used up
                self._look_for_what_came_first()

    def _look_for_what_came_first(self) -> None:
        """What made the provider refuse is there, but listings lag: look for it before anything is decided anew."""
        pauses = intervals()
        with self._one_slice(True):  # another would begin to count anew
            for _look in range(_LOOKS_AFTER_REFUSAL):
                self._sleep(next(pauses))
                if self._attempt is None or any(map(self._attempt.is_new, self._observe())):
                    break

    def _converge(self) -> None:
        options = self.options
        bound = None
        if options.wait_run_id and not options.check_mode:
            self._run = self._bound = Run(options.wait_run_id, 0.0, Phase.PENDING, "not seen yet")
            bound = self._look_at(self._bound)
            if bound.phase.pending and bound.token:
                attempt = self._attempt or Attempt(bound.token, self.clock.time(), frozenset(), marked=True)
                bound = self._settle_twins(bound, attempt)
            bound = self._await_ready(bound)
        runs = self._settled(self._observe())
        if bound and all(run.id != bound.id for run in runs):
            runs.append(bound)
        plan, runs = self._plan(runs, bound)
        while plan.creates and not bound:
            more = self._read(partial(self.driver.prepare, runs))
            if not more:
                break
            plan, runs = self._plan(self._settled([*runs, *more]))
        plan = self._unless_held(plan)
        self.warnings += plan.warnings
        self.result["diff"] = _diff(plan, self.driver.request() if plan.action == "create" else {})
        if options.ignore_changes:
            self.result["ignored_changes"] = {
                change.name: {"before": _plain(change.before), "after": _plain(change.after)} for change in plan.ignored
            }
        if plan.refusal:
            self._run = plan.run
            if isinstance(plan.refusal, RunFailed) and plan.run:
                hint = self.driver.hint(plan.run)
                if not hint.retry:
                    hint = replace(hint, retry="Then 'retry_failed: true' starts one more run.")
                raise plan.refusal.amended(hint=f"Nothing was started again. {hint}")
            raise plan.refusal
        if bound and plan.creates:
            self._run = bound
            raise Refused(
                f"Run {bound.id} of '{options.name}' succeeded, but what it made is no longer found as asked for.",
                hint=(
                    "A task starts at most one run, so nothing was started again. "
                    "Look at the provider, then run it once more."
                ),
            )
        self.result["action"] = plan.action
        if options.check_mode:
            self.result["changed"] = plan.changed
            self._report_plan(plan)
            return
        self._apply(plan, runs, watched=bound is not None)

    def _unless_held(self, plan: Plan) -> Plan:
        """A deletion that the provider would refuse is refused before anything is changed or paid."""
        models = [run for run in plan.remove if run.phase is Phase.READY]
        if plan.refusal or not models:
            return plan
        holders = self._read(partial(self.driver.holders, models))
        if not holders:
            return plan
        named = ", ".join(run.model or run.id for run in models)
        return replace(
            plan,
            refusal=Refused(
                f"{named} cannot be deleted: {'; '.join(holders)}. Nothing was changed.",
                hint="Delete or move what uses it first, or leave out what asks for the deletion.",
            ),
        )

    def _plan(self, runs: list[Run], bound: Run | None = None) -> tuple[Plan, list[Run]]:
        """Decide; where the decision rests on a model that nobody has looked at yet, look, and decide again.

        A model of a run that has only just ended may not be listed yet: before that means a new run, it is looked
        for until it should be there.
        """
        pauses = intervals()
        options = replace(self.options, run_id=bound.id) if bound else self.options
        while True:
            plan = decide(
                runs,
                self.driver.fields,
                self.driver.wish,
                options,
                self.driver.capabilities,
                self.driver.kind,
            )
            about = (plan.run, *plan.remove, *plan.duplicates)
            rests_on = {run.id: run for run in about if run and not run.verified}
            if rests_on:
                runs = self._verify(runs, list(rests_on.values()))
                if bound:
                    # Its model may not be listed yet.
                    runs = [
                        replace(bound, verified=True) if run.id == bound.id and run.phase in _MISSING else run
                        for run in runs
                    ]
                continue
            fresh = self._too_fresh(plan, runs)
            if fresh and not bound:
                self._sleep(next(pauses))
                runs = self._verify(runs, [replace(run, phase=Phase.READY, verified=False) for run in fresh])
                continue
            return plan, runs

    def _too_fresh(self, plan: Plan, runs: Sequence[Run]) -> list[Run]:
        """The runs that have only just ended, and whose models are missed. Where that decides nothing but a warning,
        looking once more is enough."""
        if plan.creates or (plan.run and plan.run.phase is Phase.RETIRED):
            return [run for run in runs if run.phase in _MISSING and self._just_ended(run)]
        run = plan.run
        if run is None or run.seen is not False or not run.model or run.id in self._again or not self._just_ended(run):
            return []
        self._again.add(run.id)
        return [run]

    def _verify(self, runs: Sequence[Run], doubtful: Sequence[Run]) -> list[Run]:
        looked = {run.id: run for run in self._read(lambda: self.driver.verify(doubtful))}
        return [looked.get(run.id, run) for run in runs]

    def _just_ended(self, run: Run) -> bool:
        """By the provider's clock, which has written when it ended, where that is known."""
        now = self.clock.time() if run.looked is None else run.looked
        return run.ended is not None and -_SKEW < now - run.ended < _MODEL_LAG

    def _apply(self, plan: Plan, runs: list[Run], *, watched: bool) -> None:
        driver, state = self.driver, self.options.state
        self._run = None if plan.creates else plan.run
        for twin in plan.twins:
            self._stop_twin(twin)
        for other in plan.stop:
            self._halt(other, driver.pause if state == "paused" else driver.cancel)
        if state == "absent":
            self._remove_all(plan)
            return
        self._run = run = self._act(plan, runs)
        if run and state == "present":
            if self.options.wait and run.phase is not Phase.READY:
                run = self._await_ready(run)
                if not plan.creates or self._unsure:
                    run = self._update_again(run)
                if self.options.delete_previous:
                    plan, _runs = self._plan(self._observe())
            if run.phase is Phase.READY:
                self._remove(plan.remove)
        elif run and plan.stop and self.options.wait:
            run = self._await_each(list(plan.stop), _paused_or_over if state == "paused" else _over)[0]
        self._report(run, details=self.details or watched or run is not plan.run)

    def _act(self, plan: Plan, runs: list[Run]) -> Run | None:
        """Start, change or resume the run that the plan is about."""
        run = plan.run
        if plan.creates:
            self._await_each([*plan.stop], _over)
            return self._create(runs)
        if plan.action == "update" and run and not (run.phase.pending and self.driver.capabilities.late_update):
            return self._update(run, plan.changes)
        if plan.action == "resume" and run:
            run = self._halt(run, self.driver.resume)
            if run.phase is Phase.PAUSED:  # the answer may lag behind
                run = replace(run, phase=Phase.PENDING)
        return run

    def _update_again(self, run: Run) -> Run:
        """What was changed on a pending run need not be on the model that came out of it, and what a host does not
        change while it works on it can be changed now."""
        plan, _runs = self._plan(self._observe(), run)
        if plan.action == "update" and plan.run and plan.run.id == run.id:
            if not self.result["changed"]:
                self.result.update(action="update", diff=_diff(plan, {}))
            run = self._update(plan.run, plan.changes)
            if run.phase is not Phase.READY:
                run = self._await_ready(run)
        return run

    def _update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Change what can be. After a lost answer it is looked for before it is sent again."""
        unclear = False

        def left() -> Plan | None:
            plan, _runs = self._plan(self._observe(), run)
            return plan if plan.action == "update" and plan.run and plan.run.id == run.id else None

        def send() -> Run:
            nonlocal unclear, run, changes
            if unclear:
                plan = left()
                if plan is None or plan.run is None:
                    return self.driver.refresh(run)
                run, changes = plan.run, plan.changes
            try:
                return self.driver.update(run, changes)
            except Unavailable:
                self.result["changed"] = unclear = True
                raise

        try:
            run = self._read(send)
        except Unavailable:
            if not unclear or left():
                raise
            run = self._read(partial(self.driver.refresh, run))
        self.result["changed"] = True
        return run

    # -- creating, exactly once -------------------------------------------------------------------------------

    def _create(self, runs: Sequence[Run]) -> Run:
        """Start one run. Once the outcome of a send is unknown, nothing is sent before a look shows no run of it."""
        self._attempt = attempt = self._attempt_beside(runs)
        pauses = intervals()
        lost: list[Unavailable] = []
        while True:
            found = self._look(attempt) if attempt.unsure else None
            if found is not None:
                run = found
                self._unsure = True
                break
            if len(lost) >= _SENDS:
                hint = f"Sent {_SENDS} times; no run was seen yet, but a late one is possible. {_RUN_AGAIN}"
                raise lost[-1].amended(hint=hint) from lost[-1]
            self._refuse_late_create(lost)
            try:
                run = self.driver.create(attempt.token)
                attempt.marked = run.token == attempt.token
                break
            except Throttled as error:
                # A clear no, so time does not count as a send.
                if isinstance(error, Busy) and not attempt.unsure:
                    attempt.unsure = True  # what the host is busy with may be what was asked for
                    continue
                self._pause_before_create(error, next(pauses), attempt)
            except Unavailable as error:
                lost.append(error)
                attempt.unsure = self._told_later = True
                self.result["changed"] = True
        self.result["changed"] = self._told_later = True
        self._run = self._bound = run
        self._run = self._bound = self._settle_twins(run, attempt)
        self._told_later = False
        if not self.options.wait or self._run.phase is Phase.READY:
            self._name_duplicates()
        return self._run

    def _attempt_beside(self, runs: Sequence[Run]) -> Attempt:
        """What is asked for, and what was there before. A token whose fate is unknown stays until it is used up."""
        newest = max(runs, key=lambda run: run.age_key, default=None)
        now = self.clock.time()
        spent = (int(now // _DAY), self._spent) if self._spent else None
        token = ownership.token(self.driver.intent(), newest.id if newest else None, spent)
        former = self._attempt
        if former and former.token and (former.unsure or former.token == token):
            return former
        if former and former.unsure:
            return replace(former, token=token)
        return Attempt(token, now, frozenset(run.id for run in runs))

    def _pause_before_create(self, error: Throttled, pause: float, attempt: Attempt) -> None:
        """Wait out a clear no for now, or raise it where there is no time for that."""
        pause = max(error.retry_after or 0.0, pause)
        soon = error.at_most is not None and error.at_most <= _SOON
        if not (self.options.wait or soon):
            nothing = "" if self.result["changed"] else "Nothing was started. Run the task again later."
            raise error.amended(hint=f"{error.hint} {nothing}") from error
        if error.at_most is not None and self.clock.time() + pause >= attempt.since + error.at_most:
            raise error
        if pause + self._create_time() > self._left():
            started = "A run may have been started before." if self.result["changed"] else "Nothing was started."
            hint = (
                f"{error.hint} {started} wait_timeout ({self._total:g} s) ends before it can be asked for again, in "
                f"{pause:.0f} s. {_RUN_AGAIN if self.result['changed'] else 'Run the task again later.'}"
            )
            raise error.amended(hint=hint, facts={**error.facts, "timed_out": True}) from error
        with self._one_slice(soon):  # another slice would be called again at once
            self._progress = Progress("waiting for the provider to accept the run", message=error.brief)
            self._sleep(pause)

    def _create_time(self) -> float:
        """What has to be left of the task for a run to be asked for."""
        return min(_CREATE_TIME, self._total / 3) if self._bounded else 0.0

    def _refuse_late_create(self, lost: Sequence[Unavailable]) -> None:
        left, needed = self._left(), self._create_time()
        looks = sum(_LOOKS_BEFORE_RESEND) + _LAST_LOOK if lost else 0.0
        if left >= needed + looks:
            return
        if lost:
            raise TimedOut(
                f"A run may have been started, and was not seen before wait_timeout ({self._total:g} s) was over: "
                f"{lost[-1].message}",
                hint=_RUN_AGAIN,
                facts={"timed_out": True},
            )
        raise TimedOut(
            f"Nothing was started: {max(0.0, left):.0f} s of wait_timeout ({self._total:g} s) were left, and a "
            f"{self.driver.noun.lower()} is not started with less than {needed:.0f} s.",
            hint="Looks at the provider and uploads of data count too. Give a longer wait_timeout, or run it again.",
            facts={"timed_out": True},
        )

    def _trains_anew(self, run: Run) -> bool:
        return trains_anew(self.driver.fields, self.driver.wish, run, self.options.ignore_changes)

    def _runs_of(self, attempt: Attempt, bound: Run | None) -> list[Run]:
        """All runs; on hosts that keep no markers, those that are surely of this attempt with its token."""
        runs = self.driver.observe(None)
        if any(run.token == attempt.token for run in runs):
            attempt.marked = True
        if not attempt.marked:
            # Of a run of which the list shows no settings, they are looked up.
            shown = [run for run in runs if attempt.is_new(run) and run.token is None]
            doubtful = [run for run in shown if not (run.verified or run.shown)]
            seen = {run.id: run for run in self.driver.verify(doubtful)} if doubtful else {}
            runs = [seen.get(run.id, run) for run in runs]
        return claimed(attempt, runs, self._trains_anew, bound, self.clock.time())

    def _look(self, attempt: Attempt) -> Run | None:
        """The run of an attempt, if there is one by now; after the task's time is over with one short look."""
        for pause in _LOOKS_BEFORE_RESEND:
            if self._left() < pause + _LAST_LOOK:
                return self._last_look(attempt)
            if pause:
                self.clock.sleep(pause)
            try:
                runs = self._read(partial(self._runs_of, attempt, None))
            except FineTuneError as blind:
                if not self.result["changed"]:
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

    def _settle_twins(self, run: Run, attempt: Attempt) -> Run:
        """Look again after a create: of runs of one intent the oldest stays, and is ours too."""
        runs = self._read(partial(self._runs_of, attempt, run))
        run = next((found for found in runs if found.id == run.id and found.token == attempt.token), run)
        _counted, excess, stands_for = group_twins(runs)
        attempt.looked = self.clock.time()
        driver = self.driver
        if driver.capabilities.no_cancel:
            return run
        for twin in excess:
            if self._stop_twin(twin):
                self.warnings.append(f"Run {twin.id} is a duplicate of one intent; it was cancelled.")
        run = stands_for.get(run.id, run)
        stopped = {twin.id for twin in excess}
        self._alike = [other for other in duplicates(attempt, runs, self._trains_anew, run) if other.id not in stopped]
        return run

    def _stop_twin(self, twin: Run) -> bool:
        """Cancel a duplicate. Where the provider does not, the run that counts goes on all the same."""
        try:
            self._halt(twin, self.driver.cancel)
        except Refused as error:
            told = (
                f"Run {twin.id} is a duplicate of one intent, and could not be cancelled: it goes on, may cost money. "
                f"{error.text()}"
            )
            if told not in self.warnings:
                self.warnings.append(told)
            return False
        return True

    def _look_again(self, run: Run, *, ended: bool = False) -> Run:
        """Listings lag behind: while the task waits, and when its run has ended, look for a second one of it."""
        attempt, can = self._attempt, self.driver.capabilities
        if attempt is None or can.one_run_a_token or can.no_cancel or not (self._bound and self._bound.id == run.id):
            return run
        now = self.clock.time()
        due = any(attempt.looked < attempt.since + after <= now for after in _LATE_LOOKS)
        if due or (ended and attempt.looked + 1.0 < now):
            with suppress(Unavailable, Throttled, NotVisible):
                run = self._settle_twins(run, attempt)
                self._run = self._bound = run
        return run

    def _name_duplicates(self) -> None:
        """What is left of them costs money and is for somebody to decide on."""
        if kept := self._bound:
            noun, kind = self.driver.noun, self.driver.kind
            self.warnings += [told_duplicate(run, kept, noun, kind) for run in self._alike]
        self._alike = []

    # -- stopping and deleting --------------------------------------------------------------------------------

    def _halt(self, run: Run, verb: Callable[[Run], Run]) -> Run:
        """Stop, pause or resume a run, which may end by itself, or be stopped by another task, at the same moment."""
        unclear = False

        def send() -> Run:
            nonlocal unclear
            try:
                return verb(run)
            except Unavailable:
                unclear = True
                raise

        try:
            answered = self._read(send)
            self.result["changed"] = True
            return answered
        except (Refused, Unavailable):
            # What may have been changed is told so.
            self.result["changed"] = self.result["changed"] or unclear
            fresh = self._read(partial(self.driver.refresh, run))
            if fresh.phase is run.phase:
                raise
            return fresh

    def _remove(self, runs: Sequence[Run]) -> list[Run]:
        removed = []
        for run in runs:
            if run.phase is not Phase.DELETING:
                run = self._read(partial(self._delete, run))
                self.result["changed"] = True
            removed.append(run)
        return self._await_each(removed, lambda run: run.phase is not Phase.DELETING) if self.options.wait else removed

    def _delete(self, run: Run) -> Run:
        try:
            return self.driver.delete(run)
        except Unavailable:
            self.result["changed"] = True  # it may have been deleted
            raise

    def _remove_all(self, plan: Plan) -> None:
        """Absent: what was stopped may have become a model meanwhile, so look again once all is over."""
        pending = [run for run in (*plan.stop, *plan.remove) if run.phase.pending and not run.removable]
        self._remove([run for run in plan.remove if run not in pending])
        if self.options.wait:
            pending = self._await_each(pending, _over)
        else:
            pending = [self._read(partial(self.driver.refresh, run)) for run in pending]
        left = next((run for run in pending if not _over(run)), None)
        if pending and not left:
            again, _runs = self._plan(self._observe())
            self._remove(again.remove)
        self._run = left
        self._report(left, details=False)

    # -- looking and waiting ----------------------------------------------------------------------------------

    def _observe(self) -> list[Run]:
        run_id = self.options.run_id
        if run_id and run_id.startswith(CHECK_MODE):
            return []
        try:
            return self._read(lambda: self.driver.observe(run_id))
        except NotVisible as error:
            if not run_id:
                raise
            hint = (
                f"{error.hint} If {run_id} was started a moment ago, it may not be shown yet: it goes on by "
                "itself, so run the task again in two minutes. Else check the id, and whose credential this is. "
                "Nothing was started."
            )
            raise error.amended(hint=hint) from error

    def _read(self, call: Callable[[], _T]) -> _T:
        """Repeat a call that may be repeated, through passing trouble."""
        pauses = intervals()
        for left in range(_READ_TRIES - 1, -1, -1):
            try:
                return call()
            except (Unavailable, Throttled) as error:
                pause = min(_LONGEST_READ_PAUSE, max(error.retry_after or 0.0, next(pauses)))
                if pause >= self._left():
                    raise self._out_of_time(error) from error
                if not left:
                    raise
                # Another slice would begin to count anew, for ever where nothing ever answers.
                with self._one_slice(self._bound is None):
                    self._sleep(pause)
        raise AssertionError("unreachable")

    @staticmethod
    def _left() -> float:
        """What is left of the time that bounds the task, or a caller's."""
        left = deadline.remaining()
        return inf if left is None else left

    def _out_of_time(self, error: FineTuneError) -> TimedOut:
        """What the provider said last, where there is no time to ask again."""
        goes_on = "What was started goes on. " if self._bound else ""
        nothing = "" if self._bound or self.result["changed"] else "Nothing was started. "
        return TimedOut(
            f"wait_timeout ({self._total:g} s) leaves no time to ask again. {error.message}",
            hint=f"{error.hint} {goes_on}{nothing}Run the task again.".strip(),
            facts={**error.facts, "timed_out": True},
        )

    @contextmanager
    def _one_slice(self, needed: bool) -> Iterator[None]:
        """Where ``needed``, no slice ends within."""
        before, self._told_later = self._told_later, self._told_later or needed
        try:
            yield
        finally:
            self._told_later = before

    def _settled(self, runs: list[Run]) -> list[Run]:
        """Wait for what is being stopped or deleted; check mode foresees how that ends instead."""
        if not any(run.phase.settling for run in runs):
            return runs
        if self.options.check_mode:
            ends = {Phase.PAUSING: Phase.PAUSED, Phase.STOPPING: Phase.CANCELLED, Phase.DELETING: Phase.GONE}
            return [replace(run, phase=ends[run.phase], removable=False) if run.phase.settling else run for run in runs]
        if not self.options.wait and self.options.state not in ("present", "absent"):
            return runs
        self._await_each([run for run in runs if run.phase.settling], lambda run: not run.phase.settling)
        return self._observe()

    def _await_each(self, runs: Sequence[Run], done: Callable[[Run], bool]) -> list[Run]:
        return [self._await(run, done) for run in runs]

    def _await(self, run: Run, done: Callable[[Run], bool]) -> Run:
        """Look at a run, at growing intervals, until ``done``; survives passing trouble; ends with the deadline."""
        pauses = intervals(_BOUND_FIRST_INTERVAL) if self.options.wait_run_id else intervals()
        while not done(run):
            if run.phase is Phase.UNKNOWN:
                raise Refused(
                    f"{self.driver.noun} {run.id} of '{self.options.name}' has the status "
                    f"'{run.status}', which this version does not know.",
                    hint="It is not waited for any longer. Look at it at the provider, and update this collection.",
                )
            self._sleep(next(pauses), run)
            run = self._look_again(self._look_at(run))
        return run

    def _look_at(self, run: Run) -> Run:
        """The run as it is now, or as it was where the provider does not answer just now."""
        try:
            fresh = self.driver.refresh(run)
            self._hidden_since = None
            if self._bound and self._bound.id == run.id:
                self._run = self._bound = fresh
            run = fresh
            if run.phase.pending:
                self._progress = self.driver.progress(run)
        except NotVisible as error:
            # Reads lag behind writes; a run that stays invisible is an error, never "gone".
            now = self.clock.time()
            self._hidden_since = now if self._hidden_since is None else self._hidden_since
            if now - self._hidden_since > _LAG:
                hint = (
                    f"{error.hint} {self.driver.noun} {run.id} is not shown since {now - self._hidden_since:.0f} s. "
                    "It was not stopped and probably goes on, and costs what it costs: look at it at the provider, and "
                    "run the task again, which waits for it."
                )
                raise error.amended(hint=hint) from error
        except (Unavailable, Throttled) as error:
            if error.retry_after:
                self._sleep(error.retry_after, run)
        return run

    def _await_ready(self, run: Run) -> Run:
        """Wait for the run that this task is bound to. If it fails, the task fails."""
        while True:
            self._run = self._bound = run
            if self._slice_end is not None and not self.options.wait_run_id and run.phase.pending:
                # The caller is told the id as soon as the run can be seen: from then on nothing can lose it.
                run = self._look_at(run)
                while self._hidden_since is not None:
                    self._sleep(FIRST_INTERVAL, run)
                    run = self._look_at(run)
                if run.phase.pending and self._left() > _SHORTEST_SLICE:
                    raise SliceEnded
            run = self._await(
                run, lambda run: run.phase not in (Phase.PENDING, Phase.UNKNOWN) and not run.phase.settling
            )
            self._run = run
            if run.phase is Phase.READY:
                run = self._look_again(run, ended=True)
                if run.phase is not Phase.READY:
                    continue
                self._name_duplicates()
                return run
            if run.phase is Phase.CANCELLED:
                attempt = self._attempt
                runs = self._read(partial(self._runs_of, attempt, run)) if attempt else self._observe()
                survivor = group_twins(runs)[2].get(run.id)
                if survivor:
                    run = survivor
                    continue
            word = {Phase.FAILED: "failed", Phase.PAUSED: "was paused", Phase.CANCELLED: "was cancelled"}
            raise RunFailed(
                f"{self.driver.noun} {run.id} of '{self.options.name}' {word.get(run.phase, f'is {run.status}')}"
                f"{': ' + run.reason.rstrip('.') if run.reason else ''}.",
                hint="Run the task again: it resumes it." if run.phase is Phase.PAUSED else str(self.driver.hint(run)),
            )

    def _sleep(self, seconds: float, run: Run | None = None) -> None:
        """Sleep within the slice and the deadline; raise when either is over."""
        now = self.clock.monotonic()
        end = self._slice_end
        # A slice that is too short for anything is not worth being called again for.
        within = end is not None and not self._told_later and end < self._deadline - _SHORTEST_SLICE
        if end is not None and within and now + seconds > end:
            self.clock.sleep(max(0.0, end - now))
            raise SliceEnded
        left = min(self._left(), inf if run is None else self._deadline - now)
        if seconds >= left:
            self.clock.sleep(max(0.0, left))
            raise self._told_out_of_time(run)
        self.clock.sleep(seconds)

    def _told_out_of_time(self, run: Run | None) -> TimedOut:
        self._name_duplicates()
        facts = {"timed_out": True}
        if run is None:
            return TimedOut(
                f"wait_timeout ({self._total:g} s) ended before it was known what there is of '{self.options.name}'.",
                hint="Run the task again; nothing is started twice.",
                facts=facts,
            )
        doing = self._progress.line(self.options.name) if self._progress else f"{self.options.name}: {run.status}"
        hidden = " It was not shown at the last look." if self._hidden_since is not None else ""
        return TimedOut(
            f"wait_timeout ended before {self.driver.noun.lower()} {run.id} did ({doing}).{hidden}",
            hint="What was started goes on. Run the task again to go on waiting for it; nothing is started twice.",
            facts=facts,
        )

    # -- reporting --------------------------------------------------------------------------------------------

    def _report(self, run: Run | None, *, details: bool) -> None:
        self.result.update(self.driver.describe(run, details=details))
        self.result["run_id"] = run.id if run else None
        self.result["status"] = run.status if run else "absent"

    def _report_plan(self, plan: Plan) -> None:
        """Check mode: what is there, or what a real run would make."""
        if plan.creates:
            self.result.update(self.driver.predict())
            self.result["status"] = "check-mode"
        elif self.options.state == "absent":
            self._report(None, details=False)
        else:
            self._report(plan.run, details=False)

    def _report_waiting(self) -> None:
        run = self._run
        progress = self._progress or Progress(run.status if run else "waiting")
        self.result.update(
            waiting=True,
            name=self.options.name,
            run_id=self._bound.id if self._bound else None,
            status=run.status if run else None,
            progress=progress.plain(),
            wait_state={
                "attempt": self._attempt.plain() if self._attempt else None,
                "hidden_since": self._hidden_since,
                "wait_timeout": self._total,
            },
        )

    def _elapsed(self) -> float:
        return round(self.clock.monotonic() - self._start, 1)

    def _describe_failure(self, error: FineTuneError) -> dict[str, Any]:
        """A failure after something was made still says what."""
        if self._run and self._run.raw:
            self.result.update(self.driver.describe(self._run, details=False))
        if self._run:
            self.result.update(run_id=self._run.id, status=self._run.status)
        self.result.update(error.facts, elapsed=self._elapsed())
        return self.result


def _oldest_of(attempt: Attempt, runs: Sequence[Run]) -> Run | None:
    counted, _excess, _stands_for = group_twins(runs)
    ours = [run for run in counted if run.token == attempt.token and attempt.is_new(run)]
    return min(ours, key=lambda run: run.age_key, default=None)


def _over(run: Run) -> bool:
    return not run.phase.pending and not run.phase.settling


def _paused_or_over(run: Run) -> bool:
    return run.phase is Phase.PAUSED or _over(run)


def _diff(plan: Plan, request: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Before and after of exactly what differs, as plain data for --diff; of a first run all that is asked for."""
    before, after = _sides(visible(plan.changes))
    if plan.ignored:
        before["ignored"], after["ignored"] = _sides(plan.ignored)
    if plan.refusal:
        return {"before": before, "after": after}
    for run in plan.remove:
        names = (run.model if run.phase is Phase.READY and run.model else run.id, *run.remains)
        names = names[1:] if run.seen is False else names
        before["exists"] = [*before.get("exists", ()), *names]
    if plan.remove:
        after["exists"] = []
    for run in (*plan.stop, *plan.twins):
        before.setdefault("status", {})[run.id] = run.status
        after.setdefault("status", {})[run.id] = "paused" if plan.action == "pause" else "cancelled"
    if plan.action == "resume" and plan.run:
        before["status"] = {plan.run.id: plan.run.status}
        after["status"] = {plan.run.id: "resumed"}
    if plan.action == "create":
        return {"before": {}, "after": _plain(dict(request))}
    if plan.creates and plan.run:
        before["run"], after["run"] = plan.run.id, "a new one"
    return {"before": before, "after": after}


def _sides(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after by the names of what differs; what is not set is missing."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        for side, value in ((before, change.before), (after, change.after)):
            if change.key:
                kept = side.setdefault(change.field, {})
                kept.update({} if value is None else {change.key: _plain(value)})
            elif value is not None:
                side[change.name] = _plain(value)
    return before, after


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
