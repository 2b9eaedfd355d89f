# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What models, clusters and endpoints have in common: every operation is found here, as far as kinds do not differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, incorrect_state, not_found
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import ParsedRequest, Service
from finetune_sandbox.oci.state import ACTIVE, DELETED, DELETING, FAILED, Resource, WorkRequest
from finetune_sandbox.oci.store import Store, page_of
from finetune_sandbox.server.web import Response

R = TypeVar("R", bound=Resource)
Made = tuple[Response, str]
"""The answer, and the OCID of the resource that it made or changed ("" for none)."""


class Resources(ABC, Generic[R]):
    """The operations on one kind of resource."""

    kind: str
    """as the API's structures are called, e.g. DedicatedAiCluster"""
    noun: str
    work_kind: str
    """as the operations of work requests call it, e.g. DEDICATED_AI_CLUSTER"""
    sorts: tuple[str, ...]
    settled: frozenset[str] = frozenset({ACTIVE, FAILED})
    """states in which it can be moved and deleted"""

    def __init__(self, store: Store, service: Service) -> None:
        self._store = store
        service.handlers.update(
            {
                f"Create{self.kind}": self.create,
                f"List{self.kind}s": self.list,
                f"Get{self.kind}": self.get,
                f"Update{self.kind}": self.update,
                f"Delete{self.kind}": self.delete,
                f"Change{self.kind}Compartment": self.move,
            }
        )

    @property
    @abstractmethod
    def table(self) -> dict[str, R]:
        """All there are, by OCID."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """How long work on it takes."""

    @abstractmethod
    def create(self, request: ParsedRequest) -> Made:
        """Make one."""

    @abstractmethod
    def list(self, request: ParsedRequest) -> Made:
        """A page of them."""

    @abstractmethod
    def update(self, request: ParsedRequest) -> Made:
        """Change one."""

    @abstractmethod
    def members(self, resource: R) -> dict[str, Any]:
        """The members of its structure but previousState."""

    def check_unused(self, resource: R) -> None:
        """Whether nothing needs it any more; OciError."""

    # Operations

    def get(self, request: ParsedRequest) -> Made:
        """One of them."""
        found = self._store.find(self.table, request.id)
        return Response(self.describe(found), headers={"etag": found.etag}), ""

    def move(self, request: ParsedRequest) -> Made:
        """Change its compartment."""
        found = self.changeable(request)
        compartment = self._store.known_compartment(request.members["compartmentId"])
        self.check_state(found, self.settled, f"it must be {ACTIVE} to be moved")
        found.previous = self.members(found)
        before, found.compartment = found.compartment, compartment
        found.change(self._store.clock.now(), found.state, found.details)
        work = self._store.new_work(f"MOVE_{self.work_kind}", found, self._store.settings.move_seconds)
        work.moved_from = before
        self._store.begin(work)
        # The work can be found by the resource's OCID; the answer does not name it.
        return Response(b""), found.id

    def delete(self, request: ParsedRequest) -> Made:
        """Begin to delete it."""
        found = self.changeable(request)
        self.check_state(found, self.settled, "it cannot be deleted now")
        self.check_unused(found)
        found.previous = self.members(found)
        found.change(self._store.clock.now(), DELETING)
        work = self.work("DELETE", found)
        return Response(b"", 202, {"opc-work-request-id": work.id}), ""

    # Their parts

    def describe(self, resource: R) -> dict[str, Any]:
        """As the API shows it."""
        return schema.show(GENERATIVE_AI, self.kind, {**self.members(resource), "previousState": resource.previous})

    def new_members(self, members: dict[str, Any], compartment: str) -> dict[str, Any]:
        """The members of every new resource."""
        store, prefix = self._store, f"generativeai{self.kind.lower()}"
        now = store.clock.now()
        default = datetime.fromtimestamp(now, timezone.utc).strftime(f"{prefix}%Y%m%d%H%M%S")
        return {
            "id": store.new_id(prefix),
            "sequence": store.ids.sequence(),
            "compartment": compartment,
            "created_at": now,
            "updated_at": now,
            "display_name": members.get("displayName", default),
            "description": members.get("description"),
            "freeform": members.get("freeformTags", {}),
            "defined": self._tags(members),
        }

    def _tags(self, members: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The defined tags of something new: a tenancy's tag defaults are added to those given."""
        defined = {name: dict(tags) for name, tags in members.get("definedTags", {}).items()}
        if self._store.settings.tag_defaults and "Oracle-Tags" not in defined:
            created = schema.show_time(self._store.clock.now())
            defined["Oracle-Tags"] = {"CreatedBy": "default/finetune", "CreatedOn": created}
        return defined

    def changeable(self, request: ParsedRequest) -> R:
        """One that can still be changed, if the if-match header says so; OciError."""
        found = self._store.find(self.table, request.id)
        if found.state == DELETED:
            raise not_found(request.id)
        if request.if_match is not None and request.if_match not in {"*", found.etag}:
            message = f"The if-match header '{request.if_match}' does not match the etag '{found.etag}' of {found.id}."
            raise OciError(412, "NoEtagMatch", message)
        return found

    def check_state(self, resource: R, states: Iterable[str], otherwise: str = f"it must be {ACTIVE}") -> None:
        """Whether it is in one of these states; OciError."""
        if resource.state not in states:
            raise incorrect_state(f"The {self.noun} {resource.id} is {resource.state}; {otherwise}.")

    def work(self, operation: str, target: R) -> WorkRequest:
        """Start the work of an operation: CREATE, UPDATE or DELETE."""
        store = self._store
        return store.begin(store.new_work(f"{operation}_{self.work_kind}", target, self.seconds))

    @staticmethod
    def common(resource: Resource) -> dict[str, Any]:
        """The members that all resources have."""
        return {
            "id": resource.id,
            "compartmentId": resource.compartment or schema.NULL,
            "displayName": resource.display_name,
            "description": resource.description,
            "lifecycleState": resource.state,
            "lifecycleDetails": resource.details,
            "timeCreated": resource.created_at,
            "timeUpdated": resource.updated_at,
            "freeformTags": resource.freeform,
            "definedTags": resource.defined,
            "systemTags": {},
        }

    @staticmethod
    def change_common(resource: Resource, members: dict[str, Any]) -> None:
        """Take over names and tags that an update gives."""
        resource.display_name = members.get("displayName", resource.display_name)
        resource.description = members.get("description", resource.description)
        resource.freeform = members.get("freeformTags", resource.freeform)
        resource.defined = members.get("definedTags", resource.defined)

    def page(self, request: ParsedRequest, resources: Iterable[R], show: Callable[[R], dict[str, Any]]) -> Made:
        """The answer to a list; what a query parameter of all kinds leaves out of the resources is not in it."""
        compartment = self._store.known_compartment(request.needed("compartmentId"))
        states = schema.allowed(GENERATIVE_AI, self.kind, "lifecycleState")
        state, name, identifier = (
            request.choice("lifecycleState", states),
            request.one("displayName"),
            request.one("id"),
        )
        sort_by = request.choice("sortBy", self.sorts) or "timeCreated"
        order = request.choice("sortOrder", ("ASC", "DESC")) or ("DESC" if sort_by == "timeCreated" else "ASC")
        now, lag = self._store.clock.now(), self._store.settings.list_lag_seconds
        chosen = [
            each
            for each in resources
            if each.compartment in {compartment, ""}
            and now >= each.created_at + lag
            and (state is None or each.state == state)
            and (name is None or each.display_name == name)
            and (identifier is None or each.id == identifier)
        ]

        def key(each: Resource) -> tuple[Any, ...]:
            first = {"displayName": each.display_name, "lifecycleState": each.state}.get(sort_by, each.created_at)
            return (first, each.sequence)

        limit = request.limit(self._store.settings.page_size)
        page, following = page_of(chosen, key, order == "DESC", limit, request.one("page"), request.mark)
        body = schema.show(GENERATIVE_AI, f"{self.kind}Collection", {"items": [show(each) for each in page]})
        return Response(body, headers={} if following is None else {"opc-next-page": following}), ""
