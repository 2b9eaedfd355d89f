# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each state of a resource leads to, through the real drivers. Each step is foreseen by check mode."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    RunFailed,
    TimedOut,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, needs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.steps import (
    foreseen,
    refused,
    unchanged,
)


def test_create_and_again(resource: Resource) -> None:
    made = foreseen(resource, resource.present)
    assert (made["changed"], made["action"], made["status"]) == (True, "create", resource.ready)
    assert resource.existing() == resource.paid() == [made["run_id"]]
    again = unchanged(resource, made["run_id"], resource.present)
    assert again["status"] == resource.ready
    assert resource.existing() == resource.made() == [made["run_id"]]


@needs("trained")
def test_with_data_that_are_not_there_yet(resource: Resource) -> None:
    """Check mode sends no data, and foresees the training on them."""
    resource.previews_data = True
    resource.sandbox.clear_log()
    preview = resource.present(check_mode=True)
    assert (preview["changed"], preview["action"]) == (True, "create")
    assert preview["run_id"].startswith("check-mode:")
    with pytest.raises(FineTuneError):
        resource.present()
    assert (resource.wrote(), resource.made()) == ([], [])
    resource.previews_data = False
    made = resource.present()["run_id"]
    resource.previews_data = True
    unchanged(resource, made, resource.present)


@needs("can_change")
def test_in_place(resource: Resource) -> None:
    made = resource.present()
    changed = foreseen(resource, resource.present, **resource.changed)
    assert (changed["changed"], changed["action"], changed["run_id"]) == (True, "update", made["run_id"])
    assert {option: changed["diff"]["after"][option] for option in resource.changed} == resource.changed
    again = unchanged(resource, made["run_id"], resource.present, **resource.changed)
    assert {option: again[option] for option in resource.changed} == resource.changed
    assert resource.made() == [made["run_id"]]


@needs("can_differ")
def test_a_difference_is_refused(resource: Resource) -> None:
    made = resource.present()
    error = refused(resource, InvalidInput, resource.other)
    assert error.facts["run_id"] == made["run_id"]
    assert " -> " in error.text()
    assert resource.existing() == resource.made() == [made["run_id"]]


@needs("can_differ", "keeps_tags")
def test_h2_what_is_ignored_is_no_difference(resource: Resource) -> None:
    made = resource.present()["run_id"]
    ignored = {"ignore_changes": [resource.differs, *resource.changed]}
    result = unchanged(resource, made, resource.other, **resource.changed, **ignored)
    assert {name.partition(".")[0] for name in result["ignored_changes"]} >= {resource.differs.partition(".")[0]}
    unchanged(resource, made, resource.present)


@needs("can_differ")
@pytest.mark.parametrize("kind", ["name", "key", "unknown"])
def test_h2_what_cannot_be_ignored_is_refused_before_any_call(resource: Resource, kind: str) -> None:
    name = {"name": "name", "key": resource.key, "unknown": "colour"}[kind]
    resource.clear()
    with pytest.raises(InvalidInput, match=f"'{name}' (is not a compared option|says which one is meant)") as caught:
        resource.other(ignore_changes=[name])
    assert resource.differs in caught.value.hint
    assert resource.sandbox.requests() == []


@needs("can_retrain")
def test_retrain(resource: Resource) -> None:
    first = resource.present()
    second = foreseen(resource, resource.other, **resource.retrain)
    assert (second["changed"], second["action"], second["status"]) == (True, "retrain", resource.ready)
    assert resource.existing() == [first["run_id"], second["run_id"]]
    unchanged(resource, second["run_id"], resource.other, **resource.retrain)
    # Back to the older one costs nothing.
    unchanged(resource, first["run_id"], resource.present, **resource.retrain)
    assert len(resource.made()) == 2


@needs("can_replace")
def test_replaced(resource: Resource) -> None:
    """The new one serves before the old one goes."""
    first = resource.present()
    second = foreseen(resource, resource.other, replace="on_change")
    assert (second["changed"], second["action"], second["status"]) == (True, "replace", resource.ready)
    assert (resource.existing(), resource.made()) == ([second["run_id"]], [first["run_id"], second["run_id"]])
    unchanged(resource, second["run_id"], resource.other, replace="on_change")


@needs("can_replace")
def test_a_replacement_that_was_interrupted_is_finished(resource: Resource) -> None:
    resource.present()
    resource.fault("delete", status=403)
    with pytest.raises(ApiError) as caught:
        resource.other(replace="on_change")
    assert (caught.value.facts["changed"], len(resource.existing())) == (True, 2)
    resource.recover()
    result = foreseen(resource, resource.other, replace="on_change")
    assert (result["changed"], result["action"]) == (True, "delete")
    assert resource.existing() == [result["run_id"]]


@needs("can_retrain", "can_delete")
def test_delete_previous(resource: Resource) -> None:
    resource.present()
    desired = {**resource.retrain, "delete_previous": True}
    second = foreseen(resource, resource.other, **desired)
    assert (second["action"], resource.existing()) == ("retrain", [second["run_id"]])
    unchanged(resource, second["run_id"], resource.other, **desired)


@needs("can_retrain", "can_delete")
def test_delete_previous_later(resource: Resource) -> None:
    resource.present()
    second = resource.other(**resource.retrain)
    result = foreseen(resource, resource.other, delete_previous=True)
    assert (result["changed"], result["action"], result["run_id"]) == (True, "delete", second["run_id"])
    assert resource.existing() == [second["run_id"]]
    unchanged(resource, second["run_id"], resource.other, delete_previous=True)


@needs("can_retrain", "can_delete", "waits", "shows_gone")
def test_delete_previous_once_the_new_one_is_there(resource: Resource) -> None:
    """Another task has begun it."""
    resource.present()
    started = resource.other(**resource.retrain, wait=False)["run_id"]
    result = resource.other(**resource.retrain, delete_previous=True)
    assert (result["changed"], result["run_id"], resource.existing()) == (True, started, [started])


@needs("can_retrain", "can_delete")
def test_a_deletion_that_was_interrupted_is_finished(resource: Resource) -> None:
    resource.present()
    desired = {**resource.retrain, "delete_previous": True}
    resource.fault("delete", status=403)
    with pytest.raises(ApiError) as caught:
        resource.other(**desired)
    assert caught.value.facts["changed"] is True
    resource.recover()
    result = foreseen(resource, resource.other, **desired)
    assert (result["changed"], result["action"]) == (True, "delete")
    assert resource.existing() == [result["run_id"]]


@needs("can_fail")
def test_failed_then_retried(resource: Resource) -> None:
    resource.fail("The hall is flooded.")
    with pytest.raises(RunFailed, match="The hall is flooded") as caught:
        resource.present()
    failed = caught.value.facts
    assert (failed["changed"], failed["action"], resource.made()) == (True, "create", [failed["run_id"]])
    error = refused(resource, RunFailed, resource.present)
    assert "The hall is flooded" in error.text()
    assert "retry_failed" in error.hint
    assert (error.facts["run_id"], error.facts["status"]) == (failed["run_id"], failed["status"])
    result = foreseen(resource, resource.present, retry_failed=True)
    assert (result["changed"], result["action"], result["status"]) == (True, "retry", resource.ready)
    assert resource.made() == [failed["run_id"], result["run_id"]]
    unchanged(resource, result["run_id"], resource.present, retry_failed=True)
    unchanged(resource, result["run_id"], resource.present)


@needs("can_fail", "can_retrain")
def test_failed_with_other_settings_is_no_obstacle(resource: Resource) -> None:
    resource.fail("The hall is flooded.")
    with pytest.raises(RunFailed):
        resource.present()
    result = foreseen(resource, resource.other)
    assert (result["action"], result["status"]) == ("create", resource.ready)


@needs("can_delete")
def test_absent_and_again(resource: Resource) -> None:
    never = foreseen(resource, resource.task, name="bot", state="absent")
    assert (never["changed"], never["action"], never["status"]) == (False, "none", "absent")
    resource.present()
    gone = foreseen(resource, resource.task, name="bot", state="absent")
    assert (gone["changed"], gone["action"], gone["status"]) == (True, "delete", "absent")
    assert resource.existing() == []
    resource.clear()
    again = foreseen(resource, resource.task, name="bot", state="absent")
    assert (again["changed"], again["action"], again["status"]) == (False, "none", "absent")
    assert resource.wrote() == []


@needs("can_delete", "shows_gone")
def test_made_anew_after_it_was_deleted(resource: Resource) -> None:
    """As if it never had been, more often than the engine decides anew."""
    for _round in range(4):
        anew = foreseen(resource, resource.present)
        assert (anew["action"], resource.existing()) == ("create", [anew["run_id"]])
        unchanged(resource, anew["run_id"], resource.present)
        resource.task("bot", state="absent")


@needs("can_retrain", "can_delete")
def test_absent_is_all_of_the_name(resource: Resource) -> None:
    resource.present()
    resource.other(**resource.retrain)
    assert foreseen(resource, resource.task, name="bot", state="absent")["changed"] is True
    assert resource.existing() == []
    assert resource.task("bot", state="absent")["changed"] is False


@needs("can_adopt")
def test_adopted_by_its_id(resource: Resource) -> None:
    made = resource.make_by_hand()
    unchanged(resource, made, resource.task, name=None, **{resource.key: made})


@needs("can_retrain", "can_delete", "can_adopt")
def test_absent_of_one_of_a_name_by_its_id(resource: Resource) -> None:
    first = resource.present()["run_id"]
    second = resource.other(**resource.retrain)["run_id"]
    gone = foreseen(resource, resource.task, name=None, state="absent", **{resource.key: first})
    assert (gone["changed"], resource.existing()) == (True, [second])


@needs("can_adopt", "can_delete")
def test_absent_by_its_id(resource: Resource) -> None:
    made = resource.make_by_hand()
    gone = foreseen(resource, resource.task, name=None, state="absent", **{resource.key: made})
    assert (gone["changed"], resource.existing()) == (True, [])


@needs("can_adopt")
def test_what_is_not_there_by_its_id_is_an_error(resource: Resource) -> None:
    made = resource.present()["run_id"]
    resource.clear()
    with pytest.raises(ApiError, match=made[:-4] + "0000"):
        resource.task(None, **{resource.key: made[:-4] + "0000"})
    assert (resource.wrote(), resource.existing()) == ([], [made])


@needs("waits")
def test_without_waiting_and_then_with(resource: Resource) -> None:
    resource.slow()
    started = resource.present(wait=False)
    assert (started["changed"], started["action"], started["status"] != resource.ready) == (True, "create", True)
    assert resource.present(wait=False)["changed"] is False
    result = unchanged(resource, started["run_id"], resource.present)
    assert (result["status"], resource.made()) == (resource.ready, [started["run_id"]])


@needs("waits")
def test_a_time_out_and_going_on(resource: Resource) -> None:
    resource.slow()
    for changed in (True, False):
        with pytest.raises(TimedOut, match="wait_timeout") as caught:
            resource.present(wait_timeout=20)
        assert (caught.value.facts["timed_out"], caught.value.facts["changed"]) == (True, changed)
    unchanged(resource, caught.value.facts["run_id"], resource.present)
    assert len(resource.made()) == 1


@needs("waits")
def test_in_slices(resource: Resource) -> None:
    resource.slow()
    result = resource.sliced()
    assert (result["status"], resource.made()) == (resource.ready, [result["run_id"]])
    unchanged(resource, result["run_id"], resource.present)


@needs("waits", "can_delete", "shows_gone")
def test_a_slice_makes_nothing_in_place_of_what_it_waits_for(resource: Resource) -> None:
    """Somebody deletes it between two slices, as soon as it is there."""
    given: dict[str, Any] = {"wait_slice": 20.0}
    resource.slow()
    started = resource.present(**given)
    assert started["waiting"] is True
    resource.sandbox.advance(1000)
    resource.task("bot", state="absent")
    resource.sandbox.advance(1000)
    resource.clear()
    with contextlib.suppress(FineTuneError):
        resource.present(**given, wait_run_id=started["run_id"], wait_state=started["wait_state"])
    assert (resource.wrote(), resource.existing()) == ([], [])


@needs("can_cancel")
def test_cancelled(resource: Resource) -> None:
    resource.slow()
    assert foreseen(resource, resource.task, name="bot", state="cancelled")["changed"] is False
    started = resource.present(wait=False)["run_id"]
    desired = {"name": "bot", "state": "cancelled", **resource.pending(started)}
    result = foreseen(resource, resource.task, **desired)
    assert (result["changed"], result["run_id"], resource.paid()) == (True, started, [])
    assert foreseen(resource, resource.task, **desired)["changed"] is False
    error = refused(resource, RunFailed, resource.present)
    assert "was cancelled" in error.text()
    assert resource.present(retry_failed=True)["action"] == "retry"


@needs("waits")
def test_absent_of_what_is_made_just_now(resource: Resource) -> None:
    """It is stopped where that is possible, else waited for."""
    started = resource.present(wait=False)["run_id"]
    wish = {"name": "bot", "state": "absent", **resource.pending(started)}
    assert foreseen(resource, resource.task, **wish)["changed"] is True
    assert resource.existing() == []
    if resource.traits.can_cancel:
        assert resource.paid() == []
    assert resource.task("bot", state="absent")["changed"] is False


@needs("can_cancel", "can_retrain", "keeps_tags")
def test_a_retrain_stops_what_runs(resource: Resource) -> None:
    resource.slow()
    started = resource.present(wait=False)["run_id"]
    refused(resource, InvalidInput, resource.other)
    second = foreseen(resource, resource.other, **resource.retrain, **resource.pending(started))
    assert (second["action"], resource.paid()) == ("retrain", [second["run_id"]])
    unchanged(resource, second["run_id"], resource.other, **resource.retrain)


@needs("can_pause")
def test_paused_and_resumed(resource: Resource) -> None:
    resource.slow()
    started = resource.present(wait=False)["run_id"]
    resource.sandbox.advance(15)
    for changed in (True, False):
        result = foreseen(resource, resource.task, name="bot", state="paused")
        assert (result["changed"], result["run_id"]) == (changed, started)
    result = foreseen(resource, resource.present)
    assert (result["action"], result["run_id"], result["status"]) == ("resume", started, resource.ready)


def test_what_belongs_to_others_is_not_touched(resource: Resource) -> None:
    """Neither what another name has, nor what somebody made by hand under one that begins alike."""
    theirs = [resource.present("bot-2")["run_id"]]
    if resource.traits.can_adopt:
        theirs.append(resource.make_by_hand("bots"))
    resource.present()
    if resource.traits.can_retrain:
        resource.other(**resource.retrain, delete_previous=True)
    resource.task("bot", state="absent")
    assert resource.existing("bot-2") + resource.existing("bots") == theirs
    unchanged(resource, theirs[0], resource.present, name="bot-2")
