# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline that a provider's client asks for: who has it, and what is given up when it is over."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import deadline
from ansible_collections.llmops.finetune.plugins.module_utils._engine.clock import Clock, Overrun
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import TimedOut, TransientError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.engine.fake_provider import FakeClock, World


def test_nothing_bounds_a_call_where_no_task_said_so() -> None:
    assert deadline.remaining() is None
    assert deadline.cut(600.0) == 600.0
    assert deadline.within("Looking", lambda: "answer") == "answer"


def test_the_deadline_of_a_task_is_what_is_left_of_it() -> None:
    clock = FakeClock(World())
    with deadline.until(clock.monotonic() + 5.0, clock):
        clock.sleep(3.0)
        assert deadline.remaining() == 2.0
        assert deadline.cut(600.0) == 2.0
        assert deadline.cut(1.0) == 1.0
        with deadline.until(None, clock):
            assert deadline.remaining() is None
        clock.sleep(3.0)
        assert deadline.remaining() == 0.0
        assert deadline.cut(600.0) > 0.0
    assert deadline.remaining() is None


def test_each_thread_has_its_own_deadline() -> None:
    clock = FakeClock(World())
    seen: list[float | None] = []
    with deadline.until(clock.monotonic() + 5.0, clock):
        other = threading.Thread(target=lambda: seen.append(deadline.remaining()))
        other.start()
        other.join()
    assert seen == [None]


@pytest.mark.parametrize(("left", "own", "waited"), [(5.0, None, 5.0), (60.0, 3.0, 3.0), (2.0, 3.0, 2.0)])
def test_a_call_that_never_answers_is_given_up(left: float, own: float | None, waited: float) -> None:
    clock = FakeClock(World())
    begin = clock.monotonic()
    with deadline.until(begin + left, clock), pytest.raises(TransientError, match="Looking: there was no whole answer"):
        deadline.within("Looking", lambda: clock.sleep(3600.0), own=own)
    assert clock.monotonic() - begin == waited


def test_what_no_time_is_left_for_is_not_sent() -> None:
    clock = FakeClock(World())
    sent: list[str] = []
    with deadline.until(clock.monotonic(), clock), pytest.raises(TimedOut, match="before this was sent") as caught:
        deadline.within("Creating", lambda: sent.append("once"))
    assert sent == []
    assert caught.value.facts == {"timed_out": True}


def test_real_time_gives_up_a_thread_and_hands_on_all_else() -> None:
    clock, gate = Clock(), threading.Event()
    with pytest.raises(Overrun):
        clock.bounded(gate.wait, 0.01)
    gate.set()
    assert clock.bounded(lambda: 7, 60.0) == 7
    with pytest.raises(KeyError, match="here"):
        clock.bounded(lambda: {}["here"], 60.0)


def test_a_call_in_real_time_knows_the_deadline_of_its_task() -> None:
    clock = Clock()
    with deadline.until(clock.monotonic() + 60.0, clock):
        left = deadline.within("Looking", deadline.remaining)
    assert left is not None
    assert 0.0 < left <= 60.0
