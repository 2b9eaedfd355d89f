# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated training: steps, losses, and the files in the output bucket. Pure functions of a job."""

from __future__ import annotations

import io
import math
import zlib

from finetune_sandbox.bedrock.catalogue import DISTILLATION
from finetune_sandbox.bedrock.state import Job

MAX_ROWS = 2000
"""A job of more steps writes every n-th of them, and the last."""


def _number(job: Job, name: str, default: float) -> float:
    try:
        return float(job.hyperparameters.get(name, default))
    except ValueError:
        return default


def steps(job: Job) -> tuple[int, int]:
    """(steps, epochs)."""
    epochs = max(1, int(_number(job, "epochCount", 1)))
    if "stepCount" in job.hyperparameters:
        return max(1, int(_number(job, "stepCount", 500))), 1
    batch = max(1.0, _number(job, "batchSize", 1))
    per_epoch = max(1, math.ceil(max(1, job.records) / batch))
    return per_epoch * epochs, epochs


def _noise(job: Job, step: int, what: str) -> float:
    """-1..1, the same for the same job."""
    return zlib.crc32(f"{job.id}/{what}/{step}".encode()) / 0x7FFFFFFF - 1.0


def loss(job: Job, step: int, total: int) -> float:
    """The training loss after a step (from 0)."""
    fall = math.exp(-3.0 * (step + 1) / total)
    return round(0.35 + 1.9 * fall * (1 + 0.06 * _noise(job, step, "loss")), 6)


def validation_loss(job: Job, epoch: int, epochs: int, validator: int) -> float:
    """The loss over a validation set at the end of an epoch (from 0)."""
    fall = math.exp(-3.0 * (epoch + 1) / epochs)
    return round(0.41 + 0.02 * validator + 1.95 * fall * (1 + 0.02 * _noise(job, epoch, f"valid{validator}")), 6)


def finish(job: Job) -> None:
    """Set the metrics of a job that completed: those of the last rows of its files."""
    total, epochs = steps(job)
    job.training_loss = loss(job, total - 1, total)
    count = 0 if job.type == DISTILLATION else len(job.request.get("validationDataConfig", {}).get("validators", []))
    job.validation_losses = [validation_loss(job, epochs - 1, epochs, each) for each in range(count)]


def training_csv(job: Job) -> bytes:
    """step_wise_training_metrics.csv: steps from 0."""
    total, epochs = steps(job)
    stride = max(1, math.ceil(total / MAX_ROWS))
    table = io.StringIO()
    table.write("step_number,epoch_number,training_loss,perplexity\n")
    for step in range(0, total, stride):
        step = step if step + stride < total else total - 1
        value = loss(job, step, total)
        table.write(f"{step},{step * epochs // total},{value},{round(math.exp(value), 6)}\n")
    return table.getvalue().encode()


def validation_csv(job: Job, validator: int) -> bytes:
    """validation_metrics.csv: one row an epoch."""
    total, epochs = steps(job)
    table = io.StringIO()
    table.write("step_number,epoch_number,validation_loss,perplexity\n")
    for epoch in range(epochs):
        value = validation_loss(job, epoch, epochs, validator)
        step = (epoch + 1) * total // epochs - 1
        table.write(f"{step},{epoch},{value},{round(math.exp(value), 6)}\n")
    return table.getvalue().encode()


def files(job: Job, layout: str) -> dict[str, bytes]:
    """What a completed job writes, by path below its own folder. layout: see the setting `validation_layout`."""
    made = {"training_artifacts/step_wise_training_metrics.csv": training_csv(job)}
    for validator in range(len(job.validation_losses)):
        folder = "validation_artifacts/post_fine_tuning_validation/"
        if layout == "samples":
            folder += "validation/" if not validator else f"validation_{validator}/"
        elif validator:
            folder += f"{validator}/"
        made[folder + "validation_metrics.csv"] = validation_csv(job, validator)
    return made
