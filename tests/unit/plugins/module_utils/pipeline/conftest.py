# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run the module fine_tune on; nothing of this machine's own settings is read."""

from __future__ import annotations

import functools
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import Host
from botocore.retries.standard import ExponentialBackoff
from oci import signer
from oci.retry import retry

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

_CONTEXT = functools.cache(ssl.create_default_context)
_load_private_key = functools.cache(signer.load_private_key)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing_of_this_machine(monkeypatch)


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What each client reads anew, at length, and is the same for all."""
    monkeypatch.setattr(ssl, "create_default_context", _CONTEXT)
    monkeypatch.setattr(signer, "load_private_key", _load_private_key)


@pytest.fixture(autouse=True)
def _no_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs send again by themselves, after pauses in real time."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0.0)
    monkeypatch.setattr(
        retry.ExponentialBackOffWithDecorrelatedJitterRetryStrategy, "do_sleep", lambda self, attempt, exception: None
    )


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    """A fresh sandbox, which the environment names."""
    for name, value in still_sandbox.env.items():
        monkeypatch.setenv(name, value)
    return Host(still_sandbox, tmp_path)
