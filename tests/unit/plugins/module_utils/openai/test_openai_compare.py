# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_fine_tuned_model takes for the same, and how it tells what is not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import json_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host

RETRAIN: dict[str, Any] = {"retrain": "on_change"}


class TestIgnoreChanges:
    def test_h2_ignore_changes_keeps_the_model(self, host: Host) -> None:
        file_id = host.file()
        made = host.wanted(file_id, hyperparameters={"n_epochs": 2, "batch_size": 4}, seed=1)
        desired: dict[str, Any] = {
            "hyperparameters": {"n_epochs": 3, "batch_size": 4},
            "seed": 2,
            "model": "gpt-4.1-mini",
        }
        names = ["hyperparameters.n_epochs", "seed", "model"]
        ignored = host.wanted(file_id, **desired, **RETRAIN, ignore_changes=names)
        assert (ignored["changed"], ignored["action"], ignored["id"]) == (False, "none", made["id"])
        assert ignored["ignored_changes"] == {
            "model": {"before": host.base, "after": "gpt-4.1-mini"},
            "seed": {"before": 1, "after": 2},
            "hyperparameters.n_epochs": {"before": 2, "after": 3},
        }
        assert ignored["diff"]["after"] == {
            "ignored": {"model": "gpt-4.1-mini", "seed": 2, "hyperparameters.n_epochs": 3}
        }
        desired["hyperparameters"]["batch_size"] = 8
        foreseen = host.wanted(file_id, **desired, **RETRAIN, ignore_changes=names, check_mode=True)
        assert foreseen["action"] == "retrain"
        assert foreseen["diff"]["after"]["hyperparameters.batch_size"] == 8
        assert len(host.jobs()) == 1


class TestMethods:
    def test_v6_the_short_form_after_a_run_of_another_method_is_a_difference(self, host: Host) -> None:
        data = json_lines(
            {
                "input": {"messages": [{"role": "user", "content": f"Question {number}?"}]},
                "preferred_output": [{"role": "assistant", "content": f"Yes {number}."}],
                "non_preferred_output": [{"role": "assistant", "content": f"No {number}."}],
            }
            for number in range(12)
        )
        file_id = host.dataset(data, "preferences", format="openai_preference")["file_id"]
        host.wanted(file_id, method={"type": "dpo", "dpo": {"hyperparameters": {"n_epochs": 2}}})
        with pytest.raises(InvalidInput, match="method: dpo -> supervised"):
            host.wanted(file_id, hyperparameters={"n_epochs": 2})
        assert host.wanted(file_id)["changed"] is False
        assert host.wanted(file_id, hyperparameters={"n_epochs": 2}, ignore_changes=["method.type"])["changed"] is False

    def test_v6_the_short_form_is_sent_as_it_is_and_equal_to_supervised(self, host: Host) -> None:
        file_id = host.file()
        made = host.wanted(file_id, hyperparameters={"n_epochs": 2})
        (entry,) = host.sandbox.requests("openai.jobs.create")
        assert "method" not in str(entry.get("body", ""))
        assert "method" not in made["diff"]["after"]
        explicit = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}
        assert host.wanted(file_id, method=explicit)["changed"] is False
        assert host.wanted(file_id, hyperparameters={"n_epochs": 2})["changed"] is False


class TestMetadata:
    def test_v7_truth_values_are_spelt_as_yaml_spells_them(self, host: Host) -> None:
        file_id = host.file()
        made = host.wanted(file_id, metadata={"live": True, "size": 3, "none": None})
        assert made["model"]["metadata"] == {"live": "true", "size": "3"}
        again = host.wanted(file_id, metadata={"live": "True", "size": 3})
        assert (again["changed"], host.warnings) == (False, [])


class TestData:
    def test_p3_check_mode_refuses_a_file_that_is_nowhere(self, host: Host) -> None:
        for check_mode in (True, False):
            with pytest.raises(ApiError, match="training_file: no uploaded file has the content sha256:000"):
                host.wanted(f"sha256:{'0' * 64}", check_mode=check_mode)
