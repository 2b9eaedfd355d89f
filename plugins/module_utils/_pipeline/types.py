# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipeline's own words: the data of a wanted model, and the task of one of many that are run in one process.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Data:
    """One dataset as it is sent to the provider, described without the network.

    ``report``: :meth:`_dataset.report.Report.to_dict` of what is sent; ``source_format``: what it was converted from,
    or the same.
    """

    sha256: str
    format: str
    source_format: str
    report: Mapping[str, Any]

    @property
    def examples(self) -> int:
        """How many there are."""
        return int(self.report["examples"])

    @property
    def tokens(self) -> int:
        """An estimate."""
        return int(self.report["estimated_tokens"])

    def to_dict(self) -> dict[str, Any]:
        """As it is given to the next slice; ``Data(**to_dict)`` reads it."""
        return asdict(self)


@dataclass
class TaskContext:
    """A ModuleContext that is no AnsibleModule: of one of many that are run in one process."""

    params: dict[str, Any]
    check_mode: bool
    no_log_values: set[str]
    clients: dict[Any, Any]  # of all tasks together; see _providers.toolkit.client.shared
    warnings: list[str] = field(default_factory=list)
    sends_data: bool = True  # before a run is started, where they are not there

    def warn(self, warning: str) -> None:
        """Keep a warning."""
        self.warnings.append(warning)
