# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are none, and hosts that are busy or down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    TransientError,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, needs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import (
    Elsewhere,
    Proxy,
    Story,
    stories_of,
    tell_of_hosts,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


PAGE = (
    "<!DOCTYPE html><html><head><title>Sign\x1b[2J in &amp; go</title></head><body>"
    + "secret " * 999
    + "</body></html>"
)


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


STORIES: dict[str, Callable[[Any], Story]] = stories_of(globals())
"""What is told of every resource; a description has its own besides."""


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
        {**STORIES, **resource.stories}[story],
        lambda made: made.paid(),
        most=4,
        runs=2 if story in ("retrain", "replace") else 1,
    )


# -- each as it is, and none by lot ----------------------------------------------------------------------------


@needs("over_http")
@pytest.mark.parametrize("body", [{}, "", "null", [], PAGE], ids=["object", "empty", "null", "list", "page"])
def test_e2_a_create_whose_answer_is_none_is_looked_for(resource: Resource, body: object) -> None:
    resource.clear()
    resource.fault("create", status=200, body=body, when="after", times=1)
    result = resource.present()
    assert (result["changed"], result["status"], resource.made()) == (True, resource.ready, [result["run_id"]])


@needs("over_http")
@pytest.mark.parametrize("body", [{}, "text", "null", [], PAGE], ids=["object", "text", "null", "list", "page"])
def test_e2_a_list_that_is_none_is_no_empty_one(resource: Resource, body: object) -> None:
    resource.present()
    resource.clear()
    resource.fault("list", status=200, body=body, headers={"Content-Type": "application/json"})
    with pytest.raises(FineTuneError):
        resource.present(**resource.unwaited)
    assert resource.wrote() == []
    resource.recover()
    assert len(resource.made()) == 1


@needs("over_http")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 409, 429, 500, 503])
def test_e3_an_html_error_page_is_named_and_not_quoted(resource: Resource, status: int) -> None:
    resource.clear()
    resource.sandbox.fault(resource.prefix, status=status, body=PAGE, headers={"Content-Type": "text/html"})
    with pytest.raises(FineTuneError) as caught:
        resource.task("bot", state="absent", **resource.unwaited)
    text = caught.value.text()
    assert "secret" not in text and "<" not in text and text.isprintable()
    # The answer to HEAD has no page.
    if "Head" not in resource.verbs["list"] and "HTTP" in text:
        assert "an HTML page ('Sign [2J in & go') was answered" in text


@needs("over_http")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_o4_nothing_follows_a_redirect_to_another_host(resource: Resource, status: int) -> None:
    resource.clear()
    with Elsewhere() as other:
        for requests in (resource.verbs["create"], resource.prefix):
            resource.sandbox.fault(requests, status=status, body="", headers={"Location": other.url})
            with pytest.raises(FineTuneError, match="redirect to 127.0.0.1:") as caught:
                resource.present(**resource.unwaited)
            assert resource.address in caught.value.hint
            resource.recover()
        assert other.got == []
    assert resource.existing() == []


@needs("over_http", "waits")
@pytest.mark.parametrize("value", ["soon", "1e300", "-5", "9" * 400, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_e1_a_pause_of_nonsense(resource: Resource, value: str) -> None:
    resource.clear()
    resource.fault("create", status=429, headers={"Retry-After": value}, times=2)
    assert resource.present()["status"] == resource.ready


def test_a_refused_create_makes_nothing(resource: Resource) -> None:
    resource.clear()
    resource.fault("create", status=400)
    with pytest.raises(ApiError, match="HTTP 400") as caught:
        resource.present(**resource.unaided)
    assert (caught.value.facts["changed"], resource.made()) == (False, [])
    assert resource.wrote() == [resource.verbs["create"]]


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
@pytest.mark.parametrize("verb", ["list", "create"])
def test_throttled_for_a_while(resource: Resource, verb: str) -> None:
    resource.clear()
    # Beyond what an SDK sends again by itself, and not beyond what the engine does.
    times = 4 if verb == "create" or resource.sdk_sends_again else 3
    resource.fault(verb, status=429, headers={"Retry-After": "33"}, times=times)
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
