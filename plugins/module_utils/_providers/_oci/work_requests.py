# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work requests of OCI Generative AI: what the service does about a resource, how far it is, and why it failed.

Private to llmops.finetune; may change at any time.

A work request is plain data in snake_case, as the API shows it. The service forgets it after some days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._engine.compare import number
from ..._engine.errors import ApiError, NotFound, RateLimited
from ..._engine.types import Phase, Progress
from ..toolkit.answers import quote_host
from . import shapes
from .client import Api
from .reading import ENTRY, WORK

PHASES = {
    "ACCEPTED": Phase.PENDING,
    "IN_PROGRESS": Phase.PENDING,
    "WAITING": Phase.PENDING,
    "CANCELING": Phase.CANCELLING,
    "CANCELED": Phase.CANCELLED,
    "FAILED": Phase.FAILED,
    "SUCCEEDED": Phase.READY,
}
_STAGES = {
    "ACCEPTED": "waiting to start",
    "WAITING": "waiting for the service",
    "CANCELING": "being cancelled by the service",
}
_REASON = 1000  # characters
_ONLY_NAMED = "RELATED"  # a resource that the work uses, but is not about


def phase(work: Mapping[str, Any] | None) -> Phase:
    """What its status is to the engine. UNKNOWN: none is there, or it has a status that this version does not know."""
    return PHASES.get(str((work or {}).get("status")), Phase.UNKNOWN)


def header(response: Any) -> str | None:
    """The work request that an answer has begun."""
    found = response.headers.get("opc-work-request-id")
    return str(found) if found else None


# -- looking ---------------------------------------------------------------------------------------------------


def get(api: Api, identifier: str) -> dict[str, Any]:
    """One work request. NotFound where the service does not know it, or no longer."""
    doing = f"Looking up the work request {identifier}"
    return shapes.answer(api.call(doing, "get_work_request", reads=WORK, work_request_id=identifier))


def newest(api: Api, compartment_id: str, resource_id: str, operation: str | None = None) -> dict[str, Any] | None:
    """The newest work request about a resource, of one operation or of any; None where there is none to be seen.

    One that only names the resource is another's: a training names its cluster.
    """
    try:
        found = api.pages(
            f"Listing the work requests of {resource_id}",
            "list_work_requests",
            item=WORK,
            compartment_id=compartment_id,
            resource_id=resource_id,
            sort_by="timeAccepted",
            sort_order="DESC",
        )
        for work in map(shapes.to_dict, found):
            if operation in (None, work.get("operation_type")) and _is_about(work, resource_id):
                return dict(work)
    except NotFound:
        return None
    return None


def _is_about(work: Mapping[str, Any], resource_id: str) -> bool:
    named = [item for item in work.get("resources") or () if item.get("identifier") == resource_id]
    return not named or any(item.get("action_type") != _ONLY_NAMED for item in named)


def errors(api: Api, identifier: str) -> list[dict[str, Any]]:
    """Its errors, oldest first: ``code``, ``message``, ``timestamp``. Empty where it cannot be read."""
    return _entries(api, "errors", "list_work_request_errors", identifier)


def logs(api: Api, identifier: str) -> list[dict[str, Any]]:
    """Its log, oldest first: ``message``, ``timestamp``. Empty where it cannot be read."""
    return _entries(api, "log", "list_work_request_logs", identifier)


def _entries(api: Api, what: str, operation: str, identifier: str) -> list[dict[str, Any]]:
    doing = f"Reading the {what} of the work request {identifier}"
    wanted: dict[str, Any] = {"work_request_id": identifier, "sort_by": "timestamp", "sort_order": "ASC"}
    try:
        return [shapes.to_dict(entry) for entry in api.pages(doing, operation, item=ENTRY, **wanted)]
    except RateLimited:
        raise
    except ApiError:
        return []


def _last_line(api: Api, identifier: str) -> str:
    """The newest line of its log, by one small call."""
    try:
        newest_first = api.pages(
            f"Reading the log of the work request {identifier}",
            "list_work_request_logs",
            item=ENTRY,
            work_request_id=identifier,
            sort_by="timestamp",
            sort_order="DESC",
            limit=1,
        )
        newest: Mapping[str, Any] = next(newest_first, {})
        return quote_host(newest.get("message"))
    except RateLimited:
        raise
    except ApiError:
        return ""


def in_full(api: Api, work: Mapping[str, Any] | None) -> dict[str, Any]:
    """A work request with its ``errors`` and its ``logs``, for the result; empty for none."""
    if not work:
        return {}
    return {**work, "errors": errors(api, str(work["id"])), "logs": logs(api, str(work["id"]))}


class KnownWorks:
    """The work requests about a task's resources, as far as the task knows them: by resource and operation."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._ids: dict[tuple[str, str | None], str] = {}

    def began(self, resource_id: str, response: Any, operation: str | None = None) -> None:
        """Keep the work request that an answer has begun."""
        self._ids.pop((resource_id, operation), None)
        identifier = header(response)
        if identifier:
            self._ids[resource_id, operation] = identifier

    def ids(self, operation: str) -> list[str]:
        """The OCIDs of an operation's work requests."""
        return [identifier for (_resource, known), identifier in self._ids.items() if known == operation]

    def knows(self, resource_id: str, operation: str) -> bool:
        """Whether one of this operation is known."""
        return (resource_id, operation) in self._ids

    def find(self, resource_id: str, compartment_id: Any, operation: str | None = None) -> dict[str, Any] | None:
        """The known work request, else the newest one. None if there is none, or if nobody may look at it."""
        identifier = self._ids.get((resource_id, operation))
        try:
            if identifier:
                return get(self.api, identifier)
            found = newest(self.api, str(compartment_id), resource_id, operation) if compartment_id else None
        except RateLimited:
            raise
        except ApiError:
            return None
        if found:
            self._ids[resource_id, operation] = str(found["id"])
        return found


# -- in the engine's terms -------------------------------------------------------------------------------------


def errors_text(api: Api, work: Mapping[str, Any]) -> str:
    """Why it failed: every error, oldest first, each with its code. Empty where it has none."""
    texts: dict[str, None] = {}  # in order, each once
    for entry in errors(api, str(work["id"])):
        code, message = quote_host(entry.get("code")), quote_host(entry.get("message"), _REASON).rstrip(".")
        text = f"{message} ({code})" if code and message else message or code
        if text:
            texts[text] = None
    return "; ".join(texts)


def progress(api: Api, work: Mapping[str, Any], stage: str = "training", *, log: bool = True) -> Progress:
    """How far it is. ``stage``: what is going on while it is in progress.

    ``log``: with the newest line of its log as the message, for one more call.
    """
    status = str(work.get("status") or "")
    percent = number(work.get("percent_complete"))
    return Progress(
        _STAGES.get(status, stage),
        percent=None if percent is None or status in _STAGES else min(100.0, max(0.0, float(percent))),
        message=_last_line(api, str(work["id"])) if log else "",
    )
