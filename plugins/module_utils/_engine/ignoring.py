# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``ignore_changes``: differences that do not count.

Private to llmops.finetune; may change at any time.

An entry is an option, or a part of one that is compared by its parts: ``hyperparameters.n_epochs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import InvalidInput
from .types import Change, Field

OPTION = "ignore_changes"


def read(values: Iterable[str] | None, fields: Sequence[Field], identity: Sequence[str]) -> tuple[str, ...]:
    """The entries of ``ignore_changes``, each once. ``identity``: further options that select the resource.

    Raises InvalidInput for an option that selects the resource, and for one that is not compared.
    """
    entries = tuple(dict.fromkeys(values or ()))
    compared = [field for field in fields if not field.inner and not field.identity]
    meant = {*identity, *(field.path for field in fields if field.identity)}
    for entry in entries:
        if entry in meant:
            raise InvalidInput(
                f"{OPTION}: '{entry}' says which one is meant, so it cannot be left out of the comparison.",
                hint=_possible(compared),
            )
        if not any(_is_of(entry, field) for field in compared):
            raise InvalidInput(f"{OPTION}: '{entry}' is not a compared option.", hint=_possible(compared))
    return entries


def _is_of(entry: str, field: Field) -> bool:
    """Whether an entry is the field, a part of it, or contains it."""
    return any(
        _within(spelling, entry) or (field.has_parts and _within(entry, spelling)) for spelling in field.spellings
    )


def _within(path: str, whole: str) -> bool:
    return path == whole or (path.startswith(whole) and path[len(whole)] in ".[" and path[-1] not in ".[")


def _possible(compared: Sequence[Field]) -> str:
    names = dict.fromkeys(field.path for field in compared)
    parts = dict.fromkeys(field.path for field in compared if field.has_parts)
    if not parts:
        return f"Possible are {', '.join(names)}."
    example = next((field.path for field in compared if field.each), next(iter(parts)))
    return f"Possible are {', '.join(names)}; of {', '.join(parts)} also a part, written as {example}.PART."


def is_ignored(change: Change, field: Field, entries: Sequence[str]) -> bool:
    """Whether ``ignore_changes`` excludes a difference."""
    return not field.inner and any(
        _within(f"{spelling}{change.part}", entry) for spelling in field.spellings for entry in entries
    )
