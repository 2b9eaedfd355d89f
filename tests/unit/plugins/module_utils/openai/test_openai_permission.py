# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_checkpoint_permission and its _info through the real driver: what is particular about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    NotFound,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


class Organization(Host):
    """An organization with projects, and one trained model."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        sandbox.openai.change_account(projects=16)
        self.account = sandbox.openai.default_account
        self.projects = sorted(self.account.projects[1:])
        self.checkpoint = self.train()
        sandbox.clear_log()

    def train(self, name: str = "support-bot", **job: Any) -> str:
        self.sandbox.openai.seed(jobs=[{"status": "succeeded", "metadata": {"llmops_finetune_name": name}, **job}])
        return list(self.account.models)[-1]

    def share(self, *projects: str, **options: Any) -> dict[str, Any]:
        given = {"checkpoint": self.checkpoint, "projects": list(projects) or None, **options}
        if options.get("name"):
            given["checkpoint"] = None
        return self.permission(**given)

    def shared(self, checkpoint: str | None = None) -> list[str]:
        """What truly is."""
        return sorted(item.project_id for item in self.account.permissions.get(checkpoint or self.checkpoint, ()))

    def sent(self) -> list[str]:
        """The verbs of all requests since the log was cleared."""
        return [call["operation"].rpartition(".")[2] for call in self.sandbox.requests()]


@pytest.fixture
def org(still_sandbox: Sandbox) -> Organization:
    return Organization(still_sandbox)


# -- the exact set ---------------------------------------------------------------------------------------------


def test_one_request_for_all_that_is_missing_and_one_for_each_that_is_too_much(org: Organization) -> None:
    a, b, c, d, e = org.projects[:5]
    assert org.share(c, a, b, a)["projects"] == [a, b, c]
    org.sandbox.clear_log()
    result = org.share(d, e, a)
    assert (result["action"], result["changed"], result["projects"]) == ("update", True, [a, d, e])
    assert result["diff"] == {"before": {"projects": [a, b, c]}, "after": {"projects": [a, d, e]}}
    assert org.shared() == [a, d, e]
    assert org.sent() == ["list", "create", "delete", "delete", "list"]
    org.sandbox.clear_log()
    assert org.share(a, d, e)["changed"] is False
    assert org.sent() == ["list"]


def test_check_mode_says_what_would_be_and_asks_only(org: Organization) -> None:
    a, b = org.projects[:2]
    result = org.share(b, a, check_mode=True)
    assert (result["action"], result["status"], result["projects"]) == ("create", "check-mode", [a, b])
    assert result["diff"] == {"before": {}, "after": {"checkpoint": org.checkpoint, "projects": [a, b]}}
    assert (org.sent(), org.shared()) == (["list"], [])


def test_without_purging_the_others_stay(org: Organization) -> None:
    a, b, c = org.projects[:3]
    org.share(b, c)
    result = org.share(a, purge_projects=False)
    assert (result["action"], result["projects"], org.shared()) == ("update", [a, b, c], [a, b, c])
    assert result["diff"]["after"] == {"projects": [a, b, c]}
    assert org.share(b, purge_projects=False)["changed"] is False


def test_absent_takes_back_from_those_that_are_named(org: Organization) -> None:
    a, b, c = org.projects[:3]
    org.share(a, b, c)
    for check_mode in (True, False):
        result = org.share(b, c, org.projects[4], state="absent", check_mode=check_mode)
        assert (result["action"], result["changed"], result["projects"]) == ("delete", True, [a])
        assert result["diff"] == {"before": {"exists": [b, c]}, "after": {"exists": []}}
    assert org.shared() == [a]
    assert org.share(b, state="absent")["changed"] is False
    assert org.share(state="absent")["changed"] is True
    assert org.shared() == []


def test_all_pages_are_read(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.permissions._PAGE"
    monkeypatch.setattr(module, 4)
    org.share(*org.projects)
    org.sandbox.clear_log()
    assert org.share(*org.projects[1:])["changed"] is True
    assert org.sent().count("delete") == 1
    assert org.shared() == org.projects[1:]


def test_two_permissions_of_one_project_are_one_project(org: Organization) -> None:
    """Nobody knows whether the host makes a second one of a second request."""
    a, b = org.projects[:2]
    org.share(a, b)
    twice = org.account.permissions[org.checkpoint]
    twice.append(type(twice[0])("cp_second", twice[0].created_at, a))
    assert org.share(a, b)["changed"] is False
    assert org.share(b)["projects"] == [b]
    assert org.shared() == [b]


# -- which model -----------------------------------------------------------------------------------------------


def test_a_name_means_its_newest_model_that_is_there(org: Organization) -> None:
    a = org.projects[0]
    org.train("support-bot-2")
    newer = org.train(ago=50.0)
    newest = org.train(ago=5.0)
    org.train(status="failed", ago=1.0)
    org.delete_model(newest)
    result = org.share(a, name="support-bot")
    assert (result["checkpoint"], result["name"], org.shared(newer)) == (newer, "support-bot", [a])
    assert org.share(a, name="support-bot")["changed"] is False
    assert org.permissions(name="support-bot")["projects"] == [a]
    assert org.share(name="support-bot", state="absent")["changed"] is True
    assert org.shared(newer) == []


def test_a_name_without_a_model(org: Organization) -> None:
    with pytest.raises(ApiError, match="no finished model of the name 'none'"):
        org.share(org.projects[0], name="none")
    assert org.share(name="none", state="absent")["changed"] is False
    found = org.permissions(name="none")
    assert (found["checkpoint"], found["projects"]) == (None, [])
    with pytest.raises(InvalidInput, match="api_key is missing"):
        org.share(org.projects[0], name="support-bot", api_key=None)


def test_a_model_that_an_earlier_task_would_train(org: Organization) -> None:
    a = org.projects[0]
    foreseen = "check-mode:model:bot"
    result = org.share(a, checkpoint=foreseen, check_mode=True)
    assert (result["action"], result["projects"], result["checkpoint"]) == ("create", [a], foreseen)
    assert org.permissions(foreseen, check_mode=True)["projects"] == []
    assert org.share(checkpoint=foreseen, check_mode=True, state="absent")["changed"] is False
    for task in (lambda: org.share(a, checkpoint=foreseen), lambda: org.permissions(foreseen)):
        with pytest.raises(InvalidInput, match="a placeholder of check mode"):
            task()
    assert org.sent() == []


def test_the_permissions_of_a_deleted_model_are_absent(org: Organization) -> None:
    org.share(org.projects[0])
    org.delete_model(org.checkpoint)
    assert org.share(state="absent")["changed"] is False
    with pytest.raises(NotFound, match="Could not find checkpoint.*"):
        org.share(org.projects[0])
    with pytest.raises(NotFound) as caught:
        org.share(state="absent", api_key=None)
    assert "With api_key too" in caught.value.hint


def test_a_model_of_another_organization_is_no_deleted_one(org: Organization) -> None:
    """Its key shows the model, and the admin key does not."""
    other = org.sandbox.openai.add_account("globex")
    with pytest.raises(NotFound) as caught:
        org.share(state="absent", admin_api_key=other["admin_key"])
    assert "organization that the model belongs to" in caught.value.hint


# -- who may ---------------------------------------------------------------------------------------------------


def test_the_key_of_a_project_does_not_do(org: Organization) -> None:
    with pytest.raises(ApiError, match="Missing scopes: api.fine_tuning.checkpoints.read") as caught:
        org.share(org.projects[0], admin_api_key=org.sandbox.api_key)
    assert "admin key of an owner" in caught.value.hint and "OPENAI_ADMIN_KEY" in caught.value.hint
    org.sandbox.openai.change_account(role="member")
    with pytest.raises(ApiError, match="HTTP 403") as caught:
        org.share(org.projects[0])
    assert "admin key of an owner" in caught.value.hint


def test_the_admin_key_may_come_from_the_environment_and_belongs_to_no_project(
    org: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = org.projects[0]
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_other")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", org.sandbox.admin_key)
    assert org.share(a, admin_api_key=None, api_key=None)["changed"] is True
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-wrong")
    assert org.share(a, project="proj_another")["changed"] is False
    assert org.permissions(org.checkpoint)["projects"] == [a]


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"admin_api_key": None}, "admin_api_key is missing.*OPENAI_ADMIN_KEY"),
    ({"admin_api_key": "sk-admin\n"}, "admin_api_key has a space, a line break"),
    ({"projects": None}, "projects is missing"),
    ({"projects": []}, "projects is empty.*'state: absent'"),
    ({"projects": [], "state": "absent"}, "projects is empty"),
    ({"projects": ["proj_a", "Support"]}, "not the id of a project"),
    ({"checkpoint": "gpt-4o-mini"}, "begins with 'ft:'"),
    ({"checkpoint": "ftckpt_zc4Q7MP6XxulcVzj4MZdwsAB"}, "fine_tuned_model_checkpoint, not its id"),
    ({"checkpoint": "ft:gpt 4"}, "begins with 'ft:'"),
    ({"checkpoint": ""}, "checkpoint is empty"),
    ({"wait_timeout": -1}, "wait_timeout is -1"),
    ({"api_type": "compatible"}, "only at OpenAI, and this host is 'compatible'"),
    ({"api_type": "azure", "azure_endpoint": "https://res.openai.azure.com"}, "this host is 'azure'.*roles"),
]


@pytest.mark.parametrize(("options", "says"), REFUSALS)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_wrong_is_told_before_any_call(
    org: Organization, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], says: str, check_mode: bool
) -> None:
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    given = {"checkpoint": org.checkpoint, "projects": org.projects[:1], "check_mode": check_mode, **options}
    with pytest.raises(InvalidInput) as caught:
        org.permission(**given)
    assert re.search(says, caught.value.text()), caught.value.text()
    assert org.sent() == []


# -- trouble ---------------------------------------------------------------------------------------------------


def test_a_project_that_is_refused_changes_nothing(org: Organization) -> None:
    a = org.projects[0]
    for odd, says in (("proj_none", "does not exist"), (org.account.projects[0], "owns the checkpoint")):
        with pytest.raises(ApiError, match=says) as caught:
            org.share(a, odd)
        assert (caught.value.facts["changed"], org.shared()) == (False, [])


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_was_done_before_a_step_failed_is_told(org: Organization, state: str) -> None:
    a, b, c, d = org.projects[:4]
    org.share(a, b, c)
    org.sandbox.fault("openai.permissions.delete", status=403, after=1)
    with pytest.raises(ApiError, match="HTTP 403") as caught:
        org.share(d) if state == "present" else org.share(state="absent")
    facts = caught.value.facts
    assert facts["changed"] is True
    assert facts["projects"] == org.shared()
    assert len(org.shared()) == (3 if state == "present" else 2)
    org.sandbox.clear_faults()
    org.share(d) if state == "present" else org.share(state="absent")
    assert org.shared() == ([d] if state == "present" else [])


@pytest.mark.parametrize("verb", ["create", "delete"])
@pytest.mark.parametrize("fault", [{"reset": "after"}, {"reset": "before"}, {"status": 429}, {"status": 503}])
def test_trouble_in_the_middle_is_got_over(org: Organization, verb: str, fault: dict[str, Any]) -> None:
    a, b, c, d = org.projects[:4]
    org.share(a, b, c)
    org.sandbox.fault(f"openai.permissions.{verb}", times=2, **fault)
    result = org.share(c, d, max_retries=0)
    assert (result["changed"], result["projects"], org.shared()) == (True, [c, d], [c, d])
    assert len(org.account.permissions[org.checkpoint]) == 2


def test_a_permission_that_another_task_takes_back_meanwhile(org: Organization) -> None:
    a, b, c = org.projects[:3]
    org.share(a, b, c)
    org.sandbox.fault("openai.permissions.delete", reset="after", times=3)
    assert org.share(a, max_retries=0)["projects"] == [a]
    org.sandbox.clear_faults()
    org.share(b, c, purge_projects=False)
    org.sandbox.fault("openai.permissions.delete", status=404)
    with pytest.raises(NotFound) as caught:
        org.share(state="absent")
    assert (caught.value.facts["changed"], org.shared()) == (False, [a, b, c])


def test_a_lost_answer_of_the_first_permissions_is_looked_for(org: Organization) -> None:
    a, b = org.projects[:2]
    org.sandbox.fault("openai.permissions.create", reset="after", times=1)
    result = org.share(a, b)
    assert (result["changed"], result["action"], result["projects"]) == (True, "create", [a, b])
    assert org.sent().count("create") == 1


def test_a_host_that_grants_less_than_was_asked(org: Organization) -> None:
    a, b = org.projects[:2]
    body = {"object": "list", "data": [], "has_more": False}
    org.sandbox.fault("openai.permissions.create", status=200, body=body)
    with pytest.raises(ApiError, match=f"did not say so of {a}, {b}") as caught:
        org.share(a, b)
    assert caught.value.facts["changed"] is True


@pytest.mark.parametrize("task", ["share", "look"])
def test_a_host_that_is_down_does_not_outlast_the_task(org: Organization, task: str) -> None:
    org.sandbox.fault("openai.permissions.*", status=503)
    start = org.clock.time()
    run: Callable[[], Any] = (
        (lambda: org.share(org.projects[0], wait_timeout=20)) if task == "share" else (lambda: org.permissions("ft:x"))
    )
    with pytest.raises(FineTuneError, match="HTTP 503"):
        run()
    assert org.clock.time() - start <= 21


# -- the info module -------------------------------------------------------------------------------------------


def test_info(org: Organization) -> None:
    assert org.permissions(org.checkpoint)["permissions"] == []
    org.share(*org.projects[:3])
    found = org.permissions(org.checkpoint)
    assert found["changed"] is False
    assert (found["checkpoint"], found["projects"]) == (org.checkpoint, org.projects[:3])
    assert {given["object"] for given in found["permissions"]} == {"checkpoint.permission"}
    one = org.permissions(org.checkpoint, project_id=org.projects[1])
    assert [given["project_id"] for given in one["permissions"]] == [org.projects[1]]
    assert len(org.permissions(org.checkpoint, limit=2)["permissions"]) == 2
    with pytest.raises(NotFound, match="Could not find checkpoint"):
        org.permissions("ft:gpt-4o:acme::none")
    with pytest.raises(InvalidInput, match="limit is -1"):
        org.permissions(org.checkpoint, limit=-1)
