# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error answers as OCI writes them. Source of the codes: OCI documentation, "API Errors"."""

from __future__ import annotations

from finetune_sandbox.server.web import Response

_TYPICAL = {
    400: ("InvalidParameter", "A parameter is invalid or incorrectly formatted."),
    401: ("NotAuthenticated", "The required information to complete authentication was not provided or was incorrect."),
    403: ("NotAllowed", "This operation is not allowed."),
    404: ("NotAuthorizedOrNotFound", "Authorization failed or requested resource not found."),
    405: ("MethodNotAllowed", "The target resource does not support the HTTP method."),
    409: ("IncorrectState", "The requested state for the resource conflicts with its current state."),
    412: ("NoEtagMatch", "The if-match header does not match the etag of the resource."),
    413: ("RequestEntityTooLarge", "The size of the request body exceeds the maximum allowed size."),
    429: ("TooManyRequests", "You have issued too many requests to the Oracle Cloud Infrastructure APIs recently."),
    501: ("MethodNotImplemented", "The HTTP request target does not recognize the HTTP method."),
    503: ("ServiceUnavailable", "The service is currently unavailable."),
}


class OciError(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def response(self) -> Response:
        """The body that every service of OCI writes."""
        headers = {"Content-Type": "application/json", **self.headers}
        return Response({"code": self.code, "message": self.message}, self.status, headers)


def typical(status: int) -> OciError:
    """What OCI typically says with this status; used for faults and defects."""
    code, message = _TYPICAL.get(status, ("InternalServerError", "An internal server error occurred."))
    return OciError(status, code, message)


def invalid(message: str) -> OciError:
    """InvalidParameter."""
    return OciError(400, "InvalidParameter", message)


def missing(name: str) -> OciError:
    """MissingParameter."""
    return OciError(400, "MissingParameter", f"The required parameter {name} is missing.")


def not_found(identifier: str = "") -> OciError:
    """NotAuthorizedOrNotFound: something in the path or the query, or the compartment."""
    subject = f" {identifier}" if identifier else ""
    return OciError(404, "NotAuthorizedOrNotFound", f"Authorization failed or requested resource{subject} not found.")


def related_not_found(identifier: str) -> OciError:
    """RelatedResourceNotAuthorizedOrNotFound: something that the body names."""
    return OciError(
        400,
        "RelatedResourceNotAuthorizedOrNotFound",
        f"The resource {identifier} was not found, or you are not authorized to access it.",
    )


def incorrect_state(message: str) -> OciError:
    """IncorrectState: it will pass."""
    return OciError(409, "IncorrectState", message)


def conflict(message: str) -> OciError:
    """Conflict: it will not pass by itself."""
    return OciError(409, "Conflict", message)


def over_limit(message: str) -> OciError:
    """LimitExceeded."""
    return OciError(400, "LimitExceeded", message)
