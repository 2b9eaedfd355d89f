# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exactly one job that is paid for, whatever happens to the answers, the controller, or beside it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    names,
)

CREATE = "bedrock.CreateModelCustomizationJob"
RETRAIN: dict[str, Any] = {"retrain": "on_change"}


def test_an_edited_request_after_a_lost_answer(host: Host) -> None:
    """The token of the first was for other tags: the job of the first is found all the same."""
    uri = host.data()
    started = host.wanted(uri, wait=False)
    empty = {"modelCustomizationJobSummaries": []}
    host.sandbox.fault("bedrock.ListModelCustomizationJobs", status=200, body=empty, times=3)
    result = host.wanted(uri, tags={"team": "support"})
    assert (result["job_arn"], result["tags"]) == (started["job_arn"], {"team": "support"})
    assert host.paid() == [started["job_arn"]]


# -- in slices, as the action plugin works ---------------------------------------------------------------------


# -- other processes -------------------------------------------------------------------------------------------


def test_two_different_wishes_at_once(host: Host) -> None:
    """They are not one intent: one job is made, and the other task is told of it."""
    uri, other = host.data(), host.data(converse_lines(topic="letters"), "letters")
    for name in names():
        host.sandbox.fault("bedrock.ListModelCustomizationJobs", delay=0.05, times=2)
        answers = host.together(partial(host.also().wanted, uri, name), partial(host.also().wanted, other, name))
        errors = [answer for answer in answers if isinstance(answer, FineTuneError)]
        results = [answer for answer in answers if isinstance(answer, dict)]
        assert (len(errors), len(results)) == (1, 1)
        assert "training_data_config" in errors[0].text()
        assert host.paid(name) == [results[0]["job_arn"]]


def test_v3_an_object_that_a_proxy_answers_for_makes_no_other_request(host: Host) -> None:
    """The names of job and model come from what is in the data."""
    uri = host.put(converse_lines())
    host.sandbox.fault("s3.HeadObject", status=200, body="", headers={"Content-Type": "text/html"})
    with pytest.raises(FineTuneError):
        host.wanted(uri)
    assert host.jobs() == []
