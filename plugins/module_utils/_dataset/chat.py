# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chats, preferences and prompts for reinforcement, as most hosts take them.

Private to llmops.finetune; may change at any time.

The sources of the rules are in rules.py. Data that a host refuses is an error. Data that may be intended, or that
hosts judge differently, is a warning.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .formats import Check, Format, Measure, Pairs, has_blocks, kind_of, lacks, quote, unknown_keys, weigh
from .lines import cut_of
from .talk import Conversation, Loss, Prompts, Talk, Turn, refuse_empty, refuse_keys

_CHAT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_ROLE_KEYS = {
    "system": frozenset({"role", "content", "name"}),
    "developer": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset({"role", "content", "name", "weight", "tool_calls", "function_call", "refusal"}),
    "tool": frozenset({"role", "content", "name", "tool_call_id"}),
    "function": frozenset({"role", "content", "name"}),
}
_ROLE_NAMES = "system, user, assistant, tool"
_MEANT_ROLE = {
    "human": "user",
    "bot": "assistant",
    "ai": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DATA_URL = re.compile(r"data:(?P<type>[^;,]*)(?P<base64>;base64)?,")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
_MAX_FUNCTIONS = 128
# Names of the special tokens that steer a model, in chats and in code.
SPECIAL_TOKENS = frozenset(
    f"<|{name}|>"
    for name in (
        *("endoftext", "endofprompt", "startoftext", "fim_prefix", "fim_middle", "fim_suffix"),
        *("im_start", "im_end", "im_sep", "start", "end", "message", "channel", "constrain", "call", "return"),
    )
)
_TOKEN = re.compile(r"<\|[a-z_]+\|>")


def may_hold_token(line: bytes | bytearray) -> bool:
    """Whether a line may contain the name of a special token. Fast for lines that contain none."""
    return b"|" in line and (b"<|" in line or b"\\u003" in line)


def special_token(text: str) -> str | None:
    """The first name of a special token in a text, or None."""
    if "<|" not in text:
        return None
    return next((found[0] for found in _TOKEN.finditer(text) if found[0] in SPECIAL_TOKENS), None)


def warn_of_token(check: Check, text: str, where: str) -> None:
    """Report the name of a special token in a text."""
    token = special_token(text)
    if token:
        check.rule(
            "special_token",
            f"{where} holds {token}, the name of a token that steers the model.",
            "Remove it, or write it in another way; hosts have refused files for it.",
        )


class _Reporter:
    """Reports issues with a prefix: ``where``, the name of the array of the example. Empty: no prefix."""

    def __init__(self, check: Check, where: str) -> None:
        self.check = check
        self.prefix = f"{where}: " if where else ""

    def error(self, code: str, message: str, hint: str) -> None:
        self.check.error(code, self.prefix + message, hint)

    def warn(self, code: str, message: str, hint: str) -> None:
        self.check.warn(code, self.prefix + message, hint)


class _Tools(_Reporter):
    """The precise check of the declared tools."""

    def __init__(self, check: Check, where: str) -> None:
        super().__init__(check, where)
        self.empty_known = where == "input"

    def declare(self, example: dict[str, Any]) -> frozenset[str] | None:
        """Check tools, functions and parallel_tool_calls of an example (or of a preference's input).

        Returns the names of the declared functions, or None if the example has neither tools nor functions.
        """
        names: list[str] = []
        declared = {key: example[key] for key in ("tools", "functions") if key in example}
        good = not declared or declared == self.check.good_tools
        before, self.check.failed = self.check.failed, False
        if "tools" in declared:
            names += self._tools(declared["tools"], good)
        if "functions" in declared:
            if not good:
                self.warn("deprecated_functions", "The key functions is deprecated.", "Use tools.")
            names += self._functions(declared["functions"], good)
        if declared:
            token = None if good else special_token(json.dumps(declared, ensure_ascii=False))
            if token:
                warn_of_token(self.check, token, f"{self.prefix}A declared tool")
            elif not good and not self.check.failed and "functions" not in declared and declared["tools"]:
                self.check.good_tools = declared
        self.check.failed |= before
        parallel = example.get("parallel_tool_calls", True)
        if not isinstance(parallel, bool):
            self.error("bad_value", f"parallel_tool_calls is {kind_of(parallel)}.", "Use true or false.")
        return frozenset(names) if declared else None

    def _tools(self, tools: Any, good: bool) -> list[str]:
        if good:
            return [tool["function"]["name"] for tool in tools]
        if tools == []:
            if not self.empty_known:
                self.warn("empty_tools", "tools is an empty array.", "Leave the key out; hosts may refuse it.")
            return []
        if not isinstance(tools, list):
            self.error("bad_tools", "tools is not a filled array.", "List at least one tool, or leave the key out.")
            return []
        names = []
        for number, tool in enumerate(tools, 1):
            where = f"Tool {number}"
            if not isinstance(tool, dict) or tool.get("type") != "function" or "function" not in tool:
                self.error(
                    "bad_tools",
                    f"{where} is not a function tool.",
                    'Write {"type": "function", "function": {"name": ..., "parameters": {...}}}.',
                )
            else:
                names += self._function(tool["function"], where)
        self._repeated(names)
        return names

    def _functions(self, functions: Any, good: bool) -> list[str]:
        if good:
            return [function["name"] for function in functions]
        if not isinstance(functions, list) or not 1 <= len(functions) <= _MAX_FUNCTIONS:
            self.error("bad_tools", "functions is not an array of 1 to 128 functions.", "List 1 to 128 functions.")
            return []
        names = [
            name for number, item in enumerate(functions, 1) for name in self._function(item, f"Function {number}")
        ]
        self._repeated(names)
        return names

    def _function(self, function: Any, where: str) -> list[str]:
        """Check a declared function. Returns a list with its name, or an empty list if it has no usable name."""
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
            self.error(
                "bad_tools",
                f"{where} has no usable name ({quote(name)}).",
                "A function needs a name of 1 to 64 letters, digits, underscores and dashes.",
            )
            return []
        for key, kind, what in (
            ("description", str, "a string"),
            ("parameters", dict, "a JSON schema object"),
        ):
            if key in function and not isinstance(function[key], kind):
                self.error("bad_tools", f"{where} ({name}): {key} is {kind_of(function[key])}.", f"Make it {what}.")
        return [name]

    def _repeated(self, names: list[str]) -> None:
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.error("bad_tools", f"The function {name} is declared more than once.", "Declare each one once.")


class _Images(_Reporter):
    """The precise check of the images of one conversation."""

    number = 0

    def add(self, image: Any, where: str) -> None:
        """Check one image."""
        self.check.has_image = True
        self.number += 1
        url = image.get("url") if isinstance(image, dict) else None
        if not isinstance(url, str) or not url:
            self.error(
                "bad_image",
                f"{where} has no url.",
                'Write {"type": "image_url", "image_url": {"url": "..."}}.',
            )
            return
        detail = image.get("detail", "auto")
        if detail not in ("auto", "low", "high"):
            self.error(
                "bad_image",
                f"{where}: detail is {quote(detail)}.",
                "Use auto, low or high, or leave it out.",
            )
        if re.match(r"https?://.", url):
            return
        data = _DATA_URL.match(url)
        if not data or not data["base64"]:
            self.error(
                "bad_image",
                f"{where}: the url is neither http(s) nor base64 data ({quote(url[:40])}).",
                "Give an http(s) URL, or data:image/png;base64,... with the image itself.",
            )
        elif data["type"].lower() not in (*_IMAGE_TYPES, "image/jpg"):
            self.error("bad_image", f"{where} is of type {quote(data['type'])}.", "Use JPEG, PNG or WEBP.")
        elif (size := _image_bytes(url, data.end())) is None:
            self.error(
                "bad_image",
                f"{where} is not valid base64.",
                "Encode the image's bytes as base64, in one piece.",
            )
        else:
            if data["type"].lower() == "image/jpg":
                self.check.rule(
                    "jpg_image",
                    f'{self.prefix}{where} is of type "image/jpg", which is written image/jpeg.',
                    "Use JPEG, PNG or WEBP.",
                    code="bad_image",
                )
            limit = self.check.limits.max_image_bytes
            if limit and size > limit.value:
                self.check.limit(
                    limit.hard,
                    "image_too_large",
                    f"{self.prefix}{where} is an image of {size:,} bytes; the limit is {limit.value:,}.",
                    "Scale the image down.",
                )

    def finish(self) -> None:
        """Check the number of images."""
        limit = self.check.limits.max_images_per_example
        if limit and self.number > limit.value:
            self.check.limit(
                limit.hard,
                "too_many_images",
                f"{self.prefix}The example holds {self.number} images; the limit is {limit.value}.",
                "Leave images out, or split the example.",
            )


class _Messages(_Reporter):
    """The precise check of one conversation.

    ``where``: the name of the array of the example; it starts each message. ``images``: whether images are allowed.
    ``developer``: whether the role developer is allowed without a warning.
    """

    def __init__(self, check: Check, where: str = "", images: bool = True, developer: bool = False) -> None:
        super().__init__(check, where)
        self.developer_known = developer
        self.images_allowed = images
        self.images = _Images(check, where)
        self.chars = 0
        self.weight = 0
        self.messages = 0
        self.roles: list[str] = []
        self.tools: frozenset[str] | None = None  # the names of the declared functions; None: none are declared
        self.trained = False
        self._calls: set[str] = set()
        self._open: dict[str, str] = {}
        self._asked = ""  # the place of a function_call whose answer must follow; empty: none
        self._at = ""

    def measure(self) -> Measure:
        return self.messages, self.chars, self.weight

    def text(self, value: str) -> None:
        self.chars += len(value)
        self.weight += weigh(value)
        if "<|" in value:
            warn_of_token(self.check, value, f"{self.prefix}{self._at}")

    def run(self, messages: Any, key: str) -> bool:
        """Check an array of messages. Returns False if it is not an array, or is empty."""
        if not isinstance(messages, list):
            self.error("bad_messages", f"{key} is {kind_of(messages)}, not an array.", "Make it an array of messages.")
            return False
        if not messages:
            self.error("bad_messages", f"{key} is empty.", "An example needs messages.")
            return False
        for number, message in enumerate(messages, 1):
            self._message(message, f"Message {number}")
        if self.roles[-1] == "tool":
            self._unanswered()
        self.messages += len(messages)
        return True

    def _message(self, message: Any, where: str) -> None:
        if not isinstance(message, dict):
            self.error(
                "bad_message",
                f"{where} is {kind_of(message)}, not an object.",
                'Write {"role": ..., "content": ...}.',
            )
            self.roles.append("")
            return
        role = self._role(message, where)
        # An empty string means a missing or unknown role. Checks that need the role skip it.
        self.roles.append(role)
        if not role:
            return
        where = self._at = f"{where} ({role})"
        self._keys(message, role, where)
        if role != "tool":
            self._unanswered()
        if self._asked and role != "function":
            self._not_answered(f"{self._asked} has no answer.", "Let the function's message follow.")
        self._asked = ""
        called = self._assistant(message, where) if role == "assistant" else False
        if role == "tool":
            self._tool_answer(message, where)
        self._content(message, role, where, called)

    def _role(self, message: dict[str, Any], where: str) -> str:
        """Return the role of a message, or an empty string if the role is missing or unknown."""
        if "role" not in message:
            self.error("missing_role", f"{where} has no role.", f"Add a role: {_ROLE_NAMES}.")
            return ""
        role = message["role"]
        if isinstance(role, str) and role in _ROLE_KEYS:
            return role
        meant = _MEANT_ROLE.get(role.lower(), role.lower()) if isinstance(role, str) else ""
        hint = f"Use {meant}." if meant in _ROLE_KEYS else f"Use one of {_ROLE_NAMES}."
        self.error("unknown_role", f"{where} has the role {quote(role)}.", hint)
        return ""

    def _keys(self, message: dict[str, Any], role: str, where: str) -> None:
        """Check the keys of a message of this role, and its name. The content is checked elsewhere."""
        if role == "developer" and not self.developer_known:
            self.warn("developer_role", f"{where}: not every model and host takes this role.", "Use system.")
        for key in sorted(message.keys() - _ROLE_KEYS[role]):
            if key == "weight":
                self.error("bad_weight", f"{where} has a weight.", "Only an assistant's message may have one.")
            elif key in ("tool_calls", "function_call"):
                self.error("bad_tool_call", f"{where} has {key}.", "Only an assistant's message may call a tool.")
            elif key == "tool_call_id":
                self.error("bad_tool_call", f"{where} has a tool_call_id.", "Only a tool's message may have one.")
            else:
                self.warn(
                    "unknown_key",
                    f"{where} has the unknown key {quote(key)}.",
                    "Remove it; hosts may refuse it.",
                )
        name = message.get("name")
        if role == "function" and "name" not in message:
            self.error("bad_name", f"{where} has no name.", "Name the function that answered.")
        elif "name" in message and not (isinstance(name, str) and name):
            self.error("bad_name", f"{where}: name is {quote(name)}.", "Make it a filled string, or leave it out.")

    def _assistant(self, message: dict[str, Any], where: str) -> bool:
        """Check weight, calls and refusal. Returns whether the message is complete without content."""
        weight = message.get("weight", 1)
        if isinstance(weight, bool) or weight not in (0, 1):
            self.error("bad_weight", f"{where}: weight is {quote(weight)}.", "Use 1 (train on it) or 0 (do not).")
        elif weight == 1:
            self.trained = True
        called = False
        if message.get("tool_calls") is not None:
            called = True
            self._tool_calls(message["tool_calls"], where)
        if message.get("function_call") is not None:
            called = True
            self._asked = f"{where}: function_call"
            self._call(message["function_call"], self._asked)
        refusal = message.get("refusal")
        if isinstance(refusal, str):
            self.text(refusal)
            called = called or bool(refusal)
        elif refusal is not None:
            self.error("bad_value", f"{where}: refusal is {kind_of(refusal)}.", "Make it a string, or leave it out.")
        return called

    def _tool_calls(self, calls: Any, where: str) -> None:
        if not isinstance(calls, list) or not calls:
            self.error("bad_tool_call", f"{where}: tool_calls is not a filled array.", "List calls, or leave it out.")
            return
        for number, call in enumerate(calls, 1):
            at = f"{where}: tool call {number}"
            if not isinstance(call, dict):
                self.error(
                    "bad_tool_call",
                    f"{at} is {kind_of(call)}.",
                    "Make it an object with id, type and function.",
                )
                continue
            if call.get("type") != "function":
                self.error("bad_tool_call", f"{at}: type is {quote(call.get('type'))}.", 'Use "function".')
            identity = call.get("id")
            if not isinstance(identity, str) or not identity:
                self.error("bad_tool_call", f"{at} has no id.", "Give it an id; the tool's message repeats it.")
            elif identity in self._calls:
                self.error("bad_tool_call", f"{at} repeats the id {quote(identity)}.", "Give each call its own id.")
            else:
                self._calls.add(identity)
                self._open[identity] = at
            self._call(call.get("function"), at)

    def _call(self, call: Any, where: str) -> None:
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(name, str) or not name:
            self.error("bad_tool_call", f"{where} names no function.", 'Write {"name": ..., "arguments": "{...}"}.')
            return
        self.text(name)
        if self.tools is None:
            self.warn(
                "undeclared_tool",
                f"{where} calls {quote(name)}, but the example has no tools.",
                "Declare it in tools.",
            )
        elif name not in self.tools:
            self.warn(
                "undeclared_tool",
                f"{where} calls {quote(name)}, which tools does not declare.",
                "Declare it in tools.",
            )
        arguments = call.get("arguments")
        if not isinstance(arguments, str):
            self.error(
                "bad_arguments",
                f"{where} ({name}): arguments is {kind_of(arguments)}.",
                "Make it a string that holds a JSON object: the arguments encoded as JSON.",
            )
            return
        self.text(arguments)
        held = decoded(arguments)
        if isinstance(held, str) and isinstance(decoded(held), dict):
            self.warn(
                "arguments_twice",
                f"{where} ({name}): arguments are encoded as JSON twice: {quote(arguments)}.",
                "Encode them once: the model learns to write what it is shown.",
            )
        elif not isinstance(held, dict):
            self.error(
                "bad_arguments",
                f"{where} ({name}): arguments does not hold a JSON object: {quote(arguments)}.",
                'Encode the arguments as a JSON object; "{}" where there are none.',
            )

    def _tool_answer(self, message: dict[str, Any], where: str) -> None:
        identity = message.get("tool_call_id")
        if not isinstance(identity, str) or not identity:
            self.error("bad_tool_call_id", f"{where} has no tool_call_id.", "Repeat the id of the call it answers.")
        elif identity not in self._open:
            known = "already answered" if identity in self._calls else "not the id of a preceding tool call"
            self.error(
                "bad_tool_call_id",
                f"{where}: tool_call_id {quote(identity)} is {known}.",
                "Answer each call of the preceding assistant message once, by its id.",
            )
        else:
            del self._open[identity]

    def _unanswered(self) -> None:
        """Warn about calls that have no answer."""
        for identity, where in self._open.items():
            self._not_answered(
                f"{where} ({quote(identity)}) has no answer.", "Let a tool message follow that repeats the call's id."
            )
        self._open.clear()

    def _not_answered(self, message: str, hint: str) -> None:
        self.warn("unanswered_tool_call", message, f"{hint} A host has refused such files.")

    def _content(self, message: dict[str, Any], role: str, where: str, called: bool) -> None:
        content = message.get("content")
        if isinstance(content, str):
            self.text(content)
            if not content and not called:
                self.warn("empty_content", f"{where}: content is empty.", "Write the text, or remove the message.")
        elif content is None:
            if not called:
                self.error(
                    "missing_content",
                    f"{where} has no content.",
                    "Add content: a string. Only an assistant's message with tool_calls or a refusal does without.",
                )
        elif isinstance(content, list):
            if not content:
                self.error("bad_content", f"{where}: content is an empty array.", "Add a part, or use a string.")
            elif role in ("tool", "function"):
                self.warn(
                    "tool_content_parts",
                    f"{where}: content is an array of parts.",
                    "Make it a string; a host has refused such files.",
                )
            if content and not called and all(_is_empty(part) for part in content):
                self.warn("empty_content", f"{where}: content is empty.", "Write the text, or remove the message.")
            for number, part in enumerate(content, 1):
                self._part(part, role, f"{where}: part {number}")
        else:
            self.error("bad_content", f"{where}: content is {kind_of(content)}.", "Make it a string.")

    def _part(self, part: Any, role: str, where: str) -> None:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" or (kind == "refusal" and role == "assistant"):
            if isinstance(part.get(kind), str):
                self.text(part[kind])
            else:
                self.error(
                    "bad_content",
                    f"{where} holds no {kind}.",
                    f'Write {{"type": "{kind}", "{kind}": "..."}}.',
                )
        elif kind != "image_url":
            self.error(
                "bad_content",
                f"{where} has the type {quote(kind)}." if isinstance(part, dict) else f"{where} is {kind_of(part)}.",
                "Training takes parts of type text and image_url.",
            )
        elif not self.images_allowed:
            self.error("image_not_allowed", f"{where} is an image.", "This format takes text only: remove the image.")
        elif role == "assistant":
            self.error("image_not_allowed", f"{where} is an image.", "An assistant's message cannot hold an image.")
        else:
            if role != "user":
                self.warn("image_not_allowed", f"{where} is an image.", "Put images into a user's message.")
            self.images.add(part.get("image_url"), where)


def _image_bytes(url: str, start: int) -> int | None:
    """The size in bytes of an image whose base64 begins at ``start``, or None if the base64 is not well-formed."""
    cut = cut_of(url, start)
    if cut:
        return cut.bytes if cut.good else None
    if not _BASE64.fullmatch(url, start) or (len(url) - start) % 4 or start == len(url):
        return None
    return (len(url) - start) // 4 * 3 - url.count("=", -2)


def decoded(text: str) -> Any:
    """The value of a text that is JSON, or None if it is not JSON or is nested too deeply."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_empty(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and part.get("text") == ""


class Chat(Conversation):
    has_messages = True
    shape = '{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'

    def recognises(self, example: dict[str, Any]) -> int:
        return "messages" in example and not has_blocks(example)

    def measure(self, example: Pairs) -> Measure | None:
        # No helper functions, for speed: this runs for every line, and files can have gigabytes.
        ((key, messages),) = example
        if key != "messages" or not isinstance(messages, list):
            return None
        chars = wide = 0
        role = None
        asked = False
        for message in messages:
            if not isinstance(message, tuple):
                return None
            (role_key, role), (content_key, content) = message
            if role_key != "role" or content_key != "content" or not content:
                return None
            if role == "user":
                asked = True
            elif role != "assistant" and role != "system":
                return None
            chars += len(content)
            if not content.isascii():
                wide += len(content.encode()) - len(content)
        return (len(messages), chars, chars + chars + wide) if asked and role == "assistant" else None

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "messages", self, check):
            return None
        unknown_keys(example, _CHAT_KEYS, check)
        talk = _Messages(check)
        talk.tools = _Tools(check, "").declare(example)
        if not talk.run(example["messages"], "messages"):
            return None
        talk.images.finish()
        if "" in talk.roles:
            return None
        if "assistant" not in talk.roles:
            talk.error("missing_assistant", "No message has the role assistant.", "Add the answer to be learnt.")
        else:
            if not talk.trained and not check.failed:
                talk.warn(
                    "nothing_trained",
                    "Every assistant message has weight 0.",
                    "Give weight 1 to one of them.",
                )
            if talk.roles[-1] != "assistant":
                talk.warn(
                    "last_not_assistant",
                    "The last message is not the assistant's; nothing is learnt from what follows the last answer.",
                    "End with an assistant message.",
                )
            if "user" not in talk.roles:
                talk.warn("missing_user", "No message has the role user.", "Add the question.")
        return talk.measure()

    def read(self, example: dict[str, Any]) -> Talk:
        return _read_chat(example)

    def write(self, talk: Talk) -> dict[str, Any]:
        if all(turn.role != "assistant" for turn in talk.turns):
            raise Loss(
                "lossy_turns", "No message is the assistant's; the format needs an answer.", "Leave the example out."
            )
        messages: list[dict[str, Any]] = [{"role": "system", "content": text} for text in talk.system]
        for turn in talk.turns:
            parts = [{"type": "text", "text": text} for text in turn.texts]
            messages.append({"role": turn.role, "content": turn.texts[0] if len(parts) == 1 else parts})
        return {"messages": messages}


def _read_chat(example: dict[str, Any]) -> Talk:
    for key in ("tools", "functions"):
        if example.get(key) is not None:
            raise Loss("lossy_tools", f"The example declares {key}, which would be lost.", "Leave the example out.")
    # Without tools, parallel_tool_calls has no effect.
    refuse_keys(example, frozenset({"messages", "parallel_tool_calls"}), "The example")
    system: list[str] = []
    turns: list[Turn] = []
    for number, message in enumerate(example["messages"], 1):
        role = message["role"]
        where = f"Message {number} ({role})"
        _refuse_lost(message, role, where)
        refuse_keys(message, frozenset({"role", "content", "weight"}), where)
        texts = _read_texts(message.get("content"), where)
        if role != "system":
            turns.append(Turn(role, texts, where))
        elif turns:
            raise Loss(
                "lossy_system",
                f"{where} comes after the conversation has begun; elsewhere the system speaks first.",
                "Put it first, or leave the example out.",
            )
        elif len(texts) > 1:
            raise Loss("lossy_parts", f"{where} has several parts.", "Write it as one text.")
        else:
            system += texts
    return Talk(tuple(system), tuple(turns))


def _refuse_lost(message: dict[str, Any], role: str, where: str) -> None:
    """Raise Loss for parts of a message that other formats cannot hold."""
    for key in ("tool_calls", "function_call"):
        if message.get(key) is not None:
            raise Loss("lossy_tools", f"{where} calls a tool, which would be lost.", "Leave the example out.")
    if role in ("tool", "function"):
        raise Loss("lossy_tools", f"{where} is a tool's answer, which would be lost.", "Leave the example out.")
    if role == "developer":
        raise Loss("lossy_role", f"{where}: the role developer would be lost.", "Use system.")
    if message.get("weight", 1) == 0:
        raise Loss(
            "lossy_weight",
            f"{where} has weight 0: only the chat format can leave an answer out of training.",
            "Leave the message and what follows from it out, or leave the example out.",
        )
    if message.get("name") is not None:
        raise Loss("lossy_name", f"{where} has a name, which would be lost.", "Remove it, or write it into the text.")
    if message.get("refusal") is not None:
        raise Loss("lossy_refusal", f"{where} has a refusal, which would be lost.", "Write it as content.")


def _read_texts(content: Any, where: str) -> tuple[str, ...]:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    texts = []
    for part in parts or []:
        if part["type"] == "image_url":
            raise Loss(
                "lossy_image",
                f"{where} holds an image by URL or as data; other formats take images from a bucket only.",
                "Leave the example out, or put the image into the provider's storage and write the example anew.",
            )
        if part["type"] != "text":
            raise Loss("lossy_refusal", f"{where} has a refusal, which would be lost.", "Write it as content.")
        refuse_keys(part, frozenset({"type", "text"}), where)
        texts.append(part["text"])
    return refuse_empty(texts, where)


_REINFORCEMENT_ROLES = frozenset({"user", "assistant", "system", "developer"})


class Reinforcement(Prompts):
    has_messages = True
    developer = False  # whether models take instructions in the role developer
    shape = '{"messages": [{"role": "user", "content": "..."}], "<any key for the grader>": ...}'
    trained = frozenset({"messages", "tools"})  # the other keys are for the grader

    def recognises(self, example: dict[str, Any]) -> int:
        messages = example.get("messages")
        return (
            isinstance(messages, list)
            and bool(messages)
            and isinstance(messages[-1], dict)
            and messages[-1].get("role") == "user"
            and bool(example.keys() - _CHAT_KEYS)
            and not has_blocks(example)
        )

    def measure(self, example: Pairs) -> Measure | None:
        fields = dict(example)
        messages = fields.pop("messages")
        if len(fields) != len(example) - 1 or not isinstance(messages, list) or not _CHAT_KEYS.isdisjoint(fields):
            return None
        for key, value in fields.items():
            if isinstance(value, str):
                value.encode()
            elif value is not None and type(value) not in (int, float, bool):
                return None
            key.encode()
        chars = weight = 0
        role = None
        for message in messages:
            if not isinstance(message, tuple):
                return None
            (role_key, role), (content_key, content) = message
            if role_key != "role" or content_key != "content" or not content:
                return None
            if role not in _REINFORCEMENT_ROLES:
                return None
            chars += len(content)
            weight += len(content) + len(content.encode())
        return (len(messages), chars, weight) if role == "user" else None

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "messages", self, check):
            return None
        talk = _Messages(check, developer=self.developer)
        talk.tools = _Tools(check, "").declare(example)
        if not talk.run(example["messages"], "messages"):
            return None
        talk.images.finish()
        if talk.roles[-1] not in ("user", ""):
            talk.error(
                "last_not_user",
                "The last message is not the user's.",
                "End with the user's message: the model answers it, and the grader scores the answer.",
            )
        return talk.measure()

    def count(self, examples: int, image_examples: int, check: Check) -> None:
        super().count(examples, image_examples, check)
        limit = check.limits.max_reinforcement_examples
        if limit and examples > limit.value:
            check.limit(
                limit.hard,
                "too_many_examples",
                f"The file holds {examples:,} examples; the limit is {limit.value:,}.",
                "Leave some of them out.",
            )


_INPUT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls"})
_PREFERENCE_KEYS = frozenset({"input", "preferred_output", "non_preferred_output"})
_OUTPUTS = ("preferred_output", "non_preferred_output")


class Preference(Format):
    has_messages = True
    shape = (
        '{"input": {"messages": [{"role": "user", "content": "..."}]}, '
        '"preferred_output": [{"role": "assistant", "content": "..."}], '
        '"non_preferred_output": [{"role": "assistant", "content": "..."}]}'
    )

    def recognises(self, example: dict[str, Any]) -> int:
        return not _PREFERENCE_KEYS.isdisjoint(example.keys() - {"input"}) or (
            isinstance(example.get("input"), dict) and "messages" in example["input"]
        )

    def measure(self, example: Pairs) -> Measure | None:
        (key, prompt), (better_key, better), (worse_key, worse) = example
        ((messages_key, messages),) = prompt
        if (key, messages_key, better_key, worse_key) != ("input", "messages", *_OUTPUTS) or better == worse:
            return None
        if not isinstance(prompt, tuple) or not isinstance(messages, list) or not isinstance(better, list):
            return None
        if not isinstance(worse, list):
            return None
        chars = weight = 0
        role = None
        for message in messages:
            if not isinstance(message, tuple):
                return None
            (role_key, role), (content_key, content) = message
            if role_key != "role" or content_key != "content" or not content:
                return None
            if role != "user" and role != "assistant" and role != "system":
                return None
            chars += len(content)
            weight += len(content) + len(content.encode())
        if role != "user":
            return None
        for (((role_key, role), (content_key, content)),) in (better, worse):
            if role_key != "role" or content_key != "content" or not content or role != "assistant":
                return None
            chars += len(content)
            weight += len(content) + len(content.encode())
        return len(messages) + 2, chars, weight

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        missing = [lacks(example, key, self, check) for key in ("input", *_OUTPUTS)]
        if any(missing):
            return None
        unknown_keys(example, _PREFERENCE_KEYS, check)
        prompt = example["input"]
        if not isinstance(prompt, dict) or "messages" not in prompt:
            check.error("bad_messages", "input is not an object with messages.", f"The format is {self.shape}")
            return None
        unknown_keys(prompt, _INPUT_KEYS, check, "input")
        talk = _Messages(check, "input", images=False)
        talk.tools = _Tools(check, "input").declare(prompt)
        if not talk.run(prompt["messages"], "messages"):
            return None
        if talk.roles[-1] not in ("user", "tool", ""):
            talk.warn(
                "last_not_user",
                "The last message is not the user's, so that there is nothing to answer.",
                "End the input with the user's message.",
            )
        totals = [talk.measure()]
        for key in _OUTPUTS:
            answer = _Messages(check, key, images=False)
            answer.tools = talk.tools
            if not answer.run(example[key], key):
                return None
            if "" not in answer.roles:
                self._check_output(answer, key)
            totals.append(answer.measure())
        if example[_OUTPUTS[0]] == example[_OUTPUTS[1]]:
            check.warn(
                "same_outputs",
                "The preferred and the non-preferred output are the same.",
                "Remove the example, or make them differ: it teaches nothing.",
            )
        messages, chars, weight = (sum(column) for column in zip(*totals, strict=True))
        return messages, chars, weight

    def _check_output(self, answer: _Messages, key: str) -> None:
        hint = 'Write [{"role": "assistant", "content": "..."}].'
        if "assistant" not in answer.roles or not {"assistant", "tool"}.issuperset(answer.roles):
            answer.error("bad_output", f"{key} is not exactly one assistant message.", hint)
        elif len(answer.roles) > 1:
            answer.check.rule(
                "several_outputs",
                f"{answer.prefix}{key} is not exactly one assistant message; it has {len(answer.roles)}.",
                hint,
                code="bad_output",
            )
