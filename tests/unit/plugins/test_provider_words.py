# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No shared code knows a provider's words: its name, its SDK, its options, its statuses.

The words are computed of the tables. One that two providers share, or that fine_tune has itself, is not looked for. A
status may be any word of English, so it is looked for as a whole text only; an option that may be is not looked for.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Phase
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import argument_spec, model_options
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS
from ansible_collections.llmops.finetune.plugins.modules import dataset, fine_tune

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
SDKS = {sdk for provider in PROVIDERS.values() for sdk in provider.facts.requirements}
# Where a provider has its place: what Ansible looks for by name, the two tables, and its own folder.
ALLOWED = (
    "modules/",
    "action/",
    "doc_fragments/",
    "module_utils/_providers/registry.py",
    "module_utils/_providers/catalogue.py",
    "module_utils/_dataset/vocabulary.py",  # made by tests/tools/vocabulary.py
    *(f"module_utils/_providers/_{name}/" for name in PROVIDERS),
)
# (file, word): still to be undone; the list only gets shorter. The rules of data name the guides that they are from.
EXCEPTIONS = {("module_utils/_dataset/rules.py", name) for name in PROVIDERS}


def names_of(options: Mapping[str, Any]) -> set[str]:
    return {name for option, spec in options.items() for name in (option, *spec.get("aliases", ()))}


def words() -> set[str]:
    """What only one provider says."""
    shared = names_of({**model_options(), **argument_spec(), **dataset.SPEC}) - set(PROVIDERS)
    shared |= {phase.value for phase in Phase}
    shared |= yaml.safe_load(fine_tune.RETURN)["results"]["contains"].keys()
    found: Counter[str] = Counter()
    for name, provider in PROVIDERS.items():
        options = names_of(provider.options)
        for module in (provider.adapter.model, provider.adapter.dataset):
            options |= names_of(module.spec["argument_spec"])
        own = {
            name,
            *provider.facts.requirements,
            *provider.phases,
            *(option for option in options if not option.isalpha()),
        }
        found.update(own - shared)
    return {word for word, providers in found.items() if providers == 1}


def said(path: Path, looked_for: set[str]) -> Iterator[str]:
    """Which of the words a file says."""
    text = path.read_text(encoding="utf-8")
    plain = {word for word in looked_for if word.isalpha() and word not in {*PROVIDERS, *SDKS}}
    literals = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    for word in sorted(looked_for):
        if word in plain:
            if word in {literal.lower() for literal in literals if isinstance(literal, str)}:
                yield word
        elif re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text, re.IGNORECASE):
            yield word


def test_no_shared_code_knows_a_provider() -> None:
    looked_for = words()
    assert {"openai", "boto3", "succeeded", "compartment_id"} <= looked_for
    found = {
        (name, word)
        for path in sorted(PLUGINS.rglob("*.py"))
        if not (name := path.relative_to(PLUGINS).as_posix()).startswith(ALLOWED)
        for word in said(path, looked_for)
    }
    assert found == EXCEPTIONS
