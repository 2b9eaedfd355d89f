# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts about models, for the module and its action plugin.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_APART = 3  # so many models have a warning each; more of them share one


def format_model(found: Mapping[str, Any]) -> str:
    """A model by its name and provider."""
    return f"{found['name']} ({found['provider']})"


def join_warnings(pairs: Iterable[Sequence[str]]) -> list[str]:
    """Pairs of a model and a warning as texts: what is said of many models is said once."""
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
