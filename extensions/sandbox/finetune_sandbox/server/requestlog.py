# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of all requests, so that tests can count the calls of a client."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

KEPT = 100_000
"""The number of entries that are kept. The counters count all requests."""


@dataclass(frozen=True)
class Entry:
    """One request. `status` is None if no answer was sent (the connection was reset)."""

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
    """The log. It only grows, and is thread-safe. `clear` empties it, but the sequence continues."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._sequence = 0

    def add(self, **fields: Any) -> None:
        """Store one request. fields: the fields of Entry without `sequence`."""
        with self._lock:
            self._sequence += 1
            self._entries.append(Entry(sequence=self._sequence, **fields))
            self._counts[fields["operation"]] += 1

    def entries(self, operation: str = "*", since: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """The entries in order, if their sequence is above `since` and their operation matches the glob.

        limit: only the last entries, this many at most. None for all.
        """
        with self._lock:
            chosen = [e for e in self._entries if e.sequence > since and fnmatchcase(e.operation, operation)]
        if limit is not None:
            chosen = chosen[-limit:] if limit else []
        return [asdict(entry) for entry in chosen]

    def counts(self, operation: str = "*") -> dict[str, int]:
        """The number of requests by operation since the last `clear`. operation: a glob."""
        with self._lock:
            return {name: n for name, n in sorted(self._counts.items()) if fnmatchcase(name, operation)}

    def clear(self) -> None:
        """Remove all entries and counters."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()
