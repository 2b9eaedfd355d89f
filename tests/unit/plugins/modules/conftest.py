# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of whole modules share."""

from __future__ import annotations

from importlib import import_module

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import read_descriptions
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, player


def pytest_collection_finish() -> None:
    """ansible-test forks a process for each test: what is loaded before is not loaded again by each."""
    for name in ("auth.signers", "circuit_breaker", "generative_ai", "object_storage", "retry"):
        import_module(f"oci.{name}")
    import_module("openai.resources.fine_tuning")
    read_descriptions("bedrock", "s3")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Runs a module and returns its result."""
    return player(monkeypatch, capsys)
