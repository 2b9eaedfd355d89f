# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning, with a look at the models on which the plan depends.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .clock import intervals
from .plan import decide
from .types import Driver, Options, Phase, Plan, Run
from .waiter import Waiter

_MODEL_LAG = 60.0  # seconds after its run until a model is listed
_SKEW = 30.0
_MISSING = (Phase.DELETED, Phase.RETIRED)


class Planner:
    """Makes the plan. A model is only looked at if the plan depends on it."""

    def __init__(self, driver: Driver, options: Options, waiter: Waiter) -> None:
        self.driver = driver
        self.options = options
        self.waiter = waiter
        self.clock = waiter.clock
        self._again: set[str] = set()  # runs whose models were looked for twice

    def plan(self, runs: list[Run], bound: Run | None = None) -> tuple[Plan, list[Run]]:
        """Decide; if the plan depends on a model without a look, look at it and decide again.

        The model of a run that has just ended may not be listed yet. Before its absence leads to a new run, the planner
        looks until it should be listed.
        """
        pauses = intervals()
        options = replace(self.options, run_id=bound.id) if bound else self.options
        while True:
            plan = decide(
                runs,
                self.driver.fields,
                self.driver.resolved,
                options,
                self.driver.capabilities,
                self.driver.kind,
            )
            about = (plan.run, *plan.remove, *plan.lookalikes)
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
                self.waiter.sleep(next(pauses))
                runs = self._verify(runs, [replace(run, phase=Phase.READY, verified=False) for run in fresh])
                continue
            return plan, runs

    def _too_fresh(self, plan: Plan, runs: Sequence[Run]) -> list[Run]:
        """The runs that have just ended and whose models are missing.

        If only a warning depends on it, one more look is enough.
        """
        if plan.creates or (plan.run and plan.run.phase is Phase.RETIRED):
            return [run for run in runs if run.phase in _MISSING and self._just_ended(run)]
        run = plan.run
        if run is None or run.seen is not False or not run.model or run.id in self._again or not self._just_ended(run):
            return []
        self._again.add(run.id)
        return [run]

    def _verify(self, runs: Sequence[Run], doubtful: Sequence[Run]) -> list[Run]:
        looked = {run.id: run for run in self.waiter.read(lambda: self.driver.verify(doubtful))}
        return [looked.get(run.id, run) for run in runs]

    def _just_ended(self, run: Run) -> bool:
        """Whether the run ended a moment ago, by the provider's clock if it is known."""
        now = self.clock.time() if run.looked is None else run.looked
        return run.ended is not None and -_SKEW < now - run.ended < _MODEL_LAG
