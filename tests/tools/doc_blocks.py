# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blocks in files that are written by hand otherwise: from a line ``make generate: NAME`` to a line ``end of NAME``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ansible_collections.llmops.finetune.plugins.module_utils._providers.base import NEUTRAL, ModelSpec
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS

from option_docs import documented, group_of

_MARK = re.compile(r"(make generate: (\w+)\b.*\n)(?:.*\n)*?(.*\bend of \2\b)")
_GROUP = '''    GROUP_{name} = r"""
options: {{}}
attributes:
  action_group:
    description: Use C(group/llmops.finetune.{group}) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - llmops.finetune.{group}
"""
'''
_STATES = {"state": "present", "delete_dataset": False, "validation_data": None}


def files(root: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Return each file with such blocks, and the function that makes its content."""
    for path in (root / "README.md", *sorted(root.glob("docs/*.md")), root / "plugins/doc_fragments/attributes.py"):
        if _MARK.search(path.read_text(encoding="utf-8")):
            yield path.relative_to(root).as_posix(), partial(_write, root, path)


def _write(root: Path, path: Path) -> str:
    modules = sorted(module.stem for module in (root / "plugins" / "modules").glob("*.py"))
    blocks = {"modules": list_modules, "groups": list_groups, "hyperparameters": list_hyperparameters}
    return _MARK.sub(lambda block: block[1] + blocks[block[2]](modules) + block[3], path.read_text(encoding="utf-8"))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (head, *rows))
    first, *others = lines
    return "\n".join(["", first, "|" + "---|" * len(head), *others, "", ""]).replace("|  |", "| |")


def list_modules(modules: Sequence[str]) -> str:
    """All modules, those of no provider first."""
    order = ["", *PROVIDERS]
    groups = {module: group_of(module) or "" for module in modules}
    order += sorted(set(groups.values()) - set(order))
    ordered = sorted(modules, key=lambda module: (order.index(groups[module]), module))
    return _table(("module", "description"), ((f"`{name}`", documented(name)["short_description"]) for name in ordered))


def list_groups(modules: Sequence[str]) -> str:
    """A fragment for each action group."""
    groups = sorted({group for module in modules if (group := group_of(module))})
    return "\n".join(_GROUP.format(name=group.upper(), group=group) for group in groups)


def list_hyperparameters(_modules: Sequence[str]) -> str:
    """What each provider calls the hyperparameters that have one name for all."""
    specs = [ModelSpec(provider, "", _STATES, {}) for provider in PROVIDERS]
    names = [PROVIDERS[spec.provider].adapter(spec).names for spec in specs]
    labels = [provider.facts.label for provider in PROVIDERS.values()]
    cells = ([f"`{own[name]}`" if name in own else "" for own in names] for name in NEUTRAL)
    return _table(("name", *labels), ([f"`{name}`", *row] for name, row in zip(NEUTRAL, cells, strict=True)))
