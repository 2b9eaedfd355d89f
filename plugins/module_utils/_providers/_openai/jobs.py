# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fine-tuning jobs: the calls that read them, their conversion into the engine's runs, and the comparison of names.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.compare import number
from ..._engine.content import Content
from ..._engine.errors import ApiError, NotFound
from ..._engine.types import Phase, Progress, Run
from ..toolkit.answers import Odd, label, moment, name, quote_host, record, setting, text, word
from ..toolkit.bounds import Bound

if TYPE_CHECKING:
    from .client import Api

_PAGE = 100  # the API's maximum
_REASON = 1000  # characters
_MOST_STEPS = 1e12

# The statuses of the API reference, of its examples (pausing, paused), and of Azure OpenAI (pending, notRunning).
PHASES = {
    "created": Phase.PENDING,
    "pending": Phase.PENDING,
    "notrunning": Phase.PENDING,
    "validating_files": Phase.PENDING,
    "queued": Phase.PENDING,
    "running": Phase.PENDING,
    "resuming": Phase.PENDING,
    "pausing": Phase.PAUSING,
    "paused": Phase.PAUSED,
    "cancelling": Phase.CANCELLING,
    "succeeded": Phase.READY,
    "failed": Phase.FAILED,
    "cancelled": Phase.CANCELLED,
    "canceled": Phase.CANCELLED,
    "deleting": Phase.DELETING,
    "deleted": Phase.DELETED,
}
_STAGES = {
    "validating_files": "validating the files",
    "running": "training",
    "created": "queued",
    "notrunning": "queued",
}
# gpt-4o-2024-08-06; older snapshots: gpt-3.5-turbo-0125
_DATED = re.compile(r"-\d{4}(-\d{2}-\d{2})?$")
_DATE_BEFORE = re.compile(r"^-\d{4}(-\d{2}-\d{2})?-")
_SHORTEST_ID = 6
_SEPARATORS = re.compile(r"[^a-z0-9]+")
METHOD_SETTINGS = ("grader", "response_format")
BOUNDS = {
    "n_epochs": Bound(1, 50, whole=True, auto=True),
    "batch_size": Bound(1, 256, whole=True, auto=True),
    "learning_rate_multiplier": Bound(0, auto=True, above=True),
    "beta": Bound(0, 2, auto=True, above=True),
    "compute_multiplier": Bound(0.00001, 10, auto=True, above=True),
    "eval_interval": Bound(1, whole=True, auto=True),
    "eval_samples": Bound(1, whole=True, auto=True),
}
"""The hyperparameters that are numbers or ``auto``.

Source: the API reference's CreateFineTuningJobRequest (facts of 2026-08).
"""

_LONGEST_MODEL = 255  # characters; a longer name is no model, and must not prove that a model is deleted


def _model(value: Any, where: str) -> None:
    """Check a model's name. The text is empty if the model does not exist yet."""
    label(value, where)
    if len(value) > _LONGEST_MODEL:
        raise Odd(f"{where} is not a model name")


_SETTINGS = record({}, dict.fromkeys(BOUNDS, setting))
_OF_METHOD = record({}, {"hyperparameters": _SETTINGS, "grader": record({}), "response_format": record({})})
JOB = record(
    {"id": name, "status": word, "created_at": moment},
    {
        "finished_at": moment,
        "model": label,
        "fine_tuned_model": _model,
        "training_file": label,
        "validation_file": label,
        "suffix": label,
        "user_provided_suffix": label,
        "seed": setting,
        "hyperparameters": _SETTINGS,
        "method": record({}, {"type": word, "supervised": _OF_METHOD, "dpo": _OF_METHOD, "reinforcement": _OF_METHOD}),
        "metadata": record(
            {}, dict.fromkeys((ownership.NAME, ownership.TOKEN, ownership.TRAINING, ownership.VALIDATION), label)
        ),
    },
)
"""The members of a job that decide. Other members are only shown."""
_DETAIL = record({}, {"id": text})


def to_run(job: Mapping[str, Any]) -> Run:
    """A :data:`JOB` of the API as a run. A READY run is not verified: its model may be deleted."""
    status = str(job.get("status") or "").strip()
    phase = PHASES.get(status.lower(), Phase.UNKNOWN)
    model = job.get("fine_tuned_model") or None
    return Run(
        id=job["id"],
        created=timestamp(job.get("created_at")) or 0.0,
        phase=phase,
        status=status,
        observed=_read_observed(job),
        reason=_reason(job),
        model=model,
        ended=timestamp(job.get("finished_at")),
        token=mapping(job.get("metadata")).get(ownership.TOKEN),
        removable=phase is Phase.READY and model is not None,
        verified=phase is not Phase.READY or model is None,
        seen=False if phase is Phase.READY and model is None else None,
        notes=(f"The job {job['id']} succeeded, but the host names no model.",)
        if phase is Phase.READY and model is None
        else (),
        raw=job,
    )


def _reason(job: Mapping[str, Any]) -> str:
    error = job.get("error")
    if isinstance(error, str):
        return quote_host(error, _REASON)
    error = mapping(error)
    message, code = quote_host(error.get("message"), _REASON), quote_host(error.get("code"))
    return f"{message} ({code})" if message and code else message or code


def _read_observed(job: Mapping[str, Any]) -> dict[str, Any]:
    entries = mapping(job.get("metadata"))
    method = mapping(job.get("method"))
    kind = method.get("type")
    settings = mapping(method.get(kind)) if kind else {}
    hyperparameters = {**mapping(job.get("hyperparameters")), **mapping(settings.get("hyperparameters"))}
    observed: dict[str, Any] = {
        "model": base_of(job),
        "seed": job.get("seed"),
        "method": kind,
        "hyperparameters": {key: value for key, value in hyperparameters.items() if not _is_left(key, value)},
        "suffix": suffix_of(job),
        "integrations": job.get("integrations") or None,
        "metadata": ownership.select_user_tags(entries) if entries else None,
        "training_type": job.get("trainingType"),
    }
    for option, tag in (("training_file", ownership.TRAINING), ("validation_file", ownership.VALIDATION)):
        if job.get(option):
            observed[option] = Content(id=str(job[option]), sha256=str(entries.get(tag) or ""))
    observed.update({key: settings.get(key) for key in METHOD_SETTINGS})
    return {key: value for key, value in observed.items() if value is not None}


def base_of(job: Mapping[str, Any]) -> Any:
    """The base model: the requested name if the metadata keeps it, or else the name that the host shows."""
    return mapping(job.get("metadata")).get(ownership.MODEL) or job.get("model")


def _is_left(key: str, value: Any) -> bool:
    """Whether the host chooses the value. Azure OpenAI shows -1 for a value that it chose or will choose."""
    return value is None or (value == -1 and key in BOUNDS)


def suffix_of(job: Mapping[str, Any]) -> str | None:
    """The user's suffix, if the job shows it: as a field, or in ``ft:<base>:<organisation>:<suffix>:<id>``."""
    for key in ("user_provided_suffix", "suffix"):
        if job.get(key):
            return str(job[key])
    parts = str(job.get("fine_tuned_model") or "").split(":")
    return parts[3] or None if parts[0] == "ft" and len(parts) >= 5 else None


def same_dated_name(desired: Any, observed: Any) -> bool:
    """Whether two names mean the same model: ``X`` equals ``X-2024-07-18``, because a provider pins the alias.

    Two different dates differ. A common prefix is never enough.
    """
    a, b = str(desired), str(observed)
    if a == b:
        return True
    if bool(_DATED.search(a)) == bool(_DATED.search(b)):
        return False
    return _DATED.sub("", a) == _DATED.sub("", b)


def same_suffix(desired: str | None, job: Mapping[str, Any]) -> bool | None:
    """Whether a job shows this suffix, in the form that hosts write into names. None if the job shows no suffix."""
    observed = suffix_of(job)
    if observed is not None:
        return desired is not None and _normalize_suffix(desired) == _normalize_suffix(observed)
    return True if desired and len(desired) > 2 and _is_in_name(_normalize_suffix(desired), job) else None


def _is_in_name(suffix: str, job: Mapping[str, Any]) -> bool:
    """Whether the name of a job's model consists of this suffix, the base model, ``ft`` and an id, and nothing else.

    ``bot`` is also a part of ``support-bot`` and ``bot-2``, and ``qwen3`` is a part of the name of every model made
    from Qwen3.
    """
    model = str(job.get("fine_tuned_model") or "")
    if model.startswith("ft:") and model.count(":") >= 4:
        return False  # such a name has its own place for a suffix
    name = f"-{_normalize_suffix(_last_of(model))}-"
    base = f"-{_normalize_suffix(_DATED.sub('', _last_of(str(job.get('model') or ''))))}-"
    rest = name[len(base) - 1 :] if len(base) > 2 and name.startswith(base) else name
    identifier = _normalize_suffix(str(job.get("id") or ""))
    before, found, after = _DATE_BEFORE.sub("-", rest).rpartition(f"-{suffix}-")
    words = before.strip("-").removeprefix("ft").strip("-")
    after = after.strip("-")
    alone = not words or _is_id(words, identifier)
    return bool(found) and (alone if not after else not words and _is_id(after, identifier))


def _last_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _is_id(text: str, identifier: str) -> bool:
    """Whether a text is the job's id, a part of it, or looks like an id: not a word, a number or a date."""
    mixed = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
    return len(text) >= _SHORTEST_ID and (text in identifier or ("-" not in text and mixed))


def _normalize_suffix(text: str) -> str:
    return _SEPARATORS.sub("-", text.casefold()).strip("-")


def list_jobs(api: Api, metadata: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """All jobs, newest first, as plain data. If a host refuses the filter, the list is read without it."""
    try:
        yield from _pages(api, metadata)
    except ApiError as error:
        if not metadata or isinstance(error, NotFound) or error.status not in (400, 422):
            raise
        yield from _pages(api, None)


def _pages(api: Api, metadata: Mapping[str, str] | None) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    query = {f"metadata[{key}]": value for key, value in (metadata or {}).items()}
    send = api.sdk.fine_tuning.jobs.with_raw_response.list
    for job in api.listed("Listing the fine-tuning jobs", send, item=JOB, limit=_PAGE, extra_query=query):
        if job["id"] in seen:
            raise ApiError(
                f"Listing the fine-tuning jobs: the host gives the same page again and again; only the newest "
                f"{len(seen)} jobs could be seen.",
                hint="Give the job_id of the run that is meant.",
            )
        seen.add(job["id"])
        yield job


def get_job(api: Api, job_id: str) -> dict[str, Any]:
    """One job, as plain data."""
    send = api.sdk.fine_tuning.jobs.with_raw_response.retrieve
    job: dict[str, Any] = api.call(f"Looking up the job {job_id}", send, job_id, reads=JOB)
    return job


def newest_metrics(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of the newest metrics event; empty if there is none. ``events``: newest first."""
    for event in events:
        data = event.get("data")
        if event.get("type") == "metrics" and isinstance(data, Mapping) and data.get("step") is not None:
            return dict(data)
    return {}


def list_events(api: Api, job_id: str, limit: int | None = None) -> list[dict[str, Any]]:
    """A job's events, newest first: all of them, or the newest ``limit``. Empty if the host has no events."""
    return _details(api, job_id, "events", limit)


def list_checkpoints(api: Api, job_id: str) -> list[dict[str, Any]]:
    """A job's checkpoints, in the order of the API. Empty if the host has no checkpoints."""
    return _details(api, job_id, "checkpoints", None)


def _details(api: Api, job_id: str, what: str, limit: int | None) -> list[dict[str, Any]]:
    jobs = api.sdk.fine_tuning.jobs
    send = jobs.with_raw_response.list_events if what == "events" else jobs.checkpoints.with_raw_response.list
    found: dict[str, dict[str, Any]] = {}
    try:
        for item in api.listed(
            f"Listing the {what} of the job {job_id}", send, job_id, item=_DETAIL, limit=limit or _PAGE
        ):
            known = item.get("id") or str(len(found))
            if known in found:  # a host that ignores `after` repeats the page for ever
                break
            found[known] = item
            if len(found) == limit:
                break
    except ApiError as error:
        if error.status not in (404, 405, 501):
            raise
    return list(found.values())


def progress_of(run: Run, events: Iterable[Mapping[str, Any]]) -> Progress:
    """The progress of a job, from its status and its newest events."""
    stage = _STAGES.get(run.status.lower(), run.status)
    data = newest_metrics(events) if run.status == "running" else {}
    step, total = _count(data.get("step")), _count(data.get("total_steps"))
    reward = number(data.get("train_mean_reward", data.get("train_reward_mean")))
    return Progress(
        stage,
        percent=min(100.0, 100.0 * step / total) if step is not None and total else None,
        step=step,
        total_steps=total,
        loss=number(data.get("train_loss")),
        message="" if reward is None else f"mean reward {reward:.3g}",
    )


def _count(value: Any) -> int | None:
    found = number(value)
    return int(found) if found is not None and 0 <= found < _MOST_STEPS else None
