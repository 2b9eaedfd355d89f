# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures, faults, the rate limit, seeding, reset, and that nobody pays for what they do not use."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import oci
import pytest
from ansible_collections.llmops.finetune.tests.unit.sandbox.oci.oci_tools import connect, model_details
from ansible_collections.llmops.finetune.tests.unit.sandbox.raw_tools import odd_bodies

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

Refused = Callable[..., "tuple[int, str]"]


def ask(
    sandbox: Sandbox, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def signed(sandbox: Sandbox, method: str, path: str, body: bytes | None = None, **changes: str) -> dict[str, str]:
    """The headers of a request that is signed as it should be, but for the changes."""
    config = oci.config.from_file(sandbox.oci.config_file)
    given = {name: config[name] for name in ("tenancy", "user", "fingerprint")}
    own = {name: changes.pop(name) for name in list(changes) if name in given}
    signer = oci.signer.Signer(private_key_file_location=config["key_file"], **{**given, **own})
    request = oci._vendor.requests.Request(method, sandbox.url + path, headers=changes, data=body).prepare()
    return dict(signer(request).headers)


def test_an_unsigned_request_is_refused(still_sandbox: Sandbox) -> None:
    for path in ("/20231130/models", "/n"):
        status, body = ask(still_sandbox, "GET", path, {})
        assert status == 401 and b'"code": "NotAuthenticated"' in body


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "00:11"},
        {"user": "ocid1.user.oc1..other"},
        {"date": formatdate(1_700_000_000, usegmt=True)},
        {"date": "yesterday"},
    ],
)
def test_a_wrong_signature_is_refused(still_sandbox: Sandbox, changes: dict[str, str]) -> None:
    assert ask(still_sandbox, "GET", "/n", signed(still_sandbox, "GET", "/n"))[0] == 200
    assert ask(still_sandbox, "GET", "/n", signed(still_sandbox, "GET", "/n", None, **changes))[0] == 401


def test_what_was_signed_must_be_what_was_sent(still_sandbox: Sandbox) -> None:
    headers = signed(still_sandbox, "GET", "/n")
    assert ask(still_sandbox, "GET", "/n?compartmentId=x", headers)[0] == 401
    path, json = "/20231130/models", {"content-type": "application/json"}
    headers = signed(still_sandbox, "POST", path, b'{"a":1}', **json)
    assert ask(still_sandbox, "POST", path, headers, b'{"a":2}')[0] == 401
    assert ask(still_sandbox, "POST", path, headers, b'{"a":1}')[0] == 400


def test_a_security_token_is_accepted(still_sandbox: Sandbox) -> None:
    assert connect(still_sandbox, "object_storage", "SESSION").get_namespace().data == still_sandbox.oci.namespace


def test_a_client_that_waits_for_100_continue_gets_it_once(still_sandbox: Sandbox) -> None:
    path = f"/n/{still_sandbox.oci.namespace}/b/{still_sandbox.oci.bucket}/o/x"
    headers = signed(still_sandbox, "PUT", path, b"abc")
    headers = {**headers, "expect": "100-continue", "content-length": "3", "connection": "close"}
    with socket.create_connection(("127.0.0.1", still_sandbox.port)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() != "host")
        connection.sendall(f"PUT {path} HTTP/1.1\r\nhost: 127.0.0.1:{still_sandbox.port}\r\n{head}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"abc")
        rest = b""
        while data := connection.recv(1000):
            rest += data
    assert b"HTTP/1.1 200" in rest and b"100 Continue" not in rest


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NotAuthorizedOrNotFound"), (409, "IncorrectState"), (429, "TooManyRequests"), (500, "InternalServerError")],
)
def test_a_fault_has_the_body_of_oci(still_sandbox: Sandbox, ai: Any, refused: Refused, status: int, code: str) -> None:
    still_sandbox.fault("oci.GetModel", status=status, times=1)
    assert refused(ai.get_model, still_sandbox.oci.base_model_id) == (status, code)
    assert ai.get_model(still_sandbox.oci.base_model_id).status == 200


def test_a_lost_answer_to_a_create(still_sandbox: Sandbox, ai: Any) -> None:
    still_sandbox.fault("oci.CreateModel", reset="after", times=1)
    with pytest.raises(oci.exceptions.RequestException):
        ai.create_model(model_details(still_sandbox), opc_retry_token="t")
    [made] = still_sandbox.oci.models()
    assert ai.create_model(model_details(still_sandbox), opc_retry_token="t").data.id == made["id"]
    assert still_sandbox.count("oci.CreateModel") == 2


def test_limits(still_sandbox: Sandbox, ai: Any, start: Any, refused: Refused) -> None:
    still_sandbox.oci.settings(models=1)
    start()
    assert refused(ai.create_model, model_details(still_sandbox)) == (400, "LimitExceeded")
    still_sandbox.oci.settings(requests_per_second=1)
    codes = set()
    for _unused in range(5):
        try:
            ai.get_model(still_sandbox.oci.base_model_id)
        except oci.exceptions.ServiceError as error:
            codes.add((error.status, error.code))
    assert codes == {(429, "TooManyRequests")}


def test_paths_that_lead_nowhere(still_sandbox: Sandbox) -> None:
    for method, path, status in (("GET", "/20231130/nothing", 404), ("DELETE", "/20231130/models", 405)):
        assert ask(still_sandbox, method, path, signed(still_sandbox, method, path))[0] == status
    assert still_sandbox.count("oci.unknown") == 2


def test_seeded_models_and_reset(still_sandbox: Sandbox, ai: Any, start: Any, refused: Refused) -> None:
    place = still_sandbox.oci
    made = place.seed(models=1000, freeform_tags={"n": "{i}"})["models"]
    assert len(made) == 1000 and place.models() == [] and len(place.models(seeded=True)) == 1000
    assert ai.list_models(place.compartment_id, display_name="old-7").data.items[0].freeform_tags == {"n": "7"}
    start()
    still_sandbox.reset()
    assert refused(ai.get_model, made[0]) == (404, "NotAuthorizedOrNotFound")
    assert ai.get_dedicated_ai_cluster(place.cluster_id).data.lifecycle_state == "ACTIVE"


def test_bad_control_input_says_what_is_wrong(still_sandbox: Sandbox) -> None:
    from finetune_sandbox import ControlError

    place = still_sandbox.oci
    with pytest.raises(ControlError, match="unknown setting 'x'"):
        place.settings(x=1)
    with pytest.raises(ControlError, match="'models' must be a number"):
        place.seed(models="x")
    with pytest.raises(ControlError, match="no work request 'x'"):
        place.cancel("x")


def test_environment(still_sandbox: Sandbox) -> None:
    table = still_sandbox.oci_env
    assert table["OCI_SERVICE_ENDPOINT"] == still_sandbox.url
    path = Path(table["OCI_CONFIG_FILE"])
    assert path.stat().st_mode & 0o077 == 0
    assert oci.config.from_file(str(path))["region"] == table["OCI_REGION"]


def test_other_providers_do_not_wait_for_the_sdk() -> None:
    """Neither the SDK nor cryptography is imported before something of OCI is asked for."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from finetune_sandbox import Sandbox\n"
        "with Sandbox() as s:\n"
        "    s.environment('openai')\n"
        "    assert 'oci' not in sys.modules and not (s.oci._folder / 'config').exists()\n"
        "    s.oci.config_file\n"
    )
    folder = Path(__file__).resolve().parents[4] / "extensions" / "sandbox"
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True, timeout=60)


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("/20231130/models", "displayName"),
        ("/20231130/models", "freeformTags"),
        ("/20231130/dedicatedAiClusters", "unitCount"),
        ("/n/NAMESPACE/b", "name"),
    ],
)
def test_x2_odd_bodies(still_sandbox: Sandbox, path: str, member: str) -> None:
    path = path.replace("NAMESPACE", still_sandbox.oci.namespace)
    for name, body in odd_bodies(member).items():
        headers = signed(still_sandbox, "POST", path, body, **{"Content-Type": "application/json"})
        status, content = ask(still_sandbox, "POST", path, headers, body)
        answer = json.loads(content)
        assert (status, bool(answer["code"]), bool(answer["message"])) == (400, True, True), (name, answer)
    assert still_sandbox.oci.models() == []
