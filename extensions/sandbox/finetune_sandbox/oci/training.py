# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated training: steps, losses and log lines. Pure functions of a work request."""

from __future__ import annotations

import math
import zlib

from finetune_sandbox.oci.state import Model, WorkRequest

MAX_LINES = 200
"""A training of more logged steps shows every n-th of them."""


def steps(model: Model, records: int) -> tuple[int, int]:
    """(steps, epochs); four fifths of the records are trained on."""
    config = (model.fine_tune or {}).get("trainingConfig", {})
    epochs = int(config.get("totalTrainingEpochs", 1))
    batch = int(config.get("trainingBatchSize", 8))
    return max(1, math.ceil(records * 0.8 / batch)) * epochs, epochs


def _noise(model: Model, step: int, what: str) -> float:
    """-1..1, the same for the same model."""
    return zlib.crc32(f"{model.id}/{what}/{step}".encode()) / 0x7FFFFFFF - 1.0


def metrics(model: Model, step: int, total: int) -> tuple[float, float]:
    """(accuracy, loss) after a step (from 1)."""
    fall = math.exp(-3.0 * step / total)
    loss = round(0.31 + 1.8 * fall * (1 + 0.05 * _noise(model, step, "loss")), 6)
    accuracy = round(0.93 - 0.5 * fall * (1 + 0.05 * _noise(model, step, "accuracy")), 6)
    return accuracy, loss


def final(model: Model, records: int) -> tuple[float, float]:
    """(accuracy, loss) of a model that is trained."""
    total = steps(model, records)[0]
    return metrics(model, total, total)


def lines(work: WorkRequest, model: Model, now: float) -> list[tuple[float, str]]:
    """The log lines of the steps done by now: (time, text)."""
    if work.started_at is None or not work.records:
        return []
    begin, until = work.started_at + work.validation, min(now, work.finished_at or now)
    seconds = work.duration - work.validation
    total, epochs = steps(model, work.records)
    interval = int((model.fine_tune or {}).get("trainingConfig", {}).get("logModelMetricsIntervalInSteps", 10))
    if not interval:  # logs none
        return []
    stride = interval * max(1, math.ceil(total / interval / MAX_LINES))
    found = []
    for step in range(stride, total + 1, stride):
        when = begin + seconds * step / total
        if when > until:
            break
        accuracy, loss = metrics(model, step, total)
        epoch = (step - 1) * epochs // total + 1
        found.append((when, f"Step {step}/{total}, epoch {epoch}/{epochs}: loss {loss}, accuracy {accuracy}"))
    return found
