# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work requests of OCI Generative AI: they show the progress of an operation on a resource, and why it failed.

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
    """The phase of a work request. UNKNOWN if ``work`` is None, or if this version does not know its status."""
    return PHASES.get(str((work or {}).get("status")), Phase.UNKNOWN)


def header(response: Any) -> str | None:
    """The OCID of the work request that a request has started, from the headers of the answer. None without one."""
    found = response.headers.get("opc-work-request-id")
    return str(found) if found else None


# -- looking ---------------------------------------------------------------------------------------------------


def get(api: Api, identifier: str) -> dict[str, Any]:
    """One work request. Raises NotFound if the service does not know it, or has forgotten it."""
    doing = f"Looking up the work request {identifier}"
    return shapes.answer(api.call(doing, "get_work_request", reads=WORK, work_request_id=identifier))


def newest(api: Api, compartment_id: str, resource_id: str, operation: str | None = None) -> dict[str, Any] | None:
    """The newest work request about a resource, for one operation or for any. None if OCI shows none.

    A work request that only uses the resource is left out. For example, a training uses its cluster.
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
    """The errors of a work request, oldest first: ``code``, ``message``, ``timestamp``. Empty if OCI refuses them."""
    return _entries(api, "errors", "list_work_request_errors", identifier)


def logs(api: Api, identifier: str) -> list[dict[str, Any]]:
    """The log of a work request, oldest first: ``message``, ``timestamp``. Empty if OCI refuses it."""
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
    """The newest line of the log, by one call that asks for one line. Empty if OCI refuses it."""
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
    """A work request with its ``errors`` and its ``logs``, for the result. Empty if ``work`` is None."""
    if not work:
        return {}
    return {**work, "errors": errors(api, str(work["id"])), "logs": logs(api, str(work["id"]))}


class KnownWorks:
    """The work requests that the task knows, by resource and operation."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._ids: dict[tuple[str, str | None], str] = {}

    def began(self, resource_id: str, response: Any, operation: str | None = None) -> None:
        """Keep the OCID of the work request that a request has started."""
        self._ids.pop((resource_id, operation), None)
        identifier = header(response)
        if identifier:
            self._ids[resource_id, operation] = identifier

    def ids(self, operation: str) -> list[str]:
        """The OCIDs of an operation's work requests."""
        return [identifier for (_resource, known), identifier in self._ids.items() if known == operation]

    def knows(self, resource_id: str, operation: str) -> bool:
        """Whether a work request of this resource and operation is known."""
        return (resource_id, operation) in self._ids

    def find(self, resource_id: str, compartment_id: Any, operation: str | None = None) -> dict[str, Any] | None:
        """The known work request, else the newest one. None if there is none, or if OCI does not show it."""
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


# -- in the terms of the engine --------------------------------------------------------------------------------


def errors_text(api: Api, work: Mapping[str, Any]) -> str:
    """The reason of a failure: every error once, oldest first, each with its code. Empty if there are no errors."""
    texts: dict[str, None] = {}  # in order, each once
    for entry in errors(api, str(work["id"])):
        code, message = quote_host(entry.get("code")), quote_host(entry.get("message"), _REASON).rstrip(".")
        text = f"{message} ({code})" if code and message else message or code
        if text:
            texts[text] = None
    return "; ".join(texts)


def progress(api: Api, work: Mapping[str, Any], stage: str = "training", *, log: bool = True) -> Progress:
    """The progress of a work request. ``stage``: the words for the time while it is in progress.

    ``log``: whether the message is the newest line of the log, which needs one more call.
    """
    status = str(work.get("status") or "")
    percent = number(work.get("percent_complete"))
    return Progress(
        _STAGES.get(status, stage),
        percent=None if percent is None or status in _STAGES else min(100.0, max(0.0, float(percent))),
        message=_last_line(api, str(work["id"])) if log else "",
    )
