# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folder of module_utils may import which (docs/architecture.md, "Folders"). Files are read, not imported.

What Ansible packs with a module is all that it imports, however indirectly, and wherever the import stands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
UTILS = PLUGINS / "module_utils"
PROVIDERS = UTILS / "_providers"
TABLES = ("_providers/registry", "_providers/catalogue")
MODEL_MODULES = (
    "openai_fine_tuned_model",
    "bedrock_custom_model",
    "bedrock_custom_model_deployment",
    "bedrock_provisioned_model_throughput",
    "oci_generative_ai_model",
    "oci_generative_ai_endpoint",
)
MOST_FILES = 36
# An option, by the words for it from the module to the request and back; of dataset modules the path of the data.
OPTIONS = (
    ("bedrock_custom_model", "base_model_identifier|base_model_arn"),
    ("bedrock_custom_model", "hyper_?parameters"),
    ("openai_fine_tuned_model", "hyperparameters"),
    ("oci_generative_ai_model", "base_model_id"),
    ("oci_generative_ai_model", "training_config"),
    *((f"{provider}_dataset", r"\bsrc\b") for provider in ("openai", "bedrock", "oci_generative_ai")),
)
MOST_HOPS = 6

# From top to bottom. A folder imports what stands below it, and itself.
FLOORS = ("_pipeline", "_report", "_providers", "_dataset", "_engine")


def files() -> Iterator[Path]:
    return UTILS.rglob("*.py")


def named(path: Path) -> str:
    return path.relative_to(UTILS).with_suffix("").as_posix()


@cache
def imported(path: Path) -> frozenset[Path]:
    """The collection's own files that a file imports, in functions and for types too."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level == 0:
            assert "ansible_collections" not in (node.module or ""), f"{path}: an absolute import of the collection"
            continue
        folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        if folder.with_suffix(".py").is_file():
            found.add(folder.with_suffix(".py"))
        else:
            found |= {folder / f"{alias.name}.py" for alias in node.names}
    assert all(one.is_file() for one in found), path
    return frozenset(found)


def packed(path: Path) -> set[Path]:
    """All own files of module_utils in the zip of a module."""
    found: set[Path] = set()
    todo = [path]
    while todo:
        for one in imported(todo.pop()):
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def provider_of(name: str) -> str | None:
    parts = name.split("/")
    return parts[1] if parts[0] == "_providers" and len(parts) == 3 and parts[1] != "toolkit" else None


def test_a_folder_imports_only_what_is_below_it() -> None:
    up = set()
    for path in files():
        for one in imported(path):
            above, below = named(path), named(one)
            if FLOORS.index(below.split("/")[0]) < FLOORS.index(above.split("/")[0]):
                up.add((above, below))
    assert not up


def test_what_serves_all_providers_knows_none() -> None:
    for path in files():
        name = named(path)
        if name.split("/")[0] in ("_dataset", "_engine", "_report"):
            assert not [one for one in map(named, imported(path)) if one.startswith("_providers/")], name


def test_a_provider_knows_neither_the_tables_nor_another() -> None:
    for path in files():
        name = named(path)
        if not name.startswith("_providers/") or name in TABLES:
            continue
        for one in map(named, imported(path)):
            assert one not in TABLES, name
            assert provider_of(one) in (None, provider_of(name)), name


def test_the_catalogue_is_light() -> None:
    found = set(map(named, packed(PROVIDERS / "catalogue.py")))
    own = {one.split("/")[-1] for one in found if provider_of(one)}
    assert own == {"facts", "formats", "limits", "base_models"}
    assert {one for one in found if one.startswith("_providers/") and not provider_of(one)} == {"_providers/base"}
    assert not [one for one in found if one.startswith(("_pipeline/", "_report/"))]


def test_only_what_serves_all_providers_imports_the_tables() -> None:
    for path in (*files(), *(PLUGINS / "modules").glob("*.py"), *(PLUGINS / "action").glob("*.py")):
        name = path.relative_to(PLUGINS).with_suffix("").as_posix().removeprefix("module_utils/")
        found = imported(path) & {PROVIDERS / "registry.py", PROVIDERS / "catalogue.py"}
        if name.startswith("modules/") and "dataset" in name:
            found -= {PROVIDERS / "catalogue.py"}
        assert not found or name.startswith("_pipeline/"), name


def test_what_providers_share_knows_none_of_them() -> None:
    for path in files():
        name = named(path)
        if name == "_providers/base" or name.startswith("_providers/toolkit/"):
            assert not [one for one in map(named, imported(path)) if provider_of(one)], name
        if name == "_providers/base":
            assert not [one for one in map(named, imported(path)) if one.startswith("_providers/")], name


def test_module_utils_has_no_package_files_and_folders_of_providers_begin_with_an_underscore() -> None:
    assert not list(UTILS.rglob("__init__.py"))
    folders = [path.name for path in PROVIDERS.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(name for name in folders if not name.startswith("_")) == ["toolkit"]


def test_there_is_no_circle() -> None:
    done: set[Path] = set()

    def walk(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, [named(one) for one in (*above[above.index(path) :], path)]
        if path not in done:
            for one in imported(path):
                walk(one, (*above, path))
            done.add(path)

    for path in files():
        walk(path, ())


@pytest.mark.parametrize("module", MODEL_MODULES)
def test_a_module_packs_little_and_nothing_of_another_provider(module: str) -> None:
    path = PLUGINS / "modules" / f"{module}.py"
    assert not [one for one in map(named, imported(path)) if one.endswith("/provider")]
    found = set(map(named, packed(path)))
    assert len({provider_of(one) for one in found} - {None}) == 1
    assert not found & set(TABLES)
    assert not [one for one in found if one.startswith(("_pipeline/", "_report/"))]
    assert len(found) <= MOST_FILES, sorted(found)


@pytest.mark.parametrize(("module", "words"), OPTIONS)
def test_an_option_is_followed_through_few_files(module: str, words: str) -> None:
    path = PLUGINS / "modules" / f"{module}.py"
    files = (path, *packed(path))
    found = [named(one) if one != path else module for one in files if re.search(words, one.read_text("utf-8"))]
    assert len(found) <= MOST_HOPS, sorted(found)
