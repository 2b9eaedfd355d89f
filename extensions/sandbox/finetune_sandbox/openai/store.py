# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's state and its simulation: what happened by now follows from the virtual clock."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune_sandbox.frame import fates
from finetune_sandbox.frame.checks import ControlError, Fields
from finetune_sandbox.frame.clock import Clock
from finetune_sandbox.frame.fates import BaseFate, Fates
from finetune_sandbox.frame.ids import Ids
from finetune_sandbox.openai import habits, training
from finetune_sandbox.openai.catalogue import COMPLETION, BaseModel, Catalogue
from finetune_sandbox.openai.dataset import MIN_EXAMPLES, Report, check
from finetune_sandbox.openai.errors import AZURE, OPENAI, SELFHOSTED
from finetune_sandbox.openai.state import TERMINAL, Account, File, Job, Model, Settings, start_of_day

JOB_FATES = ("server_error", "unsafe_file", "unsafe_model", "stuck_queued", "stuck_validating")
FILE_FATES = ("file_error", "file_stuck")
RESULTS = "fine-tune-results"
"""The purpose of result files."""
_PATIENCE = 1.0
"""Real seconds that a request waits for the check of a large file; after that the job is still validating."""


@dataclass
class Fate(BaseFate):
    """What shall happen to the next jobs (or files) that match."""

    suffix: str | None
    training_filename: str | None
    at: float
    message: str | None

    @classmethod
    def read(cls, wish: Fields) -> Fate:
        """From its JSON form (docs/sandbox.md)."""
        fate = cls(
            fate=fates.kind(wish, (*JOB_FATES, *FILE_FATES)),
            suffix=wish.optional_text("suffix"),
            training_filename=wish.optional_text("filename"),
            times=fates.times(wish),
            at=wish.number("at", 0.5, low=0, high=1),
            message=wish.optional_text("message"),
        )
        if fate.fate in FILE_FATES and fate.suffix is not None:
            raise ControlError(f"fate: {fate.fate!r} is about files; match it with 'filename'.")
        return fate

    def takes(self, kinds: tuple[str, ...], filename: str, suffix: str | None) -> bool:
        """Whether it is one of these and hits what has these names; counts it."""
        return self.hits(
            self.fate in kinds and self.training_filename in (None, filename) and self.suffix in (None, suffix)
        )


class Store:
    """All state. Whoever reads or writes it holds `lock`, and calls `settle` first."""

    def __init__(self, clock: Clock, folder: Path, seed: int | None) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.folder = folder
        self.ids = Ids(seed)
        self._default_keys = ("sk-sandbox-" + self.ids.text(40), "sk-admin-sandbox-" + self.ids.text(40))
        self._default_ids = ("org-" + self.ids.text(24), "proj_" + self.ids.text(24))
        self._default_entra = self._entra_token()
        self._checker = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-check")
        self._begin()

    def _begin(self) -> None:
        self.settings = Settings()
        self.fates = Fates(Fate.read)
        org, project = self._default_ids
        key, admin = self._default_keys
        self.default_account = Account(
            "acme", org, key, admin, [project], self._default_entra, settled=self.clock.now()
        )
        self.accounts: dict[str, Account] = {"acme": self.default_account}
        self.content = self.folder / "content"
        self.content.mkdir(exist_ok=True)
        self.restart()

    def restart(self) -> None:
        """The server of own GPUs starts again: it keeps what it has, but hashes names anew, whatever the seed."""
        self.salt = secrets.token_hex(8)

    def _entra_token(self) -> str:
        """Formed as a token of Microsoft Entra ID: three parts in base64, the first with a JSON header."""
        return f"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJ{self.ids.text(60)}.{self.ids.text(86)}"

    def reset(self) -> None:
        """As just started; the default account keeps its keys."""
        with self.lock:
            shutil.rmtree(self.content, ignore_errors=True)
            self._begin()

    def close(self) -> None:
        """End the background checks."""
        self._checker.shutdown(wait=True, cancel_futures=True)

    @property
    def catalogue(self) -> Catalogue:
        """The base models."""
        return Catalogue(tuple(self.settings.extra_models))

    # Accounts and fates

    def account(self, name: str | None) -> Account:
        """By name; the default one for None. ControlError when there is none."""
        if name is None:
            return self.default_account
        if name not in self.accounts:
            raise ControlError(f"There is no account {name!r}. Known: {', '.join(sorted(self.accounts))}.", 404)
        return self.accounts[name]

    def add_account(self, fields: Fields) -> Account:
        """A new account: name, and optionally api_key, role, closed, projects (how many)."""
        name = fields.text("name")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
            raise ControlError(f"accounts: {name!r} is not a name of 1 to 32 lower-case letters, digits and '-'.")
        if name in self.accounts:
            raise ControlError(f"accounts: {name!r} exists already; change it with PATCH.", 409)
        key = fields.optional_text("api_key") or "sk-sandbox-" + self.ids.text(40)
        if any(key in {other.api_key, other.admin_key} for other in self.accounts.values()):
            raise ControlError("accounts: this api_key belongs to another account.", 409)
        projects = fields.integer("projects", 1, low=1, high=100) or 1
        account = Account(
            name=name,
            id="org-" + self.ids.text(24),
            api_key=key,
            admin_key="sk-admin-sandbox-" + self.ids.text(40),
            projects=["proj_" + self.ids.text(24) for _unused in range(projects)],
            entra_token=self._entra_token(),
            role=fields.choice("role", ("owner", "member"), "owner") or "owner",
            closed=fields.flag("closed", False),
            settled=self.clock.now(),
        )
        fields.done()
        self.accounts[name] = account
        return account

    def change_account(self, account: Account, fields: Fields) -> None:
        """Change role and closed."""
        role = fields.choice("role", ("owner", "member"), account.role) or account.role
        closed = fields.flag("closed", account.closed)
        fields.done()
        account.role, account.closed = role, closed

    def take_fate(self, kinds: tuple[str, ...], filename: str, suffix: str | None = None) -> Fate | None:
        """The first fate that matches; counts it."""
        return next((fate for fate in self.fates if fate.takes(kinds, filename, suffix)), None)

    # How a dialect shows things

    def habits(self, dialect: str) -> habits.Habits:
        """What a dialect keeps, shows, lists and refuses."""
        return self.settings.habits(dialect)

    def shown_model(self, job: Job, dialect: str) -> str:
        """The base model of a job as a dialect shows it."""
        return habits.shown_model(
            job.sent, job.model, job.model != job.base.id, self.habits(dialect).model_names, self.salt
        )

    def shutdown_date(self, base: BaseModel, model_id: str | None = None) -> str | None:
        """The day on which a base model, or a model tuned on it, ends; None where none is announced."""
        dates = self.settings.shutdown_dates
        if model_id in dates:
            return dates[model_id]
        return dates.get(base.id, base.shutdown_date)

    def retired(self, base: BaseModel, now: float, model_id: str | None = None) -> bool:
        """Whether that day has come, where it is enforced."""
        date = self.shutdown_date(base, model_id)
        return self.settings.enforce_shutdown and date is not None and now >= start_of_day(date)

    def listed(self, created: float, now: float) -> bool:
        """Whether something is old enough to be in a list."""
        return now >= created + self.settings.list_lag_seconds

    def readable(self, created: float, now: float) -> bool:
        """Whether something is old enough to be found by its id."""
        return now >= created + self.settings.read_lag_seconds

    # Files

    def file(self, account: Account, file_id: str, now: float) -> File | None:
        """A file that is there."""
        file: File | None = account.files.by_id.get(file_id)
        if file is not None and file.gone(now):
            self.remove_file(account, file)
            return None
        return file

    def add_file(
        self,
        account: Account,
        dialect: str,
        filename: str,
        purpose: str,
        path: Path,
        now: float,
        seconds: int | None,
    ) -> File:
        """Take over a file on disk. seconds: its life, or None."""
        file_id = "file-" + (self.ids.hexadecimal(32) if dialect == AZURE else self.ids.text(22))
        target = self.content / file_id
        path.replace(target)
        fate = None if purpose == RESULTS else self.take_fate(FILE_FATES, filename)
        made = File(
            id=file_id,
            sequence=self.ids.sequence(),
            dialect=dialect,
            filename=filename,
            purpose=purpose,
            bytes=target.stat().st_size,
            created_at=now,
            processed_at=now + self.settings.file_processing_seconds,
            path=target,
            expires_at=None if seconds is None else int(now) + seconds,
        )
        if fate is not None and fate.fate == "file_stuck":
            made.processed_at = None
        elif fate is not None:
            made.fate = "error"
        account.files.add(made)
        return made

    def remove_file(self, account: Account, file: File) -> None:
        """Forget a file and its content."""
        file.deleted = True
        account.files.remove(file)
        if not file.shared:
            file.path.unlink(missing_ok=True)

    def report(self, job: Job, file: File, minimum: int) -> Future[Report]:
        """The check of a file for a job, made once, in the background."""
        kind = job.base.data if job.base.data == COMPLETION else job.method
        validation = minimum == 1 and file.id == job.validation_file
        key = (kind, job.base.images, minimum, job.dialect, validation)
        if key not in file.reports:
            file.reports[key] = self._checker.submit(check, file.path, *key)
        return file.reports[key]

    # Jobs

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
            if job.fate == "stuck_validating":
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
            if job.fate == "stuck_queued" or not self._slot_free(account, job):
                return None
            return max(job.since + self.settings.queued_seconds, account.settled)
        if job.status == "running":
            return job.moment_of(job.duration * (job.fate_at if job.fate == "server_error" else 1.0))
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
        elif job.fate == "server_error":
            message = job.fate_message or "The job failed due to an internal error. Please try again later."
            self.finish(account, job, when, "failed", {"code": "server_error", "message": message, "param": None})
        elif job.fate == "unsafe_model":
            message = job.fate_message or (
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
            if file.fate == "error":
                failure = {
                    "code": code,
                    "message": f"{intro}File {file_id} could not be processed.",
                    "param": param,
                }
            elif job.fate == "unsafe_file" and what == "training":
                message = job.fate_message or (
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


def is_pending(job: Job) -> bool:
    """Whether it can still change."""
    return job.status not in TERMINAL
