# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of training data, in one table: what each rule looks for, its verdict, and its source.

Private to llmops.finetune; may change at any time.

If the sources agree that data is refused, it is an error. If sources disagree, or only one of them says so, it is a
warning. Numbers (of examples, bytes, tokens, ...) are in the providers' limits.py. docs/data_rules.md shows this table;
a test compares the two. The sandbox has its own code for the same rules: it shares nothing with this collection but the
table.

A code has one row for each of its verdicts. ``hosts`` are the beginnings of names of limits (``Limits.profile``); a row
without ``hosts`` fits all hosts. The first row that fits counts. ``formats`` is for readers only: it names the formats
that have the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

ERROR, WARNING, ACCEPTED = "error", "warning", "accepted"


@dataclass(frozen=True)
class Rule:
    """One rule: its code, its verdict, what it looks for, its source, and the date when the source was read."""

    code: str
    verdict: str
    what: str
    source: str
    date: str
    hosts: tuple[str, ...] = ()
    formats: str = ""


_SPEC = "JSON Lines, jsonlines.org; RFC 8259"
_SFT = "OpenAI guide, supervised fine-tuning"
_DPO = "OpenAI guide, direct preference optimization"
_RFT = "OpenAI guide, reinforcement fine-tuning"
_VISION = "OpenAI guide, vision fine-tuning"
_CHAT = "OpenAI API reference, chat messages and FineTuneChatRequestInput"
_COOKBOOK = "OpenAI cookbook, Data preparation and analysis for chat model fine-tuning"
_AZURE_DPO = "Microsoft Learn, Direct preference optimization: output messages use the assistant or tool role"
_NOVA = "Amazon Nova user guide, Preparing data for fine-tuning understanding models"
_NOVA_2 = "Amazon Nova 2 user guide, Preparing data for SFT (taken) against Amazon Bedrock user guide, Nova 2.0 (not)"
_NOVA_CHECK = "AWS samples, nova_ft_dataset_validator.py"
_LLAMA_CHECK = "AWS samples, dataset_validation.py for Meta Llama"
_CONVERSE = "Amazon Bedrock user guide, Prepare data for fine-tuning (Converse format)"
_CLAUDE = "Amazon Bedrock user guide, Prepare data for fine-tuning Claude 3 Haiku"
_DISTILL = "Amazon Bedrock user guide, Prepare your training datasets for distillation"
_PREPARE = "Amazon Bedrock user guide, Prepare data for fine-tuning your models"
_OCI = "OCI Generative AI documentation, Training data requirements"
_OWN = "The collection's own: no host trains on it"

_GUIDES, _AWS, _NOV = "2026-07-15", "2026-11-20", "2026-11-30"

_OPENAI_HOSTS = ("openai", "azure", "compatible")
_CHATS = "openai_*"
_BLOCKS = "bedrock_converse, bedrock_distillation"

RULES: tuple[Rule, ...] = (
    # The file.
    Rule("empty", ERROR, "no example", _SPEC, _GUIDES),
    Rule(
        "bom", ACCEPTED, "a byte-order mark at the start", "Azure OpenAI guide, fine-tuning", _GUIDES, ("azure", "any")
    ),
    Rule("bom", ERROR, "a byte-order mark at the start", "RFC 8259, section 8.1; reports of refused files", _GUIDES),
    Rule("utf16", ERROR, "UTF-16 or UTF-32", _SPEC, _GUIDES),
    Rule("compressed", ERROR, "a compressed file", _SPEC, _GUIDES),
    Rule("vault_encrypted", ERROR, "a file encrypted with ansible-vault", _SPEC, _NOV),
    Rule("json_array", ERROR, "one JSON array", _SPEC, _GUIDES),
    Rule("multiline_json", ERROR, "JSON over several lines", _SPEC, _GUIDES),
    Rule("carriage_returns", ERROR, "lines that end with a carriage return alone", _SPEC, _NOV),
    Rule("carriage_return", WARNING, "a carriage return alone at the end of the file", _SPEC, _NOV),
    Rule("crlf", WARNING, "lines that end with a carriage return and a line feed", _SPEC, _GUIDES),
    Rule("unknown_format", ERROR, "examples in no known format", _SPEC, _GUIDES),
    Rule("wrong_format", ERROR, "a format that the host or base model does not take", f"{_PREPARE}; {_SFT}", _AWS),
    Rule("trailing_blank_line", WARNING, "blank lines at the end", f"{_SPEC} (no line); readers skip them", _NOV),
    # A line.
    Rule("not_utf8", ERROR, "bytes that are not UTF-8", _SPEC, _GUIDES),
    Rule("not_json", ERROR, "a line that is not JSON", _SPEC, _GUIDES),
    Rule("not_an_object", ERROR, "JSON that is not an object", f"{_COOKBOOK}, data_type", _GUIDES),
    Rule("not_finite", ERROR, "NaN or Infinity", "RFC 8259, section 6", _GUIDES),
    Rule("duplicate_key", ERROR, "a key twice in an object", "RFC 8259, section 4: readers differ", _GUIDES),
    Rule("lone_surrogate", ERROR, "half of a surrogate pair", "RFC 8259, section 8.2: readers differ", _GUIDES),
    Rule("blank_line", ERROR, "a blank line between others", _SPEC, _GUIDES),
    Rule("line_too_long", ERROR, "a line longer than any example", _OWN, _NOV),
    Rule("too_many_values", ERROR, "a line of more JSON values than any example", _OWN, _NOV),
    Rule("duplicate_example", WARNING, "a line that repeats an earlier one", _OWN, _NOV),
    # OpenAI's formats.
    Rule(
        "missing_key",
        ERROR,
        "a key of the format is missing",
        f"{_COOKBOOK}, message_missing_key; {_DPO}; {_CONVERSE}",
        _GUIDES,
    ),
    Rule(
        "unknown_key",
        ERROR,
        "a key that the format does not have",
        f"{_CLAUDE}; {_CONVERSE}; {_OCI}",
        _AWS,
        formats="bedrock_claude, bedrock_converse, bedrock_distillation, bedrock_pretraining, oci_completion",
    ),
    Rule(
        "unknown_key",
        WARNING,
        "a key that the format does not have",
        f"{_COOKBOOK}, message_unrecognized_key (old)",
        _GUIDES,
        formats="others",
    ),
    Rule("bad_messages", ERROR, "messages that are no filled array", f"{_COOKBOOK}, missing_messages_list", _GUIDES),
    Rule("bad_message", ERROR, "a message that is no object", _CHAT, _GUIDES),
    Rule("missing_role", ERROR, "a message without role", f"{_COOKBOOK}, message_missing_key", _GUIDES),
    Rule("unknown_role", ERROR, "a role that does not exist", f"{_COOKBOOK}, unrecognized_role; {_NOVA}", _GUIDES),
    Rule(
        "developer_role",
        WARNING,
        "the role developer, but for reinforcement",
        f"{_RFT} (taken); {_SFT} (not named)",
        _GUIDES,
        formats=_CHATS,
    ),
    Rule(
        "missing_assistant",
        ERROR,
        "no message of the assistant",
        f"{_COOKBOOK}, example_missing_assistant_message",
        _GUIDES,
        formats="openai_chat",
    ),
    Rule(
        "last_not_user",
        ERROR,
        "reinforcement: the last message is not the user's",
        "Azure OpenAI guide, reinforcement fine-tuning",
        _GUIDES,
        formats="openai_reinforcement, bedrock_reinforcement",
    ),
    Rule(
        "last_not_user",
        WARNING,
        "preference: the last message is not the user's",
        _DPO,
        _GUIDES,
        formats="openai_preference",
    ),
    Rule(
        "several_outputs",
        ACCEPTED,
        "preference: an output of several messages, at least one the assistant's",
        _AZURE_DPO,
        _NOV,
        ("azure",),
        "openai_preference",
    ),
    Rule("several_outputs", ERROR, "the same", f"{_DPO}: one message", _GUIDES, ("openai",), "openai_preference"),
    Rule(
        "several_outputs",
        WARNING,
        "the same",
        f"{_AZURE_DPO} (taken); {_DPO} (one message)",
        _NOV,
        (),
        "openai_preference",
    ),
    Rule(
        "bad_output",
        ERROR,
        "preference: an output without a message of the assistant, or of another's",
        _DPO,
        _GUIDES,
        formats="openai_preference",
    ),
    Rule("same_outputs", WARNING, "preference: both outputs are the same", _DPO, _GUIDES, formats="openai_preference"),
    Rule("missing_content", ERROR, "a message without content", f"{_COOKBOOK}, missing_content", _GUIDES),
    Rule("bad_content", ERROR, "content of a wrong type", _CHAT, _GUIDES),
    Rule(
        "empty_content",
        ERROR,
        "an empty text",
        f"{_CLAUDE}; {_NOVA_CHECK}; {_OCI}",
        _AWS,
        formats="bedrock_claude, bedrock_image_caption, oci_completion; bedrock_converse where a message says nothing",
    ),
    Rule(
        "empty_content",
        WARNING,
        "an empty text, or a blank one at Bedrock",
        f"{_COOKBOOK}, missing_content (old)",
        _GUIDES,
        formats="others",
    ),
    Rule(
        "tool_content_parts",
        WARNING,
        "a tool's answer as an array of parts",
        "OpenAI community, 965584: refused in 2024; the API reference takes it",
        _NOV,
        formats=_CHATS,
    ),
    Rule("bad_weight", ERROR, "a weight that is not 0 or 1, or not the assistant's", _SFT, _GUIDES, formats=_CHATS),
    Rule(
        "nothing_trained",
        WARNING,
        "all of the assistant's messages have weight 0",
        _SFT,
        _GUIDES,
        formats="openai_chat",
    ),
    Rule(
        "bad_name",
        ERROR,
        "a name that is no filled text, or a function's answer without one",
        _CHAT,
        _GUIDES,
        formats=_CHATS,
    ),
    Rule("bad_value", ERROR, "another value of a wrong type", _CHAT, _GUIDES),
    Rule(
        "empty_tools",
        ACCEPTED,
        "tools is an empty array",
        f"{_DPO}, its own example",
        _GUIDES,
        formats="openai_preference",
    ),
    Rule(
        "empty_tools",
        WARNING,
        "tools is an empty array",
        f"{_DPO}, its own example; the chat API refuses it",
        _NOV,
        formats="openai_chat, openai_reinforcement",
    ),
    Rule("bad_tools", ERROR, "a declared tool or function that is not well-formed", _CHAT, _GUIDES, formats=_CHATS),
    Rule("deprecated_functions", WARNING, "functions in place of tools", _CHAT, _GUIDES, formats=_CHATS),
    Rule(
        "bad_tool_call",
        ERROR,
        "a call that is not well-formed, or in another's message",
        _CHAT,
        _GUIDES,
        formats=_CHATS,
    ),
    Rule("bad_arguments", ERROR, "arguments that are not a JSON object in a text", _CHAT, _GUIDES, formats=_CHATS),
    Rule(
        "arguments_twice",
        WARNING,
        "arguments encoded as JSON twice",
        "OpenAI cookbook, Fine tuning for function calling: its own data",
        _NOV,
        formats=_CHATS,
    ),
    Rule("bad_tool_call_id", ERROR, "a tool's answer to no preceding call", _CHAT, _GUIDES, formats=_CHATS),
    Rule("undeclared_tool", WARNING, "a called tool that is not declared", _CHAT, _GUIDES, formats=_CHATS),
    Rule(
        "unanswered_tool_call",
        WARNING,
        "a call that another message than its answer follows",
        "microsoft-foundry/fine-tuning, issue 23: refused by Azure",
        _NOV,
        formats=_CHATS,
    ),
    Rule(
        "special_token",
        WARNING,
        "the name of a token that steers the model, as <|im_start|>, in a text",
        "johny-b/llmcomp, issue 59: refused by OpenAI for <|fim_suffix|>",
        _NOV,
        _OPENAI_HOSTS,
        _CHATS,
    ),
    Rule("special_token", ACCEPTED, "the same", "Other tokenizers have other words", _NOV),
    Rule("bad_image", ERROR, "an image's URL that is not usable", _VISION, _GUIDES),
    Rule(
        "image_suffix",
        WARNING,
        "an image whose name does not end as that of a PNG or JPEG",
        f"{_PREPARE}: PNG and JPEG; of names it says nothing",
        _NOV,
        formats="bedrock_image_caption",
    ),
    Rule(
        "jpg_image",
        ACCEPTED,
        "an image of the type image/jpg",
        "Microsoft Learn, fine-tuning with vision: its own samples",
        _NOV,
        ("azure",),
        "openai_chat",
    ),
    Rule(
        "jpg_image",
        ERROR,
        "the same (as bad_image)",
        f"{_VISION}: JPEG, PNG, WEBP",
        _GUIDES,
        ("openai",),
        "openai_chat",
    ),
    Rule("jpg_image", WARNING, "the same", f"{_VISION}; Microsoft's samples", _NOV, (), "openai_chat"),
    Rule(
        "image_not_allowed", ERROR, "an image in an assistant's message, or where only text is taken", _VISION, _GUIDES
    ),
    Rule("image_not_allowed", WARNING, "an image in a system or tool message", _VISION, _GUIDES, formats=_CHATS),
    Rule(
        "last_not_assistant",
        WARNING,
        "chat: the last message is not the assistant's",
        _SFT,
        _GUIDES,
        formats="openai_chat",
    ),
    Rule(
        "last_not_assistant",
        ERROR,
        "the last message is not the assistant's",
        f"{_NOVA}; {_CLAUDE}",
        _AWS,
        formats="bedrock_converse, bedrock_claude",
    ),
    Rule("missing_user", WARNING, "no message of the user", f"{_COOKBOOK}, warnings", _GUIDES, formats="openai_chat"),
    # Bedrock's formats.
    Rule(
        "first_not_user",
        ERROR,
        "the first message is not the user's",
        f"{_NOVA}; {_CLAUDE}",
        _AWS,
        formats=f"{_BLOCKS}, bedrock_claude",
    ),
    Rule(
        "not_alternating",
        ERROR,
        "two messages of one role in a row",
        f"{_NOVA_CHECK}; {_CLAUDE}",
        _AWS,
        formats=f"{_BLOCKS}, bedrock_claude",
    ),
    Rule(
        "bad_system",
        ERROR,
        "system is not as the format wants it",
        _CONVERSE,
        _AWS,
        formats=f"{_BLOCKS}, bedrock_claude",
    ),
    Rule(
        "several_system", ACCEPTED, "more than one block of system", _NOVA_CHECK, _NOV, ("bedrock/nova", "any"), _BLOCKS
    ),
    Rule(
        "several_system",
        WARNING,
        "more than one block of system",
        f"{_LLAMA_CHECK} (refused); {_NOVA_CHECK} (taken)",
        _NOV,
        formats=_BLOCKS,
    ),
    Rule(
        "bad_schema_version",
        ERROR,
        "schemaVersion is no text; or another text, but for Nova; or missing, for distillation",
        f"{_CONVERSE}; {_DISTILL}",
        _AWS,
        formats=_BLOCKS,
    ),
    Rule(
        "bad_schema_version",
        WARNING,
        "schemaVersion is another text (Nova), or missing (Nova, Llama)",
        f"{_NOVA}: any text; {_LLAMA_CHECK}, {_NOVA_CHECK}: may be missing",
        _NOV,
        formats="bedrock_converse",
    ),
    Rule(
        "reserved_word",
        ERROR,
        "a word that the model reserves",
        f"{_NOVA}; {_CLAUDE}",
        _AWS,
        formats="bedrock_converse, bedrock_claude",
    ),
    Rule(
        "reserved_word",
        WARNING,
        "the same in other capitals, and <unk>; or where no model is given",
        _NOVA_CHECK,
        _NOV,
        formats="bedrock_converse",
    ),
    Rule("bad_video", ERROR, "a video that is not usable", _NOVA, _AWS, formats="bedrock_converse"),
    Rule("bad_document", ERROR, "a document that is not usable", _NOVA_CHECK, _NOV, formats="bedrock_converse"),
    Rule(
        "mixed_media",
        ERROR,
        "images and videos in one example, or for Nova in one file",
        f"{_NOVA}, constraint 4; {_NOVA_CHECK}",
        _AWS,
        formats="bedrock_converse",
    ),
    Rule(
        "mixed_media",
        WARNING,
        "images and videos in one file, where no model is given",
        f"{_NOVA}, constraint 4",
        _AWS,
        formats="bedrock_converse",
    ),
    Rule("several_buckets", ERROR, "images and videos in several buckets", _NOVA, _AWS, formats="bedrock_converse"),
    Rule("video_not_allowed", ERROR, "a video in another's message, or for this model", _NOVA, _AWS, formats=_BLOCKS),
    Rule("document_not_allowed", WARNING, "a document", _NOVA_2, _NOV, ("bedrock/nova-2",), "bedrock_converse"),
    Rule("document_not_allowed", ERROR, "a document", _NOVA, _AWS, (), _BLOCKS),
    Rule(
        "tools_not_allowed",
        WARNING,
        "tools, calls and their results",
        _NOVA_2,
        _NOV,
        ("bedrock/nova-2",),
        "bedrock_converse",
    ),
    Rule("tools_not_allowed", ERROR, "tools, calls and their results", f"{_NOVA}; {_DISTILL}", _AWS, (), _BLOCKS),
    Rule(
        "reasoning_not_allowed",
        ERROR,
        "reasoning for another model than Nova 2, or not the assistant's",
        _NOVA_CHECK,
        _AWS,
        formats=_BLOCKS,
    ),
    Rule(
        "too_many_turns",
        ERROR,
        "several prompts for a student that learns from single turns",
        _DISTILL,
        _AWS,
        formats="bedrock_distillation",
    ),
    Rule(
        "typed_block",
        ACCEPTED,
        "a block of text that says its type as well",
        "AWS samples, dataset_validator.py for distillation",
        _NOV,
        formats="bedrock_distillation",
    ),
)


@cache
def verdict_of(code: str, profile: str) -> str:
    """The verdict of a rule for the limits of this name. Raises KeyError if no row of the table fits."""
    for rule in RULES:
        if rule.code == code and (not rule.hosts or profile.startswith(rule.hosts)):
            return rule.verdict
    raise KeyError(code)
