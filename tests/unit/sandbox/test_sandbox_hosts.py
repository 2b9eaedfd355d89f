# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that show less than OpenAI: the dialects gateway and selfhosted, and the settings of these habits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from finetune_sandbox import Sandbox

EXAMPLE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'
DAY = 86400


class Host:
    """A client of one dialect, and the short ways of these tests."""

    def __init__(self, sandbox: Sandbox, dialect: str) -> None:
        self.sandbox, self.dialect = sandbox, dialect
        attribute, self.model = URLS[dialect]
        url: str = getattr(sandbox, attribute)
        self.client = openai.OpenAI(base_url=url, api_key=sandbox.api_key, max_retries=0)
        self.body = {"trainingType": "Standard"} if "/azure/" in url else {}

    def upload(self, lines: int = 20) -> str:
        made = self.client.files.create(file=("bot.jsonl", EXAMPLE * lines), purpose="fine-tune").id
        self.sandbox.advance(10)
        return made

    def start(self, **members: Any) -> Any:
        members.setdefault("training_file", self.upload())
        members.setdefault("model", self.model)
        body = {**self.body, **members.pop("extra_body", {})}
        return self.client.fine_tuning.jobs.create(**members, extra_body=body)

    def finish(self, **members: Any) -> Any:
        job = self.start(**members)
        self.sandbox.advance(3000)
        done = self.client.fine_tuning.jobs.retrieve(job.id)
        assert done.status == "succeeded"
        return done


URLS = {
    "openai": ("openai_url", "gpt-4o-mini"),
    "azure": ("azure_v1_url", "gpt-4.1"),
    "compatible": ("compatible_url", "Qwen/Qwen3-32B"),
    "gateway": ("gateway_url", "Qwen/Qwen3-32B"),
    "selfhosted": ("selfhosted_url", "/models/Qwen3-32B"),
}


@pytest.fixture(params=list(URLS))
def host(request: pytest.FixtureRequest, still_sandbox: Sandbox) -> Host:
    """Each dialect in turn."""
    return Host(still_sandbox, request.param)


@pytest.fixture
def selfhosted(still_sandbox: Sandbox) -> Host:
    return Host(still_sandbox, "selfhosted")


def test_the_selfhosted_server_shows_little(still_sandbox: Sandbox, selfhosted: Host) -> None:
    jobs = selfhosted.client.fine_tuning.jobs
    job = selfhosted.start(suffix="bot", metadata={"team": "a"})
    assert job.id.startswith("ftjob_")
    assert job.model.startswith("ref:") and "/models" not in job.model
    assert job.to_dict()["metadata"] is None and job.to_dict()["suffix"] == "bot"
    assert [each.id for each in jobs.list(metadata={"team": "other"})] == [job.id]
    with pytest.raises(openai.ConflictError, match="one model at a time"):
        selfhosted.start()
    still_sandbox.advance(3000)
    done = jobs.retrieve(job.id)
    assert done.model == job.model
    assert done.fine_tuned_model and "bot" in done.fine_tuned_model
    assert done.fine_tuned_model not in {each.id for each in selfhosted.client.models.list()}
    with pytest.raises(openai.NotFoundError):
        selfhosted.client.models.retrieve(done.fine_tuned_model)
    assert all(each.id.startswith("ftckpt_") for each in jobs.checkpoints.list(job.id))
    assert jobs.list_events(job.id).data
    still_sandbox.openai.restart()
    assert jobs.retrieve(job.id).model not in {job.model, selfhosted.model}


def test_the_selfhosted_server_cannot_do_much(selfhosted: Host) -> None:
    client = selfhosted.client
    file = selfhosted.upload()
    job = selfhosted.start(training_file=file)
    for status, call in {
        "pause": (400, lambda: client.fine_tuning.jobs.pause(job.id)),
        "resume": (400, lambda: client.fine_tuning.jobs.resume(job.id)),
        "content": (404, lambda: client.files.content(file)),
        "delete a file": (405, lambda: client.files.delete(file)),
        "delete a model": (405, lambda: client.models.delete("ft-bot")),
        "upload": (404, lambda: client.uploads.create(bytes=1, filename="a", mime_type="x", purpose="fine-tune")),
    }.values():
        with pytest.raises(openai.APIStatusError) as caught:
            call()
        assert caught.value.status_code == status
    client.fine_tuning.jobs.cancel(job.id)
    wrong: list[dict[str, Any]] = [
        {"extra_body": {"from_checkpoint": "x"}},
        {"hyperparameters": {"n_epochs": -1}},
        {"method": {"type": "dpo"}},
        {"model": "gpt-4o-mini"},
    ]
    for members in wrong:
        with pytest.raises(openai.BadRequestError):
            selfhosted.start(training_file=file, **members)


def test_the_selfhosted_server_has_no_limits_of_openai(selfhosted: Host) -> None:
    few = selfhosted.upload(lines=3)
    done = selfhosted.finish(training_file=few, hyperparameters={"n_epochs": 60, "batch_size": 300})
    assert done.hyperparameters.n_epochs == 60


def test_the_selfhosted_server_resolves_an_alias(selfhosted: Host) -> None:
    assert selfhosted.start(model="qwen3-32b").model == "Qwen/Qwen3-32B"


def test_the_gateway_lists_base_models_only(still_sandbox: Sandbox) -> None:
    gateway = Host(still_sandbox, "gateway")
    done = gateway.finish(suffix="bot", metadata={"team": "a"})
    assert done.metadata == {"team": "a"}
    assert {each.id for each in gateway.client.models.list()} == {"meta-llama/Llama-3.1-8B-Instruct", "Qwen/Qwen3-32B"}
    for call in (gateway.client.models.retrieve, gateway.client.models.delete):
        with pytest.raises(openai.NotFoundError):
            call(done.fine_tuned_model)
    other = gateway.client.fine_tuning.jobs.list(metadata={"team": "b"})
    assert list(other) == []


def test_metadata_is_kept_or_not(host: Host) -> None:
    settings = host.sandbox.openai.settings
    settings(metadata="kept")
    assert host.finish(metadata={"a": "b"}).to_dict()["metadata"] == {"a": "b"}
    settings(metadata="null")
    job = host.start(metadata={"a": "b"})
    assert job.to_dict()["metadata"] is None
    # Nothing is lost from sight by a filter of what is not kept.
    assert len(list(host.client.fine_tuning.jobs.list(metadata={"x": "y"}))) == 2
    settings(metadata="absent")
    assert "metadata" not in host.client.fine_tuning.jobs.retrieve(job.id).to_dict()


def test_the_suffix_is_shown_or_not(host: Host) -> None:
    settings = host.sandbox.openai.settings

    def shown(how: str) -> tuple[bool, bool]:
        settings(suffix=how)
        done = host.finish(suffix="support-bot").to_dict()
        field = "support-bot" in (done.get("user_provided_suffix"), done.get("suffix"))
        return field, "support-bot" in done["fine_tuned_model"]

    assert [shown(how) for how in ("shown", "name", "hidden")] == [(True, True), (False, True), (False, False)]


def test_the_model_is_shown_as_sent_resolved_or_hashed(host: Host) -> None:
    settings = host.sandbox.openai.settings
    alias = {"/models/Qwen3-32B": "qwen3-32b"}.get(host.model, host.model)
    job = host.start(model=alias)
    full = host.sandbox.openai.jobs()[0]["model"]

    def shown(how: str) -> str:
        settings(model_names=how)
        model: str = host.client.fine_tuning.jobs.retrieve(job.id).model
        return model

    assert shown("sent") == alias
    assert shown("resolved") == full
    hashed = shown("hashed")
    assert hashed.startswith("ref:") and hashed == shown("hashed")
    host.sandbox.openai.restart()
    assert shown("hashed") != hashed


@pytest.mark.parametrize(("deletions", "status"), [("not_found", 404), ("not_allowed", 405)])
def test_deletions_may_be_impossible(host: Host, deletions: str, status: int) -> None:
    host.sandbox.openai.settings(tuned_models="listed", deletions=deletions)
    file = host.upload()
    model = host.finish(training_file=file).fine_tuned_model
    for call in (lambda: host.client.files.delete(file), lambda: host.client.models.delete(model)):
        with pytest.raises(openai.APIStatusError) as caught:
            call()
        assert caught.value.status_code == status
    host.sandbox.openai.settings(deletions="possible")
    assert host.client.models.delete(model).deleted and host.client.files.delete(file).deleted


def test_tuned_models_are_listed_or_hidden(host: Host) -> None:
    host.sandbox.openai.settings(tuned_models="hidden")
    model = host.finish().fine_tuned_model
    assert model not in {each.id for each in host.client.models.list()}
    with pytest.raises(openai.NotFoundError):
        host.client.models.retrieve(model)
    host.sandbox.openai.settings(tuned_models="listed")
    assert model in {each.id for each in host.client.models.list()}
    assert host.client.models.retrieve(model).id == model


def test_lists_lag_behind(host: Host) -> None:
    host.sandbox.openai.settings(list_lag_seconds=30, tuned_models="listed")
    client = host.client
    file = client.files.create(file=("bot.jsonl", EXAMPLE * 20), purpose="fine-tune").id
    assert list(client.files.list()) == []
    assert client.files.retrieve(file).id == file
    host.sandbox.advance(30)
    job = host.start(training_file=file)
    assert [each.id for each in client.files.list()] == [file]
    assert list(client.fine_tuning.jobs.list()) == []
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id
    host.sandbox.advance(3000)
    assert [each.id for each in client.fine_tuning.jobs.list()] == [job.id]
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model
    assert model in {each.id for each in client.models.list()}


def test_reads_lag_behind(host: Host) -> None:
    file = host.upload()
    host.sandbox.openai.settings(read_lag_seconds=5)
    job = host.start(training_file=file)
    with pytest.raises(openai.NotFoundError):
        host.client.fine_tuning.jobs.retrieve(job.id)
    host.sandbox.advance(5)
    assert host.client.fine_tuning.jobs.retrieve(job.id).id == job.id


def test_further_keys_are_refused_or_kept(host: Host) -> None:
    file = host.upload()
    integration: Any = {"type": "wandb", "wandb": {"project": "p", "api_key": "wandb-secret"}}
    members: dict[str, Any] = {"training_file": file, "extra_body": {"from_checkpoint": "c", "tags": ["a"]}}
    with pytest.raises(openai.BadRequestError, match="from_checkpoint"):
        host.start(**members)
    with pytest.raises(openai.BadRequestError, match="api_key"):
        host.start(training_file=file, integrations=[integration])
    host.sandbox.openai.settings(extra_body="accepted")
    job = host.start(
        **members, integrations=[integration], extra_headers={"x-portkey-trace": "t", "x-portkey-api-key": "k"}
    )
    assert "wandb-secret" not in job.to_json()
    made = host.sandbox.openai.jobs()[0]
    assert made["extra"] == {"from_checkpoint": "c", "tags": ["a"]}
    assert made["integrations"][0]["wandb"]["api_key"] == "wandb-secret"
    headers = host.sandbox.requests("openai.jobs.create")[-1]["headers"]
    assert headers == {"x-portkey-trace": "t", "x-portkey-api-key": "...k"}


def test_limits_of_openai_can_be_lifted(still_sandbox: Sandbox) -> None:
    host = Host(still_sandbox, "compatible")
    file = host.upload()
    hyperparameters: Any = {"n_epochs": 51, "batch_size": 257}
    with pytest.raises(openai.BadRequestError, match="above maximum"):
        host.start(training_file=file, hyperparameters=hyperparameters)
    grader = {"type": "lambda", "lambda": {"function": "arn:aws:lambda:us-east-1:1:function:score"}}
    rft: Any = {"type": "reinforcement", "reinforcement": {"grader": grader}}
    with pytest.raises(openai.BadRequestError, match="'lambda'"):
        host.start(model="o4-mini", training_file=file, method=rft)
    still_sandbox.openai.settings(openai_limits=False)
    assert host.start(training_file=file, hyperparameters=hyperparameters).hyperparameters.n_epochs == 51
    assert host.start(model="o4-mini", training_file=file, method=rft).validation_file is None


def test_models_end_on_their_day(host: Host) -> None:
    model = host.finish().fine_tuned_model
    now = host.sandbox.clock.now()
    base = host.sandbox.openai.jobs()[0]["model"]
    day = _date(now + 3 * DAY)
    host.sandbox.openai.settings(tuned_models="listed", enforce_shutdown=True, shutdown_dates={base: day})
    assert host.client.models.retrieve(model).to_dict()["shutdown_date"] == day
    assert host.client.models.retrieve(base).to_dict()["shutdown_date"] == day
    host.sandbox.advance(4 * DAY)
    for name in (model, base):
        with pytest.raises(openai.NotFoundError):
            host.client.models.retrieve(name)
    assert not {model, base} & {each.id for each in host.client.models.list()}
    with pytest.raises(openai.BadRequestError, match="not available"):
        host.start()
    host.sandbox.openai.settings(enforce_shutdown=False)
    assert host.client.models.retrieve(model).id == model


def _date(when: float) -> str:
    return datetime.fromtimestamp(when, timezone.utc).strftime("%Y-%m-%d")


def test_a_gateway_refuses_the_create(host: Host) -> None:
    host.sandbox.openai.settings(create_refused="gateway")
    with pytest.raises(openai.PermissionDeniedError) as caught:
        host.start()
    assert "may not use" in caught.value.response.json()["detail"]
    assert host.sandbox.openai.jobs() == []


def test_azure_takes_entra_tokens_and_keys_where_azure_does(still_sandbox: Sandbox) -> None:
    token, key, version = still_sandbox.entra_token, still_sandbox.api_key, "2025-04-01-preview"
    endpoint = still_sandbox.azure_endpoint
    for secret in (token, key):
        plain = openai.OpenAI(base_url=still_sandbox.azure_v1_url, api_key=secret, max_retries=0)
        assert plain.files.list().data == []
    dated = openai.AzureOpenAI(azure_endpoint=endpoint, api_version=version, azure_ad_token=token, max_retries=0)
    assert dated.files.list().data == []
    wrong = openai.AzureOpenAI(azure_endpoint=endpoint, api_version=version, azure_ad_token=key, max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        wrong.files.list()
    openai_itself = openai.OpenAI(base_url=still_sandbox.openai_url, api_key=token, max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        openai_itself.files.list()


def test_settings_of_habits_are_checked(still_sandbox: Sandbox) -> None:
    settings = still_sandbox.openai.settings
    wrong: list[dict[str, Any]] = [
        {"metadata": "maybe"},
        {"metadata": True},
        {"list_filter": 1},
        {"openai_limits": "yes"},
        {"deletions": ["possible"]},
        {"create_refused": "openai"},
        {"list_lag_seconds": -1},
        {"shutdown_dates": {"gpt-4o": "2026-13-01"}},
        {"shutdown_dates": {"gpt-4o": 3}},
        {"shutdown_dates": "2026-12-01"},
    ]
    for change in wrong:
        with pytest.raises(ValueError, match="settings"):
            settings(**change)
    assert settings(metadata="kept")["metadata"] == "kept"
    assert settings(metadata=None)["metadata"] is None


def test_settings_from_the_start_survive_a_reset() -> None:
    from finetune_sandbox import Sandbox

    with Sandbox(speed=0, settings={"openai": {"tuned_models": "hidden"}, "oci": {"page_size": 7}}) as sandbox:
        sandbox.openai.settings(tuned_models="listed")
        sandbox.reset()
        assert sandbox.openai.settings()["tuned_models"] == "hidden"
        assert sandbox.oci.settings()["page_size"] == 7
    wrong: list[dict[str, dict[str, Any]]] = [{"cloud": {}}, {"openai": {"colour": "red"}}]
    for settings in wrong:
        with pytest.raises(ValueError, match="unknown"):
            Sandbox(settings=settings)


def test_the_environment_names_the_kind_of_each_host(still_sandbox: Sandbox) -> None:
    kinds = {dialect: still_sandbox.environment(dialect)["OPENAI_API_TYPE"] for dialect in (*URLS, "azure_v1")}
    assert kinds == {
        "openai": "openai",
        "azure": "azure",
        "azure_v1": "azure",
        "compatible": "compatible",
        "gateway": "compatible",
        "selfhosted": "compatible",
    }
    # It would be wrong for all but one of them.
    assert "OPENAI_API_TYPE" not in still_sandbox.env
    assert still_sandbox.env["SELFHOSTED_BASE_URL"] == still_sandbox.selfhosted_url


def test_the_date_header_is_virtual_time(host: Host) -> None:
    host.sandbox.advance(400 * DAY)
    for call in (
        lambda: host.client.models.with_raw_response.list().headers,
        lambda: _failing(lambda: host.client.models.retrieve("none")),
    ):
        date = parsedate_to_datetime(call()["date"]).timestamp()
        assert date == int(host.sandbox.clock.now())


def _failing(call: Callable[[], Any]) -> Any:
    with pytest.raises(openai.NotFoundError) as caught:
        call()
    return caught.value.response.headers


def test_seeded_jobs_of_every_dialect(host: Host) -> None:
    made = host.sandbox.openai.seed(jobs=3, dialect=host.dialect, metadata={"a": "b"})["jobs"]
    assert [job.id for job in host.client.fine_tuning.jobs.list()] == made[::-1]


def test_settings_of_the_command_line() -> None:
    from finetune_sandbox.cli import _settings

    given = ["openai.tuned_models=hidden", 'openai.metadata="null"', "openai.openai_limits=false", "oci.page_size=7"]
    settings = {"tuned_models": "hidden", "metadata": "null", "openai_limits": False}
    assert _settings(given) == {"openai": settings, "oci": {"page_size": 7}}
    for wrong in ("openai", "openai.x", "x=1", ".x=1", "openai.=1"):
        with pytest.raises(ValueError, match=r"PROVIDER\.NAME=VALUE"):
            _settings([wrong])
