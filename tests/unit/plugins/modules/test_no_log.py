# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task under ``no_log`` gives no warnings, which Ansible would print all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import chat_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.mark.parametrize("module", ["openai_dataset", "openai_fine_tuned_model", "fine_tune"])
def test_s3_no_warning_under_no_log(still_sandbox: Sandbox, play: Play, module: str) -> None:
    host = {"base_url": still_sandbox.openai_url, "api_key": still_sandbox.api_key, "api_type": "openai"}
    twice = chat_lines(12) + chat_lines(1)
    options: dict[str, Any] = {
        "openai_dataset": {**host, "name": "secret", "content": twice},
        "openai_fine_tuned_model": {
            **host,
            "name": "secret",
            "model": "gpt-4o-mini",
            "training_file": "file-x",
            "hyperparameters": {"epoch": 3},
            "state": "absent",
        },
        "fine_tune": {
            "models": [
                {
                    "provider": "openai",
                    "name": "secret",
                    "base_model": "gpt-4o-mini",
                    "training_data": twice,
                    "openai": host,
                }
            ]
        },
    }[module]
    for no_log in (True, False):
        assert bool(play(module, options, True, no_log=no_log).get("warnings")) is not no_log
