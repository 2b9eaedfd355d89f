# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bedrock's check of training data: its own verdict, independent of the collection's.

Sources: Bedrock user guide, "Prepare data for fine-tuning" of each family, "Prepare your training datasets for
distillation", "Prepare data for reinforcement fine-tuning"; Nova user guide, "Preparing data for fine-tuning".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from finetune_sandbox.bedrock.catalogue import DISTILLATION, PRE_TRAINING, REINFORCEMENT
from finetune_sandbox.frame import strict_json
from finetune_sandbox.frame.training_data import BadLine, Report, lines

_NOVA_RESERVED = re.compile(
    r"(?:^|\s)(?:System|SYSTEM|User|USER|Bot|BOT|Assistant|ASSISTANT|Thought):|\[EOS\]|<image>|<video>"
)
_CLAUDE_RESERVED = ("\nHuman:", "\nAssistant:")
_S3 = re.compile(r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]/.+")


@dataclass(frozen=True)
class Limits:
    """How many records a set may have; total: training and validation together."""

    low: int
    high: int
    validation_high: int
    total_high: int | None = None
    max_bytes: int = 10 * 1024**3
    validation_bytes: int = 1024**3


_LIMITS = {
    "nova": Limits(8, 20000, 20000),
    "nova-micro": Limits(8, 20000, 20000),
    "nova-2": Limits(8, 20000, 20000),
    "nova-canvas": Limits(5, 10000, 0),
    "titan-image": Limits(5, 10000, 0),
    "titan-embed": Limits(1000, 500000, 0),
    "titan-text": Limits(1, 10000, 1000, max_bytes=1024**3, validation_bytes=100 * 1024**2),
    "claude": Limits(32, 10000, 1000, 10000),
    "llama-3.1": Limits(100, 10000, 10000, 10000),
    "llama-3.2": Limits(100, 10000, 10000, 10000),
    "llama-3.3": Limits(100, 10000, 10000, 10000),
}
_PRE_TRAINING = Limits(1, 100000, 1000, validation_bytes=100 * 1024**2)
_DISTILLATION = Limits(100, 15000, 0, max_bytes=1024**3)
_REINFORCEMENT = Limits(100, 20000, 20000)


def limits(family: str, type_: str) -> Limits:
    """The limits of a family's kind of customization."""
    special = {PRE_TRAINING: _PRE_TRAINING, DISTILLATION: _DISTILLATION, REINFORCEMENT: _REINFORCEMENT}
    return special.get(type_) or _LIMITS[family]


def check(
    family: str,
    type_: str,
    training: tuple[str, int, Iterable[bytes]],
    validation: Iterable[tuple[str, int, Iterable[bytes]]],
    media: Callable[[str], str | None],
    logs: bool = False,
) -> Report:
    """Read all data of a job. Each set: (URI, bytes, content in pieces).

    media: what is wrong with an S3 URI named in the data, or None. logs: the training data are invocation logs.
    """
    bounds = limits(family, type_)
    uri, size, content = training
    if size > bounds.max_bytes:
        return Report(0, f"Input size exceeded in file {uri}: {size} bytes, the maximum is {bounds.max_bytes} bytes.")
    checker = _invocation if logs else _checker(family, type_)
    records, problem = _count(uri, content, checker, media)
    if problem is not None:
        return Report(records, problem)
    if records < bounds.low:
        message = f"The training dataset {uri} has {records} records. The minimum number of records is {bounds.low}."
        return Report(records, message)
    if records > bounds.high:
        message = f"The training dataset {uri} has {records} records. The maximum number of records is {bounds.high}."
        return Report(records, message)
    total = records
    for uri, size, content in validation:
        if size > bounds.validation_bytes:
            message = (
                f"Input size exceeded in file {uri}: {size} bytes, the maximum is {bounds.validation_bytes} bytes."
            )
            return Report(records, message)
        count, problem = _count(uri, content, checker, media)
        if problem is not None:
            return Report(records, problem)
        if not 1 <= count <= bounds.validation_high:
            message = (
                f"The validation dataset {uri} has {count} records. It must have from 1 to {bounds.validation_high}."
            )
            return Report(records, message)
        total += count
    if bounds.total_high is not None and total > bounds.total_high:
        message = f"Training and validation datasets have {total} records. The maximum sum is {bounds.total_high}."
        return Report(records, message)
    return Report(records)


def _count(
    uri: str,
    content: Iterable[bytes],
    checker: Callable[[dict[str, Any]], list[str]],
    media: Callable[[str], str | None],
) -> tuple[int, str | None]:
    """(records, what is wrong)."""
    count = 0
    try:
        for line in lines(content):
            count += 1
            for named in checker(_record(line)):
                problem = media(named)
                if problem is not None:
                    raise BadLine(problem)
    except BadLine as error:
        return count, f"Unable to parse Amazon S3 file: {uri}. Line {max(1, count)}: {error}."
    except OSError:
        return count, f"Could not read Amazon S3 file: {uri}. The object was deleted."
    return count, None


def _record(line: bytes) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLine(f"not valid UTF-8 at byte {error.start + 1}") from error
    if text.startswith("\ufeff"):
        raise BadLine("a byte order mark stands before the JSON object")
    if not text.strip():
        raise BadLine("the line is empty; every line must be a JSON object")
    try:
        record = strict_json.loads(text)
    except ValueError as error:
        raise BadLine(f"not valid JSON ({error})") from error
    if not isinstance(record, dict):
        raise BadLine("every line must be a JSON object")
    return record


def _checker(family: str, type_: str) -> Callable[[dict[str, Any]], list[str]]:
    if type_ == PRE_TRAINING:
        return _pre_training
    if type_ == REINFORCEMENT:
        return _reinforcement
    if type_ == DISTILLATION:
        return _prompt
    if family in {"nova-canvas", "titan-image", "titan-embed"}:
        return _image
    if family == "claude":
        return _claude
    if family in {"titan-text", "llama-3.1"}:
        return _completion
    if family.startswith("nova"):
        return _nova_micro if family == "nova-micro" else _nova
    return _llama


def _keys(record: dict[str, Any], required: set[str], optional: set[str], where: str = "") -> None:
    for key in sorted(required - set(record)):
        raise BadLine(f"missing required key '{where}{key}'")
    for key in sorted(set(record) - required - optional):
        raise BadLine(f"unexpected key '{where}{key}'")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadLine(f"'{where}' must be a string that is not empty")
    return value


def _pre_training(record: dict[str, Any]) -> list[str]:
    _keys(record, {"input"}, set())
    _text(record["input"], "input")
    return []


def _completion(record: dict[str, Any]) -> list[str]:
    _keys(record, {"prompt", "completion"}, set())
    _text(record["prompt"], "prompt")
    _text(record["completion"], "completion")
    return []


def _image(record: dict[str, Any]) -> list[str]:
    _keys(record, {"image-ref", "caption"}, set())
    _text(record["caption"], "caption")
    uri = _text(record["image-ref"], "image-ref")
    if not _S3.fullmatch(uri):
        raise BadLine(f"'image-ref' must be an Amazon S3 URI, got {uri!r}")
    if not uri.lower().endswith((".png", ".jpg", ".jpeg")):
        raise BadLine(f"'image-ref' must name a PNG or JPEG, got {uri!r}")
    return [uri]


def _claude(record: dict[str, Any]) -> list[str]:
    _keys(record, {"messages"}, {"system"})
    if "system" in record:
        _text(record["system"], "system")
    roles = []
    for index, message in enumerate(_messages(record, 2)):
        where = f"messages[{index}]."
        _keys(message, {"role", "content"}, set(), where)
        text = _text(message["content"], where + "content")
        reserved = next((word for word in _CLAUDE_RESERVED if word in text), None)
        if reserved is not None:
            raise BadLine(f"'{where}content' has the reserved keyword {reserved!r}")
        roles.append(message["role"])
    _alternate(roles)
    return []


def _messages(record: dict[str, Any], least: int) -> list[dict[str, Any]]:
    messages = record.get("messages")
    if not isinstance(messages, list) or len(messages) < least:
        raise BadLine(f"'messages' must be a list of at least {least} message{'s' if least > 1 else ''}")
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise BadLine(f"'messages[{index}]' must be an object")
    return messages


def _alternate(roles: list[Any], last: str = "assistant") -> None:
    for index, role in enumerate(roles):
        wanted = ("user", "assistant")[index % 2]
        if role != wanted:
            raise BadLine(f"'messages[{index}].role' must be {wanted!r} (roles alternate, user first), got {role!r}")
    if roles[-1] != last:
        raise BadLine(f"the last message must have role {last!r}, got {roles[-1]!r}")


def _nova(record: dict[str, Any]) -> list[str]:
    return _converse(record, media=True, reserved=True)


def _nova_micro(record: dict[str, Any]) -> list[str]:
    return _converse(record, media=False, reserved=True)


def _llama(record: dict[str, Any]) -> list[str]:
    return _converse(record, media=True, reserved=False)


def _prompt(record: dict[str, Any]) -> list[str]:
    return _converse(record, media=False, reserved=False, answered=False)


def _converse(record: dict[str, Any], media: bool, reserved: bool, answered: bool = True) -> list[str]:
    _keys(record, {"schemaVersion", "messages"}, {"system"})
    if record["schemaVersion"] != "bedrock-conversation-2024":
        raise BadLine(f"'schemaVersion' must be 'bedrock-conversation-2024', got {record['schemaVersion']!r}")
    if "system" in record:
        system = record["system"]
        if not isinstance(system, list) or len(system) != 1 or not isinstance(system[0], dict):
            raise BadLine("'system' must be a list with one object {'text': ...}")
        _keys(system[0], {"text"}, set(), "system[0].")
        _plain(system[0]["text"], "system[0].text", reserved)
    named: list[str] = []
    roles = []
    images = videos = 0
    for index, message in enumerate(_messages(record, 2 if answered else 1)):
        where = f"messages[{index}]."
        _keys(message, {"role", "content"}, set(), where)
        content = message["content"]
        if not isinstance(content, list) or not content:
            raise BadLine(f"'{where}content' must be a list of content blocks")
        for place, block in enumerate(content):
            kind, uri = _block(block, f"{where}content[{place}]", message["role"], media, reserved)
            images += kind == "image"
            videos += kind == "video"
            named += [uri] if uri else []
        roles.append(message["role"])
    if images and videos:
        raise BadLine("images and videos cannot stand in the same record")
    if images > 10 or videos > 1:
        raise BadLine(f"a record may have up to 10 images or 1 video, this one has {images} and {videos}")
    _alternate(roles, roles[-1] if not answered else "assistant")
    return named


def _plain(value: Any, where: str, reserved: bool) -> None:
    text = _text(value, where)
    found = _NOVA_RESERVED.search(text) if reserved else None
    if found is not None:
        raise BadLine(f"'{where}' has the reserved keyword {found.group().strip()!r}")


def _block(block: Any, where: str, role: Any, media: bool, reserved: bool) -> tuple[str, str]:
    """(kind, URI or "") of a content block."""
    if not isinstance(block, dict) or len(block) != 1:
        raise BadLine(f"'{where}' must be an object with one key: text, image or video")
    kind, value = next(iter(block.items()))
    if kind == "text":
        _plain(value, f"{where}.text", reserved)
        return kind, ""
    if kind == "reasoningContent" and role == "assistant" and isinstance(value, dict):
        return kind, ""
    if kind not in {"image", "video"} or not media or role != "user":
        raise BadLine(f"'{where}': a content block {kind!r} is not allowed here")
    formats = {"image": ("png", "jpeg", "jpg", "gif", "webp"), "video": ("mov", "mkv", "mp4", "webm")}[kind]
    if not isinstance(value, dict) or value.get("format") not in formats:
        raise BadLine(f"'{where}.{kind}.format' must be one of {', '.join(formats)}")
    source = value.get("source")
    location = source.get("s3Location") if isinstance(source, dict) else None
    uri = location.get("uri") if isinstance(location, dict) else None
    if not isinstance(uri, str) or not _S3.fullmatch(uri):
        raise BadLine(f"'{where}.{kind}.source.s3Location.uri' must be an Amazon S3 URI")
    if not re.fullmatch(r"[\w./-]+", uri.removeprefix("s3://")):
        raise BadLine(f"'{where}.{kind}.source.s3Location.uri' may have letters, digits, '_', '-', '/' and '.' only")
    return kind, uri


def _reinforcement(record: dict[str, Any]) -> list[str]:
    if "messages" not in record:
        raise BadLine("missing required key 'messages'")
    for index, message in enumerate(_messages(record, 1)):
        where = f"messages[{index}]."
        if message.get("role") not in {"system", "developer", "user", "assistant", "tool"}:
            raise BadLine(
                f"'{where}role' must be system, developer, user, assistant or tool, got {message.get('role')!r}"
            )
        if message["role"] != "assistant" and not message.get("content"):
            raise BadLine(f"'{where}content' is required")
    if record["messages"][-1]["role"] != "user":
        raise BadLine("the last message must have role 'user'")
    return []


def _invocation(record: dict[str, Any]) -> list[str]:
    for key in ("schemaType", "modelId", "input"):
        if key not in record:
            raise BadLine(f"missing required key '{key}' of an invocation log")
    return []
