# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource oci_generative_ai_model: the meaning of its options, and the operations of the API.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.compare import same_content
from ..._engine.content import CHECK_MODE, Content, make_placeholder, refuse_placeholder
from ..._engine.errors import ApiError, FineTuneError, InvalidInput, NotFound
from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC, options_of, refuse_missing
from ..._engine.plan import needs_replacement
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Progress, Run
from ..toolkit.bounds import Bound, check_bound
from ..toolkit.driver import BaseDriver, find_hint, name_of_placeholder, steps_noted
from . import base_models, identity, model_api, objects, shapes, tags, work_requests
from .client import AUTH_SPEC, GENERATIVE_AI, Api, make_api
from .options import TIMEOUTS, WAIT_SPEC
from .reading import MODEL

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_TRAINING_CONFIG = {
    "training_config_type": {
        "type": "str",
        "choices": ["TFEW_TRAINING_CONFIG", "VANILLA_TRAINING_CONFIG", "LORA_TRAINING_CONFIG"],
        "required": True,
    },
    "total_training_epochs": {"type": "int"},
    "training_batch_size": {"type": "int"},
    "learning_rate": {"type": "float"},
    "early_stopping_patience": {"type": "int"},
    "early_stopping_threshold": {"type": "float"},
    "log_model_metrics_interval_in_steps": {"type": "int"},
    "lora_r": {"type": "int"},
    "lora_alpha": {"type": "int"},
    "lora_dropout": {"type": "float"},
    "num_of_last_layers": {"type": "int"},
}
_OPTIONS = {
    "compartment_id": {"type": "str"},
    "display_name": {"type": "str"},
    "model_id": {"type": "str"},
    "base_model_id": {"type": "str"},
    "fine_tune_details": {
        "type": "dict",
        "options": {
            "dedicated_ai_cluster_id": {"type": "str"},
            "training_dataset": {
                "type": "dict",
                "options": {
                    "bucket": {"type": "str", "required": True},
                    "dataset_type": {"type": "str", "choices": ["OBJECT_STORAGE"], "default": "OBJECT_STORAGE"},
                    "namespace": {"type": "str"},
                    "object": {"type": "str", "required": True},
                },
            },
            "training_config": {"type": "dict", "options": _TRAINING_CONFIG},
        },
    },
    "description": {"type": "str"},
    "vendor": {"type": "str"},
    "version": {"type": "str"},
    "freeform_tags": {"type": "dict"},
    "defined_tags": {"type": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
SPEC: dict[str, Any] = {
    "argument_spec": {**AUTH_SPEC, **TRAINING_SPEC, **WAIT_SPEC, **PROGRESS_SPEC, **_OPTIONS},
    "required_one_of": [("model_id", "display_name"), ("model_id", "compartment_id")],
}
_DATA = "fine_tune_details.training_dataset"
_CONFIG = "fine_tune_details.training_config"
_CLUSTER = "fine_tune_details.dedicated_ai_cluster_id"
_IN_PLACE = ("display_name", "description", "vendor", "version")
_OWNERSHIP_TAGS = 2  # ownership tags of a model
_CREATE, _DELETE = "CREATE_MODEL", "DELETE_MODEL"
# The values of hyperparameters that the API accepts. Source: OCI's guide, facts of 2026.
BOUNDS = {
    "total_training_epochs": Bound(1, whole=True),
    "training_batch_size": Bound(1, whole=True),
    "learning_rate": Bound(0, 1, above=True),
    "early_stopping_patience": Bound(0, whole=True),
    "early_stopping_threshold": Bound(0),
    "log_model_metrics_interval_in_steps": Bound(0, whole=True),
    "lora_r": Bound(1, 64, whole=True),
    "lora_alpha": Bound(1, whole=True),
    "lora_dropout": Bound(0, 1),
    "num_of_last_layers": Bound(1, whole=True),
}
# Hyperparameters that belong to one kind of training only.
_KINDS = {
    **dict.fromkeys(("lora_r", "lora_alpha", "lora_dropout"), "LORA_TRAINING_CONFIG"),
    "num_of_last_layers": "VANILLA_TRAINING_CONFIG",
}
_WORK = "; work request "
# The first hint whose words are in the reason of a failed training counts.
_HINTS = (
    ("utf-8", "Save the data as UTF-8; dataset_info names the line."),
    ("prompt", "Run dataset_info on the data: it names each line."),
    ("jsonl", "Run dataset_info on the data: it names each line."),
    (" 32 ", "The data has fewer examples than OCI needs: dataset_info counts them."),
    ("notfound", "Check the object's name, and that the policies of this user allow to use the bucket's objects."),
    ("not found", "Check the object's name, and that the policies of this user allow to use the bucket's objects."),
)


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. No call is made."""
    params = module.params
    name = name_of_placeholder(module, "model", params["model_id"])
    if name and not params["display_name"]:
        params = {**params, "display_name": name}
    options = options_of(
        module,
        name=params["display_name"] or params["model_id"],
        run_id=params["model_id"],
        id_option="model_id",
        timeouts=TIMEOUTS,
        fields=Model.fields,
        identity=("name",),
    )
    desired = read_desired(params, check_mode=module.check_mode)
    driver = Model(
        make_api(module, GENERATIVE_AI),
        params["compartment_id"],
        params["display_name"],
        desired,
        adopts=options.run_id is not None,
        compares=params["state"] == "present",
        ignore=options.ignore_changes,
    )
    return driver, options


def read_desired(params: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """The options as field values. Raises InvalidInput for the first value that cannot be right."""
    details = params["fine_tune_details"] or {}
    if not check_mode:
        refuse_placeholder("base_model_id", params["base_model_id"])
        refuse_placeholder(_CLUSTER, details.get("dedicated_ai_cluster_id"))
    if params["state"] == "present" and not params["model_id"]:
        needed = {
            "base_model_id": params["base_model_id"],
            _CLUSTER: details.get("dedicated_ai_cluster_id"),
            _DATA: details.get("training_dataset"),
        }
        refuse_missing(needed, "A model cannot be trained without it; or give model_id to adopt one.")
    for option in ("compartment_id", "display_name", "vendor", "version"):
        if params[option] == "":
            raise InvalidInput(f"{option} is empty.", hint="Give a value, or leave the option out.")
    for option, value, kinds in (
        ("compartment_id", params["compartment_id"], identity.COMPARTMENT),
        ("model_id", params["model_id"], identity.MODEL),
        ("base_model_id", params["base_model_id"], identity.MODEL),
        (_CLUSTER, details.get("dedicated_ai_cluster_id"), identity.CLUSTER),
    ):
        identity.check_ocid(option, value, kinds)
    identity.check_lengths(params)
    desired: dict[str, Any] = {
        "base_model_id": params["base_model_id"],
        _CLUSTER: details.get("dedicated_ai_cluster_id"),
        _CONFIG: _read_config(details.get("training_config")),
        "compartment_id": params["compartment_id"],
        **{option: params[option] for option in _IN_PLACE},
        tags.FREEFORM: tags.read_freeform(params["freeform_tags"], _OWNERSHIP_TAGS),
        tags.DEFINED: tags.read_defined(params["defined_tags"]),
    }
    if details.get("training_dataset"):
        desired[_DATA] = objects.parse_data(_DATA, details["training_dataset"], check_mode=check_mode)
    return {key: value for key, value in desired.items() if value is not None}


def _read_config(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The hyperparameters that are set. None if the option is not set. Raises InvalidInput if one is not possible."""
    if values is None:
        return None
    found = {key: value for key, value in values.items() if value is not None}
    for key, value in found.items():
        kind = _KINDS.get(key)
        if kind and found["training_config_type"] != kind:
            raise InvalidInput(
                f"{_CONFIG}.{key} is not for {found['training_config_type']}.", hint=f"It belongs to {kind}."
            )
        if key in BOUNDS:
            check_bound(f"{_CONFIG}.{key}", value, BOUNDS[key])
    return found


# -- the driver ------------------------------------------------------------------------------------------------


class Model(BaseDriver):
    """The models of one name in a compartment. See :class:`_engine.types.Driver`.

    All runs of a lineage have the same name. An ownership tag separates them from models of others with this name.
    """

    kind = "model"
    noun = "Model"
    fields: Sequence[Field] = (
        Field("base_model_id", "immutable"),
        Field(_DATA, "immutable", same_content),
        Field(_CONFIG, "immutable", each=True),
        # A cluster that check mode predicts has no OCID to compare.
        Field(_CLUSTER, "creation", lambda desired, observed: desired.startswith(CHECK_MODE) or desired == observed),
        Field("compartment_id", "in_place", identity=True),
        *(
            Field(
                option,
                "in_place",
                lambda desired, observed: str(desired) == str(observed),
                identity=option == "display_name",
            )
            for option in _IN_PLACE
        ),
        *tags.FIELDS,
    )

    def __init__(
        self,
        api: Api,
        compartment_id: str | None,
        name: str | None,
        desired: Mapping[str, Any],
        *,
        adopts: bool = False,
        compares: bool = True,
        ignore: Sequence[str] = (),
    ) -> None:
        super().__init__(name, {**desired, **({tags.OWNERSHIP_TAGS: {ownership.NAME: name}} if name else {})})
        self.api = api
        self.compartment_id = compartment_id
        self.adopts = adopts
        self.compares = compares
        self.ignore = ignore
        self._works = work_requests.KnownWorks(api)
        self._former: dict[str, Content] = {}  # by model: its data, with the checksums that the object shows
        self._reasons: dict[str, str] = {}  # by failed run: the reason, without the OCID of the work request
        self._asked = False  # whether Object Storage was asked for the checksums of the desired data
        self._found = False  # whether any model of the name was found
        self._carriers: list[Mapping[str, Any]] = []  # resources that were read and may carry tags of the tenancy

    @property
    def capabilities(self) -> Capabilities:
        """OCI has no operation that stops a training. The message names the work requests that are known."""
        going = ", ".join(f"work request {work}" for work in self._works.ids(_CREATE))
        return Capabilities(
            no_cancel="OCI Generative AI cannot stop a training"
            + (f" ({going})" if going else "")
            + ": wait until it has ended, then run the task again.",
            no_pause="OCI Generative AI cannot pause a training.",
            late_update=True,
            one_run_a_token=True,
        )

    def request(self) -> dict[str, Any]:
        """The create request in the words of the options."""
        body = {
            key: value
            for key, value in self.resolved.items()
            if key != tags.OWNERSHIP_TAGS and not isinstance(value, Content)
        }
        if _DATA in self.resolved:
            body[_DATA] = str(self.resolved[_DATA])
        return body

    def idempotency_key(self) -> dict[str, Any]:
        """The name, the base model, the hyperparameters and the data. Another description is not another training.

        For the data, only the hash that this collection keeps with them counts, or the object's URI without a hash.
        Other checksums are left out, because Object Storage may show them to one of two simultaneous tasks only.
        """
        data: Content = self.resolved[_DATA]
        return {
            **{key: self.resolved.get(key) for key in ("compartment_id", "display_name", "base_model_id", _CONFIG)},
            _DATA: data.sha256 or data.id,
        }

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The models of the name with our ownership tag, also deleted ones, and the adopted model.

        Raises InvalidInput if a living model of the name has no ownership tag, because its owner is unknown.
        """
        runs: dict[str, Run] = {}
        adopted = self._find_adopted(run_id) if run_id else None
        if adopted:
            runs[adopted.id] = adopted
        if run_id and not self.compares:
            return list(runs.values())
        unmanaged = []
        compartment = self.compartment_id
        if adopted and not compartment and self.name != adopted.raw.get("display_name"):
            compartment = adopted.raw.get("compartment_id")  # the adopted model gets another name there
        listed = bool(compartment and self.name)
        wanted = {"display_name": self.name} if self.compares else {}
        for model in model_api.list_models(self.api, str(compartment), **wanted) if listed else ():
            run = model_api.run_of(model, whole=False)
            if model.get("type") == "BASE" or run.id in runs:
                continue
            if model.get("display_name") != self.name:
                self._warn_renamed(run, model)
                continue
            if tags.read_ownership_tags(model).get(ownership.NAME):
                runs[run.id] = self._read_in_full(run)
            elif run.phase not in (Phase.FAILED, Phase.DELETING, Phase.DELETED):
                unmanaged.append(run.id)
        living = [run.id for run in runs.values() if run is not adopted and run.phase in (Phase.READY, Phase.PENDING)]
        home = (self.name, compartment)
        comes = adopted and listed and (adopted.raw.get("display_name"), adopted.raw.get("compartment_id")) != home
        if adopted and comes and (unmanaged or living):
            raise identity.clash_error("models", adopted.id, self.name, [*unmanaged, *living])
        if adopted and adopted.phase is Phase.DELETED and not living:
            raise identity.deleted_error("model", adopted.id, "model_id", "train")
        if unmanaged and not self.adopts:
            raise InvalidInput(
                f"There is a model '{self.name}' already that this collection did not make: {', '.join(unmanaged)}.",
                hint="Give its OCID as model_id to adopt it, or take another display_name.",
            )
        self._found = bool(runs)
        return [self._resolve_data(run) for run in runs.values()] if self.compares else list(runs.values())

    def _warn_renamed(self, run: Run, model: Mapping[str, Any]) -> None:
        """Warn about a living model of the lineage that has another name now.

        It is left alone, because the person who renamed it may want to keep it.
        """
        if tags.read_ownership_tags(model).get(ownership.NAME) != self.name or run.phase not in (
            Phase.READY,
            Phase.PENDING,
        ):
            return
        self.warn_once(
            f"{run.id} was made as '{self.name}' and is called '{model.get('display_name')}' now: it is left alone. "
            "Give its OCID as model_id to delete it too."
        )

    def _find_adopted(self, identifier: str) -> Run | None:
        """The model by its OCID. None if the task deletes it, and a listing of the compartment does not show it."""
        try:
            model, _etag = model_api.get_model(self.api, identifier)
        except NotFound as error:
            if self.compares:
                raise
            compartment = str(self.compartment_id)
            listed = partial(model_api.list_models, self.api, compartment, id=identifier)
            identity.refuse_unproven(error, self.compartment_id, lambda: any(listed()))
            self.warnings.append(
                f"{identifier} is not found, and {self.compartment_id} does not list it: it is taken for deleted."
            )
            return None
        if model.get("type") == "BASE":
            raise InvalidInput(f"model_id: {identifier} is a base model.", hint="Give the OCID of a custom model.")
        run = model_api.run_of(model, whole=True)
        return self._read_in_full(replace(run, verified=run.phase is not Phase.FAILED))

    def _read_in_full(self, run: Run) -> Run:
        """The same run. If it is being trained, read the values that the listing lacks, and find its work request."""
        if run.phase is not Phase.PENDING:
            return run
        if not self._works.knows(run.id, _CREATE):
            self._find_work(run, _CREATE)
        if not self.compares or "time_updated" in run.raw:
            return run
        try:
            return self._read_model(run)
        except NotFound:
            return run  # reads may lag behind the listing

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """The same runs with the description and the reason of a failure, which the listing lacks."""
        return [self._verify_run(run) for run in runs]

    def _verify_run(self, run: Run) -> Run:
        if self.compares and run.phase is Phase.READY and "time_updated" not in run.raw:
            run = self._read_model(run)
        if self.compares and run.phase is Phase.FAILED:
            run = self._add_reason(run)
        return replace(run, verified=True)

    def _read_model(self, run: Run) -> Run:
        """Read the model in full. If OCI no longer finds it and a listing confirms that, the run is DELETED."""
        try:
            model, _etag = model_api.get_model(self.api, run.id)
        except NotFound:
            if not self._is_gone(run):
                raise
            return replace(run, phase=Phase.DELETED, status="DELETED", removable=False)
        return model_api.run_of(model, whole=True)

    def _is_gone(self, run: Run) -> bool:
        """Whether a listing of the compartment lacks the model, or shows it as deleted."""
        compartment = str(run.raw.get("compartment_id") or self.compartment_id or "")
        return bool(compartment) and all(
            model.get("lifecycle_state") == "DELETED"
            for model in model_api.list_models(self.api, compartment, id=run.id)
        )

    def _resolve_data(self, run: Run) -> Run:
        """The same run. Ask Object Storage for checksums if the desired and the observed data cannot be compared yet.

        If the ownership tag has a checksum that the desired data lack, ask for those of the desired data, once. If the
        tag has no checksum and the objects differ, ask for those of the training data too: the content may be the same
        under another name.
        """
        wanted, observed = self.resolved.get(_DATA), run.observed.get(_DATA)
        if not wanted or not observed:
            return run
        wanted = objects.in_namespace_of(wanted, observed)
        unmarked = not (observed.sha256 or observed.version) and wanted.id != observed.id
        if unmarked:
            if run.id not in self._former:
                self._former[run.id] = objects.resolve_former(self.api, observed, run.created)
            observed = self._former[run.id]
            run = replace(run, observed={**run.observed, _DATA: observed})
        if not self._asked and (
            wanted.knows_less_than(observed) or (unmarked and observed.version and not observed.sha256)
        ):
            self._asked = True
            wanted = objects.resolve(self.api, _DATA, wanted, must_exist=False)
        self.resolve(_DATA, wanted)
        return run

    def _add_reason(self, run: Run) -> Run:
        """A failed model with the errors of its work request. OCI forgets a work request after some days."""
        work = self._find_work(run, _CREATE)
        if not work:
            return run
        reason = work_requests.errors_text(self.api, work) or run.reason.rstrip(".")
        if work_requests.phase(work) is Phase.CANCELLED:
            reason = reason or "it was cancelled"
            run = replace(run, phase=Phase.CANCELLED)
        self._reasons[run.id] = reason
        return replace(run, reason=f"{reason or 'no reason is given'}{_WORK}{work['id']}")

    def _find_work(self, run: Run, operation: str) -> dict[str, Any] | None:
        return self._works.find(run.id, run.raw.get("compartment_id") or self.compartment_id, operation)

    def refresh(self, run: Run) -> Run:
        """Read the model with one GET. If it failed, read the reason too.

        Raises ApiError if its deletion failed.
        """
        if run.phase is Phase.DELETING:
            return self._refresh_deletion(run)
        model, _etag = model_api.get_model(self.api, run.id)
        fresh = model_api.run_of(model, whole=True)
        return self._add_reason(fresh) if fresh.phase is Phase.FAILED else fresh

    def _refresh_deletion(self, run: Run) -> Run:
        fresh = self._read_model(run)
        if fresh.phase in (Phase.DELETING, Phase.DELETED):
            return fresh
        work = self._find_work(run, _DELETE)
        ended = work_requests.phase(work) in (Phase.FAILED, Phase.CANCELLED)
        # A read that lags shows the state from before the deletion. In any other state, the deletion failed.
        if ended or fresh.status != run.raw.get("lifecycle_state"):
            reason = work_requests.errors_text(self.api, work) if work else ""
            reason = reason or str(fresh.raw.get("lifecycle_details") or f"it is {fresh.status}").rstrip(".")
            raise ApiError(
                f"The deletion of {run.id} failed: {reason}{_WORK + str(work['id']) if work else ''}.",
                hint="Look at what still uses it, then run the task again.",
            )
        return replace(run, raw=fresh.raw)

    def progress(self, run: Run) -> Progress:
        """The progress from the work request: the percentage, and the last line of its log."""
        work = self._find_work(run, _CREATE)
        return work_requests.progress(self.api, work) if work else Progress("training")

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check the base model, the cluster and the data. Returns renamed models of the lineage."""
        if not self.name or not self.compartment_id:
            raise InvalidInput(
                "compartment_id and display_name are missing.",
                hint="A model is trained under a name; model_id alone only adopts one.",
            )
        self.require("base_model_id", _CLUSTER, _DATA, hint="A model has to be trained, and cannot be without it.")
        name = self._check_base()
        self.warnings += base_models.check_config(_CONFIG, name, self.resolved.get(_CONFIG, {}))
        self._check_cluster(name)
        self.resolve(_DATA, objects.resolve(self.api, _DATA, self.resolved[_DATA], must_exist=True))
        found = self._find_renamed(runs)
        self.warnings += tags.unseen(self.resolved, self._carriers)
        return found

    def _check_base(self) -> str:
        """Look up the base model and return its name. Warns if it is retired."""
        model = base_models.find_base(self.api, self.resolved["base_model_id"])
        retired = model.get("time_dedicated_retired")
        if retired:
            self.warnings.append(f"The base model {model.get('display_name')} is retired on {retired}.")
        return str(model.get("display_name"))

    def _check_cluster(self, base: str) -> None:
        identifier = self.resolved[_CLUSTER]
        if not identifier.startswith(CHECK_MODE):
            cluster = base_models.find_cluster(self.api, _CLUSTER, identifier)
            self._carriers.append(cluster)
            self.warnings += base_models.check_cluster(_CLUSTER, base, cluster)

    def _find_renamed(self, runs: Sequence[Run]) -> list[Run]:
        """The living models of the lineage that somebody has renamed.

        If there are none and ``runs`` is empty, warns about an equal model of another name.
        """
        known = {run.id for run in runs}
        found, same = [], []
        for model in model_api.list_models(self.api, str(self.compartment_id)):
            self._carriers.append(model)
            run = model_api.run_of(model, whole=False)
            if run.id in known or run.phase not in (Phase.READY, Phase.PENDING):
                continue
            if tags.read_ownership_tags(model).get(ownership.NAME) == self.name:
                found.append(self._read_in_full(run))
            elif self._is_same(run):
                same.append(run)
        if same and not found and not self.adopts and not runs:
            self.warnings.append(
                f"{same[0].id} ('{same[0].raw.get('display_name')}') was trained on the same data with the same "
                "settings. To rename it instead of training once more, give its OCID as model_id."
            )
        return [self._resolve_data(run) for run in found]

    def _is_same(self, run: Run) -> bool:
        return run.observed.get(_DATA) is not None and not needs_replacement(
            self.fields, self.resolved, run, self.ignore
        )

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """The endpoints that use these models. Only the models' own compartments are searched."""
        used = {run.id for run in runs}
        compartments = {str(run.raw["compartment_id"]) for run in runs if run.raw.get("compartment_id")}
        return [
            user for compartment in sorted(compartments) for user in model_api.list_users(self.api, compartment, used)
        ]

    def create(self, token: str) -> Run:
        """POST. If the same token is sent again within 24 hours, OCI makes no second model."""
        own = {ownership.NAME: str(self.name), ownership.TRAINING: self.resolved[_DATA].mark}
        body = {
            "compartment_id": self.compartment_id,
            "base_model_id": self.resolved["base_model_id"],
            "fine_tune_details": {
                "dedicated_ai_cluster_id": self.resolved[_CLUSTER],
                "training_dataset": objects.dataset_of(self.resolved[_DATA]),
                "training_config": self.resolved.get(_CONFIG),
            },
            **{option: self.resolved.get(option) or None for option in _IN_PLACE},
            "freeform_tags": tags.freeform(self.resolved, own),
            "defined_tags": tags.defined(self.resolved) or None,
        }
        response = self.api.call(
            f"Training the model {self.name}",
            "create_model",
            shapes.body(body),
            reads=MODEL,
            creates=True,
            tries=1,
            opc_retry_token=token,
        )
        run = model_api.run_of(shapes.answer(response), whole=True)
        self._works.began(run.id, response, _CREATE)
        return replace(run, token=token)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Move the model, then PUT the options that differ, with our ownership tags restored.

        OCI refuses a request if somebody changed the model since it was read. Each request is sent once. After a lost
        answer the engine calls again: the model is read again, and a move that was made is not repeated.
        """
        changed = {change.field for change in changes}
        with steps_noted() as done:
            model, etag = model_api.get_model(self.api, run.id)
            if "compartment_id" in changed:
                moves = model.get("compartment_id") != self.resolved["compartment_id"]  # False: the answer was lost
                if moves:
                    self._move(run.id, etag)
                done.append("compartment_id")
                model, etag = model_api.get_model(self.api, run.id) if moves else (model, etag)
            if changed - {"compartment_id"}:
                self._send_change(model, etag, changed)
                done.append("the rest")
                model, etag = model_api.get_model(self.api, run.id)
        return model_api.run_of(model, whole=True)

    def _move(self, identifier: str, etag: str | None) -> None:
        compartment = self.resolved["compartment_id"]
        self.api.call(
            f"Moving {identifier} to {compartment}",
            "change_model_compartment",
            identifier,
            shapes.body({"compartment_id": compartment}),
            tries=1,
            **_make_condition(etag),
        )

    def _send_change(self, model: Mapping[str, Any], etag: str | None, changed: set[str]) -> None:
        self.api.call(
            f"Changing the model {model['id']}",
            "update_model",
            str(model["id"]),
            shapes.body(tags.changed(self.resolved, changed, _IN_PLACE, model)),
            reads=MODEL,
            tries=1,
            **_make_condition(etag),
        )

    def delete(self, run: Run) -> Run:
        """DELETE, which starts a work request. It is no error if another task deletes or has deleted the model."""
        try:
            response = self.api.call(f"Deleting the model {run.id}", "delete_model", run.id)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            fresh = self._read_model(run)
            if fresh.phase in (Phase.DELETING, Phase.DELETED):
                return fresh
            raise
        self._works.began(run.id, response, _DELETE)
        return replace(run, phase=Phase.DELETING, status="DELETING", removable=False)

    # -- results --

    def hint(self, run: Run) -> Hint:
        """The advice after a failure, by the words of the reason."""
        reason = self._reasons.get(run.id, run.reason).lower()
        mend = find_hint(_HINTS, reason)
        if mend:
            return Hint(mend)
        if "capacity" in reason:
            return Hint("The host had no capacity left.", "Try again later with 'retry_failed: true'.")
        return Hint("Correct the cause,", "then 'retry_failed: true' trains once more.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The model's attributes as result keys. ``details``: the work request with its errors and its log too."""
        model = tags.hide_ownership_tags(run.raw) if run else {}
        work: dict[str, Any] = {}
        if run and details and run.raw.get("compartment_id"):
            try:
                work = work_requests.in_full(self.api, self._find_work(run, _CREATE))
            except FineTuneError as error:
                self.warnings.append(f"work_request is left out. {error.text()}")
        return {
            "name": self.name or model.get("display_name"),
            "id": run.id if run else None,
            "state": run.status if run else None,
            "model_verified": True if run and run.phase is Phase.READY else None,
            **{key: model.get(key) for key in _ATTRIBUTES},
            "fine_tune_details": _name_details(model),
            "metrics": model_api.final_metrics(model),
            "work_request": work,
            "model": model,
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """A model that check mode predicts."""
        identifier = make_placeholder("model", str(self.name))
        if not self._found:
            self.warnings.append(
                f"There is no model '{self.name}' in {self.compartment_id}, so one is trained. One that is to be "
                "renamed or moved keeps its OCID if that is given as model_id."
            )
        return self.fill_placeholder(identifier, display_name=self.name, compartment_id=self.compartment_id)


def _make_condition(etag: str | None) -> dict[str, Any]:
    return {"if_match": etag} if etag else {}


_ATTRIBUTES = (
    "display_name",
    "compartment_id",
    "base_model_id",
    "description",
    "vendor",
    "version",
    "capabilities",
    "type",
    "is_long_term_supported",
    "lifecycle_details",
    "model_metrics",
    "freeform_tags",
    "defined_tags",
    "system_tags",
    "time_created",
    "time_updated",
    "time_deprecated",
    "time_on_demand_retired",
    "time_dedicated_retired",
    "previous_state",
)


def _name_details(model: Mapping[str, Any]) -> dict[str, Any] | None:
    """``fine_tune_details`` with the names of the options. The API has other names for the data. None if not shown."""
    details = model.get("fine_tune_details")
    if not isinstance(details, Mapping):
        return None
    data = details.get("training_dataset")
    if not isinstance(data, Mapping):
        return dict(details)
    names = {"namespace_name": "namespace", "bucket_name": "bucket", "object_name": "object"}
    return {**details, "training_dataset": {names.get(key, key): value for key, value in data.items()}}
