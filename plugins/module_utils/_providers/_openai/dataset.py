# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource openai_dataset: a validated file at the host. The hash in its name identifies its content.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._dataset.formats import Formats
from ..._dataset.limits import MB
from ..._dataset.read import DATA_SPEC, LocalData, name_of, read
from ..._engine.coerce import timestamp
from ..._engine.content import CHECK_MODE, make_placeholder
from ..._engine.errors import ApiError, FineTuneError, InvalidInput, NotFound
from ..._engine.module import WAIT_SPEC, options_of
from ..._engine.types import Capabilities, Driver, Field, Hint, Options, Phase, Progress, Run
from ..toolkit.answers import name, quote_host, record
from ..toolkit.naming import parse_remote_name, remote_name
from ..toolkit.sent_dataset import SentDataset, check_name, ended
from . import files
from .client import AUTH_SPEC, Api, make_api
from .formats import FORMATS
from .limits import LIMITS, limits_for

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_OPTIONS = {
    **DATA_SPEC,
    "file_id": {"type": "str"},
    "purpose": {"type": "str", "default": "fine-tune"},
    "format": {"type": "str", "choices": list(FORMATS)},
    "provider": {"type": "str", "choices": list(LIMITS)},
    "split": {"type": "str", "choices": ["training", "validation"], "default": "training"},
    "expires_after": {"type": "int"},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **WAIT_SPEC, **_OPTIONS},
    "mutually_exclusive": [("src", "content", "file_id")],
    "required_one_of": [("src", "content", "name", "file_id")],
    "required_by": {"content": "name"},
}
FIELDS = (Field("expires_after", "creation"),)

_PHASES = {
    "uploaded": Phase.PENDING,
    "pending": Phase.PENDING,
    "running": Phase.PENDING,
    "processed": Phase.READY,
    "error": Phase.FAILED,
    "deleting": Phase.DELETING,
    "deleted": Phase.DELETED,
    "expired": Phase.DELETED,
    # Compatible hosts that do not process files show no status.
    "": Phase.READY,
}
_UPLOAD = record({"id": name})  # an upload, or one of its parts
_COMPLETED = record({"file": files.FILE})
_LARGEST_FILE = 512 * MB  # Files API, API reference
_PART = 64 * 1024 * 1024  # Uploads API, API reference: at most 64 MB for each part
_PROCESSED = 120.0  # seconds; a file that still has the status "uploaded" after this time will not be processed
_EXPIRES = (3600, 2592000)  # API reference, in seconds


def build_driver(module: AnsibleModule, formats: Formats = FORMATS) -> tuple[Driver, Options]:
    """Check every option and read the data, then make the driver. Makes no call.

    ``formats``: all formats with a name. An error can then name a format that this provider does not accept.
    """
    params = module.params
    name = _name(params)
    options = options_of(module, name=name, run_id=params["file_id"], id_option="file_id")
    expires = params["expires_after"]
    if expires is not None and not _EXPIRES[0] <= expires <= _EXPIRES[1]:
        raise InvalidInput(
            f"expires_after is {expires}; it is a number of seconds from {_EXPIRES[0]} to {_EXPIRES[1]}."
        )
    if params["file_id"] and (params["src"] or params["content"] is not None):
        raise InvalidInput(
            "file_id is given with src or content.", hint="Give the data, or the id of an existing file."
        )
    api = make_api(module)
    provider = params["provider"] or api.host.kind
    local = read(params, formats, limits_for(provider, params["split"]), module.warn)
    if params["state"] == "present" and local is None and not params["file_id"]:
        raise InvalidInput("There is no data.", hint="Give src, content, or the file_id of an existing file.")
    return Dataset(api, name, params["purpose"], local, expires, params["file_id"]), options


def _name(params: Mapping[str, Any]) -> str:
    if params["file_id"] and not params["name"]:
        return str(params["file_id"])
    name = name_of(params)
    if not name:
        raise InvalidInput("name is missing.", hint="Inline content needs a name to be kept under.")
    check_name(name, params, "src")
    return name


class Dataset(SentDataset):
    """The files of one dataset on one host. See :class:`_engine.types.Driver` for each verb."""

    kind = "file"
    noun = "File"
    fields = FIELDS
    capabilities = Capabilities(no_cancel="A file cannot be cancelled.", no_pause="A file cannot be paused.")

    def __init__(
        self,
        api: Api,
        name: str,
        purpose: str,
        local: LocalData | None,
        expires_after: int | None,
        file_id: str | None,
    ) -> None:
        super().__init__(name, local, {"expires_after": expires_after} if expires_after else {})
        self.api = api
        self.purpose = purpose
        self.file_id = file_id or None
        self.filename = remote_name(name, self.report.sha256) if self.report else None

    def request(self) -> dict[str, Any]:
        """The file with its name, which contains the hash, and the desired values."""
        return {"filename": self.filename, "purpose": self.purpose, **self.resolved}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The file with ``run_id``, or else the files with this name and content.

        Without content: the files with this name.
        """
        if run_id:
            try:
                return [self._get(run_id)]
            except NotFound:
                if any(file["id"] == run_id for file in files.list_files(self.api)):
                    raise
                return []
        if self.file_id:  # a placeholder of check mode
            return []
        return [self._run_of(file) for file in files.list_files(self.api, self.purpose) if self._is_mine(file)]

    def _run_of(self, file: Mapping[str, Any]) -> Run:
        """A file as a run. An expired file is DELETED.

        A compatible host that does not process files may leave the status at "uploaded". After two minutes such a file
        is READY.
        """
        run, now = to_run(file), self.api.now()
        if run.phase in (Phase.READY, Phase.PENDING) and files.is_lost(file, now):
            return replace(run, phase=Phase.DELETED, removable=False)
        waited = run.phase is Phase.PENDING and run.status == "uploaded" and now - run.created > _PROCESSED
        return replace(run, phase=Phase.READY) if waited and self.api.host.compatible else run

    def _is_mine(self, file: Mapping[str, Any]) -> bool:
        filename = str(file.get("filename") or "")
        if self.report is None:
            known = parse_remote_name(filename)
            return known is not None and known[0] == self.name
        return filename == self.filename and file.get("bytes") in (self.report.bytes, None)

    def refresh(self, run: Run) -> Run:
        """Read the file again with one GET."""
        return self._get(run.id)

    def _get(self, file_id: str) -> Run:
        return self._run_of(files.get_file(self.api, file_id))

    def progress(self, run: Run) -> Progress:
        """The progress. The host shows none while it processes a file."""
        return Progress("processing the file")

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Refuse to upload a file without data: only its id is known."""
        if self.local is None and not str(self.file_id).startswith(CHECK_MODE):
            raise ApiError(
                f"The file {self.file_id} does not exist, or the host could not process it.",
                hint="Upload the data with src or content.",
            )
        return ()

    def create(self, token: str) -> Run:
        """Upload the file in one request. A file above 512 MB is sent in parts if the host accepts parts."""
        local, filename = self.require_data(), str(self.filename)
        file = None
        if local.report.bytes > _LARGEST_FILE:
            file = self._send_parts(filename, local)
        if file is None:
            with local.open() as stream:
                file = self.api.call(
                    f"Uploading {filename}",
                    self.api.once.files.with_raw_response.create,
                    reads=files.FILE,
                    verb="send",
                    sends_data=True,
                    file=(filename, stream, "application/jsonl"),
                    purpose=self._purpose,
                    **self._expiry(),
                )
        if local.changed:
            files.delete_file(self.api, str(file["id"]))
            raise local.changed_error()
        return to_run(file)

    @property
    def _purpose(self) -> Any:
        return self.purpose

    def _expiry(self) -> dict[str, Any]:
        seconds = self.resolved.get("expires_after")
        return {"expires_after": {"anchor": "created_at", "seconds": seconds}} if seconds else {}

    def _send_parts(self, filename: str, local: LocalData) -> dict[str, Any] | None:
        """Upload the file in parts with the Uploads API. Returns None if the host does not have this API.

        The parts are sent in order. The host checks the md5 of the whole file. An upload that is not completed is
        cancelled, because its parts would count against the storage.
        """
        try:
            upload = self.api.call(
                f"Starting the upload of {filename}",
                self.api.once.uploads.with_raw_response.create,
                reads=_UPLOAD,
                bytes=local.report.bytes,
                filename=filename,
                mime_type="application/jsonl",
                purpose=self._purpose,
                **self._expiry(),
            )["id"]
        except ApiError as error:
            if error.status in (404, 405, 501):
                return None
            raise
        left = f"The upload {upload} could not be cancelled either"
        try:
            with ended(lambda: self._cancel(upload), left, "it will expire"):
                parts, md5 = self._parts(upload, filename, local)
                done = self.api.call(
                    f"Completing the upload of {filename}",
                    self.api.once.uploads.with_raw_response.complete,
                    upload,
                    reads=_COMPLETED,
                    sends_data=True,
                    part_ids=parts,
                    md5=md5,
                )
        except FineTuneError as error:
            if local.changed:
                raise local.changed_error() from error
            raise
        file: dict[str, Any] = done["file"]
        return file

    def _parts(self, upload: str, filename: str, local: LocalData) -> tuple[list[str], str]:
        """Send all parts. Returns their ids, and the md5 of the whole file."""
        parts: list[str] = []
        md5 = hashlib.md5(usedforsecurity=False)
        send = self.api.sdk.uploads.parts.with_raw_response.create
        with local.open() as stream:
            while data := stream.read(_PART):
                md5.update(data)
                doing = f"Uploading part {len(parts) + 1} of {filename}"
                part = self.api.call(doing, send, upload, reads=_UPLOAD, verb="send", sends_data=True, data=data)
                parts.append(part["id"])
        return parts, md5.hexdigest()

    def _cancel(self, upload: str) -> None:
        send = self.api.sdk.uploads.with_raw_response.cancel
        self.api.call(f"Cancelling the upload {upload}", send, upload, reads=_UPLOAD, verb="change")

    def delete(self, run: Run) -> Run:
        """Delete the file. One that another task has deleted meanwhile counts as deleted."""
        files.delete_file(self.api, run.id, seen=True)
        return replace(run, phase=Phase.DELETED, removable=False)

    # -- reporting --

    def hint(self, run: Run) -> Hint:
        """The advice for a failed file. The host gives no reason besides its status."""
        return Hint("The host could not process the file; check the data with dataset_info, then run the task again.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The result keys of the file and of the data."""
        file = run.raw if run else {}
        known = parse_remote_name(str(file.get("filename") or ""))
        observed = {"sha256": known[1] if known else None, "bytes": file.get("bytes")}
        return {
            **self.describe_data(observed),
            "id": file.get("id"),
            "file_id": file.get("id"),
            "filename": file.get("filename") or self.filename,
            "created_at": file.get("created_at"),
            "expires_at": file.get("expires_at"),
            "file": dict(file),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of a file that check mode predicts.

        Its placeholder contains the hash of the content, so that later tasks can compare it.
        """
        file_id = make_placeholder("file", self.report.sha256) if self.report else str(self.file_id)
        return self.fill_placeholder(file_id, file_id=file_id)


def to_run(file: Mapping[str, Any]) -> Run:
    """A file of the API as a run."""
    status = str(file.get("status") or "").strip()
    created, expires = timestamp(file.get("created_at")), timestamp(file.get("expires_at"))
    return Run(
        id=file["id"],
        created=created or 0.0,
        phase=_PHASES.get(status.lower(), Phase.UNKNOWN),
        status=status or "processed",
        observed={"expires_after": round(expires - created)} if expires and created else {},
        reason=quote_host(file.get("status_details")),
        removable=True,
        raw=file,
    )
