# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of the action plugin of fine_tune: it shows a preview, then the progress of each model.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.common.validation import check_type_path
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ..module_utils._engine.coerce import paragraph
from ..module_utils._pipeline.account import account
from ..module_utils._pipeline.data import is_path
from ..module_utils._pipeline.messages import format_model, join_warnings
from ._locks import PAUSE, Locks, folder_in, lock_name
from ._progress import ProgressPrinter, format_outcome, print_line
from ._role_variables import MARK, known_variables, missing, unknown
from ._waiting_action import SLICE, WaitingActionBase

display = Display()

# Since ansible-core 2.19 the callbacks print the message of a failed task on its own lines.
_CALLBACK_PRINTS_REASON = tuple(map(int, ansible_version.split(".")[:2])) >= (2, 19)

_DATA = ("training_data", "validation_data")


def _lock_folder() -> Path | None:
    """The folder for locks, next to the temporary folders of Ansible (one for each run); None if there can be none."""
    return folder_in(Path(constants.DEFAULT_LOCAL_TMP).parent)


class PipelineActionBase(WaitingActionBase):
    """Runs the module of the same name in slices. Each slice returns the ``wait_state`` that the next one needs."""

    def _in_slices(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = dict(self._task.args)
        of_role = MARK in (task_vars or {})
        doubts: list[str] = []
        if of_role:
            wrong, doubts = unknown(task_vars or {}, known_variables())
            wrong += missing(args.get("models"))
            if wrong:
                return {"failed": True, "changed": False, "msg": "\n".join(wrong), "results": []}
        searched: dict[str, list[str]] = {}
        args["models"] = self._found(args.get("models"), searched)
        if searched:
            args["data_places"] = searched
        args.setdefault("wait_slice", SLICE)
        printer = PipelinePrinter(self._shows_progress(args), quiet=bool(self._task.no_log))
        printer.warn_early(doubts)
        with Locks(None if self._task.check_mode else _lock_folder()) as locks:
            self._lock(args, locks, printer)
            result = self._slices(args, task_vars, locks, printer)
        if doubts:
            result["warnings"] = [*doubts, *(result.get("warnings") or ())]
        return result

    def _slices(
        self, args: dict[str, Any], task_vars: dict[str, Any] | None, locks: Locks, printer: PipelinePrinter
    ) -> dict[str, Any]:
        again = False
        while True:
            result = self._call(args, task_vars, again=again)
            results = result.get("results") or ()
            if not again:
                printer.print_preview(results)
            again = True
            if not result.pop("waiting", False):
                printer.end(result, results)
                return result
            progress = result.pop("progress")
            args["wait_state"] = {**result.pop("wait_state"), "warned": printer.warn(results)}
            for found in results:
                key = f"{found['provider']}/{found['name']}"
                state = progress.get(key)
                # From now on every task that lists the runs finds this one.
                if state is None or state["run_id"]:
                    locks.release(key)
                if state is None:
                    printer.print_end(found)
                elif state["progress"]:
                    printer.print_progress(found, state)

    def _lock(self, args: dict[str, Any], locks: Locks, printer: PipelinePrinter) -> None:
        """Take the lock of each model, so that one task at a time starts it.

        The time that a model waits for its lock is subtracted from its ``wait_timeout``.
        """
        names: dict[str, tuple[str, int]] = {}
        models = args["models"] if isinstance(args["models"], list) else []
        for number, entry in enumerate(models):
            if isinstance(entry, Mapping) and entry.get("state", "present") == "present":
                provider = str(entry.get("provider"))
                key = f"{provider}/{entry.get('name')}"
                names[lock_name(key, account(provider, args.get(provider), entry.get(provider)))] = (key, number)
        for name, (key, number) in sorted(names.items()):
            start = time.monotonic()
            limit = self._limit(models[number])
            printed = False

            def wait(limit: float = limit, start: float = start, key: str = key) -> bool:
                nonlocal printed
                if not printed:
                    printer.print_line(f"{key}: another task of this controller is starting it; waiting for that")
                    printed = True
                time.sleep(PAUSE)
                return time.monotonic() - start < limit

            locks.take(key, name, wait)
            waited = time.monotonic() - start
            if waited >= 1 and limit > 0:
                models[number] = {**models[number], "wait_timeout": max(1, int(limit - waited))}

    def _limit(self, entry: Mapping[str, Any]) -> float:
        """How long a model may wait for its lock, in seconds. Without a ``wait_timeout``, or with 0, it is the default.

        For a value that is not a number it is 0; the module reports the error.
        """
        timeout = entry.get("wait_timeout")
        try:
            return float(self.default_timeout if timeout is None else timeout) or self.default_timeout
        except (TypeError, ValueError):
            return 0.0

    def _found(self, models: Any, searched: dict[str, list[str]]) -> Any:
        """The same models. A relative path is replaced by the path of the file in the playbook or the role.

        ``searched`` gets the files that do not exist, each with the paths where the plugin looked for it.
        """
        if not isinstance(models, list):
            return models
        return [
            {key: self._path(value, searched) if key in _DATA else value for key, value in entry.items()}
            if isinstance(entry, Mapping) and entry.get("state", "present") == "present"
            else entry
            for entry in models
        ]

    def _path(self, value: Any, searched: dict[str, list[str]]) -> Any:
        if not is_path(value) or not value or Path(check_type_path(value)).is_absolute():
            return value
        try:
            return self._find_needle("files", value)
        except AnsibleError as error:
            # The module reports the error. If the file does not exist, ansible-core's error has the searched paths.
            searched[value] = list(dict.fromkeys(str(path) for path in getattr(error, "paths", None) or ()))
            return value


class PipelinePrinter:
    """Prints the lines and warnings about several models.

    ``enabled``: whether progress lines are printed. ``quiet``: print nothing at all, not even the reason of a failure.
    """

    def __init__(self, enabled: bool, *, quiet: bool) -> None:
        self.enabled = enabled
        self.quiet = quiet
        self._printers: dict[str, ProgressPrinter] = {}
        self._over: set[str] = set()  # the models whose end needs no line, or has one already
        self._warned: list[list[str]] = []

    def print_line(self, text: str) -> None:
        """Print any other line, if progress is enabled."""
        if self.enabled:
            print_line(text)

    def warn_early(self, texts: Sequence[str]) -> None:
        """Warn at once, while the user can still stop the task. Ansible does not show the same text again later."""
        if not self.quiet:
            for text in texts:
                display.warning(paragraph(text))

    def print_preview(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Print one line for each model: its predicted action."""
        for found in results:
            self.print_line(format_preview(found))
            if found["failed"] or found["action"] == "none":
                self._over.add(format_model(found))

    def print_progress(self, found: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Print the progress of one model, if there is news."""
        name = format_model(found)
        # A model whose run existed before gets a line at its end too, if the task had to wait for it.
        self._over.discard(name)
        self._printers.setdefault(name, ProgressPrinter(self.enabled)).print_progress({**state, "name": name})

    def print_end(self, found: Mapping[str, Any]) -> None:
        """Print the outcome of one model, once. Other models may still be in progress."""
        name = format_model(found)
        if name not in self._over:
            self._over.add(name)
            words = format_outcome(found, found.get("model_id"))
            if self.enabled:
                print_line(f"{name}: {words}", error=bool(found["failed"]))

    def end(self, result: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> None:
        """Print the outcomes of all models, if there was progress.

        Before ansible-core 2.19, the reason of a failed task is the beginning of one long line of JSON. So it is
        printed here.
        """
        prints_reason = bool(result.get("failed")) and not _CALLBACK_PRINTS_REASON
        for found in results:
            if self._printers and not (prints_reason and found["failed"]):
                self.print_end(found)
        if prints_reason and not self.quiet:
            for line in str(result.get("msg") or "").splitlines():
                print_line(line, error=True)

    def warn(self, results: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """Print new warnings at once, because the task may take hours. Returns all pairs (model, warning) so far."""
        pairs = [[format_model(found), warning] for found in results for warning in found.get("warnings") or ()]
        new = [pair for pair in pairs if pair not in self._warned]
        if not self.quiet:
            for text in join_warnings(new):
                display.warning(paragraph(text))
        self._warned += new
        return self._warned


def format_preview(found: Mapping[str, Any]) -> str:
    """One line with the predicted action for a model."""
    name = format_model(found)
    if found["failed"]:
        return f"{name}: refused, see below"
    parts = [_ACTION_TEXTS.get(found["action"], str(found["action"]))]
    if found["action"] == "none" and not found["status"]:
        parts = ["already running, the task will wait for it"]
    training = found["dataset"].get("training")
    if found["action"] in ("create", "retrain", "retry") and training:
        parts.append(f"{training['examples']} examples")
        tokens = found["estimated_training_tokens"]
        parts.append("tokens unknown" if tokens is None else f"about {tokens:,} training tokens")
    elif found["status"]:
        parts.append(str(found["status"]))
    if found.get("msg"):
        parts.append("but nothing is done, because another model was refused")
    return f"{name}: {', '.join(parts)}"


_ACTION_TEXTS = {
    "none": "nothing to change",
    "create": "a model will be trained",
    "retrain": "a model will be trained again",
    "retry": "a failed model will be trained again",
    "update": "will be changed in place",
    "cancel": "will be cancelled",
    "delete": "will be deleted",
    "resume": "will be resumed",
}
