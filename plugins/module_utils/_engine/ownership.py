# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own entries in a provider's user-keyed maps (job metadata, tags), by which any later run finds its own.

Private to llmops.finetune; may change at any time.

One reserved prefix; merged into every write; hidden from comparison; counted against the provider's limits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .errors import InvalidInput

PREFIX = "llmops_finetune_"
NAME = PREFIX + "name"
TRAINING = PREFIX + "training"
VALIDATION = PREFIX + "validation"
TOKEN = PREFIX + "token"
MODEL = PREFIX + "model"  # the base model as it was sent, where a provider may show another name of it


def visible(entries: Mapping[str, Any] | None) -> dict[str, Any]:
    """The user's own entries."""
    return {key: value for key, value in (entries or {}).items() if not key.startswith(PREFIX)}


def refuse_reserved(option: str, entries: Mapping[str, Any] | None) -> None:
    """Raise InvalidInput for a user's key with the reserved prefix."""
    for key in entries or {}:
        if key.startswith(PREFIX):
            raise InvalidInput(
                f"{option}: the key '{key}' is reserved.",
                hint=f"Use a key that does not start with '{PREFIX}'.",
            )


def idempotency_token(request: Mapping[str, Any], newest: str | None, spent: tuple[int, int] | None = None) -> str:
    """64 hex digits that name one intended run: the hash of the whole request and of the newest run seen.

    Two tasks that want the same thing while seeing the same past make the same token: their runs are duplicates.
    ``spent``: where the provider has refused tokens of this task as used up, the day and how many they were. So a
    thing that is made anew every day, after the provider has forgotten the last one, never runs out of tokens.
    """
    past = [newest, *spent] if spent else newest
    text = json.dumps([request, past], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
