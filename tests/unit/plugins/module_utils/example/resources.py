# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example provider's resources for the contract suite."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.llmops.finetune.plugins.module_utils._engine.engine import Engine
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Made, Resource, Traits
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    FakeModule,
    SimulatedClock,
    filled,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example import (
    dataset,
    fine_tuned_model,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.example._example.client import READS, Api

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


class ExampleClock(SimulatedClock):
    now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class _Tasks:
    """Tasks on one store, and what happened there."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.clock = ExampleClock()
        self.clients: dict[Any, Any] = {}
        self.warnings: list[str] = []

    def also(self) -> _Tasks:
        return _Tasks(self.store)

    elsewhere = also

    def run(self, driver: Any, spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        options = {"store": self.store, **given}
        check_mode = options.pop("check_mode", False)
        fake = FakeModule(filled(spec["argument_spec"], options), check_mode)
        made, engine_options = driver.build_driver(fake)
        engine = Engine(made, engine_options, details=fake.params.get("details", False), clock=self.clock)
        try:
            return engine.converge()
        finally:
            self.warnings = [*fake.warnings, *engine.warnings]


class _Store:
    """What the suite asks of a sandbox."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def fault(self, requests: str, **spec: Any) -> dict[str, Any]:
        with self.api.opened() as store:
            store["count"] = store.get("count", 0) + 1
            found = {"id": f"fault-{store['count']}", "requests": requests, "seen": 0, "fired": 0, **spec}
            store["faults"].append(found)
        return found

    @property
    def faults(self) -> _Store:
        return self

    def describe(self) -> list[dict[str, Any]]:
        with self.api.opened() as store:
            found: list[dict[str, Any]] = store["faults"]
        return found

    def clear_faults(self) -> None:
        with self.api.opened() as store:
            store["faults"].clear()

    def requests(self) -> list[dict[str, str]]:
        with self.api.opened() as store:
            return [
                {
                    "operation": f"example.{entry['verb']}",
                    "method": "GET" if entry["verb"] in READS else "POST",
                    "fault": f"{entry['fault']}:",
                }
                for entry in store["log"]
            ]

    def count(self) -> int:
        return len(self.requests())

    def clear_log(self) -> None:
        with self.api.opened() as store:
            store["log"].clear()

    def advance(self, seconds: float) -> None:
        """Time does nothing here: a job goes on with each look at it."""


class _AtExample(Resource):
    prefix = "example.*"

    def make_host(self, sandbox: Sandbox) -> Any:
        self.folder = tempfile.TemporaryDirectory()
        self.api = Api(self.folder.name)
        self.sandbox: Any = _Store(self.api)
        return _Tasks(self.folder.name)


class Job(_AtExample):
    id = "example-job"
    traits = Traits(
        same_token_same_run=True,
        can_cancel=True,
        can_fail=True,
        can_change=True,
        can_differ=True,
        can_retrain=True,
        can_adopt=True,
        over_http=False,
    )
    ready = "baked"
    key = "job"
    differs = "recipe_file"
    verbs: ClassVar = {verb: f"example.{verb}" for verb in ("create", "list", "update", "cancel", "delete")}
    changed: ClassVar = {"label": "crisp"}

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tasks.run(fine_tuned_model, fine_tuned_model.SPEC, {"name": name, **options})
        return result

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        file = f"{topic}.jsonl"
        with self.api.opened() as store:
            store["files"][file] = ""
        return {"flour_kind": "rye", "recipe_file": file}

    def all_made(self, name: str) -> Iterable[Made]:
        with self.api.opened() as store:
            jobs = [job for job in store["jobs"].values() if job["name"] == name]
        for job in jobs:
            yield Made(job["id"], exists=job["condition"] == "baked", paid=job["condition"] != "thrown_out")

    def fail(self, reason: str) -> None:
        with self.api.opened() as store:
            store["fate"] = reason

    def make_by_hand(self, name: str = "bot") -> str:
        made: str = self.api.create_job(name=name, **self.desired(name), token=f"by hand {name}")["id"]
        self.api.change_job(made, "update", condition="baked")
        return made

    def slow(self) -> None:
        with self.api.opened() as store:
            store["looks"] = 30


class Dataset(_AtExample):
    id = "example-dataset"
    traits = Traits(waits=False, over_http=False, is_data=True)
    ready = "kept"
    key = "name"
    named = "file"
    verbs: ClassVar = {"create": "example.put_file", "list": "example.list_files", "delete": "example.delete_file"}

    def task(self, name: str | None, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.tasks.run(dataset, dataset.SPEC, {"name": name, **options})
        return result

    def like(self, name: str, topic: str) -> Mapping[str, Any]:
        pairs = [{"asked": f"Question {number} about {topic}?", "answered": "Yes."} for number in range(5)]
        return {"content": "".join(json.dumps(pair) + "\n" for pair in pairs)}

    def all_made(self, name: str) -> Iterable[Made]:
        with self.api.opened() as store:
            return [Made(file) for file in store["files"] if file.rpartition("-")[0] == name]

    def body(self, name: str) -> str:
        with self.api.opened() as store:
            return str(store["files"][name])


RESOURCES = (Job, Dataset)
