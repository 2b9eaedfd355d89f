# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin: slices, binding, the deadline, what it keeps of the slices and what it prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.llmops.finetune.plugins.action.openai_fine_tuned_model import ActionModule
from ansible_collections.llmops.finetune.plugins.plugin_utils import _progress, _waiting_action

Answer = dict[str, Any]
NAME = "llmops.finetune.openai_fine_tuned_model"


def waiting(run_id: str | None = "job-1", **more: Any) -> Answer:
    progress = more.pop("progress", {"stage": "queued"})
    return {"waiting": True, "name": "bot", "run_id": run_id, "changed": False, "progress": progress, **more}


def training(percent: float, **more: Any) -> Answer:
    return waiting(progress={"stage": "training", "percent": percent}, **more)


READY = {"changed": False, "action": "none", "status": "succeeded", "run_id": "job-1"}


class Play:
    """One task with a module that answers by a script. Each slice takes as many seconds as it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 5000.0
        self.calls: list[dict[str, Any]] = []
        self.modules: list[str | None] = []
        self.lines: list[str] = []
        self.resets = 0
        self.cleaned = 0
        self.wrapped: list[bool] = []
        clock = SimpleNamespace(
            monotonic=lambda: self.now,
            sleep=self.sleep,
            time=lambda: self.now,
            localtime=time.gmtime,
            strftime=time.strftime,
        )
        monkeypatch.setattr(_waiting_action, "time", clock)
        monkeypatch.setattr(_progress, "time", clock)
        self.times: list[str] = []
        display = SimpleNamespace(display=self.display, vv=lambda text: None)
        monkeypatch.setattr(_waiting_action, "display", display)
        monkeypatch.setattr(_progress, "display", display)

    def display(self, line: str, color: str | None = None, *, stderr: bool = False) -> None:
        assert stderr, "standard output belongs to the callback plugin"
        self.times.append(line[:8])
        self.lines.append(line[9:])

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def reset(self) -> None:
        self.resets += 1

    def run(self, answers: list[Any], *, async_val: int = 0, no_log: bool = False, **args: Any) -> Answer:
        """The task's result. An answer is the module's, or an exception, or a function of the arguments."""
        script = list(answers)
        shell = SimpleNamespace(tmpdir=None)
        connection = SimpleNamespace(_shell=shell, has_native_async=False, reset=self.reset)
        task = SimpleNamespace(
            args={"name": "bot", **args},
            async_val=async_val,
            no_log=no_log,
            action=NAME,
            environment=None,
            diff=False,
            check_mode=False,
            delegate_to=None,
            collections=[],
        )
        plugin = ActionModule(
            task=task,
            connection=connection,
            play_context=SimpleNamespace(check_mode=False),
            loader=None,
            templar=None,
            shared_loader_obj=None,
        )

        def execute(module_args: Any = None, task_vars: Any = None, wrap_async: bool = False, **more: Any) -> Answer:
            self.calls.append(dict(module_args or task.args))
            self.modules.append(more.get("module_name"))
            self.wrapped.append(wrap_async)
            self.now += 20.0
            answer = script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer(module_args) if callable(answer) else answer)

        def clean(path: Any, **_more: Any) -> None:
            self.cleaned += 1

        plugin._execute_module = execute
        plugin._remove_tmp_path = clean
        result: Answer = plugin.run(None, {})
        assert not script, "the module was called less often than expected"
        return result


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    return Play(monkeypatch)


class TestSlices:
    def test_one_answer_is_enough(self, play: Play) -> None:
        result = play.run([{**READY, "diff": {"before": {}, "after": {}}}])
        assert (result["changed"], result["action"], result["diff"]) == (False, "none", {"before": {}, "after": {}})
        assert play.calls == [{"name": "bot", "wait_slice": 20.0}]
        assert play.lines == []
        assert play.cleaned == 1

    def test_first_action_and_diff_changed_ored_elapsed(self, play: Play) -> None:
        diff = {"before": {}, "after": {"model": "gpt"}}
        first = waiting(changed=True, action="create", diff=diff, warnings=["one"])
        last = {**READY, "warnings": ["one", "two"], "diff": {"before": {}, "after": {}}, "elapsed": 3.0}
        result = play.run([first, training(50.0), last])
        assert (result["changed"], result["action"], result["diff"]) == (True, "create", diff)
        assert (result["status"], result["warnings"]) == ("succeeded", ["one", "two"])
        assert result["elapsed"] == pytest.approx(60.0)
        assert "waiting" not in result

    def test_the_action_of_the_slice_that_acted(self, play: Play) -> None:
        """The first slice only waited for an old model to be gone."""
        diff = {"before": {}, "after": {"model": "gpt"}}
        settling = waiting(None, action="none")
        result = play.run([settling, waiting(changed=True, action="create", diff=diff), {**READY, "diff": {}}])
        assert (result["changed"], result["action"], result["diff"]) == (True, "create", diff)

    def test_warnings_of_every_slice(self, play: Play) -> None:
        result = play.run([waiting(warnings=["a"]), waiting(warnings=["b"]), {**READY, "warnings": ["a", "c"]}])
        assert result["warnings"] == ["a", "b", "c"]

    def test_bound_to_the_run(self, play: Play) -> None:
        play.run([waiting(None), waiting("job-1"), waiting("job-1"), READY])
        assert [call.get("wait_run_id") for call in play.calls] == [None, None, "job-1", "job-1"]

    @pytest.mark.parametrize("state", ["absent", "cancelled", "paused"])
    def test_other_states_bind_nothing(self, play: Play, state: str) -> None:
        play.run([waiting("job-1"), READY], state=state)
        assert all("wait_run_id" not in call for call in play.calls)

    def test_the_task_keeps_its_arguments(self, play: Play) -> None:
        play.run([waiting(), READY], model="gpt", wait_slice=7)
        assert [(call["model"], call["wait_slice"]) for call in play.calls] == [("gpt", 7), ("gpt", 7)]

    def test_a_failure_keeps_what_was_changed(self, play: Play) -> None:
        failure = {"failed": True, "msg": "run failed", "changed": False, "action": "none", "run_id": "job-1"}
        result = play.run([waiting(changed=True, action="create"), failure])
        assert (result["failed"], result["msg"], result["changed"]) == (True, "run failed", True)
        assert (result["action"], result["run_id"]) == ("create", "job-1")

    def test_a_waiting_answer_that_failed_ends(self, play: Play) -> None:
        assert play.run([waiting(failed=True, msg="no")])["msg"] == "no"

    def test_async_runs_the_module_once_and_as_it_is(self, play: Play) -> None:
        play.run([{"ansible_job_id": "1"}], async_val=60)
        assert play.calls == [{"name": "bot"}]
        assert play.wrapped == [True]


class TestDeadline:
    def test_the_rest_is_handed_on(self, play: Play) -> None:
        play.run([waiting(), waiting(), READY], wait_timeout=100)
        assert [call["wait_timeout"] for call in play.calls] == [100, 80, 60]

    def test_written_as_text(self, play: Play) -> None:
        play.run([waiting(), READY], wait_timeout="100")
        assert play.calls[1]["wait_timeout"] == 80

    def test_the_seeds_name_for_it(self, play: Play) -> None:
        play.run([waiting(), READY], completion_window=100)
        assert play.calls[0]["completion_window"] == 100
        assert "completion_window" not in play.calls[1]
        assert play.calls[1]["wait_timeout"] == 80

    @pytest.mark.parametrize("nought", [0, "0"])
    def test_nought_is_not_to_wait_in_any_slice(self, play: Play, nought: Any) -> None:
        play.run([waiting(None), READY], wait_timeout=nought)
        assert [call["wait"] for call in play.calls] == [False, False]
        assert [call["wait_timeout"] for call in play.calls] == [nought, 21580]

    def test_default(self, play: Play) -> None:
        play.run([waiting(), READY])
        assert "wait_timeout" not in play.calls[0]
        assert play.calls[1]["wait_timeout"] == 21580

    def test_zero_is_never_handed_on(self, play: Play) -> None:
        """It would mean not to wait at all, and look like success."""
        timed_out = {"failed": True, "timed_out": True, "changed": False, "msg": "over"}
        result = play.run([waiting(changed=True), waiting(), timed_out], wait_timeout=30)
        assert [call["wait_timeout"] for call in play.calls] == [30, 10, 1]
        assert (result["timed_out"], result["changed"]) == (True, True)

    @pytest.mark.parametrize("bad", ["soon", [1]])
    def test_a_bad_one_is_left_to_the_module(self, play: Play, bad: Any) -> None:
        assert play.run([{"failed": True, "msg": "bad"}], wait_timeout=bad)["msg"] == "bad"
        assert play.calls[0]["wait_timeout"] == bad


class TestConnection:
    def test_survives_a_dropped_connection(self, play: Play) -> None:
        gone = AnsibleConnectionFailure("gone")
        result = play.run([waiting(changed=True), gone, gone, waiting(), READY])
        assert (result["changed"], play.resets) == (True, 2)
        assert play.calls[-1]["wait_run_id"] == "job-1"

    def test_gives_up_after_a_while(self, play: Play) -> None:
        gone: list[Any] = [AnsibleConnectionFailure("gone")] * 7
        with pytest.raises(AnsibleConnectionFailure):
            play.run([waiting(), *gone])
        assert play.cleaned == 1

    def test_the_count_starts_again_with_every_answer(self, play: Play) -> None:
        gone: list[Any] = [AnsibleConnectionFailure("gone")] * 5
        assert play.run([waiting(), *gone, waiting(), *gone, READY])["status"] == "succeeded"

    def test_a_host_that_was_never_reached(self, play: Play) -> None:
        with pytest.raises(AnsibleConnectionFailure):
            play.run([AnsibleConnectionFailure("gone")])
        assert play.resets == 0


class TestLines:
    def test_the_id_first_then_what_changed(self, play: Play) -> None:
        play.run([waiting(), waiting(), training(10.0), training(10.0), training(40.0), READY])
        assert play.lines[0] == "bot: run job-1"
        assert play.lines[1:3] == ["bot: queued", "bot: training 10 %"]
        # 30 % in 40 seconds leave 60 % in 80.
        assert play.lines[3:] == ["bot: training 40 %, about 80 s left", "bot: succeeded after 2 min"]

    def test_a_run_that_takes_over_is_named(self, play: Play) -> None:
        play.run([waiting("job-2"), waiting("job-1"), READY])
        assert [line for line in play.lines if "run job" in line] == ["bot: run job-2", "bot: run job-1"]

    @pytest.mark.parametrize("off", [False, "no", "false", "0", 0, "False"])
    def test_wait_progress_off(self, play: Play, off: Any) -> None:
        play.run([waiting(), training(10.0), READY], wait_progress=off)
        assert play.lines == []

    @pytest.mark.parametrize("on", [True, "yes", "True", 1])
    def test_wait_progress_on(self, play: Play, on: Any) -> None:
        play.run([waiting(), READY], wait_progress=on)
        assert play.lines

    def test_no_log_prints_nothing(self, play: Play) -> None:
        play.run([waiting(), training(10.0), READY], no_log=True, wait_progress=True)
        assert play.lines == []

    def test_a_strange_answer_does_no_harm(self, play: Play) -> None:
        play.run([waiting(progress={"stage": "training", "surprise": 1}), waiting(progress=None), READY])
        assert play.lines[1] == "bot: training"

    def test_paused_and_resumed_gives_no_nonsense(self, play: Play) -> None:
        play.run([training(50.0), training(20.0), training(30.0), READY])
        assert "-" not in "".join(play.lines[1:])


def test_a_whole_wait(play: Play) -> None:
    """A module that needs 100 seconds in slices of 20."""
    start = play.now

    def module(args: dict[str, Any]) -> Answer:
        done = play.now - start
        return READY if done >= 100 else training(done, changed=done <= 20, action="create")

    steps: list[Callable[[dict[str, Any]], Answer]] = [module] * 5
    result = play.run(steps)
    assert (result["changed"], result["action"], result["elapsed"]) == (True, "create", 100.0)


class TestLongWaits:
    def wait(self, play: Play, progress: list[Any], seconds: float, end: Answer | None = None) -> list[str]:
        """What is printed of a wait in which each slice takes so long."""

        def module(answer: Answer) -> Callable[[dict[str, Any]], Answer]:
            def slice_(_args: dict[str, Any]) -> Answer:
                play.now += seconds - 20.0
                return answer

            return slice_

        play.run([module(answer) for answer in (*progress, end or READY)], wait_timeout=10**8)
        return play.lines

    @pytest.mark.parametrize("seconds", [20.0, 3600.0])
    def test_o2_at_most_forty_lines_of_a_run_of_any_length(self, play: Play, seconds: float) -> None:
        flapping = [waiting(progress={"stage": f"stage {number % 7}"}) for number in range(3000)]
        lines = self.wait(play, flapping, seconds)
        assert len(lines) <= 40
        assert lines[-1].startswith("bot: succeeded after ")

    def test_o2_each_ten_percent_and_no_more(self, play: Play) -> None:
        lines = self.wait(play, [training(number / 10) for number in range(1000)], 20.0)
        percents = [int(line.split()[2]) for line in lines if "training" in line]
        assert {10, 20, 30, 40, 50, 60, 70, 80, 90} <= set(percents)
        assert len(lines) < 25

    def test_o2_without_news_it_is_said_at_growing_intervals(self, play: Play) -> None:
        lines = self.wait(play, [waiting() for _slice in range(720)], 20.0)
        assert 5 <= len(lines) <= 12
        moments = [int(at[:2]) * 3600 + int(at[3:5]) * 60 + int(at[6:]) for at in play.times[1:-1]]
        pauses = [(after - before) % 86400 for before, after in zip(moments, moments[1:], strict=False)]
        assert pauses == sorted(pauses)

    def test_o2_the_time_of_day(self, play: Play) -> None:
        """5,000 seconds after midnight, and 20 for the first slice."""
        play.run([waiting(), READY])
        assert play.times == ["01:23:40", "01:23:40", "01:24:00"]

    def test_o2_the_time_left_is_that_of_the_stage(self, play: Play) -> None:
        """Of a stage that has only begun nobody knows how long it takes, whatever the one before took."""

        def stage(name: str, percent: float) -> Answer:
            return waiting(progress={"stage": name, "percent": percent})

        slow = [stage("preparing", percent) for percent in (1.0, 2.0, 3.0, 11.0)]
        play.run([*slow, stage("training", 12.0), stage("training", 52.0), READY])
        assert play.lines[-3:-1] == ["bot: training 12 %", "bot: training 52 %, about 24 s left"]

    def test_o2_the_end_says_what_came_of_it(self, play: Play) -> None:
        ready = {**READY, "fine_tuned_model": "ft:gpt:bot"}
        assert self.wait(play, [waiting()], 20.0, ready)[-1] == "bot: ready after 40 s, ft:gpt:bot"
        failed = {"failed": True, "msg": "Run job-1 failed: no credit.", "changed": False}
        assert self.wait(play, [waiting()], 20.0, failed)[-1] == "bot: failed after 40 s: Run job-1 failed: no credit."


EVIL = "\x1b]0;owned\x07\x9b2J\rTASK [fake] ***\nok: [localhost]\u2028changed\u202eno\x00"


def test_o3_nothing_that_a_terminal_obeys_is_printed(play: Play) -> None:
    """Names, ids, stages, messages and reasons are written by others."""
    progress = {"stage": f"s{EVIL}", "percent": 5.0, "message": f"m{EVIL}"}
    failure = {"failed": True, "changed": False, "msg": f"f{EVIL}"}
    play.run([waiting(f"job{EVIL}", progress=progress, name=f"bot{EVIL}"), failure])
    assert len(play.lines) == 3
    for line in play.lines:
        assert line.isprintable(), line
        assert line.startswith("bot\\x1b]0;owned\\x07\\x9b2J TASK [fake] *** ok:")


def test_o1_all_of_it_goes_to_standard_error(play: Play) -> None:
    """The display of these tests takes nothing else."""
    play.run([waiting(), training(10.0), READY])
    assert len(play.lines) == len(play.times) == 4
