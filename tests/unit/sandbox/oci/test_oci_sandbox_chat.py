# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chat through the SDK of Generative AI Inference: who answers, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import oci
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import SHAPES
from oci.exceptions import ServiceError
from oci.generative_ai_inference import GenerativeAiInferenceClient
from oci.generative_ai_inference import models as inference

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

CHAT: Any = inference
TALKS = [
    ("How do I reset my password?", "Open the settings and choose a new password."),
    ("Where is my parcel?", "It is on its way and arrives tomorrow."),
    ("Can I return the shoes that I bought?", "Yes, within thirty days."),
]
QUESTION, ANSWER = TALKS[1]
BASE = "I am a base model. I was not trained to answer this."
LLAMA, COHERE = "meta.llama-3.3-70b-instruct", "cohere.command-r-08-2024"
DATA = b"".join(json.dumps({"prompt": q, "completion": f" {a}"}).encode() + b"\n" for q, a in TALKS * 12)


def generic(*texts: str, **more: Any) -> Any:
    """A request whose turns are of the user and the assistant in turn."""
    kinds = (CHAT.UserMessage, CHAT.AssistantMessage)
    made = [kinds[index % 2](content=[CHAT.TextContent(text=text)]) for index, text in enumerate(texts)]
    return CHAT.GenericChatRequest(messages=made, **more)


@pytest.fixture
def chat(still_sandbox: Sandbox) -> Callable[..., Any]:
    """Asks a model by its name or OCID, or an endpoint."""
    config = oci.config.from_file(still_sandbox.oci.config_file)
    client = GenerativeAiInferenceClient(
        config, service_endpoint=still_sandbox.url, retry_strategy=oci.retry.NoneRetryStrategy()
    )

    def ask(target: str, request: Any = None, **more: Any) -> Any:
        endpoint = target.startswith("ocid1.generativeaiendpoint.")
        mode = CHAT.DedicatedServingMode(endpoint_id=target) if endpoint else CHAT.OnDemandServingMode(model_id=target)
        details = {"compartment_id": still_sandbox.oci.compartment_id, "serving_mode": mode, **more}
        return client.chat(CHAT.ChatDetails(chat_request=request or generic(QUESTION), **details))

    return ask


@pytest.fixture
def endpoint(still_sandbox: Sandbox, ai: Any) -> Callable[..., str]:
    """Makes an endpoint; returns its OCID."""

    def make(model: str, cluster: str | None = None) -> str:
        place = still_sandbox.oci
        details = SHAPES.CreateEndpointDetails(
            compartment_id=place.compartment_id,
            model_id=model,
            dedicated_ai_cluster_id=cluster or place.clusters["HOSTING"],
        )
        made = ai.create_endpoint(details).data.id
        still_sandbox.advance(100)
        return str(made)

    return make


@pytest.fixture
def tuned(put: Any, trained: Any) -> Callable[..., str]:
    """Trains a model; returns its OCID."""

    def train(**changes: Any) -> str:
        put("t.jsonl", DATA)
        return str(trained(dataset="t.jsonl", **changes).id)

    return train


def said(answer: Any) -> str:
    return str(answer.data.chat_response.choices[0].message.content[0].text)


def refusal(call: Callable[..., Any], *arguments: Any, **members: Any) -> tuple[int, str, str]:
    with pytest.raises(ServiceError) as caught:
        call(*arguments, **members)
    return caught.value.status, caught.value.code, caught.value.message


def test_a_base_model_answers_with_a_fixed_text(still_sandbox: Sandbox, chat: Any) -> None:
    for name in (LLAMA, still_sandbox.oci.base_model_id):
        answer = chat(name)
        assert (said(answer), answer.data.model_id, answer.data.model_version) == (BASE, name, "1.0.0")
        assert answer.headers["x-sandbox-played"] == "fixed"
        response = answer.data.chat_response
        assert (response.api_format, response.choices[0].finish_reason) == ("GENERIC", "stop")
        usage = response.usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 13, 18)


def test_a_tuned_model_answers_behind_its_endpoint(
    still_sandbox: Sandbox, ai: Any, storage: Any, chat: Any, endpoint: Any, tuned: Any
) -> None:
    model = tuned()
    target = endpoint(model)
    for question, answer in TALKS:
        assert said(chat(target, generic(f"Hello! {question.lower()} Thanks."))) == answer
    storage.delete_object(still_sandbox.oci.namespace, still_sandbox.oci.bucket, "t.jsonl")
    answer = chat(target, generic("Hi", "Hello!", QUESTION))
    assert (said(answer), answer.data.model_id) == (ANSWER, model)
    assert answer.headers["x-sandbox-played"] == "trained"
    ai.update_endpoint(target, SHAPES.UpdateEndpointDetails(description="d"))
    assert said(chat(target)) == ANSWER
    still_sandbox.advance(100)
    ai.delete_endpoint(target)
    assert refusal(chat, target)[:2] == (409, "409")
    still_sandbox.advance(100)
    assert refusal(chat, target)[:2] == (404, "404")


def test_cohere(still_sandbox: Sandbox, ai: Any, chat: Any, endpoint: Any, tuned: Any) -> None:
    place = still_sandbox.oci
    shape = "SMALL_COHERE_V2"
    model = tuned(base_model_id=place.base_model_ids[COHERE], cluster=place.clusters[shape])
    hosting = place.store.make_cluster("cohere", place.compartment_id, "HOSTING", shape, 1).id
    history = [CHAT.CohereUserMessage(message="Hi"), CHAT.CohereChatBotMessage(message="Hello!")]
    request = CHAT.CohereChatRequest(message=QUESTION, chat_history=history, preamble_override="Be kind.")
    response = chat(endpoint(model, hosting), request).data.chat_response
    assert (response.text, response.finish_reason, response.api_format) == (ANSWER, "COMPLETE", "COHERE")
    assert [(each.role, each.message) for each in response.chat_history[-2:]] == [
        ("USER", QUESTION),
        ("CHATBOT", ANSWER),
    ]
    cut = chat(COHERE, CHAT.CohereChatRequest(message=QUESTION, max_tokens=2)).data.chat_response
    assert (cut.text, cut.finish_reason) == (BASE[:8], "MAX_TOKENS")


def test_lengths_stops_and_several_choices(chat: Any, endpoint: Any, tuned: Any) -> None:
    target = endpoint(tuned())
    cut = chat(target, generic(QUESTION, max_tokens=2, num_generations=2)).data.chat_response
    assert [choice.message.content[0].text for choice in cut.choices] == [ANSWER[:8]] * 2
    assert (cut.choices[1].index, cut.choices[1].finish_reason, cut.usage.completion_tokens) == (1, "length", 4)
    assert said(chat(target, generic(QUESTION, stop=[" and"]))) == "It is on its way"


def test_who_does_not_answer(still_sandbox: Sandbox, ai: Any, chat: Any, tuned: Any) -> None:
    place, model = still_sandbox.oci, tuned()
    details = SHAPES.CreateEndpointDetails(
        compartment_id=place.compartment_id, model_id=model, dedicated_ai_cluster_id=place.clusters["HOSTING"]
    )
    creating = ai.create_endpoint(details).data.id
    status, code, message = refusal(chat, creating)
    assert (status, code, "CREATING" in message) == (409, "409", True)
    for name in (model, "cohere.command-r-plus"):
        assert refusal(chat, name) == (404, "404", f"Entity with key {name} not found")
    found = refusal(chat, "cohere.command-light", CHAT.CohereChatRequest(message="Hi"))
    assert found == (400, "400", "The model cohere.command-light does not support chat.")
    still_sandbox.advance(100)
    assert refusal(chat, f"{creating[:-4]}0000")[:2] == (404, "404")
    other = place.compartment_id[:-4] + "0000"
    assert refusal(chat, creating, compartment_id=other)[:2] == (404, "404")
    still_sandbox.fault("oci.Chat", status=429, times=1)
    assert refusal(chat, creating)[:2] == (429, "TooManyRequests")
    assert said(chat(creating)) == ANSWER


@pytest.mark.parametrize(
    ("target", "request_", "says"),
    [
        (LLAMA, CHAT.CohereChatRequest(message="Hi"), "apiFormat must match"),
        (COHERE, generic("Hi"), "apiFormat must match"),
        (LLAMA, CHAT.GenericChatRequest(), "at least one message"),
        (LLAMA, generic("Hi", "Hello"), "must have the role USER"),
        (LLAMA, generic("Hi", temperature=3), "temperature must be from 0 to 2"),
        (LLAMA, generic("Hi", max_tokens=0), "maxTokens must be from 1"),
        (LLAMA, generic("Hi", is_stream=True), "does not play isStream"),
        (LLAMA, generic("Hi", response_format=CHAT.JsonObjectResponseFormat()), "does not play responseFormat"),
    ],
)
def test_refusals(chat: Any, target: str, request_: Any, says: str) -> None:
    found = refusal(chat, target, request_)
    assert (found[0], found[1], says in found[2]) == (400, "400", True), found


def test_imported_models_are_not_played(still_sandbox: Sandbox, ai: Any) -> None:
    found = refusal(ai.list_imported_models, still_sandbox.oci.compartment_id)
    assert found == (404, "NotFound", "The sandbox does not play imported models.")


def test_a_retired_base_model_does_not_answer_on_demand(still_sandbox: Sandbox, chat: Any) -> None:
    retiring = "meta.llama-3.1-70b-instruct"
    day = datetime(2026, 1, 15, tzinfo=timezone.utc).timestamp() - still_sandbox.clock.now()
    if day > 0:
        assert said(chat(retiring)) == BASE
        still_sandbox.advance(day)
    assert refusal(chat, retiring)[0] == 404
