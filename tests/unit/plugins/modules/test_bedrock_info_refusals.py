# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info modules of Bedrock as a whole: what is wrong in a task is told in one clear error, before any request."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

JOBS = "bedrock_custom_model_info"
BASES = "bedrock_foundation_model_info"


@pytest.mark.parametrize(
    ("module", "options", "says"),
    [
        (JOBS, {"limit": -1}, "limit is -1"),
        (JOBS, {"creation_time_after": "yesterday"}, "creation_time_after is 'yesterday'"),
        (JOBS, {"status_equals": "Done"}, "status_equals must be one of"),
        (JOBS, {"model_status": "Done"}, "model_status must be one of"),
        (JOBS, {"gather": ["datasets"]}, "gather must be one or more of"),
        (BASES, {"model_id": "no model"}, "model_id is 'no model'"),
        (BASES, {"by_output_modality": "SMELL"}, "by_output_modality must be one of"),
        (BASES, {"by_inference_type": "FREE"}, "by_inference_type must be one of"),
        (BASES, {"by_customization_type": "TUNING"}, "by_customization_type must be one of"),
        (BASES, {"model_id": "x.y", "by_provider": "z"}, "mutually exclusive"),
        (BASES, {"model_id": "x.y", "by_output_modality": "TEXT"}, "mutually exclusive"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_options(
    play: Play, host: Host, credentials: dict[str, Any], module: str, options: dict[str, Any], says: str
) -> None:
    refused(play, module, {**credentials, **options}, says)
    assert host.sandbox.count() == 0
