# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of a name at hosts that keep no metadata.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._engine import ownership
from ..._engine.compare import same_content
from ..._engine.content import Content
from ..._engine.errors import ApiError
from ..._engine.plan import needs_replacement
from ..._engine.types import Phase, Run
from ..toolkit.naming import parse_remote_name
from . import files, jobs
from .client import Api
from .desired import FIELDS


class UnmarkedJobs:
    """Finds the jobs of a name among all jobs. ``read`` converts a job that certainly belongs to the name into a run.

    ``is_renamed``: whether a job shows another name of the base model than the desired one. It may be the same model.
    """

    def __init__(
        self,
        api: Api,
        name: str,
        desired: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Run],
        is_renamed: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        self.api = api
        self.name = name
        self.resolved = desired
        self._read = read
        self._is_renamed = is_renamed

    def find(self, unmarked: Sequence[dict[str, Any]]) -> list[Run]:
        """Find the jobs of this name by the facts that a host without metadata shows.

        The suffix decides if it is shown, also within the model's name. Otherwise the data decides. A job that shows
        neither proves nothing. If it is pending, it may be ours, so no other job is started beside it. If it is ready,
        it counts as a model of other data; the task is then refused unless the user allows new runs after a change.
        """
        suffix, wanted = self.resolved.get("suffix"), self.resolved.get("training_file")
        named = self._list_names()
        if wanted:
            wanted = self._add_name(wanted, named)
        mine: list[Run | None] = []
        for job in unmarked:
            marked = _add_marks(job, named)
            run = jobs.to_run(marked)
            ours = jobs.same_suffix(suffix, job)
            data = run.observed.get("training_file")
            if ours:
                mine.append(self._read(marked))
            elif ours is None and wanted and data and same_content(wanted, data):
                mine.append(self._read_by_data(marked, named.get(data.id, ""), wanted))
            elif (
                ours is None
                and not (data and data.sha256)
                and (run.phase.pending or run.phase is Phase.READY)
                and jobs.same_dated_name(self.resolved.get("model"), job.get("model"))
            ):
                observed = {**run.observed, "training_file": data or Content(id="unknown")}
                mine.append(
                    replace(
                        run, observed=observed, ambiguous="This host shows neither its suffix nor what data it has."
                    )
                )
        found = [run for run in mine if run is not None]
        if wanted and wanted.name and wanted.name != self.name:
            # The user chose a file with another name, so the name of the file proves nothing.
            return found
        # If a run used the file of this name, a run on the file of another name belongs to another model.
        own = {run.id for run in found if not run.ambiguous or self._is_of(run, named, own=True)}
        return [run for run in found if run.id in own or not self._is_of(run, named, own=False)] if own else found

    def _list_names(self) -> dict[str, str]:
        """The names of the uploaded files, by id. Empty if the host does not list them."""
        try:
            return {file["id"]: file.get("filename") or "" for file in files.list_files(self.api, "fine-tune")}
        except ApiError as error:
            if error.status not in files.NO_ROUTE:
                raise
            return {}

    def _is_of(self, run: Run, named: Mapping[str, str], *, own: bool) -> bool:
        """Whether the file of a run has this model's name (``own``), or another name that this collection gave."""
        known = parse_remote_name(named.get(str(run.raw.get("training_file")), ""))
        return known is not None and (known[0] == self.name) is own

    def _read_by_data(self, job: Mapping[str, Any], filename: str, wanted: Content) -> Run | None:
        """A job on the same data that shows no suffix. None if it belongs to another name.

        The name of the file matters only if the base model or the settings differ too. Users compare models by training
        them on the same data under two names. But if the user did not choose the file's name for this model, the file
        may belong to another model.
        """
        ambiguous = "This host shows no suffix: the run was recognised by its data alone."
        known = parse_remote_name(filename)
        found = self._read(job)
        renamed = self._is_renamed(job)
        if known is None or known[0] == self.name or not (renamed or needs_replacement(FIELDS, self.resolved, found)):
            return replace(found, ambiguous=ambiguous)
        if wanted.name == self.name:
            return None
        if not renamed:
            return replace(found, ambiguous=ambiguous)
        run = jobs.to_run(job)
        why = (
            f"run {run.id} was trained on the same file, {filename}, and shows the base model '{job['model']}', which "
            f"may be another name of '{self.resolved['model']}', or another model. If it is meant, say "
            f"'ignore_changes: [model]'; if not, upload the data under the name '{self.name}' and train on that file."
        )
        return replace(run, ambiguous=ambiguous, unclear={"model": why})

    def _add_name(self, content: Content, named: Mapping[str, str]) -> Content:
        """The content with the facts from the names of the uploaded files.

        A content that is known only by its hash gets this model's name if such a file is uploaded. A placeholder of
        check mode gets it too: its file does not exist yet, and will have this name.
        """
        known = parse_remote_name(named.get(content.id, ""))
        if known:
            return replace(content, name=known[0], sha256=content.sha256 or known[1])
        there = any(parse_remote_name(name) == (self.name, content.sha256[:12]) for name in named.values())
        unnamed = content.sha256 and not content.id and not content.name
        return replace(content, name=str(self.name)) if unnamed and (there or content.placeholder) else content


def _add_marks(job: dict[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """The job with the ownership tags that the names of its files imply."""
    entries = {}
    for option, tag in (("training_file", ownership.TRAINING), ("validation_file", ownership.VALIDATION)):
        known = parse_remote_name(named.get(str(job.get(option)), ""))
        if known:
            entries[tag] = known[1]
    return {**job, "metadata": entries or None}
