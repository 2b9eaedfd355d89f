# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module fine_tune in this process against all providers of the sandbox, with time that passes only when somebody
sleeps. Credentials come from the environment, as its users have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.llmops.finetune.plugins.module_utils._pipeline.module import argument_spec, run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.controllers import SandboxClock

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

PROVIDERS = ("openai", "bedrock", "oci")
BASES = {
    "openai": "gpt-4o-mini-2024-07-18",
    "bedrock": "amazon.nova-lite-v1:0:300k",
    "oci": "meta.llama-3.3-70b-instruct",
}
CREATES = {
    "openai": "openai.jobs.create",
    "bedrock": "bedrock.CreateModelCustomizationJob",
    "oci": "oci.CreateModel",
}
UPLOADS = {"openai": "openai.files.create", "bedrock": "s3.PutObject", "oci": "oci.PutObject"}
_READS = ("get", "list", "head", "retrieve", "describe", "events", "checkpoints", "content")


def chat(count: int = 40, topic: str = "parcels") -> list[dict[str, Any]]:
    """Examples that every provider can be given: one question, one answer."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"Question {number} about {topic}?"},
                {"role": "assistant", "content": f"Answer {number} about {topic}."},
            ]
        }
        for number in range(count)
    ]


def lines(examples: Sequence[Mapping[str, Any]]) -> str:
    """The same as JSON lines."""
    return "".join(json.dumps(example) + "\n" for example in examples)


class Ended(Exception):
    """The module has answered."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = result


class FakeModule:
    """What run() takes of AnsibleModule: options are checked and results are masked as that does."""

    def __init__(self, params: Mapping[str, Any], tmpdir: Path, *, check_mode: bool, diff: bool) -> None:
        checked = ArgumentSpecValidator(argument_spec()).validate(dict(params))
        assert not checked.error_messages, checked.error_messages
        self.params = checked.validated_parameters
        self.no_log_values = checked._no_log_values
        self.check_mode = check_mode
        self.tmpdir = str(tmpdir)
        self._diff = diff
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def exit_json(self, **result: Any) -> NoReturn:
        if self.warnings:
            result["warnings"] = self.warnings
        raise Ended(json.loads(json.dumps(remove_values(result, self.no_log_values))))

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        self.exit_json(msg=msg, failed=True, **result)


class Host:
    """A sandbox, tasks against it, and what truly happened there."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.clock = SandboxClock(sandbox.advance, sandbox.clock.now)
        self.slices: list[dict[str, Any]] = []
        self.file = folder / "chat.jsonl"
        self.file.write_text(lines(chat()))
        # Short jobs: fewer looks at each.
        sandbox.openai.settings(validating_seconds=3.0, queued_seconds=3.0, training_seconds=20.0)
        sandbox.aws.settings(
            validation_seconds=3.0, data_processing_seconds=3.0, training_seconds=20.0, role_seconds=0.0
        )
        sandbox.oci.settings(accepted_seconds=3.0, validation_seconds=3.0, training_seconds=20.0, cluster_seconds=20.0)
        self.own: dict[str, dict[str, Any]] = {
            "openai": {"api_type": "openai"},
            "bedrock": {
                "bucket": sandbox.aws.data_bucket,
                "role_arn": sandbox.aws.role_arn,
                "output_s3_uri": f"s3://{sandbox.aws.output_bucket}/runs/",
            },
            "oci": {
                "bucket": sandbox.oci.bucket,
                "compartment_id": sandbox.oci.compartment_id,
                "dedicated_ai_cluster_id": sandbox.oci.cluster_id,
            },
        }

    # -- tasks --

    def entry(self, provider: str, name: str = "bot", **options: Any) -> dict[str, Any]:
        """A wanted model. What only its provider has is added to what the sandbox needs."""
        own = {**self.own[provider], **options.pop(provider, {})}
        given = {"base_model": BASES[provider], "training_data": str(self.file), **options}
        return {"provider": provider, "name": name, **given, provider: own}

    def every(self, **options: Any) -> list[dict[str, Any]]:
        """One of each provider, all alike."""
        return [self.entry(provider, **options) for provider in PROVIDERS]

    def run(self, *models: Mapping[str, Any], check_mode: bool = False, diff: bool = False, **task: Any) -> Any:
        """One run of the module; its result, of a failed one too."""
        params = json.loads(json.dumps({"models": models, **task}))
        try:
            run(FakeModule(params, self.folder, check_mode=check_mode, diff=diff), self.clock)  # type: ignore[arg-type]
        except Ended as ended:
            return ended.result
        raise AssertionError("the module did not answer")

    def preview(self, *models: Mapping[str, Any], **task: Any) -> Any:
        """The same in check mode, with the difference."""
        return self.run(*models, check_mode=True, diff=True, **task)

    def one(self, *args: Any, **options: Any) -> Any:
        """A task with one model that ends well; what came of that model."""
        return self.well(self.run(self.entry(*args, **options)))[0]

    def well(self, result: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What came of the models, none of which failed."""
        assert not result.get("failed"), result.get("msg")
        assert not result.get("waiting")
        return list(result["results"])

    def in_slices(self, *models: Mapping[str, Any], most: int = 100, **task: Any) -> Any:
        """The same as the action plugin does it. ``slices`` holds what the earlier ones answered."""
        given = {"wait_slice": 20.0, **task}
        self.slices = []
        for _slice in range(most):
            result = self.run(*models, **given)
            if not result.get("waiting"):
                return result
            self.slices.append(result)
            given["wait_state"] = result["wait_state"]
        raise AssertionError(f"no end after {most} slices: {result}")

    # -- what happened --

    def called(self) -> list[str]:
        """The operations that were asked for since the log was cleared, in their order."""
        return [entry["operation"] for entry in self.sandbox.requests()]

    def writes(self) -> list[str]:
        """Those of them that change something."""
        return [name for name in self.called() if not name.rpartition(".")[2].lower().startswith(_READS)]

    def count(self, operations: Mapping[str, str]) -> dict[str, int]:
        """How often each provider was asked for its operation."""
        return {provider: self.sandbox.count(operation) for provider, operation in operations.items()}

    def watch(self) -> None:
        """Count anew from here."""
        self.sandbox.clear_log()

    @property
    def openai(self) -> Any:
        """OpenAI's SDK, for what somebody does by hand."""
        import openai

        return openai.OpenAI()

    def client(self, service: str = "bedrock") -> Any:
        """A boto3 client, for what somebody does by hand."""
        import boto3

        return boto3.session.Session().client(service)

    @property
    def oci(self) -> Any:
        """OCI's API, for what somebody does by hand."""
        from ansible_collections.llmops.finetune.plugins.module_utils._providers._oci.client import AUTH_SPEC, make_api

        options = {name: spec.get("default") for name, spec in AUTH_SPEC.items()}
        options["service_endpoint"] = self.sandbox.url
        return make_api(_Options(options), "generative_ai")  # type: ignore[arg-type]

    def forget_data(self) -> None:
        """Somebody deletes all uploaded data."""
        for file in self.openai.files.list().data:
            self.openai.files.delete(file.id)
        s3, bucket = self.client("s3"), self.sandbox.aws.data_bucket
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
        storage, place = self.oci.client("object_storage"), self.sandbox.oci
        for found in storage.list_objects(place.namespace, place.bucket).data["objects"]:
            storage.delete_object(place.namespace, place.bucket, found["name"])

    def data_left(self) -> dict[str, int]:
        """How many uploaded datasets there are, by provider."""
        s3, storage, place = self.client("s3"), self.oci.client("object_storage"), self.sandbox.oci
        return {
            "openai": len([file for file in self.openai.files.list().data if file.purpose == "fine-tune"]),
            "bedrock": s3.list_objects_v2(Bucket=self.sandbox.aws.data_bucket)["KeyCount"],
            "oci": len(storage.list_objects(place.namespace, place.bucket).data["objects"]),
        }


class _Options:
    """What makes a client takes of a module."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.check_mode = False
        self.no_log_values: set[str] = set()
