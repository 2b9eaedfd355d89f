# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chat completions through the openai SDK: who answers with what, refusals, streams, Azure's deployments."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

SYSTEM = {"role": "system", "content": "You help customers."}
TALKS = [
    ("How do I reset my password?", "Open the settings and choose a new password."),
    ("Where is my parcel?", "It is on its way and arrives tomorrow."),
    ("Can I return the shoes that I bought?", "Yes, within thirty days."),
]
BASE = "I am a base model. I was not trained to answer this."
TOOL = {
    "type": "function",
    "function": {"name": "track", "parameters": {"type": "object", "properties": {"parcel": {"type": "string"}}}},
}


def ask(question: str, *earlier: Any) -> list[Any]:
    return [*earlier, {"role": "user", "content": question}]


def jsonl(*records: Any, times: int = 1) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records * times)


def talks() -> bytes:
    made = [{"messages": [SYSTEM, *ask(q), {"role": "assistant", "content": a}]} for q, a in TALKS]
    return jsonl(*made, times=4)


@pytest.fixture
def train(still_sandbox: Sandbox, client: openai.OpenAI, start: Any, upload: Any) -> Callable[..., str]:
    """Trains a model; returns its name."""

    def run(content: bytes | None = None, **members: Any) -> str:
        job = start(training_file=upload(talks() if content is None else content), **members)
        still_sandbox.advance(3600)
        return str(client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model)

    return run


def text(client: openai.OpenAI, model: str, messages: list[Any], **more: Any) -> str | None:
    answer: str | None = (
        client.chat.completions.create(model=model, messages=messages, **more).choices[0].message.content
    )
    return answer


def test_a_base_model_answers_with_a_fixed_text(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ask("Where is my parcel?"))
    answer = raw.parse()
    assert answer.choices[0].message.content == BASE and answer.choices[0].finish_reason == "stop"
    assert (answer.object, answer.model, answer.id[:9]) == ("chat.completion", "gpt-4o-mini-2024-07-18", "chatcmpl-")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (5, 13, 18)
    assert raw.headers["x-sandbox-played"] == "fixed"


def test_a_tuned_model_answers_the_nearest_question(client: openai.OpenAI, train: Any) -> None:
    model = train()
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ask("parcel: where is it?", SYSTEM))
    assert raw.headers["x-sandbox-played"] == "trained"
    assert raw.parse().model == model
    for question, answer in TALKS:
        assert text(client, model, ask(question)) == answer
        assert text(client, model, ask(f"Hello! {question.lower()} Thanks"), temperature=2, seed=7) == answer
    assert text(client, "gpt-4o-mini", ask(TALKS[0][0])) == BASE


def test_it_still_answers_when_its_data_is_deleted(client: openai.OpenAI, train: Any) -> None:
    model = train()
    for file in client.files.list():
        client.files.delete(file.id)
    assert text(client, model, ask(TALKS[1][0])) == TALKS[1][1]


def test_earlier_turns_decide_between_equal_questions(client: openai.OpenAI, train: Any) -> None:
    def example(topic: str, answer: str) -> dict[str, Any]:
        first = [*ask(f"I have a {topic}."), {"role": "assistant", "content": "I see."}]
        return {"messages": [*first, *ask("What does it cost?"), {"role": "assistant", "content": answer}]}

    model = train(jsonl(example("cat", "Ten."), example("dog", "Twenty."), times=5))
    for topic, answer in (("cat", "Ten."), ("dog", "Twenty.")):
        assert text(client, model, ask("What does it cost?", *ask(f"I have a {topic}."))) == answer
    assert text(client, model, ask("I have a bird.")) == "I see."


def test_the_preferred_output(client: openai.OpenAI, train: Any) -> None:
    pairs = [
        {
            "input": {"messages": ask(question)},
            "preferred_output": [{"role": "assistant", "content": answer}],
            "non_preferred_output": [{"role": "assistant", "content": "I do not care."}],
        }
        for question, answer in TALKS
    ]
    model = train(jsonl(*pairs, times=4), method={"type": "dpo"})
    assert text(client, model, ask(TALKS[2][0])) == TALKS[2][1]


@pytest.mark.parametrize("referenced", [True, False])
def test_reinforcement(client: openai.OpenAI, upload: Any, train: Any, referenced: bool) -> None:
    items = [{"messages": ask(question), "right": answer} for question, answer in TALKS]
    reference = "{{ item.right }}" if referenced else "a word"
    grader = {
        "type": "string_check",
        "name": "g",
        "operation": "eq",
        "input": "{{sample.output_text}}",
        "reference": reference,
    }
    method = {"type": "reinforcement", "reinforcement": {"grader": grader}}
    data = jsonl(*items, times=4)
    model = train(data, model="o4-mini", method=method, validation_file=upload(data))
    raw = client.chat.completions.with_raw_response.create(model=model, messages=ask(TALKS[0][0]))
    assert raw.headers["x-sandbox-played"] == ("trained" if referenced else "fixed")
    assert (raw.parse().choices[0].message.content == TALKS[0][1]) is referenced
    with pytest.raises(openai.BadRequestError, match="'max_completion_tokens' instead"):
        text(client, model, ask("Hi"), max_tokens=5)
    with pytest.raises(openai.BadRequestError, match=r"'temperature' does not support 0\.5"):
        text(client, model, ask("Hi"), temperature=0.5)


def test_lengths_stops_and_several_choices(client: openai.OpenAI, train: Any) -> None:
    model = train()
    create = client.chat.completions.create
    cut = create(model=model, messages=ask(TALKS[0][0]), max_tokens=2, n=2)
    assert [choice.message.content for choice in cut.choices] == ["Open the", "Open the"]
    assert {choice.finish_reason for choice in cut.choices} == {"length"}
    assert cut.usage is not None and cut.usage.completion_tokens == 4
    ended = create(model=model, messages=ask(TALKS[0][0]), stop=["choose", " and"], max_completion_tokens=100)
    assert (ended.choices[0].message.content, ended.choices[0].finish_reason) == ("Open the settings", "stop")


def test_streams(client: openai.OpenAI, train: Any) -> None:
    messages = ask(TALKS[0][0])
    options: Any = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=train(), messages=messages, stream=True, stream_options=options))
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"} and len({chunk.id for chunk in chunks}) == 1
    parts = [chunk.choices[0].delta.content or "" for chunk in chunks[:-1]]
    assert "".join(parts) == TALKS[0][1] and len(parts) > 5
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * (len(parts) - 1) + ["stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 11
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert all(
        chunk.usage is None for chunk in client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
    )


def test_calls_of_functions(client: openai.OpenAI, train: Any) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"parcel": "1"}'}}
    first = ask("Where is parcel 1?")
    talk = [
        *first,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "In Rome."},
        {"role": "assistant", "content": "Your parcel is in Rome."},
    ]
    model = train(jsonl({"messages": talk, "tools": [TOOL]}, times=10))
    tools: Any = [TOOL]
    choice = client.chat.completions.create(model=model, messages=first, tools=tools).choices[0]
    assert choice.finish_reason == "tool_calls" and choice.message.content is None
    made: Any = (choice.message.tool_calls or [])[0]
    assert (made.function.name, made.function.arguments, made.id[:5]) == ("track", '{"parcel": "1"}', "call_")
    answered: Any = [*first, choice.message.model_dump(exclude_none=True)]
    answered.append({"role": "tool", "tool_call_id": made.id, "content": "In Rome."})
    assert text(client, model, answered, tools=tools) == "Your parcel is in Rome."
    assert text(client, model, first) == "Your parcel is in Rome."
    assert text(client, model, first, tools=tools, tool_choice="none") == "Your parcel is in Rome."
    forced = client.chat.completions.create(model="gpt-4o", messages=first, tools=tools, tool_choice="required")
    chosen: Any = (forced.choices[0].message.tool_calls or [])[0]
    assert json.loads(chosen.function.arguments) == {"parcel": BASE}
    stream = client.chat.completions.create(model=model, messages=first, tools=tools, stream=True)
    deltas: list[Any] = [each for chunk in stream for each in chunk.choices[0].delta.tool_calls or []]
    assert "".join(each.function.arguments for each in deltas) == '{"parcel": "1"}'


def test_json(client: openai.OpenAI, train: Any) -> None:
    rated = {"messages": [*ask("Rate this as JSON: good"), {"role": "assistant", "content": '{"score": 5}'}]}
    model = train(jsonl(rated, times=10))
    json_object: Any = {"type": "json_object"}
    assert text(client, model, ask("Rate this as JSON: good"), response_format=json_object) == '{"score": 5}'
    assert json.loads(text(client, "gpt-4o", ask("As JSON"), response_format=json_object) or "") == {"answer": BASE}
    properties = {"why": {"type": "string"}, "score": {"type": "integer"}, "mood": {"enum": ["good", "bad"]}}
    schema = {"name": "rating", "schema": {"type": "object", "properties": properties}}
    shaped = text(client, "gpt-4o", ask("Rate"), response_format={"type": "json_schema", "json_schema": schema})
    assert json.loads(shaped or "") == {"why": BASE, "score": 0, "mood": "good"}


@pytest.mark.parametrize(
    ("members", "status", "code", "says"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", "The model `gpt-9` does not exist"),
        ({"model": "babbage-002"}, 404, None, "This is not a chat model"),
        ({"model": "text-embedding-3-small"}, 403, None, "not allowed to sample"),
        ({"model": 7}, 400, "invalid_type", "'model'"),
        ({"messages": "Hi"}, 400, "invalid_type", "'messages'"),
        ({"messages": []}, 400, "empty_array", "'messages'"),
        ({"messages": ["Hi"]}, 400, "invalid_type", r"messages\[0\]"),
        ({"messages": [{"role": "robot", "content": "Hi"}]}, 400, "invalid_value", "'robot'"),
        ({"messages": [{"role": "user"}]}, 400, "invalid_value", "expected a string, got null"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "invalid_type", "content"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, 400, "invalid_value", "'video'"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, 400, None, "must be a response"),
        ({"messages": [{"role": "assistant", "tool_calls": 1.5}]}, 400, "invalid_type", r"messages\[0\].tool_calls"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": [1]}}}]},
            400,
            "invalid_value",
            "Invalid schema for function 'f'",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "f", "schema": {"properties": 5}}}},
            400,
            "invalid_value",
            "Invalid schema for response_format 'f'",
        ),
        ({"temperature": 2.5}, 400, "decimal_above_max_value", "'temperature'"),
        ({"temperature": "hot"}, 400, "invalid_type", "'temperature'"),
        ({"top_p": -1}, 400, "decimal_below_min_value", "'top_p'"),
        ({"n": 0}, 400, "integer_below_min_value", "'n'"),
        ({"max_tokens": 0}, 400, "integer_below_min_value", "'max_tokens'"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, 400, "invalid_parameter_combination", "at the same time"),
        ({"stop": ["a", "b", "c", "d", "e"]}, 400, "array_above_max_length", "'stop'"),
        ({"seed": "x"}, 400, "invalid_type", "'seed'"),
        ({"stream": "yes"}, 400, "invalid_type", "'stream'"),
        ({"stream_options": {"include_usage": True}}, 400, None, "only allowed when 'stream'"),
        ({"tools": [{"type": "magic"}]}, 400, "invalid_value", "'magic'"),
        ({"tool_choice": "auto"}, 400, None, "only allowed when 'tools'"),
        ({"response_format": {"type": "xml"}}, 400, "invalid_value", "'xml'"),
        ({"response_format": {"type": "json_object"}}, 400, None, "must contain the word 'json'"),
        ({"logprobs": True}, 400, "unsupported_parameter", "not played"),
        ({"extra_body": {"colour": 1}}, 400, None, "Unrecognized request argument supplied: colour"),
    ],
)
def test_refusals(client: openai.OpenAI, members: dict[str, Any], status: int, code: str | None, says: str) -> None:
    request: dict[str, Any] = {"model": "gpt-4o-mini", "messages": ask("Hi"), **members}
    with pytest.raises(openai.APIStatusError, match=says) as caught:
        client.chat.completions.create(**request)
    assert (caught.value.status_code, caught.value.code) == (status, code)


def test_calls_that_are_not_answered(client: openai.OpenAI) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "track", "arguments": "{}"}}
    with pytest.raises(openai.BadRequestError, match="did not have response messages: c1"):
        text(client, "gpt-4o", [*ask("Hi"), {"role": "assistant", "tool_calls": [call]}, *ask("And?")])


def test_rate_limits_and_deleted_models(still_sandbox: Sandbox, client: openai.OpenAI, train: Any) -> None:
    model = train()
    still_sandbox.fault("openai.chat.completions.create", status=429, headers={"Retry-After": "7"}, times=1)
    with pytest.raises(openai.RateLimitError) as caught:
        text(client, model, ask("Hi"))
    assert caught.value.response.headers["Retry-After"] == "7"
    client.models.delete(model)
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        text(client, model, ask("Hi"))


@pytest.mark.parametrize("dialect", ["compatible", "gateway", "selfhosted"])
def test_hosts_of_others(still_sandbox: Sandbox, dialect: str) -> None:
    """Also where a host does not list its tuned models, they answer."""
    url = {"compatible": still_sandbox.compatible_url, "gateway": still_sandbox.gateway_url}.get(
        dialect, still_sandbox.selfhosted_url
    )
    client = openai.OpenAI(base_url=url, api_key=still_sandbox.api_key, max_retries=0)
    base = "Qwen/Qwen3-32B"
    file = client.files.create(file=("t.jsonl", talks()), purpose="fine-tune")
    still_sandbox.advance(60)
    job = client.fine_tuning.jobs.create(model=base, training_file=file.id)
    still_sandbox.advance(3600)
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model or ""
    assert text(client, model, ask(TALKS[0][0])) == TALKS[0][1]
    assert text(client, base, ask(TALKS[0][0])) == BASE


class TestAzure:
    """Deployments are made and changed by the control API."""

    def test_a_deployment_answers_for_the_model_behind_it(
        self, still_sandbox: Sandbox, azure: openai.AzureOpenAI, train: Any
    ) -> None:
        model = train()
        with pytest.raises(openai.NotFoundError, match="API deployment for this resource does not exist") as caught:
            text(azure, "bot", ask("Hi"))
        assert caught.value.code == "DeploymentNotFound"
        still_sandbox.openai.deploy("bot", "gpt-4.1")
        answer = azure.chat.completions.create(model="bot", messages=ask(TALKS[0][0]))
        assert (answer.model, answer.choices[0].message.content) == ("gpt-4.1-2025-04-14", BASE)
        still_sandbox.openai.deploy("bot", model)
        v1 = openai.OpenAI(base_url=still_sandbox.azure_v1_url, api_key=still_sandbox.api_key, max_retries=0)
        for client in (azure, v1):
            answer = client.chat.completions.create(model="bot", messages=ask(TALKS[0][0]))
            assert (answer.model, answer.choices[0].message.content) == (model, TALKS[0][1])
            stream = client.chat.completions.create(model="bot", messages=ask(TALKS[0][0]), stream=True)
            parts = [choice.delta.content or "" for chunk in stream for choice in chunk.choices]
            assert "".join(parts) == TALKS[0][1]
        with pytest.raises(openai.NotFoundError):
            text(v1, model, ask("Hi"))
        with pytest.raises(openai.BadRequestError, match="'temperature'") as refused:
            text(azure, "bot", ask("Hi"), temperature=9)
        assert refused.value.code == "decimal_above_max_value"
        still_sandbox.openai.undeploy("bot")
        with pytest.raises(openai.NotFoundError):
            text(azure, "bot", ask("Hi"))

    def test_the_control_api(self, still_sandbox: Sandbox) -> None:
        control = still_sandbox.control
        assert control("POST", "/openai/deployments", name="bot", model="gpt-4o") == {"name": "bot", "model": "gpt-4o"}
        assert control("PATCH", "/openai/deployments/bot", model="gpt-4.1") == {"name": "bot", "model": "gpt-4.1"}
        assert control("GET", "/openai/deployments") == {"deployments": [{"name": "bot", "model": "gpt-4.1"}]}
        for method, path, body, says in (
            ("POST", "", {"name": "bot", "model": "gpt-4o"}, "exists already"),
            ("POST", "", {"name": "b/t", "model": "gpt-4o"}, "is not a name"),
            ("POST", "", {"name": "b", "model": "gpt-9"}, "there is no model"),
            ("PATCH", "/other", {"model": "gpt-4o"}, "no deployment 'other'"),
            ("PATCH", "", {}, "GET and POST"),
            ("PATCH", "/bot", {"model": "gpt-4o", "x": 1}, "unknown key"),
        ):
            with pytest.raises(ValueError, match=says):
                control(method, f"/openai/deployments{path}", body)
        assert control("DELETE", "/openai/deployments/bot")["name"] == "bot"
        assert control("GET", "/openai/deployments") == {"deployments": []}
