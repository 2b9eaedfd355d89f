# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API, `/_sandbox/...`: the same calls over HTTP and in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug import Request

from finetune_sandbox.server import strict_json
from finetune_sandbox.server.checks import ControlError, Fields
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.faults import Faults
from finetune_sandbox.server.requestlog import RequestLog
from finetune_sandbox.server.web import Provider, Response


class Control:
    """Routes control calls. `call` runs a call. `handle` does the same for an HTTP request."""

    def __init__(
        self,
        providers: list[Provider],
        clock: Clock,
        faults: Faults,
        log: RequestLog,
        settings: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """settings: by provider, the settings at the start and after a reset. Raises ControlError if one is wrong."""
        self._providers = {provider.name: provider for provider in providers}
        self._clock, self._faults, self._log = clock, faults, log
        self._settings = settings
        for name in settings:
            if name not in self._providers:
                raise ControlError(f"settings: unknown provider {name!r}. Known: {', '.join(sorted(self._providers))}.")
        self._set_up()

    def _set_up(self) -> None:
        for name, changes in self._settings.items():
            self._providers[name].control("POST", "settings", changes)

    def handle(self, method: str, path: str, request: Request) -> Response:
        """Answer a control request. Wrong input is answered with the status of the ControlError and its message."""
        try:
            body: dict[str, Any] = dict(request.args)
            raw = request.get_data()
            if raw:
                try:
                    sent = strict_json.body(raw)
                except ValueError as error:
                    raise ControlError(f"The body is not JSON that can be used: {error}.") from error
                if not isinstance(sent, dict):
                    raise ControlError("The body must be a JSON object.")
                body.update(sent)
            return Response(self.call(method, path, body))
        except ControlError as error:
            return Response({"error": {"message": str(error)}}, error.status)

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Run one control call. Returns data that can be written as JSON. Raises ControlError for wrong input."""
        parts = [part for part in path.split("/") if part]
        name = f"{method} /{'/'.join(parts)}"
        try:
            if not parts:
                return self._overview()
            if parts[0] in self._providers:
                return self._providers[parts[0]].control(method, "/".join(parts[1:]), body)
            if parts[0] == "clock" and len(parts) == 1:
                return self._do_clock(method, Fields(body, "clock"))
            if parts[0] == "faults" and len(parts) <= 2:
                return self._do_faults(method, parts[1] if len(parts) == 2 else None, body)
            if parts[0] == "requests" and len(parts) <= 2:
                return self._do_requests(method, parts[1:], Fields(body, "requests"))
            if parts == ["reset"] and method == "POST":
                return self._reset(Fields(body, "reset"))
        except ControlError:
            raise
        except ValueError as error:
            raise ControlError(str(error)) from error
        raise ControlError(f"There is no control call {name!r}. See docs/sandbox.md.", 404)

    def _overview(self) -> dict[str, Any]:
        return {
            "clock": self._clock_state(),
            "providers": sorted(self._providers),
            "operations": self.operations(),
            "requests": sum(self._log.counts().values()),
            "faults": len(self._faults.describe()),
        }

    def operations(self) -> list[str]:
        """The names of all operations, for faults and the log."""
        return sorted({name for provider in self._providers.values() for name in provider.operations()})

    def _clock_state(self) -> dict[str, float]:
        return {"now": self._clock.now(), "speed": self._clock.speed}

    def _do_clock(self, method: str, fields: Fields) -> dict[str, float]:
        if method not in {"GET", "POST"}:
            raise ControlError("clock: use GET to read it and POST to change it.")
        if method == "POST":
            speed = fields.number("speed", -1.0) if fields.has("speed") else None
            advance = fields.number("advance", 0.0) if fields.has("advance") else None
            fields.done()
            if speed is None and advance is None:
                raise ControlError("clock: give 'speed' (virtual seconds per second) or 'advance' (seconds).")
            if speed is not None:
                self._clock.set_speed(speed)
            if advance is not None:
                self._clock.advance(advance)
        return self._clock_state()

    def _do_faults(self, method: str, fault_id: str | None, body: Mapping[str, Any]) -> Any:
        if method == "GET" and fault_id is None:
            return {"faults": self._faults.describe()}
        if method == "POST" and fault_id is None:
            return self._faults.add(body, self.operations())
        if method == "DELETE":
            removed = self._faults.remove(fault_id)
            if fault_id is not None and not removed:
                raise ControlError(f"There is no fault {fault_id!r}.", 404)
            return {"removed": removed}
        raise ControlError("faults: GET lists, POST adds, DELETE removes one (/faults/<id>) or all.")

    def _do_requests(self, method: str, rest: list[str], fields: Fields) -> Any:
        if method == "DELETE" and not rest:
            self._log.clear()
            return {}
        if method != "GET" or rest not in ([], ["count"]):
            raise ControlError("requests: GET /requests, GET /requests/count or DELETE /requests.")
        operation = fields.text("operation", "*")
        if rest:
            fields.done()
            counts = self._log.counts(operation)
            return {"count": sum(counts.values()), "by_operation": counts}
        since, limit = _whole(fields.anything("since"), "since"), _whole(fields.anything("limit"), "limit")
        fields.done()
        return {"requests": self._log.entries(operation, since or 0, limit)}

    def _reset(self, fields: Fields) -> dict[str, Any]:
        fields.done()
        self._faults.remove()
        for provider in self._providers.values():
            provider.reset()
        self._set_up()
        self._log.clear()
        return {}


def _whole(value: Any, name: str) -> int | None:
    """A whole number from 0. In a query string it is text. None stays None. Raises ControlError for anything else."""
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ControlError(f"requests: '{name}' must be a whole number from 0, got {value!r}.")
    return number
