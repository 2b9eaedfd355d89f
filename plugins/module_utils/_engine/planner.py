# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a task, with the models looked at on which it rests.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .clock import intervals
from .plan import decide
from .types import Driver, Options, Phase, Plan, Run
from .waiter import Waiter

_MODEL_LAG = 60.0  # how long after its run a model may not be listed yet
_SKEW = 30.0
_MISSING = (Phase.DELETED, Phase.RETIRED)


class Planner:
    """Decides what is done. A model is only looked at where that matters."""

    def __init__(self, driver: Driver, options: Options, waiter: Waiter) -> None:
        self.driver = driver
        self.options = options
        self.waiter = waiter
        self.clock = waiter.clock
        self._again: set[str] = set()  # runs whose models were looked for a second time

    def plan(self, runs: list[Run], bound: Run | None = None) -> tuple[Plan, list[Run]]:
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
        looked = {run.id: run for run in self.waiter.read(lambda: self.driver.verify(doubtful))}
        return [looked.get(run.id, run) for run in runs]

    def _just_ended(self, run: Run) -> bool:
        """By the provider's clock, which has written when it ended, where that is known."""
        now = self.clock.time() if run.looked is None else run.looked
        return run.ended is not None and -_SKEW < now - run.ended < _MODEL_LAG
