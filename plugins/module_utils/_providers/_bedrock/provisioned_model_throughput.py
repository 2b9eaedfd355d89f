# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource bedrock_provisioned_model_throughput: its options, and the driver that calls the API.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import timestamp
from ..._engine.compare import CompareTags, has_tags, same_tags
from ..._engine.content import make_placeholder
from ..._engine.errors import InvalidInput
from ..._engine.module import options_of
from ..._engine.types import Driver, Field, Options, Phase, Run
from ..toolkit.answers import quote_host
from ..toolkit.driver import name_of_placeholder
from . import jobs, serving
from .client import Api, make_api
from .serving import MODEL_OPTIONS, THROUGHPUTS, TIMEOUTS, ServingDriver, find_by_name, read_served, tag_field

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, Any] = {
    "argument_spec": {
        **serving.SPEC,
        "provisioned_model_name": {"type": "str"},
        "provisioned_model_arn": {"type": "str"},
        "model_units": {"type": "int"},
        "commitment_duration": {"type": "str", "choices": ["OneMonth", "SixMonths"]},
        "accept_commitment": {"type": "str", "choices": ["OneMonth", "SixMonths"]},
    },
    "required_one_of": [("provisioned_model_name", "provisioned_model_arn")],
}

_REASON = 1000  # characters
_PHASES = {
    "Creating": Phase.PENDING,
    "InService": Phase.READY,
    "Updating": Phase.UPDATING,
    "Failed": Phase.FAILED,
    "Deleting": Phase.DELETING,  # not in the API's model
}
_NAMES = {
    "provisioned_model_name": "provisionedModelName",
    "model_arn": "modelId",
    "model_units": "modelUnits",
    "commitment_duration": "commitmentDuration",
}
_TERMS = {"OneMonth": "one month", "SixMonths": "six months"}
_NO_COMMITMENT = "none"


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. Makes no call."""
    params = module.params
    arn = params["provisioned_model_arn"]
    name = params["provisioned_model_name"] or name_of_placeholder(module, "throughput", arn)
    options = options_of(
        module,
        name=name or arn,
        run_id=arn,
        id_option="provisioned_model_arn",
        timeouts=TIMEOUTS,
        fields=_list_fields(same_tags),
        identity=("name",),
    )
    accepted, term = params["accept_commitment"], params["commitment_duration"]
    if accepted and accepted != term:
        raise InvalidInput(
            f"accept_commitment is {accepted}, and commitment_duration is {term or 'not set'}.",
            hint="A commitment is made only if both are the same.",
        )
    api = make_api(module, "bedrock")
    desired = read_served(module, api, THROUGHPUTS, _NAMES)
    driver = ProvisionedModelThroughput(
        api,
        name,
        {**desired, **({"provisioned_model_name": name} if name else {})},
        arn=arn,
        purge_tags=params["purge_tags"],
        state=params["state"],
        foresees_model=module.check_mode,
        ignore=options.ignore_changes,
    )
    driver.accepted = bool(accepted)
    return driver, options


def _list_fields(tags: CompareTags) -> Sequence[Field]:
    """Every compared option. ``base_model_arn`` is the served model if it is a base model, which cannot be changed."""
    return (
        Field("model_arn", "in_place", jobs.same_base, options=MODEL_OPTIONS),
        Field("base_model_arn", "immutable", jobs.same_base, options=MODEL_OPTIONS),
        Field("foundation_model_arn", "immutable", jobs.same_base, options=MODEL_OPTIONS),
        Field("model_units", "immutable"),
        Field("commitment_duration", "immutable"),
        Field("provisioned_model_name", "in_place", identity=True),
        tag_field(tags),
    )


class ProvisionedModelThroughput(ServingDriver):
    """Model units for a custom model or a base model. They are charged by the hour."""

    kind = "provisioned throughput"
    noun = "Throughput"
    calls = THROUGHPUTS
    remains = "The throughput is still there, and goes on being charged by the hour."
    accepted = False
    capabilities = replace(
        ServingDriver.capabilities,
        no_rerun=(
            "The units, the commitment and the base model of a throughput cannot be changed, and it is never replaced "
            "by itself. Ask for what exists, give another provisioned_model_name, or delete it with 'state: absent' "
            "first."
        ),
    )

    @property
    def fields(self) -> Sequence[Field]:
        """Every compared option. With ``purge_tags`` all tags are compared, otherwise only those that the user set."""
        return _list_fields(same_tags if self.purge_tags else has_tags)

    @property
    def resolved(self) -> Mapping[str, Any]:
        """The desired state, with the base of the model if the model's ARN contains it."""
        found = dict(super().resolved)
        model = found.get("model_arn")
        if model:
            found["base_model_arn"] = model
            base = jobs.root_of(model) if jobs.is_model(model) else None
            if base:
                found["foundation_model_arn"] = base
        return found

    def run_of(self, found: Mapping[str, Any]) -> Run:
        """A throughput as a run. It is READY only if it serves the model that was requested last."""
        status = str(found.get("status") or "unknown")
        phase = _PHASES.get(status, Phase.UNKNOWN)
        serves, coming = str(found["model_arn"]), str(found["desired_model_arn"])
        reason = quote_host(found.get("failure_message"), _REASON)
        if phase is Phase.READY and serves != coming and not reason:
            phase, status = Phase.UPDATING, "Updating"
        shown = {
            "model_units": found.get("model_units"),
            "commitment_duration": found.get("commitment_duration") or _NO_COMMITMENT,
            "provisioned_model_name": found.get("provisioned_model_name"),
        }
        field = "model_arn" if jobs.is_model(serves) or jobs.is_model(coming) else "base_model_arn"
        shown[field] = serves
        if field == "model_arn":
            shown["foundation_model_arn"] = found.get("foundation_model_arn")
        failed = phase is Phase.READY and bool(reason)
        changed = found.get("last_modified_time") != found.get("creation_time")
        return Run(
            id=str(found["provisioned_model_arn"]),
            created=timestamp(found.get("creation_time")) or 0.0,
            phase=phase,
            status=status,
            observed={key: value for key, value in shown.items() if value is not None},
            reason=reason if phase is Phase.FAILED else "",
            removable=phase in (Phase.READY, Phase.FAILED),
            uncertain=phase is Phase.FAILED and changed,
            target={field: coming} if phase is Phase.UPDATING or (failed and serves != coming) else {},
            update_error=reason if failed else "",
            held=describe_commitment(self.api, found),
            raw=found,
        )

    def check_name(self, found: Mapping[str, Any]) -> None:
        """Raise InvalidInput if another throughput has the new name."""
        if self.state != "present" or not self.name or found["provisioned_model_name"] == self.name:
            return
        other = find_by_name(self.api, self.calls, self.name)
        if other:
            raise InvalidInput(
                f"The name '{self.name}' is that of {other['provisioned_model_arn']}, and names are unique.",
                hint="Give another provisioned_model_name, or rename or delete that one first.",
            )

    def make_body(self) -> dict[str, Any]:
        """The create request in snake_case, without tags and token."""
        body = {
            "provisioned_model_name": self.name,
            "model_id": self.resolved.get("model_arn"),
            "model_units": self.resolved.get("model_units"),
            "commitment_duration": self.resolved.get("commitment_duration"),
        }
        return {key: value for key, value in body.items() if value is not None}

    def preflight(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Check that a commitment is accepted, and warn of the hourly charge."""
        super().preflight(runs)
        self.require("model_units", hint="A provisioned throughput cannot be made without it.")
        term = self.resolved.get("commitment_duration")
        if term and not self.accepted:
            raise InvalidInput(
                f"commitment_duration is {term}: the throughput is charged by the hour for {_TERMS[term]}, and cannot "
                "be deleted before.",
                hint=f"Set 'accept_commitment: {term}' to make this commitment, or leave commitment_duration out.",
            )
        end = f"for {_TERMS[term]} at least; it cannot be deleted before" if term else "until it is deleted"
        self.warn_once(f"{self.name}: {self._describe_units()} charged by the hour from its creation, {end}.")
        return ()

    def _describe_units(self) -> str:
        units = int(self.resolved["model_units"])
        return f"{units} model unit{'s are' if units > 1 else ' is'}"

    def change_body(self, run: Run, changed: set[str]) -> dict[str, Any]:
        """The update request: the name and the model."""
        names = {"provisioned_model_name": "desiredProvisionedModelName", "model_arn": "desiredModelId"}
        return {member: self.resolved[field] for field, member in names.items() if field in changed}

    def target_of(self, body: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """The new model. A new name takes effect at once."""
        return {"model_arn": body["desiredModelId"]} if "desiredModelId" in body else {}

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The throughput's attributes as top-level result keys."""
        found = run.raw if run else {}
        return {
            "name": self.name or found.get("provisioned_model_name"),
            "id": run.id if run else None,
            "provisioned_model_arn": run.id if run else None,
            **{key: found.get(key) for key in _SHOWN},
            "hourly": describe_hourly(found.get("model_units"), found.get("commitment_duration")) if run else None,
            "tags": self.describe_tags(run),
            "provisioned_model": dict(found),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of a throughput that check mode predicts."""
        arn = make_placeholder("throughput", str(self.name))
        asked = {key: self.resolved[key] for key in _SHOWN if key in self.resolved}
        hourly = describe_hourly(asked.get("model_units"), asked.get("commitment_duration"))
        return self.fill_placeholder(arn, provisioned_model_arn=arn, hourly=hourly, **asked)


_SHOWN = (
    "provisioned_model_name",
    "model_arn",
    "desired_model_arn",
    "foundation_model_arn",
    "model_units",
    "desired_model_units",
    "commitment_duration",
    "commitment_expiration_time",
    "failure_message",
    "creation_time",
    "last_modified_time",
)


def describe_hourly(units: Any, term: Any) -> str:
    """The units that are charged by the hour while a throughput exists."""
    count = f"{units} model unit{'' if units == 1 else 's'}"
    return f"{count}, with a commitment of {_TERMS.get(str(term), str(term))}" if term else count


def describe_commitment(api: Api, found: Mapping[str, Any]) -> str:
    """Why a throughput cannot be deleted yet; empty if it can. The host's time is used if the host gives it."""
    term, end = found.get("commitment_duration"), timestamp(found.get("commitment_expiration_time"))
    if not term or (end is not None and end <= (api.host_time or time.time())):
        return ""
    until = datetime.fromtimestamp(end, timezone.utc).isoformat(timespec="seconds") if end else "its end"
    return f"It is committed ({term}) until {until}, and is charged by the hour until then."
