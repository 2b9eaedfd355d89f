# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run Bedrock tasks on; nothing of this machine's own AWS settings is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import botocore.loaders
import botocore.session
import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host
from botocore.retries.standard import ExponentialBackoff

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

_LOADER = botocore.loaders.create_loader()


def pytest_collection_finish() -> None:
    """ansible-test forks a process for each test: what is loaded before, by one task, is not loaded again by each."""
    from finetune_sandbox import Sandbox

    with Sandbox(speed=0) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda path=None: _LOADER)
        patch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        host = Host(sandbox)
        host.wanted(host.data())


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _one_reading_of_the_service_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task has a session of its own; the descriptions of the services are the same for all, and slow to read."""
    monkeypatch.setattr(botocore.session, "create_loader", lambda path=None: _LOADER)


@pytest.fixture(autouse=True)
def _no_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 sends again by itself, after pauses in real time."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0.0)


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A fresh sandbox; every service of it on one address, as its users have it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", still_sandbox.url)
    return Host(still_sandbox)
