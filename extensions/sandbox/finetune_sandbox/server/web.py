# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP interface of a provider: it receives a Call and returns a Response."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from werkzeug import Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, Rule

_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.IGNORECASE)


def raw_target(request: Request) -> tuple[str, str]:
    """(path, query) of a request, exactly as they were sent."""
    target: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    if "://" in target.split("?", 1)[0]:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _unused, query = target.partition("?")
    return path, query


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """(start, stop) of a Range header, in bytes. If stop <= start, no byte of the range exists.

    None if the header is ignored: it has several ranges, another unit, or an end before its start. size: all bytes.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


def http_date(when: float) -> str:
    """A unix time in the form of HTTP headers. Times after the year 9999 become the end of that year."""
    return formatdate(min(when, 253402300799), usegmt=True)


@dataclass(frozen=True)
class Content:
    """A body that is made while it is sent. `chunks` yields exactly `size` bytes."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass
class Response:
    """A response. `body` is a value for JSON, bytes, a Content, or the path of a file to stream."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes | Path | Content:
        """The bytes to send, or the Content or path to stream. Sets the Content-Type of JSON if it is missing."""
        if isinstance(self.body, (bytes, Path, Content)):
            return self.body
        if not any(name.lower() == "content-type" for name in self.headers):
            self.headers["Content-Type"] = "application/json"
        try:
            return json.dumps(self.body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            # The body has half of a surrogate pair. JSON allows it if it is escaped.
            return json.dumps(self.body).encode()

    def size(self) -> int:
        """The size of the body in bytes."""
        content = self.encoded()
        if isinstance(content, Content):
            return content.size
        return len(content) if isinstance(content, bytes) else content.stat().st_size


class Refusal(Exception):
    """A provider's error answer. Any code that a handler calls may raise it."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.body!r}")
        self.response = response


@dataclass
class Call:
    """One request to a provider.

    dialect: the provider's own name for the base path of the request.
    arguments: the variable parts of the path.
    """

    request: Request
    operation: str
    dialect: str
    arguments: dict[str, str]
    key: str = ""


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """One operation on one path. `rule` is a werkzeug rule; `operation` starts with the provider's name."""

    operation: str
    method: str
    rule: str
    dialect: str
    handler: Handler


@dataclass(frozen=True)
class Match:
    """The operation of a request. handler: None if there is no such operation; then `unknown_path` answers."""

    operation: str
    dialect: str
    arguments: dict[str, str]
    handler: Handler | None


class RouteTable:
    """Finds the route of a path, for providers whose operations have paths of their own."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = list(routes)
        self._map = _compiled(tuple((route.rule, route.method) for route in self._routes))

    def find(self, request: Request) -> Match | None:
        """The match for a request. None if no route fits."""
        try:
            index, arguments = self._map.bind("", "/").match(request.path, method=request.method)
        except HTTPException:
            return None
        route = self._routes[index]
        return Match(route.operation, route.dialect, dict(arguments), route.handler)


class _Rest(BaseConverter):
    """The rest of a path. It may begin with a slash, unlike werkzeug's own converter `path`."""

    regex = ".+"
    part_isolating = False


@cache
def _compiled(rules: tuple[tuple[str, str], ...]) -> Map:
    """The compiled map of (rule, method). The endpoint of each rule is its index.

    The result is cached, because compiling takes most of the time that a sandbox needs to start.
    """
    compiled = Map(strict_slashes=False, merge_slashes=False, converters={"rest": _Rest})
    for index, (rule, method) in enumerate(rules):
        compiled.add(Rule(rule, methods=[method], endpoint=index))
    compiled.update()
    return compiled


class Provider(Protocol):
    """The interface between the server and a provider. All code of a provider is in its own folder."""

    name: str

    def operations(self) -> Iterable[str]:
        """The names of all operations, for faults and for the request log."""

    def claims(self, request: Request) -> str | None:
        """The dialect of a request to this provider, else None. The first provider that claims a request gets it."""

    def match(self, request: Request, dialect: str) -> Match:
        """The operation of a request to this provider."""

    def open(self, call: Call) -> None:
        """Check credentials and headers before the body is read. Sets call.key. Raises Refusal if one is wrong."""

    def error(self, dialect: str, status: int) -> Response:
        """The provider's typical error answer with this status, for faults."""

    def unknown_path(self, dialect: str, method: str, path: str) -> Response:
        """The answer to a request that no operation fits."""

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """Environment variables for the clients, by dialect. base: URL of the server, without a slash at the end."""

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Run a call of the provider's own part of the control API. Raises ControlError for wrong input."""

    def reset(self) -> None:
        """Remove everything, as at the start."""

    def close(self) -> None:
        """Remove all files of the provider from the disk."""
