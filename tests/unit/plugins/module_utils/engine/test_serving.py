# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What serves: it lives on, is changed in place, and its update goes on after the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.engine import Engine
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    DriftError,
    FineTuneError,
    RunFailed,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import decide
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Field,
    Options,
    Phase,
    Plan,
    Run,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    FakeClock,
    FakeDriver,
    Job,
    World,
)

FIELDS = (Field("model", "in_place"), Field("tags", "in_place"), Field("cluster", "immutable"))
NEW, OLD, THIRD = {"model": "new"}, {"model": "old"}, {"model": "third"}
CAN = Capabilities(no_cancel="Wait for it.", no_pause="No.", long_lived=True, late_update=True)
UNIQUE = replace(CAN, unique_names=True)
COMMITTED = "It is committed until 2027-01-01."


class Host(World):
    """Updates take `updating_seconds`, and end as `update_ends` says: "well", "failed" or "ignored"."""

    def __init__(self) -> None:
        super().__init__()
        self.updating_seconds = 300.0
        self.update_ends = "well"
        self.targets: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, str] = {}
        self.ends: dict[str, float] = {}
        self.held = ""

    def settle(self) -> None:
        super().settle()
        for name, end in list(self.ends.items()):
            if self.now >= end:
                del self.ends[name]
                self.jobs[name].phase = Phase.READY
                if self.update_ends == "failed":
                    self.errors[name] = "no capacity"
                    continue
                target = self.targets.pop(name)
                if self.update_ends == "well":
                    self.jobs[name].observed.update(target)

    def serve(self, observed: Mapping[str, Any], phase: Phase = Phase.READY, **more: Any) -> str:
        name = self.add(phase, **more)
        self.jobs[name].observed = dict(observed)
        return name

    def start_update(self, name: str, target: Mapping[str, Any]) -> None:
        self.errors.pop(name, None)
        self.targets[name] = dict(target)
        self.jobs[name].phase = Phase.UPDATING
        self.ends[name] = self.now + self.updating_seconds


@dataclass
class Deployment(FakeDriver):
    """A deployment of the fake host."""

    fields: Sequence[Field] = FIELDS
    kind: str = "deployment"
    noun: str = "Deployment"

    @property
    def host(self) -> Host:
        assert isinstance(self.world, Host)
        return self.world

    def _run(self, job: Job, *, verified: bool = False) -> Run:
        run = super()._run(job, verified=verified)
        host = self.host
        return replace(
            run,
            model=None,
            verified=True,
            removable=job.phase in (Phase.READY, Phase.FAILED),
            target=host.targets.get(job.id, {}),
            update_error=host.errors.get(job.id, ""),
            held=host.held,
        )

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        def work() -> Run:
            job = self.host.jobs[run.id]
            if job.phase is not Phase.READY:
                raise ApiError(f"{run.id} is {job.phase.value}", status=409)
            self.host.start_update(run.id, {change.name: change.after for change in changes})
            return self._run(job)

        return self.host.call("update", work)


@pytest.fixture
def host() -> Host:
    return Host()


def task(host: Host, desired: Mapping[str, Any] | None = None, *, can: Capabilities = CAN, **options: Any) -> Engine:
    options.setdefault("wait_timeout", 3600.0)
    driver = Deployment(host, dict(NEW if desired is None else desired), capabilities=can)
    return Engine(driver, Options(name="chat", **options), clock=FakeClock(host))


def converge(host: Host, desired: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return task(host, desired, **options).converge()


def failure(host: Host, kind: type[FineTuneError], says: str, **options: Any) -> FineTuneError:
    with pytest.raises(kind, match=says) as caught:
        converge(host, **options)
    return caught.value


class TestInPlace:
    def test_changed_waited_for_and_read(self, host: Host) -> None:
        name = host.serve(OLD)
        result = converge(host)
        assert (result["action"], result["changed"], result["status"]) == ("update", True, "ready")
        assert host.jobs[name].observed == NEW
        assert host.calls.index("update") < max(at for at, verb in enumerate(host.calls) if verb == "observe")
        assert (host.count("update"), host.count("create"), host.count("delete")) == (1, 0, 0)
        assert converge(host)["changed"] is False

    def test_without_waiting(self, host: Host) -> None:
        host.serve(OLD)
        result = converge(host, wait=False)
        assert (result["action"], result["status"], host.count("update")) == ("update", "updating", 1)

    def test_what_the_host_ignores_is_no_success(self, host: Host) -> None:
        host.serve(OLD)
        host.update_ends = "ignored"
        error = failure(host, ApiError, "has ended, and it still differs: model: old -> new")
        assert error.facts["changed"] is True
        assert host.count("update") == 1

    def test_a_read_that_lags_is_looked_at_again(self, host: Host) -> None:
        name = host.serve(OLD)
        host.update_ends = "ignored"

        def late(_verb: str) -> None:
            if host.count("update") and not host.ends and host.now > 1_000_000.0 + host.updating_seconds + 40.0:
                host.jobs[name].observed.update(NEW)

        host.before_call = late
        assert converge(host)["changed"] is True
        assert host.count("update") == 1

    @pytest.mark.parametrize("another", [False, True])
    def test_one_that_somebody_deletes_after_its_update(self, host: Host, another: bool) -> None:
        """The result is about what was changed, also where there is another of the name by then."""
        name = host.serve(OLD)

        def delete(verb: str) -> None:
            if verb == "observe" and host.count("update") and not host.ends and name in host.jobs:
                del host.jobs[name]
                if another:
                    host.serve(NEW)

        host.before_call = delete
        result = converge(host)
        assert (result["run_id"], result["action"], host.count("create")) == (name, "update", 0)

    @pytest.mark.parametrize(("took", "looks"), [(59.5, 3), (60.0, 2)])
    def test_a_read_that_lags_is_looked_at_again_for_a_minute(self, host: Host, took: float, looks: int) -> None:
        """The host takes its time for the second answer."""
        host.serve(OLD)
        host.update_ends = "ignored"
        times: list[float] = []

        def take_time(verb: str) -> None:
            if verb == "observe" and host.count("update") and not host.ends:
                if len(times) == 1:
                    host.now = times[0] + took
                times.append(host.now)

        host.before_call = take_time
        failure(host, ApiError, "still differs")
        assert len(times) == looks

    def test_slices_send_one_update(self, host: Host) -> None:
        host.serve(OLD)
        host.update_ends = "ignored"
        result = converge(host, wait_slice=20.0)
        for _slice in range(40):
            state = result["wait_state"]
            assert (result["waiting"], state["updated"]) == (True, True)
            try:
                result = converge(host, wait_slice=20.0, wait_run_id=result["run_id"], wait_state=state)
            except ApiError as error:
                assert "still differs" in error.message
                break
        assert host.count("update") == 1

    def test_made_for_something_else_it_is_waited_for_and_changed(self, host: Host) -> None:
        name = host.serve(OLD, Phase.PENDING)
        host.jobs[name].ends_at = host.now + 100.0
        result = converge(host)
        assert (result["action"], result["changed"], host.jobs[name].observed) == ("update", True, NEW)
        assert (host.count("update"), host.count("cancel")) == (1, 0)


class TestUnderWay:
    """UPDATING may not be cancelled, and is never trained otherwise."""

    def test_to_what_is_asked_for(self, host: Host) -> None:
        name = host.serve(OLD)
        host.start_update(name, NEW)
        result = converge(host)
        assert (result["action"], result["changed"], result["status"]) == ("none", False, "ready")
        assert (host.count("update"), host.count("cancel")) == (0, 0)
        assert host.jobs[name].observed == NEW

    def test_to_something_else(self, host: Host) -> None:
        name = host.serve(OLD)
        host.start_update(name, THIRD)
        sent: list[float] = []
        host.before_call = lambda verb: sent.append(host.now) if verb == "update" else None
        result = converge(host)
        assert (result["action"], host.jobs[name].observed) == ("update", NEW)
        assert sent == [sent[0]] and sent[0] >= 1_000_000.0 + 300.0

    def test_it_fails(self, host: Host) -> None:
        """It was to become what is asked for: that it failed is an error, not a reason to send it by itself."""
        name = host.serve(OLD)
        host.start_update(name, NEW)
        host.update_ends = "failed"
        failure(host, RunFailed, "failed: no capacity")
        assert host.count("update") == 0

    @pytest.mark.parametrize(("target", "warned"), [(NEW, False), (THIRD, True)])
    def test_who_does_not_wait_sends_nothing(self, host: Host, target: dict[str, Any], warned: bool) -> None:
        host.start_update(host.serve(OLD), target)
        engine = task(host, wait=False)
        result = engine.converge()
        assert (result["action"], result["changed"], result["status"]) == ("none", False, "updating")
        assert any("being updated to something else" in warning for warning in engine.warnings) is warned
        assert set(host.calls) == {"observe"}

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_check_mode_without_waiting_says_what_a_real_run_does(self, host: Host, check_mode: bool) -> None:
        host.start_update(host.serve(OLD), THIRD)
        engine = task(host, wait=False, check_mode=check_mode)
        assert engine.converge()["action"] == "none"
        assert "being updated to something else" in engine.warnings[0]

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_what_is_being_deleted_is_not_made_again_without_waiting(self, host: Host, check_mode: bool) -> None:
        host.serve(NEW, Phase.DELETING)
        engine = task(host, wait=False, check_mode=check_mode)
        result = engine.converge()
        assert (result["action"], result["changed"], host.count("create")) == ("none", False, 0)
        assert "is being deleted, so nothing was sent. Run the task again" in engine.warnings[0]

    @pytest.mark.parametrize(("target", "action"), [(NEW, "none"), (THIRD, "update")])
    def test_check_mode_foresees_its_end(self, host: Host, target: dict[str, Any], action: str) -> None:
        host.start_update(host.serve(OLD), target)
        assert converge(host, check_mode=True)["action"] == action
        assert host.now == 1_000_000.0

    def test_absent_waits_and_deletes(self, host: Host) -> None:
        name = host.serve(OLD)
        host.start_update(name, THIRD)
        result = converge(host, state="absent")
        assert (result["changed"], host.phases()[name]) == (True, Phase.DELETED)
        assert host.now >= 1_000_000.0 + 300.0

    def test_absent_in_check_mode_foresees_it(self, host: Host) -> None:
        name = host.serve(OLD)
        host.start_update(name, THIRD)
        result = converge(host, state="absent", check_mode=True)
        assert (result["action"], result["changed"], result["diff"]["before"]) == ("delete", True, {"exists": [name]})
        assert host.now == 1_000_000.0

    def test_absent_without_waiting_leaves_it(self, host: Host) -> None:
        name = host.serve(OLD)
        host.start_update(name, THIRD)
        engine = task(host, state="absent", wait=False)
        result = engine.converge()
        assert (result["changed"], result["run_id"], result["status"]) == (False, name, "updating")
        assert "Run the task again" in engine.warnings[0]
        assert set(host.calls) == {"observe"}

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_absent_without_waiting_leaves_what_is_being_created(self, host: Host, check_mode: bool) -> None:
        host.serve(OLD, Phase.PENDING)
        engine = task(host, state="absent", wait=False, check_mode=check_mode)
        assert engine.converge()["changed"] is False
        assert "cannot be deleted yet. Run the task again" in engine.warnings[0]
        assert set(host.calls) == {"observe"}

    def test_cancelled_leaves_it(self, host: Host) -> None:
        host.start_update(host.serve(OLD), THIRD)
        assert converge(host, state="cancelled", can=replace(CAN, no_cancel=""))["changed"] is False
        assert host.count("cancel") == 0


class TestFailedUpdate:
    @pytest.mark.parametrize("check_mode", [False, True])
    def test_to_what_is_asked_for(self, host: Host, check_mode: bool) -> None:
        name = host.serve(OLD)
        host.targets[name], host.errors[name] = NEW, "no capacity"
        error = failure(host, RunFailed, "last update.*failed: no capacity.*model: old -> new", check_mode=check_mode)
        assert "retry_failed: true" in error.hint and "started again" not in error.hint
        assert error.facts["changed"] is False
        assert set(host.calls) == {"observe"}

    def test_sent_again(self, host: Host) -> None:
        name = host.serve(OLD)
        host.targets[name], host.errors[name] = NEW, "no capacity"
        assert converge(host, retry_failed=True)["action"] == "update"
        assert host.jobs[name].observed == NEW

    def test_sent_again_and_failed_again(self, host: Host) -> None:
        name = host.serve(OLD)
        host.targets[name], host.errors[name] = NEW, "no capacity"
        host.update_ends = "failed"
        error = failure(host, RunFailed, "failed: no capacity", retry_failed=True)
        assert (error.facts["changed"], host.count("update"), host.count("delete")) == (True, 1, 0)

    def test_to_something_else_is_a_warning(self, host: Host) -> None:
        name = host.serve(NEW)
        host.targets[name], host.errors[name] = THIRD, "no capacity"
        engine = task(host)
        assert engine.converge()["changed"] is False
        assert "last update" in engine.warnings[0] and "no capacity" in engine.warnings[0]

    def test_of_this_task(self, host: Host) -> None:
        host.serve(OLD)
        host.update_ends = "failed"
        error = failure(host, RunFailed, "failed: no capacity")
        assert (error.facts["changed"], error.facts["action"], host.count("update")) == (True, "update", 1)


class TestLostAnswer:
    def test_it_had_arrived(self, host: Host) -> None:
        name = host.serve(OLD)
        host.script["update"] = [("after", TransientError("reset"))]
        assert converge(host)["changed"] is True
        assert (host.count("update"), host.jobs[name].observed) == (1, NEW)

    def test_it_had_not(self, host: Host) -> None:
        name = host.serve(OLD)
        host.script["update"] = [("before", TransientError("reset"))]
        assert converge(host)["changed"] is True
        assert (host.count("update"), host.jobs[name].observed) == (2, NEW)

    def test_another_task_was_faster(self, host: Host) -> None:
        name = host.serve(OLD)
        host.script["update"] = [("before", TransientError("reset"))]
        seen: list[str] = []

        def other(verb: str) -> None:
            seen.append(verb)
            if verb == "observe" and "update" in seen and not host.targets and host.jobs[name].observed == OLD:
                host.start_update(name, THIRD)

        host.before_call = other
        error = failure(host, ApiError, "still differs")
        assert (error.facts["changed"], host.count("update")) == (True, 1)


class TestReplaced:
    DIFFERS = ({"cluster": "a"}, {"cluster": "b"})

    @pytest.mark.parametrize(("can", "says"), [(CAN, "makes a new one, then"), (UNIQUE, "deletes it, then makes")])
    def test_refused(self, host: Host, can: Capabilities, says: str) -> None:
        host.serve(self.DIFFERS[0])
        error = failure(host, DriftError, "cluster: a -> b", desired=self.DIFFERS[1], can=can)
        assert "replace: on_change" in error.hint and says in error.hint

    def test_the_new_one_first(self, host: Host) -> None:
        name = host.serve(self.DIFFERS[0])
        result = converge(host, self.DIFFERS[1], retrain="on_change")
        assert (result["action"], result["changed"]) == ("replace", True)
        assert host.calls.index("create") < host.calls.index("delete")
        assert host.phases()[name] is Phase.DELETED
        assert converge(host, self.DIFFERS[1], retrain="on_change")["changed"] is False

    def test_interrupted_the_one_that_is_asked_for_stays(self, host: Host) -> None:
        old, new = host.serve(self.DIFFERS[0], ago=900.0), host.serve(self.DIFFERS[1], ago=100.0)
        engine = task(host, self.DIFFERS[1])
        assert engine.converge()["changed"] is False
        assert f"{old} is there under the name 'chat' besides {new}" in engine.warnings[0]
        assert converge(host, self.DIFFERS[1], retrain="on_change")["action"] == "delete"
        assert (host.phases()[old], host.phases()[new]) == (Phase.DELETED, Phase.READY)

    def test_interrupted_going_back_deletes_the_newer_one(self, host: Host) -> None:
        """Of two only one is wanted, however old it is, and whether the other one has failed."""
        old, new = host.serve(self.DIFFERS[0], ago=900.0), host.serve(self.DIFFERS[1], ago=100.0)
        failed = host.serve(self.DIFFERS[1], Phase.FAILED, ago=50.0)
        assert converge(host, self.DIFFERS[0])["changed"] is False
        result = converge(host, self.DIFFERS[0], retrain="on_change")
        assert (result["action"], result["run_id"]) == ("delete", old)
        assert [host.phases()[name] for name in (old, new, failed)] == [Phase.READY, Phase.DELETED, Phase.DELETED]

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_interrupted_while_the_new_one_was_made(self, host: Host, check_mode: bool) -> None:
        """The one that is asked for is waited for, and then the other one is deleted."""
        old, new = host.serve(self.DIFFERS[0], ago=900.0), host.serve(self.DIFFERS[1], Phase.PENDING)
        host.jobs[new].ends_at = host.now + 100.0
        result = converge(host, self.DIFFERS[1], retrain="on_change", check_mode=check_mode)
        assert (result["action"], result["changed"], result["run_id"]) == ("delete", True, new)
        if not check_mode:
            assert (host.phases()[old], host.phases()[new]) == (Phase.DELETED, Phase.READY)
            assert host.count("create") == 0

    def test_interrupted_without_waiting_leaves_both(self, host: Host) -> None:
        host.serve(self.DIFFERS[0], ago=900.0)
        host.serve(self.DIFFERS[1], Phase.PENDING)
        assert converge(host, self.DIFFERS[1], retrain="on_change", wait=False)["changed"] is False

    def test_interrupted_and_changed_otherwise(self, host: Host) -> None:
        """The only one that can be changed into what is asked for is meant."""
        old, new = host.serve(self.DIFFERS[0], ago=900.0), host.serve(self.DIFFERS[1], ago=100.0)
        for name in (old, new):
            host.jobs[name].observed["tags"] = "a"
        result = converge(host, {**self.DIFFERS[1], "tags": "b"}, retrain="on_change")
        assert (result["action"], result["run_id"]) == ("update", new)
        assert (host.phases()[old], host.jobs[new].observed["tags"]) == (Phase.DELETED, "b")

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_made_otherwise_it_is_waited_for_and_replaced(self, host: Host, check_mode: bool) -> None:
        name = host.serve(self.DIFFERS[0], Phase.PENDING)
        host.jobs[name].ends_at = host.now + 100.0
        result = converge(host, self.DIFFERS[1], retrain="on_change", check_mode=check_mode)
        assert (result["action"], result["changed"], host.count("cancel")) == ("replace", True, 0)
        if not check_mode:
            assert host.phases()[name] is Phase.DELETED

    def test_made_otherwise_and_not_waited_for(self, host: Host) -> None:
        host.serve(self.DIFFERS[0], Phase.PENDING)
        engine = task(host, self.DIFFERS[1], retrain="on_change", wait=False)
        assert engine.converge()["changed"] is False
        assert "Run the task again" in engine.warnings[0]
        failure(host, DriftError, "cluster: a -> b", desired=self.DIFFERS[1])
        assert set(host.calls) == {"observe"}

    def test_several_none_of_them_as_asked_for(self, host: Host) -> None:
        for cluster in ("x", "y"):
            host.serve({"cluster": cluster})
        failure(host, ApiError, "Several runs have the name", desired=self.DIFFERS[1], retrain="on_change")
        assert set(host.calls) == {"observe"}

    def test_several_one_of_them_as_asked_for(self, host: Host) -> None:
        host.serve(NEW, ago=900.0)
        host.serve(OLD, ago=100.0)
        assert converge(host)["changed"] is False
        failure(host, ApiError, "Several runs have the name", desired=THIRD)
        assert converge(host, THIRD, run_id="old-2")["action"] == "update"
        assert host.jobs["old-1"].observed == NEW

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_deleted_first_where_names_are_unique(self, host: Host, check_mode: bool) -> None:
        name = host.serve(self.DIFFERS[0])
        host.deleting_seconds = 30.0
        engine = task(host, self.DIFFERS[1], can=UNIQUE, retrain="on_change", check_mode=check_mode)
        result = engine.converge()
        assert (result["action"], result["changed"]) == ("replace", True)
        assert result["diff"]["before"]["exists"] == [name]
        assert f"{name} is deleted before the new deployment is made" in engine.warnings[0]
        if check_mode:
            assert set(host.calls) == {"observe"}
            return
        assert host.calls.index("delete") < host.calls.index("create")
        assert host.jobs[name].phase is Phase.DELETED

    def test_not_without_waiting(self, host: Host) -> None:
        host.serve(self.DIFFERS[0])
        engine = task(host, self.DIFFERS[1], can=UNIQUE, retrain="on_change", wait=False)
        assert engine.converge()["changed"] is False
        assert "wait: true" in engine.warnings[0]
        assert set(host.calls) == {"observe"}

    def test_what_uses_it_refuses(self, host: Host) -> None:
        host.serve(self.DIFFERS[0])
        host.looks_closer, host.dependents = True, ["an agent uses it"]
        failure(host, ApiError, "an agent uses it", desired=self.DIFFERS[1], can=UNIQUE, retrain="on_change")
        assert host.count("delete") == 0


class TestFailed:
    def test_it_fails_with_the_reason(self, host: Host) -> None:
        host.serve(NEW, Phase.FAILED, reason="no capacity")
        failure(host, RunFailed, "failed: no capacity", can=UNIQUE)

    @pytest.mark.parametrize("observed", [NEW, {"cluster": "a"}])
    def test_retried_it_is_deleted_first(self, host: Host, observed: dict[str, Any]) -> None:
        name = host.serve(observed, Phase.FAILED)
        result = converge(host, {**NEW, "cluster": "b"}, can=UNIQUE, retry_failed=True)
        assert (result["action"], result["status"]) == ("retry", "ready")
        assert host.calls.index("delete") < host.calls.index("create")
        assert host.phases()[name] is Phase.DELETED

    def test_retried_where_two_can_be_it_is_deleted_first_too(self, host: Host) -> None:
        """What was to be replaced by it goes when the next one serves."""
        old, name = host.serve({"cluster": "a"}, ago=900.0), host.serve({"cluster": "b"}, Phase.FAILED, ago=100.0)
        failure(host, RunFailed, "failed", desired={"cluster": "b"}, retrain="on_change")
        result = converge(host, {"cluster": "b"}, retrain="on_change", retry_failed=True)
        assert (result["action"], result["status"]) == ("retry", "ready")
        assert host.calls.index("delete") < host.calls.index("create")
        assert {host.phases()[old], host.phases()[name]} == {Phase.DELETED}

    def test_made_anew_after_it_was_deleted_nothing_is_missed(self, host: Host) -> None:
        host.serve(NEW, Phase.DELETED)
        engine = task(host)
        assert (engine.converge()["action"], engine.warnings) == ("create", [])

    def test_not_where_it_may_have_served(self) -> None:
        run = Run("d-1", 1.0, Phase.FAILED, "Failed", observed=NEW, removable=True, uncertain=True)
        plan = planned([run], retry_failed=True)
        assert plan.action == "none"
        assert "'state: absent' deletes it" in refused(plan).hint

    @pytest.mark.parametrize("retry", [False, True])
    def test_never_with_a_commitment(self, retry: bool) -> None:
        run = Run("d-1", 1.0, Phase.FAILED, "Failed", observed=NEW, removable=True, held=COMMITTED)
        assert COMMITTED in str(refused(planned([run], retry_failed=retry)))


class TestCommitted:
    def test_not_replaced(self) -> None:
        run = Run(
            "d-1", 1.0, Phase.READY, "InService", observed={**NEW, "cluster": "a"}, removable=True, held=COMMITTED
        )
        refusal = refused(planned([run], {"cluster": "b"}, retrain="on_change"))
        assert COMMITTED in str(refusal) and "cluster: a -> b" in str(refusal)

    def test_changed_in_place(self) -> None:
        run = Run("d-1", 1.0, Phase.READY, "InService", observed=OLD, held=COMMITTED)
        assert planned([run]).action == "update"

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_not_deleted(self, host: Host, check_mode: bool) -> None:
        host.serve(NEW)
        host.held = COMMITTED
        failure(host, ApiError, f"cannot be deleted: {COMMITTED}", state="absent", check_mode=check_mode)
        assert set(host.calls) == {"observe"}


def planned(runs: list[Run], desired: Mapping[str, Any] | None = None, **options: Any) -> Plan:
    return decide(runs, FIELDS, NEW if desired is None else desired, Options("chat", **options), UNIQUE, "deployment")


def refused(plan: Plan) -> FineTuneError:
    assert plan.refusal is not None and not plan.changed
    return plan.refusal
