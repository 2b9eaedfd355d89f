# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of fine_tune: slices, files, and what it prints."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible_collections.llmops.finetune.plugins.action.fine_tune import ActionModule
from ansible_collections.llmops.finetune.plugins.plugin_utils import _pipeline_action, _progress
from ansible_collections.llmops.finetune.plugins.plugin_utils._locks import Locks, folder_in, lock_name
from ansible_collections.llmops.finetune.plugins.plugin_utils._role_variables import MARK, known_variables, unknown


def told(name: str = "bot", **more: Any) -> dict[str, Any]:
    """What the module says of one model."""
    data = {"training": {"examples": 40}}
    known = {
        "failed": False,
        "action": "create",
        "status": None,
        "model_id": None,
        "dataset": data,
        "estimated_training_tokens": 1440,
    }
    return {"provider": "openai", "name": name, **known, **more}


def waiting(state: str, *results: dict[str, Any], **progress: Any) -> dict[str, Any]:
    """A slice that is not the last."""
    kept = {"kept": state}
    return {"waiting": True, "changed": False, "results": list(results), "wait_state": kept, "progress": progress}


def training(percent: float) -> dict[str, Any]:
    return {"run_id": "ftjob-1", "progress": {"stage": "training", "percent": percent}}


class Play:
    """One task with a module that answers by a script."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.lines: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.folder = folder
        self.now = 50_000.0
        self.look: Callable[[Any], None] = lambda args: None
        self.seconds = 0.0  # that each slice takes
        self.errors: list[str] = []
        self.warned: list[str] = []
        clock = SimpleNamespace(
            monotonic=lambda: self.now,
            time=lambda: self.now,
            sleep=self.sleep,
            localtime=time.gmtime,
            strftime=time.strftime,
        )
        display = SimpleNamespace(display=self.display, warning=self.warned.append, vv=lambda text: None)
        monkeypatch.setattr(_pipeline_action, "display", display)
        monkeypatch.setattr(_progress, "display", display)
        monkeypatch.setattr(_progress, "time", clock)
        monkeypatch.setattr(_pipeline_action, "time", clock)
        monkeypatch.setattr(_pipeline_action, "_lock_folder", lambda: folder / "locks")
        (folder / "locks").mkdir()

    def display(self, line: str, color: str | None = None, *, stderr: bool = False) -> None:
        assert stderr, "standard output belongs to the callback plugin"
        assert re.match(r"\d\d:\d\d:\d\d ", line)
        self.lines.append(line[9:])
        if color:
            self.errors.append(line[9:])

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(
        self,
        *answers: dict[str, Any],
        no_log: bool = False,
        check_mode: bool = False,
        variables: dict[str, Any] | None = None,
        **args: Any,
    ) -> dict[str, Any]:
        script = list(answers)
        plugin = ActionModule.__new__(ActionModule)
        plugin._task = SimpleNamespace(args={"models": [], **args}, no_log=no_log, check_mode=check_mode)
        plugin._find_needle = self.find

        def call(given: dict[str, Any], task_vars: Any, *, again: bool) -> dict[str, Any]:
            self.calls.append(dict(given))
            self.look(given)
            self.now += self.seconds
            return dict(script.pop(0))

        plugin._call = call
        result: dict[str, Any] = plugin._in_slices(variables or {})
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
    assert [(call.get("wait_state") or {}).get("kept") for call in play.calls] == [None, "a", "b"]
    assert {call["wait_slice"] for call in play.calls} == {20.0}
    assert result == {"changed": True, "results": [told(status="succeeded")]}


def test_what_it_prints(play: Play) -> None:
    slices = [waiting(str(n), told(), **{"openai/bot": training(percent)}) for n, percent in enumerate((10, 10, 60))]
    play.run(*slices, {"changed": True, "results": [told(status="succeeded")]})
    assert play.lines[0] == "bot (openai): a model will be trained, 40 examples, about 1,440 training tokens"
    assert play.lines[1] == "bot (openai): run ftjob-1"
    assert [line[:28] for line in play.lines[2:]] == [
        "bot (openai): training 10 %",
        "bot (openai): training 60 %, "[:28],
        "bot (openai): succeeded",
    ]


@pytest.mark.parametrize("quiet", [{"no_log": True}, {"wait_progress": False}, {"wait_progress": "no"}])
def test_where_it_prints_nothing(play: Play, quiet: dict[str, Any]) -> None:
    play.run(waiting("a", told(), **{"openai/bot": training(10)}), {"changed": True, "results": [told()]}, **quiet)
    assert play.lines == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"action": "none", "status": "succeeded"}, "bot (openai): nothing to change, succeeded"),
        ({"estimated_training_tokens": None}, "bot (openai): a model will be trained, 40 examples, tokens unknown"),
        ({"failed": True}, "bot (openai): refused, see below"),
        ({"action": "delete", "dataset": {}}, "bot (openai): will be deleted"),
    ],
)
def test_one_line_of_what_will_happen(found: dict[str, Any], line: str) -> None:
    assert _pipeline_action.format_preview(told(**found)) == line


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


class TestManyModels:
    def test_o2_thirty_models_for_four_hours(self, play: Play) -> None:
        """21,600 lines it was, of which none said that a model was ready."""
        play.seconds = 20.0
        names = [f"bot-{number}" for number in range(30)]
        slices = []
        for number in range(720):
            percent = number / 7.2
            results = [told(name) for name in names]
            slices.append(waiting(str(number), *results, **{f"openai/{name}": training(percent) for name in names}))
        play.run(*slices, {"changed": True, "results": [told(name, model_id=f"ft:{name}") for name in names]})
        for name in names:
            own = [line for line in play.lines if line.startswith(f"{name} (openai): ")]
            assert 12 <= len(own) <= 40
            assert own[-1] == f"{name} (openai): ready, ft:{name}"

    def test_o2_each_end_is_told_while_others_go_on(self, play: Play) -> None:
        failed = told("bad", failed=True, msg="No credit.", elapsed=30.0)
        ready = told("good", model_id="ft:good", elapsed=90.0)
        play.run(
            waiting("a", told("bad"), told("good"), told("slow"), **going("bad", "good", "slow")),
            waiting("b", failed, told("good"), told("slow"), **going("good", "slow")),
            waiting("c", failed, ready, told("slow"), **going("slow")),
            {"changed": True, "failed": True, "msg": "x", "results": [failed, ready, told("slow", model_id="ft:slow")]},
        )
        ends = [line for line in play.lines if ": ready" in line or ": failed" in line]
        assert ends == [
            "bad (openai): failed after 30 s: No credit.",
            "good (openai): ready after 2 min, ft:good",
            "slow (openai): ready, ft:slow",
        ]

    def test_g3_a_warning_is_told_at_once_and_once(self, play: Play) -> None:
        early, late = "The hyperparameter 'epoch' is not known.", "The losses are left out."
        play.run(
            waiting("a", told(warnings=[early]), **{"openai/bot": training(1)}),
            waiting("b", told(warnings=[early]), **{"openai/bot": training(50)}),
            {"changed": True, "results": [told(warnings=[early, late])], "warnings": [f"bot (openai): {late}"]},
        )
        assert play.warned == [f"bot (openai): {early}"]
        assert play.calls[-1]["wait_state"]["warned"] == [["bot (openai)", early]]

    def test_g3_nothing_is_warned_of_under_no_log(self, play: Play) -> None:
        play.run(waiting("a", told(warnings=["x"]), **going("bot")), {"results": [told()]}, no_log=True)
        assert play.warned == []


def going(*names: str) -> dict[str, Any]:
    return {f"openai/{name}": training(10) for name in names}


@pytest.mark.parametrize("quiet", [{"no_log": True}, {}])
def test_m4_before_2_19_the_reason_is_told_apart_from_the_json(
    play: Play, monkeypatch: pytest.MonkeyPatch, quiet: dict[str, Any]
) -> None:
    monkeypatch.setattr(_pipeline_action, "_CALLBACK_PRINTS_REASON", False)
    why = "2 of 2 models failed:\nbot (openai): No credit.\nbot (oci): No\x1b[2J place."
    play.run(
        {"failed": True, "msg": why, "results": [told(failed=True, msg="No credit.")]}, wait_progress=False, **quiet
    )
    expected = ["2 of 2 models failed:", "bot (openai): No credit.", "bot (oci): No\\x1b[2J place."]
    assert play.errors == ([] if quiet else expected)


def test_p4_what_was_previewed_beside_a_refusal_is_not_announced(play: Play) -> None:
    line = _pipeline_action.format_preview(told(msg="Nothing was done for it."))
    assert line.endswith("but nothing is done, because another model was refused")


EVIL = "\x1b]0;owned\x07\x9b2J\rTASK [fake] ***\nok: [localhost]\u2028changed\u202eno\x00"


def test_o3_names_and_messages_of_others_are_one_harmless_line(play: Play) -> None:
    name = f"bot{EVIL}"
    state = {"run_id": f"job{EVIL}", "progress": {"stage": EVIL, "message": EVIL}}
    failed = told(name, failed=True, msg=EVIL)
    play.run(
        waiting("a", told(name, warnings=[EVIL]), **{f"openai/{name}": state}),
        {"failed": True, "msg": EVIL, "results": [failed]},
    )
    assert len(play.lines) >= 4
    assert all(line.isprintable() for line in play.lines)
    assert all(line.isprintable() or line.startswith("  ") for text in play.warned for line in text.splitlines()[1:])


class TestVariablesOfTheRole:
    """A variable that nobody reads has no effect."""

    def test_g4_a_misspelt_one_is_refused(self, play: Play) -> None:
        given = {MARK: True, "fine_tune_max_training_token": 1}
        result = play.run(variables=given, models=[MODEL])
        assert result["failed"]
        assert result["results"] == []
        assert (
            "fine_tune_max_training_token is not a variable of the role; fine_tune_max_training_tokens is one"
            in (result["msg"])
        )
        assert play.calls == []

    @pytest.mark.parametrize(
        ("misspelt", "meant"),
        [
            ("fine_tune_retrian", "fine_tune_retrain"),
            ("fine_tune_hyperparameter", "fine_tune_hyperparameters"),
            ("fine_tune_basemodel", "fine_tune_base_model"),
            ("fine_tune_oic", "fine_tune_oci"),
            ("fine_tune_model", "fine_tune_models"),
            ("fine_tune_wait_time_out", "fine_tune_wait_timeout"),
            ("fine_tune_Name", "fine_tune_name"),
        ],
    )
    def test_g4_its_siblings(self, misspelt: str, meant: str) -> None:
        wrong, doubtful = unknown([misspelt], known_variables())
        assert doubtful == []
        assert meant in wrong[0]

    def test_g4_one_that_is_only_unknown_is_a_warning(self, play: Play) -> None:
        given = {
            MARK: True,
            "fine_tune_owner": "me",
            "fine_tune__x": 1,
            "fine_tune_result": {},
            "fine_tune_results": [],
        }
        result = play.run({"results": []}, variables=given, models=[MODEL])
        assert result["warnings"] == ["fine_tune_owner is not a variable of the role fine_tune, and is not used."]

    @pytest.mark.parametrize(
        ("misspelt", "meant"),
        [
            ("finetune_max_training_tokens", "fine_tune_max_training_tokens"),
            ("FINE_TUNE_MAX_TRAINING_TOKENS", "fine_tune_max_training_tokens"),
            ("fine_tunes_wait", "fine_tune_wait"),
            ("fine_tuning_base_model", "fine_tune_base_model"),
        ],
    )
    def test_g4_one_whose_beginning_is_misspelt_is_a_warning_before_anything(
        self, play: Play, misspelt: str, meant: str
    ) -> None:
        play.run({"results": []}, variables={MARK: True, misspelt: 1}, models=[MODEL])
        assert play.warned == [
            f"{misspelt} is not a variable of the role fine_tune, and is not used. Is {meant} meant?"
        ]

    def test_g4_what_a_user_makes_a_variable_of_is_no_misspelling(self, play: Play) -> None:
        given = {
            MARK: True,
            "finetune_name": "bot",
            "fine_tune_name": "{{ finetune_name }}",
            "tune_max_training_tokens": 1,
            "find": 2,
        }
        play.run({"results": []}, variables=given, models=[MODEL])
        assert play.warned == []

    def test_g4_every_variable_of_the_role_is_known(self) -> None:
        assert unknown(known_variables(), known_variables()) == ([], [])

    def test_g4_without_the_role_nothing_is_looked_at(self, play: Play) -> None:
        result = play.run({"results": []}, variables={"fine_tune_max_training_token": 1}, models=[MODEL])
        assert "failed" not in result

    def test_m2_what_is_missing_is_named_in_the_words_of_the_role(self, play: Play) -> None:
        result = play.run(variables={MARK: True}, models=[{"provider": "openai"}])
        for variable in ("fine_tune_name", "fine_tune_base_model", "fine_tune_training_data"):
            assert f"{variable} is missing" in result["msg"]
        several = play.run(variables={MARK: True}, models=[MODEL, {"name": "bot", "state": "absent"}])
        assert several["msg"] == "fine_tune_models[2]: fine_tune_provider is missing."


MODEL = {"provider": "openai", "name": "bot", "base_model": "gpt", "training_data": "x.jsonl"}


class TestLocks:
    def test_g5_a_model_is_locked_until_its_run_is_known(self, play: Play) -> None:
        held: list[list[str]] = []

        def look(_args: Any) -> None:
            held.append(sorted(path.name for path in (play.folder / "locks").iterdir()))

        play.look = look
        state = {"run_id": None, "progress": {}}
        play.run(
            waiting("a", told(), **{"openai/bot": state}),
            waiting("b", told(), **{"openai/bot": training(1)}),
            {"changed": True, "results": [told()]},
            models=[MODEL],
        )
        assert [len(names) for names in held] == [1, 1, 0]

    def test_g5_check_mode_locks_nothing(self, play: Play) -> None:
        with Locks(play.folder / "locks") as other:
            assert other.take("a", lock_name("openai/bot", {}), lambda: False)
            play.run({"results": [told()]}, models=[MODEL], check_mode=True)
        assert play.now == 50_000.0

    def test_g5_who_waits_has_so_much_less_time(self, play: Play) -> None:
        with Locks(play.folder / "locks") as other:
            assert other.take("a", lock_name("openai/bot", {}), lambda: False)
            play.run({"results": [told()]}, models=[{**MODEL, "wait_timeout": 60}])
        assert play.calls[0]["models"][0]["wait_timeout"] == 1
        assert play.now == pytest.approx(50_060.0, abs=0.5)
        assert "another task of this controller is starting it" in play.lines[0]

    @pytest.mark.parametrize("other", [{"name": "else"}, {"openai": {"base_url": "http://x/v1"}}, {"provider": "oci"}])
    def test_g5_another_model_is_not_waited_for(self, play: Play, other: dict[str, Any]) -> None:
        with Locks(play.folder / "locks") as others:
            assert others.take("a", lock_name("openai/bot", {}), lambda: False)
            play.run({"results": [told()]}, models=[{**MODEL, **other}])
        assert play.now == 50_000.0

    def test_g5_nothing_is_left_and_what_is_left_does_no_harm(self, play: Play, tmp_path: Path) -> None:
        folder = tmp_path / "locks"
        name = lock_name("openai/bot", {})
        (folder / f"{name}.lock").write_text("left by one that was killed")
        play.run({"results": [told()]}, models=[MODEL])
        assert play.now == 50_000.0
        assert list(folder.iterdir()) == []

    def test_g5_the_folder_is_this_user_s_alone(self, tmp_path: Path) -> None:
        made = folder_in(tmp_path / "new")
        assert made is not None
        assert made.stat().st_mode & 0o777 == 0o700
        made.chmod(0o777)
        assert folder_in(tmp_path / "new") is None
        made.rmdir()
        made.symlink_to(tmp_path)
        assert folder_in(tmp_path / "new") is None
