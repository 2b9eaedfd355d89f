# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the sandbox and the tools importable, and gives one to every test that asks for it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_ROOT / folder) for folder in ("extensions/sandbox", "tests/tools")]

# What make was given; ansible-test hands on nothing of the environment.
for _name in ("loops", "agreement"):
    _given = Path(__file__).resolve().parents[1] / "output" / _name
    if _given.is_file() and _given.read_text(encoding="utf-8"):
        os.environ[f"LLMOPS_{_name.upper()}"] = _given.read_text(encoding="utf-8")

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def pytest_configure(config: pytest.Config) -> None:
    """ansible-test would fork a process for each test, which takes longer than most of them. Ours share one."""
    # The SDKs are a million objects that stay: walked for each few hundred new ones, they are a tenth of all time.
    gc.set_threshold(50_000, 20, 100)
    forking = config.pluginmanager.get_plugin("ansible_forked")
    if forking is not None:
        config.pluginmanager.unregister(forking)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox whose clock runs fast: a whole job takes about half a second."""
    from finetune_sandbox import Sandbox

    with Sandbox(speed=1000, seed=7) as running:
        yield running


@pytest.fixture
def still_sandbox() -> Iterator[Sandbox]:
    """A fresh sandbox whose clock stands still; `advance` moves it."""
    from finetune_sandbox import Sandbox

    with Sandbox(speed=0, seed=7) as running:
        yield running
