# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task knew when it first asked for a run, and which runs that it sees later are its own.

Private to llmops.finetune; may change at any time.

Most hosts keep our token with a run, which tells. On others what was not there before, is equal and was made while the
task was at it is its own too: of two such runs one is to be stopped. What is only alike is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .errors import InvalidInput
from .types import Phase, Run

_SLACK = 5.0  # seconds by which the host's clock, which counts whole ones, and ours may go apart meanwhile
Differs = Callable[[Run], bool]
"""Whether a run is another one than what was asked for."""
_ALIVE = (Phase.PENDING, Phase.PAUSED, Phase.READY)


@dataclass
class Attempt:
    """One intended run. It goes along from slice to slice.

    ``since``: when it was first sent, in unix time. ``before``: the runs that were there. ``unsure``: whether the
    outcome of a send is unknown. ``marked``: whether the host is known to keep our token with a run. ``looked``: when
    it was last looked for duplicates.
    """

    token: str
    since: float
    before: frozenset[str]
    unsure: bool = False
    marked: bool = False
    looked: float = 0.0

    def plain(self) -> dict[str, Any]:
        """For the next slice; :func:`read_attempt` reads it."""
        return {**vars(self), "before": sorted(self.before)}

    def is_new(self, run: Run) -> bool:
        """Whether it was not there when the run was first asked for."""
        return run.id not in self.before

    def may_be_ours(self, run: Run, differs: Differs) -> bool:
        """Whether it is new and what was asked for, as far as the host shows it."""
        if run.token is not None:
            return run.token == self.token and self.is_new(run)
        return not self.marked and self.is_new(run) and bool(run.verified or run.shown) and not differs(run)

    def is_surely_ours(self, run: Run, bound: Run | None, now: float) -> bool:
        """Of one that may be: whether nothing speaks for somebody else's. Then a second one is stopped.

        Its moment is compared with that of the run that the task is bound to: both are by the host's clock. A task that
        is bound to none takes what may be its own: that is better than a second one.
        """
        if run.token is not None or bound is None or run.id == bound.id:
            return True
        if run.doubt:
            return False
        lasts = max(0.0, now - self.since) + _SLACK
        return bool(run.created and bound.created) and abs(run.created - bound.created) <= lasts


def read_attempt(given: Any) -> Attempt | None:
    """What an earlier slice has kept. Raises InvalidInput for anything else."""
    if given is None:
        return None
    try:
        return Attempt(
            str(given["token"]),
            float(given["since"]),
            frozenset(map(str, given["before"])),
            bool(given["unsure"]),
            bool(given["marked"]),
            float(given["looked"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(
            "wait_state is not what an earlier slice of this task has returned.", hint="Leave it out."
        ) from error


def claimed(
    attempt: Attempt,
    runs: Iterable[Run],
    differs: Differs,
    bound: Run | None,
    now: float,
) -> list[Run]:
    """The same runs, those that are surely of this attempt with its token."""
    return [
        replace(run, token=attempt.token)
        if attempt.may_be_ours(run, differs) and attempt.is_surely_ours(run, bound, now)
        else run
        for run in runs
    ]


def duplicates(attempt: Attempt, runs: Iterable[Run], differs: Differs, kept: Run) -> list[Run]:
    """What was made beside the run that is kept, and is or will be a model of its own."""
    return [run for run in runs if run.id != kept.id and run.phase in _ALIVE and attempt.may_be_ours(run, differs)]


def told_duplicate(run: Run, kept: Run, noun: str, kind: str) -> str:
    """The warning that names it."""
    made = f"made a second {kind}" if run.phase is Phase.READY else f"will make a second {kind}"
    what = f"'{run.model}', " if run.phase is Phase.READY and run.model and run.model != run.id else ""
    doubt = f" {run.doubt}" if run.doubt else ""
    return (
        f"{noun} {run.id} ({what}{run.status}) asks for the same as {kept.id} and {made}: a request whose answer was "
        f"lost, or another task at the same moment, has started it.{doubt} It was left alone, and may cost money: "
        f"look at it, and cancel or delete it if nobody needs it."
    )
