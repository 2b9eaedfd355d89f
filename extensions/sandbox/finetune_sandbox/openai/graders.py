# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graders: their check, and a run of those that need neither a model nor somebody's code."""

from __future__ import annotations

import ast
import difflib
import json
import operator
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from openai.types.graders.label_model_grader_param import LabelModelGraderParam
from openai.types.graders.multi_grader_param import MultiGraderParam
from openai.types.graders.python_grader_param import PythonGraderParam
from openai.types.graders.score_model_grader_param import ScoreModelGraderParam
from openai.types.graders.string_check_grader_param import StringCheckGraderParam
from openai.types.graders.text_similarity_grader_param import TextSimilarityGraderParam
from pydantic import TypeAdapter, ValidationError

from finetune_sandbox.openai.errors import ApiError, bad_value, missing, one_of

_PARAMS: dict[str, Any] = {
    "string_check": StringCheckGraderParam,
    "text_similarity": TextSimilarityGraderParam,
    "python": PythonGraderParam,
    "score_model": ScoreModelGraderParam,
    "label_model": LabelModelGraderParam,
}
_TOP = ["string_check", "text_similarity", "python", "score_model", "multi"]
_ADAPTERS: dict[str, TypeAdapter[Any]] = {}
_MULTI = frozenset(MultiGraderParam.__required_keys__ | MultiGraderParam.__optional_keys__)
_FLAGS = (
    "formula_parse_error",
    "invalid_variable_error",
    "model_grader_parse_error",
    "model_grader_refusal_error",
    "model_grader_server_error",
    "other_error",
    "python_grader_runtime_error",
    "python_grader_server_error",
    "sample_parse_error",
    "truncated_observation_error",
    "unresponsive_reward_error",
)
_TEMPLATE = re.compile(r"\{\{\s*(item|sample)\.([A-Za-z0-9_.]+)\s*\}\}")


def check_grader(grader: Any, place: str, nested: bool = False) -> None:
    """Check a grader against the SDK's type of its kind. ApiError 400 when it does not fit."""
    if not isinstance(grader, dict):
        raise bad_value(place, f"Invalid type for '{place}': expected an object.", "invalid_type")
    kind = grader.get("type")
    if kind is None:
        raise missing(f"{place}.type")
    kinds = list(_PARAMS) if nested else _TOP
    if kind not in kinds:
        raise bad_value(f"{place}.type", f"Invalid value: '{kind}'. Supported values are: {one_of(kinds)}.")
    if kind == "multi":
        _check_multi(grader, place)
        return
    names = _PARAMS[kind].__required_keys__ | _PARAMS[kind].__optional_keys__
    for name in grader:
        if name not in names:
            raise bad_value(f"{place}.{name}", f"Unknown parameter: '{place}.{name}'.", "unknown_parameter")
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(_PARAMS[kind])
    try:
        # Lists are checked item by item only when they are asked for.
        for value in _ADAPTERS[kind].validate_python(grader).values():
            if not isinstance(value, (str, dict, list, int, float, type(None))):
                list(value)
    except ValidationError as error:
        first = error.errors()[0]
        param = ".".join([place, *(str(part) for part in first["loc"])])
        if first["type"] == "missing":
            raise missing(param) from error
        raise bad_value(param, f"Invalid '{param}': {first['msg']}.") from error


def _check_multi(grader: dict[str, Any], place: str) -> None:
    for name in grader:
        if name not in _MULTI:
            raise bad_value(f"{place}.{name}", f"Unknown parameter: '{place}.{name}'.", "unknown_parameter")
    for name in sorted(_MULTI):
        if grader.get(name) is None:
            raise missing(f"{place}.{name}")
    parts = grader_parts(grader)
    if not parts:
        raise bad_value(f"{place}.graders", f"Invalid '{place}.graders': expected at least one grader.")
    for name, part in parts.items():
        check_grader(part, f"{place}.graders.{name}", nested=True)
    try:
        _formula(grader["calculate_output"], dict.fromkeys(parts, 1.0))
    except _FormulaError as error:
        message = f"Invalid '{place}.calculate_output': {error}."
        raise bad_value(f"{place}.calculate_output", message) from error


def grader_parts(grader: dict[str, Any]) -> dict[str, Any]:
    """The graders of a multi grader by name. The API takes a map of them; the SDK's type says a single one."""
    graders = grader["graders"]
    if not isinstance(graders, dict):
        return {}
    if isinstance(graders.get("type"), str):
        return {str(graders.get("name")): graders}
    return graders


def run(grader: dict[str, Any], sample: str, item: Any) -> dict[str, Any]:
    """Run a checked grader; the body of the answer. What the sandbox cannot run is reported in its error flags."""
    flags: dict[str, Any] = dict.fromkeys(_FLAGS, False)
    flags.update(
        model_grader_server_error_details=None,
        python_grader_runtime_error_details=None,
        python_grader_server_error_type=None,
    )
    try:
        output_json: Any = json.loads(sample)
    except ValueError:
        output_json = None
    values = {"item": item, "sample": {"output_text": sample, "output_json": output_json}}
    parts = grader_parts(grader) if grader["type"] == "multi" else {}
    scores = {name: _score(part, values, flags) for name, part in parts.items()}
    if grader["type"] == "multi":
        try:
            reward = _formula(grader["calculate_output"], scores)
        except _FormulaError:
            flags["formula_parse_error"] = True
            reward = 0.0
    else:
        reward = _score(grader, values, flags)
    return {
        "reward": reward,
        "metadata": {
            "name": grader["name"],
            "type": grader["type"],
            "errors": flags,
            "execution_time": 0.01,
            "scores": scores,
            "token_usage": None,
            "sampled_model_name": None,
        },
        "sub_rewards": scores,
        "model_grader_token_usage_per_model": {},
    }


def _score(grader: dict[str, Any], values: dict[str, Any], flags: dict[str, Any]) -> float:
    kind = grader["type"]
    if kind == "python":
        flags["python_grader_server_error"] = True
        flags["python_grader_server_error_type"] = "the sandbox does not run code"
        return 0.0
    if kind in {"score_model", "label_model"}:
        flags["model_grader_server_error"] = True
        flags["model_grader_server_error_details"] = "the sandbox has no model to ask"
        return 0.0
    sent, wanted = (_filled(grader[name], values, flags) for name in ("input", "reference"))
    if kind == "string_check":
        checks: dict[str, Callable[[], bool]] = {
            "eq": lambda: sent == wanted,
            "ne": lambda: sent != wanted,
            "like": lambda: wanted in sent,
            "ilike": lambda: wanted.lower() in sent.lower(),
        }
        return float(checks[grader["operation"]]())
    if grader["evaluation_metric"] == "fuzzy_match":
        return difflib.SequenceMatcher(None, sent, wanted).ratio()
    ours, theirs = Counter(sent.lower().split()), Counter(wanted.lower().split())
    common = sum((ours & theirs).values())
    return 2 * common / (sum(ours.values()) + sum(theirs.values())) if common else 0.0


def _filled(template: str, values: dict[str, Any], flags: dict[str, Any]) -> str:
    def value_of(match: re.Match[str]) -> str:
        value: Any = values[match.group(1)]
        for key in match.group(2).split("."):
            if not isinstance(value, dict) or key not in value:
                flags["invalid_variable_error"] = True
                return ""
            value = value[key]
        return value if isinstance(value, str) else json.dumps(value)

    return _TEMPLATE.sub(value_of, template)


class _FormulaError(ValueError):
    """A formula that cannot be computed."""


_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}


def _formula(text: Any, names: dict[str, float]) -> float:
    """Compute +, -, *, /, min, max, abs over the graders' names."""

    def value(node: ast.AST) -> float:
        if isinstance(node, ast.Expression):
            return value(node.body)
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            if node.id not in names:
                raise _FormulaError(f"unknown name {node.id!r}")
            return names[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.operand))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and node.args:
            arguments = [value(argument) for argument in node.args]
            return float(_FUNCTIONS[node.func.id](*arguments if node.func.id == "abs" else [arguments]))
        raise _FormulaError("only numbers, grader names, + - * / and min, max, abs are allowed")

    try:
        return value(ast.parse(text, mode="eval"))
    except ZeroDivisionError:
        return 0.0
    except (SyntaxError, TypeError, ValueError, RecursionError) as error:
        raise (error if isinstance(error, _FormulaError) else _FormulaError(f"not a formula: {text!r}")) from error


def read(body: dict[str, Any], names: tuple[str, ...]) -> None:
    """Check the arguments of a grader call: these names, the grader itself, nothing else."""
    unknown = [name for name in body if name not in names]
    if unknown:
        raise ApiError(400, f"Unrecognized request argument supplied: {unknown[0]}")
    if body.get("grader") is None:
        raise missing("grader")
    check_grader(body["grader"], "grader")
