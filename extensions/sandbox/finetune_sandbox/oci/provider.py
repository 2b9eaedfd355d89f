# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider: signed requests to Generative AI and Object Storage, and its part of the control API."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from werkzeug import Request

from finetune_sandbox.oci import object_call, service, signatures
from finetune_sandbox.oci.catalogue import MODELS
from finetune_sandbox.oci.chat import Chat
from finetune_sandbox.oci.clusters import Clusters
from finetune_sandbox.oci.endpoints import Endpoints
from finetune_sandbox.oci.errors import OciError, typical
from finetune_sandbox.oci.models import Models
from finetune_sandbox.oci.object_api import ObjectApi
from finetune_sandbox.oci.object_store import ObjectStore
from finetune_sandbox.oci.seeding import seed
from finetune_sandbox.oci.service import Service
from finetune_sandbox.oci.signatures import Identity
from finetune_sandbox.oci.state import DELETED
from finetune_sandbox.oci.store import Store
from finetune_sandbox.oci.work_requests import WorkRequests
from finetune_sandbox.server.answers import Library
from finetune_sandbox.server.checks import Fields
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.controlled import Controlled
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.web import Call, Match, Refusal, Response, raw_target

REGION = "us-chicago-1"
GENERATIVE_AI, OBJECT_STORAGE, OTHER = "generative-ai", "object-storage", "oci"
_BUCKET = "finetune-data"


class OciProvider(Controlled[Store]):
    """See finetune_sandbox.server.web.Provider."""

    name = "oci"

    def __init__(self, clock: Clock, folder: Path, seed_number: int | None) -> None:
        self._clock, self._folder = clock, folder
        self.ids = Ids(seed_number)
        self.region = REGION
        self.tenancy_id = f"ocid1.tenancy.oc1..aaaaaaaa{self.ids.text(52).lower()}"
        self.user_id = f"ocid1.user.oc1..aaaaaaaa{self.ids.text(52).lower()}"
        self.compartment_id = f"ocid1.compartment.oc1..aaaaaaaa{self.ids.text(52).lower()}"
        self.other_compartment_id = f"ocid1.compartment.oc1..aaaaaaaa{self.ids.text(52).lower()}"
        self.namespace = f"ax{self.ids.text(10).lower()}"
        self.bucket = _BUCKET
        self.identity = Identity(self.tenancy_id, self.user_id, REGION)
        self._config: Path | None = None
        self._config_lock = threading.Lock()
        self._recent: deque[float] = deque()
        contents = folder / "objects"
        contents.mkdir()
        compartments = (self.tenancy_id, self.compartment_id, self.other_compartment_id)
        self.objects = ObjectStore(clock, contents, self.ids)
        library = Library(folder / "trained")
        self.store = Store(clock, self.ids, self.objects, library, self.namespace, REGION, compartments)
        self._object_api = ObjectApi(self.objects, self.namespace, frozenset(compartments), self.user_id)
        self._service = Service(self.store)
        for kind in (Models, Clusters, Endpoints, WorkRequests, Chat):
            kind(self.store, self._service)
        self._make_start()

    def _make_start(self) -> None:
        self._object_api.uploads.settings = self.store.settings
        self._object_api.buckets.make_bucket(_BUCKET, self.compartment_id)
        self.clusters: dict[str, str] = self.store.start_clusters(self.compartment_id)

    @property
    def cluster_id(self) -> str:
        """The fine-tuning cluster that fits the first base model."""
        return self.clusters[(MODELS[0].tuning or ("", 0))[0]]

    @property
    def base_model_ids(self) -> dict[str, str]:
        """Name -> OCID, of the newest version of each base model."""
        newest = sorted(MODELS, key=lambda base: base.created)
        return {base.name: base.id(REGION) for base in newest}

    @property
    def base_model_id(self) -> str:
        """The first base model."""
        return MODELS[0].id(REGION)

    @property
    def config_file(self) -> str:
        """The path of a configuration file with the profiles DEFAULT (an API key) and SESSION (a security token)."""
        with self._config_lock:
            if self._config is None:
                folder = self._folder / "config"
                folder.mkdir()
                self._config = self.identity.write(folder)
            return str(self._config)

    # What the server asks for

    def operations(self) -> Iterable[str]:
        """The names of all operations, of both services."""
        yield from (f"oci.{name}" for name in (*service.OPERATIONS, *object_call.OPERATIONS, "unknown"))

    def claims(self, request: Request) -> str | None:
        """By the path; any other path by the signature's scheme."""
        path = request.path
        if path == service.BASE or path.startswith(service.BASE + "/"):
            return GENERATIVE_AI
        if path == "/n" or path.startswith("/n/"):
            return OBJECT_STORAGE
        return OTHER if signatures.is_signed(request) else None

    def match(self, request: Request, dialect: str) -> Match:
        """By method and path."""
        if dialect == GENERATIVE_AI:
            found = service.find(request)
            if found is not None:
                return Match(f"oci.{found[0].name}", dialect, found[1], self._handle)
        elif dialect == OBJECT_STORAGE:
            operation = object_call.find(request)
            if operation is not None:
                return Match(f"oci.{operation[0]}", dialect, operation[1], self._handle)
        return Match("oci.unknown", dialect, {}, self._handle)

    def open(self, call: Call) -> None:
        """Check the signature, and the rate where one is set."""
        call.key = signatures.claimed_key(call.request)
        try:
            signatures.verify(call.request, self.identity, call.operation.partition(".")[2] in object_call.STREAMED)
            self._check_rate()
        except OciError as error:
            raise Refusal(self._identified(call.request, error.response())) from error

    def _check_rate(self) -> None:
        limit = self.store.settings.requests_per_second
        if not limit:
            return
        with self.store.lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if len(self._recent) >= limit:
                raise typical(429)
            self._recent.append(now)

    def _identified(self, request: Request | None, response: Response) -> Response:
        sent = None if request is None else request.headers.get("opc-request-id")
        own = self.ids.hexadecimal(32).upper()
        response.headers["opc-request-id"] = f"{sent}/{own}" if sent else own
        client = None if request is None else request.headers.get("opc-client-request-id")
        if client is not None:
            response.headers["opc-client-request-id"] = client
        if response.status == 304:
            response.body = b""
        return response

    def _handle(self, call: Call) -> Response:
        try:
            response = self._respond(call)
        except OciError as error:
            if call.operation == "oci.Chat":
                error.code = str(error.status)  # as the inference service writes it
            response = error.response()
        return self._identified(call.request, response)

    def _respond(self, call: Call) -> Response:
        name = call.operation.partition(".")[2]
        if name == "unknown":
            path = raw_target(call.request)[0]
            if path.startswith(service.BASE + "/importedModels"):
                raise OciError(404, "NotFound", "The sandbox does not play imported models.")
            if call.dialect == GENERATIVE_AI and service.path_exists(call.request):
                raise typical(405)
            raise OciError(
                404, "NotFound", f"There is no operation {call.request.method} {path}, or not in the sandbox."
            )
        if call.dialect == OBJECT_STORAGE:
            if call.request.method in {"PUT", "POST", "DELETE"}:
                with self.store.lock:
                    self.store.move()  # what reads data reads them as they are until now
            return self._object_api.handle(name, call.request, call.arguments)
        found = service.find(call.request)
        if found is None:
            raise typical(404)
        return self._service.handle(*found, call.request)

    def error(self, dialect: str, status: int) -> Response:
        """OCI's typical error of a status."""
        return self._identified(None, typical(status).response())

    def unknown_path(self, dialect: str, method: str, path: str) -> Response:
        """Not used: every request has a handler, which checks the signature first."""
        return self.error(dialect, 404)

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """The variables that oracle.oci, the SDK and oci-cli read, and names of what there is."""
        config = self.config_file
        return {
            "oci": {
                "OCI_CONFIG_FILE": config,
                "OCI_CLI_CONFIG_FILE": config,
                "OCI_CLI_ENDPOINT": base,
                "OCI_SERVICE_ENDPOINT": base,
                "OCI_REGION": REGION,
                "OCI_TENANCY": self.tenancy_id,
                "OCI_COMPARTMENT_ID": self.compartment_id,
                "OCI_NAMESPACE": self.namespace,
                "OCI_BUCKET": _BUCKET,
                "OCI_DEDICATED_AI_CLUSTER_ID": self.cluster_id,
                "OCI_HOSTING_CLUSTER_ID": self.clusters["HOSTING"],
                "OCI_BASE_MODEL_ID": self.base_model_id,
            }
        }

    def reset(self) -> None:
        """As just started."""
        with self.store.lock, self.objects.lock:
            self.store.reset()
            self.objects.reset()
            self._recent.clear()
            self._make_start()

    def close(self) -> None:
        """End the background work; the server removes the folder."""
        self.store.close()

    # Control, as calls and as methods

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """`/_sandbox/oci/<path>`, everything moved on to now."""
        with self.store.lock:
            self.store.move()
            return super().control(method, path, body)

    def make_old(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Old models."""
        return seed(self.store, self.compartment_id, spec)

    def list_resources(self) -> dict[str, list[str]]:
        """Of all compartments, and the objects of all buckets."""
        store = self.store
        return {
            "models": [one.id for one in store.models.values() if not one.pretrained and one.state != DELETED],
            "endpoints": [one.id for one in store.endpoints.values() if one.state != DELETED],
            "clusters": [one.id for one in store.clusters.values() if one.state != DELETED],
            "objects": self.objects.list_objects(),
        }

    def own_call(self, method: str, head: str, rest: str, body: Mapping[str, Any]) -> Any:
        """`account`, `models` and `work_requests/<id>/cancel`."""
        if (method, head, rest) == ("GET", "account", ""):
            return self.describe()
        if (method, head, rest) == ("GET", "models", ""):
            return self._models(Fields(body, "models"))
        if (method, head) == ("POST", "work_requests") and rest.endswith("/cancel"):
            work = self.store.cancel(rest.removesuffix("/cancel"))
            return {"id": work.id, "status": work.status}
        return None

    def _models(self, fields: Fields) -> dict[str, Any]:
        """What truly exists: for tests that count paid runs."""
        seeded = fields.query_flag("seeded")
        fields.done()
        works = {work.target.id: work for work in self.store.works.values() if work.operation == "CREATE_MODEL"}
        found = [model for model in self.store.models.values() if not model.pretrained and (seeded or not model.seeded)]
        return {
            "models": [
                {
                    "id": model.id,
                    "display_name": model.display_name,
                    "compartment_id": model.compartment,
                    "state": model.state,
                    "details": model.details,
                    "created_at": model.created_at,
                    "freeform_tags": model.freeform,
                    "fine_tune_details": model.fine_tune,
                    "work_request_id": works[model.id].id if model.id in works else None,
                    "work_request_status": works[model.id].status if model.id in works else None,
                }
                for model in sorted(found, key=lambda model: model.order)
            ]
        }

    def describe(self) -> dict[str, Any]:
        """The names of what the tenancy starts with."""
        return {
            "region": self.region,
            "tenancy_id": self.tenancy_id,
            "user_id": self.user_id,
            "compartment_id": self.compartment_id,
            "other_compartment_id": self.other_compartment_id,
            "namespace": self.namespace,
            "bucket": self.bucket,
            "clusters": self.clusters,
            "base_models": self.base_model_ids,
            "config_file": self.config_file,
        }

    def models(self, seeded: bool = False) -> list[dict[str, Any]]:
        """All custom models that are shown, oldest first; old (seeded) ones only when asked for."""
        found: list[dict[str, Any]] = self.control("GET", "models", {"seeded": seeded})["models"]
        return found

    def cancel(self, work_request_id: str) -> dict[str, Any]:
        """Cancel a work request; the API has no operation for it."""
        view: dict[str, Any] = self.control("POST", f"work_requests/{work_request_id}/cancel", {})
        return view
