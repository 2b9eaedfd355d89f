# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of openai_fine_tuned_model as desired state: their specs, and how they are read, checked and compared.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from ..._engine.compare import AUTO, number, same_content, same_deep, same_value
from ..._engine.content import CHECK_MODE, parse_content, refuse_placeholder
from ..._engine.errors import InvalidInput
from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC, WAIT_SPEC, refuse_missing
from ..._engine.types import Field
from ..toolkit.bounds import Bound, TagBound, check_bound, read_tags
from . import extras, jobs
from .client import AUTH_SPEC
from .hosts import Host

_WAIT = {**WAIT_SPEC, "wait_timeout": {**WAIT_SPEC["wait_timeout"], "aliases": ["completion_window"]}}
_HYPERPARAMETERS = {"hyperparameters": {"type": "dict"}}
_OPTIONS = {
    "name": {"type": "str"},
    "job_id": {"type": "str"},
    "model": {"type": "str"},
    "training_file": {"type": "str"},
    "validation_file": {"type": "str"},
    "suffix": {"type": "str"},
    "seed": {"type": "int"},
    "method": {
        "type": "dict",
        "options": {
            "type": {"type": "str", "required": True},
            "supervised": {"type": "dict", "options": _HYPERPARAMETERS},
            "dpo": {"type": "dict", "options": _HYPERPARAMETERS},
            "reinforcement": {
                "type": "dict",
                "options": {
                    **_HYPERPARAMETERS,
                    "grader": {"type": "dict"},
                    "response_format": {"type": "dict"},
                },
            },
        },
    },
    "hyperparameters": {"type": "dict"},
    "integrations": {
        "type": "list",
        "elements": "dict",
        "options": {
            "type": {"type": "str", "choices": ["wandb"], "default": "wandb"},
            "wandb": {
                "type": "dict",
                "options": {
                    "project": {"type": "str", "required": True},
                    "name": {"type": "str"},
                    "entity": {"type": "str"},
                    "tags": {"type": "list", "elements": "str"},
                    "api_key": {"type": "str", "no_log": True},
                },
            },
        },
    },
    "metadata": {"type": "dict"},
    "training_type": {"type": "str"},
    "missing_model_id": {"type": "str"},
    "extra_body": {"type": "dict"},
    "delete_files": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled", "paused"], "default": "present"},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **_WAIT, **PROGRESS_SPEC, **_OPTIONS},
    "required_one_of": [("name", "job_id")],
}


class Implied(str):
    """The method that the short form ``hyperparameters`` implies. It is not sent."""

    __slots__ = ()


def _same_method(desired: Any, observed: Any) -> bool:
    """Whether both are the same method. A host may have its own name for the method if none was sent."""
    if isinstance(desired, Implied):
        return str(observed).lower() not in ("dpo", "reinforcement")
    return same_value(desired, observed)


def _same_entry(desired: Any, observed: Any) -> bool:
    """Whether both are the same text.

    Booleans are equal in any spelling, because version 1.0.0 wrote them differently.
    """
    a, b = str(desired), str(observed)
    return a == b or (a.lower() == b.lower() and a.lower() in ("true", "false"))


FIELDS = (
    Field("model", "immutable", jobs.same_dated_name),
    Field("training_file", "immutable", same_content),
    Field("validation_file", "immutable", same_content),
    Field("seed", "immutable", chosen=True),
    Field("method", "immutable", _same_method, options=("method.type",)),
    Field(
        "hyperparameters",
        "immutable",
        same_deep,
        each=True,
        options=(
            "hyperparameters",
            "method.supervised.hyperparameters",
            "method.dpo.hyperparameters",
            "method.reinforcement.hyperparameters",
        ),
    ),
    Field("grader", "immutable", same_deep, options=("method.reinforcement.grader",)),
    Field("response_format", "immutable", same_deep, options=("method.reinforcement.response_format",)),
    Field("suffix", "creation"),
    Field("integrations", "creation", same_deep),
    Field("metadata", "creation", _same_entry, each=True),
    Field("training_type", "creation"),
    Field("extra_body", "creation", same_deep, each=True),
)

FILE_OPTIONS = ("training_file", "validation_file")

_KNOWN = {
    "supervised": {"n_epochs", "batch_size", "learning_rate_multiplier"},
    "dpo": {"n_epochs", "batch_size", "learning_rate_multiplier", "beta"},
    "reinforcement": {
        "n_epochs",
        "batch_size",
        "learning_rate_multiplier",
        "compute_multiplier",
        "eval_interval",
        "eval_samples",
        "reasoning_effort",
    },
}
FORMER_METADATA = "former_metadata"
# The models that OpenAI fine-tunes or has fine-tuned (guides and deprecations page, November 2026), with their dates.
_BASES = re.compile(
    r"(gpt-4\.1(-mini|-nano)?|gpt-4o(-mini)?|gpt-4|gpt-3\.5-turbo|o4-mini|babbage-002|davinci-002)"
    r"(-\d{4}(-\d\d-\d\d)?)?"
)
_SEED = Bound(0, 2147483647, whole=True)
METADATA = TagBound("the API", 16, "a job", own=4, key=64, value=512)
_MAX_INTEGRATIONS = 5
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_desired(
    params: Mapping[str, Any], host: Host, *, check_mode: bool, sends_data: bool = False
) -> dict[str, Any]:
    """Turn the options into field values. Raises InvalidInput for the first wrong option.

    ``sends_data``: missing data will be sent before a run is started.
    """
    name, state = params["name"], params["state"]
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name is '{name}'; it is 1 to 64 letters, digits, '_', '.' and '-', and starts with a letter or digit."
        )
    if state == "present" and not params["job_id"]:
        needed = {option: params[option] for option in ("model", "training_file")}
        refuse_missing(needed, "A run cannot be started without it; or give job_id to adopt one.")
    if not check_mode:
        refuse_placeholder("model", params["model"])
    method, hyperparameters = _read_method(params)
    desired: dict[str, Any] = {
        "model": params["model"],
        "seed": params["seed"],
        "method": method.get("type") or (Implied("supervised") if hyperparameters else None),
        "hyperparameters": hyperparameters or None,
        # Bedrock's host of this API accepts no suffix, so there it is sent only if the user set it.
        "suffix": params["suffix"] or (None if host.mantle else name),
        "integrations": _read_integrations(params["integrations"]),
        "metadata": read_tags("metadata", params["metadata"], METADATA) or None,
        "training_type": params["training_type"],
        "extra_body": extras.body(params["extra_body"]),
    }
    for option in FILE_OPTIONS:
        if params[option]:
            content = parse_content(option, params[option], check_mode=check_mode)
            predicted = sends_data or params[option].startswith(CHECK_MODE)
            desired[option] = replace(content, placeholder=content.placeholder and predicted)
    for setting in jobs.METHOD_SETTINGS:
        desired[setting] = (method.get("reinforcement") or {}).get(setting)
    _check_values(desired, params, host)
    former = {key: str(params["metadata"][key]) for key in desired["metadata"] or ()}
    if former != (desired["metadata"] or {}):
        desired[FORMER_METADATA] = former
    return {key: value for key, value in desired.items() if value is not None}


def _read_method(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    method = dict(params["method"] or {})
    kind = method.get("type")
    short = params["hyperparameters"] or {}
    for other in ("supervised", "dpo", "reinforcement"):
        if method.get(other) and other != kind:
            raise InvalidInput(
                f"method.{other} is given, but method.type is '{kind}'.",
                hint="Give the settings of one method.",
            )
    nested = (method.get(kind) or {}).get("hyperparameters") or {} if kind else {}
    if short and kind in ("dpo", "reinforcement"):
        raise InvalidInput(
            "hyperparameters is the short form for the method 'supervised'.",
            hint=f"Give those of '{kind}' as method.{kind}.hyperparameters.",
        )
    if short and nested:
        raise InvalidInput(
            "hyperparameters and method.supervised.hyperparameters are both given.", hint="Give one of them."
        )
    return method, {key: read_setting(value, key) for key, value in (nested or short).items() if value is not None}


def read_setting(value: Any, key: str = "") -> Any:
    """Turn a text from YAML, Jinja or a survey back into a number.

    -1 is Azure OpenAI's word for auto. It becomes ``auto`` only for the hyperparameters in ``jobs.BOUNDS``: another
    host may use -1 as a value of its own setting.
    """
    if isinstance(value, str) and value.lower() == AUTO:
        return AUTO
    found = number(value)
    if found is None:
        return value
    if found == -1 and key in jobs.BOUNDS:
        return AUTO
    whole = key in jobs.BOUNDS and jobs.BOUNDS[key].whole
    return int(found) if whole and float(found).is_integer() else found


def _read_integrations(entries: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    if not entries:
        return None
    return [
        {
            "type": item["type"],
            item["type"]: {
                key: value
                for key, value in (item.get("wandb") or {}).items()
                if value not in (None, []) and key != "api_key"
            },
        }
        for item in entries
    ]


def _check_values(desired: Mapping[str, Any], params: Mapping[str, Any], host: Host) -> None:
    suffix, seed = desired["suffix"], desired["seed"]
    if suffix is not None and not 1 <= len(suffix) <= 64:
        raise InvalidInput(f"suffix has {len(suffix)} characters; it has 1 to 64.")
    if seed is not None:
        check_bound("seed", seed, _SEED)
    for key, value in (desired["hyperparameters"] or {}).items():
        _check_hyperparameter(key, value, upper=not host.compatible)
    effort = (desired["hyperparameters"] or {}).get("reasoning_effort")
    if effort is not None and not isinstance(effort, str):
        raise InvalidInput(
            f"hyperparameters.reasoning_effort is {effort}; it is a word such as 'default', 'low', 'medium' or 'high'."
        )
    if len(desired["integrations"] or ()) > _MAX_INTEGRATIONS:
        raise InvalidInput(
            f"integrations has {len(desired['integrations'])} entries; the API takes at most {_MAX_INTEGRATIONS}."
        )
    for item in params["integrations"] or ():
        if item["type"] == "wandb" and not (item.get("wandb") or {}).get("project"):
            raise InvalidInput("integrations: an entry of the type 'wandb' needs wandb.project.")
    if desired["method"] == "reinforcement" and params["state"] == "present" and not params["job_id"]:
        if not desired["grader"]:
            raise InvalidInput("method.reinforcement.grader is missing.", hint="Reinforcement fine-tuning needs one.")
        if not desired.get("validation_file") and not (host.compatible or host.mantle):
            raise InvalidInput(
                "validation_file is missing.",
                hint="Reinforcement fine-tuning needs one, except at hosts of 'api_type: compatible'.",
            )


def _check_hyperparameter(key: str, value: Any, *, upper: bool) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise InvalidInput(f"hyperparameters.{key} is {value}; that is not a valid number.")
    bound = jobs.BOUNDS.get(key)
    if bound:
        check_bound(f"hyperparameters.{key}", value, bound if upper else bound._replace(highest=None))


def unknown_model(model: str) -> list[str]:
    """A warning for a base model that this version does not know. Used for OpenAI only."""
    if _BASES.fullmatch(model) or model.startswith(("ft:", CHECK_MODE)):
        return []
    return [f"The base model '{model}' is not known to this version; it is passed on as it is."]


def unknown_values(desired: Mapping[str, Any]) -> list[str]:
    """Warnings for values that this version does not know. They are passed on, because hosts may be newer than it."""
    method = desired.get("method", "supervised")
    if method not in _KNOWN:
        return [f"method.type '{method}' is not known to this version; it is passed on as it is."]
    unknown = sorted(set(desired.get("hyperparameters", ())) - _KNOWN[method])
    return [f"Not known for the method '{method}', passed on as it is: {', '.join(unknown)}."] if unknown else []


def beyond_bounds(desired: Mapping[str, Any], host: Host) -> list[str]:
    """Warnings for values that OpenAI does not accept, at a host that may accept them."""
    return [
        f"hyperparameters.{key} is {value}; OpenAI takes at most {highest:g}, what this host takes is not known."
        for key, value in desired.get("hyperparameters", {}).items()
        if host.compatible
        and key in jobs.BOUNDS
        and (highest := jobs.BOUNDS[key].highest)
        and (number(value) or 0) > highest
    ]
