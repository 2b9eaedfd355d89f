# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM policies, evaluated: an explicit deny wins, then an allow, else nothing is allowed.

Source: "Policy evaluation logic" and "IAM JSON policy elements" in the IAM user guide. A condition whose operator or
key is not known here is not met, so an allow with it allows nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any


def parsed(text: str) -> dict[str, Any]:
    """A policy document; an empty one where it is no JSON object."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


@cache
def _pattern(pattern: str, any_case: bool) -> re.Pattern[str]:
    text = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _like(patterns: Any, value: str, any_case: bool = False) -> bool:
    return any(_pattern(str(each), any_case).fullmatch(value) is not None for each in _list(patterns))


def _condition_met(operator: str, conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    base = operator.removesuffix("IfExists")
    for key, wanted in conditions.items():
        value = next((item for name, item in context.items() if name.lower() == key.lower()), None)
        negative = "Not" in base
        if value is None:
            if operator.endswith("IfExists") or (negative and base != "Null"):
                continue
            if base == "Null" and [str(each).lower() for each in _list(wanted)] == ["true"]:
                continue
            return False
        if base in {"StringEquals", "StringNotEquals"}:
            met = value in [str(each) for each in _list(wanted)]
        elif base in {"StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}:
            met = value.lower() in [str(each).lower() for each in _list(wanted)]
        elif base in {"StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"}:
            met = _like(wanted, value)
        elif base == "Bool":
            met = value.lower() in [str(each).lower() for each in _list(wanted)]
        elif base == "Null":
            met = [str(each).lower() for each in _list(wanted)] == ["false"]
        else:
            return False
        if met == negative:
            return False
    return True


def _principal_fits(statement: Mapping[str, Any], principals: Mapping[str, str]) -> bool:
    """principals: kind ("Service", "AWS") -> who asks. A statement without a principal is of an identity policy."""
    if "NotPrincipal" in statement:
        return False
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    if named == "*":
        return True
    if not isinstance(named, Mapping):
        return False
    for kind, who in principals.items():
        names = [str(each) for each in _list(named.get(kind))]
        account = who.split(":")[4] if who.startswith("arn:") else ""
        if "*" in names or who in names or (account and {account, f"arn:aws:iam::{account}:root"} & set(names)):
            return True
    return False


def decision(
    documents: Iterable[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str],
    principals: Mapping[str, str],
) -> str:
    """ "deny", "allow" or "none": what these policies together say."""
    allowed = False
    for document in documents:
        for statement in _list(document.get("Statement")):
            if not isinstance(statement, Mapping) or not _principal_fits(statement, principals):
                continue
            if "NotAction" in statement:
                fits = not _like(statement["NotAction"], action, any_case=True)
            else:
                fits = _like(statement.get("Action"), action, any_case=True)
            if "NotResource" in statement:
                fits = fits and not _like(statement["NotResource"], resource)
            elif "Resource" in statement:
                fits = fits and _like(statement["Resource"], resource)
            conditions = statement.get("Condition") or {}
            if not fits or not isinstance(conditions, Mapping):
                continue
            if not all(isinstance(w, Mapping) and _condition_met(o, w, context) for o, w in conditions.items()):
                continue
            if statement.get("Effect") == "Deny":
                return "deny"
            allowed = allowed or statement.get("Effect") == "Allow"
    return "allow" if allowed else "none"
