# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs commands of the AWS CLI one after the other and prints what each said as JSON.

The argument is a JSON list of commands, each a list of arguments. Each command runs in a process of its own; they share
the import of the CLI, which takes longest. Each answer has ``rc``, ``stdout`` and ``stderr``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from awscli.clidriver import create_clidriver, main

PROCESSES = multiprocessing.get_context("fork")


def call(arguments: list[str], out: Path, err: Path) -> None:
    """As `aws` in a shell."""
    for file, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    sys.argv = ["aws", *arguments]
    sys.exit(main())


def answer(arguments: list[str]) -> dict[str, Any]:
    """What one command said."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PROCESSES.Process(target=call, args=(arguments, out, err))
        process.start()
        process.join()
        said = {name: file.read_text(encoding="utf-8") for name, file in (("stdout", out), ("stderr", err))}
        return {"rc": process.exitcode, **said}


if __name__ == "__main__":
    create_clidriver()  # imports what all commands need
    print(json.dumps([answer(arguments) for arguments in json.loads(sys.argv[1])]))
