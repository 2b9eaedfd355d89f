# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAI's error bodies, and Azure's form of them."""

from __future__ import annotations

from finetune_sandbox.server.web import Refusal, Response

OPENAI = "openai"
AZURE = "azure"
COMPATIBLE = "compatible"
GATEWAY = "gateway"
SELFHOSTED = "selfhosted"
DIALECTS = (OPENAI, AZURE, COMPATIBLE, GATEWAY, SELFHOSTED)
MINIMAL = frozenset({COMPATIBLE, GATEWAY, SELFHOSTED})
"""Hosts of others, with fewer operations and open models."""

_AZURE_CODES = {
    400: "invalidPayload",
    401: "401",
    403: "403",
    404: "resourceNotFound",
    409: "conflict",
    413: "413",
}
_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"


class ApiError(Exception):
    """An error answer of the API.

    azure_code: the code that Azure uses where it is not the usual one of the status.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type_: str = "invalid_request_error",
        azure_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.type, self.azure_code = (
            status,
            message,
            code,
            param,
            type_,
            azure_code,
        )

    def response(self, dialect: str) -> Response:
        """The body in a dialect's shape."""
        if dialect == AZURE:
            code = self.azure_code or _AZURE_CODES.get(self.status) or self.code or str(self.status)
            return Response({"error": {"code": code, "message": self.message}}, self.status)
        body = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return Response({"error": body}, self.status)


def typical(dialect: str, status: int) -> Response:
    """What the host typically says with this status; used for faults."""
    if status in {502, 504}:
        title = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}[status]
        return Response(_HTML.format(title).encode(), status, {"Content-Type": "text/html"})
    known = {
        400: ("Your request was malformed.", "invalid_request_error", None),
        401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
        403: ("You have insufficient permissions for this operation.", "invalid_request_error", None),
        404: ("The requested resource was not found.", "invalid_request_error", "not_found"),
        408: ("The request timed out. Please try again.", "server_error", None),
        409: (
            "The resource was changed by another request. Please try again.",
            "invalid_request_error",
            None,
        ),
        413: ("Maximum content size limit exceeded.", "server_error", None),
        429: (
            "Rate limit reached for requests per min. Please try again in 20s.",
            "requests",
            "rate_limit_exceeded",
        ),
        503: (
            "The server is currently overloaded with other requests. Please try again later.",
            "server_error",
            None,
        ),
    }
    message, type_, code = known.get(
        status,
        ("The server had an error while processing your request. Sorry about that!", "server_error", None),
    )
    if status < 400:
        return Response({}, status)
    return ApiError(status, message, code=code, type_=type_).response(dialect)


def refused(dialect: str, status: int, message: str) -> Refusal:
    """What a host has no operation for, or a gateway before it does not let through."""
    if dialect in MINIMAL:
        return Refusal(Response({"detail": message}, status))
    return Refusal(ApiError(status, message).response(dialect))


def check_deletion(dialect: str, deletions: str) -> None:
    """Refusal where the host deletes nothing."""
    if deletions == "not_allowed":
        raise refused(dialect, 405, "Method Not Allowed")
    if deletions == "not_found":
        raise refused(dialect, 404, "Not Found")


def missing(param: str) -> ApiError:
    """A required parameter is not there."""
    message = f"Missing required parameter: '{param}'."
    return ApiError(400, message, code="missing_required_parameter", param=param)


def bad_value(param: str, message: str, code: str = "invalid_value") -> ApiError:
    """A parameter has a value that cannot be."""
    return ApiError(400, message, code=code, param=param)


def one_of(values: list[str]) -> str:
    """'a', 'b', and 'c'."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"
