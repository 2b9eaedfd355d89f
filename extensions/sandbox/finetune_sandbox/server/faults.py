# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: errors, delays and lost connections for any operation."""

from __future__ import annotations

import itertools
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from finetune_sandbox.server.checks import ControlError, Fields

MAX_DELAY = 600.0
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


@dataclass
class Fault:
    """One rule for faults. `status` and `reset` exclude each other. A rule with only `delay` delays the real answer.

    when: with "before", the change is not made. With "after", it is made, and then the answer is replaced or lost.
    delay: in seconds. times: how often the rule fires at most; None for no limit. skip: the number of matching calls
    before the first that it may hit. seen: the number of matching calls. fired: how often the rule has fired.
    """

    id: str
    operation: str
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    when: str = "before"
    delay: float = 0.0
    times: int | None = None
    skip: int = 0
    probability: float = 1.0
    seen: int = 0
    fired: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    def takes(self, operation: str) -> bool:
        """Whether the rule hits this call. Counts the call."""
        if not fnmatchcase(operation, self.operation) or (self.times is not None and self.fired >= self.times):
            return False
        self.seen += 1
        if self.seen <= self.skip:
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def label(self) -> str:
        """The name of the rule in the request log."""
        what = "reset" if self.reset else f"status {self.status}" if self.status else "delay"
        return f"{self.id}: {what}" + ("" if what == "delay" else f" {self.when}")

    def describe(self) -> dict[str, Any]:
        """The rule as the control API returns it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "status": self.status,
            "body": self.body,
            "headers": self.headers,
            "reset": self.when if self.reset else None,
            "when": self.when,
            "delay": self.delay,
            "times": self.times,
            "after": self.skip,
            "probability": self.probability,
            "seen": self.seen,
            "fired": self.fired,
        }


def _headers(fields: Fields) -> dict[str, str]:
    """The headers of the answer. Raises ControlError if one cannot be sent, or is given twice."""
    headers = fields.strings("headers")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ControlError(f"fault: 'headers': {name!r}: {value!r} cannot be sent as a header.")
    if len({name.lower() for name in headers}) != len(headers):
        raise ControlError("fault: 'headers': a header is given twice (the case of names does not count).")
    return headers


class Faults:
    """The active rules, in the order in which they were added. The first rule that fires counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, spec: Mapping[str, Any], known: list[str]) -> dict[str, Any]:
        """Add a rule from its JSON form (docs/sandbox.md). Raises ControlError if it is wrong.

        known: the names of all operations. A pattern that matches none of them is refused.
        """
        fields = Fields(spec, "fault")
        operation = fields.text("operation")
        if not any(fnmatchcase(name, operation) for name in known):
            raise ControlError(f"fault: no operation matches {operation!r}. Operations: {', '.join(sorted(known))}.")
        reset = fields.choice("reset", ("before", "after"), None)
        status = fields.integer("status", None, low=200, high=599)
        when = fields.choice("when", ("before", "after"), None)
        if reset and (status is not None or when):
            raise ControlError("fault: 'reset' says when by itself; it excludes 'status' and 'when'.")
        fault = Fault(
            id="",
            operation=operation,
            status=status,
            body=fields.anything("body"),
            headers=_headers(fields),
            reset=reset is not None,
            when=reset or when or "before",
            delay=fields.number("delay", 0.0, low=0, high=MAX_DELAY),
            times=fields.integer("times", None, low=1),
            skip=fields.integer("after", 0, low=0) or 0,
            probability=fields.number("probability", 1.0, low=0, high=1),
        )
        fault._random = random.Random(fields.integer("seed", 0))
        fields.done()
        if not (fault.reset or fault.status or fault.delay):
            raise ControlError("fault: give at least one of 'status', 'reset' and 'delay'.")
        if (fault.body is not None or fault.headers) and fault.status is None:
            raise ControlError("fault: 'body' and 'headers' need a 'status'.")
        with self._lock:
            fault.id = f"fault-{next(self._ids)}"
            self._faults.append(fault)
            return fault.describe()

    def take(self, operation: str) -> Fault | None:
        """The rule that hits this call, or None. Counts it as fired."""
        with self._lock:
            return next((fault for fault in self._faults if fault.takes(operation)), None)

    def describe(self) -> list[dict[str, Any]]:
        """All rules with their counters."""
        with self._lock:
            return [fault.describe() for fault in self._faults]

    def remove(self, fault_id: str | None = None) -> int:
        """Remove one rule, or all if fault_id is None. Returns the number of removed rules."""
        with self._lock:
            before = len(self._faults)
            self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
            return before - len(self._faults)
