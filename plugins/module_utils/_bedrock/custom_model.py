# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource bedrock_custom_model: what its options mean, and the API's verbs for it.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible_collections.llmops.finetune.plugins.module_utils._bedrock import jobs, objects, shapes
from ansible_collections.llmops.finetune.plugins.module_utils._bedrock.client import Api, make_api
from ansible_collections.llmops.finetune.plugins.module_utils._bedrock.hyperparameters import (
    check_hyperparameters,
    unknown_hyperparameters,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core import markers
from ansible_collections.llmops.finetune.plugins.module_utils._core.compare import (
    has_tags,
    same_content,
    same_deep,
    same_set,
    same_tags,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.content import Content, predicted, refuse_predicted
from ansible_collections.llmops.finetune.plugins.module_utils._core.errors import (
    FineTuneError,
    InvalidInput,
    NotVisible,
    Refused,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.model import (
    Capabilities,
    Change,
    Driver,
    Field,
    Options,
    Phase,
    Progress,
    Run,
)
from ansible_collections.llmops.finetune.plugins.module_utils._core.module import options_of

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_CREATE = "CreateModelCustomizationJob"
_API_NAMES = {"hyperparameters": "hyper_parameters"}  # where the seed's name is not the API's
_MAX_TAGS = 50  # a resource, AWS tagging
_MARKER_COUNT = 3
_LONGEST_NAME = 63
_HASH = 8  # digits
_ATTEMPT = 4  # characters kept free for "-999"

# What failed jobs say (troubleshooting table of the user guide, facts of 2026), and what mends it.
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


# -- options -> wish -------------------------------------------------------------------------------------------


def prepare(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver; no call is made."""
    params = module.params
    foreseen = predicted("job", "")
    if module.check_mode and not params["custom_model_name"] and str(params["job_arn"]).startswith(foreseen):
        params = {**params, "custom_model_name": params["job_arn"][len(foreseen) :]}
    name = params["custom_model_name"] or params["job_arn"]
    options = options_of(module, name=name, run_id=params["job_arn"], id_option="job_arn")
    api = make_api(module, "bedrock")
    wish = read_wish(api, params, check_mode=module.check_mode)
    driver = CustomModel(
        api,
        params["custom_model_name"],
        wish,
        purge_tags=params["purge_tags"],
        compares=params["state"] == "present",
        steps=params["details"],
    )
    driver.warnings += unknown_hyperparameters(wish)
    return driver, options


def read_wish(api: Api, params: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """The options as field values; raises InvalidInput for the first that cannot be right."""
    name = params["custom_model_name"]
    training = {key: value for key, value in (params["training_data_config"] or {}).items() if value is not None}
    output = (params["output_data_config"] or {}).get("s3_uri")
    vpc = params["vpc_config"] or {}
    if not check_mode:
        refuse_predicted("base_model_identifier", params["base_model_identifier"])
    if params["state"] == "present" and not params["job_arn"]:
        for option in ("base_model_identifier", "role_arn", "training_data_config", "output_data_config"):
            if not params[option]:
                raise InvalidInput(
                    f"{option} is missing.", hint="A job cannot be started without it; or give job_arn to adopt one."
                )
    if len(training) > 1 and "s3_uri" in training:
        raise InvalidInput("training_data_config has s3_uri and invocation_logs_config.", hint="Give one of them.")
    if params["training_data_config"] is not None and not training:
        raise InvalidInput("training_data_config is empty.", hint="Give s3_uri or invocation_logs_config.")
    _check_hyperparameter_values(params["hyperparameters"])
    wish: dict[str, Any] = {
        "base_model_identifier": params["base_model_identifier"],
        "customization_type": params["customization_type"],
        "hyperparameters": params["hyperparameters"] or None,
        "customization_config": params["customization_config"],
        "custom_model_kms_key_id": params["custom_model_kms_key_id"],
        "role_arn": params["role_arn"],
        "output_data_config": output,
        "vpc_config.subnet_ids": vpc.get("subnet_ids"),
        "vpc_config.security_group_ids": vpc.get("security_group_ids"),
        "job_name": params["job_name"],
        "invocation_logs_config": training.get("invocation_logs_config"),
        "tags": params["tags"],
    }
    if training.get("s3_uri"):
        wish["training_data_config"] = objects.parse_data(
            "training_data_config.s3_uri", training["s3_uri"], check_mode=check_mode
        )
    validators = (params["validation_data_config"] or {}).get("validator")
    if validators is not None:
        wish["validation_data_config"] = [
            objects.parse_data(
                f"validation_data_config.validator[{index}].s3_uri", item["s3_uri"], check_mode=check_mode
            )
            for index, item in enumerate(validators)
        ]
    if output:
        objects.split_uri("output_data_config.s3_uri", output)
    _check_tags(params["tags"])
    wish = {key: value for key, value in wish.items() if value is not None}
    _check_shapes(api, name, wish)
    check_hyperparameters(wish)
    return wish


def _check_hyperparameter_values(given: Mapping[str, Any] | None) -> None:
    for key, value in (given or {}).items():
        if value is None or isinstance(value, (dict, list)):
            raise InvalidInput(f"hyperparameters.{key} is {value!r}; it is a text or a number.")


def _check_tags(tags: Mapping[str, Any] | None) -> None:
    markers.refuse_reserved("tags", tags)
    if len(tags or ()) > _MAX_TAGS - _MARKER_COUNT:
        raise InvalidInput(
            f"tags has {len(tags or ())} entries; AWS takes {_MAX_TAGS} of a resource, of which this collection "
            f"needs {_MARKER_COUNT}."
        )
    for key, value in (tags or {}).items():
        if isinstance(value, (dict, list)):
            raise InvalidInput(f"tags: the value of '{key}' is {value!r}; it is a text.")
        if str(key).lower().startswith("aws:"):
            raise InvalidInput(f"tags: the key '{key}' is reserved by AWS.", hint="Use a key without 'aws:'.")


def _check_shapes(api: Api, name: str | None, wish: Mapping[str, Any]) -> None:
    """By the API's own model: lengths, patterns, enums, ranges."""
    shape = shapes.members(api.bedrock, _CREATE)
    body = _body({**wish, "custom_model_name": name})
    for key, value in body.items():
        member = next((member for member in shape.members if shapes.snake(member) == _API_NAMES.get(key, key)), None)
        if member is None:
            raise InvalidInput(f"{key} is not known to the installed boto3.", hint="Install a newer boto3.")
        shapes.request(value, shape.members[member], key)


def _body(wish: Mapping[str, Any]) -> dict[str, Any]:
    """The create request in the options' words."""
    training: dict[str, Any] = {}
    if "training_data_config" in wish:
        training["s3_uri"] = wish["training_data_config"].id
    if "invocation_logs_config" in wish:
        training["invocation_logs_config"] = wish["invocation_logs_config"]
    vpc = {
        key: wish[f"vpc_config.{key}"] for key in ("subnet_ids", "security_group_ids") if f"vpc_config.{key}" in wish
    }
    body: dict[str, Any] = {
        key: wish.get(key)
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
    if wish.get("validation_data_config"):
        body["validation_data_config"] = {
            "validators": [{"s3_uri": content.id} for content in wish["validation_data_config"]]
        }
    if "output_data_config" in wish:
        body["output_data_config"] = {"s3_uri": wish["output_data_config"]}
    body["vpc_config"] = vpc or None
    return {key: value for key, value in body.items() if value is not None}


# -- the driver ------------------------------------------------------------------------------------------------


class CustomModel:
    """Customization jobs and their models in one account and region. See :class:`_core.model.Driver`.

    A family is the name that was given and, of models trained beside the first, ``<name>-<hash, 8>``: Bedrock has
    no two models of one name. Its jobs are found by their names, which begin with the family's.
    """

    kind = "model"
    noun = "Job"
    capabilities = Capabilities(no_pause="Bedrock cannot pause a job; 'state: cancelled' stops it.")

    def __init__(
        self,
        api: Api,
        name: str | None,
        wish: Mapping[str, Any],
        *,
        purge_tags: bool = True,
        compares: bool = True,
        steps: bool = False,
    ) -> None:
        self.api = api
        self.name = name
        self.wish: dict[str, Any] = dict(wish)
        self.purge_tags = purge_tags
        self.compares = compares
        self.steps = steps
        self.warnings: list[str] = []
        self._tags: dict[str, dict[str, str]] = {}  # by ARN, markers included
        self._job_names: dict[str, str] = {}  # every name seen, used up for ever, and its job's ARN
        self._living: set[str] | None = None  # the ARNs of the family's models, once they were listed
        self._thorough = False
        self._model_name = name or ""
        self._job_name = str(self.wish.get("job_name") or "")
        self._told_of_tags = False
        if "tags" in self.wish:
            self.wish["tags"] = {str(key): str(value) for key, value in self.wish["tags"].items()}
            self.wish["custom_model_tags"] = self.wish["tags"]
        if name:
            self.wish["markers"] = {markers.NAME: name}

    @property
    def fields(self) -> Sequence[Field]:
        """Every compared option; of tags all, or those that were given."""
        tags = same_tags if self.purge_tags else has_tags
        return (
            Field("base_model_identifier", "training", jobs.same_base),
            Field("training_data_config", "training", same_content),
            Field("invocation_logs_config", "training", same_deep),
            Field("validation_data_config", "training", jobs.same_contents),
            Field("customization_type", "training"),
            Field("hyperparameters", "training", each=True),
            Field("customization_config", "training", same_deep),
            Field("custom_model_kms_key_id", "training", jobs.same_key),
            Field("role_arn", "creation"),
            Field("vpc_config.subnet_ids", "creation", same_set),
            Field("vpc_config.security_group_ids", "creation", same_set),
            Field("output_data_config", "creation", jobs.same_place),
            Field("job_name", "creation"),
            Field("tags", "in_place", tags),
            Field("custom_model_tags", "in_place", tags),
            Field("markers", "in_place", has_tags),
        )

    def request(self) -> dict[str, Any]:
        """The create request in the options' words."""
        names = {"custom_model_name": self._model_name, "job_name": self._job_name}
        return {**_body(self.wish), **names, "tags": self.wish.get("tags", {})}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The jobs of the family by their names; what only a thorough look finds is left to ``prepare``.

        A job of somebody's own naming is found by ``job_name`` or, where the family has nothing else, by its model.
        """
        self._living = None
        self._thorough = False
        self._tags.clear()
        runs: dict[str, Run] = {}
        if run_id:
            adopted = self._look_up(run_id)
            self._refuse_other_family(run_id, adopted)
            runs[adopted.id] = adopted
        if not self.name:
            return list(runs.values())
        prefix = _prefix(self.name)
        wanted = [prefix]
        if self.wish.get("job_name") and prefix not in self.wish["job_name"]:
            wanted.append(self.wish["job_name"])
        found: dict[str, Run] = {}
        for part in wanted:
            for summary in jobs.list_jobs(self.api, nameContains=part):
                self._job_names[str(summary.get("job_name"))] = str(summary["job_arn"])
                if self._in_family(summary):
                    found[str(summary["job_arn"])] = jobs.run_of_summary(summary)
        for run in self._counting(found.values()):
            runs.setdefault(run.id, run)
        alive = any(run.phase.pending or run.phase.settling or run.phase is Phase.READY for run in runs.values())
        if not alive or not self.compares:
            for run in self._search(runs):
                runs[run.id] = run
        return list(runs.values())

    def _counting(self, found: Iterable[Run]) -> list[Run]:
        """What decides: of jobs that ended without a model only the newest; what is pending in full."""
        runs: list[Run] = []
        failed: Run | None = None
        for run in sorted(found, key=lambda run: run.age_key):
            if run.phase in (Phase.FAILED, Phase.CANCELLED):
                failed = run
            elif run.phase is Phase.READY:
                runs.append(run)
            else:
                runs.append(self._hydrated(run))
        return [*runs, failed] if failed else runs

    def _in_family(self, summary: Mapping[str, Any]) -> bool:
        """Whether a job's model is of this family; one of another family that is called so is not."""
        model, job = str(summary.get("custom_model_name")), str(summary.get("job_name"))
        name = str(self.name)
        if model == name:
            return True
        if not _is_later(name, model):
            return False
        if job.startswith(f"{_prefix(name)}-{model[-_HASH:]}-"):
            return True
        return self._all_tags(str(summary["job_arn"])).get(markers.NAME) == name

    def _search(self, known: Mapping[str, Run]) -> list[Run]:
        """Jobs that are under way or that made a living model of the family, whatever they are called."""
        self._thorough = True
        found: dict[str, Run] = {}
        for summary in jobs.list_jobs(self.api, statusEquals="InProgress"):
            if self._in_family(summary) and summary["job_arn"] not in known:
                found[str(summary["job_arn"])] = self._hydrated(jobs.run_of_summary(summary))
        seen = {run.model for run in known.values()}
        for summary in self._list_family():
            if summary["model_arn"] in seen:
                continue
            model = jobs.get_model(self.api, str(summary["model_arn"]))
            if model.get("job_arn"):
                run = self._look_up(str(model["job_arn"]))
            else:
                run = self._with_tags(jobs.run_of_model(model, self._all_tags(str(model["model_arn"]))))
            if run.id not in known:
                found[run.id] = run
        return list(found.values())

    def _list_family(self) -> list[dict[str, Any]]:
        """The family's living models; they are remembered."""
        name = str(self.name)
        listed = [
            model
            for model in jobs.list_models(self.api, nameContains=name)
            if model.get("model_name") == name or _is_later(name, str(model.get("model_name")))
        ]
        self._living = {str(model["model_arn"]) for model in listed}
        return listed

    def _look_up(self, identifier: str) -> Run:
        if jobs.is_model(identifier):
            model = jobs.get_model(self.api, identifier)
            return self._with_tags(jobs.run_of_model(model, self._all_tags(identifier)))
        return self._with_tags(self._job(identifier))

    def _job(self, identifier: str) -> Run:
        job = jobs.get_job(self.api, identifier)
        arn = str(job["job_arn"])
        self._job_names[str(job.get("job_name"))] = arn
        return jobs.run_of_job(job, self._all_tags(arn) if self.compares else None)

    def _hydrated(self, run: Run) -> Run:
        return self._with_tags(self._job(run.id)) if self.compares else replace(run, verified=True)

    def _refuse_other_family(self, run_id: str, run: Run) -> None:
        owner = self._tags.get(run.id, {}).get(markers.NAME)
        if owner and self.name and owner != self.name:
            raise InvalidInput(
                f"The job {run_id} belongs to the name '{owner}', not '{self.name}'.",
                hint="Give that name, or leave job_arn out.",
            )

    # -- tags --

    def _all_tags(self, arn: str) -> dict[str, str]:
        """The tags of a job or model; NotVisible where it does not exist; none where they may not be read."""
        if arn not in self._tags:
            try:
                self._tags[arn] = jobs.list_tags(self.api, arn)
            except NotVisible:
                raise
            except Refused as error:
                if error.status != 403:
                    raise
                if not self._told_of_tags:
                    self.warnings.append(f"Tags are not compared. {error.message}")
                self._told_of_tags = True
                return {}
        return self._tags[arn]

    def _with_tags(self, run: Run) -> Run:
        """The run with what its tags, and its model's where they were read, show."""
        shown = {key: value for key, value in run.shown.items() if key not in _TAG_FIELDS}
        sides = [("tags", run.id), *([("custom_model_tags", run.model)] if run.model else [])]
        known = [(key, self._tags[arn]) for key, arn in sides if arn in self._tags]
        for key, tags in known:
            shown[key] = markers.visible(tags)
        if any(markers.NAME in tags for _key, tags in known) or self._named_by_us(run):
            kept = [tags.get(markers.NAME, "") for _key, tags in known]
            shown["markers"] = {markers.NAME: kept[0]} if len(set(kept)) == 1 and kept[0] else {}
        return replace(run, shown=shown)

    def _named_by_us(self, run: Run) -> bool:
        job = str(run.raw.get("job_name"))
        return bool(self.name and re.fullmatch(rf"{re.escape(_prefix(self.name))}-[0-9a-f]{{8}}-\d+", job))

    # -- looking closer --

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """A model is gone when the list of models lacks it. One whose tags can be read needs no list."""
        if not self.compares or len(runs) > 1:
            self._list_known()
        return [self._verified(run) for run in runs]

    def _verified(self, run: Run) -> Run:
        if self._living is not None and run.phase is Phase.READY and run.model and run.model not in self._living:
            return replace(run, phase=Phase.GONE, removable=False, verified=True)
        lacks = not run.raw.get("training_data_config") if self.compares else run.phase is Phase.READY and not run.model
        if lacks and not jobs.is_model(run.id):
            run = self._job(run.id)
        if not self.compares:
            return replace(run, verified=True)
        if run.phase is Phase.READY and run.model:
            try:
                tags = self._all_tags(run.model)
                if not tags and run.model not in self._tags:
                    jobs.get_model(self.api, run.model)
            except NotVisible:
                self._list_known()
                if self._living is not None and run.model not in self._living:
                    return replace(run, phase=Phase.GONE, removable=False, verified=True)
                raise
        self._learn_base(run)
        self._learn_contents(run)
        return replace(self._with_tags(run), verified=True)

    def _list_known(self) -> None:
        """Without a name (an adopted job alone), all models are the ones to look among."""
        if self._living is None:
            if self.name:
                self._list_family()
            else:
                self._living = {str(model["model_arn"]) for model in jobs.list_models(self.api)}

    def _learn_base(self, run: Run) -> None:
        """A custom model as the base may be given by its name; jobs show its ARN."""
        wanted, shown = str(self.wish.get("base_model_identifier", "")), str(run.shown.get("base_model_identifier", ""))
        if wanted and "." not in wanted and not wanted.startswith("arn:") and jobs.is_model(shown):
            try:
                self.wish["base_model_identifier"] = jobs.get_model(self.api, wanted)["model_arn"]
            except NotVisible:
                self.warnings.append(
                    f"The base model '{wanted}' is not found, so it is taken for another than {shown}."
                )

    def _learn_contents(self, run: Run) -> None:
        """Where only S3 knows what is in the wished data now, and a tag says what was in it, ask S3."""
        wanted, shown = self.wish.get("training_data_config"), run.shown.get("training_data_config")
        if wanted and shown and _unlike(wanted, shown):
            self.wish["training_data_config"] = objects.learn(
                self.api, "training_data_config.s3_uri", wanted, must_exist=False
            )
        several, shown_ones = self.wish.get("validation_data_config"), run.shown.get("validation_data_config")
        if several and shown_ones and any(_unlike(one, other) for one in several for other in shown_ones):
            self.wish["validation_data_config"] = [
                objects.learn(self.api, "validation_data_config", content, must_exist=False) for content in several
            ]

    def refresh(self, run: Run) -> Run:
        """One GET."""
        if jobs.is_model(run.id):
            return jobs.run_of_model(jobs.get_model(self.api, run.id))
        return jobs.run_of_job(jobs.get_job(self.api, run.id))

    def progress(self, run: Run) -> Progress:
        """From the job as it was last seen; no call."""
        return jobs.progress_of(run)

    # -- changing --

    def prepare(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Look thoroughly, then at what the request names; the model's and the job's name are chosen."""
        if not self.name:
            raise InvalidInput(
                "custom_model_name is missing.", hint="A job is started under a name; job_arn alone only adopts one."
            )
        if not self._thorough:
            more = self._search({run.id: run for run in runs})
            if more:
                return more
        for option in ("base_model_identifier", "role_arn", "output_data_config"):
            if option not in self.wish:
                raise InvalidInput(f"{option} is missing.", hint="A job has to be started, and cannot be without it.")
        if "training_data_config" not in self.wish and "invocation_logs_config" not in self.wish:
            raise InvalidInput("training_data_config is missing.", hint="A job has to be started.")
        self._check_places()
        self._choose_names(runs)
        return ()

    def _choose_names(self, runs: Sequence[Run]) -> None:
        name = str(self.name)
        taken = {
            str(run.raw.get("output_model_name") or run.raw.get("custom_model_name") or run.raw.get("model_name"))
            for run in runs
            if run.phase not in (Phase.FAILED, Phase.CANCELLED, Phase.GONE)
        }
        if self.wish.get("base_model_identifier") == name:
            raise InvalidInput(f"base_model_identifier is '{name}', the model that is to be trained.")
        inputs = _hash_of(self.wish)
        model = name if name not in taken else f"{name.rstrip('-_')}-{inputs}"
        if len(model) > _LONGEST_NAME:
            raise InvalidInput(
                f"A model beside '{name}' would be called '{model}', which is longer than {_LONGEST_NAME} characters.",
                hint="Give a shorter custom_model_name, or delete the model first.",
            )
        if model in taken:
            raise Refused(
                f"There is a model '{model}' already, and Bedrock has no two of one name.",
                hint="Delete it, or give another custom_model_name.",
            )
        given = self.wish.get("job_name")
        if given and given in self._job_names:
            raise InvalidInput(
                f"job_name: '{given}' was used by {self._job_names[given]}, and Bedrock never frees a job's name.",
                hint="Give another, or leave job_name out.",
            )
        self._model_name = model
        self._job_name = given or self._next_job_name(f"{_prefix(name)}-{inputs}-")

    def _next_job_name(self, start: str) -> str:
        used = [job[len(start) :] for job in self._job_names if job.startswith(start)]
        return f"{start}{max((int(number) for number in used if number.isdecimal()), default=0) + 1}"

    def _check_places(self) -> None:
        if "training_data_config" in self.wish:
            option = "training_data_config.s3_uri"
            content = self.wish["training_data_config"]
            objects.check_region(self.api, option, content.id)
            self.wish["training_data_config"] = objects.learn(self.api, option, content, must_exist=True)
        if "validation_data_config" in self.wish:
            learnt = []
            for index, content in enumerate(self.wish["validation_data_config"]):
                option = f"validation_data_config.validator[{index}].s3_uri"
                objects.check_region(self.api, option, content.id)
                learnt.append(objects.learn(self.api, option, content, must_exist=True))
            self.wish["validation_data_config"] = learnt
        objects.check_region(self.api, "output_data_config.s3_uri", self.wish["output_data_config"])

    def holders(self, runs: Sequence[Run]) -> Sequence[str]:
        """Deployments and provisioned throughputs that use these models."""
        found = []
        for run in runs:
            for operation, key, noun, label in _HOLDERS:
                # An SDK that is too old to know of them cannot be asked; the API then refuses the deletion itself.
                if operation not in self.api.bedrock.meta.method_to_api_mapping:
                    continue
                try:
                    with self.api.translated(f"Listing what uses {run.model}"):
                        for item in shapes.pages(self.api.bedrock, operation, key, modelArnEquals=run.model):
                            found.append(f"the {noun} {item.get(label)} uses {run.model}")
                except Refused as error:
                    if error.status != 403:
                        raise
        return found

    def create(self, token: str) -> Run:
        """POST; the same token makes the same job, however often it is sent."""
        entries = {**self.wish.get("tags", {}), markers.NAME: str(self.name)}
        if "training_data_config" in self.wish:
            entries[markers.TRAINING] = jobs.content_mark(self.wish["training_data_config"])
        if "validation_data_config" in self.wish:
            entries[markers.VALIDATION] = jobs.contents_mark(self.wish["validation_data_config"])
        entries = {key: value for key, value in entries.items() if value or key in self.wish.get("tags", {})}
        tags = [{"key": key, "value": value} for key, value in entries.items()]
        body = {
            **_body(self.wish),
            "custom_model_name": self._model_name,
            "job_name": self._job_name,
            "job_tags": tags,
            "custom_model_tags": tags,
            "client_request_token": token,
        }
        named = {_API_NAMES.get(key, key): value for key, value in body.items()}
        request = shapes.request(named, shapes.members(self.api.bedrock, _CREATE), "")
        with self.api.translated(f"Creating the job {self._job_name}", creates=True):
            arn = str(self.api.bedrock.create_model_customization_job(**request)["jobArn"])
        self._tags[arn] = entries
        return Run(arn, 0.0, Phase.PENDING, "InProgress", token=token, raw={"job_arn": arn, **body})

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """The tags of the job and of its model, our markers put back."""
        changed = {change.name for change in changes}
        for field, arn in (("tags", run.id), ("custom_model_tags", run.model)):
            if not arn or arn not in self._tags:
                continue
            has = self._tags[arn]
            wanted = self.wish.get("tags", {}) if field in changed else {}
            added = {**wanted, **({markers.NAME: str(self.name)} if "markers" in changed else {})}
            added = {key: value for key, value in added.items() if has.get(key) != value}
            extra = []
            if field in changed and self.purge_tags:
                extra = [key for key in markers.visible(has) if key not in wanted]
            with self.api.translated(f"Changing the tags of {arn}"):
                if extra:
                    self.api.bedrock.untag_resource(resourceARN=arn, tagKeys=extra)
                if added:
                    self.api.bedrock.tag_resource(
                        resourceARN=arn, tags=[{"key": key, "value": value} for key, value in added.items()]
                    )
            self._tags[arn] = {key: value for key, value in {**has, **added}.items() if key not in extra}
        return self._with_tags(run)

    def cancel(self, run: Run) -> Run:
        """POST .../stop; what was trained so far is charged and lost."""
        with self.api.translated(f"Stopping the job {run.id}"):
            self.api.bedrock.stop_model_customization_job(jobIdentifier=run.id)
        return replace(run, phase=Phase.STOPPING, status="Stopping")

    def pause(self, run: Run) -> Run:
        """Never asked: see capabilities."""
        raise AssertionError("unreachable: cannot pause")

    resume = pause

    def delete(self, run: Run) -> Run:
        """DELETE the model; the job stays in the list for ever. What another task deleted meanwhile is deleted."""
        if run.model:
            try:
                with self.api.translated(f"Deleting the model {run.model}"):
                    self.api.bedrock.delete_custom_model(modelIdentifier=run.model)
            except NotVisible:
                self._living = None
                self._list_known()
                if self._living is None or run.model in self._living:
                    raise
        return replace(run, phase=Phase.GONE, removable=False)

    # -- telling --

    def hint(self, run: Run) -> str:
        """By the words of the failed job's message."""
        if run.phase is Phase.CANCELLED:
            return "A stopped job cannot be resumed. 'retry_failed: true' starts one more."
        reason = run.reason.lower()
        return next((hint for words, hint in _HINTS if words in reason), "'retry_failed: true' starts one more job.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The job's and its model's attributes, top-level under the seed's names."""
        job = run.raw if run else {}
        tags = self._tags.get(run.id) if run else None
        steps: dict[str, Any] = {}
        if run and self.steps and run.phase is Phase.READY and not jobs.is_model(run.id):
            try:
                steps = jobs.read_steps(self.api, job)
            except FineTuneError as error:
                # The model is there: what only describes it must not fail the task.
                self.warnings.append(f"The losses by step are left out. {error.text()}")
        owner = (tags or {}).get(markers.NAME)
        return {
            "name": self.name or owner or job.get("output_model_name"),
            "id": run.id if run else None,
            "job_arn": job.get("job_arn"),
            "job_name": job.get("job_name"),
            "job_status": run.status if run and job.get("job_arn") else None,
            "base_model_identifier": job.get("base_model_arn") or job.get("base_model_identifier"),
            "custom_model_arn": run.model if run else None,
            "custom_model_name": job.get("output_model_name") or job.get("custom_model_name") or job.get("model_name"),
            "customization_type": job.get("customization_type"),
            "hyperparameters": job.get("hyperparameters"),
            "failure_message": job.get("failure_message"),
            "status_details": job.get("status_details"),
            "creation_time": job.get("creation_time"),
            "end_time": job.get("end_time"),
            "tags": markers.visible(tags) if tags is not None else None,
            "training_metrics": [job["training_metrics"]] if job.get("training_metrics") else [],
            "validation_metrics": job.get("validation_metrics") or [],
            "metrics": jobs.final_metrics(job),
            "steps": steps,
            "model": present_job(job),
        }

    def predict(self) -> dict[str, Any]:
        """A job that check mode foresees."""
        job, model = predicted("job", str(self.name)), predicted("model", str(self.name))
        return {
            **self.describe(None, details=False),
            "run_id": job,
            "id": job,
            "job_arn": job,
            "job_name": self._job_name,
            "custom_model_arn": model,
            "custom_model_name": self._model_name,
        }


_TAG_FIELDS = ("tags", "custom_model_tags", "markers")
_HOLDERS = (
    ("list_custom_model_deployments", "modelDeploymentSummaries", "deployment", "custom_model_deployment_name"),
    ("list_provisioned_model_throughputs", "provisionedModelSummaries", "throughput", "provisioned_model_name"),
)
_OURS = ("client_request_token", "job_tags", "custom_model_tags")


def present_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """All that Bedrock says of a job or model, without what only serves the creation."""
    return {key: value for key, value in job.items() if key not in _OURS}


def _prefix(name: str) -> str:
    """What the names of a family's jobs begin with: a job's name has no underscore."""
    return name.replace("_", "-")[: _LONGEST_NAME - _HASH - 1 - _ATTEMPT].rstrip("-")


def _is_later(name: str, model: str) -> bool:
    """Whether a model is called as one that is trained beside the family's first."""
    return re.fullmatch(rf"{re.escape(name.rstrip('-_'))}-[0-9a-f]{{{_HASH}}}", model) is not None


def _hash_of(wish: Mapping[str, Any]) -> str:
    """Eight digits for what decides the model: a hint for humans and names, never proof of equality."""
    inputs: dict[str, Any] = {}
    for key, value in wish.items():
        if key in _TAG_FIELDS or key in ("role_arn", "output_data_config", "job_name") or key.startswith("vpc_config"):
            continue
        if isinstance(value, Content):
            value = _data_of(value)
        elif key == "validation_data_config":
            value = sorted(map(_data_of, value))
        inputs[key] = value
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]


def _data_of(content: Content) -> str:
    return content.sha256[:12] or content.version or content.id


def _unlike(wish: Content, shown: Content) -> bool:
    """Whether something is known of the shown data that is not known of the wished."""
    return bool((shown.sha256 and not wish.sha256) or (shown.version and not wish.version and not wish.sha256))
