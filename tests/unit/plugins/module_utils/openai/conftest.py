# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of OpenAI's drivers share."""

from __future__ import annotations

import ssl
from functools import cache

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host

_CONTEXT = cache(ssl.create_default_context)


def pytest_collection_finish() -> None:
    """ansible-test forks a process for each test: what is loaded before, by one task, is not loaded again by each."""
    from finetune_sandbox import Sandbox

    with Sandbox(speed=0) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", _CONTEXT)
        host = Host(sandbox)
        host.wanted(host.file())


@pytest.fixture(autouse=True)
def _one_reading_of_the_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task has a client of its own; the authorities that the SDK trusts are the same for all, and slow to read."""
    monkeypatch.setattr(ssl, "create_default_context", _CONTEXT)
