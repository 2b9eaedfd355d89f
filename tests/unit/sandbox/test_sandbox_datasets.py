# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host says about bad training files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'

USER: dict[str, Any] = {"role": "user", "content": "Hi"}
ANSWER: dict[str, Any] = {"role": "assistant", "content": "Hello"}
CALL: dict[str, Any] = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
IMAGE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def job_with(sandbox: Sandbox, client: openai.OpenAI, content: bytes, model: str = "gpt-4o-mini") -> Any:
    file = client.files.create(file=("t.jsonl", content), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model=model, training_file=file.id)
    sandbox.advance(30)
    return client.fine_tuning.jobs.retrieve(job.id)


def third_line(line: bytes | dict[str, Any]) -> bytes:
    raw = line if isinstance(line, bytes) else json.dumps(line).encode()
    return EXAMPLE * 2 + raw + b"\n" + EXAMPLE * 10


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"{not json}", "Not valid JSON"),
        (b'{"messages": NaN}', "Not valid JSON"),
        (b'{"extra": ' + b"[" * 200 + b"]" * 200 + b"}", "Not valid JSON"),
        (b'{"extra": ' + b"[" * 2000 + b"]" * 2000 + b"}", "Not valid JSON"),
        (b'{"extra": ' + b"[" * 199 + b"]" * 199 + b"}", "Missing required key 'messages'"),
        (b"", "empty"),
        (b"[1]", "must be a JSON object"),
        ({"prompt": "a"}, "'messages'"),
        ({"messages": []}, "at least one message"),
        ({"messages": ["x"]}, "must be an object"),
        ({"messages": [{"role": "robot", "content": "x"}, ANSWER]}, "'robot'"),
        ({"messages": [USER]}, "last message"),
        ({"messages": [ANSWER, USER]}, "last message"),
        ({"messages": [{"role": "user"}, ANSWER]}, "messages[0].content"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "messages[1].content"),
        ({"messages": [USER, {**ANSWER, "weight": 2}]}, "weight"),
        ({"messages": [{**USER, "weight": 1}, ANSWER]}, "weight"),
        ({"messages": [USER, {**ANSWER, "colour": 1}]}, "colour"),
        ({"messages": [USER, ANSWER], "comment": "x"}, "comment"),
        ({"messages": [USER, ANSWER], "tools": [{"type": "function"}]}, "tools[0]"),
        (
            {"messages": [USER, {"role": "tool", "tool_call_id": "c9", "content": "1"}, ANSWER]},
            "tool_call_id",
        ),
        ({"messages": [{"role": "user", "content": [IMAGE]}, ANSWER]}, "images"),
        (b'{"messages": [], "messages": []}', "twice"),
        (
            b'{"messages": [{"role": "user", "content": "\\ud83d"}, {"role": "assistant", "content": "a"}]}',
            "Not valid JSON",
        ),
        ({"messages": [USER, {**ANSWER, "content": ""}]}, "must not be empty"),
        ({"messages": [{**USER, "content": "<|fim_suffix|>"}, ANSWER]}, "invalid token: <|fim_suffix|>"),
        ({"messages": [{**USER, "tool_call_id": "c1"}, ANSWER]}, "tool_call_id"),
        ({"messages": [USER, {**CALL, "tool_calls": [{**CALL["tool_calls"][0], "id": ""}]}]}, "must have 'id'"),
        ({"messages": [USER, CALL, ANSWER]}, "is not answered"),
        ({"messages": [USER, ANSWER], "tools": []}, "'tools'"),
        (
            {
                "messages": [
                    USER,
                    CALL,
                    {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "1"}]},
                ]
            },
            "messages[2].content",
        ),
    ],
)
def test_the_bad_line_is_named(
    still_sandbox: Sandbox, client: openai.OpenAI, line: bytes | dict[str, Any], says: str
) -> None:
    job = job_with(still_sandbox, client, third_line(line))
    assert job.status == "failed"
    assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    assert "Line 3: " in job.error.message and says in job.error.message
    assert job.trained_tokens is None and job.result_files == []
    assert any(job.error.message in event.message for event in client.fine_tuning.jobs.list_events(job.id))


@pytest.mark.parametrize(
    "line",
    [
        {
            "messages": [
                {"role": "system", "content": "S"},
                USER,
                {**ANSWER, "weight": 0},
                USER,
                {**ANSWER, "weight": 1},
            ]
        },
        {
            "messages": [USER, CALL, {"role": "tool", "tool_call_id": "c1", "content": "1"}, ANSWER],
            "tools": [TOOL],
        },
        {"messages": [USER, CALL], "tools": [TOOL], "parallel_tool_calls": False},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, ANSWER]},
    ],
)
def test_good_lines(still_sandbox: Sandbox, client: openai.OpenAI, line: dict[str, Any]) -> None:
    assert job_with(still_sandbox, client, third_line(line)).status == "queued"


DPO: dict[str, Any] = {
    "input": {"messages": [USER], "tools": [], "parallel_tool_calls": True},
    "preferred_output": [ANSWER],
    "non_preferred_output": [{**ANSWER, "content": "No."}],
}


def verdict(tmp_path: Path, kind: str, *lines: dict[str, Any], **options: Any) -> str | None:
    from finetune_sandbox.openai.dataset import check

    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return check(path, kind, **options).message


def test_d1_a_preference_may_have_an_empty_list_of_tools(tmp_path: Path) -> None:
    for dialect in ("openai", "azure", "compatible"):
        assert verdict(tmp_path, "dpo", *[DPO] * 10, dialect=dialect) is None


def test_d4_azure_takes_outputs_of_several_messages_jpg_and_more_images(tmp_path: Path) -> None:
    several = {**DPO, "preferred_output": [ANSWER, ANSWER]}
    jpg = {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AAAA"}}
    seen = {"messages": [{"role": "user", "content": [jpg] * 11}, ANSWER]}
    assert verdict(tmp_path, "dpo", *[several] * 10, dialect="azure") is None
    assert "one assistant message" in str(verdict(tmp_path, "dpo", *[several] * 10))
    assert verdict(tmp_path, "supervised", *[seen] * 10, dialect="azure") is None
    assert verdict(tmp_path, "supervised", *[seen] * 10) is not None
    rows = [{"messages": [USER]}] * 1001
    assert verdict(tmp_path, "reinforcement", *rows, dialect="azure", validation=True) is None


def test_x3_images_above_10_mb_and_reinforcement_above_its_numbers_are_refused(tmp_path: Path) -> None:
    def picture(characters: int) -> dict[str, Any]:
        image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * characters}}
        return {"messages": [{"role": "user", "content": [image]}, ANSWER]}

    plain = [{"messages": [USER, ANSWER]}] * 9
    assert verdict(tmp_path, "supervised", *plain, picture(13_333_332)) is None
    assert "the image has 10000002 bytes" in str(verdict(tmp_path, "supervised", *plain, picture(13_333_336)))
    row = {"messages": [USER]}
    assert verdict(tmp_path, "reinforcement", *[row] * 50_000) is None
    assert "50001" in str(verdict(tmp_path, "reinforcement", *[row] * 50_001))
    assert verdict(tmp_path, "reinforcement", *[row] * 1_000, validation=True) is None
    assert "1001" in str(verdict(tmp_path, "reinforcement", *[row] * 1_001, validation=True))


def test_images_need_a_model_that_sees(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    def line(count: int, role: str = "user") -> dict[str, Any]:
        return {"messages": [USER, {"role": role, "content": [IMAGE] * count}, ANSWER]}

    assert job_with(still_sandbox, client, third_line(line(10)), "gpt-4o").status == "queued"
    assert "Too many images" in job_with(still_sandbox, client, third_line(line(11)), "gpt-4o").error.message
    refused = job_with(still_sandbox, client, third_line(line(1, "assistant")), "gpt-4o")
    assert "user messages only" in refused.error.message


def test_a_byte_order_mark_is_refused(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    job = job_with(still_sandbox, client, b"\xef\xbb\xbf" + EXAMPLE * 20)
    assert "Line 1: " in job.error.message and "byte order mark" in job.error.message


def test_ten_examples_are_needed(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    job = job_with(still_sandbox, client, EXAMPLE * 9)
    assert job.error.code == "invalid_n_examples"
    assert "9 example(s), but must have at least 10 examples" in job.error.message
    assert job_with(still_sandbox, client, EXAMPLE * 10).status == "queued"


def test_the_validation_file_is_checked_too(
    still_sandbox: Sandbox, client: openai.OpenAI, upload: Callable[..., str]
) -> None:
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini", training_file=upload(), validation_file=upload(b"{}\n" + EXAMPLE * 20)
    )
    still_sandbox.advance(30)
    failed = client.fine_tuning.jobs.retrieve(job.id)
    assert failed.error and (failed.error.code, failed.error.param) == (
        "invalid_validation_file",
        "validation_file",
    )


def test_completion_models_take_prompt_and_completion(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    good = b'{"prompt": "a", "completion": " b"}\n' * 10
    assert job_with(still_sandbox, client, good, "babbage-002").status == "queued"
    assert job_with(still_sandbox, client, EXAMPLE * 20, "babbage-002").status == "failed"
    assert job_with(still_sandbox, client, good).status == "failed"
