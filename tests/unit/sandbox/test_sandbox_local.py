# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may speak to the sandbox: no web page of elsewhere, whatever it sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.raw_tools import JSON, send

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_x1_loopback_names_of_the_host_are_answered(still_sandbox: Sandbox, name: str) -> None:
    host = {"Host": name.format(port=still_sandbox.port)}
    assert send(still_sandbox, "GET", "/_sandbox/clock", host)[0] == 200
    key = {"Authorization": f"Bearer {still_sandbox.api_key}"}
    assert send(still_sandbox, "GET", "/v1/models", {**host, **key})[0] == 200


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "192.0.2.1:{port}",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}/x",
        "127.0.0.1:1",
        "127.0.0.1:many",
        "[::1",
        "",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/openai/accounts"), ("POST", "/reset"), ("DELETE", "/faults")])
def test_x1_the_control_api_answers_no_other_host(still_sandbox: Sandbox, name: str, method: str, path: str) -> None:
    still_sandbox.fault("openai.*", status=500)
    host = {**JSON, "Host": name.format(port=still_sandbox.port)}
    status, _unused, answer = send(still_sandbox, method, f"/_sandbox{path}", host)
    assert status == 403 and "Host" in answer["error"]["message"]
    assert still_sandbox.api_key not in json.dumps(answer)
    assert len(still_sandbox.control("GET", "/faults")["faults"]) == 1


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": "http://127.0.0.1:{port}"},
]


@pytest.mark.parametrize("marks", FOREIGN)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
def test_x1_the_control_api_answers_no_page_of_elsewhere(
    still_sandbox: Sandbox, marks: dict[str, str], kind: str | None
) -> None:
    still_sandbox.fault("openai.*", status=500)
    headers = {name: value.format(port=still_sandbox.port) for name, value in marks.items()}
    headers.update({} if kind is None else {"Content-Type": kind})
    for method, path in (("POST", "/reset"), ("GET", "/openai/accounts"), ("DELETE", "/faults"), ("OPTIONS", "/reset")):
        status, answered, _unused = send(still_sandbox, method, f"/_sandbox{path}", headers)
        assert status == 403
        assert not any(name.lower().startswith("access-control-") for name in answered)
    assert len(still_sandbox.control("GET", "/faults")["faults"]) == 1


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "text/plain;a=json", "application/x-www-form-urlencoded", "multipart/form-data"],
)
def test_x1_a_post_without_json_is_refused(still_sandbox: Sandbox, kind: str | None) -> None:
    still_sandbox.fault("openai.*", status=500)
    headers = {} if kind is None else {"Content-Type": kind}
    for path, body in (("/reset", b""), ("/reset", b"{}"), ("/clock", b'{"advance": 5}')):
        status, _unused, answer = send(still_sandbox, "POST", f"/_sandbox{path}", headers, body)
        assert status == 403 and "Content-Type: application/json" in answer["error"]["message"]
    assert len(still_sandbox.control("GET", "/faults")["faults"]) == 1
    assert send(still_sandbox, "POST", "/_sandbox/reset", {**headers, "X-Sandbox": "1"})[0] == 200
    assert still_sandbox.control("GET", "/faults")["faults"] == []


def test_x1_programs_of_this_machine_and_its_own_pages_are_answered(still_sandbox: Sandbox) -> None:
    own = {"Origin": f"http://localhost:{still_sandbox.port}", "Sec-Fetch-Site": "same-origin"}
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
    assert send(still_sandbox, "GET", "/_sandbox", typed)[0] == 200
    assert send(still_sandbox, "POST", "/_sandbox/reset", {**own, **JSON})[0] == 200
    # As docs/sandbox.md does it with curl: no page can send PATCH without being asked first.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(still_sandbox, "PATCH", "/_sandbox/openai/accounts/acme", form, b'{"closed": true}')[0] == 200


@pytest.mark.parametrize("marks", [*FOREIGN, {"Host": "evil.example:{port}"}])
def test_x1_the_hosts_answer_no_page_of_elsewhere(still_sandbox: Sandbox, marks: dict[str, str]) -> None:
    """Even with a key, which it may know where the sandbox has a seed."""
    headers = {name: value.format(port=still_sandbox.port) for name, value in marks.items()}
    key = {"Authorization": f"Bearer {still_sandbox.api_key}", "api-key": still_sandbox.api_key}
    boundary = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--b--\r\n'
    for path in ("/v1/files", "/azure/openai/v1/files", "/compatible/v1/files", "/n/space/b/bucket/o/x", "/bucket/key"):
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        assert send(still_sandbox, "POST", path, {**headers, **key, **kind}, boundary)[0] == 403
        assert send(still_sandbox, "DELETE", path, {**headers, **key})[0] == 403
    assert still_sandbox.count() == 0
