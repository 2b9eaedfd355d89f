# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run the module fine_tune on; nothing of this machine's own settings is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock import bedrock_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    read_certificates_once,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bedrock_host.nothing_of_this_machine(monkeypatch)
    bedrock_host.skip_real_pauses(monkeypatch)
    oci_host.read_keys_once(monkeypatch)
    oci_host.skip_real_pauses(monkeypatch)
    read_certificates_once(monkeypatch)


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    """A fresh sandbox, which the environment names."""
    for name, value in still_sandbox.env.items():
        monkeypatch.setenv(name, value)
    return Host(still_sandbox, tmp_path)
