# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts about models, for the module and its action plugin.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_APART = 3  # up to so many models get a warning each; more models share one


def format_model(found: Mapping[str, Any]) -> str:
    """The name and the provider of a model: ``support-bot (<provider>)``."""
    return f"{found['name']} ({found['provider']})"


def join_warnings(pairs: Iterable[Sequence[str]]) -> list[str]:
    """Makes texts of pairs (model, warning). A warning about more than ``_APART`` models becomes one text."""
    models: dict[str, list[str]] = {}
    for model, warning in pairs:
        models.setdefault(warning, []).append(model)
    texts = []
    for warning, named in models.items():
        if len(named) <= _APART:
            texts += [f"{model}: {warning}" for model in named]
        else:
            texts.append(f"{', '.join(named[:_APART])} and {len(named) - _APART} more: {warning}")
    return texts
