# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of fine_tune: slices, files, and what it prints."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible_collections.llmops.finetune.plugins.action.fine_tune import ActionModule
from ansible_collections.llmops.finetune.plugins.plugin_utils import _pipeline_action, _waiting_action


def told(name: str = "bot", **more: Any) -> dict[str, Any]:
    """What the module says of one model."""
    data = {"training": {"examples": 40}}
    known = {"failed": False, "action": "create", "status": None, "dataset": data, "estimated_training_tokens": 1440}
    return {"provider": "openai", "name": name, **known, **more}


def waiting(state: str, *results: dict[str, Any], **progress: Any) -> dict[str, Any]:
    """A slice that is not the last."""
    return {"waiting": True, "changed": False, "results": list(results), "wait_state": state, "progress": progress}


def training(percent: float) -> dict[str, Any]:
    return {"run_id": "ftjob-1", "progress": {"stage": "training", "percent": percent}}


class Play:
    """One task with a module that answers by a script."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.lines: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.folder = folder
        display = SimpleNamespace(display=self.lines.append, vv=lambda text: None)
        monkeypatch.setattr(_waiting_action, "display", display)
        monkeypatch.setattr(_pipeline_action, "display", display)

    def run(self, *answers: dict[str, Any], no_log: bool = False, **args: Any) -> dict[str, Any]:
        script = list(answers)
        plugin = ActionModule.__new__(ActionModule)
        plugin._task = SimpleNamespace(args={"models": [], **args}, no_log=no_log)
        plugin._find_needle = self.find

        def call(given: dict[str, Any], task_vars: Any, *, again: bool) -> dict[str, Any]:
            self.calls.append(dict(given))
            return script.pop(0)

        plugin._call = call
        result = plugin._in_slices({})
        assert not script
        return result

    def find(self, kind: str, name: str) -> str:
        if not (self.folder / name).is_file():
            raise AnsibleError(f"no {name}")
        return str(self.folder / name)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Play:
    return Play(monkeypatch, tmp_path)


def test_it_goes_on_where_the_last_slice_ended(play: Play) -> None:
    first, second = waiting("a", told(), **{"openai/bot": {}}), waiting("b", told(), **{"openai/bot": training(10)})
    first["progress"] = {"openai/bot": {"run_id": None, "progress": {}}}
    result = play.run(first, second, {"changed": True, "results": [told(status="succeeded")]})
    assert [call.get("wait_state") for call in play.calls] == [None, "a", "b"]
    assert {call["wait_slice"] for call in play.calls} == {20.0}
    assert result == {"changed": True, "results": [told(status="succeeded")]}


def test_what_it_prints(play: Play) -> None:
    slices = [waiting(str(n), told(), **{"openai/bot": training(percent)}) for n, percent in enumerate((10, 10, 60))]
    play.run(*slices, {"changed": True, "results": [told(status="succeeded")]})
    assert play.lines[0] == "bot (openai): a model is to be trained, 40 examples, about 1,440 training tokens"
    assert play.lines[1] == "bot (openai): run ftjob-1"
    assert [line[:28] for line in play.lines[2:]] == [
        "bot (openai): training 10 %",
        "bot (openai): training 60 %, "[:28],
    ]


@pytest.mark.parametrize("quiet", [{"no_log": True}, {"wait_progress": False}, {"wait_progress": "no"}])
def test_where_it_prints_nothing(play: Play, quiet: dict[str, Any]) -> None:
    play.run(waiting("a", told(), **{"openai/bot": training(10)}), {"changed": True, "results": [told()]}, **quiet)
    assert play.lines == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"action": "none", "status": "succeeded"}, "bot (openai): nothing to change, succeeded"),
        ({"estimated_training_tokens": None}, "bot (openai): a model is to be trained, 40 examples, tokens unknown"),
        ({"failed": True}, "bot (openai): refused, see below"),
        ({"action": "delete", "dataset": {}}, "bot (openai): to be deleted"),
    ],
)
def test_one_line_of_what_will_happen(found: dict[str, Any], line: str) -> None:
    assert _pipeline_action.preview(told(**found)) == line


def test_files_are_looked_for_where_a_playbook_keeps_them(play: Play, tmp_path: Path) -> None:
    (tmp_path / "near.jsonl").write_text("")
    given = [
        "near.jsonl",
        "far.jsonl",
        "/abs.jsonl",
        "~/home.jsonl",
        "~nobody-of-this-name/x.jsonl",
        '{"a": 1}',
        [],
        None,
    ]
    wanted = [str(tmp_path / "near.jsonl"), *given[1:]]
    play.run({"results": []}, models=[{"training_data": data, "validation_data": data} for data in given])
    assert [model["training_data"] for model in play.calls[0]["models"]] == wanted
    assert [model["validation_data"] for model in play.calls[0]["models"]] == wanted


def test_d8_the_module_is_told_where_a_missing_file_was_looked_for(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(kind: str, name: str) -> str:
        raise AnsibleFileNotFound(file_name=name, paths=["/play/files/far.jsonl", "/play/far.jsonl"])

    monkeypatch.setattr(play, "find", find)
    play.run({"results": []}, models=[{"training_data": "far.jsonl"}])
    assert play.calls[0]["data_places"] == {"far.jsonl": ["/play/files/far.jsonl", "/play/far.jsonl"]}


@pytest.mark.parametrize("models", [None, "text", [1], ["text"]])
def test_what_is_no_list_of_models_is_left_to_the_module(play: Play, models: Any) -> None:
    play.run({"failed": True, "msg": "wrong"}, models=models)
    assert play.calls[0]["models"] == models
