# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider: signed requests to five services on one listener, and its part of the control API."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from werkzeug import Request

from finetune_sandbox.bedrock import backends, s3_call, service, sigv4, sts
from finetune_sandbox.bedrock.access import Access
from finetune_sandbox.bedrock.backends import ROLE, Backends
from finetune_sandbox.bedrock.deployments import Deployments
from finetune_sandbox.bedrock.errors import BEDROCK, EC2, IAM, KMS, OTHER, S3, STS, AwsError, typical
from finetune_sandbox.bedrock.jobs import Jobs
from finetune_sandbox.bedrock.models import CustomModels, FoundationModels
from finetune_sandbox.bedrock.runtime import Runtime
from finetune_sandbox.bedrock.s3_api import S3Api
from finetune_sandbox.bedrock.s3_call import S3Call
from finetune_sandbox.bedrock.s3_store import Bucket, S3Store
from finetune_sandbox.bedrock.seeding import seed
from finetune_sandbox.bedrock.state import Region
from finetune_sandbox.bedrock.store import Store
from finetune_sandbox.bedrock.tags import Tags
from finetune_sandbox.bedrock.throughputs import Throughputs
from finetune_sandbox.server.answers import Library
from finetune_sandbox.server.checks import Fields
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.controlled import Controlled
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.web import Call, Match, Refusal, Response, raw_target

REGION = "us-east-1"
_SERVICES = (BEDROCK, S3, IAM, STS, KMS, EC2)

Operation = Callable[[Region, dict[str, Any]], dict[str, Any]]

_accounts_lock = threading.Lock()
_accounts: set[str] = set()
"""Accounts of the sandboxes in this process: moto keeps its state per account, for the whole process."""


def _new_account(seed_number: int | None) -> str:
    draw = random.Random(seed_number)
    with _accounts_lock:
        account = f"{draw.randrange(10**11, 10**12)}"
        while account in _accounts:
            account = f"{draw.randrange(10**11, 10**12)}"
        _accounts.add(account)
    return account


class BedrockProvider(Controlled[Store]):
    """See finetune_sandbox.server.web.Provider."""

    name = "bedrock"

    def __init__(self, clock: Clock, folder: Path, seed_number: int | None) -> None:
        self._clock = clock
        self.ids = Ids(seed_number)
        self.account_id = _new_account(seed_number)
        self.access_key = "AKIA" + "".join(c for c in self.ids.text(64).upper() if c not in "0189")[:16]
        self.secret_key = self.ids.text(40)
        self.region = REGION
        self.role_arn = f"arn:aws:iam::{self.account_id}:role/{ROLE}"
        self.data_bucket = f"finetune-data-{self.account_id}"
        self.output_bucket = f"finetune-output-{self.account_id}"
        self.backends = Backends(self.account_id, clock)
        self.sts = sts.Sts(self.account_id, Ids(None if seed_number is None else seed_number + 1), self.backends)
        self.s3 = S3Store(clock, folder, self.ids)
        access = Access(self.account_id, self.s3, self.backends)
        self.store = Store(clock, self.ids, self.account_id, access, Library(folder.with_name("bedrock-trained")))
        self._api = S3Api(self.s3, self.account_id, self._s3_kms_key, lambda: self.store.settings.foreign_buckets)
        self._operations = self._table()
        self._runtime = Runtime(self.store, self.store.library)
        self._make_buckets()

    def _make_buckets(self) -> None:
        for name in (self.data_bucket, self.output_bucket):
            self.s3.buckets[name] = Bucket(name, REGION, self._clock.now())

    def _table(self) -> dict[str, Operation]:
        store = self.store
        jobs, models, deployments = Jobs(store), CustomModels(store), Deployments(store)
        throughputs, foundation, tags = Throughputs(store), FoundationModels(store), Tags()
        table: dict[str, Operation] = {
            "CreateModelCustomizationJob": jobs.create,
            "GetModelCustomizationJob": jobs.get,
            "ListModelCustomizationJobs": jobs.list,
            "StopModelCustomizationJob": jobs.stop,
            "CreateCustomModel": models.create,
            "GetCustomModel": models.get,
            "ListCustomModels": models.list,
            "DeleteCustomModel": models.delete,
            "CreateCustomModelDeployment": deployments.create,
            "GetCustomModelDeployment": deployments.get,
            "ListCustomModelDeployments": deployments.list,
            "UpdateCustomModelDeployment": deployments.update,
            "DeleteCustomModelDeployment": deployments.delete,
            "CreateProvisionedModelThroughput": throughputs.create,
            "GetProvisionedModelThroughput": throughputs.get,
            "ListProvisionedModelThroughputs": throughputs.list,
            "UpdateProvisionedModelThroughput": throughputs.update,
            "DeleteProvisionedModelThroughput": throughputs.delete,
            "ListFoundationModels": foundation.list,
            "GetFoundationModel": foundation.get,
            "TagResource": tags.add,
            "UntagResource": tags.remove,
            "ListTagsForResource": tags.list,
        }
        return table

    def _s3_kms_key(self, key: str, region: str) -> str:
        try:
            return self.backends.kms_key(key, region)
        except AwsError as error:
            raise AwsError(400, f"KMS.{error.code}", error.message) from error

    # What the server asks for

    def operations(self) -> Iterable[str]:
        """The names of all operations, of every service."""
        yield from (f"{BEDROCK}.{name}" for name in (*self._operations, *service.RUNTIME_OPERATIONS, "unknown"))
        yield from (f"{S3}.{name}" for name in s3_call.OPERATIONS)
        for kind, names in backends.OPERATIONS.items():
            yield from (f"{kind}.{name}" for name in (*names, "unknown"))
        yield f"{OTHER}.unknown"

    def claims(self, request: Request) -> str | None:
        """By the signature, whatever the path; unsigned requests of AWS clients by their headers."""
        if sigv4.is_signed(request):
            wanted = sigv4.claimed_service(request)
            return wanted if wanted in _SERVICES else OTHER
        if sigv4.is_signed_old(request):
            return S3
        if "Amz-Sdk-Invocation-Id" not in request.headers and "X-Amz-Date" not in request.headers:
            return None
        if str(request.headers.get("X-Amz-Target", "")).startswith("TrentService."):
            return KMS
        if request.method == "POST" and request.path == "/":
            return STS
        return BEDROCK if service.find(request.method, raw_target(request)[0]) else S3

    def match(self, request: Request, dialect: str) -> Match:
        """By the service's protocol. The body of small requests is read for it."""
        name = "unknown"
        arguments: dict[str, str] = {}
        try:
            if dialect == S3:
                bucket, key, query = s3_call.target(request)
                copying = "x-amz-copy-source" in request.headers
                name = s3_call.operation(request.method, bucket, key, query, copying)
            elif dialect in backends.OPERATIONS:
                name = backends.operation(request, dialect)
            elif dialect == BEDROCK:
                found = service.find(request.method, raw_target(request)[0])
                if found is not None:
                    known = found[0] in self._operations or found[0] in service.RUNTIME_OPERATIONS
                    name, arguments = found if known else ("unknown", {"operation": found[0]})
        except AwsError as error:
            failure = error
            return Match(f"{dialect}.unknown", dialect, {}, lambda call: self._failed(dialect, failure))
        return Match(f"{dialect}.{name}", dialect, arguments, self._handle)

    def _failed(self, dialect: str, error: AwsError) -> Response:
        request_id = self.ids.uuid()
        return _signed(dialect, error.response(dialect, request_id), request_id)

    def open(self, call: Call) -> None:
        """Check the signature."""
        try:
            if call.operation == f"{STS}.{sts.WEB_IDENTITY}" and not sigv4.is_signed(call.request):
                return  # its token says who it is
            if not sigv4.is_signed(call.request):
                old = sigv4.is_signed_old(call.request)
                raise sigv4.too_old() if old else sigv4.missing(call.dialect)
            call.key = sigv4.parse(call.request, call.dialect).key_id
            if call.dialect == OTHER:
                name = sigv4.claimed_service(call.request)
                message = f"The sandbox has no service {name!r}; it has {', '.join(_SERVICES)}. See docs/sandbox.md."
                raise AwsError(404, "UnknownOperationException", message)
            signature = self._verified(call)
            if signature.service != call.dialect:
                raise sigv4.missing(call.dialect)
        except AwsError as error:
            raise Refusal(self._failed(call.dialect, error)) from error
        call.request.environ["finetune_sandbox.signature"] = signature

    def _verified(self, call: Call) -> sigv4.Signature:
        session = self.sts.session(call.key)
        if session is None:
            return sigv4.verify(call.request, call.dialect, {self.access_key: self.secret_key})
        tokens = {session.key_id: session.token}
        signature = sigv4.verify(call.request, call.dialect, {session.key_id: session.secret}, tokens)
        if session.ends <= time.time():
            raise sts.ended(call.dialect)
        return signature

    def _allowed(self, call: Call, name: str) -> None:
        """What the policies of a role allow its temporary credentials."""
        session = self.sts.session(call.key)
        if session is None or (call.dialect, name) == (STS, "GetCallerIdentity"):
            return
        resource = "*"
        if call.dialect == S3:
            bucket, key, _query = s3_call.target(call.request)
            resource = f"arn:aws:s3:::{bucket}{'/' if key else ''}{key}" if bucket else "*"
        self.sts.check(session, call.dialect, name, resource)

    def _of_sts(self, call: Call, name: str, request_id: str) -> Response | None:
        session = self.sts.session(call.key) if call.key else None
        if name in sts.OPERATIONS:
            caller = session.arn if session else self.sts.user
            return self.sts.handle(name, call.request, caller, request_id, self.store.settings.role_seconds)
        return self.sts.identity(session, request_id) if session else None

    def _handle(self, call: Call) -> Response:
        request_id = self.ids.uuid()
        try:
            if call.key:
                name = call.operation.partition(".")[2]
                self._allowed(call, "InvokeModel" if name == "Converse" else name)
            response = self._respond(call, request_id)
        except AwsError as error:
            response = error.response(call.dialect, request_id)
        return _signed(call.dialect, response, request_id)

    def _respond(self, call: Call, request_id: str) -> Response:
        name = call.operation.partition(".")[2]
        response = self._of_sts(call, name, request_id) if call.dialect == STS else None
        if response is not None:
            return response
        signature: sigv4.Signature = call.request.environ["finetune_sandbox.signature"]
        if call.dialect == S3:
            bucket, key, query = s3_call.target(call.request)
            return self._api.handle(name, S3Call(call.request, signature, bucket, key, query))
        if name == "unknown":
            if call.dialect == BEDROCK:
                operation = call.arguments.get("operation", "this operation of Bedrock")
                raise AwsError(404, "UnknownOperationException", f"The sandbox does not play {operation}.")
            message = "The sandbox does not have this action. See docs/sandbox.md."
            raise AwsError(400, "InvalidAction", message)
        if call.dialect != BEDROCK:
            return self.backends.handle(call.dialect, name, call.request, signature.region)
        query_text = raw_target(call.request)[1]
        pairs = dict(parse_qsl(query_text, keep_blank_values=True))
        members = service.request_of(name, call.arguments, pairs, sigv4.plain_body(call.request))
        if name in service.RUNTIME_OPERATIONS:
            return self._runtime.handle(name, signature.region, members)
        with self.store.lock:
            members = self._operations[name](self.store.region(signature.region), members)
            status, body = service.write_response(name, members)
        return Response(body, status)

    def error(self, dialect: str, status: int) -> Response:
        """The service's typical error of a status."""
        return self._failed(dialect, typical(dialect, status))

    def unknown_path(self, dialect: str, method: str, path: str) -> Response:
        """Not used: every request has a handler, which checks the signature first."""
        return self._failed(dialect, typical(dialect, 404))

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """The variables that boto3 and the AWS CLI read."""
        return {
            "aws": {
                "AWS_ENDPOINT_URL": base,
                "AWS_ACCESS_KEY_ID": self.access_key,
                "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        }

    def reset(self) -> None:
        """As just started."""
        with self.store.lock:
            self.store.reset()
            self.s3.reset()
            self.backends.reset()
            self.sts.reset()
            self._make_buckets()

    def close(self) -> None:
        """End the background work; the server removes the folder."""
        self.store.close()
        self.backends.reset()
        with _accounts_lock:
            _accounts.discard(self.account_id)

    # Control, as calls and as methods

    def make_old(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Old jobs and models."""
        return seed(self.store, spec)

    def list_resources(self) -> dict[str, list[str]]:
        """Of all regions, and the objects of all buckets."""
        regions = list(self.store.regions())
        return {
            "custom_models": [arn for region in regions for arn in region.models],
            "deployments": [arn for region in regions for arn in region.deployments],
            "throughputs": [arn for region in regions for arn in region.throughputs],
            "objects": self.s3.list_objects(),
        }

    def own_call(self, method: str, head: str, rest: str, body: Mapping[str, Any]) -> Any:
        """`account` and `jobs`."""
        if (method, head, rest) == ("GET", "account", ""):
            return self.describe()
        if (method, head, rest) == ("GET", "jobs", ""):
            return self._jobs(Fields(body, "jobs"))
        if (method, head, rest) == ("POST", "web_identity", ""):
            return self._web_identity(Fields(body, "web_identity"))
        if (method, head, rest) == ("POST", "sessions", "expire"):
            return {"expired": self.sts.expire()}
        return None

    def _jobs(self, fields: Fields) -> dict[str, Any]:
        """What truly exists: for tests that count paid runs."""
        seeded = fields.query_flag("seeded")
        fields.done()
        found = [job for region in self.store.regions() for job in region.jobs.values() if seeded or not job.seeded]
        return {
            "jobs": [
                {
                    "arn": job.arn,
                    "name": job.name,
                    "model_name": job.model_name,
                    "model_arn": job.model_arn,
                    "status": job.status,
                    "created_at": job.created_at,
                    "failure": job.failure,
                    "tags": job.tags,
                    "training_data": job.request["trainingDataConfig"],
                    "client_request_token": job.request.get("clientRequestToken"),
                }
                for job in sorted(found, key=lambda job: job.order)
            ]
        }

    def describe(self) -> dict[str, str]:
        """The names of what the account starts with."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "role_arn": self.role_arn,
            "data_bucket": self.data_bucket,
            "output_bucket": self.output_bucket,
            "access_key": self.access_key,
            "oidc_provider_arn": self.sts.provider_arn,
        }

    def _web_identity(self, fields: Fields) -> dict[str, str]:
        subject, audience = fields.text("subject", "runner"), fields.text("audience", "sts.amazonaws.com")
        seconds = fields.number("seconds", 3600.0)
        fields.done()
        return {"token": self.sts.identity_token(subject, audience, seconds)}

    def identity_token(self, **fields: Any) -> str:
        """A token of the account's identity provider: subject, audience, and real seconds until it ends."""
        return str(self.control("POST", "web_identity", fields)["token"])

    def jobs(self, seeded: bool = False) -> list[dict[str, Any]]:
        """All jobs there are, oldest first; old (seeded) ones only when asked for."""
        found: list[dict[str, Any]] = self.control("GET", "jobs", {"seeded": seeded})["jobs"]
        return found


def _signed(dialect: str, response: Response, request_id: str) -> Response:
    if dialect == S3:
        response.headers.setdefault("x-amz-request-id", request_id.replace("-", "")[:16].upper())
        response.headers.setdefault("x-amz-id-2", "sandbox")
        response.headers.setdefault("Server", "AmazonS3")
    elif not any(name.lower() == "x-amzn-requestid" for name in response.headers):
        response.headers["x-amzn-RequestId"] = request_id
    return response
