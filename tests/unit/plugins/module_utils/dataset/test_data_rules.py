# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data that real hosts take or refuse, against what was once said of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import rules
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.write import Split
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import (
    convert,
    limits_for,
    scan,
    write,
)

Example = dict[str, Any]
OPENAI_HOSTS = ["openai", "azure", "compatible"]
LITE, NOVA_2 = "amazon.nova-lite-v1:0:300k", "amazon.nova-2-lite-v1:0:256k"
LLAMA, HAIKU = "meta.llama3-3-70b-instruct-v1:0:128k", "anthropic.claude-3-haiku-20240307-v1:0:200k"
TOOL = {"type": "function", "function": {"name": "takeoff", "parameters": {"type": "object", "properties": {}}}}


def message(role: str, content: Any = "text", **more: Any) -> Example:
    return {"role": role, "content": content, **more}


def chat(*messages: Example, **more: Any) -> Example:
    return {"messages": list(messages) or [message("user", "Hello?"), message("assistant", "Hi.")], **more}


def calling(arguments: str, *after: Example, **more: Any) -> Example:
    function = {"name": "takeoff", "arguments": arguments}
    call = {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
    return chat(message("user"), call, *after, tools=[TOOL], **more)


def preference(*preferred: Example, **more: Any) -> Example:
    return {
        "input": {"messages": [message("user")], **more},
        "preferred_output": list(preferred) or [message("assistant", "good")],
        "non_preferred_output": [message("assistant", "bad")],
    }


def said(role: str, *blocks: Any) -> Example:
    return {"role": role, "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def converse(*messages: Example, **more: Any) -> Example:
    talk = list(messages) or [said("user", "a"), said("assistant", "b")]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": talk, **more}


def medium(kind: str, form: str, bucket: str = "my-bucket") -> Example:
    return {kind: {"format": form, "source": {"s3Location": {"uri": f"s3://{bucket}/a.{form}"}}}}


def look(
    examples: list[Any],
    provider: str,
    model: str | None = None,
    kind: str | None = None,
    split: str = "training",
    form: str | None = None,
) -> Report:
    return scan(Source.from_content(examples), format=form, limits=limits_for(provider, model, kind, split))


def codes(report: Report) -> tuple[set[str], set[str]]:
    return set(report.error_codes), set(report.warning_codes)


def judged(example: Example, provider: str, **options: Any) -> tuple[set[str], set[str]]:
    """Errors and warnings of one example among many that differ from it."""
    count = 200 if provider == "bedrock" else 40
    fillers: dict[bool, Any] = {
        True: lambda n: converse(said("user", f"Question {n}?"), said("assistant", "b")),
        False: lambda n: chat(message("user", f"Question {n}?"), message("assistant")),
    }
    if "input" in example:
        examples = [{**preference(), "input": {"messages": [message("user", f"Question {n}?")]}} for n in range(count)]
    else:
        examples = [fillers[provider == "bedrock"](n) for n in range(count)]
    return codes(look([*examples, example], provider, **options))


# D1


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
def test_d1_a_preference_may_have_an_empty_list_of_tools(provider: str) -> None:
    assert judged(preference(tools=[], parallel_tool_calls=True), provider) == (set(), set())


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
def test_d1_elsewhere_an_empty_list_of_tools_is_doubtful(provider: str) -> None:
    assert judged(chat(tools=[]), provider) == (set(), {"empty_tools"})
    twelve = [chat(message("user", str(number)), message("assistant"), tools=[]) for number in range(12)]
    assert look(twelve, provider).warning_codes == {"empty_tools": 12}


# D2


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
def test_d2_arguments_that_are_encoded_twice_are_a_warning(provider: str) -> None:
    twice = json.dumps(json.dumps({"height_m": 1}))
    assert judged(calling(twice), provider) == (set(), {"arguments_twice"})
    older = chat(message("user"), {"role": "assistant", "function_call": {"name": "takeoff", "arguments": twice}})
    assert "arguments_twice" in judged(older, provider)[1]


@pytest.mark.parametrize("arguments", ["", "[]", '"text"', "1", json.dumps("[]"), json.dumps(json.dumps("{}"))])
def test_d2_arguments_that_are_no_object_at_all_are_refused(arguments: str) -> None:
    assert judged(calling(arguments), "openai")[0] == {"bad_arguments"}


# D3


TOKENS = ["fim_suffix", "fim_prefix", "fim_middle", "endoftext", "im_start", "im_end", "endofprompt", "im_sep"]


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
@pytest.mark.parametrize("token", TOKENS)
def test_d3_the_name_of_a_steering_token_in_a_text_is_a_warning(token: str, provider: str) -> None:
    text = f"x = 1<|{token}|>"
    part = [{"type": "text", "text": text}]
    for example in (
        chat(message("user", text), message("assistant")),
        chat(message("user"), message("assistant", text)),
        chat(message("user", part), message("assistant")),
        preference(message("assistant", text)),
        calling(json.dumps({"code": text})),
        chat(tools=[{**TOOL, "function": {**TOOL["function"], "description": text}}]),  # type: ignore[dict-item]
    ):
        assert judged(example, provider) == (set(), {"special_token"})
    prompts = [{"prompt": f"{number} {text}", "completion": "b"} for number in range(12)]
    assert look(prompts, provider).warning_codes == {"special_token": 12}


def test_d3_other_brackets_and_other_hosts_are_left_alone() -> None:
    assert judged(chat(message("user", "a <| b |> <|other|> <|im_start>"), message("assistant")), "openai") == (
        set(),
        set(),
    )
    assert judged(converse(said("user", "<|im_end|>"), said("assistant", "b")), "bedrock", model=LITE) == (set(), set())


# D4


def test_d4_an_output_of_several_messages_is_taken_by_azure() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "takeoff", "arguments": "{}"}}
    turns = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "done"},
        message("assistant"),
    ]
    example = preference(*turns, tools=[TOOL])
    assert judged(example, "azure") == (set(), set())
    assert judged(preference(message("assistant", "a"), message("assistant", "b")), "azure") == (set(), set())
    assert judged(example, "compatible") == (set(), {"several_outputs"})
    assert judged(example, "openai") == ({"bad_output"}, set())


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
def test_d4_an_output_without_an_answer_is_refused_everywhere(provider: str) -> None:
    assert judged(preference(message("user")), provider)[0] == {"bad_output"}
    assert judged(preference(message("assistant"), message("user")), provider)[0] == {"bad_output"}


def test_d4_jpg_is_taken_by_azure() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,iVBORw0KGgo="}}
    example = chat(message("user", [{"type": "text", "text": "?"}, image]), message("assistant"))
    assert judged(example, "azure") == (set(), set())
    assert judged(example, "compatible") == (set(), {"jpg_image"})
    assert judged(example, "openai") == ({"bad_image"}, set())


def test_d4_many_rows_to_validate_reinforcement_with_are_doubtful_at_azure() -> None:
    rows = [{"messages": [message("user", f"Question {number}?")], "answer": number} for number in range(1001)]
    assert codes(look(rows, "azure", split="validation")) == (set(), {"too_many_examples"})
    assert codes(look(rows, "openai", split="validation")) == ({"too_many_examples"}, set())


# D5


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
def test_d5_a_tool_s_answer_in_parts_is_a_warning(provider: str) -> None:
    parts = [{"type": "text", "text": "done"}]
    answer = {"role": "tool", "tool_call_id": "c1", "content": parts}
    assert judged(calling("{}", answer, message("assistant")), provider) == (set(), {"tool_content_parts"})
    older = {"role": "function", "name": "takeoff", "content": parts}
    asked = {"role": "assistant", "function_call": {"name": "takeoff", "arguments": "{}"}}
    assert "tool_content_parts" in judged(chat(message("user"), asked, older, message("assistant")), provider)[1]


@pytest.mark.parametrize("provider", OPENAI_HOSTS)
@pytest.mark.parametrize("role", ["assistant", "user"])
def test_d5_a_call_that_text_follows_is_a_warning(provider: str, role: str) -> None:
    after = [message(role), message("assistant")]
    assert judged(calling("{}", *after), provider) == (set(), {"unanswered_tool_call"})
    asked = {"role": "assistant", "function_call": {"name": "takeoff", "arguments": "{}"}}
    assert "unanswered_tool_call" in judged(chat(message("user"), asked, *after), provider)[1]
    assert "unanswered_tool_call" not in judged(calling("{}"), provider)[1]


# D6


@pytest.mark.parametrize(
    ("first", "second"), [(("image", "png"), ("video", "mp4")), (("video", "mp4"), ("image", "png"))]
)
@pytest.mark.parametrize("workers", [1, 3])
def test_d6_images_and_videos_in_one_file_are_refused_for_nova(
    first: tuple[str, str], second: tuple[str, str], workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.llmops.finetune.plugins.module_utils._dataset.scan.MIN_FORK_BYTES", 1)
    plain = [converse(said("user", f"Question {number}?"), said("assistant", "b")) for number in range(20)]
    one = converse(said("user", "1", medium(*first)), said("assistant", "b"))
    other = converse(said("user", "2", medium(*second)), said("assistant", "b"))
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in [*plain[:3], one, *plain[3:17], other, other, *plain]))
    report = scan(Source.from_path(path), limits=limits_for("bedrock", LITE), workers=workers)
    assert [(issue.line, issue.code) for issue in report.errors] == [(19, "mixed_media")]
    assert "line 4" in report.errors[0].message
    unknown = scan(Source.from_path(path), limits=limits_for("bedrock"), workers=workers)
    assert (unknown.error_codes, unknown.warning_codes.get("mixed_media")) == ({}, 1)


@pytest.mark.parametrize(
    "example",
    [
        converse(toolConfig={"tools": []}),
        converse(said("user", "a"), said("assistant", {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}})),
    ],
)
def test_d6_tools_are_doubtful_for_nova_2_only(example: Example) -> None:
    assert judged(example, "bedrock", model=NOVA_2) == (set(), {"tools_not_allowed"})
    assert judged(example, "bedrock", model=LITE)[0] == {"tools_not_allowed"}


def test_d6_documents_are_doubtful_for_nova_2_only() -> None:
    example = converse(said("user", "a", medium("document", "pdf")), said("assistant", "b"))
    assert judged(example, "bedrock", model=NOVA_2) == (set(), {"document_not_allowed"})
    assert judged(example, "bedrock", model=LITE)[0] == {"document_not_allowed"}
    wrong = converse(said("user", "a", medium("document", "docx")), said("assistant", "b"))
    assert judged(wrong, "bedrock", model=NOVA_2)[0] == {"bad_document"}
    elsewhere = converse(said("user", "a"), said("assistant", medium("document", "pdf")))
    assert judged(elsewhere, "bedrock", model=NOVA_2)[0] == {"document_not_allowed"}


# D7


def test_d7_llama_does_without_schema_version() -> None:
    example = {"messages": converse()["messages"]}
    assert judged(example, "bedrock", model=LLAMA) == (set(), {"bad_schema_version"})
    assert judged({**example, "schemaVersion": 1}, "bedrock", model=LLAMA)[0] == {"bad_schema_version"}
    assert judged({**example, "schemaVersion": None}, "bedrock", model=LITE)[0] == {"bad_schema_version"}
    assert judged({**example, "schemaVersion": "any"}, "bedrock", model=LITE)[1] == {"bad_schema_version"}


def test_d7_blocks_of_distillation_may_say_their_type() -> None:
    typed = {"type": "text", "text": "a"}
    example = converse(said("user", typed), system=[{"type": "text", "text": "s"}])
    assert judged(example, "bedrock", kind="DISTILLATION") == (set(), set())
    assert judged(converse(said("user", {**typed, "type": "x"})), "bedrock", kind="DISTILLATION")[0] == {"bad_content"}
    assert judged(converse(said("user", typed), said("assistant", "b")), "bedrock", model=LITE)[0] == {"bad_content"}
    back = convert(Source.from_content([example]), "openai_chat", from_format="bedrock_distillation")
    assert set(back.report.error_codes) <= {"lossy_turns"}


@pytest.mark.parametrize("options", [{"model": LLAMA}, {"kind": "DISTILLATION"}, {}])
def test_d7_several_blocks_of_system_are_doubtful(options: dict[str, str]) -> None:
    system = [{"text": "a"}, {"text": "b"}]
    assert judged(converse(system=system), "bedrock", **options) == (set(), {"several_system"})
    assert judged(converse(system=system[:1]), "bedrock", **options) == (set(), set())


def test_d7_numbers_of_validation_examples_that_only_aws_s_own_checks_name() -> None:
    lines = [converse(said("user", f"Question {number}?"), said("assistant", "b")) for number in range(1001)]
    assert codes(look(lines, "bedrock", LLAMA, split="validation")) == (set(), {"too_many_examples"})
    assert codes(look(lines[:1000], "bedrock", LLAMA, split="validation")) == (set(), set())
    chats = [chat(message("user", f"Question {number}?"), message("assistant")) for number in range(32)]
    assert codes(look(chats[:31], "bedrock", HAIKU, split="validation")) == (set(), {"too_few_examples"})
    assert codes(look(chats, "bedrock", HAIKU, split="validation")) == (set(), set())


def test_d7_words_that_nova_reserves_are_doubtful_in_other_capitals() -> None:
    for text in ("my user: hello", "THOUGHT: none", "<unk>"):
        assert judged(converse(said("user", text), said("assistant", "b")), "bedrock", model=LITE) == (
            set(),
            {"reserved_word"},
        )
    assert judged(converse(said("user", "User: a"), said("assistant", "b")), "bedrock", model=LITE)[0] == {
        "reserved_word"
    }


# D8


@pytest.mark.parametrize("to_format", [None, "openai_chat", "bedrock_claude"])
def test_d8_a_byte_order_mark_is_left_out_of_what_is_written(to_format: str | None, tmp_path: Path) -> None:
    data = b"".join(
        json.dumps(chat(message("user", f"{number}"), message("assistant"))).encode() + b"\n" for number in range(12)
    )
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + data)
    out = tmp_path / "out.jsonl"
    with out.open("wb") as stream:
        written = write(Source.from_path(path), to_format, stream)
    assert out.read_bytes() == data
    assert (written.training.bytes, written.training.examples) == (len(data), 12)
    assert scan(Source.from_path(out), limits=limits_for("openai")).ok
    assert written.training.sha256 == scan(Source.from_path(out)).sha256
    split = write(Source.from_path(path), to_format, split=Split(0.3))
    assert split.training.examples + (split.validation.examples if split.validation else 0) == 12


@pytest.mark.parametrize("provider", [*OPENAI_HOSTS, "bedrock", "oci"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\n"])
def test_d8_a_vault_encrypted_file_is_one_error_that_says_so(tmp_path: Path, provider: str, begin: bytes) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(begin + b"$ANSIBLE_VAULT;1.1;AES256\n" + b"3132333435363738\n" * 1800)
    report = scan(Source.from_path(path), limits=limits_for(provider))
    assert [code for code in report.error_codes if code != "bom"] == ["vault_encrypted"]
    assert report.error_count == len(report.error_codes) and "vault" in str(report.errors[-1])


@pytest.mark.parametrize(
    ("example", "name"),
    [
        ({"instruction": "Add", "input": "1 2", "output": "3"}, "Alpaca"),
        ({"instruction": "Add 1 and 2", "output": "3"}, "Alpaca"),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}, "ShareGPT"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "TRL"),
    ],
)
@pytest.mark.parametrize("provider", [*OPENAI_HOSTS, "bedrock", "oci"])
def test_d8_a_format_that_no_host_takes_is_named(example: Example, name: str, provider: str) -> None:
    report = look([example] * 3, provider)
    assert report.error_codes == {"unknown_format": 1}
    assert name in report.errors[0].message
    assert "bedrock_pretraining" not in report.errors[0].message
    if provider in ("openai", "oci"):
        assert "bedrock" not in str(report.errors[0])


def test_d8_pretraining_is_still_recognised() -> None:
    assert look([{"input": "a"}] * 3, "bedrock").format == "bedrock_pretraining"


# M3


def test_m3_equal_lines_are_one_warning() -> None:
    report = look([chat()] * 40, "openai")
    assert report.warning_codes == {"duplicate_example": 1}
    assert (report.warnings[0].line, report.warning_count) == (2, 1)
    assert "line 1" in report.warnings[0].message and "38 more" in report.warnings[0].message
    two = [chat(message("user", str(number % 3)), message("assistant")) for number in range(12)]
    assert look(two, "openai").warning_codes == {"duplicate_example": 3}


@pytest.mark.parametrize("end", ["\r", ""])
def test_m3_lines_that_end_with_a_carriage_return_alone_are_called_so(end: str) -> None:
    text = "\r".join(json.dumps(chat(message("user", str(number)), message("assistant"))) for number in range(12)) + end
    report = scan(Source.from_content(text))
    assert (report.error_codes, report.warning_codes) == ({"carriage_returns": 1}, {})


def test_m3_a_carriage_return_among_line_feeds_is_called_so() -> None:
    lines = [json.dumps(chat(message("user", str(number)), message("assistant"))) for number in range(12)]
    two = scan(Source.from_content("\n".join([*lines[:5], "\r".join(lines[5:7]), *lines[7:], lines[0]])))
    assert (two.errors[0].line, two.errors[0].code) == (6, "not_json")
    assert "carriage return" in two.errors[0].message.lower() and "crlf" not in two.warning_codes
    last = scan(Source.from_content("\n".join(lines) + "\r"))
    assert (last.ok, last.warning_codes) == (True, {"carriage_return": 1})
    assert scan(Source.from_content("\r\n".join(lines) + "\r\n")).warning_codes == {"crlf": 1}


# X3


def test_x3_texts_above_what_command_r_takes_are_doubtful_and_refused_by_the_sandbox() -> None:
    from finetune_sandbox.oci.dataset import check

    name = "cohere.command-r-08-2024"
    fillers = [{"prompt": f"Question {number}?", "completion": "a"} for number in range(32)]
    for key, words, expected in (
        ("prompt", 15_000, False),
        ("prompt", 18_000, True),
        ("completion", 3_500, False),
        ("completion", 4_500, True),
    ):
        row = {"prompt": "a", "completion": "b", key: "seven " * words}
        report = look([*fillers, row], "oci", name)
        assert (report.ok, "may_be_too_long" in report.warning_codes) == (True, expected)
        assert look([*fillers, row], "oci").warning_codes == {}
        data = [json.dumps(each).encode() + b"\n" for each in (*fillers, row)]
        assert check(data).failure is None
        longer = [json.dumps(each).encode() + b"\n" for each in (*fillers, {**row, key: "seven " * (words * 2)})]
        assert ("tokens" in str(check(longer, name).failure)) is expected or not expected


# The table


def test_every_code_that_is_reported_stands_in_the_table_with_source_and_date() -> None:
    folder = Path(rules.__file__).parent
    text = "".join(path.read_text() for path in (*folder.glob("*.py"), *folder.parent.glob("_providers/_*/formats.py")))
    found = set(re.findall(r"(?:error|warn|rule|_report|add|limit)\([^\"()]*?f?\"([a-z_{}]+)\",", text))
    known = {rule.code for rule in rules.RULES}
    numbers = {"too_few_examples", "too_many_examples", "too_many_image_examples", "file_too_large", "may_be_truncated"}
    numbers |= {"may_be_too_long", "image_too_large", "too_many_images", "validation_refused", "validation_unused"}
    assert {code for code in found if "{" not in code} - numbers <= known
    assert len(found & known) > 50
    for rule in rules.RULES:
        assert rule.source and re.fullmatch(r"2026-\d\d-\d\d", rule.date) and rule.what
        assert rule.verdict in (rules.ERROR, rules.WARNING, rules.ACCEPTED)
