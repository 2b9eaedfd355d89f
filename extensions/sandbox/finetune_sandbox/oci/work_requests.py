# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work requests: get, list, errors, logs."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.oci import schema, training
from finetune_sandbox.oci.errors import not_found
from finetune_sandbox.oci.schema import GENERATIVE_AI
from finetune_sandbox.oci.service import ParsedRequest, Service, entity
from finetune_sandbox.oci.state import CANCELED, FAILED, SUCCEEDED, Model, WorkRequest
from finetune_sandbox.oci.store import Store, page_of, percent
from finetune_sandbox.server.ids import derived
from finetune_sandbox.server.web import Response

Entries = list[dict[str, Any]]
_DONE = {"CREATE": "CREATED", "UPDATE": "UPDATED", "DELETE": "DELETED", "MOVE": "UPDATED"}


class WorkRequests:
    """The operations on work requests."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store, self._service = store, service
        service.handlers.update(
            GetWorkRequest=self.get,
            ListWorkRequests=self.list,
            ListWorkRequestErrors=self.errors,
            ListWorkRequestLogs=self.logs,
        )

    def _find(self, identifier: str) -> WorkRequest:
        work = self._store.works.get(identifier)
        if work is None:
            raise not_found(identifier)
        return work

    def members(self, work: WorkRequest) -> dict[str, Any]:
        """The members of WorkRequest."""
        action = "IN_PROGRESS"
        if work.status == SUCCEEDED:
            action = _DONE[work.operation.partition("_")[0]]
        elif work.status in {FAILED, CANCELED}:
            action = "FAILED"
        kind, uri = entity(work.target)
        related = [
            {"entityType": what, "actionType": "RELATED", "identifier": identifier, "metadata": {}}
            for what, identifier in work.related
        ]
        mine = {
            "entityType": kind,
            "actionType": action,
            "identifier": work.target.id,
            "entityUri": uri,
            "metadata": {},
        }
        return {
            "operationType": work.operation,
            "status": work.status,
            "id": work.id,
            "compartmentId": work.compartment,
            "resources": [mine, *related],
            "percentComplete": percent(work, self._store.clock.now()),
            "timeAccepted": work.accepted_at,
            "timeStarted": work.started_at,
            "timeFinished": work.finished_at,
        }

    def get(self, request: ParsedRequest) -> tuple[Response, str]:
        """GetWorkRequest."""
        work = self._find(request.id)
        view = schema.show(GENERATIVE_AI, "WorkRequest", self.members(work))
        headers = {"etag": derived("", work.id, work.status, view["percentComplete"], length=40).lower()}
        if not work.done:
            headers["retry-after"] = self._service.retry_after()
        return Response(view, headers=headers), ""

    def list(self, request: ParsedRequest) -> tuple[Response, str]:
        """ListWorkRequests."""
        compartment = self._store.known_compartment(request.needed("compartmentId"))
        status = request.choice("status", schema.allowed(GENERATIVE_AI, "WorkRequest", "status"))
        identifier, resource = request.one("workRequestId"), request.one("resourceId")
        request.choice("sortBy", ("timeAccepted",))
        chosen = [
            work
            for work in self._store.works.values()
            if work.compartment == compartment
            and status in {None, work.status}
            and identifier in {None, work.id}
            and (resource is None or resource in {work.target.id, *(named for _unused, named in work.related)})
        ]
        newest_first = request.choice("sortOrder", ("ASC", "DESC")) != "ASC"
        limit = request.limit(self._store.settings.page_size)
        page, token = page_of(chosen, lambda work: work.order, newest_first, limit, request.one("page"), request.mark)
        members = {"items": [self.members(work) for work in page]}
        body = schema.show(GENERATIVE_AI, "WorkRequestSummaryCollection", members)
        return Response(body, headers=_next(token)), ""

    def errors(self, request: ParsedRequest) -> tuple[Response, str]:
        """ListWorkRequestErrors."""
        work = self._find(request.id)
        entries = [{"code": code, "message": message, "timestamp": when} for when, code, message in work.errors]
        return self._entries(request, entries, "WorkRequestErrorCollection")

    def logs(self, request: ParsedRequest) -> tuple[Response, str]:
        """ListWorkRequestLogs."""
        work = self._find(request.id)
        lines = [*work.log]
        if isinstance(work.target, Model):
            until = work.cancel_at if work.cancel_at is not None else self._store.clock.now()
            lines += training.lines(work, work.target, until)
        entries = [{"message": text, "timestamp": when} for when, text in sorted(lines, key=lambda line: line[0])]
        return self._entries(request, entries, "WorkRequestLogEntryCollection")

    def _entries(self, request: ParsedRequest, entries: Entries, collection: str) -> tuple[Response, str]:
        """Entries by time, newest first unless asked otherwise."""
        request.choice("sortBy", ("timestamp",))
        newest_first = request.choice("sortOrder", ("ASC", "DESC")) != "ASC"
        numbered = [*enumerate(entries)]
        page, token = page_of(
            numbered,
            lambda pair: (pair[1]["timestamp"], pair[0]),
            newest_first,
            request.limit(self._store.settings.page_size),
            request.one("page"),
            f"{request.id} {request.mark}",
        )
        body = schema.show(GENERATIVE_AI, collection, {"items": [entry for _unused, entry in page]})
        return Response(body, headers=_next(token)), ""


def _next(token: str | None) -> dict[str, str]:
    return {} if token is None else {"opc-next-page": token}
