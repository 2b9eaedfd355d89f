# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import io
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._dataset import convert as convert_module
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.convert import Conversion
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import Limits
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.source import DatasetError, Source
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.dataset.data_tools import (
    FORMATS,
    convert,
    limits_for,
    scan,
    targets,
)

Example = dict[str, Any]

ANY = Limits(profile="any")
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "find"}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def plain(role: str, content: Any = "text", **more: Any) -> Example:
    return {"role": role, "content": content, **more}


def chat(*messages: Example, **more: Any) -> Example:
    return {"messages": list(messages) or [plain("user", "Hello?"), plain("assistant", "Hi.")], **more}


def said(role: str, *blocks: Any) -> Example:
    return {"role": role, "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def converse(*messages: Example, **more: Any) -> Example:
    example = {"schemaVersion": "bedrock-conversation-2024", **more}
    return {**example, "messages": list(messages) or [said("user", "Hello?"), said("assistant", "Hi.")]}


def parts(*texts: str) -> list[Example]:
    return [{"type": "text", "text": text} for text in texts]


def jsonl(*examples: Any) -> bytes:
    return b"".join(json.dumps(example, ensure_ascii=False).encode() + b"\n" for example in examples)


def written(data: bytes, to_format: str, from_format: str | None = None) -> bytes:
    """Convert what can be converted."""
    dest = io.BytesIO()
    result = convert(Source.from_content(data.decode()), to_format, dest, from_format=from_format)
    assert result.ok, result.report.errors
    value = dest.getvalue()
    assert (result.bytes, result.sha256) == (len(value), hashlib.sha256(value).hexdigest())
    return value


def refused(data: bytes, to_format: str, from_format: str | None = None) -> list[tuple[int | None, str]]:
    result = convert(Source.from_content(data.decode()), to_format, io.BytesIO(), from_format=from_format)
    assert not result.ok
    assert (result.examples, result.bytes, result.sha256) == (0, 0, "")
    assert all(issue.message and issue.hint for issue in result.report.errors)
    return [(issue.line, issue.code) for issue in result.report.errors]


# What each format becomes.


@pytest.mark.parametrize(
    ("from_format", "example", "to_format", "expected"),
    [
        ("openai_chat", chat(), "bedrock_converse", converse()),
        (
            "openai_chat",
            chat(plain("system", "Be brief."), plain("user", parts("a", "b")), plain("assistant", "Grüße 日本 😀")),
            "bedrock_converse",
            converse(said("user", "a", "b"), said("assistant", "Grüße 日本 😀"), system=[{"text": "Be brief."}]),
        ),
        (
            "openai_chat",
            chat(plain("system", "a"), plain("system", "b"), plain("user", "c"), plain("assistant", "d")),
            "bedrock_converse",
            converse(said("user", "c"), said("assistant", "d"), system=[{"text": "a"}, {"text": "b"}]),
        ),
        # What says nothing is not lost.
        (
            "openai_chat",
            chat(
                plain("user", parts("Hello?")),
                plain("assistant", "Hi.", weight=1, tool_calls=None, refusal=None),
                parallel_tool_calls=True,
            ),
            "bedrock_converse",
            converse(),
        ),
        (
            "openai_chat",
            chat(plain("system", "Be brief."), plain("user", "a"), plain("assistant", "b")),
            "bedrock_claude",
            {"system": "Be brief.", "messages": [plain("user", "a"), plain("assistant", "b")]},
        ),
        ("openai_chat", chat(), "bedrock_completion", {"prompt": "Hello?", "completion": "Hi."}),
        ("openai_chat", chat(), "openai_completion", {"prompt": "Hello?", "completion": "Hi."}),
        ("openai_chat", chat(), "bedrock_distillation", converse()),
        ("openai_completion", {"completion": " Hi.", "prompt": "Hello?"}, "bedrock_completion",
         {"prompt": "Hello?", "completion": " Hi."}),
        ("openai_chat", chat(), "oci_completion", {"prompt": "Hello?", "completion": "Hi."}),
        ("bedrock_converse", converse(), "oci_completion", {"prompt": "Hello?", "completion": "Hi."}),
        ("oci_completion", {"completion": "Hi.", "prompt": "Hello?"}, "bedrock_converse", converse()),
        ("bedrock_converse", converse(), "bedrock_claude", chat()),
        ("bedrock_distillation", converse(), "bedrock_converse", converse()),
        ("bedrock_converse", converse(system=[{"text": "a"}]), "openai_chat",
         chat(plain("system", "a"), plain("user", "Hello?"), plain("assistant", "Hi."))),
    ],
)  # fmt: skip
def test_an_example_is_written_anew(from_format: str, example: Example, to_format: str, expected: Example) -> None:
    # Text, and so the order of keys, is compared.
    assert written(jsonl(example), to_format, from_format) == jsonl(expected)


def talks(seed: int, **can: bool) -> bytes:
    """Random chats in plain notation, such as another format can hold."""
    rng = random.Random(seed)
    alphabet = 'abc  äß日😀\n\t"\\{}\u2028\x7f'

    def text() -> str:
        value = "".join(rng.choices(alphabet, k=rng.randint(1, 20)))
        return value if can.get("blanks", True) or value.strip() else f"x{value}"

    def content() -> Any:
        return (
            parts(*[text() for _place in range(rng.randint(2, 4))]) if can["parts"] and rng.random() < 0.3 else text()
        )

    examples = []
    for _place in range(200):
        count = rng.choice((0, 1, 3)) if can["systems"] else rng.randint(0, 1) if can["system"] else 0
        turns = rng.randint(1, 4) if can["turns"] else 1
        system = [plain("system", text()) for _place in range(count)]
        talk = [plain(role, content()) for _place in range(turns) for role in ("user", "assistant")]
        examples.append(chat(*system, *talk))
    return jsonl(*examples)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("to_format", "can"),
    [
        ("bedrock_converse", {"systems": True, "system": True, "turns": True, "parts": True}),
        ("bedrock_distillation", {"systems": True, "system": True, "turns": True, "parts": True}),
        ("bedrock_claude", {"systems": False, "system": True, "turns": True, "parts": False}),
        ("bedrock_completion", {"systems": False, "system": False, "turns": False, "parts": False}),
        ("openai_completion", {"systems": False, "system": False, "turns": False, "parts": False}),
        ("oci_completion", {"systems": False, "system": False, "turns": False, "parts": False, "blanks": False}),
    ],
)
def test_there_and_back_is_the_same_file(to_format: str, can: dict[str, bool], seed: int) -> None:
    data = talks(seed, **can)
    other = written(data, to_format, "openai_chat")
    assert written(other, "openai_chat", to_format) == data
    # What is written is valid in its format, and comes out the same each time.
    report = scan(Source.from_content(other.decode()), format=to_format, limits=ANY)
    assert (report.ok, report.examples) == (True, 200)
    assert written(data, to_format, "openai_chat") == other


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "openai_chat",
            b'{"messages":[{"content":"a","role":"user"},{"role":"assistant","content":"\\u00e9","weight":0}]}\r\n',
        ),
        ("openai_reinforcement", b'{"x": 1.50, "messages": [{"role": "user", "content": "a"}]}'),
        ("bedrock_pretraining", b'{"input":"a"}\n\n'),
    ],
)
def test_the_same_format_is_the_same_bytes(name: str, data: bytes) -> None:
    assert written(data, name, name) == data


def test_every_format_can_at_least_be_written_as_itself() -> None:
    assert [targets(name)[0] for name in FORMATS] == list(FORMATS)


def test_reinforcement_prompts_stay_as_they_are() -> None:
    line = b'{"reference_answer": {"b": 1.50, "a": 1e400}, "messages": [{"role":"user","content":"\\u00e9"}]}\n'
    assert written(line, "bedrock_reinforcement", "openai_reinforcement") == line
    assert written(line, "openai_reinforcement", "bedrock_reinforcement") == line
    without = jsonl({"messages": [plain("user")], "answer": 1})
    assert refused(without, "bedrock_reinforcement", "openai_reinforcement") == [(1, "lossy_reference")]
    developer = jsonl({"messages": [plain("developer"), plain("user")], "reference_answer": 1})
    assert refused(developer, "bedrock_reinforcement", "openai_reinforcement") == [(1, "lossy_role")]


@pytest.mark.parametrize("suffix", ["", "-validation"])
def test_the_example_for_converse_is_what_its_guide_says(suffix: str) -> None:
    folder = Path(__file__).parents[5] / "examples/datasets"
    converted = written((folder / f"support-bot-converse{suffix}.jsonl").read_bytes(), "openai_chat").splitlines()
    chats = (folder / f"support-bot{suffix}.jsonl").read_bytes().splitlines()
    assert converted == [
        line
        for line in chats
        if convert(Source.from_content(line.decode()), "bedrock_converse", from_format="openai_chat").ok
    ]


def test_the_example_for_oci_is_what_its_guide_says() -> None:
    folder = Path(__file__).parents[5] / "examples/datasets"
    pairs = (folder / "support-bot-pairs.jsonl").read_bytes()
    assert scan(Source.from_content(pairs.decode()), limits=limits_for("oci")).ok
    found = []
    for line in (folder / "support-bot.jsonl").read_bytes().splitlines():
        example = json.loads(line)
        talk = [message for message in example["messages"] if message["role"] != "system"]
        one = Source.from_content([{**example, "messages": talk}])
        if convert(one, "oci_completion", dest := io.BytesIO(), from_format="openai_chat").ok:
            found.append(dest.getvalue())
    assert b"".join(found) == pairs


# What would be lost.


@pytest.mark.parametrize(
    ("from_format", "example", "to_format", "code"),
    [
        ("openai_chat", chat(tools=[TOOL]), "bedrock_converse", "lossy_tools"),
        ("openai_chat", chat(functions=[{"name": "find"}]), "bedrock_converse", "lossy_tools"),
        ("openai_chat", chat(plain("user"), plain("assistant", None, tool_calls=[CALL])), "bedrock_claude",
         "lossy_tools"),
        ("openai_chat", chat(plain("user"), plain("function", name="find"), plain("assistant")), "bedrock_claude",
         "lossy_tools"),
        ("openai_chat", chat(plain("user"), plain("assistant", weight=0), plain("user"), plain("assistant")),
         "bedrock_converse", "lossy_weight"),
        ("openai_chat", chat(plain("user", name="ann"), plain("assistant")), "bedrock_converse", "lossy_name"),
        ("openai_chat", chat(plain("user"), plain("assistant", None, refusal="No.")), "bedrock_converse",
         "lossy_refusal"),
        ("openai_chat", chat(plain("user"), plain("assistant", [{"type": "refusal", "refusal": "No."}])),
         "bedrock_converse", "lossy_refusal"),
        ("openai_chat", chat(plain("developer"), plain("user"), plain("assistant")), "bedrock_converse", "lossy_role"),
        ("openai_chat", chat(plain("user", [{"type": "image_url", "image_url": {"url": PIXEL}}]), plain("assistant")),
         "bedrock_converse", "lossy_image"),
        ("openai_chat", chat(source="wiki"), "bedrock_converse", "lossy_key"),
        ("openai_chat", chat(plain("user", mood="x"), plain("assistant")), "bedrock_converse", "lossy_key"),
        ("openai_chat", chat(plain("user", [{**parts("a")[0], "id": 1}]), plain("assistant")), "bedrock_converse",
         "lossy_key"),
        ("openai_chat", chat(plain("user", ""), plain("assistant")), "bedrock_converse", "lossy_empty"),
        ("openai_chat", chat(plain("user"), plain("system"), plain("assistant")), "bedrock_converse", "lossy_system"),
        ("openai_chat", chat(plain("system", parts("a", "b")), plain("user"), plain("assistant")), "bedrock_converse",
         "lossy_parts"),
        ("openai_chat", chat(plain("user"), plain("user"), plain("assistant")), "bedrock_converse", "lossy_turns"),
        ("openai_chat", chat(plain("assistant"), plain("user"), plain("assistant")), "bedrock_claude", "lossy_turns"),
        ("openai_chat", chat(plain("user"), plain("assistant"), plain("user")), "bedrock_converse", "lossy_turns"),
        ("openai_chat", chat(plain("system"), plain("system"), plain("user"), plain("assistant")), "bedrock_claude",
         "lossy_system"),
        ("openai_chat", chat(plain("user", parts("a", "b")), plain("assistant")), "bedrock_claude", "lossy_parts"),
        ("openai_chat", chat(plain("user", parts("a", "b")), plain("assistant")), "bedrock_completion", "lossy_parts"),
        ("openai_chat", chat(plain("system"), plain("user"), plain("assistant")), "bedrock_completion", "lossy_system"),
        ("openai_chat", chat(*[plain("user"), plain("assistant")] * 2), "bedrock_completion", "lossy_turns"),
        ("openai_completion", {"prompt": "", "completion": "x"}, "openai_chat", "lossy_empty"),
        ("openai_completion", {"prompt": "a", "completion": " \n"}, "oci_completion", "lossy_empty"),
        ("openai_chat", chat(plain("system"), plain("user"), plain("assistant")), "oci_completion", "lossy_system"),
        ("bedrock_converse", converse(*[said("user", "a"), said("assistant", "b")] * 2), "oci_completion",
         "lossy_turns"),
        ("openai_completion", {"prompt": "a", "completion": "x", "id": 7}, "bedrock_completion", "lossy_key"),
        ("bedrock_converse", converse(said("user", "a"), said("assistant", "b",
         {"reasoningContent": {"reasoningText": {"text": "c"}}})), "openai_chat", "lossy_reasoning"),
        ("bedrock_converse", converse(said("user", {"image": {"format": "png", "source": {"s3Location":
         {"uri": "s3://media/a.png"}}}}), said("assistant", "b")), "openai_chat", "lossy_image"),
        ("bedrock_converse", {**converse(), "schemaVersion": "x"}, "openai_chat", "lossy_key"),
        ("bedrock_distillation", converse(said("user", "a")), "openai_chat", "lossy_turns"),
        ("bedrock_distillation", converse(said("user", "a")), "bedrock_converse", "lossy_turns"),
    ],
)  # fmt: skip
def test_what_would_be_lost_is_refused_with_its_line(
    from_format: str, example: Example, to_format: str, code: str
) -> None:
    first = {"completion": {"prompt": "a", "completion": "b"}, "chat": chat()}.get(from_format[7:], converse())
    assert refused(jsonl(first, first, example, first), to_format, from_format) == [(3, code)]


def test_every_lossy_line_is_counted_and_the_first_twenty_shown() -> None:
    lossy = [chat(plain("user", f"{n}", name="ann"), plain("assistant")) for n in range(30)]
    result = convert(Source.from_content(jsonl(chat(), *lossy).decode()), "bedrock_converse")
    assert result.report.error_codes == {"lossy_name": 30}
    assert result.report.error_count == 30
    assert [issue.line for issue in result.report.errors] == list(range(2, 22))


def test_a_source_with_an_error_is_not_converted() -> None:
    data = jsonl(chat()) + b"{\n" + jsonl(chat(plain("human"), plain("assistant")))
    assert refused(data, "bedrock_converse") == [(2, "not_json"), (3, "unknown_role")]
    assert refused(b"", "bedrock_converse") == [(None, "empty")]
    assert refused(jsonl({"question": "a"}), "bedrock_converse") == [(None, "unknown_format")]


def test_what_is_no_part_of_the_data_does_not_disturb() -> None:
    text = "\ufeff" + jsonl(chat(), chat()).decode().replace("\n", "\r\n") + "\r\n\n"
    result = convert(Source.from_content(text), "bedrock_converse", dest := io.BytesIO())
    assert (result.ok, result.examples) == (True, 2)
    assert dest.getvalue() == jsonl(converse(), converse())


def test_without_a_destination_the_result_is_predicted() -> None:
    source = Source.from_content(jsonl(chat()).decode())
    predicted = convert(source, "bedrock_converse")
    assert predicted == convert(source, "bedrock_converse", io.BytesIO())
    assert predicted.sha256 == hashlib.sha256(jsonl(converse())).hexdigest()


def test_formats_that_do_not_fit_are_refused() -> None:
    source = Source.from_content([{"input": "a"}])
    with pytest.raises(ValueError, match="bedrock_pretraining cannot be written as openai_chat"):
        convert(source, "openai_chat")
    with pytest.raises(ValueError, match="known are"):
        convert(source, "chat")
    assert targets("openai_chat")[0] == "openai_chat"
    assert "bedrock_converse" in targets("openai_chat")
    assert targets("openai_preference") == ("openai_preference",)
    assert set(targets("bedrock_reinforcement")) == {"bedrock_reinforcement", "openai_reinforcement"}


def test_a_file_that_changes_meanwhile_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(jsonl(chat()))

    def scan_and_append(*arguments: Any, **options: Any) -> Any:
        report = scan(*arguments, **options)
        with path.open("ab") as stream:
            stream.write(jsonl(chat()))
        return report

    monkeypatch.setattr(convert_module, "scan", scan_and_append)
    with pytest.raises(DatasetError, match="changed while it was read"):
        convert(Source.from_path(path), "bedrock_converse", io.BytesIO())


def test_a_large_file_is_converted_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    line = jsonl(chat(plain("user", "word " * 200), plain("assistant", "word " * 200)))
    path.write_bytes(line * 6000)
    with (tmp_path / "out.jsonl").open("wb") as dest:
        tracemalloc.start()
        try:
            result: Conversion = convert(Source.from_path(path), "bedrock_converse", dest)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (result.ok, result.examples) == (True, 6000)
    assert result.bytes == (tmp_path / "out.jsonl").stat().st_size
    assert peak < 6_000_000
