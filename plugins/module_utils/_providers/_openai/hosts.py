# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of host of a task, from its options and the SDK's environment variables. Makes no call.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from ..._engine.errors import InvalidInput

Kind = Literal["openai", "azure", "compatible"]
KINDS: tuple[Kind, ...] = ("openai", "azure", "compatible")

ENVIRONMENT = {
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "base_url": "OPENAI_BASE_URL",
    "api_type": "OPENAI_API_TYPE",
    "azure_endpoint": "AZURE_OPENAI_ENDPOINT",
    "api_version": "OPENAI_API_VERSION",
}
"""The options that have an environment variable and are not secret."""

# OpenAI's own address. Its regional addresses are eu.api.openai.com and so on (OpenAI SDK 3.57.0, data_residency).
_OPENAI = "api.openai.com"
# Domains of Azure OpenAI and of Microsoft Foundry resources (Microsoft's guides, 2026-11). The last one is the address
# of a region. Azure Government and Azure in China have their own domains.
_AZURE = (
    *(f".{name}.azure.{end}" for name in ("openai", "cognitiveservices", "services.ai") for end in ("com", "us", "cn")),
    ".api.cognitive.microsoft.com",
)
_AZURE_V1 = "/openai/v1"
_MANTLE = "bedrock-mantle."  # bedrock-mantle.<region>.api.aws: Amazon Bedrock's own host of this API


@dataclass(frozen=True)
class Host:
    """A host.

    ``kind``: whose rules apply. ``address``: its address. ``own``: whether it is OpenAI's own address. ``v1``: Azure's
    address with the path ``/openai/v1``, which needs no api_version. ``mantle``: Amazon Bedrock's host of this API,
    which trains by reinforcement only.
    """

    kind: Kind
    address: str
    own: bool = False
    v1: bool = False
    mantle: bool = False

    @property
    def azure(self) -> bool:
        """Whether it is Azure OpenAI."""
        return self.kind == "azure"

    @property
    def compatible(self) -> bool:
        """Whether the host's habits are unknown."""
        return self.kind == "compatible"


def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options with an environment variable. An option that is not set is read from the environment."""
    return {option: params.get(option) or os.environ.get(variable) or None for option, variable in ENVIRONMENT.items()}


def host_for(params: Mapping[str, Any]) -> Host:
    """The host that the options and the environment name. Raises InvalidInput if they name none."""
    settings = settings_of(params)
    if settings["api_type"] not in (None, *KINDS):
        raise InvalidInput(
            "api_type, which is read from OPENAI_API_TYPE, is unknown; it is 'openai', 'azure' or 'compatible'."
        )
    # An address from the environment does not choose the kind of host. An azure_endpoint of the task does, whatever
    # kind the environment names.
    by_endpoint = bool(params.get("azure_endpoint")) and not params.get("api_type")
    kind = "azure" if by_endpoint else settings["api_type"]
    address = _address(params, settings, kind)
    name, path = _parts(address)
    own = name == _OPENAI or name.endswith(f".{_OPENAI}")
    mantle = name.startswith(_MANTLE)
    azure_name = name.endswith(_AZURE)
    if kind is None and azure_name:
        if not path.endswith(_AZURE_V1):
            raise InvalidInput(
                f"base_url is '{address}', an address of Azure OpenAI whose path is not {_AZURE_V1}/.",
                hint=f"Give {_root(address)}{_AZURE_V1}/, or {_root(address)} as azure_endpoint with api_version.",
            )
        kind = "azure"
    if kind == "azure":
        v1 = path.endswith(_AZURE_V1)
        if not v1 and address == settings["azure_endpoint"]:
            _check_endpoint(address, path, azure_name)
        return Host("azure", address, v1=v1)
    if kind is None:
        kind = "openai" if own else "compatible"
    return Host("openai" if kind == "openai" else "compatible", address, own=own, mantle=mantle)


def _address(params: Mapping[str, Any], settings: Mapping[str, Any], kind: str | None) -> str:
    if kind == "azure":
        named = params.get("azure_endpoint") or params.get("base_url")
        return str(named or settings["azure_endpoint"] or settings["base_url"] or "")
    return str(settings["base_url"] or f"https://{_OPENAI}/v1")


def _parts(address: str) -> tuple[str, str]:
    """The host's name, and the path without a slash at its end.

    Both are empty if the address is invalid or contains a credential. The client refuses such an address later, and no
    message shows it.
    """
    try:
        split = urlsplit(address)
        name, path = (split.hostname or "").lower(), split.path.rstrip("/")
    except ValueError:
        return "", ""
    return ("", "") if "@" in address or "?" in address else (name, path)


def _root(address: str) -> str:
    split = urlsplit(address)
    return f"{split.scheme}://{split.netloc}"


def _check_endpoint(address: str, path: str, azure_name: bool) -> None:
    """Raise InvalidInput if the path of azure_endpoint already contains the API's path, because the library adds it.

    A gateway may have its own path before it.
    """
    if "openai" in path.split("/") or (path and azure_name):
        raise InvalidInput(
            f"azure_endpoint is '{address}'; the path '{path}' at its end must go, the library adds it.",
            hint=f"Give {_root(address)} with api_version, or {_root(address)}{_AZURE_V1}/ without one.",
        )
