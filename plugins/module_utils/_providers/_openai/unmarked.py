# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs at hosts that keep no metadata: which of them are those of a name.

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
    """Tells the jobs of a name from others. ``read``: a job that is surely ours, in the engine's terms.

    ``is_renamed``: whether a job shows another name of the base model than was asked for, which may be the same model.
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
        """On a host that keeps no metadata, tell our jobs from others by what it does show.

        The suffix tells where it is shown, also within the model's name; else the data. What shows neither is
        no proof: such a pending job may be ours, so nothing is started beside it, and such a model counts as one
        of other data, which is refused unless the user allows new runs on a change.
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
            # The user has chosen a file of another name, so the name of the file says nothing.
            return found
        # Beside a run on the file of this name, one on another name's file is another model's.
        own = {run.id for run in found if not run.ambiguous or self._is_of(run, named, own=True)}
        return [run for run in found if run.id in own or not self._is_of(run, named, own=False)] if own else found

    def _list_names(self) -> dict[str, str]:
        """Of the uploaded files by id; none at a host that does not list them."""
        try:
            return {file["id"]: file.get("filename") or "" for file in files.list_files(self.api, "fine-tune")}
        except ApiError as error:
            if error.status not in files.NO_ROUTE:
                raise
            return {}

    def _is_of(self, run: Run, named: Mapping[str, str], *, own: bool) -> bool:
        """Whether the file of a run is called by this model's name, or by another one of ours."""
        known = parse_remote_name(named.get(str(run.raw.get("training_file")), ""))
        return known is not None and (known[0] == self.name) is own

    def _read_by_data(self, job: Mapping[str, Any], filename: str, wanted: Content) -> Run | None:
        """A job on the same data that shows no suffix, and whose file is called so. None where it is another name's.

        Only where the model or the settings differ too does the name of the file matter: the same data under two names
        is how models are compared, but a name that the user did not choose for this may be another model's.
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
        """With what the names of the uploaded files say of it. What check mode only foresees is not there yet, so it
        will be there under a name of its own."""
        known = parse_remote_name(named.get(content.id, ""))
        if known:
            return replace(content, name=known[0], sha256=content.sha256 or known[1])
        there = any(parse_remote_name(name) == (self.name, content.sha256[:12]) for name in named.values())
        unnamed = content.sha256 and not content.id and not content.name
        return replace(content, name=str(self.name)) if unnamed and (there or content.placeholder) else content


def _add_marks(job: dict[str, Any], named: Mapping[str, str]) -> dict[str, Any]:
    """The job with the ownership tags that its files' names stand for."""
    entries = {}
    for option, tag in (("training_file", ownership.TRAINING), ("validation_file", ownership.VALIDATION)):
        known = parse_remote_name(named.get(str(job.get(option)), ""))
        if known:
            entries[tag] = known[1]
    return {**job, "metadata": entries or None}
