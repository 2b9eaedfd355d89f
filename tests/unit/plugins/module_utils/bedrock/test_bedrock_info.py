# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""bedrock_custom_model_info and bedrock_foundation_model_info against the sandbox."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import ApiError, InvalidInput, NotFound
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import jobs
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
        for kind in ("job", "model"):
            with pytest.raises(NotFound, match="nothing-here.*HTTP 404"):
                host.info(**{f"{kind}_identifier": "nothing-here"})

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

    def test_filters_together(self, host: Host) -> None:
        """Each but one of these does not match one filter."""
        nova = f"arn:aws:bedrock:us-east-1::foundation-model/{BASE}"
        pro = "amazon.nova-pro-v1:0:300k"
        old = {"status": "Completed", "base_model": BASE}
        host.sandbox.aws.seed(
            jobs=[
                {**old, "job_name": "bot-1", "model_name": "bot-1"},
                {**old, "job_name": "bot-2", "model_name": "bot-2", "base_model": pro},
                {**old, "job_name": "other", "model_name": "other"},
                {**old, "job_name": "bot-3", "model_name": "bot-3", "status": "Failed"},
                {**old, "job_name": "bot-4", "model_name": "bot-4", "ago": 30 * 86400},
            ]
        )
        since = datetime.fromtimestamp(host.clock.time() - 7 * 86400, timezone.utc).isoformat()
        given = {"name_contains": "bot", "creation_time_after": since, "gather": ["models"]}
        for base in ("base_model_arn_equals", "foundation_model_arn_equals"):
            found = host.info(**given, **{base: nova}, model_status="Active", is_owned=True)["models"]
            assert [model["model_name"] for model in found] == ["bot-1"]
        given["gather"] = ["jobs"]
        assert {job["job_name"] for job in host.info(**given)["jobs"]} == {"bot-1", "bot-2", "bot-3"}
        assert [job["job_name"] for job in host.info(**given, status_equals="Failed")["jobs"]] == ["bot-3"]
        assert len(host.info(**given, limit=2)["jobs"]) == 2

    def test_details(self, host: Host) -> None:
        made = host.wanted(host.data(), tags={"team": "support"})
        found = host.info(name_contains="support-bot", details=True)
        for kind, its in (("jobs", "job_arn"), ("models", "custom_model_arn")):
            (one,) = found[kind]
            assert (one["name"], one["tags"], one["job_arn"]) == ("support-bot", {"team": "support"}, made["job_arn"])
            assert made[its] in one.values()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"name_contains": "no name"}, "name_contains"),
            ({"base_model_arn_equals": "nova"}, "base_model_arn_equals"),
            ({"job_identifier": "check-mode:job:bot"}, "a placeholder of check mode"),
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
        with pytest.raises(ApiError, match=r"Listing the customization jobs: not for you \(HTTP 403"):
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
        with pytest.raises(ApiError, match="amazon.no-such-model-v1:0.*HTTP 404"):
            host.foundation(model_id="amazon.no-such-model-v1:0")
        with pytest.raises(InvalidInput, match="model_id is 'no model'"):
            host.foundation(model_id="no model")

    def test_of_another_region(self, host: Host) -> None:
        """What can be trained differs."""
        west = host.foundation(region="us-west-2", customizable=True)
        assert [model for model in west if "llama3-1-8b" in model["model_id"]]
        assert not [model for model in host.foundation(customizable=True) if "llama3-1-8b" in model["model_id"]]

    def test_filters(self, host: Host) -> None:
        providers = {model["provider_name"] for model in host.foundation(by_provider="Amazon")}
        assert providers == {"Amazon"}
        distilled = host.foundation(by_customization_type="DISTILLATION")
        assert distilled
        assert all("DISTILLATION" in model["customizations_supported"] for model in distilled)
        provisioned = host.foundation(by_inference_type="PROVISIONED", by_output_modality="TEXT", by_provider="Amazon")
        assert provisioned
        assert len(provisioned) < len(host.foundation(by_provider="Amazon"))
        assert all("PROVISIONED" in model["inference_types_supported"] for model in provisioned)
        assert all("TEXT" in model["output_modalities"] for model in provisioned)
        with pytest.raises(InvalidInput, match="by_provider"):
            host.foundation(by_provider="no such provider!")
