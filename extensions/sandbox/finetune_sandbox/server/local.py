# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access to the sandbox: programs on this machine may use it, but web pages in a browser may not.

A foreign web page can reach loopback in two ways. It can send a request across sites; the browser marks it with Origin
and Sec-Fetch-Site. Or its own host name can point to this machine (DNS rebinding); the name is in the Host header.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug import Request

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
MARK = "X-Sandbox"
"""A header that a page can send across sites only after a preflight request, which the sandbox refuses."""


def objection(request: Request, port: int, control: bool) -> str | None:
    """Why a request is refused. None if it is allowed.

    port: the sandbox's port. control: whether the request is for the control API.
    """
    host = request.headers.get("Host", "")
    place = _place(f"//{host}")
    if place is None or place[0] not in _LOOPBACK or (control and place[1] not in (port, None)):
        names = ", ".join(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        return f"The sandbox answers on loopback only; Host is {host!r}, and it must be one of {names}."
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return "The sandbox answers no request of a web page from elsewhere (Sec-Fetch-Site)."
    origin = request.headers.get("Origin")
    if origin is not None:
        source = _place(origin)
        if source is None or source[0] not in _LOOPBACK or source[1] != port:
            return f"The sandbox answers no request of a web page from elsewhere (Origin {origin!r})."
    if control and request.method == "POST" and MARK not in request.headers and not _is_json(request):
        # A page can send a POST with some other content types across sites without a preflight request.
        return f"A POST to the control API needs the header 'Content-Type: application/json', or '{MARK}: 1'."
    return None


def _is_json(request: Request) -> bool:
    return request.mimetype == "application/json"


def _place(url: str) -> tuple[str, int | None] | None:
    """(name, port) of an address. None if it is not an address of a host alone."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.username is not None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    return name.removesuffix("."), port
