# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small host of OpenAI's API that does as it is told: habits that the sandbox's dialects do not have.

Jobs succeed after a minute of a simulated clock.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import SandboxClock
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Tasks

START = 1790000000.0
TRAINING = 60.0
Answer = tuple[int, Any]
Rule = Callable[[str, str, dict[str, Any]], Any]
"""What is answered to a method, a path and a body: an :data:`Answer`; None: as usual."""


class SmallHost:
    """``names``: what a job's model is called. ``shows``: what of a job is shown. ``rule``: what it does otherwise."""

    def __init__(self) -> None:
        self.now = START
        self.url = ""
        self.jobs: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.models: set[str] = set()
        self.calls: list[tuple[str, str]] = []
        self.names: Callable[[dict[str, Any]], str] = lambda job: f"tuned-{job['id']}"
        self.shows: Callable[[dict[str, Any]], dict[str, Any]] = lambda job: job
        self.rule: Rule = lambda method, path, body: None
        self.page: Callable[[list[dict[str, Any]]], dict[str, Any]] = lambda found: {"data": found, "has_more": False}

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What was not only read."""
        return [call for call in self.calls if call[0] != "GET"]

    def add_file(self, filename: str = "train.jsonl", status: str = "processed") -> str:
        """A file that is there."""
        file_id = f"file-{len(self.files) + 1}"
        shown = {"filename": filename, "bytes": 100, "purpose": "fine-tune", "status": status}
        self.files.insert(0, {"id": file_id, "object": "file", "created_at": int(self.now), **shown})
        return file_id

    def add_job(self, model: str, training_file: str, **members: Any) -> dict[str, Any]:
        """A job, as POST makes it."""
        number = len(self.jobs) + 1
        job = {
            "id": f"ftjob-{number}",
            "object": "fine_tuning.job",
            "created_at": int(self.now),
            "finished_at": None,
            "status": "running",
            "model": model,
            "fine_tuned_model": None,
            "training_file": training_file,
            **members,
        }
        self.jobs.insert(0, job)
        return job

    def _pass_by(self) -> None:
        for job in self.jobs:
            if job["status"] == "running" and self.now >= job["created_at"] + TRAINING:
                name = self.names(job)
                job.update(status="succeeded", finished_at=int(job["created_at"] + TRAINING), fine_tuned_model=name)
                self.models.add(name)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """By the rule, else as OpenAI does it."""
        self._pass_by()
        self.calls.append((method, path))
        return self.rule(method, path, body) or self.usual(method, path, body)

    def usual(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """As OpenAI does it."""
        if path == "/fine_tuning/jobs":
            if method == "POST":
                return 200, self.shows(self.add_job(**body))
            return 200, self.page([self.shows(job) for job in self.jobs])
        found = re.fullmatch(r"/fine_tuning/jobs/([^/]+)(/\w+)?", path)
        if found and found[2] in ("/events", "/checkpoints"):
            return 200, {"data": [], "has_more": False}
        if found:
            job = next((job for job in self.jobs if job["id"] == found[1]), None)
            if job is None:
                return 404, {"error": {"message": "no such job"}}
            if found[2] == "/cancel":
                job.update(status="cancelled", finished_at=int(self.now))
            return 200, self.shows(job)
        if path.startswith("/models"):
            return self._models(method, path.removeprefix("/models").lstrip("/"))
        return self._files(method, path.removeprefix("/files").lstrip("/"))

    def _models(self, method: str, name: str) -> Answer:
        if not name:
            return 200, {"data": [{"id": name} for name in ("base", *sorted(self.models))]}
        if name not in self.models:
            return 404, {"error": {"message": "no such model"}}
        if method == "DELETE":
            self.models.discard(name)
            return 200, {"id": name, "deleted": True}
        return 200, {"id": name}

    def _files(self, method: str, name: str) -> Answer:
        if not name:
            return 200, {"data": self.files, "has_more": False}
        file = next((file for file in self.files if file["id"] == name), None)
        if file is None:
            return 404, {"error": {"message": "no such file"}}
        if method == "DELETE":
            self.files.remove(file)
            return 200, {"id": name, "deleted": True}
        return 200, file


class _Reach:
    def __init__(self, url: str) -> None:
        self.api_key = "sk-small"
        self.urls = {"small": url}


class SmallTasks(Tasks):
    """Tasks of the modules for such a host."""

    def __init__(self, host: SmallHost) -> None:
        def advance(seconds: float) -> None:
            host.now += seconds

        reach: Any = _Reach(host.url)
        super().__init__(reach, _Clock(advance, lambda: host.now), "small")
        self.base = "acme/Qwen3-32B"
        self.kind = "compatible"

    @property
    def auth(self) -> dict[str, Any]:
        """With the kind of host that the tasks take it for."""
        return {**super().auth, "api_type": self.kind}

    def off(self, seconds: float) -> None:
        """From now on this controller's clock is so much ahead of the host's."""
        assert isinstance(self.clock, _Clock)
        self.clock.off = seconds


class _Clock(SandboxClock):
    off = 0.0

    def time(self) -> float:
        return super().time() + self.off


@contextmanager
def small_host() -> Iterator[SimpleNamespace]:
    """``host``, and ``tasks`` for it."""
    host = SmallHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            given = self.rfile.read(length)
            json_body = length and "json" in str(self.headers.get("Content-Type"))
            path = unquote(self.path.partition("?")[0].removeprefix("/v1"))
            status, found = host.answer(self.command, path, json.loads(given) if json_body else {})
            data = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(host.now, usegmt=True)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield SimpleNamespace(host=host, tasks=SmallTasks(host))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
