# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as no client sends them, and bodies that no API takes."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

JSON = {"Content-Type": "application/json"}


def send(
    sandbox: Sandbox, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, dict[str, Any], Any]:
    """A request exactly as given; Host is the sandbox's unless it is among the headers (None: left out)."""
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    try:
        given = {"Host": f"127.0.0.1:{sandbox.port}", "Content-Length": str(len(body)), **(headers or {})}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read() or b"null")
    finally:
        connection.close()


HUGE = "9" * 400


def odd_bodies(member: str) -> dict[str, bytes]:
    """Bodies that no API takes; in some of them a member is odd."""

    def within(value: str) -> bytes:
        return b'{"' + member.encode() + b'": ' + value.encode() + b"}"

    return {
        "deep list": b"[" * 100_000,
        "deep and closed": within("[" * 5000 + "]" * 5000),
        "deep objects": b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
        "deep in a member": within("[" * 900 + "]" * 900),
        "not UTF-8": within('"\udcff"'.encode("utf-8", "surrogateescape").decode("latin-1")).replace(
            "ÿ".encode(), b"\xff"
        ),
        "UTF-16": json.dumps({member: "x"}).encode("utf-16-le"),
        "NaN": within("NaN"),
        "infinite": within("-Infinity"),
        "infinite by its exponent": within("1e999"),
        "400 digits": within(HUGE),
        "5000 digits": within("9" * 5000),
        "a list": b"[]",
        "null": b"null",
        "a text": b'"x"',
        "cut off": b'{"a": ',
        "a null byte": b"\0",
    }
