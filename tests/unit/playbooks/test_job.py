# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbook fine_tune, as they are read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.llmops.finetune.plugins.plugin_utils._job import read_job, take_data

_ONE = {
    "tune_provider": "openai",
    "tune_name": "bot",
    "tune_base_model": "gpt-4o-mini",
    "tune_training_data": "https://data.example/sets/bot.jsonl?sig=x",
}


def _read(*, data_url: str = "", **given: Any) -> dict[str, Any]:
    return read_job(given, data_url)


def test_texts_of_a_survey_are_values() -> None:
    job = _read(
        **_ONE,
        tune_wait="false",
        tune_wait_timeout="120",
        tune_validation_data="",
        tune_retry_failed="true",
        tune_hyperparameters="epochs: 2\n",
        tune_openai='{"suffix": "b"}',
    )
    assert job["problems"] == []
    assert job["given"]["tune_wait"] is False
    assert job["models"] == [
        {
            "state": "present",
            "provider": "openai",
            "name": "bot",
            "base_model": "gpt-4o-mini",
            "training_data": _ONE["tune_training_data"],
            "wait_timeout": 120,
            "retry_failed": True,
            "hyperparameters": {"epochs": 2},
            "openai": {"suffix": "b"},
        }
    ]


def test_entries_are_merged_with_the_variables() -> None:
    models = "[{name: a}, {name: b, hyperparameters: {epochs: 3}, state: absent}]"
    job = _read(**{**_ONE, "tune_name": None}, tune_models=models, tune_hyperparameters={"epochs": 1, "batch_size": 4})
    assert job["problems"] == []
    assert [model["name"] for model in job["models"]] == ["a", "b"]
    assert job["models"][1]["hyperparameters"] == {"epochs": 3, "batch_size": 4}
    # The second model is not trained, so its data are not needed.
    assert len(job["downloads"]) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"tune_epochs": 3}, "tune_epochs is not known; the variables are tune_provider, "),
        ({"tune_name": ""}, "tune_name is missing."),
        ({"tune_base_model": None}, "tune_base_model is missing."),
        ({"tune_models": [{}], "tune_name": ""}, "tune_models[1]: name (or tune_name for all) is missing."),
        ({"tune_openai": {"api_key": "k"}}, "openai.api_key belongs in a credential of openai, not in a variable."),
        ({"tune_training_data": "s3://b/k"}, "training_data is fetched from https:// and http:// only."),
        ({"tune_training_data": "https://a b"}, "training_data is not a URL, because it has a space."),
        ({"tune_training_data_sha256": "abc"}, "training_data_sha256 is not 64 hexadecimal digits."),
        ({"tune_validation_data_sha256": "0" * 64}, "validation_data_sha256 is for data that is fetched from a URL."),
        ({"tune_hyperparameters": "{epochs: 3"}, "tune_hyperparameters is neither YAML nor JSON (line 1, column 11)."),
        ({"tune_state": "gone"}, "value of tune_state must be one of"),
        ({"tune_wait_timeout": "many"}, "'tune_wait_timeout' is of type"),
        ({"tune_models": "name: bot"}, "'tune_models' is of type"),
    ],
)
def test_problems_are_named(given: dict[str, Any], says: str) -> None:
    problems = _read(**{**_ONE, **given})["problems"]
    assert [problem for problem in problems if says in problem], problems


def test_a_secret_is_not_quoted() -> None:
    job = _read(
        **{**_ONE, "tune_training_data": "https://bob:hunter22@data.example/x"}, tune_openai="{api_key: hunter22"
    )
    assert len(job["problems"]) == 2
    assert "hunter22" not in str(job["problems"])


def test_downloads() -> None:
    elsewhere = "https://data.example.org/x"
    sha256 = "AB" * 32
    job = _read(
        **_ONE,
        tune_training_data_sha256=sha256,
        tune_validation_data=elsewhere,
        tune_models=[{}, {"name": "other"}],
        data_url="https://data.example",
    )
    assert job["downloads"] == [
        {
            "url": _ONE["tune_training_data"],
            "checksum": f"sha256:{sha256.lower()}",
            "file": "1-bot.jsonl",
            "with_credential": True,
        },
        # Another host, although its name begins alike.
        {"url": elsewhere, "checksum": "", "file": "2-x", "with_credential": False},
    ]


class TestData:
    """Where the data are after the downloads."""

    def test_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "here.jsonl").write_text("{}")
        data = ["here.jsonl", "files/elsewhere.jsonl", "~/home.jsonl", '{"messages": []}\n', "here.jsonl"]
        states = ["present"] * 4 + ["absent"]
        entries = [{"validation_data": value, "state": state} for value, state in zip(data, states, strict=True)]
        job = _read(**_ONE, tune_models=entries)
        taken = take_data(job, [{"status_code": 200, "dest": "/tmp/1-bot.jsonl"}])
        assert taken["problems"] == []
        models = taken["models"]
        assert [model["validation_data"] for model in models] == [str(tmp_path / "here.jsonl"), *data[1:]]
        assert [model["training_data"] for model in models][3:] == ["/tmp/1-bot.jsonl", _ONE["tune_training_data"]]

    def test_hashes_are_not_for_the_role(self) -> None:
        job = _read(**_ONE, tune_training_data_sha256="0" * 64)
        model = take_data(job, [{"status_code": 200, "dest": "/tmp/1"}])["models"][0]
        assert not [key for key in model if key.endswith("sha256")]

    @pytest.mark.parametrize(
        ("result", "says"),
        [
            (
                {"status_code": 404, "msg": f"Request of {_ONE['tune_training_data']} failed"},
                "https://data.example/sets/bot.jsonl was not fetched: Request of the URL failed (HTTP 404)."
                " No credential for data with this beginning of the URL was given.",
            ),
            (
                {"checksum_src": "ab", "msg": "The checksum for ab did not match"},
                "https://data.example/sets/bot.jsonl was not fetched: its sha256 is not the one that is given.",
            ),
            ({"msg": "timed out"}, "https://data.example/sets/bot.jsonl was not fetched: timed out."),
        ],
    )
    def test_a_failed_download_is_named_without_its_query(self, result: dict[str, Any], says: str) -> None:
        assert take_data(_read(**_ONE), [result])["problems"] == [says]
