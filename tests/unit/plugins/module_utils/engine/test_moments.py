# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When exactly something is done: how long is looked, what starts no more, and which call is made at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import deadline
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    Conflict,
    FineTuneError,
    NotFound,
    RateLimited,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.ownership import idempotency_token
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Capabilities, Phase, Run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import (
    World,
    converge,
    engine_on,
)

DAY = 86400.0


@pytest.fixture
def world() -> World:
    return World()


def in_use() -> Conflict:
    return Conflict("the token is used up")


def times_of(world: World, wanted: str) -> list[float]:
    """Fills with the seconds since now of each request of a kind."""
    start, times = world.now, []
    world.before_call = lambda verb: times.append(world.now - start) if verb == wanted else None
    return times


class TestCalls:
    """No call more than is needed: each costs time, and counts against the rate limit."""

    def test_of_a_create(self, world: World) -> None:
        converge(world, can=Capabilities(one_run_a_token=True))
        assert world.calls[:3] == ["observe", "create", "observe"]
        assert set(world.calls[3:]) == {"refresh", "progress"}

    def test_of_an_update(self, world: World) -> None:
        world.jobs[world.add(Phase.READY)].observed["tags"] = "old"
        converge(world, {"data": "v2", "tags": "new"})
        assert world.calls == ["observe", "verify", "update"]


class TestDuplicatesAreLookedFor:
    def test_after_10_30_60_and_120_seconds(self, world: World) -> None:
        """The host takes its time for each answer, so that the task looks at these moments."""
        world.training_seconds = 400.0
        start, moments = world.now, [10.0, 30.0, 60.0, 120.0]
        looks: list[float] = []

        def take_time(verb: str) -> None:
            if verb == "refresh" and moments and world.now - start < moments[0]:
                world.now = start + moments.pop(0)
            if verb == "observe" and "run-1" in world.jobs:
                looks.append(world.now - start)

        world.before_call = take_time
        converge(world)
        assert looks[:5] == [0.0, 10.0, 30.0, 60.0, 120.0]
        assert len(looks) == 6  # and when the run has ended

    @pytest.mark.parametrize(
        ("training_seconds", "looks"), [(15.0, [0.0, 16.25]), (1.0, [0.0, 2.0]), (4.0, [0.0, 5.0])]
    )
    def test_and_once_when_the_run_has_ended(self, world: World, training_seconds: float, looks: list[float]) -> None:
        """Not twice, if one of these moments has come as well."""
        world.training_seconds = training_seconds
        times = times_of(world, "observe")
        converge(world)
        assert times == [0.0, *looks]


class TestRefusedBecauseOfAnother:
    def test_it_is_looked_for_five_times(self, world: World) -> None:
        world.script["create"] = [in_use()]
        times = times_of(world, "create")
        converge(world)
        assert times == [0.0, 2.0 + 3.0 + 4.5 + 6.75 + 10.125]

    def test_the_next_token_is_another_each_day(self, world: World) -> None:
        """The provider has forgotten the one of yesterday, so the same request can use it up again."""
        tokens = [self.token_at(12 * DAY + seconds) for seconds in (-200.0, -100.0, -20.0, 100.0)]
        assert tokens[0] == tokens[1]
        assert tokens[2] == tokens[3] != tokens[0]

    def test_the_first_token_is_the_same_on_every_day(self, world: World) -> None:
        """A task that is run again after midnight finds the run of yesterday's request."""
        assert self.token_at(12 * DAY, refused=False) == self.token_at(13 * DAY, refused=False)

    def test_the_next_token_is_the_same_in_each_release(self, world: World) -> None:
        """Two controllers of two versions share it."""
        for refusals in (1, 2):
            world = World()
            world.script["create"] = [in_use()] * refusals
            token = world.jobs[converge(world)["run_id"]].token
            assert token == idempotency_token({"data": "v2"}, None, (int(world.now // DAY), refusals))

    def token_at(self, now: float, *, refused: bool = True) -> str | None:
        world = World()
        world.now = now
        world.script["create"] = [in_use()] if refused else []
        return world.jobs[converge(world)["run_id"]].token


@pytest.mark.parametrize(("at_most", "sends"), [(180.0, 2), (180.5, 1)])
def test_who_does_not_wait_asks_again_for_three_minutes(world: World, at_most: float, sends: int) -> None:
    world.script["create"] = [RateLimited("not yet", at_most=at_most)]
    try:
        converge(world, wait=False)
    except RateLimited:
        assert sends == 1
    assert world.count("create") == sends


@pytest.mark.parametrize(("used", "starts"), [(270.0, True), (270.5, False)])
def test_nothing_is_started_in_the_last_half_minute(world: World, used: float, starts: bool) -> None:
    world.training_seconds = 1.0
    engine = engine_on(world, wait_timeout=300.0)
    world.before_call = lambda verb: engine.clock.sleep(used) if not world.calls else None
    if starts:
        assert engine.converge()["status"] == "ready"
        return
    with pytest.raises(TimedOut, match="not started with less than 30 s"):
        engine.converge()
    assert world.count("create") == 0


def test_after_a_lost_answer_the_last_look_takes_no_longer_than_a_moment(world: World) -> None:
    engine = engine_on(world, wait_timeout=100.0)

    asked: list[str] = []

    def hang(verb: str) -> None:
        asked.append(verb)
        if "create" in asked:
            deadline.within("Asking", lambda: engine.clock.sleep(1e6))

    world.before_call = hang
    start = world.now
    with pytest.raises(FineTuneError) as caught:
        engine.converge()
    assert (world.now - start, asked) == (pytest.approx(101.5), ["observe", "create", "observe"])
    assert (caught.value.facts["changed"], caught.value.facts["timed_out"]) == (True, True)


@pytest.mark.parametrize(("took", "looks"), [(98.5, 2), (98.75, 1)])
def test_after_a_lost_answer_it_is_looked_as_often_as_there_is_time(world: World, took: float, looks: int) -> None:
    engine = engine_on(world, wait_timeout=100.0)
    world.script["create"] = [TransientError("reset")]
    world.before_call = lambda verb: engine.clock.sleep(took if verb == "create" else 0.0)
    with pytest.raises(TimedOut):
        engine.converge()
    assert world.calls == ["observe", "create", *["observe"] * looks]


def test_a_run_that_is_not_shown_yet_does_not_hold_up_the_slice(world: World) -> None:
    world.script["refresh"] = [NotFound("404", status=404)] * 30
    answer = converge(world, wait_slice=20.0)
    assert (answer["waiting"], answer["run_id"], answer["elapsed"]) == (True, "run-1", 20.0)
    assert answer["wait_state"]["hidden_since"] == 1_000_000.0


class TestThrottled:
    def test_a_later_slice_counts_from_the_first_request(self, world: World) -> None:
        """A refusal that is believed in for so long is an error then, in however many slices."""
        start, answer = world.now, {"wait_state": None}
        world.script["create"] = [RateLimited("not yet", at_most=400.0)] * 1000
        with pytest.raises(RateLimited, match="not yet"):
            for _slice in range(60):
                answer = converge(world, wait_slice=20.0, wait_state=answer["wait_state"])
                assert answer["waiting"]
        assert 370.0 <= world.now - start < 400.0

    @pytest.mark.parametrize(("at_most", "sends"), [(2.0, 1), (2.5, 2)])
    def test_not_asked_again_when_it_is_no_longer_believed(self, world: World, at_most: float, sends: int) -> None:
        world.script["create"] = [RateLimited("not yet", at_most=at_most)] * 2
        with pytest.raises(RateLimited):
            converge(world)
        assert world.count("create") == sends

    @pytest.mark.parametrize(("pause", "sends"), [(70.0, 2), (70.5, 1)])
    def test_asked_again_where_enough_is_left_for_a_create(self, world: World, pause: float, sends: int) -> None:
        world.training_seconds = 1.0
        world.script["create"] = [RateLimited("full", retry_after=pause)]
        try:
            assert converge(world, wait_timeout=100.0)["status"] == "ready"
        except RateLimited as error:
            assert (sends, error.facts["timed_out"]) == (1, True)
            assert "Nothing was started. wait_timeout (100 s) ends before it can be asked for again" in error.hint
            assert "in 70 s. Run the task again later." in error.hint
        assert world.count("create") == sends


def test_after_a_lost_answer_and_a_refused_token_is_looked_once_more(world: World) -> None:
    """What was lost may be there all the same, so the third request is sent only after looks."""
    world.script["create"] = [TransientError("reset"), in_use()]
    result = converge(world)
    assert (result["status"], result["changed"], world.count("create")) == ("ready", True, 3)
    third = len(world.calls) - 1 - world.calls[::-1].index("create")
    assert world.calls[third - 3 : third] == ["observe"] * 3


class TestModelsThatAreListedLate:
    """The model of a run that has just ended may be missing for a minute; a later one is made again at once."""

    def missing(self, world: World, ended_ago: float) -> str:
        """A run whose model is missing; the fake host's runs end after a minute."""
        return world.add(Phase.READY, ago=ended_ago + 60.0, model_there=False)

    @pytest.mark.parametrize(
        ("ended_ago", "made_after"),
        [
            (60.0, 0.0),
            (59.5, 2.0),
            (50.0, 2.0 + 3.0 + 4.5 + 6.75),
            # By a clock that is ahead it has ended in the future.
            (-29.5, 2.0 + 3.0 + 4.5 + 6.75 + 10.125 + 15.1875 + 22.78125 + 30.0),
            (-30.0, 0.0),
        ],
    )
    def test_looked_for_until_a_minute_has_passed(self, world: World, ended_ago: float, made_after: float) -> None:
        self.missing(world, ended_ago)
        creates = times_of(world, "create")
        assert converge(world)["action"] == "create"
        assert creates == [pytest.approx(made_after, abs=0.01)]

    @pytest.mark.parametrize(("looked_after", "looks"), [(10.0, 2), (100.0, 1)])
    def test_by_the_clock_of_the_provider(self, world: World, looked_after: float, looks: int) -> None:
        """Ours says that the run ended long ago, or that it will."""
        run_id = self.missing(world, 5000.0 if looks == 2 else 1.0)
        engine = engine_on(world)
        verify = engine.driver.verify

        def with_time(runs: Sequence[Run]) -> list[Run]:
            if world.count("verify"):
                world.jobs[run_id].model_there = True
            return [replace(run, looked=(run.ended or 0.0) + looked_after) for run in verify(runs)]

        engine.driver.verify = with_time  # type: ignore[method-assign]
        assert engine.converge()["action"] == ("none" if looks == 2 else "create")
        assert world.count("verify") == looks

    @pytest.mark.parametrize(("ended_ago", "looks"), [(10.0, 2), (1000.0, 1)])
    @pytest.mark.parametrize("model", ["model-1", None])
    def test_what_the_host_does_not_show_is_looked_at_once_more(
        self, world: World, ended_ago: float, looks: int, model: str | None
    ) -> None:
        """It may be shown a moment later; that decides nothing but a warning, so one more look is enough."""
        world.add(Phase.READY, ago=ended_ago + 60.0)
        engine = engine_on(world)
        verify = engine.driver.verify

        def unseen(runs: Sequence[Run]) -> list[Run]:
            return [replace(run, seen=False, model=model, notes=("It is not shown.",)) for run in verify(runs)]

        engine.driver.verify = unseen  # type: ignore[method-assign]
        assert engine.converge()["changed"] is False
        assert engine.warnings == ["It is not shown."]
        assert world.count("verify") == (looks if model else 1)

    def test_what_is_seen_is_looked_at_once(self, world: World) -> None:
        world.add(Phase.READY, ago=70.0)
        converge(world)
        assert world.calls == ["observe", "verify"]

    def test_of_a_retired_model_the_provider_may_change_its_mind(self, world: World) -> None:
        world.add(Phase.READY, ago=70.0)
        engine = engine_on(world)
        verify = engine.driver.verify

        def retired_at_first(runs: Sequence[Run]) -> list[Run]:
            found = verify(runs)
            return found if world.count("verify") > 1 else [replace(run, phase=Phase.RETIRED) for run in found]

        engine.driver.verify = retired_at_first  # type: ignore[method-assign]
        assert engine.converge()["status"] == "ready"


def test_who_does_not_wait_starts_as_long_as_any_time_is_left(world: World) -> None:
    """The time is that of the caller, for example of fine_tune with many models."""
    engine = engine_on(world, wait=False)
    with deadline.until(engine.clock.monotonic() + 0.5, engine.clock):
        assert engine.converge()["changed"] is True
