# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of the engine, in neutral words.

Private to llmops.finetune; may change at any time.

A driver's client translates its SDK's exceptions into these; the engine decides by their type alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

_Error = TypeVar("_Error", bound="FineTuneError")


class FineTuneError(Exception):
    """One error: what is wrong and where (``message``), and what to do (``hint``).

    ``facts``: plain data that the failed task still returns (ids, ``changed``, ``status`` ...).
    """

    def __init__(self, message: str, *, hint: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts: dict[str, Any] = dict(facts or {})

    def text(self) -> str:
        """The message and the hint as one paragraph."""
        return f"{self.message} {self.hint}".strip()

    def amended(
        self: _Error, *, message: str | None = None, hint: str | None = None, facts: Mapping[str, Any] | None = None
    ) -> _Error:
        """A copy of the error with another message, hint or facts. A caught error itself is never changed."""
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.message = self.message if message is None else message
        copy.hint = self.hint if hint is None else hint.strip()
        copy.facts = dict(self.facts if facts is None else facts)
        copy.args = (copy.message,)
        return copy


class InvalidInput(FineTuneError):
    """An option is wrong. Raised before any call."""


class DriftError(InvalidInput):
    """The observed state differs from the desired one, and the task may not change it."""


class MissingLibrary(FineTuneError):
    """A Python library that this provider needs is not installed where the module runs."""

    def __init__(self, library: str, reason: str, trace: str) -> None:
        super().__init__(f"The Python library {library} is missing.")
        self.library = library
        self.reason = reason
        self.trace = trace


class ApiError(FineTuneError):
    """The provider refused the call; the call changed nothing.

    ``status`` is the HTTP status, ``code`` the provider's error code, if there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, facts=facts)
        self.status = status
        self.code = code


class NotFound(ApiError):
    """The answer is only "not found". It never means "deleted": the credentials may not see it."""


class RateLimited(ApiError):
    """The provider refuses the call for now (rate limit, full quota, input not ready); nothing was changed.

    ``retry_after``: seconds, if the provider says so. ``at_most``: seconds after which asking again no longer helps;
    None leaves that to ``wait_timeout``. ``brief``: the message without parts that change with each answer (a request
    id), so that the same refusal gives the same line of progress.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        at_most: float | None = None,
        brief: str = "",
    ) -> None:
        super().__init__(message, hint=hint, status=status, code=code)
        self.retry_after = retry_after
        self.at_most = at_most
        self.brief = brief or message


class Busy(RateLimited):
    """Refused because something is in progress. It may be this task's own run: look, then ask again."""


class Conflict(ApiError):
    """Refused because something was created meanwhile (a name or token is in use): observe and decide again."""


class TransientError(FineTuneError):
    """No clear answer (connection lost, time-out, 5xx). A read can be repeated; the outcome of a write is unknown.

    ``retry_after``: seconds, if the provider says so.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class NoAnswer(TransientError):
    """The answer does not come from this API (a proxy's page, broken JSON, a field of the wrong type)."""


class RunFailed(FineTuneError):
    """The run of the task, or the one that it would have to repeat, failed."""


class TimedOut(FineTuneError):
    """The task's ``wait_timeout`` ended. A started run continues."""
