# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free-form and defined tags. Source: OCI documentation, "Tags and Tag Namespace Concepts" and "Tagging Limits"."""

from __future__ import annotations

import json
from typing import Any

from finetune_sandbox.oci.errors import invalid, related_not_found

MAX_FREEFORM = 10
MAX_DEFINED = 64
NAMESPACES: dict[str, tuple[str, ...]] = {
    "Operations": ("CostCenter", "Owner"),
    "Oracle-Tags": ("CreatedBy", "CreatedOn"),
}
"""The tag namespaces of the tenancy, with their keys."""


def check_tags(members: dict[str, Any]) -> None:
    """Check freeformTags and definedTags, where given; OciError."""
    freeform = members.get("freeformTags", {})
    if len(freeform) > MAX_FREEFORM:
        raise invalid(f"freeformTags has {len(freeform)} tags; a resource may have {MAX_FREEFORM}.")
    for key, value in freeform.items():
        if not 1 <= len(key) <= 100 or any(letter in key for letter in ". ") or not key.isprintable():
            raise invalid(f"freeformTags: the key '{key}' must have 1 to 100 characters, no period and no space.")
        _check_value("freeformTags", key, value)
    defined = members.get("definedTags", {})
    if sum(map(len, defined.values())) > MAX_DEFINED:
        raise invalid(f"definedTags: a resource may have {MAX_DEFINED} tags.")
    for namespace, tags in defined.items():
        if namespace not in NAMESPACES:
            raise related_not_found(f"tag namespace '{namespace}'")
        for key, value in tags.items():
            if key not in NAMESPACES[namespace]:
                raise related_not_found(f"tag definition '{namespace}.{key}'")
            _check_value(f"definedTags.{namespace}", key, value)
    if len(json.dumps([freeform, defined])) > 5120:
        raise invalid("The tags of a resource may have 5 KB in total.")


def _check_value(where: str, key: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > 256:
        raise invalid(f"{where}: the value of '{key}' must be a text of at most 256 characters.")
