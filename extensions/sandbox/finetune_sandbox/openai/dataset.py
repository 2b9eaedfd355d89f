# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's check of a training file: its own verdict, independent of the collection's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_sandbox.frame import strict_json
from finetune_sandbox.frame.training_data import BadLine

MIN_EXAMPLES = 10
MAX_IMAGES = 10
MAX_LINE = 128 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "function_call", "tool_calls", "tool_call_id", "refusal"}
)
_ROLES = ("system", "user", "assistant", "tool", "function")
_CHAT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")

SUPERVISED, PREFERENCE, REINFORCEMENT, COMPLETION = "supervised", "dpo", "reinforcement", "completion"


@dataclass(frozen=True)
class Report:
    """The verdict. `code` and `message` are None for a good file."""

    examples: int
    characters: int
    code: str | None = None
    message: str | None = None


def check(path: Path, kind: str, images: bool = True, minimum: int = MIN_EXAMPLES) -> Report:
    """Check a file line by line, in constant memory but for the longest line.

    kind: supervised, dpo, reinforcement or completion. images: whether the model sees images.
    """
    examples = characters = number = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise BadLine("The line is too long.")
                if number == 1 and line.startswith(_BOM):
                    raise BadLine("Unexpected UTF-8 byte order mark; save the file as UTF-8 without BOM.")
                characters += _line(line, kind, images)
                examples += 1
    except BadLine as problem:
        return Report(examples, characters, "invalid_file", f"Invalid file format. Line {number}: {problem}")
    except FileNotFoundError:
        return Report(0, 0, "missing", "The file does not exist any more.")
    if examples < minimum:
        return Report(examples, characters, "invalid_n_examples", f"{examples} example(s)")
    return Report(examples, characters)


def _line(line: bytes, kind: str, images: bool) -> int:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLine(f"Not valid UTF-8 (byte {error.start + 1} of the line).") from error
    if not text.strip():
        raise BadLine("The line is empty; every line must be a JSON object.")
    try:
        example = strict_json.loads(text)
    except ValueError as error:
        raise BadLine(f"Not valid JSON ({error}).") from error
    if not isinstance(example, dict):
        raise BadLine("Every line must be a JSON object.")
    if kind == COMPLETION:
        _completion(example)
    elif kind == PREFERENCE:
        _preference(example)
    elif kind == REINFORCEMENT:
        _conversation(example, images, last=("user",), developer=True)
    else:
        unknown = set(example) - _CHAT_KEYS
        if "messages" not in example:
            raise BadLine("Missing required key 'messages'.")
        if unknown:
            raise BadLine(f"Unexpected key {sorted(unknown)[0]!r}.")
        roles = _conversation(example, images, last=("assistant",))
        if "assistant" not in roles:
            raise BadLine("At least one message with role 'assistant' is required.")
    return len(text)


def _completion(example: dict[str, Any]) -> None:
    for key in ("prompt", "completion"):
        if not isinstance(example.get(key), str):
            raise BadLine(f"Key {key!r} is required and must be a string.")
    if not example["completion"]:
        raise BadLine("'completion' must not be empty.")
    unknown = set(example) - {"prompt", "completion"}
    if unknown:
        raise BadLine(f"Unexpected key {sorted(unknown)[0]!r}.")


def _preference(example: dict[str, Any]) -> None:
    wanted = {"input", "preferred_output", "non_preferred_output"}
    for key in sorted(wanted - set(example)):
        raise BadLine(f"Missing required key {key!r}.")
    for key in sorted(set(example) - wanted):
        raise BadLine(f"Unexpected key {key!r}.")
    if not isinstance(example["input"], dict):
        raise BadLine("'input' must be an object with 'messages'.")
    for key in sorted(set(example["input"]) - _CHAT_KEYS):
        raise BadLine(f"Unexpected key 'input.{key}'.")
    _conversation(example["input"], images=False, last=("system", "user", "tool", "function"), where="input.")
    for key in ("preferred_output", "non_preferred_output"):
        output = example[key]
        if not isinstance(output, list) or not output:
            raise BadLine(f"'{key}' must be a list with one assistant message.")
        for index, message in enumerate(output):
            _message(message, f"{key}[{index}]", images=False, roles=_ROLES)
            if message["role"] not in {"assistant", "tool"}:
                raise BadLine(f"'{key}[{index}].role' must be 'assistant', got {message['role']!r}.")
        if output[-1]["role"] != "assistant":
            raise BadLine(f"'{key}' must end with an assistant message.")


def _conversation(
    example: dict[str, Any], images: bool, last: tuple[str, ...], where: str = "", developer: bool = False
) -> list[str]:
    messages = example.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadLine(f"'{where}messages' must be a list with at least one message.")
    _tools(example, where)
    roles = (*_ROLES, "developer") if developer else _ROLES
    called: set[str] = set()
    pictures = 0
    for index, message in enumerate(messages):
        place = f"{where}messages[{index}]"
        pictures += _message(message, place, images, roles)
        called.update(call["id"] for call in message.get("tool_calls") or ())
        if message["role"] == "tool" and message["tool_call_id"] not in called:
            raise BadLine(f"'{place}.tool_call_id' does not answer a call made before it.")
    if pictures > MAX_IMAGES:
        raise BadLine(f"Too many images: {pictures}; at most {MAX_IMAGES} per example.")
    if messages[-1]["role"] not in last:
        wanted = "must not come from the assistant" if len(last) > 1 else f"must have role {last[0]!r}"
        raise BadLine(f"The last message {wanted}, got {messages[-1]['role']!r}.")
    return [message["role"] for message in messages]


def _tools(example: dict[str, Any], where: str) -> None:
    tools = example.get("tools")
    if tools is not None:
        if not isinstance(tools, list) or not tools:
            raise BadLine(f"'{where}tools' must be a list of tools.")
        for index, tool in enumerate(tools):
            function = tool.get("function") if isinstance(tool, dict) else None
            if not isinstance(function, dict) or tool.get("type") != "function":
                raise BadLine(f"'{where}tools[{index}]' must be {{'type': 'function', 'function': {{...}}}}.")
            _function(function, f"{where}tools[{index}].function")
    functions = example.get("functions")
    if functions is not None:
        if not isinstance(functions, list) or not 1 <= len(functions) <= 128:
            raise BadLine(f"'{where}functions' must be a list of 1 to 128 functions.")
        for index, function in enumerate(functions):
            if not isinstance(function, dict):
                raise BadLine(f"'{where}functions[{index}]' must be an object.")
            _function(function, f"{where}functions[{index}]")
    parallel = example.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise BadLine(f"'{where}parallel_tool_calls' must be true or false.")


def _function(function: dict[str, Any], place: str) -> None:
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise BadLine(f"'{place}.name' must be a name of letters, digits, '_' and '-'.")
    if not isinstance(function.get("parameters", {}), dict):
        raise BadLine(f"'{place}.parameters' must be a JSON schema.")


def _message(message: Any, place: str, images: bool, roles: tuple[str, ...]) -> int:
    """Check one message; returns how many images it has."""
    if not isinstance(message, dict):
        raise BadLine(f"'{place}' must be an object.")
    role = message.get("role")
    if role not in roles:
        raise BadLine(f"'{place}.role' must be one of {', '.join(roles)}; got {role!r}.")
    for key in sorted(set(message) - _MESSAGE_KEYS):
        raise BadLine(f"Unexpected key '{place}.{key}'.")
    if "weight" in message and (role != "assistant" or message["weight"] not in (0, 1) or message["weight"] is True):
        raise BadLine(f"'{place}.weight' must be 0 or 1, in an assistant message.")
    calls = message.get("tool_calls")
    if calls is not None:
        if role != "assistant" or not isinstance(calls, list) or not calls:
            raise BadLine(f"'{place}.tool_calls' must be a list of calls, in an assistant message.")
        for index, call in enumerate(calls):
            _call(call, f"{place}.tool_calls[{index}]")
    if message.get("function_call") is not None:
        _arguments(message["function_call"], f"{place}.function_call")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise BadLine(f"'{place}.tool_call_id' is required in a tool message.")
    if role == "function" and not isinstance(message.get("name"), str):
        raise BadLine(f"'{place}.name' is required in a function message.")
    content = message.get("content")
    if content is None:
        if role == "assistant" and (calls or message.get("function_call") or message.get("refusal")):
            return 0
        raise BadLine(f"'{place}.content' is required.")
    if isinstance(content, str):
        return 0
    if not isinstance(content, list) or not content:
        raise BadLine(f"'{place}.content' must be a string or a list of parts.")
    return sum(_part(part, f"{place}.content[{index}]", role, images) for index, part in enumerate(content))


def _call(call: Any, place: str) -> None:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str) or call.get("type") != "function":
        raise BadLine(f"'{place}' must have 'id', 'type': 'function' and 'function'.")
    _arguments(call.get("function"), f"{place}.function")


def _arguments(function: Any, place: str) -> None:
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise BadLine(f"'{place}.name' is required.")
    if not isinstance(function.get("arguments"), str):
        raise BadLine(f"'{place}.arguments' must be a string of JSON.")
    try:
        json.loads(function["arguments"])
    except (ValueError, RecursionError) as error:
        raise BadLine(f"'{place}.arguments' is not JSON.") from error


def _part(part: Any, place: str, role: str, images: bool) -> int:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        if not isinstance(part.get("text"), str):
            raise BadLine(f"'{place}.text' must be a string.")
        return 0
    if kind == "image_url":
        if role != "user":
            raise BadLine(f"'{place}': images are allowed in user messages only.")
        if not images:
            raise BadLine(f"'{place}': this model cannot be fine-tuned with images.")
        url = part["image_url"].get("url") if isinstance(part.get("image_url"), dict) else None
        if not isinstance(url, str) or not re.match(r"https?://.|data:image/(jpeg|png|webp);base64,.", url):
            raise BadLine(f"'{place}.image_url.url' must be an http(s) URL or a JPEG, PNG or WEBP data URL.")
        return 1
    raise BadLine(f"'{place}.type' must be 'text' or 'image_url'; got {kind!r}.")
