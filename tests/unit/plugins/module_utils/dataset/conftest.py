# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of datasets share."""

from __future__ import annotations

import threading

import pytest


@pytest.fixture(autouse=True)
def only_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the threads of other tests: large files are checked in forked processes only if there are none."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)
