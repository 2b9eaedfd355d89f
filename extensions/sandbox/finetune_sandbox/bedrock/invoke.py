# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of InvokeModel: each family has its own.

Source: Bedrock user guide, "Inference request parameters and response fields for foundation models".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from finetune_sandbox.bedrock.catalogue import BaseModel
from finetune_sandbox.bedrock.errors import AwsError, invalid
from finetune_sandbox.bedrock.examples import conversation_turns, read_template
from finetune_sandbox.server import strict_json
from finetune_sandbox.server.answers import Ended, Prompt, read_prompt


@dataclass(frozen=True)
class Invocation:
    """What a body asks."""

    prompt: Prompt
    max_tokens: int | None = None
    stops: list[str] = field(default_factory=list)


_Types = Mapping[str, type | tuple[type, ...]]


@dataclass(frozen=True)
class _Form:
    """The keys of a body with their types, and the functions that read and write it."""

    required: _Types
    optional: _Types
    read: Callable[[dict[str, Any]], Invocation]
    write: Callable[[Ended, int, int, str, BaseModel], dict[str, Any]]


_NUMBER = (int, float)
_NAMES = {str: "String", int: "Integer", list: "JSONArray", dict: "JSONObject"}


def read(base: BaseModel, body: bytes) -> Invocation:
    """Check the body of a request; AwsError ValidationException."""
    form = _form(base)
    try:
        document = strict_json.body(body)
    except ValueError as error:
        raise _malformed("Malformed input request, please reformat your input and try again.") from error
    if not isinstance(document, dict):
        raise _wrong_type("#", dict, document)
    _check(document, form.required, form.optional, "#")
    call = form.read(document)
    if call.max_tokens is not None and call.max_tokens < 1:
        raise _malformed(f"Malformed input request: #: {call.max_tokens} is not greater or equal to 1, {_RETRY}")
    return call


def write(base: BaseModel, ended: Ended, tokens_in: int, tokens_out: int, identifier: str) -> dict[str, Any]:
    """The body of the answer."""
    return _form(base).write(ended, tokens_in, tokens_out, identifier, base)


_RETRY = "please reformat your input and try again."


def _malformed(message: str) -> AwsError:
    return invalid(message)


def _wrong_type(where: str, wanted: type | tuple[type, ...], value: Any) -> AwsError:
    name = _NAMES.get(wanted, "Number") if isinstance(wanted, type) else "Number"
    found = "Null" if value is None else _NAMES.get(type(value), type(value).__name__.capitalize())
    return _malformed(f"Malformed input request: {where}: expected type: {name}, found: {found}, {_RETRY}")


def _check(
    document: dict[str, Any],
    required: _Types,
    optional: _Types,
    where: str,
) -> None:
    for key in required:
        if key not in document:
            raise _malformed(f"Malformed input request: {where}: required key [{key}] not found, {_RETRY}")
    for key, value in document.items():
        wanted = required.get(key) or optional.get(key)
        if wanted is None:
            raise _malformed(f"Malformed input request: {where}: extraneous key [{key}] is not permitted, {_RETRY}")
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise _wrong_type(f"{where}/{key}", wanted, value)


def _conversation(document: dict[str, Any]) -> Prompt:
    messages = document["messages"]
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise _wrong_type(f"#/messages/{index}", dict, message)
        _check(message, {"role": str, "content": (str, list)}, {}, f"#/messages/{index}")
    if not messages or messages[-1]["role"] != "user":
        raise _malformed(f"Malformed input request: #/messages: the last message must be of the user, {_RETRY}")
    return read_prompt(conversation_turns(document))


def _stops(value: Any) -> list[str]:
    return [each for each in value or [] if isinstance(each, str)]


def _reason(ended: Ended, plain: str, cut: str, stopped: str) -> str:
    return cut if ended.cut else stopped if ended.stop is not None else plain


# The families


def _read_nova(document: dict[str, Any]) -> Invocation:
    config = document.get("inferenceConfig", {})
    known = ("maxTokens", "max_new_tokens", "temperature", "topP", "top_p", "topK", "top_k")
    _check(config, {}, {**dict.fromkeys(known, _NUMBER), "stopSequences": list}, "#/inferenceConfig")
    limit = config.get("maxTokens", config.get("max_new_tokens"))
    return Invocation(_conversation(document), limit, _stops(config.get("stopSequences")))


def _write_nova(ended: Ended, tokens_in: int, tokens_out: int, _id: str, _base: BaseModel) -> dict[str, Any]:
    return {
        "output": {"message": {"content": [{"text": ended.text}], "role": "assistant"}},
        "stopReason": _reason(ended, "end_turn", "max_tokens", "stop_sequence"),
        "usage": {
            "inputTokens": tokens_in,
            "outputTokens": tokens_out,
            "totalTokens": tokens_in + tokens_out,
            "cacheReadInputTokenCount": 0,
            "cacheWriteInputTokenCount": 0,
        },
    }


def _read_titan(document: dict[str, Any]) -> Invocation:
    config = document.get("textGenerationConfig", {})
    known: _Types = {"maxTokenCount": int, "temperature": _NUMBER, "topP": _NUMBER, "stopSequences": list}
    _check(config, {}, known, "#/textGenerationConfig")
    prompt = Prompt(document["inputText"].strip())
    return Invocation(prompt, config.get("maxTokenCount", 512), _stops(config.get("stopSequences")))


def _write_titan(ended: Ended, tokens_in: int, tokens_out: int, _id: str, _base: BaseModel) -> dict[str, Any]:
    reason = _reason(ended, "FINISH", "LENGTH", "STOP_CRITERIA_MET")
    result = {"tokenCount": tokens_out, "outputText": ended.text, "completionReason": reason}
    return {"inputTextTokenCount": tokens_in, "results": [result]}


def _read_llama(document: dict[str, Any]) -> Invocation:
    return Invocation(read_template(document["prompt"]), document.get("max_gen_len", 512))


def _write_llama(ended: Ended, tokens_in: int, tokens_out: int, _id: str, _base: BaseModel) -> dict[str, Any]:
    return {
        "generation": ended.text,
        "prompt_token_count": tokens_in,
        "generation_token_count": tokens_out,
        "stop_reason": "length" if ended.cut else "stop",
    }


def _read_claude(document: dict[str, Any]) -> Invocation:
    return Invocation(_conversation(document), document["max_tokens"], _stops(document.get("stop_sequences")))


def _write_claude(ended: Ended, tokens_in: int, tokens_out: int, identifier: str, base: BaseModel) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": "message",
        "role": "assistant",
        "model": base.id.removeprefix("anthropic.").partition("-v")[0],
        "content": [{"type": "text", "text": ended.text}],
        "stop_reason": _reason(ended, "end_turn", "max_tokens", "stop_sequence"),
        "stop_sequence": ended.stop,
        "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out},
    }


_NOVA = _Form(
    {"messages": list},
    {"schemaVersion": str, "system": list, "inferenceConfig": dict, "toolConfig": dict},
    _read_nova,
    _write_nova,
)
_TITAN = _Form({"inputText": str}, {"textGenerationConfig": dict}, _read_titan, _write_titan)
_LLAMA = _Form(
    {"prompt": str}, {"temperature": _NUMBER, "top_p": _NUMBER, "max_gen_len": int}, _read_llama, _write_llama
)
_CLAUDE = _Form(
    {"anthropic_version": str, "max_tokens": int, "messages": list},
    {
        "system": (str, list),
        "stop_sequences": list,
        "temperature": _NUMBER,
        "top_p": _NUMBER,
        "top_k": int,
        "anthropic_beta": list,
        "metadata": dict,
    },
    _read_claude,
    _write_claude,
)


def _form(base: BaseModel) -> _Form:
    if base.family.startswith("nova"):
        return _NOVA
    if base.family.startswith("llama"):
        return _LLAMA
    return _CLAUDE if base.family == "claude" else _TITAN
