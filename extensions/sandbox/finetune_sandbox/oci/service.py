# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generative AI's REST API: finds the operation, reads the request, keeps retry tokens, hands over to the resources."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from werkzeug import Request

from finetune_sandbox.oci import schema
from finetune_sandbox.oci.errors import OciError, invalid, missing
from finetune_sandbox.oci.schema import GENERATIVE_AI, INFERENCE
from finetune_sandbox.oci.signatures import body
from finetune_sandbox.oci.state import DELETED, DELETING, Cluster, Endpoint, Model, Resource
from finetune_sandbox.oci.store import Store, Used
from finetune_sandbox.oci.tags import check_tags
from finetune_sandbox.server.web import Response, raw_target

BASE = "/20231130"
_PAGE = ("limit", "page", "sortOrder", "sortBy")
_LIST = ("compartmentId", "lifecycleState", "displayName", "id", *_PAGE)
_LENGTHS = {"displayName": 255, "description": 400, "vendor": 100, "version": 100}
_ENTITIES: dict[type[Resource], str] = {Model: "model", Cluster: "dedicatedAiCluster", Endpoint: "endpoint"}


@dataclass(frozen=True)
class Route:
    """An operation. body: the structure of its request, of a service of the SDK; query: the parameters that it knows;
    retry: whether it takes a retry token."""

    name: str
    method: str
    rule: re.Pattern[str]
    body: str | None = None
    query: tuple[str, ...] = ()
    retry: bool = False
    service: str = GENERATIVE_AI


def _routes() -> tuple[Route, ...]:
    found = []
    for kind, path, query in (
        ("Model", "models", ("vendor", "capability")),
        ("DedicatedAiCluster", "dedicatedAiClusters", ("capacityReservationId",)),
        ("Endpoint", "endpoints", ("generativeAiPrivateEndpointId",)),
    ):
        one = rf"/{path}/(?P<id>[^/]+)"
        for name, method, rule, body_name, known, retry in (
            (f"Create{kind}", "POST", f"/{path}", f"Create{kind}Details", (), True),
            (f"List{kind}s", "GET", f"/{path}", None, (*_LIST, *query), False),
            (f"Get{kind}", "GET", one, None, (), False),
            (f"Update{kind}", "PUT", one, f"Update{kind}Details", (), False),
            (f"Delete{kind}", "DELETE", one, None, (), False),
            (
                f"Change{kind}Compartment",
                "POST",
                f"{one}/actions/changeCompartment",
                f"Change{kind}CompartmentDetails",
                (),
                True,
            ),
        ):
            found.append(Route(name, method, re.compile(BASE + rule + "/?"), body_name, known, retry))
    works = r"/workRequests"
    one = works + r"/(?P<id>[^/]+)"
    listed = ("compartmentId", "workRequestId", "status", "resourceId", *_PAGE)
    found += [
        Route("ListWorkRequests", "GET", re.compile(BASE + works + "/?"), query=listed),
        Route("GetWorkRequest", "GET", re.compile(BASE + one + "/?")),
        Route("ListWorkRequestErrors", "GET", re.compile(BASE + one + "/errors/?"), query=_PAGE),
        Route("ListWorkRequestLogs", "GET", re.compile(BASE + one + "/logs/?"), query=_PAGE),
        Route("Chat", "POST", re.compile(BASE + "/actions/chat/?"), "ChatDetails", service=INFERENCE),
    ]
    return tuple(found)


ROUTES = _routes()
OPERATIONS = tuple(route.name for route in ROUTES)


def find(request: Request) -> tuple[Route, dict[str, str]] | None:
    """The operation and the parts of the path, or None."""
    path = raw_target(request)[0]
    for route in ROUTES:
        match = route.rule.fullmatch(path) if route.method == request.method else None
        if match is not None:
            return route, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


def path_exists(request: Request) -> bool:
    """Whether another method would be served here."""
    path = raw_target(request)[0]
    return any(route.rule.fullmatch(path) for route in ROUTES)


@dataclass
class ParsedRequest:
    """A request as it was read: the id of the path, the query, the members of the body, the if-match header."""

    id: str
    query: dict[str, list[str]]
    members: dict[str, Any]
    if_match: str | None

    def one(self, name: str) -> str | None:
        """A query parameter that may be given once."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise invalid(f"The query parameter {name} was given more than once.")
        return values[0] if values else None

    def needed(self, name: str) -> str:
        """A query parameter that must be given."""
        value = self.one(name)
        if not value:
            raise missing(name)
        return value

    def choice(self, name: str, values: tuple[str, ...] | frozenset[str]) -> str | None:
        """A query parameter of certain values."""
        value = self.one(name)
        if value is not None and value not in values:
            raise invalid(f"{name} must be one of {', '.join(sorted(values))}; got '{value}'.")
        return value

    def limit(self, default: int) -> int:
        """The size of a page."""
        text = self.one("limit")
        if text is None:
            return default
        if not text.isdecimal() or not 1 <= int(text) <= 1000:
            raise invalid(f"limit must be a whole number from 1 to 1000, got '{text}'.")
        return int(text)

    @property
    def mark(self) -> str:
        """What a page token is valid for."""
        return json.dumps({k: v for k, v in sorted(self.query.items()) if k not in {"page", "limit"}})


Handler = Callable[[ParsedRequest], "tuple[Response, str]"]
"""A request -> the response, and the OCID of the resource that it made or changed ("" for none)"""


class Service:
    """Answers requests; the operations are put into `handlers` by the resources."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {}

    def handle(self, route: Route, arguments: dict[str, str], request: Request) -> Response:
        """Answer a request; raises OciError."""
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(raw_target(request)[1], keep_blank_values=True):
            if name not in route.query:
                raise invalid(f"{route.name} has no query parameter {name}.")
            query.setdefault(name, []).append(value)
        members = {}
        content = body(request)
        if route.body is not None:
            kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                raise OciError(415, "UnsupportedMediaType", "The content-type must be application/json.")
            members = schema.read(route.service, route.body, content)
            _check_texts(members)
            check_tags(members)
        parsed = ParsedRequest(arguments.get("id", ""), query, members, request.headers.get("if-match"))
        with self._store.lock:
            self._store.move()
            token = request.headers.get("opc-retry-token") if route.retry else None
            if token is None:
                return self.handlers[route.name](parsed)[0]
            return self._once(route, token, parsed)

    def _once(self, route: Route, token: str, parsed: ParsedRequest) -> Response:
        """The answer to a request with a retry token: the first one again, while that can be."""
        if not 1 <= len(token) <= 64:
            raise invalid("opc-retry-token must have 1 to 64 characters.")
        store, now = self._store, self._store.clock.now()
        plain = json.dumps([parsed.id, parsed.members], sort_keys=True)
        used = store.tokens.get((route.name, token))
        if used is None:
            response, resource = self.handlers[route.name](parsed)
            store.tokens[route.name, token] = Used(
                now, plain, response.status, response.body, dict(response.headers), resource
            )
            return response
        if used.request != plain:
            raise _invalidated("was used before with other parameters")
        if now >= used.when + store.settings.token_seconds:
            raise _invalidated("is older than 24 hours")
        if _gone(store, used.resource):
            raise _invalidated(f"was used for {used.resource}, which was deleted")
        return Response(used.body, used.status, dict(used.headers))

    def retry_after(self) -> str:
        """The header of a work request: real seconds, at the speed of the clock; 1 when it stands still."""
        speed = self._store.clock.speed
        return str(max(1, math.ceil(self._store.settings.retry_after_seconds / speed)) if speed else 1)


def _invalidated(why: str) -> OciError:
    return OciError(409, "InvalidatedRetryToken", f"The retry token {why}. Send the request with a new token.")


def _gone(store: Store, identifier: str) -> bool:
    if not identifier:
        return False
    for table in (store.models, store.clusters, store.endpoints):
        found = table.get(identifier)
        if found is not None:
            return found.state in {DELETED, DELETING}
    return True


def _check_texts(members: dict[str, Any]) -> None:
    for name, longest in _LENGTHS.items():
        value = members.get(name)
        if value is None:
            continue
        if len(value) > longest or (name == "displayName" and not value.strip()):
            raise invalid(f"{name} must have from {1 if name == 'displayName' else 0} to {longest} characters.")


def entity(resource: Resource) -> tuple[str, str]:
    """(type, URI) of a resource, as work requests name it."""
    kind = _ENTITIES[type(resource)]
    return kind, f"{BASE}/{kind}s/{resource.id}"
