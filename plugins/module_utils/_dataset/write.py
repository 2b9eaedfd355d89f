# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a dataset as one file, or as a training file and a validation file.

Private to llmops.finetune; may change at any time.

``write`` streams into sinks. ``put`` and ``remove`` bring files into the desired state. ``converge`` calls one of them,
by the options of the module ``dataset``. Each raises FineTuneError. Then nothing was changed, unless the error says so.

A split decides for each example alone. It computes the sha256 of ``<seed>\\n<content of the example>``, and reads the
first 8 bytes as a number from 0 to 1. If the number is below the share, the example goes to validation. So:

- an example stays on its side if other examples are added, removed or moved
- a larger share only moves examples to validation
- repetitions of an example are on the same side, and so are examples converted from the same conversation
- the share is only met on average

This MUST NOT change: another assignment is other content, and other content is another training run.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._engine.errors import FineTuneError, InvalidInput
from .._engine.paths import check_destination, not_writable, status_of
from .convert import Sink, Unfit, conversation, convert
from .formats import Format, Formats
from .limits import Limits
from .report import Report
from .scan import detect_source, scan
from .source import DatasetError, Source

_BOM = b"\xef\xbb\xbf"
_ANY = Limits(profile="any", accepts_bom=True)
_MOST_WARNINGS = 5
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Split:
    """A split. ``share``: the part of the examples that goes to validation, between 0 and 1. ``seed`` decides which."""

    share: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise InvalidInput(
                f"split is {self.share}; it is a share between 0 and 1.", hint="0.1 is a tenth of the examples."
            )


@dataclass(frozen=True)
class Part:
    """The content of one file: number of examples, size in bytes, hash."""

    examples: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Written:
    """The result of write().

    ``report``: the report of the source, without errors. ``format``: the format of the written data. ``validation``:
    None without a split.
    """

    report: Report
    format: str
    training: Part
    validation: Part | None


@dataclass(frozen=True)
class File:
    """One file before and after the task, for ``--diff``.

    Keys: ``state`` (``file`` or ``absent``), and for a file that is written ``format``, ``examples`` and ``sha256``.
    """

    path: Path
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether the file was written or removed, or would be in check mode."""
        return self.before != self.after


def write(
    source: Source,
    to_format: str | None = None,
    training: Sink | None = None,
    validation: Sink | None = None,
    *,
    formats: Formats,
    from_format: str | None = None,
    split: Split | None = None,
) -> Written:
    """Write a dataset, line by line, into one sink or two. Without sinks, only compute the result.

    ``to_format``: None keeps the format. ``from_format``: None detects it. A byte-order mark is left out, because not
    every host takes it. With ``split``, each line is written without spaces around it and with a line feed at its end,
    and blank lines are left out. Without ``split``, a dataset that keeps its format is otherwise copied byte by byte.

    Raises InvalidInput if the source cannot be read or is invalid, if a line would lose something, or if one side of
    the split would be empty. An OSError of a sink is not caught.
    """
    try:
        to_format = to_format or from_format or detect_source(source, formats)
        # If no format is detected, the report says so, for every format that is requested.
        wanted = to_format or next(iter(formats))
        if split is None:
            done = convert(source, wanted, training, formats=formats, from_format=from_format)
            parts: tuple[Part, ...] = (Part(done.examples, done.bytes, done.sha256),)
        else:
            splitter = _Splitter(split, formats.get(wanted), _Counted(training), _Counted(validation))
            done = convert(source, wanted, splitter, formats=formats, from_format=from_format)
            parts = splitter.end() if done.ok else ()
    except (DatasetError, Unfit) as error:
        raise InvalidInput(str(error)) from error
    if not done.ok:
        raise InvalidInput(_refusal(source, done.report, wanted), facts={"validation": done.report.to_dict()})
    for side, part in zip(("training", "validation"), parts, strict=False):
        if split and not part.examples:
            raise InvalidInput(
                f"split is {split.share:g} with seed {split.seed}: of {done.report.examples} examples none would be "
                f"left for {side}; nothing was written.",
                hint="Give another share or seed, or more examples.",
                facts={"validation": done.report.to_dict()},
            )
    return Written(done.report, done.format, parts[0], parts[1] if split else None)


class _Counted:
    """Counts and hashes lines, and writes them into a sink if there is one."""

    def __init__(self, sink: Sink | None) -> None:
        self._sink = sink
        self._examples = 0
        self._size = 0
        self._digest = hashlib.sha256()

    def add(self, line: bytes) -> None:
        self._examples += 1
        self._size += len(line)
        self._digest.update(line)
        if self._sink:
            self._sink.write(line)

    def part(self) -> Part:
        return Part(self._examples, self._size, self._digest.hexdigest())


class _Splitter:
    """A sink that passes each line on to one of two sinks. The incoming data may be cut anywhere."""

    def __init__(self, split: Split, form: Format | None, training: _Counted, validation: _Counted) -> None:
        self._form = form
        self._training = training
        self._validation = validation
        self._seeded = hashlib.sha256(b"%d\n" % split.seed)
        self._below = int(split.share * 2**64)
        self._rest = bytearray()
        self._first = True
        self._fault: Exception | None = None

    def write(self, data: bytes, /) -> None:
        self._rest += data
        if b"\n" in data:
            *lines, rest = bytes(self._rest).split(b"\n")
            self._rest[:] = rest
            for line in lines:
                self._line(line)

    def end(self) -> tuple[Part, Part]:
        """Take the rest, and return the content of training and validation.

        Call it only if the source has not changed. Raises the exception of a line that could not be read.
        """
        self._line(bytes(self._rest))
        if self._fault:
            raise self._fault
        return self._training.part(), self._validation.part()

    def _line(self, line: bytes) -> None:
        line = (line.removeprefix(_BOM) if self._first else line).strip(b" \t\r")
        self._first = False
        if line:
            digest = self._seeded.copy()
            digest.update(self._read_content(line))
            chosen = int.from_bytes(digest.digest()[:8], "big") < self._below
            (self._validation if chosen else self._training).add(line + b"\n")

    def _read_content(self, line: bytes) -> bytes:
        """The content of an example, in one notation for all formats."""
        try:
            example = json.loads(line)
            talk = conversation(self._form, example) if self._form else None
        except (ValueError, LookupError, TypeError, AttributeError) as fault:
            # The line was valid when it was checked. The end of the file shows whether the file has changed.
            self._fault = fault
            return line
        content = [talk.system, [[turn.role, turn.texts] for turn in talk.turns]] if talk else example
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def put(
    source: Source,
    to_format: str | None,
    dest: str,
    validation_dest: str | None = None,
    *,
    formats: Formats,
    from_format: str | None = None,
    split: Split | None = None,
    check_mode: bool,
    move: Callable[[str, str], object],
    spare: str | None = None,
) -> tuple[Written, list[File]]:
    """Make sure that the file ``dest`` (with ``split``, also ``validation_dest``) contains a dataset.

    A file that already contains it is not touched. New content is first written completely, into a file in the same
    folder that only its owner may read. Then ``move(from, to)`` puts it in place. ``spare``: a folder for the new
    content if the file's own folder is not writable; None: this is an error.

    The source is read twice. If a file exists with other content, the source is read twice more, so that nothing is
    written if nothing changes.
    """
    if (split is None) != (validation_dest is None):
        raise InvalidInput(
            "split and validation_dest belong together.", hint="Give both to write two files, or none to write one."
        )
    paths = _check_destinations({"dest": dest, "validation_dest": validation_dest}, source.path)
    for option, path in paths.items():
        check_destination(option, path)
    done = False
    with _Beside(spare) as beside:
        try:
            # A missing file is written at once. An existing file is compared first.
            missing = [path for path in paths.values() if not check_mode and not path.exists()]
            sinks = [beside.open(path) if path in missing else None for path in paths.values()]
            written = write(source, to_format, *sinks, formats=formats, from_format=from_format, split=split)
            parts = [part for part in (written.training, written.validation) if part]
            files = [
                _compared(path, part, written.format, formats) for path, part in zip(paths.values(), parts, strict=True)
            ]
            other = [file.path for file in files if file.changed and file.path not in missing]
            for path in other:
                _folder(path, spare)
            if other and not check_mode:
                sinks = [beside.open(path) if path in other else None for path in paths.values()]
                _write_again(source, written, sinks, formats, from_format, split)
            beside.close()
            for path, name in beside.names.items():
                move(name, str(path))
                done = True
        except OSError as error:
            names = " and ".join(str(path) for path in paths.values())
            raise FineTuneError(
                f"Writing {names} failed: {error.strerror or error}; "
                f"{'only one of the files was replaced' if done else 'nothing was changed'}.",
                hint="Check the file system, then run again.",
                facts={"changed": done},
            ) from error
    return written, files


def _write_again(
    source: Source,
    written: Written,
    sinks: Sequence[Sink | None],
    formats: Formats,
    from_format: str | None,
    split: Split | None,
) -> None:
    """Write the files whose content differs. Raises InvalidInput if the source has changed meanwhile."""
    again = write(source, written.format, *sinks, formats=formats, from_format=from_format, split=split)
    if (again.training, again.validation) != (written.training, written.validation):
        raise InvalidInput(
            f"{source.label} changed while it was read; nothing was written.",
            hint="Wait until it is written, then run again.",
        )


class _Beside:
    """New files beside the files that they replace. At the end, those that were not moved are removed.

    ``names``: the path of the new file, by the path of the file that it replaces.
    """

    def __init__(self, spare: str | None) -> None:
        self.names: dict[Path, str] = {}
        self._spare = spare
        self._streams = ExitStack()

    def open(self, path: Path) -> Sink:
        """Open a new file that replaces ``path``. Raises InvalidInput if the folder cannot be written to."""
        number, self.names[path] = tempfile.mkstemp(prefix=".ansible_tmp", dir=_folder(path, self._spare))
        return self._streams.enter_context(os.fdopen(number, "wb"))

    def close(self) -> None:
        """Close the new files, which writes the rest of their data."""
        self._streams.close()

    def __enter__(self) -> _Beside:
        return self

    def __exit__(self, *_raised: object) -> None:
        try:
            with suppress(OSError):  # data that cannot be written any more is thrown away
                self.close()
        finally:
            for name in self.names.values():
                Path(name).unlink(missing_ok=True)


def remove(dest: str, validation_dest: str | None, src: str | None, *, check_mode: bool) -> list[File]:
    """Remove files. A file that does not exist is fine.

    Raises InvalidInput if ``src`` is among them, for a path that is not a file, and for a file in a folder that is not
    writable. Raises FineTuneError if a file cannot be removed.
    """
    files = []
    for option, path in _check_destinations(
        {"dest": dest, "validation_dest": validation_dest}, Path(src) if src else None
    ).items():
        status = status_of(option, path)
        if status and not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            raise InvalidInput(
                f"{option}: {path} is not a file; only files are removed.", hint="Give the path of a file."
            )
        if status and not os.access(path.parent, os.W_OK | os.X_OK):
            raise not_writable(path.parent)
        files.append(File(path, {"state": "file" if status else "absent"}, {"state": "absent"}))
    done = False
    for file in files:
        if file.changed and not check_mode:
            try:
                file.path.unlink(missing_ok=True)
            except OSError as error:
                raise FineTuneError(
                    f"Removing {file.path} failed: {error.strerror or error}.",
                    hint="Check the file and its folder, then run again.",
                    facts={"changed": done},
                ) from error
            done = True
    return files


def converge(
    params: Mapping[str, Any],
    *,
    formats: Formats,
    check_mode: bool,
    move: Callable[[str, str], object],
    attributes: Callable[[str, dict[str, Any]], bool],
    warn: Callable[[str], None],
    spare: str | None = None,
) -> dict[str, Any]:
    """Bring the files into the state that the options of the module ``dataset`` describe, and return its result.

    ``attributes(path, diff)`` sets mode, owner and so on, adds its changes to ``before`` and ``after`` in ``diff``, and
    returns whether it changed anything. ``move``, ``spare``: see put().
    """
    for option in ("src", "dest", "validation_dest"):
        if params[option] == "":
            raise InvalidInput(f"{option} is empty.", hint="Give a path, or leave the option out.")
    if params["state"] == "absent":
        files = remove(params["dest"], params["validation_dest"], params["src"], check_mode=check_mode)
        return _result(files, {}, attributes)
    source = _source(params)
    written, files = put(
        source,
        params["format"],
        params["dest"],
        params["validation_dest"],
        formats=formats,
        from_format=params["source_format"],
        split=None if params["split"] is None else Split(params["split"], params["seed"]),
        check_mode=check_mode,
        move=move,
        spare=spare,
    )
    for warning in written.report.warnings[:_MOST_WARNINGS]:
        warn(f"{source.label}: {warning}")
    found = {"format": written.format, **vars(written.training), "validation": written.report.to_dict()}
    if written.validation:
        found |= {f"validation_{name}": value for name, value in vars(written.validation).items()}
    return _result(files, found, attributes)


def _result(
    files: Sequence[File], found: Mapping[str, Any], attributes: Callable[[str, dict[str, Any]], bool]
) -> dict[str, Any]:
    changed = False
    diffs = []
    for file in files:
        diff = {"before": {**file.before}, "after": {**file.after}}
        there = file.after["state"] == "file"
        differs = attributes(str(file.path), diff) if there else False
        if file.before["state"] == "absent":
            diff["before"] = file.before  # without the attributes that the new file was created with
        if file.changed or differs:
            changed = True
            diffs.append({"before_header": str(file.path), "after_header": str(file.path), **diff})
    paths = dict(zip(("dest", "validation_dest"), (str(file.path) for file in files), strict=False))
    return {"changed": changed, **paths, **found, "diff": diffs}


def _source(params: Mapping[str, Any]) -> Source:
    try:
        return Source.from_content(params["content"]) if params["src"] is None else Source.from_path(params["src"])
    except DatasetError as error:
        raise InvalidInput(str(error)) from error


def _check_destinations(options: Mapping[str, str | None], src: Path | None) -> dict[str, Path]:
    """The paths by option. Raises InvalidInput for a path with a final slash, for the source, and for equal paths."""
    paths: dict[str, Path] = {}
    for option, value in options.items():
        if value is None:
            continue
        if value.endswith("/"):
            raise InvalidInput(f"{option} is '{value}', a folder.", hint="Give the path of a file in it.")
        path = Path(value).absolute()  # ``move`` needs a path with a folder
        if src and _same(path, src):
            raise InvalidInput(
                f"{option} and src are the same file, {path}; the source is never written over or removed.",
                hint="Give another path.",
            )
        if any(_same(path, other) for other in paths.values()):
            raise InvalidInput(f"dest and validation_dest are the same file, {path}.", hint="Give two paths.")
        paths[option] = path
    return paths


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.realpath(one) == os.path.realpath(other) or one.samefile(other)
    except (OSError, ValueError):  # one does not exist, or is not a usable path, which is reported later
        return False


def _compared(path: Path, part: Part, form: str, formats: Formats) -> File:
    """Compare a file, which may not exist, with the new content. Raises InvalidInput if it cannot be read."""
    after = {"state": "file", "format": form, "examples": part.examples, "sha256": part.sha256}
    try:
        if not path.exists():
            return File(path, {"state": "absent"}, after)
        there = Source.from_path(path)
        if there.bytes == part.bytes and _sha256(there) == part.sha256:
            return File(path, after, after)
        report = scan(there, formats=formats, limits=_ANY)
    except DatasetError as error:
        raise InvalidInput(str(error)) from error
    before = {"state": "file", "format": report.format, "examples": report.examples, "sha256": report.sha256}
    return File(path, before, after)


def _sha256(source: Source) -> str:
    digest = hashlib.sha256()
    try:
        with source.open() as stream:
            while data := stream.read(_CHUNK):
                digest.update(data)
    except OSError as error:
        raise DatasetError(f"Reading {source.path} failed: {error.strerror or error}.") from error
    return digest.hexdigest()


def _folder(path: Path, spare: str | None) -> str:
    """The folder for the new content of a file. Raises InvalidInput if it is not writable and ``spare`` is None."""
    if os.access(path.parent, os.W_OK | os.X_OK):
        return str(path.parent)
    if spare is None:
        raise not_writable(path.parent)
    return spare


def _refusal(source: Source, report: Report, to_format: str) -> str:
    lines = "\n".join(f"  {issue}" for issue in report.errors)
    more = report.error_count - len(report.errors)
    rest = f"\n  and {more} more." if more > 0 else ""
    kind = report.format or "unknown format"
    if any(code.startswith("lossy_") for code in report.error_codes):
        what = f"{source.label} ({kind}) cannot be written as {to_format} without loss"
    else:
        what = f"{source.label} is not a valid dataset ({kind})"
    return f"{what}, errors: {report.error_count}; nothing was written.\n{lines}{rest}"
