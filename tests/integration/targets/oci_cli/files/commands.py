# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands of the OCI CLI one after the other and prints what each said as JSON.

The arguments are the service and a JSON list of its commands, each a list of arguments. Each command runs in a process
of its own; they share the import of the CLI, which takes longest. Each answer has ``rc``, ``stdout`` and ``stderr``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

PROCESSES = multiprocessing.get_context("fork")


def call(arguments: list[str], out: Path, err: Path) -> None:
    """As `oci` in a shell."""
    for file, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    sys.argv = ["oci", *arguments]
    import_module("oci_cli.cli").cli()


def answer(arguments: list[str]) -> dict[str, Any]:
    """What one command said."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PROCESSES.Process(target=call, args=(arguments, out, err))
        process.start()
        process.join()
        said = {name: file.read_text(encoding="utf-8") for name, file in (("stdout", out), ("stderr", err))}
        return {"rc": process.exitcode, **said}


def main() -> None:
    service, commands = sys.argv[1:]
    # What the CLI loads depends on the arguments that it finds when it is imported.
    sys.argv = ["oci", service]
    import_module("oci_cli.cli")
    print(json.dumps([answer([service, *arguments]) for arguments in json.loads(commands)]))


if __name__ == "__main__":
    main()
