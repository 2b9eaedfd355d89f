# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chat completions: who answers, with which message, in one piece or as a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from finetune_sandbox.openai import params
from finetune_sandbox.openai.catalogue import COMPLETION, EMBEDDING, BaseModel
from finetune_sandbox.openai.chat_params import ChatRequest, check_reasoning, message_text, read_chat
from finetune_sandbox.openai.errors import AZURE, MINIMAL, OPENAI, ApiError
from finetune_sandbox.openai.state import Account
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.answers import (
    BASE_TEXT,
    FIXED,
    PLAYED,
    TRAINED,
    UNREFERENCED_TEXT,
    TrainingData,
    count_tokens,
    end_text,
)
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.web import Call, Response

_PIECE = re.compile(r"\S+\s*|\s+")
_SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
_NO_DEPLOYMENT = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)


@dataclass(frozen=True)
class _Speaker:
    """The model that answers. name: its name in the answer. data: what it was trained with; None for a base model."""

    base: BaseModel
    name: str
    tuned: bool
    data: TrainingData | None


class Chat:
    """/chat/completions"""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, call: Call, account: Account) -> Response:
        """POST. Azure writes the refusals of a model as OpenAI does."""
        try:
            return self._create(call, account)
        except ApiError as error:
            if error.azure_code is not None:
                raise
            return error.response(call.dialect if call.dialect != AZURE else OPENAI)

    def _create(self, call: Call, account: Account) -> Response:
        store = self._store
        body = params.read_json(call.request)
        request = read_chat(body, call.arguments.get("deployment"))
        with store.lock:
            now = store.settle(account)
            speaker = self._speaker(account, request.model, call.dialect, now)
            head: dict[str, Any] = {
                "id": "chatcmpl-" + store.ids.text(29),
                "object": "chat.completion.chunk" if request.stream else "chat.completion",
                "created": int(now),
                "model": speaker.name,
            }
        _check_kind(speaker.base, call.dialect)
        if speaker.base.methods == ("reinforcement",):
            check_reasoning(body)
        message, source = self._message(speaker, request)
        choice, tokens = _ended(message, request, store.ids)
        usage = _usage(count_tokens(request.prompt.text), tokens * request.n)
        choices = [{"index": index, **choice} for index in range(request.n)]
        if call.dialect not in MINIMAL:
            head.update(service_tier="default", system_fingerprint="fp_sandbox")
        headers = {PLAYED: source}
        if request.stream:
            lines = _chunks(head, choices, usage, request.include_usage, call.dialect)
            content = "".join(f"data: {line}\n\n" for line in (*map(_plain, lines), "[DONE]"))
            return Response(content.encode(), 200, {"Content-Type": "text/event-stream; charset=utf-8", **headers})
        if call.dialect == AZURE:
            head["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": _SAFE}]
            choices = [{**each, "content_filter_results": _SAFE} for each in choices]
        return Response({**head, "choices": choices, "usage": usage}, 200, headers)

    def _speaker(self, account: Account, name: str, dialect: str, now: float) -> _Speaker:
        """The model of this name, or behind this deployment."""
        store = self._store
        if dialect == AZURE:
            if name not in account.deployments:
                raise ApiError(404, _NO_DEPLOYMENT, azure_code="DeploymentNotFound")
            name = account.deployments[name]
        tuned = account.models.get(name)
        base = tuned.base if tuned is not None else store.catalogue.find(name, dialect)
        there = tuned is None or store.readable(tuned.created_at, now)
        if base is None or not there or store.retired(base, now, None if tuned is None else tuned.id):
            message = f"The model `{name}` does not exist or you do not have access to it."
            raise ApiError(404, message, code="model_not_found", azure_code="DeploymentNotFound")
        if tuned is None:
            return _Speaker(base, base.id, False, None)
        job = store.job(account, tuned.job_id)
        return _Speaker(base, tuned.id, True, None if job is None else job.data)

    def _message(self, speaker: _Speaker, request: ChatRequest) -> tuple[dict[str, Any], str]:
        """(the assistant's message, where it is from)."""

        def accept(answer: Any) -> bool:
            names = {call["function"]["name"] for call in answer.get("tool_calls", ())}
            if request.forced is not None:
                return request.forced in names
            return names <= set(request.tools if request.calls else ())

        found = None if speaker.data is None else self._store.library.find(speaker.data, request.prompt, accept)
        if found is not None:
            return _fitted(found, request), TRAINED
        text = UNREFERENCED_TEXT if speaker.tuned else BASE_TEXT
        if request.forced is not None:
            arguments = json.dumps(_instance(request.tools[request.forced], text))
            function = {"name": request.forced, "arguments": arguments}
            return {"content": None, "tool_calls": [{"type": "function", "function": function}]}, FIXED
        return _fitted({"content": text}, request), FIXED


def _check_kind(base: BaseModel, dialect: str) -> None:
    """ApiError unless it is a model to chat with."""
    if base.data in {COMPLETION, EMBEDDING} and dialect == AZURE:
        message = f"The chatCompletion operation does not work with the specified model, {base.id}. "
        message += "Please choose different model and try again."
        raise ApiError(400, message, azure_code="OperationNotSupported")
    if base.data == COMPLETION:
        message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
        raise ApiError(404, message + "Did you mean to use v1/completions?", param="model")
    if base.data == EMBEDDING:
        raise ApiError(403, "You are not allowed to sample from this model")


def _fitted(answer: dict[str, Any], request: ChatRequest) -> dict[str, Any]:
    """The message in the format that the request asks for."""
    text = answer.get("content")
    if request.schema is None or text is None or _is_object(text):
        return answer
    return {**answer, "content": json.dumps(_instance(request.schema, text), ensure_ascii=False)}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _instance(schema: dict[str, Any], text: str) -> Any:
    """A value that fits a JSON schema; its strings are the text."""
    if not schema:
        return {"answer": text}
    if "enum" in schema and isinstance(schema["enum"], list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {name: _instance(each, text) for name, each in schema.get("properties", {}).items()}
    plain = {"integer": 0, "number": 0.0, "boolean": False, "array": [], "null": None}
    return plain.get(str(kind), text)


def _ended(message: dict[str, Any], request: ChatRequest, ids: Ids) -> tuple[dict[str, Any], int]:
    """(the choice without its index, its tokens)."""
    calls = message.get("tool_calls")
    made: dict[str, Any] = {"role": "assistant", "content": message.get("content"), "refusal": message.get("refusal")}
    reason = "tool_calls" if calls else "stop"
    if made["content"] is not None:
        ended = end_text(made["content"], request.max_tokens, request.stops)
        made["content"] = ended.text
        reason = "length" if ended.cut else reason
    if calls:
        made["tool_calls"] = [{"id": "call_" + ids.text(24), **call} for call in calls]
    tokens = count_tokens(message_text({**message, "content": made["content"]}))
    return {"message": made, "logprobs": None, "finish_reason": reason}, tokens


def _usage(prompt: int, completion: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


# Streams


def _chunks(
    head: dict[str, Any], choices: list[dict[str, Any]], usage: dict[str, Any], with_usage: bool, dialect: str
) -> Iterator[dict[str, Any]]:
    more: dict[str, Any] = {"usage": None} if with_usage else {}
    if dialect == AZURE:
        filtered = [{"prompt_index": 0, "content_filter_results": _SAFE}]
        yield {**head, "choices": [], "prompt_filter_results": filtered, **more}
    for choice in choices:
        for delta in _deltas(choice["message"]):
            part = {"index": choice["index"], "delta": delta, "logprobs": None, "finish_reason": None}
            yield {**head, "choices": [part], **more}
        end = {"index": choice["index"], "delta": {}, "logprobs": None, "finish_reason": choice["finish_reason"]}
        yield {**head, "choices": [end], **more}
    if with_usage:
        yield {**head, "choices": [], "usage": usage}


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = message["content"]
    yield {"role": "assistant", "content": None if text is None else "", "refusal": message["refusal"]}
    for piece in _PIECE.findall(text or ""):
        yield {"content": piece}
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        yield {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": function["arguments"]}}]}


def _plain(chunk: dict[str, Any]) -> str:
    return json.dumps(chunk)
