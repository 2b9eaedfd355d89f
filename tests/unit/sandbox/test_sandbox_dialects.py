# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure OpenAI, the minimal compatible host, credentials and organisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'
AZURE_TYPE = {"trainingType": "GlobalStandard"}


def test_azure_from_file_to_model(still_sandbox: Sandbox, azure: openai.AzureOpenAI) -> None:
    file = azure.files.create(file=("t.jsonl", EXAMPLE * 20), purpose="fine-tune")
    assert file.status == "pending"

    def create(**more: Any) -> Any:
        return azure.fine_tuning.jobs.create(model="gpt-4.1", training_file=file.id, suffix="Bot", **more)

    with pytest.raises(openai.BadRequestError, match="must point to a completed file import") as caught:
        create(extra_body=AZURE_TYPE)
    assert caught.value.code == "invalidPayload"
    still_sandbox.advance(10)
    assert azure.files.retrieve(file.id).status == "processed"
    with pytest.raises(openai.BadRequestError, match="does not support fine-tuning"):
        create()
    job = create(extra_body=AZURE_TYPE, hyperparameters={"n_epochs": -1})
    assert (job.status, job.organization_id, job.result_files) == ("pending", None, None)
    assert job.hyperparameters.n_epochs == -1
    still_sandbox.advance(2000)
    done = azure.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded" and done.hyperparameters.n_epochs == 5
    assert done.fine_tuned_model == f"gpt-4.1-2025-04-14.ft-{job.id.removeprefix('ftjob-')}-bot"
    assert azure.files.content(done.result_files[0]).content.startswith(b"step,")


def test_azure_wants_a_key_and_a_version(still_sandbox: Sandbox) -> None:
    def client(**more: Any) -> openai.AzureOpenAI:
        options = {"azure_endpoint": still_sandbox.azure_endpoint, "api_version": "2025-04-01-preview", **more}
        return openai.AzureOpenAI(max_retries=0, **options)

    assert client(azure_ad_token=still_sandbox.entra_token).files.list().data == []
    with pytest.raises(openai.AuthenticationError, match="invalid subscription key") as caught:
        client(api_key="wrong").files.list()
    assert caught.value.code == "401"
    with pytest.raises(openai.NotFoundError, match="Resource not found"):
        client(api_key=still_sandbox.api_key, api_version="yesterday").files.list()
    plain = openai.OpenAI(base_url=still_sandbox.azure_endpoint + "/openai/v1", api_key=still_sandbox.api_key)
    assert plain.files.list().data == []


def test_azure_limits(still_sandbox: Sandbox, azure: openai.AzureOpenAI) -> None:
    still_sandbox.openai.settings(azure_files=2, azure_queued=2, azure_total=3)
    files = [azure.files.create(file=("t.jsonl", EXAMPLE * 20), purpose="fine-tune").id for _unused in range(2)]
    with pytest.raises(openai.BadRequestError, match="maximum number of files"):
        azure.files.create(file=("t.jsonl", EXAMPLE), purpose="fine-tune")
    still_sandbox.advance(10)

    def create() -> Any:
        members: dict[str, Any] = {"model": "gpt-4.1", "training_file": files[0], "extra_body": AZURE_TYPE}
        return azure.fine_tuning.jobs.create(**members)

    create()
    create()
    with pytest.raises(openai.RateLimitError, match="queued"):
        create()
    still_sandbox.advance(60)
    assert sorted(job.status for job in azure.fine_tuning.jobs.list()) == ["pending", "running"]
    create()
    still_sandbox.advance(5000)
    assert {job.status for job in azure.fine_tuning.jobs.list()} == {"succeeded"}
    with pytest.raises(openai.BadRequestError, match="maximum number of fine-tuning jobs"):
        create()


def test_the_compatible_host_knows_little(still_sandbox: Sandbox, compatible: openai.OpenAI) -> None:
    file = compatible.files.create(file=("t.jsonl", EXAMPLE * 20), purpose="fine-tune")
    members: Any = {"n_epochs": 2, "lora": True, "lora_r": 8}
    job = compatible.fine_tuning.jobs.create(
        model="meta-llama/Llama-3.1-8B-Instruct",
        training_file=file.id,
        hyperparameters=members,
        metadata={"team": "a"},
    )
    assert "metadata" not in job.to_dict()
    still_sandbox.advance(2000)
    done = compatible.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded" and done.result_files == []
    assert done.hyperparameters.to_dict()["lora_r"] == 8
    assert len(compatible.fine_tuning.jobs.list(metadata={"team": "nobody"}).data) == 1
    assert still_sandbox.openai.jobs()[0]["metadata"] is None
    assert done.fine_tuned_model
    assert compatible.models.retrieve(done.fine_tuned_model).id == done.fine_tuned_model
    assert compatible.models.delete(done.fine_tuned_model).deleted
    calls: list[Callable[[], Any]] = [
        lambda: compatible.fine_tuning.jobs.list_events(job.id),
        lambda: compatible.fine_tuning.jobs.checkpoints.list(job.id),
        lambda: compatible.fine_tuning.jobs.pause(job.id),
        lambda: compatible.uploads.create(bytes=1, filename="a.jsonl", mime_type="x", purpose="fine-tune"),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError):
            call()
    with pytest.raises(openai.BadRequestError, match="above maximum"):
        too_many: Any = {"n_epochs": 51}
        compatible.fine_tuning.jobs.create(model="gpt-4o", training_file=file.id, hyperparameters=too_many)


def test_credentials(still_sandbox: Sandbox) -> None:
    def client(key: str = still_sandbox.api_key, **more: Any) -> openai.OpenAI:
        return openai.OpenAI(base_url=still_sandbox.openai_url, api_key=key, max_retries=0, **more)

    with pytest.raises(openai.AuthenticationError, match="Incorrect API key provided") as caught:
        client("sk-some-long-and-wrong-key").models.list()
    assert caught.value.code == "invalid_api_key" and "long-and" not in str(caught.value)
    with pytest.raises(openai.AuthenticationError, match="didn't provide an API key"):
        client().models.list(extra_headers={"Authorization": ""})
    account = still_sandbox.openai.default_account
    assert client(organization=account.id, project=account.projects[0]).models.list().data
    with pytest.raises(openai.AuthenticationError) as caught:
        client(organization="org-other").models.list()
    assert caught.value.code == "mismatched_organization"
    with pytest.raises(openai.AuthenticationError) as caught:
        client(project="proj_other").models.list()
    assert caught.value.code == "mismatched_project"


def test_accounts_do_not_see_each_other(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    key = still_sandbox.openai.add_account("globex")["api_key"]
    other = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=key, max_retries=0)
    file = client.files.create(file=("a.jsonl", EXAMPLE), purpose="fine-tune")
    assert other.files.list().data == []
    with pytest.raises(openai.NotFoundError):
        other.files.retrieve(file.id)


def test_a_closed_organisation_can_do_all_but_create(
    still_sandbox: Sandbox, client: openai.OpenAI, start: Callable[..., Any]
) -> None:
    first, second = start(), start()
    still_sandbox.advance(2000)
    done = client.fine_tuning.jobs.retrieve(first.id)
    running = start()
    still_sandbox.openai.change_account(closed=True)
    with pytest.raises(openai.PermissionDeniedError, match="not allowed to create fine-tuning jobs"):
        start(training_file=second.training_file)
    assert len(client.fine_tuning.jobs.list().data) == 3
    assert client.fine_tuning.jobs.cancel(running.id).status == "cancelled"
    assert client.files.content(done.result_files[0]).content
    assert done.fine_tuned_model and client.models.delete(done.fine_tuned_model).deleted


def test_deleting_models_needs_the_owner(
    still_sandbox: Sandbox, client: openai.OpenAI, start: Callable[..., Any]
) -> None:
    job = start()
    still_sandbox.advance(2000)
    name = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model or ""
    still_sandbox.openai.change_account(role="member")
    with pytest.raises(openai.PermissionDeniedError, match="Owner"):
        client.models.delete(name)
    still_sandbox.openai.change_account(role="owner")
    with pytest.raises(openai.PermissionDeniedError, match="not one of your fine-tuned models"):
        client.models.delete("gpt-4o")
    with pytest.raises(openai.NotFoundError):
        client.models.delete("gpt-9")
    assert client.models.delete(name).deleted


def test_model_limits_and_unknown_paths(still_sandbox: Sandbox, client: openai.OpenAI) -> None:
    limits: Any = client.get("/fine_tuning/model_limits", cast_to=object)
    assert {"model": "gpt-4o-mini-2024-07-18", "max_concurrent_jobs": 3}.items() <= next(
        item for item in limits["data"] if item["model"].startswith("gpt-4o-mini")
    ).items()
    with pytest.raises(openai.NotFoundError, match="Invalid URL"):
        client.get("/nothing/here", cast_to=object)


def test_graders(client: openai.OpenAI) -> None:
    graders = client.fine_tuning.alpha.graders
    check: Any = {
        "type": "string_check",
        "name": "same",
        "operation": "eq",
        "input": "{{sample.output_text}}",
        "reference": "{{item.answer}}",
    }
    assert graders.validate(grader=check).grader
    assert graders.run(grader=check, model_sample="4", item={"answer": "4"}).reward == 1.0
    assert graders.run(grader=check, model_sample="5", item={"answer": "4"}).reward == 0.0
    multi: Any = {"type": "multi", "name": "m", "graders": {"a": check}, "calculate_output": "0.5 * a + 0.1"}
    result = graders.run(grader=multi, model_sample="4", item={"answer": "4"})
    assert result.reward == pytest.approx(0.6) and result.sub_rewards == {"a": 1.0}
    for bad in (
        {**check, "operation": "same"},
        {**check, "colour": 1},
        {**multi, "calculate_output": "b"},
        {**multi, "calculate_output": "__import__('os')"},
        {"type": "magic"},
    ):
        with pytest.raises(openai.BadRequestError):
            graders.validate(grader=bad)
    code: Any = {"type": "python", "name": "p", "source": "raise SystemExit"}
    assert graders.run(grader=code, model_sample="x").metadata.errors.python_grader_server_error
