# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Odd bodies: each gets the answer of its API, none breaks the connection."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import openai
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.raw_tools import JSON, odd_bodies, send

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/clock", "advance"),
        ("/faults", "delay"),
        ("/openai/settings", "training_seconds"),
        ("/openai/seed", "jobs"),
        ("/openai/scenarios", "at"),
        ("/openai/accounts", "name"),
        ("/bedrock/seed", "days"),
        ("/oci/settings", "clusters"),
        ("/reset", "x"),
    ],
)
def test_x2_odd_bodies_of_control_calls(still_sandbox: Sandbox, path: str, member: str) -> None:
    before = still_sandbox.control("GET", "/openai/settings")
    for name, body in odd_bodies(member).items():
        status, _unused, answer = send(still_sandbox, "POST", f"/_sandbox{path}", JSON, body)
        assert status == 400, (name, answer)
        assert answer["error"]["message"]
    assert still_sandbox.control("GET", "/openai/settings") == before


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/clock", "speed"),
        ("/faults", "operation"),
        ("/faults", "headers"),
        ("/faults", "times"),
        ("/faults", "probability"),
        ("/openai/settings", "extra_models"),
        ("/openai/settings", "metadata"),
        ("/openai/settings", "shutdown_dates"),
        ("/openai/seed", "files"),
        ("/openai/seed", "dialect"),
        ("/openai/scenarios", "suffix"),
        ("/bedrock/seed", "jobs"),
        ("/bedrock/settings", "validation_layout"),
        ("/bedrock/scenarios", "phase"),
        ("/oci/seed", "models"),
        ("/oci/seed", "freeform_tags"),
        ("/oci/settings", "models"),
        ("/oci/scenarios", "operation"),
    ],
)
def test_x2_wrong_types_of_control_calls(still_sandbox: Sandbox, path: str, member: str) -> None:
    """Taken or refused, but never a defect."""
    more = {"/faults": {"status": 500}, "/openai/scenarios": {"scenario": "server_error"}}.get(path, {})
    for value in (None, True, "x", [], {}, [None], -1, 1e14, 1e300):
        body = json.dumps({**more, member: value}).encode()
        status, _unused, answer = send(still_sandbox, "POST", f"/_sandbox{path}", JSON, body)
        assert status in {200, 400, 404}, (value, answer)


@pytest.mark.parametrize("dialect", ["/v1", "/azure/openai/v1", "/compatible/v1", "/selfhosted/v1"])
def test_x2_odd_bodies_of_openai(still_sandbox: Sandbox, dialect: str) -> None:
    key = {"Authorization": f"Bearer {still_sandbox.api_key}"}
    for path, member in (("/fine_tuning/jobs", "seed"), ("/fine_tuning/jobs", "metadata")):
        for name, body in odd_bodies(member).items():
            status, _unused, answer = send(still_sandbox, "POST", dialect + path, {**JSON, **key}, body)
            assert status == 400, (name, answer)
            assert answer["error"]["message"]
    assert still_sandbox.openai.jobs() == []


@pytest.mark.parametrize("name", ["n_epochs", "batch_size", "learning_rate_multiplier"])
@pytest.mark.parametrize("value", [10**400, 1e308, 1e16])
@pytest.mark.parametrize("limits", [True, False])
def test_x2_numbers_that_no_training_has(still_sandbox: Sandbox, name: str, value: float, limits: bool) -> None:
    still_sandbox.openai.settings(openai_limits=limits)
    host = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)
    file = host.files.create(file=("t.jsonl", EXAMPLE * 20), purpose="fine-tune").id
    members: Any = {name: value}
    try:
        job = host.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file, hyperparameters=members)
    except openai.BadRequestError:
        return
    # What is taken must be shown to the end.
    still_sandbox.advance(3000)
    assert host.fine_tuning.jobs.retrieve(job.id).status == "succeeded"
    assert host.fine_tuning.jobs.list_events(job.id).data


def test_x2_half_a_surrogate_pair_comes_back_as_it_was_sent(still_sandbox: Sandbox) -> None:
    key = {"Authorization": f"Bearer {still_sandbox.api_key}"}
    host = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)
    file = host.files.create(file=("t.jsonl", EXAMPLE * 20), purpose="fine-tune").id
    body = json.dumps({"model": "gpt-4o-mini", "training_file": file, "metadata": {"a": "\ud800"}}).encode()
    status, _unused, made = send(still_sandbox, "POST", "/v1/fine_tuning/jobs", {**JSON, **key}, body)
    assert status == 200 and made["metadata"] == {"a": "\ud800"}


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "7"}, {"RETRY-AFTER": "7"}, {"content-type": "text/html"}, {"X-Request-Id": "req_mine"}],
)
def test_x2_headers_of_a_fault_replace_those_of_another_case(still_sandbox: Sandbox, headers: dict[str, str]) -> None:
    still_sandbox.fault("openai.models.list", status=429, headers=headers)
    key = {"Authorization": f"Bearer {still_sandbox.api_key}"}
    connection = HTTPConnection("127.0.0.1", still_sandbox.port, timeout=30)
    connection.request("GET", "/v1/models", headers=key)
    answered = connection.getresponse().getheaders()
    connection.close()
    for name, value in headers.items():
        assert [v for n, v in answered if n.lower() == name.lower()] == [value]


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "b\r\nX-C: d"}, {"X A": "b"}, {"X-A": "\u20ac"}, {"": "b"}, {"Retry-After": "1", "retry-after": "2"}],
)
def test_x2_headers_that_cannot_be_sent_are_refused(still_sandbox: Sandbox, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        still_sandbox.fault("openai.models.list", status=429, headers=headers)


def test_x2_the_clock_ends_before_dates_do(still_sandbox: Sandbox) -> None:
    for _unused in range(40):
        try:
            still_sandbox.advance(9e9)
        except ValueError:
            break
    else:
        pytest.fail("the clock goes on for ever")
    host = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)
    assert host.models.list().data
