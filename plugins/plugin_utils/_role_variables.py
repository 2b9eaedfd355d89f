# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role fine_tune, before its module is called: a misspelt one must not start a training that
nobody meant.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

MARK = "fine_tune__role"  # a variable of the role's own task
PREFIX = "fine_tune_"
_OURS = ("fine_tune_result", "fine_tune_results")  # what the role leaves behind
_CLOSE = 0.8
_CLOSE_AS_A_WHOLE = 0.87  # with the beginning, which all of them share
_SPEC = Path(__file__).resolve().parents[2] / "roles" / "fine_tune" / "meta" / "argument_specs.yml"


def known_variables() -> dict[str, Any]:
    """All that the role has, with the defaults."""
    found = yaml_load(_SPEC.read_text(encoding="utf-8"))
    return {name: option.get("default") for name, option in found["argument_specs"]["main"]["options"].items()}


def unknown(names: Iterable[str], known: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Errors, for what is nearly a variable of the role, and warnings, for all else that begins like one, or whose
    beginning is misspelt: that may be another's."""
    wrong, doubtful = [], []
    values = names if isinstance(names, Mapping) else {}
    for name in sorted(names):
        other = _begun_otherwise(name, known)
        if other and values.get(other, known[other]) == known[other]:
            doubtful.append(f"{name} is not a variable of the role fine_tune, and is not used. Is {other} meant?")
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}_") or name in _OURS or name in known:
            continue
        meant = _find_similar(name, known)
        if meant:
            wrong.append(f"{name} is not a variable of the role; {meant} is one. Rename it.")
        else:
            doubtful.append(f"{name} is not a variable of the role fine_tune, and is not used.")
    return wrong, doubtful


def _find_similar(name: str, known: Iterable[str]) -> str | None:
    """What all of them begin with says nothing."""
    text = name[len(PREFIX) :].lower()
    short = {variable[len(PREFIX) :]: variable for variable in known}
    close = difflib.get_close_matches(text, short, 1, _CLOSE)
    if close:
        return short[close[0]]
    return next((short[other] for other in short if sorted(other) == sorted(text)), None)


def _begun_otherwise(name: str, known: Mapping[str, Any]) -> str | None:
    """What is meant by finetune_name and the like."""
    if name.startswith(PREFIX) or not name.lower().startswith("fin"):
        return None
    close = difflib.get_close_matches(name.lower(), known, 1, _CLOSE_AS_A_WHOLE)
    return close[0] if close else None


def missing(models: Any) -> list[str]:
    """What every model needs, in the role's words. The role has joined each entry with the variables."""
    if not isinstance(models, list):
        return []
    wrong = []
    for number, entry in enumerate(models, 1):
        if not isinstance(entry, Mapping):
            continue
        needed = ["provider", "name"]
        if entry.get("state", "present") == "present":
            needed += ["base_model", "training_data"]
        lacks = [option for option in needed if entry.get(option) in (None, "")]
        if lacks:
            where = f"fine_tune_models[{number}]: " if len(models) > 1 else ""
            wrong.append(where + " ".join(f"{PREFIX}{option} is missing." for option in lacks))
    return wrong
