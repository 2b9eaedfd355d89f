# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resource bedrock_custom_model_deployment: its options, and the driver that calls the API.

Private to llmops.finetune; may change at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..._engine.coerce import mapping, timestamp
from ..._engine.compare import CompareTags, has_tags, same_tags
from ..._engine.content import make_placeholder
from ..._engine.module import options_of
from ..._engine.types import Driver, Field, Options, Phase, Run
from ..toolkit.answers import quote_host
from ..toolkit.driver import name_of_placeholder
from . import serving
from .client import make_api
from .serving import DEPLOYMENTS, MODEL_OPTIONS, TIMEOUTS, ServingDriver, read_served, tag_field

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

SPEC: dict[str, Any] = {
    "argument_spec": {
        **serving.SPEC,
        "model_deployment_name": {"type": "str"},
        "custom_model_deployment_arn": {"type": "str"},
        "description": {"type": "str"},
    },
    "required_one_of": [("model_deployment_name", "custom_model_deployment_arn")],
}

_REASON = 1000  # characters
_PHASES = {
    "Creating": Phase.PENDING,
    "Active": Phase.READY,
    "Failed": Phase.FAILED,
    "Deleting": Phase.DELETING,  # in the guide of Amazon Nova, not in the API's model
}
_NAMES = {"model_deployment_name": "modelDeploymentName", "model_arn": "modelArn", "description": "description"}


def build_driver(module: AnsibleModule) -> tuple[Driver, Options]:
    """Check every option, then make the driver. Makes no call."""
    params = module.params
    arn = params["custom_model_deployment_arn"]
    name = params["model_deployment_name"] or name_of_placeholder(module, "deployment", arn)
    options = options_of(
        module,
        name=name or arn,
        run_id=arn,
        id_option="custom_model_deployment_arn",
        timeouts=TIMEOUTS,
        fields=_list_fields(same_tags),
        identity=("model_deployment_name", "name"),
    )
    api = make_api(module, "bedrock")
    desired = read_served(module, api, DEPLOYMENTS, _NAMES)
    driver = CustomModelDeployment(
        api,
        name,
        desired,
        arn=arn,
        purge_tags=params["purge_tags"],
        state=params["state"],
        foresees_model=module.check_mode,
        ignore=options.ignore_changes,
    )
    return driver, options


def _list_fields(tags: CompareTags) -> Sequence[Field]:
    return (Field("model_arn", "in_place", options=MODEL_OPTIONS), Field("description", "creation"), tag_field(tags))


class CustomModelDeployment(ServingDriver):
    """A custom model for on-demand inference. Its ARN stays the same when its model is changed."""

    kind = "deployment"
    noun = "Deployment"
    calls = DEPLOYMENTS
    remains = "The deployment is still there."

    @property
    def fields(self) -> Sequence[Field]:
        """Every compared option. With ``purge_tags`` all tags are compared, otherwise only those that the user set."""
        return _list_fields(same_tags if self.purge_tags else has_tags)

    def run_of(self, found: Mapping[str, Any]) -> Run:
        """A deployment as a run. The API shows an update only in ``updateDetails``, not in the status."""
        details = mapping(found.get("update_details"))
        status = str(found.get("status") or "unknown")
        phase = _PHASES.get(status, Phase.UNKNOWN)
        update = str(details.get("update_status") or "")
        if phase is Phase.READY and update == "Updating":
            phase, status = Phase.UPDATING, update
        failed = update == "UpdateFailed"
        reason = quote_host(found.get("failure_message"), _REASON)
        shown = {"model_arn": found.get("model_arn"), "description": found.get("description") or ""}
        return Run(
            id=str(found["custom_model_deployment_arn"]),
            created=timestamp(found.get("created_at")) or 0.0,
            phase=phase,
            status=status,
            observed={key: value for key, value in shown.items() if value is not None},
            reason=reason if phase is Phase.FAILED else "",
            removable=phase in (Phase.READY, Phase.FAILED),
            uncertain=phase is Phase.FAILED and bool(details),
            target={"model_arn": details.get("model_arn")} if phase is Phase.UPDATING or failed else {},
            update_error=(reason or "Bedrock does not say why") if failed and phase is Phase.READY else "",
            raw=found,
        )

    def make_body(self) -> dict[str, Any]:
        """The create request in snake_case, without tags and token."""
        body = {
            "model_deployment_name": self.name,
            **{key: self.resolved.get(key) for key in ("model_arn", "description")},
        }
        return {key: value for key, value in body.items() if value is not None}

    def change_body(self, run: Run, changed: set[str]) -> dict[str, Any]:
        """The update request. Only the model can be changed."""
        return {"modelArn": self.resolved["model_arn"]} if "model_arn" in changed else {}

    def target_of(self, body: Mapping[str, Any], run: Run) -> dict[str, Any]:
        """The new model."""
        return {"model_arn": body["modelArn"]}

    def describe(self, run: Run | None, *, details: bool) -> dict[str, Any]:
        """The deployment's attributes as top-level result keys."""
        found = run.raw if run else {}
        return {
            "name": self.name or found.get("model_deployment_name"),
            "id": run.id if run else None,
            "custom_model_deployment_arn": run.id if run else None,
            "model_deployment_name": found.get("model_deployment_name"),
            "model_arn": found.get("model_arn"),
            "description": found.get("description"),
            "update_details": found.get("update_details"),
            "failure_message": found.get("failure_message"),
            "created_at": found.get("created_at"),
            "last_updated_at": found.get("last_updated_at"),
            "tags": self.describe_tags(run),
            "deployment": dict(found),
        }

    def describe_placeholder(self) -> dict[str, Any]:
        """The result keys of a deployment that check mode predicts."""
        arn = make_placeholder("deployment", str(self.name))
        return self.fill_placeholder(
            arn,
            custom_model_deployment_arn=arn,
            model_deployment_name=self.name,
            model_arn=self.resolved.get("model_arn"),
            description=self.resolved.get("description"),
        )
