# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base class and the functions that the drivers of all resources share.

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
    """The desired state of one resource, and the methods that most drivers have: see :class:`_engine.types.Driver`.

    The desired state never changes. Looked-up values are in ``resolved``, a copy of it.
    """

    def __init__(self, name: str | None, desired: Mapping[str, Any]) -> None:
        self.name = name
        self.desired: Mapping[str, Any] = MappingProxyType(dict(desired))
        self.warnings: list[str] = []
        self._resolved: dict[str, Any] = {}

    @property
    def resolved(self) -> Mapping[str, Any]:
        """A copy of the desired state with the values that were looked up."""
        return MappingProxyType({**self.desired, **self._resolved})

    def resolve(self, option: str, value: Any) -> None:
        """Keep the value that the provider shows for an option: the target of a reference, or the id of a name."""
        self._resolved[option] = value

    def require(self, *options: str, hint: str) -> None:
        """Raise InvalidInput if one of the options is missing."""
        refuse_missing({option: self.resolved.get(option) for option in options}, hint)

    def refuse_other_name(self, run_id: str, owner: Any, id_option: str) -> None:
        """Raise InvalidInput if an adopted job has another name than the task."""
        if owner and self.name and owner != self.name:
            raise InvalidInput(
                f"The job {run_id} belongs to the name '{owner}', not '{self.name}'.",
                hint=f"Give that name, or leave {id_option} out.",
            )

    def warn_once(self, warning: str) -> None:
        """Add the warning if it is new."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    # -- the methods of the protocol Driver, which explains them --

    @property
    def capabilities(self) -> Capabilities:
        """The provider can do everything."""
        return Capabilities()

    @abstractmethod
    def request(self) -> dict[str, Any]:
        """The create request under the names of the options."""

    def idempotency_key(self) -> dict[str, Any]:
        """The whole request."""
        return self.request()

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """A run that is listed exists: it needs no further look."""
        return [replace(run, verified=True) for run in runs]

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """A create needs no look-ups."""
        return ()

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """No resource that the API could list prevents the deletion."""
        return ()

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Never called: no field can be changed in place."""
        raise AssertionError("unreachable: no in_place field")

    def cancel(self, run: Run) -> Run:
        """Never called: see capabilities."""
        raise AssertionError("unreachable: cannot cancel")

    def pause(self, run: Run) -> Run:
        """Never called: see capabilities."""
        raise AssertionError("unreachable: cannot pause")

    resume = pause

    # -- results --

    @abstractmethod
    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The resource's own result keys."""

    def fill_placeholder(self, identifier: str, **known: Any) -> dict[str, Any]:
        """The same result keys for a placeholder. ``known``: the values that are known before apply."""
        return {**self.describe(None, details=False), "run_id": identifier, "id": identifier, **known}


def name_of_placeholder(module: AnsibleModule, kind: str, identifier: str | None) -> str | None:
    """The name in a placeholder id that an earlier task of the same check run returned; None for any other id."""
    start = make_placeholder(kind, "")
    return identifier[len(start) :] if module.check_mode and identifier and identifier.startswith(start) else None


def find_hint(hints: Iterable[tuple[str, str]], reason: str) -> str | None:
    """The advice for a failed run. ``hints``: pairs of a part of the reason, in lower case, and the advice.

    None if no part fits.
    """
    return next((hint for part, hint in hints if part in reason), None)


@contextmanager
def steps_noted() -> Iterator[list[str]]:
    """Collect the steps that were done. If a later step fails, its error gets the fact ``changed``."""
    done: list[str] = []
    try:
        yield done
    except FineTuneError as error:
        if not done:
            raise
        raise error.amended(facts={**error.facts, "changed": True}) from error
