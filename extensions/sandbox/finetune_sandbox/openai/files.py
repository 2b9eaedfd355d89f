# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and uploads."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from typing import Any, get_args

from openai.types.file_purpose import FilePurpose

from finetune_sandbox.openai import params
from finetune_sandbox.openai.accounts import RESULTS
from finetune_sandbox.openai.errors import (
    AZURE,
    OPENAI,
    SELFHOSTED,
    ApiError,
    bad_value,
    check_deletion,
    missing,
    one_of,
    refused,
)
from finetune_sandbox.openai.forms import Form
from finetune_sandbox.openai.state import Account, File, Part, Upload
from finetune_sandbox.openai.store import Store
from finetune_sandbox.server.web import Call, Response

_PURPOSES: tuple[str, ...] = get_args(FilePurpose)
_NO_DOWNLOAD = frozenset({"assistants", "vision", "user_data"})
_BATCH_LIFE = 30 * 86400


def _check_purpose(purpose: Any, filename: str) -> str:
    if purpose not in _PURPOSES:
        raise bad_value("purpose", f"'{purpose}' is not one of {one_of(list(_PURPOSES))} - 'purpose'")
    if purpose == "fine-tune" and not filename.lower().endswith(".jsonl"):
        raise ApiError(400, "Invalid file format for Fine-Tuning API. Must be .jsonl", param="file")
    return str(purpose)


def no_file(file_id: str) -> ApiError:
    """There is no such file."""
    return ApiError(404, f"No such File object: {file_id}", param="id")


class Files:
    """/files"""

    def __init__(self, store: Store) -> None:
        self._store = store

    def view(self, file: File, dialect: str, now: float) -> dict[str, Any]:
        """The file as a dialect shows it."""
        details: str | None = None
        if not file.processed(now):
            status = "pending" if dialect == AZURE else "uploaded"
        elif file.scenario == "error":
            status, details = "error", "The file could not be processed."
        else:
            status = "processed"
        size = file.bytes
        if file.purpose == RESULTS and dialect == OPENAI:
            size = 4 * ((size + 2) // 3)
        return {
            "object": "file",
            "id": file.id,
            "purpose": file.purpose,
            "filename": file.filename,
            "bytes": size,
            "created_at": int(file.created_at),
            "expires_at": file.expires_at,
            "status": status,
            "status_details": details,
        }

    def create(self, call: Call, account: Account) -> Response:
        """POST /files"""
        store = self._store
        form = Form(call.request, store.content, "file", store.settings.max_file_bytes)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(form.discard)
            fields = form.fields
            for name in fields:
                if name not in params.FILE_FIELDS | {"expires_after[anchor]", "expires_after[seconds]"}:
                    raise ApiError(400, f"Unrecognized request argument supplied: {name}")
            if "purpose" not in fields:
                raise ApiError(400, "'purpose' is a required property")
            purpose = _check_purpose(fields["purpose"], form.filename)
            seconds = params.expires_after(fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]"))
            if seconds is None and purpose == "batch":
                seconds = _BATCH_LIFE
            if form.path is None or form.path.stat().st_size == 0:
                raise ApiError(400, "File is empty.", param="file")
            with store.lock:
                now = store.settle(account)
                if call.dialect == AZURE:
                    self._azure_room(account, now)
                file = store.add_file(account, call.dialect, form.filename, purpose, form.path, now, seconds)
                return Response(self.view(file, call.dialect, now), 201 if call.dialect == AZURE else 200)

    def _azure_room(self, account: Account, now: float) -> None:
        limit = self._store.settings.azure_files
        files = account.files.by_id.values()
        if sum(f.dialect == AZURE and f.purpose == "fine-tune" and not f.gone(now) for f in files) >= limit:
            message = f"The maximum number of files ({limit}) of this resource is reached. Delete files to upload more."
            raise ApiError(400, message, azure_code="quotaExceeded")

    def _find(self, call: Call, account: Account, now: float) -> File:
        file = self._store.file(account, call.arguments["file"], now)
        if file is None or not self._store.readable(file.created_at, now):
            raise no_file(call.arguments["file"])
        return file

    def retrieve(self, call: Call, account: Account) -> Response:
        """GET /files/{id}"""
        with self._store.lock:
            now = self._store.settle(account)
            return Response(self.view(self._find(call, account, now), call.dialect, now))

    def delete(self, call: Call, account: Account) -> Response:
        """DELETE /files/{id}"""
        check_deletion(call.dialect, self._store.habits(call.dialect).deletions)
        with self._store.lock:
            now = self._store.settle(account)
            file = self._find(call, account, now)
            self._store.remove_file(account, file)
            return Response({"object": "file", "id": file.id, "deleted": True})

    def content(self, call: Call, account: Account) -> Response:
        """GET /files/{id}/content"""
        if call.dialect == SELFHOSTED:
            raise refused(SELFHOSTED, 404, "Not Found")
        with self._store.lock:
            now = self._store.settle(account)
            file = self._find(call, account, now)
            if file.purpose in _NO_DOWNLOAD:
                raise ApiError(400, f"Not allowed to download files of purpose: {file.purpose}")
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{_header_name(file.filename)}"',
            }
            if file.purpose == RESULTS:
                data = file.path.read_bytes()
                # OpenAI hands its result files out in base64.
                return Response(base64.b64encode(data) if call.dialect == OPENAI else data, headers=headers)
            return Response(file.path, headers=headers)

    def list(self, call: Call, account: Account) -> Response:
        """GET /files"""
        args = call.request.args
        limit = params.query_integer(call.request, "limit", 10000, 1, 10000)
        order = args.get("order", "desc")
        if order not in {"asc", "desc"}:
            raise bad_value("order", f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.")
        purpose = args.get("purpose")
        with self._store.lock:
            now = self._store.settle(account)
            after = None
            if args.get("after"):
                after = account.files.by_id.get(args["after"])
                if after is None:
                    raise no_file(args["after"])
            page: list[dict[str, Any]] = []
            more = False
            for file in account.files.walk(after, order == "desc"):
                if file.gone(now) or (purpose and file.purpose != purpose):
                    continue
                if not self._store.listed(file.created_at, now):
                    continue
                if len(page) == limit:
                    more = True
                    break
                page.append(self.view(file, call.dialect, now))
        body: dict[str, Any] = {"object": "list", "data": page, "has_more": more}
        if call.dialect == OPENAI:
            body["first_id"] = page[0]["id"] if page else None
            body["last_id"] = page[-1]["id"] if page else None
        return Response(body)


class Uploads:
    """/uploads"""

    def __init__(self, store: Store, files: Files) -> None:
        self._store, self._files = store, files

    def _view(self, upload: Upload, dialect: str, now: float) -> dict[str, Any]:
        status = "expired" if upload.status == "pending" and now >= upload.expires_at else upload.status
        return {
            "object": "upload",
            "id": upload.id,
            "bytes": upload.bytes,
            "created_at": int(upload.created_at),
            "expires_at": upload.expires_at,
            "filename": upload.filename,
            "purpose": upload.purpose,
            "status": status if status != "completing" else "pending",
            "file": None if upload.file is None else self._files.view(upload.file, dialect, now),
        }

    def create(self, call: Call, account: Account) -> Response:
        """POST /uploads"""
        store = self._store
        body = params.read_json(call.request)
        params.known_only(body, params.UPLOAD_CREATE)
        if body.get("bytes") is None:
            raise missing("bytes")
        size = params.integer(body["bytes"], "bytes", 1, store.settings.max_upload_bytes)
        filename = params.text(body, "filename", required=True) or ""
        params.text(body, "mime_type", required=True)
        purpose = _check_purpose(params.text(body, "purpose", required=True), filename)
        policy = body.get("expires_after")
        if policy is not None and not isinstance(policy, dict):
            raise params.wrong_type("expires_after", "an object", policy)
        seconds = params.expires_after((policy or {}).get("anchor"), (policy or {}).get("seconds"))
        with store.lock:
            now = store.settle(account)
            upload = Upload(
                id="upload_" + store.ids.hexadecimal(32),
                filename=filename,
                purpose=purpose,
                bytes=size,
                created_at=now,
                expires_at=int(now + store.settings.upload_seconds),
                expires_after=seconds,
                dialect=call.dialect,
            )
            account.uploads[upload.id] = upload
            return Response(self._view(upload, call.dialect, now))

    def _pending(self, call: Call, account: Account, now: float) -> Upload:
        upload_id = call.arguments["upload"]
        upload = account.uploads.get(upload_id)
        if upload is None:
            raise ApiError(404, f"No such Upload object: {upload_id}", param="upload_id")
        if upload.status == "pending" and now >= upload.expires_at:
            upload.status = "expired"
            self._drop(upload)
        if upload.status != "pending":
            raise ApiError(400, f"Upload {upload_id} is not pending; its status is '{upload.status}'.")
        return upload

    @staticmethod
    def _drop(upload: Upload) -> None:
        for part in upload.parts.values():
            part.path.unlink(missing_ok=True)
        upload.parts.clear()

    def add_part(self, call: Call, account: Account) -> Response:
        """POST /uploads/{id}/parts"""
        store = self._store
        with store.lock:
            self._pending(call, account, store.settle(account))
        form = Form(call.request, store.content, "data", store.settings.max_part_bytes)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(form.discard)
            for name in form.fields:
                raise ApiError(400, f"Unrecognized request argument supplied: {name}")
            with store.lock:
                now = store.settle(account)
                upload = self._pending(call, account, now)
                if form.path is None or form.path.stat().st_size == 0:
                    raise ApiError(400, "The part is empty.", param="data")
                size = form.path.stat().st_size
                part_id = "part_" + store.ids.hexadecimal(32)
                part = Part(part_id, now, form.path.replace(store.content / part_id), size)
                upload.parts[part.id] = part
                return Response(
                    {"object": "upload.part", "id": part.id, "created_at": int(now), "upload_id": upload.id}
                )

    def complete(self, call: Call, account: Account) -> Response:
        """POST /uploads/{id}/complete"""
        store = self._store
        body = params.read_json(call.request)
        params.known_only(body, params.UPLOAD_COMPLETE)
        part_ids, md5 = body.get("part_ids"), params.text(body, "md5")
        if part_ids is None:
            raise missing("part_ids")
        if not isinstance(part_ids, list) or not all(isinstance(part, str) for part in part_ids):
            raise params.wrong_type("part_ids", "an array of strings", part_ids)
        with store.lock:
            upload = self._pending(call, account, store.settle(account))
            unknown = [part for part in part_ids if part not in upload.parts]
            if unknown:
                raise ApiError(400, f"Part {unknown[0]} does not belong to upload {upload.id}.", param="part_ids")
            if len(set(part_ids)) != len(part_ids):
                raise ApiError(400, "A part is listed more than once.", param="part_ids")
            size = sum(upload.parts[part].size for part in part_ids)
            if size != upload.bytes:
                message = f"The upload was created for {upload.bytes} bytes, but its parts have {size} bytes."
                raise ApiError(400, message, param="part_ids")
            upload.status = "completing"
        try:
            digest = hashlib.md5(usedforsecurity=False)
            path = store.content / f"complete-{upload.id}"
            with path.open("wb") as whole:
                for part_id in part_ids:
                    with upload.parts[part_id].path.open("rb") as part:
                        while chunk := part.read(1 << 20):
                            digest.update(chunk)
                            whole.write(chunk)
            if md5 is not None and md5.lower() != digest.hexdigest():
                path.unlink()
                raise ApiError(400, "The md5 checksum does not match the uploaded bytes.", param="md5")
        except BaseException:
            with store.lock:
                upload.status = "pending"
            raise
        with store.lock:
            now = store.settle(account)
            upload.file = store.add_file(
                account, call.dialect, upload.filename, upload.purpose, path, now, upload.expires_after
            )
            upload.status = "completed"
            self._drop(upload)
            return Response(self._view(upload, call.dialect, now))

    def cancel(self, call: Call, account: Account) -> Response:
        """POST /uploads/{id}/cancel"""
        with self._store.lock:
            now = self._store.settle(account)
            upload = self._pending(call, account, now)
            upload.status = "cancelled"
            self._drop(upload)
            return Response(self._view(upload, call.dialect, now))


def _header_name(name: str) -> str:
    """A filename that is safe in a header."""
    return "".join(letter if 32 <= ord(letter) < 127 and letter not in '"\\' else "_" for letter in name)
