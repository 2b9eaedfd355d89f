# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of every resource: observe, compare, plan, (check mode stops here), apply, wait, report.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ansible_collections.llmops.finetune.plugins.module_utils._core import deadline, markers
from ansible_collections.llmops.finetune.plugins.module_utils._core.clock import FIRST_INTERVAL, Clock, intervals
from ansible_collections.llmops.finetune.plugins.module_utils._core.content import CHECK_MODE
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import (
    FineTuneError,
    NotVisible,
    Outdated,
    Refused,
    RunFailed,
    Throttled,
    TimedOut,
    Unavailable,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.model import (
    Change,
    Driver,
    Options,
    Phase,
    Plan,
    Progress,
    Run,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.plan import (
    decide,
    group_twins,
    trains_anew,
    visible,
)

_T = TypeVar("_T")

# A lost answer may belong to a request that the provider is still working on, so look more than once.
_LOOKS_BEFORE_RESEND = (0.0, 1.0, 2.0)
_SENDS = 5
_DECISIONS = 4
_LOOKS_AFTER_REFUSAL = 5
_SOON = 180.0  # even a task that does not wait gives what it asks for so long to be accepted
_RUN_AGAIN = "Run the task again: it finds a run of this one by its markers and starts no second one."
_READ_TRIES = 4
# Listings lag behind what was just made; within this time "not there" is looked at again.
_LAG = 120.0
_MODEL_LAG = 60.0
_SKEW = 30.0
_LAG_LOOKS = 3  # by a task that is bound to a run that an earlier slice saw
_LONGEST_READ_PAUSE = 60.0
_BOUND_FIRST_INTERVAL = 5.0
_DAY = 86400.0


class SliceEnded(Exception):
    """``wait_slice`` is over and the work is not: the caller is to come back."""


class Engine:
    """Carries one task through the flow. ``result`` is filled as things happen, so that a failure loses nothing."""

    def __init__(self, driver: Driver, options: Options, *, details: bool = False, clock: Clock | None = None) -> None:
        self.driver = driver
        self.options = options
        self.details = details
        self.clock = clock or Clock()
        self.warnings: list[str] = driver.warnings
        self.result: dict[str, Any] = {"changed": False, "action": "none"}
        self._progress: Progress | None = None
        self._run: Run | None = None  # what the result is about
        self._bound: Run | None = None  # what the task has started or waits for
        self._invisible = 0
        self._seen: set[str] | None = None  # what was there when a create was decided
        self._spent = 0  # creates that turned out to be made from an outdated look
        self._unsure = False  # whether another task may have made what this one has asked for
        self._told_later = False  # while it is unclear what a create has made, no slice ends
        start = self.clock.monotonic()
        self._start = start
        self._deadline = start + options.wait_timeout
        self._slice_end = start + options.wait_slice if options.wait_slice > 0 else None

    # -- the flow ---------------------------------------------------------------------------------------------

    def converge(self) -> dict[str, Any]:
        """Make it so. Returns the result as plain data; raises FineTuneError, whose facts hold the same."""
        try:
            with deadline.until(self._deadline if self.options.wait else None, self.clock):
                self._converge_anew()
        except SliceEnded:
            self._report_waiting()
        except FineTuneError as error:
            self._describe_failure(error)
            raise
        finally:
            self.result["elapsed"] = round(self.clock.monotonic() - self._start, 1)
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
                self._look_for_what_came_first()

    def _look_for_what_came_first(self) -> None:
        """What made the provider refuse is there, but listings lag: look for it before anything is decided anew."""
        pauses = intervals()
        with self._one_slice(True):  # another would begin to count anew
            for _look in range(_LOOKS_AFTER_REFUSAL):
                self._sleep(next(pauses))
                if self._seen is None or any(run.id not in self._seen for run in self._observe()):
                    break

    def _converge(self) -> None:
        options = self.options
        self._seen = None
        bound = None
        if options.wait_run_id and not options.check_mode:
            bound = self._look_at(Run(options.wait_run_id, 0.0, Phase.PENDING, "not seen yet"))
            if bound.phase.pending and bound.token:
                bound = self._settle_twins(bound, bound.token, None)
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
                again = "" if "retry_failed" in hint else " Then 'retry_failed: true' starts one more run."
                plan.refusal.hint = f"Nothing was started again. {hint}{again}"
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
        while True:
            plan = decide(
                runs,
                self.driver.fields,
                self.driver.wish,
                self.options,
                self.driver.capabilities,
                self.driver.kind,
            )
            rests_on = {run.id: run for run in (plan.run, *plan.remove) if run and not run.verified}
            if rests_on:
                runs = self._verify(runs, list(rests_on.values()))
                if bound:
                    # Its model may not be listed yet.
                    runs = [
                        replace(bound, verified=True) if run.id == bound.id and run.phase is Phase.GONE else run
                        for run in runs
                    ]
                continue
            fresh = [run for run in runs if run.phase is Phase.GONE and self._just_ended(run)]
            if plan.creates and fresh:
                self._sleep(next(pauses))
                runs = self._verify(runs, [replace(run, phase=Phase.READY, verified=False) for run in fresh])
                continue
            return plan, runs

    def _verify(self, runs: Sequence[Run], doubtful: Sequence[Run]) -> list[Run]:
        looked = {run.id: run for run in self._read(lambda: self.driver.verify(doubtful))}
        return [looked.get(run.id, run) for run in runs]

    def _just_ended(self, run: Run) -> bool:
        return run.ended is not None and -_SKEW < self.clock.time() - run.ended < _MODEL_LAG

    def _apply(self, plan: Plan, runs: list[Run], *, watched: bool) -> None:
        driver, state = self.driver, self.options.state
        self._run = None if plan.creates else plan.run
        for other in (*plan.twins, *plan.stop):
            self._halt(other, driver.pause if state == "paused" else driver.cancel)
        if state == "absent":
            self._remove_all(plan)
            return
        run: Run | None = plan.run
        if plan.creates:
            self._await_each([*plan.stop], lambda run: not run.phase.pending and not run.phase.settling)
            run = self._create(runs)
        elif plan.action == "update" and run and not (run.phase.pending and driver.capabilities.late_update):
            run = self._read(partial(driver.update, run, plan.changes))
            self.result["changed"] = True
        elif plan.action == "resume" and run:
            run = self._read(partial(driver.resume, run))
            if run.phase is Phase.PAUSED:  # the answer may lag behind
                run = replace(run, phase=Phase.PENDING)
            self.result["changed"] = True
        self._run = run
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

    def _update_again(self, run: Run) -> Run:
        """What was changed on a pending run need not be on the model that came out of it, and what a host does not
        change while it works on it can be changed now."""
        plan, _runs = self._plan(self._observe(), run)
        if plan.action == "update" and plan.run and plan.run.id == run.id:
            run = self._read(partial(self.driver.update, plan.run, plan.changes))
            if not self.result["changed"]:
                self.result.update(changed=True, action="update", diff=_diff(plan, {}))
            if run.phase is not Phase.READY:
                run = self._await_ready(run)
        return run

    # -- creating, exactly once -------------------------------------------------------------------------------

    def _create(self, runs: Sequence[Run]) -> Run:
        """Start one run. No create is re-sent before a look shows that the last one made nothing."""
        newest = max(runs, key=lambda run: run.age_key, default=None)
        spent = (int(self.clock.time() // _DAY), self._spent) if self._spent else None
        token = markers.token(self.driver.intent(), newest.id if newest else None, spent)
        self._seen = seen = {run.id for run in runs}
        pauses = intervals()
        sends = 0
        start = self.clock.monotonic()
        kept = False  # whether the host is known to keep our markers
        while True:
            try:
                run = self.driver.create(token)
                self._told_later = True
                kept = run.token == token
                break
            except Throttled as error:
                # A clear no, so nothing exists and time does not count as a send.
                pause = max(error.retry_after or 0.0, next(pauses))
                end = self._deadline if error.at_most is None else min(self._deadline, start + error.at_most)
                soon = error.at_most is not None and error.at_most <= _SOON
                self._told_later = self._told_later or soon  # another slice would begin to count anew
                if not (self.options.wait or soon) or self.clock.monotonic() + pause >= end:
                    raise
                self._progress = Progress("waiting for the provider to accept the run", message=error.brief)
                self._sleep(pause)
            except Unavailable as error:
                sends += 1
                self._told_later = True
                try:
                    found = self._look(token, seen)
                except FineTuneError as blind:
                    blind.hint = f"A run may have been started; it could not be looked for. {_RUN_AGAIN}"
                    raise
                if found is not None:
                    run = found
                    self._unsure = True
                    break
                if sends >= _SENDS:
                    error.hint = f"Sent {sends} times; no run was seen yet, but a late one is possible. {_RUN_AGAIN}"
                    raise
        self.result["changed"] = True
        self._run = self._bound = run
        self._run = self._bound = self._settle_twins(run, token, None if kept else seen)
        self._told_later = False
        return self._run

    def _marked(self, token: str, seen: set[str] | None) -> list[Run]:
        """All runs; on hosts that keep no markers, new runs that are what was asked are taken for ours.

        ``seen``: the runs that are not new; None where the host is known to keep markers.
        """
        runs = self._read(lambda: self.driver.observe(None))
        if seen is None:
            return runs
        return [
            replace(run, token=token)
            if run.token is None
            and run.id not in seen
            and run.verified
            and not trains_anew(self.driver.fields, self.driver.wish, run, self.options.ignore_changes)
            else run
            for run in runs
        ]

    def _look(self, token: str, seen: set[str]) -> Run | None:
        for pause in _LOOKS_BEFORE_RESEND:
            if pause:
                self.clock.sleep(pause)
            counted, _excess, _stands_for = group_twins(self._marked(token, seen))
            ours = [run for run in counted if run.token == token and run.id not in seen]
            if ours:
                return min(ours, key=lambda run: run.age_key)
        return None

    def _settle_twins(self, run: Run, token: str, seen: set[str] | None) -> Run:
        """Look again after a create: of runs of one intent the oldest stays, and is ours too."""
        runs = self._marked(token, seen)
        run = next((found for found in runs if found.id == run.id and found.token == token), run)
        _counted, excess, stands_for = group_twins(runs)
        if self.driver.capabilities.no_cancel:
            return run
        for twin in excess:
            self.warnings.append(f"Run {twin.id} is a duplicate of one intent; it was cancelled.")
            self._halt(twin, self.driver.cancel)
        return stands_for.get(run.id, run)

    # -- stopping and deleting --------------------------------------------------------------------------------

    def _halt(self, run: Run, verb: Callable[[Run], Run]) -> None:
        """Stop or pause a run, which may end by itself, or be stopped by another task, at the same moment."""
        unclear = False

        def send() -> Run:
            nonlocal unclear
            try:
                return verb(run)
            except Unavailable:
                unclear = True
                raise

        try:
            self._read(send)
            self.result["changed"] = True
        except (Refused, Unavailable):
            if self._read(partial(self.driver.refresh, run)).phase is run.phase:
                raise
            if unclear:
                self.result["changed"] = True

    def _remove(self, runs: Sequence[Run]) -> list[Run]:
        removed = []
        for run in runs:
            if run.phase is not Phase.DELETING:
                run = self._read(partial(self.driver.delete, run))
                self.result["changed"] = True
            removed.append(run)
        return self._await_each(removed, lambda run: run.phase is not Phase.DELETING) if self.options.wait else removed

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
        return self._read(lambda: self.driver.observe(run_id))

    def _read(self, call: Callable[[], _T]) -> _T:
        """Repeat a call that may be repeated, through passing trouble."""
        pauses = intervals()
        for left in range(_READ_TRIES - 1, -1, -1):
            try:
                return call()
            except (Unavailable, Throttled) as error:
                if not left:
                    raise
                # Another slice would begin to count anew, for ever where nothing ever answers.
                with self._one_slice(self._bound is None):
                    self._sleep(min(_LONGEST_READ_PAUSE, max(error.retry_after or 0.0, next(pauses))))
        raise AssertionError("unreachable")

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
            run = self._look_at(run)
        return run

    def _look_at(self, run: Run) -> Run:
        """The run as it is now, or as it was where the provider does not answer just now."""
        try:
            fresh = self.driver.refresh(run)
            self._invisible = 0
            if self._bound and self._bound.id == run.id:
                self._run = self._bound = fresh
            run = fresh
            if run.phase.pending:
                self._progress = self.driver.progress(run)
        except NotVisible:
            # Reads lag behind writes; a run that stays invisible is an error, never "gone".
            self._invisible += 1
            bound = self.options.wait_run_id is not None
            if self._invisible >= _LAG_LOOKS if bound else self.clock.monotonic() - self._start > _LAG:
                raise
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
                while self._invisible:
                    self._sleep(FIRST_INTERVAL, run)
                    run = self._look_at(run)
                if run.phase.pending:
                    raise SliceEnded
            run = self._await(
                run, lambda run: run.phase not in (Phase.PENDING, Phase.UNKNOWN) and not run.phase.settling
            )
            self._run = run
            if run.phase is Phase.READY:
                return run
            if run.phase is Phase.CANCELLED:
                _counted, _excess, stands_for = group_twins(self._observe())
                survivor = stands_for.get(run.id)
                if survivor:
                    run = survivor
                    continue
            word = {Phase.FAILED: "failed", Phase.PAUSED: "was paused", Phase.CANCELLED: "was cancelled"}
            raise RunFailed(
                f"{self.driver.noun} {run.id} of '{self.options.name}' {word.get(run.phase, f'is {run.status}')}"
                f"{': ' + run.reason.rstrip('.') if run.reason else ''}.",
                hint="Run the task again: it resumes it." if run.phase is Phase.PAUSED else self.driver.hint(run),
            )

    def _sleep(self, seconds: float, run: Run | None = None) -> None:
        """Sleep within the slice and the deadline; raise when either is over."""
        now = self.clock.monotonic()
        if self._slice_end is not None and not self._told_later and now + seconds > self._slice_end < self._deadline:
            self.clock.sleep(max(0.0, self._slice_end - now))
            raise SliceEnded
        if now + seconds > self._deadline and run is not None:
            self.clock.sleep(max(0.0, self._deadline - now))
            doing = self._progress.line(self.options.name) if self._progress else f"{self.options.name}: {run.status}"
            raise TimedOut(
                f"wait_timeout ended before {self.driver.noun.lower()} {run.id} did ({doing}).",
                hint="What was started goes on. Run the task again to go on waiting for it; nothing is started twice.",
                facts={"timed_out": True},
            )
        self.clock.sleep(seconds)

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
        )

    def _describe_failure(self, error: FineTuneError) -> None:
        """A failure after something was made still says what."""
        if self._run and self._run.raw:
            self.result.update(self.driver.describe(self._run, details=False))
        if self._run:
            self.result.update(run_id=self._run.id, status=self._run.status)
        self.result.update(error.facts)
        error.facts = self.result


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
