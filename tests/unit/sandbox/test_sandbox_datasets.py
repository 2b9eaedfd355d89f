# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host says about bad training files."""

from __future__ import annotations

import json
from collections.abc import Callable
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
