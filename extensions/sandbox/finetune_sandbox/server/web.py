# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider sees of HTTP: a Call comes in, a Response goes out."""

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
    """(path, query) as they were sent."""
    target: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    if "://" in target.split("?", 1)[0]:
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _unused, query = target.partition("?")
    return path, query


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """(start, stop) of a Range header; None where it names no range that is served (several, another unit, its end
    before its start), and is ignored. stop <= start: nothing of it is within the size."""
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
    """A time as headers show it; the end of the year 9999 at most."""
    return formatdate(min(when, 253402300799), usegmt=True)


@dataclass(frozen=True)
class Content:
    """A body that is made while it is sent. `chunks` gives exactly `size` bytes."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass
class Response:
    """A response: `body` is JSON-able, bytes, a Content, or the path of a file to stream."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes | Path | Content:
        """The bytes to send, or what to stream."""
        if isinstance(self.body, (bytes, Path, Content)):
            return self.body
        if not any(name.lower() == "content-type" for name in self.headers):
            self.headers["Content-Type"] = "application/json"
        try:
            return json.dumps(self.body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            # Half of a surrogate pair, as JSON may hold it escaped.
            return json.dumps(self.body).encode()

    def size(self) -> int:
        """Bytes of the body."""
        content = self.encoded()
        if isinstance(content, Content):
            return content.size
        return len(content) if isinstance(content, bytes) else content.stat().st_size


class Refusal(Exception):
    """A provider's error answer, raised from anywhere below a handler."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"{response.status} {response.body!r}")
        self.response = response


@dataclass
class Call:
    """One request to a provider.

    dialect: the provider's own name for the base path it came in on.
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
    """What a request asks for. handler: None where no operation is; `unknown_path` gives the answer then."""

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
        """The match, or None."""
        try:
            index, arguments = self._map.bind("", "/").match(request.path, method=request.method)
        except HTTPException:
            return None
        route = self._routes[index]
        return Match(route.operation, route.dialect, dict(arguments), route.handler)


class _Rest(BaseConverter):
    """All that is left of a path, a slash at its beginning included (werkzeug's `path` begins with none)."""

    regex = ".+"
    part_isolating = False


@cache
def _compiled(rules: tuple[tuple[str, str], ...]) -> Map:
    """The rules with their methods; an endpoint is a rule's index. Compiling takes most of a sandbox's start."""
    compiled = Map(strict_slashes=False, merge_slashes=False, converters={"rest": _Rest})
    for index, (rule, method) in enumerate(rules):
        compiled.add(Rule(rule, methods=[method], endpoint=index))
    compiled.update()
    return compiled


class Provider(Protocol):
    """What a provider gives to the server. Everything of a provider is in its own folder."""

    name: str

    def operations(self) -> Iterable[str]:
        """The names of all operations, for faults and the log."""

    def claims(self, request: Request) -> str | None:
        """The dialect when the request is this provider's, else None. The first provider that claims it, has it."""

    def match(self, request: Request, dialect: str) -> Match:
        """What a request of its own asks for."""

    def open(self, call: Call) -> None:
        """Check credentials and headers before the body is read; sets call.key. Raises Refusal."""

    def error(self, dialect: str, status: int) -> Response:
        """The provider's typical error of this status, for faults."""

    def unknown_path(self, dialect: str, method: str, path: str) -> Response:
        """The answer where no operation is."""

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """Environment variables for its clients, by dialect. base: URL of the server, no slash at the end."""

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """The provider's own part of the control API. Raises ControlError."""

    def reset(self) -> None:
        """Forget everything, as just started."""

    def close(self) -> None:
        """Remove what is on disk."""
