# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client for the OCI SDK: credentials, region, calls, and the translation of errors.

Private to llmops.finetune; may change at any time.

oci is imported when a client is made, not before, so that the tasks of other providers do not need the time for it.
The clients return plain JSON. The SDK's own models would replace every unknown enum value by UNKNOWN_ENUM_VALUE.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import mapping
from ..._engine.deadline import within
from ..._engine.errors import ApiError, Busy, Conflict, InvalidInput, NotFound, RateLimited, TransientError
from ..._engine.secrets import declare
from ..toolkit.answers import (
    BROKEN,
    NOT_IMPLEMENTED,
    SERVER_ERRORS,
    ErrorAnswer,
    ErrorRule,
    Kind,
    Odd,
    checked,
    classify_error,
    each,
    is_page,
    odd_error,
    page_of,
    pages,
    quote_host,
    record,
)
from ..toolkit.client import check_address, load, shared
from . import auth
from .reading import watch

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# The fragment llmops.finetune.oci documents these options.
AUTH_SPEC: dict[str, Any] = declare({**auth.SPEC, "service_endpoint": {"type": "str"}})
# Our own variable: neither the SDK nor oracle.oci has one. It holds for every service that is called.
_ENDPOINT = "OCI_SERVICE_ENDPOINT"
_PURPOSE = auth.PURPOSE
# Together they are a fifth of the SDK's imports at its start. The first two are optional for the SDK: they are for keys
# in hardware and for guessing a text's encoding. The other two are for the SDK's pages; we fetch pages as plain data.
_UNUSED = ("pkcs11", "charset_normalizer")
_SELDOM = ("oci.dns", "oci.object_storage")
_LONGEST = 600.0  # seconds for a call without another limit; the SDK limits only the time for each piece of an answer
_SENDS_DATA = ("put_object", "upload_part")  # these calls have no limit of their own
_TRIES = 3
_REQUEST = "opc-request-id"  # every answer has one
_NEXT = "opc-next-page"
_NAMESPACE = re.compile(r"[\w.-]+")
_FOLLOWING = re.compile(r"See https?://\S+ for help troubleshooting this error.*", re.DOTALL)

GENERATIVE_AI = "generative_ai"
OBJECT_STORAGE = "object_storage"
_CLIENTS = {GENERATIVE_AI: "GenerativeAiClient", OBJECT_STORAGE: "ObjectStorageClient"}


class Api:
    """One tenancy and region with one credential. Use its clients inside :meth:`translated`.

    Request bodies and ``response.data`` are plain data with the API's names.
    """

    def __init__(
        self, config: Mapping[str, Any], signer: Any, options: Mapping[str, Any], service: str, unsigned: str = ""
    ) -> None:
        """``unsigned``: the hint if the service does not accept the credential."""
        self._config = dict(config)
        self._signer = signer
        self._options = options
        self._service = service
        self._unsigned = unsigned
        self._clients: dict[str, Any] = {}
        self._answers = 0

    @property
    def region(self) -> str:
        """The region of every call."""
        return str(self._config.get("region") or getattr(self._signer, "region", "") or "")

    @property
    def tenancy(self) -> str:
        """The OCID of the tenancy. Empty if the credential does not contain it."""
        return str(self._config.get("tenancy") or getattr(self._signer, "tenancy_id", "") or "")

    def client(self, service: str, tries: int = _TRIES) -> Any:
        """The SDK's client for a service. The option service_endpoint is used only for the module's main service.

        ``tries``: the maximum number of times that the SDK sends a call.
        """
        kind = f"{service}/{tries}"
        if kind not in self._clients:
            options = self._options
            own = options["service_endpoint"] if service == self._service else None
            retry, breaker = load("oci.retry", _PURPOSE), load("oci.circuit_breaker", _PURPOSE)
            client = getattr(load(f"oci.{service}", _PURPOSE), _CLIENTS[service])(
                self._config,
                service_endpoint=own or os.environ.get(_ENDPOINT) or None,
                retry_strategy=_choose_retries(retry, tries),
                # A circuit breaker would refuse later calls itself, with its own message. The engine already waits
                # before it asks again.
                circuit_breaker_strategy=breaker.NoCircuitBreakerStrategy(),
                skip_deserialization=True,
                signer=self._signer,
            )
            if options["cert_bundle"]:
                client.base_client.session.verify = options["cert_bundle"]
            watch(client)
            client.base_client.session.hooks["response"].insert(0, self._count_answer)
            self._clients[kind] = client
        return self._clients[kind]

    def _count_answer(self, _response: Any, **_more: Any) -> None:
        self._answers += 1

    @cached_property
    def namespace(self) -> str:
        """The tenancy's namespace in Object Storage, looked up once."""
        answer = self.call(
            "Looking up the namespace of Object Storage",
            "get_namespace",
            service=OBJECT_STORAGE,
            reads=_namespace,
        )
        return str(answer.data)

    def call(
        self,
        doing: str,
        operation: str,
        *arguments: Any,
        reads: Kind | None = None,
        headers: Sequence[str] = (_REQUEST,),
        service: str = GENERATIVE_AI,
        creates: bool = False,
        tries: int = _TRIES,
        **members: Any,
    ) -> Any:
        """Call the SDK's method ``operation`` and return its response.

        ``doing``: the beginning of error messages. ``reads``: the kind that checks ``response.data``. ``headers``:
        headers that the answer must have if ``reads`` is None. ``creates``: whether the rules for creates classify an
        error. An answer that does not come from OCI (the page of a proxy, broken JSON, a member of the wrong type)
        raises NoAnswer. The outcome of a write is then unknown.
        """
        method = getattr(self.client(service, tries), operation)
        with self.translated(doing, creates=creates):
            own = None if operation in _SENDS_DATA else _LONGEST
            response = within(doing, partial(method, *arguments, **members), own=own)
            for header in headers if reads is None else ():
                if not response.headers.get(header):
                    raise Odd(f"it has no {header}")
            if reads is not None:
                if isinstance(response.data, str) and reads is not _namespace:
                    raise Odd(f"it is {page_of(response.data)}" if is_page(response.data) else "it is not JSON")
                response.data = checked(response.data, reads)
        return response

    def pages(self, doing: str, operation: str, *arguments: Any, item: Kind, **members: Any) -> Iterator[Any]:
        """The items of all pages of a listing. Each page has ``items``; the header ``opc-next-page`` names the next."""
        page = record({"items": each(item)})

        def fetch(mark: Any) -> tuple[list[Any], Any]:
            more = {"page": mark} if mark else {}
            response = self.call(doing, operation, *arguments, reads=page, **members, **more)
            return response.data["items"], response.headers.get(_NEXT)

        with self.translated(doing):
            yield from pages(fetch)

    @contextmanager
    def translated(self, doing: str, *, creates: bool = False) -> Iterator[None]:
        """Translate the SDK's exceptions into the engine's errors. Each message begins with ``doing``."""
        exceptions = load("oci.exceptions", _PURPOSE)
        transport = load("oci._vendor.requests.exceptions", _PURPOSE)
        answers = self._answers
        try:
            yield
        except exceptions.ServiceError as error:
            raise _read_error(doing, error, creates, self._unsigned) from error
        except transport.RequestException as error:
            reason = _read_reason(error)
            if _is_caused_by(error, transport.SSLError):
                raise ApiError(f"{doing}: {reason}", hint="Give the authority's file in cert_bundle.") from error
            raise TransientError(
                f"{doing}: {reason}", hint="Check region, service_endpoint and the network."
            ) from error
        except exceptions.ClientError as error:
            raise ApiError(f"{doing}: {_read_reason(error)}") from error
        except BROKEN as error:
            if isinstance(error, ValueError) and self._answers == answers:
                # The SDK refuses a value before it calls. Newer versions know more values.
                text = quote_host(str(error)).rstrip(".")
                raise InvalidInput(f"{doing}: {text}.", hint="Correct the value, or install a newer oci.") from error
            raise odd_error(doing, error, api="OCI", hint="Check service_endpoint.") from error


def _namespace(value: Any, where: str) -> None:
    # If the answer is not a JSON string, the SDK returns its text unchanged.
    if not isinstance(value, str) or not _NAMESPACE.fullmatch(value):
        raise Odd("it is not a namespace")


def _choose_retries(retry: Any, tries: int) -> Any:
    if tries == 1:
        return retry.NoneRetryStrategy()
    return retry.RetryStrategyBuilder(
        max_attempts=tries,
        total_elapsed_time_check=False,
        # The SDK's own list, without 409 IncorrectState: this state lasts longer than the SDK's retries.
        service_error_retry_config={-1: [], 429: []},
        service_error_retry_on_any_5xx=True,
        retry_base_sleep_time_seconds=0.5,
        retry_max_wait_between_calls_seconds=5,
    ).get_retry_strategy()


def _read_reason(error: BaseException) -> str:
    """The text of the exception, or of the exception that is its first argument, without the SDK's advice."""
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    texts = [str(arg) for arg in inner.args] or [type(inner).__name__]
    return _FOLLOWING.sub("", " ".join(texts)).strip().rstrip(".") + "."


def _is_caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    return isinstance(error, kind) or any(
        _is_caused_by(arg, kind) for arg in error.args if isinstance(arg, BaseException)
    )


_CREATES = frozenset({"create"})
_REDIRECTS = frozenset(range(300, 400))  # redirects to another host; redirects within the host are followed


def _build_rules(unsigned: str) -> tuple[ErrorRule, ...]:
    """The rules for error answers. The first rule that fits counts. ``unsigned``: the hint for status 401."""
    return (
        ErrorRule(RateLimited, "OCI limits the rate of calls.", {429}),
        ErrorRule(TransientError, statuses=SERVER_ERRORS - {NOT_IMPLEMENTED}),
        ErrorRule(
            RateLimited,
            "A service limit is reached. Other resources must end first, or ask OCI for a higher limit.",
            codes={"LimitExceeded", "QuotaExceeded"},
            verbs=_CREATES,
            pause=30.0,  # the resources that fill a limit need minutes to hours
        ),
        # The preflight already refused resources that cannot become ready, so waiting helps here.
        ErrorRule(Busy, "What it needs is being made or changed.", codes={"IncorrectState"}, verbs=_CREATES),
        ErrorRule(
            Conflict,
            "Something else changed it. Run the task again.",
            codes={"InvalidatedRetryToken", "NoEtagMatch"},
        ),
        ErrorRule(
            NotFound,
            "It does not exist, or the policies of this user do not show it; OCI does not say which.",
            {404},
        ),
        ErrorRule(
            ApiError,
            "Give that host's address in service_endpoint, if it is the one that is meant.",
            _REDIRECTS,
        ),
        ErrorRule(ApiError, unsigned, {401}),
        ErrorRule(ApiError, "The policies of this user do not allow it.", {403}),
        ErrorRule(ApiError, "Something else changed it meanwhile. Run the task again.", {412}),
        ErrorRule(ApiError, "Something else uses it, or it is changing; look at it and run the task again.", {409}),
    )


def _read_error(doing: str, error: Any, creates: bool, unsigned: str) -> ApiError | TransientError:
    code, request = quote_host(error.code), quote_host(error.request_id)
    answer = ErrorAnswer(
        doing,
        int(error.status or 0),
        quote_host(error.message),
        code,
        (code, request and f"request {request}"),
        "create" if creates else "",
        mapping(error.headers).get("retry-after"),
    )
    return classify_error(answer, _build_rules(unsigned))


# -- from the options ------------------------------------------------------------------------------------------


def make_api(module: AnsibleModule, service: str) -> Api:
    """The Api for the task's options and the environment. No call is made, except for the token of a principal.

    ``service``: the service whose address is service_endpoint. Raises InvalidInput.
    """
    credential = auth.read_credential(module)
    # With a slash at the end, the SDK would sign a path with two slashes, but send a path with one slash.
    endpoint = str(module.params["service_endpoint"] or "").rstrip("/") or None
    check_address(module, "service_endpoint", endpoint, "Requests are signed with the key.")
    check_address(module, _ENDPOINT, os.environ.get(_ENDPOINT), "Requests are signed with the key.")
    options = {"service_endpoint": endpoint, "cert_bundle": credential.options["cert_bundle"]}
    # Oracle's documentation does not say that several threads may use one client.
    key = ("oci", service, endpoint, *credential.key())
    return shared(module, key, lambda: _make_api(module, credential, options, service), threads=False)


def _make_api(module: AnsibleModule, credential: auth.Credential, options: Mapping[str, Any], service: str) -> Api:
    load("oci", _PURPOSE, without=_UNUSED, later=_SELDOM)
    exceptions = load("oci.exceptions", _PURPOSE)
    signed = auth.sign_in(module, credential)
    try:
        api = Api(signed.config, signed.signer, options, service, unsigned=signed.hint)
        api.client(service)
    except (exceptions.ClientError, ValueError, OSError) as error:
        # The SDK's own message is left out, because it quotes the values.
        raise InvalidInput(
            f"The client cannot be made ({type(error).__name__}).", hint="Check region, tenancy and service_endpoint."
        ) from None
    return api
