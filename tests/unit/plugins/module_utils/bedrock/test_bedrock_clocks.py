# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a clock that is off must not do."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import Host


@pytest.mark.parametrize("off", [-600.0, 0.0, 600.0])
def test_h1_a_model_that_is_shown_late_is_waited_for_whatever_this_clock_says(
    host: Host, monkeypatch: pytest.MonkeyPatch, off: float
) -> None:
    """The library corrects the time of its signatures, so that such a machine works."""
    uri = host.data()
    made = host.wanted(uri)
    for operation in ("bedrock.ListTagsForResource", "bedrock.GetCustomModel"):
        host.error(operation, 404, "ResourceNotFoundException", "not found", times=4)
    host.sandbox.fault("bedrock.ListCustomModels", status=200, body={"modelSummaries": []}, times=4)
    true = host.clock.time
    monkeypatch.setattr(host.clock, "time", lambda: true() + off)
    again = host.wanted(uri)
    assert (again["action"], again["run_id"]) == ("none", made["run_id"])
    assert host.sandbox.count("bedrock.CreateModelCustomizationJob") == 1
