# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Converse and InvokeModel through boto3: who answers under which identifier, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import code_of, connect
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

NOVA, LLAMA, CLAUDE = (
    "amazon.nova-lite-v1:0",
    "meta.llama3-1-8b-instruct-v1:0",
    "anthropic.claude-3-haiku-20240307-v1:0",
)
TALKS = (
    ("How do I reset my password?", "Open the settings and choose a new password."),
    ("Where is my parcel?", "It is on its way and arrives tomorrow."),
    ("Can I return the shoes that I bought?", "Yes, within thirty days."),
)
QUESTION, ANSWER = TALKS[1]
BASE = "I am a base model. I was not trained to answer this."
LLAMA_PROMPT = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)


def turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": text}]}


def jsonl(*records: Any, times: int) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records * times)


def nova_data(talks: Sequence[tuple[str, str]]) -> bytes:
    made = [
        {"schemaVersion": "bedrock-conversation-2024", "messages": [turn("user", q), turn("assistant", a)]}
        for q, a in talks
    ]
    return jsonl(*made, times=4)


@pytest.fixture
def runtime(still_sandbox: Sandbox) -> Any:
    return connect(still_sandbox, "bedrock-runtime")


@pytest.fixture
def tuned(trained: Any, upload: Any) -> Callable[..., str]:
    """Trains a Nova Lite; returns the model's ARN."""

    def train(
        number: int = 1, talks: Sequence[tuple[str, str]] = TALKS, content: bytes | None = None, **more: Any
    ) -> str:
        data = {"s3Uri": upload(nova_data(talks) if content is None else content, key=f"train-{number}.jsonl")}
        names = {"jobName": f"job-{number}", "customModelName": f"model-{number}"}
        return str(trained(trainingDataConfig=data, **names, **more)["outputModelArn"])

    return train


@pytest.fixture
def deployed(still_sandbox: Sandbox, bedrock: Any) -> Callable[[str], str]:
    def deploy(model: str) -> str:
        made = bedrock.create_custom_model_deployment(modelDeploymentName="d-1", modelArn=model)
        still_sandbox.advance(100)
        return str(made["customModelDeploymentArn"])

    return deploy


def ask(runtime: Any, model: str, question: str = QUESTION, **more: Any) -> str:
    answer = runtime.converse(modelId=model, messages=[turn("user", question)], **more)
    return str(answer["output"]["message"]["content"][0]["text"])


def invoke(runtime: Any, model: str, **body: Any) -> Any:
    return json.loads(runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def refusal(call: Callable[..., Any], *arguments: Any, **members: Any) -> tuple[int, str, str]:
    """(status, code, message) of a call that is refused."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **members)
    error = caught.value
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status, code_of(error), str(error.response["Error"]["Message"])


def test_a_base_model_answers_with_a_fixed_text(runtime: Any) -> None:
    answer = runtime.converse(modelId=NOVA, messages=[turn("user", QUESTION)])
    assert answer["output"] == {"message": turn("assistant", BASE)} and answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": 5, "outputTokens": 13, "totalTokens": 18}
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-sandbox-played"] == "fixed"
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{NOVA}"
    profile = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0"
    for model in (arn, profile, f"us.{NOVA}", "us.amazon.nova-2-lite-v1:0"):
        assert ask(runtime, model) == BASE


def test_a_tuned_model_answers_behind_its_deployment(
    still_sandbox: Sandbox, bedrock: Any, s3: Any, runtime: Any, tuned: Any, deployed: Any
) -> None:
    arn = deployed(tuned())
    for question, answer in TALKS:
        assert ask(runtime, arn, f"Hello! {question.lower()} Thanks.") == answer
    s3.delete_object(Bucket=still_sandbox.aws.data_bucket, Key="train-1.jsonl")
    answer = runtime.converse(modelId=arn, messages=[turn("user", QUESTION)], system=[{"text": "Be kind."}])
    assert answer["output"]["message"]["content"] == [{"text": ANSWER}]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-sandbox-played"] == "trained"
    second = tuned(2, [(question, answer.upper()) for question, answer in TALKS])
    bedrock.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=second)
    assert ask(runtime, arn) == ANSWER
    still_sandbox.advance(100)
    assert ask(runtime, arn) == ANSWER.upper()
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    still_sandbox.advance(100)
    assert refusal(ask, runtime, arn)[:2] == (404, "ResourceNotFoundException")


def test_a_tuned_model_answers_behind_provisioned_throughput(
    still_sandbox: Sandbox, bedrock: Any, runtime: Any, tuned: Any
) -> None:
    create = bedrock.create_provisioned_model_throughput
    arn = create(provisionedModelName="p-1", modelId=tuned(), modelUnits=1)["provisionedModelArn"]
    assert refusal(ask, runtime, arn)[:2] == (429, "ModelNotReadyException")
    still_sandbox.advance(1000)
    assert ask(runtime, arn) == ANSWER
    assert refusal(ask, runtime, "p-1")[1:] == ("ValidationException", "The provided model identifier is invalid.")


def test_who_does_not_answer(still_sandbox: Sandbox, bedrock: Any, runtime: Any, tuned: Any) -> None:
    model = tuned()
    base = "amazon.nova-2-lite-v1:0"
    for identifier in (model, base):
        text = (
            f"Invocation of model ID {identifier} with on-demand throughput isn\u2019t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
        assert refusal(ask, runtime, identifier) == (400, "ValidationException", text)
    made = bedrock.create_custom_model_deployment(modelDeploymentName="d-1", modelArn=model)["customModelDeploymentArn"]
    assert refusal(ask, runtime, made)[:2] == (429, "ModelNotReadyException")
    still_sandbox.advance(100)
    west = connect(still_sandbox, "bedrock-runtime", "us-west-2")
    for client, identifier, code, says in (
        (west, made, "ValidationException", "The provided model identifier is invalid."),
        (west, NOVA, "ValidationException", "The provided model identifier is invalid."),
        (runtime, "model-1", "ValidationException", "The provided model identifier is invalid."),
        (runtime, f"{made[:-4]}0000", "ResourceNotFoundException", "was not found"),
        (runtime, f"{NOVA}:300k", "ValidationException", "doesn't support on-demand throughput"),
        (runtime, "amazon.nova-canvas-v1:0", "ValidationException", "Try again with a supported text or chat model."),
    ):
        refused = refusal(ask, client, identifier)
        assert (refused[1], says in refused[2]) == (code, True), refused
    still_sandbox.fault("bedrock.Converse", status=429, times=1)
    assert refusal(ask, runtime, made) == (
        429,
        "ThrottlingException",
        "Too many requests, please wait before trying again.",
    )


def test_lengths_and_stops(runtime: Any, tuned: Any, deployed: Any) -> None:
    arn = deployed(tuned())
    cut = runtime.converse(modelId=arn, messages=[turn("user", QUESTION)], inferenceConfig={"maxTokens": 2})
    assert (cut["output"]["message"]["content"][0]["text"], cut["stopReason"]) == (ANSWER[:8], "max_tokens")
    assert cut["usage"]["outputTokens"] == 2
    config = {"stopSequences": [" and"]}
    ended = runtime.converse(modelId=arn, messages=[turn("user", QUESTION)], inferenceConfig=config)
    assert (ended["output"]["message"]["content"][0]["text"], ended["stopReason"]) == (
        "It is on its way",
        "stop_sequence",
    )


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "Member must not be null"),
        ([turn("assistant", "Hi")], "must start with a user message"),
        ([turn("user", "a"), turn("user", "b")], "must alternate"),
        ([turn("user", "a"), turn("assistant", "b")], "must end with a user message"),
        ([{"role": "user", "content": []}], "The content field in the Message object at messages.0 is empty"),
        ([turn("user", " ")], "messages.0.content.0 is blank"),
        ([{"role": "robot", "content": [{"text": "a"}]}], "enum value set"),
        ([{"role": "user", "content": [{"video": {"format": "mp4", "source": {"bytes": b"x"}}}]}], "the video field"),
    ],
)
def test_conversations_that_are_refused(runtime: Any, messages: list[Any], says: str) -> None:
    refused = refusal(runtime.converse, modelId=NOVA, messages=messages)
    assert (refused[:2], says in refused[2]) == ((400, "ValidationException"), True), refused


def test_what_is_not_played(bedrock: Any, runtime: Any) -> None:
    tools = {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object"}}}}]}
    assert ask(runtime, NOVA, toolConfig=tools) == BASE
    assert "toolChoice" in refusal(ask, runtime, NOVA, toolConfig={**tools, "toolChoice": {"any": {}}})[2]
    assert ask(runtime, NOVA, additionalModelRequestFields={"inferenceConfig": {"topK": 5}}) == BASE
    for call, members, name in (
        (runtime.converse_stream, {"modelId": NOVA, "messages": [turn("user", "a")]}, "ConverseStream"),
        (runtime.list_async_invokes, {}, "ListAsyncInvokes"),
        (
            bedrock.create_model_copy_job,
            {
                "sourceModelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova/abcdefghijkl",
                "targetModelName": "copy",
            },
            "CreateModelCopyJob",
        ),
        (bedrock.list_imported_models, {}, "ListImportedModels"),
    ):
        text = f"The sandbox does not play {name}."
        assert refusal(call, **members) == (404, "UnknownOperationException", text)


def test_invoke_nova(runtime: Any, tuned: Any, deployed: Any) -> None:
    arn = deployed(tuned())
    body = {"schemaVersion": "messages-v1", "messages": [turn("user", QUESTION)], "inferenceConfig": {"maxTokens": 3}}
    assert invoke(runtime, arn, **body) == {
        "output": {"message": {"content": [{"text": ANSWER[:12]}], "role": "assistant"}},
        "stopReason": "max_tokens",
        "usage": {
            "inputTokens": 5,
            "outputTokens": 3,
            "totalTokens": 8,
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
        },
    }
    raw = runtime.invoke_model(modelId=arn, body=json.dumps(body))
    headers = raw["ResponseMetadata"]["HTTPHeaders"]
    assert (raw["contentType"], headers["x-sandbox-played"]) == ("application/json", "trained")
    assert headers["x-amzn-bedrock-output-token-count"] == "3"


def test_invoke_llama_claude_and_titan(still_sandbox: Sandbox, upload: Any) -> None:
    """A custom Llama answers behind provisioned throughput; its data are prompts and completions."""
    west, runtime = (connect(still_sandbox, name, "us-west-2") for name in ("bedrock", "bedrock-runtime"))
    store = connect(still_sandbox, "s3", "us-west-2")
    store.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    pairs = [{"prompt": LLAMA_PROMPT.format(question), "completion": f" {answer}"} for question, answer in TALKS]
    store.put_object(Bucket="west", Key="t.jsonl", Body=jsonl(*pairs, times=34))
    west.create_model_customization_job(
        jobName="job",
        customModelName="llama",
        roleArn=still_sandbox.aws.role_arn,
        baseModelIdentifier=f"{LLAMA}:128k",
        trainingDataConfig={"s3Uri": "s3://west/t.jsonl"},
        outputDataConfig={"s3Uri": "s3://west/out/"},
    )
    still_sandbox.advance(3600)
    made = west.create_provisioned_model_throughput(provisionedModelName="p", modelId="llama", modelUnits=1)
    still_sandbox.advance(1000)
    arn = made["provisionedModelArn"]
    for prompt in (QUESTION, LLAMA_PROMPT.format(QUESTION)):
        answer = invoke(runtime, arn, prompt=prompt, max_gen_len=100)
        assert (answer["generation"], answer["stop_reason"], answer["generation_token_count"]) == (ANSWER, "stop", 10)
    assert ask(runtime, arn) == ANSWER
    claude = {"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": QUESTION}]}
    answer = invoke(runtime, CLAUDE, max_tokens=3, system="Be kind.", **claude)
    assert (answer["content"], answer["stop_reason"]) == ([{"type": "text", "text": BASE[:12]}], "max_tokens")
    assert (answer["model"], answer["usage"]) == ("claude-3-haiku-20240307", {"input_tokens": 7, "output_tokens": 3})
    still_sandbox.aws.settings(legacy_models=True)
    titan = invoke(
        runtime, "amazon.titan-text-express-v1", inputText="Hi", textGenerationConfig={"stopSequences": ["."]}
    )
    result = {"tokenCount": 5, "outputText": "I am a base model", "completionReason": "STOP_CRITERIA_MET"}
    assert titan == {"inputTextTokenCount": 1, "results": [result]}


@pytest.mark.parametrize(
    ("model", "body", "says"),
    [
        (NOVA, b"{", "Malformed input request, please"),
        (NOVA, b"[]", "#: expected type: JSONObject, found: JSONArray"),
        (NOVA, b"{}", "required key [messages] not found"),
        (NOVA, b'{"messages": [], "colour": 1}', "extraneous key [colour] is not permitted"),
        (NOVA, b'{"messages": 5}', "#/messages: expected type: JSONArray, found: Integer"),
        (NOVA, b'{"messages": []}', "the last message must be of the user"),
        (NOVA, b'{"messages": [7]}', "#/messages/0: expected type: JSONObject, found: Integer"),
        (NOVA, b'{"messages": [{"role": "user"}]}', "#/messages/0: required key [content]"),
        (
            NOVA,
            b'{"messages": [{"role": "user", "content": "a"}], "inferenceConfig": {"maxTokens": 0}}',
            "0 is not greater or equal to 1",
        ),
    ],
)
def test_bodies_that_are_refused(runtime: Any, model: str, body: bytes, says: str) -> None:
    refused = refusal(runtime.invoke_model, modelId=model, body=body)
    assert (refused[:2], says in refused[2]) == ((400, "ValidationException"), True), refused


def test_the_reference_of_reinforcement(still_sandbox: Sandbox, runtime: Any, tuned: Any, deployed: Any) -> None:
    records = [{"messages": [{"role": "user", "content": q}], "reference_answer": a} for q, a in TALKS]
    grader = f"arn:aws:lambda:us-east-1:{still_sandbox.aws.account_id}:function:grade"
    model = tuned(
        content=jsonl(*records, times=40),
        baseModelIdentifier="amazon.nova-2-lite-v1:0:256k",
        customizationType="REINFORCEMENT_FINE_TUNING",
        hyperParameters=None,
        customizationConfig={"rftConfig": {"graderConfig": {"lambdaGrader": {"lambdaArn": grader}}}},
    )
    assert ask(runtime, deployed(model)) == ANSWER
