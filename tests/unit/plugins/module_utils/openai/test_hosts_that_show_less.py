# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that show less than OpenAI: no tuned models in their list, no metadata, other names of base models, no
deletion. What cannot be known is a warning, and never paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.llmops.finetune.plugins.module_utils._engine.errors import (
    ApiError,
    FineTuneError,
    InvalidInput,
)
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.hosts import Host as Kind
from ansible_collections.llmops.finetune.plugins.module_utils._providers._openai.models import (
    ModelEvidence,
    Verdict,
    judge_model,
)
from ansible_collections.llmops.finetune.tests.unit.plugins.module_utils.openai.sandbox_tools import (
    MODEL,
    Host,
    chat_lines,
)

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

DIALECTS = ("openai", "azure", "compatible", "gateway", "selfhosted")
LESS = ("compatible", "gateway", "selfhosted")
RETRAIN: dict[str, Any] = {"retrain": "on_change"}
LATER = 1000  # seconds after which nothing has only just ended
JANUARY_15 = 1800014400.0
HIDDEN = "does not show the model"


def of(sandbox: Sandbox, dialect: str, **settings: Any) -> Host:
    host = Host(sandbox, dialect)
    if settings:
        sandbox.openai.settings(**settings)
    return host


def writes(sandbox: Sandbox) -> list[str]:
    return [f"{call['method']} {call['path']}" for call in sandbox.requests() if call["method"] != "GET"]


# -- table 2: is a model gone? -----------------------------------------------------------------------------------

OPENAI = Kind("openai", "https://api.openai.com/v1", own=True)
AZURE = Kind("azure", "https://res.openai.azure.com")
AZURE_V1 = Kind("azure", "https://res.openai.azure.com/openai/v1", v1=True)
COMPATIBLE = Kind("compatible", "https://llm.example.com/v1")
BASE = {MODEL: {"id": MODEL}}
ENDED = {MODEL: {"id": MODEL, "shutdown_date": "2027-01-14"}}
ENDLESS = {MODEL: {"id": MODEL, "shutdown_date": None}}
OTHERS = {"gpt-9": {"id": "gpt-9"}}
NOW = 1790000000.0  # in September 2026


@pytest.mark.parametrize(
    ("host", "shown", "verdict"),
    [
        *((host, ModelEvidence(found=True, now=NOW), "exists") for host in (OPENAI, AZURE, AZURE_V1, COMPATIBLE)),
        (OPENAI, ModelEvidence(found=True, own={"shutdown_date": "2026-01-01"}, now=NOW), "exists"),
        *((host, ModelEvidence(denied=True, listed=BASE, now=JANUARY_15), "retired") for host in (OPENAI, COMPATIBLE)),
        (OPENAI, ModelEvidence(denied=True, listed=OTHERS, now=JANUARY_15), "retired"),
        (OPENAI, ModelEvidence(denied=True, listed=ENDED, now=JANUARY_15), "retired"),
        (OPENAI, ModelEvidence(denied=True, listed=ENDED, now=NOW), "deleted"),
        (
            OPENAI,
            ModelEvidence(denied=True, listed=ENDLESS, now=JANUARY_15),
            "deleted",
        ),  # the host knows better than the table
        (OPENAI, ModelEvidence(denied=True, listed=OTHERS, now=NOW), "deleted"),
        (AZURE, ModelEvidence(denied=True, listed=BASE, now=NOW), "deleted"),
        (AZURE, ModelEvidence(denied=True, listed=BASE, now=JANUARY_15), "deleted"),  # it has a calendar of its own
        (AZURE, ModelEvidence(denied=True, listed=OTHERS, now=NOW), "unknown"),
        (AZURE_V1, ModelEvidence(denied=True, listed=BASE, now=NOW), "unknown"),
        *(
            (COMPATIBLE, ModelEvidence(denied=True, listed=listed, now=NOW), "unknown")
            for listed in (BASE, OTHERS, None)
        ),
        *(
            (COMPATIBLE, ModelEvidence(denied=False, listed=listed, now=NOW), "unknown")
            for listed in (BASE, OTHERS, None)
        ),
    ],
)
def test_h1_table_2(host: Kind, shown: ModelEvidence, verdict: str) -> None:
    assert judge_model(host, shown, MODEL) is Verdict(verdict)
    said = judge_model(host, shown, MODEL, reported_missing=True)
    assert said is Verdict("deleted" if verdict == "unknown" else verdict)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("settings", [{}, {"tuned_models": "hidden"}, {"metadata": "absent"}, {"metadata": "null"}])
def test_h1_second_run_at_a_host_that_lists_only_base_models(
    still_sandbox: Sandbox, dialect: str, settings: dict[str, Any]
) -> None:
    if dialect in ("openai", "azure") and "tuned_models" in settings:
        pytest.skip("these list them")
    host = of(still_sandbox, dialect, **settings)
    file_id = host.file()
    first = host.wanted(file_id)
    assert (first["action"], first["status"]) == ("create", "succeeded")
    for later in (0, LATER, 100 * LATER):
        still_sandbox.advance(later)
        still_sandbox.clear_log()
        hidden = settings.get("tuned_models") == "hidden" or dialect in ("gateway", "selfhosted")
        for options in ({}, {"job_id": first["job_id"]}, RETRAIN, {"check_mode": True}):
            again = host.wanted(file_id, **options)
            assert (again["changed"], again["action"], again["job_id"]) == (False, "none", first["job_id"])
            assert again["model_verified"] is not hidden
            assert sum(HIDDEN in warning for warning in host.warnings) == hidden
        assert writes(still_sandbox) == []
    assert len(host.jobs()) == 1


@pytest.mark.parametrize("dialect", LESS)
def test_h1_who_deleted_it_says_so_and_pays_once(still_sandbox: Sandbox, dialect: str) -> None:
    host = of(still_sandbox, dialect, tuned_models="hidden")
    file_id = host.file()
    first = host.wanted(file_id)
    still_sandbox.advance(LATER)
    assert host.wanted(file_id, missing_model_id="another")["action"] == "none"
    told = {"missing_model_id": first["fine_tuned_model"]}
    assert host.wanted(file_id, check_mode=True, **told)["action"] == "create"
    second = host.wanted(file_id, **told)
    assert (second["action"], len(host.jobs())) == ("create", 2)
    still_sandbox.advance(LATER)
    again = host.wanted(file_id, **told)
    assert (again["action"], again["job_id"], len(host.jobs())) == ("none", second["job_id"], 2)


@pytest.mark.parametrize(
    ("fault", "action"),
    [
        ({"status": 404}, "none"),
        ({"status": 405}, "none"),
        ({"status": 501}, "none"),
        ({"status": 400}, "none"),
        ({"status": 401}, None),
        ({"status": 403}, "none"),
        ({"status": 503}, None),
        ({"body": "<html>login</html>", "status": 200}, "none"),
        ({"body": "{}", "status": 200}, "none"),
        ({"body": '{"data": []}', "status": 200}, "none"),
        ({"body": "null", "status": 200}, "none"),
    ],
)
@pytest.mark.parametrize("dialect", ["compatible", "openai"])
def test_h1_no_answer_to_a_look_is_ever_a_new_run(
    still_sandbox: Sandbox, dialect: str, fault: dict[str, Any], action: str | None
) -> None:
    host = of(still_sandbox, dialect)
    file_id = host.file()
    first = host.wanted(file_id)
    host.delete_model(first["fine_tuned_model"])
    still_sandbox.advance(LATER)
    still_sandbox.fault(operation="openai.models.*", times=50, **fault)
    try:
        found = host.wanted(file_id)
    except FineTuneError as error:
        assert action is None or dialect == "openai"
        assert error.facts["changed"] is False
    else:
        assert (found["action"], found["model_verified"]) == (action, False)
    still_sandbox.clear_faults()
    assert len(host.jobs()) == 1


@pytest.mark.parametrize("dialect", ["openai", "compatible"])
@pytest.mark.parametrize("dated", [True, False])
def test_h1_after_its_announced_end_a_model_is_retired(still_sandbox: Sandbox, dialect: str, dated: bool) -> None:
    """Equal: an error that says what to do. Another base model under this name: trained, where that is asked for."""
    host = of(still_sandbox, dialect, enforce_shutdown=True)
    host.base = MODEL
    if dated:
        still_sandbox.openai.settings(shutdown_dates={MODEL: "2026-12-24"})
    file_id = host.file()
    first = host.wanted(file_id)
    still_sandbox.advance(90 * 86400)
    still_sandbox.clear_log()
    for options in ({}, RETRAIN, {"retry_failed": True}, {"check_mode": True}):
        with pytest.raises(InvalidInput, match="is retired: it ended on 202[67]-") as caught:
            host.wanted(file_id, **options)
        assert "retrain: on_change" in caught.value.hint
    other = "gpt-3.5-turbo-0125"
    with pytest.raises(InvalidInput, match="is retired.*trained differently: model: "):
        host.wanted(file_id, model=other)
    assert host.wanted(file_id, state="cancelled")["changed"] is False
    assert host.wanted(file_id, state="absent")["changed"] is False
    assert writes(still_sandbox) == []
    assert not host.warnings or dialect == "compatible"
    fresh = host.wanted(host.about("news"), model=other, **RETRAIN)
    assert fresh["action"] in ("retrain", "create")
    assert fresh["job_id"] != first["job_id"]


def test_h1_an_announced_end_that_has_passed_is_told_while_the_model_is_there(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "openai")
    file_id = host.file()
    first = host.wanted(file_id)
    still_sandbox.openai.settings(shutdown_dates={first["fine_tuned_model"]: "2026-12-01"})
    still_sandbox.advance(90 * 86400)
    again = host.wanted(file_id)
    assert (again["action"], again["model_verified"]) == ("none", True)
    assert [warning for warning in host.warnings if "2026-12-01; the host still shows it" in warning]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_h1_a_job_without_a_model_counts(still_sandbox: Sandbox, dialect: str) -> None:
    host = of(still_sandbox, dialect)
    file_id = host.file()
    first = host.wanted(file_id)
    with still_sandbox.openai.store.lock:
        still_sandbox.openai.default_account.jobs.by_id[first["job_id"]].fine_tuned_model = None
    again = host.wanted(file_id)
    assert (again["action"], again["model_verified"], len(host.jobs())) == ("none", False, 1)
    assert sum("names no model" in warning for warning in host.warnings) == 1


# -- hosts that cannot delete --------------------------------------------------------------------------------------


@pytest.mark.parametrize("deletions", ["not_found", "not_allowed"])
def test_h3_a_host_that_cannot_delete_says_what_is_left(still_sandbox: Sandbox, deletions: str) -> None:
    host = of(still_sandbox, "compatible", deletions=deletions)
    file_id = host.file()
    first = host.wanted(file_id)
    with pytest.raises(ApiError, match="This host cannot delete models") as caught:
        host.wanted(file_id, state="absent", delete_files=True)
    assert f"What is left: {first['fine_tuned_model']}, {file_id}" in caught.value.message
    assert caught.value.facts["changed"] is False
    assert f"missing_model_id: {first['fine_tuned_model']}" in caught.value.hint
    told = {"missing_model_id": first["fine_tuned_model"]}
    host.delete_model(first["fine_tuned_model"])
    assert host.wanted(file_id, state="absent", **told)["changed"] is False


@pytest.mark.parametrize("deletions", ["not_found", "not_allowed"])
def test_h3_a_host_that_cannot_delete_files_says_so(still_sandbox: Sandbox, deletions: str) -> None:
    host = of(still_sandbox, "compatible", deletions=deletions)
    file_id = host.file()
    for options in ({"file_id": file_id, "name": None}, {"content": chat_lines()}):
        with pytest.raises(ApiError, match=f"This host cannot delete files .*What is left: {file_id}") as caught:
            host.dataset(**{"content": None, **options}, state="absent")
        assert caught.value.facts["changed"] is False


def test_h3_what_was_deleted_before_the_refusal_is_told(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "compatible")
    file_id = host.file()
    first = host.wanted(file_id)
    still_sandbox.fault(operation="openai.files.delete", status=405, times=5)
    with pytest.raises(ApiError, match=f"cannot delete files .*What is left: {file_id}") as caught:
        host.wanted(file_id, state="absent", delete_files=True)
    assert caught.value.facts["changed"] is True
    assert first["fine_tuned_model"] not in still_sandbox.openai.default_account.models


@pytest.mark.parametrize("delete_files", [False, True])
def test_h3_a_model_whose_deletion_lost_its_answer_is_deleted(still_sandbox: Sandbox, delete_files: bool) -> None:
    """The host has shown the model to this task, and then has no such model. It can delete, as it has done so."""
    host = of(still_sandbox, "compatible")
    file_id = host.file()
    first = host.wanted(file_id)
    for operation in ("openai.models.delete", "openai.files.delete")[: 1 + delete_files]:
        still_sandbox.fault(operation, status=502, when="after", times=1)
    assert host.wanted(file_id, state="absent", delete_files=delete_files)["changed"] is True
    assert first["fine_tuned_model"] not in still_sandbox.openai.default_account.models
    assert not host.warnings


@pytest.mark.parametrize("lists", [True, False])
def test_h3_a_file_whose_deletion_lost_its_answer_is_deleted(still_sandbox: Sandbox, lists: bool) -> None:
    host = of(still_sandbox, "compatible")
    file_id = host.file()
    still_sandbox.fault("openai.files.delete", status=502, when="after", times=1)
    if not lists:
        still_sandbox.fault("openai.files.list", status=404)
    assert host.dataset(None, None, file_id=file_id, state="absent")["changed"] is True


@pytest.mark.parametrize("check_mode", [True, False])
def test_h3_what_is_not_shown_is_not_foreseen_as_deleted(still_sandbox: Sandbox, check_mode: bool) -> None:
    """The preview and the run are the same: nothing changes, and one warning says what may be left."""
    host = of(still_sandbox, "selfhosted")
    file_id = host.file()
    first = host.wanted(file_id)
    still_sandbox.advance(LATER)
    still_sandbox.clear_log()
    host.warnings.clear()
    found = host.wanted(file_id, state="absent", check_mode=check_mode)
    assert (found["changed"], found["action"]) == (False, "none")
    assert [warning for warning in host.warnings if warning.startswith("Not deleted") and first["job_id"] in warning]
    assert writes(still_sandbox) == []


def test_h3_the_previous_model_is_left_where_it_is_not_shown(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "gateway")
    first = host.wanted(host.file())
    still_sandbox.advance(LATER)
    second = host.wanted(host.about("letters"), delete_previous=True, **RETRAIN)
    assert (second["action"], second["status"]) == ("retrain", "succeeded")
    told = [warning for warning in host.warnings if warning.startswith("delete_previous: not deleted")]
    assert len(told) == 1 and first["fine_tuned_model"] in told[0]
    assert not [call for call in writes(still_sandbox) if call.startswith("DELETE")]


# -- table 3: does the model field differ? -----------------------------------------------------------------------

NAMES = ("paths_hashed", "hashed", "resolved")
SURELY: dict[str, Any] = {"metadata": "null", "suffix": "hidden", "model_names": "hashed"}
QWEN, LLAMA = "Qwen/Qwen3-32B", "meta-llama/Llama-3.1-8B-Instruct"


def unchanged(host: Host, first: dict[str, Any], file_id: str, name: str, **options: Any) -> None:
    """Nothing is written, however the task is asked, and after the host has started again."""
    host.sandbox.advance(LATER)
    host.sandbox.openai.restart()
    host.sandbox.clear_log()
    for more in ({}, RETRAIN, {"check_mode": True}, {"delete_previous": True}):
        again = host.wanted(file_id, name, **options, **more)
        assert (again["changed"], again["action"], again["job_id"]) == (False, "none", first["job_id"])
    assert writes(host.sandbox) == []


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("dialect", LESS)
def test_h2_a_base_model_that_is_shown_by_another_name(still_sandbox: Sandbox, dialect: str, names: str) -> None:
    host = of(still_sandbox, dialect, model_names=names)
    file_id = host.about("bot")
    first = host.wanted(file_id, "bot")
    unchanged(host, first, file_id, "bot")
    kept = dialect == "gateway"  # what was sent is in the metadata
    hashed = names == "hashed" or (names == "paths_hashed" and dialect == "selfhosted")
    told = [warning for warning in host.warnings if "shows the base model" in warning]
    assert len(told) == (hashed and not kept)
    if not kept:
        return
    for model in (LLAMA, "/models/other"):
        with pytest.raises(InvalidInput, match=f"trained differently: model: {QWEN} -> {model}"):
            host.wanted(file_id, "bot", model=model)
    other = host.wanted(file_id, "bot", model=LLAMA, **RETRAIN)
    assert (other["action"], len(host.jobs())) == ("retrain", 2)
    unchanged(host, other, file_id, "bot", model=LLAMA)


def test_h2_an_alias_is_one_model(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "selfhosted")
    file_id = host.about("bot")
    first = host.wanted(file_id, "bot", model="qwen3-32b")
    unchanged(host, first, file_id, "bot", model="qwen3-32b")


def test_h2_the_name_that_the_host_shows_is_the_same_model_too(still_sandbox: Sandbox) -> None:
    """An alias was sent, and is kept; the host shows what it stands for, and the user now writes that."""
    host = of(still_sandbox, "selfhosted", metadata="kept")
    file_id = host.about("bot")
    first = host.wanted(file_id, "bot", model="qwen3-32b")
    assert host.jobs()[-1]["metadata"]["llmops_finetune_model"] == "qwen3-32b"
    again = host.wanted(file_id, "bot", model="Qwen/Qwen3-32B", **RETRAIN)
    assert (again["action"], again["changed"], again["job_id"]) == ("none", False, first["job_id"])


@pytest.mark.parametrize("dialect", ["openai", "azure"])
def test_h2_openai_and_azure_show_what_they_trained(still_sandbox: Sandbox, dialect: str) -> None:
    host = of(still_sandbox, dialect)
    file_id = host.file()
    host.wanted(file_id, model="gpt-4o-mini")
    assert host.wanted(file_id, model=MODEL)["changed"] is False
    with pytest.raises(InvalidInput, match="trained differently: model: "):
        host.wanted(file_id, model="gpt-4.1-2025-04-14")
    assert not [key for job in host.jobs() for key in job["metadata"] if key.endswith("_model")]


def test_h2_what_was_sent_is_kept_only_where_there_is_room(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "gateway")
    for count, there in ((11, True), (12, True)):  # without validation data one more has room
        name = f"bot-{count}"
        host.wanted(host.about(name), name, metadata={f"key{number}": "x" for number in range(count)})
        kept = host.jobs()[-1]["metadata"]
        assert (kept.get("llmops_finetune_model") == host.base, len(kept) <= 16) == (there, True)
    checked = host.about("validation")
    name = "bot-full"
    full = {f"key{number}": "x" for number in range(12)}
    first = host.wanted(host.about(name), name, validation_file=checked, metadata=full)
    kept = host.jobs()[-1]["metadata"]
    assert len(kept) == 16 and "llmops_finetune_model" not in kept
    shown = host.model(name, model=host.base, job_id=first["job_id"])["model"]["metadata"]
    assert shown == full  # our markers are not shown


@pytest.mark.parametrize("names", ["hashed", "sent"])
def test_h5_two_base_models_on_the_same_data(still_sandbox: Sandbox, names: str) -> None:
    """Each task uploads the data under its model's name."""
    host = of(still_sandbox, "compatible", **{**SURELY, "model_names": names})
    lines = chat_lines()
    first = host.wanted(host.file(lines, "bot-llama"), "bot-llama", model=LLAMA)
    still_sandbox.advance(LATER)
    sent = host.file(lines, "bot-qwen")
    assert host.wanted(sent, "bot-qwen", model=QWEN, check_mode=True)["action"] == "create"
    second = host.wanted(sent, "bot-qwen", model=QWEN)
    assert second["action"] == "create"
    assert second["job_id"] != first["job_id"]
    unchanged(host, first, host.file(lines, "bot-llama"), "bot-llama", model=LLAMA)
    unchanged(host, second, sent, "bot-qwen", model=QWEN)
    assert len(host.jobs()) == 2


def test_h5_one_file_for_two_is_refused_once(still_sandbox: Sandbox) -> None:
    host = of(still_sandbox, "compatible", **SURELY)
    lines = chat_lines()
    shared = host.file(lines, "parcels")
    first = host.wanted(shared, "bot-llama", model=LLAMA)
    still_sandbox.advance(LATER)
    for name, model in (("bot-llama", LLAMA), ("bot-qwen", QWEN)):
        for options in ({}, RETRAIN, {"check_mode": True}):
            with pytest.raises(InvalidInput, match=f"may be another name of '{model}'") as caught:
                host.wanted(shared, name, model=model, **options)
            assert "ignore_changes: [model]" in caught.value.message
            assert f"under the name '{name}'" in caught.value.message
    assert len(host.jobs()) == 1
    told = {"ignore_changes": ["model"]}
    unchanged(host, first, shared, "bot-llama", model=LLAMA, **told)
    own = host.file(lines, "bot-qwen")
    second = host.wanted(own, "bot-qwen", model=QWEN)
    assert (second["action"], len(host.jobs())) == ("create", 2)
    unchanged(host, second, own, "bot-qwen", model=QWEN)


@pytest.mark.parametrize(
    "settings", [{}, SURELY, {"metadata": "absent", "suffix": "hidden"}, {"model_names": "hashed"}]
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_second_unchanged_run_writes_nothing_at_any_host(
    still_sandbox: Sandbox, dialect: str, settings: dict[str, Any]
) -> None:
    if settings and dialect in ("openai", "azure"):
        pytest.skip("these show what they trained")
    host = of(still_sandbox, dialect, **settings)
    file_id = host.about("bot")
    first = host.wanted(file_id, "bot")
    unchanged(host, first, host.about("bot"), "bot")
    assert len(host.jobs()) == 1
