# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bedrock_custom_model takes for the same, and how it tells what is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host

RETRAIN: dict[str, Any] = {"retrain": "on_change"}


class TestIgnoreChanges:
    def test_h2_ignore_changes_keeps_the_model(self, host: Host) -> None:
        uri = host.data()
        made = host.wanted(uri, hyperparameters={"epochCount": 2}, tags={"team": "a"})
        wish: dict[str, Any] = {"hyperparameters": {"epochCount": 3}, "tags": {"team": "b"}}
        ignored = host.wanted(uri, **wish, **RETRAIN, ignore_changes=["hyperparameters.epochCount", "tags"])
        assert (ignored["changed"], ignored["action"], ignored["id"]) == (False, "none", made["id"])
        assert ignored["ignored_changes"] == {
            "hyperparameters.epochCount": {"before": "2", "after": 3},
            "tags.team": {"before": "a", "after": "b"},
            "custom_model_tags.team": {"before": "a", "after": "b"},
        }
        assert ignored["diff"]["before"]["ignored"]["hyperparameters.epochCount"] == "2"
        assert ignored["diff"]["after"]["ignored"]["hyperparameters.epochCount"] == 3
        assert host.tags(made["job_arn"])["team"] == "a"
        assert len(host.jobs()) == 1

    def test_h2_ignore_changes_holds_for_a_create_all_the_same(self, host: Host) -> None:
        made = host.wanted(host.data(), hyperparameters={"epochCount": 3}, ignore_changes=["hyperparameters"])
        assert made["hyperparameters"]["epochCount"] == "3"
        assert made["ignored_changes"] == {}

    @pytest.mark.parametrize("name", ["custom_model_name", "name", "job_arn"])
    def test_h2_ignore_changes_refuses_names_and_ids(self, host: Host, name: str) -> None:
        with pytest.raises(InvalidInput, match=f"'{name}' says which one is meant"):
            host.wanted("s3://example/data.jsonl", ignore_changes=[name])

    def test_h2_ignore_changes_refuses_unknown_names(self, host: Host) -> None:
        with pytest.raises(InvalidInput, match=r"'base_model' is no option") as caught:
            host.wanted("s3://example/data.jsonl", ignore_changes=["base_model"])
        for option in ("base_model_identifier", "training_data_config.s3_uri", "hyperparameters.PART", "tags"):
            assert option in caught.value.hint
