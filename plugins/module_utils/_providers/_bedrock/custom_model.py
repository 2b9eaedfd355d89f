# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource bedrock_custom_model: its options, and the driver that calls the API.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping
from ..._engine.compare import Compare, CompareTags, has_tags, same_content, same_set, same_tags
from ..._engine.content import CHECK_MODE, SAME_DATA, Content, make_placeholder, refuse_placeholder, same_data
from ..._engine.errors import ApiError, FineTuneError, InvalidInput, NotFound, TransientError
from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC, WAIT_SPEC, options_of, refuse_missing
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Progress, Run
from ..toolkit.bounds import read_tags
from ..toolkit.driver import BaseDriver, find_hint, name_of_placeholder, steps_noted
from ..toolkit.naming import snake
from . import jobs, objects, shapes
from .base_models import CUSTOMIZATION_TYPES, path_pattern
from .client import AUTH_SPEC, Api, make_api
from .hyperparameters import check_hyperparameters, unknown_hyperparameters
from .lineage import BASE, Lineage

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_CREATE = "CreateModelCustomizationJob"
_API_NAMES = {"hyperparameters": "hyper_parameters"}  # a request member whose option has another name
_FORMER_TAGS = "former_tags"

_URI = {"s3_uri": {"type": "str", "required": True}}
_DISTILLATION = {
    "teacher_model_config": {
        "type": "dict",
        "required": True,
        "options": {
            "teacher_model_identifier": {"type": "str", "required": True},
            "max_response_length_for_inference": {"type": "int"},
        },
    },
}
_REINFORCEMENT = {
    "grader_config": {
        "type": "dict",
        "options": {"lambda_grader": {"type": "dict", "options": {"lambda_arn": {"type": "str", "required": True}}}},
    },
    "hyper_parameters": {"type": "dict"},
}
_OPTIONS = {
    "custom_model_name": {"type": "str"},
    "job_arn": {"type": "str"},
    "job_name": {"type": "str"},
    "base_model_identifier": {"type": "str"},
    "customization_type": {"type": "str", "choices": list(CUSTOMIZATION_TYPES)},
    "hyperparameters": {"type": "dict"},
    "customization_config": {
        "type": "dict",
        "options": {
            "distillation_config": {"type": "dict", "options": _DISTILLATION},
            "rft_config": {"type": "dict", "options": _REINFORCEMENT},
        },
    },
    "role_arn": {"type": "str"},
    "custom_model_kms_key_id": {"type": "str"},
    "training_data_config": {
        "type": "dict",
        "options": {
            "s3_uri": {"type": "str"},
            "invocation_logs_config": {
                "type": "dict",
                "options": {
                    "use_prompt_response": {"type": "bool"},
                    "invocation_log_source": {"type": "dict", "required": True, "options": _URI},
                    "request_metadata_filters": {"type": "dict"},
                },
            },
        },
    },
    "validation_data_config": {
        "type": "dict",
        "options": {
            "validator": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "aliases": ["validators"],
                "options": _URI,
            },
        },
    },
    "output_data_config": {"type": "dict", "options": _URI},
    "vpc_config": {
        "type": "dict",
        "options": {
            "subnet_ids": {"type": "list", "elements": "str", "required": True},
            "security_group_ids": {"type": "list", "elements": "str", "required": True},
        },
    },
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent", "cancelled"], "default": "present"},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **WAIT_SPEC, **PROGRESS_SPEC, **_OPTIONS},
    "required_one_of": [("custom_model_name", "job_arn")],
}

# Words in the messages of failed jobs, and the advice for each (troubleshooting table of the user guide, facts of
# 2026).
_HINTS = (
    ("getobject", "Give the job's role s3:GetObject and s3:ListBucket on the data, and kms:Decrypt on its key."),
    ("putobject", "Give the job's role s3:PutObject on the output bucket."),
    ("s3 perms missing", "Give the job's role s3:PutObject on the output bucket."),
    ("unable to parse", "Run dataset_info on the data: it names each line."),
    ("input size exceeded", "The file is too large for this base model: see the limits that dataset_info names."),
    ("token count", "An example is too long for this base model: see the lengths that dataset_info shows."),
    ("not a directory", "Give the URI of one file."),
    ("license", "The host's check for licensed text flagged the data: remove those records."),
    ("records", "The number of records is out of this base model's limits: see dataset_info."),
)


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. Makes no call."""
    params = module.params
    name = name_of_placeholder(module, "job", params["job_arn"])
    if name and not params["custom_model_name"]:
        params = {**params, "custom_model_name": name}
    name = params["custom_model_name"] or params["job_arn"]
    options = options_of(
        module,
        name=name,
        run_id=params["job_arn"],
        id_option="job_arn",
        fields=_list_fields(same_tags),
        identity=("custom_model_name", "name"),
    )
    api = make_api(module, "bedrock")
    region = _read_region(params["job_arn"] or "")
    if region and region != api.region:
        raise InvalidInput(f"job_arn is in {region}, the task works in {api.region}.", hint=f"Set region to {region}.")
    desired = read_desired(api, params, check_mode=module.check_mode)
    _check_regions(api, desired)
    driver = CustomModel(
        api,
        params["custom_model_name"],
        desired,
        purge_tags=params["purge_tags"],
        compares=params["state"] == "present",
        thorough=params["state"] != "present" or params["delete_previous"],
        steps=params["details"],
    )
    driver.warnings += unknown_hyperparameters(desired)
    return driver, options


def _read_region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def _check_regions(api: Api, desired: Mapping[str, Any]) -> None:
    """Raise InvalidInput if a resource that the job uses is in another region than the job."""
    rft = mapping(mapping(desired.get("customization_config")).get("rft_config"))
    grader = mapping(mapping(rft.get("grader_config")).get("lambda_grader"))
    for option, arn in (
        ("base_model_identifier", desired.get("base_model_identifier")),
        ("custom_model_kms_key_id", desired.get("custom_model_kms_key_id")),
        ("customization_config.rft_config.grader_config.lambda_grader.lambda_arn", grader.get("lambda_arn")),
    ):
        region = _read_region(str(arn or ""))
        if region and region != api.region:
            raise InvalidInput(
                f"{option} is in {region}, the job would run in {api.region}.",
                hint=f"Give one of {api.region}, or set region to {region}.",
            )


def read_desired(api: Api, params: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Turn the options into field values. Raises InvalidInput for the first wrong option."""
    name = params["custom_model_name"]
    training = {key: value for key, value in (params["training_data_config"] or {}).items() if value is not None}
    output = (params["output_data_config"] or {}).get("s3_uri")
    vpc = params["vpc_config"] or {}
    if not check_mode:
        refuse_placeholder("base_model_identifier", params["base_model_identifier"])
    if params["state"] == "present" and not params["job_arn"]:
        needed = ("base_model_identifier", "role_arn", "training_data_config", "output_data_config")
        hint = "A job cannot be started without it; or give job_arn to adopt one."
        refuse_missing({option: params[option] for option in needed}, hint)
    if len(training) > 1 and "s3_uri" in training:
        raise InvalidInput("training_data_config has s3_uri and invocation_logs_config.", hint="Give one of them.")
    if params["training_data_config"] is not None and not training:
        raise InvalidInput("training_data_config is empty.", hint="Give s3_uri or invocation_logs_config.")
    desired: dict[str, Any] = {
        "base_model_identifier": params["base_model_identifier"],
        "customization_type": params["customization_type"],
        "hyperparameters": _read_hyperparameters(params["hyperparameters"]) or None,
        "customization_config": params["customization_config"],
        "custom_model_kms_key_id": params["custom_model_kms_key_id"],
        "role_arn": params["role_arn"],
        "output_data_config": output,
        "vpc_config.subnet_ids": vpc.get("subnet_ids"),
        "vpc_config.security_group_ids": vpc.get("security_group_ids"),
        "job_name": params["job_name"],
        "invocation_logs_config": training.get("invocation_logs_config"),
        "tags": read_tags("tags", params["tags"], jobs.TAGS),
    }
    if training.get("s3_uri"):
        desired["training_data_config"] = objects.parse_data(
            "training_data_config.s3_uri", training["s3_uri"], check_mode=check_mode
        )
    validators = (params["validation_data_config"] or {}).get("validator")
    if validators is not None:
        desired["validation_data_config"] = [
            objects.parse_data(
                f"validation_data_config.validator[{index}].s3_uri", item["s3_uri"], check_mode=check_mode
            )
            for index, item in enumerate(validators)
        ]
    if output:
        objects.split_uri("output_data_config.s3_uri", output)
    desired = {key: value for key, value in desired.items() if value is not None}
    former = {str(key): "" if value is None else str(value) for key, value in (params["tags"] or {}).items()}
    if former != desired.get("tags", {}):
        desired[_FORMER_TAGS] = former
    _check_shapes(api, name, desired)
    check_hyperparameters(desired)
    return desired


def _read_hyperparameters(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """The hyperparameters as the user gave them, without those that are None.

    A template's ``2.0`` becomes the whole number 2.
    """
    found: dict[str, Any] = {}
    for key, value in (values or {}).items():
        if isinstance(value, (dict, list)):
            raise InvalidInput(f"hyperparameters.{key} is {value!r}; it is a text or a number.")
        if value is None:
            continue
        found[key] = int(value) if isinstance(value, float) and value.is_integer() else value
    return found


def _check_shapes(api: Api, name: str | None, desired: Mapping[str, Any]) -> None:
    """Check the desired state with the API's own model: lengths, patterns, enums, ranges."""
    shape = shapes.members(api.bedrock, _CREATE)
    for key, value in desired.get("tags", {}).items():
        if key.lower().startswith("aws:"):
            raise InvalidInput(f"tags: the key '{key}' is reserved by AWS.", hint="Use a key without 'aws:'.")
        shapes.request({"key": key, "value": value}, shape.members["jobTags"].member, f"tags ('{key}')")
    body = _build_body({**desired, "custom_model_name": name})
    for key, value in body.items():
        if isinstance(value, str) and value.startswith(CHECK_MODE):
            continue
        member = next((member for member in shape.members if snake(member) == _API_NAMES.get(key, key)), None)
        if member is None:
            raise InvalidInput(f"{key} is not known to the installed boto3.", hint="Install a newer boto3.")
        shapes.request(value, shape.members[member], key)


def _build_body(desired: Mapping[str, Any]) -> dict[str, Any]:
    """The create request under the names of the options."""
    training: dict[str, Any] = {}
    if "training_data_config" in desired:
        training["s3_uri"] = desired["training_data_config"].id
    if "invocation_logs_config" in desired:
        training["invocation_logs_config"] = desired["invocation_logs_config"]
    vpc = {
        key: desired[f"vpc_config.{key}"]
        for key in ("subnet_ids", "security_group_ids")
        if f"vpc_config.{key}" in desired
    }
    body: dict[str, Any] = {
        key: desired.get(key)
        for key in (
            "custom_model_name",
            "job_name",
            "base_model_identifier",
            "customization_type",
            "hyperparameters",
            "customization_config",
            "custom_model_kms_key_id",
            "role_arn",
        )
    }
    body["training_data_config"] = training or None
    if desired.get("validation_data_config"):
        body["validation_data_config"] = {
            "validators": [{"s3_uri": content.id} for content in desired["validation_data_config"]]
        }
    if "output_data_config" in desired:
        body["output_data_config"] = {"s3_uri": desired["output_data_config"]}
    body["vpc_config"] = vpc or None
    return {key: value for key, value in body.items() if value is not None}


# -- the driver ------------------------------------------------------------------------------------------------


_CONFIG_PARTS = {
    "distillation_config.teacher_model_config.teacher_model_identifier": jobs.same_teacher,
    "rft_config.grader_config.lambda_grader.lambda_arn": jobs.same_function,
}


def _list_fields(tags: CompareTags) -> Sequence[Field]:
    """Every compared option. ``tags``: the function that compares the tags."""
    return (
        Field("base_model_identifier", "immutable", jobs.same_base),
        Field("training_data_config", "immutable", same_content, options=("training_data_config.s3_uri",)),
        Field(
            "invocation_logs_config",
            "immutable",
            Compare({"invocation_log_source.s3_uri": jobs.same_folder}),
            options=("training_data_config.invocation_logs_config",),
        ),
        Field(
            "validation_data_config",
            "immutable",
            jobs.same_contents,
            options=("validation_data_config.validator", "validation_data_config.validators"),
        ),
        Field("customization_type", "immutable"),
        Field("hyperparameters", "immutable", each=True),
        Field("customization_config", "immutable", Compare(_CONFIG_PARTS)),
        Field("custom_model_kms_key_id", "immutable", jobs.same_key),
        Field("role_arn", "creation"),
        Field("vpc_config.subnet_ids", "creation", same_set),
        Field("vpc_config.security_group_ids", "creation", same_set),
        Field("output_data_config", "creation", jobs.same_folder, options=("output_data_config.s3_uri",)),
        Field("job_name", "creation"),
        Field("tags", "in_place", tags, options=("tags", "resource_tags")),
        Field("custom_model_tags", "in_place", tags, options=("tags", "resource_tags")),
        Field("markers", "in_place", has_tags, inner=True),
    )


class CustomModel(BaseDriver):
    """Customization jobs and their models in one account and region. See :class:`_engine.types.Driver`.

    The first model of a lineage has the name that the user gave. Further models are called ``<name>-<hash, 8>``,
    because Bedrock has no two models with one name. The jobs of a lineage are found by their names, which begin with
    the lineage's prefix.
    """

    kind = "model"
    noun = "Job"
    capabilities = Capabilities(
        no_pause="Bedrock cannot pause a job; 'state: cancelled' stops it.", one_run_a_token=True
    )

    def __init__(
        self,
        api: Api,
        name: str | None,
        desired: Mapping[str, Any],
        *,
        purge_tags: bool = True,
        compares: bool = True,
        thorough: bool = False,
        steps: bool = False,
    ) -> None:
        managed = {"markers": {ownership.NAME: name}} if name else {}
        super().__init__(
            name, {**desired, **({"custom_model_tags": desired["tags"]} if "tags" in desired else {}), **managed}
        )
        self.api = api
        self.purge_tags = purge_tags
        self.compares = compares
        self.steps = steps
        self._warn_of_same_data()
        self.thorough = thorough
        self.lineage = Lineage(api, name or "", self.warnings)
        self._model_name = name or ""
        self._job_name = str(self.resolved.get("job_name") or "")
        self._searched = False

    @property
    def fields(self) -> Sequence[Field]:
        """Every compared option. With ``purge_tags`` all tags are compared, otherwise only those that the user set."""
        return _list_fields(same_tags if self.purge_tags else has_tags)

    def request(self) -> dict[str, Any]:
        """The create request under the names of the options."""
        names = {"custom_model_name": self._model_name, "job_name": self._job_name}
        return {**_build_body(self.resolved), **names, "tags": self.resolved.get("tags", {})}

    def idempotency_key(self) -> dict[str, Any]:
        """The whole request.

        Its tags have the form of version 1.0.0, so that two versions that run at once get the same job.
        """
        request = self.request()
        return {**request, "tags": self.resolved.get(_FORMER_TAGS, request["tags"])}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The jobs of the lineage, found by their names.

        A job with a name of the user's choice is found by ``job_name``, or by a thorough search. The thorough search is
        made at once if no living run was found by its name, or if the task may stop or delete something. Otherwise
        ``preflight`` makes it.
        """
        self.lineage.forget()
        self._searched = False
        runs: dict[str, Run] = {}
        if run_id:
            adopted = self._read_adopted(run_id)
            self._refuse_other_lineage(run_id, adopted)
            runs[adopted.id] = adopted
        if not self.name:
            return list(runs.values())
        wanted = [self.lineage.prefix]
        if self.resolved.get("job_name") and self.lineage.prefix not in self.resolved["job_name"]:
            wanted.append(self.resolved["job_name"])
        found = {str(summary["job_arn"]): summary for part in wanted for summary in self.lineage.find_jobs(part)}
        for run in self._keep_decisive(map(jobs.run_of_summary, found.values())):
            runs.setdefault(run.id, run)
        alive = any(run.phase.pending or run.phase.transitional or run.phase is Phase.READY for run in runs.values())
        if not alive or self.thorough:
            for run in self._search(runs):
                runs[run.id] = run
        return list(runs.values())

    def _keep_decisive(self, found: Iterable[Run]) -> list[Run]:
        """The runs that matter for the decision.

        Of the jobs that ended without a model, only the newest is kept. Jobs that have not ended are read in full.
        """
        runs: list[Run] = []
        failed: Run | None = None
        for run in sorted(found, key=lambda run: run.age_key):
            if run.phase in (Phase.FAILED, Phase.CANCELLED):
                failed = run
            elif run.phase is Phase.READY:
                runs.append(run)
            else:
                runs.append(self._read_in_full(run))
        return [*runs, failed] if failed else runs

    def _read_in_full(self, run: Run) -> Run:
        """A job of the list with its settings.

        Reads may lag behind the list. A job that a read does not show yet raises TransientError, so that the engine
        reads again.
        """
        if not self.compares:
            return replace(run, verified=True)
        try:
            return self._read_job(run.id)
        except NotFound as error:
            if self.lineage.is_created_here(run.id):
                return replace(run, verified=True)
            raise TransientError(error.message) from error

    def _search(self, known: Mapping[str, Run]) -> list[Run]:
        """Find jobs with any name that are in progress, and jobs that made an existing model of the lineage."""
        self._searched = True
        found: dict[str, Run] = {}
        for summary in self.lineage.jobs_under_way():
            if summary["job_arn"] not in known:
                found[str(summary["job_arn"])] = self._read_in_full(jobs.run_of_summary(summary))
        for arn in self.lineage.models({run.model for run in known.values()}):
            model = jobs.get_model(self.api, arn)
            run = self._read_job(str(model["job_arn"])) if model.get("job_arn") else self._read_model(model)
            if run.id not in known:
                found[run.id] = run
        return list(found.values())

    def _read_adopted(self, identifier: str) -> Run:
        if jobs.is_model(identifier):
            return self._read_model(jobs.get_model(self.api, identifier))
        return self._read_job(identifier)

    def _read_job(self, identifier: str) -> Run:
        """A job with its settings. If tags are compared, its tags are read too."""
        job = jobs.get_job(self.api, identifier)
        self.lineage.job_names[str(job.get("job_name"))] = str(job["job_arn"])
        if self.compares:
            self._read_tags(str(job["job_arn"]))
        return self.lineage.with_tags(jobs.run_of_job(job))

    def _read_model(self, model: Mapping[str, Any]) -> Run:
        """A model without a job in this account. If tags are compared, its tags are read too."""
        if self.compares:
            self._read_tags(str(model["model_arn"]))
        return self.lineage.with_tags(jobs.run_of_model(model))

    def _read_tags(self, arn: str) -> None:
        with suppress(NotFound):  # reads may lag behind a creation
            self.lineage.tags_of(arn)

    def _refuse_other_lineage(self, run_id: str, run: Run) -> None:
        owner = (self.lineage.tags_of(run.id) or {}).get(ownership.NAME) if self.name else None
        self.refuse_other_name(run_id, owner, "job_arn")

    # -- looking closer --

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Look at the models. A model is gone if the list of models does not contain it.

        For a single run whose tags can be read, the list is not read.
        """
        return [self._verify_run(run, listing=not self.compares or len(runs) > 1) for run in runs]

    def _verify_run(self, run: Run, *, listing: bool) -> Run:
        if run.phase is Phase.READY and not run.model:
            run = self._read_job(run.id)
        if run.phase is Phase.READY and run.model and listing and self._is_gone(run):
            return self._judge_missing(run)
        if not self.compares:
            return replace(run, verified=True)
        if not jobs.is_model(run.id) and not run.raw.get("training_data_config"):
            run = self._read_job(run.id)
        if run.phase is Phase.READY and run.model:
            try:
                if self.lineage.tags_of(run.model) is None:
                    jobs.get_model(self.api, run.model)
            except NotFound:
                if not self._is_gone(run):
                    raise
                return self._judge_missing(run)
        run = self.lineage.with_tags(run)
        self._resolve_base_name(run)
        run = self._resolve_contents(run)
        return replace(run, verified=True, seen=bool(run.model) if run.phase is Phase.READY else None)

    def _judge_missing(self, run: Run) -> Run:
        """Decide whether a missing model is DELETED or RETIRED.

        A custom model ends together with its base model. So the end date of the base model is looked up.
        """
        base = jobs.root_of(str(run.model)) or str(run.raw.get("base_model_arn") or "")
        end = jobs.end_of_base(self.api, base) if base else None
        if end:
            reason = f"its base model {base} ended on {end}"
            return replace(run, phase=Phase.RETIRED, reason=reason, removable=False, verified=True)
        return replace(run, phase=Phase.DELETED, removable=False, verified=True, looked=self.api.host_time)

    def _is_gone(self, run: Run) -> bool:
        return self.lineage.is_gone(str(run.model), _name_model(run.raw))

    def _resolve_base_name(self, run: Run) -> None:
        """Resolve the name of a custom model that is the desired base model, if the run shows another value.

        A job need not show this custom model.
        """
        wanted, observed = (
            str(self.resolved.get("base_model_identifier", "")),
            str(run.observed.get("base_model_identifier", "")),
        )
        if wanted and (jobs.is_model(wanted) or jobs.is_name(wanted)) and not jobs.same_base(wanted, observed):
            self._resolve_base()

    def _resolve_base(self) -> None:
        wanted = str(self.resolved["base_model_identifier"])
        if jobs.is_name(wanted):
            try:
                self.resolve("base_model_identifier", jobs.get_model(self.api, wanted)["model_arn"])
            except NotFound as error:
                raise ApiError(
                    f"base_model_identifier: there is no custom model '{wanted}'.",
                    hint="Give the id or ARN of a foundation model, or the name or ARN of a custom one.",
                ) from error

    def _resolve_contents(self, run: Run) -> Run:
        """Ask S3 about the data if that makes desired and observed data comparable.

        S3 is asked about the desired data if only S3 knows its content and a tag gives the content of the observed
        data. If no tag gives the content of the observed data, S3 is asked about both: the same content may have
        another name.
        """
        run = self._resolve_former(run)
        wanted, observed = self.resolved.get("training_data_config"), run.observed.get("training_data_config")
        if wanted and observed and _needs_lookup(wanted, observed):
            found = objects.resolve(self.api, "training_data_config.s3_uri", wanted, must_exist=False)
            self.resolve("training_data_config", found)
        several, shown_ones = self.resolved.get("validation_data_config"), run.observed.get("validation_data_config")
        if several and shown_ones and any(_needs_lookup(one, other) for one in several for other in shown_ones):
            option = "validation_data_config"
            self.resolve(option, [objects.resolve(self.api, option, each, must_exist=False) for each in several])
        return run

    def _resolve_former(self, run: Run) -> Run:
        """The run with S3's facts about its data.

        Only data is looked up whose content is unknown and whose URI differs from the desired one.
        """
        observed = dict(run.observed)
        for field in ("training_data_config", "validation_data_config"):
            wanted, had = self.resolved.get(field), observed.get(field)
            if not wanted or not had:
                continue
            several = isinstance(had, list)
            ids = {content.id for content in (wanted if several else [wanted])}
            resolved = [
                content
                if content.sha256 or content.version or content.id in ids
                else objects.resolve_former(self.api, content, run.created)
                for content in (had if several else [had])
            ]
            observed[field] = resolved if several else resolved[0]
        return replace(run, observed=observed)

    def refresh(self, run: Run) -> Run:
        """Read the run again with one GET."""
        if jobs.is_model(run.id):
            return jobs.run_of_model(jobs.get_model(self.api, run.id))
        return jobs.run_of_job(jobs.get_job(self.api, run.id))

    def progress(self, run: Run) -> Progress:
        """The progress from the last read of the job. Makes no call."""
        return jobs.progress_of(run)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Search thoroughly.

        Then check everything that the request names, and choose the names of the model and the job.
        """
        if not self.name:
            raise InvalidInput(
                "custom_model_name is missing.", hint="A job is started under a name; job_arn alone only adopts one."
            )
        if not self._searched:
            more = self._search({run.id: run for run in runs})
            if more:
                return more
        needed = ("base_model_identifier", "role_arn", "output_data_config")
        self.require(*needed, hint="A job has to be started, and cannot be without it.")
        if "training_data_config" not in self.resolved and "invocation_logs_config" not in self.resolved:
            raise InvalidInput("training_data_config is missing.", hint="A job has to be started.")
        self._resolve_base()
        self._check_uris()
        self._choose_names(runs)
        return ()

    def _choose_names(self, runs: Sequence[Run]) -> None:
        taken = {_name_model(run.raw) for run in runs if run.phase not in _NO_MODEL}
        inputs = _hash_inputs(self.resolved)
        self._model_name = self.lineage.choose_model_name(inputs, taken)
        self._job_name = self.lineage.choose_job_name(inputs, self.resolved.get("job_name"))

    def _warn_of_same_data(self) -> None:
        training = self.resolved.get("training_data_config")
        if any(same_data(training, each) for each in self.resolved.get("validation_data_config") or ()):
            self.warn_once(SAME_DATA)

    def _check_uris(self) -> None:
        if "training_data_config" in self.resolved:
            option = "training_data_config.s3_uri"
            content = self.resolved["training_data_config"]
            self._check_file_name(option, content)
            objects.check_region(self.api, option, content.id)
            self.resolve("training_data_config", objects.resolve(self.api, option, content, must_exist=True))
        if "validation_data_config" in self.resolved:
            resolved = []
            for index, content in enumerate(self.resolved["validation_data_config"]):
                option = f"validation_data_config.validator[{index}].s3_uri"
                self._check_file_name(option, content)
                objects.check_region(self.api, option, content.id)
                resolved.append(objects.resolve(self.api, option, content, must_exist=True))
            self.resolve("validation_data_config", resolved)
        self._warn_of_same_data()
        objects.check_region(self.api, "output_data_config.s3_uri", self.resolved["output_data_config"])

    def _check_file_name(self, option: str, content: Content) -> None:
        """Raise InvalidInput if the base model does not accept a character of the file's name.

        Some accept fewer than S3.
        """
        base = str(self.resolved.get("base_model_identifier") or "")
        taken = path_pattern(base, self.resolved.get("customization_type"))
        if taken and not re.fullmatch(taken, content.id.removeprefix("s3://"), re.ASCII):
            raise InvalidInput(
                f"{option} is '{content.id}', a name that this base model does not take.",
                hint="Amazon Nova takes letters, digits, underscores, dashes, slashes and dots.",
            )

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """Deployments and provisioned throughputs that use these models."""
        return [user for run in runs for user in jobs.list_users(self.api, str(run.model))]

    def create(self, token: str) -> Run:
        """Send the create request. The same token always gives the same job, even if it is sent several times."""
        entries = {**self.resolved.get("tags", {}), ownership.NAME: str(self.name)}
        if jobs.is_model(self.resolved["base_model_identifier"]):
            entries[BASE] = self.resolved["base_model_identifier"]
        if "training_data_config" in self.resolved:
            entries[ownership.TRAINING] = self.resolved["training_data_config"].mark
        if "validation_data_config" in self.resolved:
            entries[ownership.VALIDATION] = jobs.contents_mark(self.resolved["validation_data_config"])
        entries = {key: value for key, value in entries.items() if value or key in self.resolved.get("tags", {})}
        tags = jobs.tag_pairs(entries)
        body = {
            **_build_body(self.resolved),
            "custom_model_name": self._model_name,
            "job_name": self._job_name,
            "job_tags": tags,
            "custom_model_tags": tags,
            "client_request_token": token,
        }
        if "hyperparameters" in body:
            body["hyperparameters"] = {
                key: shapes.format_decimal(value) for key, value in body["hyperparameters"].items()
            }
        named = {_API_NAMES.get(key, key): value for key, value in body.items()}
        request = shapes.request(named, shapes.members(self.api.bedrock, _CREATE), "")
        doing = f"Creating the job {self._job_name}"
        arn = str(self.api.call(doing, "create_model_customization_job", creates=True, **request)["jobArn"])
        self.lineage.remember_tags(arn, entries)
        return Run(arn, 0.0, Phase.PENDING, "InProgress", token=token, raw={"job_arn": arn, **body})

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Change the tags of the job and of its model, and restore missing ownership tags."""
        changed = {change.field for change in changes}
        own = {**self.lineage.read_ownership_tags((run.id, run.model)), ownership.NAME: str(self.name)}
        with steps_noted() as done:
            for field, arn in (("tags", run.id), ("custom_model_tags", run.model)):
                if arn is None or self.lineage.known_tags(arn) is None:
                    continue
                wanted = {
                    **(self.resolved["tags"] if field in changed else {}),
                    **(own if "markers" in changed else {}),
                }
                purge = field in changed and self.purge_tags
                done += self.lineage.change_tags(arn, wanted, purge=purge)
        return self.lineage.with_tags(run)

    def cancel(self, run: Run) -> Run:
        """Stop the job. AWS charges for the training so far, and its result is lost."""
        # Sent once: a second try would be refused, although the first one has stopped the job.
        doing = f"Stopping the job {run.id}"
        self.api.call(doing, "stop_model_customization_job", once=True, jobIdentifier=run.id)
        return replace(run, phase=Phase.CANCELLING, status="Stopping")

    def delete(self, run: Run) -> Run:
        """Delete the model.

        The job stays in the list for ever. A model that another task has deleted meanwhile counts as deleted.
        """
        if run.model:
            try:
                self.api.call(f"Deleting the model {run.model}", "delete_custom_model", modelIdentifier=run.model)
            except NotFound:
                self.lineage.forget()
                if not self._is_gone(run):
                    raise
        return replace(run, phase=Phase.DELETED, removable=False)

    # -- reporting --

    def hint(self, run: Run) -> Hint:
        """The advice for a failed job, found by words of its message."""
        if run.phase is Phase.CANCELLED:
            return Hint("A stopped job cannot be resumed.", "'retry_failed: true' starts one more.")
        reason = run.reason.lower()
        mend = find_hint(_HINTS, reason)
        return Hint(mend) if mend else Hint("Correct the cause,", "then 'retry_failed: true' starts one more job.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The attributes of the job and its model as top-level result keys."""
        job = run.raw if run else {}
        tags = self.lineage.known_tags(run.id) if run else None
        steps: dict[str, Any] = {}
        if run and self.steps and run.phase is Phase.READY and not jobs.is_model(run.id):
            try:
                steps = jobs.read_steps(self.api, job)
            except FineTuneError as error:
                # The model exists: an error in additional facts must not fail the task.
                self.warnings.append(f"The losses by step are left out. {error.text()}")
        owner = (tags or {}).get(ownership.NAME)
        return {
            "name": self.name or owner or job.get("output_model_name"),
            "id": run.id if run else None,
            "job_arn": job.get("job_arn"),
            "job_name": job.get("job_name"),
            "job_status": run.status if run and job.get("job_arn") else None,
            "base_model_identifier": job.get("base_model_arn") or job.get("base_model_identifier"),
            "custom_model_arn": run.model if run else None,
            "model_verified": run.seen if run and run.phase is Phase.READY else None,
            "custom_model_name": _name_model(job),
            "customization_type": job.get("customization_type"),
            "hyperparameters": job.get("hyperparameters"),
            "failure_message": job.get("failure_message"),
            "status_details": job.get("status_details"),
            "creation_time": job.get("creation_time"),
            "end_time": job.get("end_time"),
            "tags": ownership.select_user_tags(tags) if tags is not None else None,
            "training_metrics": [job["training_metrics"]] if job.get("training_metrics") else [],
            "validation_metrics": job.get("validation_metrics") or [],
            "metrics": jobs.final_metrics(job),
            "steps": steps,
            "model": present_job(job),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of a job that check mode predicts."""
        job, model = make_placeholder("job", str(self.name)), make_placeholder("model", str(self.name))
        names = {"job_name": self._job_name, "custom_model_name": self._model_name}
        return self.fill_placeholder(job, job_arn=job, custom_model_arn=model, **names)


_TAG_FIELDS = ("tags", "custom_model_tags", "markers", _FORMER_TAGS)
_NO_MODEL = (Phase.FAILED, Phase.CANCELLED, Phase.DELETED, Phase.RETIRED)
_OURS = ("client_request_token", "job_tags", "custom_model_tags")


def present_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that Bedrock shows of a job or model, without members that only the creation needs."""
    return {key: value for key, value in job.items() if key not in _OURS}


def _name_model(job: Mapping[str, Any]) -> str | None:
    """The name of a job's model. A job, its summary and a model each use another key for it."""
    found = job.get("output_model_name") or job.get("custom_model_name") or job.get("model_name")
    return None if found is None else str(found)


def _hash_inputs(desired: Mapping[str, Any]) -> str:
    """A hash of the values that determine the model, for names. It is never a proof of equality."""
    inputs: dict[str, Any] = {}
    for key, value in desired.items():
        if key in _TAG_FIELDS or key in ("role_arn", "output_data_config", "job_name") or key.startswith("vpc_config"):
            continue
        if isinstance(value, Content):
            value = _name_data(value)
        elif key == "validation_data_config":
            value = sorted(map(_name_data, value))
        inputs[key] = value
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _needs_lookup(wanted: Content, observed: Content) -> bool:
    """Whether a look at S3 can make desired and observed data comparable."""
    return wanted.knows_less_than(observed) or bool(
        observed.version and not observed.sha256 and wanted.id != observed.id and not wanted.version
    )


def _name_data(content: Content) -> str:
    """The identity of data for names: only facts that every look shows, so that two tasks at once get the same job."""
    return content.sha256[:12] or content.etag or content.id
