# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole module in this process: its options are parsed as Ansible parses them, its one answer is read back.

For what a task is told without waiting; the clock is the real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import pytest
from ansible.module_utils import basic

_MODULES = "ansible_collections.llmops.finetune.plugins.modules."

Play = Callable[..., dict[str, Any]]
"""``play(module, {option: value}, check_mode=False)``: what the task's result has."""


def player(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """A function that runs modules; what they print is taken, so nothing else may print meanwhile."""

    def play(module: str, options: Mapping[str, Any], check_mode: bool = False) -> dict[str, Any]:
        given = {"ANSIBLE_MODULE_ARGS": {**options, "_ansible_check_mode": check_mode, "_ansible_diff": True}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(given).encode())
        # Since 2.19 the arguments are decoded as the profile says.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            import_module(_MODULES + module).main()
        printed = capsys.readouterr()
        # Warnings are printed too, if another test has loaded what Ansible's controller is made of.
        assert "Traceback" not in printed.err
        result: dict[str, Any] = json.loads(printed.out)
        assert bool(ended.value.code) is bool(result.get("failed"))
        return result

    return play


def refused(play: Play, module: str, options: Mapping[str, Any], says: str, check_mode: bool = False) -> dict[str, Any]:
    """The result of a task that is refused in words that match ``says``. What is None is left out of the options."""
    result = play(module, {name: value for name, value in options.items() if value is not None}, check_mode)
    assert result["failed"]
    assert not result.get("changed")
    assert re.search(says, result["msg"])
    assert "Traceback" not in str(result)
    return result
