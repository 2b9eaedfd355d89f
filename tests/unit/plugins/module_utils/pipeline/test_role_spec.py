# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables are the module's options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import argument_spec, model_options
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS

ENTRY, SPEC = model_options(), argument_spec()
_ROLE = Path(__file__).resolve().parents[5] / "roles" / "fine_tune"
_OWN = {"models", "wait", "wait_progress", "report_dest", "report_title"}  # variables that are no options of a model
_TOLD = ("type", "elements", "choices")


def variables() -> dict[str, Any]:
    text = (_ROLE / "meta" / "argument_specs.yml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return {name.removeprefix("fine_tune_"): spec for name, spec in found.items()}


def differences(role: Mapping[str, Any], module: Mapping[str, Any], where: str) -> Iterator[str]:
    """What the role says otherwise than the module, of nested options too.

    The specification of a role knows no aliases, so each is an option of its own there.
    """
    module = {**module, **{alias: spec for spec in module.values() for alias in spec.get("aliases", ())}}
    for name in sorted({*role, *module}):
        path = f"{where}.{name}"
        if name not in role or name not in module:
            yield f"{path}: only the {'role' if name in role else 'module'} has it"
            continue
        ours, theirs = role[name], module[name]
        for key in _TOLD:
            if ours.get(key) != theirs.get(key):
                yield f"{path}: {key} is {ours.get(key)}, in the module {theirs.get(key)}"
        if bool(ours.get("required")) != bool(theirs.get("required")):
            yield f"{path}: only the {'role' if ours.get('required') else 'module'} requires it"
        if "default" in ours and ours["default"] != theirs.get("default"):
            yield f"{path}: the default is {ours['default']}, in the module {theirs.get('default')}"
        yield from differences(ours.get("options", {}), theirs.get("options", {}), path)


def optional() -> dict[str, Any]:
    """Provider and name may come from a variable or from an entry of the list, so neither needs them."""
    return {name: {**spec, "required": False} for name, spec in ENTRY.items()}


def test_variables() -> None:
    ours = {name: spec for name, spec in variables().items() if name not in _OWN}
    assert list(differences(ours, optional(), "fine_tune")) == []


def test_defaults_of_variables() -> None:
    found = yaml.safe_load((_ROLE / "defaults" / "main.yml").read_text())
    for name, spec in variables().items():
        if name in ENTRY and "default" in ENTRY[name]:
            assert spec["default"] == ENTRY[name]["default"], name
        if "default" in spec:
            assert found[f"fine_tune_{name}"] == spec["default"], name
    for name in ("wait", "wait_progress"):
        assert variables()[name]["default"] == SPEC[name]["default"]


def test_entries_of_the_list() -> None:
    """An entry has no defaults: what it leaves out is taken from the variables."""
    entries = variables()["models"]["options"]
    assert list(differences(entries, optional(), "fine_tune_models")) == []
    assert not [name for name, spec in entries.items() if "default" in spec]


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_everything_is_described(provider: str) -> None:
    def undescribed(options: Mapping[str, Any]) -> Iterator[str]:
        for name, spec in options.items():
            if not spec.get("description"):
                yield name
            yield from undescribed(spec.get("options", {}))

    assert list(undescribed(variables()[provider]["options"])) == []


def test_the_role_hands_on_every_option() -> None:
    (block,) = yaml.safe_load((_ROLE / "tasks" / "main.yml").read_text())
    task = next(task for task in block["block"] if "llmops.finetune.fine_tune" in task)
    handed = task["vars"]["fine_tune__common"]
    common = {name: task["llmops.finetune.fine_tune"][name] for name in PROVIDERS}
    assert set(handed) == set(ENTRY) - set(PROVIDERS)
    assert all(f"fine_tune_{name}" in str(value) for name, value in {**handed, **common}.items())
