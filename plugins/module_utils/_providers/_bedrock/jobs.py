# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Customization jobs and custom models: the calls that read them, and their conversion into the engine's runs.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.compare import number, same_content
from ..._engine.content import Content
from ..._engine.errors import ApiError, InvalidInput, NotFound
from ..._engine.types import Phase, Progress, Run
from ..toolkit.answers import quote_host
from ..toolkit.bounds import TagBound
from ..toolkit.rows import Rows
from . import shapes
from .client import Api, time_of
from .objects import parse_data, split_uri

PHASES = {
    "InProgress": Phase.PENDING,
    "Stopping": Phase.CANCELLING,
    "Stopped": Phase.CANCELLED,
    "Failed": Phase.FAILED,
    "Completed": Phase.READY,
}
_MODEL_PHASES = {"Creating": Phase.PENDING, "Active": Phase.READY, "Failed": Phase.FAILED}
STATUSES = {status.lower(): phase for status, phase in (*PHASES.items(), *_MODEL_PHASES.items())}
_STAGES = (
    ("training_details", "training"),
    ("data_processing_details", "processing the data"),
    ("validation_details", "validating the data"),
)
_USERS = (
    ("list_custom_model_deployments", "modelDeploymentSummaries", "deployment", "custom_model_deployment_name"),
    ("list_provisioned_model_throughputs", "provisionedModelSummaries", "throughput", "provisioned_model_name"),
)
_PAGE = 1000  # the API's own maximum
_REASON = 1000  # characters
TAGS = TagBound("AWS", 50, own=4)
_SYSTEM_TAG = "aws:"
_TAG_VALUE = 256  # characters
_BETWEEN = " / "
_CONTEXT = re.compile(r":\d+k")
_PROFILE = re.compile(r"arn:[^:]*:bedrock:[^:]*:[^:]*:(?:application-)?inference-profile/")
# The prefix of a model's id in the id of an inference profile (user guide, "Inference profiles", as of 2026-08).
_GEOGRAPHY = re.compile(r"^(?:us|eu|apac|global|us-gov|jp|au|ca|in|sa|me|il|uk)\.(?=[a-z0-9-]+\.)")
NO_KEY = "none"  # the observed key of a model that is encrypted with a key of AWS


# -- names -----------------------------------------------------------------------------------------------------


def model_id(identifier: str) -> str:
    """The id in a foundation model's ARN. Any other identifier is returned unchanged."""
    return identifier.partition(":foundation-model/")[2] or identifier


def same_base(desired: Any, observed: Any) -> bool:
    """Whether two identifiers name the same base model.

    An ARN equals the id that it contains. An id with a context suffix (``:300k``) equals the id without one.
    """
    a, b = model_id(str(desired)), model_id(str(observed))
    if a == b:
        return True
    bare_a, bare_b = _without_context(a), _without_context(b)
    return bare_a == bare_b and (a == bare_a or b == bare_b)


def same_teacher(desired: Any, observed: Any) -> bool:
    """Whether two identifiers name the same teacher model.

    An inference profile says where a model runs, not which model it is. An account can make a profile whose id does not
    contain the id of a model. Such a profile is compared only with other ones of this kind. It counts as equal to every
    identifier that contains the id of a model.
    """
    a, b = (_PROFILE.sub("", str(identifier)) for identifier in (desired, observed))
    if ("." in a) != ("." in b):
        return True
    return same_base(_GEOGRAPHY.sub("", a), _GEOGRAPHY.sub("", b))


def _without_context(identifier: str) -> str:
    head, colon, last = identifier.rpartition(":")
    return head if colon and _CONTEXT.fullmatch(colon + last) else identifier


def same_key(desired: Any, observed: Any) -> bool:
    """Whether two identifiers name the same KMS key, by its ARN or its id.

    An alias can point to another key at any time, so it is not compared: it counts as equal to any key. It differs only
    from NO_KEY, the value of a model without a key of its own.
    """
    a, b = str(desired), str(observed)
    if "alias/" in a or "alias/" in b:
        return NO_KEY not in (a, b)
    return a == b or a.endswith(f":key/{b}") or b.endswith(f":key/{a}")


def same_function(desired: Any, observed: Any) -> bool:
    """Whether two ARNs name the same Lambda function. An ARN without a version means the newest version."""
    a, b = (str(arn).removesuffix(":$LATEST") for arn in (desired, observed))
    return a == b


def same_folder(desired: Any, observed: Any) -> bool:
    """Whether two URIs name the same folder in S3. A slash at the end does not matter."""
    return str(desired).rstrip("/") == str(observed).rstrip("/")


def is_name(identifier: str) -> bool:
    """Whether this is the name of a custom model. It contains no dot and no colon; every id and ARN contains one."""
    return "." not in identifier and ":" not in identifier


def root_of(arn: str) -> str | None:
    """The base model in the ARN of a custom model: ``.../custom-model/<base>/<id>``. None if it contains none."""
    base = arn.partition(":custom-model/")[2].rpartition("/")[0]
    return base if "." in base else None


def end_of_base(api: Api, base: str) -> str | None:
    """The date on which a foundation model ended, if the host's clock is after it.

    Returns None if the model has not ended, if the API shows no date, or if the caller may not read the model.
    """
    try:
        answer = api.call(f"Looking up the foundation model {base}", "get_foundation_model", modelIdentifier=base)
    except ApiError:
        return None
    end_of_life = mapping(answer["modelDetails"].get("modelLifecycle")).get("endOfLifeTime")
    end = end_of_life.timestamp() if isinstance(end_of_life, datetime) else timestamp(end_of_life)
    if end is None or end > (time_of(answer) or time.time()):
        return None
    return datetime.fromtimestamp(end, timezone.utc).date().isoformat()


def is_model(identifier: str) -> bool:
    """Whether this is the ARN of a custom model, not of a job."""
    return ":custom-model/" in identifier


# -- looking ---------------------------------------------------------------------------------------------------


def list_jobs(api: Api, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The jobs' summaries, newest first. ``wanted``: the API's filters by their API names."""
    return shapes.pages(
        api,
        "Listing the customization jobs",
        "list_model_customization_jobs",
        "modelCustomizationJobSummaries",
        sortBy="CreationTime",
        sortOrder="Descending",
        maxResults=_PAGE,
        **wanted,
    )


def list_models(api: Api, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The custom models' summaries, newest first. ``wanted``: the API's filters by their API names."""
    return shapes.pages(
        api,
        "Listing the custom models",
        "list_custom_models",
        "modelSummaries",
        sortBy="CreationTime",
        sortOrder="Descending",
        maxResults=_PAGE,
        **wanted,
    )


def get_job(api: Api, identifier: str) -> dict[str, Any]:
    """One job by its ARN or name, as plain data."""
    found = api.call(f"Looking up the job {identifier}", "get_model_customization_job", jobIdentifier=identifier)
    return _to_dict(api, "GetModelCustomizationJob", found)


def get_model(api: Api, identifier: str) -> dict[str, Any]:
    """One custom model by its ARN or name, as plain data."""
    found = api.call(f"Looking up the model {identifier}", "get_custom_model", modelIdentifier=identifier)
    return _to_dict(api, "GetCustomModel", found)


def _to_dict(api: Api, operation: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shapes.to_dict(answer, shapes.answer(api.bedrock, operation))
    if "hyper_parameters" in found:
        found["hyperparameters"] = found.pop("hyper_parameters")  # the name of the option
    return found


def list_users(api: Api, model: str) -> Iterator[str]:
    """One phrase for each deployment and provisioned throughput that uses a model.

    Resources that the caller may not list are left out.
    """
    for operation, key, noun, label in _USERS:
        # An old SDK cannot list them. The API then refuses the deletion itself.
        if operation not in api.bedrock.meta.method_to_api_mapping:
            continue
        try:
            for item in shapes.pages(api, f"Listing what uses {model}", operation, key, modelArnEquals=model):
                yield f"the {noun} {item.get(label)} uses {model}"
        except ApiError as error:
            if error.status != 403:
                raise


def add_tags(api: Api, arn: str, tags: Mapping[str, str]) -> None:
    """Add tags to a job or model."""
    api.call(f"Changing the tags of {arn}", "tag_resource", resourceARN=arn, tags=tag_pairs(tags))


def remove_tags(api: Api, arn: str, keys: Sequence[str]) -> None:
    """Remove tags from a job or model."""
    api.call(f"Removing tags of {arn}", "untag_resource", resourceARN=arn, tagKeys=list(keys))


def list_tags(api: Api, arn: str) -> dict[str, str]:
    """All tags of a job or model, without AWS's own. Raises NotFound if it does not exist."""
    found = api.call(f"Reading the tags of {arn}", "list_tags_for_resource", resourceARN=arn)
    return {tag["key"]: tag["value"] for tag in found["tags"] if not tag["key"].startswith(_SYSTEM_TAG)}


def tag_pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form of a request."""
    return [{"key": key, "value": value} for key, value in tags.items()]


# -- as runs of the engine ---------------------------------------------------------------------------------------


def run_of_summary(summary: Mapping[str, Any]) -> Run:
    """A job of a listing as a run. The listing shows no settings, so a job that has ended is not verified."""
    phase = PHASES.get(str(summary.get("status")), Phase.UNKNOWN)
    return Run(
        id=str(summary["job_arn"]),
        created=timestamp(summary.get("creation_time")) or 0.0,
        phase=phase,
        status=str(summary.get("status") or "unknown"),
        model=summary.get("custom_model_arn"),
        ended=timestamp(summary.get("end_time")),
        removable=phase is Phase.READY,
        verified=phase not in (Phase.READY, Phase.FAILED, Phase.CANCELLED),
        raw=summary,
    )


def run_of_job(job: Mapping[str, Any]) -> Run:
    """A job with its settings as a run, without its tags."""
    phase = PHASES.get(str(job.get("status")), Phase.UNKNOWN)
    return Run(
        id=str(job["job_arn"]),
        created=timestamp(job.get("creation_time")) or 0.0,
        phase=phase,
        status=str(job.get("status") or "unknown"),
        observed=_read_observed(job),
        reason=quote_host(job.get("failure_message"), _REASON),
        model=job.get("output_model_arn"),
        ended=timestamp(job.get("end_time")),
        token=job.get("client_request_token"),
        removable=phase is Phase.READY,
        verified=phase is not Phase.READY,
        raw=job,
    )


def run_of_model(model: Mapping[str, Any]) -> Run:
    """A custom model without a job in this account as a run: it was imported or copied."""
    status = str(model.get("model_status") or "Active")
    phase = _MODEL_PHASES.get(status, Phase.UNKNOWN)
    return Run(
        id=str(model["model_arn"]),
        created=timestamp(model.get("creation_time")) or 0.0,
        phase=phase,
        status=status,
        observed=_read_observed({**model, "output_model_kms_key_arn": model.get("model_kms_key_arn")}),
        reason=quote_host(model.get("failure_message"), _REASON),
        model=str(model["model_arn"]),
        removable=True,
        raw=model,
    )


def _read_observed(job: Mapping[str, Any]) -> dict[str, Any]:
    vpc = mapping(job.get("vpc_config"))
    observed: dict[str, Any] = {
        "base_model_identifier": job.get("base_model_arn"),
        "customization_type": job.get("customization_type"),
        "hyperparameters": job.get("hyperparameters"),
        "customization_config": job.get("customization_config"),
        "custom_model_kms_key_id": job.get("output_model_kms_key_arn"),
        "role_arn": job.get("role_arn"),
        "output_data_config": mapping(job.get("output_data_config")).get("s3_uri"),
        "vpc_config.subnet_ids": vpc.get("subnet_ids"),
        "vpc_config.security_group_ids": vpc.get("security_group_ids"),
        "job_name": job.get("job_name"),
        "invocation_logs_config": mapping(job.get("training_data_config")).get("invocation_logs_config"),
        **read_data(job, {}),
    }
    if "job_arn" in job and "role_arn" in job:
        # The API leaves out members of a job that are not set.
        observed["vpc_config.subnet_ids"] = vpc.get("subnet_ids") or []
        observed["vpc_config.security_group_ids"] = vpc.get("security_group_ids") or []
        observed["customization_config"] = job.get("customization_config") or {}
        observed["invocation_logs_config"] = observed["invocation_logs_config"] or {}
        if PHASES.get(str(job.get("status"))) is Phase.READY:
            observed["custom_model_kms_key_id"] = job.get("output_model_kms_key_arn") or NO_KEY
    return {key: value for key, value in observed.items() if value is not None}


def read_data(job: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """The observed data of a job. ``own``: the ownership tags, which keep the identity of the content."""
    observed: dict[str, Any] = {}
    training = mapping(job.get("training_data_config"))
    if training.get("s3_uri"):
        observed["training_data_config"] = _content(training["s3_uri"], own.get(ownership.TRAINING))
    elif training.get("invocation_logs_config"):
        observed["training_data_config"] = Content(id="invocation logs")
    validators = mapping(job.get("validation_data_config")).get("validators")
    if validators is None and "role_arn" in job:
        validators = []
    if validators is not None:
        kept = own.get(ownership.VALIDATION, "").split(_BETWEEN)
        kept = kept if len(kept) == len(validators) else [""] * len(validators)
        observed["validation_data_config"] = [
            _content(item.get("s3_uri"), mark) for item, mark in zip(validators, kept, strict=True)
        ]
    return observed


def contents_mark(contents: list[Content]) -> str:
    """The mark of several contents for one tag.

    It is shortened if it exceeds 256 characters, the maximum of a tag's value.
    """
    for marks in ((content.mark for content in contents), (content.sha256[:12] for content in contents)):
        mark = _BETWEEN.join(marks)
        if len(mark) <= _TAG_VALUE:
            break
    return mark


def _content(uri: Any, mark: str | None) -> Content:
    # An older run may have a URI that this version does not accept.
    try:
        content = parse_data("s3_uri", str(uri))
    except InvalidInput:
        return Content(id=str(uri))
    return content.marked(mark)


def same_contents(desired: Any, observed: Any) -> bool:
    """Whether two lists contain the same data in any order."""
    left = list(observed)
    for content in desired:
        found = next((index for index, other in enumerate(left) if same_content(content, other)), None)
        if found is None:
            return False
        del left[found]
    return not left


def progress_of(run: Run) -> Progress:
    """The progress of a job. While a job runs, Bedrock shows only its stage."""
    details = mapping(run.raw.get("status_details"))
    for key, stage in _STAGES:
        if mapping(details.get(key)).get("status") in ("InProgress", "Stopping"):
            return Progress(stage)
    done = [stage for key, stage in _STAGES if mapping(details.get(key)).get("status") == "Completed"]
    return Progress(f"{done[0]} is done" if done else "waiting to start")


# -- metrics ---------------------------------------------------------------------------------------------------


def final_metrics(job: Mapping[str, Any]) -> dict[str, Any]:
    """The last losses. With several validators, the validation loss is the mean of theirs."""
    metrics: dict[str, Any] = {}
    loss = number(mapping(job.get("training_metrics")).get("training_loss"))
    if loss is not None:
        metrics["training_loss"] = loss
    losses = [number(item.get("validation_loss")) for item in job.get("validation_metrics") or ()]
    known = [loss for loss in losses if loss is not None]
    if known:
        metrics["validation_loss"] = sum(known) / len(known)
    return metrics


def read_steps(api: Api, job: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The losses by step that a job wrote into its output bucket: ``training`` and ``validation``, each a list.

    A list is empty if its file does not exist. Bedrock's guide and AWS's samples give different places for the
    validation file, so both are tried.
    """
    uri = mapping(job.get("output_data_config")).get("s3_uri")
    if not uri:
        return {"training": [], "validation": []}
    bucket, key = split_uri("output_data_config.s3_uri", str(uri))
    folder = f"{key.rstrip('/')}/".lstrip("/") + f"model-customization-job-{str(job['job_arn']).rpartition('/')[2]}"
    validation = f"{folder}/validation_artifacts/post_fine_tuning_validation"
    return {
        "training": _rows(api, bucket, f"{folder}/training_artifacts/step_wise_training_metrics.csv"),
        "validation": _rows(api, bucket, f"{validation}/validation_metrics.csv")
        or _rows(api, bucket, f"{validation}/validation/validation_metrics.csv"),
    }


def _rows(api: Api, bucket: str, key: str) -> list[dict[str, Any]]:
    rows = Rows()
    try:
        api.data(f"Reading s3://{bucket}/{key}", bucket, key, rows.take)
    except NotFound:
        return []
    except ApiError as error:
        if error.code == "NoSuchKey":
            return []
        raise
    return rows.end()
