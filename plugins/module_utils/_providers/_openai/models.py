# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a fine-tuned model still exists: what a host shows of it, and what that proves for this kind of host.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..._engine.errors import ApiError, NoAnswer, NotFound
from ..toolkit.answers import each, flag, name, record
from .jobs import same_dated_name

if TYPE_CHECKING:
    from .client import Api
    from .hosts import Host

_MODEL = record({"id": name})
_MODELS = record({"data": each(_MODEL)}, {"has_more": flag})
_END = "shutdown_date"  # of OpenAI's base models and fine-tuned models: YYYY-MM-DD or null
_NO_ROUTE = (404, 405, 501)

# The dates on which OpenAI shuts base models down, and all models tuned on them. Source: its deprecations page,
# announcements of 2026-10-14 and before, as of 2026-11-30. The list of models has priority if it still has the base.
ENDS = {
    "gpt-4-0613": "2026-10-23",
    "gpt-3.5-turbo-0125": "2026-10-23",
    "gpt-4.1-nano-2025-04-14": "2026-10-23",
    "o4-mini-2025-04-16": "2026-10-23",
    "gpt-4o-2024-08-06": "2027-01-14",
    "gpt-4o-2024-11-20": "2027-01-14",
    "gpt-4o-mini-2024-07-18": "2027-01-14",
    "gpt-4.1-2025-04-14": "2027-01-14",
    "gpt-4.1-mini-2025-04-14": "2027-01-14",
}


class Verdict(enum.Enum):
    """The state of a model, as far as it is known."""

    EXISTS = "exists"
    DELETED = "deleted"
    RETIRED = "retired"
    UNKNOWN = "unknown"  # the host does not show it, which proves nothing


@dataclass(frozen=True)
class ModelEvidence:
    """The facts that a host shows of one model.

    ``found``: the host shows the model by its id or in the list. ``denied``: the host answers that it has no such
    model. ``listed``: the complete list, by id; None if there is no valid list. ``own``: the model as the host shows
    it. ``now``: the host's time, in unix seconds.
    """

    found: bool = False
    denied: bool = False
    listed: Mapping[str, Mapping[str, Any]] | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    now: float = 0.0

    def end(self, host: Host, base: str) -> str | None:
        """The announced end of the model or of its base, as a date, if it has passed. None otherwise."""
        dates = [_date(self.own.get(_END))]
        if not self.found or (host.kind == "openai" and _END not in self.own):
            dates.append(_end_of_base(host, base, self.listed or {}))
        passed = [date for date in dates if date and _begins(date) <= self.now]
        return min(passed, default=None)


def _end_of_base(host: Host, base: str, listed: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The end of the base model: from the list, or else from the table.

    None for Azure OpenAI: it has its own calendar, and ends no model with its base.
    """
    if host.azure:
        return None
    parts = base.split(":")
    base = parts[1] if parts[0] == "ft" and len(parts) > 1 else base
    entry = listed.get(base) or next((found for id_, found in listed.items() if same_dated_name(base, id_)), None)
    if entry is not None and _END in entry:
        return _date(entry[_END])
    return next((date for known, date in ENDS.items() if same_dated_name(base, known)), None)


def _date(value: Any) -> str | None:
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").date().isoformat()
    except ValueError:
        return None


def _begins(date: str) -> float:
    return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()


def judge_model(host: Host, evidence: ModelEvidence, base: str, *, reported_missing: bool = False) -> Verdict:
    """The state of a model, by the first rule that fits.

    ``reported_missing``: the user says that the model was deleted.
    """
    if evidence.found:
        return Verdict.EXISTS
    if evidence.denied and evidence.end(host, base):
        return Verdict.RETIRED
    if reported_missing:
        return Verdict.DELETED
    if evidence.denied and evidence.listed is not None and not host.compatible and not host.v1:
        has_base = any(same_dated_name(base, listed) for listed in evidence.listed)
        return Verdict.DELETED if host.kind == "openai" or has_base else Verdict.UNKNOWN
    return Verdict.UNKNOWN


def observe_model(api: Api, model: str, listed: Mapping[str, Mapping[str, Any]] | None = None) -> ModelEvidence:
    """Retrieve a model. If the host does not show it, look for it in the list.

    ``listed``: a list that was already read. Raises errors that prove nothing about the model: a missing permission, a
    temporary error. For a host with known habits, every unexpected answer is raised too.
    """
    lenient = api.host.compatible or api.host.v1
    denied = False
    try:
        send = api.sdk.models.with_raw_response.retrieve
        own: Mapping[str, Any] = api.call(f"Looking up the model {model}", send, model, reads=_MODEL)
        return ModelEvidence(found=True, own=own, now=api.now())
    except NotFound:
        denied = True
    except (ApiError, NoAnswer) as error:
        if not lenient or not _proves_nothing(error):
            raise
    if listed is None:
        listed = list_models(api)
    entry = (listed or {}).get(model)
    return ModelEvidence(found=entry is not None, denied=denied, listed=listed, own=entry or {}, now=api.now())


def list_models(api: Api) -> dict[str, Mapping[str, Any]] | None:
    """The complete list by id. None if a host with unknown habits gives no valid list."""
    try:
        listed = api.call("Listing the models", api.sdk.models.with_raw_response.list, reads=_MODELS, verb="list")
        if listed.get("has_more") or not listed["data"]:
            raise NoAnswer("Listing the models: the list is not complete.", hint="Check base_url.")
        return {model["id"]: model for model in listed["data"]}
    except (ApiError, NoAnswer) as error:
        if (api.host.compatible or api.host.v1) and _proves_nothing(error):
            return None
        raise


def _proves_nothing(error: ApiError | NoAnswer) -> bool:
    """Whether a host with unknown habits may not have this operation, or may not show it to everybody who may train.

    False for a refused credential (401), for "later" (429), and for errors without a status.
    """
    return isinstance(error, NoAnswer) or (error.status not in (401, 429) and error.status is not None)


def cannot_delete(error: Exception) -> bool:
    """Whether this answer means that the host has no deletion, or no such model."""
    return isinstance(error, ApiError) and error.status in _NO_ROUTE
