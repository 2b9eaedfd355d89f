# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""boto3: credentials, region, and its exceptions in the engine's words.

Private to llmops.finetune; may change at any time.

boto3 is imported when a client is made, not before: a task of another provider never pays for it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._bedrock.reading import watch
from ansible_collections.llmops.finetune.plugins.module_utils._core.address import check_address
from ansible_collections.llmops.finetune.plugins.module_utils._core.answers import (
    BROKEN,
    Odd,
    cleaned,
    is_page,
    page_of,
    pages,
    pause_of,
    told,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.deadline import within
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import (
    InvalidInput,
    NoAnswer,
    NotVisible,
    Outdated,
    Refused,
    Throttled,
    Unavailable,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.library import load, shared
from ansible_collections.llmops.finetune.plugins.module_utils._core.plain import mapping

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# Documented by the fragment llmops.finetune.aws; names and aliases are those of amazon.aws.
AUTH_SPEC: dict[str, Any] = {
    "access_key": {"type": "str", "aliases": ["aws_access_key_id", "aws_access_key"], "no_log": False},
    "secret_key": {"type": "str", "aliases": ["aws_secret_access_key", "aws_secret_key"], "no_log": True},
    "session_token": {"type": "str", "aliases": ["aws_session_token"], "no_log": True},
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "region": {"type": "str", "aliases": ["aws_region"]},
    "endpoint_url": {"type": "str", "aliases": ["aws_endpoint_url"]},
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path"},
}
# botocore imports it, where pyOpenSSL is installed, only to pass it by: a fifth of what it does at its start.
_UNUSED = ("urllib3.contrib.pyopenssl",)
_ENVIRONMENT = {
    "access_key": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
    "secret_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "endpoint_url": ("AWS_URL",),
    "aws_ca_bundle": ("AWS_CA_BUNDLE",),
}
_KEYS = ("access_key", "secret_key", "session_token")

_THROTTLED = {
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
# IAM is eventually consistent: a role made a moment ago cannot be assumed yet.
_ROLE_NOT_READY = "Could not assume provided IAM role"
_ROLE_LAG = 120.0
_QUOTA_PAUSE = 30.0  # seconds: other jobs take hours
_IN_USE = "name is currently in use"
_TRIES = 3


class Api:
    """One account and region with one credential. Use its clients inside :meth:`translated`."""

    def __init__(self, session: Any, given: Mapping[str, Any], service: str) -> None:
        self._session = session
        self._given = given
        self._service = service
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()  # a session, unlike its clients, is for one thread

    @property
    def region(self) -> str:
        """The region of every call."""
        return str(self._session.region_name or "")

    def client(self, service: str, tries: int = _TRIES) -> Any:
        """The boto3 client of a service. ``endpoint_url`` is that of the service that the module is about.

        ``tries``: how often a call is sent at most.
        """
        kind = f"{service}/{tries}"
        with self._making:
            if kind not in self._clients:
                given = self._given
                verify: Any = (given["aws_ca_bundle"] or None) if given["validate_certs"] else False
                made = self._session.client(
                    service,
                    endpoint_url=given["endpoint_url"] if service == self._service else None,
                    verify=verify,
                    config=load("botocore.config", "to reach AWS").Config(
                        retries={"mode": "standard", "total_max_attempts": tries}
                    ),
                )
                watch(made)
                self._clients[kind] = made
            return self._clients[kind]

    def once(self, service: str) -> Any:
        """The same client without retries: for calls that must not be sent twice."""
        return self.client(service, tries=1)

    @cached_property
    def bedrock(self) -> Any:
        """Amazon Bedrock's control plane."""
        return self.client("bedrock")

    @cached_property
    def s3(self) -> Any:
        """Amazon S3."""
        return self.client("s3")

    def call(
        self,
        doing: str,
        operation: str,
        *,
        service: str = "bedrock",
        creates: bool = False,
        once: bool = False,
        **members: Any,
    ) -> dict[str, Any]:
        """One call by the name of boto3's method, ``get_custom_model``: what was answered, checked.

        What is no answer of AWS (a proxy's page, broken JSON, a member of another kind) raises NoAnswer: of a write it
        is then open what it has done.
        """
        method = getattr(self.client(service, tries=1 if once else _TRIES), operation)
        with self.translated(doing, creates=creates):
            answer: dict[str, Any] = cleaned(within(doing, lambda: method(**members)))
        return answer

    def data(self, doing: str, bucket: str, key: str) -> bytes:
        """What is in an object."""

        def read() -> bytes:
            content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            if is_page(content):
                raise Odd(f"it is {page_of(content)}")
            return content

        with self.translated(doing):
            return within(doing, read)

    def pages(self, doing: str, operation: str, key: str, marks: tuple[str, str], **members: Any) -> Iterator[Any]:
        """The items of every page of a listing. ``marks``: what the mark of the next page is called in an answer and in
        a request."""

        def fetch(mark: Any) -> tuple[list[Any], Any]:
            found = self.call(doing, operation, **members, **({marks[1]: mark} if mark else {}))
            return found.get(key) or [], found.get(marks[0])

        with self.translated(doing):
            yield from pages(fetch)

    @contextmanager
    def translated(self, doing: str, *, creates: bool = False) -> Iterator[None]:
        """Turn what boto3 raises into the engine's errors, saying what was being done."""
        exceptions = load("botocore.exceptions", "to reach AWS")
        try:
            yield
        except exceptions.ClientError as error:
            raise _of_answer(doing, error, creates) from error
        except (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
            if isinstance(error, exceptions.SSLError):
                raise Refused(f"{doing}: {error}", hint="Give the authority's file in aws_ca_bundle.") from error
            raise Unavailable(f"{doing}: {error}", hint="Check region, endpoint_url and the network.") from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            raise Refused(
                f"{doing}: {error}.",
                hint="Give access_key and secret_key, or profile, or set their environment variables where the "
                "module runs.",
            ) from error
        except (load("botocore.parsers", "to reach AWS").ResponseParserError, exceptions.ChecksumError) as error:
            raise _no_answer(doing, type(error).__name__) from error
        except exceptions.BotoCoreError as error:
            raise Refused(f"{doing}: {told(str(error))}") from error
        except BROKEN as error:
            raise _no_answer(doing, str(error) if isinstance(error, Odd) else type(error).__name__) from error


def _no_answer(doing: str, why: str) -> NoAnswer:
    return NoAnswer(f"{doing}: the answer is not one of AWS: {why}.", hint="Check endpoint_url.")


def _of_answer(doing: str, error: Any, creates: bool) -> Refused | Unavailable:
    answer = mapping(error.response)
    problem, about = mapping(answer.get("Error")), mapping(answer.get("ResponseMetadata"))
    code, said = told(problem.get("Code")), told(str(problem.get("Message") or "").partition("The Canonical String")[0])
    status = int(number(about.get("HTTPStatusCode")) or 0)
    request = about.get("RequestId")
    marks = f"HTTP {status}, {code}" + (f", request {request}" if request else "")
    brief = f"{doing}: {said or code}"
    text = f"{brief} ({marks})"
    retry_after = pause_of(mapping(about.get("HTTPHeaders")).get("retry-after"), time.time())
    if code in _THROTTLED or status == 429:
        hint = "AWS limits the rate of calls."
        return Throttled(text, hint=hint, status=status, code=code, retry_after=retry_after, brief=brief)
    if status >= 500 or code in ("RequestTimeout", "InternalServerException"):
        return Unavailable(text, retry_after=retry_after)
    if creates and code == "ServiceQuotaExceededException":
        return Throttled(
            text,
            hint="The quota is full. Other jobs must end first, or ask AWS for a higher quota.",
            status=status,
            code=code,
            retry_after=_QUOTA_PAUSE,
            brief=brief,
        )
    if creates and _ROLE_NOT_READY in said:
        return Throttled(
            text,
            hint="Check that the role exists and that its trust policy admits bedrock.amazonaws.com.",
            status=status,
            code=code,
            at_most=_ROLE_LAG,
            brief=brief,
        )
    if creates and (_IN_USE in said or code == "ConflictException"):
        return Outdated(text, hint="Give another name.", status=status, code=code)
    if status == 404 or code in ("ResourceNotFoundException", "NoSuchKey", "NoSuchBucket"):
        return NotVisible(text, status=status, code=code)
    hint = ""
    if code in _CREDENTIALS:
        hint = "Check access_key, secret_key, session_token and profile, or their environment variables."
    elif status == 403:
        hint = "These credentials may not do this; check their policies."
    elif code == "ConflictException":
        hint = "Something else uses it, or it is changing; look at it and run the task again."
    return Refused(text, hint=hint, status=status, code=code)


def make_api(module: AnsibleModule, service: str) -> Api:
    """The account that the task's options and the environment describe; no call is made.

    ``service``: what ``endpoint_url`` is the address of.
    """
    given = {option: module.params[option] or None for option in AUTH_SPEC}
    given["validate_certs"] = module.params["validate_certs"]
    if given["profile"] and any(given[option] for option in _KEYS):
        raise InvalidInput(
            "profile is given with access_key, secret_key or session_token.", hint="Give one or the other."
        )
    for option, variables in _ENVIRONMENT.items():
        if option in _KEYS and given["profile"]:
            continue
        if option == "profile" and any(given[key] for key in _KEYS):
            continue
        found = next((os.environ[name] for name in variables if os.environ.get(name)), None)
        if option == "session_token" and module.params["access_key"]:
            continue  # the token in the environment belongs to the keys in the environment
        given[option] = given[option] or found
    for option in ("secret_key", "session_token"):
        if given[option]:
            module.no_log_values.add(given[option])
    _check(given)
    check_address(module, "endpoint_url", given["endpoint_url"], "Give the credential as access_key.")
    return shared(module, ("bedrock", service, *given.items()), lambda: _made(module, given, service))


def _made(module: AnsibleModule, given: Mapping[str, Any], service: str) -> Api:
    session = load("boto3.session", "to reach AWS", without=_UNUSED)
    exceptions = load("botocore.exceptions", "to reach AWS")
    try:
        made = session.Session(
            aws_access_key_id=given["access_key"],
            aws_secret_access_key=given["secret_key"],
            aws_session_token=given["session_token"],
            profile_name=given["profile"],
            region_name=given["region"],
        )
        if not made.region_name:
            raise InvalidInput("region is missing.", hint="Give it, or set AWS_REGION where the module runs.")
        credentials = made.get_credentials()
        if credentials:
            # Also those of a profile or a role: AWS quotes a token when it refuses a signature.
            found = credentials.get_frozen_credentials()
            module.no_log_values.update(secret for secret in (found.secret_key, found.token) if secret)
        api = Api(made, given, service)
        api.client(service)
    except (exceptions.BotoCoreError, ValueError) as error:
        raise InvalidInput(
            f"The client cannot be made: {error}.", hint="Check region, profile, endpoint_url and the keys."
        ) from error
    return api


def _check(given: Mapping[str, Any]) -> None:
    if bool(given["access_key"]) != bool(given["secret_key"]):
        missing, other = ("secret_key", "access_key") if given["access_key"] else ("access_key", "secret_key")
        raise InvalidInput(f"{missing} is missing; {other} is given.", hint="Give both, or neither.")
    for option in _KEYS:
        # Such a value would come back, in clear, in the error of the HTTP library.
        if given[option] and not (given[option].isascii() and given[option].isprintable() and " " not in given[option]):
            raise InvalidInput(
                f"{option} has a space, a line break or another character that no key has.",
                hint="It was probably read from a file with the line's end; the filter 'trim' takes that off.",
            )
    if given["aws_ca_bundle"] and not Path(given["aws_ca_bundle"]).is_file():
        raise InvalidInput(f"aws_ca_bundle: there is no file '{given['aws_ca_bundle']}' where the module runs.")
