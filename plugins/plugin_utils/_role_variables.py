# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks the variables of the role fine_tune before its module is called.

A misspelt variable must not start a training that the user did not intend.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

MARK = "fine_tune__role"  # the role's own task has this variable
PREFIX = "fine_tune_"
_OURS = ("fine_tune_result", "fine_tune_results")  # variables that the role sets
_CLOSE = 0.8  # similarity of two names without the prefix, 0 to 1
_CLOSE_AS_A_WHOLE = 0.87  # the same for whole names, with the prefix that all variables share
_SPEC = Path(__file__).resolve().parents[2] / "roles" / "fine_tune" / "meta" / "argument_specs.yml"


def known_variables() -> dict[str, Any]:
    """All variables of the role, with their defaults."""
    found = yaml_load(_SPEC.read_text(encoding="utf-8"))
    return {name: option.get("default") for name, option in found["argument_specs"]["main"]["options"].items()}


def unknown(names: Iterable[str], known: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Errors and warnings about names that are not variables of the role.

    A name with the prefix gives an error if it is similar to a variable of the role, else a warning. A name with a
    misspelt prefix gives a warning if the similar variable has its default. A warning is enough, because the name may
    belong to something else.
    """
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
    """The variable that is similar to the name; None if there is none. The shared prefix is not compared."""
    text = name[len(PREFIX) :].lower()
    short = {variable[len(PREFIX) :]: variable for variable in known}
    close = difflib.get_close_matches(text, short, 1, _CLOSE)
    if close:
        return short[close[0]]
    return next((short[other] for other in short if sorted(other) == sorted(text)), None)


def _begun_otherwise(name: str, known: Mapping[str, Any]) -> str | None:
    """The variable that a name with a misspelt prefix, such as finetune_name, may mean; None if there is none."""
    if name.startswith(PREFIX) or not name.lower().startswith("fin"):
        return None
    close = difflib.get_close_matches(name.lower(), known, 1, _CLOSE_AS_A_WHOLE)
    return close[0] if close else None


def missing(models: Any) -> list[str]:
    """Errors about missing options that every model needs, under the names of the role's variables.

    The role has already merged each entry with the variables.
    """
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
