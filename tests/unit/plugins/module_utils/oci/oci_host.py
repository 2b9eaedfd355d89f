# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OCI modules' work in this process against the sandbox, with time that passes only when somebody sleeps."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import PROGRESS_SPEC, TRAINING_SPEC
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci import custom_model, dataset
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.client import AUTH_SPEC, Api, make_api
from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.options import WAIT_SPEC
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    Controller,
    FakeModule,
    SandboxClock,
    defaults,
    json_lines,
    remote_clock,
)
from oci import signer
from oci.retry import retry

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox

PREFIX = "llmops_finetune_"
_load_private_key = functools.cache(signer.load_private_key)


def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of its own OCI settings is read."""
    for name in list(os.environ):
        if name.startswith("OCI_"):
            monkeypatch.delenv(name)


def read_keys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each client loads the key of its user, and checks it at length."""
    monkeypatch.setattr(signer, "load_private_key", _load_private_key)


def skip_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends again by itself, after pauses in real time."""
    monkeypatch.setattr(
        retry.ExponentialBackOffWithDecorrelatedJitterRetryStrategy, "do_sleep", lambda self, attempt, exception: None
    )


def pair_lines(count: int = 40, topic: str = "parcels") -> str:
    """A small valid dataset of prompts and completions."""
    return json_lines(
        {"prompt": f"Question {number} about {topic}?", "completion": f"Answer {number} about {topic}."}
        for number in range(count)
    )


class Reach:
    """What a task needs to know of a sandbox, in this process or in another."""

    def __init__(self, sandbox: Sandbox) -> None:
        place = sandbox.oci
        self.url = sandbox.url
        self.control_url = sandbox.control_url
        self.config_file = place.config_file
        self.namespace, self.bucket = place.namespace, place.bucket
        self.compartment_id, self.other_compartment_id = place.compartment_id, place.other_compartment_id
        self.base_model_id, self.cluster_id = place.base_model_id, place.cluster_id


class Tasks(Controller):
    """Tasks of the modules.

    ``service_endpoint`` reaches the module's own service only; the tests' environment names the sandbox for all.
    """

    def __init__(self, reach: Reach, clock: SandboxClock) -> None:
        super().__init__(clock)
        self.reach = reach

    @property
    def auth(self) -> dict[str, Any]:
        """The authentication options."""
        given = {"config_file_location": self.reach.config_file, "service_endpoint": self.reach.url}
        return {**defaults(AUTH_SPEC), **given}

    # -- the modules --

    def model(self, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """One run of oci_generative_ai_model. Raises FineTuneError."""
        given = {"display_name": name, "compartment_id": self.reach.compartment_id, **options}
        return self.run(custom_model, "oci_generative_ai_model", given, {**WAIT_SPEC, **PROGRESS_SPEC, **TRAINING_SPEC})

    def wanted(self, data: Mapping[str, Any], name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """The same with a base model, a cluster, and data as :meth:`data` returns them."""
        details = {
            "dedicated_ai_cluster_id": self.reach.cluster_id,
            "training_dataset": {key: data[key] for key in ("namespace", "bucket", "object")},
            **options.pop("fine_tune_details", {}),
        }
        return self.model(name, **{"base_model_id": self.reach.base_model_id, "fine_tune_details": details, **options})

    def in_slices(self, data: Mapping[str, Any], name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """The same as its action plugin does it."""
        return self.sliced(self.wanted, {"data": data, "name": name, **options})[0]

    def dataset(self, content: Any = None, name: str | None = "parcels", **options: Any) -> dict[str, Any]:
        """One run of oci_generative_ai_dataset."""
        given = {"content": content, "name": name, "bucket": self.reach.bucket, **options}
        return self.run(dataset, "oci_generative_ai_dataset", given)

    def data(self, content: str | None = None, name: str = "parcels", **options: Any) -> dict[str, Any]:
        """Data that are there, under a name with their hash."""
        return self.dataset(pair_lines() if content is None else content, name, **options)

    def about(self, topic: str) -> dict[str, Any]:
        """The same of data about a topic, under its name."""
        return self.data(pair_lines(topic=topic), topic)

    def playbook(self, name: str) -> dict[str, Any]:
        """The data, then the model, of one name."""
        return self.wanted(self.about(name), name)

    def sliced_playbook(self, name: str) -> dict[str, Any]:
        """The same, the model as its action plugin makes it."""
        return self.in_slices(self.about(name), name)

    def elsewhere(self) -> Tasks:
        """The same in another process."""
        return Tasks(self.reach, remote_clock(self.reach.control_url))


class Host(Tasks):
    """A sandbox, the tasks one runs against it, and what truly exists there."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(Reach(sandbox), SandboxClock(sandbox.advance, sandbox.clock.now))
        self.sandbox = sandbox
        # Short work: fewer looks at each.
        sandbox.oci.settings(accepted_seconds=3.0, validation_seconds=3.0, training_seconds=20.0, cluster_seconds=20.0)

    def also(self) -> Tasks:
        """A second controller on the same sandbox."""
        return Tasks(self.reach, self.clock)

    @property
    def api(self) -> Api:
        """The driver's own clients, for what somebody does by hand."""
        return make_api(FakeModule(self.auth), "generative_ai")

    def make_cluster(self, name: str = "tuning", **members: Any) -> str:
        """A cluster that is being made, by hand; its OCID."""
        body = {
            "compartmentId": self.reach.compartment_id,
            "displayName": name,
            "type": "FINE_TUNING",
            "unitShape": "LARGE_GENERIC",
            "unitCount": 2,
            **members,
        }
        return str(self.api.client("generative_ai").create_dedicated_ai_cluster(body).data["id"])

    def train(self, data: Mapping[str, Any], name: str = "support-bot", **members: Any) -> str:
        """A model whose training somebody starts without this collection; its OCID."""
        dataset = {
            "datasetType": "OBJECT_STORAGE",
            "namespaceName": data["namespace"],
            "bucketName": data["bucket"],
            "objectName": data["object"],
        }
        cluster = members.pop("cluster_id", self.reach.cluster_id)
        body = {
            "compartmentId": self.reach.compartment_id,
            "baseModelId": self.reach.base_model_id,
            "displayName": name,
            "fineTuneDetails": {"dedicatedAiClusterId": cluster, "trainingDataset": dataset},
            **members,
        }
        return str(self.api.client("generative_ai").create_model(body).data["id"])

    def host_it(self, model_id: str | None = None, name: str = "live", **members: Any) -> str:
        """An endpoint for a model, or the base model, that somebody makes; its OCID, once it is there."""
        body = {
            "compartmentId": self.reach.compartment_id,
            "displayName": name,
            "modelId": model_id or self.reach.base_model_id,
            "dedicatedAiClusterId": self.sandbox.oci.clusters["HOSTING"],
            **members,
        }
        identifier = str(self.api.client("generative_ai").create_endpoint(body).data["id"])
        self.sandbox.advance(200)
        return identifier

    def put(self, content: str, name: str = "plain.jsonl", **headers: Any) -> dict[str, str]:
        """Data under a name without a hash, as `oci os object put` puts them; their place."""
        self.api.client("object_storage").put_object(
            self.reach.namespace, self.reach.bucket, name, content.encode(), **headers
        )
        return {"namespace": self.reach.namespace, "bucket": self.reach.bucket, "object": name}

    def models(self, **wanted: Any) -> list[dict[str, Any]]:
        """The custom models that the API lists, newest first, as it shows them."""
        found = self.api.client("generative_ai").list_models(
            compartment_id=self.reach.compartment_id, limit=1000, **wanted
        )
        return [model for model in found.data["items"] if model["type"] == "CUSTOM"]

    def error(self, operation: str, status: int, code: str, message: str, **spec: Any) -> None:
        """A fault with an OCI error of this code."""
        self.sandbox.fault(f"oci.{operation}", status=status, body={"code": code, "message": message}, **spec)

    def called(self) -> list[str]:
        """The operations that were called since the log was cleared."""
        return [entry["operation"].removeprefix("oci.") for entry in self.sandbox.requests()]
