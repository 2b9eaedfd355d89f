# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all drivers have in common: what was asked never changes; what is looked up of it stands in a copy."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.types import Run
from ansible_collections.llmops.finetune.plugins.module_utils._providers.toolkit.driver import BaseDriver


class Driver(BaseDriver):
    def request(self) -> dict[str, Any]:
        return dict(self.resolved)

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        return {}


def test_what_is_looked_up_makes_a_copy() -> None:
    asked = {"data": "s3://b/k", "base": "lite"}
    driver = Driver("bot", asked)
    before = driver.resolved
    driver.resolve("base", "arn:lite")
    assert (before, driver.desired) == (asked, {"data": "s3://b/k", "base": "lite"})
    assert driver.resolved == {"data": "s3://b/k", "base": "arn:lite"}


def test_nothing_writes_to_it() -> None:
    asked = {"base": "lite"}
    driver = Driver("bot", asked)
    asked["base"] = "other"
    assert driver.desired["base"] == "lite"
    for mapping in (driver.desired, driver.resolved):
        with pytest.raises(TypeError):
            mapping["base"] = "other"  # type: ignore[index]
