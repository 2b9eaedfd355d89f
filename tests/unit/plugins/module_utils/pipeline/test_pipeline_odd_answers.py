# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fine_tune at all providers, with answers that are none: names are looked up, data sent, curves read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.odd_answers import Proxy, Story, tell_all
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.pipeline.pipeline_host import Host

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

_CREATES = ("openai.jobs.create", "bedrock.CreateModelCustomizationJob", "oci.CreateModel")


@pytest.mark.parametrize("story", ["first", "again"])
def test_e1_e2_no_answer_is_trusted(
    story: str, host: Host, still_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(monkeypatch)
    made: Counter[str] = Counter()

    def run(here: Host) -> dict[str, Any]:
        result: dict[str, Any] = here.run(*here.every(), details=True)
        return result

    def begin() -> Story:
        still_sandbox.reset()
        here = Host(still_sandbox, tmp_path)
        if story == "again":
            run(here)
        return lambda: run(here)

    def after() -> None:
        made.clear()
        made.update(operation for operation in proxy.wrote if operation in _CREATES)
        assert all(count <= (story == "first") for count in made.values()), made

    tell_all(proxy, story, begin, after, 8)
