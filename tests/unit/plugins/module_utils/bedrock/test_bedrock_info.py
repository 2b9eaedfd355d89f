# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model_info and bedrock_foundation_model_info against the sandbox."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._bedrock import jobs
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput, NotVisible, Refused
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    BASE,
    PREFIX,
    Host,
    converse_lines,
)


class TestCustomModels:
    def test_everything(self, host: Host) -> None:
        made = host.wanted(host.data(), tags={"team": "support"})
        found = host.info()
        assert found["changed"] is False
        assert [job["job_arn"] for job in found["jobs"]] == [made["job_arn"]]
        assert [model["model_arn"] for model in found["models"]] == [made["custom_model_arn"]]

    @pytest.mark.parametrize("by", ["job_arn", "job_name"])
    def test_one_job_in_full(self, host: Host, by: str) -> None:
        made = host.wanted(host.data(), tags={"team": "support"})
        job = host.info(job_identifier=made[by], steps=True)["jobs"][0]
        assert (job["name"], job["tags"]) == ("support-bot", {"team": "support"})
        assert job["training_metrics"] == made["training_metrics"][0]
        assert job["steps"]["training"][-1]["training_loss"] == made["metrics"]["training_loss"]
        assert job["training_sha256"]
        assert PREFIX not in str(job)

    def test_one_model_in_full(self, host: Host) -> None:
        made = host.wanted(host.data(), tags={"team": "support"})
        found = host.info(model_identifier="support-bot")
        assert (found["jobs"], found["models"][0]["job_arn"]) == ([], made["job_arn"])
        assert (found["models"][0]["name"], found["models"][0]["tags"]) == ("support-bot", {"team": "support"})

    def test_what_is_not_there(self, host: Host) -> None:
        assert host.info() == {"changed": False, "jobs": [], "models": []}
        with pytest.raises(NotVisible):
            host.info(job_identifier="nothing-here")
        with pytest.raises(NotVisible):
            host.info(model_identifier="nothing-here")

    def test_all_pages_and_limit(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "_PAGE", 50)
        host.sandbox.aws.seed(jobs=120)
        assert len(host.info(gather=["jobs"])["jobs"]) == 120
        assert host.sandbox.count("bedrock.ListModelCustomizationJobs") == 3
        host.sandbox.clear_log()
        found = host.info(limit=7)
        assert (len(found["jobs"]), len(found["models"])) == (7, 7)
        assert host.sandbox.count() == 2

    def test_gather(self, host: Host) -> None:
        host.wanted(host.data())
        host.sandbox.clear_log()
        assert host.info(gather=["models"])["jobs"] == []
        assert host.sandbox.count("bedrock.ListModelCustomizationJobs") == 0

    def test_filters(self, host: Host) -> None:
        host.sandbox.aws.seed(jobs=[{"status": status} for status in ("Completed", "Failed", "Stopped")])
        failed = host.info(gather=["jobs"], status_equals="Failed")["jobs"]
        assert [job["status"] for job in failed] == ["Failed"]
        assert host.info(name_contains="nothing-like-it")["jobs"] == []
        now = datetime.fromtimestamp(host.clock.time(), timezone.utc)
        assert host.info(gather=["jobs"], creation_time_after=now.isoformat())["jobs"] == []
        assert len(host.info(gather=["jobs"], creation_time_before=now.isoformat())["jobs"]) == 3
        arn = f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}"
        assert len(host.info(gather=["models"], foundation_model_arn_equals=arn)["models"]) <= 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"limit": -1}, "limit is -1"),
            ({"creation_time_after": "yesterday"}, "creation_time_after is 'yesterday'"),
            ({"name_contains": "no name"}, "name_contains"),
            ({"base_model_arn_equals": "nova"}, "base_model_arn_equals"),
            ({"job_identifier": "check-mode:job:bot"}, "check mode made up"),
        ],
        ids=lambda value: None if isinstance(value, str) else "-".join(value),
    )
    def test_bad_options(self, host: Host, options: dict[str, Any], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            host.info(**options)
        assert host.sandbox.count() == 0

    def test_what_check_mode_made_up_is_nothing_yet(self, host: Host) -> None:
        assert host.info(job_identifier="check-mode:job:bot", check_mode=True)["jobs"] == []

    def test_refused(self, host: Host) -> None:
        host.error("bedrock.ListModelCustomizationJobs", 403, "AccessDeniedException", "not for you")
        with pytest.raises(Refused, match=r"Listing the customization jobs: not for you \(HTTP 403"):
            host.info()

    def test_adopting_what_it_finds(self, host: Host) -> None:
        arn = host.by_hand(host.data(converse_lines()), "terraform")
        host.sandbox.advance(1000)
        job = host.info(job_identifier=arn)["jobs"][0]
        assert (job["name"], job["tags"]) == (None, {})
        assert host.model(None, job_arn=job["job_arn"])["changed"] is False


class TestFoundationModels:
    def test_what_can_be_customised(self, host: Host) -> None:
        found = {model["model_id"]: model for model in host.foundation(customizable=True)}
        assert found
        nova = next(model for name, model in found.items() if name.startswith("amazon.nova-lite"))
        assert nova["hyperparameters"]["epochCount"] == {"minimum": 1, "maximum": 5}
        assert "bedrock_converse" in nova["dataset_formats"]
        assert "FINE_TUNING" in nova["customizations_supported"]
        others = {model["model_id"] for model in host.foundation(customizable=False)}
        assert others
        assert not others & set(found)
        assert len(host.foundation()) == len(others) + len(found)

    def test_one(self, host: Host) -> None:
        (model,) = host.foundation(model_id=BASE)
        assert model["model_lifecycle"]["status"] == "ACTIVE"
        assert "end_of_life_time" in model
        with pytest.raises(Refused):
            host.foundation(model_id="amazon.no-such-model-v1:0")

    def test_filters(self, host: Host) -> None:
        providers = {model["provider_name"] for model in host.foundation(by_provider="Amazon")}
        assert providers == {"Amazon"}
        distilled = host.foundation(by_customization_type="DISTILLATION")
        assert all("DISTILLATION" in model["customizations_supported"] for model in distilled)
        with pytest.raises(InvalidInput, match="by_provider"):
            host.foundation(by_provider="no such provider!")
