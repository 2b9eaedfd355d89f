# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource openai_fine_tuned_model: its options, and the driver that calls the API.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..._engine.compare import number
from ..._engine.content import SAME_DATA, Content, make_placeholder, same_data
from ..._engine.errors import ApiError, FineTuneError, InvalidInput
from ..._engine.module import options_of
from ..._engine.secrets import mask, of_entries
from ..._engine.types import Driver, Hint, Options, Phase, Progress, Run
from ..toolkit.driver import BaseDriver, find_hint, name_of_placeholder
from . import files, jobs, models
from .client import Api, make_api
from .desired import (
    FIELDS,
    FILE_OPTIONS,
    FORMER_METADATA,
    METADATA,
    Implied,
    beyond_bounds,
    read_desired,
    read_setting,
    unknown_model,
    unknown_values,
)
from .hosts import host_for
from .unmarked import UnmarkedJobs

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


# Parts of the codes and messages of failed jobs, and the advice for each.
_HINTS = (
    (
        "unsafe_model",
        "The host's safety checks refused the trained model, and will refuse it again: change the data, then run "
        "again; events name the categories.",
    ),
    (
        "moderation",
        "The host's safety checks blocked the data or the model; events name the categories, not the lines.",
    ),
    ("invalid_training_file", "Run dataset_info on the training data: it names each line."),
    ("invalid_validation_file", "Run dataset_info on the validation data: it names each line."),
    ("file", "Check the data with dataset_info, and that the uploaded file has not expired or been deleted."),
)
_RETRY = "'retry_failed: true' starts one more run."


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. Makes no call."""
    params = module.params
    name = name_of_placeholder(module, "job", params["job_id"])
    if name and not params["name"]:
        params = {**params, "name": name}
    name = params["name"] or params["job_id"]
    options = options_of(
        module, name=name, run_id=params["job_id"], id_option="job_id", fields=FIELDS, identity=("name",)
    )
    mask(module, of_entries(params["extra_body"]))
    host = host_for(params)
    desired = read_desired(
        params, host, check_mode=module.check_mode, sends_data=bool(getattr(module, "sends_data", False))
    )
    for warning in (*unknown_values(desired), *beyond_bounds(desired, host)):
        module.warn(warning)
    absent = params["state"] == "absent"
    driver = FineTunedModel(
        make_api(module),
        params["name"],
        desired,
        delete_files=absent and params["delete_files"],
        missing_model_id=params["missing_model_id"],
    )
    driver.compares = params["state"] == "present"
    driver.wandb_keys = [(item.get("wandb") or {}).get("api_key") for item in params["integrations"] or ()]
    if driver.compares and not params["job_id"] and host.kind == "openai":
        driver.warnings += unknown_model(str(desired["model"]))
    return driver, options


# -- the driver ------------------------------------------------------------------------------------------------


class FineTunedModel(BaseDriver):
    """Fine-tuning jobs and their models on one host. See :class:`_engine.types.Driver` for each verb."""

    kind = "model"
    noun = "Run"
    fields = FIELDS

    def __init__(
        self,
        api: Api,
        name: str | None,
        desired: Mapping[str, Any],
        *,
        delete_files: bool = False,
        missing_model_id: str | None = None,
    ) -> None:
        super().__init__(name, desired)
        self.api = api
        self.missing_model_id = missing_model_id
        self.delete_files = delete_files
        self._uploaded: set[str] = set()
        self._made: dict[str, list[str]] = {}  # by model name: the ids of the runs that made it, newest first
        self._cut: ApiError | None = None  # why the last look did not show all jobs
        self._warn_of_same_data()
        self.compares = True
        self.wandb_keys: Sequence[str | None] = ()  # of the integrations, in the same order

    def request(self) -> dict[str, Any]:
        """The create request. A file is named by its hash if it is known: the id changes, the content does not."""
        request = {
            key: value
            for key, value in self.resolved.items()
            if not isinstance(value, (Content, Implied)) and key != FORMER_METADATA
        }
        for option in FILE_OPTIONS:
            content = self.resolved.get(option)
            if content:
                request[option] = content.sha256[:12] or content.id
        return {"name": self.name, **request}

    def idempotency_key(self) -> dict[str, Any]:
        """The whole request.

        Its metadata has the form of version 1.0.0, so that two versions that run at once get the same run.
        """
        former = self.resolved.get(FORMER_METADATA)
        return {**self.request(), **({"metadata": former} if former else {})}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The jobs of this name, by their ownership tags in the metadata.

        On hosts without metadata: by suffix and data.
        """
        runs: dict[str, Run] = {}
        if run_id:
            adopted = jobs.get_job(self.api, run_id)
            runs[run_id] = self._read_run(adopted)
            owner = mapping(adopted.get("metadata")).get(ownership.NAME)
            self.refuse_other_name(run_id, owner, "job_id")
        if self.name:
            for run in self._find_runs():
                runs.setdefault(run.id, run)
        self._made = {}
        for run in sorted(runs.values(), key=lambda run: run.age_key, reverse=True):
            if run.model and run.phase is Phase.READY:
                self._made.setdefault(run.model, []).append(run.id)
        if self.compares:
            self._resolve_contents(runs.values())
        if not self.delete_files:
            return list(runs.values())
        self._uploaded = self._find_own_files({run_id} if run_id else set(runs))
        return [run if run.phase.pending else self._add_remains(run) for run in runs.values()]

    def _add_remains(self, run: Run) -> Run:
        remains = tuple(self._list_files(run))
        return replace(run, removable=run.removable or bool(remains), remains=remains)

    def _find_own_files(self, acted: set[str]) -> set[str]:
        """The files that may be deleted: those that exist and that no other unfinished job needs.

        ``acted``: the ids of the jobs that this task acts on.
        """
        there = {file["id"] for file in files.list_files(self.api, "fine-tune")}
        needed = {
            job.get(option)
            for job in jobs.list_jobs(self.api)
            if job["id"] not in acted and not jobs.to_run(job).ended_for_good
            for option in FILE_OPTIONS
        }
        return there - needed

    def _list_files(self, run: Run) -> list[str]:
        return [str(run.raw[option]) for option in FILE_OPTIONS if run.raw.get(option) in self._uploaded]

    def _find_runs(self) -> list[Run]:
        mine: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        cut: ApiError | None = None
        self._cut = None
        try:
            for job in jobs.list_jobs(self.api, {ownership.NAME: str(self.name)}):
                (mine if mapping(job.get("metadata")).get(ownership.NAME) == self.name else others).append(job)
        except ApiError as error:
            if error.status is not None or not (mine or others):
                raise
            cut = error
        found = [self._read_run(job) for job in mine]
        if not mine and others and not any(job.get("metadata") for job in others):
            found = UnmarkedJobs(self.api, str(self.name), self.resolved, self._read_run, self._is_renamed).find(others)
        if cut and not found:
            raise cut
        self._cut = cut
        return found

    def _read_run(self, job: Mapping[str, Any]) -> Run:
        """A job that certainly belongs to this name, as a run.

        A compatible host may show a base model under another name than the request used. If the metadata does not keep
        the requested name, a different name proves nothing, and the base model is not compared.
        """
        run = jobs.to_run(job)
        extra = self.resolved.get("extra_body")
        if extra:
            run = replace(run, observed={**run.observed, "extra_body": {key: job.get(key) for key in extra}})
        wanted, observed = self.resolved.get("model"), job.get("model")
        if wanted and observed and jobs.same_dated_name(wanted, observed):
            # This also holds if the request used another name, which the metadata keeps.
            return replace(run, observed={**run.observed, "model": observed})
        if not self._is_renamed(job):
            return run
        note = (
            f"Run {run.id} shows the base model '{job['model']}', where '{self.resolved['model']}' is asked for. This "
            "host may call a model by another name than was sent, so it is not compared, and no new run is started for "
            "that."
        )
        observed = {key: value for key, value in run.observed.items() if key != "model"}
        return replace(run, observed=observed, notes=(*run.notes, note), uncertain=True)

    def _is_renamed(self, job: Mapping[str, Any]) -> bool:
        wanted, observed = self.resolved.get("model"), job.get("model")
        sent = mapping(job.get("metadata")).get(ownership.MODEL)
        unsure = self.api.host.compatible and wanted and observed and not sent
        return bool(unsure) and not jobs.same_dated_name(wanted, observed)

    def _resolve_contents(self, runs: Iterable[Run]) -> None:
        """Find out the content of a desired file if all jobs used other files: the data may be the same."""
        for option in FILE_OPTIONS:
            wanted = self.resolved.get(option)
            if not wanted or wanted.sha256:
                continue
            contents = [run.observed[option] for run in runs if option in run.observed]
            same = [content for content in contents if content.id == wanted.id]
            known = next((content for content in same if content.sha256), None)
            if known:
                self.resolve(option, known)
            elif contents and not same:
                self.resolve(option, files.resolve(self.api, option, wanted))

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Look at the models. The model of a single run is retrieved; for several runs, the list is read first."""
        listed = (models.list_models(self.api) or {}) if len(runs) > 1 else None
        return [self._judge_run(run, listed) for run in runs]

    def _judge_run(
        self,
        run: Run,
        listed: Mapping[str, Mapping[str, Any]] | None,
        evidence: models.ModelEvidence | None = None,
    ) -> Run:
        if not run.model:
            return replace(run, verified=True)
        model = str(run.model)
        made = self._made.get(model, [run.id])
        if run.id in made[1:]:
            # This host gives all models of one lineage the same name, so a later run has replaced this run's model.
            return replace(run, verified=True, phase=Phase.DELETED, removable=bool(self._list_files(run)))
        if evidence is None and listed and model in listed:
            evidence = models.ModelEvidence(found=True, own=listed[model], now=self.api.now())
        evidence = evidence or models.observe_model(self.api, model, listed)
        base = str(jobs.base_of(run.raw) or "")
        # ``missing_model_id`` does not apply to a later model with the same name.
        reported_missing = self.missing_model_id == model and len(made) == 1
        run = replace(run, looked=evidence.now)
        verdict = models.judge_model(self.api.host, evidence, base, reported_missing=reported_missing)
        end = evidence.end(self.api.host, base)
        hidden = (
            f"This host does not show the model {model} of run {run.id}. That proves nothing: many list only what is "
            f"deployed or configured. So it is assumed to exist. If it was deleted, set 'missing_model_id: {model}'."
        )
        notes = tuple(note for note in run.notes if note != hidden)  # from an earlier look
        left = bool(self._list_files(run))
        if verdict is models.Verdict.EXISTS:
            note = f"The end of the model {model} was announced for {end}; the host still shows it."
            return replace(run, verified=True, seen=True, notes=(*notes, *((note,) if end else ())))
        if verdict is models.Verdict.RETIRED:
            reason = f"it ended on {end}, with its base model {base}"
            # The user must now choose another base model, whatever name the host shows.
            known = {**run.observed, "model": base}
            return replace(
                run, verified=True, phase=Phase.RETIRED, reason=reason, removable=left, observed=known, notes=()
            )
        if verdict is models.Verdict.DELETED:
            return replace(run, verified=True, phase=Phase.DELETED, removable=left)
        return replace(run, verified=True, seen=False, notes=(*notes, hidden), removable=left)

    def refresh(self, run: Run) -> Run:
        """Read the job again with one GET."""
        return self._read_run(jobs.get_job(self.api, run.id))

    def progress(self, run: Run) -> Progress:
        """The progress from the newest events.

        Only a running job has them; errors of hosts or keys without events are ignored.
        """
        events: list[dict[str, Any]] = []
        if run.status == "running":
            with suppress(FineTuneError):
                events = jobs.list_events(self.api, run.id, limit=10)
        return jobs.progress_of(run, events)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check the name, the data and the list of jobs. Add the content of the files to the request.

        Raises the error of the last look if that look did not show all jobs.
        """
        if self._cut:
            raise self._cut  # an unseen job may be the desired one
        if not self.name:
            raise InvalidInput("name is missing.", hint="A run is started under a name; job_id alone only adopts one.")
        self.require("model", "training_file", hint="A run has to be started, and cannot be without it.")
        for option in FILE_OPTIONS:
            if option in self.resolved:
                self.resolve(option, files.resolve(self.api, option, self.resolved[option]))
                files.refuse_unusable(self.api, option, self.resolved[option])
        self._warn_of_same_data()
        return ()

    def _warn_of_same_data(self) -> None:
        if same_data(self.resolved.get("training_file"), self.resolved.get("validation_file")):
            self.warn_once(SAME_DATA)

    def create(self, token: str) -> Run:
        """Send the create request once, with the ownership tags in the metadata."""
        contents: dict[str, Content] = {
            option: self.resolved[option] for option in FILE_OPTIONS if option in self.resolved
        }
        entries = {**self.resolved.get("metadata", {}), ownership.NAME: self.name, ownership.TOKEN: token}
        for option, tag in (("training_file", ownership.TRAINING), ("validation_file", ownership.VALIDATION)):
            if option in contents and contents[option].sha256:
                entries[tag] = contents[option].sha256
        model = str(self.resolved["model"])
        if self.api.host.compatible and len(entries) < METADATA.most and len(model) <= METADATA.value:
            entries[ownership.MODEL] = model
        body: dict[str, Any] = {
            "model": self.resolved["model"],
            **{option: content.id for option, content in contents.items()},
            **{key: self.resolved[key] for key in ("seed", "suffix") if key in self.resolved},
            **({"integrations": self._add_keys()} if "integrations" in self.resolved else {}),
            **self._build_method(),
            "metadata": entries,
        }
        # Azure OpenAI refuses a job without trainingType, with a misleading message. 1 is its standard, regional
        # training.
        training_type = self.resolved.get("training_type", 1 if self.api.host.azure else None)
        extra = dict(self.resolved.get("extra_body", {}))
        if training_type is not None:
            extra["trainingType"] = read_setting(training_type)
        send = self.api.once.fine_tuning.jobs.with_raw_response.create
        doing = f"Creating the fine-tuning job for '{self.name}'"
        run = jobs.to_run(self.api.call(doing, send, reads=jobs.JOB, verb="train", **body, extra_body=extra or None))
        if run.token != token:
            self.warnings.append(
                f"This host kept no metadata with the job {run.id}. Later runs recognise it by suffix or data only; "
                f"give 'job_id: {run.id}' to be sure."
            )
        return run

    def _add_keys(self) -> list[dict[str, Any]]:
        """The integrations with their keys. The keys are neither shown nor compared."""
        pairs = zip_longest(self.resolved["integrations"], self.wandb_keys)
        return [{**item, "wandb": {**item["wandb"], "api_key": key}} if key else item for item, key in pairs]

    def _build_method(self) -> dict[str, Any]:
        """``method`` if the user named one. Otherwise the short form, which every compatible host understands."""
        kind = self.resolved.get("method")
        hyperparameters = self.resolved.get("hyperparameters")
        if not kind or isinstance(kind, Implied):
            return {"hyperparameters": hyperparameters} if hyperparameters else {}
        settings = {
            key: self.resolved[key] for key in ("hyperparameters", *jobs.METHOD_SETTINGS) if key in self.resolved
        }
        return {"method": {"type": kind, **({kind: settings} if settings else {})}}

    @property
    def _jobs(self) -> Any:
        return self.api.sdk.fine_tuning.jobs.with_raw_response

    def _send(self, doing: str, verb: Callable[..., Any], run: Run) -> Run:
        return jobs.to_run(self.api.call(f"{doing} the job {run.id}", verb, run.id, reads=jobs.JOB, verb="change"))

    def cancel(self, run: Run) -> Run:
        """Cancel the job with POST .../cancel."""
        try:
            return self._send("Cancelling", self._jobs.cancel, run)
        except ApiError as error:
            hint = error.hint or (
                f"Some hosts cannot cancel jobs. The job {run.id} goes on, and may cost money: stop it where the "
                "host is administered, or run the task again when it has ended."
            )
            raise error.amended(hint=hint) from error

    def pause(self, run: Run) -> Run:
        """Pause the job with POST .../pause."""
        try:
            return self._send("Pausing", self._jobs.pause, run)
        except ApiError as error:
            hint = error.hint or "The host may pause running jobs only, or none; 'state: cancelled' stops it."
            raise error.amended(hint=hint) from error

    def resume(self, run: Run) -> Run:
        """Resume the job with POST .../resume."""
        return self._send("Resuming", self._jobs.resume, run)

    def delete(self, run: Run) -> Run:
        """Delete the model, and with delete_files also its data. The job stays in the host's list for ever.

        A model or file that another task has deleted meanwhile counts as deleted.
        """
        if run.phase is Phase.READY and run.model and run.seen is not False:
            self._delete_model(run, str(run.model))
        for file_id in self._list_files(run):
            try:
                files.delete_file(self.api, file_id)
            except FineTuneError as error:
                if run.phase is not Phase.READY:
                    raise
                raise error.amended(facts={**error.facts, "changed": True}) from error  # the model is already deleted
            self._uploaded.discard(file_id)
        return replace(run, phase=Phase.DELETED, removable=False)

    def _delete_model(self, run: Run, model: str) -> None:
        try:
            delete = self.api.sdk.models.with_raw_response.delete
            self.api.deleted(f"Deleting the model {model}", delete, model)
        except ApiError as error:
            if not models.cannot_delete(error):
                raise
            evidence = models.observe_model(self.api, model)
            if run.seen and evidence.denied and not evidence.found:
                return  # the host has shown the model to this task, and now answers that it does not exist
            found = self._judge_run(replace(run, notes=()), None, evidence)
            if found.phase in (Phase.DELETED, Phase.RETIRED):
                return
            left = ", ".join((model, *self._list_files(run)))
            hidden = "" if found.seen else ", and does not show this one"
            raise ApiError(
                f"This host cannot delete models{hidden} (HTTP {error.status}). What is left: {left}. {error.message}",
                hint=(
                    "Delete it where the host is administered, if that is possible. Of a host that does not show it, "
                    f"'missing_model_id: {model}' then says that it is deleted."
                ),
                status=error.status,
                code=error.code,
            ) from error

    # -- reporting --

    def hint(self, run: Run) -> Hint:
        """The advice for a failed job, found by words of its error."""
        reason = run.reason.lower()
        mend = find_hint(_HINTS, reason)
        if mend:
            return Hint(mend)
        return Hint("The host failed, not the data:" if "server_error" in reason else "", _RETRY)

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The attributes of the job as top-level result keys."""
        job = run.raw if run else {}
        checkpoints: list[dict[str, Any]] = []
        metrics: dict[str, Any] = {}
        if run and details and run.phase in (Phase.READY, Phase.FAILED, Phase.CANCELLED):
            try:
                checkpoints = jobs.list_checkpoints(self.api, run.id)
                metrics = final_metrics(self.api, run.id, checkpoints)
            except FineTuneError as error:
                # The model exists: an error in additional facts must not fail the task.
                self.warnings.append(f"Metrics and checkpoints are left out. {error.text()}")
        return {
            "name": self.name or mapping(job.get("metadata")).get(ownership.NAME),
            "id": job.get("id"),
            "job_id": job.get("id"),
            "fine_tuned_model": job.get("fine_tuned_model"),
            "model_verified": run.seen if run and run.phase is Phase.READY else None,
            "created_at": job.get("created_at"),
            "finished_at": job.get("finished_at"),
            "trained_tokens": job.get("trained_tokens"),
            "metrics": metrics,
            "checkpoints": checkpoints,
            "model": present_job(job) if job else {},
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of a job that check mode predicts."""
        job, model = make_placeholder("job", str(self.name)), make_placeholder("model", str(self.name))
        return self.fill_placeholder(job, job_id=job, fine_tuned_model=model)


def present_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the host shows of a job, without ownership tags."""
    return (
        {**job, "metadata": ownership.select_user_tags(mapping(job.get("metadata")))}
        if "metadata" in job
        else dict(job)
    )


def final_metrics(api: Api, job_id: str, checkpoints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The last metrics of a run: from its last checkpoint, or else from its last metrics event.

    Empty if there is neither.
    """
    last = max(checkpoints, key=lambda checkpoint: number(checkpoint.get("step_number")) or 0, default=None)
    numbers = (
        dict(mapping(last.get("metrics"))) if last else jobs.newest_metrics(jobs.list_events(api, job_id, limit=100))
    )
    return {
        key: int(found) if key == "step" else found
        for key, value in numbers.items()
        if (found := number(value)) is not None
    }
