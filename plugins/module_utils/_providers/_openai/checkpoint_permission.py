# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource openai_checkpoint_permission: the set of projects that may use a fine-tuned model.

Private to llmops.finetune; may change at any time.

To the engine, all permissions of one model are one resource. It exists if there is at least one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import timestamp
from ..._engine.content import CHECK_MODE
from ..._engine.errors import ApiError, FineTuneError, InvalidInput, NotFound
from ..._engine.module import options_of
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Progress, Run
from ..toolkit.driver import BaseDriver, steps_noted
from . import permissions
from .client import Api, make_api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible.module_utils.basic import AnsibleModule

_OPTIONS: dict[str, Any] = {
    **permissions.MODEL,
    "projects": {"type": "list", "elements": "str", "aliases": ["project_ids"]},
    "purge_projects": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait_timeout": {"type": "int", "default": 600},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**permissions.AUTH, **_OPTIONS},
    "required_one_of": [("checkpoint", "name")],
    "mutually_exclusive": [("checkpoint", "name")],
}
FIELDS = (Field("projects", "in_place"),)
_PROJECT = re.compile(r"proj_[A-Za-z0-9_-]+")
_SHARED = "shared"


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. Makes no call."""
    params = module.params
    checkpoint = permissions.read_checkpoint(module)
    absent = params["state"] == "absent"
    options = options_of(module, name=str(checkpoint or params["name"]), run_id=None, id_option="checkpoint")
    projects = _read_projects(params["projects"], absent=absent)
    admin = permissions.make_admin_api(module)
    # An admin key cannot read models. So ``name`` needs a second client, for calls with the project's key.
    api = make_api(module) if params["name"] else None
    driver = CheckpointPermission(
        admin,
        lambda: api or make_api(module),
        checkpoint,
        params["name"],
        projects,
        absent=absent,
        purge=params["purge_projects"],
    )
    return driver, options


def _read_projects(projects: Sequence[str] | None, *, absent: bool) -> list[str]:
    if projects is None and absent:
        return []
    if not projects:
        raise InvalidInput(
            "projects is empty." if projects is not None else "projects is missing.",
            hint="Give the ids of the projects. 'state: absent' without this option takes back all permissions.",
        )
    odd = next((project for project in projects if not _PROJECT.fullmatch(project)), None)
    if odd is not None:
        raise InvalidInput("projects has an entry that is not the id of a project, which begins with 'proj_'.")
    return sorted(set(projects))


class CheckpointPermission(BaseDriver):
    """The permissions of one model. See :class:`_engine.types.Driver` for each verb."""

    kind = "set of permissions"
    noun = "Checkpoint"
    fields = FIELDS
    capabilities = Capabilities(
        no_cancel="Permissions are given at once.", no_pause="Permissions are given at once.", long_lived=True
    )

    def __init__(
        self,
        admin: Api,
        make_project_api: Callable[[], Api],
        checkpoint: str | None,
        name: str | None,
        projects: Sequence[str],
        *,
        absent: bool,
        purge: bool,
    ) -> None:
        super().__init__(name, {"projects": list(projects)})
        self.admin = admin
        self.absent = absent
        self.purge = purge
        self._make_project_api = make_project_api
        self._checkpoint = checkpoint
        self._granted: dict[str, dict[str, Any]] = {}  # the permissions by id, as far as known

    @property
    def _projects(self) -> list[str]:
        """The projects that have a permission."""
        return sorted({str(permission["project_id"]) for permission in self._granted.values()})

    @property
    def _removed_projects(self) -> list[str]:
        """The projects that lose their permission with ``absent``: those in ``projects``, or all if it is empty."""
        named = self.desired["projects"]
        return [project for project in self._projects if project in named or not named]

    def request(self) -> dict[str, Any]:
        """The projects, and the model that they may use."""
        return {"checkpoint": self._checkpoint, **self.resolved}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The set of permissions, by one listing. If only a name is given, its model is looked up first.

        Raises ApiError if the name has no finished model and ``state`` is not ``absent``.
        """
        if self._checkpoint is None:
            self._checkpoint = permissions.find_model(self._make_project_api(), str(self.name))
        if self._checkpoint is None and not self.absent:
            raise ApiError(
                f"There is no finished model of the name '{self.name}'.",
                hint=(
                    "Train it first, or give checkpoint. In check mode, give the fine_tuned_model that the task which "
                    "trains it has returned."
                ),
            )
        self._granted = {}
        if self._checkpoint is None or self._checkpoint.startswith(CHECK_MODE):
            return []
        try:
            found = permissions.list_permissions(self.admin, self._checkpoint)
        except NotFound as error:
            if not self.absent:
                raise
            self._refuse_unless_deleted(error)
            return []
        self._granted = {permission["id"]: permission for permission in found}
        if not self.purge:
            self.resolve("projects", sorted({*self.desired["projects"], *self._projects}))
        return [self._to_run()] if found else []

    def _refuse_unless_deleted(self, error: NotFound) -> None:
        """Accept a NotFound if the model is deleted, because its permissions end with it.

        Raises the error if this is not certain.
        """
        try:
            api = self._make_project_api()
        except InvalidInput as missing:
            hint = f"{error.hint} With api_key too, the task looks whether the model is deleted."
            raise error.amended(hint=hint) from missing
        if not permissions.is_deleted(api, str(self._checkpoint)):
            raise error

    def _to_run(self) -> Run:
        removed = self._removed_projects if self.absent else []
        return Run(
            id=str(self._checkpoint),
            created=min((timestamp(item.get("created_at")) or 0.0 for item in self._granted.values()), default=0.0),
            phase=Phase.READY,
            status=_SHARED,
            observed={"projects": self._projects},
            # The names of the deleted parts are the projects. The model itself stays.
            model=removed[0] if removed else None,
            remains=tuple(removed[1:]),
            removable=bool(removed),
            raw={"permissions": list(self._granted.values())},
        )

    def refresh(self, run: Run) -> Run:
        """Read the permissions again with one listing."""
        found = self.observe(None)
        return found[0] if found else replace(run, phase=Phase.DELETED, removable=False)

    def progress(self, run: Run) -> Progress:
        """Permissions are given at once, so there is no progress."""
        return Progress(run.status)

    # -- changing --

    def create(self, token: str) -> Run:
        """Give all permissions with one POST."""
        self._grant(self.resolved["projects"])
        return self._to_run()

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """One POST for all projects without a permission. Then one DELETE for each project that must not have one."""
        wanted = self.resolved["projects"]
        with self._report_remaining_projects() as done:
            missing = [project for project in wanted if project not in self._projects]
            if missing:
                self._grant(missing)
                done += missing
            self._revoke([project for project in self._projects if project not in wanted], done)
        return self._to_run()

    def delete(self, run: Run) -> Run:
        """One DELETE for each permission."""
        with self._report_remaining_projects() as done:
            self._revoke(self._removed_projects, done)
        return replace(run, phase=Phase.DELETED, removable=False)

    def _grant(self, projects: Sequence[str]) -> None:
        granted = permissions.grant_permissions(self.admin, str(self._checkpoint), projects)
        self._granted.update({permission["id"]: permission for permission in granted})

    def _revoke(self, projects: Sequence[str], done: list[str]) -> None:
        not_found: list[NotFound] = []
        for permission in [item for item in self._granted.values() if item["project_id"] in projects]:
            try:
                permissions.revoke_permission(self.admin, str(self._checkpoint), permission)
                done.append(permission["project_id"])
            except NotFound as error:
                not_found.append(error)  # another task, or a request with a lost answer, may have revoked it
            del self._granted[permission["id"]]
        if not_found:
            listed = permissions.list_permissions(self.admin, str(self._checkpoint))
            self._granted = {permission["id"]: permission for permission in listed}
            if set(projects) & set(self._projects):
                raise not_found[0]

    @contextmanager
    def _report_remaining_projects(self) -> Iterator[list[str]]:
        """If one of several steps fails, the error contains the projects at that moment."""
        with steps_noted() as done:
            try:
                yield done
            except FineTuneError as error:
                if not done:
                    raise
                raise error.amended(
                    facts={**error.facts, **self._describe_permissions(self._granted.values())}
                ) from error

    # -- reporting --

    def hint(self, run: Run) -> Hint:
        """Never used: a permission does not fail."""
        return Hint()

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The model and its permissions. After ``absent``, these are the permissions of other projects."""
        removed = self._removed_projects if run is None and self.absent else ()
        left = [item for item in self._granted.values() if item["project_id"] not in removed]
        return {**self._describe_permissions(left), "id": self._checkpoint}

    def _describe_permissions(self, granted: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        return permissions.describe_permissions(self.name, self._checkpoint, list(granted))

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of the permissions that check mode predicts."""
        return self.fill_placeholder(str(self._checkpoint), projects=self.resolved["projects"])
