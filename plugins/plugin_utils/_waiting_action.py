# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugins that wait. It calls the module in slices and shows the progress between them.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ..module_utils._engine.coerce import one_line
from ..module_utils._engine.module import WAIT_SPEC
from ._progress import ProgressPrinter, format_outcome

display = Display()

SLICE = 20.0  # seconds
# After a dropped connection the call is repeated, at most so often in a row, each time after a pause (in seconds).
_RECONNECTS = 6
_RECONNECT_PAUSE = 10.0
_TRUE = ("y", "yes", "on", "1", "true", "t", "1.0")


class WaitingActionBase(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """Runs the module of the same name. Without ``async``, a module that has to wait does so in slices.

    The plugin owns the deadline and ``elapsed``, ORs ``changed``, collects the warnings, and keeps the ``action`` and
    ``diff`` of the slice that acted. As soon as an answer names a run, the module is bound to this run.
    """

    # The module's option and its aliases; its default in seconds; other defaults by state.
    timeout_options: tuple[str, ...] = ("wait_timeout",)
    default_timeout: float = WAIT_SPEC["wait_timeout"]["default"]
    timeouts: Mapping[str, float] = MappingProxyType({})
    # The result keys that contain the identifier of the ready resource.
    model_keys: tuple[str, ...] = ()

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Entry point of the plugin."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.async_val:
            native = self._connection.has_native_async
            return dict(merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=not native)))
        try:
            return dict(merge_hash(result, self._in_slices(task_vars)))
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _in_slices(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = dict(self._task.args)
        start = time.monotonic()
        timeout = self._seconds(args)
        if timeout == 0:
            # 0 means not to wait. That holds in later slices too, although they get the rest of the usual time.
            args["wait"], timeout = False, self._usual(args)
        args.setdefault("wait_slice", SLICE)
        printer = ProgressPrinter(self._shows_progress(args))
        acted: dict[str, Any] = {}
        warnings: list[Any] = []
        changed = again = False
        called: Any = None
        while True:
            if again and timeout is not None:
                for name in self.timeout_options:
                    args.pop(name, None)
                # At least 1, because 0 would mean not to wait. The module itself reports that the time is over.
                args["wait_timeout"] = max(1, int(timeout - (time.monotonic() - start)))
            result = self._call(args, task_vars, again=again, end=None if timeout is None else start + timeout)
            again = True
            changed = changed or bool(result.get("changed"))
            warnings += [warning for warning in result.get("warnings", ()) if warning not in warnings]
            if acted.get("action", "none") == "none":
                acted = {key: result[key] for key in ("action", "diff") if key in result} or acted
            if not result.get("waiting") or result.get("failed"):
                break
            if result.get("run_id") and self._binds(args):
                args["wait_run_id"] = result["run_id"]
            if result.get("wait_state"):
                args["wait_state"] = result["wait_state"]
            called = result.get("name")
            printer.print_progress(result)
        result.update(acted, changed=changed, elapsed=round(time.monotonic() - start, 1))
        present = self._binds(args)
        model = next((result[key] for key in self.model_keys if present and result.get(key)), None)
        printer.end(str(called), format_outcome(result, model), error=bool(result.get("failed")))
        if "wait_run_id" in args:
            result.setdefault("run_id", args["wait_run_id"])
        if warnings:
            result["warnings"] = warnings
        return result

    def _call(
        self, args: dict[str, Any], task_vars: dict[str, Any] | None, *, again: bool, end: float | None = None
    ) -> dict[str, Any]:
        """Run one slice. ``end``: the deadline of the task by ``time.monotonic``, or None.

        After the first slice (``again``), the call is repeated if the connection drops and there is time.
        """
        tries = _RECONNECTS if again else 0
        while True:
            try:
                return dict(self._execute_module(module_args=args, task_vars=task_vars))
            except AnsibleConnectionFailure as error:
                if not tries:
                    raise
                if end is not None and time.monotonic() + _RECONNECT_PAUSE > end:
                    raise
                tries -= 1
                display.vv(f"{self._task.action}: the connection failed ({one_line(str(error))}); trying again")
                time.sleep(_RECONNECT_PAUSE)
                self._connection.reset()

    def _seconds(self, args: dict[str, Any]) -> float | None:
        """The task's time-out in seconds, or the default. None if it is not a number: the module reports the error."""
        timeout = next((args[name] for name in self.timeout_options if args.get(name) is not None), self._usual(args))
        try:
            return float(timeout)
        except (TypeError, ValueError):
            return None

    def _usual(self, args: dict[str, Any]) -> float:
        return self.timeouts.get(self._state(args), self.default_timeout)

    def _binds(self, args: dict[str, Any]) -> bool:
        return self._state(args) == "present"

    def _state(self, args: dict[str, Any]) -> str:
        return str(args.get("state") or "present")

    def _shows_progress(self, args: dict[str, Any]) -> bool:
        wanted = args.get("wait_progress")
        return not self._task.no_log and (wanted is None or str(wanted).lower() in _TRUE)
