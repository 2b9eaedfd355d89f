# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a fine-tuned model is still there: what a host shows of it, and what that proves at this kind of host.

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
_END = "shutdown_date"  # of OpenAI's models, and of the fine-tuned ones: YYYY-MM-DD or null
_NO_ROUTE = (404, 405, 501)

# When OpenAI shuts base models down, and with them all that was tuned on them: its deprecations page, announcements of
# 2026-10-14 and before, as of 2026-11-30. The list of models says it better, where it still has the base.
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
    """What is known of a model."""

    EXISTS = "exists"
    DELETED = "deleted"
    RETIRED = "retired"
    UNKNOWN = "unknown"  # the host does not show it, which proves nothing


@dataclass(frozen=True)
class ModelEvidence:
    """What the host shows of one model. ``found``: by itself or in the list. ``denied``: the host says that it has no
    such model. ``listed``: the complete list, by id, None if there is no valid one. ``now``: the host's time."""

    found: bool = False
    denied: bool = False
    listed: Mapping[str, Mapping[str, Any]] | None = None
    own: Mapping[str, Any] = field(default_factory=dict)
    now: float = 0.0

    def end(self, host: Host, base: str) -> str | None:
        """The announced end of the model or of its base, as a date, if that has passed."""
        dates = [_date(self.own.get(_END))]
        if not self.found or (host.kind == "openai" and _END not in self.own):
            dates.append(_end_of_base(host, base, self.listed or {}))
        passed = [date for date in dates if date and _begins(date) <= self.now]
        return min(passed, default=None)


def _end_of_base(host: Host, base: str, listed: Mapping[str, Mapping[str, Any]]) -> str | None:
    """What the list says, else the table. Azure OpenAI has a calendar of its own, and ends no model with its base."""
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
    """The first of these rules that fits. ``reported_missing``: the user says that the model was deleted."""
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
    """What the host shows of a model: by itself, and where it has no such one, in its list.

    ``listed``: a list that was read already. Raises what is no decision: a credential that may not look, passing
    trouble, and at hosts whose habits are known everything that they would not answer.
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
    """The complete list by id. None at a host of unknown habits that gives none."""
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
    """Whether a host of unknown habits may just not have what was asked for, or not show it to everybody who may
    train; a credential that it does not take, and its "later", are no such answers."""
    return isinstance(error, NoAnswer) or (error.status not in (401, 429) and error.status is not None)


def cannot_delete(error: Exception) -> bool:
    """Whether a host that answers so has no deletion at all, or no such thing."""
    return isinstance(error, ApiError) and error.status in _NO_ROUTE
