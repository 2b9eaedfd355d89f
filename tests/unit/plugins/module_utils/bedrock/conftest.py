# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run Bedrock tasks on; nothing of this machine's own AWS settings is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    nothing_of_this_machine,
    skip_real_pauses,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.serving_host import ServingHost

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_of_this_machine(monkeypatch)


@pytest.fixture(autouse=True)
def _no_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_real_pauses(monkeypatch)


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A fresh sandbox; every service of it on one address, as its users have it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    return Host(still_sandbox)


@pytest.fixture
def serving_host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ServingHost:
    """The same for what serves a model."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    return ServingHost(still_sandbox)
