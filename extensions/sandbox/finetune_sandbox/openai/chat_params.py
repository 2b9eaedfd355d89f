# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a chat completion's request, with the host's messages. The known names are those of the openai SDK."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from finetune_sandbox.openai.errors import ApiError, bad_value, missing, one_of
from finetune_sandbox.openai.params import integer, known_only, wrong_type
from finetune_sandbox.server.answers import Prompt, read_prompt

_NAMES = frozenset(
    CompletionCreateParamsBase.__required_keys__ | CompletionCreateParamsBase.__optional_keys__ | {"stream"}
)
_UNPLAYED = ("audio", "functions", "function_call", "logprobs", "top_logprobs", "prediction", "web_search_options")
_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_DECIMALS = {"temperature": (0, 2), "top_p": (0, 1), "presence_penalty": (-2, 2), "frequency_penalty": (-2, 2)}
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True)
class ChatRequest:
    """A request whose form is right. tools: name of the function -> its parameters. forced: the function to call."""

    model: str
    prompt: Prompt
    n: int
    max_tokens: int | None
    stops: tuple[str, ...]
    stream: bool
    include_usage: bool
    tools: dict[str, Any]
    calls: bool
    forced: str | None
    schema: dict[str, Any] | None

    @property
    def wants_json(self) -> bool:
        """Whether the answer must be JSON."""
        return self.schema is not None


def read_chat(body: dict[str, Any], model: str | None) -> ChatRequest:
    """Check a request. model: the deployment of the path, which counts more than the body's model. ApiError 400."""
    name = body.get("model") if model is None else model
    if name is None:
        raise ApiError(400, "you must provide a model parameter")
    if not isinstance(name, str):
        raise wrong_type("model", "a string", name)
    known_only(body, _NAMES)
    for each in _UNPLAYED:
        if body.get(each) not in (None, False):
            message = f"Unsupported parameter: '{each}' is not played by the sandbox."
            raise ApiError(400, message, code="unsupported_parameter", param=each)
    messages = _list(body, "messages", required=True)
    turns = [_message(message, f"messages[{index}]") for index, message in enumerate(messages)]
    _check_calls(messages)
    for each, bounds in _DECIMALS.items():
        _decimal(body.get(each), each, *bounds)
    stream = _flag(body, "stream")
    options = _object(body, "stream_options")
    if options is not None and not stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise ApiError(400, message, param="stream_options")
    tools = _tools(body)
    calls, forced = _tool_choice(body, tools)
    if body.get("seed") is not None:
        integer(body["seed"], "seed", None, None)
    return ChatRequest(
        model=name,
        prompt=read_prompt(turns),
        n=1 if body.get("n") is None else integer(body["n"], "n", 1, 128),
        max_tokens=_max_tokens(body),
        stops=_stops(body),
        stream=stream,
        include_usage=options is not None and _flag(options, "include_usage", "stream_options."),
        tools=tools,
        calls=calls,
        forced=forced,
        schema=_schema(body, turns),
    )


def check_reasoning(body: dict[str, Any]) -> None:
    """What a reasoning model does not take."""
    if body.get("max_tokens") is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise ApiError(400, message, code="unsupported_parameter", param="max_tokens")
    for name in ("temperature", "top_p"):
        if body.get(name) not in (None, 1):
            message = (
                f"Unsupported value: '{name}' does not support {body[name]} with this model. "
                "Only the default (1) value is supported."
            )
            raise ApiError(400, message, code="unsupported_value", param=name)


def _list(body: dict[str, Any], param: str, required: bool = False) -> list[Any]:
    value = body.get(param)
    if value is None:
        if required:
            raise missing(param)
        return []
    if not isinstance(value, list):
        raise wrong_type(param, "an array of objects", value)
    if not value:
        message = f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array"
        raise bad_value(param, f"{message} instead.", "empty_array")
    return value


def _object(body: dict[str, Any], param: str, where: str = "") -> dict[str, Any] | None:
    value = body.get(param)
    if value is not None and not isinstance(value, dict):
        raise wrong_type(where + param, "an object", value)
    return value


def _flag(body: dict[str, Any], param: str, where: str = "") -> bool:
    value = body.get(param)
    if value is not None and not isinstance(value, bool):
        raise wrong_type(where + param, "a boolean", value)
    return bool(value)


def _decimal(value: object, param: str, low: float, high: float) -> None:
    if value is None:
        return
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong_type(param, "a decimal", value)
    if value < low:
        message = f"Invalid '{param}': decimal below minimum value. Expected a value >= {low}, but got {value} instead."
        raise bad_value(param, message, "decimal_below_min_value")
    if value > high:
        message = f"Invalid '{param}': decimal above maximum value. Expected a value <= {high}, but got {value}"
        raise bad_value(param, f"{message} instead.", "decimal_above_max_value")


def _max_tokens(body: dict[str, Any]) -> int | None:
    named = [name for name in ("max_tokens", "max_completion_tokens") if body.get(name) is not None]
    if len(named) == 2:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise ApiError(400, message, code="invalid_parameter_combination", param="max_tokens")
    return integer(body[named[0]], named[0], 1, None) if named else None


def _stops(body: dict[str, Any]) -> tuple[str, ...]:
    value = body.get("stop")
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise wrong_type("stop", "a string or an array of strings", value)
    if len(value) > 4:
        message = (
            "Invalid 'stop': array too long. Expected an array with maximum length 4, "
            f"but got an array with length {len(value)} instead."
        )
        raise bad_value("stop", message, "array_above_max_length")
    return tuple(value)


# Messages


def _message(message: Any, place: str) -> tuple[str, str]:
    """(role, text) of a message."""
    if not isinstance(message, dict):
        raise wrong_type(place, "an object", message)
    role = message.get("role")
    if role is None:
        raise missing(f"{place}.role")
    if role not in _ROLES:
        raise bad_value(f"{place}.role", f"Invalid value: '{role}'. Supported values are: {one_of(list(_ROLES))}.")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise missing(f"{place}.tool_call_id")
    content, calls = message.get("content"), message.get("tool_calls")
    if calls is not None and not _are_calls(calls):
        raise wrong_type(f"{place}.tool_calls", "an array of objects", calls)
    if content is None:
        if role == "assistant" and calls:
            return role, message_text(message)
        raise bad_value(f"{place}.content", "Invalid value for 'content': expected a string, got null.")
    if isinstance(content, list):
        for index, part in enumerate(content):
            _part(part, role, f"{place}.content[{index}]")
    elif not isinstance(content, str):
        raise wrong_type(f"{place}.content", "one of a string or array of objects", content)
    return role, message_text(message)


def _are_calls(calls: Any) -> bool:
    return isinstance(calls, list) and all(
        isinstance(call, dict) and isinstance(call.get("id"), str) and isinstance(call.get("function"), dict)
        for call in calls
    )


def _part(part: Any, role: str, place: str) -> None:
    if not isinstance(part, dict):
        raise wrong_type(place, "an object", part)
    kinds = ["text", "image_url"] if role == "user" else ["text", "refusal"] if role == "assistant" else ["text"]
    kind = part.get("type")
    if kind not in kinds:
        raise bad_value(f"{place}.type", f"Invalid value: '{kind}'. Supported values are: {one_of(kinds)}.")
    if kind == "text" and not isinstance(part.get("text"), str):
        raise wrong_type(f"{place}.text", "a string", part.get("text"))


def message_text(message: dict[str, Any]) -> str:
    """All text of a message of the chat format, that of its calls included."""
    content = message.get("content")
    texts = [content] if isinstance(content, str) else []
    if isinstance(content, list):
        texts = [part.get("text") or part.get("refusal") or "" for part in content if isinstance(part, dict)]
    calls = [call.get("function") for call in message.get("tool_calls") or [] if isinstance(call, dict)]
    for call in (*calls, message.get("function_call")):
        if isinstance(call, dict):
            texts.append(f"{call.get('name')} {call.get('arguments')}")
    return "\n".join(text for text in texts if text)


def _check_calls(messages: list[Any]) -> None:
    """Each call of a tool is answered before the talk goes on, and nothing else is."""
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                text = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                raise ApiError(400, f"Invalid parameter: {text}", param=f"messages.[{index}].role")
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            break
        waiting = [call["id"] for call in message.get("tool_calls") or []]
    if waiting:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}"
        )
        raise ApiError(400, text, param="messages")


# Tools and formats


def _tools(body: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for index, tool in enumerate(_list(body, "tools")):
        place = f"tools[{index}]"
        if not isinstance(tool, dict):
            raise wrong_type(place, "an object", tool)
        if tool.get("type") != "function":
            message = f"Invalid value: '{tool.get('type')}'. Supported values are: 'function'."
            raise bad_value(f"{place}.type", message)
        function = _object(tool, "function", f"{place}.")
        if function is None:
            raise missing(f"{place}.function")
        name = function.get("name")
        if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
            message = f"Invalid '{place}.function.name': string does not match pattern. Expected a string that matches"
            raise bad_value(f"{place}.function.name", f"{message} the pattern '^[a-zA-Z0-9_-]+$'.")
        found[name] = _object(function, "parameters", f"{place}.function.") or {}
        _check_schema(found[name], f"function '{name}'", f"{place}.function.parameters")
    return found


def _check_schema(schema: dict[str, Any], what: str, param: str) -> None:
    """The members that are read of a JSON schema."""
    members = schema.get("properties", {})
    if not isinstance(members, dict) or not all(isinstance(each, dict) for each in members.values()):
        raise bad_value(param, f"Invalid schema for {what}: 'properties' must be an object of schemas.")
    for each in members.values():
        _check_schema(each, what, param)


def _tool_choice(body: dict[str, Any], tools: dict[str, Any]) -> tuple[bool, str | None]:
    """(whether functions may be called, the one that must be)."""
    choice = body.get("tool_choice")
    if choice is None:
        return bool(tools), None
    if not tools:
        message = "'tool_choice' is only allowed when 'tools' are specified."
        raise ApiError(400, f"Invalid value for 'tool_choice': {message}", param="tool_choice")
    if choice in ("none", "auto"):
        return choice == "auto", None
    if choice == "required":
        return True, next(iter(tools))
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(choice, dict) or not isinstance(name, str):
        raise wrong_type("tool_choice", "one of 'none', 'auto', 'required' or an object", choice)
    if name not in tools:
        message = f"Invalid value for 'tool_choice': 'tool_choice' names '{name}', which is not in 'tools'."
        raise ApiError(400, message, param="tool_choice")
    return True, name


def _schema(body: dict[str, Any], turns: list[tuple[str, str]]) -> dict[str, Any] | None:
    """The JSON schema of the answer; an empty one for any object, None for plain text."""
    wanted = _object(body, "response_format")
    if wanted is None or wanted.get("type") == "text":
        return None
    kinds = ["json_object", "json_schema", "text"]
    if wanted.get("type") not in kinds:
        message = f"Invalid value: '{wanted.get('type')}'. Supported values are: {one_of(kinds)}."
        raise bad_value("response_format.type", message)
    if wanted["type"] == "json_object":
        if not any("json" in text.lower() for _role, text in turns):
            message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
            raise ApiError(400, f"{message} 'json_object'.", param="messages")
        return {}
    sent = _object(wanted, "json_schema", "response_format.")
    if sent is None:
        raise missing("response_format.json_schema")
    if not isinstance(sent.get("name"), str):
        raise missing("response_format.json_schema.name")
    schema = _object(sent, "schema", "response_format.json_schema.") or {}
    _check_schema(schema, f"response_format '{sent['name']}'", "response_format")
    return schema
