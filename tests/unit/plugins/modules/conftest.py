# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of whole modules share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, player

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Host:
    """An account of AWS; every service of it on one address, which the environment names."""
    nothing_of_this_machine(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    return Host(still_sandbox)


@pytest.fixture
def credentials(host: Host) -> dict[str, Any]:
    """The options that reach it."""
    return {option: host.auth[option] for option in ("access_key", "secret_key", "region")}


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """Runs a module and returns its result."""
    return player(monkeypatch, capsys)
