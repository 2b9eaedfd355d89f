# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of OCI's answers that are read, with the API's names, and the checks of these members.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from typing import Any

from ..toolkit.answers import (
    Odd,
    amount,
    describe_redirect,
    each,
    flag,
    is_elsewhere,
    label,
    maybe,
    moment,
    name,
    pairs,
    parse,
    quote_host,
    record,
    setting,
    text,
    word,
)
from ..toolkit.client import load

_ERROR = 300
_MESSAGE = record({}, {"code": text, "message": text})
_TAGS = {"freeformTags": pairs(text), "definedTags": pairs(record({}))}
_DATASET = record({}, {"namespaceName": label, "bucketName": label, "objectName": label})

MODEL = record(
    {"id": name, "lifecycleState": word, "timeCreated": moment},
    {
        "type": word,
        "displayName": text,
        "compartmentId": label,
        "baseModelId": label,
        "vendor": text,
        "version": text,
        "description": text,
        "lifecycleDetails": text,
        "capabilities": each(text),
        "timeUpdated": moment,
        "fineTuneDetails": record(
            {},
            {
                "dedicatedAiClusterId": label,
                "trainingDataset": _DATASET,
                "trainingConfig": pairs(maybe(setting)),
            },
        ),
        "previousState": record({}, _TAGS),
        **_TAGS,
    },
)
CLUSTER = record(
    {"id": name, "lifecycleState": word, "timeCreated": moment},
    {
        "type": word,
        "unitShape": word,
        "unitCount": amount,
        "capacityReservationId": label,
        "displayName": text,
        "compartmentId": label,
        "description": text,
        "lifecycleDetails": text,
        "timeUpdated": moment,
        "previousState": record({}, _TAGS),
        **_TAGS,
    },
)
_GUARDRAIL = record({"isEnabled": flag}, {"mode": text, "modelId": label})
ENDPOINT = record(
    {"id": name, "lifecycleState": word, "timeCreated": moment},
    {
        "modelId": label,
        "dedicatedAiClusterId": label,
        "generativeAiPrivateEndpointId": label,
        "displayName": text,
        "compartmentId": label,
        "description": text,
        "lifecycleDetails": text,
        "timeUpdated": moment,
        "contentModerationConfig": _GUARDRAIL,
        "promptInjectionConfig": _GUARDRAIL,
        "piiDetectionConfig": _GUARDRAIL,
        "previousState": record({}, _TAGS),
        **_TAGS,
    },
)
WORK = record(
    {"id": name, "status": word},
    {"operationType": word, "resources": each(record({}, {"identifier": label, "actionType": text}))},
)
ENTRY = record({})
NAMESPACE = name
OBJECTS = record(
    {"objects": each(record({"name": text}, {"size": amount, "timeModified": moment, "etag": label}))},
    {"nextStartWith": text},
)
UPLOAD = record({"uploadId": name})
UPLOADS = each(record({"uploadId": name}, {"object": text, "timeCreated": moment}))


def watch(client: Any) -> None:
    """Check every answer that a client receives, before the SDK reads it."""
    client.base_client.session.hooks["response"].append(_before_reading)


def _before_reading(response: Any, **_more: Any) -> None:
    """Raise the SDK's ServiceError for a redirect to another host, and for an error answer that the SDK cannot read."""
    target = response.headers.get("location")
    if response.is_redirect and target:
        if is_elsewhere(response.url, target):
            raise _refusal(response, describe_redirect(target))
        return
    if response.status_code < _ERROR or not response.content.strip():
        return
    try:
        _MESSAGE(parse(response.content), "")
    except Odd:
        raise _refusal(response, quote_host(response.content)) from None


def _refusal(response: Any, message: str) -> Exception:
    error: Exception = load("oci.exceptions", "to reach Oracle Cloud Infrastructure").ServiceError(
        response.status_code, None, response.headers, message
    )
    return error
