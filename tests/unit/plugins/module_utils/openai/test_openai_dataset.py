# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_dataset through the engine, against the sandbox."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
    RunFailed,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai import dataset, files
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import Host, chat_lines

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

SHA = hashlib.sha256(chat_lines().encode()).hexdigest()


def stored(host: Host) -> list[Any]:
    return list(host.sandbox.openai.default_account.files.by_id.values())


class TestEveryDialect:
    def test_the_name_of_the_file(self, any_host: Host, tmp_path: Path) -> None:
        source = tmp_path / "letters.jsonl"
        source.write_text(chat_lines())
        assert any_host.dataset(None, None, src=str(source))["filename"] == f"letters-{SHA[:12]}.jsonl"

    def test_by_its_id(self, any_host: Host) -> None:
        file_id = any_host.file()
        found = any_host.dataset(None, None, file_id=file_id)
        assert (found["changed"], found["file_id"], found["sha256"]) == (False, file_id, SHA[:12])
        for name in (None, "parcels"):
            with pytest.raises(ApiError, match="file-nothere"):
                any_host.dataset(None, name, file_id="file-nothere")
        assert any_host.dataset(None, None, file_id=file_id, state="absent")["changed"] is True
        assert stored(any_host) == []

    @pytest.mark.parametrize("name", [None, "parcels"])
    def test_by_the_id_that_check_mode_predicts(self, any_host: Host, name: str | None) -> None:
        """The data need not be there yet, whatever older data has the name."""
        any_host.file(chat_lines(topic="letters"))
        file_id = any_host.dataset(chat_lines(), check_mode=True)["file_id"]
        found = any_host.dataset(None, name, file_id=file_id, check_mode=True)
        assert (found["changed"], found["file_id"]) == (True, file_id)


class TestProcessing:
    def test_one_with_an_error_is_sent_again(self, host: Host) -> None:
        host.sandbox.openai.scenario("file_error")
        with pytest.raises(RunFailed, match="could not be processed"):
            host.dataset(chat_lines())
        result = host.dataset(chat_lines())
        assert (result["changed"], result["action"], result["status"]) == (True, "retry", "processed")
        assert host.dataset(chat_lines())["changed"] is False

    def test_expired_is_sent_again(self, host: Host) -> None:
        first = host.dataset(chat_lines(), expires_after=3600)
        assert first["expires_at"] == first["created_at"] + 3600
        assert host.dataset(chat_lines(), expires_after=3600)["changed"] is False
        host.sandbox.advance(4000)
        second = host.dataset(chat_lines(), expires_after=3600)
        assert (second["changed"], second["file_id"] != first["file_id"]) == (True, True)

    def test_another_life_is_a_warning(self, host: Host) -> None:
        host.dataset(chat_lines(), expires_after=3600)
        assert host.dataset(chat_lines(), expires_after=7200)["changed"] is False
        assert any("expires_after: 3600 -> 7200" in warning for warning in host.warnings)


class TestParts:
    """Above the limit of the Files API the file goes in parts."""

    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dataset, "_LARGEST_FILE", 1000)
        monkeypatch.setattr(dataset, "_PART", 300)

    def test_in_parts(self, host: Host) -> None:
        content = chat_lines(20)
        result = host.dataset(content)
        assert (result["changed"], result["status"]) == (True, "processed")
        assert host.sandbox.count("openai.uploads.parts.create") == -(-len(content) // 300)
        assert host.sandbox.count("openai.files.create") == 0
        assert stored(host)[0].path.read_text() == content
        assert host.dataset(content)["changed"] is False

    def test_a_host_without_parts(self, still_sandbox: Sandbox) -> None:
        host = Host(still_sandbox, "compatible")
        content = chat_lines(20)
        assert host.dataset(content)["status"] == "processed"
        assert stored(host)[0].path.read_text() == content

    def test_an_upload_that_fails_is_cancelled(self, host: Host) -> None:
        host.sandbox.fault("openai.uploads.parts.create", status=403, after=2)
        with pytest.raises(ApiError, match="Uploading part 3 of"):
            host.dataset(chat_lines(20))
        assert stored(host) == []
        uploads = host.sandbox.openai.default_account.uploads.values()
        assert [upload.status for upload in uploads] == ["cancelled"]

    def test_a_part_that_is_lost_is_sent_again(self, host: Host) -> None:
        host.sandbox.fault("openai.uploads.parts.create", status=500, after=1, times=1)
        content = chat_lines(20)
        host.dataset(content)
        assert stored(host)[0].path.read_text() == content

    def test_the_answer_to_the_last_call_is_lost(self, host: Host) -> None:
        host.sandbox.fault("openai.uploads.complete", reset="after", times=1)
        content = chat_lines(20)
        result = host.dataset(content)
        assert (result["changed"], result["status"], len(stored(host))) == (True, "processed", 1)


class TestChangedMeanwhile:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        path = tmp_path / "data.jsonl"
        path.write_text(chat_lines(30))
        return path

    @pytest.mark.parametrize("size", ["same", "longer", "shorter"])
    @pytest.mark.parametrize("parts", [False, True])
    def test_nothing_is_left(
        self, host: Host, source: Path, monkeypatch: pytest.MonkeyPatch, size: str, parts: bool
    ) -> None:
        """Somebody writes to the file between its validation and the end of the upload."""
        if parts:
            monkeypatch.setattr(dataset, "_LARGEST_FILE", 1000)
            monkeypatch.setattr(dataset, "_PART", 900)
        original = dataset.Dataset.observe

        def observe(self: dataset.Dataset, run_id: str | None) -> Any:
            lines = {"same": 30, "longer": 40, "shorter": 20}[size]
            source.write_text(chat_lines(lines, topic="letters"))
            os.utime(source, ns=(1, 1))
            return original(self, run_id)

        monkeypatch.setattr(dataset.Dataset, "observe", observe)
        with pytest.raises(FineTuneError, match="changed while it was uploaded") as caught:
            host.dataset(None, "parcels", src=str(source))
        assert stored(host) == []
        assert caught.value.hint


def test_a_name_is_needed_and_no_id_beside_content(host: Host) -> None:
    for options, words in (
        ({"name": None}, "name is missing"),
        ({"file_id": "file-1"}, "file_id is given with"),
    ):
        with pytest.raises(InvalidInput, match=words):
            host.dataset(**{"content": chat_lines(), **options})
    assert host.sandbox.count() == 0


def test_found_among_many(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a later page of the list."""
    monkeypatch.setattr(files, "_PAGE", 100)
    file_id = host.file()
    host.sandbox.openai.seed(files=[{"ago": 0.0}] * 350)
    host.sandbox.clear_log()
    assert host.dataset(chat_lines())["file_id"] == file_id
    assert host.sandbox.count("openai.files.list") == 4
