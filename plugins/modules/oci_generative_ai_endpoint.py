#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_endpoint
short_description: Manage endpoints of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that an endpoint exists that serves the given model on the given hosting cluster. The first run creates the
    endpoint and waits until it is active. A second run finds the endpoint and changes nothing.
  - The module finds the endpoint by its compartment and a tag with its name. So any later run on any machine finds the
    endpoint, even if the first run was killed. There is no state file.
  - The model and the cluster of an endpoint cannot be changed. If one of them differs, the task fails unless
    O(replace=on_change). The replacement has another OCID, which the callers of the endpoint need.
  - A hosting cluster takes one base model, or one version of a custom model. So another model on the same cluster needs
    the old endpoint to be deleted first, and nothing is served meanwhile. With O(replacement_cluster_id), the new
    endpoint serves before the old one is deleted.
  - An endpoint itself costs nothing. Its hosting cluster is charged by the hour, with or without endpoints. This module
    never creates or deletes clusters, see M(llmops.finetune.oci_generative_ai_dedicated_ai_cluster).
  - All other options are changed in place. Options that are not set are not compared.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - If O(endpoint_id) is set, the module moves the endpoint to this compartment, and the endpoint keeps its OCID. If
        not, the module looks for the endpoint in this compartment, so a new value creates a new endpoint.
      - Required unless O(endpoint_id) is set.
    type: str
  display_name:
    description:
      - The name by which the module finds the endpoint. OCI's guide wants a letter or an underscore first, then
        letters, digits, hyphens and underscores. Other names give a warning.
      - If O(endpoint_id) is set, the module renames the endpoint. If not, the module looks for an endpoint with this
        name, so a new value creates a new endpoint.
      - Required unless O(endpoint_id) is set.
    type: str
  endpoint_id:
    description:
      - Adopts this endpoint by its OCID, even if this collection did not create it. With O(state=absent), the module
        deletes this endpoint only.
      - If the endpoint is in the desired state, nothing is written to it.
      - Required to rename or move an endpoint, and if another endpoint with the same name exists that this module did
        not create. An endpoint that is named by its OCID is never replaced.
      - With O(state=absent), set O(compartment_id) too. Without it, the module cannot know whether an endpoint that OCI
        no longer shows is deleted.
    type: str
  model_id:
    description:
      - The model to serve, by its OCID or by its name. It must be ACTIVE.
      - A name means the newest ACTIVE model with that name in O(compartment_id). Models that this collection trained
        come first, then custom models that somebody else made, then base models.
      - Required to create an endpoint.
    type: str
    aliases: [model]
  dedicated_ai_cluster_id:
    description:
      - The OCID of the hosting cluster. It must be of type HOSTING, and its unit shape must fit the base model.
      - Required to create an endpoint.
    type: str
  replacement_cluster_id:
    description:
      - The OCID of a second hosting cluster. A replacement is created on the one of the two clusters that the endpoint
        does not use, so that both endpoints serve at the same time. Serving on either of the two is the desired state.
      - The cluster that the endpoint leaves still costs money.
    type: str
  replace:
    description:
      - Whether to replace an endpoint if its model or its cluster differs.
      - V(never) refuses the task, and names the difference.
      - V(on_change) creates the new endpoint, waits until it is active, and then deletes the old one. If the cluster
        cannot host both, the old one is deleted first, and a warning says so before. What the new endpoint needs is
        checked before anything is deleted.
      - If an earlier replacement was interrupted, the endpoint in the desired state is kept, and the other one is
        deleted.
    type: str
    choices: [never, on_change]
    default: never
  description:
    description:
      - The description of the endpoint. An empty string removes it.
    type: str
  generative_ai_private_endpoint_id:
    description:
      - The OCID of the private endpoint of OCI Generative AI through which the endpoint is called.
    type: str
  content_moderation_config:
    description:
      - The check of prompts and answers for harmful content. Only the given options are compared.
    type: dict
    suboptions:
      is_enabled:
        description:
          - Whether the check is on.
        type: bool
        required: true
      mode:
        description:
          - V(INFORM) reports what was found, V(BLOCK) refuses it.
        type: str
        choices: [INFORM, BLOCK]
      model_id:
        description:
          - The OCID of the model that does the check.
        type: str
  prompt_injection_config:
    description:
      - The check of prompts for injected instructions. Only the given options are compared.
    type: dict
    suboptions:
      is_enabled:
        description:
          - Whether the check is on.
        type: bool
        required: true
      mode:
        description:
          - V(INFORM) or V(BLOCK). Other values give a warning.
        type: str
      model_id:
        description:
          - The OCID of the model that does the check.
        type: str
  pii_detection_config:
    description:
      - The check for data about persons. Only the given options are compared.
    type: dict
    suboptions:
      is_enabled:
        description:
          - Whether the check is on.
        type: bool
        required: true
      mode:
        description:
          - V(INFORM) or V(BLOCK). Other values give a warning.
        type: str
      model_id:
        description:
          - The OCID of the model that does the check.
        type: str
  freeform_tags:
    description:
      - Free-form tags, at most 8. They replace all existing free-form tags. Keys that start with V(llmops_finetune_)
        are reserved. The ownership tags of this collection are kept and never shown.
      - If not set, tags are not compared. V({}) removes all tags.
    type: dict
  defined_tags:
    description:
      - Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
      - Only these tags are compared. A tag with the value none is removed. Other tags, such as the defaults of the
        tenancy, are left unchanged.
    type: dict
  retry_failed:
    description:
      - Whether to try again what failed. An endpoint that has never served is deleted and created again under its name.
        A change that failed is sent again, and the endpoint is kept.
      - If V(false), the task fails with the reason of OCI.
    type: bool
    default: false
  ignore_changes:
    description:
      - The options to ignore when the desired state is compared with the observed state. This is useful if another tool
        manages them. These options still apply to a newly created endpoint.
      - To ignore one tag, name its key, as in V(freeform_tags.team).
      - Ignored differences are shown under C(ignored) in the diff, and in RV(ignored_changes).
      - The name, the compartment and the id cannot be ignored.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) ensures that the endpoint exists and (with O(wait)) is active.
      - V(absent) deletes all endpoints of this name and (with O(wait)) waits until they are gone. If an endpoint is
        being created or changed, the module waits and then deletes it. The model and the cluster are kept.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - llmops.finetune.oci
  - llmops.finetune.oci.timeouts
  - llmops.finetune.waiting.progress
  - llmops.finetune.attributes
  - llmops.finetune.attributes.group_oci
  - llmops.finetune.attributes.resource
seealso:
  - module: llmops.finetune.oci_generative_ai_endpoint_info
  - module: llmops.finetune.oci_generative_ai_model
  - module: llmops.finetune.oci_generative_ai_dedicated_ai_cluster
"""

EXAMPLES = r"""
- name: Serve the newest model of a name
  llmops.finetune.oci_generative_ai_endpoint:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    model_id: support-bot
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
  register: endpoint

- name: Serve a model by its OCID, with all options, without waiting
  llmops.finetune.oci_generative_ai_endpoint:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    description: Answers questions about invoices
    model_id: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    generative_ai_private_endpoint_id: ocid1.generativeaiprivateendpoint.oc1.us-chicago-1.exampleuniqueid
    content_moderation_config:
      is_enabled: true
      mode: BLOCK
      model_id: ocid1.generativeaimodel.oc1.us-chicago-1.anotheruniqueid
    prompt_injection_config:
      is_enabled: true
      mode: INFORM
      model_id: ocid1.generativeaimodel.oc1.us-chicago-1.anotheruniqueid
    pii_detection_config:
      is_enabled: true
      mode: INFORM
      model_id: ocid1.generativeaimodel.oc1.us-chicago-1.anotheruniqueid
    freeform_tags:
      team: support
    defined_tags:
      Operations:
        CostCenter: "42"
    retry_failed: true
    wait: false

- name: Switch to the newest model; the new endpoint serves before the old one is deleted
  llmops.finetune.oci_generative_ai_endpoint:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    model_id: support-bot
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    replacement_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.anotheruniqueid
    replace: on_change
    wait_timeout: 7200
    wait_progress: false
    wait_slice: 60
  register: endpoint

- name: Move and rename an endpoint (it keeps its OCID)
  llmops.finetune.oci_generative_ai_endpoint:
    endpoint_id: ocid1.generativeaiendpoint.oc1.us-chicago-1.exampleuniqueid
    compartment_id: ocid1.compartment.oc1..anotheruniqueid
    display_name: invoice-bot

- name: Leave the tag of another tool alone
  llmops.finetune.oci_generative_ai_endpoint:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    freeform_tags:
      team: support
    ignore_changes: [freeform_tags.scanned]

- name: Delete the endpoint (the model and the hosting cluster remain)
  llmops.finetune.oci_generative_ai_endpoint:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: support-bot
    state: absent
"""

RETURN = r"""
action:
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, replace, retry, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"freeform_tags.scanned": {"before": "2026-11-20"}}
name:
  description: The same as RV(display_name), under the name that all resources share.
  returned: success, and on failure if known
  type: str
  sample: support-bot
id:
  description:
    - The OCID of the endpoint. Calls of the model name it, with dedicated serving. In check mode
      V(check-mode:endpoint:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaiendpoint.oc1.us-chicago-1.exampleuniqueid
endpoint_id:
  description: The same as RV(id).
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaiendpoint.oc1.us-chicago-1.exampleuniqueid
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
status:
  description:
    - The same as RV(state). V(absent) if there is no endpoint. V(check-mode) if check mode predicts a new one.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
state:
  description: The lifecycle state of the endpoint, as OCI reports it.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
lifecycle_details:
  description: Details about the state, as OCI reports them.
  returned: success, and on failure if known
  type: str
hourly:
  description:
    - What OCI charges by the hour for the endpoint, in check mode of the predicted one. V(null) if there is none.
  returned: success, and on failure if known
  type: str
  sample: the hosting cluster ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
display_name:
  description: The name of the endpoint.
  returned: success, and on failure if known
  type: str
  sample: support-bot
description:
  description: The description.
  returned: success, and on failure if known
  type: str
compartment_id:
  description: The OCID of the compartment.
  returned: success, and on failure if known
  type: str
model_id:
  description: The OCID of the model that is served.
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaimodel.oc1.us-chicago-1.exampleuniqueid
dedicated_ai_cluster_id:
  description: The OCID of the hosting cluster that the endpoint uses.
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
generative_ai_private_endpoint_id:
  description: The OCID of the private endpoint. V(null) if there is none.
  returned: success, and on failure if known
  type: str
content_moderation_config:
  description: The check of prompts and answers for harmful content.
  returned: success, and on failure if known
  type: dict
  sample: {"is_enabled": true, "mode": "BLOCK"}
prompt_injection_config:
  description: The check of prompts for injected instructions. V(null) if OCI does not show it.
  returned: success, and on failure if known
  type: dict
pii_detection_config:
  description: The check for data about persons. V(null) if OCI does not show it.
  returned: success, and on failure if known
  type: dict
freeform_tags:
  description: The free-form tags, without the ownership tags of this collection.
  returned: success, and on failure if known
  type: dict
  sample:
    team: support
defined_tags:
  description: The defined tags, including those that the tenancy adds.
  returned: success, and on failure if known
  type: dict
system_tags:
  description: The system tags of OCI.
  returned: success, and on failure if known
  type: dict
time_created:
  description: The time when the endpoint was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33.000Z"
time_updated:
  description: The time of the last change.
  returned: success, and on failure if known
  type: str
previous_state:
  description: The endpoint before its last change. V(null) if the task did not need to read it.
  returned: success, and on failure if known
  type: dict
endpoint:
  description: All data that OCI returned for the endpoint.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 312.4
timed_out:
  description: Whether O(wait_timeout) ended before the operation on the endpoint did.
  returned: when the task failed for this reason
  type: bool
  sample: true
waiting:
  description: Whether O(wait_slice) has ended and the module must be called again.
  returned: when O(wait_slice) is set and the operation is not complete
  type: bool
  sample: true
wait_state:
  description: The value to pass as O(wait_state) to the next call of the module.
  returned: when O(wait_slice) is set and the operation is not complete
  type: dict
  sample: {"wait_timeout": 4800}
progress:
  description: The progress of the operation on the endpoint.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: The current stage.
      returned: always
      type: str
      sample: being created
    percent:
      description: The completed part, in percent.
      returned: when known
      type: float
      sample: 62.0
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import PROGRESS_SPEC, TRAINING_SPEC, run_resource
from ..module_utils._providers._oci.client import AUTH_SPEC
from ..module_utils._providers._oci.endpoint import MODES, build_driver
from ..module_utils._providers._oci.options import WAIT_SPEC


def _guardrail(mode: dict[str, object]) -> dict[str, object]:
    members = {"is_enabled": {"type": "bool", "required": True}, "mode": mode, "model_id": {"type": "str"}}
    return {"type": "dict", "options": members}


SPEC = {
    "compartment_id": {"type": "str"},
    "display_name": {"type": "str"},
    "endpoint_id": {"type": "str"},
    "model_id": {"type": "str", "aliases": ["model"]},
    "dedicated_ai_cluster_id": {"type": "str"},
    "replacement_cluster_id": {"type": "str"},
    "replace": {"type": "str", "choices": ["never", "on_change"], "default": "never"},
    "description": {"type": "str"},
    "generative_ai_private_endpoint_id": {"type": "str"},
    "content_moderation_config": _guardrail({"type": "str", "choices": list(MODES)}),
    "prompt_injection_config": _guardrail({"type": "str"}),
    "pii_detection_config": _guardrail({"type": "str"}),
    "freeform_tags": {"type": "dict"},
    "defined_tags": {"type": "dict"},
    "retry_failed": {"type": "bool", "default": False},
    "ignore_changes": TRAINING_SPEC["ignore_changes"],
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Entry point."""
    module = Module(
        argument_spec={**AUTH_SPEC, **WAIT_SPEC, **PROGRESS_SPEC, **SPEC},
        required_one_of=[("endpoint_id", "display_name"), ("endpoint_id", "compartment_id")],
        supports_check_mode=True,
    )
    run_resource(module, build_driver)


if __name__ == "__main__":
    main()
