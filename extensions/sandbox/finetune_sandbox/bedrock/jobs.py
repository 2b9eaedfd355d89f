# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model customization jobs: create with all its checks, get, list, stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from finetune_sandbox.bedrock import dataset
from finetune_sandbox.bedrock.access import log_lines, split_uri
from finetune_sandbox.bedrock.backends import Role
from finetune_sandbox.bedrock.catalogue import (
    DISTILLATION,
    FINE_TUNING,
    HYPERPARAMETERS,
    REINFORCEMENT,
    BaseModel,
    Range,
)
from finetune_sandbox.bedrock.errors import AwsError, conflict, invalid, not_found, over_quota
from finetune_sandbox.bedrock.examples import read_examples
from finetune_sandbox.bedrock.state import COMPLETED, IN_PROGRESS, NOT_STARTED, PENDING, STOPPING, Job, Region
from finetune_sandbox.bedrock.store import Store
from finetune_sandbox.bedrock.tags import MAX_TAGS, checked_tags
from finetune_sandbox.server.answers import TrainingData
from finetune_sandbox.server.training_data import Report

_TOKEN = "clientRequestToken"
_BAD_MODEL = "The provided model identifier is invalid."


def once(
    store: Store,
    region: Region,
    operation: str,
    request: dict[str, Any],
    make: Callable[[], str],
    refuse: Callable[[str], AwsError] = conflict,
) -> str:
    """The ARN that a create makes, or made when the same token came before. Call under the lock.

    refuse: the error for a token that came before with other parameters.
    """
    token = request.get(_TOKEN)
    plain = json.dumps({name: value for name, value in request.items() if name != _TOKEN}, sort_keys=True)
    known = region.tokens.get((operation, token)) if token is not None else None
    if known is not None:
        if known[0] != plain:
            raise refuse("The provided clientRequestToken was used before with other parameters.")
        return known[1]
    arn = make()
    if token is not None:
        region.tokens[operation, token] = (plain, arn)
    return arn


class Jobs:
    """The operations on jobs; each takes the checked members of a request and returns those of the answer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """CreateModelCustomizationJob."""
        arn = once(self._store, region, "job", request, lambda: self._create(region, request))
        return {"jobArn": arn}

    def _create(self, region: Region, request: dict[str, Any]) -> str:
        store = self._store
        if request["jobName"] in region.jobs_by_name:
            raise invalid("The provided job name is currently in use.")
        pending = {job.model_name for job in region.active.values()}
        if request["customModelName"] in region.models_by_name or request["customModelName"] in pending:
            raise invalid("The provided model name is currently in use.")
        type_ = request.get("customizationType", FINE_TUNING)
        base, parent = self._base(region, request["baseModelIdentifier"], type_)
        hyperparameters = _hyperparameters(base, type_, request)
        self._check_configs(region, base, type_, request)
        job = Job(
            id=store.new_id(),
            sequence=store.ids.sequence(),
            arn="",
            created_at=store.clock.now(),
            request=request,
            base=base,
            type=type_,
            hyperparameters=hyperparameters,
            parent=parent,
            tags=checked_tags(request.get("jobTags", []), "jobTags", MAX_TAGS),
            model_tags=checked_tags(request.get("customModelTags", []), "customModelTags", MAX_TAGS),
        )
        job.arn = f"arn:aws:bedrock:{region.name}:{store.account}:model-customization-job/{base.full_id}/{job.id}"
        running = sum(other.status in PENDING for other in region.active.values())
        if running >= store.settings.concurrent_jobs:
            raise over_quota(
                "You have reached the maximum number of concurrent model customization jobs "
                f"({store.settings.concurrent_jobs}) "
                "for your account in this Region. Wait until a job ends, or stop one."
            )
        role = store.access.assumed(request["roleArn"], job.arn, store.settings.role_seconds)
        work = self._data(region, job, role)
        store.access.writable(role, request["outputDataConfig"]["s3Uri"], region.name)
        if "customModelKmsKeyId" in request:
            job.kms_arn = store.access.kms_key(request["customModelKmsKeyId"], region.name)
        vpc = request.get("vpcConfig")
        if vpc is not None:
            store.access.network(role, vpc["subnetIds"], vpc["securityGroupIds"], region.name)
        job.starts, job.changed_at = [job.created_at], job.created_at
        job.report = store.check_later(work)
        job.data = self._keep(region, job, role)
        store.take_scenarios(job)
        region.jobs[job.arn] = region.jobs_by_name[job.name] = region.active[job.arn] = job
        return job.arn

    def _base(self, region: Region, identifier: str, type_: str) -> tuple[BaseModel, str | None]:
        """(foundation model, ARN of the custom model that is trained further)."""
        parent = region.model(identifier)
        if parent is not None:
            if parent.type not in {FINE_TUNING, DISTILLATION, REINFORCEMENT} or parent.job is None:
                raise invalid(_BAD_MODEL)
            base, arn = parent.base, parent.arn
        else:
            found = self._store.base_model(identifier, region.name)
            if found is None:
                raise invalid(_BAD_MODEL)
            base, arn = found, None
        if not base.types:
            raise invalid(_BAD_MODEL)
        if type_ not in base.types:
            raise invalid(f"The customization type {type_} is not supported for the model {base.full_id}.")
        return base, arn

    def _check_configs(self, region: Region, base: BaseModel, type_: str, request: dict[str, Any]) -> None:
        data, config = request["trainingDataConfig"], request.get("customizationConfig", {})
        logs = data.get("invocationLogsConfig")
        validators = request.get("validationDataConfig", {}).get("validators", [])
        if ("s3Uri" in data) == (logs is not None):
            raise invalid("trainingDataConfig must have exactly one of s3Uri and invocationLogsConfig.")
        if logs is not None and type_ != DISTILLATION:
            raise invalid("invocationLogsConfig is supported for the customization type DISTILLATION only.")
        wanted = {DISTILLATION: "distillationConfig", REINFORCEMENT: "rftConfig"}.get(type_)
        if wanted is None and config:
            raise invalid(f"customizationConfig is not supported for the customization type {type_}.")
        if wanted is not None and wanted not in config:
            raise invalid(f"customizationConfig.{wanted} is required for the customization type {type_}.")
        if type_ == DISTILLATION:
            self._check_teacher(region, base, config["distillationConfig"]["teacherModelConfig"])
            if validators:
                raise invalid("Validation data are not supported for the customization type DISTILLATION.")
        if type_ == REINFORCEMENT:
            self._check_grader(region, config["rftConfig"])
        if validators and dataset.limits(base.family, type_).validation_high == 0:
            raise invalid(f"Validation data are not supported for the model {base.full_id}.")
        if base.family == "nova-2" and type_ == FINE_TUNING and validators:
            raise invalid(f"Validation data are not supported for the model {base.full_id}.")

    def _check_teacher(self, region: Region, base: BaseModel, teacher: dict[str, Any]) -> None:
        found = self._store.base_model(teacher["teacherModelIdentifier"], region.name)
        identifier = teacher["teacherModelIdentifier"].rpartition("/")[2]
        name = found.id if found is not None else identifier
        # An inference profile is named after its model, with the geography before it: us.amazon.nova-pro-v1:0
        if not any(name == each or name.endswith(f".{each}") for each in base.teachers):
            raise invalid(f"The teacher model {identifier} is not supported for the student model {base.full_id}.")
        length = teacher.get("maxResponseLengthForInference", 1000)
        if not 1 <= length <= 5120:
            raise invalid(f"maxResponseLengthForInference must be from 1 to 5120, got {length}.")

    def _check_grader(self, region: Region, config: dict[str, Any]) -> None:
        grader = config.get("graderConfig", {}).get("lambdaGrader")
        if grader is None:
            raise invalid("customizationConfig.rftConfig.graderConfig.lambdaGrader is required.")
        if grader["lambdaArn"].split(":")[3:5] != [region.name, self._store.account]:
            raise invalid(f"The grader {grader['lambdaArn']} must be in the account and Region of the job.")

    def _data(self, region: Region, job: Job, role: Role) -> Callable[[], Report]:
        """Check that the role can read the data; returns the work of validating them."""
        access, name = self._store.access, region.name
        data = job.request["trainingDataConfig"]
        logs = data.get("invocationLogsConfig")
        if logs is not None:
            uri = logs["invocationLogSource"]["s3Uri"]
            found = access.logs(role, uri, name)
            training = (uri, sum(version.size for version in found), log_lines(found))
        else:
            uri = data["s3Uri"]
            version = access.readable(role, uri, name)
            training = (uri, version.size, version.read())
        validation = []
        for validator in job.request.get("validationDataConfig", {}).get("validators", []):
            version = access.readable(role, validator["s3Uri"], name)
            validation.append((validator["s3Uri"], version.size, version.read()))
        bucket = split_uri(uri)[0]

        def work() -> Report:
            return dataset.check(
                job.base.family,
                job.type,
                training,
                validation,
                lambda named: access.media_problem(role, named, name, bucket),
                logs=logs is not None,
                sees="IMAGE" in job.base.inputs,
            )

        return work

    def _keep(self, region: Region, job: Job, role: Role) -> TrainingData | None:
        """The data for the answers of the model; logs have none."""
        uri = job.request["trainingDataConfig"].get("s3Uri")
        if uri is None:
            return None
        version = self._store.access.readable(role, uri, region.name)
        try:
            return self._store.library.keep(version.segments, read_examples)
        except FileNotFoundError:  # the check of the data says so
            return None

    def _find(self, region: Region, identifier: str) -> Job:
        job = region.job(identifier)
        if job is None:
            raise not_found("The provided job identifier is invalid or the job does not exist.")
        return job

    def get(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """GetModelCustomizationJob."""
        job = self._find(region, request["jobIdentifier"])
        asked = job.request
        done = job.status == COMPLETED
        return {
            "jobArn": job.arn,
            "jobName": job.name,
            "outputModelName": job.model_name,
            "outputModelArn": job.model_arn,
            "clientRequestToken": asked.get(_TOKEN),
            "roleArn": asked["roleArn"],
            "status": job.status,
            "statusDetails": status_details(job),
            "failureMessage": job.failure,
            "creationTime": job.created_at,
            "lastModifiedTime": job.changed_at,
            "endTime": job.ended_at,
            "baseModelArn": job.base.arn(region.name),
            "hyperParameters": job.hyperparameters,
            "trainingDataConfig": asked["trainingDataConfig"],
            "validationDataConfig": asked.get("validationDataConfig", {"validators": []}),
            "outputDataConfig": asked["outputDataConfig"],
            "customizationType": job.type,
            "outputModelKmsKeyArn": job.kms_arn,
            "trainingMetrics": {"trainingLoss": job.training_loss} if done else None,
            "validationMetrics": validation_metrics(job) if done else None,
            "vpcConfig": asked.get("vpcConfig"),
            "customizationConfig": asked.get("customizationConfig"),
        }

    def list(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """ListModelCustomizationJobs."""
        jobs = [
            job
            for job in region.jobs.values()
            if request.get("statusEquals", job.status) == job.status
            and request.get("nameContains", "").lower() in job.name.lower()
            and request.get("creationTimeAfter", float("-inf")) < job.created_at
            and job.created_at < request.get("creationTimeBefore", float("inf"))
        ]
        page, token = self._store.page(jobs, request, "jobs")
        summaries = [
            {
                "jobArn": job.arn,
                "baseModelArn": job.base.arn(region.name),
                "jobName": job.name,
                "status": job.status,
                "statusDetails": status_details(job),
                "lastModifiedTime": job.changed_at,
                "creationTime": job.created_at,
                "endTime": job.ended_at,
                "customModelArn": job.model_arn,
                "customModelName": job.model_name,
                "customizationType": job.type,
            }
            for job in page
        ]
        return {"nextToken": token, "modelCustomizationJobSummaries": summaries}

    def stop(self, region: Region, request: dict[str, Any]) -> dict[str, Any]:
        """StopModelCustomizationJob."""
        job = self._find(region, request["jobIdentifier"])
        if job.status != IN_PROGRESS:
            raise conflict(
                f"The model customization job {job.arn} cannot be stopped because its status is {job.status}."
            )
        now = self._store.clock.now()
        job.status, job.stop_at, job.changed_at = STOPPING, now, now
        return {}


def status_details(job: Job) -> dict[str, Any]:
    """The status of each phase."""
    details = {}
    for index, name in enumerate(("validationDetails", "dataProcessingDetails", "trainingDetails")):
        if index >= len(job.starts):
            details[name] = {
                "status": NOT_STARTED,
                "creationTime": job.created_at,
                "lastModifiedTime": job.created_at,
            }
            continue
        last = index == len(job.starts) - 1
        if not last:
            status, changed = COMPLETED, job.starts[index + 1]
        else:
            status, changed = job.status, job.changed_at
            if job.status == STOPPING and job.stop_at is not None:
                changed = job.stop_at
        details[name] = {"status": status, "creationTime": job.starts[index], "lastModifiedTime": changed}
    return details


def validation_metrics(job: Job) -> list[dict[str, float]]:
    """One entry a validator."""
    return [{"validationLoss": each} for each in job.validation_losses]


def _hyperparameters(base: BaseModel, type_: str, request: dict[str, Any]) -> dict[str, str]:
    """The settings of a job with the family's defaults; AwsError for unknown names and values out of range."""
    sent: dict[str, str] = dict(request.get("hyperParameters", {}))
    if type_ in {DISTILLATION, REINFORCEMENT}:
        if sent:
            where = "customizationConfig.rftConfig.hyperParameters" if type_ == REINFORCEMENT else "customizationConfig"
            raise invalid(f"hyperParameters are not supported for the customization type {type_}; use {where}.")
        return {}
    rules = HYPERPARAMETERS[base.family]
    for name in sent:
        if name not in rules:
            known = ", ".join(sorted(rules))
            raise invalid(
                f"The hyperparameter {name} is not supported for the model {base.full_id}. Supported: {known}."
            )
    resolved = {}
    for name, rule in rules.items():
        if name in sent:
            _check_value(name, sent[name], rule)
            resolved[name] = sent[name]
        elif rule.default is None:
            raise invalid(f"The hyperparameter {name} is required for the model {base.full_id}.")
        elif name != "batchSize" or not base.family.startswith("nova") or base.family == "nova-canvas":
            resolved[name] = rule.default
    return resolved


def _check_value(name: str, text: str, rule: Range) -> None:
    if text in rule.words:
        return
    try:
        number = int(text) if rule.whole else float(text)
    except ValueError as error:
        kind = "an integer" if rule.whole else "a number"
        raise invalid(f"The value '{text}' of the hyperparameter {name} is not {kind}.") from error
    if not rule.low <= number <= rule.high:
        bounds = f"It must be between {rule.low:g} and {rule.high:g}."
        raise invalid(f"The value {text} of the hyperparameter {name} is out of range. {bounds}")
