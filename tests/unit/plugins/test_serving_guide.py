# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks of docs/serving.md that no sandbox can run: those with a module of another collection."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

_ROOT = Path(__file__).resolve().parents[3]
_GUIDE = _ROOT / "docs" / "serving.md"
# azure.azcollection 4.2.0, read 2026-11-30; its options of authentication and tags are left out.
_AZURE: dict[str, Any] = {
    "azure.azcollection.azure_rm_cognitiveservicesdeployment": {
        "resource_group": {"type": "str", "required": True, "aliases": ["resource_group_name"]},
        "account_name": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "model": {
            "type": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "format": {"type": "str", "default": "OpenAI"},
                "version": {"type": "str"},
            },
        },
        "sku": {"type": "dict", "options": {"name": {"type": "str"}, "capacity": {"type": "int"}}},
        "rai_policy_name": {"type": "str"},
        "version_upgrade_option": {
            "type": "str",
            "choices": ["OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade"],
        },
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    }
}


def read_blocks() -> list[Any]:
    """The YAML of the guide."""
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", _GUIDE.read_text(), re.DOTALL)]


def list_tasks() -> list[dict[str, Any]]:
    """The tasks of all plays of the guide."""
    plays = [play for block in read_blocks() if isinstance(block, list) for play in block]
    return [task for play in plays for task in play["tasks"]]


def test_what_is_given_to_the_module_of_azure_fits_it() -> None:
    found = [(name, task[name]) for task in list_tasks() for name in _AZURE if name in task]
    assert found
    for name, given in found:
        assert ArgumentSpecValidator(_AZURE[name]).validate(given).error_messages == []


@pytest.mark.parametrize("wrong", [{"sku": "Standard"}, {"model": {"id": "x"}}, {"capacity": 1}])
def test_what_does_not_fit_the_module_of_azure_is_found(wrong: dict[str, Any]) -> None:
    given = {"resource_group": "a", "account_name": "b", "name": "c", **wrong}
    assert ArgumentSpecValidator(next(iter(_AZURE.values()))).validate(given).error_messages


def test_variables_of_the_role_exist() -> None:
    options = yaml.safe_load((_ROOT / "roles/fine_tune/meta/argument_specs.yml").read_text())
    known = options["argument_specs"]["main"]["options"]
    variables = [block for block in read_blocks() if isinstance(block, dict)]
    variables += [task["vars"] for task in list_tasks() if "vars" in task]
    assert variables
    assert {name for given in variables for name in given} <= set(known)
