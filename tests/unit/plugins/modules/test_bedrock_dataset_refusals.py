# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_dataset as a whole: what is wrong in a task or in the data is told in one clear error, before any request."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

MODULE = "bedrock_dataset"
GOOD = converse_lines()
CHAT = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\n' * 12
DATA = {"name": "data", "content": GOOD}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "one of the following is required: src, content, name, key"),
        ({"name": "data"}, "There is no data"),
        ({"src": "/nowhere/missing.jsonl"}, "missing.jsonl does not exist"),
        ({"src": "x", "content": "y"}, "mutually exclusive"),
        ({**DATA, "name": "no spaces"}, "name is 'no spaces'"),
        ({**DATA, "bucket": "s3://bucket"}, "bucket is 's3://bucket'.*without s3://"),
        ({**DATA, "bucket": "UPPER"}, "which is not a valid bucket name"),
        ({**DATA, "prefix": "folder"}, "prefix is 'folder'; it ends with a slash"),
        ({**DATA, "prefix": "/folder/"}, "prefix begins with a slash"),
        ({**DATA, "key": "b", "prefix": "c/"}, "mutually exclusive"),
        ({"content": GOOD, "key": "/train.jsonl"}, "begins with a slash"),
        ({**DATA, "key": "a b.jsonl"}, "Bedrock does not take"),
        ({"content": GOOD, "key": "a//b.jsonl"}, "a//b.jsonl.*Bedrock does not take"),
        ({**DATA, "tags": {str(number): number for number in range(11)}}, "tags has 11 entries; S3 takes 10"),
        ({**DATA, "tags": {"k": "v" * 257}}, "at most 256"),
        ({**DATA, "tags": {"k": ["v"]}}, "it is a text"),
        ({**DATA, "state": "there"}, "state must be one of"),
        ({**DATA, "split": "test"}, "split must be one of"),
        ({**DATA, "format": "csv"}, "format must be one of"),
        ({**DATA, "profile": "somebody"}, "profile is given with access_key"),
        (
            {**DATA, "access_key": None, "secret_key": None, "profile": "nobody"},
            r"profile \(nobody\) could not be found",
        ),
        ({**DATA, "endpoint_url": "localhost"}, "endpoint_url is 'localhost'"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_options(play: Play, host: Host, credentials: dict[str, Any], options: dict[str, Any], says: str) -> None:
    refused(play, MODULE, {**credentials, "bucket": host.reach.data_bucket, **options}, says)
    assert host.sandbox.count() == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"content": f"{GOOD}this is no JSON\n"}, "line 13"),
        ({"content": GOOD.replace("assistant", "robot"), "format": "bedrock_converse"}, "line 1.*role"),
        ({"content": CHAT, "format": "bedrock_converse"}, "line 1: .*content is a string"),
        ({"content": converse_lines(3), "base_model_identifier": "amazon.nova-lite-v1:0:300k"}, "3 examples.*8"),
        (
            {"content": GOOD, "base_model_identifier": "anthropic.claude-3-haiku-20240307-v1:0:200k"},
            "wrong_format.*bedrock_claude",
        ),
        ({"content": ""}, "There is no example in it"),
    ],
    ids=["no JSON", "role", "other format", "too few", "format of another model", "empty"],
)
def test_bad_data(play: Play, host: Host, credentials: dict[str, Any], options: dict[str, Any], says: str) -> None:
    refused(play, MODULE, {**credentials, "bucket": host.reach.data_bucket, "name": "bad", **options}, says)
    assert host.sandbox.count() == 0
