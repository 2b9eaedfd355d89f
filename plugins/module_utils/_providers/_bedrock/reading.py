# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of AWS's answers. Every answer is checked when it arrives, also the answers to the SDK's own calls.

Private to llmops.finetune; may change at any time.

botocore checks nothing: it turns a text into a list of its letters if a list is expected. So each answer must have
botocore's own shape, and must contain the members that the code reads. They are declared by the operation's name.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ..toolkit.answers import (
    Kind,
    Odd,
    anything,
    each,
    flag,
    is_page,
    label,
    limited,
    moment,
    name,
    page_of,
    pairs,
    parse,
    quote_host,
    record,
    text,
    word,
)

_FIRST_ERROR = 300
_JOB = record(
    {"jobArn": name, "status": word, "creationTime": moment},
    dict.fromkeys(("jobName", "outputModelName", "outputModelArn", "customModelName", "customModelArn"), label),
)
_MODEL = record({"modelArn": name, "modelName": name, "creationTime": moment})
_DEPLOYMENT = record(
    {
        "customModelDeploymentArn": name,
        "modelDeploymentName": name,
        "modelArn": name,
        "createdAt": moment,
        "status": word,
    },
    {"updateDetails": record({"modelArn": name, "updateStatus": word}), "failureMessage": text},
)
_THROUGHPUT = record(
    {
        **dict.fromkeys(("provisionedModelArn", "provisionedModelName", "modelArn", "desiredModelArn"), name),
        **dict.fromkeys(("creationTime", "lastModifiedTime"), moment),
        "status": word,
    },
    {
        "foundationModelArn": name,
        "commitmentExpirationTime": moment,
        "commitmentDuration": word,
        "failureMessage": text,
    },
)
_FOUNDATION = record({"modelArn": name, "modelId": name})


def _base64(value: Any, where: str) -> None:
    text(value, where)
    try:
        base64.b64decode(value.partition("-")[0], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Odd(f"{where} is no checksum") from error


_NEEDS: Mapping[str, Kind] = {
    "ListModelCustomizationJobs": record({"modelCustomizationJobSummaries": each(_JOB)}),
    "GetModelCustomizationJob": _JOB,
    "CreateModelCustomizationJob": record({"jobArn": name}),
    "ListCustomModels": record({"modelSummaries": each(_MODEL)}),
    "GetCustomModel": _MODEL,
    "ListTagsForResource": record({"tags": each(record({"key": name, "value": text}))}),
    "CreateCustomModelDeployment": record({"customModelDeploymentArn": name}),
    "GetCustomModelDeployment": _DEPLOYMENT,
    "ListCustomModelDeployments": record(
        {
            "modelDeploymentSummaries": each(
                record({"customModelDeploymentArn": name, "customModelDeploymentName": name})
            )
        }
    ),
    "CreateProvisionedModelThroughput": record({"provisionedModelArn": name}),
    "GetProvisionedModelThroughput": _THROUGHPUT,
    "ListProvisionedModelThroughputs": record(
        {"provisionedModelSummaries": each(record({"provisionedModelArn": name, "provisionedModelName": name}))}
    ),
    "GetFoundationModel": record({"modelDetails": _FOUNDATION}),
    "ListFoundationModels": record({"modelSummaries": each(_FOUNDATION)}),
    "HeadObject": record(
        {"ETag": name, "ContentLength": anything, "LastModified": moment}, {"ChecksumSHA256": _base64}
    ),
    "GetObject": record({"ETag": name}),
    "ListObjectsV2": record({"IsTruncated": flag}, {"Contents": each(record({"Key": text}))}),
    "GetObjectTagging": record({"TagSet": each(record({"Key": text, "Value": text}))}),
    "ListMultipartUploads": record({"IsTruncated": flag}, {"Uploads": each(record({"Key": text, "UploadId": name}))}),
    "PutObject": record({"ETag": name}),
    "UploadPart": record({"ETag": name}),
    "CreateMultipartUpload": record({"UploadId": name}),
    "CompleteMultipartUpload": record({"ETag": name}),
}


def watch(client: Any) -> None:
    """Check every answer to a client: once as it arrives, and once after botocore has parsed it."""
    events = client.meta.events
    events.register("before-parse", _before_parse)
    events.register("after-call", _after_call)


def _before_parse(operation_model: Any, response_dict: dict[str, Any], **_event: Any) -> None:
    """Raise Odd for a body that is not an answer of AWS.

    Rewrite an error that botocore cannot parse into one that it can.

    Older versions of botocore do not send this event. The later checks then find what botocore made of such an answer,
    or which exception it raised.
    """
    body = response_dict.get("body")
    if not isinstance(body, bytes):
        return  # the body is a stream of data
    failed = int(response_dict["status_code"]) >= _FIRST_ERROR
    protocol = str(operation_model.service_model.metadata.get("protocol"))
    if "json" in protocol:
        _before_json(response_dict, body, failed=failed)
    elif is_page(body):
        if not failed:
            raise Odd(f"it is {page_of(body)}")
        code = response_dict["status_code"]
        error = f"<Error><Code>{code}</Code><Message>{escape(quote_host(body))}</Message></Error>"
        response_dict["body"] = error.encode()


def _before_json(response_dict: dict[str, Any], body: bytes, *, failed: bool) -> None:
    if not body.strip() and not failed:
        return  # an empty body is a normal answer of some operations
    try:
        found = parse(body) if body.strip() else {}
        if not isinstance(found, Mapping):
            raise Odd("it is not an object")
        whole = all(isinstance(found.get(key, ""), str) for key in ("message", "Message", "__type"))
    except Odd:
        if not failed:
            raise
        found, whole = {"message": quote_host(body)}, False
    if failed and not whole:
        kept = {key: value for key, value in found.items() if isinstance(value, str)}
        response_dict["body"] = json.dumps({key: kept[key] for key in ("message", "__type") if key in kept}).encode()


def _after_call(http_response: Any, parsed: Any, model: Any, **_event: Any) -> None:
    if http_response.status_code >= _FIRST_ERROR:
        return
    if not isinstance(parsed, Mapping):
        raise Odd("it is not an object")
    if model.output_shape is not None:
        _of_shape(model.output_shape)(parsed, "")
    _NEEDS.get(model.name, anything)(parsed, "")


def _later(shape: Any) -> Kind:
    """The check of a shape, built only when there is a value, because a shape can contain itself."""

    def check(value: Any, where: str) -> None:
        _of_shape(shape)(value, where)

    return check


def _of_shape(shape: Any) -> Kind:
    """The check of a value by botocore's model. A member that is missing is not checked."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return lambda value, where: limited(value)
    if kind == "structure":
        return lambda value, where: _structure(shape, value, where)
    if kind == "list":
        return each(_later(shape.member))
    if kind == "map":
        return pairs(_of_shape(shape.value))
    known: dict[str, Kind] = {
        "string": text,
        "boolean": flag,
        "timestamp": moment,
        "integer": _whole,
        "long": _whole,
        "float": _number,
        "double": _number,
    }
    return known.get(kind, anything)


def _structure(shape: Any, value: Any, where: str) -> None:
    record({})(value, where)
    before = f"{where}." if where else ""
    for key, member in shape.members.items():
        if value.get(key) is not None:
            _of_shape(member)(value[key], f"{before}{key}")


def _whole(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Odd(f"{where} is not a whole number")


def _number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Odd(f"{where} is not a number")
