# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients and datasets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

_SESSION: Any = boto3.session.Session(aws_access_key_id="none", aws_secret_access_key="none")
RECORD = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "Hello"}]},
    ],
}


def jsonl(record: Any, count: int = 20) -> bytes:
    return (json.dumps(record) + "\n").encode() * count


def connect(sandbox: Sandbox, service: str, region: str = "us-east-1", **changes: Any) -> Any:
    environment = sandbox.aws_env
    options: dict[str, Any] = {
        "endpoint_url": sandbox.url,
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "region_name": region,
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return _SESSION.client(service, **{**options, **changes})


def code_of(error: Any) -> str:
    return str(error.response["Error"]["Code"])
