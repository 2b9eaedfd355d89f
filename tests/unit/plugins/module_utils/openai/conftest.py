# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of OpenAI's drivers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    Host,
    read_certificates_once,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture(autouse=True)
def _one_reading_of_the_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    read_certificates_once(monkeypatch)


@pytest.fixture
def host(still_sandbox: Sandbox) -> Host:
    """OpenAI itself."""
    return Host(still_sandbox)


@pytest.fixture(params=["openai", "azure", "compatible"])
def any_host(still_sandbox: Sandbox, request: pytest.FixtureRequest) -> Host:
    """A host of each kind."""
    return Host(still_sandbox, request.param)
