# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of a job, seen through the SDK."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai.types import Model
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'

Start = Callable[..., Any]


def strictly(kind: Any, value: Any) -> None:
    """The SDK builds its models without checking; here they are checked."""
    TypeAdapter(kind).validate_python(value.to_dict(), strict=True)


def test_a_job_goes_through_its_states_to_a_model(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    job = start(suffix="Helpdesk", metadata={"team": "a"}, seed=5)
    seen = [job.status]
    strictly(FineTuningJob, job)
    assert job.hyperparameters.n_epochs == "auto"
    assert not [m for m in client.models.list() if m.id.startswith("ft:")]
    for seconds in (20, 20, 100, 400):
        still_sandbox.advance(seconds)
        job = client.fine_tuning.jobs.retrieve(job.id)
        strictly(FineTuningJob, job)
        seen.append(job.status)
        if job.status == "running":
            assert job.estimated_finish and job.finished_at is None and job.fine_tuned_model is None
    assert seen == ["validating_files", "queued", "running", "running", "succeeded"]
    assert job.model == "gpt-4o-mini-2024-07-18"
    assert job.fine_tuned_model.startswith("ft:gpt-4o-mini-2024-07-18:acme:helpdesk:")
    assert (job.hyperparameters.n_epochs, job.seed, job.metadata) == (5, 5, {"team": "a"})
    assert job.trained_tokens and job.finished_at > job.created_at
    model = client.models.retrieve(job.fine_tuned_model)
    strictly(Model, model)
    assert client.models.delete(model.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.models.delete(model.id)


def test_events_checkpoints_and_results_agree(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    file = client.files.create(file=("v.jsonl", EXAMPLE * 4), purpose="fine-tune")
    job = start(validation_file=file.id, hyperparameters={"n_epochs": 4, "batch_size": 2})
    still_sandbox.advance(160)
    running = list(client.fine_tuning.jobs.list_events(job.id, limit=7))
    steps = [e.data["step"] for e in running if e.type == "metrics"]
    assert steps and steps == sorted(steps, reverse=True) and max(steps) < 40
    still_sandbox.advance(600)
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=7))
    for event in events:
        if event.type in {"message", "metrics"}:
            strictly(FineTuningJobEvent, event)
    assert len({event.id for event in events}) == len(events)
    assert {event.id for event in running} <= {event.id for event in events}
    assert [e.created_at for e in events] == sorted((e.created_at for e in events), reverse=True)
    metrics = [event.data for event in events if event.type == "metrics"]
    assert len(metrics) == 40 and metrics[0]["total_steps"] == 40
    assert metrics[0]["train_loss"] < metrics[-1]["train_loss"]

    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id, limit=2))
    for checkpoint in checkpoints:
        strictly(FineTuningJobCheckpoint, checkpoint)
    assert [c.step_number for c in checkpoints] == [40, 30, 20]
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert checkpoints[0].fine_tuned_model_checkpoint == done.fine_tuned_model
    assert checkpoints[1].fine_tuned_model_checkpoint.endswith(":ckpt-step-30")

    rows = base64.b64decode(client.files.content(done.result_files[0]).content, validate=True).decode().splitlines()
    assert rows[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    last = rows[-1].split(",")
    assert last[0] == "40" and float(last[1]) == checkpoints[0].metrics.train_loss
    assert float(last[3]) == checkpoints[0].metrics.valid_loss
    assert client.files.retrieve(done.result_files[0]).purpose == "fine-tune-results"


def test_the_same_seed_gives_the_same_curve(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    jobs = [start(seed=seed) for seed in (3, 3, 4)]
    still_sandbox.advance(2000)
    results = [client.files.content(client.fine_tuning.jobs.retrieve(job.id).result_files[0]).content for job in jobs]
    assert results[0] == results[1] != results[2]


@pytest.mark.parametrize(
    ("members", "status", "code", "param"),
    [
        ({"training_file": None}, 400, "missing_required_parameter", "training_file"),
        ({"model": "gpt-9"}, 400, "model_not_available", "model"),
        ({"model": "text-embedding-3-small"}, 400, "model_not_available", "model"),
        ({"training_file": "file-none"}, 400, "invalid_training_file", "training_file"),
        ({"validation_file": "file-none"}, 400, "invalid_validation_file", "validation_file"),
        ({"hyperparameters": {"n_epochs": 51}}, 400, "integer_above_max_value", "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 0}}, 400, "integer_below_min_value", "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": "3"}}, 400, "invalid_type", "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": True}}, 400, "invalid_type", "hyperparameters.n_epochs"),
        (
            {"hyperparameters": {"batch_size": 257}},
            400,
            "integer_above_max_value",
            "hyperparameters.batch_size",
        ),
        ({"hyperparameters": {"lora_r": 8}}, 400, "unknown_parameter", "hyperparameters.lora_r"),
        (
            {"hyperparameters": {"learning_rate_multiplier": 0}},
            400,
            "decimal_below_min_value",
            "hyperparameters.learning_rate_multiplier",
        ),
        (
            {"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 2.1}}}},
            400,
            "decimal_above_max_value",
            "method.dpo.hyperparameters.beta",
        ),
        ({"method": {"type": "ppo"}}, 400, "invalid_value", "method.type"),
        ({"method": {"supervised": {}}}, 400, "missing_required_parameter", "method.type"),
        ({"method": {"type": "supervised", "dpo": {}}}, 400, "unknown_parameter", "method.dpo"),
        ({"method": {"type": "supervised"}, "hyperparameters": {}}, 400, None, "hyperparameters"),
        ({"suffix": ""}, 400, "empty_string", "suffix"),
        ({"suffix": "s" * 65}, 400, "string_above_max_length", "suffix"),
        ({"suffix": "a:b"}, 400, "invalid_string", "suffix"),
        ({"seed": -1}, 400, "integer_below_min_value", "seed"),
        ({"seed": 2147483648}, 400, "integer_above_max_value", "seed"),
        ({"metadata": {str(i): "" for i in range(17)}}, 400, "object_above_max_properties", "metadata"),
        ({"metadata": {"k" * 65: "v"}}, 400, "string_above_max_length", "metadata"),
        ({"metadata": {"k": "v" * 513}}, 400, "string_above_max_length", "metadata.k"),
        ({"metadata": {"k": 1}}, 400, "invalid_type", "metadata.k"),
        ({"integrations": [{"type": "mlflow"}]}, 400, "invalid_value", "integrations[0].type"),
        ({"integrations": [{"type": "wandb"}]}, 400, "missing_required_parameter", "integrations[0].wandb"),
        (
            {"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 6},
            400,
            "array_above_max_length",
            "integrations",
        ),
        ({"extra_body": {"colour": "red"}}, 400, None, None),
    ],
)
def test_a_bad_request_is_refused_and_makes_no_job(
    still_sandbox: Sandbox,
    start: Start,
    members: dict[str, Any],
    status: int,
    code: str | None,
    param: str | None,
) -> None:
    if members.get("training_file", "") is None:
        members = {**members, "training_file": openai.omit}
    with pytest.raises(openai.APIStatusError) as caught:
        start(**members)
    assert (caught.value.status_code, caught.value.code, caught.value.param) == (status, code, param)
    assert caught.value.body["message"] and caught.value.type == "invalid_request_error"
    assert still_sandbox.openai.jobs() == []


@pytest.mark.parametrize(
    ("members", "resolved"),
    [
        ({"n_epochs": 50, "batch_size": 256, "learning_rate_multiplier": 0.00001}, (50, 256, 0.00001)),
        ({"n_epochs": 1, "batch_size": 1, "learning_rate_multiplier": 10}, (1, 1, 10)),
        ({"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}, (5, 1, 1.8)),
    ],
)
def test_the_bounds_themselves_are_accepted(
    still_sandbox: Sandbox,
    client: openai.OpenAI,
    start: Start,
    members: dict[str, Any],
    resolved: tuple[Any, ...],
) -> None:
    job = start(method={"type": "supervised", "supervised": {"hyperparameters": members}}, suffix="x" * 64)
    still_sandbox.advance(2000)
    shown = client.fine_tuning.jobs.retrieve(job.id).hyperparameters
    assert (shown.n_epochs, shown.batch_size, shown.learning_rate_multiplier) == resolved


GRADER = {
    "type": "string_check",
    "name": "g",
    "input": "{{sample.output_text}}",
    "reference": "a",
    "operation": "eq",
}


def reinforcement_lines(count: int) -> bytes:
    line = {"messages": [{"role": "user", "content": "2+2?"}], "answer": "4"}
    return (json.dumps(line) + "\n").encode() * count


def test_reinforcement(still_sandbox: Sandbox, client: openai.OpenAI, upload: Callable[..., str]) -> None:
    train, valid = upload(reinforcement_lines(12)), upload(reinforcement_lines(3))
    method: Any = {"type": "reinforcement", "reinforcement": {"grader": GRADER}}
    create = client.fine_tuning.jobs.create
    for members, param in [
        ({"training_file": train, "model": "o4-mini", "method": method}, "validation_file"),
        (
            {
                "training_file": train,
                "validation_file": valid,
                "model": "o4-mini",
                "method": {"type": "reinforcement", "reinforcement": {}},
            },
            "method.reinforcement.grader",
        ),
        (
            {"training_file": train, "validation_file": valid, "model": "gpt-4o", "method": method},
            "method.type",
        ),
        ({"training_file": train, "model": "o4-mini"}, "method.type"),
    ]:
        with pytest.raises(openai.BadRequestError) as caught:
            create(**members)
        assert caught.value.param == param
    job = create(model="o4-mini", training_file=train, validation_file=valid, method=method)
    still_sandbox.advance(2000)
    done = client.fine_tuning.jobs.retrieve(job.id)
    assert done.status == "succeeded"
    event = next(e for e in client.fine_tuning.jobs.list_events(job.id) if e.type == "metrics")
    assert "train mean reward=" in event.message and "full validation mean reward=" in event.message
    assert len(client.fine_tuning.jobs.checkpoints.list(job.id).data) <= 3


def test_a_dpo_job_trains_on_preferences(
    still_sandbox: Sandbox, client: openai.OpenAI, upload: Callable[..., str]
) -> None:
    line = {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello!"}],
        "non_preferred_output": [{"role": "assistant", "content": "What?"}],
    }
    good, chat = upload((json.dumps(line) + "\n").encode() * 10), upload()
    jobs = [
        client.fine_tuning.jobs.create(model="gpt-4.1", training_file=file, method={"type": "dpo", "dpo": {}})
        for file in (good, chat)
    ]
    still_sandbox.advance(2000)
    first, second = (client.fine_tuning.jobs.retrieve(job.id) for job in jobs)
    assert first.status == "succeeded"
    assert first.method and first.method.dpo and first.method.dpo.hyperparameters
    assert first.method.dpo.hyperparameters.beta == 0.1
    assert second.status == "failed" and "'input'" in second.error.message


def test_cancel_in_every_state(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    for seconds in (0, 20, 60):
        job = start()
        still_sandbox.advance(seconds)
        cancelled = client.fine_tuning.jobs.cancel(job.id)
        assert cancelled.status == "cancelled" and cancelled.finished_at and cancelled.fine_tuned_model is None
        with pytest.raises(openai.BadRequestError, match="already completed"):
            client.fine_tuning.jobs.cancel(job.id)
    still_sandbox.advance(5000)
    assert {job.status for job in client.fine_tuning.jobs.list()} == {"cancelled"}


def test_pause_keeps_the_progress(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    still_sandbox.openai.settings(training_seconds=100)
    job = start()
    with pytest.raises(openai.BadRequestError, match="cannot be paused"):
        client.fine_tuning.jobs.pause(job.id)
    still_sandbox.advance(100)
    assert client.fine_tuning.jobs.pause(job.id).status == "pausing"
    still_sandbox.advance(10)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "paused"
    still_sandbox.advance(100_000)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "paused"
    assert client.fine_tuning.jobs.resume(job.id).status == "queued"
    with pytest.raises(openai.BadRequestError, match="cannot be resumed"):
        client.fine_tuning.jobs.resume(job.id)
    still_sandbox.advance(20 + 39)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "running"
    still_sandbox.advance(2)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"


def test_a_fourth_job_of_a_model_waits_for_a_place(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    jobs = [start() for _unused in range(4)]
    other = start(model="gpt-4.1")
    still_sandbox.advance(60)

    def states() -> list[str]:
        return [client.fine_tuning.jobs.retrieve(job.id).status for job in [*jobs, other]]

    assert states() == ["running", "running", "running", "queued", "running"]
    client.fine_tuning.jobs.cancel(jobs[0].id)
    assert states() == ["cancelled", "running", "running", "running", "running"]


def test_the_daily_cap(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    still_sandbox.openai.settings(daily_jobs=2)
    file = start().training_file
    start(training_file=file)
    with pytest.raises(openai.RateLimitError, match="maximum of 2 fine-tuning requests per day") as caught:
        start(training_file=file)
    assert (caught.value.code, caught.value.type) == ("daily_rate_limit_exceeded", "invalid_request_error")
    start(model="gpt-4.1", training_file=file)
    still_sandbox.advance(86400)
    start(training_file=file)


@pytest.mark.parametrize(
    ("scenario", "code", "message"),
    [
        ("server_error", "server_error", "internal error"),
        ("unsafe_file", "invalid_training_file", "unsafe training file"),
        ("unsafe_model", "unsafe_model", "safety"),
    ],
)
def test_scenarios(
    still_sandbox: Sandbox, client: openai.OpenAI, start: Start, scenario: str, code: str, message: str
) -> None:
    still_sandbox.openai.scenario(scenario, suffix="doomed")
    healthy, doomed = start(suffix="fine"), start(suffix="doomed")
    again = start(suffix="doomed")
    still_sandbox.advance(2000)
    failed = client.fine_tuning.jobs.retrieve(doomed.id)
    assert failed.status == "failed" and failed.error and failed.error.code == code
    assert message in failed.error.message and failed.fine_tuned_model is None
    assert client.fine_tuning.jobs.retrieve(healthy.id).status == "succeeded"
    assert client.fine_tuning.jobs.retrieve(again.id).status == "succeeded"


def test_a_job_can_be_stuck_in_the_queue(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    still_sandbox.openai.scenario("stuck_queued")
    job = start()
    still_sandbox.advance(10**6)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "queued"


@pytest.mark.parametrize("expire", [True, False])
def test_a_file_that_is_gone_before_training_fails_the_job(
    still_sandbox: Sandbox, client: openai.OpenAI, start: Start, expire: bool
) -> None:
    file = client.files.create(
        file=("t.jsonl", EXAMPLE * 20),
        purpose="fine-tune",
        expires_after={"anchor": "created_at", "seconds": 3600},
    )
    if expire:
        still_sandbox.advance(3595)
    job = start(training_file=file.id)
    if expire:
        still_sandbox.advance(30)
    else:
        client.files.delete(file.id)
        still_sandbox.advance(30)
    failed = client.fine_tuning.jobs.retrieve(job.id)
    assert failed.status == "failed" and file.id in failed.error.message
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)


def test_listing_pages_and_filters(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    still_sandbox.openai.seed(jobs=45, metadata={"who": "w{i}"})
    file = start(metadata={"team": "a", "env": "prod"}).training_file
    start(training_file=file, metadata={"team": "b", "env": ""})
    start(training_file=file)
    jobs = list(client.fine_tuning.jobs.list(limit=10))
    assert len(jobs) == 48 and len({job.id for job in jobs}) == 48
    assert [job.created_at for job in jobs] == sorted((job.created_at for job in jobs), reverse=True)
    assert len(client.fine_tuning.jobs.list().data) == 20

    def found(**metadata: str) -> int:
        return len(list(client.fine_tuning.jobs.list(metadata=metadata, limit=1)))

    assert (found(team="a"), found(team="a", env="x"), found(env=""), found(who="w7")) == (1, 0, 1, 1)
    nulls = client.fine_tuning.jobs.list(extra_query={"metadata": "null"})
    assert [job.metadata for job in nulls] == [None]
    for bad in ({"limit": 101}, {"limit": 0}, {"after": "ftjob-none"}):
        with pytest.raises(openai.BadRequestError):
            client.fine_tuning.jobs.list(**bad)
    page = client.fine_tuning.jobs.with_raw_response.list(limit=1)
    assert set(json.loads(page.content)) == {"object", "data", "has_more"}


def test_creates_at_once_make_as_many_jobs(still_sandbox: Sandbox, start: Start) -> None:
    file = start().training_file
    with ThreadPoolExecutor(8) as pool:
        ids = {job.id for job in pool.map(lambda _: start(training_file=file), range(24))}
    assert len(ids) == 24
    assert len(still_sandbox.openai.jobs()) == 25


def test_a_fine_tuned_model_can_be_tuned_further(still_sandbox: Sandbox, client: openai.OpenAI, start: Start) -> None:
    first = start()
    still_sandbox.advance(2000)
    name = client.fine_tuning.jobs.retrieve(first.id).fine_tuned_model
    second = start(model=name, suffix="more")
    assert second.model == name
    still_sandbox.advance(2000)
    tuned = client.fine_tuning.jobs.retrieve(second.id).fine_tuned_model
    assert tuned.startswith("ft:gpt-4o-mini-2024-07-18:acme:more:")


def test_unknown_job(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Could not find fine tune: ftjob-none") as caught:
        client.fine_tuning.jobs.retrieve("ftjob-none")
    assert caught.value.code == "fine_tune_not_found"
