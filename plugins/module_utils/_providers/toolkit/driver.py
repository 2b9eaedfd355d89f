# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drivers of all resources have in common.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..._engine.content import make_placeholder
from ..._engine.errors import FineTuneError, InvalidInput
from ..._engine.module import refuse_missing
from ..._engine.types import Capabilities, Change, Run

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class BaseDriver(ABC):
    """What was asked of one resource, and the verbs as most drivers have them: see :class:`_engine.types.Driver`.

    The desired state never changes: what is looked up of it stands in a resolved copy.
    """

    def __init__(self, name: str | None, desired: Mapping[str, Any]) -> None:
        self.name = name
        self.desired: Mapping[str, Any] = MappingProxyType(dict(desired))
        self.warnings: list[str] = []
        self._resolved: dict[str, Any] = {}

    @property
    def resolved(self) -> Mapping[str, Any]:
        """A copy of the desired state with what has been looked up of it."""
        return MappingProxyType({**self.desired, **self._resolved})

    def resolve(self, option: str, value: Any) -> None:
        """Keep what the provider shows of an option: of a reference what it refers to, of a name the id."""
        self._resolved[option] = value

    def require(self, *options: str, hint: str) -> None:
        """Raise InvalidInput if one of the options is missing."""
        refuse_missing({option: self.resolved.get(option) for option in options}, hint)

    def refuse_other_name(self, run_id: str, owner: Any, id_option: str) -> None:
        """Raise InvalidInput for an adopted job that bears another name than the task's."""
        if owner and self.name and owner != self.name:
            raise InvalidInput(
                f"The job {run_id} belongs to the name '{owner}', not '{self.name}'.",
                hint=f"Give that name, or leave {id_option} out.",
            )

    def warn_once(self, warning: str) -> None:
        """Warn, unless that was said before."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    # -- verbs; what each is for stands in the protocol --

    @property
    def capabilities(self) -> Capabilities:
        """The provider can do everything."""
        return Capabilities()

    @abstractmethod
    def request(self) -> dict[str, Any]:
        """The create request in the options' words."""

    def idempotency_key(self) -> dict[str, Any]:
        """The whole request."""
        return self.request()

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Nothing more to look at: what is seen is there."""
        return [replace(run, verified=True) for run in runs]

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Nothing to look up for a request."""
        return ()

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """Nothing that could be asked for keeps it from being deleted."""
        return ()

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Never asked: no field can be changed in place."""
        raise AssertionError("unreachable: no in_place field")

    def cancel(self, run: Run) -> Run:
        """Never asked: see capabilities."""
        raise AssertionError("unreachable: cannot cancel")

    def pause(self, run: Run) -> Run:
        """Never asked: see capabilities."""
        raise AssertionError("unreachable: cannot pause")

    resume = pause

    # -- results --

    @abstractmethod
    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The resource's attributes, top-level."""

    def fill_placeholder(self, identifier: str, **known: Any) -> dict[str, Any]:
        """The same keys for what check mode only foresees. ``known``: what is known of it already."""
        return {**self.describe(None, details=False), "run_id": identifier, "id": identifier, **known}


def name_of_placeholder(module: AnsibleModule, kind: str, identifier: str | None) -> str | None:
    """The name that stands in an id which an earlier task of the same check foresees; None for any other id."""
    start = make_placeholder(kind, "")
    return identifier[len(start) :] if module.check_mode and identifier and identifier.startswith(start) else None


def find_hint(hints: Iterable[tuple[str, str]], reason: str) -> str | None:
    """What mends a failed run, by a part of its reason in lower case. None if nothing is known."""
    return next((hint for part, hint in hints if part in reason), None)


@contextmanager
def steps_noted() -> Iterator[list[str]]:
    """Collect the steps that were done. If a later one fails, its error says that something was changed."""
    done: list[str] = []
    try:
        yield done
    except FineTuneError as error:
        if not done:
            raise
        raise error.amended(facts={**error.facts, "changed": True}) from error
