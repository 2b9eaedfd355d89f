# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lineage of custom models: the jobs and models of one name, their tags, and whether they still exist.

Private to llmops.finetune; may change at any time.

Bedrock has no two models with one name. So only the first model of a lineage has its name; a further one is called
``<name>-<hash, 8>``. A model with such a name belongs to the lineage only if the name of its job or its tags prove it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..._engine import ownership
from ..._engine.errors import ApiError, InvalidInput, NotFound, TransientError
from ..._engine.types import Run
from ..toolkit.driver import steps_noted
from . import jobs
from .client import Api

BASE = ownership.PREFIX + "base"  # the custom model that was trained further; a job may show that model's base
_TAG_FIELDS = ("tags", "custom_model_tags", "markers")
_LONGEST_NAME = 63  # characters, for the name of a model and of a job
_HASH = 8  # digits
_ATTEMPT = 4  # characters reserved for "-999"


class KnownTags:
    """The tags of jobs, models and serving resources that were read. Call :meth:`forget` before the next look."""

    def __init__(self, api: Api, warnings: list[str]) -> None:
        self.api = api
        self._warnings = warnings
        self._warned = False
        self._tags: dict[str, dict[str, str]] = {}  # by ARN, with ownership tags
        self._made: dict[str, dict[str, str]] = {}  # tags that this task gave; reads may not show them yet

    def forget(self) -> None:
        """Forget the tags that were read; they may have changed."""
        self._tags.clear()

    def remember_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Remember the tags that this task gave to a resource at its creation."""
        self._made[arn] = self._tags[arn] = dict(tags)

    def is_created_here(self, arn: str) -> bool:
        """Whether this task created the resource."""
        return arn in self._made

    def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Replace the known tags of a resource."""
        self._tags[arn] = dict(tags)

    def known_tags(self, arn: str | None) -> dict[str, str] | None:
        """The tags that were read; None if they were not. Makes no call."""
        return self._tags.get(arn) if arn else None

    def tags_of(self, arn: str) -> dict[str, str] | None:
        """All tags of a job or model. None if the caller may not read them; then one warning is given.

        Raises NotFound if the job or model does not exist.
        """
        if arn not in self._tags:
            try:
                self._tags[arn] = jobs.list_tags(self.api, arn)
            except NotFound:
                if arn not in self._made:
                    raise
                self._tags[arn] = dict(self._made[arn])
            except ApiError as error:
                if error.status != 403:
                    raise
                if not self._warned:
                    self._warnings.append(f"Tags are not compared. {error.message}")
                self._warned = True
                return None
        return self._tags[arn]

    def change_tags(self, arn: str, wanted: Mapping[str, str], *, purge: bool) -> list[str]:
        """Add the wanted tags to a job or model.

        ``purge``: remove the user's other tags. Returns the ARN for each step done.

        If the second step fails, its error says that something was changed.
        """
        has = self._tags[arn]
        added = {key: value for key, value in wanted.items() if has.get(key) != value}
        extra = [key for key in ownership.select_user_tags(has) if key not in wanted] if purge else []
        # Tags are added first, so that a failure loses nothing. If there is no room for both, tags are removed first.
        steps = [partial(jobs.add_tags, self.api, arn, added)] if added else []
        if extra:
            remove = partial(jobs.remove_tags, self.api, arn, extra)
            steps.insert(1 if len({*has, *added}) <= jobs.TAGS.most else 0, remove)
        with steps_noted() as done:
            for step in steps:
                step()
                done.append(arn)
        self.put(arn, {key: value for key, value in {**has, **added}.items() if key not in extra})
        return done


class Lineage(KnownTags):
    """The jobs and models of one name, as one look at the account shows them.

    Call :meth:`forget` before the next look.
    """

    def __init__(self, api: Api, name: str, warnings: list[str]) -> None:
        super().__init__(api, warnings)
        self.name = name
        self.job_names: dict[str, str] = {}  # name -> ARN of all jobs seen; a name can never be used again
        self._models: dict[str, dict[str, str]] = {}  # existing models by the listed part of the name: ARN -> name

    def forget(self) -> None:
        """Forget the tags and models that were read; they may have changed."""
        super().forget()
        self._models.clear()

    # -- names --

    @property
    def prefix(self) -> str:
        """The beginning of the names of the lineage's jobs. A job's name cannot contain an underscore."""
        return self.name.replace("_", "-")[: _LONGEST_NAME - _HASH - 1 - _ATTEMPT].rstrip("-")

    def later_name(self, inputs: str) -> str:
        """The name of a further model. ``inputs``: the hash of the values that determine the model."""
        return f"{self.name.rstrip('-_')}-{inputs[:_HASH]}"

    def next_job_name(self, inputs: str) -> str:
        """A job name that no job has had."""
        start = f"{self.prefix}-{inputs[:_HASH]}-"
        used = [job[len(start) :] for job in self.job_names if job.startswith(start)]
        return f"{start}{max((int(number) for number in used if number.isdecimal()), default=0) + 1}"

    def choose_model_name(self, inputs: str, taken: Collection[str | None]) -> str:
        """A name for a new model. Raises InvalidInput if the name is too long, ApiError if it is in use."""
        model = self.name if self.name not in taken else self.later_name(inputs)
        if len(model) > _LONGEST_NAME:
            raise InvalidInput(
                f"A model beside '{self.name}' would be called '{model}', which is longer than {_LONGEST_NAME} "
                "characters.",
                hint="Give a shorter custom_model_name, or delete the model first.",
            )
        if model in taken:
            raise ApiError(
                f"There is a model '{model}' already, and Bedrock has no two of one name.",
                hint="Delete it, or give another custom_model_name.",
            )
        return model

    def choose_job_name(self, inputs: str, wanted: str | None) -> str:
        """The name for a new job: ``wanted``, or else one that no job has had.

        Raises InvalidInput if ``wanted`` was used before.
        """
        if wanted in self.job_names:
            raise InvalidInput(
                f"job_name: '{wanted}' was used by {self.job_names[wanted]}, and Bedrock frees no job's name.",
                hint="Give another, or leave job_name out.",
            )
        return wanted or self.next_job_name(inputs)

    def is_ours(self, job_name: str) -> bool:
        """Whether a job has a name that this collection gives in this lineage."""
        return re.fullmatch(rf"{re.escape(self.prefix)}-[0-9a-f]{{{_HASH}}}-\d+", job_name) is not None

    def _is_later(self, model_name: str) -> bool:
        return re.fullmatch(rf"{re.escape(self.name.rstrip('-_'))}-[0-9a-f]{{{_HASH}}}", model_name) is not None

    # -- jobs --

    def find_jobs(self, part: str) -> list[dict[str, Any]]:
        """The lineage's jobs whose own name contains ``part``, as summaries of the listing."""
        found = []
        for summary in jobs.list_jobs(self.api, nameContains=part):
            self.job_names[str(summary.get("job_name"))] = str(summary["job_arn"])
            if self.has(summary):
                found.append(summary)
        return found

    def jobs_under_way(self) -> list[dict[str, Any]]:
        """The lineage's jobs with any name that may still produce a model."""
        return [
            summary
            for status in ("InProgress", "Stopping")
            for summary in jobs.list_jobs(self.api, statusEquals=status)
            if self.has(summary)
        ]

    def has(self, summary: Mapping[str, Any]) -> bool:
        """Whether a job's model is of this lineage."""
        model = summary.get("custom_model_name")
        if model is None:  # the list may leave it out
            model = jobs.get_job(self.api, str(summary["job_arn"])).get("output_model_name")
        return self._has(str(model), str(summary.get("job_name")), str(summary["job_arn"]))

    def _has(self, model_name: str, job_name: str, arn: str) -> bool:
        if model_name == self.name:
            return True
        if not self._is_later(model_name):
            return False
        if self.is_ours(job_name) and job_name[len(self.prefix) + 1 :].startswith(model_name[-_HASH:]):
            return True
        try:
            tags = self.tags_of(arn)
        except NotFound as error:
            if jobs.is_model(arn):
                return False
            raise TransientError(error.message) from error  # a job exists for ever, but reads lag behind the list
        if tags is None:
            self._warnings.append(f"'{model_name}' may belong to '{self.name}'; its tags may not be read: left alone.")
            return False
        return tags.get(ownership.NAME) == self.name

    # -- models --

    def models(self, known: Collection[str | None]) -> list[str]:
        """The ARNs of the lineage's existing models, by one listing, without those in ``known``."""
        found = []
        for arn, name in self._listed(self.name).items():
            if arn in known:
                continue
            if name == self.name or (self._is_later(name) and self._has(name, "", arn)):
                found.append(arn)
        return found

    def newest_ready(self, served: str | None = None) -> str | None:
        """The ARN of the newest model that is ready; None if there is none.

        ``served``: a model that is in use under the task's name. It needs no proof that it is of this lineage.
        """
        for model in jobs.list_models(self.api, nameContains=self.name, isOwned=True):
            arn, name = str(model["model_arn"]), str(model.get("model_name"))
            if (model.get("model_status") or "Active") != "Active":
                continue
            if name == self.name or (self._is_later(name) and (arn == served or self._has(name, "", arn))):
                return arn
        return None

    def is_gone(self, arn: str, name: str | None) -> bool:
        """Whether the list of models lacks a model. ``name``: the model's name, if it is known."""
        part = self.name if name and self.name and self.name in name else (name or "")
        return arn not in self._listed(part)

    def _listed(self, part: str) -> dict[str, str]:
        if part not in self._models:
            wanted = {"nameContains": part} if part else {}
            self._models[part] = {
                str(model["model_arn"]): str(model.get("model_name")) for model in jobs.list_models(self.api, **wanted)
            }
        return self._models[part]

    # -- tags --

    def read_ownership_tags(self, arns: Iterable[str | None]) -> dict[str, str]:
        """The ownership tags of a job and its model that were read. If both have a key, the first ARN counts."""
        found: dict[str, str] = {}
        for arn in arns:
            for key, value in (self.known_tags(arn) or {}).items():
                if key.startswith(ownership.PREFIX):
                    found.setdefault(key, value)
        return found

    def with_tags(self, run: Run) -> Run:
        """The run with the observed values of its tags and of its model's tags, as far as they were read."""
        known = {
            key: tags
            for key, arn in (("tags", run.id), ("custom_model_tags", run.model))
            if (tags := self.known_tags(arn)) is not None
        }
        own = self.read_ownership_tags((run.id, run.model))
        observed = {
            **{key: value for key, value in run.observed.items() if key not in _TAG_FIELDS},
            **jobs.read_data(run.raw, own),
            **{key: ownership.select_user_tags(tags) for key, tags in known.items()},
        }
        if known and (own or self.is_ours(str(run.raw.get("job_name")))):
            # An ownership tag that only one of the two still has must be restored on the other.
            whole = all(tags.get(key) == value for tags in known.values() for key, value in own.items())
            observed["markers"] = own if whole else {}
        if own.get(BASE):
            observed["base_model_identifier"] = own[BASE]
        return replace(run, observed=observed)
