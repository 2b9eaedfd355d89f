# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Object Storage's REST API: what uploads, downloads and clean-ups use. All others: NotFound."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from werkzeug import Request

from finetune_sandbox.oci.errors import OciError
from finetune_sandbox.oci.object_buckets import Buckets
from finetune_sandbox.oci.object_call import STREAMED, ObjectCall
from finetune_sandbox.oci.object_objects import Objects
from finetune_sandbox.oci.object_store import ObjectStore
from finetune_sandbox.oci.object_uploads import Uploads
from finetune_sandbox.server.web import Response, raw_target


class ObjectApi:
    """The operations."""

    def __init__(self, store: ObjectStore, namespace: str, compartments: frozenset[str], user: str) -> None:
        self.store, self.namespace = store, namespace
        self.buckets = Buckets(store, namespace, compartments, user)
        self.uploads = Uploads(store, namespace)
        objects = Objects(store, namespace)
        self._operations: dict[str, Callable[[ObjectCall], Response]] = {
            **self.buckets.operations(),
            **objects.operations(),
            **self.uploads.operations(),
        }

    def handle(self, operation: str, request: Request, path: dict[str, str]) -> Response:
        """Answer a request; raises OciError."""
        query = dict(parse_qsl(raw_target(request)[1], keep_blank_values=True))
        call = ObjectCall(request, path, query)
        if "ns" in path and path["ns"] != self.namespace:
            message = (
                f"You do not have authorization to perform this request, or the namespace '{path['ns']}' was not found"
            )
            raise OciError(404, "NamespaceNotFound", message)
        if operation in STREAMED:
            return self._operations[operation](call)
        with self.store.lock:
            return self._operations[operation](call)
