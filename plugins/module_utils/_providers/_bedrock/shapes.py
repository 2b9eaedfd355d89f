# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers by botocore's own model of the API: names in both directions, and its constraints.

Private to llmops.finetune; may change at any time.

boto3 checks types, required members and minimums. The model also has lengths, patterns, enums and maximums, which
otherwise only the service checks. A shape is botocore's ``botocore.model.Shape``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from ..._engine.compare import number
from ..._engine.errors import InvalidInput
from ..toolkit.naming import snake

if TYPE_CHECKING:
    from .client import Api


def to_dict(value: Any, shape: Any) -> Any:
    """An answer as plain data: members in snake_case, the keys of maps unchanged, times in ISO 8601."""
    if value is None:
        return None
    if shape.type_name == "structure":
        return {
            snake(key): to_dict(item, shape.members[key]) if key in shape.members else item
            for key, item in value.items()
            if key != "ResponseMetadata"
        }
    if shape.type_name == "list":
        return [to_dict(item, shape.member) for item in value]
    if shape.type_name == "map":
        return {key: to_dict(item, shape.value) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    return value


def request(value: Any, shape: Any, option: str) -> Any:
    """An option's value in the form of the API. Raises InvalidInput for a value that the API would refuse.

    Members that are None are left out, also inside lists. Numbers that are written as text become numbers.
    """
    if shape.type_name == "structure":
        return _structure(value, shape, option)
    if shape.type_name == "list":
        if not isinstance(value, (list, tuple)):
            raise InvalidInput(f"{option} is not a list.")
        _bounded(len(value), shape.metadata, option, "has {} entries")
        return [request(item, shape.member, f"{option}[{index}]") for index, item in enumerate(value)]
    if shape.type_name == "map":
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{option} is not a dictionary.")
        _bounded(len(value), shape.metadata, option, "has {} entries")
        return {
            request(key, shape.key, f"{option}: the key '{key}'"): request(item, shape.value, f"{option}.{key}")
            for key, item in value.items()
        }
    if shape.type_name == "boolean":
        return _boolean(value, option)
    if shape.type_name in ("integer", "long", "float", "double"):
        return _number(value, shape, option)
    return _text(value, shape, option)


def _structure(value: Any, shape: Any, option: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{option} is not a dictionary.")
    members = {snake(name): name for name in shape.members}
    made = {}
    for key, item in value.items():
        if item is None:
            continue
        if key not in members:
            raise InvalidInput(f"{option} has no '{key}'.", hint=f"It has {', '.join(sorted(members))}.")
        made[members[key]] = request(item, shape.members[members[key]], f"{option}.{key}" if option else key)
    for name in shape.required_members:
        if name not in made:
            raise InvalidInput(f"{option}.{snake(name)} is missing." if option else f"{snake(name)} is missing.")
    if getattr(shape, "is_tagged_union", False) and len(made) != 1:
        raise InvalidInput(f"{option} has exactly one of: {', '.join(sorted(members))}.")
    return made


def _boolean(value: Any, option: str) -> bool:
    if str(value).lower() not in ("true", "false", "yes", "no"):
        raise InvalidInput(f"{option} is {value!r}; it is true or false.")
    return str(value).lower() in ("true", "yes")


def _number(value: Any, shape: Any, option: str) -> float | int:
    found = number(value)
    whole = shape.type_name in ("integer", "long")
    if found is None or (whole and not float(found).is_integer()):
        raise InvalidInput(f"{option} is {value!r}; it is {'a whole number' if whole else 'a number'}.")
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if (lowest is not None and found < lowest) or (highest is not None and found > highest):
        raise InvalidInput(f"{option} is {value}; it is {_range(lowest, highest)}.")
    return int(found) if whole else float(found)


def _text(value: Any, shape: Any, option: str) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        raise InvalidInput(f"{option} is {value!r}; it is a text.")
    text = value if isinstance(value, str) else _spelt(value)
    _bounded(len(text), shape.metadata, option, "has {} characters")
    allowed = getattr(shape, "enum", None)
    if allowed and text not in allowed:
        raise InvalidInput(f"{option} is '{text}'; it is one of {', '.join(allowed)}.")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(text):
        rule = _RULES.get(shape.name, "it has a form or a character of its own")
        raise InvalidInput(f"{option} is '{text}', which does not match what the API takes: {rule}.")
    return text


_SIGNS = "letters from a to z, digits, spaces and the signs . _ : / = + @ -"
# The meaning of the API's patterns, by the name of the shape.
_RULES = {
    "CustomModelName": "it has letters from a to z, digits, '-' and '_', begins with a letter or digit, and never has "
    "two signs in a row",
    "ModelDeploymentName": "it has letters from a to z and digits, and single signs '-' and '_' after them",
    "ProvisionedModelName": "it has letters from a to z and digits, and single signs '-' and '_' after them",
    "CustomModelArn": "it is the ARN or the name of a custom model. Base models need no deployment",
    "ModelIdentifier": "it is the ARN or the name of a custom model, or the ARN or the id of a base model",
    "JobName": "it has letters from a to z, digits, '+', '-' and '.', and begins with a letter or digit",
    "RoleArn": "it is the ARN of a role, such as arn:aws:iam::123456789012:role/FineTune",
    "BaseModelIdentifier": "it is the id or ARN of a foundation model, such as amazon.nova-lite-v1:0:300k, or the name "
    "or ARN of a custom model",
    "TeacherModelIdentifier": "it is the id or ARN of a foundation model, such as amazon.nova-pro-v1:0, or that of an "
    "inference profile",
    "KmsKeyId": "it is the ARN, the id or the alias of a KMS key, such as "
    "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab or alias/fine-tune",
    "S3Uri": "it is a URI such as s3://bucket/path/file.jsonl, with letters from a to z, digits and the signs "
    "! - _ * ' ( ) . between its slashes",
    "SubnetId": "it is the id of a subnet, such as subnet-0123456789abcdef0",
    "SecurityGroupId": "it is the id of a security group, such as sg-0123456789abcdef0",
    "LambdaArn": "it is the ARN of a Lambda function, such as arn:aws:lambda:us-east-1:123456789012:function:grader",
    "TagKey": f"it has {_SIGNS}",
    "TagValue": f"it has {_SIGNS}",
    "RequestMetadataMapKeyString": f"it has {_SIGNS} $",
    "RequestMetadataMapValueString": f"it has {_SIGNS} $",
}


def _spelt(value: Any) -> str:
    """A number or a boolean as the API's text."""
    return str(value).lower() if isinstance(value, bool) else format_decimal(value)


def format_decimal(value: Any) -> str:
    """A number, or a text that is a number, without an exponent: 0.00005, never 5e-05. Other texts are unchanged."""
    text = str(value).strip()
    if number(value) is None or "e" not in text.lower():
        return str(value)
    digits = format(Decimal(text), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # The nested repetition takes for ever on long invalid names. The replacement accepts the same names.
    return re.compile(pattern.replace(r"(-*[a-zA-Z0-9\+\-\.])*", r"[a-zA-Z0-9\+\-\.]*"))


def _bounded(length: int, constraints: Mapping[str, Any], option: str, has: str) -> None:
    lowest, highest = constraints.get("min"), constraints.get("max")
    if (lowest is not None and length < lowest) or (highest is not None and length > highest):
        raise InvalidInput(f"{option} {has.format(length)}; it has {_range(lowest, highest)}.")


def _range(lowest: Any, highest: Any) -> str:
    if highest is None:
        return f"at least {lowest}"
    return f"at most {highest}" if lowest is None else f"{lowest} to {highest}"


def members(client: Any, operation: str) -> Any:
    """The shape of an operation's request."""
    return client.meta.service_model.operation_model(operation).input_shape


def answer(client: Any, operation: str) -> Any:
    """The shape of an operation's answer."""
    return client.meta.service_model.operation_model(operation).output_shape


def pages(api: Api, doing: str, operation: str, key: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The items of every page of a listing, as plain data.

    ``operation``: boto3's method, for example ``list_custom_models``.
    """
    client = api.bedrock
    shape = answer(client, client.meta.method_to_api_mapping[operation]).members[key].member
    for item in api.pages(doing, operation, key, ("nextToken", "nextToken"), **wanted):
        yield to_dict(item, shape)
