# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the OCI modules take for the same, and how they tell what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.cluster_host import ClusterHost
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.oci.model_host import RETRAIN, ModelHost

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

LORA: dict[str, Any] = {"training_config_type": "LORA_TRAINING_CONFIG", "total_training_epochs": 2}


@pytest.fixture
def host(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ModelHost:
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return ModelHost(still_sandbox)


@pytest.fixture
def clusters(still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ClusterHost:
    monkeypatch.setenv("OCI_SERVICE_ENDPOINT", still_sandbox.url)
    return ClusterHost(still_sandbox)


class TestIgnoreChanges:
    def test_h2_ignore_changes_keeps_the_model(self, host: ModelHost) -> None:
        data = host.data()
        made = host.wanted(data, fine_tune_details={"training_config": LORA}, description="old", version="1")
        wish: dict[str, Any] = {
            "fine_tune_details": {"training_config": {**LORA, "total_training_epochs": 3}},
            "description": "new",
        }
        names = ["fine_tune_details.training_config.total_training_epochs", "description"]
        ignored = host.wanted(data, **wish, **RETRAIN, ignore_changes=names)
        assert (ignored["changed"], ignored["id"]) == (False, made["id"])
        assert ignored["ignored_changes"] == {
            names[0]: {"before": 2, "after": 3},
            "description": {"before": "old", "after": "new"},
        }
        changed = host.wanted(data, **wish, version="2", ignore_changes=names)
        assert (changed["action"], changed["version"], changed["description"]) == ("update", "2", "old")
        assert host.paid() == [made["id"]]

    @pytest.mark.parametrize("name", ["display_name", "name", "model_id", "compartment_id"])
    def test_h2_ignore_changes_refuses_names_and_ids(self, host: ModelHost, name: str) -> None:
        with pytest.raises(InvalidInput, match=f"'{name}' says which one is meant"):
            host.wanted(host.data(), ignore_changes=[name])

    def test_h2_ignore_changes_refuses_unknown_names(self, host: ModelHost) -> None:
        with pytest.raises(InvalidInput, match=r"'hyperparameters' is no option") as caught:
            host.wanted(host.data(), ignore_changes=["hyperparameters"])
        assert "fine_tune_details.training_config.PART" in caught.value.hint

    def test_h2_ignore_changes_of_a_cluster(self, clusters: ClusterHost) -> None:
        made = clusters.tuning(freeform_tags={"team": "a"})
        wish: dict[str, Any] = {"unit_count": 4, "freeform_tags": {"team": "b"}}
        ignored = clusters.tuning(**wish, ignore_changes=["unit_count", "freeform_tags"])
        assert (ignored["changed"], ignored["unit_count"]) == (False, made["unit_count"])
        assert set(ignored["ignored_changes"]) == {"unit_count", "freeform_tags.team"}
        changed = clusters.tuning(**wish, description="new", ignore_changes=["freeform_tags"])
        assert (changed["unit_count"], changed["freeform_tags"]) == (4, {"team": "a"})
        with pytest.raises(InvalidInput, match="'dedicated_ai_cluster_id' says which one is meant"):
            clusters.tuning(ignore_changes=["dedicated_ai_cluster_id"])
