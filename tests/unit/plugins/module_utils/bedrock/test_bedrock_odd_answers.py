# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every operation of the Bedrock drivers and info modules, S3's among them, with answers that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import (
    Proxy,
    Story,
    stories_of,
    tell_of_hosts,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

TAGS = {"team": "support"}


def _validated(host: Host) -> Story:
    uri, other = host.put(converse_lines()), host.put(converse_lines(topic="letters"), "other.jsonl")
    checked = {"validators": [{"s3_uri": other}]}
    return lambda: host.wanted(uri, "bot", validation_data_config=checked, tags=TAGS, steps=True)


def _again(host: Host) -> Story:
    uri = host.data()
    host.wanted(uri, "bot")
    return lambda: host.wanted(uri, "bot", tags=TAGS, steps=True)


def _parts(host: Host) -> Story:
    return lambda: host.dataset(converse_lines(22_000), name="large")


def _info(host: Host) -> Story:
    host.wanted(host.data(), "bot")
    return lambda: host.info(name_contains="bot", details=True, steps=True)


def _foundation(host: Host) -> Story:
    return lambda: {"models": [*host.foundation(), *host.foundation(model_id="amazon.nova-lite-v1:0:300k")]}


STORIES = stories_of(globals())


@pytest.mark.parametrize("story", STORIES)
def test_e1_e2_no_answer_is_trusted(
    story: str, monkeypatch: pytest.MonkeyPatch, still_sandbox: Sandbox, host: Host
) -> None:
    if story == "parts":
        monkeypatch.setattr(dataset, "_PART", 5 * 1024 * 1024)

    def make_host() -> Host:
        still_sandbox.reset()
        return Host(still_sandbox)

    tell_of_hosts(
        Proxy(monkeypatch),
        story,
        make_host,
        STORIES[story],
        lambda host: host.paid("bot"),
        most=3 if story == "parts" else 10,
        runs=2 if story == "changed" else 1,
    )
