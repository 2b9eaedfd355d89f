# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCI Generative AI family of dataset formats. Private to llmops.finetune; may change at any time.

Source: the OCI Generative AI documentation on training data, as of 2026-11-20: JSONL in UTF-8, each line an object with
``prompt`` and ``completion``. Limits are in limits.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._dataset.completion import Completion
from ..._dataset.formats import Check, Formats, Measure, Pairs, kind_of, lacks, unknown_keys, weigh
from ..._dataset.limits import Limit, Limits
from ..._dataset.talk import Loss, Talk
from ..._dataset.tokens import count_tokens

_KEYS = ("prompt", "completion")


class OciCompletion(Completion):
    """The same as OpenAI's completion format, but both texts must not be blank, and other keys are errors."""

    name = "oci_completion"

    def bind(self, limits: Limits) -> Callable[[Pairs], Measure | None]:
        longest = _longest(limits)
        if not longest:
            return self.measure
        # A text has at most as many tokens as characters. A text with more characters than the smallest token limit is
        # not measured here, so that it is checked closely.
        shortest = min(limit.value for limit in longest.values())

        def measure(example: Pairs) -> Measure | None:
            return None if any(len(text) > shortest for _key, text in example) else self.measure(example)

        return measure

    def measure(self, example: Pairs) -> Measure | None:
        (_key, prompt), (_other, completion) = example
        return None if prompt.isspace() or completion.isspace() else super().measure(example)

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        missing = [lacks(example, key, self, check) for key in _KEYS]
        if any(missing):
            return None
        unknown_keys(example, frozenset(_KEYS), check, hard=True)
        chars = weight = 0
        for key in _KEYS:
            value = example[key]
            if not isinstance(value, str):
                check.error("bad_value", f"{key} is {kind_of(value)}.", "Make it a string.")
                continue
            if not value.strip():
                check.error("empty_content", f"{key} is blank.", "Write the text, or remove the example.")
            chars += len(value)
            weight += weigh(value)
        if not check.failed:
            _check_lengths(example, check)
        return 0, chars, weight

    def write(self, talk: Talk) -> dict[str, Any]:
        for turn in talk.turns:
            if not any(text.strip() for text in turn.texts):
                raise Loss(
                    "lossy_empty",
                    f"{turn.where} holds a blank text, which the format does not take.",
                    "Write the text, or leave the example out.",
                )
        return super().write(talk)


def _check_lengths(example: dict[str, Any], check: Check) -> None:
    """Report a text that is too long by itself. An example that is too long as a whole is reported by the scan."""
    longest, whole = _longest(check.limits), check.limits.max_example_tokens
    if not any(len(example[key]) > limit.value for key, limit in longest.items()):
        return
    tokens = {key: count_tokens(example[key]) for key in _KEYS}
    if whole and sum(tokens.values()) > whole.value:
        return
    for key, limit in longest.items():
        if tokens[key] > limit.value:
            check.limit(
                limit.hard,
                "may_be_too_long",
                f"{key} has about {tokens[key]:,} tokens; the limit is {limit.value:,}.",
                "The host refuses a longer one: shorten or split the example.",
            )


def _longest(limits: Limits) -> dict[str, Limit]:
    found = {"prompt": limits.max_prompt_tokens, "completion": limits.max_completion_tokens}
    return {key: limit for key, limit in found.items() if limit}


FORMATS = Formats((OciCompletion(),))
