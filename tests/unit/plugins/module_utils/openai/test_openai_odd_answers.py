# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every operation of the OpenAI drivers and info module, with answers that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import (
    Proxy,
    Story,
    stories_of,
    tell_of_hosts,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def _again(host: Host) -> Story:
    file_id = host.file()
    host.wanted(file_id)
    return lambda: host.wanted(file_id, details=True)


def _by_hand(host: Host) -> Story:
    """A file with a name of somebody else's, which must be read to be known."""
    from openai import OpenAI

    client = OpenAI(api_key=host.reach.api_key, base_url=host.reach.urls["openai"], max_retries=0)
    file_id = client.files.create(file=("mine.jsonl", chat_lines().encode()), purpose="fine-tune").id
    host.sandbox.advance(60)
    return lambda: host.wanted(file_id)


def _parts(host: Host) -> Story:
    return lambda: host.dataset(chat_lines(), state="present")


def _info(host: Host) -> Story:
    host.wanted(host.file())
    return lambda: {"models": host.info(name="support-bot", events=True, checkpoints=True, steps=True)}


def _one(host: Host) -> Story:
    job = host.wanted(host.file())["job_id"]
    return lambda: {"models": host.info(job_id=job)}


STORIES = stories_of(globals())


@pytest.mark.parametrize("story", STORIES)
def test_e1_e2_no_answer_is_trusted(story: str, monkeypatch: pytest.MonkeyPatch, still_sandbox: Sandbox) -> None:
    if story == "parts":
        monkeypatch.setattr(dataset, "_LARGEST_FILE", 100)
        monkeypatch.setattr(dataset, "_PART", 1000)

    def make_host() -> Host:
        still_sandbox.reset()
        return Host(still_sandbox)

    tell_of_hosts(Proxy(monkeypatch), story, make_host, STORIES[story], lambda host: host.uncancelled())
