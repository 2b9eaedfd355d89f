# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the files that follow from others: ``make generate``.

Types, choices and defaults come from the Python specs of the modules; texts from their documentation, ``models.yml``
and, for what only the role has, from ``role.yml``; action groups from the documentation of the modules.
With ``--check`` nothing is written, and the first line of each file that differs is printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import argument_spec, model_options
from ansible_collections.llmops.finetune.plugins.module_utils._providers.registry import PROVIDERS

import doc_blocks
import option_docs
from option_docs import documented, facts_of, fragments_of, group_of
from yaml_text import dump, row

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
_REFERENCE = re.compile(r"\b(?:O|RV)\(([^)]*)\)")
_SURVEY = "playbooks/files/awx/survey.yml"
_PLUGINS = "ansible_collections.llmops.finetune.plugins"
_FRAGMENT = '''# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by `make generate` from {sources}.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
{text}"""
'''


def _read(name: str) -> Any:
    return yaml.safe_load((ROOT / "tests" / "tools" / name).read_text(encoding="utf-8"))


def _documented(module: str) -> dict[str, Any]:
    """Return the documented options of a module, those of its fragments included."""
    options: dict[str, Any] = {}
    for file, section in fragments_of(module):
        text = getattr(import_module(f"{_PLUGINS}.doc_fragments.{file}").ModuleDocFragment, section, "{}")
        options.update(yaml.safe_load(text).get("options", {}))
    return {**options, **documented(module)["options"]}


def _first(description: str | list[str]) -> str:
    """Return the first paragraph. The options that it refers to are others here."""
    return _REFERENCE.sub(r"C(\1)", description if isinstance(description, str) else description[0])


def _describe(spec: Mapping[str, Any], text: Any, default: Any = None) -> dict[str, Any]:
    """Return the documentation of an option: the spec, and the text of a documented option or that text itself."""
    description = text if isinstance(text, str) else _first(text["description"])
    if default is not None and "default is" not in description:
        shown = str(default).lower() if isinstance(default, bool) else f"{default:g}"
        description += f" The default is V({shown})."
    made: dict[str, Any] = {"description": [description], **facts_of(spec)}
    if "options" in spec:
        inner = text["suboptions"]
        made["suboptions"] = {name: _describe(option, inner[name]) for name, option in spec["options"].items()}
    return made


def _models() -> dict[str, Any]:
    """Return the documented options of one model."""
    texts = _read("models.yml")
    options: dict[str, Any] = {}
    for name, spec in model_options().items():
        own = texts["providers"].get(name)
        if own is None:
            options[name] = {**_describe(spec, ""), "description": texts["options"][name]}
            continue
        inner: dict[str, Any] = {}
        for module in reversed(own["modules"]):
            inner.update(_documented(module))
        inner.update(own["options"])
        defaults = {option: given.get("default") for option, given in PROVIDERS[name].options.items()}
        options[name] = {
            "description": own["description"],
            "type": spec["type"],
            "suboptions": {
                option: _describe(given, inner[option], defaults[option]) for option, given in spec["options"].items()
            },
        }
    return options


def models_fragment() -> str:
    """The options of the module fine_tune."""
    texts = _read("models.yml")
    options = _models()
    blocks = {provider: options[provider]["suboptions"] for provider in PROVIDERS}
    own = {}
    for provider in blocks:
        options[provider]["suboptions"] = f"&{provider}"
        own[provider] = {
            "description": texts["providers"][provider]["shared"],
            "type": "dict",
            "suboptions": f"*{provider}",
        }
    spec = {key: value for key, value in argument_spec()["models"].items() if key != "options"}
    models = {**_describe(spec, ""), "description": texts["models"], "suboptions": options}
    text = _name_blocks(dump({"options": {"models": models, **own}}), "suboptions", blocks)
    return _FRAGMENT.format(sources="the specs, the documentation of the modules and tests/tools/models.yml", text=text)


def _name_blocks(text: str, key: str, blocks: Mapping[str, Any]) -> str:
    """Write each block once, with a name, and its name wherever else it stands."""
    for name, block in blocks.items():
        text = text.replace(f"{key}: '*{name}'", f"{key}: *{name}")
        text = text.replace(f"{key}: '&{name}'\n", f"{key}: &{name}\n{indent(dump(block), ' ' * 10)}")
    return text


def _role_options(texts: Mapping[str, Any], spec: Mapping[str, Any], *, nested: bool) -> dict[str, Any]:
    """Return the options of the role: types of the spec, texts of the fragment. A nested option has no default."""
    found: dict[str, Any] = {}
    for name, text in texts.items():
        option = spec[name]
        made = {"description": _reword(text["description"]), "type": option["type"]}
        for key in ("elements", "choices"):
            if key in option:
                made[key] = row(option[key])
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
    own = _read("role.yml")
    options = _role_options(_models(), model_options(), nested=False)
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
    text = _name_blocks(dump({"argument_specs": {"main": {**own["main"], "options": shown}}}), "options", blocks)
    return _HEAD.format(sources="the same as doc_fragments/models.py, and tests/tools/role.yml") + text


def role_defaults() -> str:
    """The defaults of the role: those of its specification, and an empty dictionary for each that has none."""
    found = yaml.safe_load(argument_specs())["argument_specs"]["main"]["options"]
    defaults = {
        name: option.get("default", {})
        for name, option in found.items()
        if "default" in option or option["type"] == "dict"
    }
    return _HEAD.format(sources="meta/argument_specs.yml: ansible-doc -t role llmops.finetune.fine_tune") + dump(
        defaults
    )


def runtime() -> str:
    """The action groups: a module names its group among its fragments."""
    groups: dict[str, list[str]] = {}
    for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        if group := group_of(module.stem):
            groups.setdefault(group, []).append(module.stem)
    data = {"requires_ansible": ">=2.16.0", "action_groups": dict(sorted(groups.items()))}
    return _HEAD.format(sources="the documentation of the modules") + dump(data)


def survey() -> str:
    """The questions of AWX: their choices, and the first answers."""
    options = model_options()

    def write(question: re.Match[str]) -> str:
        spec = options[question[2]]
        choices = spec.get("choices", ["false", "true"])
        default = str(spec.get("default", choices[0]))
        answers = {"choices": row(choices), "default": default if default in choices else default.lower()}
        return question[1] + indent(dump(answers), " " * 4)

    found = (ROOT / _SURVEY).read_text(encoding="utf-8")
    return re.sub(r"(  - variable: tune_(\w+)\n(?:    .*\n)*?)    choices: .*\n    default: .*\n", write, found)


FILES: dict[str, Callable[[], str]] = {
    **dict(option_docs.files(ROOT / "plugins")),
    **dict(doc_blocks.files(ROOT)),
    "plugins/doc_fragments/models.py": models_fragment,
    "roles/fine_tune/meta/argument_specs.yml": argument_specs,
    "roles/fine_tune/defaults/main.yml": role_defaults,
    "meta/runtime.yml": runtime,
    _SURVEY: survey,
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
