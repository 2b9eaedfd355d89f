# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OpenAI SDK: authentication, and its exceptions in the engine's words.

Private to llmops.finetune; may change at any time.

The SDK is imported when a client is made, not before: a task of another provider never pays for it.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.address import check_address
from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import (
    InvalidInput,
    MissingLibrary,
    NotVisible,
    Refused,
    Throttled,
    Unavailable,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.library import load, shared

if TYPE_CHECKING:
    import openai
    from ansible.module_utils.basic import AnsibleModule

# Documented by the fragment llmops.finetune.openai.
AUTH_SPEC: dict[str, Any] = {
    "api_key": {"type": "str", "no_log": True},
    "azure_ad_token": {"type": "str", "no_log": True},
    "organization": {"type": "str"},
    "project": {"type": "str"},
    "base_url": {"type": "str"},
    "api_type": {"type": "str", "choices": ["openai", "azure"]},
    "azure_endpoint": {"type": "str"},
    "api_version": {"type": "str"},
    "timeout": {"type": "float", "default": 600.0},
    "max_retries": {"type": "int", "default": 2},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
}

_ENVIRONMENT = {
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "base_url": "OPENAI_BASE_URL",
    "api_type": "OPENAI_API_TYPE",
    "azure_endpoint": "AZURE_OPENAI_ENDPOINT",
    "api_version": "OPENAI_API_VERSION",
}

_HEADER_VALUE = re.compile(r"[!-~]+")
_OLDEST_SDK = 2  # the first with pausing and resuming
# Of what the SDK imports at its start, two thirds: aiohttp is for its asynchronous clients and comes with OCI's SDK;
# its types are those of all its services, of which ours are imported by themselves.
_UNUSED = ("aiohttp",)
_SELDOM = ("openai.types", "openai.types.responses")
_FILE_READY = 1800.0  # the SDK's own bound for waiting for a file
_LONGEST_TIMEOUT = 86401.0
# The words of the hosts for "your file is there but not yet ready" (old OpenAI, Azure).
_NOT_READY = ("is still being processed", "must point to a completed file import")
# 429 codes that no waiting within a task mends.
_FINAL_429 = {
    "daily_rate_limit_exceeded": "The provider's limit on runs per day is used up; run the task again tomorrow.",
    "insufficient_quota": "The account has no credit left, or its spending limit is reached.",
    "billing_hard_limit_reached": "The account's spending limit is reached.",
}
_CLOSED = (
    "OpenAI is winding down its own fine-tuning: since 2026-05-07 "
    "organisations that never fine-tuned, since 2026-07-02 "
    "those without recent use of a fine-tuned model, and from 2027-01-06 all are refused new jobs. Existing models can "
    "still be listed, used and deleted; to train new ones point base_url or azure_endpoint at another host. If the "
    "organisation is still admitted, check the permissions of the API key and of its project."
)


class Api:
    """One host with one credential. ``sdk`` is the SDK's client; use it inside :meth:`translated`."""

    def __init__(self, sdk: openai.OpenAI, *, azure: bool) -> None:
        self.sdk = sdk
        self.azure = azure

    @property
    def once(self) -> openai.OpenAI:
        """The same client without retries: for calls that must not be sent twice."""
        return self.sdk.with_options(max_retries=0)

    @contextmanager
    def translated(self, doing: str, *, writes: bool = False) -> Iterator[None]:
        """Turn what the SDK raises into Refused, NotVisible, Throttled or Unavailable, saying what was being done.

        What is no answer of this API at all (a proxy's page, broken JSON) leaves it open what a write has done.
        """
        import openai

        odd: tuple[type[Exception], ...] = (
            openai.APIResponseValidationError,
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
        )
        try:
            yield
        except openai.APIStatusError as error:
            raise _of_status(doing, error, self.azure) from error
        except openai.APIConnectionError as error:
            raise _of_connection(doing, error, str(self.sdk.base_url)) from error
        except odd as error:
            told = f"{doing}: the answer of {self.sdk.base_url} is not one of this API ({type(error).__name__})."
            if writes:
                raise Unavailable(told, hint="Check base_url.") from error
            raise Refused(told, hint="Check base_url.") from error
        except openai.OpenAIError as error:
            raise Refused(f"{doing}: {error}") from error
        except _http_error() as error:  # raised while an answer is read as a stream
            raise Unavailable(f"{doing}: the answer of {self.sdk.base_url} broke off ({error}).") from error


def _http_library() -> Any:
    """The HTTP library that the SDK is built on: httpx, since its version 3 httpx2."""
    import openai

    return sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]


def _http_error() -> type[Exception]:
    error: type[Exception] = _http_library().HTTPError
    return error


def _invalid_url() -> type[Exception]:
    error: type[Exception] = _http_library().InvalidURL
    return error


def _of_connection(doing: str, error: openai.APIConnectionError, host: str) -> Refused | Unavailable:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return Refused(
                f"{doing}: the certificate of {host} could not be verified ({cause}).",
                hint="Give the authority's file in ca_path, or check base_url.",
            )
        if cause.__cause__ is None:
            break
        cause = cause.__cause__
    reason = f" ({cause})" if cause is not None and cause is not error and str(cause) else ""
    return Unavailable(
        f"{doing}: no answer from {host}: {error.message}{reason}", hint="Check base_url and the network."
    )


def _of_status(doing: str, error: openai.APIStatusError, azure: bool) -> Refused | Unavailable:
    body = error.body if isinstance(error.body, Mapping) else {}
    said = str(body.get("message") or "").strip()
    if not said:
        # Not an API's error body: a proxy, a wrong path.
        said = " ".join(error.response.text.split())[:300] or error.response.reason_phrase
    status, code = error.status_code, error.code
    marks = ", ".join(
        part
        for part in (
            f"HTTP {status}",
            f"code {code}" if code else "",
            f"parameter {error.param}" if error.param else "",
            f"request {error.request_id}" if error.request_id else "",
        )
        if part
    )
    brief = f"{doing}: {said}"
    text = f"{brief} ({marks})"
    retry_after = _seconds(error.response.headers.get("retry-after"))
    if status == 429:
        final = _FINAL_429.get(code or "")
        if final:
            return Refused(text, hint=final, status=status, code=code)
        hint = "The provider limits the rate."
        return Throttled(text, hint=hint, status=status, code=code, retry_after=retry_after, brief=brief)
    if status in (408, 409) or status >= 500:
        return Unavailable(text, retry_after=retry_after)
    if status == 404:
        path = doing.startswith(("Listing", "Creating", "Uploading"))
        hint = "Check base_url (it usually ends in /v1), or azure_endpoint and api_version." if path else ""
        return NotVisible(text, hint=hint, status=status, code=code)
    if status == 400 and any(words in said for words in _NOT_READY):
        hint = "The host is still processing the file."
        return Throttled(text, hint=hint, status=status, code=code, at_most=_FILE_READY, brief=brief)
    hint = ""
    if status == 401:
        hint = "Check api_key, organization and project, or their environment variables."
    elif status == 403:
        closed = doing.startswith("Creating the fine-tuning job") and not azure
        hint = _CLOSED if closed else "The credential may not do this; check its permissions and the network's rules."
    return Refused(text, hint=hint, status=status, code=code)


def _seconds(value: str | None) -> float | None:
    """Retry-After: seconds or an HTTP date (RFC 9110)."""
    found = number(value)
    if found is None and value:
        try:
            found = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return None if found is None else max(0.0, float(found))


def make_api(module: AnsibleModule) -> Api:
    """The client that the task's options and the SDK's environment variables describe; no call is made."""
    given = {option: None if module.params[option] == "" else module.params[option] for option in AUTH_SPEC}
    azure_named = bool(given["azure_endpoint"])
    for option, variable in _ENVIRONMENT.items():
        if os.environ.get(variable) == "":
            del os.environ[variable]  # the SDK would take it for a value
        given[option] = given[option] or os.environ.get(variable) or None
    azure = given["api_type"] == "azure" if given["api_type"] else azure_named
    for option, variable in (
        ("api_key", "AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY"),
        ("azure_ad_token", "AZURE_OPENAI_AD_TOKEN" if azure else ""),
    ):
        if not given["api_key"] and not given["azure_ad_token"] and os.environ.get(variable):
            given[option] = os.environ[variable]
        if given[option]:
            module.no_log_values.add(given[option])
    for option in ("base_url", "azure_endpoint"):
        check_address(module, option, given[option], "Give the credential as api_key.")
    _check(given, azure)
    version = str(load("openai", "to reach an OpenAI-style API", without=_UNUSED, later=_SELDOM).__version__)
    if int(version.partition(".")[0]) < _OLDEST_SDK:
        raise MissingLibrary(f"openai >= {_OLDEST_SDK}.0.0", f"(version {version} is installed)", "")

    try:
        return shared(module, ("openai", azure, *given.items()), lambda: _client(given, azure))
    except (OSError, ValueError, _invalid_url()) as error:
        raise InvalidInput(
            f"The client cannot be made: {error}.",
            hint="Check base_url or azure_endpoint, ca_path, and the environment's proxies and SSL_CERT_FILE.",
        ) from error


def _client(given: Mapping[str, Any], azure: bool) -> Api:
    import openai

    common: dict[str, Any] = {
        "api_key": given["api_key"],
        "organization": given["organization"],
        "timeout": given["timeout"],
        "max_retries": given["max_retries"],
    }
    if not given["validate_certs"] or given["ca_path"]:
        verify = ssl.create_default_context(cafile=given["ca_path"]) if given["validate_certs"] else False
        common["http_client"] = openai.DefaultHttpxClient(verify=verify)
    if azure:
        return Api(
            openai.AzureOpenAI(
                **(
                    {"azure_endpoint": given["azure_endpoint"]}
                    if given["azure_endpoint"]
                    else {"base_url": given["base_url"]}
                ),
                api_version=given["api_version"],
                azure_ad_token=None if given["api_key"] else given["azure_ad_token"],
                **common,
            ),
            azure=True,
        )
    return Api(openai.OpenAI(base_url=given["base_url"], project=given["project"], **common), azure=False)


def _check(given: Mapping[str, Any], azure: bool) -> None:
    if given["api_type"] not in (None, "openai", "azure"):
        raise InvalidInput(f"api_type is '{given['api_type']}' (from OPENAI_API_TYPE); it is 'openai' or 'azure'.")
    if azure:
        if not given["azure_endpoint"] and not given["base_url"]:
            raise InvalidInput("azure_endpoint is missing.", hint="Give it, or set AZURE_OPENAI_ENDPOINT.")
        if not given["api_version"]:
            raise InvalidInput("api_version is missing.", hint="Give it, or set OPENAI_API_VERSION.")
    if not given["api_key"] and not (azure and given["azure_ad_token"]):
        variable = "AZURE_OPENAI_API_KEY" if azure else "OPENAI_API_KEY"
        raise InvalidInput("api_key is missing.", hint=f"Give it, or set {variable} where the module runs.")
    for option in ("organization", "project"):
        if given[option] and not _HEADER_VALUE.fullmatch(given[option]):
            raise InvalidInput(f"{option} is {given[option]!r}; it has neither spaces nor line breaks nor accents.")
    for option in ("api_key", "azure_ad_token"):
        # Such a value would come back, in clear, in the error of the HTTP library.
        if given[option] and not _HEADER_VALUE.fullmatch(given[option]):
            raise InvalidInput(
                f"{option} has a space, a line break or another character that no key has.",
                hint="It was probably read from a file with the line's end; the filter 'trim' takes that off.",
            )
    if not 0 < given["timeout"] < _LONGEST_TIMEOUT:
        raise InvalidInput(f"timeout is {given['timeout']}; it is a number of seconds above 0, at most a day.")
    if given["max_retries"] < 0:
        raise InvalidInput(f"max_retries is {given['max_retries']}; it is 0 or more.")
    if given["ca_path"] and not Path(given["ca_path"]).is_file():
        raise InvalidInput(f"ca_path: there is no file '{given['ca_path']}' where the module runs.")
