# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of request parameters, with the host's messages.

The known names come from the openai SDK's own types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from openai.types import file_create_params, upload_complete_params, upload_create_params
from openai.types.fine_tuning import (
    dpo_hyperparameters_param,
    dpo_method_param,
    job_create_params,
    reinforcement_hyperparameters_param,
    reinforcement_method_param,
    supervised_hyperparameters_param,
    supervised_method_param,
)
from werkzeug import Request

from finetune_sandbox.openai.errors import AZURE, MINIMAL, ApiError, bad_value, missing, one_of
from finetune_sandbox.openai.graders import check_grader
from finetune_sandbox.openai.habits import Habits
from finetune_sandbox.server import strict_json

MAX_JSON = 32 * 1024 * 1024
_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KINDS = {
    str: "a string",
    int: "an integer",
    float: "a decimal",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


def _names(typed: Any) -> frozenset[str]:
    return frozenset(typed.__required_keys__ | typed.__optional_keys__)


CREATE = _names(job_create_params.JobCreateParams)
FILE_FIELDS = _names(file_create_params.FileCreateParams) - {"file", "expires_after"}
UPLOAD_CREATE = _names(upload_create_params.UploadCreateParams)
UPLOAD_COMPLETE = _names(upload_complete_params.UploadCompleteParams)
_METHOD = _names(job_create_params.Method)
_METHODS = {
    "supervised": _names(supervised_method_param.SupervisedMethodParam),
    "dpo": _names(dpo_method_param.DpoMethodParam),
    "reinforcement": _names(reinforcement_method_param.ReinforcementMethodParam) | {"response_format"},
}
_HYPERPARAMETERS = {
    "supervised": _names(supervised_hyperparameters_param.SupervisedHyperparametersParam),
    "dpo": _names(dpo_hyperparameters_param.DpoHyperparametersParam),
    "reinforcement": _names(reinforcement_hyperparameters_param.ReinforcementHyperparametersParam),
}
_INTEGRATION = _names(job_create_params.Integration)
_WANDB = _names(job_create_params.IntegrationWandb)
_INTEGERS = {
    "n_epochs": (1, 50),
    "batch_size": (1, 256),
    "eval_interval": (1, None),
    "eval_samples": (1, None),
}
_DECIMALS: dict[str, tuple[float, float | None]] = {
    "learning_rate_multiplier": (0.0, None),
    "beta": (0.0, 2.0),
    "compute_multiplier": (0.00001, 10.0),
}
"""Lower bounds are exclusive."""
_UNBOUND = {"n_epochs": (1, 1000), "batch_size": (1, 65536), "eval_interval": (1, None), "eval_samples": (1, None)}
"""Hosts of others name no upper bounds; these are only what can be simulated."""
_EFFORTS = ["default", "low", "medium", "high"]


@dataclass
class JobRequest:
    """A create request whose form is right (whether its files and model exist is not yet known)."""

    model: str
    training_file: str
    validation_file: str | None
    method: str
    hyperparameters: dict[str, Any]
    grader: Any
    response_format: Any
    suffix: str | None
    seed: int | None
    metadata: dict[str, str] | None
    integrations: list[Any] | None
    training_type: Any
    extra: dict[str, Any]


def kind(value: object) -> str:
    """The host's name of a value's type."""
    return _KINDS.get(type(value), type(value).__name__)


def read_json(request: Request) -> dict[str, Any]:
    """The JSON object of a request body; ApiError 400 when it is none."""
    if (request.content_length or 0) > MAX_JSON:
        raise ApiError(413, f"Maximum content size limit ({MAX_JSON}) exceeded.", type_="server_error")
    raw = request.environ["wsgi.input"].read(MAX_JSON + 1)
    if request.mimetype != "application/json":
        message = (
            f"Unsupported content type: '{request.mimetype}'. This "
            "API method only accepts 'application/json' "
            f"requests, but you specified the header 'Content-Type: {request.content_type}'."
        )
        raise ApiError(400, message, code="unsupported_content_type")
    try:
        body = strict_json.body(raw)
    except ValueError as error:
        message = (
            "We could not parse the JSON body of your request. (HINT: "
            "This likely means you aren't using your HTTP "
            "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
        )
        raise ApiError(400, message) from error
    if not isinstance(body, dict):
        raise ApiError(400, "The request body must be a JSON object.")
    return body


def known_only(body: dict[str, Any], names: frozenset[str]) -> None:
    """Refuse top-level arguments that the API does not have."""
    unknown = [name for name in body if name not in names]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise ApiError(400, f"Unrecognized request argument{plural} supplied: {', '.join(unknown)}")


def wrong_type(param: str, expected: str, value: object) -> ApiError:
    """A value of the wrong JSON type."""
    message = f"Invalid type for '{param}': expected {expected}, but got {kind(value)} instead."
    return bad_value(param, message, "invalid_type")


def text(body: dict[str, Any], param: str, required: bool = False) -> str | None:
    """A string parameter."""
    value = body.get(param)
    if value is None:
        if required:
            raise missing(param)
        return None
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)
    return value


def integer(value: object, param: str, low: int | None, high: int | None, expected: str = "an integer") -> int:
    """An integer within bounds (inclusive)."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(param, expected, value)
    if low is not None and value < low:
        message = f"Invalid '{param}': integer below minimum value. Expected a value >= {low}, but got {value} instead."
        raise bad_value(param, message, "integer_below_min_value")
    if high is not None and value > high:
        message = (
            f"Invalid '{param}': integer above maximum value. Expected a value <= {high}, but got {value} instead."
        )
        raise bad_value(param, message, "integer_above_max_value")
    return value


def query_integer(request: Request, param: str, default: int, low: int, high: int) -> int:
    """An integer from the query string."""
    raw = request.args.get(param)
    if raw is None:
        return default
    try:
        value = int(raw)
    except ValueError as error:
        raise wrong_type(param, "an integer", raw) from error
    return integer(value, param, low, high)


def expires_after(anchor: object, seconds: object) -> int | None:
    """The seconds of an expiry policy."""
    if anchor is None and seconds is None:
        return None
    if anchor is None:
        raise missing("expires_after.anchor")
    if anchor != "created_at":
        raise bad_value("expires_after.anchor", f"Invalid value: '{anchor}'. Supported values are: 'created_at'.")
    if seconds is None:
        raise missing("expires_after.seconds")
    if isinstance(seconds, str):
        try:
            seconds = int(seconds)
        except ValueError as error:
            raise wrong_type("expires_after.seconds", "an integer", seconds) from error
    return integer(seconds, "expires_after.seconds", 3600, 2592000)


def job_request(body: dict[str, Any], dialect: str, habits: Habits) -> JobRequest:
    """Check the form of a create request. ApiError with the host's message for the first fault found."""
    known = CREATE | {"trainingType"} if dialect == AZURE else CREATE
    extra = {name: value for name, value in body.items() if name not in known}
    if habits.extra_body == "refused":
        known_only(body, known)
    model = text(body, "model", required=True) or ""
    training_file = text(body, "training_file", required=True) or ""
    validation_file = text(body, "validation_file")
    seed = body.get("seed")
    if seed is not None:
        integer(seed, "seed", 0, 2147483647)
    method, hyperparameters, grader, response_format = _method(body, dialect, habits)
    if method == "reinforcement" and validation_file is None and habits.openai_limits:
        raise missing("validation_file")
    return JobRequest(
        model=model,
        training_file=training_file,
        validation_file=validation_file,
        method=method,
        hyperparameters=hyperparameters,
        grader=grader,
        response_format=response_format,
        suffix=_suffix(body),
        seed=seed,
        metadata=_metadata(body.get("metadata")),
        integrations=_integrations(body.get("integrations"), habits.extra_body == "accepted"),
        training_type=body.get("trainingType"),
        extra=extra,
    )


def _suffix(body: dict[str, Any]) -> str | None:
    suffix = text(body, "suffix")
    if suffix is None:
        return None
    if not suffix:
        message = (
            "Invalid 'suffix': empty string. Expected a string with minimum length 1, but got an empty string instead."
        )
        raise bad_value("suffix", message, "empty_string")
    _length(suffix, "suffix", 64)
    if not _SUFFIX.fullmatch(suffix):
        message = (
            "Invalid 'suffix': string does not match pattern. Expected a string that matches the pattern "
            f"'^{_SUFFIX.pattern}$'."
        )
        raise bad_value("suffix", message, "invalid_string")
    return suffix


def _length(value: str, param: str, high: int) -> None:
    if len(value) > high:
        message = (
            f"Invalid '{param}': string too long. Expected a string with maximum length {high}, "
            f"but got a string with length {len(value)} instead."
        )
        raise bad_value(param, message, "string_above_max_length")


def _metadata(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise wrong_type("metadata", "an object with string keys and string values", value)
    if len(value) > 16:
        message = (
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
            f"but got an object with {len(value)} properties instead."
        )
        raise bad_value("metadata", message, "object_above_max_properties")
    for key, item in value.items():
        if len(key) > 64:
            message = f"Invalid 'metadata': property name '{key[:64]}...' is too long. Expected at most 64 characters."
            raise bad_value("metadata", message, "string_above_max_length")
        if not isinstance(item, str):
            raise wrong_type(f"metadata.{key}", "a string", item)
        _length(item, f"metadata.{key}", 512)
    return dict(value)


def _integrations(value: Any, more: bool) -> list[Any] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise wrong_type("integrations", "an array of objects", value)
    if len(value) > 5:
        message = (
            "Invalid 'integrations': array too long. Expected an array with maximum length 5, "
            f"but got an array with length {len(value)} instead."
        )
        raise bad_value("integrations", message, "array_above_max_length")
    for index, item in enumerate(value):
        place = f"integrations[{index}]"
        if not isinstance(item, dict):
            raise wrong_type(place, "an object", item)
        _nested(item, _INTEGRATION, place)
        if "type" not in item:
            raise missing(f"{place}.type")
        if item["type"] != "wandb":
            raise bad_value(f"{place}.type", f"Invalid value: '{item['type']}'. Supported values are: 'wandb'.")
        _wandb(item.get("wandb"), more, f"{place}.wandb")
    return list(value)


def _wandb(sent: Any, more: bool, place: str) -> None:
    if sent is None:
        raise missing(place)
    if not isinstance(sent, dict):
        raise wrong_type(place, "an object", sent)
    if not more:
        _nested(sent, _WANDB, place)
    if sent.get("project") is None:
        raise missing(f"{place}.project")
    for name in ("project", "name", "entity"):
        if sent.get(name) is not None and not isinstance(sent[name], str):
            raise wrong_type(f"{place}.{name}", "a string", sent[name])
    tags = sent.get("tags")
    if tags is not None and (not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags)):
        raise wrong_type(f"{place}.tags", "an array of strings", tags)


def _nested(body: dict[str, Any], names: frozenset[str], place: str) -> None:
    for name in body:
        if name not in names:
            raise bad_value(f"{place}.{name}", f"Unknown parameter: '{place}.{name}'.", "unknown_parameter")


def _method(body: dict[str, Any], dialect: str, habits: Habits) -> tuple[str, dict[str, Any], Any, Any]:
    method, short = body.get("method"), body.get("hyperparameters")
    if method is None:
        return "supervised", _hyperparameters(short, "supervised", "hyperparameters", dialect, habits), None, None
    if short is not None:
        raise ApiError(400, "'hyperparameters' cannot be used together with 'method'.", param="hyperparameters")
    if not isinstance(method, dict):
        raise wrong_type("method", "an object", method)
    _nested(method, _METHOD, "method")
    name = method.get("type")
    if name is None:
        raise missing("method.type")
    if name not in _METHODS:
        message = f"Invalid value: '{name}'. Supported values are: {one_of(list(_METHODS))}."
        raise bad_value("method.type", message)
    for other in _METHODS:
        if other != name and method.get(other) is not None:
            message = f"Unknown parameter: 'method.{other}' (the method's type is '{name}')."
            raise bad_value(f"method.{other}", message, "unknown_parameter")
    settings = method.get(name)
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise wrong_type(f"method.{name}", "an object", settings)
    _nested(settings, _METHODS[name], f"method.{name}")
    sent = settings.get("hyperparameters")
    hyperparameters = _hyperparameters(sent, name, f"method.{name}.hyperparameters", dialect, habits)
    if name == "reinforcement":
        if settings.get("grader") is None:
            raise missing("method.reinforcement.grader")
        _check_grader(settings["grader"], habits)
    return name, hyperparameters, settings.get("grader"), settings.get("response_format")


def _check_grader(grader: Any, habits: Habits) -> None:
    """OpenAI's kinds of graders; elsewhere also a function of AWS Lambda."""
    if habits.openai_limits or not isinstance(grader, dict) or grader.get("type") != "lambda":
        check_grader(grader, "method.reinforcement.grader")
        return
    function = grader.get("lambda")
    if not isinstance(function, dict) or not isinstance(function.get("function"), str):
        raise missing("method.reinforcement.grader.lambda.function")


def _hyperparameters(value: Any, method: str, place: str, dialect: str, habits: Habits) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong_type(place, "an object", value)
    if dialect not in MINIMAL:
        _nested(value, _HYPERPARAMETERS[method], place)
    integers = _INTEGERS if habits.openai_limits else _UNBOUND
    for name, item in value.items():
        where = f"{place}.{name}"
        if item == "auto" and name != "reasoning_effort":
            continue
        if name in _INTEGERS:
            if dialect == AZURE and item == -1 and name in {"n_epochs", "batch_size"}:
                continue
            integer(item, where, *integers[name], expected="one of 'auto' or an integer")
        elif name in _DECIMALS:
            _decimal(item, where, *_DECIMALS[name])
        elif name == "reasoning_effort" and item not in _EFFORTS:
            raise bad_value(where, f"Invalid value: '{item}'. Supported values are: {one_of(_EFFORTS)}.")
    return dict(value)


def _decimal(value: object, param: str, low: float, high: float | None) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise wrong_type(param, "one of 'auto' or a decimal", value)
    if value <= low:
        message = (
            f"Invalid '{param}': decimal below minimum value. Expected a value > {low:g}, but got {value} instead."
        )
        raise bad_value(param, message, "decimal_below_min_value")
    if high is not None and value > high:
        message = (
            f"Invalid '{param}': decimal above maximum value. Expected a value <= {high:g}, but got {value} instead."
        )
        raise bad_value(param, message, "decimal_above_max_value")
