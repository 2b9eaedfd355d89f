# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource oci_generative_ai_dedicated_ai_cluster: the meaning of its options, and the operations of the API.

Private to llmops.finetune; may change at any time.

For the engine, a cluster is a run: CREATING (pending), UPDATING, ACTIVE (ready) or FAILED. Its type, its unit shape and
its capacity reservation cannot be changed, like the training data of a model. All other options are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..._engine import ownership
from ..._engine.coerce import mapping, timestamp
from ..._engine.content import CHECK_MODE, make_placeholder
from ..._engine.errors import ApiError, FineTuneError, NotFound
from ..._engine.plan import differences
from ..._engine.types import Capabilities, Change, Driver, Field, Hint, Options, Phase, Run
from ..toolkit.answers import Kind, quote_host
from ..toolkit.bounds import Bound, check_bound
from ..toolkit.driver import steps_noted
from . import identity, shapes, tags, work_requests
from .client import GENERATIVE_AI, make_api
from .named_resource import MARKER_COUNT, NamedResource, ResourceKind, read_options
from .reading import CLUSTER, ENDPOINT, MODEL

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

COMMITMENT = 744  # unit-hours; OCI charges at least these for a hosting cluster
_RESERVATION = "capacity_reservation_id"
CLUSTERS = ResourceKind("dedicated_ai_cluster", "dedicated AI cluster", "cluster", CLUSTER)
FIELDS = (
    Field("type", "immutable"),
    Field("unit_shape", "immutable"),
    Field(_RESERVATION, "immutable"),
    Field("unit_count", "in_place"),
    Field("display_name", "in_place", identity=True),
    Field("description", "in_place"),
    Field("compartment_id", "in_place", identity=True),
    *tags.FIELDS,
)

_FAILED = "FAILED"
_ATTENTION = "NEEDS_ATTENTION"  # the cluster exists and is charged, but something is wrong with it
_PHASES = {
    "CREATING": Phase.PENDING,
    "UPDATING": Phase.UPDATING,
    "ACTIVE": Phase.READY,
    _ATTENTION: Phase.READY,
    "DELETING": Phase.DELETING,
    "DELETED": Phase.DELETED,
    _FAILED: Phase.FAILED,
}
_BODY = ("compartment_id", "type", "unit_count", "unit_shape", _RESERVATION, "display_name", "description")
_CHANGEABLE = ("unit_count", "display_name", "description")
_PAGE = 1000  # the maximum of the API
_ENDED = ("DELETED", _FAILED)  # endpoints in these states use nothing


# -- options -> desired state ----------------------------------------------------------------------------------


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. No call is made."""
    params = module.params
    name, options = read_options(module, CLUSTERS, FIELDS)
    desired = read_desired(params)
    api = make_api(module, GENERATIVE_AI)
    driver = DedicatedAiCluster(
        api,
        name,
        params["dedicated_ai_cluster_id"],
        params["compartment_id"],
        desired,
        absent=params["state"] == "absent",
        ignore=options.ignore_changes,
    )
    driver.accepted = params["accept_commitment"]
    return driver, options


def read_desired(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options as field values. Raises InvalidInput for the first value that cannot be right."""
    name, units = params["display_name"], params["unit_count"]
    identity.check_lengths(params)
    identity.check_ocid("compartment_id", params["compartment_id"], identity.COMPARTMENT)
    identity.check_ocid("dedicated_ai_cluster_id", params["dedicated_ai_cluster_id"], identity.CLUSTER)
    identity.check_ocid(_RESERVATION, params[_RESERVATION], identity.CAPACITY)
    if units is not None:
        check_bound("unit_count", units, Bound(1, whole=True))
    desired: dict[str, Any] = {
        **{option: params[option] for option in _BODY},
        tags.FREEFORM: tags.read_freeform(params[tags.FREEFORM], MARKER_COUNT),
        tags.DEFINED: tags.read_defined(params[tags.DEFINED]),
        tags.OWNERSHIP_TAGS: {ownership.NAME: name} if name else None,
    }
    return {key: value for key, value in desired.items() if value is not None}


# -- the driver ------------------------------------------------------------------------------------------------


class DedicatedAiCluster(NamedResource):
    """The clusters of one name in one compartment, or one cluster by its OCID."""

    resource_kind = CLUSTERS
    kind = "dedicated AI cluster"
    noun = "Cluster"
    fields = FIELDS
    capabilities = Capabilities(
        no_cancel="OCI cannot stop what a cluster is doing; wait for it.",
        no_pause="A cluster cannot be paused.",
        no_rerun=(
            "That cannot be changed, and a cluster is never replaced by itself: it costs hours at the least (a hosting "
            f"cluster {COMMITMENT} unit-hours). Use the existing settings, give another display_name, or delete it "
            "with 'state: absent' first."
        ),
        late_update=True,
    )

    accepted: int | None = None
    """The commitment that the task accepts, in unit-hours."""

    @property
    def is_placeholder(self) -> bool:
        """Whether check mode predicts the cluster that the task names by its OCID."""
        return str(self.identifier).startswith(CHECK_MODE)

    def idempotency_key(self) -> dict[str, Any]:
        """Two tasks with equal values of these options mean the same cluster."""
        key = {key: self.resolved.get(key) for key in ("compartment_id", "display_name", "type", "unit_shape")}
        return {**key, **({_RESERVATION: self.resolved[_RESERVATION]} if _RESERVATION in self.resolved else {})}

    # -- looking --

    def run_of(self, resource: Mapping[str, Any], *, whole: bool) -> Run:
        """A cluster as a run of the engine."""
        return run_of(resource, whole=whole)

    def verify(self, runs: Sequence[Run]) -> list[Run]:
        """Read each cluster with one GET. For a failed one, read the errors of its work request too."""
        return [self.judge_run(self.get_run(run.id)) for run in runs]

    def judge_run(self, run: Run) -> Run:
        """The same run. A cluster that needs attention becomes FAILED, because it is not in the desired state.

        It stays READY if the task deletes it, or changes it, because a change may repair it.
        """
        if run.status == _ATTENTION and not self.absent and not differences(FIELDS, self.resolved, run, self.ignore):
            run = replace(run, phase=Phase.FAILED)
        return self.add_reason(run)

    def refresh(self, run: Run) -> Run:
        """Read the cluster with one GET. If its creation or change failed, the run is FAILED although it exists.

        Raises RunFailed if its deletion failed.
        """
        if run.phase is Phase.DELETING:
            return self.refresh_deletion(run)
        fresh = self.get_run(run.id)
        if run.phase in (Phase.PENDING, Phase.UPDATING) and fresh.phase is Phase.READY:
            # The state does not show whether the change succeeded. The work request does.
            work = self.find_work(fresh)
            if fresh.status == _ATTENTION or work_requests.phase(work) in (Phase.FAILED, Phase.CANCELLED):
                fresh = replace(fresh, phase=Phase.FAILED)
        return self.add_reason(fresh)

    # -- changing --

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check that the cluster can be created. Raises ApiError or InvalidInput if it cannot.

        Warns if a hosting cluster is created without accept_commitment.
        """
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
                hint="Leave dedicated_ai_cluster_id out to create a new one, or delete this one with 'state: absent'.",
            )
        needed = ("display_name", "compartment_id", "type", "unit_shape", "unit_count")
        self.require(*needed, hint="The cluster does not exist, and cannot be created without it.")
        if self.resolved["type"] == "HOSTING" and self.accepted is None:
            self.warn_once(
                f"OCI charges a hosting cluster for at least {COMMITMENT} unit-hours, however short it lives. Set "
                f"'accept_commitment: {COMMITMENT}' to accept that: from version 2.0.0 on, none is created without it."
            )
        return ()

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """The endpoints on these clusters, and the models that are being trained on them, if OCI shows them."""
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
            yield from map(shapes.to_dict, found)
        except NotFound:
            # The policies may not allow this listing. The service then refuses the deletion itself.
            return

    def create(self, token: str) -> Run:
        """POST. If the same token is sent again, OCI makes no second cluster."""
        return self.send_create({option: self.resolved.get(option) for option in _BODY}, token)

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Move the cluster, then change all other options in one request.

        OCI refuses a request (412) if somebody changed the cluster since it was compared. If the cluster is in the
        desired state then, this is no error.
        """
        names = {change.field for change in changes}
        with steps_noted() as done:
            try:
                if "compartment_id" in names:
                    self.send_move(run)
                    done.append("compartment_id")
                    run = self.get_run(run.id)
                body = tags.changed(self.resolved, names, _CHANGEABLE, run.raw)
                run = self.send_change(run, body) if body else run
            except ApiError as error:
                if error.status != 412:
                    raise
                # An earlier answer was lost and its change was made, or somebody else made the same change.
                run = self.get_run(run.id)
                if differences(FIELDS, self.resolved, run, self.ignore):
                    raise
        return run

    def describe_rest(self, run: Run) -> str:
        """The consequence if the cluster could not be deleted, and the models that were trained on it."""
        text = "The cluster still exists, and still costs money."
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
        except FineTuneError:  # this text explains a failure, so an error here must not replace the failure
            return text
        if not trained:
            return text
        return (
            f"{text} Trained on it were {', '.join(trained)}. If that is why, it can be deleted only after them: "
            "delete them, or keep the cluster as long as them."
        )

    # -- results --

    def hint(self, run: Run) -> Hint:
        """The advice after a failure. A cluster that is not FAILED still exists and is charged."""
        if run.status == _FAILED:
            return Hint(
                "Correct the cause,",
                "then 'retry_failed: true' creates one more cluster; 'state: absent' deletes what is left of this one.",
            )
        return Hint(
            f"The cluster is {run.status}, and is charged;",
            "'retry_failed' does not create another one. Correct the cause and change it, or delete it "
            "with 'state: absent'.",
        )

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The cluster's attributes as result keys."""
        cluster = tags.hide_ownership_tags(run.raw) if run else {}
        return {
            "name": self.name or cluster.get("display_name"),
            "id": run.id if run else None,
            "dedicated_ai_cluster_id": run.id if run else None,
            "state": cluster.get("lifecycle_state"),
            **{key: cluster.get(key) for key in _DESCRIBED},
            "hourly": _describe_hourly(cluster),
            "dedicated_ai_cluster": cluster,
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """A cluster that check mode predicts."""
        identifier = make_placeholder("cluster", str(self.name))
        asked = {key: self.resolved[key] for key in _DESCRIBED if key in self.resolved}
        hourly = _describe_hourly(asked)
        return self.fill_placeholder(identifier, dedicated_ai_cluster_id=identifier, hourly=hourly, **asked)


def _describe_hourly(cluster: Mapping[str, Any]) -> str | None:
    """The units that OCI charges by the hour while the cluster exists. None if their number is unknown."""
    units = cluster.get("unit_count")
    if not units:
        return None
    least = f", at least {COMMITMENT} unit-hours" if cluster.get("type") == "HOSTING" else ""
    return f"{units} unit{'s' if units != 1 else ''} of {cluster.get('unit_shape')}{least}"


_DESCRIBED = (
    "display_name",
    "description",
    "compartment_id",
    "type",
    "unit_count",
    "unit_shape",
    _RESERVATION,
    "capacity",
    "lifecycle_details",
    "freeform_tags",
    "defined_tags",
    "system_tags",
    "time_created",
    "time_updated",
    "previous_state",
)


def run_of(cluster: Mapping[str, Any], *, whole: bool) -> Run:
    """A cluster as a run of the engine. ``whole`` is False for a summary.

    The options that can be changed in place are only shown while the cluster is ready or CREATING. So they are not
    compared while they are being changed.
    """
    status = str(cluster.get("lifecycle_state") or "unknown")
    phase = _PHASES.get(status, Phase.UNKNOWN)
    observed: dict[str, Any] = {"type": cluster.get("type"), "unit_shape": cluster.get("unit_shape")}
    observed[_RESERVATION] = cluster.get(_RESERVATION) or ""
    if phase is Phase.READY or status == "CREATING":
        observed.update({option: cluster.get(option) for option in ("unit_count", "display_name", "compartment_id")})
        observed["description"] = cluster.get("description") or ""
        observed.update(tags.read_observed(cluster))
    return Run(
        id=str(cluster["id"]),
        created=timestamp(cluster.get("time_created")) or 0.0,
        phase=phase,
        status=status,
        observed={key: value for key, value in observed.items() if value is not None},
        reason=quote_host(cluster.get("lifecycle_details"), 1000) if phase is Phase.FAILED else "",
        token=tags.read_ownership_tags(cluster).get(ownership.TOKEN),
        removable=phase in (Phase.READY, Phase.FAILED),
        verified=whole or phase not in (Phase.READY, Phase.FAILED),
        raw=cluster,
    )
