# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bedrock Runtime: Converse and InvokeModel. A custom model answers through a deployment or a throughput only."""

from __future__ import annotations

import json
from typing import Any

from finetune_sandbox.bedrock import invoke, service
from finetune_sandbox.bedrock.catalogue import BaseModel
from finetune_sandbox.bedrock.errors import AwsError, invalid, not_found
from finetune_sandbox.bedrock.examples import conversation_turns
from finetune_sandbox.bedrock.serving import Problem, serving
from finetune_sandbox.bedrock.state import CustomModel
from finetune_sandbox.bedrock.store import Store
from finetune_sandbox.server.answers import (
    BASE_TEXT,
    FIXED,
    PLAYED,
    TRAINED,
    UNREFERENCED_TEXT,
    Library,
    Prompt,
    count_tokens,
    end_text,
    read_prompt,
)
from finetune_sandbox.server.web import Response

_PROFILE_FAMILIES = frozenset({"nova-2", "llama-3.2", "llama-3.3"})
_PROFILE_MODELS = frozenset({"amazon.nova-premier-v1:0"})
"""Base models that answer under an inference profile only."""
_UNPLAYED = ("guardrailConfig", "promptVariables", "additionalModelResponseFieldPaths", "outputConfig")
_BAD_IDENTIFIER = "The provided model identifier is invalid."
_NOT_READY = "The model specified in the request is not ready to serve inference requests."
_NO_TEXT = "This action doesn't support the model that you provided. Try again with a supported text or chat model."
Model = CustomModel | BaseModel


class Runtime:
    """The operations. They hold the store's lock only to find the model."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store, self._library = store, library

    def handle(self, name: str, region: str, members: dict[str, Any]) -> Response:
        """Converse or InvokeModel."""
        model = self._find(region, members["modelId"])
        base = model.base if isinstance(model, CustomModel) else model
        if "TEXT" not in base.outputs:
            raise invalid(_NO_TEXT)
        return self._converse(model, base, members) if name == "Converse" else self._invoke(model, base, members)

    def _find(self, region_name: str, identifier: str) -> Model:
        """The model that answers under an identifier; AwsError."""
        store, name = self._store, identifier
        profile = ":inference-profile/" in identifier or identifier.startswith("us.")
        if profile:
            name = identifier.rpartition("/")[2].removeprefix("us.")
        with store.lock:
            found = serving(store, store.region(region_name), name)
        problem = found.problem
        if identifier.startswith("arn:") and identifier.split(":")[3] != region_name:
            raise invalid(_BAD_IDENTIFIER)
        if problem in {Problem.NOT_READY, Problem.FAILED}:
            raise AwsError(429, "ModelNotReadyException", _NOT_READY)
        if problem in {Problem.MISSING, Problem.DELETING} and _is_served(identifier):
            raise not_found(f"The specified resource ARN {identifier} was not found. Check the ARN and try again.")
        if problem is Problem.NEEDS_THROUGHPUT:
            raise invalid("The provided model doesn't support on-demand throughput.")
        base = found.model
        if isinstance(base, BaseModel) and not profile and not _is_served(identifier) and _needs_profile(base):
            problem = Problem.NOT_DEPLOYED
        if problem is Problem.NOT_DEPLOYED and (identifier.startswith("arn:") or base is not None):
            message = (
                f"Invocation of model ID {identifier} with on-demand throughput isn\u2019t supported. "
                "Retry your request with the ID or ARN of an inference profile that contains this model."
            )
            raise invalid(message)
        if problem is not None or base is None:
            raise invalid(_BAD_IDENTIFIER)
        return base

    def _answer(self, model: Model, prompt: Prompt) -> tuple[str, str]:
        """(the whole text, where it is from)."""
        if isinstance(model, BaseModel):
            return BASE_TEXT, FIXED
        data = None if model.job is None else model.job.data
        found = None if data is None else self._library.find(data, prompt)
        return (UNREFERENCED_TEXT, FIXED) if found is None else (str(found), TRAINED)

    def _converse(self, model: Model, base: BaseModel, members: dict[str, Any]) -> Response:
        _check_conversation(members, base)
        prompt = read_prompt(conversation_turns(members))
        text, source = self._answer(model, prompt)
        config = members.get("inferenceConfig", {})
        ended = end_text(text, config.get("maxTokens"), config.get("stopSequences", []))
        reason = "max_tokens" if ended.cut else "stop_sequence" if ended.stop is not None else "end_turn"
        tokens = (count_tokens(prompt.text), count_tokens(ended.text))
        body = {
            "output": {"message": {"role": "assistant", "content": [{"text": ended.text}]}},
            "stopReason": reason,
            "usage": {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)},
            "metrics": {"latencyMs": 1},
        }
        status, shaped = service.write_response("Converse", body)
        return Response(shaped, status, {PLAYED: source})

    def _invoke(self, model: Model, base: BaseModel, members: dict[str, Any]) -> Response:
        call = invoke.read(base, members.get("body", b""))
        text, source = self._answer(model, call.prompt)
        ended = end_text(text, call.max_tokens, call.stops)
        tokens = (count_tokens(call.prompt.text), count_tokens(ended.text))
        identifier = "msg_bdrk_" + self._store.ids.text(24)
        body = invoke.write(base, ended, *tokens, identifier)
        headers = {
            PLAYED: source,
            "Content-Type": "application/json",
            "X-Amzn-Bedrock-Input-Token-Count": str(tokens[0]),
            "X-Amzn-Bedrock-Output-Token-Count": str(tokens[1]),
            "X-Amzn-Bedrock-Invocation-Latency": "1",
        }
        return Response(json.dumps(body, ensure_ascii=False).encode(), 200, headers)


def _is_served(identifier: str) -> bool:
    """Whether it is the ARN of a deployment or of provisioned throughput."""
    return ":custom-model-deployment/" in identifier or ":provisioned-model/" in identifier


def _needs_profile(base: BaseModel) -> bool:
    return base.family in _PROFILE_FAMILIES or base.id in _PROFILE_MODELS


def _check_conversation(members: dict[str, Any], base: BaseModel) -> None:
    """The rules of Converse that stand in no shape."""
    for name in _UNPLAYED:
        if name in members:
            raise invalid(f"The sandbox does not play {name}.")
    if "auto" not in members.get("toolConfig", {}).get("toolChoice", {"auto": {}}):
        raise invalid("The sandbox does not play toolConfig.toolChoice, except auto.")
    messages = members.get("messages")
    if not messages:
        raise invalid(
            "1 validation error detected: Value null at 'messages' failed to satisfy constraint: "
            "Member must not be null"
        )
    for index, message in enumerate(messages):
        _check_content(message["content"], f"messages.{index}", "IMAGE" in base.inputs)
    roles = [message["role"] for message in messages]
    if roles[0] != "user":
        raise invalid(
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(one == other for one, other in zip(roles, roles[1:], strict=False)):
        raise invalid(
            "A conversation must alternate between user and assistant roles. Make sure the conversation "
            "alternates between user and assistant roles and try again."
        )
    if roles[-1] != "user":
        raise invalid(
            "A conversation must end with a user message. Try again with a conversation that ends with a user message."
        )


def _check_content(content: list[dict[str, Any]], where: str, images: bool) -> None:
    if not content:
        raise invalid(
            f"The content field in the Message object at {where} is empty. "
            "Add a ContentBlock object to the content field and try again."
        )
    for index, block in enumerate(content):
        if "text" in block and not block["text"].strip():
            raise invalid(
                f"The text field in the ContentBlock object at {where}.content.{index} is blank. "
                "Add text to the text field, and try again."
            )
        for kind in ("image", "video", "document"):
            if kind in block and not (images and kind == "image"):
                raise invalid(f"This model doesn't support the {kind} field. Remove {kind} and try again.")
