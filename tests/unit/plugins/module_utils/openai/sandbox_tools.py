# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OpenAI modules' work in this process against the sandbox, with time that passes only when somebody sleeps."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._core.engine import Engine
from ansible_collections.llmops.finetune.plugins.module_utils._core.model import Driver, Options
from ansible_collections.llmops.finetune.plugins.module_utils._openai import (
    dataset,
    fine_tuned_model,
    fine_tuned_model_info,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

COMPATIBLE_MODEL = "Qwen/Qwen3-32B"
MODEL = "gpt-4o-mini-2024-07-18"
HOUR = 3600.0


class SandboxClock:
    """Sleeping moves the sandbox's clock instead of waiting."""

    def __init__(self, advance: Callable[[float], Any], now: Callable[[], float]) -> None:
        self._advance, self._now = advance, now
        self.slept = 0.0

    def monotonic(self) -> float:
        return self._now()

    def time(self) -> float:
        return self._now()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if seconds > 0:
            self._advance(seconds)
        # Let the other threads and the background check of a file go on.
        time.sleep(0.001)


class FakeModule:
    """What prepare() takes of AnsibleModule."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool = False) -> None:
        self.params = dict(params)
        self.check_mode = check_mode
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)


def defaults(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of an argument_spec with its default."""
    return {name: option.get("default") for name, option in spec.items()}


def auth(sandbox: Sandbox, dialect: str = "openai") -> dict[str, Any]:
    """The authentication options for a dialect."""
    from ansible_collections.llmops.finetune.plugins.module_utils._openai.client import AUTH_SPEC

    given = {**defaults(AUTH_SPEC), "api_key": sandbox.api_key, "timeout": 20.0}
    if dialect == "azure":
        return {
            **given,
            "api_type": "azure",
            "azure_endpoint": sandbox.azure_endpoint,
            "api_version": "2025-04-01-preview",
        }
    url = sandbox.compatible_url if dialect == "compatible" else sandbox.openai_url
    return {**given, "api_type": "openai", "base_url": url}


def chat_lines(count: int = 12, topic: str = "parcels") -> str:
    """A small valid dataset."""
    return "".join(
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": f"Question {number} about {topic}?"},
                    {"role": "assistant", "content": f"Answer {number} about {topic}."},
                ]
            }
        )
        + "\n"
        for number in range(count)
    )


class Host:
    """One dialect of a sandbox, and the tasks one runs against it."""

    def __init__(self, sandbox: Sandbox, dialect: str = "openai") -> None:
        self.sandbox = sandbox
        self.dialect = dialect
        self.clock = SandboxClock(sandbox.advance, sandbox.clock.now)
        self.warnings: list[str] = []
        self.base = COMPATIBLE_MODEL if dialect == "compatible" else MODEL
        # Short jobs: fewer looks at each.
        sandbox.openai.settings(validating_seconds=3.0, queued_seconds=3.0, training_seconds=20.0)

    # -- the modules --

    def model(self, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """One run of openai_fine_tuned_model. Raises FineTuneError."""
        from ansible_collections.llmops.finetune.plugins.modules import openai_fine_tuned_model as module

        return self._run(fine_tuned_model.prepare, module, {"name": name, **options})

    def wanted(self, file_id: str, name: str = "support-bot", **options: Any) -> dict[str, Any]:
        """The same with this host's base model and a file."""
        return self.model(name, **{"model": self.base, "training_file": file_id, **options})

    def dataset(self, content: str | None = None, name: str | None = "parcels", **options: Any) -> dict[str, Any]:
        """One run of openai_dataset."""
        from ansible_collections.llmops.finetune.plugins.modules import openai_dataset as module

        return self._run(dataset.prepare, module, {"content": content, "name": name, **options})

    def info(self, **options: Any) -> list[dict[str, Any]]:
        """One run of openai_fine_tuned_model_info."""
        from ansible_collections.llmops.finetune.plugins.modules import openai_fine_tuned_model_info as module

        params = {**defaults(module.SPEC), **auth(self.sandbox, self.dialect), **options}
        found: list[dict[str, Any]] = fine_tuned_model_info.find(FakeModule(params))["models"]
        return found

    def _run(
        self, prepare: Callable[[Any], tuple[Driver, Options]], module: Any, options: dict[str, Any]
    ) -> dict[str, Any]:
        from ansible_collections.llmops.finetune.plugins.module_utils._core.module import (
            PROGRESS_SPEC,
            TRAINING_SPEC,
            WAIT_SPEC,
        )

        check_mode = options.pop("check_mode", False)
        common = {**WAIT_SPEC, **(PROGRESS_SPEC if prepare is fine_tuned_model.prepare else {})}
        if prepare is fine_tuned_model.prepare:
            common |= TRAINING_SPEC
        params = {**defaults(common), **defaults(module.SPEC), **auth(self.sandbox, self.dialect), **options}
        fake = FakeModule(params, check_mode)
        driver, engine_options = prepare(fake)
        engine = Engine(
            driver,
            engine_options,
            details=params.get("details", False),
            clock=self.clock,  # type: ignore[arg-type]
        )
        try:
            return engine.converge()
        finally:
            self.warnings = [*fake.warnings, *engine.warnings]

    # -- short cuts --

    def file(self, content: str | None = None, name: str = "parcels") -> str:
        """A file that is there."""
        file_id: str = self.dataset(chat_lines() if content is None else content, name)["file_id"]
        return file_id

    def surely(self, job_id: str) -> dict[str, Any]:
        """What stops a pending run: its name, or where the host shows too little of it, its id."""
        return {"job_id": job_id} if self.dialect == "compatible" else {}

    def jobs(self) -> list[dict[str, Any]]:
        """What truly exists, seeded jobs left out."""
        return self.sandbox.openai.jobs()

    def uncancelled(self) -> list[str]:
        """The ids of the jobs that were or will be paid for."""
        return [job["id"] for job in self.jobs() if job["status"] != "cancelled"]

    def delete_model(self, model: str) -> None:
        """Somebody deletes a model behind our back."""
        with self.sandbox.openai.store.lock:
            del self.sandbox.openai.default_account.models[model]

    def together(self, *works: Callable[[], Any]) -> list[Any]:
        """Several tasks at the same time, in threads; results or exceptions in order."""
        results: list[Any] = [None] * len(works)
        gate = threading.Barrier(len(works))

        def work(index: int) -> None:
            gate.wait()
            try:
                results[index] = works[index]()
            except Exception as error:
                results[index] = error

        threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(len(works))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        return results
