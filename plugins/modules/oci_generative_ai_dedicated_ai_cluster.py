#!/usr/bin/python

# Copyright (c) 2026 llmops.finetune contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: oci_generative_ai_dedicated_ai_cluster
short_description: Keep a dedicated AI cluster of OCI Generative AI
version_added: 1.0.0
author:
  - llmops.finetune contributors (@llmops)
description:
  - Makes sure that a cluster exists, on which models are trained or hosted. The first run creates it and waits for it;
    a second run finds it and changes nothing.
  - The cluster is found again by its compartment and a tag with its name, so any later run on any machine finds what
    this one started, even if it was killed. There is no state file.
  - O(type) and O(unit_shape) are what a cluster is. A difference is refused, never answered with a new cluster, because
    each is charged for some hours at least (a hosting cluster for 744 unit-hours). All else is changed in place.
    Options that are left out are not compared.
options:
  compartment_id:
    description:
      - The OCID of the compartment.
      - With O(dedicated_ai_cluster_id) the cluster is moved there, and keeps its OCID. Without, it says where to look,
        so that a new value means a new cluster.
      - Required unless O(dedicated_ai_cluster_id) is given.
    type: str
  display_name:
    description:
      - The name of the cluster, by which it is found.
      - With O(dedicated_ai_cluster_id) the cluster is renamed. Without, it says what to look for, so that a new value
        means a new cluster.
      - Required unless O(dedicated_ai_cluster_id) is given.
    type: str
  dedicated_ai_cluster_id:
    description:
      - Adopts this cluster by its OCID, whoever made it. With O(state=absent) only this cluster is deleted.
      - Nothing is written to a cluster that is equal to what is asked.
      - Needed to rename or to move a cluster, and where another cluster of the same name was not made by this module.
      - With O(state=absent), a cluster that OCI no longer shows is only known to be deleted if O(compartment_id) is
        given too.
    type: str
  type:
    description:
      - What the cluster is for.
      - Required to create a cluster.
    type: str
    choices: [HOSTING, FINE_TUNING]
  unit_shape:
    description:
      - The shape of its units, which depends on the base model, such as V(LARGE_GENERIC).
      - Required to create a cluster.
    type: str
  unit_count:
    description:
      - How many units it has. Which count a training needs depends on the base model.
      - Required to create a cluster.
    type: int
  description:
    description:
      - A description. An empty one removes it.
    type: str
  freeform_tags:
    description:
      - Free-form tags, at most 8, which replace all that there are. Keys that start with V(llmops_finetune_) are
        reserved; the tags of this collection are kept and never shown.
      - Left out, they are not compared; V({}) removes all.
    type: dict
  defined_tags:
    description:
      - Defined tags, as V({"Operations":{"CostCenter":"42"}}) or V({"Operations.CostCenter":"42"}).
      - Those that are given are compared, and removed if their value is none. Others, such as the defaults of the
        tenancy, are left as they are.
    type: dict
  retry_failed:
    description:
      - Whether to create one more cluster when the newest one failed to be created.
      - If V(false), such a cluster makes the task fail with the reason of OCI.
    type: bool
    default: false
  ignore_changes:
    description:
      - Options that are left out when what exists is compared with what is asked for, for example because somebody
        else changes them. They still hold for a cluster that is created.
      - Of tags one can be named alone, as in V(freeform_tags.team).
      - What differs in them is shown under C(ignored) in the diff, and as RV(ignored_changes).
      - The name, the compartment and the id cannot be left out.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(present) makes sure that the cluster exists and (with O(wait)) is active.
      - V(absent) deletes the clusters of the name. It is refused while an endpoint is on one, or a model is being
        trained on it. A cluster that is being created or changed is waited for, and deleted then.
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
- name: Have a cluster to train Llama models of 70B on
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    type: FINE_TUNING
    unit_shape: LARGE_GENERIC
    unit_count: 2
  register: cluster

- name: Have one with all that it can have, and look later
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    description: Hosts what answers questions about invoices
    type: HOSTING
    unit_shape: LARGE_GENERIC
    unit_count: 1
    freeform_tags:
      team: support
    defined_tags:
      Operations:
        CostCenter: "42"
    retry_failed: true
    wait: false

- name: Make it larger, without progress lines
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    unit_count: 2
    wait_timeout: 7200
    wait_progress: false
    wait_slice: 60

- name: Move and rename a cluster; it keeps its OCID
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    dedicated_ai_cluster_id: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
    compartment_id: ocid1.compartment.oc1..anotheruniqueid
    display_name: chat-hosting

- name: Delete the cluster for training; what was trained on it stays
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: tuning
    state: absent

- name: Somebody else changes its size
  llmops.finetune.oci_generative_ai_dedicated_ai_cluster:
    compartment_id: ocid1.compartment.oc1..exampleuniqueid
    display_name: hosting
    unit_count: 2
    ignore_changes: [unit_count]
"""

RETURN = r"""
action:
  description: What was done, or would be done in check mode.
  returned: success, and on failure as far as it is known
  type: str
  sample: create
  choices: [none, create, update, retry, delete]
ignored_changes:
  description: What differs in the options of O(ignore_changes), each with what is there (C(before)) and what was asked
    for (C(after)).
  returned: with O(ignore_changes)
  type: dict
  sample: {"unit_count": {"before": 3, "after": 2}}
name:
  description: The name of the cluster, under the name that it has for every resource.
  returned: success, and on failure as far as it is known
  type: str
  sample: tuning
id:
  description: The OCID of the cluster; V(check-mode:cluster:NAME) where only a real run can know it.
  returned: success, and on failure as far as it is known
  type: str
  sample: ocid1.generativeaidedicatedaicluster.oc1.us-chicago-1.exampleuniqueid
dedicated_ai_cluster_id:
  description: The same, for the options of M(llmops.finetune.oci_generative_ai_model).
  returned: success, and on failure as far as it is known
  type: str
run_id:
  description: The same under the name that it has for every resource.
  returned: success, and on failure as far as it is known
  type: str
status:
  description:
    - The same as RV(state); V(absent) if there is nothing, V(check-mode) if check mode foresees a new cluster.
  returned: success, and on failure as far as it is known
  type: str
  sample: ACTIVE
state:
  description:
    - The lifecycle state of the cluster in the words of the host. With V(NEEDS_ATTENTION) the task fails, unless it
      mends that by a change.
  returned: success, and on failure as far as it is known
  type: str
  sample: ACTIVE
lifecycle_details:
  description: What the host says about the state.
  returned: success, and on failure as far as it is known
  type: str
display_name:
  description: The name of the cluster.
  returned: success, and on failure as far as it is known
  type: str
  sample: tuning
description:
  description: The description.
  returned: success, and on failure as far as it is known
  type: str
compartment_id:
  description: The OCID of the compartment.
  returned: success, and on failure as far as it is known
  type: str
type:
  description: What it is for.
  returned: success, and on failure as far as it is known
  type: str
  sample: FINE_TUNING
unit_shape:
  description: The shape of its units.
  returned: success, and on failure as far as it is known
  type: str
  sample: LARGE_GENERIC
unit_count:
  description: How many units it has.
  returned: success, and on failure as far as it is known
  type: int
  sample: 2
capacity:
  description: How many endpoints there are on a hosting cluster, and how many there can be; none for others.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    capacity_type: HOSTING_CAPACITY
    total_endpoint_capacity: 50
    used_endpoint_capacity: 1
freeform_tags:
  description: The free-form tags, without those of this collection.
  returned: success, and on failure as far as it is known
  type: dict
  sample:
    team: support
defined_tags:
  description: The defined tags, those that the tenancy adds included.
  returned: success, and on failure as far as it is known
  type: dict
system_tags:
  description: The tags of the host.
  returned: success, and on failure as far as it is known
  type: dict
time_created:
  description: When the cluster was created.
  returned: success, and on failure as far as it is known
  type: str
  sample: "2026-11-20T09:12:33.000Z"
time_updated:
  description: When it was changed last.
  returned: success, and on failure as far as it is known
  type: str
previous_state:
  description: The cluster as it was before the last change, where the host shows it.
  returned: success, and on failure as far as it is known
  type: dict
dedicated_ai_cluster:
  description: All that the host says of the cluster.
  returned: success, and on failure as far as it is known
  type: dict
elapsed:
  description: For how many seconds the task worked and waited.
  returned: success, and on failure as far as it is known
  type: float
  sample: 912.4
timed_out:
  description: That O(wait_timeout) ended before the work on the cluster did.
  returned: when the task failed for that reason
  type: bool
  sample: true
waiting:
  description: That O(wait_slice) is over and the module is to be called again.
  returned: when O(wait_slice) is set and there is more to wait for
  type: bool
  sample: true
wait_state:
  description: What the next call of the module needs to know of this one, as O(wait_state).
  returned: when O(wait_slice) is set and there is more to wait for
  type: dict
  sample: {"wait_timeout": 21600}
progress:
  description: How far the work on the cluster is.
  returned: with RV(waiting)
  type: dict
  contains:
    stage:
      description: What is going on.
      returned: always
      type: str
      sample: being created
    percent:
      description: How much of it is done.
      returned: when known
      type: float
      sample: 62.0
"""

from ..module_utils._engine.basic import Module
from ..module_utils._engine.module import PROGRESS_SPEC, TRAINING_SPEC, run_resource
from ..module_utils._providers._oci.client import AUTH_SPEC
from ..module_utils._providers._oci.cluster import prepare
from ..module_utils._providers._oci.options import WAIT_SPEC

SPEC = {
    "compartment_id": {"type": "str"},
    "display_name": {"type": "str"},
    "dedicated_ai_cluster_id": {"type": "str"},
    "type": {"type": "str", "choices": ["HOSTING", "FINE_TUNING"]},
    "unit_shape": {"type": "str"},
    "unit_count": {"type": "int"},
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
    run_resource(module, prepare)


if __name__ == "__main__":
    main()
