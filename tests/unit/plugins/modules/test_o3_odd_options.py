# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""O3: what Ansible itself says of an option holds no character that a terminal obeys, whatever the option is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

EVIL = "\x1b]0;title\x07\u202e"


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("openai_fine_tuned_model", {f"name{EVIL}": 1}),
        ("openai_fine_tuned_model", {"name": "bot", "state": EVIL}),
        ("openai_dataset", {"name": "data", "src": "x", "timeout": EVIL}),
        ("bedrock_custom_model_info", {f"name{EVIL}": 1}),
        ("oci_generative_ai_model_info", {f"name{EVIL}": 1}),
        ("dataset_info", {"content": [], "provider": EVIL}),
        ("fine_tune", {"models": [{"provider": EVIL, "name": "bot"}]}),
        ("fine_tune", {"models": [{"provider": "openai", "name": "bot", "openai": {EVIL: 1}}]}),
        ("fine_tune_report", {"results": EVIL, "dest": "/nowhere/x"}),
    ],
)
def test_o3_ansibles_own_refusals_are_harmless(play: Play, module: str, options: dict[str, Any]) -> None:
    result = play(module, options)
    assert result["failed"]
    assert all(line.isprintable() for line in result["msg"].splitlines()), result["msg"]
