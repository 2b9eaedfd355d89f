#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dedicated_ai_cluster
short_description: Manage dedicated AI clusters of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Ensures that a cluster exists on which models are trained or hosted. The first run creates the cluster and waits for
    it. A second run finds the cluster and changes nothing.
  - The module finds the cluster by its compartment and a tag with its name. So any later run on any machine finds the
    cluster, even if the first run was killed. There is no state file.
  - O(type), O(unit_shape) and O(capacity_reservation_id) cannot be changed. If one of them differs, the task fails. The
    module never creates a new cluster instead, because OCI charges each cluster for a minimum time (a hosting cluster
    for 744 unit-hours).
  - All other options are changed in place. Options that are not set are not compared.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - If O(dedicated_ai_cluster_id) is set, the module moves the cluster to this compartment, and the cluster keeps
        its OCID. If not, the module looks for the cluster in this compartment, so a new value creates a new cluster.
      - Required unless O(dedicated_ai_cluster_id) is set.
    type: str
  display_name:
    description:
      - The name by which the module finds the cluster.
      - If O(dedicated_ai_cluster_id) is set, the module renames the cluster. If not, the module looks for a cluster
        with this name, so a new value creates a new cluster.
      - Required unless O(dedicated_ai_cluster_id) is set.
    type: str
  dedicated_ai_cluster_id:
    description:
      - Adopts this cluster by its OCID, even if this collection did not create it. With O(state=absent), the module
        deletes this cluster only.
      - If the cluster is in the desired state, nothing is written to it.
      - Required to rename or move a cluster, and if another cluster with the same name exists that this module did not
        create.
      - With O(state=absent), set O(compartment_id) too. Without it, the module cannot know whether a cluster that OCI
        no longer shows is deleted.
    type: str
  type:
    description:
      - The use of the cluster.
      - Required to create a cluster.
    type: str
    choices: [HOSTING, FINE_TUNING]
  unit_shape:
    description:
      - The shape of the units, such as V(LARGE_GENERIC). It depends on the base model.
      - Required to create a cluster.
    type: str
  unit_count:
    description:
      - The number of units. The number needed for a training depends on the base model.
      - Required to create a cluster.
    type: int
  capacity_reservation_id:
    description:
      - The OCID of the capacity reservation that the units are taken from. It cannot be changed.
    type: str
  accept_commitment:
    description:
      - Accepts that OCI charges a hosting cluster for at least 744 unit-hours, even if the cluster is deleted before.
      - A cluster with O(type=HOSTING) that is created without this option gives a warning. From version 2.0.0 on, it is
        refused. Other clusters do not need it.
    type: int
    choices: [744]
  description:
    description:
      - The description of the cluster. An empty string removes it.
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
      - Whether to create one more cluster if the creation of the newest one failed.
      - If V(false), such a cluster makes the task fail with the reason of OCI.
    type: bool
    default: false
  ignore_changes:
    description:
      - The options to ignore when the desired state is compared with the observed state. This is useful if another tool
        manages them. These options still apply to a newly created cluster.
      - To ignore one tag, name its key, as in V(freeform_tags.team).
      - Ignored differences are shown under C(ignored) in the diff, and in RV(ignored_changes).
      - The name, the compartment and the id cannot be ignored.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) ensures that the cluster exists and (with O(wait)) is active.
      - V(absent) deletes all clusters of this name. The deletion is refused while one of them has an endpoint or trains
        a model. If a cluster is being created or changed, the module waits and then deletes it.
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
  - module: llmops.finetune.oci_generative_ai_dedicated_ai_cluster_info
  - module: llmops.finetune.oci_generative_ai_model
"""

EXAMPLES = r"""
- name: Create a cluster to train Llama 70B models
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    type: FINE_TUNING
    unit_shape: LARGE_GENERIC
    unit_count: 2
  register: cluster

- name: Create a hosting cluster with all options, without waiting for it
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    description: Hosts the models that answer questions about invoices
    type: HOSTING
    unit_shape: LARGE_GENERIC
    unit_count: 1
    capacity_reservation_id: ocid1.capacityreservation.oc1.us-chicago-1.exampleuniqueid
    accept_commitment: 744
    freeform_tags:
      team: support
    defined_tags:
      Operations:
        CostCenter: "42"
    retry_failed: true
    wait: false

- name: Increase the number of units, without progress lines
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    unit_count: 2
    wait_timeout: 7200
    wait_progress: false
    wait_slice: 60

- name: Move and rename a cluster (it keeps its OCID)
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    compartment_id: ocid1.compartment.oc1..anotheruniqueid
    display_name: chat-hosting

- name: Delete the training cluster (the models trained on it remain)
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    state: absent

- name: Ignore changes of the number of units
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    unit_count: 2
    ignore_changes: [unit_count]
"""

RETURN = r"""
action:
  description: The action that was performed, or that a real run would perform in check mode.
  returned: success, and on failure if known
  type: str
  sample: create
  choices: [none, create, update, retry, delete]
ignored_changes:
  description:
    - The ignored differences, by option of O(ignore_changes). Each has the observed value (C(before)) and the desired
      value (C(after)).
  returned: when O(ignore_changes) is set
  type: dict
  sample: {"unit_count": {"before": 3, "after": 2}}
name:
  description: The same as RV(display_name), under the name that all resources share.
  returned: success, and on failure if known
  type: str
  sample: tuning
id:
  description: The OCID of the cluster. In check mode V(check-mode:cluster:NAME), if it is only known after apply.
  returned: success, and on failure if known
  type: str
  sample: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
dedicated_ai_cluster_id:
  description: The same as RV(id), for the options of M(llmops.finetune.oci_generative_ai_model).
  returned: success, and on failure if known
  type: str
run_id:
  description: The same as RV(id), under the name that all resources share.
  returned: success, and on failure if known
  type: str
status:
  description:
    - The same as RV(state). V(absent) if there is no cluster. V(check-mode) if check mode predicts a new cluster.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
state:
  description:
    - The lifecycle state of the cluster, as OCI reports it. With V(NEEDS_ATTENTION), the task fails, unless a change in
      the same task repairs the cluster.
  returned: success, and on failure if known
  type: str
  sample: ACTIVE
lifecycle_details:
  description: Details about the state, as OCI reports them.
  returned: success, and on failure if known
  type: str
display_name:
  description: The name of the cluster.
  returned: success, and on failure if known
  type: str
  sample: tuning
description:
  description: The description.
  returned: success, and on failure if known
  type: str
compartment_id:
  description: The OCID of the compartment.
  returned: success, and on failure if known
  type: str
type:
  description: The use of the cluster.
  returned: success, and on failure if known
  type: str
  sample: FINE_TUNING
unit_shape:
  description: The shape of the units.
  returned: success, and on failure if known
  type: str
  sample: LARGE_GENERIC
unit_count:
  description: The number of units.
  returned: success, and on failure if known
  type: int
  sample: 2
capacity_reservation_id:
  description: The OCID of the capacity reservation. V(null) if there is none.
  returned: success, and on failure if known
  type: str
hourly:
  description:
    - What OCI charges by the hour while the cluster exists, in check mode of the predicted one. V(null) if there is
      none.
  returned: success, and on failure if known
  type: str
  sample: 1 unit of LARGE_GENERIC, at least 744 unit-hours
capacity:
  description: The number of endpoints on a hosting cluster, and the maximum number. V(null) for other clusters.
  returned: success, and on failure if known
  type: dict
  sample:
    capacity_type: HOSTING_CAPACITY
    total_endpoint_capacity: 50
    used_endpoint_capacity: 1
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
  description: The time when the cluster was created.
  returned: success, and on failure if known
  type: str
  sample: "2026-11-20T09:12:33.000Z"
time_updated:
  description: The time of the last change.
  returned: success, and on failure if known
  type: str
previous_state:
  description: The cluster before the last change, if OCI shows it.
  returned: success, and on failure if known
  type: dict
dedicated_ai_cluster:
  description: All data that OCI returns for the cluster.
  returned: success, and on failure if known
  type: dict
elapsed:
  description: The duration of the task, in seconds.
  returned: success, and on failure if known
  type: float
  sample: 912.4
timed_out:
  description: Whether O(wait_timeout) ended before the operation on the cluster did.
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
  sample: {"wait_timeout": 21600}
progress:
  description: The progress of the operation on the cluster.
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
from ..module_utils._providers._oci.cluster import COMMITMENT, build_driver
from ..module_utils._providers._oci.options import WAIT_SPEC

SPEC = {
    "compartment_id": {"type": "str"},
    "display_name": {"type": "str"},
    "dedicated_ai_cluster_id": {"type": "str"},
    "type": {"type": "str", "choices": ["HOSTING", "FINE_TUNING"]},
    "unit_shape": {"type": "str"},
    "unit_count": {"type": "int"},
    "capacity_reservation_id": {"type": "str"},
    "accept_commitment": {"type": "int", "choices": [COMMITMENT]},
    "description": {"type": "str"},
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
        required_one_of=[
            ("dedicated_ai_cluster_id", "display_name"),
            ("dedicated_ai_cluster_id", "compartment_id"),
        ],
        supports_check_mode=True,
    )
    run_resource(module, build_driver)


if __name__ == "__main__":
    main()
