# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one training that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    names,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import (
    CREATE,
    ModelHost,
)

DAY = 86400.0


@pytest.fixture
def host(models: ModelHost) -> ModelHost:
    return models


def check_one(host: ModelHost, name: str, data: dict[str, Any], **options: Any) -> dict[str, Any]:
    """One was made; a further run finds it ready and changes nothing."""
    result = host.wanted(data, name, **options)
    assert result["status"] == "ACTIVE"
    assert host.paid(name) == [result["id"]]
    again = host.wanted(data, name, **options)
    assert (again["changed"], again["id"]) == (False, result["id"])
    return result


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


def test_a_lost_answer_and_a_training_that_ends_meanwhile(host: ModelHost) -> None:
    """What the token made is found again by it, though it is no longer in training."""
    host.sandbox.oci.settings(accepted_seconds=0.0, validation_seconds=0.0, training_seconds=1.0)
    data = host.data()
    host.sandbox.fault(CREATE, reset="after", times=1)
    result = host.wanted(data)
    assert (result["changed"], result["status"]) == (True, "ACTIVE")
    check_one(host, "support-bot", data)


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
