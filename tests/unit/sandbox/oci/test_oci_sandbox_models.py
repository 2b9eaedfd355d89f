# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Models: their life, what a create checks, tokens, etags, lists, deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import oci
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES, jsonl, model_details

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Create = Callable[..., Any]
Refused = Callable[..., "tuple[int, str]"]


def work_of(ai: Any, response: Any) -> Any:
    return ai.get_work_request(response.headers["opc-work-request-id"])


def test_a_training_goes_through_its_states(still_sandbox: Sandbox, ai: Any, start: Create) -> None:
    made = start(description="d", vendor="v", version="2")
    assert (made.status, made.data.lifecycle_state, made.data.type) == (201, "CREATING", "CUSTOM")
    assert made.data.fine_tune_details.training_config.lora_r == 8
    seen = []
    for seconds in (0, 10, 300, 500):
        still_sandbox.advance(seconds)
        work = work_of(ai, made)
        seen.append((work.data.status, ai.get_model(made.data.id).data.lifecycle_state))
        assert ("retry-after" in work.headers) == (work.data.status != "SUCCEEDED")
    assert seen == [
        ("ACCEPTED", "CREATING"),
        ("IN_PROGRESS", "CREATING"),
        ("IN_PROGRESS", "CREATING"),
        ("SUCCEEDED", "ACTIVE"),
    ]
    model = ai.get_model(made.data.id).data
    assert model.model_metrics.model_metrics_type == "CHAT_MODEL_METRICS"
    assert 0 < model.model_metrics.final_loss < 1 and 0 < model.model_metrics.final_accuracy < 1
    assert (model.description, model.vendor, model.version, model.capabilities) == ("d", "v", "2", ["CHAT"])
    resources = {(each.action_type, each.entity_type): each.identifier for each in work_of(ai, made).data.resources}
    assert resources["CREATED", "model"] == model.id
    assert resources["RELATED", "dedicatedAiCluster"] == still_sandbox.oci.cluster_id


def test_progress_grows_and_the_log_tells_of_steps(still_sandbox: Sandbox, ai: Any, put: Create, start: Create) -> None:
    put("big.jsonl", jsonl(1000))
    made = start(dataset="big.jsonl")
    shares = []
    for _unused in range(6):
        still_sandbox.advance(100)
        shares.append(work_of(ai, made).data.percent_complete)
    assert shares == sorted(set(shares)) and shares[0] > 0 and shares[-1] < 100
    work = made.headers["opc-work-request-id"]
    messages = [entry.message for entry in ai.list_work_request_logs(work, sort_order="ASC").data.items]
    assert messages[0] == "CREATE_MODEL was accepted."
    assert any("examples" in message for message in messages) and "epoch" in messages[-1]
    page = ai.list_work_request_logs(work, limit=2)
    rest = ai.list_work_request_logs(work, page=page.headers["opc-next-page"])
    assert [e.message for e in (*page.data.items, *rest.data.items)] == messages[::-1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (jsonl(31), "at least 32"),
        (jsonl(40, prompt="x"), "Line 1: 'completion'"),
        (jsonl(40) + b"[]\n", "Line 41"),
        (jsonl(40) + b"\xff\n", "UTF-8"),
        (jsonl(40, prompt="a", completion="b", label=1), "unknown key"),
        (None, "not found"),
    ],
)
def test_a_bad_dataset_fails_the_work_and_the_model(
    still_sandbox: Sandbox, ai: Any, put: Create, start: Create, content: bytes | None, reason: str
) -> None:
    if content is not None:
        put("bad.jsonl", content)
    made = start(dataset="bad.jsonl")
    still_sandbox.advance(100)
    work = work_of(ai, made).data
    model = ai.get_model(made.data.id).data
    assert (work.status, model.lifecycle_state) == ("FAILED", "FAILED")
    [error] = ai.list_work_request_errors(work.id).data.items
    assert error.code and reason in error.message and model.lifecycle_details == error.message
    assert model.model_metrics is None


def test_what_a_create_refuses(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    lora, vanilla = SHAPES.LoraTrainingConfig, SHAPES.VanillaTrainingConfig
    bases = place.base_model_ids
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"compartment_id": "ocid1.compartment.oc1..no"}, (404, "NotAuthorizedOrNotFound")),
        ({"compartment_id": None}, (400, "MissingParameter")),
        ({"config": lora(learning_rate=1.5)}, (400, "InvalidParameter")),
        ({"base_model_id": "ocid1.no"}, (400, "RelatedResourceNotAuthorizedOrNotFound")),
        ({"base_model_id": bases["cohere.embed-english-v3.0"]}, (400, "InvalidParameter")),
        ({"base_model_id": bases["cohere.command-light"]}, (400, "InvalidParameter")),
        ({"cluster": "ocid1.no"}, (400, "RelatedResourceNotAuthorizedOrNotFound")),
        ({"cluster": place.clusters["HOSTING"]}, (400, "InvalidParameter")),
        ({"config": vanilla()}, (400, "InvalidParameter")),
        ({"config": lora(lora_r=65)}, (400, "InvalidParameter")),
        ({"config": lora(total_training_epochs=0)}, (400, "InvalidParameter")),
        ({"display_name": "x" * 256}, (400, "InvalidParameter")),
        ({"freeform_tags": {str(i): "x" for i in range(11)}}, (400, "InvalidParameter")),
        ({"defined_tags": {"No": {"Key": "x"}}}, (400, "RelatedResourceNotAuthorizedOrNotFound")),
    ]
    for changes, expected in cases:
        assert refused(ai.create_model, model_details(still_sandbox, **changes)) == expected, changes
    assert place.models() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"epochs": 3}, "CannotParseRequest"),
        ({"displayName": 3}, "CannotParseRequest"),
        ({"freeformTags": {"a": 1}}, "CannotParseRequest"),
        ({"fineTuneDetails": {}}, "MissingParameter"),
        ({"baseModelId": None}, "MissingParameter"),
    ],
)
def test_bodies_that_are_not_as_the_sdk_describes_them(
    still_sandbox: Sandbox, ai: Any, change: dict[str, Any], code: str
) -> None:
    body = ai.base_client.sanitize_for_serialization(model_details(still_sandbox), "CreateModelDetails")
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        ai.base_client.call_api(
            "/models", "POST", header_params={"content-type": "application/json"}, body={**body, **change}
        )
    assert (caught.value.status, caught.value.code) == (400, code)


def test_each_kind_of_training_fits_its_models(still_sandbox: Sandbox, trained: Create) -> None:
    place = still_sandbox.oci
    light = {"base_model_id": place.base_model_ids["cohere.command-light"], "cluster": place.clusters["SMALL_COHERE"]}
    vanilla = trained(config=SHAPES.VanillaTrainingConfig(num_of_last_layers=3), **light)
    assert vanilla.fine_tune_details.training_config.num_of_last_layers == 3
    assert vanilla.model_metrics.model_metrics_type == "TEXT_GENERATION_MODEL_METRICS"
    config = SHAPES.TFewTrainingConfig(
        total_training_epochs=2,
        learning_rate=0.001,
        training_batch_size=32,
        early_stopping_patience=2,
        early_stopping_threshold=0.005,
        log_model_metrics_interval_in_steps=100,
    )
    assert trained(config=config, **light).fine_tune_details.training_config == config


def test_one_training_at_a_time_on_a_cluster(still_sandbox: Sandbox, ai: Any, start: Create) -> None:
    first, second = start(display_name="one"), start(display_name="two")
    still_sandbox.advance(100)
    assert [work_of(ai, each).data.status for each in (first, second)] == ["IN_PROGRESS", "WAITING"]
    still_sandbox.advance(600)
    assert [work_of(ai, each).data.status for each in (first, second)] == ["SUCCEEDED", "IN_PROGRESS"]
    assert work_of(ai, second).data.time_started == work_of(ai, first).data.time_finished


def test_a_dataset_deleted_while_the_training_waits_fails_it(
    still_sandbox: Sandbox, ai: Any, storage: Any, start: Create
) -> None:
    start()
    second = start()
    still_sandbox.advance(100)
    storage.delete_object(still_sandbox.oci.namespace, still_sandbox.oci.bucket, "train.jsonl")
    still_sandbox.advance(2000)
    states = [model["state"] for model in still_sandbox.oci.models()]
    assert states == ["ACTIVE", "FAILED"] and work_of(ai, second).data.status == "FAILED"


def test_a_canceled_work_request(still_sandbox: Sandbox, ai: Any, start: Create) -> None:
    made = start()
    still_sandbox.advance(200)
    still_sandbox.oci.cancel(made.headers["opc-work-request-id"])
    assert work_of(ai, made).data.status == "CANCELING"
    still_sandbox.advance(30)
    assert work_of(ai, made).data.status == "CANCELED"
    assert ai.get_model(made.data.id).data.lifecycle_state == "FAILED"


@pytest.mark.parametrize("scenario", ["fail", "stuck", "cancel"])
def test_scenarios(still_sandbox: Sandbox, ai: Any, start: Create, scenario: str) -> None:
    still_sandbox.oci.scenario(scenario, display_name="b*", message="no GPU left" if scenario == "fail" else None)
    first = start()
    still_sandbox.advance(5000)
    expected = {"fail": "FAILED", "stuck": "IN_PROGRESS", "cancel": "CANCELED"}
    assert work_of(ai, first).data.status == expected[scenario]
    if scenario == "fail":
        assert ai.get_model(first.data.id).data.lifecycle_details == "no GPU left"


def test_the_same_token_gives_the_same_model(still_sandbox: Sandbox, ai: Any, start: Create, refused: Refused) -> None:
    first = start(opc_retry_token="t")
    again = start(opc_retry_token="t")
    assert again.data == first.data and len(still_sandbox.oci.models()) == 1
    assert again.headers["opc-work-request-id"] == first.headers["opc-work-request-id"]
    other = model_details(still_sandbox, description="other")
    assert refused(ai.create_model, other, opc_retry_token="t") == (409, "InvalidatedRetryToken")
    still_sandbox.advance(24 * 3600)
    same = model_details(still_sandbox)
    assert refused(ai.create_model, same, opc_retry_token="t") == (409, "InvalidatedRetryToken")


def test_the_token_of_a_deleted_model_is_invalid(
    still_sandbox: Sandbox, ai: Any, start: Create, refused: Refused
) -> None:
    made = start(opc_retry_token="t")
    still_sandbox.advance(1000)
    ai.delete_model(made.data.id)
    still_sandbox.advance(60)
    assert refused(ai.create_model, model_details(still_sandbox), opc_retry_token="t") == (409, "InvalidatedRetryToken")


def test_update_in_place_needs_the_etag(still_sandbox: Sandbox, ai: Any, trained: Create, refused: Refused) -> None:
    model = trained(freeform_tags={"a": "b"})
    details = SHAPES.UpdateModelDetails(display_name="new", freeform_tags={"c": "d"}, version="3")
    etag = ai.get_model(model.id).headers["etag"]
    changed = ai.update_model(model.id, details, if_match=etag)
    assert (changed.data.display_name, changed.data.freeform_tags, changed.data.version) == ("new", {"c": "d"}, "3")
    assert changed.data.previous_state.display_name == "bot" and changed.headers["etag"] != etag
    assert refused(ai.update_model, model.id, details, if_match=etag) == (412, "NoEtagMatch")
    assert "Oracle-Tags" in changed.data.defined_tags


def test_a_model_is_moved_and_keeps_its_id(still_sandbox: Sandbox, ai: Any, trained: Create, refused: Refused) -> None:
    model, place = trained(), still_sandbox.oci
    details = SHAPES.ChangeModelCompartmentDetails(compartment_id=place.other_compartment_id)
    assert "opc-work-request-id" not in ai.change_model_compartment(model.id, details).headers
    assert ai.get_model(model.id).data.compartment_id == place.other_compartment_id
    assert [m.id for m in ai.list_models(place.other_compartment_id, display_name="bot").data.items] == [model.id]
    assert ai.list_models(place.compartment_id, display_name="bot").data.items == []
    nowhere = SHAPES.ChangeModelCompartmentDetails(compartment_id="ocid1.no")
    assert refused(ai.change_model_compartment, model.id, nowhere) == (404, "NotAuthorizedOrNotFound")


def test_a_pending_model_is_left_alone(ai: Any, start: Create, refused: Refused) -> None:
    made = start()
    assert refused(ai.delete_model, made.data.id) == (409, "IncorrectState")
    assert refused(ai.update_model, made.data.id, SHAPES.UpdateModelDetails(version="2")) == (409, "IncorrectState")


def test_deleted_models_are_shown_for_a_day(still_sandbox: Sandbox, ai: Any, trained: Create, refused: Refused) -> None:
    model = trained()
    gone = ai.delete_model(model.id)
    assert gone.status == 202 and ai.get_model(model.id).data.lifecycle_state == "DELETING"
    still_sandbox.advance(60)
    assert work_of(ai, gone).data.resources[0].action_type == "DELETED"
    assert ai.get_model(model.id).data.lifecycle_state == "DELETED"
    assert refused(ai.delete_model, model.id) == (404, "NotAuthorizedOrNotFound")
    found = ai.list_models(still_sandbox.oci.compartment_id, lifecycle_state="DELETED").data.items
    assert [each.id for each in found] == [model.id]
    still_sandbox.advance(24 * 3600)
    assert refused(ai.get_model, model.id) == (404, "NotAuthorizedOrNotFound")


def test_base_models_can_be_found_but_not_changed(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    found = ai.list_models(place.compartment_id, capability=["FINE_TUNE"], vendor="meta", lifecycle_state="ACTIVE")
    names = [model.display_name for model in found.data.items]
    assert names[0] == "meta.llama-3.3-70b-instruct" and all(model.type == "BASE" for model in found.data.items)
    both = ai.list_models(place.compartment_id, capability=["TEXT_RERANK", "TEXT_EMBEDDINGS"]).data.items
    assert {model.display_name for model in both} == {"cohere.rerank.3-5", "cohere.embed-english-v3.0"}
    light = ai.list_models(place.compartment_id, display_name="cohere.command-light", sort_order="ASC").data.items
    assert [model.version for model in light] == ["14.2", "15.6"] and light[0].time_dedicated_retired is not None
    assert refused(ai.delete_model, place.base_model_id) == (404, "NotAuthorizedOrNotFound")


def test_lists_are_filtered_sorted_and_paged(still_sandbox: Sandbox, ai: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    made = place.seed(models=[{"display_name": f"m{i}", "state": "ACTIVE"} for i in (2, 0, 1)])["models"]
    in_names = oci.pagination.list_call_get_all_results(
        ai.list_models, place.compartment_id, vendor="meta", sort_by="displayName", limit=1
    ).data
    assert [m.display_name for m in in_names] == sorted(m.display_name for m in in_names) and len(in_names) > 3
    assert [m.id for m in ai.list_models(place.compartment_id, display_name="m0").data.items] == [made[1]]
    assert ai.list_models(place.compartment_id, id=made[2]).data.items[0].display_name == "m1"
    page = ai.list_models(place.compartment_id, limit=1).headers["opc-next-page"]
    assert refused(ai.list_models, place.compartment_id, page=page, vendor="meta") == (400, "InvalidParameter")
    assert refused(ai.list_models, "ocid1.no") == (404, "NotAuthorizedOrNotFound")


def test_every_answer_has_the_members_of_the_sdk(still_sandbox: Sandbox, ai: Any, trained: Create) -> None:
    """What the SDK read, written again, is what was sent: it knew all of it."""
    model = trained(description="d")
    ai.update_model(model.id, SHAPES.UpdateModelDetails(description="e"))
    compartment = still_sandbox.oci.compartment_id
    raw: list[Any] = []
    for path, type_ in (
        (f"/models/{model.id}", "Model"),
        (f"/models?compartmentId={compartment}", "ModelCollection"),
        (f"/dedicatedAiClusters?compartmentId={compartment}", "DedicatedAiClusterCollection"),
        (f"/workRequests?compartmentId={compartment}", "WorkRequestSummaryCollection"),
    ):
        call = {"header_params": {"accept": "application/json"}}
        document = ai.base_client.call_api(path, "GET", response_type="object", **call).data
        typed = ai.base_client.call_api(path, "GET", response_type=type_, **call).data
        again = ai.base_client.sanitize_for_serialization(typed, type_)
        raw.append((_names(document), _names(again)))
    for sent, understood in raw:
        assert sent <= understood


def _names(value: Any, where: str = "") -> set[str]:
    """The paths of all members that have a value."""
    if isinstance(value, dict):
        return {name for key, each in value.items() for name in _names(each, f"{where}.{key}")}
    if isinstance(value, list):
        return {name for each in value for name in _names(each, f"{where}[]")}
    return set() if value is None else {where}
