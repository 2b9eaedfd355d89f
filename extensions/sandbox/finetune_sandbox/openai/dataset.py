# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's check of a training file: its own verdict, independent of the collection's.

The rules, with their sources, stand in docs/data_rules.md. Where sources disagree, this host refuses (docs/sandbox.md
lists those rules).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune_sandbox.openai.errors import AZURE, MINIMAL, OPENAI
from finetune_sandbox.server import strict_json
from finetune_sandbox.server.training_data import BadLine

MIN_EXAMPLES = 10
MAX_LINE = 900 * 1000 * 1000
"""Bytes of a line: 64 images of 10 MB in base64, and some text."""
MAX_TEXT = 4 * 1024 * 1024
"""Bytes of a line without the images that are in it."""
MAX_IMAGE = 10 * 1000 * 1000
MAX_IMAGES = {OPENAI: 10, AZURE: 64}
MAX_IMAGE_EXAMPLES = 50_000
MAX_REINFORCEMENT = 50_000
MAX_REINFORCEMENT_VALIDATION = {OPENAI: 1_000}
_BOM = b"\xef\xbb\xbf"
_KEYS = {
    "system": {"role", "content", "name"},
    "developer": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {"role", "content", "name", "weight", "function_call", "tool_calls", "refusal"},
    "tool": {"role", "content", "name", "tool_call_id"},
    "function": {"role", "content", "name"},
}
_ROLES = ("system", "user", "assistant", "tool", "function")
_CHAT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_INPUT_KEYS = _CHAT_KEYS - {"functions"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMAGE = re.compile(r"data:(?P<type>[^;,]*);base64,(?P<data>[A-Za-z0-9+/]+={0,2})")
_TOKENS = re.compile(
    r"<\|(?:endoftext|endofprompt|startoftext|fim_prefix|fim_middle|fim_suffix|im_start|im_end|im_sep"
    r"|start|end|message|channel|constrain|call|return)\|>"
)

SUPERVISED, PREFERENCE, REINFORCEMENT, COMPLETION = "supervised", "dpo", "reinforcement", "completion"


@dataclass(frozen=True)
class Report:
    """The verdict. `code` and `message` are None for a good file."""

    examples: int
    characters: int
    code: str | None = None
    message: str | None = None


def check(
    path: Path,
    kind: str,
    images: bool = True,
    minimum: int = MIN_EXAMPLES,
    dialect: str = OPENAI,
    validation: bool = False,
) -> Report:
    """Check a file line by line, in constant memory but for the longest line.

    kind: supervised, dpo, reinforcement or completion. images: whether the model sees images.
    """
    examples = characters = number = pictured = 0
    checker = Checker(dialect, images)
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise BadLine("The line is too long.")
                if number == 1 and line.startswith(_BOM):
                    if dialect != AZURE:
                        raise BadLine("Unexpected UTF-8 byte order mark; save the file as UTF-8 without BOM.")
                    line = line.removeprefix(_BOM)
                characters += _line(line, kind, checker)
                pictured += checker.pictures > 0
                examples += 1
    except BadLine as problem:
        return Report(examples, characters, "invalid_file", f"Invalid file format. Line {number}: {problem}")
    except FileNotFoundError:
        return Report(0, 0, "missing", "The file does not exist any more.")
    if examples < minimum:
        return Report(examples, characters, "invalid_n_examples", f"{examples} example(s)")
    too_many = _too_many(kind, dialect, validation, examples, pictured)
    if too_many:
        return Report(examples, characters, "invalid_file", f"Invalid file format. {too_many}")
    return Report(examples, characters)


def _too_many(kind: str, dialect: str, validation: bool, examples: int, pictured: int) -> str | None:
    if dialect in MINIMAL:
        return None
    if pictured > MAX_IMAGE_EXAMPLES:
        return f"Too many examples with images: {pictured}; at most {MAX_IMAGE_EXAMPLES} are allowed."
    most = MAX_REINFORCEMENT_VALIDATION.get(dialect) if validation else MAX_REINFORCEMENT
    if kind == REINFORCEMENT and most and examples > most:
        return f"Too many examples for reinforcement: {examples}; at most {most} are allowed."
    return None


def _line(line: bytes, kind: str, checker: Checker) -> int:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLine(f"Not valid UTF-8 (byte {error.start + 1} of the line).") from error
    if not text.strip():
        raise BadLine("The line is empty; every line must be a JSON object.")
    try:
        example = strict_json.loads(text, unique=True)
    except ValueError as error:
        raise BadLine(f"Not valid JSON ({error}).") from error
    if not isinstance(example, dict):
        raise BadLine("Every line must be a JSON object.")
    checker.example(example, kind)
    if len(line) - checker.image_characters > MAX_TEXT:
        raise BadLine("The line is too long.")
    return len(text)


@dataclass
class _Talk:
    """What a conversation has called so far: ids of all calls, those without an answer, a function without one."""

    calls: set[str] = field(default_factory=set)
    waiting: dict[str, str] = field(default_factory=dict)
    function: str = ""

    def moved_on(self, role: str) -> None:
        """Another message follows."""
        if role != "tool" and self.waiting:
            raise BadLine(f"'{next(iter(self.waiting.values()))}' is not answered by a tool message.")
        if role != "function" and self.function:
            raise BadLine(f"'{self.function}' is not answered by a function message.")
        self.function = ""


class Checker:
    """Checks examples for one kind of host."""

    def __init__(self, dialect: str, images: bool, steered: bool = True) -> None:
        """images: whether the model sees them. steered: whether the names of its own tokens are refused."""
        self.dialect = dialect
        self.images = images
        self.steered = steered
        self.pictures = 0
        self.image_characters = 0

    def example(self, example: dict[str, Any], kind: str) -> None:
        """Check one example of a training file; BadLine."""
        self.pictures = self.image_characters = 0
        if kind == COMPLETION:
            self._completion(example)
        elif kind == PREFERENCE:
            self._preference(example)
        elif kind == REINFORCEMENT:
            self.conversation(example, last=("user",), developer=True)
        else:
            if "messages" not in example:
                raise BadLine("Missing required key 'messages'.")
            _only(example, _CHAT_KEYS)
            roles = self.conversation(example, last=("assistant",))
            if "assistant" not in roles:
                raise BadLine("At least one message with role 'assistant' is required.")

    def _completion(self, example: dict[str, Any]) -> None:
        for key in ("prompt", "completion"):
            if not isinstance(example.get(key), str):
                raise BadLine(f"Key {key!r} is required and must be a string.")
            if not example[key]:
                raise BadLine(f"'{key}' must not be empty.")
            self._text(example[key], key)
        _only(example, {"prompt", "completion"})

    def _preference(self, example: dict[str, Any]) -> None:
        wanted = {"input", "preferred_output", "non_preferred_output"}
        for key in sorted(wanted - set(example)):
            raise BadLine(f"Missing required key {key!r}.")
        _only(example, wanted)
        if not isinstance(example["input"], dict):
            raise BadLine("'input' must be an object with 'messages'.")
        _only(example["input"], _INPUT_KEYS, "input.")
        self.images = False
        self.conversation(example["input"], last=("user", "tool"), where="input.")
        for key in ("preferred_output", "non_preferred_output"):
            output = example[key]
            if not isinstance(output, list) or not output:
                raise BadLine(f"'{key}' must be a list with one assistant message.")
            roles = self._messages(output, key, _ROLES)
            if "assistant" not in roles or not {"assistant", "tool"}.issuperset(roles):
                raise BadLine(f"'{key}' must be a list with one assistant message, got {', '.join(roles)}.")
            if len(roles) > 1 and self.dialect != AZURE:
                raise BadLine(f"'{key}' must be a list with one assistant message, got {len(roles)} messages.")

    def conversation(
        self, example: dict[str, Any], last: tuple[str, ...], where: str = "", developer: bool = False
    ) -> list[str]:
        """Check messages and tools; returns the roles. BadLine."""
        messages = example.get("messages")
        if not isinstance(messages, list) or not messages:
            raise BadLine(f"'{where}messages' must be a list with at least one message.")
        self._tools(example, where)
        roles = self._messages(messages, f"{where}messages", (*_ROLES, "developer") if developer else _ROLES)
        most = MAX_IMAGES.get(self.dialect)
        if most and self.pictures > most:
            raise BadLine(f"Too many images: {self.pictures}; at most {most} per example.")
        if roles[-1] not in last:
            wanted = f"must have role {' or '.join(map(repr, last))}"
            raise BadLine(f"The last message {wanted}, got {roles[-1]!r}.")
        return roles

    def _messages(self, messages: list[Any], where: str, roles: tuple[str, ...]) -> list[str]:
        talk = _Talk()
        for index, message in enumerate(messages):
            self._message(message, f"{where}[{index}]", roles, talk)
        if messages[-1]["role"] == "tool":
            talk.moved_on("")
        return [message["role"] for message in messages]

    def _tools(self, example: dict[str, Any], where: str) -> None:
        if "tools" in example:
            tools = example["tools"]
            if not isinstance(tools, list) or not (tools or where == "input."):
                raise BadLine(f"'{where}tools' must be a list of tools.")
            for index, tool in enumerate(tools):
                if not isinstance(tool, dict) or tool.get("type") != "function" or "function" not in tool:
                    raise BadLine(f"'{where}tools[{index}]' must be {{'type': 'function', 'function': {{...}}}}.")
            self._functions([tool["function"] for tool in tools], f"{where}tools", ".function")
            self._text(json.dumps(tools, ensure_ascii=False), f"{where}tools")
        if "functions" in example:
            functions = example["functions"]
            if not isinstance(functions, list) or not 1 <= len(functions) <= 128:
                raise BadLine(f"'{where}functions' must be a list of 1 to 128 functions.")
            self._functions(functions, f"{where}functions", "")
            self._text(json.dumps(functions, ensure_ascii=False), f"{where}functions")
        if not isinstance(example.get("parallel_tool_calls", True), bool):
            raise BadLine(f"'{where}parallel_tool_calls' must be true or false.")

    def _functions(self, functions: list[Any], where: str, after: str) -> None:
        names: set[str] = set()
        for index, function in enumerate(functions):
            place = f"{where}[{index}]{after}"
            if not isinstance(function, dict):
                raise BadLine(f"'{place}' must be an object.")
            name = function.get("name")
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise BadLine(f"'{place}.name' must be a name of letters, digits, '_' and '-'.")
            if name in names:
                raise BadLine(f"'{place}.name' {name!r} is declared twice.")
            names.add(name)
            if not isinstance(function.get("parameters", {}), dict):
                raise BadLine(f"'{place}.parameters' must be a JSON schema.")
            if not isinstance(function.get("description", ""), str):
                raise BadLine(f"'{place}.description' must be a string.")

    def _message(self, message: Any, place: str, roles: tuple[str, ...], talk: _Talk) -> None:
        if not isinstance(message, dict):
            raise BadLine(f"'{place}' must be an object.")
        role = message.get("role")
        if role not in roles:
            raise BadLine(f"'{place}.role' must be one of {', '.join(roles)}; got {role!r}.")
        talk.moved_on(role)
        for key in sorted(set(message) - _KEYS[role]):
            raise BadLine(f"Unexpected key '{place}.{key}'.")
        if "name" in message or role == "function":
            name = message.get("name")
            if not isinstance(name, str) or not name:
                raise BadLine(f"'{place}.name' must be a string that is not empty.")
        has_output = self._assistant(message, place, talk) if role == "assistant" else False
        if role == "tool":
            answered = message.get("tool_call_id")
            if not isinstance(answered, str) or talk.waiting.pop(answered, None) is None:
                raise BadLine(f"'{place}.tool_call_id' does not answer a call made before it.")
        self._content(message.get("content"), place, role, has_output)

    def _assistant(self, message: dict[str, Any], place: str, talk: _Talk) -> bool:
        """Whether the message may do without content."""
        weight = message.get("weight", 1)
        if isinstance(weight, bool) or weight not in (0, 1):
            raise BadLine(f"'{place}.weight' must be 0 or 1, in an assistant message.")
        calls = message.get("tool_calls")
        if calls is not None:
            if not isinstance(calls, list) or not calls:
                raise BadLine(f"'{place}.tool_calls' must be a list of calls, in an assistant message.")
            for index, call in enumerate(calls):
                self._call(call, f"{place}.tool_calls[{index}]", talk)
        function = message.get("function_call")
        if function is not None:
            self._arguments(function, f"{place}.function_call")
            talk.function = f"{place}.function_call"
        refusal = message.get("refusal")
        if refusal is not None:
            if not isinstance(refusal, str):
                raise BadLine(f"'{place}.refusal' must be a string.")
            self._text(refusal, f"{place}.refusal")
        return calls is not None or function is not None or bool(refusal)

    def _content(self, content: Any, place: str, role: str, has_output: bool) -> None:
        if content is None and not has_output:
            raise BadLine(f"'{place}.content' is required.")
        if content is None:
            return
        if isinstance(content, str):
            if not content and not has_output:
                raise BadLine(f"'{place}.content' must not be empty.")
            self._text(content, f"{place}.content")
            return
        if not isinstance(content, list) or not content or role in {"tool", "function"}:
            raise BadLine(f"'{place}.content' must be a string{'' if role == 'tool' else ' or a list of parts'}.")
        filled = [self._part(part, f"{place}.content[{index}]", role) for index, part in enumerate(content)]
        if not any(filled) and not has_output:
            raise BadLine(f"'{place}.content' must not be empty.")

    def _call(self, call: Any, place: str, talk: _Talk) -> None:
        identity = call.get("id") if isinstance(call, dict) else None
        if not isinstance(identity, str) or not identity or call.get("type") != "function":
            raise BadLine(f"'{place}' must have 'id', 'type': 'function' and 'function'.")
        if identity in talk.calls:
            raise BadLine(f"'{place}.id' {identity!r} was used before.")
        talk.calls.add(identity)
        talk.waiting[identity] = place
        self._arguments(call.get("function"), f"{place}.function")

    def _arguments(self, function: Any, place: str) -> None:
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not name:
            raise BadLine(f"'{place}.name' is required.")
        self._text(name, f"{place}.name")
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            raise BadLine(f"'{place}.arguments' must be a string of JSON.")
        self._text(arguments, f"{place}.arguments")
        held: Any = arguments
        for _unused in range(2):  # the cookbook's own data are encoded twice
            if not isinstance(held, dict):
                held = _loaded(held, f"{place}.arguments")
        if not isinstance(held, dict):
            raise BadLine(f"'{place}.arguments' is not a JSON object.")

    def _text(self, text: str, place: str) -> None:
        found = _TOKENS.search(text) if self.steered else None
        if found:
            raise BadLine(f"'{place}' contains an invalid token: {found.group()}.")

    def _part(self, part: Any, place: str, role: str) -> bool:
        """Whether the part says anything."""
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" or (kind == "refusal" and role == "assistant"):
            text = part.get(kind)
            if not isinstance(text, str):
                raise BadLine(f"'{place}.{kind}' must be a string.")
            self._text(text, place)
            return bool(text) or kind == "refusal"
        if kind != "image_url":
            raise BadLine(f"'{place}.type' must be 'text' or 'image_url'; got {kind!r}.")
        if role != "user":
            raise BadLine(f"'{place}': images are allowed in user messages only.")
        if not self.images:
            raise BadLine(f"'{place}': this model cannot be fine-tuned with images.")
        self._image(part.get("image_url"), place)
        return True

    def _image(self, image: Any, place: str) -> None:
        self.pictures += 1
        url = image.get("url") if isinstance(image, dict) else None
        if not isinstance(url, str):
            raise BadLine(f"'{place}.image_url.url' must be a string.")
        if image.get("detail", "auto") not in ("auto", "low", "high"):
            raise BadLine(f"'{place}.image_url.detail' must be auto, low or high.")
        if re.match(r"https?://.", url):
            return
        types = ("image/jpeg", "image/png", "image/webp", *(["image/jpg"] if self.dialect == AZURE else []))
        found = _IMAGE.fullmatch(url)
        if found is None or len(found["data"]) % 4 or found["type"].lower() not in types:
            raise BadLine(f"'{place}.image_url.url' must be an http(s) URL or a JPEG, PNG or WEBP data URL.")
        self.image_characters += len(url)
        size = len(found["data"]) // 4 * 3 - found["data"].count("=", -2)
        if size > MAX_IMAGE and self.dialect in (OPENAI, AZURE):
            raise BadLine(f"'{place}': the image has {size} bytes; at most {MAX_IMAGE} are allowed.")


def _loaded(text: Any, place: str) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        raise BadLine(f"'{place}' is not JSON.") from error


def _only(example: Iterable[str], known: Iterable[str], where: str = "") -> None:
    unknown: Iterator[str] = iter(sorted(set(example) - set(known)))
    for key in unknown:
        raise BadLine(f"Unexpected key '{where}{key}'.")
