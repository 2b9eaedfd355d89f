# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""playbooks/release.yml: train, switch, verify, retire, against the sandbox."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.action.plays import Plays
from ansible_collections.llmops.finetune.tests.unit.sandbox.bedrock.bedrock_tools import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finetune_sandbox import Sandbox

_PLAYBOOK = Path(__file__).resolve().parents[4] / "playbooks" / "release.yml"
_GUIDE = _PLAYBOOK.parents[1] / "docs" / "serving.md"
_PAUSE = 0.25  # seconds between two calls of a client
_QUESTION = "Where is number 3?"


class Release:
    """Releases of one model from data that the test changes."""

    def __init__(self, plays: Plays, **variables: Any) -> None:
        self.plays = plays
        self.variables = {"fine_tune_name": "bot", "fine_tune_training_data": str(plays.data), **variables}
        self.write_data("old")

    def write_data(self, word: str) -> None:
        """Data whose answers have this word."""
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Where is number {n}?"},
                    {"role": "assistant", "content": f"The {word} place of {n}."},
                ]
            }
            for n in range(40)
        ]
        self.plays.data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def run(self, *options: str) -> dict[str, dict[str, Any]]:
        """The result of each task by its name. No task may fail."""
        ended = self.plays.start(_PLAYBOOK, "-e", json.dumps(self.variables), *options)
        assert [entry for entry in ended if entry["failed"]] == []
        return {entry["task"]: entry["result"] for entry in ended}

    def clean_up(self) -> None:
        """The playbook of the guide, under the name of this test."""
        text = next(block for block in _GUIDE.read_text().split("```yaml\n") if "Stop serving" in block)
        playbook = self.plays.folder / "clean_up.yml"
        playbook.write_text(text.partition("```")[0].replace("support-bot", "bot"))
        ended = self.plays.start(playbook, "-e", json.dumps(self.variables))
        assert [entry for entry in ended if entry["failed"]] == []


@contextmanager
def calling(ask: Callable[[], str]) -> Iterator[list[str]]:
    """A client that asks four times a second meanwhile. Gives the answers; an error is one, too."""
    answers: list[str] = []
    stop = threading.Event()

    def ask_on() -> None:
        while not stop.is_set():
            try:
                answers.append(ask())
            except Exception as error:  # noqa: BLE001  # whatever the client's library raises is a failed call
                answers.append(f"error: {error}")
            stop.wait(_PAUSE)

    client = threading.Thread(target=ask_on)
    client.start()
    try:
        yield answers
    finally:
        stop.set()
        client.join()


def count_switches(answers: list[str]) -> int:
    """How often an answer differs from the one before."""
    return sum(one != other for one, other in pairwise(answers))


def is_write(request: dict[str, Any]) -> bool:
    """Whether a request of the log may change something."""
    reads = ("bedrock.ListTagsForResource", "bedrock-runtime.Converse")
    return request["method"] not in ("GET", "HEAD") and request["operation"] not in reads


@pytest.fixture
def plays(sandbox: Sandbox, tmp_path: Path) -> Plays:
    return Plays(sandbox, tmp_path)


@pytest.fixture
def bedrock(plays: Plays) -> Release:
    account = plays.sandbox.aws.describe()
    return Release(
        plays,
        fine_tune_provider="bedrock",
        fine_tune_base_model="amazon.nova-lite-v1:0:300k",
        fine_tune_bedrock={
            "bucket": account["data_bucket"],
            "role_arn": account["role_arn"],
            "output_s3_uri": f"s3://{account['output_bucket']}/bot/",
        },
    )


def test_bedrock_switches_without_another_arn_and_without_an_error(bedrock: Release) -> None:
    sandbox = bedrock.plays.sandbox
    sandbox.aws.settings(deployment_seconds=3000)  # 3 s of real time
    runtime = connect(sandbox, "bedrock-runtime")
    first = bedrock.run()["Verify that the deployment serves the model"]
    arn = first["custom_model_deployment_arn"]

    def ask() -> str:
        question = [{"role": "user", "content": [{"text": _QUESTION}]}]
        answer = runtime.converse(modelId=arn, messages=question)
        return str(answer["output"]["message"]["content"][0]["text"])

    assert ask() == "The old place of 3."
    seen = len(sandbox.requests())
    again = bedrock.run()
    assert not any(result.get("changed") for result in again.values())
    assert [one for one in sandbox.requests()[seen:] if is_write(one)] == []

    bedrock.write_data("new")
    foreseen = bedrock.run("--check")
    assert foreseen["Make the models"]["results"][0]["action"] == "retrain"
    with calling(ask) as answers:
        switched = bedrock.run()
    assert switched["Verify that the deployment serves the model"]["custom_model_deployment_arn"] == arn
    assert set(answers) == {"The old place of 3.", "The new place of 3."}
    assert count_switches(answers) == 1
    # The previous model is gone.
    model_id = switched["Make the models"]["results"][0]["model_id"]
    assert sandbox.aws.control("GET", "resources", {})["custom_models"] == [model_id]
    bedrock.clean_up()
    left = sandbox.aws.control("GET", "resources", {})
    assert (left["custom_models"], left["deployments"]) == ([], [])


def test_a_client_notices_a_deployment_that_is_deleted_and_created(bedrock: Release) -> None:
    """The test above would find it, if the switch were not in place."""
    sandbox = bedrock.plays.sandbox
    runtime = connect(sandbox, "bedrock-runtime")
    control = connect(sandbox, "bedrock")
    served = bedrock.run()["Verify that the deployment serves the model"]

    def ask() -> str:
        question = [{"role": "user", "content": [{"text": _QUESTION}]}]
        return str(runtime.converse(modelId=served["id"], messages=question)["output"])

    with calling(ask) as answers:
        control.delete_custom_model_deployment(customModelDeploymentIdentifier="bot")
        while len(answers) < 8:
            threading.Event().wait(_PAUSE)
    assert answers[-1].startswith("error: ")


@pytest.fixture
def oci(plays: Plays) -> Release:
    place = plays.sandbox.oci
    with place.store.lock:
        second = place.store.make_cluster("hosting-2", place.compartment_id, "HOSTING", "LARGE_GENERIC", 1).id
    return Release(
        plays,
        fine_tune_provider="oci",
        fine_tune_base_model="meta.llama-3.3-70b-instruct",
        fine_tune_oci={
            "compartment_id": place.compartment_id,
            "bucket": place.bucket,
            "dedicated_ai_cluster_id": place.cluster_id,
        },
        release_cluster_id=place.clusters["HOSTING"],
        release_replacement_cluster_id=second,
    )


def test_oci_serves_the_new_model_before_the_old_endpoint_goes(oci: Release) -> None:
    sandbox = oci.plays.sandbox
    first = oci.run()["Verify that the endpoint serves the model"]
    seen = len(sandbox.requests())
    again = oci.run()
    assert not any(result.get("changed") for result in again.values())
    assert [one for one in sandbox.requests()[seen:] if is_write(one)] == []

    oci.write_data("new")
    second = oci.run()["Verify that the endpoint serves the model"]
    assert second["id"] != first["id"] and second["dedicated_ai_cluster_id"] != first["dedicated_ai_cluster_id"]
    operations = [one["operation"] for one in sandbox.requests()]
    created = [index for index, operation in enumerate(operations) if operation == "oci.CreateEndpoint"]
    assert created[-1] < operations.index("oci.DeleteEndpoint") < operations.index("oci.DeleteModel")
    left = sandbox.oci.control("GET", "resources", {})
    assert left["endpoints"] == [second["id"]] and left["models"] == [second["model_id"]]
