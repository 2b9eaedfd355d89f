# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connects AnsibleModule with the pipeline: the options of the module ``fine_tune``, and its result.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._engine.clock import Clock
from .._engine.coerce import format_message, one_line, paragraph, sanitize
from .._engine.errors import FineTuneError, InvalidInput
from .._engine.module import PROGRESS_SPEC, TRAINING_SPEC, WAIT_SPEC, warn
from .._providers.base import ModelSpec
from .._providers.registry import PROVIDERS
from .messages import format_model, join_warnings
from .pipeline import ModelRun, Pipeline, Settings, outcome

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_TRAINING = ("retrain", "retry_failed", "delete_previous", "ignore_changes")
NOTHING_DONE = "Nothing was done for it, as another model of this task was refused."
# The options of each model, besides provider and name.
_OPTIONS: dict[str, Any] = {
    "base_model": {"type": "str"},
    "training_data": {"type": "raw"},
    "validation_data": {"type": "raw"},
    "hyperparameters": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
    **{option: TRAINING_SPEC[option] for option in _TRAINING},
    "delete_dataset": {"type": "bool", "default": False},
    "max_training_tokens": {"type": "int", "no_log": False},
    "wait_timeout": WAIT_SPEC["wait_timeout"],
}


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    own = _provider_options()
    return {
        "models": {"type": "list", "elements": "dict", "required": True, "options": model_options()},
        **own,
        "details": TRAINING_SPEC["details"],
        "wait": WAIT_SPEC["wait"],
        "wait_progress": PROGRESS_SPEC["wait_progress"],
        "wait_slice": PROGRESS_SPEC["wait_slice"],
        "wait_state": {"type": "dict"},
        "data_places": {"type": "dict"},
    }


def model_options() -> dict[str, Any]:
    """The options of one model."""
    return {
        "provider": {"type": "str", "choices": list(PROVIDERS), "required": True},
        "name": {"type": "str", "required": True},
        **_OPTIONS,
        **_provider_options(),
    }


def _provider_options() -> dict[str, Any]:
    """The options of the providers, for the task and for each model.

    They have no defaults here: an option that is missing in one place may be set in the other.
    """
    return {
        name: {
            "type": "dict",
            "options": {
                option: {key: value for key, value in spec.items() if key != "default"}
                for option, spec in provider.options.items()
            },
        }
        for name, provider in PROVIDERS.items()
    }


def run(module: AnsibleModule, clock: Clock | None = None) -> None:
    """Run the pipeline for all models, and end the module with the results."""
    params = module.params
    secrets = module.no_log_values
    try:
        items = _items(params, secrets, clock or Clock())
    except FineTuneError as error:
        module.fail_json(msg=error.text(), changed=False, results=[])  # each line is already safe to print
    settings = Settings(
        check_mode=module.check_mode,
        wait=params["wait"],
        details=params["details"],
        slice_seconds=max(0.0, params["wait_slice"]),
        folder=module.tmpdir,
        data_places=params["data_places"] or {},
    )
    for item in items:
        kept = (params["wait_state"] or {}).get(item.spec.key)
        if kept:
            item.resume(kept)
    pipeline = Pipeline(items, settings)
    pipeline.run()
    results = [_sanitize_model(item, pipeline.refused, secrets) for item in items]
    changed = any(found["changed"] for found in results) and not pipeline.refused
    result: dict[str, Any] = {"changed": changed, "results": results}
    if module._diff:
        result["diff"] = [
            {"before_header": one_line(item.spec.key), "after_header": one_line(item.spec.key), **found["diff"]}
            for item, found in zip(items, results, strict=True)
            if found["diff"]
        ]
    failed = [found for found in results if found["failed"]]
    unfinished = [item for item in items if item.done is None]
    if unfinished and not pipeline.refused:
        module.exit_json(
            waiting=True,
            wait_state={item.spec.key: item.kept() for item in items},
            progress={item.spec.key: {"run_id": item.run_id, "progress": item.progress} for item in unfinished},
            **result,
        )
    # The action plugin has already printed some warnings while it waited.
    before = (params["wait_state"] or {}).get("warned") or ()
    pairs = ([format_model(found), warning] for found in results for warning in found["warnings"])
    warn(module, join_warnings(pair for pair in pairs if pair not in before))
    if failed:
        module.fail_json(msg=_why(failed, results), **result)
    module.exit_json(**result)


def _sanitize_model(item: ModelRun, refused: bool, secrets: set[str]) -> dict[str, Any]:
    """The result of one model, safe to print. If another model was refused, it says that nothing was done."""
    found = dict(item.done or outcome(item))
    if refused and item.error is None and (item.done is None or found["changed"]):
        found.update(msg=NOTHING_DONE, hint="Correct the other model, then run the task again.", changed=False)
    texts = {key: format_message(found[key], secrets) for key in ("msg", "hint")}
    return {
        **sanitize(found, secrets),
        **texts,
        "warnings": [format_message(warning, secrets) for warning in found["warnings"]],
    }


def _items(params: Mapping[str, Any], no_log_values: set[str], clock: Clock) -> list[ModelRun]:
    models: Sequence[Mapping[str, Any]] = params["models"]
    if not models:
        raise InvalidInput("models is empty.", hint="Give at least one.")
    items: list[ModelRun] = []
    wrong: list[str] = []
    for number, entry in enumerate(models, 1):
        provider, name = entry["provider"], entry["name"]
        spec = ModelSpec(
            provider,
            name,
            {option: entry[option] for option in _OPTIONS},
            _own(provider, entry[provider], params[provider]),
            entry["base_model"],
            entry["hyperparameters"] or {},
        )
        found: list[str] = []
        try:
            _check(spec, entry)
        except InvalidInput as error:
            found.append(error.text())
        try:
            items.append(ModelRun(PROVIDERS[provider], spec, no_log_values, clock))
        except InvalidInput as error:
            found.append(error.text())
        wrong += [paragraph(f"models[{number}] ({one_line(spec.key)}): {text}") for text in found]
    keys = [item.spec.key for item in items]
    wrong += [f"{one_line(key)} occurs {keys.count(key)} times." for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if wrong:
        raise InvalidInput("\n".join(wrong))
    return items


def _own(provider: str, own: Mapping[str, Any] | None, common: Mapping[str, Any] | None) -> dict[str, Any]:
    """The provider's options of one model. An option's value comes from the model, else the task, else its default."""
    defaults = {option: spec.get("default") for option, spec in PROVIDERS[provider].options.items()}
    return _joined(_joined(defaults, common or {}), own or {})


def _joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = _joined(found[key], value)
        elif value is not None or key not in found:
            found[key] = value
    return found


def _check(spec: ModelSpec, entry: Mapping[str, Any]) -> None:
    """Raises one InvalidInput that names all missing options."""
    if not spec.name:
        raise InvalidInput("name is empty.")
    missing: list[str] = []
    if spec.state == "present":
        missing += [option for option in ("base_model", "training_data") if entry[option] in (None, "")]
    missing += [f"{spec.provider}.{option}" for option in PROVIDERS[spec.provider].adapter.needed(spec)]
    if missing:
        raise InvalidInput(
            "; ".join(f"{option} is missing" for option in missing) + ".",
            hint="A model cannot be trained without it."
            if spec.state == "present"
            else "The model cannot be found without it.",
        )


def _why(failed: Sequence[Mapping[str, Any]], results: Sequence[object]) -> str:
    lines = [paragraph(f"{one_line(format_model(found))}: {found['msg']} {found['hint']}".rstrip()) for found in failed]
    if len(results) == 1:
        return lines[0]
    return f"{len(failed)} of {len(results)} models failed:\n" + "\n".join(lines)
