# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""wait_timeout bounds a task whatever the host does: whole module processes against hosts that are silent, let their
answers drip, throttle or refuse connections.

Bound: how much longer such a task takes than one of the same module that fails before any call, at most
``wait_timeout`` and 2 seconds. Both are measured in this run.

``python tests/bench/bench_time.py [PROVIDER ...]``, all if left out.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "extensions" / "sandbox"))

from finetune_sandbox import Sandbox  # noqa: E402  (the sandbox is not installed, it is found by its folder)

WAIT = 5
MOST = WAIT + 2.0
_THROTTLED = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 180\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"


def silent(connection: socket.socket) -> None:
    """Accepts and says nothing."""
    while connection.recv(65536):
        pass


def dripping(connection: socket.socket) -> None:
    """Half a byte a second: no time-out for one read ever ends."""
    connection.recv(65536)
    connection.sendall(_HEAD)
    while True:
        time.sleep(2.0)
        connection.sendall(b" ")


def throttling(connection: socket.socket) -> None:
    """429 with a long Retry-After."""
    connection.recv(65536)
    connection.sendall(_THROTTLED)


@contextmanager
def host(behave: Callable[[socket.socket], None] | None) -> Iterator[str]:
    """The address of a host that behaves so; None: of none at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        if behave is not None:
            threading.Thread(target=_serve, args=(server, behave), daemon=True).start()
            yield address
            return
    yield address


def _serve(server: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    def work(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            behave(connection)

    with suppress(OSError):
        while True:
            threading.Thread(target=work, args=(server.accept()[0],), daemon=True).start()


def options(sandbox: Sandbox, provider: str, url: str) -> tuple[str, dict[str, Any]]:
    """The provider's model module, and a desired state that is right but for the host."""
    sha = "0123456789ab"
    if provider == "openai":
        desired = {"name": "bot", "model": "gpt-4o-mini", "training_file": f"sha256:{sha:0<64}"}
        return "openai_fine_tuned_model", {**desired, "base_url": f"{url}/v1", "api_key": "none"}
    if provider == "bedrock":
        return "bedrock_custom_model", {
            "custom_model_name": "bot",
            "base_model_identifier": "amazon.nova-lite-v1:0",
            "role_arn": "arn:aws:iam::123456789012:role/bedrock",
            "training_data_config": {"s3_uri": f"s3://data-of-bot/bot-{sha}.jsonl"},
            "output_data_config": {"s3_uri": "s3://output-of-bot/"},
            "access_key": "AKIDNONE",
            "secret_key": "none-at-all",
            "region": "us-east-1",
            "endpoint_url": url,
        }
    return "oci_generative_ai_model", {
        "compartment_id": sandbox.oci.compartment_id,
        "display_name": "bot",
        "base_model_id": sandbox.oci.base_model_id,
        "fine_tune_details": {
            "dedicated_ai_cluster_id": sandbox.oci.cluster_id,
            "training_dataset": {"namespace": "ns", "bucket": "data", "object": f"bot-{sha}.jsonl"},
            "training_config": {"training_config_type": "LORA_TRAINING_CONFIG"},
        },
        "service_endpoint": url,
    }


def run(module: str, given: dict[str, Any], environ: dict[str, str]) -> tuple[float, dict[str, Any]]:
    """One module as a process of its own, packed by nothing: how long it took, and its result."""
    args = {"ANSIBLE_MODULE_ARGS": {**given, "wait_timeout": WAIT, "_ansible_remote_tmp": tempfile.gettempdir()}}
    command = [sys.executable, "-m", f"ansible_collections.llmops.finetune.plugins.modules.{module}"]
    begin = time.monotonic()
    done = subprocess.run(command, input=json.dumps(args), capture_output=True, text=True, env=environ, check=False)
    took = time.monotonic() - begin
    try:
        return took, dict(json.loads(done.stdout))
    except ValueError:
        sys.exit(f"{module} did not answer: {done.stdout[-500:]}{done.stderr[-2000:]}")


def main(providers: list[str]) -> int:
    """1 where a bound is missed."""
    missed = 0
    with Sandbox(speed=0, seed=7) as sandbox:
        environ = {**os.environ, **sandbox.env, "PYTHONPATH": os.pathsep.join(map(str, _paths()))}
        for name in ("OCI_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL", "OPENAI_BASE_URL"):
            environ.pop(name, None)
        for provider in providers or ["openai", "bedrock", "oci"]:
            with host(None) as url:
                module, given = options(sandbox, provider, url)
            # As far as a module comes without any call: its SDK is imported, its options are checked.
            start, _told = run(module, {**given, "wait_slice": -1}, environ)
            for behave in (silent, dripping, throttling, None):
                with host(behave) as url:
                    took, told = run(module, options(sandbox, provider, url)[1], environ)
                more = took - start
                fits = more <= MOST and told.get("failed") and not told["changed"]
                missed += not fits
                name = "refusing" if behave is None else behave.__name__
                print(f"{provider:8} {name:10} {more:5.1f} s of {MOST:g} {'ok' if fits else 'MISSED: ' + told['msg']}")
    return 1 if missed else 0


def _paths() -> list[Path]:
    found = [ROOT.parents[2]] if ROOT.parts[-3:] == ("ansible_collections", "llmops", "finetune") else []
    return [*found, *(Path(path) for path in sys.path if path)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
