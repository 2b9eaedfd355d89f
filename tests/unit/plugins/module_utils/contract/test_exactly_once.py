# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one that is paid for, whatever happens to the answers, to the controller, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError, RunFailed
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, needs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.steps import unchanged
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    LOOPS,
    Controller,
    Figures,
    again_and_again,
    at_once,
    killed_at_any_moment,
    names,
)

# Once within what an SDK sends again by itself, and beyond it.
LOST: list[dict[str, Any]] = [
    *({"reset": when, "times": times} for when in ("before", "after") for times in (1, 4)),
    *({"status": 500, "when": when, "times": 3} for when in ("before", "after")),
    *({"status": status, "when": "after", "times": 4} for status in (502, 503, 504)),
]


@pytest.fixture
def figures(resource: Resource, record_property: Callable[[str, object], None]) -> Iterator[Figures]:
    """Counts for the report (--junitxml): how often it happened, and how many were made on the way."""
    yield record_property
    record_property("loops", LOOPS)
    record_property("made", sum(len(resource.made(name)) for name in names()))


def check_one(resource: Resource, name: str = "bot") -> None:
    """One is paid; a further run finds it ready and changes nothing."""
    result = resource.present(name)
    assert result["status"] == resource.ready
    assert resource.paid(name) == [result["run_id"]]
    if resource.traits.same_token_same_run:
        assert resource.made(name) == [result["run_id"]]
    unchanged(resource, result["run_id"], resource.present, name=name)


@pytest.mark.parametrize("lost", LOST, ids=lambda lost: "-".join(str(value) for value in lost.values()))
def test_a_lost_answer(resource: Resource, lost: dict[str, Any]) -> None:
    resource.clear()
    resource.fault("create", **lost)
    result = resource.present()
    assert (result["changed"], result["action"], result["status"]) == (True, "create", resource.ready)
    assert resource.made() == [result["run_id"]]
    check_one(resource)


@needs("can_retrain")
def test_a_lost_answer_of_a_retrain_beside_the_old_one(resource: Resource) -> None:
    resource.present()
    resource.clear()
    resource.fault("create", reset="after", times=4)
    result = resource.other(**resource.retrain)
    assert (result["changed"], result["status"], len(resource.made())) == (True, resource.ready, 2)
    unchanged(resource, result["run_id"], resource.other, **resource.retrain)


@needs("can_fail")
def test_a_lost_answer_of_a_retry(resource: Resource) -> None:
    resource.fail("The hall is flooded.")
    with pytest.raises(RunFailed):
        resource.present()
    resource.fault("create", reset="after", times=4)
    result = resource.present(retry_failed=True)
    assert (result["status"], len(resource.made())) == (resource.ready, 2)
    unchanged(resource, result["run_id"], resource.present, retry_failed=True)


@needs("can_change")
def test_p5_a_change_whose_answer_was_lost(resource: Resource) -> None:
    """It is looked for before it is sent again."""
    made = resource.present()["run_id"]
    resource.fault("update", reset="after", times=3)
    result = resource.present(**resource.changed)
    assert (result["changed"], result["action"], result["run_id"]) == (True, "update", made)
    unchanged(resource, made, resource.present, **resource.changed)


@needs("can_delete", "shows_gone")
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_of_a_deletion(resource: Resource, when: str, times: int) -> None:
    """The host does not know it any more, or that it is being deleted, when it is asked again."""
    resource.present()
    resource.fault("delete", reset=when, times=times)
    assert resource.task("bot", state="absent")["changed"] is True
    assert resource.existing() == []


@needs("can_cancel")
def test_a_lost_answer_of_a_cancellation_is_a_change(resource: Resource) -> None:
    resource.slow()
    started = resource.present(wait=False)["run_id"]
    resource.fault("cancel", reset="after", times=4)
    result = resource.task("bot", state="cancelled", **resource.pending(started))
    assert (result["changed"], resource.paid()) == (True, [])


@needs("waits")
def test_p5_what_may_have_been_made_is_told(resource: Resource) -> None:
    resource.clear()
    resource.fault("create", reset="before")
    with pytest.raises(FineTuneError) as caught:
        resource.present()
    assert caught.value.facts["changed"] is True


@needs("same_token_same_run", "waits")
def test_a_lost_answer_and_a_list_that_lags(resource: Resource) -> None:
    """The first task dies after its create; the next one's list does not show the run yet."""
    started = resource.present(wait=False)
    # A converging run lists at most three times before it creates.
    resource.fault("list", status=200, body=resource.empty_list, times=3)
    assert resource.present()["run_id"] == started["run_id"]
    check_one(resource)


@needs("keeps_tags")
def test_everything_fails_now_and_then(resource: Resource, figures: Figures) -> None:
    """Any operation may lose its answer, before or after the change; the task is run until it ends well."""
    for number, name in enumerate(names()):
        for when in ("before", "after"):
            resource.sandbox.fault(resource.prefix, reset=when, probability=0.12, seed=number)
        again_and_again(partial(resource.present, name, **resource.unaided))
        resource.recover()
        check_one(resource, name)


@needs("can_replace")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_replacement_while_everything_fails_now_and_then(resource: Resource, when: str) -> None:
    """In the end the new one serves alone."""
    desired: dict[str, Any] = {"replace": "on_change"}
    for number, name in enumerate(names()):
        resource.present(name)
        resource.sandbox.fault(resource.prefix, reset=when, probability=0.12, seed=number)
        again_and_again(partial(resource.other, name, **desired, **resource.unaided))
        resource.recover()
        result = resource.other(name, **desired)
        assert (resource.existing(name), result["status"]) == ([result["run_id"]], resource.ready)
        unchanged(resource, result["run_id"], resource.other, name=name, **desired)
        resource.task(name, state="absent")


@needs("can_replace")
def test_two_replacements_at_once(resource: Resource) -> None:
    """One takes the place of the old one, whoever made it."""
    resource.present()
    resource.fault("list", delay=0.05, times=2)
    tasks = [partial(resource.also().other, replace="on_change") for _task in range(2)]
    told = Controller.together(*tasks)
    assert all(isinstance(answer, dict) for answer in told), told
    (kept,) = resource.existing()
    assert {answer["run_id"] for answer in told} == {kept}
    unchanged(resource, kept, resource.other, replace="on_change")


# -- in slices, as the action plugin works ---------------------------------------------------------------------


@needs("can_retrain", "can_delete")
@pytest.mark.parametrize("more", [{}, {"delete_previous": True}], ids=["kept", "deleted"])
def test_a_retrain_in_slices(resource: Resource, more: dict[str, Any]) -> None:
    """The older one is no duplicate of the one that is waited for."""
    first = resource.present()["run_id"]
    resource.slow()
    result = Controller.sliced(resource.other, {**resource.retrain, **more})[0]
    assert (result["status"], len(resource.made())) == (resource.ready, 2)
    assert (first in resource.existing()) is not bool(more)
    unchanged(resource, result["run_id"], resource.other, **resource.retrain, **more)


@needs("can_fail")
def test_a_retry_in_slices(resource: Resource) -> None:
    """Each task makes one at most: a slice whose run fails makes no other, whatever the task asks for."""
    for count, retry in ((1, False), (2, True)):
        resource.fail("The hall is flooded.")
        with pytest.raises(RunFailed):
            resource.sliced(retry_failed=retry)
        assert len(resource.made()) == count
    result = resource.sliced(retry_failed=True)
    assert (result["status"], len(resource.made())) == (resource.ready, 3)
    unchanged(resource, result["run_id"], resource.present)


# -- other processes -------------------------------------------------------------------------------------------


@needs("keeps_tags")
def test_killed_at_any_moment_and_run_again(resource: Resource, figures: Figures) -> None:
    """Killed while a request is under way, any of them; the change it asks for is made or not."""
    for name in killed_at_any_moment(resource, resource.sandbox, figures):
        check_one(resource, name)


class _Replacing:
    """A controller whose playbook replaces what serves."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource

    def elsewhere(self) -> _Replacing:
        return _Replacing(self._resource.elsewhere())

    def playbook(self, name: str) -> dict[str, Any]:
        return self._resource.other(name, replace="on_change")


@needs("can_replace")
def test_killed_while_it_is_replaced_and_run_again(resource: Resource, figures: Figures) -> None:
    """The new one serves alone in the end, whatever was made and not deleted by then."""
    for name in ("unharmed", *names()):
        resource.present(name)
    controller: Any = _Replacing(resource)
    for name in killed_at_any_moment(controller, resource.sandbox, figures):
        result = resource.other(name, replace="on_change")
        assert (resource.existing(name), result["status"]) == ([result["run_id"]], resource.ready)
        unchanged(resource, result["run_id"], resource.other, name=name, replace="on_change")


@needs("keeps_tags")
def test_two_playbooks_at_once(resource: Resource, figures: Figures) -> None:
    for name in names():
        told = at_once(resource, name, 2)
        assert [answer.error for answer in told] == [None, None]
        survivors = resource.paid(name)
        assert len(survivors) == 1
        assert {(answer.run_id, answer.status) for answer in told} == {(survivors[0], resource.ready)}
        assert any(answer.changed for answer in told)
        check_one(resource, name)


@needs("keeps_tags")
def test_two_threads_at_once(resource: Resource, figures: Figures) -> None:
    """The same closer together: both tasks look before either creates."""
    for name in names():
        resource.desired(name)
        resource.fault("list", delay=0.05, times=2)
        first, second = Controller.together(*[partial(resource.also().present, name) for _task in range(2)])
        assert (first["status"], second["status"]) == (resource.ready, resource.ready)
        assert resource.paid(name) == [first["run_id"]] == [second["run_id"]]
        check_one(resource, name)


@needs("same_token_same_run", "can_differ")
def test_two_that_differ_at_once(resource: Resource) -> None:
    """Each task gets its own, or is told of the other's; none is made that no task names."""
    for name in names():
        for topic in (name, "letters"):
            resource.like(name, topic)
        resource.fault("list", delay=0.05, times=2)
        works = [partial(task, name) for task in (resource.also().present, resource.also().other)]
        answers = Controller.together(*works)
        told = [answer if isinstance(answer, dict) else answer.facts for answer in answers]
        assert all(isinstance(answer, (dict, FineTuneError)) for answer in answers)
        assert sorted(resource.paid(name)) == sorted({facts["run_id"] for facts in told if "run_id" in facts})
        if resource.traits.names_unique:
            assert len(resource.paid(name)) == 1
            assert resource.differs in next(answer for answer in answers if not isinstance(answer, dict)).text()
