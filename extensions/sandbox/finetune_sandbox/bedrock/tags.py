# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of jobs, models, deployments and provisioned throughput."""

from __future__ import annotations

from typing import Any

from finetune_sandbox.bedrock.errors import AwsError, invalid, not_found
from finetune_sandbox.bedrock.state import CustomModel, Deployment, Job, Region, Throughput

MAX_TAGS = 50


def checked_tags(sent: list[dict[str, str]], where: str, limit: int, resource: str = "") -> dict[str, str]:
    """Tags as a dict; AwsError for duplicates, reserved names and too many."""
    tags: dict[str, str] = {}
    for tag in sent:
        key = tag["key"]
        if key in tags:
            raise invalid(f"{where} has the tag key '{key}' twice.")
        if key.lower().startswith("aws:"):
            raise invalid(f"The tag key '{key}' is invalid: the prefix aws: is reserved.")
        tags[key] = tag["value"]
    if len(tags) > limit:
        raise too_many(resource or where)
    return tags


def too_many(resource: str) -> AwsError:
    """TooManyTagsException."""
    message = f"The request contains more tags than can be associated with a resource ({MAX_TAGS} tags per resource)."
    return AwsError(400, "TooManyTagsException", message, {"resourceName": resource})


class Tags:
    """The tagging operations."""

    @staticmethod
    def _find(region: Region, arn: str) -> Job | CustomModel | Deployment | Throughput:
        found = region.tagged(arn)
        if found is None:
            raise not_found(f"The resource {arn} does not exist.")
        return found

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        found = self._find(region, request["resourceARN"])
        return {"tags": [{"key": key, "value": value} for key, value in found.tags.items()]}

    def add(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        arn = request["resourceARN"]
        found = self._find(region, arn)
        merged = {**found.tags, **checked_tags(request["tags"], "tags", 200, arn)}
        if len(merged) > MAX_TAGS:
            raise too_many(arn)
        found.tags = merged
        return {}

    def remove(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        found = self._find(region, request["resourceARN"])
        keys = set(request["tagKeys"])
        found.tags = {key: value for key, value in found.tags.items() if key not in keys}
        return {}
