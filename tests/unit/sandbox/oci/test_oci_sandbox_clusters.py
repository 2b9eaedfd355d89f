# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dedicated AI clusters and endpoints, and what they hold against deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES, wish

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Refused = Callable[..., "tuple[int, str]"]


def cluster_wish(sandbox: Sandbox, **changes: Any) -> Any:
    given = {
        "compartment_id": sandbox.oci.compartment_id,
        "type": "FINE_TUNING",
        "unit_count": 2,
        "unit_shape": "LARGE_GENERIC",
        "display_name": "mine",
        **changes,
    }
    return SHAPES.CreateDedicatedAiClusterDetails(**given)


def test_a_cluster_is_made_resized_moved_and_deleted(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    made = ai.create_dedicated_ai_cluster(cluster_wish(still_sandbox), opc_retry_token="t")
    cluster = made.data.id
    assert (made.status, made.data.lifecycle_state) == (201, "CREATING")
    update = SHAPES.UpdateDedicatedAiClusterDetails(unit_count=3)
    assert refused(ai.update_dedicated_ai_cluster, cluster, update) == (409, "IncorrectState")
    still_sandbox.advance(300)
    assert ai.get_dedicated_ai_cluster(cluster).data.lifecycle_state == "ACTIVE"
    changed = ai.update_dedicated_ai_cluster(
        cluster, update, if_match=ai.get_dedicated_ai_cluster(cluster).headers["etag"]
    )
    assert (changed.data.unit_count, changed.data.lifecycle_state) == (3, "UPDATING")
    still_sandbox.advance(300)
    assert (
        ai.get_work_request(changed.headers["opc-work-request-id"]).data.operation_type == "UPDATE_DEDICATED_AI_CLUSTER"
    )
    place = SHAPES.ChangeDedicatedAiClusterCompartmentDetails(compartment_id=still_sandbox.oci.other_compartment_id)
    ai.change_dedicated_ai_cluster_compartment(cluster, place)
    found = ai.list_dedicated_ai_clusters(still_sandbox.oci.other_compartment_id, display_name="mine").data.items
    assert [each.id for each in found] == [cluster]
    assert ai.delete_dedicated_ai_cluster(cluster).status == 202
    still_sandbox.advance(300)
    assert ai.get_dedicated_ai_cluster(cluster).data.lifecycle_state == "DELETED"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit_shape": "HUGE"}, "InvalidParameter"),
        ({"type": "X"}, "InvalidParameter"),
        ({"unit_count": 0}, "InvalidParameter"),
    ],
)
def test_what_a_cluster_refuses(
    still_sandbox: Sandbox, ai: Any, refused: Refused, changes: dict[str, Any], code: str
) -> None:
    assert refused(ai.create_dedicated_ai_cluster, cluster_wish(still_sandbox, **changes)) == (400, code)
    still_sandbox.oci.settings(clusters=1)
    assert refused(ai.create_dedicated_ai_cluster, cluster_wish(still_sandbox)) == (400, "LimitExceeded")


def test_a_model_needs_a_cluster_that_is_ready_and_large_enough(
    still_sandbox: Sandbox, ai: Any, refused: Refused
) -> None:
    cluster = ai.create_dedicated_ai_cluster(cluster_wish(still_sandbox, unit_count=1)).data.id
    assert refused(ai.create_model, wish(still_sandbox, cluster=cluster)) == (409, "IncorrectState")
    still_sandbox.advance(300)
    assert refused(ai.create_model, wish(still_sandbox, cluster=cluster)) == (400, "InvalidParameter")


def test_a_cluster_that_trains_is_not_deleted(still_sandbox: Sandbox, ai: Any, start: Any, refused: Refused) -> None:
    start()
    cluster = still_sandbox.oci.cluster_id
    assert refused(ai.delete_dedicated_ai_cluster, cluster) == (409, "IncorrectState")
    still_sandbox.advance(1000)
    assert ai.delete_dedicated_ai_cluster(cluster).status == 202


def test_an_endpoint_holds_its_model_and_its_cluster(
    still_sandbox: Sandbox, ai: Any, trained: Any, refused: Refused
) -> None:
    model, place = trained(), still_sandbox.oci
    hosting = place.clusters["HOSTING"]
    given = {"compartment_id": place.compartment_id, "model_id": model.id, "dedicated_ai_cluster_id": hosting}
    details = SHAPES.CreateEndpointDetails(**given, display_name="e")
    endpoint = ai.create_endpoint(details).data
    assert endpoint.lifecycle_state == "CREATING"
    assert refused(ai.delete_model, model.id) == (409, "Conflict")
    assert refused(ai.delete_dedicated_ai_cluster, hosting) == (409, "Conflict")
    still_sandbox.advance(100)
    assert ai.get_dedicated_ai_cluster(hosting).data.capacity.used_endpoint_capacity == 1
    [found] = ai.list_endpoints(place.compartment_id, display_name="e").data.items
    assert (found.model_id, found.lifecycle_state) == (model.id, "ACTIVE")
    assert ai.update_endpoint(endpoint.id, SHAPES.UpdateEndpointDetails(description="d")).data.description == "d"
    still_sandbox.advance(100)
    ai.delete_endpoint(endpoint.id)
    assert refused(ai.delete_model, model.id) == (409, "Conflict")
    still_sandbox.advance(100)
    assert ai.get_endpoint(endpoint.id).data.lifecycle_state == "DELETED"
    assert ai.delete_model(model.id).status == 202
    tuning = SHAPES.CreateEndpointDetails(**{**given, "dedicated_ai_cluster_id": place.cluster_id})
    assert refused(ai.create_endpoint, tuning) == (400, "InvalidParameter")
