# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Types, choices and defaults in the documentation of modules and fragments: written from the modules' specs.

The texts of the options are written by hand. A new module needs no entry anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from textwrap import indent
from typing import Any
from unittest.mock import patch

import yaml
from ansible.module_utils.basic import AnsibleModule

from yaml_text import dump, row

_PLUGINS = "ansible_collections.llmops.finetune.plugins"
_FACTS = ("type", "elements", "required", "choices", "default", "aliases")
_TEXT = re.compile(r'^( *([A-Z_]+) = r""")(.*?)(?=""")', re.DOTALL | re.MULTILINE)


class _SpecFoundError(Exception):
    """A module has given its options to AnsibleModule, and need not go on."""


@cache
def spec_of(module: str) -> dict[str, Any]:
    """Return the options of a module, as it gives them to AnsibleModule."""
    found: dict[str, Any] = {}

    def keep(_module: AnsibleModule, argument_spec: Mapping[str, Any], **_others: Any) -> None:
        found.update(argument_spec)
        raise _SpecFoundError

    with patch.object(AnsibleModule, "__init__", keep), suppress(_SpecFoundError):
        import_module(f"{_PLUGINS}.modules.{module}").main()
    return found


def facts_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the documentation of an option says besides its text."""
    found = {key: spec[key] for key in _FACTS if spec.get(key, False) is not False or key == "default" and key in spec}
    return {key: row(value) for key, value in found.items()}


def documented(module: str) -> dict[str, Any]:
    """Return the documentation of a module, as it is written in its file."""
    found: dict[str, Any] = yaml.safe_load(import_module(f"{_PLUGINS}.modules.{module}").DOCUMENTATION)
    return found


def fragments_of(module: str) -> Iterator[tuple[str, str]]:
    """Return the fragments of this collection that a module uses: the file and the name of the text."""
    for fragment in documented(module).get("extends_documentation_fragment", ()):
        _namespace, collection, file, *section = fragment.split(".")
        if collection == "finetune":
            yield file, section[0].upper() if section else "DOCUMENTATION"


def group_of(module: str) -> str | None:
    """Return the action group of a module. None if it has none."""
    sections = (section for file, section in fragments_of(module) if file == "attributes")
    return next((section[6:].lower() for section in sections if section.startswith("GROUP_")), None)


def files(plugins: Path) -> Iterator[tuple[str, Any]]:
    """Return each file of a module or fragment, and the function that makes its content."""
    shared: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted((plugins / "modules").glob("*.py")):
        yield f"plugins/modules/{path.name}", partial(_write, path, {"DOCUMENTATION": spec_of(path.stem)})
        own = documented(path.stem).get("options", {})
        for file, text in fragments_of(path.stem):
            others = {option: spec for option, spec in spec_of(path.stem).items() if option not in own}
            shared.setdefault(file, {}).setdefault(text, {}).update(others)
    for file, texts in sorted(shared.items()):
        yield f"plugins/doc_fragments/{file}.py", partial(_write, plugins / "doc_fragments" / f"{file}.py", texts)


def _write(path: Path, specs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the content of a file. ``specs``: the options of each text in it."""

    def write_text(text: re.Match[str]) -> str:
        made = [text[1]]
        for key, block in _split(text[3].splitlines(keepends=True), 0):
            if key == "options":
                block[1:] = _write_options(block[1:], specs.get(text[2], {}), 2)
            made += block
        return "".join(made)

    return _TEXT.sub(write_text, path.read_text(encoding="utf-8"))


def _split(lines: Sequence[str], depth: int) -> Iterator[tuple[str, list[str]]]:
    """Divide YAML into the keys at an indentation, each with all its lines."""
    name, block = "", list[str]()
    for line in lines:
        if key := re.match(rf" {{{depth}}}(\w+):", line):
            yield name, block
            name, block = key[1], []
        block.append(line)
    yield name, block


def _write_options(lines: Sequence[str], options: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Return the lines of options with the facts of their specs."""
    for name, block in _split(lines, depth):
        if name not in options or len(block) == 1:  # unknown, or another option's by an alias
            yield from block
            continue
        keys = dict(_split(block[1:], depth + 2))
        yield from (block[0], *keys.pop("", ()), *keys.pop("description", ()))
        if facts := facts_of(options[name]):
            yield from indent(dump(facts), " " * (depth + 2)).splitlines(keepends=True)
        for key, text in keys.items():
            if key == "suboptions":
                yield text[0]
                yield from _write_options(text[1:], options[name].get("options", {}), depth + 4)
            elif key not in _FACTS:
                yield from text
