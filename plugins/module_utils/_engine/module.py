# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between AnsibleModule and the engine: common options, and one way to end.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from . import deadline, ignoring
from .clock import Clock
from .coerce import format_message, sanitize
from .content import CHECK_MODE, refuse_placeholder
from .engine import Engine
from .errors import FineTuneError, InvalidInput, MissingLibrary
from .types import Driver, Field, Options

_UNASKED_TIMEOUT = 3600  # seconds, for a resource without a wait that may meet a rate limit
_LONGEST = 10 * 365 * 86400.0

# Documented by the fragment llmops.finetune.waiting.
WAIT_SPEC: dict[str, Any] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 21600},
}
# Documented by the fragment llmops.finetune.waiting.progress, for modules that have a waiting action plugin.
PROGRESS_SPEC: dict[str, Any] = {
    "wait_progress": {"type": "bool", "default": True},
    "wait_slice": {"type": "float", "default": 0.0},
    "wait_run_id": {"type": "str"},
    "wait_state": {"type": "dict"},
}
# Documented by the fragment llmops.finetune.training.
TRAINING_SPEC: dict[str, Any] = {
    "retrain": {"type": "str", "choices": ["never", "on_change"], "default": "never"},
    "retry_failed": {"type": "bool", "default": False},
    "delete_previous": {"type": "bool", "default": False},
    "ignore_changes": {"type": "list", "elements": "str", "default": []},
    "details": {"type": "bool", "default": False},
}


def options_of(
    module: AnsibleModule,
    *,
    name: str,
    run_id: str | None,
    id_option: str,
    timeouts: Mapping[str, int] | None = None,
    fields: Sequence[Field] = (),
    identity: Sequence[str] = (),
) -> Options:
    """The engine's options from the task's. Raises InvalidInput for a value that makes no sense.

    ``fields``: the compared fields. ``identity``: the options that select the resource. ``timeouts``: by ``state``,
    the seconds to wait if ``wait_timeout`` is not set and has no default.
    """
    params = {**module.params}
    bounded = "wait_timeout" in params
    if params.get("wait_timeout") is None:
        params["wait_timeout"] = (timeouts or {}).get(params["state"], _UNASKED_TIMEOUT)
    for option in ("wait_timeout", "wait_slice"):
        if not 0 <= params.get(option, 0) < _LONGEST:
            raise InvalidInput(f"{option} is {params[option]}; it is a number of seconds from 0 to {_LONGEST:g}.")
    for option in ("name", "src", id_option):
        if params.get(option) == "":
            raise InvalidInput(f"{option} is empty.", hint="Give a value, or leave the option out.")
    if not module.check_mode:
        refuse_placeholder(id_option, run_id)
    elif run_id and run_id.startswith(CHECK_MODE) and params["state"] == "present":
        run_id = None
    return Options(
        name=name,
        state=params["state"],
        run_id=run_id,
        retrain=params.get("retrain") or params.get("replace") or "never",
        # Sending a file again costs nothing; another training run does.
        retry_failed=params.get("retry_failed", True),
        delete_previous=params.get("delete_previous", False),
        wait=params.get("wait", True) and params["wait_timeout"] > 0,
        # With wait: false, a run that must be stopped gets the usual time.
        wait_timeout=params["wait_timeout"] or WAIT_SPEC["wait_timeout"]["default"],
        bounded=bounded,
        wait_slice=params.get("wait_slice", 0.0),
        wait_run_id=params.get("wait_run_id") or None,
        wait_state=params.get("wait_state"),
        check_mode=module.check_mode,
        ignore_changes=ignoring.read(params.get(ignoring.OPTION), fields, (*identity, id_option)),
    )


def refuse_missing(values: Mapping[str, Any], hint: str) -> None:
    """Raise InvalidInput that names all options without a value."""
    missing = [f"{option} is missing" for option, value in values.items() if not value]
    if missing:
        raise InvalidInput(f"{'; '.join(missing)}.", hint=hint)


def run_resource(module: AnsibleModule, build_driver: Callable[[AnsibleModule], tuple[Driver, Options]]) -> None:
    """Converge one resource and end the module. ``build_driver`` checks all input before any call is made."""
    engine: Engine | None = None
    clock = Clock()
    start = clock.monotonic()

    def work() -> Mapping[str, Any]:
        nonlocal engine
        with deadline.until(_end(module.params, start), clock):
            driver, options = build_driver(module)
        engine = Engine(driver, options, details=module.params.get("details", False), clock=clock, start=start)
        return engine.converge()

    end(module, work, lambda: engine.warnings if engine else [])


def _end(params: Mapping[str, Any], start: float) -> float | None:
    """The task's deadline, as far as it is known before the options are checked."""
    timeout = params.get("wait_timeout")
    return start + timeout if params.get("wait", True) and timeout and timeout > 0 else None


def format_missing_library(error: MissingLibrary) -> str:
    """The error in the words that all modules use."""
    return str(missing_required_lib(error.library, reason=error.reason))


def end(module: AnsibleModule, work: Callable[[], Mapping[str, Any]], warnings: Callable[[], list[str]] = list) -> None:
    """Run ``work``, and end the module with its result or with one error."""
    try:
        result = dict(work())
    except MissingLibrary as error:
        module.fail_json(msg=format_missing_library(error), exception=error.trace)
    except FineTuneError as error:
        warn(module, warnings())
        module.fail_json(
            msg=format_message(error.text(), module.no_log_values),
            **_sanitize_result(module, {"changed": False, **error.facts}),
        )
    else:
        warn(module, warnings())
        module.exit_json(**_sanitize_result(module, result))


def warn(module: AnsibleModule, warnings: Iterable[str]) -> None:
    """Give each warning once."""
    for warning in dict.fromkeys(warnings):
        module.warn(format_message(warning, module.no_log_values))


def _sanitize_result(module: AnsibleModule, result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with safe texts; ``wait_state`` stays as it is."""
    return {
        key: value if key == "wait_state" else sanitize(value, module.no_log_values)
        for key, value in result.items()
        if key != "diff" or module._diff
    }
