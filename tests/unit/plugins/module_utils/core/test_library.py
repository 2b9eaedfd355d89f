# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gc
import sys

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import MissingLibrary
from ansible_collections.llmops.finetune.plugins.module_utils._core.library import load


def test_gives_the_library_and_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    assert load("json", "to read JSON") is sys.modules["json"]
    assert gc.isenabled()


def test_a_missing_library_is_named_with_what_it_is_for() -> None:
    with pytest.raises(MissingLibrary) as caught:
        load("no_such_library", "to reach nothing")
    assert (caught.value.library, caught.value.reason) == ("no_such_library", "to reach nothing")
    assert "ModuleNotFoundError" in caught.value.trace
    assert gc.isenabled()


def test_what_is_there_already_is_taken_as_it_is() -> None:
    """Without a walk of the collector for each of the many parts of an SDK."""
    frozen = gc.get_freeze_count()
    assert load("json", "to read JSON") is sys.modules["json"]
    assert gc.get_freeze_count() == frozen
