# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of whole modules share."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, player


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Runs a module and returns its result."""
    return player(monkeypatch, capsys)
