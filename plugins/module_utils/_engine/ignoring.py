# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``ignore_changes``: what is left out of the comparison of what exists with what was asked.

Private to llmops.finetune; may change at any time.

An entry is an option, or a part of one that is compared by its parts: ``hyperparameters.n_epochs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import InvalidInput
from .types import Change, Field

OPTION = "ignore_changes"


def read(given: Iterable[str] | None, fields: Sequence[Field], identity: Sequence[str]) -> tuple[str, ...]:
    """The entries, each once. ``identity``: options that say which resource is meant, besides those of ``fields``.

    Raises InvalidInput for one of these, and for what is no option that is compared.
    """
    entries = tuple(dict.fromkeys(given or ()))
    compared = [field for field in fields if not field.inner and not field.identity]
    meant = {*identity, *(field.path for field in fields if field.identity)}
    for entry in entries:
        if entry in meant:
            raise InvalidInput(
                f"{OPTION}: '{entry}' says which one is meant, so it cannot be left out of the comparison.",
                hint=_possible(compared),
            )
        if not any(_is_of(entry, field) for field in compared):
            raise InvalidInput(f"{OPTION}: '{entry}' is no option that is compared.", hint=_possible(compared))
    return entries


def _is_of(entry: str, field: Field) -> bool:
    """Whether an entry is a field, a part of it, or what the field is a part of."""
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
    """Whether a difference is not to count."""
    return not field.inner and any(
        _within(f"{spelling}{change.part}", entry) for spelling in field.spellings for entry in entries
    )
