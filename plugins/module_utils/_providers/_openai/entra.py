# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sign-in to Azure OpenAI with Microsoft Entra ID, by the library azure-identity.

Private to llmops.finetune; may change at any time.

The options and variables are those of azure.azcollection that matter for a token, with the same meaning. azure-identity
is imported only when a token is needed. No message contains a value that this file reads.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from configparser import RawConfigParser
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..._engine.errors import ApiError, InvalidInput, RateLimited
from ..._engine.secrets import Masking, mask
from ..toolkit.answers import quote_host
from ..toolkit.client import character_error, is_key, load, read_profiles
from .hosts import Host


@dataclass(frozen=True)
class Cloud:
    """One of Azure's clouds: the authority that gives tokens, their scope, and the end of its hosts' addresses."""

    authority: str
    scope: str
    ending: str


CLOUDS = {
    "AzureCloud": Cloud("login.microsoftonline.com", "https://cognitiveservices.azure.com/.default", ".com"),
    "AzureUSGovernment": Cloud("login.microsoftonline.us", "https://cognitiveservices.azure.us/.default", ".us"),
    "AzureChinaCloud": Cloud("login.chinacloudapi.cn", "https://cognitiveservices.azure.cn/.default", ".cn"),
}
"""Authorities: azure-identity 1.27.0. Scopes: Azure's SDKs for .NET and JavaScript (2026-11)."""
SOURCES = ("auto", "cli", "credential_file", "env", "msi")
SPEC: dict[str, Any] = {
    "auth_source": {"type": "str", "choices": list(SOURCES)},
    "client_id": {"type": "str", "no_log": True},
    "secret": {"type": "str", "no_log": True},
    "tenant": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "cloud_environment": {"type": "str", "choices": list(CLOUDS)},
}
_PRINCIPAL = {"client_id": "AZURE_CLIENT_ID", "secret": "AZURE_SECRET", "tenant": "AZURE_TENANT"}
_SOURCE, _PROFILE, _CLOUD = "ANSIBLE_AZURE_AUTH_SOURCE", "AZURE_PROFILE", "AZURE_CLOUD_ENVIRONMENT"
_FILE = "~/.azure/credentials"
_LIBRARY = "azure.identity"
_RENEW_BEFORE = 300.0  # seconds before a token's end, as in azure-identity itself
_NET = {"connection_timeout": 30, "read_timeout": 30, "retry_total": 2}
_CLI_TIME = 60  # seconds; the command line tool needs some of them to start
_TENANT = re.compile(r"[A-Za-z0-9.-]+")
_NOT_SENT = "The request was not sent."
_HINTS = {
    "principal": "Check client_id, secret and tenant, or where they are read from: the environment or a profile.",
    "cli": "Run 'az login' where the module runs, as the same user.",
    "msi": (
        "Managed identities exist on machines of Azure. client_id chooses one that was assigned by a user; without it, "
        "the machine's own is used."
    ),
}


@dataclass(frozen=True)
class SignIn:
    """Who signs in, and where.

    ``way``: "principal", "cli" or "msi". ``authority``: None means the library's choice.
    """

    way: str
    scope: str
    authority: str | None = None
    client_id: str | None = None
    secret: str | None = None
    tenant: str | None = None

    def key(self) -> dict[str, str | None]:
        """The same as plain data."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def is_asked(options: Mapping[str, Any]) -> bool:
    """Whether the options of a task request a sign-in."""
    return any(options[option] for option in SPEC if option != "cloud_environment")


def read_task(module: Any, options: Mapping[str, Any], host: Host) -> SignIn:
    """The sign-in that the options of a task request."""
    source = options["auth_source"]
    if not source:
        usual = os.environ.get(_SOURCE)
        # The task's own values have priority over the environment. But if the environment says "msi", client_id does
        # not override that: it chooses the managed identity, which only the task may know.
        own = options["secret"] or options["profile"] or (options["client_id"] and usual != "msi")
        source = "auto" if own else usual or "auto"
    return _read(module, options, host, source)


def read_environment(module: Any, options: Mapping[str, Any], host: Host) -> SignIn | None:
    """The sign-in that the environment requests; None if it requests none."""
    source = os.environ.get(_SOURCE)
    if not source and not os.environ.get(_PROFILE) and not all(map(os.environ.get, _PRINCIPAL.values())):
        return None
    return _read(module, options, host, source or "env")


def _read(module: Any, options: Mapping[str, Any], host: Host, source: str) -> SignIn:
    if source not in SOURCES:
        mask(module, [source])
        raise InvalidInput(f"{_SOURCE} is unknown.", hint=f"It is one of {', '.join(SOURCES)}.")
    if source == "msi":
        found = {"client_id": options["client_id"] or os.environ.get(_PRINCIPAL["client_id"])}
        return _sign_in(module, "msi", found, options, host)
    if source == "cli":
        return _sign_in(module, "cli", {"tenant": options["tenant"]}, options, host)
    if source == "env":
        return _sign_in(module, "principal", _read_variables(module), options, host)
    if source == "credential_file" or options["profile"]:
        return _sign_in(module, "principal", _read_profile(module, options["profile"] or "default"), options, host)
    return _find_first(module, options, host)


def _find_first(module: Any, options: Mapping[str, Any], host: Host) -> SignIn:
    """``auto``: the first of the task's options, the environment, the default profile, the command line tool."""
    if options["client_id"] or options["secret"]:
        own = {option: options[option] for option in _PRINCIPAL}
        _refuse_missing(own, "Give all three, or auth_source to sign in without a secret (cli, msi).")
        return _sign_in(module, "principal", own, options, host)
    if os.environ.get(_PROFILE) or all(map(os.environ.get, _PRINCIPAL.values())):
        return _sign_in(module, "principal", _read_variables(module), options, host)
    if Path(_FILE).expanduser().is_file():
        return _sign_in(module, "principal", _read_profile(module, "default"), options, host)
    return _sign_in(module, "cli", {"tenant": options["tenant"]}, options, host)


def _refuse_missing(found: Mapping[str, Any], hint: str) -> None:
    missing = [option for option in found if not found[option]]
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        raise InvalidInput(f"Microsoft Entra ID: {', '.join(missing)} {verb} missing.", hint=hint)


def _read_variables(module: Any) -> dict[str, Any]:
    profile = os.environ.get(_PROFILE)
    if profile:
        return _read_profile(module, profile)
    found = {variable: os.environ.get(variable) for variable in _PRINCIPAL.values()}
    _refuse_missing(found, "Set them where the module runs.")
    return {option: found[variable] for option, variable in _PRINCIPAL.items()}


def _read_profile(module: Any, name: str) -> dict[str, Any]:
    """A profile of the file that azure.azcollection reads.

    The profile's name may be a key in the wrong place, so no message quotes it.
    """
    try:
        raw = Path(_FILE).expanduser().read_bytes()
    except (OSError, RuntimeError):
        raise InvalidInput(f"{_FILE} cannot be read where the module runs.", hint="Check auth_source.") from None
    parser = RawConfigParser(default_section="")
    read_profiles(raw, _FILE, parser)
    if not parser.has_section(name):
        raise InvalidInput(f"{_FILE} has no such profile.", hint="Check profile and AZURE_PROFILE.")
    found = {option: parser.get(name, option, fallback=None) for option in (*_PRINCIPAL, "cloud_environment")}
    mask(module, (found[option] for option in _PRINCIPAL))
    _refuse_missing({option: found[option] for option in _PRINCIPAL}, f"Complete the profile in {_FILE}.")
    return found


def _sign_in(module: Any, way: str, found: Mapping[str, Any], options: Mapping[str, Any], host: Host) -> SignIn:
    mask(module, (found.get(option) for option in _PRINCIPAL))
    for option in _PRINCIPAL:
        value = found.get(option)
        if value and not is_key(value):
            raise character_error(module, option, value, "such value")
    if found.get("tenant") and not _TENANT.fullmatch(found["tenant"]):
        raise InvalidInput("tenant is neither the id of a tenant nor one of its domains.")
    named = options["cloud_environment"] or found.get("cloud_environment") or os.environ.get(_CLOUD)
    if named and named not in CLOUDS:
        mask(module, [named])
        raise InvalidInput("cloud_environment is unknown.", hint=f"It is one of {', '.join(CLOUDS)}.")
    address = host.address.partition("://")[2].partition("/")[0].partition(":")[0]
    guessed = next((name for name, cloud in CLOUDS.items() if address.endswith(f".azure{cloud.ending}")), "AzureCloud")
    cloud = CLOUDS[named or guessed]
    # If no cloud is named, the library's variable AZURE_AUTHORITY_HOST applies.
    authority = cloud.authority if named or guessed != "AzureCloud" else None
    return SignIn(way, cloud.scope, authority, **{option: found.get(option) for option in _PRINCIPAL})


class Tokens:
    """Returns a valid token, and renews it in time. Several threads can call it.

    It raises the engine's errors, and the SDK passes them on. None of them is a TransientError, because no request was
    sent to the host.
    """

    def __init__(self, module: Masking, sign_in: SignIn) -> None:
        """Raises MissingLibrary. Makes no call."""
        self._library = load(_LIBRARY, "to sign in with Microsoft Entra ID", package="azure-identity")
        self._errors = load("azure.core.exceptions", "to sign in with Microsoft Entra ID", package="azure-identity")
        # The library's log lines would appear on standard error. It raises its failures too.
        logging.getLogger(_LIBRARY).addHandler(logging.NullHandler())
        self._module = module
        self._sign_in = sign_in
        self._turn = threading.Lock()
        self._credential: Any = None
        self._token = ""
        self._ends = 0.0

    def __call__(self) -> str:
        """The token for the next request."""
        with self._turn:
            if time.time() + _RENEW_BEFORE >= self._ends:
                try:
                    self._renew()
                except RateLimited:
                    if time.time() >= self._ends:
                        raise
            return self._token

    def _renew(self) -> None:
        try:
            self._credential = self._credential or self._make_credential()
            answer = self._credential.get_token(self._sign_in.scope)
            token, ends = answer.token, float(answer.expires_on)
        except (self._errors.AzureError, ValueError, OSError) as error:
            raise self._read_error(error) from error
        if not isinstance(token, str) or not is_key(token):
            raise ApiError("Signing in with Microsoft Entra ID gave no token.", hint=_HINTS[self._sign_in.way])
        mask(self._module, [token])
        self._token, self._ends = token, ends

    def _make_credential(self) -> Any:
        """The library's credential. It keeps tokens, except those of the command line tool."""
        sign_in = self._sign_in
        if sign_in.way == "cli":
            return self._library.AzureCliCredential(tenant_id=sign_in.tenant or "", process_timeout=_CLI_TIME)
        if sign_in.way == "msi":
            return self._library.ManagedIdentityCredential(client_id=sign_in.client_id, **_NET)
        authority = {"authority": sign_in.authority} if sign_in.authority else {}
        return self._library.ClientSecretCredential(
            sign_in.tenant, sign_in.client_id, sign_in.secret, **authority, **_NET
        )

    def _read_error(self, error: Exception) -> ApiError:
        message = str(error)
        for own in (self._sign_in.secret, self._sign_in.client_id, self._sign_in.tenant):
            message = message.replace(own, "***") if own else message  # here, because a cut value is not masked later
        text = f"Signing in with Microsoft Entra ID failed: {quote_host(message) or type(error).__name__}"
        if self._is_passing(error):
            hint = "Check the network and its proxies where the module runs."
            return RateLimited(f"{text.rstrip('.')}.", hint=f"{hint} {_NOT_SENT}")
        return ApiError(f"{text.rstrip('.')}.", hint=f"{_HINTS[self._sign_in.way]} {_NOT_SENT}")

    def _is_passing(self, error: BaseException) -> bool:
        """Whether another try may help after a network error or a server's error. The library wraps these errors."""
        cause: BaseException | None = error
        while cause is not None:
            status = getattr(cause, "status_code", None)
            if isinstance(status, int) and (status == 429 or status >= 500):
                return True
            if isinstance(cause, (self._errors.ServiceRequestError, self._errors.ServiceResponseError)):
                return True
            cause = cause.__cause__
        return False
