# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code that the dataset modules of object stores share. Private to llmops.finetune; may change at any time.

Either the name of an object contains the hash of its content, or the user gives the whole name.
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
UNFINISHED_AGE = 86400.0  # seconds; a younger upload in parts may still be in progress


def dataset_name(params: Mapping[str, Any], key_option: str) -> str:
    """The dataset's name, from ``name``, ``src`` or the option ``key_option``, which is the whole name of the object.

    Raises InvalidInput for a wrong name, and for other errors that need no look at the data: a slash at the beginning
    of the name or prefix, a prefix without a slash at its end, no data.
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
    """The whole name of the object: the value of ``key_option``, or ``prefix``, name and hash.

    None if there is neither this option nor data: then the task is about all versions of the dataset.
    """
    if params[key_option]:
        return str(params[key_option])
    return f"{params['prefix'] or ''}{remote_name(name, local.report.sha256)}" if local else None


class StoredDataset(SentDataset):
    """The objects of one dataset in one bucket, as far as all stores are alike.

    :class:`_engine.types.Driver` explains the methods.
    """

    kind = "object"
    noun = "Object"
    option: str  # the option with the whole name of the object; its result key has the same name
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
        self.stored = stored or ""  # the whole name of the object; empty for all versions

    def is_version(self, stored: str) -> bool:
        """Whether the name of an object belongs to a version of the dataset."""
        named = parse_remote_name(stored[len(self.prefix) :]) if stored.startswith(self.prefix) else None
        return named is not None and named[0] == self.name

    @abstractmethod
    def uri(self, stored: str) -> str:
        """The URI of an object in this bucket."""

    @abstractmethod
    def unfinished(self, stored: str) -> Iterator[tuple[str, str, Any]]:
        """Unfinished uploads in parts, including all of this object: (object, id of the upload, time of its start)."""

    @abstractmethod
    def abort(self, stored: str, upload: str) -> None:
        """Abort an upload in parts, if it has not ended."""

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
        """An object as a Run. ``digest``: its sha256 as the store shows it, or empty. ``length``: bytes, if known."""
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
        """The Run of the object to which the local data was sent just now."""
        report = self.require_data().report
        return self.run_of(self.stored, report.sha256, report.bytes, raw, created=time.time())

    def _compare_content(self, stored: str, digest: str, length: int | None) -> str:
        """The content of an object as a comparable text.

        Another length proves other data. Otherwise the store's digest counts. Without a digest, our hash in the name
        proves our data. Without that, the content is "unknown".
        """
        report = self.require_data().report
        if length not in (None, report.bytes):
            return f"other data, {length} bytes"
        if digest:
            return f"sha256:{digest}"
        named = sha256_in_name(stored)
        return f"sha256:{report.sha256}" if named and report.sha256.startswith(named) else "unknown"

    def progress(self, run: Run) -> Progress:
        """An object exists at once, so the only stage is "uploading"."""
        return Progress("uploading")

    def hint(self, run: Run) -> Hint:
        """Empty: an object cannot fail."""
        return Hint()

    def abort_unfinished(self, stored: str, *, older_than: float) -> None:
        """Abort the unfinished uploads of an object, because they cost money.

        ``older_than``: only those of at least this age in seconds; 0: all.
        """
        try:
            for name, upload, started in self.unfinished(stored):
                age = time.time() - (timestamp(started) or time.time())
                if name == stored and (age >= older_than or not older_than):
                    self.abort(stored, upload)
        except ApiError as error:
            # The task does not depend on it, and the credentials may lack the permission.
            if error.status not in (403, 404):
                self.warnings.append(f"Unfinished uploads were left alone. {error.text()}")

    def deleted(self, run: Run, *, versions_stay: bool) -> Run:
        """The Run of a deleted object. Warns if the bucket keeps versions of it."""
        if versions_stay:
            self.warnings.append(
                f"The bucket {self.bucket} keeps versions: {run.id} is deleted, and its versions remain until they "
                "are deleted themselves or by the bucket's lifecycle."
            )
        return replace(run, phase=Phase.DELETED, removable=False)

    def describe_data(self, observed: Mapping[str, Any]) -> dict[str, Any]:
        """The result keys about the data, with the estimated tokens. ``observed``: the object's ``raw`` data."""
        tokens = self.report.estimated_tokens if self.report else None
        return {**super().describe_data(observed), "estimated_tokens": tokens}

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The result keys of the object and of the data."""
        found = run.raw if run else {}
        return {
            **self.describe_data(found),
            "id": run.id if run else None,
            "bucket": self.bucket,
            self.option: found.get(self.option) or self.stored or None,
            "version_id": found.get("version_id"),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The placeholder's result keys. Its id is the real one, because it is known before the object exists."""
        return self.fill_placeholder(self.uri(self.stored))
