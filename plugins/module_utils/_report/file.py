# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the page into a file. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._engine.errors import FineTuneError
from .._engine.paths import check_destination, not_writable
from .page import page


def put(
    params: Mapping[str, Any],
    check_mode: bool,
    move: Callable[[str, str], object],
    attributes: Callable[[str, dict[str, dict[str, Any]]], bool],
) -> dict[str, Any]:
    """Write the page of the results to the file ``dest``, unless it has this content already. Returns the result keys.

    ``move(source, target)`` moves the written file into place. ``attributes(path, diff)`` sets mode, owner and so on,
    and returns whether that changed anything. Raises FineTuneError if the file cannot be written.
    """
    path = Path(params["dest"]).absolute()  # the function ``move`` needs a path with a folder
    check_destination("dest", path)
    content = page(params["title"], params["results"]).encode()
    digest = hashlib.sha256(content).hexdigest()
    try:
        before = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        changed = before != digest
        if changed and not os.access(path.parent, os.W_OK | os.X_OK):
            raise not_writable(path.parent)
        if changed and not check_mode:
            number, written = tempfile.mkstemp(prefix=".ansible_tmp", dir=path.parent)
            try:
                with os.fdopen(number, "wb") as stream:
                    stream.write(content)
                move(written, str(path))
            finally:
                Path(written).unlink(missing_ok=True)
    except OSError as error:
        raise FineTuneError(
            f"Writing {path} failed: {error.strerror or error}.", hint="Check the file system, then run again."
        ) from error
    diff: dict[str, dict[str, Any]] = {"before": {"sha256": before}, "after": {"sha256": digest}}
    changed = attributes(str(path), diff) or changed
    return {"changed": changed, "dest": str(path), "sha256": digest, "diff": diff}
