# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one training that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    LOOPS,
    Figures,
    again_and_again,
    at_once,
    killed_at_any_moment,
    names,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import (
    CREATE,
    RETRAIN,
    ModelHost,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import pair_lines

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

DAY = 86400.0


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ModelHost:
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return ModelHost(still_sandbox)


@pytest.fixture
def figures(host: ModelHost, record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts for the report (--junitxml): how often it happened, and how many models were made on the way."""
    yield record_property
    record_property("loops", LOOPS)
    record_property("models", len(host.sandbox.oci.models()))


def check_one(host: ModelHost, name: str, data: dict[str, Any], **options: Any) -> dict[str, Any]:
    """One was made; a further run finds it ready and changes nothing."""
    result = host.wanted(data, name, **options)
    assert result["status"] == "ACTIVE"
    assert host.paid(name) == [result["id"]]
    again = host.wanted(data, name, **options)
    assert (again["changed"], again["id"]) == (False, result["id"])
    return result


@pytest.mark.parametrize("times", [1, 3, 4])
@pytest.mark.parametrize("when", ["before", "after"])
def test_connection_reset(host: ModelHost, when: str, times: int) -> None:
    data = host.data()
    for name in names():
        host.sandbox.fault(CREATE, reset=when, times=times)
        result = host.wanted(data, name)
        assert (result["changed"], result["action"], result["status"]) == (True, "create", "ACTIVE")
        check_one(host, name, data)
        host.sandbox.clear_faults()


@pytest.mark.parametrize("when", ["before", "after"])
def test_500_three_times(host: ModelHost, when: str) -> None:
    data = host.data()
    for name in names():
        host.sandbox.fault(CREATE, status=500, when=when, times=3)
        result = host.wanted(data, name)
        assert (result["changed"], result["status"]) == (True, "ACTIVE")
        check_one(host, name, data)
        host.sandbox.clear_faults()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_other_unclear_answers(host: ModelHost, status: int) -> None:
    data = host.data()
    host.sandbox.fault(CREATE, status=status, when="before" if status == 429 else "after", times=4)
    assert host.wanted(data)["changed"] is True
    check_one(host, "support-bot", data)


def test_an_answer_that_does_not_say_which_model(host: ModelHost) -> None:
    data = host.data()
    host.sandbox.fault(CREATE, status=200, body={}, when="after", times=1)
    assert host.wanted(data)["changed"] is True
    check_one(host, "support-bot", data)


def test_never_an_answer(host: ModelHost) -> None:
    """The task gives up and says so; the next one finds what it began."""
    data = host.data()
    host.sandbox.fault(CREATE, reset="after")
    host.sandbox.fault("oci.ListModels", status=200, body={"items": []})
    with pytest.raises(FineTuneError, match="Training the model support-bot") as caught:
        host.wanted(data)
    assert "a late one is possible" in caught.value.hint
    host.sandbox.clear_faults()
    result = check_one(host, "support-bot", data)
    assert result["changed"] is False


def test_a_lost_answer_of_a_retrain_beside_the_old_model(host: ModelHost) -> None:
    host.wanted(host.data())
    data = host.data(pair_lines(topic="letters"), "letters")
    host.sandbox.fault(CREATE, reset="after", times=4)
    result = host.wanted(data, **RETRAIN)
    assert (result["changed"], result["status"]) == (True, "ACTIVE")
    assert len(host.paid()) == 2
    assert host.wanted(data, **RETRAIN)["changed"] is False


def test_a_lost_answer_of_a_retry(host: ModelHost) -> None:
    host.sandbox.oci.fate("fail")
    data = host.data()
    with pytest.raises(FineTuneError):
        host.wanted(data)
    host.sandbox.fault(CREATE, reset="after", times=4)
    assert host.wanted(data, retry_failed=True)["status"] == "ACTIVE"
    assert [model["state"] for model in host.made()] == ["FAILED", "ACTIVE"]


def test_a_lost_answer_and_a_training_that_ends_meanwhile(host: ModelHost) -> None:
    """What the token made is found again by it, though it is no longer in training."""
    host.sandbox.oci.settings(accepted_seconds=0.0, validation_seconds=0.0, training_seconds=1.0)
    data = host.data()
    host.sandbox.fault(CREATE, reset="after", times=1)
    result = host.wanted(data)
    assert (result["changed"], result["status"]) == (True, "ACTIVE")
    check_one(host, "support-bot", data)


def test_a_lost_answer_and_a_list_that_lags(host: ModelHost) -> None:
    """The first task dies after its create; the next one's list does not show the model yet."""
    data = host.data()
    started = host.wanted(data, wait=False)
    host.sandbox.fault("oci.ListModels", status=200, body={"items": []}, times=6)
    result = host.wanted(data)
    assert result["id"] == started["id"]
    assert host.paid() == [started["id"]]


@pytest.mark.parametrize("looks", [2, 6])
@pytest.mark.parametrize("how", ["waiting", "sliced", "at once"])
def test_another_description_after_a_lost_answer(host: ModelHost, how: str, looks: int) -> None:
    """The service refuses the token, which it knows with another request: that is a reason to look, not to train.

    ``looks``: how many lists show nothing yet. Two are asked for before a create.
    """
    data = host.data()
    host.sandbox.oci.settings(training_seconds=100.0)
    started = host.wanted(data, wait=False)
    host.sandbox.fault("oci.ListModels", status=200, body={"items": []}, times=looks)
    host.sandbox.clear_log()
    run = host.in_slices if how == "sliced" else host.wanted
    result = run(data, description="edited", freeform_tags={"team": "support"}, wait=how != "at once")
    assert (result["id"], host.paid()) == (started["id"], [started["id"]])
    assert host.sandbox.count(CREATE) == 1
    if how == "at once":
        assert result["changed"] is False
    else:
        # What can be changed was changed once the model was ready.
        assert (result["description"], result["freeform_tags"]) == ("edited", {"team": "support"})
        assert result["changed"] is True


def test_what_another_task_began_is_changed_as_well(host: ModelHost) -> None:
    """A create that may have been lost, and was not: what is there then was made with another description."""
    data = host.data()
    started = host.wanted(data, wait=False, description="theirs")
    host.sandbox.fault("oci.ListModels", status=200, body={"items": []}, times=2)
    host.sandbox.fault(CREATE, reset="before", times=1)
    result = host.wanted(data, description="mine")
    assert (result["id"], result["changed"], result["description"]) == (started["id"], True, "mine")
    assert host.paid() == [started["id"]]


def test_a_token_older_than_a_day(host: ModelHost) -> None:
    """What it made is gone for so long that nothing shows it any more: one new model, and one only."""
    data = host.data()
    first = host.wanted(data)
    host.delete_model(first["id"])
    host.sandbox.advance(2.5 * DAY)
    assert host.paid() == []
    host.sandbox.clear_log()
    second = host.wanted(data)
    assert (second["action"], second["status"], second["id"] != first["id"]) == ("create", "ACTIVE", True)
    called = host.called()
    sent = [place for place, operation in enumerate(called) if operation == "CreateModel"]
    assert len(sent) == 2  # refused, then made
    assert "ListModels" in called[sent[0] : sent[1]]
    check_one(host, "support-bot", data)


def test_a_token_older_than_a_day_of_a_model_that_is_there(host: ModelHost) -> None:
    """A list that lags for once must not mean a second one."""
    data = host.data()
    started = host.wanted(data, wait=False)
    host.sandbox.advance(2 * DAY)
    host.sandbox.fault("oci.ListModels", status=200, body={"items": []}, times=2)
    result = host.wanted(data)
    assert (result["id"], result["changed"], host.paid()) == (started["id"], False, [started["id"]])


def test_a_token_of_a_model_that_is_being_deleted(host: ModelHost) -> None:
    data = host.data()
    first = host.wanted(data)
    host.delete_model(first["id"])
    second = host.wanted(data)
    assert (second["action"], second["status"]) == ("create", "ACTIVE")
    assert [model["state"] for model in host.made()] == ["DELETED", "ACTIVE"]
    assert host.wanted(data)["changed"] is False


def test_everything_fails_now_and_then(host: ModelHost, figures: Figures) -> None:
    """Any operation may lose its answer, before or after the change; the task is run until it ends well."""
    data = host.data()
    for number, name in enumerate(names()):
        for when in ("before", "after"):
            host.sandbox.fault("oci.*", reset=when, probability=0.2, seed=number)
        again_and_again(partial(host.wanted, data, name))
        host.sandbox.clear_faults()
        check_one(host, name, data)


# -- in slices, as the action plugin works ---------------------------------------------------------------------


def test_slices(host: ModelHost) -> None:
    data = host.data()
    host.sandbox.oci.settings(training_seconds=60.0)
    assert host.in_slices(data)["status"] == "ACTIVE"
    check_one(host, "support-bot", data)


@pytest.mark.parametrize("more", [{}, {"delete_previous": True}], ids=["kept", "deleted"])
def test_a_retrain_in_slices(host: ModelHost, more: dict[str, Any]) -> None:
    """The older model is no twin of the one that is waited for."""
    first = host.wanted(host.data())
    data = host.data(pair_lines(topic="letters"), "letters")
    host.sandbox.oci.settings(training_seconds=60.0)
    result = host.in_slices(data, **RETRAIN, **more)
    assert (result["status"], result["id"] != first["id"]) == ("ACTIVE", True)
    assert [model["state"] for model in host.made()] == ["DELETED" if more else "ACTIVE", "ACTIVE"]
    assert host.wanted(data, **RETRAIN, **more)["changed"] is False


def test_a_retry_in_slices(host: ModelHost) -> None:
    host.sandbox.oci.fate("fail")
    data = host.data()
    with pytest.raises(FineTuneError):
        host.in_slices(data)
    assert host.in_slices(data, retry_failed=True)["status"] == "ACTIVE"
    assert [model["state"] for model in host.made()] == ["FAILED", "ACTIVE"]


# -- other processes -------------------------------------------------------------------------------------------


def test_killed_at_any_moment_and_run_again(host: ModelHost, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    for name in killed_at_any_moment(host, host.sandbox, figures):
        check_one(host, name, host.about(name))


def test_two_playbooks_at_once(host: ModelHost, figures: Figures) -> None:
    for name in names():
        told = at_once(host, name, 2)
        assert [answer.error for answer in told] == [None, None]
        survivors = host.paid(name)
        assert len(survivors) == 1
        assert {(answer.run_id, answer.status) for answer in told} == {(survivors[0], "ACTIVE")}
        assert any(answer.changed for answer in told)
        check_one(host, name, host.about(name))


def test_two_threads_at_once(host: ModelHost, figures: Figures) -> None:
    """The same closer together: both tasks look before either creates."""
    data = host.data()
    for name in names():
        host.sandbox.fault("oci.ListModels", delay=0.05, times=2)
        first, second = host.together(*[partial(host.also().wanted, data, name) for _task in range(2)])
        assert (first["status"], second["status"]) == ("ACTIVE", "ACTIVE")
        assert host.paid(name) == [first["id"]] == [second["id"]]
        check_one(host, name, data)


def test_two_at_once_with_other_descriptions(host: ModelHost) -> None:
    """What can be changed afterwards is no reason to train twice."""
    data = host.data()
    for name in names():
        host.sandbox.fault("oci.ListModels", delay=0.05, times=2)
        wishes: list[dict[str, Any]] = [
            {"description": "one", "freeform_tags": {"team": "one"}},
            {"description": "two", "vendor": "two", "defined_tags": {"Operations": {"CostCenter": "2"}}},
        ]
        results = host.together(*[partial(host.also().wanted, data, name, **desired) for desired in wishes])
        assert [result["status"] for result in results] == ["ACTIVE", "ACTIVE"]
        assert host.paid(name) == [results[0]["id"]] == [results[1]["id"]]
        assert host.get(results[0]["id"])["description"] in ("one", "two")


def test_two_at_once_with_the_same_data_elsewhere(host: ModelHost) -> None:
    """Under two names it is the same content."""
    data, copy = host.data(), host.data(name="copy")
    assert data["object"] != copy["object"]
    for name in names():
        host.sandbox.fault("oci.ListModels", delay=0.05, times=2)
        results = host.together(partial(host.also().wanted, data, name), partial(host.also().wanted, copy, name))
        assert host.paid(name) == [results[0]["id"]] == [results[1]["id"]]


def test_two_different_wishes_at_once(host: ModelHost) -> None:
    """OCI lets two models have one name: each task gets its own model, and neither is made again."""
    data, other = host.data(), host.data(pair_lines(topic="letters"), "letters")
    for name in names():
        host.sandbox.fault("oci.ListModels", delay=0.05, times=2)
        answers = host.together(partial(host.also().wanted, data, name), partial(host.also().wanted, other, name))
        started = [answer["id"] for answer in answers if isinstance(answer, dict)]
        assert 1 <= len(started) <= 2
        assert sorted(host.paid(name)) == sorted(set(started))


def test_p5_a_change_whose_answer_was_lost_is_looked_for_first(host: ModelHost) -> None:
    data = host.data()
    host.wanted(data, description="old")
    host.sandbox.clear_log()
    host.sandbox.fault("oci.UpdateModel", reset="after", times=1)
    result = host.wanted(data, description="new")
    assert (result["changed"], result["action"], result["description"]) == (True, "update", "new")
    assert host.called().count("UpdateModel") == 1


def test_t1_a_host_that_throttles_does_not_outlast_the_task(host: ModelHost) -> None:
    data = host.data()
    for operation in ("ListModels", "CreateModel"):
        host.sandbox.clear_faults()
        host.error(operation, 429, "TooManyRequests", "slow down")
        start = host.clock.time()
        with pytest.raises(FineTuneError) as caught:
            host.wanted(data, wait_timeout=5)
        assert host.clock.time() - start <= 7
        assert caught.value.facts["timed_out"] is True
