# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an example says, whatever its format: a plain conversation, from which other formats are written.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from .formats import Format, quote


class Loss(Exception):
    """Something of an example would be lost: a stable code, what, and what to do."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.issue = (code, message, hint)


@dataclass(frozen=True)
class Turn:
    """One message: ``user`` or ``assistant``, its texts (at least one, none empty), and where it stood."""

    role: str
    texts: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Talk:
    """A plain conversation: system messages (each one text), then turns."""

    system: tuple[str, ...]
    turns: tuple[Turn, ...]


class Conversation(Format):
    """A format that holds a plain conversation, and can be written from any other that does."""

    @abstractmethod
    def read(self, example: dict[str, Any]) -> Talk:
        """What a valid example says. Raises Loss where that is no plain conversation."""

    @abstractmethod
    def write(self, talk: Talk) -> dict[str, Any]:
        """An example that says the same. Raises Loss where it cannot."""


class Prompts(Format):
    """A format of prompts for reinforcement. The examples of all such formats are alike, but not everything stays."""

    def prompt(self, example: dict[str, Any]) -> None:
        """Raises Loss for a valid example of another such format that cannot stay as it is."""


def refuse_keys(example: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Raises Loss for keys beyond the known ones, except such as say nothing."""
    for key in sorted(example.keys() - known):
        if example[key] is not None:
            raise Loss("lossy_key", f"{where} has the key {quote(key)}, which would be lost.", "Remove the key.")


def refuse_empty(texts: list[str], where: str) -> tuple[str, ...]:
    """Return the texts; raises Loss for one that is empty, in which formats differ."""
    if not texts or not all(texts):
        raise Loss("lossy_empty", f"{where} holds an empty text.", "Write the text, or leave the example out.")
    return tuple(texts)


def refuse_other_turns(talk: Talk, answered: bool) -> None:
    """Raises Loss for what is no strict exchange of user and assistant."""
    for number, turn in enumerate(talk.turns):
        expected = ("user", "assistant")[number % 2]
        if turn.role != expected:
            raise Loss(
                "lossy_turns",
                f"{turn.where} stands where the {expected}'s message is due: user and assistant have to alternate.",
                "Join messages of the same role, or leave the example out.",
            )
    if not talk.turns or (answered and talk.turns[-1].role != "assistant"):
        raise Loss(
            "lossy_turns",
            "The last message is not the assistant's: the format cannot hold what follows the last answer.",
            "End with the assistant's message, or leave the example out.",
        )


def single_text(turn: Turn) -> str:
    """The one text of a turn; raises Loss where there are several."""
    if len(turn.texts) > 1:
        raise Loss(
            "lossy_parts",
            f"{turn.where} consists of {len(turn.texts)} parts; the format holds one text.",
            "Join them as they should be read.",
        )
    return turn.texts[0]
