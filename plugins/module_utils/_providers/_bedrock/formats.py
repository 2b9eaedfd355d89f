# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dataset formats of Amazon Bedrock. Private to llmops.finetune; may change at any time.

Sources, as of 2026-11-20: the Amazon Bedrock and Amazon Nova user guides on preparing data, and the validators in AWS's
samples for Amazon Nova. limits.py has the rules that depend on the base model. A problem that makes a job fail is an
error. A problem that may be intended, or that only one source names, is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..._dataset.chat import Reinforcement
from ..._dataset.completion import Completion
from ..._dataset.formats import (
    Check,
    Format,
    Formats,
    Measure,
    Pairs,
    has_blocks,
    kind_of,
    lacks,
    quote,
    unknown_keys,
    weigh,
)
from ..._dataset.limits import Limits, ReservedWords
from ..._dataset.rules import ACCEPTED, verdict_of
from ..._dataset.talk import Conversation, Loss, Talk, Turn, refuse_empty, refuse_keys, refuse_other_turns, single_text

SCHEMA_VERSION = "bedrock-conversation-2024"

_ROLES = ("user", "assistant")
_MEANT_ROLE = {
    "human": "Use user.",
    "bot": "Use assistant.",
    "ai": "Use assistant.",
    "model": "Use assistant.",
    "system": "Put it into the key system, next to messages.",
    "developer": "Put it into the key system, next to messages.",
    "tool": "Remove it: training takes no tools.",
    "function": "Remove it: training takes no tools.",
}
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)

_NO_TOOLS = "Training takes no tools, or only one source says so: remove it."

# Reserved words that no text may contain, grouped by a character of the word that is rare in prose. The check looks for
# this character first.
Reserved = tuple[tuple[str, tuple[str, ...]], ...]


def _reserved(words: ReservedWords | None) -> Reserved:
    found: dict[str, tuple[str, ...]] = {}
    for word in words.words if words else ():
        mark = next((char for char in reversed(word) if not char.isalnum()), word)
        found[mark] = (*found.get(mark, ()), word)
    return tuple(found.items())


def _doubted(text: str, doubtful: tuple[str, ...]) -> bool:
    """Whether a text contains a doubtful word, in upper or lower case."""
    if ":" not in text and "<" not in text and "[" not in text:
        return False
    lower = text.lower()
    return any(word in lower for word in doubtful)


def _holds(text: str, reserved: Reserved) -> bool:
    """Whether a text contains a reserved word."""
    return any(mark in text and any(word in text for word in words) for mark, words in reserved)


def _joined(talk: Sequence[Any], role: str | None) -> str | None:
    """All texts of a plain conversation as one text; None if it is not plain.

    ``role``: the role of the previous message.
    """
    texts = []
    for message in talk:
        if not isinstance(message, tuple):
            return None
        (role_key, next_role), (content_key, content) = message
        if role_key != "role" or content_key != "content" or not content or not isinstance(content, list):
            return None
        if next_role != ("user" if role == "assistant" else "assistant"):
            return None
        role = next_role
        for block in content:
            ((key, text),) = block
            if key != "text" or not text or text.isspace() or not isinstance(block, tuple):
                return None
            texts.append(text)
    return "".join(texts)


class _Talk:
    """The precise check of one conversation between user and assistant.

    ``answered``: whether the conversation must end with the assistant's message.
    """

    def __init__(self, check: Check, answered: bool = True) -> None:
        self.check = check
        self.answered = answered
        self.messages = 0
        self.chars = 0
        self.weight = 0
        self.images = 0
        self.videos = 0
        self.documents = 0

    def measure(self) -> Measure:
        return self.messages, self.chars, self.weight

    def text(self, value: str, where: str) -> None:
        """Count a text, and look for reserved words in it."""
        self.chars += len(value)
        self.weight += weigh(value)
        words, doubtful = self.check.limits.reserved, self.check.limits.doubtful
        found = [word for word in words.words if word in value] if words else []
        if not found and doubtful and _doubted(value, doubtful.words):
            word = next(word for word in doubtful.words if word in value.lower())
            self.check.warn(
                "reserved_word",
                f"{where} holds {quote(word)}, in some spelling; AWS's own check refuses that.",
                "Write it another way, if the job fails for it.",
            )
        if words:
            for word in found:
                if word in value:
                    self.check.limit(
                        words.hard,
                        "reserved_word",
                        f"{where} holds {quote(word)}, which {'is' if words.hard else 'some models have'} reserved.",
                        "Write it another way, for example with a space before the colon."
                        if word.endswith(":")
                        else "Remove it.",
                    )

    def run(self, messages: Any, content: Callable[[dict[str, Any], str, str], None]) -> bool:
        """Check an array of messages.

        ``content`` checks the content of one message; it gets the message, its role and its place.

        Returns False if the messages are so wrong that further checks are useless.
        """
        check = self.check
        if not isinstance(messages, list) or not messages:
            what = "is empty" if messages == [] else f"is {kind_of(messages)}, not an array"
            check.error("bad_messages", f"messages {what}.", "Make it an array of messages.")
            return False
        roles = []
        for number, message in enumerate(messages, 1):
            where = f"Message {number}"
            if not isinstance(message, dict):
                check.error(
                    "bad_message",
                    f"{where} is {kind_of(message)}, not an object.",
                    'Write {"role": ..., "content": ...}.',
                )
                roles.append("")
                continue
            roles.append(self._role(message, where))
            if roles[-1]:
                where = f"{where} ({roles[-1]})"
                unknown_keys(message, frozenset({"role", "content"}), check, where, hard=True)
                content(message, roles[-1], where)
        self.messages += len(messages)
        if "" not in roles:
            self._order(roles)
        return "" not in roles

    def _role(self, message: dict[str, Any], where: str) -> str:
        """The role of a message; empty if the role is missing or unknown."""
        if "role" not in message:
            self.check.error("missing_role", f"{where} has no role.", "Add a role: user or assistant.")
            return ""
        role = message["role"]
        if role not in _ROLES:
            lower = role.lower() if isinstance(role, str) else ""
            hint = f"Use {lower}." if lower in _ROLES else _MEANT_ROLE.get(lower, "Use user or assistant.")
            self.check.error("unknown_role", f"{where} has the role {quote(role)}.", hint)
            return ""
        return str(role)

    def _order(self, roles: Sequence[str]) -> None:
        check = self.check
        if roles[0] != "user":
            check.error(
                "first_not_user",
                "The first message is not the user's.",
                "Begin with the user's message, then alternate.",
            )
        for number, (before, role) in enumerate(zip(roles, roles[1:], strict=False), 2):
            if before == role:
                check.error(
                    "not_alternating",
                    f"Messages {number - 1} and {number} are both of the role {role}.",
                    "Let user and assistant alternate: join the two, or split the example.",
                )
        if self.answered and roles[-1] != "assistant":
            check.error(
                "last_not_assistant",
                "The last message is not the assistant's.",
                "End with the answer to be learnt. (Prompts without an answer serve distillation only.)",
            )
        most = check.limits.max_user_messages
        if most and roles.count("user") > most.value:
            check.limit(
                most.hard,
                "too_many_turns",
                f"The example has {roles.count('user')} messages of the user; the limit is {most.value}.",
                "Split it into examples of one turn.",
            )


class Converse(Conversation):
    name = "bedrock_converse"
    has_messages = True
    shape = (
        '{"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"text": "..."}]}, '
        '{"role": "assistant", "content": [{"text": "..."}]}]}'
    )
    # Whether an example must end with the assistant's message.
    answered = True
    # Whether a block of text may have a type.
    typed = False

    def recognises(self, example: dict[str, Any]) -> int:
        return 2 * has_blocks(example)

    def measure(self, example: Pairs) -> Measure | None:
        return self._measure(example, (), (), True)

    def bind(self, limits: Limits) -> Callable[[Pairs], Measure | None]:
        if limits.max_user_messages:
            return lambda _example: None
        reserved = _reserved(limits.reserved)
        doubtful = limits.doubtful.words if limits.doubtful else ()
        several = verdict_of("several_system", limits.profile) == ACCEPTED
        return lambda example: self._measure(example, reserved, doubtful, several)

    def _measure(self, example: Pairs, reserved: Reserved, doubtful: tuple[str, ...], several: bool) -> Measure | None:
        # This runs for every line of files of several gigabytes.
        fields = dict(example)
        messages = fields["messages"]
        if fields["schemaVersion"] != SCHEMA_VERSION or not isinstance(messages, list) or not messages:
            return None
        if len(fields) != len(example) or len(fields) != 2 + ("system" in fields):
            return None
        talk = messages
        if "system" in fields:
            # Its blocks are checked like a first message of the assistant.
            if len(fields["system"]) > 1 and not several:
                return None
            talk = [(("role", "assistant"), ("content", fields["system"])), *messages]
        text = _joined(talk, None if talk is not messages else "assistant")
        if text is None or _holds(text, reserved) or (doubtful and _doubted(text, doubtful)):
            return None
        if self.answered and messages[-1][0][1] != "assistant":
            return None
        return len(messages), len(text), weigh(text)

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "messages", self, check):
            return None
        self._version(example, check)
        talk = _Talk(check, self.answered)
        for key in sorted(example.keys() - {"schemaVersion", "system", "messages"}):
            if key == "toolConfig":
                check.rule("tools_not_allowed", "The example has a toolConfig.", _NO_TOOLS)
            else:
                check.error("unknown_key", f"The example has the unknown key {quote(key)}.", "Remove it.")
        if "system" in example:
            self._system(example["system"], talk)
        if not talk.run(example["messages"], lambda message, role, where: self._content(message, role, where, talk)):
            return None
        self._media(talk)
        return talk.measure()

    def _version(self, example: dict[str, Any], check: Check) -> None:
        if example.get("schemaVersion") != SCHEMA_VERSION:
            missing = "schemaVersion" not in example
            problem = "is missing" if missing else f"is {quote(example['schemaVersion'])}"
            kind = check.limits.schema_version
            doubtful = kind != "required" if missing else kind == "any" and isinstance(example["schemaVersion"], str)
            check.limit(
                not doubtful,
                "bad_schema_version",
                f"schemaVersion {problem}.",
                f'Write "schemaVersion": "{SCHEMA_VERSION}".',
            )

    def _system(self, system: Any, talk: _Talk) -> None:
        hint = 'Write "system": [{"text": "..."}], or leave it out.'
        if not isinstance(system, list) or not system:
            what = "an empty array" if system == [] else kind_of(system)
            talk.check.error("bad_system", f"system is {what}.", hint)
            return
        if len(system) > 1:
            talk.check.rule(
                "several_system",
                f"system has {len(system)} blocks.",
                "Join them into one: AWS's own check for Llama refuses more.",
            )
        for number, block in enumerate(system, 1):
            where = f"system: block {number}"
            block = self._untyped(block)
            if not isinstance(block, dict) or block.keys() != {"text"} or not isinstance(block["text"], str):
                talk.check.error("bad_system", f"{where} is not a block of text.", hint)
            elif not block["text"].strip():
                talk.check.warn("empty_content", f"{where} is empty.", "Write the text, or remove the block.")
            else:
                talk.text(block["text"], where)

    def _content(self, message: dict[str, Any], role: str, where: str, talk: _Talk) -> None:
        check = talk.check
        content = message.get("content")
        if content is None:
            check.error("missing_content", f"{where} has no content.", 'Add "content": [{"text": "..."}].')
            return
        if not isinstance(content, list) or not content:
            what = "an empty array" if content == [] else kind_of(content)
            check.error("bad_content", f"{where}: content is {what}.", 'Make it an array of blocks: [{"text": "..."}].')
            return
        filled = blank = False
        for number, entry in enumerate(content, 1):
            at = f"{where}: block {number}"
            block = self._untyped(entry)
            if not isinstance(block, dict) or len(block) != 1:
                what = f"has {len(block)} keys" if isinstance(block, dict) else f"is {kind_of(block)}"
                check.error("bad_content", f"{at} {what}.", 'A block is an object with one key, as {"text": "..."}.')
                filled = True
                continue
            ((kind, value),) = block.items()
            if kind == "text":
                if not isinstance(value, str):
                    check.error("bad_content", f"{at}: text is {kind_of(value)}.", "Make it a string.")
                    filled = True
                    continue
                talk.text(value, at)
                filled = filled or bool(value)
                blank = blank or not value.strip()
            else:
                filled = True
                self._block(kind, value, role, at, talk)
        if not filled:
            check.error("empty_content", f"{where} holds no text.", "Write the text, or remove the message.")
        elif blank:
            check.warn("empty_content", f"{where} holds a blank text.", "Write the text, or remove the block.")

    def _untyped(self, block: Any) -> Any:
        """A block of text without its optional type."""
        if self.typed and isinstance(block, dict) and block.keys() == {"type", "text"} and block["type"] == "text":
            return {"text": block["text"]}
        return block

    def _block(self, kind: str, value: Any, role: str, at: str, talk: _Talk) -> None:
        check = talk.check
        if kind == "document" and isinstance(value, dict):
            before = check.failed
            check.rule("document_not_allowed", f"{at} is a document.", "Not every source says that training takes it.")
            if role == "assistant":
                check.error("document_not_allowed", f"{at} is a document.", "An assistant's message holds text only.")
            elif check.failed == before:
                self._medium(kind, value, at, talk)
        elif kind in ("image", "video"):
            if role == "assistant":
                check.error(
                    f"{kind}_not_allowed", f"{at} is of the kind {kind}.", "An assistant's message holds text only."
                )
            else:
                self._medium(kind, value, at, talk)
        elif kind == "reasoningContent":
            text = value.get("reasoningText") if isinstance(value, dict) else None
            text = text.get("text") if isinstance(text, dict) else None
            if not check.limits.reasoning:
                check.error("reasoning_not_allowed", f"{at} is reasoning.", "This model takes none: remove it.")
            elif role != "assistant":
                check.error("reasoning_not_allowed", f"{at} is reasoning.", "Only an assistant's message may hold it.")
            elif not isinstance(text, str) or not text:
                check.error(
                    "bad_content",
                    f"{at} holds no reasoning text.",
                    'Write {"reasoningContent": {"reasoningText": {"text": "..."}}}.',
                )
            else:
                talk.text(text, at)
        elif kind in ("toolUse", "toolResult"):
            check.rule("tools_not_allowed", f"{at} is of the kind {kind}.", _NO_TOOLS)
        else:
            check.error(
                "bad_content",
                f"{at} is of the kind {quote(kind)}.",
                "Training takes blocks of text, image, video and, of some models, reasoningContent.",
            )

    def _medium(self, kind: str, value: Any, at: str, talk: _Talk) -> None:
        check, limits = talk.check, talk.check.limits
        if kind == "image":
            talk.images += 1
            check.has_image = True
        elif kind == "video":
            talk.videos += 1
            check.has_video = True
        else:
            talk.documents += 1
        if not isinstance(value, dict):
            check.error(
                f"bad_{kind}",
                f"{at}: {kind} is {kind_of(value)}.",
                f'Write {{"{kind}": {{"format": "...", "source": {{"s3Location": {{"uri": "s3://BUCKET/KEY"}}}}}}}}.',
            )
            return
        types = {
            "image": limits.image_types,
            "video": limits.video_types,
            "document": limits.document_types,
        }[kind]
        form = value.get("format")
        if not isinstance(form, str) or form.lower() not in types:
            check.error(f"bad_{kind}", f"{at}: format is {quote(form)}.", f"Use one of {', '.join(types)}.")
        source = value.get("source")
        location = source.get("s3Location") if isinstance(source, dict) else None
        uri = location.get("uri") if isinstance(location, dict) else None
        found = _BUCKET.fullmatch(uri) if isinstance(uri, str) else None
        if not isinstance(uri, str) or not found:
            address = f"its address is {quote(uri)}" if uri is not None else "it has no address in S3"
            check.error(
                f"bad_{kind}",
                f"{at}: {address}.",
                'Put it into a bucket and write "source": {"s3Location": {"uri": "s3://BUCKET/KEY"}}.',
            )
            return
        check.buckets.add(found[1])
        if limits.media_path and not re.fullmatch(limits.media_path, uri[len("s3://") :], re.ASCII):
            check.error(
                f"bad_{kind}",
                f"{at}: its address has other characters than are allowed: {quote(uri)}.",
                "Use letters, digits, underscores, dashes, slashes and dots.",
            )

    def _media(self, talk: _Talk) -> None:
        check = talk.check
        for kind, number, most in (
            ("image", talk.images, check.limits.max_images_per_example),
            ("video", talk.videos, check.limits.max_videos_per_example),
        ):
            if not most or number <= most.value:
                continue
            if most.value:
                check.limit(
                    most.hard,
                    f"too_many_{kind}s",
                    f"The example holds {number} {kind}s; the limit is {most.value}.",
                    f"Leave {kind}s out, or split the example.",
                )
            else:
                check.limit(
                    most.hard,
                    f"{kind}_not_allowed",
                    f"The example holds {kind}s; none is allowed here ({check.limits.profile}).",
                    "Remove the example, or choose another model.",
                )
        if talk.documents > 1 or (talk.documents and talk.videos):
            check.warn(
                "document_not_allowed",
                "The example holds more than one document, or one beside a video.",
                "AWS's own check takes one.",
            )
        if talk.images and talk.videos:
            check.error(
                "mixed_media", "The example holds images and a video.", "Split it: one example has one kind of media."
            )

    def read(self, example: dict[str, Any]) -> Talk:
        refuse_keys(example, frozenset({"schemaVersion", "system", "messages"}), "The example")
        version = example.get("schemaVersion", SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            raise Loss(
                "lossy_key", f"schemaVersion is {quote(version)}, which would be lost.", f"Use {SCHEMA_VERSION}."
            )
        system = tuple(
            refuse_empty([block["text"]], f"system: block {number}")[0]
            for number, block in enumerate(example.get("system", ()), 1)
        )
        turns = []
        for number, message in enumerate(example["messages"], 1):
            where = f"Message {number} ({message['role']})"
            texts = []
            for block in message["content"]:
                # A block of text may have a type.
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
            turns.append(Turn(message["role"], refuse_empty(texts, where), where))
        return Talk(system, tuple(turns))

    def write(self, talk: Talk) -> dict[str, Any]:
        refuse_other_turns(talk, self.answered)
        example: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION}
        if talk.system:
            example["system"] = [{"text": text} for text in talk.system]
        example["messages"] = [
            {"role": turn.role, "content": [{"text": text} for text in turn.texts]} for turn in talk.turns
        ]
        return example


class Distillation(Converse):
    """Prompts that a teacher model answers. An example may contain an answer."""

    name = "bedrock_distillation"
    shape = (
        '{"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"text": "..."}]}]}'
    )
    answered = False
    typed = True


class Claude(Conversation):
    name = "bedrock_claude"
    has_messages = True
    shape = (
        '{"system": "...", "messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]}'
    )

    def recognises(self, example: dict[str, Any]) -> int:
        if "messages" not in example or has_blocks(example) or "reference_answer" in example:
            return 0
        return 2 if isinstance(example.get("system"), str) else 1

    def measure(self, example: Pairs) -> Measure | None:
        return self._measure(example, ())

    def bind(self, limits: Limits) -> Callable[[Pairs], Measure | None]:
        reserved = _reserved(limits.reserved)
        return lambda example: self._measure(example, reserved)

    def _measure(self, example: Pairs, reserved: Reserved) -> Measure | None:
        fields = dict(example)
        messages = fields.pop("messages")
        texts = [fields.pop("system")] if "system" in fields else []
        if fields or len(example) != 1 + len(texts) or not isinstance(messages, list):
            return None
        role = "assistant"
        for message in messages:
            if not isinstance(message, tuple):
                return None
            (role_key, next_role), (content_key, content) = message
            if role_key != "role" or content_key != "content":
                return None
            if next_role != ("user" if role == "assistant" else "assistant"):
                return None
            role = next_role
            texts.append(content)
        if not messages or role != "assistant":
            return None
        chars = weight = 0
        for text in texts:
            if not text or text.isspace() or _holds(text, reserved):
                return None
            chars += len(text)
            weight += weigh(text)
        return len(messages), chars, weight

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "messages", self, check):
            return None
        unknown_keys(example, frozenset({"system", "messages"}), check, hard=True)
        talk = _Talk(check)
        if "system" in example:
            system = example["system"]
            if not isinstance(system, str):
                check.error("bad_system", f"system is {kind_of(system)}.", "Make it a string, or leave it out.")
            else:
                self._text(system, "system", talk)
        if not talk.run(example["messages"], lambda message, _role, where: self._content(message, where, talk)):
            return None
        return talk.measure()

    def _content(self, message: dict[str, Any], where: str, talk: _Talk) -> None:
        content = message.get("content")
        if content is None:
            talk.check.error("missing_content", f"{where} has no content.", "Add content: a string.")
        elif not isinstance(content, str):
            talk.check.error("bad_content", f"{where}: content is {kind_of(content)}.", "Make it a string.")
        else:
            self._text(content, where, talk)

    def _text(self, text: str, where: str, talk: _Talk) -> None:
        if not text:
            talk.check.error("empty_content", f"{where} is empty.", "Write the text, or remove it.")
        elif text.isspace():
            talk.check.warn("empty_content", f"{where} is blank.", "Write the text, or remove it.")
        talk.text(text, where)

    def read(self, example: dict[str, Any]) -> Talk:
        system = refuse_empty([example["system"]], "system") if "system" in example else ()
        turns = []
        for number, message in enumerate(example["messages"], 1):
            where = f"Message {number} ({message['role']})"
            turns.append(Turn(message["role"], refuse_empty([message["content"]], where), where))
        return Talk(system, tuple(turns))

    def write(self, talk: Talk) -> dict[str, Any]:
        refuse_other_turns(talk, answered=True)
        if len(talk.system) > 1:
            raise Loss(
                "lossy_system",
                f"The example has {len(talk.system)} system messages; the format holds one.",
                "Join them as they should be read.",
            )
        example: dict[str, Any] = {"system": talk.system[0]} if talk.system else {}
        example["messages"] = [{"role": turn.role, "content": single_text(turn)} for turn in talk.turns]
        return example


class BedrockReinforcement(Reinforcement):
    """OpenAI's chat format with a reference answer for the grader, which is a Lambda function."""

    name = "bedrock_reinforcement"
    shape = '{"messages": [{"role": "user", "content": "..."}], "reference_answer": ..., "<any key>": ...}'

    def recognises(self, example: dict[str, Any]) -> int:
        return "messages" in example and not has_blocks(example)

    def measure(self, example: Pairs) -> Measure | None:
        fields = dict(example)
        if "reference_answer" not in fields:
            return None
        if any(message[:1] == (("role", "developer"),) for message in fields["messages"]):
            return None
        return super().measure(example)

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "reference_answer", self, check):
            return None
        return super().check(example, check)

    def prompt(self, example: dict[str, Any]) -> None:
        if "reference_answer" not in example:
            raise Loss(
                "lossy_reference",
                "The example has no reference_answer, which the format needs.",
                "Add it: what the grader compares an answer with.",
            )
        for number, message in enumerate(example["messages"], 1):
            if message["role"] == "developer":
                raise Loss("lossy_role", f"Message {number} (developer): the role would be lost.", "Use system.")


class BedrockCompletion(Completion):
    """The same format as OpenAI's; only the limits differ."""

    name = "bedrock_completion"


class Pretraining(Format):
    name = "bedrock_pretraining"
    has_messages = False
    shape = '{"input": "..."}'

    def recognises(self, example: dict[str, Any]) -> int:
        # An object with these keys is an instruction with its answer. No host accepts it in this form.
        return isinstance(example.get("input"), str) and example.keys().isdisjoint({"instruction", "output"})

    def measure(self, example: Pairs) -> Measure | None:
        ((key, text),) = example
        return (0, len(text), weigh(text)) if key == "input" and text and not text.isspace() else None

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        if lacks(example, "input", self, check):
            return None
        unknown_keys(example, frozenset({"input"}), check, hard=True)
        text = example["input"]
        if not isinstance(text, str):
            check.error("bad_value", f"input is {kind_of(text)}.", "Make it a string.")
            return None
        if not text.strip():
            check.warn("empty_content", "input is blank.", "Write the text, or remove the example.")
        return 0, len(text), weigh(text)


class ImageCaption(Format):
    name = "bedrock_image_caption"
    has_messages = False
    shape = '{"image-ref": "s3://BUCKET/KEY", "caption": "..."}'

    def recognises(self, example: dict[str, Any]) -> int:
        return "image-ref" in example

    def measure(self, example: Pairs) -> Measure | None:
        # Every example has an image, and only check() records images.
        return None

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        missing = [lacks(example, key, self, check) for key in ("image-ref", "caption")]
        if any(missing):
            return None
        unknown_keys(example, frozenset({"image-ref", "caption"}), check)
        check.has_image = True
        uri, caption = example["image-ref"], example["caption"]
        found = _BUCKET.fullmatch(uri) if isinstance(uri, str) else None
        if found:
            check.buckets.add(found[1])
            if not str(uri).lower().endswith((".png", ".jpg", ".jpeg")):
                check.warn("image_suffix", f"image-ref is {quote(uri)}.", "The model takes PNG and JPEG; name it so.")
        else:
            check.error(
                "bad_image",
                f"image-ref is {quote(uri)}.",
                "Put the image into a bucket and write its address, s3://BUCKET/KEY.",
            )
        if not isinstance(caption, str):
            check.error("bad_value", f"caption is {kind_of(caption)}.", "Make it a string.")
            return None
        if not caption.strip():
            check.error("empty_content", "caption is blank.", "Describe the image, or remove the example.")
        return 0, len(caption), weigh(caption)


FORMATS = Formats(
    (
        Converse(),
        Distillation(),
        Claude(),
        BedrockReinforcement(),
        BedrockCompletion(),
        Pretraining(),
        ImageCaption(),
    )
)
