# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers' habits: what counts as the same, and the words that name content and markers."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine import ownership
from ansible_collections.llmops.finetune.plugins.module_utils._engine.compare import (
    Compare,
    format_change,
    has_tags,
    number,
    same_content,
    same_deep,
    same_set,
    same_tags,
    same_value,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.content import (
    Content,
    make_placeholder,
    parse_content,
    refuse_placeholder,
)
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Progress, duration

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("desired", "observed"),
    [
        ("auto", 7),
        ("Auto", "anything"),
        ("auto", "auto"),
        ("1e-05", 0.00001),
        (0.00001, "1e-05"),
        (1e-5, 0.00001),
        ("3", 3),
        (3, 3.0),
        (" 3 ", 3),
        ("0.10", 0.1),
        (True, "true"),
        ("True", True),
        (0.1, 0.10000000149),
        ("yes", "yes"),
        (None, None),
        ("", ""),
    ],
)
def test_same_value(desired: Any, observed: Any) -> None:
    assert same_value(desired, observed)


@pytest.mark.parametrize(
    ("desired", "observed"),
    [
        (3, "auto"),
        (1e-05, 1e-06),
        ("3", 30),
        (1, True),
        (0, False),
        ("true", "yes"),
        ("a", "A"),
        ("", None),
        ("1e", 1),
    ],
)
def test_different_value(desired: Any, observed: Any) -> None:
    assert not same_value(desired, observed)


@pytest.mark.parametrize("word", ["nan", "NaN", "1_0"])
def test_a_word_is_the_same_as_itself(word: str) -> None:
    assert same_value(word, word)


def test_a_word_with_underscores_is_no_number() -> None:
    assert not same_value("1_0", 10)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("7", 7),
        ("7.5", 7.5),
        (True, None),
        ("x", None),
        ([1], None),
        (None, None),
        (int(sys.float_info.max), int(sys.float_info.max)),
        (int(sys.float_info.max) + 1, None),
        (-(10**309), None),
        (str(10**309), None),
        (float("inf"), None),
        ("-inf", None),
        ("1e999", None),
    ],
)
def test_number(value: Any, found: Any) -> None:
    assert number(value) == found


@pytest.mark.parametrize(
    ("desired", "observed", "same"),
    [
        (["a", "b"], ["b", "a"], True),
        (["a", "a"], ["a"], True),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        ([], None, True),
        ([1], ["1"], True),
    ],
)
def test_sets(desired: Any, observed: Any, same: bool) -> None:
    assert same_set(desired, observed) is same


@pytest.mark.parametrize(
    ("desired", "observed", "same"),
    [
        ({"a": 1}, {"a": 1, "added by the API": 2}, True),
        ({"a": 1, "b": None}, {"a": 1}, True),
        ({"a": {"b": ["1e-05"]}}, {"a": {"b": [0.00001], "c": 1}}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": 1}, "a", False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        (["a"], "a", False),
        ("abc", ["a", "b", "c"], False),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ({"a": "auto"}, {"a": 9}, True),
    ],
)
def test_nested(desired: Any, observed: Any, same: bool) -> None:
    assert same_deep(desired, observed) is same


@pytest.mark.parametrize(
    ("desired", "observed", "same"),
    [
        (Content("file-1"), Content("file-1"), True),
        (Content("file-1"), Content("file-2"), False),
        (Content("file-1", SHA), Content("file-2", SHA), True),
        (Content("", SHA), Content("file-2", SHA[:12]), True),
        (Content("file-1", SHA[:12]), Content("file-2", SHA), True),
        (Content("", SHA), Content("file-2", ""), False),
        (Content("", SHA), Content("file-2", SHA[:11]), False),
        (Content("", SHA), Content("file-2", "0" * 64), False),
        (Content("", ""), Content("", ""), False),
    ],
)
def test_content(desired: Content, observed: Content, same: bool) -> None:
    assert same_content(desired, observed) is same


class TestParseContent:
    def test_id(self) -> None:
        for check_mode in (False, True):
            found = parse_content("training_file", "file-abc", check_mode=check_mode)
            assert (found, found.placeholder) == (Content("file-abc"), False)

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_sha256(self, check_mode: bool) -> None:
        found = parse_content("training_file", f"sha256:{SHA.upper()}", check_mode=check_mode)
        assert (found.id, found.sha256) == ("", SHA)

    def test_predicted_in_check_mode(self) -> None:
        found = parse_content("training_file", make_placeholder("file", SHA), check_mode=True)
        assert (found.id, found.sha256) == ("", SHA)

    def test_predicted_outside_check_mode(self) -> None:
        with pytest.raises(InvalidInput, match="training_file is 'check-mode:file:"):
            parse_content("training_file", make_placeholder("file", SHA), check_mode=False)

    @pytest.mark.parametrize(
        "value", ["sha256:", "sha256:abc", f"sha256:{SHA[:-1]}x", f"sha256:{SHA}0", f"sha256:{SHA}\n"]
    )
    def test_bad_sha256(self, value: str) -> None:
        with pytest.raises(InvalidInput, match="64 hexadecimal digits"):
            parse_content("training_file", value, check_mode=False)

    def test_other_values_are_let_through(self) -> None:
        refuse_placeholder("x", None)
        refuse_placeholder("x", 3)
        refuse_placeholder("x", "file-1")


class TestMarkers:
    def test_hidden(self) -> None:
        assert ownership.select_user_tags({"team": "a", ownership.NAME: "bot", ownership.TOKEN: "t"}) == {"team": "a"}
        assert ownership.select_user_tags(None) == {}

    def test_reserved(self) -> None:
        ownership.refuse_reserved("metadata", {"team": "a"})
        ownership.refuse_reserved("metadata", None)
        with pytest.raises(InvalidInput, match=f"metadata: the key '{ownership.PREFIX}x' is reserved"):
            ownership.refuse_reserved("metadata", {f"{ownership.PREFIX}x": "1"})

    def test_token_names_the_intent_and_the_past(self) -> None:
        token = ownership.idempotency_token({"a": 1, "b": 2}, "run-1")
        assert len(token) == 64
        assert token == ownership.idempotency_token({"b": 2, "a": 1}, "run-1")
        assert (
            len(
                {
                    token,
                    ownership.idempotency_token({"a": 1, "b": 3}, "run-1"),
                    ownership.idempotency_token({"a": 1, "b": 2}, None),
                }
            )
            == 3
        )

    def test_the_token_is_the_same_in_each_release(self) -> None:
        """Two controllers of two versions share it. Letters beyond ASCII are spelt out."""
        token = ownership.idempotency_token({"name": "b\u00fc", "n": 1}, "run-1")
        assert token == hashlib.sha256(b'[{"n":1,"name":"b\\u00fc"},"run-1"]').hexdigest()
        token = ownership.idempotency_token({"n": 1}, None, (7, 2))
        assert token == hashlib.sha256(b'[{"n":1},[null,7,2]]').hexdigest()

    def test_fits_a_metadata_value(self) -> None:
        """Keys of at most 64 characters, values of at most 512 (API reference)."""
        for key in (ownership.NAME, ownership.TRAINING, ownership.VALIDATION, ownership.TOKEN):
            assert key.startswith(ownership.PREFIX)
            assert len(key) <= 64


class TestProgress:
    def test_line(self) -> None:
        progress = Progress("training", 62.0, 124, 200, 0.41234, 170)
        assert progress.line("support-bot") == "support-bot: training 62 %, step 124/200, loss 0.412, about 3 min left"

    def test_line_of_what_is_known(self) -> None:
        assert Progress("queued").line("bot") == "bot: queued"
        assert (
            Progress("training", step=3, message="mean reward 0.4").line("b") == "b: training, step 3, mean reward 0.4"
        )

    def test_zero_is_known(self) -> None:
        assert Progress("training", 0.0, 0, 10).line("b") == "b: training 0 %, step 0/10"
        assert Progress("training", percent=0.0, step=0).to_dict() == {"stage": "training", "percent": 0.0, "step": 0}

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0, "1 s"), (40, "40 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7800, "2 h 10 min"), (7200, "2 h")],
    )
    def test_duration(self, seconds: float, text: str) -> None:
        assert duration(seconds) == text


class TestParts:
    """Which parts of a value differ, as the messages and the diff name them."""

    @pytest.mark.parametrize(
        ("desired", "observed", "parts"),
        [
            ({"a": 1, "b": {"c": 2}}, {"a": 2, "b": {"c": 3}}, [("a", 1, 2), ("b.c", 2, 3)]),
            ([1, [2, 3]], [1, [2, 4]], [("[1][1]", 3, 4)]),
            ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("a[0].b", 1, 2)]),
            ({1: "x"}, {1: "y"}, [("1", "x", "y")]),
            ([1], [1, 2], [("", [1], [1, 2])]),
            ((1, 2), [1, 2], []),
            ({"a": {}}, {}, []),
            ({"a": {"b": [], "c": None}}, {}, []),
            ({"a": {"b": 1}}, {}, [("a", {"b": 1}, None)]),
            (None, None, []),
            ([], None, []),
            ([None], None, [("", [None], None)]),
            ("", None, [("", "", None)]),
            ("ab", ["a", "b"], [("", "ab", ["a", "b"])]),
            (b"ab", [97, 98], [("", b"ab", [97, 98])]),
            ({"a": 1}, [("a", 1)], [("", {"a": 1}, [("a", 1)])]),
        ],
    )
    def test_paths(self, desired: Any, observed: Any, parts: list[Any]) -> None:
        assert list(same_deep.differing(desired, observed)) == parts

    def test_a_part_with_a_comparison_of_its_own(self) -> None:
        compare = Compare({"list.sorted": same_set})
        assert compare({"list": {"sorted": "ab"}}, {"list": {"sorted": "ba"}})
        assert not compare({"list": {"other": "ab"}}, {"list": {"other": "ba"}})

    def test_tags(self) -> None:
        assert list(same_tags.differing({"a": 1, "b": "2"}, {"b": 3, "c": True})) == [
            ("a", "1", None),
            ("b", "2", "3"),
            ("c", None, "True"),
        ]
        assert list(has_tags.differing({"a": 1}, {"a": "1", "c": "x"})) == []


class TestTold:
    """``before -> after``, cut around the first difference where it is long."""

    @pytest.mark.parametrize(
        ("before", "after", "says"),
        [
            (None, 1, "not set -> 1"),
            ([], ["a", 2], "none -> a, 2"),
            ((), None, "none -> not set"),
            (1, "1", "1 (int) -> 1 (str)"),
            ("", "a", " -> a"),
            ("x" * 120, "y", f"{'x' * 120} -> y"),
            ("x" * 121, "y", f"{'x' * 114}... -> y"),
            ("x" * 114 + "y" * 7, "z", f"{'x' * 114}... -> z"),
            ("x" * 114, "y" * 121, f"{'x' * 114} -> {'y' * 114}..."),
            ("x" * 115, "y" * 121, f"{'x' * 114}... -> {'y' * 114}..."),
            (
                "x" * 100 + "a" * 114,
                "x" * 100 + "b" * 30,
                f"...{'x' * 40}{'a' * 74}... -> ...{'x' * 40}{'b' * 30}",
            ),
            ("x" * 40 + "a" * 81, "x" * 40 + "b", f"{'x' * 40}{'a' * 74}... -> {'x' * 40}b"),
            ("x" * 41 + "a" * 80, "x" * 41 + "b", f"...{'x' * 40}{'a' * 74}... -> ...{'x' * 40}b"),
            ("x" * 41 + "a" * 74 + "b" * 6, "x" * 41 + "a" * 74, None),
        ],
    )
    def test_told(self, before: Any, after: Any, says: str | None) -> None:
        if says is None:
            left, right = format_change(before, after).split(" -> ")
            assert left != right
            return
        assert format_change(before, after) == says

    @pytest.mark.parametrize("length", [40, 41, 114, 121])
    def test_no_dots_where_nothing_is_left_out(self, length: int) -> None:
        right = format_change("a" * 130, "a" * length).split(" -> ")[1]
        assert right == ("..." if length > 40 else "") + "a" * min(length, 40)


class TestNumbersNearEachOther:
    @pytest.mark.parametrize(
        ("desired", "observed", "same"),
        [(0.1, 0.1000000149, True), (1.0, 1.0000009, True), (1.0, 1.0000012, False), (1e-30, 2e-30, False)],
    )
    def test_single_precision(self, desired: float, observed: float, same: bool) -> None:
        assert same_value(desired, observed) is same

    @pytest.mark.parametrize("value", [True, "true", "TRUE"])
    def test_booleans(self, value: Any) -> None:
        assert same_value(value, True) and same_value(True, value)
        assert not same_value(value, False) and not same_value(False, value)
        assert not same_value(True, 1) and not same_value(1.0, True)


class TestContentByItsChecksums:
    @pytest.mark.parametrize(
        ("desired", "observed", "same"),
        [
            (Content("a", version="md5:1 crc:2"), Content("b", version="md5:1"), True),
            (Content("a", version="md5:1 crc:2"), Content("b", version="md5:1 crc:3"), False),
            (Content("a", version="md5:1"), Content("a", version="crc:1"), True),
            (Content("a", version="md5:1"), Content("b", version="crc:1"), False),
            (Content("a", version="md5:1:2"), Content("b", version="md5:1:2"), True),
            (Content("a", version="word"), Content("b", version="word"), False),
            (Content("a", SHA[:12]), Content("b", SHA[:12]), True),
            (Content("a", SHA[:11]), Content("b", SHA[:11]), False),
        ],
    )
    def test_versions(self, desired: Content, observed: Content, same: bool) -> None:
        assert same_content(desired, observed) is same
