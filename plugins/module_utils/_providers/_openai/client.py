# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of the OpenAI SDK: authentication, and the translation of its exceptions into the engine's errors.

Private to llmops.finetune; may change at any time.

The SDK is imported only when a client is made, so a task of another provider does not load it.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from ..._engine.compare import number
from ..._engine.deadline import cut, within
from ..._engine.errors import (
    ApiError,
    Busy,
    InvalidInput,
    MissingLibrary,
    NoAnswer,
    NotFound,
    RateLimited,
    TransientError,
)
from ..._engine.secrets import declare, is_path, mask, of_entries
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
    date_of,
    each,
    flag,
    is_elsewhere,
    is_page,
    odd_error,
    page_of,
    parse,
    quote_host,
    record,
    redirect_error,
)
from ..toolkit.client import check_address, check_file, check_key, fill_from_environment, is_key, load, shared
from . import entra, extras
from .hosts import ENVIRONMENT, KINDS, Host, host_for

if TYPE_CHECKING:
    import openai
    from ansible.module_utils.basic import AnsibleModule

# The fragment llmops.finetune.openai documents these options.
AUTH_SPEC: dict[str, Any] = {
    "api_key": {"type": "str", "no_log": True},
    "azure_ad_token": {"type": "str", "no_log": True},
    **entra.SPEC,
    "organization": {"type": "str"},
    "project": {"type": "str"},
    "base_url": {"type": "str"},
    "api_type": {"type": "str", "choices": list(KINDS)},
    "azure_endpoint": {"type": "str"},
    "api_version": {"type": "str"},
    "timeout": {"type": "float", "default": 600.0},
    "max_retries": {"type": "int", "default": 2},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "extra_headers": {"type": "dict"},
    "extra_query": {"type": "dict"},
}

declare(AUTH_SPEC)
_AD_TOKEN, _AZURE_KEY = "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_API_KEY"
_OLDEST_SDK = 2  # the first version that can pause and resume jobs
# These modules are two thirds of the SDK's imports at its start. aiohttp is for its asynchronous clients; OCI's SDK
# installs it. The types are those of all its services; the types that this collection needs are imported one by one.
_UNUSED = ("aiohttp",)
_SELDOM = ("openai.types", "openai.types.responses")
_LONGEST_PAUSE = 60.0  # the longest pause of the SDK before it sends a request again, in seconds
_LONGEST_TIMEOUT = 86401.0
_CLOSED = (
    "OpenAI is winding down its own fine-tuning: since 2026-05-07 "
    "organisations that never fine-tuned, since 2026-07-02 "
    "those without recent use of a fine-tuned model, and from 2027-01-06 all are refused new jobs. What was trained on "
    "gpt-4o, gpt-4o-mini, gpt-4.1 and gpt-4.1-mini ends on 2027-01-14; until then it can "
    "still be listed, used and deleted. To train new models point base_url or azure_endpoint at another host. If the "
    "organisation is still admitted, check the permissions of the API key and of its project."
)
_CLOSED_BEHIND = (
    "The credential may not do this; check its permissions, and which models it may train. If this address passes "
    "requests on to OpenAI, it may be OpenAI's own refusal: it is winding down its fine-tuning, and refuses new jobs "
    "to more and more organisations, from 2027-01-06 to all."
)
_NO_ROLE = (
    "Azure knows this identity, but it may not do this. For fine-tuning it needs the role 'Cognitive Services OpenAI "
    "Contributor' at the resource; a new role counts after some minutes."
)
Verb = Literal["read", "list", "train", "send", "change"]
"""The purpose of a call: read one object, list objects, start a job, send a file, change or delete an object."""
_NO_CONTENT = 204
_MARK = 100  # characters
_REFUSED_TARGET = "x-refused-redirect"  # the header that keeps the target of a redirect that is not followed
# 429 codes that do not go away while a task waits.
_FINAL_429 = {
    "daily_rate_limit_exceeded": "The provider's limit on runs per day is used up; run the task again tomorrow.",
    "insufficient_quota": "The account has no credit left, or its spending limit is reached.",
    "billing_hard_limit_reached": "The account's spending limit is reached.",
}
# The meaning of error answers; the first rule that fits counts.
_RULES = (
    *(ErrorRule(ApiError, hint, {429}, {code}) for code, hint in _FINAL_429.items()),
    ErrorRule(RateLimited, "The provider limits the rate.", {429}),
    ErrorRule(Busy, "The host is busy with another job, or takes one at a time.", {409}, verbs={"train"}),
    ErrorRule(
        RateLimited,
        "The host is busy with it, or something uses it. Nothing was changed: stop or undeploy what uses it, then run "
        "the task again.",
        {409},
        verbs={"change"},
    ),
    ErrorRule(TransientError, statuses={408, 409, *SERVER_ERRORS} - {NOT_IMPLEMENTED}),
    ErrorRule(
        NotFound,
        "Check base_url (it usually ends in /v1), or azure_endpoint and api_version.",
        {404},
        verbs={"list", "train", "send"},
    ),
    ErrorRule(NotFound, statuses={404}),
    ErrorRule(
        RateLimited,
        "The host is still processing the file.",
        {400},
        # The messages of old OpenAI and Azure for "your file exists but is not ready yet".
        words=("is still being processed", "must point to a completed file import"),
        at_most=1800.0,  # seconds; the SDK's own limit for waiting for a file
    ),
    ErrorRule(ApiError, _NO_ROLE, {401, 403}, {"PermissionDenied"}),
    ErrorRule(ApiError, "Check api_key, organization and project, or their environment variables.", {401}),
    ErrorRule(ApiError, "The credential may not do this; check its permissions and the network's rules.", {403}),
)
_RULES_OPENAI = {
    own: (ErrorRule(ApiError, hint, {403}, verbs={"train"}), *_RULES)
    for own, hint in ((True, _CLOSED), (False, _CLOSED_BEHIND))
}


def _is_true(value: Any, where: str) -> None:
    if value is not True:
        raise Odd(f"{where} is not true")


_DELETED = record({"deleted": _is_true})


class Api:
    """One host with one credential. ``sdk`` is the SDK's client; :meth:`call` calls its methods."""

    def __init__(self, sdk: openai.OpenAI, host: Host, timeout: float, now: Callable[[], float] = time.time) -> None:
        self.sdk = sdk
        self.host = host
        # The same client without retries, for calls that must not be sent twice. It is made here because older SDKs
        # read the environment again for each copy. Here no variable can replace the task's own key.
        self.once = sdk.with_options(max_retries=0)
        self.timeout = timeout  # of a request, in seconds
        self.now = now  # returns the last time that the host gave, in unix seconds

    def call(
        self,
        doing: str,
        send: Callable[..., Any],
        *args: Any,
        reads: Kind,
        verb: Verb = "read",
        sends_data: bool = False,
        **members: Any,
    ) -> Any:
        """Make one call by a method of the SDK's ``with_raw_response``.

        Returns the answer as plain data, checked by ``reads``. Raises NoAnswer if the answer is not an answer of this
        API: a proxy's page, broken JSON, a field of the wrong type. The outcome of a write is then unknown.
        ``sends_data``: the call sends a file, and so has no time limit of its own.
        """
        with self.translated(doing, verb):
            own = None if sends_data else self._longest
            return checked(parse(self._get_answer(doing, send, *args, own=own, **members).content), reads)

    def _get_answer(self, doing: str, send: Callable[..., Any], *args: Any, own: float | None, **members: Any) -> Any:
        timeout = cut(self.timeout)
        return within(doing, lambda: send(*args, timeout=timeout, **members), own=own).http_response

    @property
    def _longest(self) -> float:
        """The time limit of a call, in seconds, if the task has no deadline.

        The SDK's timeout applies to each piece of an answer, so it never ends an answer that drips.
        """
        again = self.sdk.max_retries
        return self.timeout * (again + 1) + _LONGEST_PAUSE * again

    def deleted(self, doing: str, send: Callable[..., Any], identifier: str) -> None:
        """Delete an object. The host must confirm it in its answer, or answer with no content (204)."""
        with self.translated(doing, "change"):
            answer = self._get_answer(doing, send, identifier, own=self._longest)
            if answer.status_code != _NO_CONTENT:
                checked(parse(answer.content), _DELETED)

    def listed(self, doing: str, send: Callable[..., Any], *args: Any, item: Kind, **query: Any) -> Iterator[Any]:
        """The objects of all pages. Each must be of the kind ``item``, which has an id.

        The id of the last object asks for the next page. A host that ignores it gives the first page for ever, so the
        caller must stop at the first object that it has seen before.
        """
        page = record({"data": each(item)}, {"has_more": flag})
        before: list[Any] = []
        while True:
            found = self.call(doing, send, *args, reads=page, verb="list", **query)
            ids = [entry.get("id") for entry in found["data"]]
            if ids and ids == before and found.get("has_more") is None and not _may_be_cut(len(ids)):
                return  # the host has no pages: the first answer was complete
            before = ids
            yield from found["data"]
            after = found["data"][-1].get("id") if found["data"] else None
            if not after or found.get("has_more") is False:
                return
            query["after"] = after

    def content(self, doing: str, file_id: str, take: Callable[[bytes], Any], size: Any = None) -> None:
        """Read a file.

        ``take`` gets its bytes, one piece after the other. ``size``: the expected number of bytes, if known.
        """
        with self.translated(doing):
            length = within(doing, lambda: self._read_content(file_id, take))
            if number(size) not in (None, length):
                raise Odd(f"it has {length} bytes, the file {size}")

    def _read_content(self, file_id: str, take: Callable[[bytes], Any]) -> int:
        length = 0
        with self.sdk.files.with_streaming_response.content(file_id) as response:
            for piece in response.iter_bytes(1 << 20):
                if not length and is_page(piece):
                    raise Odd(f"it is {page_of(piece)}")
                length += len(piece)
                take(piece)
        return length

    @contextmanager
    def translated(self, doing: str, verb: Verb = "read") -> Iterator[None]:
        """Turn the SDK's exceptions into the engine's errors. ``doing``: the action, for the message."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise _read_error(doing, error, self.host, verb) from error
        except openai.APIConnectionError as error:
            raise _read_connection_error(doing, error, str(self.sdk.base_url)) from error
        except openai.APIResponseValidationError as error:
            raise self._odd_error(doing, error) from error
        except openai.OpenAIError as error:
            raise ApiError(f"{doing}: {quote_host(str(error))}") from error
        except _find_http_error() as error:  # raised while an answer is read as a stream
            raise TransientError(f"{doing}: the answer of {self.sdk.base_url} broke off ({error}).") from error
        except BROKEN as error:
            raise self._odd_error(doing, error) from error

    def _odd_error(self, doing: str, error: Exception) -> NoAnswer:
        answer = f"the answer of {self.sdk.base_url}"
        return odd_error(doing, error, answer=answer, api="this API", hint="Check base_url.")


def _may_be_cut(entries: int) -> bool:
    """Whether a page with this number of entries may be full: hosts usually have pages of such sizes."""
    return entries % 10 == 0 or entries % 25 == 0


def _find_http_library() -> Any:
    """The HTTP library of the SDK: httpx, or httpx2 since the SDK's version 3."""
    import openai

    return sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]


def _find_http_error() -> type[Exception]:
    error: type[Exception] = _find_http_library().HTTPError
    return error


def _find_invalid_url() -> type[Exception]:
    error: type[Exception] = _find_http_library().InvalidURL
    return error


def _read_connection_error(doing: str, error: openai.APIConnectionError, host: str) -> ApiError | TransientError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return ApiError(
                f"{doing}: the certificate of {host} could not be verified ({cause}).",
                hint="Give the authority's file in ca_path, or check base_url.",
            )
        if cause.__cause__ is None:
            break
        cause = cause.__cause__
    reason = f" ({cause})" if cause is not None and cause is not error and str(cause) else ""
    return TransientError(
        f"{doing}: no answer from {host}: {error.message}{reason}", hint="Check base_url and the network."
    )


def _read_error(doing: str, error: openai.APIStatusError, host: Host, verb: Verb) -> ApiError | TransientError:
    status, response = error.status_code, error.response
    if _REFUSED_TARGET in response.headers:
        hint = "Give that host's address in base_url, if it is the one that is meant."
        return redirect_error(doing, status, response.headers[_REFUSED_TARGET], hint)
    body = error.body if isinstance(error.body, Mapping) else {}
    code, param, request = (quote_host(mark, _MARK) for mark in (error.code, error.param, error.request_id))
    answer = ErrorAnswer(
        doing,
        status,
        # A body without such a message is not an error of an API: it comes from a proxy or a wrong path.
        quote_host(body.get("message")) or quote_host(response.text) or quote_host(response.reason_phrase),
        code,
        (code and f"code {code}", param and f"parameter {param}", request and f"request {request}"),
        verb,
        response.headers.get("retry-after"),
    )
    return classify_error(answer, _RULES_OPENAI[host.own] if host.kind == "openai" else _RULES)


class _HostTime:
    """The ``Date`` of the newest answer. Before the first answer, the time of this machine."""

    def __init__(self) -> None:
        self._host_time: float | None = None

    def note(self, response: Any) -> None:
        """Keep the time of an answer. It is a hook of the HTTP library."""
        self._host_time = date_of(response.headers.get("date")) or self._host_time

    def now(self) -> float:
        """The time in unix seconds."""
        return time.time() if self._host_time is None else self._host_time


def _keep_redirect(response: Any) -> None:
    """Remove the target from a redirect to another host. The answer is then an error that names the target."""
    target = response.headers.get("location")
    if target and response.has_redirect_location and is_elsewhere(str(response.request.url), target):
        response.headers[_REFUSED_TARGET] = target
        del response.headers["location"]


def make_api(module: AnsibleModule, admin_key: str | None = None) -> Api:
    """The client that the task's options and the SDK's environment variables describe. Makes no call.

    ``admin_key``: the organisation's key. It replaces the project's key, and belongs to no project.
    """
    options = {option: None if module.params[option] == "" else module.params[option] for option in AUTH_SPEC}
    for variable in ENVIRONMENT.values():
        if os.environ.get(variable) == "":
            del os.environ[variable]  # the SDK would take the empty text as a value
    fill_from_environment(options, ENVIRONMENT)
    options["admin"] = bool(admin_key)
    if admin_key:
        options.update(api_key=admin_key, project=None)
    # A value with the wrong form may be a key in the wrong option, so it is masked.
    words = (str(options[option] or "") for option in ("organization", "project"))
    mask(module, (word for word in words if not is_key(word)))
    mask(module, (path for path in (options["ca_path"],) if path and not is_path(path)))
    for option in ("base_url", "azure_endpoint"):
        check_address(module, option, options[option], "Give the credential as api_key.")
    host = host_for(module.params)
    sign_in = _choose_credential(module, options, host)
    for option in ("api_key", "azure_ad_token"):
        mask(module, [options[option]])
    for option in ("extra_headers", "extra_query"):
        mask(module, of_entries(options[option]))
    _check_options(module, options, host, sign_in)
    options["extra_headers"] = extras.headers(options["extra_headers"], host)
    options["extra_query"] = extras.query(options["extra_query"], host)
    version = str(load("openai", "to reach an OpenAI-style API", without=_UNUSED, later=_SELDOM).__version__)
    if int(version.partition(".")[0]) < _OLDEST_SDK:
        raise MissingLibrary(f"openai >= {_OLDEST_SDK}.0.0", f"(version {version} is installed)", "")

    key = json.dumps([options, sign_in and sign_in.key()], sort_keys=True)

    def make() -> Api:
        return _make_api(options, host, entra.Tokens(module, sign_in) if sign_in else None)

    try:
        return shared(module, ("openai", host, key), make)
    except (OSError, ValueError, _find_invalid_url()) as error:
        raise InvalidInput(
            f"The client cannot be made ({type(error).__name__}).",
            hint="Check base_url or azure_endpoint, ca_path, and the environment's proxies and SSL_CERT_FILE.",
        ) from None


def _choose_credential(module: AnsibleModule, options: dict[str, Any], host: Host) -> entra.SignIn | None:
    """Put the key or token that counts into ``options``, or return the sign-in that gets tokens.

    The task's own credential has priority over every credential in the environment. Returns None if no sign-in is
    needed.
    """
    if options["api_key"] or options["azure_ad_token"]:
        return None
    if entra.is_asked(options):
        return entra.read_task(module, options, host) if host.azure else None
    for option, variable in _list_credentials(host):
        if os.environ.get(variable):
            options[option] = os.environ[variable]
            return None
    return entra.read_environment(module, options, host) if host.azure else None


@contextmanager
def _hide_variables(*variables: str) -> Iterator[None]:
    """Hide variables of the environment within this context, because older SDKs prefer them to their arguments."""
    kept = {variable: os.environ.pop(variable) for variable in variables if variable in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _list_credentials(host: Host) -> Sequence[tuple[str, str]]:
    """The credential options and their environment variables. The first one that is set counts."""
    if not host.azure:
        return (("api_key", "OPENAI_API_KEY"),)
    own = (("api_key", _AZURE_KEY), ("azure_ad_token", _AD_TOKEN))
    # Microsoft's samples use OpenAI's own client, and so OPENAI_API_KEY, for Azure's address without a version.
    return (*own, ("api_key", "OPENAI_API_KEY")) if host.v1 else own


def _make_api(options: Mapping[str, Any], host: Host, tokens: Callable[[], str] | None) -> Api:
    with _hide_variables(_AD_TOKEN, _AZURE_KEY, ENVIRONMENT["project"]):
        return _make_client(options, host, tokens)


def _make_client(options: Mapping[str, Any], host: Host, tokens: Callable[[], str] | None) -> Api:
    import openai

    common: dict[str, Any] = {
        "api_key": options["api_key"],
        "organization": options["organization"],
        "timeout": options["timeout"],
        "max_retries": options["max_retries"],
        "default_headers": options["extra_headers"] or None,
        "default_query": options["extra_query"] or None,
    }
    time_there = _HostTime()
    transport: dict[str, Any] = {"event_hooks": {"response": [_keep_redirect, time_there.note]}}
    if not options["validate_certs"] or options["ca_path"]:
        verify = ssl.create_default_context(cafile=options["ca_path"]) if options["validate_certs"] else False
        transport["verify"] = verify
    common["http_client"] = openai.DefaultHttpxClient(**transport)
    if host.azure and not host.v1:
        address: dict[str, Any] = {
            "azure_endpoint" if host.address == options["azure_endpoint"] else "base_url": host.address
        }
        return Api(
            openai.AzureOpenAI(
                **address,
                api_version=options["api_version"],
                azure_ad_token=None if options["api_key"] or tokens else options["azure_ad_token"],
                azure_ad_token_provider=tokens,
                **common,
            ),
            host,
            options["timeout"],
            time_there.now,
        )
    if host.azure:
        common["api_key"] = tokens or options["api_key"] or options["azure_ad_token"]
    sdk = openai.OpenAI(base_url=host.address, project=options["project"], **common)
    if options["admin"] and hasattr(sdk, "admin_api_key"):
        sdk.admin_api_key = options["api_key"]  # for an SDK that sends it by itself, as the SDKs of other languages do
    return Api(sdk, host, options["timeout"], time_there.now)


def _check_options(module: AnsibleModule, options: Mapping[str, Any], host: Host, sign_in: entra.SignIn | None) -> None:
    if host.azure and not host.address:
        raise InvalidInput("azure_endpoint is missing.", hint="Give it, or set AZURE_OPENAI_ENDPOINT.")
    if host.azure and not host.v1 and not options["api_version"]:
        raise InvalidInput(
            "api_version is missing.",
            hint="Give it, or set OPENAI_API_VERSION; an address that ends in /openai/v1/ needs none.",
        )
    if not options["api_key"] and not sign_in and not (host.azure and options["azure_ad_token"]):
        hint = f"Give it, or set {_AZURE_KEY if host.azure else 'OPENAI_API_KEY'} where the module runs."
        if host.azure:
            hint = f"{hint} With azure_ad_token or auth_source, Microsoft Entra ID does without a key."
        elif options["azure_ad_token"] or entra.is_asked(options):
            hint = f"{hint} A sign-in with Microsoft Entra ID is for Azure OpenAI: set 'api_type: azure' if it is that."
        raise InvalidInput("api_key is missing.", hint=hint)
    for option in ("organization", "project"):
        if options[option] and not is_key(options[option]):
            raise InvalidInput(f"{option} has a space, a line break or an accent, which none has.")
    for option in ("api_key", "azure_ad_token"):
        check_key(module, option, options[option])
    if not 0 < options["timeout"] < _LONGEST_TIMEOUT:
        raise InvalidInput(f"timeout is {options['timeout']}; it is a number of seconds above 0, at most a day.")
    if options["max_retries"] < 0:
        raise InvalidInput(f"max_retries is {options['max_retries']}; it is 0 or more.")
    check_file(module, "ca_path", options["ca_path"])
