# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Bedrock modules' work in this process against the sandbox, with time that passes only when somebody sleeps."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import botocore.hooks
import botocore.loaders
import botocore.session
from ansible_collections.llmops.finetune.plugins.module_utils._engine.module import (
    PROGRESS_SPEC,
    TRAINING_SPEC,
    WAIT_SPEC,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock import (
    custom_model,
    custom_model_info,
    dataset,
    foundation_model_info,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._bedrock.client import AUTH_SPEC, Api, make_api
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import (
    Controller,
    FakeModule,
    SandboxClock,
    defaults,
    json_lines,
    remote_clock,
)
from botocore.retries.standard import ExponentialBackoff

if TYPE_CHECKING:
    import pytest

    from finetune_sandbox import Sandbox

BASE = "amazon.nova-lite-v1:0:300k"
PREFIX = "llmops_finetune_"
REGION = "us-east-1"
LOADER = botocore.loaders.create_loader()
"""The descriptions of the services, which are the same for all tasks, and slow to read."""
_ALIASER: Any = botocore.hooks.EventAliaser(botocore.hooks.HierarchicalEmitter())
EVENT_NAME = functools.lru_cache(None)(_ALIASER._alias_event_name)
"""The names of a session's events, of which the same is true."""


def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its settings nor its credentials; and what is the same for all tasks is found out once."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "OCI_", "OPENAI_", "AZURE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(botocore.session, "create_loader", lambda path=None: LOADER)
    monkeypatch.setattr(botocore.hooks.EventAliaser, "_alias_event_name", lambda self, name: EVENT_NAME(name))


def skip_real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 sends again by itself, after pauses in real time."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0.0)


def converse_lines(count: int = 12, topic: str = "parcels") -> str:
    """A small valid dataset of Converse records."""
    return json_lines(
        converse(f"Question {number} about {topic}?", f"Answer {number} about {topic}.") for number in range(count)
    )


def converse(question: str, answer: str) -> dict[str, Any]:
    """A Converse record."""
    turns = {"user": question, "assistant": answer}
    messages = [{"role": role, "content": [{"text": text}]} for role, text in turns.items()]
    return {"schemaVersion": "bedrock-conversation-2024", "messages": messages}


class Reach:
    """What a task needs to know of a sandbox, in this process or in another."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.control_url = sandbox.control_url
        self.access_key, self.secret_key = sandbox.aws.access_key, sandbox.aws.secret_key
        self.role_arn = sandbox.aws.role_arn
        self.data_bucket, self.output_bucket = sandbox.aws.data_bucket, sandbox.aws.output_bucket


class Tasks(Controller):
    """Tasks of the modules in one region."""

    def __init__(self, reach: Reach, clock: SandboxClock, region: str = REGION) -> None:
        super().__init__(clock)
        self.reach = reach
        self.region = region

    @property
    def auth(self) -> dict[str, Any]:
        """The authentication options."""
        return {
            **defaults(AUTH_SPEC),
            "access_key": self.reach.access_key,
            "secret_key": self.reach.secret_key,
            "region": self.region,
            "endpoint_url": self.reach.url,
        }

    # -- the modules --

    def model(self, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """One run of bedrock_custom_model. Raises FineTuneError."""
        common = {**WAIT_SPEC, **PROGRESS_SPEC, **TRAINING_SPEC}
        return self.run(custom_model, "bedrock_custom_model", {"custom_model_name": name, **options}, common)

    def wanted(self, uri: str, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """The same with a base model, the role, data, and a place for the output."""
        given: dict[str, Any] = {
            "base_model_identifier": BASE,
            "role_arn": self.reach.role_arn,
            "training_data_config": {"s3_uri": uri},
            "output_data_config": {"s3_uri": f"s3://{self.reach.output_bucket}/runs/"},
        }
        return self.model(name, **{**given, **options})

    def in_slices(self, uri: str, name: str | None = "support-bot", **options: Any) -> dict[str, Any]:
        """The same as its action plugin does it."""
        return self.sliced(self.wanted, {"uri": uri, "name": name, **options})[0]

    def dataset(self, content: str | None = None, name: str | None = "parcels", **options: Any) -> dict[str, Any]:
        """One run of bedrock_dataset."""
        given = {"content": content, "name": name, "bucket": self.reach.data_bucket}
        return self.run(dataset, "bedrock_dataset", {**given, **options})

    def info(self, **options: Any) -> dict[str, Any]:
        """One run of bedrock_custom_model_info."""
        return self.find(custom_model_info.find, "bedrock_custom_model_info", **options)

    def foundation(self, **options: Any) -> list[dict[str, Any]]:
        """One run of bedrock_foundation_model_info."""
        return list(self.find(foundation_model_info.find, "bedrock_foundation_model_info", **options)["models"])

    def data(self, content: str | None = None, name: str = "parcels", **options: Any) -> str:
        """The URI of data that are there, under a key with their hash."""
        uri: str = self.dataset(converse_lines() if content is None else content, name, **options)["s3_uri"]
        return uri

    def about(self, topic: str) -> str:
        """The same of data about a topic, under its name."""
        return self.data(converse_lines(topic=topic), topic)

    def playbook(self, name: str) -> dict[str, Any]:
        """The data, then the model, of one name."""
        return self.wanted(self.about(name), name)

    def sliced_playbook(self, name: str) -> dict[str, Any]:
        """The same, the model as its action plugin makes it."""
        return self.in_slices(self.about(name), name)

    def elsewhere(self) -> Tasks:
        """The same in another process."""
        return Tasks(self.reach, remote_clock(self.reach.control_url), self.region)


class Host(Tasks):
    """A sandbox, the tasks one runs against it, and what truly exists there."""

    def __init__(self, sandbox: Sandbox, region: str = REGION) -> None:
        super().__init__(Reach(sandbox), SandboxClock(sandbox.advance, sandbox.clock.now), region)
        self.sandbox = sandbox
        # Short jobs: fewer looks at each.
        sandbox.aws.settings(
            validation_seconds=3.0, data_processing_seconds=3.0, training_seconds=20.0, role_seconds=0.0
        )

    def also(self) -> Tasks:
        """A second controller on the same sandbox."""
        return Tasks(self.reach, self.clock, self.region)

    @property
    def api(self) -> Api:
        """The driver's own clients, for what somebody does by hand."""
        module: Any = FakeModule(self.auth)
        return make_api(module, "bedrock")

    def client(self, service: str = "bedrock", region: str | None = None) -> Any:
        """A client without the collection's, for what somebody does by hand."""
        from botocore.config import Config

        create: Any = botocore.session.Session().create_client
        return create(
            service,
            endpoint_url=self.reach.url,
            aws_access_key_id=self.reach.access_key,
            aws_secret_access_key=self.reach.secret_key,
            region_name=region or self.region,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def put(self, content: str, key: str = "plain.jsonl") -> str:
        """Data under a key without a hash, as `aws s3 cp` puts them."""
        self.client("s3").put_object(Bucket=self.reach.data_bucket, Key=key, Body=content.encode())
        return f"s3://{self.reach.data_bucket}/{key}"

    def by_hand(self, uri: str, job: str, model: str = "support-bot", **members: Any) -> str:
        """A job that somebody starts without this collection; its ARN."""
        request = {
            "jobName": job,
            "customModelName": model,
            "roleArn": self.reach.role_arn,
            "baseModelIdentifier": BASE,
            "trainingDataConfig": {"s3Uri": uri},
            "outputDataConfig": {"s3Uri": f"s3://{self.reach.output_bucket}/runs/"},
            **members,
        }
        return str(self.client().create_model_customization_job(**request)["jobArn"])

    def jobs(self) -> list[dict[str, Any]]:
        """What truly exists, seeded jobs left out."""
        return self.sandbox.aws.jobs()

    def paid(self, model: str = "support-bot") -> list[str]:
        """The ARNs of the jobs of a model that were or will be paid for in full."""
        return [
            job["arn"]
            for job in self.jobs()
            if job["status"] not in ("Stopping", "Stopped") and job["model_name"].startswith(model)
        ]

    def models(self) -> list[str]:
        """The names of the living models, oldest first."""
        listed = self.client().list_custom_models(sortBy="CreationTime", sortOrder="Ascending", maxResults=1000)
        return [model["modelName"] for model in listed["modelSummaries"]]

    def tags(self, arn: str) -> dict[str, str]:
        """All tags of a job or model, ours included."""
        found = self.client().list_tags_for_resource(resourceARN=arn)["tags"]
        return {tag["key"]: tag["value"] for tag in found}

    def delete_model(self, arn: str) -> None:
        """Somebody deletes a model behind our back."""
        self.client().delete_custom_model(modelIdentifier=arn)

    def error(self, operation: str, status: int, code: str, message: str, **spec: Any) -> None:
        """A fault with an AWS error of this code."""
        self.sandbox.fault(
            operation, status=status, body={"message": message}, headers={"x-amzn-ErrorType": code}, **spec
        )

    def summaries(self, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
        """The list of jobs as the host answers it now, each changed: the body of an odd answer."""
        found = self.client().list_model_customization_jobs(maxResults=1000)["modelCustomizationJobSummaries"]
        plain = [json.loads(json.dumps(item, default=lambda value: value.isoformat())) for item in found]
        return {"modelCustomizationJobSummaries": [dict(change(item)) for item in plain]}
