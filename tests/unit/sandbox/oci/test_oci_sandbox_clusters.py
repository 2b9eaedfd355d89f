# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dedicated AI clusters and endpoints, and what they hold against deletion."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES, model_details

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Refused = Callable[..., "tuple[int, str]"]


def cluster_details(sandbox: Sandbox, **changes: Any) -> Any:
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
    made = ai.create_dedicated_ai_cluster(cluster_details(still_sandbox), opc_retry_token="t")
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
    assert refused(ai.create_dedicated_ai_cluster, cluster_details(still_sandbox, **changes)) == (400, code)
    still_sandbox.oci.settings(clusters=1)
    assert refused(ai.create_dedicated_ai_cluster, cluster_details(still_sandbox)) == (400, "LimitExceeded")


def test_a_model_needs_a_cluster_that_is_ready_and_large_enough(
    still_sandbox: Sandbox, ai: Any, refused: Refused
) -> None:
    cluster = ai.create_dedicated_ai_cluster(cluster_details(still_sandbox, unit_count=1)).data.id
    assert refused(ai.create_model, model_details(still_sandbox, cluster=cluster)) == (409, "IncorrectState")
    still_sandbox.advance(300)
    assert refused(ai.create_model, model_details(still_sandbox, cluster=cluster)) == (400, "InvalidParameter")


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


@pytest.mark.parametrize(
    ("units", "limit", "good"), [(16, None, True), (17, None, False), (64, None, False), (64, 64, True)]
)
def test_x3_units_of_a_cluster_have_a_limit(
    still_sandbox: Sandbox, ai: Any, refused: Refused, units: int, limit: int | None, good: bool
) -> None:
    if limit is not None:
        still_sandbox.oci.settings(cluster_units=limit)
    details = SHAPES.CreateDedicatedAiClusterDetails(
        compartment_id=still_sandbox.oci.compartment_id, type="HOSTING", unit_shape="LARGE_GENERIC", unit_count=units
    )
    if good:
        assert ai.create_dedicated_ai_cluster(details).data.unit_count == units
        return
    assert refused(ai.create_dedicated_ai_cluster, details) == (400, "LimitExceeded")
    grown = SHAPES.UpdateDedicatedAiClusterDetails(unit_count=units)
    assert refused(ai.update_dedicated_ai_cluster, still_sandbox.oci.cluster_id, grown) == (400, "LimitExceeded")


@pytest.mark.parametrize("units", [1, 3])
def test_x3_units_must_be_those_of_the_base_model(
    still_sandbox: Sandbox, ai: Any, start: Callable[..., Any], refused: Refused, units: int
) -> None:
    details = SHAPES.UpdateDedicatedAiClusterDetails(unit_count=units)
    ai.update_dedicated_ai_cluster(still_sandbox.oci.cluster_id, details)
    still_sandbox.advance(1000)
    assert refused(start) == (400, "InvalidParameter")


@pytest.mark.parametrize(("size", "good"), [(8, True), (16, True), (7, False), (17, False), (32, False)])
def test_x3_batches_of_llama_have_8_to_16_examples(
    start: Callable[..., Any], refused: Refused, size: int, good: bool
) -> None:
    config = SHAPES.LoraTrainingConfig(training_batch_size=size)
    if good:
        assert start(config=config).data.fine_tune_details.training_config.training_batch_size == size
    else:
        assert refused(start, config=config) == (400, "InvalidParameter")


@pytest.mark.parametrize(("layers", "good"), [(1, True), (15, True), (0, False), (16, False), (99, False)])
def test_x3_last_layers_are_those_of_the_model(
    still_sandbox: Sandbox, start: Callable[..., Any], refused: Refused, layers: int, good: bool
) -> None:
    place = still_sandbox.oci
    light = {"base_model_id": place.base_model_ids["cohere.command-light"], "cluster": place.clusters["SMALL_COHERE"]}
    config = SHAPES.VanillaTrainingConfig(num_of_last_layers=layers)
    if good:
        assert start(config=config, **light).data.fine_tune_details.training_config.num_of_last_layers == layers
    else:
        assert refused(start, config=config, **light) == (400, "InvalidParameter")


def test_x3_moves_make_work_requests(still_sandbox: Sandbox, ai: Any, trained: Callable[..., Any]) -> None:
    place, model = still_sandbox.oci, trained()
    hosting = SHAPES.CreateEndpointDetails(
        compartment_id=place.compartment_id, model_id=model.id, dedicated_ai_cluster_id=place.clusters["HOSTING"]
    )
    endpoint = ai.create_endpoint(hosting).data.id
    still_sandbox.advance(1000)
    there = place.other_compartment_id
    moves = {
        "MOVE_MODEL": (
            model.id,
            ai.change_model_compartment,
            SHAPES.ChangeModelCompartmentDetails(compartment_id=there),
            ai.get_model,
        ),
        "MOVE_ENDPOINT": (
            endpoint,
            ai.change_endpoint_compartment,
            SHAPES.ChangeEndpointCompartmentDetails(compartment_id=there),
            ai.get_endpoint,
        ),
        "MOVE_DEDICATED_AI_CLUSTER": (
            place.cluster_id,
            ai.change_dedicated_ai_cluster_compartment,
            SHAPES.ChangeDedicatedAiClusterCompartmentDetails(compartment_id=there),
            ai.get_dedicated_ai_cluster,
        ),
    }
    for operation, (identifier, move, details, get) in moves.items():
        move(identifier, details)
        assert get(identifier).data.compartment_id == there
        work = ai.list_work_requests(there, resource_id=identifier).data.items[0]
        assert (work.operation_type, work.status) == (operation, "IN_PROGRESS")
        still_sandbox.advance(60)
        done = ai.get_work_request(work.id).data
        assert (done.status, done.resources[0].action_type) == ("SUCCEEDED", "UPDATED")
        assert get(identifier).data.lifecycle_state == "ACTIVE"


def test_x3_a_move_that_fails_comes_back(still_sandbox: Sandbox, ai: Any, trained: Callable[..., Any]) -> None:
    place, model = still_sandbox.oci, trained()
    still_sandbox.oci.scenario("fail", operation="MOVE_MODEL", display_name="bot")
    details = SHAPES.ChangeModelCompartmentDetails(compartment_id=place.other_compartment_id)
    ai.change_model_compartment(model.id, details)
    still_sandbox.advance(60)
    found = ai.get_model(model.id).data
    assert (found.compartment_id, found.lifecycle_state) == (place.compartment_id, "ACTIVE")


def test_x3_models_may_hold_their_cluster(
    still_sandbox: Sandbox, ai: Any, trained: Callable[..., Any], refused: Refused
) -> None:
    place, model = still_sandbox.oci, trained()
    still_sandbox.oci.settings(models_hold_clusters=True)
    assert refused(ai.delete_dedicated_ai_cluster, place.cluster_id) == (409, "Conflict")
    ai.delete_model(model.id)
    still_sandbox.advance(1000)
    ai.delete_dedicated_ai_cluster(place.cluster_id)
    still_sandbox.advance(1000)
    assert ai.get_dedicated_ai_cluster(place.cluster_id).data.lifecycle_state == "DELETED"


def test_lists_lag_behind(still_sandbox: Sandbox, ai: Any, start: Callable[..., Any]) -> None:
    still_sandbox.oci.settings(list_lag_seconds=30)
    compartment = still_sandbox.oci.compartment_id
    made = start().data.id
    assert ai.list_models(compartment, display_name="bot").data.items == []
    assert ai.get_model(made).data.id == made
    still_sandbox.advance(30)
    assert [each.id for each in ai.list_models(compartment, display_name="bot").data.items] == [made]


def test_the_date_header_is_virtual_time(still_sandbox: Sandbox, ai: Any) -> None:
    still_sandbox.advance(400 * 86400)
    date = ai.list_models(still_sandbox.oci.compartment_id).headers["date"]
    assert parsedate_to_datetime(date).timestamp() == int(still_sandbox.clock.now())


def test_x3_a_hosting_cluster_takes_one_model(
    still_sandbox: Sandbox, ai: Any, trained: Callable[..., Any], refused: Refused
) -> None:
    place = still_sandbox.oci

    def endpoint_details(model_id: str) -> Any:
        return SHAPES.CreateEndpointDetails(
            compartment_id=place.compartment_id, model_id=model_id, dedicated_ai_cluster_id=place.clusters["HOSTING"]
        )

    first, second = trained(display_name="one").id, trained(display_name="two").id
    for _unused in range(2):
        ai.create_endpoint(endpoint_details(first))
    assert refused(ai.create_endpoint, endpoint_details(second)) == (400, "InvalidParameter")
    assert refused(ai.create_endpoint, endpoint_details(place.base_model_id)) == (400, "InvalidParameter")
