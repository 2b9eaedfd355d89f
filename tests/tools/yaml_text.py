# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML as the generated files have it."""

from __future__ import annotations

from typing import Any

import yaml


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


def row(value: Any) -> Any:
    """Return a list that fits in a line as one line, and any other value as it is."""
    return _Row(value) if isinstance(value, list) and len(str(value)) < 110 else value


def dump(data: Any) -> str:
    """Return data as YAML."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=90, allow_unicode=True)
