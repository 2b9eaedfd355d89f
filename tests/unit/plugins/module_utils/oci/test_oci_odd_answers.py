# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every operation of the OCI drivers and info modules, Object Storage's among them, with answers that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.endpoint_host import LLAMA, EndpointHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import pair_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import (
    Proxy,
    Story,
    stories_of,
    tell_of_hosts,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


class Host(ClusterHost):
    """Clusters, and models."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        sandbox.oci.settings(accepted_seconds=1.0, validation_seconds=1.0, training_seconds=6.0, model_seconds=4.0)

    def paid(self, name: str) -> list[str]:
        """The OCIDs of the models that were made under a name."""
        return [model["id"] for model in self.sandbox.oci.models() if model["display_name"] == name]


TAGS = {"team": "support"}


def _again(host: Host) -> Story:
    data = host.put(pair_lines())
    host.wanted(data, "bot")
    return lambda: host.wanted({**data, "namespace": None}, "bot", details=True)


def _move(host: Host) -> Story:
    data = host.data()
    made = host.wanted(data, "bot")["id"]
    return lambda: host.wanted(data, "bot", model_id=made, compartment_id=host.other)


def _failed(host: Host) -> Story:
    host.sandbox.oci.scenario("fail")
    data = host.data()
    return lambda: host.wanted(data, "bot", details=True)


def _parts(host: Host) -> Story:
    return lambda: host.dataset(pair_lines(400), name="large")


def _edited(host: Host) -> Story:
    host.dataset(pair_lines(), object="plain.jsonl")
    return lambda: host.dataset(pair_lines(topic="letters"), object="plain.jsonl")


def _info(host: Host) -> Story:
    host.wanted(host.data(), "bot")
    return lambda: {"models": host.model_info(display_name="bot", details=True)}


def _clusters(host: Host) -> Story:
    return lambda: {"clusters": host.clusters(details=True)}


def _endpoint_moved(host: Host) -> Story:
    own = EndpointHost(host.sandbox)
    own.clients = host.clients
    given: dict[str, Any] = {"endpoint_id": own.serve()["id"], "compartment_id": own.other, "description": "there"}
    return lambda: own.endpoint(None, model_id=LLAMA, **given)


def _endpoints(host: Host) -> Story:
    own = EndpointHost(host.sandbox)
    own.clients = host.clients
    own.serve()
    return lambda: {"endpoints": own.endpoints(details=True)}


STORIES = stories_of(globals())


@pytest.mark.parametrize("story", STORIES)
def test_e1_e2_no_answer_is_trusted(
    story: str, monkeypatch: pytest.MonkeyPatch, still_sandbox: Sandbox, host: Host
) -> None:
    if story == "parts":
        monkeypatch.setattr(dataset, "_PART", 10_000)

    def make_host() -> Host:
        still_sandbox.reset()
        return Host(still_sandbox)

    tell_of_hosts(Proxy(monkeypatch), story, make_host, STORIES[story], lambda host: host.paid("bot"))
