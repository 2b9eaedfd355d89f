# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are none, and hosts that are busy or down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError, TransientError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, needs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import (
    Proxy,
    Story,
    stories_of,
    tell_of_hosts,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def _started(resource: Resource) -> dict[str, object]:
    """One that is under way; what is needed besides the name to stop it."""
    run_id = resource.present(wait=False)["run_id"]
    resource.sandbox.advance(10)
    return dict(resource.pending(run_id))


def _fresh(resource: Resource) -> Story:
    return lambda: resource.playbook("bot")


def _again(resource: Resource) -> Story:
    resource.present()
    return resource.present


@needs("can_change")
def _change(resource: Resource) -> Story:
    resource.present()
    return partial(resource.present, **resource.changed)


@needs("can_retrain")
def _retrain(resource: Resource) -> Story:
    resource.present()
    resource.clear()
    return partial(resource.other, **resource.retrain, delete_previous=True)


@needs("can_replace")
def _replace(resource: Resource) -> Story:
    resource.present()
    resource.clear()
    return lambda: resource.other(replace="on_change")


@needs("can_fail")
def _failed(resource: Resource) -> Story:
    resource.fail("The hall is flooded.")
    resource.clear()
    return resource.present


@needs("can_cancel")
def _cancel(resource: Resource) -> Story:
    more = _started(resource)
    return lambda: resource.task("bot", state="cancelled", **more)


@needs("can_pause")
def _pause(resource: Resource) -> Story:
    _started(resource)
    return lambda: resource.task("bot", state="paused")


@needs("can_pause")
def _resume(resource: Resource) -> Story:
    _started(resource)
    resource.task("bot", state="paused")
    return resource.present


@needs("can_delete")
def _absent(resource: Resource) -> Story:
    resource.present()
    return lambda: resource.task("bot", state="absent")


STORIES: dict[str, Callable[[Resource], Story]] = stories_of(globals())


def test_e1_e2_no_answer_is_trusted(
    resource: Resource, story: str, monkeypatch: pytest.MonkeyPatch, still_sandbox: Sandbox
) -> None:
    def make_host() -> Resource:
        still_sandbox.reset()
        return type(resource)(still_sandbox)

    tell_of_hosts(
        Proxy(monkeypatch),
        f"{resource.id} {story}",
        make_host,
        STORIES[story],
        lambda made: made.paid(),
        most=4,
        runs=2 if story in ("retrain", "replace") else 1,
    )


def test_a_host_that_is_down_for_a_while_and_for_good(resource: Resource) -> None:
    resource.clear()
    resource.fault("list", status=503, times=3)
    assert resource.present(**resource.unaided)["changed"] is True
    resource.fault("list", status=503)
    resource.clear()
    with pytest.raises(TransientError, match="HTTP 503") as caught:
        resource.present(**resource.unaided)
    assert (caught.value.facts["changed"], resource.wrote()) == (False, [])


@needs("waits")
def test_throttled_for_a_while(resource: Resource) -> None:
    resource.clear()
    # Beyond what an SDK sends again by itself.
    resource.fault("create", status=429, headers={"Retry-After": "33"}, times=4)
    start = resource.host.clock.time()
    result = resource.present(**resource.unaided)
    assert (result["changed"], resource.made()) == (True, [result["run_id"]])
    assert resource.host.clock.time() - start >= 33


@needs("waits")
@pytest.mark.parametrize("verb", ["list", "create"])
def test_t1_a_host_that_throttles_does_not_outlast_the_task(resource: Resource, verb: str) -> None:
    resource.clear()
    resource.fault(verb, status=429, headers={"Retry-After": "180"})
    start = resource.host.clock.time()
    with pytest.raises(FineTuneError) as caught:
        resource.present(wait_timeout=5, **resource.unaided)
    assert resource.host.clock.time() - start <= 7
    assert caught.value.facts["timed_out"] is True
