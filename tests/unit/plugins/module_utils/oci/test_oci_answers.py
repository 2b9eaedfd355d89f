# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no answer of OCI: pages of proxies, listings without an end, redirects to other hosts."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
    NoAnswer,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import dataset
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.client import GENERATIVE_AI, make_api
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit import info
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.answers import record
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import ModelHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import Host, pair_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Elsewhere

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + "secret " * 999 + "</body></html>"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize("body", [{}, {"id": None, "status": []}, PAGE, "[" * 100_000])
def test_e2_a_work_request_that_is_none(host: Host, body: object) -> None:
    models = ModelHost(host.sandbox)
    data = models.data()
    host.sandbox.fault("oci.GetWorkRequest", status=200, body=body, times=3)
    assert models.wanted(data)["status"] == "ACTIVE"
    assert len(models.paid()) == 1


def test_e1_info_modules_look_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "_PAUSES", (0.0,))
    clusters = ClusterHost(host.sandbox)
    for operation in ("ListModels", "ListDedicatedAiClusters"):
        host.sandbox.fault(f"oci.{operation}", status=200, body=PAGE, headers=HTML, times=1)
    assert clusters.model_info() and clusters.clusters()


@pytest.mark.parametrize("words", ["Invalid value for `lifecycle_state`", "The state is not one of those known"])
def test_a_value_that_the_sdk_refuses_before_it_calls(host: Host, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Whatever words this version of the SDK has for it."""
    api = make_api(host._task("oci_generative_ai_dedicated_ai_cluster_info", {}), GENERATIVE_AI)
    before = host.sandbox.count()

    def refuse(*_arguments: object, **_members: object) -> None:
        raise ValueError(words)

    monkeypatch.setattr(api.client(GENERATIVE_AI), "list_dedicated_ai_clusters", refuse)
    with pytest.raises(InvalidInput, match="Listing the clusters") as caught:
        list(api.pages("Listing the clusters", "list_dedicated_ai_clusters", item=record({})))
    assert words in caught.value.message and "install a newer oci" in caught.value.hint
    assert host.sandbox.count() == before


def test_o4_parts_of_an_upload_never_follow_a_redirect(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "_PART", 1000)
    with Elsewhere() as other:
        host.sandbox.fault("oci.UploadPart", status=307, body="", headers={"Location": other.url})
        with pytest.raises(ApiError, match="redirect"):
            host.dataset(pair_lines())
        assert other.got == []


@pytest.mark.parametrize("operation", ["ListModels", "ListDedicatedAiClusters"])
def test_e1_a_listing_that_begins_again_has_no_end(host: Host, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    monkeypatch.setattr(info, "_PAUSES", ())
    clusters = ClusterHost(host.sandbox)
    host.sandbox.fault(f"oci.{operation}", status=200, body={"items": []}, headers={"opc-next-page": "a"})
    with pytest.raises(NoAnswer, match="again and again"):
        clusters.model_info() if operation == "ListModels" else clusters.clusters()


def test_e1_objects_whose_listing_begins_again(host: Host) -> None:
    host.sandbox.fault("oci.ListObjects", status=200, body={"objects": [], "nextStartWith": "a"})
    with pytest.raises(NoAnswer, match="again and again"):
        host.dataset(None, state="absent")
