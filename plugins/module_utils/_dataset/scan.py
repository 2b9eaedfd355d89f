# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate, count and hash a dataset as a stream. Private to llmops.finetune; may change at any time.

There are two paths to read a line. The fast path keeps the pairs of each object, so that a repeated key cannot hide. It
measures a line that has the plain shape of its format. Every other line goes to the slow path, which parses the line
again and explains the problem. The two paths agree, because the fast path accepts only lines without any issue.

Forked processes validate a large file, each one a range of whole lines. This process computes the hash meanwhile. The
ranges are merged in order, so the report does not depend on the number of processes.

Tokens are estimated (see tokens.py) for each example. In a large file this is done only for a sample from the whole
file. The sample gives the number of tokens for each character and byte; the other examples are estimated by this
number. Images are not counted.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
import re
import select
import signal
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from json.decoder import JSONDecoder
from typing import Any, BinaryIO

from .chat import may_hold_token
from .formats import Check, Format, Formats, Measure, foreign_format
from .limits import Limits
from .lines import Read, blocks, has_cuts
from .report import MOST_ERRORS, MOST_WARNINGS, MOST_WARNINGS_PER_CODE, Issue, Report, Statistic
from .rules import ACCEPTED, verdict_of
from .source import DatasetError, Source
from .tokens import count_example, unload_vocabulary

MAX_WORKERS = 4
# For a smaller file, starting a process costs more than it saves.
MIN_FORK_BYTES = 8 << 20
# Repeated examples are looked for among this number of lines. Each one takes 8 bytes of memory.
DUPLICATE_LINES = 1 << 17

# In a file up to COUNTED_BYTES, the tokens of each example are counted. In a larger file they are counted in samples:
# (number of places, bytes at each place). The second pair is for files with long lines. _USUAL: tokens for each unit of
# weight (characters plus bytes) of prose; it is used if no line is short enough for the samples.
COUNTED_BYTES = 1 << 20
_SAMPLES = ((64, 16 << 10), (2, 1 << 20))
_USUAL = 1 / 8
# A line of at least _LARGE bytes is examined before it is parsed: many small values take much more memory than text.
_LARGE = 1 << 18
MAX_VALUES = 50_000
MAX_DEPTH = 200  # levels of nested objects and lists

_HEAD = 1 << 20
_HASH_CHUNK = 1 << 20
_FOLD_AT = 4096
# If the fast path has failed on _PATIENCE lines in a row, it is tried only on every _RETRY-th line.
_PATIENCE = 8
_RETRY = 64

_BOM = b"\xef\xbb\xbf"
_COMPRESSED = (
    (b"\x1f\x8b", "gzip", "gunzip"),
    (b"BZh", "bzip2", "bunzip2"),
    (b"\xfd7zXZ\x00", "xz", "unxz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"PK\x03\x04", "zip", "unzip"),
)
_VAULT = b"$ANSIBLE_VAULT;"
_CARRIAGE_RETURNS = re.compile(rb"\}[ \t]*\r+[ \t]*\{")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_JSON_FAULT = (ValueError, RecursionError, StopIteration)
_NOT_PLAIN = (ValueError, RecursionError, StopIteration, TypeError, KeyError, AttributeError)

_STATISTICS = ("messages_per_example", "characters_per_example", "tokens_per_example")

_Shown = tuple["int | None", str, str, str]


def scan(
    source: Source, *, formats: Formats, limits: Limits, format: str | None = None, workers: int | None = None
) -> Report:
    """Read a dataset once, check every line, and return the findings.

    ``format``: a name in ``formats``; None: it is detected. ``limits``: the limits of the host that takes the data.
    ``workers``: the number of processes that validate; None: one for each usable processor, at most four. Small sources
    and inline content are validated without a fork. Problems of the content are in the report. Raises DatasetError if
    the source cannot be read, or changes while it is read. Raises ValueError for an unknown format.
    """
    if format is not None and format not in formats:
        raise ValueError(f"Unknown dataset format {format!r}; known are {', '.join(formats)}.")
    try:
        with source.open() as stream:
            return _scan(source, stream, format, formats, limits, workers)
    except OSError as error:
        raise _unreadable(source, error) from error


def _scan(
    source: Source, stream: BinaryIO, name: str | None, formats: Formats, limits: Limits, workers: int | None
) -> Report:
    before = _identity(stream, source)
    head = stream.read(_HEAD)
    stream.seek(0)
    report = Report(statistics=dict.fromkeys(_STATISTICS))
    tally = _Tally()
    digest = hashlib.sha256()
    skip = len(_BOM) if head.startswith(_BOM) else 0
    whole = _file_fault(head[skip:], limits)
    if whole:
        tally.add(True, None, *whole)
        if name is not None:
            report.format = name
        _hash(stream, digest)
    else:
        form = formats[name] if name is not None else _detect(stream, skip, formats, limits)
        report.format = form.name if form else None
        report.detected = name is None and form is not None
        if form and limits.formats and form.name not in limits.formats:
            tally.add(True, None, *_wrong(form, formats, limits))
        if skip and not limits.accepts_bom:
            tally.add(
                True,
                1,
                "bom",
                "The file starts with a byte-order mark.",
                "Save it as UTF-8 without a byte-order mark.",
            )
        count = _workers(source, workers)
        ranges = _ranges(stream, skip, before[0], count) if count > 1 else []
        lines = _Lines(form, limits, _tokens_by_weight(stream, before[0], form, limits))
        if len(ranges) > 1:
            unload_vocabulary()  # each process would hold it too, and does not need it
        parts = _fork(stream, ranges, lines, digest) if len(ranges) > 1 else None
        if parts is None:
            digest.update(stream.read(skip))
            parts = [lines.tally_all(_hashed(stream, digest)).pack()]
        for part in parts:
            tally.merge(part)
        _finish(tally, form, formats, limits, report, _last_byte(stream) == b"\r")
    if _identity(stream, source) != before:
        raise DatasetError(
            f"{source.path or source.label} changed while it was read. Wait until it is written, then run again."
        )
    report.bytes = before[0]
    report.sha256 = digest.hexdigest()
    _too_large(report.bytes, limits, tally)
    tally.fill(report)
    return report


def _identity(stream: BinaryIO, source: Source) -> tuple[int, int]:
    """The size and the modification time of the open file. They show whether it changes while it is read."""
    if source.path is None:
        return source.bytes, 0
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _last_byte(stream: BinaryIO) -> bytes:
    end = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, end - 1))
    return stream.read(1)


def _file_fault(head: bytes, limits: Limits) -> tuple[str, str, str] | None:
    """Recognise a file that is not JSONL at all. Returns (code, message, hint), or None for any other file."""
    if not head.strip():
        if len(head) == _HEAD:
            return None
        return "empty", "There is no example in it.", f"Add one example a line; at least {_least(limits)}."
    if head.lstrip().startswith(_VAULT):
        return (
            "vault_encrypted",
            "It is encrypted with ansible-vault.",
            "Decrypt it (ansible-vault decrypt), or give it as content, which is decrypted on the way: "
            "\"{{ lookup('ansible.builtin.file', 'train.jsonl') }}\".",
        )
    for magic, kind, tool in _COMPRESSED:
        if head.startswith(magic):
            return "compressed", f"It is a {kind} archive.", f"Unpack it first, for example with {tool}."
    if head.startswith(_UTF16) or b"\x00" in head[:4]:
        return "utf16", "It is UTF-16 or UTF-32 text.", "Save it as UTF-8 (iconv -f UTF-16 -t UTF-8)."
    if b"\n" not in head and _CARRIAGE_RETURNS.search(head):
        return (
            "carriage_returns",
            "Its lines end with a carriage return alone, so that it is one line.",
            "Write line feeds, for example: tr '\\r' '\\n' < old.jsonl > new.jsonl",
        )
    text = head.lstrip()
    if text.startswith(b"["):
        return (
            "json_array",
            "It is one JSON array, not JSONL.",
            "Write each element on a line of its own, for example: jq -c '.[]' data.json > data.jsonl",
        )
    first = text.split(b"\n", 1)[0].strip()
    if first == b"{" and b"\n" in text:
        return (
            "multiline_json",
            "Its JSON is spread over several lines.",
            "Write each example on one line, for example: jq -c . data.json > data.jsonl",
        )
    return None


def _least(limits: Limits) -> int:
    return limits.min_examples.value if limits.min_examples else 1


def _wrong(form: Format, formats: Formats, limits: Limits) -> tuple[str, str, str]:
    """The error for a format that is not accepted: (code, message, hint)."""
    wanted = "; ".join(f"{known}: {formats[known].shape}" for known in limits.formats)
    return (
        "wrong_format",
        f"Its examples have the format {form.name}, which is not accepted here ({limits.profile}).",
        f"Convert it, or choose another model. Accepted: {wanted}",
    )


def detect_source(source: Source, formats: Formats, limits: Limits | None = None) -> str | None:
    """Return the name of the format that is detected at the beginning of a source, or None if none is detected.

    ``limits``: the limits of the host that takes the data; None: any host. Raises DatasetError if the source cannot be
    read.
    """
    try:
        with source.open() as stream:
            skip = len(_BOM) if stream.read(len(_BOM)) == _BOM else 0
            form = _detect(stream, skip, formats, limits or Limits(profile="any"))
    except OSError as error:
        raise _unreadable(source, error) from error
    return form.name if form else None


def _unreadable(source: Source, error: OSError) -> DatasetError:
    return DatasetError(
        f"Reading {source.path or source.label} failed: {error.strerror or error}. "
        "Check the file and its file system, then run again."
    )


def _detect(stream: BinaryIO, skip: int, formats: Formats, limits: Limits) -> Format | None:
    """Detect the format from the first example that shows one, in about the first MiB of the file. Else None."""
    stream.seek(skip)
    try:
        for block in blocks(stream.read):
            lines = [block] if isinstance(block, bytearray) else [] if isinstance(block, int) else block.split(b"\n")
            for line in lines:
                if _is_dense(line):
                    continue
                try:
                    example = json.loads(line.decode())
                except _JSON_FAULT:
                    continue
                form = formats.detect(example, limits.formats) if isinstance(example, dict) else None
                if form:
                    return form
            if stream.tell() > _HEAD:
                return None
        return None
    finally:
        stream.seek(0)


def _too_large(size: int, limits: Limits, tally: _Tally) -> None:
    limit = limits.max_bytes
    if limit and size > limit.value:
        tally.add(
            limit.hard,
            None,
            "file_too_large",
            f"It has {size:,} bytes; the limit is {limit.value:,}.",
            "Leave examples out, or split it into several training runs.",
        )


class _Numbers:
    """The distribution of numbers, in bounded memory: eight significant bits of each number are kept."""

    def __init__(self) -> None:
        self.number = self.total = self.low = self.high = 0
        self._new: Counter[int] = Counter()
        self._rounded: Counter[int] = Counter()

    def add(self, column: list[int]) -> None:
        self._new.update(column)
        if len(self._new) > _FOLD_AT:
            self._fold()

    def _fold(self) -> None:
        if not self._new:
            return
        low, high = min(self._new), max(self._new)
        self.low = min(self.low, low) if self.number else low
        self.high = max(self.high, high)
        for value, count in self._new.items():
            shift = max(0, value.bit_length() - 8)
            self._rounded[value >> shift << shift] += count
            self.number += count
            self.total += value * count
        self._new.clear()

    def pack(self) -> tuple[int, int, int, int, dict[int, int]]:
        self._fold()
        return self.number, self.total, self.low, self.high, dict(self._rounded)

    def merge(self, number: int, total: int, low: int, high: int, rounded: dict[int, int]) -> None:
        if number:
            self.low = min(self.low, low) if self.number else low
            self.high = max(self.high, high)
            self.number += number
            self.total += total
            self._rounded.update(rounded)

    def statistic(self) -> Statistic | None:
        """Summarise the numbers. None if there are none."""
        self._fold()
        if not self.number:
            return None
        mean = round(self.total / self.number, 1)
        return Statistic(min=self.low, mean=mean, median=self._at(50), p95=self._at(95), max=self.high)

    def _at(self, percent: int) -> int:
        """The number that ``percent`` of all numbers do not exceed.

        Numbers are known only as they were rounded. So it is the middle of those that were rounded to the same value.
        """
        rank = max(1, -(-self.number * percent // 100))
        seen = value = 0
        for value in sorted(self._rounded):
            seen += self._rounded[value]
            if seen >= rank:
                break
        middle = value + (1 << max(0, value.bit_length() - 8)) // 2
        return min(max(middle, self.low), self.high)


class _Tally:
    """The findings in a range of lines. Line numbers count from the start of the range."""

    def __init__(self) -> None:
        self.lines = 0
        self.examples = 0
        self.image_examples = 0
        self.errors: list[_Shown] = []
        self.warnings: list[_Shown] = []
        self.error_codes: Counter[str] = Counter()
        self.warning_codes: Counter[str] = Counter()
        self.statistics = [_Numbers() for _name in _STATISTICS]
        self.buckets: set[str] = set()
        # The first line with an image, and the first line with a video; 0: there is none.
        self.first_image = self.first_video = 0
        # The first well-known format that was found and that no host takes; else empty.
        self.foreign = ""
        # One hash for each line, for the first DUPLICATE_LINES lines. 0: there is nothing to compare.
        self.hashes = array("q")
        self.first_crlf = 0
        # Blank lines that no other line has followed yet: the number of the first one, and the number of lines.
        self.blank_first = 0
        self.blanks = 0

    def add(self, error: bool, line: int | None, code: str, message: str, hint: str, times: int = 1) -> None:
        """Count an issue. Keep it if it is among the first ones, which are shown.

        ``times``: the issue is that of so many lines, from ``line`` on.
        """
        issues, codes = (self.errors, self.error_codes) if error else (self.warnings, self.warning_codes)
        for offset in range(min(times, MOST_ERRORS)):
            if len(issues) >= (MOST_ERRORS if error else MOST_WARNINGS):
                break
            if error or codes[code] + offset < MOST_WARNINGS_PER_CODE:
                issues.append((line + offset if line is not None else None, code, message, hint))
        codes[code] += times

    def blank(self) -> None:
        if not self.blanks:
            self.blank_first = self.lines
        self.blanks += 1

    def settle_blanks(self) -> None:
        """Report the last blank lines as errors, because another line follows them."""
        if self.blanks:
            hint = "Remove it: each line is one example."
            self.add(True, self.blank_first, "blank_line", "The line is blank.", hint, self.blanks)
            self.blanks = 0

    def pack(self) -> dict[str, Any]:
        """The tally as plain data, for another process."""
        packed = dict(vars(self))
        packed["hashes"] = self.hashes.tobytes()
        packed["statistics"] = [numbers.pack() for numbers in self.statistics]
        packed["error_codes"] = dict(self.error_codes)
        packed["warning_codes"] = dict(self.warning_codes)
        return packed

    def merge(self, part: dict[str, Any]) -> None:
        """Add the findings in the range of lines that follows."""
        offset = self.lines
        self.lines += part["lines"]
        if part["lines"] > part["blanks"]:
            self.settle_blanks()
        for error, issues, codes in (
            (True, part["errors"], part["error_codes"]),
            (False, part["warnings"], part["warning_codes"]),
        ):
            held: Counter[str] = Counter()
            for line, code, message, hint in issues:
                held[code] += 1
                self.add(error, line + offset if line is not None else None, code, message, hint)
            totals = self.error_codes if error else self.warning_codes
            for code, count in codes.items():
                totals[code] += count - held[code]
        if part["blanks"]:
            if not self.blanks:
                self.blank_first = part["blank_first"] + offset
            self.blanks += part["blanks"]
        for first in ("first_crlf", "first_image", "first_video"):
            if part[first] and not getattr(self, first):
                setattr(self, first, part[first] + offset)
        self.foreign = self.foreign or part["foreign"]
        self.examples += part["examples"]
        self.image_examples += part["image_examples"]
        self.buckets |= part["buckets"]
        for numbers, more in zip(self.statistics, part["statistics"], strict=True):
            numbers.merge(*more)
        hashes = array("q")
        hashes.frombytes(part["hashes"])
        self.hashes.extend(hashes[: max(0, DUPLICATE_LINES - len(self.hashes))])

    def fill(self, report: Report) -> None:
        report.examples = self.examples
        report.media_buckets = sorted(self.buckets)
        report.estimated_tokens = self.statistics[-1].total
        report.errors = [Issue(*issue) for issue in self.errors]
        report.error_codes = dict(sorted(self.error_codes.items()))
        report.error_count = self.error_codes.total()
        report.warnings = [Issue(*issue) for issue in self.warnings]
        report.warning_codes = dict(sorted(self.warning_codes.items()))
        report.warning_count = self.warning_codes.total()


def _finish(
    tally: _Tally, form: Format | None, formats: Formats, limits: Limits, report: Report, ends_with_return: bool
) -> None:
    """Report the issues that need the whole file, and fill in the statistics.

    ``ends_with_return``: the last byte of the file is a carriage return.
    """
    if tally.first_crlf and ends_with_return and tally.first_crlf == tally.lines:
        tally.add(
            False,
            tally.first_crlf,
            "carriage_return",
            "The file ends with a carriage return that no line feed follows.",
            "Remove it, or end the line with a line feed.",
        )
    elif tally.first_crlf:
        tally.add(
            False,
            tally.first_crlf,
            "crlf",
            "Lines end with a carriage return and a line feed.",
            "Line feeds alone are safer.",
        )
    if tally.blanks:
        tally.add(False, tally.blank_first, "trailing_blank_line", "The file ends with blank lines.", "Remove them.")
    _duplicates(tally)
    unknown = form is None and tally.examples > 0 and not tally.errors
    if not unknown:
        _numbers(tally, limits)
    _media(tally, limits)
    if form:
        check = Check(limits, lambda error, code, message, hint: tally.add(error, None, code, message, hint))
        form.count(tally.examples, tally.image_examples, check)
    elif unknown:
        known = [formats[name] for name in limits.formats] or formats.values()
        shapes = "; ".join(f"{each.name}: {each.shape}" for each in known)
        if tally.foreign:
            message, hint = f"Its examples are in {tally.foreign}, which no host takes.", "Write them in another: "
        else:
            message, hint = "Its examples have no known format.", "Known are "
        tally.add(True, None, "unknown_format", message, f"{hint}{shapes}")
    for name, numbers in zip(_STATISTICS, tally.statistics, strict=True):
        report.statistics[name] = numbers.statistic()
    if form and not form.has_messages:
        report.statistics[_STATISTICS[0]] = None


def _numbers(tally: _Tally, limits: Limits) -> None:
    """Report if there are too few examples, or if the host does not use a validation file."""
    least = limits.min_examples
    if not tally.examples:
        tally.add(
            True,
            None,
            "empty",
            "There is no example in it.",
            f"Add one example a line; at least {_least(limits)}.",
        )
    elif least and tally.examples < least.value:
        tally.add(
            least.hard,
            None,
            "too_few_examples",
            f"It holds {tally.examples} example{'s' if tally.examples > 1 else ''}; at least {least.value} are needed.",
            "Add examples.",
        )
    useless = limits.no_validation
    if limits.is_validation and useless:
        tally.add(
            useless.hard,
            None,
            "validation_refused" if useless.hard else "validation_unused",
            f"A validation file is {'refused' if useless.hard else 'not used'} here ({limits.profile}).",
            "Leave it out.",
        )


def _media(tally: _Tally, limits: Limits) -> None:
    """Report images and videos of several examples that may not be in one file, and several buckets."""
    one = limits.one_medium
    first, second = sorted((tally.first_image, tally.first_video))
    if one and first and first != second:
        kinds = ("videos", "images") if tally.first_image == second else ("images", "videos")
        tally.add(
            one.hard,
            second,
            "mixed_media",
            f"The example holds {kinds[1]}, and that of line {first} {kinds[0]}.",
            "Split the file: all of its examples have the same kind of media, or none.",
        )
    if limits.one_bucket and len(tally.buckets) > 1:
        tally.add(
            True,
            None,
            "several_buckets",
            f"Its images and videos are in several buckets: {', '.join(sorted(tally.buckets)[:5])}.",
            "Put them into one bucket, that of the dataset.",
        )


def _duplicates(tally: _Tally) -> None:
    """Warn about lines that repeat an earlier line, among the lines whose hashes were kept.

    There is one warning for all repetitions of a line.
    """
    hashes = tally.hashes
    blank = hashes.count(0)
    if len(set(hashes)) - (blank > 0) == len(hashes) - blank:
        return
    # By hash: the first line; and [the first line, the first line that repeats it, the number of lines that do].
    seen: dict[int, int] = {}
    repeated: dict[int, list[int]] = {}
    for index, value in enumerate(hashes):
        if value and value in seen:
            repeated.setdefault(value, [seen[value], index + 1, 0])[2] += 1
        seen.setdefault(value, index + 1)
    for first, line, times in repeated.values():
        more = f" So {'do' if times > 2 else 'does'} {times - 1:,} more." if times > 1 else ""
        tally.add(
            False,
            line,
            "duplicate_example",
            f"The example repeats line {first}.{more}",
            "Remove it, unless it is meant to count twice.",
        )


class _Constant(ValueError):
    """A line holds NaN or Infinity."""


def _refuse_constant(name: str) -> None:
    raise _Constant(name)


class _Decoder(JSONDecoder):
    # raw_decode() calls it. It returns the value that starts at an index, and the index after the value.
    scan_once: Callable[[str, int], tuple[Any, int]]


class _Lines:
    """Checks lines, and counts them in a tally.

    ``scale``: the tokens for each unit of weight; None: the tokens of each example are counted.
    """

    def __init__(self, form: Format | None, limits: Limits, scale: float | None) -> None:
        self.tally = _Tally()
        self._scale = scale
        self._example: Any = None  # the last example that the slow path has read
        self._form = form
        self._measure = form.bind(limits) if form else None
        self._steered = verdict_of("special_token", limits.profile) != ACCEPTED
        self._check = Check(limits, self._report)
        self._check.buckets = self.tally.buckets
        self._fast = _Decoder(object_pairs_hook=tuple, parse_constant=_refuse_constant).scan_once
        self._slow = JSONDecoder(object_pairs_hook=self._object, parse_constant=_refuse_constant)
        self._repeated: list[str] = []
        self._given_up = 0
        most = limits.max_example_tokens
        self._most_tokens = most.value if most else 1 << 62
        self._tokens_hard = bool(most and most.hard)
        self._truncates = limits.truncates

    def _report(self, error: bool, code: str, message: str, hint: str) -> None:
        self.tally.add(error, self.tally.lines, code, message, hint)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            keys = [key for key, _value in pairs]
            self._repeated += sorted({key for key in keys if keys.count(key) > 1})
        return value

    def too_long(self, size: int) -> None:
        self.tally.lines += 1
        if self.tally.lines <= DUPLICATE_LINES:
            self.tally.hashes.append(0)
        self.tally.settle_blanks()
        self.tally.examples += 1
        self._report(
            True,
            "line_too_long",
            f"The line has {size:,} bytes, too many for one example.",
            "Check that each example ends with a line feed; shorten the example.",
        )

    def long(self, line: bytearray) -> None:
        """Take one long line.

        If it has at least _LARGE bytes, it is cleared after reading. So the line and its values are not in memory at
        the same time.
        """
        self._take([line if len(line) >= _LARGE else bytes(line)])

    def block(self, data: bytes) -> None:
        """Take a block of whole lines."""
        lines = data.split(b"\n")
        lines.pop()
        self._take(lines)

    def _take(self, lines: Sequence[bytes | bytearray]) -> None:
        # Decoding each line is faster than decoding the block: a text in another script then widens only its own line.
        # One long loop with local names, for speed: it runs for every line, and files can have gigabytes.
        tally, fast, most = self.tally, self._fast, self._most_tokens
        measure, scale, steered = self._measure, self._scale, self._steered
        trained = self._form.trained if self._form else None
        hashes = tally.hashes
        number = tally.lines
        slow_examples = 0
        messages: list[int] = []
        chars: list[int] = []
        tokens: list[int] = []
        for line in lines:
            number += 1
            found = None
            odd = len(line) >= _LARGE or (steered and may_hold_token(line))
            if measure and not odd and (self._given_up < _PATIENCE or not number % _RETRY):
                try:
                    text = line.decode()
                    example, end = fast(text, 0)
                    if end == len(text) and isinstance(example, tuple) and not _is_deep(example, text):
                        found = measure(example)
                except _NOT_PLAIN:
                    found = None
            if found:
                if number <= DUPLICATE_LINES:
                    hashes.append(hash(line) or 1)
                if self._given_up:
                    self._given_up = 0
                    tally.settle_blanks()
            else:
                self._given_up += 1
                tally.lines = number
                if number <= DUPLICATE_LINES:
                    hashes.append(0)
                found = self._line(line)
                if not found:
                    continue
                slow_examples += 1
                example = self._example
            count, size, weight = found
            estimate = count_example(example, count, trained) if scale is None else round(weight * scale)
            if estimate > most:
                tally.lines = number
                self._long(estimate)
            messages.append(count)
            chars.append(size)
            tokens.append(estimate)
        tally.lines = number
        tally.examples += len(messages) - slow_examples
        for numbers, column in zip(tally.statistics, (messages, chars, tokens), strict=True):
            numbers.add(column)

    def _long(self, estimate: int) -> None:
        self._report(
            self._tokens_hard,
            "may_be_truncated" if self._truncates else "may_be_too_long",
            f"The example has about {estimate:,} tokens; the limit is {self._most_tokens:,}.",
            "What is beyond is cut off at the end: shorten or split the example."
            if self._truncates
            else "The host refuses a longer one: shorten or split the example.",
        )

    def _line(self, raw: bytes | bytearray) -> Measure | None:
        """Check one line precisely. Returns its measure, or None if it is not valid. Clears a bytearray."""
        tally, self._example = self.tally, None
        if raw.endswith(b"\r") and not tally.first_crlf:
            tally.first_crlf = tally.lines
        line = raw.strip(b" \t\r")
        if isinstance(raw, bytearray):
            raw.clear()
        if not line:
            tally.blank()
            return None
        tally.settle_blanks()
        tally.examples += 1
        if tally.lines <= DUPLICATE_LINES:
            tally.hashes[-1] = hash(bytes(line)) or 1
        if _is_dense(line):
            self._report(
                True,
                "too_many_values",
                f"The line has more than {MAX_VALUES:,} values, too many for one example.",
                "Shorten the example, or write data as text.",
            )
            return None
        try:
            text = line.decode()
        except UnicodeDecodeError as fault:
            self._report(
                True,
                "not_utf8",
                f"The line is not UTF-8: byte 0x{line[fault.start]:02X} at byte {fault.start + 1} of its text.",
                "Save the file as UTF-8 (from Latin-1: iconv -f ISO-8859-1 -t UTF-8).",
            )
            return None
        note = " Images in data URLs are not counted." if has_cuts(line) else ""
        if isinstance(line, bytearray):
            line.clear()
        example = self._example = self._parse(text, note)
        del text
        if example is None:
            return None
        check = self._check
        check.failed = check.has_image = check.has_video = False
        found = None
        if self._form:
            found = self._form.check(example, check)
            tally.image_examples += check.has_image
            tally.first_image = tally.first_image or check.has_image * tally.lines
            tally.first_video = tally.first_video or check.has_video * tally.lines
        elif not tally.foreign:
            tally.foreign = foreign_format(example)
        return None if check.failed else found

    def _parse(self, text: str, note: str) -> dict[str, Any] | None:
        """Parse a line. If it is not one proper JSON object, report the reason and return None.

        ``note``: a remark for messages that give the number of a character.
        """
        self._repeated.clear()
        try:
            example, end = self._slow.raw_decode(text)
        except _Constant as fault:
            self._report(
                True,
                "not_finite",
                f"The line holds {fault}, which is not JSON.",
                "Use a finite number or null.",
            )
            return None
        except json.JSONDecodeError as fault:
            self._report(True, "not_json", f"The line is not JSON: {_reason(fault)}{note}", _json_hint(text))
            return None
        except RecursionError:
            self._too_deep()
            return None
        except ValueError as fault:
            self._report(True, "not_json", f"The line's JSON cannot be read: {fault}.", "Write the number as a string.")
            return None
        if end < len(text):
            alone = text[end:].lstrip(" \t").startswith("\r")
            self._report(
                True,
                "not_json",
                f"The line holds more after the end of its JSON, at character {end + 1}.{note}"
                + (" A carriage return stands there without a line feed." if alone else ""),
                "Put each example on a line of its own" + (", ended by a line feed." if alone else "."),
            )
        elif _is_deep(example, text):
            self._too_deep()
        elif not isinstance(example, dict):
            self._report(True, "not_an_object", "The line is not a JSON object.", "Each line is one object: {...}.")
        elif self._repeated:
            self._report(
                True,
                "duplicate_key",
                f"An object has a key more than once: {', '.join(self._repeated)}.",
                "Keep one of them; a reader would silently take the last.",
            )
        elif "\\u" in text and not _encodable(example):
            self._report(
                True,
                "lone_surrogate",
                "The line holds half of a surrogate pair (\\ud800 to \\udfff), which is no character.",
                "Write the character itself, or both halves.",
            )
        else:
            return example
        return None

    def _too_deep(self) -> None:
        message = f"The line's JSON is nested too deeply: more than {MAX_DEPTH} objects and lists within each other."
        self._report(True, "not_json", message, "Flatten it.")

    def tally_all(self, read: Read) -> _Tally:
        """Check all lines that ``read`` returns, and return the tally."""
        for block in blocks(read):
            if isinstance(block, int):
                self.too_long(block)
            elif isinstance(block, bytearray):
                self.long(block)
            else:
                self.block(block)
        return self.tally


def _encodable(value: Any) -> bool:
    """Whether every text in a value can be written as UTF-8."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    elif isinstance(value, dict):
        return all(_encodable(key) and _encodable(item) for key, item in value.items())
    elif isinstance(value, list):
        return all(_encodable(item) for item in value)
    return True


def _is_deep(value: Any, text: str) -> bool:
    """Whether a value has more than MAX_DEPTH levels: no example has so many, and a walk through it may fail.

    The parser has its own limit, which differs between versions of Python. ``text``: the line. Objects are mappings or
    tuples of pairs.
    """
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    level, depth = [value], 0
    while level:
        if depth == MAX_DEPTH:
            return True
        depth += 1
        level = [part for held in level for part in _parts(held) if isinstance(part, (dict, list, tuple))]
    return False


def _parts(held: Any) -> Iterable[Any]:
    if isinstance(held, dict):
        return held.values()
    return (pair[1] for pair in held) if isinstance(held, tuple) else held


_TEXT = re.compile(rb'"[^"]*"')


def _is_dense(line: bytes | bytearray) -> bool:
    """Whether a line has more than MAX_VALUES values; no example has so many. Always False for a line below _LARGE."""
    if len(line) < _LARGE or _commas(line) <= MAX_VALUES:
        return False
    bare = line.replace(b"\\\\", b"").replace(b'\\"', b"")
    values = end = 0
    for text in _TEXT.finditer(bare):
        values += _commas(bare[end : text.start()])
        end = text.end()
        if values > MAX_VALUES:
            return True
    return values + _commas(bare[end:]) > MAX_VALUES


def _commas(data: bytes | bytearray) -> int:
    return data.count(b",") + data.count(b"{") + data.count(b"[")


def _reason(fault: json.JSONDecodeError) -> str:
    return f"{fault.msg.lower()} at character {fault.pos + 1}."


def _json_hint(text: str) -> str:
    if text.startswith("\ufeff"):
        return "Remove the byte-order mark at its start."
    if text.startswith("{'"):
        return "Use double quotes: this looks like Python's notation; write it with json.dumps."
    if re.search(r",\s*[}\]]$", text) or ",]" in text or ",}" in text:
        return "Remove commas before a closing bracket, and check quotes and brackets."
    return "Check quotes, commas and brackets; each example is one JSON object on one line."


def _tokens_by_weight(stream: BinaryIO, size: int, form: Format | None, limits: Limits) -> float | None:
    """The tokens for each unit of weight in a large file. None if the tokens of each example must be counted.

    The number depends on the file alone, not on the number of processes that read it.
    """
    if size <= COUNTED_BYTES or form is None:
        return None
    decode, measure = _Decoder(object_pairs_hook=tuple).scan_once, form.bind(limits)
    for count, length in _SAMPLES:
        tokens = weight = 0
        for line in _sample(stream, size, count, length):
            try:
                text = line.decode()
                example, _end = decode(text, 0)
                found = measure(example) if isinstance(example, tuple) and not _is_deep(example, text) else None
            except _NOT_PLAIN:
                continue
            if found and found[2]:
                tokens += count_example(example, found[0], form.trained)
                weight += found[2]
        if weight:
            return tokens / weight
    return _USUAL


def _sample(stream: BinaryIO, size: int, count: int, length: int) -> Iterator[bytes]:
    """Yield whole lines from ``count`` places, evenly spread over a file. At each place, ``length`` bytes are read."""
    for index in range(count):
        stream.seek(size * index // count)
        lines = stream.read(length).split(b"\n")[:-1]
        yield from lines[1:] if index else lines
    stream.seek(0)


def _hashed(stream: BinaryIO, digest: hashlib._Hash) -> Read:
    def read(size: int) -> bytes:
        data = stream.read(size)
        digest.update(data)
        return data

    return read


def _hash(stream: BinaryIO, digest: hashlib._Hash) -> None:
    while data := stream.read(_HASH_CHUNK):
        digest.update(data)


def _workers(source: Source, wanted: int | None) -> int:
    """The number of processes that validate. 1: this process."""
    if source.path is None or source.bytes < MIN_FORK_BYTES:
        return 1
    # A forked child of a process with threads may inherit a lock that nobody releases.
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 1
    if wanted is not None:
        return max(1, wanted)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_WORKERS, usable)


def _ranges(stream: BinaryIO, start: int, size: int, count: int) -> list[tuple[int, int]]:
    """Cut a file into ranges of whole lines, of about equal size."""
    cuts = [start]
    for number in range(1, count):
        stream.seek(max(start + (size - start) * number // count, cuts[-1]))
        while chunk := stream.readline(1 << 16):
            if chunk.endswith(b"\n"):
                break
        if cuts[-1] < stream.tell() < size:
            cuts.append(stream.tell())
    stream.seek(0)
    return list(zip(cuts, [*cuts[1:], size], strict=True))


def _fork(
    stream: BinaryIO,
    ranges: list[tuple[int, int]],
    lines: _Lines,
    digest: hashlib._Hash,
) -> list[dict[str, Any]] | None:
    """Validate each range in its own process, while this process computes the hash.

    Returns the tallies in the order of the ranges, or None if the system does not allow more processes.
    """
    children: list[tuple[int, int]] = []
    try:
        for begin, end in ranges:
            receive, send = os.pipe()
            try:
                pid = os.fork()
            except OSError:
                os.close(receive)
                os.close(send)
                return None
            if not pid:
                os.close(receive)
                _child(stream.fileno(), send, begin, end, lines)
            os.close(send)
            children.append((pid, receive))
        _hash(stream, digest)
        received = _receive([pipe for _pid, pipe in children])
        parts = []
        while children:
            pid, pipe = children.pop(0)
            os.close(pipe)
            status = os.waitpid(pid, 0)[1]
            parts.append(_result(received[pipe], os.waitstatus_to_exitcode(status)))
        return parts
    finally:
        for pid, pipe in children:
            os.close(pipe)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _child(file: int, send: int, begin: int, end: int, lines: _Lines) -> None:
    """Run in a forked process: tally a range, send the tally, and exit without running code of the parent."""
    code = 1
    try:
        position = begin

        def read(size: int) -> bytes:
            nonlocal position
            data = os.pread(file, min(size, end - position), position)
            position += len(data)
            return data

        try:
            answer = marshal.dumps((True, lines.tally_all(read).pack()))
        except (OSError, MemoryError) as fault:
            answer = marshal.dumps((False, f"{type(fault).__name__}: {fault}"))
        with open(send, "wb") as pipe:
            pipe.write(answer)
        code = 0
    finally:
        os._exit(code)


def _receive(pipes: list[int]) -> dict[int, bytearray]:
    """Read all pipes to their ends, in the order in which data arrives. Returns the data of each pipe."""
    received = {pipe: bytearray() for pipe in pipes}
    waiting = set(pipes)
    while waiting:
        for pipe in select.select(sorted(waiting), [], [])[0]:
            data = os.read(pipe, 1 << 20)
            received[pipe] += data
            if not data:
                waiting.discard(pipe)
    return received


def _result(answer: bytearray, code: int) -> dict[str, Any]:
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        raise DatasetError(f"A process that validated a part of the file {how}. Check memory limits, then run again.")
    good, result = marshal.loads(answer)
    if not good:
        raise DatasetError(f"Validating a part of the file failed: {result}. Check the file system and memory.")
    return dict(result)
