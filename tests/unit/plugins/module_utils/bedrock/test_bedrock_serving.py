# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What serves a model, deployments and throughputs alike: each row of the table of what `state: present` does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    RunFailed,
    TimedOut,
    TransientError,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import PREFIX
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.serving_host import (
    Served,
    ServedByUnits,
    ServingHost,
)


@pytest.fixture(params=[Served, ServedByUnits], ids=["deployment", "throughput"])
def served(request: pytest.FixtureRequest, serving_host: ServingHost) -> Served:
    """Each kind, at a fresh host with three models of one base."""
    made: Served = request.param(serving_host)
    return made


def failure(kind: type[FineTuneError], says: str, task: Any, *args: Any, **options: Any) -> FineTuneError:
    with pytest.raises(kind, match=says) as caught:
        task(*args, **options)
    return caught.value


class TestNone:
    def test_it_is_created_and_serves(self, served: Served) -> None:
        result = served.present(tags={"team": "support"})
        assert (result["action"], result["changed"], result["status"]) == ("create", True, served.ready)
        assert (result["model_arn"], served.serves) == (served.model, [served.model])
        assert result["tags"] == {"team": "support"}
        assert served.host.tags(result["id"]) == {"team": "support", f"{PREFIX}name": "chat"}

    def test_check_mode_writes_nothing(self, served: Served) -> None:
        result = served.present(check_mode=True)
        assert (result["action"], result["changed"], result["status"]) == ("create", True, "check-mode")
        assert result["id"] == result[served.key] == f"check-mode:{served.kind}:chat"
        assert result["model_arn"] == served.model
        assert (served.wrote(), served.there) == ([], [])

    def test_without_waiting(self, served: Served) -> None:
        result = served.present(wait=False)
        assert (result["action"], result["status"], len(served.there)) == ("create", "Creating", 1)

    def test_a_model_is_needed(self, served: Served) -> None:
        for check_mode in (True, False):
            failure(InvalidInput, "model_arn is missing", served.task, check_mode=check_mode)
        assert served.there == []

    def test_a_model_that_is_not_there(self, served: Served) -> None:
        gone = f"{served.model[:-4]}0000"
        for check_mode in (True, False):
            error = failure(ApiError, "there is no custom model", served.present, gone, check_mode=check_mode)
            assert error.facts["changed"] is False
        assert served.wrote() == []

    def test_a_model_that_is_not_ready(self, served: Served) -> None:
        source = {"s3DataSource": {"s3Uri": "s3://customer-escrow/run/"}}
        made = served.host.client().create_custom_model(modelName="new", modelSourceConfig=source)
        served.host.sandbox.clear_log()
        failure(ApiError, "is Creating, not Active", served.present, made["modelArn"])
        assert served.wrote() == []

    def test_the_quota_is_no_reason_to_wait(self, served: Served) -> None:
        served.host.sandbox.aws.settings(units=0, deployments=0)
        start = served.host.clock.time()
        error = failure(ApiError, "quota", served.present)
        assert (error.facts["changed"], served.host.clock.time() - start < 5) == (False, True)
        assert "Ask AWS for a higher quota" in error.hint

    def test_the_name_is_in_use_before_reads_show_it(self, served: Served) -> None:
        """Another task was faster: what it made is found, and no second one is made."""
        served.make()
        spec = {"status": 404, "body": {"message": "no"}, "headers": {"x-amzn-ErrorType": "ResourceNotFoundException"}}
        get = served.create.replace("Create", "Get")
        served.host.sandbox.fault(get, times=1, **spec)
        listed = served.create.replace("Create", "List") + "s"
        empty = {"modelDeploymentSummaries": [], "provisionedModelSummaries": []}
        key = "modelDeploymentSummaries" if served.kind == "deployment" else "provisionedModelSummaries"
        served.host.sandbox.fault(listed, times=1, status=200, body={key: empty[key]})
        result = served.present()
        assert (result["changed"], result["action"], len(served.there)) == (False, "none", 1)

    def test_made_again_and_again_under_one_name(self, served: Served) -> None:
        """AWS answers a token that it knows with what it has made, although that is deleted."""
        arns = set()
        for _round in range(6):
            result = served.present()
            assert (result["action"], result["status"]) == ("create", served.ready)
            arns.add(result["id"])
            assert served.task(state="absent")["changed"] is True
        assert (len(arns), served.there) == (6, [])


class TestBeingDeleted:
    def test_it_is_waited_for_then_made(self, served: Served) -> None:
        first = served.make()
        if served.kind == "throughput":
            pytest.skip("A throughput is gone at once.")
        served.remove()
        result = served.present()
        assert (result["action"], result["status"], result["id"] != first) == ("create", served.ready, True)

    def test_absent_waits_for_it(self, served: Served) -> None:
        served.make()
        served.remove()
        served.task(state="absent")
        assert served.there == []


class TestUpdating:
    def test_to_what_is_desired(self, served: Served) -> None:
        arn = served.make()
        served.change(served.second)
        result = served.present(served.second)
        assert (result["action"], result["changed"], result["id"]) == ("none", False, arn)
        assert (result["status"], result["model_arn"], served.wrote()) == (served.ready, served.second, [])

    def test_to_something_else(self, served: Served) -> None:
        arn = served.make()
        served.change(served.second)
        result = served.present(served.third)
        assert (result["action"], result["changed"], result["id"]) == ("update", True, arn)
        assert (served.serves, served.wrote()) == ([served.third], [served.update])

    def test_back_to_what_is_served_now(self, served: Served) -> None:
        """The target counts while an update runs."""
        served.make()
        served.change(served.second)
        assert served.present()["action"] == "update"
        assert served.serves == [served.model]

    @pytest.mark.parametrize("desired", ["second", "third"])
    def test_without_waiting_nothing_is_sent(self, served: Served, desired: str) -> None:
        served.make()
        served.change(served.second)
        result = served.present(getattr(served, desired), wait=False)
        assert (result["action"], result["changed"], result["status"]) == ("none", False, "Updating")
        assert any("Run the task again" in warning for warning in served.host.warnings) is (desired == "third")
        assert served.wrote() == []

    @pytest.mark.parametrize(("desired", "action"), [("second", "none"), ("third", "update")])
    def test_check_mode_foresees_the_end(self, served: Served, desired: str, action: str) -> None:
        served.make()
        served.change(served.second)
        assert served.present(getattr(served, desired), check_mode=True)["action"] == action

    def test_another_task_begins_a_change_at_the_same_moment(self, served: Served) -> None:
        """The update is refused; it is waited for, and decided again."""
        served.make()
        served.host.sandbox.fault(served.update, delay=0.3, times=1)
        results = served.host.together(
            lambda: getattr(served.host.also(), served.kind)("chat", model_arn=served.second, **served.given),
            lambda: getattr(served.host.also(), served.kind)("chat", model_arn=served.second, **served.given),
        )
        assert [result["status"] for result in results] == [served.ready] * 2
        assert served.serves == [served.second]

    def test_a_change_to_something_else_at_the_same_moment(self, served: Served) -> None:
        served.make()
        served.host.sandbox.fault(served.update, status=400, times=1, body={"message": "Busy."}, when="before")
        assert failure(ApiError, "Busy", served.present, served.second).facts["changed"] is False
        assert served.serves == [served.model]


class TestCreating:
    def test_with_the_same_model(self, served: Served) -> None:
        arn = served.make(wait=False)
        result = served.present()
        assert (result["action"], result["changed"], result["id"]) == ("none", False, arn)
        assert (result["status"], served.wrote()) == (served.ready, [])

    def test_with_another_model(self, served: Served) -> None:
        arn = served.make(wait=False)
        result = served.present(served.second)
        assert (result["action"], result["changed"], result["id"]) == ("update", True, arn)
        assert (served.serves, served.wrote()) == ([served.second], [served.update])

    def test_with_another_model_without_waiting(self, served: Served) -> None:
        served.make(wait=False)
        result = served.present(served.second, wait=False)
        assert (result["action"], result["changed"], served.wrote()) == ("none", False, [])
        assert any("Run the task again" in warning for warning in served.host.warnings)

    def test_absent_waits_then_deletes(self, served: Served) -> None:
        served.make(wait=False)
        assert served.task(state="absent", check_mode=True)["changed"] is True
        assert served.task(state="absent")["changed"] is True
        assert served.there == []


class TestServes:
    def test_what_is_desired(self, served: Served) -> None:
        arn = served.make()
        result = served.present()
        assert (result["action"], result["changed"], result["id"]) == ("none", False, arn)
        assert served.host.sandbox.count() == 1

    def test_with_all_options_it_takes_three_calls(self, served: Served) -> None:
        options = {"tags": {"team": "support"}, "model_arn": "bot"}
        served.task(**served.given, **options)
        served.host.sandbox.clear_log()
        assert served.task(**served.given, **options)["changed"] is False
        assert served.host.sandbox.count() == 3

    def test_something_else_it_is_changed_in_place(self, served: Served) -> None:
        arn = served.make()
        foreseen = served.present(served.second, check_mode=True)
        assert (foreseen["action"], foreseen["changed"], served.wrote()) == ("update", True, [])
        result = served.present(served.second)
        assert (result["action"], result["changed"], result["id"]) == ("update", True, arn)
        assert (
            result["diff"]
            == foreseen["diff"]
            == {
                "before": {"model_arn": served.model},
                "after": {"model_arn": served.second},
            }
        )
        assert (result["model_arn"], served.serves, served.count(served.update)) == (
            served.second,
            [served.second],
            1,
        )

    def test_without_waiting(self, served: Served) -> None:
        served.make()
        result = served.present(served.second, wait=False)
        assert (result["action"], result["changed"], result["status"]) == ("update", True, "Updating")

    def test_a_time_out_and_going_on(self, served: Served) -> None:
        served.make()
        error = failure(TimedOut, "wait_timeout", served.present, served.second, wait_timeout=20)
        assert error.facts["changed"] is True
        result = served.present(served.second)
        assert (result["changed"], result["status"], served.count(served.update)) == (False, served.ready, 1)

    def test_in_slices(self, served: Served) -> None:
        served.make()
        given = {"model": served.second}
        result, answers = served.host.sliced(served.present, given)
        assert (result["status"], bool(answers), served.count(served.update)) == (served.ready, True, 1)
        assert served.serves == [served.second]

    def test_what_aws_ignores_is_no_success(self, served: Served) -> None:
        served.make()
        body = {"customModelDeploymentArn": served.there[0].arn} if served.kind == "deployment" else {}
        served.host.sandbox.fault(served.update, status=202, body=body)
        error = failure(ApiError, "still differs: model_arn", served.present, served.second)
        assert (error.facts["changed"], served.count(served.update)) == (True, 1)

    def test_the_new_model_is_not_there(self, served: Served) -> None:
        served.make()
        for check_mode in (True, False):
            gone = f"{served.model[:-4]}0000"
            failure(ApiError, "there is no custom model", served.present, gone, check_mode=check_mode)
        assert served.wrote() == []

    def test_tags(self, served: Served) -> None:
        served.present(tags={"team": "support", "n": "1"})
        served.host.sandbox.clear_log()
        result = served.present(tags={"team": "sales"}, purge_tags=False)
        assert (result["action"], result["tags"]) == ("update", {"team": "sales", "n": "1"})
        assert served.present(tags={"team": "sales"})["tags"] == {"team": "sales"}
        assert served.present(tags={})["tags"] == {}
        assert served.host.tags(result["id"]) == {f"{PREFIX}name": "chat"}
        assert served.present(tags={})["changed"] is False

    def test_who_may_not_read_tags(self, served: Served) -> None:
        served.make()
        served.host.error("bedrock.ListTagsForResource", 403, "AccessDeniedException", "no")
        assert served.present(tags={"team": "support"})["changed"] is False
        assert any("Tags are not compared" in warning for warning in served.host.warnings)

    def test_ignored(self, served: Served) -> None:
        served.make()
        result = served.present(served.second, ignore_changes=["model_arn"])
        assert (result["changed"], "model_arn" in result["ignored_changes"]) == (False, True)

    def test_an_ignored_model_need_not_be_there(self, served: Served) -> None:
        served.make()
        for option in ("model_arn", "model"):
            assert served.present("none", ignore_changes=[option])["changed"] is False
        failure(ApiError, "no custom model 'none'", served.present, "none", name="new", ignore_changes=["model_arn"])

    def test_its_last_update_to_something_else_failed(self, served: Served) -> None:
        served.make()
        served.host.sandbox.aws.scenario("fail_update", message="No room.")
        served.change(served.second, wait=True)
        assert served.present()["changed"] is False
        assert any("No room" in warning for warning in served.host.warnings)


class TestFailedUpdate:
    def fail(self, served: Served) -> None:
        served.make()
        served.host.sandbox.aws.scenario("fail_update", message="No room.")
        served.change(served.second, wait=True)

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_it_fails_with_the_reason(self, served: Served, check_mode: bool) -> None:
        self.fail(served)
        error = failure(RunFailed, "No room", served.present, served.second, check_mode=check_mode)
        assert (error.facts["changed"], "retry_failed" in error.hint, served.wrote()) == (False, True, [])

    def test_sent_again(self, served: Served) -> None:
        self.fail(served)
        result = served.present(served.second, retry_failed=True)
        assert (result["action"], result["status"], served.serves) == ("update", served.ready, [served.second])

    def test_another_model_is_sent(self, served: Served) -> None:
        self.fail(served)
        assert served.present(served.third)["action"] == "update"
        assert served.serves == [served.third]

    def test_of_this_task(self, served: Served) -> None:
        served.make()
        served.host.sandbox.aws.scenario("fail_update", message="No room.")
        error = failure(RunFailed, "No room", served.present, served.second)
        assert (error.facts["changed"], served.serves, served.count(served.update)) == (True, [served.model], 1)


class TestFailed:
    def fail(self, served: Served) -> str:
        served.host.sandbox.aws.scenario("fail_creation", message="No capacity.")
        return served.make()

    @pytest.mark.parametrize("desired", ["model", "second"])
    def test_it_fails_with_the_reason(self, served: Served, desired: str) -> None:
        self.fail(served)
        for check_mode in (True, False):
            error = failure(RunFailed, "No capacity", served.present, getattr(served, desired), check_mode=check_mode)
        assert (error.facts["changed"], served.wrote()) == (False, [])
        assert "capacity" in error.hint and "retry_failed" in error.hint

    def test_made_again_under_its_name(self, served: Served) -> None:
        failed = self.fail(served)
        foreseen = served.present(retry_failed=True, check_mode=True)
        assert (foreseen["action"], served.wrote()) == ("retry", [])
        result = served.present(retry_failed=True)
        assert (result["action"], result["status"], result["id"] != failed) == ("retry", served.ready, True)
        assert (len(served.there), served.wrote()) == (1, [served.delete, served.create])

    def test_deleted(self, served: Served) -> None:
        self.fail(served)
        assert served.task(state="absent")["changed"] is True
        assert served.there == []

    def test_one_that_may_have_served_is_not_made_again(self, served: Served) -> None:
        served.make()
        served.change(served.second, wait=True)
        served.there[0].failure = "The hall is flooded."
        for check_mode in (True, False):
            error = failure(ApiError, "It is not sure", served.present, retry_failed=True, check_mode=check_mode)
        assert ("state: absent" in error.hint, served.wrote()) == (True, [])

    def test_by_its_arn_no_other_is_made(self, served: Served) -> None:
        arn = self.fail(served)
        options = {served.key: arn, "retry_failed": True}
        failure(ApiError, "no other can take its ARN", served.present, **options)
        assert len(served.there) == 1


class TestLostAnswer:
    """Of an update."""

    def test_it_had_arrived(self, served: Served) -> None:
        served.make()
        served.host.sandbox.fault(served.update, reset="after", times=1)
        result = served.present(served.second)
        assert (result["changed"], served.serves, served.count(served.update)) == (True, [served.second], 1)

    def test_it_had_not(self, served: Served) -> None:
        served.make()
        served.host.sandbox.fault(served.update, reset="before", times=1)
        result = served.present(served.second)
        assert (result["changed"], served.serves, served.count(served.update)) == (True, [served.second], 2)

    def test_it_never_arrives(self, served: Served) -> None:
        served.make()
        served.host.sandbox.fault(served.update, reset="before")
        error = failure(TransientError, "Changing the", served.present, served.second)
        assert (error.facts["changed"], served.serves) == (True, [served.model])


class TestAbsent:
    def test_during_an_update(self, served: Served) -> None:
        served.make()
        served.change(served.second)
        assert served.task(state="absent")["changed"] is True
        assert (served.there, served.wrote()) == ([], [served.delete])

    def test_during_an_update_without_waiting(self, served: Served) -> None:
        served.make()
        served.change(served.second)
        assert served.task(state="absent", wait=False)["changed"] is False
        assert any("Run the task again" in warning for warning in served.host.warnings)
        assert served.wrote() == []

    def test_who_may_not_delete(self, served: Served) -> None:
        served.make()
        served.host.error(served.delete, 403, "AccessDeniedException", "no")
        error = failure(ApiError, "HTTP 403", served.task, state="absent")
        assert ("is still there" in error.hint, error.facts["changed"]) == (True, False)

    def test_by_an_arn_that_is_not_there(self, served: Served) -> None:
        arn = served.make()
        served.task(state="absent")
        assert served.task(None, state="absent", **{served.key: arn})["changed"] is False
        failure(ApiError, "ResourceNotFound", served.task, None, **{served.key: arn})

    @pytest.mark.parametrize("check_mode", [True, False])
    def test_what_goes_on_costing_is_told(self, served: Served, check_mode: bool) -> None:
        served.make()
        assert served.task(state="absent", check_mode=check_mode)["changed"] is True
        assert served.host.warnings == [f"The model {served.model} is kept, and AWS goes on charging its storage."]
        if not check_mode:
            served.task(state="absent")
            assert served.host.warnings == []

    def test_its_model_is_kept_and_can_then_be_deleted(self, served: Served) -> None:
        served.make()
        for check_mode in (True, False):
            error = failure(
                ApiError,
                f"the {served.kind} chat uses",
                served.host.model,
                "bot",
                state="absent",
                check_mode=check_mode,
            )
        assert error.facts["changed"] is False
        served.task(state="absent")
        assert served.host.model("bot", state="absent")["changed"] is True


class TestModels:
    """By name: the newest one of its lineage that is ready."""

    def test_by_its_name(self, served: Served) -> None:
        assert served.present("bot")["model_arn"] == served.model
        assert served.present("bot")["changed"] is False

    def test_a_newer_one_of_the_lineage(self, served: Served) -> None:
        host = served.host
        old = host.wanted(host.about("parcels"), "support")["custom_model_arn"]
        assert served.present("support")["model_arn"] == old
        new = host.wanted(host.about("letters"), "support", retrain="on_change")["custom_model_arn"]
        result = served.present("support")
        assert (result["action"], result["model_arn"]) == ("update", new)
        served.host.sandbox.clear_log()
        assert served.present("support", tags={})["changed"] is False
        assert served.host.sandbox.count() == 3
        assert host.wanted(host.about("letters"), "support", delete_previous=True)["changed"] is True
        assert served.present("support")["changed"] is False

    def test_what_is_only_called_so_is_not_of_the_lineage(self, served: Served) -> None:
        served.host.trained("bot-deadbeef")
        assert served.present("bot")["model_arn"] == served.model

    def test_none_of_that_name(self, served: Served) -> None:
        failure(ApiError, "there is no custom model 'none' that is ready", served.present, "none")
        result = served.present("none", check_mode=True)
        assert (result["action"], result["model_arn"]) == ("create", "check-mode:model:none")
        assert any("no custom model 'none' yet" in warning for warning in served.host.warnings)

    def test_one_that_an_earlier_task_of_the_check_foresees(self, served: Served) -> None:
        served.make()
        result = served.present("check-mode:model:bot", check_mode=True)
        assert (result["action"], result["diff"]["after"]) == ("update", {"model_arn": "check-mode:model:bot"})
        failure(InvalidInput, "check mode", served.present, "check-mode:model:bot")

    def test_of_another_region(self, served: Served) -> None:
        elsewhere = served.model.replace("us-east-1", "us-west-2")
        failure(InvalidInput, "model_arn is in us-west-2", served.present, elsewhere)


class TestOptions:
    """Refused before any call."""

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"name": "a b"}, "_name is 'a b'"),
            ({"name": "a" * 64}, "64 characters"),
            ({"name": "-a"}, "_name is '-a'"),
            ({"model": "a b"}, "model_arn is 'a b'"),
            ({"tags": {"aws:x": "y"}}, "reserved by AWS"),
            ({"tags": {"llmops_finetune_x": "y"}}, "reserved"),
            ({"tags": {"k!": "v"}}, "tags"),
            ({"tags": {f"k{number}": "v" for number in range(50)}}, "50 entries"),
            ({"ignore_changes": ["name"]}, "which one is meant"),
            ({"wait_timeout": -1}, "wait_timeout"),
        ],
    )
    def test_refused(self, served: Served, options: dict[str, Any], says: str) -> None:
        given = dict(options)
        name, model = given.pop("name", "chat"), given.pop("model", served.model)
        for check_mode in (True, False):
            failure(
                InvalidInput,
                says,
                served.task,
                name,
                model_arn=model,
                check_mode=check_mode,
                **{**served.given, **given},
            )
        assert served.host.sandbox.count() == 0


class TestInfo:
    def list(self, served: Served, **options: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = getattr(served.host, f"list_{served.kind}s")(**options)
        return found

    def test_lists_and_filters(self, served: Served) -> None:
        served.present(tags={"team": "support"})
        served.task("other", model_arn=served.second, **served.given)
        name, one = served.key.replace("_arn", "_name"), served.key.replace("_arn", "_identifier")
        name = name.replace("custom_model_deployment", "model_deployment")
        assert [each[name] for each in self.list(served)] == ["other", "chat"]
        assert [each[name] for each in self.list(served, limit=1)] == ["other"]
        assert [each[name] for each in self.list(served, name_contains="ha")] == ["chat"]
        assert [each[name] for each in self.list(served, model_arn_equals=served.second)] == ["other"]
        assert self.list(served, status_equals="Failed") == []
        after = "created_after" if served.kind == "deployment" else "creation_time_after"
        assert self.list(served, **{after: "2099-01-01T00:00:00Z"}) == []
        assert "tags" not in self.list(served)[1]
        shown = self.list(served, details=True)[1]
        assert (shown["tags"], shown["name"], shown["status"]) == ({"team": "support"}, "chat", served.ready)
        assert self.list(served, **{one: "chat"}) == self.list(served, **{one: shown[served.key]}) == [shown]
        failure(ApiError, "HTTP 404", self.list, served, **{one: "none"})

    def test_refused(self, served: Served) -> None:
        before = "created_before" if served.kind == "deployment" else "creation_time_before"
        failure(InvalidInput, before, self.list, served, **{before: "soon"})
        failure(InvalidInput, "limit is -1", self.list, served, limit=-1)
        failure(InvalidInput, "name_contains", self.list, served, name_contains="a b")
        assert served.host.sandbox.count() == 0

    def test_what_the_same_check_foresees(self, served: Served) -> None:
        one = served.key.replace("_arn", "_identifier")
        assert self.list(served, check_mode=True, **{one: f"check-mode:{served.kind}:chat"}) == []
