# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host to run OCI tasks on; nothing of this machine's own OCI settings is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci import oci_host
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import ModelHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    oci_host.nothing_of_this_machine(monkeypatch)
    oci_host.read_keys_once(monkeypatch)
    oci_host.skip_real_pauses(monkeypatch)


@pytest.fixture
def clusters(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ClusterHost:
    """The same with clusters."""
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return ClusterHost(still_sandbox)


@pytest.fixture
def models(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ModelHost:
    """The same with models."""
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return ModelHost(still_sandbox)


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A fresh sandbox; every service of it on one address, as its users have it."""
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return Host(still_sandbox)
