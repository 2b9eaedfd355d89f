# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of OpenAI's drivers share."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    read_certificates_once,
)


@pytest.fixture(autouse=True)
def _one_reading_of_the_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    read_certificates_once(monkeypatch)
