# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a marker keeps of training data, and what a task's time-outs are when it gives none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.compare import same_content
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import (
    Content,
    parse_content,
    same_data,
    sha256_of_mark,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import WAIT_SPEC, options_of
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import FakeModule

SHA = "ab" * 32
OTHER = "cd" * 32


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (Content("id", SHA, "md5:1 crc:2"), f"{SHA} md5:1 crc:2"),
        (Content("id", SHA), SHA),
        (Content("id", "", "md5:1"), "md5:1"),
        (Content("id"), ""),
    ],
)
def test_a_mark_keeps_what_is_known(content: Content, mark: str) -> None:
    assert content.mark == mark
    assert Content("elsewhere").marked(mark) == Content("elsewhere", content.sha256, content.version)


def test_a_mark_knows_more_than_the_name() -> None:
    named = Content("data-abababababab", SHA[:12])
    assert named.marked(SHA).sha256 == SHA
    assert named.marked("md5:1") == Content(named.id, SHA[:12], "md5:1")
    assert named.marked(None) == named


@pytest.mark.parametrize(
    ("mark", "sha256"), [(f"{SHA} md5:1", SHA), ("md5:1", None), ("", None), (None, None), (SHA[:12], SHA[:12])]
)
def test_the_sha256_of_a_mark(mark: str | None, sha256: str | None) -> None:
    assert sha256_of_mark(mark) == sha256


@pytest.mark.parametrize(
    ("mine", "other", "less"),
    [
        (Content("a"), Content("a", SHA), True),
        (Content("a"), Content("a", "", "md5:1"), True),
        (Content("a", "", "md5:1"), Content("a", SHA, "md5:1"), True),
        (Content("a", SHA), Content("a", SHA), False),
        (Content("a", SHA), Content("a", "", "md5:1"), True),
        (Content("a", "", "md5:1"), Content("a", "", "md5:2"), False),
        (Content("a", SHA), Content("a"), False),
        (Content("a"), Content("a"), False),
    ],
)
def test_whether_there_is_something_to_learn(mine: Content, other: Content, less: bool) -> None:
    assert mine.knows_less_than(other) is less


def test_what_was_learnt_decides() -> None:
    """By name the data are the same; by what a marker kept of them they are not."""
    observed = Content("plain").marked("md5:1")
    assert same_content(Content("plain"), observed)
    assert not same_content(Content("plain", "", "md5:2"), observed)
    assert same_content(Content("moved", "", "md5:1"), observed)
    assert not same_content(Content("plain", OTHER), Content("plain").marked(SHA))


@pytest.mark.parametrize(
    ("given", "state", "seconds"),
    [(None, "present", 4800), (None, "absent", 1200), (None, "cancelled", 3600), (7, "present", 7)],
)
def test_a_time_out_that_is_left_out_depends_on_the_state(given: int | None, state: str, seconds: int) -> None:
    params: dict[str, Any] = {name: option.get("default") for name, option in WAIT_SPEC.items()}
    params.update(state=state, wait_timeout=given)
    module = FakeModule(params)
    timeouts = {"present": 4800, "absent": 1200}
    options = options_of(module, name="bot", run_id=None, id_option="model_id", timeouts=timeouts)  # type: ignore[arg-type]
    assert (options.wait_timeout, options.wait) == (seconds, True)


def test_a_time_out_of_nought_is_not_to_wait() -> None:
    """What has to be waited for all the same has the time of who does not wait."""
    params: dict[str, Any] = {name: option.get("default") for name, option in WAIT_SPEC.items()}
    told = []
    for given in ({"wait": False}, {"wait_timeout": 0}):
        module = FakeModule({**params, "state": "present", **given})
        options = options_of(module, name="bot", run_id=None, id_option="model_id")  # type: ignore[arg-type]
        told.append((options.wait, options.wait_timeout))
    assert told == [(False, 21600), (False, 21600)]


@pytest.mark.parametrize("option", ["wait_timeout", "wait_slice"])
def test_no_time_out_below_nothing(option: str) -> None:
    params: dict[str, Any] = {"state": "present", "wait_timeout": 10, "wait_slice": 0.0, option: -1}
    with pytest.raises(InvalidInput, match=f"{option} is -1"):
        options_of(FakeModule(params), name="bot", run_id=None, id_option="model_id")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("training", "validation", "same"),
    [
        (Content("a"), Content("a"), True),
        (Content("a"), Content("b"), False),
        (Content("a", SHA), Content("b", SHA), True),
        (Content("a", SHA[:12]), Content("b", SHA), True),
        (Content("a", SHA), Content("b", SHA[:12]), True),
        (Content("a", SHA), Content("b", OTHER), False),
        (Content("a", SHA), Content("b"), False),
        (Content("", ""), Content("", ""), False),
        (Content("a"), None, False),
        (None, Content("a"), False),
        (None, None, False),
    ],
)
def test_data_for_validation_that_are_those_for_training(
    training: Content | None, validation: Content | None, same: bool
) -> None:
    assert same_data(training, validation) is same


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_name_beside_the_sha256(check_mode: bool) -> None:
    found = parse_content("src", f"sha256:{SHA}:train.jsonl", check_mode=check_mode)
    assert found == Content(sha256=SHA, name="train.jsonl", placeholder=check_mode)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (Content("a", SHA, "md5:1"), f"a (sha256:{SHA[:12]})"),
        (Content("a", "", "md5:1"), "a (md5:1)"),
        (Content("a"), "a"),
        (Content("", SHA, "md5:1"), f"sha256:{SHA}"),
    ],
)
def test_how_data_are_told(content: Content, text: str) -> None:
    assert str(content) == text


def test_what_a_store_shows_of_an_object_is_not_its_content() -> None:
    assert Content("a", etag="1") == Content("a", etag="2")
