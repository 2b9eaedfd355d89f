# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource oci_generative_ai_dedicated_ai_cluster: what its options mean, and the API's verbs for it.

Private to llmops.finetune; may change at any time.

To the engine a cluster is a run: it is CREATING or UPDATING (pending), ACTIVE (ready), FAILED. Its type and its shape
are what it was made with, as the data are of a model; all else is changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.content import CHECK_MODE, make_placeholder
from ..._engine.errors import ApiError, FineTuneError, InvalidInput, NotFound, RunFailed
from ..._engine.module import options_of
from ..._engine.plan import differences
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Progress, Run
from ..toolkit.answers import Kind, told
from ..toolkit.bounds import Bound, check_bound
from ..toolkit.driver import BaseDriver, name_of_placeholder, steps_noted
from . import identity, shapes, tags, work_requests
from .client import GENERATIVE_AI, Api, make_api
from .options import TIMEOUTS
from .reading import CLUSTER, ENDPOINT, MODEL

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

FIELDS = (
    Field("type", "immutable"),
    Field("unit_shape", "immutable"),
    Field("unit_count", "in_place"),
    Field("display_name", "in_place", identity=True),
    Field("description", "in_place"),
    Field("compartment_id", "in_place", identity=True),
    *tags.FIELDS,
)

_FAILED = "FAILED"
_ATTENTION = "NEEDS_ATTENTION"  # it is there and is charged, but something is wrong with it
_PHASES = {
    "CREATING": Phase.PENDING,
    "UPDATING": Phase.PENDING,
    "ACTIVE": Phase.READY,
    _ATTENTION: Phase.READY,
    "DELETING": Phase.DELETING,
    "DELETED": Phase.DELETED,
    _FAILED: Phase.FAILED,
}
_STAGES = {"CREATING": "being created", "UPDATING": "being changed"}
_BODY = ("compartment_id", "type", "unit_count", "unit_shape", "display_name", "description")
_CHANGEABLE = ("unit_count", "display_name", "description")
_MARKER_COUNT = 2
_PAGE = 1000  # the API's own maximum
_ENDED = ("DELETED", _FAILED)  # endpoints in these states use nothing
_HELD_STATUS = 409


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver; no call is made."""
    params = module.params
    for option in ("display_name", "compartment_id"):
        if params[option] is not None and not params[option].strip():
            raise InvalidInput(f"{option} is empty.", hint="Give a value, or leave the option out.")
    identifier = params["dedicated_ai_cluster_id"]
    name = params["display_name"] or name_of_placeholder(module, "cluster", identifier)
    options = options_of(
        module,
        name=name or identifier,
        run_id=identifier,
        id_option="dedicated_ai_cluster_id",
        timeouts=TIMEOUTS,
        fields=FIELDS,
        identity=("name",),
    )
    desired = read_desired(params)
    api = make_api(module, GENERATIVE_AI)
    driver = DedicatedAiCluster(
        api,
        name,
        identifier,
        params["compartment_id"],
        desired,
        absent=params["state"] == "absent",
        ignore=options.ignore_changes,
    )
    return driver, options


def read_desired(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options as field values; raises InvalidInput for the first that cannot be right."""
    name, units = params["display_name"], params["unit_count"]
    identity.check_lengths(params)
    identity.check_ocid("compartment_id", params["compartment_id"], identity.COMPARTMENT)
    identity.check_ocid("dedicated_ai_cluster_id", params["dedicated_ai_cluster_id"], identity.CLUSTER)
    if units is not None:
        check_bound("unit_count", units, Bound(1, whole=True))
    desired: dict[str, Any] = {
        **{option: params[option] for option in _BODY},
        tags.FREEFORM: tags.read_freeform(params[tags.FREEFORM], _MARKER_COUNT),
        tags.DEFINED: tags.read_defined(params[tags.DEFINED]),
        tags.MARKERS: {ownership.NAME: name} if name else None,
    }
    return {key: value for key, value in desired.items() if value is not None}


# -- the driver ------------------------------------------------------------------------------------------------


class DedicatedAiCluster(BaseDriver):
    """The clusters of one name in one compartment, or one by its OCID. See :class:`_engine.types.Driver`.

    A cluster that this collection has made is known by its marker, whatever somebody has called it since.
    """

    kind = "dedicated AI cluster"
    noun = "Cluster"
    fields = FIELDS
    capabilities = Capabilities(
        no_cancel="OCI cannot stop what a cluster is doing; wait for it.",
        no_pause="A cluster cannot be paused.",
        no_rerun=(
            "Neither can be changed, and a cluster is never replaced by itself: it costs hours at the least (a hosting "
            "cluster 744 unit-hours). Ask for what exists, give another display_name, or delete it with "
            "'state: absent' first."
        ),
        late_update=True,
    )

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
    ) -> None:
        super().__init__(name, desired)
        self.api = api
        self.identifier = identifier
        self.compartment_id = compartment_id
        self.absent = absent
        self.ignore = ignore
        self.is_placeholder = str(identifier).startswith(CHECK_MODE)
        self._etags: dict[str, str | None] = {}
        self._works = work_requests.KnownWorks(api)

    def request(self) -> dict[str, Any]:
        """The create request in the options' words."""
        return {key: value for key, value in self.resolved.items() if key != tags.MARKERS}

    def idempotency_key(self) -> dict[str, Any]:
        """Two tasks that differ in nothing else mean the same cluster."""
        return {key: self.resolved.get(key) for key in ("compartment_id", "display_name", "type", "unit_shape")}

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The cluster of that OCID; else those of the name in the compartment, deleted ones while they are shown.

        Raises InvalidInput where the name is that of clusters that this collection has not made, and of none that it
        has: to take one for ours would change or delete what is somebody else's, to make one more would cost twice.
        """
        if run_id:
            return self._find_by_id(run_id)
        if not self.name or not self.compartment_id:
            return []
        ours, others = [], []
        for cluster in list_clusters(self.api, self.compartment_id):
            marker = tags.owned(cluster).get(ownership.NAME)
            if marker == self.name:
                ours.append(run_of(cluster, whole=False))
            elif cluster.get("display_name") == self.name:
                others.append(run_of(cluster, whole=False))
        living = [run for run in others if run.phase not in (Phase.FAILED, Phase.DELETING, Phase.DELETED)]
        if living and all(run.phase in (Phase.FAILED, Phase.DELETED) for run in ours):
            named = ", ".join(f"{run.id} ({run.status})" for run in living)
            raise InvalidInput(
                f"The name '{self.name}' is that of what this collection has not made: {named}.",
                hint="Give its OCID as dedicated_ai_cluster_id if it is meant, or another display_name.",
            )
        return ours

    def _find_by_id(self, identifier: str) -> list[Run]:
        try:
            run = self._get_run(identifier)
        except NotFound as error:
            if not self.absent:
                raise
            identity.refuse_unproven(error, self.compartment_id, partial(self._is_listed, identifier))
            return []
        if run.phase is Phase.DELETED and not self.absent:
            raise identity.deleted_error("cluster", identifier, "dedicated_ai_cluster_id", "make")
        if not self.absent:
            self._refuse_clash(run)
        return [self._judge_run(run)]

    def _refuse_clash(self, run: Run) -> None:
        """Of two clusters with one name neither would be found by it, or both would be deleted by it."""
        now = {key: run.raw.get(key) for key in ("display_name", "compartment_id")}
        place = {key: self.resolved.get(key) or value for key, value in now.items()}
        if place == now or run.phase is Phase.DELETED:
            return
        clashing = [
            str(cluster["id"])
            for cluster in list_clusters(self.api, str(place["compartment_id"]))
            if cluster["id"] != run.id
            and place["display_name"] in (cluster.get("display_name"), tags.owned(cluster).get(ownership.NAME))
            and run_of(cluster, whole=False).phase not in (Phase.FAILED, Phase.DELETING, Phase.DELETED)
        ]
        if clashing:
            raise identity.clash_error("clusters", run.id, place["display_name"], clashing)

    def _is_listed(self, identifier: str, compartment_id: str | None = None) -> bool:
        found = list_clusters(self.api, str(compartment_id or self.compartment_id), id=identifier)
        return any(run_of(cluster, whole=False).phase is not Phase.DELETED for cluster in found)

    def _get_run(self, identifier: str) -> Run:
        cluster, self._etags[identifier] = get_cluster(self.api, identifier)
        return run_of(cluster, whole=True)

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """By one GET each; of a failed one also its work request's errors."""
        return [self._judge_run(self._get_run(run.id)) for run in runs]

    def _judge_run(self, run: Run) -> Run:
        """One that needs attention is not what was asked, unless it is to be changed, which may mend it, or deleted."""
        if run.status == _ATTENTION and not self.absent and not differences(FIELDS, self.resolved, run, self.ignore):
            run = replace(run, phase=Phase.FAILED)
        return self._add_reason(run)

    def _add_reason(self, run: Run) -> Run:
        return replace(run, reason=self._read_reason(run)) if run.phase is Phase.FAILED else run

    def _read_reason(self, run: Run) -> str:
        work = self._find_work(run)
        told = work_requests.errors_text(self.api, work) if work else ""
        return told or str(run.raw.get("lifecycle_details") or "")

    def _find_work(self, run: Run) -> dict[str, Any] | None:
        return self._works.find(run.id, run.raw.get("compartment_id"))

    def refresh(self, run: Run) -> Run:
        """One GET. What was to be changed or deleted and could not be has failed, though the cluster is there."""
        try:
            fresh = self._get_run(run.id)
        except NotFound:
            compartment = run.raw.get("compartment_id")
            if run.phase is Phase.DELETING and compartment and not self._is_listed(run.id, str(compartment)):
                return _mark_deleted(run)
            raise
        if run.phase is Phase.DELETING and fresh.phase not in (Phase.DELETING, Phase.DELETED):
            return self._judge_undeleted(run, fresh)
        if run.phase.pending and fresh.phase is Phase.READY:
            # The state alone does not say how a change ended.
            work = self._find_work(fresh)
            if fresh.status == _ATTENTION or work_requests.phase(work) in (Phase.FAILED, Phase.CANCELLED):
                fresh = replace(fresh, phase=Phase.FAILED)
        return self._add_reason(fresh)

    def _judge_undeleted(self, run: Run, fresh: Run) -> Run:
        work = self._find_work(run)
        phase = work_requests.phase(work)
        ended = phase in (Phase.FAILED, Phase.CANCELLED)
        if not ended and (work or fresh.status not in (_FAILED, _ATTENTION)):
            return run  # it is going on, or what is read lags behind
        reason = self._read_reason(fresh) or "the service does not say why"
        raise RunFailed(
            f"Cluster {run.id} could not be deleted, it is {fresh.status}: {reason.rstrip('.')}.",
            hint=f"Mend the cause, then run the task again. {self._describe_rest(run)}",
            facts={"status": fresh.status},
        )

    def progress(self, run: Run) -> Progress:
        """By the work request, where it can be seen."""
        work, stage = self._find_work(run), _STAGES.get(run.status, run.status)
        return work_requests.progress(self.api, work, stage, log=False) if work else Progress(stage)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """What the request needs must be there."""
        if self.is_placeholder:
            return ()
        sick = next((run for run in runs if run.status == _ATTENTION), None)
        if sick:
            raise ApiError(
                f"The cluster {sick.id} needs attention: {sick.reason.rstrip('.')}.",
                hint=str(self.hint(sick)),
                facts={**self.describe(sick, details=False), "run_id": sick.id, "status": sick.status},
            )
        if self.identifier:
            raise ApiError(
                f"The cluster {self.identifier} has failed, and no other can take its OCID.",
                hint="Leave dedicated_ai_cluster_id out to make one anew, or delete this one with 'state: absent'.",
            )
        needed = ("display_name", "compartment_id", "type", "unit_shape", "unit_count")
        self.require(*needed, hint="There is no such cluster, and none can be made without it.")
        return ()

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """Endpoints on these clusters, and models that are being trained on them, as far as they may be seen."""
        return [holder for run in runs for holder in self._list_dependents(run)]

    def _list_dependents(self, run: Run) -> Iterator[str]:
        compartment = str(run.raw.get("compartment_id"))
        if run.raw.get("type") == "FINE_TUNING":
            for model in self._list("models", "list_models", MODEL, compartment, "CREATING"):
                if mapping(model.get("fine_tune_details")).get("dedicated_ai_cluster_id") == run.id:
                    yield f"the model {model.get('display_name')} ({model.get('id')}) is being trained on it"
            return
        seen = 0
        for endpoint in self._list("endpoints", "list_endpoints", ENDPOINT, compartment):
            if endpoint.get("dedicated_ai_cluster_id") == run.id and endpoint.get("lifecycle_state") not in _ENDED:
                seen += 1
                yield f"the endpoint {endpoint.get('display_name')} ({endpoint.get('id')}) uses it"
        used = mapping(run.raw.get("capacity")).get("used_endpoint_capacity")
        if isinstance(used, int) and used > 0 and not seen:
            yield f"{used} endpoint{'s' if used > 1 else ''} of other compartments use it"

    def _list(
        self, what: str, operation: str, item: Kind, compartment_id: str, state: str | None = None
    ) -> Iterator[dict[str, Any]]:
        wanted = {"lifecycle_state": state} if state else {}
        try:
            doing = f"Listing the {what} of {compartment_id}"
            found = self.api.pages(doing, operation, item=item, compartment_id=compartment_id, limit=_PAGE, **wanted)
            yield from map(shapes.plain, found)
        except NotFound:
            # The policies need not allow this look; the service then refuses the deletion itself.
            return

    def create(self, token: str) -> Run:
        """POST; the same token makes the same cluster, however often it is sent."""
        own = {ownership.NAME: str(self.name), ownership.TOKEN: token}
        body = {option: self.resolved.get(option) for option in _BODY}
        body[tags.FREEFORM] = tags.freeform(self.resolved, own)
        if tags.DEFINED in self.resolved:
            body[tags.DEFINED] = tags.defined(self.resolved)
        response = self.api.call(
            f"Creating the cluster {self.name}",
            "create_dedicated_ai_cluster",
            shapes.body(body),
            reads=CLUSTER,
            tries=1,
            opc_retry_token=token,
        )
        run = run_of(shapes.answer(response), whole=True)
        self._note_start(run.id, response)
        return replace(run, token=token)

    def _note_start(self, identifier: str, response: Any) -> None:
        self._etags[identifier] = response.headers.get("etag")
        self._works.began(identifier, response)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Move it, then change all else in one request; each only if nobody has changed it since it was compared."""
        names = {change.field for change in changes}
        with steps_noted() as done:
            try:
                if "compartment_id" in names:
                    self._move(run)
                    done.append("compartment_id")
                    run = self._get_run(run.id)
                body = tags.changed(self.resolved, names, _CHANGEABLE, run.raw)
                run = self._send_change(run, body) if body else run
            except ApiError as error:
                if error.status != 412:
                    raise
                # An answer was lost, and this is what it was about; or somebody else has done it.
                run = self._get_run(run.id)
                if differences(FIELDS, self.resolved, run, self.ignore):
                    raise
        return run

    def _move(self, run: Run) -> None:
        self.api.call(
            f"Moving the cluster {run.id}",
            "change_dedicated_ai_cluster_compartment",
            run.id,
            {"compartmentId": self.resolved["compartment_id"]},
            tries=1,
            **self._make_condition(run),
        )

    def _send_change(self, run: Run, body: Mapping[str, Any]) -> Run:
        response = self.api.call(
            f"Changing the cluster {run.id}",
            "update_dedicated_ai_cluster",
            run.id,
            shapes.body(body),
            reads=CLUSTER,
            tries=1,
            **self._make_condition(run),
        )
        fresh = run_of(shapes.answer(response), whole=True)
        self._note_start(run.id, response)
        return fresh

    def _make_condition(self, run: Run) -> dict[str, Any]:
        etag = self._etags.get(run.id)
        return {"if_match": etag} if etag else {}

    def delete(self, run: Run) -> Run:
        """DELETE; one that another task deletes meanwhile is being deleted."""
        try:
            doing = f"Deleting the cluster {run.id}"
            self._note_start(run.id, self.api.call(doing, "delete_dedicated_ai_cluster", run.id, tries=1))
        except NotFound:
            if self._is_listed(run.id, str(run.raw.get("compartment_id"))):
                raise
            return _mark_deleted(run)
        except ApiError as error:
            fresh = self._get_run(run.id) if error.status == _HELD_STATUS else run
            if fresh.phase not in (Phase.DELETING, Phase.DELETED):
                raise error.amended(hint=f"{error.hint} {self._describe_rest(run)}") from error
            return fresh
        return replace(run, phase=Phase.DELETING, status="DELETING", removable=False)

    def _describe_rest(self, run: Run) -> str:
        """What it means that a cluster could not be deleted, and what was trained on it."""
        text = "The cluster is still there, and goes on costing."
        if run.raw.get("type") != "FINE_TUNING":
            return text
        compartment = str(run.raw.get("compartment_id"))
        try:
            trained = [
                f"{model.get('display_name')} ({model.get('id')})"
                for model in self._list("models", "list_models", MODEL, compartment)
                if mapping(model.get("fine_tune_details")).get("dedicated_ai_cluster_id") == run.id
                and model.get("lifecycle_state") != "DELETED"
            ]
        except FineTuneError:  # what only explains a failure must not take its place
            return text
        if not trained:
            return text
        return (
            f"{text} Trained on it were {', '.join(trained)}. If that is why, it can be deleted only after them: "
            "delete them, or keep the cluster as long as them."
        )

    # -- telling --

    def hint(self, run: Run) -> Hint:
        """What a failed cluster still is."""
        if run.status == _FAILED:
            return Hint(
                "Mend the cause,",
                "then 'retry_failed: true' creates one more cluster; 'state: absent' deletes what is left of this one.",
            )
        return Hint(
            f"The cluster is {run.status}, and is charged;",
            "'retry_failed' makes no other beside it. Mend the cause and change it, or delete it with 'state: absent'.",
        )

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The cluster's attributes, top-level."""
        cluster = tags.present(run.raw) if run else {}
        return {
            "name": self.name or cluster.get("display_name"),
            "id": run.id if run else None,
            "dedicated_ai_cluster_id": run.id if run else None,
            "state": cluster.get("lifecycle_state"),
            **{key: cluster.get(key) for key in _SHOWN},
            "dedicated_ai_cluster": cluster,
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """A cluster that check mode predicts."""
        identifier = make_placeholder("cluster", str(self.name))
        asked = {key: self.resolved[key] for key in _SHOWN if key in self.resolved}
        return self.fill_placeholder(identifier, dedicated_ai_cluster_id=identifier, **asked)


_SHOWN = (
    "display_name",
    "description",
    "compartment_id",
    "type",
    "unit_count",
    "unit_shape",
    "capacity",
    "lifecycle_details",
    "freeform_tags",
    "defined_tags",
    "system_tags",
    "time_created",
    "time_updated",
    "previous_state",
)


def list_clusters(api: Api, compartment_id: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The clusters' summaries, newest first. ``wanted``: the API's filters, as the SDK calls them."""
    found = api.pages(
        f"Listing the dedicated AI clusters of {compartment_id}",
        "list_dedicated_ai_clusters",
        item=CLUSTER,
        compartment_id=compartment_id,
        sort_by="timeCreated",
        sort_order="DESC",
        limit=_PAGE,
        **wanted,
    )
    return map(shapes.plain, found)


def get_cluster(api: Api, identifier: str) -> tuple[dict[str, Any], str | None]:
    """One cluster, and its etag."""
    doing = f"Looking up the dedicated AI cluster {identifier}"
    response = api.call(doing, "get_dedicated_ai_cluster", reads=CLUSTER, dedicated_ai_cluster_id=identifier)
    return shapes.answer(response), response.headers.get("etag")


def run_of(cluster: Mapping[str, Any], *, whole: bool) -> Run:
    """A cluster in the engine's terms. ``whole``: False for a summary.

    What can be changed in place is not compared while it is being changed.
    """
    status = str(cluster.get("lifecycle_state") or "unknown")
    phase = _PHASES.get(status, Phase.UNKNOWN)
    shown: dict[str, Any] = {"type": cluster.get("type"), "unit_shape": cluster.get("unit_shape")}
    if phase is Phase.READY or status == "CREATING":
        shown.update({option: cluster.get(option) for option in ("unit_count", "display_name", "compartment_id")})
        shown["description"] = cluster.get("description") or ""
        shown.update(tags.shown(cluster))
    return Run(
        id=str(cluster["id"]),
        created=timestamp(cluster.get("time_created")) or 0.0,
        phase=phase,
        status=status,
        observed={key: value for key, value in shown.items() if value is not None},
        reason=told(cluster.get("lifecycle_details"), 1000) if phase is Phase.FAILED else "",
        token=tags.owned(cluster).get(ownership.TOKEN),
        removable=phase in (Phase.READY, Phase.FAILED),
        verified=whole or phase not in (Phase.READY, Phase.FAILED),
        raw=cluster,
    )


def _mark_deleted(run: Run) -> Run:
    return replace(run, phase=Phase.DELETED, status="DELETED", removable=False)
