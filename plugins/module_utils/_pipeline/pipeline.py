# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From datasets to models, one or a hundred, in one process.

Private to llmops.finetune; may change at any time.

Each model goes through the same steps:

1. The pipeline describes its data, without the network.
2. The model's engine predicts its action in check mode.
3. If the engine would start a run, the pipeline sends the data.
4. The model's engine acts and waits.

All models are described and previewed before the pipeline writes anything for one of them. Then it works on all models
at the same time. A failure of one model does not stop the others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._dataset.limits import Limits
from .._engine import deadline
from .._engine.clock import Clock
from .._engine.compare import number
from .._engine.engine import Engine
from .._engine.errors import ApiError, DriftError, FineTuneError, InvalidInput, MissingLibrary, TimedOut
from .._engine.module import format_missing_library
from .._engine.types import Driver, Run
from .._providers.base import NEUTRAL, SPLITS, ModelSpec, Provider, ProviderAdapter, ResourceModule, Split
from .data import describe
from .types import Data, TaskContext
from .wording import to_native_options, translate_error, translate_message

_LOOKING = 8  # models that are previewed at the same time
_SENDING = 4  # datasets that are sent at the same time
_WORKING = 128  # models that are started or waited for at the same time
_COUNTS = "Looks at the provider and uploads of data count from the task's start."
_CREATES = ("create", "retrain", "retry")
_REPORTED_OPTIONS = ("state", "retrain", "retry_failed", "delete_previous")


@dataclass(frozen=True)
class Settings:
    """The settings of the whole task.

    ``slice_seconds``: the length of a slice; it returns then, even if models are not done. 0: no slices. ``folder``:
    for converted data. ``data_places``: for each file that does not exist, the paths where the controller looked for
    it (``searched`` of :func:`.data.describe`).
    """

    check_mode: bool
    wait: bool
    details: bool
    slice_seconds: float
    folder: str
    data_places: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass
class ModelRun:
    """One model and its progress through the steps. :meth:`kept` returns the part that the next slice needs."""

    provider: Provider
    spec: ModelSpec
    no_log_values: set[str]
    clock: Clock = field(default_factory=Clock)
    adapter: ProviderAdapter = field(init=False)
    hyperparameters: dict[str, Any] = field(init=False)  # under the provider's own names
    begun: float = field(init=False)  # start of the task, unix time in seconds
    data: dict[Split, Data] = field(default_factory=dict)
    sources: dict[Split, dict[str, Any]] = field(default_factory=dict)
    run_id: str | None = None  # the run that the task started or waits for
    state: dict[str, Any] | None = None  # the engine's wait_state
    found_id: str | None = None  # the run that the preview found, if it would start none
    action: str = "none"
    diff: dict[str, Any] = field(default_factory=dict)
    changed: bool = False
    warnings: list[str] = field(default_factory=list)
    previewed: bool = False
    result: dict[str, Any] = field(default_factory=dict)  # of the model's module, as far as it is known
    seen: Run | None = None  # the engine's Run object that the result describes
    progress: dict[str, Any] = field(default_factory=dict)
    error: FineTuneError | None = None
    done: dict[str, Any] | None = None  # the final result; None until the model is done

    def __post_init__(self) -> None:
        """Raises InvalidInput if the provider's own checks fail, or if the provider lacks a hyperparameter."""
        self.adapter = self.provider.adapter(self.spec)
        self.hyperparameters = native_hyperparameters(self.adapter, self.spec)
        self.begun = self.clock.time()

    def warn(self, warnings: Sequence[str]) -> None:
        """Keep the warnings that are new."""
        self.warnings += [warning for warning in warnings if warning not in self.warnings]

    def act(self, result: Mapping[str, Any]) -> None:
        """Keep the action and the diff of an engine's result. In check mode they are predicted."""
        self.action = str(result["action"])
        diff = dict(result.get("diff") or {})
        self.diff = diff if any(diff.values()) else {}

    def differs(self, diff: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the further objects that are deleted to the diff, each once."""
        gone = list((diff.get("before") or {}).get("exists") or ())
        if gone:
            before, after = dict(self.diff.get("before") or {}), dict(self.diff.get("after") or {})
            before["exists"] = list(dict.fromkeys([*(before.get("exists") or ()), *gone]))
            self.diff = {"before": before, "after": {**after, "exists": after.get("exists") or []}}

    @property
    def phase(self) -> str | None:
        """The phase of the result's status; None if there is no run.

        The engine's own phase counts if it belongs to the same status: it may know that the model no longer exists.
        """
        status = self.result.get("status")
        same = self.seen is not None and self.seen.status == status
        found = self.seen.phase if self.seen and same else self.provider.phase(status)
        return found.value if found else None

    def kept(self) -> dict[str, Any]:
        """The plain data that the next slice needs."""
        if self.done is not None:
            return {"done": self.done}
        return {
            "data": {split: data.to_dict() for split, data in self.data.items()},
            "begun": self.begun,
            "run_id": self.run_id,
            "state": self.state,
            "found_id": self.found_id,
            "action": self.action,
            "diff": self.diff,
            "changed": self.changed,
            "warnings": self.warnings,
        }

    def resume(self, kept: Mapping[str, Any]) -> None:
        """Continue from the data of an earlier slice (:meth:`kept`)."""
        self.done = kept.get("done")
        if self.done is None:
            self.data = {split: Data(**kept["data"][split]) for split in SPLITS if split in kept["data"]}
            self.begun, self.run_id, self.found_id = kept["begun"], kept["run_id"], kept["found_id"]
            self.changed, self.state = kept["changed"], kept.get("state")
            self.action, self.diff, self.warnings = kept["action"], kept["diff"], list(kept["warnings"])
            self.previewed = True


class Pipeline:
    """All models of one task. They share clients, and the descriptions of files."""

    def __init__(self, items: Sequence[ModelRun], settings: Settings) -> None:
        self.items = items
        self.settings = settings
        self.refused = False  # True if one model has invalid input
        self._sending = threading.Semaphore(_SENDING)
        self._clients: dict[Any, Any] = {}
        self._describing = threading.Lock()
        self._files: dict[Any, tuple[Data, dict[str, Any], list[str]]] = {}

    def run(self) -> None:
        """Work on all models until they are done, or until the slice is over."""
        fresh = [item for item in self.items if item.done is None and not item.previewed]
        for item in fresh:
            with self._guarded(item):
                self._describe(item)
        self._each([item for item in fresh if item.error is None], self._preview, _LOOKING)
        self.refused = any(
            isinstance(item.error, InvalidInput) and not isinstance(item.error, DriftError) for item in fresh
        )
        if self.refused:
            return  # nothing is done for any model
        if fresh and self.settings.slice_seconds and not self.settings.check_mode:
            return  # the caller shows the preview first
        if not self.settings.check_mode:
            self._each([item for item in self.items if item.done is None], self._carry_out, _WORKING)

    def _each(self, items: Sequence[ModelRun], work: Callable[[ModelRun], None], at_once: int) -> None:
        def guarded(item: ModelRun) -> None:
            with self._guarded(item):
                work(item)

        if len(items) == 1:
            guarded(items[0])
        elif items:
            with ThreadPoolExecutor(min(at_once, len(items))) as pool:
                list(pool.map(guarded, items))

    @contextmanager
    def _guarded(self, item: ModelRun) -> Iterator[None]:
        """An error of one model ends only that model."""
        try:
            yield
        except FineTuneError as error:
            item.error = error
            item.changed = item.changed or bool(error.facts.get("changed"))
            item.result = {**item.result, **error.facts}
            item.done = outcome(item)

    # -- the steps --

    def _describe(self, item: ModelRun) -> None:
        if item.spec.state == "present":
            for split in SPLITS:
                if item.spec.options[f"{split}_data"] is not None:
                    self._read(item, split)

    def _read(self, item: ModelRun, split: Split) -> None:
        spec, adapter = item.spec, item.adapter
        source, label = spec.options[f"{split}_data"], f"{split}_data"
        data, options, warnings = self._described(source, label, tuple(adapter.formats()), adapter.limits(split))
        known = item.data.get(split)
        if known and known.sha256 != data.sha256:
            raise ApiError(
                f"{label} changed while the task was running; nothing was sent.",
                hint="Run the task again when nobody writes to it.",
            )
        item.data[split], item.sources[split] = data, options
        item.warn([f"{label}: {warning}" for warning in warnings])

    def _described(
        self, source: Any, label: str, formats: tuple[str, ...], limits: Limits
    ) -> tuple[Data, dict[str, Any], list[str]]:
        """Describe the data. A path or a text that several models share is read once."""
        if not isinstance(source, str):
            return describe(source, label, formats, limits, self.settings.folder)
        key = (source, label, formats, limits)
        with self._describing:
            if key not in self._files:
                self._files[key] = describe(
                    source, label, formats, limits, self.settings.folder, self.settings.data_places.get(source)
                )
            return self._files[key]

    def _preview(self, item: ModelRun) -> None:
        """Predict the engine's action in check mode.

        If a run would be started, check the spending guard and preview the data. The model is done in check mode, and
        if there is nothing to do and nothing to wait for.
        """
        result, _driver = self._converge(item, self._predict_references(item), check_mode=True)
        item.act(result)
        item.previewed = True
        if item.action in _CREATES:
            item.adapter.starts()
            self._guard(item)
            self._preview_data(item)
        else:
            item.found_id = result.get("run_id")
        if self._deletes_data(item) and self._delete_data(item, check_mode=True):
            result["changed"] = True
            item.action = "delete"
        idle = not result["changed"] and result.get("status") is not None and not self._pending(item, result)
        if idle and self.settings.details and not self.settings.check_mode:
            self._carry_out(item)
        elif self.settings.check_mode or idle:
            item.changed = bool(result["changed"])
            item.result = result
            item.done = outcome(item)

    def _pending(self, item: ModelRun, result: Mapping[str, Any]) -> bool:
        """Whether the task has to wait for the model: the result has no id of it yet."""
        return item.spec.state == "present" and self.settings.wait and not item.adapter.model_id(result)

    def _guard(self, item: ModelRun) -> None:
        limit, estimate, most = item.spec.options["max_training_tokens"], training_tokens(item), most_tokens(item)
        if limit is None:
            return
        if estimate is None or most is None:
            raise InvalidInput(
                f"The number of training tokens of {item.spec.key} is unknown; max_training_tokens is {limit}.",
                hint="Give hyperparameters.epochs.",
            )
        if most > limit:
            raise InvalidInput(
                f"The training of {item.spec.key} is estimated at {estimate} tokens, and may take up to {most}; "
                f"max_training_tokens is {limit}. Nothing was started.",
                hint="Take fewer examples or epochs, or raise max_training_tokens.",
            )

    def _carry_out(self, item: ModelRun) -> None:
        references = self._predict_references(item)
        if item.action in _CREATES and not item.run_id:
            references = {split: self._send(item, split) for split in item.data}
        result, driver = self._converge(item, references, check_mode=False)
        item.changed = item.changed or bool(result["changed"])
        if item.action == "none":
            item.act(result)
        if result.get("waiting"):
            item.run_id = result.get("run_id") or item.run_id
            item.state = result.get("wait_state")
            item.progress = dict(result.get("progress") or {})
            return
        item.result = result
        if self._deletes_data(item) and self._delete_data(item, check_mode=False):
            item.changed = True
        if self.settings.details and item.spec.state == "present":
            try:
                item.result["curve"] = item.adapter.curve(driver, result)
            except FineTuneError as error:
                # The model exists. A missing curve must not fail the task.
                item.warn([f"The losses by step are left out. {error.text()}"])
        item.done = outcome(item)

    # -- the provider's modules --

    def _send(self, item: ModelRun, split: Split) -> Any:
        """Make sure that the data is at the provider, and return the reference to it.

        Raises ApiError if the data changed since the preview.
        """
        with self._turn_to_send(item), self._in_time(item):
            if split not in item.sources:
                self._read(item, split)
            options = {**item.adapter.data_options(split), **item.sources[split], "name": item.spec.data_name(split)}
            options["wait_timeout"] = self._left(item) if self.settings.wait else None
            try:
                result = self._run(item, item.adapter.dataset, options, check_mode=False)[0]
            except FineTuneError as error:
                if not error.facts.get("timed_out"):
                    raise
                raise error.amended(hint=f"{error.hint} {_COUNTS}") from error
        item.changed = item.changed or bool(result["changed"])
        if result["sha256"] != item.data[split].sha256:
            raise ApiError(
                f"{split}_data changed while the task was running; what was sent is not what was previewed, and no run "
                "was started.",
                hint="Run the task again when nobody writes to it.",
            )
        return item.adapter.read_reference(result)

    @contextmanager
    def _turn_to_send(self, item: ModelRun) -> Iterator[None]:
        """Send at most ``_SENDING`` datasets at the same time. Raises TimedOut if the time is over before the turn."""
        end = self._end(item)
        left = None if end is None else max(0.0, end - item.clock.monotonic())
        if not self._sending.acquire(timeout=left):
            raise TimedOut(
                f"wait_timeout ({item.spec.options['wait_timeout']} s) was over before the data could be sent. "
                "Nothing was started.",
                hint=f"{_COUNTS} Other models' data were sent before. Run the task again.",
                facts={"timed_out": True},
            )
        try:
            yield
        finally:
            self._sending.release()

    @contextmanager
    def _in_time(self, item: ModelRun) -> Iterator[None]:
        """Bound every call in the context by the deadline of this model, if it has one."""
        end = self._end(item)
        if end is None:
            yield
            return
        with deadline.until(end, item.clock):
            yield

    def _end(self, item: ModelRun) -> float | None:
        """The deadline of this model by the clock's ``monotonic``, in seconds; None if there is none."""
        timeout = item.spec.options["wait_timeout"]
        if not self.settings.wait or timeout is None or timeout <= 0:
            return None
        return item.clock.monotonic() + float(timeout) - (item.clock.time() - item.begun)

    def _preview_data(self, item: ModelRun) -> None:
        """Run the dataset's engine in check mode: a wrong name, key or bucket is refused before anything is sent."""
        for split in item.data:
            options = {**item.adapter.data_options(split), **item.sources[split], "name": item.spec.data_name(split)}
            self._run(item, item.adapter.dataset, options, check_mode=True)

    def _deletes_data(self, item: ModelRun) -> bool:
        return item.spec.state == "absent" and bool(item.spec.options["delete_dataset"])

    def _delete_data(self, item: ModelRun, *, check_mode: bool) -> bool:
        """Delete the datasets of the model, or predict that in check mode. Returns whether there were any."""
        changed = False
        for split in SPLITS:
            options = {**item.adapter.data_options(split), "name": item.spec.data_name(split), "state": "absent"}
            result = self._run(item, item.adapter.dataset, options, check_mode=check_mode)[0]
            changed = changed or bool(result["changed"])
            item.differs(result.get("diff") or {})
        return changed

    def _predict_references(self, item: ModelRun) -> dict[Split, Any]:
        return {split: item.adapter.predict_reference(split, data.sha256) for split, data in item.data.items()}

    def _converge(
        self, item: ModelRun, references: Mapping[Split, Any], *, check_mode: bool
    ) -> tuple[dict[str, Any], Driver]:
        spec, adapter = item.spec, item.adapter
        left = self._left(item)
        common: dict[str, Any] = {
            **{option: spec.options[option] for option in _REPORTED_OPTIONS},
            "ignore_changes": to_native_options(spec.options["ignore_changes"], adapter, spec),
            "details": self.settings.details,
            "wait": self.settings.wait,
            "wait_timeout": left,
            "wait_slice": self.settings.slice_seconds,
            "wait_run_id": item.run_id,
            "wait_state": item.state or self._fresh_state(item),
        }
        asked = {**adapter.model_options(None, None, {}), **common}
        with self._in_time(item):
            adapter.resolve(self._task(item, adapter.model, asked, check_mode))
        if not check_mode and item.found_id:
            adapter.known(item.found_id)
        options = adapter.model_options(references.get("training"), references.get("validation"), item.hyperparameters)
        return self._run(item, adapter.model, {**options, **common}, check_mode=check_mode)

    @staticmethod
    def _fresh_state(item: ModelRun) -> dict[str, Any]:
        """The first ``wait_state``. The engine's option is only the rest of the time; this is the whole time."""
        return {"wait_timeout": item.spec.options["wait_timeout"]}

    def _left(self, item: ModelRun) -> int | None:
        """The rest of this model's ``wait_timeout`` in seconds, at least 1.

        None, 0 and negative values are returned unchanged; the module handles them.
        """
        timeout = item.spec.options["wait_timeout"]
        if timeout is None or timeout <= 0:
            return None if timeout is None else int(timeout)
        return max(1, int(timeout - (item.clock.time() - item.begun)))

    def _task(
        self, item: ModelRun, resource: ResourceModule, options: Mapping[str, Any], check_mode: bool
    ) -> TaskContext:
        spec = resource.spec["argument_spec"]
        values = {key: value for key, value in options.items() if value is not None and key in spec}
        checked = ArgumentSpecValidator(**resource.spec).validate(values)
        if checked.error_messages:
            raise InvalidInput("; ".join(checked.error_messages))
        return TaskContext(dict(checked.validated_parameters), check_mode, item.no_log_values, self._clients)

    def _run(
        self, item: ModelRun, resource: ResourceModule, options: Mapping[str, Any], *, check_mode: bool
    ) -> tuple[dict[str, Any], Driver]:
        lists: list[list[str]] = []
        try:
            task = self._task(item, resource, options, check_mode)
            if resource is not item.adapter.dataset:  # describe() has already returned the warnings about the data
                lists.append(task.warnings)
            driver, asked = resource.build_driver(task)
            engine = Engine(driver, asked, details=bool(task.params.get("details")), clock=item.clock)
            lists.append(engine.warnings)
            try:
                return engine.converge(), driver
            finally:
                if resource is item.adapter.model:
                    item.seen = engine.result.run
        except FineTuneError as error:
            raise translate_error(error, item.adapter, item.spec) from error
        finally:
            item.warn(
                [translate_message(warning, item.adapter, item.spec) for warnings in lists for warning in warnings]
            )


def native_hyperparameters(adapter: ProviderAdapter, spec: ModelSpec) -> dict[str, Any]:
    """The hyperparameters that are set, under the provider's own names.

    Raises InvalidInput for a neutral one that the provider lacks, and for one that is given by both names.
    """
    found: dict[str, Any] = {}
    names = adapter.names
    for option, value in spec.hyperparameters.items():
        name = names.get(option, option)
        if option in NEUTRAL and option not in names and option not in names.values():
            raise InvalidInput(
                f"hyperparameters.{option}: {spec.provider} has none for {spec.base_model}.",
                hint=f"It has {', '.join(names)}; the provider's names are accepted too.",
            )
        if name in found:
            raise InvalidInput(
                f"hyperparameters: {name} is given twice: by the neutral name and by the provider's name."
            )
        if value is not None:
            found[name] = value
    return found


def training_tokens(item: ModelRun) -> int | None:
    """The estimated number of tokens in the training: tokens of the data times epochs. None if one is unknown."""
    data = item.data.get("training")
    times = epochs(item)
    return None if data is None or times is None else round(data.tokens * times)


def most_tokens(item: ModelRun) -> int | None:
    """The upper bound of :func:`training_tokens`, with the provider's ``token_margin``. The spending guard uses it."""
    estimate = training_tokens(item)
    return None if estimate is None else math.ceil(estimate * (1 + item.adapter.token_margin))


def epochs(item: ModelRun) -> float | None:
    """The number of epochs. If it is not set, the provider's default for the data is used. None if it is unknown."""
    data = item.data.get("training")
    asked = number(item.hyperparameters.get(item.adapter.names.get("epochs", "epochs")))
    if asked is not None or data is None:
        return asked
    return item.adapter.epochs(data.examples)


def outcome(item: ModelRun) -> dict[str, Any]:
    """One model's result: the same keys for every provider."""
    spec, result, error = item.spec, item.result, item.error
    training = item.data.get("training")
    started, ended = item.adapter.times(result, item.action in _CREATES)
    return {
        "provider": spec.provider,
        "provider_label": item.provider.facts.label,
        "name": spec.name,
        "base_model": spec.base_model,
        "id": result.get("id"),
        "run_id": result.get("run_id") or item.run_id,
        "job_id": result.get(item.adapter.run_key),
        "status": result.get("status"),
        "phase": item.phase,
        "model_id": item.adapter.model_id(result),
        "model_verified": result.get("model_verified"),
        "metrics": result.get("metrics") or {},
        "curve": result.get("curve") or {},
        "dataset_sha256": training.sha256 if training else None,
        "dataset": {split: _summarize_data(data) for split, data in item.data.items()},
        "settings": dict(item.hyperparameters),
        "epochs": epochs(item),
        "estimated_training_tokens": training_tokens(item),
        "estimated_training_tokens_max": most_tokens(item),
        "action": item.action,
        "changed": item.changed,
        "elapsed": round(item.clock.time() - item.begun, 1),
        "started": _moment(started),
        "ended": _moment(ended),
        "warnings": item.warnings,
        "failed": error is not None,
        "msg": (format_missing_library(error) if isinstance(error, MissingLibrary) else error.message) if error else "",
        "hint": error.hint if error else "",
        "timed_out": bool(result.get("timed_out")),
        "ignored_changes": result.get("ignored_changes") or {},
        "diff": item.diff,
    }


def _moment(value: Any) -> str | None:
    """A time in ISO 8601. A number is unix time in seconds."""
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc).isoformat().replace("+00:00", "Z")
    return None if value is None else str(value)


def _summarize_data(data: Data) -> dict[str, Any]:
    return {**data.report, "source_format": data.source_format}
