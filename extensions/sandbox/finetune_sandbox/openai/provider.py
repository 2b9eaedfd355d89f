# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider: its paths in its dialects, credentials, and its part of the control API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from werkzeug import Request

from finetune_sandbox.openai.chat import Chat
from finetune_sandbox.openai.errors import AZURE, COMPATIBLE, GATEWAY, MINIMAL, OPENAI, SELFHOSTED, ApiError, typical
from finetune_sandbox.openai.files import Files, Uploads
from finetune_sandbox.openai.jobs import Jobs
from finetune_sandbox.openai.models import Graders, Models
from finetune_sandbox.openai.permissions import SCOPES, Permissions
from finetune_sandbox.openai.seeding import seed
from finetune_sandbox.openai.state import Account
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.checks import ControlError, Fields
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.controlled import Controlled
from finetune_sandbox.server.web import Call, Match, Refusal, Response, Route, RouteTable

Operation = Callable[[Call, Account], Response]
_AZURE_V1 = "/azure/openai/v1"
_AZURE_DATED = "/azure/openai"
_PREFIXES = {
    "/v1": OPENAI,
    _AZURE_V1: AZURE,
    _AZURE_DATED: AZURE,
    "/compatible/v1": COMPATIBLE,
    "/gateway/v1": GATEWAY,
    "/selfhosted/v1": SELFHOSTED,
}
_SELFHOSTED_MORE = frozenset({"jobs.pause", "jobs.resume", "jobs.events", "jobs.checkpoints"})
_DEPLOYMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_AZURE_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?|preview|latest|v1")
AZURE_API_VERSION = "2025-04-01-preview"


class OpenAIProvider(Controlled[Store]):
    """See finetune_sandbox.server.web.Provider."""

    name = "openai"

    def __init__(self, clock: Clock, folder: Path, seed_number: int | None) -> None:
        self.store = Store(clock, folder, seed_number)
        files = Files(self.store)
        uploads, jobs, models = Uploads(self.store, files), Jobs(self.store), Models(self.store)
        permissions, graders, chat = Permissions(self.store), Graders(), Chat(self.store)
        job, permission = "/fine_tuning/jobs/<job>", "/fine_tuning/checkpoints/<path:checkpoint>/permissions"
        core: list[tuple[str, str, str, Operation]] = [
            ("files.create", "POST", "/files", files.create),
            ("files.list", "GET", "/files", files.list),
            ("files.retrieve", "GET", "/files/<file>", files.retrieve),
            ("files.delete", "DELETE", "/files/<file>", files.delete),
            ("files.content", "GET", "/files/<file>/content", files.content),
            ("jobs.create", "POST", "/fine_tuning/jobs", jobs.create),
            ("jobs.list", "GET", "/fine_tuning/jobs", jobs.list),
            ("jobs.retrieve", "GET", job, jobs.retrieve),
            ("jobs.cancel", "POST", job + "/cancel", jobs.cancel),
            ("models.list", "GET", "/models", models.list),
            ("models.retrieve", "GET", "/models/<rest:model>", models.retrieve),
            ("models.delete", "DELETE", "/models/<rest:model>", models.delete),
        ]
        more: list[tuple[str, str, str, Operation]] = [
            ("uploads.create", "POST", "/uploads", uploads.create),
            ("uploads.parts.create", "POST", "/uploads/<upload>/parts", uploads.add_part),
            ("uploads.complete", "POST", "/uploads/<upload>/complete", uploads.complete),
            ("uploads.cancel", "POST", "/uploads/<upload>/cancel", uploads.cancel),
            ("jobs.pause", "POST", job + "/pause", jobs.pause),
            ("jobs.resume", "POST", job + "/resume", jobs.resume),
            ("jobs.events", "GET", job + "/events", jobs.events),
            ("jobs.checkpoints", "GET", job + "/checkpoints", jobs.checkpoints),
            ("permissions.create", "POST", permission, permissions.create),
            ("permissions.list", "GET", permission, permissions.list),
            ("permissions.delete", "DELETE", permission + "/<permission>", permissions.delete),
            ("model_limits.list", "GET", "/fine_tuning/model_limits", models.limits),
            ("graders.validate", "POST", "/fine_tuning/alpha/graders/validate", graders.validate),
            ("graders.run", "POST", "/fine_tuning/alpha/graders/run", graders.run),
        ]
        routes = [
            Route(f"{self.name}.{operation}", method, prefix + rule, dialect, self._handler(function))
            for prefix, dialect in _PREFIXES.items()
            for operation, method, rule, function in core + more
            if dialect not in MINIMAL
            or (operation, method, rule, function) in core
            or (dialect == SELFHOSTED and operation in _SELFHOSTED_MORE)
        ]
        completions = "/chat/completions"
        paths = {prefix + completions: dialect for prefix, dialect in _PREFIXES.items() if prefix != _AZURE_DATED}
        paths[f"{_AZURE_DATED}/deployments/<deployment>{completions}"] = AZURE
        routes += [
            Route(f"{self.name}.chat.completions.create", "POST", path, dialect, self._handler(chat.create))
            for path, dialect in paths.items()
        ]
        self._routes = RouteTable(routes)
        self._operations = {route.operation for route in routes} | {f"{self.name}.unknown"}

    # What the server asks for

    def operations(self) -> Iterable[str]:
        """The names of all operations, in every dialect."""
        return self._operations

    def claims(self, request: Request) -> str | None:
        """By the longest base path that fits."""
        path = request.path
        return next((d for prefix, d in _PREFIXES.items() if path == prefix or path.startswith(prefix + "/")), None)

    def match(self, request: Request, dialect: str) -> Match:
        """By method and path."""
        return self._routes.find(request) or Match(f"{self.name}.unknown", dialect, {}, None)

    def _handler(self, function: Operation) -> Callable[[Call], Response]:
        def handle(call: Call) -> Response:
            try:
                return self._signed(call.dialect, function(call, self._account(call)))
            except ApiError as error:
                return self._signed(call.dialect, error.response(call.dialect))

        return handle

    def _signed(self, dialect: str, response: Response) -> Response:
        request_id = self.store.ids.hexadecimal(32)
        if dialect == AZURE:
            response.headers.setdefault("apim-request-id", request_id)
        response.headers.setdefault("x-request-id", "req_" + request_id)
        return response

    def open(self, call: Call) -> None:
        """Check the credentials."""
        headers = call.request.headers
        scheme, _unused, bearer = headers.get("Authorization", "").partition(" ")
        call.key = bearer.strip() if scheme.lower() == "bearer" else ""
        if call.dialect == AZURE:
            call.key = headers.get("api-key", "") or self._azure_key(call)
        try:
            self._check_access(call)
        except ApiError as error:
            raise Refusal(self._signed(call.dialect, error.response(call.dialect))) from error

    def _azure_key(self, call: Call) -> str:
        """The key of the account whose Entra token this bearer token is; at the v1 address, a key is taken as well."""
        with self.store.lock:
            accounts = list(self.store.accounts.values())
        owner = next((account for account in accounts if call.key == account.entra_token), None)
        if owner is not None:
            return owner.api_key
        return call.key if call.request.path.startswith(_AZURE_V1 + "/") else ""

    def _check_access(self, call: Call) -> None:
        headers = call.request.headers
        account = self._owner(call.key)
        if call.dialect == AZURE:
            if account is None:
                message = (
                    "Access denied due to invalid subscription key or wrong "
                    "API endpoint. Make sure to provide a valid "
                    "key for an active subscription and use a correct "
                    "regional API endpoint for your resource."
                )
                raise ApiError(401, message)
            version = call.request.args.get("api-version")
            if version is None and call.request.path.startswith(_AZURE_V1 + "/"):
                version = "v1"
            if version is None or not _AZURE_VERSION.fullmatch(version):
                raise ApiError(404, "Resource not found", azure_code="404")
        elif not call.key:
            message = (
                "You didn't provide an API key. You need to provide your "
                "API key in an Authorization header using "
                "Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from "
                "https://platform.openai.com/account/api-keys."
            )
            raise ApiError(401, message)
        if account is None:
            message = (
                f"Incorrect API key provided: {_masked(call.key)}. You can find your API key at "
                "https://platform.openai.com/account/api-keys."
            )
            raise ApiError(401, message, code="invalid_api_key")
        if call.dialect == OPENAI:
            if headers.get("OpenAI-Organization", account.id) != account.id:
                message = "OpenAI-Organization header should match organization for API key"
                raise ApiError(401, message, code="mismatched_organization")
            project = headers.get("OpenAI-Project")
            if project is not None and project not in account.projects:
                message = "OpenAI-Project header should match project for API key"
                raise ApiError(401, message, code="mismatched_project")
        admin, scope = call.key == account.admin_key, SCOPES.get(call.operation)
        if scope and not admin:
            message = (
                f"You have insufficient permissions for this operation. Missing scopes: {scope}. Check that you have "
                "the correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if "
                "you're using a restricted API key, that it has the necessary scopes."
            )
            raise ApiError(401, message)
        if admin and not scope:
            message = "You have insufficient permissions for this operation. It needs a project API key."
            raise ApiError(403, message, code="missing_scope")

    def _owner(self, key: str) -> Account | None:
        with self.store.lock:
            accounts = list(self.store.accounts.values())
        return next((account for account in accounts if key and key in {account.api_key, account.admin_key}), None)

    def _account(self, call: Call) -> Account:
        account = self._owner(call.key)
        if account is None:
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        return account

    def error(self, dialect: str, status: int) -> Response:
        """The host's typical error of a status."""
        return self._signed(dialect, typical(dialect, status))

    def unknown_path(self, dialect: str, method: str, path: str) -> Response:
        """What the host says where there is nothing."""
        if dialect in MINIMAL:
            return Response({"detail": "Not Found"}, 404)
        if dialect == AZURE:
            return self._signed(dialect, ApiError(404, "Resource not found", azure_code="404").response(dialect))
        return self._signed(dialect, ApiError(404, f"Invalid URL ({method} {path})").response(dialect))

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """The variables that the openai SDK and the collection read. Hosts that would share OpenAI's have names of
        their own."""
        key = self.default_account.api_key
        tables = {
            OPENAI: {
                "OPENAI_BASE_URL": f"{base}/v1",
                "OPENAI_API_KEY": key,
                "OPENAI_ADMIN_KEY": self.default_account.admin_key,
                "OPENAI_API_TYPE": "openai",
            },
            AZURE: {
                "AZURE_OPENAI_ENDPOINT": f"{base}/azure",
                "AZURE_OPENAI_API_KEY": key,
                "OPENAI_API_VERSION": AZURE_API_VERSION,
                "OPENAI_API_TYPE": "azure",
            },
            "azure_v1": {
                "AZURE_V1_BASE_URL": f"{base}{_AZURE_V1}/",
                "AZURE_V1_API_KEY": key,
                "AZURE_V1_AD_TOKEN": self.default_account.entra_token,
                "OPENAI_API_TYPE": "azure",
            },
        }
        for dialect in (COMPATIBLE, GATEWAY, SELFHOSTED):
            name = dialect.upper()
            url = f"{base}/{dialect}/v1"
            tables[dialect] = {f"{name}_BASE_URL": url, f"{name}_API_KEY": key, "OPENAI_API_TYPE": "compatible"}
        return tables

    def reset(self) -> None:
        """As just started."""
        self.store.reset()

    def close(self) -> None:
        """End the background work; the server removes the folder."""
        self.store.close()

    # Control, as calls and as methods

    def make_old(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Old jobs and files."""
        return seed(self.store, spec)

    def list_resources(self) -> dict[str, list[str]]:
        """Of all accounts, whatever a dialect hides."""
        accounts = list(self.store.accounts.values())
        for account in accounts:
            self.store.settle(account)
        return {
            "files": [name for account in accounts for name in account.files.by_id],
            "models": [name for account in accounts for name in account.models],
            "deployments": [name for account in accounts for name in account.deployments],
        }

    def own_call(self, method: str, head: str, rest: str, body: Mapping[str, Any]) -> Any:
        """`accounts`, `deployments`, `jobs` and `restart`."""
        if head == "accounts":
            return self._accounts(method, rest, body)
        if head == "deployments":
            return self._deployments(method, rest, Fields(body, "deployments"))
        if (method, head, rest) == ("GET", "jobs", ""):
            return self._jobs(Fields(body, "jobs"))
        if (method, head, rest) == ("POST", "restart", ""):
            Fields(body, "restart").done()
            self.store.restart()
            return {}
        return None

    def _accounts(self, method: str, name: str, body: Mapping[str, Any]) -> Any:
        store = self.store
        if method == "GET" and not name:
            return {"accounts": [account.describe() for account in store.accounts.values()]}
        if method == "POST" and not name:
            return store.add_account(Fields(body, "accounts")).describe()
        if method in {"GET", "PATCH"} and name:
            account = store.account(name)
            if method == "PATCH":
                store.change_account(account, Fields(body, "accounts"))
            return account.describe()
        raise ControlError("accounts: GET and POST /openai/accounts, GET and PATCH /openai/accounts/<name>.")

    def _deployments(self, method: str, name: str, fields: Fields) -> dict[str, Any]:
        """The deployments of an Azure resource; its control plane is not played."""
        account = self.store.account(fields.optional_text("account"))
        table = account.deployments
        if method == "POST" and not name:
            name = fields.text("name")
            if not _DEPLOYMENT.fullmatch(name):
                raise ControlError(f"deployments: {name!r} is not a name of 1 to 64 letters, digits, '_', '.' and '-'.")
            if name in table:
                raise ControlError(f"deployments: {name!r} exists already; change its model with PATCH.", 409)
        elif name and name not in table:
            raise ControlError(f"There is no deployment {name!r}. Known: {', '.join(sorted(table)) or 'none'}.", 404)
        elif (method, bool(name)) not in {("GET", False), ("PATCH", True), ("DELETE", True)}:
            calls = "GET and POST /openai/deployments, PATCH and DELETE /openai/deployments/<name>"
            raise ControlError(f"deployments: {calls}.")
        if method in {"POST", "PATCH"}:
            model = fields.text("model")
            self.store.settle(account)
            if model not in account.models and self.store.catalogue.find(model, AZURE) is None:
                raise ControlError(f"deployments: there is no model {model!r}.", 404)
            table[name] = model
        fields.done()
        if method == "DELETE":
            return {"name": name, "model": table.pop(name)}
        if method == "GET":
            return {"deployments": [{"name": each, "model": model} for each, model in sorted(table.items())]}
        return {"name": name, "model": table[name]}

    def _jobs(self, fields: Fields) -> dict[str, Any]:
        """What truly exists, whatever a dialect hides: for tests that count paid runs."""
        account = self.store.account(fields.optional_text("account"))
        seeded = fields.query_flag("seeded")
        fields.done()
        self.store.settle(account)
        return {
            "jobs": [
                {
                    "id": job.id,
                    "status": job.status,
                    "created_at": job.created_at,
                    "model": job.model,
                    "sent_model": job.sent,
                    "suffix": job.suffix,
                    "metadata": job.metadata,
                    "training_file": job.training_file,
                    "dialect": job.dialect,
                    "fine_tuned_model": job.fine_tuned_model,
                    "integrations": job.integrations,
                    "extra": job.extra,
                }
                for job in account.jobs.walk(None, newest_first=False)
                if seeded or not job.seeded
            ]
        }

    @property
    def default_account(self) -> Account:
        """The account that is always there ("acme")."""
        return self.store.default_account

    def add_account(self, name: str, **spec: Any) -> dict[str, Any]:
        """A further organisation."""
        view: dict[str, Any] = self.control("POST", "accounts", {"name": name, **spec})
        return view

    def change_account(self, name: str = "acme", **spec: Any) -> dict[str, Any]:
        """Change role and closed."""
        view: dict[str, Any] = self.control("PATCH", f"accounts/{name}", spec)
        return view

    def deploy(self, name: str, model: str) -> None:
        """Deploy a model at Azure, or let an existing deployment serve it from now on."""
        if name in self.default_account.deployments:
            self.control("PATCH", f"deployments/{name}", {"model": model})
        else:
            self.control("POST", "deployments", {"name": name, "model": model})

    def undeploy(self, name: str) -> None:
        """Delete a deployment of Azure."""
        self.control("DELETE", f"deployments/{name}", {})

    def restart(self) -> None:
        """The self-hosted server starts again: what it has stays, hashes of local paths change."""
        self.control("POST", "restart", {})

    def jobs(self, account: str | None = None, seeded: bool = False) -> list[dict[str, Any]]:
        """All jobs there are, oldest first; old (seeded) ones only when asked for."""
        found: list[dict[str, Any]] = self.control("GET", "jobs", {"account": account, "seeded": seeded})["jobs"]
        return found


def _masked(key: str) -> str:
    """As the host shows a wrong key: its ends only."""
    if len(key) <= 12:
        return "*" * len(key)
    return f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"
