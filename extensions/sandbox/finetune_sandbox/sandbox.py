# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox in one object: `with Sandbox(speed=60) as s: ...`."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from finetune_sandbox.bedrock.provider import BedrockProvider
from finetune_sandbox.oci.provider import OciProvider
from finetune_sandbox.openai.provider import OpenAIProvider
from finetune_sandbox.registry import PROVIDERS
from finetune_sandbox.server.app import CONTROL_PREFIX, HOST, Application, start_server
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.control import Control
from finetune_sandbox.server.faults import Faults
from finetune_sandbox.server.requestlog import RequestLog
from finetune_sandbox.server.web import Provider


class Sandbox:
    """Offline providers on 127.0.0.1, served by threads of this process.

    speed: virtual seconds per real second; 0 stops the clock (use `advance`).
    port: 0 takes a free one.
    start: virtual unix time to begin at; the real time when left out.
    seed: everything random follows from it: ids, learning curves, what "auto" becomes.
    settings: by provider, as in the control API: {"openai": {"deletions": "not_allowed"}}; kept by a reset.

    Everything uploaded is kept in a temporary folder, which `close` removes.
    """

    def __init__(
        self,
        speed: float = 1.0,
        port: int = 0,
        start: float | None = None,
        seed: int | None = None,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.clock = Clock(speed, start)
        self.faults = Faults()
        self.log = RequestLog()
        self._folder = Path(tempfile.mkdtemp(prefix="finetune-sandbox-"))
        self.providers: dict[str, Provider] = {}
        try:
            for name, factory in PROVIDERS.items():
                folder = self._folder / name
                folder.mkdir()
                self.providers[name] = factory(self.clock, folder, seed)
            self._control = Control(list(self.providers.values()), self.clock, self.faults, self.log, settings or {})
            self._application = Application(
                list(self.providers.values()), self.clock, self.faults, self.log, self._control
            )
            self._server = start_server(self._application, port)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self.port: int = self._server.port
        self.url = f"http://{HOST}:{self.port}"
        self.control_url = self.url + CONTROL_PREFIX
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
        )
        self._closed = False

    def start(self) -> Sandbox:
        """Begin to serve; returns itself."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop serving and remove the uploaded content. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._application.hang_up()
        for provider in self.providers.values():
            provider.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The control API as methods. `control` is the general form; the others name its usual calls.

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None, **fields: Any) -> Any:
        """One control call, e.g. control("POST", "/openai/seed", jobs=100). ControlError for bad input."""
        return self._control.call(method, path, {**(body or {}), **fields})

    def advance(self, seconds: float) -> float:
        """Jump the virtual clock forward; returns the new virtual time."""
        return self.clock.advance(seconds)

    def set_speed(self, speed: float) -> None:
        """Virtual seconds per real second."""
        self.clock.set_speed(speed)

    def fault(self, operation: str, **spec: Any) -> dict[str, Any]:
        """Add a fault, e.g. fault("openai.jobs.create", reset="after", times=1)."""
        added: dict[str, Any] = self.control("POST", "/faults", {"operation": operation, **spec})
        return added

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.remove()

    def requests(self, operation: str = "*", since: int = 0) -> list[dict[str, Any]]:
        """The request log, filtered by a glob of operation names."""
        return self.log.entries(operation, since)

    def count(self, operation: str = "*") -> int:
        """How many requests there were since the log was cleared."""
        return sum(self.log.counts(operation).values())

    def clear_log(self) -> None:
        """Forget the request log and its counters."""
        self.log.clear()

    def reset(self) -> None:
        """Forget faults, log and everything in the providers; the clock goes on."""
        self.control("POST", "/reset")

    def environment(self, dialect: str | None = None) -> dict[str, str]:
        """Environment variables for clients: of one dialect (e.g. "openai"), or of all together."""
        tables: dict[str, dict[str, str]] = {}
        for provider in self.providers.values():
            tables.update(provider.environment(self.url))
            if dialect in tables:
                return dict(tables[dialect])
        if dialect is not None:
            raise KeyError(f"There is no dialect {dialect!r}; there are {', '.join(tables)}.")
        together = {name: value for table in tables.values() for name, value in table.items()}
        # What dialects disagree about (OPENAI_API_TYPE) holds for none of them.
        return {
            name: value
            for name, value in together.items()
            if all(table.get(name, value) == value for table in tables.values())
        }

    @property
    def env(self) -> dict[str, str]:
        """Environment variables of all dialects together."""
        return self.environment()

    # Shorthands for the OpenAI provider.

    @property
    def openai(self) -> OpenAIProvider:
        """The OpenAI provider, with its control methods."""
        provider = self.providers["openai"]
        if not isinstance(provider, OpenAIProvider):
            raise TypeError("the openai provider is not registered")
        return provider

    @property
    def openai_url(self) -> str:
        """Base URL of the OpenAI dialect, with /v1."""
        return self.url + "/v1"

    @property
    def azure_endpoint(self) -> str:
        """Endpoint of the Azure dialect, as AzureOpenAI takes it."""
        return self.url + "/azure"

    @property
    def compatible_url(self) -> str:
        """Base URL of the minimal compatible host, with /v1."""
        return self.url + "/compatible/v1"

    @property
    def azure_v1_url(self) -> str:
        """Base URL of Azure's v1 address, as the plain client takes it."""
        return self.url + "/azure/openai/v1/"

    @property
    def gateway_url(self) -> str:
        """Base URL of the gateway that lists base models only, with /v1."""
        return self.url + "/gateway/v1"

    @property
    def selfhosted_url(self) -> str:
        """Base URL of the server on own GPUs, with /v1."""
        return self.url + "/selfhosted/v1"

    @property
    def entra_token(self) -> str:
        """The default account's token of Microsoft Entra ID, for Azure."""
        return self.openai.default_account.entra_token

    @property
    def api_key(self) -> str:
        """The API key of the default account."""
        return self.openai.default_account.api_key

    @property
    def admin_key(self) -> str:
        """The admin key of the default account (checkpoint permissions)."""
        return self.openai.default_account.admin_key

    # Shorthands for the Bedrock provider.

    @property
    def aws(self) -> BedrockProvider:
        """The Bedrock provider, with its control methods and the names of what the account starts with."""
        provider = self.providers["bedrock"]
        if not isinstance(provider, BedrockProvider):
            raise TypeError("the bedrock provider is not registered")
        return provider

    @property
    def aws_env(self) -> dict[str, str]:
        """Environment variables for boto3 and the AWS CLI."""
        return self.environment("aws")

    # Shorthands for the OCI provider.

    @property
    def oci(self) -> OciProvider:
        """The OCI provider, with its control methods and the names of what the tenancy starts with."""
        provider = self.providers["oci"]
        if not isinstance(provider, OciProvider):
            raise TypeError("the oci provider is not registered")
        return provider

    @property
    def oci_env(self) -> dict[str, str]:
        """Environment variables for the OCI SDK, oci-cli and oracle.oci."""
        return self.environment("oci")
