# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: werkzeug's threaded server with keep-alive, faults and the request log."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
import time
import traceback
from http.client import responses
from pathlib import Path
from typing import Any, Protocol

from werkzeug import Request
from werkzeug.serving import BaseWSGIServer, DechunkedInput, WSGIRequestHandler, make_server

from finetune_sandbox.server import local
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.control import Control
from finetune_sandbox.server.faults import Fault, Faults
from finetune_sandbox.server.requestlog import RequestLog
from finetune_sandbox.server.web import Call, Content, Match, Provider, Refusal, Response, http_date

HOST = "127.0.0.1"
CONTROL_PREFIX = "/_sandbox"
_CHUNK = 1 << 18
_SECRET = frozenset({"apikey", "auth", "authorization", "key", "password", "secret", "token"})
_CLIENT_HEADERS = ("x-stainless-", "x-amz-", "x-amzn-", "x-content-sha256", "x-date", "x-forwarded-")


class _Drop(Exception):
    """Close the connection with a reset, without an answer."""


class _Readable(Protocol):
    """A stream that a request body is read from."""

    def read(self, size: int = -1, /) -> bytes | None:
        """At most size bytes; all bytes if size is negative."""


class _Body:
    """A request body. It never reads past its end, and drain reads its rest, so that keep-alive works.

    length: the number of bytes, or None for a chunked body. Raises ConnectionResetError if the client sends fewer.
    """

    def __init__(self, stream: _Readable, length: int | None) -> None:
        self._stream = stream
        self._left = length
        self.count = 0
        self.ended = length == 0

    def read(self, size: int = -1) -> bytes:
        if self.ended:
            return b""
        want = size
        if self._left is not None:
            want = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(want) or b""
        self.count += len(data)
        if self._left is not None:
            self._left -= len(data)
            self.ended = self._left == 0
        if not data and want:
            if self._left:
                raise ConnectionResetError("the client went away in the middle of its request")
            self.ended = True
        return data

    def readline(self, size: int = -1) -> bytes:
        """One line. WSGI requires this method, but form parsing uses read."""
        line = bytearray()
        while (size < 0 or len(line) < size) and not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def drain(self) -> None:
        while self.read(_CHUNK):
            pass


class Application:
    """Finds the operation of a request, applies faults, calls the provider, and logs the request."""

    def __init__(
        self, providers: list[Provider], clock: Clock, faults: Faults, log: RequestLog, control: Control
    ) -> None:
        self.clock, self.faults, self.log, self.control = clock, faults, log, control
        self._providers = providers
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        """Never called. werkzeug's server requires a WSGI application, but our handler calls `respond` instead."""
        raise AssertionError("unreachable: requests are answered by the handler")

    def opened(self, connection: socket.socket) -> None:
        """Remember the connection of a client that connected."""
        with self._connections_lock:
            self._connections.add(connection)

    def ended(self, connection: socket.socket) -> None:
        """Forget a connection that ended."""
        with self._connections_lock:
            self._connections.discard(connection)

    def hang_up(self) -> None:
        """End all open connections. Without this call, they would still be served after the server closed."""
        with self._connections_lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def respond(self, request: Request, body: _Body) -> Response:
        """The answer to a request. Raises _Drop if a fault resets the connection."""
        control = request.path == CONTROL_PREFIX or request.path.startswith(CONTROL_PREFIX + "/")
        why = local.objection(request, int(request.environ["SERVER_PORT"]), control)
        if why is not None:
            return Response({"error": {"message": why}}, 403)
        if control:
            return self.control.handle(request.method, request.path[len(CONTROL_PREFIX) :], request)
        claimed = ((p, p.claims(request)) for p in self._providers)
        provider, dialect = next(((p, d) for p, d in claimed if d is not None), (None, None))
        if provider is None or dialect is None:
            message = (
                f"Nothing is served at {request.path}. The control API is at {CONTROL_PREFIX}/, see docs/sandbox.md."
            )
            return Response({"error": {"message": message}}, 404)
        match = provider.match(request, dialect)
        call = Call(request, match.operation, match.dialect, match.arguments)
        fault = self.faults.take(call.operation)
        response: Response | None = None
        try:
            response = self._outcome(provider, call, match, fault)
            body.drain()
            return response
        finally:
            self.log.add(
                time=time.time(),
                virtual_time=self.clock.now(),
                provider=provider.name,
                dialect=call.dialect,
                operation=call.operation,
                method=request.method,
                path=request.path,
                query=request.query_string.decode("latin-1"),
                status=None if response is None else response.status,
                key=f"...{call.key[-4:]}" if call.key else "",
                headers=_own_headers(request),
                bytes_in=body.count,
                bytes_out=0 if response is None else response.size(),
                fault=None if fault is None else fault.label(),
            )

    def _outcome(
        self,
        provider: Provider,
        call: Call,
        match: Match,
        fault: Fault | None,
    ) -> Response:
        if fault is not None and fault.delay:
            time.sleep(fault.delay)
        faulty = self._faulty(provider, call, fault, "before")
        if faulty is not None:
            return faulty
        response = self._handle(provider, call, match)
        faulty = self._faulty(provider, call, fault, "after")
        return response if faulty is None else faulty

    def _handle(self, provider: Provider, call: Call, match: Match) -> Response:
        try:
            if match.handler is None:
                return provider.unknown_path(call.dialect, call.request.method, call.request.path)
            provider.open(call)
            return match.handler(call)
        except Refusal as refusal:
            return refusal.response
        except ConnectionError:
            raise
        except Exception:
            # A defect of the sandbox: print it on standard error, and answer with the provider's own 500.
            traceback.print_exc(file=sys.stderr)
            return provider.error(call.dialect, 500)

    @staticmethod
    def _faulty(provider: Provider, call: Call, fault: Fault | None, when: str) -> Response | None:
        """The answer of a fault, before or after the call is handled. None if the fault has no answer at this point.

        Raises _Drop if the fault resets the connection.
        """
        if fault is None or fault.when != when:
            return None
        if fault.reset:
            raise _Drop
        if fault.status is None:
            return None
        response = provider.error(call.dialect, fault.status)
        if fault.body is not None:
            response.body = fault.body.encode() if isinstance(fault.body, str) else fault.body
        sent = {name.lower() for name in fault.headers}
        response.headers = {name: value for name, value in response.headers.items() if name.lower() not in sent}
        response.headers.update(fault.headers)
        return response


def _own_headers(request: Request) -> dict[str, str]:
    """The headers that a user added (x-...), without those that clients add themselves.

    If the name of a header contains a word for a secret, only the last four characters of its value are kept.
    """
    view = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower.startswith("x-") and not lower.startswith(_CLIENT_HEADERS):
            view[lower] = value if _SECRET.isdisjoint(lower.split("-")) else f"...{value[-4:]}"
    return view


class _Handler(WSGIRequestHandler):
    """werkzeug's handler with keep-alive. Its own one closes the connection after every answer.

    The clients of the real hosts keep their connections open.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 600

    @property
    def application(self) -> Application:
        """The application that answers the requests."""
        application = self.server.app
        if not isinstance(application, Application):
            raise TypeError("the server was not made by start_server")
        return application

    def setup(self) -> None:
        super().setup()
        self.application.opened(self.connection)

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        stream = environ["wsgi.input"]
        if isinstance(stream, DechunkedInput):
            body = _Body(stream, None)
        else:
            length = self.headers.get("Content-Length", "0")
            body = _Body(stream, int(length) if length.isdecimal() else 0)
        environ["wsgi.input"] = body
        environ["wsgi.input_terminated"] = True
        try:
            try:
                response = self.application.respond(Request(environ), body)
                response.encoded()
            except (_Drop, ConnectionError, TimeoutError, FileNotFoundError):
                raise
            except Exception:
                # A defect of the sandbox: print it on standard error.
                traceback.print_exc(file=sys.stderr)
                response = Response({"error": {"message": "The sandbox failed; its standard error says why."}}, 500)
            body.drain()
            self._send(response)
        except _Drop:
            self._reset()
        except (ConnectionError, TimeoutError, FileNotFoundError):
            # FileNotFoundError: the content was deleted while it was being sent.
            self.close_connection = True

    def _send(self, response: Response) -> None:
        content = response.encoded()
        head = [f"HTTP/1.1 {response.status} {responses.get(response.status, 'Unknown')}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        head += [f"Content-Length: {response.size()}", f"Date: {http_date(self.application.clock.now())}", "", ""]
        start = "\r\n".join(head).encode("latin-1")
        if self.command == "HEAD":
            self.wfile.write(start)
        elif isinstance(content, Content):
            self.wfile.write(start)
            for chunk in content.chunks():
                self.wfile.write(chunk)
        elif isinstance(content, Path):
            with content.open("rb") as file:
                self.wfile.write(start)
                while chunk := file.read(_CHUNK):
                    self.wfile.write(chunk)
        else:
            self.wfile.write(start + content)

    def _reset(self) -> None:
        self.close_connection = True
        # With linger 0, close() sends RST. detach() is needed because other readers would keep the socket open.
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def finish(self) -> None:
        self.application.ended(self.connection)
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Write no access log. The control API shows the request log."""


def start_server(application: Application, port: int) -> BaseWSGIServer:
    """A server that listens on loopback, but does not serve yet. Raises OSError if the port is in use."""

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # Bind the port here: if it is in use, werkzeug would print a hint and end the process.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
        descriptor = os.dup(listener.fileno())
        port = listener.getsockname()[1]
    server = make_server(HOST, port, application, threaded=True, request_handler=_Handler, fd=descriptor)
    os.close(descriptor)
    return server
