# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a dataset in another format, where nothing is lost. Private to llmops.finetune; may change at any time.

Every format that holds a plain conversation is read into a Talk and written from one: n formats need n readers and n
writers. What a Talk cannot hold (tools, weights, images, ...) or what the other format cannot hold (a system message
in prompt/completion, ...) is refused with its line; nothing is dropped, joined or invented.

The same input gives the same bytes: keys have one order, and each line is written as ``json.dumps(example,
ensure_ascii=False)`` would. Kept are texts and their order, not notation: spaces between tokens, escapes, the order
of keys, and what says the same in two ways (a weight of 1, which is the default; null for a key that is left out; one
part of text for a string). A file in plain notation comes back byte by byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from .bedrock_formats import SCHEMA_VERSION
from .formats import Formats, quote
from .limits import Limits
from .lines import blocks, has_cuts
from .report import ERRORS_SHOWN, Issue, Report
from .scan import scan
from .source import DatasetError, Source

_BOM = b"\xef\xbb\xbf"
# The limits of a host do not matter here: what is written is checked against those of the host that takes it.
_ANY = Limits(profile="any", accepts_bom=True)


class Loss(Exception):
    """Something of an example would be lost: a stable code, what, and what to do."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.issue = (code, message, hint)


class Unfit(ValueError):
    """A format is unknown, or cannot be written from the source's. The message says which can."""


class Sink(Protocol):
    """What takes bytes, such as a file that is open for writing."""

    def write(self, data: bytes, /) -> object:
        """Take all of the data."""


@dataclass(frozen=True)
class Turn:
    """One message: ``user`` or ``assistant``, its texts (at least one, none empty), and where it stood."""

    role: str
    texts: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Talk:
    """A plain conversation: system messages (each one text), then turns."""

    system: tuple[str, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Conversion:
    """What a conversion did.

    - report: of the source as scan() gives it; what would be lost stands among its errors. Where it is not ok,
      what was written is not whole and must be thrown away
    - format: what was written
    - examples, bytes, sha256: of what was written, or would be (0, 0 and "" where the report is not ok)
    """

    report: Report
    format: str
    examples: int = 0
    bytes: int = 0
    sha256: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything was converted."""
        return self.report.ok


def convert(
    source: Source, to_format: str, dest: Sink | None = None, *, formats: Formats, from_format: str | None = None
) -> Conversion:
    """Write a dataset to ``dest`` in another format, line by line; without ``dest``, find out what would be written.

    ``from_format`` and ``to_format`` are names in ``formats``; without the first, it is detected. Where they are
    the same, the bytes are copied. The source is read twice: checked, then converted. It must hold no error; a host's
    limits are not checked. Raises Unfit for a pair of formats that cannot be converted (see targets()), and
    DatasetError where the source cannot be read or changes meanwhile. An OSError of ``dest`` is the caller's.
    """
    for name in (from_format, to_format):
        if name is not None and name not in formats:
            raise Unfit(f"Unknown dataset format {name!r}; known are {', '.join(formats)}.")
    report = scan(source, formats=formats, format=from_format, limits=_ANY)
    if report.format is None or not report.ok:
        return Conversion(report, to_format)
    if to_format not in targets(report.format):
        raise Unfit(
            f"A dataset in the format {report.format} cannot be written as {to_format}. "
            f"It can be written as: {', '.join(targets(report.format))}."
        )
    write = None if report.format == to_format else _translator(report.format, to_format)
    return _Run(source, report, to_format, dest).run(write)


def targets(from_format: str) -> tuple[str, ...]:
    """Return the formats in which a dataset of this one can be written, itself first."""
    if from_format in _READERS:
        others = tuple(name for name in _WRITERS if name != from_format)
    else:
        others = tuple(name for name in _PROMPTS if name != from_format) if from_format in _PROMPTS else ()
    return (from_format, *others)


def conversation(form: str, example: dict[str, Any]) -> Talk | None:
    """Return what a valid example of a format says, which is the same in every format it can be written in; None where
    it is no plain conversation."""
    read = _READERS.get(form)
    try:
        return read(example) if read else None
    except Loss:
        return None


class _Run:
    """One pass over a valid source."""

    def __init__(self, source: Source, report: Report, to_format: str, dest: Sink | None) -> None:
        self.source = source
        self.report = report
        self.to_format = to_format
        self.dest = dest
        self.examples = 0
        self.size = 0
        self.digest = hashlib.sha256()

    def run(self, translate: Callable[[bytes], bytes] | None) -> Conversion:
        read = hashlib.sha256()
        with self.source.open() as stream:
            if translate is None:
                self.examples = self.report.examples
                data = _read(self.source, stream, 1 << 20, read).removeprefix(_BOM)
                while data:
                    self._write(data)
                    data = _read(self.source, stream, 1 << 20, read)
            else:
                self._translate(translate, stream, read)
        if read.hexdigest() != self.report.sha256:
            raise self._changed()
        if not self.report.ok:
            return Conversion(self.report, self.to_format)
        return Conversion(self.report, self.to_format, self.examples, self.size, self.digest.hexdigest())

    def _translate(self, translate: Callable[[bytes], bytes], stream: BinaryIO, read: hashlib._Hash) -> None:
        for number, line in enumerate(self._lines(stream, read), 1):
            if not line:
                continue
            try:
                written = translate(line)
            except Loss as loss:
                self._refuse(number, loss)
                continue
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                # It was a valid line when it was checked, unless the reader or the writer is wrong.
                while _read(self.source, stream, 1 << 20, read):
                    pass
                if read.hexdigest() == self.report.sha256:
                    raise
                raise self._changed() from error
            if self.report.ok:
                self.examples += 1
                self._write(written)

    def _lines(self, stream: BinaryIO, read: hashlib._Hash) -> Iterator[bytes]:
        first = True
        for block in blocks(lambda size: _read(self.source, stream, size, read)):
            # A line that is too long is no valid one: the file has changed, which its hash will show.
            lines = [b""] if isinstance(block, int) else _whole_lines(block)
            for line in lines:
                yield (line.removeprefix(_BOM) if first else line).strip(b" \t\r")
                first = False

    def _changed(self) -> DatasetError:
        return DatasetError(
            f"{self.source.path or self.source.label} changed while it was read. "
            "Wait until it is written, then run again."
        )

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        if self.dest:
            self.dest.write(data)

    def _refuse(self, number: int, loss: Loss) -> None:
        code, message, hint = loss.issue
        report = self.report
        if len(report.errors) < ERRORS_SHOWN:
            report.errors.append(Issue(number, code, message, hint))
        report.error_count += 1
        report.error_codes[code] = report.error_codes.get(code, 0) + 1


def _whole_lines(block: bytes | bytearray) -> list[bytes]:
    return [bytes(block)] if isinstance(block, bytearray) else block.split(b"\n")[:-1]


def _read(source: Source, stream: BinaryIO, size: int, digest: hashlib._Hash) -> bytes:
    try:
        data = stream.read(size)
    except OSError as error:
        raise DatasetError(
            f"Reading {source.path or source.label} failed: {error.strerror or error}. "
            "Check the file and its file system, then run again."
        ) from error
    digest.update(data)
    return data


def _translator(from_format: str, to_format: str) -> Callable[[bytes], bytes]:
    """Return what makes a line (without its end) of one format a line of another, or raises Loss."""
    if from_format in _PROMPTS:
        refuse = _PROMPTS[to_format]

        def keep(line: bytes) -> bytes:
            refuse(json.loads(line))
            if has_cuts(line):
                raise Loss(
                    "lossy_image",
                    "The line holds large images in data URLs, which other hosts do not take.",
                    "Leave the example out.",
                )
            return line + b"\n"

        return keep
    read, write = _READERS[from_format], _WRITERS[to_format]
    return lambda line: json.dumps(write(read(json.loads(line))), ensure_ascii=False).encode() + b"\n"


# Readers: a valid example of a format becomes a Talk, or a Loss is raised.


def _only(example: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Refuse keys beyond the known ones, except such as say nothing."""
    for key in sorted(example.keys() - known):
        if example[key] is not None:
            raise Loss("lossy_key", f"{where} has the key {quote(key)}, which would be lost.", "Remove the key.")


def _from_chat(example: dict[str, Any]) -> Talk:
    for key in ("tools", "functions"):
        if example.get(key) is not None:
            raise Loss("lossy_tools", f"The example declares {key}, which would be lost.", "Leave the example out.")
    # Without tools, parallel_tool_calls says nothing.
    _only(example, frozenset({"messages", "parallel_tool_calls"}), "The example")
    system: list[str] = []
    turns: list[Turn] = []
    for number, message in enumerate(example["messages"], 1):
        role = message["role"]
        where = f"Message {number} ({role})"
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
                f"{where} has weight 0: only OpenAI's chat format can leave an answer out of training.",
                "Leave the message and what follows from it out, or leave the example out.",
            )
        if message.get("name") is not None:
            raise Loss(
                "lossy_name", f"{where} has a name, which would be lost.", "Remove it, or write it into the text."
            )
        if message.get("refusal") is not None:
            raise Loss("lossy_refusal", f"{where} has a refusal, which would be lost.", "Write it as content.")
        _only(message, frozenset({"role", "content", "weight"}), where)
        texts = _chat_texts(message.get("content"), where)
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


def _chat_texts(content: Any, where: str) -> tuple[str, ...]:
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
        _only(part, frozenset({"type", "text"}), where)
        texts.append(part["text"])
    return _filled(texts, where)


def _filled(texts: list[str], where: str) -> tuple[str, ...]:
    """Refuse what formats differ in: nothing to say."""
    if not texts or not all(texts):
        raise Loss("lossy_empty", f"{where} holds an empty text.", "Write the text, or leave the example out.")
    return tuple(texts)


def _from_converse(example: dict[str, Any]) -> Talk:
    _only(example, frozenset({"schemaVersion", "system", "messages"}), "The example")
    version = example.get("schemaVersion", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise Loss("lossy_key", f"schemaVersion is {quote(version)}, which would be lost.", f"Use {SCHEMA_VERSION}.")
    system = tuple(
        _filled([block["text"]], f"system: block {number}")[0]
        for number, block in enumerate(example.get("system", ()), 1)
    )
    turns = []
    for number, message in enumerate(example["messages"], 1):
        where = f"Message {number} ({message['role']})"
        texts = []
        for block in message["content"]:
            # A block of text may say its type.
            ((kind, value),) = ((key, value) for key, value in block.items() if key != "type")
            if kind in ("image", "video", "document"):
                raise Loss(
                    "lossy_image",
                    f"{where} holds a medium of the kind {kind}, which would be lost.",
                    "Leave the example out.",
                )
            if kind != "text":
                raise Loss(
                    "lossy_reasoning", f"{where} holds {kind}, which would be lost.", "Remove it, or leave it out."
                )
            texts.append(value)
        turns.append(Turn(message["role"], _filled(texts, where), where))
    return Talk(system, tuple(turns))


def _from_claude(example: dict[str, Any]) -> Talk:
    system = _filled([example["system"]], "system") if "system" in example else ()
    turns = []
    for number, message in enumerate(example["messages"], 1):
        where = f"Message {number} ({message['role']})"
        turns.append(Turn(message["role"], _filled([message["content"]], where), where))
    return Talk(system, tuple(turns))


def _from_completion(example: dict[str, Any]) -> Talk:
    _only(example, frozenset({"prompt", "completion"}), "The example")
    turns = (("user", "prompt"), ("assistant", "completion"))
    return Talk((), tuple(Turn(role, _filled([example[key]], key), key) for role, key in turns))


# Writers: a Talk becomes an example of a format, or a Loss is raised.


def _alternating(talk: Talk, answered: bool) -> None:
    """Refuse what is no strict exchange of user and assistant."""
    for number, turn in enumerate(talk.turns):
        expected = ("user", "assistant")[number % 2]
        if turn.role != expected:
            raise Loss(
                "lossy_turns",
                f"{turn.where} stands where the {expected}'s message is due: user and assistant have to alternate.",
                "Join messages of the same role, or leave the example out.",
            )
    if not talk.turns or (answered and talk.turns[-1].role != "assistant"):
        raise Loss(
            "lossy_turns",
            "The last message is not the assistant's: the format cannot hold what follows the last answer.",
            "End with the assistant's message, or leave the example out.",
        )


def _one(turn: Turn) -> str:
    if len(turn.texts) > 1:
        raise Loss(
            "lossy_parts",
            f"{turn.where} consists of {len(turn.texts)} parts; the format holds one text.",
            "Join them as they should be read.",
        )
    return turn.texts[0]


def _to_chat(talk: Talk) -> dict[str, Any]:
    if all(turn.role != "assistant" for turn in talk.turns):
        raise Loss(
            "lossy_turns", "No message is the assistant's; the format needs an answer.", "Leave the example out."
        )
    messages: list[dict[str, Any]] = [{"role": "system", "content": text} for text in talk.system]
    for turn in talk.turns:
        parts = [{"type": "text", "text": text} for text in turn.texts]
        messages.append({"role": turn.role, "content": turn.texts[0] if len(parts) == 1 else parts})
    return {"messages": messages}


def _to_converse(talk: Talk, answered: bool = True) -> dict[str, Any]:
    _alternating(talk, answered)
    example: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION}
    if talk.system:
        example["system"] = [{"text": text} for text in talk.system]
    example["messages"] = [
        {"role": turn.role, "content": [{"text": text} for text in turn.texts]} for turn in talk.turns
    ]
    return example


def _to_distillation(talk: Talk) -> dict[str, Any]:
    return _to_converse(talk, answered=False)


def _to_claude(talk: Talk) -> dict[str, Any]:
    _alternating(talk, answered=True)
    if len(talk.system) > 1:
        raise Loss(
            "lossy_system",
            f"The example has {len(talk.system)} system messages; the format holds one.",
            "Join them as they should be read.",
        )
    example: dict[str, Any] = {"system": talk.system[0]} if talk.system else {}
    example["messages"] = [{"role": turn.role, "content": _one(turn)} for turn in talk.turns]
    return example


def _to_completion(talk: Talk) -> dict[str, Any]:
    if talk.system:
        raise Loss(
            "lossy_system",
            "The example has a system message, which prompt and completion cannot hold.",
            "Write it into the user's message, as it is to be written when the model is used.",
        )
    _alternating(talk, answered=True)
    if len(talk.turns) > 2:
        raise Loss(
            "lossy_turns",
            f"The example has {len(talk.turns)} messages; prompt and completion hold one question and one answer.",
            "Split it into examples of one turn, or leave it out.",
        )
    prompt, completion = talk.turns
    return {"prompt": _one(prompt), "completion": _one(completion)}


def _to_oci_completion(talk: Talk) -> dict[str, Any]:
    for turn in talk.turns:
        if not any(text.strip() for text in turn.texts):
            raise Loss(
                "lossy_empty",
                f"{turn.where} holds a blank text, which the format does not take.",
                "Write the text, or leave the example out.",
            )
    return _to_completion(talk)


# Prompts for reinforcement: both providers' examples are the same, but one's name a reference and know a role less.


def _for_openai(_example: dict[str, Any]) -> None:
    return


def _for_bedrock(example: dict[str, Any]) -> None:
    if "reference_answer" not in example:
        raise Loss(
            "lossy_reference",
            "The example has no reference_answer, which the format needs.",
            "Add it: what the grader compares an answer with.",
        )
    for number, message in enumerate(example["messages"], 1):
        if message["role"] == "developer":
            raise Loss("lossy_role", f"Message {number} (developer): the role would be lost.", "Use system.")


_READERS: dict[str, Callable[[dict[str, Any]], Talk]] = {
    "openai_chat": _from_chat,
    "openai_completion": _from_completion,
    "bedrock_converse": _from_converse,
    "bedrock_distillation": _from_converse,
    "bedrock_claude": _from_claude,
    "bedrock_completion": _from_completion,
    "oci_completion": _from_completion,
}
_WRITERS: dict[str, Callable[[Talk], dict[str, Any]]] = {
    "openai_chat": _to_chat,
    "openai_completion": _to_completion,
    "bedrock_converse": _to_converse,
    "bedrock_distillation": _to_distillation,
    "bedrock_claude": _to_claude,
    "bedrock_completion": _to_completion,
    "oci_completion": _to_oci_completion,
}
# Each refuses what cannot stay as it is.
_PROMPTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "openai_reinforcement": _for_openai,
    "bedrock_reinforcement": _for_bedrock,
}
