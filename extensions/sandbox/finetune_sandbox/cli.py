# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: start, say how to reach it, serve until told to stop."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from finetune_sandbox.sandbox import Sandbox
from finetune_sandbox.server.checks import ControlError


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code: 0 after SIGTERM, SIGINT or the end of the parent; 1 when it cannot start."""
    options = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        sandbox = Sandbox(
            speed=options.speed, port=options.port, seed=options.seed, settings=_settings(options.settings)
        )
    except ControlError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f"sandbox: cannot start on port {options.port}: {error}", file=sys.stderr)
        return 1
    written: list[Path] = []
    try:
        with sandbox:
            if options.pid_file:
                _write(options.pid_file, f"{os.getpid()}\n", written)
            if options.port_file:
                ready = {
                    "url": sandbox.url,
                    "control_url": sandbox.control_url,
                    "port": sandbox.port,
                    "pid": os.getpid(),
                    "env": sandbox.environment(),
                    "dialects": {
                        name: table
                        for p in sandbox.providers.values()
                        for name, table in p.environment(sandbox.url).items()
                    },
                }
                _write(options.port_file, json.dumps(ready, indent=2) + "\n", written)
            if options.print_env:
                for name, value in sandbox.environment().items():
                    print(f"export {name}={shlex.quote(value)}")
            else:
                print(_greeting(sandbox))
            sys.stdout.flush()
            while not stop.wait(0.25):
                if options.parent is not None and not _alive(options.parent):
                    break
    finally:
        for path in written:
            path.unlink(missing_ok=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python extensions/sandbox",
        description="Offline providers for fine-tuning on 127.0.0.1. The training is simulated. Guide: docs/sandbox.md",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 (the default) takes a free one")
    parser.add_argument("--speed", type=float, default=60.0, help="virtual seconds per second (default 60)")
    parser.add_argument("--seed", type=int, help="make ids and learning curves the same in every run")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="PROVIDER.NAME=VALUE",
        help="a setting, e.g. openai.tuned_models=hidden; the value is JSON or a word; may be repeated",
    )
    parser.add_argument("--port-file", type=Path, help="write JSON (url, pid, env) here once it is ready")
    parser.add_argument("--pid-file", type=Path, help="write the process id here")
    parser.add_argument("--print-env", action="store_true", help="print nothing but export lines")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process is gone")
    return parser


def _settings(texts: list[str]) -> dict[str, dict[str, Any]]:
    """By provider, of PROVIDER.NAME=VALUE. ControlError for what is not of this form."""
    settings: dict[str, dict[str, Any]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        provider, dot, name = place.partition(".")
        if not (equals and dot and provider and name):
            raise ControlError(f"--set {text!r} is not PROVIDER.NAME=VALUE, such as openai.tuned_models=hidden.")
        own = settings.setdefault(provider, {})
        try:
            own[name] = json.loads(value)
        except (ValueError, RecursionError):
            own[name] = value
    return settings


def _greeting(sandbox: Sandbox) -> str:
    lines = [f"The sandbox listens on {sandbox.url} (the training is simulated). Stop it with Ctrl-C.", ""]
    together = sandbox.environment()
    for provider in sandbox.providers.values():
        for dialect, table in provider.environment(sandbox.url).items():
            lines.append(f"# {dialect}")
            for name, value in table.items():
                # All lines may be copied at once: what dialects disagree about is a comment.
                comment = "" if name in together else "# "
                lines.append(f"{comment}export {name}={shlex.quote(value)}")
            lines.append("")
    lines.append(f"# control API: {sandbox.control_url}")
    return "\n".join(lines)


def _write(path: Path, text: str, written: list[Path]) -> None:
    """Write atomically: a reader sees the whole file or none. It holds a key, so only the owner may read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
    written.append(path)


def _alive(pid: int) -> bool:
    """Whether a process runs; one that ended but was not waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        state = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in {"Z", "X"}
