# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bedrock's check of training data: its own verdict, independent of the collection's.

The rules, with their sources, stand in docs/data_rules.md. Where sources disagree, this host refuses (docs/sandbox.md
lists those rules). Sources: Bedrock user guide, "Prepare data for fine-tuning" of each family, "Prepare your training
datasets for distillation", "Prepare data for reinforcement fine-tuning"; Nova user guide, "Preparing data for
fine-tuning".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from finetune_sandbox.bedrock.catalogue import DISTILLATION, FINE_TUNING, PRE_TRAINING, REINFORCEMENT
from finetune_sandbox.openai.dataset import Checker
from finetune_sandbox.server import strict_json
from finetune_sandbox.server.training_data import BadLine, Report, lines

_NOVA_RESERVED = re.compile(r"(?:system|user|bot|assistant|thought):|\[eos\]|<image>|<video>|<unk>")
"""In lower case: AWS's own check looks for these words in any spelling."""
_CLAUDE_RESERVED = ("\nHuman:", "\nAssistant:")
_S3 = re.compile(r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]/.+", re.DOTALL)
_NOVA_PATH = re.compile(r"[\w./-]+", re.ASCII)
_ANSWERED_ONCE = ("claude", "llama")
"""Students of distillation that learn from single turns only: what the names of their families begin with."""


@dataclass(frozen=True)
class Limits:
    """How many records a set may have; total: training and validation together."""

    low: int
    high: int
    validation_high: int
    validation_low: int = 1
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
    "claude": Limits(32, 10000, 1000, 32, 10000),
    "llama-3.1": Limits(100, 10000, 1000, 1, 10000),
    "llama-3.2": Limits(100, 10000, 1000, 1, 10000),
    "llama-3.3": Limits(100, 10000, 1000, 1, 10000),
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
    sees: bool = True,
) -> Report:
    """Read all data of a job. Each set: (URI, bytes, content in pieces).

    media: what is wrong with an S3 URI named in the data, or None. logs: the training data are invocation logs. sees:
    whether the base model takes images.
    """
    bounds = limits(family, type_)
    uri, size, content = training
    named = _named(family, type_, uri)
    if named:
        return Report(0, named)
    if size > bounds.max_bytes:
        return Report(0, f"Input size exceeded in file {uri}: {size} bytes, the maximum is {bounds.max_bytes} bytes.")
    checker = _invocation if logs else _checker(family, type_, sees)
    records, problem = _count(uri, content, checker, media, family)
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
        named = _named(family, type_, uri)
        if named:
            return Report(records, named)
        count, problem = _count(uri, content, checker, media, family)
        if problem is not None:
            return Report(records, problem)
        if not bounds.validation_low <= count <= bounds.validation_high:
            message = (
                f"The validation dataset {uri} has {count} records. "
                f"It must have from {bounds.validation_low} to {bounds.validation_high}."
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
    family: str,
) -> tuple[int, str | None]:
    """(records, what is wrong)."""
    count = 0
    kinds: set[str] = set()
    try:
        for line in lines(content):
            count += 1
            record = _record(line)
            named_media = checker(record)
            if family.startswith("nova") and "messages" in record:
                kinds |= _kinds(record)
                if {"image", "video"} <= kinds:
                    raise BadLine("images and videos cannot stand in the same dataset")
            for named in named_media:
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
        record = strict_json.loads(text, unique=True)
    except ValueError as error:
        raise BadLine(f"not valid JSON ({error})") from error
    if not isinstance(record, dict):
        raise BadLine("every line must be a JSON object")
    return record


def _named(family: str, type_: str, uri: str) -> str | None:
    """What is wrong with the name of a file."""
    nova = type_ == FINE_TUNING and family in {"nova", "nova-micro", "nova-2"}
    if nova and not _NOVA_PATH.fullmatch(uri.removeprefix("s3://")):
        return f"File name {uri} may have letters, digits, '_', '-', '/' and '.' only."
    return None


def _kinds(record: dict[str, Any]) -> set[str]:
    """The kinds of blocks of a record that is as it has to be."""
    return {
        kind
        for message in record["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
        for kind in block
    }


def _checker(family: str, type_: str, sees: bool) -> Callable[[dict[str, Any]], list[str]]:
    if type_ == PRE_TRAINING:
        return _pre_training
    if type_ == REINFORCEMENT:
        return _reinforcement
    if type_ == DISTILLATION:
        single = family.startswith(_ANSWERED_ONCE)
        return partial(_converse, _Kind(media=(), version="required", system=1, answered=False, single=single))
    if family in {"nova-canvas", "titan-image", "titan-embed"}:
        return _image
    if family == "claude":
        return _claude
    if family in {"titan-text", "llama-3.1"}:
        return _completion
    if family.startswith("nova"):
        media: tuple[str, ...] = () if family == "nova-micro" else ("image", "video")
        return partial(_converse, _Kind(media, "required", None, nova=True, reasons=family == "nova-2"))
    return partial(_converse, _Kind(("image",) if sees else (), "optional", 1))


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
    for key in ("prompt", "completion"):
        if not isinstance(record[key], str) or not record[key]:
            raise BadLine(f"'{key}' must be a string that is not empty")
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
        _unreserved(_text(record["system"], "system"), "system")
    roles = []
    for index, message in enumerate(_messages(record, 2)):
        where = f"messages[{index}]."
        _keys(message, {"role", "content"}, set(), where)
        _unreserved(_text(message["content"], where + "content"), where + "content")
        roles.append(message["role"])
    _alternate(roles)
    return []


def _unreserved(text: str, where: str) -> None:
    reserved = next((word for word in _CLAUDE_RESERVED if word in text), None)
    if reserved is not None:
        raise BadLine(f"'{where}' has the reserved keyword {reserved!r}")


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


@dataclass(frozen=True)
class _Kind:
    """What a family takes in a conversation.

    media: kinds of blocks. version: whether it may be missing (optional, required). system: how many blocks, at most.
    answered: whether the assistant ends. single: only one message of the user.
    """

    media: tuple[str, ...]
    version: str
    system: int | None
    nova: bool = False
    reasons: bool = False
    answered: bool = True
    single: bool = False


def _converse(kind: _Kind, record: dict[str, Any]) -> list[str]:
    _keys(record, {"messages"}, {"schemaVersion", "system"})
    _version(kind, record)
    if "system" in record:
        system = record["system"]
        if not isinstance(system, list) or not system or (kind.system and len(system) > kind.system):
            raise BadLine("'system' must be a list with one object {'text': ...}")
        for place, sent in enumerate(system):
            block = _untyped(kind, sent)
            if not isinstance(block, dict):
                raise BadLine("'system' must be a list with one object {'text': ...}")
            _keys(block, {"text"}, set(), f"system[{place}].")
            _plain(block["text"], f"system[{place}].text", kind.nova)
    named: list[str] = []
    roles = []
    kinds: list[str] = []
    for index, message in enumerate(_messages(record, 2 if kind.answered else 1)):
        where = f"messages[{index}]."
        _keys(message, {"role", "content"}, set(), where)
        content = message["content"]
        if not isinstance(content, list) or not content:
            raise BadLine(f"'{where}content' must be a list of content blocks")
        for place, block in enumerate(content):
            found, uri = _block(kind, _untyped(kind, block), f"{where}content[{place}]", message["role"])
            kinds.append(found)
            named += [uri] if uri else []
        roles.append(message["role"])
    _media(kind, kinds.count("image"), kinds.count("video"))
    _alternate(roles, "assistant" if kind.answered else roles[-1])
    if kind.single and len(roles) > 2:
        raise BadLine("only one turn is supported")
    return named


def _version(kind: _Kind, record: dict[str, Any]) -> None:
    version = record.get("schemaVersion")
    if "schemaVersion" not in record:
        if kind.version == "required":
            raise BadLine("missing required key 'schemaVersion'")
    elif version != "bedrock-conversation-2024":
        raise BadLine(f"'schemaVersion' must be 'bedrock-conversation-2024', got {version!r}")


def _untyped(kind: _Kind, block: Any) -> Any:
    """A block of a prompt without the type that it may say."""
    if not kind.answered and isinstance(block, dict) and block.keys() == {"type", "text"} and block["type"] == "text":
        return {"text": block["text"]}
    return block


def _media(kind: _Kind, images: int, videos: int) -> None:
    if images and videos:
        raise BadLine("images and videos cannot stand in the same record")
    if kind.nova and (images > 10 or videos > 1):
        raise BadLine(f"a record may have up to 10 images or 1 video, this one has {images} and {videos}")


def _plain(value: Any, where: str, reserved: bool) -> None:
    text = _text(value, where)
    found = _NOVA_RESERVED.search(text.lower()) if reserved else None
    if found is not None:
        raise BadLine(f"'{where}' has the reserved keyword {text[found.start() : found.end()]!r}")


def _block(kind: _Kind, block: Any, where: str, role: Any) -> tuple[str, str]:
    """(kind, URI or "") of a content block."""
    if not isinstance(block, dict) or len(block) != 1:
        raise BadLine(f"'{where}' must be an object with one key: text, image or video")
    name, value = next(iter(block.items()))
    if name == "text":
        _plain(value, f"{where}.text", kind.nova)
        return name, ""
    if name == "reasoningContent" and kind.reasons and role == "assistant":
        reasoning = value.get("reasoningText") if isinstance(value, dict) else None
        text = reasoning.get("text") if isinstance(reasoning, dict) else None
        if not isinstance(text, str) or not text:
            raise BadLine(f"'{where}.reasoningContent.reasoningText.text' must be a string that is not empty")
        if _NOVA_RESERVED.search(text.lower()):
            raise BadLine(f"'{where}.reasoningContent' has a reserved keyword")
        return name, ""
    if name not in kind.media or role != "user":
        raise BadLine(f"'{where}': a content block {name!r} is not allowed here")
    return name, _medium(kind, name, value, where)


_FORMATS = {"image": ("png", "jpeg", "gif", "webp"), "video": ("mov", "mkv", "mp4", "webm")}


def _medium(kind: _Kind, name: str, value: Any, where: str) -> str:
    """The URI of an image or a video."""
    formats = [each for each in _FORMATS[name] if not kind.reasons or each not in ("webp", "webm")]
    sent = value.get("format") if isinstance(value, dict) else None
    if not isinstance(sent, str) or sent.lower() not in formats:
        raise BadLine(f"'{where}.{name}.format' must be one of {', '.join(formats)}")
    source = value.get("source")
    location = source.get("s3Location") if isinstance(source, dict) else None
    uri = location.get("uri") if isinstance(location, dict) else None
    if not isinstance(uri, str) or not _S3.fullmatch(uri):
        raise BadLine(f"'{where}.{name}.source.s3Location.uri' must be an Amazon S3 URI")
    if kind.nova and not _NOVA_PATH.fullmatch(uri.removeprefix("s3://")):
        raise BadLine(f"'{where}.{name}.source.s3Location.uri' may have letters, digits, '_', '-', '/' and '.' only")
    return uri


def _reinforcement(record: dict[str, Any]) -> list[str]:
    """OpenAI's chat with a reference for the grader."""
    _keys(record, {"messages", "reference_answer"}, set(record))
    Checker("bedrock", images=True, steered=False).conversation(record, last=("user",))
    return []


def _invocation(record: dict[str, Any]) -> list[str]:
    for key in ("schemaType", "modelId", "input"):
        if key not in record:
            raise BadLine(f"missing required key '{key}' of an invocation log")
    return []
