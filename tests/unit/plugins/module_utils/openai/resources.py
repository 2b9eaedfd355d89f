# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenAI's resources for the contract suite: a job at each kind of host, and an uploaded file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import dataset
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Made, Resource, Traits
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import names
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Story
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    Host,
    chat_lines,
    put,
    read_certificates_once,
)

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox


# -- told of odd answers -------------------------------------------------------------------------------------------


def _details(job: Job) -> Story:
    job.present()
    return lambda: job.present(details=True)


def _by_hand(job: Job) -> Story:
    """A file with a name of somebody else's, which must be read to be known."""
    file_id = put(job.host, chat_lines())
    job.sandbox.advance(60)
    return lambda: job.present(training_file=file_id)


def _info(job: Job) -> Story:
    run_id, more = job.present()["run_id"], {"events": True, "checkpoints": True, "steps": True}
    return lambda: {"models": [*job.tasks.info(name="bot", **more), *job.tasks.info(job_id=run_id)]}


def _parts(data: Dataset) -> Story:
    return lambda: data.present(content=chat_lines(80))


class _AtOpenAI(Resource):
    dialect: ClassVar[str] = "openai"
    service = "openai"
    prefix = "openai.*"
    address = "base_url"
    unaided: ClassVar = {"max_retries": 0}

    @staticmethod
    def patch(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
        read_certificates_once(monkeypatch)
        # More than any other row sends goes in parts.
        monkeypatch.setattr(dataset, "_LARGEST_FILE", 8000)
        monkeypatch.setattr(dataset, "_PART", 3000)

    def make_host(self, sandbox: Sandbox) -> Host:
        sandbox.openai.settings(azure_total=1000)
        return Host(sandbox, self.dialect)


class Job(_AtOpenAI):
    id = "openai-job"
    traits = Traits(
        list_lags=True,
        can_cancel=True,
        can_pause=True,
        can_fail=True,
        can_differ=True,
        can_retrain=True,
        can_adopt=True,
        trained=True,
    )
    ready = "succeeded"
    key = "job_id"
    differs = "training_file"
    module = "model"
    verbs: ClassVar = {
        "create": "openai.jobs.create",
        "list": "openai.jobs.list",
        "cancel": "openai.jobs.cancel",
        "delete": "openai.models.delete",
    }
    slowly: ClassVar = {"training_seconds": 200.0}
    stories: ClassVar = {"details": _details, "by_hand": _by_hand, "info": _info}

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        # Where neither tags nor a suffix are shown, the data tells the names apart.
        file = self.uploaded(chat_lines(topic=f"{topic} of {name}"), name)
        return {"model": self.tasks.base, "training_file": file["file_id"]}

    def all_made(self, name: str) -> Iterable[Made]:
        there = self.sandbox.openai.default_account.models
        for job in self.sandbox.openai.jobs(seeded=True):
            if job["suffix"] == name:
                stopped = job["status"] in ("cancelled", "cancelling")
                yield Made(job["id"], exists=job["fine_tuned_model"] in there, paid=not stopped)

    def fail(self, reason: str) -> None:
        self.sandbox.openai.scenario("server_error", message=reason)

    def make_by_hand(self, name: str = "bot") -> str:
        job = {**self.desired(name), "suffix": name}
        made: str = self.sandbox.openai.seed(dialect=self.dialect, jobs=[job])["jobs"][0]
        return made

    def pending(self, run_id: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.tasks.surely(run_id)
        return found


class AzureJob(Job):
    id = "azure-job"
    dialect = "azure"
    stories: ClassVar = {}


class GatewayJob(Job):
    id = "gateway-job"
    dialect = "gateway"
    stories: ClassVar = {}
    traits = replace(Job.traits, can_pause=False, can_delete=False, shows_gone=False)


class CompatibleJob(Job):
    id = "compatible-job"
    dialect = "compatible"
    stories: ClassVar = {}
    traits = replace(Job.traits, keeps_tags=False, can_pause=False, shows_gone=False)


class SelfhostedJob(Job):
    id = "selfhosted-job"
    dialect = "selfhosted"
    traits = replace(CompatibleJob.traits, can_delete=False)


class Dataset(_AtOpenAI):
    id = "openai-dataset"
    traits = Traits(keeps_tags=False, can_adopt=True, is_data=True)
    ready = "processed"
    key = "file_id"
    module = "dataset"
    named = "filename"
    stories: ClassVar = {"parts": _parts}
    verbs: ClassVar = {
        "create": "openai.files.create",
        "list": "openai.files.list",
        "delete": "openai.files.delete",
    }
    slowly: ClassVar = {"file_processing_seconds": 200.0}

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"content": chat_lines(topic=f"{topic} of {name}")}

    def all_made(self, name: str) -> Iterable[Made]:
        files = self.sandbox.openai.default_account.files.by_id.values()
        return [Made(file.id) for file in files if file.filename.rpartition("-")[0] == name]

    def body(self, name: str) -> str:
        files = self.sandbox.openai.default_account.files.by_id.values()
        return next(file.path.read_text() for file in files if file.filename == name)

    def make_by_hand(self, name: str = "bot") -> str:
        self.tasks.dataset(self.desired(name)["content"], name)
        return self.existing(name)[-1]


_NAMES = ("bot", "bot-2", "bots", "unharmed", *names())


class CheckpointPermission(_AtOpenAI):
    """The permissions of one model, whose name stands for that of the resource."""

    id = "openai-checkpoint-permission"
    traits = Traits(can_change=True, waits=False, long_lived=True)
    ready = "shared"
    verbs: ClassVar = {
        "create": "openai.permissions.create",
        "list": "openai.permissions.list",
        "update": "openai.permissions.create",
        "delete": "openai.permissions.delete",
    }

    def make_host(self, sandbox: Sandbox) -> Host:
        sandbox.openai.change_account(projects=5)
        self.projects = sorted(sandbox.openai.default_account.projects[1:])
        self.changed = {"projects": self.projects[1:]}
        models = {name: {"status": "succeeded", "suffix": name} for name in _NAMES}
        sandbox.openai.seed(jobs=list(models.values()))
        self.models = dict(zip(models, sandbox.openai.default_account.models, strict=True))
        return super().make_host(sandbox)

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tasks.permission(self.models[str(name)], **options)
        return result

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        return {"projects": self.projects[:2]}

    def all_made(self, name: str) -> Iterable[Made]:
        model = self.models[name]
        return [Made(model)] if self.sandbox.openai.default_account.permissions.get(model) else []


RESOURCES = (Job, AzureJob, GatewayJob, CompatibleJob, SelfhostedJob, Dataset, CheckpointPermission)
