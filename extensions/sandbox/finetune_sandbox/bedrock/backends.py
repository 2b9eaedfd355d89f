# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM, STS, KMS and EC2 are moto's: its servers, called in-process, one account per sandbox.

moto is imported when it is needed first; that takes a second or two.
"""

from __future__ import annotations

import importlib
import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode
from xml.etree import ElementTree

from werkzeug import Request
from werkzeug.test import run_wsgi_app

from finetune_sandbox.bedrock import policy
from finetune_sandbox.bedrock.errors import EC2, IAM, KMS, STS, AwsError
from finetune_sandbox.bedrock.sigv4 import plain_body
from finetune_sandbox.server import strict_json
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.web import Response, raw_target

OPERATIONS: dict[str, tuple[str, ...]] = {
    IAM: (
        "CreateRole",
        "GetRole",
        "ListRoles",
        "UpdateRole",
        "DeleteRole",
        "UpdateAssumeRolePolicy",
        "TagRole",
        "UntagRole",
        "ListRoleTags",
        "PutRolePolicy",
        "GetRolePolicy",
        "ListRolePolicies",
        "DeleteRolePolicy",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "ListAttachedRolePolicies",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "ListInstanceProfilesForRole",
        "CreatePolicy",
        "GetPolicy",
        "ListPolicies",
        "DeletePolicy",
        "CreatePolicyVersion",
        "GetPolicyVersion",
        "ListPolicyVersions",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
        "ListEntitiesForPolicy",
    ),
    STS: ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"),
    KMS: (
        "CreateKey",
        "DescribeKey",
        "ListKeys",
        "ListAliases",
        "CreateAlias",
        "DeleteAlias",
        "UpdateAlias",
        "EnableKey",
        "DisableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "GetKeyPolicy",
        "PutKeyPolicy",
        "TagResource",
        "UntagResource",
        "ListResourceTags",
        "GetKeyRotationStatus",
    ),
    EC2: (
        "DescribeVpcs",
        "CreateVpc",
        "DeleteVpc",
        "DescribeSubnets",
        "CreateSubnet",
        "DeleteSubnet",
        "DescribeSecurityGroups",
        "CreateSecurityGroup",
        "DeleteSecurityGroup",
        "DescribeAvailabilityZones",
        "CreateTags",
        "DeleteTags",
        "DescribeTags",
    ),
}
_JSON = {KMS}
_VERSIONS = {IAM: "2010-05-08", STS: "2011-06-15", EC2: "2016-11-15"}
ROLE = "FineTune"
_BEDROCK = "bedrock.amazonaws.com"


@dataclass(frozen=True)
class Role:
    """A role with all its policies, parsed."""

    arn: str
    name: str
    trust: Mapping[str, Any]
    policies: tuple[Mapping[str, Any], ...]
    boundary: Mapping[str, Any] | None


@cache
def _application(service: str) -> Any:
    """moto's WSGI application of one service."""
    return importlib.import_module("moto.moto_server.werkzeug_app").create_backend_app(service)


def operation(request: Request, service: str) -> str:
    """The name of the operation that a request to one of these services asks for, or "unknown"."""
    if service in _JSON:
        name = str(request.headers.get("X-Amz-Target", "")).rpartition(".")[2]
    else:
        body = plain_body(request).decode("latin-1")
        fields = dict(part.partition("=")[::2] for part in body.split("&"))
        name = fields.get("Action", "") or request.args.get("Action", "")
    return name if name in OPERATIONS[service] else "unknown"


class Backends:
    """The account in moto. `lock` makes calls one after the other; moto's state is not made for threads."""

    def __init__(self, account: str, clock: Clock) -> None:
        self._account, self._clock = account, clock
        self._lock = threading.RLock()
        self._ready = False
        self._role_changed: dict[str, float] = {}
        self._used: set[str] = set()

    def _setup(self) -> None:
        """The role that is always there."""
        if self._ready:
            return
        self._ready = True
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": _BEDROCK},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": self._account}},
                }
            ],
        }
        network = (
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "ec2:DeleteNetworkInterface",
        )
        access = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
                    "Resource": "*",
                },
                {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"},
                {"Effect": "Allow", "Action": list(network), "Resource": "*"},
                {"Effect": "Allow", "Action": ["bedrock:InvokeModel", "lambda:InvokeFunction"], "Resource": "*"},
            ],
        }
        self.query(IAM, "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
        self.query(IAM, "PutRolePolicy", RoleName=ROLE, PolicyName="FineTune", PolicyDocument=json.dumps(access))

    def handle(self, service: str, name: str, request: Request, region: str) -> Response:
        """Answer a request of a client (its signature is verified already)."""
        path, query = raw_target(request)
        body = plain_body(request)
        if service in _JSON and body:
            try:
                document = strict_json.body(body)
            except ValueError as error:
                raise AwsError(400, "SerializationException", f"The body is not valid JSON: {error}") from error
            if not isinstance(document, dict):
                raise AwsError(400, "SerializationException", "Start of structure or map found where not expected.")
        with self._lock:
            self._setup()
            status, headers, content = self._send(
                service, request.method, path, query, dict(request.headers), body, region
            )
            if service == IAM and status == 200:
                self._note(name, body)
        kept = {name: value for name, value in headers.items() if name.lower() in {"content-type", "x-amzn-requestid"}}
        return Response(content, status, kept)

    def _note(self, name: str, body: bytes) -> None:
        fields = dict(part.partition("=")[::2] for part in body.decode("latin-1").split("&"))
        role = unquote(fields.get("RoleName", ""))
        if name in {"CreateRole", "UpdateAssumeRolePolicy"}:
            self._role_changed[role] = self._clock.now()
        elif name == "DeleteRole":
            self._role_changed.pop(role, None)

    def _send(
        self, service: str, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, region: str
    ) -> tuple[int, dict[str, str], bytes]:
        application = _application(service)
        self._used.add(service)
        host = f"{service}.amazonaws.com" if service in {IAM, STS} else f"{service}.{region}.amazonaws.com"
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "RAW_URI": path + (f"?{query}" if query else ""),
            "SERVER_NAME": host,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": host,
            "HTTP_X_MOTO_ACCOUNT_ID": self._account,
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=sandbox/20260101/{region}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        for name, value in headers.items():
            lower = name.lower()
            if lower == "content-type":
                environ["CONTENT_TYPE"] = value
            elif lower in {"x-amz-target", "x-amz-date", "accept"}:
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        chunks, status, answered = run_wsgi_app(application, environ, buffered=True)
        return int(status.split()[0]), dict(answered), b"".join(chunks)

    # What the other services ask

    def query(self, service: str, action: str, region: str = "us-east-1", **fields: str) -> ElementTree.Element:
        """A call of the sandbox's own. AwsError with the service's code."""
        body = urlencode({"Action": action, "Version": _VERSIONS[service], **fields}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with self._lock:
            self._setup()
            status, _unused, content = self._send(service, "POST", "/", "", headers, body, region)
        tree = ElementTree.fromstring(content)
        for element in tree.iter():
            element.tag = element.tag.rpartition("}")[2]
        if status != 200:
            raise AwsError(status, tree.findtext(".//Code", ""), tree.findtext(".//Message", ""))
        return tree

    def role(self, arn: str) -> Role | None:
        """A role of this account by ARN, with its policies."""
        prefix, _unused, path = arn.partition(":role/")
        name = path.rpartition("/")[2]
        if prefix != f"arn:aws:iam::{self._account}" or not name:
            return None
        try:
            found = self.query(IAM, "GetRole", RoleName=name)
        except AwsError:
            return None
        if found.findtext(".//Role/Arn") != arn:
            return None
        trust = policy.parsed(unquote(found.findtext(".//AssumeRolePolicyDocument", "")))
        documents = []
        for member in self.query(IAM, "ListRolePolicies", RoleName=name).findall(".//PolicyNames/member"):
            inline = self.query(IAM, "GetRolePolicy", RoleName=name, PolicyName=member.text or "")
            documents.append(policy.parsed(unquote(inline.findtext(".//PolicyDocument", ""))))
        for member in self.query(IAM, "ListAttachedRolePolicies", RoleName=name).findall(".//PolicyArn"):
            documents.append(self._managed(member.text or ""))
        limit = found.findtext(".//PermissionsBoundary/PermissionsBoundaryArn")
        return Role(arn, name, trust, tuple(documents), self._managed(limit) if limit else None)

    def _managed(self, arn: str) -> dict[str, Any]:
        version = self.query(IAM, "GetPolicy", PolicyArn=arn).findtext(".//DefaultVersionId", "v1")
        found = self.query(IAM, "GetPolicyVersion", PolicyArn=arn, VersionId=version)
        return policy.parsed(unquote(found.findtext(".//PolicyVersion/Document", "")))

    def role_age(self, name: str) -> float:
        """Virtual seconds since the role or its trust policy changed."""
        with self._lock:
            changed = self._role_changed.get(name)
        return float("inf") if changed is None else self._clock.now() - changed

    def kms_key(self, key: str, region: str) -> str:
        """The ARN of an enabled key, by id, ARN or alias. AwsError with KMS's code."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.DescribeKey"}
        if key.startswith("arn:") and key.split(":")[3] != region:
            raise AwsError(400, "NotFoundException", f"Invalid arn {key.split(':')[3]}")
        with self._lock:
            self._setup()
            body = json.dumps({"KeyId": key}).encode()
            status, _unused, content = self._send(KMS, "POST", "/", "", headers, body, region)
        document = json.loads(content)
        if status != 200:
            code = str(document.get("__type", "NotFoundException")).rpartition("#")[2]
            raise AwsError(400, code, str(document.get("message", f"Key '{key}' does not exist")))
        data = document["KeyMetadata"]
        if data.get("KeyState") != "Enabled":
            code = "DisabledException" if data.get("KeyState") == "Disabled" else "KMSInvalidStateException"
            raise AwsError(400, code, f"{data['Arn']} is {str(data.get('KeyState')).lower()}.")
        return str(data["Arn"])

    def subnet_vpcs(self, ids: list[str], region: str) -> list[str]:
        """The VPCs of subnets. AwsError when one does not exist."""
        return self._vpcs("DescribeSubnets", "SubnetId", ids, region)

    def group_vpcs(self, ids: list[str], region: str) -> list[str]:
        """The VPCs of security groups. AwsError when one does not exist."""
        return self._vpcs("DescribeSecurityGroups", "GroupId", ids, region)

    def _vpcs(self, action: str, field: str, ids: list[str], region: str) -> list[str]:
        fields = {f"{field}.{index}": each for index, each in enumerate(ids, 1)}
        found = self.query(EC2, action, region, **fields).findall("./*/item/vpcId")
        return [element.text or "" for element in found]

    def reset(self) -> None:
        """Forget all that this account has in moto."""
        with self._lock:
            for service in self._used:
                backends = importlib.import_module("moto.backends").get_backend(service)
                for backend in list(backends[self._account].values()):
                    backend.reset()
            self._used.clear()
            self._role_changed.clear()
            self._ready = False
