# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only deployments have: descriptions, regions, models that can be deployed, clients during a switch."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.serving_host import (
    Served,
    ServingHost,
)


@pytest.fixture
def served(serving_host: ServingHost) -> Served:
    """A host with three models of one base."""
    return Served(serving_host)


def failure(kind: type[FineTuneError], says: str, task: Any, *args: Any, **options: Any) -> FineTuneError:
    with pytest.raises(kind, match=says) as caught:
        task(*args, **options)
    return caught.value


def test_the_description_is_that_of_its_creation(served: Served) -> None:
    assert served.present(description="for support")["description"] == "for support"
    result = served.present(description="for sales")
    assert (result["changed"], result["description"]) == (False, "for support")
    assert any("description: for support -> for sales" in said for said in served.host.warnings)


@pytest.mark.parametrize("text", ["", "a" * 2049])
def test_a_description_out_of_bounds(served: Served, text: str) -> None:
    failure(InvalidInput, "description", served.present, description=text)
    assert served.host.sandbox.count() == 0


@pytest.mark.parametrize(
    "model",
    [
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k",
        "amazon.nova-lite-v1:0:300k",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/0123456789ab",
    ],
)
def test_only_custom_models(served: Served, model: str) -> None:
    for check_mode in (True, False):
        failure(InvalidInput, "Base models need no deployment", served.present, model, check_mode=check_mode)
    assert served.host.sandbox.count() == 0


def test_a_model_that_was_trained_too_early(served: Served) -> None:
    old = served.host.trained("old", ago=900 * 86400.0)
    error = failure(ApiError, "2025-07-16", served.present, old)
    assert (error.facts["changed"], served.there) == (False, [])


def test_a_deployment_has_one_name(served: Served) -> None:
    arn = served.make()
    failure(InvalidInput, "is called 'chat', not 'talk'", served.task, "talk", custom_model_deployment_arn=arn)
    assert served.task("chat", custom_model_deployment_arn=arn)["changed"] is False


def test_a_client_is_answered_all_the_time(served: Served) -> None:
    """At each moment of a switch a model serves, and from one moment on only the new one."""
    from finetune_sandbox.bedrock.serving import serving

    arn = served.make()
    store = served.host.sandbox.aws.store
    seen: list[str] = []
    advance = served.host.sandbox.advance

    def look(seconds: float) -> None:
        left = seconds
        while left > 0:
            advance(min(0.25, left))
            left -= 0.25
            with store.lock:
                found: Any = serving(store, store.region("us-east-1"), arn)
            seen.append(found.model.arn)

    served.host.clock._advance = look
    assert served.present(served.second)["status"] == "Active"
    switch = seen.index(served.second)
    assert len(seen) > 200
    assert set(seen[:switch]) == {served.model}
    assert set(seen[switch:]) == {served.second}
