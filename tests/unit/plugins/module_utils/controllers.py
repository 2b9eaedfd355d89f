# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers: any provider's modules run against a sandbox, in this process, in threads, or in others that are killed.

Time passes only when somebody sleeps. LLMOPS_LOOPS sets how often the stories of "exactly one" are told with other
moments (2 in the suite, 50 and more for a release).
"""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing
import os
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ansible_collections.llmops.finetune.plugins.module_utils._engine.clock import Clock, Overrun
from ansible_collections.llmops.finetune.plugins.module_utils._engine.engine import Engine
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

T = TypeVar("T")
LOOPS = int(os.environ.get("LLMOPS_LOOPS", "2"))
_MODULES = "ansible_collections.llmops.finetune.plugins.modules."
# Forked while the sandbox's threads, which run in this process, are idle.
_PROCESSES = multiprocessing.get_context("fork")

Figures = Callable[[str, int], None]
"""Counts for the report (--junitxml)."""


class Told(NamedTuple):
    """What a playbook ended with: an error, or the run it is bound to."""

    error: str | None
    run_id: str | None = None
    status: str | None = None
    changed: bool | None = None


def names() -> Iterator[str]:
    """A name for each time that a story is told."""
    for number in range(LOOPS):
        yield f"bot-{number}"


# -- one task --------------------------------------------------------------------------------------------------


class SimulatedClock(Clock):
    """Time that passes only when somebody sleeps. A call that sleeps beyond what it is given is given up then."""

    def __init__(self) -> None:
        self._calls = threading.local()

    def pass_by(self, seconds: float) -> None:
        """Move the time."""
        raise NotImplementedError

    def bounded(self, call: Callable[[], T], seconds: float) -> T:
        ends: list[float] = self._calls.__dict__.setdefault("ends", [])
        ends.append(self.monotonic() + seconds)
        try:
            return call()
        finally:
            ends.pop()

    def sleep(self, seconds: float) -> None:
        end = min(self._calls.__dict__.get("ends", ()), default=None)
        left = None if end is None else max(0.0, end - self.monotonic())
        if left is not None and seconds >= left:
            self.pass_by(left)
            raise Overrun
        self.pass_by(seconds)


class SandboxClock(SimulatedClock):
    """Sleeping moves the sandbox's clock instead of waiting."""

    def __init__(self, advance: Callable[[float], Any], now: Callable[[], float]) -> None:
        super().__init__()
        self._advance, self._now = advance, now
        self.slept = 0.0

    def monotonic(self) -> float:
        return self._now()

    def time(self) -> float:
        return self._now()

    def pass_by(self, seconds: float) -> None:
        self.slept += seconds
        if seconds > 0:
            self._advance(seconds)
        # Let the other threads and the background check of a file go on.
        time.sleep(0.001)


def remote_clock(control_url: str) -> SandboxClock:
    """The clock of a sandbox in another process, which its control API reaches."""

    def control(body: dict[str, float] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{control_url}/clock", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    return SandboxClock(lambda seconds: control({"advance": seconds}), lambda: float(control()["now"]))


class FakeModule:
    """What build_driver() takes of AnsibleModule."""

    def __init__(
        self, params: Mapping[str, Any], check_mode: bool = False, clients: dict[Any, Any] | None = None
    ) -> None:
        self.params = dict(params)
        self.check_mode = check_mode
        self.clients = clients
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)


def json_lines(records: Iterable[Any]) -> str:
    """A dataset of these records."""
    return "".join(json.dumps(record) + "\n" for record in records)


def defaults(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of an argument_spec with its default."""
    return {name: option.get("default") for name, option in spec.items()}


def filled(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as AnsibleModule hands them on: what is left out has its default, in dictionaries of options too."""
    found = {**defaults(spec), **given}
    for name, option in spec.items():
        if "options" in option and isinstance(found[name], dict):
            found[name] = filled(option["options"], found[name])
    return found


def argument_spec(module: str) -> dict[str, Any]:
    """The options of a module; of one that makes something they stand beside its driver."""
    found = vars(import_module(_MODULES + module))
    whole = (value for value in found.values() if isinstance(value, dict))
    spec: dict[str, Any] = next((value["argument_spec"] for value in whole if "argument_spec" in value), {})
    return spec or found["SPEC"]


class Controller:
    """Runs a provider's modules, one after the other or side by side."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.warnings: list[str] = []
        # Of all its tasks, as in fine_tune: that each module makes its own is shown by the tests of whole modules.
        self.clients: dict[Any, Any] = {}

    @property
    def auth(self) -> dict[str, Any]:
        """The authentication options, all of them."""
        raise NotImplementedError

    def playbook(self, name: str) -> dict[str, Any]:
        """A dataset, then a model of that name trained with it; the result of the last task."""
        raise NotImplementedError

    def sliced_playbook(self, name: str) -> dict[str, Any]:
        """The same, the model as its action plugin makes it."""
        raise NotImplementedError

    def elsewhere(self) -> Controller:
        """The same controller in another process."""
        raise NotImplementedError

    def run(
        self, driver: Any, module: str, given: Mapping[str, Any], common: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """One run of any module with the engine. Raises FineTuneError.

        ``driver``: the Python module that has its build_driver(). ``common``: what it takes besides its own SPEC.
        """
        fake, build_driver = self._task(module, given, common), driver.build_driver
        made, engine_options = build_driver(fake)
        engine = Engine(
            made,
            engine_options,
            details=fake.params.get("details", False),
            clock=self.clock,
        )
        try:
            return engine.converge()
        finally:
            self.warnings = [*fake.warnings, *engine.warnings]

    def find(self, look: Callable[[Any], dict[str, Any]], module: str, **options: Any) -> dict[str, Any]:
        """One run of an info module. ``look``: the function that it calls."""
        return look(self._task(module, options))

    def _task(self, module: str, given: Mapping[str, Any], common: Mapping[str, Any] | None = None) -> FakeModule:
        options = {**self.auth, **given}
        check_mode = options.pop("check_mode", False)
        return FakeModule(filled({**(common or {}), **argument_spec(module)}, options), check_mode, self.clients)

    @staticmethod
    def sliced(
        run: Callable[..., dict[str, Any]], options: Mapping[str, Any], most: int = 200
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A task as its action plugin does it: called again, bound to the run, until there is no more to wait for.

        The last answer, and all before it.
        """
        given = {"wait_slice": 20.0, **options}
        answers: list[dict[str, Any]] = []
        for _slice in range(most):
            result = run(**given)
            if not result.get("waiting"):
                return result, answers
            answers.append(result)
            if result.get("run_id"):
                given["wait_run_id"] = result["run_id"]
            given["wait_state"] = result["wait_state"]
        raise AssertionError(f"no end after {most} slices: {result}")

    @staticmethod
    def together(*works: Callable[[], Any]) -> list[Any]:
        """Several tasks at the same time, in threads; results or exceptions in order."""
        results: list[Any] = [None] * len(works)
        gate = threading.Barrier(len(works))

        def work(index: int) -> None:
            gate.wait()
            try:
                results[index] = works[index]()
            except Exception as error:
                results[index] = error

        threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(len(works))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
            assert not thread.is_alive()
        return results


def again_and_again(task: Callable[[], Any], most: int = 30) -> None:
    """Run a task until it ends well, or so often."""
    for _try in range(most):
        with contextlib.suppress(FineTuneError):
            task()
            return


# -- other processes -------------------------------------------------------------------------------------------


def at_once(host: Controller, name: str, count: int = 1) -> list[Told]:
    """The same playbook so many times, each in a process of its own, all from the same moment on."""
    processes, answers = start(host, name, count)
    told = [answers.get(timeout=60) for _process in processes]
    for process in processes:
        process.join(20)
    return told


def killed_at_any_moment(host: Controller, sandbox: Sandbox, figures: Figures) -> Iterator[str]:
    """The names of playbooks that were killed, each while another request was under way.

    The change that the request asks for is made, or not, in turn.
    """
    source = random.Random(11)
    sandbox.clear_log()
    at_once(host, "unharmed")
    total = sandbox.count()
    alive = 0
    for number, name in enumerate(names()):
        when = ("after", "before")[number % 2]
        fault = sandbox.fault("*", delay=0.2, reset=when, after=source.randrange(total), times=1)["id"]
        process = start(host, name, 1)[0][0]
        _until(lambda: sandbox.faults.describe()[0]["fired"])
        alive += process.is_alive()
        process.kill()
        process.join(20)
        # A request on its way is carried out although nobody waits for it any more.
        _until(functools.partial(_answered, sandbox, fault))
        sandbox.clear_faults()
        yield name
    figures("killed_alive", alive)


def start(host: Controller, name: str, count: int) -> tuple[list[Any], Any]:
    """The processes, and the queue of what they tell."""
    gate, answers = _PROCESSES.Barrier(count + 1), _PROCESSES.Queue()
    given = (host.elsewhere(), name, gate, answers)
    processes = [_PROCESSES.Process(target=_tell, args=given, daemon=True) for _number in range(count)]
    for process in processes:
        process.start()
    gate.wait(60)
    return processes, answers


def _tell(controller: Controller, name: str, gate: Any, answers: Any) -> None:
    gate.wait(60)
    try:
        result = controller.playbook(name)
        answers.put(Told(None, result["run_id"], result["status"], result["changed"]))
    except FineTuneError as error:
        answers.put(Told(error.text()))


def _answered(sandbox: Any, fault: str) -> bool:
    """Whether a request was answered with this fault."""
    return any((entry["fault"] or "").startswith(f"{fault}:") for entry in sandbox.requests())


def _until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
