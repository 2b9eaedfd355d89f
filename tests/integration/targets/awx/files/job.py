# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a job as AWX does. ``job.py <folder>``: the job and what came of it are JSON on standard input and output.

A job has ``credential_types`` (the file), ``credentials`` (name of a type and its inputs), ``environment`` (what AWX's
own types inject), ``extra_vars``, ``options`` of ansible-playbook, and ``on_line``: a pattern, and a call of the
sandbox's control API that is made when the first line that matches it arrives. ``files`` are served by HTTP to whoever
has the user name and password; ``FILES`` and ``OTHER`` in ``extra_vars`` and ``credentials`` are replaced by the URLs
of two of its folders. What is asked for in a folder ``moved`` is at another host.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ansible_runner
import yaml
from jinja2 import sandbox

_PLAYBOOK = """---
- name: Fine-tune
  ansible.builtin.import_playbook: llmops.finetune.fine_tune
"""


class _Unsafe(str):
    """AWX marks all texts in extra variables, so that nothing in them is a template."""


yaml.SafeDumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def _unsafe(given: Any) -> Any:
    if isinstance(given, dict):
        return {key: _unsafe(value) for key, value in given.items()}
    if isinstance(given, list):
        return [_unsafe(value) for value in given]
    return _Unsafe(given) if isinstance(given, str) else given


def inject(kind: dict[str, Any], inputs: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment that a credential makes, as ``CredentialType.inject_credential`` of AWX does it."""
    jinja = sandbox.ImmutableSandboxedEnvironment()
    tower = SimpleNamespace(filename=SimpleNamespace())
    names: dict[str, Any] = {key: value for key, value in inputs.items() if value}
    names["tower"] = tower
    for label, template in kind["injectors"].get("file", {}).items():
        handle, path = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as stream:
            stream.write(jinja.from_string(template).render(**names))
        setattr(tower.filename, label.partition(".")[2], path)
    return {name: jinja.from_string(text).render(**names) for name, text in kind["injectors"].get("env", {}).items()}


@contextmanager
def serve(files: dict[str, Any], log: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The URLs of two folders of a host that asks for a password."""
    wanted = "Basic " + base64.b64encode(f"{files.get('username')}:{files.get('password')}".encode()).decode()
    elsewhere = ""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Authorization")
            guarded = self.server is first
            log.append({"first": guarded, "path": self.path, "password": asked == wanted, "any": asked is not None})
            path = Path(files["folder"], self.path.rpartition("/")[2].partition("?")[0])
            status = 401 if guarded and asked != wanted else 302 if "/moved/" in self.path and guarded else 200
            body = path.read_bytes() if path.is_file() else b""
            self.send_response(status if body or status != 200 else 404)
            if status == 302:
                self.send_header("Location", f"{elsewhere}{self.path}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing: standard error is for what went wrong."""

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as first,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other,
    ):
        elsewhere = f"http://127.0.0.1:{other.server_port}"
        url = f"http://127.0.0.1:{first.server_port}"
        for server in (first, other):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"{url}/files", f"{url}/other"
        finally:
            first.shutdown()
            other.shutdown()


def run(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    """Run it; ``folder`` has the project in ``project``."""
    with tempfile.TemporaryDirectory(dir=folder) as name, serve(job.get("files") or {}, fetched := []) as (url, other):
        return {**_run(Path(name), folder / "project", job, {"FILES": url, "OTHER": other}), "fetched": fetched}


def _run(private: Path, project: Path, job: dict[str, Any], urls: dict[str, str]) -> dict[str, Any]:
    def filled(text: str) -> str:
        return re.sub("|".join(urls), lambda found: urls[found[0]], text)

    for name in ("env", "tmp"):
        (private / name).mkdir()
    (project / "fine_tune.yml").write_text(_PLAYBOOK)
    types = {kind["name"]: kind for kind in yaml.safe_load(Path(job["credential_types"]).read_text())}
    environ = {**job["environment"], "no_proxy": "*", "ANSIBLE_FORCE_COLOR": "0", "TMPDIR": str(private / "tmp")}
    for given in job["credentials"]:
        inputs = {key: filled(value) for key, value in given["inputs"].items()}
        environ.update(inject(types[given["type"]], inputs, private / "env"))
    answers = private / "env" / "answers"
    answers.write_text(filled(yaml.dump(_unsafe(job["extra_vars"]), Dumper=yaml.SafeDumper)))
    lines: list[str] = []
    events: list[dict[str, Any]] = []
    watch = job.get("on_line")

    def handle(event: dict[str, Any]) -> bool:
        nonlocal watch
        events.append(event)
        for line in str(event.get("stdout", "")).splitlines():
            if event["event"] == "verbose":
                lines.append(line)
            if watch and re.search(watch["pattern"], line):
                body = json.dumps(watch["body"]).encode()
                request = urllib.request.Request(watch["url"], body, {"Content-Type": "application/json"})
                urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
                watch = None
        return True

    ended = ansible_runner.run(
        private_data_dir=str(private),
        project_dir=str(project),
        playbook="fine_tune.yml",
        inventory="localhost,",
        cmdline=f"-e @{answers} {job.get('options', '')}".strip(),
        envvars=environ,
        event_handler=handle,
        quiet=True,
        suppress_env_files=True,
    )
    stats = next((event["event_data"] for event in events if event["event"] == "playbook_on_stats"), {})
    failed = [event["event_data"] for event in events if event["event"] == "runner_on_failed"]
    return {
        "status": ended.status,
        "changed": sum(stats.get("changed", {}).values()),
        "artifacts": stats.get("artifact_data", {}),
        "lines": lines,
        "answered": watch is None,
        "msg": "\n".join(str(event["res"].get("msg", "")) for event in failed),
        "output": json.dumps([events, ended.stdout.read(), ended.config.command]),
        "left": [path.name for path in (private / "tmp").glob("fine-tune-*")],
    }


if __name__ == "__main__":
    json.dump(run(Path(sys.argv[1]), json.load(sys.stdin)), sys.stdout)
