# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the control API that every provider has: old resources, settings and scenarios.

Each of them is a control call over HTTP and a method in Python.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

from finetune_sandbox.server.checks import ControlError
from finetune_sandbox.server.scenarios import Scenarios
from finetune_sandbox.server.settings import BaseSettings

_SCENARIOS = ("scenarios", "fates")
"""The path of scenarios, and the former name of the path."""


class ControlledStore(Protocol):
    """The state of a provider, as far as this part needs it."""

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """The lock that guards every access."""

    @property
    def settings(self) -> BaseSettings:
        """The limits and durations."""

    @property
    def scenarios(self) -> Scenarios[Any]:
        """The outcomes that the user has chosen for the next things."""


S = TypeVar("S", bound=ControlledStore)


class Controlled(ABC, Generic[S]):
    """The common implementation of `control` in finetune_sandbox.server.web.Provider."""

    name: str
    store: S

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Run the call `/_sandbox/<provider>/<path>`. Raises ControlError for wrong input or an unknown call."""
        head, _unused, rest = path.partition("/")
        store = self.store
        with store.lock:
            if (method, path) == ("POST", "seed"):
                return self.make_old(body)
            if path == "settings" and method in {"GET", "POST"}:
                if method == "POST":
                    store.settings.change(body)
                return store.settings.describe()
            if head in _SCENARIOS and (method, rest) == ("GET", ""):
                return {head: [scenario.describe() for scenario in store.scenarios]}
            if head in _SCENARIOS and (method, rest) == ("POST", ""):
                return store.scenarios.add(body).describe()
            if head in _SCENARIOS and method == "DELETE":
                return {"removed": store.scenarios.remove(rest)}
            if (method, path) == ("GET", "resources"):
                return self.list_resources()
            answer = self.own_call(method, head, rest, body)
        if answer is None:
            raise ControlError(f"There is no control call {method} /{self.name}/{path}. See docs/sandbox.md.", 404)
        return answer

    @abstractmethod
    def make_old(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Create resources with an old creation time. Called under the store's lock."""

    @abstractmethod
    def list_resources(self) -> dict[str, list[str]]:
        """The names of everything that exists and can be deleted, by kind. Called under the store's lock."""

    @abstractmethod
    def own_call(self, method: str, head: str, rest: str, body: Mapping[str, Any]) -> Any:
        """Run a control call that only this provider has (`<head>/<rest>`). None if there is no such call.

        Called under the store's lock.
        """

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Read or change limits and durations."""
        view: dict[str, Any] = self.control("POST", "settings", changes)
        return view

    def seed(self, **spec: Any) -> dict[str, Any]:
        """Create resources with an old creation time, such as jobs and models."""
        made: dict[str, Any] = self.control("POST", "seed", spec)
        return made

    def scenario(self, scenario: str, **spec: Any) -> dict[str, Any]:
        """Choose the outcome of the next things that match."""
        view: dict[str, Any] = self.control("POST", "scenarios", {"scenario": scenario, **spec})
        return view

    fate = scenario
    """The former name of `scenario`."""
