# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Translates between the option names of fine_tune and those of a provider's modules, in both directions.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .._engine.errors import FineTuneError
from .._providers.base import ModelSpec, ProviderAdapter

_HYPERPARAMETERS = "hyperparameters"


def to_native_options(names: Iterable[str] | None, adapter: ProviderAdapter, spec: ModelSpec) -> list[str]:
    """Translates names of fine_tune's options, or parts of them, into those of the model's module.

    The module's own names stay as they are.
    """
    return [_to_native_option(name, adapter, spec) for name in names or ()]


def _to_native_option(name: str, adapter: ProviderAdapter, spec: ModelSpec) -> str:
    head, dot, rest = name.partition(".")
    if head == spec.provider:
        words = {theirs: ours for ours, theirs in adapter.words.items()}
        return words.get(name, rest)
    if head == _HYPERPARAMETERS:
        return f"{adapter.hyperparameters}{dot}{adapter.names.get(rest, rest)}"
    return next((theirs for theirs, ours in adapter.words.items() if ours == head), head) + dot + rest


def translate_message(text: str, adapter: ProviderAdapter, spec: ModelSpec) -> str:
    """Translates the option names in a message of a provider's module into those of fine_tune.

    Hyperparameters keep the provider's own names, because fine_tune takes them too. A name without "_" and "." may be
    an ordinary word, so it is only translated at the beginning of the message.
    """
    words: dict[str, str] = {option: f"{spec.provider}.{option}" for option in spec.own}
    words.update(adapter.words)
    words[adapter.hyperparameters] = _HYPERPARAMETERS
    names = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w./:-])(?:{names})(?![\w/-])")

    def put(found: re.Match[str]) -> str:
        plain = "_" not in found.group() and "." not in found.group()
        return found.group() if plain and found.start() else words[found.group()]

    return pattern.sub(put, text)


def translate_error(error: FineTuneError, adapter: ProviderAdapter, spec: ModelSpec) -> FineTuneError:
    """A copy of the error, with message and hint translated by :func:`translate_message`."""
    message, hint = (translate_message(text, adapter, spec) for text in (error.message, error.hint))
    return error.amended(message=message, hint=hint)
