# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The formats of OpenAI-style hosts, by their names. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from ..._dataset.chat import Chat, Preference, Reinforcement
from ..._dataset.completion import Completion
from ..._dataset.formats import Formats


class OpenAIPreference(Preference):
    name = "openai_preference"


class OpenAIReinforcement(Reinforcement):
    name = "openai_reinforcement"
    # The models of these hosts that learn by reinforcement take their instructions in this role.
    developer = True


class OpenAIChat(Chat):
    name = "openai_chat"


class OpenAICompletion(Completion):
    name = "openai_completion"


# Reinforcement before chat: its examples look like chat that lacks an answer, but carry data for the grader.
FORMATS = Formats((OpenAIPreference(), OpenAIReinforcement(), OpenAIChat(), OpenAICompletion()))
