# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of boto3: credentials, region, and the translation of its exceptions into the engine's errors.

Private to llmops.finetune; may change at any time.

boto3 is imported only when a client is made, so a task of another provider does not load it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import mapping
from ..._engine.compare import number
from ..._engine.deadline import within
from ..._engine.errors import ApiError, Conflict, InvalidInput, NoAnswer, NotFound, RateLimited, TransientError
from ..._engine.secrets import is_word
from ..toolkit.answers import (
    BROKEN,
    SERVER_ERRORS,
    ErrorAnswer,
    ErrorRule,
    Odd,
    classify_error,
    cleaned,
    date_of,
    is_page,
    odd_error,
    page_of,
    pages,
    quote_host,
    redirect_error,
)
from ..toolkit.client import check_address, load, shared
from . import auth
from .reading import watch

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The fragment llmops.finetune.aws documents these options.
AUTH_SPEC: dict[str, Any] = auth.SPEC

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
    "RequestTimeTooSkewed",
    "RequestExpired",
    "AuthFailure",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_CREATES = frozenset({"create"})
_LONGEST = 600.0  # seconds for a call without a deadline; boto3's own timeout applies to each piece of an answer
_TRIES = 3
_PIECE = 1 << 16


class Api:
    """One account and region with one credential. Calls of its clients must be inside :meth:`translated`."""

    def __init__(self, session: Any, options: Mapping[str, Any], service: str) -> None:
        self._session = session
        self._options = options
        self._service = service
        self._clients: dict[str, Any] = {}
        self.host_time: float | None = None  # the last time that the host gave, in unix seconds
        self._making = threading.Lock()  # a session, unlike its clients, is not safe for several threads

    @property
    def region(self) -> str:
        """The region of every call."""
        return str(self._session.region_name or "")

    def client(self, service: str, tries: int = _TRIES) -> Any:
        """The boto3 client of a service. ``endpoint_url`` applies only to the service that the module manages.

        ``tries``: the maximum number of times that a call is sent.
        """
        kind = f"{service}/{tries}"
        with self._making:
            if kind not in self._clients:
                options = self._options
                verify: Any = (options["aws_ca_bundle"] or None) if options["validate_certs"] else False
                made = self._session.client(
                    service,
                    endpoint_url=options["endpoint_url"] if service == self._service else None,
                    verify=verify,
                    config=load("botocore.config", "to reach AWS").Config(
                        retries={"mode": "standard", "total_max_attempts": tries}, **self._choose_signature(service)
                    ),
                )
                watch(made)
                if service == "s3":
                    _ask_for_a_region_once(made)
                self._clients[kind] = made
            return self._clients[kind]

    def _choose_signature(self, service: str) -> dict[str, str]:
        """The task's own credential signs, even if the environment has a bearer token."""
        return {} if service == "s3" or self._options["bearer"] else {"signature_version": "v4"}

    @property
    def _unsigned(self) -> str:
        """The advice if the credential is missing or unknown."""
        if self._options["bearer"]:
            return (
                f"{auth.BEARER} of the environment signs the calls of Bedrock, and none of S3: those need access_key "
                f"and secret_key, or profile, or their environment variables. What the task gives beats {auth.BEARER}."
            )
        return auth.HINT

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
        """Make one call and check its answer. ``operation`` is the name of boto3's method: ``get_custom_model``.

        Raises NoAnswer if the answer is not an answer of AWS: a proxy's page, broken JSON, a member of the wrong type.
        The outcome of a write is then unknown.
        """
        method = getattr(self.client(service, tries=1 if once else _TRIES), operation)
        with self.translated(doing, creates=creates):
            answer: dict[str, Any] = cleaned(within(doing, partial(method, **members), own=_LONGEST))
        self.host_time = time_of(answer) or self.host_time
        return answer

    def data(self, doing: str, bucket: str, key: str, take: Callable[[bytes], Any]) -> None:
        """Read an object. ``take`` gets its bytes, one piece after the other."""

        def read() -> None:
            first = True
            for piece in self.s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_PIECE):
                if first and is_page(piece):
                    raise Odd(f"it is {page_of(piece)}")
                first = False
                take(piece)

        with self.translated(doing):
            within(doing, read)

    def pages(self, doing: str, operation: str, key: str, marks: tuple[str, str], **members: Any) -> Iterator[Any]:
        """The items of every page of a listing.

        ``marks``: the name of the mark of the next page, first in an answer, then in a request.
        """

        def fetch(mark: Any) -> tuple[list[Any], Any]:
            found = self.call(doing, operation, **members, **({marks[1]: mark} if mark else {}))
            return found.get(key) or [], found.get(marks[0])

        with self.translated(doing):
            yield from pages(fetch)

    @contextmanager
    def translated(self, doing: str, *, creates: bool = False) -> Iterator[None]:
        """Turn boto3's exceptions into the engine's errors. ``doing``: the action, for the message."""
        exceptions = load("botocore.exceptions", "to reach AWS")
        try:
            yield
        except exceptions.ClientError as error:
            raise _read_error(doing, error, creates, self._unsigned) from error
        except (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
            if isinstance(error, exceptions.SSLError):
                raise ApiError(f"{doing}: {error}", hint="Give the authority's file in aws_ca_bundle.") from error
            raise TransientError(f"{doing}: {error}", hint="Check region, endpoint_url and the network.") from error
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            hint = (
                "Give access_key and secret_key, or profile, or set their environment variables where the module runs."
            )
            raise ApiError(
                f"{doing}: there are no credentials.", hint=self._unsigned if self._options["bearer"] else hint
            ) from error
        except exceptions.InvalidEndpointConfigurationError as error:
            raise ApiError(
                f"{doing}: {auth.BEARER} of the environment is sent over https only.",
                hint=f"Give an https address, or access_key and secret_key, or profile, which beat {auth.BEARER}.",
            ) from error
        except (load("botocore.parsers", "to reach AWS").ResponseParserError, exceptions.ChecksumError) as error:
            raise _odd_error(doing, error) from error
        except exceptions.BotoCoreError as error:
            raise ApiError(f"{doing}: {quote_host(str(error))}") from error
        except OSError as error:
            # botocore renews temporary credentials while a task waits, and reads their file again.
            raise ApiError(f"{doing}: {error.strerror}, for the file of a token or a key.", hint=auth.HINT) from error
        except BROKEN as error:
            raise _odd_error(doing, error) from error


def time_of(answer: Mapping[str, Any]) -> float | None:
    """The ``Date`` of an answer as unix seconds; None if the answer has no date."""
    return date_of(mapping(mapping(answer.get("ResponseMetadata")).get("HTTPHeaders")).get("date"))


def _ask_for_a_region_once(s3: Any) -> None:
    """Stop botocore from asking for a bucket's region without end.

    After a redirect, botocore calls HeadBucket to find the bucket's region. If a redirect answers that call too (a
    proxy's page, not S3), botocore would ask again and again.
    """
    asking = threading.local()

    def begins(**_event: Any) -> None:
        asking.depth = getattr(asking, "depth", 0) + 1

    def ends(**_event: Any) -> None:
        asking.depth -= 1

    def stop_redirect(context: dict[str, Any], **_event: Any) -> None:
        if getattr(asking, "depth", 0):
            context.setdefault("s3_redirect", {})["redirected"] = True

    s3.meta.events.register_first("needs-retry.s3", begins)
    s3.meta.events.register_last("needs-retry.s3", ends)
    s3.meta.events.register_last("before-call.s3.HeadBucket", stop_redirect)


def _odd_error(doing: str, error: Exception) -> NoAnswer:
    return odd_error(doing, error, api="AWS", hint="Check endpoint_url.")


def _build_rules(unsigned: str) -> tuple[ErrorRule, ...]:
    """The rules for error answers; the first rule that fits counts.

    ``unsigned``: the advice if the credential is unknown.
    """
    rate = "AWS limits the rate of calls."
    return (
        ErrorRule(RateLimited, rate, codes=_THROTTLED),
        ErrorRule(RateLimited, rate, {429}),
        ErrorRule(TransientError, statuses=SERVER_ERRORS),
        ErrorRule(TransientError, codes={"RequestTimeout", "InternalServerException"}),
        ErrorRule(
            RateLimited,
            "The quota is full. Other jobs must end first, or ask AWS for a higher quota.",
            codes={"ServiceQuotaExceededException"},
            verbs=_CREATES,
            pause=30.0,  # other jobs take hours
        ),
        # IAM is eventually consistent: Bedrock may not be able to assume a new role at once.
        ErrorRule(
            RateLimited,
            "Check that the role exists and that its trust policy admits bedrock.amazonaws.com.",
            words={"Could not assume provided IAM role"},
            verbs=_CREATES,
            at_most=120.0,
        ),
        ErrorRule(Conflict, "Give another name.", words={"name is currently in use"}, verbs=_CREATES),
        ErrorRule(Conflict, "Give another name.", codes={"ConflictException"}, verbs=_CREATES),
        ErrorRule(NotFound, statuses={404}),
        ErrorRule(NotFound, codes={"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket"}),
        ErrorRule(ApiError, unsigned, codes=_CREDENTIALS),
        ErrorRule(ApiError, "These credentials may not do this; check their policies.", {403}),
        ErrorRule(
            ApiError,
            "Something else uses it, or it is changing; look at it and run the task again.",
            codes={"ConflictException"},
        ),
    )


def _read_error(doing: str, error: Any, creates: bool, unsigned: str) -> ApiError | TransientError:
    answer = mapping(error.response)
    problem, about = mapping(answer.get("Error")), mapping(answer.get("ResponseMetadata"))
    code, message = (
        quote_host(problem.get("Code")),
        quote_host(str(problem.get("Message") or "").partition("The Canonical String")[0]),
    )
    status, headers = int(number(about.get("HTTPStatusCode")) or 0), mapping(about.get("HTTPHeaders"))
    if 300 <= status < 400 and headers.get("location"):
        hint = "Check endpoint_url and the network: AWS does not answer so. A sign-in page of a proxy does."
        return redirect_error(doing, status, str(headers["location"]), hint)
    request = about.get("RequestId")
    marks = (code, f"request {request}" if request else "")
    verb = "create" if creates else ""
    found = ErrorAnswer(doing, status, message, code, marks, verb, headers.get("retry-after"))
    return classify_error(found, _build_rules(unsigned))


def make_api(module: AnsibleModule, service: str) -> Api:
    """The account that the task's options and the environment describe. Makes no call.

    ``service``: the service that ``endpoint_url`` is the address of.
    """
    options = auth.read_credential(module)
    check_address(module, "endpoint_url", options["endpoint_url"], "Give the credential as access_key.")
    for variable in sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")):
        check_address(module, variable, os.environ[variable], "Give the credential as access_key.")
    return shared(module, ("bedrock", service, *options.items()), lambda: _make_api(module, options, service))


def _make_api(module: AnsibleModule, options: Mapping[str, Any], service: str) -> Api:
    exceptions = load("botocore.exceptions", "to reach AWS")
    api = Api(auth.session_of(module, options), options, service)
    try:
        api.client(service)
    except exceptions.InvalidRegionError:
        region = str(options["region"] or "")
        named = f"'{region}'" if is_word(region.replace(" ", "")) else "it"
        raise InvalidInput(
            f"region: {named} doesn't match the form of a region.", hint="Check AWS_REGION, too."
        ) from None
    except (exceptions.BotoCoreError, ValueError) as error:
        # Leave out botocore's message: it quotes the values.
        raise InvalidInput(
            f"The client cannot be made ({type(error).__name__}).",
            hint="Check region, profile, endpoint_url and the keys.",
        ) from None
    return api
