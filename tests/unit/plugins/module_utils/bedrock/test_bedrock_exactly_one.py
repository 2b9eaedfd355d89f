# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one job that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    LOOPS,
    Figures,
    again_and_again,
    at_once,
    killed_at_any_moment,
    names,
)

CREATE = "bedrock.CreateModelCustomizationJob"
RETRAIN: dict[str, Any] = {"retrain": "on_change"}


@pytest.fixture
def figures(host: Host, record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts for the report (--junitxml): how often it happened, and how many jobs were made on the way."""
    yield record_property
    record_property("loops", LOOPS)
    record_property("jobs", len(host.jobs()))
    record_property("uncancelled", len(host.paid("")))


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
        again_and_again(partial(host.wanted, uri, name))
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


def test_killed_at_any_moment_and_run_again(host: Host, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    for name in killed_at_any_moment(host, host.sandbox, figures):
        check_one(host, name, host.about(name))


def test_two_playbooks_at_once(host: Host, figures: Figures) -> None:
    for name in names():
        told = at_once(host, name, 2)
        assert [answer.error for answer in told] == [None, None]
        survivors = host.paid(name)
        assert len(survivors) == 1
        assert {(answer.run_id, answer.status) for answer in told} == {(survivors[0], "Completed")}
        assert any(answer.changed for answer in told)
        check_one(host, name, host.about(name))


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


def test_p5_tags_whose_answer_was_lost_are_changed(host: Host) -> None:
    """They are looked for before they are sent again."""
    uri = host.data()
    host.wanted(uri, tags={"team": "support"})
    host.sandbox.fault("bedrock.TagResource", reset="after", times=3)
    result = host.wanted(uri, tags={"team": "sales"})
    assert (result["changed"], result["action"], result["tags"]) == (True, "update", {"team": "sales"})
    assert host.wanted(uri, tags={"team": "sales"})["changed"] is False


def test_p5_what_may_have_been_started_is_told(host: Host) -> None:
    uri = host.data()
    host.sandbox.fault(CREATE, reset="before")
    with pytest.raises(FineTuneError) as caught:
        host.wanted(uri)
    assert caught.value.facts["changed"] is True


def test_t1_a_host_that_throttles_does_not_outlast_the_task(host: Host) -> None:
    uri = host.data()
    for operation in ("bedrock.ListModelCustomizationJobs", CREATE):
        host.sandbox.clear_faults()
        host.error(operation, 429, "ThrottlingException", "slow down")
        start = host.clock.time()
        with pytest.raises(FineTuneError) as caught:
            host.wanted(uri, wait_timeout=5)
        assert host.clock.time() - start <= 7
        assert caught.value.facts["timed_out"] is True


def test_v3_an_object_that_a_proxy_answers_for_makes_no_other_request(host: Host) -> None:
    """The names of job and model come from what is in the data."""
    uri = host.put(converse_lines())
    host.sandbox.fault("s3.HeadObject", status=200, body="", headers={"Content-Type": "text/html"})
    with pytest.raises(FineTuneError):
        host.wanted(uri)
    assert host.jobs() == []
