# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A provider is one folder and one entry in each of two tables: with no more than these, the example provider goes
through fine_tune and the report. The contract suite finds it by its file resources.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase, Run
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import run
from ansible_collections.llmops.finetune.plugins.module_utils._providers import catalogue, registry
from ansible_collections.llmops.finetune.plugins.module_utils._report.page import page
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example.client import Api
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example.facts import FACTS
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example.fine_tuned_model import (
    FineTunedModel,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example.provider import PROVIDER
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example.resources import ExampleClock
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import (
    Ended,
    FakeModule,
    chat,
)


@pytest.fixture(autouse=True)
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", registry.PROVIDERS), "example", PROVIDER)
    monkeypatch.setitem(cast("dict[str, Any]", catalogue.CATALOGUE), "example", FACTS)


def fine_tune(tmp_path: Path, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """One run of the module with one model: its result."""
    given = {"provider": "example", "name": "bot", "base_model": "rye", "training_data": chat(5), **options}
    params: Mapping[str, Any] = {"models": [given], "example": {"store": str(tmp_path / "store")}}
    with pytest.raises(Ended) as ended:
        run(FakeModule(params, tmp_path, check_mode=check_mode, diff=True), ExampleClock())  # type: ignore[arg-type]
    return ended.value.result


def made(tmp_path: Path) -> list[str]:
    with Api(str(tmp_path / "store")).opened() as store:
        return list(store["jobs"])


def test_from_a_dataset_to_a_model(tmp_path: Path) -> None:
    foreseen = fine_tune(tmp_path, check_mode=True)["results"][0]
    assert (foreseen["action"], foreseen["phase"], made(tmp_path)) == ("create", None, [])
    result = fine_tune(tmp_path, hyperparameters={"epochs": 3})
    assert not result.get("failed"), result
    (found,) = result["results"]
    assert (found["action"], found["status"], found["phase"]) == ("create", "baked", "ready")
    assert (found["provider_label"], found["model_id"]) == ("The Example Workshop", "loaf-job-0001")
    assert found["started"] and found["ended"] and found["settings"] == {"rounds": 3}
    data = found["dataset"]["training"]
    assert (data["format"], data["source_format"], data["examples"]) == ("example_pairs", "openai_chat", 5)
    again = fine_tune(tmp_path, hyperparameters={"epochs": 3})
    assert (again["changed"], again["results"][0]["action"], made(tmp_path)) == (False, "none", ["job-0001"])


def test_what_is_wrong_is_said_in_the_words_of_fine_tune(tmp_path: Path) -> None:
    few = fine_tune(tmp_path, training_data=chat(2))
    assert few["failed"] and "at least 3" in few["msg"]
    fine_tune(tmp_path)
    other = fine_tune(tmp_path, base_model="wheat")
    assert other["failed"] and "base_model: rye -> wheat" in other["msg"].replace("'", "")
    assert made(tmp_path) == ["job-0001"]


def test_a_failed_run(tmp_path: Path) -> None:
    with Api(str(tmp_path / "store")).opened() as store:
        store["fate"] = "The oven is too hot."
    (found,) = fine_tune(tmp_path)["results"]
    assert (found["failed"], found["status"], found["phase"]) == (True, "burnt", "failed")
    assert "The oven is too hot." in found["msg"]


def test_a_model_that_its_provider_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine knows it from a look at the model, not from the status of the run."""
    fine_tune(tmp_path)

    def verify(_driver: Any, runs: Sequence[Run]) -> list[Run]:
        return [replace(run, verified=True, phase=Phase.RETIRED, removable=False) for run in runs]

    monkeypatch.setattr(FineTunedModel, "verify", verify)
    (found,) = fine_tune(tmp_path)["results"]
    assert (found["failed"], found["status"], found["phase"]) == (True, "baked", "retired")


def test_absent_with_its_data(tmp_path: Path) -> None:
    fine_tune(tmp_path)
    result = fine_tune(tmp_path, state="absent", delete_dataset=True)
    assert (result["changed"], result["results"][0]["status"]) == (True, "absent")
    with Api(str(tmp_path / "store")).opened() as store:
        assert store["files"] == {}


def test_the_report(tmp_path: Path) -> None:
    text = page("Report", fine_tune(tmp_path)["results"])
    assert "The Example Workshop" in text
    assert 'class="badge good"' in text and "baked" in text
    assert "loaf-job-0001" in text and "converted from openai_chat" in text
