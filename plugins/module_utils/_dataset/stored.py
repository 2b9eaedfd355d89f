# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the dataset modules of object stores have in common. Private to llmops.finetune; may change at any time.

An object either carries the hash of its content in its name, or the user names it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._core.model import Capabilities, Progress, Run
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.given import Given, name_of
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.naming import (
    named_sha256,
    parse_remote_name,
    remote_name,
)

CONTENT_TYPE = "application/jsonl"
UNFINISHED_AGE = 86400.0  # seconds; a younger upload in parts may be somebody's who is still at it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def dataset_name(params: Mapping[str, Any], place: str) -> str:
    """The dataset's name, from ``name``, ``src`` or the option ``place``, which is the whole name of the object.

    Raises InvalidInput where it cannot be one, and for what else can be said before the data are read.
    """
    for option in (place, "prefix"):
        if (params[option] or "").startswith("/"):
            raise InvalidInput(f"{option} begins with a slash.", hint="Leave the slash out.")
    if params["prefix"] and not params["prefix"].endswith("/"):
        raise InvalidInput(f"prefix is '{params['prefix']}'; it ends with a slash.")
    if params["state"] == "present" and params["src"] is None and params["content"] is None:
        raise InvalidInput("There is no data.", hint="Give src or content.")
    name = name_of(params) or PurePosixPath(params[place] or "").name
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name is '{name}'; it is 1 to 128 letters, digits, '_', '.' and '-', and starts with a letter or digit.",
            hint="" if params["name"] else f"It was taken from src or {place}; give another as name.",
        )
    return name


def object_name(params: Mapping[str, Any], place: str, name: str, given: Given | None) -> str | None:
    """The whole name of the object: what ``place`` says, or ``prefix``, name and hash. None where there is neither that
    nor data: then all versions of the dataset are meant."""
    if params[place]:
        return str(params[place])
    return f"{params['prefix'] or ''}{remote_name(name, given.report.sha256)}" if given else None


def is_version(stored: str, prefix: str, name: str) -> bool:
    """Whether the name of an object is that of some version of a dataset."""
    named = parse_remote_name(stored[len(prefix) :]) if stored.startswith(prefix) else None
    return named is not None and named[0] == name


class StoredDataset(ABC):
    """One dataset's objects in one bucket, as far as stores do not differ. See :class:`_core.model.Driver` for each
    verb."""

    kind = "object"
    noun = "Object"
    capabilities = Capabilities(no_cancel="An object cannot be cancelled.", no_pause="An object cannot be paused.")

    def __init__(self, name: str, given: Given | None) -> None:
        self.name = name
        self.given = given
        self.report = given.report if given else None
        self.warnings: list[str] = []
        self.wish: dict[str, Any] = {"content": f"sha256:{self.report.sha256}"} if self.report else {}

    @abstractmethod
    def request(self) -> dict[str, Any]:
        """The object by its content."""

    def intent(self) -> dict[str, Any]:
        """The whole request."""
        return self.request()

    def sent(self) -> Given:
        """The data; there are some wherever they are sent."""
        if self.given is None:
            raise AssertionError("unreachable: nothing is sent without data")
        return self.given

    def content_of(self, stored: str, digest: str, length: int | None) -> str:
        """What is in an object, as far as one look at it tells; a name with our hash alone proves it where nothing
        speaks against it. ``digest``: its sha256 as the store knows it, or empty."""
        report = self.sent().report
        if length not in (None, report.bytes):
            return f"other data, {length} bytes"
        if digest:
            return f"sha256:{digest}"
        named = named_sha256(stored)
        return f"sha256:{report.sha256}" if named and report.sha256.startswith(named) else "unknown"

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Nothing to add: an object that is seen is there."""
        return [replace(run, verified=True) for run in runs]

    def progress(self, run: Run) -> Progress:
        """An object is there at once."""
        return Progress("uploading")

    def holders(self, runs: Sequence[Run]) -> Sequence[str]:
        """Nothing keeps an object from being deleted, but a retention, which the store itself reports."""
        return ()

    def cancel(self, run: Run) -> Run:
        """Never asked: see capabilities."""
        raise AssertionError("unreachable: cannot cancel")

    pause = resume = cancel

    def hint(self, run: Run) -> str:
        """An object cannot fail."""
        return ""

    def told(self, shown: Mapping[str, Any]) -> dict[str, Any]:
        """What was found in the data; of an object alone, what its ``raw`` data say."""
        report = self.report
        return {
            "name": self.name,
            "sha256": report.sha256 if report else shown.get("sha256"),
            "bytes": report.bytes if report else shown.get("bytes"),
            "examples": report.examples if report else None,
            "format": report.format if report else None,
            "estimated_tokens": report.estimated_tokens if report else None,
            "validation": report.to_dict() if report else {},
        }
