# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common part of dedicated AI clusters and endpoints: how they are found, waited for and deleted.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ..._engine import ownership
from ..._engine.errors import ApiError, InvalidInput, NotFound, RunFailed
from ..._engine.module import options_of
from ..._engine.types import Field, Options, Phase, Progress, Run
from ..toolkit.answers import Kind
from ..toolkit.driver import BaseDriver, name_of_placeholder
from . import identity, shapes, tags, work_requests
from .client import Api
from .options import TIMEOUTS

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

MARKER_COUNT = 2  # ownership tags of a resource
_PAGE = 1000  # the maximum of the API
_HELD_STATUS = 409
_STAGES = {"CREATING": "being created", "UPDATING": "being changed"}


@dataclass(frozen=True)
class ResourceKind:
    """A kind of resources, and its reading operations.

    ``name``: the word in the names of the SDK's operations. ``title``, ``word``: the long and the short word in
    messages. ``reads``: checks the answers.
    """

    name: str
    title: str
    word: str
    reads: Kind

    @property
    def id_option(self) -> str:
        """The option, and the argument of the SDK, with the OCID of one resource."""
        return f"{self.name}_id"

    def list(self, api: Api, compartment_id: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """The summaries in a compartment, newest first. ``filters`` are those of the SDK."""
        found = api.pages(
            f"Listing the {self.title}s of {compartment_id}",
            f"list_{self.name}s",
            item=self.reads,
            compartment_id=compartment_id,
            sort_by="timeCreated",
            sort_order="DESC",
            limit=_PAGE,
            **filters,
        )
        return map(shapes.to_dict, found)

    def get(self, api: Api, identifier: str) -> tuple[dict[str, Any], str | None]:
        """One resource, and its etag."""
        doing = f"Looking up the {self.title} {identifier}"
        response = api.call(doing, f"get_{self.name}", identifier, reads=self.reads)
        return shapes.answer(response), response.headers.get("etag")


def read_options(module: AnsibleModule, kind: ResourceKind, fields: Sequence[Field]) -> tuple[str | None, Options]:
    """The name, and the options of the engine. Raises InvalidInput for empty values."""
    params = module.params
    for option in ("display_name", "compartment_id"):
        if params[option] is not None and not params[option].strip():
            raise InvalidInput(f"{option} is empty.", hint="Give a value, or leave the option out.")
    identifier = params[kind.id_option]
    name = params["display_name"] or name_of_placeholder(module, kind.word, identifier)
    options = options_of(
        module,
        name=name or identifier,
        run_id=identifier,
        id_option=kind.id_option,
        timeouts=TIMEOUTS,
        fields=fields,
        identity=("name",),
    )
    return name, options


class NamedResource(BaseDriver):
    """The resources of one name in one compartment, or one resource by its OCID. See :class:`_engine.types.Driver`.

    A resource that this collection created is known by its ownership tag, even if it was renamed.
    """

    resource_kind: ClassVar[ResourceKind]
    """The kind of the resources."""
    fields: Sequence[Field]
    noun: str

    def __init__(
        self,
        api: Api,
        name: str | None,
        identifier: str | None,
        compartment_id: str | None,
        desired: Mapping[str, Any],
        *,
        absent: bool = False,
        ignore: Sequence[str] = (),
    ) -> None:
        super().__init__(name, desired)
        self.api = api
        self.identifier = identifier
        self.compartment_id = compartment_id
        self.absent = absent
        self.ignore = ignore
        self._etags: dict[str, str | None] = {}
        self._works = work_requests.KnownWorks(api)

    @abstractmethod
    def run_of(self, resource: Mapping[str, Any], *, whole: bool) -> Run:
        """A resource in the terms of the engine. ``whole`` is False for a summary."""

    @abstractmethod
    def judge_run(self, run: Run) -> Run:
        """The same run, with facts that need more calls, such as the reason of a failure."""

    @abstractmethod
    def describe_rest(self, run: Run) -> str:
        """The consequence if the resource could not be deleted."""

    def request(self) -> dict[str, Any]:
        """The create request in the words of the options."""
        return {key: value for key, value in self.resolved.items() if key != tags.OWNERSHIP_TAGS}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The resource with that OCID, or those of the name in the compartment.

        Deleted ones are among them while OCI shows them. Raises InvalidInput if the name belongs only to resources
        that this collection did not create.
        """
        runs = self._find_by_id(run_id) if run_id else self._find_by_name()
        self.resolve_references(runs)
        return [self.judge_run(run) for run in runs] if run_id else runs

    def resolve_references(self, runs: Sequence[Run]) -> None:
        """Look up resources that the desired state names. ``runs``: the observed runs."""

    def _find_by_name(self) -> list[Run]:
        if not self.name or not self.compartment_id:
            return []
        ours, others = [], []
        for resource in self.list_resources(self.compartment_id):
            if tags.read_ownership_tags(resource).get(ownership.NAME) == self.name:
                ours.append(self.run_of(resource, whole=False))
            elif resource.get("display_name") == self.name:
                others.append(self.run_of(resource, whole=False))
        living = [run for run in others if run.phase not in (Phase.FAILED, Phase.DELETING, Phase.DELETED)]
        if living and all(run.phase in (Phase.FAILED, Phase.DELETED) for run in ours):
            named = ", ".join(f"{run.id} ({run.status})" for run in living)
            raise InvalidInput(
                f"The name '{self.name}' belongs to resources that this collection did not create: {named}.",
                hint=f"Give its OCID as {self.resource_kind.id_option} if it is meant, or another display_name.",
            )
        return ours

    def list_resources(self, compartment_id: str, **filters: Any) -> Iterator[dict[str, Any]]:
        """The summaries in a compartment."""
        return self.resource_kind.list(self.api, compartment_id, **filters)

    def _find_by_id(self, identifier: str) -> list[Run]:
        try:
            run = self.get_run(identifier)
        except NotFound as error:
            if not self.absent:
                raise
            identity.refuse_unproven(error, self.compartment_id, partial(self._is_listed, identifier))
            return []
        if run.phase is Phase.DELETED and not self.absent:
            raise identity.deleted_error(self.resource_kind.word, identifier, self.resource_kind.id_option, "make")
        if not self.absent:
            self._refuse_clash(run)
        return [run]

    def _refuse_clash(self, run: Run) -> None:
        """Refuse a name that another resource has. With equal names, neither would be found by its name."""
        now = {key: run.raw.get(key) for key in ("display_name", "compartment_id")}
        target = {key: self.resolved.get(key) or value for key, value in now.items()}
        if target == now or run.phase is Phase.DELETED:
            return
        clashing = [
            str(resource["id"])
            for resource in self.list_resources(str(target["compartment_id"]))
            if resource["id"] != run.id
            and target["display_name"]
            in (resource.get("display_name"), tags.read_ownership_tags(resource).get(ownership.NAME))
            and self.run_of(resource, whole=False).phase not in (Phase.FAILED, Phase.DELETING, Phase.DELETED)
        ]
        if clashing:
            raise identity.clash_error(f"{self.resource_kind.word}s", run.id, target["display_name"], clashing)

    def _is_listed(self, identifier: str, compartment_id: str | None = None) -> bool:
        found = self.list_resources(str(compartment_id or self.compartment_id), id=identifier)
        return any(self.run_of(resource, whole=False).phase is not Phase.DELETED for resource in found)

    def get_run(self, identifier: str) -> Run:
        """The resource as it is now, by one GET."""
        resource, self._etags[identifier] = self.resource_kind.get(self.api, identifier)
        return self.run_of(resource, whole=True)

    def add_reason(self, run: Run) -> Run:
        """The same run; if it has failed, with the errors of its work request."""
        return replace(run, reason=self.read_reason(run)) if run.phase is Phase.FAILED else run

    def read_reason(self, run: Run) -> str:
        """Why the newest work on the resource failed. Empty if OCI does not say why."""
        work = self.find_work(run)
        said = work_requests.errors_text(self.api, work) if work else ""
        return said or str(run.raw.get("lifecycle_details") or "")

    def find_work(self, run: Run) -> dict[str, Any] | None:
        """The newest work request about the resource, if it can be read."""
        return self._works.find(run.id, run.raw.get("compartment_id"))

    def refresh_deletion(self, run: Run) -> Run:
        """The current state of a resource that is being deleted. Raises RunFailed if the deletion failed."""
        try:
            fresh = self.get_run(run.id)
        except NotFound:
            compartment = run.raw.get("compartment_id")
            if compartment and not self._is_listed(run.id, str(compartment)):
                return _mark_deleted(run)
            raise
        if fresh.phase in (Phase.DELETING, Phase.DELETED):
            return fresh
        work = self.find_work(run)
        ended = work_requests.phase(work) in (Phase.FAILED, Phase.CANCELLED)
        if not ended and (work or fresh.status not in ("FAILED", "NEEDS_ATTENTION")):
            return run  # the work goes on, or the read lags behind
        reason = self.read_reason(fresh) or "the service does not say why"
        raise RunFailed(
            f"{self.noun} {run.id} could not be deleted, it is {fresh.status}: {reason.rstrip('.')}.",
            hint=f"Correct the cause, then run the task again. {self.describe_rest(run)}",
            facts={"status": fresh.status},
        )

    def progress(self, run: Run) -> Progress:
        """The progress of the work request, if it can be read."""
        work, stage = self.find_work(run), _STAGES.get(run.status, run.status)
        return work_requests.progress(self.api, work, stage, log=False) if work else Progress(stage)

    # -- changing --

    def send_create(self, body: dict[str, Any], token: str, *, creates: bool = False) -> Run:
        """POST, with the ownership tags and the tags of the task. One token makes one resource."""
        own = {ownership.NAME: str(self.name), ownership.TOKEN: token}
        body[tags.FREEFORM] = tags.freeform(self.resolved, own)
        if tags.DEFINED in self.resolved:
            body[tags.DEFINED] = tags.defined(self.resolved)
        response = self.api.call(
            f"Creating the {self.resource_kind.word} {self.name}",
            f"create_{self.resource_kind.name}",
            shapes.body(body),
            reads=self.resource_kind.reads,
            creates=creates,
            tries=1,
            opc_retry_token=token,
        )
        run = self.run_of(shapes.answer(response), whole=True)
        self.note_start(run.id, response)
        return replace(run, token=token)

    def note_start(self, identifier: str, response: Any) -> None:
        """Keep the etag and the work request of an answer."""
        self._etags[identifier] = response.headers.get("etag")
        self._works.began(identifier, response)

    def send_move(self, run: Run) -> None:
        """Move the resource to the desired compartment."""
        response = self.api.call(
            f"Moving the {self.resource_kind.word} {run.id}",
            f"change_{self.resource_kind.name}_compartment",
            run.id,
            {"compartmentId": self.resolved["compartment_id"]},
            tries=1,
            **self._make_condition(run),
        )
        self._works.began(run.id, response)

    def send_change(self, run: Run, body: Mapping[str, Any]) -> Run:
        """PUT, if nobody changed the resource since it was read."""
        response = self.api.call(
            f"Changing the {self.resource_kind.word} {run.id}",
            f"update_{self.resource_kind.name}",
            run.id,
            shapes.body(body),
            reads=self.resource_kind.reads,
            tries=1,
            **self._make_condition(run),
        )
        fresh = self.run_of(shapes.answer(response), whole=True)
        self.note_start(run.id, response)
        return fresh

    def _make_condition(self, run: Run) -> dict[str, Any]:
        etag = self._etags.get(run.id)
        return {"if_match": etag} if etag else {}

    def delete(self, run: Run) -> Run:
        """DELETE. If another task deletes the resource meanwhile, it is being deleted."""
        doing = f"Deleting the {self.resource_kind.word} {run.id}"
        try:
            self.note_start(run.id, self.api.call(doing, f"delete_{self.resource_kind.name}", run.id, tries=1))
        except NotFound:
            if self._is_listed(run.id, str(run.raw.get("compartment_id"))):
                raise
            return _mark_deleted(run)
        except ApiError as error:
            fresh = self.get_run(run.id) if error.status == _HELD_STATUS else run
            if fresh.phase not in (Phase.DELETING, Phase.DELETED):
                raise error.amended(hint=f"{error.hint} {self.describe_rest(run)}") from error
            return fresh
        return replace(run, phase=Phase.DELETING, status="DELETING", removable=False)


def _mark_deleted(run: Run) -> Run:
    return replace(run, phase=Phase.DELETED, status="DELETED", removable=False)
