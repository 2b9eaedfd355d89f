# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bedrock as botocore's service models describe it: routing, checks of requests, shapes of answers.

boto3 checks types and required members only; the service checks lengths, patterns, enums, ranges and sizes as well.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from finetune_sandbox.bedrock.errors import AwsError
from finetune_sandbox.server import strict_json

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

Shape = Any
"""botocore's Shape and its kinds: their members are not in its types."""
_SLOW = "(-*[a-zA-Z0-9\\+\\-\\.])*"
_FAST = "[a-zA-Z0-9+.\\-]*"
"""The same language; the first form takes exponential time on a long row of dashes."""


class Unmodelled(str):
    """A value that the service sends although its model lacks it."""

    __slots__ = ()


class BadShape(Exception):
    """An answer of the sandbox that its own service model does not allow: a defect."""


CONTROL, RUNTIME = "bedrock", "bedrock-runtime"
RUNTIME_OPERATIONS = ("Converse", "InvokeModel")
_RUNTIME_PATHS = frozenset({"model", "async-invoke", "guardrail", "guardrail-checks"})
"""The first parts of Bedrock Runtime's paths. Its signatures name the service bedrock, too."""


@cache
def service_model(service: str = CONTROL) -> ServiceModel:
    """botocore's model of Bedrock's control plane, or of its runtime. botocore is imported when it is needed first."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _routes(service: str) -> list[tuple[str, list[str], str]]:
    """(method, path in parts, operation) of every operation of a model."""
    model = service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0]
        found.append((http["method"], path.removeprefix("/").split("/"), name))
    # Fixed parts win over labels: /custom-models/create-custom-model is no model.
    return sorted(found, key=lambda route: [part.startswith("{") for part in route[1]])


def find(method: str, raw_path: str) -> tuple[str, dict[str, str]] | None:
    """(operation, labels) of a request, its path as it was sent: an ARN's slashes are %2F in one part."""
    parts = raw_path.removeprefix("/").removesuffix("/").split("/")
    for wanted, template, name in _routes(RUNTIME if parts[0] in _RUNTIME_PATHS else CONTROL):
        if wanted != method or len(template) != len(parts):
            continue
        if all(mine.startswith("{") or mine == unquote(theirs) for mine, theirs in zip(template, parts, strict=True)):
            labels = {
                mine.strip("{}"): unquote(theirs)
                for mine, theirs in zip(template, parts, strict=True)
                if mine.startswith("{")
            }
            if all(labels.values()):
                return name, labels
    return None


def operation_model(name: str) -> OperationModel:
    """An operation by name."""
    return service_model(RUNTIME if name in RUNTIME_OPERATIONS else CONTROL).operation_model(name)


# Requests


def request_of(name: str, labels: Mapping[str, str], query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The members of a request, converted and checked. AwsError: SerializationException, ValidationException."""
    shape = operation_model(name).input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    document = _document(body) if body and payload is None else {}
    members: dict[str, Any] = {} if payload is None else {payload: body}
    in_body = set()
    places = set()
    for member, inner in shape.members.items():
        location, wire = inner.serialization.get("location"), inner.serialization.get("name", member)
        if location == "uri":
            if wire in labels:
                members[member] = labels[wire]
        elif location == "querystring":
            places.add(wire)
            if wire in query:
                members[member] = _from_text(inner, query[wire], member)
        elif location != "header":
            in_body.add(wire)
            if document.get(wire) is not None:
                members[member] = _typed(inner, document[wire], member)
    unknown = sorted(set(document) - in_body) + sorted(set(query) - places)
    if unknown:
        raise _failed([f"'{unknown[0]}' is not a member of {name}"])
    problems: list[str] = []
    # The runtime's pattern knows no ARN of today's custom models; the service names them in its refusal all the same.
    checked = {**members, "modelId": "a.b"} if name in RUNTIME_OPERATIONS else members
    _check(shape, checked, "", problems)
    if problems:
        raise _failed(problems)
    return members


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = strict_json.body(body)
    except ValueError as error:
        raise AwsError(400, "SerializationException", f"The body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise AwsError(400, "SerializationException", "Start of structure or map found where not expected.")
    return document


def _failed(problems: list[str]) -> AwsError:
    count = len(problems)
    text = f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(problems)}"
    return AwsError(400, "ValidationException", text)


def _from_text(shape: Shape, text: str, member: str) -> Any:
    kind = shape.type_name
    try:
        if kind in {"integer", "long"}:
            return int(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind == "timestamp":
            return parse_time(text)
    except (ValueError, KeyError) as error:
        raise AwsError(400, "SerializationException", f"'{text}' is no valid {kind} at '{member}'") from error
    return text


def _typed(shape: Shape, value: Any, where: str) -> Any:
    """The value, its type checked as deep as it goes; null members are as if left out."""
    kind = shape.type_name
    if shape.metadata.get("document"):
        return value
    if kind == "structure":
        if not isinstance(value, dict):
            raise _wrong_type(value, "structure", where)
        unknown = sorted(set(value) - set(shape.members))
        if unknown:
            raise _failed([f"'{unknown[0]}' is not a member of '{where}'"])
        sent = {name: item for name, item in value.items() if item is not None}
        if getattr(shape, "is_tagged_union", False) and len(sent) != 1:
            raise _failed([f"Value at '{where}' failed to satisfy constraint: Member must have exactly one member set"])
        return {name: _typed(shape.members[name], item, f"{where}.{name}") for name, item in sent.items()}
    if kind == "list":
        if not isinstance(value, list):
            raise _wrong_type(value, "list", where)
        return [_typed(shape.member, item, f"{where}.{index}.member") for index, item in enumerate(value, 1)]
    if kind == "map":
        if not isinstance(value, dict):
            raise _wrong_type(value, "map", where)
        return {name: _typed(shape.value, item, f"{where}.{name}.member") for name, item in value.items()}
    types, wanted = _SCALARS.get(kind, ((object,), ""))
    # For Python, a boolean is a number.
    if not isinstance(value, types) or (isinstance(value, bool) and wanted in ("Integer", "Float", "String")):
        raise _wrong_type(value, wanted, where)
    return value


_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "integer": ((int,), "Integer"),
    "long": ((int,), "Integer"),
    "float": ((int, float), "Float"),
    "double": ((int, float), "Float"),
    "boolean": ((bool,), "Boolean"),
    "string": ((str,), "String"),
    "blob": ((str,), "Blob"),
}


def _wrong_type(value: Any, wanted: str, where: str) -> AwsError:
    kinds = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
    what = kinds.get(type(value), "Start of structure or map found where not expected")
    return AwsError(400, "SerializationException", f"{what} can not be converted to a {wanted} at '{where}'")


def _check(shape: Shape, value: Any, where: str, problems: list[str]) -> None:
    """Collect what the model's constraints forbid."""
    kind, rules = shape.type_name, shape.metadata
    if rules.get("document"):
        return
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                place = f"{where}.{name}" if where else name
                problems.append(f"Value null at '{place}' failed to satisfy constraint: Member must not be null")
        for name, item in value.items():
            _check(shape.members[name], item, f"{where}.{name}" if where else name, problems)
        return
    if kind in {"list", "map"}:
        _check_size(value, rules, where, problems, "length")
        if kind == "list":
            for index, item in enumerate(value, 1):
                _check(shape.member, item, f"{where}.{index}.member", problems)
        else:
            for name, item in value.items():
                _check(shape.key, name, f"{where}.{name}.key", problems)
                _check(shape.value, item, f"{where}.{name}.member", problems)
        return
    if kind == "string":
        _check_text(value, rules, where, problems)
    elif kind in {"integer", "long", "float", "double"}:
        _check_size(value, rules, where, problems, "value")


def _check_text(value: str, rules: Mapping[str, Any], where: str, problems: list[str]) -> None:
    _check_size(value, rules, where, problems, "length")
    if "enum" in rules and value not in rules["enum"]:
        allowed = ", ".join(rules["enum"])
        problems.append(_problem(value, where, f"Member must satisfy enum value set: [{allowed}]"))
    if "pattern" in rules and len(value) <= rules.get("max", 4096) and not matches(rules["pattern"], value):
        problems.append(_problem(value, where, f"Member must satisfy regular expression pattern: {rules['pattern']}"))


def _check_size(value: Any, rules: Mapping[str, Any], where: str, problems: list[str], what: str) -> None:
    size = len(value) if what == "length" else value
    if "min" in rules and size < rules["min"]:
        problems.append(_problem(value, where, f"Member must have {what} greater than or equal to {rules['min']}"))
    if "max" in rules and size > rules["max"]:
        problems.append(_problem(value, where, f"Member must have {what} less than or equal to {rules['max']}"))


def _problem(value: Any, where: str, constraint: str) -> str:
    view = value if isinstance(value, str) else json.dumps(value)
    return f"Value '{view}' at '{where}' failed to satisfy constraint: {constraint}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(_SLOW, _FAST))


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value fits a pattern of the model."""
    return _compiled(pattern).fullmatch(value) is not None


# Answers


def write_response(name: str, members: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """(status, body): times become ISO 8601, None is left out. BadShape where the model says otherwise."""
    model = operation_model(name)
    shape = model.output_shape
    body = {} if shape is None else shaped(shape, members, name)
    return int(model.http.get("responseCode", 200)), body


def shaped(shape: Shape, value: Any, where: str) -> Any:
    """A value in the form of a shape; every constraint of the model holds for it."""
    kind, rules = shape.type_name, shape.metadata
    if kind == "structure":
        sent = {member: item for member, item in value.items() if item is not None}
        unknown, missing = set(sent) - set(shape.members), set(shape.required_members) - set(sent)
        if unknown or missing:
            raise BadShape(f"{where}: unknown {sorted(unknown)}, missing {sorted(missing)}")
        return {member: shaped(shape.members[member], item, f"{where}.{member}") for member, item in sent.items()}
    if kind == "list":
        return [shaped(shape.member, item, f"{where}[{index}]") for index, item in enumerate(value)]
    if kind == "map":
        return {key: shaped(shape.value, item, f"{where}.{key}") for key, item in value.items()}
    if kind == "timestamp":
        return show_time(value)
    if kind == "string":
        return _shaped_text(shape, value, where)
    if kind in {"integer", "long"} and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadShape(f"{where}: {value!r} is no integer")
    if kind in {"float", "double"} and not math.isfinite(value):
        raise BadShape(f"{where}: {value!r}")
    if kind == "boolean" and not isinstance(value, bool):
        raise BadShape(f"{where}: {value!r} is no boolean")
    if "min" in rules and kind in {"integer", "long"} and value < rules["min"]:
        raise BadShape(f"{where}: {value!r} is too small")
    return value


def _shaped_text(shape: Shape, value: Any, where: str) -> Any:
    if isinstance(value, Unmodelled):
        return str(value)
    problems: list[str] = []
    _check(shape, value, where, problems)
    if problems:
        raise BadShape("; ".join(problems))
    return value


def show_time(when: float) -> str:
    """ISO 8601 with milliseconds."""
    return datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> float:
    """ISO 8601 to unix seconds. ValueError."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
