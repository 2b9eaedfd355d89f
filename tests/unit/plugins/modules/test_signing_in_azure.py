# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in to Azure OpenAI with Microsoft Entra ID: which credential counts, what each source reads, each failure.

azure-identity need not be installed: a stand-in has its classes, and gives the token that the sandbox takes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import entra
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.facts import FACTS
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines
from ansible_collections.llmops.finetune.tests.unit.plugins.modules.played import Play

if TYPE_CHECKING:
    from collections.abc import Callable

    from finetune_sandbox import Sandbox

INFO = "openai_fine_tuned_model_info"
OWN = {"client_id": "id-of-task-4711", "secret": "se/cret~of.task-4711", "tenant": "task.example.com"}
THEIRS = {
    "AZURE_CLIENT_ID": "id-of-env-4711",
    "AZURE_SECRET": "secret-of-env-4711",
    "AZURE_TENANT": "env.example.com",
}
FILE = """
[default]
client_id=id-of-file-4711
secret=secret-of-file-4711
tenant=file.example.com
[gov]
client_id=id-of-gov-4711
secret=secret%of-gov-4711
tenant=gov.example.com
cloud_environment=AzureUSGovernment
[half]
client_id=id-of-half-4711
"""
HOUR = 3600.0


class AzureError(Exception):
    """As in azure.core.exceptions."""


class ServiceRequestError(AzureError):
    """There was no connection."""


class ServiceResponseError(AzureError):
    """The answer broke off."""


class ClientAuthenticationError(AzureError):
    """A clear no."""

    status_code: int | None = None


class Identity:
    """The stand-in for azure-identity. ``made``: the arguments of each credential; ``scopes``: those of each token."""

    def __init__(self, token: Callable[[], str], now: Callable[[], float] = time.time) -> None:
        self.token, self.now = token, now
        self.lasts = HOUR
        self.made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.scopes: list[str] = []
        self.failures: list[Exception] = []

    def make(self, name: str) -> Callable[..., Any]:
        def credential(*args: Any, **kwargs: Any) -> Any:
            self.made.append((name, args, kwargs))
            return SimpleNamespace(get_token=self.get_token)

        return credential

    def get_token(self, scope: str) -> Any:
        self.scopes.append(scope)
        for failure in self.failures:
            raise failure
        return SimpleNamespace(token=self.token(), expires_on=int(self.now() + self.lasts))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        modules = {name: ModuleType(name) for name in ("azure.identity", "azure.core.exceptions")}
        for name in ("ClientSecretCredential", "AzureCliCredential", "ManagedIdentityCredential"):
            setattr(modules["azure.identity"], name, self.make(name))
        for error in (AzureError, ServiceRequestError, ServiceResponseError, ClientAuthenticationError):
            setattr(modules["azure.core.exceptions"], error.__name__, error)
        for name, module in modules.items():
            monkeypatch.setitem(sys.modules, name, module)


def forget_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("AZURE_", "OPENAI_", "ANSIBLE_AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))


class Resource:
    """An Azure OpenAI resource, and a machine with no credential for it."""

    def __init__(self, play: Play, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        forget_environment(monkeypatch, home)
        self._play, self.sandbox, self.home = play, sandbox, home
        self.setenv = monkeypatch.setenv
        self.identity = Identity(lambda: sandbox.entra_token)
        self.identity.install(monkeypatch)
        self.dated = {"azure_endpoint": sandbox.azure_endpoint, "api_version": "2025-04-01-preview"}

    def file(self, text: str | bytes = FILE) -> None:
        path = self.home / ".azure" / "credentials"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def setup(self, environment: dict[str, str]) -> None:
        for name, value in environment.items():
            self.setenv(name, value)

    def look(self, options: dict[str, Any]) -> dict[str, Any]:
        """A task that only looks; nothing of a credential is in its result."""
        result = self._play(INFO, {**self.dated, "max_retries": 0, **options})
        text = json.dumps(result)
        assert "4711" not in text and self.sandbox.entra_token not in text, text
        assert not result.get("changed")
        return result

    def refused(self, options: dict[str, Any], *says: str) -> str:
        result = self.look(options)
        assert result["failed"], result
        for word in says:
            assert word in result["msg"], result["msg"]
        assert not any(word in result["msg"] for word in ("Traceback", "Error:", "\n")), result["msg"]
        return str(result["msg"])


@pytest.fixture
def resource(play: Play, still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Resource:
    return Resource(play, still_sandbox, monkeypatch, tmp_path)


# -- which credential counts -----------------------------------------------------------------------------------

SECRET, CLI, MSI = "ClientSecretCredential", "AzureCliCredential", "ManagedIdentityCredential"
# What the task gives, the environment, whether there is a file of profiles, and who signs in.
SOURCES: list[tuple[dict[str, Any], dict[str, str], bool, str, str]] = [
    (OWN, {}, False, SECRET, "id-of-task-4711"),
    (OWN, THEIRS, True, SECRET, "id-of-task-4711"),
    (OWN, {"AZURE_OPENAI_API_KEY": "wrong-4711"}, False, SECRET, "id-of-task-4711"),
    (OWN, {"AZURE_OPENAI_AD_TOKEN": "wrong-4711"}, False, SECRET, "id-of-task-4711"),
    (OWN, {"ANSIBLE_AZURE_AUTH_SOURCE": "cli"}, False, SECRET, "id-of-task-4711"),
    ({**OWN, "auth_source": "auto"}, THEIRS, True, SECRET, "id-of-task-4711"),
    ({}, THEIRS, True, SECRET, "id-of-env-4711"),
    ({}, {**THEIRS, "AZURE_PROFILE": "gov"}, True, SECRET, "id-of-gov-4711"),
    ({"auth_source": "env"}, THEIRS, True, SECRET, "id-of-env-4711"),
    ({"auth_source": "env", **OWN}, THEIRS, True, SECRET, "id-of-env-4711"),
    ({"auth_source": "auto"}, THEIRS, True, SECRET, "id-of-env-4711"),
    ({"auth_source": "auto"}, {"AZURE_CLIENT_ID": "id-of-pod-4711"}, True, SECRET, "id-of-file-4711"),
    ({"auth_source": "credential_file"}, THEIRS, True, SECRET, "id-of-file-4711"),
    ({"auth_source": "credential_file", "profile": "gov"}, {}, True, SECRET, "id-of-gov-4711"),
    ({"profile": "gov"}, THEIRS, True, SECRET, "id-of-gov-4711"),
    ({"auth_source": "auto"}, {}, False, CLI, ""),
    ({"auth_source": "cli", "tenant": "task.example.com"}, THEIRS, True, CLI, "task.example.com"),
    ({}, {"ANSIBLE_AZURE_AUTH_SOURCE": "cli"}, True, CLI, ""),
    ({"auth_source": "msi"}, {}, True, MSI, ""),
    ({"auth_source": "msi"}, THEIRS, True, MSI, "id-of-env-4711"),
    ({"auth_source": "msi", "client_id": "id-of-task-4711"}, THEIRS, False, MSI, "id-of-task-4711"),
    ({"client_id": "id-of-task-4711"}, {"ANSIBLE_AZURE_AUTH_SOURCE": "msi"}, False, MSI, "id-of-task-4711"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "environment", "file", "kind", "who"), SOURCES)
def test_each_source_signs_in(
    resource: Resource, options: dict[str, Any], environment: dict[str, str], file: bool, kind: str, who: str
) -> None:
    resource.setup(environment)
    if file:
        resource.file()
    result = resource.look(options)
    assert "failed" not in result, result
    ((made, args, kwargs),) = resource.identity.made
    assert made == kind
    given = args[1] if kind == SECRET else kwargs.get("client_id" if kind == MSI else "tenant_id")
    assert (given or "") == who


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"api_key": "KEY"}, THEIRS),
        ({"api_key": "KEY", **OWN}, {"AZURE_OPENAI_AD_TOKEN": "wrong-4711"}),
        ({"azure_ad_token": "TOKEN", **OWN}, {}),
        ({"azure_ad_token": "TOKEN"}, {**THEIRS, "AZURE_OPENAI_API_KEY": "wrong-4711"}),
        ({}, {**THEIRS, "AZURE_OPENAI_API_KEY": "KEY"}),
        ({}, {**THEIRS, "AZURE_OPENAI_AD_TOKEN": "TOKEN"}),
        ({"cloud_environment": "AzureCloud"}, {**THEIRS, "AZURE_OPENAI_AD_TOKEN": "TOKEN"}),
    ],
)
def test_a_key_and_a_token_come_before_a_sign_in(
    resource: Resource, options: dict[str, str], environment: dict[str, str]
) -> None:
    places = {"KEY": resource.sandbox.api_key, "TOKEN": resource.sandbox.entra_token}
    resource.setup({name: places.get(value, value) for name, value in environment.items()})
    result = resource.look({name: places.get(value, value) for name, value in options.items()})
    assert "failed" not in result, result
    assert resource.identity.made == []


def test_who_starts_a_job_of_the_playbook_cannot_choose_who_signs_in() -> None:
    assert set(entra.SPEC) <= set(FACTS.credentials)


# -- clouds ----------------------------------------------------------------------------------------------------

GOVERNMENT = ("login.microsoftonline.us", "https://cognitiveservices.azure.us/.default")
CHINA = ("login.chinacloudapi.cn", "https://cognitiveservices.azure.cn/.default")
PUBLIC = "https://cognitiveservices.azure.com/.default"


@pytest.mark.parametrize(
    ("options", "environment", "authority", "scope"),
    [
        (OWN, {}, None, PUBLIC),
        ({**OWN, "cloud_environment": "AzureCloud"}, {"AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"},
         "login.microsoftonline.com", PUBLIC),
        ({**OWN, "cloud_environment": "AzureUSGovernment"}, {}, *GOVERNMENT),
        ({"profile": "gov"}, {"AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"}, *GOVERNMENT),
        (OWN, {"AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"}, *CHINA),
    ],
)  # fmt: skip
def test_the_cloud_decides_who_gives_the_token(
    resource: Resource, options: dict[str, Any], environment: dict[str, str], authority: str | None, scope: str
) -> None:
    resource.setup(environment)
    resource.file()
    assert "failed" not in resource.look(options)
    ((_kind, _args, kwargs),) = resource.identity.made
    assert (kwargs.get("authority"), resource.identity.scopes[0]) == (authority, scope)


@pytest.mark.parametrize(
    ("address", "authority", "scope"),
    [
        ("https://res.openai.azure.us", *GOVERNMENT),
        ("https://res.services.ai.azure.cn:443/openai/v1/", *CHINA),
        ("https://res.openai.azure.com", None, PUBLIC),
        ("https://eastus2.api.cognitive.microsoft.com/openai/v1", None, PUBLIC),
        ("https://apim.example.us", None, PUBLIC),
    ],
)
def test_without_a_name_the_cloud_follows_from_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, authority: str | None, scope: str
) -> None:
    forget_environment(monkeypatch, tmp_path)
    module = SimpleNamespace(no_log_values=set())
    given = {**dict.fromkeys(entra.SPEC), **OWN}
    sign_in = entra.read_task(module, given, SimpleNamespace(address=address))  # type: ignore[arg-type]
    assert (sign_in.authority, sign_in.scope) == (authority, scope)
    assert set(OWN.values()) <= module.no_log_values


# -- failures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "environment", "says"),
    [
        ({"client_id": "id-4711"}, THEIRS, ["secret, tenant are missing", "auth_source"]),
        ({"secret": "s-4711", "tenant": "t-4711"}, {}, ["client_id is missing"]),
        ({**OWN, "secret": "s-4711\n"}, {}, ["secret has a space, a line break", "trim"]),
        ({**OWN, "tenant": "https://x/4711"}, {}, ["tenant is neither the id of a tenant nor one of its domains"]),
        ({"auth_source": "env"}, {}, ["AZURE_CLIENT_ID, AZURE_SECRET, AZURE_TENANT are missing"]),
        ({"auth_source": "env"}, {"AZURE_PROFILE": "none-4711"}, ["has no such profile", "AZURE_PROFILE"]),
        ({"profile": "half"}, {}, ["secret, tenant are missing", "Complete the profile"]),
        ({}, {"ANSIBLE_AZURE_AUTH_SOURCE": "x-4711"}, ["ANSIBLE_AZURE_AUTH_SOURCE is unknown", "credential_file"]),
        (OWN, {"AZURE_CLOUD_ENVIRONMENT": "https://4711"}, ["cloud_environment is unknown", "AzureChinaCloud"]),
        ({}, {}, ["api_key is missing", "azure_ad_token or auth_source"]),
        ({}, {"AZURE_CLIENT_ID": "id-of-pod-4711"}, ["api_key is missing"]),
        ({"api_type": "compatible", "base_url": "http://127.0.0.1:9/v1", **OWN}, {"OPENAI_API_KEY": "k-4711"},
         ["api_key is missing", "is for Azure OpenAI", "api_type: azure"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_any_call(
    resource: Resource, options: dict[str, Any], environment: dict[str, str], says: list[str]
) -> None:
    resource.setup(environment)
    resource.file()
    resource.refused(options, *says)
    assert resource.identity.made == [] and resource.sandbox.count() == 0


def test_without_a_file_of_profiles(resource: Resource) -> None:
    resource.refused({"auth_source": "credential_file"}, "~/.azure/credentials cannot be read")


@pytest.mark.parametrize("text", ["[default]\nclient_id 4711\n", b"\xff4711", "client_id=4711\n"])
def test_a_file_of_profiles_that_is_broken(resource: Resource, text: str | bytes) -> None:
    resource.file(text)
    resource.refused({"auth_source": "credential_file"}, "~/.azure/credentials")


def test_without_the_library(resource: Resource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    resource.refused(dict(OWN), "azure-identity")


def wrapped(cause: Exception) -> Exception:
    error = ClientAuthenticationError(f"Authentication failed: {cause}")
    error.__cause__ = cause
    return error


def throttled() -> Exception:
    error = ClientAuthenticationError("Too many requests")
    error.status_code = 429
    return error


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (OWN, ClientAuthenticationError("Authentication failed: AADSTS7000215: Invalid client secret provided.\nTrace"),
         ["failed: Authentication failed: AADSTS7000215: Invalid client secret", "Check client_id, secret and tenant"]),
        ({"auth_source": "cli"}, ClientAuthenticationError("Azure CLI not found on path"),
         ["not found on path", "az login"]),
        ({"auth_source": "msi"}, ClientAuthenticationError("no managed identity"), ["client_id chooses"]),
        (OWN, wrapped(ServiceRequestError("Failed to resolve 'login.microsoftonline.com'")), ["Check the network"]),
        (OWN, throttled(), ["Check the network"]),
        (OWN, ValueError("se/cret~of.task-4711 is odd"), ["is odd"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("module", [INFO, "openai_dataset"])
def test_a_sign_in_that_fails_is_one_message(
    resource: Resource,
    play: Play,
    options: dict[str, Any],
    error: Exception,
    says: list[str],
    module: str,
) -> None:
    resource.identity.failures = [error]
    given = {**resource.dated, "max_retries": 0, **options}
    if module != INFO:
        given.update(name="colours", content=chat_lines(), wait_timeout=30)
    result = play(module, given)
    assert result["failed"] and result["changed"] is False, result
    for word in ("Signing in with Microsoft Entra ID failed", "The request was not sent", *says):
        assert word in result["msg"], result["msg"]
    text = json.dumps(result)
    assert not any(word in text for word in ("4711", "Traceback", "ClientAuthenticationError")), text
    assert "\n" not in result["msg"] and resource.sandbox.count() == 0


def test_an_identity_without_a_role_is_told_which_it_needs(resource: Resource) -> None:
    said = "The principal lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/fine-tunes/read`"
    body = {"error": {"code": "PermissionDenied", "message": said}}
    resource.sandbox.fault(operation="openai.jobs.list", status=401, body=body)
    resource.refused(dict(OWN), "lacks the required data action", "'Cognitive Services OpenAI Contributor'")


# -- tokens end ------------------------------------------------------------------------------------------------


class Tenant:
    """A host that takes the newest token alone, until it ends; and the tasks that sign in to it."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        self.host = Host(sandbox, "azure")
        self.clock = self.host.clock
        self.identity = Identity(self._give, self.clock.time)
        self.identity.install(monkeypatch)
        monkeypatch.setattr(entra, "time", SimpleNamespace(time=self.clock.time))
        self._account = sandbox.openai.default_account
        self.given = 0
        self.auth = {"api_key": None, **OWN}
        if address == "v1":
            self.auth.update(azure_endpoint=None, api_version=None, base_url=f"{sandbox.azure_endpoint}/openai/v1/")
        sandbox.openai.settings(training_seconds=5 * HOUR)

    def _give(self) -> str:
        self.given += 1
        self._account.entra_token = f"token-{self.given}"
        return self._account.entra_token


@pytest.fixture
def tenant(
    still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> Tenant:
    forget_environment(monkeypatch, tmp_path)
    return Tenant(still_sandbox, monkeypatch, getattr(request, "param", "dated"))


@pytest.mark.parametrize("tenant", ["dated", "v1"], indirect=True)
def test_a_token_that_ends_during_a_wait_is_renewed(tenant: Tenant) -> None:
    file_id = tenant.host.dataset(chat_lines(), **tenant.auth)["file_id"]
    result = tenant.host.wanted(file_id, **tenant.auth, wait_timeout=int(9 * HOUR))
    assert (result["action"], result["status"]) == ("create", "succeeded")
    # The tasks of a controller share the token; it is asked for once in 55 minutes, not for each request.
    assert 5 <= tenant.given <= 7
    assert len(tenant.host.jobs()) == 1


def test_a_token_is_used_to_its_end_while_no_new_one_is_to_be_had(tenant: Tenant) -> None:
    file_id = tenant.host.dataset(chat_lines(), **tenant.auth)["file_id"]
    tenant.identity.failures = [wrapped(ServiceRequestError("the network is down"))]
    tenant.clock.pass_by(HOUR - 200)
    assert tenant.host.wanted(file_id, **tenant.auth, wait=False)["changed"]
    assert tenant.given == 1 < len(tenant.identity.scopes)
    tenant.clock.pass_by(300)
    with pytest.raises(FineTuneError, match="the network is down") as caught:
        tenant.host.wanted(file_id, **tenant.auth, wait=False)
    assert not caught.value.facts["changed"]
    assert len(tenant.host.jobs()) == 1


def test_a_sign_in_that_fails_ends_within_the_time_of_the_task(tenant: Tenant) -> None:
    tenant.identity.failures = [wrapped(ServiceRequestError("the network is down"))]
    start = tenant.clock.monotonic()
    with pytest.raises(FineTuneError, match="the network is down") as caught:
        tenant.host.model(model="gpt-4o-mini", training_file="file-x", **tenant.auth, wait_timeout=60)
    assert tenant.clock.monotonic() - start <= 60
    assert not caught.value.facts["changed"] and tenant.host.jobs() == []
