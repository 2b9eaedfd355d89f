# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of a scan of a dataset. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_ERRORS = 20
MOST_WARNINGS = 20
# The same warning often repeats on every line. It must not hide the other warnings.
MOST_WARNINGS_PER_CODE = 5


@dataclass(frozen=True)
class Issue:
    """One error or warning.

    ``line``: its number, from 1; None: the whole file. ``code``: never changes. ``message``: the problem. ``hint``: how
    to correct it.
    """

    line: int | None
    code: str
    message: str
    hint: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.message} ({self.code}) {self.hint}"


@dataclass(frozen=True)
class Statistic:
    """The distribution of a count over the examples.

    Minimum, mean and maximum are exact. The median and the 95th percentile are exact up to 255, and within 1 % above.
    """

    min: int
    mean: float
    median: int
    p95: int
    max: int


@dataclass
class Report:
    """The result of a scan.

    - format: the name of the format that the data was checked against; None if none was given and none was detected
    - detected: whether the format was detected from the content
    - examples: the number of lines that hold an example, valid or not
    - bytes, sha256: the size and the hash of the raw bytes
    - statistics: of the valid examples. The keys are messages_per_example (None if the format has no messages),
      characters_per_example and tokens_per_example. A value is None if there is no valid example
    - estimated_tokens: the tokens of all valid examples together; an estimate, see scan.py
    - media_buckets: the buckets that hold images and videos of the examples, sorted
    - errors, warnings: the first ones. error_count, warning_count: the number of all of them. error_codes,
      warning_codes: the number of each code
    """

    format: str | None = None
    detected: bool = False
    examples: int = 0
    bytes: int = 0
    sha256: str = ""
    statistics: dict[str, Statistic | None] = field(default_factory=dict)
    estimated_tokens: int = 0
    media_buckets: list[str] = field(default_factory=list)
    errors: list[Issue] = field(default_factory=list)
    error_count: int = 0
    error_codes: dict[str, int] = field(default_factory=dict)
    warnings: list[Issue] = field(default_factory=list)
    warning_count: int = 0
    warning_codes: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return self.error_count == 0

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data. The keys are the names of the fields, and ``valid`` for ``ok``."""
        return {"valid": self.ok, **asdict(self)}
