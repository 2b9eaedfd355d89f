# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, in words that no provider owns.

Private to llmops.finetune; may change at any time.

A driver's client translates its SDK's exceptions into these; the engine decides by their type alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

_Error = TypeVar("_Error", bound="FineTuneError")


class FineTuneError(Exception):
    """One clear error: what is wrong and where (``message``), what to do (``hint``).

    ``facts`` is plain data that the failed task still returns (ids, ``changed``, ``status`` ...).
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
        """A copy of the same type that says more. An error that was caught is not changed itself."""
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.message = self.message if message is None else message
        copy.hint = self.hint if hint is None else hint.strip()
        copy.facts = dict(self.facts if facts is None else facts)
        copy.args = (copy.message,)
        return copy


class InvalidInput(FineTuneError):
    """An option is wrong; found before any call."""


class DriftError(InvalidInput):
    """What was asked is not what exists, which only a look at the provider could tell."""


class MissingLibrary(FineTuneError):
    """A Python library that this provider needs is not installed where the module runs."""

    def __init__(self, library: str, reason: str, trace: str) -> None:
        super().__init__(f"The Python library {library} is missing.")
        self.library = library
        self.reason = reason
        self.trace = trace


class ApiError(FineTuneError):
    """The provider answered, and the answer is a clear no: nothing was changed by this call.

    ``status`` is the HTTP status, ``code`` the provider's own error code, where it gives one.
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
    """A bare "not found". It never means "gone": these credentials may just not see it."""


class RateLimited(ApiError):
    """A clear no for now (rate limit, full quota, input not ready): nothing was changed, ask again later.

    ``retry_after`` is in seconds, where the provider says it. ``at_most``: after how many seconds it is no longer
    believable that asking again helps; None leaves that to the task's time-out. ``brief``: the message without what
    is another with each answer (a request's id), so that one refusal is one line of progress.
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
    """A clear no because something else is under way. It may be what was asked for before: look, then ask again."""


class Conflict(ApiError):
    """A clear no because something else was made meanwhile (a name or a token is in use): look again, decide anew."""


class TransientError(FineTuneError):
    """No clear answer (connection lost, time-out, 5xx). A read may be repeated; the outcome of a write is unknown.

    ``retry_after`` is in seconds, where the provider says it.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class NoAnswer(TransientError):
    """Something came back that is no answer of this API (a proxy's page, broken JSON, a field of another kind)."""


class RunFailed(FineTuneError):
    """The training run that the task is bound to, or would have to repeat, ended without a model."""


class TimedOut(FineTuneError):
    """The task's ``wait_timeout`` ended; what was started goes on."""
