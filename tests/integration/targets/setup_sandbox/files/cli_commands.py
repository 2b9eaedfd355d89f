# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands of the CLI of AWS or OCI one after the other and prints what each said as JSON.

cli_commands.py aws|oci [SERVICE] COMMANDS: COMMANDS are a JSON list of commands, of the service if one is named, each a
list of arguments. Each command runs in a process of its own; they share the import of the CLI, which takes longest.
Each answer has ``rc``, ``stdout`` and ``stderr``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

PROCESSES = multiprocessing.get_context("fork")


def load(name: str, service: list[str]) -> Callable[[], Any]:
    """The CLI as a function that reads ``sys.argv``, with what all commands need imported."""
    if name == "aws":
        driver = import_module("awscli.clidriver")
        driver.create_clidriver()
        return lambda: sys.exit(driver.main())
    # What this one imports depends on the arguments that it finds.
    sys.argv = [name, *service]
    cli: Callable[[], Any] = import_module("oci_cli.cli").cli
    return cli


def call(cli: Callable[[], Any], arguments: list[str], out: Path, err: Path) -> None:
    """As in a shell."""
    for file, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    sys.argv = arguments
    cli()


def answer(cli: Callable[[], Any], arguments: list[str]) -> dict[str, Any]:
    """What one command said."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PROCESSES.Process(target=call, args=(cli, arguments, out, err))
        process.start()
        process.join()
        said = {name: file.read_text(encoding="utf-8") for name, file in (("stdout", out), ("stderr", err))}
        return {"rc": process.exitcode, **said}


def main() -> None:
    name, *service, commands = sys.argv[1:]
    cli = load(name, service)
    print(json.dumps([answer(cli, [name, *service, *arguments]) for arguments in json.loads(commands)]))


if __name__ == "__main__":
    main()
