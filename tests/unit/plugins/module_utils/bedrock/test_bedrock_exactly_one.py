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
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    Reach,
    Tasks,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import SandboxClock

LOOPS = int(os.environ.get("LLMOPS_LOOPS", "3"))
# Forked while the sandbox's threads, which run in this process, are idle.
PROCESSES = multiprocessing.get_context("fork")
CREATE = "bedrock.CreateModelCustomizationJob"
RETRAIN: dict[str, Any] = {"retrain": "on_change"}
Figures = Callable[[str, int], None]


@pytest.fixture
def figures(host: Host, record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts for the report (--junitxml): how often it happened, and how many jobs were made on the way."""
    yield record_property
    record_property("loops", LOOPS)
    record_property("jobs", len(host.jobs()))
    record_property("uncancelled", len(host.paid("")))


def names() -> Iterator[str]:
    for number in range(LOOPS):
        yield f"bot-{number}"


def made(host: Host, name: str) -> int:
    """How many jobs of a name were ever made: with a token none is made only to be stopped."""
    return sum(job["model_name"] == name for job in host.jobs())


def check_one(host: Host, name: str, uri: str, **options: Any) -> dict[str, Any]:
    """One was made; a further run finds it ready and changes nothing."""
    result = host.wanted(uri, name, **options)
    assert result["status"] == "Completed"
    assert host.paid(name) == [result["job_arn"]]
    assert made(host, name) == 1
    again = host.wanted(uri, name, **options)
    assert (again["changed"], again["job_arn"]) == (False, result["job_arn"])
    return result


@pytest.mark.parametrize("times", [1, 3, 4])
@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_reset(host: Host, when: str, times: int) -> None:
    """Once within what boto3 sends again itself, and beyond it."""
    uri = host.data()
    for name in names():
        host.sandbox.fault(CREATE, reset=when, times=times)
        result = host.wanted(uri, name)
        assert (result["changed"], result["action"], result["status"]) == (True, "create", "Completed")
        check_one(host, name, uri)
        host.sandbox.clear_faults()


@pytest.mark.parametrize("when", ["before", "after"])
def test_500_three_times(host: Host, when: str) -> None:
    uri = host.data()
    for name in names():
        host.sandbox.fault(CREATE, status=500, when=when, times=3)
        result = host.wanted(uri, name)
        assert (result["changed"], result["status"]) == (True, "Completed")
        check_one(host, name, uri)
        host.sandbox.clear_faults()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_other_unclear_answers(host: Host, status: int) -> None:
    uri = host.data()
    host.sandbox.fault(CREATE, status=status, when="before" if status == 429 else "after", times=4)
    assert host.wanted(uri)["changed"] is True
    check_one(host, "support-bot", uri)


def test_a_lost_answer_of_a_retrain_beside_the_old_model(host: Host) -> None:
    host.wanted(host.data())
    uri = host.data(converse_lines(topic="letters"), "letters")
    host.sandbox.fault(CREATE, reset="after", times=4)
    result = host.wanted(uri, **RETRAIN)
    assert (result["changed"], result["status"]) == (True, "Completed")
    assert len(host.paid()) == len(host.jobs()) == 2
    assert host.wanted(uri, **RETRAIN)["changed"] is False


def test_a_lost_answer_of_a_retry(host: Host) -> None:
    host.sandbox.aws.fate("fail")
    uri = host.data()
    with pytest.raises(FineTuneError):
        host.wanted(uri)
    host.sandbox.fault(CREATE, reset="after", times=4)
    assert host.wanted(uri, retry_failed=True)["status"] == "Completed"
    assert [job["status"] for job in host.jobs()] == ["Failed", "Completed"]


def test_a_lost_answer_and_a_list_that_lags(host: Host) -> None:
    """The first task dies after its create; the next one's list does not show the job yet."""
    uri = host.data()
    started = host.wanted(uri, wait=False)
    empty = {"modelCustomizationJobSummaries": []}
    # A converging run lists at most three times before it creates.
    host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=empty, times=3)
    result = host.wanted(uri)
    assert result["job_arn"] == started["job_arn"]
    assert host.paid() == [started["job_arn"]]


def test_an_edited_request_after_a_lost_answer(host: Host) -> None:
    """The token of the first was for other tags: the job of the first is found all the same."""
    uri = host.data()
    started = host.wanted(uri, wait=False)
    empty = {"modelCustomizationJobSummaries": []}
    host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=empty, times=3)
    result = host.wanted(uri, tags={"team": "support"})
    assert (result["job_arn"], result["tags"]) == (started["job_arn"], {"team": "support"})
    assert host.paid() == [started["job_arn"]]


def test_everything_fails_now_and_then(host: Host, figures: Figures) -> None:
    """Any operation may lose its answer, before or after the change; the task is run until it ends well."""
    uri = host.data()
    for number, name in enumerate(names()):
        for when in ("before", "after"):
            host.sandbox.fault("bedrock.*", reset=when, probability=0.2, seed=number)
            host.sandbox.fault("s3.*", reset=when, probability=0.2, seed=number)
        for _try in range(30):
            with contextlib.suppress(FineTuneError):
                host.wanted(uri, name)
                break
        host.sandbox.clear_faults()
        check_one(host, name, uri)


# -- in slices, as the action plugin works ---------------------------------------------------------------------


def test_slices(host: Host) -> None:
    uri = host.data()
    host.sandbox.aws.settings(training_seconds=60.0)
    assert host.in_slices(uri)["status"] == "Completed"
    check_one(host, "support-bot", uri)


@pytest.mark.parametrize("more", [{}, {"delete_previous": True}], ids=["kept", "deleted"])
def test_a_retrain_in_slices(host: Host, more: dict[str, Any]) -> None:
    """The older model is no twin of the job that is waited for."""
    first = host.wanted(host.data())
    uri = host.data(converse_lines(topic="letters"), "letters")
    host.sandbox.aws.settings(training_seconds=60.0)
    result = host.in_slices(uri, **RETRAIN, **more)
    assert (result["status"], result["job_arn"] != first["job_arn"]) == ("Completed", True)
    assert [job["status"] for job in host.jobs()] == ["Completed", "Completed"]
    assert ("support-bot" in host.models()) is not bool(more)
    assert host.wanted(uri, **RETRAIN, **more)["changed"] is False


def test_a_retry_in_slices(host: Host) -> None:
    host.sandbox.aws.fate("fail")
    uri = host.data()
    with pytest.raises(FineTuneError):
        host.in_slices(uri)
    assert host.in_slices(uri, retry_failed=True)["status"] == "Completed"
    assert [job["status"] for job in host.jobs()] == ["Failed", "Completed"]


# -- other processes -------------------------------------------------------------------------------------------


def _control(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def task(reach: Reach, name: str, content: str, gate: Any, answer: Any) -> None:
    """A playbook in a process of its own: the dataset, then the model."""
    url = reach.control_url
    clock = SandboxClock(
        lambda seconds: _control(url, "/clock", {"advance": seconds}), lambda: float(_control(url, "/clock")["now"])
    )
    tasks = Tasks(reach, clock)
    gate.wait(60)
    try:
        result = tasks.wanted(tasks.data(content, name), name)
        answer.put((None, result["job_arn"], result["status"], result["changed"]))
    except FineTuneError as error:
        answer.put((error.text(), None, None, None))


def start(host: Host, name: str, content: str, count: int) -> tuple[list[Any], Any]:
    gate, answers = PROCESSES.Barrier(count + 1), PROCESSES.Queue()
    processes = [
        PROCESSES.Process(target=task, args=(host.reach, name, content, gate, answers), daemon=True)
        for _number in range(count)
    ]
    for process in processes:
        process.start()
    gate.wait(60)
    return processes, answers


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_killed_at_any_moment_and_run_again(host: Host, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    sandbox, source = host.sandbox, random.Random(11)
    sandbox.clear_log()
    processes, _answers = start(host, "unharmed", converse_lines(topic="unharmed"), 1)
    processes[0].join(60)
    total = sandbox.count()
    alive = 0
    for number, name in enumerate(names()):
        content = converse_lines(topic=name)
        when = ("after", "before")[number % 2]
        fault = sandbox.fault("*", delay=0.2, reset=when, after=source.randrange(total), times=1)["id"]
        processes, _answers = start(host, name, content, 1)
        until(lambda: sandbox.faults.shown()[0]["fired"])
        alive += processes[0].is_alive()
        processes[0].kill()
        processes[0].join(20)
        # A request on its way is carried out although nobody waits for it any more.
        until(lambda fault=fault: any((entry["fault"] or "").startswith(f"{fault}:") for entry in sandbox.requests()))
        sandbox.clear_faults()
        check_one(host, name, host.data(content, name))
    figures("killed_alive", alive)


def test_two_playbooks_at_once(host: Host, figures: Figures) -> None:
    for name in names():
        content = converse_lines(topic=name)
        processes, answers = start(host, name, content, 2)
        told = [answers.get(timeout=60) for _process in processes]
        for process in processes:
            process.join(20)
        assert [error for error, *_rest in told] == [None, None]
        survivors = host.paid(name)
        assert len(survivors) == 1
        assert {(arn, status) for _error, arn, status, _changed in told} == {(survivors[0], "Completed")}
        assert any(changed for *_rest, changed in told)
        check_one(host, name, host.data(content, name))


def test_two_threads_at_once(host: Host, figures: Figures) -> None:
    """The same closer together: both tasks look before either creates."""
    uri = host.data()
    for name in names():
        host.sandbox.fault("bedrock.ListModelCustomizationJobs", delay=0.05, times=2)
        first, second = host.together(*[partial(host.also().wanted, uri, name) for _task in range(2)])
        assert (first["status"], second["status"]) == ("Completed", "Completed")
        assert host.paid(name) == [first["job_arn"]] == [second["job_arn"]]


def test_two_different_wishes_at_once(host: Host) -> None:
    """They are not one intent: one job is made, and the other task is told of it."""
    uri, other = host.data(), host.data(converse_lines(topic="letters"), "letters")
    for name in names():
        host.sandbox.fault("bedrock.ListModelCustomizationJobs", delay=0.05, times=2)
        answers = host.together(partial(host.also().wanted, uri, name), partial(host.also().wanted, other, name))
        errors = [answer for answer in answers if isinstance(answer, FineTuneError)]
        results = [answer for answer in answers if isinstance(answer, dict)]
        assert (len(errors), len(results)) == (1, 1)
        assert "training_data_config" in errors[0].text()
        assert host.paid(name) == [results[0]["job_arn"]]
