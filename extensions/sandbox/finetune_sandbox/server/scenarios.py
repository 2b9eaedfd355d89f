# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: the user chooses the outcome of the next jobs, files or other things of a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from finetune_sandbox.server.checks import ControlError, Fields


@dataclass
class BaseScenario:
    """The common part of all scenarios.

    times: the number of things that the scenario applies to, or None for all. used: the number so far.
    """

    kind: str
    times: int | None
    id: str = field(default="", kw_only=True)
    used: int = field(default=0, kw_only=True)

    def hits(self, matches: bool) -> bool:
        """Whether the scenario applies to a thing. matches: whether it fits the thing. Counts it if it applies."""
        if not matches or (self.times is not None and self.used >= self.times):
            return False
        self.used += 1
        return True

    def describe(self) -> dict[str, Any]:
        """The scenario as the control API returns it."""
        members = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"scenario": members.pop("kind"), **members}


def read_kind(spec: Fields, kinds: Sequence[str]) -> str:
    """The kind of a scenario, one of kinds. Raises ControlError for others. `fate` is the former name of the key."""
    chosen = spec.choice("scenario", kinds, None) or spec.choice("fate", kinds, None)
    if chosen is None:
        raise ControlError(f"scenario: 'scenario' is required: one of {', '.join(kinds)}.")
    return chosen


def read_times(spec: Fields) -> int | None:
    """The number of things that a scenario applies to. 1 by default; None (all) if the user gives null."""
    return spec.integer("times", None if spec.has("times") else 1, low=1)


S = TypeVar("S", bound=BaseScenario)


class Scenarios(Generic[S]):
    """The scenarios of a provider, in order. read: makes a scenario from its JSON form (docs/sandbox.md)."""

    def __init__(self, read: Callable[[Fields], S]) -> None:
        self._read = read
        self._scenarios: list[S] = []
        self._made = 0

    def __iter__(self) -> Iterator[S]:
        return iter(self._scenarios)

    def add(self, spec: object) -> S:
        """Add a scenario. Raises ControlError if it is wrong."""
        members = Fields(spec, "scenario")
        scenario = self._read(members)
        members.done()
        self._made += 1
        scenario.id = f"scenario-{self._made}"
        self._scenarios.append(scenario)
        return scenario

    def remove(self, scenario_id: str = "") -> int:
        """Remove one scenario, or all if the id is empty. Returns the number of removed scenarios."""
        before = len(self._scenarios)
        self._scenarios = [scenario for scenario in self._scenarios if scenario_id and scenario.id != scenario_id]
        return before - len(self._scenarios)
