# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types that the pipeline works with: the data of a model, and the input of a resource's ``build_driver``.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Data:
    """The description of one dataset that will be sent to the provider, made without the network.

    ``report``: :meth:`_dataset.report.Report.to_dict` of the data that will be sent. ``source_format``: the format
    before the conversion; equal to ``format`` if there was none.
    """

    sha256: str
    format: str
    source_format: str
    report: Mapping[str, Any]

    @property
    def examples(self) -> int:
        """The number of examples."""
        return int(self.report["examples"])

    @property
    def tokens(self) -> int:
        """The estimated number of tokens."""
        return int(self.report["estimated_tokens"])

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data, for the next slice; ``Data(**found)`` reads it."""
        return asdict(self)


@dataclass
class TaskContext:
    """A ModuleContext without an AnsibleModule, for one of many models in one process."""

    params: dict[str, Any]
    check_mode: bool
    no_log_values: set[str]
    clients: dict[Any, Any]  # shared by all models; see _providers.toolkit.client.shared
    warnings: list[str] = field(default_factory=list)
    sends_data: bool = True  # if the data is not at the provider, it is sent before a run is started

    def warn(self, warning: str) -> None:
        """Keep a warning for the result."""
        self.warnings.append(warning)
