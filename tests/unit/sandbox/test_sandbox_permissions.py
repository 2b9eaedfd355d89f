# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checkpoint permissions through OpenAI's own client: who may, for whom, in pages, and until the model is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.fixture
def model(still_sandbox: Sandbox) -> str:
    """A fine-tuned model of an organisation with 26 projects."""
    still_sandbox.openai.change_account(projects=26)
    still_sandbox.openai.seed(jobs=[{"status": "succeeded"}])
    (name,) = still_sandbox.openai.default_account.models
    return str(name)


@pytest.fixture
def projects(still_sandbox: Sandbox, model: str) -> list[str]:
    return list(still_sandbox.openai.default_account.projects)


@pytest.fixture
def admin(still_sandbox: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.admin_key, max_retries=0)


@pytest.fixture
def permissions(admin: openai.OpenAI) -> Any:
    return admin.fine_tuning.checkpoints.permissions


def test_grant_list_and_revoke(permissions: Any, model: str, projects: list[str]) -> None:
    made = permissions.create(model, project_ids=projects[1:3]).data
    assert [item.project_id for item in made] == projects[1:3]
    assert {(item.object, item.id[:3]) for item in made} == {("checkpoint.permission", "cp_")}
    assert [item.id for item in permissions.list(model, order="ascending")] == [item.id for item in made]
    deleted = permissions.delete(made[0].id, fine_tuned_model_checkpoint=model)
    assert (deleted.id, deleted.deleted, deleted.object) == (made[0].id, True, "checkpoint.permission")
    assert [item.project_id for item in permissions.list(model)] == [projects[2]]
    with pytest.raises(openai.NotFoundError, match=made[0].id):
        permissions.delete(made[0].id, fine_tuned_model_checkpoint=model)


def test_a_second_permission_of_a_project_is_the_first(permissions: Any, model: str, projects: list[str]) -> None:
    first = permissions.create(model, project_ids=[projects[1]]).data[0]
    again = permissions.create(model, project_ids=[projects[2], projects[1]]).data
    assert [item.id for item in again][1] == first.id
    assert len(list(permissions.list(model))) == 2


def test_pages_and_filters(permissions: Any, model: str, projects: list[str]) -> None:
    permissions.create(model, project_ids=projects[1:])
    page = permissions.list(model)
    assert (len(page.data), page.has_more) == (10, True)
    assert [item.project_id for item in page] == projects[:0:-1]
    assert [item.project_id for item in permissions.list(model, limit=7, order="ascending")] == projects[1:]
    assert [item.project_id for item in permissions.list(model, project_id=projects[5])] == [projects[5]]
    with pytest.raises(openai.BadRequestError, match="after"):
        permissions.list(model, after="cp_none")


@pytest.mark.parametrize(
    ("projects_of", "says"),
    [
        (lambda own: ["proj_none"], "proj_none"),
        (lambda own: [own[1], own[0]], "owns the checkpoint"),
        (lambda own: [], "non-empty"),
        (lambda own: "proj_x", "array of strings"),
    ],
)
def test_a_bad_request_grants_nothing(
    permissions: Any, model: str, projects: list[str], projects_of: Any, says: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=says):
        permissions.create(model, project_ids=projects_of(projects))
    assert list(permissions.list(model)) == []


def test_they_need_an_admin_key_of_an_owner(
    still_sandbox: Sandbox, admin: openai.OpenAI, permissions: Any, model: str, projects: list[str]
) -> None:
    own = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)
    with pytest.raises(openai.AuthenticationError, match="Missing scopes: api.fine_tuning.checkpoints.write"):
        own.fine_tuning.checkpoints.permissions.create(model, project_ids=[projects[1]])
    with pytest.raises(openai.AuthenticationError, match="Missing scopes: api.fine_tuning.checkpoints.read"):
        own.fine_tuning.checkpoints.permissions.list(model)
    with pytest.raises(openai.PermissionDeniedError, match="project API key"):
        admin.files.list()
    still_sandbox.openai.change_account(role="member")
    with pytest.raises(openai.PermissionDeniedError, match="owner"):
        permissions.list(model)


def test_what_is_no_model_has_none(still_sandbox: Sandbox, permissions: Any, model: str, projects: list[str]) -> None:
    permissions.create(model, project_ids=[projects[1]])
    with pytest.raises(openai.NotFoundError, match="ft:gpt-4o:none"):
        permissions.list("ft:gpt-4o:none::1")
    with pytest.raises(openai.InternalServerError):
        permissions.list("ftckpt_1")
    own = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=still_sandbox.api_key, max_retries=0)
    own.models.delete(model)
    with pytest.raises(openai.NotFoundError):
        permissions.list(model)
