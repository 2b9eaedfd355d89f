# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of the three dialects and small datasets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'


@pytest.fixture
def client(still_sandbox: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)


@pytest.fixture
def azure(still_sandbox: Sandbox) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        azure_endpoint=still_sandbox.azure_endpoint,
        api_key=still_sandbox.api_key,
        api_version="2025-04-01-preview",
        max_retries=0,
    )


@pytest.fixture
def compatible(still_sandbox: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=still_sandbox.compatible_url, api_key=still_sandbox.api_key, max_retries=0)


@pytest.fixture
def upload(client: openai.OpenAI) -> Callable[..., str]:
    def send(content: bytes | None = None, name: str = "train.jsonl") -> str:
        data = EXAMPLE * 20 if content is None else content
        return client.files.create(file=(name, data), purpose="fine-tune").id

    return send


@pytest.fixture
def start(client: openai.OpenAI, upload: Callable[..., str]) -> Callable[..., Any]:
    """Creates a job on a good file (or the given one)."""

    def create(**members: Any) -> Any:
        members.setdefault("model", "gpt-4o-mini")
        if "training_file" not in members:
            members["training_file"] = upload()
        return client.fine_tuning.jobs.create(**members)

    return create
