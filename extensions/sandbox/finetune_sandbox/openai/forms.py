# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipart requests, streamed to disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, Any, cast

from werkzeug import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from finetune_sandbox.openai.errors import ApiError


class _Capped:
    """A file that refuses to grow beyond a limit."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file, self._limit, self._size = file, limit, 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > self._limit:
            message = f"Maximum content size limit ({self._limit}) exceeded ({self._size} bytes read)"
            raise ApiError(413, f"413: {message}", type_="server_error")
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Form:
    """A parsed form. `path` is where the one file part is; whoever takes it over renames it, `discard` removes it."""

    def __init__(self, request: Request, folder: Path, part: str, limit: int) -> None:
        """part: the name of the file part. limit: its greatest size. ApiError for a bad form."""
        self.path: Path | None = None
        self.filename = ""
        self._made: list[Path] = []
        if request.mimetype != "multipart/form-data":
            raise ApiError(400, f"Invalid content type: expected 'multipart/form-data', got '{request.mimetype}'.")
        try:
            self.fields, files = self._parse(request, folder, limit)
            for name, storage in files.items(multi=True):
                storage.close()
                if name != part:
                    raise ApiError(400, f"Unrecognized request argument supplied: {name}")
            if len(files.getlist(part)) != 1:
                # A part without a filename is a plain field: no file at all, as the host sees it.
                raise ApiError(400, f"'{part}' is a required property")
            self.filename = files[part].filename or ""
            self.path = self._made[0]
        except BaseException:
            self.discard()
            raise

    def _parse(
        self, request: Request, folder: Path, limit: int
    ) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
        def on_disk(*_: Any, **__: Any) -> IO[bytes]:
            descriptor, name = tempfile.mkstemp(dir=folder, prefix="incoming-")
            self._made.append(Path(name))
            return cast("IO[bytes]", _Capped(os.fdopen(descriptor, "w+b"), limit))

        parser = FormDataParser(stream_factory=on_disk, silent=False, max_form_parts=50)
        try:
            _unused, fields, files = parser.parse(
                request.environ["wsgi.input"],
                request.mimetype,
                request.content_length,
                request.mimetype_params,
            )
        except (ValueError, HTTPException) as error:
            raise ApiError(400, "Could not parse multipart form") from error
        return fields, files

    def discard(self) -> None:
        """Remove what was not taken over."""
        for path in self._made:
            path.unlink(missing_ok=True)
