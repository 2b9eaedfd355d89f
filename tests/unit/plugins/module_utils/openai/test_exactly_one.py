# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one job that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    LOOPS,
    Figures,
    again_and_again,
    at_once,
    killed_at_any_moment,
    names,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


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
        file_id = host.about(name)
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
        again_and_again(partial(host.wanted, file_id, name, max_retries=0))
        host.sandbox.clear_faults()
        check_one(host, name, file_id)


# -- other processes -------------------------------------------------------------------------------------------


def test_killed_at_any_moment_and_run_again(host: Host, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    for name in killed_at_any_moment(host, host.sandbox, figures):
        check_one(host, name, host.about(name))


def test_two_playbooks_at_once(host: Host, figures: Figures) -> None:
    for name in names():
        told = at_once(host, name, 2)
        assert [answer.error for answer in told] == [None, None]
        survivors = left(host, name)
        assert len(survivors) == 1
        assert {(answer.run_id, answer.status) for answer in told} == {(survivors[0], "succeeded")}
        assert any(answer.changed for answer in told)
        check_one(host, name, host.about(name))


def test_two_threads_at_once(host: Host, figures: Figures) -> None:
    """The same closer together: both tasks look before either creates."""
    file_id = host.file()
    for name in names():
        host.sandbox.fault("openai.jobs.list", delay=0.05, times=2)
        first, second = host.together(*[partial(host.also().wanted, file_id, name) for _task in range(2)])
        assert (first["status"], second["status"]) == ("succeeded", "succeeded")
        assert left(host, name) == [first["job_id"]] == [second["job_id"]]
