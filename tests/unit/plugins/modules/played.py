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
from ansible.module_utils.common import warnings

_MODULES = "ansible_collections.llmops.finetune.plugins.modules."

Play = Callable[..., dict[str, Any]]
"""``play(module, {option: value}, check_mode=False)``: what the task's result has."""


def forget_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset all that Ansible keeps for a process: a module has one of its own, the tests share theirs."""
    for registry in ("_global_warnings", "_global_deprecations"):
        monkeypatch.setattr(warnings, registry, type(getattr(warnings, registry))())
    monkeypatch.setattr(basic, "_PARSED_MODULE_ARGS", None, raising=False)
    try:
        internal = import_module("ansible.module_utils._internal")
        traceback = import_module("ansible.module_utils._internal._traceback")
    except ImportError:
        return  # before 2.19
    # A test that imports the controller's code makes the process a controller.
    monkeypatch.setattr(internal, "is_controller", False)
    monkeypatch.setattr(traceback, "_module_tracebacks_enabled_events", None)
    monkeypatch.setattr(traceback, "_is_traceback_enabled", traceback._is_module_traceback_enabled)


def _controller(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What the controller makes of a module's output: since 2.22 it masks, of what was registered; before, nothing."""
    try:
        registry = import_module("ansible.module_utils.secrets")
    except ImportError:
        return str
    # Each module has a process, and so a registry, of its own.
    fresh = type(registry._secret_masker)()
    monkeypatch.setattr(registry, "_secret_masker", fresh)

    def masked(text: str) -> str:
        secrets = json.loads(text).get("_ansible_new_secrets", ())
        shown = json.loads(text)
        shown.pop("_ansible_new_secrets", None)
        fresh.register_secret_texts(secrets)
        # The words that tests look for are those of older cores.
        return str(fresh.mask_string(json.dumps(shown), mask_placeholder="********"))

    return masked


def player(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    """A function that runs modules; what they print is taken, so nothing else may print meanwhile."""

    def play(module: str, options: Mapping[str, Any], check_mode: bool = False, no_log: bool = False) -> dict[str, Any]:
        own = {"_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_no_log": no_log}
        given = {"ANSIBLE_MODULE_ARGS": {**options, **own}}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(given).encode())
        # Since 2.19 the arguments are decoded as the profile says.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        forget_process(monkeypatch)
        capsys.readouterr()
        masked = _controller(monkeypatch)
        with pytest.raises(SystemExit) as ended:
            import_module(_MODULES + module).main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        result: dict[str, Any] = json.loads(masked(printed.out))
        result.pop("_ansible_new_secrets", None)  # for the controller, which takes it out
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
