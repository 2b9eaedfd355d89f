# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a dataset module: read and validated once, then sent as it was read.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

from .._engine.coerce import paragraph
from .._engine.errors import ApiError, FineTuneError, InvalidInput
from .formats import Formats
from .limits import Limits
from .report import Report
from .scan import scan
from .source import DatasetError, Source

# The options of all modules that send data.
DATA_SPEC: dict[str, Any] = {
    "src": {"type": "path"},
    "content": {"type": "raw"},
    "name": {"type": "str"},
    "validate": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
_MOST_WARNINGS = 5
_MOST_SCANNED = 64
_SCANNED: dict[Any, Report] = {}
_SCANNING = threading.Lock()


@dataclass(frozen=True)
class LocalData:
    """The data of a task.

    ``report``: the findings of the scan. ``stamp``: identifies the version of the file; None for inline content.
    """

    source: Source
    report: Report
    stamp: tuple[int, int, int] | None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open a new stream at the first byte. Raises FineTuneError if the data can no longer be read."""
        try:
            with self.source.open() as stream:
                yield stream
        except DatasetError as error:
            raise FineTuneError(str(error)) from error
        except OSError as error:
            raise FineTuneError(f"Reading {self.source.path} failed: {error.strerror or error}.") from error

    @property
    def changed(self) -> bool:
        """Whether the file was written to since it was read. Inline content never changes."""
        return self.stamp is not None and _stamp(self.source) != self.stamp

    def changed_error(self) -> ApiError:
        """The error to raise if the file changed during the upload."""
        return ApiError(
            f"{self.source.label} changed while it was uploaded; nothing of it was kept.",
            hint="Run the task again when nobody writes to it.",
        )


def read(params: Mapping[str, Any], formats: Formats, limits: Limits, warn: Callable[[str], None]) -> LocalData | None:
    """Read the data of the options ``src``, ``content``, ``format`` and ``validate``. None if no data is set.

    ``warn`` gets the first warnings. Raises InvalidInput if the data cannot be read. Also raises it if the data is
    invalid, ``validate`` is set, and ``state`` is ``present``.
    """
    try:
        if params["src"]:
            source = Source.from_path(params["src"])
        elif params["content"] is not None:
            source = Source.from_content(params["content"])
        else:
            return None
        stamp = _stamp(source)
        report = _scanned(source, stamp, params["format"], formats, limits)
    except DatasetError as error:
        raise InvalidInput(str(error)) from error
    for warning in report.warnings[:_MOST_WARNINGS]:
        warn(paragraph(f"{source.label}: {warning}"))
    if not report.ok and params["validate"] and params["state"] == "present":
        raise InvalidInput(_format_errors(source, report), facts={"validation": report.to_dict()})
    return LocalData(source, report, stamp)


def _scanned(
    source: Source, stamp: tuple[int, int, int] | None, form: str | None, formats: Formats, limits: Limits
) -> Report:
    """The findings of a scan of the data.

    One process needs them several times: to describe, preview and send the data. A file that was not written to since
    the last scan is not scanned again.
    """
    if stamp is None:
        return scan(source, formats=formats, format=form, limits=limits)
    key = (source.path, stamp, form or tuple(formats), limits)
    with _SCANNING:
        if key not in _SCANNED:
            while len(_SCANNED) >= _MOST_SCANNED:
                del _SCANNED[next(iter(_SCANNED))]
            _SCANNED[key] = scan(source, formats=formats, format=form, limits=limits)
        return _SCANNED[key]


def name_of(params: Mapping[str, Any]) -> str:
    """The dataset's name: ``name``, else the file name of ``src`` without its suffix. Empty if neither is set."""
    return str(params["name"] or (PurePath(params["src"]).stem if params["src"] else ""))


def _stamp(source: Source) -> tuple[int, int, int] | None:
    if source.path is None:
        return None
    status = source.path.stat()
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _format_errors(source: Source, report: Report) -> str:
    lines = "\n".join(f"  {issue}" for issue in report.errors)
    more = report.error_count - len(report.errors)
    rest = f"\n  and {more} more." if more > 0 else ""
    kind = report.format or "unknown format"
    return (
        f"{source.label} is not a valid dataset ({kind}), errors: {report.error_count}; nothing was uploaded.\n"
        f"{lines}{rest}"
    )
