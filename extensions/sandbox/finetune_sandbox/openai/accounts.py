# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's state: accounts, files, scenarios, and how a dialect shows things."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from finetune_sandbox.openai import habits
from finetune_sandbox.openai.catalogue import COMPLETION, BaseModel, Catalogue
from finetune_sandbox.openai.dataset import Report, check
from finetune_sandbox.openai.errors import AZURE
from finetune_sandbox.openai.state import Account, File, Job, Settings, start_of_day
from finetune_sandbox.server.answers import Library
from finetune_sandbox.server.checks import ControlError, Fields
from finetune_sandbox.server.clock import Clock
from finetune_sandbox.server.ids import Ids
from finetune_sandbox.server.scenarios import BaseScenario, Scenarios, read_kind, read_times

JOB_SCENARIOS = ("server_error", "unsafe_file", "unsafe_model", "stuck_queued", "stuck_validating")
FILE_SCENARIOS = ("file_error", "file_stuck")
RESULTS = "fine-tune-results"
"""The purpose of result files."""


@dataclass
class Scenario(BaseScenario):
    """The outcome of the next matching jobs (or files)."""

    suffix: str | None
    training_filename: str | None
    at: float
    message: str | None

    @classmethod
    def read(cls, fields: Fields) -> Scenario:
        """From its JSON form (docs/sandbox.md)."""
        scenario = cls(
            kind=read_kind(fields, (*JOB_SCENARIOS, *FILE_SCENARIOS)),
            suffix=fields.optional_text("suffix"),
            training_filename=fields.optional_text("filename"),
            times=read_times(fields),
            at=fields.number("at", 0.5, low=0, high=1),
            message=fields.optional_text("message"),
        )
        if scenario.kind in FILE_SCENARIOS and scenario.suffix is not None:
            raise ControlError(f"scenario: {scenario.kind!r} is about files; match it with 'filename'.")
        return scenario

    def takes(self, kinds: tuple[str, ...], filename: str, suffix: str | None) -> bool:
        """Whether it is one of these and hits what has these names; counts it."""
        return self.hits(
            self.kind in kinds and self.training_filename in (None, filename) and self.suffix in (None, suffix)
        )


class Accounts:
    """All state. Whoever reads or writes it holds `lock`."""

    def __init__(self, clock: Clock, folder: Path, seed: int | None) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.folder = folder
        self.library = Library(folder / "trained")
        self.ids = Ids(seed)
        self._default_keys = ("sk-sandbox-" + self.ids.text(40), "sk-admin-sandbox-" + self.ids.text(40))
        self._default_ids = ("org-" + self.ids.text(24), "proj_" + self.ids.text(24))
        self._default_entra = self._entra_token()
        self._checker = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sandbox-check")
        self._begin()

    def _begin(self) -> None:
        self.settings = Settings()
        self.scenarios = Scenarios(Scenario.read)
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
            self.library.clear()
            self._begin()

    def close(self) -> None:
        """End the background checks."""
        self._checker.shutdown(wait=True, cancel_futures=True)

    @property
    def catalogue(self) -> Catalogue:
        """The base models."""
        return Catalogue(tuple(self.settings.extra_models))

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
        """Change role and closed, and how many projects it has: the first ones stay."""
        role = fields.choice("role", ("owner", "member"), account.role) or account.role
        closed = fields.flag("closed", account.closed)
        kept = account.projects
        projects = fields.integer("projects", len(kept), low=1, high=100) or 1
        fields.done()
        account.role, account.closed = role, closed
        more = ["proj_" + self.ids.text(24) for _unused in range(projects - len(kept))]
        account.projects = [*kept[:projects], *more]

    def take_scenario(self, kinds: tuple[str, ...], filename: str, suffix: str | None = None) -> Scenario | None:
        """The first scenario that matches; counts it."""
        return next((scenario for scenario in self.scenarios if scenario.takes(kinds, filename, suffix)), None)

    def habits(self, dialect: str) -> habits.Habits:
        """What a dialect keeps, shows, lists and refuses."""
        return self.settings.habits(dialect)

    def show_model(self, job: Job, dialect: str) -> str:
        """The base model of a job as a dialect shows it."""
        return habits.show_model(
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
        scenario = None if purpose == RESULTS else self.take_scenario(FILE_SCENARIOS, filename)
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
        if scenario is not None and scenario.kind == "file_stuck":
            made.processed_at = None
        elif scenario is not None:
            made.scenario = "error"
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
