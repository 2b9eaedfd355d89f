# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``ignore_changes`` leaves out of the comparison, and how a difference is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ignoring
from ansible_collections.llmops.finetune.plugins.module_utils._engine.compare import format_change, same_deep, same_tags
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._engine.plan import decide, differences
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Field,
    Options,
    Phase,
    Run,
)

FIELDS = (
    Field("model", "immutable"),
    Field("hyperparameters", "immutable", same_deep, each=True),
    Field("config", "immutable", same_deep, options=("method.config",)),
    Field("suffix", "creation"),
    Field("tags", "in_place", same_tags),
    Field("place", "in_place", identity=True),
    Field("markers", "in_place", inner=True),
)
LONG = "x" * 200


def run(**observed: Any) -> Run:
    return Run("run-1", 1.0, Phase.READY, "ready", observed=observed, removable=True)


def plan(desired: dict[str, Any], *ignore: str, **observed: Any) -> Any:
    entries = ignoring.read(ignore, FIELDS, ("name",))
    options = Options("bot", ignore_changes=entries)
    return decide([run(**observed)], FIELDS, desired, options, Capabilities(), "model")


@pytest.mark.parametrize(
    ("desired", "observed", "ignore"),
    [
        ({"model": "a"}, {"model": "b"}, "model"),
        ({"hyperparameters": {"n": 1, "m": 1}}, {"hyperparameters": {"n": 2, "m": 2}}, "hyperparameters"),
        ({"hyperparameters": {"n": 1, "m": 1}}, {"hyperparameters": {"n": 2, "m": 1}}, "hyperparameters.n"),
        ({"hyperparameters": {"n": {"k": 1}}}, {"hyperparameters": {"n": {"k": 2}}}, "hyperparameters.n.k"),
        ({"config": {"list": [{"k": 1}]}}, {"config": {"list": [{"k": 2}]}}, "config.list"),
        ({"config": {"list": [{"k": 1}]}}, {"config": {"list": [{"k": 2}]}}, "config.list[0].k"),
        ({"config": {"k": 1}}, {"config": {"k": 2}}, "method.config.k"),
        ({"config": {"k": 1}}, {"config": {"k": 2}}, "method"),
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, "tags.a"),
        ({"tags": {"a.b": "1"}}, {"tags": {"a.b": "2"}}, "tags.a.b"),
        ({"suffix": "a"}, {"suffix": "b"}, "suffix"),
    ],
)
def test_h2_ignore_changes_leaves_out_an_option_or_a_part(
    desired: dict[str, Any], observed: dict[str, Any], ignore: str
) -> None:
    assert plan(desired, **observed).refusal or plan(desired, **observed).changed or plan(desired, **observed).warnings
    found = plan(desired, ignore, **observed)
    assert (found.action, found.refusal, found.warnings, found.changes) == ("none", None, (), ())
    assert found.ignored


@pytest.mark.parametrize(
    ("desired", "observed", "ignore"),
    [
        ({"model": "a", "hyperparameters": {"n": 1}}, {"model": "b", "hyperparameters": {"n": 2}}, "model"),
        ({"hyperparameters": {"n": 1, "nn": 1}}, {"hyperparameters": {"n": 2, "nn": 2}}, "hyperparameters.n"),
        ({"config": {"k": 1, "l": 1}}, {"config": {"k": 2, "l": 2}}, "config.k"),
    ],
)
def test_h2_ignore_changes_leaves_out_nothing_else(
    desired: dict[str, Any], observed: dict[str, Any], ignore: str
) -> None:
    found = plan(desired, ignore, **observed)
    assert found.refusal
    assert len(found.changes) == len(found.ignored) == 1


@pytest.mark.parametrize("name", ["name", "place"])
def test_h2_ignore_changes_refuses_what_says_which_one_is_meant(name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"ignore_changes: '{name}' says which one is meant"):
        plan({}, name)


@pytest.mark.parametrize(
    "name", ["modle", "model.x", "hyperparameters.", "markers", "", "hyperparametersn", "suffix[0]"]
)
def test_h2_ignore_changes_refuses_unknown_names_and_tells_the_possible_ones(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan({}, name)
    assert f"'{name}' is not a compared option" in caught.value.message
    assert "model, hyperparameters, method.config, suffix, tags" in caught.value.hint
    assert "hyperparameters.PART" in caught.value.hint
    assert "place" not in caught.value.hint
    assert "markers" not in caught.value.hint


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ((Field("model", "immutable"), Field("suffix", "creation")), "Possible are model, suffix."),
        (
            (Field("model", "immutable"), Field("config", "immutable", same_deep)),
            "Possible are model, config; of config also a part, written as config.PART.",
        ),
        (
            FIELDS,
            "Possible are model, hyperparameters, method.config, suffix, tags; of hyperparameters, method.config, tags "
            "also a part, written as hyperparameters.PART.",
        ),
    ],
)
def test_h2_ignore_changes_says_what_is_possible(fields: tuple[Field, ...], hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ignoring.read(["x"], fields, ())
    assert caught.value.hint == hint


def test_h2_ignore_changes_takes_each_entry_once() -> None:
    assert ignoring.read(["model", "suffix", "model"], FIELDS, ()) == ("model", "suffix")
    assert ignoring.read(None, FIELDS, ()) == ()


# -- how a difference is told --


def changes(desired: Any, observed: Any) -> list[str]:
    return [str(change) for change in differences(FIELDS, {"config": desired}, run(config=observed))]


@pytest.mark.parametrize(
    ("desired", "observed", "says"),
    [
        ({"a": {"b": 20, "c": 1}}, {"a": {"b": 10, "c": 1}}, ["config.a.b: 10 -> 20"]),
        ({"a": {"b": 1}, "d": 3}, {"a": {"b": 2}, "d": 4}, ["config.a.b: 2 -> 1", "config.d: 4 -> 3"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["config.a[1].b: 3 -> 2"]),
        ([{"b": 2}], [{"b": 3}], ["config[0].b: 3 -> 2"]),
        ({"a": [1, 2]}, {"a": [1]}, ["config.a: 1 -> 1, 2"]),
        ({"a": {"b": 1}}, {}, ["config.a: not set -> {'b': 1}"]),
        ({"a": None, "b": 1}, {"b": 1}, []),
        ({"a": {"x": None}, "b": []}, {}, []),
        ({"a": 1}, "text", ["config: text -> {'a': 1}"]),
    ],
)
def test_v2_the_path_that_differs_is_told(desired: Any, observed: Any, says: list[str]) -> None:
    assert changes(desired, observed) == says


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LONG + "one" + LONG, LONG + "two" + LONG),
        (LONG, LONG + "more"),
        ("a" + LONG, "b" + LONG),
        (1, "1"),
        ([1, 2], "1, 2"),
        (LONG + "\u00e9", LONG + "e\u0301"),
    ],
)
def test_v2_two_values_that_differ_are_never_two_equal_texts(before: Any, after: Any) -> None:
    left, right = format_change(before, after).split(" -> ")
    assert left != right
    assert max(len(left), len(right)) <= 126
