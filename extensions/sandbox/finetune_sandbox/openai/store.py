# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's state and its simulation: what happened by now follows from the virtual clock."""

from __future__ import annotations

from collections import deque
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from finetune_sandbox.openai import training
from finetune_sandbox.openai.accounts import RESULTS, Accounts
from finetune_sandbox.openai.dataset import MIN_EXAMPLES
from finetune_sandbox.openai.errors import AZURE, OPENAI, SELFHOSTED
from finetune_sandbox.openai.examples import reader
from finetune_sandbox.openai.state import Account, File, Job, Model
from finetune_sandbox.server.contents import Segment

_PATIENCE = 1.0
"""Real seconds that a request waits for the check of a large file; after that the job is still validating."""


class Store(Accounts):
    """The state with its simulation. Whoever reads or writes it holds `lock`, and calls `settle` first."""

    def job_id(self, dialect: str) -> str:
        """The id of a new job."""
        if dialect == AZURE:
            return "ftjob-" + self.ids.hexadecimal(32)
        return ("ftjob_" if dialect == SELFHOSTED else "ftjob-") + self.ids.text(24)

    def begin_job(self, account: Account, job: Job) -> None:
        """Commit a new job."""
        job.since = job.created_at
        job.say(job.created_at, f"Created fine-tuning job: {job.id}")
        job.say(job.created_at, f"Validating training file: {job.training_file}")
        for file_id, minimum in self._data(job):
            file = account.files.by_id.get(file_id)
            if file is not None:
                self.report(job, file, minimum)
        account.jobs.add(job)
        account.active[job.id] = job
        account.created.setdefault(job.base.id, deque()).append(job.created_at)

    def _data(self, job: Job) -> list[tuple[str, int]]:
        data = [(job.training_file, MIN_EXAMPLES if self.habits(job.dialect).openai_limits else 1)]
        if job.validation_file is not None:
            data.append((job.validation_file, 1))
        return data

    def settle(self, account: Account) -> float:
        """Let everything happen that is due by now, in its order; returns now (virtual)."""
        now = self.clock.now()
        held: set[str] = set()
        while True:
            due = [
                (when, job.order, job)
                for job in account.active.values()
                if job.id not in held and (when := self._next(account, job)) is not None and when <= now
            ]
            if not due:
                break
            when, _unused, job = min(due, key=lambda entry: entry[:2])
            if self._happen(account, job, when):
                account.settled = max(account.settled, when)
            else:
                held.add(job.id)
        account.settled = max(account.settled, now)
        return now

    def _next(self, account: Account, job: Job) -> float | None:
        """When the next thing happens to a job, or None when nothing will by itself."""
        if job.status == "validating_files":
            if job.scenario == "stuck_validating":
                return None
            when = job.since + self.settings.validating_seconds
            for file_id, _unused in self._data(job):
                file: File | None = account.files.by_id.get(file_id)
                if file is None:
                    continue
                if file.processed_at is None:
                    if file.expires_at is None:
                        return None
                    when = max(when, file.expires_at)
                else:
                    when = max(when, file.processed_at)
            return when
        if job.status == "queued":
            if job.scenario == "stuck_queued" or not self._slot_free(account, job):
                return None
            return max(job.since + self.settings.queued_seconds, account.settled)
        if job.status == "running":
            return job.moment_of(job.duration * (job.scenario_at if job.scenario == "server_error" else 1.0))
        if job.status == "pausing":
            return job.since + self.settings.pausing_seconds
        return None

    def _slot_free(self, account: Account, job: Job) -> bool:
        busy = [other for other in account.active.values() if other.status in {"running", "pausing"}]
        if job.dialect == AZURE:
            return sum(other.dialect == AZURE for other in busy) < self.settings.azure_running
        same = sum(other.dialect != AZURE and other.base.id == job.base.id for other in busy)
        return same < self.settings.concurrent_jobs

    def _happen(self, account: Account, job: Job, when: float) -> bool:
        """Make the due thing happen. False when the check of its data is not finished in real time."""
        if job.status == "validating_files":
            return self._validated(account, job, when)
        if job.status == "queued":
            file: File | None = account.files.by_id.get(job.training_file)
            if not job.segments and (file is None or file.gone(when)):
                self._lost_file(job, "training", job.training_file, when)
                account.active.pop(job.id)
            else:
                job.status, job.since = "running", when
                job.say(when, "Fine-tuning job started" if not job.segments else "Fine-tuning job resumed")
                job.segments.append([when, None])
        elif job.status == "pausing":
            job.status, job.since = "paused", when
            job.say(when, "Fine-tuning job paused")
        elif job.scenario == "server_error":
            message = job.scenario_message or "The job failed due to an internal error. Please try again later."
            self.finish(account, job, when, "failed", {"code": "server_error", "message": message, "param": None})
        elif job.scenario == "unsafe_model":
            message = job.scenario_message or (
                "This fine-tuned model was blocked because it did not "
                "pass our safety evaluations and may violate "
                "our usage policies."
            )
            job.say(when, "Moderation checks failed for the fine-tuned model", "error", "moderation_checks")
            self.finish(account, job, when, "failed", {"code": "unsafe_model", "message": message, "param": None})
        else:
            self._succeed(account, job, when)
        return True

    def _validated(self, account: Account, job: Job, when: float) -> bool:
        for (file_id, minimum), what in zip(self._data(job), ("training", "validation"), strict=False):
            file: File | None = account.files.by_id.get(file_id)
            failure: dict[str, Any] | None = None
            param, code = f"{what}_file", f"invalid_{what}_file"
            intro = f"The job failed due to an invalid {what} file. "
            if file is None or file.gone(when):
                self._lost_file(job, what, file_id, when)
                account.active.pop(job.id)
                return True
            if file.scenario == "error":
                failure = {
                    "code": code,
                    "message": f"{intro}File {file_id} could not be processed.",
                    "param": param,
                }
            elif job.scenario == "unsafe_file" and what == "training":
                message = job.scenario_message or (
                    "The job failed due to an unsafe training file. This "
                    "training file was blocked by our moderation "
                    "system because it contains too many examples that violate our usage policies."
                )
                failure = {"code": code, "message": message, "param": param}
            else:
                try:
                    report = self.report(job, file, minimum).result(_PATIENCE)
                except FutureTimeoutError:
                    return False
                if report.code == "invalid_n_examples":
                    message = (
                        f"{intro}{what.capitalize()} file has {report.message}, "
                        f"but must have at least {minimum} example{'s' if minimum > 1 else ''}."
                    )
                    failure = {"code": "invalid_n_examples", "message": message, "param": param}
                elif report.code is not None:
                    failure = {"code": code, "message": f"{intro}{report.message}", "param": param}
                elif what == "training":
                    job.examples, job.characters = report.examples, report.characters
                    job.data = self.library.keep([Segment(file.path, file.bytes)], reader(job.method, job.grader))
            if failure is not None:
                self.finish(account, job, when, "failed", failure)
                return True
        training.resolve(job, self.settings)
        job.status, job.since = "queued", when
        job.say(when, "Files validated, moving job to queued state")
        return True

    def _lost_file(self, job: Job, what: str, file_id: str, when: float) -> None:
        message = f"The job failed due to an invalid {what} file. File {file_id} was deleted or has expired."
        job.status, job.finished_at = "failed", when
        job.error = {"code": f"invalid_{what}_file", "message": message, "param": f"{what}_file"}
        job.say(when, message, "error")

    def finish(self, account: Account, job: Job, when: float, status: str, error: dict[str, Any] | None) -> None:
        """End a job."""
        if job.segments and job.segments[-1][1] is None:
            job.segments[-1][1] = when
        job.status, job.since, job.finished_at, job.error = status, when, when, error
        if status != "succeeded":
            self.library.forget(job.data)
            job.data = None
        if error is not None:
            job.say(when, error["message"], "error")
        account.active.pop(job.id, None)

    def _succeed(self, account: Account, job: Job, when: float) -> None:
        name = self.model_name(account, job)
        self.finish(account, job, when, "succeeded", None)
        job.fine_tuned_model = name
        job.trained_tokens = max(1, job.characters // 4) * job.epochs
        for checkpoint in training.checkpoints(job, when, name):
            model = checkpoint["fine_tuned_model_checkpoint"]
            account.models[model] = Model(model, checkpoint["created_at"], job.base, job.id, job.dialect)
            step = checkpoint["step_number"]
            if step != job.steps:
                job.say(training.moment_of_step(job, step), f"Checkpoint created at step {step}")
        account.models[name] = Model(name, when, job.base, job.id, job.dialect)
        if job.dialect in {OPENAI, AZURE}:
            result = self.content / f"result-{job.id}"
            result.write_bytes(training.result_csv(job))
            file = self.add_file(account, job.dialect, "step_metrics.csv", RESULTS, result, when, None)
            file.processed_at = when
            job.result_files = [file.id]
        job.say(when, f"New fine-tuned model created: {name}")
        job.say(when, "Moderation checks for the fine-tuned model passed", "info", "moderation_checks")
        job.say(when, "The job has successfully completed")

    def model_name(self, account: Account, job: Job) -> str:
        """The name of the model that a job makes."""
        suffix = "" if self.habits(job.dialect).suffix == "hidden" else (job.suffix or "").lower()
        if job.dialect == AZURE:
            end = f"-{suffix}" if suffix else ""
            return f"{job.base.id}.ft-{job.id.removeprefix('ftjob-')}{end}"
        if job.dialect == SELFHOSTED:
            return "-".join(part for part in ("ft", suffix, job.tag) if part)
        return f"ft:{job.base.id}:{account.name}:{suffix}:{job.tag}"

    def job(self, account: Account, job_id: str) -> Job | None:
        """A job by id."""
        job: Job | None = account.jobs.by_id.get(job_id)
        return job
