# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider sees of HTTP: a Call comes in, an Answer goes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from werkzeug import Request


@dataclass
class Answer:
    """A response: `body` is JSON-able, bytes, or the path of a file to stream."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes | Path:
        """The bytes to send, or the file to stream."""
        if isinstance(self.body, (bytes, Path)):
            return self.body
        self.headers.setdefault("Content-Type", "application/json")
        return json.dumps(self.body, ensure_ascii=False).encode()


class Refusal(Exception):
    """A provider's error answer, raised from anywhere below a handler."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body!r}")
        self.answer = answer


@dataclass
class Call:
    """One request to a provider.

    dialect: the provider's own name for the base path it came in on.
    arguments: the variable parts of the path.
    """

    request: Request
    operation: str
    dialect: str
    arguments: dict[str, str]
    key: str = ""


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """One operation on one path. `rule` is a werkzeug rule; `operation` starts with the provider's name."""

    operation: str
    method: str
    rule: str
    dialect: str
    handler: Handler


class Provider(Protocol):
    """What a provider gives to the frame. Everything of a provider is in its own folder."""

    name: str

    def routes(self) -> list[Route]:
        """All paths of all dialects."""

    def open(self, call: Call) -> None:
        """Check credentials and headers before the body is read; sets call.key. Raises Refusal."""

    def error(self, dialect: str, status: int) -> Answer:
        """The provider's typical error of this status, for faults."""

    def unknown_path(self, dialect: str, method: str, path: str) -> Answer:
        """The answer where no operation is."""

    def environment(self, base: str) -> dict[str, dict[str, str]]:
        """Environment variables for its clients, by dialect. base: URL of the server, no slash at the end."""

    def dialect_of(self, path: str) -> str | None:
        """The dialect whose base path this is under, or None when the path is not this provider's."""

    def control(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """The provider's own part of the control API. Raises ControlError."""

    def reset(self) -> None:
        """Forget everything, as just started."""

    def close(self) -> None:
        """Remove what is on disk."""
