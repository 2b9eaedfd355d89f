# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: roles that are assumed, by the account's key or with a web identity, and the temporary credentials for them.

Source: "AssumeRole" and "AssumeRoleWithWebIdentity" in the AWS STS API reference. Credentials run out in real time, as
signatures are checked against it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from werkzeug import Request

from finetune_sandbox.bedrock import policy
from finetune_sandbox.bedrock.backends import Backends, Role
from finetune_sandbox.bedrock.errors import BEDROCK, S3, STS, AwsError
from finetune_sandbox.bedrock.sigv4 import plain_body
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.web import Response

OPERATIONS = ("AssumeRole", "AssumeRoleWithWebIdentity")
WEB_IDENTITY = "AssumeRoleWithWebIdentity"
ISSUER = "oidc.sandbox.example"
"""The one identity provider of the account."""
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
_ARN = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
_SHORTEST, _LONGEST, _USUAL = 900, 43200, 3600
_S3_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "GetObjectAttributes": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "DeleteObjects": "s3:DeleteObject",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
}


@dataclass
class Session:
    """Temporary credentials, and whose they are."""

    key_id: str
    secret: str
    token: str
    role: str
    arn: str
    ends: float


class Sts:
    """The two operations that hand out credentials, and who may do what with these."""

    def __init__(self, account: str, ids: Ids, backends: Backends) -> None:
        self._account, self._ids, self._backends = account, ids, backends
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._signing = hashlib.sha256(ids.text(40).encode()).digest()
        self.user = f"arn:aws:iam::{account}:user/sandbox"

    @property
    def provider_arn(self) -> str:
        """What a trust policy names as Federated."""
        return f"arn:aws:iam::{self._account}:oidc-provider/{ISSUER}"

    def session(self, key_id: str) -> Session | None:
        """The session whose key this is."""
        with self._lock:
            return self._sessions.get(key_id)

    def expire(self) -> int:
        """Let all temporary credentials run out; returns how many."""
        with self._lock:
            for session in self._sessions.values():
                session.ends = 0.0
            return len(self._sessions)

    def reset(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._sessions.clear()

    # Web identities

    def identity_token(self, subject: str, audience: str, seconds: float) -> str:
        """A token of the identity provider, a JWT."""
        claims = {"iss": f"https://{ISSUER}", "sub": subject, "aud": audience, "exp": int(time.time() + seconds)}
        body = ".".join(_coded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{body}.{_coded(self._mark(body))}"

    def _mark(self, body: str) -> bytes:
        return hmac.new(self._signing, body.encode(), hashlib.sha256).digest()

    def _claims(self, token: str) -> Mapping[str, Any]:
        parts = token.split(".")
        try:
            claims = json.loads(_decoded(parts[1])) if len(parts) == 3 else None
            known = len(parts) == 3 and hmac.compare_digest(_decoded(parts[2]), self._mark(".".join(parts[:2])))
        except (binascii.Error, ValueError):
            claims, known = None, False
        if not isinstance(claims, dict):
            raise AwsError(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.")
        if not known:
            message = "Couldn't retrieve verification key from your identity provider"
            raise AwsError(400, "InvalidIdentityToken", message)
        if claims["exp"] < time.time():
            message = (
                f"Token expired: current date/time {int(time.time())} must be before the expiration date/time "
                f"{claims['exp']}"
            )
            raise AwsError(400, "ExpiredTokenException", message)
        return claims

    # The operations

    def handle(self, name: str, request: Request, caller: str, request_id: str, wait: float) -> Response:
        """Answer one. caller: the ARN of who signed; wait: virtual seconds until a role is seen everywhere."""
        fields = {key: values[-1] for key, values in parse_qs(plain_body(request).decode("utf-8", "replace")).items()}
        arn, session_name = fields.get("RoleArn", ""), fields.get("RoleSessionName", "")
        _check(arn, session_name)
        seconds = _duration(fields.get("DurationSeconds"))
        role = self._backends.role(arn)
        ready = role is not None and self._backends.role_age(role.name) >= wait
        if name == WEB_IDENTITY:
            if not fields.get("WebIdentityToken"):
                raise _null("webIdentityToken")
            claims = self._claims(fields["WebIdentityToken"])
            context = {f"{ISSUER}:{name}": str(claims[name]) for name in ("aud", "sub")}
            principal = {"Federated": self.provider_arn}
            refused = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
        else:
            context = {"aws:PrincipalArn": caller, "aws:PrincipalAccount": self._account}
            if "ExternalId" in fields:
                context["sts:ExternalId"] = fields["ExternalId"]
            principal = {"AWS": caller}
            refused = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            if "SerialNumber" in fields or "TokenCode" in fields:
                message = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
                raise AwsError(403, "AccessDenied", message)
        trusted = role is not None and policy.decision([role.trust], f"sts:{name}", arn, context, principal) == "allow"
        if role is None or not ready or not trusted:
            raise AwsError(403, "AccessDenied", refused)
        return self._describe_caller(name, self._made(role, session_name, seconds), request_id)

    def _made(self, role: Role, name: str, seconds: int) -> Session:
        key_id = "ASIA" + "".join(c for c in self._ids.text(64).upper() if c not in "0189")[:16]
        arn = f"arn:aws:sts::{self._account}:assumed-role/{role.name}/{name}"
        session = Session(key_id, self._ids.text(40), self._ids.text(356), role.arn, arn, time.time() + seconds)
        with self._lock:
            self._sessions[key_id] = session
        return session

    def _describe_caller(self, name: str, session: Session, request_id: str) -> Response:
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.ends))
        role_id = "AROA" + session.key_id[4:]
        body = (
            f'<{name}Response xmlns="{_NAMESPACE}"><{name}Result><AssumedRoleUser>'
            f"<AssumedRoleId>{role_id}:{escape(session.arn.rpartition('/')[2])}</AssumedRoleId>"
            f"<Arn>{escape(session.arn)}</Arn></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{session.key_id}</AccessKeyId><SecretAccessKey>{session.secret}</SecretAccessKey>"
            f"<SessionToken>{session.token}</SessionToken><Expiration>{ends}</Expiration></Credentials></{name}Result>"
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        )
        return Response(body.encode(), 200, {"Content-Type": "text/xml"})

    def identity(self, session: Session, request_id: str) -> Response:
        """GetCallerIdentity of temporary credentials."""
        name = "GetCallerIdentity"
        role_id = "AROA" + session.key_id[4:]
        body = (
            f'<{name}Response xmlns="{_NAMESPACE}"><{name}Result><Arn>{escape(session.arn)}</Arn>'
            f"<UserId>{role_id}:{escape(session.arn.rpartition('/')[2])}</UserId><Account>{self._account}</Account>"
            f"</{name}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
        )
        return Response(body.encode(), 200, {"Content-Type": "text/xml"})

    # What temporary credentials may do

    def check(self, session: Session, service: str, operation: str, resource: str) -> None:
        """AwsError where the role's policies do not allow a call."""
        role = self._backends.role(session.role)
        action = _S3_ACTIONS.get(operation, f"s3:{operation}") if service == S3 else f"{service}:{operation}"
        context = {"aws:PrincipalAccount": self._account, "aws:PrincipalArn": session.role}
        principal = {"AWS": session.role}
        allowed = role is not None and policy.decision(role.policies, action, resource, context, principal) == "allow"
        if allowed and role is not None and role.boundary is not None:
            allowed = policy.decision([role.boundary], action, resource, context, principal) == "allow"
        if allowed:
            return
        message = (
            f"User: {session.arn} is not authorized to perform: {action} on resource: {resource} because no "
            f"identity-based policy allows the {action} action"
        )
        raise AwsError(403, "AccessDeniedException" if service == BEDROCK else "AccessDenied", message)


def ended(service: str) -> AwsError:
    """The answer to temporary credentials that have run out."""
    if service == S3:
        return AwsError(400, "ExpiredToken", "The provided token has expired.")
    code = "ExpiredToken" if service == STS else "ExpiredTokenException"
    return AwsError(403, code, "The security token included in the request is expired")


def _check(arn: str, session_name: str) -> None:
    if not arn:
        raise _null("roleArn")
    if not session_name:
        raise _null("roleSessionName")
    if not _ARN.fullmatch(arn):
        raise AwsError(400, "ValidationError", f"{arn} is invalid")
    if not _SESSION_NAME.fullmatch(session_name):
        message = (
            f"1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )
        raise AwsError(400, "ValidationError", message)


def _null(member: str) -> AwsError:
    failed = "failed to satisfy constraint: Member must not be null"
    return AwsError(400, "ValidationError", f"1 validation error detected: Value null at '{member}' {failed}")


def _duration(text: str | None) -> int:
    if text is None:
        return _USUAL
    if not text.isdecimal() or not _SHORTEST <= int(text) <= _LONGEST:
        message = (
            f"1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member "
            f"must have value between {_SHORTEST} and {_LONGEST}"
        )
        raise AwsError(400, "ValidationError", message)
    if int(text) > _USUAL:
        raise AwsError(
            400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return int(text)


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
