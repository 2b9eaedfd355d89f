# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between AnsibleModule and the pipeline: the options of the module ``fine_tune``, and its result.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.clock import Clock
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import FineTuneError, InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._core.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
)
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.model import Entry
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.pipeline import (
    Item,
    Pipeline,
    Settings,
    outcome,
)
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.providers import RECIPES, SPECS

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_TRAINING = ("retrain", "retry_failed", "delete_previous", "ignore_changes")
ENTRY: dict[str, Any] = {
    "provider": {"type": "str", "choices": list(RECIPES), "required": True},
    "name": {"type": "str", "required": True},
    "base_model": {"type": "str"},
    "training_data": {"type": "raw"},
    "validation_data": {"type": "raw"},
    "hyperparameters": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
    **{option: TRAINING_SPEC[option] for option in _TRAINING},
    "delete_dataset": {"type": "bool", "default": False},
    "max_training_tokens": {"type": "int", "no_log": False},
    "wait_timeout": WAIT_SPEC["wait_timeout"],
    **{provider: {"type": "dict", "options": spec} for provider, spec in SPECS.items()},
}
SPEC: dict[str, Any] = {
    "models": {"type": "list", "elements": "dict", "required": True, "options": ENTRY},
    "details": TRAINING_SPEC["details"],
    "wait": WAIT_SPEC["wait"],
    "wait_progress": PROGRESS_SPEC["wait_progress"],
    "wait_slice": PROGRESS_SPEC["wait_slice"],
    "wait_state": {"type": "dict"},
    "data_places": {"type": "dict"},
}


def run(module: AnsibleModule, clock: Clock | None = None) -> None:
    """Make the models, and end the module."""
    params = module.params
    try:
        items = _items(params["models"], module.no_log_values, clock or Clock())
    except FineTuneError as error:
        module.fail_json(msg=error.text(), changed=False, results=[])
    settings = Settings(
        check_mode=module.check_mode,
        wait=params["wait"],
        details=params["details"],
        slice_seconds=max(0.0, params["wait_slice"]),
        folder=module.tmpdir,
        data_places=params["data_places"] or {},
    )
    for item in items:
        kept = (params["wait_state"] or {}).get(item.entry.key)
        if kept:
            item.resume(kept)
    pipeline = Pipeline(items, settings)
    pipeline.run()
    results = [item.done or outcome(item) for item in items]
    changed = any(found["changed"] for found in results) and not pipeline.refused
    result: dict[str, Any] = {"changed": changed, "results": results}
    if module._diff:
        result["diff"] = [
            {"before_header": item.entry.key, "after_header": item.entry.key, **found["diff"]}
            for item, found in zip(items, results, strict=True)
            if found["diff"]
        ]
    failed = [found for found in results if found["failed"]]
    unfinished = [item for item in items if item.done is None]
    if unfinished and not pipeline.refused:
        module.exit_json(
            waiting=True,
            wait_state={item.entry.key: item.kept() for item in items},
            progress={item.entry.key: {"run_id": item.run_id, "progress": item.progress} for item in unfinished},
            **result,
        )
    if failed:
        module.fail_json(msg=_told(failed, results), **result)
    module.exit_json(**result)


def _items(models: Sequence[Mapping[str, Any]], no_log_values: set[str], clock: Clock) -> list[Item]:
    if not models:
        raise InvalidInput("models is empty.", hint="Give at least one.")
    items: list[Item] = []
    wrong: list[str] = []
    for number, given in enumerate(models, 1):
        provider, name = given["provider"], given["name"]
        entry = Entry(
            provider,
            name,
            {option: given[option] for option in ENTRY if option not in (*SPECS, "provider", "name")},
            given[provider] or {option: spec.get("default") for option, spec in SPECS[provider].items()},
            given["base_model"],
            given["hyperparameters"] or {},
        )
        try:
            _check(entry, given)
            items.append(Item(entry, RECIPES[provider](entry), no_log_values, clock))
        except InvalidInput as error:
            wrong.append(f"models[{number}] ({entry.key}): {error.text()}")
    keys = [item.entry.key for item in items]
    wrong += [f"{key} is there {keys.count(key)} times." for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if wrong:
        raise InvalidInput("\n".join(wrong))
    return items


def _check(entry: Entry, given: Mapping[str, Any]) -> None:
    if not entry.name:
        raise InvalidInput("name is empty.")
    if entry.state == "present":
        for option in ("base_model", "training_data"):
            if given[option] in (None, ""):
                raise InvalidInput(f"{option} is missing.", hint="A model cannot be trained without it.")


def _told(failed: Sequence[Mapping[str, Any]], results: Sequence[object]) -> str:
    told = [f"{found['name']} ({found['provider']}): {found['msg']} {found['hint']}".rstrip() for found in failed]
    if len(results) == 1:
        return told[0]
    return f"{len(failed)} of {len(results)} models failed:\n" + "\n".join(told)
