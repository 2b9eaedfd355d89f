# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of every request, so that tests can count what a client did."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

KEPT = 100_000
"""So many entries are kept; the counters go on beyond that."""


@dataclass(frozen=True)
class Entry:
    """One request. `status` is None where no answer was sent (a connection reset)."""

    sequence: int
    time: float
    virtual_time: float
    provider: str
    dialect: str
    operation: str
    method: str
    path: str
    query: str
    status: int | None
    key: str
    headers: dict[str, str]
    bytes_in: int
    bytes_out: int
    fault: str | None


class RequestLog:
    """Append-only, thread-safe; `clear` starts it anew but keeps the sequence going."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._sequence = 0

    def add(self, **fields: Any) -> None:
        """Store one request; takes the fields of Entry without `sequence`."""
        with self._lock:
            self._sequence += 1
            self._entries.append(Entry(sequence=self._sequence, **fields))
            self._counts[fields["operation"]] += 1

    def entries(self, operation: str = "*", since: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Entries in order, those with a sequence above `since` whose operation matches the glob."""
        with self._lock:
            chosen = [e for e in self._entries if e.sequence > since and fnmatchcase(e.operation, operation)]
        if limit is not None:
            chosen = chosen[-limit:] if limit else []
        return [asdict(entry) for entry in chosen]

    def counts(self, operation: str = "*") -> dict[str, int]:
        """Requests by operation since the last clear."""
        with self._lock:
            return {name: n for name, n in sorted(self._counts.items()) if fnmatchcase(name, operation)}

    def clear(self) -> None:
        """Forget entries and counters."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
