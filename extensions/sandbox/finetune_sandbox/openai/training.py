# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated training: durations, learning curves, events, checkpoints.

Pure functions of a job and the time.
"""

from __future__ import annotations

import io
import math
import zlib
from collections.abc import Iterator
from typing import Any

from finetune_sandbox.openai.state import Job, Settings
from finetune_sandbox.server.ids import derived

MAX_POINTS = 2000
"""A job of more steps reports every n-th of them, and the last."""
_KEPT_CHECKPOINTS = 3
_MIN_SECONDS, _MAX_SECONDS = 480.0, 900.0


def resolve(job: Job, settings: Settings) -> None:
    """Fix what "auto" leaves open, once the number of examples is known, and with it steps and duration."""
    n = max(1, job.examples)
    epochs = 3
    # The aim of the host: between 100 and 25,000 examples seen (OpenAI cookbook, data preparation for chat).
    if n * epochs < 100:
        epochs = min(25, max(1, 100 // n))
    elif n * epochs > 25000:
        epochs = max(1, 25000 // n)
    resolved: dict[str, Any] = {
        "n_epochs": epochs,
        "batch_size": max(1, min(256, round(n * 0.002))),
        "learning_rate_multiplier": job.base.auto_lrm,
    }
    if job.method == "dpo":
        resolved["beta"] = 0.1
    elif job.method == "reinforcement":
        resolved.update(
            batch_size=max(1, min(32, n // 4)),
            n_epochs=min(epochs, 5),
            compute_multiplier=1.0,
            eval_interval=5,
            eval_samples=2,
            reasoning_effort="medium",
        )
    # -1 is "auto" too, where the host has something to choose; for settings of another's own it is a value.
    resolved.update(
        (k, v) for k, v in job.hyperparameters.items() if v not in ("auto", None) and not (v == -1 and k in resolved)
    )
    job.resolved = resolved
    job.epochs = resolved["n_epochs"]
    job.steps = max(1, job.epochs * math.ceil(n / resolved["batch_size"]))
    by_steps = min(_MAX_SECONDS, max(_MIN_SECONDS, job.steps * settings.seconds_per_step))
    job.duration = by_steps if settings.training_seconds is None else settings.training_seconds
    job.duration = max(job.duration, 0.001)


def steps_done(job: Job, now: float) -> int:
    """Steps finished by now."""
    if not job.steps:
        return 0
    if job.status == "succeeded":
        return job.steps
    return min(job.steps, int(job.trained_until(now) / job.duration * job.steps + 1e-9))


def moment_of_step(job: Job, step: int) -> float:
    """The virtual time at which a step ended."""
    return job.moment_of(step / job.steps * job.duration)


def reported_steps(job: Job, done: int) -> Iterator[int]:
    """The steps that have metrics, in order."""
    stride = max(1, math.ceil(job.steps / MAX_POINTS))
    yield from range(stride, done + 1, stride)
    if done == job.steps and done % stride:
        yield done


def epoch_ends(job: Job, done: int) -> list[int]:
    """The steps at which an epoch (RFT: a validation) ended, so far."""
    if job.method == "reinforcement":
        interval = int((job.resolved or {}).get("eval_interval", 5))
        ends = list(range(interval, job.steps, interval)) + [job.steps]
    else:
        ends = [round(job.steps * (epoch + 1) / job.epochs) for epoch in range(job.epochs)]
    return [step for step in ends if 0 < step <= done]


def _noise(job: Job, step: int, what: str) -> float:
    """-1..1, the same for the same seed."""
    return zlib.crc32(f"{job.seed}/{what}/{step}".encode()) / 0x7FFFFFFF - 1.0


def metrics(job: Job, step: int, full: bool) -> dict[str, float]:
    """The metrics of one step; `full`: with the validation over the whole file, as at the end of an epoch."""
    share = step / job.steps
    fall = math.exp(-3.2 * share)
    if job.method == "reinforcement":
        reward = 0.3 + 0.5 * (1 - fall) + 0.03 * _noise(job, step, "reward")
        values = {"train_mean_reward": round(reward, 5)}
        if full:
            values["full_valid_mean_reward"] = round(reward - 0.02 + 0.01 * _noise(job, step, "valid"), 5)
        return values
    start = 0.7 if job.method == "dpo" else 2.3
    loss = 0.12 + (start - 0.12) * fall * (1 + 0.08 * _noise(job, step, "loss"))
    accuracy = min(0.999, 0.97 - 0.45 * fall + 0.01 * _noise(job, step, "accuracy"))
    values = {"train_loss": round(loss, 5), "train_mean_token_accuracy": round(accuracy, 5)}
    if job.validation_file is not None:
        gap = 1.05 + 0.1 * share
        valid, valid_accuracy = loss * gap, accuracy - 0.02 - 0.01 * share
        if full or step % max(1, job.steps // 20) == 0:
            values["valid_loss"] = round(valid * (1 + 0.03 * _noise(job, step, "valid")), 5)
            values["valid_mean_token_accuracy"] = round(valid_accuracy, 5)
        if full:
            values["full_valid_loss"] = round(valid, 5)
            values["full_valid_mean_token_accuracy"] = round(valid_accuracy, 5)
    return values


def result_csv(job: Job) -> bytes:
    """The result file: one row a step, empty cells where there was no validation."""
    table = io.StringIO()
    ends = set(epoch_ends(job, job.steps))
    if job.method == "reinforcement":
        table.write("step,train_mean_reward,full_valid_mean_reward\n")
        for step in reported_steps(job, job.steps):
            values = metrics(job, step, step in ends)
            table.write(f"{step},{values['train_mean_reward']},{values.get('full_valid_mean_reward', '')}\n")
        return table.getvalue().encode()
    table.write("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n")
    for step in reported_steps(job, job.steps):
        values = metrics(job, step, step in ends)
        valid, accuracy = values.get("valid_loss", ""), values.get("valid_mean_token_accuracy", "")
        table.write(f"{step},{values['train_loss']},{values['train_mean_token_accuracy']},{valid},{accuracy}\n")
    return table.getvalue().encode()


def events(job: Job, now: float) -> list[dict[str, Any]]:
    """All events so far, newest first."""
    listed: list[tuple[float, int, dict[str, Any]]] = []
    for index, (when, level, message, kind) in enumerate(job.messages):
        if when <= now:
            data: dict[str, Any] = {}
            listed.append((when, 10**9 + index, _event(job, f"m{index}", when, level, message, kind, data)))
    done = steps_done(job, now)
    ends = set(epoch_ends(job, done))
    for step in reported_steps(job, done):
        when = moment_of_step(job, step)
        values = metrics(job, step, step in ends)
        data = {"step": step, "total_steps": job.steps, **values}
        message = f"Step {step}/{job.steps}: training loss={values.get('train_loss', 0):.2f}"
        if job.method == "reinforcement":
            message = f"Step {step}/{job.steps} , train mean reward={values['train_mean_reward']:.2f}"
            if step in ends:
                message += (
                    f", full validation mean reward={values['full_valid_mean_reward']:.2f}, "
                    "full validation mean parse error=0.00"
                )
            data.update(
                scores={
                    "train_reward_mean": values["train_mean_reward"],
                    "valid_reward_mean": values.get("full_valid_mean_reward"),
                },
                errors={"train_parse_error_mean": 0.0},
                usage={},
                timing={},
            )
        elif "valid_loss" in values:
            message += f", validation loss={values['valid_loss']:.2f}"
        if "full_valid_loss" in values:
            message += f", full validation loss={values['full_valid_loss']:.2f}"
        listed.append((when, step, _event(job, f"s{step}", when, "info", message, "metrics", data)))
    listed.sort(key=lambda entry: entry[:2], reverse=True)
    return [event for _unused, _unused2, event in listed]


def _event(
    job: Job, key: str, when: float, level: str, message: str, kind: str, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "object": "fine_tuning.job.event",
        "id": derived("ftevent-", job.id, key),
        "created_at": int(when),
        "level": level,
        "message": message,
        "data": data,
        "type": kind,
    }


def checkpoints(job: Job, now: float, model_name: str) -> list[dict[str, Any]]:
    """The checkpoints kept so far, newest first: of RFT the three best, else the last three."""
    ends = epoch_ends(job, steps_done(job, now))
    if job.method == "reinforcement":
        best = sorted(ends, key=lambda step: metrics(job, step, True)["full_valid_mean_reward"], reverse=True)
        ends = sorted(best[:_KEPT_CHECKPOINTS])
    listed = []
    for step in reversed(ends[-_KEPT_CHECKPOINTS:]):
        name = model_name if step == job.steps else f"{model_name}:ckpt-step-{step}"
        listed.append(
            {
                "object": "fine_tuning.job.checkpoint",
                "id": derived("ftckpt_", job.id, step),
                "created_at": int(moment_of_step(job, step)),
                "fine_tuned_model_checkpoint": name,
                "fine_tuning_job_id": job.id,
                "metrics": {"step": step, **metrics(job, step, True)},
                "step_number": step,
            }
        )
    return listed
