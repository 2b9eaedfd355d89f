# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OpenAI modules' work in this process against the sandbox, with time that passes only when somebody sleeps."""

from __future__ import annotations

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import (
    checkpoint_permission,
    dataset,
    fine_tuned_model,
    info,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.client import AUTH_SPEC
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    Controller,
    SandboxClock,
    defaults,
    json_lines,
    remote_clock,
)

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox

COMPATIBLE_MODEL = "Qwen/Qwen3-32B"
MODEL = "gpt-4o-mini-2024-07-18"
HOUR = 3600.0
_BASES = {"compatible": COMPATIBLE_MODEL, "gateway": COMPATIBLE_MODEL, "selfhosted": "/models/Qwen3-32B"}

_CONTEXT = cache(ssl.create_default_context)


def read_certificates_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each task has a client of its own; the authorities that the SDK trusts are the same for all, and slow to read."""
    monkeypatch.setattr(ssl, "create_default_context", _CONTEXT)


def chat_lines(count: int = 12, topic: str = "parcels") -> str:
    """A small valid dataset."""
    return json_lines(
        {
            "messages": [
                {"role": "user", "content": f"Question {number} about {topic}?"},
                {"role": "assistant", "content": f"Answer {number} about {topic}."},
            ]
        }
        for number in range(count)
    )


class Reach:
    """What a task needs to know of a sandbox, in this process or in another."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.control_url = sandbox.control_url
        self.api_key = sandbox.api_key
        self.admin_key = sandbox.admin_key
        self.urls = {
            "openai": sandbox.openai_url,
            "azure": sandbox.azure_endpoint,
            "compatible": sandbox.compatible_url,
            "gateway": sandbox.gateway_url,
            "selfhosted": sandbox.selfhosted_url,
        }


class Tasks(Controller):
    """Tasks of the modules for one dialect."""

    def __init__(self, reach: Reach, clock: SandboxClock, dialect: str = "openai") -> None:
        super().__init__(clock)
        self.reach = reach
        self.dialect = dialect
        self.base = _BASES.get(dialect, MODEL)

    @property
    def auth(self) -> dict[str, Any]:
        """The authentication options for the dialect."""
        given = {**defaults(AUTH_SPEC), "api_key": self.reach.api_key, "timeout": 20.0}
        url = self.reach.urls[self.dialect]
        if self.dialect == "azure":
            return {**given, "api_type": "azure", "azure_endpoint": url, "api_version": "2025-04-01-preview"}
        kind = "openai" if self.dialect == "openai" else "compatible"
        return {**given, "api_type": kind, "base_url": url}

    # -- the modules --

    def model(self, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """One run of openai_fine_tuned_model. Raises FineTuneError."""
        common = {**WAIT_SPEC, **PROGRESS_SPEC, **TRAINING_SPEC}
        return self.run(fine_tuned_model, "openai_fine_tuned_model", {"name": name, **options}, common)

    def wanted(self, file_id: str, name: str = "support-bot", **options: Any) -> dict[str, Any]:
        """The same with this host's base model and a file."""
        return self.model(name, **{"model": self.base, "training_file": file_id, **options})

    def dataset(self, content: str | None = None, name: str | None = "parcels", **options: Any) -> dict[str, Any]:
        """One run of openai_dataset."""
        return self.run(dataset, "openai_dataset", {"content": content, "name": name, **options}, WAIT_SPEC)

    def info(self, **options: Any) -> list[dict[str, Any]]:
        """One run of openai_fine_tuned_model_info."""
        return list(self.find(info.find, "openai_fine_tuned_model_info", **options)["models"])

    def permission(self, checkpoint: str | None = None, **options: Any) -> dict[str, Any]:
        """One run of openai_checkpoint_permission."""
        given = {"checkpoint": checkpoint, "admin_api_key": self.reach.admin_key, **options}
        return self.run(checkpoint_permission, "openai_checkpoint_permission", given)

    def permissions(self, checkpoint: str | None = None, **options: Any) -> dict[str, Any]:
        """One run of openai_checkpoint_permission_info."""
        given = {"checkpoint": checkpoint, "admin_api_key": self.reach.admin_key, **options}
        return self.find(info.find_permissions, "openai_checkpoint_permission_info", **given)

    # -- short cuts --

    def file(self, content: str | None = None, name: str = "parcels") -> str:
        """A file that is there."""
        file_id: str = self.dataset(chat_lines() if content is None else content, name)["file_id"]
        return file_id

    def about(self, topic: str) -> str:
        """The same of data about a topic, under its name."""
        return self.file(chat_lines(topic=topic), topic)

    def playbook(self, name: str) -> dict[str, Any]:
        """The data, then the model, of one name."""
        return self.wanted(self.about(name), name)

    def sliced_playbook(self, name: str) -> dict[str, Any]:
        """The same, the model as its action plugin makes it."""
        return self.sliced(self.wanted, {"file_id": self.about(name), "name": name})[0]

    def elsewhere(self) -> Tasks:
        """The same in another process."""
        return Tasks(self.reach, remote_clock(self.reach.control_url), self.dialect)

    def surely(self, job_id: str) -> dict[str, Any]:
        """What stops a pending run: its name, or where the host shows too little of it, its id."""
        return {"job_id": job_id} if self.dialect == "compatible" else {}


class Host(Tasks):
    """One dialect of a sandbox, the tasks one runs against it, and what truly exists there."""

    def __init__(self, sandbox: Sandbox, dialect: str = "openai") -> None:
        super().__init__(Reach(sandbox), SandboxClock(sandbox.advance, sandbox.clock.now), dialect)
        self.sandbox = sandbox
        # Short jobs: fewer looks at each.
        sandbox.openai.settings(validating_seconds=3.0, queued_seconds=3.0, training_seconds=20.0)

    def also(self) -> Tasks:
        """A second controller on the same sandbox."""
        return Tasks(self.reach, self.clock, self.dialect)

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


def put(host: Host, content: str) -> str:
    """Data under a name without a hash."""
    import openai

    client = openai.OpenAI(base_url=host.auth["base_url"], api_key=host.auth["api_key"])
    return client.files.create(file=("plain.jsonl", content.encode()), purpose="fine-tune").id
