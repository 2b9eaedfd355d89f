# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of the Files API that this provider's drivers share.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import timestamp
from ..._engine.content import Content
from ..._engine.errors import ApiError, NotFound
from ..toolkit.answers import amount, moment, name, record, text
from ..toolkit.naming import parse_remote_name

if TYPE_CHECKING:
    from .client import Api

_PAGE = 10000  # the API's own maximum and default
FILE = record(
    {"id": name},
    {
        "filename": text,
        "purpose": text,
        "status": text,
        "bytes": amount,
        "created_at": moment,
        "expires_at": moment,
    },
)
"""The members of a file that decide. Other members are only shown."""

# The statuses of hosts that do not let anybody read uploads, or that do not have an operation.
NO_ROUTE = (404, 405, 501)
_LOST = ("deleting", "deleted", "expired")
_UPLOAD = "Upload the data with openai_dataset and give the file_id that it returns."
_NOT_READABLE = (400, 403, 404, 405, 501)


def list_files(api: Api, purpose: str | None = None) -> Iterator[dict[str, Any]]:
    """All files, newest first, as plain data. ``purpose``: only files with this purpose.

    The files are filtered here too, for hosts that ignore the filter. If a host refuses the large page or the filter,
    the list is read without them.
    """
    wanted: dict[str, Any] = {"limit": _PAGE, "order": "desc", **({"purpose": purpose} if purpose else {})}
    try:
        found = _pages(api, wanted)
        first = next(found, None)
    except ApiError as error:
        if error.status not in (400, 422):
            raise
        found = _pages(api, {})
        first = next(found, None)
    for file in () if first is None else chain([first], found):
        if purpose is None or file.get("purpose") in (purpose, None):
            yield file


def _pages(api: Api, wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for file in api.listed("Listing the files", api.sdk.files.with_raw_response.list, item=FILE, **wanted):
        if file["id"] in seen:  # a host that ignores `after` repeats the page for ever
            return
        seen.add(file["id"])
        yield file


def get_file(api: Api, file_id: str) -> dict[str, Any]:
    """One file, as plain data."""
    send = api.sdk.files.with_raw_response.retrieve
    file: dict[str, Any] = api.call(f"Looking up the file {file_id}", send, file_id, reads=FILE)
    return file


def delete_file(api: Api, file_id: str, *, seen: bool = False) -> None:
    """Delete a file. A file that the host no longer shows counts as deleted.

    ``seen``: the host has shown the file before. Raises ApiError if the host cannot delete files.
    """
    try:
        api.deleted(f"Deleting the file {file_id}", api.sdk.files.with_raw_response.delete, file_id)
    except ApiError as error:
        if isinstance(error, NotFound) and not _is_shown(api, file_id, default=not seen):
            return
        if error.status not in (404, 405, 501):
            raise
        raise ApiError(
            f"This host cannot delete files (HTTP {error.status}). What is left: {file_id}. {error.message}",
            hint="Delete it where the host is administered, if that is possible, or do not ask for the deletion.",
            status=error.status,
            code=error.code,
        ) from error


def _is_shown(api: Api, file_id: str, *, default: bool) -> bool:
    """Whether the host shows a file in its list or by its id.

    ``default``: the answer if the host does not list files and does not find this one.
    """
    try:
        return any(file["id"] == file_id for file in list_files(api))
    except ApiError as error:
        if error.status not in NO_ROUTE:
            raise
    try:
        get_file(api, file_id)
    except ApiError as error:
        if error.status not in NO_ROUTE:
            raise
        return default if isinstance(error, NotFound) else True
    return True


def unusable(file: Mapping[str, Any], now: float) -> str:
    """Why no job can be trained on a file; empty if there is no reason."""
    status = str(file.get("status") or "").lower()
    if status in _LOST or status == "error":
        return f"its status is '{status}'"
    expires = timestamp(file.get("expires_at"))
    return "it has expired" if expires and expires <= now else ""


def is_lost(file: Mapping[str, Any], now: float) -> bool:
    """Whether a file that is still listed is deleted or expired."""
    expires = timestamp(file.get("expires_at"))
    return str(file.get("status") or "").lower() in _LOST or bool(expires and expires <= now)


def refuse_unusable(api: Api, option: str, content: Content) -> None:
    """Raise ApiError if no job can be trained on a file, so that no job is started."""
    if content.placeholder or not content.id:
        return
    why = unusable(_found(api, option, content.id), api.now())
    if why:
        raise ApiError(f"{option}: the file {content.id} cannot be trained on: {why}.", hint=_UPLOAD)


def _found(api: Api, option: str, file_id: str) -> dict[str, Any]:
    try:
        return get_file(api, file_id)
    except NotFound as error:
        raise ApiError(
            f"{option}: the file {file_id} is not found with this credential. {error.message}",
            hint=_UPLOAD,
            status=error.status,
            code=error.code,
        ) from error
    except ApiError as error:
        if error.status not in NO_ROUTE:
            raise
        return {"id": file_id}  # this host shows no files


def content_of(api: Api, file: Mapping[str, Any]) -> Content:
    """The content of a file, from the hash in its name, or else by reading it.

    ``sha256`` is empty if the host allows neither. Any other error is raised: a failed look must not change the
    request.
    """
    file_id = str(file["id"])
    named = parse_remote_name(file.get("filename") or "")
    if named:
        return Content(id=file_id, sha256=named[1])
    digest = hashlib.sha256()
    try:
        api.content(f"Reading the file {file_id}", file_id, digest.update, file.get("bytes"))
    except ApiError as error:
        if error.status not in _NOT_READABLE:
            raise
        return Content(id=file_id)
    return Content(id=file_id, sha256=digest.hexdigest())


def resolve(api: Api, option: str, content: Content) -> Content:
    """A content with the file's id, and with its sha256 as far as it can be known.

    Raises ApiError if the file does not exist. A placeholder is returned unchanged.
    """
    if content.placeholder:
        return content
    if content.id:
        if content.sha256:
            return content
        return content_of(api, _found(api, option, content.id))
    for file in list_files(api, "fine-tune"):
        named = parse_remote_name(file.get("filename") or "")
        if named and content.sha256.startswith(named[1]) and not unusable(file, api.now()):
            return Content(id=file["id"], sha256=content.sha256)
    raise ApiError(
        f"{option}: no uploaded file has the content sha256:{content.sha256}.",
        hint="A run has to be started, and for that the data must be there: upload it with openai_dataset.",
    )
