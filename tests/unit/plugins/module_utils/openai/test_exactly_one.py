# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one job that is paid for, whatever happens to the answers, the controller, or beside it.

LLMOPS_LOOPS sets how often each story is told with other moments (3 in the suite, 50 and more for a release).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    Host,
    SandboxClock,
    chat_lines,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

LOOPS = int(os.environ.get("LLMOPS_LOOPS", "3"))
# Forked while the sandbox's threads, which run in this process, are idle.
PROCESSES = multiprocessing.get_context("fork")


Figures = Callable[[str, int], None]


@pytest.fixture
def figures(host: Host, record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts for the report (--junitxml): how often it happened, and how many jobs were made on the way."""
    yield record_property
    record_property("loops", LOOPS)
    record_property("jobs", len(host.jobs()))
    record_property("uncancelled", len(host.uncancelled()))


@pytest.fixture
def host(still_sandbox: Sandbox) -> Host:
    return Host(still_sandbox)


def names() -> Iterator[str]:
    for number in range(LOOPS):
        yield f"bot-{number}"


def left(host: Host, name: str) -> list[str]:
    """The uncancelled jobs of a name, as the sandbox itself knows them."""
    return [
        job["id"]
        for job in host.jobs()
        if job["status"] != "cancelled" and (job["suffix"] == name or job["training_file"] == name)
    ]


def made(host: Host, name: str) -> int:
    """How many jobs of a name were ever made: where no two tasks race, none is made only to be cancelled."""
    return sum(name in (job["suffix"], job["training_file"]) for job in host.jobs())


def check_one(host: Host, name: str, file_id: str, **options: Any) -> dict[str, Any]:
    """One is left; a further run finds it ready and changes nothing."""
    result = host.wanted(file_id, name, **options)
    assert result["status"] == "succeeded"
    assert left(host, name) == [result["job_id"]]
    again = host.wanted(file_id, name, **options)
    assert (again["changed"], again["job_id"]) == (False, result["job_id"])
    return result


@pytest.mark.parametrize("dialect", ["openai", "azure", "compatible"])
def test_connection_reset_after_the_change(still_sandbox: Sandbox, dialect: str) -> None:
    host = Host(still_sandbox, dialect)
    still_sandbox.openai.settings(azure_total=1000)
    for name in names():
        # Where no metadata is kept, and no suffix shown, the data tells the names apart.
        file_id = host.file(chat_lines(topic=name), name)
        still_sandbox.fault("openai.jobs.create", reset="after", times=1)
        result = host.wanted(file_id, name)
        assert (result["changed"], result["action"], result["status"]) == (True, "create", "succeeded")
        assert (left(host, name), made(host, name)) == ([result["job_id"]], 1)
        check_one(host, name, file_id)


@pytest.mark.parametrize("when", ["before", "after"])
def test_500_three_times(host: Host, when: str) -> None:
    file_id = host.file()
    for name in names():
        host.sandbox.fault("openai.jobs.create", status=500, when=when, times=3)
        result = host.wanted(file_id, name)
        assert (result["changed"], result["status"]) == (True, "succeeded")
        assert (left(host, name), made(host, name)) == ([result["job_id"]], 1)
        check_one(host, name, file_id)
        host.sandbox.clear_faults()


@pytest.mark.parametrize("status", [408, 409, 429, 502, 503])
def test_other_unclear_answers(host: Host, status: int) -> None:
    file_id = host.file()
    host.sandbox.fault("openai.jobs.create", status=status, when="before" if status == 429 else "after", times=1)
    host.wanted(file_id)
    check_one(host, "support-bot", file_id)


def test_everything_fails_now_and_then(host: Host, figures: Figures) -> None:
    """Any operation may lose its answer, before or after the change; the task is run until it ends well."""
    file_id = host.file()
    for number, name in enumerate(names()):
        for when in ("before", "after"):
            host.sandbox.fault("openai.*", reset=when, probability=0.12, seed=number)
        for _try in range(30):
            with contextlib.suppress(FineTuneError):
                host.wanted(file_id, name, max_retries=0)
                break
        host.sandbox.clear_faults()
        check_one(host, name, file_id)


# -- other processes -------------------------------------------------------------------------------------------


def _control(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


class RemoteHost(Host):
    """The same from another process, which reaches the sandbox by its control API."""

    def __init__(self, reach: dict[str, str]) -> None:
        class Reach:
            api_key = reach["api_key"]
            openai_url = reach["openai_url"]
            control_url = reach["control_url"]

        self.sandbox = Reach  # type: ignore[assignment]
        self.dialect = "openai"
        self.base = "gpt-4o-mini-2024-07-18"
        self.warnings = []
        url = reach["control_url"]
        self.clock = SandboxClock(
            lambda seconds: _control(url, "/clock", {"advance": seconds}), lambda: float(_control(url, "/clock")["now"])
        )


def task(reach: dict[str, str], name: str, content: str, gate: Any, answer: Any) -> None:
    """A playbook in a process of its own: the dataset, then the model."""
    host = RemoteHost(reach)
    gate.wait(60)
    try:
        file_id = host.dataset(content, name)["file_id"]
        result = host.wanted(file_id, name)
        answer.put((None, result["job_id"], result["status"], result["changed"]))
    except FineTuneError as error:
        answer.put((error.text(), None, None, None))


def start(host: Host, name: str, content: str, count: int) -> tuple[list[Any], Any, Any]:
    reach = {
        "api_key": host.sandbox.api_key,
        "openai_url": host.sandbox.openai_url,
        "control_url": host.sandbox.control_url,
    }
    gate, answers = PROCESSES.Barrier(count + 1), PROCESSES.Queue()
    processes = [
        PROCESSES.Process(target=task, args=(reach, name, content, gate, answers), daemon=True)
        for _number in range(count)
    ]
    for process in processes:
        process.start()
    gate.wait(60)
    return processes, gate, answers


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_killed_at_any_moment_and_run_again(host: Host, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    sandbox, source = host.sandbox, random.Random(11)
    sandbox.clear_log()
    processes, _gate, _answers = start(host, "unharmed", chat_lines(topic="unharmed"), 1)
    processes[0].join(60)
    total = sandbox.count()
    alive = 0
    for number, name in enumerate(names()):
        content = chat_lines(topic=name)
        when = ("after", "before")[number % 2]
        fault = sandbox.fault("*", delay=0.2, reset=when, after=source.randrange(total), times=1)["id"]
        processes, _gate, _answers = start(host, name, content, 1)
        until(lambda: sandbox.faults.shown()[0]["fired"])
        alive += processes[0].is_alive()
        processes[0].kill()
        processes[0].join(20)
        # A request on its way is carried out although nobody waits for it any more.
        until(lambda fault=fault: any((entry["fault"] or "").startswith(f"{fault}:") for entry in sandbox.requests()))
        sandbox.clear_faults()
        check_one(host, name, host.file(content, name))
    figures("killed_alive", alive)


def test_two_playbooks_at_once(host: Host, figures: Figures) -> None:
    for name in names():
        content = chat_lines(topic=name)
        processes, _gate, answers = start(host, name, content, 2)
        told = [answers.get(timeout=60) for _process in processes]
        for process in processes:
            process.join(20)
        assert [error for error, *_rest in told] == [None, None]
        survivors = left(host, name)
        assert len(survivors) == 1
        assert {(job_id, status) for _error, job_id, status, _changed in told} == {(survivors[0], "succeeded")}
        assert any(changed for *_rest, changed in told)
        check_one(host, name, host.file(content, name))


def test_two_threads_at_once(host: Host, figures: Figures) -> None:
    """The same closer together: both tasks look before either creates."""
    file_id = host.file()
    for name in names():
        host.sandbox.fault("openai.jobs.list", delay=0.05, times=2)
        first, second = host.together(*[partial(Host(host.sandbox).wanted, file_id, name) for _task in range(2)])
        assert (first["status"], second["status"]) == ("succeeded", "succeeded")
        assert left(host, name) == [first["job_id"]] == [second["job_id"]]
