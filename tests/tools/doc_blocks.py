# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Blocks in files that are written by hand otherwise: from a line ``make generate: NAME`` to a line ``end of NAME``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill, indent

import yaml
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.limits import GIB, MB, MIB, Limit, Limits
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.rules import RULES
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import model_options
from ansible_collections.llmops.finetune.plugins.module_utils._providers.base import NEUTRAL, Facts, ModelSpec
from ansible_collections.llmops.finetune.plugins.module_utils._providers.catalogue import CATALOGUE
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS

from option_docs import documented, group_of, spec_of

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
_MOST_COLUMNS = 3
_UNITS = {GIB: "GiB", MIB: "MiB", MB: "MB"}
# Of each limit its name in the tables, without its unit; then the limit for validation, if there is one of its own.
_LIMITS = {
    "examples, at least": ("min_examples", "min_validation_examples"),
    "examples, at most": ("max_examples", "max_validation_examples"),
    "bytes, at most": ("max_bytes", "max_validation_bytes"),
    "bytes sent in one piece": ("files_api_max_bytes",),
    "reinforcement examples": ("max_reinforcement_examples", "max_reinforcement_validation_examples"),
    "tokens of an example": ("max_example_tokens",),
    "tokens of the prompt": ("max_prompt_tokens",),
    "tokens of the completion": ("max_completion_tokens",),
    "examples with images": ("max_image_examples",),
    "images of an example": ("max_images_per_example",),
    "videos of an example": ("max_videos_per_example",),
    "bytes of an image in a data URL": ("max_image_bytes",),
}


def files(root: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Return each file with such blocks, and the function that makes its content."""
    others = (root / "plugins/doc_fragments/attributes.py", root / "roles/fine_tune/tasks/main.yml")
    for path in (root / "README.md", *sorted(root.glob("docs/*.md")), *others):
        if _MARK.search(path.read_text(encoding="utf-8")):
            yield path.relative_to(root).as_posix(), partial(_write, root, path)


def _write(root: Path, path: Path) -> str:
    modules = sorted(module.stem for module in (root / "plugins" / "modules").glob("*.py"))
    blocks: dict[str, Callable[[Sequence[str]], str]] = {
        "modules": list_modules,
        "groups": list_groups,
        "options": list_options,
        "hyperparameters": list_hyperparameters,
        "rules": list_rules,
        "artifacts": partial(list_artifacts, root / "playbooks"),
        "credential_types": partial(list_credential_types, root / "playbooks"),
        "role_options": list_role_options,
        "role_providers": list_role_providers,
        **{f"limits_{name}": partial(list_limits, facts) for name, facts in CATALOGUE.items()},
        **{f"modules_{name}": partial(list_modules_of, name) for name in PROVIDERS},
    }
    return _MARK.sub(lambda block: block[1] + blocks[block[2]](modules) + block[3], path.read_text(encoding="utf-8"))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    first, *others = (" ".join(["|", *(f"{cell} |".lstrip() for cell in row)]) for row in (head, *rows))
    return "\n".join(["", first, "|" + "---|" * len(head), *others, "", ""])


def list_modules(modules: Sequence[str]) -> str:
    """All modules, those of no provider first."""
    order = ["", *PROVIDERS]
    groups = {module: group_of(module) or "" for module in modules}
    order += sorted(set(groups.values()) - set(order))
    ordered = sorted(modules, key=lambda module: (order.index(groups[module]), module))
    return _table(("module", "description"), ((f"`{name}`", documented(name)["short_description"]) for name in ordered))


def list_modules_of(group: str, modules: Sequence[str]) -> str:
    """The modules of a provider."""
    return list_modules([module for module in modules if group_of(module) == group])


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


def list_options(modules: Sequence[str]) -> str:
    """The options of each provider. What all its modules have is about authentication."""
    rows = []
    for name, provider in PROVIDERS.items():
        needed = provider.adapter.needed(ModelSpec(name, "", _STATES, {}))
        known = {*needed, *set.intersection(*(set(spec_of(module)) for module in modules if group_of(module) == name))}
        cells = (needed, (option for option in provider.options if option not in known))
        rows.append([f"`fine_tune_{name}`", *(", ".join(f"`{option}`" for option in cell) for cell in cells)])
    return _table(("variable", "needed to train", "further, besides authentication"), rows)


def list_rules(_modules: Sequence[str]) -> str:
    """The rules of data."""
    rows = []
    for rule in RULES:
        where = "; ".join(part for part in (", ".join(rule.hosts), rule.formats) if part) or "all"
        rows.append([f"`{rule.code}`", rule.verdict, rule.what, where, rule.source, rule.date])
    return _table(("code", "verdict", "what", "where", "source", "read"), rows)


def list_limits(facts: Facts, _modules: Sequence[str]) -> str:
    """The limits of a provider: a row for each. Of many kinds of model, a row for each of these, and their format."""
    table = facts.table.values()
    rows = [[name, *(_show_limits(limits, fields) for limits in table)] for name, fields in _LIMITS.items()]
    rows.append(["a file for validation", *map(_show_validation, table)])
    rows = [["", *facts.table], *(row for row in rows if any(row[1:]))]
    if len(table) > _MOST_COLUMNS:
        rows.insert(1, ["format", *(f"`{', '.join(limits.formats)}`" for limits in table)])
        rows = [list(column) for column in zip(*rows, strict=True)]
    return _table(rows[0], rows[1:])


def _show_validation(limits: Limits) -> str:
    none = limits.no_validation
    return "" if none is None else "refused" if none.hard else "not used (warning)"


def _show_limits(limits: Limits, fields: Sequence[str]) -> str:
    """A limit, and what is different for validation."""
    first, *other = (_show_limit(field, getattr(limits, field)) for field in fields)
    differs = [text for text in other if text and text != first and limits.no_validation is None]
    return ", validation ".join([first, *differs]) if first else "".join(f"validation {text}" for text in differs)


def _show_limit(field: str, limit: Limit | None) -> str:
    if limit is None:
        return ""
    unit = next((unit for unit in _UNITS if limit.value and limit.value % unit == 0), 0) if "bytes" in field else 0
    value = f"{limit.value // unit} {_UNITS[unit]}" if unit else f"{limit.value:,}"
    return value if limit.hard else f"{value} (warning)"


def list_artifacts(playbooks: Path, _modules: Sequence[str]) -> str:
    """What a workflow of AWX gets of each model."""
    keys = yaml.safe_load((playbooks / "vars" / "fine_tune.yml").read_text(encoding="utf-8"))["tune__result_keys"]
    return f"\n{fill(', '.join(f'`{key}`' for key in keys), 120, break_on_hyphens=False)}\n\n"


def list_credential_types(playbooks: Path, _modules: Sequence[str]) -> str:
    """The types of credentials that awx_setup makes, and the variables that they set."""
    types = yaml.safe_load((playbooks / "files" / "awx" / "credential_types.yml").read_text(encoding="utf-8"))
    rows = ((kind["name"], ", ".join(f"`{name}`" for name in kind["injectors"]["env"])) for kind in types)
    return _table(("type", "environment variables"), rows)


def list_role_options(_modules: Sequence[str]) -> str:
    """The variables of the role as options of a model. What has no default may be left out."""
    lines = []
    for name, spec in model_options().items():
        if name not in PROVIDERS:
            is_set = "default" in spec or spec["type"] == "dict"
            lines.append(f'{name}: "{{{{ fine_tune_{name}{"" if is_set else " | default(none)"} }}}}"\n')
    return indent("".join(lines), " " * 10)


def list_role_providers(_modules: Sequence[str]) -> str:
    """The variables of the role as options of the task."""
    return "".join(f'        {name}: "{{{{ fine_tune_{name} or omit }}}}"\n' for name in PROVIDERS)
