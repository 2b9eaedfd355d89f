# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints: what they take and refuse, their states, and their work requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import oci
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Refused = Callable[..., "tuple[int, str]"]


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
    from finetune_sandbox.oci.endpoints import served_model
    from finetune_sandbox.oci.errors import OciError

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


@pytest.fixture
def made(still_sandbox: Sandbox, ai: Any) -> Any:
    """An endpoint that is active."""
    identifier = ai.create_endpoint(details(still_sandbox)).data.id
    still_sandbox.advance(100)
    return ai.get_endpoint(identifier).data


def guardrail(**members: Any) -> Any:
    return SHAPES.ContentModerationConfig(**{"is_enabled": True, **members})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"display_name": "1chat"}, "InvalidParameter"),
        ({"display_name": "chat bot"}, "InvalidParameter"),
        ({"content_moderation_config": guardrail(is_enabled=None)}, "MissingParameter"),
        ({"content_moderation_config": guardrail(mode="OFF")}, "InvalidParameter"),
        ({"content_moderation_config": guardrail(model_id="moderator")}, "InvalidParameter"),
        ({"prompt_injection_config": SHAPES.PromptInjectionConfig(is_enabled=True, mode="off")}, "InvalidParameter"),
        ({"pii_detection_config": SHAPES.PiiDetectionConfig(is_enabled=True, mode="off")}, "InvalidParameter"),
        ({"generative_ai_private_endpoint_id": "mine"}, "InvalidParameter"),
    ],
)
def test_what_an_endpoint_refuses(
    still_sandbox: Sandbox, ai: Any, refused: Refused, made: Any, changes: dict[str, Any], code: str
) -> None:
    assert refused(ai.create_endpoint, details(still_sandbox, **changes)) == (400, code)
    assert refused(ai.update_endpoint, made.id, SHAPES.UpdateEndpointDetails(**changes)) == (400, code)
    assert [each.id for each in ai.list_endpoints(still_sandbox.oci.compartment_id).data.items] == [made.id]


def test_one_work_after_the_other(still_sandbox: Sandbox, ai: Any, refused: Refused, made: Any) -> None:
    """Nothing is changed while a move goes on."""
    place = SHAPES.ChangeEndpointCompartmentDetails(compartment_id=still_sandbox.oci.other_compartment_id)
    ai.change_endpoint_compartment(made.id, place)
    described = SHAPES.UpdateEndpointDetails(description="d")
    assert refused(ai.update_endpoint, made.id, described) == (409, "IncorrectState")
    assert refused(ai.change_endpoint_compartment, made.id, place) == (409, "IncorrectState")
    assert refused(ai.delete_endpoint, made.id) == (409, "IncorrectState")
    still_sandbox.advance(20)
    assert ai.update_endpoint(made.id, described).data.lifecycle_state == "UPDATING"


@pytest.mark.parametrize("reverts", [False, True])
def test_an_update_that_fails(still_sandbox: Sandbox, ai: Any, made: Any, reverts: bool) -> None:
    still_sandbox.oci.settings(failed_updates_revert=reverts)
    still_sandbox.oci.scenario("fail", operation="UPDATE_ENDPOINT", message="No capacity.")
    changed = SHAPES.UpdateEndpointDetails(
        description="d",
        display_name="other",
        content_moderation_config=guardrail(mode="BLOCK"),
        freeform_tags={"a": "b"},
    )
    answer = ai.update_endpoint(made.id, changed)
    still_sandbox.advance(100)
    found = ai.get_endpoint(made.id).data
    assert (found.lifecycle_state, found.lifecycle_details) == ("ACTIVE", "No capacity.")
    assert (found.display_name, found.description) == (("chat", None) if reverts else ("other", "d"))
    assert found.content_moderation_config.is_enabled is not reverts
    assert found.previous_state.display_name == "chat"
    work = ai.get_work_request(answer.headers["opc-work-request-id"]).data
    assert (work.operation_type, work.status) == ("UPDATE_ENDPOINT", "FAILED")


def test_an_update_replaces_a_guardrail_as_a_whole(still_sandbox: Sandbox, ai: Any, made: Any) -> None:
    assert made.content_moderation_config.is_enabled is False
    assert made.prompt_injection_config is None
    moderator = "ocid1.generativeaimodel.oc1..moderator"
    for config in (guardrail(mode="INFORM", model_id=moderator), guardrail(is_enabled=False)):
        ai.update_endpoint(made.id, SHAPES.UpdateEndpointDetails(content_moderation_config=config))
        still_sandbox.advance(100)
    assert ai.get_endpoint(made.id).data.content_moderation_config.mode is None


def test_the_etag_must_match(still_sandbox: Sandbox, ai: Any, refused: Refused, made: Any) -> None:
    etag = ai.get_endpoint(made.id).headers["etag"]
    ai.update_endpoint(made.id, SHAPES.UpdateEndpointDetails(description="d"), if_match=etag)
    still_sandbox.advance(100)
    late = SHAPES.UpdateEndpointDetails(description="e")
    assert refused(ai.update_endpoint, made.id, late, if_match=etag) == (412, "NoEtagMatch")
    assert refused(ai.delete_endpoint, made.id, if_match=etag) == (412, "NoEtagMatch")


def test_one_token_makes_one_endpoint(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    first, second = (ai.create_endpoint(details(still_sandbox), opc_retry_token="t").data.id for _send in range(2))
    assert first == second
    other = details(still_sandbox, display_name="other")
    assert refused(ai.create_endpoint, other, opc_retry_token="t") == (409, "InvalidatedRetryToken")


def test_a_cluster_takes_50_endpoints(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    for _endpoint in range(50):
        ai.create_endpoint(details(still_sandbox))
    assert refused(ai.create_endpoint, details(still_sandbox)) == (400, "LimitExceeded")


def test_lists_are_filtered(still_sandbox: Sandbox, ai: Any, refused: Refused, made: Any) -> None:
    private = "ocid1.generativeaiprivateendpoint.oc1..mine"
    other = ai.create_endpoint(
        details(still_sandbox, display_name="other", generative_ai_private_endpoint_id=private)
    ).data.id

    def listed(**filters: Any) -> list[str]:
        return [each.id for each in ai.list_endpoints(still_sandbox.oci.compartment_id, **filters).data.items]

    assert listed() == [other, made.id]
    assert listed(sort_by="displayName") == [made.id, other]
    assert listed(lifecycle_state="CREATING") == listed(display_name="other") == listed(id=other) == [other]
    assert listed(generative_ai_private_endpoint_id=private) == [other]
    assert listed(display_name="oth") == []


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_the_waiters_of_the_sdk(still_sandbox: Sandbox, ai: Any, made: Any, operation: str) -> None:
    """The composite operations wait for the state, or for the work to end."""
    waits = oci.generative_ai.GenerativeAiClientCompositeOperations(ai)
    clock = {"waiter_kwargs": {"max_interval_seconds": 0.01, "wait_callback": lambda *_look: still_sandbox.advance(30)}}
    if operation == "create":
        given = details(still_sandbox, display_name="second")
        assert waits.create_endpoint_and_wait_for_state(given, ["SUCCEEDED"], **clock).data.status == "SUCCEEDED"
        return
    if operation == "update":
        changed = SHAPES.UpdateEndpointDetails(description="d")
        done = waits.update_endpoint_and_wait_for_state(made.id, changed, ["SUCCEEDED"], **clock)
    else:
        done = waits.delete_endpoint_and_wait_for_state(made.id, ["SUCCEEDED"], **clock)
    assert done.data.status == "SUCCEEDED"


def test_terraforms_acceptance_steps(still_sandbox: Sandbox, ai: Any) -> None:
    """A cluster of one unit, an endpoint with what is required, destroyed; with optionals, moved, updated, listed."""
    place = still_sandbox.oci
    cluster = ai.create_dedicated_ai_cluster(
        SHAPES.CreateDedicatedAiClusterDetails(
            compartment_id=place.compartment_id, type="HOSTING", unit_count=1, unit_shape="LARGE_COHERE_V3"
        )
    ).data.id
    still_sandbox.advance(300)
    hosted = {"model_id": place.base_model_ids["cohere.command-a-03-2025"], "dedicated_ai_cluster_id": cluster}

    def finish(answer: Any) -> None:
        still_sandbox.advance(100)
        work = ai.get_work_request(answer.headers["opc-work-request-id"]).data
        assert work.status == "SUCCEEDED"
        assert "endpoint" in work.resources[0].entity_type.lower()

    required = ai.create_endpoint(details(still_sandbox, display_name=None, **hosted))
    assert required.data.display_name.startswith("generativeaiendpoint")
    finish(required)
    finish(ai.delete_endpoint(required.data.id))
    moderated = guardrail(is_enabled=False, mode="INFORM", model_id="ocid1.generativeaimodel.oc1..moderator")
    given = {"content_moderation_config": moderated, "description": "d", "freeform_tags": {"Department": "Finance"}}
    full = ai.create_endpoint(details(still_sandbox, **given, **hosted))
    finish(full)
    there = SHAPES.ChangeEndpointCompartmentDetails(compartment_id=place.other_compartment_id)
    ai.change_endpoint_compartment(full.data.id, there)
    still_sandbox.advance(100)
    assert ai.get_endpoint(full.data.id).data.compartment_id == place.other_compartment_id
    changed = SHAPES.UpdateEndpointDetails(
        content_moderation_config=guardrail(mode="BLOCK"),
        description="e",
        display_name="chat2",
        freeform_tags={"Department": "Accounting"},
    )
    finish(ai.update_endpoint(full.data.id, changed))
    filters = {"display_name": "chat2", "id": full.data.id, "lifecycle_state": "ACTIVE"}
    [found] = ai.list_endpoints(place.other_compartment_id, **filters).data.items
    assert (found.id, found.content_moderation_config.mode) == (full.data.id, "BLOCK")
    ai.update_dedicated_ai_cluster(cluster, SHAPES.UpdateDedicatedAiClusterDetails(unit_count=2))
    still_sandbox.advance(300)
    assert ai.get_dedicated_ai_cluster(cluster).data.unit_count == 2


def test_a_capacity_reservation_is_for_good(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    given = {
        "compartment_id": place.compartment_id,
        "type": "HOSTING",
        "unit_count": 1,
        "unit_shape": "LARGE_GENERIC",
        "display_name": "reserved",
    }
    wrong = SHAPES.CreateDedicatedAiClusterDetails(**given, capacity_reservation_id="mine")
    assert refused(ai.create_dedicated_ai_cluster, wrong) == (400, "InvalidParameter")
    mine = "ocid1.capacityreservation.oc1..mine"
    made = ai.create_dedicated_ai_cluster(
        SHAPES.CreateDedicatedAiClusterDetails(**given, capacity_reservation_id=mine)
    ).data
    assert made.capacity_reservation_id == mine
    listed = ai.list_dedicated_ai_clusters(place.compartment_id, capacity_reservation_id=mine).data.items
    assert [each.id for each in listed] == [made.id]
