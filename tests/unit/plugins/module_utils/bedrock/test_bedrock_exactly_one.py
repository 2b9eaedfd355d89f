# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one job that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)


def test_an_edited_request_after_a_lost_answer(host: Host) -> None:
    """The token of the first was for other tags: the job of the first is found all the same."""
    uri = host.data()
    started = host.wanted(uri, wait=False)
    empty = {"modelCustomizationJobSummaries": []}
    host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=empty, times=3)
    result = host.wanted(uri, tags={"team": "support"})
    assert (result["job_arn"], result["tags"]) == (started["job_arn"], {"team": "support"})
    assert host.paid() == [started["job_arn"]]


def test_v3_an_object_that_a_proxy_answers_for_makes_no_other_request(host: Host) -> None:
    """The names of job and model come from what is in the data."""
    uri = host.put(converse_lines())
    host.sandbox.fault("s3.HeadObject", status=200, body="", headers={"Content-Type": "text/html"})
    with pytest.raises(FineTuneError):
        host.wanted(uri)
    assert host.jobs() == []


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
