# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import scan as scan_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limits
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.report import Report
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import Source
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.limits import CUSTOMIZATION_TYPES
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.limits import (
    limits_for as for_bedrock,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import (
    FORMATS,
    LIMITS,
    limits_for,
    scan,
)

Example = dict[str, Any]

MICRO = "amazon.nova-micro-v1:0:128k"
LITE = "amazon.nova-lite-v1:0:300k"
PRO = "amazon.nova-pro-v1:0:300k"
NOVA_2 = "amazon.nova-2-lite-v1:0:256k"
CANVAS = "amazon.nova-canvas-v1:0"
TITAN_IMAGE = "amazon.titan-image-generator-v2:0"
TITAN_EMBED = "amazon.titan-embed-image-v1"
TITAN_TEXT = "amazon.titan-text-express-v1:0:8k"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
COHERE = "cohere.command-text-v14:7:4k"
LLAMA_31 = "meta.llama3-1-8b-instruct-v1:0:128k"
LLAMA_32_1 = "meta.llama3-2-1b-instruct-v1:0:128k"
LLAMA_32_11 = "meta.llama3-2-11b-instruct-v1:0:128k"
LLAMA_32_90 = "meta.llama3-2-90b-instruct-v1:0:128k"
LLAMA_33 = "meta.llama3-3-70b-instruct-v1:0:128k"


def said(role: str, *content: Any) -> Example:
    """A message of the Converse format; a string is a block of text."""
    return {"role": role, "content": [{"text": block} if isinstance(block, str) else block for block in content]}


def converse(*messages: Any, **more: Any) -> Example:
    turns = list(messages) or [said("user", "Hello?"), said("assistant", "Hi.")]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": turns, **more}


def medium(kind: str, form: str, uri: str = "s3://media/a.bin") -> Example:
    return {kind: {"format": form, "source": {"s3Location": {"uri": uri}}}}


def image(uri: str = "s3://media/a.png") -> Example:
    return medium("image", "png", uri)


def video() -> Example:
    return medium("video", "mp4")


def reasoning(text: Any = "Let me think.") -> Example:
    return {"reasoningContent": {"reasoningText": {"text": text}}}


def asked(*blocks: Any) -> Example:
    return converse(said("user", "What is it?", *blocks), said("assistant", "A cat."))


def plain(role: str, content: Any = "text", **more: Any) -> Example:
    return {"role": role, "content": content, **more}


def claude(*messages: Any, **more: Any) -> Example:
    return {**more, "messages": list(messages) or [plain("user"), plain("assistant")]}


def prompt(*messages: Any, **more: Any) -> Example:
    return {"messages": list(messages) or [plain("user")], "reference_answer": "42", **more}


def text_of(examples: list[Any]) -> str:
    return "".join(json.dumps(example, ensure_ascii=False) + "\n" for example in examples)


FILLERS: dict[str, Callable[[int], Example]] = {
    "bedrock_converse": lambda n: converse(said("user", f"Question {n}?"), said("assistant", "Yes.")),
    "bedrock_distillation": lambda n: converse(said("user", f"Question {n}?")),
    "bedrock_claude": lambda n: claude(plain("user", f"Question {n}?"), plain("assistant")),
    "bedrock_reinforcement": lambda n: prompt(plain("user", f"Question {n}?")),
    "bedrock_completion": lambda n: {"prompt": f"Question {n}?", "completion": "Yes."},
    "bedrock_pretraining": lambda n: {"input": f"Text {n}."},
    "bedrock_image_caption": lambda n: {"image-ref": f"s3://media/{n}.png", "caption": f"Picture {n}."},
}


def check_one(example: Any, limits: Limits, name: str | None = None, number: int = 120) -> Report:
    """Scan good examples of the first format that the limits accept, and one that is given, as line 4."""
    filler = FILLERS[name or limits.formats[0]]
    examples = [filler(place) for place in range(number)]
    examples.insert(3, example)
    return scan(Source.from_content(text_of(examples)), format=name, limits=limits)


def codes(report: Report) -> list[tuple[int | None, str]]:
    return [(issue.line, issue.code) for issue in report.errors]


def doubts(report: Report) -> list[tuple[int | None, str]]:
    return [(issue.line, issue.code) for issue in report.warnings]


# What is good.


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (MICRO, converse()),
        (MICRO, converse(system=[{"text": "Be brief."}, {"text": "Grüße, 日本 😀"}])),
        (MICRO, converse(said("user", "a", "b"), said("assistant", "c"), said("user", "d"), said("assistant", "e"))),
        (LITE, asked(*[image()] * 10)),
        (PRO, asked(video())),
        (LITE, converse(said("user", image()), said("assistant", "A cat."))),
        (NOVA_2, converse(said("user", "6x7?"), said("assistant", reasoning(), "42"))),
        (LLAMA_33, converse()),
        (LLAMA_32_11, asked(medium("image", "webp"))),
        (HAIKU, claude()),
        (HAIKU, claude(plain("user"), plain("assistant"), plain("user"), plain("assistant"), system="Be brief.")),
        (COHERE, {"prompt": "6x7=", "completion": "42"}),
        (LLAMA_31, {"prompt": "6x7=", "completion": "42"}),
        (TITAN_TEXT, {"prompt": "6x7=", "completion": "42"}),
        (TITAN_IMAGE, {"image-ref": "s3://media/cats/a.png", "caption": "A cat."}),
        (CANVAS, {"image-ref": "s3://media/cats/a.png", "caption": "A cat."}),
    ],
)
def test_a_good_example_has_no_issue_and_its_format_is_found(model: str, example: Example) -> None:
    limits = for_bedrock(model)
    report = check_one(example, limits)
    assert (codes(report), doubts(report), report.ok) == ([], [], True)
    assert (report.format, report.detected) == (limits.formats[0], True)


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("DISTILLATION", converse(said("user", "Why?"))),
        ("DISTILLATION", converse(said("user", "Why?"), said("assistant", "So."))),
        ("DISTILLATION", converse(said("user", "Why?"), said("assistant", "So."), said("user", "And?"))),
        ("REINFORCEMENT_FINE_TUNING", prompt()),
        ("REINFORCEMENT_FINE_TUNING", prompt(plain("system"), plain("user"), reference_answer={"a": [1]}, task="x")),
        ("CONTINUED_PRE_TRAINING", {"input": "Once upon a time."}),
    ],
)
def test_the_way_of_training_decides_the_format(kind: str, example: Example) -> None:
    limits = for_bedrock(PRO, kind)
    report = check_one(example, limits)
    assert (codes(report), doubts(report), report.format) == ([], [], limits.formats[0])


@pytest.mark.parametrize(
    ("example", "name"),
    [
        (converse(), "bedrock_converse"),
        (converse(said("user", "Why?")), "bedrock_converse"),
        ({"messages": [said("user", "Why?"), said("assistant", "So.")]}, "bedrock_converse"),
        (claude(system="Be brief."), "bedrock_claude"),
        (claude(), "openai_chat"),
        (prompt(), "openai_reinforcement"),
        ({"prompt": "a", "completion": "b"}, "openai_completion"),
        ({"input": "a"}, "bedrock_pretraining"),
        ({"image-ref": "s3://media/a.png", "caption": "b"}, "bedrock_image_caption"),
        (
            {"messages": [plain("user", [{"type": "text", "text": "a"}]), plain("assistant")]},
            "openai_chat",
        ),
        ({"question": "a"}, None),
    ],
)
def test_without_a_provider_the_most_telling_format_is_found(example: Example, name: str | None) -> None:
    found = FORMATS.detect(example)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("example", "name"),
    [
        (claude(), "bedrock_claude"),
        (prompt(), "bedrock_reinforcement"),
        ({"prompt": "a", "completion": "b"}, "bedrock_completion"),
        (converse(said("user", "Why?")), "bedrock_converse"),
    ],
)
def test_at_bedrock_examples_of_several_formats_are_bedrocks(example: Example, name: str) -> None:
    assert scan(Source.from_content([example]), limits=LIMITS["bedrock"]).format == name


@pytest.mark.parametrize(
    ("limits", "example", "found"),
    [
        (for_bedrock(LITE), claude(system="Be brief."), "bedrock_claude"),
        (for_bedrock(LITE), {"messages": [plain("user"), plain("assistant")]}, "openai_chat"),
        (for_bedrock(HAIKU), converse(), "bedrock_converse"),
        (for_bedrock(LLAMA_31), converse(), "bedrock_converse"),
        (LIMITS["openai"], converse(), "bedrock_converse"),
        (for_bedrock(LITE, "REINFORCEMENT_FINE_TUNING"), converse(), "bedrock_converse"),
    ],
)
def test_a_format_that_the_model_does_not_take_is_one_clear_error(limits: Limits, example: Example, found: str) -> None:
    examples = [{**example, "messages": [*example["messages"]]} for _place in range(120)]
    report = scan(Source.from_content(text_of(examples)), limits=limits)
    assert codes(report) == [(None, "wrong_format")]
    assert found in report.errors[0].message
    assert limits.formats[0] in report.errors[0].hint
    named = scan(Source.from_content(text_of(examples)), format=found, limits=limits)
    assert codes(named) == [(None, "wrong_format")]


# What is wrong.


@pytest.mark.parametrize(
    ("model", "example", "code"),
    [
        (LITE, {"schemaVersion": "bedrock-conversation-2024"}, "missing_key"),
        (LITE, converse(toolConfig={"tools": []}), "tools_not_allowed"),
        (LITE, converse(modelId="x"), "unknown_key"),
        (LITE, converse(system="Be brief."), "bad_system"),
        (LITE, converse(system=[]), "bad_system"),
        (LITE, converse(system=["Be brief."]), "bad_system"),
        (LITE, converse(system=[image()]), "bad_system"),
        (LITE, {**converse(), "messages": []}, "bad_messages"),
        (LITE, {**converse(), "messages": "text"}, "bad_messages"),
        (LITE, converse("text", said("assistant", "b")), "bad_message"),
        (LITE, converse({"content": [{"text": "a"}]}, said("assistant", "b")), "missing_role"),
        (LITE, converse(said("system", "a"), said("user", "b"), said("assistant", "c")), "unknown_role"),
        (LITE, converse(said("User", "a"), said("assistant", "b")), "unknown_role"),
        (LITE, converse({**said("user", "a"), "name": "ann"}, said("assistant", "b")), "unknown_key"),
        (LITE, converse(said("assistant", "b")), "first_not_user"),
        (LITE, converse(said("user", "a"), said("user", "b"), said("assistant", "c")), "not_alternating"),
        (LITE, converse(said("user", "a")), "last_not_assistant"),
        (LITE, converse({"role": "user"}, said("assistant", "b")), "missing_content"),
        (LITE, converse(plain("user", "a"), said("assistant", "b")), "bad_content"),
        (LITE, converse(plain("user", []), said("assistant", "b")), "bad_content"),
        (LITE, converse(plain("user", ["a"]), said("assistant", "b")), "bad_content"),
        (LITE, converse(said("user", {"text": "a", "image": {}}), said("assistant", "b")), "bad_content"),
        (LITE, converse(said("user", {"type": "text"}), said("assistant", "b")), "bad_content"),
        (LITE, converse(said("user", {"text": 5}), said("assistant", "b")), "bad_content"),
        (LITE, converse(said("user", ""), said("assistant", "b")), "empty_content"),
        (LITE, converse(said("user", "a"), said("assistant", {"toolUse": {}})), "tools_not_allowed"),
        (LITE, converse(said("user", "a"), said("assistant", "b", image())), "image_not_allowed"),
        (LITE, converse(said("user", "a"), said("assistant", "b", video())), "video_not_allowed"),
        (LITE, converse(said("user", "a"), said("assistant", reasoning(), "b")), "reasoning_not_allowed"),
        (NOVA_2, converse(said("user", reasoning()), said("assistant", "b")), "reasoning_not_allowed"),
        (NOVA_2, converse(said("user", "a"), said("assistant", reasoning(""), "b")), "bad_content"),
        (LITE, asked(*[image()] * 11), "too_many_images"),
        (LITE, asked(video(), video()), "too_many_videos"),
        (LITE, asked(image(), video()), "mixed_media"),
        (MICRO, asked(image()), "image_not_allowed"),
        (MICRO, asked(video()), "video_not_allowed"),
        (LLAMA_33, asked(image()), "image_not_allowed"),
        (LLAMA_32_11, asked(video()), "video_not_allowed"),
        (LITE, asked(medium("image", "bmp")), "bad_image"),
        (LITE, asked(medium("video", "avi")), "bad_video"),
        (NOVA_2, asked(medium("image", "webp")), "bad_image"),
        (LITE, asked({"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}), "bad_image"),
        (LITE, asked({"image": "s3://media/a.png"}), "bad_image"),
        (LITE, asked(image("https://example.com/a.png")), "bad_image"),
        (LITE, asked(image("s3://media")), "bad_image"),
        (LITE, asked(image("s3://media/a b.png")), "bad_image"),
        (LITE, converse(said("user", "User: hello"), said("assistant", "b")), "reserved_word"),
        (LITE, converse(said("user", "a"), said("assistant", "b [EOS]")), "reserved_word"),
        (LITE, converse(system=[{"text": "Look at <image>"}]), "reserved_word"),
        (NOVA_2, converse(said("user", "a"), said("assistant", reasoning("Thought: b"), "c")), "reserved_word"),
        (LLAMA_33, {**converse(), "schemaVersion": "bedrock-conversion-2024"}, "bad_schema_version"),
        (HAIKU, {"system": "a"}, "missing_key"),
        (HAIKU, claude(tools=[]), "unknown_key"),
        (HAIKU, claude(system=[{"text": "a"}]), "bad_system"),
        (HAIKU, claude(system=""), "empty_content"),
        (HAIKU, claude(plain("system"), plain("user"), plain("assistant")), "unknown_role"),
        (HAIKU, claude(plain("user", weight=1), plain("assistant")), "unknown_key"),
        (HAIKU, claude(plain("user", [{"type": "text", "text": "a"}]), plain("assistant")), "bad_content"),
        (HAIKU, claude(plain("user", None), plain("assistant")), "missing_content"),
        (HAIKU, claude(plain("user", ""), plain("assistant")), "empty_content"),
        (HAIKU, claude(plain("assistant")), "first_not_user"),
        (HAIKU, claude(plain("user"), plain("user"), plain("assistant")), "not_alternating"),
        (HAIKU, claude(plain("user")), "last_not_assistant"),
        (HAIKU, claude(plain("user", "a\n\nHuman: b"), plain("assistant")), "reserved_word"),
        (LLAMA_31, {"prompt": "a"}, "missing_key"),
        (LLAMA_31, {"prompt": "a", "completion": 4}, "bad_value"),
        (TITAN_IMAGE, {"image-ref": "s3://media/a.png"}, "missing_key"),
        (TITAN_IMAGE, {"image-ref": "a.png", "caption": "b"}, "bad_image"),
        (TITAN_IMAGE, {"image-ref": "s3://media/a.png", "caption": 5}, "bad_value"),
        (TITAN_IMAGE, {"image-ref": "s3://media/a.png", "caption": " "}, "empty_content"),
    ],
)
def test_a_wrong_example_is_refused(model: str, example: Any, code: str) -> None:
    report = check_one(example, for_bedrock(model))
    assert codes(report) == [(4, code)]
    assert report.errors[0].message and report.errors[0].hint


@pytest.mark.parametrize(
    ("kind", "example", "code"),
    [
        ("DISTILLATION", asked(image()), "image_not_allowed"),
        ("DISTILLATION", {"messages": [said("user", "a")]}, "bad_schema_version"),
        ("DISTILLATION", converse(said("assistant", "a")), "first_not_user"),
        ("REINFORCEMENT_FINE_TUNING", {"messages": [plain("user")]}, "missing_key"),
        ("REINFORCEMENT_FINE_TUNING", prompt(plain("user"), plain("assistant")), "last_not_user"),
        ("CONTINUED_PRE_TRAINING", {"text": "a"}, "missing_key"),
        ("CONTINUED_PRE_TRAINING", {"input": 5}, "bad_value"),
        ("CONTINUED_PRE_TRAINING", {"input": "a", "output": "b"}, "unknown_key"),
    ],
)
def test_a_wrong_example_for_another_way_of_training_is_refused(kind: str, example: Any, code: str) -> None:
    assert codes(check_one(example, for_bedrock(PRO, kind))) == [(4, code)]


@pytest.mark.parametrize(
    ("limits", "name", "example", "code"),
    [
        (for_bedrock(LITE), None, {"messages": converse()["messages"]}, "bad_schema_version"),
        (for_bedrock(LLAMA_33), None, {"messages": converse()["messages"]}, "bad_schema_version"),
        (for_bedrock(LITE), None, converse(said("user", " "), said("assistant", "b")), "empty_content"),
        (for_bedrock(LITE), None, converse(system=[{"text": ""}]), "empty_content"),
        (
            for_bedrock(LLAMA_33),
            None,
            converse(said("user", "word " * 20_000), said("assistant", "b")),
            "may_be_too_long",
        ),
        (
            LIMITS["bedrock"],
            "bedrock_converse",
            converse(said("user", "User: a"), said("assistant", "b")),
            "reserved_word",
        ),
        (LIMITS["bedrock"], "bedrock_converse", asked(*[image()] * 11), "too_many_images"),
        (
            for_bedrock(PRO, "REINFORCEMENT_FINE_TUNING"),
            None,
            prompt(plain("developer"), plain("user")),
            "developer_role",
        ),
        (for_bedrock(PRO, "CONTINUED_PRE_TRAINING"), None, {"input": " "}, "empty_content"),
    ],
)
def test_a_doubtful_example_is_a_warning(limits: Limits, name: str | None, example: Example, code: str) -> None:
    report = check_one(example, limits, name)
    assert (codes(report), doubts(report)) == ([], [(4, code)])


def test_a_system_role_is_told_where_to_go() -> None:
    report = check_one(converse(said("system", "a"), said("user", "b"), said("assistant", "c")), for_bedrock(LITE))
    assert "next to messages" in report.errors[0].hint


def test_distillation_is_of_one_turn_unless_nova_learns() -> None:
    talk = converse(said("user", "a"), said("assistant", "b"), said("user", "c"))
    for student, expected in ((LLAMA_31, [(4, "too_many_turns")]), (HAIKU, [(4, "too_many_turns")]), (PRO, [])):
        assert codes(check_one(talk, for_bedrock(student, "DISTILLATION"))) == expected


def test_media_are_in_one_bucket_that_the_report_names() -> None:
    limits = for_bedrock(LITE)
    report = check_one(asked(image("s3://first/a.png")), limits)
    assert (report.media_buckets, report.ok) == (["first"], True)
    examples = [asked(image(f"s3://{name}/{n}.png")) for n in range(5) for name in ("first", "second")]
    report = scan(Source.from_content(examples), limits=limits)
    assert codes(report) == [(None, "several_buckets")]
    assert report.media_buckets == ["first", "second"]


# Limits by model.


@pytest.mark.parametrize(
    ("model", "kind", "least", "most", "most_validation"),
    [
        (MICRO, None, 8, 20_000, 20_000),
        (HAIKU, None, 32, 10_000, 1_000),
        (TITAN_IMAGE, None, 5, 10_000, None),
        (PRO, "DISTILLATION", 100, 15_000, None),
        (LLAMA_33, None, 100, None, None),
        (COHERE, None, None, 10_000, 1_000),
        (PRO, "REINFORCEMENT_FINE_TUNING", 100, None, None),
    ],
)
def test_the_number_of_examples_is_limited(
    model: str, kind: str | None, least: int | None, most: int | None, most_validation: int | None
) -> None:
    limits = for_bedrock(model, kind)
    filler = FILLERS[limits.formats[0]]

    def found(number: int, split: str = "training") -> list[tuple[int | None, str]]:
        source = Source.from_content(text_of([filler(place) for place in range(number)]))
        return codes(scan(source, limits=limits_for("bedrock", model, kind, split)))

    if least:
        assert found(least) == []
        assert found(least - 1) == [(None, "too_few_examples")]
        if not limits.no_validation:
            assert found(least - 1, "validation") == []
    if most:
        assert found(most) == []
        assert found(most + 1) == [(None, "too_many_examples")]
    if most_validation:
        assert found(most_validation + 1, "validation") == [(None, "too_many_examples")]


def test_a_quota_that_can_be_raised_is_a_warning() -> None:
    filler = FILLERS["bedrock_converse"]
    source = Source.from_content(text_of([filler(place) for place in range(10_001)]))
    report = scan(source, limits=for_bedrock(LLAMA_33))
    assert (codes(report), doubts(report)) == ([], [(None, "too_many_examples")])


def test_models_that_take_no_validation_file_say_so() -> None:
    def found(model: str) -> Report:
        limits = limits_for("bedrock", model, split="validation")
        filler = FILLERS[limits.formats[0]]
        return scan(Source.from_content([filler(place) for place in range(20)]), limits=limits)

    assert codes(found(TITAN_IMAGE)) == [(None, "validation_refused")]
    report = found(NOVA_2)
    assert (codes(report), doubts(report)) == ([], [(None, "validation_unused")])
    report = found(PRO)
    assert (codes(report), doubts(report)) == ([], [])


def test_a_validation_file_may_have_fewer_bytes() -> None:
    training, validation = for_bedrock(HAIKU), for_bedrock(HAIKU).for_validation()
    assert training.max_bytes and validation.max_bytes
    assert (training.max_bytes.value, validation.max_bytes.value) == (10 << 30, 1 << 30)


@pytest.mark.parametrize(
    ("model", "profile"),
    [
        (MICRO, "bedrock/nova-micro"),
        ("amazon.nova-lite-v1:0", "bedrock/nova"),
        (PRO, "bedrock/nova"),
        ("us.amazon.nova-2-lite-v1:0", "bedrock/nova-2"),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{LITE}", "bedrock/nova"),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:custom-model/{LITE}/abcdefghij12", "bedrock/nova"),
        ("arn:aws:bedrock:us-east-1:123456789012:custom-model/imported/abcdefghij12", "bedrock"),
        (CANVAS, "bedrock/nova-canvas"),
        (TITAN_IMAGE, "bedrock/titan-image"),
        (TITAN_EMBED, "bedrock/titan-embed-image"),
        (TITAN_TEXT, "bedrock/titan-text"),
        (HAIKU, "bedrock/claude"),
        (COHERE, "bedrock/cohere"),
        (LLAMA_31, "bedrock/llama3-1"),
        (LLAMA_32_1, "bedrock/llama"),
        (LLAMA_32_11, "bedrock/llama-vision"),
        (LLAMA_32_90, "bedrock/llama-vision"),
        (LLAMA_33, "bedrock/llama"),
        ("my-own-amazon.nova-lite", "bedrock"),
        ("my-model", "bedrock"),
        (None, "bedrock"),
    ],
)
def test_the_family_is_read_from_an_id_or_arn(model: str | None, profile: str) -> None:
    assert for_bedrock(model).profile == profile


def test_every_profile_accepts_known_formats_only() -> None:
    models = (MICRO, LITE, NOVA_2, CANVAS, TITAN_EMBED, TITAN_TEXT, HAIKU, COHERE, LLAMA_31, LLAMA_32_90, "x")
    profiles = [for_bedrock(model, kind) for model in models for kind in (None, *CUSTOMIZATION_TYPES)]
    for limits in (*profiles, *LIMITS.values()):
        assert limits.formats
        assert set(limits.formats) <= set(FORMATS)


def test_a_way_of_training_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="DISTILLATION"):
        for_bedrock(PRO, "IMPORTED")


# One result, however it is computed.


def corpus() -> list[Any]:
    turns = converse()["messages"]
    return [
        *[filler(place) for filler in FILLERS.values() for place in range(3)],
        converse(system=[{"text": "é日😀"}]), converse(system=[]), converse(system=[{"text": " "}]), converse(extra=1),
        {"messages": turns}, {"messages": turns, "schemaVersion": "bedrock-conversation-2024"}, {"schemaVersion": 1},
        converse(said("user", "a", "b"), said("assistant", "\U0001f600")), converse(said("user", "User: a")),
        converse(said("user", "Bot: a"), said("assistant", "b")), converse(said("user", ""), said("assistant", "b")),
        converse({"content": [{"text": "a"}], "role": "user"}, said("assistant", "b")), asked(image()), asked(video()),
        converse([["role", "user"], ["content", [{"text": "a"}]]], said("assistant", "b")),
        converse(plain("user", [[["text", "a"]]]), said("assistant", "b")), converse(said("user", {"text": []})),
        claude(system="a"), claude(system=""), claude(system=5), claude(plain("user", " "), plain("assistant")),
        claude(plain("user", "\nHuman: a"), plain("assistant")), claude(plain("user", []), plain("assistant")),
        {"messages": [{}]}, {"messages": [[]]}, {"messages": {}}, {"messages": 5},
        {"messages": [plain("user")], "schemaVersion": []},
        prompt(reference_answer=1.5), prompt(plain("developer"), plain("user")), prompt({}), prompt([]),
        prompt(note="é"), {**prompt(), "messages": 5}, {"input": ""}, {"input": " "}, {"input": []}, {"input": "é"},
        {"input": {"a": 1}},
        {"prompt": "", "completion": "x"}, {"prompt": "é", "completion": "日"}, {},
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(FILLERS))
@pytest.mark.parametrize("limits", [LIMITS["bedrock"], for_bedrock(LITE), for_bedrock(HAIKU)])
def test_the_fast_path_agrees_with_the_precise_one(name: str, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each line is followed by good ones, so that the fast path does not give up.
    lines = [line for example in corpus() for line in (example, FILLERS[name](1), FILLERS[name](2))]
    text = text_of(lines)
    fast = scan(Source.from_content(text), format=name, limits=limits).to_dict()
    monkeypatch.setattr(type(FORMATS[name]), "bind", lambda _self, _limits: lambda _example: None)
    assert scan(Source.from_content(text), format=name, limits=limits).to_dict() == fast


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (LITE, None),
        (HAIKU, None),
        (LLAMA_31, None),
        (LITE, "CONTINUED_PRE_TRAINING"),
        (LITE, "REINFORCEMENT_FINE_TUNING"),
    ],
)
def test_plain_examples_take_the_fast_path(model: str, kind: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = for_bedrock(model, kind)
    examples = [FILLERS[limits.formats[0]](place) for place in range(120)]
    expected = scan(Source.from_content(examples), limits=limits).to_dict()

    def fail(*_arguments: Any) -> None:
        raise AssertionError("A plain example was checked slowly.")

    monkeypatch.setattr(type(FORMATS[limits.formats[0]]), "check", fail)
    assert scan(Source.from_content(examples), limits=limits).to_dict() == expected


def test_the_buckets_of_all_processes_are_known(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "MIN_FORK_BYTES", 1)
    path = tmp_path / "train.jsonl"
    path.write_text(text_of([asked(image(f"s3://bucket-{n % 7}/{n}.png")) for n in range(500)]))
    alone = scan(Source.from_path(path), limits=for_bedrock(LITE), workers=1).to_dict()
    assert scan(Source.from_path(path), limits=for_bedrock(LITE), workers=3).to_dict() == alone
    assert len(alone["media_buckets"]) == 7
