# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the files that follow from others: ``make generate``.

Types, choices and defaults come from the Python specs of the module ``fine_tune``; texts from the fragment ``models``
and, for what only the role has, from ``role.yml``; action groups from the documentation of the modules.
With ``--check`` nothing is written, and the first line of each file that differs is printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml
from ansible_collections.llmops.finetune.plugins.doc_fragments.models import ModuleDocFragment
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import model_options
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
_HEAD = """---
# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by `make generate` from {sources}.
"""
# The fragment speaks of options of the module, the role of its variables.
_REFERENCES = (
    (re.compile(r"O\(models\[\]\.(\w+)=(\w+)\)"), r"C(fine_tune_\1: \2)"),
    (re.compile(r"O\(models\[\]\.(\w+)\)"), r"C(fine_tune_\1)"),
    (re.compile(r"RV\(results"), "RV(llmops.finetune.fine_tune#module:results"),
)
_GROUP = re.compile(r"^ +- llmops\.finetune\.attributes\.group_(\w+)$", re.MULTILINE)


class _Row(list[Any]):
    """A list that is written in one line."""


class _Dumper(yaml.SafeDumper):
    """Indents lists as ansible-lint wants them, and writes equal values again instead of naming them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Row, lambda dumper, row: dumper.represent_sequence("tag:yaml.org,2002:seq", row, flow_style=True)
)


def _dump(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def _role_options(texts: Mapping[str, Any], spec: Mapping[str, Any], *, nested: bool) -> dict[str, Any]:
    """Return the options of the role: types of the spec, texts of the fragment. A nested option has no default."""
    found: dict[str, Any] = {}
    for name, text in texts.items():
        option = spec[name]
        made = {"description": _reword(text["description"]), "type": option["type"]}
        for key in ("elements", "choices"):
            if key in option:
                made[key] = _Row(option[key]) if key == "choices" else option[key]
        if nested and option.get("required"):
            made["required"] = True
        if nested and option.get("no_log"):
            made["no_log"] = True
        if not nested and "default" in option:
            made["default"] = option["default"]
        if "options" in option:
            made["options"] = _role_options(text["suboptions"], option["options"], nested=True)
        found[name] = made
        # The specification of a role knows no aliases.
        for alias in option.get("aliases", ()):
            found[alias] = {**made, "description": [f"Another name of C({name})."]}
    return found


def _reword(description: str | list[str]) -> list[str]:
    texts = [description] if isinstance(description, str) else description
    for pattern, words in _REFERENCES:
        texts = [pattern.sub(words, text) for text in texts]
    return texts


def argument_specs() -> str:
    """The specification of the role."""
    own = yaml.safe_load((ROOT / "tests" / "tools" / "role.yml").read_text(encoding="utf-8"))
    texts = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["models"]["suboptions"]
    options = _role_options(texts, model_options(), nested=False)
    blocks = {}
    for provider in PROVIDERS:
        # Written once, and named for the entries of the list.
        blocks[provider] = options[provider]["options"]
        options[provider]["options"] = f"&{provider}"
    entries = {}
    for name, option in options.items():
        # An entry has no defaults: it takes what it leaves out from the variables.
        entries[name] = {key: value for key, value in option.items() if key != "default"}
        entries[name]["description"] = [f"As C(fine_tune_{name})."]
        if name in blocks:
            entries[name]["options"] = f"*{name}"
        option["description"] += own["added"].get(name, [])
    shown = {f"fine_tune_{name}": option for name, option in options.items()}
    for name, option in own["options"].items():
        shown[name] = {**option, "options": entries} if name == "fine_tune_models" else option
    text = _dump({"argument_specs": {"main": {**own["main"], "options": shown}}})
    for name, block in blocks.items():
        text = text.replace(f"options: '*{name}'", f"options: *{name}")
        text = text.replace(f"options: '&{name}'\n", f"options: &{name}\n{indent(_dump(block), ' ' * 10)}")
    return (
        _HEAD.format(sources="the specs of the module fine_tune, doc_fragments/models.py and tests/tools/role.yml")
        + text
    )


def role_defaults() -> str:
    """The defaults of the role: those of its specification, and an empty dictionary for each that has none."""
    found = yaml.safe_load(argument_specs())["argument_specs"]["main"]["options"]
    defaults = {
        name: option.get("default", {})
        for name, option in found.items()
        if "default" in option or option["type"] == "dict"
    }
    return _HEAD.format(sources="meta/argument_specs.yml: ansible-doc -t role llmops.finetune.fine_tune") + _dump(
        defaults
    )


def runtime() -> str:
    """The action groups: a module names its group among its fragments."""
    groups: dict[str, list[str]] = {}
    for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        for group in _GROUP.findall(module.read_text(encoding="utf-8")):
            groups.setdefault(group, []).append(module.stem)
    data = {"requires_ansible": ">=2.16.0", "action_groups": dict(sorted(groups.items()))}
    return _HEAD.format(sources="the documentation of the modules") + _dump(data)


FILES: dict[str, Callable[[], str]] = {
    "roles/fine_tune/meta/argument_specs.yml": argument_specs,
    "roles/fine_tune/defaults/main.yml": role_defaults,
    "meta/runtime.yml": runtime,
}


def first_difference(kept: str, made: str) -> tuple[int, str, str] | None:
    """Return the number of the first line that differs, with what it is and what it should be."""
    lines = zip_longest(kept.splitlines(), made.splitlines(), fillvalue="(the end)")
    return next(((number, old, new) for number, (old, new) in enumerate(lines, 1) if old != new), None)


def main() -> int:
    """Write the files, or with ``--check`` say which are not as they would be written."""
    wrong = 0
    for name, make in FILES.items():
        file, made = ROOT / name, make()
        if "--check" not in sys.argv:
            file.write_text(made, encoding="utf-8")
            continue
        found = first_difference(file.read_text(encoding="utf-8"), made)
        if found:
            number, old, new = found
            print(f"{name}:{number}: is '{old.strip()}', should be '{new.strip()}'. Run make generate.")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
