# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain conversation: the content of an example, independent of its format. Other formats are written from it.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from .formats import Format, quote


class Loss(Exception):
    """A part of an example would be lost. ``issue``: a code that never changes, the message, and the hint."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.issue = (code, message, hint)


@dataclass(frozen=True)
class Turn:
    """One message. ``role``: ``user`` or ``assistant``. ``texts``: one or more, none empty. ``where``: its place."""

    role: str
    texts: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Talk:
    """A plain conversation: the system messages (one text each), then the turns."""

    system: tuple[str, ...]
    turns: tuple[Turn, ...]


class Conversation(Format):
    """A format that can hold a plain conversation. It can be written from any other such format."""

    @abstractmethod
    def read(self, example: dict[str, Any]) -> Talk:
        """Read a valid example. Raises Loss if it is not a plain conversation."""

    @abstractmethod
    def write(self, talk: Talk) -> dict[str, Any]:
        """Write an example with the same content. Raises Loss if the format cannot hold it."""


class Prompts(Format):
    """A format of prompts for reinforcement.

    The examples of all such formats look the same, so they are copied. But not every format takes every example.
    """

    def prompt(self, example: dict[str, Any]) -> None:
        """Raise Loss for a valid example of another such format if it cannot be copied into this one."""


def refuse_keys(example: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Raise Loss for unknown keys, unless their value is None."""
    for key in sorted(example.keys() - known):
        if example[key] is not None:
            raise Loss("lossy_key", f"{where} has the key {quote(key)}, which would be lost.", "Remove the key.")


def refuse_empty(texts: list[str], where: str) -> tuple[str, ...]:
    """Return the texts. Raises Loss if one is empty or there are none, because formats differ in that."""
    if not texts or not all(texts):
        raise Loss("lossy_empty", f"{where} holds an empty text.", "Write the text, or leave the example out.")
    return tuple(texts)


def refuse_other_turns(talk: Talk, answered: bool) -> None:
    """Raise Loss if there are no turns, or if user and assistant do not alternate, with the user first.

    ``answered``: the assistant's turn must be the last.
    """
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
    """The one text of a turn. Raises Loss if there are several."""
    if len(turn.texts) > 1:
        raise Loss(
            "lossy_parts",
            f"{turn.where} consists of {len(turn.texts)} parts; the format holds one text.",
            "Join them as they should be read.",
        )
    return turn.texts[0]
