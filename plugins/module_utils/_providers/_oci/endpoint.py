# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource oci_generative_ai_endpoint: the meaning of its options, and the operations of the API.

Private to llmops.finetune; may change at any time.

An endpoint serves one model on one hosting cluster. Neither can be changed; all other options are changed in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.content import CHECK_MODE, make_placeholder, refuse_placeholder
from ..._engine.errors import ApiError, InvalidInput, NotFound, RateLimited
from ..._engine.plan import differences
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Run
from ..toolkit.answers import quote_host
from ..toolkit.driver import find_hint, steps_noted
from . import hosting, identity, tags, work_requests
from .client import GENERATIVE_AI, Api, make_api
from .hosting import CLUSTER_ID, MODEL_ID, REPLACEMENT_ID
from .named_resource import MARKER_COUNT, NamedResource, ResourceKind, read_options
from .reading import ENDPOINT

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

ENDPOINTS = ResourceKind("endpoint", "endpoint", "endpoint", ENDPOINT)
GUARDRAILS = ("content_moderation_config", "prompt_injection_config", "pii_detection_config")
_PRIVATE = "generative_ai_private_endpoint_id"
_CHANGEABLE = ("display_name", "description", _PRIVATE, *GUARDRAILS)
_BODY = ("compartment_id", MODEL_ID, CLUSTER_ID, *_CHANGEABLE)
MODES = ("INFORM", "BLOCK")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
FIELDS = (
    Field(MODEL_ID, "immutable"),
    Field(CLUSTER_ID, "immutable"),
    Field("display_name", "in_place", identity=True),
    Field("description", "in_place"),
    Field(_PRIVATE, "in_place"),
    *(Field(guardrail, "in_place", each=True) for guardrail in GUARDRAILS),
    Field("compartment_id", "in_place", identity=True),
    *tags.FIELDS,
)
_PHASES = {
    "CREATING": Phase.PENDING,
    "UPDATING": Phase.UPDATING,
    "ACTIVE": Phase.READY,
    "DELETING": Phase.DELETING,
    "DELETED": Phase.DELETED,
    "FAILED": Phase.FAILED,
}
_SERVING = (Phase.PENDING, Phase.UPDATING, Phase.READY)  # these use their clusters
_CHANGES = ("UPDATE_ENDPOINT", "MOVE_ENDPOINT")  # work requests that change an endpoint
_CHANGE_PAUSE = 30.0  # seconds until a change is sent again that OCI refuses because another one is in progress
_REASON = 1000  # characters
_HINTS = (
    ("capacity", "The cluster had no capacity left. Increase its unit_count, or try again later."),
    ("not authorized", "Check that the policies of this user allow to use the cluster and the model."),
)


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. No call is made."""
    params = module.params
    name, options = read_options(module, ENDPOINTS, FIELDS)
    desired = read_desired(params, check_mode=module.check_mode)
    driver = Endpoint(
        make_api(module, GENERATIVE_AI),
        name,
        params["endpoint_id"],
        params["compartment_id"],
        desired,
        absent=params["state"] == "absent",
        ignore=options.ignore_changes,
        replacement=params[REPLACEMENT_ID],
    )
    driver.warnings += [*_check_name(params["display_name"]), *_check_modes(params)]
    return driver, options


def read_desired(params: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """The options as field values. Raises InvalidInput for the first value that cannot be right."""
    identity.check_lengths(params)
    for option, kinds in (
        ("compartment_id", identity.COMPARTMENT),
        ("endpoint_id", identity.ENDPOINT),
        (CLUSTER_ID, identity.CLUSTER),
        (REPLACEMENT_ID, identity.CLUSTER),
        (_PRIVATE, identity.PRIVATE_ENDPOINT),
    ):
        if params[option] == "":
            raise InvalidInput(f"{option} is empty.", hint="Give a value, or leave the option out.")
        identity.check_ocid(option, params[option], kinds)
        if not check_mode:
            refuse_placeholder(option, params[option])
    _check_model(params[MODEL_ID], check_mode=check_mode)
    if params[REPLACEMENT_ID] and params[REPLACEMENT_ID] == params[CLUSTER_ID]:
        raise InvalidInput(f"{REPLACEMENT_ID} is the same as {CLUSTER_ID}.", hint="Give another hosting cluster.")
    name = params["display_name"]
    desired: dict[str, Any] = {
        **{option: params[option] for option in _BODY},
        **{guardrail: _read_guardrail(guardrail, params[guardrail]) for guardrail in GUARDRAILS},
        tags.FREEFORM: tags.read_freeform(params[tags.FREEFORM], MARKER_COUNT),
        tags.DEFINED: tags.read_defined(params[tags.DEFINED]),
        tags.OWNERSHIP_TAGS: {ownership.NAME: name} if name else None,
    }
    return {key: value for key, value in desired.items() if value is not None}


def _check_model(value: str | None, *, check_mode: bool) -> None:
    if value is None:
        return
    if not value.strip():
        raise InvalidInput(f"{MODEL_ID} is empty.", hint="Give the OCID or the name of a model.")
    if not check_mode:
        refuse_placeholder(MODEL_ID, value)
    if value.startswith("ocid1."):
        identity.check_ocid(MODEL_ID, value, identity.MODEL)


def _read_guardrail(option: str, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    identity.check_ocid(f"{option}.{MODEL_ID}", given[MODEL_ID], identity.MODEL)
    return {key: value for key, value in given.items() if value is not None}


def _check_name(name: str | None) -> list[str]:
    """A warning for a name that the Console refuses. It is not known whether the API does."""
    if not name or _NAME.fullmatch(name):
        return []
    return [
        f"display_name is '{name}'; OCI's guide wants a letter or an underscore first, then letters, digits, hyphens "
        "and underscores."
    ]


def _check_modes(params: Mapping[str, Any]) -> list[str]:
    """Warnings for modes that OCI's guide does not name. It is not known whether the API takes others."""
    given = {guardrail: mapping(params[guardrail]).get("mode") for guardrail in GUARDRAILS}
    return [
        f"{guardrail}.mode is '{mode}'; OCI's guide names {' and '.join(MODES)}."
        for guardrail, mode in given.items()
        if mode and mode not in MODES
    ]


# -- the driver ------------------------------------------------------------------------------------------------


class Endpoint(NamedResource):
    """The endpoints of one name in one compartment, or one endpoint by its OCID."""

    resource_kind = ENDPOINTS
    kind = "endpoint"
    noun = "Endpoint"
    fields = FIELDS

    def __init__(
        self,
        api: Api,
        name: str | None,
        identifier: str | None,
        compartment_id: str | None,
        desired: Mapping[str, Any],
        *,
        absent: bool = False,
        ignore: Sequence[str] = (),
        replacement: str | None = None,
    ) -> None:
        super().__init__(api, name, identifier, compartment_id, desired, absent=absent, ignore=ignore)
        self.replacement = replacement
        self._runs: Sequence[Run] = ()  # the runs that were observed last
        self._cluster: str | None = None  # for a new endpoint: the one of the two clusters that it uses
        self._alone = ""  # why no second endpoint can exist beside the one that is replaced
        self._sent: dict[str, dict[str, Any]] = {}  # by endpoint: the values that this task changes

    @property
    def capabilities(self) -> Capabilities:
        """Whether two endpoints can exist at once depends on their models and clusters."""
        return Capabilities(
            no_cancel="OCI cannot stop the creation of an endpoint; wait for it.",
            no_pause="An endpoint cannot be paused.",
            late_update=True,
            one_run_a_token=True,
            long_lived=True,
            unique_names=bool(self._alone),
            why_unique=self._alone,
        )

    def idempotency_key(self) -> dict[str, Any]:
        """The model and the place. Which of the two clusters is used depends on what exists."""
        given = {key: self.resolved.get(key) for key in ("compartment_id", "display_name", MODEL_ID, CLUSTER_ID)}
        return {**given, REPLACEMENT_ID: self.replacement}

    # -- looking --

    def resolve_references(self, runs: Sequence[Run]) -> None:
        """Look up the desired model if it is given by its name, and whether two endpoints can exist at once."""
        self._runs = runs
        if not self.absent:
            self._resolve_model(runs)
            differing = (run for run in runs if run.phase in _SERVING and self._differs(run, "immutable"))
            self._alone = next(filter(None, map(self._why_alone, differing)), "")

    def _resolve_model(self, runs: Sequence[Run]) -> None:
        wanted = self.resolved.get(MODEL_ID)
        if not wanted or wanted.startswith(("ocid1.", CHECK_MODE)):
            return
        if any(run.observed.get(MODEL_ID) == wanted for run in runs):
            return  # some regions know base models by their names
        places = [self.compartment_id, *(run.raw.get("compartment_id") for run in runs)]
        compartments = dict.fromkeys(str(place) for place in places if place)
        if compartments:
            self.resolve(MODEL_ID, hosting.find_newest(self.api, tuple(compartments), wanted))

    def run_of(self, resource: Mapping[str, Any], *, whole: bool) -> Run:
        """An endpoint in the terms of the engine. Serving on the other one of the two clusters is no difference."""
        run = run_of(resource, whole=whole)
        wanted = self.desired.get(CLUSTER_ID)
        if wanted and self.replacement and run.observed.get(CLUSTER_ID) == self.replacement:
            run = replace(run, observed={**run.observed, CLUSTER_ID: wanted})
        return run

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """A closer look at endpoints that have failed or differ. One in the desired state needs no further call."""
        return [replace(self.judge_run(run), verified=True) for run in runs]

    def _is_doubtful(self, run: Run) -> bool:
        """Whether the last change of the endpoint may have failed."""
        if run.phase is not Phase.READY or self.absent:
            return False
        return self._differs(run, "in_place") or bool(run.raw.get("lifecycle_details")) or run.id in self._sent

    def _differs(self, run: Run, kind: str) -> bool:
        return any(change.kind == kind for change in differences(FIELDS, self.resolved, run, self.ignore))

    def judge_run(self, run: Run) -> Run:
        """The same run with the reason of a failure, and with how its last change ended if that may have failed."""
        if run.phase is Phase.FAILED:
            return self._judge_failed(run)
        return self._judge_change(run) if self._is_doubtful(run) else run

    def _judge_failed(self, run: Run) -> Run:
        """A FAILED endpoint with its reason. If it was ever changed, it may have served, so it is ``uncertain``."""
        run = self.add_reason(self._read_whole(run))
        work = self.find_work(run)
        changed = bool(run.raw.get("previous_state"))
        return replace(run, uncertain=changed or bool(work and work.get("operation_type") != "CREATE_ENDPOINT"))

    def _judge_change(self, run: Run) -> Run:
        """An ACTIVE endpoint. If its last change failed, the observed values are those from before the change."""
        work = self.find_work(run) or {}
        if work.get("operation_type") not in _CHANGES:
            return run
        if work_requests.phase(work) not in (Phase.FAILED, Phase.CANCELLED):
            return run
        run = self._read_whole(run)
        said = work_requests.errors_text(self.api, work) or str(run.raw.get("lifecycle_details") or "")
        before = mapping(run.raw.get("previous_state"))
        return replace(
            run,
            update_error=said.rstrip(".") or "no reason is given",
            target={**_show_changeable(run.raw), **self._sent.get(run.id, {})},
            observed={**run.observed, **(_show_changeable(before) if before else {})},
        )

    def _read_whole(self, run: Run) -> Run:
        """The same run with its previous state, which a summary lacks."""
        return run if "previous_state" in run.raw else self.get_run(run.id)

    def _why_alone(self, run: Run) -> str:
        """Why no second endpoint can exist beside this one while it is replaced. Empty if it can."""
        cluster, wanted = run.raw.get(CLUSTER_ID), self.resolved.get(MODEL_ID)
        if self._choose_cluster(self._runs) != cluster:
            return ""
        known = wanted and not wanted.startswith(CHECK_MODE)
        if known and hosting.can_stack(self.api, str(wanted), str(run.raw.get(MODEL_ID))):
            return ""
        return f"the cluster {cluster} hosts one model at a time; nothing is served meanwhile"

    def _choose_cluster(self, runs: Sequence[Run]) -> str | None:
        """The one of the two clusters that the endpoints of the name do not use."""
        used = {run.raw.get(CLUSTER_ID) for run in runs if run.phase in _SERVING}
        given = [cluster for cluster in (self.resolved.get(CLUSTER_ID), self.replacement) if cluster]
        free = [cluster for cluster in given if cluster not in used]
        return next(iter([*free, *given]), None)

    def refresh(self, run: Run) -> Run:
        """The endpoint as it is now. A change is complete when its work request has ended."""
        if run.phase is Phase.DELETING:
            return self.refresh_deletion(run)
        fresh = self.get_run(run.id)
        if fresh.phase is Phase.FAILED:
            return self._judge_failed(fresh)
        unseen = not run.raw  # by this process: an earlier slice of the task may have sent a change
        if fresh.phase is not Phase.READY or not (unseen or run.phase is Phase.UPDATING or run.id in self._sent):
            return fresh
        work = self.find_work(fresh) or {}
        if work.get("operation_type") in _CHANGES and work_requests.phase(work) in (Phase.PENDING, Phase.CANCELLING):
            return replace(fresh, phase=Phase.UPDATING, target=_show_changeable(fresh.raw))
        if unseen and work.get("operation_type") in _CHANGES:
            self._sent[run.id] = {key: value for key, value in self.resolved.items() if key in _IN_PLACE}
        return self._judge_change(fresh)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check the model, the cluster, and the other endpoints on the cluster. Raises ApiError or InvalidInput."""
        if str(self.identifier).startswith(CHECK_MODE):
            return ()
        if self.identifier:
            raise ApiError(
                f"The endpoint {self.identifier} cannot be replaced under its OCID.",
                hint="Leave endpoint_id out: a replacement gets another OCID. Or delete this one with 'state: absent'.",
            )
        hint = "There is no such endpoint, and none can be made without it."
        self.require("display_name", "compartment_id", MODEL_ID, CLUSTER_ID, hint=hint)
        replaced = [run for run in runs if run.phase is Phase.READY]
        leaving = {run.id for run in (*replaced, *(run for run in runs if run.phase is Phase.FAILED))}
        self._check_place(runs, leaving if self._alone else set())
        for run in replaced:
            self.warn_once(f"{run.id} is replaced. The new endpoint gets another OCID, which its callers need.")
        return ()

    def _check_place(self, runs: Sequence[Run], leaving: set[str]) -> None:
        self._cluster = self._choose_cluster(runs)
        model_id, identifier = self.resolved[MODEL_ID], str(self._cluster)
        known, carriers = None, []
        base = ""
        if not model_id.startswith(CHECK_MODE):
            model = hosting.find_model(self.api, model_id)
            known, base = str(model["id"]), hosting.find_base_name(self.api, model)
            carriers.append(model)
        if not identifier.startswith(CHECK_MODE):
            cluster = hosting.find_cluster(self.api, identifier, now=bool(leaving))
            self.warnings += hosting.check_shape(base, cluster)
            found = [*self.list_resources(str(self.compartment_id)), *self._list_neighbours(cluster)]
            self.warnings += hosting.check_room(self.api, known, cluster, found, leaving)
            carriers += [cluster, *found]
        self.warnings += tags.unseen(self.resolved, carriers)

    def _list_neighbours(self, cluster: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The endpoints in the compartment of the cluster, if that is another one. The user need not see them."""
        compartment = cluster.get("compartment_id")
        if compartment in (None, self.compartment_id):
            return []
        try:
            return list(self.list_resources(str(compartment)))
        except NotFound:
            return []

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """Nothing keeps an endpoint from being deleted. Its cluster stays, and goes on costing."""
        for cluster in sorted({str(run.raw.get(CLUSTER_ID)) for run in runs}):
            self.warn_once(
                f"The hosting cluster {cluster} is not deleted, and still costs money by the hour, with or without "
                "endpoints: oci_generative_ai_dedicated_ai_cluster deletes it."
            )
        return ()

    def create(self, token: str) -> Run:
        """POST. If the same token is sent again, OCI makes no second endpoint."""
        body = {option: self.resolved.get(option) for option in _BODY}
        body[CLUSTER_ID] = self._cluster
        return self.send_create(body, token, creates=True)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Move the endpoint, then change the rest in one request, each on the endpoint as it was read just before."""
        names = {change.field for change in changes}
        self._sent[run.id] = {name: self.resolved[name] for name in names}
        with steps_noted() as done:
            run = self.get_run(run.id)
            if "compartment_id" in names and run.raw.get("compartment_id") != self.resolved["compartment_id"]:
                self.send_move(run)
                done.append("compartment_id")
                run = replace(self.get_run(run.id), phase=Phase.UPDATING)
            body = self._make_change(names, run.raw)
            return self._send_body(run, body) if body else run

    def _make_change(self, names: set[str], resource: Mapping[str, Any]) -> dict[str, Any]:
        """The body of an update. OCI replaces a guardrail as a whole, so its other settings are sent too."""
        body = tags.changed(self.resolved, names, _CHANGEABLE, resource)
        for guardrail in GUARDRAILS:
            if guardrail in body:
                body[guardrail] = {**mapping(resource.get(guardrail)), **body[guardrail]}
        return body

    def _send_body(self, run: Run, body: Mapping[str, Any]) -> Run:
        try:
            return self.send_change(run, body)
        except ApiError as error:
            if error.code != "IncorrectState":
                raise
            raise RateLimited(
                error.message, hint=error.hint, status=error.status, code=error.code, retry_after=_CHANGE_PAUSE
            ) from error

    def describe_rest(self, run: Run) -> str:
        """The consequence if the endpoint could not be deleted."""
        return f"The endpoint still exists, and its cluster {run.raw.get(CLUSTER_ID)} still costs money."

    # -- results --

    def hint(self, run: Run) -> Hint:
        """The advice after a failure, by its reason."""
        mend = find_hint(_HINTS, run.reason.lower()) or "Fix the cause."
        if run.uncertain:
            return Hint(mend, "It may have served before, so only 'state: absent' deletes it.")
        return Hint(mend, "'retry_failed: true' then deletes this endpoint and creates it again.")

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The attributes of the endpoint as result keys."""
        endpoint = tags.hide_ownership_tags(run.raw) if run else {}
        return {
            "name": self.name or endpoint.get("display_name"),
            "id": run.id if run else None,
            "endpoint_id": run.id if run else None,
            "state": endpoint.get("lifecycle_state"),
            **{key: endpoint.get(key) for key in _SHOWN},
            "hourly": _describe_hourly(endpoint),
            "endpoint": endpoint,
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """An endpoint that check mode predicts."""
        identifier = make_placeholder("endpoint", str(self.name))
        asked = {key: self.resolved[key] for key in _SHOWN if key in self.resolved}
        asked[CLUSTER_ID] = self._cluster
        return self.fill_placeholder(identifier, endpoint_id=identifier, hourly=_describe_hourly(asked), **asked)


def _describe_hourly(endpoint: Mapping[str, Any]) -> str | None:
    """The resource that OCI charges by the hour: the cluster. An endpoint itself costs nothing."""
    cluster = endpoint.get(CLUSTER_ID)
    return f"the hosting cluster {cluster}" if cluster else None


_IN_PLACE = frozenset(field.name for field in FIELDS if field.kind == "in_place")
_SHOWN = (
    "display_name",
    "description",
    "compartment_id",
    MODEL_ID,
    CLUSTER_ID,
    _PRIVATE,
    *GUARDRAILS,
    "lifecycle_details",
    "freeform_tags",
    "defined_tags",
    "system_tags",
    "time_created",
    "time_updated",
    "previous_state",
)


# -- the endpoint in the terms of the engine -------------------------------------------------------------------


def run_of(endpoint: Mapping[str, Any], *, whole: bool) -> Run:
    """An endpoint in the terms of the engine. ``whole`` is False for a summary, which lacks the previous state.

    While it is being updated, OCI shows the values after the update.
    """
    status = str(endpoint.get("lifecycle_state") or "unknown")
    phase = _PHASES.get(status, Phase.UNKNOWN)
    observed, before = _show_changeable(endpoint), mapping(endpoint.get("previous_state"))
    served = (_show_changeable(before) if before else {}) if phase is Phase.UPDATING else observed
    fixed = {option: endpoint.get(option) for option in (MODEL_ID, CLUSTER_ID)}
    return Run(
        id=str(endpoint["id"]),
        created=timestamp(endpoint.get("time_created")) or 0.0,
        phase=phase,
        status=status,
        observed={**{key: value for key, value in fixed.items() if value is not None}, **served},
        target=observed if phase is Phase.UPDATING else {},
        reason=quote_host(endpoint.get("lifecycle_details"), _REASON) if phase is Phase.FAILED else "",
        token=tags.read_ownership_tags(endpoint).get(ownership.TOKEN),
        removable=phase in (Phase.READY, Phase.FAILED),
        verified=whole or phase not in (Phase.READY, Phase.FAILED),
        raw=endpoint,
    )


def _show_changeable(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The values that can be changed in place, in the form for the comparison."""
    observed: dict[str, Any] = {key: endpoint.get(key) for key in ("display_name", "compartment_id")}
    observed.update({key: endpoint.get(key) or "" for key in ("description", _PRIVATE)})
    observed.update({guardrail: _show_guardrail(endpoint.get(guardrail)) for guardrail in GUARDRAILS})
    observed.update(tags.read_observed(endpoint))
    return {key: value for key, value in observed.items() if value is not None}


def _show_guardrail(observed: Any) -> dict[str, Any]:
    """A guardrail that is not shown is off. One that is off need not show its other settings."""
    found = mapping(observed)
    enabled = bool(found.get("is_enabled"))
    rest = {key: found.get(key) or ("" if enabled else None) for key in ("mode", MODEL_ID)}
    return {"is_enabled": enabled, **{key: value for key, value in rest.items() if value is not None}}
