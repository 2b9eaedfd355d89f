# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost answers, lists that lag and looks that do not come to their end, at hosts that show less than OpenAI: one job
is paid, or each further one is named."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError, NotFound
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    Host,
    chat_lines,
    put,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

SHOWN = [
    {"metadata": "absent", "suffix": "shown"},
    {"metadata": "null", "suffix": "shown"},
    {"metadata": "absent", "suffix": "name"},
    {"metadata": "absent", "suffix": "hidden"},
]


@pytest.fixture
def host(still_sandbox: Sandbox) -> Host:
    host = Host(still_sandbox, "compatible")
    still_sandbox.openai.settings(training_seconds=200.0)
    return host


def model(host: Host, file_id: str, *, sliced: bool = False, **options: Any) -> tuple[dict[str, Any], str]:
    """A task's result, and its warnings as one text."""
    warnings: list[str] = []

    def wanted(**more: Any) -> dict[str, Any]:
        try:
            return host.wanted(file_id, **more)
        finally:
            warnings.extend(host.warnings)

    result = host.sliced(wanted, options)[0] if sliced else wanted(**options)
    return result, "\n".join(warnings)


@pytest.mark.parametrize("sliced", [False, True], ids=["at once", "in slices"])
@pytest.mark.parametrize("lag", [4.0, 15.0])
@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: "-".join(shown.values()))
def test_h4_a_lost_answer_and_a_list_that_lags(host: Host, shown: dict[str, str], lag: float, sliced: bool) -> None:
    host.sandbox.openai.settings(list_lag_seconds=lag, **shown)
    file_id = host.file()
    host.sandbox.advance(60)
    host.sandbox.fault("openai.jobs.create", reset="after", times=1)
    result, warnings = model(host, file_id, sliced=sliced)
    assert result["status"] == "succeeded"
    assert result["job_id"] in host.uncancelled()
    for other in host.uncancelled():
        assert other == result["job_id"] or other in warnings
    if shown["suffix"] == "shown":
        assert host.uncancelled() == [result["job_id"]]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: "-".join(shown.values()))
def test_h4_the_next_run_names_what_no_task_could_see(host: Host, shown: dict[str, str]) -> None:
    host.sandbox.openai.settings(list_lag_seconds=30.0, training_seconds=5.0, **shown)
    file_id = host.file()
    host.sandbox.advance(60)
    host.sandbox.fault("openai.jobs.create", reset="after", times=1)
    model(host, file_id, wait=False)
    host.sandbox.advance(1000)
    assert len(host.uncancelled()) == 2
    result, warnings = model(host, file_id)
    other = next(job for job in host.uncancelled() if job != result["job_id"])
    assert result["changed"] is False
    assert other in warnings
    assert "second model" in warnings


@pytest.mark.parametrize("count", [2, 3])
def test_h4_equal_tasks_at_once(host: Host, count: int) -> None:
    host.sandbox.openai.settings(list_lag_seconds=12.0, metadata="absent", suffix="shown")
    file_id = host.file()
    host.sandbox.advance(60)
    results = host.together(*[partial(host.also().wanted, file_id) for _task in range(count)])
    assert [result for result in results if isinstance(result, Exception)] == []
    assert host.uncancelled() == [results[0]["job_id"]]
    assert {result["job_id"] for result in results} == set(host.uncancelled())


@pytest.mark.parametrize("wait", [True, False])
def test_h4_one_training_at_a_time_may_be_our_own(host: Host, wait: bool) -> None:
    """A gateway lost the answer and sent the request again."""
    host.sandbox.openai.settings(metadata="absent", suffix="shown")
    file_id = host.file()
    host.sandbox.fault("openai.jobs.create", status=409, when="after", times=1)
    result, _warnings = model(host, file_id, wait=wait)
    assert (result["changed"], host.uncancelled()) == (True, [result["job_id"]])


def test_v3_a_file_that_cannot_be_read_just_now_makes_no_other_request(host: Host) -> None:
    """The token would be another one: of the file's id, not of what is in it."""
    file_id = put(host, chat_lines())
    host.sandbox.fault("openai.files.content", status=429, body={"error": {"message": "slow down"}})
    with pytest.raises(FineTuneError, match="slow down"):
        host.wanted(file_id, max_retries=0, wait_timeout=600)
    assert host.jobs() == []


def test_v3_nothing_is_started_beside_a_list_that_does_not_end(host: Host) -> None:
    """The host gives the same page again and again: what it does not show may be what is wanted."""
    host.sandbox.openai.settings(metadata="absent", suffix="shown")
    first, second = host.file(), host.file(chat_lines(topic="tea"), "tea")
    job = host.wanted(first)
    body = {"object": "list", "data": [dict(job["model"])], "has_more": True}
    host.sandbox.fault("openai.jobs.list", status=200, body=body)
    with pytest.raises(FineTuneError, match="the same page again and again"):
        host.wanted(second, retrain="on_change")
    assert len(host.jobs()) == 1


def test_p6_a_job_given_by_its_id_before_it_is_shown(host: Host) -> None:
    host.sandbox.openai.settings(read_lag_seconds=60.0, list_lag_seconds=60.0)
    file_id = host.file()
    host.sandbox.advance(100)
    host.wanted(file_id, wait=False)
    job_id = host.jobs()[0]["id"]
    with pytest.raises(NotFound) as caught:
        host.wanted(file_id, job_id=job_id)
    assert "run the task again" in caught.value.hint
    assert len(host.jobs()) == 1


@pytest.mark.parametrize("status", [408, 409])
def test_answers_that_are_unclear_at_openai_alone(still_sandbox: Sandbox, status: int) -> None:
    host = Host(still_sandbox)
    file_id = host.file()
    still_sandbox.fault("openai.jobs.create", status=status, when="after", times=1)
    assert host.wanted(file_id)["changed"] is True
    assert len(host.jobs()) == 1


@pytest.mark.parametrize("lost", [0, 1, 4])
@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: "-".join(shown.values()))
def test_h4_a_retrain_on_a_file_of_another_name_is_one_job(host: Host, shown: dict[str, str], lost: int) -> None:
    """The name of the file is the user's choice; the model has a job on a file of its own name already."""
    host.sandbox.openai.settings(**shown)
    model(host, host.about("support-bot"))
    letters = host.file(chat_lines(topic="letters"), "letters")
    if lost:
        host.sandbox.fault("openai.jobs.create", reset="after", times=lost)
    result, warnings = model(host, letters, retrain="on_change")
    assert (result["changed"], len(host.uncancelled()), "second model" in warnings) == (True, 2, False)
    again, _warnings = model(host, letters, retrain="on_change")
    assert (again["changed"], len(host.jobs())) == (False, 2)
