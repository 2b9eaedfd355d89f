# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scan of a dataset found. Private to llmops.finetune; may change at any time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_ERRORS = 20
MOST_WARNINGS = 20
# One doubtful habit repeats on every line; it must not hide the others.
MOST_WARNINGS_PER_CODE = 5


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong (or doubtful): the line (1-based; None: the file as a whole), a stable code,
    what is wrong, and what would be right."""

    line: int | None
    code: str
    message: str
    hint: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.message} ({self.code}) {self.hint}"


@dataclass(frozen=True)
class Statistic:
    """How a count is spread over the examples. Minimum, mean and maximum are exact; the median and the 95th
    percentile are exact up to 255, and within 1 % above."""

    min: int
    mean: float
    median: int
    p95: int
    max: int


@dataclass
class Report:
    """The result of a scan.

    - format: name of the format checked against, None where none was named and none recognised
    - detected: whether the format was found from the content
    - examples: lines that hold an example, valid or not
    - bytes, sha256: of the raw bytes
    - statistics: of the valid examples; keys messages_per_example (None where the format has no messages),
      characters_per_example, tokens_per_example; a value is None when there is no valid example
    - estimated_tokens: of all valid examples together; an estimate, see scan.py
    - media_buckets: the buckets that hold images and videos of the examples, sorted
    - errors, warnings: the first ones; error_count and warning_count: how many there are in all, and
      error_codes and warning_codes: how many of each code
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
        """Plain data, snake_case, with ``valid`` for ok."""
        return {"valid": self.ok, **asdict(self)}
