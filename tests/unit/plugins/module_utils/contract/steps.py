# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that all rows are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource

Task = Callable[..., dict[str, Any]]


def foreseen(resource: Resource, task: Task, **options: Any) -> dict[str, Any]:
    """The result of a task, after check mode has foreseen it and written nothing."""
    resource.clear()
    before = task(**options, check_mode=True)
    assert resource.wrote() == []
    result = task(**options)
    assert (before["changed"], before["action"]) == (result["changed"], result["action"])
    assert before.get("diff") == result.get("diff")
    return result


def refused(resource: Resource, error: type[FineTuneError], task: Task, **options: Any) -> FineTuneError:
    """The error of a task that changes nothing; check mode says the same."""
    resource.clear()
    with pytest.raises(error) as before:
        task(**options, check_mode=True)
    with pytest.raises(error) as caught:
        task(**options)
    assert resource.wrote() == []
    assert caught.value.facts["changed"] is False
    assert (before.value.message, before.value.hint) == (caught.value.message, caught.value.hint)
    return caught.value


def unchanged(resource: Resource, run_id: str, task: Task, **options: Any) -> dict[str, Any]:
    """The result of a task that finds what it wants: nothing is written."""
    resource.clear()
    for check_mode in (True, False):
        result = task(**options, check_mode=check_mode)
        assert (result["changed"], result["action"], result["run_id"]) == (False, "none", run_id)
    assert resource.wrote() == []
    return result
