# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XML of S3's requests and answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from finetune_sandbox.bedrock.errors import XML_NAMESPACE, AwsError

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def document(name: str, content: Mapping[str, Any]) -> bytes:
    """An answer. Values: text, numbers, booleans, None (left out), mappings, lists (the element repeated)."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{XML_NAMESPACE}">{_inner(content)}</{name}>'.encode()
    )


def _inner(content: Mapping[str, Any]) -> str:
    parts = []
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            if isinstance(item, Mapping):
                text = _inner(item)
            elif isinstance(item, bool):
                text = str(item).lower()
            else:
                text = _CONTROL.sub(lambda found: f"&#x{ord(found.group()):x};", escape(str(item)))
            parts.append(f"<{name}>{text}</{name}>")
    return "".join(parts)


def parsed(body: bytes, root: str) -> ElementTree.Element:
    """A request's document, its tags without namespace. AwsError MalformedXML."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise malformed()
    try:
        tree = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise malformed() from error
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    if tree.tag != root:
        raise malformed()
    return tree


def malformed() -> AwsError:
    """MalformedXML."""
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError(400, "MalformedXML", message)


def instant(when: float) -> str:
    """A time as listings show it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + ".000Z"
