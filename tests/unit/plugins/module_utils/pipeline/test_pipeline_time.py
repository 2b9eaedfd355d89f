# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fine_tune: each model's wait_timeout bounds all that is done for it, uploads too; what a slice saw goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import Host

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    CREATES,
    PROVIDERS,
    UPLOADS,
)

BODIES: dict[str, dict[str, Any]] = {
    "openai": {"body": {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}},
    "bedrock": {"body": {"message": "slow down"}, "headers": {"x-amzn-ErrorType": "ThrottlingException"}},
    "oci": {"body": {"code": "TooManyRequests", "message": "slow down"}},
}


def throttle(host: Host, provider: str, operation: str) -> None:
    spec = dict(BODIES[provider])
    headers = {**spec.pop("headers", {}), "Retry-After": "180"}
    host.sandbox.fault(operation, status=429, headers=headers, **spec)


@pytest.mark.parametrize("sliced", [False, True], ids=["at once", "in slices"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("what", ["create", "upload"])
def test_t1_a_host_that_throttles_does_not_outlast_the_model(
    host: Host, provider: str, what: str, sliced: bool
) -> None:
    throttle(host, provider, {"create": CREATES, "upload": UPLOADS}[what][provider])
    start = host.clock.time()
    entry = host.entry(provider, wait_timeout=100)
    result = host.in_slices(entry) if sliced else host.run(entry)
    assert host.clock.time() - start <= 102
    told = result["results"][0]
    assert (told["failed"], told["timed_out"]) == (True, True)
    assert "Nothing was started" in f"{told['msg']} {told['hint']}"
    if what == "upload":
        assert "uploads of data count" in told["hint"]


def test_t1_one_model_out_of_time_leaves_the_others_theirs(host: Host) -> None:
    throttle(host, "bedrock", CREATES["bedrock"])
    result = host.in_slices(host.entry("openai", wait_timeout=3600), host.entry("bedrock", wait_timeout=60))
    first, second = result["results"]
    assert (first["failed"], first["status"]) == (False, "succeeded")
    assert (second["failed"], second["timed_out"]) == (True, True)


def test_t1_without_waiting_a_model_is_bound_by_nothing(host: Host) -> None:
    result = host.run(host.entry("openai", wait_timeout=1), wait=False)
    assert host.well(result)[0]["action"] == "create"


def test_h4_what_a_slice_saw_before_its_first_send_goes_along(host: Host) -> None:
    """No metadata, a list that lags, a lost answer: the second job appears while the task waits for its own."""
    host.sandbox.openai.settings(metadata="absent", suffix="shown", list_lag_seconds=15.0, training_seconds=200.0)
    host.sandbox.fault("openai.jobs.create", reset="after", times=1)
    result = host.in_slices(host.entry("openai"))
    told = host.well(result)[0]
    left = [job["id"] for job in host.sandbox.openai.jobs() if job["status"] != "cancelled"]
    assert left == [told["job_id"]]
    assert any("is a duplicate" in warning for warning in told["warnings"])
