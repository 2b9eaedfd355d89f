# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a dataset in another format, if nothing is lost. Private to llmops.finetune; may change at any time.

Every format that can hold a plain conversation is read into a Talk and written from a Talk. So n formats need n readers
and n writers. An example is refused, with the number of its line, if a Talk cannot hold it (tools, weights, images,
...) or if the other format cannot hold it (a system message in prompt/completion, ...). Nothing is dropped, joined or
invented.

The same input gives the same bytes: keys have one order, and ``json.dumps(example, ensure_ascii=False)`` writes each
line. The texts and their order are kept. The notation is not kept: spaces between tokens, escapes, the order of keys,
and different notations of the same thing (a weight of 1, which is the default; null for a key that is left out; one
part of text for a string). A file in the notation of the writers comes back byte by byte from a conversion there and
back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from .formats import Format, Formats
from .limits import Limits
from .lines import blocks, has_cuts
from .report import MOST_ERRORS, Issue, Report
from .scan import scan
from .source import DatasetError, Source
from .talk import Conversation, Loss, Prompts, Talk

_BOM = b"\xef\xbb\xbf"
# A host's limits are not checked here: the written data is checked against the limits of the host that takes it.
_ANY = Limits(profile="any", accepts_bom=True)


class Unfit(ValueError):
    """A format is unknown, or cannot be written from the source's format. The message names the possible formats."""


class Sink(Protocol):
    """An object that takes bytes, such as a file that is open for writing."""

    def write(self, data: bytes, /) -> object:
        """Take all of the data."""


@dataclass(frozen=True)
class Conversion:
    """The result of a conversion.

    - report: the report of scan() on the source; losses are added to its errors. If it is not ok, the written data is
      incomplete and must be thrown away
    - format: the format of the written data
    - examples, bytes, sha256: of the data that was written, or would be written; 0, 0 and "" if the report is not ok
    """

    report: Report
    format: str
    examples: int = 0
    bytes: int = 0
    sha256: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything was converted."""
        return self.report.ok


def convert(
    source: Source, to_format: str, dest: Sink | None = None, *, formats: Formats, from_format: str | None = None
) -> Conversion:
    """Write a dataset to ``dest`` in another format, line by line. Without ``dest``, only compute the result.

    ``from_format`` and ``to_format`` are names in ``formats``. If ``from_format`` is None, the format is detected. If
    the two are the same, the bytes are copied, without a byte-order mark. The source is read twice: first to check it,
    then to convert it. A source with errors is not converted. A host's limits are not checked.

    Raises Unfit for an unknown format, and for a pair of formats that cannot be converted (see targets()). Raises
    DatasetError if the source cannot be read, or changes while it is read. An OSError of ``dest`` is not caught.
    """
    for name in (from_format, to_format):
        if name is not None and name not in formats:
            raise Unfit(f"Unknown dataset format {name!r}; known are {', '.join(formats)}.")
    report = scan(source, formats=formats, format=from_format, limits=_ANY)
    if report.format is None or not report.ok:
        return Conversion(report, to_format)
    if to_format not in targets(report.format, formats):
        raise Unfit(
            f"A dataset in the format {report.format} cannot be written as {to_format}. "
            f"It can be written as: {', '.join(targets(report.format, formats))}."
        )
    write = None if report.format == to_format else _translator(formats[report.format], formats[to_format])
    return _Run(source, report, to_format, dest).run(write)


def targets(from_format: str, formats: Formats) -> tuple[str, ...]:
    """Return the names of the formats in which a dataset of this format can be written. The format itself is first."""
    kind = next((kind for kind in (Conversation, Prompts) if isinstance(formats[from_format], kind)), None)
    others = (name for name, form in formats.items() if kind and isinstance(form, kind) and name != from_format)
    return (from_format, *others)


def conversation(form: Format, example: dict[str, Any]) -> Talk | None:
    """Return a valid example of a format as a Talk, or None if it is not a plain conversation.

    System texts, roles and texts are the same in every format that the example can be written in.
    """
    try:
        return form.read(example) if isinstance(form, Conversation) else None
    except Loss:
        return None


class _Run:
    """One pass over a valid source."""

    def __init__(self, source: Source, report: Report, to_format: str, dest: Sink | None) -> None:
        self.source = source
        self.report = report
        self.to_format = to_format
        self.dest = dest
        self.examples = 0
        self.size = 0
        self.digest = hashlib.sha256()

    def run(self, translate: Callable[[bytes], bytes] | None) -> Conversion:
        read = hashlib.sha256()
        with self.source.open() as stream:
            if translate is None:
                self.examples = self.report.examples
                data = _read(self.source, stream, 1 << 20, read).removeprefix(_BOM)
                while data:
                    self._write(data)
                    data = _read(self.source, stream, 1 << 20, read)
            else:
                self._translate(translate, stream, read)
        if read.hexdigest() != self.report.sha256:
            raise self._changed()
        if not self.report.ok:
            return Conversion(self.report, self.to_format)
        return Conversion(self.report, self.to_format, self.examples, self.size, self.digest.hexdigest())

    def _translate(self, translate: Callable[[bytes], bytes], stream: BinaryIO, read: hashlib._Hash) -> None:
        for number, line in enumerate(self._lines(stream, read), 1):
            if not line:
                continue
            try:
                written = translate(line)
            except Loss as loss:
                self._refuse(number, loss)
                continue
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                # The line was valid in the check. So the file has changed, or the reader or the writer has a bug.
                while _read(self.source, stream, 1 << 20, read):
                    pass
                if read.hexdigest() == self.report.sha256:
                    raise
                raise self._changed() from error
            if self.report.ok:
                self.examples += 1
                self._write(written)

    def _lines(self, stream: BinaryIO, read: hashlib._Hash) -> Iterator[bytes]:
        first = True
        for block in blocks(lambda size: _read(self.source, stream, size, read)):
            # A line that is too long is not valid. So the file has changed since the check, and its hash will differ.
            lines = [b""] if isinstance(block, int) else _whole_lines(block)
            for line in lines:
                yield (line.removeprefix(_BOM) if first else line).strip(b" \t\r")
                first = False

    def _changed(self) -> DatasetError:
        return DatasetError(
            f"{self.source.path or self.source.label} changed while it was read. "
            "Wait until it is written, then run again."
        )

    def _write(self, data: bytes) -> None:
        self.size += len(data)
        self.digest.update(data)
        if self.dest:
            self.dest.write(data)

    def _refuse(self, number: int, loss: Loss) -> None:
        code, message, hint = loss.issue
        report = self.report
        if len(report.errors) < MOST_ERRORS:
            report.errors.append(Issue(number, code, message, hint))
        report.error_count += 1
        report.error_codes[code] = report.error_codes.get(code, 0) + 1


def _whole_lines(block: bytes | bytearray) -> list[bytes]:
    return [bytes(block)] if isinstance(block, bytearray) else block.split(b"\n")[:-1]


def _read(source: Source, stream: BinaryIO, size: int, digest: hashlib._Hash) -> bytes:
    try:
        data = stream.read(size)
    except OSError as error:
        raise DatasetError(
            f"Reading {source.path or source.label} failed: {error.strerror or error}. "
            "Check the file and its file system, then run again."
        ) from error
    digest.update(data)
    return data


def _translator(form: Format, to_form: Format) -> Callable[[bytes], bytes]:
    """Return a function that writes a line of ``form`` (without its end) as a line of ``to_form``, or raises Loss."""
    if isinstance(form, Conversation) and isinstance(to_form, Conversation):
        read, write = form.read, to_form.write
        return lambda line: json.dumps(write(read(json.loads(line))), ensure_ascii=False).encode() + b"\n"
    if not isinstance(to_form, Prompts):
        raise AssertionError("unreachable: targets() names no such pair")
    prompt = to_form.prompt

    def keep(line: bytes) -> bytes:
        prompt(json.loads(line))
        if has_cuts(line):
            raise Loss(
                "lossy_image",
                "The line holds large images in data URLs, which other hosts do not take.",
                "Leave the example out.",
            )
        return line + b"\n"

    return keep
