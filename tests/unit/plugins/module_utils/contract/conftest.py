# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every row is run with every resource that has the traits which it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, described

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A story of a file's STORIES is about traits, too; a resource can have stories of its own besides."""
    if "resource" not in metafunc.fixturenames:
        return
    names, stories = ["resource"], {"": metafunc.function}
    if "story" in metafunc.fixturenames:
        names, stories = ["resource", "story"], metafunc.module.STORIES
    cases = []
    for kind in described():
        own = kind.stories if "story" in names else {}
        for story, row in {**stories, **own}.items():
            missing = [trait for trait in getattr(row, "needs", ()) if not getattr(kind.traits, trait)]
            marks = [pytest.mark.skip(reason=f"not {', '.join(missing)}")] if missing else []
            given = [kind, story][: len(names)]
            cases.append(pytest.param(*given, id="-".join(filter(None, [kind.id, story])), marks=marks))
    metafunc.parametrize(names, cases, indirect=["resource"])


@pytest.fixture
def resource(request: pytest.FixtureRequest, still_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Resource:
    """A resource at a fresh host."""
    kind: type[Resource] = request.param
    kind.patch(monkeypatch, still_sandbox)
    return kind(still_sandbox)
