# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says that failed or whose slice is over: nothing that it knows is lost."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import TransientError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import World, converge


@pytest.fixture
def world() -> World:
    return World()


def lost() -> TransientError:
    return TransientError("connection reset")


def test_the_look_after_a_create_fails(world: World) -> None:
    """The id is known by then: the run is paid for."""
    world.script["observe"] = [None, *[lost()] * 50]
    with pytest.raises(TransientError) as caught:
        converge(world)
    assert (caught.value.facts["run_id"], caught.value.facts["changed"]) == ("run-1", True)
    assert (caught.value.facts["status"], world.count("create")) == ("pending", 1)


def test_a_bound_run_that_the_list_lacks(world: World) -> None:
    """A list that lags for longer than the training: the run itself is there, and that counts."""
    world.list_lag = 1e6
    answer = converge(world, wait_slice=20.0)
    while answer.get("waiting"):
        answer = converge(world, wait_slice=20.0, wait_run_id=answer["run_id"], wait_state=answer["wait_state"])
    assert (answer["run_id"], answer["status"], world.count("create")) == ("run-1", "ready", 1)
