# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts that speak OpenAI's API differ: what each dialect keeps, shows, lists and refuses.

Each field is also a setting of the same name, which then holds at every dialect (docs/sandbox.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from finetune_sandbox.openai.errors import AZURE, COMPATIBLE, GATEWAY, OPENAI, SELFHOSTED


@dataclass(frozen=True)
class Habits:
    """metadata: kept and shown; dropped and shown as null; dropped, and no such key in a job.

    list_filter: whether the list of jobs heeds `metadata[...]`.
    suffix: shown in a field of its own; in the name of the model alone; nowhere.
    model_names: what a job shows as its base model: the name as sent; the full name of an alias; the same with a hash
    in place of a local path; a hash for every base model.
    deletions: of files and models: possible, or refused with 404 or 405.
    tuned_models: whether the list of models has them, and a read finds them.
    extra_body: what happens to keys that the API does not have.
    openai_limits: 10 examples, n_epochs to 50, batch_size to 256, and validation data for reinforcement.
    """

    metadata: str
    list_filter: bool
    suffix: str
    model_names: str
    deletions: str = "possible"
    tuned_models: str = "listed"
    extra_body: str = "refused"
    openai_limits: bool = True


CHOICES: dict[str, tuple[Any, ...]] = {
    "metadata": ("kept", "null", "absent"),
    "list_filter": (True, False),
    "suffix": ("shown", "name", "hidden"),
    "model_names": ("sent", "resolved", "paths_hashed", "hashed"),
    "deletions": ("possible", "not_found", "not_allowed"),
    "tuned_models": ("listed", "hidden"),
    "extra_body": ("refused", "accepted"),
    "openai_limits": (True, False),
}
"""What the settings of these names may be; null leaves it to the dialect."""

HABITS = {
    OPENAI: Habits("kept", True, "shown", "resolved"),
    AZURE: Habits("kept", True, "name", "resolved"),
    COMPATIBLE: Habits("absent", False, "name", "resolved"),
    GATEWAY: Habits("kept", True, "shown", "resolved", tuned_models="hidden"),
    SELFHOSTED: Habits(
        "null",
        False,
        "shown",
        "paths_hashed",
        deletions="not_allowed",
        tuned_models="hidden",
        openai_limits=False,
    ),
}

assert set(CHOICES) == {item.name for item in fields(Habits)}


def of(dialect: str, settings: Mapping[str, Any]) -> Habits:
    """Those of a dialect, but for what the settings say."""
    return replace(HABITS[dialect], **{name: settings[name] for name in CHOICES if settings[name] is not None})


def show_model(sent: str, resolved: str, tuned: bool, names: str, salt: str) -> str:
    """A job's base model as a host shows it. salt: another one after each start of the host."""
    if names == "sent":
        return sent
    local = resolved.startswith(("/", "./", "../", "~"))
    if names == "resolved" or tuned or (names == "paths_hashed" and not local):
        return resolved
    return "ref:" + hashlib.sha256(f"{salt}/{resolved}".encode()).hexdigest()[:16]
