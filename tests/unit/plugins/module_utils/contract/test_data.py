# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Content that is sent once, and known by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.resource import Resource, needs
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.contract.steps import (
    foreseen,
    unchanged,
)


def content_of(resource: Resource, topic: str = "bot") -> tuple[str, str]:
    """Some content, and its hash."""
    content: str = resource.like("bot", topic)["content"]
    return content, hashlib.sha256(content.encode()).hexdigest()


@needs("is_data")
def test_sent_once_and_as_it_is(resource: Resource) -> None:
    content, sha256 = content_of(resource)
    preview = resource.present(check_mode=True)
    made = resource.present()
    assert preview[resource.named] == made[resource.named] == f"bot-{sha256[:12]}.jsonl"
    assert (made["sha256"], made["bytes"]) == (sha256, len(content))
    assert made["examples"] == preview["examples"] == content.count("\n")
    assert made["validation"]["valid"] is True
    assert resource.body(made[resource.named]) == content
    resource.sandbox.clear_log()
    assert resource.present()["changed"] is False
    assert len(resource.sandbox.requests()) <= 2


@needs("is_data")
def test_edited_is_another_renamed_is_not(resource: Resource, tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text(content_of(resource)[0])
    first = resource.task("bot", src=str(source))
    moved = source.rename(tmp_path / "b.jsonl")
    unchanged(resource, first["run_id"], resource.task, name="bot", src=str(moved))
    moved.write_text(content_of(resource, "letters")[0])
    second = foreseen(resource, resource.task, name="bot", src=str(moved))
    assert second["changed"] is True
    assert sorted(resource.existing()) == sorted([first["run_id"], second["run_id"]])


@needs("is_data", "own_name")
def test_called_as_its_file_in_a_folder(resource: Resource, tmp_path: Path) -> None:
    source = tmp_path / "letters.jsonl"
    source.write_text(content_of(resource)[0])
    given = {"name": None, "src": str(source), "prefix": "training/2026/"}
    made = foreseen(resource, resource.task, **given)
    assert made[resource.named] == f"training/2026/letters-{content_of(resource)[1][:12]}.jsonl"
    unchanged(resource, made["run_id"], resource.task, **given)


@needs("is_data", "own_name")
def test_a_name_of_its_own(resource: Resource) -> None:
    """What is there under it is written over; so is what somebody else has put there since."""
    name = {resource.named: "train.jsonl"}
    for topic, action in (("bot", "create"), ("letters", "update")):
        content, _sha256 = content_of(resource, topic)
        for _turn in range(2):
            made = foreseen(resource, resource.task, name="bot", content=content, **name)
            assert (made["action"], made[resource.named]) == (action, "train.jsonl")
            assert resource.body("train.jsonl") == content
            unchanged(resource, made["run_id"], resource.task, name="bot", content=content, **name)
            resource.host.put("theirs", "train.jsonl")
            action = "update"
    for changed in (True, False):
        gone = foreseen(resource, resource.task, name=None, state="absent", **name)
        assert gone["changed"] is changed


@needs("is_data", "own_name")
def test_other_bytes_under_our_name_are_mended(resource: Resource) -> None:
    """What a training is paid for is what was validated."""
    name = resource.present()[resource.named]
    resource.host.put("junk", name)
    assert foreseen(resource, resource.present)["changed"] is True
    assert resource.body(name) == content_of(resource)[0]


@needs("is_data")
def test_an_invalid_one_is_not_sent(resource: Resource) -> None:
    content, _sha256 = content_of(resource)
    wrong = content + "this is no JSON\n"
    for check_mode in (True, False):
        with pytest.raises(InvalidInput, match="not a valid dataset") as caught:
            resource.task("bot", content=wrong, check_mode=check_mode)
        assert f"line {len(wrong.splitlines())}: " in caught.value.text()
        assert caught.value.facts["validation"]["valid"] is False
    assert resource.sandbox.requests() == []
    forced = resource.task("bot", content=wrong, validate=False)
    assert (forced["changed"], forced["validation"]["valid"]) == (True, False)


@needs("is_data", "can_delete")
def test_absent_by_its_content_or_by_its_name(resource: Resource) -> None:
    for topic in ("bot", "letters"):
        resource.task("bot", **resource.like("bot", topic))
    others = 0
    if resource.traits.own_name:
        resource.present(prefix="teams/")
        resource.host.put("theirs", "bot-readme.txt")
        others = 1
    for options, left in (({"content": content_of(resource)[0]}, others + 1), ({}, others)):
        for changed in (True, False):
            gone = foreseen(resource, resource.task, name="bot", state="absent", **options)
            assert (gone["changed"], len(resource.existing())) == (changed, left)
    if resource.traits.own_name:
        assert resource.body("bot-readme.txt") == "theirs"
        assert len(resource.existing("teams/bot")) == 1
