# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of OpenAI's drivers share."""

from __future__ import annotations

import ssl
from functools import cache

import pytest

_CONTEXT = cache(ssl.create_default_context)


@pytest.fixture(autouse=True)
def _one_reading_of_the_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task has a client of its own; the authorities that the SDK trusts are the same for all, and slow to read."""
    monkeypatch.setattr(ssl, "create_default_context", _CONTEXT)
