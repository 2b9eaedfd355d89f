# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The format of the example provider: a question and its answer, under names of its own."""

from __future__ import annotations

from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.completion import Completion
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.formats import Check, Formats, Measure, Pairs
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.talk import Conversation, Talk

_SHARED = Completion()
_KEYS = {"asked": "prompt", "answered": "completion"}


class ExamplePairs(Conversation):
    name = "example_pairs"
    has_messages = False
    shape = '{"asked": "...", "answered": "..."}'

    def recognises(self, example: dict[str, Any]) -> int:
        return 2 * (example.keys() >= _KEYS.keys())

    def measure(self, example: Pairs) -> Measure | None:
        return _SHARED.measure(tuple((_KEYS[key], text) for key, text in example))

    def check(self, example: dict[str, Any], check: Check) -> Measure | None:
        return _SHARED.check({_KEYS.get(key, key): value for key, value in example.items()}, check)

    def read(self, example: dict[str, Any]) -> Talk:
        return _SHARED.read({_KEYS.get(key, key): value for key, value in example.items()})

    def write(self, talk: Talk) -> dict[str, Any]:
        pair = _SHARED.write(talk)
        return {key: pair[shared] for key, shared in _KEYS.items()}


FORMATS = Formats((ExamplePairs(),))
