# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What awx_setup.yml gives to AWX keeps the rules that AWX's API checks (awx/main/fields.py, the survey's view)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.llmops.finetune.plugins.plugin_utils._job import list_credential_options, list_variables
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
_FIELD = {"id", "label", "type", "format", "choices", "help_text", "multiline", "secret", "ask_at_runtime", "default"}
_KINDS: dict[str, Any] = {"text": str, "textarea": str, "multiplechoice": str, "integer": int}


def _read(name: str) -> Any:
    return yaml.safe_load((_PLAYBOOKS / name).read_text(encoding="utf-8"))


TYPES = _read("files/awx/credential_types.yml")
SURVEY = _read("files/awx/survey.yml")
VARIABLES = _read("vars/fine_tune.yml")


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: str(kind["name"]))
def test_the_fields_of_a_credential_type_are_what_awx_takes(kind: dict[str, Any]) -> None:
    assert kind["kind"] == "cloud"
    fields = {field["id"]: field for field in kind["inputs"]["fields"]}
    assert len(fields) == len(kind["inputs"]["fields"])
    assert set(kind["inputs"]) <= {"fields", "required"} and set(kind["inputs"]["required"]) <= set(fields)
    for field in fields.values():
        assert set(field) <= _FIELD and re.fullmatch(r"[a-zA-Z_]\w*", field["id"]) and field["id"] != "tower"
        # AWX adds a type that is left out; then a second run would find a difference.
        assert field["type"] == "string" and isinstance(field.get("default", ""), str)
        secret = any(word in field["id"] for word in ("key", "pass"))
        assert field.get("secret", False) is secret


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: str(kind["name"]))
def test_the_injectors_of_a_credential_type_name_only_its_fields(kind: dict[str, Any]) -> None:
    injectors = kind["injectors"]
    names: dict[str, Any] = {field["id"]: "EXAMPLE" for field in kind["inputs"]["fields"]}
    files = {label.partition(".")[2]: "FILE" for label in injectors.get("file", {})}
    names["tower"] = {"filename": files}
    assert set(injectors) <= {"file", "env"}  # extra variables are shown in the job
    for label in injectors.get("file", {}):
        assert re.fullmatch(r"template\.[a-zA-Z_]\w*", label)
    for name, template in [*injectors["env"].items(), *injectors.get("file", {}).items()]:
        assert not name.startswith("ANSIBLE_") and template.isascii()
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(**names)


@pytest.mark.parametrize("question", SURVEY["spec"], ids=lambda question: str(question["variable"]))
def test_a_question_is_what_awx_takes_and_what_the_playbook_knows(question: dict[str, Any]) -> None:
    assert isinstance(question["question_name"], str) and isinstance(question["required"], bool)
    assert isinstance(question["default"], _KINDS[question["type"]])
    spec = list_variables()[question["variable"]]
    choices = question.get("choices")
    assert (question["type"] == "multiplechoice") is (choices is not None)
    if choices:
        assert question["default"] in choices and all(isinstance(choice, str) for choice in choices)
        assert spec.get("choices", ["false", "true"]) == choices
    if question["type"] == "integer":
        assert spec["type"] == "int"
    for bound in ("min", "max"):
        assert isinstance(question.get(bound, 0), int)


def test_no_question_is_asked_twice() -> None:
    variables = [question["variable"] for question in SURVEY["spec"]]
    assert len(set(variables)) == len(variables)
    assert {"name", "description", "spec"} == set(SURVEY)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_secret_option_is_refused_as_a_variable(provider: str) -> None:
    refused = list_credential_options(PROVIDERS[provider])
    known = {
        name for option, spec in PROVIDERS[provider].options.items() for name in (option, *spec.get("aliases", ()))
    }
    secret = {
        name
        for option, spec in PROVIDERS[provider].options.items()
        if spec.get("no_log")
        for name in (option, *spec.get("aliases", ()))
    }
    assert secret and secret <= refused <= known


def test_the_results_of_a_job_are_named_as_the_module_names_them() -> None:
    from ansible_collections.llmops.finetune.plugins.modules import fine_tune

    documented = yaml.safe_load(fine_tune.RETURN)["results"]["contains"]
    assert set(VARIABLES["tune__result_keys"]) <= set(documented)
    assert not {"curve", "dataset", "diff"} & set(VARIABLES["tune__result_keys"])
