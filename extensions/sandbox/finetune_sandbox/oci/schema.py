# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and answers by the OCI SDK's own models: their types, members and allowed values.

The SDK describes each structure by `swagger_types` and `attribute_map`; which members are required stands in the
docstring of their property, and the allowed values are constants of the class. Values here are plain data under their
names on the wire, times are unix seconds.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any

from finetune_sandbox.oci.errors import OciError, invalid, missing
from finetune_sandbox.server import strict_json

GENERATIVE_AI, INFERENCE, OBJECT_STORAGE = "generative_ai", "generative_ai_inference", "object_storage"


class BadShape(Exception):
    """The sandbox made an answer that the SDK's model does not know. A defect of the sandbox."""


@dataclass(frozen=True)
class Member:
    """One member of a structure. type: as the SDK writes it, e.g. `list[Model]`."""

    wire: str
    type: str
    required: bool
    values: frozenset[str]


@dataclass(frozen=True)
class Shape:
    """A structure, by the name of its class in the SDK."""

    service: str
    name: str
    members: dict[str, Member]


@cache
def _class(service: str, name: str) -> Any:
    # The SDK is slow to import, so nothing of it is touched before the first request for OCI.
    return getattr(importlib.import_module(f"oci.{service}.models"), name)


@cache
def shape(service: str, name: str) -> Shape:
    """The structure of a class of the SDK."""
    made = _class(service, name)
    example = made()
    members = {}
    for attribute, type_ in example.swagger_types.items():
        text = (getattr(made, attribute).__doc__ or "").strip()
        prefix = attribute.upper() + "_"
        values = (getattr(made, key) for key in dir(made) if key.startswith(prefix))
        wire = example.attribute_map[attribute]
        members[wire] = Member(
            wire, type_, text.startswith("**[Required]**"), frozenset(v for v in values if isinstance(v, str))
        )
    return Shape(service, name, members)


def allowed(service: str, name: str, member: str) -> frozenset[str]:
    """The allowed values of a member."""
    return shape(service, name).members[member].values


def _subtype(found: Shape, value: Mapping[str, Any], where: str) -> Shape:
    """The structure that the discriminator of a value names."""
    made = _class(found.service, found.name)
    if "get_subtype" not in vars(made):
        return found
    try:
        name = made.get_subtype(value)
    except KeyError as error:
        raise missing(f"{where}.{error.args[0]}") from error
    if name == found.name:
        raise invalid(f"{where}: {json.dumps(dict(value))} has no valid type.")
    return shape(found.service, name)


# Requests


def document(content: bytes) -> Any:
    """The JSON of a body."""
    try:
        return strict_json.body(content)
    except ValueError as error:
        raise OciError(400, "CannotParseRequest", f"The request body is not valid JSON: {error}") from error


def read(service: str, name: str, content: bytes) -> dict[str, Any]:
    """The members of a request body; those that are null are left out."""
    sent = document(content)
    if not isinstance(sent, dict):
        raise OciError(400, "CannotParseRequest", f"The request body must be a JSON object ({name}).")
    read_in: dict[str, Any] = _structure(shape(service, name), sent, "")
    return read_in


def _structure(found: Shape, sent: dict[str, Any], where: str) -> dict[str, Any]:
    found = _subtype(found, sent, where)
    dot = where + "." if where else ""
    for key in sent:
        if key not in found.members:
            raise OciError(400, "CannotParseRequest", f"Unrecognized property: {dot}{key} ({found.name})")
    for member in found.members.values():
        if member.required and sent.get(member.wire) is None:
            raise missing(dot + member.wire)
    return {
        key: _value(found, found.members[key], found.members[key].type, value, dot + key)
        for key, value in sent.items()
        if value is not None
    }


def _value(found: Shape, member: Member, kind: str, value: Any, where: str) -> Any:
    if kind in _SCALARS:
        if _is_scalar(kind, value):
            if kind == "str" and member.values and value not in member.values:
                raise invalid(f"{where} must be one of {', '.join(sorted(member.values))}; got '{value}'.")
            return value
    elif kind.startswith("list["):
        if isinstance(value, list):
            inner = kind[5:-1]
            return [_value(found, member, inner, each, f"{where}[{index}]") for index, each in enumerate(value)]
    elif isinstance(value, dict):
        if not kind.startswith("dict("):
            return _structure(shape(found.service, kind), value, where)
        inner = kind[5:-1].partition(", ")[2]
        return {key: _value(found, member, inner, each, f"{where}.{key}") for key, each in value.items()}
    raise OciError(400, "CannotParseRequest", f"{where} must be of type {kind}, got {json.dumps(value)[:80]}.")


_SCALARS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "object": (str, int, float, bool),
}


def _is_scalar(kind: str, value: Any) -> bool:
    if kind in ("int", "float") and isinstance(value, bool):  # for Python, a boolean is a number
        return False
    fits: bool = isinstance(value, _SCALARS[kind])
    return fits and (kind != "float" or math.isfinite(value))


# Answers


def show(service: str, name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """An answer in the form of a structure: times become RFC 3339, None is left out. BadShape where it does not fit."""
    return _show(shape(service, name), members, name)


NULL = object()
"""Shown as null, where a member of None would be left out."""


def _show(found: Shape, members: Mapping[str, Any], where: str) -> dict[str, Any]:
    found = _subtype(found, members, where)
    sent = {key: value for key, value in members.items() if value is not None}
    unknown = set(sent) - set(found.members)
    lacking = {member.wire for member in found.members.values() if member.required} - set(sent)
    if unknown or lacking:
        raise BadShape(f"{where} ({found.name}): unknown {sorted(unknown)}, missing {sorted(lacking)}")
    return {
        key: _show_value(found, found.members[key], found.members[key].type, value, f"{where}.{key}")
        for key, value in sent.items()
    }


_PLAIN: dict[str, type | tuple[type, ...]] = {"str": str, "bool": bool, "int": int, "float": (int, float)}


def _show_value(found: Shape, member: Member, kind: str, value: Any, where: str) -> Any:
    if value is NULL:
        return None
    if kind == "datetime":
        return show_time(value)
    if kind == "object":
        return value
    if kind in _PLAIN:
        if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind != "bool"):
            raise BadShape(f"{where}: {value!r} is not of type {kind}")
        if kind == "str" and member.values and value not in member.values:
            raise BadShape(f"{where}: {value!r} is not one of {sorted(member.values)}")
        return value
    if kind.startswith("list["):
        return [_show_value(found, member, kind[5:-1], each, where) for each in value]
    if kind.startswith("dict("):
        inner = kind[5:-1].partition(", ")[2]
        return {key: _show_value(found, member, inner, each, f"{where}.{key}") for key, each in value.items()}
    return _show(shape(found.service, kind), value, where)


def show_time(when: float) -> str:
    """RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
