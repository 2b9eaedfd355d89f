# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A few trials of tests/chaos; `make chaos` runs as many as one likes."""

from __future__ import annotations

import pytest
from ansible_collections.llmops.finetune.tests.chaos.places import PLACES
from ansible_collections.llmops.finetune.tests.chaos.trials import draw, run
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.bedrock.bedrock_host import (
    nothing_of_this_machine,
)

_TRIALS = 30


@pytest.mark.parametrize("seed", range(1, _TRIALS + 1))
def test_h4_one_model_whatever_goes_wrong(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place in turn, so that none is left out."""
    from finetune_sandbox import Sandbox

    nothing_of_this_machine(monkeypatch)
    for variable in ("AWS_ENDPOINT_URL_S3", "OCI_SERVICE_ENDPOINT"):
        monkeypatch.setenv(variable, "")  # restored after the trial, which sets it
    place = list(PLACES)[seed % len(PLACES)]
    outcome = run(draw(seed, [place]), lambda seed: Sandbox(speed=0, seed=seed))
    assert not outcome.wrong, f"{outcome.trial}: {outcome.wrong}"
