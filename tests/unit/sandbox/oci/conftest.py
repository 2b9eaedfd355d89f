# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI SDK clients of the sandbox, and a model to begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import connect, jsonl, model_details
from oci.exceptions import ServiceError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def ai(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "generative_ai")


@pytest.fixture
def storage(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "object_storage")


@pytest.fixture
def put(still_sandbox: Sandbox, storage: Any) -> Callable[..., Any]:
    """Puts an object into the bucket."""

    def send(name: str = "train.jsonl", content: bytes | None = None, **headers: Any) -> Any:
        place = still_sandbox.oci
        return storage.put_object(
            place.namespace, place.bucket, name, jsonl() if content is None else content, **headers
        )

    return send


@pytest.fixture
def start(still_sandbox: Sandbox, ai: Any, put: Callable[..., Any]) -> Callable[..., Any]:
    """Creates a model on a good dataset; returns the response."""

    def create(**changes: Any) -> Any:
        headers = {key: changes.pop(key) for key in ("opc_retry_token",) if key in changes}
        if "dataset" not in changes:
            put()
        return ai.create_model(model_details(still_sandbox, **changes), **headers)

    return create


@pytest.fixture
def trained(still_sandbox: Sandbox, ai: Any, start: Callable[..., Any]) -> Callable[..., Any]:
    """Creates a model and lets its training end; returns the model."""

    def train(**changes: Any) -> Any:
        made = start(**changes)
        still_sandbox.advance(1000)
        return ai.get_model(made.data.id).data

    return train


@pytest.fixture
def refused() -> Callable[..., tuple[int, str]]:
    """(status, code) of a call that is refused."""

    def call(function: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[int, str]:
        with pytest.raises(ServiceError) as caught:
            function(*arguments, **named)
        assert caught.value.request_id
        return caught.value.status, caught.value.code

    return call
