# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole modules in front of what is no API: one clear error, and valid JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.clock import Clock
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + "secret " * 999 + "</body></html>"
BODIES = {"page": PAGE, "object": {}, "empty": "", "null": "null", "brackets": "[" * 100_000, "digits": "9" * 5000}


@pytest.fixture(autouse=True)
def _no_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)


def _told(result: dict[str, Any]) -> None:
    assert result["failed"] and result["changed"] is False
    assert "not one of" in result["msg"] and result["msg"].isprintable()
    assert "secret" not in result["msg"] and "<" not in result["msg"]


@pytest.mark.parametrize("body", BODIES)
def test_e1_openai_modules_in_front_of_a_proxy(still_sandbox: Sandbox, play: Play, body: str) -> None:
    auth = {"api_key": still_sandbox.api_key, "base_url": still_sandbox.openai_url, "api_type": "openai"}
    still_sandbox.fault("openai.*", status=200, body=BODIES[body])
    _told(play("openai_fine_tuned_model_info", auth))
    _told(play("openai_fine_tuned_model", {**auth, "name": "bot", "state": "absent"}))
    _told(play("openai_dataset", {**auth, "file_id": "file-abc", "state": "absent"}))
    model = {"checkpoint": "ft:gpt-4o-mini:acme::1", "admin_api_key": still_sandbox.admin_key}
    _told(play("openai_checkpoint_permission_info", {**auth, **model}))
    _told(play("openai_checkpoint_permission", {**auth, **model, "projects": ["proj_a"]}))


@pytest.mark.parametrize("body", BODIES)
def test_e1_bedrock_modules_in_front_of_a_proxy(host: Host, credentials: dict[str, Any], play: Play, body: str) -> None:
    host.sandbox.fault("*", status=200, body=BODIES[body])
    _told(play("bedrock_custom_model_info", credentials))
    _told(play("bedrock_foundation_model_info", credentials))
    _told(play("bedrock_custom_model", {**credentials, "custom_model_name": "bot", "state": "absent"}))
