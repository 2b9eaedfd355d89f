# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server: faults, clock, request log, seeding, the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

PROGRAM = Path(__file__).resolve().parents[3] / "extensions" / "sandbox"


def http(sandbox: Sandbox, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """A control call over HTTP."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(sandbox.control_url + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    ("fault", "error", "jobs"),
    [
        ({"status": 500}, openai.InternalServerError, 0),
        ({"status": 500, "when": "after"}, openai.InternalServerError, 1),
        ({"status": 502}, openai.InternalServerError, 0),
        ({"status": 429, "headers": {"Retry-After": "7"}}, openai.RateLimitError, 0),
        ({"reset": "before"}, openai.APIConnectionError, 0),
        ({"reset": "after"}, openai.APIConnectionError, 1),
    ],
)
def test_faults_before_and_after_the_change(
    still_sandbox: Sandbox,
    start: Callable[..., Any],
    fault: dict[str, Any],
    error: type[Exception],
    jobs: int,
) -> None:
    still_sandbox.fault("openai.jobs.create", times=1, **fault)
    with pytest.raises(error) as caught:
        start()
    assert len(still_sandbox.openai.jobs()) == jobs
    if fault.get("headers"):
        assert caught.value.response.headers["retry-after"] == "7"
        assert caught.value.code == "rate_limit_exceeded"
    entry = still_sandbox.requests("openai.jobs.create")[-1]
    assert entry["status"] == fault.get("status") and entry["fault"]
    start()
    assert len(still_sandbox.openai.jobs()) == jobs + 1


def test_a_fault_can_skip_and_repeat_and_carry_its_own_body(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    still_sandbox.fault("openai.files.*", status=418, body={"error": {"message": "teapot"}}, after=1, times=2)
    statuses = [client.files.with_raw_response.list().status_code]
    for _unused in range(2):
        with pytest.raises(openai.APIStatusError, match="teapot") as caught:
            client.files.list()
        statuses.append(caught.value.status_code)
    statuses.append(client.files.with_raw_response.list().status_code)
    assert statuses == [200, 418, 418, 200]
    assert http(still_sandbox, "GET", "/faults")[1]["faults"][0]["fired"] == 2


def test_a_probability_is_reproducible(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    def outcomes() -> list[bool]:
        still_sandbox.clear_faults()
        still_sandbox.fault("openai.models.list", status=503, probability=0.5, seed=3)
        seen = []
        for _unused in range(20):
            try:
                client.models.list()
                seen.append(True)
            except openai.InternalServerError:
                seen.append(False)
        return seen

    first = outcomes()
    assert first == outcomes() and len(set(first)) == 2


def test_faults_speak_azure(still_sandbox: Sandbox, azure: openai.AzureOpenAI) -> None:
    still_sandbox.fault("openai.jobs.list", status=400)
    with pytest.raises(openai.BadRequestError) as caught:
        azure.fine_tuning.jobs.list()
    assert caught.value.code == "invalidPayload"


@pytest.mark.parametrize(
    ("method", "path", "body", "says"),
    [
        ("POST", "/faults", {"operation": "openai.jobs.crate", "status": 500}, "no operation matches"),
        ("POST", "/faults", {"operation": "openai.*"}, "at least one of"),
        ("POST", "/faults", {"operation": "openai.*", "status": 9}, "'status'"),
        ("POST", "/faults", {"operation": "openai.*", "reset": "after", "status": 500}, "excludes"),
        ("POST", "/faults", {"operation": "openai.*", "delay": "long"}, "'delay' must be a number"),
        ("POST", "/faults", {"operation": "openai.*", "status": 500, "colour": 1}, "unknown key 'colour'"),
        ("POST", "/clock", {"advance": -1}, "advance"),
        ("POST", "/clock", {"speed": -1}, "speed"),
        ("POST", "/clock", {}, "give 'speed'"),
        ("POST", "/openai/settings", {"daily_jobs": "many"}, "daily_jobs"),
        ("POST", "/openai/settings", {"colour": 1}, "unknown setting"),
        ("POST", "/openai/scenarios", {"scenario": "death"}, "must be one of"),
        ("POST", "/openai/seed", {}, "give 'jobs' or 'files'"),
        ("POST", "/openai/seed", {"jobs": [{"status": "running"}]}, "must be one of"),
        ("POST", "/openai/accounts", {"name": "acme"}, "exists already"),
        ("GET", "/openai/accounts/nobody", None, "no account"),
        ("GET", "/nothing", None, "no control call"),
        ("DELETE", "/faults/fault-99", None, "no fault"),
    ],
)
def test_bad_control_input_is_explained(still_sandbox: Sandbox, method: str, path: str, body: Any, says: str) -> None:
    status, answer = http(still_sandbox, method, path, body)
    assert status in {400, 404, 409} and says in answer["error"]["message"]


def test_scenarios_by_their_former_name(still_sandbox: Sandbox) -> None:
    status, added = http(still_sandbox, "POST", "/openai/fates", {"fate": "server_error", "suffix": "bot"})
    assert status == 200 and added["scenario"] == "server_error"
    assert http(still_sandbox, "GET", "/openai/fates") == (200, {"fates": [added]})
    assert http(still_sandbox, "GET", "/openai/scenarios") == (200, {"scenarios": [added]})
    assert http(still_sandbox, "DELETE", f"/openai/fates/{added['id']}") == (200, {"removed": 1})


def test_the_log_counts_and_hides_keys(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    client.files.create(file=("a.jsonl", b"{}\n"), purpose="fine-tune")
    list(client.fine_tuning.jobs.list(metadata={"a": "b"}))
    status, answer = http(still_sandbox, "GET", "/requests")
    assert status == 200 and [entry["operation"] for entry in answer["requests"]] == [
        "openai.files.create",
        "openai.jobs.list",
    ]
    entry = answer["requests"][1]
    assert (entry["status"], entry["path"], entry["query"]) == (
        200,
        "/v1/fine_tuning/jobs",
        "metadata%5Ba%5D=b",
    )
    assert entry["key"] == "..." + still_sandbox.api_key[-4:] and still_sandbox.api_key not in json.dumps(answer)
    assert http(still_sandbox, "GET", "/requests/count?operation=openai.jobs.*")[1]["count"] == 1
    assert still_sandbox.count() == 2
    http(still_sandbox, "DELETE", "/requests")
    assert still_sandbox.count() == 0


def test_connections_are_kept_alive(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", still_sandbox.port)
    ports = set()
    for _unused in range(3):
        connection.request("POST", "/v1/files", body=b"not a form", headers={"Authorization": "Bearer x"})
        answer = connection.getresponse()
        assert answer.status == 401 and answer.read()
        ports.add(connection.sock.getsockname())
    assert len(ports) == 1


def test_the_clock(still_sandbox: Sandbox) -> None:
    now = still_sandbox.clock.now()
    assert still_sandbox.advance(100) == now + 100 == still_sandbox.clock.now()
    still_sandbox.set_speed(1e6)
    time.sleep(0.01)
    assert still_sandbox.clock.now() > now + 1000
    assert http(still_sandbox, "POST", "/clock", {"speed": 0})[1]["speed"] == 0


def test_ten_thousand_old_jobs_cost_one_page(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    made = still_sandbox.openai.seed(jobs=10_000, files=10, metadata={"number": "n{i}"})
    assert len(set(made["jobs"])) == 10_000
    found = client.fine_tuning.jobs.list(metadata={"number": "n77"})
    assert [job.id for job in found.data] == [made["jobs"][77]] and not found.has_more
    jobs = client.fine_tuning.jobs.list(limit=100).data
    assert {job.status for job in jobs} == {"succeeded", "failed", "cancelled"}
    succeeded = next(job for job in jobs if job.status == "succeeded")
    assert client.models.retrieve(succeeded.fine_tuned_model or "")
    assert client.files.content(made["files"][0]).content


def test_single_jobs_can_be_seeded(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    made = still_sandbox.openai.seed(
        jobs=[
            {"status": "failed", "metadata": {"name": "a"}, "error": "server_error", "ago": 50},
            {"model": "gpt-4.1", "hyperparameters": {"n_epochs": 7}, "keep_model": False, "ago": 40},
        ]
    )
    failed, other = (client.fine_tuning.jobs.retrieve(job) for job in made["jobs"])
    assert failed.status == "failed" and failed.error and failed.error.code == "server_error"
    assert other.hyperparameters.n_epochs == 7 and other.created_at > failed.created_at
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve(other.fine_tuned_model or "")


def test_reset_forgets_all_but_the_key(
    still_sandbox: Sandbox, client: openai.OpenAI, start: Callable[..., Any]
) -> None:
    start()
    still_sandbox.fault("openai.*", status=500)
    still_sandbox.reset()
    assert client.fine_tuning.jobs.list().data == [] and client.files.list().data == []
    start()


def test_a_closed_sandbox_answers_nobody() -> None:
    from finetune_sandbox import Sandbox

    sandbox = Sandbox(speed=0).start()
    client = openai.OpenAI(base_url=sandbox.openai_url, api_key=sandbox.api_key, max_retries=0)
    client.models.list()
    sandbox.close()
    sandbox.close()
    with pytest.raises(openai.APIConnectionError):
        client.models.list()


Program = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def program() -> Iterator[Program]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, str(PROGRAM), *arguments], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def wait_for(path: Path, process: subprocess.Popen[str]) -> Any:
    """The port file, once it is there."""
    while not path.exists():
        assert process.poll() is None, "the sandbox ended"
        time.sleep(0.02)
    return json.loads(path.read_text())


def test_the_command_line(program: Program, tmp_path: Path) -> None:
    port_file, pid_file = tmp_path / "port.json", tmp_path / "pid"
    process = program("--port-file", str(port_file), "--pid-file", str(pid_file), "--print-env", "--speed", "5")
    ready = wait_for(port_file, process)
    assert ready["pid"] == process.pid == int(pid_file.read_text())
    client = openai.OpenAI(base_url=ready["env"]["OPENAI_BASE_URL"], api_key=ready["env"]["OPENAI_API_KEY"])
    assert client.models.list().data
    process.send_signal(signal.SIGTERM)
    output, _unused = process.communicate(timeout=30)
    assert process.returncode == 0 and not port_file.exists() and not pid_file.exists()
    exported = dict(line.removeprefix("export ").split("=", 1) for line in output.splitlines())
    assert exported == ready["env"]


def test_it_ends_with_its_parent(program: Program, tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = program("--port-file", str(tmp_path / "p"), "--parent", str(parent.pid))
    wait_for(tmp_path / "p", process)
    os.kill(parent.pid, signal.SIGKILL)  # Not waited for: a zombie is gone, too.
    assert process.wait(timeout=30) == 0
    parent.communicate()


def test_a_taken_port_is_reported(program: Program, still_sandbox: Sandbox, capfd: Any) -> None:
    process = program("--port", str(still_sandbox.port))
    assert process.wait(timeout=30) == 1
    assert f"cannot start on port {still_sandbox.port}" in capfd.readouterr().err
