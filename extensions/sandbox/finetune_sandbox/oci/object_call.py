# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to Object Storage, and the operation that it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from werkzeug import Request

from finetune_sandbox.oci.errors import invalid, missing
from finetune_sandbox.server.web import raw_target

_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/n", "GetNamespace"),
    ("GET", r"/n/(?P<ns>[^/]+)/b", "ListBuckets"),
    ("POST", r"/n/(?P<ns>[^/]+)/b", "CreateBucket"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "GetBucket"),
    ("HEAD", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "HeadBucket"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "UpdateBucket"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)", "DeleteBucket"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o", "ListObjects"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/objectversions", "ListObjectVersions"),
    ("PUT", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "PutObject"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "GetObject"),
    ("HEAD", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "HeadObject"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/o/(?P<o>.+)", "DeleteObject"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u", "CreateMultipartUpload"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u", "ListMultipartUploads"),
    ("PUT", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "UploadPart"),
    ("POST", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "CommitMultipartUpload"),
    ("DELETE", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "AbortMultipartUpload"),
    ("GET", r"/n/(?P<ns>[^/]+)/b/(?P<b>[^/]+)/u/(?P<o>.+)", "ListMultipartUploadParts"),
)
_COMPILED = [(method, re.compile(rule + r"/?"), name) for method, rule, name in _ROUTES]
OPERATIONS = tuple(name for _unused, _also, name in _ROUTES)
STREAMED = frozenset({"PutObject", "UploadPart"})
"""Operations whose body is content, neither signed nor held in memory."""


def find(request: Request) -> tuple[str, dict[str, str]] | None:
    """(operation, the parts of the path), or None."""
    path = raw_target(request)[0]
    for method, rule, name in _COMPILED:
        match = rule.fullmatch(path) if method == request.method else None
        if match is not None:
            return name, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


@dataclass
class ObjectCall:
    """A request: namespace and so on from the path, the query decoded."""

    request: Request
    path: dict[str, str]
    query: dict[str, str]

    @property
    def key(self) -> str:
        """The name of the object."""
        return self.path["o"]

    def header(self, name: str) -> str | None:
        """A header, or None."""
        return self.request.headers.get(name)

    def number(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number of the query."""
        text = self.query.get(name)
        if text is None:
            if default is None:
                raise missing(name)
            return default
        if not text.isdecimal() or not low <= int(text) <= high:
            raise invalid(f"{name} must be a whole number from {low} to {high}, got '{text}'.")
        return int(text)
