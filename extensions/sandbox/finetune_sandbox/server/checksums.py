# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checksums of stored objects: CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA384.

zlib and hashlib compute CRC32 and the hashes. The other two use the package awscrt (or crc32c, for CRC32C) if it is
installed. Otherwise a table in Python computes them, which is correct but slow (about 10 MB/s).
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import zlib
from collections.abc import Callable
from functools import cache
from typing import Protocol

S3_ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
OCI_ALGORITHMS = ("CRC32C", "SHA256", "SHA384")
WIDTHS = {"CRC32": 32, "CRC32C": 32, "CRC64NVME": 64}
_POLYNOMIALS = {"CRC32": 0xEDB88320, "CRC32C": 0x82F63B78, "CRC64NVME": 0x9A6C9329AC4BC9B5}
"""The reflected polynomials."""


class Checksum(Protocol):
    """A checksum that grows with the data. hashlib's objects have the same methods."""

    def update(self, data: bytes, /) -> None:
        """Add data."""

    def digest(self) -> bytes:
        """The checksum of the data so far, big endian."""


class _Crc:
    def __init__(self, name: str) -> None:
        self._function, self._width = _crc_function(name), WIDTHS[name]
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width // 8, "big")


@cache
def _crc_function(name: str) -> Callable[[bytes, int], int]:
    if name == "CRC32":
        return zlib.crc32
    for module in ("awscrt.checksums", "crc32c"):
        try:
            native: Callable[[bytes, int], int] = getattr(importlib.import_module(module), name.lower())
            return native
        except (ImportError, AttributeError):
            continue
    return _slow(_POLYNOMIALS[name], WIDTHS[name])


def _slow(polynomial: int, width: int) -> Callable[[bytes, int], int]:
    table = []
    for index in range(256):
        value = index
        for _unused in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    ones = (1 << width) - 1

    def crc(data: bytes, value: int) -> int:
        value ^= ones
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        return value ^ ones

    return crc


def new(name: str) -> Checksum:
    """A new checksum without data. name: one of the algorithms above, or MD5."""
    if name == "MD5":
        return hashlib.md5(usedforsecurity=False)
    if name == "SHA1":
        return hashlib.sha1(usedforsecurity=False)
    if name == "SHA384":
        return hashlib.sha384()
    return hashlib.sha256() if name == "SHA256" else _Crc(name)


def encoded(digest: bytes) -> str:
    """A digest as text for a header: base64."""
    return base64.b64encode(digest).decode()


def decoded(text: str) -> bytes | None:
    """The digest from the text of a header. None if the text is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def composite(name: str, digests: list[bytes]) -> bytes:
    """The checksum of the parts' checksums."""
    total = new(name)
    total.update(b"".join(digests))
    return total.digest()


def combined(name: str, parts: list[tuple[bytes, int]]) -> bytes:
    """The CRC of the whole content, from the (CRC, length) of each part.

    It works because appending n bytes is a linear map of the CRC.
    """
    width, polynomial = WIDTHS[name], _POLYNOMIALS[name]
    total = 0
    for digest, length in parts:
        total = _apply(_zeros(width, polynomial, length), total) ^ int.from_bytes(digest, "big")
    return total.to_bytes(width // 8, "big")


def _apply(matrix: list[int], vector: int) -> int:
    result = 0
    for row in matrix:
        if vector & 1:
            result ^= row
        vector >>= 1
        if not vector:
            break
    return result


@cache
def _zeros(width: int, polynomial: int, length: int) -> list[int]:
    """The linear map that appends `length` zero bytes, as a matrix over GF(2). Each number is a column."""
    power = [polynomial] + [1 << bit for bit in range(width - 1)]
    for _unused in range(3):
        power = [_apply(power, column) for column in power]
    result = [1 << bit for bit in range(width)]
    while length:
        if length & 1:
            result = [_apply(power, column) for column in result]
        power = [_apply(power, column) for column in power]
        length >>= 1
    return result
