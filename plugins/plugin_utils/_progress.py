# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the progress lines of an action plugin that waits, on standard error, one line at a time.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible.utils.display import Display

from ..module_utils._engine.coerce import one_line
from ..module_utils._engine.types import Progress, duration

display = Display()

MOST_LINES = 40  # for one model, however long it takes
_KEPT = 3  # of these lines are reserved: for the preview, for a run that takes over, and for the end
_AT_ONCE = 24  # so many lines are printed as soon as there is news; each further line waits for the pause
_STEP = 10.0  # percent
_FIRST_PAUSE, _GROWTH = 60.0, 2.0  # seconds without a line before one says that the task goes on; the pause's growth
_PROGRESS = frozenset(Progress.__dataclass_fields__)


def print_line(text: str, *, error: bool = False) -> None:
    """Print one line on standard error, with the time of day and without control characters.

    Standard output belongs to the callback plugin, which may write JSON there.
    """
    line = f"{time.strftime('%H:%M:%S', time.localtime(time.time()))} {one_line(text)}"
    if error:
        display.display(line, color="red", stderr=True)
    else:
        display.display(line, stderr=True)


class ProgressPrinter:
    """Prints the progress of one model: the run's id, each new stage, each ten percent, and the outcome.

    Without news it prints at growing intervals that the task goes on. It estimates the remaining time from the progress
    that it has seen itself.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self.lines = 0
        self.named: str | None = None
        self._stage: str | None = None
        self._decade = -1
        self._last = 0.0
        self._pause = _FIRST_PAUSE
        self._seen: tuple[float, float] | None = None  # time and percent of the first look in this stage

    def print_progress(self, result: Mapping[str, Any]) -> None:
        """Print the news in a slice's result. The module has already masked its secrets."""
        name, run_id = str(result.get("name")), result.get("run_id")
        if run_id and run_id != self.named:
            self.named = str(run_id)
            self._print(f"{name}: run {run_id}")
        latest = result.get("progress")
        known = {key: value for key, value in dict(latest or {}).items() if key in _PROGRESS}
        progress = Progress(**{"stage": "waiting", **known})
        left = self._left(progress)
        if self._is_news(progress):
            self._print(Progress(**{"stage": "waiting", **known, "seconds_left": left}).line(name))

    def end(self, name: str, outcome: str, *, error: bool = False) -> None:
        """Print the outcome, once. A model that ended before any line was printed gets none."""
        if self.enabled and self.lines:
            print_line(f"{name}: {outcome}", error=error)
            self.enabled = False

    def _print(self, text: str) -> None:
        if self.enabled and self.lines < MOST_LINES - _KEPT:
            self.lines += 1
            self._last = time.monotonic()
            print_line(text)

    def _is_news(self, progress: Progress) -> bool:
        """Whether there is news to print. The news then counts as printed."""
        now = time.monotonic()
        decade = -1 if progress.percent is None else int(progress.percent // _STEP)
        stage = progress.stage != self._stage
        waited = now - self._last >= self._pause
        if not waited and (self.lines >= _AT_ONCE or not (stage or decade > self._decade)):
            return False
        if waited:
            self._pause *= _GROWTH
        self._stage, self._decade = progress.stage, decade
        return True

    def _left(self, progress: Progress) -> float | None:
        """The estimated remaining seconds by the pace of this stage; None if it is not known yet."""
        if progress.percent is None:
            self._seen = None
            return None
        now = time.monotonic()
        if progress.stage != self._stage or self._seen is None or progress.percent < self._seen[1]:
            self._seen = (now, progress.percent)
            return None
        since, before = self._seen
        done = progress.percent - before
        return (100.0 - progress.percent) * (now - since) / done if done > 0 else None


def format_outcome(result: Mapping[str, Any], model: Any) -> str:
    """The outcome of a model in a few words. ``model``: its identifier for calls, if it exists."""
    took = result.get("elapsed")
    after = f" after {duration(float(took))}" if isinstance(took, (int, float)) and took >= 1 else ""
    if result.get("failed"):
        return f"failed{after}: {result.get('msg') or 'no reason is known'}"
    if model:
        return f"ready{after}, {model}"
    return f"{result.get('status') or 'done'}{after}"
