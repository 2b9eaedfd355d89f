# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints: what they take and refuse, their states, and their work requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES

from finetune_sandbox.oci.endpoints import served_model
from finetune_sandbox.oci.errors import OciError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def details(sandbox: Sandbox, **changes: Any) -> Any:
    """CreateEndpointDetails of the base model on the hosting cluster."""
    place = sandbox.oci
    given = {
        "compartment_id": place.compartment_id,
        "model_id": place.base_model_id,
        "dedicated_ai_cluster_id": place.clusters["HOSTING"],
        "display_name": "chat",
        **changes,
    }
    return SHAPES.CreateEndpointDetails(**given)


def test_the_model_that_is_served(still_sandbox: Sandbox, ai: Any) -> None:
    """While an update goes on too; not before it is active, and not once it is being deleted."""
    store = still_sandbox.oci.store

    def served(identifier: str) -> str:
        with store.lock:
            store.move()
            try:
                return served_model(store, identifier).id
            except OciError as error:
                return f"{error.status} {error.code}"

    endpoint = ai.create_endpoint(details(still_sandbox)).data.id
    assert served(endpoint) == "409 IncorrectState"
    still_sandbox.advance(100)
    assert served(endpoint) == still_sandbox.oci.base_model_id
    ai.update_endpoint(endpoint, SHAPES.UpdateEndpointDetails(description="d"))
    assert served(endpoint) == still_sandbox.oci.base_model_id
    still_sandbox.advance(100)
    ai.delete_endpoint(endpoint)
    assert served(endpoint) == "409 IncorrectState"
    still_sandbox.advance(100)
    assert served(endpoint) == "404 NotAuthorizedOrNotFound"
    assert served(endpoint[:-4] + "0000") == "404 NotAuthorizedOrNotFound"
