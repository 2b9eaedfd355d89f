# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract suite knows of a resource.

A provider's test folder has a file ``resources.py`` with a table RESOURCES of descriptions. The suite finds it there:
a new provider adds this file and gets all rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import Controller
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Story, reads

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox

_FOLDER = Path(__file__).resolve().parent.parent
_PACKAGE = "ansible_collections.llmops.finetune.tests.unit.plugins.module_utils"
_T = TypeVar("_T", bound=Callable[..., Any])


@dataclass(frozen=True)
class Traits:
    """What a resource is like at its host. A row is skipped for a trait that is missing, and for nothing else.

    - keeps_tags: what was made is found again, by our ownership tags or as its name is ours alone
    - list_lags: its lists can show a run late
    - same_token_same_run: two creates with one idempotency token make one run
    - names_unique: no two of one name can exist at once
    - can_cancel, can_pause: a run can be stopped, or stopped and resumed
    - can_fail: a run can fail, and is then made again only if the task says so
    - can_change: some options are changed in place
    - can_differ: what was made with other options is not what was asked; can_retrain: it can be made anew beside it
    - can_adopt: one that somebody else made can be taken by its id
    - can_delete: it can be deleted; shows_gone: what was deleted is seen to be gone
    - waits: it is not made at once
    - long_lived: it serves, and a change of it goes on after the answer; can_replace: another one can take its place
    - trained: it is made of data that another module sends
    - is_data: it is content that was sent; own_name: it can have a name that does not follow from the content
    - over_http: between its host and a task there can be proxies, with pages and redirects of their own
    """

    keeps_tags: bool = True
    list_lags: bool = False
    same_token_same_run: bool = False
    names_unique: bool = False
    can_cancel: bool = False
    can_pause: bool = False
    can_fail: bool = False
    can_change: bool = False
    can_differ: bool = False
    can_retrain: bool = False
    can_adopt: bool = False
    can_delete: bool = True
    shows_gone: bool = True
    waits: bool = True
    long_lived: bool = False
    can_replace: bool = False
    trained: bool = False
    is_data: bool = False
    own_name: bool = False
    over_http: bool = True


@dataclass(frozen=True)
class Made:
    """One that was ever made under a name: whether it is there now, and whether it was or will be paid for."""

    id: str
    exists: bool = True
    paid: bool = True


def needs(*traits: str) -> Callable[[_T], _T]:
    """A row that is about these traits."""

    def mark(row: _T) -> _T:
        vars(row)["needs"] = traits
        return row

    return mark


class Resource:
    """A description: how to make one, change it, fail it, what truly exists, what is paid for.

    - id: its name in the suite; ready: its status once it is there; key: the option that takes its id
    - module: the function of its host that runs the module; service: the part of the sandbox that it is made by
    - verbs: the operations behind create, list, update, cancel and delete; prefix: of all of them
    - address: the option that takes its host's address
    - empty_list: what a list answers that shows nothing
    - unaided: what keeps the SDK from sending again by itself; sdk_sends_again: nothing does
    - differs: the option in which :meth:`other` differs
    - changed: what is changed in place, by option; retrain: the options that make it anew
    - stories: what the suite of odd answers tells of it alone, by name
    - named: of a dataset, the result key of what its content is called at the host
    - slowly: settings of the sandbox with which it takes some minutes to make one
    """

    id: ClassVar[str]
    traits: ClassVar[Traits]
    ready: ClassVar[str]
    key: ClassVar[str]
    module: ClassVar[str]
    service: ClassVar[str]
    prefix: ClassVar[str]
    verbs: ClassVar[Mapping[str, str]]
    address: ClassVar[str] = ""
    differs: ClassVar[str]
    empty_list: ClassVar[Mapping[str, Any]] = {}
    changed: ClassVar[Mapping[str, Any]] = {}
    unaided: ClassVar[Mapping[str, Any]] = {}
    sdk_sends_again: ClassVar[bool] = False
    retrain: ClassVar[Mapping[str, Any]] = {"retrain": "on_change"}
    slowly: ClassVar[Mapping[str, Any]] = {}
    stories: ClassVar[Mapping[str, Callable[[Any], Story]]] = {}
    named: ClassVar[str]

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.host: Any = self.make_host(sandbox)
        self.tasks: Any = self.host
        self.data: dict[tuple[str, str], Any] = {}
        self.previews_data = False

    # -- what a description says --

    @staticmethod
    def patch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        """What the host needs of this process: its environment, pauses of its SDK that are skipped."""

    def make_host(self, sandbox: Sandbox) -> Controller:
        """The provider's tasks, and what somebody does by hand there."""
        raise NotImplementedError

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        """What it takes to make one: another name or another topic is another one."""
        raise NotImplementedError

    def all_made(self, name: str) -> Iterable[Made]:
        """All that was ever made under a name, oldest first, as the host itself knows."""
        raise NotImplementedError

    def make_by_hand(self, name: str = "bot") -> str:
        """Somebody makes what is desired, without this collection; its id."""
        raise NotImplementedError

    def body(self, name: str) -> str:
        """Of a dataset: what the host holds under a name."""
        raise NotImplementedError

    def pending(self, run_id: str) -> Mapping[str, Any]:
        """What is needed besides the name to stop a pending run."""
        return {}

    # -- what most have in common --

    @property
    def _service(self) -> Any:
        return getattr(self.sandbox, self.service)

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        """One run of the module."""
        result: dict[str, Any] = getattr(self.tasks, self.module)(name=name, **options)
        return result

    def fail(self, reason: str) -> None:
        """The next one fails."""
        self._service.scenario("fail", message=reason)

    def slow(self) -> None:
        """From now on it takes some minutes to make one."""
        self._service.settings(**self.slowly)

    def uploaded(self, content: str, name: str) -> Any:
        """What the provider's dataset module says of this content, which it has sent once, or previews."""
        key = name, content
        if self.previews_data:
            return self.tasks.dataset(content, name, check_mode=True)
        if key not in self.data:
            self.data[key] = self.tasks.dataset(content, name)
        return self.data[key]

    # -- what follows --

    def desired(self, name: str) -> Mapping[str, Any]:
        """What it takes to make the first one of a name."""
        return self.like(name, name)

    def existing(self, name: str = "bot") -> list[str]:
        """The ids of what is there under a name."""
        return [made.id for made in self.all_made(name) if made.exists]

    def made(self, name: str = "bot") -> list[str]:
        """The ids of all that was ever made, whatever became of it."""
        return [made.id for made in self.all_made(name)]

    def paid(self, name: str = "bot") -> list[str]:
        """The ids of what was or will be paid for."""
        return [made.id for made in self.all_made(name) if made.paid]

    def present(self, name: str = "bot", **options: Any) -> dict[str, Any]:
        """One that is desired."""
        return self.task(name, **{**self.desired(name), **options})

    def other(self, name: str = "bot", **options: Any) -> dict[str, Any]:
        """One that differs in what decides it."""
        return self.task(name, **{**self.like(name, "letters"), **options})

    def sliced(self, name: str = "bot", **options: Any) -> dict[str, Any]:
        """The same as its action plugin makes it."""
        given = {**self.desired(name), **options}
        result: dict[str, Any] = Controller.sliced(lambda **more: self.task(name, **more), given)[0]
        return result

    def playbook(self, name: str) -> dict[str, Any]:
        """The same with all that comes before it."""
        return self.present(name)

    def also(self) -> Resource:
        """A second controller on the same host."""
        return self._reached_by(self.host.also())

    def elsewhere(self) -> Resource:
        """The same in another process."""
        return self._reached_by(self.host.elsewhere())

    def _reached_by(self, tasks: Any) -> Resource:
        other = copy.copy(self)
        other.tasks, other.data = tasks, dict(self.data)
        return other

    def fault(self, verb: str, **spec: Any) -> None:
        """What happens to the next calls of a verb."""
        self.sandbox.fault(self.verbs[verb], **spec)

    def recover(self) -> None:
        """No faults any more."""
        self.sandbox.clear_faults()

    def wrote(self) -> list[str]:
        """The operations that were to change something since the log was cleared."""
        return [
            entry["operation"] for entry in self.sandbox.requests() if not reads(entry["method"], entry["operation"])
        ]

    def clear(self) -> None:
        """Clear the log, once there is what a run needs."""
        self.desired("bot")
        self.like("bot", "letters")
        self.sandbox.clear_log()

    @property
    def unwaited(self) -> dict[str, Any]:
        """The options of a task that waits for nothing, and whose SDK sends nothing again."""
        return {**self.unaided, "wait": False} if self.traits.waits else dict(self.unaided)

    @property
    def clients(self) -> Any:
        """The clients of its tasks."""
        return self.host.clients

    @clients.setter
    def clients(self, clients: Any) -> None:
        self.host.clients = clients

    @property
    def warnings(self) -> list[str]:
        """What the last task warned of."""
        found: list[str] = self.tasks.warnings
        return found


def described() -> list[type[Resource]]:
    """All descriptions, those of providers that are added later too."""
    folders = sorted(path.parent.name for path in _FOLDER.glob("*/resources.py"))
    return [kind for folder in folders for kind in import_module(f"{_PACKAGE}.{folder}.resources").RESOURCES]
