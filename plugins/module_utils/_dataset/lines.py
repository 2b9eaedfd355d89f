# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cut a stream into blocks of whole lines, in constant memory. Private to llmops.finetune; may change at any time.

A long line usually consists of images in data URLs. They are cut out while the line is read. A mark takes the place of
each image; it holds the facts of :class:`Cut`, and a hash. The rest of a line has at most MAX_LINE bytes, so no line
fills the memory.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Small enough that decoded blocks stay in the processor's cache. Measured: 1 MiB is slower by a third.
BLOCK = 128 * 1024

# No example that a host trains on is nearly as long: 4 MiB of text are about a million tokens.
MAX_LINE = 4 << 20
# From this length on, images are cut out of a line. A shorter line is read as it is, which is faster.
CUT_FROM = 1 << 20

Read = Callable[[int], bytes]

# A key "url" and the beginning of its value, a data URL, up to the base64. Slashes may be escaped in JSON.
_START = re.compile(rb'"url"[ \t\r]*:[ \t\r]*"data:[^",;\\]*(?:\\/[^",;\\]*)?;base64,')
_LONGEST_START = 256
_SMALL = 1024  # an image of fewer characters is not cut out
_ESCAPE = re.compile(rb"\\(?:/|u00(?:2[bBfF]|3[dD]))")
_ESCAPE_BYTES = 6
_ESCAPED = {b"b": b"+", b"f": b"/", b"d": b"="}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
# Random, so that no text of a dataset holds it by chance or by intent.
_MARK = secrets.token_hex(12)
_CUT = re.compile(rf"{_MARK}:([01]):([0-9]+):([0-9]+):[0-9a-f]+")


def cut_from() -> int:
    """The length of a line, in bytes, from which images are cut out of it."""
    return min(CUT_FROM, MAX_LINE)


@dataclass(frozen=True)
class Cut:
    """An image that was cut out of a line. ``good``: its base64 was well-formed. ``bytes``: its size, if good."""

    good: bool
    bytes: int


def cut_of(url: str, start: int) -> Cut | None:
    """The image that was cut out of a data URL, whose base64 would begin at ``start``; None if it was not cut out."""
    found = _CUT.fullmatch(url, start)
    return Cut(found[1] == "1", int(found[2]) // 4 * 3 - int(found[3])) if found else None


def has_cuts(line: bytes | bytearray) -> bool:
    """Whether images were cut out of a line."""
    return _MARK.encode() in line


class _Long:
    """A line that is longer than cut_from(): the part that is kept, and the image that is being cut out."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0  # bytes of the whole line so far
        self.lost = False  # whether the rest is longer than MAX_LINE; then nothing is kept
        self._searched = 0
        self._hash: hashlib._Hash | None = None  # of the image that is being cut out; None: there is none
        self._characters = 0
        self._good = True
        self._tail = b""  # bytes that wait for the next: an incomplete escape, or padding, which must be last

    def add(self, data: bytes) -> None:
        """Take the next bytes of the line."""
        self.size += len(data)
        while data:
            data = self._text(data) if self._hash is None else self._image(data)

    def _text(self, data: bytes) -> bytes:
        """Take bytes outside images. Returns the bytes from the base64 of the next image on; empty if none begins."""
        if not self.lost:
            self.kept += data
        found = self._next() if self.size > cut_from() else None
        if found:
            data = bytes(self.kept[found:])
            del self.kept[found:]
            self._hash = hashlib.sha256()
            self._characters, self._good, self._tail = 0, True, b""
            return data
        if len(self.kept) > MAX_LINE:
            self.lost = True
            self.kept.clear()
        return b""

    def _next(self) -> int:
        """The index in ``kept`` at which the base64 of the next large image begins; 0 if none was found yet."""
        while found := _START.search(self.kept, self._searched):
            start = found.end()
            if self.kept.find(b'"', start, start + _SMALL) < 0:
                if len(self.kept) < start + _SMALL:
                    self._searched = found.start()  # it may be a small image
                    return 0
                return start
            self._searched = start
        self._searched = max(self._searched, len(self.kept) - _LONGEST_START)
        return 0

    def _image(self, data: bytes) -> bytes:
        """Take bytes of an image. Returns the bytes from the closing quote on; empty if the image goes on."""
        data = self._tail + data
        end = data.find(b'"')
        image, self._tail = (data, b"") if end < 0 else (data[:end], b"")
        if end < 0:
            # The bytes may end within an escape. Then its first part waits for the rest.
            start = image.rfind(b"\\", max(0, len(image) - _ESCAPE_BYTES))
            if start >= 0 and not _ESCAPE.match(image, start):
                image, self._tail = image[:start], image[start:]
        if b"\\" in image:
            image = _ESCAPE.sub(lambda found: _ESCAPED.get(found[0][-1:].lower(), b"/"), image)
        padding = len(image) - len(image.rstrip(b"="))
        if end < 0 and 0 < padding <= 2:
            # Padding waits too, because the image may end with it.
            image, self._tail = image[:-padding], b"=" * padding + self._tail
        if image and self._hash:
            self._characters += len(image)
            self._good = self._good and _BASE64.fullmatch(image) is not None
            self._hash.update(image)
        if end < 0:
            return b""
        self._close(padding)
        return data[end:]

    def _close(self, padding: int) -> None:
        if self._hash is None:
            raise AssertionError("unreachable: no image is being cut out")
        good = self._good and self._characters > 0 and self._characters % 4 == 0
        mark = f"{_MARK}:{int(good)}:{self._characters}:{min(padding, 2)}:{self._hash.hexdigest()[:16]}"
        if not self.lost:
            self.kept += mark.encode()
        self._searched = len(self.kept)
        self._hash = None

    def take(self) -> bytearray:
        """Return the part that is kept. Call it only once."""
        if self._hash is not None:  # the line ends within a string, so it is not JSON
            self._close(0)
        line, self.kept = self.kept, bytearray()
        return line


def blocks(read: Read) -> Iterator[bytes | bytearray | int]:
    """Yield blocks of whole lines. Each line ends with a line feed, which is added to the last line if it has none.

    A long line comes alone and without its line feed, as a bytearray that the caller may clear after reading it. Images
    are cut out of it. If more than MAX_LINE bytes remain, the line is not kept: its size in bytes is yielded instead.
    ``read(n)`` returns at most n bytes, and no bytes at the end.
    """
    rest = bytearray()  # the beginning of a line that is not yet long
    long: _Long | None = None
    while chunk := read(BLOCK):
        if long is not None:
            end = chunk.find(b"\n")
            long.add(chunk if end < 0 else chunk[:end])
            if end < 0:
                continue
            yield from _ended(long)
            long = None
            chunk = chunk[end + 1 :]
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest += chunk
            if len(rest) > cut_from():
                long = _Long()
                long.add(bytes(rest))
                rest.clear()
            continue
        if rest:
            first = chunk.find(b"\n") + 1
            if len(rest) + first - 1 > cut_from():
                long = _Long()
                long.add(bytes(rest) + chunk[: first - 1])
                rest.clear()
                yield from _ended(long)
                long = None
                if first < cut:
                    yield chunk[first:cut]
            else:
                rest += chunk[:cut]
                whole = bytes(rest)
                rest.clear()
                yield whole
        else:
            yield chunk[:cut]
        rest += chunk[cut:]
    if long is not None:
        yield from _ended(long)
    elif rest:
        rest += b"\n"
        yield bytes(rest)


def _ended(long: _Long) -> Iterator[bytearray | int]:
    if long.lost:
        yield long.size
    else:
        yield long.take()
