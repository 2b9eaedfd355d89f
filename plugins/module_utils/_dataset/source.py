# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source of a dataset's bytes. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO


class DatasetError(Exception):
    """A dataset cannot be read at all. The message says what is wrong, where, and what to do."""


class Source:
    """A dataset's bytes: a file on this machine, or inline content.

    ``bytes``: the size. ``label``: the name of the source in messages. ``path``: None for inline content.
    """

    def __init__(self, label: str, size: int, path: Path | None, data: bytes = b"") -> None:
        self.label = label
        self.bytes = size
        self.path = path
        self._data = data

    @classmethod
    def from_path(cls, path: str | os.PathLike[str]) -> Source:
        """Take a regular file. Raises DatasetError if it is missing, is not a regular file, or cannot be read."""
        file = Path(path)
        try:
            status = file.stat()
        except OSError as error:
            raise _unreadable(file, error) from error
        except ValueError as error:  # a NUL in the path
            raise DatasetError(f"{str(path)!r} is not a usable path ({error}). Give the path of a file.") from error
        if stat.S_ISDIR(status.st_mode):
            raise DatasetError(f"{file} is a directory. Give the path of one JSONL file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise DatasetError(
                f"{file} is a pipe, socket or device. A dataset is read more than once: save it as a regular file."
            )
        source = cls(file.name, status.st_size, file)
        source.open().close()
        return source

    @classmethod
    def from_content(cls, value: Any) -> Source:
        """Take JSONL text, one mapping, or a list of mappings.

        Text is kept byte for byte. ``json.dumps`` writes each mapping as one line. Raises DatasetError if the value
        cannot be written as UTF-8 JSONL.
        """
        text = value if isinstance(value, str) else _render([value] if isinstance(value, dict) else value)
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise DatasetError(
                f"The content holds half of a surrogate pair at character {error.start}, which "
                "UTF-8 cannot hold. "
                "Write the character itself, or both halves."
            ) from error
        return cls("content", len(data), None, data)

    def open(self) -> BinaryIO:
        """Return a new binary stream at the first byte; the caller closes it. Raises DatasetError if that fails."""
        if self.path is None:
            return io.BytesIO(self._data)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: Path, error: OSError) -> DatasetError:
    if isinstance(error, FileNotFoundError):
        what = f"{path} does not exist. The path is looked up on the host that runs the module: copy the file there."
    elif isinstance(error, PermissionError):
        what = f"{path} cannot be read: permission denied. Give the user that runs the module read access."
    elif isinstance(error, NotADirectoryError):
        what = f"{path} does not exist: a part of the path is a file, not a directory. Correct the path."
    else:
        what = f"{path} cannot be read: {error.strerror or error}. Check the file and its file system."
    return DatasetError(what)


def _render(items: Any) -> str:
    if not isinstance(items, list):
        raise DatasetError(
            f"The content is of type {type(items).__name__}. Give JSONL text, or a list with one mapping an example."
        )
    lines = []
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise DatasetError(
                f"Item {number} of the content is of type {type(item).__name__}, not a mapping. "
                "Give a list with one mapping an example."
            )
        try:
            lines.append(json.dumps(item, ensure_ascii=False, allow_nan=False) + "\n")
        except (TypeError, ValueError, RecursionError) as error:
            raise DatasetError(
                f"Item {number} of the content cannot be written as JSON: {error}. "
                "Use only strings, finite numbers, booleans, null, lists and mappings."
            ) from error
    return "".join(lines)
