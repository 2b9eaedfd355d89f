# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generative AI Inference: chat, on demand with base models, or with the model of an endpoint."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from finetune_sandbox.oci import catalogue, schema
from finetune_sandbox.oci.endpoints import served_model
from finetune_sandbox.oci.errors import OciError, invalid
from finetune_sandbox.oci.models import known_base
from finetune_sandbox.oci.resources import Made
from finetune_sandbox.oci.schema import INFERENCE
from finetune_sandbox.oci.service import ParsedRequest, Service
from finetune_sandbox.oci.state import Model
from finetune_sandbox.oci.store import Store
from finetune_sandbox.server.answers import (
    BASE_TEXT,
    FIXED,
    PLAYED,
    TRAINED,
    UNREFERENCED_TEXT,
    Ended,
    Prompt,
    count_tokens,
    end_text,
    read_prompt,
)
from finetune_sandbox.server.web import Response

_GENERIC, _COHERE = "GENERIC", "COHERE"
_BOUNDS: dict[str, tuple[float, float]] = {
    "maxTokens": (1, 200_000),
    "maxCompletionTokens": (1, 200_000),
    "numGenerations": (1, 5),
    "temperature": (0, 2),
    "topP": (0, 1),
    "frequencyPenalty": (-2, 2),
    "presencePenalty": (-2, 2),
}
_UNPLAYED = ("isStream", "tools", "toolResults", "documents", "logProbs", "prediction", "webSearchOptions")


class Chat:
    """The operation Chat."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store = store
        service.handlers["Chat"] = self.chat

    def chat(self, request: ParsedRequest) -> Made:
        """Chat."""
        store, details = self._store, request.members
        store.known_compartment(details["compartmentId"])
        model, name = self._find(details["servingMode"])
        base = known_base(model)
        if catalogue.CHAT not in base.capabilities:
            raise invalid(f"The model {name} does not support chat.")
        asked = details["chatRequest"]
        if asked["apiFormat"] != (_COHERE if base.vendor == "cohere" else _GENERIC):
            raise invalid("Chat request's apiFormat must match serving model's API type. Please check the model.")
        _check_request(asked)
        prompt = read_prompt(_cohere_turns(asked) if asked["apiFormat"] == _COHERE else _generic_turns(asked))
        text, source = self._answer(model, prompt)
        limit = asked.get("maxTokens", asked.get("maxCompletionTokens"))
        ended = end_text(text, limit, asked.get("stop", asked.get("stopSequences", [])))
        write = _cohere if asked["apiFormat"] == _COHERE else _generic
        result = {
            "modelId": name,
            "modelVersion": model.version or base.version,
            "chatResponse": write(asked, ended, prompt, store.clock.now()),
        }
        return Response(schema.show(INFERENCE, "ChatResult", result), headers={PLAYED: source}), ""

    def _find(self, mode: dict[str, Any]) -> tuple[Model, str]:
        """(the model that answers, its name in the answer); OciError."""
        store = self._store
        if mode["servingType"] == "DEDICATED":
            model = served_model(store, mode["endpointId"])
            return model, model.id
        name = mode["modelId"]
        today = datetime.fromtimestamp(store.clock.now(), timezone.utc).date().isoformat()
        for model in store.models.values():
            base = model.base
            if base is None or not model.pretrained or name not in {model.id, base.name}:
                continue
            if base.on_demand_retired is None or today < base.on_demand_retired:
                return model, name
        raise OciError(404, "NotAuthorizedOrNotFound", f"Entity with key {name} not found")

    def _answer(self, model: Model, prompt: Prompt) -> tuple[str, str]:
        """(the whole text, where it is from)."""
        if model.pretrained:
            return BASE_TEXT, FIXED
        found = None if model.data is None else self._store.library.find(model.data, prompt)
        return (UNREFERENCED_TEXT, FIXED) if found is None else (str(found), TRAINED)


def _check_request(asked: dict[str, Any]) -> None:
    for name in _UNPLAYED:
        if asked.get(name) not in (None, False):
            raise invalid(f"The sandbox does not play {name}.")
    if asked.get("responseFormat", {}).get("type", "TEXT") != "TEXT":
        raise invalid("The sandbox does not play responseFormat, except TEXT.")
    for name, (low, high) in _BOUNDS.items():
        if name in asked and not low <= asked[name] <= high:
            raise invalid(f"{name} must be from {low} to {high}, got {asked[name]}.")


# The two formats


def _generic_turns(asked: dict[str, Any]) -> list[tuple[str, str]]:
    messages = asked.get("messages")
    if not messages:
        raise invalid("messages must have at least one message.")
    if messages[-1]["role"] != "USER":
        raise invalid("The last message must have the role USER.")
    return [(message["role"].lower(), _text(message.get("content", []))) for message in messages]


def _text(content: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] for part in content if part["type"] == "TEXT" and part.get("text"))


def _cohere_turns(asked: dict[str, Any]) -> list[tuple[str, str]]:
    before = [(each["role"].lower(), str(each.get("message", ""))) for each in asked.get("chatHistory", [])]
    return [("system", asked.get("preambleOverride", "")), *before, ("user", asked["message"])]


def _usage(prompt: Prompt, ended: Ended, times: int = 1) -> dict[str, Any]:
    asked, made = count_tokens(prompt.text), count_tokens(ended.text) * times
    return {"promptTokens": asked, "completionTokens": made, "totalTokens": asked + made}


def _generic(asked: dict[str, Any], ended: Ended, prompt: Prompt, now: float) -> dict[str, Any]:
    message = {"role": "ASSISTANT", "content": [{"type": "TEXT", "text": ended.text}]}
    reason, times = "length" if ended.cut else "stop", asked.get("numGenerations", 1)
    return {
        "apiFormat": _GENERIC,
        "timeCreated": now,
        "choices": [{"index": index, "message": message, "finishReason": reason} for index in range(times)],
        "usage": _usage(prompt, ended, times),
    }


def _cohere(asked: dict[str, Any], ended: Ended, prompt: Prompt, _now: float) -> dict[str, Any]:
    turns = [{"role": "USER", "message": asked["message"]}, {"role": "CHATBOT", "message": ended.text}]
    return {
        "apiFormat": _COHERE,
        "text": ended.text,
        "chatHistory": [*asked.get("chatHistory", []), *turns],
        "finishReason": "MAX_TOKENS" if ended.cut else "COMPLETE",
        "usage": _usage(prompt, ended),
    }
