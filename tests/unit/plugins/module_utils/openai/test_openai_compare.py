# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_fine_tuned_model takes for the same, and how it tells what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

RETRAIN: dict[str, Any] = {"retrain": "on_change"}


@pytest.fixture
def host(still_sandbox: Sandbox) -> Host:
    return Host(still_sandbox)


class TestIgnoreChanges:
    def test_h2_ignore_changes_keeps_the_model(self, host: Host) -> None:
        file_id = host.file()
        made = host.wanted(file_id, hyperparameters={"n_epochs": 2, "batch_size": 4}, seed=1)
        wish: dict[str, Any] = {"hyperparameters": {"n_epochs": 3, "batch_size": 4}, "seed": 2, "model": "gpt-4.1-mini"}
        names = ["hyperparameters.n_epochs", "seed", "model"]
        ignored = host.wanted(file_id, **wish, **RETRAIN, ignore_changes=names)
        assert (ignored["changed"], ignored["action"], ignored["id"]) == (False, "none", made["id"])
        assert ignored["ignored_changes"] == {
            "model": {"before": host.base, "after": "gpt-4.1-mini"},
            "seed": {"before": 1, "after": 2},
            "hyperparameters.n_epochs": {"before": 2, "after": 3},
        }
        assert ignored["diff"]["after"] == {
            "ignored": {"model": "gpt-4.1-mini", "seed": 2, "hyperparameters.n_epochs": 3}
        }
        wish["hyperparameters"]["batch_size"] = 8
        foreseen = host.wanted(file_id, **wish, **RETRAIN, ignore_changes=names, check_mode=True)
        assert foreseen["action"] == "retrain"
        assert foreseen["diff"]["after"]["hyperparameters.batch_size"] == 8
        assert len(host.jobs()) == 1

    @pytest.mark.parametrize("name", ["name", "job_id"])
    def test_h2_ignore_changes_refuses_names_and_ids(self, host: Host, name: str) -> None:
        with pytest.raises(InvalidInput, match=f"'{name}' says which one is meant"):
            host.wanted("file-1", ignore_changes=[name])

    def test_h2_ignore_changes_refuses_unknown_names(self, host: Host) -> None:
        with pytest.raises(InvalidInput, match=r"'n_epochs' is no option") as caught:
            host.wanted("file-1", ignore_changes=["n_epochs"])
        assert "hyperparameters.PART" in caught.value.hint
