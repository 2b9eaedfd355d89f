# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run OCI tasks on; nothing of this machine's own OCI settings is read."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host
from oci import signer
from oci.retry import retry

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


_load_private_key = functools.cache(signer.load_private_key)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OCI_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _one_reading_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client loads the key of its user, and checks it at length."""
    monkeypatch.setattr(signer, "load_private_key", _load_private_key)


@pytest.fixture(autouse=True)
def _no_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends again by itself, after pauses in real time."""
    monkeypatch.setattr(
        retry.ExponentialBackOffWithDecorrelatedJitterRetryStrategy, "do_sleep", lambda self, attempt, exception: None
    )


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A fresh sandbox; every service of it on one address, as its users have it."""
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return Host(still_sandbox)
