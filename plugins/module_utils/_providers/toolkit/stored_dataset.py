# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the dataset modules of object stores have in common. Private to llmops.finetune; may change at any time.

An object either carries the hash of its content in its name, or the user names it.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from ..._dataset.read import LocalData, name_of
from ..._engine.coerce import timestamp
from ..._engine.errors import ApiError, InvalidInput
from ..._engine.types import Capabilities, Hint, Phase, Progress, Run
from .naming import parse_remote_name, remote_name, sha256_in_name
from .sent_dataset import SentDataset, check_name

CONTENT_TYPE = "application/jsonl"
UNFINISHED_AGE = 86400.0  # seconds; a younger upload in parts may be somebody's who is still at it


def dataset_name(params: Mapping[str, Any], key_option: str) -> str:
    """The dataset's name, from ``name``, ``src`` or the option ``place``, which is the whole name of the object.

    Raises InvalidInput where it cannot be one, and for what else can be said before the data are read.
    """
    for option in (key_option, "prefix"):
        if (params[option] or "").startswith("/"):
            raise InvalidInput(f"{option} begins with a slash.", hint="Leave the slash out.")
    if params["prefix"] and not params["prefix"].endswith("/"):
        raise InvalidInput(f"prefix is '{params['prefix']}'; it ends with a slash.")
    if params["state"] == "present" and params["src"] is None and params["content"] is None:
        raise InvalidInput("There is no data.", hint="Give src or content.")
    name = name_of(params) or PurePosixPath(params[key_option] or "").name
    check_name(name, params, f"src or {key_option}")
    return name


def object_name(params: Mapping[str, Any], key_option: str, name: str, local: LocalData | None) -> str | None:
    """The whole name of the object: what ``place`` says, or ``prefix``, name and hash. None where there is neither that
    nor data: then all versions of the dataset are meant."""
    if params[key_option]:
        return str(params[key_option])
    return f"{params['prefix'] or ''}{remote_name(name, local.report.sha256)}" if local else None


class StoredDataset(SentDataset):
    """One dataset's objects in one bucket, as far as stores do not differ. See :class:`_engine.types.Driver` for each
    verb."""

    kind = "object"
    noun = "Object"
    option: str  # that has the whole name of the object; the same is its result key
    capabilities = Capabilities(no_cancel="An object cannot be cancelled.", no_pause="An object cannot be paused.")

    def __init__(
        self,
        params: Mapping[str, Any],
        name: str,
        local: LocalData | None,
        stored: str | None,
        desired: Mapping[str, Any],
    ) -> None:
        content = {"content": f"sha256:{local.report.sha256}"} if local else {}
        super().__init__(name, local, {**content, **desired})
        self.bucket = str(params["bucket"])
        self.prefix = str(params["prefix"] or "")
        self.stored = stored or ""  # the whole name of the object; empty where all versions are meant

    def is_version(self, stored: str) -> bool:
        """Whether the name of an object is that of some version of the dataset."""
        named = parse_remote_name(stored[len(self.prefix) :]) if stored.startswith(self.prefix) else None
        return named is not None and named[0] == self.name

    @abstractmethod
    def uri(self, stored: str) -> str:
        """How an object of this bucket is spelt."""

    @abstractmethod
    def unfinished(self, stored: str) -> Iterator[tuple[str, str, Any]]:
        """Uploads in parts that have not ended, those of this object among them: (object, id, time of their start)."""

    @abstractmethod
    def abort(self, stored: str, upload: str) -> None:
        """End an upload in parts, if it has not ended."""

    def run_of(
        self,
        stored: str,
        digest: str,
        length: int | None,
        raw: Mapping[str, Any],
        *,
        created: float | None = None,
        observed: Mapping[str, Any] | None = None,
    ) -> Run:
        """An object in the engine's terms. ``digest``: its sha256 as the store knows it, or empty."""
        content = {"content": self._compare_content(stored, digest, length)} if self.local else {}
        return Run(
            id=self.uri(stored),
            created=created or 0.0,
            phase=Phase.READY,
            status="uploaded",
            observed={**content, **(observed or {})},
            removable=True,
            raw={self.option: stored, "sha256": digest or sha256_in_name(stored), "bytes": length, **raw},
        )

    def build_sent_run(self, **raw: Any) -> Run:
        """The object that has our data now."""
        report = self.require_data().report
        return self.run_of(self.stored, report.sha256, report.bytes, raw, created=time.time())

    def _compare_content(self, stored: str, digest: str, length: int | None) -> str:
        """What is in an object, as far as one look at it tells; a name with our hash alone proves it where nothing
        speaks against it."""
        report = self.require_data().report
        if length not in (None, report.bytes):
            return f"other data, {length} bytes"
        if digest:
            return f"sha256:{digest}"
        named = sha256_in_name(stored)
        return f"sha256:{report.sha256}" if named and report.sha256.startswith(named) else "unknown"

    def progress(self, run: Run) -> Progress:
        """An object is there at once."""
        return Progress("uploading")

    def hint(self, run: Run) -> Hint:
        """An object cannot fail."""
        return Hint()

    def abort_unfinished(self, stored: str, *, older_than: float) -> None:
        """Uploads in parts that somebody left behind cost money until they are aborted. ``older_than``: in seconds."""
        try:
            for name, upload, started in self.unfinished(stored):
                age = time.time() - (timestamp(started) or time.time())
                if name == stored and (age >= older_than or not older_than):
                    self.abort(stored, upload)
        except ApiError as error:
            # Nothing depends on it, and these credentials may not be allowed to.
            if error.status not in (403, 404):
                self.warnings.append(f"Unfinished uploads were left alone. {error.text()}")

    def deleted(self, run: Run, *, versions_stay: bool) -> Run:
        """An object that is gone. Versions that stay are told."""
        if versions_stay:
            self.warnings.append(
                f"The bucket {self.bucket} keeps versions: {run.id} is deleted, and its versions remain until they "
                "are deleted themselves or by the bucket's lifecycle."
            )
        return replace(run, phase=Phase.DELETED, removable=False)

    def describe_data(self, observed: Mapping[str, Any]) -> dict[str, Any]:
        """What was found in the data; of an object alone, what its ``raw`` data say."""
        tokens = self.report.estimated_tokens if self.report else None
        return {**super().describe_data(observed), "estimated_tokens": tokens}

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The object, and what was found in the data."""
        found = run.raw if run else {}
        return {
            **self.describe_data(found),
            "id": run.id if run else None,
            "bucket": self.bucket,
            self.option: found.get(self.option) or self.stored or None,
            "version_id": found.get("version_id"),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The name is known before the object is there."""
        return self.fill_placeholder(self.uri(self.stored))
