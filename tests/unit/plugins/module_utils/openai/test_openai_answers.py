# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no answer of an OpenAI-style API: pages of proxies, odd bodies, redirects to other hosts."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    TransientError,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.client import AUTH_SPEC, make_api
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.jobs import list_jobs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import FakeModule, defaults
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Elsewhere
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

PAGE = (
    "<!DOCTYPE html><html><head><title>Sign\x1b[2J in &amp; go</title></head><body>"
    + "secret " * 999
    + "</body></html>"
)
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as other:
        yield other


def test_o4_parts_of_an_upload_never_follow_a_redirect(
    still_sandbox: Sandbox, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import dataset

    monkeypatch.setattr(dataset, "_LARGEST_FILE", 10)
    host = Host(still_sandbox)
    still_sandbox.fault("openai.uploads.parts.create", status=307, headers={"Location": elsewhere.url})
    with pytest.raises(ApiError, match="redirect"):
        host.dataset(chat_lines())
    assert elsewhere.got == []


def test_o4_a_redirect_on_the_same_host_is_followed(still_sandbox: Sandbox) -> None:
    host = Host(still_sandbox)
    job = host.playbook("bot")["job_id"]
    still_sandbox.fault("openai.jobs.list", status=307, headers={"Location": "/v1/fine_tuning/jobs?limit=100"}, times=1)
    assert host.info(name="bot")[0]["job_id"] == job


def test_e1_a_read_that_a_proxy_answered_is_looked_at_again(still_sandbox: Sandbox) -> None:
    host = Host(still_sandbox)
    file_id = host.file()
    for operation in ("openai.jobs.list", "openai.files.retrieve"):
        still_sandbox.fault(operation, status=200, body=PAGE, headers=HTML, times=1)
    assert host.wanted(file_id)["status"] == "succeeded"
    assert len(host.uncancelled()) == 1


@pytest.fixture
def dripping() -> Iterator[str]:
    """A host whose answer never ends, though its pieces keep coming."""
    over = threading.Event()

    class Drips(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            while not over.wait(0.02):
                with contextlib.suppress(OSError):
                    self.wfile.write(b" ")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drips)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    over.set()
    server.shutdown()
    server.server_close()


def test_t1_an_answer_that_drips_ends_a_task_that_does_not_wait(dripping: str) -> None:
    """wait_timeout bounds it not, and the library's time-out is that of each piece."""
    given = {"api_key": "k", "base_url": dripping, "timeout": 0.2, "max_retries": 0}
    api = make_api(FakeModule({**defaults(AUTH_SPEC), **given}))  # type: ignore[arg-type]
    with pytest.raises(TransientError, match="no whole answer after 0.2 s"):
        list(list_jobs(api))


@pytest.mark.parametrize("odd", ["\ud800\x00", "ft:\x1b[2J", "x" * 5000, "9" * 400])
def test_e2_a_model_that_can_have_no_such_name_is_no_reason_to_train_again(still_sandbox: Sandbox, odd: str) -> None:
    """A list that holds such a thing is no answer: what it says of the model is not taken for a deletion."""
    host = Host(still_sandbox)
    job = host.playbook("bot")["job_id"]
    request = urllib.request.Request(
        f"{host.reach.urls['openai']}/fine_tuning/jobs", headers={"Authorization": f"Bearer {host.reach.api_key}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        listed = json.load(answer)
    listed["data"][0]["fine_tuned_model"] = odd
    still_sandbox.fault("openai.jobs.list", status=200, body=json.dumps(listed), times=1, headers=JSON)
    assert host.playbook("bot")["job_id"] == job
    assert host.uncancelled() == [job]
