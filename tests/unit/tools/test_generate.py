# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The generated files are those that would be written now, and what is changed in one place is changed in all."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import TRAINING_SPEC

import generate
import option_docs

_FRAGMENTS = {"bedrock": "aws"}


@pytest.mark.parametrize("name", generate.FILES)
def test_it_is_up_to_date(name: str) -> None:
    kept = (generate.ROOT / name).read_text(encoding="utf-8")
    assert generate.first_difference(kept, generate.FILES[name]()) is None


def test_the_first_difference_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "FILES", {"some.yml": lambda: "one\ntwo\nthree\n"})
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    (tmp_path / "some.yml").write_text("one\nzwei\ndrei\n")
    assert generate.main() == 1
    assert capsys.readouterr().out == "some.yml:2: is 'zwei', should be 'two'. Run make generate.\n"
    monkeypatch.setattr(sys, "argv", ["generate"])
    assert generate.main() == 0
    assert (tmp_path / "some.yml").read_text() == "one\ntwo\nthree\n"


def changed() -> dict[str, str]:
    """The generated files that differ from those that are kept."""
    option_docs.spec_of.cache_clear()
    made = {name: make() for name, make in generate.FILES.items()}
    option_docs.spec_of.cache_clear()
    return {name: text for name, text in made.items() if text != (generate.ROOT / name).read_text(encoding="utf-8")}


def test_a_choice_that_is_changed_in_one_place_is_changed_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAINING_SPEC["retrain"], "choices", ["never", "on_change", "each_time"])
    monkeypatch.setitem(TRAINING_SPEC["retrain"], "default", "each_time")
    found = changed()
    assert set(found) == {
        "plugins/doc_fragments/training.py",
        "plugins/modules/oci_generative_ai_model.py",  # has a text of its own for it
        "plugins/doc_fragments/models.py",
        "roles/fine_tune/meta/argument_specs.yml",
        "roles/fine_tune/defaults/main.yml",
        "playbooks/files/awx/survey.yml",
    }
    assert all("each_time" in text for text in found.values())


@pytest.mark.parametrize("group", ["openai", "bedrock", "oci"])
def test_the_guide_names_the_options_and_variables_of_authentication(group: str) -> None:
    modules = [path.stem for path in (generate.ROOT / "plugins" / "modules").glob("*.py")]
    specs = [option_docs.spec_of(module) for module in modules if option_docs.group_of(module) == group]
    page = (generate.ROOT / "docs" / f"{group}.md").read_text(encoding="utf-8")
    text = (generate.ROOT / "plugins" / "doc_fragments" / f"{_FRAGMENTS.get(group, group)}.py").read_text("utf-8")
    names = {*set.intersection(*map(set, specs)), *re.findall(r"\bE\((\w+)\)", text)}
    assert not sorted(name for name in names if f"`{name}`" not in page)
