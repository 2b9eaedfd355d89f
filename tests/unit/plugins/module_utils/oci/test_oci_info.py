# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""oci_generative_ai_model_info and oci_generative_ai_dedicated_ai_cluster_info against the sandbox."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, InvalidInput, NotFound
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import model_api
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import TUNING, ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.oci_host import PREFIX, pair_lines

LLAMA = "meta.llama-3.3-70b-instruct"
SHA = hashlib.sha256(b"colours").hexdigest()
NOBODY = "ocid1.generativeaimodel.oc1.us-chicago-1.nobody"


@pytest.fixture
def host(clusters: ClusterHost) -> ClusterHost:
    return clusters


class TestModels:
    def test_everything(self, host: ClusterHost) -> None:
        made = host.train(host.put(pair_lines()), "bot")
        found = host.model_info()
        assert found[0]["id"] == made
        assert {model["type"] for model in found} == {"BASE", "CUSTOM"}
        assert [model["time_created"] for model in found] == sorted(
            (model["time_created"] for model in found), reverse=True
        )

    def test_a_base_model_by_name_and_capability(self, host: ClusterHost) -> None:
        (base,) = host.model_info(capability=["FINE_TUNE"], display_name=LLAMA, type="BASE", limit=1)
        assert base["id"] == host.reach.base_model_id
        assert (base["compartment_id"], base["name"], base["training_sha256"], base["metrics"]) == (
            None,
            None,
            None,
            {},
        )

    def test_filters(self, host: ClusterHost) -> None:
        host.sandbox.oci.seed(
            models=[
                {"display_name": "good", "vendor": "Example"},
                {"display_name": "bad", "state": "FAILED", "failure": "Broken data."},
            ]
        )
        (bad,) = host.model_info(state="FAILED")
        assert (bad["display_name"], bad["lifecycle_details"]) == ("bad", "Broken data.")
        assert [model["display_name"] for model in host.model_info(vendor="Example")] == ["good"]
        assert [model["display_name"] for model in host.model_info(type="CUSTOM", state="ACTIVE")] == ["good"]
        both = host.model_info(capability=["FINE_TUNE", "TEXT_EMBEDDINGS"], type="BASE")
        assert {"FINE_TUNE", "TEXT_EMBEDDINGS"} <= {word for model in both for word in model["capabilities"]}
        assert all({"FINE_TUNE", "TEXT_EMBEDDINGS"} & set(model["capabilities"]) for model in both)
        assert len(both) < len(host.model_info(type="BASE"))
        assert host.model_info(display_name="nothing like it") == []
        assert [model["display_name"] for model in host.model_info(compartment_id=host.other, type="CUSTOM")] == []

    def test_all_pages_and_limit(self, host: ClusterHost, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(model_api, "_PAGE", 50)
        host.sandbox.oci.seed(models=120)
        host.sandbox.clear_log()
        found = host.model_info(type="CUSTOM")
        assert len({model["id"] for model in found}) == 120
        assert host.sandbox.count("oci.ListModels") == 3
        host.sandbox.clear_log()
        assert [model["id"] for model in host.model_info(limit=7)] == [model["id"] for model in found[:7]]
        assert host.sandbox.count() == 1

    def test_one_in_full(self, host: ClusterHost) -> None:
        own = {PREFIX + "name": "bot", PREFIX + "training": SHA}
        identifier = host.train(host.put(pair_lines()), "bot", freeformTags={"team": "support", **own})
        host.sandbox.advance(1000)
        (model,) = host.model_info(model_id=identifier, details=True)
        assert (model["name"], model["freeform_tags"]) == ("bot", {"team": "support"})
        assert model["training_sha256"] == SHA
        assert model["metrics"]["training_loss"] == model["model_metrics"]["final_loss"]
        work = model["work_request"]
        assert (work["operation_type"], work["status"], work["errors"]) == ("CREATE_MODEL", "SUCCEEDED", [])
        assert work["logs"]
        assert PREFIX not in str(model)

    def test_why_one_failed(self, host: ClusterHost) -> None:
        host.sandbox.oci.scenario(scenario="fail", code="Bad", message="It went wrong.")
        host.train(host.put(pair_lines()), "bot")
        host.sandbox.advance(1000)
        (model,) = host.model_info(state="FAILED", details=True)
        assert [error["message"] for error in model["work_request"]["errors"]] == ["It went wrong."]
        (summary,) = host.model_info(state="FAILED")
        assert "work_request" not in summary

    def test_what_is_not_there(self, host: ClusterHost) -> None:
        with pytest.raises(NotFound, match="nobody"):
            host.model_info(model_id=NOBODY)
        with pytest.raises(NotFound):
            host.model_info(compartment_id="ocid1.compartment.oc1..nobody")
        assert host.model_info(model_id="check-mode:model:bot", check_mode=True) == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"limit": -1}, "limit is -1"),
            ({"capability": ["COOK"]}, "capability.*FINE_TUNE"),
            ({"model_id": "check-mode:model:bot"}, "a placeholder of check mode"),
        ],
        ids=["limit", "capability", "made-up"],
    )
    def test_bad_options(self, host: ClusterHost, options: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            host.model_info(**options)
        assert host.sandbox.count() == 0

    def test_refused(self, host: ClusterHost) -> None:
        host.error("ListModels", 401, "NotAuthenticated", "who are you?", times=1)
        with pytest.raises(ApiError, match=r"Listing the models of .*: who are you\? \(HTTP 401, NotAuthenticated"):
            host.model_info()


class TestClusters:
    def test_everything_and_filters(self, host: ClusterHost) -> None:
        made = host.tuning(freeform_tags={"team": "support"})
        other = host.make("other", type="HOSTING", unitCount=1)
        found = host.clusters()
        assert [cluster["id"] for cluster in found[:2]] == [other, made["id"]]
        assert len(found) == len(host.there) + 2
        assert (found[1]["name"], found[1]["freeform_tags"]) == ("tuning", {"team": "support"})
        assert found[0]["name"] is None
        assert found[0]["capacity"]["total_endpoint_capacity"] == 50
        assert PREFIX not in str(found)
        assert {key: found[1][key] for key in TUNING} == TUNING
        assert [cluster["id"] for cluster in host.clusters(type="FINE_TUNING", limit=1)] == [made["id"]]
        assert [cluster["id"] for cluster in host.clusters(display_name="other")] == [other]
        host.cluster(state="absent")
        assert [cluster["id"] for cluster in host.clusters(state="DELETED")] == [made["id"]]
        assert host.clusters(display_name="nothing like it") == []

    def test_one_in_full(self, host: ClusterHost) -> None:
        made = host.tuning()
        host.tuning(unit_count=3)
        (found,) = host.clusters(dedicated_ai_cluster_id=made["id"], details=True)
        assert (found["unit_count"], found["previous_state"]["unit_count"]) == (3, 2)
        assert found["work_request"]["operation_type"] == "UPDATE_DEDICATED_AI_CLUSTER"
        assert found["work_request"]["logs"]
        assert PREFIX not in str(found)

    def test_what_is_not_there(self, host: ClusterHost) -> None:
        with pytest.raises(NotFound):
            host.clusters(dedicated_ai_cluster_id="ocid1.generativeaidedicatedaicluster.oc1..nobody")
        assert host.clusters(dedicated_ai_cluster_id="check-mode:cluster:tuning", check_mode=True) == []
        with pytest.raises(InvalidInput, match="a placeholder of check mode"):
            host.clusters(dedicated_ai_cluster_id="check-mode:cluster:tuning")
        with pytest.raises(InvalidInput, match="limit is -1"):
            host.clusters(limit=-1)
