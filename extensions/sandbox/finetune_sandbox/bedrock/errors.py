# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error answers in the shape of each AWS service."""

from __future__ import annotations

from xml.sax.saxutils import escape

from finetune_sandbox.server.web import Response

BEDROCK, S3, IAM, STS, KMS, EC2 = "bedrock", "s3", "iam", "sts", "kms", "ec2"
OTHER = "aws"
"""A service that the sandbox does not have."""
XML_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

_TYPICAL = {
    400: ("ValidationException", "The input fails to satisfy the constraints specified by the service."),
    403: ("AccessDeniedException", "You do not have sufficient access to perform this action."),
    404: ("ResourceNotFoundException", "The specified resource ARN was not found. Check the ARN and try again."),
    409: ("ConflictException", "Error occurred because of a conflict while performing an operation."),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    503: ("ServiceUnavailableException", "The service is temporarily unavailable. Please try again."),
}
_TYPICAL_S3 = {
    400: ("InvalidRequest", "Invalid Request"),
    403: ("AccessDenied", "Access Denied"),
    404: ("NoSuchKey", "The specified key does not exist."),
    409: ("OperationAborted", "A conflicting conditional action is currently in progress against this resource."),
    412: ("PreconditionFailed", "At least one of the pre-conditions you specified did not hold"),
    429: ("SlowDown", "Please reduce your request rate."),
    503: ("SlowDown", "Please reduce your request rate."),
}
_TYPICAL_QUERY = {
    400: ("ValidationError", "The request is not valid."),
    403: ("AccessDenied", "User is not authorized to perform this action."),
    404: ("NoSuchEntity", "The requested entity cannot be found."),
    409: ("ConcurrentModification", "The entity is being changed by another request. Please try again."),
    429: ("Throttling", "Rate exceeded"),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}


class AwsError(Exception):
    """An error answer. extra: further members of the body (S3: elements; JSON: keys); headers go with the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        extra: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.extra, self.headers = extra or {}, headers or {}

    def response(self, service: str, request_id: str) -> Response:
        """The body as this service writes it."""
        if service == S3:
            extra = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in self.extra.items())
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>{extra}"
                f"<RequestId>{request_id}</RequestId><HostId>sandbox</HostId></Error>"
            )
            return Response(body.encode(), self.status, {"Content-Type": "application/xml", **self.headers})
        if service in {IAM, STS}:
            namespace = "https://iam.amazonaws.com/doc/2010-05-08/"
            if service == STS:
                namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
            kind = "Sender" if self.status < 500 else "Receiver"
            body = (
                f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{self.code}</Code>'
                f"<Message>{escape(self.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            )
            return Response(body.encode(), self.status, {"Content-Type": "text/xml", **self.headers})
        if service == EC2:
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Response><Errors><Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
                f"</Errors><RequestID>{request_id}</RequestID></Response>"
            )
            return Response(body.encode(), self.status, {"Content-Type": "text/xml;charset=UTF-8", **self.headers})
        if service == KMS:
            view = {"__type": self.code, "message": self.message}
            return Response(view, self.status, {"Content-Type": "application/x-amz-json-1.1", **self.headers})
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code, **self.headers}
        return Response({"message": self.message, **self.extra}, self.status, headers)


def typical(service: str, status: int) -> AwsError:
    """What a service typically says with this status; used for faults and defects."""
    if service == S3:
        code, message = _TYPICAL_S3.get(
            status, ("InternalError", "We encountered an internal error. Please try again.")
        )
    elif service in {IAM, STS, EC2}:
        code, message = _TYPICAL_QUERY.get(
            status, ("InternalFailure", "The request processing has failed because of an unknown error.")
        )
    else:
        code, message = _TYPICAL.get(
            status, ("InternalServerException", "An internal server error occurred. Retry your request.")
        )
    return AwsError(status, code, message)


def invalid(message: str) -> AwsError:
    """Bedrock's ValidationException."""
    return AwsError(400, "ValidationException", message)


def not_found(message: str) -> AwsError:
    """Bedrock's ResourceNotFoundException."""
    return AwsError(404, "ResourceNotFoundException", message)


def conflict(message: str) -> AwsError:
    """Bedrock's ConflictException; its status is 400, as the service model says."""
    return AwsError(400, "ConflictException", message)


def over_quota(message: str) -> AwsError:
    """Bedrock's ServiceQuotaExceededException."""
    return AwsError(400, "ServiceQuotaExceededException", message)
