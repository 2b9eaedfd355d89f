# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCI SDK: credentials, region, and its exceptions in the engine's words.

Private to llmops.finetune; may change at any time.

oci is imported when a client is made, not before: a task of another provider never pays for it. Its clients answer
with plain JSON here: the SDK's own models would turn every word that they do not know into UNKNOWN_ENUM_VALUE.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.address import check_address
from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import number
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import (
    Busy,
    InvalidInput,
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

_AUTH_TYPES = ["api_key", "instance_principal", "resource_principal", "security_token", "oke_workload_identity"]
# Documented by the fragment llmops.finetune.oci; names and environment variables are those of oracle.oci.
AUTH_SPEC: dict[str, Any] = {
    "config_file_location": {"type": "path"},
    "config_profile_name": {"type": "str"},
    "api_user": {"type": "str"},
    "api_user_fingerprint": {"type": "str"},
    "api_user_key_file": {"type": "path"},
    "api_user_key_pass_phrase": {"type": "str", "no_log": True},
    "tenancy": {"type": "str"},
    "region": {"type": "str"},
    "cert_bundle": {"type": "path"},
    "auth_type": {"type": "str", "choices": _AUTH_TYPES},
    "service_endpoint": {"type": "str"},
}
_ENVIRONMENT = {
    "config_file_location": "OCI_CONFIG_FILE",
    "config_profile_name": "OCI_CONFIG_PROFILE",
    "api_user": "OCI_USER_ID",
    "api_user_fingerprint": "OCI_USER_FINGERPRINT",
    "api_user_key_file": "OCI_USER_KEY_FILE",
    "api_user_key_pass_phrase": "OCI_USER_KEY_PASS_PHRASE",
    "tenancy": "OCI_TENANCY",
    "region": "OCI_REGION",
    "cert_bundle": "OCI_ANSIBLE_CERT_BUNDLE",
    "auth_type": "OCI_ANSIBLE_AUTH_TYPE",
}
# Ours: neither the SDK nor oracle.oci has a variable for it. It holds for every service that is called.
_ENDPOINT = "OCI_SERVICE_ENDPOINT"
# Option to entry of the configuration file.
_ENTRIES = {
    "api_user": "user",
    "api_user_fingerprint": "fingerprint",
    "api_user_key_file": "key_file",
    "api_user_key_pass_phrase": "pass_phrase",
    "tenancy": "tenancy",
    "region": "region",
}
_DEFAULT_FILE = "~/.oci/config"
_DEFAULT_PROFILE = "DEFAULT"
_PURPOSE = "to reach Oracle Cloud Infrastructure"
# Of what the SDK imports at its start, a fifth: for keys in hardware and for guessing a text's encoding, optional for
# it; and for its pages, which are fetched here as plain data.
_UNUSED = ("pkcs11", "charset_normalizer")
_SELDOM = ("oci.dns", "oci.object_storage")
_TRIES = 3
_LIMIT_PAUSE = 30.0  # seconds: what fills a limit takes minutes to hours
_TAKEN_TOKEN = "InvalidatedRetryToken"
_CHANGED = "NoEtagMatch"
_LIMITS = {"LimitExceeded", "QuotaExceeded"}
_NAMESPACE = re.compile(r"[\w.-]+")
_FOLLOWING = re.compile(r"See https?://\S+ for help troubleshooting this error.*", re.DOTALL)

GENERATIVE_AI = "generative_ai"
OBJECT_STORAGE = "object_storage"
_CLIENTS = {GENERATIVE_AI: "GenerativeAiClient", OBJECT_STORAGE: "ObjectStorageClient"}


class Api:
    """One tenancy and region with one credential. Use its clients inside :meth:`translated`.

    Bodies are plain data with the API's names; so is ``response.data``.
    """

    def __init__(self, config: Mapping[str, Any], signer: Any, given: Mapping[str, Any], service: str) -> None:
        self._config = dict(config)
        self._signer = signer
        self._given = given
        self._service = service
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region of every call."""
        return str(self._config.get("region") or getattr(self._signer, "region", "") or "")

    @property
    def tenancy(self) -> str:
        """The OCID of the tenancy, as far as the credential says it."""
        return str(self._config.get("tenancy") or getattr(self._signer, "tenancy_id", "") or "")

    def client(self, service: str, tries: int = _TRIES) -> Any:
        """The SDK's client of a service. ``service_endpoint`` is that of the service that the module is about.

        ``tries``: how often a call is sent at most.
        """
        kind = f"{service}/{tries}"
        if kind not in self._clients:
            given = self._given
            own = given["service_endpoint"] if service == self._service else None
            retry, breaker = load("oci.retry", _PURPOSE), load("oci.circuit_breaker", _PURPOSE)
            more: dict[str, Any] = {}
            if self._signer is not None:
                more["signer"] = self._signer
            client = getattr(load(f"oci.{service}", _PURPOSE), _CLIENTS[service])(
                self._config,
                service_endpoint=own or os.environ.get(_ENDPOINT) or None,
                retry_strategy=_retries(retry, tries),
                # It would go on refusing, in its own words, what is asked again in good time.
                circuit_breaker_strategy=breaker.NoCircuitBreakerStrategy(),
                skip_deserialization=True,
                **more,
            )
            if given["cert_bundle"]:
                client.base_client.session.verify = given["cert_bundle"]
            self._clients[kind] = client
        return self._clients[kind]

    def once(self, service: str) -> Any:
        """The same client without retries: for calls whose outcome the engine asks about itself."""
        return self.client(service, tries=1)

    @cached_property
    def generative_ai(self) -> Any:
        """The control plane of OCI Generative AI."""
        return self.client(GENERATIVE_AI)

    @cached_property
    def object_storage(self) -> Any:
        """OCI Object Storage."""
        return self.client(OBJECT_STORAGE)

    @cached_property
    def namespace(self) -> str:
        """The tenancy's namespace in Object Storage, looked up once."""
        with self.translated("Looking up the namespace of Object Storage"):
            found = self.object_storage.get_namespace().data
        # What is no JSON string, the SDK hands on as the text that it is.
        if not isinstance(found, str) or not _NAMESPACE.fullmatch(found):
            raise Unavailable("The answer is no namespace.", hint="Check service_endpoint.")
        return found

    @contextmanager
    def translated(self, doing: str, *, creates: bool = False) -> Iterator[None]:
        """Turn what the SDK raises into the engine's errors, saying what was being done."""
        exceptions = load("oci.exceptions", _PURPOSE)
        transport = load("oci._vendor.requests.exceptions", _PURPOSE)
        try:
            yield
        except exceptions.ServiceError as error:
            raise _of_answer(doing, error, creates) from error
        except transport.RequestException as error:
            said = _reason(error)
            if _caused_by(error, transport.SSLError):
                raise Refused(f"{doing}: {said}", hint="Give the authority's file in cert_bundle.") from error
            raise Unavailable(f"{doing}: {said}", hint="Check region, service_endpoint and the network.") from error
        except exceptions.ClientError as error:
            raise Refused(f"{doing}: {_reason(error)}") from error


def _retries(retry: Any, tries: int) -> Any:
    if tries == 1:
        return retry.NoneRetryStrategy()
    return retry.RetryStrategyBuilder(
        max_attempts=tries,
        total_elapsed_time_check=False,
        # Of the SDK's own list without 409 IncorrectState: that takes longer than it would try.
        service_error_retry_config={-1: [], 429: []},
        service_error_retry_on_any_5xx=True,
        retry_base_sleep_time_seconds=0.5,
        retry_max_wait_between_calls_seconds=5,
    ).get_retry_strategy()


def _reason(error: BaseException) -> str:
    """The first thing that is said, without the SDK's advice."""
    inner = error.args[0] if error.args and isinstance(error.args[0], BaseException) else error
    texts = [str(arg) for arg in inner.args] or [type(inner).__name__]
    return _FOLLOWING.sub("", " ".join(texts)).strip().rstrip(".") + "."


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    return isinstance(error, kind) or any(_caused_by(arg, kind) for arg in error.args if isinstance(arg, BaseException))


def _of_answer(doing: str, error: Any, creates: bool) -> Refused | Unavailable:
    status, code = int(error.status or 0), str(error.code or "")
    said = str(error.message or "").strip()
    request = error.request_id
    marks = ", ".join([f"HTTP {status}", *([code] if code else []), *([f"request {request}"] if request else [])])
    brief = f"{doing}: {said or code or 'refused'}"
    text = f"{brief} ({marks})"
    wait = number(mapping(error.headers).get("retry-after"))
    retry_after = None if wait is None else float(wait)
    if status == 429:
        hint = "OCI limits the rate of calls."
        return Throttled(text, hint=hint, status=status, code=code, retry_after=retry_after, brief=brief)
    if status >= 500 and status != 501:
        return Unavailable(text, retry_after=retry_after)
    if creates and code in _LIMITS:
        return Throttled(
            text,
            hint="A service limit is reached. Other resources must end first, or ask OCI for a higher limit.",
            status=status,
            code=code,
            retry_after=_LIMIT_PAUSE,
            brief=brief,
        )
    if creates and code == "IncorrectState":
        hint = "What it needs is being made or changed."  # what cannot become ready is refused before
        return Busy(text, hint=hint, status=status, code=code, brief=brief)
    if code in (_TAKEN_TOKEN, _CHANGED):
        return Outdated(text, hint="Something else changed it. Run the task again.", status=status, code=code)
    if status == 404:
        return NotVisible(
            text,
            hint="It does not exist, or the policies of this user do not show it; OCI does not say which.",
            status=status,
            code=code,
        )
    hint = ""
    if status == 401:
        hint = "Check api_user, api_user_fingerprint, api_user_key_file and tenancy, or the profile; and the clock."
    elif status == 403:
        hint = "The policies of this user do not allow it."
    elif status == 412:
        hint = "Something else changed it meanwhile. Run the task again."
    elif status == 409:
        hint = "Something else uses it, or it is changing; look at it and run the task again."
    return Refused(text, hint=hint, status=status, code=code)


# -- from the options ------------------------------------------------------------------------------------------


def make_api(module: AnsibleModule, service: str) -> Api:
    """The tenancy that the task's options and the environment describe; no call is made but for a principal's token.

    ``service``: what ``service_endpoint`` is the address of.
    """
    given = {option: module.params[option] or None for option in AUTH_SPEC}
    for option, variable in _ENVIRONMENT.items():
        given[option] = given[option] or os.environ.get(variable) or None
    if given["service_endpoint"]:
        # The SDK would sign a path with two slashes and send one with one.
        given["service_endpoint"] = str(given["service_endpoint"]).rstrip("/")
    if given["api_user_key_pass_phrase"]:
        module.no_log_values.add(given["api_user_key_pass_phrase"])
    auth_type = given["auth_type"] or "api_key"
    if auth_type not in _AUTH_TYPES:
        raise InvalidInput(f"OCI_ANSIBLE_AUTH_TYPE is '{auth_type}'; it is one of {', '.join(_AUTH_TYPES)}.")
    _check(given)
    check_address(module, "service_endpoint", given["service_endpoint"], "Requests are signed with the key.")
    # Oracle does not say that several threads may use one client.
    key = ("oci", service, *given.items())
    return shared(module, key, lambda: _made(module, given, auth_type, service), threads=False)


def _made(module: AnsibleModule, given: Mapping[str, Any], auth_type: str, service: str) -> Api:
    load("oci", _PURPOSE, without=_UNUSED, later=_SELDOM)
    exceptions = load("oci.exceptions", _PURPOSE)
    config: dict[str, Any] = {}
    signer = None
    try:
        if auth_type in ("api_key", "security_token"):
            config = _config(given, needed=auth_type == "security_token" or not _is_whole(given))
            if config.get("pass_phrase"):
                module.no_log_values.add(str(config["pass_phrase"]))
            if not config.get("region"):
                raise InvalidInput("region is missing.", hint="Give it, or set OCI_REGION where the module runs.")
            if auth_type == "security_token":
                signer = _token_signer(module, config)
            else:
                _check_key(config)
                load("oci.config", _PURPOSE).validate_config(config)
        else:
            signer = _principal(auth_type)
            config = {"region": given["region"]} if given["region"] else {}
        api = Api(config, signer, given, service)
        api.client(service)
    except exceptions.InvalidConfig as error:
        raise InvalidInput(f"The credential is not complete: {_problems(error)}.", hint=_WHERE) from error
    except (exceptions.ClientError, ValueError, OSError) as error:
        raise InvalidInput(f"The client cannot be made: {_reason(error)}", hint=_WHERE) from error
    return api


_WHERE = (
    "Check config_file_location, config_profile_name, api_user, api_user_fingerprint, api_user_key_file, "
    "api_user_key_pass_phrase, tenancy and region, or their environment variables, where the module runs."
)


def _problems(error: Exception) -> str:
    options = {entry: option for option, entry in _ENTRIES.items()}
    found = error.args[0] if error.args else {}
    if not isinstance(found, Mapping):
        return str(found)
    return ", ".join(f"{options.get(str(entry), entry)} is {said}" for entry, said in sorted(found.items()))


def _is_whole(given: Mapping[str, Any]) -> bool:
    """Whether the options make a credential without a file."""
    return all(given[option] for option in _ENTRIES if option not in ("api_user_key_pass_phrase", "region"))


def _config(given: Mapping[str, Any], *, needed: bool) -> dict[str, Any]:
    """The profile of the configuration file, with what the options say instead. ``needed``: it must be there."""
    sdk = load("oci.config", _PURPOSE)
    config: dict[str, Any] = dict(sdk.DEFAULT_CONFIG)
    location = Path(given["config_file_location"] or _DEFAULT_FILE).expanduser()
    if location.is_file():
        config = dict(sdk.from_file(str(location), given["config_profile_name"] or _DEFAULT_PROFILE))
    elif given["config_file_location"]:
        raise InvalidInput(f"config_file_location: there is no file '{location}' where the module runs.")
    elif needed:
        raise InvalidInput(
            f"There is no credential: no file '{location}', and api_user, api_user_fingerprint, api_user_key_file and "
            "tenancy are not all given.",
            hint="Give config_file_location, or all of them.",
        )
    config.update({entry: given[option] for option, entry in _ENTRIES.items() if given[option]})
    config["log_requests"] = False
    for option in ("api_user", "api_user_fingerprint", "tenancy", "region"):
        value = str(config.get(_ENTRIES[option]) or "")
        if len(value.split()) > 1 or value != value.strip():
            raise InvalidInput(
                f"{option} has a space or a line break in it.",
                hint="It was probably read from a file with the line's end; the filter 'trim' takes that off.",
            )
    return config


def _check_key(config: Mapping[str, Any]) -> None:
    """The SDK's own errors here show a traceback's worth of words."""
    file = config.get("key_file")
    if file and not Path(file).expanduser().is_file():
        raise InvalidInput(f"api_user_key_file: there is no file '{file}' where the module runs.")


def _token_signer(module: AnsibleModule, config: Mapping[str, Any]) -> Any:
    """For the profile of ``oci session authenticate``: a token and the key that belongs to it."""
    file = config.get("security_token_file")
    if not file:
        raise InvalidInput(
            "The profile has no security_token_file.", hint="Make one with 'oci session authenticate', and name it."
        )
    path = Path(file).expanduser()
    if not path.is_file():
        raise InvalidInput(f"security_token_file: there is no file '{file}' where the module runs.")
    _check_key(config)
    if not config.get("key_file"):
        raise InvalidInput("The profile has no key_file.", hint="It belongs to the security token.")
    token = path.read_text(encoding="utf-8").strip()
    # Of one over several lines, an error of the HTTP library would show each.
    module.no_log_values.update([token, *token.split()])
    if len(token.split()) != 1:
        raise InvalidInput(
            f"security_token_file: the token in '{file}' is empty, or has spaces or line breaks in it.",
            hint="It is one line. Make a new one with 'oci session authenticate'.",
        )
    key = load("oci.signer", _PURPOSE).load_private_key_from_file(config["key_file"], config.get("pass_phrase"))
    return load("oci.auth.signers", _PURPOSE).SecurityTokenSigner(token, key)


def _principal(auth_type: str) -> Any:
    """What the machine, function or cluster is, asked of its own metadata."""
    signers = load("oci.auth.signers", _PURPOSE)
    make: Mapping[str, Callable[[], Any]] = {
        "instance_principal": signers.InstancePrincipalsSecurityTokenSigner,
        "resource_principal": signers.get_resource_principals_signer,
        "oke_workload_identity": signers.get_oke_workload_identity_resource_principal_signer,
    }
    exceptions = load("oci.exceptions", _PURPOSE)
    transport = load("oci._vendor.requests.exceptions", _PURPOSE)
    try:
        return make[auth_type]()
    # What the metadata service, the environment and the token's files bring about, each in its own class.
    except (
        exceptions.ClientError,
        exceptions.ServiceError,
        transport.RequestException,
        OSError,
        ValueError,
        KeyError,
    ) as error:
        raise InvalidInput(
            f"auth_type is '{auth_type}', and this host has no such identity: {_reason(error)}",
            hint="It works only where OCI provides it; elsewhere use api_key.",
        ) from error


def _check(given: Mapping[str, Any]) -> None:
    if given["cert_bundle"] and not Path(given["cert_bundle"]).is_file():
        raise InvalidInput(f"cert_bundle: there is no file '{given['cert_bundle']}' where the module runs.")
