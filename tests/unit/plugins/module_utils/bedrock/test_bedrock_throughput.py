# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only provisioned throughput has: the hourly charge, commitments, units, base models, other names."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    DriftError,
    FineTuneError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.serving_host import (
    ServedByUnits,
    ServingHost,
)

BASE = "amazon.nova-lite-v1:0:300k"
COMMITTED: dict[str, Any] = {"commitment_duration": "OneMonth", "accept_commitment": "OneMonth"}
MONTH = 31 * 86400.0


@pytest.fixture
def served(serving_host: ServingHost) -> ServedByUnits:
    """A host with three models of one base, and units with a commitment."""
    serving_host.sandbox.aws.settings(committed_units=10)
    return ServedByUnits(serving_host)


def failure(kind: type[FineTuneError], says: str, task: Any, *args: Any, **options: Any) -> FineTuneError:
    with pytest.raises(kind, match=says) as caught:
        task(*args, **options)
    return caught.value


class TestHourly:
    """The preview says what will be charged by the hour."""

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_until_it_is_deleted(self, served: ServedByUnits, check_mode: bool) -> None:
        result = served.present(model_units=2, check_mode=check_mode)
        assert result["hourly"] == "2 model units"
        said = "chat: 2 model units are charged by the hour from its creation, until it is deleted."
        assert said in served.host.warnings

    def test_nothing_is_said_where_nothing_begins(self, served: ServedByUnits) -> None:
        served.present()
        result = served.present()
        assert (result["hourly"], served.host.warnings) == ("1 model unit", [])
        assert served.task(state="absent")["hourly"] is None

    def test_what_goes_on_costing(self, served: ServedByUnits) -> None:
        served.make()
        served.host.error(served.delete, 403, "AccessDeniedException", "no")
        assert "goes on being charged by the hour" in failure(ApiError, "403", served.task, state="absent").hint

    def test_units_are_needed(self, served: ServedByUnits) -> None:
        for check_mode in (True, False):
            failure(InvalidInput, "model_units is missing", served.present, model_units=None, check_mode=check_mode)
        assert served.there == []

    @pytest.mark.parametrize("units", [0, -1])
    def test_units_out_of_bounds(self, served: ServedByUnits, units: int) -> None:
        failure(InvalidInput, f"model_units is {units}", served.present, model_units=units)
        assert served.host.sandbox.count() == 0


class TestCommitment:
    def test_never_without_its_acceptance(self, served: ServedByUnits) -> None:
        for check_mode in (True, False):
            error = failure(
                InvalidInput,
                "charged by the hour for one month, and cannot be deleted before",
                served.present,
                commitment_duration="OneMonth",
                check_mode=check_mode,
            )
        assert ("accept_commitment: OneMonth" in error.hint, served.wrote(), served.there) == (True, [], [])

    @pytest.mark.parametrize("term", [None, "SixMonths"])
    def test_the_same_value_is_accepted(self, served: ServedByUnits, term: str | None) -> None:
        options = {"commitment_duration": term, "accept_commitment": "OneMonth"}
        failure(InvalidInput, "accept_commitment is OneMonth", served.present, **options)
        assert served.host.sandbox.count() == 0

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_made(self, served: ServedByUnits, check_mode: bool) -> None:
        result = served.present(**COMMITTED, check_mode=check_mode)
        assert (result["action"], result["hourly"]) == ("create", "1 model unit, with a commitment of one month")
        assert any("for one month at least; it cannot be deleted before" in said for said in served.host.warnings)

    def test_found_again_without_its_acceptance(self, served: ServedByUnits) -> None:
        served.present(**COMMITTED)
        assert served.present(commitment_duration="OneMonth")["changed"] is False
        assert served.present()["changed"] is False

    def test_units_that_were_not_granted(self, served: ServedByUnits) -> None:
        served.host.sandbox.aws.settings(committed_units=0)
        error = failure(ApiError, "quota", served.present, **COMMITTED)
        assert (error.facts["changed"], "higher quota" in error.hint) == (False, True)

    def test_it_cannot_be_ended_early(self, served: ServedByUnits) -> None:
        end = served.present(**COMMITTED)["commitment_expiration_time"]
        served.host.sandbox.clear_log()
        for check_mode in (True, False):
            error = failure(
                ApiError, "cannot be deleted: It is committed", served.task, state="absent", check_mode=check_mode
            )
        assert (end[:10] in error.message, served.wrote(), error.facts["changed"]) == (True, [], False)

    def test_after_its_end_it_is_deleted(self, served: ServedByUnits) -> None:
        served.present(**COMMITTED)
        served.host.sandbox.advance(MONTH)
        assert served.task(state="absent")["changed"] is True
        assert served.there == []

    def test_its_model_is_changed(self, served: ServedByUnits) -> None:
        served.present(**COMMITTED)
        assert served.present(served.second)["action"] == "update"

    @pytest.mark.parametrize("retry_failed", [True, False])
    def test_failed_it_is_refused_always(self, served: ServedByUnits, retry_failed: bool) -> None:
        served.host.sandbox.aws.scenario("fail_creation", message="No capacity.")
        served.make(commitmentDuration="OneMonth")
        for check_mode in (True, False):
            failure(ApiError, "It is committed", served.present, retry_failed=retry_failed, check_mode=check_mode)
        assert served.wrote() == []


class TestNeverReplaced:
    @pytest.mark.parametrize("wait", [True, False])
    @pytest.mark.parametrize(
        ("options", "says"),
        [({"model_units": 2}, "model_units: 1 -> 2"), (COMMITTED, "commitment_duration: none -> OneMonth")],
    )
    def test_refused(self, served: ServedByUnits, wait: bool, options: dict[str, Any], says: str) -> None:
        served.make(wait=wait)
        for check_mode in (True, False):
            error = failure(DriftError, says, served.present, check_mode=check_mode, **options)
        assert ("never replaced" in error.hint, served.wrote()) == (True, [])

    def test_a_model_of_another_base(self, served: ServedByUnits) -> None:
        served.make()
        micro = served.host.trained("micro", base_model="amazon.nova-micro-v1:0")
        served.host.sandbox.clear_log()
        for check_mode in (True, False):
            failure(DriftError, "foundation_model_arn: ", served.present, micro, check_mode=check_mode)
        assert served.wrote() == []


class TestBaseModels:
    def test_by_its_id(self, served: ServedByUnits) -> None:
        result = served.present(BASE)
        assert (result["action"], result["model_arn"].rpartition("/")[2]) == ("create", BASE)
        assert served.present(BASE)["changed"] is False
        assert served.present(result["model_arn"])["changed"] is False

    def test_its_model_cannot_be_changed(self, served: ServedByUnits) -> None:
        served.make(BASE)
        for check_mode in (True, False):
            failure(DriftError, "base_model_arn: ", served.present, check_mode=check_mode)
        assert served.wrote() == []

    def test_from_a_custom_model_to_its_base(self, served: ServedByUnits) -> None:
        served.make()
        assert served.present(BASE)["action"] == "update"
        assert served.present(BASE)["changed"] is False


class TestNames:
    def test_renamed_by_its_arn(self, served: ServedByUnits) -> None:
        arn = served.make()
        result = served.task("talk", provisioned_model_arn=arn)
        assert (result["action"], result["id"], result["provisioned_model_name"]) == ("update", arn, "talk")
        assert [each.name for each in served.there] == ["talk"]
        assert served.task("talk", provisioned_model_arn=arn)["changed"] is False

    def test_name_and_model_in_one_request(self, served: ServedByUnits) -> None:
        arn = served.make()
        result = served.task("talk", provisioned_model_arn=arn, model_arn=served.second)
        assert (result["model_arn"], result["name"], served.wrote()) == (served.second, "talk", [served.update])

    def test_a_name_that_is_in_use(self, served: ServedByUnits) -> None:
        arn = served.make()
        served.task("talk", model_arn=served.model, model_units=1)
        served.host.sandbox.clear_log()
        for check_mode in (True, False):
            failure(
                InvalidInput, "names are unique", served.task, "talk", provisioned_model_arn=arn, check_mode=check_mode
            )
        assert served.wrote() == []

    def test_the_old_name_is_free_again(self, served: ServedByUnits) -> None:
        """AWS answers the token of the first request with what is called otherwise now."""
        first = served.present()["id"]
        served.task("talk", provisioned_model_arn=first)
        second = served.present()
        assert (second["action"], second["id"] != first, len(served.there)) == ("create", True, 2)


class TestTerraform:
    """The steps of the acceptance tests of Terraform's resource, as tasks."""

    def test_basic_and_import(self, served: ServedByUnits) -> None:
        wanted = {"model_arn": BASE, "model_units": 1}
        made = served.task("tf", **wanted)
        assert (made["provisioned_model_name"], made["model_units"]) == ("tf", 1)
        assert made["commitment_duration"] is None
        assert made["provisioned_model_arn"].startswith("arn:aws:bedrock:us-east-1:")
        assert served.task("tf", **wanted)["changed"] is False
        adopted = served.task(None, provisioned_model_arn=made["id"], **wanted)
        assert (adopted["changed"], adopted["name"]) == (False, "tf")

    def test_disappears(self, served: ServedByUnits) -> None:
        """It is planned again."""
        wanted = {"model_arn": BASE, "model_units": 1}
        first = served.task("chat", **wanted)["id"]
        served.remove()
        assert served.task("chat", check_mode=True, **wanted)["action"] == "create"
        assert served.task("chat", **wanted)["id"] != first

    def test_tags(self, served: ServedByUnits) -> None:
        wanted = {"model_arn": BASE, "model_units": 1}
        made = served.task("tf", tags={"key1": "value1"}, **wanted)
        for tags in ({"key1": "value1updated", "key2": "value2"}, {"key2": "value2"}):
            result = served.task("tf", tags=tags, **wanted)
            assert (result["action"], result["tags"], result["id"]) == ("update", tags, made["id"])
            assert served.task("tf", tags=tags, **wanted)["changed"] is False
        assert served.task("tf", state="absent")["changed"] is True
