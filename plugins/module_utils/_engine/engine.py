# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The flow of every resource: observe, compare, plan (check mode stops here), apply, wait, report.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from .clock import Clock, intervals
from .create_once import CreateOnce
from .errors import ApiError, Conflict, FineTuneError, RunFailed, TransientError
from .planner import Planner
from .result import Result, diff
from .types import Change, Driver, Options, Phase, Plan, Run
from .waiter import SliceEnded, Waiter, is_over, is_paused_or_over

_DECISIONS = 4

_UPDATE_LAG = 60.0  # seconds that a read may lag behind an update


class Engine:
    """Carries one task through the flow."""

    def __init__(
        self,
        driver: Driver,
        options: Options,
        *,
        details: bool = False,
        clock: Clock | None = None,
        start: float | None = None,
    ) -> None:
        """``start``: when the task began, by the clock's ``monotonic``; now if it is None."""
        self.driver = driver
        self.options = options
        self.details = details
        self.clock = clock or Clock()
        self.warnings: list[str] = driver.warnings
        self.result = Result(driver, options)
        self.waiter = Waiter(driver, options, self.result, self.clock, start)
        self.create_once = CreateOnce(driver, options, self.waiter, self.warnings)
        self.planner = Planner(driver, options, self.waiter)
        self._updated = bool((options.wait_state or {}).get("updated"))  # whether the task has sent an update

    # -- the flow ---------------------------------------------------------------------------------------------

    def converge(self) -> dict[str, Any]:
        """Bring about the desired state. Returns the result as plain data; a FineTuneError has it in its facts."""
        try:
            with self.waiter.within_time():
                self._converge_anew()
        except SliceEnded:
            self.result.report_waiting(self.waiter.bound, self.waiter.progress, self._state())
        except FineTuneError as error:
            self.result.describe_failure(error)
            raise error.amended(facts=self._values()) from error
        return self._values()

    def _values(self) -> dict[str, Any]:
        self.result.values["elapsed"] = self.waiter.elapsed()
        return self.result.values

    def _state(self) -> dict[str, Any]:
        """The state for the next slice."""
        attempt = self.create_once.attempt
        return {
            **({"updated": True} if self._updated else {}),
            "attempt": attempt.to_dict() if attempt else None,
            "hidden_since": self.waiter.hidden_since,
            "wait_timeout": self.waiter.total,
        }

    def _converge_anew(self) -> None:
        """Observe and decide again after a Conflict, a few times."""
        for left in range(_DECISIONS - 1, -1, -1):
            count = len(self.warnings)
            try:
                self._converge()
                return
            except Conflict as error:
                self.result.changed = self.result.changed or bool(error.facts.get("changed"))
                if not left:
                    raise
                del self.warnings[count:]
                self.create_once.forget()
                self.create_once.look_for_what_came_first()

    def _converge(self) -> None:
        options = self.options
        bound = None
        if options.wait_run_id and not options.check_mode:
            unseen = Run(options.wait_run_id, 0.0, Phase.PENDING, "not seen yet")
            self.waiter.bind(unseen)
            bound = self.create_once.look_for_duplicates(self.waiter.look_at(unseen))
            bound = self.waiter.wait_until_ready(bound)
        runs = self.waiter.wait_for_transitions(self.waiter.observe())
        if bound and all(run.id != bound.id for run in runs):
            runs.append(bound)
        plan, runs = self.planner.plan(runs, bound)
        while plan.creates and not bound:
            more = self.waiter.read(partial(self.driver.preflight, runs))
            if not more:
                break
            plan, runs = self.planner.plan(self.waiter.wait_for_transitions([*runs, *more]))
        plan = self._unless_held(plan)
        self.warnings += plan.warnings
        self.result.add_plan(plan)
        if plan.refusal:
            self.result.run = plan.run
            raise self._explain(plan.refusal, plan.run)
        if bound and plan.creates:
            self.result.run = bound
            raise ApiError(
                f"Run {bound.id} of '{options.name}' succeeded, but its result no longer matches the desired state.",
                hint=(
                    "A task starts at most one run, so nothing was started again. "
                    "Look at the provider, then run it once more."
                ),
            )
        self.result.values["action"] = plan.action
        if options.check_mode:
            self.result.report_plan(plan)
            return
        self._apply(plan, runs, watched=bound is not None)

    def _explain(self, refusal: FineTuneError, run: Run | None) -> FineTuneError:
        """Add the driver's advice to the refusal about a failed run."""
        if run is None or run.phase is Phase.READY or not isinstance(refusal, RunFailed):
            return refusal
        hint = self.driver.hint(run)
        if not hint.retry:
            hint = replace(hint, retry="Then 'retry_failed: true' starts one more run.")
        return refusal.amended(hint=f"Nothing was started again. {hint}")

    def _unless_held(self, plan: Plan) -> Plan:
        """Refuse the plan if it deletes models that are in use, before anything is changed or paid."""
        models = [run for run in (*plan.remove_first, *plan.remove) if run.phase is Phase.READY]
        if plan.refusal or not models:
            return plan
        dependents = self.waiter.read(partial(self.driver.dependents, models))
        if not dependents:
            return plan
        named = ", ".join(run.model or run.id for run in models)
        return replace(
            plan,
            refusal=ApiError(
                f"{named} cannot be deleted: {'; '.join(dependents)}. Nothing was changed.",
                hint="First delete or move the resources that use it, or do not ask for the deletion.",
            ),
        )

    def _apply(self, plan: Plan, runs: list[Run], *, watched: bool) -> None:
        driver, state = self.driver, self.options.state
        self.result.run = None if plan.creates else plan.run
        for duplicate in plan.duplicates:
            self.create_once.cancel_duplicate(duplicate)
        verb = driver.pause if state == "paused" else driver.cancel
        stopped = [self.waiter.halt(other, verb) for other in plan.stop]
        if state == "absent":
            self._remove_all(plan)
            return
        self.result.run = run = self._act(plan, runs)
        if run and state == "present":
            if self.options.wait and run.phase is not Phase.READY:
                run = self.waiter.wait_until_ready(run)
                if not plan.creates or self.create_once.unsure:
                    run = self._update_again(run)
                if self.options.delete_previous or plan.remove:
                    plan, _runs = self.planner.plan(self.waiter.observe())
            if self.options.wait and self._has_sent_update:
                run = self._verify_update(run)
            if run.phase is Phase.READY:
                self._remove(plan.remove)
        elif stopped:
            run = stopped[0]
            if self.options.wait:
                run = self.waiter.wait_for_each(stopped, is_paused_or_over if state == "paused" else is_over)[0]
        self.result.report(run, details=self.details or watched or run is not plan.run)

    def _act(self, plan: Plan, runs: list[Run]) -> Run | None:
        """Create, update or resume the plan's run."""
        run = plan.run
        if plan.creates:
            self.waiter.wait_for_each([*plan.stop], is_over)
            self._remove(plan.remove_first)
            return self.create_once.create(runs)
        if plan.action == "update" and run and not (run.phase.pending and self.driver.capabilities.late_update):
            return run if self._has_sent_update else self._update(run, plan.changes)
        if plan.action == "resume" and run:
            run = self.waiter.halt(run, self.driver.resume)
            if run.phase is Phase.PAUSED:  # the answer may lag behind
                run = replace(run, phase=Phase.PENDING)
        return run

    def _update_again(self, run: Run) -> Run:
        """Update a run after it is ready: a change on a pending run may be lost, or not possible."""
        if self._has_sent_update:
            return run
        plan, _runs = self.planner.plan(self.waiter.observe(), run)
        if plan.action == "update" and plan.run and plan.run.id == run.id:
            if not self.result.changed:
                self.result.values.update(action="update", diff=diff(plan, {}))
            run = self._update(plan.run, plan.changes)
            if run.phase is not Phase.READY:
                run = self.waiter.wait_until_ready(run)
        return run

    @property
    def _has_sent_update(self) -> bool:
        """Whether the task has sent an update of a resource that serves. It is sent once, and verified by a read."""
        return self._updated and self.driver.capabilities.long_lived

    def _verify_update(self, run: Run) -> Run:
        """Check by reads that the update has led to the desired state. Reads lag, so it looks more than once."""
        planner = Planner(self.driver, replace(self.options, retry_failed=False), self.waiter)
        pauses, end = intervals(), self.clock.monotonic() + _UPDATE_LAG
        while True:
            plan, _runs = planner.plan(self.waiter.wait_for_transitions(self.waiter.observe()), run)
            if plan.refusal:
                self.result.run = plan.run
                raise self._explain(plan.refusal, plan.run)
            if plan.run is None or plan.run.id != run.id:
                return run
            if plan.action != "update":
                return plan.run
            if self.clock.monotonic() >= end:
                raise ApiError(
                    f"The update of the {self.driver.kind} {run.id} of '{self.options.name}' has ended, and it still "
                    f"differs: {'; '.join(map(str, plan.changes))}.",
                    hint="Another task may have changed it meanwhile. Look at it, and run the task again.",
                )
            self.waiter.sleep(next(pauses), run)

    def _update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Send an update. After a lost answer, look for its effect before it is sent again."""
        unclear = False

        def find_rest() -> tuple[Run, Sequence[Change]] | None:
            plan, _runs = self.planner.plan(self.waiter.observe(), run)
            return (plan.run, plan.changes) if plan.action == "update" and plan.run and plan.run.id == run.id else None

        def send() -> Run:
            nonlocal unclear, run, changes
            if unclear:
                rest = find_rest()
                if rest is None:
                    return self.driver.refresh(run)
                run, changes = rest
            try:
                return self.driver.update(run, changes)
            except TransientError:
                self.result.changed = unclear = True
                raise

        try:
            run = self.waiter.read(send)
        except TransientError:
            if find_rest():
                raise
            run = self.waiter.read(partial(self.driver.refresh, run))
        self.result.changed = self._updated = True
        return run

    # -- stopping and deleting --------------------------------------------------------------------------------

    def _remove(self, runs: Sequence[Run]) -> list[Run]:
        removed = []
        for run in runs:
            if run.phase is not Phase.DELETING:
                run = self.waiter.read(partial(self._delete, run))
                self.result.changed = True
            removed.append(run)
        return (
            self.waiter.wait_for_each(removed, lambda run: run.phase is not Phase.DELETING)
            if self.options.wait
            else removed
        )

    def _delete(self, run: Run) -> Run:
        try:
            return self.driver.delete(run)
        except TransientError:
            self.result.changed = True  # it may have been deleted
            raise

    def _remove_all(self, plan: Plan) -> None:
        """``state: absent``. A stopped run may have become a model meanwhile, so look again at the end."""
        pending = [run for run in (*plan.stop, *plan.remove) if run.phase.pending and not run.removable]
        self._remove([run for run in plan.remove if run not in pending])
        if self.options.wait:
            pending = self.waiter.wait_for_each(pending, is_over)
        else:
            pending = [self.waiter.read(partial(self.driver.refresh, run)) for run in pending]
        left = next((run for run in pending if not is_over(run)), None)
        if pending and not left:
            again, _runs = self.planner.plan(self.waiter.observe())
            self._remove(again.remove)
        if left is None and plan.run and plan.run.phase is Phase.UPDATING:
            left = plan.run  # it is not deleted yet
        self.result.run = left
        self.result.report(left, details=False)
