# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common part of the resources that serve a model: custom model deployments and provisioned throughput.

Private to llmops.finetune; may change at any time.

Both have names that are unique in an account and region, so the name identifies them.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ..._engine import ownership
from ..._engine.compare import CompareTags
from ..._engine.content import CHECK_MODE, make_placeholder, refuse_placeholder
from ..._engine.errors import ApiError, Conflict, InvalidInput, NotFound, RateLimited, RunFailed, TransientError
from ..._engine.module import PROGRESS_SPEC, TRAINING_SPEC
from ..._engine.types import Capabilities, Change, Field, Hint, Phase, Progress, Run
from ..toolkit.bounds import TagBound, read_tags
from ..toolkit.driver import BaseDriver, find_hint, steps_noted
from . import jobs, shapes
from .client import AUTH_SPEC, Api
from .lineage import KnownTags, Lineage

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

# In seconds, by state. AWS's guides name minutes.
TIMEOUTS = {"present": 3600, "absent": 1200}
SPEC: dict[str, Any] = {
    **AUTH_SPEC,
    # Documented by the fragment llmops.finetune.aws.timeouts.
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int"},
    **PROGRESS_SPEC,
    "model_arn": {"type": "str", "aliases": ["model"]},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "retry_failed": TRAINING_SPEC["retry_failed"],
    "ignore_changes": TRAINING_SPEC["ignore_changes"],
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
"""The options that both resources have."""

MODEL_OPTIONS = ("model_arn", "model")  # the names of the option in a playbook
_PAGE = 1000  # the API's own maximum
_MOST_TOKENS = 100
_TAGS = TagBound("AWS", 50, own=1)
_QUOTA = "ServiceQuotaExceededException"
_QUOTA_HINT = "Ask AWS for a higher quota, or delete one that nobody needs."
_HINTS = (
    ("kms", "Allow Bedrock to use the key that encrypts the model (kms:Decrypt, kms:CreateGrant)."),
    ("access", "Check the policies of the caller, of the model and of its key."),
    ("capacity", "AWS has no capacity for it now: run the task again later."),
    ("quota", _QUOTA_HINT),
)
_STAGES = {"Creating": "being created", "Updating": "being changed"}


@dataclass(frozen=True)
class Calls:
    """The API's words for one kind of resource: boto3's methods, and the members with its names.

    ``identifier``: a member of requests. ``made``: a member of the answer to a create. ``items``: a member of a
    listing. ``arn``, ``name`` and ``listed_name`` are in snake_case.
    """

    noun: str
    create: str
    get: str
    list: str
    update: str
    delete: str
    identifier: str
    made: str
    items: str
    arn: str
    name: str
    listed_name: str


DEPLOYMENTS = Calls(
    noun="deployment",
    create="create_custom_model_deployment",
    get="get_custom_model_deployment",
    list="list_custom_model_deployments",
    update="update_custom_model_deployment",
    delete="delete_custom_model_deployment",
    identifier="customModelDeploymentIdentifier",
    made="customModelDeploymentArn",
    items="modelDeploymentSummaries",
    arn="custom_model_deployment_arn",
    name="model_deployment_name",
    listed_name="custom_model_deployment_name",
)
THROUGHPUTS = Calls(
    noun="provisioned throughput",
    create="create_provisioned_model_throughput",
    get="get_provisioned_model_throughput",
    list="list_provisioned_model_throughputs",
    update="update_provisioned_model_throughput",
    delete="delete_provisioned_model_throughput",
    identifier="provisionedModelId",
    made="provisionedModelArn",
    items="provisionedModelSummaries",
    arn="provisioned_model_arn",
    name="provisioned_model_name",
    listed_name="provisioned_model_name",
)


# -- looking ---------------------------------------------------------------------------------------------------


def operation_of(api: Api, method: str) -> str:
    """The API's name of boto3's method. Raises InvalidInput if the installed boto3 is too old to have it."""
    found = api.bedrock.meta.method_to_api_mapping.get(method)
    if found is None:
        raise InvalidInput(f"The installed boto3 has no {method}.", hint="Install a newer boto3 where the module runs.")
    return str(found)


def get_one(api: Api, calls: Calls, identifier: str) -> dict[str, Any]:
    """One resource by its ARN or name, as plain data."""
    operation = operation_of(api, calls.get)
    members: dict[str, Any] = {calls.identifier: identifier}
    answer = api.call(f"Looking up the {calls.noun} {identifier}", calls.get, **members)
    found: dict[str, Any] = shapes.to_dict(answer, shapes.answer(api.bedrock, operation))
    return found


def list_all(api: Api, calls: Calls, **wanted: Any) -> Iterator[dict[str, Any]]:
    """The summaries, newest first. ``wanted``: the API's filters by their API names."""
    operation_of(api, calls.list)
    return shapes.pages(
        api,
        f"Listing the {calls.noun}s",
        calls.list,
        calls.items,
        sortBy="CreationTime",
        sortOrder="Descending",
        maxResults=_PAGE,
        **wanted,
    )


def is_listed(api: Api, calls: Calls, name: str, arn: str | None = None) -> bool:
    """Whether the complete list has a resource with that name, and with that ARN if one is given."""
    return any(
        summary.get(calls.listed_name) == name and arn in (None, summary.get(calls.arn))
        for summary in list_all(api, calls, nameContains=name)
    )


def find_by_name(api: Api, calls: Calls, name: str) -> dict[str, Any] | None:
    """The resource with that name; None if neither a read nor the list shows it.

    Raises TransientError if only the list has it.
    """
    try:
        return get_one(api, calls, name)
    except NotFound as error:
        if is_listed(api, calls, name):
            raise TransientError(error.message) from error  # reads lag behind the list
        return None


# -- options ---------------------------------------------------------------------------------------------------


def region_of(arn: str) -> str:
    """The region in an ARN; empty if there is none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def read_served(module: AnsibleModule, api: Api, calls: Calls, names: Mapping[str, str]) -> dict[str, Any]:
    """Turn the options that both resources have into field values. Raises InvalidInput for a wrong value.

    ``names``: the members of the create request, by option.
    """
    params = module.params
    for option in ("model_arn", calls.arn):
        if not module.check_mode:
            refuse_placeholder(option, params[option])
        region = region_of(params[option] or "")
        if region and region != api.region:
            raise InvalidInput(
                f"{option} is in {region}, the task works in {api.region}.",
                hint=f"Give one of {api.region}, or set region to {region}.",
            )
    shape = shapes.members(api.bedrock, operation_of(api, calls.create))
    of_names = shapes.members(api.bedrock, "GetCustomModel").members["modelIdentifier"]
    values = {option: params[option] for option in names if params[option] is not None}
    for option, value in values.items():
        if not str(value).startswith(CHECK_MODE):
            is_name = option == "model_arn" and jobs.is_name(value)
            shapes.request(value, of_names if is_name else shape.members[names[option]], option)
    tags = read_tags("tags", params["tags"], _TAGS)
    for key, value in (tags or {}).items():
        if key.lower().startswith("aws:"):
            raise InvalidInput(f"tags: the key '{key}' is reserved by AWS.", hint="Use a key without 'aws:'.")
        shapes.request({"key": key, "value": value}, shape.members["tags"].member, f"tags ('{key}')")
    desired = {option: value for option, value in values.items() if option != calls.name}
    return {**desired, **({} if tags is None else {"tags": tags})}


def tag_field(tags: CompareTags) -> Field:
    """The field of the tags. ``tags``: the function that compares them."""
    return Field("tags", "in_place", tags, options=("tags", "resource_tags"))


# -- the driver ------------------------------------------------------------------------------------------------


class ServingDriver(BaseDriver):
    """One resource that serves a model. See :class:`_engine.types.Driver`.

    ``model_arn`` may be the name of a lineage. It then means the newest model of the lineage that is ready. The API
    shows a new resource by its name at once. Only the list proves that a resource is missing.
    """

    calls: ClassVar[Calls]
    kind: ClassVar[str]
    remains: ClassVar[str] = ""  # added to the message after a failed deletion
    capabilities = Capabilities(
        no_cancel="Bedrock cannot stop a creation or a change. Wait until it has ended.",
        no_pause="It cannot be paused.",
        late_update=True,
        one_run_a_token=True,
        long_lived=True,
        unique_names=True,
    )

    def __init__(
        self,
        api: Api,
        name: str | None,
        desired: Mapping[str, Any],
        *,
        arn: str | None = None,
        purge_tags: bool = True,
        state: str = "present",
        foresees_model: bool = False,
        ignore: Sequence[str] = (),
    ) -> None:
        """``foresees_model``: a missing model is no error, because it may be trained before the real run.

        ``ignore``: options that are not compared.
        """
        super().__init__(name, desired)
        self.api = api
        self.arn = arn
        self.purge_tags = purge_tags
        self.state = state
        self.foresees_model = foresees_model
        self.ignore = ignore
        self.tags = KnownTags(api, self.warnings)
        self._checked: set[str] = set()

    # -- the parts that differ --

    @abstractmethod
    def run_of(self, found: Mapping[str, Any]) -> Run:
        """A resource as a run, without its tags."""

    @abstractmethod
    def change_body(self, run: Run, changed: set[str]) -> dict[str, Any]:
        """The members of the update request for these fields, by their API names.

        Empty if none of the fields is part of this request.
        """

    @abstractmethod
    def make_body(self) -> dict[str, Any]:
        """The create request in snake_case, without tags and token."""

    # -- looking --

    def observe(self, run_id: str | None) -> list[Run]:
        """The resource with that ARN, or else the one with the task's name."""
        self.tags.forget()
        found = self._look_up(run_id) if run_id else find_by_name(self.api, self.calls, str(self.name))
        if found is None:
            return []
        run = self.run_of(found)
        if self.state != "present" or run.phase is Phase.DELETING:
            return [run]
        if not set(MODEL_OPTIONS) & set(self.ignore):
            self.resolve_model(run)
        return [self._with_tags(run)]

    def _look_up(self, arn: str) -> dict[str, Any] | None:
        try:
            found = get_one(self.api, self.calls, arn)
        except NotFound:
            if self.state == "present" or any(
                item.get(self.calls.arn) == arn for item in list_all(self.api, self.calls)
            ):
                raise
            return None
        self.check_name(found)
        return found

    def check_name(self, found: Mapping[str, Any]) -> None:
        """Raise InvalidInput if the resource with the given ARN has another name."""
        name = found[self.calls.name]
        if self.name and name != self.name:
            raise InvalidInput(
                f"The {self.kind} {found[self.calls.arn]} is called '{name}', not '{self.name}'.",
                hint=f"Give that name, or leave {self.calls.arn} out. A {self.kind} cannot be renamed.",
            )

    def _with_tags(self, run: Run) -> Run:
        if "tags" not in self.desired:
            return run
        try:
            known = self.tags.tags_of(run.id)
        except NotFound:  # reads may lag behind a creation
            return run
        if known is None:
            return run
        return replace(run, observed={**run.observed, "tags": ownership.select_user_tags(known)})

    def refresh(self, run: Run) -> Run:
        """Read the resource again with one GET. After a deletion, it is gone only if the list does not have it either.

        Raises RunFailed if the deletion failed.
        """
        try:
            fresh = self.run_of(get_one(self.api, self.calls, run.id))
        except NotFound:
            if run.phase is Phase.DELETING and not is_listed(self.api, self.calls, self._name_of(run), run.id):
                return replace(run, phase=Phase.DELETED, status="absent", removable=False)
            raise
        if run.phase is not Phase.DELETING or fresh.phase is Phase.DELETING:
            return fresh
        if fresh.phase is Phase.FAILED and fresh.reason != run.reason:
            raise RunFailed(
                f"The {self.kind} {run.id} could not be deleted: {fresh.reason or fresh.status}",
                hint=f"{self.remains} Correct the cause, then run the task again.",
            )
        return run  # reads lag behind

    def _name_of(self, run: Run) -> str:
        return str(run.raw[self.calls.name])

    # -- the model --

    def resolve_model(self, run: Run | None) -> None:
        """Resolve the name of a model. Check a model that is not served yet.

        Raises ApiError if the model does not exist or is not ready.
        """
        wanted = self.resolved.get("model_arn")
        if wanted is None or wanted.startswith(CHECK_MODE):
            return
        served = served_model(run)
        if jobs.is_name(wanted):
            found = Lineage(self.api, wanted, self.warnings).newest_ready(served)
            if found is None and not self.foresees_model:
                raise ApiError(
                    f"model_arn: there is no custom model '{wanted}' that is ready.",
                    hint="Train it with bedrock_custom_model, or give the ARN of a model.",
                )
            if found is None:
                self.warn_once(f"model_arn: there is no custom model '{wanted}' yet. A real run fails without it.")
            self.resolve("model_arn", found or make_placeholder("model", wanted))
        elif not (served and jobs.same_base(wanted, served)):
            self._check_model(wanted)

    def _check_model(self, arn: str) -> None:
        """Raise ApiError if a custom model does not exist or is not ready.

        Without permission to read it, nothing is checked.
        """
        if arn in self._checked or not jobs.is_model(arn):
            return
        try:
            status = str(jobs.get_model(self.api, arn).get("model_status") or "Active")
        except NotFound as error:
            raise ApiError(f"model_arn: there is no custom model {arn}.", hint="Check its ARN and region.") from error
        except ApiError as error:
            if error.status != 403:
                raise
            return
        if status != "Active":
            raise ApiError(f"model_arn: {arn} is {status}, not Active.", hint="Run the task again when it is ready.")
        self._checked.add(arn)

    # -- changing --

    def request(self) -> dict[str, Any]:
        """The create request under the names of the options."""
        return {**self.make_body(), "tags": self.resolved.get("tags", {})}

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check that the request is complete and that the model exists."""
        if self.arn and not self.arn.startswith(CHECK_MODE):
            raise ApiError(
                f"The {self.kind} {self.arn} has failed, and no other can take its ARN.",
                hint=f"Leave {self.calls.arn} out to create a new one.",
            )
        if not self.name:
            raise InvalidInput(f"{self.calls.name} is missing.", hint=f"A {self.kind} cannot be made without it.")
        self.require("model_arn", hint=f"A {self.kind} cannot be made without it.")
        self.resolve_model(None)
        return ()

    def create(self, token: str) -> Run:
        """Send the create request.

        A token may belong to a resource that was deleted later. The request is then sent with the next token, which is
        a hash of the token and the ARN. Raises Conflict if another task was faster.
        """
        entries = {**self.resolved.get("tags", {}), ownership.NAME: str(self.name)}
        shape = shapes.members(self.api.bedrock, operation_of(self.api, self.calls.create))
        body = {**self.make_body(), "tags": jobs.tag_pairs(entries)}
        for _number in range(_MOST_TOKENS):
            request = shapes.request({**body, "client_request_token": token}, shape, "")
            arn = self._send_create(request)
            found = self._find_made(arn)
            if found is not None:
                self.tags.remember_tags(arn, entries)
                return self.run_of(found)
            token = hashlib.sha256(f"{token} {arn}".encode()).hexdigest()
        raise ApiError(f"Creating the {self.kind} {self.name}: AWS answers with one that was deleted.")

    def _send_create(self, request: Mapping[str, Any]) -> str:
        try:
            return str(
                self.api.call(f"Creating the {self.kind} {self.name}", self.calls.create, **request)[self.calls.made]
            )
        except (Conflict, NotFound, RateLimited):
            raise
        except ApiError as error:
            if find_by_name(self.api, self.calls, str(self.name)):
                raise Conflict(error.message, status=error.status, code=error.code) from error
            if error.code == _QUOTA:
                raise error.amended(hint=_QUOTA_HINT) from error
            raise

    def _find_made(self, arn: str) -> dict[str, Any] | None:
        """The created resource; None if the answer names one that was deleted or renamed later.

        Raises TransientError if it cannot be read, because it may exist.
        """
        try:
            found = get_one(self.api, self.calls, arn)
        except NotFound:
            return None
        except ApiError as error:
            raise TransientError(error.message, hint=error.hint) from error
        return found if found[self.calls.name] == self.name else None

    def update(self, run: Run, changes: Sequence[Change]) -> Run:
        """Change the resource and its tags. Raises Conflict if it is being changed to other values."""
        changed = {change.field for change in changes}
        with steps_noted() as done:
            body = self.change_body(run, changed)
            if body:
                run = self._send_change(run, body)
                done.append(run.id)
            if "tags" in changed:
                done += self.tags.change_tags(run.id, self.resolved["tags"], purge=self.purge_tags)
                run = self._with_tags(run)
        return run

    def _send_change(self, run: Run, body: Mapping[str, Any]) -> Run:
        doing = f"Changing the {self.kind} {run.id}"
        operation_of(self.api, self.calls.update)
        members: dict[str, Any] = {self.calls.identifier: run.id, **body}
        # Sent once: a second try would be refused, although the first one has begun the change.
        try:
            self.api.call(doing, self.calls.update, once=True, **members)
        except NotFound:
            raise
        except ApiError as error:
            fresh = self.refresh(run)
            if fresh.phase is not Phase.UPDATING:
                raise
            if fresh.target != self.target_of(body, run):
                raise Conflict(error.message, status=error.status, code=error.code) from error
            return fresh
        target = self.target_of(body, run)
        return replace(run, phase=Phase.UPDATING, status="Updating", target=target) if target else self.refresh(run)

    @abstractmethod
    def target_of(self, body: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """The values after an update with these members, by field; empty if the update ends at once."""

    def dependents(self, runs: Sequence[Run]) -> Sequence[str]:
        """Nothing prevents the deletion. Warn that the model stays and that its storage is charged."""
        for model in filter(None, map(served_model, runs)):
            if self.state == "absent" and jobs.is_model(model):
                self.warn_once(f"The model {model} is kept, and AWS goes on charging its storage.")
        return ()

    def delete(self, run: Run) -> Run:
        """Delete the resource. One that another task is deleting meanwhile counts as being deleted."""
        doing = f"Deleting the {self.kind} {run.id}"
        members: dict[str, Any] = {self.calls.identifier: run.id}
        try:
            self.api.call(doing, self.calls.delete, once=True, **members)
        except NotFound:
            return self.refresh(replace(run, phase=Phase.DELETING, status="Deleting"))
        except ApiError as error:
            fresh = self.refresh(run)
            if fresh.phase is Phase.DELETING:
                return fresh
            raise error.amended(hint=f"{error.hint} {self.remains}") from error
        return replace(run, phase=Phase.DELETING, status="Deleting", removable=False)

    # -- reporting --

    def progress(self, run: Run) -> Progress:
        """The progress from the last read of the resource. Makes no call."""
        return Progress(_STAGES.get(run.status, run.status))

    def hint(self, run: Run) -> Hint:
        """The advice for a failed resource, found by words of its reason."""
        mend = find_hint(_HINTS, run.reason.lower()) or "Correct the cause."
        return Hint(mend, f"Then 'retry_failed: true' deletes the {self.kind} and creates it once more.")

    def describe_tags(self, run: Run | None) -> dict[str, str] | None:
        """The user's tags; None if they were not read."""
        known = self.tags.known_tags(run.id) if run else None
        return None if known is None else ownership.select_user_tags(known)


def served_model(run: Run | None) -> str | None:
    """The ARN of the model that is served, or will be served once the resource is ready."""
    return str(run.raw["model_arn"]) if run and run.raw.get("model_arn") else None
