# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others make while a task decides, what only a thorough look finds, and what keeps a model from being deleted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.compare import has_tags, same_content, same_tags
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import Content
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    Conflict,
    InvalidInput,
    RateLimited,
    RunFailed,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    Job,
    World,
    converge,
    engine_on,
)

OTHER = {"data": "v3"}
RETRAIN: dict[str, Any] = {"retrain": "on_change"}


@pytest.fixture
def world() -> World:
    made = World()
    made.looks_closer = True
    return made


def in_use() -> Conflict:
    return Conflict("the name is in use", hint="Give another name.")


class TestOutdated:
    """A create that is refused because something else was made meanwhile."""

    def test_a_run_of_another_task_is_found_and_waited_for(self, world: World) -> None:
        theirs = []

        def meanwhile(verb: str) -> None:
            if verb == "create" and not theirs:
                theirs.append(world.add(Phase.PENDING, ago=0.0, ends_at=world.now + 50, token="theirs"))

        world.before_call = meanwhile
        world.script["create"] = [in_use()]
        result = converge(world)
        assert (result["run_id"], result["status"], result["changed"]) == (theirs[0], "ready", False)
        assert world.count("create") == 1
        assert world.uncancelled() == theirs

    @pytest.mark.parametrize("options", [{}, {"wait_slice": 5.0}, {"wait": False}], ids=["", "sliced", "at once"])
    def test_what_is_listed_late_is_looked_for(self, world: World, options: dict[str, Any]) -> None:
        """A refusal says that something is there, so a list that lags is no reason for a second one."""
        theirs = Job("theirs", world.now, {"data": "v2"}, "theirs", ends_at=world.now + 500)

        def meanwhile(verb: str) -> None:
            if verb == "create" and not world.late:
                world.late.append((world.now + 12, theirs))

        world.before_call = meanwhile
        world.script["create"] = [in_use()]
        result = converge(world, **options)
        while result.get("waiting"):
            bound = {"wait_run_id": result["run_id"]} if result["run_id"] else {}
            result = converge(world, **bound, **options)
        assert (result["run_id"], result["changed"], world.count("create")) == ("theirs", False, 1)
        assert world.uncancelled() == ["theirs"]

    def test_a_different_run_of_another_task_is_refused_as_ever(self, world: World) -> None:
        def meanwhile(verb: str) -> None:
            if verb == "create":
                world.add(Phase.PENDING, ago=0.0, data="v9")

        world.before_call = meanwhile
        world.script["create"] = [in_use()]
        with pytest.raises(InvalidInput, match="data: v9 -> v2"):
            converge(world)
        assert world.count("create") == 1

    def test_where_nothing_is_found_the_next_token_is_another(self, world: World) -> None:
        tokens: list[str] = []
        engine = engine_on(world)
        create = engine.driver.create

        def watched(token: str) -> Any:
            tokens.append(token)
            return create(token)

        engine.driver.create = watched  # type: ignore[method-assign]
        world.script["create"] = [in_use(), in_use()]
        result = engine.converge()
        assert (result["changed"], result["status"]) == (True, "ready")
        assert len(set(tokens)) == len(tokens) == 3

    def test_not_for_ever(self, world: World) -> None:
        world.script["create"] = [in_use()] * 20
        with pytest.raises(Conflict, match="in use") as caught:
            converge(world)
        assert world.count("create") == 4
        assert (caught.value.facts["changed"], world.uncancelled()) == (False, [])

    def test_two_such_tasks_still_make_the_same_tokens(self, world: World) -> None:
        """After the same refusal two tasks name their intent alike, so the host can tell that they are one."""
        made: list[list[str]] = []
        for _task in range(2):
            other = World()
            other.script["create"] = [in_use()]
            converge(other)
            made.append([str(job.token) for job in other.jobs.values()])
        assert made[0] == made[1]

    def test_warnings_are_told_once(self, world: World) -> None:
        world.add(Phase.READY, model_there=False, ago=100_000.0)
        world.script["create"] = [in_use(), in_use()]
        engine = engine_on(world)
        engine.converge()
        assert len(engine.warnings) == 1
        assert "no longer exists" in engine.warnings[0]

    def test_what_was_stopped_before_stays_a_change(self, world: World) -> None:
        world.add(Phase.PENDING, data="v9")
        world.script["create"] = [in_use()] * 20
        with pytest.raises(Conflict) as caught:
            converge(world, **RETRAIN)
        assert caught.value.facts["changed"] is True

    def test_what_an_update_did_in_part_stays_a_change(self, world: World) -> None:
        """Somebody else does the rest before this task looks again."""
        run_id = world.add(Phase.READY)
        world.jobs[run_id].observed["tags"] = "old"
        half = in_use()
        half.facts = {"changed": True}
        world.script["update"] = [("after", half)]
        result = converge(world, {"data": "v2", "tags": "new"})
        assert (result["changed"], result["run_id"], world.count("update")) == (True, run_id, 1)


class TestThoroughLook:
    """Runs that the driver finds only when a create is planned."""

    def hide(self, world: World, phase: Phase, **more: Any) -> str:
        run_id = world.add(phase, **more)
        world.hidden[run_id] = world.jobs.pop(run_id)
        return run_id

    def test_an_equal_one_is_taken(self, world: World) -> None:
        run_id = self.hide(world, Phase.READY)
        result = converge(world)
        assert (result["changed"], result["action"], result["run_id"]) == (False, "none", run_id)
        assert world.count("create") == 0

    def test_an_equal_pending_one_is_waited_for(self, world: World) -> None:
        run_id = self.hide(world, Phase.PENDING, ends_at=world.now + 100)
        result = converge(world)
        assert (result["run_id"], result["status"], world.count("create")) == (run_id, "ready", 0)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_a_different_one_is_refused(self, world: World, check_mode: bool) -> None:
        self.hide(world, Phase.READY, data="v9")
        with pytest.raises(InvalidInput, match="data: v9 -> v2"):
            converge(world, check_mode=check_mode)
        assert world.count("create") == 0

    def test_a_different_one_is_replaced_where_that_was_asked(self, world: World) -> None:
        old = self.hide(world, Phase.READY, data="v9")
        result = converge(world, delete_previous=True, **RETRAIN)
        assert (result["action"], result["status"]) == ("retrain", "ready")
        assert world.phases()[old] is Phase.DELETED

    def test_one_that_is_being_stopped_is_awaited_before_anything_is_made(self, world: World) -> None:
        run_id = self.hide(world, Phase.CANCELLING, ends_at=world.now + 40)
        seen: list[Phase] = []
        world.before_call = lambda verb: seen.append(world.jobs[run_id].phase) if verb == "create" else None
        with pytest.raises(RunFailed, match="was cancelled"):
            converge(world)
        result = converge(world, retry_failed=True)
        assert (result["action"], seen) == ("retry", [Phase.CANCELLED])

    def test_its_trouble_is_survived(self, world: World) -> None:
        world.script["preflight"] = [TransientError("reset"), RateLimited("429", retry_after=5.0)]
        assert converge(world)["status"] == "ready"

    def test_what_it_refuses_is_refused_before_anything_is_stopped(self, world: World) -> None:
        run_id = world.add(Phase.PENDING, data="v9")
        world.script["preflight"] = [ApiError("the bucket is elsewhere")]
        with pytest.raises(ApiError, match="elsewhere") as caught:
            converge(world, **RETRAIN)
        assert world.phases()[run_id] is Phase.PENDING
        assert caught.value.facts["changed"] is False

    def test_not_asked_for_where_nothing_is_made(self, world: World) -> None:
        world.add(Phase.READY)
        converge(world)
        converge(world, state="absent")
        assert world.count("preflight") == 0


class TestHolders:
    """A model that something uses is not deleted, and that is told before anything is changed or paid."""

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_retrain_that_would_delete(self, world: World, check_mode: bool) -> None:
        old = world.add(Phase.READY)
        world.dependents = ["the deployment chat uses model-old-1"]
        with pytest.raises(
            ApiError, match=r"model-old-1 cannot be deleted: the deployment chat.*Nothing was"
        ) as caught:
            converge(world, OTHER, delete_previous=True, check_mode=check_mode, **RETRAIN)
        assert caught.value.facts["changed"] is False
        assert (world.count("create"), world.phases()[old]) == (0, Phase.READY)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_absent(self, world: World, check_mode: bool) -> None:
        old, pending = world.add(Phase.READY), world.add(Phase.PENDING)
        world.dependents = ["the throughput big uses model-old-1"]
        with pytest.raises(ApiError, match="the throughput big"):
            converge(world, state="absent", check_mode=check_mode)
        assert world.phases() == {old: Phase.READY, pending: Phase.PENDING}

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_a_deletion_that_was_interrupted(self, world: World, check_mode: bool) -> None:
        world.add(Phase.READY, data="v9", ago=2000.0)
        world.add(Phase.READY)
        world.dependents = ["the deployment chat uses model-old-1"]
        with pytest.raises(ApiError, match="cannot be deleted"):
            converge(world, delete_previous=True, check_mode=check_mode)
        assert world.count("delete") == 0

    def test_not_asked_for_where_nothing_is_deleted(self, world: World) -> None:
        world.add(Phase.READY)
        converge(world)
        converge(world, OTHER, **RETRAIN)
        assert world.count("dependents") == 0

    def test_trouble_is_survived(self, world: World) -> None:
        world.add(Phase.READY)
        world.script["dependents"] = [TransientError("reset"), RateLimited("429")]
        assert converge(world, state="absent")["changed"] is True


class TestThrottledFor:
    """A clear no for now, for how long it is believed in."""

    def test_a_short_one_is_retried_even_without_waiting(self, world: World) -> None:
        world.script["create"] = [RateLimited("the role is not there yet", at_most=120.0)] * 3
        result = converge(world, wait=False)
        assert (result["changed"], result["status"], world.count("create")) == (True, "pending", 4)

    @pytest.mark.parametrize("wait", [True, False])
    def test_and_then_given_up(self, world: World, wait: bool) -> None:
        start = world.now
        world.script["create"] = [RateLimited("the role is not there", at_most=120.0)] * 1000
        with pytest.raises(RateLimited, match="the role"):
            converge(world, wait=wait)
        assert 60 <= world.now - start <= 120

    def test_a_long_one_is_not_retried_without_waiting(self, world: World) -> None:
        world.script["create"] = [RateLimited("the quota is full")]
        with pytest.raises(RateLimited):
            converge(world, wait=False)
        assert world.count("create") == 1

    def test_a_long_one_is_waited_for_until_the_time_out(self, world: World) -> None:
        start = world.now
        world.script["create"] = [RateLimited("the quota is full")] * 10_000
        with pytest.raises(RateLimited):
            converge(world, wait_timeout=1000.0)
        assert 900 <= world.now - start <= 1000

    def test_slices_do_not_begin_the_time_anew(self, world: World) -> None:
        """The action plugin calls the module again and again; a role that does not exist must still be an error."""
        start = world.now
        world.script["create"] = [RateLimited("the role is not there", at_most=120.0)] * 1000
        with pytest.raises(RateLimited, match="the role"):
            for _slice in range(30):
                assert converge(world, wait_slice=20.0)["waiting"]
        assert world.now - start <= 300


class TestTwins:
    def test_both_requests_arrive_on_a_host_that_keeps_no_markers(self, world: World) -> None:
        """The first is listed only after the second was sent, whose answer is lost as well."""
        world.keeps_tokens, world.looks_closer = False, False
        world.training_seconds = 600.0
        world.script["create"] = [("after", TransientError("reset")), ("after", TransientError("reset"))]

        def lag(verb: str) -> None:
            if verb == "observe" and world.count("create") == 1 and "run-1" in world.jobs:
                world.late.append((world.now + 5, world.jobs.pop("run-1")))
            elif verb == "observe" and world.count("create") == 2:
                world.now += 6

        world.before_call = lag
        result = converge(world)
        assert world.uncancelled() == [result["run_id"]]


class TestSlices:
    def test_an_older_model_is_no_twin_of_the_run_that_is_waited_for(self, world: World) -> None:
        """Also on a host whose list shows neither the settings nor the marker of what is over."""
        old = world.add(Phase.READY)
        world.jobs[old].observed = {}
        new = world.add(Phase.PENDING, ago=10.0, data="v3", token="ours", ends_at=world.now + 100)
        result = converge(world, OTHER, wait_slice=20.0, wait_run_id=new, **RETRAIN)
        assert result["waiting"] is True
        assert world.phases()[new] is Phase.PENDING
        assert world.count("cancel") == 0


def test_a_hidden_run_is_a_run_like_any_other(world: World) -> None:
    world.hidden["h"] = Job("h", world.now, {"data": "v2"}, None, Phase.READY)
    assert converge(world)["run_id"] == "h"


# -- comparison ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desired", "observed", "exactly", "there"),
    [
        ({}, {}, True, True),
        ({"a": "1"}, {"a": "1"}, True, True),
        ({"a": 1}, {"a": "1"}, True, True),
        ({"a": "1"}, {"a": "1", "b": "2"}, False, True),
        ({}, {"b": "2"}, False, True),
        ({"a": "1"}, {}, False, False),
        ({"a": "1"}, {"a": "2"}, False, False),
        ({"a": ""}, {}, False, False),
        ({"A": "1"}, {"a": "1"}, False, False),
        ({"a": "1"}, {"a": "01"}, False, False),
    ],
)
def test_tags(desired: dict[str, Any], observed: dict[str, Any], exactly: bool, there: bool) -> None:
    assert (same_tags(desired, observed), has_tags(desired, observed)) == (exactly, there)


def content(uri: str, sha256: str = "", version: str = "") -> Content:
    return Content(id=uri, sha256=sha256, version=version)


@pytest.mark.parametrize(
    ("desired", "observed", "same"),
    [
        (content("s3://b/k"), content("s3://b/k"), True),
        (content("s3://b/k"), content("s3://b/other"), False),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k", version="md5:1 crc32:9"), True),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/other", version="md5:1 crc32:9"), True),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k", version="md5:2"), False),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k"), True),
        (content("s3://b/k", "a" * 64, "md5:1 crc32:9"), content("s3://b/k", "a" * 12, "md5:2"), True),
        (content("s3://b/k", "a" * 64, "md5:1 crc32:9"), content("s3://b/k", "b" * 12, "md5:1 crc32:9"), False),
        (content("s3://b/k", "a" * 64), content("s3://b/k", version="md5:2"), True),
        # Of different kinds nothing is known; what somebody wrote into a tag is no checksum.
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k", version="crc64nvme:3"), True),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k", version="crc64nvme:3 crc32:8"), False),
        (content("s3://b/k", version="md5:1 crc32:9"), content("s3://b/k", version="two words"), True),
    ],
)
def test_versions_of_data(desired: Content, observed: Content, same: bool) -> None:
    assert same_content(desired, observed) is same


def test_content_is_told_with_what_is_known_of_it() -> None:
    assert str(content("s3://b/k", version="md5:1 crc32:9")) == "s3://b/k (md5:1 crc32:9)"
    assert str(content("s3://b/k", "a" * 64, "md5:1 crc32:9")) == f"s3://b/k (sha256:{'a' * 12})"
    assert str(content("s3://b/k")) == "s3://b/k"
