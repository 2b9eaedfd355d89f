# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's entries in job metadata and tags, by which later tasks find their runs.

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
MODEL = PREFIX + "model"  # the base model as it was sent, for providers that show another name of it


def select_user_tags(entries: Mapping[str, Any] | None) -> dict[str, Any]:
    """The entries without ownership tags."""
    return {key: value for key, value in (entries or {}).items() if not key.startswith(PREFIX)}


def refuse_reserved(option: str, entries: Mapping[str, Any] | None) -> None:
    """Raise InvalidInput if a user's key has the reserved prefix."""
    for key in entries or {}:
        if key.startswith(PREFIX):
            raise InvalidInput(
                f"{option}: the key '{key}' is reserved.",
                hint=f"Use a key that does not start with '{PREFIX}'.",
            )


def idempotency_token(request: Mapping[str, Any], newest: str | None, spent: tuple[int, int] | None = None) -> str:
    """64 hex digits that identify one intended run: the hash of the request and the newest observed run.

    Two tasks with the same desired and observed state get the same token, so their runs are duplicates. ``spent``: if
    the provider has refused tokens of this task as used, the day and the number of them. A resource that is created
    again every day, after the provider has forgotten the last one, never runs out of tokens.
    """
    past = [newest, *spent] if spent else newest
    text = json.dumps([request, past], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
