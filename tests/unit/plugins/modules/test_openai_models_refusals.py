# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_fine_tuned_model and its _info as wholes: what is wrong in a task is told before any request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play, refused

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

WANTED = {"name": "wrong", "model": "gpt-4o-mini", "training_file": "file-AbCdEfGhIjKlMnOpQrStUv"}


@pytest.fixture
def auth(still_sandbox: Sandbox) -> dict[str, Any]:
    return {"api_key": still_sandbox.api_key, "base_url": still_sandbox.openai_url, "api_type": "openai"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": None}, "one of the following is required: name, job_id"),
        ({"seed": "many"}, "seed.* convert to int"),
        ({"method": {"dpo": {}}}, "missing required arguments: type"),
        (
            {"method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "string_check"}}}},
            "validation_file is missing",
        ),
        ({"integrations": [{"type": "other"}]}, "type must be one of"),
        ({"state": "there"}, "state must be one of"),
        ({"retrain": "always"}, "retrain must be one of"),
        ({"wait_timeout": "long"}, "wait_timeout.* convert to int"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_model(
    play: Play, still_sandbox: Sandbox, auth: dict[str, Any], options: dict[str, Any], says: str, check_mode: bool
) -> None:
    refused(play, "openai_fine_tuned_model", {**auth, **WANTED, **options}, says, check_mode)
    assert still_sandbox.count() == 0


@pytest.mark.parametrize(
    ("options", "says", "requests"),
    [
        ({"job_id": "ftjob-AbCdEfGhIjKlMnOpQrStUvWx"}, "ftjob-AbCdEfGhIjKlMnOpQrStUvWx.*HTTP 404", 1),
        ({"limit": -1}, "limit is -1", 0),
        ({"job_id": "ftjob-1", "name": "bot"}, "mutually exclusive", 0),
    ],
)
def test_info(
    play: Play, still_sandbox: Sandbox, auth: dict[str, Any], options: dict[str, Any], says: str, requests: int
) -> None:
    refused(play, "openai_fine_tuned_model_info", {**auth, **options}, says)
    assert still_sandbox.count() == requests


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"checkpoint": None}, "one of the following is required: checkpoint, name"),
        ({"name": "bot"}, "mutually exclusive"),
        ({"state": "shared"}, "state must be one of"),
        ({"projects": None}, "projects is missing"),
        ({"admin_api_key": None}, "admin_api_key is missing"),
    ],
)
def test_permission(
    play: Play, still_sandbox: Sandbox, auth: dict[str, Any], options: dict[str, Any], says: str
) -> None:
    given = {"checkpoint": "ft:gpt-4o-mini:acme::1", "projects": ["proj_a"], "admin_api_key": still_sandbox.admin_key}
    refused(play, "openai_checkpoint_permission", {**auth, **given, **options}, says)
    assert still_sandbox.count() == 0
