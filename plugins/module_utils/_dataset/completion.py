# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of pairs of prompt and completion. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from typing import Any

from .chat import warn_of_token
from .formats import Check, Measure, Pairs, kind_of, lacks, unknown_keys, weigh
from .talk import Conversation, Loss, Talk, Turn, refuse_empty, refuse_keys, refuse_other_turns, single_text


class Completion(Conversation):
    has_messages = False
    shape = '{"prompt": "...", "completion": "..."}'

    def recognises(self, example: dict[str, Any]) -> int:
        return "prompt" in example and "completion" in example

    def measure(self, example: Pairs) -> Measure | None:
        (prompt_key, prompt), (completion_key, completion) = example
        if prompt_key != "prompt" or completion_key != "completion" or not prompt or not completion:
            return None
        size = len(prompt) + len(completion)
        return 0, size, size + len(prompt.encode()) + len(completion.encode())

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        missing = [lacks(example, key, self, check) for key in ("prompt", "completion")]
        if any(missing):
            return None
        unknown_keys(example, frozenset({"prompt", "completion"}), check)
        chars = weight = 0
        for key in ("prompt", "completion"):
            value = example[key]
            if not isinstance(value, str):
                check.error("bad_value", f"{key} is {kind_of(value)}.", "Make it a string.")
                continue
            if not value:
                check.warn("empty_content", f"{key} is empty.", "Write the text, or remove the example.")
            warn_of_token(check, value, key)
            chars += len(value)
            weight += weigh(value)
        return 0, chars, weight

    def read(self, example: dict[str, Any]) -> Talk:
        refuse_keys(example, frozenset({"prompt", "completion"}), "The example")
        turns = (("user", "prompt"), ("assistant", "completion"))
        return Talk((), tuple(Turn(role, refuse_empty([example[key]], key), key) for role, key in turns))

    def write(self, talk: Talk) -> dict[str, Any]:
        if talk.system:
            raise Loss(
                "lossy_system",
                "The example has a system message, which prompt and completion cannot hold.",
                "Write it into the user's message, as it is to be written when the model is used.",
            )
        refuse_other_turns(talk, answered=True)
        if len(talk.turns) > 2:
            raise Loss(
                "lossy_turns",
                f"The example has {len(talk.turns)} messages; prompt and completion hold one question and one answer.",
                "Split it into examples of one turn, or leave it out.",
            )
        prompt, completion = talk.turns
        return {"prompt": single_text(prompt), "completion": single_text(completion)}
