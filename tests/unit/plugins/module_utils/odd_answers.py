# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are none, in front of a sandbox in this process: of one request the answer is another, whether or not
the sandbox has done what was asked.

A story is one task. It is told once as it is, which shows its requests; then once for each of them and each kind of
odd answer that was chosen.
"""

from __future__ import annotations

import json
import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import FineTuneError
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit import info

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox.server.web import Response

PAGE = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>" + "<p>secret</p>" * 99 + "</body></html>"
_LARGE = "9" * 400
# What stands where something else is expected.
_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    "other",
    "\ud800\x00",
    "9" * 400,
    "99999-01-01T00:00:00Z",
    "x" * 100_000,
    [],
    [[]],
    [None],
    {},
    {"a": {"b": [1]}},
)
_RAW = (_LARGE, "-" + _LARGE, "9" * 5000, "NaN", "Infinity", "1e999", "[" * 100_000 + "]" * 100_000)
_MARK = "@here@"
_TRIALS = 10
EVERY = os.environ.get("LLMOPS_ODD") == "all"


@dataclass(frozen=True)
class Odd:
    """One kind of odd answer: what is made of a true one."""

    name: str
    make: Callable[[bytes, dict[str, str], random.Random], tuple[bytes, dict[str, str]]]

    def __str__(self) -> str:
        return self.name


def _whole(name: str, body: bytes, kind: str = "application/json") -> Odd:
    return Odd(name, lambda _body, headers, _source: (body, {**_without(headers), "Content-Type": kind}))


def _without(headers: Mapping[str, str]) -> dict[str, str]:
    """Without what only the true answer's body or the operation has: those of a proxy."""
    kept = ("x-amzn-requestid", "x-request-id")
    return {name: value for name, value in headers.items() if name.lower() in kept}


def _cut(body: bytes, headers: dict[str, str], source: random.Random) -> tuple[bytes, dict[str, str]]:
    return body[: len(body) * 2 // 3], headers


def _plain(body: bytes, headers: dict[str, str], source: random.Random) -> tuple[bytes, dict[str, str]]:
    return body, {**headers, "Content-Type": "text/plain"}


def _field(body: bytes, headers: dict[str, str], source: random.Random) -> tuple[bytes, dict[str, str]]:
    """One field of another kind: of the body where that is JSON or XML, else a header."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, (dict, list)):
        texts = [match.span(1) for match in re.finditer(rb">([^<>]*)</", body)] if body.startswith(b"<?xml") else []
        if texts and source.random() < 0.8:
            start, end = source.choice(texts)
            value = source.choice([b"", b"&#233;", b"9" * 400, b"99999-01-01T00:00:00Z", b"other", b"<a/>"])
            return body[:start] + value + body[end:], headers
        name = source.choice([name for name in headers if name.lower() != "content-length"] or ["ETag"])
        changed = {key: value for key, value in headers.items() if key != name}
        value = source.choice(["", "other", "9" * 400, "-1", "Fri, 31 Dec 99999 23:59:59 GMT", "="])
        return body, {**changed, name: value} if source.random() < 0.6 else changed
    places = list(_places(found))
    if not places:
        return b"[]", headers
    holder, key = source.choice(places)
    if source.random() < 0.1 and isinstance(holder, dict):
        del holder[key]
        return json.dumps(found).encode(), headers
    if source.random() < 0.3:
        holder[key] = _MARK
        return json.dumps(found).replace(f'"{_MARK}"', source.choice(_RAW)).encode(), headers
    holder[key] = source.choice(_VALUES)
    return json.dumps(found).encode(), headers


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items)[:40]:
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _places(item)


HTML = _whole("html", PAGE.encode(), "text/html")
EMPTY_OBJECT = _whole("object", b"{}")
FIELD = Odd("field", _field)
KINDS = (
    HTML,
    EMPTY_OBJECT,
    _whole("empty", b""),
    _whole("null", b"null"),
    _whole("text", b'"text"'),
    _whole("list", b"[]"),
    _whole("xhtml", b"<?xml version='1.0'?><html><body><p>Sign in</p></body></html>", "application/xhtml+xml"),
    Odd("cut", _cut),
    Odd("plain", _plain),
    _whole("brackets", b"[" * 100_000),
    _whole("braces", b'{"a":' * 100_000),
    _whole("digits", b"9" * 400),
    _whole("many digits", b'{"id": ' + b"9" * 5000 + b"}"),
    _whole("nan", b"NaN"),
    _whole("bytes", b'\xff\xfe\xfa{"id": "\xc3"}'),
)


class Elsewhere:
    """Another host, which takes whatever comes."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                elsewhere.got.append((self.command, dict(self.headers), body))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _take

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self) -> Elsewhere:
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def reads(method: str, operation: str) -> bool:
    """Whether a request changes nothing."""
    return method in ("GET", "HEAD") or operation.partition(".")[2].startswith(("Get", "List", "Head"))


class Proxy:
    """Between a host's clients and the sandbox; patches the sandbox's server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from finetune_sandbox.server import app

        monkeypatch.setattr(info, "_PAUSES", (0.0, 0.0, 0.0))
        self.calls: list[tuple[str, bool]] = []  # each operation, and whether it is a read
        self.wrote: list[str] = []  # the operations that changed something
        self._at: int | None = None
        self._reaches = True
        self._make: Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]] | None = None
        self._status = 200
        true = app.Application._outcome
        proxy = self

        def outcome(self: Any, provider: Any, call: Any, match: Any, fault: Any) -> Response:
            return proxy._outcome(lambda: true(self, provider, call, match, fault), call)

        monkeypatch.setattr(app.Application, "_outcome", outcome)

    def arm(
        self, at: int | None, kind: Odd | None = None, *, reaches: bool = True, seed: int = 0, status: int = 200
    ) -> None:
        """From now on the answer to request number ``at`` is odd. ``reaches``: the sandbox gets it all the same."""
        source = random.Random(seed)
        self.calls, self.wrote, self._at, self._reaches, self._status = [], [], at, reaches, status
        self._make = (lambda body, headers: kind.make(body, headers, source)) if kind else None

    def disarm(self) -> None:
        """From now on all answers are true."""
        self._at = None

    def _outcome(self, true: Callable[[], Response], call: Any) -> Response:
        from finetune_sandbox.server.web import Response

        number = len(self.calls)
        is_read = reads(call.request.method, call.operation)
        self.calls.append((call.operation, is_read))
        odd = number == self._at and self._make is not None
        answer = Response({}) if odd and not self._reaches else true()
        if not is_read and answer.status < 300 and (self._reaches or not odd):
            self.wrote.append(call.operation)
        if not odd or self._make is None or answer.status >= 300:
            return answer
        encoded = answer.encoded()
        body, headers = self._make(encoded if isinstance(encoded, bytes) else b"", dict(answer.headers))
        return Response(body, self._status, headers)


Story = Callable[[], Any]

# What was written and is no change of what the task is about: an upload in parts that is made, and aborted.
_PASSING = re.compile(r"(?i)uploads|multipart|uploadpart")


def trials(calls: list[tuple[str, bool]], seed: str, most: int) -> list[tuple[int, Odd, bool, int]]:
    """Which answers are odd, and how: (number of the request, kind, whether it reaches the sandbox, seed).

    Of each operation one request with each kind and with 40 fields of another kind: with LLMOPS_ODD=all all of them,
    else a few by lot.
    """
    source = random.Random(seed)
    places: dict[str, list[int]] = {}
    for number, (operation, _reads) in enumerate(calls):
        places.setdefault(operation, []).append(number)
    found = []
    for numbers in places.values():
        is_read = calls[numbers[0]][1]
        for kind in (*KINDS, *[FIELD] * 40):
            reaches = is_read or kind is FIELD or source.random() < 0.7
            found.append((source.choice(numbers), kind, reaches, source.randrange(1 << 30)))
    return found if EVERY else source.sample(found, min(most, len(found)))


def told(proxy: Proxy, story: Story) -> dict[str, Any]:
    """What a task tells, however it ends: it ends with a result or with one of the engine's errors, and never says that
    nothing was changed where something was."""
    try:
        result = dict(story() or {})
    except FineTuneError as error:
        text = error.text()
        assert "secret" not in text and "<" not in text and len(text) < 5000, text
        assert text.isprintable(), text
        result = {"error": text, **error.facts}
    json.dumps(result, allow_nan=False).encode()
    wrote = [operation for operation in proxy.wrote if not _PASSING.search(operation)]
    if wrote and "changed" in result:
        assert result["changed"] is True, (wrote, result.get("error"))
    return result


def tell_all(
    proxy: Proxy, name: str, begin: Callable[[], Story], after: Callable[[], None], most: int = _TRIALS
) -> None:
    """A story as it is, then with each of its :func:`trials`. ``begin`` makes what is there before; ``after`` looks at
    what is there then."""
    proxy.arm(None)
    task = begin()
    proxy.arm(None)
    told(proxy, task)
    for at, kind, reaches, seed in trials(list(proxy.calls), name, most):
        proxy.arm(None)
        task = begin()
        proxy.arm(at, kind, reaches=reaches, seed=seed)
        try:
            told(proxy, task)
            proxy.disarm()
            after()
        except BaseException as error:
            where = proxy.calls[at][0] if at < len(proxy.calls) else "none"
            raise AssertionError(
                f"{where}: {kind}, request {at}, reaches: {reaches}, seed {seed}: {error!r}"
            ) from error


def stories_of(found: Mapping[str, Any]) -> dict[str, Callable[[Any], Story]]:
    """The stories of a file, by name: its functions of a host that return a story."""
    return {
        name.lstrip("_"): make
        for name, make in found.items()
        if name.startswith("_") and getattr(make, "__annotations__", {}).get("return") == "Story"
    }


def tell_of_hosts(
    proxy: Proxy,
    name: str,
    make_host: Callable[[], Any],
    make_story: Callable[[Any], Story],
    paid: Callable[[Any], Sequence[str]],
    *,
    most: int = _TRIALS,
    runs: int = 1,
) -> None:
    """:func:`tell_all` with an empty host for each trial. ``paid``: what was or will be paid for at a host, ``runs`` at
    most."""
    hosts: list[Any] = []
    clients: dict[Any, Any] = {}

    def begin() -> Story:
        made = make_host()
        made.clients = clients  # slow to make, and the same for all
        hosts[:] = [made]
        return make_story(made)

    def after() -> None:
        assert len(paid(hosts[0])) <= runs

    tell_all(proxy, name, begin, after, most)
