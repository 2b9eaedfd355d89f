# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of OpenAI-style hosts, by name. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from ..._dataset.chat import Chat, Preference, Reinforcement
from ..._dataset.completion import Completion
from ..._dataset.formats import Formats


class OpenAIPreference(Preference):
    name = "openai_preference"


class OpenAIReinforcement(Reinforcement):
    name = "openai_reinforcement"
    # These hosts' models for reinforcement fine-tuning take their instructions in this role.
    developer = True


class OpenAIChat(Chat):
    name = "openai_chat"


class OpenAICompletion(Completion):
    name = "openai_completion"


# Reinforcement stands before chat: its examples look like chat without an answer, but have data for the grader.
FORMATS = Formats((OpenAIPreference(), OpenAIReinforcement(), OpenAIChat(), OpenAICompletion()))
