# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no answer of AWS: pages of proxies, listings without an end, redirects to other hosts."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, FineTuneError, NoAnswer
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit import info
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    Host,
    converse_lines,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Elsewhere

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + "secret " * 999 + "</body></html>"
HTML = {"Content-Type": "text/html"}
CREATE = "bedrock.CreateModelCustomizationJob"


@pytest.mark.parametrize("body", [{}, "", None, [], "null", PAGE])
def test_e2_a_job_whose_answer_is_none_is_found(host: Host, body: object) -> None:
    uri = host.data()
    host.sandbox.fault(CREATE, status=200, body="null" if body is None else body, when="after", times=1)
    result = host.wanted(uri)
    assert (result["changed"], result["status"]) == (True, "Completed")
    assert len(host.paid()) == 1


@pytest.mark.parametrize("body", [{}, "", "null", [], PAGE])
def test_e2_a_look_whose_answer_is_none_is_done_again(host: Host, body: object) -> None:
    uri = host.data()
    host.sandbox.fault("bedrock.GetModelCustomizationJob", status=200, body=body, times=2)
    assert host.wanted(uri)["status"] == "Completed"
    assert len(host.paid()) == 1


def test_e2_a_listing_that_is_none_is_no_empty_one(host: Host) -> None:
    """An account without jobs is shown by an empty list, not by nothing."""
    host.wanted(host.data())
    host.sandbox.fault("bedrock.List*", status=200, body={})
    with pytest.raises(NoAnswer, match="modelCustomizationJobSummaries is missing"):
        host.wanted(host.data())
    assert len(host.paid()) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_e3_an_html_error_page_is_named_and_not_quoted(host: Host, status: int) -> None:
    host.sandbox.fault("*", status=status, body=PAGE, headers=HTML)
    with pytest.raises(FineTuneError) as caught:
        host.model(state="absent", wait=False)
    assert "secret" not in caught.value.text() and "<" not in caught.value.text()
    if status < 500:
        assert "an HTML page ('Sign in') was answered" in caught.value.text()
    with pytest.raises(FineTuneError) as caught:
        host.dataset(converse_lines())
    assert "secret" not in caught.value.text() and "<" not in caught.value.text()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_o4_data_never_follow_a_redirect(host: Host, status: int) -> None:
    with Elsewhere() as other:
        host.sandbox.fault("*", status=status, body="", headers={"Location": other.url})
        for task in (lambda: host.dataset(converse_lines()), lambda: host.model(state="absent", wait=False)):
            with pytest.raises(FineTuneError, match="answered with a redirect to 127.0.0.1:.* are sent there"):
                task()
        host.sandbox.clear_faults()
        host.sandbox.fault("s3.PutObject", status=status, body="", headers={"Location": other.url})
        with pytest.raises(FineTuneError):
            host.dataset(converse_lines())
        assert other.got == []


def test_e1_a_listing_that_begins_again_has_no_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "_PAUSES", ())
    host.sandbox.fault("bedrock.ListCustomModels", status=200, body={"modelSummaries": [], "nextToken": "a"})
    with pytest.raises(NoAnswer, match="again and again"):
        host.info(gather=["models"])


@pytest.mark.parametrize("value", ["soon", "1e300", "-5", "9" * 400, "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_e1_a_pause_of_nonsense(host: Host, value: str) -> None:
    uri = host.data()
    host.sandbox.fault(CREATE, status=429, headers={"Retry-After": value}, times=2)
    assert host.wanted(uri)["status"] == "Completed"


def test_e1_a_refusal_without_a_body_stays_one(host: Host) -> None:
    host.sandbox.fault("bedrock.*", status=403, body=[])
    with pytest.raises(ApiError, match="HTTP 403"):
        host.model(state="absent", wait=False)
