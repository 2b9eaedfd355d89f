# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file at the example host: named by its content, there at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.llmops.finetune.plugins.module_utils._dataset.formats import Formats
from ansible_collections.llmops.finetune.plugins.module_utils._dataset.read import DATA_SPEC, LocalData, read
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import options_of
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import (
    Capabilities,
    Change,
    Driver,
    Field,
    Hint,
    Options,
    Phase,
    Progress,
    Run,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.naming import (
    parse_remote_name,
    remote_name,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.sent_dataset import (
    SentDataset,
    check_name,
)

from .client import AUTH_SPEC, Api
from .formats import FORMATS
from .limits import limits_for

SPEC: dict[str, Any] = {
    "argument_spec": {
        **AUTH_SPEC,
        **DATA_SPEC,
        "name": {"type": "str", "required": True},
        "format": {"type": "str"},
        "wait_timeout": {"type": "int"},
    },
}


def build_driver(module: Any, formats: Formats = FORMATS) -> tuple[Driver, Options]:
    """Check every option and read the data, then make the driver; no call is made."""
    params = module.params
    check_name(params["name"], params, "src")
    options = options_of(module, name=params["name"], run_id=None, id_option="store")
    local = read(params, formats, limits_for(), module.warn)
    if params["state"] == "present" and local is None:
        raise InvalidInput("There is no data.", hint="Give src or content.")
    return Dataset(Api(params["store"]), params["name"], local), options


class Dataset(SentDataset):
    """See :class:`_engine.types.Driver` for each verb."""

    kind = "file"
    noun = "File"
    fields: Sequence[Field] = ()
    capabilities = Capabilities(no_cancel="It cannot be cancelled.", no_pause="It cannot be paused.")

    def __init__(self, api: Api, name: str, local: LocalData | None) -> None:
        super().__init__(name, local, {})
        self.api = api
        self.file = remote_name(name, self.report.sha256) if self.report else None

    def request(self) -> dict[str, Any]:
        return {"file": self.file}

    def observe(self, run_id: str | None) -> list[Run]:
        return [_run(file) for file in self.api.list_files() if self._is_mine(file)]

    def _is_mine(self, file: str) -> bool:
        return file == self.file if self.file else (parse_remote_name(file) or ("",))[0] == self.name

    def refresh(self, run: Run) -> Run:
        return run

    def progress(self, run: Run) -> Progress:
        return Progress("keeping the file")

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        return ()

    def create(self, token: str) -> Run:
        with self.require_data().open() as stream:
            self.api.put_file(str(self.file), stream.read().decode())
        return _run(str(self.file))

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        raise AssertionError("unreachable: no in_place field")

    def delete(self, run: Run) -> Run:
        self.api.delete_file(run.id)
        return Run(run.id, run.created, Phase.DELETED, "deleted")

    def hint(self, run: Run) -> Hint:
        return Hint()

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        return {**self.describe_data({}), "file": run.id if run else self.file}

    def describe_placeholder(self) -> dict[str, Any]:
        return self.describe(None, details=False)


def _run(file: str, shown: Mapping[str, Any] | None = None) -> Run:
    return Run(file, 0.0, Phase.READY, "kept", observed=shown or {}, removable=True)
