# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What drivers share: bounds of options, and what error answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    InvalidInput,
    NotFound,
    RateLimited,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.answers import (
    ErrorAnswer,
    ErrorRule,
    classify_error,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.bounds import (
    Bound,
    TagBound,
    check_bound,
    read_tags,
)

RULES = (
    ErrorRule(RateLimited, "Full.", codes={"Full"}, verbs={"create"}, pause=30.0),
    ErrorRule(RateLimited, "Later.", {429}),
    ErrorRule(TransientError, statuses={500}),
    ErrorRule(NotFound, statuses={404}, words={"no such", "unknown"}),
)


@pytest.mark.parametrize(
    ("bound", "text", "inside", "outside"),
    [
        (Bound(1, 50, whole=True, auto=True), "'auto' or a whole number from 1 to 50", ("auto", 1, "50"), (0, 51, 1.5)),
        (Bound(0, 2, above=True), "a number above 0 and at most 2", (0.1, 2), (0, 2.1, "auto", None, True)),
        (Bound(1, whole=True), "a whole number from 1", (1, 2.0, 10**9), (0, float("nan"), "many")),
        (Bound(0, 2147483647, whole=True), "a whole number from 0 to 2147483647", (0,), (-1,)),
        (Bound(1e-7, 1e-4), "a number from 1e-07 to 0.0001", (1e-5, "0.0001"), (1e-8, 1)),
    ],
)
def test_a_bound_says_what_it_allows(
    bound: Bound, text: str, inside: tuple[Any, ...], outside: tuple[Any, ...]
) -> None:
    assert str(bound) == text
    for value in inside:
        check_bound("epochs", value, bound)
    for value in outside:
        with pytest.raises(InvalidInput) as caught:
            check_bound("epochs", value, bound, "nova")
        assert caught.value.message == f"epochs is {value!r}; for nova it is {text}."


def test_tags_are_texts_within_the_bound_of_the_service() -> None:
    bound = TagBound("S3", 3, "an object", own=1, key=5, value=4)
    assert read_tags("tags", None, bound) is None
    assert read_tags("tags", {1: True, "b": None, "c": 2}, bound) == {"1": "true", "c": "2"}
    for given, says in (
        ({"a": 1, "b": 2, "c": 3}, "tags has 3 entries; S3 takes 3 of an object, of which this collection needs 1."),
        ({"a": {"b": 1}}, "tags: the value of 'a' is {'b': 1}; it is a text."),
        ({"abcdef": 1}, "tags: 'abcde': a key has 1 to 5 characters, a value at most 4."),
        ({"": 1}, "tags: '': a key has 1 to 5 characters, a value at most 4."),
        ({"a": "12345"}, "tags: 'a': a key has 1 to 5 characters, a value at most 4."),
        ({"llmops_finetune_name": "x"}, "tags: the key 'llmops_finetune_name' is reserved."),
    ):
        with pytest.raises(InvalidInput) as caught:
            read_tags("tags", given, bound)
        assert caught.value.message == says


@pytest.mark.parametrize(
    ("answer", "error", "hint", "retry_after"),
    [
        (ErrorAnswer("Creating", 400, "no", "Full", verb="create", retry_after="5"), RateLimited, "Full.", 30.0),
        (ErrorAnswer("Listing", 400, "no", "Full"), ApiError, "", None),
        (ErrorAnswer("Listing", 429, "slow", retry_after="5"), RateLimited, "Later.", 5.0),
        (ErrorAnswer("Listing", 500, "broken", retry_after="soon"), TransientError, "", None),
        (ErrorAnswer("Looking up", 404, "unknown model"), NotFound, "", None),
        (ErrorAnswer("Looking up", 404, "no page"), ApiError, "", None),
    ],
)
def test_the_first_rule_that_holds_says_what_an_error_means(
    answer: ErrorAnswer, error: type[Exception], hint: str, retry_after: float | None
) -> None:
    found = classify_error(answer, RULES)
    assert found.__class__ is error
    assert found.hint == hint
    assert getattr(found, "retry_after", None) == retry_after


def test_an_error_says_what_was_answered() -> None:
    answer = ErrorAnswer("Deleting bot", 409, "", "InUse", marks=("InUse", "", "request r-1"))
    assert classify_error(answer, RULES).message == "Deleting bot: InUse (HTTP 409, InUse, request r-1)"
