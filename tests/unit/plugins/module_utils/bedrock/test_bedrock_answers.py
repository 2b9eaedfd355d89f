# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no answer of AWS: pages of proxies, listings without an end, redirects to other hosts."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, NoAnswer
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit import info
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
)

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + "secret " * 999 + "</body></html>"
HTML = {"Content-Type": "text/html"}
CREATE = "bedrock.CreateModelCustomizationJob"


@pytest.mark.parametrize("body", [{}, "", "null", [], PAGE])
def test_e2_a_look_whose_answer_is_none_is_done_again(host: Host, body: object) -> None:
    uri = host.data()
    host.sandbox.fault("bedrock.GetModelCustomizationJob", status=200, body=body, times=2)
    assert host.wanted(uri)["status"] == "Completed"
    assert len(host.paid()) == 1


def test_e1_a_listing_that_begins_again_has_no_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "_PAUSES", ())
    host.sandbox.fault("bedrock.ListCustomModels", status=200, body={"modelSummaries": [], "nextToken": "a"})
    with pytest.raises(NoAnswer, match="again and again"):
        host.info(gather=["models"])


def test_e1_a_refusal_without_a_body_stays_one(host: Host) -> None:
    host.sandbox.fault("bedrock.*", status=403, body=[])
    with pytest.raises(ApiError, match="HTTP 403"):
        host.model(state="absent", wait=False)
