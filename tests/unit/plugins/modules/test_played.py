# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that is played sees nothing of what other tests left in the process."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from ansible.module_utils.common.warnings import warn
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

MISSING = {"src": "/nowhere/left-by-another-test.jsonl"}


def import_the_controller() -> None:
    """As tests of plugins do. ansible-test keeps it from tests of modules."""
    with suppress(ImportError):
        import_module("ansible.utils.display")


def test_warnings_are_those_of_the_module(play: Play) -> None:
    warn("left by another test")
    import_the_controller()
    warn("displayed by another test")
    assert "warnings" not in play("dataset_info", MISSING)


def test_warnings_are_in_the_result_of_each_run(play: Play, still_sandbox: Sandbox) -> None:
    import_the_controller()
    host = {"base_url": still_sandbox.openai_url, "api_key": still_sandbox.api_key, "api_type": "openai"}
    line = {"messages": [{"role": "user", "content": "Colour?"}, {"role": "assistant", "content": "Blue."}]}
    task = {**host, "name": "colours", "content": [line] * 12}
    first = play("openai_dataset", task, check_mode=True)["warnings"]
    assert first and play("openai_dataset", task, check_mode=True)["warnings"] == first


def test_secrets_are_those_of_the_module(play: Play) -> None:
    with suppress(ImportError):  # before 2.22 no process keeps secrets
        import_module("ansible.module_utils.secrets").register_secret("left-by-another-test")
    assert MISSING["src"] in play("dataset_info", MISSING)["msg"]
