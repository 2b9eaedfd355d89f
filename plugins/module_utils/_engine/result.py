# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a task, and its diff.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import FineTuneError
from .plan import select_reported
from .types import Change, Driver, Options, Phase, Plan, Progress, Run


class Result:
    """The result as plain data in ``values``. It is filled step by step, so that a failure keeps everything known.

    ``run``: the run that it describes.
    """

    def __init__(self, driver: Driver, options: Options) -> None:
        self._driver = driver
        self._options = options
        self.values: dict[str, Any] = {"changed": False, "action": "none"}
        self.run: Run | None = None

    @property
    def changed(self) -> bool:
        """Whether something was, or may have been, changed."""
        return bool(self.values["changed"])

    @changed.setter
    def changed(self, changed: bool) -> None:
        self.values["changed"] = changed

    def add_plan(self, plan: Plan) -> None:
        """Add the diff of the plan."""
        self.values["diff"] = diff(plan, self._driver.request() if plan.action == "create" else {})
        if self._options.ignore_changes:
            self.values["ignored_changes"] = {
                change.name: {"before": to_plain(change.before), "after": to_plain(change.after)}
                for change in plan.ignored
            }

    def report(self, run: Run | None, *, details: bool) -> None:
        """Add the current state of the run."""
        self.values.update(self._driver.describe(run, details=details))
        self.values["run_id"] = run.id if run else None
        self.values["status"] = run.status if run else "absent"

    def report_plan(self, plan: Plan) -> None:
        """Check mode: add the current run, or the placeholder of the one that would be created."""
        self.values["changed"] = plan.changed
        if plan.creates:
            self.values.update(self._driver.describe_placeholder())
            self.values["status"] = "check-mode"
        elif self._options.state == "absent":
            self.report(None, details=False)
        else:
            self.report(plan.run, details=False)

    def report_waiting(self, bound: Run | None, progress: Progress | None, state: Mapping[str, Any]) -> None:
        """Add the keys of a slice that ends before the work does. ``state``: for the next slice."""
        status = self.run.status if self.run else None
        self.values.update(
            waiting=True,
            name=self._options.name,
            run_id=bound.id if bound else None,
            status=status,
            progress=(progress or Progress(status or "waiting")).to_dict(),
            wait_state=dict(state),
        )

    def describe_failure(self, error: FineTuneError) -> None:
        """Add the run to the facts of a failure."""
        if self.run and self.run.raw:
            self.values.update(self._driver.describe(self.run, details=False))
        if self.run:
            self.values.update(run_id=self.run.id, status=self.run.status)
        self.values.update(error.facts)


def diff(plan: Plan, request: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The differences as plain data for --diff; for a first run the whole request."""
    before, after = _split_sides(select_reported(plan.changes))
    if plan.ignored:
        before["ignored"], after["ignored"] = _split_sides(plan.ignored)
    if plan.refusal:
        return {"before": before, "after": after}
    for run in (*plan.remove_first, *plan.remove):
        names = (run.model if run.phase is Phase.READY and run.model else run.id, *run.remains)
        names = names[1:] if run.seen is False else names
        before["exists"] = [*before.get("exists", ()), *names]
    if plan.remove_first or plan.remove:
        after["exists"] = []
    for run in (*plan.stop, *plan.duplicates):
        before.setdefault("status", {})[run.id] = run.status
        after.setdefault("status", {})[run.id] = "paused" if plan.action == "pause" else "cancelled"
    if plan.action == "resume" and plan.run:
        before["status"] = {plan.run.id: plan.run.status}
        after["status"] = {plan.run.id: "resumed"}
    if plan.action == "create":
        return {"before": {}, "after": to_plain(dict(request))}
    if plan.creates and plan.run:
        before["run"], after["run"] = plan.run.id, "a new one"
    return {"before": before, "after": after}


def _split_sides(changes: Sequence[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after by the paths of the changes; values that are not set are missing."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        for side, value in ((before, change.before), (after, change.after)):
            if change.key:
                kept = side.setdefault(change.field, {})
                kept.update({} if value is None else {change.key: to_plain(value)})
            elif value is not None:
                side[change.name] = to_plain(value)
    return before, after


def to_plain(value: Any) -> Any:
    """Convert a value to data that JSON has."""
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items() if item is not None}
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
